/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The inside of a card, for the core files only (handlers of objects and cloning see core.h).
 *
 * Locks, in the order in which they are taken:
 *  1. card->gate, then partition->gate: every command that looks at a partition goes through
 *     both, shared or alone. They may be held over crypto, disk and the writer's queue, and
 *     may be left by another thread than the one that entered.
 *  2. partition->login_lock: one password check at a time per partition.
 *  3. card->lock: owners, sessions, who is logged in. Short; nothing is computed under it.
 *  4. partition->lock: the fields shown by lists to callers that are not in the gate.
 *  5. the locks inside nv, events, writer, pool and store.
 */
#ifndef FW_CARD_H
#define FW_CARD_H

#include <pthread.h>

#include "core.h"

#define POLICY_MAX		64
#define LABEL_MAX		32
#define DOMAIN_MAX		128	/* bytes of a domain text, behaviour.md section 2 */
#define PIN_MAX			255
#define PARTITION_ID_MAX	999	/* a serial is card serial * 1000 + id */
#define SESSIONS_PER_OWNER	1024
#define OWNERS_MAX		4096
#define KEY_LEN			32
#define BUILD_ID_MAX		32

/* A build of the firmware: its name by the linker, and what it is (integrity.c). */
struct build {
	uint8_t id[BUILD_ID_MAX];
	uint8_t digest[KEY_LEN];
};

/* ---- Gate (gate.c) -------------------------------------------------------------------
 * A read/write lock that one thread may enter and another leave. Who wants it alone goes first.
 */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t change;
	unsigned int shared;	/* inside together */
	unsigned int waiting;	/* want to be alone */
	bool alone;
};

enum gate_mode { GATE_OUT, GATE_SHARED, GATE_ALONE };
void gate_init(struct gate *g);
void gate_destroy(struct gate *g);
void gate_enter(struct gate *g, enum gate_mode mode);
void gate_leave(struct gate *g, enum gate_mode mode);

/* ---- Events (event.c) ------------------------------------------------------------ */
#define EVENTS_KEPT		256
struct events {
	pthread_mutex_t lock;
	uint64_t next;		/* number of the next one */
	fw_event_fn *fn;
	void *opaque;
	struct fw_event kept[EVENTS_KEPT];
};
void events_init(struct events *e, fw_event_fn *fn, void *opaque);
void events_destroy(struct events *e);

/* ---- Roles ----------------------------------------------------------------------- */
#define ROLE_SALT		16
struct role {
	bool initialised;
	bool must_change;
	uint32_t iterations;
	uint8_t salt[ROLE_SALT];
	uint8_t check[KEY_LEN];
};

/* ---- Activation (activation.c, behaviour.md 5.3): the cached PED secret of a role ---- */
struct activation {
	bool on;
	uint8_t salt[ROLE_SALT];	/* of the role that it belongs to: it ends with that */
	uint8_t secret[KEY_LEN];
};

/* ---- Partition (partition.c); id 0 is the card itself: HSM SO, HSM policies, HSM label --- */
struct domain {
	uint64_t id;			/* of this power cycle, never reused */
	char label[LABEL_MAX + 1];	/* may be empty */
	bool ped;			/* from a red key */
	uint8_t key[KEY_LEN];
};

struct domains {
	uint32_t count;
	struct domain list[COFFER_DOMAINS_MAX];	/* the primary one first */
};

/* Of each policy its value, and which changes erase: COFFER_POLICY_DESTRUCTIVE_*. */
#define POLICY_ERASES_BITS	(COFFER_POLICY_DESTRUCTIVE_ON | COFFER_POLICY_DESTRUCTIVE_OFF)
#define POLICY_ERASES_AS_PROFILE 0xff	/* ... as the profile's table says */
struct policies {
	uint32_t value[POLICY_MAX];
	uint8_t erases[POLICY_MAX];
};

struct fw_partition {
	struct fw_partition *next;	/* card->gate */
	struct fw_card *card;
	_Atomic unsigned int refs;
	_Atomic unsigned int sessions;
	_Atomic uint64_t epoch;
	/* constant */
	uint32_t id;
	uint64_t serial;
	uint64_t size;			/* bytes for objects; changed alone on the card */
	enum coffer_partition_kind kind; /* changed alone on the card, by an update */

	unsigned int logins;		/* under card->lock */
	_Atomic uint64_t clone_last;	/* uptime: the last failed proof, or 0 */
	_Atomic uint64_t clone_since;	/* uptime up to which failed proofs are forgiven */
	/* Uptime when a timed lock ends; counts while the attempts are used up. */
	_Atomic uint64_t locked_until[COFFER_ROLE_COUNT];

	struct gate gate;
	pthread_mutex_t login_lock;
	pthread_mutex_t lock;
	/* Changed alone in the gate and under lock: read with either. */
	bool initialised;
	char label[LABEL_MAX + 1];
	struct role roles[COFFER_ROLE_COUNT];
	struct role challenges[COFFER_ROLE_COUNT];	/* secrets of activated roles */
	uint32_t policy[POLICY_MAX];
	uint8_t erases[POLICY_MAX];	/* as in struct policies */
	struct domains domains;
	uint32_t suites_off;		/* CPv4 suites switched off, bit = id */
	uint8_t key[KEY_LEN];		/* wrapped in the store by the card key */
	uint8_t seal_key[KEY_LEN];
	uint8_t index_key[KEY_LEN];
	/* Changed and read under lock alone: a login may be shared in the gate. */
	struct activation active[COFFER_ROLE_COUNT];
	uint64_t active_saved_ms;	/* wall clock of what the store has; 0: it has nothing */
};

/* ---- Owners and sessions (owner.c, session.c); all under card->lock -------------- */
struct owner;

/* One owner on one partition: who it is logged in as. Lives while it has sessions there. */
struct presence {
	struct presence *next;
	struct owner *owner;
	struct fw_partition *part;
	enum coffer_role role;
	bool by_challenge;		/* logged in without the PED */
	unsigned int sessions;
};

struct owner {
	struct owner *next;
	uint64_t id;
	unsigned int sessions;
	struct presence *presences;
};

struct fw_session {
	struct fw_session *next;	/* in its bucket */
	uint32_t id;
	bool rw;
	bool closed;
	unsigned int refs;		/* table and running commands */
	struct presence *presence;	/* NULL when closed */
	struct fw_partition *part;	/* referenced */
	struct fw_card *card;
	struct session_thing *things;
};

#define SESSION_BUCKETS		1024
#define OWNER_BUCKETS		64

/* ---- Audit (audit.c, audit_log.c) ------------------------------------------------- */
#define AUDIT_CHAIN		32
struct audit_state {
	uint32_t on;			/* 1: there was an Auditor once, records are made */
	uint32_t mask;			/* COFFER_AUDIT_* */
	uint64_t number;		/* of the newest record */
	uint64_t seen;
	uint64_t oldest;		/* number of the oldest in the store */
	uint8_t chain[AUDIT_CHAIN];	/* of the newest */
	uint8_t before[AUDIT_CHAIN];	/* of the one before the oldest */
};

struct audit {
	pthread_mutex_t lock;
	struct audit_state s;		/* under lock; the writer changes it after its commits */
	struct role role;		/* the Auditor's; changed alone on the card */
	_Atomic uint64_t locked_until;	/* uptime; counts while the attempts are used up */
	uint64_t limit;			/* constant: COFFER_AUDIT_LIMIT, less in tests */
};

/* ---- Counters (stats.c) ---------------------------------------------------------- */
#define OPCODE_MAX		0x100	/* opcodes are below */
struct counters {
	_Atomic uint64_t commands;
	_Atomic uint64_t errors;
	_Atomic uint64_t of[OPCODE_MAX];
};

/* ---- PED (ped.c, ped_wait.c) ------------------------------------------------------ */
#define PED_PROMPT		128
struct ped {
	char *folder;			/* constant; NULL: DIR/ped, which may come and go */
	pthread_mutex_t lock;
	/* under lock */
	bool busy;			/* a command has the PED */
	bool waiting;			/* ... and waits for a key */
	uint32_t color;			/* enum coffer_ped_color that is asked for */
	uint64_t deadline;		/* uptime */
	char prompt[PED_PROMPT];
	pthread_mutex_t thread_lock;
	bool thread_on;			/* it has to be joined; under thread_lock */
	pthread_t thread;
};

/* ---- The model's speed (speed.c) --------------------------------------------------- */
struct job;
/* What writer and speed.c hand a command back by; they know nothing of its end (job.c). */
typedef void job_answer_fn(struct job *job, uint32_t verdict);

#define SPEED_BUCKETS		8	/* figures of a profile */
struct speed {
	/* constant after power-on */
	bool ready;			/* lock and condition exist */
	bool on;			/* the thread was started */
	job_answer_fn *release;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t change;
	/* under lock */
	bool stopping;
	uint64_t bucket[SPEED_BUCKETS];	/* when the newest token taken is there; ns */
	struct job *held;		/* by time; their next */
	unsigned int count;
};

/* ---- Card ------------------------------------------------------------------------ */
struct fw_card {
	/* constant after power-on; but the profile: changed alone in the gate */
	char *dir;
	/* Ready keys of a partition (0: all) go; objects_forget, which knows sessions itself. */
	void (*forget_keys)(struct crypto *crypto, uint32_t part);
	int lock_fd;
	struct crypto *crypto;
	const struct profile *profile;
	struct store *store;
	struct nv *nv;
	struct pool *pool;
	struct writer *writer;
	uint32_t kdf_iterations;
	uint32_t erasure;		/* number of the last in nv; changed alone in the gate */
	_Atomic bool key_gone;		/* by an input; memory is still to forget what it sealed */
	_Atomic bool input_due;		/* an input was pulled, memory does not follow it yet */
	bool rekey;			/* the card key was destroyed, but no new one made */
	bool recovered;			/* from a tamper, by this power-on */
	bool erasing;			/* power-on finishes an erasure: sealed values are lost */
	_Atomic int64_t clock_offset;	/* of the card's clock to the host's at power-on; ms */
	_Atomic bool clock_set;
	_Atomic bool tampered;		/* follows nv's latch */
	bool tamper_thread_on;		/* it has to be joined; fw_card_tamper and close only */
	pthread_t tamper_thread;
	_Atomic uint32_t failed_test;	/* number of the self-test that failed, from 1; 0: none */
	struct build build;		/* that runs, as it was at power-on */
	const char *broken_test;	/* test hook, see fw_open */
	const uint64_t *uptime_ahead_ms;	/* likewise */
	uint64_t off_longer_ms;		/* likewise */
	uint64_t power_on_ms;		/* wall clock */
	uint64_t power_on_mono;

	struct audit audit;
	struct ped ped;
	struct speed speed;
	struct events events;
	struct counters counters;
	_Atomic uint64_t epoch;		/* source of partitions' epochs */

	struct gate gate;
	/* Changed alone in the gate. */
	struct fw_partition *admin;	/* head of the list, id 0 */
	uint32_t next_id;		/* of the next partition */

	pthread_mutex_t lock;
	struct owner *owners[OWNER_BUCKETS];
	struct fw_session *table[SESSION_BUCKETS];
	struct clone_share *clone_shares;	/* of owners that have contexts */
	uint64_t next_owner;
	unsigned int owner_count;
	unsigned int session_count;
	unsigned int login_count;
};

/* One line for people; always returns @rc. */
int say(char *err, size_t err_len, int rc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
uint64_t clock_wall_ms(void);
uint64_t clock_mono_ms(void);
uint64_t clock_mono_ns(void);
/* 0 or a status, from a negative errno of nv or store. */
uint32_t status_of(int rc);
/* A name for people: 0 or 1 .. LABEL_MAX bytes of UTF-8 without control characters. */
bool label_ok(struct bytes label);
void label_set(char to[LABEL_MAX + 1], struct bytes label);

/*
 * Values kept in the store. Sealed ones are bound to the card key, their scope and name:
 * a new card key makes them unreadable. card_value_get: -ENOENT, -EBADMSG, -EIO, -ENOMEM.
 */
uint32_t card_value_seal(struct fw_card *card, struct change *ch, uint32_t scope,
			 const char *name, struct bytes plain);
int card_value_get(struct fw_card *card, uint32_t scope, const char *name, uint8_t **plain,
		   size_t *len);
/* The same for what outlives every erasure: bound to nv's life key. */
uint32_t card_life_seal(struct fw_card *card, struct change *ch, const char *name,
			struct bytes plain);
/* Seals into @to, which has room for plain.len + LIFE_EXTRA bytes. */
#define LIFE_EXTRA		(CRYPTO_NONCE + CRYPTO_TAG)
uint32_t card_life_seal_to(struct fw_card *card, const char *name, struct bytes plain,
			   uint8_t *to);
int card_life_get(struct fw_card *card, const char *name, uint8_t **plain, size_t *len);
/* A key for @use under the life key. */
uint32_t card_life_derive(struct fw_card *card, const char *use, uint8_t key[KEY_LEN]);
int clock_load(struct fw_card *card);			/* clock.c: at power-on */
/* Stretch a secret with the card's cost. */
uint32_t card_stretch(struct fw_card *card, struct bytes secret, struct bytes salt,
		      uint8_t key[KEY_LEN]);
uint64_t card_new_epoch(struct fw_card *card);

/* forget.c: alone on the card. What an erasure destroyed; what an input left to do. */
void card_forget(struct fw_card *card, unsigned int what);
void card_settle(struct fw_card *card);

/*
 * hsm.c. @what is an enum nv_clear. An erasure is: destroy the card key in nv, forget what is in
 * memory, have the rows removed. Power-on finishes what was begun.
 */
uint32_t hsm_destroy_key(struct fw_card *card, unsigned int what);
uint32_t hsm_finish_erasing(struct fw_card *card);
uint32_t hsm_erase_rows(struct fw_card *card, struct change *ch, unsigned int what);
/* The end of too many failed logins: @verdict is the answer when it worked. */
uint32_t hsm_zeroize_now(struct cmd *c, uint32_t verdict);
uint32_t partition_zeroize_now(struct cmd *c, uint32_t verdict);

/* partition.c */
struct fw_partition *partition_new(struct fw_card *card, uint32_t id, uint64_t serial,
				   enum coffer_partition_kind kind, uint64_t size);
/* manufacture.c: the partition that a new card has; NULL without memory. */
struct fw_partition *partition_first(struct fw_card *card);
void partition_get(struct fw_partition *p);
void partition_put(struct fw_partition *p);
struct fw_partition *partition_find(struct fw_card *card, uint32_t id);	/* not referenced */
void partition_insert(struct fw_card *card, struct fw_partition *p);
void partition_remove(struct fw_card *card, struct fw_partition *p);
/* partition_keep.c: memory <-> store */
uint32_t partition_save(struct fw_partition *p, struct change *ch);	/* the public record */
uint32_t partition_save_roles(struct fw_partition *p, struct change *ch,
			      const struct role roles[COFFER_ROLE_COUNT]);
uint32_t partition_save_challenges(struct fw_partition *p, struct change *ch,
				   const struct role challenges[COFFER_ROLE_COUNT]);
uint32_t partition_save_key(struct fw_partition *p, struct change *ch,
			    const uint8_t key[KEY_LEN]);
uint32_t partition_save_domains(struct fw_partition *p, struct change *ch,
				const struct domains *d);
uint32_t partition_save_suites(struct fw_partition *p, struct change *ch, uint32_t off);
uint32_t partition_save_policies(struct fw_partition *p, struct change *ch,
				 const uint32_t policy[POLICY_MAX]);
/* Those that are not the profile's; none: the value goes. */
uint32_t partition_save_erases(struct fw_partition *p, struct change *ch,
			       const uint8_t erases[POLICY_MAX]);
int partition_load_all(struct fw_card *card);
uint32_t partition_use_key(struct fw_partition *p, const uint8_t key[KEY_LEN]);
/* The keys out of memory, and into it again. */
void partition_lock_keys(struct fw_partition *p);
int partition_load_keys(struct fw_partition *p);
void partition_forget(struct fw_partition *p, bool policies_too);

/* role.c */
#define ROLE_LOCK_MS		600000	/* of locks that end by themselves, behaviour.md 5.2 */
/*
 * What a role is made from: @pin on a password card (PIN_LEN_RANGE, ...), what the PED gave on the
 * other kind (OPERATION_NOT_ALLOWED with a @pin).
 */
uint32_t role_secret(struct cmd *c, const uint32_t policy[POLICY_MAX], struct bytes pin,
		     struct bytes *secret);
/* Would the command's opcode be refused for @role whatever its secret? Outside the gates: under
 * the locks of the admin partition and of the command's.
 */
uint32_t role_admits(struct cmd *c, uint32_t role);
bool role_may_make(enum coffer_role who, uint32_t role);
bool role_must_change(const struct cmd *c);	/* the credential of the command's login */
/* The login on the partition itself: an HSM SO who stands in for its SO has none. */
enum coffer_role role_own(const struct cmd *c);
/* A challenge secret, written like a password: sets change_after. */
uint32_t role_new_challenge(struct cmd *c, enum coffer_role role, struct bytes challenge,
			    bool must_change);
bool role_exists(const struct fw_partition *p, uint32_t role);
uint32_t role_make(struct fw_card *card, struct bytes pin, bool must_change, struct role *role);
uint32_t role_limit(const struct fw_partition *p, enum coffer_role role);
bool role_locked(const struct fw_partition *p, enum coffer_role role);
uint32_t role_pin_fits(const struct fw_partition *p, struct bytes pin);

/* activation.c */
bool role_has_challenge(const struct fw_partition *p, uint32_t role);	/* may it have one? */
bool role_activated(const struct fw_partition *p, uint32_t role);	/* under p->lock */
uint32_t roles_activated(struct fw_partition *p);			/* COFFER_RM() bits */
/* Begun after a good login by key: 32 bytes. true: activation_save is due. */
bool activation_begin(struct fw_partition *p, uint32_t role, struct bytes secret);
bool activation_old(struct fw_partition *p);	/* likewise: what is stored gets old */
uint32_t activation_save(struct fw_partition *p, struct change *ch);
/* The store follows policies 22 and 23 as they will be. */
uint32_t activation_policies(struct fw_partition *p, struct change *ch,
			     const uint32_t policy[POLICY_MAX]);
void activation_forget(struct fw_partition *p);	/* in memory; under p->lock */
int activation_load(struct fw_partition *p);
void activation_park(struct fw_card *card);	/* power-off */
uint32_t challenge_fits(const struct fw_partition *p, struct bytes challenge);

/* ped_wait.c */
bool ped_may_need(uint16_t opcode);
/* 32 bytes of the key that the command got; FUNCTION_FAILED: none. Lent until the command ends. */
uint32_t ped_value(const struct cmd *c, bool domain, struct bytes *value);
/* The same of the key as it will be; where it was OK, after the commit: make it so. PED_ERROR. */
uint32_t ped_next_value(const struct cmd *c, struct bytes *value);
uint32_t ped_renewed(struct cmd *c);
void ped_keys_free(struct ped_keys *k);
void ped_finish(struct fw_card *card);			/* before power-off */

/* domain.c */
/* May a red key become a domain of this partition? PED_UNSUPPORTED. */
uint32_t domain_red_fits(const struct cmd *c);
/* DOMAIN_ADD: what refuses it whatever the secret. Under p->lock or in the gate. */
uint32_t domain_add_admits(const struct cmd *c, struct wire_in in);
/* From a text of 1 to 128 bytes without NUL to a domain key; else ARGUMENTS_BAD. */
uint32_t domain_stretch(struct fw_card *card, struct bytes text, uint8_t key[KEY_LEN]);
/* Fill @d in, with an id of its own. */
void domain_set(struct fw_card *card, struct domain *d, struct bytes label,
		const uint8_t key[KEY_LEN]);
/* The label of a partition's first domain, may be empty: DOMAIN_LABEL_INVALID,
 * FUNCTION_NOT_SUPPORTED before 7.8.0.
 */
uint32_t domain_first_label(const struct fw_card *card, struct bytes label, struct bytes text);

/* role.c: the password's record; the Auditor's outlives erasures of the card */
struct role *role_of(struct fw_partition *p, uint32_t role);
/* Write a new password of the command's partition; sets change_after. */
uint32_t role_password(struct cmd *c, enum coffer_role role, struct bytes pin, bool must_change,
		       enum coffer_event_type event);

void selftest_notice(struct fw_card *card);	/* selftest.c: after each command */

/* audit.c */
int audit_load(struct fw_card *card);		/* power-on; -ESTALE: records are missing */
void audit_look(struct fw_card *card, struct audit_state *s);
uint32_t audit_save_role(struct fw_card *card, struct change *ch, const struct role *role);
/* Before the handler: LOG_FULL, or c->note.due says whether it will be recorded. */
uint32_t audit_admit(struct cmd *c);
/*
 * The writer, inside begin/commit: change @s as c->note says and append a record. @s counts only
 * after audit_publish, which follows the commit. 0 or a status.
 */
uint32_t audit_apply(struct audit_state *s, const struct cmd *c, uint32_t verdict, bool record);
uint32_t audit_save(struct fw_card *card, const struct audit_state *s);
void audit_publish(struct fw_card *card, const struct audit_state *s);
uint32_t audit_chain(struct fw_card *card, const uint8_t before[AUDIT_CHAIN],
		     const uint8_t *record, uint8_t chain[AUDIT_CHAIN]);
#define AUDIT_BODY		48	/* bytes of a record without its chain */
bool audit_wants(struct fw_card *card, uint32_t class);	/* COFFER_AUDIT_* */

/* audit_tell.c: what ends by itself, and what comes by no command */
/* @p's login, if any, is about to end without its LOGOUT. Under card->lock. */
void audit_line_add(struct audit_note *note, const struct presence *p);
/* The command's record, if the mask wants one: its lines. It answers as it would without. */
void audit_logouts(struct cmd *c);
/* Have the writer record @note, whose lines are taken over; does not wait for it. */
void audit_tell(struct fw_card *card, uint32_t class, uint16_t opcode, struct audit_note *note);
/* The input COFFER_AUDIT_OP_*, and what came of it. */
void audit_input(struct fw_card *card, uint32_t input, uint32_t verdict);

/* tamper.c: before power-off; and at power-on, where it clears the latch (card->recovered) */
void tamper_finish(struct fw_card *card);
bool card_emptied(const struct fw_card *card);	/* card.c: its key is destroyed, for good */
uint32_t tamper_recover(struct fw_card *card);

bool card_policy_on(struct fw_card *card, uint32_t id);	/* partition.c: outside of the gates */
/* policy.c */
void policy_defaults(const struct fw_partition *p, struct policies *policies);
void policy_use(struct fw_partition *p, const struct policies *policies);
/* After a firmware update: what @old did not have gets its default, the rest is kept. */
void policies_move(struct fw_partition *p, const struct profile_policy *old);
/* A row of the table with what this card or partition has of it. */
struct profile_policy policy_filled(const struct fw_partition *p,
				    const struct profile_policy *row);
const struct profile_policy *policy_table(const struct fw_partition *p);
const struct profile_policy *policy_row_in(const struct profile_policy *table, uint32_t id);
const struct profile_policy *policy_row(const struct fw_partition *p, uint32_t id);

/* policy_template.c */
/*
 * What the policies of @p are after an init: those of @template (a run of coffer_policy_setting,
 * the rest default), or without one (length 0) those of now, erasing as the profile says.
 * CONFIG_FAILS_DEPENDENCIES also for a policy that this firmware does not know.
 */
uint32_t policy_init(const struct fw_partition *p, struct bytes template,
		     struct policies *policies);

/* owner.c, session.c */
struct owner **owner_slot(struct fw_card *card, uint64_t id);	/* presence.c; likewise */
struct owner *owner_find(struct fw_card *card, uint64_t id);		/* under card->lock */
struct fw_session *session_get(struct fw_card *card, uint64_t owner, uint32_t id);
void session_put(struct fw_session *s);
/* Takes a session out of all tables; its things are added to *doomed. Under card->lock. */
void session_close_locked(struct fw_session *s, struct session_thing **doomed);
void things_free(struct session_thing *doomed);
/*
 * Who its owner is on its partition; under card->lock. Before 6.22 partitions have no SO of their
 * own: an owner who is the HSM SO acts as theirs while no other login is in force (*stands_in).
 */
enum coffer_role session_role(const struct fw_session *s, bool *stands_in);
void login_undo(struct fw_session *s);	/* log out who uses this session */
/* End logins (and what ends with them) on @part, on all partitions when NULL. */
void logins_end(struct fw_card *card, struct fw_partition *part);
/* The same of @roles (COFFER_RM_*) only. */
void logins_end_of(struct fw_card *card, struct fw_partition *part, uint32_t roles);
/* Those of a role that other owners have on the session's partition. */
void logins_end_others(const struct fw_session *session, enum coffer_role role);
/* Free session objects and clone contexts on @part, on all partitions when NULL. */
void things_end(struct fw_card *card, struct fw_partition *part);
/* Its login, if any, ends; with the last of a partition its ready keys go. Under card->lock. */
void presence_logout(struct fw_card *card, struct presence *p);
/* Close every session on @part. */
void sessions_end(struct fw_card *card, struct fw_partition *part);
/* How many. @note (may be NULL) gets a line for each login that ends. */
unsigned int owners_end(struct fw_card *card, struct audit_note *note);
/* As owners_end, and the audit log has the logins that ended. */
unsigned int owners_end_told(struct fw_card *card);
void owner_forget_presence(struct fw_card *card, struct presence *p);

/* dispatch.c */
struct row {
	const char *name;
	uint16_t opcode;
	uint16_t flags;
	uint32_t req_min;
	uint32_t req_max;
	uint32_t reply_max;
	uint32_t roles;
	uint32_t timeout_ms;
};
const struct row *row_of(uint16_t opcode);	/* NULL: no such command */
const struct row *row_next(const struct row *row);	/* ascending; NULL begins and ends */
/* Leave the shared gates and enter the card's alone (zeroize in a login). */
void cmd_alone(struct cmd *c);

#endif /* FW_CARD_H */
