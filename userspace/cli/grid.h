/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A table of texts: rows are kept until the widths of the columns are known.
 */
#ifndef CLI_GRID_H
#define CLI_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define GRID_COLUMNS	10
#define GRID_INDENT	4
#define GRID_GAP	2
#define GRID_LEAST	8	/* no column is cut below */

struct grid_column {
	const char *title;
	int width;		/* at least, where there is room */
	bool cuts;		/* too wide a text loses its end */
	bool wraps;		/* the last column: too wide a text goes on in the next line */
};

struct grid {
	size_t columns, rows, room;
	char **cells;		/* columns of each row */
	bool lost;		/* no memory for a row */
};

/* @cells: as many texts as columns; they are copied. */
void grid_add(struct grid *g, const char *const *cells);
void grid_free(struct grid *g);
/* The widths for a terminal of @room columns; 0 = any. */
void grid_widths(const struct grid *g, const struct grid_column *columns, int room, int *widths);
/* @bold: titles in bold. */
void grid_print(const struct grid *g, const struct grid_column *columns, int room, bool bold,
		FILE *out);

#endif /* CLI_GRID_H */
