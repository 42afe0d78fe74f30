// SPDX-License-Identifier: BSD-3-Clause
/*
 * Worker threads. Two queues: commands that may keep a thread for long (key generation,
 * password stretching) leave at least one worker to the others. Owners share: each may have
 * half of what is in flight, and long commands of those who had their turn least recently go first.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "pool.h"

#define WORKERS_MAX	8
#define RESERVE		64	/* commands above the limit, for OWNER_OPEN and OWNER_CLOSE */

/* What an owner has in flight or running; ends with the last of it. Owner 0 has no limit. */
struct share {
	struct share *next;
	uint64_t owner;
	unsigned int refs;
	unsigned int in_flight;
	unsigned int slow_running;
	uint64_t turn;			/* of its last long command; 0: none since it is here */
};

#define SHARE_BUCKETS	64

struct queue {
	struct job *head;
	struct job *tail;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_cond_t idle;
	pool_run_fn *run;
	/* all under lock */
	struct queue quick;
	struct queue slow;
	struct job *flight;
	uint64_t next_number;
	unsigned int in_flight;
	unsigned int unanswered;	/* done() has not returned */
	unsigned int max_in_flight;
	unsigned int slow_running;
	unsigned int slow_max;
	uint64_t turns;
	struct share *shares[SHARE_BUCKETS];
	bool stopping;
	unsigned int workers;
	pthread_t threads[WORKERS_MAX];
};

static void queue_push(struct queue *q, struct job *job)
{
	job->next = NULL;
	if (q->tail)
		q->tail->next = job;
	else
		q->head = job;
	q->tail = job;
}

static struct job *queue_pop(struct queue *q)
{
	struct job *job = q->head;

	if (!job)
		return NULL;
	q->head = job->next;
	if (!q->head)
		q->tail = NULL;
	job->next = NULL;
	return job;
}

/* NULL: its owner has enough in flight, or there is no memory. */
static struct share *share_get(struct pool *p, uint64_t owner)
{
	struct share **at = &p->shares[owner % SHARE_BUCKETS], *s;
	unsigned int limit = p->max_in_flight > 1 ? p->max_in_flight / 2 : 1;

	for (s = *at; s && s->owner != owner; s = s->next)
		;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->owner = owner;
		s->next = *at;
		*at = s;
	} else if (owner && s->in_flight >= limit) {
		return NULL;
	}
	s->in_flight++;
	s->refs++;
	return s;
}

static void share_put(struct pool *p, struct share *share)
{
	struct share **at = &p->shares[share->owner % SHARE_BUCKETS];

	if (--share->refs)
		return;
	while (*at != share)
		at = &(*at)->next;
	*at = share->next;
	free(share);
}

/* Fewest long commands running, then longest without one. */
static bool share_before(const struct share *a, const struct share *b)
{
	if (a->slow_running != b->slow_running)
		return a->slow_running < b->slow_running;
	return a->turn < b->turn;
}

/* Moves the long command that is to run next to the head of its queue. */
static void slow_choose(struct queue *q)
{
	struct job **at, **best = &q->head, *before, *job;

	for (at = &q->head; *at; at = &(*at)->next)
		if (share_before((*at)->share, (*best)->share))
			best = at;
	job = *best;
	if (job == q->head)
		return;
	for (before = q->head; before->next != job; before = before->next)
		;
	before->next = job->next;
	if (q->tail == job)
		q->tail = before;
	job->next = q->head;
	q->head = job;
}

/* The oldest command that may run now; NULL: wait. */
static struct job *pool_pick(struct pool *p)
{
	bool slow_ok = p->slow.head && p->slow_running < p->slow_max;

	if (slow_ok)
		slow_choose(&p->slow);
	if (slow_ok && (!p->quick.head || p->slow.head->number < p->quick.head->number)) {
		p->slow_running++;
		p->slow.head->share->refs++;
		p->slow.head->share->slow_running++;
		p->slow.head->share->turn = ++p->turns;
		return queue_pop(&p->slow);
	}
	return queue_pop(&p->quick);
}

static void *worker(void *arg)
{
	struct pool *p = arg;
	struct share *share;
	struct job *job;
	bool slow;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		job = pool_pick(p);
		if (!job) {
			if (p->stopping)
				break;
			pthread_cond_wait(&p->work, &p->lock);
			continue;
		}
		slow = job->slow;
		share = job->share;
		pthread_mutex_unlock(&p->lock);
		p->run(job, false);
		pthread_mutex_lock(&p->lock);
		if (slow) {
			p->slow_running--;
			share->slow_running--;
			share_put(p, share);
			if (p->slow.head)
				pthread_cond_signal(&p->work);
		}
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static unsigned int pool_processors(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 2 ? 2 : (unsigned int)n;
}

int pool_start(unsigned int workers, unsigned int max_in_flight, pool_run_fn *run,
	       struct pool **pool)
{
	struct pool *p = calloc(1, sizeof(*p));

	*pool = NULL;
	if (!p)
		return -ENOMEM;
	if (!workers)
		workers = pool_processors();
	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->idle, NULL);
	p->run = run;
	p->max_in_flight = max_in_flight ? max_in_flight : 1024;
	for (; p->workers < workers; p->workers++)
		if (pthread_create(&p->threads[p->workers], NULL, worker, p))
			break;
	/* Written before any command can come; workers read it under the lock. */
	pthread_mutex_lock(&p->lock);
	p->slow_max = p->workers > 1 ? p->workers - 1 : 1;
	pthread_mutex_unlock(&p->lock);
	*pool = p;
	if (p->workers)
		return 0;
	pool_stop(p);
	*pool = NULL;
	return -EAGAIN;
}

int pool_submit(struct pool *p, struct job *job, bool reserved)
{
	unsigned int limit;
	int rc = 0;

	pthread_mutex_lock(&p->lock);
	limit = p->max_in_flight + (reserved ? RESERVE : 0);
	job->share = p->stopping || p->in_flight >= limit ? NULL :
		     share_get(p, job->rq.owner);
	if (!job->share) {
		rc = -EBUSY;
	} else {
		p->in_flight++;
		p->unanswered++;
		job->number = p->next_number++;
		job->flight_prev = NULL;
		job->flight_next = p->flight;
		if (p->flight)
			p->flight->flight_prev = job;
		p->flight = job;
		queue_push(job->slow ? &p->slow : &p->quick, job);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return rc;
}

void pool_resume(struct pool *p, struct job *job)
{
	bool stopping;

	pthread_mutex_lock(&p->lock);
	stopping = p->stopping;
	if (!stopping) {
		queue_push(&p->slow, job);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	if (stopping)
		p->run(job, true);
}

static void job_cancel(struct job *job)
{
	atomic_store_explicit(&job->cancelled, 1, memory_order_relaxed);
}

void pool_cancel(struct pool *p, uint64_t tag)
{
	struct job *job;

	pthread_mutex_lock(&p->lock);
	for (job = p->flight; job; job = job->flight_next)
		if (job->rq.tag == tag)
			job_cancel(job);
	pthread_mutex_unlock(&p->lock);
}

void pool_forget(struct pool *p, struct job *job)
{
	pthread_mutex_lock(&p->lock);
	if (job->flight_prev)
		job->flight_prev->flight_next = job->flight_next;
	else
		p->flight = job->flight_next;
	if (job->flight_next)
		job->flight_next->flight_prev = job->flight_prev;
	p->in_flight--;
	job->share->in_flight--;
	share_put(p, job->share);
	pthread_mutex_unlock(&p->lock);
}

void pool_done(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	if (!--p->unanswered)
		pthread_cond_broadcast(&p->idle);
	pthread_mutex_unlock(&p->lock);
}

void pool_stop(struct pool *p)
{
	struct job *quick, *slow, *job;
	unsigned int i;

	pthread_mutex_lock(&p->lock);
	p->stopping = true;
	quick = p->quick.head;
	slow = p->slow.head;
	p->quick = p->slow = (struct queue){ NULL, NULL };
	for (job = p->flight; job; job = job->flight_next)
		if (job->slow)
			job_cancel(job);
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (; (job = quick) != NULL; p->run(job, true))
		quick = job->next;
	for (; (job = slow) != NULL; p->run(job, true))
		slow = job->next;
	pthread_mutex_lock(&p->lock);
	while (p->unanswered)
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
	for (i = 0; i < p->workers; i++)
		pthread_join(p->threads[i], NULL);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->idle);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
