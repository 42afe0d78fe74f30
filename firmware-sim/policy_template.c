// SPDX-License-Identifier: BSD-3-Clause
/*
 * Policies that come with HSM_INIT or PARTITION_INIT: values, and for each direction whether a
 * later change erases (behaviour.md section 3). All of a template is taken or none.
 */
#include <stddef.h>
#include <string.h>

#include "card.h"
#include "policy.h"

#define SETTING		sizeof(struct coffer_policy_setting)

struct setting {
	uint32_t id;
	uint32_t value;
	uint32_t flags;
	uint32_t erases;
};

/*
 * Directions that no template can make harmless: what is in the partition would be of another
 * kind than the partition itself.
 */
static const struct {
	uint16_t id;
	uint8_t erases;
} always[] = {
	{ 40, POLICY_ERASES_BITS },
	{ POLICY_P_VERSION, COFFER_POLICY_DESTRUCTIVE_OFF },
};

static bool takes_away(const struct fw_partition *p, const struct setting *s)
{
	for (size_t i = 0; p->id && i < sizeof(always) / sizeof(always[0]); i++)
		if (always[i].id == s->id && (always[i].erases & ~s->erases))
			return true;
	return false;
}

/* Settings are never cut: policy_init() looked at the length of all. */
static uint32_t parse(struct wire_in *in, struct setting *s)
{
	s->id = wire_u32(in);
	s->value = wire_u32(in);
	s->flags = wire_u32(in);
	s->erases = wire_u32(in);
	if (s->flags & ~COFFER_SETTING_DIRECTIONS || s->erases & ~POLICY_ERASES_BITS ||
	    (s->erases && !(s->flags & COFFER_SETTING_DIRECTIONS)))
		return COFFER_ST_ARGUMENTS_BAD;
	return COFFER_ST_OK;
}

/* A template may name what cannot be changed, as it is: one card's is another's that way. */
static uint32_t take(const struct fw_partition *p, const struct setting *s,
		     struct policies *policies)
{
	const struct profile_policy *row = policy_row(p, s->id);
	struct profile_policy full;

	/* Made for newer firmware. */
	if (!row)
		return COFFER_ST_CONFIG_FAILS_DEPENDENCIES;
	full = policy_filled(p, row);
	if (s->value > full.capability ||
	    (full.flags & COFFER_POLICY_READ_ONLY && s->value != full.value))
		return COFFER_ST_CONFIG_CHANGE_ILLEGAL;
	if (s->flags & COFFER_SETTING_DIRECTIONS) {
		if (takes_away(p, s))
			return COFFER_ST_CONFIG_CHANGE_ILLEGAL;
		policies->erases[s->id] = (uint8_t)s->erases;
	}
	policies->value[s->id] = s->value;
	return COFFER_ST_OK;
}

uint32_t policy_init(const struct fw_partition *p, struct bytes template,
		     struct policies *policies)
{
	struct setting s;
	struct wire_in in;
	uint64_t named = 0;
	uint32_t st = COFFER_ST_OK;

	policy_defaults(p, policies);
	if (!template.len) {
		memcpy(policies->value, p->policy, sizeof(p->policy));
		return COFFER_ST_OK;
	}
	if (template.len % SETTING || template.len > POLICY_MAX * SETTING)
		return COFFER_ST_ARGUMENTS_BAD;
	wire_in_init(&in, template.p, template.len);
	while (!st && in.left) {
		st = parse(&in, &s);
		if (!st && s.id < POLICY_MAX && named >> s.id & 1)
			st = COFFER_ST_ARGUMENTS_BAD;
		if (!st)
			st = take(p, &s, policies);
		if (!st)
			named |= 1ull << s.id;
	}
	return st ? st : policy_depends(p, policies->value, named, true);
}
