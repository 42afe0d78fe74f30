/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that are no memory: every ring, list and payload, and interrupts, pointed at the
 * function's own BARs, at those of two other functions, at the chipset, at ROM, at nothing and at
 * the end of the address space. What the manual says must happen, and nothing must be hit.
 */
#include "card.h"

#include <stdio.h>
#include <string.h>

#define QR(n, r)	(COFFER_REG_QUEUE(n) + (r))
#define NVME_BAR	0xe0200000u
#define NVME_CC		0x14
#define BIOS_ROM	0xfffc0000u
#define APIC		0xfee00000u
#define IOAPIC		0xfec00000u

struct scene {
	struct card *c;		/* with queue 0 and a ring of events */
	struct card *other;	/* another coffer, switched on */
	struct card nvme;
	uint32_t generation;
	uint64_t bad[16];
	unsigned int n;
};

static struct scene start(void)
{
	char device[400];
	const char *args[] = {
		"-device", device, "-device", "coffer,id=c1,addr=2,firmware=off",
		"-device", "nvme,id=n0,addr=3,serial=x", NULL,
	};
	struct scene s;
	struct card *c;

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s", card_dir[0]);
	c = card_at(machine_start(args), 0);
	s.other = card_at(c->m, 1);
	wr(s.other, COFFER_REG_CTRL, 1);
	s.nvme = (struct card) { .m = c->m, .slot = 3, .bar = NVME_BAR };
	cfg_out(&s.nvme, 0x10, NVME_BAR);
	cfg_out(&s.nvme, 0x14, 0);
	cfg_out(&s.nvme, 0x04, 6);
	CHECK_EQ(rd(&s.nvme, NVME_CC), 0);
	s.generation = rd(s.other, COFFER_REG_GENERATION);
	s.c = c;
	s.n = 0;
	s.bad[s.n++] = c->bar;
	s.bad[s.n++] = c->bar + COFFER_REG_SQ_TAIL(0);
	s.bad[s.n++] = c->msix;
	s.bad[s.n++] = s.other->bar;
	s.bad[s.n++] = s.other->bar + COFFER_REG_SQ_TAIL(0);
	s.bad[s.n++] = s.other->msix;
	s.bad[s.n++] = NVME_BAR;
	s.bad[s.n++] = MMCONFIG;
	s.bad[s.n++] = APIC;
	s.bad[s.n++] = IOAPIC;
	s.bad[s.n++] = NO_MEMORY;
	s.bad[s.n++] = 1ull << 63;
	s.bad[s.n++] = -512ull;	/* a ring of eight entries ends where the address space does */
	return s;
}

/* Nobody was hit, and everybody lives. */
static void finish(struct scene *s)
{
	struct card *c = s->c;
	struct queue *q;

	CHECK_EQ(rd(s->other, COFFER_REG_CTRL), 1);
	CHECK_EQ(rd(s->other, COFFER_REG_STATUS), COFFER_STATUS_FW_DOWN);
	CHECK_EQ(rd(s->other, COFFER_REG_GENERATION), s->generation);
	CHECK_EQ(mem_in(c->m, s->other->msix, 4), s->other->window + MSI_AREA);
	CHECK_EQ(mem_in(c->m, c->msix, 4), c->window + MSI_AREA);
	CHECK_EQ(rd(&s->nvme, NVME_CC), 0);
	wr(c, COFFER_REG_CTRL, 0);
	card_enable(c);
	q = queue_up(c, 0, 8);
	check_echo(c, q, 0x77, 65536);
	card_stop(c);
}

/* One ring at @base, an empty command, and FATAL. */
static void bad_ring(struct card *c, unsigned int reg, uint64_t base)
{
	struct coffer_sqe sqe = sqe_echo(c, 1, 0);
	struct queue *q;

	card_enable(c);
	q = queue_up(c, 0, 8);
	sqe_put(c, q, &sqe);
	wr(c, QR(0, COFFER_Q_CTRL), 0);
	wr64(c, QR(0, reg), base);
	wr(c, QR(0, COFFER_Q_CTRL), 1);
	check_healthy(c);
	ring(c, q);
	check_fatal(c, COFFER_FATAL_RING_DMA);
	CHECK(msix_wait(c, COFFER_VECTOR_EVENTS));
	wr(c, COFFER_REG_CTRL, 0);
}

static void rings(unsigned int reg)
{
	struct scene s = start();
	unsigned int i;

	for (i = 0; i < s.n; i++)
		bad_ring(s.c, reg, s.bad[i]);
	finish(&s);
}

static void submission_rings(void) { rings(COFFER_Q_SQ_BASE); }
static void completion_rings(void) { rings(COFFER_Q_CQ_BASE); }

/* Where a queue's indices are to be kept; a card of before them takes no address at all. */
static void shadows(void)
{
	struct scene s = start();
	bool can = rd(s.c, COFFER_REG_CAP2) & COFFER_CAP2_SHADOW;
	struct coffer_sqe sqe = sqe_echo(s.c, 1, 0);
	struct queue *q;
	unsigned int i;

	for (i = 0; i < s.n; i++) {
		/* Aligned, and still where it was meant to be. */
		s.bad[i] &= ~(uint64_t)(COFFER_SHADOW_ALIGN - 1);
		card_enable(s.c);
		q = queue_up(s.c, 0, 8);
		sqe_put(s.c, q, &sqe);
		wr(s.c, QR(0, COFFER_Q_CTRL), 0);
		wr64(s.c, QR(0, COFFER_Q_SHADOW), s.bad[i]);
		CHECK_EQ(rd64(s.c, QR(0, COFFER_Q_SHADOW)), can ? s.bad[i] : 0);
		wr(s.c, QR(0, COFFER_Q_CTRL), 1);
		ring(s.c, q);
		if (can)
			check_fatal(s.c, COFFER_FATAL_RING_DMA);
		else
			cqe_wait(s.c, q);
		wr(s.c, COFFER_REG_CTRL, 0);
	}
	finish(&s);
}

static void event_rings(void)
{
	struct scene s = start();
	struct card *c = s.c;
	unsigned int i;

	s.bad[s.n++] = BIOS_ROM;
	for (i = 0; i < s.n; i++) {
		wr64(c, COFFER_REG_EVQ_BASE, s.bad[i]);
		wr(c, COFFER_REG_EVQ_SIZE, 8);
		wr(c, COFFER_REG_CTRL, 1);
		check_fatal(c, COFFER_FATAL_RING_DMA);
		wr(c, COFFER_REG_CTRL, 0);
	}
	finish(&s);
}

/* ROM can be read, as memory can, and not be written: a ring of completions is none there. */
static void rings_in_rom(void)
{
	struct scene s = start();
	struct card *c = s.c;
	struct queue *q;

	bad_ring(c, COFFER_Q_CQ_BASE, BIOS_ROM);
	card_enable(c);
	q = queue_up(c, 0, 8);
	wr(c, QR(0, COFFER_Q_CTRL), 0);
	wr64(c, QR(0, COFFER_Q_SQ_BASE), BIOS_ROM);
	wr(c, QR(0, COFFER_Q_CTRL), 1);
	wr(c, COFFER_REG_SQ_TAIL(0), 7);
	for (int i = 0; i < 7; i++)
		cqe_wait(c, q);
	check_healthy(c);
	finish(&s);
}

/* A request or reply of 64 bytes in two pieces, the second of them at @bad. */
static struct coffer_sqe in_pieces(struct card *c, bool reply, uint64_t bad)
{
	struct coffer_seg seg[2] = {
		{ .addr = c->window + (reply ? REPLY_AREA : REQ_AREA), .len = 48 },
		{ .addr = bad, .len = 16 },
	};
	struct coffer_sqe sqe = sqe_echo(c, 9, 64);

	mem_write(c->m, c->window + LIST_AREA, seg, sizeof(seg));
	if (reply) {
		sqe.reply_segs = 2;
		sqe.reply_addr = c->window + LIST_AREA;
	} else {
		sqe.req_segs = 2;
		sqe.req_addr = c->window + LIST_AREA;
	}
	return sqe;
}

static void requests(void)
{
	struct scene s = start();
	struct card *c = s.c;
	struct coffer_sqe sqe;
	unsigned int i;

	card_enable(c);
	queue_up(c, 0, 8);
	s.bad[s.n++] = -8ull;		/* over the end */
	for (i = 0; i < s.n; i++) {
		sqe = sqe_echo(c, 8, 64);
		sqe.req_addr = s.bad[i];
		check_refused(c, &sqe, COFFER_TS_DMA_REQ);
		sqe = in_pieces(c, false, s.bad[i]);
		check_refused(c, &sqe, COFFER_TS_DMA_REQ);
		/* As the place of the list. */
		sqe.req_addr = s.bad[i];
		check_refused(c, &sqe, COFFER_TS_DMA_REQ);
	}
	sqe = sqe_echo(c, 10, 64);
	sqe.req_addr = BIOS_ROM;
	CHECK_EQ(command(c, &c->queue[0], &sqe).status, COFFER_TS_OK);
	finish(&s);
}

static void replies(void)
{
	struct scene s = start();
	struct card *c = s.c;
	struct coffer_sqe sqe;
	unsigned int i;

	card_enable(c);
	queue_up(c, 0, 8);
	s.bad[s.n++] = BIOS_ROM;
	s.bad[s.n++] = -8ull;
	for (i = 0; i < s.n; i++) {
		sqe = sqe_echo(c, 8, 64);
		sqe.reply_addr = s.bad[i];
		check_refused(c, &sqe, COFFER_TS_DMA_REPLY);
		sqe = in_pieces(c, true, s.bad[i]);
		check_refused(c, &sqe, COFFER_TS_DMA_REPLY);
		if (s.bad[i] == BIOS_ROM)
			continue;	/* there is something to be read, no list though */
		sqe.reply_addr = s.bad[i];
		check_refused(c, &sqe, COFFER_TS_DMA_REQ);
	}
	/* Half in memory, half beyond its end. */
	sqe = sqe_echo(c, 11, 64);
	sqe.reply_addr = 64 * 1024 * 1024 - 32;
	check_refused(c, &sqe, COFFER_TS_DMA_REPLY);
	sqe = sqe_echo(c, 12, 64);
	sqe.req_addr = 64 * 1024 * 1024 - 32;
	check_refused(c, &sqe, COFFER_TS_DMA_REQ);
	finish(&s);
}

/* Where interrupt messages may be aimed, and what they say there. */
static void messages(void)
{
	struct scene s = start();
	struct card *c = s.c;
	const struct {
		uint64_t addr;
		uint32_t data;
	} to[] = {
		{ c->bar + COFFER_REG_CTRL, 0 },
		{ c->bar + COFFER_REG_SQ_TAIL(0), 5 },
		{ c->bar + COFFER_REG_CQ_HEAD(0), 999 },
		{ c->bar + QR(0, COFFER_Q_CTRL), 0 },
		{ c->bar + COFFER_REG_EVQ_SIZE, 3 },
		{ c->msix, 0 },
		{ c->msix + 16 + 12, 1 },
		{ NO_MEMORY, 1 },
		{ BIOS_ROM, 1 },
		{ -4ull, 1 },
	};
	uint32_t generation;
	struct queue *q;
	unsigned int i;

	card_enable(c);
	q = queue_up(c, 0, 8);
	generation = rd(c, COFFER_REG_GENERATION);
	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		mem_out(c->m, c->msix + 16, 4, to[i].addr);
		mem_out(c->m, c->msix + 16 + 4, 4, to[i].addr >> 32);
		mem_out(c->m, c->msix + 16 + 8, 4, to[i].data);
		check_echo(c, q, i, 4);
		while (rd(c, QR(0, COFFER_Q_COUNT_IRQ)) != i + 1)
			;
		check_healthy(c);
		CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_CMD)), i + 1);
	}
	CHECK_EQ(rd(c, COFFER_REG_GENERATION), generation);
	CHECK_EQ(rd(c, QR(0, COFFER_Q_CTRL)), 1);
	CHECK_EQ(rd(c, COFFER_REG_EVQ_SIZE), 0);
	CHECK_EQ(mem_in(c->m, c->msix + 16 + 12, 4), 0);
	finish(&s);
}

/* The message of FATAL, too. And one to another function arrives, as on a real bus. */
static void fatal_message(void)
{
	struct scene s = start();
	struct card *c = s.c;

	mem_out(c->m, c->msix, 4, c->bar + COFFER_REG_CTRL);
	mem_out(c->m, c->msix + 8, 4, 0);
	card_enable(c);
	wr(c, COFFER_REG_SQ_TAIL(3), 1);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	CHECK_EQ(rd(c, COFFER_REG_CTRL), 1);
	wr(c, COFFER_REG_CTRL, 0);
	mem_out(c->m, c->msix, 4, s.other->bar + COFFER_REG_ABORT_GEN);
	mem_out(c->m, c->msix + 8, 4, 0x4242);
	card_enable(c);
	wr(c, COFFER_REG_SQ_TAIL(3), 1);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	while (rd(s.other, COFFER_REG_ABORT_GEN) != 0x4242)
		;
	msix_setup(c);
	finish(&s);
}

const struct test_case reach_cases[] = {
	{ "reach: submission rings in thirteen places that are no memory", submission_rings },
	{ "reach: completion rings in thirteen places that are no memory", completion_rings },
	{ "reach: shadows in thirteen places that are no memory", shadows },
	{ "reach: event rings in fourteen places that are no memory", event_rings },
	{ "reach: rings in ROM", rings_in_rom },
	{ "reach: requests and their lists in places that are no memory", requests },
	{ "reach: replies and their lists in places that are no memory", replies },
	{ "reach: interrupts aimed at own registers, own vectors, nothing", messages },
	{ "reach: the interrupt of FATAL aimed at CTRL, and at another card", fatal_message },
	{ NULL, NULL }
};
