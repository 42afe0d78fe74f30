// SPDX-License-Identifier: BSD-3-Clause
/* Roles: passwords, attempts, lock-outs, login (behaviour.md section 5). */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"

#define SO_ATTEMPTS	3	/* then the card is zeroized, behaviour.md 5.2 */
#define PO_ATTEMPTS	10	/* then the partition is */
#define AU_ATTEMPTS	3	/* then the Auditor waits */
#define AU_WAIT_MS	600000

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

/* Does this partition have that role at all? */
bool role_exists(const struct fw_partition *p, uint32_t role)
{
	if (!p->id)
		return role == COFFER_ROLE_SO || role == COFFER_ROLE_AU;
	switch (role) {
	case COFFER_ROLE_PO:
	case COFFER_ROLE_CO:
	case COFFER_ROLE_CU:
		return true;
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
	if (role == COFFER_ROLE_SO)
		return SO_ATTEMPTS;
	if (role == COFFER_ROLE_PO)
		return PO_ATTEMPTS;
	if (role == COFFER_ROLE_AU)
		return AU_ATTEMPTS;
	return p->policy[20] ? p->policy[20] : 1;
}

static bool over_limit(const struct fw_partition *p, enum coffer_role role)
{
	return nv_attempts(p->card->nv, p->id, role) >= role_limit(p, role);
}

/* Since the failure or since power-on, whichever was later. */
static bool auditor_waits(const struct fw_card *card)
{
	return card_uptime_ms(card) < atomic_load(&((struct fw_card *)card)->audit.locked_until);
}

/* A locked Crypto Officer locks those that it made, too (behaviour.md 5.2). */
bool role_locked(const struct fw_partition *p, enum coffer_role role)
{
	if (role == COFFER_ROLE_AU)
		return over_limit(p, role) && auditor_waits(p->card);
	if (over_limit(p, role))
		return true;
	return (role == COFFER_ROLE_CU || role == COFFER_ROLE_LCO) &&
	       over_limit(p, COFFER_ROLE_CO);
}

/* PIN_LOCKED when somebody can reset the password, USER_LOCKED_OUT when nobody can. */
static uint32_t locked_status(const struct fw_partition *p, enum coffer_role role)
{
	bool by_co;

	if (role == COFFER_ROLE_AU)
		return COFFER_ST_AUDIT_LOGIN_TIMEOUT_IN_PROGRESS;
	by_co = role == COFFER_ROLE_CU || role == COFFER_ROLE_LCO;

	if (by_co && !over_limit(p, COFFER_ROLE_CO))
		return COFFER_ST_PIN_LOCKED;
	return card_policy(p->card, 15) ? COFFER_ST_PIN_LOCKED : COFFER_ST_USER_LOCKED_OUT;
}

/* Policies 25 (255 - shortest) and 26 (longest) of a partition; the profile's for the HSM SO. */
uint32_t role_pin_fits(const struct fw_partition *p, struct bytes pin)
{
	uint32_t min = p->id ? 255 - p->policy[25] : p->card->profile->pin_min;
	uint32_t max = p->id ? p->policy[26] : PIN_MAX;

	if (pin.len < min || pin.len > max)
		return COFFER_ST_PIN_LEN_RANGE;
	return pin.len && memchr(pin.p, 0, pin.len) ? COFFER_ST_PIN_INVALID : COFFER_ST_OK;
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

/* One attempt more than allowed: what happens, and what the caller hears. */
static uint32_t role_threshold(struct cmd *c, enum coffer_role role)
{
	card_event(c->card, COFFER_EV_LOCKED_OUT, c->part->id, role);
	if (role == COFFER_ROLE_SO)
		return hsm_zeroize_now(c, COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD);
	if (role == COFFER_ROLE_PO)
		return partition_zeroize_now(c, COFFER_ST_PIN_LOCKED);
	if (role == COFFER_ROLE_AU)
		return COFFER_ST_AUDIT_LOGIN_FAILURE_THRESHOLD;
	return locked_status(c->part, role);
}

/*
 * The attempt is counted, durably, before the password is looked at: cutting the power gives
 * no free try. A right password takes the count back. *spent: that was the last one.
 */
static uint32_t role_attempt(struct cmd *c, enum coffer_role role, struct bytes pin, bool *spent)
{
	struct fw_partition *p = c->part;
	uint32_t count, st;

	*spent = false;
	if (role != COFFER_ROLE_SO && role != COFFER_ROLE_PO && role_locked(p, role))
		return locked_status(p, role);
	/* The Auditor has waited: three new attempts. */
	if (role == COFFER_ROLE_AU && over_limit(p, role) &&
	    nv_attempts_reset(c->card->nv, p->id, role))
		return COFFER_ST_DEVICE_ERROR;
	st = status_of(nv_attempt(c->card->nv, p->id, role, &count));
	if (st)
		return st;
	if (count > role_limit(p, role)) {
		*spent = true;
		return COFFER_ST_PIN_INCORRECT;
	}
	st = role_matches(c->card, role_of(p, role), pin);
	if (!st)
		return status_of(nv_attempts_reset(c->card->nv, p->id, role));
	if (st == COFFER_ST_PIN_INCORRECT) {
		card_event(c->card, COFFER_EV_LOGIN_FAILED, p->id, role);
		*spent = count >= role_limit(p, role);
		if (*spent && role == COFFER_ROLE_AU)
			atomic_store(&c->card->audit.locked_until,
				     card_uptime_ms(c->card) + AU_WAIT_MS);
	}
	return st;
}

static uint32_t role_check(struct cmd *c, enum coffer_role role, struct bytes pin)
{
	bool spent;
	uint32_t st;

	if (!role_of(c->part, role)->initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	pthread_mutex_lock(&c->part->login_lock);
	st = role_attempt(c, role, pin, &spent);
	pthread_mutex_unlock(&c->part->login_lock);
	return spent ? role_threshold(c, role) : st;
}

/* ---- Login ----------------------------------------------------------------------- */

static uint32_t presence_free(enum coffer_role now, enum coffer_role wanted)
{
	if (now == COFFER_ROLE_NONE)
		return COFFER_ST_OK;
	return now == wanted ? COFFER_ST_USER_ALREADY_LOGGED_IN :
			       COFFER_ST_USER_ANOTHER_ALREADY_LOGGED_IN;
}

static uint32_t presence_enter(struct cmd *c, enum coffer_role role)
{
	uint32_t st = COFFER_ST_SESSION_HANDLE_INVALID;

	pthread_mutex_lock(&c->card->lock);
	if (!c->session->closed) {
		st = presence_free(c->session->presence->role, role);
		if (!st) {
			c->session->presence->role = role;
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

uint32_t handle_LOGIN(struct cmd *c)
{
	uint32_t role = wire_u32(&c->in), st;
	struct bytes pin = wire_blob(&c->in, PIN_MAX);

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!role_exists(c->part, role))
		return COFFER_ST_USER_TYPE_INVALID;
	c->note.role = role;
	if (c->part->id && fw_card_tampered(c->card))
		return COFFER_ST_HSM_TAMPERED;
	st = presence_free(c->role, (enum coffer_role)role);
	if (!st)
		st = role_check(c, (enum coffer_role)role, pin);
	/* With a change the verdict comes later: the threshold was reached. */
	if (st || c->change)
		return st;
	if (c->note.due && !change_of(c))
		return COFFER_ST_DEVICE_MEMORY;
	st = presence_enter(c, (enum coffer_role)role);
	if (c->change)
		change_after(c->change, login_recorded);
	wire_put_u32(&c->out, role_of(c->part, role)->must_change);
	wire_put_u32(&c->out, 0);
	return st;
}

/* ---- Passwords (alone in the partition) ------------------------------------------ */

struct new_password {
	enum coffer_role role;
	enum coffer_event_type event;	/* 0: none */
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
		else
			memcpy(p->roles, n->roles, sizeof(p->roles));
		pthread_mutex_unlock(&p->lock);
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
	return partition_save_roles(c->part, ch, n->roles);
}

uint32_t role_password(struct cmd *c, enum coffer_role role, struct bytes pin, bool must_change,
		       enum coffer_event_type event)
{
	struct new_password *n = calloc(1, sizeof(*n));
	struct change *ch = change_of(c);
	uint32_t st = COFFER_ST_DEVICE_MEMORY;

	if (n && ch) {
		n->role = role;
		n->event = event;
		memcpy(n->roles, c->part->roles, sizeof(n->roles));
		c->state = n;
		st = role_make(c->card, pin, must_change, &n->roles[role]);
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

/* HSM policy 21: a password that somebody else gave must be changed at first use. */
static bool must_change_given(const struct fw_card *card)
{
	return card_policy(card, 21) != 0;
}

/* The Partition SO makes the Crypto Officer, who makes the other two (behaviour.md 5.1). */
static bool role_may_make(enum coffer_role who, uint32_t role)
{
	if (who == COFFER_ROLE_PO)
		return role == COFFER_ROLE_CO;
	return who == COFFER_ROLE_CO && (role == COFFER_ROLE_CU || role == COFFER_ROLE_LCO);
}

static uint32_t role_request(struct cmd *c, uint32_t *role, struct bytes *pin)
{
	*role = wire_u32(&c->in);
	*pin = wire_blob(&c->in, PIN_MAX);
	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!role_exists(c->part, *role))
		return COFFER_ST_USER_TYPE_INVALID;
	if (!role_may_make(c->role, *role))
		return COFFER_ST_USER_NOT_AUTHORIZED;
	return role_pin_fits(c->part, *pin);
}

/* A role that is there already is not made again: OPERATION_NOT_ALLOWED. */
uint32_t handle_ROLE_INIT(struct cmd *c)
{
	struct bytes pin;
	uint32_t role, st = role_request(c, &role, &pin);

	if (!st && role_of(c->part, role)->initialised)
		st = COFFER_ST_OPERATION_NOT_ALLOWED;
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

/* Unlocks, too. The Crypto Officer can be reset only where HSM policy 15 allows it. */
uint32_t handle_ROLE_RESET_PW(struct cmd *c)
{
	struct bytes pin;
	uint32_t role, st = role_request(c, &role, &pin);

	if (!st && !c->part->roles[role].initialised)
		st = COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if (!st && role == COFFER_ROLE_CO && !card_policy(c->card, 15))
		st = COFFER_ST_OPERATION_NOT_ALLOWED;
	if (!st)
		st = role_password(c, (enum coffer_role)role, pin, must_change_given(c->card),
				    COFFER_EV_ROLE_INITIALIZED);
	if (!st)
		change_after(c->change, reset_written);
	return st;
}

/* Who is logged in changes the own password; who is not, that of the role named (C_SetPIN). */
uint32_t handle_ROLE_CHANGE_PW(struct cmd *c)
{
	uint32_t role = wire_u32(&c->in), st;
	struct bytes old = wire_blob(&c->in, PIN_MAX);
	struct bytes new = wire_blob(&c->in, PIN_MAX);

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!role_exists(c->part, role))
		return COFFER_ST_USER_TYPE_INVALID;
	if (c->role != COFFER_ROLE_NONE && c->role != role)
		return COFFER_ST_USER_NOT_AUTHORIZED;
	st = role_pin_fits(c->part, new);
	if (!st && role_of(c->part, role)->must_change && old.len == new.len &&
	    crypto_equal(old.p, new.p, new.len))
		st = COFFER_ST_PIN_INVALID;
	if (!st)
		st = role_check(c, (enum coffer_role)role, old);
	if (st || c->change)
		return st;
	return role_password(c, (enum coffer_role)role, new, false, (enum coffer_event_type)0);
}

/* ---- List ------------------------------------------------------------------------ */

static void role_write(struct fw_partition *p, enum coffer_role role, struct wire_out *out)
{
	const struct role *r = role_of(p, role);
	uint32_t limit = role_limit(p, role), used = nv_attempts(p->card->nv, p->id, role);
	bool locked = r->initialised && role_locked(p, role);
	uint32_t state = 0;

	if (role == COFFER_ROLE_AU && !locked && used >= limit)
		used = 0;	/* the wait is over */
	if (r->initialised)
		state |= COFFER_RS_INITIALIZED;
	if (locked)
		state |= COFFER_RS_LOCKED;
	if (r->must_change)
		state |= COFFER_RS_PIN_MUST_CHANGE;
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

	if (wire_u32(&c->in) || !wire_in_done(&c->in))
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
