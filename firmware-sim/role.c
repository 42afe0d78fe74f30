// SPDX-License-Identifier: BSD-3-Clause
/* Roles: which there are, their credentials and locks (behaviour.md section 5). */
#include <stdlib.h>
#include <string.h>

#include "nv.h"
#include "policy.h"
#include "role_internal.h"

#define SO_ATTEMPTS	3	/* then the card is zeroized, behaviour.md 5.2 */
#define PO_ATTEMPTS	10	/* then the partition is */
#define AU_ATTEMPTS	3	/* then the Auditor waits */

/* Does this partition have that role at all? */
bool role_exists(const struct fw_partition *p, uint32_t role)
{
	if (!p->id)
		return role == COFFER_ROLE_SO || role == COFFER_ROLE_AU;
	switch (role) {
	case COFFER_ROLE_CO:
	case COFFER_ROLE_CU:
		return true;
	case COFFER_ROLE_PO:
		return p->card->profile->features & PROFILE_PPSO;
	case COFFER_ROLE_LCO:
		return p->card->profile->features & PROFILE_LCO;
	default:
		return false;
	}
}

struct role *role_of(struct fw_partition *p, uint32_t role)
{
	return role == COFFER_ROLE_AU ? &p->card->audit.role : &p->roles[role];
}

uint32_t role_limit(const struct fw_partition *p, enum coffer_role role)
{
	uint32_t most = p->policy[POLICY_P_MAX_FAILURES];

	if (role == COFFER_ROLE_SO)
		return SO_ATTEMPTS;
	if (role == COFFER_ROLE_PO)
		return PO_ATTEMPTS;
	if (role == COFFER_ROLE_AU)
		return AU_ATTEMPTS;
	return most ? most : 1;
}

bool role_over_limit(const struct fw_partition *p, enum coffer_role role)
{
	return nv_attempts(p->card->nv, p->id, role) >= role_limit(p, role);
}

/* Does a lock end by itself? The Auditor's always, that of partition roles before firmware 7. */
bool role_lock_is_timed(const struct fw_partition *p, enum coffer_role role)
{
	return role == COFFER_ROLE_AU ||
	       (p->id && (p->card->profile->features & PROFILE_TIMED_LOCK));
}

_Atomic uint64_t *role_lock_end(const struct fw_partition *p, enum coffer_role role)
{
	struct fw_partition *part = (struct fw_partition *)p;

	return role == COFFER_ROLE_AU ? &part->card->audit.locked_until :
					&part->locked_until[role];
}

/* A timed one since the failure or since power-on, whichever was later. */
static bool role_shut(const struct fw_partition *p, enum coffer_role role)
{
	if (!role_over_limit(p, role))
		return false;
	return !role_lock_is_timed(p, role) ||
	       card_uptime_ms(p->card) < atomic_load(role_lock_end(p, role));
}

/* A locked Crypto Officer locks those that it made, too (behaviour.md 5.2). */
bool role_locked(const struct fw_partition *p, enum coffer_role role)
{
	if (role_shut(p, role))
		return true;
	return (role == COFFER_ROLE_CU || role == COFFER_ROLE_LCO) &&
	       role_shut(p, COFFER_ROLE_CO);
}

/* PIN_LOCKED when waiting helps or somebody can reset it, USER_LOCKED_OUT when nobody can. */
uint32_t role_locked_status(const struct fw_partition *p, enum coffer_role role)
{
	bool by_co;

	if (role == COFFER_ROLE_AU)
		return COFFER_ST_AUDIT_LOGIN_TIMEOUT_IN_PROGRESS;
	if (role_lock_is_timed(p, role))
		return COFFER_ST_PIN_LOCKED;
	by_co = role == COFFER_ROLE_CU || role == COFFER_ROLE_LCO;
	if (by_co && !role_over_limit(p, COFFER_ROLE_CO))
		return COFFER_ST_PIN_LOCKED;
	return policy_forbids(p, POLICY_ACT_RESET_OFFICER) ? COFFER_ST_USER_LOCKED_OUT :
							     COFFER_ST_PIN_LOCKED;
}

/*
 * Policies 25 (255 - shortest) and 26 (longest) of a partition; the profile's for the HSM SO. No
 * profile has an empty one.
 */
static uint32_t fits_under(const struct fw_partition *p, const uint32_t policy[POLICY_MAX],
			   struct bytes pin)
{
	uint32_t min = p->id ? 255 - policy[POLICY_P_MIN_PIN] : p->card->profile->pin_min;
	uint32_t max = p->id ? policy[POLICY_P_MAX_PIN] : PIN_MAX;

	if (pin.len < min || pin.len > max)
		return COFFER_ST_PIN_LEN_RANGE;
	return memchr(pin.p, 0, pin.len) ? COFFER_ST_PIN_INVALID : COFFER_ST_OK;
}

uint32_t role_pin_fits(const struct fw_partition *p, struct bytes pin)
{
	return fits_under(p, p->policy, pin);
}

uint32_t role_secret(struct cmd *c, const uint32_t policy[POLICY_MAX], struct bytes pin,
		     struct bytes *secret)
{
	*secret = pin;
	if (!card_ped(c->card))
		return fits_under(c->part, policy, pin);
	return pin.len ? (uint32_t)COFFER_ST_OPERATION_NOT_ALLOWED : ped_value(c, false, secret);
}

bool role_must_change(const struct cmd *c)
{
	if (c->role == COFFER_ROLE_NONE)
		return false;
	return c->by_challenge ? c->part->challenges[c->role].must_change :
				 role_of(c->part, c->role)->must_change;
}

uint32_t role_make(struct fw_card *card, struct bytes pin, bool must_change, struct role *role)
{
	struct bytes salt = { role->salt, ROLE_SALT };
	uint32_t st = crypto_random(card->crypto, role->salt, ROLE_SALT);

	role->iterations = card->kdf_iterations;
	role->must_change = must_change;
	if (!st)
		st = crypto_pbkdf2(card->crypto, pin, salt, role->iterations, role->check,
				   KEY_LEN);
	role->initialised = !st;
	return st;
}

/* ---- Login ----------------------------------------------------------------------- */

/* ---- List ------------------------------------------------------------------------ */
