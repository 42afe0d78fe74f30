/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts of queues with a shadow: when software wants them, and in time. */
#include "shadow.h"

#include <unistd.h>

#define STRETCH_US(us)	((us) * COFFER_COALESCE_STRETCH)

static void quiet(struct card *c)
{
	usleep(20000);
	CHECK(!msix_seen(c, 1));
}

/* Any event is allowed; one that is none costs time, nothing else. */
static void any_event(void)
{
	static const uint32_t events[] = { 8, 0x80000000, 0xfffffffe, 7, 1 };
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];
	uint32_t i;

	wr(c, QR(0, COFFER_Q_COALESCE), 1000u << 16);
	for (i = 0; i < 5; i++) {
		shadow_tell(c, q, OUR(cq_event), events[i]);
		shadow_put(c, q, i, 1);
		shadow_bell(c, q);
		shadow_take(c, q, i, 1);
		clock_step_us(c->m, STRETCH_US(1000));
		CHECK(msix_wait(c, 1));
		shadow_tell(c, q, OUR(cq_head), q->head);
	}
	check_healthy(c);
	card_stop(c);
}

static void interrupt_at_event(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];
	uint32_t i;

	wr(c, QR(0, COFFER_Q_COALESCE), 50000u << 16);
	/* Alone: at once. */
	shadow_one(c, q, 0);
	CHECK(msix_wait(c, 1));
	shadow_tell(c, q, OUR(cq_head), 1);
	/* The third from here. */
	shadow_tell(c, q, OUR(cq_event), 3);
	shadow_one(c, q, 1);
	shadow_one(c, q, 2);
	quiet(c);
	shadow_one(c, q, 3);
	CHECK(msix_wait(c, 1));
	/* What comes before software has looked is not signalled again. */
	for (i = 4; i < 8; i++)
		shadow_one(c, q, i);
	quiet(c);
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 2);
	card_stop(c);
}

static void interrupt_after_silence(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];

	wr(c, QR(0, COFFER_Q_COALESCE), 1000u << 16);
	shadow_tell(c, q, OUR(cq_event), 14);
	shadow_one(c, q, 0);
	clock_step_us(c->m, 900);
	shadow_one(c, q, 1);
	clock_step_us(c->m, 900);
	quiet(c);
	clock_step_us(c->m, 200);
	CHECK(msix_wait(c, 1));
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 1);
	card_stop(c);
}

static void interrupt_at_last(void)
{
	struct card *c = card_with_shadow(64);
	struct queue *q = &c->queue[0];
	uint32_t i;

	wr(c, QR(0, COFFER_Q_COALESCE), 1000u << 16);
	shadow_tell(c, q, OUR(cq_event), 60);
	/* They keep coming, never a millisecond apart. */
	for (i = 0; i < 19; i++) {
		shadow_one(c, q, i);
		CHECK(!msix_seen(c, 1));
		clock_step_us(c->m, 800);
	}
	shadow_one(c, q, i);
	clock_step_us(c->m, 800);
	CHECK(msix_wait(c, 1));
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 1);
	card_stop(c);
}

static void interrupt_when_nobody_looked(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];

	wr(c, QR(0, COFFER_Q_COALESCE), 1000u << 16);
	shadow_tell(c, q, OUR(cq_event), COFFER_NO_EVENT);
	shadow_one(c, q, 0);
	clock_step_us(c->m, 15000);
	quiet(c);
	clock_step_us(c->m, 1100);
	CHECK(msix_wait(c, 1));
	/* Who has looked needs none. */
	shadow_tell(c, q, OUR(cq_head), 1);
	shadow_one(c, q, 1);
	shadow_tell(c, q, OUR(cq_head), 2);
	clock_step_us(c->m, 50000);
	quiet(c);
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 1);
	card_stop(c);
}

static void interrupt_by_count(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];

	wr(c, QR(0, COFFER_Q_COALESCE), 50000u << 16 | 3);
	shadow_tell(c, q, OUR(cq_event), COFFER_NO_EVENT);
	shadow_one(c, q, 0);
	shadow_one(c, q, 1);
	quiet(c);
	shadow_one(c, q, 2);
	CHECK(msix_wait(c, 1));
	/* Without a time there is no coalescing, whatever is waited for. */
	wr(c, QR(0, COFFER_Q_COALESCE), 0);
	shadow_one(c, q, 3);
	CHECK(msix_wait(c, 1));
	card_stop(c);
}

static void one_vector(void)
{
	struct card *c = card_live();
	struct queue *q;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		q = shadow_up(c, i, 8);
		wr(c, QR(i, COFFER_Q_CTRL), 0);
		wr(c, QR(i, COFFER_Q_VECTOR), 0);
		wr(c, QR(i, COFFER_Q_COALESCE), 1000u << 16);
		wr(c, QR(i, COFFER_Q_CTRL), 1);
		shadow_one(c, q, i);
		CHECK(msix_wait(c, 0));
	}
	check_healthy(c);
	card_stop(c);
}

const struct test_case signal_cases[] = {
	{ "signal: interrupt at the event, once", interrupt_at_event },
	{ "signal: interrupt after a silence", interrupt_after_silence },
	{ "signal: interrupt at last, when there is no silence", interrupt_at_last },
	{ "signal: interrupt when software did not look by itself", interrupt_when_nobody_looked },
	{ "signal: interrupt by count, and without a time at once", interrupt_by_count },
	{ "signal: one vector for all", one_vector },
	{ "signal: an event out of range costs time only", any_event },
	{ NULL, NULL }
};
