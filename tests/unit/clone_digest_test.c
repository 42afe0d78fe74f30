// SPDX-License-Identifier: BSD-3-Clause
/*
 * Comparing objects inside two cards (PROTOCOLS.md, "Digests"): what makes digests equal, what
 * makes them differ, and that they are had and of use in one proved session of the two only.
 */
#include "clone_two.h"

#include "card.h"

struct digest {
	uint32_t verdict;
	size_t len;
	uint8_t p[CRYPTO_HASH_MAX];
};

static uint32_t digest_in(struct test_card *card, uint64_t owner, uint32_t session,
			  uint32_t context, uint32_t handle, struct digest *d)
{
	struct call *c = call_new();
	struct bytes b;
	uint32_t st;

	memset(d, 0, sizeof(*d));
	call_begin(c, session);
	wire_put_u32(&c->req, context);
	wire_put_u32(&c->req, 1);
	wire_put_u32(&c->req, handle);
	st = call_as(card, owner, c, COFFER_CMD_CLONE_DIGEST);
	if (!st) {
		assert_u32(wire_u32(&c->rep), 1);
		d->verdict = wire_u32(&c->rep);
		b = wire_blob(&c->rep, CRYPTO_HASH_MAX);
		assert_true(wire_in_done(&c->rep));
		memcpy(d->p, b.p, b.len);
		d->len = b.len;
		assert_true(d->verdict ? !b.len : b.len >= 32);
	} else {
		assert_u32(c->rep_len, 0);
	}
	free(c);
	return st;
}

static uint32_t digest_s(const struct run *r, uint32_t handle, struct digest *d)
{
	return digest_in(r->s, r->s->owner, r->session_s, r->context_s, handle, d);
}

static uint32_t digest_t(const struct run *r, uint32_t handle, struct digest *d)
{
	return digest_in(r->t, r->t->owner, r->session_t, r->context_t, handle, d);
}

static bool equal(const struct digest *a, const struct digest *b)
{
	return a->len && a->len == b->len && !memcmp(a->p, b->p, a->len);
}

static struct run *opened(void)
{
	struct run *r = run_new(s, t);

	assert_u32(run_clever(r), COFFER_ST_OK);
	return r;
}

static void run_end(struct run *r)
{
	run_give_up(r);
	free(r);
}

/* Both sides of one session say of their objects. */
static bool same_in(const struct run *r, uint32_t of_s, uint32_t of_t)
{
	struct digest a, b;

	assert_u32(digest_s(r, of_s, &a), COFFER_ST_OK);
	assert_u32(digest_t(r, of_t, &b), COFFER_ST_OK);
	assert_u32(a.verdict, COFFER_ST_OK);
	assert_u32(b.verdict, COFFER_ST_OK);
	return equal(&a, &b);
}

static bool same_now(uint32_t of_s, uint32_t of_t)
{
	struct run *r = opened();
	bool same = same_in(r, of_s, of_t);

	run_end(r);
	return same;
}

static void set_attribute(struct test_card *card, uint32_t handle, uint32_t type,
			  const void *value, size_t len)
{
	struct call *c = call_new();

	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	wire_put_u32(&c->req, (uint32_t)(8 + len));
	wire_put_u32(&c->req, type);
	wire_put_blob(&c->req, value, len);
	assert_u32(call_run(card, c, COFFER_CMD_OBJECT_SET), COFFER_ST_OK);
	free(c);
}

/* ---- Equal and not ------------------------------------------------------------------------- */

static void clones_are_equal_under(uint32_t protocol)
{
	uint32_t of_s[4], of_t[4];

	if (protocol == COFFER_CLONE_CPV1)
		tc_policy_set(t, false, 42, 1);
	else if (protocol == COFFER_CLONE_CPV3)
		tc_suites_off(t);
	of_s[0] = tc_make_aes(s, "key");
	of_s[1] = tc_make_secret(s, "secret", "0123456789abcdef", 16);
	of_s[2] = tc_make_value(s, "data", true, "x", 1);
	of_s[3] = tc_make_cert(s, "certificate");
	for (int i = 0; i < 4; i++) {
		struct run *r = opened();
		struct test_blob blob;
		uint32_t got;

		assert_u32(r->protocol, protocol);
		assert_u32(run_extract(r, &of_s[i], 1, &blob, &got), COFFER_ST_OK);
		assert_u32(run_insert_one(r, blob.p, blob.len, &of_t[i]), COFFER_ST_OK);
		blobs_free(&blob, 1);
		run_end(r);
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 4; j++)
			assert_int_equal(same_now(of_s[i], of_t[j]), i == j);
}

/* row 74 */
static void equal_objects_have_equal_digests(void **state)
{
	(void)state;
	clones_are_equal_under(COFFER_CLONE_CPV4);
}

static void under_every_protocol(void **state)
{
	(void)state;
	tc_free(t);
	t = tc_simple(NULL, "red");
	clones_are_equal_under(COFFER_CLONE_CPV3);
	tc_free(t);
	t = tc_simple(NULL, "red");
	clones_are_equal_under(COFFER_CLONE_CPV1);
	tc_free(t);
	t = tc_simple(NULL, "red");
}

/* What a store or a card could do to a value: the firmware itself changes one bit of it. */
static struct {
	const struct fw_card *card;
	uint32_t handle;
	uint32_t type;			/* of the attribute whose last bit flips; 0: none */
} flip;

extern __typeof__(object_load) __real_object_load, __wrap_object_load;
uint32_t __wrap_object_load(struct cmd *c, uint32_t handle, struct object *o)
{
	uint32_t st = __real_object_load(c, handle, o);
	struct attr *a;

	if (st || !flip.type || c->card != flip.card || handle != flip.handle)
		return st;
	a = (struct attr *)attrs_get(&o->attrs, flip.type);
	assert_true(a && a->len);
	a->value[a->len - 1] ^= 1;
	return st;
}

/* row 74 */
static void a_bit_of_the_value_makes_them_differ(void **state)
{
	static const uint32_t inside[] = {
		COFFER_CKA_VALUE, COFFER_CKA_OUID, COFFER_CKA_ALWAYS_SENSITIVE,
		COFFER_CKA_NEVER_EXTRACTABLE, COFFER_CKA_EXTRACTABLE, COFFER_CKA_KEY_GEN_MECHANISM,
	};
	uint32_t of_s = tc_make_aes(s, "key"), of_t;
	struct run *r;

	(void)state;
	assert_u32(clone_one(s, t, of_s, &of_t), COFFER_ST_OK);
	r = opened();
	assert_true(same_in(r, of_s, of_t));
	flip.card = t->card;
	flip.handle = of_t;
	for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++) {
		flip.type = inside[i];
		assert_false(same_in(r, of_s, of_t));
	}
	flip.type = 0;
	assert_true(same_in(r, of_s, of_t));
	run_end(r);
}

/* row 74 */
static void a_changed_attribute_makes_them_differ(void **state)
{
	uint32_t of_s = tc_make_aes(s, "key"), of_t;
	const uint8_t no = 0;

	(void)state;
	assert_u32(clone_one(s, t, of_s, &of_t), COFFER_ST_OK);
	set_attribute(t, of_t, COFFER_CKA_LABEL, "kez", 3);
	assert_false(same_now(of_s, of_t));
	set_attribute(t, of_t, COFFER_CKA_LABEL, "key", 3);
	assert_true(same_now(of_s, of_t));
	set_attribute(t, of_t, COFFER_CKA_ENCRYPT, &no, 1);
	assert_false(same_now(of_s, of_t));
}

/* A copy that the target's rules made stricter is a good copy. */
static void a_stricter_copy_is_equal(void **state)
{
	static const uint32_t free_to_change[] = { COFFER_CKA_SENSITIVE, COFFER_CKA_FINGERPRINT };
	uint32_t of_s = tc_make_secret(s, "open", "0123456789abcdef", 16), of_t;
	struct run *r;

	(void)state;
	assert_u32(clone_one(s, t, of_s, &of_t), COFFER_ST_OK);
	r = opened();
	flip.card = t->card;
	flip.handle = of_t;
	for (size_t i = 0; i < 2; i++) {
		flip.type = free_to_change[i];
		assert_true(same_in(r, of_s, of_t));
	}
	flip.type = 0;
	run_end(r);
}

/* The same value, imported on both sides, is not the same object: nothing to guess values with. */
static void an_own_object_with_a_guess_tells_nothing(void **state)
{
	uint32_t of_s = tc_make_secret(s, "pin", "1234", 4);
	uint32_t of_t = tc_make_secret(t, "pin", "1234", 4);

	(void)state;
	assert_false(same_now(of_s, of_t));
}

/* Nothing leaves, so what may not be cloned may still be compared. */
static void also_where_policies_forbid_cloning(void **state)
{
	uint32_t of_s = tc_make_aes(s, "key"), of_t, got;
	struct test_blob blob = { 0 };
	struct run *r;

	(void)state;
	assert_u32(clone_one(s, t, of_s, &of_t), COFFER_ST_OK);
	tc_policy_set(s, false, 4, 0);
	r = opened();
	assert_u32(run_extract(r, &of_s, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(blob.verdict, COFFER_ST_OPERATION_NOT_ALLOWED);
	blobs_free(&blob, 1);
	assert_true(same_in(r, of_s, of_t));
	run_end(r);
	tc_free(s);
	s = tc_simple(NULL, "red");
}

/* ---- One session only ------------------------------------------------------------------------ */

/* row 74 */
static void digests_of_two_sessions_have_nothing_in_common(void **state)
{
	uint32_t h = tc_make_aes(s, "key");
	struct run *one = opened(), *two = opened();
	struct digest a, b, c;

	(void)state;
	assert_u32(digest_s(one, h, &a), COFFER_ST_OK);
	assert_u32(digest_s(two, h, &b), COFFER_ST_OK);
	assert_u32(digest_s(one, h, &c), COFFER_ST_OK);
	assert_true(equal(&a, &c));
	for (size_t i = 0; i + 4 <= a.len; i++)
		for (size_t j = 0; j + 4 <= b.len; j++)
			assert_memory_not_equal(a.p + i, b.p + j, 4);
	run_end(one);
	run_end(two);
}

/* Before the peer's proof, and after an end, there is none. */
static void not_without_an_open_session(void **state)
{
	uint32_t h = tc_make_aes(s, "key");
	struct run *r = run_new(s, t);
	struct digest d;

	(void)state;
	assert_u32(digest_s(r, h, &d), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(digest_s(r, h, &d), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(digest_t(r, h, &d), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* Out of order: they are void. */
	assert_u32(run_verify(r), COFFER_ST_SESSION_ID_INVALID);
	free(r);
	tc_forgive();
	r = opened();
	assert_u32(run_finish(r), COFFER_ST_OK);
	assert_u32(digest_s(r, h, &d), COFFER_ST_SESSION_ID_INVALID);
	run_end(r);
}

static void not_by_others_or_later(void **state)
{
	uint32_t h = tc_make_aes(s, "key");
	struct run *r = opened();
	uint64_t owner = tc_open_owner(s);
	uint32_t session = tc_open_session(s, s->owner, s->part), foreign;
	struct digest d;

	(void)state;
	assert_u32(digest_in(s, s->owner, session, r->context_s, h, &d),
		   COFFER_ST_SESSION_ID_INVALID);
	foreign = tc_open_session(s, owner, s->part);
	assert_u32(digest_in(s, owner, foreign, r->context_s, h, &d),
		   COFFER_ST_USER_NOT_LOGGED_IN);
	assert_u32(digest_in(s, s->owner, r->session_s, r->context_t, h, &d),
		   COFFER_ST_SESSION_ID_INVALID);
	assert_u32(digest_s(r, h, &d), COFFER_ST_OK);
	tc_jump(3600);
	assert_u32(digest_s(r, h, &d), COFFER_ST_SESSION_EXPIRED);
	assert_u32(digest_t(r, h, &d), COFFER_ST_SESSION_EXPIRED);
	run_end(r);
}

/* ---- Requests and cards that have none ------------------------------------------------------- */

static void each_object_has_its_verdict(void **state)
{
	uint32_t h = tc_make_aes(s, "key");
	struct run *r = opened();
	struct call *c = call_new();
	struct digest d;

	(void)state;
	assert_u32(digest_s(r, 0x3fffffff, &d), COFFER_ST_OK);
	assert_u32(d.verdict, COFFER_ST_OBJECT_HANDLE_INVALID);
	assert_u32(digest_s(r, COFFER_HANDLE_SESSION + 1, &d), COFFER_ST_OK);
	assert_u32(d.verdict, COFFER_ST_OBJECT_TYPE_INVALID);
	/* No list, a list that is cut off, one that is too long; no room for one answer. */
	for (uint32_t count = 0; count < 4; count++) {
		call_begin(c, r->session_s);
		wire_put_u32(&c->req, r->context_s);
		wire_put_u32(&c->req, count == 3 ? 1 : count);
		for (uint32_t i = 0; i < count % 2 * 2 || i < count / 3 * 2; i++)
			wire_put_u32(&c->req, h);
		assert_u32(call_run(s, c, COFFER_CMD_CLONE_DIGEST), COFFER_ST_ARGUMENTS_BAD);
	}
	call_begin(c, r->session_s);
	wire_put_u32(&c->req, r->context_s);
	wire_put_u32(&c->req, 1);
	wire_put_u32(&c->req, h);
	assert_u32(call_short(s, c, COFFER_CMD_CLONE_DIGEST, 4 + 8 + 31),
		   COFFER_ST_BUFFER_TOO_SMALL);
	/* Room for one of two: one. */
	call_begin(c, r->session_s);
	wire_put_u32(&c->req, r->context_s);
	wire_put_u32(&c->req, 2);
	wire_put_u32(&c->req, h);
	wire_put_u32(&c->req, h);
	assert_u32(call_short(s, c, COFFER_CMD_CLONE_DIGEST, 4 + 8 + 48 + 55), COFFER_ST_OK);
	assert_u32(wire_u32(&c->rep), 1);
	assert_u32(digest_s(r, h, &d), COFFER_ST_OK);
	assert_u32(d.verdict, COFFER_ST_OK);
	free(c);
	run_end(r);
}

static void older_firmware_has_none(void **state)
{
	struct test_card *old = tc_simple("pcie-7.4", "red"), *two = tc_simple("pcie-7.4", "red");
	uint32_t h = tc_make_aes(old, "key");
	struct run *r = run_new(old, two);
	struct digest d;

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(digest_s(r, h, &d), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	run_end(r);
	tc_free(old);
	tc_free(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_objects_have_equal_digests),
		cmocka_unit_test(a_bit_of_the_value_makes_them_differ),
		cmocka_unit_test(a_changed_attribute_makes_them_differ),
		cmocka_unit_test(a_stricter_copy_is_equal),
		cmocka_unit_test(an_own_object_with_a_guess_tells_nothing),
		cmocka_unit_test(also_where_policies_forbid_cloning),
		cmocka_unit_test(digests_of_two_sessions_have_nothing_in_common),
		cmocka_unit_test(not_without_an_open_session),
		cmocka_unit_test(not_by_others_or_later),
		cmocka_unit_test(each_object_has_its_verdict),
		cmocka_unit_test(under_every_protocol),
		cmocka_unit_test(older_firmware_has_none),
	};

	return cmocka_run_group_tests(tests, make_pair, free_pair);
}
