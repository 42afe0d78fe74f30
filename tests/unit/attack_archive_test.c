// SPDX-License-Identifier: BSD-3-Clause
/*
 * Attacks on archive files: whoever has the file may change, cut, mix and replay it, own genuine
 * cards that it is not for, and know the domain. Nothing is stored but what its source wrote.
 */
#include "archive_bench.h"
#include "clone_two.h"

#define OBJECTS	3

static int make_cards(void **state)
{
	make_pair(state);
	for (int i = 0; i < OBJECTS; i++)
		tc_make_aes(s, "k");
	return 0;
}

/* ---- Who is it for? ---------------------------------------------------------------------- */

static void the_domain_alone_opens_nothing(void **state)
{
	struct test_card *other = tc_simple(NULL, "red");
	struct archive *a = ar_write(s, t, NULL);
	uint32_t failures, wait;

	(void)state;
	assert_u32(ar_open(a, other), COFFER_ST_ARCHIVE_RECIPIENT);
	/* The source itself is none either, unless it is named. */
	assert_u32(ar_open(a, s), COFFER_ST_ARCHIVE_RECIPIENT);
	ar_state(other, &failures, &wait);
	assert_u32(failures, 0);
	ar_free(a);
	tc_free(other);
}

static void the_card_alone_opens_nothing(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct archive *a = ar_write(s, blue, NULL);
	uint32_t failures, wait;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		assert_u32(ar_open(a, blue), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
		ar_state(blue, &failures, &wait);
		assert_u32(failures, i);
	}
	assert_in_range(wait, 1, 1000);
	assert_u32(ar_open(a, blue), COFFER_ST_CLONE_THROTTLED);
	tc_off(blue);
	tc_on(blue);
	assert_u32(ar_open(a, blue), COFFER_ST_CLONE_THROTTLED);
	tc_jump(2);
	assert_u32(ar_open(a, blue), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	ar_state(blue, &failures, &wait);
	assert_u32(failures, 4);
	tc_forgive();
	ar_free(a);
	tc_free(blue);
}

/* A good file takes back its own attempt and no other. */
static void good_files_forgive_nothing(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct archive *bad = ar_write(s, blue, NULL), *good = ar_write(blue, blue, NULL);
	uint32_t failures, wait;

	(void)state;
	assert_u32(ar_open(bad, blue), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	assert_u32(ar_verify(good, blue), COFFER_ST_OK);
	ar_state(blue, &failures, &wait);
	assert_u32(failures, 1);
	tc_forgive();
	ar_free(bad);
	ar_free(good);
	tc_free(blue);
}

/* ---- Changed bits ------------------------------------------------------------------------ */

static void flips_of_the_head(void **state)
{
	struct archive *a = ar_write(s, t, s);
	uint32_t failures, wait, st;

	(void)state;
	for (size_t i = 0; i < a->r->m1.len; i++) {
		a->r->m1.p[i] ^= (uint8_t)(1u << i % 8);
		st = ar_open(a, t);
		assert_not_u32(st, COFFER_ST_OK);
		if (i == 4 && a->r->m1.p[i] > CLONE_VERSION)
			assert_u32(st, COFFER_ST_ARCHIVE_VERSION);
		a->r->m1.p[i] ^= (uint8_t)(1u << i % 8);
	}
	/* No change makes the card try its domain: nobody can make it wait. */
	ar_state(t, &failures, &wait);
	assert_u32(failures, 0);
	assert_u32(ar_verify(a, t), COFFER_ST_OK);
	ar_free(a);
}

static void a_newer_version_is_named(void **state)
{
	struct archive *a = ar_write(s, t, NULL);

	(void)state;
	a->r->m1.p[4] = CLONE_VERSION + 1;
	assert_u32(ar_open(a, t), COFFER_ST_ARCHIVE_VERSION);
	a->r->m1.p[4] = 0;
	assert_u32(ar_open(a, t), COFFER_ST_CPV4_MSG_ERROR);
	a->r->m1.p[4] = CLONE_VERSION;
	assert_u32(ar_open(a, t), COFFER_ST_OK);
	ar_free(a);
}

static void flips_of_the_end(void **state)
{
	struct archive *a = ar_write(s, t, NULL);
	uint32_t verdicts[OBJECTS];

	(void)state;
	for (size_t i = 0; i < a->r->m5.len; i++) {
		assert_u32(ar_open(a, t), COFFER_ST_OK);
		assert_u32(ar_read(a, a->blobs, OBJECTS, verdicts), COFFER_ST_OK);
		a->r->m5.p[i] ^= (uint8_t)(1u << i % 8);
		assert_u32(ar_check(a), COFFER_ST_BAD_MAC);
		a->r->m5.p[i] ^= (uint8_t)(1u << i % 8);
		/* A list that was once wrong is not asked about again. */
		assert_u32(ar_check(a), COFFER_ST_SESSION_ID_INVALID);
	}
	assert_u32(ar_verify(a, t), COFFER_ST_OK);
	ar_free(a);
}

/* In the first reading, and in the second, after the list was found good. */
static void flips_of_a_blob(void **state)
{
	struct archive *a = ar_write(s, t, NULL);
	struct test_blob *b = &a->blobs[0];
	uint32_t verdict, stored;

	(void)state;
	for (int pass = 0; pass < 2; pass++) {
		assert_u32(pass ? ar_verify(a, t) : ar_open(a, t), COFFER_ST_OK);
		for (size_t i = 0; i < b->len; i++) {
			b->p[i] ^= (uint8_t)(1u << i % 8);
			if (pass)
				verdict = run_insert_one(a->r, b->p, b->len, NULL);
			else
				assert_u32(ar_read(a, b, 1, &verdict), COFFER_ST_OK);
			assert_u32(verdict, COFFER_ST_BAD_MAC);
			b->p[i] ^= (uint8_t)(1u << i % 8);
		}
		assert_u32(tc_count(t), 0);
		run_give_up(a->r);
	}
	assert_u32(ar_import(a, t, &stored), COFFER_ST_OK);
	assert_u32(stored, OBJECTS);
	ar_free(a);
}

/* ---- Lists ------------------------------------------------------------------------------- */

/* Reads these of @a's blobs (indices), then the end: its verdict. */
static uint32_t read_list(struct archive *a, const int *which, uint32_t count)
{
	uint32_t verdict, refused = COFFER_ST_OK;

	assert_u32(ar_open(a, t), COFFER_ST_OK);
	for (uint32_t i = 0; i < count; i++) {
		assert_u32(ar_read(a, &a->blobs[which[i]], 1, &verdict), COFFER_ST_OK);
		refused = refused ? refused : verdict;
	}
	verdict = ar_check(a);
	return verdict ? verdict : refused;
}

static void lists_that_are_not_the_list(void **state)
{
	struct archive *a = ar_write(s, t, NULL), *other = ar_write(s, t, NULL);
	uint32_t verdict;

	(void)state;
	assert_u32(read_list(a, (int[]){ 0, 1 }, 2), COFFER_ST_MAC_MISSING);
	assert_u32(read_list(a, (int[]){ 1, 2 }, 2), COFFER_ST_MAC_MISSING);
	assert_u32(read_list(a, (int[]){ 0, 2 }, 2), COFFER_ST_MAC_MISSING);
	assert_u32(read_list(a, NULL, 0), COFFER_ST_MAC_MISSING);
	assert_u32(read_list(a, (int[]){ 1, 0, 2 }, 3), COFFER_ST_MAC_MISSING);
	assert_u32(read_list(a, (int[]){ 0, 1, 1, 2 }, 4), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(read_list(a, (int[]){ 0, 1, 2 }, 3), COFFER_ST_OK);
	/* Of another file of the same partition, for the same card, by the same domain. */
	run_give_up(a->r);
	assert_u32(ar_open(a, t), COFFER_ST_OK);
	assert_u32(ar_read(a, &other->blobs[0], 1, &verdict), COFFER_ST_OK);
	assert_u32(verdict, COFFER_ST_BAD_MAC);
	for (int i = 0; i < OBJECTS; i++)
		assert_u32(ar_read(a, &a->blobs[i], 1, &verdict), COFFER_ST_OK);
	a->r->m5 = other->r->m5;
	assert_u32(ar_check(a), COFFER_ST_BAD_MAC);
	assert_u32(tc_count(t), 0);
	ar_free(a);
	ar_free(other);
}

static void nothing_is_stored_of_a_list_unproven(void **state)
{
	struct archive *a = ar_write(s, t, NULL);
	uint32_t verdicts[OBJECTS], n[3];

	(void)state;
	assert_u32(ar_open(a, t), COFFER_ST_OK);
	assert_u32(run_insert_one(a->r, a->blobs[0].p, a->blobs[0].len, NULL),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* Out of order: the context is void. */
	assert_u32(ar_read(a, a->blobs, OBJECTS, verdicts), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(tc_count(t), 0);
	/* Nor may a file be closed in the middle as if it were at its end. */
	assert_u32(ar_open(a, t), COFFER_ST_OK);
	assert_u32(run_close(a->r, true, &n[0], &n[1], &n[2]),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	ar_free(a);
}

/* ---- Forgeries --------------------------------------------------------------------------- */

/* A genuine card signs the head of another one's file with its own name and certificate. */
static void whose_head_is_it(void **state)
{
	struct archive *a = ar_write(s, t, NULL);
	struct test_card *rogue = tc_simple(NULL, "blue");
	struct archive *b = ar_write(rogue, t, NULL);
	struct clone_msg ma, mb;

	(void)state;
	assert_u32(clone_msg_parse((struct bytes){ a->r->m1.p, a->r->m1.len }, CLONE_HEAD, 0,
				   &ma), 0);
	assert_u32(clone_msg_parse((struct bytes){ b->r->m1.p, b->r->m1.len }, CLONE_HEAD, 0,
				   &mb), 0);
	/* The recipient's part of one file under the head of the other. */
	memcpy((uint8_t *)mb.recipients.p, ma.recipients.p, ma.recipients.len);
	assert_u32(ar_open(b, t), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* The signature of one file under the other's. */
	memcpy((uint8_t *)ma.sig.p, mb.sig.p, CRYPTO_DEVICE_SIG);
	assert_u32(ar_open(a, t), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* Another serial number over a genuine certificate. */
	((uint8_t *)ma.core.p)[CLONE_MSG_HEADER + 8] ^= 1;
	assert_u32(ar_open(a, t), COFFER_ST_CERTIFICATE_DATA_INVALID);
	ar_free(a);
	ar_free(b);
	tc_free(rogue);
}

static void an_hour_or_new_keys_end_it(void **state)
{
	struct archive *a = ar_write(s, t, NULL);
	uint32_t verdict;

	(void)state;
	assert_u32(ar_open(a, t), COFFER_ST_OK);
	tc_jump(3601);
	assert_u32(ar_read(a, a->blobs, 1, &verdict), COFFER_ST_SESSION_EXPIRED);
	/* A suite has nothing to do with it. */
	tc_suites_off(t);
	assert_u32(ar_verify(a, t), COFFER_ST_OK);
	/* New keys of the partition: what is open is void. */
	tc_policy_set(t, false, 4, 0);
	assert_not_u32(run_insert_one(a->r, a->blobs[0].p, a->blobs[0].len, NULL), COFFER_ST_OK);
	assert_u32(tc_count(t), 0);
	ar_free(a);
}

static uint32_t digest(struct test_card *card, uint32_t session, uint32_t context)
{
	struct call *c = call_new();
	uint32_t st, handles[OBJECTS];

	assert_true(tc_list(card, handles, OBJECTS));
	call_begin(c, session);
	wire_put_u32(&c->req, context);
	wire_put_u32(&c->req, 1);
	wire_put_u32(&c->req, handles[0]);
	st = call_run(card, c, COFFER_CMD_CLONE_DIGEST);
	free(c);
	return st;
}

/* Its keys last as long as the file does, so a digest would be one for ever. */
static void a_file_gives_no_digests(void **state)
{
	struct test_card *const cards[] = { t, NULL };
	struct archive *a = ar_write(s, t, NULL);
	struct run *r = run_new(s, t);
	uint32_t stored;

	(void)state;
	assert_u32(ar_import(a, t, &stored), COFFER_ST_OK);
	assert_u32(ar_open(a, t), COFFER_ST_OK);
	assert_u32(digest(t, t->session, a->r->context_t), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(ar_verify(a, t), COFFER_ST_OK);
	assert_u32(digest(t, t->session, a->r->context_t), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(ar_create(r, "", cards), COFFER_ST_OK);
	assert_u32(digest(s, s->session, r->context_s), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* Asking was an error: both are over. */
	assert_u32(run_finish(r), COFFER_ST_SESSION_ID_INVALID);
	free(r);
	ar_free(a);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make_cards, free_pair)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_domain_alone_opens_nothing),
		T(the_card_alone_opens_nothing),
		T(good_files_forgive_nothing),
		T(flips_of_the_head),
		T(a_newer_version_is_named),
		T(flips_of_the_end),
		T(flips_of_a_blob),
		T(lists_that_are_not_the_list),
		T(nothing_is_stored_of_a_list_unproven),
		T(whose_head_is_it),
		T(an_hour_or_new_keys_end_it),
		T(a_file_gives_no_digests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
