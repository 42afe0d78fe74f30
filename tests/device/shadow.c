/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shadow.h"

#include <unistd.h>

#define SHADOW_AREA	0x080000	/* in the window: one for each queue */

uint64_t shadow_at(struct card *c, struct queue *q)
{
	return c->window + SHADOW_AREA + q->index * sizeof(struct coffer_shadow);
}

void shadow_tell(struct card *c, struct queue *q, unsigned int member, uint32_t value)
{
	mem_out(c->m, shadow_at(c, q) + member, 4, value);
}

uint32_t sq_event(struct card *c, struct queue *q)
{
	return mem_in(c->m, shadow_at(c, q) + OUR(sq_event), 4);
}

void wait_sq_event(struct card *c, struct queue *q, uint32_t value)
{
	int i;

	for (i = 0; i < 5000 && sq_event(c, q) != value; i++)
		usleep(1000);
	CHECK_EQ(sq_event(c, q), value);
}

/* A queue with a shadow at @at, on a card that is live. */
struct queue *shadow_up_at(struct card *c, unsigned int index, uint32_t size, uint64_t at)
{
	struct queue q = { .index = index };

	wr(c, QR(index, COFFER_Q_CTRL), 0);
	mem_fill(c->m, shadow_at(c, &q), 0, sizeof(struct coffer_shadow));
	wr64(c, QR(index, COFFER_Q_SHADOW), at);
	return queue_up(c, index, size);
}

struct queue *shadow_up(struct card *c, unsigned int index, uint32_t size)
{
	return shadow_up_at(c, index, size, shadow_at(c, &(struct queue) { .index = index }));
}

struct card *card_with_shadow(uint32_t size)
{
	struct card *c = card_live();

	shadow_up(c, 0, size);
	check_healthy(c);
	return c;
}

/* Entries written and told of in memory, no doorbell. */
void shadow_put(struct card *c, struct queue *q, uint32_t tag, unsigned int count)
{
	struct coffer_sqe sqe;

	while (count--) {
		sqe = sqe_echo(c, tag++, 4);
		sqe_put(c, q, &sqe);
	}
	shadow_tell(c, q, OUR(sq_tail), q->tail);
}

void shadow_take(struct card *c, struct queue *q, uint32_t first, unsigned int count)
{
	struct completion done;
	uint32_t seen = 0;
	unsigned int i;

	for (i = 0; i < count; i++) {
		done = cqe_wait_quiet(c, q);
		CHECK_EQ(done.status, COFFER_TS_OK);
		CHECK(done.tag - first < count && !(seen & 1u << (done.tag - first)));
		seen |= 1u << (done.tag - first);
	}
}

void shadow_bell(struct card *c, struct queue *q)
{
	wr(c, COFFER_REG_SQ_TAIL(q->index), 0xdead);	/* the value does not matter */
}

/* One more command, there and back, with a bell, whatever the card wants. */
void shadow_one(struct card *c, struct queue *q, uint32_t tag)
{
	shadow_put(c, q, tag, 1);
	shadow_bell(c, q);
	shadow_take(c, q, tag, 1);
}
