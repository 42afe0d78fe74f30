// SPDX-License-Identifier: BSD-3-Clause
/* A group's objects: handles to and fro, finding on one member, changing on all, use on any. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ha_group.h"

static struct ha_session *to_ha(struct coffer_session *s)
{
	return (struct ha_session *)s;
}

/* ---- Handles ----------------------------------------------------------------------------- */

coffer_rc ha_resolve(struct ha_group *g, struct coffer_session *s, unsigned int member,
		     uint32_t handle, uint32_t *own)
{
	struct coffer_objects found;
	struct ha_ouid ouid;
	coffer_rc rc;

	*own = ha_handle_at(g, handle, member);
	if (*own)
		return 0;
	if (!ha_handle_ouid(g, handle, &ouid))
		return HA_ABSENT;
	rc = direct_find(s, &(struct coffer_attr){ CKA(OUID), sizeof(ouid.bytes), ouid.bytes }, 1,
			 NULL, 0, &found);
	if (!rc && found.count)
		*own = found.list[0].handle;
	coffer_objects_free(&found);
	if (*own)
		ha_handle_set(g, handle, member, *own);
	return rc ? rc : *own ? 0 : HA_ABSENT;
}

/* The member's word that the handle it was called by is none there (any more). */
static bool no_such_handle(coffer_rc rc)
{
	return rc == ST(OBJECT_HANDLE_INVALID) || rc == ST(KEY_HANDLE_INVALID);
}

typedef coffer_rc own_step(struct coffer_session *s, uint32_t own, void *arg);

/*
 * With the member's own handle; one that was kept and is wrong by now is looked for again. A key
 * that is no key there either is the caller's mistake: the second verdict stands.
 */
static coffer_rc with_own(struct ha_group *g, struct coffer_session *s, unsigned int member,
			  uint32_t handle, own_step *step, void *arg)
{
	bool kept = ha_handle_at(g, handle, member) != 0;
	uint32_t own;
	coffer_rc rc = ha_resolve(g, s, member, handle, &own);

	if (!rc)
		rc = step(s, own, arg);
	if (!kept || !no_such_handle(rc))
		return rc;
	ha_handle_set(g, handle, member, 0);
	rc = ha_resolve(g, s, member, handle, &own);
	return rc ? rc : step(s, own, arg);
}

static coffer_rc objects_known(struct ha_group *g, unsigned int member,
			       struct coffer_objects *found)
{
	struct ha_ouid ouid;
	size_t kept = 0;

	for (size_t i = 0; i < found->count; i++) {
		struct coffer_object *o = &found->list[i];
		uint32_t handle;

		/* What has no OUID is no member's business but that one's. */
		if (!ha_ouid_get(o, &ouid))
			continue;
		handle = ha_handle_of(g, &ouid);
		if (!handle)
			return -ENOMEM;
		ha_handle_set(g, handle, member, o->handle);
		found->list[kept] = *o;
		found->list[kept++].handle = handle;
	}
	found->count = kept;
	return 0;
}

/* ---- Finding ----------------------------------------------------------------------------- */

struct find {
	const struct coffer_attr *tmpl;
	size_t n;
	uint32_t *wanted;		/* with the OUID as the last */
	size_t n_wanted;
	bool hide_ouid;			/* the caller did not ask for it */
	struct coffer_objects *out;
};

/* The caller's wishes and the OUID. */
static coffer_rc find_wants(struct find *f, const uint32_t *wanted, size_t n_wanted)
{
	f->wanted = calloc(n_wanted + 1, sizeof(*f->wanted));
	if (!f->wanted)
		return -ENOMEM;
	f->hide_ouid = true;
	for (size_t i = 0; i < n_wanted; i++) {
		f->wanted[i] = wanted[i];
		f->hide_ouid &= wanted[i] != CKA(OUID);
	}
	f->n_wanted = n_wanted;
	if (f->hide_ouid)
		f->wanted[f->n_wanted++] = CKA(OUID);
	return 0;
}

static void find_hide(const struct find *f)
{
	for (size_t i = 0; f->hide_ouid && i < f->out->count; i++) {
		struct coffer_object *o = &f->out->list[i];

		for (size_t k = 0; k < o->count; k++)
			if (o->attrs[k].type == CKA(OUID)) {
				memmove(&o->attrs[k], &o->attrs[k + 1],
					(o->count - k - 1) * sizeof(o->attrs[0]));
				o->count--;
				break;
			}
	}
}

static coffer_rc step_find(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			   void *arg)
{
	struct find *f = arg;
	coffer_rc rc = direct_find(s, f->tmpl, f->n, f->wanted, f->n_wanted, f->out);

	if (!rc)
		rc = objects_known(hs->group, member, f->out);
	if (rc)
		coffer_objects_free(f->out);
	return rc;
}

static int by_handle(const void *a, const void *b)
{
	const struct coffer_object *x = a, *y = b;

	return (x->handle > y->handle) - (x->handle < y->handle);
}

coffer_rc ha_find(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		  const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out)
{
	struct find f = { .tmpl = tmpl, .n = n, .out = out };
	coffer_rc rc = find_wants(&f, wanted, n_wanted);

	memset(out, 0, sizeof(*out));
	if (!rc)
		rc = ha_on_primary(to_ha(s), step_find, &f);
	if (!rc) {
		find_hide(&f);
		if (out->count)
			qsort(out->list, out->count, sizeof(*out->list), by_handle);
	}
	free(f.wanted);
	return rc;
}

/* A handle of another process, or of before: the primary's objects tell whose it is. */
coffer_rc ha_know(struct ha_session *hs, uint32_t handle)
{
	struct coffer_objects all;
	struct ha_ouid ouid;
	coffer_rc rc = context_check(hs->group->ctx);

	if (rc)
		return rc;
	if (ha_handle_ouid(hs->group, handle, &ouid))
		return 0;
	rc = ha_find(&hs->base, NULL, 0, NULL, 0, &all);
	coffer_objects_free(&all);
	if (rc)
		return rc;
	return ha_handle_ouid(hs->group, handle, &ouid) ? 0 : ST(OBJECT_HANDLE_INVALID);
}

struct get {
	uint32_t handle;
	const uint32_t *wanted;
	size_t n_wanted;
	struct coffer_objects *out;
};

static coffer_rc own_get(struct coffer_session *s, uint32_t own, void *arg)
{
	struct get *g = arg;

	return direct_get(s, own, g->wanted, g->n_wanted, g->out);
}

static coffer_rc step_get(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			  void *arg)
{
	struct get *g = arg;

	return with_own(hs->group, s, member, g->handle, own_get, g);
}

coffer_rc ha_get_object(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
			size_t n_wanted, struct coffer_objects *out)
{
	struct get g = { handle, wanted, n_wanted, out };
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	rc = ha_know(to_ha(s), handle);
	if (!rc)
		rc = ha_on_primary(to_ha(s), step_get, &g);
	for (size_t i = 0; !rc && i < out->count; i++)
		out->list[i].handle = handle;
	return rc;
}

/* ---- Use --------------------------------------------------------------------------------- */

struct use {
	struct session_use how;
	uint32_t handle;
	size_t room, len;
};

static coffer_rc own_use(struct coffer_session *s, uint32_t own, void *arg)
{
	struct use *u = arg;

	u->how.key = own;
	u->len = u->room;
	return direct_use(s, &u->how, &u->len);
}

static coffer_rc step_use(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			  void *arg)
{
	struct use *u = arg;

	return with_own(hs->group, s, member, u->handle, own_use, u);
}

/* What one member cannot do the group cannot, whoever's turn it is (row 66). */
coffer_rc ha_use(struct coffer_session *s, const struct session_use *use, size_t *out_len)
{
	struct use u = { *use, use->key, *out_len, 0 };
	coffer_rc rc = context_check(to_ha(s)->group->ctx);

	*out_len = 0;
	if (rc)
		return rc;
	if (!ha_all_know(to_ha(s)->group, use->mechanism))
		return ST(MECHANISM_INVALID);
	rc = ha_know(to_ha(s), use->key);
	if (!rc)
		rc = ha_on_any(to_ha(s), step_use, &u);
	if (rc == ST(OBJECT_HANDLE_INVALID))
		rc = ST(KEY_HANDLE_INVALID);
	*out_len = u.len;
	return rc;
}

/* ---- Changing on all --------------------------------------------------------------------- */

struct change {
	uint32_t handle;
	own_step *step;
	void *arg;
	unsigned int maker;		/* the member that carried it out last */
};

static coffer_rc step_change(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			     void *arg)
{
	struct change *c = arg;

	c->maker = member;
	return with_own(hs->group, s, member, c->handle, c->step, c->arg);
}

/* A member that this session may not use (activeBasic) is told by the group's own session. */
static coffer_rc change_at(struct ha_session *hs, unsigned int member, struct change *c)
{
	struct coffer_session own;
	coffer_rc rc = ha_on(hs, member, step_change, c);

	if (rc != HA_STALE)
		return rc;
	rc = -ENODEV;
	if (ha_control(hs->group, member, &own))
		rc = step_change(hs, member, &own, c);
	if (ha_is_break(rc))
		ha_mark_down(hs->group, member, rc);
	return rc;
}

/*
 * The primary first: its refusal is the caller's answer, and nothing was changed. Then the others;
 * *missed gets those that did not hear of it, whose turn comes when they are back. The primary is
 * who carried it out: the one before may have broken only now. Nobody comes back meanwhile: the
 * change lock is held.
 */
static coffer_rc change_all(struct ha_session *hs, struct change *c, uint32_t *missed)
{
	struct ha_group *g = hs->group;
	unsigned int maker;
	coffer_rc rc, later = 0;

	*missed = 0;
	rc = ha_on_maker(hs, step_change, c);
	if (rc)
		return rc;
	maker = c->maker;
	for (unsigned int i = 0; i < g->count; i++) {
		if (i == maker)
			continue;
		rc = ha_alive(g) >> i & 1 ? change_at(hs, i, c) : -ENODEV;
		if (ha_is_break(rc))
			*missed |= 1u << i;
		else if (rc && rc != HA_ABSENT && !later)
			later = rc;
	}
	return later;
}

struct set {
	const struct coffer_attr *tmpl;
	size_t n;
};

static coffer_rc own_set(struct coffer_session *s, uint32_t own, void *arg)
{
	struct set *set = arg;

	return direct_set(s, own, set->tmpl, set->n);
}

coffer_rc ha_set(struct coffer_session *s, uint32_t handle, const struct coffer_attr *tmpl,
		 size_t n)
{
	struct ha_session *hs = to_ha(s);
	struct set set = { tmpl, n };
	struct change c = { handle, own_set, &set, 0 };
	uint32_t missed;
	coffer_rc rc = ha_know(hs, handle);

	if (rc)
		return rc;
	pthread_mutex_lock(&hs->group->change_lock);
	rc = change_all(hs, &c, &missed);
	pthread_mutex_unlock(&hs->group->change_lock);
	return rc;
}

static coffer_rc own_destroy(struct coffer_session *s, uint32_t own, void *arg)
{
	(void)arg;
	return direct_destroy(s, own);
}

coffer_rc ha_destroy(struct coffer_session *s, uint32_t handle)
{
	struct ha_session *hs = to_ha(s);
	struct ha_group *g = hs->group;
	struct change c = { handle, own_destroy, NULL, 0 };
	struct ha_ouid ouid;
	uint32_t missed = 0;
	coffer_rc rc = ha_know(hs, handle), later = 0;

	if (rc)
		return rc;
	pthread_mutex_lock(&g->change_lock);
	if (!ha_handle_ouid(g, handle, &ouid))
		rc = ST(OBJECT_HANDLE_INVALID);
	else
		rc = change_all(hs, &c, &missed);
	/* Whatever another member answered: it is gone from the first one. */
	for (unsigned int i = 0; i < g->count; i++)
		if (missed >> i & 1 && !later)
			later = ha_doom(g, i, &ouid);
	if (!rc)
		ha_handle_forget(g, handle);
	pthread_mutex_unlock(&g->change_lock);
	return rc ? rc : later;
}
