// SPDX-License-Identifier: BSD-3-Clause
/* Who is logged in to a group: its members are, all of them, by the same PIN. */
#include <errno.h>

#include "ha_group.h"

static struct ha_session *to_ha(struct coffer_session *s)
{
	return (struct ha_session *)s;
}

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

void ha_logout_members(struct ha_group *g)
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
		bounded = in || ha_patience(g, (unsigned int)i, tried);
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

coffer_rc ha_login(struct coffer_session *s, enum coffer_role role, const char *pin,
		   size_t pin_len, bool *must_change)
{
	struct ha_group *g = to_ha(s)->group;
	struct login l = { role, pin, pin_len, false };
	bool wrong = false;
	coffer_rc rc = ha_begin(to_ha(s));

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
	if (!rc)
		ha_recover_behind(g);
	pthread_mutex_unlock(&g->change_lock);
	if (!rc && must_change)
		*must_change = l.must_change;
	return rc;
}

coffer_rc ha_logout(struct coffer_session *s)
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
	ha_logout_members(g);
	pthread_mutex_unlock(&g->change_lock);
	return rc;
}

/*
 * What the group knows: a login at one member, by another session of this process, is none here,
 * for the others have not heard of it.
 */
coffer_rc ha_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change)
{
	struct ha_group *g = to_ha(s)->group;
	coffer_rc rc = ha_begin(to_ha(s));

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
