// SPDX-License-Identifier: BSD-3-Clause
/*
 * Splits text into words and words into a command of the table with its options.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "parse.h"

/* ---- Words ------------------------------------------------------------------------- */

static const char *skip_blank(const char *p)
{
	while (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		p++;
	if (*p == '#')
		while (*p && *p != '\n')
			p++;
	return p;
}

/* One quoted stretch; *p stands behind the opening quote. NULL on success. */
static const char *take_quoted(const char **p, char quote, char **out)
{
	for (; **p != quote; (*p)++) {
		if (!**p)
			return "a quote is not closed";
		if (quote == '"' && **p == '\\' && ((*p)[1] == '"' || (*p)[1] == '\\'))
			(*p)++;
		*(*out)++ = **p;
	}
	(*p)++;
	return NULL;
}

static bool ends_word(char c)
{
	return !c || c == ';' || isspace((unsigned char)c);
}

/* Does ";NAME=" stand at @p? Then it goes on with a URI, for no command is like that. */
static bool goes_on(const char *p)
{
	size_t len = *p == ';' ? strspn(p + 1, "abcdefghijklmnopqrstuvwxyz-") : 0;

	return len && p[1 + len] == '=';
}

static bool in_uri(const struct cli_word *word, const char *end)
{
	static const char scheme[] = "pkcs11:";
	const size_t len = sizeof(scheme) - 1;

	for (const char *p = word->text; p + len <= end; p++)
		if (!strncasecmp(p, scheme, len) && (p == word->text || strchr(",=", p[-1])))
			return true;
	return false;
}

static const char *take_word(const char **p, struct cli_word *word, char **out)
{
	const char *error;

	word->text = *out;
	/* --label="two words" is an option all the same. */
	word->quoted = **p == '"' || **p == '\'';
	while (!ends_word(**p) || (goes_on(*p) && in_uri(word, *out))) {
		if (**p == '"' || **p == '\'') {
			char quote = *(*p)++;

			error = take_quoted(p, quote, out);
			if (error)
				return error;
		} else {
			*(*out)++ = *(*p)++;
		}
	}
	*(*out)++ = '\0';
	return NULL;
}

const char *cli_split(const char **text, struct cli_words *words)
{
	const char *p = *text, *error, *before;
	char *out = words->memory;

	words->count = 0;
	if (strlen(p) > CLI_MAX_LINE) {
		*text = p + strlen(p);
		return "the line is too long";
	}
	for (;;) {
		do {
			before = p;
			p = skip_blank(p);
		} while (p != before);
		if (!*p || *p == ';')
			break;
		if (words->count == CLI_MAX_WORDS) {
			*text = p + strlen(p);
			return "too many words";
		}
		error = take_word(&p, &words->word[words->count], &out);
		if (error) {
			*text = p + strlen(p);
			return error;
		}
		words->count++;
	}
	*text = *p == ';' ? p + 1 : p;
	return NULL;
}

/* ---- Commands ---------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4)))
static int refuse(char *message, size_t room, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(message, room, format, ap);
	va_end(ap);
	return -EINVAL;
}

static bool is_option(const struct cli_word *word)
{
	const char *p = word->text;

	if (word->quoted || *p != '-')
		return false;
	p += p[1] == '-' ? 2 : 1;
	return isalpha((unsigned char)*p);
}

static bool is_help(const struct cli_word *word)
{
	return !word->quoted && !strcmp(word->text, "?");
}

/* "-label", "--label", "--label=..." -> "label"; *value gets what stands behind '='. */
static void option_name(const struct cli_word *word, char *name, size_t room, const char **value)
{
	const char *p = word->text + (word->text[1] == '-' ? 2 : 1);
	size_t len = strcspn(p, "=");

	*value = p[len] ? p + len + 1 : NULL;
	if (len >= room)
		len = room - 1;
	memcpy(name, p, len);
	name[len] = '\0';
}

static const struct cli_option *find_bare(const struct cli_args *args)
{
	const struct cli_option *o = args->command->options;

	for (; o && o->name; o++)
		if (o->flags & CLI_OPT_BARE && !args->value[o - args->command->options].given)
			return o;
	return NULL;
}

static int set_value(struct cli_args *args, const struct cli_option *o, const char *text,
		     bool from_file, char *message, size_t room)
{
	struct cli_value *v = &args->value[o - args->command->options];
	const char *error = from_file || o->kind == CLI_FLAG ? NULL : cli_value_wants(o, text);

	if (v->given)
		return refuse(message, room, "option -%s stands twice", o->name);
	if (error)
		return refuse(message, room, "option -%s wants %s", o->name, error);
	v->given = true;
	v->text = text;
	v->from_file = from_file;
	return 0;
}

/* The option at words[*at] and its value; *at is moved to the last word used. */
static int take_option(const struct cli_words *words, size_t *at, struct cli_args *args,
		       char *message, size_t room)
{
	const struct cli_word *next;
	const struct cli_option *o;
	const char *value;
	bool from_file;
	char name[64];

	option_name(&words->word[*at], name, sizeof(name), &value);
	o = cli_option_find(args->command, name, &from_file);
	if (!o)
		return refuse(message, room, "there is no option -%s", name);
	args->value[o - args->command->options].from_fd =
		from_file && !strcasecmp(name + strlen(name) - 3, "-fd");
	if (o->kind == CLI_FLAG && value)
		return refuse(message, room, "option -%s takes no value", o->name);
	if (o->kind != CLI_FLAG && !value) {
		next = &words->word[*at + 1];
		if (*at + 1 == words->count || is_help(next))
			return refuse(message, room, "option -%s needs a value", o->name);
		if (is_option(next)) {
			option_name(next, name, sizeof(name), &value);
			if (cli_option_find(args->command, name, &(bool){ false }))
				return refuse(message, room, "option -%s needs a value", o->name);
		}
		value = next->text;
		(*at)++;
	}
	return set_value(args, o, value, from_file, message, room);
}

static int find_command(const struct cli_words *words, struct cli_args *args, size_t *used,
			char *message, size_t room)
{
	const char *word[1 + CLI_MAX_VERB_WORDS];
	size_t count = 0;

	while (count < words->count && count < sizeof(word) / sizeof(*word) &&
	       !is_option(&words->word[count]) && !is_help(&words->word[count])) {
		word[count] = words->word[count].text;
		count++;
	}
	if (!count)
		return refuse(message, room, "a command begins with a noun: see help");
	args->command = cli_command_find(word, count, used);
	if (args->command)
		return 0;
	if (!*used)
		return refuse(message, room, "there is no command %s: see help", word[0]);
	if (count == 1)
		return refuse(message, room, "%s what? See help %s", word[0], word[0]);
	return refuse(message, room, "%s has no %s: see help %s", word[0], word[1], word[0]);
}

/* "?" anywhere, or as the last word "help" behind the command's own words, or -help. */
static bool asks_help(const struct cli_words *words, const struct cli_args *args, size_t used)
{
	const struct cli_word *last = words->count > 1 ? &words->word[words->count - 1] : NULL;
	bool from_file;

	for (size_t i = 0; i < words->count; i++)
		if (is_help(&words->word[i]))
			return true;
	if (!last || last->quoted || !used)
		return false;
	if (!strcasecmp(last->text, "-help") || !strcasecmp(last->text, "--help"))
		return !args->command || !cli_option_find(args->command, "help", &from_file);
	if (strcasecmp(last->text, "help") || (args->command && args->command->run == cli_help))
		return false;
	return !args->command || used == words->count - 1;
}

int cli_parse(const struct cli_words *words, struct cli_args *args, char *message, size_t room)
{
	const struct cli_option *bare;
	size_t at = 0;
	int ret;

	memset(args, 0, sizeof(*args));
	ret = find_command(words, args, &at, message, room);
	args->help = asks_help(words, args, at);
	if (ret || args->help)
		return args->help ? 0 : ret;
	if (args->command->flags & CLI_CMD_ABSENT)
		return 0;	/* whatever it is asked for: it answers that it is not there */
	for (; at < words->count; at++) {
		if (is_option(&words->word[at])) {
			ret = take_option(words, &at, args, message, room);
		} else {
			bare = find_bare(args);
			ret = bare ? set_value(args, bare, words->word[at].text, false, message,
					       room)
				   : refuse(message, room, "what is %s?", words->word[at].text);
		}
		if (ret)
			return ret;
	}
	return 0;
}

bool cli_option_of(const struct cli_word *word, char *name, size_t room, const char **value)
{
	*value = NULL;
	if (!is_option(word))
		return false;
	option_name(word, name, room, value);
	return true;
}

/* ---- Secrets among the words ------------------------------------------------------- */

/* Without a known command, a name that is secret in any command counts. */
static bool names_secret(const struct cli_command *command, const char *name)
{
	const struct cli_option *o;
	bool from_file;

	if (command) {
		o = cli_option_find(command, name, &from_file);
		return o && o->kind == CLI_SECRET && !from_file;
	}
	for (command = cli_commands; command->noun; command++)
		if (names_secret(command, name))
			return true;
	return false;
}

/* Is word @i the value of a secret option, or (*inside) does it hold one behind '='? */
static bool is_secret(const struct cli_words *words, const struct cli_command *command, size_t i,
		      bool *inside)
{
	const char *value;
	char name[64];

	*inside = false;
	if (i && is_option(&words->word[i - 1])) {
		option_name(&words->word[i - 1], name, sizeof(name), &value);
		if (!value && names_secret(command, name))
			return true;
	}
	if (!is_option(&words->word[i]))
		return false;
	*inside = true;
	option_name(&words->word[i], name, sizeof(name), &value);
	return value && names_secret(command, name);
}

static const struct cli_command *command_of(const struct cli_words *words)
{
	struct cli_args args = { 0 };
	char message[256];
	size_t used;

	find_command(words, &args, &used, message, sizeof(message));
	return args.command;
}

bool cli_has_secret(const struct cli_words *words)
{
	const struct cli_command *command = command_of(words);
	bool inside;

	for (size_t i = 0; i < words->count; i++)
		if (is_secret(words, command, i, &inside))
			return true;
	return false;
}

void cli_redact(const struct cli_words *words, char *out, size_t room)
{
	const struct cli_command *command = command_of(words);
	const char *quote;
	bool inside;
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < words->count && at < room; i++) {
		const char *text = words->word[i].text;

		quote = *text && !strpbrk(text, " \t;#") ? "" : "\"";
		if (!is_secret(words, command, i, &inside))
			at += (size_t)snprintf(out + at, room - at, "%s%s%s%s", i ? " " : "", quote,
					       text, quote);
		else
			at += (size_t)snprintf(out + at, room - at, "%s%.*s****", i ? " " : "",
					       inside ? (int)strcspn(text, "=") + 1 : 0, text);
	}
}
