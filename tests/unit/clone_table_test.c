// SPDX-License-Identifier: BSD-3-Clause
/*
 * The protocol table: every ordered pair of profiles, in every state that its Partition SO, HSM
 * SO and manufacturer can give it, against rules written here from behaviour.md 1.4 to 1.6, 2 and
 * 4 and from nothing of the product. What a profile is follows from its name alone.
 */
#include "clone_pair.h"

#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#include "card.h"

/* ---- What a name says -------------------------------------------------------------------- */

enum generation { BEFORE_7_7, AT_7_7_0, AT_7_7_1, FROM_7_8 };

struct facts {
	enum generation gen;
	bool backup, cloud;
	bool always_fips;
	bool v1_gone_in_fips;		/* cloud 3.0 and later */
};

static struct facts facts_of(const char *name)
{
	const char *dash = strchr(name, '-');
	unsigned int major = 0, minor = 0, patch = 0;
	struct facts f = { 0 };

	if (!strcmp(name, "coffer")) {
		f.gen = FROM_7_8;
		return f;
	}
	assert_non_null(dash);
	f.backup = !strncmp(name, "backup-", 7);
	f.cloud = !strncmp(name, "cloud-", 6);
	if (f.backup)
		dash = strrchr(name, '-');
	assert_true(sscanf(dash + 1, "%u.%u.%u", &major, &minor, &patch) >= 1);
	f.always_fips = strstr(name, "-fips") != NULL;
	f.v1_gone_in_fips = f.cloud && major >= 3;
	if (major > 7 || (major == 7 && minor >= 8))
		f.gen = FROM_7_8;
	else if (major == 7 && minor == 7)
		f.gen = patch ? AT_7_7_1 : AT_7_7_0;
	else
		f.gen = BEFORE_7_7;
	return f;
}

/* ---- What a partition is set to ---------------------------------------------------------- */

struct state {
	struct facts f;
	const char *profile;
	bool forced;			/* policy 42 */
	bool no_v1;			/* a service's policy 8 off */
	bool fips;			/* policy 43, or HSM policy 12 */
	bool manages;			/* policy 44 */
	bool is_v1;			/* policy 41 */
	bool ped;
	uint32_t suites;
	struct clone_offer offer[2];	/* as source, as target */
};

static bool has_42(const struct facts *f)
{
	return !f->cloud && f->gen >= AT_7_7_1;
}

static bool has_43(const struct facts *f)
{
	return !f->cloud && f->gen >= AT_7_7_1;
}

static bool has_versions(const struct facts *f)
{
	return !f->cloud && !f->backup && f->gen >= AT_7_7_0;
}

static bool has_44(const struct facts *f)
{
	return !f->cloud && !f->backup && f->gen >= FROM_7_8;
}

static bool has_v4(const struct facts *f)
{
	return f->cloud || f->gen >= FROM_7_8;
}

/* ---- The rules --------------------------------------------------------------------------- */

#define V1	COFFER_CLONE_CPV1
#define V3	COFFER_CLONE_CPV3
#define V4	COFFER_CLONE_CPV4

struct answer {
	uint32_t verdict, protocol, suite;
};

static struct answer refuse(uint32_t verdict)
{
	return (struct answer){ .verdict = verdict };
}

/* 1.1 and 1.4: who has what; forced to CPv1 it has nothing else. */
static uint32_t has(const struct state *p)
{
	uint32_t all = V1;

	if (p->forced)
		return V1;
	if (!p->f.cloud && p->f.gen >= AT_7_7_0)
		all |= V3;
	if (has_v4(&p->f))
		all |= V4;
	if (p->no_v1 || (p->f.v1_gone_in_fips && p->fips))
		all &= ~V1;
	return all;
}

static struct answer by_cpv1(const struct state *s, const struct state *t)
{
	if (has(s) & has(t) & V1)
		return (struct answer){ .protocol = V1 };
	return refuse(COFFER_ST_PROTOCOL_DISABLED);
}

static bool is_old(const struct state *p)
{
	return !p->f.cloud && p->f.gen == BEFORE_7_7;
}

static uint32_t highest(uint32_t suites)
{
	uint32_t id = 31;

	while (!(suites & 1u << id))
		id--;
	return id;
}

/* 1.4, row by row. */
static struct answer protocol_of(const struct state *s, const struct state *t)
{
	uint32_t both = has(s) & has(t);

	if (s->forced || t->forced || is_old(s) || is_old(t))
		return by_cpv1(s, t);
	if ((both & V4) && (s->suites & t->suites))
		return (struct answer){ .protocol = V4, .suite = highest(s->suites & t->suites) };
	if (both & V3)
		return (struct answer){ .protocol = V3 };
	if (both & V4)
		return refuse(COFFER_ST_SESSION_NEGOTIATION_NO_ALGS);
	/* Only one of the two has CPv4: a cloud service and 7.7.1. */
	return by_cpv1(s, t);
}

/* 1.6: 7.7.0 and the service do not work together. */
static bool strangers(const struct state *a, const struct state *b)
{
	return a->f.cloud && !b->f.cloud && b->f.gen == AT_7_7_0;
}

/* Section 2, 9 and 13: red keys and texts meet where one side manages its domains. */
static bool methods_clash(const struct state *s, const struct state *t)
{
	return s->ped != t->ped && !s->manages && !t->manages && !s->f.cloud && !t->f.cloud;
}

static int level(const struct state *p)
{
	return has_versions(&p->f) ? 1 + p->is_v1 : 0;
}

/* 1.6 and 4, for whole partitions; archives and services are judged object by object. */
static uint32_t direction(const struct state *s, const struct state *t)
{
	bool shelf = t->f.backup || t->f.cloud;

	if (level(s) && level(t) && level(s) != level(t))
		return COFFER_ST_DATA_LEN_RANGE;
	if (shelf)
		return level(s) <= 1 ? COFFER_ST_OK : COFFER_ST_CLONE_DIRECTION;
	return level(s) <= level(t) ? COFFER_ST_OK : COFFER_ST_CLONE_DIRECTION;
}

/* In the order of PROTOCOLS.md, where several apply. */
static struct answer expected(const struct state *s, const struct state *t)
{
	if (methods_clash(s, t))
		return refuse(COFFER_ST_OPERATION_NOT_ALLOWED);
	if (strangers(s, t) || strangers(t, s))
		return refuse(COFFER_ST_PROTOCOL_DISABLED);
	if (direction(s, t))
		return refuse(direction(s, t));
	return protocol_of(s, t);
}

/* ---- Every state of every profile -------------------------------------------------------- */

enum { STATES_MAX = 4096 };
static struct state states[STATES_MAX];
static size_t state_count;

static struct crypto *crypto;

/* As the Partition SO or HSM SO would, but in the memory of the card only. */
static void set(struct fw_partition *p, const struct state *st)
{
	uint32_t all = COFFER_SUITE_P384_SHA384_AES256GCM * 2 + 1;

	p->policy[42] = st->forced;
	if (st->f.cloud)
		p->policy[8] = !st->no_v1;
	p->policy[44] = st->manages;
	p->policy[41] = st->is_v1;
	if (has_43(&st->f))
		p->policy[43] = !st->fips;
	else
		p->card->admin->policy[12] = !st->fips;
	p->suites_off = (1u << all) - 1 - st->suites;
}

static void offers(struct fw_card *card, struct fw_partition *parts[2], struct state *st)
{
	for (int i = 0; i < 2; i++) {
		struct cmd c = { .card = card, .crypto = crypto, .part = parts[i] };

		set(parts[i], st);
		assert_u32(clone_offer_build(&c, i ? CLONE_TARGET : CLONE_SOURCE, &st->offer[i]),
			   COFFER_ST_OK);
		st->offer[i].flags &= ~CLONE_OF_PED;
		if (st->ped)
			st->offer[i].flags |= CLONE_OF_PED;
	}
}

/* The names of the policies that decide, and where they are. */
static void check_facts(const struct fw_partition *p, const struct facts *f, const char *name)
{
	static const uint32_t ids[] = { 42, 44, 41 };
	const bool want[] = { has_42(f), has_44(f), has_versions(f) };

	for (int i = 0; i < 3; i++)
		if (want[i] != (policy_row(p, ids[i]) != NULL))
			fail_msg("%s: policy %u", name, ids[i]);
}

/* bits: 1 forced, or a service without CPv1, 2 FIPS, 4 manages, 8 V1, 16 PED, 32 and 64 suites */
static bool possible(const struct facts *f, unsigned int bits)
{
	if ((bits & 1) && !has_42(f) && !f->cloud)
		return false;
	if (f->always_fips && !(bits & 2))
		return false;
	if ((bits & 4) && !has_44(f))
		return false;
	if ((bits & 8) && !has_versions(f))
		return false;
	if ((bits & 16) && f->cloud)
		return false;
	return !(bits & 96) || has_v4(f);
}

static void add_states(struct fw_card *card, struct fw_partition *parts[2], const char *name)
{
	static const uint32_t suites[] = { 0xe, 0, 0x2, 0x6 };
	struct facts f = facts_of(name);

	check_facts(parts[0], &f, name);
	for (unsigned int bits = 0; bits < 128; bits++) {
		struct state *st = &states[state_count];

		if (!possible(&f, bits))
			continue;
		assert_true(++state_count < STATES_MAX);
		*st = (struct state){
			.f = f, .profile = name, .forced = (bits & 1) && !f.cloud,
			.no_v1 = (bits & 1) && f.cloud, .fips = bits & 2,
			.manages = bits & 4, .is_v1 = bits & 8, .ped = bits & 16,
			.suites = has_v4(&f) ? suites[bits >> 5] : 0,
		};
		offers(card, parts, st);
	}
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void add_profile(const char *name)
{
	char root[] = "/tmp/clone-table-XXXXXX", dir[64], err[256] = "";
	const struct fw_create create = { .profile = name, .kdf_test = true };
	const struct fw_open how = { .workers = 1 };
	struct fw_partition *parts[2];
	struct fw_card *card;

	assert_non_null(mkdtemp(root));
	snprintf(dir, sizeof(dir), "%s/x.coffer", root);
	if (fw_card_create(dir, &create, err, sizeof(err)) ||
	    fw_card_open(dir, &how, &card, err, sizeof(err)))
		fail_msg("%s: %s", name, err);
	for (uint32_t i = 0; i < 2; i++) {
		parts[i] = partition_new(card, i + 1, i + 1, profile_by_name(name)->default_kind,
					 1 << 20);
		assert_non_null(parts[i]);
	}
	add_states(card, parts, name);
	partition_put(parts[0]);
	partition_put(parts[1]);
	fw_card_close(card);
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void tell(const struct state *p, char *text, size_t room)
{
	snprintf(text, room, "%s%s%s%s%s%s%s suites %#x", p->profile, p->forced ? " 42" : "",
		 p->no_v1 ? " not 8" : "",
		 p->fips ? " fips" : "", p->manages ? " 44" : "", p->is_v1 ? " V1" : "",
		 p->ped ? " ped" : "", p->suites);
}

static void check(const struct state *s, const struct state *t, const struct answer *got)
{
	struct answer want = expected(s, t);
	char a[96], b[96];

	if (!memcmp(&want, got, sizeof(want)))
		return;
	tell(s, a, sizeof(a));
	tell(t, b, sizeof(b));
	fail_msg("%s to %s: %#x protocol %u suite %u instead of %#x %u %u", a, b, got->verdict,
		 got->protocol, got->suite, want.verdict, want.protocol, want.suite);
}

/* rows 3, 16, 21, 22, 23, 24, 25, 27, 28 */
static void every_pair_in_every_state(void **state)
{
	unsigned long pairs = 0, agreed = 0;
	unsigned int profiles = 0;
	const char *name;

	(void)state;
	assert_u32(crypto_open(&crypto), COFFER_ST_OK);
	while ((name = fw_profile_name(profiles))) {
		add_profile(name);
		profiles++;
	}
	for (size_t i = 0; i < state_count; i++) {
		for (size_t k = 0; k < state_count; k++) {
			struct answer got;

			got.verdict = clone_decide(&states[i].offer[0], &states[k].offer[1],
						   &got.protocol, &got.suite);
			check(&states[i], &states[k], &got);
			pairs++;
			agreed += !got.verdict;
		}
	}
	print_message("%lu ordered pairs of %zu states of %u profiles: %lu clone, "
		      "%lu are refused\n", pairs, state_count, profiles, agreed, pairs - agreed);
	crypto_close(crypto);
}

/* ---- And with real cards, from CLONE_INVITE or CLONE_START to CLONE_ACCEPT ------------------ */

struct setting {
	const char *profile;
	unsigned int bits;		/* as for possible() */
};

static struct state state_of(const struct setting *p)
{
	static const uint32_t suites[] = { 0xe, 0, 0x2, 0x6 };
	struct state st = {
		.f = facts_of(p->profile), .profile = p->profile, .forced = p->bits & 1,
		.manages = p->bits & 4, .is_v1 = p->bits & 8,
	};

	assert_false(p->bits & 16);
	st.fips = p->bits & 2 || st.f.always_fips;
	st.suites = has_v4(&st.f) ? suites[p->bits >> 5] : 0;
	return st;
}

static struct test_card *card_of(const struct setting *p, const struct state *st)
{
	struct test_card *card = tc_simple(p->profile, "red");

	if (st->forced)
		tc_policy_set(card, false, 42, 1);
	if (st->fips && !st->f.always_fips)
		tc_policy_set(card, false, 43, 0);
	if (st->is_v1)
		tc_policy_set(card, false, 41, 1);
	for (uint32_t id = 1; has_v4(&st->f) && id <= 3; id++)
		if (!(st->suites & 1u << id))
			tc_suite_set(card, id, false);
	return card;
}

static void negotiate(const struct setting rows[2])
{
	struct state s = state_of(&rows[0]), t = state_of(&rows[1]);
	struct test_card *from = card_of(&rows[0], &s), *to = card_of(&rows[1], &t);
	struct run *r = run_new(from, to);
	struct answer got = { 0 };

	got.verdict = run_clever(r);
	if (!got.verdict) {
		got.protocol = r->protocol;
		got.suite = r->suite;
	}
	check(&s, &t, &got);
	assert_u32(tc_count(to), 0);
	run_give_up(r);
	free(r);
	tc_free(from);
	tc_free(to);
}

/* At least one of each protocol and each refusal of the table. */
static void real_negotiations(void **state)
{
	static const struct setting rows[][2] = {
		{ { "coffer", 0 }, { "pcie-7.8", 0 } },			/* CPv4 */
		{ { "coffer", 64 }, { "coffer", 0 } },			/* its weakest suite */
		{ { "coffer", 32 }, { "pcie-7.8", 0 } },		/* CPv3 */
		{ { "pcie-7.7.1", 0 }, { "coffer", 0 } },
		{ { "coffer", 0 }, { "pcie-7.7.0", 0 } },
		{ { "coffer", 1 }, { "coffer", 0 } },			/* CPv1 */
		{ { "pcie-7.4", 0 }, { "pcie-7.8", 0 } },
		{ { "pcie-6.24", 0 }, { "pcie-7.7.1", 0 } },
		{ { "cloud-2.0", 0 }, { "pcie-7.7.1", 0 } },
		{ { "coffer", 2 }, { "cloud-3.0-fips", 0 } },
		{ { "coffer", 0 }, { "backup-g7-7.7.1", 0 } },
		{ { "coffer", 3 }, { "cloud-3.0-fips", 0 } },		/* PROTOCOL_DISABLED */
		{ { "cloud-2.0", 0 }, { "pcie-7.7.0", 0 } },
		{ { "coffer", 32 }, { "cloud-2.0", 0 } },		/* NO_ALGS */
		{ { "coffer", 2 }, { "coffer", 0 } },			/* FIPS mode on one side */
		{ { "coffer", 0 }, { "coffer", 2 } },
		{ { "coffer", 1 }, { "cloud-3.0-fips", 0 } },		/* PROTOCOL_DISABLED */
		{ { "coffer", 0 }, { "coffer", 8 } },			/* DATA_LEN_RANGE */
		{ { "coffer", 8 }, { "coffer", 0 } },
		{ { "pcie-7.8", 0 }, { "pcie-7.4", 0 } },		/* CLONE_DIRECTION */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		negotiate(rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_in_every_state),
		cmocka_unit_test(real_negotiations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
