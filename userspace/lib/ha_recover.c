// SPDX-License-Identifier: BSD-3-Clause
/*
 * Members that are down come back (behaviour.md 7.3): tried when an application calls and the
 * interval has passed, by a thread of their own, so that nobody waits; in use again only after
 * they have caught up.
 */
#include <errno.h>
#include <signal.h>

#include "ha_group.h"

/* ---- One member -------------------------------------------------------------------------- */

/* What the group was when the member was let in, and what that left there. */
struct entry {
	enum coffer_role role;
	unsigned int logins;
	bool in;			/* it was this try that logged in */
};

/* An earlier login of ours that could not be ended, for the member was away. */
static void leave(struct ha_group *g, unsigned int member)
{
	struct ha_member *m = &g->members[member];
	struct coffer_session s;
	bool ours;

	pthread_mutex_lock(&g->lock);
	ours = m->entered;
	m->entered = false;
	pthread_mutex_unlock(&g->lock);
	if (!ours || !ha_control(g, member, &s))
		return;
	s.timeout_ms = g->set.call_ms;
	direct_logout(&s);
}

static bool as_before(struct ha_group *g, const struct entry *e)
{
	bool same;

	pthread_mutex_lock(&g->lock);
	same = g->role == e->role && g->logins == e->logins;
	pthread_mutex_unlock(&g->lock);
	return same;
}

/* Somebody is logged in to the group: the member has to let us in by the same PIN. */
static coffer_rc enter(struct ha_group *g, unsigned int member, struct entry *e)
{
	struct coffer_session s;
	struct ha_pin *pin;
	coffer_rc rc;

	pthread_mutex_lock(&g->lock);
	e->role = g->role;
	e->logins = g->logins;
	e->in = false;
	pthread_mutex_unlock(&g->lock);
	if (e->role == COFFER_ROLE_NONE) {
		leave(g, member);
		return 0;
	}
	if (!ha_control(g, member, &s))
		return -ENODEV;
	pin = ha_pin_of(g);
	if (!pin || pin->none) {
		ha_pin_free(pin);
		return ST(USER_NOT_LOGGED_IN);
	}
	s.timeout_ms = ha_login_ms(g, member);
	rc = direct_login(&s, e->role, pin->text, pin->len, NULL);
	ha_pin_free(pin);
	/* Never twice: each try may be the last that the role has. */
	if ((rc == ST(PIN_INCORRECT) || rc == ST(CHALLENGE_INCORRECT)) && as_before(g, e))
		ha_pin_drop(g);
	/* Who breaks may have let us in all the same. */
	e->in = !rc || ha_is_break(rc);
	if (rc != ST(USER_ALREADY_LOGGED_IN)) {
		pthread_mutex_lock(&g->lock);
		g->members[member].entered = e->in;
		pthread_mutex_unlock(&g->lock);
	}
	return rc == ST(USER_ALREADY_LOGGED_IN) ? 0 : rc;
}

static bool logged_in(struct ha_group *g)
{
	bool in;

	pthread_mutex_lock(&g->lock);
	in = g->role != COFFER_ROLE_NONE && g->role != COFFER_ROLE_CU;
	pthread_mutex_unlock(&g->lock);
	return in;
}

static coffer_rc catch_up(struct ha_group *g, unsigned int member)
{
	int p = ha_primary(g, 1u << member);

	if (!logged_in(g))
		return 0;
	/* Who comes back first is the measure of the others. */
	if (p < 0 || !g->conf.synchronize)
		return ha_carry_out(g, member);
	return ha_catch_up(g, (unsigned int)p, member);
}

void ha_recover_behind(struct ha_group *g)
{
	for (unsigned int i = 0; logged_in(g) && i < g->count; i++) {
		struct ha_member *m = &g->members[i];
		bool behind;
		coffer_rc rc;

		pthread_mutex_lock(&g->lock);
		behind = m->alive && (m->behind || m->n_doomed);
		pthread_mutex_unlock(&g->lock);
		if (!behind)
			continue;
		rc = catch_up(g, i);
		if (ha_is_break(rc))
			ha_mark_down(g, i, rc);
		else if (rc)
			ha_log(g, "member %llu did not catch up: %s",
			       (unsigned long long)m->serial, coffer_errname(rc));
		pthread_mutex_lock(&g->lock);
		m->behind = rc != 0;
		pthread_mutex_unlock(&g->lock);
	}
}

static void revive(struct ha_group *g, unsigned int member)
{
	struct ha_member *m = &g->members[member];

	ha_handles_forget_member(g, member);
	pthread_mutex_lock(&g->lock);
	m->alive = true;
	m->attempts = 0;
	m->generation++;
	m->behind = g->role == COFFER_ROLE_NONE || g->role == COFFER_ROLE_CU;
	pthread_mutex_unlock(&g->lock);
	ha_log(g, "member %llu is back", (unsigned long long)m->serial);
}

/*
 * Most of the work before anybody has to wait; the rest of it, and the return, in one step.
 * HA_STALE: somebody logged in or out meanwhile.
 */
static coffer_rc attempt(struct ha_group *g, unsigned int member)
{
	struct entry e = { 0 };
	coffer_rc rc = ha_open_control(g, member);

	if (!rc)
		rc = enter(g, member, &e);
	if (!rc)
		rc = catch_up(g, member);
	pthread_mutex_lock(&g->change_lock);
	if (!as_before(g, &e))
		rc = rc && !e.in ? rc : HA_STALE;
	if (!rc)
		rc = catch_up(g, member);
	if (!rc)
		revive(g, member);
	else if (e.in)
		leave(g, member);
	pthread_mutex_unlock(&g->change_lock);
	return rc;
}

static void member_try(struct ha_group *g, unsigned int member)
{
	struct ha_member *m = &g->members[member];
	coffer_rc rc = HA_STALE;

	for (int n = 0; n < 3 && rc == HA_STALE; n++)
		rc = attempt(g, member);
	if (!rc)
		return;
	pthread_mutex_lock(&g->lock);
	m->attempts++;
	pthread_mutex_unlock(&g->lock);
	ha_log(g, "member %llu stays down: %s", (unsigned long long)m->serial,
	       coffer_errname(rc));
}

/* ---- All of them ------------------------------------------------------------------------- */

/* With the lock held: is that member to be tried, by itself? */
static bool due(const struct ha_group *g, size_t i)
{
	const struct ha_member *m = &g->members[i];

	return !m->alive && g->set.retry &&
	       (g->set.retry < 0 || m->attempts < (unsigned int)g->set.retry);
}

static void try_all(struct ha_group *g, bool asked)
{
	uint64_t interval = g->set.interval_ms ? g->set.interval_ms : 1000ull * g->set.interval_s;

	for (unsigned int i = 0; i < g->count; i++) {
		bool try_it;

		pthread_mutex_lock(&g->lock);
		try_it = asked ? !g->members[i].alive : due(g, i);
		pthread_mutex_unlock(&g->lock);
		if (try_it && !__atomic_load_n(&g->stopping, __ATOMIC_RELAXED))
			member_try(g, i);
	}
	pthread_mutex_lock(&g->lock);
	g->recovering = false;
	g->next_try_ms = ha_now_ms() + interval;
	pthread_mutex_unlock(&g->lock);
}

static void *worker(void *arg)
{
	try_all(arg, false);
	return NULL;
}

/* The application's signals are not for our thread. */
static int start(struct ha_group *g)
{
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&g->worker, NULL, worker, g);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}

void ha_poke(struct ha_group *g)
{
	bool any = false;

	pthread_mutex_lock(&g->lock);
	for (size_t i = 0; i < g->count; i++)
		any |= due(g, i);
	if (any && !g->recovering && !__atomic_load_n(&g->stopping, __ATOMIC_RELAXED) &&
	    ha_now_ms() >= g->next_try_ms) {
		/* The one before has ended, but for its last instruction. */
		if (g->worker_made)
			pthread_join(g->worker, NULL);
		g->worker_made = !start(g);
		g->recovering = g->worker_made;
	}
	pthread_mutex_unlock(&g->lock);
}

void ha_recover_now(struct ha_group *g)
{
	bool mine;

	pthread_mutex_lock(&g->lock);
	mine = !g->recovering;
	g->recovering = true;
	pthread_mutex_unlock(&g->lock);
	if (mine)
		try_all(g, true);
}

void ha_recovery_end(struct ha_group *g)
{
	pthread_t thread;
	bool made;

	__atomic_store_n(&g->stopping, 1, __ATOMIC_RELAXED);
	pthread_mutex_lock(&g->lock);
	made = g->worker_made;
	thread = g->worker;
	g->worker_made = false;
	pthread_mutex_unlock(&g->lock);
	if (made)
		pthread_join(thread, NULL);
	__atomic_store_n(&g->stopping, 0, __ATOMIC_RELAXED);
}

API coffer_rc coffer_ha_recover(struct coffer_session *s, size_t *alive, size_t *down)
{
	struct ha_group *g = s->ops ? ((struct ha_session *)s)->group : NULL;
	size_t up = 0;
	coffer_rc rc;

	if (alive)
		*alive = 0;
	if (down)
		*down = 0;
	if (!g)
		return -EINVAL;
	rc = context_check(g->ctx);
	if (rc)
		return rc;
	ha_recover_now(g);
	up = (size_t)__builtin_popcount(ha_alive(g));
	if (alive)
		*alive = up;
	if (down)
		*down = g->count - up;
	return 0;
}
