// SPDX-License-Identifier: BSD-3-Clause
/*
 * The decision table: from two offers to a protocol and a suite, or to one clear refusal.
 * Pure, so that both cards come to the same result and a test can walk all of it.
 * Rows: behaviour.md 1.4 (protocol), 1.6 (direction), feature rows 3, 5, 16. That one side is in
 * FIPS mode is no refusal: it takes away protocols, and the target judges each object (1.5, row
 * 65).
 */
#include "clone.h"

#include <string.h>

#define LEVEL_V0	1

typedef bool pair_fn(const struct clone_offer *s, const struct clone_offer *t);

static bool sides_wrong(const struct clone_offer *s, const struct clone_offer *t)
{
	return s->side != CLONE_SOURCE || t->side != CLONE_TARGET;
}

static bool same_partition(const struct clone_offer *s, const struct clone_offer *t)
{
	return s->card == t->card && s->partition == t->partition;
}

static bool roots_differ(const struct clone_offer *s, const struct clone_offer *t)
{
	return memcmp(s->root, t->root, sizeof(s->root)) != 0;
}

static bool cloning_off(const struct clone_offer *s, const struct clone_offer *t)
{
	return !(s->policies & t->policies & CLONE_POL_HSM7);
}

/* Archives and cloud services hold objects of several levels: each has its own. */
static bool keeps_levels(uint32_t kind)
{
	return kind == COFFER_PART_KIND_BACKUP || kind == COFFER_PART_KIND_CLOUD;
}

/* V0 and V1 objects differ in what belongs to one, so in size (behaviour.md 1.7, 4, row 16). */
static bool versions_differ(const struct clone_offer *s, const struct clone_offer *t)
{
	return s->level && t->level && s->level != t->level;
}

static bool goes_down(const struct clone_offer *s, const struct clone_offer *t)
{
	if (keeps_levels(s->kind))
		return false;
	return clone_level_fits(s->level, t->level, t->kind) != COFFER_ST_OK;
}

/* 7.7.0 exchanges nothing with a cloud service (1.6); 7.7.1 does again. */
static bool shuns_cloud(const struct clone_offer *s, const struct clone_offer *t)
{
	return (s->kind == COFFER_PART_KIND_CLOUD && (t->flags & CLONE_OF_NO_CLOUD)) ||
	       (t->kind == COFFER_PART_KIND_CLOUD && (s->flags & CLONE_OF_NO_CLOUD));
}

static bool kdf_differs(const struct clone_offer *s, const struct clone_offer *t)
{
	return (s->flags ^ t->flags) & CLONE_OF_TEST_KDF;
}

static bool manages_domains(const struct clone_offer *o)
{
	return (o->flags & CLONE_OF_DOMAINS) && (o->policies & CLONE_POL_DOMAINS);
}

/*
 * Password and PED mix only where one side manages its domains: it may have one of the other's
 * kind, and the other may be of any age (behaviour.md section 13, U1 and U2). A cloud service has
 * passwords alone, and takes the secret of a red key at its init (section 9, row 41).
 */
static bool methods_differ(const struct clone_offer *s, const struct clone_offer *t)
{
	if (!((s->flags ^ t->flags) & CLONE_OF_PED))
		return false;
	if (s->kind == COFFER_PART_KIND_CLOUD || t->kind == COFFER_PART_KIND_CLOUD)
		return false;
	return !manages_domains(s) && !manages_domains(t);
}

/* In this order: the first that holds is the answer. */
static const struct {
	pair_fn *holds;
	uint32_t verdict;
} refusals[] = {
	{ sides_wrong,		COFFER_ST_SESSION_NEGOTIATION_INVALID },
	{ roots_differ,		COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS },
	{ same_partition,	COFFER_ST_CLONE_SAME_PARTITION },
	{ cloning_off,		COFFER_ST_OPERATION_NOT_ALLOWED },
	{ methods_differ,	COFFER_ST_OPERATION_NOT_ALLOWED },
	{ shuns_cloud,		COFFER_ST_PROTOCOL_DISABLED },
	{ versions_differ,	COFFER_ST_DATA_LEN_RANGE },
	{ goes_down,		COFFER_ST_CLONE_DIRECTION },
	{ kdf_differs,		COFFER_ST_CLONE_KDF_MISMATCH },
};

static bool forced_v1(const struct clone_offer *s, const struct clone_offer *t)
{
	return (s->policies | t->policies) & CLONE_POL_FORCE_V1;
}

/* One is older than 7.7.0; or 7.7.1, which has no CPv4, meets a cloud service without CPv3. */
static bool only_v1_common(const struct clone_offer *s, const struct clone_offer *t)
{
	return !(s->fw_protocols & t->fw_protocols & (COFFER_CLONE_CPV3 | COFFER_CLONE_CPV4));
}

static bool both_v4(const struct clone_offer *s, const struct clone_offer *t)
{
	return s->protocols & t->protocols & COFFER_CLONE_CPV4;
}

static bool suite_shared(const struct clone_offer *s, const struct clone_offer *t)
{
	return both_v4(s, t) && (s->suites & t->suites);
}

static bool both_v3(const struct clone_offer *s, const struct clone_offer *t)
{
	return s->protocols & t->protocols & COFFER_CLONE_CPV3;
}

/*
 * The first row whose condition holds decides, for good: when its protocol is not allowed on
 * both sides the answer is @otherwise, never the next row.
 */
static const struct {
	pair_fn *holds;
	uint32_t protocol;
	uint32_t otherwise;
} choices[] = {
	{ forced_v1,	COFFER_CLONE_CPV1, COFFER_ST_PROTOCOL_DISABLED },
	{ only_v1_common, COFFER_CLONE_CPV1, COFFER_ST_PROTOCOL_DISABLED },
	{ suite_shared,	COFFER_CLONE_CPV4, COFFER_ST_PROTOCOL_DISABLED },
	{ both_v3,	COFFER_CLONE_CPV3, COFFER_ST_PROTOCOL_DISABLED },
	{ both_v4,	COFFER_CLONE_CPV3, COFFER_ST_SESSION_NEGOTIATION_NO_ALGS },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static uint32_t strongest(uint32_t suites)
{
	uint32_t id = 0;

	for (uint32_t bit = 1; bit < 32; bit++)
		if (suites & (1u << bit))
			id = bit;
	return id;
}

static uint32_t choose(const struct clone_offer *s, const struct clone_offer *t,
		       uint32_t *protocol, uint32_t *suite)
{
	for (size_t i = 0; i < COUNT(choices); i++) {
		if (!choices[i].holds(s, t))
			continue;
		if (!(s->protocols & t->protocols & choices[i].protocol))
			return choices[i].otherwise;
		if (choices[i].protocol == COFFER_CLONE_CPV4)
			*suite = strongest(s->suites & t->suites);
		*protocol = choices[i].protocol;
		return COFFER_ST_OK;
	}
	return COFFER_ST_PROTOCOL_DISABLED;
}

/* @home: the source may be the target, too. */
static uint32_t refusal(const struct clone_offer *s, const struct clone_offer *t, bool home)
{
	for (size_t i = 0; i < COUNT(refusals); i++)
		if (refusals[i].holds(s, t) && !(home && refusals[i].holds == same_partition))
			return refusals[i].verdict;
	return COFFER_ST_OK;
}

/* Sealed as CPv3 seals, so where that is; cards that are kept to CPv1 make no other thing. */
uint32_t clone_decide_archive(const struct clone_offer *source,
			      const struct clone_offer *target)
{
	uint32_t st = refusal(source, target, true);

	if (st)
		return st;
	return forced_v1(source, target) || !both_v3(source, target) ?
		(uint32_t)COFFER_ST_PROTOCOL_DISABLED : (uint32_t)COFFER_ST_OK;
}

uint32_t clone_decide(const struct clone_offer *source, const struct clone_offer *target,
		      uint32_t *protocol, uint32_t *suite)
{
	uint32_t st;

	*protocol = 0;
	*suite = 0;
	st = refusal(source, target, false);
	if (st)
		return st;
	st = choose(source, target, protocol, suite);
	if (st)
		return st;
	/* A suite that this firmware has no row for cannot be used, whatever both offer. */
	if (!clone_suite(*protocol, *suite)) {
		*protocol = 0;
		*suite = 0;
		return COFFER_ST_SESSION_NEGOTIATION_NO_ALGS;
	}
	return COFFER_ST_OK;
}

uint32_t clone_level_fits(uint32_t level, uint32_t target_level, uint32_t target_kind)
{
	if (level <= target_level)
		return COFFER_ST_OK;
	/* They take V0 objects, and give them back to V0 or higher only. */
	if (keeps_levels(target_kind) && level <= LEVEL_V0)
		return COFFER_ST_OK;
	return COFFER_ST_CLONE_DIRECTION;
}
