// SPDX-License-Identifier: BSD-3-Clause
/*
 * Policy templates as text. One line each, in any order behind the first:
 *   coffer-policies 1 partition        version of the format; partition or hsm
 *   NUMBER VALUE [no|on|off|both]      a policy; which of its changes erase objects
 * Decimal numbers, spaces or tabs between; from # to the end of a line is a remark. Nothing else
 * is accepted: a template that was cut or mistyped must not become a laxer one.
 */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

#define MAGIC		"coffer-policies"
#define FORMAT		1
#define WORDS		4	/* one more than a line may have */
#define WORD_MAX	32

static const char *const directions[] = { "no", "on", "off", "both" };

/* ---- Reading ------------------------------------------------------------------------------- */

struct reader {
	struct coffer_template *to;
	unsigned int line;
	char word[WORDS][WORD_MAX];
	unsigned int words;
	char **why;
};

static coffer_rc bad(struct reader *r, const char *what, const char *word)
{
	text_set(r->why, text_of("line %u: %s%s%s", r->line, what, *word ? ": " : "", word));
	return -EINVAL;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* The line's words up to a remark. */
static coffer_rc split(struct reader *r, const char *at, size_t len)
{
	const char *end = at + len;
	size_t n;

	r->words = 0;
	for (; at < end && *at != '#'; at += n) {
		n = 1;
		if (is_space(*at))
			continue;
		for (n = 0; at + n < end && at[n] != '#' && !is_space(at[n]); n++)
			if ((unsigned char)at[n] < 0x21 || (unsigned char)at[n] > 0x7e)
				return bad(r, "a character that is no printable ASCII", "");
		if (n >= WORD_MAX || r->words == WORDS - 1)
			return bad(r, "too long", "");
		memcpy(r->word[r->words], at, n);
		r->word[r->words++][n] = '\0';
	}
	return 0;
}

static bool number(const char *word, uint32_t *value)
{
	uint64_t n = 0;

	if (!*word)
		return false;
	for (; *word; word++) {
		if (*word < '0' || *word > '9')
			return false;
		n = 10 * n + (uint64_t)(*word - '0');
		if (n > UINT32_MAX)
			return false;
	}
	*value = (uint32_t)n;
	return true;
}

static coffer_rc read_head(struct reader *r)
{
	uint32_t format;

	if (strcmp(r->word[0], MAGIC))
		return bad(r, "a template begins with " MAGIC, "");
	if (r->words != 3 || !number(r->word[1], &format))
		return bad(r, "wanted: " MAGIC " 1 partition, or hsm", "");
	if (format != FORMAT)
		return bad(r, "a format that this version does not know", r->word[1]);
	r->to->hsm = !strcmp(r->word[2], "hsm");
	if (!r->to->hsm && strcmp(r->word[2], "partition"))
		return bad(r, "neither partition nor hsm", r->word[2]);
	return 0;
}

static coffer_rc read_directions(struct reader *r, struct coffer_template_row *row)
{
	for (uint32_t i = 0; i < sizeof(directions) / sizeof(directions[0]); i++)
		if (!strcmp(r->word[2], directions[i])) {
			row->directions = true;
			row->erases = i;
			return 0;
		}
	return bad(r, "not one of no, on, off, both", r->word[2]);
}

static coffer_rc read_row(struct reader *r)
{
	struct coffer_template *t = r->to;
	struct coffer_template_row row = { 0 };
	coffer_rc rc;

	if (!number(r->word[0], &row.id))
		return bad(r, "not the number of a policy", r->word[0]);
	if (r->words < 2 || !number(r->word[1], &row.value))
		return bad(r, "no value, which is a decimal number", r->words < 2 ? "" :
								      r->word[1]);
	rc = r->words > 2 ? read_directions(r, &row) : 0;
	if (rc)
		return rc;
	for (size_t i = 0; i < t->count; i++)
		if (t->list[i].id == row.id)
			return bad(r, "this policy was there before", r->word[0]);
	if (t->count == COFFER_TEMPLATE_MAX)
		return bad(r, "too many policies", "");
	t->list[t->count++] = row;
	return 0;
}

API coffer_rc coffer_template_parse(const char *text, size_t len, struct coffer_template *out,
				    char **why)
{
	struct reader r = { .to = out, .why = why };
	const char *end = text + len, *stop;
	bool begun = false;
	coffer_rc rc = 0;

	memset(out, 0, sizeof(*out));
	if (why)
		*why = NULL;
	for (; !rc && text < end; text = stop + 1) {
		r.line++;
		stop = memchr(text, '\n', (size_t)(end - text));
		if (!stop) {
			rc = bad(&r, "cut short: the last line has no end", "");
			break;
		}
		rc = split(&r, text, (size_t)(stop - text));
		if (rc || !r.words)
			continue;
		rc = begun ? read_row(&r) : read_head(&r);
		begun = true;
	}
	if (!rc && !out->count)
		rc = bad(&r, "no policy in it", "");
	if (rc)
		memset(out, 0, sizeof(*out));
	return rc;
}

/* ---- Writing ------------------------------------------------------------------------------- */

static void write_rows(FILE *to, const struct coffer_policy *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct coffer_policy *p = &list[i];

		/* Of what nobody can change another card has its own. */
		if (!p->capability || p->flags & COFFER_POLICY_READ_ONLY)
			continue;
		fprintf(to, "%-3u %-5u %-5s # %s\n", p->id, p->value,
			directions[p->flags & (COFFER_POLICY_DESTRUCTIVE_ON |
					       COFFER_POLICY_DESTRUCTIVE_OFF)], p->name);
	}
}

API coffer_rc coffer_policies_export(struct coffer_session *s, char **text)
{
	struct coffer_policy *list = NULL;
	size_t count, len = 0;
	FILE *to;
	coffer_rc rc = coffer_policies(s, &list, &count);

	*text = NULL;
	if (rc)
		return rc;
	to = open_memstream(text, &len);
	if (!to) {
		free(list);
		return -ENOMEM;
	}
	fprintf(to, "%s %d %s\n# number, value, which changes erase objects\n", MAGIC, FORMAT,
		s->partition ? "partition" : "hsm");
	write_rows(to, list, count);
	free(list);
	if (!fclose(to))
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}

void template_put(struct msg_out *req, const struct coffer_template *t)
{
	struct coffer_policy_setting list[COFFER_TEMPLATE_MAX];
	size_t n = 0;

	for (; n < t->count && n < COFFER_TEMPLATE_MAX; n++)
		list[n] = (struct coffer_policy_setting){
			.id = htole32(t->list[n].id),
			.value = htole32(t->list[n].value),
			.flags = htole32(t->list[n].directions ? COFFER_SETTING_DIRECTIONS : 0),
			.destructive = htole32(t->list[n].directions ? t->list[n].erases : 0),
		};
	msg_put_blob(req, list, n * sizeof(list[0]));
}
