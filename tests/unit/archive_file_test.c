// SPDX-License-Identifier: BSD-3-Clause
/*
 * Archive files between cards: what goes into one, who gets it back, and what every rule of a
 * clone says to it (PROTOCOLS.md, "Archive files").
 */
#include "archive_bench.h"

static void fill(struct test_card *card)
{
	uint32_t public_key, private_key;

	tc_make_aes(card, "aes");
	tc_make_secret(card, "secret", "0123456789abcdef", 16);
	tc_make_value(card, "data", false, "value", 5);
	tc_make_cert(card, "cert");
	tc_make_pair(card, COFFER_CKM_EC_KEY_PAIR_GEN, "pair", &public_key, &private_key);
}

static void same_attributes(struct test_card *a, struct test_card *b)
{
	uint32_t ha[ARCHIVE_OBJECTS], hb[ARCHIVE_OBJECTS];
	uint32_t n = tc_list(a, ha, ARCHIVE_OBJECTS), m = tc_list(b, hb, ARCHIVE_OBJECTS);
	struct attrs x, y;

	assert_u32(n, m);
	for (uint32_t i = 0; i < n; i++) {
		tc_read(a, ha[i], &x);
		tc_read(b, hb[i], &y);
		assert_u32(x.count, y.count);
		for (size_t k = 0; k < x.count; k++) {
			const struct attr *other = attrs_get(&y, x.list[k].type);

			assert_non_null(other);
			assert_int_equal(other->len, x.list[k].len);
			assert_memory_equal(other->value, x.list[k].value, other->len);
		}
		attrs_free(&x);
		attrs_free(&y);
	}
}

static void destroy(struct test_card *card, uint32_t handle)
{
	struct call *c = call_new();

	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	assert_u32(call_run(card, c, COFFER_CMD_OBJECT_DESTROY), COFFER_ST_OK);
	free(c);
}

/* ---- There, and there again -------------------------------------------------------------- */

static void each_recipient_gets_all(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t[2];
	struct archive *a;
	uint32_t stored;

	(void)state;
	t[0] = tc_simple(NULL, "red");
	t[1] = tc_simple(NULL, "red");
	fill(s);
	a = ar_write(s, t[0], t[1]);
	for (int i = 0; i < 2; i++) {
		assert_u32(ar_import(a, t[i], &stored), COFFER_ST_OK);
		assert_u32(stored, 6);
		same_attributes(s, t[i]);
		/* Once more: nothing is there twice. */
		assert_u32(ar_import(a, t[i], &stored), COFFER_ST_OK);
		assert_u32(stored, 0);
		assert_u32(tc_count(t[i]), 6);
	}
	ar_free(a);
	tc_free(s);
	tc_free(t[0]);
	tc_free(t[1]);
}

static void what_was_lost_comes_back_home(void **state)
{
	struct test_card *s = tc_simple(NULL, "red");
	uint32_t handle, stored;
	struct archive *a;

	(void)state;
	tc_make_aes(s, "kept");
	handle = tc_make_aes(s, "lost");
	a = ar_write(s, s, NULL);
	destroy(s, handle);
	assert_u32(ar_import(a, s, &stored), COFFER_ST_OK);
	assert_u32(stored, 1);
	assert_u32(tc_count(s), 2);
	ar_free(a);
	tc_free(s);
}

static void verify_stores_nothing(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct archive *a;

	(void)state;
	fill(s);
	a = ar_write(s, t, NULL);
	assert_u32(ar_verify(a, t), COFFER_ST_OK);
	run_give_up(a->r);
	assert_u32(tc_count(t), 0);
	ar_free(a);
	tc_free(s);
	tc_free(t);
}

static void an_empty_one_is_whole(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct archive *a = ar_write(s, t, NULL);
	uint32_t stored;

	(void)state;
	assert_u32(ar_import(a, t, &stored), COFFER_ST_OK);
	ar_free(a);
	tc_free(s);
	tc_free(t);
}

/* ---- Recipients -------------------------------------------------------------------------- */

static void recipients_are_one_to_sixteen(void **state)
{
	struct test_card *s = tc_simple(NULL, "red");
	struct msg *certs = calloc(17, sizeof(*certs));
	struct run *r = run_new(s, s);

	(void)state;
	assert_non_null(certs);
	for (int i = 0; i < 17; i++)
		ar_certificate(s, 0, &certs[i]);
	assert_u32(ar_create_for(r, "", certs, 0), COFFER_ST_ARGUMENTS_BAD);
	assert_u32(ar_create_for(r, "", certs, 17), COFFER_ST_ARGUMENTS_BAD);
	/* One card twice is one too many. */
	assert_u32(ar_create_for(r, "", certs, 2), COFFER_ST_ARGUMENTS_BAD);
	assert_u32(ar_create_for(r, "", certs, 1), COFFER_ST_OK);
	run_give_up(r);
	free(r);
	free(certs);
	tc_free(s);
}

static void only_certified_wrapping_keys(void **state)
{
	struct test_card *s = tc_simple(NULL, "red");
	struct run *r = run_new(s, s);
	struct msg *cert = calloc(1, sizeof(*cert));

	(void)state;
	assert_non_null(cert);
	assert_u32(ar_create_for(r, "", cert, 1), COFFER_ST_CERTIFICATE_DATA_MISSING);
	for (int use = 1; use <= 2; use++) {
		ar_certificate(s, use, cert);
		assert_u32(ar_create_for(r, "", cert, 1), COFFER_ST_CERTIFICATE_DATA_INVALID);
	}
	ar_certificate(s, 0, cert);
	cert->p[cert->len - 1] ^= 1;
	assert_u32(ar_create_for(r, "", cert, 1), COFFER_ST_CERTIFICATE_DATA_INVALID);
	cert->p[cert->len - 1] ^= 1;
	assert_u32(ar_create_for(r, "no such domain", cert, 1), COFFER_ST_DOMAIN_LABEL_INVALID);
	assert_u32(ar_create_for(r, "", cert, 1), COFFER_ST_OK);
	run_give_up(r);
	free(r);
	free(cert);
	tc_free(s);
}

/* ---- The rules of a clone ---------------------------------------------------------------- */

struct rule {
	const char *source, *target;	/* profiles; NULL: coffer */
	bool target_hsm;		/* the policy is the target's HSM's */
	uint32_t source_policy, target_policy, value;	/* NONE: none */
	uint32_t create, open;		/* verdicts */
};

#define NONE 0xffffffffu

static const struct rule rules[] = {
	{ NULL, NULL, false, 42, NONE, 1, COFFER_ST_PROTOCOL_DISABLED, 0 },
	{ NULL, NULL, false, NONE, 42, 1, 0, COFFER_ST_PROTOCOL_DISABLED },
	{ "pcie-6.24", NULL, false, NONE, NONE, 0, COFFER_ST_PROTOCOL_DISABLED, 0 },
	{ NULL, "pcie-6.24", false, NONE, NONE, 0, 0, COFFER_ST_CLONE_DIRECTION },
	{ NULL, NULL, true, NONE, 7, 0, 0, COFFER_ST_OPERATION_NOT_ALLOWED },
	{ NULL, NULL, false, NONE, 43, 0, 0, 0 },
	{ "pcie-7.8", NULL, false, NONE, NONE, 0, 0, 0 },
};

static void rule_holds(const struct rule *rule)
{
	struct test_card *s = tc_simple(rule->source, "red"), *t;
	struct archive a = { 0 };
	uint32_t st;

	t = tc_simple(rule->target, "red");
	if (rule->source_policy != NONE)
		tc_policy_set(s, false, rule->source_policy, rule->value);
	a.r = run_new(s, t);
	st = ar_create(a.r, "", (struct test_card *const[]){ t, NULL });
	assert_u32(st, rule->create);
	if (!st) {
		if (rule->target_policy != NONE)
			tc_policy_set(t, rule->target_hsm, rule->target_policy, rule->value);
		assert_u32(ar_open(&a, t), rule->open);
	}
	run_give_up(a.r);
	free(a.r);
	tc_free(s);
	tc_free(t);
}

static void a_file_has_the_rules_of_a_clone(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		print_message("# rule %zu\n", i);
		rule_holds(&rules[i]);
	}
}

static void tests_cards_and_others_stay_apart(void **state)
{
	struct test_card *s = tc_simple(NULL, "red");
	struct test_card *t = tc_make(&(struct test_how){ .domain = "red", .slow_kdf = true });
	struct archive *a;

	(void)state;
	tc_make_aes(s, "k");
	a = ar_write(s, t, NULL);
	assert_u32(ar_open(a, t), COFFER_ST_CLONE_KDF_MISMATCH);
	ar_free(a);
	tc_free(s);
	tc_free(t);
}

/* Policies 0 and 4 are looked at object by object, on both sides. */
static void policies_0_and_4(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t key = tc_make_aes(s, "k"), got, stored;
	struct test_blob blob;
	struct archive *a = ar_write(s, t, NULL);

	(void)state;
	tc_policy_set(t, false, 4, 0);
	assert_u32(ar_import(a, t, &stored), COFFER_ST_OK);
	assert_u32(stored, 0);
	assert_u32(tc_count(t), 0);
	ar_free(a);
	/* Switching it off erases keys: so a new one. */
	tc_policy_set(s, false, 4, 0);
	key = tc_make_aes(s, "k");
	a = calloc(1, sizeof(*a));
	assert_non_null(a);
	a->r = run_new(s, t);
	assert_u32(ar_create(a->r, "", (struct test_card *const[]){ t, NULL }), COFFER_ST_OK);
	assert_u32(run_extract(a->r, &key, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(blob.verdict, COFFER_ST_OPERATION_NOT_ALLOWED);
	blobs_free(&blob, 1);
	ar_free(a);
	tc_free(s);
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_recipient_gets_all),
		cmocka_unit_test(what_was_lost_comes_back_home),
		cmocka_unit_test(verify_stores_nothing),
		cmocka_unit_test(an_empty_one_is_whole),
		cmocka_unit_test(recipients_are_one_to_sixteen),
		cmocka_unit_test(only_certified_wrapping_keys),
		cmocka_unit_test(a_file_has_the_rules_of_a_clone),
		cmocka_unit_test(tests_cards_and_others_stay_apart),
		cmocka_unit_test(policies_0_and_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
