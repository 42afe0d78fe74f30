// SPDX-License-Identifier: BSD-3-Clause
/* The firmware's crypto, on and off: with all its self-tests passed, or not at all. */
#include <stdlib.h>

#include <openssl/err.h>

#include "crypto_internal.h"
#include "crypto_more.h"

uint32_t crypto_open_broken(struct crypto **crypto, const char *broken)
{
	struct crypto *c = calloc(1, sizeof(*c));
	uint32_t st = COFFER_ST_SELF_TEST_FAILED;

	*crypto = NULL;
	if (!c)
		return COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_init(&c->keep_lock, NULL);
	if (crypto_fetch(c))
		st = crypto_self_test_all(c, broken);
	ERR_clear_error();
	if (st)
		crypto_close(c);
	else
		*crypto = c;
	return st;
}

uint32_t crypto_open(struct crypto **crypto)
{
	return crypto_open_broken(crypto, NULL);
}
