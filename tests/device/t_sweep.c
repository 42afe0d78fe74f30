/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every offset of BAR0 near a register, every size and alignment, with zeros, ones and noise:
 * before ENABLE against a model of the register map that is written down here once more, after
 * ENABLE for what must hold whatever is written.
 */
#include "card.h"

#include <stdlib.h>

#define QR(n, r) (COFFER_REG_QUEUE(n) + (r))

/* What writing does to a register while the controller is off. */
struct model {
	unsigned int reg;
	uint8_t size;
	uint32_t mask;		/* of each half; 0: read-only */
};

static const struct model global_model[] = {
	{ COFFER_REG_ID, 4, 0 }, { COFFER_REG_VERSION, 4, 0 },
	{ COFFER_REG_CAP0, 4, 0 }, { COFFER_REG_CAP1, 4, 0 },
	{ COFFER_REG_STATUS, 4, 0 },
	{ COFFER_REG_SERIAL, 8, 0 }, { COFFER_REG_FW_VERSION, 4, 0 },
	{ COFFER_REG_ABORT_GEN, 4, 0xffff },
	{ COFFER_REG_EVQ_BASE, 8, ~0u }, { COFFER_REG_EVQ_SIZE, 4, ~0u },
	{ COFFER_REG_EVQ_HEAD, 4, ~0u }, { COFFER_REG_EVQ_DROPPED, 4, 0 },
};

static const struct model queue_model[] = {
	{ COFFER_Q_SQ_BASE, 8, ~0u }, { COFFER_Q_CQ_BASE, 8, ~0u },
	{ COFFER_Q_SIZE, 4, 0xffff }, { COFFER_Q_VECTOR, 4, 0xffff },
	{ COFFER_Q_COALESCE, 4, 0xffff00ff },
	{ COFFER_Q_COUNT_CMD, 4, 0 }, { COFFER_Q_COUNT_IRQ, 4, 0 },
};

static uint64_t noise(void)
{
	static uint64_t x = 0x5eed5eed5eed5eedull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static const uint64_t fixed[] = { 0, ~0ull };
#define VALUES	3

static uint64_t value(unsigned int i)
{
	return i < 2 ? fixed[i] : noise();
}

/* Of the card at hand: CAP2, and the register that it tells of. */
static bool has_shadow;

static struct card *started(struct card *c)
{
	has_shadow = rd(c, COFFER_REG_CAP2) & COFFER_CAP2_SHADOW;
	return c;
}

static void check_word(struct card *c, const struct model *m, unsigned int at, uint32_t before)
{
	unsigned int i, half;
	uint64_t v;

	for (i = 0; i < VALUES; i++) {
		for (half = 0; half < m->size / 4u; half++) {
			v = value(i);
			wr(c, at + half * 4, v);
			CHECK_EQ(rd(c, at + half * 4), m->mask ? (v & m->mask) :
				 half ? rd(c, at + 4) : before);
		}
		if (m->size == 8 && m->mask) {
			v = value(i);
			wr64(c, at, v);
			CHECK_EQ(rd64(c, at), v);
		}
	}
	wr(c, at, 0);
	if (m->size == 8)
		wr(c, at + 4, 0);
	if (m->mask)
		CHECK_EQ(rd(c, at), 0);
}

static void every_register(void)
{
	static const struct model shadow = { COFFER_Q_SHADOW, 8, ~0u };
	struct card *c = card_start();
	unsigned int i, n;

	started(c);
	for (n = 0; n < COFFER_MAX_QUEUES && has_shadow; n++)
		check_word(c, &shadow, QR(n, shadow.reg), 0);
	/* Sixteen queues are alike. */
	for (i = 0; i < sizeof(global_model) / sizeof(global_model[0]); i++)
		check_word(c, &global_model[i], global_model[i].reg, rd(c, global_model[i].reg));
	for (n = 0; n < COFFER_MAX_QUEUES; n++)
		for (i = 0; i < sizeof(queue_model) / sizeof(queue_model[0]); i++)
			check_word(c, &queue_model[i], QR(n, queue_model[i].reg), 0);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	card_stop(c);
}

/* Is this one of the accesses that section 2 of the manual allows? */
static bool allowed(unsigned int at, unsigned int size)
{
	static const unsigned int words[] = {
		COFFER_REG_ID, COFFER_REG_VERSION, COFFER_REG_CAP0, COFFER_REG_CAP1,
		COFFER_REG_CTRL, COFFER_REG_STATUS, COFFER_REG_GENERATION, COFFER_REG_ABORT,
		COFFER_REG_SERIAL, COFFER_REG_SERIAL + 4, COFFER_REG_FW_VERSION,
		COFFER_REG_ABORT_GEN, COFFER_REG_EVQ_BASE, COFFER_REG_EVQ_BASE + 4,
		COFFER_REG_EVQ_SIZE, COFFER_REG_EVQ_HEAD, COFFER_REG_EVQ_DROPPED,
	};
	unsigned int i, in = (at - 0x100) % 0x40;

	if (size < 4 || at % 4)
		return false;
	if (has_shadow && size == 4 && at == COFFER_REG_CAP2)
		return true;
	if (has_shadow && at >= 0x100 && at < 0x500 &&
	    (in == COFFER_Q_SHADOW || (size == 4 && in == COFFER_Q_SHADOW + 4)))
		return true;
	if (size == 8)
		return at == COFFER_REG_SERIAL || at == COFFER_REG_EVQ_BASE ||
		       (at >= 0x100 && at < 0x500 && (in == 0 || in == 8));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (at == words[i])
			return true;
	return (at >= 0x100 && at < 0x500 && in < 0x28) || (at >= 0x1000 && at < 0x1080);
}

/* Reads and writes of this area, size and offset by offset, but those that are allowed. */
static void odd_area(struct card *c, unsigned int from, unsigned int to)
{
	static const unsigned int sizes[] = { 1, 2, 4, 8 };
	size_t n = 0, k, room = (size_t)(to - from) * 4 * (VALUES + 1);
	struct access *a = calloc(room, sizeof(*a));
	unsigned int at, i, v;

	CHECK(a);
	for (at = from; at < to; at++) {
		for (i = 0; i < 4; i++) {
			if (allowed(at, sizes[i]) || at + sizes[i] > COFFER_BAR_REGS_SIZE)
				continue;
			for (v = 0; v < VALUES; v++)
				a[n++] = (struct access) { c->bar + at, value(v), sizes[i], false };
			a[n++] = (struct access) { c->bar + at, 1, sizes[i], true };
		}
	}
	CHECK(n <= room);
	mem_many(c->m, a, n);
	for (k = 0; k < n; k++)
		if (a[k].read && a[k].value)
			tap_fail(__FILE__, __LINE__, "%u bytes at 0x%lx read 0x%lx", a[k].size,
				 a[k].addr - c->bar, a[k].value);
	free(a);
}

static void odd_everywhere(struct card *c)
{
	odd_area(c, 0, 0x1c0);
	odd_area(c, 0x480, 0x520);
	odd_area(c, 0xff0, 0x1020);
	odd_area(c, 0x1070, 0x10a0);
	odd_area(c, 0x3ff0, 0x4010);
	odd_area(c, COFFER_BAR_REGS_SIZE - 64, COFFER_BAR_REGS_SIZE);
}

static void image(struct card *c, uint32_t *words)
{
	unsigned int i;

	for (i = 0; i < 0x500 / 4; i++)
		words[i] = rd(c, i * 4);
}

/* Nothing that is not allowed reads anything or changes anything. */
static void odd_changes_nothing(struct card *c)
{
	static uint32_t before[0x500 / 4], after[0x500 / 4];
	unsigned int i;

	image(c, before);
	odd_everywhere(c);
	image(c, after);
	for (i = 0; i < 0x500 / 4; i++)
		CHECK_EQ(after[i], before[i]);
}

static void odd_before_enable(void)
{
	struct card *c = started(card_start());

	wr64(c, QR(0, COFFER_Q_SQ_BASE), 0x1122334455667788ull);
	wr(c, QR(15, COFFER_Q_SIZE), 0x1234);
	odd_changes_nothing(c);
	card_stop(c);
}

static void odd_after_enable(void)
{
	struct card *c = started(card_with_queue(8));

	odd_changes_nothing(c);
	check_healthy(c);
	check_echo(c, &c->queue[0], 1, 50);
	card_stop(c);
}

/*
 * Everything that can be written, on a card that is on: it may get FATAL for a reason of the
 * manual, its read-only registers stay, and a reset makes it new.
 */
static void allowed_after_enable(void)
{
	struct card *c = started(card_with_queue(8));
	uint32_t serial = rd(c, COFFER_REG_SERIAL), cap0 = rd(c, COFFER_REG_CAP0), reason;
	unsigned int at, size, v;

	for (at = 0; at < 0x1080; at += 4) {
		for (size = 4; size <= 8; size += 4) {
			if (!allowed(at, size) || (at > QR(2, 0) && at < QR(15, 0)))
				continue;
			for (v = 0; v < VALUES; v++)
				mem_out(c->m, c->bar + at, size, value(v));
			CHECK_EQ(rd(c, COFFER_REG_ID), COFFER_ID_VALUE);
			CHECK_EQ(rd(c, COFFER_REG_CAP0), cap0);
			CHECK_EQ(rd(c, COFFER_REG_SERIAL), serial);
			reason = COFFER_STATUS_REASON(rd(c, COFFER_REG_STATUS));
			CHECK(reason == COFFER_FATAL_NONE || reason == COFFER_FATAL_BAD_DOORBELL ||
			      reason == COFFER_FATAL_BAD_QUEUE || reason == COFFER_FATAL_BAD_EVQ ||
			      reason == COFFER_FATAL_RING_DMA);
			wr(c, COFFER_REG_CTRL, 0);
			CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
			card_enable(c);
			queue_up(c, 0, 8);
		}
	}
	check_echo(c, &c->queue[0], 1, 5000);
	card_stop(c);
}

const struct test_case sweep_cases[] = {
	{ "sweep: every register against a model, before ENABLE", every_register },
	{ "sweep: every size and alignment that is not allowed, before ENABLE", odd_before_enable },
	{ "sweep: every size and alignment that is not allowed, after ENABLE", odd_after_enable },
	{ "sweep: every register with zeros, ones and noise, after ENABLE", allowed_after_enable },
	{ NULL, NULL }
};
