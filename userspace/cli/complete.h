/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Completion: from the words up to the cursor to what may stand there. The shell of the program
 * and those of the system get the same answers. Knows the table; what only cards know it asks
 * for through struct cli_live.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#include "parse.h"
#include "selector.h"
#include "table.h"

struct cli_candidate {
	char *text;		/* the whole word, not quoted */
	char *help;		/* one line, may be empty */
};

enum cli_files {
	CLI_FILES_NONE,
	CLI_FILES_ALL,		/* names of files are good, too */
	CLI_FILES_FOLDERS,
};

struct cli_candidates {		/* starts as zero; cli_candidates_free() */
	struct cli_candidate *list;
	size_t count;
	enum cli_files files;
};

/* What is wanted of the cards: values of one kind, in one place. */
struct cli_want {
	enum cli_kind kind;	/* CLI_SLOT, CLI_ROLE, CLI_OBJECT ... */
	bool hsm;		/* CLI_POLICIES: of the card */
	const char *slot;	/* as it was typed; NULL: the current one */
};

/* Adds to @found with cli_candidates_add(). Must not ask, log in, or take long. */
struct cli_live {
	void (*values)(void *arg, const struct cli_want *want, struct cli_candidates *found);
	void *arg;
	const char *slot;	/* that an earlier command of the line makes current; or NULL */
};

/* What may stand at the last of @words, of which is there what was typed. At least one word. */
void cli_complete(const struct cli_words *words, const struct cli_live *live,
		  struct cli_candidates *out);
/* The same among the options that stand before a command. */
void cli_complete_globals(const struct cli_words *words, const struct cli_live *live,
			  struct cli_candidates *out);
/* False: there is no memory, and nothing was added. @help may be NULL. */
bool cli_candidates_add(struct cli_candidates *c, const char *text, const char *help);
void cli_candidates_free(struct cli_candidates *c);

/* ---- A line of text (complete_line.c) ------------------------------------------------ */
struct cli_line {
	struct cli_words words;	/* of the last command; the last word is the one being typed */
	size_t start;		/* where that begins in the text */
	char quote;		/* it began with this one, or 0 */
	char slot[SELECTOR_MAX];	/* of the last slot set before it, or "" */
};
/* The line up to the cursor. False: nothing can be completed there, as in a comment. */
bool cli_line_read(const char *text, struct cli_line *line);
/* Is it a complete slot set? Then its slot as it was typed is in @slot. */
bool cli_sets_slot(const struct cli_words *words, char *slot, size_t room);
/*
 * @text as a word of a command, in quotes where it needs them or has @quote. @end: the last
 * quote, too. False: no room.
 */
bool cli_line_quote(const char *text, char quote, bool end, char *out, size_t room);

/* ---- Files (complete_line.c) --------------------------------------------------------- */
/* Adds the names that begin with @typed; folders end with '/'. */
void cli_complete_files(const char *typed, enum cli_files files, struct cli_candidates *out);

/* ---- Cards (complete_live.c) --------------------------------------------------------- */
struct cli;
struct cli_lookup;
/* Asks the cards in a thread of its own, and waits for @wait_ms at most. NULL: no memory. */
struct cli_lookup *cli_lookup_new(struct cli *cli, unsigned int wait_ms);
/* For struct cli_live; arg is the lookup. */
void cli_lookup_values(void *arg, const struct cli_want *want, struct cli_candidates *found);
/* Before sessions are used or closed: ends a question that no card has answered yet. */
void cli_lookup_settle(struct cli_lookup *lookup);
/* Settled before. */
void cli_lookup_free(struct cli_lookup *lookup);

/* ---- For the shells of the system (complete_words.c) --------------------------------- */
/* coffer --complete WORD...: those up to the cursor, with the shell's quotes. Wipes them, exits. */
void cli_complete_words(struct cli *cli, char **words, int count)
	__attribute__((noreturn));

#endif /* CLI_COMPLETE_H */
