// SPDX-License-Identifier: BSD-3-Clause
/* Groups out of configuration files (behaviour.md 7.5). */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "ha_config.h"

#define TOKENS "VirtualToken"
#define SYNC "HASynchronize"

/* ---- Groups --------------------------------------------------------------------------- */

static bool serial_in(const char *text, size_t len, uint64_t *out)
{
	*out = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)text[i]) || *out > (UINT64_MAX - 9) / 10)
			return false;
		*out = 10 * *out + (uint64_t)(text[i] - '0');
	}
	return len && *out;
}

/* "VirtualToken07Label": 7 and "Label". */
static const char *token_key(const char *key, unsigned int *number)
{
	const char *at = key + strlen(TOKENS);

	if (strncasecmp(key, TOKENS, strlen(TOKENS)) || !isdigit((unsigned char)at[0]) ||
	    !isdigit((unsigned char)at[1]))
		return NULL;
	*number = (unsigned int)(10 * (at[0] - '0') + at[1] - '0');
	return at + 2;
}

bool ha_conf_knows(const char *section, const char *key)
{
	static const char *const parts[] = { "Label", "SN", "Members", "Standby" };
	unsigned int number;
	const char *part;

	if (!strcasecmp(section, SYNC))
		return true;
	if (strcasecmp(section, TOKENS))
		return ha_setting_knows(section, key);
	part = token_key(key, &number);
	for (size_t i = 0; part && i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!strcasecmp(part, parts[i]))
			return true;
	return false;
}

static coffer_rc bad(const struct conf *c, const struct conf_entry *e, char **why,
		     const char *wants)
{
	text_set(why, text_of("%s:%u: %s wants %s", c->name, e->line, e->key, wants));
	return -EINVAL;
}

struct ha_conf_member *ha_conf_member(struct ha_conf_group *g, uint64_t serial)
{
	for (size_t i = 0; i < g->count; i++)
		if (g->members[i].serial == serial)
			return &g->members[i];
	return NULL;
}

static bool take_members(struct ha_conf_group *g, const char *text, bool standby)
{
	struct ha_conf_member *m;
	uint64_t serial;
	size_t len, n;

	for (; *text; text += len + (text[len] == ',')) {
		while (*text == ' ')
			text++;
		len = strcspn(text, ",");
		for (n = len; n && text[n - 1] == ' ';)
			n--;
		if (!n)
			continue;
		if (!serial_in(text, n, &serial))
			return false;
		m = ha_conf_member(g, serial);
		if (standby) {
			/* Some have left since: no harm. */
			if (m)
				m->standby = true;
			continue;
		}
		if (m || g->count == COFFER_HA_MEMBERS_MAX)
			return false;
		g->members[g->count++] = (struct ha_conf_member){ .serial = serial };
	}
	return true;
}

static coffer_rc take_token(const struct conf *c, const struct conf_entry *e, const char *part,
			    struct ha_conf_group *g, bool standby, char **why)
{
	if (!strcasecmp(part, "Standby") != standby)
		return 0;
	if (standby)
		return take_members(g, e->value, true) ? 0 :
		       bad(c, e, why, "serial numbers with commas between");
	if (!strcasecmp(part, "Label")) {
		if (!*e->value || strlen(e->value) >= sizeof(g->label))
			return bad(c, e, why, "a label of 1 to 32 characters");
		strcpy(g->label, e->value);
	} else if (!strcasecmp(part, "SN")) {
		if (!serial_in(e->value, strlen(e->value), &g->serial))
			return bad(c, e, why, "a number");
	} else if (!strcasecmp(part, "Members")) {
		g->count = 0;
		if (!take_members(g, e->value, false))
			return bad(c, e, why, "up to 32 different serial numbers with commas "
				   "between");
	}
	return 0;
}

/* Standby members are marked among those that the other keys brought. */
static coffer_rc take_tokens(const struct conf *c, struct ha_conf_group *table, char **why)
{
	unsigned int number = 0;
	const char *part;
	coffer_rc rc = 0;

	for (int standby = 0; standby < 2; standby++)
		for (size_t i = 0; !rc && i < c->n_entries; i++) {
			const struct conf_entry *e = &c->entries[i];

			if (strcasecmp(c->sections[e->section].name, TOKENS))
				continue;
			part = token_key(e->key, &number);
			if (part)
				rc = take_token(c, e, part, &table[number], standby, why);
		}
	return rc;
}

struct ha_conf_group *ha_conf_find(const struct ha_conf *c, const char *label)
{
	for (size_t i = 0; i < c->count; i++)
		if (!strcasecmp(c->groups[i].label, label))
			return &c->groups[i];
	return NULL;
}

static bool number_taken(const struct ha_conf *c, unsigned int number)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->groups[i].number == number)
			return true;
	return false;
}

/* ... as a slot or in whatever file. */
static bool number_used(const struct ha_conf *c, unsigned int number)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->groups[i].file_number == number)
			return true;
	return number_taken(c, number);
}

/* From there on, then from the beginning. */
static coffer_rc free_number(const struct ha_conf *c, unsigned int from, unsigned int *number)
{
	for (unsigned int i = 0; i < COFFER_HA_GROUPS_MAX; i++) {
		*number = (from + i) % COFFER_HA_GROUPS_MAX;
		if (!number_used(c, *number))
			return 0;
	}
	return -E2BIG;
}

coffer_rc ha_conf_free_number(const struct ha_conf *c, unsigned int *number)
{
	return free_number(c, *number, number);
}

/* What the administrator makes later does not meet a user's own: those begin at 50. */
coffer_rc ha_conf_number(const struct ha_conf *c, unsigned int *number)
{
	char **paths;
	size_t count;
	coffer_rc rc = conf_paths(&paths, &count);

	if (rc)
		return rc;
	rc = free_number(c, count > 1 && strncmp(paths[count - 1], "/etc/", 5) ? 50 : 0, number);
	conf_paths_free(paths, count);
	return rc;
}

static coffer_rc group_add(struct ha_conf *c, const struct ha_conf_group *g, const char *file)
{
	struct ha_conf_group *same = ha_conf_find(c, g->label), *grown;
	unsigned int number = g->number;
	coffer_rc rc = 0;

	if (same) {
		free(same->file);
		number = same->number;
		*same = *g;
		same->number = number;
		same->file = strdup(file);
		return same->file ? 0 : -ENOMEM;
	}
	if (number_taken(c, number))
		rc = free_number(c, number, &number);
	grown = rc ? NULL : realloc(c->groups, (c->count + 1) * sizeof(*grown));
	if (!grown)
		return rc ? rc : -ENOMEM;
	c->groups = grown;
	grown[c->count] = *g;
	grown[c->count].number = number;
	grown[c->count].file = strdup(file);
	return grown[c->count++].file ? 0 : -ENOMEM;
}

/* ---- A file --------------------------------------------------------------------------- */

static coffer_rc take_settings(struct ha_conf *c, const struct conf *from, char **why)
{
	for (size_t i = 0; i < from->n_entries; i++) {
		const struct conf_entry *e = &from->entries[i];
		const char *wants = ha_setting_take(from->sections[e->section].name, e->key,
						    e->value, &c->set);

		if (wants)
			return bad(from, e, why, wants);
	}
	return 0;
}

static coffer_rc take_groups(struct ha_conf *c, const struct conf *from,
			     struct ha_conf_group *table, char **why)
{
	const char *sync;
	coffer_rc rc = take_tokens(from, table, why);

	for (unsigned int i = 0; !rc && i < COFFER_HA_GROUPS_MAX; i++) {
		struct ha_conf_group *g = &table[i];

		if (!*g->label && !g->count && !g->serial)
			continue;
		if (!*g->label || !g->serial) {
			text_set(why, text_of("%s: group %02u has no %s", from->name, i,
					      *g->label ? "SN" : "Label"));
			return -EINVAL;
		}
		g->number = i;
		g->file_number = i;
		sync = conf_get(from, SYNC, g->label);
		g->synchronize = !sync || strcmp(sync, "0");
		rc = group_add(c, g, from->name);
	}
	return rc;
}

coffer_rc ha_conf_take(struct ha_conf *c, const struct conf *from, char **why)
{
	struct ha_conf_group *table = calloc(COFFER_HA_GROUPS_MAX, sizeof(*table));
	coffer_rc rc = table ? take_settings(c, from, why) : -ENOMEM;

	if (!rc)
		rc = take_groups(c, from, table, why);
	free(table);
	return rc;
}

static int by_number(const void *a, const void *b)
{
	const struct ha_conf_group *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

static coffer_rc load_file(struct ha_conf *c, const char *path)
{
	struct conf file;
	coffer_rc rc = conf_read(&file, path, false, &c->why);

	if (!rc)
		rc = ha_conf_take(c, &file, &c->why);
	conf_free(&file);
	return rc;
}

void ha_conf_load(struct ha_conf *c)
{
	char **paths = NULL;
	size_t count = 0;

	memset(c, 0, sizeof(*c));
	c->set = ha_settings_default;
	c->rc = conf_paths(&paths, &count);
	for (size_t i = 0; !c->rc && i < count; i++)
		c->rc = load_file(c, paths[i]);
	conf_paths_free(paths, count);
	if (!c->rc && c->count)
		qsort(c->groups, c->count, sizeof(*c->groups), by_number);
}

void ha_conf_free(struct ha_conf *c)
{
	for (size_t i = 0; i < c->count; i++)
		free(c->groups[i].file);
	free(c->groups);
	free(c->why);
	memset(c, 0, sizeof(*c));
}

/* ---- Storing -------------------------------------------------------------------------- */

/* Read @path (NULL: where new things go), let @change change it, write it; nobody comes between. */
static coffer_rc change(const char *path, coffer_rc (*change_it)(struct conf *c, const void *what),
			const void *what, char **why)
{
	char **paths;
	struct conf file;
	size_t count;
	int lock;
	coffer_rc rc = conf_paths(&paths, &count);

	if (rc)
		return rc;
	if (!path)
		path = paths[count - 1];
	lock = conf_lock(path);
	rc = conf_read(&file, path, false, why);
	if (!rc)
		rc = change_it(&file, what);
	if (!rc)
		rc = conf_write(&file, why);
	conf_free(&file);
	if (lock >= 0)
		close(lock);
	conf_paths_free(paths, count);
	return rc;
}

static coffer_rc set_token(struct conf *c, unsigned int number, const char *part,
			   const char *value)
{
	char key[40];

	snprintf(key, sizeof(key), "%s%02u%s", TOKENS, number, part);
	return value ? conf_set(c, TOKENS, key, value) : conf_remove(c, TOKENS, key);
}

static void members_text(const struct ha_conf_group *g, bool standby, char *out, size_t room)
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < g->count && at < room; i++)
		if (!standby || g->members[i].standby)
			at += (size_t)snprintf(out + at, room - at, "%s%llu", at ? "," : "",
					       (unsigned long long)g->members[i].serial);
}

static coffer_rc store(struct conf *c, const void *what)
{
	const struct ha_conf_group *g = what;
	char text[24 * COFFER_HA_MEMBERS_MAX];
	coffer_rc rc;

	rc = set_token(c, g->file_number, "Label", g->label);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)g->serial);
	if (!rc)
		rc = set_token(c, g->file_number, "SN", text);
	members_text(g, false, text, sizeof(text));
	if (!rc)
		rc = set_token(c, g->file_number, "Members", text);
	members_text(g, true, text, sizeof(text));
	if (!rc)
		rc = set_token(c, g->file_number, "Standby", *text ? text : NULL);
	return rc ? rc : conf_set(c, SYNC, g->label, g->synchronize ? "1" : "0");
}

static coffer_rc remove_group(struct conf *c, const void *what)
{
	static const char *const parts[] = { "Label", "SN", "Members", "Standby" };
	const struct ha_conf_group *g = what;
	coffer_rc rc = conf_remove(c, SYNC, g->label);

	for (size_t i = 0; !rc && i < sizeof(parts) / sizeof(parts[0]); i++)
		rc = set_token(c, g->file_number, parts[i], NULL);
	return rc;
}

coffer_rc ha_conf_store(const struct ha_conf_group *g, char **why)
{
	return change(g->file, store, g, why);
}

coffer_rc ha_conf_delete(const struct ha_conf_group *g, char **why)
{
	return change(g->file, remove_group, g, why);
}

coffer_rc ha_conf_store_settings(const struct coffer_ha_settings *old,
				 const struct coffer_ha_settings *set, char **why)
{
	const struct ha_two_settings two = { old, set };
	coffer_rc rc = ha_settings_check(set);

	if (rc)
		text_set(why, text_of("a value is out of its range"));
	return rc ? rc : change(NULL, ha_settings_write, &two, why);
}
