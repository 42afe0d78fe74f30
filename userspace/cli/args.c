// SPDX-License-Identifier: BSD-3-Clause
/* Options' values: what is good for one, and what a command was given. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "names.h"
#include "parse.h"
#include "selector.h"

/* ---- Values ------------------------------------------------------------------------ */

/* Calls @use for each element; false when one is no 32-bit number. */
static bool each_number(const char *text, size_t *count, uint32_t *list, size_t room)
{
	char element[24];
	uint64_t value;

	*count = 0;
	for (;;) {
		size_t len = strcspn(text, ",");

		if (len >= sizeof(element))
			return false;
		memcpy(element, text, len);
		element[len] = '\0';
		if (!names_number(element, UINT32_MAX, &value))
			return false;
		if (*count < room)
			list[*count] = (uint32_t)value;
		(*count)++;
		if (!text[len])
			return true;
		text += len + 1;
	}
}

static bool is_choice(const char *choices, const char *text)
{
	size_t want = strlen(text), len;

	for (; want; choices += len + 1) {
		len = strcspn(choices, "|");
		if (len == want && !strncasecmp(choices, text, len))
			return true;
		if (!choices[len])
			break;
	}
	return false;
}

static bool is_all(const char *text)
{
	return !strcasecmp(text, "all") || !strcmp(text, "0");
}

static const char *selects(const char *(*parse)(const char *text, struct selector *out),
			   const char *text)
{
	struct selector s;
	const char *wants = parse(text, &s);

	selector_free(&s);
	return wants;
}

static const char *objects_want(const char *list)
{
	char element[SELECTOR_MAX];
	const char *wants = NULL;

	while (list && !wants) {
		if (!selector_next(&list, element, sizeof(element)))
			return "objects with commas between";
		wants = selects(selector_object, element);
	}
	return wants;
}

const char *cli_value_wants(const struct cli_option *option, const char *text)
{
	uint64_t number;
	size_t count;

	switch (option->kind) {
	case CLI_NUMBER:
	case CLI_CIPHER:
	case CLI_SERIAL:
		return names_number(text, UINT64_MAX, &number) ? NULL : "a number";
	case CLI_SLOT:
		return selects(selector_slot, text);
	case CLI_OBJECT:
		return selects(selector_object, text);
	case CLI_OBJECTS:
		return is_all(text) ? NULL : objects_want(text);
	case CLI_NUMBERS:
	case CLI_POLICIES:
		return each_number(text, &count, NULL, 0) ? NULL : "numbers with commas between";
	case CLI_CHOICE:
		return is_choice(option->choices, text) ? NULL : option->choices;
	case CLI_ROLE:
	case CLI_FILE:
	case CLI_CARD:
		return *text ? NULL : "a text that is not empty";
	default:
		return NULL;
	}
}

/* ---- What was given ---------------------------------------------------------------- */

const struct cli_value *cli_args_value(const struct cli_args *args, const char *name)
{
	const struct cli_option *o = args->command->options;

	for (; o && o->name; o++)
		if (!strcmp(o->name, name))
			return &args->value[o - args->command->options];
	assert(!"an option that is not in the table");
	abort();
}

bool cli_args_given(const struct cli_args *args, const char *name)
{
	return cli_args_value(args, name)->given;
}

const char *cli_args_text(const struct cli_args *args, const char *name, const char *absent)
{
	const struct cli_value *v = cli_args_value(args, name);

	return v->given ? v->text : absent;
}

uint64_t cli_args_number(const struct cli_args *args, const char *name, uint64_t absent)
{
	const struct cli_value *v = cli_args_value(args, name);
	uint64_t value = absent;

	if (v->given)
		names_number(v->text, UINT64_MAX, &value);
	return value;
}

bool cli_args_all(const struct cli_args *args, const char *name)
{
	const struct cli_value *v = cli_args_value(args, name);

	return v->given && is_all(v->text);
}

size_t cli_args_numbers(const struct cli_args *args, const char *name, uint32_t *list,
			size_t room)
{
	const struct cli_value *v = cli_args_value(args, name);
	size_t count = 0;

	if (!v->given || !each_number(v->text, &count, list, room))
		return 0;
	return count;
}
