// SPDX-License-Identifier: GPL-2.0-only
/* What the driver does when the card does not do its part. */
#include "coffer_test.h"
#include "kselftest_harness.h"

FIXTURE(fault)
{
	int fd;
	uint64_t resets;
};

FIXTURE_SETUP(fault)
{
	faults_clear();
	ASSERT_EQ(0, attr_write("reset", "1"));	/* forgets earlier resets, too */
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	self->resets = attr_u64("reset_count");
}

FIXTURE_TEARDOWN(fault)
{
	faults_clear();
	attr_write("reset", "1");
	close(self->fd);
	EXPECT_TRUE(attr_is("state", "live"));
}

static int ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

/* Wait until the card is live after `resets` resets. */
static int live_after(uint64_t resets)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (attr_u64("reset_count") >= resets && attr_is("state", "live"))
			return 1;
		usleep(10000);
	}
	return 0;
}

TEST_F(fault, finds_the_completion_of_a_lost_interrupt)
{
	uint64_t lost = queue_sum("lost_interrupts");
	int i;

	ASSERT_EQ(0, fault_set("fault-drop-irq", "1"));
	/* Again, if a command was so quick that it was back before it was to be waited for. */
	for (i = 0; i < 20 && queue_sum("lost_interrupts") == lost; i++)
		EXPECT_EQ(0, card_echo_ms(self->fd, 500, 500));
	EXPECT_EQ(lost + 1, queue_sum("lost_interrupts"));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
}

TEST_F(fault, a_short_time_out_does_not_reset_the_card)
{
	double begin = seconds();

	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	EXPECT_EQ(-ETIMEDOUT, card_echo_ms(self->fd, 500, 200));
	EXPECT_GT(6.5, seconds() - begin);	/* sooner than the reset of the next case */
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));	/* the late completion did no harm */
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
}

TEST_F_TIMEOUT(fault, a_card_that_does_not_answer_is_reset, 60)
{
	double begin = seconds();

	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	EXPECT_EQ(-ETIMEDOUT, card_echo(self->fd, 500, 0));
	EXPECT_LT(4.5, seconds() - begin);
	EXPECT_GT(12, seconds() - begin);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	EXPECT_EQ(1, live_after(self->resets + 1));
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

TEST_F_TIMEOUT(fault, a_wrong_tag_is_counted_and_ignored, 60)
{
	uint64_t errors = queue_sum("errors");

	ASSERT_EQ(0, fault_set("fault-wrong-tag", "1"));
	EXPECT_EQ(-ETIMEDOUT, card_echo_ms(self->fd, 500, 200));
	EXPECT_EQ(errors + 1, queue_sum("errors"));
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

TEST_F_TIMEOUT(fault, many_wrong_tags_reset_the_card, 60)
{
	int status, i;
	pid_t child[8];

	/* Children of one processor use one queue. */
	ASSERT_EQ(0, fault_set("fault-wrong-tag", "8"));
	for (i = 0; i < 8; i++) {
		cpu_set_t cpu;

		CPU_ZERO(&cpu);
		CPU_SET(0, &cpu);
		child[i] = fork();
		if (!child[i]) {
			sched_setaffinity(0, sizeof(cpu), &cpu);
			_exit(card_echo(self->fd, 500, i) == -ECANCELED ? 0 : 1);
		}
	}
	for (i = 0; i < 8; i++) {
		ASSERT_EQ(child[i], waitpid(child[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	EXPECT_EQ(1, live_after(self->resets + 1));
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

TEST_F_TIMEOUT(fault, a_wrong_phase_ends_in_a_reset, 60)
{
	ASSERT_EQ(0, fault_set("fault-wrong-phase", "1"));
	EXPECT_EQ(-ETIMEDOUT, card_echo(self->fd, 500, 0));
	EXPECT_EQ(1, live_after(self->resets + 1));
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

TEST_F(fault, a_reply_that_cannot_be_written_is_an_error)
{
	ASSERT_EQ(0, fault_set("fault-short-dma", "1"));
	EXPECT_EQ(-EIO, card_echo(self->fd, 5000, 0));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
}

TEST_F(fault, a_slow_card_is_waited_for)
{
	ASSERT_EQ(0, fault_set("fault-slow-ms", "400"));
	EXPECT_EQ(0, card_echo(self->fd, 500, 0));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
}

TEST_F(fault, a_fatal_error_is_reset_away)
{
	struct load load;

	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	usleep(100000);
	ASSERT_EQ(0, fault_set("fault-fatal", "true"));
	EXPECT_EQ(1, live_after(self->resets + 1));
	usleep(100000);
	load_stop(&load);
	EXPECT_EQ(0, load.wrong);
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

TEST_F_TIMEOUT(fault, a_dead_firmware_is_a_failed_card_until_it_lives, 60)
{
	int i;

	ASSERT_EQ(0, fault_set("fault-fw-panic", "true"));
	for (i = 0; i < 500 && !attr_is("state", "failed"); i++)
		usleep(20000);
	EXPECT_TRUE(attr_is("state", "failed"));
	EXPECT_EQ(-EIO, card_echo(self->fd, 10, 0));
	EXPECT_EQ(POLLERR, ready(self->fd, 1000));
	EXPECT_NE(0, attr_write("reset", "1"));
	ASSERT_EQ(0, fault_set("fault-fw-panic", "false"));
	EXPECT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, card_echo(self->fd, 10, 0));
}

TEST_F_TIMEOUT(fault, resets_end_after_too_many, 60)
{
	int i, try;

	for (i = 0; i < 10 && !attr_is("state", "failed"); i++) {
		ASSERT_EQ(0, fault_set("fault-fatal", "true"));
		for (try = 0; try < 300; try++) {
			usleep(10000);
			if (attr_u64("reset_count") > self->resets + i &&
			    !attr_is("state", "resetting"))
				break;
		}
	}
	EXPECT_TRUE(attr_is("state", "failed"));
	EXPECT_LE(5, i);
	EXPECT_EQ(-EIO, card_echo(self->fd, 10, 0));
	EXPECT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, card_echo(self->fd, 10, 0));
}

/* Get the card back after it was gone: a new one, to the driver. */
static int bring_back(const char *name)
{
	faults_clear();
	if (file_write("/sys/bus/pci/drivers/coffer/unbind", name) ||
	    file_write("/sys/bus/pci/drivers/coffer/bind", name))
		return -1;
	return 0;
}

TEST_F_TIMEOUT(fault, a_card_that_reads_all_ones_is_gone, 60)
{
	char name[64];
	int fd;

	ASSERT_EQ(0, pci_name(name, sizeof(name)));
	ASSERT_EQ(0, fault_set("fault-all-ones", "true"));
	EXPECT_EQ(-ENODEV, attr_write("reset", "1"));
	EXPECT_TRUE(attr_is("state", "dead"));
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));
	EXPECT_EQ(POLLHUP | POLLERR, ready(self->fd, 0));
	EXPECT_EQ(-ENODEV, card_open(O_RDWR));
	ASSERT_EQ(0, bring_back(name));
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));	/* the old descriptor stays dead */
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
}

TEST_F_TIMEOUT(fault, a_card_that_loses_its_link_is_gone, 60)
{
	struct load load;
	char name[64];
	int fd;

	ASSERT_EQ(0, pci_name(name, sizeof(name)));
	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	usleep(100000);
	ASSERT_EQ(0, fault_set("fault-link-loss", "true"));
	load_stop(&load);	/* at the latest when the commands' time is up */
	EXPECT_EQ(0, load.wrong);
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));
	EXPECT_TRUE(attr_is("state", "dead"));
	ASSERT_EQ(0, bring_back(name));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
}

/*
 * A card that lies in every register, completion and event. Whatever it makes of the commands,
 * calls come back, the kernel stays whole (tests/vm/run looks at its log), and an honest card in
 * the same slot works again.
 */
TEST_F_TIMEOUT(fault, a_hostile_card_harms_nobody_but_itself, 120)
{
	char name[64], seed[16];
	int fd, i;

	ASSERT_EQ(0, pci_name(name, sizeof(name)));
	for (i = 1; i <= 4; i++) {
		struct load load;

		fd = card_open_wait();
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, load_start(&load, 8, fd));
		snprintf(seed, sizeof(seed), "%d", i);
		ASSERT_EQ(0, fault_set("fault-evil", seed));
		sleep(1);
		attr_write("reset", "1");
		ready(fd, 100);
		sleep(1);
		/* Its removal ends all that is still waiting. */
		EXPECT_EQ(0, file_write("/sys/bus/pci/drivers/coffer/unbind", name));
		load_stop(&load);
		EXPECT_EQ(-ENODEV, card_echo(fd, 10, 0));
		file_write("/sys/bus/pci/drivers/coffer/bind", name);
		file_write("/sys/bus/pci/drivers/coffer/unbind", name);
		close(fd);
		faults_clear();
		ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/coffer/bind", name));
	}
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 5000, 0));
	close(fd);
}

TEST_F(fault, a_bus_error_that_is_not_fatal_changes_nothing)
{
	struct load load;

	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	usleep(100000);
	EXPECT_EQ(0, bus_error("COMP_TIMEOUT"));
	usleep(300000);
	load_stop(&load);
	EXPECT_EQ(0, load.wrong);
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

/* After a function level reset, too, which uses up the configuration that probe saved. */
TEST_F_TIMEOUT(fault, a_fatal_bus_error_is_recovered_from, 60)
{
	struct load load;
	int i, back = 0;

	ASSERT_EQ(0, attr_write("device/reset", "1"));
	self->resets++;
	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	usleep(100000);
	EXPECT_EQ(0, bus_error("DLP"));
	/* With ACPI hot-plug the port's link does not come back: the driver helps itself. */
	for (i = 0; i < 3 && !back; i++)
		back = live_after(self->resets + 1);
	EXPECT_TRUE(back);
	load_stop(&load);
	EXPECT_EQ(0, load.wrong);
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
}

/* ---- Shares and cancel, with a card that holds everything back ---- */

#define CROWD 80

struct crowd {
	int fd;
	int busy;
	int other;
};

static void *crowd_thread(void *arg)
{
	struct crowd *crowd = arg;
	int rc = card_echo_ms(crowd->fd, 16, 4000);

	if (rc == -EBUSY)
		__atomic_fetch_add(&crowd->busy, 1, __ATOMIC_RELAXED);
	else if (rc)
		__atomic_fetch_add(&crowd->other, 1, __ATOMIC_RELAXED);
	return NULL;
}

TEST_F_TIMEOUT(fault, one_descriptor_gets_half_of_a_queue_at_most, 60)
{
	struct coffer_query query = { .size = sizeof(query) };
	struct crowd crowd = { 0 };
	pthread_t thread[CROWD];
	cpu_set_t cpu;
	int i;

	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &query));
	ASSERT_GE(CROWD, query.queue_entries / 2);
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	ASSERT_EQ(0, sched_setaffinity(0, sizeof(cpu), &cpu));	/* one queue */
	crowd.fd = card_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, crowd.fd);
	ASSERT_EQ(0, card_echo(crowd.fd, 1, 0));
	ASSERT_EQ(0, card_echo(self->fd, 1, 0));
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	for (i = 0; i < CROWD; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, crowd_thread, &crowd));
	usleep(700000);
	EXPECT_LT(0, __atomic_load_n(&crowd.busy, __ATOMIC_RELAXED));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	EXPECT_EQ(0, card_echo(self->fd, 1, 0));
	for (i = 0; i < CROWD; i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(CROWD - (query.queue_entries - 2) / 2, crowd.busy);
	EXPECT_EQ(0, crowd.other);
	close(crowd.fd);
}

struct waiting {
	int fd;
	int rc;
	struct coffer_exec exec;
};

static void *wait_thread(void *arg)
{
	struct waiting *w = arg;

	w->rc = card_ioctl(w->fd, COFFER_IOC_EXEC, &w->exec);
	return NULL;
}

TEST_F(fault, cancel_ends_a_command_of_its_own_descriptor_only)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 42 };
	struct waiting w = {
		.fd = self->fd,
		.exec = {
			.size = sizeof(w.exec),
			.opcode = COFFER_CMD_ECHO,
			.cookie = 42,
		},
	};
	int other = card_open(O_RDWR);
	pthread_t thread;

	ASSERT_LE(0, other);
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(0, pthread_create(&thread, NULL, wait_thread, &w));
	usleep(300000);
	EXPECT_EQ(-ENOENT, card_ioctl(other, COFFER_IOC_CANCEL, &cancel));
	cancel.cookie = 43;
	EXPECT_EQ(-ENOENT, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	cancel.cookie = 42;
	EXPECT_EQ(0, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, w.rc);	/* a verdict: done, or cancelled */
	EXPECT_TRUE(w.exec.verdict == COFFER_ST_OK || w.exec.verdict == COFFER_ST_CANCEL);
	EXPECT_EQ(-ENOENT, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	close(other);
}

TEST_HARNESS_MAIN
