// SPDX-License-Identifier: GPL-2.0-only
/* Commands by io_uring: the same rules as EXEC, and nobody waits. */
#include <sys/syscall.h>

#include "uring.h"
#include "kselftest_harness.h"

FIXTURE(uring)
{
	struct uring_load load;
};

FIXTURE_SETUP(uring)
{
	faults_clear();
	ASSERT_EQ(0, uring_open(&self->load));
}

FIXTURE_TEARDOWN(uring)
{
	faults_clear();
	uring_close(&self->load);
	EXPECT_TRUE(attr_is("state", "live"));
}

/* ---- Answers and refusals --------------------------------------------------------------- */

TEST_F(uring, brings_back_thirty_two_at_a_time)
{
	unsigned int round;

	for (round = 0; round < 10; round++) {
		ASSERT_EQ(32, uring_give(&self->load, self->load.fd, 0, 32));
		ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
		EXPECT_EQ(32, uring_right(&self->load, 0, 32));
		uring_prepare(&self->load);
	}
}

TEST_F(uring, brings_back_every_size)
{
	static const __u32 sizes[] = { 0, 1, 4095, 4096, 4097, 12289, 65535, 65536 };
	static unsigned char big[65536], back[65536];
	struct coffer_exec exec = self->load.exec[0];
	struct ring_end end;
	size_t i;

	card_fill(big, sizeof(big), 4);
	exec.req = (uintptr_t)big;
	exec.reply = (uintptr_t)back;
	for (i = 0; i < COUNT(sizes); i++) {
		exec.req_len = sizes[i];
		exec.reply_len = sizes[i];
		memset(back, 0, sizeof(back));
		ASSERT_EQ(0, ring_exec(&self->load.ring, self->load.fd, &exec, &end));
		EXPECT_EQ(COFFER_URING_RESULT(0, sizes[i]), end.result);
		EXPECT_EQ(0, memcmp(big, back, sizes[i]));
	}
}

TEST_F(uring, a_verdict_is_no_errno)
{
	struct ring_end end;

	self->load.exec[0].reply_len = 3;
	ASSERT_EQ(0, ring_exec(&self->load.ring, self->load.fd, &self->load.exec[0], &end));
	EXPECT_NE(0, COFFER_URING_VERDICT(end.result));
	EXPECT_GE(3, COFFER_URING_REPLY_LEN(end.result));
	EXPECT_EQ(0, end.zero);
	EXPECT_EQ(POISON, self->load.reply[0][3]);
}

/* Request memory is the caller's again when the submission returns. */
TEST_F(uring, reads_the_request_once_and_at_once)
{
	unsigned int i;

	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(32, uring_give(&self->load, self->load.fd, 0, 32));
	for (i = 0; i < 32; i++)
		memset(self->load.req[i], 0xee, LEN);
	memset(self->load.ring.entries, 0xff, self->load.ring.entries_size);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
	for (i = 0; i < 32; i++)
		card_fill(self->load.req[i], LEN, i);
	EXPECT_EQ(32, uring_right(&self->load, 0, 32));
}

TEST_F(uring, refuses_rings_of_another_kind)
{
	static const unsigned int kinds[] = {
		0, IORING_SETUP_SQE128, IORING_SETUP_CQE32, RING_KIND | IORING_SETUP_IOPOLL,
	};
	struct ring_end end;
	struct ring ring;
	size_t i;

	for (i = 0; i < COUNT(kinds); i++) {
		ASSERT_EQ(0, ring_open(&ring, 8, kinds[i]));
		EXPECT_EQ(-EOPNOTSUPP, ring_exec(&ring, self->load.fd, &self->load.exec[0], &end))
			TH_LOG("kind %x", kinds[i]);
		ring_close(&ring);
	}
}

TEST_F(uring, works_with_rings_of_every_other_kind)
{
	static const unsigned int kinds[] = {
		IORING_SETUP_SQPOLL, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SINGLE_ISSUER,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
	};
	struct ring_end end;
	size_t i;

	for (i = 0; i < COUNT(kinds); i++) {
		struct ring ring;

		ASSERT_EQ(0, ring_open(&ring, 8, RING_KIND | kinds[i]));
		EXPECT_EQ(0, ring_exec(&ring, self->load.fd, &self->load.exec[0], &end))
			TH_LOG("kind %x", kinds[i]);
		EXPECT_EQ(COFFER_URING_RESULT(0, LEN), end.result);
		ring_close(&ring);
	}
}

TEST_F(uring, knows_only_exec)
{
	static const __u32 ops[] = {
		0, 1, COFFER_IOC_QUERY, COFFER_IOC_EVENTS, COFFER_IOC_CANCEL, COFFER_IOC_BATCH,
		_IO(COFFER_IOC_MAGIC, 0x40), 0xffffffff,
	};
	struct io_uring_sqe *sqe;
	struct ring_end end;
	size_t i;

	for (i = 0; i < COUNT(ops); i++) {
		sqe = ring_entry(&self->load.ring, self->load.fd, &self->load.exec[0], 1);
		sqe->cmd_op = ops[i];
		ASSERT_EQ(1, ring_submit(&self->load.ring));
		ASSERT_EQ(0, ring_end(&self->load.ring, &end, 5000));
		EXPECT_EQ(-ENOTTY, end.res);
		EXPECT_EQ(0, end.result);
	}
}

TEST_F(uring, has_no_fixed_buffers)
{
	struct iovec memory = { self->load.req, sizeof(self->load.req) };
	struct io_uring_sqe *sqe;
	struct ring_end end;

	ASSERT_EQ(0, syscall(__NR_io_uring_register, self->load.ring.fd, IORING_REGISTER_BUFFERS,
			     &memory, 1));
	sqe = ring_entry(&self->load.ring, self->load.fd, &self->load.exec[0], 1);
	sqe->rw_flags = 1;	/* IORING_URING_CMD_FIXED */
	ASSERT_EQ(1, ring_submit(&self->load.ring));
	ASSERT_EQ(0, ring_end(&self->load.ring, &end, 5000));
	EXPECT_EQ(-EINVAL, end.res);
}

/* Change one field of a good command; what EXEC says is what io_uring says. */
TEST_F(uring, refuses_what_exec_refuses)
{
	static const struct {
		const char *what;
		size_t at;
		size_t len;
		__u64 value;
		int error;
	} bad[] = {
#define BAD(field, number, error) { #field " = " #number, offsetof(struct coffer_exec, field), \
		sizeof(((struct coffer_exec *)0)->field), number, error }
		BAD(size, 0, -EINVAL),
		BAD(size, offsetof(struct coffer_exec, verdict), -EINVAL),
		BAD(opcode, 0, -EOPNOTSUPP),
		BAD(opcode, 0xffff, -EOPNOTSUPP),
		BAD(opcode, COFFER_CMD_OWNER_OPEN, -EPERM),
		BAD(opcode, COFFER_CMD_OWNER_CLOSE, -EPERM),
		BAD(opcode, COFFER_CMD_IDENTIFY, -EINVAL),	/* takes no request */
		BAD(flags, 1, -EINVAL),
		BAD(flags, 0x8000, -EINVAL),
		BAD(req_len, COFFER_CMD_MAX_PAYLOAD + 1, -EINVAL),
		BAD(req_len, 0xffffffff, -EINVAL),
		BAD(reply_len, COFFER_CMD_MAX_PAYLOAD + 1, -EINVAL),
		BAD(req, 0, -EFAULT),
		BAD(req, 0xffff888000000000ull, -EFAULT),
		BAD(reply, 0, -EFAULT),
		BAD(reply, 0xffff888000000000ull, -EFAULT),
#undef BAD
	};
	struct ring_end end;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		struct coffer_exec one = self->load.exec[0], two;

		memcpy((char *)&one + bad[i].at, &bad[i].value, bad[i].len);
		two = one;
		EXPECT_EQ(bad[i].error, card_ioctl(self->load.fd, COFFER_IOC_EXEC, &one))
			TH_LOG("%s", bad[i].what);
		EXPECT_EQ(bad[i].error, ring_exec(&self->load.ring, self->load.fd, &two, &end))
			TH_LOG("%s", bad[i].what);
		EXPECT_EQ(0, end.result);
		EXPECT_EQ(0, end.zero);
	}
	ASSERT_EQ(0, ring_exec(&self->load.ring, self->load.fd, &self->load.exec[0], &end));
}

TEST_F(uring, takes_structs_of_other_sizes)
{
	struct coffer_exec exec = self->load.exec[0];
	struct io_uring_sqe *sqe;
	struct ring_end end;

	exec.size = offsetof(struct coffer_exec, cookie);
	exec.cookie = 99;	/* not looked at */
	EXPECT_EQ(0, ring_exec(&self->load.ring, self->load.fd, &exec, &end));
	exec.size = 80;
	EXPECT_EQ(0, ring_exec(&self->load.ring, self->load.fd, &exec, &end));
	exec.size = 81;
	EXPECT_EQ(-E2BIG, ring_exec(&self->load.ring, self->load.fd, &exec, &end));
	exec.size = 80;
	sqe = ring_entry(&self->load.ring, self->load.fd, &exec, 1);
	sqe->cmd[79] = 1;
	ASSERT_EQ(1, ring_submit(&self->load.ring));
	ASSERT_EQ(0, ring_end(&self->load.ring, &end, 5000));
	EXPECT_EQ(-E2BIG, end.res);
}

TEST_F(uring, lets_a_reader_read_only)
{
	int fd = card_open(O_RDONLY);
	struct ring_end end;

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ring_exec(&self->load.ring, fd, &self->load.exec[0], &end));
	self->load.exec[0].opcode = COFFER_CMD_LOGIN;
	EXPECT_EQ(-EPERM, ring_exec(&self->load.ring, fd, &self->load.exec[0], &end));
	close(fd);
}

/* ---- Who has to wait -------------------------------------------------------------------- */

TEST_F(uring, opens_the_owner_of_a_new_descriptor)
{
	static const int modes[] = { O_RDWR, O_RDWR | O_NONBLOCK };
	struct ring_end end;
	size_t i;

	for (i = 0; i < COUNT(modes); i++) {
		int fd = card_open(modes[i]);

		ASSERT_LE(0, fd);
		EXPECT_EQ(0, ring_exec(&self->load.ring, fd, &self->load.exec[0], &end));
		EXPECT_EQ(COFFER_URING_RESULT(0, LEN), end.result);
		close(fd);
		fd = card_open(modes[i]);
		ASSERT_EQ(32, uring_give(&self->load, fd, 0, 32));	/* all of them want it */
		ASSERT_EQ(32, uring_take(&self->load, 32, 10000));
		EXPECT_EQ(32, uring_right(&self->load, 0, 32));
		close(fd);
		uring_prepare(&self->load);
	}
}

TEST_F(uring, works_in_a_worker)
{
	unsigned int i;

	for (i = 0; i < 16; i++)
		ring_entry(&self->load.ring, self->load.fd, &self->load.exec[i],
			   i)->flags = IOSQE_ASYNC;
	ASSERT_EQ(16, ring_submit(&self->load.ring));
	ASSERT_EQ(16, uring_take(&self->load, 16, 10000));
	EXPECT_EQ(16, uring_right(&self->load, 0, 16));
}

TEST_F_TIMEOUT(uring, more_than_the_share_wait_for_their_turn, 60)
{
	ASSERT_EQ(0, one_cpu(&self->load.ring));
	ASSERT_LT(queue_share(self->load.fd), MANY - 56);
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(MANY - 56, uring_give(&self->load, self->load.fd, 0, MANY - 56));
	EXPECT_EQ(0, uring_take(&self->load, 1, 300));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(MANY - 56, uring_take(&self->load, MANY - 56, 20000));
	EXPECT_EQ(MANY - 56, uring_right(&self->load, 0, MANY - 56));
}

TEST_F(uring, more_than_the_share_are_refused_without_blocking)
{
	int fd = card_open(O_RDWR | O_NONBLOCK);
	unsigned int most = queue_share(self->load.fd);
	struct ring_end end;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, one_cpu(&self->load.ring));
	ASSERT_LT(most, 100);
	ASSERT_EQ(0, ring_exec(&self->load.ring, fd, &self->load.exec[0], &end));
	uring_prepare(&self->load);
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(100, uring_give(&self->load, fd, 0, 100));
	EXPECT_EQ(100 - most, uring_take(&self->load, 100, 300));
	EXPECT_EQ(100 - most, uring_failed(&self->load, most, 100 - most, -EBUSY));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	EXPECT_EQ(most, uring_take(&self->load, most, 10000));
	EXPECT_EQ(most, uring_right(&self->load, 0, most));
	close(fd);
}

struct other {
	int fd;
	int rc;
	struct coffer_batch batch;
	struct coffer_batch_entry entry[64];
};

static void *batch_thread(void *arg)
{
	struct other *other = arg;
	unsigned int i;

	other->batch.size = sizeof(other->batch);
	other->batch.entries = (uintptr_t)other->entry;
	other->batch.entry_size = sizeof(other->entry[0]);
	other->batch.count = COUNT(other->entry);
	for (i = 0; i < COUNT(other->entry); i++) {
		other->entry[i].exec.size = sizeof(other->entry[i].exec);
		other->entry[i].exec.opcode = COFFER_CMD_ECHO;
	}
	other->rc = one_cpu(NULL) ?: card_ioctl(other->fd, COFFER_IOC_BATCH, &other->batch);
	return NULL;
}

/* One share for whatever way commands take: io_uring, a batch, EXEC. */
TEST_F(uring, shares_the_share_with_batch_and_exec)
{
	static struct other other;
	unsigned int most = queue_share(self->load.fd), i;
	pthread_t thread;

	other.fd = card_open(O_RDWR | O_NONBLOCK);
	ASSERT_LE(0, other.fd);
	ASSERT_EQ(0, one_cpu(&self->load.ring));
	ASSERT_LT(most, 64 + 30);
	ASSERT_EQ(0, card_echo(other.fd, 10, 0));
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(30, uring_give(&self->load, other.fd, 0, 30));
	ASSERT_EQ(0, pthread_create(&thread, NULL, batch_thread, &other));
	usleep(300000);
	EXPECT_EQ(-EBUSY, card_echo(other.fd, 10, 0));
	EXPECT_EQ(1, uring_give(&self->load, other.fd, 30, 1));
	EXPECT_EQ(1, uring_take(&self->load, 1, 5000));
	EXPECT_EQ(1, uring_failed(&self->load, 30, 1, -EBUSY));
	EXPECT_EQ(1, uring_give(&self->load, self->load.fd, 31, 1));	/* its own share */
	EXPECT_EQ(0, uring_take(&self->load, 1, 200));
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	pthread_join(thread, NULL);
	EXPECT_EQ(31, uring_take(&self->load, 31, 10000));
	EXPECT_EQ(30, uring_right(&self->load, 0, 30));
	EXPECT_EQ(1, uring_right(&self->load, 31, 1));
	EXPECT_EQ(0, other.rc);
	EXPECT_EQ(64, other.batch.done);
	for (i = 0; i < 64; i++)	/* it had a place in the share: it goes on by itself */
		EXPECT_EQ(0, other.entry[i].error);
	close(other.fd);
}

TEST_HARNESS_MAIN
