// SPDX-License-Identifier: BSD-3-Clause
/* A card that knows just enough of cloning to be relayed to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib_clone_card.h"

static size_t put(uint8_t *at, const void *bytes, size_t len)
{
	memcpy(at, bytes, len);
	return len;
}

static size_t put32(uint8_t *at, uint32_t value)
{
	value = htole32(value);
	return put(at, &value, sizeof(value));
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

void clone_card_ouid(uint8_t *ouid, uint32_t number)
{
	memset(ouid, 0xee, COFFER_OUID_LEN);
	put32(ouid, number);
}

static size_t object_put(const struct card *c, uint8_t *at, uint32_t n, bool with_handle)
{
	char label[16];
	size_t len, label_len = (size_t)snprintf(label, sizeof(label), "key\x1b%u", n);
	uint8_t *start = at;

	if (with_handle)
		at += put32(at, c->base + n + 1);
	len = 8 + 8 + 8 + label_len + 8 + COFFER_OUID_LEN;
	at += put32(at, (uint32_t)len);
	at += put32(at, CKA(CLASS));
	at += put32(at, 8);
	at += put32(at, COFFER_CKO_SECRET_KEY);
	at += put32(at, 0);
	at += put32(at, CKA(LABEL));
	at += put32(at, (uint32_t)label_len);
	at += put(at, label, label_len);
	at += put32(at, CKA(OUID));
	at += put32(at, COFFER_OUID_LEN);
	at += put(at, c->ouids[n], COFFER_OUID_LEN);
	return (size_t)(at - start);
}

/* The request's template: empty, TOKEN, or one OUID. */
static bool matches(const struct card *c, uint32_t n, const uint8_t *req)
{
	const uint8_t *tmpl = req + sizeof(struct coffer_req_find);

	if (get32(tmpl) < 8 || get32(tmpl + 4) != CKA(OUID))
		return true;
	return !memcmp(tmpl + 12, c->ouids[n], COFFER_OUID_LEN);
}

static size_t find(const struct card *c, const uint8_t *req, uint8_t *reply)
{
	struct coffer_rep_find rep = { 0 };
	struct coffer_req_find head;
	uint32_t n, found = 0;
	size_t len = sizeof(rep);

	memcpy(&head, req, sizeof(head));
	for (n = (uint32_t)le64toh(head.cursor); n < c->count && len < 50000; n++) {
		if (!matches(c, n, req))
			continue;
		len += object_put(c, reply + len, n, true);
		found++;
	}
	rep.cursor = htole64(n < c->count ? n : 0);
	rep.count = htole32(found);
	memcpy(reply, &rep, sizeof(rep));
	return len;
}

static size_t message(const struct card *c, uint8_t *reply)
{
	const struct coffer_rep_clone rep = {
		.context = htole32(c->context),
		.protocol = htole32(c->protocol),
		.suite = htole32(c->protocol == COFFER_CLONE_CPV4 ? 3 : 0),
	};
	size_t len = put(reply, &rep, sizeof(rep));

	len += put32(reply + len, 1);
	reply[len++] = 'm';
	return len;
}

static uint32_t extract(struct card *c, const uint8_t *req, uint8_t *reply, size_t *len)
{
	uint32_t asked = get32(req + 8), n = asked;

	c->extracts++;
	if (c->extracts == c->expire_at) {
		c->context = 0;
		return (uint32_t)COFFER_ST_SESSION_EXPIRED;
	}
	if (c->per_extract && n > c->per_extract)
		n = c->per_extract;
	if (n > c->largest)
		c->largest = n;
	*len = put32(reply, n);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t handle = get32(req + 12 + 4 * i);
		bool refused = handle == c->refuse_handle;

		*len += put32(reply + *len, refused ? COFFER_ST_KEY_UNEXTRACTABLE : 0);
		*len += put32(reply + *len, refused ? 0 : COFFER_OUID_LEN);
		if (!refused) {
			*len += put(reply + *len, c->ouids[handle - c->base - 1],
				    COFFER_OUID_LEN);
			c->sent++;
		}
	}
	if (c->protocol == COFFER_CLONE_CPV1)
		c->context = 0;
	return 0;
}

static uint32_t insert(struct card *c, const uint8_t *req, uint8_t *reply, size_t *len)
{
	uint32_t n = get32(req + 8);
	const uint8_t *at = req + 12;

	c->inserts++;
	*len = put32(reply, n);
	for (uint32_t i = 0; i < n; i++, at += 4 + COFFER_OUID_LEN) {
		bool refused = get32(at + 4) == c->refuse_ouid;

		if (!refused)
			memcpy(c->ouids[c->count++], at + 4, COFFER_OUID_LEN);
		*len += put32(reply + *len, refused ? (uint32_t)COFFER_ST_BAD_MAC : 0);
		*len += put32(reply + *len, refused ? 0 : c->base + c->count);
	}
	if (c->protocol == COFFER_CLONE_CPV1)
		c->context = 0;
	return 0;
}

static uint32_t close_context(struct card *c, const uint8_t *req, uint8_t *reply, size_t *len)
{
	uint32_t sent = 10;

	c->closes++;
	if (!c->context)
		return (uint32_t)COFFER_ST_SESSION_ID_INVALID;
	c->context = 0;
	*len = put32(reply, sent);
	*len += put32(reply + *len, sent - (get32(req + 8) ? c->lose : 0));
	*len += put32(reply + *len, get32(req + 8) ? c->lose : 0);
	*len += put32(reply + *len, 0);
	return 0;
}

static size_t info(const struct card *c, uint8_t *reply)
{
	const struct coffer_rep_partition_info rep = {
		.protocols = htole32(COFFER_CLONE_CPV1 | c->protocol),
		.suites = htole32(c->protocol == COFFER_CLONE_CPV4 ? 0xe : 0),
	};

	return put(reply, &rep, sizeof(rep));
}

static uint32_t negotiate(struct card *c, uint16_t opcode, uint32_t context, uint8_t *reply,
			  size_t *len)
{
	static unsigned int contexts;

	bool invited = opcode == COFFER_CMD_CLONE_ANSWER && context;

	if (invited && context != c->context)
		return (uint32_t)COFFER_ST_SESSION_ID_INVALID;
	if (opcode == COFFER_CMD_CLONE_START || opcode == COFFER_CMD_CLONE_INVITE ||
	    (opcode == COFFER_CMD_CLONE_ANSWER && !invited)) {
		c->starts++;
		c->context = ++contexts;
	} else if (invited) {
		;
	} else if (c->negotiation) {
		c->context = 0;
		return c->throttled && c->starts > c->throttled ?
		       (uint32_t)COFFER_ST_CLONE_THROTTLED : c->negotiation;
	}
	if (opcode != COFFER_CMD_CLONE_ACCEPT)
		*len = message(c, reply);
	return 0;
}

static int card_run(struct fake_card *fake, uint16_t opcode, const uint8_t *req, size_t req_len,
		    uint8_t *reply, size_t *len, uint32_t *verdict)
{
	struct card *c = fake->opaque;
	uint32_t handle;

	assert_true(req_len <= COFFER_CMD_MAX_PAYLOAD);
	*len = 0;
	*verdict = COFFER_ST_OK;
	switch (opcode) {
	case COFFER_CMD_OBJECT_FIND:
		*len = find(c, req, reply);
		break;
	case COFFER_CMD_OBJECT_GET:
		handle = get32(req + 4);
		if (handle <= c->base || handle > c->base + c->count)
			*verdict = COFFER_ST_OBJECT_HANDLE_INVALID;
		else
			*len = object_put(c, reply, handle - c->base - 1, false);
		break;
	case COFFER_CMD_PARTITION_INFO:
		*len = info(c, reply);
		break;
	case COFFER_CMD_POLICY_LIST:
	case COFFER_CMD_MECHANISM_LIST:
		*len = put32(reply, 0);
		break;
	case COFFER_CMD_CLONE_INVITE:
		c->invites++;
		/* fallthrough */
	case COFFER_CMD_CLONE_START:
	case COFFER_CMD_CLONE_ANSWER:
	case COFFER_CMD_CLONE_CONFIRM:
	case COFFER_CMD_CLONE_VERIFY:
	case COFFER_CMD_CLONE_ACCEPT:
		*verdict = negotiate(c, opcode, get32(req + 4), reply, len);
		break;
	case COFFER_CMD_CLONE_EXTRACT:
		if (c->extracts + 1 == c->break_at)
			return -EPIPE;
		*verdict = extract(c, req, reply, len);
		break;
	case COFFER_CMD_CLONE_INSERT:
		*verdict = insert(c, req, reply, len);
		break;
	case COFFER_CMD_CLONE_FINISH:
		c->finishes++;
		c->context = 0;
		*len = put32(reply, 2);
		*len += put(reply + *len, "m5", 2);
		break;
	case COFFER_CMD_CLONE_CLOSE:
		*verdict = close_context(c, req, reply, len);
		break;
	default:
		*verdict = COFFER_ST_FUNCTION_NOT_SUPPORTED;
	}
	return 0;
}

void clone_card_init(struct card *card, uint32_t base, uint32_t protocol)
{
	card->fake = (struct fake_card){ .exec = card_run, .opaque = card };
	card->protocol = protocol;
	card->base = base;
	card->refuse_ouid = UINT32_MAX;
}
