/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resets of all kinds, with commands in flight; aborts; what becomes of owners. */
#include "hsm.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ST_CANCEL 1u

static struct card *start_on_spare_card(void)
{
	char device[512];
	const char *args[] = { "-device", device, NULL };
	struct card *c;

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s", card_dir[3]);
	c = card_at(machine_start(args), 0);
	card_enable(c);
	return c;
}

/* Nine commands are out and none may complete. */
static struct card *in_flight(void)
{
	struct card *c = card_with_queue(16);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint32_t i;

	msix_seen(c, COFFER_VECTOR_EVENTS);
	knob(c->m, "c0", "fault-stall", "true");
	for (i = 0; i < 9; i++) {
		sqe = sqe_echo(c, i, 1000);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	while (rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD) != 9)
		;
	mem_fill(c->m, c->window + REPLY_AREA, 0xcc, 1000);
	return c;
}

/* Whatever the reset was: nothing of before may be seen, and the card works again. */
static void check_after_reset(struct card *c, uint32_t generation)
{
	unsigned int at;

	CHECK_EQ(rd(c, COFFER_REG_CTRL), 0);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	CHECK(rd(c, COFFER_REG_GENERATION) > generation);
	for (at = 0; at < 0x28; at += 4)
		CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + at), 0);
	knob(c->m, "c0", "fault-stall", "false");
	no_cqe(c, &c->queue[0]);
	CHECK_EQ(mem_in(c->m, c->window + REPLY_AREA, 8), 0xccccccccccccccccull);
	CHECK(!msix_seen(c, 1));
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 0x1234, 5000);
	check_healthy(c);
	card_stop(c);
}

static void disable(void)
{
	struct card *c = in_flight();
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	wr(c, COFFER_REG_CTRL, 0);
	check_after_reset(c, generation);
}

static void flr(void)
{
	struct card *c = in_flight();
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	pci_flr(c);
	/* The function has forgotten its addresses. */
	CHECK_EQ(cfg_in(c, 4) & 6, 0);
	pci_setup(c);
	msix_setup(c);
	check_after_reset(c, generation);
}

static void bus_master_off(void)
{
	struct card *c = in_flight();
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	cfg_out(c, 4, 2);
	cfg_out(c, 4, 6);
	check_after_reset(c, generation);
}

static void system_reset(void)
{
	struct card *c = in_flight();
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	qmp_ok(c->m, "'execute': 'system_reset'");
	qmp_wait_event(c->m, "RESET");
	pci_setup(c);
	msix_setup(c);
	check_after_reset(c, generation);
}

static void disable_over_disable(void)
{
	struct card *c = card_start();
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	queue_up(c, 0, 8);
	wr(c, COFFER_REG_CTRL, 0);
	CHECK_EQ(rd(c, COFFER_REG_GENERATION), generation + 1);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL), 0);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_SIZE), 0);
	card_stop(c);
}

static void double_enable(void)
{
	struct card *c = card_with_queue(8);
	uint32_t generation = rd(c, COFFER_REG_GENERATION);
	uint64_t owner = owner_open(c, &c->queue[0]);

	wr(c, COFFER_REG_CTRL, 1);
	check_healthy(c);
	CHECK_EQ(rd(c, COFFER_REG_GENERATION), generation);
	CHECK(session_open(c, &c->queue[0], owner) != ST_OWNER_UNKNOWN);
	wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 1);
	check_echo(c, &c->queue[0], 2, 8);
	card_stop(c);
}

static void many_resets(void)
{
	struct card *c = card_start();
	struct coffer_sqe sqe;
	struct queue *q;
	uint32_t i, k;

	for (i = 0; i < 50; i++) {
		card_enable(c);
		q = queue_up(c, 0, 64);
		for (k = 0; k < 60; k++) {
			sqe = sqe_echo(c, k, 2000);
			sqe_put(c, q, &sqe);
		}
		ring(c, q);
		if (i % 3 == 0)
			cqe_wait(c, q);
		if (i % 7 == 0) {
			pci_flr(c);
			pci_setup(c);
			msix_setup(c);
		} else {
			wr(c, COFFER_REG_CTRL, 0);
		}
	}
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 1, 65536);
	card_stop(c);
}

/* An owner of before the reset is nobody after it. */
static void owner_ends(struct card *c, void (*reset)(struct card *c))
{
	struct queue *q = &c->queue[0];
	uint64_t owner = owner_open(c, q), later;

	CHECK_EQ(session_open(c, q, owner), 0);
	reset(c);
	card_enable(c);
	q = queue_up(c, 0, 8);
	CHECK_EQ(session_open(c, q, owner), ST_OWNER_UNKNOWN);
	later = owner_open(c, q);
	CHECK(later != owner);
	CHECK_EQ(session_open(c, q, later), 0);
	card_stop(c);
}

static void by_disable(struct card *c)
{
	wr(c, COFFER_REG_CTRL, 0);
}

static void by_flr(struct card *c)
{
	pci_flr(c);
	pci_setup(c);
	msix_setup(c);
}

static void by_master(struct card *c)
{
	cfg_out(c, 4, 2);
	cfg_out(c, 4, 6);
}

static void owners_after_disable(void) { owner_ends(card_with_queue(8), by_disable); }
static void owners_after_flr(void) { owner_ends(card_with_queue(8), by_flr); }
static void owners_after_master(void) { owner_ends(card_with_queue(8), by_master); }

static void driver_opcodes(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	uint64_t owner = owner_open(c, q), second = owner_open(c, q);

	CHECK(owner != second);
	CHECK_EQ(session_open(c, q, owner), 0);
	CHECK_EQ(simple(c, q, OP_OWNER_CLOSE, 0, &owner, 8, 0), 0);
	CHECK_EQ(session_open(c, q, owner), ST_OWNER_UNKNOWN);
	CHECK_EQ(session_open(c, q, second), 0);
	card_stop(c);
}

/* ---- Abort ---------------------------------------------------------------------------------- */

static void abort_tag(struct card *c, unsigned int queue, uint32_t tag)
{
	wr(c, COFFER_REG_ABORT_GEN, COFFER_TAG_GEN(tag));
	wr(c, COFFER_REG_ABORT, queue << 16 | COFFER_TAG_INDEX(tag));
}

/* Entries that wait in the ring because the completion ring is full. */
static void abort_before_fetch(void)
{
	struct card *c = card_with_queue(4);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	struct completion done;
	uint32_t i, aborted = 0;

	for (i = 0; i < 3; i++) {
		sqe = sqe_echo(c, i, 4);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	for (i = 0; i < 3; i++)
		cqe_wait_quiet(c, q);
	for (i = 0; i < 3; i++) {
		sqe = sqe_echo(c, COFFER_TAG(0x20 + i, 7), 4);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	/* The right index in a wrong generation is another command. */
	abort_tag(c, 0, COFFER_TAG(0x20, 6));
	abort_tag(c, 0, COFFER_TAG(0x21, 7));
	abort_tag(c, 0, COFFER_TAG(0x55, 7));
	head(c, q);
	for (i = 0; i < 3; i++) {
		done = cqe_wait(c, q);
		CHECK_EQ(done.status, done.tag == COFFER_TAG(0x21, 7) ? COFFER_TS_ABORTED :
								      COFFER_TS_OK);
		aborted += done.status == COFFER_TS_ABORTED;
	}
	CHECK_EQ(aborted, 1);
	/* The ring was empty: what was not found in it is forgotten. */
	check_echo(c, q, COFFER_TAG(0x55, 7), 4);
	check_healthy(c);
	card_stop(c);
}

static void abort_while_running(void)
{
	struct card *c = start_on_spare_card();
	struct queue *q = queue_up(c, 0, 8);
	struct completion done;
	struct coffer_sqe sqe;
	struct hsm h;
	int i, cancelled = 0;

	h = hsm_setup(c, q);
	hsm_officer(c, q, &h);
	/* Generation may be quick by luck: then it was too late, which is allowed. */
	for (i = 0; i < 3 && !cancelled; i++) {
		sqe = hsm_slow(c, &h, COFFER_TAG(3, i));
		submit(c, q, &sqe);
		usleep(30000);
		abort_tag(c, 0, COFFER_TAG(3, i));
		done = cqe_wait(c, q);
		CHECK_EQ(done.status, COFFER_TS_OK);
		CHECK_EQ(done.tag, COFFER_TAG(3, i));
		cancelled += done.verdict == ST_CANCEL;
		no_cqe(c, q);
	}
	CHECK(cancelled);
	check_echo(c, q, 8, 8);
	card_stop(c);
}

/* Two full rings of slow commands are more than the firmware takes of one owner: 512. */
static void no_room_in_firmware(void)
{
	struct card *c = start_on_spare_card();
	struct queue *q[2] = { queue_up(c, 0, 1024), queue_up(c, 1, 1024) };
	struct completion done = { .tag = ~0u };
	struct coffer_sqe sqe;
	uint32_t i, fetched, last;
	struct hsm h;

	h = hsm_setup(c, q[0]);
	hsm_officer(c, q[0], &h);
	queue_up(c, 0, 1024);
	for (i = 0; i < 2 * 1023; i++) {
		sqe = hsm_slow(c, &h, i);
		sqe_put(c, q[i & 1], &sqe);
	}
	ring(c, q[0]);
	ring(c, q[1]);
	usleep(300000);
	fetched = rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD) +
		  rd(c, COFFER_REG_QUEUE(1) + COFFER_Q_COUNT_CMD);
	CHECK(fetched >= 512 && fetched < 600);
	/* The last one of a queue is held; it can still be taken back. */
	last = 2 * (rd(c, COFFER_REG_QUEUE(1) + COFFER_Q_COUNT_CMD) - 1) + 1;
	abort_tag(c, 1, last);
	while (done.tag != last)
		done = cqe_wait(c, q[1]);
	CHECK(done.status == COFFER_TS_ABORTED || done.verdict == ST_CANCEL);
	/* Reset does not wait for a thousand commands, and the card comes back. */
	wr(c, COFFER_REG_CTRL, 0);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, q[0], 2, 100);
	card_stop(c);
}

static void abort_of_nothing(void)
{
	struct card *c = card_with_queue(8);
	struct queue *q = &c->queue[0];
	uint32_t i;

	check_echo(c, q, 5, 4);
	abort_tag(c, 0, 5);
	for (i = 0; i < 100; i++)
		abort_tag(c, 0, i);
	abort_tag(c, 7, 1);
	abort_tag(c, 16, 1);
	abort_tag(c, 0xffff, 0xffff);
	no_cqe(c, q);
	check_echo(c, q, 5, 4);
	check_healthy(c);
	card_stop(c);
}

static void reset_while_running(void)
{
	struct card *c = start_on_spare_card();
	struct queue *q = queue_up(c, 0, 8);
	struct coffer_sqe sqe;
	uint64_t answered;
	struct hsm h;

	h = hsm_setup(c, q);
	hsm_officer(c, q, &h);
	answered = firmware_commands(c);
	sqe = hsm_slow(c, &h, 1);
	submit(c, q, &sqe);
	usleep(30000);
	pci_flr(c);
	pci_setup(c);
	msix_setup(c);
	card_enable(c);
	q = queue_up(c, 0, 8);
	/* The reset waited for nothing and the old command is nobody's. */
	check_echo(c, q, 2, 100);
	CHECK_EQ(session_open(c, q, h.owner), ST_OWNER_UNKNOWN);
	/* Its answer comes in the end, and goes nowhere. */
	while (firmware_commands(c) < answered + 3)
		usleep(1000);
	no_cqe(c, q);
	check_healthy(c);
	card_stop(c);
}

const struct test_case reset_cases[] = {
	{ "reset: ENABLE 1 -> 0 with commands in flight", disable },
	{ "reset: function level reset with commands in flight", flr },
	{ "reset: bus mastering off with commands in flight", bus_master_off },
	{ "reset: system reset with commands in flight", system_reset },
	{ "reset: CTRL 0 over 0 is a reset", disable_over_disable },
	{ "reset: ENABLE over ENABLE is none", double_enable },
	{ "reset: fifty resets under load", many_resets },
	{ "reset: owners end at ENABLE 1 -> 0", owners_after_disable },
	{ "reset: owners end at function level reset", owners_after_flr },
	{ "reset: owners end when bus mastering goes off", owners_after_master },
	{ "reset: in the middle of a slow command", reset_while_running },
	{ "owners: driver-only opcodes come through", driver_opcodes },
	{ "abort: an entry that is not fetched", abort_before_fetch },
	{ "abort: a command that runs is cancelled", abort_while_running },
	{ "abort: a command that the firmware has no room for", no_room_in_firmware },
	{ "abort: of what is not there does nothing", abort_of_nothing },
	{ NULL, NULL }
};
