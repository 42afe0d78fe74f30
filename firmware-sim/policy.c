// SPDX-License-Identifier: BSD-3-Clause
/*
 * Policies of the card (admin partition, by the HSM SO) and of partitions (by their SO). The
 * profile's tables say what there is; rules between policies are behaviour.md section 3.
 */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "object.h"
#include "policy.h"

#define SET_MAX		64	/* changes in one command */

/* COFFER_POLICY_DESTRUCTIVE_*: the profile's, or what the template of the init said. */
static uint32_t erases(const struct fw_partition *p, const struct profile_policy *row)
{
	uint8_t own = p->erases[row->id];

	return own == POLICY_ERASES_AS_PROFILE ? row->flags & POLICY_ERASES_BITS : own;
}

/* Numbers that come with the card, and what nobody can set, are those of the new firmware. */
void policies_move(struct fw_partition *p, const struct profile_policy *old)
{
	const struct profile_policy *row = policy_table(p);
	struct policies moved;
	uint32_t most;

	policy_defaults(p, &moved);
	for (; row->name; row++) {
		if (!policy_row_in(old, row->id) ||
		    row->flags & (COFFER_POLICY_READ_ONLY | PROFILE_POLICY_OF_CARD))
			continue;
		most = row->capability;
		moved.value[row->id] = p->policy[row->id] < most ? p->policy[row->id] : most;
		moved.erases[row->id] = p->erases[row->id];
	}
	policy_use(p, &moved);
}

uint32_t handle_POLICY_LIST(struct cmd *c)
{
	const struct profile_policy *row;
	struct profile_policy full;
	uint32_t count = 0;
	size_t at;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	at = wire_reserve_u32(&c->out);
	for (row = policy_table(c->part); row->name; row++, count++) {
		full = policy_filled(c->part, row);
		wire_put_u32(&c->out, row->id);
		wire_put_u32(&c->out, partition_policy(c->part, row->id));
		wire_put_u32(&c->out, full.capability);
		wire_put_u32(&c->out, (full.flags & ~POLICY_ERASES_BITS) |
				      erases(c->part, row));
		wire_put_padded(&c->out, row->name, 48);
	}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}

/* ---- Set ------------------------------------------------------------------------- */

/* The policies as they are to be, and what was asked for. */
struct policy_set {
	uint32_t policy[POLICY_MAX];
	uint64_t named;			/* bit per id in the request */
	bool destructive;
};

static bool destroys(uint32_t directions, uint32_t from, uint32_t to)
{
	if (!from && to)
		return directions & COFFER_POLICY_DESTRUCTIVE_ON;
	if (from && !to)
		return directions & COFFER_POLICY_DESTRUCTIVE_OFF;
	return false;
}

static uint32_t set_one(struct cmd *c, struct policy_set *s, uint32_t id, uint32_t value)
{
	const struct profile_policy *row = policy_row(c->part, id);

	if (!row)
		return COFFER_ST_POLICY_ID_INVALID;
	if (s->named & 1ull << id)
		return COFFER_ST_ARGUMENTS_BAD;
	s->named |= 1ull << id;
	if (row->flags & COFFER_POLICY_READ_ONLY || value > policy_filled(c->part, row).capability)
		return COFFER_ST_CONFIG_CHANGE_ILLEGAL;
	s->destructive |= destroys(erases(c->part, row), c->part->policy[id], value);
	s->policy[id] = value;
	return COFFER_ST_OK;
}

static uint32_t set_parse(struct cmd *c, struct policy_set *s)
{
	uint32_t flags = wire_u32(&c->in), count = wire_u32(&c->in);
	uint32_t id, value, st = COFFER_ST_OK;

	if ((flags & ~COFFER_POLICY_SET_DESTRUCTIVE) || !count || count > SET_MAX ||
	    c->in.left != count * sizeof(struct coffer_policy_value))
		return COFFER_ST_ARGUMENTS_BAD;
	memcpy(s->policy, c->part->policy, sizeof(s->policy));
	while (count-- && !st) {
		id = wire_u32(&c->in);
		value = wire_u32(&c->in);
		st = set_one(c, s, id, value);
	}
	if (!st)
		st = policy_depends(c->part, s->policy, s->named, false);
	if (!st && s->destructive && !(flags & COFFER_POLICY_SET_DESTRUCTIVE))
		st = COFFER_ST_CONFIG_ILLEGAL;
	return st;
}

/* A destructive change of the card empties all partitions, of a partition its objects. */
static uint32_t set_erase(struct cmd *c, struct change *ch)
{
	struct fw_partition *p;
	uint32_t st = COFFER_ST_OK;

	if (c->part->id)
		return change_partition_clear(ch, c->part->id, false);
	for (p = c->card->admin->next; p && !st; p = p->next)
		st = change_partition_clear(ch, p->id, false);
	return st;
}

/* Logins stay; session objects, clone contexts and ready keys go with the token objects. */
static void set_erased(struct cmd *c)
{
	struct fw_partition *p;

	for (p = c->card->admin->next; p; p = p->next)
		if (!c->part->id || p == c->part)
			atomic_store(&p->epoch, card_new_epoch(c->card));
	things_end(c->card, c->part->id ? c->part : NULL);
	objects_forget(c->crypto, c->part->id);
}

/* Who may not log in under the policies of now is not logged in either. */
static void users_out(struct fw_card *card)
{
	struct fw_partition *p;

	for (p = card->admin->next; p; p = p->next)
		if (policy_forbids(p, POLICY_ACT_USER_LOGIN))
			logins_end_of(card, p, COFFER_RM_USER);
}

static uint32_t policies_set(struct cmd *c, uint32_t verdict)
{
	struct policy_set *s = c->state;
	uint32_t id;

	if (!verdict) {
		pthread_mutex_lock(&c->part->lock);
		memcpy(c->part->policy, s->policy, sizeof(s->policy));
		if (!s->policy[22])
			activation_forget(c->part);
		pthread_mutex_unlock(&c->part->lock);
		if (s->destructive)
			set_erased(c);
		users_out(c->card);
		for (id = 0; id < POLICY_MAX; id++)
			if (s->named & 1ull << id)
				card_event(c->card, COFFER_EV_POLICY_CHANGED, c->part->id,
					   (uint64_t)id << 32 | s->policy[id]);
	}
	free(s);
	return verdict;
}

uint32_t handle_POLICY_SET(struct cmd *c)
{
	struct policy_set *s = calloc(1, sizeof(*s));
	struct change *ch;
	uint32_t st;

	if (!s)
		return COFFER_ST_DEVICE_MEMORY;
	c->state = s;
	st = set_parse(c, s);
	ch = st ? NULL : change_of(c);
	if (!st && !ch)
		st = COFFER_ST_DEVICE_MEMORY;
	if (!st)
		st = partition_save_policies(c->part, ch, s->policy);
	if (!st)
		st = activation_policies(c->part, ch, s->policy);
	if (!st && s->destructive)
		st = set_erase(c, ch);
	if (st)
		free(s);
	else
		change_after(ch, policies_set);
	return st;
}
