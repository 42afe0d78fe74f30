// SPDX-License-Identifier: BSD-3-Clause
/*
 * RSA keys in FIPS mode of firmware 7, asked for as programs always did: the library has them made
 * by FIPS 186-3 instead, unless it is told not to (behaviour.md section 9).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_story.h"

#define HSM_FIPS	12	/* HSM policy: off is FIPS mode */

static const uint64_t old_way = COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN;
static const uint64_t new_way = COFFER_CKM_RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN;

static struct story story;
static struct coffer_session *fips;	/* CO of a partition of A, which is in FIPS mode */
static uint32_t fips_partition;

/* A goes into FIPS mode, which erases it; B stays as it was. */
static int begin(void **state)
{
	static const uint32_t id = HSM_FIPS, off;
	struct coffer_session *so;

	(void)state;
	story_begin(&story, "pcie-7.4", NULL, NULL);
	GOOD(coffer_session_open(coffer_card_at(story.ctx, STORY_A), 0, true, &so));
	GOOD(coffer_login(so, COFFER_ROLE_SO, STORY_SO, strlen(STORY_SO), NULL));
	GOOD(coffer_policy_set(so, &id, &off, 1, true));
	GOOD(coffer_logout(so));
	coffer_session_close(so);
	fips = story_partition(&story, STORY_A, STORY_DOMAIN, &fips_partition);
	return 0;
}

static int end(void **state)
{
	(void)state;
	coffer_session_close(fips);
	story_end(&story);
	return 0;
}

static coffer_rc make(struct coffer_session *s, uint64_t bits, uint32_t *pub, uint32_t *priv)
{
	static const uint8_t exponent[] = { 1, 0, 1 }, yes = 1;
	const struct coffer_attr public[] = {
		{ CKA(MODULUS_BITS), 8, &bits },
		{ CKA(PUBLIC_EXPONENT), sizeof(exponent), exponent },
		{ CKA(TOKEN), 1, &yes },
	};
	const struct coffer_attr private[] = { { CKA(TOKEN), 1, &yes } };

	return coffer_key_pair_generate(s, (uint32_t)old_way, public, 3, private, 1, pub, priv);
}

/* How the card says that a key was made. */
static uint64_t made_by(struct coffer_session *s, uint32_t handle)
{
	static const uint32_t wanted = COFFER_CKA_KEY_GEN_MECHANISM;
	const struct coffer_attr *attr;
	struct coffer_objects found;
	uint64_t value = 0;

	GOOD(coffer_object_get(s, handle, &wanted, 1, &found));
	assert_int_equal(found.count, 1);
	attr = coffer_object_attr(&found.list[0], wanted);
	assert_non_null(attr);
	assert_int_equal(attr->len, sizeof(value));
	memcpy(&value, attr->value, sizeof(value));
	coffer_objects_free(&found);
	return value;
}

/* row 95 */
static void fips_mode_gets_the_new_way(void **state)
{
	uint32_t pub, priv;

	(void)state;
	GOOD(make(fips, 2048, &pub, &priv));
	assert_int_equal(made_by(fips, pub), new_way);
	assert_int_equal(made_by(fips, priv), new_way);
	GOOD(coffer_object_destroy(fips, pub));
	GOOD(coffer_object_destroy(fips, priv));
	/* What is refused for another reason is not asked for again. */
	assert_int_equal(make(fips, 1024, &pub, &priv), ST(KEY_SIZE_RANGE));
	assert_int_equal(story_count(fips), 0);
}

/* row 95 */
static void elsewhere_the_old_way_stays(void **state)
{
	uint32_t pub, priv;

	(void)state;
	GOOD(make(story.co[STORY_B], 2048, &pub, &priv));
	assert_int_equal(made_by(story.co[STORY_B], priv), old_way);
	story_wipe(story.co[STORY_B]);
}

/* Both cards again, by a library that was told so. */
static void reopen(const struct coffer_options *how)
{
	struct coffer_options options = *how;
	char cards[200];

	coffer_session_close(fips);
	coffer_session_close(story.co[0]);
	coffer_session_close(story.co[1]);
	coffer_close(story.ctx);
	snprintf(cards, sizeof(cards), "%s/a.coffer,%s/b.coffer", story.root, story.root);
	options.cards = cards;
	GOOD(coffer_open(&options, &story.ctx));
	for (unsigned int i = 0; i < 2; i++)
		GOOD(coffer_session_open(coffer_card_at(story.ctx, i), 0, true, &story.co[i]));
	GOOD(coffer_session_open(coffer_card_at(story.ctx, STORY_A), fips_partition, true, &fips));
	GOOD(coffer_login(fips, COFFER_ROLE_CO, "Changed-pw-1", 12, NULL));
}

static void refuses_to_remap(void)
{
	uint32_t pub = 9, priv = 9;

	assert_int_equal(make(fips, 2048, &pub, &priv), ST(MECHANISM_INVALID));
	assert_int_equal(pub, 0);
	assert_int_equal(priv, 0);
	assert_int_equal(story_count(fips), 0);
}

/* row 95 */
static void fails_when_it_is_off(void **state)
{
	uint32_t pub, priv;

	(void)state;
	reopen(&(struct coffer_options){ .no_rsa_remap = true });
	refuses_to_remap();
	setenv("COFFER_RSA_REMAP", "0", 1);
	reopen(&(struct coffer_options){ 0 });
	refuses_to_remap();
	unsetenv("COFFER_RSA_REMAP");
	reopen(&(struct coffer_options){ 0 });
	GOOD(make(fips, 2048, &pub, &priv));
	assert_int_equal(made_by(fips, priv), new_way);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fips_mode_gets_the_new_way),
		cmocka_unit_test(elsewhere_the_old_way_stays),
		cmocka_unit_test(fails_when_it_is_off),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
