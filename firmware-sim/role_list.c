// SPDX-License-Identifier: BSD-3-Clause
/* Roles as everybody sees them. */
#include "nv.h"
#include "role_internal.h"

static const struct {
	const char *name;
	const char *short_name;
} role_names[COFFER_ROLE_COUNT] = {
	[COFFER_ROLE_NONE]	= { "Nobody", "" },
	[COFFER_ROLE_SO]	= { "HSM SO", "so" },
	[COFFER_ROLE_PO]	= { "Partition SO", "po" },
	[COFFER_ROLE_CO]	= { "Crypto Officer", "co" },
	[COFFER_ROLE_LCO]	= { "Limited Crypto Officer", "lco" },
	[COFFER_ROLE_CU]	= { "Crypto User", "cu" },
	[COFFER_ROLE_AU]	= { "Auditor", "au" },
};

static uint32_t challenge_state(struct fw_partition *p, enum coffer_role role)
{
	uint32_t state = roles_activated(p) & 1u << role ? COFFER_RS_ACTIVATED : 0;

	if (p->challenges[role].initialised)
		state |= COFFER_RS_HAS_CHALLENGE;
	if (p->challenges[role].must_change)
		state |= COFFER_RS_CHALLENGE_MUST_CHANGE;
	return state;
}

static void role_write(struct fw_partition *p, enum coffer_role role, struct wire_out *out)
{
	const struct role *r = role_of(p, role);
	uint32_t limit = role_limit(p, role), used = nv_attempts(p->card->nv, p->id, role);
	bool locked = r->initialised && role_locked(p, role);
	uint32_t state = 0;

	if (role_lock_is_timed(p, role) && !locked && used >= limit)
		used = 0;	/* the wait is over */
	if (r->initialised)
		state |= COFFER_RS_INITIALIZED;
	if (locked)
		state |= COFFER_RS_LOCKED;
	if (r->must_change)
		state |= COFFER_RS_PIN_MUST_CHANGE;
	state |= challenge_state(p, role);
	wire_put_u32(out, role);
	wire_put_u32(out, state);
	wire_put_u32(out, locked || used >= limit ? 0 : limit - used);
	wire_put_u32(out, 0);
	wire_put_padded(out, role_names[role].name, 24);
	/* No short name: only the full one is taken (behaviour.md 11.8, row 80). */
	wire_put_padded(out, p->card->profile->features & PROFILE_FULL_ROLE_NAMES ? "" :
			role_names[role].short_name, 8);
}

uint32_t handle_ROLE_LIST(struct cmd *c)
{
	uint32_t role, count = 0;
	size_t at;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	at = wire_reserve_u32(&c->out);
	for (role = COFFER_ROLE_SO; role < COFFER_ROLE_COUNT; role++)
		if (role_exists(c->part, role)) {
			role_write(c->part, (enum coffer_role)role, &c->out);
			count++;
		}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}
