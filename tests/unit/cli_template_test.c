// SPDX-License-Identifier: BSD-3-Clause
/*
 * Policy templates as files that somebody wrote, mistyped, cut or made in order to harm: what is
 * not exactly a template is refused with one line that names the line, and gives nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli.h"

#define HEAD	"coffer-policies 1 partition\n"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct coffer_template out;

static coffer_rc parse(const char *text, size_t len, char **why)
{
	/* What is not written shows, and so does what is read behind the end (ASan). */
	char *copy = malloc(len ? len : 1);
	coffer_rc rc;

	memset(&out, 0xa5, sizeof(out));
	memcpy(copy, text, len);
	rc = coffer_template_parse(copy, len, &out, why);
	free(copy);
	return rc;
}

static void gave_nothing(void)
{
	static const struct coffer_template none;

	assert_memory_equal(&out, &none, sizeof(none));
}

/* Refused, for a reason that has @says in it, in that line. */
static void refused(const char *text, size_t len, unsigned int line, const char *says)
{
	char *why, want[24];
	coffer_rc rc = parse(text, len, &why);

	snprintf(want, sizeof(want), "line %u: ", line);
	if (rc != -EINVAL || !why || strncmp(why, want, strlen(want)) || !strstr(why, says))
		fail_msg("%.60s: %lld, %s", text, (long long)rc, why ? why : "no reason");
	/* A reason is one line of printable text, whatever the file has in it. */
	for (const char *c = why; *c; c++)
		assert_in_range(*c, 0x20, 0x7e);
	free(why);
	gave_nothing();
	assert_int_equal(parse(text, len, NULL), -EINVAL);
	gave_nothing();
}

static void accepted(const char *text, size_t len, size_t count)
{
	char *why;
	coffer_rc rc = parse(text, len, &why);

	if (rc)
		fail_msg("%.60s: %s", text, why);
	assert_null(why);
	assert_int_equal(out.count, count);
}

static void the_form(void **state)
{
	static const char text[] =
		"# mine\n\n\t \n"
		" coffer-policies\t1  hsm # of a card\n"
		"7 0 off\n"
		"\t16\t1\t#\xc3\xa9 and \0 in a remark\n"
		"033 4294967295 both#\n"
		"4294967295 0 no\n"
		"12 0000000000000000000000000000001 on\n";
	static const struct coffer_template_row rows[] = {
		{ 7, 0, true, COFFER_POLICY_DESTRUCTIVE_OFF },
		{ 16, 1, false, 0 },
		{ 33, UINT32_MAX, true,
		  COFFER_POLICY_DESTRUCTIVE_ON | COFFER_POLICY_DESTRUCTIVE_OFF },
		{ UINT32_MAX, 0, true, 0 },
		{ 12, 1, true, COFFER_POLICY_DESTRUCTIVE_ON },
	};

	(void)state;
	accepted(text, sizeof(text) - 1, COUNT(rows));
	assert_true(out.hsm);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(out.list[i].id, rows[i].id);
		assert_int_equal(out.list[i].value, rows[i].value);
		assert_int_equal(out.list[i].directions, rows[i].directions);
		assert_int_equal(out.list[i].erases, rows[i].erases);
	}
	accepted(HEAD "0 0\n", sizeof(HEAD "0 0\n") - 1, 1);
	assert_false(out.hsm);
}

#define W31	"1111111111222222222233333333334"

static void what_is_none(void **state)
{
	static const struct {
		unsigned int line;
		const char *says;
		const char *text;
	} bad[] = {
		/* The first line. */
		{ 0, "no policy in it", "" },
		{ 2, "no policy in it", "\n# nothing\n" },
		{ 1, "no policy in it", HEAD },
		{ 1, "begins with", "22 1\n" },
		{ 2, "begins with", "\nCoffer-policies 1 partition\n22 1\n" },
		{ 1, "begins with", "coffer-policies-1 partition\n22 1\n" },
		{ 1, "wanted", "coffer-policies\n22 1\n" },
		{ 1, "wanted", "coffer-policies 1\n22 1\n" },
		{ 1, "wanted", "coffer-policies one partition\n22 1\n" },
		{ 1, "wanted", "coffer-policies -1 partition\n22 1\n" },
		{ 1, "wanted", "coffer-policies 4294967297 partition\n22 1\n" },
		{ 1, "does not know: 0", "coffer-policies 0 partition\n22 1\n" },
		{ 1, "does not know: 2", "coffer-policies 2 partition\n22 1\n" },
		{ 1, "neither", "coffer-policies 1 Partition\n22 1\n" },
		{ 1, "neither", "coffer-policies 1 hsms\n22 1\n" },
		{ 1, "too long", "coffer-policies 1 partition 22\n22 1\n" },
		/* Numbers. */
		{ 2, "not the number of a policy: x", HEAD "x 1\n" },
		{ 2, "not the number", HEAD "+22 1\n" },
		{ 2, "not the number", HEAD "-22 1\n" },
		{ 2, "not the number", HEAD "0x16 1\n" },
		{ 2, "not the number", HEAD "22. 1\n" },
		{ 2, "not the number", HEAD "4294967296 1\n" },
		{ 2, "not the number", HEAD "18446744073709551638 1\n" },
		{ 2, "not the number", HEAD W31 " 1\n" },
		{ 3, "not the number of a policy: coffer-policies", HEAD "22 1\n" HEAD },
		{ 2, "no value", HEAD "22\n" },
		{ 2, "no value", HEAD "22 # 1\n" },
		{ 2, "no value", HEAD "22 yes\n" },
		{ 2, "no value", HEAD "22 1,\n" },
		{ 2, "no value", HEAD "22 -0\n" },
		{ 2, "no value", HEAD "22 4294967296\n" },
		/* Names. */
		{ 2, "not one of", HEAD "22 1 On\n" },
		{ 2, "not one of", HEAD "22 1 1\n" },
		{ 2, "not one of", HEAD "22 1 onoff\n" },
		{ 2, "not one of", HEAD "22 1 o\n" },
		/* Twice. */
		{ 3, "before: 22", HEAD "22 1\n22 1\n" },
		{ 4, "before: 022", HEAD "22 1\n23 1\n022 0\n" },
		/* Lines. */
		{ 2, "too long", HEAD "22 1 on on\n" },
		{ 2, "too long", HEAD W31 "5 1\n" },
		{ 2, "too long", HEAD "22 " W31 "5\n" },
		{ 2, "no printable ASCII", HEAD "22 1\r\n" },
		{ 2, "no printable ASCII", HEAD "22\v1\n" },
		{ 2, "no printable ASCII", HEAD "22\xc2\xa0" "1\n" },
		{ 2, "no printable ASCII", HEAD "22 1\x7f\n" },
		{ 1, "no printable ASCII", "\xef\xbb\xbf" HEAD "22 1\n" },
		{ 2, "no end", HEAD "22 1" },
		{ 3, "no end", HEAD "22 1\n23 1" },
		{ 1, "no end", "coffer-policies" },
		/* The first wrong line counts. */
		{ 2, "no value", HEAD "22\nx\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		refused(bad[i].text, strlen(bad[i].text), bad[i].line, bad[i].says);
}

/* A text ends where its length says, at no NUL. */
static void nul_bytes(void **state)
{
	static const char in_word[] = HEAD "2\0002 1\n";
	static const char alone[] = HEAD "22 1\n\0\n";
	static const char behind[] = HEAD "22 1\n\0";
	static const char first[] = "\0" HEAD "22 1\n";

	(void)state;
	refused(in_word, sizeof(in_word) - 1, 2, "no printable ASCII");
	refused(alone, sizeof(alone) - 1, 3, "no printable ASCII");
	refused(behind, sizeof(behind) - 1, 3, "no end");
	refused(first, sizeof(first) - 1, 1, "no printable ASCII");
}

/* No template that was cut is a laxer one: only whole lines can be missing. */
static void cut_anywhere(void **state)
{
	static const char text[] = HEAD "22 1 both\n# remark\n  23 1\n4 0 off # so\n";
	const size_t first = sizeof(HEAD "22 1 both\n") - 1;
	char *why;

	(void)state;
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		bool whole = n >= first && text[n - 1] == '\n';

		assert_int_equal(parse(text, n, &why), whole ? 0 : -EINVAL);
		free(why);
		if (!whole)
			gave_nothing();
		else
			assert_in_range(out.count, 1, 2);
	}
	accepted(text, sizeof(text) - 1, 3);
}

/* Each byte replaced by each other one: a template or a refusal, and nothing between. */
static void any_byte(void **state)
{
	static const char text[] = HEAD "22 1 both\n23 1\n";
	char copy[sizeof(text)], *why;
	unsigned int good = 0;

	(void)state;
	for (size_t at = 0; at < sizeof(text) - 1; at++)
		for (unsigned int c = 0; c < 256; c++) {
			memcpy(copy, text, sizeof(text));
			copy[at] = (char)c;
			if (parse(copy, sizeof(text) - 1, &why)) {
				assert_non_null(why);
				free(why);
				gave_nothing();
				continue;
			}
			good++;
			assert_null(why);
			/* A line can be lost in a remark, none can be won. */
			assert_in_range(out.count, 1, 2);
		}
	/* Digits for digits, blanks for blanks, remarks: most changes are refused. */
	assert_in_range(good, 60, (sizeof(text) - 1) * 256 / 10);
}

static void huge(void **state)
{
	const size_t size = 2 << 20;
	char *text = malloc(size), row[32];
	size_t len;

	(void)state;
	/* As many policies as there can be, then one more. */
	len = (size_t)sprintf(text, HEAD);
	for (unsigned int i = 0; i < COFFER_TEMPLATE_MAX; i++)
		len += (size_t)sprintf(text + len, "%u %u\n", i, i);
	accepted(text, len, COFFER_TEMPLATE_MAX);
	assert_int_equal(out.list[COFFER_TEMPLATE_MAX - 1].value, COFFER_TEMPLATE_MAX - 1);
	for (unsigned int i = COFFER_TEMPLATE_MAX; len < size - sizeof(row); i++)
		len += (size_t)sprintf(text + len, "%u 1\n", i);
	refused(text, len, COFFER_TEMPLATE_MAX + 2, "too many policies");
	/* Empty lines; one remark; one word; one line of blanks. */
	memset(text, '\n', size);
	refused(text, size, (unsigned int)size, "no policy in it");
	memset(text, '#', size - 1);
	refused(text, size, 1, "no policy in it");
	memset(text, '1', size - 1);
	refused(text, size, 1, "too long");
	memset(text, ' ', size);
	refused(text, size, 1, "no end");
	free(text);
}

/* ---- Files ------------------------------------------------------------------------- */

static char folder[] = "/tmp/cli_template.XXXXXX";
static char path[64];

static int folder_new(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/t", folder);
	return 0;
}

static int folder_gone(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* The option as typed; NULL: not given. */
static coffer_rc read_as(struct cli *cli, const char *file, bool hsm, struct coffer_init *how)
{
	static struct cli_words words;
	static struct cli_args args;
	char line[256], message[256];
	const char *at = line;

	snprintf(line, sizeof(line), "%s init -label x%s%s", hsm ? "hsm" : "partition",
		 file ? " -applytemplate " : "", file ? file : "");
	assert_null(cli_split(&at, &words));
	assert_int_equal(cli_parse(&words, &args, message, sizeof(message)), 0);
	memset(cli, 0, sizeof(*cli));
	memset(how, 0, sizeof(*how));
	return cli_template_read(cli, &args, hsm, &out, how);
}

/* @len bytes: the text, then a remark that fills it up. */
static void file_of(const char *text, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	if (len)
		fputc('#', f);
	for (size_t n = strlen(text) + 2; n < len; n++)
		fputc('x', f);
	if (len)
		fputc('\n', f);
	assert_int_equal(fclose(f), 0);
}

static void file_refused(const char *file, bool hsm, const char *says)
{
	struct coffer_init how;
	struct cli cli;

	assert_int_not_equal(read_as(&cli, file, hsm, &how), 0);
	assert_int_equal(cli.override, CLI_USAGE);
	assert_null(how.policies);
	/* Which file, and why. */
	if (strncmp(cli.message, file, strlen(file)) || !strstr(cli.message, says))
		fail_msg("%s", cli.message);
}

static void files(void **state)
{
	struct coffer_init how;
	struct cli cli;

	(void)state;
	assert_int_equal(read_as(&cli, NULL, false, &how), 0);
	assert_null(how.policies);
	file_of(HEAD "22 1 on\n", 0);
	assert_int_equal(read_as(&cli, path, false, &how), 0);
	assert_ptr_equal(how.policies, &out);
	assert_int_equal(out.count, 1);
	file_refused(path, true, "made for a partition: partition init");
	file_of("coffer-policies 1 hsm\n16 1\n", 0);
	assert_int_equal(read_as(&cli, path, true, &how), 0);
	assert_true(how.policies->hsm);
	file_refused(path, false, "made for a card: hsm init");
	/* The largest file, and one byte more. */
	file_of(HEAD "22 1\n", 65536);
	assert_int_equal(read_as(&cli, path, false, &how), 0);
	file_of(HEAD "22 1\n", 65537);
	file_refused(path, false, strerror(EFBIG));
	file_of("", 0);
	file_refused(path, false, "line 0: no policy in it");
	file_of(HEAD "22 1\n22 0\n", 0);
	file_refused(path, false, "line 3: this policy was there before: 22");
	file_refused(folder, false, strerror(EISDIR));
	file_refused("/nowhere/at/all", false, strerror(ENOENT));
	file_refused("/dev/zero", false, strerror(EFBIG));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_form),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(any_byte),
		cmocka_unit_test(huge),
		cmocka_unit_test_setup_teardown(files, folder_new, folder_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
