/* SPDX-License-Identifier: BSD-3-Clause */
/* What the object layer needs besides crypto.h. */
#ifndef FW_CRYPTO_MORE_H
#define FW_CRYPTO_MORE_H

#include "crypto.h"

/*
 * A place for what the object layer keeps per card (ready keys, session objects): core.h gives
 * handlers none, and the crypto context of a card lives exactly as long as the card is on.
 * The one thing kept here is made at first use; NULL without memory. @unmake runs at the close.
 */
void *crypto_keep(struct crypto *c, void *(*make)(void), void (*unmake)(void *kept));

/* CKK_* of the keys that a mechanism works with; COFFER_CKK_NONE for none. */
uint32_t crypto_mech_key_type(uint32_t mechanism);

#endif /* FW_CRYPTO_MORE_H */
