// SPDX-License-Identifier: BSD-3-Clause
/*
 * The rogue peer (quality.md A3.1), with (a) the domain but no genuine card, (b) a genuine card
 * but no domain, (c) recorded traffic only. None of them gets one object, or gives one.
 *
 * (a) is a card whose identity this file forges: the linker calls it for card_identity and
 * fw_card_serial (--wrap, see meson.build).
 */
#include "clone_pair.h"

#include <stdio.h>
#include <unistd.h>

static struct test_card *genuine, *other, *rogue;

enum forgery {
	HONEST,			/* its own root, as it is */
	OWN_CERTIFICATE,	/* says it trusts the real root, shows its own certificates */
	STOLEN_CERTIFICATE,	/* shows those of a genuine card, which are public */
	STOLEN_DEVICE_ONLY,	/* the device's, with a wrapping key that it can use */
};

static enum forgery forgery;

const struct identity *__real_card_identity(const struct fw_card *card);
const struct identity *__wrap_card_identity(const struct fw_card *card);
uint64_t __real_fw_card_serial(const struct fw_card *card);
uint64_t __wrap_fw_card_serial(const struct fw_card *card);

static bool is_rogue(const struct fw_card *card)
{
	return rogue && card == rogue->card && forgery != HONEST;
}

const struct identity *__wrap_card_identity(const struct fw_card *card)
{
	static struct identity forged;
	const struct identity *real;

	if (!is_rogue(card))
		return __real_card_identity(card);
	real = __real_card_identity(other->card);
	forged = *__real_card_identity(card);
	forged.root = real->root;
	if (forgery != OWN_CERTIFICATE)
		forged.device_cert = real->device_cert;
	if (forgery == STOLEN_CERTIFICATE)
		forged.wrap_cert = real->wrap_cert;
	return &forged;
}

uint64_t __wrap_fw_card_serial(const struct fw_card *card)
{
	if (is_rogue(card) && forgery != OWN_CERTIFICATE)
		return __real_fw_card_serial(other->card);
	return __real_fw_card_serial(card);
}

/* A root of its own, and a card under it with the right domain. */
static void make_rogue(void)
{
	char dir[] = "/tmp/attack-root-XXXXXX", key[64], cert[64], line[512];
	struct test_how how = { .root_key_file = key, .root_cert_file = cert };

	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(line, sizeof(line),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		 "-days 30 -subj '/CN=%s' -keyout %s -out %s 2>/dev/null",
		 "coffer TEST factory root", key, cert);
	assert_int_equal(system(line), 0);
	rogue = tc_make(&how);
	unlink(key);
	unlink(cert);
	rmdir(dir);
}

static int begin(void **state)
{
	(void)state;
	forgery = HONEST;
	genuine = tc_simple(NULL, "red");
	other = tc_simple(NULL, "red");
	make_rogue();
	return 0;
}

static int end(void **state)
{
	(void)state;
	forgery = HONEST;
	tc_free(genuine);
	tc_free(other);
	tc_free(rogue);
	rogue = NULL;
	return 0;
}

/* Whatever it shows, the genuine card ends it before a proof, on both sides. */
static void domain_without_a_genuine_card(void **state)
{
	static const enum forgery forgeries[] = { HONEST, OWN_CERTIFICATE, STOLEN_CERTIFICATE,
						  STOLEN_DEVICE_ONLY };
	struct test_blob blob;
	struct run *r;
	uint32_t object = tc_make_value(genuine, "x", true, "x", 1), got;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		uint32_t st;

		forgery = forgeries[i];
		/* It wants objects: the source says no to m1, or at the latest to m3. */
		r = run_new(genuine, rogue);
		assert_u32(run_start(r), COFFER_ST_OK);
		st = run_answer(r);
		if (!st && !run_confirm(r))
			st = run_verify(r);
		if (!st)
			fail_msg("forgery %zu was taken for a target", i);
		assert_not_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_OK);
		run_give_up(r);
		free(r);
		/* It wants to plant objects: the target says no to m2. */
		r = run_new(rogue, genuine);
		assert_u32(run_start(r), COFFER_ST_OK);
		st = run_answer(r);
		if (!st)
			st = run_confirm(r);
		if (!st)
			fail_msg("forgery %zu was taken for a source", i);
		run_give_up(r);
		free(r);
	}
	forgery = HONEST;
	assert_u32(tc_count(genuine), 1);
}

/* A genuine card with every domain but the right one: no object, and each try is counted. */
static void genuine_card_without_the_domain(void **state)
{
	struct test_card *blue = tc_simple(NULL, "blue");
	struct test_blob blob;
	uint32_t object = tc_make_value(genuine, "x", true, "x", 1), got;
	struct run *r = run_new(genuine, blue);

	(void)state;
	assert_u32(run_start(r), COFFER_ST_OK);
	assert_u32(run_answer(r), COFFER_ST_OK);
	assert_u32(run_confirm(r), COFFER_ST_OK);
	assert_u32(run_verify(r), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	assert_u32(r->m4.len, 0);
	assert_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_SESSION_ID_INVALID);
	run_give_up(r);
	free(r);
	tc_free(blue);
}

/* Everything that both cards ever said, and no card: nothing that a card would take again. */
static void only_recorded_traffic(void **state)
{
	struct run *old = run_new(other, genuine), *r = run_new(other, genuine);
	uint32_t object = tc_make_value(other, "x", true, "x", 1), got, before;
	struct test_blob blob;

	(void)state;
	assert_u32(run_negotiate(old), COFFER_ST_OK);
	assert_u32(run_extract(old, &object, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(run_insert_one(old, blob.p, blob.len, NULL), COFFER_ST_OK);
	assert_u32(run_finish(old), COFFER_ST_OK);
	before = tc_count(genuine);
	/* The recording plays the source. */
	assert_u32(run_start(r), COFFER_ST_OK);
	r->m2 = old->m2;
	assert_not_u32(run_confirm(r), COFFER_ST_OK);
	r->m4 = old->m4;
	assert_not_u32(run_accept(r), COFFER_ST_OK);
	assert_not_u32(run_insert_one(r, blob.p, blob.len, NULL), COFFER_ST_OK);
	run_give_up(r);
	/* The recording plays the target: the source answers anew, and m3 does not fit. */
	r->m1 = old->m1;
	r->context_t = 0;
	assert_u32(run_answer(r), COFFER_ST_OK);
	r->m3 = old->m3;
	assert_not_u32(run_verify(r), COFFER_ST_OK);
	assert_not_u32(run_extract(r, &object, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(tc_count(genuine), before);
	free(blob.p);
	run_give_up(r);
	run_give_up(old);
	free(r);
	free(old);
}

#define TEST(f)	cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(domain_without_a_genuine_card),
		TEST(genuine_card_without_the_domain),
		TEST(only_recorded_traffic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
