// SPDX-License-Identifier: BSD-3-Clause
/* Challenge secrets: ROLE_CHALLENGE and ROLE_DEACTIVATE (alone in the partition). */
#include <stdlib.h>
#include <string.h>

#include "role_internal.h"

static uint32_t challenge_role(struct cmd *c, uint32_t role)
{
	if (!role_exists(c->part, role) || !role_has_challenge(c->part, role))
		return COFFER_ST_USER_TYPE_INVALID;
	return c->part->roles[role].initialised ? COFFER_ST_OK :
						  COFFER_ST_USER_PIN_NOT_INITIALIZED;
}

/*
 * The Partition SO gives the Crypto Officer one, who gives one to the other two. Never to a role
 * that is activated: who sets the challenge could go in without the role's key. ROLE_DEACTIVATE
 * comes first.
 */
uint32_t handle_ROLE_CHALLENGE(struct cmd *c)
{
	uint32_t role = wire_u32(&c->in), st;
	struct bytes challenge = wire_blob(&c->in, PIN_MAX);

	if (!card_ped(c->card))
		return COFFER_ST_PED_UNSUPPORTED;
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = challenge_role(c, role);
	if (!st && !role_may_make(c->role, role))
		st = COFFER_ST_USER_NOT_AUTHORIZED;
	if (!st)
		st = challenge_fits(c->part, challenge);
	if (!st && (roles_activated(c->part) & 1u << role))
		st = COFFER_ST_USER_ALREADY_ACTIVATED;
	return st ? st : role_new_challenge(c, (enum coffer_role)role, challenge,
					    card_policy(c->card, 21) != 0);
}

static bool may_deactivate(enum coffer_role who, uint32_t role)
{
	return who == COFFER_ROLE_PO || who == COFFER_ROLE_CO || who == role;
}

/* What is not activated is so already. Logins stay. */
uint32_t handle_ROLE_DEACTIVATE(struct cmd *c)
{
	struct fw_partition *p = c->part;
	uint32_t role = wire_u32(&c->in), st;

	if (!card_ped(c->card))
		return COFFER_ST_PED_UNSUPPORTED;
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	st = challenge_role(c, role);
	if (!st && !may_deactivate(c->role, role))
		st = COFFER_ST_USER_NOT_AUTHORIZED;
	if (st || !p->active[role].on)
		return st;
	if (!change_of(c))
		return COFFER_ST_DEVICE_MEMORY;
	/* In memory at once: a store that fails must not keep it alive. */
	pthread_mutex_lock(&p->lock);
	crypto_wipe(&p->active[role], sizeof(p->active[role]));
	pthread_mutex_unlock(&p->lock);
	return activation_save(p, c->change);
}
