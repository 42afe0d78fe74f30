// SPDX-License-Identifier: GPL-2.0-only
/*
 * Inputs of the card that the machine's operator pulls while it runs: tamper, decommission.
 * The third card is for this alone: it is erased.
 */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define LIFE_CARD	2
#define LIFE_NODE	"/dev/coffer2"
#define LIFE_SYSFS	"/sys/class/coffer/coffer2/"
#define EVENTS_MAX	64

FIXTURE(life)
{
	int fd;
	__u32 session;
	__u64 since;		/* the newest event before the test */
};

/* ---- Events ---------------------------------------------------------------------------- */

/* Everything after *since; negative: it did not work. */
static int events_read(int fd, __u64 *since, struct coffer_event *events)
{
	struct coffer_events arg = {
		.size = sizeof(arg),
		.since = *since,
		.events = (uintptr_t)events,
		.count = EVENTS_MAX,
	};
	int rc = card_ioctl(fd, COFFER_IOC_EVENTS, &arg);

	*since = rc || !arg.count ? *since : arg.since;
	return rc ? rc : (int)arg.count;
}

/* poll() wakes for it, and EVENTS tells it: 0 within five seconds. */
static int event_comes(int fd, __u64 since, __u16 type, __u64 value)
{
	static struct coffer_event events[EVENTS_MAX];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int i, n;

	while (poll(&p, 1, 5000) == 1 && p.revents == POLLIN) {
		n = events_read(fd, &since, events);
		for (i = 0; i < n; i++)
			if (events[i].type == type && events[i].arg == value)
				return 0;
		if (n <= 0)
			break;
	}
	return -ENOMSG;
}

/* ---- Commands -------------------------------------------------------------------------- */

static long long ask(int fd, __u16 opcode, __u32 session)
{
	__le32 req[2] = { htole32(session), 0 };

	return card_ask(fd, opcode, req, sizeof(req), NULL, 0);
}

/* Random bytes stand for everything that a tampered card does not do. */
static long long random_bytes(int fd, __u32 session)
{
	__le32 req[2] = { htole32(session), htole32(16) };
	unsigned char bytes[16];

	return card_ask(fd, COFFER_CMD_RANDOM, req, sizeof(req), bytes, sizeof(bytes));
}

static __u32 card_flags(int fd)
{
	struct coffer_card_info info = { 0 };

	if (card_ask(fd, COFFER_CMD_IDENTIFY, NULL, 0, &info, sizeof(info)))
		return UINT32_MAX;
	return le32toh(info.flags);
}

static __u32 role_of(int fd, __u32 session)
{
	struct coffer_rep_session_info info = { 0 };

	return session_info(fd, session, &info) ? UINT32_MAX : le32toh(info.role);
}

static long long policy_set(int fd, __u32 session, __u32 id, __u32 value)
{
	__le32 req[5] = { htole32(session), htole32(COFFER_POLICY_SET_DESTRUCTIVE), htole32(1),
			  htole32(id), htole32(value) };

	return card_ask(fd, COFFER_CMD_POLICY_SET, req, sizeof(req), NULL, 0);
}

FIXTURE_SETUP(life)
{
	static struct coffer_event events[EVENTS_MAX];

	self->fd = node_open(LIFE_NODE, O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, session_open(self->fd, 0, COFFER_SESSION_RW, &self->session));
	ASSERT_EQ(0, so_login(self->fd, self->session));
	ASSERT_EQ(0, random_bytes(self->fd, self->session));
	self->since = 0;
	while (events_read(self->fd, &self->since, events) == EVENTS_MAX)
		;
}

FIXTURE_TEARDOWN(life)
{
	close(self->fd);
}

TEST_F(life, a_tampered_card_waits_for_its_so)
{
	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "true"));
	EXPECT_EQ(0, event_comes(self->fd, self->since, COFFER_EV_TAMPER, 0));
	EXPECT_TRUE(card_flags(self->fd) & COFFER_CARD_TAMPERED);
	EXPECT_EQ((__u32)COFFER_ST_HSM_TAMPERED, random_bytes(self->fd, self->session));
	EXPECT_EQ(COFFER_ROLE_NONE, role_of(self->fd, self->session));
	EXPECT_EQ(COFFER_ST_USER_NOT_LOGGED_IN,
		  ask(self->fd, COFFER_CMD_TAMPER_CLEAR, self->session));
	/* The input is a pulse: the knob does not take it back, nor does a reset. */
	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "false"));
	ASSERT_EQ(0, file_write(LIFE_SYSFS "reset", "1"));
	ASSERT_EQ(0, session_open(self->fd, 0, COFFER_SESSION_RW, &self->session));
	EXPECT_EQ((__u32)COFFER_ST_HSM_TAMPERED, random_bytes(self->fd, self->session));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));	/* the driver is not concerned */

	ASSERT_EQ(0, so_login(self->fd, self->session));
	EXPECT_EQ(0, ask(self->fd, COFFER_CMD_TAMPER_CLEAR, self->session));
	EXPECT_EQ(0, random_bytes(self->fd, self->session));
	EXPECT_FALSE(card_flags(self->fd) & COFFER_CARD_TAMPERED);
	EXPECT_EQ((__u32)COFFER_ST_MTK_STATE_INVALID,
		  ask(self->fd, COFFER_CMD_TAMPER_CLEAR, self->session));
}

TEST_F(life, tamper_wakes_a_sleeper)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child)
		_exit(event_comes(self->fd, self->since, COFFER_EV_TAMPER, 0) ? 1 : 0);
	usleep(200000);
	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "true"));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, so_login(self->fd, self->session));
	EXPECT_EQ(0, ask(self->fd, COFFER_CMD_TAMPER_CLEAR, self->session));
}

TEST_F(life, a_decommissioned_card_is_empty_and_can_be_used_again)
{
	struct coffer_query before = { .size = sizeof(before) }, after = { .size = sizeof(after) };

	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &before));
	ASSERT_EQ(0, knob_set(LIFE_CARD, "decommission", "true"));
	EXPECT_EQ(0, event_comes(self->fd, self->since, COFFER_EV_ZEROIZED, 0));
	EXPECT_EQ(COFFER_ROLE_NONE, role_of(self->fd, self->session));
	EXPECT_FALSE(card_flags(self->fd) & COFFER_CARD_INITIALIZED);
	EXPECT_FALSE(card_flags(self->fd) & COFFER_CARD_TAMPERED);
	EXPECT_EQ(COFFER_ST_USER_PIN_NOT_INITIALIZED, so_login_only(self->fd, self->session));
	/* Made anew: so_login() does that. */
	EXPECT_EQ(0, so_login(self->fd, self->session));
	EXPECT_EQ(0, random_bytes(self->fd, self->session));
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &after));
	EXPECT_EQ(before.reset_count, after.reset_count);
}

TEST_F(life, policy_46_disables_decommissioning)
{
	ASSERT_EQ(0, policy_set(self->fd, self->session, 46, 1));
	EXPECT_NE(0, knob_set(LIFE_CARD, "decommission", "true"));
	EXPECT_TRUE(card_flags(self->fd) & COFFER_CARD_INITIALIZED);
	EXPECT_EQ(0, so_login(self->fd, self->session));
	EXPECT_EQ(0, policy_set(self->fd, self->session, 46, 0));
	EXPECT_EQ(0, so_login(self->fd, self->session));
}

TEST_HARNESS_MAIN
