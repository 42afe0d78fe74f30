// SPDX-License-Identifier: BSD-3-Clause
/*
 * Values that the store keeps sealed: {nonce[12]; sealed[len + 16]}, bound to their scope and
 * name, and to the card key (lost with it) or to the life key (kept for the life of the card).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"

#define SEAL_EXTRA	(CRYPTO_NONCE + CRYPTO_TAG)

static uint32_t hkdf(struct fw_card *card, const uint8_t ikm[KEY_LEN], const char *use,
		     uint8_t key[KEY_LEN])
{
	struct bytes none = { NULL, 0 }, from = { ikm, KEY_LEN };
	struct bytes info = { (const uint8_t *)use, strlen(use) };

	return crypto_hkdf(card->crypto, CRYPTO_SHA256, none, from, info, key, KEY_LEN);
}

static uint32_t value_key(struct fw_card *card, uint8_t key[KEY_LEN])
{
	uint8_t card_key[KEY_LEN];
	uint32_t st;

	nv_card_key(card->nv, card_key);
	st = hkdf(card, card_key, "coffer card values", key);
	crypto_wipe(card_key, sizeof(card_key));
	return st;
}

uint32_t card_life_derive(struct fw_card *card, const char *use, uint8_t key[KEY_LEN])
{
	uint8_t life[KEY_LEN];
	uint32_t st = COFFER_ST_DEVICE_ERROR;

	if (nv_life_key(card->nv, life))
		st = hkdf(card, life, use, key);
	crypto_wipe(life, sizeof(life));
	return st;
}

static struct bytes value_aad(uint32_t scope, const char *name, char buf[48])
{
	int n = snprintf(buf, 48, "%u/%s", (unsigned int)scope, name);

	return (struct bytes){ (const uint8_t *)buf, (size_t)n };
}

/* ---- Seal ------------------------------------------------------------------------ */

static uint32_t seal_to(struct fw_card *card, const uint8_t key[KEY_LEN], uint32_t scope,
			const char *name, struct bytes plain, uint8_t *to)
{
	char aad[48];
	uint32_t st = crypto_random(card->crypto, to, CRYPTO_NONCE);

	if (!st)
		st = crypto_seal(card->crypto, (struct bytes){ key, KEY_LEN }, to,
				 value_aad(scope, name, aad), plain, to + CRYPTO_NONCE);
	return st;
}

/* Wipes the key. */
static uint32_t seal_put(struct fw_card *card, struct change *ch, uint8_t key[KEY_LEN],
			 uint32_t scope, const char *name, struct bytes plain)
{
	uint8_t *sealed = malloc(plain.len + SEAL_EXTRA);
	uint32_t st = COFFER_ST_DEVICE_MEMORY;

	if (sealed)
		st = seal_to(card, key, scope, name, plain, sealed);
	if (!st)
		st = change_value_put(ch, scope, name, sealed, plain.len + SEAL_EXTRA);
	crypto_wipe(key, KEY_LEN);
	free(sealed);
	return st;
}

uint32_t card_value_seal(struct fw_card *card, struct change *ch, uint32_t scope,
			 const char *name, struct bytes plain)
{
	uint8_t key[KEY_LEN];
	uint32_t st = value_key(card, key);

	return st ? st : seal_put(card, ch, key, scope, name, plain);
}

uint32_t card_life_seal(struct fw_card *card, struct change *ch, const char *name,
			struct bytes plain)
{
	uint8_t key[KEY_LEN];
	uint32_t st = card_life_derive(card, "coffer life values", key);

	return st ? st : seal_put(card, ch, key, 0, name, plain);
}

uint32_t card_life_seal_to(struct fw_card *card, const char *name, struct bytes plain,
			   uint8_t *to)
{
	uint8_t key[KEY_LEN];
	uint32_t st = card_life_derive(card, "coffer life values", key);

	if (!st)
		st = seal_to(card, key, 0, name, plain, to);
	crypto_wipe(key, sizeof(key));
	return st;
}

/* ---- Open ------------------------------------------------------------------------ */

static int value_open(struct fw_card *card, const uint8_t key[KEY_LEN], uint32_t scope,
		      const char *name, struct bytes sealed, uint8_t *plain)
{
	struct bytes body = { sealed.p + CRYPTO_NONCE, sealed.len - CRYPTO_NONCE };
	char aad[48];

	return crypto_open_sealed(card->crypto, (struct bytes){ key, KEY_LEN }, sealed.p,
				  value_aad(scope, name, aad), body, plain) ? -EBADMSG : 0;
}

/* Wipes the key. */
static int value_get(struct fw_card *card, uint8_t key[KEY_LEN], uint32_t scope,
		     const char *name, uint8_t **plain, size_t *len)
{
	uint8_t *sealed = NULL;
	size_t sealed_len;
	int rc = store_value_get(card->store, scope, name, &sealed, &sealed_len);

	if (!rc && sealed_len < SEAL_EXTRA)
		rc = -EBADMSG;
	if (!rc) {
		*plain = malloc(sealed_len);
		rc = *plain ? value_open(card, key, scope, name,
					 (struct bytes){ sealed, sealed_len }, *plain) : -ENOMEM;
	}
	if (rc) {
		free(*plain);
		*plain = NULL;
	} else {
		*len = sealed_len - SEAL_EXTRA;
	}
	crypto_wipe(key, KEY_LEN);
	free(sealed);
	return rc;
}

int card_value_get(struct fw_card *card, uint32_t scope, const char *name, uint8_t **plain,
		   size_t *len)
{
	uint8_t key[KEY_LEN];

	*plain = NULL;
	*len = 0;
	if (value_key(card, key))
		return -EIO;
	return value_get(card, key, scope, name, plain, len);
}

int card_life_get(struct fw_card *card, const char *name, uint8_t **plain, size_t *len)
{
	uint8_t key[KEY_LEN];

	*plain = NULL;
	*len = 0;
	if (card_life_derive(card, "coffer life values", key))
		return -EIO;
	return value_get(card, key, 0, name, plain, len);
}
