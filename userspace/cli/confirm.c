// SPDX-License-Identifier: BSD-3-Clause
/*
 * Questions: proceed or quit, passwords, domains. Nothing is ever asked when nobody can answer.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"
#include "names.h"

#define LOOK_MS	100	/* how long control-C at a question may go unseen */

bool cli_interactive(const struct cli *cli)
{
	return !cli->set.non_interactive && !cli->set.json && isatty(STDIN_FILENO) &&
	       isatty(STDERR_FILENO);
}

/*
 * False: control-C. It is looked for again and again, for it may come between a look and the
 * wait, or to another thread: a read alone would then wait for ever.
 */
static bool wait_for_line(void)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int n = 0;

	while (!n && !interrupt_seen())
		n = poll(&in, 1, LOOK_MS);
	return n > 0;
}

/* One line from the terminal, without its end. False at end of file, and after control-C. */
static bool ask_line(const char *prompt, char *line, size_t room)
{
	size_t len;
	int c;

	fflush(stdout);
	fprintf(stderr, "%s", prompt);
	fflush(stderr);
	if (!wait_for_line() || !fgets(line, (int)room, stdin)) {
		clearerr(stdin);
		fputc('\n', stderr);
		return false;
	}
	len = strcspn(line, "\r\n");
	if (!line[len])	/* the rest of a line too long is no answer to the next question */
		do
			c = getchar();
		while (c != '\n' && c != EOF);
	line[len] = '\0';
	return true;
}

bool cli_ask(const struct cli *cli, const char *prompt, char *line, size_t room)
{
	return cli_interactive(cli) && ask_line(prompt, line, room);
}

static bool asked_for_force(const struct cli_args *args)
{
	const struct cli_option *o;

	for (o = args->command->options; o && o->name; o++)
		if (!strcmp(o->name, "force"))
			return cli_args_given(args, "force");
	return false;
}

coffer_rc cli_confirm(struct cli *cli, const struct cli_args *args, const char *format, ...)
{
	char what[400], answer[32];
	va_list ap;

	if (cli->set.yes || asked_for_force(args))
		return 0;
	va_start(ap, format);
	vsnprintf(what, sizeof(what), format, ap);
	va_end(ap);
	if (!cli_interactive(cli))
		return cli_usage(cli, "%s: give -force, for there is nobody to ask", what);
	out_note(&cli->out, "%s.", what);
	while (ask_line("Enter 'proceed' to go on, 'quit' to leave it: ", answer,
			sizeof(answer))) {
		if (!strcasecmp(answer, "proceed"))
			return 0;
		if (!strcasecmp(answer, "quit"))
			break;
	}
	return cli_fail(cli, ST(CANCEL), "nothing was done");
}

/* ---- Secrets ----------------------------------------------------------------------- */

void cli_warn_open(struct cli *cli, const char *path)
{
	if (secret_is_open(path))
		out_note(&cli->out, "coffer: warning: everybody can read %s: chmod 600", path);
}

static coffer_rc from_fd(struct cli *cli, const char *name, const char *text, struct secret *out)
{
	uint64_t fd;
	int ret;

	if (!names_number(text, 1 << 20, &fd))
		return cli_usage(cli, "-%s-fd wants the number of a descriptor", name);
	ret = secret_from_fd((int)fd, out);
	return ret ? cli_usage(cli, "-%s-fd %s: %s", name, text, strerror(-ret)) : 0;
}

/* From a value on the command, its -NAME-file or -NAME-fd. 1: none of them. */
static coffer_rc given_secret(struct cli *cli, const struct cli_args *args, const char *name,
			      struct secret *out)
{
	const struct cli_value *v = cli_args_value(args, name);
	int ret;

	if (!v->given)
		return 1;
	if (v->from_fd)
		return from_fd(cli, name, v->text, out);
	if (v->from_file)
		cli_warn_open(cli, v->text);
	ret = v->from_file ? secret_from_file(v->text, out) : secret_from_text(v->text, out);
	if (ret == -E2BIG || ret == -EMSGSIZE)
		return cli_usage(cli, "-%s is longer than %d bytes", name, SECRET_MAX);
	if (ret)
		return cli_usage(cli, "cannot read %s: %s", v->text, strerror(-ret));
	return 0;
}

/* 1: there is none. */
static coffer_rc credential(struct cli *cli, const char *name, struct secret *out)
{
	int ret = secret_from_credential(name, out);

	if (ret == -ENOENT)
		return 1;
	if (ret)
		return cli_usage(cli, "cannot read the credential coffer.%s: %s", name,
				 strerror(-ret));
	return 0;
}

static coffer_rc ask(struct cli *cli, const char *name, const char *prompt, bool twice,
		     struct secret *out)
{
	struct secret again = { 0 };
	int ret, differ;

	if (!cli_interactive(cli))
		return cli_usage(cli, "give -%s-file, -%s-fd, -%s, or the credential coffer.%s: "
				 "there is nobody to ask", name, name, name, name);
	ret = secret_ask(prompt, out);
	if (ret)
		return cli_fail(cli, ST(CANCEL), "nothing was entered");
	if (!twice)
		return 0;
	ret = secret_ask("Enter it again", &again);
	differ = ret || again.len != out->len || memcmp(again.text, out->text, out->len);
	secret_wipe(&again);
	if (!differ)
		return 0;
	secret_wipe(out);
	return cli_fail(cli, ST(CANCEL), "the two entries differ");
}

coffer_rc cli_secret_ask(struct cli *cli, const char *name, const char *prompt, bool twice,
			 struct secret *out)
{
	coffer_rc rc = ask(cli, name, prompt, twice, out);

	if (rc)
		secret_wipe(out);
	return rc;
}

coffer_rc cli_secret(struct cli *cli, const struct cli_args *args, const char *name,
		     const char *prompt, bool twice, struct secret *out)
{
	coffer_rc rc = given_secret(cli, args, name, out);

	if (rc == 1)
		rc = credential(cli, name, out);
	if (rc == 1)
		rc = ask(cli, name, prompt, twice, out);
	if (rc)
		secret_wipe(out);
	return rc;
}

coffer_rc cli_pin(struct cli *cli, const struct cli_args *args, const char *what,
		  const char *role, struct secret *out)
{
	char prompt[64];
	coffer_rc rc = args ? given_secret(cli, args, "password", out) : 1;

	if (rc == 1 && cli->set.pin_given) {
		*out = cli->set.pin;
		rc = 0;
	}
	if (rc == 1)
		rc = credential(cli, role, out);
	if (rc == 1)
		rc = credential(cli, "password", out);
	if (rc == 1) {
		snprintf(prompt, sizeof(prompt), "Enter the %s of %s", what, role);
		rc = ask(cli, "password", prompt, false, out);
	}
	if (rc)
		secret_wipe(out);
	return rc;
}

coffer_rc cli_domain(struct cli *cli, const struct cli_args *args, struct secret *memory,
		     const char **out)
{
	coffer_rc rc;

	*out = NULL;
	if (cli_args_given(args, "defaultdomain")) {
		if (cli_args_given(args, "domain"))
			return cli_usage(cli, "-domain and -defaultdomain exclude each other");
		return 0;
	}
	rc = cli_secret(cli, args, "domain", "Enter the cloning domain", true, memory);
	if (!rc && !memory->len) {
		secret_wipe(memory);
		return cli_usage(cli, "a cloning domain has 1 to 128 characters");
	}
	if (!rc)
		*out = memory->text;
	return rc;
}
