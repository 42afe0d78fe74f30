// SPDX-License-Identifier: BSD-3-Clause
/*
 * The tamper input (behaviour.md 3.1 policies 40 and 48, quality.md A5). The latch is in nv. A
 * tampered card forgets its partitions' keys, ends every login, and answers HSM_TAMPERED until
 * the HSM SO clears the latch: then the keys are unwrapped again. With policy 40 the card key is
 * destroyed instead, in constant time, and power-on or the clearing removes what it sealed.
 */
#include <errno.h>

#include "card.h"
#include "nv.h"

#define DECOMMISSION	40		/* HSM policy */

static void keys_out(struct fw_card *card)
{
	struct fw_partition *p;

	if (nv_pending(card->nv) != NV_CLEAR_NONE) {
		hsm_forget(card, NV_CLEAR_ZEROIZE);
		return;
	}
	for (p = card->admin; p; p = p->next)
		partition_lock_keys(p);
}

/* Waits for running commands, which nobody who calls fw_card_tamper may have to. */
static void *tamper_main(void *arg)
{
	struct fw_card *card = arg;

	gate_enter(&card->gate, GATE_ALONE);
	if (atomic_load(&card->tampered))
		keys_out(card);
	gate_leave(&card->gate, GATE_ALONE);
	return NULL;
}

void tamper_finish(struct fw_card *card)
{
	if (card->tamper_thread_on)
		pthread_join(card->tamper_thread, NULL);
	card->tamper_thread_on = false;
}

static bool decommissions(struct fw_card *card)
{
	bool on;

	pthread_mutex_lock(&card->admin->lock);
	on = card_policy(card, DECOMMISSION);
	pthread_mutex_unlock(&card->admin->lock);
	return on;
}

void fw_card_tamper(struct fw_card *card)
{
	bool destroy = decommissions(card);
	uint8_t key[KEY_LEN] = { 0 };

	if (atomic_exchange(&card->tampered, true))
		return;
	/* Without random numbers the key is overwritten all the same. */
	if (destroy)
		crypto_random(card->crypto, key, sizeof(key));
	nv_tamper(card->nv, destroy ? key : NULL);
	crypto_wipe(key, sizeof(key));
	logins_end(card, NULL);
	card_event(card, COFFER_EV_TAMPER, 0, destroy);
	if (destroy)
		card_event(card, COFFER_EV_ZEROIZED, 0, 0);
	tamper_finish(card);
	card->tamper_thread_on = !pthread_create(&card->tamper_thread, NULL, tamper_main, card);
}

bool fw_card_tampered(const struct fw_card *card)
{
	return atomic_load(&((struct fw_card *)card)->tampered);
}

int fw_card_tamper_off(const char *dir, char *err, size_t err_len)
{
	struct fw_card *card;
	int rc = fw_card_open(dir, NULL, &card, err, err_len);

	if (rc)
		return rc;
	fw_card_tamper(card);
	if (!nv_tampered(card->nv))
		rc = say(err, err_len, -EIO, "%s: the tamper latch could not be written", dir);
	fw_card_close(card);
	return rc;
}

/* ---- Clear ------------------------------------------------------------------------ */

static uint32_t tamper_cleared(struct cmd *c, uint32_t verdict)
{
	if (!verdict && nv_pending(c->card->nv) != NV_CLEAR_NONE)
		verdict = status_of(nv_clear_done(c->card->nv));
	if (!verdict)
		verdict = status_of(nv_tamper_clear(c->card->nv));
	if (!verdict)
		atomic_store(&c->card->tampered, false);
	return verdict;
}

static uint32_t keys_in(struct fw_card *card)
{
	struct fw_partition *p;
	int rc = 0;

	for (p = card->admin; p && !rc; p = p->next)
		if (p->initialised)
			rc = partition_load_keys(p);
	return status_of(rc);
}

/* What was cached from the PED does not come back, not even where it outlives a power cut. */
static uint32_t activations_drop(struct fw_card *card, struct change *ch)
{
	struct fw_partition *p;
	uint32_t st = COFFER_ST_OK;

	for (p = card->admin->next; p && !st; p = p->next)
		st = activation_save(p, ch);
	return st;
}

/* Alone on the card. */
uint32_t handle_TAMPER_CLEAR(struct cmd *c)
{
	struct fw_card *card = c->card;
	struct change *ch;
	bool erase = nv_pending(card->nv) != NV_CLEAR_NONE;
	uint32_t st;

	if (c->part->initialised && !erase && c->role != COFFER_ROLE_SO)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	if (wire_u32(&c->in) || !wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!atomic_load(&card->tampered))
		return COFFER_ST_MTK_STATE_INVALID;
	ch = change_of(c);
	if (!ch)
		return COFFER_ST_DEVICE_MEMORY;
	if (erase)
		hsm_forget(card, NV_CLEAR_ZEROIZE);
	if (erase)
		st = hsm_erase_rows(card, ch, NV_CLEAR_ZEROIZE);
	else
		st = keys_in(card);
	if (!st && !erase)
		st = activations_drop(card, ch);
	if (!st)
		change_after(ch, tamper_cleared);
	return st;
}
