/* SPDX-License-Identifier: BSD-3-Clause */
/* The oracle's own picture of the device: what SPEC.md says it has to be. */
#ifndef ORACLE_H
#define ORACLE_H

#include "bus.h"

#define EXPECT_NOTHING 0xff		/* the firmware decides, or the device has no memory */

/* A command from the reading of its entry to its completion. */
struct cmd {
	struct cmd *next;
	unsigned queue;
	struct coffer_sqe sqe;
	struct coffer_seg seg[2][COFFER_MAX_SEGMENTS];	/* request, reply */
	uint8_t expect;			/* enum coffer_tstatus that is due */
	bool vague;			/* another of its tag was in flight: which one ended? */
	bool ghost;			/* ended, or another of its tag did in its place */
	bool submitted, answered, reply_failed;
	uint64_t fw_tag;
	uint32_t verdict, reply_len;
	uint8_t *req, *reply;
	uint32_t loaded;		/* bytes of the request */
};

struct ring {
	bool on;
	uint64_t sq, cq;
	uint32_t size, vector;
	uint32_t sq_head, sq_tail, cq_head, cq_tail;
	uint16_t phase;
	uint32_t fetched, irqs;
	unsigned in_flight;
	uint32_t aborted[COFFER_MAX_ABORTS];
	unsigned n_aborted;		/* since the queue was enabled */
};

struct oracle {
	struct ring ring[COFFER_MAX_QUEUES];
	struct cmd *cmds;
	bool lies;			/* completions need not be true */
	bool halves;			/* replies may be cut short */
	bool stalled;			/* the first error of the bus was seen: FATAL follows */
	unsigned lost;			/* completions that the bus refused */
	/* What is being read for the newest command. */
	struct cmd *newest, *loading;
	unsigned step, segment;		/* step 0, 1: lists; 2: data */
	uint64_t want_addr;
	uint32_t want_len;
	/* The newest entry that was read, until the device says of which queue. */
	uint64_t entry_addr;
	struct coffer_sqe entry;
	bool entry_new;
	/* The newest write, until the store that makes it whole; then the completion. */
	uint64_t half_addr;
	uint32_t half_len;
	uint64_t half_data;
	uint64_t cqe_addr, cqe_last;
	bool cqe_new;
	/* Event ring. */
	bool evq_on;
	uint64_t evq_base;
	uint32_t evq_size, evq_head, evq_tail;
	/* Interrupts of one run of the bottom half. */
	unsigned sent[COFFER_VECTORS];
};

extern struct oracle oracle;

/* load.c: what reading a command has to look like */
void oracle_load(struct cmd *c);
bool oracle_loads(uint64_t addr, const void *data, uint32_t len, bool good);

#endif
