// SPDX-License-Identifier: BSD-3-Clause
/*
 * Runs commands one by one, whatever they came from: parse, check, handler, result.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "choose.h"
#include "interrupt.h"

/* ---- Results ----------------------------------------------------------------------- */

static void begin(struct cli *cli, const char *name)
{
	cli->override = CLI_OK;
	cli->message[0] = '\0';
	out_begin(&cli->out, name);
}

/* In a script people want to know where: "FILE:LINE: ...". */
static const char *located(const struct cli *cli, const char *error, char *out, size_t room)
{
	if (!cli->script || cli->out.json)
		return error;
	snprintf(out, room, "%s:%lu: %s", cli->script, cli->line, error);
	return out;
}

static enum cli_status finish(struct cli *cli, coffer_rc rc)
{
	enum cli_status status = rc && cli->override ? cli->override : cli_status_of(rc);
	const char *error = cli->message[0] ? cli->message : coffer_strerror(rc);
	char text[sizeof(cli->message) + 200];
	char hint[CLI_HINT_MAX];

	out_end(&cli->out, rc, coffer_errname(rc), status,
		rc ? located(cli, error, text, sizeof(text)) : NULL,
		cli_hint(cli, rc, status, hint));
	return status;
}

/* Of a run that goes on after failures: no card is worse than an object that stayed behind. */
static enum cli_status worse(enum cli_status a, enum cli_status b)
{
	static const enum cli_status order[] = {
		CLI_OK, CLI_PARTIAL, CLI_REFUSED, CLI_LOGIN, CLI_FAILED, CLI_USAGE, CLI_TIMEOUT,
		CLI_NO_DEVICE,
	};
	size_t i = sizeof(order) / sizeof(*order);

	while (--i && order[i] != a && order[i] != b)
		;
	return order[i];
}

/* The handles are of no use any more: the next command opens everything again. */
static bool lost_card(coffer_rc rc)
{
	return rc == -ENODEV || rc == -EPIPE || rc == -EOWNERDEAD || rc == -ECONNRESET ||
	       rc == ST(OWNER_UNKNOWN) || rc == ST(SESSION_HANDLE_INVALID) ||
	       rc == ST(DEVICE_REMOVED);
}

/* ---- One command ------------------------------------------------------------------- */

static coffer_rc ask_missing(struct cli *cli, struct cli_args *args, const struct cli_option *o,
			     char *memory, size_t room)
{
	const char *wants;

	if (o->kind == CLI_FLAG || o->kind == CLI_SECRET || !cli_interactive(cli))
		return cli_usage(cli, "option -%s is missing (%s)", o->name, o->help);
	fflush(stdout);
	fprintf(stderr, "Enter -%s (%s): ", o->name, o->help);
	if (!fgets(memory, (int)room, stdin)) {
		clearerr(stdin);
		return cli_usage(cli, "option -%s is missing", o->name);
	}
	memory[strcspn(memory, "\r\n")] = '\0';
	args->value[o - args->command->options].given = true;
	args->value[o - args->command->options].text = memory;
	if (!*memory)
		return cli_usage(cli, "option -%s is missing", o->name);
	wants = cli_value_wants(o, memory);
	return wants ? cli_usage(cli, "option -%s wants %s", o->name, wants) : 0;
}

#define MISSING_MAX 4
#define ANSWER_MAX 256

struct answers {
	char text[MISSING_MAX][ANSWER_MAX];
	size_t used;
};

static coffer_rc complete(struct cli *cli, struct cli_args *args, struct answers *answers)
{
	const struct cli_option *o = args->command->options;
	coffer_rc rc = 0;

	for (; o && o->name && !rc; o++) {
		if (!(o->flags & CLI_OPT_REQUIRED) ||
		    args->value[o - args->command->options].given)
			continue;
		if (answers->used == MISSING_MAX)
			return cli_usage(cli, "option -%s is missing", o->name);
		rc = ask_missing(cli, args, o, answers->text[answers->used++], ANSWER_MAX);
	}
	return rc;
}

static coffer_rc run_handler(struct cli *cli, const struct cli_args *args)
{
	const struct cli_command *c = args->command;

	if (cli->set.dry_run && c->flags & CLI_CMD_CHANGES && !(c->flags & CLI_CMD_DRY_RUN)) {
		out_say(&cli->out, "    Dry run: nothing is done.");
		out_key_bool(&cli->out, "dry_run", true);
		return 0;
	}
	return c->run(cli, args);
}

static enum cli_status run_parsed(struct cli *cli, struct cli_args *args)
{
	struct answers answers = { .used = 0 };
	struct choose_slots slots = { .used = 0 };
	char name[CLI_NAME_MAX];
	enum cli_status status;
	coffer_rc rc;

	if (args->command->flags & CLI_CMD_SILENT && !cli->set.json) {
		rc = complete(cli, args, &answers);
		if (!rc)
			rc = args->command->run(cli, args);
		status = rc && cli->override ? cli->override : cli_status_of(rc);
		if (rc)
			out_note(&cli->out, "coffer: %s",
				 cli->message[0] ? cli->message : coffer_strerror(rc));
		return status;
	}
	begin(cli, cli_command_name(args->command, name, sizeof(name)));
	rc = complete(cli, args, &answers);
	if (!rc && args->command->flags & CLI_CMD_SILENT)
		rc = cli_usage(cli, "%s has no JSON form: standard output is its own", name);
	if (!rc)
		rc = choose_slot_options(cli, args, &slots);
	if (!rc)
		rc = run_handler(cli, args);
	status = finish(cli, rc);
	if (lost_card(rc))
		cli_close(cli);
	return status;
}

static enum cli_status run_help(struct cli *cli, const struct cli_words *words,
				const struct cli_args *args)
{
	const struct cli_noun *noun = cli_noun_find(words->word[0].text);

	begin(cli, "help");
	cli_help_show(cli, noun && strcmp(noun->brief, "?") ? noun->name : NULL,
		      words->count > 1 ? words->word[1].text : NULL, args->command);
	return finish(cli, 0);
}

static enum cli_status refuse(struct cli *cli, const struct cli_args *args, const char *message)
{
	char name[CLI_NAME_MAX] = "";

	if (args && args->command)
		cli_command_name(args->command, name, sizeof(name));
	begin(cli, name);
	return finish(cli, cli_usage(cli, "%s%s%s", name, *name ? ": " : "", message));
}

static void echo(struct cli *cli, const struct cli_words *words)
{
	char line[CLI_MAX_LINE];

	cli_redact(words, line, sizeof(line));
	out_say(&cli->out, "coffer> %s\n", line);
}

static enum cli_status run_words(struct cli *cli, const struct cli_words *words)
{
	struct cli_args args = { 0 };
	enum cli_status status;
	char message[256];

	if (cli->set.echo)
		echo(cli, words);
	cli->args = &args;
	if (cli_parse(words, &args, message, sizeof(message)))
		status = refuse(cli, &args, message);
	else if (args.help)
		status = run_help(cli, words, &args);
	else
		status = run_parsed(cli, &args);
	cli->args = NULL;
	return status;
}

enum cli_status cli_run_text(struct cli *cli, const char *text)
{
	enum cli_status status, worst = CLI_OK;
	struct cli_words words;
	const char *error;

	while (*text && !cli->quit) {
		error = cli_split(&text, &words);
		if (!error && !words.count)
			continue;
		status = error ? refuse(cli, NULL, error) : run_words(cli, &words);
		worst = worse(worst, status);
		if ((status && !cli->set.keep_going) || interrupt_seen())
			break;
	}
	explicit_bzero(&words, sizeof(words));
	return worst;
}

/* What is wrong before there is a command. */
enum cli_status cli_run_refused(struct cli *cli, const char *message)
{
	return refuse(cli, NULL, message);
}

/* ---- Scripts and what comes before commands ---------------------------------------- */

static enum cli_status run_lines(struct cli *cli, FILE *f)
{
	enum cli_status status, worst = CLI_OK;
	char *line = NULL;
	size_t room = 0;

	while (!cli->quit && getline(&line, &room, f) >= 0) {
		cli->line++;
		status = cli_run_text(cli, line);
		explicit_bzero(line, room);
		worst = worse(worst, status);
		if (status && !cli->set.keep_going)
			break;
	}
	if (line)
		explicit_bzero(line, room);
	free(line);
	return worst;
}

enum cli_status cli_run_script(struct cli *cli, const char *path)
{
	bool is_file = strcmp(path, "-") != 0;
	FILE *f = is_file ? fopen(path, "re") : stdin;
	enum cli_status status;

	if (!f) {
		begin(cli, "");
		return finish(cli, cli_usage(cli, "cannot read %s: %s", path, strerror(errno)));
	}
	cli->script = is_file ? path : "stdin";
	cli->line = 0;
	status = run_lines(cli, f);
	cli->script = NULL;
	if (is_file)
		fclose(f);
	return status;
}

static coffer_rc preamble(struct cli *cli)
{
	struct cli_session *s;
	unsigned int slot;
	coffer_rc rc;

	if (cli->set.slot) {
		rc = choose_slot(cli, cli->set.slot, &slot);
		if (!rc)
			rc = cli_session_of(cli, slot, &s);
		if (rc)
			return rc;
		cli->slot = slot;
		cli->slot_chosen = true;
	}
	if (!cli->set.login)
		return 0;
	rc = cli_session_current(cli, &s);
	return rc ? rc : cli_login(cli, s, NULL, cli->set.login);
}

/* Says nothing when it works: the commands' own results follow. */
enum cli_status cli_run_preamble(struct cli *cli)
{
	coffer_rc rc;

	if (!cli->set.slot && !cli->set.login)
		return CLI_OK;
	cli->override = CLI_OK;
	cli->message[0] = '\0';
	rc = preamble(cli);
	if (!rc)
		return CLI_OK;
	out_begin(&cli->out, cli->set.login ? "role login" : "slot set");
	return finish(cli, rc);
}

void cli_finish(struct cli *cli)
{
	cli_close(cli);
	secret_wipe(&cli->set.pin);
}
