// SPDX-License-Identifier: BSD-3-Clause
/*
 * status: cards, partitions and groups on one screen, and what is wrong with them.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "coffer/ha.h"

enum health { GOOD, WARNING, BAD };

struct problem {
	enum health health;
	char about[48];
	char text[240];
};

struct view {
	struct cli *cli;
	struct problem *problems;
	size_t count;
	enum health worst;
	bool full;			/* no memory for more problems */
};

static const char *const health_names[] = { "good", "warning", "bad" };
static const enum term_paint health_paints[] = { TERM_GOOD, TERM_WARN, TERM_BAD };

__attribute__((format(printf, 4, 5)))
static void found(struct view *v, enum health health, const char *about, const char *format, ...)
{
	struct problem *more = realloc(v->problems, (v->count + 1) * sizeof(*more));
	va_list ap;

	if (health > v->worst)
		v->worst = health;
	v->full |= !more;
	if (!more)
		return;
	v->problems = more;
	more += v->count++;
	more->health = health;
	snprintf(more->about, sizeof(more->about), "%s", about);
	va_start(ap, format);
	vsnprintf(more->text, sizeof(more->text), format, ap);
	va_end(ap);
}

/* ---- Cards ------------------------------------------------------------------------- */

static const struct out_column card_columns[] = {
	{ "card", "Card", 4, OUT_NUMBER }, { "name", "Name", 12, OUT_TEXT },
	{ "model", "Model", 0, OUT_TEXT }, { "firmware", "Firmware", 0, OUT_TEXT },
	{ "serial", "Serial", 0, OUT_TEXT }, { "configuration", "Configuration", 0, OUT_TEXT },
	{ "state", "State", 0, OUT_TEXT },
};

static void judge_storage(struct view *v, const char *about, uint64_t used, uint64_t total)
{
	if (total && used >= total / 10 * 9)
		found(v, WARNING, about, "%u%% of its storage are used",
		      (unsigned int)(used * 100 / total));
}

static const char *judge_card(struct view *v, const char *about,
			      const struct coffer_card_details *d)
{
	judge_storage(v, about, d->storage_total - d->storage_free, d->storage_total);
	if (d->flags & COFFER_CARD_TAMPERED) {
		found(v, BAD, about, "tampered: it uses no key until hsm tamperclear");
		return "tampered";
	}
	if (d->flags & COFFER_CARD_SO_LOCKED) {
		found(v, BAD, about, "the HSM SO is locked: hsm factoryreset erases the card");
		return "HSM SO locked";
	}
	if (!(d->flags & COFFER_CARD_INITIALIZED)) {
		found(v, WARNING, about, "not initialised: hsm init");
		return "not initialised";
	}
	return "good";
}

static void show_card(struct view *v, unsigned int index)
{
	struct coffer_card *card = coffer_card_at(v->cli->ctx, index);
	char about[48], firmware[24] = "", serial[24] = "", marks[80] = "";
	struct coffer_card_details d = { 0 };
	const char *why = NULL, *state;
	coffer_rc rc;

	snprintf(about, sizeof(about), "card %u", index);
	rc = coffer_card_state(card, &why);
	if (!rc) {
		rc = coffer_card_identify(card, &d);
		why = NULL;
	}
	if (rc) {
		found(v, BAD, about, "%s", why ? why : coffer_strerror(rc));
		state = "cannot be used";
	} else {
		cli_version_text(d.fw_version, firmware, sizeof(firmware));
		cli_marks(d.flags, marks, sizeof(marks));
		snprintf(serial, sizeof(serial), "%" PRIu64, d.serial);
		state = judge_card(v, about, &d);
	}
	out_row(&v->cli->out, (union out_cell[]){
		OUT_N(index), OUT_T(coffer_card_name(card)), OUT_T(d.model), OUT_T(firmware),
		OUT_T(serial), OUT_T(marks), OUT_T(state) });
}

static void show_cards(struct view *v)
{
	out_table(&v->cli->out, "cards", card_columns, 7);
	for (unsigned int i = 0; i < coffer_card_count(v->cli->ctx); i++)
		show_card(v, i);
	out_table_end(&v->cli->out);
}

/* ---- Partitions -------------------------------------------------------------------- */

static const struct out_column partition_columns[] = {
	{ "slot", "Slot", 4, OUT_MAYBE }, { "label", "Label", 12, OUT_TEXT },
	{ "objects", "Objects", 0, OUT_NUMBER }, { "used_percent", "Used %", 0, OUT_MAYBE },
	{ "sessions", "Sessions", 0, OUT_MAYBE }, { "role", "Login", 0, OUT_TEXT },
	{ "protocols", "Cloning", 0, OUT_TEXT }, { "state", "State", 0, OUT_TEXT },
};

static const struct cli_session *our_session(const struct cli *cli, const struct coffer_slot *slot)
{
	const struct cli_session *s = cli->sessions;

	while (s && (s->slot.slot != slot->slot || s->slot.serial != slot->serial))
		s = s->next;
	return s;
}

static void judge_roles(struct view *v, const char *about, struct coffer_session *s)
{
	struct coffer_role_state *list;
	size_t count;

	if (coffer_roles(s, &list, &count))
		return;
	for (size_t i = 0; i < count; i++)
		if (list[i].state & COFFER_RS_LOCKED)
			found(v, list[i].role == COFFER_ROLE_CO ? BAD : WARNING, about,
			      "the %s is locked: role resetpw", list[i].name);
	free(list);
}

static const char *judge_partition(struct view *v, const char *about,
				   const struct coffer_partition_details *d)
{
	uint32_t flags = d->slot.flags;

	judge_storage(v, about, d->storage_used, d->storage_total);
	if (d->clone_wait_ms)
		found(v, WARNING, about, "clones wait %u s after %u proofs of a domain that failed",
		      (d->clone_wait_ms + 999) / 1000, d->clone_failures);
	if (!(flags & COFFER_PART_INITIALIZED)) {
		found(v, WARNING, about, "not initialised: partition init");
		return "not initialised";
	}
	if (flags & COFFER_PART_CO_LOCKED)
		return "CO locked";
	if (!(flags & COFFER_PART_CO_INITIALIZED)) {
		found(v, WARNING, about, "it has no Crypto Officer: role init -name co");
		return "no CO";
	}
	if (d->protocols == COFFER_CLONE_CPV1)
		found(v, WARNING, about, "CPv1 alone clones it: policies 42 to 44 and firmware");
	if (!d->protocols)
		found(v, WARNING, about, "nothing clones it: no copy but this one can be made");
	return "ready";
}

static void show_partition(struct view *v, const struct coffer_slot *slot, bool archive)
{
	const struct cli_session *ours = our_session(v->cli, slot);
	struct coffer_partition_details d = { .slot = *slot };
	uint64_t used = OUT_NONE, sessions = OUT_NONE;
	struct coffer_session *s = NULL;
	char about[48], protocols[40] = "";
	const char *state;
	coffer_rc rc;

	if (archive)
		snprintf(about, sizeof(about), "archive %.32s", slot->label);
	else
		snprintf(about, sizeof(about), "slot %u", slot->slot);
	rc = coffer_session_open(coffer_card_at(v->cli->ctx, slot->card), slot->partition, false,
				 &s);
	if (!rc)
		rc = coffer_partition_info(s, &d);
	if (rc) {
		found(v, BAD, about, "%s", coffer_strerror(rc));
		state = "cannot be used";
	} else {
		judge_roles(v, about, s);
		state = archive ? "archive" : judge_partition(v, about, &d);
		cli_protocols(d.protocols, protocols, sizeof(protocols));
		used = d.storage_total ? d.storage_used * 100 / d.storage_total : 0;
		sessions = d.sessions - (d.sessions ? 1 : 0);	/* without this one */
	}
	if (s)
		coffer_session_close(s);
	out_row(&v->cli->out, (union out_cell[]){
		OUT_N(archive ? OUT_NONE : slot->slot), OUT_T(slot->label), OUT_N(slot->objects),
		OUT_N(used), OUT_N(sessions), OUT_T(ours ? cli_role_short(ours->role) : ""),
		OUT_T(protocols), OUT_T(state) });
}

static void show_partitions(struct view *v)
{
	struct coffer_card_details d;
	struct coffer_slot *list;
	size_t count;

	out_table(&v->cli->out, "partitions", partition_columns, 8);
	for (unsigned int i = 0; i < coffer_card_count(v->cli->ctx); i++) {
		struct coffer_card *card = coffer_card_at(v->cli->ctx, i);

		if (coffer_card_identify(card, &d) || coffer_partitions(card, &list, &count))
			continue;	/* judged as a card */
		for (size_t k = 0; k < count; k++)
			show_partition(v, &list[k], d.flags & COFFER_CARD_BACKUP);
		free(list);
	}
	out_table_end(&v->cli->out);
}

/* ---- Groups ------------------------------------------------------------------------ */

static const char *in_sync_text(const struct view *v, const struct coffer_ha_group *g)
{
	struct coffer_slot slot;
	uint32_t objects = 0;
	bool any = false;

	for (size_t i = 0; i < g->count; i++) {
		const struct coffer_ha_member *m = &g->members[i];

		if (m->slot == UINT_MAX || coffer_slot_find(v->cli->ctx, m->slot, &slot))
			continue;
		if (any && slot.objects != objects)
			return "no";
		objects = slot.objects;
		any = true;
	}
	return "unknown";	/* as many objects need not be the same ones */
}

static const char *judge_group(struct view *v, const struct coffer_ha_group *g, size_t alive,
			       const char *sync)
{
	char about[48];

	snprintf(about, sizeof(about), "group %.32s", g->label);
	if (!strcmp(sync, "no"))
		found(v, WARNING, about, "members have different objects: hagroup synchronize");
	if (!g->synchronize)
		found(v, WARNING, about, "new objects go to the primary only");
	if (alive < g->count)
		found(v, BAD, about, "%zu of %zu members are down: hagroup listgroups",
		      g->count - alive, g->count);
	return !alive ? "down" : alive < g->count ? "degraded" : "ready";
}

static void show_members(struct out *o, const struct coffer_ha_group *g)
{
	out_list(o, "members");
	for (size_t i = 0; o->json && i < g->count; i++) {
		char serial[24];

		snprintf(serial, sizeof(serial), "%" PRIu64, g->members[i].serial);
		out_item(o);
		out_key_text(o, "serial", serial);
		out_key_text(o, "label", g->members[i].label);
		out_key_bool(o, "alive", g->members[i].alive);
		out_key_bool(o, "standby", g->members[i].standby);
		out_key_bool(o, "primary", g->members[i].primary);
		out_item_end(o);
	}
	out_list_end(o);
}

static void show_group(struct view *v, const struct coffer_ha_group *g)
{
	const char *sync = in_sync_text(v, g), *state;
	struct out *o = &v->cli->out;
	size_t alive = 0;

	for (size_t i = 0; i < g->count; i++)
		alive += g->members[i].alive;
	state = judge_group(v, g, alive, sync);
	if (!o->json) {
		out_row(o, (union out_cell[]){
			OUT_N(g->slot), OUT_T(g->label), OUT_N(g->count), OUT_N(alive),
			OUT_T(sync), OUT_T(state) });
		return;
	}
	out_item(o);
	out_key_number(o, "slot", g->slot);
	out_key_text(o, "label", g->label);
	out_key_number(o, "alive", alive);
	out_key_text(o, "in_sync", sync);
	out_key_text(o, "state", state);
	show_members(o, g);
	out_item_end(o);
}

/* False: there is none. */
static bool show_groups(struct view *v)
{
	static const struct out_column columns[] = {
		{ "slot", "Slot", 4, OUT_NUMBER }, { "label", "Group", 12, OUT_TEXT },
		{ "members", "Members", 0, OUT_NUMBER }, { "alive", "Alive", 0, OUT_NUMBER },
		{ "in_sync", "In sync", 0, OUT_TEXT }, { "state", "State", 0, OUT_TEXT },
	};
	struct coffer_ha_group *list = NULL;
	char *why = NULL;
	size_t count = 0;

	if (coffer_config_state(v->cli->ctx, &why))
		found(v, BAD, "configuration", "%s", why ? why : "it cannot be used");
	else if (coffer_ha_groups(v->cli->ctx, &list, &count))
		found(v, BAD, "groups", "they cannot be read");
	free(why);
	if (v->cli->out.json)
		out_list(&v->cli->out, "groups");
	else
		out_table(&v->cli->out, "groups", columns, 6);
	for (size_t i = 0; i < count; i++)
		show_group(v, &list[i]);
	if (v->cli->out.json)
		out_list_end(&v->cli->out);
	else
		out_table_end(&v->cli->out);
	free(list);
	return count;
}

/* ---- All of it --------------------------------------------------------------------- */

static void show_problems(struct view *v)
{
	struct out *o = &v->cli->out;
	char text[320];

	out_list(o, "problems");
	for (size_t i = 0; i < v->count; i++) {
		const struct problem *p = &v->problems[i];

		snprintf(text, sizeof(text), "    %s: %s: %s",
			 p->health == BAD ? "BAD" : "warning", p->about, p->text);
		out_say_painted(o, health_paints[p->health], text);
		if (!o->json)
			continue;
		out_item(o);
		out_key_text(o, "health", health_names[p->health]);
		out_key_text(o, "about", p->about);
		out_key_text(o, "text", p->text);
		out_item_end(o);
	}
	out_list_end(o);
	out_painted(o, "health", "Health", health_names[v->worst], health_paints[v->worst]);
}

coffer_rc cli_status_view(struct cli *cli, const struct cli_args *args)
{
	struct view v = { .cli = cli };
	size_t bad = 0;
	coffer_rc rc;

	(void)args;
	rc = cli_open(cli);
	if (rc)
		return rc;
	show_cards(&v);
	out_say(&cli->out, "%s", "");
	show_partitions(&v);
	out_say(&cli->out, "%s", "");
	if (show_groups(&v))
		out_say(&cli->out, "%s", "");
	show_problems(&v);
	for (size_t i = 0; i < v.count; i++)
		bad += v.problems[i].health == BAD;
	free(v.problems);
	if (v.full)
		return -ENOMEM;
	if (v.worst < BAD)
		return 0;
	cli->override = CLI_PARTIAL;
	return cli_fail(cli, ST(DEVICE_ERROR), "%zu thing%s wrong, see above", bad,
			bad == 1 ? " is" : "s are");
}
