// SPDX-License-Identifier: BSD-3-Clause
/*
 * Completion: what may stand at the cursor, for every command of the table and for values that
 * cards know, here a made-up card.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "complete.h"

/* ---- The card ------------------------------------------------------------------------ */

static struct cli_want wanted;		/* last asked */
static unsigned int asked;

static void values(void *arg, const struct cli_want *want, struct cli_candidates *found)
{
	(void)arg;
	wanted = *want;
	asked++;
	switch (want->kind) {
	case CLI_SLOT:
		cli_candidates_add(found, "0", "payments");
		cli_candidates_add(found, "payments", "");
		cli_candidates_add(found, "1", "stand by");
		cli_candidates_add(found, "9000", "card0");
		break;
	case CLI_OBJECT:
		cli_candidates_add(found, "124", "secret key master");
		cli_candidates_add(found, "master", "secret key");
		cli_candidates_add(found, "a,b", "data");
		cli_candidates_add(found, "140", "public key pay roll");
		break;
	case CLI_LABEL:
		cli_candidates_add(found, "master", "secret key");
		cli_candidates_add(found, "pay roll", "public key");
		cli_candidates_add(found, "Pay \"slip\"", "public key");
		break;
	case CLI_POLICIES:
		cli_candidates_add(found, "22", "Allow activation (0)");
		cli_candidates_add(found, "23", "Allow auto-activation (0)");
		break;
	case CLI_ROLE:
		if (want->slot)
			cli_candidates_add(found, "Crypto Officer", "Crypto Officer");
		break;
	default:
		cli_candidates_add(found, "something", NULL);
	}
}

static const struct cli_live card = { .values = values };

/* ---- Asking -------------------------------------------------------------------------- */

static struct cli_line line;
static struct cli_candidates found;

/* "a b c": the candidates at the end of @text; "-" = nothing can be completed there. */
static const char *at(const char *text)
{
	static char list[8192];
	struct cli_live live = card;

	cli_candidates_free(&found);
	memset(&wanted, 0, sizeof(wanted));
	if (!cli_line_read(text, &line))
		return "-";
	live.slot = *line.slot ? line.slot : NULL;
	cli_complete(&line.words, &live, &found);
	list[0] = '\0';
	for (size_t i = 0; i < found.count; i++) {
		strcat(list, i ? " | " : "");
		strcat(list, found.list[i].text);
	}
	return list;
}

static bool offers(const char *text, const char *word)
{
	at(text);
	for (size_t i = 0; i < found.count; i++)
		if (!strcmp(found.list[i].text, word))
			return true;
	return false;
}

/* ---- Commands ------------------------------------------------------------------------ */

static void nouns(void **state)
{
	(void)state;
	assert_string_equal(at("sl"), "slot");
	assert_string_equal(at("PAR"), "partition");
	/* A short form that is complete becomes the name; others may begin with it. */
	assert_string_equal(at("cc"), "clientconfig");
	assert_string_equal(at("p"), "partition | ped");
	assert_string_equal(at("frobnicate"), "");
	assert_string_equal(at("slot list; mig"), "migrate");
	for (const struct cli_command *c = cli_commands; c->noun; c++)
		if (!(c->flags & CLI_CMD_ABSENT))
			assert_true(offers("", c->noun));
	/* Known, but nobody is led there. */
	assert_string_equal(at("remote"), "");
	assert_string_equal(at("role recov"), "");
}

static void verbs(void **state)
{
	(void)state;
	assert_string_equal(at("partition archive ver"), "verify");
	assert_string_equal(at("par ar v"), "verify");
	assert_string_equal(at("par ar"), "archive");
	assert_string_equal(at("ha cre"), "creategroup");
	assert_string_equal(at("ha cg"), "creategroup");
	assert_string_equal(at("partition clo"), "clone");
	assert_string_equal(at("partition nonsense x"), "");
	assert_string_equal(at("help partition archive ver"), "verify");
	assert_string_equal(at("help mig"), "migrate");
	assert_string_equal(at("help migrate "), "");
}

/* Every command of the table, word by word, and every option of it. */
static void everything_in_the_table(void **state)
{
	char text[256], name[64];

	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "%s ", c->noun);

		if (c->flags & CLI_CMD_ABSENT)
			continue;
		for (const char *verb = c->verb; verb && *verb;) {
			size_t len = strcspn(verb, " ");

			snprintf(name, sizeof(name), "%.*s", (int)len, verb);
			assert_true(offers(text, name));
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s ", name);
			verb += len + (verb[len] == ' ');
		}
		for (const struct cli_option *o = c->options; o && o->name; o++) {
			if (o->kind == CLI_COMMAND)
				continue;
			snprintf(name, sizeof(name), "-%s", o->name);
			strcpy(text + at, "-");
			assert_true(offers(text, name));
			strcat(text, o->name);
			assert_true(offers(text, name));
			strcat(name, "-file");
			assert_int_equal(offers(text, name), o->kind == CLI_SECRET);
			snprintf(text + at, sizeof(text) - at, "-%s x -", o->name);
			snprintf(name, sizeof(name), "-%s", o->name);
			if (o->kind != CLI_FLAG)
				assert_false(offers(text, name));
			text[at] = '\0';
		}
	}
}

static void options(void **state)
{
	(void)state;
	assert_string_equal(at("partition clone -obj"), "-objects");
	assert_string_equal(at("partition clone --OBJ"), "--objects");
	assert_string_equal(at("par cl -np"), "-nopreflight");
	assert_false(offers("partition clone -objects 1 -", "-objects"));
	assert_false(offers("partition clone -o 1 -", "-objects"));
	assert_false(offers("partition clone -force -", "-force"));
	assert_true(offers("partition clone -password-f", "-password-file"));
	assert_false(offers("partition clone -password-file f -", "-password"));
	/* A quoted word is a value, whatever it looks like. */
	assert_string_equal(at("partition clone \"-obj"), "");
}

/* ---- Values -------------------------------------------------------------------------- */

static void slots(void **state)
{
	(void)state;
	assert_string_equal(at("slot set -slot "), "0 | 1 | 9000");
	assert_string_equal(found.list[1].help, "stand by");
	assert_string_equal(at("slot set -slot 9"), "9000");
	/* Labels are for who begins one. */
	assert_string_equal(at("slot set -slot pay"), "payments");
	assert_string_equal(at("slot set -slot=9"), "-slot=9000");
	assert_string_equal(at("slot set 9"), "9000");
	assert_true(offers("slot set ", "9000") && offers("slot set ", "-slot"));
	assert_string_equal(at("slot set 9 "), "");
}

static void objects(void **state)
{
	(void)state;
	assert_string_equal(at("partition clone -objects "), "all | 124 | 140");
	assert_string_equal(at("partition clone -objects 1"), "124 | 140");
	assert_string_equal(at("partition clone -objects 124,"), "124,140");
	assert_null(wanted.slot);
	assert_string_equal(at("object show -handle 12"), "124");
	assert_string_equal(at("object show -handle ma"), "master");
	assert_string_equal(at("partition clone -objects 124,ma"), "124,master");
	/* A comma would end it: not offered in a list. */
	assert_string_equal(at("partition clone -objects a"), "all");
	assert_string_equal(at("object show -handle a"), "a,b");
	/* Handles of an archive are not those of the current slot. */
	assert_string_equal(at("partition archive restore -objects "), "all");
	/* The slot that gets the clones has other objects; that of migrate -from is meant. */
	at("partition clone -slot 1 -objects ");
	assert_null(wanted.slot);
	at("migrate -to 1 -from 3 -objects ");
	assert_string_equal(wanted.slot, "3");
}

static void labels(void **state)
{
	char word[64];

	(void)state;
	assert_string_equal(at("object sign -label pay"), "pay roll | Pay \"slip\"");
	assert_string_equal(at("object sign -label \"pay r"), "pay roll");
	assert_int_equal(line.quote, '"');
	assert_int_equal(line.start, strlen("object sign -label "));
	assert_true(cli_line_quote("pay roll", 0, true, word, sizeof(word)));
	assert_string_equal(word, "\"pay roll\"");
	assert_true(cli_line_quote("pay", 0, false, word, sizeof(word)));
	assert_string_equal(word, "pay");
	assert_true(cli_line_quote("pay ", '\'', false, word, sizeof(word)));
	assert_string_equal(word, "'pay ");
	assert_true(cli_line_quote("Pay \"slip\"", 0, true, word, sizeof(word)));
	assert_string_equal(word, "\"Pay \\\"slip\\\"\"");
	assert_true(cli_line_quote("it's", '\'', true, word, sizeof(word)));
	assert_string_equal(word, "\"it's\"");
	assert_false(cli_line_quote("much too long for it", '"', true, word, 12));
}

/* What is completed and quoted is, once more, the word that was meant. */
static void quoting_comes_back(void **state)
{
	static const char *const texts[] = { "a", "a b", "a\"b", "a\\", "a'b", "#a", "a;b", " ",
					     "'\"\\ " };
	struct cli_words words;
	char word[64];

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		for (const char *quote = " \"'"; *quote; quote++) {
			const char *text = word;

			assert_true(cli_line_quote(texts[i], *quote == ' ' ? 0 : *quote, true,
						   word, sizeof(word)));
			assert_null(cli_split(&text, &words));
			assert_int_equal(words.count, 1);
			assert_string_equal(words.word[0].text, texts[i]);
		}
}

static void lists_choices_and_roles(void **state)
{
	(void)state;
	assert_string_equal(at("object generate e"), "ec | ed25519");
	assert_string_equal(at("audit config -events log"), "login");
	assert_string_equal(at("audit config -events login,"),
			    "login,manage | login,keys | login,use | login,all | login,none");
	assert_string_equal(at("partition changepolicy -policy 22,"), "22,23");
	assert_false(wanted.hsm);
	at("hsm changehsmpolicy -policy ");
	assert_true(wanted.hsm);
	/* Without an answer from a card: those that there are. */
	assert_string_equal(at("role login -name c"), "co | cu");
	assert_string_equal(at("partition archive contents -partition "), "");
	at("partition archive contents -slot 2 -partition ");
	assert_int_equal(wanted.kind, CLI_ARCHIVE);
	assert_string_equal(wanted.slot, "2");
}

static void secrets_are_never_asked_for(void **state)
{
	unsigned int before = asked;

	(void)state;
	assert_string_equal(at("role login -name co -password "), "");
	assert_int_equal(found.files, CLI_FILES_NONE);
	assert_string_equal(at("role login -name co -password-file "), "");
	assert_int_equal(found.files, CLI_FILES_ALL);
	assert_int_equal(asked, before);
	at("card export ");
	assert_int_equal(found.files, CLI_FILES_FOLDERS);
}

/* ---- Lines and files ----------------------------------------------------------------- */

static void lines(void **state)
{
	static char full[CLI_MAX_LINE + 2];

	(void)state;
	assert_string_equal(at("# slot"), "-");
	assert_string_equal(at("slot list # sl"), "-");
	assert_string_equal(at("slot list;"), at(""));
	assert_string_equal(at("object import -label 'a; b' -ty"), "-type");
	assert_string_equal(at("object import -label \"a\\"), "-");
	memset(full, 'a', CLI_MAX_LINE + 1);
	assert_string_equal(at(full), "-");
	for (size_t i = 0; i + 2 < sizeof(full); i += 2)
		memcpy(full + i, "a ", 3);
	assert_string_equal(at(full), "-");
}

/* Objects, roles ... are those of the slot that the line itself goes to before. */
static void slot_of_the_line(void **state)
{
	(void)state;
	at("slot list; object sign -label ");
	assert_null(wanted.slot);
	at("slot set -slot 1; object sign -label ");
	assert_string_equal(wanted.slot, "1");
	at("s s 1; slot set -slot=\"stand by\"; role login -name ");
	assert_string_equal(wanted.slot, "stand by");
	/* What is typed yet, and what names its own, does not follow it. */
	at("slot set -slot ");
	assert_null(wanted.slot);
	at("slot set -slot 1; partition archive contents -slot 2 -partition ");
	assert_string_equal(wanted.slot, "2");
}

static const char *global_at(const char *text)
{
	static char list[1024];

	cli_candidates_free(&found);
	assert_true(cli_line_read(text, &line));
	cli_complete_globals(&line.words, &card, &found);
	list[0] = '\0';
	for (size_t i = 0; i < found.count; i++) {
		strcat(list, i ? " | " : "");
		strcat(list, found.list[i].text);
	}
	return list;
}

static void global_options(void **state)
{
	(void)state;
	assert_string_equal(global_at("--pin"), "--pin-file | --pin-fd");
	assert_string_equal(global_at("--slot 1 --s"), "");
	assert_string_equal(global_at("--slot 9"), "9000");
	assert_string_equal(global_at("--slot 1 --login Cr"), "Crypto Officer");
	assert_string_equal(global_at("-o "), "text | json");
	global_at("--pin-file ");
	assert_int_equal(found.files, CLI_FILES_ALL);
	for (const struct cli_option *o = cli_globals; o->name; o++)
		assert_ptr_equal(cli_global_find(o->name), o);
	assert_ptr_equal(cli_global_find("f"), &cli_globals[CLI_GLOBAL_FILE]);
	assert_ptr_equal(cli_globals + CLI_GLOBAL_COUNT, cli_globals + CLI_GLOBAL_HELP + 1);
}

static void files(void **state)
{
	char folder[] = "/tmp/coffer-complete-XXXXXX", path[80];

	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(mkdir("a.coffer", 0700), 0);
	fclose(fopen("a file", "w"));
	fclose(fopen(".hidden", "w"));
	cli_candidates_free(&found);
	cli_complete_files("a", CLI_FILES_ALL, &found);
	assert_int_equal(found.count, 2);
	assert_string_equal(found.list[0].text, "a file");
	assert_string_equal(found.list[1].text, "a.coffer/");
	cli_candidates_free(&found);
	snprintf(path, sizeof(path), "%s/", folder);
	cli_complete_files(path, CLI_FILES_FOLDERS, &found);
	assert_int_equal(found.count, 1);
	cli_candidates_free(&found);
	cli_complete_files("nowhere/", CLI_FILES_ALL, &found);
	assert_int_equal(found.count, 0);
	unlink("a file");
	unlink(".hidden");
	rmdir("a.coffer");
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nouns),
		cmocka_unit_test(verbs),
		cmocka_unit_test(everything_in_the_table),
		cmocka_unit_test(options),
		cmocka_unit_test(slots),
		cmocka_unit_test(objects),
		cmocka_unit_test(labels),
		cmocka_unit_test(quoting_comes_back),
		cmocka_unit_test(lists_choices_and_roles),
		cmocka_unit_test(secrets_are_never_asked_for),
		cmocka_unit_test(lines),
		cmocka_unit_test(slot_of_the_line),
		cmocka_unit_test(global_options),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("cli_complete", tests, NULL, NULL);
}
