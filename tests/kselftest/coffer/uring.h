/* SPDX-License-Identifier: GPL-2.0-only */
/* A ring of io_uring's with large entries and large completions, by system calls alone. */
#ifndef COFFER_URING_H
#define COFFER_URING_H

#include <linux/io_uring.h>

#include "coffer_test.h"

#define RING_KIND (IORING_SETUP_SQE128 | IORING_SETUP_CQE32)

struct ring {
	int fd;
	struct io_uring_params params;
	void *sq;		/* heads, tails and the list of entries */
	void *cq;
	void *entries;
	size_t sq_size;
	size_t cq_size;
	size_t entries_size;
};

struct ring_end {
	__u64 data;		/* as given with the command */
	__s32 res;
	__u64 result;		/* big_cqe[0] */
	__u64 zero;		/* big_cqe[1] */
};

int ring_open(struct ring *ring, unsigned int entries, unsigned int flags);
void ring_close(struct ring *ring);

/* The next entry, all of it zero but for what makes it a command of ours; room must be left. */
struct io_uring_sqe *ring_entry(struct ring *ring, int fd, const struct coffer_exec *exec,
				__u64 data);
int ring_submit(struct ring *ring);		/* all entries made so far: how many, or -errno */
int ring_end(struct ring *ring, struct ring_end *end, int ms);	/* 0, or -ETIME: none came */

/* One command: what res says. */
int ring_exec(struct ring *ring, int fd, const struct coffer_exec *exec, struct ring_end *end);

/* ---- Many commands, each with its own memory ---- */
#define MANY 256
#define LEN 700
#define POISON 0x5a

struct uring_load {
	int fd;
	struct ring ring;
	struct coffer_exec exec[MANY];
	struct ring_end end[MANY];	/* by number of the command */
	unsigned char req[MANY][LEN];
	unsigned char reply[MANY][LEN];
};

int uring_open(struct uring_load *load);	/* a descriptor with an owner, and a ring */
void uring_close(struct uring_load *load);
void uring_prepare(struct uring_load *load);	/* echoes that have not been answered */
/* Submit commands first .. first + count - 1. */
int uring_give(struct uring_load *load, int fd, unsigned int first, unsigned int count);
/* Wait for `count` ends; how many came. */
unsigned int uring_take(struct uring_load *load, unsigned int count, int ms);
/* Of these commands: those that came back as an echo should. */
unsigned int uring_right(const struct uring_load *load, unsigned int first, unsigned int count);
/* Those that ended with an errno, as an end with an errno should. */
unsigned int uring_failed(const struct uring_load *load, unsigned int first, unsigned int count,
			  int error);

/* One CPU is one queue; of its slots a descriptor may have so many. */
int one_cpu(const struct ring *ring);	/* with its workers, if there is one */
unsigned int queue_share(int fd);

#endif /* COFFER_URING_H */
