// SPDX-License-Identifier: BSD-3-Clause
/*
 * Linked to a test program by tests/teeth/run: only the case that COFFER_CASE names is run, and
 * the RSA keys of new cards come from the folder COFFER_KEYS, because making them is most of what
 * a short test takes. A process takes each of them once, so no two of its cards are alike.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "crypto.h"

uint32_t __real_crypto_device_key(struct crypto *c, enum crypto_device_key kind,
				  struct crypto_der *private_key);
uint32_t __wrap_crypto_device_key(struct crypto *c, enum crypto_device_key kind,
				  struct crypto_der *private_key);

__attribute__((constructor)) static void only_one_case(void)
{
	const char *name = getenv("COFFER_CASE");

	if (name)
		cmocka_set_test_filter(name);
}

static size_t key_file(const char *path, const char *mode, struct crypto_der *key)
{
	FILE *f = fopen(path, mode);
	size_t n = 0;

	if (!f)
		return 0;
	if (*mode == 'r')
		n = key->len = fread(key->p, 1, sizeof(key->p), f);
	else
		n = fwrite(key->p, 1, key->len, f);
	return fclose(f) ? 0 : n;
}

uint32_t __wrap_crypto_device_key(struct crypto *c, enum crypto_device_key kind,
				  struct crypto_der *private_key)
{
	static atomic_uint taken;
	const char *folder = getenv("COFFER_KEYS");
	char path[4096], made[4096 + 32];
	uint32_t st;

	if (!folder || kind != CRYPTO_DEVICE_RSA3072)
		return __real_crypto_device_key(c, kind, private_key);
	snprintf(path, sizeof(path), "%s/%u", folder, atomic_fetch_add(&taken, 1));
	if (key_file(path, "r", private_key))
		return 0;
	st = __real_crypto_device_key(c, kind, private_key);
	/* Another process may make the same one: whole files only. */
	snprintf(made, sizeof(made), "%s.XXXXXX", path);
	if (!st && mkstemp(made) >= 0 && key_file(made, "w", private_key))
		rename(made, path);
	return st;
}
