/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For the cloning tests: cards in a temporary folder, driven through fw.h as any host would,
 * and a relay whose every message can be looked at and changed between two steps.
 */
#ifndef CLONE_PAIR_H
#define CLONE_PAIR_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attr.h"
#include "clone.h"
#include "fw.h"
#include "wire.h"

/* Statuses above 2^31 are negative enumerators: both sides as what the wire carries. */
#define assert_u32(got, want)	assert_int_equal((uint32_t)(got), (uint32_t)(want))
#define assert_not_u32(got, bad) assert_int_not_equal((uint32_t)(got), (uint32_t)(bad))

struct test_card {
	char dir[256];
	const char *profile;		/* as asked for */
	bool plain;			/* nothing special: may be used by another test */
	bool idle;			/* is not in use now */
	struct fw_card *card;
	uint64_t owner;
	uint32_t admin;			/* session of the HSM SO */
	uint32_t part;			/* id of the partition in use */
	uint32_t session;		/* read/write, CO logged in */
};

struct test_how {
	const char *profile;		/* NULL = "coffer" */
	const char *domain;		/* NULL = "red" */
	bool slow_kdf;			/* not the test cost */
	const char *root_key_file;
	const char *root_cert_file;
};

#define PIN_SO		"so-password"
#define PIN_PO		"po-password"
#define PIN_CO		"co-password"
#define PIN_CU		"cu-password"

/*
 * A card with one initialised partition and a CO logged in. Fails the test when it cannot.
 * A card that was given back is used again with a new partition; tests see no difference.
 */
struct test_card *tc_make(const struct test_how *how);
struct test_card *tc_simple(const char *profile, const char *domain);
void tc_free(struct test_card *card);
void tc_off(struct test_card *card);
void tc_on(struct test_card *card);		/* power, owner, CO login */
/* One more partition on the card, made the same way; the card's session moves to it. */
void tc_add_partition(struct test_card *card, const char *domain);
uint32_t tc_init_partition(struct test_card *card, const char *domain);
uint32_t tc_login(struct test_card *card, uint32_t session, enum coffer_role role,
		    const char *pin);
uint32_t tc_open_session(struct test_card *card, uint64_t owner, uint32_t part);
uint64_t tc_open_owner(struct test_card *card);
void tc_policy_set(struct test_card *card, bool hsm, uint32_t id, uint32_t value);
/* By a PO of another owner: contexts of the card's own go on. */
void tc_suite_set(struct test_card *card, uint32_t id, bool on);
void tc_suites_off(struct test_card *card);	/* all of CPv4: CPv3 is left */

/* The uptime of all cards, from now on. Contexts last an hour. */
void tc_jump(unsigned int seconds);
void tc_forgive(void);				/* long enough for up to 20 failed proofs */

/* ---- Commands ---------------------------------------------------------------------------- */

struct call {
	struct wire_out req;
	struct wire_in rep;
	uint32_t rep_len;
	uint8_t req_buf[COFFER_CMD_MAX_PAYLOAD];
	uint8_t rep_buf[COFFER_CMD_MAX_PAYLOAD];
};

struct call *call_new(void);			/* freed with free() */
void call_begin(struct call *c, uint32_t session);
uint32_t call_as(struct test_card *card, uint64_t owner, struct call *c, uint16_t opcode);
/* With so little room for the reply. */
uint32_t call_short(struct test_card *card, struct call *c, uint16_t opcode, uint32_t room);
uint32_t call_run(struct test_card *card, struct call *c, uint16_t opcode);

/* ---- Objects ----------------------------------------------------------------------------- */

uint32_t tc_make_aes(struct test_card *card, const char *label);
uint32_t tc_make_value(struct test_card *card, const char *label, bool is_private,
			   const void *value, size_t len);	/* CKO_DATA */
uint32_t tc_make_secret(struct test_card *card, const char *label, const void *value,
			    size_t len);			/* generic secret */
uint32_t tc_make_cert(struct test_card *card, const char *label);
void tc_make_pair(struct test_card *card, uint32_t mechanism, const char *label,
		      uint32_t *public_key, uint32_t *private_key);
void tc_make_rsa(struct test_card *card, uint32_t bits, const char *label,
		 uint32_t *public_key, uint32_t *private_key);
/* All readable attributes; caller frees the set. */
void tc_read(struct test_card *card, uint32_t handle, struct attrs *set);
uint32_t tc_count(struct test_card *card);
uint32_t tc_list(struct test_card *card, uint32_t *handles, uint32_t max);

/* ---- The relay --------------------------------------------------------------------------- */

struct msg {
	size_t len;
	uint8_t p[CLONE_MSG_MAX];
};

struct run {
	struct test_card *s;
	struct test_card *t;
	uint32_t session_s;		/* sessions that carry the contexts */
	uint32_t session_t;
	uint32_t context_s;
	uint32_t context_t;
	uint32_t protocol;
	uint32_t suite;
	bool invited;			/* the source begins, with m0: CPv3 */
	struct msg m0, m1, m2, m3, m4, m5;
};

struct run *run_new(struct test_card *s, struct test_card *t);	/* freed with free() */
uint32_t run_invite(struct run *r);		/* sets invited */
uint32_t run_start(struct run *r);
uint32_t run_answer(struct run *r);
uint32_t run_confirm(struct run *r);
uint32_t run_verify(struct run *r);
uint32_t run_accept(struct run *r);
/* The step that makes message 0 to 4, and 5 for the last; only invited runs have a step 0. */
#define RUN_STEPS 6
uint32_t run_step(struct run *r, int message);
struct msg *run_message(struct run *r, int message);
uint32_t run_negotiate(struct run *r);		/* all of them */
uint32_t run_clever(struct run *r);		/* and with m0 when it does not go without */
uint32_t run_finish(struct run *r);
uint32_t run_close(struct run *r, bool with_m5, uint32_t *sent, uint32_t *received,
		   uint32_t *missing);
void run_give_up(struct run *r);		/* both contexts, whatever they are */

struct test_blob {
	uint32_t verdict;
	size_t len;
	uint8_t *p;
};

/* Up to count; how many came. Blobs are freed with blobs_free. */
uint32_t run_extract(struct run *r, const uint32_t *handles, uint32_t count,
		     struct test_blob *blobs, uint32_t *got);
uint32_t run_insert(struct run *r, const struct test_blob *blobs, uint32_t count,
		    uint32_t *verdicts, uint32_t *handles);
/* One blob in: its verdict, or the command's when that is not OK. */
uint32_t run_insert_one(struct run *r, const void *blob, size_t len, uint32_t *handle);
void blobs_free(struct test_blob *blobs, uint32_t count);
/* The whole clone of one object: verdict, and the handle on the target. */
uint32_t clone_one(struct test_card *s, struct test_card *t, uint32_t handle,
		   uint32_t *new_handle);

#endif /* CLONE_PAIR_H */
