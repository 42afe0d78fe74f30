// SPDX-License-Identifier: BSD-3-Clause
/*
 * Serve one card on two descriptors: frames come in, are carried out by as many threads as there
 * are commands waiting, and go out in the order in which they are done. The card sees one owner,
 * which ends with the relay.
 */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"
#include "stream_io.h"

/* More commands at once wait in the pipe. */
#define THREADS_MAX 32
/* A client that takes no replies for so long is gone. */
#define WRITE_MS 60000

struct relay {
	struct transport *t;
	int in_fd, out_fd;
	pthread_mutex_t write_lock;	/* one frame at a time on out_fd */
	pthread_mutex_t lock;		/* guards all below */
	pthread_cond_t ended;		/* a thread ended */
	unsigned int threads;
	int failed;			/* of a thread: -errno */
};

struct job {
	struct relay *relay;
	struct coffer_frame_req head;
	uint8_t *req;
	size_t req_len;
};

static void job_free(struct job *job)
{
	if (job->req)
		explicit_bzero(job->req, job->req_len);
	free(job->req);
	free(job);
}

/* ---- Out ------------------------------------------------------------------------------------ */

static int reply_write(struct relay *r, const struct coffer_frame_rep *rep, const void *payload)
{
	const struct timespec deadline = stream_deadline(WRITE_MS);
	size_t sent;
	int rc;

	pthread_mutex_lock(&r->write_lock);
	rc = stream_write(r->out_fd, rep, sizeof(*rep), &deadline, &sent);
	if (!rc && rep->reply_len)
		rc = stream_write(r->out_fd, payload, le32toh(rep->reply_len), &deadline, &sent);
	pthread_mutex_unlock(&r->write_lock);
	return rc;
}

/* The client's tags name its commands to the transport, too; not 0. */
static uint64_t cookie_of(uint32_t tag)
{
	return (uint64_t)tag + 1;
}

static int job_run(struct job *job)
{
	struct relay *r = job->relay;
	size_t len = le32toh(job->head.reply_len);
	struct transport_call call = {
		.opcode = le16toh(job->head.opcode),
		.cookie = cookie_of(le32toh(job->head.tag)),
		.req = job->req,
		.req_len = job->req_len,
	};
	struct coffer_frame_rep rep = {
		.magic = htole32(COFFER_FRAME_MAGIC),
		.tag = job->head.tag,
	};
	uint32_t verdict = 0;
	int rc;

	call.reply = malloc(len + 1);
	rc = call.reply ? 0 : -ENOMEM;
	if (!rc)
		rc = r->t->ops->exec(r->t, &call, &len, &verdict);
	rep.error = htole32((uint32_t)-rc);
	rep.verdict = htole32(rc ? 0 : verdict);
	rep.reply_len = htole32(rc ? 0 : (uint32_t)len);
	rc = reply_write(r, &rep, call.reply);
	if (call.reply)
		explicit_bzero(call.reply, len);
	free(call.reply);
	return rc;
}

static void *job_thread(void *opaque)
{
	struct job *job = opaque;
	struct relay *r = job->relay;
	int rc = job_run(job);

	job_free(job);
	pthread_mutex_lock(&r->lock);
	if (rc && !r->failed)
		r->failed = rc;
	r->threads--;
	pthread_cond_signal(&r->ended);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

static int job_start(struct job *job)
{
	struct relay *r = job->relay;
	pthread_attr_t attr;
	pthread_t thread;
	int rc;

	pthread_mutex_lock(&r->lock);
	while (r->threads == THREADS_MAX)
		pthread_cond_wait(&r->ended, &r->lock);
	rc = r->failed;
	r->threads++;
	pthread_mutex_unlock(&r->lock);
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (!rc)
		rc = -pthread_create(&thread, &attr, job_thread, job);
	pthread_attr_destroy(&attr);
	if (!rc)
		return 0;
	job_free(job);
	pthread_mutex_lock(&r->lock);
	r->threads--;
	pthread_mutex_unlock(&r->lock);
	return rc;
}

/* ---- In ------------------------------------------------------------------------------------- */

/* Waits for ever: a client may be silent for days. -EPIPE at the end of file. */
static int read_all(int fd, void *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = read(fd, (uint8_t *)to + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == ECONNRESET ? -EPIPE : -errno;
		if (!n)
			return got ? -EIO : -EPIPE;	/* cut short, or a clean end */
		got += (size_t)n;
	}
	return 0;
}

static bool frame_is_sane(const struct coffer_frame_req *f)
{
	return le32toh(f->magic) == COFFER_FRAME_MAGIC && !f->flags && !f->reserved &&
	       le32toh(f->req_len) <= COFFER_CMD_MAX_PAYLOAD &&
	       le32toh(f->reply_len) <= COFFER_CMD_MAX_PAYLOAD;
}

static int job_read(struct relay *r, struct job **out)
{
	struct job *job = calloc(1, sizeof(*job));
	int rc;

	*out = NULL;
	if (!job)
		return -ENOMEM;
	job->relay = r;
	rc = read_all(r->in_fd, &job->head, sizeof(job->head));
	if (!rc && !frame_is_sane(&job->head))
		rc = -EPROTO;
	if (!rc) {
		job->req_len = le32toh(job->head.req_len);
		job->req = malloc(job->req_len + 1);
		rc = job->req ? 0 : -ENOMEM;
	}
	if (!rc && job->req_len)
		rc = read_all(r->in_fd, job->req, job->req_len);
	if (rc) {
		job_free(job);
		return rc == -EPIPE || rc == -EPROTO ? rc : -EIO;
	}
	*out = job;
	return 0;
}

static int hello(struct relay *r)
{
	const struct timespec deadline = stream_deadline(WRITE_MS);
	struct coffer_frame_req f;
	size_t sent;
	int rc;

	rc = read_all(r->in_fd, &f, sizeof(f));
	if (rc)
		return rc;
	if (!frame_is_sane(&f) || le16toh(f.opcode) != COFFER_FRAME_HELLO || f.req_len ||
	    le32toh(f.tag) != COFFER_FRAME_VERSION)
		return -EPROTO;
	memset(&f, 0, sizeof(f));
	f.magic = htole32(COFFER_FRAME_MAGIC);
	f.opcode = htole16(COFFER_FRAME_HELLO);
	f.tag = htole32(COFFER_FRAME_VERSION);
	return stream_write(r->out_fd, &f, sizeof(f), &deadline, &sent);
}

/* There is no answer to it: the command's own says what became of it. */
static void job_cancel(struct job *job)
{
	struct transport *t = job->relay->t;

	t->ops->cancel(t, cookie_of(le32toh(job->head.tag)));
	job_free(job);
}

static int serve(struct relay *r)
{
	struct job *job;
	uint16_t opcode;
	int rc = hello(r);

	while (!rc) {
		rc = job_read(r, &job);
		if (rc)
			break;
		opcode = le16toh(job->head.opcode);
		if (opcode == COFFER_FRAME_CANCEL)
			job_cancel(job);
		else if (opcode == COFFER_FRAME_HELLO)
			rc = -EPROTO;
		else
			rc = job_start(job);
		if (rc == -EPROTO)
			job_free(job);
	}
	pthread_mutex_lock(&r->lock);
	while (r->threads)
		pthread_cond_wait(&r->ended, &r->lock);
	pthread_mutex_unlock(&r->lock);
	return rc == -EPIPE ? 0 : rc;
}

API coffer_rc coffer_relay(const char *card, int in_fd, int out_fd)
{
	struct relay r = { .in_fd = in_fd, .out_fd = out_fd };
	int rc;

	rc = transport_open(card, &r.t, NULL);
	if (rc)
		return rc;
	pthread_mutex_init(&r.write_lock, NULL);
	pthread_mutex_init(&r.lock, NULL);
	pthread_cond_init(&r.ended, NULL);
	rc = serve(&r);
	r.t->ops->close(r.t);
	return rc;
}
