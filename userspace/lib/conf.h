/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configuration in the client's two forms (behaviour.md 7.5, row 96): "Section = { key = value; }"
 * and "[Section]" with "key=value" lines. The text stays as it was written: a change touches its
 * own line only, so that remarks and what nobody here knows survive.
 */
#ifndef LIB_CONF_H
#define LIB_CONF_H

#include "lib.h"

struct conf_section {
	char *name;
	size_t end;			/* where a new key goes */
};

struct conf_entry {
	size_t section;			/* index */
	unsigned int line;
	char *key, *value;
	size_t value_at, value_len;	/* in text */
	size_t line_at, line_end;	/* its line, with the end of it, if it stands alone */
};

struct conf {
	char *name;			/* of the file, for messages */
	char *text;
	size_t len;
	bool ini;
	struct conf_section *sections;
	struct conf_entry *entries;
	size_t n_sections, n_entries;
};

/* -EINVAL with "NAME:LINE: what is wrong" in *why. conf_free() in any case. */
coffer_rc conf_parse(struct conf *c, const char *name, const char *text, size_t len, char **why);
void conf_free(struct conf *c);
/* Of several the last. Case does not matter. NULL: there is none. */
const char *conf_get(const struct conf *c, const char *section, const char *key);
/* -EINVAL: the value cannot be written. Makes what is not there. */
coffer_rc conf_set(struct conf *c, const char *section, const char *key, const char *value);
coffer_rc conf_remove(struct conf *c, const char *section, const char *key);

/* ---- conf_file.c ------------------------------------------------------------------------- */
/* A file that is not there is empty, but -ENOENT if it has to be. */
coffer_rc conf_read(struct conf *c, const char *path, bool has_to_be, char **why);
/* All of it or nothing: written beside, synced, renamed. */
coffer_rc conf_write(const struct conf *c, char **why);
/*
 * Nobody else changes files of that folder until the descriptor is closed. -1: it cannot be
 * locked, which conf_write() will find out as well.
 */
int conf_lock(const char *path);
/* In the order they are read; free() each and the list. The last one is where we write. */
coffer_rc conf_paths(char ***list, size_t *count);
void conf_paths_free(char **list, size_t count);

#endif /* LIB_CONF_H */
