// SPDX-License-Identifier: BSD-3-Clause
/*
 * Self-tests besides the known answers (quality.md A5): the random generator and its source of
 * entropy, and the tests that run whenever something is made. All run at power-on and on demand.
 */
#include <stdio.h>
#include <string.h>

#include <openssl/err.h>

#include "crypto_internal.h"

/*
 * Health of the random generator after SP 800-90B 4.4, a byte as a sample with 8 bits of
 * entropy, false alarm 2^-40: no value RCT_CUT times in a row, no first value of a window
 * APT_CUT times in it.
 */
#define RCT_CUT		6
#define APT_WINDOW	512
#define APT_CUT		20

bool crypto_health(const uint8_t *samples, size_t len)
{
	size_t run = 0, same = 0;

	for (size_t i = 0; i < len; i++) {
		run = i && samples[i] == samples[i - 1] ? run + 1 : 1;
		if (i % APT_WINDOW == 0)
			same = 0;
		same += samples[i] == samples[i - i % APT_WINDOW];
		if (run >= RCT_CUT || same >= APT_CUT)
			return false;
	}
	return len >= APT_WINDOW;
}

static bool is_broken(const char *broken, const char *name)
{
	return broken && !strcmp(broken, name);
}

static bool samples_good(uint8_t *samples, size_t len, bool drawn, bool broken)
{
	bool good;

	if (broken)
		memset(samples, 0x5a, len);
	good = drawn && crypto_health(samples, len);
	crypto_wipe(samples, len);
	return good;
}

static bool random_health(struct crypto *c, bool broken)
{
	uint8_t samples[8 * APT_WINDOW];
	bool drawn = !crypto_random(c, samples, sizeof(samples));

	return samples_good(samples, sizeof(samples), drawn, broken);
}

/* What seeds the generator, before anything has been made of it. */
static bool entropy_source(struct crypto *c, bool broken)
{
	uint8_t samples[2 * APT_WINDOW];
	EVP_RAND *rand = EVP_RAND_fetch(c->lib, "SEED-SRC", NULL);
	EVP_RAND_CTX *ctx = rand ? EVP_RAND_CTX_new(rand, NULL) : NULL;
	bool drawn = ctx && EVP_RAND_instantiate(ctx, 128, 0, NULL, 0, NULL) == 1;

	for (size_t at = 0; drawn && at < sizeof(samples); at += 32)
		drawn = EVP_RAND_generate(ctx, samples + at, 32, 128, 0, NULL, 0) == 1;
	EVP_RAND_CTX_free(ctx);
	EVP_RAND_free(rand);
	return samples_good(samples, sizeof(samples), drawn, broken);
}

/* ---- When something is made ---------------------------------------------------------- */

static const char pairwise_name[] = "pairwise-consistency";

static bool random_continuous(struct crypto *c, bool broken)
{
	uint8_t block[2][16];
	bool good = !crypto_random(c, block[0], sizeof(block[0])) &&
		    !crypto_random(c, block[1], sizeof(block[1]));

	if (broken)
		memcpy(block[1], block[0], sizeof(block[1]));
	return good && memcmp(block[0], block[1], sizeof(uint64_t)) != 0;
}

/* ---- All ----------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*run)(struct crypto *c, bool broken);
} more[] = {
	{ pairwise_name, crypto_pair_self_test },
	{ CRYPTO_CONTINUOUS, random_continuous },
	{ "entropy-source", entropy_source },
	{ "random-health", random_health },
};

#define MORE	(sizeof(more) / sizeof(more[0]))

static unsigned int kat_count(void)
{
	unsigned int n = 0;

	while (crypto_kat_name(n))
		n++;
	return n;
}

uint32_t crypto_failed(const struct crypto *c)
{
	const char *name = atomic_load(&((struct crypto *)c)->failed);

	for (size_t i = 0; name && i < MORE; i++)
		if (!strcmp(more[i].name, name))
			return kat_count() + (uint32_t)i + 1;
	return 0;
}

const char *crypto_self_test(struct crypto *c, unsigned int index, const char *broken,
			     bool *passed)
{
	unsigned int kats = kat_count();

	*passed = false;
	if (index < kats) {
		*passed = crypto_kat_one(c, index, broken);
		return crypto_kat_name(index);
	}
	index -= kats;
	if (index >= MORE)
		return NULL;
	*passed = more[index].run(c, is_broken(broken, more[index].name));
	ERR_clear_error();
	return more[index].name;
}

/* Every one, also behind one that failed. */
uint32_t crypto_self_test_all(struct crypto *c, const char *broken)
{
	bool good = true, passed;

	for (unsigned int i = 0; crypto_self_test(c, i, broken, &passed); i++)
		good = passed && good;
	return good ? COFFER_ST_OK : COFFER_ST_SELF_TEST_FAILED;
}
