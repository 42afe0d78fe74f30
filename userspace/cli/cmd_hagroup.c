// SPDX-License-Identifier: BSD-3-Clause
/* hagroup: groups of partitions that serve as one slot (behaviour.md 6.2 and 7). */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ha.h"
#include "progress.h"

/* ---- Shared ------------------------------------------------------------------------ */

coffer_rc ha_failed(struct cli *cli, coffer_rc rc, char **text)
{
	if (rc && *text)
		cli_fail(cli, rc, "%s", *text);
	free(*text);
	*text = NULL;
	if (rc == -ENOENT || rc == -EEXIST || rc == -EINVAL || rc == -ERANGE || rc == -E2BIG)
		cli->override = CLI_USAGE;
	return rc;
}

coffer_rc ha_begin(struct cli *cli)
{
	char *why = NULL;
	coffer_rc rc = cli_open(cli);

	if (!rc)
		rc = coffer_config_state(cli->ctx, &why);
	if (rc && why)
		cli_usage(cli, "%s", why);
	free(why);
	return rc;
}

/* -slot or -serialnumber. */
static coffer_rc member_serial(struct cli *cli, const struct cli_args *args, uint64_t *serial)
{
	struct coffer_slot slot;
	unsigned int number;
	coffer_rc rc = ha_begin(cli);

	*serial = cli_args_number(args, "serialnumber", 0);
	if (rc)
		return rc;
	if (cli_args_given(args, "slot") == cli_args_given(args, "serialnumber"))
		return cli_usage(cli, "give the member's -slot or its -serialnumber");
	if (*serial)
		return 0;
	number = (unsigned int)cli_args_number(args, "slot", 0);
	rc = coffer_slot_find(cli->ctx, number, &slot);
	if (rc == ST(SLOT_ID_INVALID))
		return cli_fail(cli, rc, "there is no slot %u: see slot list", number);
	if (!rc && (slot.members || !slot.partition))
		return cli_usage(cli, "slot %u is no application partition", number);
	*serial = slot.serial;
	return rc;
}

static coffer_rc find_slot(struct cli *cli, uint64_t serial, struct coffer_slot *slot)
{
	struct coffer_slot *list;
	coffer_rc rc = ST(SLOT_ID_INVALID);
	size_t count;

	for (unsigned int i = 0; rc && i < coffer_card_count(cli->ctx); i++) {
		if (coffer_partitions(coffer_card_at(cli->ctx, i), &list, &count))
			continue;
		for (size_t k = 0; k < count; k++)
			if (list[k].serial == serial) {
				*slot = list[k];
				rc = 0;
			}
		free(list);
	}
	return rc ? cli_fail(cli, rc, "there is no partition %" PRIu64 ": see slot list", serial) :
		    0;
}

static void warn(struct cli *cli, char *warnings)
{
	char *at = warnings, *end;

	for (; at && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		out_note(&cli->out, "warning: %s", at);
	}
	free(warnings);
}

/* What ran on groups goes on with the groups of before: open it anew. */
static void forget_groups(struct cli *cli)
{
	cli_forget_card(cli, UINT_MAX);
}

static coffer_rc label_known(struct cli *cli, const char *label, struct coffer_ha_group *g)
{
	coffer_rc rc = ha_begin(cli);

	if (!rc)
		rc = coffer_ha_find(cli->ctx, label, g);
	if (rc == -ENOENT)
		return cli_usage(cli, "there is no group \"%s\": see hagroup listgroups", label);
	return rc;
}

static coffer_rc login_group(struct cli *cli, const struct cli_args *args,
			     struct coffer_session *s, const char *label)
{
	enum coffer_role role;
	struct secret pin;
	coffer_rc rc = coffer_whoami(s, &role, NULL);

	if (!rc && role == COFFER_ROLE_CO)
		return 0;
	if (!rc)
		rc = cli_pin(cli, args, "password", "co", &pin);
	if (rc)
		return rc;
	rc = coffer_login(s, COFFER_ROLE_CO, pin.text, pin.len, NULL);
	secret_wipe(&pin);
	if (rc == ST(PIN_INCORRECT) || rc == ST(CHALLENGE_INCORRECT))
		cli_fail(cli, rc, "wrong password for the members of group \"%s\"", label);
	return rc;
}

/* A session of our own; close it. */
static coffer_rc group_session(struct cli *cli, const struct cli_args *args,
			       struct coffer_session **s)
{
	struct coffer_ha_group g;
	coffer_rc rc = label_known(cli, cli_args_text(args, "group", ""), &g);

	*s = NULL;
	if (rc)
		return rc;
	rc = coffer_session_open_slot(cli->ctx, g.slot, true, s);
	if (rc)
		return cli_fail(cli, rc, "no member of group \"%s\" can be reached", g.label);
	rc = login_group(cli, args, *s, g.label);
	if (rc) {
		coffer_session_close(*s);
		*s = NULL;
	}
	return rc;
}

/* ---- Making ------------------------------------------------------------------------ */

static coffer_rc ask_existing(struct cli *cli, size_t count, const char **choice)
{
	static const char *const words[] = { "copy", "remove", "quit" };
	char answer[32];

	if (!cli_interactive(cli))
		return cli_usage(cli, "the member has %zu objects: give -existing copy or "
				 "-existing remove", count);
	out_note(&cli->out, "The member has %zu objects.", count);
	while (cli_ask(cli, "Enter 'copy' to keep them for the group, 'remove' to destroy them, "
		       "'quit' to leave it: ", answer, sizeof(answer)))
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (!strcasecmp(answer, words[i])) {
				*choice = words[i];
				return 0;
			}
	*choice = "quit";
	return 0;
}

static coffer_rc settle_existing(struct cli *cli, const struct cli_args *args,
				 struct coffer_session *s)
{
	const char *choice = cli_args_text(args, "existing", NULL);
	struct coffer_objects found;
	coffer_rc rc = coffer_find(s, NULL, 0, NULL, 0, &found);

	if (!rc && found.count && !choice)
		rc = ask_existing(cli, found.count, &choice);
	if (!rc && found.count && !strcasecmp(choice, "quit"))
		rc = cli_fail(cli, ST(CANCEL), "nothing was done");
	if (!rc && found.count && !strcasecmp(choice, "remove"))
		rc = cli_confirm(cli, args, "this destroys the %zu objects of the partition",
				 found.count);
	for (size_t i = 0; !rc && choice && !strcasecmp(choice, "remove") && i < found.count; i++)
		rc = coffer_object_destroy(s, found.list[i].handle);
	if (!rc)
		out_key_number(&cli->out, "objects",
			       choice && !strcasecmp(choice, "remove") ? 0 : found.count);
	coffer_objects_free(&found);
	return rc;
}

/* As the Crypto Officer of the member itself, who is logged out again if it was us. */
static coffer_rc existing(struct cli *cli, const struct cli_args *args,
			  const struct coffer_ha_who *who)
{
	struct coffer_session *s;
	struct coffer_slot slot = { 0 };
	coffer_rc rc = find_slot(cli, who->serial, &slot), in;

	if (!rc)
		rc = coffer_session_open(coffer_card_at(cli->ctx, slot.card), slot.partition,
					 true, &s);
	if (rc)
		return rc;
	in = coffer_login(s, COFFER_ROLE_CO, who->pin, who->pin_len, NULL);
	rc = in == ST(USER_ALREADY_LOGGED_IN) ? 0 : in;
	if (rc)
		cli_fail(cli, rc, "the Crypto Officer of %" PRIu64 " cannot log in: %s",
			 who->serial, coffer_strerror(rc));
	if (!rc)
		rc = settle_existing(cli, args, s);
	if (!in)
		coffer_logout(s);
	coffer_session_close(s);
	return rc;
}

static coffer_rc create(struct cli *cli, const struct cli_args *args,
			const struct coffer_ha_who *who)
{
	const char *label = cli_args_text(args, "label", "");
	struct coffer_ha_group g;
	char *text = NULL;
	coffer_rc rc;

	rc = ha_failed(cli, coffer_ha_create_preflight(cli->ctx, label, who, &text), &text);
	if (!rc)
		rc = existing(cli, args, who);
	if (!rc)
		rc = ha_failed(cli, coffer_ha_create(cli->ctx, label, who, &text), &text);
	if (!rc)
		rc = coffer_ha_find(cli->ctx, label, &g);
	if (rc)
		return rc;
	out_text(&cli->out, "label", "HA Group Label", g.label);
	out_serial(&cli->out, "number", "HA Group Number", g.serial);
	out_number(&cli->out, "slot", "HA Group Slot ID", g.slot);
	return 0;
}

static coffer_rc with_member(struct cli *cli, const struct cli_args *args,
			     coffer_rc (*step)(struct cli *cli, const struct cli_args *args,
					       const struct coffer_ha_who *who))
{
	struct coffer_ha_who who = { 0 };
	struct secret pin;
	coffer_rc rc = member_serial(cli, args, &who.serial);

	if (!rc)
		rc = cli_pin(cli, args, "password", "co", &pin);
	if (rc)
		return rc;
	who.pin = pin.text;
	who.pin_len = pin.len;
	rc = step(cli, args, &who);
	secret_wipe(&pin);
	forget_groups(cli);
	return rc;
}

coffer_rc cli_hagroup_creategroup(struct cli *cli, const struct cli_args *args)
{
	return with_member(cli, args, create);
}

static coffer_rc add(struct cli *cli, const struct cli_args *args, const struct coffer_ha_who *who)
{
	const char *label = cli_args_text(args, "group", "");
	char *warnings = NULL, *text = NULL;
	coffer_rc rc = ha_failed(cli, coffer_ha_add(cli->ctx, label, who, &warnings, &text),
				 &text);

	warn(cli, warnings);
	if (rc)
		return rc;
	out_text(&cli->out, "group", "HA Group Label", label);
	out_serial(&cli->out, "serial", "Added member", who->serial);
	return 0;
}

coffer_rc cli_hagroup_addmember(struct cli *cli, const struct cli_args *args)
{
	return with_member(cli, args, add);
}

/* ---- Changing ---------------------------------------------------------------------- */

coffer_rc cli_hagroup_removemember(struct cli *cli, const struct cli_args *args)
{
	uint64_t serial;
	char *text = NULL;
	coffer_rc rc = member_serial(cli, args, &serial);

	if (!rc)
		rc = ha_failed(cli, coffer_ha_remove(cli->ctx, cli_args_text(args, "group", ""),
						     serial, &text), &text);
	forget_groups(cli);
	if (!rc)
		out_serial(&cli->out, "serial", "Removed member", serial);
	return rc;
}

static coffer_rc standby(struct cli *cli, const struct cli_args *args, bool on)
{
	uint64_t serial;
	char *text = NULL;
	coffer_rc rc = member_serial(cli, args, &serial);

	if (!rc)
		rc = ha_failed(cli, coffer_ha_standby(cli->ctx, cli_args_text(args, "group", ""),
						      serial, on, &text), &text);
	forget_groups(cli);
	if (!rc)
		out_serial(&cli->out, "serial", on ? "Standby member" : "Active member", serial);
	return rc;
}

coffer_rc cli_hagroup_addstandby(struct cli *cli, const struct cli_args *args)
{
	return standby(cli, args, true);
}

coffer_rc cli_hagroup_removestandby(struct cli *cli, const struct cli_args *args)
{
	return standby(cli, args, false);
}

coffer_rc cli_hagroup_deletegroup(struct cli *cli, const struct cli_args *args)
{
	const char *label = cli_args_text(args, "label", "");
	char *text = NULL;
	coffer_rc rc = ha_begin(cli);

	if (!rc)
		rc = ha_failed(cli, coffer_ha_delete(cli->ctx, label, &text), &text);
	forget_groups(cli);
	if (!rc)
		out_text(&cli->out, "label", "Deleted group", label);
	return rc;
}

/* ---- Members among themselves ------------------------------------------------------- */

static const struct out_column sync_columns[] = {
	{ "serial", "Member S/N", 14, OUT_TEXT },
	{ "handle", "Handle", 11, OUT_NUMBER },
	{ "result", "Result", 10, OUT_TEXT },
	{ "label", "Label", 0, OUT_TEXT },
};

struct sync_run {
	struct cli *cli;
	size_t items;
	struct coffer_ha_sync_report report;
};

/* One object that was cloned to a member or refused there. */
static void on_item(void *opaque, uint64_t serial, const struct coffer_clone_item *item)
{
	struct sync_run *run = opaque;
	struct cli *cli = run->cli;
	char text[24];

	progress_total(run->report.total);
	progress_set(++run->items);
	snprintf(text, sizeof(text), "%" PRIu64, serial);
	out_row(&cli->out, (union out_cell[]){
		OUT_T(text), OUT_N(item->source_handle),
		OUT_T(item->result == COFFER_CLONED ? "cloned" :
		      item->result == COFFER_CLONE_EXISTS ? "exists" :
		      item->result == COFFER_CLONE_NOT_TRIED ? "not tried" :
		      item->rc ? coffer_errname(item->rc) : "refused"),
		OUT_T(item->label) });
}

static coffer_rc synchronize(struct cli *cli, const struct cli_args *args)
{
	struct sync_run run = { .cli = cli };
	const struct coffer_ha_sync_report *report = &run.report;
	struct coffer_session *s;
	coffer_rc rc = group_session(cli, args, &s);

	if (rc)
		return rc;
	out_table(&cli->out, "objects", sync_columns, 4);
	progress_begin("Synchronizing", 0, cli->out.json);
	rc = coffer_ha_sync(s, &run.report, on_item, &run);
	progress_end();
	out_table_end(&cli->out);
	coffer_session_close(s);
	out_number(&cli->out, "cloned", "Cloned", report->cloned);
	out_number(&cli->out, "changed", "Attributes changed", report->changed);
	out_number(&cli->out, "refused", "Refused", report->refused);
	if (report->why[0])
		cli_fail(cli, rc, "nothing was synchronized: %s", report->why);
	return rc;
}

coffer_rc cli_hagroup_synchronize(struct cli *cli, const struct cli_args *args)
{
	bool on = cli_args_given(args, "enable"), off = cli_args_given(args, "disable");
	const char *label = cli_args_text(args, "group", "");
	char *text = NULL;
	coffer_rc rc;

	if (on && off)
		return cli_usage(cli, "-enable and -disable exclude each other");
	if (!on && !off)
		return synchronize(cli, args);
	rc = ha_begin(cli);
	if (!rc)
		rc = ha_failed(cli, coffer_ha_auto_sync(cli->ctx, label, on, &text), &text);
	forget_groups(cli);
	if (!rc)
		out_bool(&cli->out, "synchronization", "Synchronization", on);
	return rc;
}

static void show_differences(struct cli *cli, const struct coffer_ha_difference *list,
			     size_t count)
{
	static const struct out_column columns[] = {
		{ "serial", "Member S/N", 14, OUT_TEXT },
		{ "difference", "Difference", 0, OUT_PROSE },
	};
	char text[24];

	for (size_t i = 0; i < count; i++) {
		if (!i)
			out_table(&cli->out, "differences", columns, 2);
		snprintf(text, sizeof(text), "%" PRIu64, list[i].serial);
		out_row(&cli->out, (union out_cell[]){ OUT_T(text), OUT_T(list[i].text) });
	}
	if (!count)
		out_table(&cli->out, "differences", columns, 2);
	out_table_end(&cli->out);
}

coffer_rc cli_hagroup_check(struct cli *cli, const struct cli_args *args)
{
	struct coffer_ha_difference *set_up = NULL, *objects = NULL, *all;
	size_t n = 0, m = 0;
	struct coffer_session *s;
	coffer_rc rc = group_session(cli, args, &s);

	if (rc)
		return rc;
	rc = coffer_ha_check(s, &set_up, &n);
	if (!rc)
		rc = coffer_ha_compare(s, &objects, &m);
	coffer_session_close(s);
	all = rc ? NULL : calloc(n + m + 1, sizeof(*all));
	if (!rc && !all)
		rc = -ENOMEM;
	if (!rc) {
		if (n)
			memcpy(all, set_up, n * sizeof(*all));
		if (m)
			memcpy(all + n, objects, m * sizeof(*all));
		show_differences(cli, all, n + m);
		out_number(&cli->out, "count", "Differences", n + m);
	}
	free(all);
	free(set_up);
	free(objects);
	return rc;
}

coffer_rc cli_hagroup_recover(struct cli *cli, const struct cli_args *args)
{
	size_t alive, down;
	struct coffer_session *s;
	coffer_rc rc = group_session(cli, args, &s);

	if (rc)
		return rc;
	rc = coffer_ha_recover(s, &alive, &down);
	coffer_session_close(s);
	out_number(&cli->out, "alive", "Members alive", alive);
	out_number(&cli->out, "down", "Members down", down);
	return rc ? rc : down ? cli_fail(cli, -ENODEV, "%zu members stay down", down) : 0;
}
