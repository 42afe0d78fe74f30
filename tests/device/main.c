/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device-test QEMU WORKDIR CARD CARD CARD CARD [PATTERN]: drive the card's registers and rings
 * without a guest and without a driver. Writes TAP. With a pattern only cases whose name
 * contains it.
 */
#include "machine.h"
#include "tap.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SECONDS 120

static const struct test_case *const all[] = {
	identity_cases, register_cases, ring_cases, shadow_cases, signal_cases, payload_cases,
	irq_cases, event_cases, reset_cases, fault_cases, host_cases, abuse_cases,
	reach_cases, sweep_cases, port_cases, knob_cases, evil_cases, race_cases,
};

static void print_note(const char *format, va_list ap)
{
	char text[1024], *line, *rest = text;

	vsnprintf(text, sizeof(text), format, ap);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			printf("# %s\n", line);
	fflush(stdout);
}

void tap_note(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	print_note(format, ap);
	va_end(ap);
}

/* Goes out of the case; its emulator dies with its process. */
void tap_fail(const char *file, int line, const char *format, ...)
{
	va_list ap;

	printf("# %s:%d:\n", strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	va_start(ap, format);
	print_note(format, ap);
	va_end(ap);
	_exit(1);
}

static int run_case(const struct test_case *c)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return 0;
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(CASE_SECONDS);
		c->run();
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		tap_note("%s", WTERMSIG(status) == SIGALRM ? "took too long" : "the test crashed");
	return WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	int n = 0, failed = 0, good;
	const struct test_case *c;
	unsigned int i;

	if (argc < 7) {
		fprintf(stderr, "usage: device-test QEMU WORKDIR CARD CARD CARD CARD [PATTERN]\n");
		return 2;
	}
	qemu_path = argv[1];
	work_dir = argv[2];
	for (i = 0; i < 4; i++)
		card_dir[i] = argv[3 + i];
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		for (c = all[i]; c->name; c++) {
			if (argc > 7 && !strstr(c->name, argv[7]))
				continue;
			good = run_case(c);
			failed += !good;
			printf("%sok %d - %s\n", good ? "" : "not ", ++n, c->name);
		}
	}
	printf("1..%d\n", n);
	return failed || !n ? 1 : 0;
}
