// SPDX-License-Identifier: BSD-3-Clause
/*
 * Power cuts at random writes of the target's store while objects are cloned into it or destroyed
 * on it (quality.md A3.8): afterwards the card opens, each object is absent or complete, what was
 * acknowledged is there, what was acknowledged as destroyed is not, and no OUID is there twice.
 *
 * COFFER_CUTS: how many cuts (200). COFFER_SEED: repeats a run.
 */
#include "clone_pair.h"

#include <stdio.h>
#include <time.h>

#define OBJECTS		12
#define BATCH		5
#define CUT_WITHIN	120	/* store writes from power-on */

enum known { ABSENT, PRESENT, UNKNOWN };

struct story {
	struct test_card *s;
	struct test_card *t;
	uint32_t source[OBJECTS];	/* handles */
	uint32_t target[OBJECTS];	/* 0: not there */
	uint8_t ouid[OBJECTS][COFFER_OUID_LEN];
	struct attrs whole[OBJECTS];	/* of the source's */
	enum known state[OBJECTS];
	unsigned int cuts;
	unsigned int cloned, destroyed, unsure_in, unsure_out;
};

static unsigned int seed;

static unsigned int number_of(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text && *text ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

/* ---- What is there ------------------------------------------------------------------ */

static void same_object(const struct attrs *want, const struct attrs *got, int i)
{
	for (size_t k = 0; k < want->count; k++) {
		const struct attr *a = &want->list[k], *b = attrs_get(got, a->type);

		if (!b || b->len != a->len || memcmp(a->value, b->value, a->len))
			fail_msg("seed %u: object %d is not complete: attribute 0x%x", seed, i,
				 a->type);
	}
	assert_int_equal(want->count, got->count);
}

static int index_of(const struct story *y, const struct attrs *a)
{
	const struct attr *ouid = attrs_get(a, COFFER_CKA_OUID);

	assert_non_null(ouid);
	for (int i = 0; i < OBJECTS; i++)
		if (!memcmp(y->ouid[i], ouid->value, COFFER_OUID_LEN))
			return i;
	fail_msg("seed %u: an object that nobody cloned", seed);
	return -1;
}

/* Compare with what was acknowledged; from then on nothing is unsure. */
static void look(struct story *y)
{
	uint32_t handles[2 * OBJECTS], count = tc_list(y->t, handles, 2 * OBJECTS);
	bool there[OBJECTS] = { false };

	memset(y->target, 0, sizeof(y->target));
	for (uint32_t k = 0; k < count; k++) {
		struct attrs a;
		int i;

		tc_read(y->t, handles[k], &a);
		i = index_of(y, &a);
		if (there[i])
			fail_msg("seed %u: object %d is there twice", seed, i);
		there[i] = true;
		same_object(&y->whole[i], &a, i);
		y->target[i] = handles[k];
		attrs_free(&a);
	}
	for (int i = 0; i < OBJECTS; i++) {
		if (y->state[i] == PRESENT && !there[i])
			fail_msg("seed %u: object %d was acknowledged and is lost", seed, i);
		if (y->state[i] == ABSENT && there[i])
			fail_msg("seed %u: object %d was destroyed and is back", seed, i);
		if (y->state[i] == UNKNOWN)
			*(there[i] ? &y->unsure_in : &y->unsure_out) += 1;
		y->state[i] = there[i] ? PRESENT : ABSENT;
	}
}

/* ---- Deeds; false: the power is gone -------------------------------------------------- */

static bool insert(struct story *y, struct run *r, const int *which, uint32_t count)
{
	uint32_t handles[BATCH], verdicts[BATCH], got = 0, st;
	struct test_blob blobs[BATCH] = { 0 };

	for (uint32_t k = 0; k < count; k++) {
		handles[k] = y->source[which[k]];
		y->state[which[k]] = UNKNOWN;
	}
	assert_u32(run_extract(r, handles, count, blobs, &got), COFFER_ST_OK);
	assert_u32(got, count);
	st = run_insert(r, blobs, count, verdicts, handles);
	for (uint32_t k = 0; !st && k < count; k++) {
		if (!verdicts[k]) {
			y->state[which[k]] = PRESENT;
			y->cloned++;
		} else {
			st = verdicts[k];
		}
	}
	blobs_free(blobs, got);
	return !st;
}

/* Everything that is not there, in batches of random size under one session. */
static bool clone_missing(struct story *y)
{
	struct run *r = run_new(y->s, y->t);
	bool power = true;
	int which[BATCH], i = 0;

	assert_u32(run_negotiate(r), COFFER_ST_OK);
	while (power && i < OBJECTS) {
		uint32_t n = 0, want = 1 + (uint32_t)rand() % BATCH;

		for (; i < OBJECTS && n < want; i++)
			if (y->state[i] == ABSENT)
				which[n++] = i;
		if (n)
			power = insert(y, r, which, n);
	}
	run_give_up(r);
	free(r);
	return power;
}

static bool destroy(struct story *y, int i)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, y->t->session);
	wire_put_u32(&c->req, y->target[i]);
	y->state[i] = UNKNOWN;
	st = call_run(y->t, c, COFFER_CMD_OBJECT_DESTROY);
	free(c);
	if (st)
		return false;
	y->state[i] = ABSENT;
	y->destroyed++;
	return true;
}

static bool destroy_some(struct story *y)
{
	for (int i = 0; i < OBJECTS; i++)
		if (y->target[i] && rand() % 3 && !destroy(y, i))
			return false;
	return true;
}

/* ---- Power --------------------------------------------------------------------------- */

/* @cut 0: it stays. False: it went while the card came up. */
static bool power_on(struct story *y, unsigned int cut)
{
	struct fw_open how = { .workers = 1, .power_cut_at_write = cut };
	char err[256] = "";
	int rc = fw_card_open(y->t->dir, &how, &y->t->card, err, sizeof(err));

	if (rc && !cut)
		fail_msg("seed %u: the card does not open: %s", seed, err);
	if (rc)
		return false;
	y->t->owner = tc_open_owner(y->t);
	y->t->session = tc_open_session(y->t, y->t->owner, y->t->part);
	assert_u32(tc_login(y->t, y->t->session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	return true;
}

static void one_life(struct story *y)
{
	bool on = power_on(y, 1 + (unsigned int)rand() % CUT_WITHIN);
	int turn;

	if (on)
		look(y);
	for (turn = 0; on && turn < 20; turn++) {
		on = clone_missing(y) && (look(y), destroy_some(y));
		if (on)
			look(y);
	}
	y->cuts += !on;
	if (y->t->card)
		tc_off(y->t);
	power_on(y, 0);
	look(y);
	tc_off(y->t);
}

static void begin_story(struct story *y)
{
	char label[16], value[3000];

	y->s = tc_simple("coffer", "red");
	y->t = tc_simple("coffer", "red");
	for (int i = 0; i < OBJECTS; i++) {
		struct attrs *a = &y->whole[i];

		snprintf(label, sizeof(label), "object %d", i);
		memset(value, 'a' + i, sizeof(value));
		y->source[i] = i % 3 ? tc_make_value(y->s, label, i % 2, value, 1 + 250 * i) :
				       tc_make_aes(y->s, label);
		tc_read(y->s, y->source[i], a);
		memcpy(y->ouid[i], attrs_get(a, COFFER_CKA_OUID)->value, COFFER_OUID_LEN);
	}
	tc_off(y->t);
}

static void absent_or_complete(void **state)
{
	static struct story story;
	unsigned int want = number_of("COFFER_CUTS", 200);
	struct story *y = &story;

	(void)state;
	seed = number_of("COFFER_SEED", (unsigned int)time(NULL));
	srand(seed);
	print_message("seed %u, %u cuts wanted\n", seed, want);
	begin_story(y);
	while (y->cuts < want)
		one_life(y);
	print_message("%u cuts; acknowledged: %u cloned, %u destroyed; not acknowledged: %u there, "
		      "%u not\n", y->cuts, y->cloned, y->destroyed, y->unsure_in, y->unsure_out);
	for (int i = 0; i < OBJECTS; i++)
		attrs_free(&y->whole[i]);
	power_on(y, 0);
	tc_free(y->s);
	tc_free(y->t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(absent_or_complete) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
