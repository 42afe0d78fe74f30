// SPDX-License-Identifier: BSD-3-Clause
/*
 * object generate and object import.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "der.h"
#include "file.h"
#include "names.h"
#include "object.h"
#include "template.h"

#define ID_MAX 64

static const struct {
	const char *name;
	uint8_t oid[10];
	size_t len;
} curves[] = {
	{ "p256", { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 }, 10 },
	{ "p384", { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22 }, 7 },
	{ "p521", { 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23 }, 7 },
	{ "ed25519", { 0x06, 0x03, 0x2b, 0x65, 0x70 }, 5 },
};

static const uint8_t exponent_f4[] = { 1, 0, 1 };

/* What every new object of a command gets. */
struct common {
	const char *label;
	uint8_t id[ID_MAX];
	size_t id_len;
	bool token;
	bool extractable;
};

static coffer_rc common_id(struct cli *cli, const struct cli_args *args, struct common *c)
{
	const char *id = cli_args_text(args, "id", "");

	c->label = cli_args_text(args, "label", NULL);
	c->token = true;
	if (!names_unhex(id, c->id, sizeof(c->id), &c->id_len))
		return cli_usage(cli, "-id wants up to %d bytes in hexadecimal", ID_MAX);
	return 0;
}

static void put_common(struct template *t, const struct common *c)
{
	template_bool(t, COFFER_CKA_TOKEN, c->token);
	if (c->label)
		template_text(t, COFFER_CKA_LABEL, c->label);
	if (c->id_len)
		template_bytes(t, COFFER_CKA_ID, c->id, c->id_len);
}

static void put_secret(struct template *t, const struct common *c)
{
	put_common(t, c);
	template_bool(t, COFFER_CKA_PRIVATE, true);
	template_bool(t, COFFER_CKA_SENSITIVE, true);
	template_bool(t, COFFER_CKA_EXTRACTABLE, c->extractable);
}

/* ---- Generate ---------------------------------------------------------------------- */

static coffer_rc generate_secret(struct cli *cli, const struct cli_args *args,
				 struct cli_session *s, const struct common *c, bool aes)
{
	uint64_t bits = cli_args_number(args, "size", 256);
	struct template t = { .count = 0 };
	uint32_t handle = 0;
	coffer_rc rc;

	if (!bits || bits % 8 || bits > 8192)
		return cli_usage(cli, "-size wants bits, a multiple of 8");
	put_secret(&t, c);
	template_ulong(&t, COFFER_CKA_VALUE_LEN, bits / 8);
	template_bool(&t, COFFER_CKA_SIGN, true);
	template_bool(&t, COFFER_CKA_VERIFY, true);
	if (aes) {
		template_bool(&t, COFFER_CKA_ENCRYPT, true);
		template_bool(&t, COFFER_CKA_DECRYPT, true);
	}
	rc = coffer_key_generate(s->session, aes ? COFFER_CKM_AES_KEY_GEN
						 : COFFER_CKM_GENERIC_SECRET_KEY_GEN,
				 t.attrs, t.count, &handle);
	if (!rc)
		out_number(&cli->out, "handle", "Handle", handle);
	return rc;
}

static coffer_rc generate_pair(struct cli *cli, struct cli_session *s, const struct common *c,
			       uint32_t mechanism, struct template *public)
{
	bool rsa = mechanism == COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN;
	struct template private = { .count = 0 };
	uint32_t public_handle = 0, private_handle = 0;
	coffer_rc rc;

	put_common(public, c);
	template_bool(public, COFFER_CKA_VERIFY, true);
	put_secret(&private, c);
	template_bool(&private, COFFER_CKA_SIGN, true);
	if (rsa) {
		template_bool(public, COFFER_CKA_ENCRYPT, true);
		template_bool(&private, COFFER_CKA_DECRYPT, true);
	}
	rc = coffer_key_pair_generate(s->session, mechanism, public->attrs, public->count,
				      private.attrs, private.count, &public_handle,
				      &private_handle);
	if (rc)
		return rc;
	out_number(&cli->out, "public_handle", "Public key handle", public_handle);
	out_number(&cli->out, "private_handle", "Private key handle", private_handle);
	return 0;
}

static coffer_rc generate_rsa(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			      const struct common *c)
{
	struct template public = { .count = 0 };

	template_ulong(&public, COFFER_CKA_MODULUS_BITS, cli_args_number(args, "size", 2048));
	template_bytes(&public, COFFER_CKA_PUBLIC_EXPONENT, exponent_f4, sizeof(exponent_f4));
	return generate_pair(cli, s, c, COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN, &public);
}

static coffer_rc generate_ec(struct cli *cli, struct cli_session *s, const struct common *c,
			     const char *curve)
{
	uint32_t mechanism = strcasecmp(curve, "ed25519") ? COFFER_CKM_EC_KEY_PAIR_GEN
							  : COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN;
	struct template public = { .count = 0 };

	for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++)
		if (!strcasecmp(curve, curves[i].name))
			template_bytes(&public, COFFER_CKA_EC_PARAMS, curves[i].oid, curves[i].len);
	return generate_pair(cli, s, c, mechanism, &public);
}

coffer_rc cli_object_generate(struct cli *cli, const struct cli_args *args)
{
	const char *type = cli_args_text(args, "keytype", "");
	struct common c = { .label = NULL };
	struct cli_session *s;
	coffer_rc rc;

	if (cli_args_given(args, "curve") && strcasecmp(type, "ec"))
		return cli_usage(cli, "-curve belongs to ec keys");
	rc = common_id(cli, args, &c);
	if (rc)
		return rc;
	c.extractable = cli_args_given(args, "extractable");
	c.token = !cli_args_given(args, "session");
	rc = cli_session_user(cli, &s);
	if (rc)
		return rc;
	if (!strcasecmp(type, "rsa"))
		return generate_rsa(cli, args, s, &c);
	if (!strcasecmp(type, "ec"))
		return generate_ec(cli, s, &c, cli_args_text(args, "curve", "p256"));
	if (!strcasecmp(type, "ed25519"))
		return generate_ec(cli, s, &c, "ed25519");
	return generate_secret(cli, args, s, &c, !strcasecmp(type, "aes"));
}

/* ---- Import ------------------------------------------------------------------------ */

static void put_certificate(struct template *t, struct der file)
{
	struct der whole, certificate, tbs, skip, serial, issuer, subject;
	struct der in = file;

	template_ulong(t, COFFER_CKA_CLASS, COFFER_CKO_CERTIFICATE);
	template_ulong(t, COFFER_CKA_CERTIFICATE_TYPE, 0);	/* X.509 */
	template_bytes(t, COFFER_CKA_VALUE, file.p, file.len);
	/* tbs: [0] version, serial, algorithm, issuer, validity, subject */
	if (!der_take(&in, DER_SEQUENCE, &certificate, NULL) ||
	    !der_take(&certificate, DER_SEQUENCE, &tbs, NULL))
		return;
	der_take(&tbs, DER_CONTEXT0, &skip, NULL);
	if (!der_take(&tbs, DER_INTEGER, &skip, &serial) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip, NULL) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip, &issuer) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip, &whole) ||
	    !der_take(&tbs, DER_SEQUENCE, &skip, &subject))
		return;
	template_bytes(t, COFFER_CKA_SERIAL_NUMBER, serial.p, serial.len);
	template_bytes(t, COFFER_CKA_ISSUER, issuer.p, issuer.len);
	template_bytes(t, COFFER_CKA_SUBJECT, subject.p, subject.len);
}

/* SubjectPublicKeyInfo -> attributes. @point: memory for the wrapped EC point. */
static bool put_public(struct template *t, struct der file, uint8_t *point, size_t room)
{
	struct der info, algorithm, oid, bits, key, n, e, params;
	struct der_writer w;
	bool rsa, edwards;

	if (!der_take(&file, DER_SEQUENCE, &info, NULL) || file.len ||
	    !der_take(&info, DER_SEQUENCE, &algorithm, NULL) ||
	    !der_take(&info, DER_BIT_STRING, &bits, NULL) || bits.len < 2 || *bits.p ||
	    !der_take(&algorithm, DER_OID, &oid, &params))
		return false;
	bits.p++;
	bits.len--;
	rsa = oid.len == 9 && !memcmp(oid.p, "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", 9);
	edwards = oid.len == 3 && !memcmp(oid.p, "\x2b\x65\x70", 3);
	template_ulong(t, COFFER_CKA_CLASS, COFFER_CKO_PUBLIC_KEY);
	template_bool(t, COFFER_CKA_VERIFY, true);
	if (rsa) {
		if (!der_take(&bits, DER_SEQUENCE, &key, NULL) || !der_take_integer(&key, &n) ||
		    !der_take_integer(&key, &e))
			return false;
		template_ulong(t, COFFER_CKA_KEY_TYPE, COFFER_CKK_RSA);
		template_bytes(t, COFFER_CKA_MODULUS, n.p, n.len);
		template_bytes(t, COFFER_CKA_PUBLIC_EXPONENT, e.p, e.len);
		return true;
	}
	if (!edwards && !der_take(&algorithm, DER_OID, &oid, &params))
		return false;
	der_writer_init(&w, point, room);
	der_put(&w, bits.p, bits.len);
	der_wrap(&w, DER_OCTETS, 0);
	template_ulong(t, COFFER_CKA_KEY_TYPE, edwards ? COFFER_CKK_EC_EDWARDS : COFFER_CKK_EC);
	template_bytes(t, COFFER_CKA_EC_PARAMS, params.p, params.len);
	template_bytes(t, COFFER_CKA_EC_POINT, w.at, der_length(&w));
	return der_length(&w) > 0;
}

static void put_secret_value(struct template *t, struct der file, bool aes)
{
	template_ulong(t, COFFER_CKA_CLASS, COFFER_CKO_SECRET_KEY);
	template_ulong(t, COFFER_CKA_KEY_TYPE, aes ? COFFER_CKK_AES : COFFER_CKK_GENERIC_SECRET);
	template_bytes(t, COFFER_CKA_VALUE, file.p, file.len);
	template_bool(t, COFFER_CKA_PRIVATE, true);
	template_bool(t, COFFER_CKA_SENSITIVE, true);
	template_bool(t, COFFER_CKA_EXTRACTABLE, false);
	template_bool(t, COFFER_CKA_SIGN, true);
	template_bool(t, COFFER_CKA_VERIFY, true);
	if (aes) {
		template_bool(t, COFFER_CKA_ENCRYPT, true);
		template_bool(t, COFFER_CKA_DECRYPT, true);
	}
}

static coffer_rc create(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			const struct common *c, uint8_t *bytes, size_t len)
{
	const char *type = cli_args_text(args, "type", "");
	struct template t = { .count = 0 };
	uint8_t point[256];
	uint32_t handle = 0;
	coffer_rc rc;

	put_common(&t, c);
	if (!strcasecmp(type, "certificate")) {
		der_from_pem(bytes, &len, "CERTIFICATE");
		put_certificate(&t, (struct der){ bytes, len });
	} else if (!strcasecmp(type, "public")) {
		der_from_pem(bytes, &len, "PUBLIC KEY");
		if (!put_public(&t, (struct der){ bytes, len }, point, sizeof(point)))
			return cli_fail(cli, ST(DATA_INVALID),
					"that file holds no RSA, EC or Ed25519 public key");
	} else if (!strcasecmp(type, "data")) {
		template_ulong(&t, COFFER_CKA_CLASS, COFFER_CKO_DATA);
		template_bool(&t, COFFER_CKA_PRIVATE, cli_args_given(args, "private"));
		template_bytes(&t, COFFER_CKA_VALUE, bytes, len);
	} else {
		put_secret_value(&t, (struct der){ bytes, len }, !strcasecmp(type, "aes"));
	}
	rc = coffer_object_create(s->session, t.attrs, t.count, &handle);
	if (!rc)
		out_number(&cli->out, "handle", "Handle", handle);
	return rc;
}

coffer_rc cli_object_import(struct cli *cli, const struct cli_args *args)
{
	const char *file = cli_args_text(args, "file", "");
	struct common c = { .label = NULL };
	struct cli_session *s;
	uint8_t *bytes;
	size_t len;
	coffer_rc rc;
	int ret;

	rc = common_id(cli, args, &c);
	if (!rc)
		rc = cli_session_user(cli, &s);
	if (rc)
		return rc;
	bytes = malloc(OBJECT_DATA_MAX);
	if (!bytes)
		return -ENOMEM;
	ret = file_read(file, bytes, OBJECT_DATA_MAX, &len);
	if (ret)
		rc = cli_usage(cli, "cannot read %s: %s", file, strerror(-ret));
	else
		rc = create(cli, args, s, &c, bytes, len);
	explicit_bzero(bytes, OBJECT_DATA_MAX);
	free(bytes);
	return rc;
}
