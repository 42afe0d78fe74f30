/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The card's non-volatile memory: a small file that stands for what a real card keeps inside
 * its tamper boundary. One factory block, written once, and two slots for the state that
 * changes, written in turns: a torn write leaves the other slot. Every change is durable before
 * the call returns. All calls but nv_create, nv_open and nv_close may come from any thread.
 */
#ifndef FW_NV_H
#define FW_NV_H

#include "card.h"

#define PROFILE_NAME_MAX	15

struct nv_factory {
	uint64_t serial;
	uint64_t made_ms;
	char profile[PROFILE_NAME_MAX + 1];
	char label[LABEL_MAX + 1];
	bool kdf_test;
	bool test_root;
	bool ped;			/* multifactor authentication */
	bool limited;			/* to the model's speed */
	struct identity identity;
};

/* What power-on has still to do, because power went away in the middle of an erasure. */
enum nv_clear { NV_CLEAR_NONE, NV_CLEAR_ZEROIZE, NV_CLEAR_FACTORY };

struct nv;

/* 0 or -errno; nv_open: -ENOENT, -EBADMSG (no valid slot), -ENOTSUP (newer). */
int nv_create(const char *dir, const struct nv_factory *factory, const uint8_t key[KEY_LEN]);
int nv_open(const char *dir, struct nv **nv);
void nv_close(struct nv *nv);

const struct nv_factory *nv_factory(const struct nv *nv);
void nv_card_key(struct nv *nv, uint8_t key[KEY_LEN]);

/*
 * The store is at least this new. nv_note only remembers it: the next thing that is written,
 * such as an attempt to log in, takes it along. nv_mark writes it.
 */
uint64_t nv_commit_mark(struct nv *nv);
void nv_note(struct nv *nv, uint64_t commit_number);
int nv_mark(struct nv *nv, uint64_t commit_number);

/*
 * The key of what outlives every erasure: the clock, the audit log and its Auditor. Made at the
 * first power-on; nv_life_key_set: 0 or -errno.
 */
bool nv_life_key(struct nv *nv, uint8_t key[KEY_LEN]);
int nv_life_key_set(struct nv *nv, const uint8_t key[KEY_LEN]);

/* The audit log has at least so many records: likewise written with the next thing. */
uint64_t nv_audit_mark(struct nv *nv);
void nv_audit_note(struct nv *nv, uint64_t number);

/* The tamper latch. nv_tamper: destroys the card key, too, if there is a @new_key. */
bool nv_tampered(struct nv *nv);
int nv_tamper(struct nv *nv, const uint8_t *new_key);
int nv_tamper_clear(struct nv *nv);

/*
 * Firmware update. nv_update decides, in one write: from then on the card has the profile @name.
 * Until nv_update_done power-on finishes what the decision implies, from the profile that
 * nv_update_from names (NULL: nothing to finish). Nothing takes the version back.
 */
const char *nv_profile(struct nv *nv);
const char *nv_update_from(struct nv *nv);
uint32_t nv_fw_version(struct nv *nv);		/* highest ever decided for; 0: never updated */
bool nv_clock_wanted(struct nv *nv);
struct nv_update {
	const char *from;
	const char *to;
	uint32_t fw_version;
	bool clock_wanted;			/* CPv4 waits until the SO has set the clock */
};
int nv_update(struct nv *nv, const struct nv_update *u);
int nv_update_done(struct nv *nv);

/* Failed logins. nv_attempt counts one before the check and says how many there are now. */
int nv_attempt(struct nv *nv, uint32_t part, enum coffer_role role, uint32_t *count);
int nv_attempts_reset(struct nv *nv, uint32_t part, enum coffer_role role);
uint32_t nv_attempts(struct nv *nv, uint32_t part, enum coffer_role role);

/*
 * Failed domain proofs. When they were is not kept: no clock is trusted over power cycles.
 * nv_clone_failed: so many of the old ones are forgiven, and one is added. nv_clone_good: one
 * less.
 */
int nv_clone_failed(struct nv *nv, uint32_t part, uint32_t forgiven);
int nv_clone_good(struct nv *nv, uint32_t part);
uint32_t nv_clone_failures(struct nv *nv, uint32_t part);

/* Forget all counters of a partition: it was initialised anew or deleted. */
int nv_part_reset(struct nv *nv, uint32_t part);

/* Destroy the card key: everything sealed in the store is lost with it. The Auditor's failures
 * stay: who may erase a card must not get free guesses by it.
 */
int nv_zeroize(struct nv *nv, const uint8_t new_key[KEY_LEN], enum nv_clear what);
enum nv_clear nv_pending(struct nv *nv);
/*
 * How often a key was destroyed since power-on. nv_clear_done: the rows of the erasure with that
 * number are gone; does nothing when the key was destroyed once more since.
 */
uint32_t nv_erasures(struct nv *nv);
int nv_clear_done(struct nv *nv, uint32_t erasure);

#endif /* FW_NV_H */
