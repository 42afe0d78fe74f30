/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How programs share a card folder.
 *
 * One process, coffer-card-host, has the card (DIR/lock) and serves it on the socket
 * DIR/host.sock (mode 0600; only the folder's owner may connect). Frames: coffer_cmd.h. The
 * first frame each way is a hello. Many commands may wait in one connection; replies come in
 * any order. A connection is an owner of the card: when it ends, so do its sessions and logins.
 *
 * Start. A client takes flock on DIR/start.lock, tries to connect, and when nobody listens
 * starts `coffer-card-host serve DIR --ready-fd N`, which says one line on N: "ok", or
 * "errno NUMBER: why not". Then it connects. It lets start.lock go when it has its hello.
 *
 * End. 0.3 s after its last connection ended the host tries to take start.lock. If a client has
 * it, somebody is about to connect: the host goes on. If it gets it, nobody can be connecting:
 * it removes the socket, switches the card off, and lets start.lock go last, so that whoever
 * starts the next host finds the card free. SIGTERM and SIGINT end all connections and then the
 * host; commands that run are finished first.
 *
 * Refused frames. The reply's `error` is EPERM for a driver-only opcode, EOPNOTSUPP for one that
 * is in no table, EBUSY when the card's queue is full: the connection goes on. EPROTO for a frame
 * that is malformed, too long, or reuses the tag of a waiting command: the connection ends.
 */
#ifndef HOST_STREAM_H
#define HOST_STREAM_H

#include <pthread.h>
#include <stdbool.h>

#include "fw.h"

#define CONNECTIONS_MAX	256
#define CALLS_MAX	512	/* waiting in one connection; then it is read no further */
#define HELLO_MS	10000
#define GRACE_MS	300

struct conn;

struct host {
	struct fw_card *card;
	int dir;		/* the folder */
	int listen;		/* -1: none */
	int start_lock;		/* -1: not held */
	int stop_fd;		/* readable for ever once the host is to end */
	int ended_fd;		/* counts ended connections */
	pthread_mutex_t lock;
	struct conn *conns;	/* under lock */
	unsigned int conn_count;	/* under lock */
	uint64_t next_tag;	/* under lock: card-wide names of commands */
};

/* conn.c. Takes the descriptors over (they may be the same). 0 or -errno. */
int conn_start(struct host *h, int in, int out);
void conn_reap(struct host *h);		/* frees those that ended */
void conn_wait_all(struct host *h);	/* until none is left */

/* main.c: one line for people; EXIT_FAILURE, or 2 with the usage */
int complain(const char *text);
int bad_use(const char *text);

/*
 * confine.c: from here on only what serving a card needs from the kernel, in every thread. 0 or
 * -errno.
 */
int host_confine(void);

/* ped.c */
int verb_ped(int argc, char **argv);

/* server.c */
/* @ped: folder of the PED; NULL: DIR/ped. */
int host_open(struct host *h, const char *dir, const char *ped, char *err, size_t err_len);
int host_listen(struct host *h, const char *dir, char *err, size_t err_len);
void host_run(struct host *h);		/* until its last connection ended, or a signal */
int host_stdio(struct host *h);		/* one connection on standard input and output */
void signals_block(void);		/* before the first thread is made */
/* Clients' ends: the socket goes, the card is switched off. */
void host_close(struct host *h);

#endif /* HOST_STREAM_H */
