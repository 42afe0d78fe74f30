// SPDX-License-Identifier: BSD-3-Clause
/*
 * Completion in a line of text: where the word at the cursor begins, how it is quoted; and files.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "complete.h"

/* ---- Words --------------------------------------------------------------------------- */

/* Stands where the cursor is: in no line, since it cannot be typed. */
#define CURSOR	"\001"

static bool split_all(const char *text, struct cli_words *words)
{
	do {
		if (cli_split(&text, words))
			return false;
	} while (*text);
	return true;
}

/* The words of @text and, if it ends inside of quotes, of @text without them. */
static bool split_open(const char *text, size_t len, struct cli_words *words)
{
	static const char *const ends[] = { "", "\"", "'" };
	char line[CLI_MAX_LINE + 2];

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		snprintf(line, sizeof(line), "%.*s%s", (int)len, text, ends[i]);
		if (split_all(line, words))
			return true;
	}
	return false;
}

static bool begins_word(char before)
{
	return strchr(" \t\r\n;", before) != NULL;
}

/* The last place outside of quotes where a word begins. */
static size_t find_start(const char *text, size_t len)
{
	struct cli_words words;
	char line[CLI_MAX_LINE + 1];
	size_t at;

	for (at = len; at; at--) {
		if (!begins_word(text[at - 1]))
			continue;
		snprintf(line, sizeof(line), "%.*s", (int)at, text);
		if (split_all(line, &words))
			break;
	}
	return at;
}

bool cli_sets_slot(const struct cli_words *words, char *slot, size_t room)
{
	struct cli_args args;
	char message[256];

	if (cli_parse(words, &args, message, sizeof(message)) || !args.command->verb ||
	    strcmp(args.command->noun, "slot") || strcmp(args.command->verb, "set"))
		return false;
	snprintf(slot, room, "%s", cli_args_text(&args, "slot", ""));
	return true;
}

/* Which slot is the current one when all commands before that of the cursor have been run. */
static void read_slot(const char *text, struct cli_line *line)
{
	struct cli_words words;

	line->slot[0] = '\0';
	while (*text) {
		if (cli_split(&text, &words))
			break;
		if (*text && words.count)
			cli_sets_slot(&words, line->slot, sizeof(line->slot));
	}
	explicit_bzero(&words, sizeof(words));
}

bool cli_line_read(const char *text, struct cli_line *line)
{
	char before[CLI_MAX_LINE + 2];
	struct cli_words last;
	size_t len = strlen(text), used;
	char *copy;

	if (len >= CLI_MAX_LINE)
		return false;
	line->start = find_start(text, len);
	if (!split_open(text + line->start, len - line->start, &last) || last.count > 1)
		return false;
	/* The mark shows whether a word may stand here at all. */
	snprintf(before, sizeof(before), "%.*s" CURSOR, (int)line->start, text);
	if (!split_all(before, &line->words) || !line->words.count ||
	    strcmp(line->words.word[line->words.count - 1].text, CURSOR))
		return false;
	read_slot(before, line);
	line->quote = strchr("\"'", text[line->start]) ? text[line->start] : '\0';
	if (!last.count)
		last.word[0] = (struct cli_word){ .text = "" };
	used = (size_t)(line->words.word[line->words.count - 1].text - line->words.memory);
	copy = line->words.memory + used;
	snprintf(copy, sizeof(line->words.memory) - used, "%s", last.word[0].text);
	line->words.word[line->words.count - 1].quoted = last.word[0].quoted;
	return true;
}

static bool needs_quotes(const char *text)
{
	return !*text || *text == '#' || strpbrk(text, " \t\r\n;'\"\\");
}

bool cli_line_quote(const char *text, char quote, bool end, char *out, size_t room)
{
	size_t at = 0;

	if (!quote && needs_quotes(text))
		quote = '"';
	if (quote == '\'' && strchr(text, '\''))
		quote = '"';
	if (quote)
		out[at++] = quote;
	for (; *text && at + 4 < room; text++) {
		if (quote == '"' && (*text == '"' || *text == '\\'))
			out[at++] = '\\';
		out[at++] = *text;
	}
	if (quote && end)
		out[at++] = quote;
	out[at] = '\0';
	return !*text;
}

/* ---- Files --------------------------------------------------------------------------- */

static void add_file(const char *folder, size_t folder_len, const char *name,
		     enum cli_files files, struct cli_candidates *out)
{
	char path[4096 + 256];
	struct stat st;
	bool is_folder;

	if (folder_len > 4096)
		return;
	snprintf(path, sizeof(path), "%.*s%s", (int)folder_len, folder, name);
	is_folder = !stat(path, &st) && S_ISDIR(st.st_mode);
	if (files == CLI_FILES_FOLDERS && !is_folder)
		return;
	if (is_folder)
		strncat(path, "/", sizeof(path) - 1 - strlen(path));
	cli_candidates_add(out, path, NULL);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void cli_complete_files(const char *typed, enum cli_files files, struct cli_candidates *out)
{
	const char *slash = strrchr(typed, '/');
	size_t folder_len = slash ? (size_t)(slash + 1 - typed) : 0;
	const char *name = typed + folder_len;
	char folder[4096] = ".";
	struct dirent **list;
	int count;

	if (folder_len >= sizeof(folder))
		return;
	if (folder_len)
		snprintf(folder, sizeof(folder), "%.*s", (int)folder_len, typed);
	count = scandir(folder, &list, NULL, by_name);
	for (int i = 0; i < count; i++) {
		const char *found = list[i]->d_name;

		/* Hidden ones only for who asks. */
		if (!strncmp(found, name, strlen(name)) && (*found != '.' || *name == '.') &&
		    strcmp(found, ".") && strcmp(found, ".."))
			add_file(typed, folder_len, found, files, out);
		free(list[i]);
	}
	if (count >= 0)
		free(list);
}
