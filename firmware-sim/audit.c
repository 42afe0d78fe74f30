// SPDX-License-Identifier: BSD-3-Clause
/*
 * The audit log (behaviour.md 5.1, quality.md A5): what is recorded, how records are chained,
 * and the state that goes with them. A record is written by the writer thread in the same
 * savepoint as its command's change, so that neither is there without the other; a refusal has
 * a savepoint of its own. State and Auditor are sealed under the life key, which no erasure
 * destroys; nv remembers how many records there were, so that none can be cut off at the end.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"
#include "writer.h"

#define ALWAYS		0x80		/* recorded whatever the mask says */
#define LOCK_MS		600000		/* behaviour.md 5.2: ten minutes */

/* COFFER_AUDIT_* of each command that is ever recorded. */
static const uint8_t class_of[OPCODE_MAX] = {
	[COFFER_CMD_LOGIN]		= COFFER_AUDIT_LOGIN,
	[COFFER_CMD_LOGOUT]		= COFFER_AUDIT_LOGIN,
	[COFFER_CMD_ROLE_INIT]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_ROLE_CHANGE_PW]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_ROLE_RESET_PW]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_ROLE_CHALLENGE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_ROLE_DEACTIVATE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_HSM_INIT]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_HSM_FACTORY_RESET]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_HSM_ZEROIZE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_POLICY_SET]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_CLOCK_SET]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_FW_UPDATE]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_SELF_TEST]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_TAMPER_CLEAR]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_PARTITION_CREATE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_PARTITION_DELETE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_PARTITION_INIT]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_DOMAIN_ADD]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_DOMAIN_DELETE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_DOMAIN_CHANGE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_CIPHER_SET]		= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_PARTITION_RESIZE]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_PARTITION_LABEL]	= COFFER_AUDIT_MANAGE,
	[COFFER_CMD_AUDIT_INIT]		= ALWAYS,
	[COFFER_CMD_AUDIT_CONFIG]	= ALWAYS,
	[COFFER_CMD_OBJECT_CREATE]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_KEY_GENERATE]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_KEY_PAIR_GENERATE]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_OBJECT_DESTROY]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_OBJECT_SET]		= COFFER_AUDIT_KEYS,
	[COFFER_CMD_OBJECT_COPY]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_CLONE_EXTRACT]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_CLONE_INSERT]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_CLONE_DIGEST]	= COFFER_AUDIT_USE,
	[COFFER_CMD_ARCHIVE_CREATE]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_ARCHIVE_OPEN]	= COFFER_AUDIT_KEYS,
	[COFFER_CMD_SIGN]		= COFFER_AUDIT_USE,
	[COFFER_CMD_VERIFY]		= COFFER_AUDIT_USE,
	[COFFER_CMD_ENCRYPT]		= COFFER_AUDIT_USE,
	[COFFER_CMD_DECRYPT]		= COFFER_AUDIT_USE,
};

/* ---- State ------------------------------------------------------------------------ */

#define STATE_LEN	(8 + 3 * 8 + 2 * AUDIT_CHAIN)

uint32_t audit_save(struct fw_card *card, const struct audit_state *s)
{
	uint8_t plain[STATE_LEN], sealed[STATE_LEN + LIFE_EXTRA];
	struct wire_out out;
	uint32_t st;

	wire_out_init(&out, plain, sizeof(plain));
	wire_put_u32(&out, s->on);
	wire_put_u32(&out, s->mask);
	wire_put_u64(&out, s->number);
	wire_put_u64(&out, s->seen);
	wire_put_u64(&out, s->oldest);
	wire_put(&out, s->chain, AUDIT_CHAIN);
	wire_put(&out, s->before, AUDIT_CHAIN);
	st = card_life_seal_to(card, "audit", (struct bytes){ plain, out.len }, sealed);
	if (!st && store_value_put(card->store, 0, "audit", sealed, sizeof(sealed)))
		st = COFFER_ST_DEVICE_ERROR;
	return st;
}

static void chain_read(struct wire_in *in, uint8_t to[AUDIT_CHAIN])
{
	struct bytes b = wire_bytes(in, AUDIT_CHAIN);

	if (b.len == AUDIT_CHAIN)
		memcpy(to, b.p, AUDIT_CHAIN);
}

static int state_load(struct fw_card *card)
{
	struct audit_state *s = &card->audit.s;
	struct wire_in in;
	uint8_t *plain;
	size_t len;
	int rc = card_life_get(card, "audit", &plain, &len);

	s->oldest = 1;
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	wire_in_init(&in, plain, len);
	s->on = wire_u32(&in);
	s->mask = wire_u32(&in);
	s->number = wire_u64(&in);
	s->seen = wire_u64(&in);
	s->oldest = wire_u64(&in);
	chain_read(&in, s->chain);
	chain_read(&in, s->before);
	rc = wire_in_done(&in) ? 0 : -EBADMSG;
	free(plain);
	return rc;
}

#define ROLE_LEN	(4 + 4 + ROLE_SALT + KEY_LEN)

uint32_t audit_save_role(struct fw_card *card, struct change *ch, const struct role *role)
{
	uint8_t plain[ROLE_LEN];
	struct wire_out out;
	uint32_t st;

	wire_out_init(&out, plain, sizeof(plain));
	wire_put_u32(&out, role->must_change);
	wire_put_u32(&out, role->iterations);
	wire_put(&out, role->salt, ROLE_SALT);
	wire_put(&out, role->check, KEY_LEN);
	st = card_life_seal(card, ch, "auditor", (struct bytes){ plain, out.len });
	crypto_wipe(plain, sizeof(plain));
	return st;
}

static int role_load(struct fw_card *card)
{
	struct role *role = &card->audit.role;
	struct bytes salt, check;
	struct wire_in in;
	uint8_t *plain;
	size_t len;
	int rc = card_life_get(card, "auditor", &plain, &len);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	wire_in_init(&in, plain, len);
	role->must_change = wire_u32(&in);
	role->iterations = wire_u32(&in);
	salt = wire_bytes(&in, ROLE_SALT);
	check = wire_bytes(&in, KEY_LEN);
	if (wire_in_done(&in)) {
		memcpy(role->salt, salt.p, ROLE_SALT);
		memcpy(role->check, check.p, KEY_LEN);
		role->initialised = true;
	} else {
		rc = -EBADMSG;
	}
	crypto_wipe(plain, len);
	free(plain);
	return rc;
}

/* A lock-out begins anew at power-on: switching the card off does not shorten it. */
int audit_load(struct fw_card *card)
{
	int rc = state_load(card);

	if (!rc && card->audit.s.number < nv_audit_mark(card->nv))
		return -ESTALE;
	if (!rc)
		rc = role_load(card);
	atomic_store(&card->audit.locked_until, card_uptime_ms(card) + LOCK_MS);
	return rc;
}

void audit_look(struct fw_card *card, struct audit_state *s)
{
	pthread_mutex_lock(&card->audit.lock);
	*s = card->audit.s;
	pthread_mutex_unlock(&card->audit.lock);
}

static bool is_full(const struct fw_card *card, const struct audit_state *s)
{
	return s->number - s->seen >= card->audit.limit;
}

void audit_publish(struct fw_card *card, const struct audit_state *s)
{
	bool was_full, full = is_full(card, s);

	pthread_mutex_lock(&card->audit.lock);
	was_full = is_full(card, &card->audit.s);
	card->audit.s = *s;
	pthread_mutex_unlock(&card->audit.lock);
	nv_audit_note(card->nv, s->number);
	if (full && !was_full)
		card_event(card, COFFER_EV_AUDIT_FULL, 0, s->number);
}

/* ---- What is recorded ------------------------------------------------------------- */

bool audit_wants(struct fw_card *card, uint32_t class)
{
	struct audit_state s;

	audit_look(card, &s);
	return s.on && (s.mask & class);
}

/* What a full log does not stop: the Auditor, and erasing the card. */
static bool goes_on_when_full(const struct cmd *c)
{
	struct wire_in peek = c->in;

	switch (c->opcode) {
	case COFFER_CMD_AUDIT_INIT:
	case COFFER_CMD_AUDIT_CONFIG:
	case COFFER_CMD_HSM_ZEROIZE:
	case COFFER_CMD_HSM_FACTORY_RESET:
		return true;
	case COFFER_CMD_LOGIN:
		return c->part && !c->part->id && wire_u32(&peek) == COFFER_ROLE_AU;
	case COFFER_CMD_LOGOUT:
		return c->role == COFFER_ROLE_AU;
	default:
		return false;
	}
}

uint32_t audit_admit(struct cmd *c)
{
	uint8_t class = class_of[c->opcode];
	struct audit_state s;

	if (!class)
		return COFFER_ST_OK;
	audit_look(c->card, &s);
	if (class != ALWAYS && (!s.on || !(s.mask & class)))
		return COFFER_ST_OK;
	if (is_full(c->card, &s) && !goes_on_when_full(c))
		return COFFER_ST_LOG_FULL;
	c->note.due = true;
	return COFFER_ST_OK;
}

/* ---- Records ---------------------------------------------------------------------- */

uint32_t audit_chain(struct fw_card *card, const uint8_t before[AUDIT_CHAIN],
		     const uint8_t *record, uint8_t chain[AUDIT_CHAIN])
{
	const struct bytes in[] = { { before, AUDIT_CHAIN }, { record, AUDIT_BODY } };
	uint8_t key[KEY_LEN];
	uint32_t st = card_life_derive(card, "coffer audit chain", key);

	if (!st)
		st = crypto_hmac(card->crypto, CRYPTO_SHA256, (struct bytes){ key, KEY_LEN }, in,
				 2, chain);
	crypto_wipe(key, sizeof(key));
	return st;
}

static struct audit_line record_of(const struct cmd *c)
{
	return (struct audit_line){ c->owner, c->part ? c->part->id : 0,
				    c->note.role ? c->note.role : c->role };
}

static void record_write(const struct cmd *c, const struct audit_line *line, uint64_t number,
			 uint32_t verdict, struct wire_out *out)
{
	const struct audit_note *n = &c->note;
	uint32_t handle = n->handle;

	if (!handle && c->change && !verdict)
		handle = change_handle(c->change);
	wire_put_u64(out, number);
	wire_put_u64(out, card_clock_ms(c->card));
	wire_put_u64(out, line->owner);
	wire_put_u32(out, line->part);
	wire_put_u32(out, line->role);
	wire_put_u32(out, n->opcode ? n->opcode : c->opcode);
	wire_put_u32(out, verdict ? verdict : n->answer);
	wire_put_u32(out, handle);
	wire_put_u32(out, 0);
}

/* Seen records above the limit go, the oldest first. */
static int trim(struct fw_card *card, struct audit_state *s)
{
	int rc = 0;

	while (!rc && s->oldest <= s->seen && s->number - s->oldest >= card->audit.limit) {
		rc = store_audit_take(card->store, s->oldest, s->before, AUDIT_CHAIN);
		s->oldest++;
	}
	return rc;
}

static uint32_t record_append(struct audit_state *s, const struct cmd *c,
			      const struct audit_line *line, uint32_t verdict)
{
	uint8_t body[AUDIT_BODY + AUDIT_CHAIN];
	struct wire_out out;
	uint32_t st;

	wire_out_init(&out, body, sizeof(body));
	record_write(c, line, s->number + 1, verdict, &out);
	st = audit_chain(c->card, s->chain, body, s->chain);
	if (st)
		return st;
	wire_put(&out, s->chain, AUDIT_CHAIN);
	s->number++;
	if (store_audit_put(c->card->store, s->number, body, sizeof(body)) || trim(c->card, s))
		st = COFFER_ST_DEVICE_ERROR;
	return st;
}

uint32_t audit_apply(struct audit_state *s, const struct cmd *c, uint32_t verdict, bool record)
{
	const struct audit_note *n = &c->note;
	struct audit_line one = record_of(c);
	uint32_t st = COFFER_ST_OK;
	unsigned int i;

	if (!verdict) {
		s->on = s->on || n->begin;
		if (n->set_mask)
			s->mask = n->mask;
		if (n->seen > s->seen)
			s->seen = n->seen;
	}
	if (!record || !s->on)
		return COFFER_ST_OK;
	if (!n->lines)
		return record_append(s, c, &one, verdict);
	for (i = 0; i < n->count && !st; i++)
		st = record_append(s, c, &n->lines[i], verdict);
	return st;
}
