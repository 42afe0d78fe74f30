// SPDX-License-Identifier: BSD-3-Clause
/* Groups are made and changed: looked at first, then written into the configuration. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clone.h"
#include "ha_facts.h"

/* ---- The configuration of now -------------------------------------------------------- */

/* Read anew: another process may have changed it. */
static coffer_rc begin(struct coffer *ctx, struct ha_conf *c, char **text)
{
	coffer_rc rc = context_check(ctx);

	memset(c, 0, sizeof(*c));
	if (text)
		*text = NULL;
	if (rc)
		return rc;
	ha_conf_load(c);
	if (c->rc)
		text_set(text, text_of("%s", c->why ? c->why : coffer_strerror(c->rc)));
	return c->rc;
}

static coffer_rc finish(struct coffer *ctx, struct ha_conf *c, coffer_rc rc)
{
	ha_conf_free(c);
	return rc ? rc : ha_reload(ctx);
}

static coffer_rc find(struct ha_conf *c, const char *label, struct ha_conf_group **g, char **text)
{
	*g = ha_conf_find(c, label);
	if (*g)
		return 0;
	text_set(text, text_of("there is no group \"%s\": see hagroup listgroups", label));
	return -ENOENT;
}

static coffer_rc find_member(struct ha_conf_group *g, uint64_t serial, struct ha_conf_member **m,
			     char **text)
{
	*m = ha_conf_member(g, serial);
	if (*m)
		return 0;
	text_set(text, text_of("%llu is no member of group \"%s\"", (unsigned long long)serial,
			       g->label));
	return -ENOENT;
}

static coffer_rc not_elsewhere(const struct ha_conf *c, uint64_t serial, char **text)
{
	for (size_t i = 0; i < c->count; i++)
		if (ha_conf_member(&c->groups[i], serial)) {
			text_set(text, text_of("%llu is a member of group \"%s\" already",
					       (unsigned long long)serial, c->groups[i].label));
			return -EEXIST;
		}
	return 0;
}

/* ---- Proofs -------------------------------------------------------------------------- */

/*
 * The password is right where a login by it works: in a connection of its own, so that nobody who
 * is logged in here is disturbed.
 */
static coffer_rc login_apart(const struct coffer_slot *slot, struct coffer *apart,
			     const struct coffer_ha_who *who, bool *must_change)
{
	struct coffer_session *s;
	coffer_rc rc = coffer_session_open(coffer_card_at(apart, 0), slot->partition, false, &s);

	if (rc)
		return rc;
	rc = coffer_login(s, COFFER_ROLE_CO, who->pin, who->pin_len, must_change);
	coffer_session_close(s);
	return rc;
}

static coffer_rc prove(struct coffer *ctx, const struct coffer_slot *slot,
		       const struct coffer_ha_who *who, char **text)
{
	const struct coffer_options options = {
		.cards = coffer_card_name(coffer_card_at(ctx, slot->card)),
		.timeout_ms = ctx->timeout_ms,
	};
	struct coffer *apart;
	bool must_change = false;
	coffer_rc rc;

	if (!who->pin || !who->pin_len) {
		text_set(text, text_of("the Crypto Officer's password is missing"));
		return ST(ARGUMENTS_BAD);
	}
	rc = coffer_open(&options, &apart);
	if (!rc) {
		rc = login_apart(slot, apart, who, &must_change);
		coffer_close(apart);
	}
	if (!rc && must_change)
		rc = ST(PIN_EXPIRED);
	if (rc == ST(PIN_EXPIRED))
		text_set(text, text_of("the Crypto Officer's secret of partition %llu is the "
				       "initial one: role changepw -name co there first",
				       (unsigned long long)slot->serial));
	else if (rc)
		text_set(text, text_of("partition %llu does not accept the Crypto Officer's "
				       "secret (%s): members of a group have the same",
				       (unsigned long long)slot->serial, coffer_errname(rc)));
	return rc;
}

/* Sessions of both in a connection of its own, the Crypto Officer logged in. */
static coffer_rc enter_apart(struct coffer *apart, const struct coffer_slot *slot,
			     unsigned int card, const struct coffer_ha_who *who,
			     struct coffer_session **s)
{
	coffer_rc rc = coffer_session_open(coffer_card_at(apart, card), slot->partition, true, s);

	return rc ? rc : coffer_login(*s, COFFER_ROLE_CO, who->pin, who->pin_len, NULL);
}

/* A member that can never get a key is none; of other refusals a warning or the rules tell. */
static bool keeps_out(coffer_rc rc)
{
	switch (rc) {
	case ST(SESSION_NEGOTIATION_NO_PSK):
	case ST(CERTIFICATE_DATA_INVALID):
	case ST(CLONING_PARAMETER_MISSING):
	case ST(CLONE_THROTTLED):
	case ST(CLONE_KDF_MISMATCH):
	case ST(PROTOCOL_DISABLED):
	case ST(SESSION_NEGOTIATION_NO_ALGS):
		return true;
	default:
		return false;
	}
}

/* Only a negotiation of the two cards tells whether they share a domain. */
static coffer_rc prove_domain(struct coffer *ctx, const struct coffer_slot *p,
			      const struct coffer_slot *j, const struct coffer_ha_who *who,
			      char **text)
{
	const char *ours = coffer_card_name(coffer_card_at(ctx, p->card));
	const char *theirs = coffer_card_name(coffer_card_at(ctx, j->card));
	char *cards = p->card == j->card ? text_of("%s", ours) : text_of("%s,%s", ours, theirs);
	struct coffer_options options = { .cards = cards, .timeout_ms = ctx->timeout_ms,
					  .client_version = ctx->client_version };
	struct coffer_session *s = NULL, *t = NULL;
	struct coffer *apart = NULL;
	char *line = NULL;
	coffer_rc rc = cards ? coffer_open(&options, &apart) : -ENOMEM;

	if (!rc)
		rc = enter_apart(apart, p, 0, who, &s);
	if (!rc)
		rc = enter_apart(apart, j, p->card == j->card ? 0 : 1, who, &t);
	if (!rc)
		line = clone_refusal(s, t, &rc);
	if (rc && keeps_out(rc))
		text_set(text, text_of("from the primary %llu (source) to %llu (target): %s",
				       (unsigned long long)p->serial,
				       (unsigned long long)j->serial,
				       line ? line : coffer_strerror(rc)));
	free(line);
	coffer_session_close(s);
	coffer_session_close(t);
	coffer_close(apart);
	free(cards);
	return keeps_out(rc) || rc < 0 ? rc : 0;
}

/* ---- Making and adding --------------------------------------------------------------- */

static coffer_rc look(struct coffer *ctx, uint64_t serial, struct coffer_slot *slot,
		      struct ha_facts *f, char **text)
{
	coffer_rc rc = ha_facts_find(ctx, serial, slot);

	memset(f, 0, sizeof(*f));
	if (!rc)
		rc = ha_facts_look(ctx, slot, f);
	if (rc)
		text_set(text, text_of("partition %llu cannot be looked at: %s",
				       (unsigned long long)serial, coffer_strerror(rc)));
	return rc;
}

static coffer_rc serial_of_group(uint64_t member, uint64_t *serial)
{
	char digits[32];

	snprintf(digits, sizeof(digits), "1%llu", (unsigned long long)member);
	errno = 0;
	*serial = strtoull(digits, NULL, 10);
	return errno ? -ERANGE : 0;
}

static coffer_rc fill_new(const struct ha_conf *c, struct ha_conf_group *g, const char *label,
			  uint64_t member, char **text)
{
	coffer_rc rc = serial_of_group(member, &g->serial);

	for (const char *at = label; *at; at++)
		if ((unsigned char)*at < 0x20 || strchr("#;={}[]\x7f", *at))
			rc = -EINVAL;
	if (!*label || strlen(label) >= sizeof(g->label) || *label == ' ' ||
	    label[strlen(label) - 1] == ' ')
		rc = -EINVAL;
	if (rc) {
		text_set(text, text_of("a group's label has 1 to 32 characters without "
				       "# ; = { } [ ]"));
		return rc;
	}
	strcpy(g->label, label);
	g->synchronize = true;
	g->count = 1;
	g->members[0].serial = member;
	rc = ha_conf_number(c, &g->number);
	g->file_number = g->number;
	if (rc)
		text_set(text, text_of("there are %d groups already", COFFER_HA_GROUPS_MAX));
	return rc;
}

static coffer_rc create(struct coffer *ctx, const char *label, const struct coffer_ha_who *who,
			bool store, char **text)
{
	struct ha_conf_group g = { 0 };
	struct coffer_slot slot;
	struct ha_facts facts = { 0 };
	struct ha_conf c;
	coffer_rc rc;

	rc = begin(ctx, &c, text);
	if (!rc && ha_conf_find(&c, label)) {
		text_set(text, text_of("there is a group \"%s\" already", label));
		rc = -EEXIST;
	}
	if (!rc)
		rc = not_elsewhere(&c, who->serial, text);
	if (!rc)
		rc = fill_new(&c, &g, label, who->serial, text);
	if (!rc)
		rc = look(ctx, who->serial, &slot, &facts, text);
	if (!rc)
		rc = ha_rule_member(&facts, text);
	if (!rc)
		rc = prove(ctx, &slot, who, text);
	if (!rc && store)
		rc = ha_conf_store(&g, text);
	ha_facts_free(&facts);
	return finish(ctx, &c, rc);
}

API coffer_rc coffer_ha_create(struct coffer *ctx, const char *label,
			       const struct coffer_ha_who *who, char **text)
{
	return create(ctx, label, who, true, text);
}

API coffer_rc coffer_ha_create_preflight(struct coffer *ctx, const char *label,
					 const struct coffer_ha_who *who, char **text)
{
	return create(ctx, label, who, false, text);
}

static void warn(char **warnings, const struct ha_facts *p, const struct ha_facts *j)
{
	char *line, *longer;
	size_t at = 0;

	if (!warnings)
		return;
	while ((line = ha_rule_warning(p, j, &at))) {
		longer = text_of("%s%s\n", *warnings ? *warnings : "", line);
		free(line);
		if (!longer)
			return;
		free(*warnings);
		*warnings = longer;
	}
}

/* The member by which the others are measured: the first that is there and no standby. */
static coffer_rc look_at_primary(struct coffer *ctx, const struct ha_conf_group *g,
				 struct coffer_slot *slot, struct ha_facts *f, char **text)
{
	for (int standby = 0; standby < 2; standby++)
		for (size_t i = 0; i < g->count; i++)
			if (g->members[i].standby == standby &&
			    !ha_facts_find(ctx, g->members[i].serial, slot))
				return look(ctx, g->members[i].serial, slot, f, text);
	text_set(text, text_of("no member of group \"%s\" is there", g->label));
	return -ENODEV;
}

static coffer_rc may_join(struct coffer *ctx, const struct ha_conf_group *g,
			  const struct coffer_ha_who *who, bool *cloud, char **warnings,
			  char **text)
{
	struct ha_client client = { .version = ctx->client_version };
	struct coffer_ha_settings set;
	struct coffer_slot primary, joins;
	struct ha_facts p = { 0 }, j = { 0 };
	coffer_rc rc = coffer_ha_settings(ctx, &set);

	client.pe1746 = set.pe1746;
	if (!rc)
		rc = look(ctx, who->serial, &joins, &j, text);
	if (!rc)
		rc = ha_rule_member(&j, text);
	*cloud = j.card_flags & COFFER_CARD_CLOUD;
	if (!rc && g->count) {
		rc = look_at_primary(ctx, g, &primary, &p, text);
		if (!rc)
			rc = ha_rule_pair(&client, &p, &j, text);
		if (!rc)
			rc = prove(ctx, &primary, who, text);
	}
	if (!rc)
		rc = prove(ctx, &joins, who, text);
	if (!rc && g->count)
		rc = prove_domain(ctx, &primary, &joins, who, text);
	if (!rc && g->count)
		warn(warnings, &p, &j);
	ha_facts_free(&p);
	ha_facts_free(&j);
	return rc;
}

API coffer_rc coffer_ha_add(struct coffer *ctx, const char *label, const struct coffer_ha_who *who,
			    char **warnings, char **text)
{
	struct ha_conf_group *g;
	struct ha_conf c;
	bool cloud = false;
	coffer_rc rc;

	if (warnings)
		*warnings = NULL;
	rc = begin(ctx, &c, text);
	if (!rc)
		rc = find(&c, label, &g, text);
	if (!rc)
		rc = not_elsewhere(&c, who->serial, text);
	if (!rc && g->count == COFFER_HA_MEMBERS_MAX) {
		text_set(text, text_of("a group has at most %d members", COFFER_HA_MEMBERS_MAX));
		rc = -E2BIG;
	}
	if (!rc)
		rc = may_join(ctx, g, who, &cloud, warnings, text);
	if (!rc) {
		/* Services stand by, unless the switch says otherwise (row 63). */
		g->members[g->count++] = (struct ha_conf_member){
			.serial = who->serial,
			.standby = cloud && g->count && c.set.cloud_standby,
		};
		rc = ha_conf_store(g, text);
	}
	return finish(ctx, &c, rc);
}

/* ---- Changing ------------------------------------------------------------------------ */

API coffer_rc coffer_ha_remove(struct coffer *ctx, const char *label, uint64_t serial, char **text)
{
	struct ha_conf_member *m;
	struct ha_conf_group *g;
	struct ha_conf c;
	size_t at;
	coffer_rc rc = begin(ctx, &c, text);

	if (!rc)
		rc = find(&c, label, &g, text);
	if (!rc)
		rc = find_member(g, serial, &m, text);
	if (!rc) {
		at = (size_t)(m - g->members);
		memmove(m, m + 1, (g->count - at - 1) * sizeof(*m));
		g->count--;
		rc = ha_conf_store(g, text);
	}
	return finish(ctx, &c, rc);
}

API coffer_rc coffer_ha_standby(struct coffer *ctx, const char *label, uint64_t serial,
				bool standby, char **text)
{
	struct ha_conf_member *m;
	struct ha_conf_group *g;
	struct ha_conf c;
	size_t active = 0;
	coffer_rc rc = begin(ctx, &c, text);

	if (!rc)
		rc = find(&c, label, &g, text);
	if (!rc)
		rc = find_member(g, serial, &m, text);
	for (size_t i = 0; !rc && i < g->count; i++)
		active += !g->members[i].standby && &g->members[i] != m;
	if (!rc && standby && !active) {
		text_set(text, text_of("%llu is the last active member of group \"%s\"",
				       (unsigned long long)serial, label));
		rc = ST(OPERATION_NOT_ALLOWED);
	}
	if (!rc) {
		m->standby = standby;
		rc = ha_conf_store(g, text);
	}
	return finish(ctx, &c, rc);
}

API coffer_rc coffer_ha_delete(struct coffer *ctx, const char *label, char **text)
{
	struct ha_conf_group *g;
	struct ha_conf c;
	coffer_rc rc = begin(ctx, &c, text);

	if (!rc)
		rc = find(&c, label, &g, text);
	if (!rc)
		rc = ha_conf_delete(g, text);
	return finish(ctx, &c, rc);
}

API coffer_rc coffer_ha_auto_sync(struct coffer *ctx, const char *label, bool on, char **text)
{
	struct ha_conf_group *g;
	struct ha_conf c;
	coffer_rc rc = begin(ctx, &c, text);

	if (!rc)
		rc = find(&c, label, &g, text);
	if (!rc) {
		g->synchronize = on;
		rc = ha_conf_store(g, text);
	}
	return finish(ctx, &c, rc);
}

/* ---- Another client's file ----------------------------------------------------------- */

static coffer_rc list_ignored(const struct conf *file, char **ignored)
{
	char *longer;

	for (size_t i = 0; ignored && i < file->n_entries; i++) {
		const char *section = file->sections[file->entries[i].section].name;

		if (ha_conf_knows(section, file->entries[i].key))
			continue;
		longer = text_of("%s%s.%s\n", *ignored ? *ignored : "", section,
				 file->entries[i].key);
		if (!longer)
			return -ENOMEM;
		free(*ignored);
		*ignored = longer;
	}
	return 0;
}

/* A group of that label is replaced where it is. */
static coffer_rc import_group(struct coffer *ctx, struct ha_conf_group *g, char **text)
{
	struct ha_conf now;
	struct ha_conf_group *same;
	coffer_rc rc = begin(ctx, &now, text);

	free(g->file);
	g->file = NULL;
	if (!rc) {
		same = ha_conf_find(&now, g->label);
		if (same) {
			g->number = same->number;
			g->file_number = same->file_number;
			g->file = strdup(same->file);
		} else {
			rc = ha_conf_free_number(&now, &g->number);
			g->file_number = g->number;
		}
	}
	if (!rc)
		rc = ha_conf_store(g, text);
	ha_conf_free(&now);
	return rc;
}

static coffer_rc import_all(struct coffer *ctx, const struct conf *file, char **text)
{
	struct coffer_ha_settings ours;
	struct ha_conf theirs = { 0 };
	coffer_rc rc;

	pthread_mutex_lock(&ctx->ha->lock);
	ours = ctx->ha->conf.set;
	pthread_mutex_unlock(&ctx->ha->lock);
	theirs.set = ours;
	rc = ha_conf_take(&theirs, file, text);
	if (!rc)
		rc = ha_conf_store_settings(&ours, &theirs.set, text);
	for (size_t i = 0; !rc && i < theirs.count; i++)
		rc = import_group(ctx, &theirs.groups[i], text);
	ha_conf_free(&theirs);
	return rc;
}

API coffer_rc coffer_config_import(struct coffer *ctx, const char *file, char **ignored,
				   char **text)
{
	struct conf from;
	coffer_rc rc = context_check(ctx);

	if (text)
		*text = NULL;
	if (ignored)
		*ignored = NULL;
	if (rc)
		return rc;
	rc = conf_read(&from, file, true, text);
	if (!rc)
		rc = list_ignored(&from, ignored);
	if (!rc)
		rc = import_all(ctx, &from, text);
	conf_free(&from);
	if (rc && ignored) {
		free(*ignored);
		*ignored = NULL;
	}
	return rc ? rc : ha_reload(ctx);
}
