// SPDX-License-Identifier: BSD-3-Clause
/*
 * Power cuts at every write of the recipient's store while an archive file is brought in
 * (quality.md A3.8): afterwards the card opens, each object is absent or complete, nothing is
 * there before its list was proven, and the same file brings in what is missing, none twice.
 */
#include "archive_bench.h"

#define OBJECTS	5

static struct test_card *s, *t;
static struct attrs whole[OBJECTS];	/* as the source has them */

static void same_object(const struct attrs *got)
{
	const struct attr *ouid = attrs_get(got, COFFER_CKA_OUID), *a;
	const struct attrs *want = NULL;

	assert_non_null(ouid);
	for (int i = 0; i < OBJECTS && !want; i++) {
		a = attrs_get(&whole[i], COFFER_CKA_OUID);
		if (!memcmp(a->value, ouid->value, COFFER_OUID_LEN))
			want = &whole[i];
	}
	assert_non_null(want);
	assert_int_equal(got->count, want->count);
	for (size_t k = 0; k < want->count; k++) {
		a = attrs_get(got, want->list[k].type);
		assert_non_null(a);
		assert_int_equal(a->len, want->list[k].len);
		assert_memory_equal(a->value, want->list[k].value, a->len);
	}
}

/* How many are there; each is whole, and there once. */
static uint32_t look(void)
{
	uint32_t handles[2 * OBJECTS], count = tc_list(t, handles, 2 * OBJECTS);

	assert_in_range(count, 0, OBJECTS);
	for (uint32_t i = 0; i < count; i++) {
		struct attrs a;

		tc_read(t, handles[i], &a);
		same_object(&a);
		attrs_free(&a);
	}
	return count;
}

static void destroy_all(void)
{
	uint32_t handles[OBJECTS], n = tc_list(t, handles, OBJECTS);
	struct call *c = call_new();

	while (n--) {
		call_begin(c, t->session);
		wire_put_u32(&c->req, handles[n]);
		assert_u32(call_run(t, c, COFFER_CMD_OBJECT_DESTROY), COFFER_ST_OK);
	}
	free(c);
}

/* @cut 0: it stays. False: it went while the card came up. */
static bool power_on(unsigned int cut)
{
	struct fw_open how = { .workers = 1, .power_cut_at_write = cut };
	char err[256] = "";
	int rc = fw_card_open(t->dir, &how, &t->card, err, sizeof(err));

	if (rc && !cut)
		fail_msg("the card does not open: %s", err);
	if (rc)
		return false;
	t->owner = tc_open_owner(t);
	t->session = tc_open_session(t, t->owner, t->part);
	return tc_login(t, t->session, COFFER_ROLE_CO, PIN_CO) == COFFER_ST_OK;
}

/* True: the power stayed. */
static bool import_with_cut(struct archive *a, unsigned int cut)
{
	uint32_t stored = 0, before;
	bool on = power_on(cut);

	if (on && ar_verify(a, t))
		on = false;
	else if (on)
		assert_int_equal(look(), 0);
	if (on)
		on = !ar_import(a, t, &stored) && stored == OBJECTS;
	if (t->card)
		tc_off(t);
	assert_true(power_on(0));
	before = look();
	assert_true(before >= stored);
	assert_u32(ar_import(a, t, &stored), COFFER_ST_OK);
	assert_int_equal(before + stored, OBJECTS);
	assert_int_equal(look(), OBJECTS);
	destroy_all();
	tc_off(t);
	return on;
}

static void absent_or_complete(void **state)
{
	struct archive *a;
	unsigned int cut = 1;
	uint32_t handle;
	char label[16] = "object 0";

	(void)state;
	s = tc_simple(NULL, "red");
	t = tc_simple(NULL, "red");
	for (int i = 0; i < OBJECTS; i++, label[7]++) {
		handle = i % 2 ? tc_make_aes(s, label) :
				 tc_make_value(s, label, true, label, sizeof(label));
		tc_read(s, handle, &whole[i]);
	}
	a = ar_write(s, t, NULL);
	tc_off(t);
	while (!import_with_cut(a, cut))
		cut++;
	print_message("# %u cuts\n", cut - 1);
	assert_true(cut > 3);
	assert_true(power_on(0));
	for (int i = 0; i < OBJECTS; i++)
		attrs_free(&whole[i]);
	ar_free(a);
	tc_free(s);
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(absent_or_complete) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
