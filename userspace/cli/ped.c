// SPDX-License-Identifier: BSD-3-Clause
/*
 * Commands that wait for the PED of a card (behaviour.md sections 5.3 and 5.4): what its screen
 * asks for is shown, control-C ends the wait, and secrets that are on keys are not asked for.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

/* A key that is in the PED already is read at once: then nothing needs to be shown. */
#define FIRST_LOOK_MS	50
#define LOOK_EVERY_MS	100

bool cli_ped_card(const struct cli_session *s)
{
	return s->slot.card_flags & COFFER_CARD_PED;
}

/* ---- Waiting ----------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	(void)number;
	interrupted = 1;
}

struct wait {
	struct cli *cli;
	struct coffer_session *session;
	cli_ped_step *step;
	void *arg;
	coffer_rc rc;
	char shown[129];		/* the prompt that is on the terminal */
	bool open;			/* ... in a line that has no end yet */
};

static void *run_step(void *opaque)
{
	struct wait *w = opaque;

	w->rc = w->step(w->session, w->arg);
	return NULL;
}

static void end_line(struct wait *w)
{
	if (w->open)
		fputc('\n', stderr);
	w->open = false;
}

/* On a terminal the seconds count down in one line; elsewhere each prompt is said once. */
static void show_prompt(struct wait *w, const struct coffer_ped *ped)
{
	char prompt[sizeof(w->shown)];
	bool fresh;

	out_clean(ped->prompt, strlen(ped->prompt), prompt, sizeof(prompt));
	fresh = strcmp(prompt, w->shown) != 0;
	memcpy(w->shown, prompt, sizeof(prompt));
	if (!isatty(STDERR_FILENO)) {
		if (fresh)
			out_note(&w->cli->out, "PED: %s", prompt);
		return;
	}
	if (fresh)
		end_line(w);
	fprintf(stderr, "\rPED: %s (%u s)\033[K", prompt, (ped->remaining_ms + 999) / 1000);
	fflush(stderr);
	w->open = true;
}

static bool ended(pthread_t thread, unsigned int ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += ms * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0;
}

/* Until the step is done. A second control-C ends the program, as always. */
static void watch(struct wait *w, pthread_t thread, const struct sigaction *before)
{
	struct coffer_ped ped;
	bool said = false;

	for (unsigned int ms = FIRST_LOOK_MS; !ended(thread, ms); ms = LOOK_EVERY_MS) {
		if (interrupted) {
			if (!said)
				sigaction(SIGINT, before, NULL);
			said = true;
			coffer_session_cancel(w->session);
		} else if (!coffer_ped_status(w->session, &ped) && ped.waiting) {
			show_prompt(w, &ped);
		}
	}
	end_line(w);
}

/* Control-C is this thread's: the other one must not take it. */
static int start(struct wait *w, pthread_t *thread)
{
	sigset_t set, mask;
	int error;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, &mask);
	error = pthread_create(thread, NULL, run_step, w);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	return error;
}

/* The mend, where the card's word does not name it. */
static coffer_rc explain(struct cli *cli, const struct cli_session *s, coffer_rc rc)
{
	switch (rc) {
	case ST(PED_UNPLUGGED):
		return cli_fail(cli, rc, "no PED hangs on card %s: ped connect -ped FOLDER",
				coffer_card_name(s->card));
	case ST(CANCEL):
		return cli_fail(cli, rc, "cancelled: no key was read");
	default:
		return rc;
	}
}

coffer_rc cli_ped_wait(struct cli *cli, struct cli_session *s, cli_ped_step *step, void *arg)
{
	struct wait w = { .cli = cli, .session = s->session, .step = step, .arg = arg };
	struct sigaction action = { .sa_handler = on_interrupt }, before;
	pthread_t thread;
	int error;

	interrupted = 0;
	sigaction(SIGINT, &action, &before);
	error = start(&w, &thread);
	if (!error)
		watch(&w, thread, &before);
	sigaction(SIGINT, &before, NULL);
	return error ? -error : explain(cli, s, w.rc);
}

/* ---- Login ------------------------------------------------------------------------- */

struct login {
	enum coffer_role role;
	const struct secret *challenge;
	bool *must_change;
};

static coffer_rc login_step(struct coffer_session *session, void *arg)
{
	const struct login *l = arg;

	return coffer_login(session, l->role, l->challenge->text, l->challenge->len,
			    l->must_change);
}

coffer_rc cli_ped_login(struct cli *cli, struct cli_session *s, enum coffer_role role,
			const struct secret *challenge)
{
	static const struct secret none;
	struct login login = { role, challenge ? challenge : &none, &s->must_change };

	return cli_ped_wait(cli, s, login_step, &login);
}

/* ---- Initialising ------------------------------------------------------------------ */

coffer_rc cli_no_password(struct cli *cli, const struct cli_args *args, const char *name)
{
	return cli_args_given(args, name) ?
	       cli_usage(cli, "this card has its secrets on PED keys: leave -%s out", name) : 0;
}

static coffer_rc init_pin(struct cli *cli, const struct cli_args *args,
			  const struct cli_session *s, const char *whose, struct cli_init *init)
{
	char prompt[64];
	coffer_rc rc;

	if (cli_ped_card(s))
		return cli_no_password(cli, args, "password");
	snprintf(prompt, sizeof(prompt), "Enter a password for the %s", whose);
	rc = cli_secret(cli, args, "password", prompt, true, &init->pin);
	init->how.pin = init->pin.text;
	return rc;
}

/* A card with a PED takes a red key unless it is told otherwise. */
static coffer_rc init_domain(struct cli *cli, const struct cli_args *args,
			     const struct cli_session *s, struct cli_init *init)
{
	bool text = cli_args_given(args, "domain") || cli_args_given(args, "defaultdomain");
	bool import = cli_args_given(args, "importpeddomain");

	if (import && text)
		return cli_usage(cli, "-importpeddomain takes the domain from a red key: leave "
				 "-domain and -defaultdomain out");
	init->how.ped_domain = import || (cli_ped_card(s) && !text);
	if (init->how.ped_domain)
		return 0;
	return cli_domain(cli, args, &init->domain, &init->how.domain);
}

coffer_rc cli_init_ask(struct cli *cli, const struct cli_args *args,
		       const struct cli_session *s, const char *whose, struct cli_init *init)
{
	coffer_rc rc;

	init->how.label = cli_args_text(args, "label", "");
	rc = init_pin(cli, args, s, whose, init);
	return rc ? rc : init_domain(cli, args, s, init);
}

coffer_rc cli_init_login(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			 enum coffer_role role, const struct cli_init *init)
{
	coffer_rc rc;

	if (!cli_args_given(args, "auth"))
		return 0;
	if (cli_ped_card(s))
		rc = cli_ped_login(cli, s, role, NULL);
	else
		rc = coffer_login(s->session, role, init->pin.text, init->pin.len, &s->must_change);
	if (rc)
		return cli_fail(cli, rc, "it is initialised, but the login failed: %s",
				cli->message[0] ? cli->message : coffer_strerror(rc));
	s->role = role;
	out_text(&cli->out, "role", "Logged in", cli_role_name(role));
	return 0;
}

void cli_init_wipe(struct cli_init *init)
{
	secret_wipe(&init->pin);
	secret_wipe(&init->domain);
}

coffer_rc cli_red_key_refused(struct cli *cli, coffer_rc rc)
{
	return cli_fail(cli, rc, "a remote PED is running: a domain is imported from the card's "
			"own PED only, so stop it first");
}

coffer_rc cli_init_run(struct cli *cli, struct cli_session *s, cli_ped_step *step,
		       struct cli_init *init)
{
	coffer_rc rc;

	if (!cli_ped_card(s) && !init->how.ped_domain)
		return step(s->session, &init->how);
	rc = cli_ped_wait(cli, s, step, &init->how);
	if (rc != ST(OPERATION_NOT_ALLOWED))
		return rc;
	if (!cli_ped_card(s))
		return cli_red_key_refused(cli, rc);
	return init->how.domain ? cli_fail(cli, rc, "on a card with a PED the first domain is a "
					   "red key: leave -domain out") : rc;
}
