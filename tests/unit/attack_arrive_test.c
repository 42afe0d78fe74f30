// SPDX-License-Identifier: BSD-3-Clause
/*
 * What comes from another card (quality.md A2.2): an object with every attribute that its source
 * had, or none. Into a stricter partition it gets stricter; into a laxer one it stays as it was.
 */
#include "object_bench.h"

#include "card.h"
#include "object_internal.h"

static struct cmd inside(void)
{
	return (struct cmd){ .card = bench.card, .crypto = bench.card->crypto,
			     .owner = bench.owner, .part = partition_find(bench.card, 1),
			     .role = COFFER_ROLE_CO, .session_rw = true };
}

static uint32_t arrive(struct cmd *c, const struct object *o, struct object *back)
{
	struct object_row row;
	uint8_t *flat;
	size_t len;
	uint32_t st;

	expect(object_flatten(c, o, &flat, &len), COFFER_ST_OK);
	st = object_arrive(c, (struct bytes){ flat, len }, &row);
	free(flat);
	if (!st && back)
		expect(object_open(c, &row, back), COFFER_ST_OK);
	if (!st)
		object_row_free(&row);
	return st;
}

static void load(struct cmd *c, void (*make)(void), struct object *o)
{
	uint32_t handle;

	make();
	expect(o_create(&handle), COFFER_ST_OK);
	expect(object_load(c, handle, o), COFFER_ST_OK);
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void t_open_key(void)
{
	t_secret(COFFER_CKK_AES, 32);
	t_bool(A(SENSITIVE), false);
	t_bool(A(EXTRACTABLE), true);
	t_bool(A(ENCRYPT), true);
	t_bool(A(DECRYPT), true);
}

static void (*const kinds[])(void) = { t_cert, t_rsa_public, t_rsa_private, t_ec_public,
				       t_ec_private, t_open_key };

/* What the source did not say would be filled in by the target: so everything has to be said. */
static void nothing_may_be_missing(void **state)
{
	struct cmd c = inside();

	(void)state;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct object o;

		load(&c, kinds[k], &o);
		expect(arrive(&c, &o, NULL), COFFER_ST_OK);
		for (size_t i = 0; i < o.attrs.count; i++) {
			uint32_t type = o.attrs.list[i].type;
			struct object less = { .level = o.level };

			/* Parts of a private key that the others imply. */
			if ((type >= A(PRIME_1) && type <= A(COEFFICIENT)) ||
			    type == A(ALLOWED_MECHANISMS))
				continue;
			assert_int_equal(attrs_copy(&less.attrs, &o.attrs), 0);
			attrs_remove(&less.attrs, type);
			if (!arrive(&c, &less, NULL))
				fail_msg("kind %zu came without %#x", k, (unsigned int)type);
			/* As a source that makes all fit what is left of it. */
			if (type != A(FINGERPRINT) && type != A(OUID) && type != A(UNIQUE_ID) &&
			    type != A(SECURITY_LEVEL)) {
				expect(object_finish(&c, &less), COFFER_ST_OK);
				if (!arrive(&c, &less, NULL))
					fail_msg("kind %zu came without %#x, and a fingerprint",
						 k, (unsigned int)type);
			}
			object_free(&less);
		}
		object_free(&o);
	}
}

static void put_list(struct wire_out *out, const struct object *o, size_t first, size_t second)
{
	wire_put_u32(out, 1);
	wire_put_u32(out, o->level);
	for (size_t i = 0; i < o->attrs.count; i++) {
		const struct attr *a = &o->attrs.list[i == first ? second :
						      i == second ? first : i];

		wire_put_u32(out, a->type);
		wire_put_blob(out, a->value, a->len);
	}
}

/* Two encodings of one object would be two blobs with different names. */
static void there_is_one_way_to_write_it(void **state)
{
	struct cmd c = inside();
	struct object_row row;
	struct wire_out out;
	uint8_t flat[4096];
	struct object o;

	(void)state;
	load(&c, t_open_key, &o);
	for (size_t i = 0; i < o.attrs.count; i++) {
		wire_out_init(&out, flat, sizeof(flat));
		put_list(&out, &o, i, i + 1 < o.attrs.count ? i + 1 : i);
		if (i + 1 < o.attrs.count) {
			expect(object_arrive(&c, (struct bytes){ flat, out.len }, &row),
			       COFFER_ST_DATA_INVALID);
			continue;
		}
		expect(object_arrive(&c, (struct bytes){ flat, out.len }, &row), COFFER_ST_OK);
		object_row_free(&row);
	}
	object_free(&o);
}

static uint32_t arrive_flat(struct cmd *c, const uint8_t *flat, size_t len)
{
	struct object_row row;

	return object_arrive(c, (struct bytes){ flat, len }, &row);
}

/* Cut in the head, or larger than any object; and what the card makes, in another length. */
static void sizes_that_no_object_has(void **state)
{
	enum { LARGEST = 64 * 1024 };
	static const uint32_t made[] = { A(OUID), A(UNIQUE_ID), A(SECURITY_LEVEL),
					 A(FINGERPRINT) };
	struct cmd c = inside();
	uint8_t *flat = calloc(1, LARGEST);
	struct wire_out out;
	struct object o;

	(void)state;
	assert_non_null(flat);
	wire_out_init(&out, flat, LARGEST);
	put_list(&out, &(struct object){ .level = 0 }, 0, 0);
	for (size_t len = 0; len < 8; len++)
		expect(arrive_flat(&c, flat, len), COFFER_ST_DATA_LEN_RANGE);
	expect(arrive_flat(&c, flat, LARGEST), COFFER_ST_DATA_LEN_RANGE);
	free(flat);
	load(&c, t_open_key, &o);
	for (size_t i = 0; i < COUNT(made); i++) {
		struct object odd = { .level = o.level };
		const struct attr *a = attrs_get(&o.attrs, made[i]);

		assert_non_null(a);
		expect(attrs_copy(&odd.attrs, &o.attrs), COFFER_ST_OK);
		expect(attrs_set(&odd.attrs, made[i], a->value, a->len - 1), COFFER_ST_OK);
		expect(arrive(&c, &odd, NULL), COFFER_ST_DATA_INVALID);
		object_free(&odd);
	}
	expect(arrive(&c, &o, NULL), COFFER_ST_OK);
	object_free(&o);
}

/* Only keys, certificates and data leave, only from the token, and only by who may move them. */
static void what_never_leaves(void **state)
{
	static const struct {
		enum coffer_role role;
		bool token, private;
		uint32_t class, verdict;
	} rows[] = {
		{ COFFER_ROLE_CO, true, true, COFFER_CKO_DATA, COFFER_ST_OK },
		{ COFFER_ROLE_LCO, true, true, COFFER_CKO_DATA, COFFER_ST_OK },
		{ COFFER_ROLE_CU, true, false, COFFER_CKO_DATA, COFFER_ST_OK },
		{ COFFER_ROLE_CU, true, true, COFFER_CKO_DATA, COFFER_ST_USER_NOT_AUTHORIZED },
		{ COFFER_ROLE_PO, true, false, COFFER_CKO_DATA, COFFER_ST_USER_NOT_AUTHORIZED },
		{ COFFER_ROLE_CO, false, true, COFFER_CKO_DATA, COFFER_ST_OBJECT_TYPE_INVALID },
		{ COFFER_ROLE_CO, true, true, COFFER_CKO_SECRET_KEY + 1,
		  COFFER_ST_OBJECT_TYPE_INVALID },
	};
	struct cmd c = inside();

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct object o = { .level = 0 };

		c.role = rows[i].role;
		attrs_init(&o.attrs);
		expect(attrs_set_bool(&o.attrs, A(TOKEN), rows[i].token), COFFER_ST_OK);
		expect(attrs_set_bool(&o.attrs, A(PRIVATE), rows[i].private), COFFER_ST_OK);
		expect(attrs_set_ulong(&o.attrs, A(CLASS), rows[i].class), COFFER_ST_OK);
		expect(object_may_leave(&c, &o), rows[i].verdict);
		object_free(&o);
	}
}

/* Is @to as strict as @from in everything that can be looser? */
static void never_laxer(const struct object *from, const struct object *to)
{
	static const uint32_t only_on[] = { A(SENSITIVE), A(PRIVATE), A(WRAP_WITH_TRUSTED) };

	assert_int_equal(from->attrs.count, to->attrs.count);
	for (size_t i = 0; i < from->attrs.count; i++) {
		const struct attr *a = &from->attrs.list[i], *b = &to->attrs.list[i];
		bool up = false;

		assert_int_equal(a->type, b->type);
		if (a->type == A(FINGERPRINT))
			continue;
		assert_int_equal(a->len, b->len);
		if (attr_kind(a->type) != ATTR_BOOL) {
			assert_memory_equal(a->value, b->value, a->len);
			continue;
		}
		for (size_t k = 0; k < COUNT(only_on); k++)
			up |= a->type == only_on[k];
		/* Some may come on, all others may only go off. */
		assert_true(up ? b->value[0] >= a->value[0] : b->value[0] <= a->value[0]);
	}
}

/* Policies that make a partition stricter or laxer; with each, any kind and every flag. */
static void into_stricter_and_laxer_partitions(void **state)
{
	static const uint32_t policies[] = { 0, 1, 4, 5, 10, 11, 17, 18, 28, 33, 42, 43, 44 };
	struct cmd c = inside();

	(void)state;
	for (size_t p = 0; p < COUNT(policies); p++) {
		uint32_t was = c.part->policy[policies[p]];

		for (size_t k = 0; k < COUNT(kinds); k++) {
			struct object o, back;

			load(&c, kinds[k], &o);
			c.part->policy[policies[p]] = !was;
			if (!arrive(&c, &o, &back)) {
				never_laxer(&o, &back);
				object_free(&back);
			}
			c.part->policy[policies[p]] = was;
			expect(arrive(&c, &o, &back), COFFER_ST_OK);
			never_laxer(&o, &back);
			object_free(&back);
			object_free(&o);
		}
	}
}

/* A source that flips any flag and makes the rest fit: refused, or no laxer than it said. */
static void every_flag_flipped_at_the_source(void **state)
{
	struct cmd c = inside();
	unsigned int refused = 0, taken = 0;

	(void)state;
	for (size_t k = 0; k < COUNT(kinds); k++) {
		struct object o, back;

		load(&c, kinds[k], &o);
		for (size_t i = 0; i < o.attrs.count; i++) {
			uint32_t type = o.attrs.list[i].type;

			if (attr_kind(type) != ATTR_BOOL)
				continue;
			o.attrs.list[i].value[0] ^= 1;
			/* Without a new fingerprint it is seen for what it is. */
			expect(arrive(&c, &o, NULL), COFFER_ST_DATA_INVALID);
			expect(object_finish(&c, &o), COFFER_ST_OK);
			if (arrive(&c, &o, &back)) {
				refused++;
			} else {
				never_laxer(&o, &back);
				object_free(&back);
				taken++;
			}
			o.attrs.list[i].value[0] ^= 1;
			expect(object_finish(&c, &o), COFFER_ST_OK);
		}
		object_free(&o);
	}
	assert_in_range(refused, 10, 200);
	assert_in_range(taken, 10, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_may_be_missing),
		cmocka_unit_test(there_is_one_way_to_write_it),
		cmocka_unit_test(sizes_that_no_object_has),
		cmocka_unit_test(what_never_leaves),
		cmocka_unit_test(into_stricter_and_laxer_partitions),
		cmocka_unit_test(every_flag_flipped_at_the_source),
	};

	return cmocka_run_group_tests(tests, objects_begin, objects_end);
}
