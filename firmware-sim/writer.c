// SPDX-License-Identifier: BSD-3-Clause
/*
 * Group commit. The writer takes all change sets that wait, applies each in a savepoint of its
 * own, in the order in which they came, and makes them durable with one sync. It never waits
 * for more: while it syncs, the next group gathers by itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nv.h"
#include "pool.h"
#include "store_internal.h"
#include "writer.h"

#define NV_EVERY	256	/* commits between two marks in nv */
#define SCRUB_ROWS	512	/* dead rows removed at a time, when there is nothing else */

struct writer {
	struct fw_card *card;
	job_answer_fn *answer;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work;
	/* under lock */
	struct job *head;
	struct job *tail;
	bool stopping;
	/* the writer's own */
	uint64_t commit_number;
	struct audit_state audit;	/* as the open transaction has it */
	bool scrub;
	_Atomic uint64_t syncs;
	_Atomic uint64_t changes;
};

/*
 * Change and record, or with a @verdict only the record: both or nothing, and *st says which.
 * false: the group is lost. What failed is not undone, or it took the transaction with it.
 */
static bool writer_unit(struct writer *w, struct job *job, uint32_t verdict, uint32_t *st)
{
	struct store *store = w->card->store;
	struct audit_state before = w->audit;

	*st = COFFER_ST_DEVICE_ERROR;
	if (store_unit_begin(store))
		return false;
	*st = verdict ? (uint32_t)COFFER_ST_OK : change_apply(store, job->c.change);
	if (!*st)
		*st = audit_apply(&w->audit, &job->c, verdict, job->audited);
	if (!*st && store_unit_keep(store))
		*st = COFFER_ST_DEVICE_ERROR;
	if (*st)
		w->audit = before;
	if (*st && store_unit_drop(store))
		return false;
	return store_in_transaction(store);
}

/* *kept: there is something to commit. false as writer_unit. */
static bool writer_apply_one(struct writer *w, struct job *job, bool *kept)
{
	uint32_t st;

	*kept = false;
	job->applied = job->refused;
	if (!job->refused && !writer_unit(w, job, COFFER_ST_OK, &job->applied))
		return false;
	if (!job->applied || !job->audited) {
		*kept = !job->applied;
		return true;
	}
	if (!writer_unit(w, job, job->applied, &st))
		return false;
	/* What cannot be recorded is not even refused by its name. */
	if (st)
		job->applied = COFFER_ST_DEVICE_ERROR;
	*kept = !st;
	return true;
}

/* Each set may fail alone; *applied counts those that did not. */
static bool writer_apply(struct writer *w, struct job *jobs, uint64_t *applied)
{
	struct job *job;
	bool kept;

	*applied = 0;
	if (store_begin(w->card->store))
		return false;
	for (job = jobs; job; job = job->next) {
		if (!writer_apply_one(w, job, &kept))
			return false;
		if (kept)
			(*applied)++;
	}
	return true;
}

static void writer_mark(struct writer *w)
{
	if (w->commit_number % NV_EVERY == 0)
		nv_mark(w->card->nv, w->commit_number);
	else
		nv_note(w->card->nv, w->commit_number);
}

static bool writer_audit_changed(struct writer *w)
{
	struct audit_state now;

	audit_look(w->card, &now);
	return memcmp(&now, &w->audit, sizeof(now)) != 0;
}

/* A failed commit undoes every set of the group. */
static bool writer_commit(struct writer *w, struct job *jobs)
{
	uint64_t applied;
	bool audit;

	audit_look(w->card, &w->audit);
	if (!writer_apply(w, jobs, &applied)) {
		store_rollback(w->card->store);
		return false;
	}
	if (!applied) {
		store_rollback(w->card->store);
		return true;
	}
	audit = writer_audit_changed(w);
	if ((audit && audit_save(w->card, &w->audit)) ||
	    store_commit(w->card->store, w->commit_number + 1)) {
		store_rollback(w->card->store);
		return false;
	}
	w->commit_number++;
	if (audit)
		audit_publish(w->card, &w->audit);
	atomic_fetch_add(&w->syncs, 1);
	atomic_fetch_add(&w->changes, applied);
	writer_mark(w);
	return true;
}

static void writer_answer(struct writer *w, struct job *job, bool durable)
{
	struct change *ch = job->c.change;
	uint32_t verdict = durable ? job->applied : (uint32_t)COFFER_ST_DEVICE_ERROR;

	if (verdict)
		change_failed(ch);
	else if (change_clears(ch))
		w->scrub = true;
	verdict = change_finish(ch, verdict);
	change_drop(ch);
	job->c.change = NULL;
	w->answer(job, verdict);
}

static void writer_group(struct writer *w, struct job *jobs)
{
	bool durable = writer_commit(w, jobs);
	struct job *job;

	while ((job = jobs) != NULL) {
		jobs = job->next;
		job->next = NULL;
		writer_answer(w, job, durable);
	}
}

/* Rows of erased partitions: their keys are gone, their space is given back when idle. */
static void writer_scrub(struct writer *w)
{
	struct store *store = w->card->store;
	int left;

	if (store_begin(store)) {
		w->scrub = false;
		return;
	}
	left = store_scrub(store, SCRUB_ROWS);
	if (left > 0 && !store_commit(store, w->commit_number))
		return;
	store_rollback(store);
	w->scrub = false;
	if (!left)
		store_empty_log(store);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct job *jobs;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		if (w->head) {
			jobs = w->head;
			w->head = w->tail = NULL;
			pthread_mutex_unlock(&w->lock);
			writer_group(w, jobs);
		} else if (w->stopping) {
			break;
		} else if (w->scrub) {
			pthread_mutex_unlock(&w->lock);
			writer_scrub(w);
		} else {
			pthread_cond_wait(&w->work, &w->lock);
			continue;
		}
		pthread_mutex_lock(&w->lock);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int writer_start(struct fw_card *card, job_answer_fn *answer, struct writer **writer)
{
	struct writer *w = calloc(1, sizeof(*w));

	*writer = NULL;
	if (!w)
		return -ENOMEM;
	w->card = card;
	w->answer = answer;
	w->commit_number = store_commit_number(card->store);
	w->scrub = true;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->work, NULL);
	if (pthread_create(&w->thread, NULL, writer_main, w)) {
		free(w);
		return -EAGAIN;
	}
	*writer = w;
	return 0;
}

void writer_stop(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	pthread_cond_destroy(&w->work);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

void writer_submit(struct writer *w, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&w->lock);
	if (w->tail)
		w->tail->next = job;
	else
		w->head = job;
	w->tail = job;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
}

uint32_t writer_commit_alone(struct fw_card *card, struct change *ch, struct cmd *told)
{
	struct store *store = card->store;
	struct audit_state audit;
	uint32_t st = COFFER_ST_DEVICE_ERROR;

	if (store_begin(store))
		return st;
	st = change_apply(store, ch);
	if (told)
		audit_look(card, &audit);
	if (!st && told)
		st = audit_apply(&audit, told, COFFER_ST_OK, told->note.due);
	if (!st && told)
		st = audit_save(card, &audit);
	if (!st && store_commit(store, store_commit_number(store) + 1))
		st = COFFER_ST_DEVICE_ERROR;
	if (st)
		store_rollback(store);
	else if (told)
		audit_publish(card, &audit);
	return st;
}

uint64_t writer_syncs(const struct writer *w)
{
	return atomic_load(&((struct writer *)w)->syncs);
}

uint64_t writer_changes(const struct writer *w)
{
	return atomic_load(&((struct writer *)w)->changes);
}
