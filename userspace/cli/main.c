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

static const char usage_text[] =
	"usage: coffer [OPTION]... [COMMAND]\n"
	"       coffer [OPTION]... 'COMMAND; COMMAND'\n"
	"       coffer [OPTION]... -f SCRIPT\n"
	"       coffer [OPTION]...            shell, or commands from standard input\n"
	"\n"
	"  --cards LIST        card folders, device nodes, ssh:HOST:CARD; commas between.\n"
	"                      Default: $COFFER_CARDS, else every /dev/cofferN\n"
	"  --slot SLOT         begin at this slot: number, label, serial:N, PKCS#11 URI\n"
	"  --login ROLE        log in there first\n"
	"  --pin-file FILE     with the password in the first line of FILE\n"
	"  --pin-fd N          with the password in the first line of descriptor N\n"
	"  -f, --file SCRIPT   commands, one or more a line; # begins a comment\n"
	"  --keep-going        go on after a command that failed; the worst gives the exit status\n"
	"  --echo              show each command before its result (secrets starred)\n"
	"  -o, --output FORM   text or json: one document per command\n"
	"  --dry-run           change nothing; clone and restore check what they can\n"
	"  --yes               do not ask for proceed or quit\n"
	"  --non-interactive   never ask anything: fail with status 2 instead\n"
	"  --timeout S         give up on a card after S seconds\n"
	"  --completions bash|zsh, --man   write a completion script, the manual page\n"
	"  --version, --help\n"
	"\n"
	"Passwords also come from $CREDENTIALS_DIRECTORY/coffer.ROLE (systemd credentials).\n"
	"Exit status: 0 good, 1 failed, 2 wrong use, 3 no card, 4 login or role,\n"
	"5 refused by policy or domain, 6 some objects only, 124 out of time.\n"
	"`coffer help` lists the commands.\n";

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

/* ---- Global options ---------------------------------------------------------------- */

static int set_pin(struct cli *cli, const char *name, const char *value, bool from_fd)
{
	uint64_t fd;
	int ret;

	if (from_fd) {
		if (!cli_number(value, 1 << 20, &fd))
			return complain(cli, "%s wants the number of a descriptor", name);
		ret = secret_from_fd((int)fd, &cli->set.pin);
	} else {
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

	if (!cli_number(value, max, &number))
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

enum global {
	G_CARDS, G_SLOT, G_LOGIN, G_PIN_FILE, G_PIN_FD, G_FILE, G_OUTPUT, G_TIMEOUT, G_COMPLETIONS,
	G_LAST_WITH_VALUE = G_COMPLETIONS,
	G_KEEP_GOING, G_ECHO, G_DRY_RUN, G_YES, G_NON_INTERACTIVE, G_MAN, G_VERSION, G_HELP,
};

static const struct global_option {
	const char *name, *brief;
	enum global what;
} globals[] = {
	{ "cards", NULL, G_CARDS }, { "slot", NULL, G_SLOT }, { "login", NULL, G_LOGIN },
	{ "pin-file", NULL, G_PIN_FILE }, { "pin-fd", NULL, G_PIN_FD }, { "file", "f", G_FILE },
	{ "output", "o", G_OUTPUT }, { "timeout", NULL, G_TIMEOUT },
	{ "completions", NULL, G_COMPLETIONS }, { "keep-going", NULL, G_KEEP_GOING },
	{ "echo", NULL, G_ECHO }, { "dry-run", NULL, G_DRY_RUN }, { "yes", "y", G_YES },
	{ "non-interactive", NULL, G_NON_INTERACTIVE }, { "man", NULL, G_MAN },
	{ "version", NULL, G_VERSION }, { "help", "h", G_HELP },
};

static int set_valued(struct cli *cli, struct invocation *in, enum global what, const char *name,
		      const char *value)
{
	switch (what) {
	case G_CARDS:
		cli->set.cards = value;
		return 0;
	case G_SLOT:
		cli->set.slot = value;
		return 0;
	case G_LOGIN:
		cli->set.login = value;
		return 0;
	case G_PIN_FILE:
		return set_pin(cli, name, value, false);
	case G_PIN_FD:
		return set_pin(cli, name, value, true);
	case G_FILE:
		in->script = value;
		return 0;
	case G_OUTPUT:
		return set_output(cli, value);
	case G_TIMEOUT:
		return set_number(cli, name, value, 86400, &cli->set.timeout_s);
	default:
		in->done = cli_help_completions(value);
		return in->done ? complain(cli, "--completions wants bash or zsh") : 0;
	}
}

static void set_flag(struct cli *cli, struct invocation *in, enum global what)
{
	switch (what) {
	case G_KEEP_GOING:
		cli->set.keep_going = true;
		break;
	case G_ECHO:
		cli->set.echo = true;
		break;
	case G_DRY_RUN:
		cli->set.dry_run = true;
		break;
	case G_YES:
		cli->set.yes = true;
		break;
	case G_NON_INTERACTIVE:
		cli->set.non_interactive = true;
		break;
	case G_MAN:
		cli_help_manual();
		in->done = CLI_OK;
		break;
	case G_VERSION:
		printf("coffer %s\n", coffer_version());
		in->done = CLI_OK;
		break;
	default:
		fputs(usage_text, stdout);
		in->done = CLI_OK;
	}
}

/* The option of "--name", "-n" or "--name=..."; *value gets what stands behind '=', or NULL. */
static const struct global_option *global_named(const char *word, const char **value)
{
	size_t len;

	word += word[1] == '-' ? 2 : 1;
	len = strcspn(word, "=");
	*value = word[len] ? word + len + 1 : NULL;
	for (size_t i = 0; i < sizeof(globals) / sizeof(*globals); i++)
		if ((strlen(globals[i].name) == len && !strncasecmp(word, globals[i].name, len)) ||
		    (globals[i].brief && len == 1 && *word == *globals[i].brief))
			return &globals[i];
	return NULL;
}

/* The option in argv[*at]; *at is moved to its last word. 0 or an exit status. */
static int take_global(struct cli *cli, struct invocation *in, int argc, char **argv, int *at)
{
	const char *value;
	const struct global_option *g = global_named(argv[*at], &value);

	if (!g)
		return complain(cli, "there is no option %s", argv[*at]);
	if (g->what > G_LAST_WITH_VALUE) {
		if (value)
			return complain(cli, "--%s takes no value", g->name);
		set_flag(cli, in, g->what);
		return 0;
	}
	if (!value && *at + 1 == argc)
		return complain(cli, "--%s needs a value", g->name);
	if (!value)
		value = argv[++*at];
	return set_valued(cli, in, g->what, g->name, value);
}

/* Looked for before all else: what is wrong with other options is told in that form, too. */
static bool wants_json(int argc, char **argv)
{
	const struct global_option *g;
	const char *value;

	for (int i = 1; i < argc && argv[i][0] == '-' && strcmp(argv[i], "--"); i++) {
		g = global_named(argv[i], &value);
		if (!g || g->what > G_LAST_WITH_VALUE)
			continue;
		if (!value && i + 1 < argc)
			value = argv[++i];
		if (g->what == G_OUTPUT && value && !strcasecmp(value, "json"))
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
	cli.set.json = cli.out.json = wants_json(argc, argv);
	status = take_globals(&cli, &in, argc, argv);
	if (!status && in.done < 0)
		status = (int)run(&cli, &in, argc, argv);
	cli_finish(&cli);
	if (fflush(stdout) || ferror(stdout))
		return status ? status : CLI_FAILED;
	return status;
}
