// SPDX-License-Identifier: BSD-3-Clause
/* Cards and a relay for the cloning tests. */
#include "clone_pair.h"

#include <ftw.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* ---- Time -------------------------------------------------------------------------------- */

static _Atomic int64_t ahead_s;

/* This function stands before the C library's. */
int clock_gettime(clockid_t id, struct timespec *ts)
{
	int rc = (int)syscall(SYS_clock_gettime, id, ts);

	if (id == CLOCK_MONOTONIC)
		ts->tv_sec += ahead_s;
	return rc;
}

void tc_jump(unsigned int seconds)
{
	ahead_s += seconds;
}

void tc_forgive(void)
{
	tc_jump(20 * 3600);
}

/*
 * So do these: no test cuts the power of the machine that it runs on, and each of the syncs of a
 * clone takes milliseconds.
 */
int fsync(int fd)
{
	(void)fd;
	return 0;
}

int fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- Commands ---------------------------------------------------------------------------- */

struct call *call_new(void)
{
	struct call *c = malloc(sizeof(*c));

	assert_non_null(c);
	return c;
}

void call_begin(struct call *c, uint32_t session)
{
	wire_out_init(&c->req, c->req_buf, sizeof(c->req_buf));
	wire_put_u32(&c->req, session);
}

static uint32_t call_exec(struct test_card *card, uint64_t owner, struct call *c,
			  uint16_t opcode, uint32_t room)
{
	static atomic_uint tag;
	struct fw_request rq = {
		.owner = owner,
		.tag = atomic_fetch_add(&tag, 1) + 1,
		.opcode = opcode,
		.from_driver = opcode == COFFER_CMD_OWNER_OPEN,
		.req_len = (uint32_t)c->req.len,
		.reply_room = room,
		.req = c->req_buf,
		.reply = c->rep_buf,
	};
	uint32_t st;

	assert_true(wire_out_ok(&c->req));
	st = fw_exec(card->card, &rq, &c->rep_len);
	wire_in_init(&c->rep, c->rep_buf, st ? 0 : c->rep_len);
	return st;
}

uint32_t call_as(struct test_card *card, uint64_t owner, struct call *c, uint16_t opcode)
{
	return call_exec(card, owner, c, opcode, sizeof(c->rep_buf));
}

uint32_t call_short(struct test_card *card, struct call *c, uint16_t opcode, uint32_t room)
{
	return call_exec(card, card->owner, c, opcode, room);
}

uint32_t call_run(struct test_card *card, struct call *c, uint16_t opcode)
{
	return call_as(card, card->owner, c, opcode);
}

static void put_text(struct call *c, const char *s)
{
	wire_put_blob(&c->req, s, strlen(s));
}

/* ---- Cards ------------------------------------------------------------------------------- */

uint64_t tc_open_owner(struct test_card *card)
{
	struct call *c = call_new();
	uint64_t owner;

	wire_out_init(&c->req, c->req_buf, sizeof(c->req_buf));
	wire_put_u64(&c->req, 0);
	assert_u32(call_as(card, 0, c, COFFER_CMD_OWNER_OPEN), COFFER_ST_OK);
	owner = wire_u64(&c->rep);
	free(c);
	return owner;
}

uint32_t tc_open_session(struct test_card *card, uint64_t owner, uint32_t part)
{
	struct call *c = call_new();
	uint32_t session;

	call_begin(c, part);
	wire_put_u32(&c->req, COFFER_SESSION_RW);
	assert_u32(call_as(card, owner, c, COFFER_CMD_SESSION_OPEN), COFFER_ST_OK);
	session = wire_u32(&c->rep);
	free(c);
	return session;
}

static uint32_t change_pw(struct test_card *card, uint32_t session, enum coffer_role role,
			  const char *from, const char *to)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, session);
	wire_put_u32(&c->req, role);
	put_text(c, from);
	put_text(c, to);
	st = call_run(card, c, COFFER_CMD_ROLE_CHANGE_PW);
	free(c);
	return st;
}

uint32_t tc_login(struct test_card *card, uint32_t session, enum coffer_role role,
		    const char *pin)
{
	struct call *c = call_new();
	uint32_t st, must_change;

	call_begin(c, session);
	wire_put_u32(&c->req, role);
	put_text(c, pin);
	st = call_run(card, c, COFFER_CMD_LOGIN);
	must_change = st ? 0 : wire_u32(&c->rep);
	free(c);
	if (must_change) {
		char other[64];

		snprintf(other, sizeof(other), "%s-2", pin);
		st = change_pw(card, session, role, pin, other);
		if (!st)
			st = change_pw(card, session, role, other, pin);
	}
	return st;
}

static void logout(struct test_card *card, uint32_t session)
{
	struct call *c = call_new();

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_LOGOUT), COFFER_ST_OK);
	free(c);
}

static uint32_t init(struct test_card *card, uint16_t opcode, uint32_t session,
		     const char *label, const char *pin, const char *domain)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	put_text(c, label);
	put_text(c, pin);
	put_text(c, domain);
	st = call_run(card, c, opcode);
	free(c);
	return st;
}

static void init_role(struct test_card *card, uint32_t session, enum coffer_role role,
		      const char *pin)
{
	struct call *c = call_new();

	call_begin(c, session);
	wire_put_u32(&c->req, role);
	put_text(c, pin);
	assert_u32(call_run(card, c, COFFER_CMD_ROLE_INIT), COFFER_ST_OK);
	free(c);
}

/* Ends with the CO logged in; a partition that had objects loses them. */
uint32_t tc_init_partition(struct test_card *card, const char *domain)
{
	uint32_t session = tc_open_session(card, card->owner, card->part);
	uint32_t st = init(card, COFFER_CMD_PARTITION_INIT, session, "clone test", PIN_PO, domain);

	if (st)
		return st;
	card->session = tc_open_session(card, card->owner, card->part);
	assert_u32(tc_login(card, card->session, COFFER_ROLE_PO, PIN_PO), COFFER_ST_OK);
	init_role(card, card->session, COFFER_ROLE_CO, PIN_CO);
	logout(card, card->session);
	assert_u32(tc_login(card, card->session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	init_role(card, card->session, COFFER_ROLE_CU, PIN_CU);
	return COFFER_ST_OK;
}

void tc_add_partition(struct test_card *card, const char *domain)
{
	struct call *c = call_new();

	call_begin(c, card->admin);
	wire_put_u32(&c->req, 0);
	wire_put_u64(&c->req, 0);
	put_text(c, "p");
	/* A cloud service has one partition, and that is there from the beginning. */
	card->part = 1;
	if (call_run(card, c, COFFER_CMD_PARTITION_CREATE) == COFFER_ST_OK)
		card->part = wire_u32(&c->rep);
	free(c);
	assert_u32(tc_init_partition(card, domain), COFFER_ST_OK);
}

static void power_on(struct test_card *card)
{
	struct fw_open how = { .workers = 2 };
	char err[256] = "";

	if (fw_card_open(card->dir, &how, &card->card, err, sizeof(err)))
		fail_msg("fw_card_open: %s", err);
	card->owner = tc_open_owner(card);
	card->admin = tc_open_session(card, card->owner, 0);
}

/* ---- Cards are kept for the next test ---------------------------------------------------- */

#define SHELF	24
static struct test_card *shelf[SHELF];

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void scrap(struct test_card *card)
{
	if (card->card)
		fw_card_close(card->card);
	*strrchr(card->dir, '/') = '\0';
	nftw(card->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(card);
}

/* At exit: also what a failed test left behind. */
static void clear_shelf(void)
{
	for (int i = 0; i < SHELF; i++) {
		if (shelf[i])
			scrap(shelf[i]);
		shelf[i] = NULL;
	}
}

static void to_shelf(struct test_card *card)
{
	int i = 0;

	if (!shelf[0])
		atexit(clear_shelf);
	while (i < SHELF && shelf[i])
		i++;
	assert_in_range(i, 0, SHELF - 1);
	shelf[i] = card;
}

static struct test_card *from_shelf(const char *profile)
{
	for (int i = 0; i < SHELF; i++) {
		struct test_card *card = shelf[i];

		if (card && card->idle && !strcmp(card->profile, profile)) {
			card->idle = false;
			return card;
		}
	}
	return NULL;
}

static void login_so(struct test_card *card)
{
	card->admin = tc_open_session(card, card->owner, 0);
	assert_u32(tc_login(card, card->admin, COFFER_ROLE_SO, PIN_SO), COFFER_ST_OK);
}

/* The old partition goes, with all that is in it; its sessions and counters end with it. */
static void renew(struct test_card *card)
{
	struct call *c = call_new();

	if (!card->card)
		power_on(card);
	card->owner = tc_open_owner(card);
	login_so(card);
	call_begin(c, card->admin);
	wire_put_u32(&c->req, card->part);
	wire_put_u64(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_PARTITION_DELETE), COFFER_ST_OK);
	free(c);
}

static struct test_card *manufacture(const struct test_how *how)
{
	struct fw_create create = {
		.profile = how->profile,
		.kdf_test = !how->slow_kdf,
		.root_key_file = how->root_key_file,
		.root_cert_file = how->root_cert_file,
	};
	struct test_card *card = calloc(1, sizeof(*card));
	char err[256] = "";

	assert_non_null(card);
	card->profile = how->profile ? how->profile : "coffer";
	card->plain = !how->slow_kdf && !how->root_key_file;
	strcpy(card->dir, "/tmp/clone-test-XXXXXX");
	assert_non_null(mkdtemp(card->dir));
	strcat(card->dir, "/x.coffer");
	if (fw_card_create(card->dir, &create, err, sizeof(err)))
		fail_msg("fw_card_create: %s", err);
	/* Only now: what is registered first at exit runs last, and that must be OpenSSL's. */
	to_shelf(card);
	power_on(card);
	assert_u32(init(card, COFFER_CMD_HSM_INIT, card->admin, "card", PIN_SO, "hsm"),
		   COFFER_ST_OK);
	login_so(card);
	return card;
}

struct test_card *tc_make(const struct test_how *how)
{
	bool plain = !how->slow_kdf && !how->root_key_file;
	struct test_card *card = plain ?
		from_shelf(how->profile ? how->profile : "coffer") : NULL;

	if (card)
		renew(card);
	else
		card = manufacture(how);
	tc_add_partition(card, how->domain ? how->domain : "red");
	return card;
}

void tc_free(struct test_card *card)
{
	card->idle = true;
	for (int i = 0; i < SHELF && !card->plain; i++) {
		if (shelf[i] != card)
			continue;
		scrap(card);
		shelf[i] = NULL;
		return;
	}
}

struct test_card *tc_simple(const char *profile, const char *domain)
{
	struct test_how how = { .profile = profile, .domain = domain };

	return tc_make(&how);
}

void tc_off(struct test_card *card)
{
	fw_card_close(card->card);
	card->card = NULL;
}

void tc_on(struct test_card *card)
{
	power_on(card);
	card->session = tc_open_session(card, card->owner, card->part);
	assert_u32(tc_login(card, card->session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
}

void tc_policy_set(struct test_card *card, bool hsm, uint32_t id, uint32_t value)
{
	struct call *c = call_new();
	uint32_t session = hsm ? card->admin : card->session;

	if (hsm)
		card->plain = false;
	if (!hsm) {
		logout(card, session);
		assert_u32(tc_login(card, session, COFFER_ROLE_PO, PIN_PO), COFFER_ST_OK);
	}
	call_begin(c, session);
	wire_put_u32(&c->req, COFFER_POLICY_SET_DESTRUCTIVE);
	wire_put_u32(&c->req, 1);
	wire_put_u32(&c->req, id);
	wire_put_u32(&c->req, value);
	assert_u32(call_run(card, c, COFFER_CMD_POLICY_SET), COFFER_ST_OK);
	free(c);
	if (!hsm) {
		logout(card, session);
		assert_u32(tc_login(card, session, COFFER_ROLE_CO, PIN_CO), COFFER_ST_OK);
	}
}

void tc_suite_set(struct test_card *card, uint32_t id, bool on)
{
	uint64_t owner = tc_open_owner(card), kept = card->owner;
	struct call *c = call_new();
	uint32_t session;

	card->owner = owner;
	session = tc_open_session(card, owner, card->part);
	assert_u32(tc_login(card, session, COFFER_ROLE_PO, PIN_PO), COFFER_ST_OK);
	call_begin(c, session);
	wire_put_u32(&c->req, id);
	wire_put_u32(&c->req, on);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_CIPHER_SET), COFFER_ST_OK);
	card->owner = kept;
	free(c);
}

void tc_suites_off(struct test_card *card)
{
	for (uint32_t id = 1; CLONE_BUILT_SUITES >> id; id++)
		tc_suite_set(card, id, false);
}
