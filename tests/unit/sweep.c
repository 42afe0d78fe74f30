// SPDX-License-Identifier: BSD-3-Clause
/*
 * For sweeps that switch a card on a thousand times (linked with --wrap=crypto_open and
 * --wrap=crypto_close), without what only costs time there. The crypto library, which tests
 * itself at each start, is started once and lent to one card after the other; one that has
 * failed is not lent again. And as no power is cut, nothing has to be on the disk.
 */
#include <stdbool.h>
#include <unistd.h>

#include "crypto.h"
#include "hw/coffer_status.h"

uint32_t __real_crypto_open(struct crypto **crypto);
uint32_t __wrap_crypto_open(struct crypto **crypto);
void __real_crypto_close(struct crypto *c);
void __wrap_crypto_close(struct crypto *c);

static struct crypto *kept;
static bool lent;

uint32_t __wrap_crypto_open(struct crypto **crypto)
{
	uint32_t st;

	if (kept && !lent) {
		lent = true;
		*crypto = kept;
		return COFFER_ST_OK;
	}
	st = __real_crypto_open(crypto);
	if (!st && !kept) {
		kept = *crypto;
		lent = true;
	}
	return st;
}

void __wrap_crypto_close(struct crypto *c)
{
	if (c && c == kept)
		lent = false;
	if (!c || c != kept || crypto_failed(c)) {
		kept = c == kept ? NULL : kept;
		__real_crypto_close(c);
	}
}

/* In place of libc's. */
int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int fsync(int fd)
{
	(void)fd;
	return 0;
}
