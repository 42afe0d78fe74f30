// SPDX-License-Identifier: BSD-3-Clause
/* What cards say of partitions that are, or are to be, members; and what differs among them. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha_facts.h"

/* ---- Facts --------------------------------------------------------------------------- */

coffer_rc ha_facts_find(struct coffer *ctx, uint64_t serial, struct coffer_slot *slot)
{
	struct coffer_slot *list;
	size_t count;
	coffer_rc rc = slots_physical(ctx, &list, &count);

	if (rc)
		return rc;
	rc = -ENODEV;
	for (size_t i = 0; i < count; i++)
		if (list[i].serial == serial && list[i].partition) {
			*slot = list[i];
			rc = 0;
		}
	free(list);
	return rc;
}

static coffer_rc look_at_officer(struct coffer_session *s, struct ha_facts *f)
{
	struct coffer_role_state *roles;
	size_t count;
	coffer_rc rc = coffer_roles(s, &roles, &count);

	for (size_t i = 0; !rc && i < count; i++)
		if (roles[i].role == COFFER_ROLE_CO)
			f->co_state = roles[i].state;
	free(roles);
	return rc;
}

static coffer_rc look_at_partition(struct coffer_session *s, struct ha_facts *f)
{
	struct coffer_partition_details d;
	coffer_rc rc = coffer_partition_info(s, &d);

	if (rc)
		return rc;
	f->serial = d.slot.serial;
	f->fw_version = d.slot.fw_version;
	f->card_flags = d.slot.card_flags;
	f->kind = d.kind;
	f->fips = d.fips;
	rc = look_at_officer(s, f);
	return rc ? rc : coffer_policies(s, &f->partition, &f->n_partition);
}

coffer_rc ha_facts_look(struct coffer *ctx, const struct coffer_slot *slot, struct ha_facts *f)
{
	struct coffer_card *card = coffer_card_at(ctx, slot->card);
	struct coffer_session *s;
	coffer_rc rc;

	memset(f, 0, sizeof(*f));
	rc = coffer_session_open(card, slot->partition, false, &s);
	if (rc)
		return rc;
	rc = look_at_partition(s, f);
	coffer_session_close(s);
	if (!rc)
		rc = coffer_session_open(card, 0, false, &s);
	if (rc)
		goto out;
	rc = coffer_policies(s, &f->hsm, &f->n_hsm);
	coffer_session_close(s);
out:
	if (rc)
		ha_facts_free(f);
	return rc;
}

/* ---- Every difference ---------------------------------------------------------------- */

struct check {
	struct ha_group *g;
	struct coffer_ha_difference *list;
	size_t count;
	coffer_rc rc;
};

/* Takes over the text. */
static void found(struct check *c, uint64_t serial, char *text)
{
	struct coffer_ha_difference *grown;

	if (!text)
		return;
	grown = realloc(c->list, (c->count + 1) * sizeof(*grown));
	if (grown) {
		c->list = grown;
		memset(&grown[c->count], 0, sizeof(*grown));
		grown[c->count].serial = serial;
		snprintf(grown[c->count++].text, sizeof(grown->text), "%s", text);
	} else {
		c->rc = -ENOMEM;
	}
	free(text);
}

/* Also values, where the cards compare them: no list of attributes shows those. */
static void tell_inside(struct check *c, uint64_t serial, const struct coffer_compare_report *r)
{
	size_t i = 0;

	if (r->how != COFFER_BY_DIGEST || !r->differ)
		return;
	while (r->items[i].result != COFFER_DIFFERS)
		i++;
	found(c, serial, text_of("%zu object%s not the same inside the cards, \"%s\" first",
				 r->differ, r->differ == 1 ? " is" : "s are", r->items[i].label));
}

/* Negotiates without moving anything. Only partitions of one domain come to an end of it. */
static void check_inside(struct check *c, unsigned int p, unsigned int m)
{
	struct coffer_compare_report compared;
	struct coffer_clone_report run;
	struct coffer_session s, t;
	coffer_rc rc;

	if (!ha_control(c->g, p, &s) || !ha_control(c->g, m, &t))
		return;
	rc = coffer_compare_inside(&s, &t, &run, &compared);
	if (rc)
		found(c, c->g->members[m].serial,
		      text_of("cannot get keys from the primary: %s", coffer_strerror(rc)));
	else
		tell_inside(c, c->g->members[m].serial, &compared);
	coffer_compare_report_free(&compared);
	coffer_clone_report_free(&run);
}

static bool facts_of(struct check *c, unsigned int m, struct ha_facts *f)
{
	struct coffer_slot slot;
	coffer_rc rc;

	memset(f, 0, sizeof(*f));
	rc = ha_facts_find(c->g->ctx, c->g->members[m].serial, &slot);
	if (!rc)
		rc = ha_facts_look(c->g->ctx, &slot, f);
	if (rc)
		found(c, c->g->members[m].serial, text_of("is down: %s", coffer_strerror(rc)));
	return !rc;
}

static void check_pair(struct check *c, const struct ha_facts *p, const struct ha_facts *m)
{
	const struct coffer *ctx = c->g->ctx;
	const struct ha_client client = { ctx->client_version, c->g->set.pe1746 };
	const char *prefix;
	char *text = NULL, *line, digits[32];
	size_t at = 0;

	if (ha_rule_pair(&client, p, m, &text))
		found(c, m->serial, text);
	snprintf(digits, sizeof(digits), "%llu: ", (unsigned long long)m->serial);
	while ((line = ha_rule_warning(p, m, &at))) {
		prefix = strncmp(line, digits, strlen(digits)) ? line : line + strlen(digits);
		found(c, m->serial, text_of("%s", prefix));
		free(line);
	}
}

static void check_member(struct check *c, const struct ha_facts *f)
{
	char *text = NULL;

	if (ha_rule_member(f, &text))
		found(c, f->serial, text);
	if (f->co_state & (COFFER_RS_PIN_MUST_CHANGE | COFFER_RS_CHALLENGE_MUST_CHANGE))
		found(c, f->serial, text_of("the Crypto Officer's secret is the initial one"));
}

static void check_all(struct check *c, unsigned int p)
{
	struct ha_facts primary, f;

	if (!facts_of(c, p, &primary))
		return;
	check_member(c, &primary);
	for (unsigned int i = 0; i < c->g->count; i++) {
		if (i == p || !facts_of(c, i, &f))
			continue;
		check_member(c, &f);
		check_pair(c, &primary, &f);
		if (ha_alive(c->g) >> i & 1)
			check_inside(c, p, i);
		ha_facts_free(&f);
	}
	ha_facts_free(&primary);
}

API coffer_rc coffer_ha_check(struct coffer_session *s, struct coffer_ha_difference **list,
			      size_t *count)
{
	struct check c = { .g = s->ops ? ((struct ha_session *)s)->group : NULL };
	int p;

	*list = NULL;
	*count = 0;
	if (!c.g)
		return -EINVAL;
	c.rc = context_check(c.g->ctx);
	p = c.rc ? -1 : ha_primary(c.g, 0);
	if (!c.rc && p < 0)
		c.rc = -ENODEV;
	if (!c.rc)
		check_all(&c, (unsigned int)p);
	if (c.rc) {
		free(c.list);
		return c.rc;
	}
	*list = c.list;
	*count = c.count;
	return 0;
}
