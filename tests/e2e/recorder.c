// SPDX-License-Identifier: BSD-3-Clause
/* Records what crosses the seam between library and card. */
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"

#define OPCODES 0x100

struct recorder {
	FILE *file;
	pthread_mutex_t lock;		/* guards all */
	unsigned int count[OPCODES];
	int error;
};

struct recording {
	struct transport base;
	struct transport *inner;
	struct recorder *to;
};

struct recorder *recorder_open(const char *file)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->file = fopen(file, "we");
	if (!r->file) {
		free(r);
		return NULL;
	}
	pthread_mutex_init(&r->lock, NULL);
	return r;
}

int recorder_close(struct recorder *r)
{
	int rc = r->error;

	if (fclose(r->file) && !rc)
		rc = -EIO;
	free(r);
	return rc;
}

unsigned int recorder_count(const struct recorder *r, uint16_t opcode)
{
	return opcode < OPCODES ? r->count[opcode] : 0;
}

static void record(struct recorder *r, char direction, uint16_t opcode, const void *bytes,
		   size_t len)
{
	const uint16_t wire_opcode = htole16(opcode);
	const uint32_t wire_len = htole32((uint32_t)len);

	pthread_mutex_lock(&r->lock);
	if (direction == '>' && opcode < OPCODES)
		r->count[opcode]++;
	if (fwrite(&direction, 1, 1, r->file) != 1 ||
	    fwrite(&wire_opcode, sizeof(wire_opcode), 1, r->file) != 1 ||
	    fwrite(&wire_len, sizeof(wire_len), 1, r->file) != 1 ||
	    (len && fwrite(bytes, 1, len, r->file) != len))
		r->error = -EIO;
	pthread_mutex_unlock(&r->lock);
}

static struct recording *to_recording(struct transport *t)
{
	return (struct recording *)t;
}

static int recording_exec(struct transport *t, const struct transport_call *call,
			  size_t *reply_len, uint32_t *verdict)
{
	struct recording *w = to_recording(t);
	int rc;

	record(w->to, '>', call->opcode, call->req, call->req_len);
	rc = w->inner->ops->exec(w->inner, call, reply_len, verdict);
	record(w->to, '<', call->opcode, call->reply, rc ? 0 : *reply_len);
	return rc;
}

static int recording_cancel(struct transport *t, uint64_t cookie)
{
	struct transport *inner = to_recording(t)->inner;

	return inner->ops->cancel(inner, cookie);
}

static int recording_events(struct transport *t, uint64_t *since, struct coffer_event *list,
			    size_t room, size_t *count, uint32_t *missed)
{
	struct transport *inner = to_recording(t)->inner;

	return inner->ops->events(inner, since, list, room, count, missed);
}

static int recording_fd(struct transport *t)
{
	struct transport *inner = to_recording(t)->inner;

	return inner->ops->fd(inner);
}

static uint64_t recording_epoch(struct transport *t)
{
	struct transport *inner = to_recording(t)->inner;

	return inner->ops->epoch(inner);
}

static void recording_close(struct transport *t)
{
	struct recording *w = to_recording(t);

	w->inner->ops->close(w->inner);
	free(w);
}

static const struct transport_ops recording_ops = {
	.name = "recorder",
	.exec = recording_exec,
	.cancel = recording_cancel,
	.events = recording_events,
	.fd = recording_fd,
	.epoch = recording_epoch,
	.close = recording_close,
};

struct transport *recorder_wrap(struct recorder *r, struct transport *inner)
{
	struct recording *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->base.ops = &recording_ops;
	w->inner = inner;
	w->to = r;
	return &w->base;
}
