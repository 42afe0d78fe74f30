// SPDX-License-Identifier: GPL-2.0-only
/* QUERY, and how structs that begin with their size are taken. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define ROWS_MAX 256

FIXTURE(query)
{
	int fd;
	struct coffer_query query;
};

FIXTURE_SETUP(query)
{
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	memset(&self->query, 0, sizeof(self->query));
	self->query.size = sizeof(self->query);
}

FIXTURE_TEARDOWN(query)
{
	close(self->fd);
}

TEST_F(query, tells_what_the_card_is)
{
	struct coffer_query *q = &self->query;

	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, q));
	EXPECT_EQ(sizeof(*q), q->size);
	EXPECT_EQ(COFFER_DEV_LIVE, q->state);
	EXPECT_EQ(1, q->regs_version >> 16);
	EXPECT_EQ(attr_u64("serial"), q->serial);
	EXPECT_LE(4096, q->max_payload);
	EXPECT_LE(1, q->queues);
	EXPECT_LE(4, q->queue_entries);
	EXPECT_EQ(attr_u64("reset_count"), q->reset_count);
	EXPECT_NE(0, q->command_count);
	EXPECT_NE(0, q->table_hash);
	EXPECT_EQ(0, q->reserved);
}

TEST_F(query, names_the_pci_function)
{
	char want[64], name[64];

	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
	ASSERT_EQ(0, pci_name(name, sizeof(name)));
	snprintf(want, sizeof(want), "%04x:%02x:%02x.%x", self->query.pci_domain,
		 self->query.pci_bus, self->query.pci_devfn >> 3, self->query.pci_devfn & 7);
	EXPECT_STREQ(want, name);
}

TEST_F(query, fills_a_short_struct_and_no_more)
{
	struct coffer_query *q = &self->query;

	memset(&q->serial, 0xa5, sizeof(*q) - offsetof(struct coffer_query, serial));
	q->size = offsetof(struct coffer_query, serial);
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, q));
	EXPECT_EQ(offsetof(struct coffer_query, serial), q->size);
	EXPECT_EQ(COFFER_DEV_LIVE, q->state);
	EXPECT_EQ(0xa5a5a5a5a5a5a5a5ull, q->serial);
}

TEST_F(query, refuses_a_struct_that_is_too_small)
{
	__u32 size;

	for (size = 0; size < 8; size++) {
		self->query.size = size;
		EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
	}
}

TEST_F(query, takes_a_longer_struct_with_a_tail_of_zeros)
{
	struct {
		struct coffer_query query;
		unsigned char tail[64];
	} longer = { 0 };

	longer.query.size = sizeof(longer);
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &longer));
	EXPECT_EQ(sizeof(longer.query), longer.query.size);
	EXPECT_EQ(attr_u64("serial"), longer.query.serial);
}

TEST_F(query, refuses_a_longer_struct_with_another_tail)
{
	struct {
		struct coffer_query query;
		unsigned char tail[64];
	} longer = { 0 };

	longer.query.size = sizeof(longer);
	longer.tail[63] = 1;
	EXPECT_EQ(-E2BIG, card_ioctl(self->fd, COFFER_IOC_QUERY, &longer));
	self->query.size = 0xffffffff;
	EXPECT_EQ(-E2BIG, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
}

TEST_F(query, refuses_flags_and_reserved_fields)
{
	self->query.flags = 1;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
	self->query.flags = 0x80000000;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
	self->query.flags = 0;
	self->query.reserved = 1;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
}

static __u32 fnv1a(const void *data, size_t len)
{
	const unsigned char *byte = data;
	__u32 hash = 0x811c9dc5;

	while (len--)
		hash = (hash ^ *byte++) * 0x01000193;
	return hash;
}

TEST_F(query, lists_the_commands_and_hashes_them)
{
	static struct coffer_command_row rows[ROWS_MAX];
	struct coffer_query *q = &self->query;
	__u32 i, count;

	q->commands = (uintptr_t)rows;
	q->command_count = ROWS_MAX;
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, q));
	count = q->command_count;
	ASSERT_GE(ROWS_MAX, count);
	EXPECT_EQ(q->table_hash, fnv1a(rows, count * sizeof(rows[0])));
	for (i = 0; i < count && strcmp(rows[i].name, "ECHO"); i++)
		;
	ASSERT_LT(i, count);
	EXPECT_EQ(COFFER_CMD_ECHO, rows[i].opcode);
	EXPECT_EQ(0, rows[i].req_min);
	EXPECT_EQ(COFFER_CMD_MAX_PAYLOAD, rows[i].req_max);
}

TEST_F(query, fills_only_as_many_rows_as_there_is_room_for)
{
	struct coffer_command_row rows[3];
	struct coffer_query *q = &self->query;

	memset(rows, 0xa5, sizeof(rows));
	q->commands = (uintptr_t)rows;
	q->command_count = 2;
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, q));
	EXPECT_LT(2, q->command_count);
	EXPECT_EQ(0, rows[1].reserved);
	EXPECT_EQ(0xa5a5a5a5, rows[2].reserved);
}

TEST_F(query, refuses_bad_pointers)
{
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_QUERY, NULL));
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_QUERY, (void *)-4096L));
	self->query.commands = 8;
	self->query.command_count = 1;
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_QUERY, &self->query));
}

TEST_F(query, knows_no_other_ioctls)
{
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IO(COFFER_IOC_MAGIC, 5), &self->query));
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IO(COFFER_IOC_MAGIC, 0xff), &self->query));
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IO('C', 0), &self->query));
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IOWR(COFFER_IOC_MAGIC, 0, struct coffer_query),
				      &self->query));
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, 0, &self->query));
}

TEST_F(query, works_on_a_descriptor_that_only_reads)
{
	int fd = card_open(O_RDONLY);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_ioctl(fd, COFFER_IOC_QUERY, &self->query));
	close(fd);
}

TEST_HARNESS_MAIN
