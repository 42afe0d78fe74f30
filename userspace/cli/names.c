// SPDX-License-Identifier: BSD-3-Clause
/*
 * Names for numbers of PKCS#11, and numbers as they are typed.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "names.h"

bool names_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, text[0] == '0' && tolower(text[1]) == 'x' ? 16 : 10);
	return !errno && !*end && *value <= max;
}

const char *names_class(uint64_t class)
{
	static const char *const names[] = {
		[COFFER_CKO_DATA] = "data",
		[COFFER_CKO_CERTIFICATE] = "certificate",
		[COFFER_CKO_PUBLIC_KEY] = "public key",
		[COFFER_CKO_PRIVATE_KEY] = "private key",
		[COFFER_CKO_SECRET_KEY] = "secret key",
	};

	return class < sizeof(names) / sizeof(*names) ? names[class] : "other";
}

const char *names_key_type(uint64_t type)
{
	switch (type) {
	case COFFER_CKK_RSA:
		return "RSA";
	case COFFER_CKK_EC:
		return "EC";
	case COFFER_CKK_GENERIC_SECRET:
		return "generic";
	case COFFER_CKK_DES3:
		return "DES3";
	case COFFER_CKK_AES:
		return "AES";
	case COFFER_CKK_EC_EDWARDS:
		return "Edwards";
	case COFFER_CKK_EC_MONTGOMERY:
		return "Montgomery";
	default:
		return "-";
	}
}

/* ---- Attributes -------------------------------------------------------------------- */

#define KIND_ULONG	'U'
#define KIND_BOOL	'B'
#define KIND_BYTES	'Y'
#define KIND_BIGNUM	'Y'

static const struct {
	uint32_t type;
	char kind;
	const char *name;
} attributes[] = {
#define COFFER_X(name, type, kind) { type, KIND_##kind, "CKA_" #name },
	COFFER_ATTRIBUTES(COFFER_X)
#undef COFFER_X
};

#define N_ATTRIBUTES (sizeof(attributes) / sizeof(*attributes))

const char *names_attribute(uint32_t type, char *kind)
{
	for (size_t i = 0; i < N_ATTRIBUTES; i++)
		if (attributes[i].type == type) {
			*kind = attributes[i].kind;
			return attributes[i].name;
		}
	return NULL;
}

size_t names_attribute_list(uint32_t *list, size_t room)
{
	size_t n = 0;

	for (; n < N_ATTRIBUTES && n < room; n++)
		list[n] = attributes[n].type;
	return n;
}

/* ---- Mechanisms -------------------------------------------------------------------- */

#define M(name) { (uint32_t)COFFER_CKM_##name, #name }

static const struct {
	uint32_t mechanism;
	const char *name;
} mechanisms[] = {
	M(RSA_PKCS_KEY_PAIR_GEN), M(RSA_PKCS), M(RSA_X_509), M(RSA_PKCS_OAEP), M(RSA_PKCS_PSS),
	M(SHA256_RSA_PKCS), M(SHA384_RSA_PKCS), M(SHA512_RSA_PKCS), M(SHA256_RSA_PKCS_PSS),
	M(SHA384_RSA_PKCS_PSS), M(SHA512_RSA_PKCS_PSS), M(SHA256), M(SHA256_HMAC), M(SHA384),
	M(SHA384_HMAC), M(SHA512), M(SHA512_HMAC), M(GENERIC_SECRET_KEY_GEN), M(EC_KEY_PAIR_GEN),
	M(ECDSA), M(ECDSA_SHA256), M(ECDSA_SHA384), M(ECDSA_SHA512), M(EC_EDWARDS_KEY_PAIR_GEN),
	M(EDDSA), M(AES_KEY_GEN), M(AES_ECB), M(AES_CBC), M(AES_CBC_PAD), M(AES_CTR), M(AES_GCM),
	M(AES_CMAC), M(RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN), M(RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN),
};

const char *names_mechanism(uint32_t mechanism)
{
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++)
		if (mechanisms[i].mechanism == mechanism)
			return mechanisms[i].name;
	return "";
}

static bool same_name(const char *text, const char *name)
{
	if (!strncasecmp(text, "ckm_", 4))
		text += 4;
	for (; *text && *name; text++, name++)
		if ((*text == '-' ? '_' : toupper((unsigned char)*text)) != *name)
			return false;
	return !*text && !*name;
}

bool names_mechanism_parse(const char *text, uint32_t *mechanism)
{
	uint64_t number;

	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(*mechanisms); i++)
		if (same_name(text, mechanisms[i].name)) {
			*mechanism = mechanisms[i].mechanism;
			return true;
		}
	if (!names_number(text, UINT32_MAX, &number))
		return false;
	*mechanism = (uint32_t)number;
	return true;
}

/* ---- Bytes ------------------------------------------------------------------------- */

bool names_has_value(const struct coffer_attr *a)
{
	return a && a->len != COFFER_ATTR_UNAVAILABLE && a->len != COFFER_ATTR_SENSITIVE;
}

const char *names_hex(const struct coffer_attr *a, char *out, size_t room)
{
	const uint8_t *bytes;

	out[0] = '\0';
	if (!names_has_value(a) || a->len > (room - 1) / 2)
		return out;
	bytes = a->value;
	for (uint32_t i = 0; i < a->len; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
	return out;
}

bool names_unhex(const char *text, uint8_t *out, size_t room, size_t *len)
{
	unsigned int byte;

	*len = 0;
	if (!strncasecmp(text, "0x", 2))
		text += 2;
	for (; *text; text += 2) {
		if (!isxdigit((unsigned char)text[0]) || !isxdigit((unsigned char)text[1]) ||
		    *len == room)
			return false;
		sscanf((char[]){ text[0], text[1], 0 }, "%2x", &byte);
		out[(*len)++] = (uint8_t)byte;
	}
	return true;
}
