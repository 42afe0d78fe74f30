// SPDX-License-Identifier: GPL-2.0-only
/* EVENTS, poll and CANCEL. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define EVENTS_MAX 300

FIXTURE(event)
{
	int fd;
	struct coffer_events arg;
	struct coffer_event events[EVENTS_MAX];
};

FIXTURE_SETUP(event)
{
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	memset(&self->arg, 0, sizeof(self->arg));
	self->arg.size = sizeof(self->arg);
	self->arg.events = (uintptr_t)self->events;
	self->arg.count = EVENTS_MAX;
}

FIXTURE_TEARDOWN(event)
{
	close(self->fd);
}

static int ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

/* Something that happens on the card, and that it reports: a reset. */
static int make_event(int fd)
{
	return attr_write("reset", "1") ?: card_echo(fd, 1, 1);
}

TEST_F(event, poll_is_quiet_until_something_happens)
{
	EXPECT_EQ(0, ready(self->fd, 200));
	ASSERT_EQ(0, make_event(self->fd));
	EXPECT_EQ(POLLIN, ready(self->fd, 5000));
	EXPECT_EQ(POLLIN, ready(self->fd, 0));	/* until it is read */
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	EXPECT_LT(0, self->arg.count);
	EXPECT_EQ(0, ready(self->fd, 100));
}

TEST_F(event, poll_wakes_a_sleeper)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		_exit(ready(self->fd, 10000) == POLLIN ? 0 : 1);
	usleep(200000);
	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(event, numbers_grow)
{
	__u32 i;

	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(POLLIN, ready(self->fd, 5000));
	usleep(300000);
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	ASSERT_LE(2, self->arg.count);
	for (i = 1; i < self->arg.count; i++)
		EXPECT_LT(self->events[i - 1].seq, self->events[i].seq);
	EXPECT_EQ(self->events[self->arg.count - 1].seq, self->arg.since);
	EXPECT_EQ(self->events[0].seq - 1, self->arg.missed);
	EXPECT_EQ(COFFER_EV_RESET, self->events[self->arg.count - 1].type);
}

TEST_F(event, returns_only_what_is_new)
{
	__u64 last;

	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(POLLIN, ready(self->fd, 5000));
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	last = self->arg.since;
	self->arg.count = EVENTS_MAX;
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	EXPECT_EQ(0, self->arg.count);
	EXPECT_EQ(last, self->arg.since);
	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(POLLIN, ready(self->fd, 5000));
	self->arg.count = EVENTS_MAX;
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	ASSERT_LE(1, self->arg.count);
	EXPECT_LT(last, self->events[0].seq);
	EXPECT_EQ(self->events[0].seq - last - 1, self->arg.missed);
}

TEST_F(event, fits_the_room)
{
	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(POLLIN, ready(self->fd, 5000));
	self->arg.count = 0;
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	EXPECT_EQ(0, self->arg.count);
	EXPECT_EQ(POLLIN, ready(self->fd, 0));
	self->arg.count = 1;
	self->events[1].seq = 77;
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	EXPECT_EQ(1, self->arg.count);
	EXPECT_EQ(77, self->events[1].seq);
}

TEST_F(event, refuses_bad_arguments)
{
	self->arg.flags = 1;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	self->arg.flags = 0;
	self->arg.size = sizeof(self->arg) - 1;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	self->arg.size = sizeof(self->arg);
	ASSERT_EQ(0, make_event(self->fd));
	ASSERT_EQ(POLLIN, ready(self->fd, 5000));
	self->arg.events = 8;
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_EVENTS, &self->arg));
	EXPECT_EQ(POLLIN, ready(self->fd, 0));	/* nothing was taken */
}

TEST_F(event, cancel_finds_nothing_to_cancel)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 1 };

	EXPECT_EQ(-ENOENT, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	cancel.cookie = 0;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	cancel.cookie = 1;
	cancel.flags = 1;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	cancel.flags = 0;
	cancel.size = 8;
	EXPECT_EQ(-EINVAL, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	EXPECT_EQ(-EFAULT, card_ioctl(self->fd, COFFER_IOC_CANCEL, NULL));
}

TEST_HARNESS_MAIN
