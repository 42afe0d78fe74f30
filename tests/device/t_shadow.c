/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shadows: who is told of what, and when; and that nothing is lost or believed that must not be. */
#include "shadow.h"

#include <unistd.h>

static void bell_when_asked(void)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];
	uint32_t i;

	CHECK_EQ(rd(c, COFFER_REG_CAP2), COFFER_CAP2_SHADOW);
	/* 30 commands, one at a time: each asks for the next one's bell. */
	for (i = 0; i < 30; i++) {
		wait_sq_event(c, q, i % 8);
		shadow_put(c, q, i, 1);
		if (i % 10 == 0)
			no_cqe(c, q);
		shadow_bell(c, q);
		shadow_take(c, q, i, 1);
		shadow_tell(c, q, OUR(cq_head), q->head);
		shadow_tell(c, q, OUR(cq_event), q->head);
	}
	check_healthy(c);
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_CMD)), 30);
	card_stop(c);
}

/* Let time pass until the card wants a bell again; how often did it look? */
static unsigned int looks(struct card *c, struct queue *q)
{
	unsigned int n;

	for (n = 0; n < 200 && sq_event(c, q) == COFFER_NO_EVENT; n++) {
		clock_step_us(c->m, COFFER_SHADOW_POLL_US);
		usleep(1000);
	}
	CHECK_EQ(sq_event(c, q), q->tail);
	return n;
}

static void deep(uint32_t event, unsigned int least, unsigned int most)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];
	unsigned int n;

	shadow_tell(c, q, OUR(cq_event), event);
	shadow_put(c, q, 0, 2);
	shadow_bell(c, q);
	shadow_take(c, q, 0, 2);
	wait_sq_event(c, q, COFFER_NO_EVENT);
	/* No bell needed: it looks by itself. */
	shadow_put(c, q, 2, 2);
	no_cqe(c, q);
	clock_step_us(c->m, COFFER_SHADOW_POLL_US);
	shadow_take(c, q, 2, 2);
	n = looks(c, q);
	CHECK(n >= least && n <= most);
	/* It has stopped looking. */
	shadow_put(c, q, 4, 1);
	clock_step_us(c->m, 100000);
	no_cqe(c, q);
	shadow_bell(c, q);
	shadow_take(c, q, 4, 1);
	check_healthy(c);
	card_stop(c);
}

static void looks_by_itself(void)
{
	deep(9, COFFER_SHADOW_POLLS - 2, COFFER_SHADOW_POLLS + 4);
}

static void looks_longer(void)
{
	deep(COFFER_NO_EVENT, COFFER_SHADOW_POLLS_SOON - 2, COFFER_SHADOW_POLLS_SOON + 4);
}

static void stops_when_shallow(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];

	shadow_tell(c, q, OUR(cq_event), COFFER_NO_EVENT);
	shadow_put(c, q, 0, 1);
	shadow_bell(c, q);
	shadow_take(c, q, 0, 1);
	wait_sq_event(c, q, COFFER_NO_EVENT);
	shadow_tell(c, q, OUR(cq_head), 1);
	shadow_tell(c, q, OUR(cq_event), 1);
	clock_step_us(c->m, COFFER_SHADOW_POLL_US);
	wait_sq_event(c, q, 1);
	card_stop(c);
}

/* As a driver would: bells where the card asks for them. Nothing is lost. */
static void nothing_is_lost(void)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];
	uint32_t sent = 0, got = 0, from, event, i, n;
	unsigned int bells = 0;
	uint8_t seen[400 + 8] = { 0 };

	while (got < 400) {
		from = q->tail;
		n = 1 + (sent * 7 + got * 3) % 4;
		for (i = 0; i < n && sent - got < 7; i++)
			shadow_put(c, q, sent++, 1);
		event = sq_event(c, q);
		if (event < 8 && ((event - from) & 7) < ((q->tail - from) & 7)) {
			shadow_bell(c, q);
			bells++;
		} else if (event == COFFER_NO_EVENT) {	/* it comes by itself, with time */
			clock_step_us(c->m, COFFER_SHADOW_POLL_US);
		}
		for (i = 0; i < 1 + sent % 3 && got < sent; i++, got++) {
			uint32_t tag = cqe_wait_quiet(c, q).tag;

			CHECK(tag < sent && !seen[tag]++);
		}
		shadow_tell(c, q, OUR(cq_head), q->head);
		shadow_tell(c, q, OUR(cq_event), q->head);
	}
	check_healthy(c);
	CHECK(bells > 20);
	card_stop(c);
}

/* The tail is in memory before the card arms: it must find it without another bell. */
static void tail_before_event(void)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, 0, 4);
	uint32_t i;

	for (i = 0; i < 50; i++) {
		sqe.tag = i * 2;
		sqe_put(c, q, &sqe);
		sqe.tag++;
		sqe_put(c, q, &sqe);
		/* In one packet: the bell for the first, and the tail behind the second. */
		shadow_tell(c, q, OUR(sq_tail), (q->tail - 1) & 7);
		mem_out2(c->m, c->bar + COFFER_REG_SQ_TAIL(0), 0,
			 shadow_at(c, q) + OUR(sq_tail), q->tail);
		shadow_take(c, q, i * 2, 2);
		shadow_tell(c, q, OUR(cq_head), q->head);
		shadow_tell(c, q, OUR(cq_event), q->head);
		wait_sq_event(c, q, q->tail);
	}
	check_healthy(c);
	card_stop(c);
}

/* ---- What is refused -------------------------------------------------------------------- */

static void bad_index(unsigned int member, uint32_t value)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];

	shadow_tell(c, q, member, value);
	shadow_bell(c, q);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void bad_tail(void)
{
	struct card *c;
	struct queue *q;

	bad_index(OUR(sq_tail), 8);
	bad_index(OUR(sq_tail), ~0u);
	c = card_with_shadow(8);
	q = &c->queue[0];
	/* More than the ring holds: six wait for room, and then the tail goes on past the head. */
	shadow_put(c, q, 0, 7);
	shadow_bell(c, q);
	while (rd(c, QR(0, COFFER_Q_COUNT_CMD)) < 7)
		;
	shadow_put(c, q, 7, 6);
	shadow_bell(c, q);
	check_healthy(c);
	usleep(20000);
	shadow_tell(c, q, OUR(sq_tail), (q->tail + 3) & 7);
	shadow_bell(c, q);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void bad_head(void)
{
	bad_index(OUR(cq_head), 1);
	bad_index(OUR(cq_head), 8);
	bad_index(OUR(cq_head), 0x80000000);
}

static void refused(uint64_t at, enum coffer_fatal reason)
{
	struct card *c = card_live();

	shadow_up_at(c, 0, 8, at);
	if (reason == COFFER_FATAL_RING_DMA)
		wr(c, COFFER_REG_SQ_TAIL(0), 1);
	check_fatal(c, reason);
	card_stop(c);
}

static void bad_places(void)
{
	refused(CARD_WINDOW(0) + EVQ_AREA + 64, COFFER_FATAL_BAD_QUEUE);
	refused(1, COFFER_FATAL_BAD_QUEUE);
	refused(NO_MEMORY, COFFER_FATAL_RING_DMA);
	refused(0xe0000000u, COFFER_FATAL_RING_DMA);	/* its own registers */
	refused(0xe0001000u, COFFER_FATAL_RING_DMA);	/* its own doorbells */
	refused(-128ull, COFFER_FATAL_RING_DMA);	/* the end of the address space */
}

static void bell_of_a_dead_queue(void)
{
	struct card *c = card_with_shadow(8);

	wr(c, QR(0, COFFER_Q_CTRL), 0);
	shadow_bell(c, &c->queue[0]);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void latched(void)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];

	wr64(c, QR(0, COFFER_Q_SHADOW), 3);
	shadow_put(c, q, 1, 1);
	shadow_bell(c, q);
	shadow_take(c, q, 1, 1);
	check_healthy(c);
	/* And 0 is none: the doorbell's value counts again. */
	shadow_up_at(c, 0, 8, 0);
	check_echo(c, q, 2, 9);
	card_stop(c);
}

/* ---- Room --------------------------------------------------------------------------------- */

static void room(bool by_bell)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];

	shadow_put(c, q, 0, 7);
	shadow_bell(c, q);
	shadow_take(c, q, 0, 7);
	/* Seven are written and not taken: these wait. */
	shadow_put(c, q, 7, 3);
	shadow_bell(c, q);
	no_cqe(c, q);
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_CMD)), 7);
	shadow_tell(c, q, OUR(cq_head), q->head);
	if (by_bell)
		wr(c, COFFER_REG_CQ_HEAD(0), 0);
	else
		clock_step_us(c->m, COFFER_SHADOW_POLL_US * COFFER_SHADOW_POLLS);
	shadow_take(c, q, 7, 3);
	check_healthy(c);
	card_stop(c);
}

static void room_by_looking(void)
{
	room(false);
}

static void room_by_bell(void)
{
	room(true);
}

/* ---- Resets, lies, nonsense --------------------------------------------------------------- */

static void reset_while_looking(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];
	int i;

	for (i = 0; i < 3; i++) {
		shadow_tell(c, q, OUR(cq_event), COFFER_NO_EVENT);
		shadow_one(c, q, 0);
		wait_sq_event(c, q, COFFER_NO_EVENT);
		if (i == 0)
			wr(c, COFFER_REG_CTRL, 0);
		else if (i == 1)
			pci_flr(c);
		else
			wr(c, QR(0, COFFER_Q_CTRL), 0);
		/* Nothing is looked at and nothing is written any more. */
		shadow_tell(c, q, OUR(sq_event), 0x1234);
		shadow_put(c, q, 1, 1);
		clock_step_us(c->m, 100000);
		no_cqe(c, q);
		CHECK_EQ(sq_event(c, q), 0x1234);
		if (i < 2) {
			CHECK_EQ(rd64(c, QR(0, COFFER_Q_SHADOW)), 0);
			pci_setup(c);
			msix_setup(c);
			card_enable(c);
		}
		q = shadow_up(c, 0, 16);
		shadow_one(c, q, 7);
		check_healthy(c);
		shadow_up(c, 0, 16);
	}
	card_stop(c);
}

/* Set up before ENABLE, with an entry in it: ENABLE is bell enough. */
static void before_enable(void)
{
	struct card *c = card_start();
	struct queue *q = shadow_up(c, 0, 8);

	shadow_put(c, q, 5, 1);
	shadow_bell(c, q);
	no_cqe(c, q);
	card_enable(c);
	shadow_take(c, q, 5, 1);
	card_stop(c);
}

/* A hostile card lies about what it wants, and an honest one comes back. */
static void lies(void)
{
	struct card *c = card_with_shadow(16);
	struct queue *q = &c->queue[0];
	unsigned int odd = 0, i;

	knob(c->m, "c0", "fault-evil", "5");
	/* A busy machine sees fewer of its lies in so many looks: then it looks longer. */
	for (i = 0; i < 200 || (!odd && i < 2000); i++) {
		mem_out(c->m, shadow_at(c, q) + OUR(sq_tail), 4, i % 2);
		shadow_bell(c, q);
		usleep(500);
		odd += sq_event(c, q) > 1;
		if (i % 4 == 3)
			shadow_up(c, 0, 16);
	}
	CHECK(odd);
	knob(c->m, "c0", "fault-evil", "0");
	wr(c, COFFER_REG_CTRL, 0);
	card_enable(c);
	shadow_one(c, shadow_up(c, 0, 16), 1);
	check_healthy(c);
	card_stop(c);
}

static void nonsense(void)
{
	struct card *c = card_with_shadow(8);
	struct queue *q = &c->queue[0];
	uint32_t x = 2463534242u;
	unsigned int i;

	for (i = 0; i < 600; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		shadow_tell(c, q, x % 3 * 4, x & 0x10 ? x >> 8 : x >> 8 & 7);
		if (x & 0x20)
			wr(c, COFFER_REG_SQ_TAIL(0), x);
		if (x & 0x40)
			clock_step_us(c->m, x >> 24);
		if (i % 20)
			continue;
		wr(c, COFFER_REG_CTRL, 0);
		card_enable(c);
		q = shadow_up(c, 0, 8);
		shadow_one(c, q, i);
		check_healthy(c);
	}
	card_stop(c);
}

const struct test_case shadow_cases[] = {
	{ "shadow: a bell for each entry that is asked for", bell_when_asked },
	{ "shadow: a busy queue is looked at without bells", looks_by_itself },
	{ "shadow: longer, when software will look by itself", looks_longer },
	{ "shadow: one command alone ends the looking", stops_when_shallow },
	{ "shadow: 400 entries with bells where asked, none lost", nothing_is_lost },
	{ "shadow: a tail that is there before the event is seen", tail_before_event },
	{ "shadow: a tail out of range is fatal", bad_tail },
	{ "shadow: a head out of range is fatal", bad_head },
	{ "shadow: places that are refused", bad_places },
	{ "shadow: a bell of a queue that is off is fatal", bell_of_a_dead_queue },
	{ "shadow: the address is latched at enable", latched },
	{ "shadow: room is found by looking", room_by_looking },
	{ "shadow: room is found by a bell, at once", room_by_bell },
	{ "shadow: resets end the looking", reset_while_looking },
	{ "shadow: a queue set up before ENABLE starts with it", before_enable },
	{ "shadow: a hostile card lies about its event", lies },
	{ "shadow: nonsense in memory, and back", nonsense },
	{ NULL, NULL }
};
