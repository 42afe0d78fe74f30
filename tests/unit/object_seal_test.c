// SPDX-License-Identifier: BSD-3-Clause
/* Rows and travelling objects from the inside: sealing, flattening, arriving, and their flips. */
#include <pthread.h>

#include "object_bench.h"

#include "card.h"
#include "object_internal.h"

/* A command as the dispatcher would hand it to a handler. */
static struct cmd inside(enum coffer_role role)
{
	return (struct cmd){ .card = bench.card, .crypto = bench.card->crypto,
			     .owner = bench.owner, .part = partition_find(bench.card, 1),
			     .role = role, .session_rw = true };
}

static uint32_t make_key(void)
{
	uint32_t handle;

	t_secret(COFFER_CKK_AES, 32);
	t_text(A(LABEL), "sealed");
	t_text(A(ID), "id");
	expect(o_create(&handle), COFFER_ST_OK);
	return handle;
}

/* ---- Sealing --------------------------------------------------------------------------- */

static void row_read(struct cmd *c, uint32_t handle, struct object_row *row)
{
	assert_int_equal(store_object_get(card_store(c->card), partition_id(c->part), handle,
					  row), 0);
}

static void refused(struct cmd *c, const struct object_row *row)
{
	struct object o;

	expect(object_open(c, row, &o), COFFER_ST_DEVICE_ERROR);
	assert_int_equal(o.attrs.count, 0);
	assert_int_equal(o.handle, 0);
}

static void flip_bytes(struct cmd *c, const struct object_row *row, void *p, size_t len)
{
	uint8_t *bytes = p;

	for (size_t bit = 0; bit < 8 * len; bit++) {
		bytes[bit / 8] ^= 1 << bit % 8;
		refused(c, row);
		bytes[bit / 8] ^= 1 << bit % 8;
	}
}

/* Not one bit of a row, body or column, can be another one. */
static void test_row_flips(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO);
	uint32_t handle = make_key();
	struct object_row row;
	struct object o;

	(void)state;
	row_read(&c, handle, &row);
	flip_bytes(&c, &row, row.body, row.body_len);
	flip_bytes(&c, &row, row.ouid, sizeof(row.ouid));
	flip_bytes(&c, &row, &row.class, sizeof(row.class));
	flip_bytes(&c, &row, &row.key_type, sizeof(row.key_type));
	flip_bytes(&c, &row, &row.level, sizeof(row.level));
	flip_bytes(&c, &row, row.label_tag, sizeof(row.label_tag));
	flip_bytes(&c, &row, row.id_tag, sizeof(row.id_tag));
	row.is_private = !row.is_private;
	refused(&c, &row);
	row.is_private = !row.is_private;
	for (size_t len = row.body_len; len-- > 0;) {
		size_t whole = row.body_len;

		row.body_len = len;
		refused(&c, &row);
		row.body_len = whole;
	}
	expect(object_open(&c, &row, &o), COFFER_ST_OK);
	object_free(&o);
	object_row_free(&row);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* The value is nowhere in the row, and sealing twice gives two different bodies. */
static void test_row_hides(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO);
	uint32_t handle = make_key();
	struct object_row row, again;
	struct object o;
	uint8_t value[32];

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i + 1);
	row_read(&c, handle, &row);
	assert_null(memmem(row.body, row.body_len, value, 8));
	assert_null(memmem(row.body, row.body_len, "sealed", 6));
	expect(object_open(&c, &row, &o), COFFER_ST_OK);
	assert_memory_equal(attrs_get(&o.attrs, A(VALUE))->value, value, 32);
	expect(object_seal(&c, &o, &again), COFFER_ST_OK);
	assert_int_equal(again.body_len, row.body_len);
	assert_memory_not_equal(again.body, row.body, 48);
	assert_memory_equal(again.ouid, row.ouid, sizeof(row.ouid));
	object_row_free(&row);
	object_row_free(&again);
	object_free(&o);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* A row of one partition means nothing in another. */
static void test_row_of_other_partition(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO), other = c;
	struct fw_partition fake = { .id = 2, .serial = c.part->serial + 1, .initialised = true };
	uint32_t handle = make_key();
	struct object_row row;

	(void)state;
	row_read(&c, handle, &row);
	memcpy(fake.seal_key, c.part->seal_key, sizeof(fake.seal_key));
	other.part = &fake;
	refused(&other, &row);
	fake.serial = c.part->serial;
	fake.seal_key[0] ^= 1;
	refused(&other, &row);
	object_row_free(&row);
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void test_tags(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO);
	struct attr a = { A(LABEL), 3, (uint8_t *)"abc" }, empty = { A(LABEL), 0, NULL };
	uint8_t label[STORE_TAG_LEN], id[STORE_TAG_LEN], zero[STORE_TAG_LEN] = { 0 };

	(void)state;
	expect(object_tag(&c, A(LABEL), &a, label), COFFER_ST_OK);
	expect(object_tag(&c, A(ID), &a, id), COFFER_ST_OK);
	assert_memory_not_equal(label, id, STORE_TAG_LEN);
	assert_memory_not_equal(label, zero, STORE_TAG_LEN);
	expect(object_tag(&c, A(LABEL), &empty, label), COFFER_ST_OK);
	assert_memory_equal(label, zero, STORE_TAG_LEN);
	expect(object_tag(&c, A(LABEL), NULL, label), COFFER_ST_OK);
	assert_memory_equal(label, zero, STORE_TAG_LEN);
}

/* ---- Travelling ------------------------------------------------------------------------ */

static void load_flat(struct cmd *c, uint32_t handle, struct object *o, uint8_t **flat,
		      size_t *len)
{
	expect(object_load(c, handle, o), COFFER_ST_OK);
	expect(object_may_leave(c, o), COFFER_ST_OK);
	expect(object_flatten(c, o, flat, len), COFFER_ST_OK);
}

static void test_round_trip(void **state)
{
	void (*const makes[])(void) = { t_cert, t_rsa_public, t_rsa_private, t_ec_public,
					t_ec_private };
	struct cmd c = inside(COFFER_ROLE_CO);

	(void)state;
	for (size_t i = 0; i < COUNT(makes); i++) {
		struct object o, back;
		struct object_row row;
		uint32_t handle;
		uint8_t *flat;
		size_t len;

		makes[i]();
		expect(o_create(&handle), COFFER_ST_OK);
		load_flat(&c, handle, &o, &flat, &len);
		expect(object_arrive(&c, (struct bytes){ flat, len }, &row), COFFER_ST_OK);
		assert_int_equal(row.handle, 0);
		expect(object_open(&c, &row, &back), COFFER_ST_OK);
		assert_int_equal(attrs_size(&o.attrs), attrs_size(&back.attrs));
		assert_true(attrs_match(&back.attrs, &o.attrs));
		assert_int_equal(back.level, o.level);
		free(flat);
		object_free(&o);
		object_free(&back);
		object_row_free(&row);
		expect(o_destroy(handle), COFFER_ST_OK);
	}
}

/* Any flipped bit that is no key bit is seen; a flipped key bit changes nothing else. */
static void test_flat_flips(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO);
	uint32_t handle = make_key();
	struct object_row row;
	struct object o;
	uint8_t *flat, *value;
	size_t len;

	(void)state;
	load_flat(&c, handle, &o, &flat, &len);
	value = memmem(flat, len, attrs_get(&o.attrs, A(VALUE))->value, 32);
	assert_non_null(value);
	for (size_t bit = 0; bit < 8 * len; bit++) {
		uint8_t *at = flat + bit / 8;

		if (at >= value && at < value + 32)
			continue;
		*at ^= 1 << bit % 8;
		assert_int_not_equal(object_arrive(&c, (struct bytes){ flat, len }, &row), 0);
		assert_null(row.body);
		*at ^= 1 << bit % 8;
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_not_equal(object_arrive(&c, (struct bytes){ flat, cut }, &row), 0);
	free(flat);
	object_free(&o);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* What a source that lies about one attribute can get: the verdict, or the object in *back. */
static uint32_t arrive_with(struct cmd *c, uint32_t handle, uint32_t type, bool v,
			    struct object *back)
{
	struct object_row row;
	struct object o;
	uint8_t *flat;
	size_t len;
	uint32_t st;

	expect(object_load(c, handle, &o), COFFER_ST_OK);
	assert_int_equal(attrs_set_bool(&o.attrs, type, v), 0);
	expect(object_finish(c, &o), COFFER_ST_OK);
	expect(object_flatten(c, &o, &flat, &len), COFFER_ST_OK);
	st = object_arrive(c, (struct bytes){ flat, len }, &row);
	if (!st) {
		expect(object_open(c, &row, back), COFFER_ST_OK);
		object_row_free(&row);
	}
	free(flat);
	object_free(&o);
	return st;
}

static void test_only_tightened(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO);
	uint32_t handle;
	struct object back;

	(void)state;
	t_secret(COFFER_CKK_AES, 32);
	t_bool(A(WRAP), true);
	t_bool(A(ENCRYPT), true);
	t_bool(A(SENSITIVE), false);
	t_bool(A(EXTRACTABLE), true);
	expect(o_create(&handle), COFFER_ST_OK);
	expect(arrive_with(&c, handle, A(DECRYPT), true, &back), COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(&c, handle, A(UNWRAP), true, &back), COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(&c, handle, A(ALWAYS_SENSITIVE), true, &back),
	       COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(&c, handle, A(NEVER_EXTRACTABLE), true, &back),
	       COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(&c, handle, A(PRIVATE), false, &back),
	       COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(&c, handle, A(TOKEN), false, &back), COFFER_ST_TEMPLATE_INCONSISTENT);
	expect(arrive_with(&c, handle, A(VERIFY_RECOVER), true, &back),
	       COFFER_ST_ATTRIBUTE_TYPE_INVALID);
	/* The word of another card's SO does not count here. */
	expect(arrive_with(&c, handle, A(TRUSTED), true, &back), COFFER_ST_OK);
	assert_false(attrs_bool(&back.attrs, A(TRUSTED), true));
	object_free(&back);
	expect(o_destroy(handle), COFFER_ST_OK);
}

static void test_arrive_refusals(void **state)
{
	struct cmd co = inside(COFFER_ROLE_CO), cu = inside(COFFER_ROLE_CU);
	uint32_t handle = make_key();
	struct object_row row;
	struct object o;
	uint8_t *flat;
	size_t len;

	(void)state;
	load_flat(&co, handle, &o, &flat, &len);
	expect(object_may_leave(&cu, &o), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(object_arrive(&cu, (struct bytes){ flat, len }, &row),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	co.part->policy[4] = 0;
	expect(object_may_leave(&co, &o), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(object_arrive(&co, (struct bytes){ flat, len }, &row),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	co.part->policy[4] = 1;
	flat[4] = 77;			/* level */
	expect(object_arrive(&co, (struct bytes){ flat, len }, &row), COFFER_ST_CLONE_DIRECTION);
	flat[0] = 2;			/* version */
	expect(object_arrive(&co, (struct bytes){ flat, len }, &row), COFFER_ST_DATA_LEN_RANGE);
	attrs_set_bool(&o.attrs, A(TOKEN), false);
	expect(object_may_leave(&co, &o), COFFER_ST_OBJECT_TYPE_INVALID);
	free(flat);
	object_free(&o);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* What a role could not create it cannot bring from another card: quality.md, policy 28. */
static void test_arrive_rights(void **state)
{
	struct cmd co = inside(COFFER_ROLE_CO), cu = inside(COFFER_ROLE_CU);
	struct object_row row;
	struct object o;
	uint32_t handle;
	uint8_t *flat;
	size_t len;

	(void)state;
	t_rsa_public();
	t_bool(A(TOKEN), true);
	expect(o_create(&handle), COFFER_ST_OK);
	load_flat(&co, handle, &o, &flat, &len);
	expect(object_arrive(&cu, (struct bytes){ flat, len }, &row),
	       COFFER_ST_USER_NOT_AUTHORIZED);
	co.part->policy[28] = 0;
	expect(object_arrive(&co, (struct bytes){ flat, len }, &row),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	co.part->policy[28] = 1;
	expect(object_arrive(&co, (struct bytes){ flat, len }, &row), COFFER_ST_OK);
	object_row_free(&row);
	free(flat);
	object_free(&o);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* A key that was readable on its card is not so where policy or FIPS mode forbids it. */
static void test_arrive_readable(void **state)
{
	const uint32_t ids[] = { 5, 43 };
	struct cmd c = inside(COFFER_ROLE_CO);
	uint32_t handle;
	struct object back;

	(void)state;
	t_secret(COFFER_CKK_AES, 32);
	t_bool(A(SENSITIVE), false);
	t_bool(A(EXTRACTABLE), true);
	expect(o_create(&handle), COFFER_ST_OK);
	for (int i = 0; i < 2; i++) {
		c.part->policy[ids[i]] = 0;
		expect(arrive_with(&c, handle, A(COPYABLE), true, &back), COFFER_ST_OK);
		assert_true(attrs_bool(&back.attrs, A(SENSITIVE), false));
		assert_false(attrs_bool(&back.attrs, A(ALWAYS_SENSITIVE), true));
		object_free(&back);
		c.part->policy[ids[i]] = 1;
	}
	expect(arrive_with(&c, handle, A(COPYABLE), true, &back), COFFER_ST_OK);
	assert_false(attrs_bool(&back.attrs, A(SENSITIVE), true));
	object_free(&back);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* ---- Ready keys -------------------------------------------------------------------------- */

/* After an erasure no ready key is left, not even a void one. */
static void test_forget(void **state)
{
	struct cmd c = inside(COFFER_ROLE_CO);
	uint32_t handle = make_key();
	struct cached_key first, second;

	(void)state;
	expect(key_find(&c, handle, &first), COFFER_ST_OK);
	expect(key_find(&c, handle, &second), COFFER_ST_OK);
	assert_ptr_equal(first.key, second.key);
	crypto_key_put(second.key);
	objects_forget(c.crypto, 77);
	expect(key_find(&c, handle, &second), COFFER_ST_OK);
	assert_ptr_equal(first.key, second.key);
	crypto_key_put(second.key);
	objects_forget(c.crypto, 1);
	expect(key_find(&c, handle, &second), COFFER_ST_OK);
	assert_ptr_not_equal(first.key, second.key);
	crypto_key_put(second.key);
	crypto_key_put(first.key);
	c.role = COFFER_ROLE_PO;
	expect(key_find(&c, handle, &second), COFFER_ST_KEY_HANDLE_INVALID);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* ---- Two at once ----------------------------------------------------------------------- */

static uint32_t contested;

static void *rename_it(void *opaque)
{
	for (int i = 0; i < 50; i++) {
		uint32_t req[] = { *(uint32_t *)opaque, contested, 12, A(LABEL), 4, 0x61 + i };
		uint8_t reply[8];
		struct fw_request rq = { .owner = bench.owner, .opcode = COFFER_CMD_OBJECT_SET,
					 .req = req, .req_len = sizeof(req), .reply = reply,
					 .reply_room = sizeof(reply) };
		uint32_t len;

		if (fw_exec(bench.card, &rq, &len))
			return opaque;
	}
	return NULL;
}

/* A change from an old state must not bring a one-way flag back. */
static void test_lost_update(void **state)
{
	uint32_t other = session_open(&bench, bench.owner, 1, true, NULL);
	pthread_t thread;
	void *failed;

	(void)state;
	for (int i = 0; i < 10; i++) {
		t_secret(COFFER_CKK_AES, 32);
		t_bool(A(EXTRACTABLE), true);
		expect(o_create(&contested), COFFER_ST_OK);
		assert_int_equal(pthread_create(&thread, NULL, rename_it, &other), 0);
		t_new();
		t_bool(A(EXTRACTABLE), false);
		expect(o_set(contested), COFFER_ST_OK);
		pthread_join(thread, &failed);
		assert_null(failed);
		assert_false(o_bool(contested, A(EXTRACTABLE)));
		expect(o_destroy(contested), COFFER_ST_OK);
	}
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, other), COFFER_ST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_row_flips),
		cmocka_unit_test(test_row_hides),
		cmocka_unit_test(test_row_of_other_partition),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_flat_flips),
		cmocka_unit_test(test_only_tightened),
		cmocka_unit_test(test_arrive_refusals),
		cmocka_unit_test(test_arrive_rights),
		cmocka_unit_test(test_arrive_readable),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_lost_update),
	};

	return cmocka_run_group_tests(tests, objects_begin, objects_end);
}
