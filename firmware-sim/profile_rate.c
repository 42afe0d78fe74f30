// SPDX-License-Identifier: BSD-3-Clause
/*
 * How fast models are, as far as it is published (behaviour.md section 9, "crypto speed"): private
 * key operations in a second. Generation 7 is said to be about ten times as fast as 6. The cards
 * of the figures are the fast models; the USB device's only figure is that of RSA-1024. Nothing is
 * published of backup cards and cloud services, and ours has no model.
 */
#include "profile_data.h"

#define RSA(bits, n)	{ COFFER_CKK_RSA, bits, n }
#define EC(bits, n)	{ COFFER_CKK_EC, bits, n }
#define END		{ 0, 0, 0 }

const struct profile_rate profile_rates_6[] = {		/* and 5.x */
	RSA(1024, 7000), RSA(2048, 1200), RSA(4096, 160), EC(256, 1000), END
};

const struct profile_rate profile_rates_7[] = {
	RSA(1024, 70000), RSA(2048, 12000), RSA(4096, 1600), EC(256, 10000), END
};

const struct profile_rate profile_rates_usb[] = { RSA(1024, 200), END };

/* Keys between two figures are as fast as the larger of them, those beyond as the last. */
const struct profile_rate *profile_rate(const struct profile *p, uint32_t key_type, uint32_t bits)
{
	const struct profile_rate *found = NULL;

	for (const struct profile_rate *r = p->rates; r && r->per_second; r++)
		if (r->key_type == key_type && (!found || found->bits < bits))
			found = r;
	return found;
}
