// SPDX-License-Identifier: GPL-2.0-only
/* The machine around the card: processors that come and go, memory that is short, namespaces. */
#include <grp.h>
#include <sys/epoll.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

FIXTURE(host)
{
	int fd;
	uint64_t resets;
};

FIXTURE_SETUP(host)
{
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	self->resets = attr_u64("reset_count");
}

FIXTURE_TEARDOWN(host)
{
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	EXPECT_EQ(0, slots_free());
	close(self->fd);
}

/* Run `what` in a child: its exit status, or -1 for any other end. */
static int in_child(int (*what)(void *arg), void *arg)
{
	pid_t child = fork();
	int status;

	if (!child)
		_exit(what(arg));
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* ---- Processors -------------------------------------------------------------------------- */

#define CPU1 "/sys/devices/system/cpu/cpu1/online"

TEST_F_TIMEOUT(host, a_processor_goes_and_comes_under_load, 300)
{
	unsigned int i, rounds = rounds_of("CPU", 5);
	uint64_t lost = queue_sum("lost_interrupts");
	struct load load;

	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	for (i = 0; i < rounds; i++) {
		unsigned int before = __atomic_load_n(&load.done, __ATOMIC_RELAXED);

		usleep(rand() % 20000);
		ASSERT_EQ(0, file_write(CPU1, "0"));
		usleep(50000);	/* its queue is still there, and so is its interrupt */
		EXPECT_LT(before, __atomic_load_n(&load.done, __ATOMIC_RELAXED));
		ASSERT_EQ(0, file_write(CPU1, "1"));
	}
	load_stop(&load);
	EXPECT_EQ(0, load.wrong);
	EXPECT_EQ(0, load.ended);
	EXPECT_EQ(lost, queue_sum("lost_interrupts"));
}

/* ---- Memory ------------------------------------------------------------------------------ */

#define GROUP "/tmp/coffer-cgroup/short"

/* A client that gets ever less memory: it fails, or is killed; the driver sees to the rest. */
static int starved_client(void *arg)
{
	unsigned int i;
	struct load load;
	char text[32];
	int fd, kib;

	(void)arg;
	snprintf(text, sizeof(text), "%d", getpid());
	if (file_write(GROUP "/cgroup.procs", text))
		return 1;
	fd = card_open(O_RDWR);
	if (fd < 0 || load_start(&load, 16, fd))
		return 1;
	for (kib = 8192; kib >= 64; kib /= 2) {
		snprintf(text, sizeof(text), "%dK", kib);
		file_write(GROUP "/memory.max", text);
		for (i = 0; i < 20; i++)
			card_echo(fd, COFFER_CMD_MAX_PAYLOAD, i);
	}
	load_stop(&load);
	return 0;
}

TEST_F_TIMEOUT(host, a_client_runs_out_of_memory, 120)
{
	int status;
	pid_t child;

	mkdir("/tmp/coffer-cgroup", 0700);
	ASSERT_EQ(0, mount("cgroup2", "/tmp/coffer-cgroup", "cgroup2", 0, NULL));
	ASSERT_EQ(0, file_write("/tmp/coffer-cgroup/cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, mkdir(GROUP, 0700));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(starved_client(NULL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	TH_LOG("the client ended with %04x", status);
	EXPECT_TRUE(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
	usleep(100000);
	EXPECT_EQ(0, rmdir(GROUP));
	EXPECT_EQ(0, umount("/tmp/coffer-cgroup"));
}

/* ---- Who may do what, from where --------------------------------------------------------- */

static int become_nobody(void)
{
	return setgroups(0, NULL) || setgid(65534) || setuid(65534);
}

/* A descriptor that was opened by root and handed down is as good as it was. */
static int inherited_use(void *arg)
{
	if (become_nobody())
		return 2;
	return card_echo(*(int *)arg, 500, 3) ? 1 : 0;
}

static int own_open(void *arg)
{
	(void)arg;
	if (become_nobody())
		return 2;
	return card_open(O_RDWR) == -EACCES && card_open(O_RDONLY) == -EACCES ? 0 : 1;
}

static int group_open(void *arg)
{
	struct stat st;
	gid_t group;
	int fd;

	(void)arg;
	if (stat(CARD, &st))
		return 2;
	group = st.st_gid;
	if (setgroups(1, &group) || setgid(65534) || setuid(65534))
		return 2;
	fd = card_open(O_RDWR);
	return fd >= 0 && !card_echo(fd, 500, 4) ? 0 : 1;
}

TEST_F(host, only_the_nodes_group_may_open_it)
{
	struct stat st;

	ASSERT_EQ(0, stat(CARD, &st));
	EXPECT_EQ(0660, st.st_mode & 07777);
	EXPECT_EQ(0, in_child(own_open, NULL));
	EXPECT_EQ(0, in_child(group_open, NULL));
	EXPECT_EQ(0, in_child(inherited_use, &self->fd));
}

/* Root of a user namespace is nobody here. */
static int namespace_root(void *arg)
{
	(void)arg;
	if (become_nobody() || unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC))
		return 2;
	return card_open(O_RDWR) == -EACCES && attr_write("reset", "1") == -EACCES ? 0 : 1;
}

TEST_F(host, root_of_another_namespace_has_no_card)
{
	ASSERT_EQ(0, file_write("/proc/sys/user/max_user_namespaces", "100"));
	EXPECT_EQ(0, in_child(namespace_root, NULL));
}

/* Two processes, each in a process namespace of its own, each with an owner of its own. */
static int namespaced_session(void *arg)
{
	struct coffer_rep_session_info info;
	int fd, *with = arg;
	__u32 session;
	pid_t child;
	int status;

	if (unshare(CLONE_NEWPID | CLONE_NEWNS))
		return 2;
	child = fork();
	if (!child) {
		fd = card_open(O_RDWR);
		if (fd < 0 || session_open(fd, 0, COFFER_SESSION_RW, &session))
			_exit(1);
		/* The session of the other namespace's process means nothing here. */
		if (*with && session_info(fd, *with, &info) != COFFER_ST_SESSION_HANDLE_INVALID &&
		    *with != (int)session)
			_exit(3);
		_exit(card_echo(fd, 5000, getpid()) ? 1 : 0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 4;
}

TEST_F(host, two_process_namespaces_share_nothing)
{
	__u32 session;
	int with;

	ASSERT_EQ(0, session_open(self->fd, 0, COFFER_SESSION_RW, &session));
	with = session;
	EXPECT_EQ(0, in_child(namespaced_session, &with));
	EXPECT_EQ(0, in_child(namespaced_session, &with));
	EXPECT_EQ(0, session_close(self->fd, session));
}

/* ---- Waiting ----------------------------------------------------------------------------- */

static void on_alarm(int number)
{
	(void)number;
}

/* A signal that has a handler does not tear a command in two; one that kills ends the wait. */
TEST_F_TIMEOUT(host, a_signal_does_not_interrupt_a_command, 60)
{
	struct sigaction action = { .sa_handler = on_alarm };	/* no SA_RESTART */
	double begin;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, fault_set("fault-slow-ms", "600"));
	begin = seconds();
	ualarm(100000, 0);
	EXPECT_EQ(0, card_echo(self->fd, 500, 0));
	EXPECT_LT(0.5, seconds() - begin);
	ASSERT_EQ(0, fault_set("fault-slow-ms", "0"));
}

TEST_F(host, epoll_tells_of_events_and_nothing_else)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd = card_open(O_RDWR);

	ASSERT_LE(0, epoll);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 0));
	EXPECT_EQ(0, card_echo(fd, 500, 0));
	EXPECT_EQ(0, epoll_wait(epoll, &event, 1, 100));	/* a completion is no event */
	close(fd);
	close(epoll);
}

TEST_F(host, there_is_nothing_to_map_read_or_write)
{
	char byte = 0;

	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(ENODEV, errno);
	EXPECT_EQ(-1, read(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, write(self->fd, &byte, 1));
	EXPECT_EQ(EINVAL, errno);
}

TEST_HARNESS_MAIN
