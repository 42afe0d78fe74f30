// SPDX-License-Identifier: BSD-3-Clause
/*
 * object sign and object verify.
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

#define SIGNATURE_MAX 1024

struct job {
	struct cli_session *s;
	uint32_t key;
	uint32_t mechanism;
	uint8_t params[12];		/* of PSS */
	size_t params_len;
	size_t half;			/* bytes of r and of s, 0 = no ECDSA */
	uint8_t *data;
	size_t len;
	uint8_t signature[SIGNATURE_MAX];
	size_t signature_len;
};

/* ---- Mechanism --------------------------------------------------------------------- */

static size_t curve_bytes(const struct coffer_attr *params)
{
	if (!names_has_value(params) || params->len < 7)
		return 0;
	if (params->len == 10)
		return 32;
	return ((const uint8_t *)params->value)[6] == 0x22 ? 48 : 66;
}

static uint32_t default_mechanism(uint64_t key_type, size_t half)
{
	switch (key_type) {
	case COFFER_CKK_RSA:
		return COFFER_CKM_SHA256_RSA_PKCS;
	case COFFER_CKK_EC:
		return half == 32 ? COFFER_CKM_ECDSA_SHA256 :
		       half == 48 ? COFFER_CKM_ECDSA_SHA384 : COFFER_CKM_ECDSA_SHA512;
	case COFFER_CKK_EC_EDWARDS:
		return COFFER_CKM_EDDSA;
	case COFFER_CKK_AES:
		return COFFER_CKM_AES_CMAC;
	default:
		return COFFER_CKM_SHA256_HMAC;
	}
}

/* {hash; mask hash; salt length}, the salt as long as the hash. */
static void pss_params(struct job *j)
{
	uint32_t words[3];

	switch (j->mechanism) {
	case COFFER_CKM_SHA256_RSA_PKCS_PSS:
		words[0] = COFFER_CKM_SHA256;
		words[2] = 32;
		break;
	case COFFER_CKM_SHA384_RSA_PKCS_PSS:
		words[0] = COFFER_CKM_SHA384;
		words[2] = 48;
		break;
	case COFFER_CKM_SHA512_RSA_PKCS_PSS:
		words[0] = COFFER_CKM_SHA512;
		words[2] = 64;
		break;
	default:
		return;
	}
	words[1] = words[0];
	for (int i = 0; i < 12; i++)
		j->params[i] = (uint8_t)(words[i / 4] >> 8 * (i % 4));
	j->params_len = 12;
}

static coffer_rc choose_mechanism(struct cli *cli, const struct cli_args *args, struct job *j)
{
	static const uint32_t types[] = { COFFER_CKA_KEY_TYPE, COFFER_CKA_EC_PARAMS };
	const char *name = cli_args_text(args, "mechanism", NULL);
	struct coffer_objects key = { 0 };
	uint64_t type;
	coffer_rc rc;

	rc = object_get(j->s, j->key, types, 2, &key);
	if (rc)
		return rc;
	type = coffer_attr_ulong(coffer_object_attr(&key.list[0], COFFER_CKA_KEY_TYPE), ~0ull);
	if (type == COFFER_CKK_EC)
		j->half = curve_bytes(coffer_object_attr(&key.list[0], COFFER_CKA_EC_PARAMS));
	coffer_objects_free(&key);
	if (name && !names_mechanism_parse(name, &j->mechanism))
		return cli_usage(cli, "there is no mechanism %s", name);
	if (!name)
		j->mechanism = default_mechanism(type, j->half);
	pss_params(j);
	return 0;
}

/* ---- Files ------------------------------------------------------------------------- */

static coffer_rc read_data(struct cli *cli, const struct cli_args *args, struct job *j)
{
	const char *path = cli_args_text(args, "in", "");
	int ret;

	j->data = malloc(OBJECT_DATA_MAX);
	if (!j->data)
		return -ENOMEM;
	ret = file_read(path, j->data, OBJECT_DATA_MAX, &j->len);
	if (ret == -EFBIG)
		return cli_usage(cli, "%s is longer than %d bytes: sign a digest of it", path,
				 OBJECT_DATA_MAX);
	return ret ? cli_usage(cli, "cannot read %s: %s", path, strerror(-ret)) : 0;
}

static bool wants_der(const struct cli_args *args, const struct job *j)
{
	return j->half && strcasecmp(cli_args_text(args, "format", "der"), "raw");
}

static coffer_rc begin(struct cli *cli, const struct cli_args *args, struct job *j,
		       const enum coffer_class *classes, size_t n_classes)
{
	coffer_rc rc = object_handle(cli, args, j->s, classes, n_classes, &j->key);

	if (!rc)
		rc = choose_mechanism(cli, args, j);
	if (!rc)
		rc = read_data(cli, args, j);
	return rc;
}

static void show_key(struct cli *cli, const struct job *j)
{
	out_number(&cli->out, "handle", "Key handle", j->key);
	out_text(&cli->out, "mechanism", "Mechanism", names_mechanism(j->mechanism));
}

static coffer_rc write_signature(struct cli *cli, const struct cli_args *args, struct job *j)
{
	const char *path = cli_args_text(args, "out", NULL);
	uint8_t der[SIGNATURE_MAX];
	const uint8_t *bytes = j->signature;
	size_t len = j->signature_len;
	int ret;

	if (wants_der(args, j)) {
		len = der_from_raw(j->signature, j->signature_len, der, sizeof(der));
		bytes = der;
		if (!len)
			return ST(DEVICE_ERROR);
	}
	show_key(cli, j);
	if (!path) {
		out_hex(&cli->out, "signature", "Signature", bytes, len);
		return 0;
	}
	ret = file_write(path, bytes, len);
	if (ret)
		return cli_usage(cli, "cannot write %s: %s", path, strerror(-ret));
	out_text(&cli->out, "file", "Signature written to", path);
	out_number(&cli->out, "length", "Signature, bytes", len);
	return 0;
}

coffer_rc cli_object_sign(struct cli *cli, const struct cli_args *args)
{
	static const enum coffer_class classes[] = { COFFER_CKO_PRIVATE_KEY,
						     COFFER_CKO_SECRET_KEY };
	struct job j = { .signature_len = SIGNATURE_MAX };
	coffer_rc rc;

	rc = cli_session_user(cli, &j.s);
	if (!rc)
		rc = begin(cli, args, &j, classes, 2);
	if (!rc)
		rc = coffer_sign(j.s->session, j.key, j.mechanism, j.params, j.params_len, j.data,
				 j.len, j.signature, &j.signature_len);
	if (!rc)
		rc = write_signature(cli, args, &j);
	free(j.data);
	return rc;
}

static coffer_rc read_signature(struct cli *cli, const struct cli_args *args, struct job *j)
{
	const char *path = cli_args_text(args, "signature", "");
	uint8_t file[SIGNATURE_MAX];
	size_t len;
	int ret;

	ret = file_read(path, file, sizeof(file), &len);
	if (ret == -EFBIG)
		return cli_fail(cli, ST(SIGNATURE_LEN_RANGE), "%s is no signature", path);
	if (ret)
		return cli_usage(cli, "cannot read %s: %s", path, strerror(-ret));
	if (!wants_der(args, j)) {
		memcpy(j->signature, file, len);
		j->signature_len = len;
		return 0;
	}
	j->signature_len = der_to_raw(file, len, j->half, j->signature, sizeof(j->signature));
	return j->signature_len ? 0 : ST(SIGNATURE_INVALID);
}

coffer_rc cli_object_verify(struct cli *cli, const struct cli_args *args)
{
	static const enum coffer_class classes[] = { COFFER_CKO_PUBLIC_KEY,
						     COFFER_CKO_SECRET_KEY };
	struct job j = { .signature_len = 0 };
	coffer_rc rc;

	rc = cli_session_current(cli, &j.s);
	if (!rc)
		rc = begin(cli, args, &j, classes, 2);
	if (!rc)
		rc = read_signature(cli, args, &j);
	if (!rc)
		rc = coffer_verify(j.s->session, j.key, j.mechanism, j.params, j.params_len,
				   j.data, j.len, j.signature, j.signature_len);
	free(j.data);
	if (rc)
		return rc;
	show_key(cli, &j);
	out_text(&cli->out, "result", "Signature", "genuine");
	return 0;
}
