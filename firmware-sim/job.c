// SPDX-License-Identifier: BSD-3-Clause
/* The gates of a command that runs, and the end of it. */
#include <stdlib.h>
#include <string.h>

#include "pool.h"
#include "speed.h"

void job_leave(struct job *job)
{
	if (job->c.part)
		gate_leave(&job->c.part->gate, job->part_gate);
	job->part_gate = GATE_OUT;
	gate_leave(&job->c.card->gate, job->card_gate);
	job->card_gate = GATE_OUT;
}

void cmd_alone(struct cmd *c)
{
	struct job *job = (struct job *)c;

	job_leave(job);
	gate_enter(&c->card->gate, GATE_ALONE);
	job->card_gate = GATE_ALONE;
	card_settle(c->card);
}

static void job_count(struct job *job, uint32_t verdict)
{
	struct counters *n = &job->c.card->counters;

	atomic_fetch_add(&n->commands, 1);
	if (verdict)
		atomic_fetch_add(&n->errors, 1);
	if (job->row)
		atomic_fetch_add(&n->of[job->row->opcode], 1);
}

static void job_free(struct job *job)
{
	if (job->secret)
		crypto_wipe(job->secret, job->rq.req_len);
	if (job->reply && (job->row->flags & COFFER_CF_SECRET))
		crypto_wipe(job->reply, job->reply_size);
	ped_keys_free(job->c.ped);
	free(job->secret);
	free(job->reply);
	free(job->c.note.lines);
	if (job->c.session)
		session_put(job->c.session);
	free(job);
}

/* The answer may have to wait; the command as such is over. */
static bool job_waits(struct job *job, uint32_t verdict)
{
	if (verdict || !job->c.rate)
		return false;
	job_leave(job);
	job->c.part = NULL;
	return speed_hold(job);
}

/* What was held comes back: its wait is over, or it was ended. */
void job_released(struct job *job, uint32_t verdict)
{
	job->c.rate = NULL;
	job_end(job, verdict);
}

void job_end(struct job *job, uint32_t verdict)
{
	struct pool *pool = job->c.card->pool;
	fw_done_fn *done = job->done;
	void *opaque = job->opaque;
	uint32_t len = 0;

	/* A record that the card made by itself (audit_tell.c): nobody waits for it. */
	if (!done) {
		job_free(job);
		return;
	}
	if (!verdict && !wire_out_ok(&job->c.out))
		verdict = COFFER_ST_BUFFER_TOO_SMALL;
	if (job_waits(job, verdict))
		return;
	if (!verdict && job->c.out.len) {
		len = (uint32_t)job->c.out.len;
		memcpy(job->rq.reply, job->reply, len);
	}
	job_leave(job);
	job_count(job, verdict);
	pool_forget(pool, job);
	job_free(job);
	done(opaque, verdict, len);
	pool_done(pool);
}
