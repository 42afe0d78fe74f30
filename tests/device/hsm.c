/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hsm.h"

#include <string.h>

#include "hw/coffer_cmd.h"

#define PIN	"Coffer-Test-1"

struct request {
	uint8_t buf[1024];
	uint32_t len;
};

static void put(struct request *r, const void *data, uint32_t len)
{
	CHECK(r->len + len <= sizeof(r->buf));
	memcpy(r->buf + r->len, data, len);
	r->len += len;
}

static void put_u32(struct request *r, uint32_t value)
{
	put(r, &value, 4);
}

static void put_blob(struct request *r, const char *text)
{
	put_u32(r, strlen(text));
	put(r, text, strlen(text));
}

static void put_number(struct request *r, uint32_t type, uint64_t value)
{
	put_u32(r, type);
	put_u32(r, 8);
	put(r, &value, 8);
}

static void put_bool(struct request *r, uint32_t type, uint8_t value)
{
	put_u32(r, type);
	put_u32(r, 1);
	put(r, &value, 1);
}

static uint32_t call(struct card *c, struct queue *q, struct hsm *h, uint16_t opcode,
		     const struct request *r, uint32_t room)
{
	return simple(c, q, opcode, h->owner, r->buf, r->len, room);
}

static uint32_t first_word(struct card *c)
{
	return mem_in(c->m, c->window + REPLY_AREA, 4);
}

static uint32_t hsm_session(struct card *c, struct queue *q, struct hsm *h, uint32_t partition)
{
	struct request r = { .len = 0 };

	put_u32(&r, partition);
	put_u32(&r, COFFER_SESSION_RW);
	CHECK_EQ(call(c, q, h, COFFER_CMD_SESSION_OPEN, &r, 8), 0);
	return first_word(c);
}

static void hsm_login(struct card *c, struct queue *q, struct hsm *h, uint32_t session,
		      uint32_t role)
{
	struct request r = { .len = 0 };

	put_u32(&r, session);
	put_u32(&r, role);
	put_blob(&r, PIN);
	CHECK_EQ(call(c, q, h, COFFER_CMD_LOGIN, &r, 8), 0);
}

static uint32_t hsm_init(struct card *c, struct queue *q, struct hsm *h, uint16_t opcode,
			 uint32_t session)
{
	struct request r = { .len = 0 };

	put_u32(&r, session);
	put_u32(&r, COFFER_INIT_DEFAULT_DOMAIN);
	put_blob(&r, "device-test");
	put_blob(&r, PIN);
	put_blob(&r, "");
	return call(c, q, h, opcode, &r, 0);
}

uint32_t hsm_init_verdict(struct card *c, struct queue *q, uint64_t owner)
{
	struct hsm h = { .owner = owner };

	return hsm_init(c, q, &h, COFFER_CMD_HSM_INIT, hsm_session(c, q, &h, 0));
}

struct hsm hsm_setup(struct card *c, struct queue *q)
{
	struct hsm h = { .owner = owner_open(c, q) };
	struct request r = { .len = 0 };

	h.admin = hsm_session(c, q, &h, 0);
	/* Cases share the card: the first of them finds it as it was made. */
	CHECK_EQ(call(c, q, &h, COFFER_CMD_IDENTIFY, &r, 256), 0);
	if (!(mem_in(c->m, c->window + REPLY_AREA + 12, 4) & COFFER_CARD_INITIALIZED))
		CHECK_EQ(hsm_init(c, q, &h, COFFER_CMD_HSM_INIT, h.admin), 0);
	hsm_login(c, q, &h, h.admin, COFFER_ROLE_SO);
	return h;
}

static uint32_t hsm_partition_create(struct card *c, struct queue *q, struct hsm *h)
{
	static const uint64_t any_size;
	struct request r = { .len = 0 };

	put_u32(&r, h->admin);
	put_u32(&r, 0);
	put(&r, &any_size, 8);
	put_blob(&r, "tmp");
	CHECK_EQ(call(c, q, h, COFFER_CMD_PARTITION_CREATE, &r, 16), 0);
	return first_word(c);
}

void hsm_two_events(struct card *c, struct queue *q, struct hsm *h)
{
	uint32_t partition = hsm_partition_create(c, q, h);
	static const uint64_t reserved;
	struct request r = { .len = 0 };

	put_u32(&r, h->admin);
	put_u32(&r, partition);
	put(&r, &reserved, 8);
	CHECK_EQ(call(c, q, h, COFFER_CMD_PARTITION_DELETE, &r, 0), 0);
}

void hsm_officer(struct card *c, struct queue *q, struct hsm *h)
{
	uint32_t session = hsm_session(c, q, h, hsm_partition_create(c, q, h));
	struct request r = { .len = 0 }, out = { .len = 0 };

	CHECK_EQ(hsm_init(c, q, h, COFFER_CMD_PARTITION_INIT, session), 0);
	hsm_login(c, q, h, session, COFFER_ROLE_PO);
	put_u32(&r, session);
	put_u32(&r, COFFER_ROLE_CO);
	put_blob(&r, PIN);
	CHECK_EQ(call(c, q, h, COFFER_CMD_ROLE_INIT, &r, 0), 0);
	put_u32(&out, session);
	put_u32(&out, 0);
	CHECK_EQ(call(c, q, h, COFFER_CMD_LOGOUT, &out, 0), 0);
	hsm_login(c, q, h, session, COFFER_ROLE_CO);
	h->user = session;
}

struct coffer_sqe hsm_slow(struct card *c, struct hsm *h, uint32_t tag)
{
	struct request r = { .len = 0 }, pub = { .len = 0 }, priv = { .len = 0 };
	struct coffer_sqe sqe;

	put_number(&pub, COFFER_CKA_MODULUS_BITS, 4096);
	put_bool(&pub, COFFER_CKA_VERIFY, 1);
	put_bool(&priv, COFFER_CKA_SIGN, 1);
	put_u32(&r, h->user);
	put_u32(&r, 0);
	put_u32(&r, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN);
	put_u32(&r, 0);
	put_u32(&r, pub.len);
	put(&r, pub.buf, pub.len);
	put_u32(&r, priv.len);
	put(&r, priv.buf, priv.len);
	mem_write(c->m, c->window + REQ_AREA, r.buf, r.len);
	sqe = sqe_echo(c, tag, r.len);
	sqe.opcode = COFFER_CMD_KEY_PAIR_GENERATE;
	sqe.owner = h->owner;
	sqe.reply_len = 8;
	return sqe;
}

uint32_t hsm_policy(struct card *c, struct queue *q, struct hsm *h, uint32_t id, uint32_t value)
{
	struct request r = { .len = 0 };

	put_u32(&r, h->admin);
	put_u32(&r, COFFER_POLICY_SET_DESTRUCTIVE);
	put_u32(&r, 1);
	put_u32(&r, id);
	put_u32(&r, value);
	return call(c, q, h, COFFER_CMD_POLICY_SET, &r, 0);
}
