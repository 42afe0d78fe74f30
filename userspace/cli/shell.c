// SPDX-License-Identifier: BSD-3-Clause
/*
 * The interactive shell: libedit, a prompt that shows slot and role, completion from the table.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <histedit.h>

#include "cli.h"
#include "interrupt.h"
#include "shell_tab.h"

#define HISTORY_SIZE	500

struct shell {
	struct cli *cli;
	EditLine *el;
	struct cli_lookup *lookup;	/* NULL: no memory, then cards are not asked */
	History *history;
	HistEvent event;
	char prompt[64];
};

static char *show_prompt(EditLine *el)
{
	const struct cli_session *s;
	struct shell *sh;

	el_get(el, EL_CLIENTDATA, &sh);
	snprintf(sh->prompt, sizeof(sh->prompt), "coffer> ");
	if (!sh->cli->slot_chosen)
		return sh->prompt;
	for (s = sh->cli->sessions; s && s->slot.slot != sh->cli->slot; s = s->next)
		;
	snprintf(sh->prompt, sizeof(sh->prompt), "coffer [%u%s%s]> ", sh->cli->slot,
		 s && s->role ? " " : "", s ? cli_role_short(s->role) : "");
	return sh->prompt;
}

/* ---- Completion -------------------------------------------------------------------- */

/* As long as a cursor may stand still. */
#define LOOKUP_MS	800

static unsigned char complete(EditLine *el, int key)
{
	struct shell *sh;

	(void)key;
	el_get(el, EL_CLIENTDATA, &sh);
	return shell_tab(el, sh->lookup);
}

/* Control-C at the prompt: the line is dropped. */
static unsigned char drop_line(EditLine *el, int key)
{
	const LineInfo *line = el_line(el);

	(void)key;
	el_cursor(el, (int)(line->lastchar - line->cursor));
	line = el_line(el);
	el_deletestr(el, (int)(line->lastchar - line->buffer));
	fputs("^C\n", stderr);
	return CC_REDISPLAY;
}

/* The editor's own handler sets the terminal back before, and up again after. */
static unsigned char suspend(EditLine *el, int key)
{
	(void)el;
	(void)key;
	raise(SIGTSTP);
	return CC_REDISPLAY;
}

/* ---- The loop ---------------------------------------------------------------------- */

/* A line with a secret in it is not remembered. */
static void remember(struct shell *sh, const char *line)
{
	const char *text = line;
	struct cli_words words;
	bool secret = false, any = false;

	while (*text && !secret) {
		secret = cli_split(&text, &words) != NULL;
		any |= words.count > 0;
		secret = secret || (words.count && cli_has_secret(&words));
	}
	explicit_bzero(&words, sizeof(words));
	if (any && !secret)
		history(sh->history, &sh->event, H_ENTER, line);
}

static int shell_init(struct shell *sh)
{
	sh->el = el_init("coffer", stdin, stdout, stderr);
	sh->history = history_init();
	if (!sh->el || !sh->history)
		return -1;
	history(sh->history, &sh->event, H_SETSIZE, HISTORY_SIZE);
	history(sh->history, &sh->event, H_SETUNIQUE, 1);
	el_set(sh->el, EL_CLIENTDATA, sh);
	el_set(sh->el, EL_PROMPT, show_prompt);
	el_set(sh->el, EL_EDITOR, "emacs");
	el_set(sh->el, EL_SIGNAL, 1);
	el_set(sh->el, EL_HIST, history, sh->history);
	/* The narrow form of this call leaks its two strings. */
	el_wset(sh->el, EL_ADDFN, L"coffer-complete", L"complete a word", complete);
	el_set(sh->el, EL_BIND, "^I", "coffer-complete", NULL);
	/* While a line is edited control-C is a key; a signal while a command runs. */
	el_set(sh->el, EL_SETTY, "-d", "-isig", NULL);
	el_wset(sh->el, EL_ADDFN, L"coffer-drop-line", L"drop the line", drop_line);
	el_set(sh->el, EL_BIND, "^C", "coffer-drop-line", NULL);
	el_wset(sh->el, EL_ADDFN, L"coffer-suspend", L"stop until fg", suspend);
	el_set(sh->el, EL_BIND, "^Z", "coffer-suspend", NULL);
	el_source(sh->el, NULL);
	return 0;
}

/* The editor shows its prompt before it makes the terminal raw: what comes in between, such as an
 * end of file, would be lost.
 */
static const char *read_line(struct shell *sh, int *len)
{
	const char *line;

	do {
		interrupt_command(true);	/* forgets what came before */
		interrupt_command(false);
		el_set(sh->el, EL_PREP_TERM, 1);
		line = el_gets(sh->el, len);
	} while (!line && interrupt_seen());	/* somebody sent the signal */
	return line;
}

/* Says what became of a command that was interrupted. */
static enum cli_status run_line(struct shell *sh, const char *text)
{
	enum cli_status status;

	interrupt_command(true);
	status = cli_run_text(sh->cli, text);
	interrupt_command(false);
	if (interrupt_seen())
		out_note(&sh->cli->out, "%s", status ?
			 "Interrupted: what was not done yet is left undone." :
			 "Interrupted too late: the command was done.");
	return status;
}

enum cli_status cli_shell(struct cli *cli)
{
	struct shell sh = { .cli = cli };
	enum cli_status last = CLI_OK;
	const char *line;
	char *copy;
	int len;

	if (shell_init(&sh)) {
		out_note(&cli->out, "coffer: cannot set the terminal up");
		return CLI_FAILED;
	}
	if (interrupt_begin(cli)) {
		out_note(&cli->out, "coffer: cannot start a thread");
		return CLI_FAILED;
	}
	sh.lookup = cli_lookup_new(cli, LOOKUP_MS);
	out_note(&cli->out, "coffer %s: help lists the commands, exit ends.", coffer_version());
	while (!cli->quit && (line = read_line(&sh, &len)) && len > 0) {
		remember(&sh, line);
		copy = strdup(line);	/* prompts inside commands use the editor's terminal */
		if (!copy)
			break;
		if (sh.lookup)
			cli_lookup_settle(sh.lookup);
		last = run_line(&sh, copy);
		explicit_bzero(copy, strlen(copy));
		free(copy);
	}
	interrupt_end();
	cli_lookup_free(sh.lookup);
	history_end(sh.history);
	el_end(sh.el);
	return last;
}
