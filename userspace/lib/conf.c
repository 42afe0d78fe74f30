// SPDX-License-Identifier: BSD-3-Clause
/* The configuration's two forms: read with places kept, changed in place. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conf.h"

#define TEXT_MAX	(1u << 20)
#define WORD_MAX	4096		/* of a key or a value */

struct reader {
	struct conf *c;
	const char *at, *end;
	unsigned int line;
	const char *line_start;
	char **why;
};

static coffer_rc bad(struct reader *r, const char *what)
{
	text_set(r->why, text_of("%s:%u: %s", r->c->name, r->line, what));
	return -EINVAL;
}

static size_t place(const struct reader *r, const char *at)
{
	return (size_t)(at - r->c->text);
}

static char *copy_trimmed(const char *from, const char *to, const char **begin)
{
	while (from < to && (*from == ' ' || *from == '\r'))
		from++;
	while (to > from && (to[-1] == ' ' || to[-1] == '\r'))
		to--;
	*begin = from;
	return strndup(from, (size_t)(to - from));
}

/* ---- What was read -------------------------------------------------------------------------- */

static coffer_rc section_add(struct reader *r, const char *from, const char *to)
{
	struct conf *c = r->c;
	struct conf_section *grown;
	const char *begin;

	grown = realloc(c->sections, (c->n_sections + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->sections = grown;
	memset(&grown[c->n_sections], 0, sizeof(*grown));
	grown[c->n_sections].name = copy_trimmed(from, to, &begin);
	if (!grown[c->n_sections].name)
		return -ENOMEM;
	if (!*grown[c->n_sections++].name)
		return bad(r, "a section without a name");
	return 0;
}

/* The key is [from, equals), the value (equals, to). */
static coffer_rc entry_add(struct reader *r, const char *from, const char *equals, const char *to)
{
	struct conf *c = r->c;
	struct conf_entry *grown, *e;
	const char *begin;

	if (to - from > WORD_MAX)
		return bad(r, "longer than any setting is");
	grown = realloc(c->entries, (c->n_entries + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	c->entries = grown;
	e = &grown[c->n_entries++];
	memset(e, 0, sizeof(*e));
	e->section = c->n_sections - 1;
	e->line = r->line;
	e->key = copy_trimmed(from, equals, &begin);
	e->value = copy_trimmed(equals + 1, to, &begin);
	if (!e->key || !e->value)
		return -ENOMEM;
	e->value_at = place(r, begin);
	e->value_len = strlen(e->value);
	return *e->key ? 0 : bad(r, "a setting without a name");
}

/* ---- Characters ----------------------------------------------------------------------------- */

static coffer_rc check_characters(struct reader *r)
{
	for (const char *at = r->at; at < r->end; at++) {
		if (*at == '\n')
			r->line++;
		else if (*at == '\t')
			return bad(r, "a TAB: this format knows spaces only");
		else if ((unsigned char)*at < 0x20 && *at != '\r')
			return bad(r, "a control character");
		else if (*at == 0x7f)
			return bad(r, "a control character");
	}
	r->line = 1;
	return 0;
}

/* Past blanks, line ends and remarks. */
static void skip(struct reader *r)
{
	for (; r->at < r->end; r->at++) {
		if (*r->at == '#') {
			while (r->at < r->end && *r->at != '\n')
				r->at++;
			if (r->at == r->end)
				return;
		}
		if (*r->at == '\n') {
			r->line++;
			r->line_start = r->at + 1;
		} else if (*r->at != ' ' && *r->at != '\r') {
			return;
		}
	}
}

/* The next of the characters in @stops on this line, or NULL. */
static const char *seek(const struct reader *r, const char *stops)
{
	for (const char *at = r->at; at < r->end && *at != '\n'; at++)
		if (strchr(stops, *at))
			return at;
	return NULL;
}

/* ---- Section = { key = value; } ------------------------------------------------------------- */

/* Nothing else on its line: the line can go with it. */
static void entry_line(struct reader *r, const char *from, const char *behind)
{
	struct conf_entry *e = &r->c->entries[r->c->n_entries - 1];

	for (const char *at = r->line_start; at < from; at++)
		if (*at != ' ')
			r->line_start = from;
	while (behind < r->end && (*behind == ' ' || *behind == '\r'))
		behind++;
	if (behind < r->end && *behind == '\n')
		behind++;
	e->line_at = place(r, r->line_start);
	e->line_end = place(r, behind);
}

static coffer_rc read_entry(struct reader *r)
{
	const char *from = r->at, *equals = seek(r, "=;{}"), *end;
	coffer_rc rc;

	if (!equals || *equals != '=')
		return bad(r, "expected \"key = value;\"");
	r->at = equals + 1;
	end = seek(r, ";{}");
	if (!end || *end != ';')
		return bad(r, "a value does not end with ';' on its line");
	rc = entry_add(r, from, equals, end);
	if (rc)
		return rc;
	entry_line(r, from, end + 1);
	r->at = end + 1;
	return 0;
}

static coffer_rc read_section(struct reader *r)
{
	const char *from = r->at, *equals = seek(r, "=;{}"), *stop;
	size_t mine = r->c->n_sections;
	coffer_rc rc;

	if (!equals || *equals != '=')
		return bad(r, "expected \"Section = {\"");
	rc = section_add(r, from, equals);
	r->at = equals + 1;
	skip(r);
	if (!rc && (r->at == r->end || *r->at != '{'))
		rc = bad(r, "expected '{' behind the name of a section");
	if (rc)
		return rc;
	r->at++;
	for (skip(r); r->at < r->end && *r->at != '}'; skip(r)) {
		rc = read_entry(r);
		if (rc)
			return rc;
	}
	if (r->at == r->end)
		return bad(r, "a section is not closed by '}'");
	/* A new key goes before the brace, and before the blanks that it stands behind. */
	for (stop = r->at; stop > r->c->text && stop[-1] == ' '; stop--)
		;
	if (stop > r->c->text && stop[-1] != '\n')
		stop = r->at;
	r->c->sections[mine].end = place(r, stop);
	r->at++;
	skip(r);
	if (r->at < r->end && *r->at == ';')
		r->at++;
	return 0;
}

/* ---- [Section] ------------------------------------------------------------------------------ */

static coffer_rc read_ini_line(struct reader *r)
{
	const char *from = r->at, *stop, *end = r->at;
	coffer_rc rc;

	while (end < r->end && *end != '\n')
		end++;
	if (*from == ';') {	/* a remark */
		r->at = end;
		return 0;
	}
	if (*from == '[') {
		stop = seek(r, "]");
		rc = stop ? section_add(r, from + 1, stop) : bad(r, "no ']' behind a section");
	} else {
		stop = seek(r, "=");
		if (!stop)
			return bad(r, "expected \"key=value\"");
		if (!r->c->n_sections)
			return bad(r, "a setting before the first section");
		rc = entry_add(r, from, stop, end);
		if (!rc)
			entry_line(r, from, end);
	}
	if (rc)
		return rc;
	r->at = end;
	r->c->sections[r->c->n_sections - 1].end = place(r, end < r->end ? end + 1 : end);
	return 0;
}

/* ---- All ------------------------------------------------------------------------------------ */

coffer_rc conf_parse(struct conf *c, const char *name, const char *text, size_t len, char **why)
{
	struct reader r = { .c = c, .line = 1, .why = why };
	coffer_rc rc;

	memset(c, 0, sizeof(*c));
	c->name = strdup(name);
	c->text = malloc(len + 1);
	if (!c->name || !c->text)
		return -ENOMEM;
	memcpy(c->text, text, len);
	c->text[len] = '\0';
	c->len = len;
	r.at = c->text;
	r.end = c->text + len;
	r.line_start = r.at;
	if (len > TEXT_MAX)
		return bad(&r, "longer than a configuration is (1 MiB)");
	rc = check_characters(&r);
	skip(&r);
	c->ini = r.at < r.end && (*r.at == '[' || *r.at == ';');
	for (; !rc && r.at < r.end; skip(&r))
		rc = c->ini ? read_ini_line(&r) : read_section(&r);
	return rc;
}

void conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->n_sections; i++)
		free(c->sections[i].name);
	for (size_t i = 0; i < c->n_entries; i++) {
		free(c->entries[i].key);
		free(c->entries[i].value);
	}
	free(c->sections);
	free(c->entries);
	free(c->name);
	free(c->text);
	memset(c, 0, sizeof(*c));
}

static const struct conf_entry *find(const struct conf *c, const char *section, const char *key)
{
	for (size_t i = c->n_entries; i-- > 0;)
		if (!strcasecmp(c->sections[c->entries[i].section].name, section) &&
		    !strcasecmp(c->entries[i].key, key))
			return &c->entries[i];
	return NULL;
}

const char *conf_get(const struct conf *c, const char *section, const char *key)
{
	const struct conf_entry *e = find(c, section, key);

	return e ? e->value : NULL;
}

/* ---- Changing ------------------------------------------------------------------------------- */

/* Put @what in place of [at, at + len), and read the result: the places have moved. */
static coffer_rc splice(struct conf *c, size_t at, size_t len, const char *what)
{
	char *text = text_of("%.*s%s%s", (int)at, c->text, what, c->text + at + len);
	struct conf changed;
	coffer_rc rc;

	if (!text)
		return -ENOMEM;
	rc = conf_parse(&changed, c->name, text, strlen(text), NULL);
	free(text);
	if (rc) {
		conf_free(&changed);
		return rc;
	}
	conf_free(c);
	*c = changed;
	return 0;
}

/* Characters that mean something else, and blanks that would be lost. */
static bool writable(const char *text, const char *special, bool may_be_empty)
{
	size_t len = strlen(text);

	if (!len)
		return may_be_empty;
	if (len > WORD_MAX / 2 || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (; *text; text++)
		if (iscntrl((unsigned char)*text) || strchr(special, *text))
			return false;
	return true;
}

static coffer_rc add_key(struct conf *c, size_t section, const char *key, const char *value)
{
	size_t at = c->sections[section].end;
	bool alone = at && c->text[at - 1] == '\n';
	char *line = c->ini ? text_of("%s%s=%s\n", alone ? "" : "\n", key, value) :
			      text_of("%s   %s = %s;\n", alone ? "" : "\n", key, value);
	coffer_rc rc = line ? splice(c, at, 0, line) : -ENOMEM;

	free(line);
	return rc;
}

static coffer_rc add_section(struct conf *c, const char *section, const char *key,
			     const char *value)
{
	bool alone = !c->len || c->text[c->len - 1] == '\n';
	char *lines = c->ini ? text_of("%s[%s]\n%s=%s\n", alone ? "" : "\n", section, key, value) :
			       text_of("%s%s = {\n   %s = %s;\n}\n", alone ? "" : "\n", section,
				       key, value);
	coffer_rc rc = lines ? splice(c, c->len, 0, lines) : -ENOMEM;

	free(lines);
	return rc;
}

coffer_rc conf_set(struct conf *c, const char *section, const char *key, const char *value)
{
	const struct conf_entry *e = find(c, section, key);

	if (!writable(key, "#;={}[]", false) || !writable(value, ";{}", true) ||
	    !writable(section, "#;={}[]", false))
		return -EINVAL;
	if (e)
		return splice(c, e->value_at, e->value_len, value);
	for (size_t i = c->n_sections; i-- > 0;)
		if (!strcasecmp(c->sections[i].name, section))
			return add_key(c, i, key, value);
	return add_section(c, section, key, value);
}

coffer_rc conf_remove(struct conf *c, const char *section, const char *key)
{
	const struct conf_entry *e;
	coffer_rc rc = 0;

	while (!rc && (e = find(c, section, key)))
		rc = splice(c, e->line_at, e->line_end - e->line_at, "");
	return rc;
}
