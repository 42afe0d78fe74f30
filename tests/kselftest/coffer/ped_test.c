// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands that wait for a PED key: every way to end the wait from outside. The card of
 * COFFER_PED_CARD has a partition 1 with a Crypto Officer whose key is COFFER_PED_KEYS/black.key;
 * its PED is the folder COFFER_PED.
 */
#include <sys/stat.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

#define LOGIN_LEN	12	/* struct coffer_req_role and an empty blob: "from the PED" */

FIXTURE(ped)
{
	int fd;
	__u32 session;
	__u32 attempts;
};

/* ---- The PED --------------------------------------------------------------------------- */

static const char *setting(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "/nonexistent";
}

static int key_out(void)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/black.key", setting("COFFER_PED"));
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

static int key_in(void)
{
	char key[512], path[512];

	snprintf(key, sizeof(key), "%s/black.key", setting("COFFER_PED_KEYS"));
	snprintf(path, sizeof(path), "%s/black.key", setting("COFFER_PED"));
	return access(key, R_OK) || symlink(key, path) ? -errno : 0;
}

/* Does a command wait there? Negative: nobody can say. */
static int waiting(int fd, __u32 session)
{
	struct coffer_req_session req = { .session = htole32(session) };
	struct coffer_rep_ped ped;
	long long rc = card_ask(fd, COFFER_CMD_PED_STATUS, &req, sizeof(req), &ped, sizeof(ped));

	return rc ? -EIO : le32toh(ped.waiting) == 1;
}

/* 0 when it waits (or no longer waits) within ten seconds. */
static int waits(int fd, __u32 session, int wanted)
{
	double end = seconds() + 10;

	while (seconds() < end) {
		if (waiting(fd, session) == wanted)
			return 0;
		usleep(20000);
	}
	return -ETIMEDOUT;
}

/* ---- Logins by key --------------------------------------------------------------------- */

struct login {
	pthread_t thread;
	int fd;
	__u32 session;
	__u32 timeout_ms;
	__u64 cookie;
	int rc;
	__u32 verdict;
	double took;
};

static void login_run(struct login *l)
{
	__le32 req[LOGIN_LEN / 4] = { htole32(l->session), htole32(COFFER_ROLE_CO), 0 };
	struct coffer_rep_login rep;
	struct coffer_exec exec = {
		.size = sizeof(exec),
		.opcode = COFFER_CMD_LOGIN,
		.req = (uintptr_t)req,
		.req_len = sizeof(req),
		.reply = (uintptr_t)&rep,
		.reply_len = sizeof(rep),
		.timeout_ms = l->timeout_ms,
		.cookie = l->cookie,
	};
	double begun = seconds();

	l->rc = card_ioctl(l->fd, COFFER_IOC_EXEC, &exec);
	l->verdict = exec.verdict;
	l->took = seconds() - begun;
}

static void *login_thread(void *arg)
{
	login_run(arg);
	return NULL;
}

static int login_start(struct login *l, int fd, __u32 session, __u64 cookie)
{
	*l = (struct login){ .fd = fd, .session = session, .cookie = cookie };
	return pthread_create(&l->thread, NULL, login_thread, l);
}

static __u32 login_now(int fd, __u32 session)
{
	struct login l = { .fd = fd, .session = session };

	login_run(&l);
	return l.rc ? UINT32_MAX : l.verdict;
}

/* Of the Crypto Officer; UINT32_MAX: the card does not say. */
static __u32 attempts_left(int fd, __u32 session)
{
	struct coffer_req_session req = { .session = htole32(session) };
	struct {
		__le32 count;
		struct coffer_role_row row[8];
	} rep;
	__u32 len = sizeof(rep), verdict, i;

	if (card_exec(fd, COFFER_CMD_ROLE_LIST, &req, sizeof(req), &rep, &len, &verdict) ||
	    verdict)
		return UINT32_MAX;
	for (i = 0; i < le32toh(rep.count) && i < COUNT(rep.row); i++)
		if (le32toh(rep.row[i].role) == COFFER_ROLE_CO)
			return le32toh(rep.row[i].attempts_left);
	return UINT32_MAX;
}

/* Nobody waits, nothing was counted, and the right key logs in. 0, or what is not so. */
static int is_usable(int fd, __u32 session, __u32 attempts)
{
	struct coffer_req_session req = { .session = htole32(session) };

	if (waits(fd, session, 0))
		return 1;
	if (attempts_left(fd, session) != attempts)
		return 2;
	if (key_in() || login_now(fd, session) != COFFER_ST_OK)
		return 3;
	return card_ask(fd, COFFER_CMD_LOGOUT, &req, sizeof(req), NULL, 0) || key_out() ? 4 : 0;
}

FIXTURE_SETUP(ped)
{
	ASSERT_EQ(0, key_out());
	self->fd = node_open(setting("COFFER_PED_CARD"), O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, session_open(self->fd, 1, COFFER_SESSION_RW, &self->session));
	self->attempts = attempts_left(self->fd, self->session);
	ASSERT_NE(UINT32_MAX, self->attempts);
	ASSERT_EQ(0, waits(self->fd, self->session, 0));
}

FIXTURE_TEARDOWN(ped)
{
	key_out();
	close(self->fd);
}

TEST_F(ped, a_login_waits_for_its_key)
{
	struct login l;

	ASSERT_EQ(0, login_start(&l, self->fd, self->session, 0));
	ASSERT_EQ(0, waits(self->fd, self->session, 1));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));	/* nobody else waits */
	ASSERT_EQ(0, key_in());
	pthread_join(l.thread, NULL);
	EXPECT_EQ(0, l.rc);
	EXPECT_EQ(COFFER_ST_OK, l.verdict);
}

TEST_F(ped, cancel_ends_the_wait)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 77 };
	struct login l;

	ASSERT_EQ(0, login_start(&l, self->fd, self->session, 77));
	ASSERT_EQ(0, waits(self->fd, self->session, 1));
	cancel.cookie = 78;
	EXPECT_EQ(-ENOENT, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	EXPECT_EQ(1, waiting(self->fd, self->session));
	cancel.cookie = 77;
	EXPECT_EQ(0, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	pthread_join(l.thread, NULL);
	EXPECT_EQ(0, l.rc);
	EXPECT_EQ(COFFER_ST_CANCEL, l.verdict);
	EXPECT_EQ(-ENOENT, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

TEST_F(ped, there_is_one_wait_at_a_time)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 5 };
	struct login l;

	ASSERT_EQ(0, login_start(&l, self->fd, self->session, 5));
	ASSERT_EQ(0, waits(self->fd, self->session, 1));
	EXPECT_EQ(COFFER_ST_OPERATION_ACTIVE, login_now(self->fd, self->session));
	EXPECT_EQ(1, waiting(self->fd, self->session));
	EXPECT_EQ(0, card_ioctl(self->fd, COFFER_IOC_CANCEL, &cancel));
	pthread_join(l.thread, NULL);
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

TEST_F(ped, closing_the_session_ends_the_wait)
{
	__u32 session;
	struct login l;

	ASSERT_EQ(0, session_open(self->fd, 1, COFFER_SESSION_RW, &session));
	ASSERT_EQ(0, login_start(&l, self->fd, session, 0));
	ASSERT_EQ(0, waits(self->fd, self->session, 1));
	EXPECT_EQ(0, session_close(self->fd, session));
	pthread_join(l.thread, NULL);
	EXPECT_EQ(0, l.rc);
	EXPECT_EQ(COFFER_ST_SESSION_HANDLE_INVALID, l.verdict);
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

/* A program with a file of its own that waits for a key; it ends by @exits, or when killed. */
static pid_t start_waiter(bool exits)
{
	pid_t child = fork();
	struct login l;
	__u32 session;
	int fd;

	if (child)
		return child;
	fd = node_open(setting("COFFER_PED_CARD"), O_RDWR);
	if (fd < 0 || session_open(fd, 1, COFFER_SESSION_RW, &session) ||
	    login_start(&l, fd, session, 0) || waits(fd, session, 1))
		_exit(1);
	if (exits)
		_exit(0);	/* the file is closed under the thread that waits */
	pthread_join(l.thread, NULL);
	_exit(1);
}

TEST_F(ped, a_killed_program_waits_no_longer)
{
	pid_t child = start_waiter(false);
	double begun;
	int status;

	ASSERT_LT(0, child);
	ASSERT_EQ(0, waits(self->fd, self->session, 1));
	usleep(100000);
	begun = seconds();
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	EXPECT_EQ(0, waits(self->fd, self->session, 0));
	EXPECT_GT(5.0, seconds() - begun);
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

TEST_F(ped, closing_the_file_ends_the_wait)
{
	pid_t child = start_waiter(true);
	int status;

	ASSERT_LT(0, child);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	EXPECT_EQ(0, waits(self->fd, self->session, 0));
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

/* The caller's own time, not the 200 seconds of the PED; it costs nobody else anything. */
TEST_F(ped, a_wait_has_the_time_that_its_caller_gives)
{
	struct coffer_query before = { .size = sizeof(before) }, after = { .size = sizeof(after) };
	struct login l = { .fd = self->fd, .session = self->session, .timeout_ms = 1000 };

	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &before));
	login_run(&l);
	EXPECT_EQ(-ETIMEDOUT, l.rc);
	EXPECT_LE(1.0, l.took);
	EXPECT_GT(6.0, l.took);
	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &after));
	EXPECT_EQ(before.reset_count, after.reset_count);
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

TEST_F(ped, a_reset_ends_the_wait)
{
	char path[128];
	struct login l;

	snprintf(path, sizeof(path), "/sys/class/coffer/%s/reset",
		 strrchr(setting("COFFER_PED_CARD"), '/') + 1);
	ASSERT_EQ(0, login_start(&l, self->fd, self->session, 0));
	ASSERT_EQ(0, waits(self->fd, self->session, 1));
	ASSERT_EQ(0, file_write(path, "1"));
	pthread_join(l.thread, NULL);
	EXPECT_EQ(-ECANCELED, l.rc);
	ASSERT_EQ(0, session_open(self->fd, 1, COFFER_SESSION_RW, &self->session));
	EXPECT_EQ(0, is_usable(self->fd, self->session, self->attempts));
}

TEST_HARNESS_MAIN
