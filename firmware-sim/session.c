// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sessions: a random number that only its owner can use, on one partition. Lists and states
 * are under card->lock; a running command holds a reference, so a closed session stays in
 * memory until its last command has ended.
 */
#include <stdlib.h>

#include "card.h"

static struct fw_session **session_slot(struct fw_card *card, uint32_t id)
{
	struct fw_session **at = &card->table[id % SESSION_BUCKETS];

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

/* Another owner's session looks like one that is not there. */
struct fw_session *session_get(struct fw_card *card, uint64_t owner, uint32_t id)
{
	struct fw_session *s;

	pthread_mutex_lock(&card->lock);
	s = id ? *session_slot(card, id) : NULL;
	if (s && s->presence->owner->id != owner)
		s = NULL;
	if (s)
		s->refs++;
	pthread_mutex_unlock(&card->lock);
	return s;
}

static void session_put_locked(struct fw_session *s)
{
	if (--s->refs)
		return;
	partition_put(s->part);
	free(s);
}

void session_put(struct fw_session *s)
{
	struct fw_card *card = s->card;

	pthread_mutex_lock(&card->lock);
	session_put_locked(s);
	pthread_mutex_unlock(&card->lock);
}

enum coffer_role session_role(const struct fw_session *s, bool *stands_in)
{
	const struct presence *p = s->presence;

	*stands_in = false;
	if (p->role != COFFER_ROLE_NONE || !s->part->id ||
	    (s->card->profile->features & PROFILE_PPSO))
		return p->role;
	for (p = p->owner->presences; p; p = p->next)
		if (!p->part->id && p->role == COFFER_ROLE_SO)
			*stands_in = true;
	return *stands_in ? COFFER_ROLE_PO : COFFER_ROLE_NONE;
}

/* ---- Things ---------------------------------------------------------------------- */

void things_free(struct session_thing *doomed)
{
	struct session_thing *thing;

	while ((thing = doomed) != NULL) {
		doomed = thing->next;
		thing->next = NULL;
		thing->free(thing);
	}
}

static void things_take(struct fw_session *s, bool all, struct session_thing **doomed)
{
	struct session_thing **at = &s->things, *thing;

	while ((thing = *at) != NULL) {
		if (!all && !thing->ends_at_logout) {
			at = &thing->next;
			continue;
		}
		*at = thing->next;
		thing->next = *doomed;
		*doomed = thing;
	}
}

/* What ended meanwhile, session or login, takes nothing more: the thing stays the caller's. */
uint32_t session_attach(struct fw_session *s, struct session_thing *thing,
			enum coffer_role role)
{
	uint32_t st = COFFER_ST_SESSION_HANDLE_INVALID;

	pthread_mutex_lock(&s->card->lock);
	if (!s->closed && thing->ends_at_logout && s->presence->role != role) {
		st = COFFER_ST_USER_NOT_LOGGED_IN;
	} else if (!s->closed) {
		thing->next = s->things;
		s->things = thing;
		st = COFFER_ST_OK;
	}
	pthread_mutex_unlock(&s->card->lock);
	return st;
}

struct session_thing *session_detach(struct fw_session *s, uint32_t kind, uint32_t id)
{
	struct session_thing **at, *thing;

	pthread_mutex_lock(&s->card->lock);
	for (at = &s->things; *at; at = &(*at)->next)
		if ((*at)->kind == kind && (*at)->id == id)
			break;
	thing = *at;
	if (thing) {
		*at = thing->next;
		thing->next = NULL;
	}
	pthread_mutex_unlock(&s->card->lock);
	return thing;
}

struct session_thing *session_find(struct fw_session *s, uint32_t kind, uint32_t id,
				   void (*ref)(struct session_thing *thing))
{
	struct session_thing *thing;

	pthread_mutex_lock(&s->card->lock);
	for (thing = s->things; thing; thing = thing->next)
		if (thing->kind == kind && thing->id == id)
			break;
	if (thing)
		ref(thing);
	pthread_mutex_unlock(&s->card->lock);
	return thing;
}

/* ---- Open and close -------------------------------------------------------------- */

void session_close_locked(struct fw_session *s, struct session_thing **doomed)
{
	struct fw_card *card = s->card;
	struct presence *p = s->presence;

	*session_slot(card, s->id) = s->next;
	s->next = NULL;
	s->closed = true;
	s->presence = NULL;
	things_take(s, true, doomed);
	card->session_count--;
	atomic_fetch_sub(&s->part->sessions, 1);
	p->owner->sessions--;
	if (!--p->sessions)
		owner_forget_presence(card, p);
	session_put_locked(s);
}

static struct presence *presence_get(struct owner *o, struct fw_partition *part)
{
	struct presence *p;

	for (p = o->presences; p; p = p->next)
		if (p->part == part)
			return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->owner = o;
	p->part = part;
	partition_get(part);
	p->next = o->presences;
	o->presences = p;
	return p;
}

/* Random, not 0, not in use. Bit 31 stays clear: hosts may keep it in a signed number. */
static uint32_t session_number(struct fw_card *card, uint32_t *id)
{
	uint32_t st;

	do {
		st = crypto_random(card->crypto, id, sizeof(*id));
		*id &= 0x7fffffff;
	} while (!st && (!*id || *session_slot(card, *id)));
	return st;
}

static uint32_t session_add(struct fw_card *card, struct owner *o, struct fw_partition *part,
			    struct fw_session *s)
{
	uint32_t limit = card->profile->limits.sessions;
	struct presence *p;
	uint32_t st;

	if (o->sessions >= (limit ? limit : SESSIONS_PER_OWNER))
		return COFFER_ST_SESSION_COUNT;
	st = session_number(card, &s->id);
	if (st)
		return st;
	p = presence_get(o, part);
	if (!p)
		return COFFER_ST_DEVICE_MEMORY;
	s->refs = 1;
	s->card = card;
	s->part = part;
	s->presence = p;
	partition_get(part);
	s->next = card->table[s->id % SESSION_BUCKETS];
	card->table[s->id % SESSION_BUCKETS] = s;
	p->sessions++;
	o->sessions++;
	card->session_count++;
	atomic_fetch_add(&part->sessions, 1);
	return COFFER_ST_OK;
}

uint32_t handle_SESSION_OPEN(struct cmd *c)
{
	struct fw_card *card = c->card;
	uint32_t id = wire_u32(&c->in), flags = wire_u32(&c->in);
	struct fw_partition *part = partition_find(card, id);
	struct fw_session *s;
	struct owner *o;
	uint32_t st = COFFER_ST_OWNER_UNKNOWN;

	if (!wire_in_done(&c->in) || (flags & ~COFFER_SESSION_RW))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!part)
		return COFFER_ST_TOKEN_NOT_PRESENT;
	s = calloc(1, sizeof(*s));
	if (!s)
		return COFFER_ST_DEVICE_MEMORY;
	s->rw = flags & COFFER_SESSION_RW;
	pthread_mutex_lock(&card->lock);
	o = owner_find(card, c->owner);
	if (o)
		st = session_add(card, o, part, s);
	id = s->id;
	pthread_mutex_unlock(&card->lock);
	if (st) {
		free(s);
		return st;
	}
	wire_put_u32(&c->out, id);
	wire_put_u32(&c->out, 0);
	return COFFER_ST_OK;
}

/* The tail of struct coffer_req_session: nothing but a zero. */
static bool reserved_ok(struct cmd *c)
{
	return !wire_u32(&c->in) && wire_in_done(&c->in);
}

uint32_t handle_SESSION_CLOSE(struct cmd *c)
{
	struct fw_card *card = c->card;
	struct session_thing *doomed = NULL;

	if (!reserved_ok(c))
		return COFFER_ST_ARGUMENTS_BAD;
	pthread_mutex_lock(&card->lock);
	if (!c->session->closed) {
		/* With the last session of an owner on a partition its login ends. */
		if (c->session->presence->sessions == 1)
			audit_line_add(&c->note, c->session->presence);
		session_close_locked(c->session, &doomed);
	}
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
	audit_logouts(c);
	return COFFER_ST_OK;
}

uint32_t handle_SESSION_INFO(struct cmd *c)
{
	struct fw_card *card = c->card;
	unsigned int sessions;
	bool must_change = role_must_change(c);

	if (!reserved_ok(c))
		return COFFER_ST_ARGUMENTS_BAD;
	pthread_mutex_lock(&card->lock);
	sessions = c->session->presence ? c->session->presence->sessions : 0;
	pthread_mutex_unlock(&card->lock);
	wire_put_u32(&c->out, c->part->id);
	wire_put_u32(&c->out, c->session_rw ? COFFER_SESSION_RW : 0);
	wire_put_u32(&c->out, c->stands_in ? COFFER_ROLE_SO : c->role);
	wire_put_u32(&c->out, must_change);
	wire_put_u32(&c->out, sessions);
	wire_put_u32(&c->out, 0);
	wire_put_u64(&c->out, 0);
	return COFFER_ST_OK;
}

/* ---- Ends that come from elsewhere ----------------------------------------------- */

/* What ends with a login is attached to any session of the owner on the partition. */
static void logout_locked(struct fw_card *card, struct presence *p,
			  struct session_thing **doomed)
{
	struct fw_session *s;
	unsigned int i;

	presence_logout(card, p);
	for (i = 0; i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = s->next)
			if (s->presence == p)
				things_take(s, false, doomed);
}

uint32_t handle_LOGOUT(struct cmd *c)
{
	struct fw_card *card = c->card;
	struct session_thing *doomed = NULL;
	uint32_t st = COFFER_ST_USER_NOT_LOGGED_IN;

	if (!reserved_ok(c))
		return COFFER_ST_ARGUMENTS_BAD;
	pthread_mutex_lock(&card->lock);
	if (!c->session->closed && c->session->presence->role != COFFER_ROLE_NONE) {
		logout_locked(card, c->session->presence, &doomed);
		st = COFFER_ST_OK;
	}
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
	return st;
}

void login_undo(struct fw_session *s)
{
	struct session_thing *doomed = NULL;

	pthread_mutex_lock(&s->card->lock);
	if (!s->closed)
		logout_locked(s->card, s->presence, &doomed);
	pthread_mutex_unlock(&s->card->lock);
	things_free(doomed);
}

void logins_end(struct fw_card *card, struct fw_partition *part)
{
	logins_end_of(card, part, COFFER_RM_ALL);
}

void logins_end_of(struct fw_card *card, struct fw_partition *part, uint32_t roles)
{
	struct session_thing *doomed = NULL;
	struct fw_session *s;
	unsigned int i;

	pthread_mutex_lock(&card->lock);
	for (i = 0; i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = s->next) {
			if (part && s->part != part)
				continue;
			/* Nobody: another session of the same owner was here before. */
			if (!((roles | COFFER_RM(NONE)) >> s->presence->role & 1))
				continue;
			presence_logout(card, s->presence);
			things_take(s, false, &doomed);
		}
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
}

void logins_end_others(const struct fw_session *session, enum coffer_role role)
{
	struct fw_card *card = session->card;
	struct session_thing *doomed = NULL;
	struct fw_session *s;
	unsigned int i;

	pthread_mutex_lock(&card->lock);
	for (i = 0; i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = s->next) {
			if (s->part != session->part || s->presence == session->presence ||
			    s->presence->role != role)
				continue;
			logout_locked(card, s->presence, &doomed);
		}
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
}

void things_end(struct fw_card *card, struct fw_partition *part)
{
	struct session_thing *doomed = NULL;
	struct fw_session *s;
	unsigned int i;

	pthread_mutex_lock(&card->lock);
	for (i = 0; i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = s->next)
			if (!part || s->part == part)
				things_take(s, true, &doomed);
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
}

void sessions_end(struct fw_card *card, struct fw_partition *part)
{
	struct session_thing *doomed = NULL;
	struct fw_session *s, *next;
	unsigned int i;

	pthread_mutex_lock(&card->lock);
	for (i = 0; i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = next) {
			next = s->next;
			if (s->part == part)
				session_close_locked(s, &doomed);
		}
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
}
