// SPDX-License-Identifier: BSD-3-Clause
/* What a group is asked that has nothing to do with objects. */
#include <stdlib.h>
#include <string.h>

#include "ha_group.h"

static struct ha_session *to_ha(struct coffer_session *s)
{
	return (struct ha_session *)s;
}

/* ---- What the primary tells -------------------------------------------------------------- */

struct list {
	void *items;
	size_t count;
};

static coffer_rc step_roles(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			    void *arg)
{
	struct list *l = arg;
	struct coffer_role_state *items;
	coffer_rc rc = direct_roles(s, &items, &l->count);

	(void)hs;
	(void)member;
	l->items = items;
	return rc;
}

coffer_rc ha_roles(struct coffer_session *s, struct coffer_role_state **list, size_t *count)
{
	struct list l = { 0 };
	coffer_rc rc = ha_on_primary(to_ha(s), step_roles, &l);

	*list = rc ? NULL : l.items;
	*count = rc ? 0 : l.count;
	return rc;
}

static coffer_rc step_mechanisms(struct ha_session *hs, unsigned int member,
				 struct coffer_session *s, void *arg)
{
	struct list *l = arg;
	struct coffer_mechanism_info *items;
	coffer_rc rc = direct_mechanisms(s, &items, &l->count);

	(void)hs;
	(void)member;
	l->items = items;
	return rc;
}

/* What all members can do (row 66). */
coffer_rc ha_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
			size_t *count)
{
	struct list l = { 0 };
	coffer_rc rc = ha_on_primary(to_ha(s), step_mechanisms, &l);

	*list = rc ? NULL : l.items;
	*count = 0;
	for (size_t i = 0; !rc && i < l.count; i++)
		if (ha_all_know(to_ha(s)->group, (*list)[i].mechanism))
			(*list)[(*count)++] = (*list)[i];
	return rc;
}

static coffer_rc step_info(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			   void *arg)
{
	(void)hs;
	(void)member;
	return direct_info(s, arg);
}

coffer_rc ha_info(struct coffer_session *s, struct coffer_partition_details *out)
{
	struct ha_group *g = to_ha(s)->group;
	coffer_rc rc = ha_on_primary(to_ha(s), step_info, out);

	if (rc) {
		memset(out, 0, sizeof(*out));
		return rc;
	}
	out->slot.slot = COFFER_HA_FIRST_SLOT + g->conf.number;
	out->slot.serial = g->conf.serial;
	out->slot.members = (uint32_t)g->count;
	strcpy(out->slot.label, g->conf.label);
	return 0;
}

/* ---- What any of them can do ------------------------------------------------------------- */

struct digest {
	uint32_t mechanism;
	const void *data;
	size_t data_len;
	void *out;
	size_t room, len;
};

static coffer_rc step_digest(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			     void *arg)
{
	struct digest *d = arg;

	(void)hs;
	(void)member;
	d->len = d->room;
	return direct_digest(s, d->mechanism, d->data, d->data_len, d->out, &d->len);
}

coffer_rc ha_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
		    size_t data_len, void *out, size_t *out_len)
{
	struct digest d = { mechanism, data, data_len, out, *out_len, 0 };
	coffer_rc rc = context_check(to_ha(s)->group->ctx);

	*out_len = 0;
	if (rc)
		return rc;
	if (!ha_all_know(to_ha(s)->group, mechanism))
		return ST(MECHANISM_INVALID);
	rc = ha_on_any(to_ha(s), step_digest, &d);
	*out_len = d.len;
	return rc;
}

struct random {
	void *out;
	size_t len;
};

static coffer_rc step_random(struct ha_session *hs, unsigned int member, struct coffer_session *s,
			     void *arg)
{
	struct random *r = arg;

	(void)hs;
	(void)member;
	return direct_random(s, r->out, r->len);
}

/* The primary's (row 60). */
coffer_rc ha_random(struct coffer_session *s, void *out, size_t len)
{
	struct random r = { out, len };

	return ha_on_primary(to_ha(s), step_random, &r);
}
