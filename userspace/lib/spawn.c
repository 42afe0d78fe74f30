// SPDX-License-Identifier: BSD-3-Clause
/* Child processes: the card-host of a folder, ssh. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

extern char **environ;

/* Installed it is called coffer-card-host; a build tree may have it under its short name. */
static const char *const host_names[] = { "coffer-card-host", "card-host" };

static char *runnable(const char *dir, size_t dir_len, const char *below)
{
	char *path;

	for (size_t i = 0; i < sizeof(host_names) / sizeof(host_names[0]); i++) {
		path = text_of("%.*s%s/%s", (int)dir_len, dir, below, host_names[i]);
		if (path && !access(path, X_OK))
			return path;
		free(path);
	}
	return NULL;
}

/* In the folder of a program or library, or in its ../bin. */
static char *beside(const char *file)
{
	const char *slash = file ? strrchr(file, '/') : NULL;
	char *path;

	if (!slash)
		return NULL;
	path = runnable(file, (size_t)(slash - file), "");
	return path ? path : runnable(file, (size_t)(slash - file), "/../bin");
}

char *spawn_card_host(void)
{
	const char *named = secure_getenv("COFFER_CARD_HOST");
	char exe[4096];
	Dl_info self;
	char *path = NULL;
	ssize_t n;

	if (named && *named)
		return strdup(named);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		path = beside(exe);
	}
	/* As it was called: build/bin/coffer is a link into meson's folders. */
	if (!path && !getauxval(AT_SECURE))
		path = beside((const char *)getauxval(AT_EXECFN));
	if (!path && dladdr((void *)spawn_card_host, &self))
		path = beside(self.dli_fname);
	if (!path)
		path = runnable(COFFER_LIBEXECDIR, strlen(COFFER_LIBEXECDIR), "");
	return path;
}

static int actions_fill(posix_spawn_file_actions_t *actions, const struct spawn_fds *fds)
{
	int rc = 0;

	if (fds->in >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, fds->in, 0);
	else
		rc = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	if (!rc && fds->out >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, fds->out, 1);
	else if (!rc)
		rc = posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
	if (!rc && fds->err >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, fds->err, 2);
	/* Onto itself: glibc then clears O_CLOEXEC in the child only. */
	if (!rc && fds->keep >= 0)
		rc = posix_spawn_file_actions_adddup2(actions, fds->keep, fds->keep);
	return rc;
}

/* The child gets no blocked signals and no ignored SIGPIPE from the program that we are in. */
static int attributes_fill(posix_spawnattr_t *attr)
{
	sigset_t none, defaults;
	int rc;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	rc = posix_spawnattr_setsigmask(attr, &none);
	if (!rc)
		rc = posix_spawnattr_setsigdefault(attr, &defaults);
	if (!rc)
		rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK |
					      POSIX_SPAWN_SETSIGDEF);
	return rc;
}

int spawn(const char *program, char *const argv[], const struct spawn_fds *fds, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	if (posix_spawn_file_actions_init(&actions))
		return -ENOMEM;
	if (posix_spawnattr_init(&attr)) {
		posix_spawn_file_actions_destroy(&actions);
		return -ENOMEM;
	}
	rc = actions_fill(&actions, fds);
	if (!rc)
		rc = attributes_fill(&attr);
	if (!rc)
		rc = posix_spawnp(pid, program, &actions, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return -rc;
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int spawn_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 127;	/* the program reaps all children itself */
	return status_of(status);
}

void spawn_end(pid_t pid)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	pid_t done;

	for (int i = 0; i < 200; i++) {
		done = waitpid(pid, NULL, WNOHANG);
		if (done == pid || (done < 0 && errno != EINTR))
			return;
		if (i == 100)
			kill(pid, SIGTERM);
		nanosleep(&pause, NULL);
	}
	kill(pid, SIGKILL);
	spawn_wait(pid);
}
