// SPDX-License-Identifier: BSD-3-Clause
/*
 * Firmware update (UPDATE.md, quality.md A1.4): to a later profile of the card's own family, by
 * an image that the card's factory root signed. One write of nv decides; from then on the card
 * has the new profile, whatever happens. What follows from it in the store is done at once, or
 * by power-on. Never back: nv keeps the highest version, and the store has no say in it.
 */
#include <stdlib.h>

#include "image.h"
#include "nv.h"
#include "update.h"
#include "writer.h"

/* ---- What follows from a new profile ---------------------------------------------- */

/* behaviour.md section 4: partitions of before 7.7.0 become V0. */
static void kind_move(struct fw_partition *p)
{
	if (p->kind == COFFER_PART_KIND_LEGACY)
		p->kind = (enum coffer_partition_kind)p->card->profile->default_kind;
}

/* In memory; alone on the card, and under each partition's lock for those who only list. */
static void update_move(struct fw_card *card, const struct profile *to)
{
	const struct profile *from = card->profile;
	struct fw_partition *p;

	__atomic_store_n(&card->profile, to, __ATOMIC_RELEASE);
	for (p = card->admin; p; p = p->next) {
		pthread_mutex_lock(&p->lock);
		policies_move(p, p->id ? from->partition_policies : from->hsm_policies);
		kind_move(p);
		pthread_mutex_unlock(&p->lock);
	}
}

static uint32_t update_save(struct fw_card *card, struct change *ch)
{
	struct fw_partition *p;
	uint32_t st = COFFER_ST_OK;

	for (p = card->admin; p && !st; p = p->next) {
		st = partition_save(p, ch);
		if (!st)
			st = partition_save_policies(p, ch, p->policy);
	}
	return st;
}

uint32_t update_finish(struct fw_card *card)
{
	const struct profile *to = profile_by_name(nv_profile(card->nv));
	struct change *ch = change_new(NULL);
	struct cmd told = { .card = card, .opcode = COFFER_CMD_FW_UPDATE, .change = ch,
			    .role = COFFER_ROLE_SO };
	uint32_t st = COFFER_ST_DEVICE_MEMORY;

	told.note.due = card->audit.s.mask & COFFER_AUDIT_MANAGE;
	if (ch) {
		update_move(card, to);
		st = update_save(card, ch);
	}
	if (!st)
		st = writer_commit_alone(card, ch, &told);
	if (ch)
		change_drop(ch);
	return st ? st : status_of(nv_update_done(card->nv));
}

/* ---- The command ------------------------------------------------------------------ */

struct update {
	uint32_t old_version;
	uint32_t new_version;
};

/* The verdict tells of the store; the decision stands, and power-on knows of it. */
static uint32_t update_decided(struct cmd *c, uint32_t verdict)
{
	struct update *u = c->state;

	if (!verdict)
		verdict = status_of(nv_update_done(c->card->nv));
	wire_put_u32(&c->out, u->old_version);
	wire_put_u32(&c->out, u->new_version);
	card_event(c->card, COFFER_EV_FW_UPDATED, 0, u->new_version);
	owners_end_told(c->card);
	free(u);
	return verdict;
}

static uint32_t update_check(struct cmd *c, struct bytes file, const struct profile **to)
{
	const struct identity *id = card_identity(c->card);
	const struct profile *now = c->card->profile;
	struct image image;
	uint32_t st = image_read(c->crypto, (struct bytes){ id->root.p, id->root.len }, file,
				 &image);

	*to = image.profile;
	if (st)
		return st;
	/* A card that asks a PED for its secrets cannot do without one afterwards. */
	if (image.profile->family != now->family || now->fw_version < image.oldest ||
	    (now->features & ~image.profile->features & PROFILE_PED))
		return COFFER_ST_FW_IMAGE_INVALID;
	if (image.profile->fw_version <= now->fw_version ||
	    image.profile->fw_version <= nv_fw_version(c->card->nv))
		return COFFER_ST_FW_ROLLBACK;
	return COFFER_ST_OK;
}

static uint32_t update_decide(struct fw_card *card, const struct profile *to)
{
	const struct profile *from = card->profile;
	const struct nv_update u = {
		.from = from->name,
		.to = to->name,
		.fw_version = to->fw_version,
		.clock_wanted = to->protocols & ~from->protocols & COFFER_CLONE_CPV4,
	};

	return status_of(nv_update(card->nv, &u));
}

/* Alone on the card. */
uint32_t handle_FW_UPDATE(struct cmd *c)
{
	struct fw_card *card = c->card;
	uint32_t reserved = wire_u32(&c->in), st;
	struct bytes file = wire_blob(&c->in, IMAGE_MAX);
	const struct profile *to;
	struct change *ch;
	struct update *u;

	if (reserved || c->in.bad || c->in.left)
		return COFFER_ST_ARGUMENTS_BAD;
	st = update_check(c, file, &to);
	if (st)
		return st;
	u = malloc(sizeof(*u));
	ch = u ? change_of(c) : NULL;
	st = ch ? update_decide(card, to) : (uint32_t)COFFER_ST_DEVICE_MEMORY;
	if (st) {
		free(u);
		return st;
	}
	*u = (struct update){ card->profile->fw_version, to->fw_version };
	update_move(card, to);
	c->state = u;
	st = update_save(card, ch);
	/* Without memory for it now, power-on does it. */
	if (st)
		return update_decided(c, st);
	change_after(ch, update_decided);
	return COFFER_ST_OK;
}
