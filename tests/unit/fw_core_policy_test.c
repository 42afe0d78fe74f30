// SPDX-License-Identifier: BSD-3-Clause
/* Policies: tables, capability, dependencies, destructive directions (behaviour.md section 3). */
#include "fw_core.h"

#include "card.h"
#include "policy.h"

static struct bench bench;

#define ERASE	COFFER_POLICY_SET_DESTRUCTIVE

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

/* Value of a policy as the list shows it. */
static uint32_t value_of(struct bench *b, uint32_t session, uint32_t id)
{
	size_t at;

	expect(session_only(b, COFFER_CMD_POLICY_LIST, session), 0);
	for (at = 4; at < b->len; at += sizeof(struct coffer_policy_row))
		if (word(b, at) == id)
			return word(b, at + 4);
	return 0xffffffff;
}

static uint32_t po_session(struct bench *b)
{
	uint32_t s = partition_ready(b);

	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	return s;
}

/* row 29 */
static void list_is_the_profile(void **state)
{
	struct bench *b = *state;
	const struct profile_policy *p = profile_by_name("coffer")->partition_policies;
	uint32_t s = session_open(b, b->owner, 1, false, NULL), last = 0;
	size_t at = 4;

	expect(session_only(b, COFFER_CMD_POLICY_LIST, s), 0);
	for (; p->name; p++, at += sizeof(struct coffer_policy_row)) {
		assert_true(at == 4 || p->id > last);
		last = p->id;
		expect(word(b, at), p->id);
		if (p->flags & PROFILE_POLICY_OF_CARD) {
			assert_true(word(b, at + 4));
			expect(word(b, at + 8), word(b, at + 4));
		} else {
			expect(word(b, at + 4), p->value);
			expect(word(b, at + 8), p->capability);
		}
		expect(word(b, at + 12), p->flags & ~PROFILE_POLICY_OF_CARD);
		assert_string_equal((char *)b->reply + at + 16, p->name);
	}
	expect(at, b->len);
}

/* What the code takes for granted of every profile. */
static void leans_on(const struct profile *profile)
{
	/* Of the card, what a partition's policy is held off by. */
	static const uint32_t hold[] = { 6, 7, 12, 30, 39 };
	size_t i;

	for (i = 0; i < sizeof(hold) / sizeof(hold[0]); i++)
		assert_non_null(policy_row_in(profile->hsm_policies, hold[i]));
	/* Storage in KiB is a policy's value. */
	assert_true(profile->storage >> 10 <= UINT32_MAX);
	/* No empty passwords. */
	assert_true(profile->pin_min > 0);
	assert_in_range(policy_row_in(profile->partition_policies, 25)->capability, 1, 254);
}

static void tables_are_sound(void **state)
{
	const struct profile_policy *tables[2], *p;
	const struct profile_mechanism *m;
	const struct profile *profile;
	unsigned int i, k;

	(void)state;
	for (i = 0; (profile = profile_at(i)) != NULL; i++) {
		tables[0] = profile->hsm_policies;
		tables[1] = profile->partition_policies;
		leans_on(profile);
		for (k = 0; k < 2; k++)
			for (p = tables[k]; p->name; p++) {
				assert_true(p->id < 64);
				if (p->flags & PROFILE_POLICY_OF_CARD)
					assert_true(k ? p->id == 19 : p->id < 2 || p->id == 27 ||
							p->id == 33);
				assert_true(strlen(p->name) < 48);
				assert_true(p->value <= p->capability);
				assert_true(!p[1].name || p[1].id > p->id);
			}
		for (m = profile->mechanisms; m->flags; m++) {
			assert_true(m->min <= m->max);
			assert_ptr_equal(profile_mechanism(profile, m->mechanism), m);
		}
		assert_null(profile_mechanism(profile, 0xffffffff));
		assert_true(strlen(profile->name) < 16 && strlen(profile->model) < 32);
		assert_ptr_equal(profile_by_name(profile->name), profile);
		assert_string_equal(fw_profile_name(i), profile->name);
	}
	expect(i, 26);
	assert_null(fw_profile_name(i));
	assert_null(profile_by_name("nonsense"));
}

static void refusals(void **state)
{
	struct bench *b = *state;
	uint32_t s = po_session(b), req[7] = { s, 0, 2, 22, 1, 22, 1 };
	uint32_t bad_first[7] = { s, 0, 2, 63, 1, 22, 2 };

	expect(policy_set(b, s, 0, 63, 0), COFFER_ST_POLICY_ID_INVALID);
	expect(policy_set(b, s, 0, 0x10000, 0), COFFER_ST_POLICY_ID_INVALID);
	expect(policy_set(b, s, 0, 22, 2), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	/* Read-only; without capability; obsolete. */
	expect(policy_set(b, s, 0, 19, 1), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	expect(policy_set(b, s, 0, 24, 1), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	expect(policy_set(b, s, 0, 27, 1), COFFER_ST_POLICY_ID_INVALID);
	expect(policy_set(b, s, 2, 22, 1), COFFER_ST_ARGUMENTS_BAD);
	/* What is behind a refused one is not looked at. */
	expect(ask(b, COFFER_CMD_POLICY_SET, bad_first, sizeof(bad_first)),
	       COFFER_ST_POLICY_ID_INVALID);
	expect(ask(b, COFFER_CMD_POLICY_SET, req, sizeof(req)), COFFER_ST_ARGUMENTS_BAD);
	expect(ask(b, COFFER_CMD_POLICY_SET, req, 20), COFFER_ST_ARGUMENTS_BAD);
	req[2] = 0;
	expect(ask(b, COFFER_CMD_POLICY_SET, req, 12), COFFER_ST_ARGUMENTS_BAD);
	req[2] = 0x20000001;
	expect(ask(b, COFFER_CMD_POLICY_SET, req, 20), COFFER_ST_ARGUMENTS_BAD);
	expect(value_of(b, s, 22), 0);
	/* All or none. */
	req[2] = 2;
	req[5] = 63;
	expect(ask(b, COFFER_CMD_POLICY_SET, req, sizeof(req)), COFFER_ST_POLICY_ID_INVALID);
	expect(value_of(b, s, 22), 0);
}

static void dependencies(void **state)
{
	struct bench *b = *state;
	uint32_t s = po_session(b), both[7] = { s, 0, 2, 23, 1, 22, 1 };
	uint32_t swap[7] = { s, ERASE, 2, 0, 0, 1, 1 };

	expect(policy_set(b, s, 0, 23, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(ask(b, COFFER_CMD_POLICY_SET, both, sizeof(both)), 0);
	expect(policy_set(b, s, 0, 22, 0), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(policy_set(b, s, ERASE, 1, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(ask(b, COFFER_CMD_POLICY_SET, swap, sizeof(swap)), 0);
	expect(value_of(b, s, 0), 0);
	expect(value_of(b, s, 1), 1);
	expect(policy_set(b, s, ERASE, 0, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	/* A shortest password longer than the longest. */
	expect(policy_set(b, s, 0, 26, 3), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(policy_set(b, s, 0, 26, 16), 0);
	expect(policy_set(b, s, 0, 25, 255 - 17), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(policy_set(b, s, 0, 25, 255 - 12), 0);
	expect(role_change(b, s, COFFER_ROLE_PO, PO_PIN, "eleven char"),
	       COFFER_ST_PIN_LEN_RANGE);
	expect(role_change(b, s, COFFER_ROLE_PO, PO_PIN, "twelve chars"), 0);
}

/* row 82 */
static void destructive_needs_the_flag(void **state)
{
	struct bench *b = *state;
	uint32_t s = po_session(b);

	expect(policy_set(b, s, 0, 42, 1), COFFER_ST_CONFIG_ILLEGAL);
	expect(value_of(b, s, 42), 0);
	expect(policy_set(b, s, ERASE, 42, 1), 0);
	expect(value_of(b, s, 42), 1);
	/* Off is harmless, and so is what changes nothing. */
	expect(policy_set(b, s, 0, 42, 1), 0);
	expect(policy_set(b, s, 0, 42, 0), 0);
	/* Roles stay. */
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
}

static void roles_of_policies(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = partition_ready(b);

	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(policy_set(b, s, 0, 22, 1), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(policy_set(b, admin, 0, 16, 0), 0);
	expect(policy_set(b, admin, 0, 33, 101), COFFER_ST_CONFIG_CHANGE_ILLEGAL);
	expect(value_of(b, admin, 16), 0);
}

/* Cloning off on the card: off in every partition, and it cannot be put on there. */
static void hsm_policy_7_rules_partitions(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = po_session(b);

	expect(policy_set(b, s, 0, 4, 0), 0);
	expect(policy_set(b, admin, 0, 7, 0), COFFER_ST_CONFIG_ILLEGAL);
	expect(policy_set(b, admin, ERASE, 7, 0), 0);
	expect(value_of(b, s, 0), 0);
	expect(policy_set(b, s, ERASE, 4, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(policy_set(b, s, ERASE, 0, 1), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(policy_set(b, s, 0, 22, 1), 0);
	expect(policy_set(b, admin, ERASE, 7, 1), 0);
	expect(value_of(b, s, 0), 1);
	expect(policy_set(b, s, ERASE, 4, 1), 0);
}

/* What PARTITION_INFO and MECHANISM_LIST make of policies 42, 43 and HSM 12. */
static void policies_show(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = po_session(b), all;
	const size_t protocols = 56 + 8, fips = 56 + 16;

	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	expect(word(b, protocols), COFFER_CLONE_CPV1 | COFFER_CLONE_CPV3 | COFFER_CLONE_CPV4);
	expect(word(b, fips), 0);
	expect(session_only(b, COFFER_CMD_MECHANISM_LIST, s), 0);
	all = word(b, 0);
	expect(policy_set(b, s, ERASE, 42, 1), 0);
	expect(policy_set(b, s, 0, 43, 0), 0);
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	expect(word(b, protocols), COFFER_CLONE_CPV1);
	expect(word(b, fips), 1);
	expect(session_only(b, COFFER_CMD_MECHANISM_LIST, s), 0);
	assert_true(word(b, 0) && word(b, 0) < all);
	expect(policy_set(b, s, ERASE, 43, 1), 0);
	expect(policy_set(b, admin, ERASE, 12, 0), 0);
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	expect(word(b, fips), 1);
}

static void they_survive_power_and_zeroize(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = po_session(b);

	expect(policy_set(b, admin, 0, 16, 0), 0);
	expect(policy_set(b, s, 0, 22, 1), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	admin = session_open(b, b->owner, 0, true, NULL);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(value_of(b, admin, 16), 0);
	expect(value_of(b, s, 22), 1);
	/* zeroize keeps those of the card, factory reset nothing. */
	expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, admin), 0);
	expect(value_of(b, admin, 16), 0);
	expect(value_of(b, s, 22), 0);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, admin), 0);
	expect(value_of(b, admin, 16), 1);
}

static unsigned int freed;

static void thing_freed(struct session_thing *thing)
{
	(void)thing;
	freed++;
}

/* Session objects go with the token objects; who is logged in stays so. */
static void destructive_ends_session_objects(void **state)
{
	struct session_thing thing = { .kind = SESSION_THING_OBJECT, .id = 7,
				       .free = thing_freed };
	struct bench *b = *state;
	uint32_t s = po_session(b);
	struct fw_session *session = session_get(b->card, b->owner, s);

	freed = 0;
	expect(session_attach(session, &thing, COFFER_ROLE_PO), 0);
	expect(policy_set(b, s, 0, 22, 1), 0);
	expect(freed, 0);
	expect(policy_set(b, s, ERASE, 42, 1), 0);
	expect(freed, 1);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 8), COFFER_ROLE_PO);
	session_put(session);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(list_is_the_profile),
		T(tables_are_sound),
		T(refusals),
		T(dependencies),
		T(destructive_needs_the_flag),
		T(roles_of_policies),
		T(hsm_policy_7_rules_partitions),
		T(policies_show),
		T(they_survive_power_and_zeroize),
		T(destructive_ends_session_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
