// SPDX-License-Identifier: BSD-3-Clause
/*
 * The TAB key: what the candidates have in common is typed for the user, or they are listed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "out.h"
#include "shell_tab.h"
#include "term.h"

/* More than this is no list to choose from: what they have in common is all that is shown. */
#define SHOWN_MAX	200
/* So many stand one a line, with their help. */
#define LINES_MAX	24

/* ---- The list ------------------------------------------------------------------------ */

static size_t terminal_width(void)
{
	int columns = term_columns(STDERR_FILENO);

	return columns ? (size_t)columns : 80;
}

/* Labels come from cards: nothing of them may reach the terminal as it is. */
static const char *cleaned(const char *text, char *clean, size_t room)
{
	return out_clean(text, strlen(text), clean, room);
}

static size_t columns_of(const char *text)
{
	char clean[512];

	return (size_t)term_width(cleaned(text, clean, sizeof(clean)));
}

static void show(const char *text, size_t width)
{
	size_t used = columns_of(text);
	char clean[512];

	fprintf(stderr, "%s%*s", cleaned(text, clean, sizeof(clean)),
		(int)(width > used ? width - used : 0), "");
}

static void show_lines(const struct cli_candidates *c, size_t longest, size_t width)
{
	size_t room = width > longest + 5 ? width - longest - 5 : 0;
	char help[512], fit[512];

	for (size_t i = 0; i < c->count; i++) {
		fputs("  ", stderr);
		show(c->list[i].text, longest);
		cleaned(c->list[i].help, help, sizeof(help));
		if (*help && room > 8)
			fprintf(stderr, "  %s", term_fit(help, (int)room, fit, sizeof(fit)));
		fputc('\n', stderr);
	}
}

static void show_columns(const struct cli_candidates *c, size_t longest, size_t width)
{
	size_t columns = width / (longest + 2), lines;

	columns = columns ? columns : 1;
	lines = (c->count + columns - 1) / columns;
	for (size_t line = 0; line < lines; line++) {
		for (size_t i = line; i < c->count; i += lines)
			show(c->list[i].text, longest + 2);
		fputc('\n', stderr);
	}
}

static void show_all(const struct cli_candidates *c)
{
	size_t longest = 0, width = terminal_width();

	fputc('\n', stderr);
	if (c->count > SHOWN_MAX) {
		fprintf(stderr, "%zu words are possible: type more of it\n", c->count);
		return;
	}
	for (size_t i = 0; i < c->count; i++)
		if (columns_of(c->list[i].text) > longest)
			longest = columns_of(c->list[i].text);
	if (c->count <= LINES_MAX)
		show_lines(c, longest, width);
	else
		show_columns(c, longest, width);
}

/* ---- The word ------------------------------------------------------------------------ */

static size_t common_length(const struct cli_candidates *c)
{
	size_t len = strlen(c->list[0].text);

	for (size_t i = 1; i < c->count; i++)
		while (strncmp(c->list[0].text, c->list[i].text, len))
			len--;
	/* Not half of a character. */
	while (len && (c->list[0].text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

static bool is_folder(const char *word)
{
	size_t len = strlen(word);

	return len && word[len - 1] == '/';
}

/* The editor counts characters where the line has bytes. */
static int characters(const char *text, size_t len)
{
	wchar_t wide;
	size_t n;
	int count = 0;

	mbtowc(NULL, NULL, 0);
	for (; len; len -= n, text += n, count++) {
		int used = mbtowc(&wide, text, len);

		n = used > 0 ? (size_t)used : 1;
	}
	return count;
}

static bool replace(EditLine *el, const char *typed, const struct cli_line *line,
		    const struct cli_candidates *c)
{
	const char *now = line->words.word[line->words.count - 1].text;
	size_t len = common_length(c);
	char word[CLI_MAX_LINE], *common = strndup(c->list[0].text, len);
	bool one = c->count == 1, end = one && !is_folder(c->list[0].text), good;

	if (!common)
		return false;
	/* Several, and they do not go on from what is typed: it is the user's to say how. */
	good = (one || (len >= strlen(now) && strcmp(common, now) &&
			!strncasecmp(common, now, strlen(now)))) &&
	       cli_line_quote(common, line->quote, end, word, sizeof(word) - 2);
	free(common);
	if (!good)
		return false;
	if (end)
		strcat(word, " ");
	if (mbstowcs(NULL, word, 0) == (size_t)-1)
		return false;	/* this locale has no such characters */
	if (strlen(typed) > line->start)
		el_deletestr(el, characters(typed + line->start, strlen(typed) - line->start));
	return !el_insertstr(el, word);
}

unsigned char shell_tab(EditLine *el, struct cli_lookup *lookup)
{
	struct cli_live live = { .values = cli_lookup_values, .arg = lookup };
	const LineInfo *info = el_line(el);
	size_t len = (size_t)(info->cursor - info->buffer);
	struct cli_candidates found = { 0 };
	unsigned char result = CC_ERROR;
	static struct cli_line line;
	char typed[CLI_MAX_LINE];
	const char *word;

	if (len >= sizeof(typed))
		return CC_ERROR;
	memcpy(typed, info->buffer, len);
	typed[len] = '\0';
	if (cli_line_read(typed, &line)) {
		word = line.words.word[line.words.count - 1].text;
		live.slot = *line.slot ? line.slot : NULL;
		cli_complete(&line.words, lookup ? &live : NULL, &found);
		if (found.files)
			cli_complete_files(word, found.files, &found);
		if (found.count && replace(el, typed, &line, &found)) {
			result = CC_REFRESH;
		} else if (found.count) {
			show_all(&found);
			result = CC_REDISPLAY;
		}
	}
	cli_candidates_free(&found);
	explicit_bzero(typed, sizeof(typed));
	explicit_bzero(&line, sizeof(line));
	return result;
}
