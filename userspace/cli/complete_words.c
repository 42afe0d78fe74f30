// SPDX-License-Identifier: BSD-3-Clause
/*
 * Completion for the shells of the system: coffer --complete WORD... prints a line for each
 * candidate, "word TEXT HELP" with tabs between; "files" or "folders" where their names are good,
 * too; and "more" where the word goes on behind a candidate. Errors are not told: whoever types
 * does not want them in the line.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "complete.h"

/* Cards have this long; then what is known without them has to do. */
#define LOOKUP_MS	1500
/* The end, whatever hangs. */
#define END_S		4

/* A word as the user's shell has it: quotes and backslashes go, nothing is expanded. */
struct shell_word {
	char *text;
	char quote;		/* open at the end, or 0 */
	bool quoted;
};

static bool take_shell_word(const char *raw, struct shell_word *out)
{
	char *to = malloc(strlen(raw) + 1), quote = '\0';

	*out = (struct shell_word){ .text = to };
	for (; to && *raw; raw++) {
		if (quote != '\'' && *raw == '\\' && raw[1] &&
		    (!quote || strchr("\\\"$`", raw[1]))) {
			*to++ = *++raw;
			out->quoted = true;
		} else if (quote ? *raw == quote : *raw == '"' || *raw == '\'') {
			quote = quote ? '\0' : *raw;
			out->quoted = true;
		} else {
			*to++ = *raw;
		}
	}
	if (to)
		*to = '\0';
	out->quote = quote;
	return to != NULL;
}

/* bash has '=' as a word of its own: "-slot" "=" "1" */
static size_t take_shell_words(struct shell_word *list, char **words, int count)
{
	size_t n = 0;

	for (int i = 0; i < count; i++) {
		bool assigns = !strcmp(words[i], "=") && n && *list[n - 1].text == '-';

		if (assigns && i + 1 < count)
			continue;
		if (!take_shell_word(assigns ? "" : words[i], &list[n]))
			return 0;
		n++;
	}
	return n;
}

/* ---- Words to lines ------------------------------------------------------------------ */

/* Nothing that drives a terminal, looks like another word or like the next field, gets through. */
static bool is_clean(const char *text)
{
	char clean[CLI_MAX_LINE];

	return !strcmp(out_clean(text, strlen(text), clean, sizeof(clean)), text);
}

static void print_word(const char *before, size_t len, const char *text, const char *help)
{
	if (is_clean(text))
		printf("word\t%.*s%s\t%s\n", (int)len, before, text, is_clean(help) ? help : "");
}

static void print_all(const struct cli_candidates *c)
{
	for (size_t i = 0; i < c->count; i++)
		print_word("", 0, c->list[i].text, c->list[i].help);
	if (c->files == CLI_FILES_ALL)
		puts("files");
	else if (c->files)
		puts("folders");
}

/* ---- Commands ------------------------------------------------------------------------ */

/* coffer 'slot set -slot 1; object sh...': the word is a line of its own. */
static void complete_text(const struct shell_word *word, struct cli_live *live)
{
	static struct cli_line line;
	struct cli_candidates found = { 0 };
	char quoted[CLI_MAX_LINE], quote;

	if (!cli_line_read(word->text, &line))
		return;
	if (*line.slot)
		live->slot = line.slot;
	cli_complete(&line.words, live, &found);
	if (found.files)
		cli_complete_files(line.words.word[line.words.count - 1].text, found.files, &found);
	puts("more");
	for (size_t i = 0; i < found.count; i++) {
		/* Quotes inside of quotes: of the other kind. */
		quote = line.quote;
		if (!quote && word->quote == '"' && strpbrk(found.list[i].text, " \t;#"))
			quote = '\'';
		if (cli_line_quote(found.list[i].text, quote, true, quoted, sizeof(quoted)))
			print_word(word->text, line.start, quoted, found.list[i].help);
	}
	cli_candidates_free(&found);
}

static bool add_word(struct cli_words *to, size_t *used, const struct shell_word *word)
{
	size_t len = strlen(word->text);

	if (to->count == CLI_MAX_WORDS || *used + len + 1 > sizeof(to->memory))
		return false;
	to->word[to->count].text = memcpy(to->memory + *used, word->text, len + 1);
	/* The system's shell took the quotes of "-label"; only a blank shows a value. */
	to->word[to->count++].quoted = word->quoted && strpbrk(word->text, " \t");
	*used += len + 1;
	return true;
}

static void complete_commands(const struct shell_word *list, size_t count,
			      struct cli_live *live)
{
	const struct shell_word *last = &list[count - 1];
	struct cli_candidates found = { 0 };
	static char slot[SELECTOR_MAX];
	static struct cli_words words;
	size_t used = 0;

	if (count == 1 && (last->quote || strpbrk(last->text, " ;"))) {
		complete_text(last, live);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(list[i].text, ";") && i + 1 < count) {
			if (words.count && cli_sets_slot(&words, slot, sizeof(slot)))
				live->slot = slot;
			words.count = used = 0;
		} else if (!add_word(&words, &used, &list[i])) {
			return;
		}
	}
	cli_complete(&words, live, &found);
	print_all(&found);
	cli_candidates_free(&found);
}

/* ---- Global options ------------------------------------------------------------------ */

/* How many words the global options take; those that say which cards are meant are kept. */
static size_t take_globals(struct cli *cli, const struct shell_word *list, size_t last)
{
	const struct cli_option *o;
	const char *value;
	char name[64];
	size_t i;

	for (i = 0; i < last; i++) {
		struct cli_word word = { list[i].text, false };

		if (!cli_option_of(&word, name, sizeof(name), &value))
			break;
		o = cli_global_find(name);
		if (!o || o->kind == CLI_FLAG)
			continue;
		if (!value && ++i == last)
			return i - 1;	/* its value is being typed */
		if (!value)
			value = list[i].text;
		if (o == &cli_globals[CLI_GLOBAL_CARDS])
			cli->set.cards = value;
		if (o == &cli_globals[CLI_GLOBAL_SLOT])
			cli->set.slot = value;
	}
	return i;
}

static void complete_all(struct cli *cli, const struct shell_word *list, size_t count,
			 struct cli_live *live)
{
	size_t used = take_globals(cli, list, count - 1), room = 0;
	struct cli_candidates found = { 0 };
	static struct cli_words words;

	if (list[used].quote || *list[used].text != '-') {
		complete_commands(list + used, count - used, live);
		return;
	}
	while (used < count)
		if (!add_word(&words, &room, &list[used++]))
			return;
	if (!strcmp(words.word[words.count - 1].text, "-"))
		words.word[words.count - 1].text = "--";
	cli_complete_globals(&words, live, &found);
	print_all(&found);
	cli_candidates_free(&found);
}

void cli_complete_words(struct cli *cli, char **words, int count)
{
	struct shell_word *list = calloc((size_t)count + 1, sizeof(*list));
	struct cli_lookup *lookup = cli_lookup_new(cli, LOOKUP_MS);
	struct cli_live live = { .values = cli_lookup_values, .arg = lookup };
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	size_t n;

	alarm(END_S);
	dup2(nothing, STDIN_FILENO);
	dup2(nothing, STDERR_FILENO);
	n = list ? take_shell_words(list, words, count) : 0;
	/* A secret may be among what is typed, and others can read a process's arguments. */
	for (int i = 0; i < count; i++)
		explicit_bzero(words[i], strlen(words[i]));
	if (n)
		complete_all(cli, list, n, &live);
	fflush(stdout);
	/* A card that does not answer is not waited for: its thread ends with the process. */
	_exit(CLI_OK);
}
