// SPDX-License-Identifier: BSD-3-Clause
/*
 * Credentials of roles: made by others, reset, changed (alone in the partition). On a card with a
 * PED the credential is on a key; what a PIN is on the other kind can be a challenge secret there.
 */
#include <stdlib.h>
#include <string.h>

#include "nv.h"
#include "policy.h"
#include "role_internal.h"

/* ---- Writing a credential --------------------------------------------------------- */

struct new_password {
	enum coffer_role role;
	enum coffer_event_type event;	/* 0: none */
	bool challenge;			/* roles are challenges */
	bool alone;			/* other owners' logins of the role end */
	struct role roles[COFFER_ROLE_COUNT];
};

static uint32_t password_written(struct cmd *c, uint32_t verdict)
{
	struct new_password *n = c->state;
	struct fw_partition *p = c->part;

	if (!verdict) {
		pthread_mutex_lock(&p->lock);
		if (n->role == COFFER_ROLE_AU)
			c->card->audit.role = n->roles[n->role];
		else if (n->challenge)
			memcpy(p->challenges, n->roles, sizeof(p->challenges));
		else
			memcpy(p->roles, n->roles, sizeof(p->roles));
		pthread_mutex_unlock(&p->lock);
		if (n->alone)
			logins_end_others(c->session, n->role);
		if (n->event)
			card_event(c->card, n->event, p->id, n->role);
	}
	crypto_wipe(n, sizeof(*n));
	free(n);
	return verdict;
}

static uint32_t password_save(struct cmd *c, struct change *ch, struct new_password *n)
{
	if (n->role == COFFER_ROLE_AU)
		return audit_save_role(c->card, ch, &n->roles[n->role]);
	if (n->challenge)
		return partition_save_challenges(c->part, ch, n->roles);
	return partition_save_roles(c->part, ch, n->roles);
}

static uint32_t password_write(struct cmd *c, struct new_password *n, struct bytes pin,
			       bool must_change)
{
	struct change *ch = n ? change_of(c) : NULL;
	uint32_t st = COFFER_ST_DEVICE_MEMORY;

	if (ch) {
		memcpy(n->roles, n->challenge ? c->part->challenges : c->part->roles,
		       sizeof(n->roles));
		c->state = n;
		st = role_make(c->card, pin, must_change, &n->roles[n->role]);
		if (!st)
			st = password_save(c, ch, n);
		if (!st)
			change_after(ch, password_written);
	}
	if (st && n) {
		crypto_wipe(n, sizeof(*n));
		free(n);
	}
	return st;
}

uint32_t role_password(struct cmd *c, enum coffer_role role, struct bytes pin, bool must_change,
		       enum coffer_event_type event)
{
	struct new_password *n = calloc(1, sizeof(*n));

	if (n)
		*n = (struct new_password){ .role = role, .event = event };
	return password_write(c, n, pin, must_change);
}

uint32_t role_new_challenge(struct cmd *c, enum coffer_role role, struct bytes challenge,
			    bool must_change)
{
	struct new_password *n = calloc(1, sizeof(*n));

	if (n)
		*n = (struct new_password){ .role = role, .challenge = true };
	return password_write(c, n, challenge, must_change);
}

/* HSM policy 21: a password that somebody else gave is for the first use; a key is not. */
static bool must_change_given(const struct fw_card *card)
{
	return card_policy(card, POLICY_H_FORCE_CHANGE) && !card_ped(card);
}

/* The Partition SO makes the Crypto Officer, who makes the other two (behaviour.md 5.1). */
bool role_may_make(enum coffer_role who, uint32_t role)
{
	if (who == COFFER_ROLE_PO)
		return role == COFFER_ROLE_CO;
	return who == COFFER_ROLE_CO && (role == COFFER_ROLE_CU || role == COFFER_ROLE_LCO);
}

/*
 * ROLE_INIT: a role that is there already is not made again, OPERATION_NOT_ALLOWED. ROLE_RESET_PW:
 * the Crypto Officer only where HSM policy 15 allows it.
 */
static uint32_t made_by_other(const struct cmd *c, uint32_t role)
{
	bool reset = c->opcode == COFFER_CMD_ROLE_RESET_PW;

	if (!role_may_make(c->role, role))
		return COFFER_ST_USER_NOT_AUTHORIZED;
	if (reset && !c->part->roles[role].initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if (reset ? role == COFFER_ROLE_CO && !card_policy(c->card, 15) :
		    role_of(c->part, role)->initialised)
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	return COFFER_ST_OK;
}

uint32_t role_admits(struct cmd *c, uint32_t role)
{
	const struct role *r = role_of(c->part, role);

	if (c->opcode == COFFER_CMD_ROLE_INIT || c->opcode == COFFER_CMD_ROLE_RESET_PW)
		return made_by_other(c, role);
	if (!r->initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if (c->opcode == COFFER_CMD_LOGIN) {
		c->note.role = role;
		if (role_own(c) != COFFER_ROLE_NONE)
			return role_presence_free(c->role, (enum coffer_role)role);
	} else if (role_own(c) != COFFER_ROLE_NONE && c->role != role) {
		return COFFER_ST_USER_NOT_AUTHORIZED;
	}
	if (role != COFFER_ROLE_SO && role != COFFER_ROLE_PO && role_locked(c->part, role))
		return role_locked_status(c->part, role);
	return COFFER_ST_OK;
}

static uint32_t role_request(struct cmd *c, uint32_t *role, struct bytes *pin)
{
	uint32_t st;

	*role = wire_u32(&c->in);
	*pin = wire_blob(&c->in, PIN_MAX);
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!role_exists(c->part, *role))
		return COFFER_ST_USER_TYPE_INVALID;
	if (!role_may_make(c->role, *role))
		return COFFER_ST_USER_NOT_AUTHORIZED;
	st = role_secret(c, c->part->policy, *pin, pin);
	return st ? st : made_by_other(c, *role);
}

uint32_t handle_ROLE_INIT(struct cmd *c)
{
	struct bytes pin;
	uint32_t role, st = role_request(c, &role, &pin);

	if (!st)
		st = status_of(nv_attempts_reset(c->card->nv, c->part->id,
						 (enum coffer_role)role));
	if (st)
		return st;
	return role_password(c, (enum coffer_role)role, pin, must_change_given(c->card),
			      COFFER_EV_ROLE_INITIALIZED);
}

static uint32_t reset_written(struct cmd *c, uint32_t verdict)
{
	enum coffer_role role = ((struct new_password *)c->state)->role;

	verdict = password_written(c, verdict);
	if (verdict)
		return verdict;
	return status_of(nv_attempts_reset(c->card->nv, c->part->id, role));
}

/* Unlocks, too. */
uint32_t handle_ROLE_RESET_PW(struct cmd *c)
{
	struct bytes pin;
	uint32_t role, st = role_request(c, &role, &pin);

	if (!st)
		st = role_password(c, (enum coffer_role)role, pin, must_change_given(c->card),
				    COFFER_EV_ROLE_INITIALIZED);
	if (!st)
		change_after(c->change, reset_written);
	return st;
}

/* ---- Changing the own credential --------------------------------------------------- */

/* What is to be shown, and what is to follow it. */
struct renewal {
	struct proof proof;
	struct bytes next;
	bool challenge;
	bool alone;			/* COFFER_CHANGE_LOGOUT_OTHERS */
};

static uint32_t renewal_fits(const struct cmd *c, uint32_t role, const struct renewal *r)
{
	const struct role *now = r->challenge ? &c->part->challenges[role] :
						role_of(c->part, role);
	struct bytes old = r->challenge ? r->proof.challenge : r->proof.secret;
	uint32_t st = r->challenge ? challenge_fits(c->part, r->next) :
				     role_pin_fits(c->part, r->next);

	if (!st && now->must_change && old.len == r->next.len &&
	    crypto_equal(old.p, r->next.p, old.len))
		st = COFFER_ST_PIN_INVALID;
	return st;
}

/* With a PED: both empty, the key gets a new secret; or both challenges of an activated role. */
static uint32_t ped_renewal(struct cmd *c, uint32_t role, struct renewal *r)
{
	struct bytes old = r->proof.secret;
	uint32_t st;

	r->proof = (struct proof){ .challenge = old };
	r->challenge = old.len != 0;
	if (!old.len != !r->next.len)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!r->challenge) {
		r->proof.by_secret = true;
		st = ped_value(c, false, &r->proof.secret);
		return st ? st : ped_next_value(c, &r->next);
	}
	r->proof.by_challenge = true;
	if (!role_has_challenge(c->part, role))
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	if (!c->part->challenges[role].initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if (c->role != role && !(roles_activated(c->part) & 1u << role))
		return COFFER_ST_USER_NOT_LOGGED_IN;
	return renewal_fits(c, role, r);
}

/* The key follows its verifier. Only a PED that was pulled in this moment makes it fail. */
static uint32_t key_renewed(struct cmd *c, uint32_t verdict)
{
	verdict = password_written(c, verdict);
	return verdict ? verdict : ped_renewed(c);
}

static uint32_t renewal_write(struct cmd *c, enum coffer_role role, const struct renewal *r)
{
	uint32_t st;

	st = r->challenge ? role_new_challenge(c, role, r->next, false) :
			    role_password(c, role, r->next, false, (enum coffer_event_type)0);
	if (!st)
		((struct new_password *)c->state)->alone = r->alone;
	if (!st && !r->challenge && card_ped(c->card))
		change_after(c->change, key_renewed);
	return st;
}

/* What may follow the two secrets. */
static uint32_t change_flags(struct cmd *c, bool *alone)
{
	uint32_t flags = c->in.left ? wire_u32(&c->in) : 0;

	if (!wire_in_done(&c->in) || flags & ~COFFER_CHANGE_LOGOUT_OTHERS)
		return COFFER_ST_ARGUMENTS_BAD;
	*alone = flags & COFFER_CHANGE_LOGOUT_OTHERS;
	if (*alone && !(c->card->profile->features & PROFILE_LOGOUT_OTHERS))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	return COFFER_ST_OK;
}

/* Who is logged in changes the own password; who is not, that of the role named (C_SetPIN). */
uint32_t handle_ROLE_CHANGE_PW(struct cmd *c)
{
	uint32_t role = wire_u32(&c->in), st;
	struct renewal r = { .proof = { .by_secret = true } };

	r.proof.secret = wire_blob(&c->in, PIN_MAX);
	r.next = wire_blob(&c->in, PIN_MAX);
	st = change_flags(c, &r.alone);
	if (st)
		return st;
	if (!role_exists(c->part, role))
		return COFFER_ST_USER_TYPE_INVALID;
	if (role_own(c) != COFFER_ROLE_NONE && c->role != role)
		return COFFER_ST_USER_NOT_AUTHORIZED;
	st = card_ped(c->card) ? ped_renewal(c, role, &r) : renewal_fits(c, role, &r);
	if (!st)
		st = role_check(c, (enum coffer_role)role, &r.proof);
	return st || c->change ? st : renewal_write(c, (enum coffer_role)role, &r);
}
