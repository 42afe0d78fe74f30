/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one seam between library and card. Implementations: ioctl (/dev/cofferN), stream (card
 * folder through card-host, ssh:HOST:CARD), inproc (firmware linked in: tests only). All pass
 * tests/unit/transport_test.c.
 *
 * Promises, per member:
 *  exec    any thread, any number at once. 0: the card answered, *verdict and *reply_len are
 *          set. Negative: the transport's story, nothing is known of the command's effect with
 *          -ETIMEDOUT, -ECANCELED, -EIO, -EPIPE; it was not sent with -EINVAL, -EPERM, -EOPNOTSUPP,
 *          -EBUSY, -ENODEV. After -ENODEV or -EPIPE the handle is of no more use but to close.
 *          The request is not kept after return; the reply is written only on 0.
 *  cancel  any thread. Asks the card to end the commands of that cookie, which is not 0, early;
 *          exec still waits for its answer, mostly with verdict CANCEL. May be too early (the
 *          card has not got it yet) or too late. -ENOENT: none is inside.
 *  events  -EOPNOTSUPP where there are none. Never waits.
 *  fd      a descriptor that polls readable when events may be new, or -1.
 *  epoch   changes when the card ended all owners (reset): sessions opened before are gone.
 *  close   after it returns no thread is inside; frees the handle. In a forked child it only
 *          frees memory and descriptors.
 */
#ifndef LIB_TRANSPORT_H
#define LIB_TRANSPORT_H

#include <stddef.h>
#include <stdint.h>

struct coffer_event;			/* uapi */

struct transport {
	const struct transport_ops *ops;
};

struct transport_call {
	uint16_t opcode;
	unsigned int timeout_ms;	/* 0 = the command's own */
	uint64_t cookie;		/* names it for cancel; 0 = nobody will */
	const void *req;
	size_t req_len;
	void *reply;
};

struct transport_ops {
	const char *name;
	/* *reply_len: room in, bytes out, 0 on failure. */
	int (*exec)(struct transport *t, const struct transport_call *call, size_t *reply_len,
		    uint32_t *verdict);
	int (*cancel)(struct transport *t, uint64_t cookie);
	int (*events)(struct transport *t, uint64_t *since, struct coffer_event *list,
		      size_t room, size_t *count, uint32_t *missed);
	int (*fd)(struct transport *t);
	uint64_t (*epoch)(struct transport *t);
	void (*close)(struct transport *t);
};

/* 0 or -errno; *text may get one line for people (free() it). */
int transport_ioctl_open(const char *node, struct transport **t, char **text);
int transport_folder_open(const char *dir, struct transport **t, char **text);
int transport_ssh_open(const char *host, const char *card, struct transport **t, char **text);
int transport_stream_fds(int in_fd, int out_fd, struct transport **t, char **text);
int transport_inproc_open(const char *dir, struct transport **t, char **text);	/* tests only */
/* By the form of the name: ssh:HOST:CARD, a device node, a card folder. */
int transport_open(const char *name, struct transport **t, char **text);

#endif /* LIB_TRANSPORT_H */
