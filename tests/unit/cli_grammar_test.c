// SPDX-License-Identifier: BSD-3-Clause
/*
 * The grammar of behaviour.md section 6 as data: each command with its short form, each option
 * with its own, is known to the table; in any case of letters, with one dash or two, with the
 * value apart or behind '='; and each level answers "?".
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "parse.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Command, its short form, its options as name:brief. */
static const struct {
	const char *command, *brief, *options;
} grammar[] = {
	/* 6.1 partition */
	{ "partition clone", "par cl", "objects:o password:p slot:s force:f" },
	{ "partition contents", "par con", "slot:s" },
	{ "partition init", "par in", "label:l password:p domain:d applytemplate:at domainlabel:dl "
	  "importpeddomain:ipd defaultdomain:def auth:au force:f" },
	{ "partition archive backup", "par ar b", "slot:s partition:pa sopassword:so domain:d "
	  "append:a replace:r objects:o smkonly:smk password:p" },
	{ "partition archive restore", "par ar r", "slot:s partition:pa password:p" },
	{ "partition archive contents", "par ar c", "slot:s partition:pa" },
	{ "partition archive list", "par ar l", "slot:s" },
	{ "partition archive delete", "par ar d", "slot:s partition:pa" },
	{ "partition showpolicies", "par sp", "slot:s verbose:v exporttemplate:et" },
	{ "partition changepolicy", "par cp", "policy:p value:v partition:pa" },
	{ "partition showmechanism", "par sm", "mechanism:m" },
	{ "partition showinfo", "par si", "slot:s" },
	{ "partition domainlist", "par dl", "" },
	{ "partition domainadd", "par da", "domain:d domainlabel:dl domainped:dp primary:p" },
	{ "partition domaindelete", "par dd", "domainlabel:dl force:f" },
	{ "partition domainchangelabel", "par dcl", "domainlabel:dl newlabel:nl primary:p" },
	{ "partition ciphershow", "par cis", "" },
	{ "partition cipherenable", "par cie", "id:i" },
	{ "partition cipherdisable", "par cid", "id:i" },
	{ "partition create", "par cr", "slot:s label:l size:si password:p domain:d "
	  "defaultdomain:def force:f" },
	{ "partition delete", "par del", "slot:s label:l force:f" },
	{ "partition resize", "par rs", "slot:s size:si force:f" },
	{ "partition changelabel", "par chl", "label:l" },
	{ "partition clear", "par clr", "force:f" },
	{ "partition login", "par lo", "password:p" },
	{ "partition logout", "par lout", "" },
	{ "partition activate", "par act", "password:p" },
	{ "partition deactivate", "par dea", "" },
	{ "partition createuser", "par cu", "password:p" },
	{ "partition createchallenge", "par cc", "challengesecret:cs" },
	{ "partition changepw", "par cpw", "oldpw:old newpw:new prompt:p force:f" },
	{ "partition resetpw", "par rpw", "password:p force:f" },
	{ "partition recoveryinit", "par ri", "" },
	{ "partition recoverylogin", "par rl", "" },
	/* 6.2 hagroup */
	{ "hagroup creategroup", "ha cg", "label:l slot:sl serialnumber:se password:p" },
	{ "hagroup addmember", "ha am", "serialnumber:se slot:sl group:g password:p" },
	{ "hagroup addstandby", "ha as", "group:g serialnumber:se" },
	{ "hagroup removestandby", "ha rs", "group:g serialnumber:se" },
	{ "hagroup removemember", "ha rm", "group:g serialnumber:se" },
	{ "hagroup deletegroup", "ha dg", "label:l" },
	{ "hagroup synchronize", "ha sy", "group:g password:p enable:e disable:d" },
	{ "hagroup listgroups", "ha l", "password:p" },
	{ "hagroup recover", "ha re", "group:g" },
	{ "hagroup retry", "ha rt", "count:c" },
	{ "hagroup interval", "ha i", "interval:i" },
	{ "hagroup recoverymode", "ha rmo", "mode:m" },
	{ "hagroup haonly", "ha ho", "enable:e disable:d show:s" },
	{ "hagroup halog", "ha hl", "path:p enable:e disable:d show:s" },
	/* 6.3 role */
	{ "role list", "ro l", "" },
	{ "role init", "ro i", "name:n password:p" },
	{ "role login", "ro in", "name:n password:p" },
	{ "role logout", "ro out", "" },
	{ "role createchallenge", "ro cc", "name:n challengesecret:cs" },
	{ "role changepw", "ro cpw", "name:n oldpw:old newpw:new prompt:p logoutother:lo force:f" },
	{ "role resetpw", "ro rpw", "name:n password:p" },
	{ "role deactivate", "ro de", "name:n" },
	{ "role setdomain", "ro sd", "" },
	{ "role show", "ro s", "name:n" },
	{ "role recoveryinit", "ro ri", "" },
	{ "role recoverylogin", "ro rl", "" },
	/* 6.4 slot, hsm, ped, others */
	{ "slot list", "s l", "" },
	{ "slot set", "s s", "slot:sl" },
	{ "slot configset", "s cse", "" },
	{ "slot configshow", "s csh", "" },
	{ "slot partitionlist", "s pl", "slot:s" },
	{ "hsm init", "h in", "label:l password:p domain:d defaultdomain:def applytemplate:at "
	  "auth:au force:f" },
	{ "hsm showinfo", "h si", "" },
	{ "hsm showpolicies", "h sp", "exporttemplate:et" },
	{ "hsm changehsmpolicy", "h chp", "policy:p value:v" },
	{ "hsm factoryreset", "h fr", "force:f" },
	{ "hsm zeroize", "h z", "force:f" },
	{ "hsm tampershow", "h ts", "" },
	{ "hsm tamperclear", "h tc", "" },
	{ "hsm restart", "h rs", "" },
	{ "hsm selftest", "h st", "" },
	{ "hsm updatefw", "h uf", "" },
	{ "hsm rollbackfw", "h rb", "" },
	{ "hsm updatecap", "h uc", "" },
	{ "hsm monitor", "h mon", "" },
	{ "hsm stcenable", "h se", "" },
	{ "hsm stcdisable", "h sd", "" },
	{ "ped connect", "p c", "ip:i port:po slot:s" },
	{ "ped disconnect", "p d", "" },
	{ "ped vector init", "p v i", "" },
	{ "ped vector erase", "p v e", "" },
	{ "ped get", "p g", "" },
	{ "ped set", "p se", "" },
	{ "ped show", "p s", "" },
	{ "appid", "ap", "" },
	{ "audit init", "au in", "password:p" },
	{ "audit config", "au co", "" },
	{ "audit show", "au s", "" },
	{ "audit verify", "au v", "" },
	{ "clientconfig show", "cc s", "" },
	{ "file", "fi", "" },
	{ "remotebackup", "rb", "" },
	{ "stc", "st", "" },
	{ "stcconfig", "stcc", "" },
	{ "srk", "sr", "" },
};

static struct cli_words words;
static struct cli_args args;
static char message[256];

static int parse(const char *text)
{
	assert_null(cli_split(&text, &words));
	return cli_parse(&words, &args, message, sizeof(message));
}

static const struct cli_command *find(const char *text)
{
	char copy[80];
	const char *list[4];
	size_t count = 0, used;
	const struct cli_command *c;

	snprintf(copy, sizeof(copy), "%s", text);
	for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "))
		list[count++] = w;
	c = cli_command_find(list, count, &used);
	return c && used == count ? c : NULL;
}

static void mix_case(const char *text, char *out)
{
	for (size_t i = 0; (out[i] = text[i]); i++)
		if (i % 2)
			out[i] = (char)toupper((unsigned char)out[i]);
}

static void every_command_is_known_by_both_names(void **state)
{
	char mixed[80];

	(void)state;
	for (size_t i = 0; i < COUNT(grammar); i++) {
		const struct cli_command *c = find(grammar[i].command);

		if (!c || find(grammar[i].brief) != c)
			fail_msg("%s or %s is unknown", grammar[i].command, grammar[i].brief);
		mix_case(grammar[i].command, mixed);
		assert_ptr_equal(find(mixed), c);
		mix_case(grammar[i].brief, mixed);
		assert_ptr_equal(find(mixed), c);
	}
}

/* Is each word of @cut one of the two names that its place has? */
static bool is_named(const char *cut, const char *full, const char *brief)
{
	while (*cut) {
		size_t n = strcspn(cut, " "), f = strcspn(full, " "), b = strcspn(brief, " ");

		if (!(n == f && !memcmp(cut, full, n)) && !(n == b && !memcmp(cut, brief, n)))
			return false;
		cut += n + (cut[n] == ' ');
		full += f + (full[f] == ' ');
		brief += b + (brief[b] == ' ');
	}
	return true;
}

/* A short form is exact: neither less nor more of a word is taken for it. */
static void no_other_abbreviation_is_taken(void **state)
{
	char cut[80];

	(void)state;
	for (size_t i = 0; i < COUNT(grammar); i++) {
		const struct cli_command *c = find(grammar[i].command);
		size_t len = strlen(grammar[i].command);

		for (size_t n = 1; n < 4 && n < len; n++) {
			snprintf(cut, sizeof(cut), "%.*s", (int)(len - n), grammar[i].command);
			if (find(cut) == c && !is_named(cut, grammar[i].command, grammar[i].brief))
				fail_msg("%s is taken for %s", cut, grammar[i].command);
		}
	}
}

/* What the option may be given as value. */
static const char *sample(const struct cli_option *o, char *memory, size_t room)
{
	if (o->kind == CLI_CHOICE) {
		snprintf(memory, room, "%.*s", (int)strcspn(o->choices, "|"), o->choices);
		return memory;
	}
	return cli_value_wants(o, "MiXed") ? "7" : "MiXed";
}

static void takes(const char *command, const char *form, const struct cli_option *o,
		  const char *name)
{
	char line[200], memory[40];
	const char *value = sample(o, memory, sizeof(memory));

	if (o->kind == CLI_FLAG)
		value = "";
	snprintf(line, sizeof(line), form, command, name, value);
	if (parse(line))
		fail_msg("%s: %s", line, message);
	assert_true(cli_args_given(&args, o->name));
	if (o->kind != CLI_FLAG)	/* a value keeps its case */
		assert_string_equal(cli_args_text(&args, o->name, ""), value);
}

static void every_form_of(const char *command, const char *name, const char *brief)
{
	const struct cli_command *c = find(command);
	const struct cli_option *o = c->options;
	char mixed[64];

	for (; o && o->name && strcmp(o->name, name); o++)
		;
	if (!o || !o->name || !o->brief || strcasecmp(o->brief, brief))
		fail_msg("%s has no -%s (-%s)", command, name, brief);
	mix_case(name, mixed);
	takes(command, "%s -%s %s", o, name);
	takes(command, "%s -%s %s", o, brief);
	takes(command, "%s --%s %s", o, mixed);
	if (o->kind == CLI_FLAG)
		return;
	takes(command, "%s --%s=%s", o, name);
	takes(command, "%s -%s='%s'", o, brief);
	takes(command, "%s -%s \"%s\"", o, name);
}

static void every_option_is_known_by_both_names(void **state)
{
	char name[40], brief[8];
	int used;

	(void)state;
	for (size_t i = 0; i < COUNT(grammar); i++)
		for (const char *o = grammar[i].options; *o; o += used) {
			used = 0;
			assert_int_equal(sscanf(o, " %39[a-z]:%7[a-z]%n", name, brief, &used), 2);
			every_form_of(grammar[i].command, name, brief);
		}
}

static void asks(const char *line, const struct cli_command *command)
{
	if (parse(line) || !args.help || args.command != command)
		fail_msg("%s is no question", line);
}

/* "?", "help", -help and --help, behind nothing, a noun, some of a verb, a command. */
static void every_level_answers_questions(void **state)
{
	char line[160];

	(void)state;
	asks("?", NULL);
	for (const struct cli_noun *n = cli_nouns; n->name; n++) {
		snprintf(line, sizeof(line), "%s ?", n->name);
		assert_int_equal(parse(line), 0);
		assert_true(args.help);
	}
	asks("partition ?", NULL);
	asks("PAR ?", NULL);
	asks("partition help", NULL);
	asks("partition archive ?", NULL);
	asks("partition archive help", NULL);
	for (size_t i = 0; i < COUNT(grammar); i++) {
		const struct cli_command *c = find(grammar[i].command);
		static const char *const forms[] = { "%s ?", "%s help", "%s -help", "%s --help" };

		for (size_t f = 0; f < COUNT(forms); f++) {
			snprintf(line, sizeof(line), forms[f], grammar[i].command);
			assert_non_null(c);
			asks(line, c);
		}
	}
	asks("partition clone -slot 1 ?", find("partition clone"));
	/* Values are none. */
	assert_int_equal(parse("object show -label \"?\""), 0);
	assert_false(args.help);
	assert_int_equal(parse("object show -label help"), 0);
	assert_false(args.help);
	assert_int_equal(parse("help partition"), 0);
	assert_false(args.help);
	assert_int_not_equal(parse("frobnicate help"), 0);
}

/* A word that does not apply is known, whatever comes behind it. */
static void what_does_not_apply_is_known(void **state)
{
	size_t count = 0;
	char line[160], name[64];

	(void)state;
	for (const struct cli_command *c = cli_commands; c->noun; c++) {
		if (!(c->flags & CLI_CMD_ABSENT))
			continue;
		snprintf(line, sizeof(line), "%s -slot 3 -any thing at all",
			 cli_command_name(c, name, sizeof(name)));
		assert_int_equal(parse(line), 0);
		assert_ptr_equal(args.command, c);
		assert_int_equal(strncmp(c->help, "does not apply: ", 16), 0);
		assert_null(c->options);
		count++;
	}
	assert_true(count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_known_by_both_names),
		cmocka_unit_test(no_other_abbreviation_is_taken),
		cmocka_unit_test(every_option_is_known_by_both_names),
		cmocka_unit_test(every_level_answers_questions),
		cmocka_unit_test(what_does_not_apply_is_known),
	};

	return cmocka_run_group_tests_name("cli_grammar", tests, NULL, NULL);
}
