// SPDX-License-Identifier: BSD-3-Clause
/* Commands that tell about the card: ECHO, IDENTIFY, COMMANDS, STATS. */
#include <string.h>

#include "card.h"
#include "nv.h"
#include "writer.h"

uint32_t handle_ECHO(struct cmd *c)
{
	if (c->in.left > c->out.room)
		return COFFER_ST_BUFFER_TOO_SMALL;
	wire_put(&c->out, c->in.at, c->in.left);
	return COFFER_ST_OK;
}

/* What hosts have to know of the profile. */
static uint32_t profile_flags(uint32_t features)
{
	uint32_t flags = 0;

	if (features & PROFILE_BACKUP)
		flags |= COFFER_CARD_BACKUP;
	if (!(features & PROFILE_PPSO))
		flags |= COFFER_CARD_NO_PPSO;
	if (features & PROFILE_CLOUD)
		flags |= COFFER_CARD_CLOUD;
	if (features & PROFILE_FULL_ROLE_NAMES)
		flags |= COFFER_CARD_FULL_ROLE_NAMES;
	if (features & PROFILE_STOP_ON_ERROR)
		flags |= COFFER_CARD_STOPS_ON_ERROR;
	return flags;
}

static uint32_t card_flags(const struct fw_card *card, bool initialised)
{
	const struct nv_factory *f = nv_factory(card->nv);
	uint32_t flags = profile_flags(card->profile->features);

	if (f->test_root)
		flags |= COFFER_CARD_TEST_ROOT;
	if (f->kdf_test)
		flags |= COFFER_CARD_TEST_KDF;
	if (initialised)
		flags |= COFFER_CARD_INITIALIZED;
	if (fw_card_tampered(card))
		flags |= COFFER_CARD_TAMPERED;
	if (f->ped)
		flags |= COFFER_CARD_PED;
	if (f->limited)
		flags |= COFFER_CARD_LIMITED;
	return flags;
}

uint32_t handle_IDENTIFY(struct cmd *c)
{
	struct fw_card *card = c->card;
	const struct profile *profile = card->profile;
	struct fw_partition *p;
	char label[LABEL_MAX + 1];
	uint64_t taken = 0;
	uint32_t count = 0;
	bool initialised;

	pthread_mutex_lock(&card->admin->lock);
	initialised = card->admin->initialised && !card_emptied(card);
	memcpy(label, card->admin->label, sizeof(label));
	pthread_mutex_unlock(&card->admin->lock);
	if (!initialised || !label[0])
		memcpy(label, nv_factory(card->nv)->label, sizeof(label));
	for (p = card->admin->next; p; p = p->next, count++)
		taken += p->size;
	wire_put_u64(&c->out, nv_factory(card->nv)->serial);
	wire_put_u32(&c->out, profile->fw_version);
	wire_put_u32(&c->out, card_flags(card, initialised));
	wire_put_u32(&c->out, profile->protocols);
	wire_put_u32(&c->out, count);
	wire_put_u32(&c->out, profile->max_partitions);
	wire_put_u32(&c->out, 0);
	wire_put_u64(&c->out, card_clock_ready(card) ? card_clock_ms(card) : 0);
	wire_put_u64(&c->out, profile->storage);
	wire_put_u64(&c->out, taken < profile->storage ? profile->storage - taken : 0);
	wire_put_padded(&c->out, label, LABEL_MAX);
	wire_put_padded(&c->out, profile->model, 32);
	wire_put_padded(&c->out, profile->name, 16);
	return COFFER_ST_OK;
}

uint32_t handle_COMMANDS(struct cmd *c)
{
	const struct row *row;
	size_t at = wire_reserve_u32(&c->out);
	uint32_t count = 0;

	for (row = row_next(NULL); row; row = row_next(row), count++) {
		wire_put_u16(&c->out, row->opcode);
		wire_put_u16(&c->out, row->flags);
		wire_put_u32(&c->out, row->req_min);
		wire_put_u32(&c->out, row->req_max);
		wire_put_u32(&c->out, row->reply_max);
		wire_put_u32(&c->out, row->timeout_ms);
		wire_put_u32(&c->out, row->roles);
		wire_put_padded(&c->out, row->name, 24);
	}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}

uint32_t handle_STATS(struct cmd *c)
{
	struct fw_card *card = c->card;
	const struct row *row;
	uint32_t count = 0;
	size_t at;

	wire_put_u64(&c->out, atomic_load(&card->counters.commands));
	wire_put_u64(&c->out, atomic_load(&card->counters.errors));
	wire_put_u64(&c->out, writer_syncs(card->writer));
	wire_put_u64(&c->out, writer_changes(card->writer));
	pthread_mutex_lock(&card->lock);
	wire_put_u64(&c->out, card->owner_count);
	wire_put_u64(&c->out, card->session_count);
	wire_put_u64(&c->out, card->login_count);
	pthread_mutex_unlock(&card->lock);
	wire_put_u64(&c->out, card->power_on_ms);
	at = wire_reserve_u32(&c->out);
	for (row = row_next(NULL); row; row = row_next(row), count++) {
		wire_put_u32(&c->out, row->opcode);
		wire_put_u32(&c->out, 0);
		wire_put_u64(&c->out, atomic_load(&card->counters.of[row->opcode]));
	}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}
