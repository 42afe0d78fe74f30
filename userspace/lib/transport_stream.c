// SPDX-License-Identifier: BSD-3-Clause
/*
 * Many threads' commands on one connection. There is no thread of our own: of those that wait
 * for a reply, one has the reader's role, hands each reply to its waiter, and passes the role on
 * when its own has come or its time is up.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib.h"
#include "stream_io.h"

/* The card's own time-out ends a command first; this is for the way there and back. */
#define GRACE_MS 5000
#define UNKNOWN_MS 30000

struct waiter {
	struct waiter *next;
	pthread_cond_t wake;
	uint32_t tag;
	uint64_t cookie;
	void *reply;			/* NULL: nobody waits any more */
	uint32_t room;
	uint32_t len;
	uint32_t verdict;
	int rc;
	bool done;
	bool asleep;			/* on wake: may be given the reader's role */
};

struct stream {
	struct transport base;
	int in_fd, out_fd;
	int wake_fd;			/* eventfd: close() wants everybody out */
	pid_t pid, child;
	uint64_t epoch;			/* atomic */

	pthread_mutex_t send_lock;	/* one frame at a time; taken before lock */

	pthread_mutex_t lock;		/* guards all below but rx */
	pthread_cond_t idle;		/* users became 0 */
	struct waiter *waiters;
	unsigned int users;		/* threads inside */
	uint32_t next_tag;
	int dead;			/* 0 or -errno, for good */
	bool reading;			/* somebody has the reader's role, and with it rx */

	size_t rx_len;
	uint8_t rx[sizeof(struct coffer_frame_rep) + COFFER_CMD_MAX_PAYLOAD];
};

static struct stream *to_stream(struct transport *t)
{
	return (struct stream *)t;
}

/* ---- Waiters; all with the lock held -------------------------------------------------------- */

static struct waiter *waiter_find(struct stream *s, uint32_t tag)
{
	struct waiter *w = s->waiters;

	while (w && (w->tag != tag || w->done))
		w = w->next;
	return w;
}

static void waiter_unlink(struct stream *s, struct waiter *w)
{
	struct waiter **at = &s->waiters;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static void waiter_free(struct waiter *w)
{
	pthread_cond_destroy(&w->wake);
	free(w);
}

static void waiters_wake_all(struct stream *s)
{
	for (struct waiter *w = s->waiters; w; w = w->next)
		pthread_cond_signal(&w->wake);
}

/* The reader's role is free: somebody who sleeps may take it. */
static void reader_pass_on(struct stream *s)
{
	for (struct waiter *w = s->waiters; w; w = w->next) {
		if (w->asleep && !w->done) {
			pthread_cond_signal(&w->wake);
			return;
		}
	}
}

static void stream_die(struct stream *s, int rc)
{
	if (!s->dead)
		s->dead = rc;
	waiters_wake_all(s);
}

/* ---- Receiving, in the reader's role -------------------------------------------------------- */

static bool frame_is_sane(const struct coffer_frame_rep *f)
{
	return le32toh(f->magic) == COFFER_FRAME_MAGIC && !f->reserved &&
	       le32toh(f->reply_len) <= COFFER_CMD_MAX_PAYLOAD &&
	       (!f->error || (le32toh(f->error) < 4096 && !f->reply_len));
}

/* A reply that nobody asked for, or longer than there is room: the other side cannot be trusted
 * with the rest of the connection either.
 */
static int frame_deliver(struct stream *s, const struct coffer_frame_rep *f, const void *payload)
{
	struct waiter *w = waiter_find(s, le32toh(f->tag));
	uint32_t len = le32toh(f->reply_len);

	if (!w || len > w->room)
		return -EIO;
	if (!w->reply) {
		waiter_unlink(s, w);
		waiter_free(w);
		return 0;
	}
	if (len)
		memcpy(w->reply, payload, len);
	w->len = len;
	w->verdict = le32toh(f->verdict);
	w->rc = -(int)le32toh(f->error);
	w->done = true;
	pthread_cond_signal(&w->wake);
	return 0;
}

/* Hand out the whole frames in rx. */
static int frames_take(struct stream *s)
{
	size_t at = 0, size;
	struct coffer_frame_rep f;
	int rc = 0;

	while (!rc && s->rx_len - at >= sizeof(f)) {
		memcpy(&f, s->rx + at, sizeof(f));
		if (!frame_is_sane(&f)) {
			rc = -EIO;
			break;
		}
		size = sizeof(f) + le32toh(f.reply_len);
		if (s->rx_len - at < size)
			break;
		pthread_mutex_lock(&s->lock);
		rc = frame_deliver(s, &f, s->rx + at + sizeof(f));
		pthread_mutex_unlock(&s->lock);
		at += size;
	}
	memmove(s->rx, s->rx + at, s->rx_len - at);
	/* Replies may be plaintexts: leave none behind. */
	explicit_bzero(s->rx + s->rx_len - at, at);
	s->rx_len -= at;
	return rc;
}

/* One turn of the reader: 0, or why the connection is dead. */
static int stream_receive(struct stream *s, const struct timespec *deadline)
{
	ssize_t n;
	int rc;

	rc = stream_wait(s->in_fd, POLLIN, s->wake_fd, deadline);
	if (rc <= 0)
		return rc;
	n = stream_read(s->in_fd, s->rx + s->rx_len, sizeof(s->rx) - s->rx_len);
	if (n <= 0)
		return (int)n;
	s->rx_len += (size_t)n;
	return frames_take(s);
}

/* ---- Sending -------------------------------------------------------------------------------- */

/* 0; -ETIMEDOUT when nothing of it went out; else the connection is dead. */
static int stream_send(struct stream *s, const struct coffer_frame_req *f, const void *payload,
		       const struct timespec *deadline)
{
	size_t sent, len = le32toh(f->req_len);
	bool begun;
	int rc;

	pthread_mutex_lock(&s->send_lock);
	rc = stream_write(s->out_fd, f, sizeof(*f), deadline, &sent);
	begun = sent > 0;
	if (!rc && len)
		rc = stream_write(s->out_fd, payload, len, deadline, &sent);
	pthread_mutex_unlock(&s->send_lock);
	if (rc && (begun || rc != -ETIMEDOUT)) {
		/* A frame cut short cannot be mended. */
		pthread_mutex_lock(&s->lock);
		stream_die(s, rc == -ETIMEDOUT ? -EPIPE : rc);
		pthread_mutex_unlock(&s->lock);
	}
	return rc;
}

static void frame_fill(struct coffer_frame_req *f, uint16_t opcode, uint32_t tag, size_t req_len,
		       uint32_t room)
{
	*f = (struct coffer_frame_req) {
		.magic = htole32(COFFER_FRAME_MAGIC),
		.opcode = htole16(opcode),
		.tag = htole32(tag),
		.req_len = htole32((uint32_t)req_len),
		.reply_len = htole32(room),
	};
}

/* ---- Commands ------------------------------------------------------------------------------- */

static struct waiter *waiter_new(const struct transport_call *call, uint32_t room)
{
	struct waiter *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	pthread_cond_init(&w->wake, NULL);
	/* Not NULL while somebody waits, even for a reply of no bytes. */
	w->reply = call->reply ? call->reply : w;
	w->room = room;
	w->cookie = call->cookie;
	return w;
}

static int waiter_add(struct stream *s, struct waiter *w)
{
	int rc;

	pthread_mutex_lock(&s->lock);
	rc = s->dead;
	if (!rc) {
		do
			w->tag = ++s->next_tag;
		while (waiter_find(s, w->tag));
		w->next = s->waiters;
		s->waiters = w;
		s->users++;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* Until the reply is there, the connection is dead, or the time is up. Lock held. */
static void waiter_wait(struct stream *s, struct waiter *w, const struct timespec *deadline)
{
	int rc;

	while (!w->done && !s->dead && !stream_expired(deadline)) {
		if (s->reading) {
			w->asleep = true;
			pthread_cond_clockwait(&w->wake, &s->lock, CLOCK_MONOTONIC, deadline);
			w->asleep = false;
			continue;
		}
		s->reading = true;
		pthread_mutex_unlock(&s->lock);
		rc = stream_receive(s, deadline);
		pthread_mutex_lock(&s->lock);
		s->reading = false;
		if (rc)
			stream_die(s, rc);
	}
	if (!s->reading)
		reader_pass_on(s);
}

/* Ask the card to stop; it may be too late, and the reply is still to come. */
static void stream_cancel(struct stream *s, uint32_t tag)
{
	const struct timespec soon = stream_deadline(100);
	struct coffer_frame_req f;

	frame_fill(&f, COFFER_FRAME_CANCEL, tag, 0, 0);
	stream_send(s, &f, NULL, &soon);
}

static void stream_leave(struct stream *s)
{
	if (!--s->users)
		pthread_cond_broadcast(&s->idle);
}

/* The outcome of a waiter that was sent; frees it, unless its reply is still to come. */
static int waiter_finish(struct stream *s, struct waiter *w, size_t *reply_len, uint32_t *verdict)
{
	uint32_t tag = w->tag;
	int rc = w->rc;

	if (!w->done && !s->dead) {
		/* From here on it is the reader's that finds the late reply. */
		w->reply = NULL;
		pthread_mutex_unlock(&s->lock);
		stream_cancel(s, tag);
		pthread_mutex_lock(&s->lock);
		return -ETIMEDOUT;
	}
	if (!w->done)
		rc = s->dead;
	else if (!rc) {
		*reply_len = w->len;
		*verdict = w->verdict;
	}
	waiter_unlink(s, w);
	waiter_free(w);
	return rc;
}

static unsigned int timeout_of(uint16_t opcode, unsigned int timeout_ms)
{
	const struct command_row *row = command_find(opcode);
	unsigned int ms = row ? row->timeout_ms + GRACE_MS : UNKNOWN_MS;

	return timeout_ms && timeout_ms < ms ? timeout_ms : ms;
}

static int stream_exec(struct transport *t, const struct transport_call *call,
		       size_t *reply_len, uint32_t *verdict)
{
	struct stream *s = to_stream(t);
	size_t room = *reply_len;
	struct coffer_frame_req f;
	struct timespec deadline;
	struct waiter *w;
	int rc;

	*reply_len = 0;
	if (call->req_len > COFFER_CMD_MAX_PAYLOAD || call->opcode >= COFFER_FRAME_CANCEL)
		return -EINVAL;
	if (room > COFFER_CMD_MAX_PAYLOAD)
		room = COFFER_CMD_MAX_PAYLOAD;
	w = waiter_new(call, (uint32_t)room);
	if (!w)
		return -ENOMEM;
	rc = waiter_add(s, w);
	if (rc) {
		waiter_free(w);
		return rc;
	}

	deadline = stream_deadline(timeout_of(call->opcode, call->timeout_ms));
	frame_fill(&f, call->opcode, w->tag, call->req_len, (uint32_t)room);
	rc = stream_send(s, &f, call->req, &deadline);

	pthread_mutex_lock(&s->lock);
	if (rc) {
		waiter_unlink(s, w);
		waiter_free(w);
	} else {
		waiter_wait(s, w, &deadline);
		rc = waiter_finish(s, w, reply_len, verdict);
	}
	if (!rc && *verdict == (uint32_t)COFFER_ST_OWNER_UNKNOWN)
		__atomic_add_fetch(&s->epoch, 1, __ATOMIC_RELAXED);
	/* After this close() may free it. */
	stream_leave(s);
	pthread_mutex_unlock(&s->lock);
	return rc;
}

/* The tag of a command of that cookie that somebody still waits for, above @after; or 0. */
static uint32_t tag_of(struct stream *s, uint64_t cookie, uint32_t after)
{
	uint32_t tag = 0;

	pthread_mutex_lock(&s->lock);
	for (struct waiter *w = s->waiters; w; w = w->next)
		if (w->cookie == cookie && w->reply && !w->done && w->tag > after &&
		    (!tag || w->tag < tag))
			tag = w->tag;
	pthread_mutex_unlock(&s->lock);
	return tag;
}

static int stream_cancel_cookie(struct transport *t, uint64_t cookie)
{
	struct stream *s = to_stream(t);
	uint32_t tag = tag_of(s, cookie, 0);
	int rc = tag ? 0 : -ENOENT;

	for (; tag; tag = tag_of(s, cookie, tag))
		stream_cancel(s, tag);
	return rc;
}

static int stream_events(struct transport *t, uint64_t *since, struct coffer_event *list,
			 size_t room, size_t *count, uint32_t *missed)
{
	(void)t;
	(void)since;
	(void)list;
	(void)room;
	*count = 0;
	*missed = 0;
	/* Who wants them asks the card with EVENTS. */
	return -EOPNOTSUPP;
}

static int stream_fd(struct transport *t)
{
	(void)t;
	return -1;
}

static uint64_t stream_epoch(struct transport *t)
{
	return __atomic_load_n(&to_stream(t)->epoch, __ATOMIC_RELAXED);
}

/* ---- Opening and closing -------------------------------------------------------------------- */

static void stream_free(struct stream *s)
{
	struct waiter *w;

	if (s->out_fd != s->in_fd)
		close(s->out_fd);
	close(s->in_fd);
	if (s->wake_fd >= 0)
		close(s->wake_fd);
	while ((w = s->waiters)) {
		s->waiters = w->next;
		free(w);
	}
	explicit_bzero(s->rx, sizeof(s->rx));
	free(s);
}

static void stream_close(struct transport *t)
{
	struct stream *s = to_stream(t);
	const uint64_t one = 1;
	pid_t child = s->child;

	if (s->pid != getpid()) {
		/* A forked child: locks may be held by threads that are not here. */
		stream_free(s);
		return;
	}
	pthread_mutex_lock(&s->lock);
	stream_die(s, -ENODEV);
	if (write(s->wake_fd, &one, sizeof(one)) < 0)
		s->dead = -ENODEV;	/* an eventfd takes 8 bytes: cannot happen */
	while (s->users)
		pthread_cond_wait(&s->idle, &s->lock);
	pthread_mutex_unlock(&s->lock);
	stream_free(s);
	if (child)
		spawn_end(child);
}

static const struct transport_ops stream_ops = {
	.name = "stream",
	.exec = stream_exec,
	.cancel = stream_cancel_cookie,
	.events = stream_events,
	.fd = stream_fd,
	.epoch = stream_epoch,
	.close = stream_close,
};

static int stream_hello(struct stream *s, unsigned int ms)
{
	const struct timespec deadline = stream_deadline(ms);
	struct coffer_frame_req f;
	size_t sent;
	int rc;

	frame_fill(&f, COFFER_FRAME_HELLO, COFFER_FRAME_VERSION, 0, 0);
	rc = stream_write(s->out_fd, &f, sizeof(f), &deadline, &sent);
	if (!rc)
		rc = stream_read_all(s->in_fd, &f, sizeof(f), &deadline);
	if (rc)
		return rc;
	if (le32toh(f.magic) != COFFER_FRAME_MAGIC ||
	    le16toh(f.opcode) != COFFER_FRAME_HELLO || f.flags || f.req_len || f.reserved ||
	    le32toh(f.tag) != COFFER_FRAME_VERSION)
		return -EPROTO;
	return 0;
}

int stream_open(const struct stream_end *end, struct transport **t)
{
	struct stream *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	*t = NULL;
	if (!s) {
		if (end->out_fd != end->in_fd)
			close(end->out_fd);
		close(end->in_fd);
		return rc;
	}
	s->base.ops = &stream_ops;
	s->in_fd = end->in_fd;
	s->out_fd = end->out_fd;
	s->child = end->child;
	s->pid = getpid();
	pthread_mutex_init(&s->send_lock, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->idle, NULL);
	s->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (s->wake_fd < 0)
		rc = -errno;
	else
		rc = stream_hello(s, end->hello_ms);
	if (rc) {
		stream_free(s);
		return rc;
	}
	*t = &s->base;
	return 0;
}

int transport_stream_fds(int in_fd, int out_fd, struct transport **t, char **text)
{
	const struct stream_end end = { .in_fd = in_fd, .out_fd = out_fd, .hello_ms = 10000 };
	int rc = stream_open(&end, t);

	if (rc)
		text_set(text, text_of("no card answers on these descriptors: %s",
				       coffer_strerror(rc)));
	return rc;
}
