// SPDX-License-Identifier: BSD-3-Clause
/*
 * One connection: a thread that reads frames and hands commands to the card, and a thread that
 * writes replies, so that a client that does not read keeps no thread of the firmware.
 */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hw/coffer_cmd.h"
#include "stream.h"

/* A command on its way, or a reply that waits to be written. */
struct call {
	struct call *next;
	struct conn *conn;
	uint64_t card_tag;
	uint32_t tag;
	uint32_t req_len;
	uint32_t room;
	uint32_t verdict;
	uint32_t error;
	uint32_t reply_len;
	bool done;
	uint8_t bytes[];	/* reply, then request */
};

struct conn {
	struct conn *next;	/* host->lock */
	struct host *host;
	int in;
	int out;
	uint64_t owner;		/* the reader's */
	_Atomic bool stale;	/* the card has ended it */
	pthread_t reader;
	pthread_t writer;
	pthread_mutex_t lock;
	pthread_cond_t change;
	struct call *calls;	/* all, under lock */
	unsigned int call_count;	/* under lock */
	bool closing;		/* under lock: no more calls will come */
	bool broken;		/* under lock: nobody reads replies */
	bool ended;		/* host->lock */
};

/* ---- Bytes ----------------------------------------------------------------------- */

/* Wait until @fd is ready. false: the host ends, or time is over (@ms < 0: never). */
static bool conn_poll(const struct conn *k, int fd, short events, int ms)
{
	struct pollfd p[2] = {
		{ .fd = fd, .events = events },
		{ .fd = k->host->stop_fd, .events = POLLIN },
	};
	int n;

	do {
		n = poll(p, 2, ms);
	} while (n < 0 && errno == EINTR);
	return n > 0 && !p[1].revents;
}

static bool read_all(const struct conn *k, void *to, size_t len, int ms)
{
	uint8_t *p = to;
	ssize_t n;

	while (len) {
		if (!conn_poll(k, k->in, POLLIN, ms))
			return false;
		n = read(k->in, p, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* A pipe that polls writable takes PIPE_BUF bytes at once; a socket is told not to wait. */
static ssize_t write_some(int fd, const uint8_t *p, size_t len)
{
	ssize_t n = send(fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n >= 0 || errno != ENOTSOCK)
		return n;
	return write(fd, p, len < PIPE_BUF ? len : PIPE_BUF);
}

static bool write_all(const struct conn *k, const void *from, size_t len)
{
	const uint8_t *p = from;
	ssize_t n;

	while (len) {
		if (!conn_poll(k, k->out, POLLOUT, -1))
			return false;
		n = write_some(k->out, p, len);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

/* ---- Calls ----------------------------------------------------------------------- */

static struct call *call_new(struct conn *k, uint32_t tag, uint32_t room, uint32_t req_len)
{
	struct call *call = malloc(sizeof(*call) + room + req_len);

	if (!call)
		return NULL;
	memset(call, 0, sizeof(*call));
	call->conn = k;
	call->tag = tag;
	call->room = room;
	call->req_len = req_len;
	return call;
}

static void call_free(struct call *call)
{
	explicit_bzero(call->bytes, (size_t)call->room + call->req_len);
	free(call);
}

static struct call *call_find(struct conn *k, uint32_t tag)
{
	struct call *call = k->calls;

	while (call && call->tag != tag)
		call = call->next;
	return call;
}

/* Last in line; false: its tag is in use. Waits while too many are unanswered. */
static bool call_add(struct conn *k, struct call *call)
{
	struct call **at = &k->calls;
	bool ok;

	pthread_mutex_lock(&k->lock);
	while (k->call_count >= CALLS_MAX && !k->broken)
		pthread_cond_wait(&k->change, &k->lock);
	ok = !call_find(k, call->tag);
	if (ok) {
		while (*at)
			at = &(*at)->next;
		*at = call;
		k->call_count++;
	}
	pthread_mutex_unlock(&k->lock);
	return ok;
}

static void call_done(struct call *call, uint32_t error, uint32_t verdict, uint32_t len)
{
	struct conn *k = call->conn;

	pthread_mutex_lock(&k->lock);
	call->error = error;
	call->verdict = verdict;
	call->reply_len = len;
	call->done = true;
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
}

static void call_answered(void *opaque, uint32_t verdict, uint32_t reply_len)
{
	struct call *call = opaque;

	if (verdict == (uint32_t)COFFER_ST_OWNER_UNKNOWN)
		atomic_store(&call->conn->stale, true);
	call_done(call, 0, verdict, reply_len);
}

static void calls_cancel(struct conn *k)
{
	struct call *call;

	pthread_mutex_lock(&k->lock);
	for (call = k->calls; call; call = call->next)
		if (!call->done)
			fw_cancel(k->host->card, call->card_tag);
	pthread_mutex_unlock(&k->lock);
}

/* ---- Writer ---------------------------------------------------------------------- */

/* Takes the next finished call out of the list. NULL: there will be none. */
static struct call *call_next(struct conn *k)
{
	struct call **at, *call;

	pthread_mutex_lock(&k->lock);
	for (;;) {
		for (at = &k->calls; *at && !(*at)->done; at = &(*at)->next)
			;
		call = *at;
		if (call || (k->closing && !k->calls))
			break;
		pthread_cond_wait(&k->change, &k->lock);
	}
	if (call) {
		*at = call->next;
		k->call_count--;
		pthread_cond_broadcast(&k->change);
	}
	pthread_mutex_unlock(&k->lock);
	return call;
}

static bool reply_write(struct conn *k, const struct call *call)
{
	struct coffer_frame_rep f = {
		.magic = htole32(COFFER_FRAME_MAGIC),
		.tag = htole32(call->tag),
		.verdict = htole32(call->verdict),
		.error = htole32(call->error),
		.reply_len = htole32(call->reply_len),
	};

	return write_all(k, &f, sizeof(f)) && write_all(k, call->bytes, call->reply_len);
}

static void conn_break(struct conn *k)
{
	pthread_mutex_lock(&k->lock);
	k->broken = true;
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
	shutdown(k->in, SHUT_RDWR);
	calls_cancel(k);
}

static void *conn_writer(void *arg)
{
	struct conn *k = arg;
	struct call *call;
	bool ok = true;

	while ((call = call_next(k)) != NULL) {
		if (ok && !reply_write(k, call)) {
			ok = false;
			conn_break(k);
		}
		call_free(call);
	}
	return NULL;
}

/* ---- Reader ---------------------------------------------------------------------- */

static bool hello(struct conn *k)
{
	struct coffer_frame_req f;

	if (!read_all(k, &f, sizeof(f), HELLO_MS))
		return false;
	if (le32toh(f.magic) != COFFER_FRAME_MAGIC || le16toh(f.opcode) != COFFER_FRAME_HELLO ||
	    f.flags || f.req_len || f.reserved)
		return false;
	/* The answer says our version; who cannot speak it goes away, and so do we. */
	if (le32toh(f.tag) != COFFER_FRAME_VERSION)
		k->broken = true;
	memset(&f, 0, sizeof(f));
	f.magic = htole32(COFFER_FRAME_MAGIC);
	f.opcode = htole16(COFFER_FRAME_HELLO);
	f.tag = htole32(COFFER_FRAME_VERSION);
	return write_all(k, &f, sizeof(f)) && !k->broken;
}

/* COFFER_CF_* of an opcode, -1 when there is no such command. */
static int opcode_flags(uint16_t opcode)
{
	switch (opcode) {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) case op: return fl;
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
	default:
		return -1;
	}
}

static uint64_t tag_new(struct host *h)
{
	uint64_t tag;

	pthread_mutex_lock(&h->lock);
	tag = ++h->next_tag;
	pthread_mutex_unlock(&h->lock);
	return tag;
}

static void call_submit(struct conn *k, struct call *call, uint16_t opcode)
{
	struct fw_request rq = {
		.owner = k->owner,
		.tag = call->card_tag,
		.opcode = opcode,
		.req_len = call->req_len,
		.reply_room = call->room,
		.req = call->bytes + call->room,
		.reply = call->bytes,
	};
	int flags = opcode_flags(opcode);

	if (flags < 0)
		call_done(call, EOPNOTSUPP, 0, 0);
	else if (flags & COFFER_CF_DRIVER)
		call_done(call, EPERM, 0, 0);
	else if (fw_submit(k->host->card, &rq, call_answered, call))
		call_done(call, EBUSY, 0, 0);
}

/* The last reply of a connection whose frames cannot be trusted. */
static void frame_refuse(struct conn *k, uint32_t tag)
{
	struct call *call = call_new(k, tag, 0, 0);

	if (!call)
		return;
	call->error = EPROTO;
	call->done = true;
	pthread_mutex_lock(&k->lock);
	call->next = k->calls;
	k->calls = call;
	k->call_count++;
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
}

static void frame_cancel(struct conn *k, uint32_t tag)
{
	struct call *call;
	uint64_t card_tag = 0;

	pthread_mutex_lock(&k->lock);
	call = call_find(k, tag);
	if (call && !call->done)
		card_tag = call->card_tag;
	pthread_mutex_unlock(&k->lock);
	if (card_tag)
		fw_cancel(k->host->card, card_tag);
}

static uint32_t owner_call(struct conn *k, uint16_t opcode, uint64_t *owner)
{
	uint64_t wire = htole64(*owner), reply = 0;
	struct fw_request rq = {
		.tag = tag_new(k->host),
		.opcode = opcode,
		.from_driver = true,
		.req_len = sizeof(wire),
		.reply_room = sizeof(reply),
		.req = &wire,
		.reply = &reply,
	};
	uint32_t len, verdict = fw_exec(k->host->card, &rq, &len);

	if (!verdict && len == sizeof(reply))
		*owner = le64toh(reply);
	return verdict;
}

/* After a firmware update: what the client does next it does as somebody new. */
static void owner_renew(struct conn *k)
{
	uint64_t owner = 0;

	if (atomic_exchange(&k->stale, false) &&
	    !owner_call(k, COFFER_CMD_OWNER_OPEN, &owner))
		k->owner = owner;
}

static bool frame_command(struct conn *k, const struct coffer_frame_req *f)
{
	uint32_t req_len = le32toh(f->req_len), room = le32toh(f->reply_len);
	struct call *call;

	if (req_len > COFFER_CMD_MAX_PAYLOAD || room > COFFER_CMD_MAX_PAYLOAD)
		return false;
	call = call_new(k, le32toh(f->tag), room, req_len);
	if (!call)
		return false;
	owner_renew(k);
	call->card_tag = tag_new(k->host);
	if (!read_all(k, call->bytes + room, req_len, -1)) {
		call_free(call);
		return false;
	}
	if (!call_add(k, call)) {
		call_free(call);
		return false;
	}
	call_submit(k, call, le16toh(f->opcode));
	return true;
}

/* false: this frame ends the connection. */
static bool frame_take(struct conn *k, const struct coffer_frame_req *f)
{
	if (le32toh(f->magic) != COFFER_FRAME_MAGIC || f->flags || f->reserved ||
	    le16toh(f->opcode) == COFFER_FRAME_HELLO)
		return false;
	if (le16toh(f->opcode) != COFFER_FRAME_CANCEL)
		return frame_command(k, f);
	if (f->req_len)
		return false;
	frame_cancel(k, le32toh(f->tag));
	return true;
}

/* A client that is gone wants no answers; one that only ended its sending side does. */
static bool client_gone(const struct conn *k)
{
	struct pollfd p = { .fd = k->out };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static void conn_frames(struct conn *k)
{
	struct coffer_frame_req f;

	while (read_all(k, &f, sizeof(f), -1)) {
		if (frame_take(k, &f))
			continue;
		frame_refuse(k, le32toh(f.tag));
		return;
	}
	if (client_gone(k))
		calls_cancel(k);
}

/* The owner ends when the last reply is on its way: its sessions live as long as its commands. */
static void conn_drain(struct conn *k)
{
	pthread_mutex_lock(&k->lock);
	k->closing = true;
	pthread_cond_broadcast(&k->change);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->writer, NULL);
}

static void *conn_reader(void *arg)
{
	struct conn *k = arg;
	struct host *h = k->host;
	uint64_t one = 1;

	if (hello(k) && !owner_call(k, COFFER_CMD_OWNER_OPEN, &k->owner)) {
		conn_frames(k);
		conn_drain(k);
		owner_call(k, COFFER_CMD_OWNER_CLOSE, &k->owner);
	} else {
		frame_refuse(k, 0);
		conn_drain(k);
	}
	close(k->in);
	if (k->out != k->in)
		close(k->out);
	pthread_mutex_lock(&h->lock);
	k->ended = true;
	pthread_mutex_unlock(&h->lock);
	if (write(h->ended_fd, &one, sizeof(one)) != sizeof(one))
		return NULL;	/* the counter is full: somebody will look anyway */
	return NULL;
}

/* ---- Life ------------------------------------------------------------------------ */

static void conn_free(struct conn *k)
{
	pthread_cond_destroy(&k->change);
	pthread_mutex_destroy(&k->lock);
	free(k);
}

static int conn_threads(struct conn *k)
{
	if (pthread_create(&k->writer, NULL, conn_writer, k))
		return -EAGAIN;
	if (!pthread_create(&k->reader, NULL, conn_reader, k))
		return 0;
	conn_drain(k);
	return -EAGAIN;
}

int conn_start(struct host *h, int in, int out)
{
	struct conn *k = calloc(1, sizeof(*k));
	int rc = -ENOMEM;

	if (k) {
		k->host = h;
		k->in = in;
		k->out = out;
		pthread_mutex_init(&k->lock, NULL);
		pthread_cond_init(&k->change, NULL);
		pthread_mutex_lock(&h->lock);
		rc = h->conn_count < CONNECTIONS_MAX ? conn_threads(k) : -EMFILE;
		if (!rc) {
			k->next = h->conns;
			h->conns = k;
			h->conn_count++;
		}
		pthread_mutex_unlock(&h->lock);
		if (rc)
			conn_free(k);
	}
	if (rc) {
		close(in);
		if (out != in)
			close(out);
	}
	return rc;
}

void conn_reap(struct host *h)
{
	struct conn **at, *k;

	pthread_mutex_lock(&h->lock);
	for (at = &h->conns; (k = *at) != NULL;) {
		if (!k->ended) {
			at = &k->next;
			continue;
		}
		*at = k->next;
		h->conn_count--;
		pthread_join(k->reader, NULL);
		conn_free(k);
	}
	pthread_mutex_unlock(&h->lock);
}

void conn_wait_all(struct host *h)
{
	struct pollfd p = { .fd = h->ended_fd, .events = POLLIN };
	uint64_t count;

	for (;;) {
		conn_reap(h);
		if (!h->conns)
			return;
		if (poll(&p, 1, 1000) > 0 && read(h->ended_fd, &count, sizeof(count)) < 0)
			continue;
	}
}
