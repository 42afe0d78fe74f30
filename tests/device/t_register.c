/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The register file: what sticks, what does not, what accesses are taken, what is fatal. */
#include "card.h"

#include <string.h>

static const uint64_t values[] = { ~0ull, 0, 0x5a5a5a5a5a5a5a5aull, 0x0123456789abcdefull };

#define QR(n, r) (COFFER_REG_QUEUE(n) + (r))

static void read_only(void)
{
	static const unsigned int regs[] = {
		COFFER_REG_ID, COFFER_REG_VERSION, COFFER_REG_CAP0, COFFER_REG_CAP1,
		COFFER_REG_STATUS, COFFER_REG_GENERATION, COFFER_REG_SERIAL,
		COFFER_REG_SERIAL + 4, COFFER_REG_FW_VERSION, COFFER_REG_EVQ_DROPPED,
		COFFER_REG_CAP2,
		QR(0, COFFER_Q_COUNT_CMD), QR(15, COFFER_Q_COUNT_IRQ),
	};
	struct card *c = card_start();
	unsigned int i, k;
	uint32_t before;

	for (i = 0; i < sizeof(regs) / sizeof(regs[0]); i++) {
		before = rd(c, regs[i]);
		for (k = 0; k < 4; k++) {
			wr(c, regs[i], values[k]);
			CHECK_EQ(rd(c, regs[i]), before);
		}
	}
	before = rd(c, COFFER_REG_SERIAL);
	wr64(c, COFFER_REG_SERIAL, ~0ull);
	CHECK_EQ(rd(c, COFFER_REG_SERIAL), before);
	card_stop(c);
}

static void write_only(void)
{
	struct card *c = card_start();
	unsigned int i;

	wr(c, COFFER_REG_ABORT, 0x12345678);
	CHECK_EQ(rd(c, COFFER_REG_ABORT), 0);
	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		wr(c, COFFER_REG_SQ_TAIL(i), 1);
		wr(c, COFFER_REG_CQ_HEAD(i), 1);
		CHECK_EQ(rd(c, COFFER_REG_SQ_TAIL(i)), 0);
		CHECK_EQ(rd(c, COFFER_REG_CQ_HEAD(i)), 0);
	}
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	card_stop(c);
}

static void masks(void)
{
	static const struct {
		unsigned int reg;
		uint32_t mask;
	} rw[] = {
		{ COFFER_REG_ABORT_GEN, 0xffff },
		{ COFFER_REG_EVQ_BASE, ~0u }, { COFFER_REG_EVQ_BASE + 4, ~0u },
		{ COFFER_REG_EVQ_SIZE, ~0u }, { COFFER_REG_EVQ_HEAD, ~0u },
		{ QR(0, COFFER_Q_SQ_BASE), ~0u }, { QR(0, COFFER_Q_SQ_BASE) + 4, ~0u },
		{ QR(0, COFFER_Q_CQ_BASE), ~0u }, { QR(15, COFFER_Q_CQ_BASE) + 4, ~0u },
		{ QR(3, COFFER_Q_SIZE), 0xffff }, { QR(3, COFFER_Q_VECTOR), 0xffff },
		{ QR(15, COFFER_Q_COALESCE), 0xffff00ff },
		{ QR(0, COFFER_Q_SHADOW), ~0u }, { QR(15, COFFER_Q_SHADOW) + 4, ~0u },
	};
	struct card *c = card_start();
	unsigned int i, k;

	for (i = 0; i < sizeof(rw) / sizeof(rw[0]); i++) {
		for (k = 0; k < 4; k++) {
			wr(c, rw[i].reg, values[k]);
			CHECK_EQ(rd(c, rw[i].reg), (uint32_t)values[k] & rw[i].mask);
		}
	}
	wr(c, COFFER_REG_CTRL, ~0u);
	CHECK_EQ(rd(c, COFFER_REG_CTRL), COFFER_CTRL_ENABLE);
	card_stop(c);
}

static void wide_registers(void)
{
	struct card *c = card_start();

	wr64(c, QR(2, COFFER_Q_SQ_BASE), 0x1122334455667788ull);
	CHECK_EQ(rd(c, QR(2, COFFER_Q_SQ_BASE)), 0x55667788);
	CHECK_EQ(rd(c, QR(2, COFFER_Q_SQ_BASE) + 4), 0x11223344);
	/* High half first. */
	wr(c, QR(2, COFFER_Q_CQ_BASE) + 4, 0xaabbccdd);
	wr(c, QR(2, COFFER_Q_CQ_BASE), 0x99887766);
	CHECK_EQ(rd64(c, QR(2, COFFER_Q_CQ_BASE)), 0xaabbccdd99887766ull);
	/* Two 32-bit registers do not make a 64-bit one. */
	CHECK_EQ(rd64(c, COFFER_REG_ID), 0);
	wr64(c, QR(2, COFFER_Q_SIZE), ~0ull);
	CHECK_EQ(rd(c, QR(2, COFFER_Q_SIZE)), 0);
	CHECK_EQ(rd(c, QR(2, COFFER_Q_VECTOR)), 0);
	card_stop(c);
}

/* Small accesses, and such that are not aligned, anywhere: nothing is read, nothing changes. */
static void sweep(struct card *c)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	static const unsigned int areas[][2] = {
		{ 0, 0x60 }, { 0x100, 0x140 }, { 0x4c0, 0x508 }, { 0x1000, 0x1010 },
		{ 0x1078, 0x1090 }, { 0x7fe0, 0x7ff8 },
	};
	unsigned int a, at, i, k;

	for (a = 0; a < sizeof(areas) / sizeof(areas[0]); a++) {
		for (at = areas[a][0]; at < areas[a][1]; at++) {
			for (i = 0; i < 4; i++) {
				if (sizes[i] >= 4 && !(at & 3))
					continue;
				CHECK_EQ(mem_in(c->m, c->bar + at, sizes[i]), 0);
				for (k = 0; k < 4; k++)
					mem_out(c->m, c->bar + at, sizes[i], values[k]);
			}
		}
	}
}

static void odd_accesses_off(void)
{
	struct card *c = card_start();
	unsigned int at;

	sweep(c);
	CHECK_EQ(rd(c, COFFER_REG_ID), COFFER_ID_VALUE);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	for (at = COFFER_REG_EVQ_BASE; at < 0x140; at += 4)
		CHECK_EQ(rd(c, at), 0);
	card_stop(c);
}

static void odd_accesses_on(void)
{
	struct card *c = card_with_queue(8);

	sweep(c);
	check_healthy(c);
	check_echo(c, &c->queue[0], 1, 50);
	card_stop(c);
}

static void holes(void)
{
	static const unsigned int at[] = {
		0x034, 0x038, 0x054, 0x0fc, 0x130, 0x13c, 0x500, 0xffc, 0x1080, 0x2000, 0x7ffc,
	};
	struct card *c = card_live();
	unsigned int i;

	for (i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		wr(c, at[i], ~0u);
		CHECK_EQ(rd(c, at[i]), 0);
	}
	check_healthy(c);
	card_stop(c);
}

/* Enable a queue that the card must refuse, before and after ENABLE. */
static void refuse_queue(uint64_t sq, uint64_t cq, uint32_t size, uint32_t vector)
{
	struct card *c = card_live();
	int i;

	for (i = 0; i < 2; i++) {
		wr64(c, QR(1, COFFER_Q_SQ_BASE), sq);
		wr64(c, QR(1, COFFER_Q_CQ_BASE), cq);
		wr(c, QR(1, COFFER_Q_SIZE), size);
		wr(c, QR(1, COFFER_Q_VECTOR), vector);
		wr(c, QR(1, COFFER_Q_CTRL), 1);
		check_fatal(c, COFFER_FATAL_BAD_QUEUE);
		wr(c, COFFER_REG_CTRL, 0);
		CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	}
	/* A reset is all that it needs. */
	card_enable(c);
	queue_up(c, 1, 4);
	check_echo(c, &c->queue[1], 1, 1);
	card_stop(c);
}

static void bad_sq_base(void) { refuse_queue(0x100020, 0x200000, 8, 1); }
static void bad_cq_base(void) { refuse_queue(0x100000, 0x200008, 8, 1); }
static void base_at_the_end(void) { refuse_queue(0xffffffffffffff00ull, 0x200000, 8, 1); }
static void size_zero(void) { refuse_queue(0x100000, 0x200000, 0, 1); }
static void size_one(void) { refuse_queue(0x100000, 0x200000, 1, 1); }
static void size_odd(void) { refuse_queue(0x100000, 0x200000, 12, 1); }
static void size_huge(void) { refuse_queue(0x100000, 0x200000, 2048, 1); }
static void bad_vector(void) { refuse_queue(0x100000, 0x200000, 8, 17); }

static void tail_outside(void)
{
	struct card *c = card_with_queue(8);

	wr(c, COFFER_REG_SQ_TAIL(0), 8);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	CHECK(msix_wait(c, COFFER_VECTOR_EVENTS));
	card_stop(c);
}

static void head_outside(void)
{
	struct card *c = card_with_queue(8);

	wr(c, COFFER_REG_CQ_HEAD(0), 0xffffffff);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void head_passes_tail(void)
{
	struct card *c = card_with_queue(8);

	check_echo(c, &c->queue[0], 1, 1);
	wr(c, COFFER_REG_CQ_HEAD(0), 3);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void more_than_it_holds(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint32_t i;

	/* Seven completions that nobody takes, five entries that wait: three more are too many. */
	for (i = 0; i < 7; i++) {
		sqe = sqe_echo(c, i, 0);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	for (i = 0; i < 7; i++)
		cqe_wait_quiet(c, q);
	wr(c, COFFER_REG_SQ_TAIL(0), (q->tail + 5) % 8);
	check_healthy(c);
	wr(c, COFFER_REG_SQ_TAIL(0), (q->tail + 8) % 8);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void doorbell_of_a_dead_queue(void)
{
	struct card *c = card_with_queue(8);

	wr(c, COFFER_REG_SQ_TAIL(5), 0);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

static void fatal_stops_everything(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe = sqe_echo(c, 1, 4);

	wr(c, COFFER_REG_SQ_TAIL(0), 100);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	submit(c, &c->queue[0], &sqe);
	no_cqe(c, &c->queue[0]);
	/* The first reason stays; ENABLE over ENABLE is no way out. */
	wr(c, QR(1, COFFER_Q_CTRL), 1);
	wr(c, COFFER_REG_CTRL, 1);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	wr(c, COFFER_REG_CTRL, 0);
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 2, 4);
	card_stop(c);
}

const struct test_case register_cases[] = {
	{ "registers: read-only ones keep their values", read_only },
	{ "registers: write-only ones read as zero", write_only },
	{ "registers: reserved bits cannot be set", masks },
	{ "registers: 64-bit ones in whole and in halves", wide_registers },
	{ "registers: sizes and alignments sweep, disabled", odd_accesses_off },
	{ "registers: sizes and alignments sweep, enabled", odd_accesses_on },
	{ "registers: holes read as zero and take nothing", holes },
	{ "fatal: queue with a submission ring that is not aligned", bad_sq_base },
	{ "fatal: queue with a completion ring that is not aligned", bad_cq_base },
	{ "fatal: queue with a ring over the end of the address space", base_at_the_end },
	{ "fatal: queue of size 0", size_zero },
	{ "fatal: queue of size 1", size_one },
	{ "fatal: queue whose size is no power of two", size_odd },
	{ "fatal: queue larger than CAP0 allows", size_huge },
	{ "fatal: queue with a vector that does not exist", bad_vector },
	{ "fatal: tail outside the ring, and vector 0 tells", tail_outside },
	{ "fatal: head outside the ring", head_outside },
	{ "fatal: head passes what was completed", head_passes_tail },
	{ "fatal: more entries than the ring holds", more_than_it_holds },
	{ "fatal: doorbell of a queue that is off", doorbell_of_a_dead_queue },
	{ "fatal: stops everything until reset, first reason stays", fatal_stops_everything },
	{ NULL, NULL }
};
