/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A group as it runs. One lock per group guards what changes (ha_group.c); no command is sent with
 * it held. change_lock is taken before it: objects are made, changed, replicated and synchronized
 * by one thread at a time.
 */
#ifndef LIB_HA_GROUP_H
#define LIB_HA_GROUP_H

#include <errno.h>

#include "ha_config.h"

/* Internal: this member has not got the object; another one may. */
#define HA_ABSENT ((coffer_rc)-ENODATA)
/* ... and: this session is older than the member's return (activeBasic). */
#define HA_STALE ((coffer_rc)-ESTALE)

struct ha_ouid {
	uint8_t bytes[COFFER_OUID_LEN];
};

struct ha_member {
	uint64_t serial;
	bool standby;
	struct coffer_card *card;	/* NULL: not found yet */
	uint32_t partition;
	bool ped;
	bool alive;
	bool entered;			/* it was we who logged in */
	unsigned int in_flight;
	uint64_t served;
	unsigned int generation;	/* counts its returns: older sessions are gone */
	unsigned int attempts;		/* to recover it, since it went down */
	struct coffer_session *control;	/* read/write; keeps the login alive; NULL: none yet */
	uint32_t *mechanisms;		/* ascending */
	size_t n_mechanisms;
	bool behind;			/* it came back while nobody could bring it up */
	struct ha_ouid *doomed;		/* destroyed while it was away */
	size_t n_doomed;
};

struct ha_handle;

struct ha_group {
	struct coffer *ctx;
	struct ha_conf_group conf;
	struct coffer_ha_settings set;
	unsigned int refs;		/* under the list's lock */
	pthread_mutex_t change_lock;
	pthread_mutex_t lock;		/* guards all below and the members */
	struct ha_member members[COFFER_HA_MEMBERS_MAX];
	size_t count;
	unsigned int turn;		/* of round robin */
	unsigned int sessions;
	enum coffer_role role;		/* logged in */
	unsigned int logins;		/* counts logins and logouts */
	bool must_change;
	struct ha_pin *pin;
	bool recovering;		/* somebody does; and then worker may be joined */
	bool worker_made;
	pthread_t worker;
	int stopping;			/* atomic: the worker should end soon */
	uint64_t next_try_ms;
	pthread_mutex_t handles_lock;	/* guards the two below */
	struct ha_handle **handles;
	size_t n_handles, handles_room;
};

/* The groups of a context. */
struct ha {
	pthread_mutex_t lock;
	struct ha_conf conf;
	struct ha_group **groups;
	size_t count;
};

struct ha_session {
	struct coffer_session base;
	struct ha_group *group;
	pthread_mutex_t lock;		/* guards the list */
	struct {
		struct coffer_session *s;
		unsigned int generation;	/* of the member, when s was opened */
		unsigned int born;		/* ... and when we were */
	} at[COFFER_HA_MEMBERS_MAX];
};

uint64_t ha_now_ms(void);
/* One line into the log, if the settings want it. */
void ha_log(const struct ha_group *g, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- ha_list.c: the groups of a context -------------------------------------------------- */
struct ha *ha_new(struct coffer *ctx);
void ha_free(struct ha *ha);
/* Read the configuration again; sessions that are open keep their groups. */
coffer_rc ha_reload(struct coffer *ctx);
/* By slot; with a reference. NULL: there is none. */
struct ha_group *ha_get(struct coffer *ctx, unsigned int slot);
void ha_put(struct ha_group *g);

/* ---- ha_group.c: members ----------------------------------------------------------------- */
struct ha_group *ha_group_new(struct coffer *ctx, const struct ha_conf_group *conf,
			      const struct coffer_ha_settings *set);
void ha_group_free(struct ha_group *g);
/* The transport's or the card's word that it cannot serve now. */
bool ha_is_break(coffer_rc rc);
void ha_mark_down(struct ha_group *g, unsigned int member, coffer_rc why);
/* The member that makes keys, or -1; @tried: bits of those that are out of the question. */
int ha_primary(struct ha_group *g, uint32_t tried);
/* The one with the fewest commands in flight, counted in until ha_done(). */
int ha_least_busy(struct ha_group *g, uint32_t tried);
void ha_done(struct ha_group *g, unsigned int member);
/* How long the member may take for a login; 0: as long as it takes. */
unsigned int ha_login_ms(struct ha_group *g, unsigned int member);
/* ... and for anything that is known to be slow. */
unsigned int ha_slow_ms(const struct ha_group *g);
/* Bits of the members that are alive. */
uint32_t ha_alive(struct ha_group *g);
/* Find the member's partition on the cards; false: it is not there. */
bool ha_locate(struct ha_group *g, unsigned int member, struct coffer_slot *slot);
/* A copy of the control session, so that it may go meanwhile. False: there is none. */
bool ha_control(struct ha_group *g, unsigned int member, struct coffer_session *copy);
/* For a session that is to be opened: -ENODEV or so if no member is there. */
coffer_rc ha_open_controls(struct ha_group *g);
coffer_rc ha_open_control(struct ha_group *g, unsigned int member);
void ha_close_controls(struct ha_group *g);
/* Does every member that was seen know the mechanism? */
bool ha_all_know(struct ha_group *g, uint32_t mechanism);

/* ---- ha_pin.c ---------------------------------------------------------------------------- */
struct ha_pin {
	size_t len;
	bool none;			/* the PED's: no PIN was given */
	char text[];
};
struct ha_pin *ha_pin_new(const char *pin, size_t len);	/* NULL: no memory to lock */
void ha_pin_free(struct ha_pin *pin);			/* wipes */
/* Of its own, to be freed; NULL: none is kept. */
struct ha_pin *ha_pin_of(struct ha_group *g);
void ha_pin_drop(struct ha_group *g);

/* ---- ha_handle.c ------------------------------------------------------------------------- */
/* The group's handle of an object; 0: no memory. The same for the same OUID. */
uint32_t ha_handle_of(struct ha_group *g, const struct ha_ouid *ouid);
bool ha_handle_ouid(struct ha_group *g, uint32_t handle, struct ha_ouid *ouid);
/* The member's own handle of it, if it was seen there; 0. */
uint32_t ha_handle_at(struct ha_group *g, uint32_t handle, unsigned int member);
void ha_handle_set(struct ha_group *g, uint32_t handle, unsigned int member, uint32_t own);
void ha_handle_forget(struct ha_group *g, uint32_t handle);
void ha_handles_forget_member(struct ha_group *g, unsigned int member);
void ha_handles_free(struct ha_group *g);
/* False: it has none. */
bool ha_ouid_get(const struct coffer_object *o, struct ha_ouid *ouid);

/* ---- ha_session.c ------------------------------------------------------------------------ */
typedef coffer_rc ha_step(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			  void *arg);
/*
 * Carry out @step on the primary, or the least busy member; on another one when that breaks or has
 * not got the object.
 */
coffer_rc ha_on_primary(struct ha_session *hs, ha_step *step, void *arg);
/* On the primary, however long it takes. */
coffer_rc ha_on_maker(struct ha_session *hs, ha_step *step, void *arg);
coffer_rc ha_on_any(struct ha_session *hs, ha_step *step, void *arg);
/* On that member; marks it down if it breaks. */
coffer_rc ha_on(struct ha_session *hs, unsigned int member, ha_step *step, void *arg);
/* What every call of a program begins with; before any lock is taken. */
coffer_rc ha_begin(struct ha_session *hs);
/*
 * Milliseconds that the member gets for a command: as long as somebody else can answer, nobody
 * waits for one that hangs. 0: as long as it takes. @tried: bits of those that are out.
 */
unsigned int ha_patience(struct ha_group *g, unsigned int member, uint32_t tried);

/* ---- ha_login.c -------------------------------------------------------------------------- */
coffer_rc ha_login(struct coffer_session *s, enum coffer_role role, const char *pin,
		   size_t pin_len, bool *must_change);
coffer_rc ha_logout(struct coffer_session *s);
coffer_rc ha_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change);
/* Who is away is logged out when it is back. Change lock held. */
void ha_logout_members(struct ha_group *g);

/* ---- ha_ask.c ---------------------------------------------------------------------------- */
coffer_rc ha_roles(struct coffer_session *s, struct coffer_role_state **list, size_t *count);
coffer_rc ha_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
			size_t *count);
coffer_rc ha_info(struct coffer_session *s, struct coffer_partition_details *out);
coffer_rc ha_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
		    size_t data_len, void *out, size_t *out_len);
coffer_rc ha_random(struct coffer_session *s, void *out, size_t len);

/* ---- ha_object.c: handles, finding, changing; ha_make.c: making -------------------------- */
coffer_rc ha_find(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		  const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out);
coffer_rc ha_get_object(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
			size_t n_wanted, struct coffer_objects *out);
coffer_rc ha_set(struct coffer_session *s, uint32_t handle, const struct coffer_attr *tmpl,
		 size_t n);
coffer_rc ha_destroy(struct coffer_session *s, uint32_t handle);
coffer_rc ha_create(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		    uint32_t *handle);
coffer_rc ha_generate(struct coffer_session *s, uint32_t mechanism,
		      const struct coffer_attr *tmpl, size_t n, uint32_t *handle);
coffer_rc ha_generate_pair(struct coffer_session *s, uint32_t mechanism,
			   const struct pair_template *t, uint32_t handles[2]);
coffer_rc ha_use(struct coffer_session *s, const struct session_use *use, size_t *out_len);
/* The handle on that member. HA_ABSENT. */
coffer_rc ha_resolve(struct ha_group *g, struct coffer_session *s, unsigned int member,
		     uint32_t handle, uint32_t *own);
/* Make sure that the handle is known, by a look at the primary if need be. */
coffer_rc ha_know(struct ha_session *hs, uint32_t handle);

/* ---- ha_plan.c --------------------------------------------------------------------------- */
/* What a synchronization has to move. */
struct ha_plan {
	size_t total;			/* objects, over all members */
	uint32_t to_primary;		/* bits of the members that have what it lacks */
	uint32_t from_primary;		/* ... of those that lack something by then */
};
/* Token objects by OUID; @members: bits, the primary's too. */
coffer_rc ha_plan(struct ha_group *g, unsigned int primary, uint32_t members,
		  struct ha_plan *out);

/* ---- ha_sync.c --------------------------------------------------------------------------- */
/* The member is to destroy it when it is back. -ENOMEM. */
coffer_rc ha_doom(struct ha_group *g, unsigned int member, const struct ha_ouid *ouid);
/* Now, at that member alone; @ms: for each command, 0 = its own time. What it lacks is no error. */
coffer_rc ha_destroy_at(struct ha_group *g, unsigned int member, const struct ha_ouid *ouid,
			unsigned int ms);
/* Destroy at that member what is doomed. */
coffer_rc ha_carry_out(struct ha_group *g, unsigned int member);
/* Bring a member up to the primary: what it lacks, what differs, what is doomed. */
coffer_rc ha_catch_up(struct ha_group *g, unsigned int from, unsigned int to);

/* ---- ha_recover.c ------------------------------------------------------------------------ */
/* An application call: perhaps it is time to try members that are down. Does not wait. */
void ha_poke(struct ha_group *g);
/* Somebody logged in: members that came back before that catch up. Change lock held. */
void ha_recover_behind(struct ha_group *g);
/* Try all members that are down, now, in this thread. */
void ha_recover_now(struct ha_group *g);
void ha_recovery_end(struct ha_group *g);

#endif /* LIB_HA_GROUP_H */
