// SPDX-License-Identifier: BSD-3-Clause
/*
 * Comparing objects of two cards (PROTOCOLS.md, "Digests"): in an open session each of its two
 * cards gives a MAC over an object, under a key that only these two have and only for that long.
 * Equal objects, equal MACs; nobody else can make one or test a guess with it, for the identity
 * is in it, and no card lets its callers choose that.
 */
#include "clone.h"

#include <stdlib.h>

#define LABEL_LEN	32

/*
 * What does not travel, or not as it was: the target's rules make a key sensitive and forget that
 * it was trusted, and the fingerprint follows. A copy that is only stricter is still the copy.
 */
static void leave_what_travels(struct attrs *attrs)
{
	attrs_remove(attrs, COFFER_CKA_TRUSTED);
	attrs_remove(attrs, COFFER_CKA_SENSITIVE);
	attrs_remove(attrs, COFFER_CKA_FINGERPRINT);
}

static uint32_t mac_of(struct cmd *c, const struct clone_context *x, struct bytes flat,
		       uint8_t mac[CRYPTO_HASH_MAX])
{
	static const char label[LABEL_LEN] = "coffer clone object digest";
	struct bytes pieces[] = {
		{ (const uint8_t *)label, sizeof(label) },
		{ x->session, CLONE_SESSION_ID },
		flat,
	};

	return crypto_hmac(c->crypto, x->suite->hash,
			   (struct bytes){ x->keys[0].digest, x->suite->mac_len }, pieces, 3,
			   mac);
}

/*
 * Of any object that the Crypto Officer sees, also where a policy keeps it from being cloned:
 * nothing of it leaves, and whether a copy made before is still good is just what one asks then.
 */
static uint32_t digest_of(struct cmd *c, const struct clone_context *x, uint32_t handle,
			  uint8_t mac[CRYPTO_HASH_MAX])
{
	struct object o;
	uint8_t *flat;
	size_t len;
	uint32_t st;

	/* A session object is on no other card. */
	if (handle >= COFFER_HANDLE_SESSION)
		return COFFER_ST_OBJECT_TYPE_INVALID;
	st = object_load(c, handle, &o);
	if (st)
		return st;
	leave_what_travels(&o.attrs);
	st = object_flatten(c, &o, &flat, &len);
	object_free(&o);
	if (st)
		return st;
	st = mac_of(c, x, (struct bytes){ flat, len }, mac);
	crypto_wipe(flat, len);
	free(flat);
	return st;
}

static uint32_t digest_all(struct cmd *c, const struct clone_context *x, struct wire_in handles,
			   uint32_t count)
{
	size_t at = wire_reserve_u32(&c->out);
	uint8_t mac[CRYPTO_HASH_MAX];
	uint32_t done = 0, st;

	while (done < count && !*c->cancelled &&
	       c->out.room - c->out.len >= 8 + x->suite->mac_len) {
		st = digest_of(c, x, wire_u32(&handles), mac);
		wire_put_u32(&c->out, st);
		wire_put_blob(&c->out, mac, st ? 0 : x->suite->mac_len);
		done++;
	}
	crypto_wipe(mac, sizeof(mac));
	if (!done)
		return *c->cancelled ? COFFER_ST_CANCEL : COFFER_ST_BUFFER_TOO_SMALL;
	wire_fill_u32(&c->out, at, done);
	return COFFER_ST_OK;
}

uint32_t handle_CLONE_DIGEST(struct cmd *c)
{
	struct clone_context *x;
	uint32_t id = wire_u32(&c->in);
	uint32_t count = wire_u32(&c->in);
	uint32_t st;

	/* A count that is cut off reads as 0. */
	if (!count || c->in.left != (size_t)count * 4)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!(card_profile(c->card)->features & PROFILE_DIGEST))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	st = clone_context_get(c, id, 0, 0, &x);
	if (st)
		return st;
	/*
	 * Before the peer's proof there is no key that both have: out of order, so it is void. An
	 * archive has no peer that asks back, and its keys outlive the session.
	 */
	if (x->step != CLONE_STEP_OPEN || x->suite->file) {
		clone_context_put(c, x, false);
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	}
	st = digest_all(c, x, c->in, count);
	clone_context_put(c, x, true);
	return st;
}
