// SPDX-License-Identifier: BSD-3-Clause
/* What the card forgets in memory, when its keys are destroyed or locked away. */
#include "card.h"
#include "nv.h"

/* Back to the state of manufacture or, of zeroize, to cards and partitions without content. */
void card_forget(struct fw_card *card, unsigned int what)
{
	struct fw_partition *p;

	for (p = card->admin; p; p = p->next)
		partition_forget(p, p->id != 0 || what == NV_CLEAR_FACTORY);
	if (what == NV_CLEAR_FACTORY)
		crypto_wipe(&card->audit.role, sizeof(card->audit.role));
	logins_end(card, NULL);
}

static void keys_out(struct fw_card *card)
{
	struct fw_partition *p;

	if (nv_pending(card->nv) != NV_CLEAR_NONE) {
		card_forget(card, NV_CLEAR_ZEROIZE);
		return;
	}
	for (p = card->admin; p; p = p->next)
		partition_lock_keys(p);
}

/*
 * Whoever is alone on the card first does what an input left to do: a command that comes before
 * the input's own thread must not find a card that seems to be as it was.
 */
void card_settle(struct fw_card *card)
{
	if (!atomic_exchange(&card->input_due, false))
		return;
	if (atomic_load(&card->tampered) || nv_pending(card->nv) != NV_CLEAR_NONE)
		keys_out(card);
	atomic_store(&card->key_gone, false);
}
