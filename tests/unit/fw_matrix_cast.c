// SPDX-License-Identifier: BSD-3-Clause
/* The matrix's scenes: cards in every state, and everybody who could ask something of them. */
#include "fw_core.h"
#include "fw_matrix.h"

#include <stdio.h>

#include "card.h"
#include "nv.h"

#define AU_PIN		"au password"
#define LCO_PIN		"lco password"
#define NEW_PIN		"an initial one"
#define PART_SIZE	(1 << 20)

/* ---- Who asks ----------------------------------------------------------------------------- */

static struct asker *asker_add(struct scene *s, uint64_t owner, uint32_t session, char role,
			       const char *text)
{
	struct asker *a = &s->askers[s->count++];

	assert_true(s->count <= ASKERS);
	memset(a, 0, sizeof(*a));
	a->owner = owner;
	a->session = session;
	a->role = role;
	snprintf(a->text, sizeof(a->text), "%c %s", role, text);
	return a;
}

/* Read/write and read-only sessions of one owner, who is @role on partition @part. */
static void askers_on(struct bench *b, struct scene *s, uint64_t owner, uint32_t part, char role,
		      bool old_pin)
{
	static const char *const texts[2][2] = {
		{ "on the card, read-only", "on the card, read/write" },
		{ "on the partition, read-only", "on the partition, read/write" },
	};
	struct asker *a;
	int rw;

	for (rw = 0; rw < 2; rw++) {
		a = asker_add(s, owner, session_open(b, owner, part, rw, NULL), role,
			      texts[part != 0][rw]);
		a->on_card = !part;
		a->rw = rw;
		a->old_pin = old_pin;
		a->initialised = !(s->kind & S_NEW);
		if (old_pin)
			strcat(a->text, ", first password");
	}
}

/* One owner who is @letter on @part, and who nobody is elsewhere. */
static void role_asks(struct bench *b, struct scene *s, char letter, uint32_t role,
		      const char *pin, uint32_t part, bool old_pin)
{
	uint64_t owner = owner_open(b);
	uint32_t own;

	askers_on(b, s, owner, part, letter, old_pin);
	own = s->askers[s->count - 1].session;
	if (role)
		expect(login_as(b, owner, own, role, pin), 0);
	if (!old_pin)
		askers_on(b, s, owner, part ? 0 : 1,
			  (s->kind & S_NO_PO) && letter == 'S' ? 'P' : 'n', false);
}

/* Sessions that are no use to the one who names them, for each role of partition 1. */
static void wrong_sessions(struct bench *b, struct scene *s, char letter, uint32_t role,
			   const char *pin)
{
	uint64_t owner = owner_open(b), other = owner_open(b);
	uint32_t part = letter == 'S' || letter == 'A' ? 0 : 1;
	uint32_t good = session_open(b, owner, part, true, NULL);
	uint32_t gone = session_open(b, owner, part, true, NULL), close[2] = { gone, 0 };

	if (role)
		expect(login_as(b, owner, good, role, pin), 0);
	expect(ask_as(b, owner, COFFER_CMD_SESSION_CLOSE, close, sizeof(close)), 0);
	asker_add(s, owner, gone, letter, "closed session")->no_session = true;
	asker_add(s, owner, 0, letter, "no session")->no_session = true;
	asker_add(s, other, good, letter, "another owner's session")->no_session = true;
	asker_add(s, 0, good, letter, "without an owner")->no_owner = true;
	asker_add(s, other + 1000, good, letter, "an owner that is none")->no_owner = true;
}

static const struct {
	char letter;
	uint32_t role;
	const char *pin;
	uint32_t part;
} cast[] = {
	{ 'n', 0, NULL, 1 },
	{ 'S', COFFER_ROLE_SO, SO_PIN, 0 },
	{ 'P', COFFER_ROLE_PO, PO_PIN, 1 },
	{ 'O', COFFER_ROLE_CO, CO_PIN, 1 },
	{ 'L', COFFER_ROLE_LCO, LCO_PIN, 1 },
	{ 'U', COFFER_ROLE_CU, CU_PIN, 1 },
	{ 'A', COFFER_ROLE_AU, AU_PIN, 0 },
};

static bool has_role(const struct bench *b, uint32_t part, uint32_t role)
{
	return role_exists(partition_find(b->card, part), role);
}

/* ---- Setting up --------------------------------------------------------------------------- */

static void role_set_up(struct bench *b, uint32_t s, uint32_t role, const char *pin, bool changed)
{
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, role, NEW_PIN), 0);
	if (!changed)
		return;
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(role_change(b, s, role, NEW_PIN, pin), 0);
}

/* The roles of a partition; @first: the last that still has its first password, 0: none. */
static void partition_roles(struct bench *b, uint32_t s, uint32_t part, uint32_t first)
{
	if (has_role(b, part, COFFER_ROLE_PO)) {
		expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
		role_set_up(b, s, COFFER_ROLE_CO, CO_PIN, first != COFFER_ROLE_CO);
	}
	if (first == COFFER_ROLE_CO)
		return;
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	role_set_up(b, s, COFFER_ROLE_CU, CU_PIN, !first);
	if (has_role(b, part, COFFER_ROLE_LCO)) {
		if (!first)
			expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
		role_set_up(b, s, COFFER_ROLE_LCO, LCO_PIN, !first);
	}
}

static uint32_t partition_more(struct bench *b, struct scene *s)
{
	uint8_t buf[64];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s->admin);
	wire_put_u32(&out, 0);
	wire_put_u64(&out, PART_SIZE);
	wire_put_blob(&out, "more", 4);
	expect(ask(b, COFFER_CMD_PARTITION_CREATE, buf, out.len), 0);
	return word(b, 0);
}

static uint32_t partition_set_up(struct bench *b, uint32_t part, uint32_t first)
{
	uint32_t s = session_open(b, b->owner, part, true, NULL);
	const char *pin = has_role(b, part, COFFER_ROLE_PO) ? PO_PIN : CO_PIN;

	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", pin, "domain"), 0);
	partition_roles(b, s, part, first);
	session_only(b, COFFER_CMD_LOGOUT, s);
	return s;
}

/* There is an Auditor, who does not want each cell in the log: that is a sync each. */
static void auditor(struct bench *b, uint32_t admin)
{
	struct coffer_req_audit_config quiet = { .session = admin, .flags = COFFER_AUDIT_SET };

	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, admin, 0, AU_PIN), 0);
	expect(login(b, admin, COFFER_ROLE_AU, AU_PIN), 0);
	expect(ask(b, COFFER_CMD_AUDIT_CONFIG, &quiet, sizeof(quiet)), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, admin), 0);
}

static void initialise(struct bench *b, struct scene *s)
{
	s->admin = session_open(b, b->owner, 0, true, NULL);
	auditor(b, s->admin);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, s->admin, "card", SO_PIN, NULL), 0);
	expect(login(b, s->admin, COFFER_ROLE_SO, SO_PIN), 0);
	if (!partition_find(b->card, 1))
		partition_more(b, s);
	s->app = partition_set_up(b, 1, 0);
}

/* Officers that never changed their first password, on partitions of their own. */
static void first_passwords(struct bench *b, struct scene *s)
{
	uint32_t part = partition_more(b, s);

	expect(policy_set(b, s->admin, 0, 21, 1), 0);
	partition_set_up(b, part, COFFER_ROLE_CO);
	role_asks(b, s, 'O', COFFER_ROLE_CO, NEW_PIN, part, true);
	part = partition_more(b, s);
	partition_set_up(b, part, COFFER_ROLE_CU);
	role_asks(b, s, 'U', COFFER_ROLE_CU, NEW_PIN, part, true);
	if (has_role(b, part, COFFER_ROLE_LCO))
		role_asks(b, s, 'L', COFFER_ROLE_LCO, NEW_PIN, part, true);
}

/* ---- What happens to partitions ----------------------------------------------------------- */

static void hsm_policy(struct bench *b, struct scene *s, uint32_t id, uint32_t value)
{
	expect(policy_set(b, s->admin, COFFER_POLICY_SET_DESTRUCTIVE, id, value), 0);
}

static void part_policy(struct bench *b, struct scene *s, uint32_t id, uint32_t value)
{
	expect(login(b, s->app, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s->app, COFFER_POLICY_SET_DESTRUCTIVE, id, value), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s->app), 0);
}

static void no_hsm_7(struct bench *b, struct scene *s)
{
	hsm_policy(b, s, 7, 0);
}

static void no_0_4(struct bench *b, struct scene *s)
{
	part_policy(b, s, 0, 0);
	part_policy(b, s, 4, 0);
}

static void no_28(struct bench *b, struct scene *s)
{
	part_policy(b, s, 28, 0);
}

static void domains_on(struct bench *b, struct scene *s)
{
	part_policy(b, s, 44, 1);
}

static void cpv1_only(struct bench *b, struct scene *s)
{
	part_policy(b, s, 42, 1);
}

static void fips_card(struct bench *b, struct scene *s)
{
	hsm_policy(b, s, 12, 0);
}

static void fips_part(struct bench *b, struct scene *s)
{
	part_policy(b, s, 43, 0);
}

/* Everybody but SO and Auditor stays logged out. */
static void all_out(struct scene *s, bool initialised)
{
	struct asker *a;

	for (a = s->askers; a < s->askers + s->count; a++) {
		a->role = 'n';
		a->initialised = initialised;
		strcat(a->text, ", then logged out");
	}
}

static void come_back(struct bench *b, struct scene *s, char letter, uint32_t role,
		      const char *pin)
{
	struct asker *a;

	for (a = s->askers; a < s->askers + s->count; a++)
		if (a->text[0] == letter && a->on_card && a->rw && !a->no_session)
			expect(login_as(b, a->owner, a->session, role, pin), 0);
	for (a = s->askers; a < s->askers + s->count; a++)
		if (a->text[0] == letter && a->on_card)
			a->role = letter;
}

static void tampered(struct bench *b, struct scene *s)
{
	fw_card_tamper(b->card);
	all_out(s, true);
	come_back(b, s, 'S', COFFER_ROLE_SO, SO_PIN);
	come_back(b, s, 'A', COFFER_ROLE_AU, AU_PIN);
}

static void test_failed(struct bench *b, struct scene *s)
{
	(void)s;
	atomic_store(&b->card->failed_test, 1);
}

/* As a zeroize leaves it whose rows could not be removed. */
static void erasing(struct bench *b, struct scene *s)
{
	uint8_t key[KEY_LEN] = { 1 };

	expect(nv_zeroize(b->card->nv, key, NV_CLEAR_ZEROIZE), 0);
	card_forget(b->card, NV_CLEAR_ZEROIZE);
	all_out(s, false);
	come_back(b, s, 'A', COFFER_ROLE_AU, AU_PIN);
}

/* ---- Scenes ------------------------------------------------------------------------------- */

#define NEW_CARD	"pcie-7.8"

struct scene scenes[] = {
	{ .name = "nothing initialised", .profile = NEW_CARD, .kind = S_NEW },
	{ .name = "initialised", .profile = NEW_CARD, .kind = S_PLAIN },
	{ .name = "firmware 7.4", .profile = "pcie-7.4", .kind = S_OLD },
	{ .name = "firmware 6.21.2, nothing initialised", .profile = "pcie-6.21.2",
	  .kind = S_NEW | S_NO_PO },
	{ .name = "firmware 6.21.2", .profile = "pcie-6.21.2", .kind = S_OLD | S_NO_PO },
	{ .name = "firmware 6.10.9", .profile = "pcie-6.10.9", .kind = S_OLD | S_NO_PO },
	{ .name = "backup card", .profile = "backup-g5-6.28", .kind = S_BACKUP },
	{ .name = "HSM policy 7 off", .profile = NEW_CARD, .kind = S_NO_HSM_7,
	  .change = no_hsm_7 },
	{ .name = "policies 0 and 4 off", .profile = NEW_CARD, .kind = S_NO_0_4,
	  .change = no_0_4 },
	{ .name = "policy 28 off", .profile = NEW_CARD, .kind = S_NO_28, .change = no_28 },
	{ .name = "policy 44 on", .profile = NEW_CARD, .kind = S_DOMAINS, .change = domains_on },
	{ .name = "policy 42 on", .profile = NEW_CARD, .kind = S_CPV1, .change = cpv1_only },
	{ .name = "HSM policy 12 off", .profile = NEW_CARD, .kind = S_FIPS,
	  .change = fips_card },
	{ .name = "policy 43 off", .profile = NEW_CARD, .kind = S_FIPS, .change = fips_part },
	{ .name = "tampered", .profile = NEW_CARD, .kind = S_TAMPERED, .befall = tampered },
	{ .name = "self-test failed", .profile = NEW_CARD, .kind = S_FAILED,
	  .befall = test_failed },
	{ .name = "erasure pending", .profile = NEW_CARD, .kind = S_ERASING, .befall = erasing },
};

const unsigned int scene_count = sizeof(scenes) / sizeof(scenes[0]);

void scene_begin(struct bench *b, struct scene *s)
{
	size_t i;

	s->count = 0;
	bench_open(b, s->profile);
	if (s->kind & S_NEW) {
		role_asks(b, s, 'n', 0, NULL, 1, false);
	} else {
		initialise(b, s);
		if (s->change)
			s->change(b, s);
		for (i = 0; i < sizeof(cast) / sizeof(cast[0]); i++) {
			if (cast[i].role && !has_role(b, cast[i].part, cast[i].role))
				continue;
			role_asks(b, s, cast[i].letter, cast[i].role, cast[i].pin, cast[i].part,
				  false);
			wrong_sessions(b, s, cast[i].letter, cast[i].role, cast[i].pin);
		}
		if (s->kind & S_PLAIN)
			first_passwords(b, s);
	}
	if (s->befall)
		s->befall(b, s);
}
