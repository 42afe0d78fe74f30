// SPDX-License-Identifier: BSD-3-Clause
/* Cards for tests that have no firmware. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ha_group.h"
#include "lib_fake.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool read_all(int fd, void *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = read(fd, (uint8_t *)to + got, len - got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		got += (size_t)n;
	}
	return true;
}

void fake_raw(struct fake *fake, const void *data, size_t len)
{
	const struct timespec deadline = stream_deadline(10000);
	size_t sent;

	stream_write(fake->out_fd, data, len, &deadline, &sent);
}

void fake_reply(struct fake *fake, uint32_t tag, uint32_t verdict, int error, const void *data,
		uint32_t len)
{
	const struct coffer_frame_rep rep = {
		.magic = htole32(COFFER_FRAME_MAGIC),
		.tag = tag,
		.verdict = htole32(verdict),
		.error = htole32((uint32_t)error),
		.reply_len = htole32(len),
	};

	fake_raw(fake, &rep, sizeof(rep));
	if (len)
		fake_raw(fake, data, len);
}

bool fake_echo(struct fake *fake, const struct coffer_frame_req *head, const uint8_t *req)
{
	if (le16toh(head->opcode) == COFFER_CMD_ECHO)
		fake_reply(fake, head->tag, COFFER_ST_OK, 0, req, le32toh(head->req_len));
	else
		fake_reply(fake, head->tag, COFFER_ST_FUNCTION_NOT_SUPPORTED, 0, NULL, 0);
	return true;
}

static bool serve_one(struct fake *fake, uint8_t *req)
{
	struct coffer_frame_req head;

	if (!read_all(fake->in_fd, &head, sizeof(head)) ||
	    le32toh(head.req_len) > COFFER_CMD_MAX_PAYLOAD ||
	    !read_all(fake->in_fd, req, le32toh(head.req_len)))
		return false;
	if (le16toh(head.opcode) == COFFER_FRAME_HELLO && !fake->rude) {
		fake_raw(fake, &head, sizeof(head));
		return true;
	}
	if (le16toh(head.opcode) == COFFER_FRAME_CANCEL) {
		__atomic_add_fetch(&fake->cancels, 1, __ATOMIC_RELAXED);
		if (fake->obeys)
			fake_reply(fake, head.tag, COFFER_ST_CANCEL, 0, NULL, 0);
		return true;
	}
	return fake->handle(fake, &head, req);
}

void fake_serve(struct fake *fake)
{
	uint8_t *req = malloc(COFFER_CMD_MAX_PAYLOAD);

	while (req && serve_one(fake, req))
		;
	free(req);
	close(fake->in_fd);
	if (fake->out_fd != fake->in_fd)
		close(fake->out_fd);
}

static void *serve_thread(void *opaque)
{
	fake_serve(opaque);
	return NULL;
}

int fake_start(struct fake *fake, fake_fn *handle, void *opaque)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		abort();
	fake->in_fd = pair[1];
	fake->out_fd = pair[1];
	fake->handle = handle;
	fake->opaque = opaque;
	if (pthread_create(&fake->thread, NULL, serve_thread, fake))
		abort();
	return pair[0];
}

void fake_join(struct fake *fake)
{
	pthread_join(fake->thread, NULL);
}

/* ---- A transport ---------------------------------------------------------------------------- */

static int card_exec_fake(struct transport *t, const struct transport_call *call,
			  size_t *reply_len, uint32_t *verdict)
{
	struct fake_card *card = (struct fake_card *)t;
	size_t len = *reply_len;
	int rc;

	*reply_len = 0;
	__atomic_add_fetch(&card->execs, 1, __ATOMIC_RELAXED);
	__atomic_store_n(&card->cookie, call->cookie, __ATOMIC_RELAXED);
	rc = card->exec(card, call->opcode, call->req, call->req_len, call->reply, &len, verdict);
	if (!rc)
		*reply_len = len;
	return rc;
}

static int card_cancel_fake(struct transport *t, uint64_t cookie)
{
	((struct fake_card *)t)->cancelled = cookie;
	return 0;
}

static int card_events_fake(struct transport *t, uint64_t *since, struct coffer_event *list,
			    size_t room, size_t *count, uint32_t *missed)
{
	(void)t;
	(void)since;
	(void)list;
	(void)room;
	*count = 0;
	*missed = 0;
	return -EOPNOTSUPP;
}

static int card_fd_fake(struct transport *t)
{
	(void)t;
	return -1;
}

static uint64_t card_epoch_fake(struct transport *t)
{
	return ((struct fake_card *)t)->epoch;
}

static void card_close_fake(struct transport *t)
{
	((struct fake_card *)t)->closed = true;
}

static const struct transport_ops fake_ops = {
	.name = "fake",
	.exec = card_exec_fake,
	.cancel = card_cancel_fake,
	.events = card_events_fake,
	.fd = card_fd_fake,
	.epoch = card_epoch_fake,
	.close = card_close_fake,
};

struct coffer *fake_context(struct fake_card *cards[], unsigned int count)
{
	struct coffer *ctx = calloc(1, sizeof(*ctx));

	ctx->cards = calloc(count, sizeof(*ctx->cards));
	ctx->pid = getpid();
	pthread_mutex_init(&ctx->netlink_lock, NULL);
	for (unsigned int i = 0; i < count; i++) {
		card_init(&ctx->cards[i], ctx, i, "fake");
		cards[i]->base.ops = &fake_ops;
		ctx->cards[i].t = &cards[i]->base;
		ctx->cards[i].rc = 0;
		ctx->cards[i].generation = 1;
		ctx->count++;
	}
	ctx->ha = ha_new(ctx);
	return ctx;
}

size_t fake_rows(uint8_t *reply, const void *rows, size_t row_size, uint32_t count)
{
	uint32_t wire_count = htole32(count);

	memcpy(reply, &wire_count, sizeof(wire_count));
	memcpy(reply + sizeof(wire_count), rows, row_size * count);
	return sizeof(wire_count) + row_size * count;
}

int fake_ask(struct transport *t, const void *data, size_t len, unsigned int ms)
{
	uint8_t *reply = malloc(COFFER_CMD_MAX_PAYLOAD + 1);
	const struct transport_call call = {
		.opcode = COFFER_CMD_ECHO,
		.timeout_ms = ms,
		.cookie = 7,
		.req = data,
		.req_len = len,
		.reply = reply,
	};
	size_t reply_len = COFFER_CMD_MAX_PAYLOAD;
	uint32_t verdict = 0x55;
	int rc;

	rc = t->ops->exec(t, &call, &reply_len, &verdict);
	if (rc)
		assert_int_equal(reply_len, 0);
	else if (verdict || reply_len != len || memcmp(reply, data, len))
		rc = -EBADMSG;
	free(reply);
	return rc;
}

/* ---- Conformance: what every transport has to pass ------------------------------------------ */

static void sizes_pass(struct transport *t)
{
	static const size_t sizes[] = { 0, 1, 23, 24, 25, 4095, 4096, 4097, 65535, 65536 };
	uint8_t *data = malloc(COFFER_CMD_MAX_PAYLOAD + 1);

	for (size_t i = 0; i < COFFER_CMD_MAX_PAYLOAD; i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(fake_ask(t, data, sizes[i], 0), 0);
	assert_int_equal(fake_ask(t, data, COFFER_CMD_MAX_PAYLOAD + 1, 0), -EINVAL);
	assert_int_equal(fake_ask(t, data, 5, 0), 0);
	free(data);
}

static void verdicts_pass(struct transport *t)
{
	const struct transport_call call = { .opcode = 0x7777 };
	uint32_t verdict = 0;
	size_t len = 0;
	int rc = t->ops->exec(t, &call, &len, &verdict);

	/* Either the transport knows the command table, or the card says it. */
	assert_int_equal(len, 0);
	if (rc)
		assert_int_equal(rc, -EOPNOTSUPP);
	else
		assert_int_equal(verdict, COFFER_ST_FUNCTION_NOT_SUPPORTED);
}

struct many {
	struct transport *t;
	unsigned int seed, rounds;
	int failed;
};

static void *many_thread(void *opaque)
{
	struct many *m = opaque;
	uint8_t data[3000];

	for (unsigned int i = 0; i < m->rounds && !m->failed; i++) {
		size_t len = (size_t)rand_r(&m->seed) % sizeof(data);

		memset(data, rand_r(&m->seed), sizeof(data));
		m->failed = fake_ask(m->t, data, len, 0);
	}
	return NULL;
}

static void threads_pass(struct transport *t, unsigned int rounds)
{
	struct many many[16];
	pthread_t threads[COUNT(many)];

	for (size_t i = 0; i < COUNT(many); i++) {
		many[i] = (struct many){ t, (unsigned int)i + 1, rounds, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, many_thread, &many[i]), 0);
	}
	for (size_t i = 0; i < COUNT(many); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(many[i].failed, 0);
	}
}

void fake_conform(struct transport *t)
{
	assert_non_null(t->ops->name);
	sizes_pass(t);
	verdicts_pass(t);
	threads_pass(t, 50);
	/* Nothing of that name is inside, now or any more. */
	assert_int_equal(t->ops->cancel(t, 7), -ENOENT);
	/* The epoch stands still while nobody resets the card. */
	assert_int_equal(t->ops->epoch(t), t->ops->epoch(t));
}
