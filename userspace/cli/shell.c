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

#define HISTORY_SIZE	500
#define MAX_CANDIDATES	64

struct shell {
	struct cli *cli;
	EditLine *el;
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

struct candidates {
	char text[MAX_CANDIDATES][64];
	size_t count;
	const char *begin;	/* what is typed of the word */
	size_t len;
};

static void offer(struct candidates *c, const char *prefix, const char *word, size_t len)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%.*s", prefix, (int)len, word);
	if (strncasecmp(text, c->begin, c->len) || c->count == MAX_CANDIDATES)
		return;
	for (size_t i = 0; i < c->count; i++)
		if (!strcmp(c->text[i], text))
			return;
	snprintf(c->text[c->count++], sizeof(c->text[0]), "%s", text);
}

/* The verb words that can follow @words (a noun and perhaps a first verb word). */
static void offer_verbs(struct candidates *c, const struct cli_words *words, size_t complete)
{
	const struct cli_noun *noun = cli_noun_find(words->word[0].text);
	const struct cli_command *cmd;
	const char *verb;
	size_t len;

	for (cmd = cli_commands; noun && cmd->noun; cmd++) {
		if (strcmp(cmd->noun, noun->name) || !cmd->verb)
			continue;
		verb = cmd->verb;
		if (complete == 2) {
			len = strcspn(verb, " ");
			if (!verb[len] || strncasecmp(verb, words->word[1].text, len) ||
			    words->word[1].text[len])
				continue;
			verb += len + 1;
		}
		offer(c, "", verb, strcspn(verb, " "));
	}
}

static void offer_options(struct candidates *c, const struct cli_command *cmd)
{
	const struct cli_option *o;

	for (o = cmd->options; o && o->name; o++)
		offer(c, "-", o->name, strlen(o->name));
}

static void collect(struct candidates *c, const struct cli_words *words, size_t complete)
{
	const char *text[1 + CLI_MAX_VERB_WORDS];
	const struct cli_command *cmd = NULL;
	const struct cli_noun *n;
	size_t used, count;

	for (count = 0; count < complete && count < 1 + CLI_MAX_VERB_WORDS; count++)
		text[count] = words->word[count].text;
	if (count)
		cmd = cli_command_find(text, count, &used);
	if (cmd)
		offer_options(c, cmd);
	else if (complete)
		offer_verbs(c, words, complete);
	else
		for (n = cli_nouns; n->name; n++)
			offer(c, "", n->name, strlen(n->name));
}

static size_t common_length(const struct candidates *c)
{
	size_t len = strlen(c->text[0]);

	for (size_t i = 1; i < c->count; i++)
		while (strncasecmp(c->text[0], c->text[i], len))
			len--;
	return len;
}

static unsigned char insert(EditLine *el, const struct candidates *c)
{
	size_t len = c->count ? common_length(c) : 0;
	char rest[80];

	if (len < c->len || (len == c->len && c->count != 1))
		return 0;
	snprintf(rest, sizeof(rest), "%.*s%s", (int)(len - c->len), c->text[0] + c->len,
		 c->count == 1 ? " " : "");
	return !el_insertstr(el, rest);
}

static unsigned char complete(EditLine *el, int key)
{
	const LineInfo *line = el_line(el);
	struct candidates found = { .begin = "" };
	struct cli_words words;
	char typed[CLI_MAX_LINE];
	const char *text = typed;
	size_t len = (size_t)(line->cursor - line->buffer), done;

	(void)key;
	if (len >= sizeof(typed))
		return CC_ERROR;
	memcpy(typed, line->buffer, len);
	typed[len] = '\0';
	do {
		if (cli_split(&text, &words))
			return CC_ERROR;
	} while (*text);
	done = words.count;
	if (done && len && typed[len - 1] != ' ') {
		found.begin = words.word[--done].text;
		found.len = strlen(found.begin);
	}
	collect(&found, &words, done);
	if (insert(el, &found))
		return CC_REFRESH;
	if (found.count < 2)
		return CC_ERROR;
	fputc('\n', stderr);
	for (size_t i = 0; i < found.count; i++)
		fprintf(stderr, "%s  ", found.text[i]);
	fputc('\n', stderr);
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
	out_note(&cli->out, "coffer %s: help lists the commands, exit ends.", coffer_version());
	while (!cli->quit && (line = read_line(&sh, &len)) && len > 0) {
		remember(&sh, line);
		copy = strdup(line);	/* prompts inside commands use the editor's terminal */
		if (!copy)
			break;
		last = cli_run_text(cli, copy);
		explicit_bzero(copy, strlen(copy));
		free(copy);
	}
	history_end(sh.history);
	el_end(sh.el);
	return last;
}
