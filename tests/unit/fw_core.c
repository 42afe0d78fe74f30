// SPDX-License-Identifier: BSD-3-Clause
#include "fw_core.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

static void folder_drop(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	char name[512];

	while (d && (e = readdir(d)) != NULL) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (e->d_type == DT_DIR)
			folder_drop(name);
		else
			unlink(name);
	}
	if (d)
		closedir(d);
	rmdir(path);
}

/*
 * Making a card takes a second (its RSA key), so each profile is made once per program and then
 * copied, as its one-file form.
 */
#define MODELS	16
static struct model {
	char profile[32];
	bool ped;
	uint64_t serial;
	char file[80];
} models[MODELS];
static char models_dir[64];

static void models_drop(void)
{
	folder_drop(models_dir);
}

static void model_make(struct bench *b, struct model *m, const char *profile, bool ped,
		       uint64_t serial)
{
	struct fw_create how = { .profile = profile, .serial = serial, .kdf_test = true,
				 .ped = ped };

	if (!models_dir[0]) {
		strcpy(models_dir, "/tmp/fw_model.XXXXXX");
		assert_non_null(mkdtemp(models_dir));
		atexit(models_drop);
	}
	snprintf(m->profile, sizeof(m->profile), "%s", profile);
	m->ped = ped;
	m->serial = serial;
	snprintf(m->file, sizeof(m->file), "%s/%d", models_dir, (int)(m - models));
	if (fw_card_create(b->path, &how, b->err, sizeof(b->err)) ||
	    fw_card_export(b->path, m->file, b->err, sizeof(b->err)))
		fail_msg("create: %s", b->err);
}

static void card_make(struct bench *b, const char *profile, bool ped, uint64_t serial)
{
	struct model *m = models;

	while (m->profile[0] &&
	       (strcmp(m->profile, profile) || m->ped != ped || m->serial != serial))
		m++;
	assert_true(m < models + MODELS);
	if (!m->profile[0])
		model_make(b, m, profile, ped, serial);
	else if (fw_card_import(m->file, b->path, b->err, sizeof(b->err)))
		fail_msg("import: %s", b->err);
}

void bench_open(struct bench *b, const char *profile)
{
	bench_make(b, profile, false, 1234567);
	if (bench_on(b, NULL))
		fail_msg("open: %s", b->err);
}

void bench_make(struct bench *b, const char *profile, bool ped, uint64_t serial)
{
	memset(b, 0, sizeof(*b));
	strcpy(b->dir, "/tmp/fw_core.XXXXXX");
	assert_non_null(mkdtemp(b->dir));
	snprintf(b->path, sizeof(b->path), "%s/card", b->dir);
	card_make(b, profile ? profile : "coffer", ped, serial);
}

int bench_on(struct bench *b, const struct fw_open *how)
{
	int rc = fw_card_open(b->path, how, &b->card, b->err, sizeof(b->err));

	if (!rc)
		b->owner = owner_open(b);
	return rc;
}

void bench_off(struct bench *b)
{
	fw_card_close(b->card);
	b->card = NULL;
}

void bench_close(struct bench *b)
{
	bench_off(b);
	folder_drop(b->dir);
}

static uint32_t run(struct bench *b, struct fw_request *rq)
{
	memset(b->reply, 0xa5, sizeof(b->reply));
	rq->reply = b->reply;
	return fw_exec(b->card, rq, &b->len);
}

uint32_t ask_as(struct bench *b, uint64_t owner, uint16_t opcode, const void *req, size_t len)
{
	struct fw_request rq = { .owner = owner, .opcode = opcode, .req = req,
				 .req_len = (uint32_t)len, .reply_room = sizeof(b->reply) };

	return run(b, &rq);
}

uint32_t ask(struct bench *b, uint16_t opcode, const void *req, size_t len)
{
	return ask_as(b, b->owner, opcode, req, len);
}

static uint32_t owner_ask(struct bench *b, uint16_t opcode, uint64_t id)
{
	struct fw_request rq = { .tag = UINT64_MAX, .opcode = opcode, .from_driver = true,
				 .req = &id,
				 .req_len = sizeof(id), .reply_room = sizeof(b->reply) };

	return run(b, &rq);
}

uint64_t owner_open(struct bench *b)
{
	assert_int_equal(owner_ask(b, COFFER_CMD_OWNER_OPEN, 0), COFFER_ST_OK);
	return dword(b, 0);
}

uint32_t owner_close(struct bench *b, uint64_t owner)
{
	return owner_ask(b, COFFER_CMD_OWNER_CLOSE, owner);
}

uint32_t session_open(struct bench *b, uint64_t owner, uint32_t part, bool rw, uint32_t *st)
{
	uint32_t req[2] = { part, rw ? COFFER_SESSION_RW : 0 }, verdict;

	verdict = ask_as(b, owner, COFFER_CMD_SESSION_OPEN, req, sizeof(req));
	if (st)
		*st = verdict;
	return verdict ? 0 : word(b, 0);
}

uint32_t session_only(struct bench *b, uint16_t opcode, uint32_t session)
{
	uint32_t req[2] = { session, 0 };

	return ask(b, opcode, req, sizeof(req));
}

uint32_t role_ask(struct bench *b, uint16_t opcode, uint32_t session, uint32_t role,
		  const char *pin)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, role);
	wire_put_blob(&out, pin, strlen(pin));
	return ask(b, opcode, buf, out.len);
}

uint32_t login(struct bench *b, uint32_t session, uint32_t role, const char *pin)
{
	return role_ask(b, COFFER_CMD_LOGIN, session, role, pin);
}

uint32_t role_change(struct bench *b, uint32_t session, uint32_t role, const char *old,
		     const char *new)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, role);
	wire_put_blob(&out, old, strlen(old));
	wire_put_blob(&out, new, strlen(new));
	return ask(b, COFFER_CMD_ROLE_CHANGE_PW, buf, out.len);
}

uint32_t init_ask(struct bench *b, uint16_t opcode, uint32_t session, const char *label,
		  const char *pin, const char *domain)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, domain ? 0 : COFFER_INIT_DEFAULT_DOMAIN);
	wire_put_blob(&out, label, strlen(label));
	wire_put_blob(&out, pin, strlen(pin));
	wire_put_blob(&out, domain, domain ? strlen(domain) : 0);
	return ask(b, opcode, buf, out.len);
}

uint32_t policy_set(struct bench *b, uint32_t session, uint32_t flags, uint32_t id,
		    uint32_t value)
{
	uint32_t req[5] = { session, flags, 1, id, value };

	return ask(b, COFFER_CMD_POLICY_SET, req, sizeof(req));
}

uint32_t partition_ready(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	assert_int_not_equal(s, 0);
	assert_int_equal(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "domain"), 0);
	assert_int_equal(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	assert_int_equal(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN), 0);
	assert_int_equal(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	assert_int_equal(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	assert_int_equal(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN), 0);
	assert_int_equal(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	return s;
}

uint32_t hsm_ready(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 0, true, NULL);

	assert_int_not_equal(s, 0);
	assert_int_equal(init_ask(b, COFFER_CMD_HSM_INIT, s, "card", SO_PIN, NULL), 0);
	assert_int_equal(login(b, s, COFFER_ROLE_SO, SO_PIN), 0);
	return s;
}

uint32_t word(const struct bench *b, size_t at)
{
	uint32_t v;

	assert_true(at + sizeof(v) <= b->len);
	memcpy(&v, b->reply + at, sizeof(v));
	return v;
}

uint64_t dword(const struct bench *b, size_t at)
{
	uint64_t v;

	assert_true(at + sizeof(v) <= b->len);
	memcpy(&v, b->reply + at, sizeof(v));
	return v;
}

uint32_t attempts_left(struct bench *b, uint32_t session, uint32_t role)
{
	size_t at;

	assert_int_equal(session_only(b, COFFER_CMD_ROLE_LIST, session), 0);
	for (at = 4; at < b->len; at += sizeof(struct coffer_role_row))
		if (word(b, at) == role)
			return word(b, at + 8);
	fail_msg("role %u is not listed", role);
	return 0;
}

uint32_t partition_create(struct bench *b, uint32_t admin, uint64_t size, const char *label)
{
	uint8_t buf[128];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, admin);
	wire_put_u32(&out, 0);
	wire_put_u64(&out, size);
	wire_put_blob(&out, label, strlen(label));
	return ask(b, COFFER_CMD_PARTITION_CREATE, buf, out.len);
}

bool event_seen(struct bench *b, uint32_t type, uint64_t arg)
{
	struct coffer_req_events req = { .max = 256 };
	struct coffer_event_wire e;
	uint32_t i;

	expect(ask(b, COFFER_CMD_EVENTS, &req, sizeof(req)), 0);
	for (i = 0; i < word(b, 0); i++) {
		memcpy(&e, b->reply + 4 + i * sizeof(e), sizeof(e));
		if (e.type == type && e.arg == arg)
			return true;
	}
	return false;
}

void refuses_all_but(struct bench *b, bool (*allowed)(uint16_t opcode), uint32_t refusal)
{
	static const struct {
		uint16_t opcode;
		uint32_t min, flags;
	} rows[] = {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) { op, rqmin, fl },
		COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
	};
	static const uint8_t zeros[64];
	uint32_t st;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].flags & COFFER_CF_DRIVER)
			continue;
		st = ask(b, rows[i].opcode, zeros, rows[i].min);
		if ((st == refusal) == allowed(rows[i].opcode))
			fail_msg("opcode 0x%04x: 0x%08x", rows[i].opcode, st);
	}
}

uint32_t login_as(struct bench *b, uint64_t owner, uint32_t session, uint32_t role,
		  const char *pin)
{
	uint64_t me = b->owner;
	uint32_t st;

	b->owner = owner;
	st = login(b, session, role, pin);
	b->owner = me;
	return st;
}
