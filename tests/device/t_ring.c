/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Submission and completion rings: order, wrap, phase, full rings, several queues. */
#include "card.h"

#include <string.h>

/* SPEC.md section 12, byte by byte. */
static void worked_example(void)
{
	static const uint8_t request[5] = "hello";
	static const uint8_t entry[64] = {
		0x01, 0x00, 0x00, 0x00, 0x03, 0x00, 0x01, 0x00, 0, 0, 0, 0, 0, 0, 0, 0,
		0x05, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x10, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x01, 0x00, 0x01, 0x00,
	};
	static const uint8_t want[16] = {
		0x00, 0x00, 0x00, 0x00, 0x05, 0x00, 0x00, 0x00,
		0x03, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x00,
	};
	struct card *c = card_start();
	uint8_t got[16];
	int i;

	CHECK_EQ(rd(c, 0x000), 0x52464f43);
	wr(c, 0x010, 0);
	CHECK_EQ(rd(c, 0x014), 0);
	card_enable(c);
	mem_fill(c->m, 0x11000, 0, 64);
	wr64(c, 0x100, 0x10000);
	wr64(c, 0x108, 0x11000);
	wr(c, 0x110, 4);
	wr(c, 0x114, 1);
	wr(c, 0x118, 1);
	CHECK_EQ(rd(c, 0x014), 1);
	mem_write(c->m, 0x20000, request, 5);
	mem_write(c->m, 0x10000, entry, 64);
	wr(c, 0x1000, 1);
	for (i = 0; i < 5000 && !(mem_in(c->m, 0x1100e, 2) & 1); i++)
		clock_step_us(c->m, 1);
	mem_read(c->m, 0x11000, got, 16);
	CHECK(!memcmp(got, want, 16));
	mem_read(c->m, 0x21000, got, 5);
	CHECK(!memcmp(got, request, 5));
	CHECK(msix_wait(c, 1));
	wr(c, 0x1004, 1);
	CHECK_EQ(rd(c, 0x120), 1);
	CHECK_EQ(rd(c, 0x124), 1);
	check_healthy(c);
	card_stop(c);
}

static void ready_follows_enable(void)
{
	struct card *c = card_start();

	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	card_enable(c);
	CHECK_EQ(rd(c, COFFER_REG_CTRL), COFFER_CTRL_ENABLE);
	wr(c, COFFER_REG_CTRL, 0);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	CHECK_EQ(rd(c, COFFER_REG_CTRL), 0);
	card_stop(c);
}

static void set_up_before_enable(void)
{
	struct card *c = card_start();
	struct queue *q = queue_up(c, 0, 8);

	card_enable(c);
	check_echo(c, q, 1, 10);
	card_stop(c);
}

static void doorbell_before_enable(void)
{
	struct card *c = card_start();
	struct queue *q = queue_up(c, 0, 8);
	struct coffer_sqe sqe = sqe_echo(c, 1, 0);

	submit(c, q, &sqe);
	no_cqe(c, q);
	card_enable(c);
	no_cqe(c, q);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 0);
	card_stop(c);
}

static void tags_come_back(void)
{
	static const uint32_t tags[] = { 0, 1, 0xffff, 0x10000, 0x7fff8000, 0xffffffff };
	struct card *c = card_with_queue(4);
	unsigned int i;

	for (i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
		check_echo(c, &c->queue[0], tags[i], 3);
	card_stop(c);
}

static void wrap_and_phase(void)
{
	struct card *c = card_with_queue(4);
	unsigned int i;

	/* 25 rounds through a ring of 4; the client checks the phase of each. */
	for (i = 0; i < 100; i++)
		check_echo(c, &c->queue[0], i, 8);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 100);
	CHECK_EQ(c->queue[0].phase, 0);
	check_healthy(c);
	card_stop(c);
}

static void smallest_ring(void)
{
	struct card *c = card_with_queue(2);
	unsigned int i;

	for (i = 0; i < 9; i++)
		check_echo(c, &c->queue[0], i, 1);
	card_stop(c);
}

/* @count commands at once; each tag must come back exactly once. */
static void burst(struct card *c, struct queue *q, uint32_t count)
{
	uint8_t seen[1024] = { 0 };
	struct coffer_sqe sqe;
	struct completion done;
	uint32_t i;

	for (i = 0; i < count; i++) {
		sqe = sqe_echo(c, i, 16);
		sqe.reply_addr += i * 64;
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	for (i = 0; i < count; i++) {
		done = cqe_wait(c, q);
		CHECK_EQ(done.status, COFFER_TS_OK);
		CHECK(done.tag < count && !seen[done.tag]);
		seen[done.tag] = 1;
	}
	no_cqe(c, q);
}

static void largest_ring(void)
{
	struct card *c = card_with_queue(1024);

	burst(c, &c->queue[0], 1023);
	check_healthy(c);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 1023);
	card_stop(c);
}

static void many_rounds(void)
{
	struct card *c = card_with_queue(64);
	int i;

	for (i = 0; i < 10; i++)
		burst(c, &c->queue[0], 63);
	check_healthy(c);
	card_stop(c);
}

static void all_queues(void)
{
	struct card *c = card_live();
	struct coffer_sqe sqe;
	unsigned int i, k;

	for (i = 0; i < COFFER_MAX_QUEUES; i++)
		queue_up(c, i, 16);
	for (k = 0; k < 10; k++) {
		for (i = 0; i < COFFER_MAX_QUEUES; i++) {
			sqe = sqe_echo(c, i << 8 | k, 4);
			submit(c, &c->queue[i], &sqe);
		}
	}
	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		for (k = 0; k < 10; k++)
			CHECK_EQ(cqe_wait(c, &c->queue[i]).tag >> 8, i);
		CHECK_EQ(rd(c, COFFER_REG_QUEUE(i) + COFFER_Q_COUNT_CMD), 10);
	}
	check_healthy(c);
	card_stop(c);
}

static void full_completion_ring(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint32_t i;

	for (i = 0; i < 7; i++) {
		sqe = sqe_echo(c, i, 4);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	for (i = 0; i < 7; i++)
		cqe_wait_quiet(c, q);
	/* Seven are written and not taken: the eighth command waits. */
	for (i = 7; i < 10; i++) {
		sqe = sqe_echo(c, i, 4);
		submit(c, q, &sqe);
	}
	no_cqe(c, q);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 7);
	head(c, q);
	for (i = 7; i < 10; i++)
		cqe_wait(c, q);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 10);
	check_healthy(c);
	card_stop(c);
}

static void one_slot_at_a_time(void)
{
	struct card *c = card_with_queue(4);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint32_t i;

	for (i = 0; i < 3; i++) {
		sqe = sqe_echo(c, i, 4);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	for (i = 0; i < 3; i++)
		cqe_wait_quiet(c, q);
	sqe = sqe_echo(c, 3, 4);
	submit(c, q, &sqe);
	no_cqe(c, q);
	wr(c, COFFER_REG_CQ_HEAD(0), 1);
	CHECK_EQ(cqe_wait_quiet(c, q).tag, 3);
	card_stop(c);
}

static void disable_one_queue(void)
{
	struct card *c = card_live();
	struct coffer_sqe sqe;

	queue_up(c, 0, 8);
	queue_up(c, 1, 8);
	knob(c->m, "c0", "fault-stall", "true");
	sqe = sqe_echo(c, 5, 4);
	submit(c, &c->queue[0], &sqe);
	submit(c, &c->queue[1], &sqe);
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 0);
	knob(c->m, "c0", "fault-stall", "false");
	CHECK_EQ(cqe_wait(c, &c->queue[1]).tag, 5);
	no_cqe(c, &c->queue[0]);
	/* And on again, from the start. */
	queue_up(c, 0, 4);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 0);
	check_echo(c, &c->queue[0], 9, 9);
	check_healthy(c);
	card_stop(c);
}

static void latched_at_enable(void)
{
	struct card *c = card_with_queue(8);

	wr64(c, COFFER_REG_QUEUE(0) + COFFER_Q_SQ_BASE, NO_MEMORY);
	wr64(c, COFFER_REG_QUEUE(0) + COFFER_Q_CQ_BASE, 3);
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_SIZE, 5);
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_VECTOR, 99);
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 1);
	check_echo(c, &c->queue[0], 1, 100);
	check_healthy(c);
	card_stop(c);
}

/* The entry is copied once: what is written there after the fetch is not seen. */
static void entries_are_copied(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, 1, 32), other = sqe_echo(c, 2, 60000);
	struct completion done;

	knob(c->m, "c0", "fault-stall", "true");
	mem_fill(c->m, sqe.req_addr, 0x11, 32);
	submit(c, q, &sqe);
	while (!rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD))
		;
	other.reply_addr = NO_MEMORY;
	sqe_put_at(c, q, 0, &other);
	mem_fill(c->m, sqe.req_addr, 0x22, 32);
	mem_fill(c->m, sqe.reply_addr, 0, 64);
	knob(c->m, "c0", "fault-stall", "false");
	done = cqe_wait(c, q);
	CHECK_EQ(done.tag, 1);
	CHECK_EQ(done.reply_len, 32);
	CHECK_EQ(mem_in(c->m, sqe.reply_addr, 8), 0x1111111111111111ull);
	CHECK_EQ(mem_in(c->m, sqe.reply_addr + 32, 8), 0);
	card_stop(c);
}

static void same_tail_again(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];

	check_echo(c, q, 1, 4);
	ring(c, q);
	head(c, q);
	ring(c, q);
	no_cqe(c, q);
	check_healthy(c);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 1);
	card_stop(c);
}

const struct test_case ring_cases[] = {
	{ "ring: the worked example of SPEC.md, byte by byte", worked_example },
	{ "ring: READY follows ENABLE both ways", ready_follows_enable },
	{ "ring: a queue may be set up before ENABLE", set_up_before_enable },
	{ "ring: a doorbell before ENABLE does nothing", doorbell_before_enable },
	{ "ring: tags come back bit by bit", tags_come_back },
	{ "ring: 25 rounds, phase alternates", wrap_and_phase },
	{ "ring: smallest ring, 2 entries", smallest_ring },
	{ "ring: largest ring, 1023 commands at once", largest_ring },
	{ "ring: ten times 63 commands at once", many_rounds },
	{ "ring: sixteen queues side by side", all_queues },
	{ "ring: a full completion ring holds commands back", full_completion_ring },
	{ "ring: one free slot lets one command through", one_slot_at_a_time },
	{ "ring: disabling one queue drops its commands only", disable_one_queue },
	{ "ring: base, size and vector are latched at enable", latched_at_enable },
	{ "ring: entry and request are read once", entries_are_copied },
	{ "ring: the same tail again is no command", same_tail_again },
	{ NULL, NULL }
};
