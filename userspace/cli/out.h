/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Results on standard output: lines for people, or one JSON document per command. A handler says
 * each fact once; this file shows it in the form asked for. Messages, progress and questions go
 * to standard error and never mix with results.
 */
#ifndef CLI_OUT_H
#define CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grid.h"
#include "term.h"

#define OUT_DEPTH	8
#define OUT_COLUMNS	GRID_COLUMNS

struct json_object;

enum out_kind {
	OUT_TEXT,		/* cut where the terminal is too narrow */
	OUT_PROSE,		/* the last column: wrapped there */
	OUT_NUMBER,
	OUT_HEX,
	OUT_YES,		/* a number as yes or no */
	OUT_MAYBE,		/* a number; OUT_NONE is "-", null in JSON */
};

#define OUT_NONE UINT64_MAX

struct out_column {
	const char *key;	/* in JSON */
	const char *title;
	int width;		/* at least; 0 for the last */
	enum out_kind kind;
};

struct out {
	bool json;
	struct json_object *document;
	struct json_object *stack[OUT_DEPTH];
	unsigned int depth;
	const struct out_column *columns;
	size_t n_columns;
	struct grid grid;	/* of the table that is open */
	bool color;
};

union out_cell {
	const char *text;
	uint64_t number;
};

#define OUT_T(x) ((union out_cell){ .text = (x) })
#define OUT_N(x) ((union out_cell){ .number = (x) })

/* ---- One command's output ---------------------------------------------------------- */
void out_begin(struct out *o, const char *command);
/*
 * @name: of @rc; @error: NULL if it was good; @hint: what to type next, for machines only: people
 * read it in the error's line, where there is one.
 */
void out_end(struct out *o, int64_t rc, const char *name, int status, const char *error,
	     const char *hint);

/* ---- Facts: "Title  ->  value" and a key in JSON ----------------------------------- */
void out_text(struct out *o, const char *key, const char *title, const char *value);
void out_number(struct out *o, const char *key, const char *title, uint64_t value);
/* @text: for people, who get the number if it is NULL. */
void out_signed(struct out *o, const char *key, const char *title, int64_t value,
		const char *text);
/* 64 bits do not fit a JSON number everywhere: serial numbers are strings there. */
void out_serial(struct out *o, const char *key, const char *title, uint64_t value);
void out_hex(struct out *o, const char *key, const char *title, const void *bytes, size_t len);
void out_bool(struct out *o, const char *key, const char *title, bool value);

/* ---- Structure: lists of objects; people see an empty line between the items ------- */
void out_list(struct out *o, const char *key);
void out_item(struct out *o);
void out_item_end(struct out *o);
void out_list_end(struct out *o);

/* ---- Tables: a list in JSON, aligned columns for people ---------------------------- */
void out_table(struct out *o, const char *key, const struct out_column *columns, size_t count);
void out_row(struct out *o, const union out_cell *cells);
void out_table_end(struct out *o);

/* For people only, on standard output. */
void out_say(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* For machines only. */
void out_key_text(struct out *o, const char *key, const char *value);
void out_key_number(struct out *o, const char *key, uint64_t value);
void out_key_real(struct out *o, const char *key, double value);
void out_key_bool(struct out *o, const char *key, bool value);
/* A verdict, or a negative errno. */
void out_key_rc(struct out *o, const char *key, int64_t rc);
/* Messages and progress, on standard error. */
void out_note(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One JSON document of its own, for streams of events. */
void out_stream_begin(struct out *o, const char *command);
void out_stream_end(struct out *o);
/* "Title  ->  value" in a colour, which never says more than the value does. */
void out_painted(struct out *o, const char *key, const char *title, const char *value,
		 enum term_paint paint);
/* A line of out_say() in a colour. */
void out_say_painted(struct out *o, enum term_paint paint, const char *text);
/* Control characters, those that turn the direction of text or take no room at all, and bytes that
 * are no UTF-8 become '?': a label cannot drive the terminal. Returns @out.
 */
const char *out_clean(const char *text, size_t len, char *out, size_t room);

#endif /* CLI_OUT_H */
