// SPDX-License-Identifier: BSD-3-Clause
/*
 * The card's clock (behaviour.md 1.1): the host's until the HSM SO sets it, then its own. It is
 * kept as its distance to the host's clock at power-on, and runs with the uptime: a host that
 * changes its time while the card is on does not change the card's. HSM policy 57 gives the
 * clock back to the host for as long as it is on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"

#define SYNC_WITH_HOST	57	/* HSM policy */

uint64_t card_clock_ms(const struct fw_card *card)
{
	if (!atomic_load(&((struct fw_card *)card)->clock_set) ||
	    card_policy(card, SYNC_WITH_HOST))
		return clock_wall_ms();
	return card->power_on_ms + card_uptime_ms(card) +
	       (uint64_t)atomic_load(&((struct fw_card *)card)->clock_offset);
}

/* behaviour.md 1.1: cards made with CPv4 have theirs from manufacture. */
bool card_clock_ready(const struct fw_card *card)
{
	return !nv_clock_wanted(card->nv) ||
	       atomic_load(&((struct fw_card *)card)->clock_set) ||
	       card_policy(card, SYNC_WITH_HOST);
}

int clock_load(struct fw_card *card)
{
	uint8_t *plain;
	size_t len;
	int64_t offset;
	int rc = card_life_get(card, "clock", &plain, &len);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (len == sizeof(offset)) {
		memcpy(&offset, plain, sizeof(offset));
		atomic_store(&card->clock_offset, offset);
		atomic_store(&card->clock_set, true);
	} else {
		rc = -EBADMSG;
	}
	free(plain);
	return rc;
}

static uint32_t clock_written(struct cmd *c, uint32_t verdict)
{
	int64_t *offset = c->state;

	if (!verdict) {
		atomic_store(&c->card->clock_offset, *offset);
		atomic_store(&c->card->clock_set, true);
	}
	free(offset);
	return verdict;
}

uint32_t handle_CLOCK_SET(struct cmd *c)
{
	struct fw_card *card = c->card;
	uint32_t reserved = wire_u32(&c->in), st = COFFER_ST_DEVICE_MEMORY;
	uint64_t wanted = wire_u64(&c->in);
	struct change *ch;
	int64_t *offset;

	if (reserved || !wire_in_done(&c->in) || !wanted || wanted > COFFER_CLOCK_MAX_MS)
		return COFFER_ST_ARGUMENTS_BAD;
	if (card_policy(card, SYNC_WITH_HOST))
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	offset = malloc(sizeof(*offset));
	ch = offset ? change_of(c) : NULL;
	if (ch) {
		*offset = (int64_t)(wanted - card->power_on_ms - card_uptime_ms(card));
		st = card_life_seal(card, ch, "clock",
				    (struct bytes){ (const uint8_t *)offset, sizeof(*offset) });
	}
	if (st) {
		free(offset);
		return st;
	}
	c->state = offset;
	change_after(ch, clock_written);
	return COFFER_ST_OK;
}
