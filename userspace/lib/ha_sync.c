// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which objects members lack and which differ (behaviour.md 7.4: OUIDs, and the attributes that
 * can change), and making them equal by cloning from the primary's point of view (row 58).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"
#include "ha_group.h"

/* What can be changed after an object was made; a card that does not know one is not asked. */
static const uint32_t compared[] = {
	CKA(OUID), CKA(LABEL), CKA(ID), CKA(SUBJECT), CKA(START_DATE), CKA(END_DATE),
	CKA(ENCRYPT), CKA(DECRYPT), CKA(SIGN), CKA(VERIFY), CKA(WRAP), CKA(UNWRAP),
	CKA(DERIVE), CKA(EXTRACTABLE), CKA(MODIFIABLE),
};
#define N_COMPARED (sizeof(compared) / sizeof(compared[0]))

/* ---- One member's objects ---------------------------------------------------------------- */

static const uint8_t *ouid_of(const struct coffer_object *o)
{
	static const uint8_t none[COFFER_OUID_LEN];
	const struct coffer_attr *a = coffer_object_attr(o, CKA(OUID));

	return a && a->value && a->len == COFFER_OUID_LEN ? a->value : none;
}

static int by_ouid(const void *a, const void *b)
{
	return memcmp(ouid_of(a), ouid_of(b), COFFER_OUID_LEN);
}

static coffer_rc snapshot(struct ha_group *g, unsigned int member, struct coffer_objects *out)
{
	static const uint8_t yes = 1;
	const struct coffer_attr token = { CKA(TOKEN), 1, &yes };
	struct coffer_session s;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	if (!ha_control(g, member, &s))
		return -ENODEV;
	rc = direct_find(&s, &token, 1, compared, N_COMPARED, out);
	if (!rc && out->count)
		qsort(out->list, out->count, sizeof(*out->list), by_ouid);
	return rc;
}

static const struct coffer_object *find_in(const struct coffer_objects *in,
					   const struct coffer_object *like)
{
	return in->count ? bsearch(like, in->list, in->count, sizeof(*in->list), by_ouid) : NULL;
}

static bool readable(const struct coffer_attr *a)
{
	return a && a->len != COFFER_ATTR_UNAVAILABLE && a->len != COFFER_ATTR_SENSITIVE;
}

/* The attributes of @a that @b has otherwise; returns how many. */
static size_t differing(const struct coffer_object *a, const struct coffer_object *b,
			struct coffer_attr out[N_COMPARED])
{
	size_t n = 0;

	for (size_t i = 1; i < N_COMPARED; i++) {
		const struct coffer_attr *x = coffer_object_attr(a, compared[i]);
		const struct coffer_attr *y = coffer_object_attr(b, compared[i]);

		if (!readable(x) || !readable(y))
			continue;
		if (x->len != y->len || (x->len && memcmp(x->value, y->value, x->len)))
			out[n++] = *x;
	}
	return n;
}

/* ---- Comparing --------------------------------------------------------------------------- */

struct differences {
	struct coffer_ha_difference *list;
	size_t count, room;
};

static coffer_rc differ(struct differences *d, uint64_t serial, bool objects, char *text)
{
	struct coffer_ha_difference *grown = d->list;

	if (d->count == d->room) {
		d->room = d->room ? 2 * d->room : 16;
		grown = realloc(d->list, d->room * sizeof(*grown));
		if (grown)
			d->list = grown;
	}
	if (!grown || !text) {
		free(text);
		return -ENOMEM;
	}
	grown = &d->list[d->count++];
	memset(grown, 0, sizeof(*grown));
	grown->serial = serial;
	grown->objects = objects;
	snprintf(grown->text, sizeof(grown->text), "%s", text);
	free(text);
	return 0;
}

static void label_of(const struct coffer_object *o, char *out, size_t room)
{
	const struct coffer_attr *a = coffer_object_attr(o, CKA(LABEL));
	const uint8_t *from = readable(a) ? a->value : NULL;
	size_t n = from ? a->len : 0;

	if (n >= room)
		n = room - 1;
	for (size_t i = 0; i < n; i++)
		out[i] = from[i] < 0x20 || from[i] == 0x7f ? '?' : (char)from[i];
	out[n] = '\0';
}

static coffer_rc compare_lists(struct differences *d, const struct ha_group *g,
			       const struct coffer_objects *primary, unsigned int p,
			       const struct coffer_objects *member, unsigned int m)
{
	struct coffer_attr different[N_COMPARED];
	const struct coffer_object *twin;
	char label[65];
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < primary->count; i++) {
		twin = find_in(member, &primary->list[i]);
		label_of(&primary->list[i], label, sizeof(label));
		if (!twin)
			rc = differ(d, g->members[m].serial, true,
				    text_of("object \"%s\" is missing", label));
		else if (differing(&primary->list[i], twin, different))
			rc = differ(d, g->members[m].serial, true,
				    text_of("object \"%s\" has other attributes than on the "
					    "primary", label));
	}
	for (size_t i = 0; !rc && i < member->count; i++) {
		label_of(&member->list[i], label, sizeof(label));
		if (!find_in(primary, &member->list[i]))
			rc = differ(d, g->members[p].serial, true,
				    text_of("object \"%s\" of member %llu is missing", label,
					    (unsigned long long)g->members[m].serial));
	}
	return rc;
}

static coffer_rc compare_member(struct differences *d, struct ha_group *g,
				const struct coffer_objects *primary, unsigned int p,
				unsigned int m)
{
	struct coffer_objects objects;
	coffer_rc rc;

	if (!(ha_alive(g) >> m & 1))
		return differ(d, g->members[m].serial, false, text_of("is down"));
	rc = snapshot(g, m, &objects);
	if (!rc)
		rc = compare_lists(d, g, primary, p, &objects, m);
	coffer_objects_free(&objects);
	return rc;
}

static struct ha_group *group_of(struct coffer_session *s)
{
	return s->ops ? ((struct ha_session *)s)->group : NULL;
}

API coffer_rc coffer_ha_compare(struct coffer_session *s, struct coffer_ha_difference **list,
				size_t *count)
{
	struct ha_group *g = group_of(s);
	struct differences d = { 0 };
	struct coffer_objects objects = { 0 };
	int p = g ? ha_primary(g, 0) : -1;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	if (!g)
		return -EINVAL;
	rc = context_check(g->ctx);
	if (!rc)
		rc = p < 0 ? -ENODEV : snapshot(g, (unsigned int)p, &objects);
	for (unsigned int i = 0; !rc && i < g->count; i++)
		if ((int)i != p)
			rc = compare_member(&d, g, &objects, (unsigned int)p, i);
	coffer_objects_free(&objects);
	if (rc) {
		free(d.list);
		return rc;
	}
	*list = d.list;
	*count = d.count;
	return 0;
}

/* ---- Synchronizing ----------------------------------------------------------------------- */

struct sync {
	struct ha_group *g;
	struct coffer_ha_sync_report *report;
	void (*item)(void *opaque, uint64_t serial, const struct coffer_clone_item *item);
	void *opaque;
	uint64_t serial;		/* of the target */
	const volatile int *stop;
};

static void on_item(void *opaque, const struct coffer_clone_item *item)
{
	struct sync *y = opaque;

	if (item->result == COFFER_CLONED)
		y->report->cloned++;
	else if (item->result != COFFER_CLONE_EXISTS)
		y->report->refused++;
	if (y->item)
		y->item(y->opaque, y->serial, item);
}

/* The objects of @from that @to lacks. A refusal of objects is counted, and is none of ours. */
static coffer_rc clone_missing(struct sync *y, unsigned int from, const struct coffer_objects *have,
			       unsigned int to, const struct coffer_objects *lacks)
{
	struct coffer_clone_options options = { .item = on_item, .opaque = y,
						.interrupted = y->stop };
	struct coffer_clone_report report;
	struct coffer_session s, t;
	uint32_t *handles = calloc(have->count + 1, sizeof(*handles));
	coffer_rc rc = 0;

	if (!handles)
		return -ENOMEM;
	for (size_t i = 0; i < have->count; i++)
		if (!find_in(lacks, &have->list[i]))
			handles[options.count++] = have->list[i].handle;
	options.handles = handles;
	y->serial = y->g->members[to].serial;
	if (options.count && (!ha_control(y->g, from, &s) || !ha_control(y->g, to, &t))) {
		rc = -ENODEV;
	} else if (options.count) {
		rc = coffer_clone(&s, &t, &options, &report);
		coffer_clone_report_free(&report);
		if (rc == ST(FAILED_TO_CLONE_AN_OBJECT))
			rc = 0;
	}
	free(handles);
	return rc;
}

/* Objects of both get the attributes of @from. */
static void align(struct sync *y, const struct coffer_objects *from, unsigned int to,
		  const struct coffer_objects *have)
{
	struct coffer_attr different[N_COMPARED];
	const struct coffer_object *twin;
	struct coffer_session s;
	size_t n;

	if (!ha_control(y->g, to, &s))
		return;
	for (size_t i = 0; i < from->count; i++) {
		twin = find_in(have, &from->list[i]);
		n = twin ? differing(&from->list[i], twin, different) : 0;
		if (!n)
			continue;
		if (direct_set(&s, twin->handle, different, n))
			y->report->refused++;
		else
			y->report->changed++;
	}
}

static coffer_rc bring(struct sync *y, unsigned int from, unsigned int to, bool attributes)
{
	struct coffer_objects have, lacks;
	coffer_rc rc = snapshot(y->g, from, &have), later;

	later = snapshot(y->g, to, &lacks);
	if (!rc)
		rc = later;
	if (!rc)
		rc = clone_missing(y, from, &have, to, &lacks);
	if (!rc && attributes)
		align(y, &have, to, &lacks);
	coffer_objects_free(&have);
	coffer_objects_free(&lacks);
	return rc;
}

static coffer_rc refuse(struct sync *y, coffer_rc rc, char *line)
{
	snprintf(y->report->why, sizeof(y->report->why), "%s", line ? line : coffer_strerror(rc));
	free(line);
	return rc;
}

/* Would anything get from one to the other? */
static coffer_rc ask_pair(struct sync *y, unsigned int from, unsigned int to)
{
	struct coffer_session s, t;
	coffer_rc rc = 0;
	char *line, *pair;

	if (!ha_control(y->g, from, &s) || !ha_control(y->g, to, &t))
		return -ENODEV;
	line = clone_refusal(&s, &t, &rc);
	if (!rc)
		return 0;
	pair = text_of("from member %llu (source) to member %llu (target): %s",
		       (unsigned long long)y->g->members[from].serial,
		       (unsigned long long)y->g->members[to].serial,
		       line ? line : coffer_strerror(rc));
	free(line);
	return refuse(y, rc, pair);
}

/* Before anything is moved: what there is to do, and whether all of it may be tried. */
static coffer_rc sync_plan(struct sync *y, unsigned int p, uint32_t alive)
{
	struct ha_plan plan;
	enum coffer_role role;
	coffer_rc rc;

	pthread_mutex_lock(&y->g->lock);
	role = y->g->role;
	pthread_mutex_unlock(&y->g->lock);
	/* Nobody sees private objects: all members would look the same. */
	if (role == COFFER_ROLE_NONE)
		return refuse(y, ST(USER_NOT_LOGGED_IN),
			      text_of("nobody is logged in to the group: role login -name co"));
	rc = ha_plan(y->g, p, alive, &plan);
	y->report->total = plan.total;
	for (unsigned int i = 0; !rc && i < y->g->count; i++) {
		if (plan.to_primary >> i & 1)
			rc = ask_pair(y, i, p);
		if (!rc && plan.from_primary >> i & 1)
			rc = ask_pair(y, p, i);
	}
	return rc;
}

/* What was destroyed while a member was away must not come back from there. */
static coffer_rc doomed_first(struct ha_group *g, uint32_t alive)
{
	coffer_rc rc = 0;

	for (unsigned int i = 0; !rc && i < g->count; i++)
		if (alive >> i & 1)
			rc = ha_carry_out(g, i);
	return rc;
}

/* Everything to the primary first, then from it to all. */
static coffer_rc sync_all(struct sync *y, unsigned int p)
{
	uint32_t alive = ha_alive(y->g), others = alive & ~(1u << p);
	coffer_rc rc = doomed_first(y->g, alive);

	if (!rc)
		rc = sync_plan(y, p, alive);
	for (int back = 1; back >= 0; back--)
		for (unsigned int i = 0; !rc && i < y->g->count; i++) {
			if (!(others >> i & 1))
				continue;
			rc = back ? bring(y, i, p, false) : bring(y, p, i, true);
		}
	return rc;
}

API coffer_rc coffer_ha_sync(struct coffer_session *s, struct coffer_ha_sync_report *report,
			     void (*item)(void *opaque, uint64_t serial,
					  const struct coffer_clone_item *item), void *opaque)
{
	struct ha_group *g = group_of(s);
	struct sync y = { .g = g, .report = report, .item = item, .opaque = opaque };
	coffer_rc rc;
	int p;

	memset(report, 0, sizeof(*report));
	if (!g)
		return -EINVAL;
	rc = context_check(g->ctx);
	if (rc)
		return rc;
	pthread_mutex_lock(&g->change_lock);
	p = ha_primary(g, 0);
	rc = p < 0 ? -ENODEV : sync_all(&y, (unsigned int)p);
	pthread_mutex_unlock(&g->change_lock);
	return !rc && report->refused ? ST(FAILED_TO_CLONE_AN_OBJECT) : rc;
}

/* ---- Catching up ------------------------------------------------------------------------- */

/* A member that was away must not bring the object back. -ENOMEM: it will. */
coffer_rc ha_doom(struct ha_group *g, unsigned int member, const struct ha_ouid *ouid)
{
	struct ha_member *m = &g->members[member];
	struct ha_ouid *grown;

	pthread_mutex_lock(&g->lock);
	grown = realloc(m->doomed, (m->n_doomed + 1) * sizeof(*grown));
	if (grown) {
		m->doomed = grown;
		grown[m->n_doomed++] = *ouid;
	}
	pthread_mutex_unlock(&g->lock);
	if (!grown)
		ha_log(g, "member %llu will bring back what was destroyed: no memory",
		       (unsigned long long)m->serial);
	return grown ? 0 : -ENOMEM;
}

/* What is not there any more is as good as destroyed. */
coffer_rc ha_destroy_at(struct ha_group *g, unsigned int member, const struct ha_ouid *ouid,
			unsigned int ms)
{
	const struct coffer_attr which = { CKA(OUID), sizeof(ouid->bytes), ouid->bytes };
	struct coffer_objects found = { 0 };
	struct coffer_session s;
	coffer_rc rc;

	if (!ha_control(g, member, &s))
		return -ENODEV;
	s.timeout_ms = ms;
	rc = direct_find(&s, &which, 1, NULL, 0, &found);
	for (size_t i = 0; !rc && i < found.count; i++)
		rc = direct_destroy(&s, found.list[i].handle);
	coffer_objects_free(&found);
	return rc == ST(OBJECT_HANDLE_INVALID) ? 0 : rc;
}

/* What cannot be destroyed now stays for the next time. */
coffer_rc ha_carry_out(struct ha_group *g, unsigned int member)
{
	struct ha_member *m = &g->members[member];
	struct ha_ouid *doomed;
	coffer_rc rc = 0, each;
	size_t n;

	pthread_mutex_lock(&g->lock);
	doomed = m->doomed;
	n = m->n_doomed;
	m->doomed = NULL;
	m->n_doomed = 0;
	pthread_mutex_unlock(&g->lock);
	for (size_t i = 0; i < n; i++) {
		/* After a break nothing else is asked of it. */
		each = ha_is_break(rc) ? rc : ha_destroy_at(g, member, &doomed[i], 0);
		if (!each)
			continue;
		if (!rc || ha_is_break(each))
			rc = each;
		ha_doom(g, member, &doomed[i]);
	}
	free(doomed);
	return rc;
}

coffer_rc ha_catch_up(struct ha_group *g, unsigned int from, unsigned int to)
{
	struct coffer_ha_sync_report report = { 0 };
	struct sync y = { .g = g, .report = &report, .stop = &g->stopping };
	coffer_rc rc = ha_carry_out(g, to);

	return rc ? rc : bring(&y, from, to, true);
}
