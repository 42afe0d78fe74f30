// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cloning by any of up to three domains, and by the cipher suites that are on (behaviour.md
 * sections 1.3, 1.4 and 2; rows 23, 31, 34, 35, 40).
 */
#include "clone_pair.h"

/* ---- What the Partition SO does, as an owner of his own ---------------------------------- */

struct office {
	struct test_card *card;
	uint64_t officer;		/* the owner whose contexts must not end by a log-out */
	struct call *c;
};

static void office_open(struct office *o, struct test_card *card, uint32_t number)
{
	uint32_t session;

	o->card = card;
	o->officer = card->owner;
	card->owner = tc_open_owner(card);
	session = tc_open_session(card, card->owner, card->part);
	assert_u32(tc_login(card, session, COFFER_ROLE_PO, PIN_PO), COFFER_ST_OK);
	o->c = call_new();
	call_begin(o->c, session);
	wire_put_u32(&o->c->req, number);
}

static uint32_t office_run(struct office *o, uint16_t opcode)
{
	uint32_t st = call_run(o->card, o->c, opcode);

	free(o->c);
	o->card->owner = o->officer;
	return st;
}

static void put(struct office *o, const char *text)
{
	wire_put_blob(&o->c->req, text, strlen(text));
}

/* The label of domain "red" is "label red", and so on. */
static const char *label_of(const char *domain)
{
	static char label[64];

	strcpy(label, "label ");
	strcat(label, domain);
	return label;
}

static void domain_add(struct test_card *card, const char *domain)
{
	struct office o;

	tc_policy_set(card, false, 44, 1);
	office_open(&o, card, 0);
	put(&o, label_of(domain));
	put(&o, domain);
	assert_u32(office_run(&o, COFFER_CMD_DOMAIN_ADD), COFFER_ST_OK);
}

static void domain_delete(struct test_card *card, const char *domain)
{
	struct office o;

	office_open(&o, card, 0);
	put(&o, label_of(domain));
	assert_u32(office_run(&o, COFFER_CMD_DOMAIN_DELETE), COFFER_ST_OK);
}

static void domain_make_primary(struct test_card *card, const char *domain)
{
	struct office o;

	office_open(&o, card, COFFER_DOMAIN_PRIMARY);
	put(&o, label_of(domain));
	put(&o, label_of(domain));
	assert_u32(office_run(&o, COFFER_CMD_DOMAIN_CHANGE), COFFER_ST_OK);
}

static uint32_t negotiate(struct test_card *s, struct test_card *t, uint32_t *protocol,
			  uint32_t *suite)
{
	struct run *r = run_new(s, t);
	uint32_t st = run_clever(r);

	if (protocol)
		*protocol = st ? 0 : r->protocol;
	if (suite)
		*suite = st ? 0 : r->suite;
	run_give_up(r);
	free(r);
	/* What was refused may have been counted as a guess. */
	if (st)
		tc_forgive();
	return st;
}

/* ---- Domains ----------------------------------------------------------------------------- */

/* Whichever place the common domain has on either side. */
static void any_of_nine(void **state)
{
	static const char *const mine[] = { "red", "blue", "green" };
	struct test_card *s = tc_simple(NULL, mine[0]), *t;
	uint32_t handle = tc_make_aes(s, "k"), copy;

	(void)state;
	domain_add(s, mine[1]);
	domain_add(s, mine[2]);
	for (int i = 0; i < 3; i++) {
		for (int k = 0; k < 3; k++) {
			const char *theirs[] = { "ochre", "umber", "sepia" };
			uint32_t protocol;

			theirs[k] = mine[i];
			t = tc_simple(NULL, theirs[0]);
			domain_add(t, theirs[1]);
			domain_add(t, theirs[2]);
			assert_u32(negotiate(t, s, &protocol, NULL), COFFER_ST_OK);
			assert_u32(protocol, COFFER_CLONE_CPV4);
			assert_u32(clone_one(s, t, handle, &copy), COFFER_ST_OK);
			tc_free(t);
		}
	}
	tc_free(s);
}

/* Of two in common the source's first one is the session's: the other may go. */
static void first_of_two_in_common(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "blue");
	uint32_t handle = tc_make_aes(s, "k"), got;
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	domain_add(s, "blue");
	domain_add(t, "red");
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	domain_delete(s, "blue");
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_OK);
	blobs_free(&blob, 1);
	domain_delete(t, "red");
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, NULL),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

static void sign(struct test_card *card, uint32_t key, uint8_t mac[32])
{
	struct call *c = call_new();
	struct bytes got;

	call_begin(c, card->session);
	wire_put_u32(&c->req, key);
	wire_put_u32(&c->req, COFFER_CKM_SHA256_HMAC);
	wire_put_blob(&c->req, NULL, 0);
	wire_put_blob(&c->req, "data", 4);
	assert_u32(call_run(card, c, COFFER_CMD_SIGN), COFFER_ST_OK);
	got = wire_bytes(&c->rep, 32);
	assert_u32(got.len, 32);
	memcpy(mac, got.p, 32);
	free(c);
}

/* Rows 34, 35, 39: cloning begins with the domain and ends with it; keys stay what they are. */
static void added_and_deleted(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple("pcie-7.8", "blue");
	uint32_t handle = tc_make_secret(s, "k", "0123456789abcdef", 16), copy, other;
	uint8_t before[32], after[32];

	(void)state;
	assert_u32(clone_one(s, t, handle, &copy), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	domain_add(t, "red");
	assert_u32(clone_one(s, t, handle, &copy), COFFER_ST_OK);
	sign(s, handle, before);
	tc_off(t);
	tc_on(t);
	assert_u32(negotiate(s, t, NULL, NULL), COFFER_ST_OK);
	domain_delete(t, "red");
	assert_u32(negotiate(s, t, NULL, NULL), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	tc_off(t);
	tc_on(t);
	assert_u32(negotiate(t, s, NULL, NULL), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	sign(t, copy, after);
	assert_memory_equal(before, after, sizeof(before));
	/* What came by one domain goes on by another. */
	tc_free(s);
	s = tc_simple(NULL, "blue");
	assert_u32(clone_one(t, s, copy, &other), COFFER_ST_OK);
	sign(s, other, after);
	assert_memory_equal(before, after, sizeof(before));
	tc_free(s);
	tc_free(t);
}

/* Row 40: who knows one domain meets the primary one. */
static void old_peers_see_the_primary(void **state)
{
	struct test_card *old = tc_simple("pcie-7.4", "green"), *new = tc_simple(NULL, "red");
	uint32_t handle = tc_make_aes(old, "k"), copy, protocol;

	(void)state;
	domain_add(new, "green");
	assert_u32(clone_one(old, new, handle, &copy), COFFER_ST_CERTIFICATE_DATA_INVALID);
	domain_make_primary(new, "green");
	assert_u32(negotiate(old, new, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV1);
	assert_u32(clone_one(old, new, handle, &copy), COFFER_ST_OK);
	tc_free(old);
	tc_free(new);
}

/* The same between two new ones where policy 42 forces CPv1. */
static void forced_cpv1_sees_the_primary(void **state)
{
	struct test_card *s = tc_simple(NULL, "green"), *t = tc_simple(NULL, "red");
	uint32_t protocol;

	(void)state;
	domain_add(t, "green");
	tc_policy_set(s, false, 42, 1);
	assert_u32(negotiate(s, t, NULL, NULL), COFFER_ST_CERTIFICATE_DATA_INVALID);
	assert_u32(negotiate(t, s, NULL, NULL), COFFER_ST_CERTIFICATE_DATA_INVALID);
	domain_make_primary(t, "green");
	assert_u32(negotiate(s, t, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV1);
	tc_free(s);
	tc_free(t);
}

/* ---- Running contexts ---------------------------------------------------------------------- */

/* A context by domain "blue" that goes on although other domains come and go. */
static struct run *by_blue(struct test_card *s, struct test_card *t)
{
	struct run *r;

	domain_add(s, "blue");
	domain_add(t, "blue");
	r = run_new(s, t);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	return r;
}

static void others_do_not_matter(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "green");
	uint32_t handle = tc_make_aes(s, "k"), got, copy;
	struct test_blob blob;
	struct run *r = by_blue(s, t);
	struct office o;

	(void)state;
	office_open(&o, t, 0);
	put(&o, "label white");
	put(&o, "white");
	assert_u32(office_run(&o, COFFER_CMD_DOMAIN_ADD), COFFER_ST_OK);
	domain_make_primary(t, "blue");
	domain_delete(t, "white");
	domain_make_primary(s, "blue");
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(blob.verdict, COFFER_ST_OK);
	assert_u32(run_insert_one(r, blob.p, blob.len, &copy), COFFER_ST_OK);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

static void deletion_ends_them(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "green");
	uint32_t handle = tc_make_aes(s, "k"), got, copy;
	struct test_blob blob;
	struct run *r = by_blue(s, t);

	(void)state;
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	domain_delete(t, "blue");
	assert_u32(run_insert_one(r, blob.p, blob.len, &copy),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(run_insert_one(r, blob.p, blob.len, &copy), COFFER_ST_SESSION_ID_INVALID);
	assert_u32(tc_count(t), 0);
	blobs_free(&blob, 1);
	domain_delete(s, "blue");
	assert_u32(run_extract(r, &handle, 1, &blob, &got),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* The same text again is another domain. */
	domain_add(s, "blue");
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_SESSION_ID_INVALID);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* Between the proofs: T has shown m3, and loses the domain before m4 comes. */
static void deletion_in_the_middle(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "green");
	struct run *r;

	(void)state;
	domain_add(s, "blue");
	domain_add(t, "blue");
	r = run_new(s, t);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(run_verify(r), COFFER_ST_OK);
	domain_delete(t, "blue");
	assert_u32(run_accept(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(r);
	r = run_new(t, s);
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	domain_delete(s, "blue");
	assert_u32(run_verify(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* ---- Cipher suites ------------------------------------------------------------------------- */

/* row 23 */
static void strongest_common_suite(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handle = tc_make_aes(s, "k"), copy, suite, protocol;

	(void)state;
	assert_u32(negotiate(s, t, NULL, &suite), COFFER_ST_OK);
	assert_u32(suite, 3);
	tc_suite_set(t, 3, false);
	assert_u32(negotiate(s, t, NULL, &suite), COFFER_ST_OK);
	assert_u32(suite, 2);
	tc_suite_set(s, 2, false);
	assert_u32(negotiate(s, t, NULL, &suite), COFFER_ST_OK);
	assert_u32(suite, 1);
	assert_u32(negotiate(t, s, NULL, &suite), COFFER_ST_OK);
	assert_u32(suite, 1);
	assert_u32(clone_one(s, t, handle, &copy), COFFER_ST_OK);
	/* S has 1 and 3, T has 2: nothing in common, so CPv3. */
	tc_suite_set(t, 1, false);
	assert_u32(negotiate(s, t, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV3);
	tc_suite_set(t, 3, true);
	assert_u32(negotiate(s, t, NULL, &suite), COFFER_ST_OK);
	assert_u32(suite, 3);
	tc_off(t);
	tc_on(t);
	tc_suite_set(s, 3, false);
	assert_u32(negotiate(s, t, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV3);
	tc_free(s);
	tc_free(t);
}

/* row 24 */
static void all_suites_off(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t protocol;

	(void)state;
	tc_suites_off(s);
	assert_u32(negotiate(s, t, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV3);
	assert_u32(negotiate(t, s, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV3);
	/* Where CPv1 is forced suites do not matter. */
	tc_policy_set(t, false, 42, 1);
	assert_u32(negotiate(s, t, &protocol, NULL), COFFER_ST_OK);
	assert_u32(protocol, COFFER_CLONE_CPV1);
	tc_free(s);
	tc_free(t);
}

static void suite_switched_off_in_use(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t handle = tc_make_aes(s, "k"), got;
	struct run *r = run_new(s, t);
	struct test_blob blob;

	(void)state;
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	tc_suite_set(s, 1, false);
	assert_u32(run_extract(r, &handle, 1, &blob, &got), COFFER_ST_OK);
	blobs_free(&blob, 1);
	tc_suite_set(s, 3, false);
	assert_u32(run_extract(r, &handle, 1, &blob, &got),
		   COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	/* What was offered is no longer so: the negotiation ends as well. */
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	tc_suite_set(t, 1, false);
	assert_u32(run_confirm(r), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_of_nine),
		cmocka_unit_test(first_of_two_in_common),
		cmocka_unit_test(added_and_deleted),
		cmocka_unit_test(old_peers_see_the_primary),
		cmocka_unit_test(forced_cpv1_sees_the_primary),
		cmocka_unit_test(others_do_not_matter),
		cmocka_unit_test(deletion_ends_them),
		cmocka_unit_test(deletion_in_the_middle),
		cmocka_unit_test(strongest_common_suite),
		cmocka_unit_test(all_suites_off),
		cmocka_unit_test(suite_switched_off_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
