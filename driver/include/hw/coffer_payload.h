/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Contract 2, part four: what requests and replies hold, command by command. Conventions for
 * tails, strings and reserved fields: coffer_cmd.h.
 */
#ifndef _COFFER_PAYLOAD_H
#define _COFFER_PAYLOAD_H

#include <linux/types.h>
#include "coffer_life.h"

/* ---- Payloads ------------------------------------------------------------------------- */

/* ECHO: any bytes -> the same bytes. The null command of benchmarks. */

/* IDENTIFY -> struct coffer_card_info */
#define COFFER_CARD_TEST_ROOT		0x00000001 /* identity signed by the public test root */
#define COFFER_CARD_TEST_KDF		0x00000002 /* cheap secret stretching */
#define COFFER_CARD_INITIALIZED		0x00000004 /* hsm init done */
#define COFFER_CARD_BACKUP		0x00000008 /* backup card: partitions are archives */
#define COFFER_CARD_TAMPERED		0x00000010
#define COFFER_CARD_SO_LOCKED		0x00000020
#define COFFER_CARD_PED			0x00000040 /* multifactor authentication */
#define COFFER_CARD_NO_PPSO		0x00000080 /* before 6.22: no Partition SO */
#define COFFER_CARD_CLOUD		0x00000100 /* cloud service */
#define COFFER_CARD_FULL_ROLE_NAMES	0x00000200 /* "Crypto Officer"; case matters */
#define COFFER_CARD_STOPS_ON_ERROR	0x00000400 /* backup and restore end at the first failure */
#define COFFER_CARD_LIMITED		0x00000800 /* no faster than its model */

struct coffer_card_info {
	__le64	serial;
	__le32	fw_version;		/* [23:16] major [15:8] minor [7:0] patch */
	__le32	flags;			/* COFFER_CARD_* */
	__le32	protocols;		/* COFFER_CLONE_* bits that the firmware has */
	__le32	partitions;		/* existing application partitions */
	__le32	max_partitions;
	__le32	reserved;
	__le64	clock_ms;		/* milliseconds since 1970, 0 = not set */
	__le64	storage_total;		/* bytes for objects */
	__le64	storage_free;
	char	label[32];		/* NUL padded, from hsm init */
	char	model[32];		/* such as "PCIe 7.8" */
	char	profile[16];		/* name for card create */
};

/* PARTITION_LIST -> u32 count; struct coffer_partition_row[count], ascending id, 0 = admin */
#define COFFER_PART_INITIALIZED		0x00000001
#define COFFER_PART_CO_INITIALIZED	0x00000002
#define COFFER_PART_CU_INITIALIZED	0x00000004
#define COFFER_PART_ADMIN		0x00000008
#define COFFER_PART_CO_LOCKED		0x00000010

struct coffer_partition_row {
	__le32	id;
	__le32	flags;			/* COFFER_PART_* */
	__le64	serial;
	__le32	objects;		/* token objects, private ones too */
	__le32	reserved;
	char	label[32];		/* NUL padded */
};

/* COMMANDS -> u32 count; struct coffer_command_wire[count] */
struct coffer_command_wire {
	__le16	opcode;
	__le16	flags;
	__le32	req_min;
	__le32	req_max;
	__le32	reply_max;
	__le32	timeout_ms;
	__le32	roles;
	char	name[24];
};

/* STATS -> struct coffer_stats; then u32 count; struct coffer_stat_row[count] */
struct coffer_stats {
	__le64	commands;		/* answered since power-on, driver-only ones too */
	__le64	errors;			/* of these, verdict not OK */
	__le64	syncs;			/* store commits made durable */
	__le64	changes;		/* change sets in them */
	__le64	owners;			/* open now */
	__le64	sessions;		/* open now */
	__le64	logins;			/* in force now */
	__le64	power_on_ms;
};

struct coffer_stat_row {
	__le32	opcode;
	__le32	reserved;
	__le64	count;
};

/* EVENTS: {since; max} -> u32 count; struct coffer_event_wire[count]; for cards without a driver */
struct coffer_req_events {
	__le64	since;			/* highest number seen */
	__le32	max;			/* entries wanted */
	__le32	reserved;
};

struct coffer_event_wire {
	__le64	seq;
	__le64	time_ms;
	__le64	arg;
	__le32	partition;
	__le32	type;
};

/* OWNER_OPEN: coffer_req_owner{0} -> coffer_req_owner{new}; OWNER_CLOSE: {owner} */
struct coffer_req_owner {
	__le64	owner;			/* never reused within a power cycle of the card */
};

/* SESSION_OPEN: {partition, flags} -> {session}; most other requests begin with a session */
#define COFFER_SESSION_RW		0x00000001

struct coffer_req_session_open {
	__le32	partition;
	__le32	flags;			/* COFFER_SESSION_* */
};

struct coffer_rep_session_open {
	__le32	session;		/* not 0 */
	__le32	reserved;
};

/* SESSION_CLOSE, SESSION_INFO, LOGOUT, ROLE_LIST, POLICY_LIST, PARTITION_INFO, MECHANISM_LIST,
 * HSM_FACTORY_RESET, HSM_ZEROIZE, PED_STATUS, SELF_TEST, TAMPER_CLEAR, DOMAIN_LIST,
 * CIPHER_LIST, CLONE_INVITE
 */
struct coffer_req_session {
	__le32	session;
	__le32	reserved;
};

/* SESSION_INFO -> */
struct coffer_rep_session_info {
	__le32	partition;
	__le32	flags;			/* COFFER_SESSION_* */
	__le32	role;			/* enum coffer_role: who this owner is on the partition */
	__le32	must_change_pw;		/* 1: only ROLE_CHANGE_PW and LOGOUT are allowed */
	__le32	sessions;		/* of this owner on this partition */
	__le32	reserved[3];
};

/* LOGIN: coffer_req_role; blob pin -> coffer_rep_login
 * ROLE_INIT, ROLE_RESET_PW: coffer_req_role; blob pin
 * ROLE_CHANGE_PW: coffer_req_role; blob old; blob new; u32 COFFER_CHANGE_*, which may be left out
 * ROLE_CHALLENGE: coffer_req_role; blob challenge. ROLE_DEACTIVATE: coffer_req_role
 *
 * On a card with multifactor authentication (COFFER_CARD_PED) the secrets of roles are on PED
 * keys. An empty pin means: read it from the PED; the command waits up to 200 s for the key
 * (SP_TIMEOUT) and can be cancelled. A LOGIN with a pin gives the challenge secret of a role that
 * is activated. In ROLE_CHANGE_PW both blobs are empty (the key is made anew) or both challenges.
 */
#define COFFER_CHANGE_LOGOUT_OTHERS	0x00000001	/* other owners of the role; 7.8.1 */

struct coffer_req_role {
	__le32	session;
	__le32	role;			/* enum coffer_role */
};

struct coffer_rep_login {
	__le32	must_change_pw;		/* 1: first use of an initial password */
	__le32	reserved;
};

/* ROLE_LIST -> u32 count; struct coffer_role_row[count] */
#define COFFER_RS_INITIALIZED		1	/* behaviour.md 5.1, role-state bits */
#define COFFER_RS_LOCKED		2
#define COFFER_RS_ACTIVATED		4
#define COFFER_RS_PIN_MUST_CHANGE	16
#define COFFER_RS_CHALLENGE_MUST_CHANGE	32
#define COFFER_RS_HAS_CHALLENGE		64	/* ours: a challenge secret was created */

struct coffer_role_row {
	__le32	role;
	__le32	state;			/* COFFER_RS_* */
	__le32	attempts_left;
	__le32	reserved;
	char	name[24];
	char	short_name[8];
};

/* PED_STATUS -> */
struct coffer_rep_ped {
	__le32	connected;		/* 1: a PED hangs on this card */
	__le32	waiting;		/* 1: a command waits for a key */
	__le32	color;			/* enum coffer_ped_color that is wanted, or 0 */
	__le32	activated;		/* COFFER_RM() of the session's partition */
	__le32	remaining_ms;		/* until the waiting command gives up */
	__le32	reserved[3];
	char	prompt[128];		/* what its screen shows, NUL padded */
};

enum coffer_ped_color {
	COFFER_PED_BLUE			= 1,	/* HSM SO, Partition SO */
	COFFER_PED_BLACK		= 2,	/* CO, LCO; CU is asked for it, too */
	COFFER_PED_GREY			= 3,	/* CU by its label */
	COFFER_PED_RED			= 4,	/* domain */
	COFFER_PED_WHITE		= 5,	/* Auditor */
	COFFER_PED_ORANGE		= 6,	/* remote PED vector */
	COFFER_PED_COLORS		= 7,
};

/* HSM_INIT: coffer_req_init; blob label; blob pin; blob domain; [blob template]
 * PARTITION_INIT: the same, with a blob domain label, which may be empty, before the template.
 *     What stands in brackets, and the domain label, may be left out.
 * A template is a list of struct coffer_policy_setting: policies as they are to be after the
 *     init, all or none; what it does not name has its default.
 */
#define COFFER_INIT_DEFAULT_DOMAIN	0x00000001	/* domain blob is empty */
#define COFFER_INIT_PED_DOMAIN		0x00000002	/* a red key is read from the PED */

#define COFFER_SETTING_DIRECTIONS	0x00000001	/* destructive holds, not the profile's */

struct coffer_policy_setting {
	__le32	id;
	__le32	value;
	__le32	flags;			/* COFFER_SETTING_* */
	__le32	destructive;		/* COFFER_POLICY_*; 0 without DIRECTIONS */
};

struct coffer_req_init {
	__le32	session;
	__le32	flags;			/* COFFER_INIT_* */
};

/* POLICY_LIST -> u32 count; struct coffer_policy_row[count], ascending id.
 * POLICY_SET: coffer_req_policy_set; struct coffer_policy_value[count]; all or none.
 */
#define COFFER_POLICY_DESTRUCTIVE_ON	0x00000001	/* 0 -> not 0 erases */
#define COFFER_POLICY_DESTRUCTIVE_OFF	0x00000002	/* not 0 -> 0 erases */
#define COFFER_POLICY_READ_ONLY		0x00000004

struct coffer_policy_row {
	__le32	id;
	__le32	value;
	__le32	capability;		/* largest value allowed */
	__le32	flags;			/* COFFER_POLICY_* */
	char	name[48];
};

#define COFFER_POLICY_SET_DESTRUCTIVE	0x00000001	/* objects may be erased */

struct coffer_req_policy_set {
	__le32	session;
	__le32	flags;
	__le32	count;			/* 1 .. 64 */
};

struct coffer_policy_value {
	__le32	id;
	__le32	value;
};

/* PARTITION_CREATE: coffer_req_partition_create; blob label -> coffer_rep_partition_create */
struct coffer_req_partition_create {
	__le32	session;
	__le32	flags;			/* 0 */
	__le64	size;			/* bytes for objects, 0 = the profile's share */
};

struct coffer_rep_partition_create {
	__le32	partition;
	__le32	reserved;
	__le64	serial;
};

/* PARTITION_DELETE */
struct coffer_req_partition_delete {
	__le32	session;
	__le32	partition;
	__le64	reserved;
};

/* PARTITION_RESIZE: not below what its objects take. PARTITION_LABEL: coffer_req_session; blob
 * label.
 */
struct coffer_req_partition_resize {
	__le32	session;
	__le32	partition;
	__le64	size;			/* bytes for objects */
};

/* PARTITION_INFO -> */
struct coffer_rep_partition_info {
	struct coffer_partition_row row;
	__le32	kind;			/* enum coffer_partition_kind */
	__le32	level;			/* security level: a clone never goes down */
	__le32	protocols;		/* COFFER_CLONE_* allowed now, by firmware and policies */
	__le32	suites;			/* CPv4 suites enabled, bit = id */
	__le32	fips;			/* 1: only approved algorithms */
	__le32	domains;		/* number of domains, 0 .. 3 */
	__le64	storage_total;
	__le64	storage_used;
	__le32	fw_version;
	__le32	sessions;		/* all owners' */
	__le32	public_objects;
	__le32	private_objects;
	__le32	clone_failures;		/* failed domain proofs since the last good one */
	__le32	clone_wait_ms;		/* how long cloning is still throttled */
};

enum coffer_partition_kind {
	COFFER_PART_KIND_ADMIN		= 0,
	COFFER_PART_KIND_LEGACY		= 1,	/* before 7.7.0 */
	COFFER_PART_KIND_V0		= 2,
	COFFER_PART_KIND_V1		= 3,
	COFFER_PART_KIND_BACKUP		= 4,
	COFFER_PART_KIND_CLOUD		= 5,	/* like an archive, each object has its own level */
};

/* MECHANISM_LIST -> u32 count; struct coffer_mechanism_row[count] */
struct coffer_mechanism_row {
	__le32	mechanism;
	__le32	flags;			/* CKF_* of CK_MECHANISM_INFO */
	__le32	min_bits;		/* bits; bytes for symmetric keys */
	__le32	max_bits;
};

/* DOMAIN_LIST -> u32 count; struct coffer_domain_row[count], the primary one first
 * DOMAIN_ADD: coffer_req_domain; blob label; blob domain text (empty with COFFER_DOMAIN_PED:
 *     a red key is read from the PED, which must be local)
 * DOMAIN_DELETE: coffer_req_domain; blob label
 * DOMAIN_CHANGE: coffer_req_domain; blob label now; blob new label (may be the same)
 * A label has 1 to 32 bytes; the domain of PARTITION_INIT may be without one: empty names it.
 */
#define COFFER_DOMAINS_MAX		3
#define COFFER_DOMAIN_PRIMARY		0x00000001	/* the one that old peers see */
#define COFFER_DOMAIN_PED		0x00000002	/* from a red key */

struct coffer_req_domain {
	__le32	session;
	__le32	flags;			/* COFFER_DOMAIN_*; 0 in DOMAIN_DELETE */
};

struct coffer_domain_row {
	__le32	flags;			/* COFFER_DOMAIN_* */
	__le32	reserved;
	char	label[32];		/* NUL padded; the secret is never shown */
};

/* CIPHER_LIST -> u32 count; struct coffer_cipher_row[count], ascending id
 * CIPHER_SET: one CPv4 suite on or off; an id that is not listed gives MECHANISM_INVALID
 */
struct coffer_cipher_row {
	__le32	id;			/* enum coffer_suite; a higher id is stronger */
	__le32	enabled;		/* 0 or 1 */
	char	name[40];		/* NUL padded */
};

struct coffer_req_cipher_set {
	__le32	session;
	__le32	id;
	__le32	enabled;		/* 0 or 1 */
	__le32	reserved;
};

/* OBJECT_CREATE: coffer_req_session; attrs template -> coffer_rep_object
 * KEY_GENERATE: coffer_req_mech; blob params; attrs template -> coffer_rep_object
 * KEY_PAIR_GENERATE: coffer_req_mech; blob params; attrs public; attrs private
 *                    -> coffer_rep_object, both handles
 * OBJECT_DESTROY: coffer_req_object
 * OBJECT_GET: coffer_req_object; u32[] types -> attrs (as a blob)
 * OBJECT_SET: coffer_req_object; attrs template
 * OBJECT_COPY: coffer_req_object; attrs template -> coffer_rep_object
 */
struct coffer_req_object {
	__le32	session;
	__le32	handle;
};

struct coffer_req_mech {
	__le32	session;
	__le32	handle;			/* key; 0 for generation and DIGEST */
	__le32	mechanism;
};

struct coffer_rep_object {
	__le32	handle;			/* of the object, of the public key in a pair */
	__le32	private_handle;		/* of the private key, else 0 */
};

/* Handles at or above this are session objects: in memory, gone with their session. */
#define COFFER_HANDLE_SESSION		0x40000000u

/* OBJECT_FIND: coffer_req_find; attrs template; u32[] types wanted
 *  -> coffer_rep_find; count times {__le32 handle; attrs (as a blob)}
 * Ascending handles. The cursor stays good when objects come and go.
 */
struct coffer_req_find {
	__le32	session;
	__le32	max;			/* entries wanted, 1 .. 4096 */
	__le64	cursor;			/* 0 to begin, then what the last reply said */
};

struct coffer_rep_find {
	__le64	cursor;			/* 0: no more */
	__le32	count;
	__le32	reserved;
};

/* RANDOM: coffer_req_random -> bytes */
struct coffer_req_random {
	__le32	session;
	__le32	len;			/* 1 .. 65536 */
};

/* SIGN: coffer_req_mech; blob params; blob data -> signature bytes
 * VERIFY: coffer_req_mech; blob params; blob data; blob signature
 * ENCRYPT, DECRYPT: coffer_req_mech; blob params; blob data -> bytes
 * DIGEST: coffer_req_mech (handle 0); blob data -> bytes
 */

/* ---- Cloning (firmware-sim/PROTOCOLS.md) ------------------------------------------------
 * The host relays messages that it cannot read. S = source, T = target.
 *  0 S  CLONE_INVITE   coffer_req_session                     -> coffer_rep_clone; blob m0
 *     only for CPv3, which the source begins; where both cards' decision is another one they
 *     refuse it, as they refuse a CPv3 without it
 *  1 T  CLONE_START    coffer_req_session; [blob m0]          -> coffer_rep_clone; blob m1
 *  2 S  CLONE_ANSWER   coffer_req_clone; blob m1              -> coffer_rep_clone; blob m2
 *     context: of CLONE_INVITE; 0 (a new one) without
 *  3 T  CLONE_CONFIRM  coffer_req_clone; blob m2              -> coffer_rep_clone; blob m3
 *  4 S  CLONE_VERIFY   coffer_req_clone; blob m3              -> coffer_rep_clone; blob m4
 *  5 T  CLONE_ACCEPT   coffer_req_clone; blob m4
 *  6 S  CLONE_EXTRACT  coffer_req_clone; u32[] handles
 *          -> u32 count; count times {__le32 verdict; blob}. Stops before the reply is full:
 *             count may be less than asked for, at least 1.
 *  7 T  CLONE_INSERT   coffer_req_clone; u32 count; count times {blob}
 *          -> u32 count; count times {__le32 verdict; __le32 handle}
 *     6 and 7 repeat under CPv3 and CPv4; under CPv1 one object ends the context.
 *  8 S  CLONE_FINISH   coffer_req_clone                       -> blob m5
 *  9 T  CLONE_CLOSE    coffer_req_clone; blob m5 or empty     -> coffer_rep_clone_close
 *  - S or T, after 5: CLONE_DIGEST  coffer_req_clone; u32[] handles
 *          -> u32 count; count times {__le32 verdict; blob digest}. Stops like EXTRACT. Equal on
 *             both cards when value and all attributes that a clone keeps are equal; says nothing
 *             outside of this context. FUNCTION_NOT_SUPPORTED: not in this firmware.
 * A context belongs to its session, and ends with it, on any error in 1 to 5, and after an hour.
 */
#define COFFER_CLONE_CPV1		0x00000001
#define COFFER_CLONE_CPV3		0x00000002
#define COFFER_CLONE_CPV4		0x00000004
#define COFFER_CLONE_ARCHIVE		0x00000008	/* a file instead of a target, see below */

struct coffer_req_clone {
	__le32	session;
	__le32	context;
};

struct coffer_rep_clone {
	__le32	context;
	__le32	protocol;		/* one COFFER_CLONE_* bit, 0 while not yet chosen */
	__le32	suite;			/* CPv4 suite id, else 0 */
	__le32	lifetime_s;		/* of the context from now */
};

struct coffer_rep_clone_close {
	__le32	sent;			/* objects that the source says it sent */
	__le32	received;		/* accepted or refused with a verdict */
	__le32	missing;		/* sent, but never seen here */
	__le32	reserved;
};

/* CPv4 suites, strongest has the highest id. */
enum coffer_suite {
	COFFER_SUITE_P256_SHA256_AES128GCM	= 1,
	COFFER_SUITE_P256_SHA256_AES256GCM	= 2,
	COFFER_SUITE_P384_SHA384_AES256GCM	= 3,
};

/* ---- Archive files (firmware-sim/PROTOCOLS.md) --------------------------------------------
 * What a source would send to a target goes into a file, sealed to cards named beforehand.
 * CERTIFICATES -> blob wrapping certificate; blob device certificate; blob root's (DER)
 *  S  ARCHIVE_CREATE  coffer_req_session; blob label of the domain (empty: the primary one);
 *     u32 count (1 .. COFFER_ARCHIVE_RECIPIENTS); count times {blob wrapping certificate}
 *        -> coffer_rep_clone; blob head
 *     then CLONE_EXTRACT and CLONE_FINISH, whose blob is the end: the file is head, blobs, end
 *  T  ARCHIVE_OPEN    coffer_req_session; blob head           -> coffer_rep_clone
 *  T  ARCHIVE_READ    coffer_req_clone; u32 count; count times {blob}
 *          -> u32 count; count times {__le32 verdict; __le32 0}. Authenticates, stores nothing.
 *  T  ARCHIVE_CHECK   coffer_req_clone; blob end              -> coffer_rep_clone_close
 *     all blobs were read, in order; only now CLONE_INSERT takes them, once more from the first,
 *     and CLONE_CLOSE the end
 */
#define COFFER_ARCHIVE_RECIPIENTS	16

/* ---- Events --------------------------------------------------------------------------- */
/* X(NAME, number, meaning of arg) */
#define COFFER_EVENT_TYPES(X) \
	X(POWER_ON,		1, "0") \
	X(RESET,		2, "owners that were ended") \
	X(LOGIN_FAILED,		3, "role") \
	X(LOCKED_OUT,		4, "role") \
	X(ZEROIZED,		5, "0") \
	X(TAMPER,		6, "1: and decommissioned") \
	X(HSM_INITIALIZED,	7, "0") \
	X(PARTITION_CREATED,	8, "partition serial") \
	X(PARTITION_DELETED,	9, "partition serial") \
	X(PARTITION_INITIALIZED, 10, "partition serial") \
	X(PARTITION_ZEROIZED,	11, "partition serial") \
	X(POLICY_CHANGED,	12, "policy << 32 | value") \
	X(ROLE_INITIALIZED,	13, "role") \
	X(CLONE_SESSION,	14, "serial of the peer's partition") \
	X(CLONE_REFUSED,	15, "status") \
	X(STORE_FULL,		16, "0") \
	X(PED_WANTED,		17, "enum coffer_ped_color") \
	X(FW_UPDATED,		18, "new version") \
	X(DOMAIN_CHANGED,	19, "number of domains") \
	X(AUDIT_FULL,		20, "number of the newest record") \
	X(SELF_TEST_FAILED,	21, "number of the test")

enum coffer_event_type {
#define COFFER_X(name, value, arg) COFFER_EV_##name = value,
	COFFER_EVENT_TYPES(COFFER_X)
#undef COFFER_X
};

#ifndef __cplusplus
_Static_assert(sizeof(struct coffer_card_info) == 136, "coffer_card_info");
_Static_assert(sizeof(struct coffer_partition_row) == 56, "coffer_partition_row");
_Static_assert(sizeof(struct coffer_command_wire) == 48, "coffer_command_wire");
_Static_assert(sizeof(struct coffer_stats) == 64, "coffer_stats");
_Static_assert(sizeof(struct coffer_event_wire) == 32, "coffer_event_wire");
_Static_assert(sizeof(struct coffer_rep_session_info) == 32, "coffer_rep_session_info");
_Static_assert(sizeof(struct coffer_role_row) == 48, "coffer_role_row");
_Static_assert(sizeof(struct coffer_policy_row) == 64, "coffer_policy_row");
_Static_assert(sizeof(struct coffer_rep_partition_info) == 120, "coffer_rep_partition_info");
_Static_assert(sizeof(struct coffer_rep_ped) == 160, "coffer_rep_ped");
_Static_assert(sizeof(struct coffer_policy_setting) == 16, "coffer_policy_setting");
_Static_assert(sizeof(struct coffer_req_domain) == 8, "coffer_req_domain");
_Static_assert(sizeof(struct coffer_domain_row) == 40, "coffer_domain_row");
_Static_assert(sizeof(struct coffer_cipher_row) == 48, "coffer_cipher_row");
_Static_assert(sizeof(struct coffer_req_cipher_set) == 16, "coffer_req_cipher_set");
_Static_assert(sizeof(struct coffer_req_find) == 16, "coffer_req_find");
#endif

#endif /* _COFFER_PAYLOAD_H */
