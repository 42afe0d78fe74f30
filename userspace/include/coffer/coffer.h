/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcoffer: the cards of this machine, of a card folder, or of another machine.
 *
 * Results: 0 = good; negative = -errno, the transport's story (no such card, time-out, unplugged);
 * positive = the card's verdict (COFFER_ST_*, may be above INT_MAX as unsigned, hence coffer_rc).
 * coffer_strerror() names both. Out-parameters start as failure (NULL, 0).
 *
 * Threads: a context and all that hangs on it may be used by any thread at once; a session runs
 * one command at a time per thread. Fork: a child must open a context of its own; calls with the
 * parent's give -EOWNERDEAD (pid check), and closing it there ends nothing of the parent's.
 */
#ifndef COFFER_COFFER_H
#define COFFER_COFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hw/coffer_cmd.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int64_t coffer_rc;

struct coffer;			/* context */
struct coffer_card;
struct coffer_session;

const char *coffer_version(void);
/* "CKR_PIN_INCORRECT", "ENODEV"; never NULL. */
const char *coffer_errname(coffer_rc rc);
/* One line for people, with what to do; never NULL. */
const char *coffer_strerror(coffer_rc rc);

/* ---- Cards -------------------------------------------------------------------------------- */

struct coffer_options {
	/* Comma list as in COFFER_CARDS: card folders, device nodes, ssh:HOST:CARD. NULL: the
	 * environment's COFFER_CARDS, else all /dev/cofferN in order of N.
	 */
	const char *cards;
	unsigned int timeout_ms;	/* 0 = each command's own */
	/*
	 * Do not make RSA keys by FIPS 186-3 where the partition refuses RSA_PKCS_KEY_PAIR_GEN
	 * (FIPS mode of firmware 7; behaviour.md row 95). COFFER_RSA_REMAP=0 says the same.
	 */
	bool no_rsa_remap;
	/*
	 * The client of behaviour.md section 9 whose rules hold, [23:16] [15:8] [7:0]; 0 = 10.5.0.
	 * An older one lets fewer pairs of cards clone (coffer_clone_preflight, rows 88, 89).
	 */
	uint32_t client_version;
};

/* -ENODEV: no card at all. A card that cannot be opened keeps its place: see coffer_card_state. */
coffer_rc coffer_open(const struct coffer_options *options, struct coffer **ctx);
void coffer_close(struct coffer *ctx);

/* Grows when the cards are all /dev/cofferN and one comes that is new (slots, groups look). */
unsigned int coffer_card_count(const struct coffer *ctx);
struct coffer_card *coffer_card_at(const struct coffer *ctx, unsigned int index);
unsigned int coffer_card_index(const struct coffer_card *card);
const char *coffer_card_name(const struct coffer_card *card);		/* as in the list */
const char *coffer_card_transport(const struct coffer_card *card);	/* "ioctl", "stream", ... */
/* 0, or why it could not be opened; *text gets one line, may be NULL. */
coffer_rc coffer_card_state(const struct coffer_card *card, const char **text);

struct coffer_card_details {
	uint64_t serial;
	uint32_t fw_version;
	uint32_t flags;			/* COFFER_CARD_* */
	uint32_t protocols;
	uint32_t partitions;
	uint32_t max_partitions;
	uint64_t clock_ms;
	uint64_t storage_total;
	uint64_t storage_free;
	char label[33];
	char model[33];
	char profile[17];
};
coffer_rc coffer_card_identify(struct coffer_card *card, struct coffer_card_details *out);

struct coffer_card_stats {
	uint64_t commands, errors, syncs, changes, owners, sessions, logins, power_on_ms;
};
coffer_rc coffer_card_statistics(struct coffer_card *card, struct coffer_card_stats *out);

/* Any command of contract 2 (no driver-only ones). *reply_len: room in, bytes out. */
coffer_rc coffer_exec(struct coffer_card *card, uint16_t opcode, const void *req, size_t req_len,
		      void *reply, size_t *reply_len);

/* ---- Manufacture (runs coffer-card-host; no card is opened) ---------------------------------- */
struct coffer_make {
	const char *profile;		/* NULL = "coffer" */
	const char *label;
	uint64_t serial;		/* 0 = random */
	bool kdf_test;
	bool ped;			/* multifactor authentication: roles have PED keys */
	bool limited;			/* no faster than its model; not for every profile */
	const char *root_key_file;
	const char *root_cert_file;
};
/* 0 or -errno; *text (free() it) gets one line when it failed. */
coffer_rc coffer_card_make(const char *dir, const struct coffer_make *how, char **text);
coffer_rc coffer_card_export(const char *dir, const char *file, char **text);
coffer_rc coffer_card_import(const char *file, const char *dir, char **text);
struct coffer_image {
	const char *profile;		/* what a card is updated to */
	const char *oldest;		/* firmware that may be updated, "7.4.0"; NULL = any */
	const char *root_key_file;	/* PEM; NULL = the public test root */
	const char *root_cert_file;
};
/* Make a firmware image. Errors as coffer_card_make; -EEXIST: the file is there. */
coffer_rc coffer_image_make(const char *file, const struct coffer_image *how, char **text);
/* "NAME<TAB>one line" per profile, newline-separated; free() it. */
coffer_rc coffer_card_profiles(char **text);

/* ---- Slots ---------------------------------------------------------------------------------- */
/*
 * Small numbers that do not move when another card or partition appears: partition k (from 1) of
 * the card at place c is slot c + 32 * (k - 1), the admin partition is slot 9000 + c, HA group NN
 * is 9100 + NN (coffer/ha.h). A backup card is one slot, c; its archives are none.
 */
struct coffer_slot {
	unsigned int slot;
	unsigned int card;		/* index */
	uint32_t partition;
	uint32_t flags;			/* COFFER_PART_* */
	uint32_t card_flags;		/* COFFER_CARD_* */
	uint64_t serial;
	uint32_t objects;
	uint32_t fw_version;
	char label[33];
	char model[33];
	uint32_t members;		/* of a group, whose card is UINT_MAX; else 0 */
};
/* free() the list. Cards that cannot be reached are left out. */
coffer_rc coffer_slots(struct coffer *ctx, struct coffer_slot **list, size_t *count);
coffer_rc coffer_slot_find(struct coffer *ctx, unsigned int slot, struct coffer_slot *out);
/* Partitions of a card, archives of a backup card; not the admin partition. free() the list. */
coffer_rc coffer_partitions(struct coffer_card *card, struct coffer_slot **list, size_t *count);

/* ---- Sessions and roles --------------------------------------------------------------------- */
coffer_rc coffer_session_open(struct coffer_card *card, uint32_t partition, bool rw,
			      struct coffer_session **session);
void coffer_session_close(struct coffer_session *session);
struct coffer_card *coffer_session_card(const struct coffer_session *session);
uint32_t coffer_session_partition(const struct coffer_session *session);

/*
 * From another thread: end the commands that run in the session early. They still return, mostly
 * with COFFER_ST_CANCEL. May come too late, or, when a command has only just been called, too
 * early: call it again until they have returned. -ENOENT: none is running.
 */
coffer_rc coffer_session_cancel(struct coffer_session *s);

/*
 * A card with multifactor authentication (COFFER_CARD_PED) has its roles' secrets on PED keys.
 * There a pin that is NULL or empty means the PED: the call waits up to 200 s for the key
 * (COFFER_ST_SP_TIMEOUT; COFFER_ST_PED_UNPLUGGED: no PED is connected; coffer_session_cancel()
 * ends it), and coffer_ped_status() in another thread tells what its screen asks for. A pin that
 * is given is the challenge secret of an activated role (behaviour.md 5.3; rows 45, 47).
 */
coffer_rc coffer_login(struct coffer_session *s, enum coffer_role role, const char *pin,
		       size_t pin_len, bool *must_change);
coffer_rc coffer_logout(struct coffer_session *s);
coffer_rc coffer_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change);
coffer_rc coffer_role_init(struct coffer_session *s, enum coffer_role role, const char *pin,
			   size_t pin_len);
coffer_rc coffer_role_reset(struct coffer_session *s, enum coffer_role role, const char *pin,
			    size_t pin_len);
coffer_rc coffer_role_change(struct coffer_session *s, enum coffer_role role, const char *old_pin,
			     size_t old_len, const char *new_pin, size_t new_len);
struct coffer_role_state {
	enum coffer_role role;
	uint32_t state;			/* COFFER_RS_* */
	uint32_t attempts_left;
	char name[25];
	char short_name[9];
};
coffer_rc coffer_roles(struct coffer_session *s, struct coffer_role_state **list, size_t *count);
/*
 * Give an initialised role of a PED partition its challenge secret (row 48). PO for the CO, CO for
 * LCO and CU. COFFER_ST_PIN_LEN_RANGE; COFFER_ST_PED_UNSUPPORTED: no card with a PED.
 */
coffer_rc coffer_role_challenge(struct coffer_session *s, enum coffer_role role,
				const char *challenge, size_t len);
/* Forget the PED secret that activation keeps: the next login needs the key again (5.3). */
coffer_rc coffer_role_deactivate(struct coffer_session *s, enum coffer_role role);

/* ---- PED (behaviour.md 5.4) ----------------------------------------------------------------- */
struct coffer_ped {
	bool connected;			/* a PED hangs on the card */
	bool waiting;			/* a command waits for a key */
	enum coffer_ped_color color;	/* of the key that is wanted, or 0 */
	uint32_t activated;		/* COFFER_RM() of the session's partition */
	uint32_t remaining_ms;		/* until the command gives up */
	char prompt[129];		/* what the screen shows */
};
/* Anybody, at any time: also while another thread's command in the session waits. */
coffer_rc coffer_ped_status(struct coffer_session *s, struct coffer_ped *out);

/*
 * An emulated PED is a folder, its keys are files (firmware-sim/PED.md). These are the operator's
 * hands and need no card to be open. 0 or -errno; *text (free() it) gets one line when it failed.
 */
const char *coffer_ped_color_name(enum coffer_ped_color color);	/* "black"; "" for none */
struct coffer_ped_make {
	enum coffer_ped_color color;
	bool imprint;			/* a secret at once, not when a card first uses it */
	const char *label;		/* NULL = none; at most 32 characters */
	const char *pin;		/* NULL = it asks for none; 4 to 48 characters */
};
coffer_rc coffer_ped_key_create(const char *file, const struct coffer_ped_make *how, char **text);
/* A duplicate: the same secret, PIN and label. A blank key has none to copy. */
coffer_rc coffer_ped_key_copy(const char *from, const char *to, char **text);
struct coffer_ped_key {
	enum coffer_ped_color color;
	bool blank;
	bool has_pin;
	char label[33];
};
coffer_rc coffer_ped_key_look(const char *file, struct coffer_ped_key *key, char **text);
/* A key of the same colour comes out. pin: as typed, NULL = nothing is typed. */
coffer_rc coffer_ped_insert(const char *folder, const char *key_file, const char *pin,
			    char **text);
/* color 0: all keys. What is not there is no error. */
coffer_rc coffer_ped_remove(const char *folder, enum coffer_ped_color color, char **text);
/* Hang a PED, which is made if it is not there, on a card folder; the card may be in use. */
coffer_rc coffer_ped_connect(const char *card_dir, const char *folder, char **text);
coffer_rc coffer_ped_disconnect(const char *card_dir, char **text);

/* ---- HSM, partitions, policies --------------------------------------------------------------- */
#define COFFER_TEMPLATE_MAX	64
struct coffer_template {		/* policies that come with an init */
	bool hsm;			/* of a card; else of a partition */
	size_t count;			/* 1 .. COFFER_TEMPLATE_MAX */
	struct coffer_template_row {
		uint32_t id;
		uint32_t value;
		bool directions;	/* erases holds, not what the card's firmware says */
		uint32_t erases;	/* COFFER_POLICY_DESTRUCTIVE_* */
	} list[COFFER_TEMPLATE_MAX];
};
/*
 * From a template's text (README.md, "Policy templates"). -EINVAL: *why is one line that names
 * the line; free() it. why may be NULL.
 */
coffer_rc coffer_template_parse(const char *text, size_t len, struct coffer_template *out,
				char **why);
/* The policies of the session's partition, or card, as they are, as a template's text; free() it.
 * What cannot be changed is left out.
 */
coffer_rc coffer_policies_export(struct coffer_session *s, char **text);

struct coffer_init {
	const char *label;		/* 1 to 32 characters */
	const char *pin;		/* of the SO or PO; NULL or "": from the PED */
	const char *domain;		/* NULL = the default domain (known to all: for tests) */
	const char *domain_label;	/* partitions of 7.8.0 on; NULL = none */
	bool ped_domain;		/* a red key in the PED is the domain; domain NULL */
	const struct coffer_template *policies;	/* all or none; NULL = those of before */
};
/*
 * With policies: what they do not name has its default. COFFER_ST_CONFIG_FAILS_DEPENDENCIES: one
 * needs another, or the card's firmware does not know it. COFFER_ST_CONFIG_CHANGE_ILLEGAL.
 * COFFER_ST_DOMAIN_LABEL_INVALID; COFFER_ST_FUNCTION_NOT_SUPPORTED: a label on a card of before
 * 7.8.0; COFFER_ST_PED_UNPLUGGED; -EINVAL: two domains, or a template of the other kind. What
 * waits for the PED: see coffer_login.
 */
coffer_rc coffer_hsm_init_as(struct coffer_session *admin, const struct coffer_init *how);
coffer_rc coffer_partition_init_as(struct coffer_session *s, const struct coffer_init *how);
/* The same without the rarer choices: domain NULL = the default domain. */
coffer_rc coffer_hsm_init(struct coffer_session *admin, const char *label, const char *so_pin,
			  const char *domain);
coffer_rc coffer_hsm_factory_reset(struct coffer_session *admin);
coffer_rc coffer_hsm_zeroize(struct coffer_session *admin);
coffer_rc coffer_partition_create(struct coffer_session *admin, const char *label, uint64_t size,
				  uint32_t *partition, uint64_t *serial);
coffer_rc coffer_partition_delete(struct coffer_session *admin, uint32_t partition);
coffer_rc coffer_partition_init(struct coffer_session *s, const char *label, const char *po_pin,
				const char *domain);
/* ---- Card life (behaviour.md sections 1.1, 5.2) ---------------------------------------------- */
/*
 * Set the card's clock, milliseconds since 1970 (1 .. COFFER_CLOCK_MAX_MS); HSM SO, read/write.
 * Where it stands: coffer_card_identify. COFFER_ST_OPERATION_NOT_ALLOWED: HSM policy 57 is on.
 */
coffer_rc coffer_clock_set(struct coffer_session *admin, uint64_t clock_ms);
/*
 * Update the card's firmware by an image (firmware-sim/UPDATE.md); HSM SO, read/write. The card
 * restarts: every session of it, this one too, has ended when this returns 0.
 * COFFER_ST_FW_IMAGE_INVALID, COFFER_ST_FW_ROLLBACK. The versions may be NULL.
 */
coffer_rc coffer_firmware_update(struct coffer_session *admin, const void *image, size_t len,
				 uint32_t *old_version, uint32_t *new_version);
struct coffer_self_test {
	bool passed;
	char name[41];
};
/*
 * Run all self-tests; free() the list. COFFER_ST_SELF_TEST_FAILED when one did not pass: the list
 * is there all the same, and the card answers that to nearly everything until it is switched off.
 */
coffer_rc coffer_self_tests(struct coffer_session *s, struct coffer_self_test **list,
			    size_t *count);
/* By the HSM SO; by anybody on a card that was decommissioned. COFFER_ST_MTK_STATE_INVALID. */
coffer_rc coffer_tamper_clear(struct coffer_session *admin);
/* Pull the tamper input of a folder not in use; a text also when power-on clears the latch. */
coffer_rc coffer_card_tamper(const char *dir, char **text);
/* The same for the decommission input: all its keys are gone. Refused by HSM policy 46. */
coffer_rc coffer_card_decommission(const char *dir, char **text);

/* ---- The audit log (coffer_payload.h says what is in it and how it is chained) ------------- */
/*
 * Make the Auditor, by password or PED (see coffer_login); nobody is logged in.
 * COFFER_ST_OPERATION_NOT_ALLOWED: there is one.
 */
coffer_rc coffer_audit_init(struct coffer_session *admin, const char *pin, size_t pin_len);
struct coffer_audit_info {
	uint32_t events;		/* COFFER_AUDIT_* */
	uint64_t records;		/* number of the newest */
	uint64_t seen;
	uint64_t oldest;
	uint8_t chain[32];		/* of the newest */
};
coffer_rc coffer_audit_info(struct coffer_session *admin, struct coffer_audit_info *out);
/* What to record from now on; the Auditor's. */
coffer_rc coffer_audit_config(struct coffer_session *admin, uint32_t events,
			      struct coffer_audit_info *out);
struct coffer_audit_record {
	uint64_t number, time_ms, owner;
	uint32_t partition, role, opcode, verdict, handle;
	uint8_t chain[32];
};
/*
 * Up to @room records above @since, as many as one command brings; each was checked by the card
 * with all before it: COFFER_ST_LOG_CORRUPT. *count 0: there are no more.
 */
coffer_rc coffer_audit_read(struct coffer_session *admin, uint64_t since,
			    struct coffer_audit_record *list, size_t room, size_t *count);
/* The Auditor keeps all up to @number elsewhere: the card may forget them when it needs to. */
coffer_rc coffer_audit_seen(struct coffer_session *admin, uint64_t number);
/* "PARTITION_INIT", what came by no command ("tamper input"), or "?" */
const char *coffer_command_name(uint32_t opcode);

struct coffer_partition_details {
	struct coffer_slot slot;
	uint32_t kind;			/* enum coffer_partition_kind */
	uint32_t level;
	uint32_t protocols;
	uint32_t suites;
	bool fips;
	uint32_t domains;
	uint64_t storage_total;
	uint64_t storage_used;
	uint32_t sessions;
	uint32_t public_objects;
	uint32_t private_objects;
	uint32_t clone_failures;
	uint32_t clone_wait_ms;
};
coffer_rc coffer_partition_info(struct coffer_session *s, struct coffer_partition_details *out);
struct coffer_policy {
	uint32_t id;
	uint32_t value;
	uint32_t capability;
	uint32_t flags;			/* COFFER_POLICY_* */
	char name[49];
};
coffer_rc coffer_policies(struct coffer_session *s, struct coffer_policy **list, size_t *count);
coffer_rc coffer_policy_set(struct coffer_session *s, const uint32_t *ids, const uint32_t *values,
			    size_t count, bool destructive_ok);
struct coffer_mechanism_info {
	uint32_t mechanism, flags, min, max;
};
coffer_rc coffer_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
			    size_t *count);

/* ---- Domains and cipher suites (behaviour.md sections 1.3 and 2) ----------------------- */
struct coffer_domain {
	bool primary;			/* the only one that peers of before 7.8.0 see */
	bool ped;			/* from a red key */
	char label[33];			/* "" = it was made without */
};
/* The primary one first; free() the list. PO, CO, LCO or CU. Cards of before 7.8.0 answer all of
 * these with COFFER_ST_FUNCTION_NOT_SUPPORTED.
 */
coffer_rc coffer_domains(struct coffer_session *s, struct coffer_domain **list, size_t *count);
/* PO, policy 44. label: 1 to 32 characters, unique, no domain's text; domain: 1 to 128 characters.
 * COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED, _LABEL_INVALID, _LABEL_ALREADY_EXISTS, _MAX_REACHED.
 */
coffer_rc coffer_domain_add(struct coffer_session *s, const char *label, const char *domain,
			    bool primary);
/* The same with the secret of a red key, which the card's own PED reads (rows 36 and 37). */
coffer_rc coffer_domain_add_ped(struct coffer_session *s, const char *label, bool primary);
/* PO, policy 44. Objects stay; clones by it that are under way end. COFFER_ST_DOMAIN_NO_PRIMARY:
 * it is the primary one. COFFER_ST_DOMAIN_LABEL_INVALID: there is no such domain.
 */
coffer_rc coffer_domain_delete(struct coffer_session *s, const char *label);
/* PO. new_label NULL: as it is. COFFER_ST_DOMAIN_EXTRA_PRIMARY: it is the primary one already. */
coffer_rc coffer_domain_change(struct coffer_session *s, const char *label,
			       const char *new_label, bool primary);

struct coffer_cipher {
	uint32_t id;			/* a higher one is stronger */
	bool enabled;
	char name[41];
};
/* CPv4 suites, ascending id; free() the list. COFFER_ST_FUNCTION_NOT_SUPPORTED: no CPv4. */
coffer_rc coffer_ciphers(struct coffer_session *s, struct coffer_cipher **list, size_t *count);
/* PO. COFFER_ST_MECHANISM_INVALID: no such suite. Clones by it that are under way end. */
coffer_rc coffer_cipher_set(struct coffer_session *s, uint32_t id, bool enabled);

/* ---- Objects -------------------------------------------------------------------------------- */
struct coffer_attr {
	uint32_t type;			/* COFFER_CKA_* */
	uint32_t len;			/* or COFFER_ATTR_UNAVAILABLE / _SENSITIVE */
	const void *value;		/* wire form: CK_ULONG is 8 bytes little-endian */
};
struct coffer_object {
	uint32_t handle;
	size_t count;
	struct coffer_attr *attrs;	/* those asked for */
};
struct coffer_objects {			/* free with coffer_objects_free */
	size_t count;
	struct coffer_object *list;
	void *memory;
};
coffer_rc coffer_find(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		      const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out);
void coffer_objects_free(struct coffer_objects *objects);
const struct coffer_attr *coffer_object_attr(const struct coffer_object *o, uint32_t type);
uint64_t coffer_attr_ulong(const struct coffer_attr *a, uint64_t absent);
bool coffer_attr_bool(const struct coffer_attr *a, bool absent);
coffer_rc coffer_object_get(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
			    size_t n_wanted, struct coffer_objects *out);
coffer_rc coffer_object_set(struct coffer_session *s, uint32_t handle,
			    const struct coffer_attr *tmpl, size_t n);
coffer_rc coffer_object_create(struct coffer_session *s, const struct coffer_attr *tmpl,
			       size_t n, uint32_t *handle);
coffer_rc coffer_object_destroy(struct coffer_session *s, uint32_t handle);
coffer_rc coffer_key_generate(struct coffer_session *s, uint32_t mechanism,
			      const struct coffer_attr *tmpl, size_t n, uint32_t *handle);
/* RSA_PKCS_KEY_PAIR_GEN is retried by FIPS 186-3 where it is not allowed: see coffer_options. */
coffer_rc coffer_key_pair_generate(struct coffer_session *s, uint32_t mechanism,
				   const struct coffer_attr *public_template, size_t n_public,
				   const struct coffer_attr *private_template, size_t n_private,
				   uint32_t *public_handle, uint32_t *private_handle);
/* out: room in *len, bytes out; -ENOSPC or COFFER_ST_BUFFER_TOO_SMALL when too small */
coffer_rc coffer_sign(struct coffer_session *s, uint32_t key, uint32_t mechanism,
		      const void *params, size_t params_len, const void *data, size_t data_len,
		      void *sig, size_t *sig_len);
coffer_rc coffer_verify(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			const void *params, size_t params_len, const void *data, size_t data_len,
			const void *sig, size_t sig_len);
coffer_rc coffer_encrypt(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			 const void *params, size_t params_len, const void *data, size_t data_len,
			 void *out, size_t *out_len);
coffer_rc coffer_decrypt(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			 const void *params, size_t params_len, const void *data, size_t data_len,
			 void *out, size_t *out_len);
coffer_rc coffer_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
			size_t data_len, void *out, size_t *out_len);
coffer_rc coffer_random(struct coffer_session *s, void *out, size_t len);

/* ---- Events --------------------------------------------------------------------------------- */
struct coffer_card_event {
	unsigned int card;		/* index */
	uint64_t seq;
	uint64_t time_ms;
	uint64_t arg;
	uint32_t partition;
	uint16_t type;			/* enum coffer_event_type */
	uint32_t missed;		/* events lost before this one */
};
const char *coffer_event_name(uint16_t type);
/* Events newer than those seen before, of all cards; waits up to timeout_ms (-1 = for ever).
 * 0 and *count = 0 at the time-out. -EINTR on a signal.
 */
coffer_rc coffer_events(struct coffer *ctx, struct coffer_card_event *list, size_t room,
			int timeout_ms, size_t *count);
/* The same from the generic netlink family: kernel cards only, wakes without polling. */
coffer_rc coffer_netlink_events(struct coffer *ctx, struct coffer_card_event *list, size_t room,
				int timeout_ms, size_t *count);

/* ---- Without a driver ----------------------------------------------------------------------- */
struct coffer_pci {
	uint32_t domain;
	uint8_t bus, dev, fn;
	uint16_t vendor, device;
	char driver[32];		/* bound driver, or "" */
	char link[24];			/* such as "2.5GT/s x1", or "" */
};
/* Coffer cards on the PCI bus, with or without driver (libpci). free() the list. */
coffer_rc coffer_pci_scan(struct coffer_pci **list, size_t *count);

/* Serve one card on two descriptors until end of file: `coffer relay`, for ssh and systemd. */
coffer_rc coffer_relay(const char *card, int in_fd, int out_fd);

#ifdef __cplusplus
}
#endif

#include "clone.h"

#endif /* COFFER_COFFER_H */
