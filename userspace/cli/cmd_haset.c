// SPDX-License-Identifier: BSD-3-Clause
/* hagroup listgroups, the settings of groups, and clientconfig (behaviour.md 6.2, 7.4, 7.5). */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ha.h"

/* ---- listgroups -------------------------------------------------------------------- */

static const char *enabled(bool on)
{
	return on ? "enabled" : "disabled";
}

void ha_show_settings(struct cli *cli, const struct coffer_ha_settings *set)
{
	struct out *o = &cli->out;

	out_text(o, "recovery", "HA auto recovery", enabled(set->retry != 0));
	out_text(o, "recovery_mode", "HA recovery mode",
		 set->mode == COFFER_HA_ACTIVE_BASIC ? "activeBasic" : "activeEnhanced");
	out_signed(o, "retry", "Maximum auto recovery retry", set->retry,
		   set->retry < 0 ? "infinite" : NULL);
	out_number(o, "interval", "Auto recovery poll interval (seconds)", set->interval_s);
	out_text(o, "log", "HA logging", enabled(set->log));
	out_text(o, "log_path", "HA log file", set->log_file);
	out_bool(o, "only", "Only Show HA Slots", set->only);
}

static void join_members(const struct coffer_ha_group *g, bool standby_only, char *out,
			 size_t room)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < g->count && at < room; i++)
		if (!standby_only || g->members[i].standby)
			at += (size_t)snprintf(out + at, room - at, "%s%" PRIu64, at ? ", " : "",
					       g->members[i].serial);
}

static void show_members(struct cli *cli, const struct coffer_ha_group *g)
{
	static const struct out_column columns[] = {
		{ "slot", "Slot #", 7, OUT_MAYBE },
		{ "serial", "Member S/N", 20, OUT_TEXT },
		{ "label", "Member Label", 32, OUT_TEXT },
		{ "status", "Status", 7, OUT_TEXT },
		{ "role", "Role", 0, OUT_TEXT },
	};
	char serial[24];

	out_table(&cli->out, "members", columns, 5);
	for (size_t i = 0; i < g->count; i++) {
		const struct coffer_ha_member *m = &g->members[i];

		snprintf(serial, sizeof(serial), "%" PRIu64, m->serial);
		out_row(&cli->out, (union out_cell[]){
			OUT_N(m->slot == UINT_MAX ? OUT_NONE : m->slot), OUT_T(serial),
			OUT_T(m->label),
			OUT_T(m->alive ? "alive" : "down"),
			OUT_T(m->standby ? "standby" : m->primary ? "primary" : "member") });
	}
	out_table_end(&cli->out);
}

/* Another session of this program may have logged in to the group. */
static bool is_in(struct coffer_session *s)
{
	enum coffer_role role;

	return !coffer_whoami(s, &role, NULL) && role == COFFER_ROLE_CO;
}

/* The password is worth a question: somebody is there, and a group that nobody is logged in to. */
static bool worth_asking(struct cli *cli, const struct coffer_ha_group *list, size_t count)
{
	struct coffer_session *s;
	bool wanted = false;

	for (size_t i = 0; cli_interactive(cli) && !wanted && i < count; i++) {
		if (coffer_session_open_slot(cli->ctx, list[i].slot, false, &s))
			continue;
		wanted = !is_in(s);
		coffer_session_close(s);
	}
	return wanted;
}

/* "yes", "no", or why it is not known. A wrong password is the command's failure. */
static coffer_rc needs_sync(struct cli *cli, const struct coffer_ha_group *g,
			    const struct secret *pin, const char **text)
{
	struct coffer_ha_difference *list = NULL;
	struct coffer_session *s;
	size_t count = 0;
	coffer_rc rc = 0;

	*text = "unknown (no member can be reached)";
	if (coffer_session_open_slot(cli->ctx, g->slot, false, &s))
		return 0;
	if (!is_in(s)) {
		*text = "unknown (give -password)";
		rc = pin ? coffer_login(s, COFFER_ROLE_CO, pin->text, pin->len, NULL) : 0;
	}
	if (!rc && is_in(s)) {
		*text = "no";
		rc = coffer_ha_compare(s, &list, &count);
	}
	coffer_session_close(s);
	for (size_t i = 0; i < count; i++)
		if (list[i].objects)
			*text = "yes";
	free(list);
	return rc;
}

static coffer_rc show_group(struct cli *cli, const struct coffer_ha_group *g,
			    const struct secret *pin)
{
	char text[24 * COFFER_HA_MEMBERS_MAX];
	struct out *o = &cli->out;
	const char *sync;
	coffer_rc rc = needs_sync(cli, g, pin, &sync);

	if (rc)
		return rc;
	out_item(o);
	out_text(o, "label", "HA Group Label", g->label);
	out_serial(o, "number", "HA Group Number", g->serial);
	out_number(o, "slot", "HA Group Slot ID", g->slot);
	out_text(o, "synchronization", "Synchronization", enabled(g->synchronize));
	join_members(g, false, text, sizeof(text));
	out_text(o, "group_members", "Group Members", text);
	out_text(o, "needs_sync", "Needs sync", sync);
	join_members(g, true, text, sizeof(text));
	out_text(o, "standby_members", "Standby Members", *text || o->json ? text : "<none>");
	show_members(cli, g);
	out_item_end(o);
	return 0;
}

coffer_rc cli_hagroup_listgroups(struct cli *cli, const struct cli_args *args)
{
	bool given = cli_args_given(args, "password") || cli->set.pin_given;
	struct coffer_ha_settings set;
	struct coffer_ha_group *list = NULL;
	struct secret pin = { 0 };
	size_t count = 0;
	coffer_rc rc = ha_begin(cli);

	if (!rc)
		rc = coffer_ha_settings(cli->ctx, &set);
	if (!rc)
		rc = coffer_ha_groups(cli->ctx, &list, &count);
	/* Sync information is not to be had in HA-only mode (behaviour.md 7.4). */
	if (!rc && !set.only && (given || worth_asking(cli, list, count)))
		rc = cli_pin(cli, args, "password (empty: none)", "co", &pin);
	if (!rc) {
		ha_show_settings(cli, &set);
		out_list(&cli->out, "groups");
		for (size_t i = 0; !rc && i < count; i++)
			rc = show_group(cli, &list[i], pin.len ? &pin : NULL);
		out_list_end(&cli->out);
	}
	secret_wipe(&pin);
	free(list);
	return rc;
}

/* ---- Settings ---------------------------------------------------------------------- */

static coffer_rc store(struct cli *cli, const struct coffer_ha_settings *set)
{
	char *text = NULL;
	coffer_rc rc = ha_failed(cli, coffer_ha_settings_store(cli->ctx, set, &text), &text);

	cli_forget_card(cli, UINT_MAX);
	return rc;
}

static coffer_rc settings(struct cli *cli, struct coffer_ha_settings *set)
{
	coffer_rc rc = ha_begin(cli);

	return rc ? rc : coffer_ha_settings(cli->ctx, set);
}

coffer_rc cli_hagroup_retry(struct cli *cli, const struct cli_args *args)
{
	const char *text = cli_args_text(args, "count", "");
	struct coffer_ha_settings set;
	char *end;
	long count = strtol(text, &end, 10);
	coffer_rc rc;

	if (!*text || *end || count < -1 || count > 500)
		return cli_usage(cli, "-count is -1 (for ever), 0 (off), or 1 to 500");
	rc = settings(cli, &set);
	set.retry = (int)count;
	if (!rc)
		rc = store(cli, &set);
	if (!rc)
		out_signed(&cli->out, "retry", "Maximum auto recovery retry", count, text);
	return rc;
}

coffer_rc cli_hagroup_interval(struct cli *cli, const struct cli_args *args)
{
	uint64_t seconds = cli_args_number(args, "interval", 0);
	struct coffer_ha_settings set;
	coffer_rc rc;

	if (seconds < 60 || seconds > 1200)
		return cli_usage(cli, "-interval is 60 to 1200 seconds");
	rc = settings(cli, &set);
	set.interval_s = (unsigned int)seconds;
	if (!rc)
		rc = store(cli, &set);
	if (!rc)
		out_number(&cli->out, "interval", "Auto recovery poll interval (seconds)",
			   seconds);
	return rc;
}

coffer_rc cli_hagroup_recoverymode(struct cli *cli, const struct cli_args *args)
{
	const char *mode = cli_args_text(args, "mode", "");
	struct coffer_ha_settings set;
	coffer_rc rc = settings(cli, &set);

	set.mode = strcasecmp(mode, "activeBasic") ? COFFER_HA_ACTIVE_ENHANCED :
						     COFFER_HA_ACTIVE_BASIC;
	if (!rc)
		rc = store(cli, &set);
	if (!rc)
		out_text(&cli->out, "recovery_mode", "HA recovery mode", mode);
	return rc;
}

/* Exactly one of -enable, -disable and what else the command knows. */
static coffer_rc one_of(struct cli *cli, const struct cli_args *args, bool more)
{
	int n = cli_args_given(args, "enable") + cli_args_given(args, "disable") +
		cli_args_given(args, "show");

	if (n > 1 || (!n && !more))
		return cli_usage(cli, "give one of -enable, -disable and -show");
	return 0;
}

coffer_rc cli_hagroup_haonly(struct cli *cli, const struct cli_args *args)
{
	struct coffer_ha_settings set;
	coffer_rc rc = one_of(cli, args, false);

	if (!rc)
		rc = settings(cli, &set);
	if (!rc && !cli_args_given(args, "show")) {
		set.only = cli_args_given(args, "enable");
		rc = store(cli, &set);
	}
	if (!rc)
		out_bool(&cli->out, "only", "Only Show HA Slots", set.only);
	return rc;
}

coffer_rc cli_hagroup_halog(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_args_text(args, "path", NULL);
	struct coffer_ha_settings set;
	coffer_rc rc = one_of(cli, args, path != NULL);

	if (!rc && path && strlen(path) >= sizeof(set.log_file))
		rc = cli_usage(cli, "the path is too long");
	if (!rc)
		rc = settings(cli, &set);
	if (rc)
		return rc;
	if (path)
		strcpy(set.log_file, path);
	if (cli_args_given(args, "enable") && !*set.log_file)
		return cli_usage(cli, "give -path too: there is no log file yet");
	if (!cli_args_given(args, "show")) {
		set.log = cli_args_given(args, "enable") ||
			  (set.log && !cli_args_given(args, "disable"));
		rc = store(cli, &set);
	}
	if (rc)
		return rc;
	out_text(&cli->out, "log", "HA logging", enabled(set.log));
	out_text(&cli->out, "log_path", "HA log file", set.log_file);
	return 0;
}

/* ---- clientconfig ------------------------------------------------------------------- */

/* A line each, as a list. */
static void show_lines(struct cli *cli, const char *key, const char *title, char *text)
{
	const struct out_column column = { key, title, 0, OUT_PROSE };
	char name[24];
	char *at = text, *end;

	snprintf(name, sizeof(name), "%ss", key);
	out_table(&cli->out, name, &column, 1);
	for (; at && (end = strchr(at, '\n')); at = end + 1) {
		*end = '\0';
		out_row(&cli->out, (union out_cell[]){ OUT_T(at) });
	}
	out_table_end(&cli->out);
	free(text);
}

coffer_rc cli_clientconfig_show(struct cli *cli, const struct cli_args *args)
{
	struct coffer_ha_settings set;
	char *files, version[24];
	coffer_rc rc = coffer_config_files(&files);

	(void)args;
	if (rc)
		return rc;
	show_lines(cli, "file", "File (a later one counts, if it is there)", files);
	rc = settings(cli, &set);
	if (rc)
		return rc;
	ha_show_settings(cli, &set);
	out_bool(&cli->out, "cloud_standby", "Cloud members stand by (lunacm_cv_ha_ui)",
		 set.cloud_standby);
	out_bool(&cli->out, "keep_pin", "PIN kept for recovery", set.keep_pin);
	out_bool(&cli->out, "pe1746", "PE1746Enabled", set.pe1746);
	out_bool(&cli->out, "rsa_remap", "RSAKeyGenMechRemap", set.rsa_remap);
	out_text(&cli->out, "client_version", "Client version",
		 set.client_version ? cli_version_text(set.client_version, version,
						       sizeof(version)) : "as built");
	return 0;
}

coffer_rc cli_clientconfig_import(struct cli *cli, const struct cli_args *args)
{
	char *ignored = NULL, *text = NULL;
	struct coffer_ha_group *list;
	size_t count;
	coffer_rc rc = ha_begin(cli);

	if (!rc)
		rc = ha_failed(cli, coffer_config_import(cli->ctx, cli_args_text(args, "file", ""),
							 &ignored, &text), &text);
	cli_forget_card(cli, UINT_MAX);
	if (!rc)
		rc = coffer_ha_groups(cli->ctx, &list, &count);
	if (rc) {
		free(ignored);
		return rc;
	}
	free(list);
	out_number(&cli->out, "groups", "Groups now", count);
	show_lines(cli, "ignored_setting", "Settings that mean nothing here", ignored);
	return 0;
}
