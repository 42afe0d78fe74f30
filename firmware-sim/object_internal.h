/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by object*.c, keygen.c, use.c and mechanism.c only. */
#ifndef FW_OBJECT_INTERNAL_H
#define FW_OBJECT_INTERNAL_H

#include "object.h"

#define OBJECT_SIZE_MAX	(48 * 1024)	/* encoded attributes: a clone must fit in a payload */
#define MECHANISMS_MAX	16		/* in CKA_ALLOWED_MECHANISMS */
#define UNAVAILABLE	UINT64_MAX	/* CK_UNAVAILABLE_INFORMATION */

/* CKF_* of CK_MECHANISM_INFO, as in struct profile_mechanism. */
#define MECH_ENCRYPT	0x00000100
#define MECH_DECRYPT	0x00000200
#define MECH_DIGEST	0x00000400
#define MECH_SIGN	0x00000800
#define MECH_VERIFY	0x00002000
#define MECH_GENERATE	0x00008000
#define MECH_PAIR	0x00010000

uint32_t attrs_class(const struct attrs *set);		/* COFFER_CKK_NONE: absent */
uint32_t attrs_key_type(const struct attrs *set);	/* COFFER_CKK_NONE: absent */
bool class_is_key(uint32_t class);

/* ---- object_rules.c: templates against the tables -------------------------------------- */
/* Fill an object from a template. Card-made attributes are set; the rest is checked. */
uint32_t rules_create(struct cmd *c, const struct attrs *template, struct attrs *object);
/* Before generation: the template's own attributes, class and type, as far as it may say. */
uint32_t rules_generate(struct cmd *c, const struct attrs *template, uint32_t class,
			uint32_t key_type, struct attrs *object);
/* After generation: defaults, LOCAL, KEY_GEN_MECHANISM and all checks. */
uint32_t rules_generated(struct cmd *c, uint32_t mechanism, struct attrs *object);
uint32_t rules_set(struct cmd *c, const struct attrs *template, struct attrs *object);
uint32_t rules_copy(struct cmd *c, const struct attrs *template, struct attrs *object);
/* An object that comes from another card: complete, lawful, tightened where it has to be. */
uint32_t rules_arrive(struct cmd *c, struct attrs *object);

/* ---- object_check.c: what binds an object as a whole ----------------------------------- */
uint32_t check_usage(const struct cmd *c, const struct attrs *object);
uint32_t check_values(const struct attrs *object);
/* False: its value could be read (not sensitive, extractable), and policy 1 (private keys), 5
 * (secret keys) or FIPS mode forbids that.
 */
bool check_readable(const struct cmd *c, const struct attrs *object);
/* Policy 40: a private or secret key has to have authorization data. */
uint32_t check_new_key(const struct cmd *c, const struct attrs *object);
/* Policy 39: may a template say from when to when a key is good? */
uint32_t check_dates_given(const struct cmd *c, const struct attrs *template);
/* YYYYMMDD as a number; 0: not said. */
uint32_t attrs_date(const struct attrs *set, uint32_t type);
/* A valid key of a size that profile and FIPS mode allow. *key may be NULL for data. */
uint32_t check_key(struct cmd *c, const struct attrs *object);
/* May this role create, change or delete it? */
uint32_t check_write(const struct cmd *c, const struct attrs *object);
bool role_sees_private(const struct cmd *c);

/* ---- object_seal.c --------------------------------------------------------------------- */
uint32_t object_finish(struct cmd *c, struct object *o);	/* OUID, level, fingerprint */
/* Tag of CKA_LABEL or CKA_ID; zero when absent or empty. */
uint32_t object_tag(struct cmd *c, uint32_t type, const struct attr *a,
		    uint8_t tag[STORE_TAG_LEN]);

/* ---- object_table.c: session objects and changes under way, per card ------------------- */
struct object_table;
struct object_table *object_table_of(struct cmd *c);		/* NULL: no memory */
struct session_object;
/* Not yet visible, but its place and handle are certain. Takes the attributes over.
 * MAX_OBJECT_COUNT_EXCEEDED.
 */
uint32_t session_object_new(struct cmd *c, struct object *o, struct session_object **so);
void session_object_drop(struct session_object *so);
uint32_t session_object_publish(struct cmd *c, struct session_object *so, uint32_t *handle);
uint32_t session_object_load(struct cmd *c, uint32_t handle, struct object *o);
uint32_t session_object_replace(struct cmd *c, uint32_t handle, struct attrs *attrs);
uint32_t session_object_destroy(struct cmd *c, uint32_t handle);
/* Those that this owner may see here, ascending above @after, until @each says false. The
 * object is a copy, lent; no lock is held. DEVICE_MEMORY.
 */
uint32_t session_object_each(struct cmd *c, uint32_t after,
			     bool (*each)(void *opaque, const struct object *o), void *opaque);
/*
 * One command at a time may change or delete an object: a second one, computed from the same
 * old state, would undo one-way flags. Waits; ended by object_unlock, also in after().
 */
uint32_t object_lock(struct cmd *c, uint32_t handle);
void object_unlock(struct cmd *c, uint32_t handle);

/* ---- object_cache.c: ready keys -------------------------------------------------------- */
struct cached_key {
	struct crypto_key *key;		/* referenced for the caller */
	uint32_t class;
	uint32_t type;
	uint32_t usage;			/* USAGE_* */
	bool is_private;
	bool local;
	uint32_t start, end;		/* days as YYYYMMDD, both included; 0: open */
	uint32_t allowed_count;
	uint32_t allowed[MECHANISMS_MAX]; /* CKA_ALLOWED_MECHANISMS, when count is not 0 */
};
#define USAGE_ENCRYPT	0x01
#define USAGE_DECRYPT	0x02
#define USAGE_SIGN	0x04
#define USAGE_VERIFY	0x08
struct key_cache;
struct key_cache *key_cache_new(void);
void key_cache_free(struct key_cache *cache);
void key_cache_drop(struct key_cache *cache, uint32_t part, uint32_t handle);
void key_cache_drop_part(struct key_cache *cache, uint32_t part);	/* 0 = all */
/* A key that is referenced for the caller; @removals is for a later keep. */
bool key_cache_look(struct cmd *c, struct key_cache *cache, uint32_t handle,
		    struct cached_key *found, uint64_t *removals);
/* Unless something was removed since the look: what was read may be old. */
void key_cache_keep(struct cmd *c, struct key_cache *cache, uint32_t handle,
		    const struct cached_key *k, uint64_t removals);

/* ---- object_key.c ---------------------------------------------------------------------- */
struct key_cache *object_table_cache(struct object_table *t);
/* KEY_HANDLE_INVALID for what is not there, not visible, or no key. Put the key after use. */
uint32_t key_find(struct cmd *c, uint32_t handle, struct cached_key *found);
void key_forget(struct cmd *c, uint32_t handle);

/* ---- mechanism.c ----------------------------------------------------------------------- */
/* Is it offered here, for this operation (MECH_*)? MECHANISM_INVALID. */
uint32_t mechanism_check(const struct cmd *c, uint32_t mechanism, uint32_t operation);
/* KEY_SIZE_RANGE; @bits of the key, which is symmetric or not. */
uint32_t mechanism_size(const struct cmd *c, uint32_t mechanism, uint32_t key_type,
			unsigned int bits);
/* The mechanism that makes keys of this type; false: the cards know none. */
bool mechanism_of_type(uint32_t key_type, uint32_t *mechanism);
/* The mechanism whose sizes hold for keys of this type however they were made; UINT32_MAX: none. */
uint32_t mechanism_of_key(uint32_t key_type);

/* ---- object_place.c -------------------------------------------------------------------- */
/* Seal or keep one or two new objects, and reply their handles (with token objects after the
 * commit). The attributes are taken over; the caller still frees the objects.
 */
uint32_t objects_place(struct cmd *c, struct object *list, uint32_t count);

/* ---- object_show.c --------------------------------------------------------------------- */
/* u32[] of at most ATTRS_MAX types; the last item of a request. */
struct wanted {
	uint32_t count;
	uint32_t types[ATTRS_MAX];
};
bool wanted_parse(struct wire_in *in, struct wanted *wanted);
/* Does its value stay inside the card? */
bool object_hides(const struct object *o, uint32_t type);
/* A blob of attributes in the order wanted, as this caller may see them. */
uint32_t object_show(struct cmd *c, const struct object *o, const struct wanted *wanted);

#endif /* FW_OBJECT_INTERNAL_H */
