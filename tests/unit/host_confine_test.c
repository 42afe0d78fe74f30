// SPDX-License-Identifier: BSD-3-Clause
/*
 * What card-host takes away from itself before it serves a card (quality.md A1.1): each call is
 * tried by a child that was confined, as the kernel kills whoever makes most of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/stream.h"

/* Exit status of a child that could not be confined, and of one whose call failed as it should. */
#define UNCONFINED	99
#define REFUSED		7

static void refused(long rc)
{
	_exit(rc == -1 && errno == EPERM ? REFUSED : 1);
}

/* ---- What kills ---------------------------------------------------------------------------- */

static void starts_a_program(void)
{
	execl("/bin/true", "true", NULL);
}

static void starts_a_program_by_descriptor(void)
{
	char *argv[] = { NULL };

	fexecve(open("/bin/true", O_RDONLY | O_CLOEXEC), argv, argv);
}

static void forks(void)
{
	if (!fork())
		_exit(0);
}

static void opens_a_connection(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void opens_a_local_connection(void)
{
	socket(AF_UNIX, SOCK_STREAM, 0);
}

static void attaches(void)
{
	ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static void reads_another_process(void)
{
	syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static void mounts(void)
{
	mount("none", "/mnt", "tmpfs", 0, NULL);
}

static void becomes_somebody_else(void)
{
	setuid(12345);
}

static void makes_a_program_in_memory(void)
{
	memfd_create("program", 0);
}

/* ---- What is refused ----------------------------------------------------------------------- */

static void maps_code(void)
{
	refused((long)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}

static void makes_data_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	refused(page == MAP_FAILED ? 0 : mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static void does_what_nobody_named(void)
{
	refused(syscall(SYS_personality, 0xffffffff));
}

static void signals_its_parent(void)
{
	refused(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static void limits_its_parent(void)
{
	struct rlimit limit;

	refused(prlimit(getppid(), RLIMIT_CORE, NULL, &limit));
}

static void has_no_clone3(void)
{
	_exit(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS ? REFUSED : 1);
}

/* ---- What goes on -------------------------------------------------------------------------- */

static void *nothing(void *arg)
{
	return arg;
}

static void makes_threads_and_files(void)
{
	char name[] = "/tmp/host_confine.XXXXXX";
	int fd = mkstemp(name);
	struct rlimit limit;
	pthread_t t;
	bool good;

	good = fd >= 0 && write(fd, "x", 1) == 1 && !fdatasync(fd) && !unlink(name);
	good = good && !syscall(SYS_tgkill, getpid(), getpid(), 0);
	good = good && !prlimit(0, RLIMIT_CORE, NULL, &limit);
	good = good && !pthread_create(&t, NULL, nothing, NULL) && !pthread_join(t, NULL);
	free(malloc(10 << 20));
	_exit(good ? REFUSED : 1);
}

/* ---- Children ------------------------------------------------------------------------------ */

static int fate_of(void (*act)(void), int (*confine)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		if (confine())
			_exit(UNCONFINED);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void forbidden_calls_kill(void **state)
{
	static void (*const acts[])(void) = {
		starts_a_program, starts_a_program_by_descriptor, forks, opens_a_connection,
		opens_a_local_connection, attaches, reads_another_process, mounts,
		becomes_somebody_else, makes_a_program_in_memory,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = fate_of(acts[i], host_confine);

		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
			fail_msg("call %zu: status 0x%x", i, status);
	}
}

static void others_are_refused(void **state)
{
	static void (*const acts[])(void) = {
		maps_code, makes_data_code, does_what_nobody_named, signals_its_parent,
		limits_its_parent, has_no_clone3, makes_threads_and_files,
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++) {
		int status = fate_of(acts[i], host_confine);

		if (!WIFEXITED(status) || WEXITSTATUS(status) != REFUSED)
			fail_msg("call %zu: status 0x%x", i, status);
	}
}

/* Threads that were there before are confined, too. */
static pthread_barrier_t confined;

static void *connects_later(void *arg)
{
	pthread_barrier_wait(&confined);
	opens_a_connection();
	return arg;
}

static int confine_under_a_thread(void)
{
	pthread_t t;
	int rc;

	pthread_barrier_init(&confined, NULL, 2);
	if (pthread_create(&t, NULL, connects_later, NULL))
		return -EAGAIN;
	rc = host_confine();
	pthread_barrier_wait(&confined);
	pthread_join(t, NULL);
	return rc;
}

static void returns(void)
{
}

static void every_thread_is_confined(void **state)
{
	int status = fate_of(returns, confine_under_a_thread);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_kill),
		cmocka_unit_test(others_are_refused),
		cmocka_unit_test(every_thread_is_confined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
