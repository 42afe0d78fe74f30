/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of libcoffer share. Nothing here is exported. */
#ifndef LIB_LIB_H
#define LIB_LIB_H

#include <pthread.h>
#include <sys/types.h>

#include "coffer/coffer.h"
#include "transport.h"
#include "msg.h"

#define API __attribute__((visibility("default")))

/* A verdict as coffer_rc: the enumerators above 0x7fffffff are negative as int. */
#define ST(name) ((coffer_rc)(uint32_t)COFFER_ST_##name)
/* An attribute type: likewise. */
#define CKA(name) ((uint32_t)COFFER_CKA_##name)

/* Cards of one context: slot numbers leave room for as many (coffer.h, "Slots"). */
#define LIB_MAX_CARDS 32

struct coffer {
	pid_t pid;			/* that may use it */
	unsigned int timeout_ms;
	bool rsa_remap;			/* see coffer_options */
	uint32_t client_version;
	bool scanned;			/* the cards are all /dev/cofferN: nodes.c adds new ones */
	pthread_mutex_t adding;		/* held by who adds */
	unsigned int count;		/* grows; read by context_count() */
	struct coffer_card *cards;	/* count of them, never moved */
	pthread_mutex_t netlink_lock;	/* guards netlink */
	struct netlink *netlink;	/* netlink.c; NULL until asked for */
	struct ha *ha;			/* ha_list.c */
};

struct coffer_card {
	struct coffer *ctx;
	unsigned int index;
	char *name;
	char *text;			/* why it could not be opened, for people */
	pthread_rwlock_t lock;		/* read: uses t; write: replaces t and the four below */
	struct transport *t;		/* NULL: rc says why */
	coffer_rc rc;
	bool broken;			/* t said -EPIPE or -ENODEV (atomic access) */
	uint32_t generation;		/* counts opens: sessions of older ones are gone */
	pthread_mutex_t events_lock;	/* guards the two below */
	uint64_t events_seen;
	uint32_t events_generation;
};

struct session_ops;

struct coffer_session {
	const struct session_ops *ops;	/* NULL: a session of one card, as the rest says */
	struct coffer_card *card;	/* NULL: it is a group's (ha.h) */
	uint32_t partition;
	uint32_t id;
	uint64_t epoch;			/* of the card when it was opened */
	bool rw;
	unsigned int timeout_ms;	/* of each command, if shorter than its own; 0 = none */
	uint64_t cookie;		/* that cancels its commands; 0 = its address */
};

/* One use of a key by COFFER_CMD_SIGN, _VERIFY, _ENCRYPT or _DECRYPT. */
struct session_use {
	uint16_t opcode;
	uint32_t key, mechanism;
	const void *params, *data, *sig;	/* sig: VERIFY's, which has no out */
	size_t params_len, data_len, sig_len;
	void *out;
};

struct pair_template {
	const struct coffer_attr *public, *private;
	size_t n_public, n_private;
};

/*
 * What programs do with a session: on one card (the functions direct_*, which the public ones
 * call when ops is NULL) or on a group. All else is for one card only: session_direct().
 * Promises are those of the public function of that name; out-parameters as there.
 */
struct session_ops {
	void (*close)(struct coffer_session *s);
	coffer_rc (*cancel)(struct coffer_session *s);
	coffer_rc (*login)(struct coffer_session *s, enum coffer_role role, const char *pin,
			   size_t pin_len, bool *must_change);
	coffer_rc (*logout)(struct coffer_session *s);
	coffer_rc (*whoami)(struct coffer_session *s, enum coffer_role *role, bool *must_change);
	coffer_rc (*roles)(struct coffer_session *s, struct coffer_role_state **list,
			   size_t *count);
	coffer_rc (*info)(struct coffer_session *s, struct coffer_partition_details *out);
	coffer_rc (*mechanisms)(struct coffer_session *s, struct coffer_mechanism_info **list,
				size_t *count);
	coffer_rc (*find)(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
			  const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out);
	coffer_rc (*get)(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
			 size_t n_wanted, struct coffer_objects *out);
	coffer_rc (*set)(struct coffer_session *s, uint32_t handle,
			 const struct coffer_attr *tmpl, size_t n);
	coffer_rc (*create)(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
			    uint32_t *handle);
	coffer_rc (*destroy)(struct coffer_session *s, uint32_t handle);
	coffer_rc (*generate)(struct coffer_session *s, uint32_t mechanism,
			      const struct coffer_attr *tmpl, size_t n, uint32_t *handle);
	/* handles: public, private; 0 on failure */
	coffer_rc (*generate_pair)(struct coffer_session *s, uint32_t mechanism,
				   const struct pair_template *t, uint32_t handles[2]);
	coffer_rc (*use)(struct coffer_session *s, const struct session_use *use,
			 size_t *out_len);
	coffer_rc (*digest)(struct coffer_session *s, uint32_t mechanism, const void *data,
			    size_t data_len, void *out, size_t *out_len);
	coffer_rc (*random)(struct coffer_session *s, void *out, size_t len);
};

/* alive.c: 0 or -EOWNERDEAD in a process that did not open the context. */
coffer_rc context_check(const struct coffer *ctx);

static inline unsigned int context_count(const struct coffer *ctx)
{
	return __atomic_load_n(&ctx->count, __ATOMIC_ACQUIRE);
}

/* ---- nodes.c ------------------------------------------------------------------------------ */
/* The highest N of all /dev/cofferN, -1 if there is none. */
coffer_rc nodes_last(int *last);
char *node_name(int n);			/* free(); NULL: no memory */
/* Take cards in that have come since the context was opened. */
void nodes_look(struct coffer *ctx);

/* ---- card.c ------------------------------------------------------------------------------- */
coffer_rc card_init(struct coffer_card *card, struct coffer *ctx, unsigned int index,
		    const char *name);
void card_open(struct coffer_card *card);
void card_exit(struct coffer_card *card);
/* The same for a card that could not be opened at first. */
void card_retry(struct coffer_card *card);
/* Open a card again that broke (host process ended, unplugged and back). */
void card_revive(struct coffer_card *card);
/* Changes whenever the card ended its owners, or was opened again. */
uint64_t card_epoch(struct coffer_card *card);
uint32_t card_generation(struct coffer_card *card);
/* Every command goes through here, in the context's time. *reply_len: room in, bytes out, 0 on
 * failure.
 */
coffer_rc card_call(struct coffer_card *card, const struct transport_call *call,
		    size_t *reply_len);
/* End the running commands of that cookie early. -ENOENT: there is none. */
coffer_rc card_cancel(struct coffer_card *card, uint64_t cookie);
coffer_rc card_exec(struct coffer_card *card, uint16_t opcode, const void *req, size_t req_len,
		    void *reply, size_t *reply_len);

/* A reply of any length. */
struct reply {
	uint8_t *data;
	size_t len;
};
void reply_free(struct reply *reply);	/* wipes; may be called on a failed one */
/* @ms: that it may take, 0 = the command's own time. */
coffer_rc card_exec_reply(struct coffer_card *card, uint16_t opcode, unsigned int ms,
			  struct msg_out *req, struct reply *reply);
coffer_rc card_identify(struct coffer_card *card, unsigned int ms,
			struct coffer_card_details *out);

/* ---- session.c ------------------------------------------------------------------------------ */
/*
 * 0, or -EOPNOTSUPP for a group's session: policies, domains, initialisation, cloning and the
 * like are a partition's own matter. The one place that decides so.
 */
coffer_rc session_direct(const struct coffer_session *s);
/* All of them wipe and free the request, also on failure. */
coffer_rc session_exec(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
		       void *reply, size_t *reply_len);
/* The reply is exactly `size` bytes (0: none), else -EIO. */
coffer_rc session_exec_fixed(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
			     void *reply, size_t size);
coffer_rc session_exec_reply(struct coffer_session *s, uint16_t opcode, struct msg_out *req,
			     struct reply *reply);
/*
 * A list of rows of the session's partition, each taken over into an item of *list, which is
 * zeroed before and freed by the caller with free(). On an error *list is NULL, *count 0.
 */
coffer_rc session_list(struct coffer_session *s, uint16_t opcode, size_t row_size,
		       void (*take)(void *item, const uint8_t *row), void **list,
		       size_t item_size, size_t *count);
/*
 * Opens one on a card that is not known to be broken, and does not bring that back. @ms: how long
 * it may take, 0 = the command's own time; it limits the opening alone.
 */
coffer_rc session_new(struct coffer_card *card, uint32_t partition, bool rw, unsigned int ms,
		      struct coffer_session **session);
/* A request that begins with coffer_req_session. */
void session_request(const struct coffer_session *s, struct msg_out *req);

/* ---- The data plane on one card, by file: see struct session_ops --------------------------- */
void direct_close(struct coffer_session *s);
coffer_rc direct_cancel(struct coffer_session *s);
coffer_rc direct_login(struct coffer_session *s, enum coffer_role role, const char *pin,
		       size_t pin_len, bool *must_change);
coffer_rc direct_logout(struct coffer_session *s);
coffer_rc direct_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change);
coffer_rc direct_roles(struct coffer_session *s, struct coffer_role_state **list, size_t *count);
coffer_rc direct_info(struct coffer_session *s, struct coffer_partition_details *out);
coffer_rc direct_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
			    size_t *count);
coffer_rc direct_find(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		      const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out);
coffer_rc direct_get(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
		     size_t n_wanted, struct coffer_objects *out);
coffer_rc direct_set(struct coffer_session *s, uint32_t handle, const struct coffer_attr *tmpl,
		     size_t n);
coffer_rc direct_create(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
			uint32_t *handle);
coffer_rc direct_destroy(struct coffer_session *s, uint32_t handle);
coffer_rc direct_generate(struct coffer_session *s, uint32_t mechanism,
			  const struct coffer_attr *tmpl, size_t n, uint32_t *handle);
coffer_rc direct_generate_pair(struct coffer_session *s, uint32_t mechanism,
			       const struct pair_template *t, uint32_t handles[2]);
coffer_rc direct_use(struct coffer_session *s, const struct session_use *use, size_t *out_len);
coffer_rc direct_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
			size_t data_len, void *out, size_t *out_len);
coffer_rc direct_random(struct coffer_session *s, void *out, size_t len);

/* object.c: CKA_LABEL for people, without what a terminal might act on */
void label_clean(char *to, size_t room, const struct coffer_object *from);

/* template.c: as the blob of an init */
void template_put(struct msg_out *req, const struct coffer_template *t);

/* slot.c */
unsigned int slot_number(unsigned int card, uint32_t card_flags, uint32_t partition);
/* Partitions' slots without groups, sorted; free() the list. */
coffer_rc slots_physical(struct coffer *ctx, struct coffer_slot **list, size_t *count);
/* coffer_partitions(), each of whose commands may take @ms, 0 = its own time. */
coffer_rc card_partitions(struct coffer_card *card, unsigned int ms, struct coffer_slot **list,
			  size_t *count);
coffer_rc slot_physical(struct coffer *ctx, unsigned int slot, struct coffer_slot *out);
/* Those of @more that are slots; -ENOMEM leaves the list as it was. */
coffer_rc slots_append(struct coffer_slot **list, size_t *count, const struct coffer_slot *more,
		       size_t n);
void slots_sort(struct coffer_slot *list, size_t count);
/*
 * ha_list.c: groups as slots; physical: what slots_physical() gave. *hide: only groups are to be
 * seen.
 */
coffer_rc ha_slots(struct coffer *ctx, const struct coffer_slot *physical, size_t n,
		   struct coffer_slot **list, size_t *count, bool *hide);
void slot_from_row(struct coffer_slot *slot, const struct coffer_card *card,
		   const struct coffer_partition_row *row,
		   const struct coffer_card_details *details);

/* spawn.c */
/* Path of coffer-card-host; free() it. NULL: search PATH for "coffer-card-host". */
char *spawn_card_host(void);
struct spawn_fds {
	int in, out, err;		/* -1: /dev/null, and for err: as the caller's */
	int keep;			/* stays open under its own number, or -1 */
};
/* 0 or -errno. */
int spawn(const char *program, char *const argv[], const struct spawn_fds *fds, pid_t *pid);
/* Wait for its end; its exit status, or 128 + signal. */
int spawn_wait(pid_t pid);
/* It should end now that its input is closed: wait a moment, then tell it to. */
void spawn_end(pid_t pid);

/* manufacture.c: runs coffer-card-host; 0 or -errno. in_fd: its input, or -1. *out (may be NULL,
 * free() it) gets what it said when all went well, *text (may be NULL) one line when not.
 */
coffer_rc host_do(char *const argv[], int in_fd, char **out, char **text);
/* The same rc, told more of by what there is: @from has to be, the result must not have been. */
coffer_rc host_errno_seen(coffer_rc rc, const char *from, bool to_was_there);

/* A line of text for people, or NULL when there is no memory. */
char *text_of(const char *format, ...) __attribute__((format(printf, 1, 2)));
void text_set(char **text, char *line);	/* takes over line; text may be NULL */

/* The command's row in contract 2, or NULL. */
struct command_row {
	uint16_t opcode;
	uint16_t flags;
	uint32_t timeout_ms;
	const char *name;
};
const struct command_row *command_find(uint16_t opcode);

#endif /* LIB_LIB_H */
