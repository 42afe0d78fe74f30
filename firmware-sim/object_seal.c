// SPDX-License-Identifier: BSD-3-Clause
/*
 * Objects as rows: body = version, nonce, AES-256-GCM under the partition's seal key. Every
 * column of the row but its handle is bound to the body, and so is the partition: a row that was
 * moved, mixed or edited does not open.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_internal.h"

#define SEAL_VERSION	1
#define HEAD		(1 + CRYPTO_NONCE)
#define AAD_LEN		(8 + COFFER_OUID_LEN + 13 + 2 * STORE_TAG_LEN)

/* ---- Identity -------------------------------------------------------------------------- */

/* The partition's serial and 128 random bits: no two objects of any two cards share one. */
static uint32_t make_ouid(struct cmd *c, struct attrs *attrs)
{
	uint8_t ouid[COFFER_OUID_LEN];
	uint64_t serial = partition_serial(c->part);
	uint32_t st;

	if (attrs_get(attrs, COFFER_CKA_OUID))
		return COFFER_ST_OK;
	for (size_t i = 0; i < 8; i++)
		ouid[i] = (uint8_t)(serial >> (56 - 8 * i));
	st = crypto_random(c->crypto, ouid + 8, sizeof(ouid) - 8);
	return st ? st : attrs_set(attrs, COFFER_CKA_OUID, ouid, sizeof(ouid));
}

static uint32_t make_unique_id(struct attrs *attrs)
{
	static const char digit[] = "0123456789abcdef";
	const struct attr *ouid = attrs_get(attrs, COFFER_CKA_OUID);
	char text[2 * COFFER_OUID_LEN];

	if (ouid->len != COFFER_OUID_LEN)
		return COFFER_ST_ATTRIBUTE_VALUE_INVALID;
	for (size_t i = 0; i < COFFER_OUID_LEN; i++) {
		text[2 * i] = digit[ouid->value[i] >> 4];
		text[2 * i + 1] = digit[ouid->value[i] & 15];
	}
	return attrs_set(attrs, COFFER_CKA_UNIQUE_ID, text, sizeof(text));
}

/* SHA-256 of all that is no secret, in order of type: equal objects, equal fingerprints. */
static uint32_t make_fingerprint(struct cmd *c, struct attrs *attrs)
{
	uint32_t class = attrs_class(attrs), st;
	uint8_t print[CRYPTO_HASH_MAX], *text;
	size_t size = attrs_size(attrs);
	struct wire_out out;

	text = malloc(size ? size : 1);
	if (!text)
		return COFFER_ST_DEVICE_MEMORY;
	wire_out_init(&out, text, size);
	for (size_t i = 0; i < attrs->count; i++) {
		const struct attr *a = &attrs->list[i];

		if (attr_is_secret(a->type, class) || a->type == (uint32_t)COFFER_CKA_FINGERPRINT)
			continue;
		wire_put_u32(&out, a->type);
		wire_put_blob(&out, a->value, a->len);
	}
	st = crypto_digest(c->crypto, CRYPTO_SHA256, (struct bytes){ text, out.len }, print);
	if (!st)
		st = attrs_set(attrs, COFFER_CKA_FINGERPRINT, print, 32);
	crypto_wipe(text, size);
	free(text);
	return st;
}

uint32_t object_finish(struct cmd *c, struct object *o)
{
	uint32_t st = make_ouid(c, &o->attrs);

	if (!st)
		st = make_unique_id(&o->attrs);
	if (!st)
		st = attrs_set_ulong(&o->attrs, COFFER_CKA_SECURITY_LEVEL, o->level);
	return st ? st : make_fingerprint(c, &o->attrs);
}

/* ---- Rows ------------------------------------------------------------------------------ */

uint32_t object_tag(struct cmd *c, uint32_t type, const struct attr *a,
		    uint8_t tag[STORE_TAG_LEN])
{
	uint8_t key[32], mac[CRYPTO_HASH_MAX], kind[4];
	struct bytes in[2];
	uint32_t st;

	memset(tag, 0, STORE_TAG_LEN);
	if (!a || !a->len)
		return COFFER_ST_OK;
	/* The type goes in, so that equal labels and ids have different tags. */
	for (size_t i = 0; i < sizeof(kind); i++)
		kind[i] = (uint8_t)(type >> (8 * i));
	in[0] = (struct bytes){ kind, sizeof(kind) };
	in[1] = (struct bytes){ a->value, a->len };
	st = partition_key(c->part, PARTITION_KEY_INDEX, key);
	if (!st)
		st = crypto_hmac(c->crypto, CRYPTO_SHA256, (struct bytes){ key, sizeof(key) },
				 in, 2, mac);
	if (!st)
		memcpy(tag, mac, STORE_TAG_LEN);
	crypto_wipe(key, sizeof(key));
	crypto_wipe(mac, sizeof(mac));
	return st;
}

static void row_aad(const struct cmd *c, const struct object_row *row, uint8_t aad[AAD_LEN])
{
	struct wire_out out;

	wire_out_init(&out, aad, AAD_LEN);
	wire_put_u64(&out, partition_serial(c->part));
	wire_put(&out, row->ouid, COFFER_OUID_LEN);
	wire_put_u32(&out, row->class);
	wire_put_u32(&out, row->key_type);
	wire_put_u32(&out, row->level);
	wire_put_u8(&out, row->is_private);
	wire_put(&out, row->label_tag, STORE_TAG_LEN);
	wire_put(&out, row->id_tag, STORE_TAG_LEN);
}

static uint32_t row_columns(struct cmd *c, const struct object *o, struct object_row *row)
{
	const struct attrs *a = &o->attrs;
	uint32_t st;

	row->handle = o->handle;
	row->part = partition_id(c->part);
	memcpy(row->ouid, attrs_get(a, COFFER_CKA_OUID)->value, COFFER_OUID_LEN);
	row->class = attrs_class(a);
	row->key_type = class_is_key(row->class) ? attrs_key_type(a) : COFFER_CKK_NONE;
	row->level = o->level;
	row->is_private = attrs_bool(a, COFFER_CKA_PRIVATE, true);
	st = object_tag(c, COFFER_CKA_LABEL, attrs_get(a, COFFER_CKA_LABEL), row->label_tag);
	return st ? st : object_tag(c, COFFER_CKA_ID, attrs_get(a, COFFER_CKA_ID), row->id_tag);
}

static uint32_t row_seal(struct cmd *c, const struct object *o, struct object_row *row)
{
	size_t size = attrs_size(&o->attrs);
	uint8_t key[32], aad[AAD_LEN], *plain;
	struct wire_out out;
	uint32_t st;

	row->body_len = HEAD + size + CRYPTO_TAG;
	row->body = malloc(row->body_len);
	if (!row->body)
		return COFFER_ST_DEVICE_MEMORY;
	plain = row->body + HEAD;		/* sealed in place */
	wire_out_init(&out, plain, size);
	attrs_write(&o->attrs, &out);
	row_aad(c, row, aad);
	row->body[0] = SEAL_VERSION;
	st = crypto_random(c->crypto, row->body + 1, CRYPTO_NONCE);
	if (!st)
		st = partition_key(c->part, PARTITION_KEY_SEAL, key);
	if (!st)
		st = crypto_seal(c->crypto, (struct bytes){ key, sizeof(key) }, row->body + 1,
				 (struct bytes){ aad, sizeof(aad) },
				 (struct bytes){ plain, size }, plain);
	crypto_wipe(key, sizeof(key));
	return st;
}

uint32_t object_seal(struct cmd *c, struct object *o, struct object_row *row)
{
	uint32_t st;

	memset(row, 0, sizeof(*row));
	st = object_finish(c, o);
	if (!st)
		st = row_columns(c, o, row);
	if (!st)
		st = row_seal(c, o, row);
	if (st) {
		crypto_wipe(row->body, row->body_len);
		free(row->body);
		memset(row, 0, sizeof(*row));
	}
	return st;
}

static uint32_t row_open(struct cmd *c, const struct object_row *row, uint8_t *plain)
{
	uint8_t key[32], aad[AAD_LEN];
	uint32_t st = partition_key(c->part, PARTITION_KEY_SEAL, key);

	row_aad(c, row, aad);
	if (!st)
		st = crypto_open_sealed(c->crypto, (struct bytes){ key, sizeof(key) },
					row->body + 1, (struct bytes){ aad, sizeof(aad) },
					(struct bytes){ row->body + HEAD, row->body_len - HEAD },
					plain);
	crypto_wipe(key, sizeof(key));
	return st ? COFFER_ST_DEVICE_ERROR : COFFER_ST_OK;
}

/* DEVICE_ERROR: the row is not what this partition has sealed. */
uint32_t object_open(struct cmd *c, const struct object_row *row, struct object *o)
{
	size_t size;
	uint8_t *plain;
	uint32_t st;

	memset(o, 0, sizeof(*o));
	if (!row->body || row->body_len < HEAD + CRYPTO_TAG || row->body[0] != SEAL_VERSION)
		return COFFER_ST_DEVICE_ERROR;
	size = row->body_len - HEAD - CRYPTO_TAG;
	plain = malloc(size ? size : 1);
	if (!plain)
		return COFFER_ST_DEVICE_MEMORY;
	st = row_open(c, row, plain);
	if (!st)
		st = attrs_parse(&o->attrs, (struct bytes){ plain, size });
	crypto_wipe(plain, size);
	free(plain);
	if (st)
		return st == COFFER_ST_DEVICE_MEMORY ? st : COFFER_ST_DEVICE_ERROR;
	o->handle = row->handle;
	o->level = row->level;
	return COFFER_ST_OK;
}

uint32_t object_load(struct cmd *c, uint32_t handle, struct object *o)
{
	struct object_row row;
	uint32_t st;
	int rc;

	memset(o, 0, sizeof(*o));
	if (handle >= COFFER_HANDLE_SESSION)
		return session_object_load(c, handle, o);
	memset(&row, 0, sizeof(row));
	rc = handle ? store_object_get(card_store(c->card), partition_id(c->part), handle, &row) :
		      -ENOENT;
	if (rc == -ENOENT)
		return COFFER_ST_OBJECT_HANDLE_INVALID;
	if (rc)
		return COFFER_ST_DEVICE_ERROR;
	/* What this role may not see is not there. */
	if (row.is_private && !role_sees_private(c))
		st = COFFER_ST_OBJECT_HANDLE_INVALID;
	else
		st = object_open(c, &row, o);
	object_row_free(&row);
	return st;
}
