// SPDX-License-Identifier: BSD-3-Clause
/*
 * The dispatcher: every opcode x role x session state gives the code that the table says
 * (quality.md A1.1, A1.2), before any handler could do anything.
 */
#include "fw_core.h"

#include <stdio.h>

static struct bench bench;

struct test_row {
	const char *name;
	uint16_t opcode;
	uint32_t min, max, reply_max, flags, roles;
};

static const struct test_row rows[] = {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) \
	{ #name, op, rqmin, rqmax, rpmax, fl, ro },
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
};

#define ROWS	(sizeof(rows) / sizeof(rows[0]))

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, "pcie-7.8");
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

/* A request that no handler accepts: the session, then ones. */
static uint32_t probe(struct bench *b, uint64_t owner, const struct test_row *row,
		      uint32_t session)
{
	static uint8_t req[4096];

	assert_true(row->min <= sizeof(req));
	memset(req, 0xff, sizeof(req));
	memcpy(req, &session, sizeof(session));
	return ask_as(b, owner, row->opcode, req, row->min);
}

/* Who asks, from where. */
struct asker {
	const char *text;
	uint32_t session;
	bool admin, rw, initialised, must_change;
	enum coffer_role role;
};

static bool informs(uint16_t opcode)
{
	switch (opcode) {
	case COFFER_CMD_SESSION_CLOSE:
	case COFFER_CMD_SESSION_INFO:
	case COFFER_CMD_LOGOUT:
	case COFFER_CMD_ROLE_CHANGE_PW:
	case COFFER_CMD_ROLE_LIST:
	case COFFER_CMD_PED_STATUS:
	case COFFER_CMD_POLICY_LIST:
	case COFFER_CMD_PARTITION_INFO:
	case COFFER_CMD_MECHANISM_LIST:
	case COFFER_CMD_SELF_TEST:
	case COFFER_CMD_AUDIT_CONFIG:
	case COFFER_CMD_AUDIT_READ:
		return true;
	default:
		return false;
	}
}

/* The table's answer, 0 when the handler is to be asked. */
static uint32_t tabulated(const struct test_row *row, const struct asker *a)
{
	if (row->flags & COFFER_CF_DRIVER)
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if (!(row->flags & COFFER_CF_SESSION))
		return 0;
	if (row->flags & (a->admin ? COFFER_CF_APP : COFFER_CF_ADMIN))
		return COFFER_ST_CONTAINER_HANDLE_INVALID;
	if (!(row->flags & COFFER_CF_UNINIT) && !a->initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if ((row->flags & COFFER_CF_RW) && !a->rw)
		return COFFER_ST_SESSION_READ_ONLY;
	if (a->must_change && !informs(row->opcode))
		return COFFER_ST_PIN_EXPIRED;
	/* Nobody may only initialise what is not: the handlers of these two look. */
	if ((row->opcode == COFFER_CMD_PARTITION_INIT || row->opcode == COFFER_CMD_HSM_INIT ||
	     row->opcode == COFFER_CMD_TAMPER_CLEAR) &&
	    a->initialised && !a->role)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	if (row->roles & 1u << a->role)
		return 0;
	return a->role ? COFFER_ST_USER_NOT_AUTHORIZED : COFFER_ST_USER_NOT_LOGGED_IN;
}

/* Ones name no partition: with this code the handler of PARTITION_RESIZE refuses, too. */
static bool is_gate_code(uint16_t opcode, uint32_t st)
{
	if (opcode == COFFER_CMD_PARTITION_RESIZE &&
	    st == (uint32_t)COFFER_ST_CONTAINER_HANDLE_INVALID)
		return false;
	return st == COFFER_ST_FUNCTION_NOT_SUPPORTED || st == COFFER_ST_USER_NOT_LOGGED_IN ||
	       st == (uint32_t)COFFER_ST_USER_NOT_AUTHORIZED || st == COFFER_ST_PIN_EXPIRED ||
	       st == COFFER_ST_SESSION_READ_ONLY || st == COFFER_ST_SESSION_HANDLE_INVALID ||
	       st == COFFER_ST_USER_PIN_NOT_INITIALIZED ||
	       st == (uint32_t)COFFER_ST_CONTAINER_HANDLE_INVALID;
}

static void try_all(struct bench *b, const struct asker *a)
{
	uint32_t got, want;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		want = tabulated(&rows[i], a);
		got = probe(b, b->owner, &rows[i], a->session);
		if (want ? got != want : is_gate_code(rows[i].opcode, got))
			fail_msg("%s by %s: 0x%08x, not 0x%08x", rows[i].name, a->text, got, want);
		if (got && b->len)
			fail_msg("%s by %s: a refusal has %u bytes", rows[i].name, a->text,
				 b->len);
	}
}

/* Both kinds of session of one (partition, role). */
static void try_role(struct bench *b, struct asker a, uint32_t rw, uint32_t ro)
{
	a.session = rw;
	a.rw = true;
	try_all(b, &a);
	a.session = ro;
	a.rw = false;
	try_all(b, &a);
}

static void matrix_of_application(void **state)
{
	struct bench *b = *state;
	uint32_t rw = session_open(b, b->owner, 1, true, NULL);
	uint32_t ro = session_open(b, b->owner, 1, false, NULL);
	struct asker a = { .text = "nobody, not initialised" };

	try_role(b, a, rw, ro);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, rw, "one", PO_PIN, "d"), 0);
	a.initialised = true;
	a.text = "nobody";
	try_role(b, a, rw, ro);

	a.text = "partition SO";
	a.role = COFFER_ROLE_PO;
	expect(login(b, rw, COFFER_ROLE_PO, PO_PIN), 0);
	try_role(b, a, rw, ro);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, rw, COFFER_ROLE_CO, "initial co"), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, rw), 0);

	a.text = "crypto officer with an initial password";
	a.role = COFFER_ROLE_CO;
	a.must_change = true;
	expect(login(b, rw, COFFER_ROLE_CO, "initial co"), 0);
	try_role(b, a, rw, ro);
	expect(role_change(b, rw, COFFER_ROLE_CO, "initial co", CO_PIN), 0);
	a.must_change = false;
	a.text = "crypto officer";
	try_role(b, a, rw, ro);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, rw, COFFER_ROLE_LCO, "initial lco"), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, rw, COFFER_ROLE_CU, "initial cu"), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, rw), 0);
	expect(role_change(b, rw, COFFER_ROLE_LCO, "initial lco", "lco password"), 0);
	expect(role_change(b, rw, COFFER_ROLE_CU, "initial cu", CU_PIN), 0);

	a.text = "limited crypto officer";
	a.role = COFFER_ROLE_LCO;
	expect(login(b, rw, COFFER_ROLE_LCO, "lco password"), 0);
	try_role(b, a, rw, ro);
	expect(session_only(b, COFFER_CMD_LOGOUT, rw), 0);
	a.text = "crypto user";
	a.role = COFFER_ROLE_CU;
	expect(login(b, rw, COFFER_ROLE_CU, CU_PIN), 0);
	try_role(b, a, rw, ro);
}

static void matrix_of_admin(void **state)
{
	struct bench *b = *state;
	uint32_t rw = session_open(b, b->owner, 0, true, NULL);
	uint32_t ro = session_open(b, b->owner, 0, false, NULL);
	struct asker a = { .text = "nobody on a new card", .admin = true };

	try_role(b, a, rw, ro);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, rw, "card", SO_PIN, NULL), 0);
	a.text = "nobody on the admin partition";
	a.initialised = true;
	try_role(b, a, rw, ro);
	a.text = "HSM SO";
	a.role = COFFER_ROLE_SO;
	expect(login(b, rw, COFFER_ROLE_SO, SO_PIN), 0);
	try_role(b, a, rw, ro);
}

static void no_session(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL), gone, other_s, wrong[4];
	uint64_t other = owner_open(b);
	size_t i, k;

	gone = session_open(b, b->owner, 1, true, NULL);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, gone), 0);
	other_s = session_open(b, other, 1, true, NULL);
	wrong[0] = gone;
	wrong[1] = other_s;
	wrong[2] = s ^ 1;
	wrong[3] = 0;
	for (i = 0; i < ROWS; i++) {
		if (!(rows[i].flags & COFFER_CF_SESSION))
			continue;
		for (k = 0; k < 4; k++)
			expect(probe(b, b->owner, &rows[i], wrong[k]),
			       COFFER_ST_SESSION_HANDLE_INVALID);
		expect(probe(b, 0, &rows[i], s), COFFER_ST_OWNER_UNKNOWN);
		expect(probe(b, other + 1, &rows[i], s), COFFER_ST_OWNER_UNKNOWN);
	}
	/* Unknown owners are told so whatever they ask; nobody at all may look around. */
	expect(ask_as(b, other + 1, COFFER_CMD_ECHO, "x", 1), COFFER_ST_OWNER_UNKNOWN);
	expect(ask_as(b, 0, COFFER_CMD_ECHO, "x", 1), COFFER_ST_OK);
	expect(ask_as(b, 0, COFFER_CMD_SESSION_OPEN, "\1\0\0\0\0\0\0\0", 8),
	       COFFER_ST_OWNER_UNKNOWN);
}

static void lengths(void **state)
{
	static uint8_t req[COFFER_CMD_MAX_PAYLOAD + 1];
	struct bench *b = *state;
	size_t i;

	for (i = 0; i < ROWS; i++) {
		if (rows[i].flags & COFFER_CF_DRIVER)
			continue;
		if (rows[i].min)
			expect(ask(b, rows[i].opcode, req, rows[i].min - 1),
			       COFFER_ST_ARGUMENTS_BAD);
		expect(ask(b, rows[i].opcode, req, rows[i].max + 1), COFFER_ST_ARGUMENTS_BAD);
		expect(ask(b, rows[i].opcode, req, 0xffffffffu), COFFER_ST_ARGUMENTS_BAD);
	}
}

/* The part of a reply that was not written stays the caller's, also when it is too small. */
static void reply_room(void **state)
{
	struct bench *b = *state;
	uint8_t reply[256];
	uint32_t len = 77, open[2] = { 1, COFFER_SESSION_RW };
	struct fw_request rq = { .owner = b->owner, .opcode = COFFER_CMD_IDENTIFY,
				 .reply = reply };

	memset(reply, 0xa5, sizeof(reply));
	rq.reply_room = 135;
	expect(fw_exec(b->card, &rq, &len), COFFER_ST_BUFFER_TOO_SMALL);
	expect(len, 0);
	expect(reply[0], 0xa5);
	rq.reply_room = 136;
	expect(fw_exec(b->card, &rq, &len), COFFER_ST_OK);
	expect(len, 136);
	expect(reply[136], 0xa5);
	/* An effect whose answer would get lost does not happen. */
	rq.opcode = COFFER_CMD_SESSION_OPEN;
	rq.req = open;
	rq.req_len = sizeof(open);
	rq.reply_room = 7;
	expect(fw_exec(b->card, &rq, &len), COFFER_ST_BUFFER_TOO_SMALL);
	rq.opcode = COFFER_CMD_STATS;
	rq.req_len = 0;
	rq.reply_room = 0;
	expect(fw_exec(b->card, &rq, &len), COFFER_ST_BUFFER_TOO_SMALL);
	expect(ask(b, COFFER_CMD_STATS, NULL, 0), 0);
	expect(dword(b, 40), 0);
}

/* The driver's bit opens the rows that are the driver's, and no other door. */
static void the_drivers_bit(void **state)
{
	static const struct {
		uint16_t opcode;
		bool owned;
		uint32_t len, verdict;
	} cases[] = {
		{ 0x0000, true, 8, COFFER_ST_FUNCTION_NOT_SUPPORTED },
		{ 0x0012, true, 8, COFFER_ST_FUNCTION_NOT_SUPPORTED },
		{ 0xffff, false, 8, COFFER_ST_FUNCTION_NOT_SUPPORTED },
		{ COFFER_CMD_ECHO, true, 8, COFFER_ST_OK },
		{ COFFER_CMD_ECHO, false, 8, COFFER_ST_OK },
		{ COFFER_CMD_OWNER_OPEN, false, 7, COFFER_ST_ARGUMENTS_BAD },
		{ COFFER_CMD_OWNER_CLOSE, false, 9, COFFER_ST_ARGUMENTS_BAD },
		{ COFFER_CMD_SESSION_INFO, false, 8, COFFER_ST_OWNER_UNKNOWN },
		{ COFFER_CMD_SESSION_INFO, true, 8, COFFER_ST_OK },
		{ COFFER_CMD_POLICY_SET, true, 20, COFFER_ST_USER_NOT_LOGGED_IN },
		{ COFFER_CMD_HSM_INIT, true, 20, COFFER_ST_CONTAINER_HANDLE_INVALID },
	};
	struct bench *b = *state;
	uint32_t req[5] = { session_open(b, b->owner, 1, true, NULL), 0, 1, 22, 1 }, len;
	struct fw_request rq = { .tag = UINT64_MAX, .from_driver = true, .req = req,
				 .reply = b->reply, .reply_room = sizeof(b->reply) };
	size_t i;

	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, req[0], "one", PO_PIN, "d"), 0);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rq.opcode = cases[i].opcode;
		rq.owner = cases[i].owned ? b->owner : 0;
		rq.req_len = cases[i].len;
		expect(fw_exec(b->card, &rq, &len), cases[i].verdict);
	}
}

static void commands_lists_the_table(void **state)
{
	struct bench *b = *state;
	const struct coffer_command_wire *w = (const void *)(b->reply + 4);
	size_t i;

	expect(ask(b, COFFER_CMD_COMMANDS, NULL, 0), 0);
	expect(word(b, 0), ROWS);
	expect(b->len, 4 + ROWS * sizeof(*w));
	for (i = 0; i < ROWS; i++) {
		expect(w[i].opcode, rows[i].opcode);
		expect(w[i].flags, rows[i].flags);
		expect(w[i].req_min, rows[i].min);
		expect(w[i].req_max, rows[i].max);
		expect(w[i].reply_max, rows[i].reply_max);
		expect(w[i].roles, rows[i].roles);
		assert_string_equal(w[i].name, rows[i].name);
	}
}

static void echo_gives_back(void **state)
{
	static uint8_t big[COFFER_CMD_MAX_PAYLOAD];
	struct bench *b = *state;
	size_t i;

	for (i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7);
	expect(ask(b, COFFER_CMD_ECHO, big, sizeof(big)), 0);
	expect(b->len, sizeof(big));
	assert_memory_equal(b->reply, big, sizeof(big));
	expect(ask(b, COFFER_CMD_ECHO, NULL, 0), 0);
	expect(b->len, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(matrix_of_application),
		T(matrix_of_admin),
		T(no_session),
		T(lengths),
		T(reply_room),
		T(the_drivers_bit),
		T(commands_lists_the_table),
		T(echo_gives_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
