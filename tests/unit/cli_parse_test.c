// SPDX-License-Identifier: BSD-3-Clause
/*
 * From text to words to a command with its options; what is wrong is refused; secrets are found.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "names.h"
#include "parse.h"

static struct cli_words words;
static struct cli_args args;
static char message[256];

static int parse(const char *text)
{
	if (cli_split(&text, &words))
		return -EBADMSG;
	return cli_parse(&words, &args, message, sizeof(message));
}

/* ---- Words ------------------------------------------------------------------------- */

static void check_words(const char *text, size_t count, const char *const *expected)
{
	assert_null(cli_split(&text, &words));
	assert_int_equal(words.count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(words.word[i].text, expected[i]);
}

static void words_and_quotes(void **state)
{
	(void)state;
	check_words("", 0, NULL);
	check_words(" \t ", 0, NULL);
	check_words("# nothing", 0, NULL);
	check_words("slot list", 2, (const char *[]){ "slot", "list" });
	check_words("a \"b c\" 'd e'", 3, (const char *[]){ "a", "b c", "d e" });
	check_words("a\"b c\"d", 1, (const char *[]){ "ab cd" });
	check_words("\"a\\\"b\\\\c\"", 1, (const char *[]){ "a\"b\\c" });
	check_words("'a\\b'", 1, (const char *[]){ "a\\b" });
	check_words("a\\b", 1, (const char *[]){ "a\\b" });
	check_words("x#y #z", 1, (const char *[]){ "x#y" });
	check_words("-label \"\"", 2, (const char *[]){ "-label", "" });
	check_words("a # b\n c", 2, (const char *[]){ "a", "c" });
}

static void separators(void **state)
{
	const char *text = "slot list; role list ;'a;b';;x";

	(void)state;
	assert_null(cli_split(&text, &words));
	assert_int_equal(words.count, 2);
	assert_null(cli_split(&text, &words));
	assert_int_equal(words.count, 2);
	assert_string_equal(words.word[0].text, "role");
	assert_null(cli_split(&text, &words));
	assert_int_equal(words.count, 1);
	assert_string_equal(words.word[0].text, "a;b");
	assert_null(cli_split(&text, &words));
	assert_int_equal(words.count, 0);
	assert_null(cli_split(&text, &words));
	assert_string_equal(words.word[0].text, "x");
	assert_string_equal(text, "");
}

static void lines_that_are_refused(void **state)
{
	const char *text = "a \"b";
	char many[3 * CLI_MAX_WORDS + 3], *big;

	(void)state;
	assert_non_null(cli_split(&text, &words));
	assert_string_equal(text, "");
	text = "a 'b\"";
	assert_non_null(cli_split(&text, &words));
	for (size_t i = 0; i <= CLI_MAX_WORDS; i++)
		memcpy(many + 2 * i, "a ", 3);
	text = many;
	assert_non_null(cli_split(&text, &words));
	big = malloc(CLI_MAX_LINE + 2);
	assert_non_null(big);
	memset(big, 'a', CLI_MAX_LINE + 1);
	big[CLI_MAX_LINE + 1] = '\0';
	text = big;
	assert_non_null(cli_split(&text, &words));
	text = big + 1;		/* just fits */
	assert_null(cli_split(&text, &words));
	assert_int_equal(words.count, 1);
	free(big);
}

/* ---- Commands ---------------------------------------------------------------------- */

static void options_in_every_form(void **state)
{
	static const char *const forms[] = {
		"slot set -slot 7", "slot set --slot 7", "slot set --slot=7", "slot set -slot=7",
		"SLOT Set -SLOT 7", "s s -sl 7", "slot set 7", "slot set -slot 0x7",
		"slot set \"7\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		assert_int_equal(parse(forms[i]), 0);
		assert_string_equal(args.command->verb, "set");
		assert_int_equal(cli_args_number(&args, "slot", 99), 7);
	}
}

static void values_keep_their_case(void **state)
{
	(void)state;
	assert_int_equal(parse("partition init -LABEL \"My Keys\" -password -Se#C;ret"), 0);
	assert_string_equal(cli_args_text(&args, "label", ""), "My Keys");
	assert_string_equal(cli_args_text(&args, "password", ""), "-Se#C");
	assert_int_equal(parse("partition init -label L -password '-force'"), 0);
	assert_string_equal(cli_args_text(&args, "password", ""), "-force");
	assert_false(cli_args_given(&args, "force"));
}

/* A semicolon ends a command, unless a URI goes on behind it. */
static void uris_as_words(void **state)
{
	(void)state;
	check_words("object show pkcs11:object=a;type=private", 3,
		    (const char *[]){ "object", "show", "pkcs11:object=a;type=private" });
	check_words("x --handle=PKCS11:id=%01;slot-id=3", 2,
		    (const char *[]){ "x", "--handle=PKCS11:id=%01;slot-id=3" });
	check_words("x 12,pkcs11:id=%01;type=cert", 2,
		    (const char *[]){ "x", "12,pkcs11:id=%01;type=cert" });
	check_words("x pkcs11:object=a;quit", 2, (const char *[]){ "x", "pkcs11:object=a" });
	check_words("x mypkcs11:a;b=c", 2, (const char *[]){ "x", "mypkcs11:a" });
	check_words("x a;b=c", 2, (const char *[]){ "x", "a" });
}

/* Golden forms. */
/* row 8 */
static void clone_forms(void **state)
{
	uint32_t list[4];

	(void)state;
	assert_int_equal(parse("partition clone -objects 124,140 -slot 1 -password P -force"), 0);
	assert_int_equal(cli_args_numbers(&args, "objects", list, 4), 2);
	assert_int_equal(list[0], 124);
	assert_int_equal(list[1], 140);
	assert_false(cli_args_all(&args, "objects"));
	assert_true(cli_args_given(&args, "force"));
	assert_int_equal(parse("par cl -o all -s 1 -p P -f"), 0);
	assert_true(cli_args_all(&args, "objects"));
	assert_string_equal(cli_args_text(&args, "password", ""), "P");
	assert_int_equal(parse("partition clone -o 0 -s 1 -pw x"), 0);
	assert_true(cli_args_all(&args, "objects"));
	assert_int_equal(parse("partition clone -o 1 -s 1 -password-file /x"), 0);
	assert_true(cli_args_value(&args, "password")->from_file);
	/* Missing ones are asked for later: that is no error of the form. */
	assert_int_equal(parse("partition clone"), 0);
	assert_false(cli_args_given(&args, "slot"));
}

static void wrong_commands(void **state)
{
	static const char *const wrong[] = {
		"frobnicate", "slot", "slot frob", "-slot 1", "slot list extra",
		"slot set -slot", "slot set -slot 1x", "slot set -slot -1", "slot set -slot 1 2",
		"slot set -slot 18446744073709551616", "slot set -slot 1 -slot 2",
		"slot set -bogus 1",
		"slot set -slot=", "partition clone -force=1", "partition clone -objects 1,,2",
		"partition clone -objects 1,", "partition clone -objects ,1",
		"partition clone -objects 1x", "partition clone -objects 99999999999",
		"partition clone -slot -force", "partition archive", "partition archive frob",
		"object generate dsa", "object generate -curve p999 ec", "role login -name ''",
		"card create x -kdf-cost cheap", "partition clone -objects \"\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		message[0] = '\0';
		if (parse(wrong[i]) != -EINVAL)
			fail_msg("taken: %s", wrong[i]);
		assert_true(message[0]);
	}
}

static void question_marks(void **state)
{
	static const char *const asking[] = {
		"?", "slot ?", "partition clone ?", "partition clone -objects 1 ?", "frob ?",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asking) / sizeof(*asking); i++) {
		assert_int_equal(parse(asking[i]), 0);
		assert_true(args.help);
	}
	assert_int_equal(parse("partition init -label \"?\""), 0);
	assert_false(args.help);
}

static void numbers(void **state)
{
	uint64_t n;

	(void)state;
	assert_true(names_number("0", 9, &n) && n == 0);
	assert_true(names_number("0x1F", 31, &n) && n == 31);
	assert_true(names_number("010", 10, &n) && n == 10);
	assert_true(names_number("18446744073709551615", UINT64_MAX, &n) && n == UINT64_MAX);
	assert_false(names_number("18446744073709551616", UINT64_MAX, &n));
	assert_false(names_number("", 9, &n));
	assert_false(names_number("-1", 9, &n));
	assert_false(names_number("+1", 9, &n));
	assert_false(names_number(" 1", 9, &n));
	assert_false(names_number("1 ", 9, &n));
	assert_false(names_number("0x", 9, &n));
	assert_false(names_number("10", 9, &n));
}

/* ---- Secrets ----------------------------------------------------------------------- */

static void check_redacted(const char *text, bool secret, const char *shown)
{
	char line[256];

	assert_null(cli_split(&text, &words));
	assert_int_equal(cli_has_secret(&words), secret);
	cli_redact(&words, line, sizeof(line));
	assert_string_equal(line, shown);
}

static void secrets_are_starred(void **state)
{
	(void)state;
	check_redacted("slot list", false, "slot list");
	check_redacted("role login -name co -password hunter2", true,
		       "role login -name co -password ****");
	check_redacted("role login -name co -pw -hunter2", true, "role login -name co -pw ****");
	check_redacted("role login --password=hunter2 -name co", true,
		       "role login --password=**** -name co");
	check_redacted("ROLE IN -n co -P \"a b\"", true, "ROLE IN -n co -P ****");
	check_redacted("role login -password-file /secret -name co", false,
		       "role login -password-file /secret -name co");
	check_redacted("partition init -label \"a b\" -domain d -password p", true,
		       "partition init -label \"a b\" -domain **** -password ****");
	/* Even when the command itself is mistyped. */
	check_redacted("rloe login -password hunter2", true, "rloe login -password ****");
	check_redacted("frob --newpw=x", true, "frob --newpw=****");
}

static void redaction_fits(void **state)
{
	const char *text = "role login -name \"a very long role name that does not fit\"";
	char line[20];

	(void)state;
	assert_null(cli_split(&text, &words));
	memset(line, 'x', sizeof(line));
	cli_redact(&words, line, 16);
	assert_int_equal(strlen(line), 15);
	assert_int_equal(line[16], 'x');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_and_quotes),
		cmocka_unit_test(separators),
		cmocka_unit_test(lines_that_are_refused),
		cmocka_unit_test(options_in_every_form),
		cmocka_unit_test(values_keep_their_case),
		cmocka_unit_test(uris_as_words),
		cmocka_unit_test(clone_forms),
		cmocka_unit_test(wrong_commands),
		cmocka_unit_test(question_marks),
		cmocka_unit_test(numbers),
		cmocka_unit_test(secrets_are_starred),
		cmocka_unit_test(redaction_fits),
	};

	return cmocka_run_group_tests_name("cli_parse", tests, NULL, NULL);
}
