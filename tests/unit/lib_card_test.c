// SPDX-License-Identifier: BSD-3-Clause
/*
 * The library over real firmware: card folders served by coffer-card-host, which COFFER_CARD_HOST
 * names, shared by threads, programs and forked children, killed and started again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_fake.h"

static char root[64], card_dir[128];

static int make_card(void **state)
{
	const struct coffer_make how = { .serial = 4711001, .kdf_test = true };
	char *text = NULL;

	(void)state;
	strcpy(root, "/tmp/coffer-test-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(card_dir, sizeof(card_dir), "%s/a.coffer", root);
	if (coffer_card_make(card_dir, &how, &text)) {
		fprintf(stderr, "no card: %s\n", text);
		return -1;
	}
	return 0;
}

static int remove_card(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static struct coffer *open_card(void)
{
	const struct coffer_options options = { .cards = card_dir };
	struct coffer *ctx;
	const char *text;

	assert_int_equal(coffer_open(&options, &ctx), 0);
	if (coffer_card_state(coffer_card_at(ctx, 0), &text))
		fail_msg("%s", text);
	return ctx;
}

/* The process that serves our folder, by its command line. */
static pid_t host_pid(void)
{
	char path[300], line[512];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t pid = 0;

	while ((entry = readdir(proc))) {
		ssize_t n;
		int fd;

		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = atoi(entry->d_name) > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		n = read(fd, line, sizeof(line) - 1);
		close(fd);
		if (n > 0 && memmem(line, (size_t)n, card_dir, strlen(card_dir)) &&
		    memmem(line, (size_t)n, "serve", 5))
			pid = atoi(entry->d_name);
	}
	closedir(proc);
	return pid;
}

static void wait_host_gone(void)
{
	for (int i = 0; i < 500 && host_pid(); i++)
		usleep(20000);
	assert_int_equal(host_pid(), 0);
}

static void identity(void **state)
{
	struct coffer *ctx = open_card();
	struct coffer_card *card = coffer_card_at(ctx, 0);
	struct coffer_card_details details;
	struct coffer_card_stats before, after;
	struct coffer_slot *slots;
	size_t n;

	(void)state;
	assert_string_equal(coffer_card_transport(card), "stream");
	assert_int_equal(coffer_card_identify(card, &details), 0);
	assert_int_equal(details.serial, 4711001);
	assert_string_equal(details.profile, "coffer");
	assert_true(details.flags & COFFER_CARD_TEST_KDF);
	assert_true(details.flags & COFFER_CARD_TEST_ROOT);
	assert_int_equal(coffer_slots(ctx, &slots, &n), 0);
	assert_true(n >= 1);
	assert_int_equal(slots[n - 1].slot, 9000);
	free(slots);
	assert_int_equal(coffer_card_statistics(card, &before), 0);
	assert_int_equal(coffer_card_statistics(card, &after), 0);
	assert_int_equal(after.commands, before.commands + 1);
	coffer_close(ctx);
}

static void folder_conforms(void **state)
{
	struct transport *t;

	(void)state;
	assert_int_equal(transport_open(card_dir, &t, NULL), 0);
	fake_conform(t);
	t->ops->close(t);
}

/* Two programs and a forked child, all at once on one folder. */
static void programs_share_a_folder(void **state)
{
	pid_t children[3];
	int status;

	(void)state;
	for (int i = 0; i < 3; i++) {
		children[i] = fork();
		if (!children[i]) {
			struct coffer *ctx = open_card();
			uint8_t reply[4];
			size_t len = sizeof(reply);
			coffer_rc rc = 0;

			for (int n = 0; !rc && n < 200; n++, len = sizeof(reply))
				rc = coffer_exec(coffer_card_at(ctx, 0), COFFER_CMD_ECHO, "abcd",
						 4, reply, &len);
			coffer_close(ctx);
			_exit(rc != 0 || memcmp(reply, "abcd", 4) != 0);
		}
	}
	for (int i = 0; i < 3; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
	}
}

static void the_host_ends_after_its_last_connection(void **state)
{
	struct coffer *ctx = open_card();
	struct coffer *second = open_card();

	(void)state;
	assert_int_not_equal(host_pid(), 0);
	coffer_close(ctx);
	usleep(600000);
	assert_int_not_equal(host_pid(), 0);
	coffer_close(second);
	wait_host_gone();
	/* No zombie of ours is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

static void start_and_end_race(void **state)
{
	(void)state;
	for (int i = 0; i < 8; i++) {
		struct coffer *ctx = open_card();

		coffer_close(ctx);
		/* around the host's grace of 300 ms */
		usleep(270000 + 10000 * (unsigned int)i);
	}
}

static void a_killed_host_is_epipe_and_comes_back(void **state)
{
	struct coffer *ctx = open_card();
	struct coffer_card *card = coffer_card_at(ctx, 0);
	struct coffer_card_details details;
	struct coffer_session *old, *fresh;
	enum coffer_role role;
	uint8_t reply[4];
	size_t len = sizeof(reply);

	(void)state;
	assert_int_equal(coffer_session_open(card, 0, true, &old), 0);
	assert_int_equal(coffer_whoami(old, &role, NULL), 0);
	assert_int_equal(role, COFFER_ROLE_NONE);
	assert_int_equal(kill(host_pid(), SIGKILL), 0);
	assert_int_equal(coffer_exec(card, COFFER_CMD_ECHO, "abcd", 4, reply, &len), -EPIPE);
	assert_int_equal(len, 0);
	assert_int_equal(coffer_whoami(old, &role, NULL), -EPIPE);
	/* Asking who the card is opens it again; what hung on the old connection is gone. */
	assert_int_equal(coffer_card_identify(card, &details), 0);
	assert_int_equal(details.serial, 4711001);
	assert_int_equal(coffer_whoami(old, &role, NULL), ST(SESSION_HANDLE_INVALID));
	assert_int_equal(coffer_session_open(card, 0, true, &fresh), 0);
	assert_int_equal(coffer_whoami(fresh, &role, NULL), 0);
	coffer_session_close(old);
	coffer_session_close(fresh);
	coffer_close(ctx);
}

static void *relay_thread(void *opaque)
{
	int fd = *(int *)opaque;
	coffer_rc rc = coffer_relay(card_dir, fd, fd);

	close(fd);
	return (void *)(intptr_t)rc;
}

static void a_relay_conforms(void **state)
{
	struct transport *t;
	pthread_t thread;
	void *rc;
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pthread_create(&thread, NULL, relay_thread, &pair[1]), 0);
	assert_int_equal(transport_stream_fds(pair[0], pair[0], &t, NULL), 0);
	fake_conform(t);
	t->ops->close(t);
	pthread_join(thread, &rc);
	assert_int_equal((intptr_t)rc, 0);
}

/* Driver-only commands are refused on every way to the card. */
static void nobody_but_the_driver_opens_owners(void **state)
{
	uint8_t owner[8] = { 0 };
	const struct transport_call call = {
		.opcode = COFFER_CMD_OWNER_OPEN,
		.req = owner,
		.req_len = sizeof(owner),
		.reply = owner,
	};
	size_t len = sizeof(owner);
	struct transport *t;
	uint32_t verdict = 0;

	(void)state;
	assert_int_equal(transport_open(card_dir, &t, NULL), 0);
	assert_int_equal(t->ops->exec(t, &call, &len, &verdict), -EPERM);
	assert_int_equal(fake_ask(t, "on", 2, 0), 0);
	t->ops->close(t);
}

static void manufacture_says_why_not(void **state)
{
	const struct coffer_make strange = { .profile = "no-such-profile" };
	char other[160], *text = NULL;

	(void)state;
	assert_int_equal(coffer_card_make(card_dir, NULL, &text), -EEXIST);
	assert_non_null(text);
	free(text);
	snprintf(other, sizeof(other), "%s/b.coffer", root);
	text = NULL;
	assert_true(coffer_card_make(other, &strange, &text) < 0);
	assert_non_null(strstr(text, "no-such-profile"));
	free(text);
	assert_int_equal(access(other, F_OK), -1);
	assert_int_equal(coffer_card_profiles(&text), 0);
	assert_non_null(strstr(text, "coffer\t"));
	free(text);
}

static void export_and_import(void **state)
{
	char other[160], file[160], *text = NULL;
	struct coffer *ctx = open_card();

	(void)state;
	snprintf(other, sizeof(other), "%s/c.coffer", root);
	snprintf(file, sizeof(file), "%s/a.export", root);
	/* In use is in use; but a host that is about to end is waited for. */
	assert_true(coffer_card_export(card_dir, file, &text) < 0);
	assert_non_null(strstr(text, "in use"));
	free(text);
	assert_int_equal(access(file, F_OK), -1);
	coffer_close(ctx);
	if (coffer_card_export(card_dir, file, &text))
		fail_msg("%s", text);
	assert_int_equal(coffer_card_import(file, other, &text), 0);
	assert_int_equal(coffer_card_import(file, other, &text), -EEXIST);
	free(text);
	assert_int_equal(coffer_card_import("/nonexistent/x", "/nonexistent/y", &text), -ENOENT);
	free(text);
	assert_int_equal(coffer_card_export("/nonexistent/x", file, &text), -EEXIST);
	free(text);
	coffer_close(open_card());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identity),
		cmocka_unit_test(folder_conforms),
		cmocka_unit_test(programs_share_a_folder),
		cmocka_unit_test(the_host_ends_after_its_last_connection),
		cmocka_unit_test(start_and_end_race),
		cmocka_unit_test(a_killed_host_is_epipe_and_comes_back),
		cmocka_unit_test(a_relay_conforms),
		cmocka_unit_test(nobody_but_the_driver_opens_owners),
		cmocka_unit_test(manufacture_says_why_not),
		cmocka_unit_test(export_and_import),
	};

	return cmocka_run_group_tests(tests, make_card, remove_card);
}
