// SPDX-License-Identifier: BSD-3-Clause
/* Random numbers, and the test that runs with every draw (SP 800-90B). */
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/rand.h>

#include "crypto_internal.h"

void crypto_conditional_failed(struct crypto *c, const char *name)
{
	atomic_store(&c->failed, name);
}

bool crypto_hook(const struct crypto *c, const char *name)
{
	return c->hook && !strncmp(c->hook, "use:", 4) && !strcmp(c->hook + 4, name);
}

void crypto_hook_set(struct crypto *c, const char *hook)
{
	c->hook = hook;
}

static uint64_t first_of(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* No two draws begin with the same 64 bits, if the generator is not stuck. */
bool crypto_random_moves(struct crypto *c, const uint8_t *p, size_t len)
{
	uint64_t v;

	if (len < sizeof(v))
		return true;
	v = crypto_hook(c, CRYPTO_CONTINUOUS) ? 0x5a5a5a5a5a5a5a5aull : first_of(p);
	if (atomic_exchange(&c->last_random, v) != v)
		return true;
	crypto_conditional_failed(c, CRYPTO_CONTINUOUS);
	return false;
}

uint32_t crypto_random(struct crypto *c, void *out, size_t len)
{
	if (!len || (RAND_priv_bytes_ex(c->lib, out, len, 0) == 1 &&
		     crypto_random_moves(c, out, len)))
		return COFFER_ST_OK;
	crypto_wipe(out, len);
	ERR_clear_error();
	return COFFER_ST_RANDOM_NO_RNG;
}

void crypto_thread_end(struct crypto *c)
{
	OPENSSL_thread_stop_ex(c->lib);
}
