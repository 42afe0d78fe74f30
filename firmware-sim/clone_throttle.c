// SPDX-License-Identifier: BSD-3-Clause
/*
 * Failed domain proofs, and how long a partition waits after them. Whoever guesses may run good
 * clones in between, or start negotiations that nobody ends: so a good proof forgives its own
 * attempt alone, and the rest only time does.
 *
 * All by the uptime: whoever sets the time of day neither ends nor prolongs a wait. Only the
 * number of failures outlives power; after power-on the last one counts as just made.
 */
#include "card.h"
#include "nv.h"

#define FREE_TRIES	3
#define WAIT_FIRST_MS	1000u
#define WAIT_MAX_MS	300000u
#define FORGIVE_MS	3600000u	/* one failure */

/* How many failures time has taken back since clone_since. */
static uint32_t forgiven(struct fw_partition *p, uint64_t now, uint64_t *since)
{
	uint64_t n;

	*since = atomic_load(&p->clone_since);
	/* Another command's now may be later than ours. */
	n = now > *since ? (now - *since) / FORGIVE_MS : 0;
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

uint32_t card_clone_failed(struct fw_card *card, struct fw_partition *p,
			   struct clone_attempt *attempt)
{
	uint64_t now = card_uptime_ms(card), since;
	uint32_t n = forgiven(p, now, &since);

	/* First: at no moment is there a failure without its wait. */
	attempt->at = now;
	attempt->before = atomic_exchange(&p->clone_last, now);
	/* Of two at once one takes the hours: the other's are none. */
	n *= atomic_compare_exchange_strong(&p->clone_since, &since,
					    since + (uint64_t)n * FORGIVE_MS);
	return status_of(nv_clone_failed(card->nv, p->id, n));
}

uint32_t card_clone_good(struct fw_card *card, struct fw_partition *p,
			 const struct clone_attempt *attempt)
{
	uint64_t at = attempt->at;

	/* Unless another one began after it. */
	atomic_compare_exchange_strong(&p->clone_last, &at, attempt->before);
	return status_of(nv_clone_good(card->nv, p->id));
}

uint32_t partition_clone_failures(const struct fw_partition *p)
{
	uint32_t n = nv_clone_failures(p->card->nv, p->id), less;
	uint64_t since;

	less = forgiven((struct fw_partition *)p, card_uptime_ms(p->card), &since);
	return n > less ? n - less : 0;
}

uint32_t partition_clone_wait_ms(const struct fw_partition *p)
{
	uint64_t last = atomic_load(&((struct fw_partition *)p)->clone_last);
	uint64_t now = card_uptime_ms(p->card), past = now > last ? now - last : 0;
	uint32_t failures = partition_clone_failures(p);
	uint32_t over, wait = WAIT_FIRST_MS;

	if (failures < FREE_TRIES)
		return 0;
	for (over = failures - FREE_TRIES; over && wait < WAIT_MAX_MS; over--)
		wait *= 2;
	if (wait > WAIT_MAX_MS)
		wait = WAIT_MAX_MS;
	return past >= wait ? 0 : wait - (uint32_t)past;
}
