// SPDX-License-Identifier: GPL-2.0-only
/* BATCH: many commands in one call, each with an answer of its own. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define LEN 600
#define POISON 0x5a

struct batch_load {
	int fd;
	struct coffer_batch batch;
	struct coffer_batch_entry entry[COFFER_BATCH_MAX + 1];
	unsigned char req[COFFER_BATCH_MAX + 1][LEN];
	unsigned char reply[COFFER_BATCH_MAX + 1][LEN];
};

FIXTURE(batch)
{
	struct batch_load load;
};

/* Echoes that have not been answered. */
static void prepare(struct batch_load *load)
{
	unsigned int i;

	memset(&load->batch, 0, sizeof(load->batch));
	memset(load->entry, 0, sizeof(load->entry));
	memset(load->reply, POISON, sizeof(load->reply));
	load->batch.size = sizeof(load->batch);
	load->batch.entries = (uintptr_t)load->entry;
	load->batch.entry_size = sizeof(load->entry[0]);
	load->batch.count = 32;
	for (i = 0; i < COUNT(load->entry); i++) {
		struct coffer_exec *exec = &load->entry[i].exec;

		card_fill(load->req[i], LEN, i);
		load->entry[i].error = POISON;
		exec->size = sizeof(*exec);
		exec->opcode = COFFER_CMD_ECHO;
		exec->req = (uintptr_t)load->req[i];
		exec->req_len = LEN - i;
		exec->reply = (uintptr_t)load->reply[i];
		exec->reply_len = LEN;
		exec->verdict = 0xdeadbeef;
	}
}

FIXTURE_SETUP(batch)
{
	faults_clear();
	self->load.fd = card_open(O_RDWR);
	ASSERT_LE(0, self->load.fd);
	ASSERT_EQ(0, card_echo(self->load.fd, 10, 0));
	prepare(&self->load);
}

FIXTURE_TEARDOWN(batch)
{
	faults_clear();
	close(self->load.fd);
}

static int run(struct batch_load *load)
{
	return card_ioctl(load->fd, COFFER_IOC_BATCH, &load->batch);
}

/* Entries that came back as an echo should, out of the first `count`. */
static unsigned int right(const struct batch_load *load, unsigned int count)
{
	unsigned int i, found = 0;

	for (i = 0; i < count; i++) {
		const struct coffer_exec *exec = &load->entry[i].exec;

		found += !load->entry[i].error && !exec->verdict &&
			 exec->reply_len == LEN - i &&
			 !memcmp(load->req[i], load->reply[i], LEN - i) &&
			 (!i || load->reply[i][LEN - i] == POISON);
	}
	return found;
}

/* Entries that nobody has touched, from `first` on. */
static unsigned int untouched(const struct batch_load *load, unsigned int first)
{
	unsigned int i, found = 0;

	for (i = first; i < COUNT(load->entry); i++)
		found += load->entry[i].error == POISON && load->reply[i][0] == POISON &&
			 load->entry[i].exec.verdict == 0xdeadbeef;
	return found;
}

TEST_F(batch, brings_back_every_answer)
{
	ASSERT_EQ(0, run(&self->load));
	EXPECT_EQ(32, self->load.batch.done);
	EXPECT_EQ(32, right(&self->load, 32));
	EXPECT_EQ(COUNT(self->load.entry) - 32, untouched(&self->load, 32));
}

TEST_F(batch, of_none_and_of_one)
{
	self->load.batch.count = 0;
	self->load.batch.entries = 0;
	self->load.batch.done = 7;
	EXPECT_EQ(0, run(&self->load));
	EXPECT_EQ(0, self->load.batch.done);
	self->load.batch.entries = (uintptr_t)self->load.entry;
	self->load.batch.count = 1;
	EXPECT_EQ(0, run(&self->load));
	EXPECT_EQ(1, self->load.batch.done);
	EXPECT_EQ(1, right(&self->load, 1));
}

TEST_F(batch, may_be_larger_than_the_share_of_its_descriptor)
{
	struct coffer_query query = { .size = sizeof(query) };

	ASSERT_EQ(0, card_ioctl(self->load.fd, COFFER_IOC_QUERY, &query));
	ASSERT_GT(COFFER_BATCH_MAX, query.queue_entries / 2);
	self->load.batch.count = COFFER_BATCH_MAX;
	ASSERT_EQ(0, run(&self->load));
	EXPECT_EQ(COFFER_BATCH_MAX, self->load.batch.done);
	EXPECT_EQ(COFFER_BATCH_MAX, right(&self->load, COFFER_BATCH_MAX));
	self->load.batch.count++;
	EXPECT_EQ(-EINVAL, run(&self->load));
}

TEST_F(batch, gives_each_entry_its_own_errno_and_verdict)
{
	static const struct {
		unsigned int at;
		int error;
	} bad[] = {
		{ 1, -EOPNOTSUPP }, { 2, -EPERM }, { 3, -EINVAL }, { 4, -EINVAL }, { 5, -EFAULT },
		{ 6, -E2BIG }, { 7, -EINVAL }, { 8, -EINVAL }, { 9, -EFAULT },
	};
	unsigned int i, good = 0;

	self->load.entry[1].exec.opcode = 0x7777;
	self->load.entry[2].exec.opcode = COFFER_CMD_OWNER_OPEN;
	self->load.entry[2].exec.req_len = 8;
	self->load.entry[3].exec.flags = 1;
	self->load.entry[4].exec.req_len = COFFER_CMD_MAX_PAYLOAD + 1;
	self->load.entry[5].exec.req = 0;
	self->load.entry[6].exec.size = sizeof(struct coffer_exec) + 8;	/* no room for that */
	self->load.entry[7].exec.size = 8;
	self->load.entry[8].reserved = 1;
	self->load.entry[9].exec.reply = 0;		/* learnt when it has been carried out */
	self->load.entry[10].exec.reply_len = 3;	/* a verdict: it does not fit */
	self->load.batch.count = 12;
	ASSERT_EQ(0, run(&self->load));
	EXPECT_EQ(12, self->load.batch.done);
	for (i = 0; i < COUNT(bad); i++)
		EXPECT_EQ(bad[i].error, self->load.entry[bad[i].at].error)
			TH_LOG("entry %u", bad[i].at);
	EXPECT_EQ(0, self->load.entry[10].error);
	EXPECT_NE(0, self->load.entry[10].exec.verdict);
	good = right(&self->load, 12);
	EXPECT_EQ(2, good);	/* 0 and 11 */
}

TEST_F(batch, refuses_what_it_does_not_know)
{
	struct coffer_batch good = self->load.batch;
	uint64_t commands = attr_u64("commands");

	self->load.batch.flags = 1;
	EXPECT_EQ(-EINVAL, run(&self->load));
	self->load.batch = good;
	self->load.batch.reserved = 1;
	EXPECT_EQ(-EINVAL, run(&self->load));
	self->load.batch = good;
	self->load.batch.entry_size -= 8;
	EXPECT_EQ(-EINVAL, run(&self->load));
	self->load.batch.entry_size = sizeof(self->load.entry[0]) + 4;
	EXPECT_EQ(-EINVAL, run(&self->load));
	self->load.batch.entry_size = 0x80000000;
	EXPECT_EQ(-EINVAL, run(&self->load));
	self->load.batch = good;
	self->load.batch.count = 0xffffffff;
	EXPECT_EQ(-EINVAL, run(&self->load));
	self->load.batch = good;
	self->load.batch.size--;
	EXPECT_EQ(-EINVAL, run(&self->load));
	EXPECT_EQ(commands, attr_u64("commands"));
	EXPECT_EQ(COUNT(self->load.entry), untouched(&self->load, 0));
}

TEST_F(batch, carries_out_nothing_when_its_entries_cannot_be_written)
{
	size_t size = 8192;
	unsigned char *two = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				  -1, 0);
	uint64_t commands = attr_u64("commands");

	ASSERT_NE(MAP_FAILED, (void *)two);
	self->load.batch.entries = 0;
	EXPECT_EQ(-EFAULT, run(&self->load));
	self->load.batch.entries = 0xffff888000000000ull;	/* the kernel's */
	EXPECT_EQ(-EFAULT, run(&self->load));
	memcpy(two, self->load.entry, 32 * sizeof(self->load.entry[0]));
	self->load.batch.entries = (uintptr_t)two;
	ASSERT_EQ(0, mprotect(two, size, PROT_READ));
	EXPECT_EQ(-EFAULT, run(&self->load));
	ASSERT_EQ(0, mprotect(two, size, PROT_READ | PROT_WRITE));
	self->load.batch.entries = (uintptr_t)two + 4096 - 20 * sizeof(self->load.entry[0]) - 8;
	ASSERT_EQ(0, mprotect(two + 4096, 4096, PROT_NONE));	/* the last ones are not there */
	EXPECT_EQ(-EFAULT, run(&self->load));
	EXPECT_EQ(commands, attr_u64("commands"));
	munmap(two, size);
}

TEST_F(batch, takes_entries_of_a_later_contract)
{
	static struct {
		struct coffer_batch_entry entry;
		unsigned char tail[8];
	} longer[2];

	longer[0].entry = self->load.entry[0];
	longer[0].entry.exec.size = sizeof(struct coffer_exec) + 8;
	longer[1].entry = self->load.entry[1];
	longer[1].entry.exec.size = sizeof(struct coffer_exec) + 8;
	longer[1].tail[7] = 1;
	self->load.batch.entries = (uintptr_t)longer;
	self->load.batch.entry_size = sizeof(longer[0]);
	self->load.batch.count = 2;
	ASSERT_EQ(0, run(&self->load));
	EXPECT_EQ(2, self->load.batch.done);
	EXPECT_EQ(0, longer[0].entry.error);
	EXPECT_EQ(LEN, longer[0].entry.exec.reply_len);
	EXPECT_EQ(sizeof(struct coffer_exec), longer[0].entry.exec.size);
	EXPECT_EQ(-E2BIG, longer[1].entry.error);
}

TEST_F(batch, of_a_reader_reads_only)
{
	int fd = card_open(O_RDONLY);

	ASSERT_LE(0, fd);
	close(self->load.fd);
	self->load.fd = fd;
	self->load.entry[1].exec.opcode = COFFER_CMD_LOGIN;
	self->load.batch.count = 2;
	ASSERT_EQ(0, run(&self->load));
	EXPECT_EQ(0, self->load.entry[0].error);
	EXPECT_EQ(-EPERM, self->load.entry[1].error);
}

/* ---- In a thread or process of its own, with a card that holds everything back ---------- */

struct running {
	struct batch_load *load;
	int rc;
	bool over;
};

static void *run_thread(void *arg)
{
	struct running *r = arg;

	r->rc = run(r->load);
	__atomic_store_n(&r->over, true, __ATOMIC_RELEASE);
	return NULL;
}

static int start(struct running *r, struct batch_load *load, pthread_t *thread)
{
	r->load = load;
	r->over = false;
	if (pthread_create(thread, NULL, run_thread, r))
		return -1;
	usleep(300000);
	return 0;
}

TEST_F(batch, entries_are_cancelled_by_their_cookies)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 77 };
	struct running r;
	pthread_t thread;

	self->load.entry[3].exec.cookie = 77;
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(0, start(&r, &self->load, &thread));
	EXPECT_EQ(0, card_ioctl(self->load.fd, COFFER_IOC_CANCEL, &cancel));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r.rc);
	EXPECT_EQ(32, self->load.batch.done);
	EXPECT_EQ(0, self->load.entry[3].error);
	EXPECT_LE(31, right(&self->load, 32));
	EXPECT_EQ(-ENOENT, card_ioctl(self->load.fd, COFFER_IOC_CANCEL, &cancel));
}

TEST_F(batch, is_ended_by_a_reset)
{
	struct running r;
	pthread_t thread;
	unsigned int i;

	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(0, start(&r, &self->load, &thread));
	ASSERT_EQ(0, attr_write("reset", "1"));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r.rc);
	EXPECT_EQ(32, self->load.batch.done);
	for (i = 0; i < 32; i++)
		EXPECT_EQ(-ECANCELED, self->load.entry[i].error);
	ASSERT_EQ(0, run(&self->load));
	EXPECT_EQ(32, right(&self->load, 32));
}

TEST_F_TIMEOUT(batch, entries_time_out_by_themselves, 60)
{
	uint64_t resets = attr_u64("reset_count");
	struct running r;
	pthread_t thread;
	unsigned int i;

	for (i = 0; i < 8; i++)
		self->load.entry[i].exec.timeout_ms = 200;
	self->load.batch.count = 8;
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(0, start(&r, &self->load, &thread));
	pthread_join(thread, NULL);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	EXPECT_EQ(0, r.rc);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(-ETIMEDOUT, self->load.entry[i].error);
	EXPECT_EQ(0, card_echo(self->load.fd, 500, 1));	/* late completions do no harm */
	EXPECT_EQ(resets, attr_u64("reset_count"));
}

static void ignore_signal(int number)
{
	(void)number;
}

TEST_F(batch, stops_between_waves_when_a_signal_comes)
{
	struct sigaction action = { .sa_handler = ignore_signal };
	struct running r;
	pthread_t thread;

	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	self->load.batch.count = COFFER_BATCH_MAX;
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(0, start(&r, &self->load, &thread));
	ASSERT_EQ(0, pthread_kill(thread, SIGUSR1));
	usleep(200000);
	EXPECT_FALSE(__atomic_load_n(&r.over, __ATOMIC_ACQUIRE));	/* the card has a wave */
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	pthread_join(thread, NULL);
	EXPECT_EQ(0, r.rc);
	EXPECT_LT(0, self->load.batch.done);
	EXPECT_GT(COFFER_BATCH_MAX, self->load.batch.done);
	EXPECT_EQ(COUNT(self->load.entry) - self->load.batch.done,
		  untouched(&self->load, self->load.batch.done));
}

TEST_F(batch, leaves_nothing_behind_when_its_caller_is_killed)
{
	uint64_t resets = attr_u64("reset_count");
	pid_t child;
	int status;

	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(run(&self->load) ? 1 : 0);
	usleep(300000);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));	/* although the card still has them all */
	EXPECT_TRUE(WIFSIGNALED(status));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	self->load.batch.count = COFFER_BATCH_MAX;
	EXPECT_EQ(0, run(&self->load));
	EXPECT_EQ(COFFER_BATCH_MAX, right(&self->load, COFFER_BATCH_MAX));
	EXPECT_EQ(resets, attr_u64("reset_count"));
}

/* Two batches of one descriptor share one share, and neither waits for what the other holds. */
TEST_F_TIMEOUT(batch, two_at_once_do_not_block_each_other, 60)
{
	static struct batch_load other;
	struct running one, two;
	pthread_t threads[2];
	unsigned int i, round;

	memcpy(&other, &self->load, sizeof(other));
	other.batch.entries = (uintptr_t)other.entry;
	for (i = 0; i < COUNT(other.entry); i++) {
		other.entry[i].exec.req = (uintptr_t)other.req[i];
		other.entry[i].exec.reply = (uintptr_t)other.reply[i];
	}
	self->load.batch.count = COFFER_BATCH_MAX;
	other.batch.count = COFFER_BATCH_MAX;
	for (round = 0; round < 5; round++) {
		one.load = &self->load;
		two.load = &other;
		ASSERT_EQ(0, pthread_create(&threads[0], NULL, run_thread, &one));
		ASSERT_EQ(0, pthread_create(&threads[1], NULL, run_thread, &two));
		pthread_join(threads[0], NULL);
		pthread_join(threads[1], NULL);
		EXPECT_EQ(0, one.rc);
		EXPECT_EQ(0, two.rc);
		EXPECT_EQ(COFFER_BATCH_MAX, right(&self->load, COFFER_BATCH_MAX));
		EXPECT_EQ(COFFER_BATCH_MAX, right(&other, COFFER_BATCH_MAX));
	}
}

TEST_HARNESS_MAIN
