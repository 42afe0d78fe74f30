// SPDX-License-Identifier: BSD-3-Clause
/*
 * The decision table (behaviour.md 1.4 to 1.6) walked as a table, and its symmetry and
 * closedness over every combination of the offers' fields that it looks at.
 */
#include "clone_pair.h"

#define V1	COFFER_CLONE_CPV1
#define V3	COFFER_CLONE_CPV3
#define V4	COFFER_CLONE_CPV4
#define BAD	COFFER_ST_SESSION_NEGOTIATION_INVALID
#define POLICIES (CLONE_POL_HSM7 | CLONE_POL_PRIVATE | CLONE_POL_SECRET)
#define SUITES	CLONE_BUILT_SUITES

static struct clone_offer offer(enum clone_side side, uint32_t fw_protocols, uint32_t suites)
{
	struct clone_offer o = {
		.side = side,
		.kind = COFFER_PART_KIND_V0,
		.card = side == CLONE_SOURCE ? 1000001 : 1000002,
		.partition = side == CLONE_SOURCE ? 1000001001 : 1000002001,
		.level = 1,
		.fw_protocols = fw_protocols,
		.protocols = fw_protocols,
		.suites = suites,
		.policies = POLICIES,
	};

	return o;
}

static void check(const struct clone_offer *s, const struct clone_offer *t, uint32_t verdict,
		  uint32_t protocol, uint32_t suite)
{
	uint32_t got_protocol = 77, got_suite = 77;

	assert_u32(clone_decide(s, t, &got_protocol, &got_suite), verdict);
	assert_u32(got_protocol, protocol);
	assert_u32(got_suite, suite);
}

struct side {
	uint32_t fw;		/* protocols of the firmware */
	uint32_t suites;
	bool force;		/* policy 42 */
};

static struct clone_offer side_offer(enum clone_side which, struct side in)
{
	struct clone_offer o = offer(which, in.fw, in.suites);

	if (in.force) {
		o.policies |= CLONE_POL_FORCE_V1;
		o.protocols &= V1;
	}
	return o;
}

static void protocol_rows(void **state)
{
	static const struct {
		struct side s, t;
		uint32_t verdict, protocol, suite;
	} rows[] = {
		/* both new */
		{ { V1 | V4, SUITES, 0 }, { V1 | V4, SUITES, 0 }, 0, V4, 3 },
		{ { V1 | V4, 0x6, 0 }, { V1 | V4, SUITES, 0 }, 0, V4, 2 },
		{ { V1 | V4, 0x2, 0 }, { V1 | V4, SUITES, 0 }, 0, V4, 1 },
		{ { V1 | V4, 0x6, 0 }, { V1 | V4, 0xa, 0 }, 0, V4, 1 },
		/* one old: before 7.7.0 there is CPv1 only */
		{ { V1, 0, 0 }, { V1 | V4, SUITES, 0 }, 0, V1, 0 },
		{ { V1 | V4, SUITES, 0 }, { V1, 0, 0 }, 0, V1, 0 },
		{ { V1, 0, 0 }, { V1, 0, 0 }, 0, V1, 0 },
		/* policy 42 on either side */
		{ { V1 | V4, SUITES, 1 }, { V1 | V4, SUITES, 0 }, 0, V1, 0 },
		{ { V1 | V4, SUITES, 0 }, { V1 | V4, SUITES, 1 }, 0, V1, 0 },
		{ { V1 | V4, SUITES, 1 }, { V1 | V4, SUITES, 1 }, 0, V1, 0 },
		/* forced to CPv1, the other has none (cloud FIPS) */
		{ { V1 | V4, SUITES, 1 }, { V4, SUITES, 0 }, COFFER_ST_PROTOCOL_DISABLED, 0, 0 },
		{ { V1, 0, 0 }, { V4, SUITES, 0 }, COFFER_ST_PROTOCOL_DISABLED, 0, 0 },
		/* no suite in common: CPv3 or nothing, never CPv1 */
		{ { V1 | V4, 0, 0 }, { V1 | V4, SUITES, 0 },
		  COFFER_ST_SESSION_NEGOTIATION_NO_ALGS, 0, 0 },
		{ { V1 | V4, 0x2, 0 }, { V1 | V4, 0x4, 0 },
		  COFFER_ST_SESSION_NEGOTIATION_NO_ALGS, 0, 0 },
		/* CPv3 on both, and no suite of CPv4 on both */
		{ { V1 | V3 | V4, 0, 0 }, { V1 | V3, 0, 0 }, 0, V3, 0 },
		{ { V1 | V3 | V4, SUITES, 0 }, { V1 | V3, 0, 0 }, 0, V3, 0 },
		{ { V1 | V3 | V4, 0x2, 0 }, { V1 | V3 | V4, 0xc, 0 }, 0, V3, 0 },
		{ { V1 | V3 | V4, 0x6, 0 }, { V1 | V3 | V4, 0xc, 0 }, 0, V4, 2 },
		{ { V1 | V3 | V4, 0, 1 }, { V1 | V3, 0, 0 }, 0, V1, 0 },
		/* nothing at all */
		{ { 0, 0, 0 }, { V1 | V4, SUITES, 0 }, COFFER_ST_PROTOCOL_DISABLED, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct clone_offer s = side_offer(CLONE_SOURCE, rows[i].s);
		struct clone_offer t = side_offer(CLONE_TARGET, rows[i].t);

		check(&s, &t, rows[i].verdict, rows[i].protocol, rows[i].suite);
	}
}

static void refusals(void **state)
{
	struct clone_offer s = offer(CLONE_SOURCE, V1 | V4, SUITES);
	struct clone_offer t = offer(CLONE_TARGET, V1 | V4, SUITES);
	struct clone_offer o;

	(void)state;
	check(&s, &t, COFFER_ST_OK, V4, 3);
	check(&t, &s, BAD, 0, 0);
	check(&s, &s, BAD, 0, 0);
	o = t;
	o.root[31] ^= 1;
	check(&s, &o, COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS, 0, 0);
	o = t;
	o.card = s.card;
	check(&s, &o, COFFER_ST_OK, V4, 3);
	o.partition = s.partition;
	check(&s, &o, COFFER_ST_CLONE_SAME_PARTITION, 0, 0);
	o = t;
	o.policies &= ~CLONE_POL_HSM7;
	check(&s, &o, COFFER_ST_OPERATION_NOT_ALLOWED, 0, 0);
	o = s;
	o.policies &= ~CLONE_POL_HSM7;
	check(&o, &t, COFFER_ST_OPERATION_NOT_ALLOWED, 0, 0);
	o = t;
	/* judged object by object */
	o.flags |= CLONE_OF_FIPS;
	check(&s, &o, COFFER_ST_OK, V4, 3);
	o = t;
	o.flags |= CLONE_OF_TEST_KDF;
	check(&s, &o, COFFER_ST_CLONE_KDF_MISMATCH, 0, 0);
	/* policies 0 and 4 are judged object by object */
	o = t;
	o.policies = CLONE_POL_HSM7;
	check(&s, &o, COFFER_ST_OK, V4, 3);
}

static void authentication(void **state)
{
	struct clone_offer s = offer(CLONE_SOURCE, V1 | V4, SUITES);
	struct clone_offer t = offer(CLONE_TARGET, V1 | V4, SUITES);

	(void)state;
	t.flags |= CLONE_OF_PED;
	check(&s, &t, COFFER_ST_OPERATION_NOT_ALLOWED, 0, 0);
	s.flags |= CLONE_OF_DOMAINS;
	t.flags |= CLONE_OF_DOMAINS;
	check(&s, &t, COFFER_ST_OPERATION_NOT_ALLOWED, 0, 0);
	/* Either side's policy is enough, and the other may be older. */
	t.policies |= CLONE_POL_DOMAINS;
	check(&s, &t, COFFER_ST_OK, V4, 3);
	s.flags &= ~CLONE_OF_DOMAINS;
	check(&s, &t, COFFER_ST_OK, V4, 3);
	s.flags |= CLONE_OF_DOMAINS;
	s.policies |= CLONE_POL_DOMAINS;
	t.policies &= ~CLONE_POL_DOMAINS;
	t.flags &= ~CLONE_OF_DOMAINS;
	check(&s, &t, COFFER_ST_OK, V4, 3);
	/* A policy that the firmware does not have means nothing. */
	s.flags &= ~CLONE_OF_DOMAINS;
	check(&s, &t, COFFER_ST_OPERATION_NOT_ALLOWED, 0, 0);
	s.flags |= CLONE_OF_PED;
	check(&s, &t, COFFER_ST_OK, V4, 3);
}

static void direction(void **state)
{
	/* source level, target level, target kind, verdict */
	static const uint32_t rows[][4] = {
		{ 0, 0, COFFER_PART_KIND_LEGACY, COFFER_ST_OK },
		{ 0, 1, COFFER_PART_KIND_V0, COFFER_ST_OK },
		{ 0, 2, COFFER_PART_KIND_V1, COFFER_ST_OK },
		{ 1, 0, COFFER_PART_KIND_LEGACY, COFFER_ST_CLONE_DIRECTION },
		{ 1, 1, COFFER_PART_KIND_V0, COFFER_ST_OK },
		{ 1, 2, COFFER_PART_KIND_V1, COFFER_ST_DATA_LEN_RANGE },
		{ 2, 0, COFFER_PART_KIND_LEGACY, COFFER_ST_CLONE_DIRECTION },
		{ 2, 1, COFFER_PART_KIND_V0, COFFER_ST_DATA_LEN_RANGE },
		{ 2, 2, COFFER_PART_KIND_V1, COFFER_ST_OK },
		{ 0, 0, COFFER_PART_KIND_BACKUP, COFFER_ST_OK },
		{ 1, 0, COFFER_PART_KIND_BACKUP, COFFER_ST_OK },
		{ 2, 0, COFFER_PART_KIND_BACKUP, COFFER_ST_CLONE_DIRECTION },
	};
	struct clone_offer s = offer(CLONE_SOURCE, V1 | V4, SUITES);
	struct clone_offer t = offer(CLONE_TARGET, V1 | V4, SUITES);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = rows[i][3] == COFFER_ST_OK;

		s.level = rows[i][0];
		t.level = rows[i][1];
		t.kind = (uint8_t)rows[i][2];
		check(&s, &t, rows[i][3], ok ? V4 : 0, ok ? 3 : 0);
		/* An object of its own level in a partition of another: only down is refused. */
		if (rows[i][3] == (uint32_t)COFFER_ST_CLONE_DIRECTION)
			assert_u32(clone_level_fits(s.level, t.level, t.kind), rows[i][3]);
		else if (s.level <= t.level)
			assert_u32(clone_level_fits(s.level, t.level, t.kind), COFFER_ST_OK);
	}
	/* From a backup card: its own level says nothing, each object's does. */
	s.kind = COFFER_PART_KIND_BACKUP;
	s.level = 2;
	t.level = 0;
	t.kind = COFFER_PART_KIND_LEGACY;
	check(&s, &t, COFFER_ST_OK, V4, 3);
}

/* Whatever two offers say: the result is allowed on both sides, and CPv1 is no last resort. */
static void no_weak_fallback(void **state)
{
	unsigned int agreed = 0;

	(void)state;
	for (uint32_t bits = 0; bits < 1u << 14; bits++) {
		struct side a = { bits & 7, (bits >> 3 & 7) << 1, bits >> 6 & 1 };
		struct side b = { bits >> 7 & 7, (bits >> 10 & 7) << 1, bits >> 13 & 1 };
		struct clone_offer s = side_offer(CLONE_SOURCE, a);
		struct clone_offer t = side_offer(CLONE_TARGET, b);
		uint32_t protocol, suite;

		if (clone_decide(&s, &t, &protocol, &suite)) {
			assert_u32(protocol | suite, 0);
			continue;
		}
		agreed++;
		assert_u32(s.protocols & t.protocols & protocol, protocol);
		if (protocol == V1) {
			bool newer = a.fw & b.fw & (V3 | V4);

			assert_true(a.force || b.force || !newer);
			continue;
		}
		if (protocol == V3) {
			assert_u32(suite, 0);
			assert_false(s.protocols & t.protocols & V4 && s.suites & t.suites);
			continue;
		}
		assert_u32(protocol, V4);
		assert_true(s.suites & t.suites & (1u << suite));
		assert_u32((s.suites & t.suites) >> suite, 1);	/* the strongest */
	}
	assert_true(agreed > 100);
}

/* A suite of a later firmware in both offers: the relay's doing, or two liars. */
static void unknown_suites(void **state)
{
	struct clone_offer s = offer(CLONE_SOURCE, V1 | V3 | V4, SUITES | 1u << 9);
	struct clone_offer t = offer(CLONE_TARGET, V1 | V3 | V4, SUITES | 1u << 9);

	(void)state;
	check(&s, &t, COFFER_ST_SESSION_NEGOTIATION_NO_ALGS, 0, 0);
	t.suites = SUITES;
	check(&s, &t, COFFER_ST_OK, V4, 3);
}

static void offer_round_trip(void **state)
{
	struct clone_offer o = offer(CLONE_SOURCE, V1 | V4, SUITES), back;
	uint8_t wire[CLONE_OFFER_LEN + 1];
	struct wire_out out;
	struct wire_in in;

	(void)state;
	memset(o.nonce, 0x5a, sizeof(o.nonce));
	memset(o.peer_nonce, 0xa5, sizeof(o.peer_nonce));
	memcpy(o.profile, "coffer", 6);
	wire_out_init(&out, wire, sizeof(wire));
	clone_offer_write(&o, &out);
	assert_u32(out.len, CLONE_OFFER_LEN);
	wire_in_init(&in, wire, CLONE_OFFER_LEN);
	clone_offer_read(&in, &back);
	assert_true(wire_in_done(&in));
	assert_true(clone_offer_same(&o, &back));
	assert_memory_equal(o.peer_nonce, back.peer_nonce, CLONE_NONCE);
	/* Each of the bytes counts, but those of the peer's nonce, which is compared apart. */
	for (size_t i = 0; i < CLONE_OFFER_LEN; i++) {
		wire[i] ^= 0x80;
		wire_in_init(&in, wire, CLONE_OFFER_LEN);
		clone_offer_read(&in, &back);
		if (wire_in_done(&in))
			assert_u32(clone_offer_same(&o, &back),
				   i >= CLONE_OFFER_LEN - CLONE_NONCE);
		wire[i] ^= 0x80;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocol_rows),
		cmocka_unit_test(refusals),
		cmocka_unit_test(authentication),
		cmocka_unit_test(direction),
		cmocka_unit_test(no_weak_fallback),
		cmocka_unit_test(unknown_suites),
		cmocka_unit_test(offer_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
