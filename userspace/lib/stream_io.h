/* SPDX-License-Identifier: BSD-3-Clause */
/* The frames of coffer_cmd.h on a pair of descriptors; shared by the transports that use them. */
#ifndef LIB_STREAM_IO_H
#define LIB_STREAM_IO_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "transport.h"

struct stream_end {
	int in_fd;			/* may be the same as out_fd; both are taken over */
	int out_fd;
	pid_t child;			/* to wait for at the end, or 0 */
	unsigned int hello_ms;		/* how long the other side may take for its hello */
};

/* Exchange hellos. Closes the descriptors on failure; the child is then the caller's again.
 * -EPIPE: the other side went away before it answered; -EPROTO: it speaks something else.
 */
int stream_open(const struct stream_end *end, struct transport **t);

/* ---- stream_io.c: whole pieces before a deadline (CLOCK_MONOTONIC) -------------------------- */
struct timespec stream_deadline(unsigned int ms);
bool stream_expired(const struct timespec *deadline);
/* Wait for in_fd; also wakes when wake_fd (-1: none) is readable. 1 ready, 0 not (time, signal or
 * wake), or -errno.
 */
int stream_wait(int fd, short events, int wake_fd, const struct timespec *deadline);
/* Bytes read (at least 1), 0 when there was nothing yet, -EPIPE at the end, or -errno. */
ssize_t stream_read(int fd, void *to, size_t room);
/* 0, -ETIMEDOUT with *sent telling how much went out, -EPIPE or -errno. Never raises SIGPIPE. */
int stream_write(int fd, const void *bytes, size_t len, const struct timespec *deadline,
		 size_t *sent);
/* 0, -ETIMEDOUT, -EPIPE at the end, or -errno. */
int stream_read_all(int fd, void *to, size_t len, const struct timespec *deadline);

#endif /* LIB_STREAM_IO_H */
