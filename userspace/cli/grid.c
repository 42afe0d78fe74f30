// SPDX-License-Identifier: BSD-3-Clause
/*
 * Tables that fit: columns as wide as their texts; on a terminal that is too narrow the widest of
 * them shrink.
 */
#include <stdlib.h>
#include <string.h>

#include "grid.h"
#include "term.h"

static bool grow(struct grid *g)
{
	size_t room = g->room ? 2 * g->room : 16;
	char **cells = realloc(g->cells, room * g->columns * sizeof(*cells));

	if (!cells)
		return false;
	g->cells = cells;
	g->room = room;
	return true;
}

void grid_add(struct grid *g, const char *const *cells)
{
	char **row;
	size_t i;

	if (g->rows == g->room && !grow(g)) {
		g->lost = true;
		return;
	}
	row = g->cells + g->rows * g->columns;
	for (i = 0; i < g->columns; i++) {
		row[i] = strdup(cells[i]);
		if (!row[i])
			break;
	}
	if (i == g->columns) {
		g->rows++;
		return;
	}
	while (i)
		free(row[--i]);
	g->lost = true;
}

void grid_free(struct grid *g)
{
	for (size_t i = 0; i < g->rows * g->columns; i++)
		free(g->cells[i]);
	free(g->cells);
	memset(g, 0, sizeof(*g));
}

/* ---- Widths ------------------------------------------------------------------------ */

/* How wide titles and texts are. */
static void natural(const struct grid *g, const struct grid_column *columns, int *widths)
{
	int width;

	for (size_t i = 0; i < g->columns; i++) {
		widths[i] = term_width(columns[i].title);
		for (size_t row = 0; row < g->rows; row++) {
			width = term_width(g->cells[row * g->columns + i]);
			if (width > widths[i])
				widths[i] = width;
		}
	}
}

static int total(const struct grid *g, const int *widths)
{
	int sum = GRID_INDENT + GRID_GAP * (int)(g->columns - 1);

	for (size_t i = 0; i < g->columns; i++)
		sum += widths[i];
	return sum;
}

/* The widest of those that may shrink; NULL: none can any more. */
static int *widest(const struct grid *g, const struct grid_column *columns, int *widths)
{
	int *found = NULL;

	for (size_t i = 0; i < g->columns; i++)
		if ((columns[i].cuts || columns[i].wraps) && widths[i] > GRID_LEAST &&
		    (!found || widths[i] > *found))
			found = &widths[i];
	return found;
}

void grid_widths(const struct grid *g, const struct grid_column *columns, int room, int *widths)
{
	int padded[GRID_COLUMNS], *shrinks;

	natural(g, columns, widths);
	for (size_t i = 0; i < g->columns; i++)
		padded[i] = widths[i] < columns[i].width ? columns[i].width : widths[i];
	if (!room || total(g, padded) <= room) {
		memcpy(widths, padded, g->columns * sizeof(*widths));
		return;
	}
	while (total(g, widths) > room && (shrinks = widest(g, columns, widths)))
		--*shrinks;
}

/* ---- Printing ---------------------------------------------------------------------- */

static void spaces(int count, FILE *out)
{
	fprintf(out, "%*s", count > 0 ? count : 0, "");
}

static void print_wrapped(const char *text, int width, int indent, FILE *out)
{
	size_t len = term_wrap(text, width);

	for (;;) {
		fwrite(text, 1, len, out);
		text += len + strspn(text + len, " ");
		if (!*text)
			return;
		fputc('\n', out);
		spaces(indent, out);
		len = term_wrap(text, width);
	}
}

static void print_row(const struct grid *g, const struct grid_column *columns, const int *widths,
		      const char *const *cells, FILE *out)
{
	int indent = GRID_INDENT;
	char text[1024];

	spaces(indent, out);
	for (size_t i = 0; i < g->columns; i++) {
		bool last = i + 1 == g->columns;

		if (last && columns[i].wraps) {
			print_wrapped(cells[i], widths[i], indent, out);
			break;
		}
		term_fit(cells[i], widths[i], text, sizeof(text));
		fputs(text, out);
		if (!last)
			spaces(widths[i] - term_width(text) + GRID_GAP, out);
		indent += widths[i] + GRID_GAP;
	}
	fputc('\n', out);
}

void grid_print(const struct grid *g, const struct grid_column *columns, int room, bool bold,
		FILE *out)
{
	const char *titles[GRID_COLUMNS];
	int widths[GRID_COLUMNS];

	grid_widths(g, columns, room, widths);
	for (size_t i = 0; i < g->columns; i++)
		titles[i] = columns[i].title;
	if (bold)
		fputs(term_sequence(TERM_BOLD), out);
	print_row(g, columns, widths, titles, out);
	if (bold)
		fputs(term_sequence(TERM_PLAIN), out);
	for (size_t row = 0; row < g->rows; row++)
		print_row(g, columns, widths,
			  (const char *const *)g->cells + row * g->columns, out);
	if (g->lost)
		fputs("    ... (there is not enough memory for all rows)\n", out);
}
