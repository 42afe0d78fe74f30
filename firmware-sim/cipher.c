// SPDX-License-Identifier: BSD-3-Clause
/*
 * CPv4 cipher suites of a partition, each on or off by its SO (behaviour.md 1.3). Kept is which
 * are off: a suite that later firmware brings is on.
 */
#include <stdlib.h>

#include "card.h"
#include "clone.h"

uint32_t handle_CIPHER_LIST(struct cmd *c)
{
	uint32_t had = partition_suites_had(c->part), on = partition_suites(c->part), count = 0, id;
	size_t at;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!had)
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	at = wire_reserve_u32(&c->out);
	for (id = 1; id < 32; id++) {
		if (!(had & 1u << id))
			continue;
		wire_put_u32(&c->out, id);
		wire_put_u32(&c->out, on >> id & 1);
		wire_put_padded(&c->out, clone_suite(COFFER_CLONE_CPV4, id)->name, 40);
		count++;
	}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}

static uint32_t suites_saved(struct cmd *c, uint32_t verdict)
{
	uint32_t *off = c->state;

	if (!verdict) {
		pthread_mutex_lock(&c->part->lock);
		c->part->suites_off = *off;
		pthread_mutex_unlock(&c->part->lock);
	}
	free(off);
	return verdict;
}

uint32_t handle_CIPHER_SET(struct cmd *c)
{
	uint32_t id = wire_u32(&c->in), on = wire_u32(&c->in), reserved = wire_u32(&c->in), st;
	struct change *ch;
	uint32_t *off;

	if (!wire_in_done(&c->in) || on > 1 || reserved)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!partition_suites_had(c->part))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if (id >= 32 || !(partition_suites_had(c->part) & 1u << id))
		return COFFER_ST_MECHANISM_INVALID;
	off = malloc(sizeof(*off));
	ch = off ? change_of(c) : NULL;
	if (!ch) {
		free(off);
		return COFFER_ST_DEVICE_MEMORY;
	}
	*off = (c->part->suites_off & ~(1u << id)) | (on ? 0 : 1u << id);
	st = partition_save_suites(c->part, ch, *off);
	if (st) {
		free(off);
		return st;
	}
	c->state = off;
	change_after(ch, suites_saved);
	return COFFER_ST_OK;
}
