// SPDX-License-Identifier: GPL-2.0-only
/* The card and its driver come and go, under load and with open files. */
#include <grp.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

#define PCI_DRIVER "/sys/bus/pci/drivers/coffer/"

FIXTURE(system)
{
	int fd;
	char pci[64];
};

FIXTURE_SETUP(system)
{
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pci_name(self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, attr_write("reset", "1"));
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
}

FIXTURE_TEARDOWN(system)
{
	close(self->fd);
}

static int ready(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) < 0 ? -errno : p.revents;
}

static int detach(const char *pci)
{
	return file_write(PCI_DRIVER "unbind", pci);
}

static int attach(const char *pci)
{
	return file_write(PCI_DRIVER "bind", pci);
}

/* A client with 32 commands in flight, which tells when they are; it ends when it is killed. */
static pid_t start_client(void)
{
	struct load load;
	pid_t child;
	int ends[2], fd;
	char c = 0;

	if (pipe(ends))
		return -1;
	child = fork();
	if (!child) {
		fd = card_open(O_RDWR);
		if (fd < 0 || load_start(&load, LOAD_THREADS, fd))
			_exit(1);
		while (__atomic_load_n(&load.done, __ATOMIC_RELAXED) < LOAD_THREADS)
			usleep(500);
		if (write(ends[1], &c, 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(ends[1]);
	if (child > 0 && read(ends[0], &c, 1) != 1)
		child = -1;
	close(ends[0]);
	return child;
}

TEST_F_TIMEOUT(system, survives_clients_killed_in_flight, 300)
{
	unsigned int i;
	int status;

	for (i = 0; i < loops(); i++) {
		pid_t child = start_client();

		ASSERT_LT(0, child);
		usleep(rand() % 2000);
		ASSERT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		ASSERT_EQ(SIGKILL, WTERMSIG(status));
		ASSERT_EQ(0, card_echo(self->fd, 5000, i));
	}
	EXPECT_TRUE(attr_is("state", "live"));
}

TEST_F_TIMEOUT(system, resets_under_load, 300)
{
	uint64_t resets = attr_u64("reset_count");
	unsigned int i, rounds = loops();
	struct load load;

	ASSERT_EQ(0, load_start(&load, 16, self->fd));
	for (i = 0; i < rounds; i++) {
		usleep(rand() % 20000);
		EXPECT_EQ(0, attr_write("reset", "1"));
	}
	load_stop(&load);
	TH_LOG("%u echoes, %u ended by resets", load.done, load.ended);
	EXPECT_EQ(0, load.wrong);
	EXPECT_LT(0, load.done);
	EXPECT_EQ(resets + rounds, attr_u64("reset_count"));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

TEST_F_TIMEOUT(system, function_level_resets_under_load, 300)
{
	uint64_t resets = attr_u64("reset_count");
	unsigned int i, rounds = loops();
	struct load load;

	ASSERT_EQ(0, load_start(&load, 16, self->fd));
	for (i = 0; i < rounds; i++) {
		usleep(rand() % 20000);
		EXPECT_EQ(0, attr_write("device/reset", "1"));
	}
	load_stop(&load);
	TH_LOG("%u echoes, %u ended by resets", load.done, load.ended);
	EXPECT_EQ(0, load.wrong);
	EXPECT_LT(0, load.done);
	EXPECT_EQ(resets + rounds, attr_u64("reset_count"));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

TEST_F(system, resets_without_blocking_say_so)
{
	int fd = card_open(O_RDWR | O_NONBLOCK), rc, again = 0, i;
	pid_t child;

	ASSERT_LE(0, fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		for (i = 0; i < 20; i++)
			attr_write("reset", "1");
		_exit(0);
	}
	while (!waitpid(child, NULL, WNOHANG)) {
		rc = card_echo(fd, 10, 0);
		again += rc == -EAGAIN;
		EXPECT_TRUE(!rc || rc == -EAGAIN || rc == -ECANCELED)
			TH_LOG("%d", rc);
	}
	TH_LOG("%d times EAGAIN", again);
	EXPECT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
}

TEST_F(system, an_unprivileged_user_cannot_reset)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(2);
		_exit(attr_write("reset", "1") == -EACCES && card_open(O_RDWR) == -EACCES ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-EINVAL, attr_write("reset", "nonsense"));
}

TEST_F_TIMEOUT(system, unbind_with_an_open_file, 60)
{
	struct coffer_query query = { .size = sizeof(query) };
	int fd;

	ASSERT_EQ(0, detach(self->pci));
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));
	EXPECT_EQ(-ENODEV, card_ioctl(self->fd, COFFER_IOC_QUERY, &query));
	EXPECT_EQ(POLLHUP | POLLERR, ready(self->fd, 0));
	EXPECT_EQ(-ENOENT, card_open(O_RDWR));
	ASSERT_EQ(0, attach(self->pci));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 10, 0));
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));
	close(fd);
}

TEST_F(system, unbind_wakes_a_poller)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		struct pollfd p = { .fd = self->fd };	/* no events: only its end */

		_exit(poll(&p, 1, 20000) == 1 && p.revents == (POLLHUP | POLLERR) ? 0 : 1);
	}
	usleep(200000);
	ASSERT_EQ(0, detach(self->pci));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, attach(self->pci));
}

TEST_F_TIMEOUT(system, unbind_under_load, 300)
{
	unsigned int i;
	int fd;

	for (i = 0; i < loops(); i++) {
		struct load load;

		fd = card_open_wait();
		ASSERT_LE(0, fd);
		ASSERT_EQ(0, load_start(&load, 8, fd));
		usleep(rand() % 20000);
		ASSERT_EQ(0, detach(self->pci));
		load_stop(&load);
		EXPECT_EQ(0, load.wrong);
		EXPECT_EQ(-ENODEV, card_echo(fd, 10, 0));
		ASSERT_EQ(0, attach(self->pci));
		close(fd);
	}
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 5000, 0));
	close(fd);
}

TEST_F_TIMEOUT(system, remove_and_rescan_with_an_open_file, 60)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", self->pci);
	ASSERT_EQ(0, file_write(path, "1"));
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));
	ASSERT_EQ(0, file_write("/sys/bus/pci/rescan", "1"));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
}

TEST_F(system, the_module_stays_while_a_file_is_open)
{
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, card_echo(self->fd, 10, 0));
}

/* Unload the module once the last file is really closed. */
static int unload(void)
{
	int i, rc = module_unload();

	for (i = 0; i < 100 && rc == -EWOULDBLOCK; i++) {
		usleep(20000);
		rc = module_unload();
	}
	return rc;
}

static int threads_can_echo(void)
{
	struct load load;
	int fd = card_open_wait();

	if (fd < 0 || load_start(&load, 16, fd))
		return -1;
	usleep(300000);
	load_stop(&load);
	close(fd);
	return load.wrong || load.ended || !load.done ? -1 : 0;
}

TEST_F_TIMEOUT(system, works_with_few_queues_slots_and_interrupts, 120)
{
	static const struct {
		const char *parameters;
		__u32 queues;
		__u32 entries;
	} modes[] = {
		{ "queues=1", 1, 128 },
		{ "vectors=1", 1, 128 },
		{ "entries=1", 2, 4 },
		{ "vectors=1 entries=4", 1, 4 },
		{ "vectors=2 queues=8 entries=1000000", 1, 1024 },
		{ "", 2, 128 },
	};
	unsigned int i;

	close(self->fd);
	for (i = 0; i < COUNT(modes); i++) {
		struct coffer_query query = { .size = sizeof(query) };

		ASSERT_EQ(0, unload());
		ASSERT_EQ(0, module_load(modes[i].parameters));
		EXPECT_EQ(0, threads_can_echo())
			TH_LOG("%s", modes[i].parameters);
		self->fd = card_open_wait();
		ASSERT_LE(0, self->fd);
		EXPECT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &query));
		EXPECT_GE(modes[i].queues, query.queues);
		EXPECT_EQ(modes[i].entries, query.queue_entries);
		close(self->fd);
	}
	self->fd = card_open_wait();
}

/* A client that logs in and waits for its end. */
static pid_t start_login(void)
{
	int ends[2], fd;
	__u32 session;
	pid_t child;
	char c = 0;

	if (pipe(ends))
		return -1;
	child = fork();
	if (!child) {
		fd = card_open(O_RDWR);
		if (fd < 0 || session_open(fd, 0, COFFER_SESSION_RW, &session) ||
		    so_login(fd, session) || write(ends[1], &c, 1) != 1)
			_exit(1);
		pause();
		_exit(1);
	}
	close(ends[1]);
	if (child > 0 && read(ends[0], &c, 1) != 1)
		child = -1;
	close(ends[0]);
	return child;
}

TEST_F_TIMEOUT(system, a_login_does_not_outlive_the_driver, 60)
{
	struct coffer_rep_session_info info = { 0 };
	__u32 session;
	pid_t child;
	int fd;

	child = start_login();
	ASSERT_LT(0, child);
	ASSERT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	close(self->fd);
	ASSERT_EQ(0, unload());
	EXPECT_EQ(-ENOENT, card_open(O_RDWR));
	ASSERT_EQ(0, module_load(""));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	self->fd = fd;
	ASSERT_EQ(0, session_open(fd, 0, 0, &session));
	ASSERT_EQ(0, session_info(fd, session, &info));
	EXPECT_EQ(COFFER_ROLE_NONE, le32toh(info.role));
}

TEST_HARNESS_MAIN
