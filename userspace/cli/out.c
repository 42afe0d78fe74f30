// SPDX-License-Identifier: BSD-3-Clause
/*
 * Results for people and for machines.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "out.h"
#include "progress.h"

#define SCHEMA		1
#define TITLE_WIDTH	24

/* Of three bytes: those that turn text around, end a line or take no room (U+200B .. 200F, 2028 ..
 * 202E, 2060 .. 206F, FEFF): one label could look like another.
 */
static bool unseen(const unsigned char *p)
{
	return (p[0] == 0xe2 && p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) ||
						 (p[2] >= 0xa8 && p[2] <= 0xae))) ||
	       (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf) ||
	       (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf);
}

/* Bytes of the UTF-8 character at @p, 0 if it is none that may be shown. */
static size_t shown_length(const unsigned char *p, size_t left)
{
	size_t need;

	if (*p < 0x80)
		return *p >= 0x20 && *p != 0x7f;
	if (*p >= 0xc2 && *p < 0xe0)
		need = 2;
	else if (*p >= 0xe0 && *p < 0xf0)
		need = 3;
	else if (*p >= 0xf0 && *p < 0xf5)
		need = 4;
	else
		return 0;
	if (need > left || (*p == 0xc2 && p[1] < 0xa0))	/* C1 controls */
		return 0;
	if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
	    (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
		return 0;	/* overlong, surrogate, beyond the last character */
	for (size_t i = 1; i < need; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return need == 3 && unseen(p) ? 0 : need;
}

const char *out_clean(const char *text, size_t len, char *out, size_t room)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t at = 0, n;

	while (len && *p) {
		n = shown_length(p, len);
		if (at + (n ? n : 1) >= room)
			break;
		if (n)
			memcpy(out + at, p, n);
		else
			out[at] = '?';
		at += n ? n : 1;
		p += n ? n : 1;
		len -= n ? n : 1;
	}
	out[at] = '\0';
	return out;
}

static struct json_object *top(struct out *o)
{
	return o->stack[o->depth - 1];
}

static void push(struct out *o, struct json_object *object)
{
	assert(o->depth < OUT_DEPTH);
	o->stack[o->depth++] = object;
}

static void add(struct out *o, const char *key, struct json_object *value)
{
	if (json_object_is_type(top(o), json_type_array))
		json_object_array_add(top(o), value);
	else
		json_object_object_add(top(o), key, value);
}

/* ---- One command ------------------------------------------------------------------- */

void out_begin(struct out *o, const char *command)
{
	struct json_object *data;

	o->depth = 0;
	o->columns = NULL;
	if (!o->json)
		return;
	o->document = json_object_new_object();
	json_object_object_add(o->document, "schema", json_object_new_int(SCHEMA));
	json_object_object_add(o->document, "command", json_object_new_string(command));
	/* As failed until out_end() says otherwise; the order of the keys is fixed here. */
	json_object_object_add(o->document, "rc", json_object_new_int64(-1));
	json_object_object_add(o->document, "name", NULL);
	json_object_object_add(o->document, "exit", json_object_new_int(1));
	data = json_object_new_object();
	json_object_object_add(o->document, "data", data);
	json_object_object_add(o->document, "error", NULL);
	json_object_object_add(o->document, "hint", NULL);
	push(o, data);
}

static void print_document(struct out *o)
{
	puts(json_object_to_json_string_ext(o->document, JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(o->document);
	o->document = NULL;
}

static struct json_object *clean_string(const char *text)
{
	char clean[640];

	return json_object_new_string(out_clean(text, strlen(text), clean, sizeof(clean)));
}

void out_end(struct out *o, int64_t rc, const char *name, int status, const char *error,
	     const char *hint)
{
	char text[80];

	if (o->json) {
		json_object_object_add(o->document, "rc", json_object_new_int64(rc));
		json_object_object_add(o->document, "name", json_object_new_string(name));
		json_object_object_add(o->document, "exit", json_object_new_int(status));
		if (error) {
			json_object_object_add(o->document, "error", clean_string(error));
			json_object_object_add(o->document, "hint", clean_string(hint));
		}
		print_document(o);
		return;
	}
	if (o->columns)		/* the command ended in the middle of a table */
		out_table_end(o);
	if (!rc)
		snprintf(text, sizeof(text), "No Error");
	else if (rc > 0)
		snprintf(text, sizeof(text), "0x%" PRIx64 " (%s)", (uint64_t)rc, name);
	else
		snprintf(text, sizeof(text), "error %" PRId64 " (%s)", -rc, name);
	printf("\nCommand Result : %s%s%s\n\n",
	       o->color ? term_sequence(rc ? TERM_BAD : TERM_GOOD) : "", text,
	       o->color ? term_sequence(TERM_PLAIN) : "");
	fflush(stdout);
	if (error)
		out_note(o, "%s", error);
}

/* ---- Facts ------------------------------------------------------------------------- */

static void title(const char *text)
{
	printf("    %-*s ->  ", TITLE_WIDTH, text);
}

void out_key_text(struct out *o, const char *key, const char *value)
{
	char clean[1024];

	if (o->json)
		add(o, key, value ? json_object_new_string(out_clean(value, strlen(value), clean,
								     sizeof(clean)))
				  : NULL);
}

void out_key_number(struct out *o, const char *key, uint64_t value)
{
	if (o->json)
		add(o, key, json_object_new_uint64(value));
}

void out_key_real(struct out *o, const char *key, double value)
{
	char text[40];

	snprintf(text, sizeof(text), "%.3f", value);
	if (o->json)
		add(o, key, json_object_new_double_s(value, text));
}

void out_key_bool(struct out *o, const char *key, bool value)
{
	if (o->json)
		add(o, key, json_object_new_boolean(value));
}

void out_key_rc(struct out *o, const char *key, int64_t rc)
{
	if (o->json)
		add(o, key, json_object_new_int64(rc));
}

void out_text(struct out *o, const char *key, const char *heading, const char *value)
{
	char clean[1024];

	out_key_text(o, key, value);
	if (o->json)
		return;
	title(heading);
	puts(out_clean(value, strlen(value), clean, sizeof(clean)));
}

void out_number(struct out *o, const char *key, const char *heading, uint64_t value)
{
	out_key_number(o, key, value);
	if (o->json)
		return;
	title(heading);
	printf("%" PRIu64 "\n", value);
}

void out_signed(struct out *o, const char *key, const char *heading, int64_t value,
		const char *text)
{
	if (o->json) {
		add(o, key, json_object_new_int64(value));
		return;
	}
	title(heading);
	if (text)
		puts(text);
	else
		printf("%" PRId64 "\n", value);
}

void out_serial(struct out *o, const char *key, const char *heading, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	out_text(o, key, heading, text);
}

void out_bool(struct out *o, const char *key, const char *heading, bool value)
{
	out_key_bool(o, key, value);
	if (o->json)
		return;
	title(heading);
	puts(value ? "yes" : "no");
}

void out_hex(struct out *o, const char *key, const char *heading, const void *bytes, size_t len)
{
	const unsigned char *p = bytes;
	char *text = malloc(2 * len + 1);

	if (!text)
		return;
	text[0] = '\0';
	for (size_t i = 0; i < len; i++)
		snprintf(text + 2 * i, 3, "%02x", p[i]);
	if (o->json) {
		add(o, key, json_object_new_string(text));
	} else {
		title(heading);
		puts(text);
	}
	free(text);
}

/* ---- Lists ------------------------------------------------------------------------- */

void out_list(struct out *o, const char *key)
{
	struct json_object *list;

	if (!o->json)
		return;
	list = json_object_new_array();
	add(o, key, list);
	push(o, list);
}

void out_item(struct out *o)
{
	struct json_object *item;

	if (!o->json)
		return;
	item = json_object_new_object();
	add(o, NULL, item);
	push(o, item);
}

void out_item_end(struct out *o)
{
	if (o->json)
		o->depth--;
	else
		putchar('\n');
}

void out_list_end(struct out *o)
{
	if (o->json)
		o->depth--;
}

/* ---- Tables ------------------------------------------------------------------------ */

void out_table(struct out *o, const char *key, const struct out_column *columns, size_t count)
{
	assert(count <= OUT_COLUMNS);
	o->columns = columns;
	o->n_columns = count;
	o->grid = (struct grid){ .columns = count };
	out_list(o, key);
}

static const char *cell_text(const struct out_column *c, union out_cell cell, char *out,
			     size_t room)
{
	if (c->kind == OUT_TEXT || c->kind == OUT_PROSE)
		return out_clean(cell.text ? cell.text : "", cell.text ? strlen(cell.text) : 0,
				 out, room);
	if (c->kind == OUT_YES)
		return cell.number ? "yes" : "no";
	if (c->kind == OUT_MAYBE && cell.number == OUT_NONE)
		return "-";
	snprintf(out, room, c->kind == OUT_HEX ? "0x%" PRIx64 : "%" PRIu64, cell.number);
	return out;
}

static void add_to_grid(struct out *o, const union out_cell *cells)
{
	char memory[OUT_COLUMNS][512];
	const char *texts[OUT_COLUMNS];

	for (size_t i = 0; i < o->n_columns; i++)
		texts[i] = cell_text(&o->columns[i], cells[i], memory[i], sizeof(memory[i]));
	grid_add(&o->grid, texts);
}

static void print_grid(struct out *o)
{
	struct grid_column columns[OUT_COLUMNS];

	for (size_t i = 0; i < o->n_columns; i++)
		columns[i] = (struct grid_column){
			.title = o->columns[i].title,
			.width = o->columns[i].width,
			.cuts = o->columns[i].kind == OUT_TEXT,
			.wraps = o->columns[i].kind == OUT_PROSE,
		};
	if (o->grid.rows || o->grid.lost)
		grid_print(&o->grid, columns, term_columns(STDOUT_FILENO), o->color, stdout);
	grid_free(&o->grid);
}

void out_row(struct out *o, const union out_cell *cells)
{
	if (!o->json) {
		add_to_grid(o, cells);
		return;
	}
	out_item(o);
	for (size_t i = 0; i < o->n_columns; i++) {
		const struct out_column *c = &o->columns[i];

		if (c->kind == OUT_TEXT || c->kind == OUT_PROSE)
			out_key_text(o, c->key, cells[i].text);
		else if (c->kind == OUT_YES)
			out_key_bool(o, c->key, cells[i].number);
		else if (c->kind == OUT_MAYBE && cells[i].number == OUT_NONE)
			add(o, c->key, NULL);
		else
			out_key_number(o, c->key, cells[i].number);
	}
	out_item_end(o);
}

void out_table_end(struct out *o)
{
	out_list_end(o);
	if (!o->json && o->columns)
		print_grid(o);
	o->columns = NULL;
}

/* ---- Free text --------------------------------------------------------------------- */

/*
 * Only line ends at the two ends of the format are ours: one inside may have come with a label.
 * NULL: there is no memory.
 */
static char *say_text(const char *format, va_list ap)
{
	size_t before = strspn(format, "\n"), len = strlen(format), after = 0;
	char *middle, *raw = NULL, *clean;

	while (len > before + after && format[len - 1 - after] == '\n')
		after++;
	middle = strndup(format + before, len - before - after);
	if (!middle || vasprintf(&raw, middle, ap) < 0) {
		free(middle);
		return NULL;
	}
	free(middle);
	len = strlen(raw);
	clean = malloc(before + len + after + 1);
	if (clean) {
		memset(clean, '\n', before);
		out_clean(raw, len, clean + before, len + 1);
		len = strlen(clean + before);
		memset(clean + before + len, '\n', after);
		clean[before + len + after] = '\0';
	}
	free(raw);
	return clean;
}

void out_say(struct out *o, const char *format, ...)
{
	char *text;
	va_list ap;

	if (o->json)
		return;
	va_start(ap, format);
	text = say_text(format, ap);
	va_end(ap);
	if (text)
		puts(text);
	free(text);
}

void out_say_painted(struct out *o, enum term_paint paint, const char *text)
{
	char clean[1024];

	if (o->json)
		return;
	out_clean(text, strlen(text), clean, sizeof(clean));
	printf("%s%s%s\n", o->color ? term_sequence(paint) : "", clean,
	       o->color ? term_sequence(TERM_PLAIN) : "");
}

void out_painted(struct out *o, const char *key, const char *heading, const char *value,
		 enum term_paint paint)
{
	out_key_text(o, key, value);
	if (!o->json)
		title(heading);
	out_say_painted(o, paint, value);
}

void out_note(struct out *o, const char *format, ...)
{
	char text[1024], clean[1024];
	va_list ap;

	(void)o;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fflush(stdout);
	progress_hide();
	fprintf(stderr, "%s\n", out_clean(text, strlen(text), clean, sizeof(clean)));
	progress_unhide();
}

void out_stream_begin(struct out *o, const char *command)
{
	struct json_object *event = json_object_new_object();

	json_object_object_add(event, "schema", json_object_new_int(SCHEMA));
	json_object_object_add(event, "command", json_object_new_string(command));
	push(o, event);
}

void out_stream_end(struct out *o)
{
	puts(json_object_to_json_string_ext(top(o), JSON_C_TO_STRING_PLAIN |
					    JSON_C_TO_STRING_NOSLASHESCAPE));
	fflush(stdout);
	json_object_put(top(o));
	o->depth--;
}
