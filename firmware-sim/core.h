/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a command handler sees of the card. The dispatcher has already checked, by the table:
 * opcode, lengths, owner, session, partition kind and state, role. A handler parses its tail,
 * computes, fills the reply, and asks for changes; it never writes to the store itself.
 */
#ifndef FW_CORE_H
#define FW_CORE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "crypto.h"
#include "fw.h"
#include "hw/coffer_cmd.h"
#include "profile.h"
#include "store.h"
#include "wire.h"

struct fw_partition;
struct fw_session;
struct change;
struct ped_keys;

/* One of several records of a command: a role that it logged out. */
struct audit_line {
	uint64_t owner;
	uint32_t part;
	uint32_t role;
};

/* What the audit log is to know of a command besides the obvious (audit.c). */
struct audit_note {
	bool due;			/* the dispatcher's: this command is recorded */
	bool quiet;			/* ... but it only looked */
	uint32_t role;			/* that wants to log in; 0: the cmd's */
	uint32_t handle;		/* of the key that is used */
	uint32_t answer;		/* what the caller hears when the change is made */
	uint32_t opcode;		/* COFFER_AUDIT_OP_*; 0: the cmd's */
	struct audit_line *lines;	/* a record each instead of one; freed with the command */
	unsigned int count;
	/* Changes of the log's own state, made with the command's change. */
	bool begin;
	bool set_mask;
	uint32_t mask;
	uint64_t seen;
};

struct cmd {
	struct fw_card *card;
	struct crypto *crypto;		/* the card's */
	uint64_t owner;
	uint16_t opcode;
	struct wire_in in;		/* behind {session} when the row has COFFER_CF_SESSION */
	struct wire_out out;		/* discarded unless the verdict is OK */
	struct fw_session *session;	/* referenced for the command; NULL without CF_SESSION */
	struct fw_partition *part;	/* of the session, referenced; NULL without */
	enum coffer_role role;		/* of this owner on this partition */
	bool by_challenge;		/* ... logged in by challenge secret (PED) */
	bool stands_in;			/* ... because it is the HSM SO, see session_role() */
	bool session_rw;
	const atomic_int *cancelled;	/* poll in long work: nonzero = return ST_CANCEL */
	struct change *change;		/* by change_of(); committed after the handler said OK */
	void *state;			/* between the handler and its after(), see below */
	struct audit_note note;
	struct ped_keys *ped;		/* what the PED gave (ped.h); NULL: nothing was wanted */
	const struct profile_rate *rate;	/* of what was done (speed.h); NULL: not limited */
};

typedef uint32_t handler_fn(struct cmd *c);

/* Every row of the table has one: uint32_t handle_ECHO(struct cmd *c), ... in the noun's file. */
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) handler_fn handle_##name;
COFFER_COMMANDS(COFFER_X)
#undef COFFER_X

/* ---- Changes -------------------------------------------------------------------------------
 * A change set is applied by the writer thread after the handler returned OK, in one group with
 * others, and is durable before the command is answered. Units succeed or fail one by one; any
 * failed unit without @verdict fails the whole set. All ops copy or take over what they are given.
 */
struct change *change_of(struct cmd *c);		/* creates it; NULL only without memory */
/* Takes row->body. On commit *handle and *verdict (both may be NULL) are filled:
 * ST_OK, ST_OBJECT_ALREADY_EXISTS, ST_CONTAINER_OBJECT_STORAGE_FULL, ST_DEVICE_ERROR.
 */
uint32_t change_object_put(struct change *ch, struct object_row *row, uint32_t *handle,
			   uint32_t *verdict);
uint32_t change_object_update(struct change *ch, struct object_row *row);
uint32_t change_object_delete(struct change *ch, uint32_t part, uint32_t handle);
uint32_t change_value_put(struct change *ch, uint32_t scope, const char *name, const void *value,
			  size_t len);
uint32_t change_value_delete(struct change *ch, uint32_t scope, const char *name);
uint32_t change_partition_clear(struct change *ch, uint32_t part, bool values_too);
/* Called in the writer thread after the commit (verdict OK) or its failure, before the answer:
 * updates memory, writes the reply, frees c->state. At most one. Its result is the verdict.
 */
void change_after(struct change *ch, uint32_t (*after)(struct cmd *c, uint32_t verdict));

/* ---- Partition, as handlers need it ---------------------------------------------------------- */
uint32_t partition_id(const struct fw_partition *p);
uint64_t partition_serial(const struct fw_partition *p);
enum coffer_partition_kind partition_kind(const struct fw_partition *p);
uint32_t partition_level(const struct fw_partition *p);	/* 0 before 7.7.0, 1 V0, 2 V1 */
uint32_t partition_policy(const struct fw_partition *p, uint32_t id);	/* value in force now */
uint32_t card_policy(const struct fw_card *card, uint32_t id);		/* HSM policy */
bool partition_fips(const struct fw_partition *p);
const struct profile *card_profile(const struct fw_card *card);
/* Secrets below are lent to one call and must be wiped: 32 bytes each, from the partition key. */
enum partition_key { PARTITION_KEY_SEAL, PARTITION_KEY_INDEX };
uint32_t partition_key(const struct fw_partition *p, enum partition_key which, uint8_t key[32]);
/* Domains, index 0 = the primary one. Key: PBKDF2 of the text, 32 bytes. Without such a domain
 * ST_CLONING_PARAMETER_MISSING.
 */
uint32_t partition_domain_key(const struct fw_partition *p, unsigned int index, uint8_t key[32]);
unsigned int partition_domains(const struct fw_partition *p);
/* Names a domain from its adding (or power-on) to its deletion, whatever its label and place. */
uint64_t partition_domain_id(const struct fw_partition *p, unsigned int index);
bool partition_has_domain(const struct fw_partition *p, uint64_t id);
/* The index of the domain with that label; partition_domains() when there is none. */
unsigned int partition_domain_find(const struct fw_partition *p, struct bytes label);
/* CPv4 suites that may be used now, bit = id. */
uint32_t partition_suites(const struct fw_partition *p);
uint32_t partition_suites_had(const struct fw_partition *p);	/* ... or were switched off */
/* Changes whenever the partition's objects are erased or it is initialised again: clone contexts
 * and key caches of an older epoch are void.
 */
uint64_t partition_epoch(const struct fw_partition *p);

/* ---- Card ---------------------------------------------------------------------------------- */
struct store *card_store(const struct fw_card *card);
uint64_t card_clock_ms(const struct fw_card *card);	/* milliseconds since 1970 */
/* false: the card was updated to CPv4 and its SO has not set the clock since. */
bool card_clock_ready(const struct fw_card *card);
uint64_t card_uptime_ms(const struct fw_card *card);	/* monotonic since power-on */
bool card_kdf_test(const struct fw_card *card);
bool card_ped(const struct fw_card *card);	/* roles log in with PED keys */
/* Device identity: lent for the life of the card. */
struct identity {
	struct crypto_der root;		/* the only root that this card trusts */
	struct crypto_der device_cert;
	struct crypto_der device_key;
	struct crypto_der wrap_cert;
	struct crypto_der wrap_key;
};
const struct identity *card_identity(const struct fw_card *card);
void card_event(struct fw_card *card, enum coffer_event_type type, uint32_t partition,
		uint64_t arg);

/*
 * Failed domain proofs of cloning, per partition and for all peers together (clone_throttle.c):
 * durable (in nv) before they return. After the third each doubles a wait that starts at one
 * second and ends at five minutes. A good proof takes back its own attempt and nothing else; an
 * hour of uptime takes back one. clone_wait_ms: 0 = may go on. Counted on both ends.
 */
struct clone_attempt {
	uint64_t at;				/* uptime */
	uint64_t before;			/* when the one before it failed */
};
uint32_t card_clone_failed(struct fw_card *card, struct fw_partition *p,
			   struct clone_attempt *attempt);
uint32_t card_clone_good(struct fw_card *card, struct fw_partition *p,
			 const struct clone_attempt *attempt);
uint32_t partition_clone_wait_ms(const struct fw_partition *p);
uint32_t partition_clone_failures(const struct fw_partition *p);

/* ---- Session-bound things ----------------------------------------------------------------------
 * Anything that must end with its session (clone contexts, session objects): free() is called
 * once when the session closes, its owner ends, the role logs out, or by session_detach.
 */
struct session_thing {
	struct session_thing *next;
	uint32_t kind;				/* SESSION_THING_* */
	uint32_t id;				/* unique within the session */
	void (*free)(struct session_thing *thing);
	bool ends_at_logout;
};
#define SESSION_THING_CLONE	1
#define SESSION_THING_OBJECT	2
/*
 * SESSION_HANDLE_INVALID when the session ended meanwhile; USER_NOT_LOGGED_IN when the thing ends
 * at logout and the login of @role, the command's, ended: the thing stays the caller's.
 */
uint32_t session_attach(struct fw_session *s, struct session_thing *thing,
			enum coffer_role role);
/* Takes it out of the list: the caller owns it alone until it is attached again or freed. */
struct session_thing *session_detach(struct fw_session *s, uint32_t kind, uint32_t id);
/*
 * Leaves it in the list. @ref takes a reference for the caller; it runs under the list's lock, so
 * that nobody can free the thing before, and must not block or come back here.
 */
struct session_thing *session_find(struct fw_session *s, uint32_t kind, uint32_t id,
				   void (*ref)(struct session_thing *thing));

#endif /* FW_CORE_H */
