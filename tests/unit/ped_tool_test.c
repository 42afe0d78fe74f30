// SPDX-License-Identifier: BSD-3-Clause
/*
 * The operator's hands at a PED: what they refuse, in which words, and that what they refused
 * has changed nothing (fw_ped.h). No card is needed but for one of its files.
 */
#include "fw_core.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fw_ped.h"

static char dir[64];
static char err[6000];		/* room for a name that is too long */

static const char *at(const char *name)
{
	static char path[3][384];
	static int next;

	next = (next + 1) % 3;
	snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
	return path[next];
}

static void touch(const char *name)
{
	FILE *f = fopen(at(name), "w");

	assert_non_null(f);
	fclose(f);
}

static bool there(const char *name)
{
	struct stat st;

	return !lstat(at(name), &st);
}

/* A name of 5000 bytes: it fits nowhere. */
static const char *endless(void)
{
	static char name[5001];

	memset(name, 'x', sizeof(name) - 1);
	return name;
}

static int open_it(void **state)
{
	(void)state;
	strcpy(dir, "/tmp/ped_tool.XXXXXX");
	if (!mkdtemp(dir) || mkdir(at("card"), 0700))
		return -1;
	touch("card/nv");
	err[0] = '\0';
	return 0;
}

static int close_it(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

/* The error, and the one line for people, which names what it is about. */
static void refused(int rc, int want, const char *words)
{
	assert_int_equal(rc, want);
	if (!strstr(err, words))
		fail_msg("\"%s\" does not say \"%s\"", err, words);
	err[0] = '\0';
}

#define ERR	err, sizeof(err)

static int make(const char *name, uint32_t color, bool imprint, const char *pin)
{
	struct fw_ped_make how = { .color = color, .imprint = imprint, .label = name, .pin = pin,
				   .pin_len = pin ? strlen(pin) : 0 };

	return fw_ped_key_create(at(name), &how, ERR);
}

static void keys_are_made_as_asked(void **state)
{
	char longest[FW_PED_PIN_MAX + 2];
	struct fw_ped_make how = { .color = COFFER_PED_BLUE, .pin = longest };
	struct fw_ped_key key;

	(void)state;
	memset(longest, '1', sizeof(longest));
	longest[FW_PED_PIN_MAX + 1] = '\0';
	refused(make("x", 0, false, NULL), -EINVAL, "colour");
	refused(make("x", COFFER_PED_COLORS, false, NULL), -EINVAL, "colour");
	refused(make("x", COFFER_PED_RED, false, "123"), -EINVAL, "4 to 48");
	refused(make("x", COFFER_PED_RED, false, longest), -EINVAL, "4 to 48");
	how.pin_len = FW_PED_PIN_MAX;
	how.label = "a label of thirty-three bytes: no";
	refused(fw_ped_key_create(at("x"), &how, ERR), -EINVAL, "32 bytes");
	how.label = "bad \x80 text";
	refused(fw_ped_key_create(at("x"), &how, ERR), -EINVAL, "32 bytes");
	assert_false(there("x"));
	how.label = "a label of thirty-two bytes: yes";
	assert_int_equal(fw_ped_key_create(at("x"), &how, ERR), 0);
	assert_int_equal(fw_ped_key_show(at("x"), &key, ERR), 0);
	assert_true(key.blank && key.has_pin);
	assert_string_equal(key.label, how.label);
	refused(make("x", COFFER_PED_RED, false, NULL), -EEXIST, "/x: File exists");
	refused(make("none/x", COFFER_PED_RED, false, NULL), -ENOENT, "none/x: No such file");
	assert_int_equal(make("y", COFFER_PED_WHITE, true, NULL), 0);
	assert_int_equal(fw_ped_key_show(at("y"), &key, ERR), 0);
	assert_false(key.blank || key.has_pin);
	assert_int_equal(key.color, COFFER_PED_WHITE);
}

static void only_keys_with_a_secret_are_duplicated(void **state)
{
	struct fw_ped_key key;

	(void)state;
	touch("empty");
	assert_int_equal(make("blank", COFFER_PED_RED, false, NULL), 0);
	assert_int_equal(make("full", COFFER_PED_RED, true, NULL), 0);
	refused(fw_ped_key_copy(at("none"), at("to"), ERR), -ENOENT, "none: No such file");
	refused(fw_ped_key_copy(at("empty"), at("to"), ERR), -EBADMSG, "no PED key");
	refused(fw_ped_key_copy(at("blank"), at("to"), ERR), -EINVAL, "the key is blank");
	assert_false(there("to"));
	refused(fw_ped_key_copy(at("full"), at("blank"), ERR), -EEXIST, "blank: File exists");
	refused(fw_ped_key_show(at("empty"), &key, ERR), -EBADMSG, "no PED key");
	assert_int_equal(key.color, 0);
	assert_int_equal(fw_ped_key_copy(at("full"), at("to"), ERR), 0);
}

static int insert(const char *folder, const char *name, const char *pin)
{
	return fw_ped_insert(folder, at(name), pin, pin ? strlen(pin) : 0, ERR);
}

static void what_cannot_be_inserted(void **state)
{
	(void)state;
	assert_int_equal(make("plain", COFFER_PED_BLACK, true, NULL), 0);
	assert_int_equal(make("pin", COFFER_PED_BLACK, true, "4711"), 0);
	touch("file");
	refused(insert(at("ped"), "none", NULL), -ENOENT, "none: No such file");
	refused(insert(at("ped"), "plain", "4711"), -EINVAL, "this key has no PIN");
	refused(insert(at("ped"), "pin", "471"), -EINVAL, "4 to 48");
	/* Not even the PED was made for it. */
	assert_false(there("ped"));
	refused(insert(at("file"), "plain", NULL), -ENOTDIR, "a PED is a folder");
	refused(insert(at("none/ped"), "plain", NULL), -ENOENT, "none/ped: No such file");
	refused(insert(endless(), "plain", NULL), -ENAMETOOLONG, "xxx: File name too long");
	assert_int_equal(symlink("nowhere", at("dangling")), 0);
	refused(insert(at("dangling"), "plain", NULL), -ENOTDIR, "a PED is a folder");
}

/* A key goes in with what was typed for it, and takes both of the one before away. */
static void a_key_replaces_the_one_before(void **state)
{
	(void)state;
	assert_int_equal(make("plain", COFFER_PED_BLACK, true, NULL), 0);
	assert_int_equal(make("pin", COFFER_PED_BLACK, true, "4711"), 0);
	assert_int_equal(insert(at("ped"), "pin", "4711"), 0);
	assert_true(there("ped/black.key") && there("ped/black.pin"));
	assert_int_equal(insert(at("ped"), "pin", NULL), 0);
	assert_true(there("ped/black.key") && !there("ped/black.pin"));
	assert_int_equal(insert(at("ped"), "pin", "0815"), 0);
	assert_int_equal(insert(at("ped"), "plain", NULL), 0);
	assert_true(there("ped/black.key") && !there("ped/black.pin"));
	assert_int_equal(fw_ped_remove(at("ped"), COFFER_PED_BLACK, ERR), 0);
	assert_false(there("ped/black.key"));
	assert_int_equal(fw_ped_remove(at("ped"), COFFER_PED_BLACK, ERR), 0);
	/* Somebody's folder has the name of the key. */
	assert_int_equal(mkdir(at("ped/black.key"), 0700), 0);
	refused(insert(at("ped"), "plain", NULL), -EISDIR, "black.key: Is a directory");
	assert_int_equal(rmdir(at("ped/black.key")), 0);
	assert_int_equal(mkdir(at("ped/black.pin"), 0700), 0);
	refused(insert(at("ped"), "plain", NULL), -EISDIR, "black.pin: Is a directory");
	assert_false(there("ped/black.key"));
}

static void keys_are_taken_out_by_color_or_all(void **state)
{
	(void)state;
	assert_int_equal(make("blue", COFFER_PED_BLUE, true, NULL), 0);
	assert_int_equal(make("red", COFFER_PED_RED, true, NULL), 0);
	assert_int_equal(make("orange", COFFER_PED_ORANGE, true, NULL), 0);
	assert_int_equal(insert(at("ped"), "blue", NULL), 0);
	assert_int_equal(insert(at("ped"), "red", NULL), 0);
	assert_int_equal(insert(at("ped"), "orange", NULL), 0);
	refused(fw_ped_remove(at("ped"), COFFER_PED_COLORS, ERR), -EINVAL, "colour");
	refused(fw_ped_remove(endless(), COFFER_PED_RED, ERR), -ENAMETOOLONG, "too long");
	assert_int_equal(fw_ped_remove(at("ped"), COFFER_PED_RED, ERR), 0);
	assert_true(there("ped/blue.key") && !there("ped/red.key") && there("ped/orange.key"));
	assert_int_equal(mkdir(at("ped/grey.pin"), 0700), 0);
	refused(fw_ped_remove(at("ped"), 0, ERR), -EISDIR, "grey.pin: Is a directory");
	assert_int_equal(rmdir(at("ped/grey.pin")), 0);
	assert_int_equal(fw_ped_remove(at("ped"), 0, ERR), 0);
	assert_false(there("ped/blue.key") || there("ped/orange.key"));
	/* The keys themselves are where they were. */
	assert_true(there("blue") && there("red") && there("orange"));
}

/* row 43 */
static void a_ped_hangs_on_a_card_and_comes_off(void **state)
{
	char link[160];

	(void)state;
	assert_int_equal(mkdir(at("other"), 0700), 0);
	refused(fw_ped_connect(at("other"), at("ped"), ERR), -ENOENT, "no card here");
	refused(fw_ped_disconnect(at("other"), ERR), -ENOENT, "no card here");
	refused(fw_ped_connect(endless(), at("ped"), ERR), -ENAMETOOLONG, "too long");
	refused(fw_ped_disconnect(endless(), ERR), -ENAMETOOLONG, "too long");
	assert_false(there("ped"));
	touch("file");
	refused(fw_ped_connect(at("card"), at("file"), ERR), -ENOTDIR, "a PED is a folder");
	assert_int_equal(fw_ped_disconnect(at("card"), ERR), 0);
	assert_int_equal(fw_ped_connect(at("card"), at("ped"), ERR), 0);
	assert_true(there("ped") && there("card/ped"));
	assert_int_equal(fw_ped_connect(at("card"), at("other"), ERR), 0);
	assert_true(readlink(at("card/ped"), link, sizeof(link)) > 0);
	assert_non_null(strstr(link, "/other"));
	assert_int_equal(fw_ped_disconnect(at("card"), ERR), 0);
	assert_true(!there("card/ped") && there("other"));
	/* A link of this process that was left from before is not written through. */
	snprintf(link, sizeof(link), "card/ped.%ld", (long)getpid());
	touch(link);
	refused(fw_ped_connect(at("card"), at("ped"), ERR), -EEXIST, "File exists");
	assert_false(there("card/ped"));
	/* A folder in the card is its PED, for good. */
	assert_int_equal(mkdir(at("card/ped"), 0700), 0);
	refused(fw_ped_connect(at("card"), at("ped"), ERR), -EEXIST, "a folder of its own");
	refused(fw_ped_disconnect(at("card"), ERR), -EEXIST, "a folder of its own");
	assert_true(there("card/ped"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(keys_are_made_as_asked),
		T(only_keys_with_a_secret_are_duplicated),
		T(what_cannot_be_inserted),
		T(a_key_replaces_the_one_before),
		T(keys_are_taken_out_by_color_or_all),
		T(a_ped_hangs_on_a_card_and_comes_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
