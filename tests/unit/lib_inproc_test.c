// SPDX-License-Identifier: BSD-3-Clause
/* The transport that has the firmware in the same process: conformance, and its own refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_fake.h"

static char root[64], dir[128];

static int make_card(void **state)
{
	const struct coffer_make how = { .kdf_test = true };
	char *text = NULL;

	(void)state;
	strcpy(root, "/tmp/coffer-test-XXXXXX");
	if (!mkdtemp(root))
		return -1;
	snprintf(dir, sizeof(dir), "%s/a.coffer", root);
	if (coffer_card_make(dir, &how, &text))
		fprintf(stderr, "no card: %s\n", text);
	return access(dir, F_OK);
}

static int remove_card(void **state)
{
	char command[100];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}

static void inproc_conforms(void **state)
{
	struct transport *t = NULL;
	char *text = NULL;

	(void)state;
	if (transport_inproc_open(dir, &t, &text))
		fail_msg("%s", text);
	fake_conform(t);
	t->ops->close(t);
}

static void in_use_is_said(void **state)
{
	struct transport *one = NULL, *two = (void *)1;
	char *text = NULL;

	(void)state;
	assert_int_equal(transport_inproc_open(dir, &one, NULL), 0);
	assert_int_equal(transport_inproc_open(dir, &two, &text), -EBUSY);
	assert_null(two);
	assert_non_null(text);
	free(text);
	text = NULL;
	/* The same through a host process. */
	assert_int_equal(transport_folder_open(dir, &two, &text), -EBUSY);
	assert_non_null(text);
	free(text);
	one->ops->close(one);
}

static void sessions_end_with_the_owner(void **state)
{
	const struct coffer_req_session_open req = { 0 };
	struct coffer_rep_session_open rep;
	struct coffer_req_session head = { 0 };
	struct coffer_rep_session_info info;
	const struct transport_call open = {
		.opcode = COFFER_CMD_SESSION_OPEN,
		.req = &req,
		.req_len = sizeof(req),
		.reply = &rep,
	};
	const struct transport_call look = {
		.opcode = COFFER_CMD_SESSION_INFO,
		.req = &head,
		.req_len = sizeof(head),
		.reply = &info,
	};
	struct transport *t;
	uint32_t verdict;
	size_t len;

	(void)state;
	assert_int_equal(transport_inproc_open(dir, &t, NULL), 0);
	len = sizeof(rep);
	assert_int_equal(t->ops->exec(t, &open, &len, &verdict), 0);
	assert_int_equal(verdict, COFFER_ST_OK);
	assert_int_equal(len, sizeof(rep));
	t->ops->close(t);
	assert_int_equal(transport_inproc_open(dir, &t, NULL), 0);
	head.session = rep.session;
	len = sizeof(info);
	assert_int_equal(t->ops->exec(t, &look, &len, &verdict), 0);
	assert_int_equal(verdict, COFFER_ST_SESSION_HANDLE_INVALID);
	assert_int_equal(len, 0);
	t->ops->close(t);
}

static void driver_commands_are_refused(void **state)
{
	uint8_t owner[8] = { 0 };
	const struct transport_call call = {
		.opcode = COFFER_CMD_OWNER_CLOSE,
		.req = owner,
		.req_len = sizeof(owner),
		.reply = owner,
	};
	struct transport *t;
	uint32_t verdict;
	size_t len = 8;

	(void)state;
	assert_int_equal(transport_inproc_open(dir, &t, NULL), 0);
	assert_int_equal(t->ops->exec(t, &call, &len, &verdict), -EPERM);
	assert_int_equal(len, 0);
	t->ops->close(t);
}

static void a_childs_close_ends_nothing(void **state)
{
	struct transport *t;
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(transport_inproc_open(dir, &t, NULL), 0);
	child = fork();
	if (!child) {
		t->ops->close(t);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(fake_ask(t, "still", 5, 0), 0);
	t->ops->close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inproc_conforms),
		cmocka_unit_test(in_use_is_said),
		cmocka_unit_test(sessions_end_with_the_owner),
		cmocka_unit_test(driver_commands_are_refused),
		cmocka_unit_test(a_childs_close_ends_nothing),
	};

	return cmocka_run_group_tests(tests, make_card, remove_card);
}
