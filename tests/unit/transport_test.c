// SPDX-License-Identifier: BSD-3-Clause
/*
 * What every transport promises (userspace/lib/transport.h), tried on the stream transport with
 * a card that the test plays: honest, slow, dying and hostile ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_fake.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct transport *open_fake(struct fake *fake, fake_fn *handle, void *opaque)
{
	struct transport *t = NULL;
	char *text = NULL;
	int fd = fake_start(fake, handle, opaque);

	assert_int_equal(transport_stream_fds(fd, fd, &t, &text), 0);
	assert_non_null(t);
	assert_null(text);
	return t;
}

static void close_fake(struct fake *fake, struct transport *t)
{
	t->ops->close(t);
	fake_join(fake);
}

/* ---- Conformance ---------------------------------------------------------------------------- */

static void stream_conforms(void **state)
{
	struct fake fake = { 0 };
	struct transport *t = open_fake(&fake, fake_echo, NULL);

	(void)state;
	fake_conform(t);
	close_fake(&fake, t);
}

/* Replies in another order than the requests: held back, then let go last first. */
struct hold {
	uint32_t tags[8];
	uint8_t data[8][3000];
	uint32_t len[8];
	unsigned int held;
};

static bool out_of_order(struct fake *fake, const struct coffer_frame_req *head,
			 const uint8_t *req)
{
	struct hold *hold = fake->opaque;
	uint32_t len = le32toh(head->req_len);

	if (len == 1) {		/* "that was all" */
		while (hold->held) {
			hold->held--;
			fake_reply(fake, hold->tags[hold->held], 0, 0,
				   hold->data[hold->held], hold->len[hold->held]);
		}
		fake_reply(fake, head->tag, 0, 0, req, len);
		return true;
	}
	memcpy(hold->data[hold->held], req, len);
	hold->len[hold->held] = len;
	hold->tags[hold->held++] = head->tag;
	if (hold->held < 4)
		return true;
	while (hold->held) {
		hold->held--;
		fake_reply(fake, hold->tags[hold->held], 0, 0, hold->data[hold->held],
			   hold->len[hold->held]);
	}
	return true;
}

struct many {
	struct transport *t;
	unsigned int seed, rounds;
	int failed;
};

static void *big_echoes(void *opaque)
{
	struct many *m = opaque;
	uint8_t data[500];

	memset(data, (int)m->seed, sizeof(data));
	for (unsigned int i = 0; i < m->rounds && !m->failed; i++)
		m->failed = fake_ask(m->t, data, 100 + m->seed, 5000);
	return NULL;
}

static void replies_find_their_waiters(void **state)
{
	struct hold *hold = calloc(1, sizeof(*hold));
	struct fake fake = { 0 };
	struct transport *t = open_fake(&fake, out_of_order, hold);
	struct many many[8];
	pthread_t threads[COUNT(many)];

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++) {
		many[i] = (struct many){ t, (unsigned int)i, 100, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, big_echoes, &many[i]), 0);
	}
	/* Eight threads, four at a time: whoever is last is let go by the one-byte echo. */
	for (int i = 0; i < 2000; i++) {
		if (fake_ask(t, "x", 1, 0))
			break;
		usleep(200);
	}
	for (size_t i = 0; i < COUNT(many); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(many[i].failed, 0);
	}
	close_fake(&fake, t);
	free(hold);
}

/* ---- Time ----------------------------------------------------------------------------------- */

/* The first command is answered only after the second came. */
static bool late(struct fake *fake, const struct coffer_frame_req *head, const uint8_t *req)
{
	uint32_t *first = fake->opaque;

	if (!*first) {
		*first = head->tag;
		return true;
	}
	if (*first != UINT32_MAX)
		fake_reply(fake, *first, 0, 0, "late", 4);
	*first = UINT32_MAX;
	return fake_echo(fake, head, req);
}

static void time_outs_end_waiting(void **state)
{
	struct timespec before, after;
	struct fake fake = { 0 };
	uint32_t first = 0;
	struct transport *t = open_fake(&fake, late, &first);

	(void)state;
	clock_gettime(CLOCK_MONOTONIC, &before);
	assert_int_equal(fake_ask(t, "slow", 4, 100), -ETIMEDOUT);
	clock_gettime(CLOCK_MONOTONIC, &after);
	assert_in_range((after.tv_sec - before.tv_sec) * 1000 +
			(after.tv_nsec - before.tv_nsec) / 1000000, 90, 3000);
	/* The late reply is nobody's, and harms nobody. */
	assert_int_equal(fake_ask(t, "next", 4, 0), 0);
	assert_int_equal(fake_ask(t, "again", 5, 0), 0);
	close_fake(&fake, t);
	assert_int_equal(fake.cancels, 1);
}

static bool silent(struct fake *fake, const struct coffer_frame_req *head, const uint8_t *req)
{
	(void)fake;
	(void)head;
	(void)req;
	return true;
}

static void *one_echo(void *opaque)
{
	struct many *m = opaque;

	m->failed = fake_ask(m->t, "wait", 4, 20000);
	return NULL;
}

static void waiters_start(struct many *many, pthread_t *threads, size_t n, struct transport *t)
{
	for (size_t i = 0; i < n; i++) {
		many[i] = (struct many){ t, 0, 1, 1 };
		assert_int_equal(pthread_create(&threads[i], NULL, one_echo, &many[i]), 0);
	}
	usleep(100000);
}

static void close_sends_everybody_out(void **state)
{
	struct fake fake = { 0 };
	struct transport *t = open_fake(&fake, silent, NULL);
	struct many many[6];
	pthread_t threads[COUNT(many)];

	(void)state;
	waiters_start(many, threads, COUNT(many), t);
	close_fake(&fake, t);
	for (size_t i = 0; i < COUNT(many); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(many[i].failed, -ENODEV);
	}
}

struct asking {
	struct transport *t;
	uint64_t cookie;
	int rc;
	uint32_t verdict;
};

static void *ask_for_long(void *opaque)
{
	struct asking *a = opaque;
	const struct transport_call call = { .opcode = COFFER_CMD_LOGIN, .cookie = a->cookie };
	size_t len = 0;

	a->rc = a->t->ops->exec(a->t, &call, &len, &a->verdict);
	return NULL;
}

static void cancel_ends_the_commands_of_its_cookie(void **state)
{
	struct fake fake = { .obeys = true };
	struct transport *t = open_fake(&fake, silent, NULL);
	struct asking asking[3] = { { t, 5, 1, 0 }, { t, 6, 1, 0 }, { t, 5, 1, 0 } };
	pthread_t threads[COUNT(asking)];

	(void)state;
	assert_int_equal(t->ops->cancel(t, 5), -ENOENT);
	for (size_t i = 0; i < COUNT(asking); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_for_long, &asking[i]), 0);
	usleep(100000);
	assert_int_equal(t->ops->cancel(t, 99), -ENOENT);
	assert_int_equal(t->ops->cancel(t, 5), 0);
	pthread_join(threads[0], NULL);
	pthread_join(threads[2], NULL);
	assert_int_equal(asking[0].rc, 0);
	assert_int_equal(asking[0].verdict, COFFER_ST_CANCEL);
	assert_int_equal(asking[2].verdict, COFFER_ST_CANCEL);
	assert_int_equal(asking[1].rc, 1);
	assert_int_equal(t->ops->cancel(t, 6), 0);
	pthread_join(threads[1], NULL);
	close_fake(&fake, t);
	assert_int_equal(fake.cancels, 3);
}

/* ---- The other side dies -------------------------------------------------------------------- */

static bool hang_up_at_third(struct fake *fake, const struct coffer_frame_req *head,
			     const uint8_t *req)
{
	unsigned int *seen = fake->opaque;

	(void)head;
	(void)req;
	return ++*seen < 3;
}

static void death_is_epipe_for_all(void **state)
{
	struct fake fake = { 0 };
	unsigned int seen = 0;
	struct transport *t = open_fake(&fake, hang_up_at_third, &seen);
	struct many many[3];
	pthread_t threads[COUNT(many)];

	(void)state;
	waiters_start(many, threads, COUNT(many), t);
	for (size_t i = 0; i < COUNT(many); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(many[i].failed, -EPIPE);
	}
	assert_int_equal(fake_ask(t, "dead", 4, 0), -EPIPE);
	close_fake(&fake, t);
}

static void pipes_raise_no_sigpipe(void **state)
{
	int there[2], back[2];
	struct fake fake = { .handle = fake_echo };
	struct transport *t = NULL;
	pid_t child;

	(void)state;
	assert_int_equal(pipe2(there, O_CLOEXEC), 0);
	assert_int_equal(pipe2(back, O_CLOEXEC), 0);
	child = fork();
	if (!child) {
		close(there[1]);
		close(back[0]);
		fake.in_fd = there[0];
		fake.out_fd = back[1];
		fake_serve(&fake);
		_exit(0);
	}
	close(there[0]);
	close(back[1]);
	assert_int_equal(transport_stream_fds(back[0], there[1], &t, NULL), 0);
	fake_conform(t);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(fake_ask(t, "dead", 4, 0), -EPIPE);
	assert_int_equal(fake_ask(t, "dead", 4, 0), -EPIPE);
	t->ops->close(t);
}

/* ---- The other side lies -------------------------------------------------------------------- */

enum lie {
	LIE_MAGIC, LIE_RESERVED, LIE_TAG, LIE_LONGER_THAN_ROOM, LIE_LONGER_THAN_ANY,
	LIE_ERROR_AND_DATA, LIE_ERROR_NUMBER, LIE_TWICE, LIE_CUT_SHORT, LIE_HALF_A_HEADER,
};

static bool lies(struct fake *fake, const struct coffer_frame_req *head, const uint8_t *req)
{
	const enum lie *lie = fake->opaque;
	struct coffer_frame_rep rep = {
		.magic = htole32(COFFER_FRAME_MAGIC),
		.tag = head->tag,
		.reply_len = htole32(4),
	};
	uint8_t data[COFFER_CMD_MAX_PAYLOAD / 8] = { 0 };

	(void)req;
	switch (*lie) {
	case LIE_MAGIC:
		rep.magic++;
		break;
	case LIE_RESERVED:
		rep.reserved = 1;
		break;
	case LIE_TAG:
		rep.tag += htole32(1000);
		break;
	case LIE_LONGER_THAN_ROOM:
		rep.reply_len = htole32(sizeof(data));
		break;
	case LIE_LONGER_THAN_ANY:
		rep.reply_len = htole32(COFFER_CMD_MAX_PAYLOAD + 1);
		break;
	case LIE_ERROR_AND_DATA:
		rep.error = htole32(EIO);
		break;
	case LIE_ERROR_NUMBER:
		rep.error = htole32(0x80000000);
		rep.reply_len = 0;
		break;
	case LIE_TWICE:
		fake_reply(fake, head->tag, 0, 0, data, 4);
		break;
	case LIE_CUT_SHORT:
		fake_raw(fake, &rep, sizeof(rep));
		fake_raw(fake, data, 2);
		return false;
	case LIE_HALF_A_HEADER:
		fake_raw(fake, &rep, sizeof(rep) / 2);
		return false;
	}
	fake_raw(fake, &rep, sizeof(rep));
	fake_raw(fake, data, le32toh(rep.reply_len) <= sizeof(data) ? le32toh(rep.reply_len) : 0);
	return true;
}

static void lies_are_eio(void **state)
{
	uint8_t reply[16];
	const struct transport_call call = {
		.opcode = COFFER_CMD_ECHO,
		.timeout_ms = 3000,
		.req = "abcd",
		.req_len = 4,
		.reply = reply,
	};
	uint32_t verdict;
	size_t len;
	int rc;

	(void)state;
	for (enum lie lie = LIE_MAGIC; lie <= LIE_HALF_A_HEADER; lie++) {
		struct fake fake = { 0 };
		struct transport *t = open_fake(&fake, lies, &lie);

		/* A second reply to one command shows at the next. */
		for (int i = 0; i <= (lie == LIE_TWICE); i++) {
			len = sizeof(reply);
			rc = t->ops->exec(t, &call, &len, &verdict);
		}
		assert_int_equal(rc, lie >= LIE_CUT_SHORT ? -EPIPE : -EIO);
		assert_int_equal(len, 0);
		/* Who lied once is not asked again. */
		len = sizeof(reply);
		assert_true(t->ops->exec(t, &call, &len, &verdict) < 0);
		close_fake(&fake, t);
	}
}

static bool bad_hello(struct fake *fake, const struct coffer_frame_req *head, const uint8_t *req)
{
	const unsigned int *how = fake->opaque;
	struct coffer_frame_req f = *head;

	(void)req;
	switch (*how) {
	case 0:
		fake_raw(fake, "Welcome to this machine!\n\n\n\n\n", 29);
		return false;
	case 1:
		f.tag = htole32(2);
		break;
	case 2:
		f.opcode = htole16(COFFER_CMD_ECHO);
		break;
	case 3:
		f.req_len = htole32(1);
		break;
	default:
		return false;
	}
	fake_raw(fake, &f, sizeof(f));
	return true;
}

static void bad_hellos_are_refused(void **state)
{
	static const int want[] = { -EPROTO, -EPROTO, -EPROTO, -EPROTO, -EPIPE };

	(void)state;
	for (unsigned int how = 0; how < COUNT(want); how++) {
		struct fake fake = { .rude = true };
		struct transport *t = (void *)1;
		char *text = NULL;
		int fd = fake_start(&fake, bad_hello, &how);

		assert_int_equal(transport_stream_fds(fd, fd, &t, &text), want[how]);
		assert_null(t);
		assert_non_null(text);
		free(text);
		fake_join(&fake);
	}
}

static void silence_is_no_hello(void **state)
{
	struct fake fake = { .rude = true };
	struct transport *t = (void *)1;
	int fd = fake_start(&fake, silent, NULL);
	const struct stream_end end = { .in_fd = fd, .out_fd = fd, .hello_ms = 100 };

	(void)state;
	assert_int_equal(stream_open(&end, &t), -ETIMEDOUT);
	assert_null(t);
	fake_join(&fake);
}

static bool says_errno(struct fake *fake, const struct coffer_frame_req *head,
		       const uint8_t *req)
{
	(void)req;
	fake_reply(fake, head->tag, 0, EPERM, NULL, 0);
	return true;
}

static void errno_of_the_other_side(void **state)
{
	struct fake fake = { 0 };
	struct transport *t = open_fake(&fake, says_errno, NULL);

	(void)state;
	assert_int_equal(fake_ask(t, "x", 1, 0), -EPERM);
	assert_int_equal(fake_ask(t, "x", 1, 0), -EPERM);
	close_fake(&fake, t);
}

/* ---- Processes ------------------------------------------------------------------------------ */

static void a_childs_close_ends_nothing(void **state)
{
	struct fake fake = { 0 };
	struct transport *t = open_fake(&fake, fake_echo, NULL);
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(fake_ask(t, "before", 6, 0), 0);
	child = fork();
	if (!child) {
		t->ops->close(t);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(fake_ask(t, "after", 5, 0), 0);
	close_fake(&fake, t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stream_conforms),
		cmocka_unit_test(replies_find_their_waiters),
		cmocka_unit_test(time_outs_end_waiting),
		cmocka_unit_test(cancel_ends_the_commands_of_its_cookie),
		cmocka_unit_test(close_sends_everybody_out),
		cmocka_unit_test(death_is_epipe_for_all),
		cmocka_unit_test(pipes_raise_no_sigpipe),
		cmocka_unit_test(lies_are_eio),
		cmocka_unit_test(bad_hellos_are_refused),
		cmocka_unit_test(silence_is_no_hello),
		cmocka_unit_test(errno_of_the_other_side),
		cmocka_unit_test(a_childs_close_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
