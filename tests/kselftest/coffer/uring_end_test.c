// SPDX-License-Identifier: GPL-2.0-only
/* Commands by io_uring whose end comes from elsewhere, or whose caller goes away. */
#include "uring.h"
#include "kselftest_harness.h"

FIXTURE(uring)
{
	struct uring_load load;
	uint64_t resets;
};

FIXTURE_SETUP(uring)
{
	faults_clear();
	ASSERT_EQ(0, uring_open(&self->load));
	self->resets = attr_u64("reset_count");
}

FIXTURE_TEARDOWN(uring)
{
	faults_clear();
	uring_close(&self->load);
	EXPECT_TRUE(attr_is("state", "live"));
}

/* ---- Ends that come from elsewhere ------------------------------------------------------ */

/* With the card, and while it waits for a slot. */
TEST_F(uring, a_cookie_cancels)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 5 };
	unsigned int last = queue_share(self->load.fd), i;

	ASSERT_EQ(0, one_cpu(&self->load.ring));
	ASSERT_LT(last, MANY);
	self->load.exec[1].cookie = 5;
	self->load.exec[last].cookie = 6;
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(last + 1, uring_give(&self->load, self->load.fd, 0, last + 1));
	usleep(300000);
	ASSERT_EQ(0, card_ioctl(self->load.fd, COFFER_IOC_CANCEL, &cancel));
	cancel.cookie = 6;
	ASSERT_EQ(0, card_ioctl(self->load.fd, COFFER_IOC_CANCEL, &cancel));
	ASSERT_EQ(1, uring_take(&self->load, 1, 5000));	/* before the card has it: at once */
	EXPECT_EQ(0, self->load.end[last].res);
	EXPECT_EQ(COFFER_URING_RESULT((__u32)COFFER_ST_CANCEL, 0), self->load.end[last].result);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(last, uring_take(&self->load, last, 10000));
	EXPECT_LE(last - 1, uring_right(&self->load, 0, last));
	EXPECT_EQ(0, self->load.end[1].res);
	for (i = 5; i < 7; i++) {
		cancel.cookie = i;
		EXPECT_EQ(-ENOENT, card_ioctl(self->load.fd, COFFER_IOC_CANCEL, &cancel));
	}
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
}

TEST_F(uring, a_reset_takes_commands_away)
{
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(32, uring_give(&self->load, self->load.fd, 0, 32));
	ASSERT_EQ(0, attr_write("reset", "1"));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
	EXPECT_EQ(32, uring_failed(&self->load, 0, 32, -ECANCELED));
	ASSERT_EQ(32, uring_give(&self->load, self->load.fd, 0, 32));	/* as a new owner */
	ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
	EXPECT_EQ(32, uring_right(&self->load, 0, 32));
}

static void *reset_thread(void *arg)
{
	int *count = arg;

	while (*count) {
		attr_write("reset", "1");
		usleep(30000);
		--*count;
	}
	return NULL;
}

/* Whatever a reset meets, it ends once: carried out, or taken away. */
TEST_F_TIMEOUT(uring, resets_under_load_lose_no_end, 120)
{
	unsigned int i, ok = 0, away = 0, rounds = 0;
	pthread_t thread;
	int count = 10;

	ASSERT_EQ(0, pthread_create(&thread, NULL, reset_thread, &count));
	while (__atomic_load_n(&count, __ATOMIC_RELAXED)) {
		ASSERT_EQ(48, uring_give(&self->load, self->load.fd, 0, 48));
		ASSERT_EQ(48, uring_take(&self->load, 48, 30000));
		for (i = 0; i < 48; i++) {
			ok += uring_right(&self->load, i, 1);
			away += uring_failed(&self->load, i, 1, -ECANCELED);
		}
		uring_prepare(&self->load);
		rounds++;
	}
	pthread_join(thread, NULL);
	TH_LOG("%u came back, %u were taken away", ok, away);
	EXPECT_EQ(48 * rounds, ok + away);
	EXPECT_EQ(0, card_echo(self->load.fd, 10, 0));
}

TEST_F_TIMEOUT(uring, commands_time_out, 60)
{
	unsigned int i;

	for (i = 0; i < 8; i++)
		self->load.exec[i].timeout_ms = 200;
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(8, uring_give(&self->load, self->load.fd, 0, 8));
	ASSERT_EQ(8, uring_take(&self->load, 8, 10000));
	EXPECT_EQ(8, uring_failed(&self->load, 0, 8, -ETIMEDOUT));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));	/* and out of quarantine */
	ASSERT_EQ(MANY, uring_give(&self->load, self->load.fd, 0, MANY));
	ASSERT_EQ(MANY, uring_take(&self->load, MANY, 20000));
	EXPECT_EQ(MANY, uring_right(&self->load, 0, MANY));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
}

TEST_F(uring, a_reply_that_cannot_be_written_is_an_error)
{
	ASSERT_EQ(0, fault_set("fault-short-dma", "1"));
	ASSERT_EQ(1, uring_give(&self->load, self->load.fd, 0, 1));
	ASSERT_EQ(1, uring_take(&self->load, 1, 10000));
	EXPECT_EQ(1, uring_failed(&self->load, 0, 1, -EIO));
}

/* ---- Those who go away ------------------------------------------------------------------ */

/* In a child: give 32 commands to a card that holds them back, tell, and wait to be killed. */
static void child_with_thirty_two(struct uring_load *load, int tell)
{
	struct ring ring;
	int fd = card_open(O_RDWR);

	if (fd < 0 || card_echo_ms(fd, 1, 0) || ring_open(&ring, 64, RING_KIND))
		_exit(1);
	ring_close(&load->ring);
	load->ring = ring;
	if (fault_set("fault-stall", "true") || uring_give(load, fd, 0, 32) != 32)
		_exit(1);
	if (write(tell, "!", 1) != 1)
		_exit(1);
	pause();
	_exit(0);
}

TEST_F(uring, leaves_nothing_behind_when_its_process_is_killed)
{
	int tell[2], status;
	double begin;
	pid_t child;
	char byte;

	ASSERT_EQ(0, pipe(tell));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		child_with_thirty_two(&self->load, tell[1]);
	close(tell[1]);
	ASSERT_EQ(1, read(tell[0], &byte, 1));
	begin = seconds();
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_GT(3, seconds() - begin);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(MANY, uring_give(&self->load, self->load.fd, 0, MANY));
	ASSERT_EQ(MANY, uring_take(&self->load, MANY, 20000));
	EXPECT_EQ(MANY, uring_right(&self->load, 0, MANY));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	close(tell[0]);
}

TEST_F(uring, a_ring_may_be_closed_with_commands_out)
{
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(32, uring_give(&self->load, self->load.fd, 0, 32));
	ring_close(&self->load.ring);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(0, ring_open(&self->load.ring, MANY, RING_KIND));
	uring_prepare(&self->load);
	ASSERT_EQ(MANY, uring_give(&self->load, self->load.fd, 0, MANY));
	ASSERT_EQ(MANY, uring_take(&self->load, MANY, 20000));
	EXPECT_EQ(MANY, uring_right(&self->load, 0, MANY));
}

TEST_F(uring, a_descriptor_may_be_closed_with_commands_out)
{
	int fd = card_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, card_echo(fd, 1, 0));
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(32, uring_give(&self->load, fd, 0, 32));
	close(fd);
	EXPECT_EQ(0, uring_take(&self->load, 1, 200));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
	EXPECT_EQ(32, uring_right(&self->load, 0, 32));
}

/* With commands at the card, and others that wait for a slot. */
TEST_F_TIMEOUT(uring, a_card_may_be_taken_away_with_commands_out, 60)
{
	char name[64];
	int fd;

	ASSERT_EQ(0, one_cpu(&self->load.ring));
	ASSERT_EQ(0, pci_name(name, sizeof(name)));
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(100, uring_give(&self->load, self->load.fd, 0, 100));
	EXPECT_EQ(0, file_write("/sys/bus/pci/drivers/coffer/unbind", name));
	EXPECT_EQ(100, uring_take(&self->load, 100, 10000));
	EXPECT_EQ(100, uring_failed(&self->load, 0, 100, -ENODEV));
	EXPECT_EQ(1, uring_give(&self->load, self->load.fd, 0, 1));
	EXPECT_EQ(1, uring_take(&self->load, 1, 5000));
	EXPECT_EQ(1, uring_failed(&self->load, 0, 1, -ENODEV));
	faults_clear();
	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/coffer/bind", name));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	ASSERT_EQ(32, uring_give(&self->load, fd, 0, 32));
	ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
	EXPECT_EQ(32, uring_right(&self->load, 0, 32));
	close(fd);
}

TEST_HARNESS_MAIN
