/* SPDX-License-Identifier: BSD-3-Clause */
/* A card that knows just enough of cloning to be relayed to, and can be told to go wrong. */
#ifndef LIB_CLONE_CARD_H
#define LIB_CLONE_CARD_H

#include "lib_fake.h"

#define OBJECTS 700

/* One of the two cards; the other is reached through the relay only, as in life. */
struct card {
	struct fake_card fake;
	uint32_t count;			/* objects: handles base + 1 .. base + count */
	uint32_t base;
	uint8_t ouids[OBJECTS][COFFER_OUID_LEN];
	uint32_t protocol;
	/* what goes wrong */
	uint32_t refuse_handle;		/* EXTRACT: this object */
	uint32_t refuse_ouid;		/* INSERT: the object of this number */
	uint32_t negotiation;		/* CLONE_ACCEPT's or _CONFIRM's verdict */
	uint32_t throttled;		/* not 0: CLONE_THROTTLED from the one after so many */
	uint32_t expire_at;		/* EXTRACT number that finds the context expired */
	uint32_t lose;			/* blobs that CLOSE misses */
	unsigned int break_at;		/* EXTRACT number at which the connection breaks */
	unsigned int per_extract;	/* objects in one reply; 0 = as asked */
	/* what happened */
	unsigned int starts, invites, extracts, inserts, finishes, closes, largest;
	uint32_t sent;
	uint32_t context;		/* 0: none open */
};

void clone_card_init(struct card *card, uint32_t base, uint32_t protocol);
/* The identity that its number gives an object. */
void clone_card_ouid(uint8_t *ouid, uint32_t number);

#endif /* LIB_CLONE_CARD_H */
