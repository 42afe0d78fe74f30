/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Contract 2, part five: what requests and replies of card life hold: clock, firmware update,
 * self-tests, tamper, audit. Conventions: coffer_cmd.h.
 */
#ifndef _COFFER_LIFE_H
#define _COFFER_LIFE_H

#include <linux/types.h>

/* ---- Card life (behaviour.md sections 1.1, 5.1, 5.2) ------------------------------------ */

/* CLOCK_SET: the card's clock is its own from then on and survives every erasure. */
#define COFFER_CLOCK_MAX_MS		7258118400000ull	/* the year 2200 */

struct coffer_req_clock {
	__le32	session;
	__le32	reserved;
	__le64	clock_ms;		/* since 1970; 1 .. COFFER_CLOCK_MAX_MS */
};

/*
 * FW_UPDATE: coffer_req_session; blob image (firmware-sim/UPDATE.md) -> coffer_rep_update.
 * FW_IMAGE_INVALID: not signed by the card's root, changed, cut, or not for this card.
 * FW_ROLLBACK: not newer than what runs. The card restarts: every owner, session and login ends.
 */
struct coffer_rep_update {
	__le32	old_version;
	__le32	new_version;
};

#define COFFER_IMAGE_MAGIC		"COFFERFW"
#define COFFER_IMAGE_FORMAT		1
#define COFFER_IMAGE_MAX		(60 * 1024)	/* bytes, all of it */

/* The head of an image; body and signature follow. What it means: firmware-sim/UPDATE.md. */
struct coffer_image_head {
	char	magic[8];
	__le32	format;
	__le32	body_len;
	__le32	sig_len;
	__le32	family;
	__le32	fw_version;
	__le32	oldest;			/* firmware that it may be put on; 0: any */
	char	profile[16];		/* NUL padded */
	__u8	root[32];		/* SHA-256 of the root's certificate */
	__u8	digest[32];		/* SHA-256 of the body */
	__u8	reserved[16];		/* 0 */
};

/*
 * SELF_TEST -> u32 count; struct coffer_self_test_row[count]. The verdict is OK also when a test
 * fails: the rows tell. From then until power-off the card answers SELF_TEST_FAILED to every
 * command but those that look at its state, end sessions, or erase it.
 */
struct coffer_self_test_row {
	__le32	passed;			/* 0 or 1 */
	__le32	reserved;
	char	name[40];		/* NUL padded */
};

/*
 * TAMPER_CLEAR: coffer_req_session. By the HSM SO; by anybody on a card that has none (it was
 * decommissioned). While the latch is set, the card answers HSM_TAMPERED to every command but
 * those that look at its state, log the SO or the Auditor in, read the log, or erase the card.
 */

/* AUDIT_INIT: coffer_req_session; blob pin of the Auditor. Only while no HSM SO is logged in.
 * AUDIT_CONFIG: coffer_req_audit_config -> coffer_rep_audit_config, as in force afterwards.
 * AUDIT_READ: coffer_req_audit_read -> u32 count; struct coffer_audit_row[count], ascending
 *
 * Records are numbered from 1 without a gap for the life of the card; no erasure removes them.
 * chain = HMAC-SHA-256(audit key, chain of the record before || record up to chain), with 32
 * zeros before record 1; the audit key never leaves the card, which checks every record that it
 * gives out: LOG_CORRUPT. A record is durable together with what it tells.
 *
 * The card keeps the last COFFER_AUDIT_LIMIT records that were seen. With as many unseen ones it
 * is full: whatever would be recorded answers LOG_FULL, but for the Auditor's own login and
 * commands and for erasing the card.
 *
 * Refusals are recorded like what is done, whoever they come from; role and partition are 0 when
 * it was refused before they were known. What ends with an owner or with its last session on a
 * partition is recorded for each role that was logged in: opcode OWNER_CLOSE or SESSION_CLOSE,
 * class LOGIN. A full log does not stop these, nor the inputs.
 */
#define COFFER_AUDIT_LOGIN		0x00000001	/* logins, failed ones too; log-outs */
#define COFFER_AUDIT_MANAGE		0x00000002	/* roles, policies, partitions, card life */
#define COFFER_AUDIT_KEYS		0x00000004	/* keys made, changed, destroyed, cloned */
#define COFFER_AUDIT_USE		0x00000008	/* each use of a key */
#define COFFER_AUDIT_ALL		0x0000000f
#define COFFER_AUDIT_LIMIT		100000

/* Opcodes of records that no command made; class MANAGE. */
#define COFFER_AUDIT_OP_TAMPER		0x00010001	/* the tamper input */
#define COFFER_AUDIT_OP_DECOMMISSION	0x00010002	/* the decommission input */
#define COFFER_AUDIT_OP_FIRMWARE	0x00010003	/* power-on by another build */

#define COFFER_AUDIT_SET		0x00000001	/* flags: events are new; else only look */

struct coffer_req_audit_config {
	__le32	session;
	__le32	flags;			/* COFFER_AUDIT_SET: Auditor, read/write session */
	__le32	events;			/* COFFER_AUDIT_*; 0 without SET */
	__le32	reserved[5];
};

struct coffer_rep_audit_config {
	__le32	events;			/* COFFER_AUDIT_*; config and init always count */
	__le32	reserved;
	__le64	records;		/* number of the newest */
	__le64	seen;			/* ... that the Auditor said to have seen */
	__le64	oldest;			/* number of the oldest that the card still has */
	__u8	chain[32];		/* of the newest */
};

#define COFFER_AUDIT_SEEN		0x00000001	/* all up to `since` are kept elsewhere */

struct coffer_req_audit_read {
	__le32	session;
	__le32	max;			/* records wanted; 0 with SEEN: none */
	__le64	since;			/* highest number seen */
	__le32	flags;			/* COFFER_AUDIT_SEEN: only the Auditor */
	__le32	reserved;
};

struct coffer_audit_row {
	__le64	number;
	__le64	time_ms;		/* of the card's clock */
	__le64	owner;
	__le32	partition;
	__le32	role;			/* that asked, or that wanted to log in */
	__le32	opcode;
	__le32	verdict;
	__le32	handle;			/* of the (first) object that was made, used, ... or 0 */
	__le32	reserved;
	__u8	chain[32];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct coffer_req_clock) == 16, "coffer_req_clock");
_Static_assert(sizeof(struct coffer_req_audit_config) == 32, "coffer_req_audit_config");
_Static_assert(sizeof(struct coffer_rep_audit_config) == 64, "coffer_rep_audit_config");
_Static_assert(sizeof(struct coffer_req_audit_read) == 24, "coffer_req_audit_read");
_Static_assert(sizeof(struct coffer_audit_row) == 80, "coffer_audit_row");
_Static_assert(sizeof(struct coffer_self_test_row) == 48, "coffer_self_test_row");
_Static_assert(sizeof(struct coffer_rep_update) == 8, "coffer_rep_update");
_Static_assert(sizeof(struct coffer_image_head) == 128, "coffer_image_head");
_Static_assert(__builtin_offsetof(struct coffer_image_head, digest) == 80,
	       "coffer_image_head.digest");
#endif

#endif /* _COFFER_LIFE_H */
