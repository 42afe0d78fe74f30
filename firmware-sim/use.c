// SPDX-License-Identifier: BSD-3-Clause
/* Use of keys: sign, verify, encrypt, decrypt; digests and random numbers. */
#include <time.h>

#include "crypto_more.h"
#include "object_internal.h"
#include "policy.h"
#include "speed.h"

struct use {
	uint32_t handle;
	uint32_t mechanism;
	struct bytes params;
	struct bytes data;
	struct cached_key key;
};

static void parse(struct cmd *c, struct use *use)
{
	use->handle = wire_u32(&c->in);
	use->mechanism = wire_u32(&c->in);
	use->params = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	use->data = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	use->key.key = NULL;
}

static bool is_listed(const struct cached_key *k, uint32_t mechanism)
{
	for (uint32_t i = 0; i < k->allowed_count; i++)
		if (k->allowed[i] == mechanism)
			return true;
	return !k->allowed_count;
}

/* The day of the card's clock in UTC, YYYYMMDD. */
static uint32_t today(const struct cmd *c)
{
	time_t now = (time_t)(card_clock_ms(c->card) / 1000);
	struct tm tm = { 0 };

	gmtime_r(&now, &tm);
	return (uint32_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

/*
 * CKA_START_DATE and CKA_END_DATE, wherever they come from: a key that was dated on one card is
 * not free of it on another whose policy 39 is off.
 */
static bool is_in_time(const struct cmd *c, const struct cached_key *k)
{
	uint32_t day = k->start || k->end ? today(c) : 0;

	return (!k->start || k->start <= day) && (!k->end || day <= k->end);
}

/* Mechanism, key, and whether one may be used with the other for this. */
static uint32_t prepare(struct cmd *c, struct use *use, uint32_t operation, uint32_t usage)
{
	uint32_t st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = mechanism_check(c, use->mechanism, operation);
	if (!st)
		st = key_find(c, use->handle, &use->key);
	if (st)
		return st;
	if (!(use->key.usage & usage))
		return COFFER_ST_KEY_FUNCTION_NOT_PERMITTED;
	if (crypto_mech_key_type(use->mechanism) != use->key.type)
		return COFFER_ST_KEY_TYPE_INCONSISTENT;
	if (!is_listed(&use->key, use->mechanism))
		return COFFER_ST_MECHANISM_INVALID;
	if (usage == USAGE_SIGN && !use->key.local)
		st = policy_forbids(c->part, POLICY_ACT_SIGN_NON_LOCAL);
	/* What was signed in time stays verifiable. */
	if (!st && usage != USAGE_VERIFY && !is_in_time(c, &use->key))
		st = COFFER_ST_KEY_FUNCTION_NOT_PERMITTED;
	return st ? st : mechanism_size(c, use->mechanism, use->key.type,
			      crypto_key_bits(use->key.key));
}

/* The rest of the reply buffer, to be written into directly; NULL where there is no buffer. */
static uint8_t *room_of(struct cmd *c, size_t *room)
{
	*room = c->out.room - c->out.len;
	return c->out.base ? c->out.base + c->out.len : NULL;
}

typedef uint32_t transform_fn(struct crypto *c, struct crypto_key *key, uint32_t mechanism,
			      struct bytes params, struct bytes data, uint8_t *out, size_t *len);

static uint32_t transform(struct cmd *c, uint32_t operation, uint32_t usage, transform_fn *fn)
{
	struct use use;
	size_t len = 0;
	uint8_t *out = room_of(c, &len);
	uint32_t st;

	parse(c, &use);
	st = prepare(c, &use, operation, usage);
	if (!st)
		st = fn(c->crypto, use.key.key, use.mechanism, use.params, use.data, out, &len);
	if (!st)
		c->out.len += len;
	if (!st && use.key.class == COFFER_CKO_PRIVATE_KEY)
		c->rate = speed_of(c->card, use.key.type, crypto_key_bits(use.key.key));
	crypto_key_put(use.key.key);
	return st;
}

uint32_t handle_SIGN(struct cmd *c)
{
	bool confirm = policy_forbids(c->part, POLICY_ACT_SIGN_UNCONFIRMED);

	return transform(c, MECH_SIGN, USAGE_SIGN,
			 confirm ? crypto_sign_confirmed : crypto_sign);
}

uint32_t handle_ENCRYPT(struct cmd *c)
{
	return transform(c, MECH_ENCRYPT, USAGE_ENCRYPT, crypto_encrypt);
}

uint32_t handle_DECRYPT(struct cmd *c)
{
	return transform(c, MECH_DECRYPT, USAGE_DECRYPT, crypto_decrypt);
}

uint32_t handle_VERIFY(struct cmd *c)
{
	struct use use;
	struct bytes sig;
	uint32_t st;

	parse(c, &use);
	sig = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	st = prepare(c, &use, MECH_VERIFY, USAGE_VERIFY);
	if (!st)
		st = crypto_verify(c->crypto, use.key.key, use.mechanism, use.params, use.data,
				   sig);
	crypto_key_put(use.key.key);
	return st;
}

uint32_t handle_DIGEST(struct cmd *c)
{
	struct use use;
	size_t len = 0;
	uint8_t *out = room_of(c, &len);
	uint32_t st;

	parse(c, &use);
	if (!wire_in_done(&c->in) || use.handle)
		return COFFER_ST_ARGUMENTS_BAD;
	if (use.params.len)
		return COFFER_ST_MECHANISM_PARAM_INVALID;
	st = mechanism_check(c, use.mechanism, MECH_DIGEST);
	if (!st)
		st = crypto_digest_mech(c->crypto, use.mechanism, use.data, out, &len);
	if (!st)
		c->out.len += len;
	return st;
}

uint32_t handle_RANDOM(struct cmd *c)
{
	uint32_t len = wire_u32(&c->in), st;
	size_t room;
	uint8_t *out = room_of(c, &room);

	if (!wire_in_done(&c->in) || !len || len > COFFER_CMD_MAX_PAYLOAD)
		return COFFER_ST_ARGUMENTS_BAD;
	if (len > room)
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = crypto_random(c->crypto, out, len);
	if (!st)
		c->out.len += len;
	return st;
}
