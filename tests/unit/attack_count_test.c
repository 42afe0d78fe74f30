// SPDX-License-Identifier: BSD-3-Clause
/*
 * Guesses are counted, durably, before they are looked at (quality.md A3.2, A5): at the very
 * moment of the comparison the card's memory on disk is read, as after a power cut there. The
 * linker calls this file's functions in the place of the card's own (--wrap, see meson.build).
 */
#include "clone_pair.h"

#include "nv.h"

static struct {
	struct test_card *card;		/* whose memory is read */
	unsigned int role;
	unsigned int checks;		/* passwords or proofs that were looked at */
	uint32_t least;			/* smallest count on disk at one of them */
	uint32_t iterations;		/* fewest that a secret was stretched with */
	const uint8_t *request;		/* no secret may be read in here */
	bool in_request;
} watch;

static void watch_card(struct test_card *card, unsigned int role)
{
	memset(&watch, 0, sizeof(watch));
	watch.card = card;
	watch.role = role;
	watch.least = UINT32_MAX;
	watch.iterations = UINT32_MAX;
}

static void look_at_disk(void)
{
	struct nv *nv;
	uint32_t count;

	if (!watch.card || !watch.card->card)
		return;
	assert_int_equal(nv_open(watch.card->dir, &nv), 0);
	count = watch.role ? nv_attempts(nv, watch.card->part, watch.role) :
			     nv_clone_failures(nv, watch.card->part);
	nv_close(nv);
	watch.checks++;
	if (count < watch.least)
		watch.least = count;
}

/* Self-tests compute known answers, always the same: they do not count. */
static _Thread_local bool testing_itself;

uint32_t __real_crypto_open(struct crypto **c);
uint32_t __wrap_crypto_open(struct crypto **c);

uint32_t __wrap_crypto_open(struct crypto **c)
{
	uint32_t st;

	testing_itself = true;
	st = __real_crypto_open(c);
	testing_itself = false;
	return st;
}

uint32_t __real_crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
			      uint32_t iterations, uint8_t *out, size_t len);
uint32_t __wrap_crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
			      uint32_t iterations, uint8_t *out, size_t len);
uint32_t __real_clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
				  const struct clone_transcript *t, struct bytes shared,
				  const uint8_t domain[32], struct clone_keys *keys);
uint32_t __wrap_clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
				  const struct clone_transcript *t, struct bytes shared,
				  const uint8_t domain[32], struct clone_keys *keys);

/* The cost is noted; it need not be paid. */
uint32_t __wrap_crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
			      uint32_t iterations, uint8_t *out, size_t len)
{
	if (testing_itself)
		return __real_crypto_pbkdf2(c, secret, salt, iterations, out, len);
	if (watch.role)
		look_at_disk();
	if (iterations < watch.iterations)
		watch.iterations = iterations;
	if (watch.request && secret.p >= watch.request &&
	    secret.p < watch.request + COFFER_CMD_MAX_PAYLOAD)
		watch.in_request = true;
	return __real_crypto_pbkdf2(c, secret, salt, 1, out, len);
}

uint32_t __wrap_clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
				  const struct clone_transcript *t, struct bytes shared,
				  const uint8_t domain[32], struct clone_keys *keys)
{
	if (!watch.role)
		look_at_disk();
	return __real_clone_keys_derive(c, suite, t, shared, domain, keys);
}

/* Also the right one: what it costs must not depend on that. */
static void a_login_is_counted_before_the_password(void **state)
{
	struct test_card *card = tc_simple(NULL, "red");
	uint32_t session;

	(void)state;
	card->owner = tc_open_owner(card);
	session = tc_open_session(card, card->owner, card->part);
	watch_card(card, COFFER_ROLE_CO);
	assert_u32(tc_login(card, session, COFFER_ROLE_CO, "wrong"), COFFER_ST_PIN_INCORRECT);
	assert_int_equal(watch.checks, 1);
	assert_int_equal(watch.least, 1);
	watch_card(card, COFFER_ROLE_CO);
	assert_u32(tc_login(card, session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	assert_int_equal(watch.checks, 1);
	assert_int_equal(watch.least, 2);
	watch_card(NULL, 0);
	tc_free(card);
}

/* m3 tells the peer whether the domains are equal: the attempt is on disk before it exists. */
static void target_counts_before_it_proves(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t);

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	watch_card(t, 0);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_in_range(watch.checks, 1, CLONE_DOMAINS);
	assert_int_equal(watch.least, 1);
	watch_card(NULL, 0);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

static void source_counts_before_it_compares(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r = run_new(s, t);

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	watch_card(s, 0);
	assert_u32(run_verify(r), COFFER_ST_OK);
	assert_in_range(watch.checks, 1, CLONE_DOMAINS);
	assert_int_equal(watch.least, 1);
	watch_card(NULL, 0);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
}

/* Passwords and domains of a card that is not a test's (quality.md A3.2: 600,000). */
static void secrets_are_stretched(void **state)
{
	struct test_how how = { .slow_kdf = true };
	struct test_card *card;

	(void)state;
	watch_card(NULL, 0);
	card = tc_make(&how);
	assert_in_range(watch.iterations, 600000, UINT32_MAX - 1);
	tc_free(card);
}

/* The caller's memory may change under the command: secrets are read from a copy. */
static void a_secret_is_read_from_a_copy(void **state)
{
	struct test_card *card = tc_simple(NULL, "red");
	struct call *c = call_new();

	(void)state;
	watch_card(NULL, 0);
	card->owner = tc_open_owner(card);
	call_begin(c, tc_open_session(card, card->owner, card->part));
	wire_put_u32(&c->req, COFFER_ROLE_CO);
	wire_put_blob(&c->req, PIN_CO, strlen(PIN_CO));
	watch.request = c->req_buf;
	assert_u32(call_run(card, c, COFFER_CMD_LOGIN), COFFER_ST_OK);
	assert_not_u32(watch.iterations, UINT32_MAX);
	assert_false(watch.in_request);
	watch_card(NULL, 0);
	free(c);
	tc_free(card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_login_is_counted_before_the_password),
		cmocka_unit_test(target_counts_before_it_proves),
		cmocka_unit_test(source_counts_before_it_compares),
		cmocka_unit_test(secrets_are_stretched),
		cmocka_unit_test(a_secret_is_read_from_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
