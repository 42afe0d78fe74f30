// SPDX-License-Identifier: BSD-3-Clause
/* The life of a host: socket, connections, and an end that no client can fall into. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "stream.h"

#define SOCKET_NAME	"host.sock"
#define FULL_MS		100	/* pause when there is no descriptor for a connection */

int host_open(struct host *h, const char *dir, const char *ped, char *err, size_t err_len)
{
	const struct fw_open how = { .ped = ped };
	int rc;

	memset(h, 0, sizeof(*h));
	pthread_mutex_init(&h->lock, NULL);
	h->listen = -1;
	h->start_lock = -1;
	h->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->dir < 0) {
		rc = -errno;
		snprintf(err, err_len, "%s: %s", dir, strerror(errno));
		return rc;
	}
	h->stop_fd = eventfd(0, EFD_CLOEXEC);
	h->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (h->stop_fd < 0 || h->ended_fd < 0) {
		rc = -errno;
		snprintf(err, err_len, "%s: %s", dir, strerror(errno));
	} else {
		rc = fw_card_open(dir, &how, &h->card, err, err_len);
	}
	if (rc)
		close(h->dir);
	return rc;
}

void host_close(struct host *h)
{
	if (h->listen >= 0) {
		unlinkat(h->dir, SOCKET_NAME, 0);
		close(h->listen);
	}
	conn_wait_all(h);
	fw_card_close(h->card);
	/* Last: who waits for it finds the card free. */
	if (h->start_lock >= 0)
		close(h->start_lock);
	close(h->stop_fd);
	close(h->ended_fd);
	close(h->dir);
	pthread_mutex_destroy(&h->lock);
}

static void host_stop(struct host *h)
{
	uint64_t one = 1;

	if (write(h->stop_fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

/* ---- Socket ---------------------------------------------------------------------- */

/* A socket's name has room for 108 bytes: the folder is named by its descriptor. */
static int socket_bind(struct host *h)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	mode_t mask;
	int rc;

	h->listen = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (h->listen < 0)
		return -errno;
	/* We hold the card: what is there is left from a host that was killed. */
	unlinkat(h->dir, SOCKET_NAME, 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/" SOCKET_NAME, h->dir);
	mask = umask(0177);
	rc = bind(h->listen, (struct sockaddr *)&a, sizeof(a)) || listen(h->listen, 64) ?
	     -errno : 0;
	umask(mask);
	return rc;
}

static bool peer_is_owner(const struct host *h, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	struct stat folder;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || fstat(h->dir, &folder))
		return false;
	return peer.uid == folder.st_uid;
}

/* true: somebody came, even if turned away. false: see errno. */
static bool host_accept(struct host *h)
{
	int fd = accept4(h->listen, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return false;
	if (!peer_is_owner(h, fd))
		close(fd);
	else
		conn_start(h, fd, fd);
	return true;
}

/* ---- End ------------------------------------------------------------------------- */

/* With start.lock held nobody is connecting, but somebody may have connected just before. */
static bool host_may_end(struct host *h)
{
	int fd = openat(h->dir, "start.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return true;	/* the folder is going away */
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		close(fd);
		return false;
	}
	if (host_accept(h)) {
		close(fd);
		return false;
	}
	h->start_lock = fd;
	return true;
}

static void signals_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
}

void signals_block(void)
{
	sigset_t set;

	signals_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int signals_fd(void)
{
	sigset_t set;

	signals_set(&set);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Somebody waits and cannot be let in: asking again at once would only spin. */
static bool host_full(void)
{
	return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
}

static void host_loop(struct host *h, int signals)
{
	struct pollfd p[3] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = h->ended_fd, .events = POLLIN },
		{ .fd = h->listen, .events = POLLIN },
	};
	bool full = false, paused;
	uint64_t count;
	int n;

	for (;;) {
		paused = full;
		full = false;
		p[2].revents = 0;
		n = poll(p, paused ? 2 : 3, paused ? FULL_MS : h->conn_count ? -1 : GRACE_MS);
		if (n < 0 && errno != EINTR)
			return;
		if (n > 0 && p[0].revents)
			return;
		if (n > 0 && p[1].revents && read(h->ended_fd, &count, sizeof(count)) < 0 &&
		    errno != EAGAIN)
			return;
		conn_reap(h);
		if (n > 0 && p[2].revents)
			full = !host_accept(h) && host_full();
		if (!n && !paused && !h->conn_count && host_may_end(h))
			return;
	}
}

int host_listen(struct host *h, const char *dir, char *err, size_t err_len)
{
	int rc = socket_bind(h);

	if (rc) {
		snprintf(err, err_len, "%s/" SOCKET_NAME ": %s", dir, strerror(-rc));
		return rc;
	}
	return 0;
}

void host_run(struct host *h)
{
	int signals = signals_fd();

	if (signals >= 0)
		host_loop(h, signals);
	host_stop(h);
	if (signals >= 0)
		close(signals);
}

/* One connection on standard input and output, until it ends. */
int host_stdio(struct host *h)
{
	struct pollfd p[2] = {
		{ .fd = signals_fd(), .events = POLLIN },
		{ .fd = h->ended_fd, .events = POLLIN },
	};
	int rc = p[0].fd < 0 ? -errno : conn_start(h, STDIN_FILENO, STDOUT_FILENO);

	while (!rc && poll(p, 2, -1) < 0 && errno == EINTR)
		;
	host_stop(h);
	if (p[0].fd >= 0)
		close(p[0].fd);
	return rc;
}
