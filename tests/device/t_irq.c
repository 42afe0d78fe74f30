/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interrupts: one vector per queue, masks, coalescing. */
#include "card.h"

#include <unistd.h>

#define QR(n, r) (COFFER_REG_QUEUE(n) + (r))

static void vector_per_queue(void)
{
	struct card *c = card_live();
	unsigned int i, k;

	for (i = 0; i < COFFER_MAX_QUEUES; i++)
		queue_up(c, i, 4);
	msix_seen(c, COFFER_VECTOR_EVENTS);
	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		check_echo(c, &c->queue[i], i, 4);
		CHECK(msix_wait(c, i + 1));
		for (k = 1; k <= COFFER_MAX_QUEUES; k++)
			CHECK(!msix_seen(c, k));
		CHECK_EQ(rd(c, QR(i, COFFER_Q_COUNT_IRQ)), 1);
	}
	card_stop(c);
}

static void shared_vector(void)
{
	struct card *c = card_live();
	unsigned int i;

	for (i = 0; i < 3; i++) {
		queue_up(c, i, 4);
		wr(c, QR(i, COFFER_Q_CTRL), 0);
		wr(c, QR(i, COFFER_Q_VECTOR), 9);
		wr(c, QR(i, COFFER_Q_CTRL), 1);
		check_echo(c, &c->queue[i], i, 4);
		CHECK(msix_wait(c, 9));
	}
	card_stop(c);
}

static void masked_vector(void)
{
	struct card *c = card_with_queue(8);

	msix_mask(c, 1, true);
	check_echo(c, &c->queue[0], 1, 4);
	while (!rd(c, QR(0, COFFER_Q_COUNT_IRQ)))
		;
	CHECK(!msix_seen(c, 1));
	CHECK(msix_pending(c, 1));
	CHECK(!msix_pending(c, 2));
	msix_mask(c, 1, false);
	CHECK(msix_wait(c, 1));
	CHECK(!msix_pending(c, 1));
	card_stop(c);
}

static void one_for_a_batch(void)
{
	struct card *c = card_with_queue(64);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint64_t before;
	uint32_t i;

	knob(c->m, "c0", "fault-stall", "true");
	for (i = 0; i < 40; i++) {
		sqe = sqe_echo(c, i, 4);
		sqe_put(c, q, &sqe);
	}
	before = firmware_commands(c);
	ring(c, q);
	while (firmware_commands(c) < before + 40)
		usleep(1000);
	usleep(50000);
	knob(c->m, "c0", "fault-stall", "false");
	for (i = 0; i < 40; i++)
		cqe_wait(c, q);
	CHECK(msix_wait(c, 1));
	/* All were ready: few interrupts, most often one. */
	CHECK(rd(c, QR(0, COFFER_Q_COUNT_IRQ)) <= 3);
	card_stop(c);
}

static void coalesce_by_count(void)
{
	struct card *c = card_with_queue(16);
	struct queue *q = &c->queue[0];
	uint32_t i;

	/* Four completions, or one second, which does not pass by itself here. */
	wr(c, QR(0, COFFER_Q_COALESCE), 50000u << 16 | 4);
	for (i = 0; i < 3; i++)
		check_echo(c, q, i, 4);
	usleep(20000);
	CHECK(!msix_seen(c, 1));
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 0);
	check_echo(c, q, 3, 4);
	CHECK(msix_wait(c, 1));
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 1);
	card_stop(c);
}

static void coalesce_by_time(void)
{
	struct card *c = card_with_queue(16);

	wr(c, QR(0, COFFER_Q_COALESCE), 1000u << 16);
	check_echo(c, &c->queue[0], 1, 4);
	usleep(20000);
	CHECK(!msix_seen(c, 1));
	clock_step_us(c->m, 900);
	usleep(10000);
	CHECK(!msix_seen(c, 1));
	clock_step_us(c->m, 200);
	CHECK(msix_wait(c, 1));
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_IRQ)), 1);
	card_stop(c);
}

static void coalesce_switched_off(void)
{
	struct card *c = card_with_queue(16);

	wr(c, QR(0, COFFER_Q_COALESCE), 60000u << 16 | 200);
	check_echo(c, &c->queue[0], 1, 4);
	usleep(20000);
	CHECK(!msix_seen(c, 1));
	/* The change itself signals what waits. */
	wr(c, QR(0, COFFER_Q_COALESCE), 0);
	CHECK(msix_wait(c, 1));
	check_echo(c, &c->queue[0], 2, 4);
	CHECK(msix_wait(c, 1));
	card_stop(c);
}

static void count_without_time(void)
{
	struct card *c = card_with_queue(16);

	wr(c, QR(0, COFFER_Q_COALESCE), 100);
	check_echo(c, &c->queue[0], 1, 4);
	CHECK(msix_wait(c, 1));
	card_stop(c);
}

static void msix_off(void)
{
	struct card *c = card_with_queue(8);
	unsigned int cap = pci_cap(c, 0x11);

	cfg_out(c, cap, cfg_in(c, cap) & ~0x80000000u);
	check_echo(c, &c->queue[0], 1, 4);
	usleep(20000);
	CHECK(!msix_seen(c, 1));
	check_healthy(c);
	card_stop(c);
}

/* An interrupt aimed at the function's own doorbell must go nowhere. */
static void message_to_itself(void)
{
	struct card *c = card_with_queue(8);

	mem_out(c->m, c->msix + 16, 4, c->bar + COFFER_REG_SQ_TAIL(0));
	mem_out(c->m, c->msix + 16 + 8, 4, 5);
	check_echo(c, &c->queue[0], 1, 4);
	while (!rd(c, QR(0, COFFER_Q_COUNT_IRQ)))
		;
	check_healthy(c);
	CHECK_EQ(rd(c, QR(0, COFFER_Q_COUNT_CMD)), 1);
	check_echo(c, &c->queue[0], 2, 4);
	card_stop(c);
}

const struct test_case irq_cases[] = {
	{ "irq: each queue has its vector", vector_per_queue },
	{ "irq: queues may share a vector", shared_vector },
	{ "irq: a masked vector is pending, then sent", masked_vector },
	{ "irq: one for a batch", one_for_a_batch },
	{ "irq: coalescing by count", coalesce_by_count },
	{ "irq: coalescing by time", coalesce_by_time },
	{ "irq: coalescing switched off signals what waits", coalesce_switched_off },
	{ "irq: a count without a time does not wait for ever", count_without_time },
	{ "irq: none while MSI-X is off", msix_off },
	{ "irq: a message to its own doorbell is dropped", message_to_itself },
	{ NULL, NULL }
};
