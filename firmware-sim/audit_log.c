// SPDX-License-Identifier: BSD-3-Clause
/* AUDIT_INIT, AUDIT_CONFIG, AUDIT_READ: the Auditor's commands. */
#include <string.h>

#include "card.h"
#include "nv.h"

/* ---- Init ------------------------------------------------------------------------- */

static bool so_logged_in(struct fw_card *card)
{
	struct fw_session *s;
	bool found = false;
	unsigned int i;

	pthread_mutex_lock(&card->lock);
	for (i = 0; i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = s->next)
			found = found || s->presence->role == COFFER_ROLE_SO;
	pthread_mutex_unlock(&card->lock);
	return found;
}

/* Alone on the card: no SO can log in meanwhile. An Auditor ends only by a factory reset. */
uint32_t handle_AUDIT_INIT(struct cmd *c)
{
	uint32_t reserved = wire_u32(&c->in), st;
	struct bytes pin = wire_blob(&c->in, PIN_MAX);

	if (reserved || !wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (so_logged_in(c->card))
		return COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN;
	if (c->card->audit.role.initialised)
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	st = role_secret(c, c->part->policy, pin, &pin);
	if (!st)
		st = status_of(nv_attempts_reset(c->card->nv, 0, COFFER_ROLE_AU));
	if (st)
		return st;
	c->note.begin = true;
	c->note.set_mask = true;
	c->note.mask = COFFER_AUDIT_LOGIN | COFFER_AUDIT_MANAGE;
	c->note.role = COFFER_ROLE_AU;
	return role_password(c, COFFER_ROLE_AU, pin, false, COFFER_EV_ROLE_INITIALIZED);
}

/* ---- Config ----------------------------------------------------------------------- */

static void config_write(struct cmd *c)
{
	struct audit_state s;

	audit_look(c->card, &s);
	wire_put_u32(&c->out, c->note.set_mask ? c->note.mask : s.mask);
	wire_put_u32(&c->out, 0);
	wire_put_u64(&c->out, s.number);
	wire_put_u64(&c->out, s.seen);
	wire_put_u64(&c->out, s.oldest);
	wire_put(&c->out, s.chain, AUDIT_CHAIN);
}

static uint32_t config_written(struct cmd *c, uint32_t verdict)
{
	if (!verdict)
		config_write(c);
	return verdict;
}

uint32_t handle_AUDIT_CONFIG(struct cmd *c)
{
	uint32_t flags = wire_u32(&c->in), events = wire_u32(&c->in), reserved = 0, i;
	struct audit_state s;

	for (i = 0; i < 5; i++)
		reserved |= wire_u32(&c->in);
	audit_look(c->card, &s);
	if (reserved || !wire_in_done(&c->in) || (flags & ~COFFER_AUDIT_SET) ||
	    (events & ~COFFER_AUDIT_ALL) || (!flags && events))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!s.on)
		return COFFER_ST_LOG_AUDIT_NOT_INITIALIZED;
	if (!flags) {
		c->note.quiet = true;
		config_write(c);
		return COFFER_ST_OK;
	}
	if (c->role != COFFER_ROLE_AU)
		return COFFER_ST_USER_NOT_AUTHORIZED;
	if (!c->session_rw)
		return COFFER_ST_SESSION_READ_ONLY;
	if (!change_of(c))
		return COFFER_ST_DEVICE_MEMORY;
	c->note.set_mask = true;
	c->note.mask = events;
	change_after(c->change, config_written);
	return COFFER_ST_OK;
}

/* ---- Read ------------------------------------------------------------------------- */

struct reading {
	struct cmd *c;
	struct audit_state s;		/* when the reading began */
	uint64_t next;			/* number that has to come */
	uint64_t since;			/* first one that is not given out */
	uint32_t max;
	uint32_t count;
	uint32_t st;
	uint8_t chain[AUDIT_CHAIN];	/* of the record before */
	bool chained;			/* that is known */
};

static bool record_good(struct reading *r, uint64_t number, const uint8_t *body, size_t len)
{
	uint8_t chain[AUDIT_CHAIN];
	struct wire_in in;

	if (number != r->next || len != AUDIT_BODY + AUDIT_CHAIN)
		return false;
	wire_in_init(&in, body, len);
	if (wire_u64(&in) != number)
		return false;
	if (number == r->s.number && !crypto_equal(r->s.chain, body + AUDIT_BODY, AUDIT_CHAIN))
		return false;
	if (!r->chained)
		return true;	/* the first one only tells the chain of the next */
	r->st = audit_chain(r->c->card, r->chain, body, chain);
	return !r->st && crypto_equal(chain, body + AUDIT_BODY, AUDIT_CHAIN);
}

static bool read_one(void *opaque, uint64_t number, const uint8_t *body, size_t len)
{
	struct reading *r = opaque;
	struct wire_out *out = &r->c->out;

	if (number > r->s.number)
		return false;
	if (number > r->since &&
	    (r->count == r->max || out->room - out->len < sizeof(struct coffer_audit_row)))
		return false;
	if (!record_good(r, number, body, len)) {
		r->st = r->st ? r->st : (uint32_t)COFFER_ST_LOG_CORRUPT;
		return false;
	}
	if (number > r->since) {
		wire_put(out, body, len);
		r->count++;
	}
	memcpy(r->chain, body + AUDIT_BODY, AUDIT_CHAIN);
	r->chained = true;
	r->next++;
	return true;
}

/* All of max, of the room, or up to the newest; else some are missing. */
static bool is_complete(const struct reading *r)
{
	const struct wire_out *out = &r->c->out;

	return r->next == r->s.number + 1 || r->count == r->max ||
	       out->room - out->len < sizeof(struct coffer_audit_row);
}

/*
 * From the record before the first wanted one, or from the oldest, whose predecessor's chain
 * is in the sealed state.
 */
static uint32_t read_records(struct cmd *c, struct reading *r)
{
	int rc;

	r->count = 0;
	r->st = COFFER_ST_OK;
	audit_look(c->card, &r->s);
	if (!r->s.on)
		return COFFER_ST_LOG_AUDIT_NOT_INITIALIZED;
	if (r->since > r->s.number)
		return COFFER_ST_ARGUMENTS_BAD;
	r->chained = r->since < r->s.oldest;
	r->next = r->chained ? r->s.oldest : r->since;
	memcpy(r->chain, r->s.before, AUDIT_CHAIN);
	if (!r->max)
		return COFFER_ST_OK;
	rc = store_audit_each(c->card->store, r->next - 1, read_one, r);
	if (rc)
		return COFFER_ST_DEVICE_ERROR;
	if (!r->st && !is_complete(r))
		r->st = COFFER_ST_LOG_CORRUPT;
	return r->st;
}

uint32_t handle_AUDIT_READ(struct cmd *c)
{
	struct reading r = { .c = c };
	struct audit_state now;
	uint32_t flags, st;
	size_t at;

	r.max = wire_u32(&c->in);
	r.since = wire_u64(&c->in);
	flags = wire_u32(&c->in);
	if (wire_u32(&c->in) || !wire_in_done(&c->in) || (flags & ~COFFER_AUDIT_SEEN) ||
	    (!r.max && !flags))
		return COFFER_ST_ARGUMENTS_BAD;
	if (flags && c->role != COFFER_ROLE_AU)
		return COFFER_ST_USER_NOT_AUTHORIZED;
	do {
		wire_out_init(&c->out, c->out.base, c->out.room);
		at = wire_reserve_u32(&c->out);
		st = read_records(c, &r);
		/* The oldest ones may have gone while they were read. */
		audit_look(c->card, &now);
	} while (st == (uint32_t)COFFER_ST_LOG_CORRUPT && now.oldest != r.s.oldest);
	wire_fill_u32(&c->out, at, r.count);
	if (st || !flags)
		return st;
	c->note.seen = r.since;
	return change_of(c) ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
}
