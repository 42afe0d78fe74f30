// SPDX-License-Identifier: BSD-3-Clause
/* The settings of high availability, by section and key (behaviour.md 7.5). */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ha_config.h"

const struct coffer_ha_settings ha_settings_default = {
	.interval_s = 60,
	.call_ms = 1500,
	.mode = COFFER_HA_ACTIVE_ENHANCED,
	.keep_pin = true,
	.cloud_standby = true,
	.rsa_remap = true,
};

/* ---- Values --------------------------------------------------------------------------- */

static bool number_in(const char *text, long least, long most, long *out)
{
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return *text && !*end && !errno && *out >= least && *out <= most;
}

static bool take_flag(const char *text, bool *out)
{
	static const char *const words[] = { "0", "1", "disabled", "enabled", "no", "yes" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcasecmp(text, words[i])) {
			*out = i & 1;
			return true;
		}
	return false;
}

static bool take_version(const char *text, uint32_t *out)
{
	unsigned int a, b, c = 0;
	int end = 0;

	if (sscanf(text, "%3u.%3u%n.%3u%n", &a, &b, &end, &c, &end) < 2 || text[end] ||
	    a > 255 || b > 255 || c > 255)
		return false;
	*out = a << 16 | b << 8 | c;
	return true;
}

/* ---- Settings ------------------------------------------------------------------------- */

enum kind { RETRY, INTERVAL, MILLISECONDS, FLAG, MODE, VERSION, PATH };

#define AT(field) offsetof(struct coffer_ha_settings, field)

static const struct setting {
	const char *section, *key;
	enum kind kind;
	size_t at;
	const char *wants;
} settings[] = {
	{ "HAConfiguration", "HAOnly", FLAG, AT(only), "0 or 1" },
	{ "HAConfiguration", "reconnAtt", RETRY, AT(retry), "-1, 0, or 1 to 500" },
	{ "HAConfiguration", "AutoReconnectInterval", INTERVAL, AT(interval_s),
	  "60 to 1200 (seconds)" },
	{ "HAConfiguration", "haLogStatus", FLAG, AT(log), "enabled or disabled" },
	{ "HAConfiguration", "haLogPath", PATH, AT(log_file), "a path" },
	{ "HAConfiguration", "RecoveryMode", MODE, AT(mode),
	  "activeBasic or activeEnhanced" },
	{ "Misc", "PE1746Enabled", FLAG, AT(pe1746), "0 or 1" },
	{ "Misc", "RSAKeyGenMechRemap", FLAG, AT(rsa_remap), "0 or 1" },
	{ "Toggles", "lunacm_cv_ha_ui", FLAG, AT(cloud_standby), "0 or 1" },
	{ "Coffer", "ClientVersion", VERSION, AT(client_version), "such as 10.5.0" },
	{ "Coffer", "HAKeepPin", FLAG, AT(keep_pin), "0 or 1" },
	{ "Coffer", "HACallTimeoutMs", MILLISECONDS, AT(call_ms), "0 to 600000" },
	{ "Coffer", "HARecoveryIntervalMs", MILLISECONDS, AT(interval_ms),
	  "0 to 600000" },
};
#define N_SETTINGS (sizeof(settings) / sizeof(settings[0]))

static const struct setting *setting_find(const char *section, const char *key)
{
	for (size_t i = 0; i < N_SETTINGS; i++)
		if (!strcasecmp(settings[i].section, section) && !strcasecmp(settings[i].key, key))
			return &settings[i];
	return NULL;
}

static bool take_mode(const char *text, void *to)
{
	enum coffer_ha_mode mode = COFFER_HA_ACTIVE_ENHANCED;

	if (!strcasecmp(text, "activeBasic"))
		mode = COFFER_HA_ACTIVE_BASIC;
	else if (strcasecmp(text, "activeEnhanced"))
		return false;
	memcpy(to, &mode, sizeof(mode));
	return true;
}

static bool setting_take(const struct setting *s, const char *text, struct coffer_ha_settings *set)
{
	void *to = (char *)set + s->at;
	long n = 0;

	switch (s->kind) {
	case FLAG:
		return take_flag(text, to);
	case MODE:
		return take_mode(text, to);
	case VERSION:
		return take_version(text, to);
	case PATH:
		return snprintf(to, sizeof(set->log_file), "%s", text) <
		       (int)sizeof(set->log_file);
	case RETRY:
		if (!number_in(text, -1, 500, &n))
			return false;
		*(int *)to = (int)n;
		return true;
	default:
		if (!number_in(text, s->kind == INTERVAL ? 60 : 0,
			       s->kind == INTERVAL ? 1200 : 600000, &n))
			return false;
		*(unsigned int *)to = (unsigned int)n;
		return true;
	}
}

static void setting_text(const struct setting *s, const struct coffer_ha_settings *set, char *out,
			 size_t room)
{
	const void *from = (const char *)set + s->at;
	uint32_t version;

	switch (s->kind) {
	case FLAG:
		if (!strcmp(s->key, "haLogStatus"))
			snprintf(out, room, "%s", set->log ? "enabled" : "disabled");
		else
			snprintf(out, room, "%d", *(const bool *)from);
		break;
	case MODE:
		snprintf(out, room, "%s", set->mode == COFFER_HA_ACTIVE_BASIC ? "activeBasic" :
										"activeEnhanced");
		break;
	case PATH:
		snprintf(out, room, "%s", set->log_file);
		break;
	case VERSION:
		version = *(const uint32_t *)from;
		snprintf(out, room, "%u.%u.%u", version >> 16 & 255, version >> 8 & 255,
			 version & 255);
		break;
	case RETRY:
		snprintf(out, room, "%d", set->retry);
		break;
	default:
		snprintf(out, room, "%u", *(const unsigned int *)from);
		break;
	}
}

bool ha_setting_knows(const char *section, const char *key)
{
	return setting_find(section, key) != NULL;
}

const char *ha_setting_take(const char *section, const char *key, const char *value,
			    struct coffer_ha_settings *set)
{
	const struct setting *s = setting_find(section, key);

	return s && !setting_take(s, value, set) ? s->wants : NULL;
}

/* Only what changes: another file's setting of the rest goes on counting. */
coffer_rc ha_settings_write(struct conf *c, const void *what)
{
	const struct ha_two_settings *two = what;
	char old[256], text[256];
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < N_SETTINGS; i++) {
		setting_text(&settings[i], two->old, old, sizeof(old));
		setting_text(&settings[i], two->new, text, sizeof(text));
		if (strcmp(old, text))
			rc = conf_set(c, settings[i].section, settings[i].key, text);
	}
	return rc;
}

coffer_rc ha_settings_check(const struct coffer_ha_settings *set)
{
	if (set->retry < -1 || set->retry > 500 || set->interval_s < 60 || set->interval_s > 1200 ||
	    set->interval_ms > 600000 || set->call_ms > 600000)
		return -ERANGE;
	return 0;
}
