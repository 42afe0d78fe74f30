// SPDX-License-Identifier: BSD-3-Clause
/*
 * New objects: made by the primary, then cloned to every other member, those that stand by too
 * (behaviour.md 7.2, rows 55 and 60).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ha_group.h"

struct make {
	/* Makes @n objects, whose handles at the member it leaves in own. */
	coffer_rc (*make)(struct coffer_session *s, struct make *m);
	uint32_t mechanism;
	const struct coffer_attr *tmpl;
	size_t count;
	const struct pair_template *pair;
	size_t n;
	uint32_t own[2];
	unsigned int maker;		/* member */
	uint32_t handles[2];		/* the group's */
	bool token;			/* to be cloned: session objects are their session's */
};

/* ---- On the primary ---------------------------------------------------------------------- */

static coffer_rc make_create(struct coffer_session *s, struct make *m)
{
	return direct_create(s, m->tmpl, m->count, &m->own[0]);
}

static coffer_rc make_key(struct coffer_session *s, struct make *m)
{
	return direct_generate(s, m->mechanism, m->tmpl, m->count, &m->own[0]);
}

static coffer_rc make_pair(struct coffer_session *s, struct make *m)
{
	return direct_generate_pair(s, m->mechanism, m->pair, m->own);
}

/* What it is called by everybody, and whether it is everybody's. */
static coffer_rc made_know(struct ha_group *g, struct coffer_session *s, unsigned int member,
			   struct make *m)
{
	const uint32_t wanted[] = { CKA(OUID), CKA(TOKEN) };
	struct coffer_objects found;
	struct ha_ouid ouid;
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < m->n; i++) {
		rc = direct_get(s, m->own[i], wanted, 2, &found);
		if (!rc && (!found.count || !ha_ouid_get(&found.list[0], &ouid)))
			rc = ST(FUNCTION_FAILED);
		if (!rc) {
			m->token |= coffer_attr_bool(coffer_object_attr(&found.list[0],
									CKA(TOKEN)), false);
			m->handles[i] = ha_handle_of(g, &ouid);
			rc = m->handles[i] ? 0 : -ENOMEM;
			ha_handle_set(g, m->handles[i], member, m->own[i]);
		}
		coffer_objects_free(&found);
	}
	return rc;
}

static coffer_rc step_make(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			   void *arg)
{
	struct make *m = arg;
	coffer_rc rc;

	memset(m->own, 0, sizeof(m->own));
	rc = m->make(s, m);
	if (rc)
		return rc;
	m->maker = member;
	rc = made_know(hs->group, s, member, m);
	/* Nobody would know what to call it. */
	for (size_t i = 0; rc && i < m->n; i++)
		direct_destroy(s, m->own[i]);
	return rc;
}

/* ---- To the others ----------------------------------------------------------------------- */

/*
 * The member cannot hold this object, or not from there: it does without, and the group needs no
 * mending (rows 65, 90, 93). Everything else undoes the object.
 */
static bool is_limit(coffer_rc rc)
{
	switch (rc) {
	case ST(KEY_SIZE_RANGE):
	case ST(KEY_TYPE_INCONSISTENT):
	case ST(MECHANISM_INVALID):
	case ST(OBJECT_TYPE_INVALID):
	case ST(ATTRIBUTE_TYPE_INVALID):
	case ST(ATTRIBUTE_VALUE_INVALID):
	case ST(TEMPLATE_INCONSISTENT):
	case ST(FIPS_MISMATCH):
	case ST(CLONE_DIRECTION):
	case ST(KEY_UNEXTRACTABLE):
		return true;
	default:
		return false;
	}
}

static coffer_rc report_rc(const struct coffer_clone_report *r, coffer_rc rc)
{
	if (rc != ST(FAILED_TO_CLONE_AN_OBJECT))
		return rc;
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].result == COFFER_CLONE_REFUSED && !is_limit(r->items[i].rc))
			return r->items[i].rc;
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].result == COFFER_CLONE_REFUSED)
			return r->items[i].rc;
	return rc;
}

/* @ms: for each message, 0 = as long as it takes */
static coffer_rc copy_to(struct ha_group *g, const struct make *m, unsigned int to,
			 unsigned int ms)
{
	const struct coffer_clone_options options = { .handles = m->own, .count = m->n };
	struct coffer_clone_report report;
	struct coffer_session from, target;
	coffer_rc rc;

	if (!ha_control(g, m->maker, &from) || !ha_control(g, to, &target))
		return -ENODEV;
	from.timeout_ms = ms;
	target.timeout_ms = ms;
	rc = coffer_clone(&from, &target, &options, &report);
	for (size_t i = 0; i < report.count && i < m->n; i++)
		if (report.items[i].target_handle)
			ha_handle_set(g, m->handles[i], to, report.items[i].target_handle);
	rc = report_rc(&report, rc);
	coffer_clone_report_free(&report);
	return rc;
}

/* Which of the two broke? The one that does not answer; an error is no answer either. */
static bool answers(struct ha_group *g, unsigned int member)
{
	struct coffer_session s;
	enum coffer_role role;
	coffer_rc rc = -ENODEV;

	if (ha_control(g, member, &s)) {
		s.timeout_ms = g->set.call_ms;
		rc = direct_whoami(&s, &role, NULL);
	}
	if (rc)
		ha_mark_down(g, member, rc);
	return !rc;
}

/* At that member nothing may stay of it: now, or when the member is back. */
static void take_back(struct ha_group *g, const struct make *m, unsigned int member)
{
	struct ha_ouid ouid;
	coffer_rc rc;

	for (size_t k = 0; k < m->n; k++) {
		if (!ha_handle_ouid(g, m->handles[k], &ouid))
			continue;
		rc = -ENODEV;
		if (ha_alive(g) >> member & 1)
			rc = ha_destroy_at(g, member, &ouid, g->set.call_ms);
		if (!rc)
			continue;
		/* In use again only after it has caught up. */
		ha_mark_down(g, member, rc);
		ha_doom(g, member, &ouid);
	}
}

/* A member whose copy broke off may have it as well: all are asked. */
static void undo(struct ha_group *g, const struct make *m)
{
	for (unsigned int i = 0; i < g->count; i++)
		take_back(g, m, i);
	for (size_t k = 0; k < m->n; k++)
		ha_handle_forget(g, m->handles[k]);
}

/* The maker broke, but somebody has a copy: the others get theirs from there. */
static bool take_over(struct ha_group *g, struct make *m, uint32_t done)
{
	uint32_t own[2] = { 0, 0 };

	done &= ha_alive(g);
	for (unsigned int i = 0; i < g->count; i++) {
		bool all = done >> i & 1;

		for (size_t k = 0; all && k < m->n; k++) {
			own[k] = ha_handle_at(g, m->handles[k], i);
			all = own[k] != 0;
		}
		if (!all)
			continue;
		m->maker = i;
		memcpy(m->own, own, sizeof(own));
		return true;
	}
	return false;
}

/* Internal: it was the maker that broke. */
#define MAKER_BROKE ((coffer_rc)-EUCLEAN)

/* To one member, with more patience if both say that they are there. */
static coffer_rc copy_patiently(struct ha_group *g, const struct make *m, unsigned int to)
{
	coffer_rc rc = copy_to(g, m, to, g->set.call_ms);

	if (ha_is_break(rc) && answers(g, m->maker) && answers(g, to))
		rc = copy_to(g, m, to, ha_slow_ms(g));
	return rc;
}

/*
 * To one member; 0 too if it broke, for it gets the object when it is back, or cannot hold it.
 * *has: it has the object now.
 */
static coffer_rc hand_over(struct ha_group *g, const struct make *m, unsigned int to, bool *has)
{
	coffer_rc rc = copy_patiently(g, m, to);

	*has = !rc;
	if (!rc)
		return 0;
	if (!answers(g, m->maker))
		return MAKER_BROKE;
	if (ha_is_break(rc))
		return answers(g, to) ? rc : 0;
	ha_log(g, "member %llu did not take a new object: %s",
	       (unsigned long long)g->members[to].serial, coffer_errname(rc));
	return is_limit(rc) ? 0 : rc;
}

/*
 * If the maker breaks before anybody else has it, what was made is gone for now and the caller
 * makes it anew: *gone.
 */
static coffer_rc replicate(struct ha_group *g, struct make *m, bool *gone)
{
	uint32_t done = 0;
	coffer_rc rc;
	bool has;

	for (unsigned int i = 0; i < g->count; i++) {
		do {
			if (i == m->maker || (done >> i & 1) || !(ha_alive(g) >> i & 1)) {
				rc = 0;
				break;
			}
			rc = hand_over(g, m, i, &has);
			done |= (uint32_t)has << i;
		} while (rc == MAKER_BROKE && take_over(g, m, done));
		if (rc == MAKER_BROKE) {
			/* Whoever has it by now brings it to the others when they are back. */
			*gone = !done;
			return *gone ? -ENODEV : 0;
		}
		if (rc)
			return rc;
	}
	return 0;
}

static coffer_rc make_all(struct ha_session *hs, struct make *m)
{
	struct ha_group *g = hs->group;
	coffer_rc rc;
	bool gone;

	do {
		m->token = false;
		gone = false;
		rc = ha_on_maker(hs, step_make, m);
		if (rc || !m->token || !g->conf.synchronize)
			return rc;
		pthread_mutex_lock(&g->change_lock);
		rc = replicate(g, m, &gone);
		if (rc)
			undo(g, m);
		pthread_mutex_unlock(&g->change_lock);
	} while (gone && ha_alive(g));
	return rc;
}

coffer_rc ha_create(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		    uint32_t *handle)
{
	struct make m = { .make = make_create, .tmpl = tmpl, .count = n, .n = 1 };
	coffer_rc rc = make_all((struct ha_session *)s, &m);

	*handle = rc ? 0 : m.handles[0];
	return rc;
}

coffer_rc ha_generate(struct coffer_session *s, uint32_t mechanism,
		      const struct coffer_attr *tmpl, size_t n, uint32_t *handle)
{
	struct make m = { .make = make_key, .mechanism = mechanism, .tmpl = tmpl, .count = n,
			  .n = 1 };
	coffer_rc rc = make_all((struct ha_session *)s, &m);

	*handle = rc ? 0 : m.handles[0];
	return rc;
}

coffer_rc ha_generate_pair(struct coffer_session *s, uint32_t mechanism,
			   const struct pair_template *t, uint32_t handles[2])
{
	struct make m = { .make = make_pair, .mechanism = mechanism, .pair = t, .n = 2 };
	coffer_rc rc = make_all((struct ha_session *)s, &m);

	handles[0] = rc ? 0 : m.handles[0];
	handles[1] = rc ? 0 : m.handles[1];
	return rc;
}
