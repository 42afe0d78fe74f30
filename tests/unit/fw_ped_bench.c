// SPDX-License-Identifier: BSD-3-Clause
#include "fw_ped_bench.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "ped_file.h"

static void must(struct ped_bench *p, int rc)
{
	if (rc)
		fail_msg("ped: %s", p->b.err);
}

void ped_open(struct ped_bench *p, const char *profile, bool auth)
{
	ped_open_as(p, profile, auth, 1234567);
}

void ped_open_as(struct ped_bench *p, const char *profile, bool auth, uint64_t serial)
{
	memset(p, 0, sizeof(*p));
	bench_make(&p->b, profile, auth, serial);
	snprintf(p->ped, sizeof(p->ped), "%s/pedkeys", p->b.dir);
	must(p, fw_ped_connect(p->b.path, p->ped, p->b.err, sizeof(p->b.err)));
	p->how.uptime_ahead_ms = &p->ahead;
	if (bench_on(&p->b, &p->how))
		fail_msg("open: %s", p->b.err);
}

void ped_close(struct ped_bench *p)
{
	/* What is removed with the bench follows no links. */
	fw_ped_remove(p->ped, 0, NULL, 0);
	fw_ped_disconnect(p->b.path, NULL, 0);
	bench_close(&p->b);
}

void ped_power(struct ped_bench *p)
{
	bench_off(&p->b);
	if (bench_on(&p->b, &p->how))
		fail_msg("open: %s", p->b.err);
}

/* ---- Keys ------------------------------------------------------------------------ */

const char *key_path(struct ped_bench *p, const char *name)
{
	static char path[2][128];
	static int next;

	next = !next;
	snprintf(path[next], sizeof(path[next]), "%s/%s", p->b.dir, name);
	return path[next];
}

void key_new(struct ped_bench *p, const char *name, uint32_t color, const char *pin)
{
	struct fw_ped_make how = { .color = color, .label = name, .pin = pin,
				   .pin_len = pin ? strlen(pin) : 0 };

	must(p, fw_ped_key_create(key_path(p, name), &how, p->b.err, sizeof(p->b.err)));
}

void key_filled(struct ped_bench *p, const char *name, uint32_t color)
{
	struct fw_ped_make how = { .color = color, .imprint = true };

	must(p, fw_ped_key_create(key_path(p, name), &how, p->b.err, sizeof(p->b.err)));
}

void key_cheap(struct ped_bench *p, const char *name, uint32_t color, bool filled)
{
	struct ped_key key = { .color = color, .has_secret = filled, .iterations = 1 };
	struct crypto *c;

	expect(crypto_open(&c), 0);
	memset(key.secret, 0x5a, sizeof(key.secret));
	assert_int_equal(ped_key_write(c, key_path(p, name), &key, false), 0);
	crypto_close(c);
}

void key_in(struct ped_bench *p, const char *name, const char *pin)
{
	must(p, fw_ped_insert(p->ped, key_path(p, name), pin, pin ? strlen(pin) : 0, p->b.err,
			      sizeof(p->b.err)));
}

void key_out(struct ped_bench *p, uint32_t color)
{
	must(p, fw_ped_remove(p->ped, color, p->b.err, sizeof(p->b.err)));
}

bool key_blank(struct ped_bench *p, const char *name)
{
	struct fw_ped_key key;

	must(p, fw_ped_key_show(key_path(p, name), &key, p->b.err, sizeof(p->b.err)));
	return key.blank;
}

/* Not with the operator's tools, each of which opens libcrypto: most tests need the ring. */
void ring_in(struct ped_bench *p)
{
	static const uint32_t colors[] = { COFFER_PED_BLUE, COFFER_PED_RED, COFFER_PED_BLACK,
					   COFFER_PED_GREY, COFFER_PED_WHITE };
	struct ped_key key = { .has_secret = false };
	char link[PED_PATH];
	struct crypto *c;
	const char *name;
	size_t i;

	expect(crypto_open(&c), 0);
	for (i = 0; i < sizeof(colors) / sizeof(colors[0]); i++) {
		key.color = colors[i];
		name = fw_ped_color_name(colors[i]);
		snprintf(key.label, sizeof(key.label), "%s", name);
		expect(crypto_random(c, key.salt, PED_SALT), 0);
		assert_int_equal(ped_key_write(c, key_path(p, name), &key, true), 0);
		assert_true(ped_path(link, p->ped, colors[i], ".key"));
		assert_int_equal(symlink(key_path(p, name), link), 0);
	}
	crypto_close(c);
}

/* ---- Commands -------------------------------------------------------------------- */

uint32_t ped_login(struct ped_bench *p, uint32_t session, uint32_t role)
{
	return login(&p->b, session, role, "");
}

uint32_t ped_init(struct ped_bench *p, uint16_t opcode, uint32_t session, uint32_t flags)
{
	uint8_t buf[256];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, flags);
	wire_put_blob(&out, "one", 3);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, NULL, 0);
	return ask(&p->b, opcode, buf, out.len);
}

uint32_t ped_ready(struct ped_bench *p)
{
	struct bench *b = &p->b;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(ped_init(p, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, ""), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, ""), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	return s;
}

uint32_t role_state(struct ped_bench *p, uint32_t session, uint32_t role)
{
	size_t at;

	expect(session_only(&p->b, COFFER_CMD_ROLE_LIST, session), 0);
	for (at = 4; at < p->b.len; at += sizeof(struct coffer_role_row))
		if (word(&p->b, at) == role)
			return word(&p->b, at + 4);
	fail_msg("role %u is not listed", role);
	return 0;
}

void ped_policy(struct ped_bench *p, uint32_t session, uint32_t id, uint32_t value)
{
	expect(ped_login(p, session, COFFER_ROLE_PO), 0);
	expect(policy_set(&p->b, session, COFFER_POLICY_SET_DESTRUCTIVE, id, value), 0);
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, session), 0);
}

/* ---- Waiting --------------------------------------------------------------------- */

static void *wait_main(void *arg)
{
	struct waiting *w = arg;

	w->verdict = fw_exec(w->p->b.card, &w->rq, &w->len);
	return NULL;
}

void wait_login(struct ped_bench *p, struct waiting *w, uint32_t session, uint32_t role)
{
	wait_role(p, w, COFFER_CMD_LOGIN, session, role);
}

void wait_role(struct ped_bench *p, struct waiting *w, uint16_t opcode, uint32_t session,
	       uint32_t role)
{
	struct wire_out out;

	w->p = p;
	wire_out_init(&out, w->req, sizeof(w->req));
	wire_put_u32(&out, session);
	wire_put_u32(&out, role);
	wire_put_blob(&out, NULL, 0);
	w->rq = (struct fw_request){ .owner = p->b.owner, .tag = 77, .opcode = opcode,
				     .req_len = (uint32_t)out.len, .req = w->req,
				     .reply = w->reply, .reply_room = sizeof(w->reply) };
	assert_int_equal(pthread_create(&w->thread, NULL, wait_main, w), 0);
}

struct coffer_rep_ped ped_status(struct ped_bench *p, uint32_t session)
{
	struct coffer_rep_ped status;

	expect(session_only(&p->b, COFFER_CMD_PED_STATUS, session), 0);
	assert_int_equal(p->b.len, sizeof(status));
	memcpy(&status, p->b.reply, sizeof(status));
	return status;
}

void wait_started(struct ped_bench *p, uint32_t session)
{
	static const struct timespec pause = { 0, 5000000 };

	while (!ped_status(p, session).waiting)
		nanosleep(&pause, NULL);
}

uint32_t wait_end(struct waiting *w)
{
	pthread_join(w->thread, NULL);
	return w->verdict;
}

/* ---- Time ------------------------------------------------------------------------ */

static atomic_bool hurried;
static pthread_t hurrier;

static void *hurry(void *arg)
{
	struct ped_bench *p = arg;

	while (atomic_load(&hurried)) {
		usleep(20000);
		__atomic_add_fetch(&p->ahead, 60000, __ATOMIC_RELAXED);
	}
	return NULL;
}

void hurry_begin(struct ped_bench *p)
{
	atomic_store(&hurried, true);
	assert_int_equal(pthread_create(&hurrier, NULL, hurry, p), 0);
}

void hurry_end(void)
{
	atomic_store(&hurried, false);
	pthread_join(hurrier, NULL);
}
