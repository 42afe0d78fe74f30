// SPDX-License-Identifier: BSD-3-Clause
/*
 * The life of a cloning context. It belongs to one session and one login, goes through its
 * steps once, and is void after an error, an hour, or a change of the partition under it.
 * The session's list holds one use, each running command another; the last one wipes. A command
 * takes its use under the list's lock and leaves the context listed, so a second command of the
 * same owner finds it too, and waits.
 */
#include "clone.h"

#include <stdlib.h>

#include "card.h"

/*
 * How many contexts a session has. Itself a thing of the session, with an id that no context
 * has.
 */
struct clone_quota {
	struct session_thing thing;
	atomic_uint users;			/* the list and the contexts */
	atomic_uint contexts;
};

#define QUOTA_ID	0

/* Two first commands of a session must not make two. Taken before the list's lock. */
static pthread_mutex_t quota_lock = PTHREAD_MUTEX_INITIALIZER;

static void quota_unuse(struct clone_quota *q)
{
	if (atomic_fetch_sub(&q->users, 1) == 1)
		free(q);
}

static void quota_free(struct session_thing *thing)
{
	quota_unuse((struct clone_quota *)thing);
}

static void quota_ref(struct session_thing *thing)
{
	atomic_fetch_add(&((struct clone_quota *)thing)->users, 1);
}

/* Two uses: the list's and the caller's. */
static uint32_t quota_new(struct cmd *c, struct clone_quota **out)
{
	struct clone_quota *q = calloc(1, sizeof(*q));
	uint32_t st;

	*out = NULL;
	if (!q)
		return COFFER_ST_DEVICE_MEMORY;
	atomic_init(&q->users, 2);
	q->thing.kind = SESSION_THING_CLONE;
	q->thing.id = QUOTA_ID;
	q->thing.free = quota_free;
	st = session_attach(c->session, &q->thing, c->role);
	if (st)
		free(q);
	else
		*out = q;
	return st;
}

static uint32_t quota_find(struct cmd *c, struct clone_quota **out)
{
	struct session_thing *thing;
	uint32_t st = COFFER_ST_OK;

	pthread_mutex_lock(&quota_lock);
	thing = session_find(c->session, SESSION_THING_CLONE, QUOTA_ID, quota_ref);
	*out = (struct clone_quota *)thing;
	if (!thing)
		st = quota_new(c, out);
	pthread_mutex_unlock(&quota_lock);
	return st;
}

/*
 * How many contexts an owner has; under card->lock. Ids of owners are never used again, so this
 * may outlive its owner, as a context does whose command runs.
 */
struct clone_share {
	struct clone_share *next;
	struct fw_card *card;
	uint64_t owner;
	unsigned int contexts;
};

static struct clone_share *share_find(struct fw_card *card, uint64_t owner)
{
	struct clone_share *share = card->clone_shares;

	while (share && share->owner != owner)
		share = share->next;
	if (share)
		return share;
	share = calloc(1, sizeof(*share));
	if (!share)
		return NULL;
	share->card = card;
	share->owner = owner;
	share->next = card->clone_shares;
	card->clone_shares = share;
	return share;
}

static uint32_t share_take(struct cmd *c, struct clone_context *x)
{
	struct clone_share *share;

	pthread_mutex_lock(&c->card->lock);
	share = share_find(c->card, c->owner);
	if (share && share->contexts < CLONE_CONTEXTS_OWNER) {
		share->contexts++;
		x->share = share;
	}
	pthread_mutex_unlock(&c->card->lock);
	return x->share ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
}

static void share_give(struct clone_share *share)
{
	struct fw_card *card = share->card;
	struct clone_share **at = &card->clone_shares;

	pthread_mutex_lock(&card->lock);
	if (!--share->contexts) {
		while (*at != share)
			at = &(*at)->next;
		*at = share->next;
		free(share);
	}
	pthread_mutex_unlock(&card->lock);
}

static uint32_t quota_take(struct cmd *c, struct clone_context *x)
{
	uint32_t st = share_take(c, x);

	if (!st)
		st = quota_find(c, &x->quota);
	if (st)
		return st;
	if (atomic_fetch_add(&x->quota->contexts, 1) >= CLONE_CONTEXTS)
		return COFFER_ST_DEVICE_MEMORY;
	return COFFER_ST_OK;
}

static void quota_give(struct clone_context *x)
{
	if (x->share)
		share_give(x->share);
	if (!x->quota)
		return;
	atomic_fetch_sub(&x->quota->contexts, 1);
	quota_unuse(x->quota);
}

/* Under the context's lock, or with its last use. */
static void context_wipe(struct clone_context *x)
{
	crypto_ecdh_free(x->ephemeral);
	x->ephemeral = NULL;
	crypto_wipe(x->secret, sizeof(x->secret));
	crypto_wipe(x->keys, sizeof(x->keys));
	x->key_count = 0;
}

static void context_unuse(struct clone_context *x)
{
	if (atomic_fetch_sub(&x->users, 1) != 1)
		return;
	quota_give(x);
	context_wipe(x);
	pthread_mutex_destroy(&x->lock);
	crypto_wipe(x, sizeof(*x));
	free(x);
}

/* The session lets go: closed, owner gone, logged out. A running command ends on its own. */
static void context_free(struct session_thing *thing)
{
	struct clone_context *x = (struct clone_context *)thing;

	atomic_store(&x->dead, true);
	context_unuse(x);
}

/* Ids are random: a stale one from an earlier context finds nothing. */
static uint32_t pick_id(struct cmd *c, uint32_t *id)
{
	uint32_t st = crypto_random(c->crypto, id, sizeof(*id));

	if (!st && !*id)
		*id = 1;
	return st;
}

uint32_t clone_context_new(struct cmd *c, enum clone_side side, struct clone_context **out)
{
	struct clone_context *x = calloc(1, sizeof(*x));
	uint32_t st;

	*out = NULL;
	if (!x)
		return COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_init(&x->lock, NULL);
	atomic_init(&x->users, 1);
	atomic_init(&x->dead, false);
	x->thing.kind = SESSION_THING_CLONE;
	x->thing.free = context_free;
	x->thing.ends_at_logout = true;
	x->side = side;
	x->role = c->role;
	x->born_ms = card_uptime_ms(c->card);
	x->epoch = partition_epoch(c->part);
	st = quota_take(c, x);
	if (!st)
		st = pick_id(c, &x->thing.id);
	if (!st)
		st = clone_offer_build(c, side, &x->own);
	if (!st)
		st = crypto_random(c->crypto, x->own.nonce, sizeof(x->own.nonce));
	if (st) {
		context_unuse(x);
		return st;
	}
	/* Listed from the start, so that a logout in the middle of the command ends it. */
	pthread_mutex_lock(&x->lock);
	atomic_fetch_add(&x->users, 1);
	st = session_attach(c->session, &x->thing, c->role);
	if (st) {
		pthread_mutex_unlock(&x->lock);
		context_free(&x->thing);
		context_unuse(x);
		return st;
	}
	*out = x;
	return COFFER_ST_OK;
}

static void context_ref(struct session_thing *thing)
{
	atomic_fetch_add(&((struct clone_context *)thing)->users, 1);
}

static struct clone_context *context_find(struct cmd *c, uint32_t id)
{
	if (id == QUOTA_ID)
		return NULL;
	return (struct clone_context *)session_find(c->session, SESSION_THING_CLONE, id,
						    context_ref);
}

static uint32_t context_state(struct cmd *c, const struct clone_context *x,
			      enum clone_side side, enum clone_step step)
{
	bool open = x->step == CLONE_STEP_OPEN || x->step == CLONE_STEP_READING;

	if (card_uptime_ms(c->card) - x->born_ms >= CLONE_LIFETIME_MS)
		return open ? COFFER_ST_SESSION_EXPIRED : COFFER_ST_SESSION_NEGOTIATION_EXPIRED;
	if (x->epoch != partition_epoch(c->part) || x->role != c->role)
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	/* What the keys came from is no more: deleted domain, suite switched off. */
	if (open && !partition_has_domain(c->part, x->domain[0]))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	if (open && x->suite->id && !(partition_suites(c->part) & 1u << x->suite->id))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	if (side && (x->side != side || x->step != step))
		return COFFER_ST_SESSION_NEGOTIATION_INVALID;
	return COFFER_ST_OK;
}

uint32_t clone_context_get(struct cmd *c, uint32_t id, enum clone_side side,
			   enum clone_step step, struct clone_context **out)
{
	struct clone_context *x = context_find(c, id);
	uint32_t st;

	*out = NULL;
	if (!x)
		return COFFER_ST_SESSION_ID_INVALID;
	pthread_mutex_lock(&x->lock);
	if (atomic_load(&x->dead)) {
		clone_context_put(c, x, true);
		return COFFER_ST_SESSION_ID_INVALID;
	}
	st = context_state(c, x, side, step);
	if (st) {
		clone_context_put(c, x, false);
		return st;
	}
	*out = x;
	return COFFER_ST_OK;
}

void clone_context_put(struct cmd *c, struct clone_context *x, bool keep)
{
	struct session_thing *thing = NULL;

	if (!keep && !atomic_exchange(&x->dead, true))
		thing = session_detach(c->session, SESSION_THING_CLONE, x->thing.id);
	/* Whoever still waits for it finds it dead, and nothing in it. */
	if (atomic_load(&x->dead))
		context_wipe(x);
	pthread_mutex_unlock(&x->lock);
	if (thing)
		context_free(thing);
	context_unuse(x);
}

uint32_t clone_context_left_s(struct cmd *c, const struct clone_context *x)
{
	uint64_t age = card_uptime_ms(c->card) - x->born_ms;

	return age >= CLONE_LIFETIME_MS ? 0 : (uint32_t)((CLONE_LIFETIME_MS - age) / 1000);
}
