// SPDX-License-Identifier: BSD-3-Clause
/* The firmware in this process: for tests, fuzzers and measurement. Not part of libcoffer.so. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"
#include "fw.h"

/* A command that is inside, for cancel. */
struct inproc_call {
	struct inproc_call *next;
	uint64_t tag, cookie;
};

struct inproc {
	struct transport base;
	struct fw_card *card;
	uint64_t owner;
	uint64_t epoch;			/* atomic */
	uint64_t tag;			/* atomic */
	pid_t pid;
	pthread_mutex_t lock;		/* guards calls */
	struct inproc_call *calls;
};

static struct inproc *to_inproc(struct transport *t)
{
	return (struct inproc *)t;
}

/* What driver and card-host refuse before the firmware sees it. */
static int admit(uint16_t opcode, size_t req_len)
{
	const struct command_row *row = command_find(opcode);

	if (req_len > COFFER_CMD_MAX_PAYLOAD)
		return -EINVAL;
	if (!row)
		return -EOPNOTSUPP;
	return row->flags & COFFER_CF_DRIVER ? -EPERM : 0;
}

static void call_enter(struct inproc *p, struct inproc_call *call)
{
	pthread_mutex_lock(&p->lock);
	call->next = p->calls;
	p->calls = call;
	pthread_mutex_unlock(&p->lock);
}

static void call_leave(struct inproc *p, struct inproc_call *call)
{
	struct inproc_call **at = &p->calls;

	pthread_mutex_lock(&p->lock);
	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	pthread_mutex_unlock(&p->lock);
}

static uint32_t inproc_run(struct inproc *p, const struct transport_call *call, bool driver,
			   size_t *reply_len)
{
	const struct fw_request request = {
		.owner = driver ? 0 : p->owner,
		.tag = __atomic_add_fetch(&p->tag, 1, __ATOMIC_RELAXED),
		.opcode = call->opcode,
		.from_driver = driver,
		.req_len = (uint32_t)call->req_len,
		.reply_room = (uint32_t)*reply_len,
		.req = call->req,
		.reply = call->reply,
	};
	struct inproc_call inside = { .tag = request.tag, .cookie = call->cookie };
	uint32_t len = 0, verdict;

	call_enter(p, &inside);
	verdict = fw_exec(p->card, &request, &len);
	call_leave(p, &inside);
	*reply_len = len;
	return verdict;
}

/* With the lock held: a tag is its command's for as long as that is in the list. */
static int inproc_cancel(struct transport *t, uint64_t cookie)
{
	struct inproc *p = to_inproc(t);
	int rc = -ENOENT;

	pthread_mutex_lock(&p->lock);
	for (struct inproc_call *call = p->calls; call; call = call->next)
		if (call->cookie == cookie) {
			fw_cancel(p->card, call->tag);
			rc = 0;
		}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

static int inproc_exec(struct transport *t, const struct transport_call *call,
		       size_t *reply_len, uint32_t *verdict)
{
	struct inproc *p = to_inproc(t);
	size_t room = *reply_len;
	int rc = admit(call->opcode, call->req_len);

	*reply_len = 0;
	if (rc)
		return rc;
	if (room > COFFER_CMD_MAX_PAYLOAD)
		room = COFFER_CMD_MAX_PAYLOAD;
	*verdict = inproc_run(p, call, false, &room);
	*reply_len = room;
	if (*verdict == (uint32_t)COFFER_ST_OWNER_UNKNOWN)
		__atomic_add_fetch(&p->epoch, 1, __ATOMIC_RELAXED);
	return 0;
}

static int inproc_events(struct transport *t, uint64_t *since, struct coffer_event *list,
			 size_t room, size_t *count, uint32_t *missed)
{
	(void)t;
	(void)since;
	(void)list;
	(void)room;
	*count = 0;
	*missed = 0;
	return -EOPNOTSUPP;
}

static int inproc_fd(struct transport *t)
{
	(void)t;
	return -1;
}

static uint64_t inproc_epoch(struct transport *t)
{
	return __atomic_load_n(&to_inproc(t)->epoch, __ATOMIC_RELAXED);
}

static void inproc_close(struct transport *t)
{
	struct inproc *p = to_inproc(t);

	/* In a forked child the firmware's threads do not exist: leave it alone. */
	if (p->pid == getpid())
		fw_card_close(p->card);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

static const struct transport_ops inproc_ops = {
	.name = "inproc",
	.exec = inproc_exec,
	.cancel = inproc_cancel,
	.events = inproc_events,
	.fd = inproc_fd,
	.epoch = inproc_epoch,
	.close = inproc_close,
};

static int owner_open(struct inproc *p)
{
	struct coffer_req_owner owner = { 0 };
	const struct transport_call call = {
		.opcode = COFFER_CMD_OWNER_OPEN,
		.req = &owner,
		.req_len = sizeof(owner),
		.reply = &owner,
	};
	size_t len = sizeof(owner);

	if (inproc_run(p, &call, true, &len) || len != sizeof(owner))
		return -EIO;
	p->owner = owner.owner;
	return 0;
}

int transport_inproc_open(const char *dir, struct transport **t, char **text)
{
	const struct fw_open how = { .workers = 2 };
	struct inproc *p = calloc(1, sizeof(*p));
	char line[256] = "";
	int rc;

	*t = NULL;
	if (!p)
		return -ENOMEM;
	p->base.ops = &inproc_ops;
	p->pid = getpid();
	pthread_mutex_init(&p->lock, NULL);
	rc = fw_card_open(dir, &how, &p->card, line, sizeof(line));
	if (!rc) {
		rc = owner_open(p);
		if (rc)
			fw_card_close(p->card);
	}
	if (rc) {
		text_set(text, text_of("%s: %s", dir, line));
		free(p);
		return rc;
	}
	*t = &p->base;
	return 0;
}
