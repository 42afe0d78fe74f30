// SPDX-License-Identifier: BSD-3-Clause
/*
 * Events of all cards. Kernel cards wake a poll(); cards without a driver are asked with EVENTS
 * from time to time.
 */
#include <endian.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "lib.h"
#include "uapi/linux/coffer.h"

#define ASK_EVERY_MS 200
#define BATCH 64

static const struct {
	uint16_t type;
	const char *name;
} types[] = {
#define ROW(name, value, arg) { value, #name },
	COFFER_EVENT_TYPES(ROW)
#undef ROW
};

API const char *coffer_event_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return "UNKNOWN";
}

/* ---- One card, with events_lock held -------------------------------------------------------- */

static coffer_rc kernel_events(struct coffer_card *card, struct coffer_card_event *to,
			       size_t room, size_t *count)
{
	struct coffer_event list[BATCH];
	uint32_t missed;
	coffer_rc rc;

	*count = 0;
	pthread_rwlock_rdlock(&card->lock);
	rc = card->rc;
	if (card->t)
		rc = card->t->ops->events(card->t, &card->events_seen, list,
					  room < BATCH ? room : BATCH, count, &missed);
	if (rc == -ENODEV)
		__atomic_store_n(&card->broken, true, __ATOMIC_RELAXED);
	pthread_rwlock_unlock(&card->lock);
	if (rc)
		return rc;
	for (size_t i = 0; i < *count; i++)
		to[i] = (struct coffer_card_event){
			.card = card->index,
			.seq = list[i].seq,
			.time_ms = list[i].time_ms,
			.arg = list[i].arg,
			.partition = list[i].partition,
			.type = list[i].type,
			.missed = i ? 0 : missed,
		};
	return 0;
}

/* A number below those seen: the card was switched off in between, and counts from 1 again. */
static uint32_t gap(uint64_t seen, uint64_t seq)
{
	uint64_t lost = seen && seq > seen ? seq - seen - 1 : 0;

	return lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
}

static coffer_rc rows_take(struct coffer_card *card, const struct reply *reply,
			   struct coffer_card_event *to, size_t room, size_t *count)
{
	struct coffer_event_wire row;
	const uint8_t *rows;
	struct msg_in in;
	uint32_t n;

	msg_in_init(&in, reply->data, reply->len);
	rows = msg_take_rows(&in, sizeof(row), &n);
	if (!rows || n > room)
		return -EIO;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		to[i] = (struct coffer_card_event){
			.card = card->index,
			.seq = le64toh(row.seq),
			.time_ms = le64toh(row.time_ms),
			.arg = le64toh(row.arg),
			.partition = le32toh(row.partition),
			.type = (uint16_t)le32toh(row.type),
			.missed = gap(card->events_seen, le64toh(row.seq)),
		};
		card->events_seen = to[i].seq;
	}
	*count = n;
	return 0;
}

static coffer_rc asked_events(struct coffer_card *card, struct coffer_card_event *to,
			      size_t room, size_t *count)
{
	const struct coffer_req_events head = {
		.since = htole64(card->events_seen),
		.max = htole32((uint32_t)(room < BATCH ? room : BATCH)),
	};
	struct msg_out req;
	struct reply reply;
	coffer_rc rc;

	*count = 0;
	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	rc = card_exec_reply(card, COFFER_CMD_EVENTS, 0, &req, &reply);
	if (!rc)
		rc = rows_take(card, &reply, to, room, count);
	reply_free(&reply);
	return rc;
}

static coffer_rc card_events(struct coffer_card *card, struct coffer_card_event *to, size_t room,
			     size_t *count)
{
	uint32_t generation;
	coffer_rc rc;

	card_revive(card);
	generation = card_generation(card);
	pthread_mutex_lock(&card->events_lock);
	if (card->events_generation != generation) {
		/* Another connection, and maybe another power cycle: numbers begin again. */
		card->events_generation = generation;
		card->events_seen = 0;
	}
	rc = kernel_events(card, to, room, count);
	if (rc == -EOPNOTSUPP)
		rc = asked_events(card, to, room, count);
	pthread_mutex_unlock(&card->events_lock);
	return rc;
}

/* ---- All of them ---------------------------------------------------------------------------- */

/* Cards that cannot be reached have none; but when no card can be, that is said. */
static coffer_rc events_take(struct coffer *ctx, struct coffer_card_event *list, size_t room,
			     size_t *count)
{
	coffer_rc rc, first = 0;
	bool any = false;
	size_t n;

	*count = 0;
	for (unsigned int i = 0; i < context_count(ctx) && *count < room; i++) {
		rc = card_events(&ctx->cards[i], list + *count, room - *count, &n);
		if (!rc)
			any = true;
		else if (!first)
			first = rc;
		*count += n;
	}
	return any ? 0 : first;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Until something may be new. -EINTR on a signal. */
static coffer_rc events_wait(struct coffer *ctx, int64_t left)
{
	struct pollfd polls[LIB_MAX_CARDS];
	unsigned int n = 0;
	bool all = true;
	int fd;

	for (unsigned int i = 0; i < context_count(ctx); i++) {
		struct coffer_card *card = &ctx->cards[i];

		pthread_rwlock_rdlock(&card->lock);
		fd = card->t ? card->t->ops->fd(card->t) : -1;
		pthread_rwlock_unlock(&card->lock);
		if (fd >= 0)
			polls[n++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		else
			all = false;
	}
	if (!all && (left < 0 || left > ASK_EVERY_MS))
		left = ASK_EVERY_MS;
	if (poll(polls, n, left < 0 ? -1 : (int)left) < 0)
		return -errno;
	/* A card that is gone polls as ready for ever: do not spin on it. */
	for (unsigned int i = 0; i < n; i++)
		if (polls[i].revents & (POLLERR | POLLHUP | POLLNVAL))
			return poll(NULL, 0, left >= 0 && left < ASK_EVERY_MS ? (int)left :
				    ASK_EVERY_MS) < 0 ? -errno : 0;
	return 0;
}

API coffer_rc coffer_events(struct coffer *ctx, struct coffer_card_event *list, size_t room,
			    int timeout_ms, size_t *count)
{
	int64_t end = now_ms() + timeout_ms, left = timeout_ms;
	coffer_rc rc;

	*count = 0;
	rc = context_check(ctx);
	if (!rc && !room)
		rc = -EINVAL;
	while (!rc) {
		rc = events_take(ctx, list, room, count);
		if (rc || *count)
			break;
		if (timeout_ms >= 0) {
			left = end - now_ms();
			if (left <= 0)
				break;
		}
		rc = events_wait(ctx, left);
	}
	return rc;
}
