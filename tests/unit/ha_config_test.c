// SPDX-License-Identifier: BSD-3-Clause
/* The configuration: both forms are read and written, and nothing malformed gets through. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ha_config.h"

static const char client_file[] =
	"# An existing client's file\n"
	"Chrystoki2 = {\n"
	"   LibUNIX64 = /usr/lib/libCryptoki2_64.so;\n"
	"}\n"
	"\n"
	"Luna = {\n"
	"  DefaultTimeOut = 500000; # ms\n"
	"  PEDTimeout1 = 100000;\n"
	"}\n"
	"Misc = { PE1746Enabled = 1; ToolsDir = /usr/safenet/bin; }\n"
	"LunaSA Client = {\n"
	"   ServerName00 = hsm.example; ServerPort00 = 1792;\n"
	"   SSLConfigFile = /etc/a=b.cnf;\n"
	"}\n"
	"VirtualToken = {\n"
	"   VirtualToken00Label = first;\n"
	"   VirtualToken00SN = 1150520008;\n"
	"   VirtualToken00Members = 150520008,150520009;\n"
	"   VirtualToken07Label = second group;\n"
	"   VirtualToken07SN = 1150520010;\n"
	"   VirtualToken07Members = 150520010;\n"
	"   VirtualToken07Standby = 150520010;\n"
	"}\n"
	"HASynchronize = {\n"
	"   first = 1;\n"
	"   second group = 0;\n"
	"}\n"
	"HAConfiguration = {\n"
	"   HAOnly = 1;\n"
	"   reconnAtt = -1;\n"
	"   AutoReconnectInterval = 90;\n"
	"   haLogStatus = enabled;\n"
	"   haLogToStdout = disabled;\n"
	"}\n"
	"Toggles = {\n"
	"   lunacm_cv_ha_ui = 0;\n"
	"}\n";

static void parsed(struct conf *c, const char *text)
{
	char *why = NULL;

	if (conf_parse(c, "file", text, strlen(text), &why))
		fail_msg("%s", why);
}

/* row 96 */
static void a_client_s_file_survives_changes(void **state)
{
	struct conf c;

	(void)state;
	parsed(&c, client_file);
	assert_string_equal(c.text, client_file);
	assert_string_equal(conf_get(&c, "Luna", "DefaultTimeOut"), "500000");
	assert_string_equal(conf_get(&c, "LunaSA Client", "ServerPort00"), "1792");
	assert_string_equal(conf_get(&c, "lunasa client", "sslconfigfile"), "/etc/a=b.cnf");
	assert_null(conf_get(&c, "Luna", "ServerPort00"));
	/* A change and its undoing leave the file as it was, remarks and all. */
	assert_int_equal(conf_set(&c, "Luna", "DefaultTimeOut", "7"), 0);
	assert_non_null(strstr(c.text, "  DefaultTimeOut = 7; # ms\n"));
	assert_int_equal(conf_set(&c, "Luna", "DefaultTimeOut", "500000"), 0);
	assert_string_equal(c.text, client_file);
	assert_int_equal(conf_set(&c, "HAConfiguration", "RecoveryMode", "activeBasic"), 0);
	assert_non_null(strstr(c.text, "haLogToStdout = disabled;\n   RecoveryMode = active"));
	assert_int_equal(conf_remove(&c, "HAConfiguration", "RecoveryMode"), 0);
	assert_string_equal(c.text, client_file);
	/* In a section of one line too. */
	assert_int_equal(conf_set(&c, "Misc", "Another", "x"), 0);
	assert_string_equal(conf_get(&c, "Misc", "Another"), "x");
	assert_string_equal(conf_get(&c, "Misc", "ToolsDir"), "/usr/safenet/bin");
	assert_int_equal(conf_set(&c, "New One", "Key", "value"), 0);
	assert_string_equal(conf_get(&c, "New One", "Key"), "value");
	conf_free(&c);
}

/* row 96 */
static void the_other_form_too(void **state)
{
	static const char ini[] = "; remark\r\n[Misc]\r\nPE1746Enabled=1\r\n\r\n[VirtualToken]\r\n"
				  "VirtualToken00Label=g\r\nVirtualToken00SN=15\r\n";
	struct conf c;

	(void)state;
	parsed(&c, ini);
	assert_true(c.ini);
	assert_string_equal(conf_get(&c, "Misc", "PE1746Enabled"), "1");
	assert_string_equal(conf_get(&c, "VirtualToken", "VirtualToken00SN"), "15");
	assert_int_equal(conf_set(&c, "Misc", "New", "2"), 0);
	assert_string_equal(conf_get(&c, "Misc", "New"), "2");
	assert_int_equal(conf_remove(&c, "Misc", "New"), 0);
	assert_string_equal(c.text, ini);
	conf_free(&c);
}

/* rows 63, 94, 96 */
static void groups_and_settings_are_found_in_it(void **state)
{
	struct ha_conf h = { .set = ha_settings_default };
	char *why = NULL;
	struct conf c;

	(void)state;
	parsed(&c, client_file);
	assert_int_equal(ha_conf_take(&h, &c, &why), 0);
	assert_int_equal(h.count, 2);
	assert_string_equal(h.groups[0].label, "first");
	assert_int_equal(h.groups[0].serial, 1150520008);
	assert_int_equal(h.groups[0].count, 2);
	assert_true(h.groups[0].synchronize);
	assert_int_equal(h.groups[1].number, 7);
	assert_false(h.groups[1].synchronize);
	assert_true(h.groups[1].members[0].standby);
	assert_true(h.set.only);
	assert_int_equal(h.set.retry, -1);
	assert_int_equal(h.set.interval_s, 90);
	assert_true(h.set.log);
	assert_true(h.set.pe1746);
	assert_false(h.set.cloud_standby);
	assert_true(ha_conf_knows("virtualtoken", "VirtualToken07Members"));
	assert_false(ha_conf_knows("LunaSA Client", "ServerName00"));
	assert_false(ha_conf_knows("VirtualToken", "VirtualTokenActive"));
	ha_conf_free(&h);
	conf_free(&c);
}

/* ---- What is malformed ---------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *why;
} malformed[] = {
	{ "A = {\n\tb = 1;\n}\n", "file:2: a TAB" },
	{ "A = {\n b = 1\n}\n", "file:2: a value does not end" },
	{ "A = {\n b;\n}\n", "file:2: expected \"key = value;\"" },
	{ "A = {\n b = 1;\n", "file:3: a section is not closed" },
	{ "A {\n}\n", "file:1: expected \"Section = {\"" },
	{ "A = b;\n", "file:1: expected '{'" },
	{ "A = {\n = 1;\n}\n", "file:2: a setting without a name" },
	{ " = {\n}\n", "file:1: a section without a name" },
	{ "A = {\n}\n}\n", "file:3: expected \"Section" },
	{ "A = {\n b = { c = 1; };\n}\n", "file:2: a value does not end" },
	{ "A = {\n b = \001;\n}\n", "file:2: a control character" },
	{ "[A\nb=1\n", "file:1: no ']'" },
	{ "[A]\nb\n", "file:2: expected \"key=value\"" },
	{ ";\nb=1\n", "file:2: a setting before" },
	{ "HAConfiguration = {\n reconnAtt = 501;\n}\n", "file:2: reconnAtt wants -1, 0" },
	{ "HAConfiguration = {\n AutoReconnectInterval = x;\n}\n",
	  "file:2: AutoReconnectInterval" },
	{ "Misc = {\n PE1746Enabled = maybe;\n}\n", "file:2: PE1746Enabled wants 0 or 1" },
	{ "Coffer = {\n ClientVersion = 10;\n}\n", "file:2: ClientVersion wants" },
	{ "VirtualToken = {\n VirtualToken00Label = g;\n}\n", "file: group 00 has no SN" },
	{ "VirtualToken = {\n VirtualToken00SN = 1a;\n}\n", "file:2: VirtualToken00SN wants" },
	{ "VirtualToken = {\n VirtualToken00Members = 1,1;\n}\n",
	  "file:2: VirtualToken00Members" },
	{ "VirtualToken = {\n VirtualToken00Label = 123456789012345678901234567890123;\n}\n",
	  "file:2: VirtualToken00Label wants" },
};

static coffer_rc take(const char *text, size_t len, char **why)
{
	struct ha_conf h = { .set = ha_settings_default };
	struct conf c;
	coffer_rc rc = conf_parse(&c, "file", text, len, why);

	if (!rc)
		rc = ha_conf_take(&h, &c, why);
	ha_conf_free(&h);
	conf_free(&c);
	return rc;
}

/* row 96 */
static void what_is_malformed_is_told_with_its_line(void **state)
{
	char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
		why = NULL;
		assert_int_equal(take(malformed[i].text, strlen(malformed[i].text), &why),
				 -EINVAL);
		if (strncmp(why, malformed[i].why, strlen(malformed[i].why)))
			fail_msg("%s: \"%s\"", malformed[i].text, why);
		assert_null(strchr(why, '\n'));
		free(why);
	}
}

/* Cut anywhere, and with any byte changed: an answer, one way or the other. */
static void nothing_breaks_the_reader(void **state)
{
	static const char bytes[] = "{}=;#[]\n 0a\t\0\377,";
	size_t len = strlen(client_file);
	char *text = strdup(client_file), *why;

	(void)state;
	for (size_t i = 0; i < len; i++) {
		why = NULL;
		take(text, i, &why);
		free(why);
		for (size_t k = 0; k < sizeof(bytes); k++) {
			text[i] = bytes[k];
			why = NULL;
			take(text, len, &why);
			free(why);
		}
		text[i] = client_file[i];
	}
	free(text);
}

static void what_cannot_be_written_is_refused(void **state)
{
	struct conf c;

	(void)state;
	parsed(&c, client_file);
	assert_int_equal(conf_set(&c, "Misc", "K", "a;b"), -EINVAL);
	assert_int_equal(conf_set(&c, "Misc", "K", "a\nb"), -EINVAL);
	assert_int_equal(conf_set(&c, "Misc", "K", "a}"), -EINVAL);
	assert_int_equal(conf_set(&c, "Misc", "K=", "a"), -EINVAL);
	assert_int_equal(conf_set(&c, "Mi{sc", "K", "a"), -EINVAL);
	assert_int_equal(conf_set(&c, "Misc", "", "a"), -EINVAL);
	assert_string_equal(c.text, client_file);
	conf_free(&c);
}

/* ---- Files --------------------------------------------------------------------------- */

static char root[] = "/tmp/coffer-conf-XXXXXX";
static char path[80];

/* row 96 */
static void groups_are_stored_and_deleted(void **state)
{
	struct ha_conf_group g = {
		.number = 12, .file_number = 12, .label = "stored", .serial = 15,
		.synchronize = true, .count = 2,
		.members = { { 5, false }, { 6, true } },
	};
	struct ha_conf c;
	struct stat st;
	char *why = NULL;

	(void)state;
	assert_int_equal(ha_conf_store(&g, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, geteuid() ? 0600 : 0644);
	ha_conf_load(&c);
	assert_int_equal(c.rc, 0);
	assert_int_equal(c.count, 1);
	assert_int_equal(c.groups[0].number, 12);
	assert_int_equal(c.groups[0].count, 2);
	assert_false(c.groups[0].members[0].standby);
	assert_true(c.groups[0].members[1].standby);
	assert_string_equal(c.groups[0].file, path);
	/* A mode that somebody gave it stays. */
	assert_int_equal(chmod(path, 0640), 0);
	assert_int_equal(ha_conf_delete(&c.groups[0], &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	ha_conf_free(&c);
	ha_conf_load(&c);
	assert_int_equal(c.count, 0);
	ha_conf_free(&c);
}

static void take_file(struct ha_conf *c, const char *name, const char *text)
{
	struct conf file;
	char *why = NULL;
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(conf_read(&file, name, false, &why), 0);
	assert_int_equal(ha_conf_take(c, &file, &why), 0);
	conf_free(&file);
}

/* Two files use one number: the later group has another slot, and its keys stay what they were. */
static void a_group_with_another_s_number_keeps_its_keys(void **state)
{
	struct ha_conf c = { 0 };
	struct ha_conf_group *g;
	struct conf file;
	char first[120], second[120], *why = NULL;

	(void)state;
	snprintf(first, sizeof(first), "%s.1", path);
	snprintf(second, sizeof(second), "%s.2", path);
	take_file(&c, first, "VirtualToken = {\n VirtualToken00Label = a;\n"
		  " VirtualToken00SN = 1;\n}\n");
	take_file(&c, second, "VirtualToken = {\n VirtualToken00Label = b;\n"
		  " VirtualToken00SN = 2;\n VirtualToken01Label = c;\n"
		  " VirtualToken01SN = 3;\n}\n");
	g = ha_conf_find(&c, "b");
	assert_int_equal(g->number, 1);
	g->serial = 22;
	assert_int_equal(ha_conf_store(g, &why), 0);
	assert_int_equal(conf_read(&file, second, false, &why), 0);
	assert_string_equal(conf_get(&file, "VirtualToken", "VirtualToken00SN"), "22");
	assert_string_equal(conf_get(&file, "VirtualToken", "VirtualToken01Label"), "c");
	conf_free(&file);
	assert_int_equal(ha_conf_delete(g, &why), 0);
	assert_int_equal(conf_read(&file, second, false, &why), 0);
	assert_null(conf_get(&file, "VirtualToken", "VirtualToken00SN"));
	assert_string_equal(conf_get(&file, "VirtualToken", "VirtualToken01SN"), "3");
	conf_free(&file);
	ha_conf_free(&c);
	unlink(first);
	unlink(second);
}

static void settings_are_stored_if_they_changed(void **state)
{
	struct coffer_ha_settings set = ha_settings_default;
	struct ha_conf c;
	char *why = NULL;

	(void)state;
	set.retry = 7;
	set.mode = COFFER_HA_ACTIVE_BASIC;
	assert_int_equal(ha_conf_store_settings(&ha_settings_default, &set, &why), 0);
	ha_conf_load(&c);
	assert_memory_equal(&c.set, &set, sizeof(set));
	ha_conf_free(&c);
	set.interval_s = 59;
	assert_int_equal(ha_conf_store_settings(&ha_settings_default, &set, &why), -ERANGE);
	free(why);
}

static void a_file_that_cannot_be_written_stays(void **state)
{
	const struct ha_conf_group g = { .label = "g", .serial = 15 };
	char *why = NULL;

	(void)state;
	setenv("COFFER_CONFIG", "/proc/nowhere/coffer.conf", 1);
	assert_true(ha_conf_store(&g, &why) < 0);
	assert_non_null(strstr(why, "/proc/nowhere/coffer.conf: "));
	free(why);
	setenv("COFFER_CONFIG", path, 1);
}

static int begin(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(root));
	snprintf(path, sizeof(path), "%s/sub/coffer.conf", root);
	return setenv("COFFER_CONFIG", path, 1);
}

static int end(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_s_file_survives_changes),
		cmocka_unit_test(the_other_form_too),
		cmocka_unit_test(groups_and_settings_are_found_in_it),
		cmocka_unit_test(what_is_malformed_is_told_with_its_line),
		cmocka_unit_test(nothing_breaks_the_reader),
		cmocka_unit_test(what_cannot_be_written_is_refused),
		cmocka_unit_test(groups_are_stored_and_deleted),
		cmocka_unit_test(a_group_with_another_s_number_keeps_its_keys),
		cmocka_unit_test(settings_are_stored_if_they_changed),
		cmocka_unit_test(a_file_that_cannot_be_written_stays),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
