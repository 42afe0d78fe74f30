// SPDX-License-Identifier: BSD-3-Clause
/*
 * The same for commands that make or erase card, partition and roles: whatever fails in them, the
 * card can be switched on again and is then as it was before, or as the command leaves it. One
 * that erases first and then makes may also leave what the erasing alone would.
 */
#include "fault_stage.h"

#include <stdio.h>
#include <unistd.h>

#include "card.h"
#include "nv.h"

#define STATE_MAX	(64 * 1024)

static struct bench bench;
static char model[96];			/* the card as every sweep finds it */

/* What can be seen of a card by anybody, after power-on. */
struct look {
	size_t len;
	uint8_t p[STATE_MAX];
};

static void look_add(struct bench *b, struct look *to, uint32_t st)
{
	assert_true(to->len + 4 + b->len <= sizeof(to->p));
	memcpy(to->p + to->len, &st, 4);
	memcpy(to->p + to->len + 4, b->reply, b->len);
	to->len += 4 + b->len;
}

static void look_at(struct bench *b, struct look *to)
{
	uint32_t part, s;

	to->len = 0;
	look_add(b, to, ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0));
	for (part = 0; part < 2; part++) {
		s = session_open(b, b->owner, part, false, NULL);
		if (!s)
			continue;
		look_add(b, to, session_only(b, COFFER_CMD_ROLE_LIST, s));
		look_add(b, to, session_only(b, COFFER_CMD_POLICY_LIST, s));
	}
}

static bool same(const struct look *a, const struct look *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

static size_t first_difference(const struct look *a, const struct look *b)
{
	size_t i = 0;

	while (i < a->len && i < b->len && a->p[i] == b->p[i])
		i++;
	return i;
}

static void model_make(struct bench *b)
{
	bench_off(b);
	snprintf(model, sizeof(model), "%s.model", b->path);
	if (fw_card_export(b->path, model, b->err, sizeof(b->err)))
		fail_msg("export: %s", b->err);
}

/* A card as at the beginning, and everybody logged in who can. */
static void model_take(struct bench *b, bool log_in)
{
	static const char *const files[] = { "store", "store-wal", "store-shm", "nv", "lock" };
	char name[128];
	size_t i;

	if (b->card)
		bench_off(b);
	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(name, sizeof(name), "%s/%s", b->path, files[i]);
		unlink(name);
	}
	rmdir(b->path);
	if (fw_card_import(model, b->path, b->err, sizeof(b->err)) || bench_on(b, NULL))
		fail_msg("import: %s", b->err);
	if (log_in)
		everybody_logs_in(b);
}

/* ---- Commands ----------------------------------------------------------------------------- */

static uint32_t init_as(struct bench *b, enum coffer_role role, uint16_t opcode, const char *pin)
{
	struct wire w;

	wire_new(&w, stage.session[role]);
	wire_put_u32(&w.out, 0);
	wire_put_blob(&w.out, "again", 5);
	wire_put_blob(&w.out, pin, strlen(pin));
	wire_put_blob(&w.out, "domain again", 12);
	return send_as(b, role, opcode, &w);
}

static uint32_t hsm_init(struct bench *b)
{
	return init_as(b, COFFER_ROLE_SO, COFFER_CMD_HSM_INIT, SO_PIN);
}

static uint32_t partition_init(struct bench *b)
{
	return init_as(b, COFFER_ROLE_PO, COFFER_CMD_PARTITION_INIT, PO_PIN);
}

static uint32_t zeroize(struct bench *b)
{
	return WORDS(b, SO, HSM_ZEROIZE, 0);
}

static uint32_t factory_reset(struct bench *b)
{
	return WORDS(b, SO, HSM_FACTORY_RESET, 0);
}

static uint32_t partition_delete(struct bench *b)
{
	return WORDS(b, SO, PARTITION_DELETE, 1, 0, 0);
}

static uint32_t destructive(struct bench *b)
{
	return WORDS(b, PO, POLICY_SET, COFFER_POLICY_SET_DESTRUCTIVE, 2, 0, 0, 1, 1);
}

/* A second partition, which is emptied like the first. */
static void before_hsm_destructive(struct bench *b)
{
	struct wire w;

	wire_new(&w, stage.session[COFFER_ROLE_SO]);
	wire_put_u32(&w.out, 0);
	wire_put_u64(&w.out, 1 << 20);
	wire_put_blob(&w.out, "two", 3);
	expect(send_as(b, COFFER_ROLE_SO, COFFER_CMD_PARTITION_CREATE, &w), 0);
}

static uint32_t hsm_destructive(struct bench *b)
{
	return WORDS(b, SO, POLICY_SET, COFFER_POLICY_SET_DESTRUCTIVE, 1, 12, 0);
}

/* The Crypto Officer of a partition that has none yet. */
static uint32_t role_init(struct bench *b)
{
	return pin_as(b, COFFER_ROLE_PO, COFFER_CMD_ROLE_INIT, COFFER_ROLE_CO, CO_PIN);
}

static void before_role_init(struct bench *b)
{
	expect(partition_init(b), 0);
	expect(pin_as(b, COFFER_ROLE_PO, COFFER_CMD_LOGIN, COFFER_ROLE_PO, PO_PIN), 0);
}

static uint32_t wrong(struct bench *b, uint32_t role)
{
	enum coffer_role who = role == COFFER_ROLE_SO ? COFFER_ROLE_AU : COFFER_ROLE_NONE;

	return pin_as(b, who, COFFER_CMD_LOGIN, role, "wrong password");
}

static void all_but_one(struct bench *b, uint32_t role, unsigned int attempts)
{
	if (role == COFFER_ROLE_SO)
		expect(WORDS(b, AU, LOGOUT, 0), 0);
	while (--attempts)
		expect(wrong(b, role), COFFER_ST_PIN_INCORRECT);
}

static void before_po_threshold(struct bench *b)
{
	all_but_one(b, COFFER_ROLE_PO, 10);
}

static uint32_t po_threshold(struct bench *b)
{
	return wrong(b, COFFER_ROLE_PO);
}

static void before_so_threshold(struct bench *b)
{
	all_but_one(b, COFFER_ROLE_SO, 3);
}

static uint32_t so_threshold(struct bench *b)
{
	return wrong(b, COFFER_ROLE_SO);
}

static void before_co_threshold(struct bench *b)
{
	all_but_one(b, COFFER_ROLE_CO, 10);
}

static uint32_t co_threshold(struct bench *b)
{
	return wrong(b, COFFER_ROLE_CO);
}

static void before_tamper_clear(struct bench *b)
{
	fw_card_tamper(b->card);
	expect(pin_as(b, COFFER_ROLE_SO, COFFER_CMD_LOGIN, COFFER_ROLE_SO, SO_PIN), 0);
}

static uint32_t tamper_clear(struct bench *b)
{
	return WORDS(b, SO, TAMPER_CLEAR, 0);
}

/* An Auditor made anew: the old one is lost with the card. */
static void before_audit_init(struct bench *b)
{
	expect(factory_reset(b), 0);
}

static uint32_t audit_init(struct bench *b)
{
	return pin_as(b, COFFER_ROLE_SO, COFFER_CMD_AUDIT_INIT, 0, AU_PIN);
}

struct command {
	const char *name;
	void (*before)(struct bench *b);
	uint32_t (*run)(struct bench *b);
	uint32_t verdict;
	bool counts;		/* failed attempts: what is before differs from run to run */
	uint32_t (*erase)(struct bench *b);	/* its first half; NULL: it has none */
};

static const struct command commands[] = {
	{ "HSM_INIT", NULL, hsm_init, 0, false, zeroize },
	{ "PARTITION_INIT", NULL, partition_init, 0, false, NULL },
	{ "PARTITION_DELETE", NULL, partition_delete, 0, false, NULL },
	{ "HSM_ZEROIZE", NULL, zeroize, 0, false, NULL },
	{ "HSM_FACTORY_RESET", NULL, factory_reset, 0, false, NULL },
	{ "POLICY_SET, destructive", NULL, destructive, 0, false, NULL },
	{ "POLICY_SET of the card, destructive", before_hsm_destructive, hsm_destructive, 0, false,
	  NULL },
	{ "ROLE_INIT", before_role_init, role_init, 0, false, NULL },
	{ "LOGIN, threshold of the Partition SO", before_po_threshold, po_threshold,
	  COFFER_ST_PIN_LOCKED, true, NULL },
	{ "LOGIN, threshold of the HSM SO", before_so_threshold, so_threshold,
	  COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD, true, NULL },
	{ "LOGIN, threshold of the Crypto Officer", before_co_threshold, co_threshold,
	  COFFER_ST_USER_LOCKED_OUT, true, NULL },
	{ "TAMPER_CLEAR", before_tamper_clear, tamper_clear, 0, false, NULL },
	{ "AUDIT_INIT", before_audit_init, audit_init, 0, false, NULL },
};

/* ---- Sweep -------------------------------------------------------------------------------- */

static void power_cycle(struct bench *b, const struct command *c, unsigned int n)
{
	bench_off(b);
	if (bench_on(b, NULL))
		fail_msg("%s: %u: %s failed, and the card does not start: %s", c->name, n,
			 fault_name(), b->err);
}

/* How it looks after power-on when the command did this much. */
static void how_it_looks(struct bench *b, const struct command *c,
			 uint32_t (*what)(struct bench *b), struct look *look)
{
	model_take(b, true);
	if (c->before)
		c->before(b);
	if (what)
		expect(what(b), what == c->run ? c->verdict : 0);
	power_cycle(b, c, 0);
	look_at(b, look);
}

static bool looks_right(const struct command *c, uint32_t st, const struct look *now,
			const struct look *none, const struct look *done,
			const struct look *erased)
{
	if (same(now, done))
		return true;
	if (st == c->verdict)
		return false;
	return c->counts || same(now, none) || (c->erase && same(now, erased));
}

static void sweep(struct bench *b, const struct command *c)
{
	static struct look none, done, erased, now;
	unsigned int n = 0;
	bool failed;
	uint32_t st;

	how_it_looks(b, c, NULL, &none);
	how_it_looks(b, c, c->run, &done);
	if (c->erase)
		how_it_looks(b, c, c->erase, &erased);
	do {
		model_take(b, true);
		if (c->before)
			c->before(b);
		fault_arm(++n);
		st = c->run(b);
		failed = fault_disarm();
		if (st != c->verdict && (!failed || (st != COFFER_ST_DEVICE_MEMORY &&
						     st != (uint32_t)COFFER_ST_DEVICE_ERROR)))
			fail_msg("%s: %u: %s failed: 0x%08x", c->name, n,
				 failed ? fault_name() : "nothing", st);
		power_cycle(b, c, n);
		look_at(b, &now);
		if (!looks_right(c, st, &now, &none, &done, &erased))
			fail_msg("%s: %u: %s failed: 0x%08x, neither before nor after: byte %zu",
				 c->name, n, failed ? fault_name() : "nothing", st,
				 first_difference(&now, &done));
	} while (failed);
	print_message("# %s: %u faults\n", c->name, n - 1);
}

static void whole_or_not_at_all(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		sweep(*state, &commands[i]);
}

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, "coffer");
	stage_set(&bench);
	model_make(&bench);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
