/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Queues with a shadow, from the host's side: nothing here rings of its own accord. */
#ifndef SHADOW_H
#define SHADOW_H

#include "card.h"

#include <stddef.h>

#define QR(n, r)	(COFFER_REG_QUEUE(n) + (r))
#define OUR(member)	offsetof(struct coffer_shadow, member)

uint64_t shadow_at(struct card *c, struct queue *q);
/* Store a word of software's half. */
void shadow_tell(struct card *c, struct queue *q, unsigned int member, uint32_t value);
uint32_t sq_event(struct card *c, struct queue *q);
void wait_sq_event(struct card *c, struct queue *q, uint32_t value);

/* A queue with a shadow, zeroed, or with one at @at. */
struct queue *shadow_up_at(struct card *c, unsigned int index, uint32_t size, uint64_t at);
struct queue *shadow_up(struct card *c, unsigned int index, uint32_t size);
struct card *card_with_shadow(uint32_t size);	/* live, with queue 0 */

/* Entries written and told of in memory, tags counting up, no doorbell. */
void shadow_put(struct card *c, struct queue *q, uint32_t tag, unsigned int count);
/* Wait for so many completions, in any order; do not tell that they are taken. */
void shadow_take(struct card *c, struct queue *q, uint32_t first, unsigned int count);
void shadow_bell(struct card *c, struct queue *q);
/* One more command, there and back, with a bell, whatever the card wants. */
void shadow_one(struct card *c, struct queue *q, uint32_t tag);

#endif
