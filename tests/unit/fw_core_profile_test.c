// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the generations and models are (behaviour.md 1.6, 5.2, 9), against a table that is not the
 * product's; cards without a Partition SO; locks that end by themselves; limits of a cloud service.
 */
#include "card.h"
#include "fw_core.h"

static struct bench bench;
static uint64_t ahead;

#define CPV1	COFFER_CLONE_CPV1
#define CPV3	COFFER_CLONE_CPV3
#define CPV4	COFFER_CLONE_CPV4
#define NO_PO	COFFER_CARD_NO_PPSO
#define FULL	COFFER_CARD_FULL_ROLE_NAMES
#define STOPS	COFFER_CARD_STOPS_ON_ERROR
#define SERVICE	COFFER_CARD_CLOUD
#define ARCHIVE	COFFER_CARD_BACKUP
#define MARKS	(NO_PO | FULL | STOPS | SERVICE | ARCHIVE)

/* Name, firmware, protocols, what IDENTIFY says, security level, may have a PED, RSA minimum. */
static const struct {
	const char *name;
	uint32_t fw, protocols, flags, level;
	bool ped;
	uint32_t rsa_min, rsa_fips;
} models[] = {
	{ "coffer", 0x070804, CPV1 | CPV3 | CPV4, 0, 1, true, 1024, 2048 },
	{ "pcie-5.22", 0x051600, CPV1, NO_PO, 0, true, 1024, 1024 },
	{ "pcie-6.10.9", 0x060a09, CPV1, NO_PO, 0, true, 1024, 2048 },
	{ "pcie-6.21.2", 0x061502, CPV1, NO_PO, 0, true, 1024, 2048 },
	{ "pcie-6.24", 0x061800, CPV1, FULL, 0, true, 1024, 2048 },
	{ "pcie-7.0", 0x070000, CPV1, 0, 0, true, 2048, 2048 },
	{ "pcie-7.1", 0x070100, CPV1, 0, 0, true, 2048, 2048 },
	{ "pcie-7.2", 0x070200, CPV1, 0, 0, true, 2048, 2048 },
	{ "pcie-7.3", 0x070300, CPV1, 0, 0, true, 2048, 2048 },
	{ "pcie-7.4", 0x070400, CPV1, 0, 0, true, 2048, 2048 },
	{ "pcie-7.7.0", 0x070700, CPV1 | CPV3, STOPS, 1, true, 2048, 2048 },
	{ "pcie-7.7.1", 0x070701, CPV1 | CPV3, STOPS, 1, true, 2048, 2048 },
	{ "pcie-7.8", 0x070800, CPV1 | CPV3 | CPV4, STOPS, 1, true, 2048, 2048 },
	{ "pcie-7.8.1", 0x070801, CPV1 | CPV3 | CPV4, STOPS, 1, true, 2048, 2048 },
	{ "usb-5", 0x051600, CPV1, NO_PO, 0, true, 1024, 1024 },
	{ "usb-6", 0x061800, CPV1, FULL, 0, true, 1024, 2048 },
	{ "network-5", 0x051600, CPV1, NO_PO, 0, true, 1024, 1024 },
	{ "network-6", 0x061800, CPV1, FULL, 0, true, 1024, 2048 },
	{ "network-7.4", 0x070400, CPV1, 0, 0, true, 2048, 2048 },
	{ "network-7.7.1", 0x070701, CPV1 | CPV3, STOPS, 1, true, 2048, 2048 },
	{ "network-7.8", 0x070800, CPV1 | CPV3 | CPV4, STOPS, 1, true, 2048, 2048 },
	{ "backup-g5-6.28", 0x061c00, CPV1, ARCHIVE, 0, true, 1024, 2048 },
	{ "backup-g7-7.7.1", 0x070701, CPV1 | CPV3, ARCHIVE, 0, true, 1024, 2048 },
	{ "cloud-2.0", 0x020000, CPV1 | CPV4, SERVICE, 0, false, 2048, 2048 },
	{ "cloud-3.0", 0x030000, CPV1 | CPV4, SERVICE, 0, false, 2048, 2048 },
	{ "cloud-3.0-fips", 0x030000, CPV1 | CPV4, SERVICE, 0, false, 2048, 2048 },
};

#define MODELS	(sizeof(models) / sizeof(models[0]))

static uint32_t level_of(uint32_t kind)
{
	return kind == COFFER_PART_KIND_V0;
}

/* row 76 */
static void every_model_is_a_profile(void **state)
{
	const struct profile_mechanism *m;
	const struct profile *p;

	(void)state;
	for (size_t i = 0; i < MODELS; i++) {
		p = profile_at((unsigned int)i);
		assert_non_null(p);
		assert_string_equal(p->name, models[i].name);
		assert_true(strlen(p->name) <= 15 && strlen(p->text) < 100);
		expect(p->fw_version, models[i].fw);
		expect(p->protocols, models[i].protocols);
		expect(level_of(p->default_kind), models[i].level);
		expect(!!(p->features & PROFILE_PED), models[i].ped);
		/* Who knows nothing but CPv1 was there before 7.7.0. */
		expect(p->protocols == CPV1, p->fw_version < 0x070700 && !p->limits.objects);
		m = profile_mechanism(p, COFFER_CKM_RSA_PKCS);
		expect(m->min, models[i].rsa_min);
		expect(m->fips_min, models[i].rsa_fips);
		/* Suites go with CPv4, challenges with a PED, limits with a service. */
		expect(!!p->suites, !!(p->protocols & CPV4));
		expect(!!p->challenge_max, !!(p->features & PROFILE_PED));
		expect(!!p->limits.objects, !!(models[i].flags & SERVICE));
	}
	assert_null(profile_at(MODELS));
}

/* What a host is told of one model of each kind. */
/* row 76 */
static void identify_tells_the_model(void **state)
{
	static const size_t some[] = { 0, 3, 4, 12, 21, 25 };
	struct coffer_card_info info;

	(void)state;
	for (size_t k = 0; k < sizeof(some) / sizeof(some[0]); k++) {
		size_t i = some[k];

		bench_open(&bench, models[i].name);
		expect(ask(&bench, COFFER_CMD_IDENTIFY, NULL, 0), 0);
		memcpy(&info, bench.reply, sizeof(info));
		expect(info.flags & MARKS, models[i].flags);
		expect(info.fw_version, models[i].fw);
		expect(info.protocols, models[i].protocols);
		assert_string_equal(info.profile, models[i].name);
		bench_close(&bench);
	}
}

/* ---- Before 6.22: no Partition SO ---------------------------------------------------- */

static int open_old(void **state)
{
	bench_open(&bench, "pcie-6.21.2");
	*state = &bench;
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static uint32_t role_at(struct bench *b, uint32_t session)
{
	expect(session_only(b, COFFER_CMD_SESSION_INFO, session), 0);
	return word(b, 8);
}

/* The HSM SO makes the partition; the password is the Crypto Officer's, and stays. */
static void so_makes_the_partition(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL), admin;

	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", CO_PIN, "d"),
	       COFFER_ST_USER_NOT_LOGGED_IN);
	admin = hsm_ready(b);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_USER_TYPE_INVALID);
	expect(role_at(b, s), COFFER_ROLE_SO);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", CO_PIN, "d"), 0);
	expect(policy_set(b, s, 0, 20, 9), 0);
	/* It moves no keys and makes none: it is the partition's SO, not its officer. */
	expect(ask(b, COFFER_CMD_KEY_GENERATE, (uint32_t[]){ s, 0, COFFER_CKM_AES_KEY_GEN, 0, 0 },
		   20), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(word(b, 0), 0);
	expect(role_at(b, s), COFFER_ROLE_CO);
	expect(policy_set(b, s, 0, 20, 8), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(policy_set(b, s, 0, 20, 8), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(session_only(b, COFFER_CMD_LOGOUT, admin), 0);
	expect(policy_set(b, s, 0, 20, 7), COFFER_ST_USER_NOT_LOGGED_IN);
}

static void another_owner_stands_in_for_nobody(void **state)
{
	struct bench *b = *state;
	uint64_t other = owner_open(b);
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	uint32_t req[5] = { session_open(b, other, 1, true, NULL), 0, 1, 20, 8 };

	assert_true(hsm_ready(b));
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", CO_PIN, "d"), 0);
	expect(ask_as(b, other, COFFER_CMD_POLICY_SET, req, sizeof(req)),
	       COFFER_ST_USER_NOT_LOGGED_IN);
	/* The CO's password can be changed by who knows it, SO logged in or not. */
	expect(role_change(b, s, COFFER_ROLE_CO, CO_PIN, "another one"), 0);
	expect(login(b, s, COFFER_ROLE_CO, "another one"), 0);
}

/* A card with Partition SOs: the HSM SO is nobody on a partition. */
static void newer_cards_keep_them_apart(void **state)
{
	uint32_t s;

	(void)state;
	bench_open(&bench, "pcie-6.24");
	assert_true(hsm_ready(&bench));
	s = partition_ready(&bench);
	expect(role_at(&bench, s), COFFER_ROLE_NONE);
	expect(policy_set(&bench, s, 0, 20, 8), COFFER_ST_USER_NOT_LOGGED_IN);
	bench_close(&bench);
}

/* ---- Locks of firmware 6 end by themselves (5.2) --------------------------------------- */

static uint32_t ten_failures(struct bench *b, uint32_t s, uint32_t role)
{
	uint32_t st = 0;

	for (int i = 0; i < 10; i++)
		st = login(b, s, role, "not the password");
	return st;
}

static void lock_ends_after_ten_minutes(void **state)
{
	static const uint32_t roles[] = { COFFER_ROLE_CO, COFFER_ROLE_PO, COFFER_ROLE_CU };
	static const char *const pins[] = { CO_PIN, PO_PIN, CU_PIN };
	struct fw_open how = { .uptime_ahead_ms = &ahead };
	struct bench *b = &bench;
	uint32_t s;

	(void)state;
	ahead = 0;
	bench_open(b, "pcie-6.24");
	partition_ready(b);
	bench_off(b);
	expect(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	for (int i = 0; i < 3; i++) {
		expect(ten_failures(b, s, roles[i]), COFFER_ST_PIN_LOCKED);
		expect(attempts_left(b, s, roles[i]), 0);
		ahead += ROLE_LOCK_MS - 5000;
		expect(login(b, s, roles[i], pins[i]), COFFER_ST_PIN_LOCKED);
		ahead += 6000;
		expect(attempts_left(b, s, roles[i]), 10);
		expect(login(b, s, roles[i], pins[i]), 0);
		expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	}
	/* Power does not shorten it: it begins again. */
	expect(ten_failures(b, s, COFFER_ROLE_CO), COFFER_ST_PIN_LOCKED);
	bench_off(b);
	expect(bench_on(b, &how), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_PIN_LOCKED);
	ahead += ROLE_LOCK_MS + 1000;
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	bench_close(b);
}

/* ---- A cloud service (section 9) ------------------------------------------------------ */

/* row 86 */
static void the_101st_session_is_refused(void **state)
{
	uint32_t st, last = 0;
	uint64_t other;

	(void)state;
	bench_open(&bench, "cloud-2.0");
	other = owner_open(&bench);
	for (int i = 0; i < 100; i++) {
		last = session_open(&bench, bench.owner, 1, i & 1, &st);
		expect(st, 0);
	}
	expect(session_open(&bench, bench.owner, 1, true, &st), 0);
	expect(st, COFFER_ST_SESSION_COUNT);
	/* Of an application, not of the service. */
	assert_true(session_open(&bench, other, 1, true, &st));
	expect(session_only(&bench, COFFER_CMD_SESSION_CLOSE, last), 0);
	assert_true(session_open(&bench, bench.owner, 1, true, &st));
	bench_close(&bench);
}

#define OLD(f) cmocka_unit_test_setup_teardown(f, open_old, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_is_a_profile),
		cmocka_unit_test(identify_tells_the_model),
		OLD(so_makes_the_partition),
		OLD(another_owner_stands_in_for_nobody),
		cmocka_unit_test(newer_cards_keep_them_apart),
		cmocka_unit_test(lock_ends_after_ten_minutes),
		cmocka_unit_test(the_101st_session_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
