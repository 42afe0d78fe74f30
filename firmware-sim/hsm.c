// SPDX-License-Identifier: BSD-3-Clause
/*
 * Erasing: the whole card (zeroize, factory reset, SO threshold) or one partition (Partition SO
 * threshold). The card key goes first, in nv and in constant time; rows follow.
 */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"
#include "writer.h"

/* ---- Parts ----------------------------------------------------------------------- */

uint32_t hsm_destroy_key(struct fw_card *card, unsigned int what)
{
	uint8_t key[KEY_LEN];
	uint32_t st = crypto_random(card->crypto, key, sizeof(key));

	/* Erasing goes on without a generator; the card is not used before it has one again. */
	card->rekey = st != COFFER_ST_OK;
	if (st)
		memset(key, 0, sizeof(key));
	/* An input that is pulled in between is one erasure more, and stays pending. */
	card->erasure = nv_erasures(card->nv) + 1;
	st = status_of(nv_zeroize(card->nv, key, (enum nv_clear)what));
	crypto_wipe(key, sizeof(key));
	if (!st) {
		card_forget(card, what);
		atomic_store(&card->key_gone, false);
	}
	return st;
}

static uint32_t erase_admin(struct fw_partition *admin, struct change *ch)
{
	uint32_t st = change_value_delete(ch, 0, "roles");

	if (!st)
		st = change_value_delete(ch, 0, "key");
	if (!st)
		st = change_value_delete(ch, 0, "domain");
	if (!st)
		st = partition_save(admin, ch);
	if (!st)
		st = partition_save_policies(admin, ch, admin->policy);
	return st ? st : partition_save_erases(admin, ch, admin->erases);
}

uint32_t hsm_erase_rows(struct fw_card *card, struct change *ch, unsigned int what)
{
	struct fw_partition *p;
	uint32_t st = ch ? erase_admin(card->admin, ch) : (uint32_t)COFFER_ST_DEVICE_MEMORY;

	/* The Auditor outlives everything else; the log and the clock outlive even this. */
	if (!st && what == NV_CLEAR_FACTORY)
		st = change_value_delete(ch, 0, "auditor");

	for (p = card->admin->next; p && !st; p = p->next) {
		st = change_partition_clear(ch, p->id, true);
		if (!st && what != NV_CLEAR_FACTORY)
			st = partition_save(p, ch);
	}
	return st;
}

/* ---- Zeroize --------------------------------------------------------------------- */

struct ending {
	uint32_t verdict;
};

static uint32_t ending_verdict(struct cmd *c, uint32_t verdict)
{
	struct ending *e = c->state;

	if (!verdict)
		verdict = e->verdict;
	free(e);
	return verdict;
}

static uint32_t hsm_zeroized(struct cmd *c, uint32_t verdict)
{
	if (!verdict && !c->card->rekey)
		verdict = status_of(nv_clear_done(c->card->nv, c->card->erasure));
	return ending_verdict(c, verdict);
}

/* Alone on the card. The key is gone when this returns OK; the answer waits for the rows. */
static uint32_t hsm_zeroize_begin(struct cmd *c, struct change *ch, uint32_t answer)
{
	struct ending *e = calloc(1, sizeof(*e));
	uint32_t st;

	if (!e)
		return COFFER_ST_DEVICE_MEMORY;
	e->verdict = answer;
	c->note.answer = answer;
	c->state = e;
	st = hsm_destroy_key(c->card, NV_CLEAR_ZEROIZE);
	if (!st) {
		card_event(c->card, COFFER_EV_ZEROIZED, 0, 0);
		st = hsm_erase_rows(c->card, ch, NV_CLEAR_ZEROIZE);
	}
	if (st)
		free(e);
	else
		change_after(ch, hsm_zeroized);
	return st;
}

/* The change set must exist before the key goes: without memory nothing happens. */
static uint32_t change_fresh(struct cmd *c, struct change **ch)
{
	*ch = change_of(c);
	return *ch ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
}

/* On the way to being alone somebody else may have erased, deleted or initialised it. */
static bool still_over(const struct cmd *c, enum coffer_role role)
{
	const struct fw_partition *p = c->part;

	return partition_find(c->card, p->id) == p && p->initialised &&
	       nv_attempts(c->card->nv, p->id, role) >= role_limit(p, role);
}

uint32_t hsm_zeroize_now(struct cmd *c, uint32_t verdict)
{
	struct change *ch;
	uint32_t st;

	cmd_alone(c);
	if (!still_over(c, COFFER_ROLE_SO))
		return verdict;
	st = change_fresh(c, &ch);
	return st ? st : hsm_zeroize_begin(c, ch, verdict);
}

uint32_t handle_HSM_ZEROIZE(struct cmd *c)
{
	struct change *ch;
	uint32_t st;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = change_fresh(c, &ch);
	return st ? st : hsm_zeroize_begin(c, ch, COFFER_ST_OK);
}

/* ---- Factory reset --------------------------------------------------------------- */

/* Only the partition of manufacture stays; the profile of a backup card has none. */
static uint32_t factory_partition(struct fw_card *card, struct change *ch)
{
	struct fw_partition *p;
	uint32_t next, st = COFFER_ST_OK;

	while (card->admin->next) {
		sessions_end(card, card->admin->next);
		partition_remove(card, card->admin->next);
	}
	card->next_id = 1;
	if (!(card->profile->features & PROFILE_BACKUP)) {
		p = partition_first(card);
		if (!p)
			return COFFER_ST_DEVICE_MEMORY;
		partition_insert(card, p);
		card->next_id = 2;
		st = partition_save(p, ch);
	}
	next = card->next_id;
	return st ? st : change_value_put(ch, 0, "next_id", &next, sizeof(next));
}

static uint32_t hsm_reset_done(struct cmd *c, uint32_t verdict)
{
	if (!verdict && !c->card->rekey)
		verdict = status_of(nv_clear_done(c->card->nv, c->card->erasure));
	return verdict;
}

uint32_t handle_HSM_FACTORY_RESET(struct cmd *c)
{
	struct change *ch;
	uint32_t st;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = change_fresh(c, &ch);
	if (!st)
		st = hsm_destroy_key(c->card, NV_CLEAR_FACTORY);
	if (st)
		return st;
	card_event(c->card, COFFER_EV_ZEROIZED, 0, 0);
	st = hsm_erase_rows(c->card, ch, NV_CLEAR_FACTORY);
	if (!st)
		st = factory_partition(c->card, ch);
	change_after(ch, hsm_reset_done);
	return st;
}

/* Power went away in the middle of an erasure: do the rest of it. Before commands run. */
uint32_t hsm_finish_erasing(struct fw_card *card)
{
	enum nv_clear what = nv_pending(card->nv);
	struct change *ch = change_new(NULL);
	struct cmd told = { .card = card, .change = ch };
	uint32_t st;

	if (!ch)
		return COFFER_ST_DEVICE_MEMORY;
	told.opcode = what == NV_CLEAR_FACTORY ? COFFER_CMD_HSM_FACTORY_RESET :
						 COFFER_CMD_HSM_ZEROIZE;
	told.note.due = card->audit.s.mask & COFFER_AUDIT_MANAGE;
	/* The key of the erasure may have been made without random numbers: a new one. */
	st = hsm_destroy_key(card, what);
	if (!st && card->rekey)
		st = COFFER_ST_RANDOM_NO_RNG;
	if (!st)
		st = hsm_erase_rows(card, ch, what);
	if (!st && what == NV_CLEAR_FACTORY)
		st = factory_partition(card, ch);
	if (!st)
		st = writer_commit_alone(card, ch, &told);
	change_drop(ch);
	return st ? st : status_of(nv_clear_done(card->nv, card->erasure));
}

/* ---- One partition --------------------------------------------------------------- */

static uint32_t partition_zeroized(struct cmd *c, uint32_t verdict)
{
	if (!verdict) {
		verdict = status_of(nv_part_reset(c->card->nv, c->part->id));
		card_event(c->card, COFFER_EV_PARTITION_ZEROIZED, c->part->id, c->part->serial);
	}
	return ending_verdict(c, verdict);
}

uint32_t partition_zeroize_now(struct cmd *c, uint32_t verdict)
{
	struct ending *e;
	struct change *ch;
	uint32_t st;

	cmd_alone(c);
	if (!still_over(c, COFFER_ROLE_PO))
		return verdict;
	e = calloc(1, sizeof(*e));
	if (!e)
		return COFFER_ST_DEVICE_MEMORY;
	e->verdict = verdict;
	c->note.answer = verdict;
	c->state = e;
	st = change_fresh(c, &ch);
	if (!st) {
		/* Even when the store fails now, nobody uses what is to be gone. */
		partition_forget(c->part, true);
		logins_end(c->card, c->part);
		st = change_partition_clear(ch, c->part->id, true);
	}
	if (!st)
		st = partition_save(c->part, ch);
	if (st)
		free(e);
	else
		change_after(ch, partition_zeroized);
	return st;
}
