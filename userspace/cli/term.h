/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a terminal can show: its width, the width of texts on it, colours.
 */
#ifndef CLI_TERM_H
#define CLI_TERM_H

#include <stdbool.h>
#include <stddef.h>

enum term_color { TERM_COLOR_AUTO, TERM_COLOR_ALWAYS, TERM_COLOR_NEVER };
enum term_paint { TERM_PLAIN, TERM_BOLD, TERM_GOOD, TERM_WARN, TERM_BAD };

/* Does the environment say that texts are UTF-8? */
bool term_is_utf8(void);
/*
 * Characters as the environment has them, for the line editor. Not the user's locale as a whole:
 * numbers keep their form, and letters of commands their case whatever the language.
 */
void term_set_locale(void);
/* Columns of the terminal at @fd; 0: it is none, or does not say. */
int term_columns(int fd);
/*
 * Are there to be colours? @no_color and @term are the environment's NO_COLOR and TERM, NULL where
 * they are not set. What the user asks for on the command line goes before the environment.
 */
bool term_colored(enum term_color wish, bool terminal, const char *no_color, const char *term);
/* What switches @paint on; TERM_PLAIN switches all off. */
const char *term_sequence(enum term_paint paint);

/* Columns that UTF-8 takes on a terminal: two for wide characters, none for combining ones. */
int term_width(const char *text);
/* @text in at most @width columns, its end cut for an ellipsis if need be. Returns @out. */
const char *term_fit(const char *text, int width, char *out, size_t room);
/* Bytes of @text that fit @width columns, up to a space if there is one; at least 1 character. */
size_t term_wrap(const char *text, int width);

#endif /* CLI_TERM_H */
