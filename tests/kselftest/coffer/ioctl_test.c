// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is the same for every ioctl: struct sizes, tails, flags, pointers, numbers. A new ioctl is
 * one more line at IOCTL().
 */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define PAGE 4096

FIXTURE(ioctl)
{
	unsigned char *page;	/* followed by one that may not be touched */
	int fd;
};

FIXTURE_VARIANT(ioctl)
{
	unsigned long cmd;
	size_t min;		/* the first release's struct, or what is enough */
	size_t size;
	size_t flags_at;
	size_t flags_len;
	size_t word_at;		/* one 32-bit field that has to be filled in, or 0 */
	__u32 word;
	int works;		/* what it returns when there is nothing to object to */
};

#define FIELD_END(type, field) \
	(offsetof(struct type, field) + sizeof(((struct type *)0)->field))

#define IOCTL(name, type, last, at, value, result) \
	FIXTURE_VARIANT_ADD(ioctl, name) { \
		.cmd = COFFER_IOC_##name, \
		.min = FIELD_END(type, last), \
		.size = sizeof(struct type), \
		.flags_at = offsetof(struct type, flags), \
		.flags_len = sizeof(((struct type *)0)->flags), \
		.word_at = at, \
		.word = value, \
		.works = result, \
	}

IOCTL(QUERY, coffer_query, flags, 0, 0, 0);
IOCTL(EXEC, coffer_exec, verdict, offsetof(struct coffer_exec, opcode), COFFER_CMD_ECHO, 0);
IOCTL(EVENTS, coffer_events, missed, 0, 0, 0);
IOCTL(CANCEL, coffer_cancel, cookie, offsetof(struct coffer_cancel, cookie), 77, -ENOENT);

FIXTURE_SETUP(ioctl)
{
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	self->page = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)self->page);
	ASSERT_EQ(0, mprotect(self->page + 2 * PAGE, PAGE, PROT_NONE));
}

FIXTURE_TEARDOWN(ioctl)
{
	munmap(self->page, 3 * PAGE);
	close(self->fd);
}

typedef FIXTURE_VARIANT(ioctl) shape;

/* A struct that says it is `size` long, whose unused tail is zero, and 0x5a behind it. */
static unsigned char *prepare(unsigned char *page, const shape *v, __u32 size)
{
	size_t room = 2 * PAGE;

	memset(page, 0x5a, room);
	memset(page, 0, size < room ? size : room);
	memcpy(page, &size, sizeof(size));
	if (v->word_at && size >= v->word_at + sizeof(v->word))
		memcpy(page + v->word_at, &v->word, sizeof(v->word));
	return page;
}

TEST_F(ioctl, refuses_a_struct_that_is_too_small)
{
	__u32 size;

	for (size = 0; size < variant->min; size++)
		ASSERT_EQ(-EINVAL, card_ioctl(self->fd, variant->cmd,
					      prepare(self->page, variant, size)))
			TH_LOG("%u bytes", size);
}

TEST_F(ioctl, takes_what_earlier_and_later_programs_send)
{
	const __u32 sizes[] = {
		variant->min, variant->size, variant->size + 1, variant->size + 64, PAGE,
	};
	unsigned int i;

	for (i = 0; i < COUNT(sizes); i++) {
		ASSERT_EQ(variant->works, card_ioctl(self->fd, variant->cmd,
						     prepare(self->page, variant, sizes[i])))
			TH_LOG("%u bytes", sizes[i]);
		EXPECT_EQ(0x5a, self->page[sizes[i]]);
	}
}

TEST_F(ioctl, refuses_a_tail_that_means_something)
{
	size_t at;

	for (at = variant->size; at < PAGE; at = at * 3 / 2) {
		prepare(self->page, variant, PAGE)[at] = 1;
		ASSERT_EQ(-E2BIG, card_ioctl(self->fd, variant->cmd, self->page))
			TH_LOG("byte %zu", at);
	}
	prepare(self->page, variant, PAGE + 1);
	EXPECT_EQ(-E2BIG, card_ioctl(self->fd, variant->cmd, self->page));
	prepare(self->page, variant, UINT32_MAX);
	EXPECT_EQ(-E2BIG, card_ioctl(self->fd, variant->cmd, self->page));
}

TEST_F(ioctl, refuses_every_flag)
{
	unsigned int bit;

	for (bit = 0; bit < 8 * variant->flags_len; bit++) {
		prepare(self->page, variant, variant->size);
		self->page[variant->flags_at + bit / 8] |= 1 << bit % 8;
		ASSERT_EQ(-EINVAL, card_ioctl(self->fd, variant->cmd, self->page))
			TH_LOG("bit %u", bit);
	}
}

TEST_F(ioctl, refuses_memory_that_is_not_there)
{
	unsigned char *end = self->page + 2 * PAGE;
	__u32 size = variant->size;

	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, variant->cmd, NULL));
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, variant->cmd, end));
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, variant->cmd, end - 3));
	/* The size can be read, the rest cannot. */
	memcpy(end - sizeof(size), &size, sizeof(size));
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, variant->cmd, end - sizeof(size)));
	/* All of it can, up to the last byte. */
	memcpy(end - size, prepare(self->page, variant, size), size);
	EXPECT_EQ(variant->works, card_ioctl(self->fd, variant->cmd, end - size));
}

TEST_F(ioctl, has_one_number_only)
{
	unsigned int nr = _IOC_NR(variant->cmd);

	prepare(self->page, variant, variant->size);
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IOC(_IOC_READ | _IOC_WRITE, COFFER_IOC_MAGIC, nr,
						     variant->size), self->page));
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IOC(0, COFFER_IOC_MAGIC, nr, variant->size),
				      self->page));
	EXPECT_EQ(-ENOTTY, card_ioctl(self->fd, _IO(COFFER_IOC_MAGIC ^ 1, nr), self->page));
}

TEST_HARNESS_MAIN
