// SPDX-License-Identifier: BSD-3-Clause
/* What is asked of the non-volatile memory, and how it changes. */
#include <errno.h>
#include <string.h>

#include "nv_internal.h"

const struct nv_factory *nv_factory(const struct nv *nv)
{
	return &nv->factory;
}

static void field_read(struct nv *nv, void *to, const void *field, size_t len)
{
	pthread_mutex_lock(&nv->lock);
	memcpy(to, field, len);
	pthread_mutex_unlock(&nv->lock);
}

void nv_card_key(struct nv *nv, uint8_t key[KEY_LEN])
{
	field_read(nv, key, nv->s.key, KEY_LEN);
}

/* ---- Roll-back mark -------------------------------------------------------------- */

uint64_t nv_commit_mark(struct nv *nv)
{
	uint64_t mark;

	field_read(nv, &mark, &nv->s.commit_mark, sizeof(mark));
	return mark;
}

void nv_note(struct nv *nv, uint64_t commit_number)
{
	pthread_mutex_lock(&nv->lock);
	if (commit_number > nv->s.commit_mark)
		nv->s.commit_mark = commit_number;
	pthread_mutex_unlock(&nv->lock);
}

int nv_mark(struct nv *nv, uint64_t commit_number)
{
	int rc;

	pthread_mutex_lock(&nv->lock);
	if (commit_number > nv->s.commit_mark)
		nv->s.commit_mark = commit_number;
	rc = nv_save(nv);
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

/* ---- What outlives erasures, tamper latch ----------------------------------------- */

bool nv_life_key(struct nv *nv, uint8_t key[KEY_LEN])
{
	bool there;

	pthread_mutex_lock(&nv->lock);
	there = nv->s.has_life_key;
	memcpy(key, nv->s.life_key, KEY_LEN);
	pthread_mutex_unlock(&nv->lock);
	return there;
}

int nv_life_key_set(struct nv *nv, const uint8_t key[KEY_LEN])
{
	int rc;

	pthread_mutex_lock(&nv->lock);
	memcpy(nv->s.life_key, key, KEY_LEN);
	nv->s.has_life_key = true;
	rc = nv_save(nv);
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

uint64_t nv_audit_mark(struct nv *nv)
{
	uint64_t mark;

	field_read(nv, &mark, &nv->s.audit_mark, sizeof(mark));
	return mark;
}

void nv_audit_note(struct nv *nv, uint64_t number)
{
	pthread_mutex_lock(&nv->lock);
	if (number > nv->s.audit_mark)
		nv->s.audit_mark = number;
	pthread_mutex_unlock(&nv->lock);
}

bool nv_tampered(struct nv *nv)
{
	bool tampered;

	field_read(nv, &tampered, &nv->s.tampered, sizeof(tampered));
	return tampered;
}

static void erase_key(struct nv_state *s, const uint8_t new_key[KEY_LEN], enum nv_clear what)
{
	uint32_t i = 0;

	memcpy(s->key, new_key, KEY_LEN);
	/* A factory reset that waits for power-on does all that a zeroize does. */
	if (s->pending != NV_CLEAR_FACTORY)
		s->pending = what;
	s->clones = 0;
	while (i < s->attempts)
		if (s->attempt[i].role != COFFER_ROLE_AU)
			s->attempt[i] = s->attempt[--s->attempts];
		else
			i++;
}

/* Both slots are written, so that an old key is nowhere in the file. */
int nv_tamper(struct nv *nv, const uint8_t *new_key)
{
	int rc;

	pthread_mutex_lock(&nv->lock);
	nv->s.tampered = true;
	if (new_key) {
		erase_key(&nv->s, new_key, NV_CLEAR_ZEROIZE);
		nv->erasures++;
	}
	rc = nv_save(nv);
	if (!rc && new_key)
		rc = nv_save(nv);
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

int nv_tamper_clear(struct nv *nv)
{
	int rc;

	pthread_mutex_lock(&nv->lock);
	nv->s.tampered = false;
	rc = nv_save(nv);
	if (rc)
		nv->s.tampered = true;
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

/* ---- Firmware update ------------------------------------------------------------- */

/* Changed only alone on the card, so that a pointer into it may be lent. */
const char *nv_profile(struct nv *nv)
{
	return nv->s.profile[0] ? nv->s.profile : nv->factory.profile;
}

const char *nv_update_from(struct nv *nv)
{
	return nv->s.update_from[0] ? nv->s.update_from : NULL;
}

uint32_t nv_fw_version(struct nv *nv)
{
	uint32_t version;

	field_read(nv, &version, &nv->s.fw_version, sizeof(version));
	return version;
}

bool nv_clock_wanted(struct nv *nv)
{
	bool wanted;

	field_read(nv, &wanted, &nv->s.clock_wanted, sizeof(wanted));
	return wanted;
}

static void name_set(char to[PROFILE_NAME_MAX + 1], const char *name)
{
	memset(to, 0, PROFILE_NAME_MAX + 1);
	memcpy(to, name, strnlen(name, PROFILE_NAME_MAX));
}

int nv_update(struct nv *nv, const struct nv_update *u)
{
	struct nv_state old;
	int rc;

	pthread_mutex_lock(&nv->lock);
	old = nv->s;
	name_set(nv->s.profile, u->to);
	name_set(nv->s.update_from, u->from);
	nv->s.clock_wanted |= u->clock_wanted;
	if (u->fw_version > nv->s.fw_version)
		nv->s.fw_version = u->fw_version;
	rc = nv_save(nv);
	if (rc)
		nv->s = old;
	pthread_mutex_unlock(&nv->lock);
	crypto_wipe(&old, sizeof(old));
	return rc;
}

int nv_update_done(struct nv *nv)
{
	char from[PROFILE_NAME_MAX + 1];
	int rc;

	pthread_mutex_lock(&nv->lock);
	memcpy(from, nv->s.update_from, sizeof(from));
	memset(nv->s.update_from, 0, sizeof(from));
	rc = nv_save(nv);
	if (rc)
		memcpy(nv->s.update_from, from, sizeof(from));
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

/* ---- Login attempts -------------------------------------------------------------- */

static struct attempt *attempt_find(struct nv_state *s, uint32_t part, enum coffer_role role)
{
	uint32_t i;

	for (i = 0; i < s->attempts; i++)
		if (s->attempt[i].part == part && s->attempt[i].role == role)
			return &s->attempt[i];
	return NULL;
}

static struct attempt *attempt_add(struct nv_state *s, uint32_t part, enum coffer_role role)
{
	struct attempt *a;

	if (s->attempts == COUNTERS_MAX)
		return NULL;
	a = &s->attempt[s->attempts++];
	*a = (struct attempt){ .part = part, .role = (uint16_t)role };
	return a;
}

int nv_attempt(struct nv *nv, uint32_t part, enum coffer_role role, uint32_t *count)
{
	struct attempt *a;
	int rc = -ENOSPC;

	*count = UINT32_MAX;
	pthread_mutex_lock(&nv->lock);
	a = attempt_find(&nv->s, part, role);
	if (!a)
		a = attempt_add(&nv->s, part, role);
	if (a) {
		if (a->count < UINT16_MAX)
			a->count++;
		rc = nv_save(nv);
		*count = a->count;
	}
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

int nv_attempts_reset(struct nv *nv, uint32_t part, enum coffer_role role)
{
	struct attempt *a;
	int rc = 0;

	pthread_mutex_lock(&nv->lock);
	a = attempt_find(&nv->s, part, role);
	if (a) {
		*a = nv->s.attempt[--nv->s.attempts];
		rc = nv_save(nv);
	}
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

uint32_t nv_attempts(struct nv *nv, uint32_t part, enum coffer_role role)
{
	struct attempt *a;
	uint32_t count;

	pthread_mutex_lock(&nv->lock);
	a = attempt_find(&nv->s, part, role);
	count = a ? a->count : 0;
	pthread_mutex_unlock(&nv->lock);
	return count;
}

/* ---- Failed domain proofs -------------------------------------------------------- */

static struct clone_count *clone_find(struct nv_state *s, uint32_t part)
{
	uint32_t i;

	for (i = 0; i < s->clones; i++)
		if (s->clone[i].part == part)
			return &s->clone[i];
	return NULL;
}

int nv_clone_failed(struct nv *nv, uint32_t part, uint32_t forgiven)
{
	struct clone_count *n;
	int rc = -ENOSPC;

	pthread_mutex_lock(&nv->lock);
	n = clone_find(&nv->s, part);
	if (!n && nv->s.clones < CLONE_COUNTERS_MAX) {
		n = &nv->s.clone[nv->s.clones++];
		*n = (struct clone_count){ .part = part };
	}
	if (n) {
		n->count = n->count > forgiven ? n->count - forgiven : 0;
		if (n->count < UINT32_MAX)
			n->count++;
		rc = nv_save(nv);
	}
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

static bool clone_drop(struct nv_state *s, uint32_t part)
{
	struct clone_count *n = clone_find(s, part);

	if (n)
		*n = s->clone[--s->clones];
	return n != NULL;
}

int nv_clone_good(struct nv *nv, uint32_t part)
{
	struct clone_count *n;
	int rc = 0;

	pthread_mutex_lock(&nv->lock);
	n = clone_find(&nv->s, part);
	if (n && n->count > 1)
		n->count--;
	else if (n)
		clone_drop(&nv->s, part);
	if (n)
		rc = nv_save(nv);
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

uint32_t nv_clone_failures(struct nv *nv, uint32_t part)
{
	struct clone_count *n;
	uint32_t count;

	pthread_mutex_lock(&nv->lock);
	n = clone_find(&nv->s, part);
	count = n ? n->count : 0;
	pthread_mutex_unlock(&nv->lock);
	return count;
}

/* ---- Erasing --------------------------------------------------------------------- */

int nv_part_reset(struct nv *nv, uint32_t part)
{
	struct nv_state *s = &nv->s;
	uint32_t i = 0;
	int rc;

	pthread_mutex_lock(&nv->lock);
	while (i < s->attempts)
		if (s->attempt[i].part == part)
			s->attempt[i] = s->attempt[--s->attempts];
		else
			i++;
	clone_drop(s, part);
	rc = nv_save(nv);
	pthread_mutex_unlock(&nv->lock);
	return rc;
}

/*
 * Both slots are written, so that the old key is nowhere in the file. When the first cannot be
 * written nothing happened. After it the new key is in force: should the second fail, whatever
 * is saved next (nv_clear_done at the latest) overwrites the old key.
 */
int nv_zeroize(struct nv *nv, const uint8_t new_key[KEY_LEN], enum nv_clear what)
{
	struct nv_state old;
	int rc;

	pthread_mutex_lock(&nv->lock);
	old = nv->s;
	erase_key(&nv->s, new_key, what);
	rc = nv_save(nv);
	if (rc) {
		nv->s = old;
	} else {
		nv->erasures++;
		nv_save(nv);
	}
	pthread_mutex_unlock(&nv->lock);
	crypto_wipe(&old, sizeof(old));
	return rc;
}

enum nv_clear nv_pending(struct nv *nv)
{
	enum nv_clear what;

	field_read(nv, &what, &nv->s.pending, sizeof(what));
	return what;
}

uint32_t nv_erasures(struct nv *nv)
{
	uint32_t n;

	field_read(nv, &n, &nv->erasures, sizeof(n));
	return n;
}

int nv_clear_done(struct nv *nv, uint32_t erasure)
{
	enum nv_clear what;
	int rc = 0;

	pthread_mutex_lock(&nv->lock);
	what = nv->s.pending;
	if (nv->erasures == erasure) {
		nv->s.pending = NV_CLEAR_NONE;
		rc = nv_save(nv);
	}
	if (rc)
		nv->s.pending = what;
	pthread_mutex_unlock(&nv->lock);
	return rc;
}
