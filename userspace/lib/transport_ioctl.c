// SPDX-License-Identifier: BSD-3-Clause
/* /dev/cofferN: contract 3. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib.h"
#include "uapi/linux/coffer.h"

struct ioctl_card {
	struct transport base;
	int fd;
	uint64_t resets;		/* atomic; the driver's count when last looked at */
};

static struct ioctl_card *to_ioctl(struct transport *t)
{
	return (struct ioctl_card *)t;
}

static int ioctl_query(int fd, struct coffer_query *query)
{
	*query = (struct coffer_query){ .size = sizeof(*query) };
	return ioctl(fd, COFFER_IOC_QUERY, query) ? -errno : 0;
}

static void resets_look(struct ioctl_card *c)
{
	struct coffer_query query;

	if (!ioctl_query(c->fd, &query))
		__atomic_store_n(&c->resets, query.reset_count, __ATOMIC_RELAXED);
}

/*
 * After a reset the driver gives the descriptor a new owner without a word, and a session that
 * it opens may get the number of one that is gone. Look at the count of resets whenever that can
 * have happened, so that every other command does without.
 */
static bool may_be_reset(uint16_t opcode, int rc, uint32_t verdict)
{
	return rc || opcode == COFFER_CMD_SESSION_OPEN || opcode == COFFER_CMD_FW_UPDATE ||
	       verdict == (uint32_t)COFFER_ST_OWNER_UNKNOWN ||
	       verdict == (uint32_t)COFFER_ST_SESSION_HANDLE_INVALID;
}

static int ioctl_exec(struct transport *t, const struct transport_call *call, size_t *reply_len,
		      uint32_t *verdict)
{
	struct ioctl_card *c = to_ioctl(t);
	struct coffer_exec exec = {
		.size = sizeof(exec),
		.opcode = call->opcode,
		.req = (uintptr_t)call->req,
		.reply = (uintptr_t)call->reply,
		.req_len = (uint32_t)call->req_len,
		.timeout_ms = call->timeout_ms,
		.cookie = call->cookie,
	};
	size_t room = *reply_len;
	int rc;

	*reply_len = 0;
	if (call->req_len > COFFER_CMD_MAX_PAYLOAD)
		return -EINVAL;
	if (room > COFFER_CMD_MAX_PAYLOAD)
		room = COFFER_CMD_MAX_PAYLOAD;
	exec.reply_len = (uint32_t)room;
	/* A signal that does not kill interrupts it only before the card has the command. */
	do {
		rc = ioctl(c->fd, COFFER_IOC_EXEC, &exec) ? -errno : 0;
	} while (rc == -EINTR);
	if (!rc && exec.reply_len > room)
		rc = -EIO;
	if (may_be_reset(call->opcode, rc, exec.verdict))
		resets_look(c);
	if (rc)
		return rc;
	*reply_len = exec.reply_len;
	*verdict = exec.verdict;
	return 0;
}

static int ioctl_cancel(struct transport *t, uint64_t cookie)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = cookie };

	return ioctl(to_ioctl(t)->fd, COFFER_IOC_CANCEL, &cancel) ? -errno : 0;
}

static int ioctl_events(struct transport *t, uint64_t *since, struct coffer_event *list,
			size_t room, size_t *count, uint32_t *missed)
{
	struct coffer_events events = {
		.size = sizeof(events),
		.since = *since,
		.events = (uintptr_t)list,
		.count = room > UINT32_MAX ? UINT32_MAX : (uint32_t)room,
	};

	*count = 0;
	*missed = 0;
	if (ioctl(to_ioctl(t)->fd, COFFER_IOC_EVENTS, &events))
		return -errno;
	if (events.count > room)
		return -EIO;
	*since = events.since;
	*count = events.count;
	*missed = events.missed;
	return 0;
}

static int ioctl_fd(struct transport *t)
{
	return to_ioctl(t)->fd;
}

static uint64_t ioctl_epoch(struct transport *t)
{
	return __atomic_load_n(&to_ioctl(t)->resets, __ATOMIC_RELAXED);
}

static void ioctl_close(struct transport *t)
{
	/* The kernel lets running commands end before the descriptor's owner goes. */
	close(to_ioctl(t)->fd);
	free(to_ioctl(t));
}

static const struct transport_ops ioctl_ops = {
	.name = "ioctl",
	.exec = ioctl_exec,
	.cancel = ioctl_cancel,
	.events = ioctl_events,
	.fd = ioctl_fd,
	.epoch = ioctl_epoch,
	.close = ioctl_close,
};

/* Read/write if allowed; a read-only descriptor still does what needs no write permission. */
static int node_open(const char *node)
{
	int fd = open(node, O_RDWR | O_CLOEXEC);

	if (fd < 0 && (errno == EACCES || errno == EROFS))
		fd = open(node, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int transport_ioctl_open(const char *node, struct transport **t, char **text)
{
	struct ioctl_card *c;
	struct coffer_query query;
	int fd, rc;

	*t = NULL;
	fd = node_open(node);
	if (fd < 0) {
		text_set(text, text_of("%s: %s", node, coffer_strerror(fd)));
		return fd;
	}
	rc = ioctl_query(fd, &query);
	if (rc) {
		if (rc == -ENOTTY || rc == -EINVAL)
			rc = -EPROTO;
		text_set(text, text_of("%s: %s", node, rc == -EPROTO ?
				       "not a Coffer card" : coffer_strerror(rc)));
		close(fd);
		return rc;
	}
	c = calloc(1, sizeof(*c));
	if (!c) {
		close(fd);
		return -ENOMEM;
	}
	c->base.ops = &ioctl_ops;
	c->fd = fd;
	c->resets = query.reset_count;
	*t = &c->base;
	return 0;
}
