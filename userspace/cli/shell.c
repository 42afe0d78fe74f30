// SPDX-License-Identifier: BSD-3-Clause
/*
 * The interactive shell: libedit, a prompt that shows slot and role, completion from the table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <histedit.h>

#include "cli.h"
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
	el_source(sh->el, NULL);
	return 0;
}

/* The editor shows its prompt before it makes the terminal raw: what comes in between, such as an
 * end of file, would be lost.
 */
static const char *read_line(struct shell *sh, int *len)
{
	el_set(sh->el, EL_PREP_TERM, 1);
	return el_gets(sh->el, len);
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
	sh.lookup = cli_lookup_new(cli, LOOKUP_MS);
	out_note(&cli->out, "coffer %s: help lists the commands, exit ends.", coffer_version());
	while (!cli->quit && (line = read_line(&sh, &len)) && len > 0) {
		remember(&sh, line);
		copy = strdup(line);	/* prompts inside commands use the editor's terminal */
		if (!copy)
			break;
		if (sh.lookup)
			cli_lookup_settle(sh.lookup);
		last = cli_run_text(cli, copy);
		explicit_bzero(copy, strlen(copy));
		free(copy);
	}
	cli_lookup_free(sh.lookup);
	history_end(sh.history);
	el_end(sh.el);
	return last;
}
