// SPDX-License-Identifier: BSD-3-Clause
#include "fault_stage.h"

struct stage stage;


struct wire *wire_new(struct wire *w, uint32_t session)
{
	wire_out_init(&w->out, w->buf, sizeof(w->buf));
	wire_put_u32(&w->out, session);
	return w;
}

uint32_t send_as(struct bench *b, enum coffer_role role, uint16_t opcode, struct wire *w)
{
	return ask_as(b, stage.owner[role], opcode, w->buf, w->out.len);
}

uint32_t words(struct bench *b, enum coffer_role role, uint16_t opcode, size_t n,
		      const uint32_t *w)
{
	struct wire buf;
	size_t i;

	wire_new(&buf, stage.session[role]);
	for (i = 0; i < n; i++)
		wire_put_u32(&buf.out, w[i]);
	return send_as(b, role, opcode, &buf);
}


uint32_t pin_as(struct bench *b, enum coffer_role who, uint16_t opcode, uint32_t role,
		       const char *pin)
{
	struct wire w;

	wire_new(&w, stage.session[who]);
	wire_put_u32(&w.out, role);
	wire_put_blob(&w.out, pin, strlen(pin));
	return send_as(b, who, opcode, &w);
}

/* ---- Setting the stage -------------------------------------------------------------------- */

static void attr_bool(struct wire_out *out, uint32_t type, bool value)
{
	uint8_t byte = value;

	wire_put_u32(out, type);
	wire_put_blob(out, &byte, 1);
}

static void attr_ulong(struct wire_out *out, uint32_t type, uint64_t value)
{
	wire_put_u32(out, type);
	wire_put_u32(out, 8);
	wire_put_u64(out, value);
}

size_t blob_begin(struct wire_out *out)
{
	return wire_reserve_u32(out);
}

void blob_end(struct wire_out *out, size_t at)
{
	wire_fill_u32(out, at, (uint32_t)(out->len - at - 4));
}

uint32_t aes_make(struct bench *b, bool token)
{
	struct wire w;
	size_t at;

	wire_new(&w, stage.session[COFFER_ROLE_CO]);
	wire_put_u32(&w.out, 0);
	wire_put_u32(&w.out, COFFER_CKM_AES_KEY_GEN);
	wire_put_u32(&w.out, 0);
	at = blob_begin(&w.out);
	attr_bool(&w.out, COFFER_CKA_TOKEN, token);
	attr_ulong(&w.out, COFFER_CKA_VALUE_LEN, 32);
	attr_bool(&w.out, COFFER_CKA_ENCRYPT, true);
	attr_bool(&w.out, COFFER_CKA_DECRYPT, true);
	blob_end(&w.out, at);
	return send_as(b, COFFER_ROLE_CO, COFFER_CMD_KEY_GENERATE, &w);
}

uint32_t pair_make(struct bench *b, bool token)
{
	static const uint8_t p256[] = { 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7 };
	struct wire w;
	size_t at;

	wire_new(&w, stage.session[COFFER_ROLE_CO]);
	wire_put_u32(&w.out, 0);
	wire_put_u32(&w.out, COFFER_CKM_EC_KEY_PAIR_GEN);
	wire_put_u32(&w.out, 0);
	at = blob_begin(&w.out);
	attr_bool(&w.out, COFFER_CKA_TOKEN, token);
	attr_bool(&w.out, COFFER_CKA_VERIFY, true);
	wire_put_u32(&w.out, COFFER_CKA_EC_PARAMS);
	wire_put_blob(&w.out, p256, sizeof(p256));
	blob_end(&w.out, at);
	at = blob_begin(&w.out);
	attr_bool(&w.out, COFFER_CKA_TOKEN, token);
	attr_bool(&w.out, COFFER_CKA_SIGN, true);
	blob_end(&w.out, at);
	return send_as(b, COFFER_ROLE_CO, COFFER_CMD_KEY_PAIR_GENERATE, &w);
}

static uint32_t login_again(struct bench *b, enum coffer_role role, const char *pin)
{
	return pin_as(b, role, COFFER_CMD_LOGIN, role, pin);
}

static const char *const pins[COFFER_ROLE_COUNT] = {
	NULL, SO_PIN, PO_PIN, CO_PIN, LCO_PIN, CU_PIN, AU_PIN,
};

void everybody_logs_in(struct bench *b)
{
	enum coffer_role role;

	for (role = COFFER_ROLE_NONE; role < COFFER_ROLE_COUNT; role++) {
		uint32_t part = role == COFFER_ROLE_SO || role == COFFER_ROLE_AU ? 0 : 1;

		stage.owner[role] = owner_open(b);
		stage.session[role] = session_open(b, stage.owner[role], part, true, NULL);
		if (role)
			expect(login_again(b, role, pins[role]), 0);
	}
}

uint32_t domain_ask(struct bench *b, uint16_t opcode, uint32_t flags, const char *label,
		       const char *more)
{
	struct wire w;

	wire_new(&w, stage.session[COFFER_ROLE_PO]);
	wire_put_u32(&w.out, flags);
	wire_put_blob(&w.out, label, strlen(label));
	if (more)
		wire_put_blob(&w.out, more, strlen(more));
	return send_as(b, COFFER_ROLE_PO, opcode, &w);
}

void stage_set(struct bench *b)
{
	uint32_t admin = session_open(b, b->owner, 0, true, NULL), s;

	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, admin, 0, AU_PIN), 0);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, admin, "card", SO_PIN, NULL), 0);
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_LCO, LCO_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 44, 1), 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, s), 0);
	everybody_logs_in(b);
	expect(domain_ask(b, COFFER_CMD_DOMAIN_CHANGE, 0, "", "first"), 0);
	expect(domain_ask(b, COFFER_CMD_DOMAIN_ADD, 0, "second", "a second domain"), 0);
	expect(aes_make(b, true), 0);
	stage.key = word(b, 0);
	expect(pair_make(b, true), 0);
	stage.pub = word(b, 0);
	stage.priv = word(b, 4);
}
