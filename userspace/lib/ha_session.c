// SPDX-License-Identifier: BSD-3-Clause
/*
 * A session on a group: a session on each member, opened when it is needed. A member that breaks is
 * left out and the call goes to another one; the caller does not see it.
 */
#include <errno.h>

#include "ha_group.h"

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
		hs->at[i].s->timeout_ms = ms;
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

unsigned int ha_patience(struct ha_group *g, unsigned int member, uint32_t tried)
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

coffer_rc ha_begin(struct ha_session *hs)
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
	coffer_rc rc = ha_begin(hs), last = 0;
	uint32_t tried = 0;
	int i;

	if (rc)
		return rc;
	rc = -ENODEV;
	while ((i = ha_primary(g, tried)) >= 0) {
		rc = run(hs, (unsigned int)i,
			 bounded ? ha_patience(g, (unsigned int)i, tried) : 0, step, arg);
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
	coffer_rc rc = ha_begin(hs), last = 0;
	uint32_t tried = 0;
	int i;

	if (rc)
		return rc;
	rc = -ENODEV;
	while ((i = ha_least_busy(g, tried)) >= 0) {
		rc = run(hs, (unsigned int)i, ha_patience(g, (unsigned int)i, tried), step, arg);
		ha_done(g, (unsigned int)i);
		if (!goes_on(g, (unsigned int)i, rc))
			return rc;
		last = worse(last, rc);
		tried |= 1u << i;
	}
	return finish(last ? last : rc);
}
