// SPDX-License-Identifier: BSD-3-Clause
/* Sets of attributes: parsing of anything, order, copies, matching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attr.h"
#include "hw/coffer_status.h"

#define A(name)		((uint32_t)COFFER_CKA_##name)

static uint8_t raw[8192];
static struct wire_out out;

static void begin(void)
{
	wire_out_init(&out, raw, sizeof(raw));
}

static void put(uint32_t type, const void *value, size_t len)
{
	wire_put_u32(&out, type);
	wire_put_blob(&out, value, len);
}

static uint32_t parse(struct attrs *set)
{
	assert_true(wire_out_ok(&out));
	return attrs_parse(set, (struct bytes){ raw, out.len });
}

static void test_order_and_round_trip(void **state)
{
	uint8_t again[256];
	struct wire_out to;
	struct attrs set;

	(void)state;
	begin();
	put(A(OUID), "012345678901234567890123", 24);
	put(A(LABEL), "label", 5);
	put(A(CLASS), "\x04\0\0\0\0\0\0\0", 8);
	put(A(TOKEN), "\x01", 1);
	put(A(ID), NULL, 0);
	assert_int_equal(parse(&set), COFFER_ST_OK);
	assert_int_equal(set.count, 5);
	for (size_t i = 1; i < set.count; i++)
		assert_true(set.list[i - 1].type < set.list[i].type);
	assert_int_equal(attrs_ulong(&set, A(CLASS), 0), 4);
	assert_true(attrs_bool(&set, A(TOKEN), false));
	assert_non_null(attrs_get(&set, A(ID)));
	assert_null(attrs_get(&set, A(VALUE)));
	assert_int_equal(attrs_size(&set), out.len);
	wire_out_init(&to, again, sizeof(again));
	attrs_write(&set, &to);
	assert_int_equal(to.len, out.len);
	attrs_free(&set);
	assert_int_equal(attrs_parse(&set, (struct bytes){ again, to.len }), COFFER_ST_OK);
	attrs_free(&set);
}

static void refused(uint32_t status)
{
	struct attrs set;

	assert_int_equal(parse(&set), status);
	assert_int_equal(set.count, 0);
	assert_null(set.list);
}

static void test_refusals(void **state)
{
	(void)state;
	begin();
	put(A(LABEL), "a", 1);
	put(A(LABEL), "b", 1);
	refused(COFFER_ST_TEMPLATE_INCONSISTENT);
	begin();
	put(0x00009999, "a", 1);
	refused(COFFER_ST_ATTRIBUTE_TYPE_INVALID);
	for (size_t len = 0; len < 12; len++) {
		begin();
		put(A(CLASS), "\0\0\0\0\0\0\0\0\0\0\0\0", len);
		if (len != 8)
			refused(COFFER_ST_ATTRIBUTE_VALUE_INVALID);
		begin();
		put(A(TOKEN), "\0\0\0\0\0\0\0\0\0\0\0\0", len);
		if (len != 1)
			refused(COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	}
	begin();
	put(A(TOKEN), "\x02", 1);
	refused(COFFER_ST_ATTRIBUTE_VALUE_INVALID);
	begin();
	wire_put_u32(&out, A(LABEL));
	wire_put_u32(&out, COFFER_ATTR_UNAVAILABLE);
	refused(COFFER_ST_ARGUMENTS_BAD);
}

/* Cut at any byte but a border: refused. */
static void test_cut(void **state)
{
	struct attrs set;
	size_t whole;

	(void)state;
	begin();
	put(A(LABEL), "label", 5);
	put(A(ID), "id", 2);
	whole = out.len;
	for (out.len = 0; out.len <= whole; out.len++) {
		bool border = out.len == 0 || out.len == 13 || out.len == whole;

		if (border) {
			assert_int_equal(parse(&set), COFFER_ST_OK);
			attrs_free(&set);
		} else {
			refused(COFFER_ST_ARGUMENTS_BAD);
		}
	}
}

/* More than ATTRS_MAX are not there to be named, so the same type is named too often. */
static void test_many(void **state)
{
	(void)state;
	begin();
	for (int i = 0; i < ATTRS_MAX + 1; i++)
		put(A(LABEL), NULL, 0);
	refused(COFFER_ST_TEMPLATE_INCONSISTENT);
}

static void test_set_and_remove(void **state)
{
	struct attrs set, copy;

	(void)state;
	attrs_init(&set);
	for (uint32_t type = 200; type-- > 0;)
		assert_int_equal(attrs_set_ulong(&set, type, type), 0);
	assert_int_equal(set.count, 200);
	for (uint32_t type = 0; type < 200; type++)
		assert_int_equal(attrs_ulong(&set, type, 999), type);
	assert_int_equal(attrs_set_bool(&set, 7, true), 0);
	assert_int_equal(set.count, 200);
	assert_true(attrs_bool(&set, 7, false));
	assert_int_equal(attrs_ulong(&set, 7, 999), 999);	/* wrong width is not there */
	assert_false(attrs_bool(&set, 8, false));
	assert_int_equal(attrs_copy(&copy, &set), 0);
	for (uint32_t type = 0; type < 200; type += 2)
		attrs_remove(&set, type);
	attrs_remove(&set, 0);
	assert_int_equal(set.count, 100);
	assert_null(attrs_get(&set, 100));
	assert_non_null(attrs_get(&set, 101));
	assert_int_equal(copy.count, 200);
	attrs_free(&copy);
	attrs_free(&set);
	attrs_free(&set);
}

static void test_match(void **state)
{
	struct attrs set, wanted;

	(void)state;
	attrs_init(&set);
	attrs_init(&wanted);
	attrs_set(&set, A(LABEL), "label", 5);
	attrs_set(&set, A(ID), NULL, 0);
	assert_true(attrs_match(&set, &wanted));
	attrs_set(&wanted, A(LABEL), "label", 5);
	attrs_set(&wanted, A(ID), NULL, 0);
	assert_true(attrs_match(&set, &wanted));
	attrs_set(&wanted, A(LABEL), "labe", 4);
	assert_false(attrs_match(&set, &wanted));
	attrs_set(&wanted, A(LABEL), "lAbel", 5);
	assert_false(attrs_match(&set, &wanted));
	attrs_remove(&wanted, A(LABEL));
	attrs_set_bool(&wanted, A(TOKEN), true);
	assert_false(attrs_match(&set, &wanted));
	attrs_free(&set);
	attrs_free(&wanted);
}

static void test_secrets(void **state)
{
	(void)state;
	assert_true(attr_is_secret(A(VALUE), COFFER_CKO_SECRET_KEY));
	assert_true(attr_is_secret(A(VALUE), COFFER_CKO_PRIVATE_KEY));
	assert_false(attr_is_secret(A(VALUE), COFFER_CKO_DATA));
	assert_false(attr_is_secret(A(VALUE), COFFER_CKO_CERTIFICATE));
	for (uint32_t type = A(PRIVATE_EXPONENT); type <= A(COEFFICIENT); type++)
		assert_true(attr_is_secret(type, COFFER_CKO_PRIVATE_KEY));
	assert_false(attr_is_secret(A(MODULUS), COFFER_CKO_PRIVATE_KEY));
	assert_false(attr_is_secret(A(PUBLIC_EXPONENT), COFFER_CKO_PRIVATE_KEY));
	assert_int_equal(attr_kind(A(OUID)), ATTR_BYTES);
	assert_int_equal(attr_kind(A(MODULUS)), ATTR_BIGNUM);
	assert_int_equal(attr_kind(0x77777777), ATTR_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_round_trip),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_set_and_remove),
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
