// SPDX-License-Identifier: GPL-2.0-only
/* EXEC: every size, every refusal, several callers at once. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define PAGE 4096

FIXTURE(exec)
{
	int fd;
	struct coffer_exec exec;
	unsigned char req[64];
	unsigned char reply[64];
};

FIXTURE_SETUP(exec)
{
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	memset(&self->exec, 0, sizeof(self->exec));
	memset(self->reply, 0x5a, sizeof(self->reply));
	card_fill(self->req, sizeof(self->req), 7);
	self->exec.size = sizeof(self->exec);
	self->exec.opcode = COFFER_CMD_ECHO;
	self->exec.req = (uintptr_t)self->req;
	self->exec.req_len = sizeof(self->req);
	self->exec.reply = (uintptr_t)self->reply;
	self->exec.reply_len = sizeof(self->reply);
}

FIXTURE_TEARDOWN(exec)
{
	close(self->fd);
}

/* The struct as it stands; and afterwards the card still answers. */
static int try(int fd, struct coffer_exec *exec)
{
	int rc = card_ioctl(fd, COFFER_IOC_EXEC, exec);

	return card_echo(fd, 100, 3) ? -ENOTRECOVERABLE : rc;
}

TEST_F_TIMEOUT(exec, echoes_every_interesting_size, 120)
{
	static const size_t sizes[] = {
		0, 1, 2, 3, 7, 8, 63, 64, 65, 255, 256, 511, 512, 1023, 1024, 2047, 2048, 4095,
		4096, 4097, 6000, 8191, 8192, 8193, 12287, 12288, 12289, 16384, 20000, 32767,
		32768, 32769, 49152, 61440, 61441, 65534, 65535, 65536,
	};
	size_t i;

	for (i = 0; i < COUNT(sizes); i++)
		EXPECT_EQ(0, card_echo(self->fd, sizes[i], i))
			TH_LOG("size %zu", sizes[i]);
}

TEST_F(exec, echoes_from_and_to_any_alignment)
{
	static unsigned char req[3 * PAGE], reply[3 * PAGE];
	__u32 verdict, got, at;

	card_fill(req, sizeof(req), 1);
	for (at = 0; at < 16; at++) {
		got = PAGE + 5;
		memset(reply, 0, sizeof(reply));
		ASSERT_EQ(0, card_exec(self->fd, COFFER_CMD_ECHO, req + at, got, reply + 16 - at,
				       &got, &verdict));
		EXPECT_EQ(0, verdict);
		EXPECT_EQ(PAGE + 5, got);
		EXPECT_EQ(0, memcmp(req + at, reply + 16 - at, got));
		EXPECT_EQ(0, reply[16 - at + got]);
	}
}

TEST_F(exec, sends_and_receives_in_the_same_memory)
{
	static unsigned char both[3 * PAGE], want[3 * PAGE];
	__u32 verdict, got = sizeof(both);

	card_fill(both, sizeof(both), 5);
	card_fill(want, sizeof(want), 5);
	ASSERT_EQ(0, card_exec(self->fd, COFFER_CMD_ECHO, both, got, both, &got, &verdict));
	EXPECT_EQ(sizeof(both), got);
	EXPECT_EQ(0, memcmp(both, want, sizeof(both)));
}

TEST_F(exec, writes_nothing_beyond_the_room)
{
	self->exec.reply_len = 10;
	ASSERT_EQ(0, try(self->fd, &self->exec));
	EXPECT_NE(0, self->exec.verdict);	/* it does not fit: the card says so */
	EXPECT_GE(10, self->exec.reply_len);
	EXPECT_EQ(0x5a, self->reply[10]);
	self->exec.reply_len = 0;
	self->exec.reply = 0;
	ASSERT_EQ(0, try(self->fd, &self->exec));
	EXPECT_NE(0, self->exec.verdict);
	EXPECT_EQ(0, self->exec.reply_len);
}

TEST_F(exec, writes_no_more_than_the_reply)
{
	self->exec.req_len = 5;
	ASSERT_EQ(0, try(self->fd, &self->exec));
	EXPECT_EQ(0, self->exec.verdict);
	EXPECT_EQ(5, self->exec.reply_len);
	EXPECT_EQ(0, memcmp(self->req, self->reply, 5));
	EXPECT_EQ(0x5a, self->reply[5]);
}

TEST_F(exec, identifies_the_card_by_the_serial_of_query)
{
	struct coffer_query query = { .size = sizeof(query) };
	struct coffer_card_info card;

	self->exec.opcode = COFFER_CMD_IDENTIFY;
	self->exec.req_len = 0;
	self->exec.reply = (uintptr_t)&card;
	self->exec.reply_len = sizeof(card);
	ASSERT_EQ(0, try(self->fd, &self->exec));
	EXPECT_EQ(0, self->exec.verdict);
	EXPECT_EQ(sizeof(card), self->exec.reply_len);
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &query));
	EXPECT_EQ(query.serial, le64toh(card.serial));
	EXPECT_EQ(query.fw_version, le32toh(card.fw_version));
}

TEST_F(exec, refuses_unknown_opcodes)
{
	static const __u16 opcodes[] = { 0, 0x00ff, 0x7777, 0xfffe, 0xffff };
	size_t i;

	for (i = 0; i < COUNT(opcodes); i++) {
		self->exec.opcode = opcodes[i];
		EXPECT_EQ(-EOPNOTSUPP, try(self->fd, &self->exec));
	}
}

TEST_F(exec, refuses_opcodes_of_the_driver)
{
	self->exec.req_len = 8;
	self->exec.reply_len = 8;
	self->exec.opcode = COFFER_CMD_OWNER_OPEN;
	EXPECT_EQ(-EPERM, try(self->fd, &self->exec));
	self->exec.opcode = COFFER_CMD_OWNER_CLOSE;
	EXPECT_EQ(-EPERM, try(self->fd, &self->exec));
}

TEST_F(exec, lets_a_reader_read_only)
{
	int fd = card_open(O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, try(fd, &self->exec));
	self->exec.opcode = COFFER_CMD_LOGIN;
	self->exec.reply_len = 8;
	EXPECT_EQ(-EPERM, try(fd, &self->exec));
	close(fd);
}

TEST_F(exec, refuses_lengths_out_of_range)
{
	self->exec.req_len = COFFER_CMD_MAX_PAYLOAD + 1;
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	self->exec.req_len = 0xffffffff;
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	self->exec.req_len = 1;
	self->exec.reply_len = COFFER_CMD_MAX_PAYLOAD + 1;
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	self->exec.reply_len = 64;
	self->exec.opcode = COFFER_CMD_IDENTIFY;	/* takes no request */
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	self->exec.opcode = COFFER_CMD_SESSION_OPEN;	/* takes 8 bytes */
	self->exec.req_len = 7;
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	self->exec.req_len = 9;
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
}

TEST_F(exec, refuses_flags)
{
	unsigned int bit;

	for (bit = 0; bit < 16; bit++) {
		self->exec.flags = 1 << bit;
		EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	}
}

TEST_F(exec, takes_structs_of_other_sizes)
{
	struct {
		struct coffer_exec exec;
		unsigned char tail[32];
	} longer = { 0 };

	self->exec.size = offsetof(struct coffer_exec, cookie);
	EXPECT_EQ(0, try(self->fd, &self->exec));
	EXPECT_EQ(0, self->exec.verdict);
	self->exec.size--;
	EXPECT_EQ(-EINVAL, try(self->fd, &self->exec));
	longer.exec = self->exec;
	longer.exec.size = sizeof(longer);
	longer.exec.reply_len = 64;
	EXPECT_EQ(0, try(self->fd, &longer.exec));
	longer.exec.size = sizeof(longer);
	longer.tail[0] = 1;
	EXPECT_EQ(-E2BIG, try(self->fd, &longer.exec));
}

TEST_F(exec, refuses_bad_pointers)
{
	unsigned char *two = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t before = attr_u64("commands");

	ASSERT_NE(MAP_FAILED, two);
	ASSERT_EQ(0, mprotect(two + PAGE, PAGE, PROT_NONE));
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_EXEC, NULL));
	self->exec.req = 0;
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_EXEC, &self->exec));
	self->exec.req = 0xffff888000000000ull;	/* the kernel's */
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_EXEC, &self->exec));
	self->exec.req = (uintptr_t)two + PAGE - 10;	/* its end is not there */
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_EXEC, &self->exec));
	EXPECT_EQ(before, attr_u64("commands"));	/* the card saw none of these */
	self->exec.req = (uintptr_t)self->req;
	self->exec.reply = 0xffff888000000000ull;
	EXPECT_EQ(-EFAULT, try(self->fd, &self->exec));
	self->exec.reply = (uintptr_t)two + PAGE - 10;
	EXPECT_EQ(-EFAULT, try(self->fd, &self->exec));
	munmap(two, 2 * PAGE);
}

/* The system call of a 32-bit program, which needs its struct below 4 GiB. */
static long ioctl32(int fd, unsigned int nr, void *arg)
{
	long rc = -EOPNOTSUPP;

#ifdef __x86_64__
	asm volatile("int $0x80"
		     : "=a"(rc)
		     : "a"(54), "b"(fd), "c"(nr), "d"((uintptr_t)arg)
		     : "memory", "r8", "r9", "r10", "r11");
#endif
	return (int)rc;
}

TEST_F(exec, works_for_32_bit_programs)
{
	struct coffer_exec *low = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	struct coffer_query *query = (void *)(low + 1);

	ASSERT_NE(MAP_FAILED, (void *)low);
	*low = self->exec;
	ASSERT_EQ(0, ioctl32(self->fd, COFFER_IOC_EXEC, low));
	EXPECT_EQ(0, low->verdict);
	EXPECT_EQ(sizeof(self->req), low->reply_len);
	EXPECT_EQ(0, memcmp(self->req, self->reply, sizeof(self->req)));
	query->size = sizeof(*query);
	ASSERT_EQ(0, ioctl32(self->fd, COFFER_IOC_QUERY, query));
	EXPECT_EQ(attr_u64("serial"), query->serial);
	EXPECT_EQ(-ENOTTY, ioctl32(self->fd, _IO(COFFER_IOC_MAGIC, 0x40), low));
	munmap(low, PAGE);
}

TEST_F(exec, works_without_blocking)
{
	int fd = card_open(O_RDWR | O_NONBLOCK), i;

	ASSERT_LE(0, fd);
	for (i = 0; i < 20; i++)
		EXPECT_EQ(0, card_echo(fd, 100 * i, i));
	close(fd);
}

TEST_F(exec, is_shared_by_a_forked_child)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		_exit(card_echo(self->fd, 5000, 9) ? 1 : 0);
	EXPECT_EQ(0, card_echo(self->fd, 6000, 8));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, card_echo(self->fd, 7000, 7));
}

TEST_F_TIMEOUT(exec, keeps_threads_apart, 120)
{
	struct load load;

	ASSERT_EQ(0, load_start(&load, LOAD_THREADS, self->fd));
	sleep(2);
	load_stop(&load);
	TH_LOG("%u echoes", load.done);
	EXPECT_LT(LOAD_THREADS, load.done);
	EXPECT_EQ(0, load.ended);
	EXPECT_EQ(0, load.wrong);
}

TEST_F(exec, counts_in_sysfs)
{
	uint64_t commands = attr_u64("commands"), doorbells = queue_sum("doorbells");
	uint64_t interrupts = queue_sum("interrupts"), errors = queue_sum("errors");
	int i;

	/* One that finds nothing was late: its command's own caller had looked already. */
	interrupts += queue_sum("empty_interrupts");
	ASSERT_EQ(0, card_echo(self->fd, 1, 0));	/* opens the owner */
	commands = attr_u64("commands");
	EXPECT_EQ(commands, queue_sum("commands"));
	for (i = 0; i < 10; i++)
		EXPECT_EQ(0, card_echo(self->fd, 64, i));
	EXPECT_EQ(commands + 10, attr_u64("commands"));
	EXPECT_LT(doorbells, queue_sum("doorbells"));
	EXPECT_LT(interrupts, queue_sum("interrupts") + queue_sum("empty_interrupts"));
	EXPECT_EQ(errors, queue_sum("errors"));
	EXPECT_EQ(1, attr_u64("abi_version"));
	EXPECT_TRUE(attr_is("state", "live"));
}

TEST_HARNESS_MAIN
