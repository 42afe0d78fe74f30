// SPDX-License-Identifier: BSD-3-Clause
/* Logins: the attempt is counted, then the secret is looked at (behaviour.md 5.2). */
#include <stdlib.h>
#include <string.h>

#include "nv.h"
#include "policy.h"
#include "role_internal.h"

static uint32_t role_matches(struct fw_card *card, const struct role *role, struct bytes pin)
{
	uint8_t check[KEY_LEN];
	struct bytes salt = { role->salt, ROLE_SALT };
	uint32_t st = crypto_pbkdf2(card->crypto, pin, salt, role->iterations, check, KEY_LEN);

	if (!st && !crypto_equal(check, role->check, KEY_LEN))
		st = COFFER_ST_PIN_INCORRECT;
	crypto_wipe(check, sizeof(check));
	return st;
}

/* The HSM SO's limit costs the card's contents, the Partition SO's the partition's. */
static bool limit_erases(const struct fw_partition *p, enum coffer_role role)
{
	return role == COFFER_ROLE_SO || (role == COFFER_ROLE_PO && !role_lock_is_timed(p, role));
}

/* One attempt more than allowed: what happens, and what the caller hears. */
static uint32_t role_threshold(struct cmd *c, enum coffer_role role)
{
	card_event(c->card, COFFER_EV_LOCKED_OUT, c->part->id, role);
	if (role == COFFER_ROLE_SO)
		return hsm_zeroize_now(c, COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD);
	if (role == COFFER_ROLE_PO && !role_lock_is_timed(c->part, role))
		return partition_zeroize_now(c, COFFER_ST_PIN_LOCKED);
	if (role == COFFER_ROLE_AU)
		return COFFER_ST_AUDIT_LOGIN_FAILURE_THRESHOLD;
	return role_locked_status(c->part, role);
}

/* The challenge comes after the key: without the key nothing is learned of it. */
static uint32_t proof_matches(struct cmd *c, enum coffer_role role, const struct proof *proof)
{
	uint32_t st = COFFER_ST_OK;

	if (proof->by_secret)
		st = role_matches(c->card, role_of(c->part, role), proof->secret);
	if (!st && proof->by_challenge)
		st = role_matches(c->card, &c->part->challenges[role], proof->challenge);
	else
		return st;
	return st == COFFER_ST_PIN_INCORRECT ? (uint32_t)COFFER_ST_CHALLENGE_INCORRECT : st;
}

/* Partition policy 15: a wrong challenge is refused but not counted. */
static bool forgiven(const struct cmd *c, uint32_t st)
{
	return st == (uint32_t)COFFER_ST_CHALLENGE_INCORRECT &&
	       c->part->policy[POLICY_P_IGNORE_CHALLENGE];
}

static void role_refused(struct cmd *c, enum coffer_role role, uint32_t count, bool *spent)
{
	card_event(c->card, COFFER_EV_LOGIN_FAILED, c->part->id, role);
	*spent = count >= role_limit(c->part, role);
	if (*spent && role_lock_is_timed(c->part, role))
		atomic_store(role_lock_end(c->part, role), card_uptime_ms(c->card) + ROLE_LOCK_MS);
}

/*
 * The attempt is counted, durably, before the password is looked at: cutting the power gives
 * no free try. A right password takes the count back. *spent: that was the last one.
 */
static uint32_t role_attempt(struct cmd *c, enum coffer_role role, const struct proof *proof,
			     bool *spent)
{
	struct fw_partition *p = c->part;
	uint32_t count, st;

	*spent = false;
	if (!limit_erases(p, role) && role_locked(p, role))
		return role_locked_status(p, role);
	if (!proof->by_secret && p->policy[POLICY_P_IGNORE_CHALLENGE]) {
		st = proof_matches(c, role, proof);
		if (forgiven(c, st))
			card_event(c->card, COFFER_EV_LOGIN_FAILED, p->id, role);
		return st ? st : status_of(nv_attempts_reset(c->card->nv, p->id, role));
	}
	/* It has waited: new attempts. */
	if (role_lock_is_timed(p, role) && role_over_limit(p, role) &&
	    nv_attempts_reset(c->card->nv, p->id, role))
		return COFFER_ST_DEVICE_ERROR;
	st = status_of(nv_attempt(c->card->nv, p->id, role, &count));
	if (st)
		return st;
	if (count > role_limit(p, role)) {
		*spent = true;
		return COFFER_ST_PIN_INCORRECT;
	}
	st = proof_matches(c, role, proof);
	if (st == COFFER_ST_PIN_INCORRECT || st == (uint32_t)COFFER_ST_CHALLENGE_INCORRECT)
		role_refused(c, role, count, spent);
	/* Of a key and a challenge the key was right: that alone ends a count. */
	if (forgiven(c, st)) {
		*spent = false;
		nv_attempts_reset(c->card->nv, p->id, role);
	}
	return st ? st : status_of(nv_attempts_reset(c->card->nv, p->id, role));
}

uint32_t role_check(struct cmd *c, enum coffer_role role, const struct proof *proof)
{
	bool spent;
	uint32_t st;

	/* What the decommission input destroyed is not there, though memory may have it yet. */
	if (!role_of(c->part, role)->initialised ||
	    (role != COFFER_ROLE_AU && atomic_load(&c->card->key_gone)))
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	pthread_mutex_lock(&c->part->login_lock);
	st = role_attempt(c, role, proof, &spent);
	pthread_mutex_unlock(&c->part->login_lock);
	return spent ? role_threshold(c, role) : st;
}

enum coffer_role role_own(const struct cmd *c)
{
	return c->stands_in ? COFFER_ROLE_NONE : c->role;
}

uint32_t role_presence_free(enum coffer_role now, enum coffer_role wanted)
{
	if (now == COFFER_ROLE_NONE)
		return COFFER_ST_OK;
	return now == wanted ? COFFER_ST_USER_ALREADY_LOGGED_IN :
			       COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN;
}

static uint32_t presence_enter(struct cmd *c, enum coffer_role role, bool by_challenge)
{
	uint32_t st = COFFER_ST_SESSION_HANDLE_INVALID;

	pthread_mutex_lock(&c->card->lock);
	if (!c->session->closed) {
		st = role_presence_free(c->session->presence->role, role);
		if (!st) {
			c->session->presence->role = role;
			c->session->presence->by_challenge = by_challenge;
			c->card->login_count++;
			c->part->logins++;
		}
	}
	pthread_mutex_unlock(&c->card->lock);
	return st;
}

/* The record of it could not be written: then nobody has logged in. */
static uint32_t login_recorded(struct cmd *c, uint32_t verdict)
{
	if (verdict)
		login_undo(c->session);
	return verdict;
}

/*
 * On a card with a PED: the key, if the PED was asked for one, and the challenge, if one was given.
 * An activated role needs no key. FUNCTION_FAILED: it was deactivated a moment ago.
 */
static uint32_t ped_proof(struct cmd *c, uint32_t role, struct bytes pin, struct proof *proof)
{
	proof->challenge = pin;
	proof->by_challenge = pin.len != 0;
	proof->by_secret = !ped_value(c, false, &proof->secret);
	if (!pin.len)
		return proof->by_secret ? COFFER_ST_OK : COFFER_ST_FUNCTION_FAILED;
	if (!role_has_challenge(c->part, role))
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	if (!c->part->challenges[role].initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if (!proof->by_secret && !(roles_activated(c->part) & 1u << role))
		return COFFER_ST_FUNCTION_FAILED;
	return COFFER_ST_OK;
}

static uint32_t login_proof(struct cmd *c, uint32_t role, struct bytes pin, struct proof *proof)
{
	*proof = (struct proof){ .by_secret = true, .secret = pin };
	if (!role_of(c->part, role)->initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	return card_ped(c->card) ? ped_proof(c, role, pin, proof) : (uint32_t)COFFER_ST_OK;
}

/* The role's own change: an activation to store, a record of the log. */
static uint32_t login_change(struct cmd *c, uint32_t role, const struct proof *proof)
{
	bool save = card_ped(c->card) && activation_old(c->part);

	if (card_ped(c->card) && proof->by_secret)
		save = activation_begin(c->part, role, proof->secret) || save;
	if ((c->note.due || save) && !change_of(c))
		return COFFER_ST_DEVICE_MEMORY;
	return save ? activation_save(c->part, c->change) : (uint32_t)COFFER_ST_OK;
}

uint32_t handle_LOGIN(struct cmd *c)
{
	uint32_t role = wire_u32(&c->in), st;
	struct bytes pin = wire_blob(&c->in, PIN_MAX);
	struct proof proof;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!role_exists(c->part, role))
		return COFFER_ST_USER_TYPE_INVALID;
	c->note.role = role;
	if (c->part->id && fw_card_tampered(c->card))
		return COFFER_ST_HSM_TAMPERED;
	st = role_presence_free(role_own(c), (enum coffer_role)role);
	if (!st && (COFFER_RM_USER >> role & 1))
		st = policy_forbids(c->part, POLICY_ACT_USER_LOGIN);
	if (!st)
		st = login_proof(c, role, pin, &proof);
	if (!st)
		st = role_check(c, (enum coffer_role)role, &proof);
	/* With a change the verdict comes later: the threshold was reached. */
	if (st || c->change)
		return st;
	st = login_change(c, role, &proof);
	if (st)
		return st;
	st = presence_enter(c, (enum coffer_role)role, proof.by_challenge);
	if (c->change)
		change_after(c->change, login_recorded);
	wire_put_u32(&c->out, proof.by_challenge ? c->part->challenges[role].must_change :
						   role_of(c->part, role)->must_change);
	wire_put_u32(&c->out, 0);
	return st;
}
