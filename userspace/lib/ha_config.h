/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups and settings as the configuration has them. */
#ifndef LIB_HA_CONFIG_H
#define LIB_HA_CONFIG_H

#include "coffer/ha.h"
#include "conf.h"

struct ha_conf_member {
	uint64_t serial;
	bool standby;
};

struct ha_conf_group {
	unsigned int number;		/* the slot follows from it */
	unsigned int file_number;	/* NN of its keys: the same, unless another file's has it */
	char label[33];
	uint64_t serial;
	bool synchronize;
	size_t count;
	struct ha_conf_member members[COFFER_HA_MEMBERS_MAX];
	char *file;			/* that it is in; NULL: not stored yet */
};

struct ha_conf {
	coffer_rc rc;			/* not 0: malformed, and nothing of it is used */
	char *why;
	struct coffer_ha_settings set;
	struct ha_conf_group *groups;	/* ascending numbers */
	size_t count;
};

/* ---- ha_setting.c */
extern const struct coffer_ha_settings ha_settings_default;
bool ha_setting_knows(const char *section, const char *key);
/* NULL: taken, or none of ours; else what it should have been. */
const char *ha_setting_take(const char *section, const char *key, const char *value,
			    struct coffer_ha_settings *set);
coffer_rc ha_settings_check(const struct coffer_ha_settings *set);
struct ha_two_settings {
	const struct coffer_ha_settings *old, *new;
};
/* @what: ha_two_settings; writes what differs. */
coffer_rc ha_settings_write(struct conf *c, const void *what);

/* ---- ha_config.c */
/* Always gives a result to be freed; rc in it. */
void ha_conf_load(struct ha_conf *c);
void ha_conf_free(struct ha_conf *c);
/* One file alone, added to what is there. */
coffer_rc ha_conf_take(struct ha_conf *c, const struct conf *from, char **why);
struct ha_conf_group *ha_conf_find(const struct ha_conf *c, const char *label);
struct ha_conf_member *ha_conf_member(struct ha_conf_group *g, uint64_t serial);
/* A number for a new group in the file that it will go to. -E2BIG. */
coffer_rc ha_conf_number(const struct ha_conf *c, unsigned int *number);
/* That number, if it is free, else the next that is. */
coffer_rc ha_conf_free_number(const struct ha_conf *c, unsigned int *number);
/* Into its file, or where new ones go. */
coffer_rc ha_conf_store(const struct ha_conf_group *g, char **why);
coffer_rc ha_conf_delete(const struct ha_conf_group *g, char **why);
/* What differs from @old. -ERANGE. */
coffer_rc ha_conf_store_settings(const struct coffer_ha_settings *old,
				 const struct coffer_ha_settings *set, char **why);
/* Is it a setting that means something here? */
bool ha_conf_knows(const char *section, const char *key);

#endif /* LIB_HA_CONFIG_H */
