/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nonsense in bulk, the same at every run: the emulator must live and the card must recover. */
#include "card.h"

#include <string.h>

static uint64_t state;

static uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static uint32_t below(uint32_t n)
{
	return (any() >> 20) % n;
}

/* A number that is likely to be on an edge. */
static uint64_t edge(void)
{
	switch (below(6)) {
	case 0:
		return 0;
	case 1:
		return ~0ull;
	case 2:
		return 1ull << below(64);
	case 3:
		return (1ull << below(64)) - 1;
	case 4:
		return below(2048);
	default:
		return any();
	}
}

static void recover(struct card *c)
{
	pci_flr(c);
	pci_setup(c);
	msix_setup(c);
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 0xabcd, 4000);
	check_healthy(c);
}

/* An offset that is a register, or near one, more often than by chance. */
static uint32_t offset(void)
{
	switch (below(8)) {
	case 0:
		return below(COFFER_BAR_REGS_SIZE);
	case 1:
	case 2:
		return 0x1000 + below(32) * 4;
	case 3:
	case 4:
		return below(0x60 / 4) * 4;
	default:
		return 0x100 + below(0x400 / 4) * 4;
	}
}

static void random_access(struct card *c)
{
	static const unsigned int sizes[] = { 4, 4, 4, 8, 1, 2 };
	unsigned int size = sizes[below(6)];
	uint32_t at = offset();

	if (at + size > COFFER_BAR_REGS_SIZE)
		at = 0;
	if (below(2))
		mem_in(c->m, c->bar + at, size);
	else
		mem_out(c->m, c->bar + at, size, edge());
}

static void random_registers(uint64_t seed, int rounds)
{
	struct card *c = card_with_queue(64);
	int i;

	state = seed;
	for (i = 0; i < rounds; i++)
		random_access(c);
	recover(c);
	card_stop(c);
}

static void ten_thousand_accesses(void) { random_registers(0x1234567890abcdefull, 10000); }

/* The same with pauses in which the card is brought to life again. */
static void accesses_to_a_living_card(void)
{
	struct card *c = card_with_queue(64);
	int i, k;

	state = 0xfeedc0fe12345ull;
	for (i = 0; i < 60; i++) {
		recover(c);
		for (k = 0; k < 60; k++)
			random_access(c);
	}
	recover(c);
	card_stop(c);
}

static uint64_t any_address(struct card *c)
{
	switch (below(6)) {
	case 0:
		return c->window + LIST_AREA + below(4096);
	case 1:
		return c->bar + below(COFFER_BAR_REGS_SIZE);
	case 2:
		return c->msix + below(0x1000);
	case 3:
		return edge();
	default:
		return c->window + REQ_AREA + below(0x100000);
	}
}

static uint32_t any_len(void)
{
	return below(4) ? below(70000) : edge();
}

static struct coffer_sqe any_entry(struct card *c)
{
	struct coffer_sqe sqe = {
		.opcode = below(3) ? OP_ECHO : edge(),
		.flags = below(20) ? 0 : edge(),
		.tag = any(),
		.owner = below(2) ? 0 : edge(),
		.req_len = any_len(),
		.reply_len = any_len(),
		.req_addr = any_address(c),
		.reply_addr = any_address(c),
		.req_segs = below(3) ? 1 : below(40),
		.reply_segs = below(3) ? 1 : below(40),
		.reserved0 = below(20) ? 0 : edge(),
	};

	return sqe;
}

/* Every entry, however mad, gets exactly one completion with its tag; none is fatal. */
static void random_entries(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct completion done;
	struct coffer_sqe sqe;
	uint8_t junk[4096];
	int i;

	state = 0x0ddba11;
	for (i = 0; i < 2000; i++) {
		if (i % 20 == 0) {
			pattern(junk, sizeof(junk), i);
			mem_write(c->m, c->window + LIST_AREA, junk, sizeof(junk));
		}
		sqe = any_entry(c);
		/* Rings are memory, too: keep replies away from them, or the ring is no ring. */
		done = command(c, q, &sqe);
		CHECK_EQ(done.tag, sqe.tag);
		CHECK(done.status <= COFFER_TS_FW_DOWN);
		CHECK(done.reply_len <= sqe.reply_len);
		if (done.status != COFFER_TS_OK)
			CHECK_EQ(done.verdict, 0);
	}
	check_healthy(c);
	check_echo(c, q, 1, 65536);
	card_stop(c);
}

/* Segment lists whose pieces point everywhere, the list itself and the rings' neighbours too. */
static void random_lists(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_seg seg[COFFER_MAX_SEGMENTS];
	struct coffer_sqe sqe;
	unsigned int i, k;
	uint32_t sum;

	state = 0x5e65e65e6;
	for (i = 0; i < 500; i++) {
		for (k = 0, sum = 0; k < COFFER_MAX_SEGMENTS; k++) {
			seg[k] = (struct coffer_seg) {
				.addr = any_address(c),
				.len = below(2000) + (below(50) ? 1 : 0),
				.reserved = below(200) ? 0 : 1,
			};
			sum += seg[k].len;
		}
		mem_write(c->m, c->window + LIST_AREA, seg, sizeof(seg));
		sqe = sqe_echo(c, i, sum);
		sqe.req_segs = sqe.reply_segs = COFFER_MAX_SEGMENTS;
		sqe.req_addr = sqe.reply_addr = c->window + LIST_AREA;
		CHECK_EQ(command(c, &c->queue[0], &sqe).tag, i);
	}
	check_healthy(c);
	card_stop(c);
}

/* Configuration space, with everything on. */
static void random_config(void)
{
	struct card *c = card_with_queue(8);
	int i;

	state = 0xc0f16;
	for (i = 0; i < 3000; i++) {
		if (below(2))
			cfg_in(c, below(64) * 4);
		else
			cfg_out(c, below(64) * 4, edge());
		if (i % 100 == 0)
			random_access(c);
	}
	pci_setup(c);
	recover(c);
	card_stop(c);
}

/* A ring in the middle of the memory that it describes. */
static void ring_over_itself(void)
{
	struct card *c = card_live();
	struct coffer_sqe sqe = sqe_echo(c, 1, 4096);
	struct queue *q = queue_up(c, 0, 64);
	int i;

	sqe.req_addr = sqe.reply_addr = c->window + SQ_AREA;
	for (i = 0; i < 63; i++)
		sqe_put(c, q, &sqe);
	ring(c, q);
	for (i = 0; i < 63; i++)
		cqe_wait(c, q);
	check_healthy(c);
	/* Completion ring over the submission ring. */
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 0);
	wr64(c, COFFER_REG_QUEUE(0) + COFFER_Q_CQ_BASE, c->window + SQ_AREA);
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 1);
	wr(c, COFFER_REG_SQ_TAIL(0), 63);
	recover(c);
	card_stop(c);
}

/* Doorbells of all queues at once, with entries that come from nowhere. */
static void doorbell_storm(void)
{
	struct card *c = card_live();
	unsigned int i, n;

	state = 0xd00be11;
	for (n = 0; n < COFFER_MAX_QUEUES; n++) {
		mem_fill(c->m, c->window + SQ_AREA + n * 0x10000, 0, 0x10000);
		queue_up(c, n, 1024);
	}
	for (i = 0; i < 1000; i++) {
		n = below(COFFER_MAX_QUEUES);
		c->queue[n].tail = (c->queue[n].tail + below(12)) % 1024;
		ring(c, &c->queue[n]);
	}
	check_healthy(c);
	recover(c);
	card_stop(c);
}

const struct test_case abuse_cases[] = {
	{ "abuse: ten thousand random register accesses", ten_thousand_accesses },
	{ "abuse: random register accesses to a living card", accesses_to_a_living_card },
	{ "abuse: two thousand random entries", random_entries },
	{ "abuse: five hundred random segment lists", random_lists },
	{ "abuse: random configuration accesses", random_config },
	{ "abuse: rings over payloads and over each other", ring_over_itself },
	{ "abuse: doorbells of sixteen queues", doorbell_storm },
	{ NULL, NULL }
};
