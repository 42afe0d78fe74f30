// SPDX-License-Identifier: BSD-3-Clause
/* One card of a context: its transport, and every command that goes through it. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

coffer_rc card_init(struct coffer_card *card, struct coffer *ctx, unsigned int index,
		    const char *name)
{
	card->ctx = ctx;
	card->index = index;
	card->rc = -ENODEV;
	pthread_rwlock_init(&card->lock, NULL);
	pthread_mutex_init(&card->events_lock, NULL);
	card->name = strdup(name);
	return card->name ? 0 : -ENOMEM;
}

void card_open(struct coffer_card *card)
{
	card->rc = transport_open(card->name, &card->t, &card->text);
	card->generation++;
}

/* In a forked child too: no lock is taken, no thread is inside by coffer_close()'s contract. */
void card_exit(struct coffer_card *card)
{
	if (card->t)
		card->t->ops->close(card->t);
	free(card->name);
	free(card->text);
}

void card_revive(struct coffer_card *card)
{
	if (!__atomic_load_n(&card->broken, __ATOMIC_RELAXED))
		return;
	pthread_rwlock_wrlock(&card->lock);
	if (card->broken) {
		if (card->t)
			card->t->ops->close(card->t);
		card->t = NULL;
		card->rc = transport_open(card->name, &card->t, NULL);
		card->generation++;
		/* Not there yet: the next caller looks again. */
		__atomic_store_n(&card->broken, card->rc != 0, __ATOMIC_RELAXED);
	}
	pthread_rwlock_unlock(&card->lock);
}

void card_retry(struct coffer_card *card)
{
	if (coffer_card_state(card, NULL))
		__atomic_store_n(&card->broken, true, __ATOMIC_RELAXED);
	card_revive(card);
}

uint64_t card_epoch(struct coffer_card *card)
{
	uint64_t epoch;

	pthread_rwlock_rdlock(&card->lock);
	epoch = (uint64_t)card->generation << 48;
	if (card->t)
		epoch += card->t->ops->epoch(card->t) & 0xffffffffffff;
	pthread_rwlock_unlock(&card->lock);
	return epoch;
}

uint32_t card_generation(struct coffer_card *card)
{
	uint32_t generation;

	pthread_rwlock_rdlock(&card->lock);
	generation = card->generation;
	pthread_rwlock_unlock(&card->lock);
	return generation;
}

/* 0 = no limit */
static unsigned int shorter(unsigned int a, unsigned int b)
{
	return a && (!b || a < b) ? a : b;
}

coffer_rc card_call(struct coffer_card *card, const struct transport_call *call,
		    size_t *reply_len)
{
	struct transport_call with_time = *call;
	size_t room = *reply_len;
	uint32_t verdict = 0;
	coffer_rc rc;

	*reply_len = 0;
	rc = context_check(card->ctx);
	if (rc)
		return rc;
	pthread_rwlock_rdlock(&card->lock);
	rc = card->rc;
	with_time.timeout_ms = shorter(call->timeout_ms, card->ctx->timeout_ms);
	if (card->t) {
		rc = card->t->ops->exec(card->t, &with_time, &room, &verdict);
		if (rc == -EPIPE || rc == -ENODEV)
			__atomic_store_n(&card->broken, true, __ATOMIC_RELAXED);
		if (!rc)
			*reply_len = room;
	}
	pthread_rwlock_unlock(&card->lock);
	return rc ? rc : (coffer_rc)verdict;
}

coffer_rc card_exec(struct coffer_card *card, uint16_t opcode, const void *req, size_t req_len,
		    void *reply, size_t *reply_len)
{
	const struct transport_call call = {
		.opcode = opcode,
		.req = req,
		.req_len = req_len,
		.reply = reply,
	};

	return card_call(card, &call, reply_len);
}

coffer_rc card_cancel(struct coffer_card *card, uint64_t cookie)
{
	coffer_rc rc = context_check(card->ctx);

	if (rc)
		return rc;
	pthread_rwlock_rdlock(&card->lock);
	rc = card->t ? card->t->ops->cancel(card->t, cookie) : card->rc;
	pthread_rwlock_unlock(&card->lock);
	return rc;
}

coffer_rc card_exec_reply(struct coffer_card *card, uint16_t opcode, unsigned int ms,
			  struct msg_out *req, struct reply *reply)
{
	struct transport_call call = {
		.opcode = opcode,
		.timeout_ms = ms,
		.req = req->data,
		.req_len = req->len,
	};
	coffer_rc rc = req->error;

	reply->len = 0;
	reply->data = NULL;
	if (!rc) {
		reply->data = malloc(COFFER_CMD_MAX_PAYLOAD);
		rc = reply->data ? 0 : -ENOMEM;
	}
	if (!rc) {
		reply->len = COFFER_CMD_MAX_PAYLOAD;
		call.reply = reply->data;
		rc = card_call(card, &call, &reply->len);
	}
	msg_out_free(req);
	return rc;
}

void reply_free(struct reply *reply)
{
	if (reply->data)
		explicit_bzero(reply->data, reply->len);
	free(reply->data);
	reply->data = NULL;
	reply->len = 0;
}

API coffer_rc coffer_exec(struct coffer_card *card, uint16_t opcode, const void *req,
			  size_t req_len, void *reply, size_t *reply_len)
{
	const struct command_row *row = command_find(opcode);

	if (row && (row->flags & COFFER_CF_DRIVER)) {
		*reply_len = 0;
		return -EPERM;
	}
	return card_exec(card, opcode, req, req_len, reply, reply_len);
}

API unsigned int coffer_card_index(const struct coffer_card *card)
{
	return card->index;
}

API const char *coffer_card_name(const struct coffer_card *card)
{
	return card->name;
}

/* Looking changes nothing but the lock, which a card that is opened again needs. */
static pthread_rwlock_t *lock_of(const struct coffer_card *card)
{
	return (pthread_rwlock_t *)&card->lock;
}

API const char *coffer_card_transport(const struct coffer_card *card)
{
	const char *name;

	pthread_rwlock_rdlock(lock_of(card));
	name = card->t ? card->t->ops->name : "none";
	pthread_rwlock_unlock(lock_of(card));
	return name;
}

API coffer_rc coffer_card_state(const struct coffer_card *card, const char **text)
{
	coffer_rc rc;

	pthread_rwlock_rdlock(lock_of(card));
	rc = card->rc;
	pthread_rwlock_unlock(lock_of(card));
	if (text)
		*text = card->text ? card->text : rc ? coffer_strerror(rc) : "";
	return rc;
}

/* IDENTIFY and STATS have no payload; the reply begins with a struct of `size` bytes. */
static coffer_rc card_ask(struct coffer_card *card, uint16_t opcode, unsigned int ms, void *to,
			  size_t size, bool more)
{
	struct msg_out req;
	struct reply reply;
	coffer_rc rc;

	card_revive(card);
	msg_out_init(&req);
	rc = card_exec_reply(card, opcode, ms, &req, &reply);
	if (!rc && (more ? reply.len < size : reply.len != size))
		rc = -EIO;
	if (!rc)
		memcpy(to, reply.data, size);
	reply_free(&reply);
	return rc;
}

coffer_rc card_identify(struct coffer_card *card, unsigned int ms, struct coffer_card_details *out)
{
	struct coffer_card_info info;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	rc = context_check(card->ctx);
	if (!rc)
		rc = card_ask(card, COFFER_CMD_IDENTIFY, ms, &info, sizeof(info), false);
	if (rc)
		return rc;
	out->serial = le64toh(info.serial);
	out->fw_version = le32toh(info.fw_version);
	out->flags = le32toh(info.flags);
	out->protocols = le32toh(info.protocols);
	out->partitions = le32toh(info.partitions);
	out->max_partitions = le32toh(info.max_partitions);
	out->clock_ms = le64toh(info.clock_ms);
	out->storage_total = le64toh(info.storage_total);
	out->storage_free = le64toh(info.storage_free);
	msg_copy_text(out->label, info.label, sizeof(info.label));
	msg_copy_text(out->model, info.model, sizeof(info.model));
	msg_copy_text(out->profile, info.profile, sizeof(info.profile));
	return 0;
}

API coffer_rc coffer_card_identify(struct coffer_card *card, struct coffer_card_details *out)
{
	return card_identify(card, 0, out);
}

API coffer_rc coffer_card_statistics(struct coffer_card *card, struct coffer_card_stats *out)
{
	struct coffer_stats stats;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	rc = context_check(card->ctx);
	if (!rc)
		rc = card_ask(card, COFFER_CMD_STATS, 0, &stats, sizeof(stats), true);
	if (rc)
		return rc;
	out->commands = le64toh(stats.commands);
	out->errors = le64toh(stats.errors);
	out->syncs = le64toh(stats.syncs);
	out->changes = le64toh(stats.changes);
	out->owners = le64toh(stats.owners);
	out->sessions = le64toh(stats.sessions);
	out->logins = le64toh(stats.logins);
	out->power_on_ms = le64toh(stats.power_on_ms);
	return 0;
}
