// SPDX-License-Identifier: BSD-3-Clause
/*
 * A card folder without a driver. Its firmware runs in a coffer-card-host process that the first
 * opener starts and that ends after its last connection (firmware-sim/host/stream.h). start.lock
 * makes "nobody serves it, so I start one" one step, and keeps a host from ending under us.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"
#include "stream_io.h"

#define READY_MS	60000		/* self-tests and recovery of the store */
#define HELLO_MS	10000
#define TRIES		3
#define BUSY_MS		3000
#define BUSY_STEP_MS	100

/* Socket addresses end after 108 bytes; the folder's path may be longer. */
static int folder_connect(int dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, rc;

	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/host.sock", dir);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

/* What the host says on its ready descriptor: "ok", or one line why it cannot serve. */
static int ready_read(int fd, char *line, size_t room)
{
	const struct timespec deadline = stream_deadline(READY_MS);
	size_t len = 0;
	int rc;

	while (len < room - 1) {
		rc = stream_read_all(fd, line + len, 1, &deadline);
		if (rc == -EPIPE || (!rc && line[len] == '\n'))
			break;
		if (rc)
			return rc;
		len++;
	}
	line[len] = '\0';
	return 0;
}

/* The line may begin with "errno NUMBER: "; without it, it is an -EIO. */
static int ready_errno(const char *line, const char **rest)
{
	int error, at = 0;

	*rest = line;
	if (sscanf(line, "errno %d: %n", &error, &at) != 1 || !at || error <= 0 || error > 4095)
		return -EIO;
	*rest = line + at;
	return -error;
}

static int host_spawn(const char *dir, int ready_fd, pid_t *pid)
{
	struct spawn_fds fds = { .in = -1, .out = -1, .keep = ready_fd };
	char number[12];
	char *program = spawn_card_host();
	char *argv[] = { "coffer-card-host", "serve", (char *)dir, "--ready-fd", number, NULL };
	int rc;

	snprintf(number, sizeof(number), "%d", ready_fd);
	/* What it has to say it says on ready_fd, and later in its log. */
	fds.err = open("/dev/null", O_WRONLY | O_CLOEXEC);
	rc = spawn(program ? program : argv[0], argv, &fds, pid);
	if (fds.err >= 0)
		close(fds.err);
	free(program);
	return rc;
}

static int host_start(const char *name, const char *dir, char **text)
{
	char line[512] = "";
	const char *rest;
	int ready[2], rc;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -errno;
	rc = host_spawn(dir, ready[1], &pid);
	close(ready[1]);
	if (rc) {
		close(ready[0]);
		text_set(text, text_of("%s: coffer-card-host cannot be run: %s", name,
				       strerror(-rc)));
		return rc;
	}
	rc = ready_read(ready[0], line, sizeof(line));
	close(ready[0]);
	/* It leaves a process of its own behind, which is no child of ours. */
	spawn_wait(pid);
	if (!rc && !strcmp(line, "ok"))
		return 0;
	if (!rc)
		rc = line[0] ? ready_errno(line, &rest) : -EIO;
	else
		rest = coffer_strerror(rc);
	text_set(text, text_of("%s: %s", name, line[0] ? rest : "coffer-card-host ended early"));
	return rc;
}

/*
 * With start.lock held: the host's socket. Whoever started a host and was killed at once left it
 * behind with the card, but not listening yet: -EBUSY only if that lasts.
 */
static int folder_reach(const char *name, const char *path, int dir, char **text)
{
	const struct timespec pause = { .tv_nsec = BUSY_STEP_MS * 1000000L };
	int rc;

	for (int waited = 0;; waited += BUSY_STEP_MS) {
		rc = folder_connect(dir);
		if (rc != -ECONNREFUSED && rc != -ENOENT)
			return rc;
		rc = host_start(name, path, text);
		if (!rc)
			return folder_connect(dir);
		if (rc != -EBUSY || waited >= BUSY_MS)
			return rc;
		text_set(text, NULL);
		nanosleep(&pause, NULL);
	}
}

/* With start.lock held: a connection that has said hello. */
static int folder_attach(const char *name, const char *path, int dir, struct transport **t,
			 char **text)
{
	struct stream_end end = { .hello_ms = HELLO_MS };
	int rc = -EIO;

	for (int i = 0; i < TRIES; i++) {
		rc = folder_reach(name, path, dir, text);
		if (rc < 0)
			break;
		end.in_fd = rc;
		end.out_fd = rc;
		rc = stream_open(&end, t);
		/* A host that was killed a moment ago may have taken the connection. */
		if (rc != -EPIPE)
			break;
	}
	if (rc && (!text || !*text))
		text_set(text, text_of("%s: %s", name, coffer_strerror(rc)));
	return rc;
}

static int start_lock(int dir)
{
	int fd = openat(dir, "start.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int rc;

	if (fd < 0)
		return -errno;
	while (flock(fd, LOCK_EX)) {
		if (errno == EINTR)
			continue;
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

int transport_folder_open(const char *name, struct transport **t, char **text)
{
	char *path;
	int dir, lock, rc;

	*t = NULL;
	path = realpath(name, NULL);
	dir = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0) {
		rc = -errno;
		goto out;
	}
	/* Leave no start.lock behind in a folder that is no card. */
	rc = faccessat(dir, "store", F_OK, 0) ? -errno : 0;
	if (rc) {
		text_set(text, text_of("%s: not a card folder: it has no store", name));
		goto out_close;
	}
	lock = start_lock(dir);
	rc = lock < 0 ? lock : 0;
	if (rc)
		goto out_close;
	rc = folder_attach(name, path, dir, t, text);
	close(lock);
out_close:
	close(dir);
out:
	if (rc && text && !*text)
		*text = text_of("%s: %s", name, coffer_strerror(rc));
	free(path);
	return rc;
}
