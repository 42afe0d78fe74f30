// SPDX-License-Identifier: BSD-3-Clause
/* Reading and writing descriptors with a deadline, on sockets and pipes alike. */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "stream_io.h"

struct timespec stream_deadline(unsigned int ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += (long)(ms % 1000) * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	return t;
}

/* Milliseconds left, rounded up, at most INT_MAX; 0 when it is over. */
static int deadline_left(const struct timespec *deadline)
{
	struct timespec now;
	int64_t ns;

	clock_gettime(CLOCK_MONOTONIC, &now);
	ns = (int64_t)(deadline->tv_sec - now.tv_sec) * 1000000000 +
	     (deadline->tv_nsec - now.tv_nsec);
	if (ns <= 0)
		return 0;
	ns = (ns + 999999) / 1000000;
	return ns > INT_MAX ? INT_MAX : (int)ns;
}

bool stream_expired(const struct timespec *deadline)
{
	return deadline_left(deadline) == 0;
}

int stream_wait(int fd, short events, int wake_fd, const struct timespec *deadline)
{
	struct pollfd polls[2] = {
		{ .fd = fd, .events = events },
		{ .fd = wake_fd, .events = POLLIN },
	};
	int n = poll(polls, 2, deadline_left(deadline));

	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	/* An error or hang-up is for the read or write that follows to report. */
	return n && polls[0].revents ? 1 : 0;
}

ssize_t stream_read(int fd, void *to, size_t room)
{
	ssize_t n = read(fd, to, room);

	if (n > 0)
		return n;
	if (!n || errno == ECONNRESET)
		return -EPIPE;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* A pipe has no MSG_NOSIGNAL: keep its SIGPIPE from the process that we are a guest in. */
static ssize_t pipe_write(int fd, const void *bytes, size_t len)
{
	static const struct timespec at_once;
	sigset_t sigpipe, before, pending;
	bool was_pending;
	ssize_t n;
	int error;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &sigpipe, &before);
	/* As much as a pipe takes without blocking when it polls writable. */
	n = write(fd, bytes, len < PIPE_BUF ? len : PIPE_BUF);
	error = errno;
	if (n < 0 && error == EPIPE && !was_pending)
		while (sigtimedwait(&sigpipe, NULL, &at_once) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = error;
	return n;
}

static ssize_t write_some(int fd, const void *bytes, size_t len)
{
	ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno == ENOTSOCK)
		n = pipe_write(fd, bytes, len);
	if (n >= 0)
		return n;
	if (errno == ECONNRESET)
		return -EPIPE;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

int stream_write(int fd, const void *bytes, size_t len, const struct timespec *deadline,
		 size_t *sent)
{
	const uint8_t *at = bytes;
	ssize_t n;
	int rc;

	for (*sent = 0; *sent < len; *sent += (size_t)n) {
		rc = stream_wait(fd, POLLOUT, -1, deadline);
		if (rc < 0)
			return rc;
		n = 0;
		if (!rc && stream_expired(deadline))
			return -ETIMEDOUT;
		if (rc)
			n = write_some(fd, at + *sent, len - *sent);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

int stream_read_all(int fd, void *to, size_t len, const struct timespec *deadline)
{
	size_t got = 0;
	ssize_t n;
	int rc;

	while (got < len) {
		rc = stream_wait(fd, POLLIN, -1, deadline);
		if (rc < 0)
			return rc;
		if (!rc && stream_expired(deadline))
			return -ETIMEDOUT;
		n = rc ? stream_read(fd, (uint8_t *)to + got, len - got) : 0;
		if (n < 0)
			return (int)n;
		got += (size_t)n;
	}
	return 0;
}
