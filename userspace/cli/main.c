// SPDX-License-Identifier: BSD-3-Clause
/*
 * coffer: the operators' command line. Global options, then what to run: commands as arguments, a
 * script, standard input, or the interactive shell.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cli.h"
#include "complete.h"
#include "names.h"

static const char usage_head[] =
	"usage: coffer [OPTION]... [COMMAND]\n"
	"       coffer [OPTION]... 'COMMAND; COMMAND'\n"
	"       coffer [OPTION]... -f SCRIPT\n"
	"       coffer [OPTION]...            shell, or commands from standard input\n"
	"\n";
static const char usage_tail[] =
	"\n"
	"Passwords also come from $CREDENTIALS_DIRECTORY/coffer.ROLE (systemd credentials).\n"
	"Exit status: 0 good, 1 failed, 2 wrong use, 3 no card, 4 login or role,\n"
	"5 refused by policy or domain, 6 some objects only, 124 out of time.\n"
	"`coffer help` lists the commands, `man coffer` has more.\n";

struct invocation {
	const char *script;
	int first;		/* index of the first command word */
	int done;		/* -1, or the exit status of something answered at once */
};

/* With -o json standard output has the one document that a command would have written. */
__attribute__((format(printf, 2, 3)))
static int complain(struct cli *cli, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (cli->set.json)
		cli_run_refused(cli, text);
	else
		fprintf(stderr, "coffer: %s (see coffer --help)\n", text);
	return CLI_USAGE;
}

static void print_usage(void)
{
	const struct cli_option *o;
	char name[64];

	fputs(usage_head, stdout);
	for (o = cli_globals; o->name; o++) {
		snprintf(name, sizeof(name), "%s%s%s--%s %s", o->brief ? "-" : "",
			 o->brief ? o->brief : "", o->brief ? ", " : "", o->name,
			 cli_value_name(o));
		printf("  %-24s%s\n", name, o->help);
	}
	fputs(usage_tail, stdout);
}

/* ---- Global options ---------------------------------------------------------------- */

static int set_pin(struct cli *cli, const char *name, const char *value, bool from_fd)
{
	uint64_t fd;
	int ret;

	if (from_fd) {
		if (!names_number(value, 1 << 20, &fd))
			return complain(cli, "%s wants the number of a descriptor", name);
		ret = secret_from_fd((int)fd, &cli->set.pin);
	} else {
		cli_warn_open(cli, value);
		ret = secret_from_file(value, &cli->set.pin);
	}
	if (ret)
		return complain(cli, "%s %s: %s", name, value, strerror(-ret));
	cli->set.pin_given = true;
	return 0;
}

static int set_number(struct cli *cli, const char *name, const char *value, uint64_t max,
		      unsigned int *out)
{
	uint64_t number;

	if (!names_number(value, max, &number))
		return complain(cli, "%s wants a number up to %llu", name, (unsigned long long)max);
	*out = (unsigned int)number;
	return 0;
}

static int set_output(struct cli *cli, const char *value)
{
	if (!strcasecmp(value, "json"))
		cli->set.json = cli->out.json = true;
	else if (strcasecmp(value, "text"))
		return complain(cli, "-o wants text or json");
	return 0;
}

static int set_color(struct cli *cli, const char *value)
{
	static const char *const words[] = {
		[TERM_COLOR_AUTO] = "auto", [TERM_COLOR_ALWAYS] = "always",
		[TERM_COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(value, words[i])) {
			cli->set.color = (enum term_color)i;
			return 0;
		}
	return complain(cli, "--color wants auto, always or never");
}

static int set_valued(struct cli *cli, struct invocation *in, enum cli_global what,
		      const char *name, const char *value)
{
	switch (what) {
	case CLI_GLOBAL_CARDS:
		cli->set.cards = value;
		return 0;
	case CLI_GLOBAL_SLOT:
		cli->set.slot = value;
		return 0;
	case CLI_GLOBAL_LOGIN:
		cli->set.login = value;
		return 0;
	case CLI_GLOBAL_PIN_FILE:
		return set_pin(cli, name, value, false);
	case CLI_GLOBAL_PIN_FD:
		return set_pin(cli, name, value, true);
	case CLI_GLOBAL_FILE:
		in->script = value;
		return 0;
	case CLI_GLOBAL_OUTPUT:
		return set_output(cli, value);
	case CLI_GLOBAL_COLOR:
		return set_color(cli, value);
	default:
		return set_number(cli, name, value, 86400, &cli->set.timeout_s);
	}
}

static void set_flag(struct cli *cli, struct invocation *in, enum cli_global what)
{
	switch (what) {
	case CLI_GLOBAL_KEEP_GOING:
		cli->set.keep_going = true;
		break;
	case CLI_GLOBAL_ECHO:
		cli->set.echo = true;
		break;
	case CLI_GLOBAL_DRY_RUN:
		cli->set.dry_run = true;
		break;
	case CLI_GLOBAL_YES:
		cli->set.yes = true;
		break;
	case CLI_GLOBAL_NON_INTERACTIVE:
		cli->set.non_interactive = true;
		break;
	case CLI_GLOBAL_VERSION:
		printf("coffer %s\n", coffer_version());
		in->done = CLI_OK;
		break;
	default:
		print_usage();
		in->done = CLI_OK;
	}
}

/* The option of "--name", "-n" or "--name=..."; *value gets what stands behind '=', or NULL. */
static const struct cli_option *global_named(const char *word, const char **value)
{
	char name[32];
	size_t len;

	word += word[1] == '-' ? 2 : 1;
	len = strcspn(word, "=");
	*value = word[len] ? word + len + 1 : NULL;
	snprintf(name, sizeof(name), "%.*s", (int)len, word);
	return len < sizeof(name) ? cli_global_find(name) : NULL;
}

/* The option in argv[*at]; *at is moved to its last word. 0 or an exit status. */
static int take_global(struct cli *cli, struct invocation *in, int argc, char **argv, int *at)
{
	const char *value;
	const struct cli_option *g = global_named(argv[*at], &value);

	if (!g)
		return complain(cli, "there is no option %s", argv[*at]);
	if (g->kind == CLI_FLAG) {
		if (value)
			return complain(cli, "--%s takes no value", g->name);
		set_flag(cli, in, (enum cli_global)(g - cli_globals));
		return 0;
	}
	if (!value && *at + 1 == argc)
		return complain(cli, "--%s needs a value", g->name);
	if (!value)
		value = argv[++*at];
	return set_valued(cli, in, (enum cli_global)(g - cli_globals), g->name, value);
}

/* Looked for before all else: what is wrong with other options is told in that form, too. */
static bool wants_json(int argc, char **argv)
{
	const struct cli_option *g;
	const char *value;

	for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++) {
		g = global_named(argv[i], &value);
		if (!g || g->kind == CLI_FLAG)
			continue;
		if (!value && i + 1 < argc)
			value = argv[++i];
		if (g == &cli_globals[CLI_GLOBAL_OUTPUT] && value && !strcasecmp(value, "json"))
			return true;
	}
	return false;
}

static int take_globals(struct cli *cli, struct invocation *in, int argc, char **argv)
{
	int at, ret;

	for (at = 1; at < argc && in->done < 0; at++) {
		if (argv[at][0] != '-')
			break;
		if (!strcmp(argv[at], "--")) {
			at++;
			break;
		}
		ret = take_global(cli, in, argc, argv, &at);
		if (ret)
			return ret;
	}
	in->first = at;
	if (in->done < 0 && in->script && in->first < argc)
		return complain(cli, "a script and commands at once");
	return 0;
}

/* ---- Commands on the command line -------------------------------------------------- */

static bool needs_quotes(const char *word)
{
	return !*word || strpbrk(word, " \t\r\n;#'\"\\");
}

/* A single word is text as it is; several are words as the caller's shell split them. */
static void join(char *text, char *const *words, int count)
{
	char *p = text;

	if (count == 1) {
		strcpy(text, words[0]);
		return;
	}
	for (int i = 0; i < count; i++) {
		bool quote = needs_quotes(words[i]) && strcmp(words[i], ";");

		if (i)
			*p++ = ' ';
		if (quote)
			*p++ = '"';
		for (const char *c = words[i]; *c; c++) {
			if (quote && (*c == '"' || *c == '\\'))
				*p++ = '\\';
			*p++ = *c;
		}
		if (quote)
			*p++ = '"';
	}
	*p = '\0';
}

static bool any_secret(const char *text)
{
	struct cli_words words;
	bool found = false;

	while (*text && !found) {
		if (cli_split(&text, &words))
			break;
		found = words.count && cli_has_secret(&words);
	}
	explicit_bzero(&words, sizeof(words));
	return found;
}

/* Other users can read the arguments of a process: take secrets out as soon as possible. */
static void scrub(char **words, int count)
{
	out_note(NULL, "coffer: warning: a secret on the command line can be seen by others; "
		 "better: -password-file, --pin-file, --pin-fd, a credential or the prompt");
	for (int i = 0; i < count; i++)
		memset(words[i], '*', strlen(words[i]));
}

static enum cli_status run_words(struct cli *cli, char **words, int count)
{
	enum cli_status status;
	size_t room = 1;
	char *text;

	for (int i = 0; i < count; i++)
		room += 2 * strlen(words[i]) + 3;
	text = malloc(room);
	if (!text)
		return CLI_FAILED;
	join(text, words, count);
	if (any_secret(text))
		scrub(words, count);
	status = cli_run_preamble(cli);
	if (!status)
		status = cli_run_text(cli, text);
	explicit_bzero(text, room);
	free(text);
	return status;
}

static enum cli_status run(struct cli *cli, const struct invocation *in, int argc, char **argv)
{
	enum cli_status status;

	if (in->first < argc)
		return run_words(cli, argv + in->first, argc - in->first);
	status = cli_run_preamble(cli);
	if (status)
		return status;
	if (in->script)
		return cli_run_script(cli, in->script);
	if (isatty(STDIN_FILENO) && !cli->set.json)
		return cli_shell(cli);
	return cli_run_script(cli, "-");
}

int main(int argc, char **argv)
{
	struct invocation in = { .done = -1 };
	static struct cli cli;
	int status;

	/* Passwords are in this memory: leave no core file. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
	/* A reader that goes away ends the output, not the card's work in its middle. */
	signal(SIGPIPE, SIG_IGN);
	term_set_locale();
	cli.set.json = cli.out.json = wants_json(argc, argv);
	if (argc > 2 && !strcmp(argv[1], "--complete"))
		cli_complete_words(&cli, argv + 2, argc - 2);
	status = take_globals(&cli, &in, argc, argv);
	cli.out.color = term_colored(cli.set.color, isatty(STDOUT_FILENO), getenv("NO_COLOR"),
				     getenv("TERM"));
	if (!status && in.done < 0)
		status = (int)run(&cli, &in, argc, argv);
	cli_finish(&cli);
	if (fflush(stdout) || ferror(stdout))
		return status ? status : CLI_FAILED;
	return status;
}
