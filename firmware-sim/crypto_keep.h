/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A place for what the object layer keeps per card (ready keys, session objects): core.h gives
 * handlers none, and the crypto context of a card lives exactly as long as the card is on.
 */
#ifndef FW_CRYPTO_KEEP_H
#define FW_CRYPTO_KEEP_H

#include "crypto.h"

/* The one thing kept here, made at first use; NULL without memory. @unmake runs at the close. */
void *crypto_keep(struct crypto *c, void *(*make)(void), void (*unmake)(void *kept));

#endif /* FW_CRYPTO_KEEP_H */
