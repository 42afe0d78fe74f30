// SPDX-License-Identifier: BSD-3-Clause
/*
 * A session on a group: a session on each member, opened when it is needed, and who is logged in.
 * A member that breaks is left out and the call goes to another one; the caller does not see it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ha_group.h"

static struct ha_session *to_ha(struct coffer_session *s)
{
	return (struct ha_session *)s;
}

/* ---- Sessions on members ----------------------------------------------------------------- */

/*
 * The session on that member, as a copy: it may be replaced while we use it, when the member comes
 * back. After activeBasic a session that is older than the return does not use it (7.3).
 */
static coffer_rc member_session(struct ha_session *hs, unsigned int i, unsigned int ms,
				struct coffer_session *copy)
{
	struct ha_group *g = hs->group;
	struct coffer_card *card;
	unsigned int generation;
	uint32_t partition;
	coffer_rc rc = 0;

	pthread_mutex_lock(&g->lock);
	generation = g->members[i].generation;
	card = g->members[i].card;
	partition = g->members[i].partition;
	pthread_mutex_unlock(&g->lock);
	if (g->set.mode == COFFER_HA_ACTIVE_BASIC && generation != hs->at[i].born)
		return HA_STALE;
	pthread_mutex_lock(&hs->lock);
	if (hs->at[i].s && hs->at[i].generation != generation) {
		direct_close(hs->at[i].s);
		hs->at[i].s = NULL;
	}
	if (!hs->at[i].s) {
		rc = session_new(card, partition, hs->base.rw, ms, &hs->at[i].s);
		hs->at[i].generation = generation;
		if (!rc)
			hs->at[i].s->cookie = (uintptr_t)hs;
	}
	if (!rc)
		*copy = *hs->at[i].s;
	pthread_mutex_unlock(&hs->lock);
	return rc;
}

/* As long as somebody else can answer, nobody waits for a member that hangs. */
static unsigned int patience(struct ha_group *g, unsigned int member, uint32_t tried)
{
	uint32_t others = ha_alive(g) & ~tried & ~(1u << member);

	return others ? g->set.call_ms : 0;
}

static coffer_rc run(struct ha_session *hs, unsigned int i, unsigned int ms, ha_step *step,
		     void *arg)
{
	struct coffer_session s;
	coffer_rc rc = member_session(hs, i, ms, &s);

	if (rc)
		return rc;
	s.timeout_ms = ms;
	return step(hs, i, &s, arg);
}

coffer_rc ha_on(struct ha_session *hs, unsigned int member, ha_step *step, void *arg)
{
	coffer_rc rc = run(hs, member, 0, step, arg);

	if (ha_is_break(rc))
		ha_mark_down(hs->group, member, rc);
	return rc;
}

static coffer_rc begin(struct ha_session *hs)
{
	coffer_rc rc = context_check(hs->group->ctx);

	if (!rc)
		ha_poke(hs->group);
	return rc;
}

/* Another member may do better; marks one down that broke. */
static bool goes_on(struct ha_group *g, unsigned int i, coffer_rc rc)
{
	if (ha_is_break(rc))
		ha_mark_down(g, i, rc);
	return ha_is_break(rc) || rc == HA_ABSENT || rc == HA_STALE;
}

/*
 * That a member lacks the object says less than that another one broke; and that one is there
 * which only a new session may use says most.
 */
static coffer_rc worse(coffer_rc last, coffer_rc rc)
{
	return last == HA_STALE || (rc == HA_ABSENT && last) ? last : rc;
}

static coffer_rc finish(coffer_rc rc)
{
	if (rc == HA_ABSENT)
		return ST(OBJECT_HANDLE_INVALID);
	return rc == HA_STALE ? ST(SESSION_HANDLE_INVALID) : rc;
}

static coffer_rc on_primary(struct ha_session *hs, bool bounded, ha_step *step, void *arg)
{
	struct ha_group *g = hs->group;
	coffer_rc rc = begin(hs), last = 0;
	uint32_t tried = 0;
	int i;

	if (rc)
		return rc;
	rc = -ENODEV;
	while ((i = ha_primary(g, tried)) >= 0) {
		rc = run(hs, (unsigned int)i,
			 bounded ? patience(g, (unsigned int)i, tried) : 0, step, arg);
		if (!goes_on(g, (unsigned int)i, rc))
			return rc;
		last = worse(last, rc);
		tried |= 1u << i;
	}
	return finish(last ? last : rc);
}

coffer_rc ha_on_primary(struct ha_session *hs, ha_step *step, void *arg)
{
	return on_primary(hs, true, step, arg);
}

coffer_rc ha_on_maker(struct ha_session *hs, ha_step *step, void *arg)
{
	return on_primary(hs, false, step, arg);
}

coffer_rc ha_on_any(struct ha_session *hs, ha_step *step, void *arg)
{
	struct ha_group *g = hs->group;
	coffer_rc rc = begin(hs), last = 0;
	uint32_t tried = 0;
	int i;

	if (rc)
		return rc;
	rc = -ENODEV;
	while ((i = ha_least_busy(g, tried)) >= 0) {
		rc = run(hs, (unsigned int)i, patience(g, (unsigned int)i, tried), step, arg);
		ha_done(g, (unsigned int)i);
		if (!goes_on(g, (unsigned int)i, rc))
			return rc;
		last = worse(last, rc);
		tried |= 1u << i;
	}
	return finish(last ? last : rc);
}

/* Above what any other command may take: the card stretches the PIN. */
#define STRETCH_MS 5000

/* On a card with a PED somebody has to find the key. */
unsigned int ha_login_ms(struct ha_group *g, unsigned int member)
{
	bool ped;

	pthread_mutex_lock(&g->lock);
	ped = g->members[member].ped;
	pthread_mutex_unlock(&g->lock);
	return ped || !g->set.call_ms ? 0 : g->set.call_ms + STRETCH_MS;
}

/* ---- Login ------------------------------------------------------------------------------- */

struct login {
	enum coffer_role role;
	const char *pin;
	size_t pin_len;
	bool must_change;
};

/*
 * Who is logged in there already, by another session of this process, stays so; but only a login
 * says that the PIN is right, so that one is ended and begun again.
 */
static coffer_rc login_member(struct ha_group *g, unsigned int i, unsigned int ms,
			      struct login *l)
{
	struct coffer_session copy;
	bool must_change = false, was_in;
	coffer_rc rc;

	if (!ha_control(g, i, &copy))
		return -ENODEV;
	copy.timeout_ms = ms;
	rc = direct_login(&copy, l->role, l->pin, l->pin_len, &must_change);
	was_in = rc == ST(USER_ALREADY_LOGGED_IN);
	if (was_in) {
		rc = direct_logout(&copy);
		if (!rc)
			rc = direct_login(&copy, l->role, l->pin, l->pin_len, &must_change);
	}
	pthread_mutex_lock(&g->lock);
	/* Who broke may have let us in all the same. */
	g->members[i].entered = (!rc || ha_is_break(rc)) && (!was_in || g->members[i].entered);
	pthread_mutex_unlock(&g->lock);
	l->must_change |= must_change;
	return rc;
}

/* Who is away is logged out when it is back. */
static void logout_members(struct ha_group *g)
{
	for (unsigned int i = 0; i < g->count; i++) {
		struct coffer_session copy;
		bool entered;
		coffer_rc rc;

		pthread_mutex_lock(&g->lock);
		entered = g->members[i].entered && g->members[i].alive;
		if (g->members[i].alive)
			g->members[i].entered = false;
		pthread_mutex_unlock(&g->lock);
		if (!entered || !ha_control(g, i, &copy))
			continue;
		copy.timeout_ms = g->set.call_ms;
		rc = direct_logout(&copy);
		if (!ha_is_break(rc))
			continue;
		ha_mark_down(g, i, rc);
		pthread_mutex_lock(&g->lock);
		g->members[i].entered = true;
		pthread_mutex_unlock(&g->lock);
	}
}

static void remember(struct ha_group *g, const struct login *l)
{
	struct ha_pin *pin = NULL;

	ha_pin_drop(g);
	if (g->set.keep_pin)
		pin = ha_pin_new(l->pin, l->pin_len);
	pthread_mutex_lock(&g->lock);
	g->role = l->role;
	g->logins++;
	g->must_change = l->must_change;
	g->pin = pin;
	pthread_mutex_unlock(&g->lock);
}

static enum coffer_role role_now(struct ha_group *g)
{
	enum coffer_role role;

	pthread_mutex_lock(&g->lock);
	role = g->role;
	pthread_mutex_unlock(&g->lock);
	return role;
}

/*
 * Everywhere. The primary's word is the group's; another member that does not take the PIN is of
 * no use and counts as down, and the PIN is not kept, so that no recovery burns an attempt.
 */
static coffer_rc login_all(struct ha_group *g, struct login *l, bool *wrong)
{
	uint32_t tried = 0;
	bool in = false, bounded;
	coffer_rc rc = -ENODEV;
	int i;

	while ((i = ha_primary(g, tried)) >= 0) {
		bounded = in || patience(g, (unsigned int)i, tried);
		tried |= 1u << i;
		rc = login_member(g, (unsigned int)i,
				  bounded ? ha_login_ms(g, (unsigned int)i) : 0, l);
		if (!rc)
			in = true;
		else if (!in && !ha_is_break(rc))
			return rc;
		else
			ha_mark_down(g, (unsigned int)i, rc);
		*wrong |= rc > 0 && !ha_is_break(rc);
	}
	return in ? 0 : rc;
}

static coffer_rc ha_login(struct coffer_session *s, enum coffer_role role, const char *pin,
			  size_t pin_len, bool *must_change)
{
	struct ha_group *g = to_ha(s)->group;
	struct login l = { role, pin, pin_len, false };
	bool wrong = false;
	coffer_rc rc = begin(to_ha(s));

	if (must_change)
		*must_change = false;
	if (rc)
		return rc;
	pthread_mutex_lock(&g->change_lock);
	if (role_now(g) != COFFER_ROLE_NONE)
		rc = role_now(g) == role ? ST(USER_ALREADY_LOGGED_IN) :
					   ST(USER_ANOTHER_ALREADY_LOGGED_IN);
	else
		rc = login_all(g, &l, &wrong);
	if (!rc)
		remember(g, &l);
	if (wrong)
		ha_pin_drop(g);
	pthread_mutex_unlock(&g->change_lock);
	if (!rc && must_change)
		*must_change = l.must_change;
	return rc;
}

static coffer_rc ha_logout(struct coffer_session *s)
{
	struct ha_group *g = to_ha(s)->group;
	coffer_rc rc = context_check(g->ctx);

	if (rc)
		return rc;
	pthread_mutex_lock(&g->change_lock);
	if (role_now(g) == COFFER_ROLE_NONE)
		rc = ST(USER_NOT_LOGGED_IN);
	ha_pin_drop(g);
	pthread_mutex_lock(&g->lock);
	g->role = COFFER_ROLE_NONE;
	g->logins++;
	g->must_change = false;
	pthread_mutex_unlock(&g->lock);
	logout_members(g);
	pthread_mutex_unlock(&g->change_lock);
	return rc;
}

/*
 * What the group knows: a login at one member, by another session of this process, is none here,
 * for the others have not heard of it.
 */
static coffer_rc ha_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change)
{
	struct ha_group *g = to_ha(s)->group;
	coffer_rc rc = begin(to_ha(s));

	*role = COFFER_ROLE_NONE;
	if (must_change)
		*must_change = false;
	/* In a forked child nobody may ever release the lock. */
	if (rc)
		return rc;
	pthread_mutex_lock(&g->lock);
	*role = g->role;
	if (must_change)
		*must_change = g->must_change;
	pthread_mutex_unlock(&g->lock);
	return 0;
}

/* ---- Opening and closing ----------------------------------------------------------------- */

static coffer_rc ha_cancel(struct coffer_session *s)
{
	struct ha_group *g = to_ha(s)->group;
	coffer_rc rc = context_check(g->ctx);

	if (rc)
		return rc;
	rc = -ENOENT;
	for (unsigned int i = 0; i < g->count; i++) {
		struct coffer_card *card;

		pthread_mutex_lock(&g->lock);
		card = g->members[i].alive ? g->members[i].card : NULL;
		pthread_mutex_unlock(&g->lock);
		if (card && !card_cancel(card, (uintptr_t)s))
			rc = 0;
	}
	return rc;
}

/* The group's own things go with its last session, unless one was opened meanwhile. */
static void group_leave(struct ha_group *g)
{
	bool last;

	pthread_mutex_lock(&g->lock);
	last = !--g->sessions;
	pthread_mutex_unlock(&g->lock);
	if (!last)
		return;
	ha_recovery_end(g);
	pthread_mutex_lock(&g->change_lock);
	pthread_mutex_lock(&g->lock);
	last = !g->sessions;
	if (last) {
		g->role = COFFER_ROLE_NONE;
		g->logins++;
	}
	pthread_mutex_unlock(&g->lock);
	if (last) {
		ha_pin_drop(g);
		logout_members(g);
		ha_close_controls(g);
	}
	pthread_mutex_unlock(&g->change_lock);
}

static void ha_close(struct coffer_session *s)
{
	struct ha_session *hs = to_ha(s);
	struct ha_group *g = hs->group;
	bool mine = !context_check(g->ctx);

	for (unsigned int i = 0; i < g->count; i++) {
		/* A card that is away is not waited for. */
		if (hs->at[i].s && mine && (ha_alive(g) >> i & 1))
			direct_close(hs->at[i].s);
		else
			free(hs->at[i].s);
	}
	if (mine) {
		group_leave(g);
		ha_put(g);
	}
	pthread_mutex_destroy(&hs->lock);
	free(hs);
}

static const struct session_ops ha_ops = {
	.close = ha_close,
	.cancel = ha_cancel,
	.login = ha_login,
	.logout = ha_logout,
	.whoami = ha_whoami,
	.roles = ha_roles,
	.info = ha_info,
	.mechanisms = ha_mechanisms,
	.find = ha_find,
	.get = ha_get_object,
	.set = ha_set,
	.create = ha_create,
	.destroy = ha_destroy,
	.generate = ha_generate,
	.generate_pair = ha_generate_pair,
	.use = ha_use,
	.digest = ha_digest,
	.random = ha_random,
};

/* Takes over the reference. */
static coffer_rc open_group(struct ha_group *g, bool rw, struct coffer_session **session)
{
	struct ha_session *hs = calloc(1, sizeof(*hs));
	coffer_rc rc = hs ? 0 : -ENOMEM;

	if (!rc) {
		hs->base.ops = &ha_ops;
		hs->base.rw = rw;
		hs->group = g;
		pthread_mutex_init(&hs->lock, NULL);
		pthread_mutex_lock(&g->change_lock);
		rc = ha_open_controls(g);
		if (!rc) {
			pthread_mutex_lock(&g->lock);
			g->sessions++;
			for (size_t i = 0; i < g->count; i++)
				hs->at[i].born = g->members[i].generation;
			pthread_mutex_unlock(&g->lock);
		}
		pthread_mutex_unlock(&g->change_lock);
	}
	if (rc) {
		ha_put(g);
		free(hs);
		return rc;
	}
	*session = &hs->base;
	return 0;
}

API coffer_rc coffer_session_open_slot(struct coffer *ctx, unsigned int slot, bool rw,
				       struct coffer_session **session)
{
	struct coffer_slot found;
	struct ha_group *g;
	coffer_rc rc;

	*session = NULL;
	rc = context_check(ctx);
	if (rc)
		return rc;
	g = ha_get(ctx, slot);
	if (g)
		return open_group(g, rw, session);
	rc = coffer_slot_find(ctx, slot, &found);
	if (rc)
		return rc;
	return coffer_session_open(coffer_card_at(ctx, found.card), found.partition, rw, session);
}
