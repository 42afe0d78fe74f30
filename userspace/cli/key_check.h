/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Do two partitions' keys do the same? Used after a migration.
 */
#ifndef CLI_KEY_CHECK_H
#define CLI_KEY_CHECK_H

#include "cli.h"

enum key_verdict {
	KEY_GOOD,
	KEY_WRONG,		/* both used their key, with different results */
	KEY_UNCHECKED,		/* attributes or policies allow no use that could show it */
};

/*
 * A challenge for the key @copy at @b, of which @original at @a is the other. Signatures that have
 * chance in them are verified with the public key at @a. *rc: what a card said against it.
 */
enum key_verdict key_check(struct coffer_session *a, uint32_t original, struct coffer_session *b,
			   uint32_t copy, coffer_rc *rc);

#endif /* CLI_KEY_CHECK_H */
