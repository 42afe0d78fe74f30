// SPDX-License-Identifier: BSD-3-Clause
/* Reader and writer: values, borders, and that a failure stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire.h"

static const uint8_t sample[] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
				  0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f };

static void test_read(void **state)
{
	struct wire_in in;

	(void)state;
	wire_in_init(&in, sample, sizeof(sample));
	assert_int_equal(wire_u8(&in), 0x01);
	assert_int_equal(wire_u16(&in), 0x0302);
	assert_int_equal(wire_u32(&in), 0x07060504);
	assert_false(wire_in_done(&in));
	assert_true(wire_u64(&in) == 0x0f0e0d0c0b0a0908);
	assert_true(wire_in_done(&in));
}

/* Whatever is asked beyond the end, nothing is read and nothing works any more. */
static void test_read_beyond(void **state)
{
	struct wire_in in;

	(void)state;
	for (size_t len = 0; len < 8; len++) {
		wire_in_init(&in, sample, len);
		assert_true(wire_u64(&in) == 0);
		assert_true(in.bad);
		assert_int_equal(wire_u8(&in), 0);
		assert_null(wire_bytes(&in, 0).p);
		assert_false(wire_in_done(&in));
	}
	wire_in_init(&in, NULL, 0);
	assert_true(wire_in_done(&in));
	wire_in_init(&in, NULL, 5);
	assert_false(wire_in_done(&in));
}

static void test_blob(void **state)
{
	uint8_t raw[12] = { 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct wire_in in;
	struct bytes b;

	(void)state;
	wire_in_init(&in, raw, sizeof(raw));
	b = wire_blob(&in, 8);
	assert_true(b.len == 8 && b.p == raw + 4 && wire_in_done(&in));
	wire_in_init(&in, raw, sizeof(raw));
	b = wire_blob(&in, 7);
	assert_true(b.len == 0 && !b.p && in.bad);
	wire_in_init(&in, raw, sizeof(raw) - 1);
	b = wire_blob(&in, 100);
	assert_true(b.len == 0 && !b.p && in.bad);
	raw[3] = 0xff;			/* 4 GiB and more */
	wire_in_init(&in, raw, sizeof(raw));
	b = wire_blob(&in, SIZE_MAX);
	assert_true(b.len == 0 && !b.p && in.bad);
	memset(raw, 0, 4);
	wire_in_init(&in, raw, 4);
	b = wire_blob(&in, 0);
	assert_true(b.len == 0 && wire_in_done(&in));
}

static void test_reserved(void **state)
{
	const uint8_t raw[8] = { 0 }, one[4] = { 0, 0, 0, 1 };
	struct wire_in in;

	(void)state;
	wire_in_init(&in, raw, 4);
	assert_true(wire_in_reserved(&in));
	wire_in_init(&in, one, 4);
	assert_false(wire_in_reserved(&in));
	/* Too short, too long, and what was bad before. */
	wire_in_init(&in, raw, 3);
	assert_false(wire_in_reserved(&in));
	wire_in_init(&in, raw, 5);
	assert_false(wire_in_reserved(&in));
	wire_in_init(&in, raw, 8);
	assert_int_equal(wire_blob(&in, 4).len, 0);
	assert_true(wire_in_reserved(&in));
	wire_in_init(&in, raw, 4);
	in.bad = true;
	assert_false(wire_in_reserved(&in));
}

static void test_write(void **state)
{
	uint8_t buf[64];
	struct wire_out out;
	struct wire_in in;
	size_t at;

	(void)state;
	memset(buf, 0xa5, sizeof(buf));
	wire_out_init(&out, buf, sizeof(buf));
	at = wire_reserve_u32(&out);
	wire_put_u8(&out, 0x11);
	wire_put_u16(&out, 0x2233);
	wire_put_u64(&out, 0x445566778899aabb);
	wire_put_blob(&out, "abc", 3);
	wire_put_padded(&out, "label", 8);
	wire_put_padded(&out, "longer than that", 4);
	wire_put_padded(&out, NULL, 2);
	wire_fill_u32(&out, at, 0xdeadbeef);
	assert_true(wire_out_ok(&out));
	assert_int_equal(out.len, 36);
	assert_int_equal(buf[36], 0xa5);
	wire_in_init(&in, buf, out.len);
	assert_int_equal(wire_u32(&in), 0xdeadbeef);
	assert_int_equal(wire_u8(&in), 0x11);
	assert_int_equal(wire_u16(&in), 0x2233);
	assert_true(wire_u64(&in) == 0x445566778899aabb);
	assert_memory_equal(wire_blob(&in, 3).p, "abc", 3);
	assert_memory_equal(wire_bytes(&in, 8).p, "label\0\0\0", 8);
	assert_memory_equal(wire_bytes(&in, 6).p, "long\0\0", 6);
	assert_true(wire_in_done(&in));
}

/* At every size of the buffer: never a byte behind it, and no part of what does not fit. */
static void test_write_beyond(void **state)
{
	uint8_t buf[32];
	struct wire_out out;

	(void)state;
	for (size_t room = 0; room < 19; room++) {
		memset(buf, 0xa5, sizeof(buf));
		wire_out_init(&out, buf, room);
		wire_put_u64(&out, UINT64_MAX);
		wire_put_blob(&out, "seven..", 7);
		assert_false(wire_out_ok(&out));
		wire_put_u8(&out, 1);
		assert_false(wire_out_ok(&out));
		for (size_t i = room; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0xa5);
	}
	wire_out_init(&out, buf, 8);
	wire_put_u32(&out, 0);
	wire_fill_u32(&out, 1, 1);
	assert_false(wire_out_ok(&out));
	wire_out_init(&out, NULL, 8);
	wire_put(&out, "", 0);
	assert_true(wire_out_ok(&out));
	wire_put_u8(&out, 1);
	assert_false(wire_out_ok(&out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_beyond),
		cmocka_unit_test(test_blob),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_write),
		cmocka_unit_test(test_write_beyond),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
