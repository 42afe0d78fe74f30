// SPDX-License-Identifier: GPL-2.0-only
/* Doorbells and interrupts: how many a command costs, by the driver's own counters. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define DEPTH		32
#define RATIO		0.05	/* doorbells, and interrupts, per command at that depth */
#define SECONDS		3

/* What a load has cost. */
struct cost {
	uint64_t commands;
	uint64_t doorbells;
	uint64_t interrupts;
	uint64_t lost;
	uint64_t nudges;
	double start;
};

static struct cost cost_now(void)
{
	return (struct cost) {
		.commands = queue_sum("commands"),
		.doorbells = queue_sum("doorbells"),
		.interrupts = queue_sum("interrupts") + queue_sum("empty_interrupts"),
		.lost = queue_sum("lost_interrupts"),
		.nudges = queue_sum("nudges"),
		.start = seconds(),
	};
}

static struct cost cost_since(const struct cost *then)
{
	struct cost now = cost_now();

	now.commands -= then->commands;
	now.doorbells -= then->doorbells;
	now.interrupts -= then->interrupts;
	now.lost -= then->lost;
	now.nudges -= then->nudges;
	now.start = seconds() - then->start;
	return now;
}

#define COST_LOG(what, c) \
	TH_LOG("%s: %lu commands in %.1f s: %.4f doorbells, %.4f interrupts each", what, \
	       (c).commands, (c).start, (double)(c).doorbells / (c).commands, \
	       (double)(c).interrupts / (c).commands)

/* ---- A load that is about commands and not about payload ---- */

struct echoer {
	pthread_t thread;
	int fd;
	int cpu;		/* -1: any */
	const bool *stop;
	int wrong;
};

static int small_echo(int fd, uint32_t seed)
{
	uint32_t got = ~seed, len = sizeof(got), verdict;
	int rc = card_exec(fd, COFFER_CMD_ECHO, &seed, sizeof(seed), &got, &len, &verdict);

	if (rc)
		return rc;
	return verdict || len != sizeof(got) || got != seed ? -EBADMSG : 0;
}

static int stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void *echo_thread(void *arg)
{
	struct echoer *e = arg;
	uint32_t seed = (uintptr_t)e;

	if (e->cpu >= 0 && stay_on(e->cpu))
		e->wrong = errno;
	while (!e->wrong && !__atomic_load_n(e->stop, __ATOMIC_RELAXED))
		e->wrong = small_echo(e->fd, seed++);
	return NULL;
}

/* Commands in flight for some seconds: 0, or what one of them came to. */
static int load_run(int fd, unsigned int depth, int cpu, struct cost *cost)
{
	struct echoer e[2 * DEPTH] = { 0 };
	unsigned int i, started;
	bool stop = false;
	int wrong = 0;

	for (started = 0; started < depth; started++) {
		e[started] = (struct echoer) { .fd = fd, .cpu = cpu, .stop = &stop };
		if (pthread_create(&e[started].thread, NULL, echo_thread, &e[started]))
			break;
	}
	usleep(200000);		/* until all of them are at it */
	*cost = cost_now();
	sleep(SECONDS);
	*cost = cost_since(cost);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < started; i++) {
		pthread_join(e[i].thread, NULL);
		wrong = wrong ?: e[i].wrong;
	}
	return started == depth ? wrong : -EAGAIN;
}

FIXTURE(ring)
{
	int fd;
};

FIXTURE_SETUP(ring)
{
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, small_echo(self->fd, 1));
}

FIXTURE_TEARDOWN(ring)
{
	close(self->fd);
}

/* One queue with 32 commands in flight: all threads are on the CPU that the queue belongs to. */
TEST_F_TIMEOUT(ring, is_cheap_at_depth_32, 60)
{
	struct cost cost;

	ASSERT_EQ(0, load_run(self->fd, DEPTH, 0, &cost));
	COST_LOG("one queue", cost);
	EXPECT_LT(500, cost.commands);
	EXPECT_GE(RATIO * cost.commands, cost.doorbells);
	EXPECT_GE(RATIO * cost.commands, cost.interrupts);
	EXPECT_EQ(0, cost.lost);
	EXPECT_EQ(0, cost.nudges);
}

/* 32 commands in flight on each of two queues, if threads stay about where they are. */
TEST_F_TIMEOUT(ring, is_cheap_on_all_queues, 60)
{
	struct cost cost;

	ASSERT_EQ(0, load_run(self->fd, 2 * DEPTH, -1, &cost));
	COST_LOG("all queues", cost);
	EXPECT_LT(500, cost.commands);
	EXPECT_GE(RATIO * cost.commands, cost.doorbells);
	EXPECT_GE(RATIO * cost.commands, cost.interrupts);
	EXPECT_EQ(0, cost.lost);
	EXPECT_EQ(0, cost.nudges);
}

/* ---- Other ways to load the driver ---- */

static int reload(const char *parameters)
{
	int i, rc = module_unload();

	for (i = 0; i < 100 && rc == -EWOULDBLOCK; i++) {
		usleep(20000);
		rc = module_unload();
	}
	return rc ?: module_load(parameters);
}

FIXTURE(parameters)
{
	int fd;
};

FIXTURE_SETUP(parameters)
{
	self->fd = -1;
}

FIXTURE_TEARDOWN(parameters)
{
	if (self->fd >= 0)
		close(self->fd);
	ASSERT_EQ(0, reload(""));
	close(card_open_wait());
}

/*
 * One command at a time has its doorbell and its interrupt at once. If each waited for the timer,
 * which is set to 50 ms here, a hundred of them would take five seconds.
 */
TEST_F_TIMEOUT(parameters, one_command_waits_for_nobody, 60)
{
	unsigned int i, slow = 0;
	struct cost cost;

	ASSERT_EQ(0, reload("coalesce_us=50000"));
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, small_echo(self->fd, 1));
	cost = cost_now();
	for (i = 0; i < 100; i++) {
		double start = seconds();

		ASSERT_EQ(0, small_echo(self->fd, i));
		slow += seconds() - start > 0.05;
	}
	cost = cost_since(&cost);
	COST_LOG("one at a time", cost);
	EXPECT_EQ(100, cost.commands);
	EXPECT_EQ(100, cost.doorbells);
	EXPECT_GT(20, slow);	/* a machine with other work may stop for a while */
	EXPECT_EQ(0, cost.nudges);
}

/* The timer bounds the wait of those who are left when the others are gone. */
TEST_F_TIMEOUT(parameters, nobody_waits_for_those_who_left, 60)
{
	struct cost cost;
	double start;

	ASSERT_EQ(0, reload("coalesce_us=1000"));
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, load_run(self->fd, DEPTH, 0, &cost));
	start = seconds();
	ASSERT_EQ(0, small_echo(self->fd, 5));
	EXPECT_GT(1, seconds() - start);
	EXPECT_EQ(0, queue_sum("lost_interrupts"));
	EXPECT_EQ(0, queue_sum("nudges"));
}

/* As with a card of the first version: a doorbell for each command. */
TEST_F_TIMEOUT(parameters, works_without_a_shadow, 60)
{
	struct cost cost;

	ASSERT_EQ(0, reload("shadow=0"));
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, load_run(self->fd, DEPTH, -1, &cost));
	COST_LOG("no shadow", cost);
	EXPECT_LT(500, cost.commands);
	EXPECT_LE(0.9 * cost.commands, cost.doorbells);	/* not read at one moment */
	EXPECT_EQ(0, cost.lost);
	ASSERT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, card_echo(self->fd, 9000, 3));
}

/* One interrupt for events and completions, and rings that are always full. */
TEST_F_TIMEOUT(parameters, works_with_one_vector_and_small_rings, 60)
{
	static const char * const modes[] = { "vectors=1", "vectors=1 entries=4", "entries=8" };
	struct cost cost;
	unsigned int i;

	for (i = 0; i < COUNT(modes); i++) {
		if (self->fd >= 0)
			close(self->fd);
		ASSERT_EQ(0, reload(modes[i]));
		self->fd = card_open_wait();
		ASSERT_LE(0, self->fd);
		ASSERT_EQ(0, load_run(self->fd, DEPTH, -1, &cost));
		COST_LOG(modes[i], cost);
		EXPECT_LT(100, cost.commands);
		EXPECT_EQ(0, cost.lost);
		EXPECT_EQ(0, cost.nudges);
	}
}

TEST_HARNESS_MAIN
