/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From text to one command with its options. Knows the table, but no card.
 */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "table.h"

#define CLI_MAX_WORDS		64
#define CLI_MAX_LINE		8192

struct cli_word {
	char *text;
	bool quoted;		/* from its beginning: it is a value, whatever it looks like */
};

struct cli_words {
	size_t count;
	struct cli_word word[CLI_MAX_WORDS];
	char memory[CLI_MAX_LINE + CLI_MAX_WORDS];
};

struct cli_value {
	const char *text;	/* points into the words */
	bool given;
	bool from_file;		/* text names the file, or descriptor, that holds the secret */
	bool from_fd;
};

struct cli_args {
	const struct cli_command *command;
	struct cli_value value[CLI_MAX_OPTIONS];
	bool help;		/* "?" stood among the words */
};

/*
 * The words of the next command in *@text, which is moved past it and its ';'. An unquoted '#'
 * at the beginning of a word starts a comment that ends with the line. Quotes group; \" and \\
 * count inside double quotes only. NULL, or what is wrong (a fixed string).
 */
const char *cli_split(const char **text, struct cli_words *words);

/* 0, or -EINVAL with one line in @message. args->command is set as soon as it is known. */
int cli_parse(const struct cli_words *words, struct cli_args *args, char *message, size_t room);

/*
 * Does @word look like an option? Then "-label", "--label" and "--label=..." give "label", and
 * *value what stands behind '=', or NULL.
 */
bool cli_option_of(const struct cli_word *word, char *name, size_t room, const char **value);

/* @name has to be in the command's table row. */
bool cli_args_given(const struct cli_args *args, const char *name);
const char *cli_args_text(const struct cli_args *args, const char *name, const char *absent);
uint64_t cli_args_number(const struct cli_args *args, const char *name, uint64_t absent);
const struct cli_value *cli_args_value(const struct cli_args *args, const char *name);
/* The elements of a CLI_NUMBERS or CLI_OBJECTS option. Returns their number, at most @room. */
size_t cli_args_numbers(const struct cli_args *args, const char *name, uint32_t *list,
			size_t room);
/* "all" or 0 of a CLI_OBJECTS option. */
bool cli_args_all(const struct cli_args *args, const char *name);

/* args.c: NULL if @text is good for the option, else what it should have been. */
const char *cli_value_wants(const struct cli_option *option, const char *text);
/* The command as typed, secrets starred; for echo and history. Always ends with NUL. */
void cli_redact(const struct cli_words *words, char *out, size_t room);
/* A secret stands literally among the words. */
bool cli_has_secret(const struct cli_words *words);

#endif /* CLI_PARSE_H */
