// SPDX-License-Identifier: BSD-3-Clause
/* Partitions as the HSM SO makes, resizes and deletes them, and as everybody sees them. */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "clone.h"
#include "nv.h"
#include "policy.h"

static uint32_t partition_flags(const struct fw_partition *p)
{
	uint32_t flags = p->id ? 0 : COFFER_PART_ADMIN;

	if (card_emptied(p->card))
		return flags;
	if (p->initialised)
		flags |= COFFER_PART_INITIALIZED;
	if (p->roles[COFFER_ROLE_CO].initialised)
		flags |= COFFER_PART_CO_INITIALIZED;
	if (p->roles[COFFER_ROLE_CU].initialised)
		flags |= COFFER_PART_CU_INITIALIZED;
	if (p->id && role_locked(p, COFFER_ROLE_CO))
		flags |= COFFER_PART_CO_LOCKED;
	return flags;
}

static uint32_t partition_write_row(struct fw_partition *p, struct wire_out *out)
{
	uint32_t all, open;
	uint64_t bytes;

	if (store_object_count(p->card->store, p->id, &all, &open, &bytes))
		return COFFER_ST_DEVICE_ERROR;
	pthread_mutex_lock(&p->lock);
	wire_put_u32(out, p->id);
	wire_put_u32(out, partition_flags(p));
	wire_put_u64(out, p->serial);
	wire_put_u32(out, all);
	wire_put_u32(out, 0);
	wire_put_padded(out, p->label, LABEL_MAX);
	pthread_mutex_unlock(&p->lock);
	return COFFER_ST_OK;
}

uint32_t handle_PARTITION_LIST(struct cmd *c)
{
	struct fw_partition *p;
	size_t at = wire_reserve_u32(&c->out);
	uint32_t count = 0, st = COFFER_ST_OK;

	for (p = c->card->admin; p && !st; p = p->next, count++)
		st = partition_write_row(p, &c->out);
	wire_fill_u32(&c->out, at, count);
	return st;
}

uint32_t handle_PARTITION_INFO(struct cmd *c)
{
	struct fw_partition *p = c->part;
	uint32_t all, open, protocols, st;
	uint64_t bytes;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (store_object_count(c->card->store, p->id, &all, &open, &bytes))
		return COFFER_ST_DEVICE_ERROR;
	protocols = p->id ? clone_protocols(c->card, p) : 0;
	st = partition_write_row(p, &c->out);
	wire_put_u32(&c->out, partition_kind(p));
	wire_put_u32(&c->out, partition_level(p));
	wire_put_u32(&c->out, protocols);
	wire_put_u32(&c->out, protocols & COFFER_CLONE_CPV4 ? partition_suites(p) : 0);
	wire_put_u32(&c->out, partition_fips(p));
	wire_put_u32(&c->out, partition_domains(p));
	wire_put_u64(&c->out, p->size);
	wire_put_u64(&c->out, bytes);
	wire_put_u32(&c->out, c->card->profile->fw_version);
	wire_put_u32(&c->out, atomic_load(&p->sessions));
	wire_put_u32(&c->out, open);
	wire_put_u32(&c->out, all - open);
	wire_put_u32(&c->out, partition_clone_failures(p));
	wire_put_u32(&c->out, partition_clone_wait_ms(p));
	return st;
}

/* A number that was never used; after 999 of them, the lowest that is free. 0: none. */
static uint32_t partition_free_id(struct fw_card *card)
{
	uint32_t id;

	if (card->next_id <= PARTITION_ID_MAX)
		return card->next_id;
	for (id = 1; id <= PARTITION_ID_MAX; id++)
		if (!partition_find(card, id))
			return id;
	return 0;
}

static uint32_t partition_room(struct fw_card *card, uint64_t *size)
{
	uint64_t taken = 0;
	uint32_t count = 0;
	struct fw_partition *p;

	for (p = card->admin->next; p; p = p->next, count++)
		taken += p->size;
	if (count >= card_policy(card, POLICY_H_PARTITIONS))
		return COFFER_ST_LICENSE_CAPACITY_EXCEEDED;
	if (!*size)
		*size = card->profile->storage / card->profile->max_partitions;
	if (*size > card->profile->storage - taken)
		return COFFER_ST_HSM_STORAGE_FULL;
	return COFFER_ST_OK;
}

static uint32_t partition_created(struct cmd *c, uint32_t verdict)
{
	struct fw_partition *p = c->state;

	if (verdict) {
		partition_put(p);
		return verdict;
	}
	if (p->id == c->card->next_id)
		c->card->next_id++;
	partition_insert(c->card, p);
	wire_put_u32(&c->out, p->id);
	wire_put_u32(&c->out, 0);
	wire_put_u64(&c->out, p->serial);
	card_event(c->card, COFFER_EV_PARTITION_CREATED, p->id, p->serial);
	return COFFER_ST_OK;
}

static uint32_t partition_create_change(struct cmd *c, struct fw_partition *p)
{
	struct change *ch = change_of(c);
	uint32_t next = c->card->next_id + (p->id == c->card->next_id), st;

	st = ch ? partition_save(p, ch) : (uint32_t)COFFER_ST_DEVICE_MEMORY;
	if (!st)
		st = change_value_put(ch, 0, "next_id", &next, sizeof(next));
	if (!st)
		change_after(ch, partition_created);
	return st;
}

uint32_t handle_PARTITION_CREATE(struct cmd *c)
{
	struct fw_card *card = c->card;
	uint32_t flags = wire_u32(&c->in), id, st;
	uint64_t size = wire_u64(&c->in);
	struct bytes label = wire_blob(&c->in, LABEL_MAX);
	struct fw_partition *p;

	if (!wire_in_done(&c->in) || flags || !label_ok(label))
		return COFFER_ST_ARGUMENTS_BAD;
	st = partition_room(card, &size);
	if (st)
		return st;
	id = partition_free_id(card);
	if (!id)
		return COFFER_ST_TOO_MANY_CONTAINERS;
	p = partition_new(card, id, fw_card_serial(card) * 1000 + id,
			  (enum coffer_partition_kind)card->profile->default_kind, size);
	if (!p)
		return COFFER_ST_DEVICE_MEMORY;
	label_set(p->label, label);
	c->state = p;
	st = partition_create_change(c, p);
	if (st)
		partition_put(p);
	return st;
}

static uint32_t partition_deleted(struct cmd *c, uint32_t verdict)
{
	struct fw_partition *p = c->state;

	if (verdict)
		return verdict;
	card_event(c->card, COFFER_EV_PARTITION_DELETED, p->id, p->serial);
	nv_part_reset(c->card->nv, p->id);
	sessions_end(c->card, p);
	objects_forget(c->crypto, p->id);
	partition_remove(c->card, p);
	return COFFER_ST_OK;
}

uint32_t handle_PARTITION_DELETE(struct cmd *c)
{
	uint32_t id = wire_u32(&c->in), st;
	struct fw_partition *p = partition_find(c->card, id);
	struct change *ch;

	if (wire_u64(&c->in) || !wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!id || !p)
		return COFFER_ST_CONTAINER_HANDLE_INVALID;
	ch = change_of(c);
	if (!ch)
		return COFFER_ST_DEVICE_MEMORY;
	st = change_partition_clear(ch, id, true);
	c->state = p;
	change_after(ch, partition_deleted);
	return st;
}

/* ---- Changes that leave the objects alone ------------------------------------------- */

/* The partition as it will be. */
struct changed {
	uint32_t id;
	uint64_t size;
	char label[LABEL_MAX + 1];
};

static uint32_t partition_changed(struct cmd *c, uint32_t verdict)
{
	struct changed *n = c->state;
	struct fw_partition *p = partition_find(c->card, n->id);

	if (!verdict && p) {
		pthread_mutex_lock(&p->lock);
		p->size = n->size;
		memcpy(p->label, n->label, sizeof(p->label));
		pthread_mutex_unlock(&p->lock);
	}
	free(n);
	return verdict;
}

/* @label empty: as it is. */
static uint32_t partition_change(struct cmd *c, struct fw_partition *p, uint64_t size,
				 struct bytes label)
{
	struct fw_partition image = { .card = p->card, .id = p->id, .serial = p->serial,
				      .size = size, .kind = p->kind,
				      .initialised = p->initialised };
	struct changed *n = calloc(1, sizeof(*n));
	struct change *ch = n ? change_of(c) : NULL;
	uint32_t st = COFFER_ST_DEVICE_MEMORY;

	memcpy(image.label, p->label, sizeof(image.label));
	if (label.len)
		label_set(image.label, label);
	if (ch)
		st = partition_save(&image, ch);
	if (st) {
		free(n);
		return st;
	}
	n->id = p->id;
	n->size = size;
	memcpy(n->label, image.label, sizeof(n->label));
	c->state = n;
	change_after(ch, partition_changed);
	return COFFER_ST_OK;
}

/* Neither more than the card has left nor less than the objects take. */
static uint32_t size_fits(const struct fw_partition *p, uint64_t size)
{
	uint64_t taken = 0, bytes;
	const struct fw_partition *q;
	uint32_t all, open;

	for (q = p->card->admin->next; q; q = q->next)
		if (q != p)
			taken += q->size;
	if (size > p->card->profile->storage - taken)
		return COFFER_ST_HSM_STORAGE_FULL;
	if (store_object_count(p->card->store, p->id, &all, &open, &bytes))
		return COFFER_ST_DEVICE_ERROR;
	return bytes + (uint64_t)all * ROW_OVERHEAD > size ?
	       (uint32_t)COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL : (uint32_t)COFFER_ST_OK;
}

uint32_t handle_PARTITION_RESIZE(struct cmd *c)
{
	uint32_t id = wire_u32(&c->in), st;
	uint64_t size = wire_u64(&c->in);
	struct fw_partition *p = partition_find(c->card, id);

	if (!wire_in_done(&c->in) || !size)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!id || !p)
		return COFFER_ST_CONTAINER_HANDLE_INVALID;
	st = size_fits(p, size);
	return st ? st : partition_change(c, p, size, (struct bytes){ NULL, 0 });
}

uint32_t handle_PARTITION_LABEL(struct cmd *c)
{
	uint32_t reserved = wire_u32(&c->in);
	struct bytes label = wire_blob(&c->in, LABEL_MAX);

	if (!wire_in_done(&c->in) || reserved || !label.len || !label_ok(label))
		return COFFER_ST_ARGUMENTS_BAD;
	return partition_change(c, c->part, c->part->size, label);
}
