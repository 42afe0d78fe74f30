/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands in flight and the threads that run them. */
#ifndef FW_POOL_H
#define FW_POOL_H

#include "card.h"

/* A command from fw_submit to done(). Belongs to one thread at a time. */
struct job {
	struct cmd c;			/* first: a handler's cmd is its job */
	struct job *next;		/* in a queue: pool's, then writer's */
	struct job *flight_next;	/* in flight, under the pool's lock */
	struct job *flight_prev;
	const struct row *row;
	struct fw_request rq;
	fw_done_fn *done;		/* NULL: no command, and not the pool's */
	void *opaque;
	uint64_t number;		/* order of arrival */
	bool slow;			/* may keep a thread for long */
	struct share *share;		/* its owner's part of the pool */
	uint8_t *secret;		/* private copy of the request, wiped */
	uint8_t *reply;			/* goes out only when the verdict is OK */
	size_t reply_size;
	enum gate_mode card_gate;
	enum gate_mode part_gate;
	atomic_int cancelled;
	/* A command that waits for a PED key belongs to ped_wait.c until it is resumed. */
	bool resumed;
	bool tampered_before;
	uint32_t ped_verdict;
	uint64_t due_ns;		/* when its model has the answer (speed.c) */
	uint32_t held_verdict;
	bool audited;			/* a record goes with it */
	uint32_t refused;		/* the handler's verdict: only the record is written */
	uint32_t applied;		/* the writer's: verdict of the change set */
};

struct pool;
typedef void pool_run_fn(struct job *job, bool removed);

int pool_start(unsigned int workers, unsigned int max_in_flight, pool_run_fn *run,
	       struct pool **pool);
/* 0 or -EBUSY. @reserved: may use the room that is kept for closing owners. */
int pool_submit(struct pool *pool, struct job *job, bool reserved);
/* A command that left its worker goes on; when the pool stops meanwhile it ends here. */
void pool_resume(struct pool *pool, struct job *job);
void pool_cancel(struct pool *pool, uint64_t tag);
void pool_forget(struct pool *pool, struct job *job);	/* answered: no longer in flight */
void pool_done(struct pool *pool);			/* ... and done() has returned */
/* No new commands; those that wait end as removed, long ones are cancelled; waits for all. */
void pool_stop(struct pool *pool);

/* dispatch.c */
void job_run(struct job *job, bool removed);
void job_leave(struct job *job);		/* job.c: out of the gates */
void job_end(struct job *job, uint32_t verdict);	/* job.c; also by the writer */
void job_released(struct job *job, uint32_t verdict);	/* job.c: by speed.c */

/*
 * ped_wait.c. Before the gates. OK: c.ped has what the command needs, if anything. PED_NOT_YET: the
 * command waits and is no longer the caller's. PED_UNPLUGGED, PED_ERROR, PED_UNSUPPORTED,
 * OPERATION_ACTIVE (another command waits), or why the command would be refused anyway.
 */
#define PED_NOT_YET	0xffffffffu	/* no status */
uint32_t ped_collect(struct job *job);

#endif /* FW_POOL_H */
