// SPDX-License-Identifier: BSD-3-Clause
/* A group's members: where they are, who is alive, whose turn it is (behaviour.md 7.2). */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ha_group.h"

uint64_t ha_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void ha_log(const struct ha_group *g, const char *format, ...)
{
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	va_list ap;
	FILE *to;

	if (!g->set.log || !*g->set.log_file)
		return;
	to = fopen(g->set.log_file, "ae");
	if (!to)
		return;
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(to, "%s %s: ", when, g->conf.label);
	va_start(ap, format);
	vfprintf(to, format, ap);
	va_end(ap);
	fputc('\n', to);
	fclose(to);
}

/* ---- Making a group ------------------------------------------------------------------- */

struct ha_group *ha_group_new(struct coffer *ctx, const struct ha_conf_group *conf,
			      const struct coffer_ha_settings *set)
{
	struct ha_group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->ctx = ctx;
	g->conf = *conf;
	g->conf.file = NULL;
	g->set = *set;
	g->refs = 1;
	g->count = conf->count;
	pthread_mutex_init(&g->change_lock, NULL);
	pthread_mutex_init(&g->lock, NULL);
	pthread_mutex_init(&g->handles_lock, NULL);
	for (size_t i = 0; i < conf->count; i++) {
		g->members[i].serial = conf->members[i].serial;
		g->members[i].standby = conf->members[i].standby;
	}
	return g;
}

void ha_group_free(struct ha_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		free(g->members[i].mechanisms);
		free(g->members[i].doomed);
	}
	ha_pin_free(g->pin);
	ha_handles_free(g);
	free(g);
}

/* ---- Alive or down -------------------------------------------------------------------- */

bool ha_is_break(coffer_rc rc)
{
	switch (rc) {
	case -ENODEV:
	case -ENXIO:
	case -EPIPE:
	case -ETIMEDOUT:
	case -EIO:
	case -ECANCELED:
	case -EAGAIN:
	case -ESHUTDOWN:
	case -ECONNRESET:
	case -ECONNREFUSED:
	case -ENOENT:
	case ST(DEVICE_REMOVED):
	case ST(DEVICE_ERROR):
	case ST(TOKEN_NOT_PRESENT):
	case ST(OWNER_UNKNOWN):
	case ST(SESSION_HANDLE_INVALID):	/* it was reset, and our sessions with it */
	case ST(SELF_TEST_FAILED):
	case ST(HSM_TAMPERED):
		return true;
	default:
		return false;
	}
}

/* Between two attempts. */
static uint64_t interval_ms(const struct ha_group *g)
{
	return g->set.interval_ms ? g->set.interval_ms : 1000ull * g->set.interval_s;
}

void ha_mark_down(struct ha_group *g, unsigned int member, coffer_rc why)
{
	struct ha_member *m = &g->members[member];
	bool fell;

	pthread_mutex_lock(&g->lock);
	fell = m->alive;
	m->alive = false;
	if (fell) {
		m->attempts = 0;
		g->next_try_ms = ha_now_ms() + interval_ms(g);
	}
	pthread_mutex_unlock(&g->lock);
	if (fell)
		ha_log(g, "member %llu is down: %s", (unsigned long long)m->serial,
		       coffer_errname(why));
}

uint32_t ha_alive(struct ha_group *g)
{
	uint32_t bits = 0;

	pthread_mutex_lock(&g->lock);
	for (size_t i = 0; i < g->count; i++)
		bits |= (uint32_t)g->members[i].alive << i;
	pthread_mutex_unlock(&g->lock);
	return bits;
}

/* Beyond what other commands may take: a card stretches a PIN, or makes an RSA key for a clone. */
#define SLOW_MS 5000

unsigned int ha_slow_ms(const struct ha_group *g)
{
	return g->set.call_ms ? g->set.call_ms + SLOW_MS : 0;
}

/* On a card with a PED somebody has to find the key. */
unsigned int ha_login_ms(struct ha_group *g, unsigned int member)
{
	bool ped;

	pthread_mutex_lock(&g->lock);
	ped = g->members[member].ped;
	pthread_mutex_unlock(&g->lock);
	return ped ? 0 : ha_slow_ms(g);
}

/* ---- Whose turn it is ----------------------------------------------------------------- */

static bool may(const struct ha_group *g, size_t i, uint32_t tried, bool standby)
{
	return g->members[i].alive && g->members[i].standby == standby && !(tried >> i & 1);
}

/* Members that stand by are asked when all others are out of the question (row 62). */
int ha_primary(struct ha_group *g, uint32_t tried)
{
	int found = -1;

	pthread_mutex_lock(&g->lock);
	for (int standby = 0; found < 0 && standby < 2; standby++)
		for (size_t i = 0; found < 0 && i < g->count; i++)
			if (may(g, i, tried, standby))
				found = (int)i;
	pthread_mutex_unlock(&g->lock);
	return found;
}

/* From the turn's on, so that equals take turns (row 61). */
static int least_busy(const struct ha_group *g, uint32_t tried, bool standby)
{
	int found = -1;

	for (size_t n = 0; n < g->count; n++) {
		size_t i = (g->turn + n) % g->count;

		if (may(g, i, tried, standby) &&
		    (found < 0 || g->members[i].in_flight < g->members[found].in_flight))
			found = (int)i;
	}
	return found;
}

int ha_least_busy(struct ha_group *g, uint32_t tried)
{
	int found;

	pthread_mutex_lock(&g->lock);
	found = least_busy(g, tried, false);
	if (found < 0)
		found = least_busy(g, tried, true);
	if (found >= 0) {
		g->members[found].in_flight++;
		g->members[found].served++;
		g->turn = (unsigned int)found + 1;
	}
	pthread_mutex_unlock(&g->lock);
	return found;
}

void ha_done(struct ha_group *g, unsigned int member)
{
	pthread_mutex_lock(&g->lock);
	g->members[member].in_flight--;
	pthread_mutex_unlock(&g->lock);
}

/* ---- Where members are ---------------------------------------------------------------- */

static bool partition_on(struct coffer_card *card, uint64_t serial, unsigned int ms,
			 struct coffer_slot *slot)
{
	struct coffer_slot *list;
	bool found = false;
	size_t count;

	card_retry(card);
	if (card_partitions(card, ms, &list, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		if (list[i].serial == serial) {
			*slot = list[i];
			found = true;
		}
	free(list);
	return found;
}

bool ha_locate(struct ha_group *g, unsigned int member, struct coffer_slot *slot)
{
	struct ha_member *m = &g->members[member];
	struct coffer_card *card;
	bool found = false;

	pthread_mutex_lock(&g->lock);
	card = m->card;
	pthread_mutex_unlock(&g->lock);
	/* Where it was, if it is there still. */
	if (card)
		found = partition_on(card, m->serial, g->set.call_ms, slot);
	if (!found)
		nodes_look(g->ctx);
	for (unsigned int i = 0; !found && i < context_count(g->ctx); i++)
		if (&g->ctx->cards[i] != card)
			found = partition_on(&g->ctx->cards[i], m->serial, g->set.call_ms,
					     slot);
	if (!found)
		return false;
	pthread_mutex_lock(&g->lock);
	m->card = &g->ctx->cards[slot->card];
	m->partition = slot->partition;
	m->ped = (slot->card_flags & COFFER_CARD_PED) != 0;
	pthread_mutex_unlock(&g->lock);
	return true;
}

/* ---- Control sessions ----------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* What it can do is asked once; a list that cannot be had says nothing against it. */
static void learn_mechanisms(struct ha_group *g, struct ha_member *m,
			     const struct coffer_session *s)
{
	struct coffer_session copy = *s;
	struct coffer_mechanism_info *list;
	uint32_t *ids, *old;
	size_t count;

	copy.timeout_ms = g->set.call_ms;
	if (direct_mechanisms(&copy, &list, &count))
		return;
	ids = calloc(count + 1, sizeof(*ids));
	for (size_t i = 0; ids && i < count; i++)
		ids[i] = list[i].mechanism;
	free(list);
	if (!ids)
		return;
	qsort(ids, count, sizeof(*ids), ascending);
	pthread_mutex_lock(&g->lock);
	old = m->mechanisms;
	m->mechanisms = ids;
	m->n_mechanisms = count;
	pthread_mutex_unlock(&g->lock);
	free(old);
}

bool ha_all_know(struct ha_group *g, uint32_t mechanism)
{
	bool known = true;

	pthread_mutex_lock(&g->lock);
	for (size_t i = 0; known && i < g->count; i++) {
		const struct ha_member *m = &g->members[i];

		known = !m->mechanisms || bsearch(&mechanism, m->mechanisms, m->n_mechanisms,
						  sizeof(mechanism), ascending);
	}
	pthread_mutex_unlock(&g->lock);
	return known;
}

static void control_put(struct ha_group *g, struct ha_member *m, struct coffer_session *s)
{
	struct coffer_session *old;

	pthread_mutex_lock(&g->lock);
	old = m->control;
	m->control = s;
	pthread_mutex_unlock(&g->lock);
	if (old && s) {
		old->timeout_ms = g->set.call_ms;
		direct_close(old);
	} else {
		free(old);
	}
}

coffer_rc ha_open_control(struct ha_group *g, unsigned int member)
{
	struct ha_member *m = &g->members[member];
	struct coffer_session *s;
	struct coffer_slot slot;
	coffer_rc rc;

	if (!ha_locate(g, member, &slot))
		return -ENODEV;
	rc = session_new(m->card, m->partition, true, g->set.call_ms, &s);
	if (rc)
		return rc;
	control_put(g, m, s);
	learn_mechanisms(g, m, s);
	return 0;
}

bool ha_control(struct ha_group *g, unsigned int member, struct coffer_session *copy)
{
	bool there;

	pthread_mutex_lock(&g->lock);
	there = g->members[member].control != NULL;
	if (there)
		*copy = *g->members[member].control;
	pthread_mutex_unlock(&g->lock);
	return there;
}

/*
 * With the first session members count as alive if they can be reached. Later ones find what there
 * is: who returns meanwhile has to log in and catch up before, which is recovery's work.
 */
coffer_rc ha_open_controls(struct ha_group *g)
{
	coffer_rc rc, first = -ENODEV;
	bool in_use;

	pthread_mutex_lock(&g->lock);
	in_use = g->sessions != 0;
	pthread_mutex_unlock(&g->lock);
	for (unsigned int i = 0; !in_use && i < g->count; i++) {
		rc = ha_open_control(g, i);
		pthread_mutex_lock(&g->lock);
		g->members[i].alive = !rc;
		if (rc)
			g->next_try_ms = ha_now_ms() + interval_ms(g);
		pthread_mutex_unlock(&g->lock);
		if (rc && first == -ENODEV)
			first = rc;
	}
	return ha_alive(g) ? 0 : first;
}

void ha_close_controls(struct ha_group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		struct ha_member *m = &g->members[i];
		struct coffer_session *s;
		bool alive;

		pthread_mutex_lock(&g->lock);
		s = m->control;
		m->control = NULL;
		alive = m->alive;
		m->alive = false;
		m->entered = false;
		pthread_mutex_unlock(&g->lock);
		if (s && alive) {
			s->timeout_ms = g->set.call_ms;
			direct_close(s);
		} else {
			free(s);
		}
	}
}
