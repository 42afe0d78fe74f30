// SPDX-License-Identifier: BSD-3-Clause
/*
 * The tamper input (behaviour.md 3.1 policies 40 and 48, quality.md A5). The latch is in nv. A
 * tampered card forgets its partitions' keys, ends every login, and answers HSM_TAMPERED until
 * the HSM SO clears the latch: then the keys are unwrapped again. Without policy 48 (controlled
 * tamper recovery) power-on clears it, too. With policy 40 the card key is destroyed instead, in
 * constant time, and power-on or the clearing removes what it sealed.
 *
 * The decommission input (behaviour.md 5.2) destroys the card key at any time, and needs no power
 * for it; policy 46 disables it, and policy 40 with it.
 */
#include <errno.h>
#include <string.h>

#include "card.h"
#include "nv.h"
#include "writer.h"

/* HSM policies */
#define DECOMMISSION_ON_TAMPER	40
#define NO_DECOMMISSION		46

/* Waits for running commands, which nobody who pulls an input may have to. */
static void *input_main(void *arg)
{
	struct fw_card *card = arg;

	gate_enter(&card->gate, GATE_ALONE);
	card_settle(card);
	gate_leave(&card->gate, GATE_ALONE);
	return NULL;
}

void tamper_finish(struct fw_card *card)
{
	if (card->tamper_thread_on)
		pthread_join(card->tamper_thread, NULL);
	card->tamper_thread_on = false;
}

/*
 * Without random numbers it is zeros: what power-on does with the rows makes a new one. Whoever
 * pulls an input does it in a thread of his own, which may outlive the card.
 */
static void key_made(struct fw_card *card, uint8_t key[KEY_LEN])
{
	if (crypto_random(card->crypto, key, KEY_LEN))
		memset(key, 0, KEY_LEN);
	crypto_thread_end(card->crypto);
}

/*
 * nv has it, so the card says that it is empty (card_emptied) before the event does: logins end
 * now, keys in memory as soon as no command uses them.
 */
static void input_latched(struct fw_card *card, bool destroyed)
{
	bool waits = atomic_exchange(&card->input_due, true);

	logins_end(card, NULL);
	if (destroyed)
		card_event(card, COFFER_EV_ZEROIZED, 0, 0);
	/* An earlier input's thread is on its way, and will find this one's work, too. */
	if (waits && card->tamper_thread_on)
		return;
	tamper_finish(card);
	card->tamper_thread_on = !pthread_create(&card->tamper_thread, NULL, input_main, card);
}

void fw_card_tamper(struct fw_card *card)
{
	bool destroy = card_policy_on(card, DECOMMISSION_ON_TAMPER) &&
		       !card_policy_on(card, NO_DECOMMISSION);
	uint8_t key[KEY_LEN];

	if (atomic_exchange(&card->tampered, true))
		return;
	key_made(card, key);
	nv_tamper(card->nv, destroy ? key : NULL);
	crypto_wipe(key, sizeof(key));
	card_event(card, COFFER_EV_TAMPER, 0, destroy);
	audit_input(card, COFFER_AUDIT_OP_TAMPER, COFFER_ST_OK);
	input_latched(card, destroy);
}

bool fw_card_decommission(struct fw_card *card)
{
	uint8_t key[KEY_LEN];
	int rc;

	if (card_policy_on(card, NO_DECOMMISSION)) {
		audit_input(card, COFFER_AUDIT_OP_DECOMMISSION, COFFER_ST_OPERATION_NOT_ALLOWED);
		return false;
	}
	key_made(card, key);
	atomic_store(&card->key_gone, true);
	rc = nv_zeroize(card->nv, key, NV_CLEAR_ZEROIZE);
	crypto_wipe(key, sizeof(key));
	if (rc)
		atomic_store(&card->key_gone, false);
	else
		input_latched(card, true);
	audit_input(card, COFFER_AUDIT_OP_DECOMMISSION, status_of(rc));
	return !rc;
}

/* ---- Clear ------------------------------------------------------------------------ */

static uint32_t tamper_cleared(struct cmd *c, uint32_t verdict)
{
	if (!verdict && nv_pending(c->card->nv) != NV_CLEAR_NONE)
		verdict = status_of(nv_clear_done(c->card->nv, c->card->erasure));
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

/* In this order: power that is cut in between must not bring back what the tamper wiped. */
uint32_t tamper_recover(struct fw_card *card)
{
	struct change *ch = change_new(NULL);
	uint32_t st = ch ? activations_drop(card, ch) : (uint32_t)COFFER_ST_DEVICE_MEMORY;

	if (!st)
		st = writer_commit_alone(card, ch, NULL);
	if (ch)
		change_drop(ch);
	return st ? st : status_of(nv_tamper_clear(card->nv));
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
	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!atomic_load(&card->tampered))
		return COFFER_ST_MTK_STATE_INVALID;
	ch = change_of(c);
	if (!ch)
		return COFFER_ST_DEVICE_MEMORY;
	st = erase ? hsm_destroy_key(card, NV_CLEAR_ZEROIZE) : keys_in(card);
	if (!st && erase)
		st = hsm_erase_rows(card, ch, NV_CLEAR_ZEROIZE);
	if (!st && !erase)
		st = activations_drop(card, ch);
	if (!st)
		change_after(ch, tamper_cleared);
	return st;
}
