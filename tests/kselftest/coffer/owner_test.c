// SPDX-License-Identifier: GPL-2.0-only
/* Each open file is an owner: sessions and logins are its own, and end with it. */
#include "coffer_test.h"
#include "kselftest_harness.h"

FIXTURE(owner)
{
	int one;
	int two;
	__u32 session;	/* of one, on the admin partition, where its SO is logged in */
};

FIXTURE_SETUP(owner)
{
	self->one = card_open(O_RDWR);
	self->two = card_open(O_RDWR);
	ASSERT_LE(0, self->one);
	ASSERT_LE(0, self->two);
	ASSERT_EQ(0, session_open(self->one, 0, COFFER_SESSION_RW, &self->session));
	ASSERT_EQ(0, so_login(self->one, self->session));
}

FIXTURE_TEARDOWN(owner)
{
	close(self->one);
	close(self->two);
}

/* Who this descriptor is on the admin partition, in a session of its own; -1: it has none. */
static int role_of(int fd)
{
	struct coffer_rep_session_info info = { 0 };
	__u32 session;

	if (session_open(fd, 0, 0, &session) || session_info(fd, session, &info))
		return -1;
	session_close(fd, session);
	return le32toh(info.role);
}

TEST_F(owner, is_logged_in)
{
	EXPECT_EQ(COFFER_ROLE_SO, role_of(self->one));
}

TEST_F(owner, does_not_share_its_login)
{
	EXPECT_EQ(COFFER_ROLE_NONE, role_of(self->two));
	EXPECT_EQ(COFFER_ROLE_SO, role_of(self->one));
}

TEST_F(owner, does_not_share_its_sessions)
{
	struct coffer_rep_session_info info;

	EXPECT_EQ(COFFER_ST_SESSION_HANDLE_INVALID,
		  session_info(self->two, self->session, &info));
	EXPECT_EQ(COFFER_ST_SESSION_HANDLE_INVALID, session_close(self->two, self->session));
	EXPECT_EQ(0, session_info(self->one, self->session, &info));
}

TEST_F(owner, is_the_same_after_dup)
{
	struct coffer_rep_session_info info;
	int copy = dup(self->one);

	ASSERT_LE(0, copy);
	close(self->one);
	EXPECT_EQ(0, session_info(copy, self->session, &info));
	EXPECT_EQ(COFFER_ROLE_SO, role_of(copy));
	self->one = copy;
}

TEST_F(owner, is_inherited_by_a_child_and_outlives_it)
{
	struct coffer_rep_session_info info;
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		_exit(session_info(self->one, self->session, &info) ? 1 : 0);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, session_info(self->one, self->session, &info));
}

TEST_F(owner, ends_with_its_descriptor)
{
	struct coffer_rep_session_info info;
	int again;

	close(self->one);
	again = card_open(O_RDWR);
	ASSERT_LE(0, again);
	self->one = again;
	EXPECT_NE(0, session_info(again, self->session, &info));
	EXPECT_EQ(COFFER_ROLE_NONE, role_of(again));
}

/* Owners that the card knows, from its own count. */
static long long owners(int fd)
{
	struct coffer_stats stats;
	unsigned char reply[65536];
	__u32 verdict, got = sizeof(reply);

	if (card_exec(fd, COFFER_CMD_STATS, NULL, 0, reply, &got, &verdict) || verdict ||
	    got < sizeof(stats))
		return -1;
	memcpy(&stats, reply, sizeof(stats));
	return le64toh(stats.owners);
}

TEST_F(owner, leaves_no_owner_behind_on_the_card)
{
	long long before = owners(self->two);
	int fd, i;

	ASSERT_LT(0, before);
	for (i = 0; i < 50; i++) {
		fd = card_open(O_RDWR);
		ASSERT_LE(0, fd);
		EXPECT_EQ(0, card_echo(fd, 10, i));
		close(fd);
	}
	/* They are closed behind our back: within a moment, not at once. */
	for (i = 0; i < 500 && owners(self->two) > before; i++)
		usleep(10000);
	EXPECT_EQ(before, owners(self->two));
}

TEST_F(owner, ends_with_a_reset)
{
	struct coffer_rep_session_info info;
	__u32 session;

	ASSERT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(COFFER_ST_SESSION_HANDLE_INVALID,
		  session_info(self->one, self->session, &info));
	EXPECT_EQ(COFFER_ROLE_NONE, role_of(self->one));
	/* The descriptor itself goes on, as a new owner. */
	EXPECT_EQ(0, session_open(self->one, 0, COFFER_SESSION_RW, &session));
	EXPECT_EQ(0, so_login(self->one, session));
	EXPECT_EQ(COFFER_ROLE_SO, role_of(self->one));
}

TEST_HARNESS_MAIN
