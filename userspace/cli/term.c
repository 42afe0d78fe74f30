// SPDX-License-Identifier: BSD-3-Clause
/*
 * Widths and colours of terminals.
 */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "term.h"

int term_columns(int fd)
{
	struct winsize size = { 0 };
	const char *said = getenv("COLUMNS");

	if (!isatty(fd))
		return 0;
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return said && atoi(said) > 0 ? atoi(said) : 0;
}

bool term_colored(enum term_color wish, bool terminal, const char *no_color, const char *term)
{
	if (wish != TERM_COLOR_AUTO)
		return wish == TERM_COLOR_ALWAYS;
	return terminal && !(no_color && *no_color) && term && *term && strcmp(term, "dumb");
}

const char *term_sequence(enum term_paint paint)
{
	static const char *const sequences[] = {
		[TERM_PLAIN] = "\033[0m", [TERM_BOLD] = "\033[1m", [TERM_GOOD] = "\033[32m",
		[TERM_WARN] = "\033[33m", [TERM_BAD] = "\033[1;31m",
	};

	return sequences[paint];
}

/* ---- Widths ------------------------------------------------------------------------ */

/* Terminals do not follow our locale: the same whatever that is. */
static int width_of(wchar_t c)
{
	static locale_t utf8;
	locale_t before;
	int width;

	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (!utf8)
		return 1;
	before = uselocale(utf8);
	width = wcwidth(c);
	uselocale(before);
	return width < 0 ? 1 : width;
}

/* The character at @p, which is good UTF-8 or taken for a byte of one column. */
static size_t take(const char *text, int *width)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len = *p < 0xc2 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	wchar_t c = len == 1 ? *p : *p & (0xff >> (len + 1));

	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			*width = 1;
			return 1;
		}
		c = c << 6 | (p[i] & 0x3f);
	}
	*width = c < 0x7f ? 1 : width_of(c);
	return len;
}

int term_width(const char *text)
{
	int sum = 0, width;

	while (*text) {
		text += take(text, &width);
		sum += width;
	}
	return sum;
}

/* Bytes of @text in at most @columns. */
static size_t prefix(const char *text, int columns)
{
	size_t at = 0, len;
	int width;

	while (text[at]) {
		len = take(text + at, &width);
		if (width > columns)
			break;
		columns -= width;
		at += len;
	}
	return at;
}

bool term_is_utf8(void)
{
	const char *said = getenv("LC_ALL");

	if (!said || !*said)
		said = getenv("LC_CTYPE");
	if (!said || !*said)
		said = getenv("LANG");
	return said && (strcasestr(said, "utf-8") || strcasestr(said, "utf8"));
}

void term_set_locale(void)
{
	if (term_is_utf8())
		setlocale(LC_CTYPE, "C.UTF-8");
}

const char *term_fit(const char *text, int width, char *out, size_t room)
{
	if (term_width(text) <= width)
		snprintf(out, room, "%s", text);
	else if (width < 1)
		out[0] = '\0';
	else
		snprintf(out, room, "%.*s%s", (int)prefix(text, width - 1), text,
			 term_is_utf8() ? "\u2026" : "~");
	return out;
}

size_t term_wrap(const char *text, int width)
{
	size_t fits = prefix(text, width), at;

	if (!text[fits])
		return fits;
	for (at = fits; at && text[at] != ' '; at--)
		;
	if (!at)
		at = fits;
	return at ? at : take(text, &width);
}
