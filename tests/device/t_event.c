/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The event ring. */
#include "hsm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EV_RESET	2

static struct card *start_on_spare_card(void)
{
	char device[512];
	const char *args[] = { "-device", device, NULL };

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s", card_dir[3]);
	return card_at(machine_start(args), 0);
}

static bool event_at(struct card *c, uint32_t index, uint32_t size, struct coffer_evt *out)
{
	uint64_t at = c->window + EVQ_AREA + index % size * sizeof(*out);
	int i;

	for (i = 0; i < 2000; i++) {
		mem_read(c->m, at, out, sizeof(*out));
		if ((out->phase & 1) == !(index / size & 1))
			return true;
		usleep(1000);
	}
	return false;
}

static void reset_event(void)
{
	struct card *c = card_start();
	struct coffer_evt evt;

	events_up(c, 8);
	card_enable(c);
	CHECK(event_at(c, 0, 8, &evt));
	CHECK_EQ(evt.type, EV_RESET);
	CHECK(evt.seq);
	CHECK(evt.time_ms > 1600000000000ull);
	CHECK_EQ(evt.partition, 0);
	CHECK_EQ(evt.phase, 1);
	CHECK(msix_wait(c, COFFER_VECTOR_EVENTS));
	CHECK_EQ(rd(c, COFFER_REG_EVQ_DROPPED), 0);
	card_stop(c);
}

static void many_events(void)
{
	struct card *c = start_on_spare_card();
	struct coffer_evt evt;
	struct queue *q;
	uint64_t seq;
	struct hsm h;
	uint32_t i;

	events_up(c, 4);
	card_enable(c);
	q = queue_up(c, 0, 8);
	CHECK(event_at(c, 0, 4, &evt));
	seq = evt.seq;
	wr(c, COFFER_REG_EVQ_HEAD, 1);
	h = hsm_setup(c, q);
	/* Take each event as it comes, over several rounds: numbers without a gap. */
	for (i = 1; i < 30; i++) {
		if (i % 2)
			hsm_two_events(c, q, &h);
		CHECK(event_at(c, i, 4, &evt));
		CHECK_EQ(evt.seq, ++seq);
		wr(c, COFFER_REG_EVQ_HEAD, i + 1);
	}
	CHECK_EQ(rd(c, COFFER_REG_EVQ_DROPPED), 0);
	check_healthy(c);
	card_stop(c);
}

static void full_ring(void)
{
	struct card *c = start_on_spare_card();
	struct coffer_evt evt;
	struct queue *q;
	uint64_t seq;
	struct hsm h;
	uint32_t i, dropped;

	events_up(c, 4);
	card_enable(c);
	q = queue_up(c, 0, 8);
	h = hsm_setup(c, q);
	for (i = 0; i < 5; i++)
		hsm_two_events(c, q, &h);
	/* Four are kept, the first four; the others are counted. */
	CHECK(event_at(c, 0, 4, &evt));
	seq = evt.seq;
	for (i = 1; i < 4; i++) {
		CHECK(event_at(c, i, 4, &evt));
		CHECK_EQ(evt.seq, seq + i);
	}
	usleep(20000);
	dropped = rd(c, COFFER_REG_EVQ_DROPPED);
	CHECK(dropped >= 7);
	/* After room was made, the gap is as long as the counter says. */
	wr(c, COFFER_REG_EVQ_HEAD, 4);
	hsm_two_events(c, q, &h);
	CHECK(event_at(c, 4, 4, &evt));
	CHECK_EQ(evt.seq, seq + 4 + dropped);
	CHECK_EQ(rd(c, COFFER_REG_EVQ_DROPPED), dropped);
	check_healthy(c);
	card_stop(c);
}

static void ring_later(void)
{
	struct card *c = start_on_spare_card();
	struct coffer_evt evt;
	struct queue *q;
	struct hsm h;

	card_enable(c);
	q = queue_up(c, 0, 8);
	h = hsm_setup(c, q);
	hsm_two_events(c, q, &h);
	CHECK_EQ(rd(c, COFFER_REG_EVQ_DROPPED), 0);
	events_up(c, 8);
	hsm_two_events(c, q, &h);
	CHECK(event_at(c, 0, 8, &evt));
	CHECK(event_at(c, 1, 8, &evt));
	/* And off again. */
	wr(c, COFFER_REG_EVQ_SIZE, 0);
	hsm_two_events(c, q, &h);
	usleep(20000);
	mem_read(c->m, c->window + EVQ_AREA + 2 * sizeof(evt), &evt, sizeof(evt));
	CHECK_EQ(evt.seq, 0);
	check_healthy(c);
	card_stop(c);
}

static void refuse_ring(uint64_t base, uint32_t size)
{
	struct card *c = card_start();

	wr64(c, COFFER_REG_EVQ_BASE, base);
	wr(c, COFFER_REG_EVQ_SIZE, size);
	wr(c, COFFER_REG_CTRL, 1);
	check_fatal(c, COFFER_FATAL_BAD_EVQ);
	wr(c, COFFER_REG_CTRL, 0);
	card_enable(c);
	/* The same while it runs. */
	wr64(c, COFFER_REG_EVQ_BASE, base);
	wr(c, COFFER_REG_EVQ_SIZE, size);
	check_fatal(c, COFFER_FATAL_BAD_EVQ);
	card_stop(c);
}

static void bad_rings(void)
{
	refuse_ring(0x10010, 8);
	refuse_ring(0x10000, 1);
	refuse_ring(0x10000, 6);
	refuse_ring(0x10000, 8192);
	refuse_ring(0xffffffffffffffe0ull, 2);
}

static void bad_heads(void)
{
	struct card *c = card_start();
	struct coffer_evt evt;

	events_up(c, 8);
	card_enable(c);
	CHECK(event_at(c, 0, 8, &evt));
	wr(c, COFFER_REG_EVQ_HEAD, 0);
	wr(c, COFFER_REG_EVQ_HEAD, 1);
	check_healthy(c);
	wr(c, COFFER_REG_EVQ_HEAD, 0);
	check_fatal(c, COFFER_FATAL_BAD_EVQ);
	wr(c, COFFER_REG_CTRL, 0);
	events_up(c, 8);
	card_enable(c);
	CHECK(event_at(c, 0, 8, &evt));
	wr(c, COFFER_REG_EVQ_HEAD, 2);
	check_fatal(c, COFFER_FATAL_BAD_EVQ);
	card_stop(c);
}

static void ring_nowhere(void)
{
	struct card *c = card_start();

	wr64(c, COFFER_REG_EVQ_BASE, NO_MEMORY);
	wr(c, COFFER_REG_EVQ_SIZE, 8);
	wr(c, COFFER_REG_CTRL, 1);
	check_fatal(c, COFFER_FATAL_RING_DMA);
	wr(c, COFFER_REG_CTRL, 0);
	wr64(c, COFFER_REG_EVQ_BASE, c->bar);
	wr(c, COFFER_REG_EVQ_SIZE, 8);
	wr(c, COFFER_REG_CTRL, 1);
	check_fatal(c, COFFER_FATAL_RING_DMA);
	card_stop(c);
}

const struct test_case event_cases[] = {
	{ "event: ENABLE tells RESET, by vector 0", reset_event },
	{ "event: numbers and phase over many rounds", many_events },
	{ "event: a full ring drops, counts, and shows a gap", full_ring },
	{ "event: a ring that is given later, and taken away", ring_later },
	{ "fatal: event rings with a bad base or size", bad_rings },
	{ "fatal: event head that goes backwards or too far", bad_heads },
	{ "fatal: event ring in a BAR or in nothing", ring_nowhere },
	{ NULL, NULL }
};
