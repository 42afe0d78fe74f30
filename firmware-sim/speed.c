// SPDX-License-Identifier: BSD-3-Clause
/*
 * A card that is made with its model's speed (row 97). A private key operation is done at once,
 * in the gates, by a worker as ever; its answer waits until the model would have had it. Nothing
 * else waits: the worker, the gates and other commands are free. A token bucket for each figure
 * of the profile, of BURST_MS, on the monotonic clock; a thread hands the answers out.
 *
 * What ends the wait early, and is the answer then:
 *   fw_cancel                           CANCEL
 *   tamper                              HSM_TAMPERED
 *   session or owner ended, logout      SESSION_HANDLE_INVALID, USER_NOT_LOGGED_IN
 *   power off                           DEVICE_REMOVED
 */
#include <errno.h>
#include <time.h>

#include "pool.h"
#include "speed.h"

#define SECOND_NS	1000000000ull
#define BURST_MS	10u
#define LOOK_NS		20000000ull	/* how long an early end may stay unnoticed */

const struct profile_rate *speed_of(const struct fw_card *card, uint32_t key_type, uint32_t bits)
{
	return card->speed.on ? profile_rate(card->profile, key_type, bits) : NULL;
}

/* NULL: the firmware was updated meanwhile, the figure is another model's. */
static uint64_t *bucket_of(struct fw_card *card, const struct profile_rate *rate)
{
	const struct profile_rate *first = card->profile->rates;

	for (unsigned int i = 0; first && first[i].per_second && i < SPEED_BUCKETS; i++)
		if (&first[i] == rate)
			return &card->speed.bucket[i];
	return NULL;
}

/* Takes a token: when it is there, or will be. Under the lock. */
static uint64_t token(uint64_t *bucket, const struct profile_rate *rate, uint64_t now)
{
	uint64_t interval = SECOND_NS / rate->per_second;
	uint64_t depth = rate->per_second * BURST_MS / 1000;
	uint64_t full = interval * (depth ? depth : 1);

	/* What the bucket does not hold is lost. */
	if (*bucket + full < now)
		*bucket = now - full;
	*bucket += interval;
	return *bucket;
}

/* The earliest first: buckets differ in pace. */
static void list_add(struct speed *s, struct job *job)
{
	struct job **at = &s->held;

	while (*at && (*at)->due_ns <= job->due_ns)
		at = &(*at)->next;
	job->next = *at;
	*at = job;
	s->count++;
}

bool speed_hold(struct job *job)
{
	struct fw_card *card = job->c.card;
	struct speed *s = &card->speed;
	uint64_t now = clock_mono_ns(), *bucket;
	bool held = false;

	pthread_mutex_lock(&s->lock);
	bucket = bucket_of(card, job->c.rate);
	if (bucket && !s->stopping) {
		job->due_ns = token(bucket, job->c.rate, now);
		held = job->due_ns > now;
	}
	if (held) {
		list_add(s, job);
		pthread_cond_signal(&s->change);
	}
	pthread_mutex_unlock(&s->lock);
	return held;
}

/* Why it ends before its time, or OK. Under the speed's lock; takes the card's. */
static uint32_t early(const struct job *job, bool stopping)
{
	struct fw_card *card = job->c.card;
	const struct fw_session *session = job->c.session;
	bool closed, stands_in;
	enum coffer_role role;

	if (atomic_load_explicit(&job->cancelled, memory_order_relaxed))
		return COFFER_ST_CANCEL;
	if (stopping)
		return COFFER_ST_DEVICE_REMOVED;
	if (atomic_load(&card->tampered))
		return COFFER_ST_HSM_TAMPERED;
	pthread_mutex_lock(&card->lock);
	closed = session->closed;
	role = closed ? COFFER_ROLE_NONE : session_role(session, &stands_in);
	pthread_mutex_unlock(&card->lock);
	if (closed)
		return COFFER_ST_SESSION_HANDLE_INVALID;
	return role == job->c.role ? COFFER_ST_OK : COFFER_ST_USER_NOT_LOGGED_IN;
}

/* Out of the list: those whose time has come or that have ended, in order. */
static struct job *list_take(struct speed *s, uint64_t now)
{
	struct job *taken = NULL, **last = &taken, **at = &s->held, *job;

	while ((job = *at) != NULL) {
		job->held_verdict = early(job, s->stopping);
		if (!job->held_verdict && job->due_ns > now) {
			at = &job->next;
			continue;
		}
		*at = job->next;
		job->next = NULL;
		*last = job;
		last = &job->next;
		s->count--;
	}
	return taken;
}

/* The condition's clock is the monotonic one, whatever the tests do to clock_mono_ns(). */
static void rest(struct speed *s, uint64_t ns)
{
	struct timespec until;
	uint64_t at;

	clock_gettime(CLOCK_MONOTONIC, &until);
	at = (uint64_t)until.tv_nsec + (ns < LOOK_NS ? ns : LOOK_NS);
	until.tv_sec += (time_t)(at / SECOND_NS);
	until.tv_nsec = (long)(at % SECOND_NS);
	pthread_cond_timedwait(&s->change, &s->lock, &until);
}

static void *speed_main(void *arg)
{
	struct fw_card *card = arg;
	struct speed *s = &card->speed;
	struct job *job, *taken;
	uint64_t now;

	pthread_mutex_lock(&s->lock);
	while (!s->stopping || s->held) {
		now = clock_mono_ns();
		taken = list_take(s, now);
		if (taken) {
			pthread_mutex_unlock(&s->lock);
			for (; (job = taken) != NULL; s->release(job, job->held_verdict)) {
				taken = job->next;
				job->next = NULL;
			}
			pthread_mutex_lock(&s->lock);
		} else if (s->held) {
			rest(s, s->held->due_ns - now);
		} else {
			pthread_cond_wait(&s->change, &s->lock);
		}
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

int speed_start(struct fw_card *card, bool limited, job_answer_fn *release)
{
	struct speed *s = &card->speed;
	pthread_condattr_t attr;
	int rc;

	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->change, &attr);
	pthread_condattr_destroy(&attr);
	s->release = release;
	s->ready = true;
	if (!limited)
		return 0;
	rc = -pthread_create(&s->thread, NULL, speed_main, card);
	s->on = !rc;
	return rc;
}

void speed_stop(struct fw_card *card)
{
	struct speed *s = &card->speed;

	if (!s->on)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	pthread_cond_signal(&s->change);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
}

void speed_free(struct fw_card *card)
{
	if (!card->speed.ready)
		return;
	pthread_cond_destroy(&card->speed.change);
	pthread_mutex_destroy(&card->speed.lock);
	card->speed.ready = false;
}
