// SPDX-License-Identifier: BSD-3-Clause
/*
 * audit init, config, show, verify (behaviour.md section 5.1, quality.md A5).
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

#define PAGE	512	/* records in one command */

static const struct {
	const char *name;
	uint32_t bits;
} event_names[] = {
	{ "login", COFFER_AUDIT_LOGIN },
	{ "manage", COFFER_AUDIT_MANAGE },
	{ "keys", COFFER_AUDIT_KEYS },
	{ "use", COFFER_AUDIT_USE },
	{ "all", COFFER_AUDIT_ALL },
	{ "none", 0 },
};

#define EVENT_NAMES	(sizeof(event_names) / sizeof(*event_names))
#define SINGLE_NAMES	4

/* ---- Init, config ------------------------------------------------------------------ */

static coffer_rc init_by_key(struct coffer_session *admin, void *arg)
{
	(void)arg;
	return coffer_audit_init(admin, NULL, 0);
}

static coffer_rc init_by_password(struct cli *cli, const struct cli_args *args,
				  struct cli_session *s)
{
	struct secret pin;
	coffer_rc rc;

	rc = cli_secret(cli, args, "password", "Enter a password for the Auditor", true, &pin);
	if (rc)
		return rc;
	rc = coffer_audit_init(s->session, pin.text, pin.len);
	secret_wipe(&pin);
	return rc;
}

coffer_rc cli_audit_init(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_admin(cli, &s);
	if (rc)
		return rc;
	if (!cli_ped_card(s))
		return init_by_password(cli, args, s);
	rc = cli_no_password(cli, args, "password");
	return rc ? rc : cli_ped_wait(cli, s, init_by_key, NULL);
}

static bool events_parse(const char *text, uint32_t *events)
{
	size_t len, i;

	*events = 0;
	do {
		len = strcspn(text, ",");
		for (i = 0; i < EVENT_NAMES; i++)
			if (strlen(event_names[i].name) == len &&
			    !strncasecmp(event_names[i].name, text, len))
				break;
		if (i == EVENT_NAMES)
			return false;
		*events |= event_names[i].bits;
		text += len;
	} while (*text++);
	return true;
}

static void show_info(struct cli *cli, const struct coffer_audit_info *info)
{
	struct out *o = &cli->out;
	char text[40] = "";

	for (size_t i = 0; i < SINGLE_NAMES; i++)
		if (info->events & event_names[i].bits) {
			strcat(text, text[0] ? "," : "");
			strcat(text, event_names[i].name);
		}
	out_text(o, "events", "Recorded", text[0] ? text : "none");
	out_number(o, "records", "Newest Record", info->records);
	out_number(o, "oldest", "Oldest Record", info->oldest);
	out_number(o, "seen", "Seen up to", info->seen);
	out_hex(o, "chain", "Chain", info->chain, sizeof(info->chain));
}

coffer_rc cli_audit_config(struct cli *cli, const struct cli_args *args)
{
	const char *text = cli_args_text(args, "events", NULL);
	struct coffer_audit_info info;
	struct cli_session *s;
	uint32_t events = 0;
	coffer_rc rc;

	if (text && !events_parse(text, &events))
		return cli_usage(cli, "-events wants login, manage, keys, use; or all, none");
	rc = cli_session_admin(cli, &s);
	if (!rc)
		rc = text ? coffer_audit_config(s->session, events, &info) :
			    coffer_audit_info(s->session, &info);
	if (!rc)
		show_info(cli, &info);
	return rc;
}

/* ---- Show -------------------------------------------------------------------------- */

static void show_record(struct cli *cli, const struct coffer_audit_record *r)
{
	char time[40];

	out_row(&cli->out, (union out_cell[]){
		OUT_N(r->number),
		OUT_T(cli_time_text(r->time_ms, time, sizeof(time))),
		OUT_N(r->partition),
		OUT_T(r->role ? cli_role_short((enum coffer_role)r->role) : "-"),
		OUT_T(coffer_command_name(r->opcode)),
		OUT_N(r->handle),
		OUT_T(r->verdict ? coffer_errname(r->verdict) : "OK"),
	});
}

/* Calls @each with every record above @since, checked by the card. */
static coffer_rc records_each(struct cli_session *s, uint64_t since,
			      void (*each)(void *opaque, const struct coffer_audit_record *r),
			      void *opaque, uint64_t *last)
{
	struct coffer_audit_record *list = calloc(PAGE, sizeof(*list));
	size_t count = 1;
	coffer_rc rc = list ? 0 : ST(HOST_MEMORY);

	*last = since;
	while (!rc && count) {
		rc = coffer_audit_read(s->session, *last, list, PAGE, &count);
		for (size_t i = 0; i < count; i++)
			each(opaque, &list[i]);
		if (count)
			*last = list[count - 1].number;
	}
	free(list);
	return rc;
}

static void show_each(void *opaque, const struct coffer_audit_record *r)
{
	show_record(opaque, r);
}

coffer_rc cli_audit_show(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "number", "Number", 8, OUT_NUMBER },
		{ "time", "Time", 22, OUT_TEXT },
		{ "partition", "Part.", 7, OUT_NUMBER },
		{ "role", "Role", 6, OUT_TEXT },
		{ "command", "Command", 20, OUT_TEXT },
		{ "handle", "Handle", 8, OUT_NUMBER },
		{ "result", "Result", 0, OUT_TEXT },
	};
	uint64_t since = cli_args_number(args, "since", 0), last;
	struct coffer_audit_info info;
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_admin(cli, &s);
	if (!rc)
		rc = coffer_audit_info(s->session, &info);
	if (rc)
		return rc;
	if (cli_args_given(args, "unseen") && since < info.seen)
		since = info.seen;
	out_table(&cli->out, "records", columns, sizeof(columns) / sizeof(*columns));
	rc = records_each(s, since, show_each, cli, &last);
	out_table_end(&cli->out);
	/* A gap before @since would not have been seen. */
	if (!rc && s->role == COFFER_ROLE_AU && since <= info.seen && last > info.seen &&
	    !cli_args_given(args, "keep"))
		rc = coffer_audit_seen(s->session, last);
	return rc;
}

/* ---- Verify ------------------------------------------------------------------------ */

struct verifying {
	uint64_t count;
	uint64_t wanted;		/* number of the record that was noted, 0: none */
	const uint8_t *chain;
	bool found;
	bool same;
};

static void verify_each(void *opaque, const struct coffer_audit_record *r)
{
	struct verifying *v = opaque;

	v->count++;
	if (!v->wanted || r->number != v->wanted)
		return;
	v->found = true;
	v->same = !memcmp(r->chain, v->chain, sizeof(r->chain));
}

static bool hex_parse(const char *text, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!isxdigit((unsigned char)text[2 * i]) ||
		    !isxdigit((unsigned char)text[2 * i + 1]))
			return false;
		sscanf(text + 2 * i, "%2hhx", &out[i]);
	}
	return !text[2 * len];
}

coffer_rc cli_audit_verify(struct cli *cli, const struct cli_args *args)
{
	const char *text = cli_args_text(args, "chain", NULL);
	struct verifying v = { .wanted = cli_args_number(args, "number", 0) };
	struct coffer_audit_info info;
	struct cli_session *s;
	uint8_t chain[32];
	uint64_t last;
	coffer_rc rc;

	v.chain = chain;
	if (!text != !v.wanted || (text && !hex_parse(text, chain, sizeof(chain))))
		return cli_usage(cli, "-number and -chain (64 hexadecimal digits) belong together");
	rc = cli_session_admin(cli, &s);
	if (!rc)
		rc = coffer_audit_info(s->session, &info);
	if (!rc)
		rc = records_each(s, 0, verify_each, &v, &last);
	if (!rc && v.wanted && !v.found)
		rc = cli_fail(cli, ST(LOG_CORRUPT), "the card has no record %llu any more",
			      (unsigned long long)v.wanted);
	if (!rc && v.wanted && !v.same)
		rc = cli_fail(cli, ST(LOG_CORRUPT), "record %llu is not the one that was noted",
			      (unsigned long long)v.wanted);
	if (rc)
		return rc;
	show_info(cli, &info);
	out_number(&cli->out, "verified", "Records verified", v.count);
	return 0;
}
