// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every byte that the kernel hands out is meant: none is what happened to lie on its stack or in
 * user memory before. Each call is made twice, over other patterns in both; a byte that differs
 * is nobody's.
 */
#include <sys/select.h>
#include <sys/uio.h>

#include "uring.h"
#include "kselftest_harness.h"

static const unsigned char patterns[2] = { 0xa5, 0x3c };

FIXTURE(defined)
{
	int fd;
};

FIXTURE_SETUP(defined)
{
	faults_clear();
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
}

FIXTURE_TEARDOWN(defined)
{
	close(self->fd);
}

/* Calls that keep what they are given on the kernel's stack: a few hundred bytes of it. */
static void stack_fill(int fd, unsigned char pattern)
{
	struct timeval now = { 0, 0 };
	unsigned char sets[3][128];
	struct pollfd polls[30];
	struct iovec parts[8];

	memset(sets, pattern, sizeof(sets));
	select(320, (fd_set *)sets[0], (fd_set *)sets[1], (fd_set *)sets[2], &now);
	memset(polls, pattern, sizeof(polls));
	poll(polls, COUNT(polls), 0);
	memset(parts, pattern, sizeof(parts));
	if (readv(fd, parts, COUNT(parts)) >= 0)	/* there is nothing to read: no such call */
		abort();
}

static int call(int fd, unsigned long nr, void *arg, unsigned int round)
{
	stack_fill(fd, patterns[round]);
	return card_ioctl(fd, nr, arg);
}

/* Is all of it still the pattern? */
static bool untouched(const void *bytes, size_t len, unsigned int round)
{
	const unsigned char *byte = bytes;

	while (len--)
		if (*byte++ != patterns[round])
			return false;
	return true;
}

TEST_F(defined, query)
{
	static struct {
		struct coffer_query query;
		unsigned char tail[64];
	} arg[2];
	static struct coffer_command_row rows[2][256];
	size_t i, used, name;
	unsigned int n;

	for (n = 0; n < 2; n++) {
		memset(&arg[n], patterns[n], sizeof(arg[n]));
		memset(rows[n], patterns[n], sizeof(rows[n]));
		arg[n].query.size = sizeof(arg[n].query);
		arg[n].query.flags = 0;
		arg[n].query.reserved = 0;
		arg[n].query.command_count = COUNT(rows[n]) - 1;
		arg[n].query.commands = (uintptr_t)rows[n];
		ASSERT_EQ(0, call(self->fd, COFFER_IOC_QUERY, &arg[n], n));
		arg[n].query.commands = 0;
		EXPECT_TRUE(untouched(arg[n].tail, sizeof(arg[n].tail), n));
		EXPECT_EQ(0, arg[n].query.reserved);
		used = arg[n].query.command_count;
		ASSERT_GT(COUNT(rows[n]), used);
		EXPECT_TRUE(untouched(&rows[n][used], (COUNT(rows[n]) - used) * sizeof(rows[n][0]),
				      n));
	}
	EXPECT_EQ(0, memcmp(&arg[0].query, &arg[1].query, sizeof(arg[0].query)));
	EXPECT_EQ(0, memcmp(rows[0], rows[1], used * sizeof(rows[0][0])));
	for (i = 0; i < used; i++) {
		EXPECT_EQ(0, rows[0][i].reserved);
		for (name = strnlen(rows[0][i].name, 24); name < 24; name++)
			EXPECT_EQ(0, rows[0][i].name[name]);
		EXPECT_EQ(0, rows[0][i].name[23]);
	}
}

TEST_F(defined, query_of_every_size)
{
	unsigned char arg[2][96];
	__u32 size, n;

	for (size = 8; size <= sizeof(struct coffer_query); size++) {
		for (n = 0; n < 2; n++) {
			struct coffer_query *query = (void *)arg[n];

			memset(arg[n], patterns[n], sizeof(arg[n]));
			memset(arg[n], 0, size);
			query->size = size;
			ASSERT_EQ(0, call(self->fd, COFFER_IOC_QUERY, arg[n], n));
			EXPECT_EQ(size, query->size);
			EXPECT_TRUE(untouched(arg[n] + size, sizeof(arg[n]) - size, n));
		}
		EXPECT_EQ(0, memcmp(arg[0], arg[1], size));
	}
}

/* Of an EXEC, in an ioctl of its own or in a batch. */
static void prepare(struct coffer_exec *exec, void *reply, __u32 room, __u16 opcode)
{
	exec->size = sizeof(*exec);
	exec->opcode = opcode;
	exec->flags = 0;
	exec->req = 0;
	exec->req_len = 0;
	exec->reply = (uintptr_t)reply;
	exec->reply_len = room;
	exec->timeout_ms = 0;
	exec->cookie = 0;
}

TEST_F(defined, exec)
{
	static unsigned char reply[2][4096];
	struct {
		struct coffer_exec exec;
		unsigned char tail[64];
	} arg[2];
	unsigned int n;

	for (n = 0; n < 2; n++) {
		memset(&arg[n], patterns[n], sizeof(arg[n]));
		memset(reply[n], patterns[n], sizeof(reply[n]));
		prepare(&arg[n].exec, reply[n], sizeof(reply[n]), COFFER_CMD_IDENTIFY);
		ASSERT_EQ(0, call(self->fd, COFFER_IOC_EXEC, &arg[n], n));
		EXPECT_EQ(0, arg[n].exec.verdict);
		EXPECT_EQ(sizeof(struct coffer_card_info), arg[n].exec.reply_len);
		EXPECT_TRUE(untouched(arg[n].tail, sizeof(arg[n].tail), n));
		EXPECT_TRUE(untouched(reply[n] + arg[n].exec.reply_len,
				      sizeof(reply[n]) - arg[n].exec.reply_len, n));
		EXPECT_EQ((uintptr_t)reply[n], arg[n].exec.reply);
		arg[n].exec.reply = 0;
	}
	EXPECT_EQ(0, memcmp(&arg[0].exec, &arg[1].exec, sizeof(arg[0].exec)));
}

TEST_F(defined, exec_that_is_refused_writes_nothing)
{
	struct coffer_exec arg[2], before;
	unsigned char reply[64];
	unsigned int n;

	for (n = 0; n < 2; n++) {
		memset(&arg[n], patterns[n], sizeof(arg[n]));
		memset(reply, patterns[n], sizeof(reply));
		prepare(&arg[n], reply, sizeof(reply), COFFER_CMD_OWNER_OPEN);
		before = arg[n];
		ASSERT_EQ(-EPERM, call(self->fd, COFFER_IOC_EXEC, &arg[n], n));
		EXPECT_EQ(0, memcmp(&before, &arg[n], sizeof(before)));
		EXPECT_TRUE(untouched(reply, sizeof(reply), n));
	}
}

TEST_F(defined, batch)
{
	static struct coffer_batch_entry entry[2][4];
	static unsigned char reply[2][4][1024];
	struct coffer_batch arg[2];
	unsigned int n, i;

	for (n = 0; n < 2; n++) {
		memset(&arg[n], 0, sizeof(arg[n]));
		memset(entry[n], patterns[n], sizeof(entry[n]));
		memset(reply[n], patterns[n], sizeof(reply[n]));
		arg[n].size = sizeof(arg[n]);
		arg[n].entries = (uintptr_t)entry[n];
		arg[n].entry_size = sizeof(entry[n][0]);
		arg[n].count = 3;
		arg[n].done = patterns[n];
		for (i = 0; i < 3; i++) {
			prepare(&entry[n][i].exec, reply[n][i], sizeof(reply[n][i]),
				i == 1 ? 0x7777 : COFFER_CMD_IDENTIFY);
			entry[n][i].reserved = 0;
		}
		ASSERT_EQ(0, call(self->fd, COFFER_IOC_BATCH, &arg[n], n));
		EXPECT_EQ(3, arg[n].done);
		EXPECT_EQ(-EOPNOTSUPP, entry[n][1].error);
		EXPECT_TRUE(untouched(reply[n][1], sizeof(reply[n][1]), n));
		EXPECT_TRUE(untouched(&entry[n][3], sizeof(entry[n][3]), n));
		EXPECT_TRUE(untouched(&entry[n][1].exec.verdict, sizeof(__u32), n));
		arg[n].entries = 0;
		for (i = 0; i < 3; i += 2) {
			__u32 len = entry[n][i].exec.reply_len;

			ASSERT_EQ(sizeof(struct coffer_card_info), len);
			EXPECT_TRUE(untouched(reply[n][i] + len, sizeof(reply[n][i]) - len, n));
			entry[n][i].exec.reply = 0;
		}
	}
	EXPECT_EQ(0, memcmp(&arg[0], &arg[1], sizeof(arg[0])));
	for (i = 0; i < 3; i += 2)
		EXPECT_EQ(0, memcmp(&entry[0][i], &entry[1][i], sizeof(entry[0][i])));
}

TEST_F(defined, events)
{
	static struct coffer_event events[2][300];
	struct coffer_events arg[2];
	unsigned int n;

	ASSERT_EQ(0, attr_write("reset", "1"));	/* there is an event at least */
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	for (n = 0; n < 2; n++) {
		memset(&arg[n], 0, sizeof(arg[n]));
		memset(events[n], patterns[n], sizeof(events[n]));
		arg[n].size = sizeof(arg[n]);
		arg[n].events = (uintptr_t)events[n];
		arg[n].count = COUNT(events[n]) - 1;
		arg[n].missed = patterns[n];
		ASSERT_EQ(0, call(self->fd, COFFER_IOC_EVENTS, &arg[n], n));
		ASSERT_LT(0, arg[n].count);
		EXPECT_TRUE(untouched(&events[n][arg[n].count],
				      (COUNT(events[n]) - arg[n].count) * sizeof(events[n][0]),
				      n));
		arg[n].events = 0;
	}
	EXPECT_EQ(0, memcmp(&arg[0], &arg[1], sizeof(arg[0])));
	EXPECT_EQ(0, memcmp(events[0], events[1], arg[0].count * sizeof(events[0][0])));
}

TEST_F(defined, cancel_writes_nothing)
{
	struct coffer_cancel arg = { .size = sizeof(arg), .cookie = 3 }, before = arg;

	ASSERT_EQ(-ENOENT, call(self->fd, COFFER_IOC_CANCEL, &arg, 0));
	EXPECT_EQ(0, memcmp(&before, &arg, sizeof(arg)));
}

/* Completions: all of their 32 bytes, whatever was in that place of the ring before. */
TEST_F(defined, completions)
{
	unsigned char reply[1024];
	struct coffer_exec exec;
	struct ring_end end;
	struct ring ring;
	unsigned int i;

	ASSERT_EQ(0, ring_open(&ring, 4, RING_KIND));
	prepare(&exec, reply, sizeof(reply), COFFER_CMD_IDENTIFY);
	for (i = 0; i < 24; i++) {
		bool good = i % 3;

		memset((char *)ring.cq + ring.params.cq_off.cqes, patterns[i & 1],
		       ring.params.cq_entries * 32);
		memset(reply, patterns[i & 1], sizeof(reply));
		stack_fill(self->fd, patterns[i & 1]);
		exec.opcode = good ? COFFER_CMD_IDENTIFY : 0x7777;
		ASSERT_EQ(good ? 0 : -EOPNOTSUPP, ring_exec(&ring, self->fd, &exec, &end));
		EXPECT_EQ(good ? COFFER_URING_RESULT(0, sizeof(struct coffer_card_info)) : 0,
			  end.result);
		EXPECT_EQ(0, end.zero);
		EXPECT_TRUE(untouched(reply + COFFER_URING_REPLY_LEN(end.result),
				      sizeof(reply) - COFFER_URING_REPLY_LEN(end.result), i & 1));
	}
	ring_close(&ring);
}

TEST_HARNESS_MAIN
