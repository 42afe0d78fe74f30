/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fault knobs do what the manual says, no more and no less. */
#include "card.h"

#include <stdio.h>
#include <unistd.h>

static void set(struct card *c, const char *name, const char *json)
{
	knob(c->m, "c0", name, json);
}

static void drop_irq(void)
{
	struct card *c = card_with_queue(8);

	msix_seen(c, COFFER_VECTOR_EVENTS);
	set(c, "fault-drop-irq", "2");
	check_echo(c, &c->queue[0], 1, 4);
	check_echo(c, &c->queue[0], 2, 4);
	usleep(20000);
	CHECK(!msix_seen(c, 1));
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_IRQ), 0);
	check_echo(c, &c->queue[0], 3, 4);
	CHECK(msix_wait(c, 1));
	card_stop(c);
}

static void stall(void)
{
	struct card *c = card_with_queue(16);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint32_t i;

	set(c, "fault-stall", "true");
	for (i = 0; i < 10; i++) {
		sqe = sqe_echo(c, i, 4);
		submit(c, q, &sqe);
	}
	no_cqe(c, q);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 10);
	set(c, "fault-stall", "false");
	for (i = 0; i < 10; i++)
		cqe_wait(c, q);
	check_healthy(c);
	card_stop(c);
}

static void wrong_phase(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, 0x99, 4);

	set(c, "fault-wrong-phase", "1");
	submit(c, q, &sqe);
	no_cqe(c, q);
	/* It is there all the same, in the wrong colour, and an interrupt told. */
	CHECK(msix_wait(c, 1));
	CHECK_EQ(mem_in(c->m, c->window + CQ_AREA + 8, 4), 0x99);
	CHECK_EQ(mem_in(c->m, c->window + CQ_AREA + 14, 2), 0);
	q->head = 1;
	sqe.tag = 0x9a;
	submit(c, q, &sqe);
	CHECK_EQ(cqe_wait(c, q).tag, 0x9a);
	card_stop(c);
}

static void wrong_tag(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, COFFER_TAG(5, 8), 4);

	set(c, "fault-wrong-tag", "2");
	CHECK_EQ(command(c, q, &sqe).tag, COFFER_TAG(5 ^ 0xffff, 8));
	CHECK_EQ(command(c, q, &sqe).tag, COFFER_TAG(5, 9));
	CHECK_EQ(command(c, q, &sqe).tag, COFFER_TAG(5, 8));
	card_stop(c);
}

static void short_dma(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, 1, 64);
	struct completion done;

	set(c, "fault-short-dma", "1");
	mem_fill(c->m, sqe.req_addr, 0x11, 64);
	mem_fill(c->m, sqe.reply_addr, 0xee, 64);
	done = command(c, q, &sqe);
	CHECK_EQ(done.status, COFFER_TS_DMA_REPLY);
	CHECK_EQ(done.reply_len, 32);
	CHECK_EQ(mem_in(c->m, sqe.reply_addr + 24, 8), 0x1111111111111111ull);
	CHECK_EQ(mem_in(c->m, sqe.reply_addr + 32, 8), 0xeeeeeeeeeeeeeeeeull);
	check_echo(c, q, 2, 64);
	card_stop(c);
}

static void slow(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, 1, 4);

	set(c, "fault-slow-ms", "100");
	submit(c, q, &sqe);
	no_cqe(c, q);
	clock_step_us(c->m, 99000);
	no_cqe(c, q);
	clock_step_us(c->m, 2000);
	CHECK_EQ(cqe_wait(c, q).tag, 1);
	set(c, "fault-slow-ms", "0");
	check_echo(c, q, 2, 4);
	card_stop(c);
}

static void all_ones(void)
{
	struct card *c = card_with_queue(8);

	set(c, "fault-all-ones", "true");
	CHECK_EQ(rd(c, COFFER_REG_ID), ~0u);
	CHECK_EQ(rd(c, 0x7ffc), ~0u);
	CHECK_EQ(rd64(c, COFFER_REG_SERIAL), ~0ull);
	CHECK_EQ(mem_in(c->m, c->bar, 1), 0xff);
	CHECK_EQ(mem_in(c->m, c->bar, 2), 0xffff);
	set(c, "fault-all-ones", "false");
	check_echo(c, &c->queue[0], 1, 4);
	card_stop(c);
}

static void link_loss(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe = sqe_echo(c, 1, 4);
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	set(c, "fault-stall", "true");
	submit(c, q, &sqe);
	set(c, "fault-link-loss", "true");
	set(c, "fault-stall", "false");
	CHECK_EQ(rd(c, COFFER_REG_ID), ~0u);
	CHECK_EQ(cfg_in(c, 0), ~0u);
	cfg_out(c, 4, 0);
	wr(c, COFFER_REG_CTRL, 1);
	submit(c, q, &sqe);
	no_cqe(c, q);
	set(c, "fault-link-loss", "false");
	CHECK_EQ(cfg_in(c, 4) & 6, 6);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	CHECK(rd(c, COFFER_REG_GENERATION) > generation);
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, q, 2, 4);
	card_stop(c);
}

static void firmware_panic(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe = sqe_echo(c, 1, 4);

	set(c, "fault-fw-panic", "true");
	check_fatal(c, COFFER_FATAL_FIRMWARE);
	CHECK(msix_wait(c, COFFER_VECTOR_EVENTS));
	submit(c, &c->queue[0], &sqe);
	no_cqe(c, &c->queue[0]);
	wr(c, COFFER_REG_CTRL, 0);
	wr(c, COFFER_REG_CTRL, 1);
	check_fatal(c, COFFER_FATAL_FIRMWARE);
	set(c, "fault-fw-panic", "false");
	wr(c, COFFER_REG_CTRL, 0);
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 2, 4);
	card_stop(c);
}

static void injected_fatal(void)
{
	struct card *c = card_with_queue(8);

	set(c, "fault-fatal", "true");
	check_fatal(c, COFFER_FATAL_INJECTED);
	wr(c, COFFER_REG_CTRL, 0);
	card_enable(c);
	card_stop(c);
}

static void knobs_at_start(void)
{
	struct card *c = card_start_with(",fault-stall=on,fault-drop-irq=3,fault-slow-ms=5");

	card_enable(c);
	queue_up(c, 0, 8);
	struct coffer_sqe sqe = sqe_echo(c, 1, 4);

	submit(c, &c->queue[0], &sqe);
	no_cqe(c, &c->queue[0]);
	set(c, "fault-stall", "false");
	clock_step_us(c->m, 6000);
	CHECK_EQ(cqe_wait(c, &c->queue[0]).tag, 1);
	CHECK(!msix_seen(c, 1));
	card_stop(c);
}

/* A hostile card lies about everything, but writes only where it was told to. */
static void evil(void)
{
	static const char *const seeds[] = { "1", "7", "4711", "4294967295" };
	struct coffer_sqe sqe;
	struct queue *q;
	struct card *c;
	uint32_t i, k, lies;

	for (i = 0; i < 4; i++) {
		c = card_start();
		mem_fill(c->m, c->window + CQ_AREA + 64 * 16, 0x5e, 256);
		card_enable(c);
		q = queue_up(c, 0, 64);
		set(c, "fault-evil", seeds[i]);
		for (k = 0; k < 60; k++) {
			sqe = sqe_echo(c, k, 8);
			sqe_put(c, q, &sqe);
			ring(c, q);
		}
		for (k = 0, lies = 0; k < 200; k++)
			lies += rd(c, COFFER_REG_ID) != COFFER_ID_VALUE;
		CHECK(lies > 2 && lies < 100);
		usleep(20000);
		for (k = 0; k < 256; k += 8)
			CHECK_EQ(mem_in(c->m, c->window + CQ_AREA + 64 * 16 + k, 8),
				 0x5e5e5e5e5e5e5e5eull);
		set(c, "fault-evil", "0");
		wr(c, COFFER_REG_CTRL, 0);
		card_enable(c);
		q = queue_up(c, 0, 64);
		check_echo(c, q, 1, 100);
		card_stop(c);
	}
}

const struct test_case fault_cases[] = {
	{ "fault: dropped interrupts", drop_irq },
	{ "fault: stall", stall },
	{ "fault: wrong phase", wrong_phase },
	{ "fault: wrong tag, index and generation", wrong_tag },
	{ "fault: short DMA", short_dma },
	{ "fault: slow card", slow },
	{ "fault: all-ones reads", all_ones },
	{ "fault: link loss and return", link_loss },
	{ "fault: firmware panic until it is cleared", firmware_panic },
	{ "fault: injected fatal error", injected_fatal },
	{ "fault: knobs on the command line", knobs_at_start },
	{ "fault: a hostile card stays within its rings", evil },
	{ NULL, NULL }
};
