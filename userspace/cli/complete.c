// SPDX-License-Identifier: BSD-3-Clause
/*
 * What may stand at the cursor: nouns, verbs, options, values.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "complete.h"

/* ---- Lists of candidates ------------------------------------------------------------- */

bool cli_candidates_add(struct cli_candidates *c, const char *text, const char *help)
{
	struct cli_candidate *list, new = { strdup(text), strdup(help ? help : "") };

	list = realloc(c->list, (c->count + 1) * sizeof(*list));
	if (list)
		c->list = list;
	if (!list || !new.text || !new.help) {
		free(new.text);
		free(new.help);
		return false;
	}
	list[c->count++] = new;
	return true;
}

void cli_candidates_free(struct cli_candidates *c)
{
	for (size_t i = 0; i < c->count; i++) {
		free(c->list[i].text);
		free(c->list[i].help);
	}
	free(c->list);
	*c = (struct cli_candidates){ 0 };
}

/* ---- The word at the cursor ---------------------------------------------------------- */

#define WORD_MAX	CLI_MAX_LINE

struct cursor {
	const struct cli_words *words;
	const struct cli_live *live;
	struct cli_candidates *out;
	const char *rest;	/* what candidates begin with, behind the head */
	char head[WORD_MAX + 1];	/* stands before each candidate */
};

static void set_head(struct cursor *at, const char *word, size_t len)
{
	memcpy(at->head, word, len);
	at->head[len] = '\0';
	at->rest = word + len;
}

static void offer(struct cursor *at, const char *text, size_t len, const char *help)
{
	char word[2 * WORD_MAX];

	if (len > WORD_MAX)
		return;
	snprintf(word, sizeof(word), "%s%.*s", at->head, (int)len, text);
	for (size_t i = 0; i < at->out->count; i++)
		if (!strcmp(at->out->list[i].text, word))
			return;
	cli_candidates_add(at->out, word, help);
}

/* A short form that is there as a whole becomes the full name. */
static void offer_word(struct cursor *at, const char *text, size_t len, const char *brief,
		       size_t brief_len, const char *help)
{
	size_t typed = strlen(at->rest);

	if ((typed <= len && !strncasecmp(text, at->rest, typed)) ||
	    (brief && typed == brief_len && !strncasecmp(brief, at->rest, typed)))
		offer(at, text, len, help);
}

static void offer_value(struct cursor *at, const char *text, const char *help)
{
	offer_word(at, text, strlen(text), NULL, 0, help);
}

/* ---- Nouns and verbs ----------------------------------------------------------------- */

/* Words that do not apply are known, but nobody is led to them. */
static bool absent(const struct cli_noun *noun)
{
	const struct cli_command *c;

	for (c = cli_commands; c->noun; c++)
		if (!strcmp(c->noun, noun->name) && !(c->flags & CLI_CMD_ABSENT))
			return false;
	return true;
}

static void offer_nouns(struct cursor *at)
{
	const struct cli_noun *n;

	for (n = cli_nouns; n->name; n++)
		if (!absent(n))
			offer_word(at, n->name, strlen(n->name), n->brief, strlen(n->brief),
				   n->help);
}

static bool is_word(const char *list, size_t len, const char *word)
{
	return strlen(word) == len && !strncasecmp(list, word, len);
}

/* Words of @verb and @brief behind those of @typed, or NULL where they differ. */
static const char *behind(const char *verb, const char **brief, const struct cli_word *typed,
			  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(verb, " "), brief_len = strcspn(*brief, " ");

		if (!verb[len] || (!is_word(verb, len, typed[i].text) &&
				   !is_word(*brief, brief_len, typed[i].text)))
			return NULL;
		verb += len + 1;
		*brief += brief_len + ((*brief)[brief_len] == ' ');
	}
	return verb;
}

/* The words that may follow @typed, which begins with a noun. */
static void offer_verbs(struct cursor *at, const struct cli_word *typed, size_t count)
{
	const struct cli_noun *noun = cli_noun_find(typed[0].text);
	const struct cli_command *c;
	const char *verb, *brief;
	size_t len;

	for (c = cli_commands; noun && c->noun; c++) {
		if (strcmp(c->noun, noun->name) || !c->verb || c->flags & CLI_CMD_ABSENT)
			continue;
		brief = c->brief;
		verb = behind(c->verb, &brief, typed + 1, count - 1);
		if (!verb)
			continue;
		len = strcspn(verb, " ");
		offer_word(at, verb, len, brief, strcspn(brief, " "), verb[len] ? "" : c->help);
	}
}

static const struct cli_command *find_command(const struct cli_word *words, size_t count,
					      size_t *used)
{
	const char *text[1 + CLI_MAX_VERB_WORDS];
	size_t n;

	for (n = 0; n < count && n < 1 + CLI_MAX_VERB_WORDS; n++)
		text[n] = words[n].text;
	return cli_command_find(text, n, used);
}

static void offer_command_words(struct cursor *at, const struct cli_word *typed, size_t count)
{
	size_t used;

	if (!count)
		offer_nouns(at);
	else if (!find_command(typed, count, &used))
		offer_verbs(at, typed, count);
}

/* ---- Options ------------------------------------------------------------------------- */

struct given {
	const struct cli_command *command;
	bool is[CLI_MAX_OPTIONS];
	const char *value[CLI_MAX_OPTIONS];
	const struct cli_option *wants;	/* the word at the cursor is its value */
	bool from_file;
};

static void mark(struct given *g, const struct cli_option *o, const char *value)
{
	g->is[o - g->command->options] = true;
	g->value[o - g->command->options] = value;
}

static const struct cli_option *next_bare(const struct given *g)
{
	const struct cli_option *o = g->command->options;

	for (; o && o->name; o++)
		if (o->flags & CLI_OPT_BARE && !g->is[o - g->command->options])
			return o;
	return NULL;
}

/* The complete words from @first on; what is wrong among them is left to the parser. */
static void read_given(struct given *g, const struct cli_words *words, size_t first)
{
	size_t last = words->count - 1;
	const struct cli_option *o;
	const char *value;
	char name[64];

	for (size_t i = first; i < last; i++) {
		if (!cli_option_of(&words->word[i], name, sizeof(name), &value)) {
			o = next_bare(g);
			if (o)
				mark(g, o, words->word[i].text);
			continue;
		}
		o = cli_option_find(g->command, name, &g->from_file);
		if (!o)
			continue;
		if (o->kind != CLI_FLAG && !value) {
			if (++i == last)
				g->wants = o;
			value = words->word[i].text;
		}
		mark(g, o, value);
	}
}

static void offer_options(struct cursor *at, const struct given *g)
{
	const struct cli_option *o = g->command->options;
	const char *word = at->words->word[at->words->count - 1].text;
	char name[64];

	set_head(at, word, strspn(word, "-") > 1 ? 2 : *word == '-');
	if (!*at->head)
		strcpy(at->head, "-");
	for (; o && o->name; o++) {
		if (g->is[o - g->command->options])
			continue;
		offer_word(at, o->name, strlen(o->name), o->brief, o->brief ? strlen(o->brief) : 0,
			   o->help);
		if (o->kind != CLI_SECRET)
			continue;
		snprintf(name, sizeof(name), "%s-file", o->name);
		offer_word(at, name, strlen(name), NULL, 0, "a file with it");
		snprintf(name, sizeof(name), "%s-fd", o->name);
		offer_word(at, name, strlen(name), NULL, 0, "a descriptor with it");
	}
}

/* ---- Values -------------------------------------------------------------------------- */

static bool is_list(enum cli_kind kind)
{
	return kind == CLI_OBJECTS || kind == CLI_POLICIES || kind == CLI_WORDS;
}

/* Elements that stand in the list already are of no use again. */
static bool is_element(const char *list, const char *text)
{
	for (size_t len; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (is_word(list, len, text))
			return true;
	}
	return false;
}

/* Whose objects, policies ... are meant: see CLI_OPT_LOOKS. */
static void set_slot(struct cli_want *want, const struct given *g)
{
	const struct cli_option *o = g->command->options;

	for (; o && o->name; o++)
		if (want->kind == CLI_ARCHIVE ? !strcmp(o->name, "slot") : o->flags & CLI_OPT_LOOKS)
			want->slot = g->value[o - g->command->options];
}

static void offer_live(struct cursor *at, const struct given *g, enum cli_kind kind,
		       const char *taken)
{
	struct cli_want want = { .kind = kind, .hsm = !strcmp(g->command->noun, "hsm") };
	struct cli_candidates found = { 0 };

	set_slot(&want, g);
	if (!at->live || (kind == CLI_ARCHIVE && !want.slot))
		return;
	if (!want.slot)
		want.slot = at->live->slot;
	at->live->values(at->live->arg, &want, &found);
	for (size_t i = 0; i < found.count; i++) {
		const char *text = found.list[i].text;

		if (taken && (is_element(taken, text) || strpbrk(text, ",\\")))
			continue;
		/* Numbers have labels as their help; labels are for who begins one. */
		if ((kind == CLI_SLOT || kind == CLI_OBJECT) && !*at->rest &&
		    !isdigit((unsigned char)*text))
			continue;
		offer_value(at, text, found.list[i].help);
	}
	cli_candidates_free(&found);
}

static void offer_choices(struct cursor *at, const char *choices, const char *taken)
{
	char word[64];

	for (size_t len; *choices; choices += len + (choices[len] == '|')) {
		len = strcspn(choices, "|");
		snprintf(word, sizeof(word), "%.*s", (int)len, choices);
		if (!taken || !is_element(taken, word))
			offer_value(at, word, NULL);
	}
}

static void offer_roles(struct cursor *at, const struct given *g)
{
	static const char *const names[][2] = {
		{ "so", "HSM SO" }, { "po", "Partition SO" }, { "co", "Crypto Officer" },
		{ "lco", "Limited Crypto Officer" }, { "cu", "Crypto User" },
		{ "au", "Auditor" },
	};
	size_t before = at->out->count;

	/* A card says which it has, and how they are spelled there. */
	offer_live(at, g, CLI_ROLE, NULL);
	if (at->out->count > before)
		return;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		offer_value(at, names[i][0], names[i][1]);
}

/* A list's new element, behind the last comma. */
static void offer_element(struct cursor *at, const struct given *g, const struct cli_option *o)
{
	const char *comma = strrchr(at->rest, ',');
	char taken[2 * WORD_MAX] = "";

	if (comma) {
		size_t head = strlen(at->head), len = (size_t)(comma + 1 - at->rest);

		snprintf(taken, sizeof(taken), "%.*s", (int)len, at->rest);
		if (head + len > WORD_MAX)
			return;
		memcpy(at->head + head, at->rest, len);
		at->head[head + len] = '\0';
		at->rest = comma + 1;
	} else if (o->kind == CLI_OBJECTS) {
		offer_value(at, "all", "every object");
	}
	if (o->kind == CLI_WORDS)
		offer_choices(at, o->choices, taken);
	else if (o->kind == CLI_POLICIES)
		offer_live(at, g, CLI_POLICIES, taken);
	else if (!(o->flags & CLI_OPT_ELSEWHERE))
		offer_live(at, g, CLI_OBJECT, taken);
}

static void offer_values(struct cursor *at, const struct given *g, const struct cli_option *o,
			 bool from_file)
{
	if (from_file || o->kind == CLI_FILE)
		at->out->files = CLI_FILES_ALL;
	else if (o->kind == CLI_CARD)
		at->out->files = CLI_FILES_FOLDERS;
	else if (o->kind == CLI_CHOICE)
		offer_choices(at, o->choices, NULL);
	else if (o->kind == CLI_ROLE)
		offer_roles(at, g);
	else if (is_list(o->kind))
		offer_element(at, g, o);
	else if (o->kind != CLI_TEXT && o->kind != CLI_NUMBER && o->kind != CLI_NUMBERS &&
		 o->kind != CLI_SECRET && o->kind != CLI_FLAG)
		offer_live(at, g, o->kind, NULL);
}

/* ---- Together ------------------------------------------------------------------------ */

/* "-slot=1": the value of an option in the same word. True: it was one. */
static bool complete_assigned(struct cursor *at, const struct given *g)
{
	const struct cli_word *word = &at->words->word[at->words->count - 1];
	const struct cli_option *o;
	const char *value;
	bool from_file;
	char name[64];

	if (!cli_option_of(word, name, sizeof(name), &value) || !value)
		return false;
	o = cli_option_find(g->command, name, &from_file);
	set_head(at, word->text, (size_t)(value - word->text));
	if (o && o->kind != CLI_FLAG)
		offer_values(at, g, o, from_file);
	return true;
}

static void complete_behind(struct cursor *at, const struct cli_command *command, size_t used)
{
	const struct cli_word *word = &at->words->word[at->words->count - 1];
	struct given g = { .command = command };
	const struct cli_option *bare;

	read_given(&g, at->words, used);
	if (g.wants) {
		offer_values(at, &g, g.wants, g.from_file);
		return;
	}
	if (!word->quoted && complete_assigned(at, &g))
		return;
	bare = next_bare(&g);
	if (bare && bare->kind == CLI_COMMAND) {
		offer_command_words(at, at->words->word + used, at->words->count - 1 - used);
		return;
	}
	if (bare && (word->quoted || *word->text != '-'))
		offer_values(at, &g, bare, false);
	if (!word->quoted && (!*word->text || *word->text == '-'))
		offer_options(at, &g);
}

void cli_complete_globals(const struct cli_words *words, const struct cli_live *live,
			  struct cli_candidates *out)
{
	static const struct cli_command globals = { .noun = "", .options = cli_globals };
	struct cursor at = { .words = words, .live = live, .out = out };

	set_head(&at, words->word[words->count - 1].text, 0);
	complete_behind(&at, &globals, 0);
}

void cli_complete(const struct cli_words *words, const struct cli_live *live,
		  struct cli_candidates *out)
{
	struct cursor at = { .words = words, .live = live, .out = out };
	const struct cli_command *command;
	size_t complete = words->count - 1, used;

	set_head(&at, words->word[complete].text, 0);
	command = find_command(words->word, complete, &used);
	if (command)
		complete_behind(&at, command, used);
	else if (!words->word[complete].quoted)
		offer_command_words(&at, words->word, complete);
}
