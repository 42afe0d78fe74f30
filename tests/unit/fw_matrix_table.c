// SPDX-License-Identifier: BSD-3-Clause
#include "fw_matrix.h"

#include <string.h>

#include "hw/coffer_cmd.h"

#define ALL	"nSPOLUA"
#define USERS	"OLU"
#define MAKERS	"OL"
#define BAD	COFFER_ST_ARGUMENTS_BAD

/* Columns: name, opcode, shortest request, place, who, marks, answer to ones. */
const struct matrix_row matrix_rows[] = {
	/* The card, for everybody. */
	{ "ECHO", 0x01, 0, NO_SESSION, ALL, SICK, 0 },
	{ "IDENTIFY", 0x02, 0, NO_SESSION, ALL, SICK, 0 },
	{ "PARTITION_LIST", 0x03, 0, NO_SESSION, ALL, SICK, 0 },
	{ "COMMANDS", 0x04, 0, NO_SESSION, ALL, SICK, 0 },
	{ "STATS", 0x05, 0, NO_SESSION, ALL, SICK, 0 },
	{ "EVENTS", 0x06, 16, NO_SESSION, ALL, SICK, BAD },
	{ "CERTIFICATES", 0x07, 0, NO_SESSION, ALL, 0, 0 },
	{ "OWNER_OPEN", 0x10, 8, NO_SESSION, ALL, SICK | DRIVER, 0 },
	{ "OWNER_CLOSE", 0x11, 8, NO_SESSION, ALL, SICK | DRIVER, 0 },
	/* Sessions and logins. */
	{ "SESSION_OPEN", 0x20, 8, NO_SESSION, ALL, SICK, BAD },
	{ "SESSION_CLOSE", 0x21, 8, ON_BOTH, ALL, OLD_PIN | SICK, BAD },
	{ "SESSION_INFO", 0x22, 8, ON_BOTH, ALL, OLD_PIN | SICK, BAD },
	{ "LOGIN", 0x30, 12, ON_BOTH, ALL, TAMPER | STORES | FINISH, BAD },
	{ "LOGOUT", 0x31, 8, ON_BOTH, ALL, OLD_PIN | SICK, BAD },
	{ "ROLE_INIT", 0x32, 12, ON_BOTH, "SPO", INIT | RW | STORES, BAD },
	{ "ROLE_CHANGE_PW", 0x33, 16, ON_BOTH, ALL, RW | OLD_PIN | STORES, BAD },
	{ "ROLE_RESET_PW", 0x34, 12, ON_BOTH, "SPO", INIT | RW | STORES, BAD },
	{ "ROLE_LIST", 0x35, 8, ON_BOTH, ALL, OLD_PIN | TAMPER, BAD },
	{ "ROLE_CHALLENGE", 0x36, 12, ON_PART, "PO", INIT | RW | STORES,
	  COFFER_ST_PED_UNSUPPORTED },
	{ "ROLE_DEACTIVATE", 0x37, 8, ON_PART, "POLU", INIT | RW | STORES,
	  COFFER_ST_PED_UNSUPPORTED },
	{ "PED_STATUS", 0x38, 8, ON_BOTH, ALL, OLD_PIN | TAMPER, BAD },
	/* Management of the card. */
	{ "HSM_INIT", 0x40, 20, ON_CARD, "nS", RW | STORES | FINISH | FIRST, BAD },
	{ "HSM_FACTORY_RESET", 0x41, 8, ON_CARD, "nS", RW | STORES | FINISH | SICK, BAD },
	{ "HSM_ZEROIZE", 0x42, 8, ON_CARD, "nS", RW | STORES | FINISH | SICK, BAD },
	{ "POLICY_LIST", 0x43, 8, ON_BOTH, ALL, OLD_PIN | TAMPER, BAD },
	{ "POLICY_SET", 0x44, 12, ON_BOTH, "SP", INIT | RW | STORES, BAD },
	{ "CLOCK_SET", 0x45, 16, ON_CARD, "S", INIT | RW | STORES, BAD },
	{ "FW_UPDATE", 0x46, 12, ON_CARD, "S", INIT | RW | STORES, BAD },
	{ "SELF_TEST", 0x47, 8, ON_BOTH, ALL, OLD_PIN | SICK, BAD },
	{ "TAMPER_CLEAR", 0x48, 8, ON_CARD, "nS", RW | STORES | FINISH | TAMPER | FIRST, BAD },
	{ "AUDIT_INIT", 0x49, 12, ON_CARD, "n", RW | STORES, BAD },
	{ "AUDIT_CONFIG", 0x4a, 32, ON_CARD, "SA", OLD_PIN | TAMPER | STORES | FINISH, BAD },
	{ "AUDIT_READ", 0x4b, 24, ON_CARD, "SA", OLD_PIN | TAMPER | STORES | FINISH, BAD },
	/* Partitions. */
	{ "PARTITION_CREATE", 0x50, 20, ON_CARD, "S", INIT | RW | STORES, BAD },
	{ "PARTITION_DELETE", 0x51, 16, ON_CARD, "S", INIT | RW | STORES, BAD },
	{ "PARTITION_INIT", 0x52, 20, ON_PART, "nP", RW | STORES | FIRST, BAD },
	{ "PARTITION_INFO", 0x53, 8, ON_BOTH, ALL, OLD_PIN | TAMPER, BAD },
	{ "MECHANISM_LIST", 0x54, 8, ON_BOTH, ALL, OLD_PIN | TAMPER, BAD },
	{ "DOMAIN_LIST", 0x55, 8, ON_PART, "POLU", INIT, BAD },
	{ "DOMAIN_ADD", 0x56, 16, ON_PART, "P", INIT | RW | STORES, BAD },
	{ "DOMAIN_DELETE", 0x57, 12, ON_PART, "P", INIT | RW | STORES, BAD },
	{ "DOMAIN_CHANGE", 0x58, 16, ON_PART, "P", INIT | RW | STORES, BAD },
	{ "CIPHER_LIST", 0x59, 8, ON_PART, ALL, INIT, BAD },
	{ "CIPHER_SET", 0x5a, 16, ON_PART, "P", INIT | RW | STORES, BAD },
	{ "PARTITION_RESIZE", 0x5b, 16, ON_CARD, "S", INIT | RW | STORES,
	  COFFER_ST_CONTAINER_HANDLE_INVALID },
	{ "PARTITION_LABEL", 0x5c, 12, ON_PART, "P", INIT | RW | STORES, BAD },
	/* Objects and keys. Nobody sees public ones, and session objects need no writing. */
	{ "OBJECT_CREATE", 0x60, 12, ON_PART, "n" USERS, INIT | STORES, BAD },
	{ "KEY_GENERATE", 0x61, 20, ON_PART, MAKERS, INIT | STORES, BAD },
	{ "KEY_PAIR_GENERATE", 0x62, 24, ON_PART, MAKERS, INIT | STORES, BAD },
	{ "OBJECT_DESTROY", 0x63, 8, ON_PART, "n" USERS, INIT | STORES,
	  COFFER_ST_OBJECT_HANDLE_INVALID },
	{ "OBJECT_FIND", 0x64, 24, ON_PART, "nP" USERS, INIT, BAD },
	{ "OBJECT_GET", 0x65, 12, ON_PART, "nP" USERS, INIT, BAD },
	{ "OBJECT_SET", 0x66, 12, ON_PART, "n" USERS, INIT | STORES, BAD },
	{ "OBJECT_COPY", 0x67, 12, ON_PART, "n" USERS, INIT | STORES, BAD },
	{ "RANDOM", 0x68, 8, ON_BOTH, ALL, 0, BAD },
	{ "SIGN", 0x70, 20, ON_PART, USERS, INIT, BAD },
	{ "VERIFY", 0x71, 24, ON_PART, "n" USERS, INIT, BAD },
	{ "ENCRYPT", 0x72, 20, ON_PART, "n" USERS, INIT, BAD },
	{ "DECRYPT", 0x73, 20, ON_PART, USERS, INIT, BAD },
	{ "DIGEST", 0x74, 16, ON_PART, ALL, INIT, BAD },
	/* Cloning. The source need not be read/write once the target has begun. */
	{ "CLONE_START", 0x80, 8, ON_PART, USERS, INIT | RW, BAD },
	{ "CLONE_ANSWER", 0x81, 12, ON_PART, USERS, INIT, BAD },
	{ "CLONE_CONFIRM", 0x82, 12, ON_PART, USERS, INIT, BAD },
	{ "CLONE_VERIFY", 0x83, 12, ON_PART, USERS, INIT | STORES, BAD },
	{ "CLONE_ACCEPT", 0x84, 12, ON_PART, USERS, INIT | STORES, BAD },
	{ "CLONE_EXTRACT", 0x85, 12, ON_PART, USERS, INIT, BAD },
	{ "CLONE_INSERT", 0x86, 12, ON_PART, USERS, INIT | RW | STORES, BAD },
	{ "CLONE_FINISH", 0x87, 8, ON_PART, USERS, INIT, COFFER_ST_SESSION_ID_INVALID },
	{ "CLONE_CLOSE", 0x88, 12, ON_PART, USERS, INIT, BAD },
	{ "CLONE_INVITE", 0x89, 8, ON_PART, USERS, INIT, BAD },
	{ "CLONE_DIGEST", 0x8a, 12, ON_PART, "O", INIT, BAD },
	{ "ARCHIVE_CREATE", 0x90, 16, ON_PART, "O", INIT, BAD },
	{ "ARCHIVE_OPEN", 0x91, 12, ON_PART, "O", INIT | STORES, BAD },
	{ "ARCHIVE_READ", 0x92, 12, ON_PART, "O", INIT, BAD },
	{ "ARCHIVE_CHECK", 0x93, 12, ON_PART, "O", INIT, BAD },
};

const unsigned int matrix_row_count = sizeof(matrix_rows) / sizeof(matrix_rows[0]);

const struct matrix_row *matrix_row(uint16_t opcode)
{
	unsigned int i;

	for (i = 0; i < matrix_row_count; i++)
		if (matrix_rows[i].opcode == opcode)
			return &matrix_rows[i];
	return NULL;
}

/* ---- Requests that are in order ----------------------------------------------------------- */

static void words(struct wire_out *out, const uint32_t *w, size_t n)
{
	while (n--)
		wire_put_u32(out, *w++);
}

#define BUILD(name, ...) \
	static void name(struct wire_out *out) \
	{ \
		static const uint32_t w[] = { __VA_ARGS__ }; \
		words(out, w, sizeof(w) / sizeof(w[0])); \
	}

static void template_false(struct wire_out *out, uint32_t type)
{
	wire_put_u32(out, type);
	wire_put_blob(out, "", 1);
}

static void aes_key(struct wire_out *out)
{
	uint32_t head[] = { 0, COFFER_CKM_AES_KEY_GEN, 0, 9 + 16 };

	words(out, head, 4);
	template_false(out, COFFER_CKA_TOKEN);
	wire_put_u32(out, COFFER_CKA_VALUE_LEN);
	wire_put_u32(out, 8);
	wire_put_u64(out, 16);
}

/* Ed25519 is not approved, and firmware 6 does not know it. */
static void edwards_pair(struct wire_out *out)
{
	static const uint8_t curve[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };
	uint32_t head[] = { 0, COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, 0, 9 + 8 + sizeof(curve) };

	words(out, head, 4);
	template_false(out, COFFER_CKA_TOKEN);
	wire_put_u32(out, COFFER_CKA_EC_PARAMS);
	wire_put_blob(out, curve, sizeof(curve));
	wire_put_u32(out, 9);
	template_false(out, COFFER_CKA_TOKEN);
}

/* Public data for this session. */
static void data_object(struct wire_out *out)
{
	uint32_t class[] = { 0, 9 + 9 + 16, COFFER_CKA_CLASS, 8, COFFER_CKO_DATA, 0 };

	words(out, class, 6);
	template_false(out, COFFER_CKA_TOKEN);
	template_false(out, COFFER_CKA_PRIVATE);
}

static void domain_without_label(struct wire_out *out)
{
	words(out, (const uint32_t[]){ 0, 0 }, 2);
	wire_put_blob(out, "blue", 4);
}

static void domain_unknown(struct wire_out *out)
{
	wire_put_u32(out, 0);
	wire_put_blob(out, "none", 4);
}

static void domain_unknown_to(struct wire_out *out)
{
	domain_unknown(out);
	wire_put_blob(out, "some", 4);
}

BUILD(policy_0_on, 0, 1, 0, 1)
BUILD(policy_unknown, 0, 1, 63, 1)
BUILD(suite_unknown, 9, 1, 0)
BUILD(eight, 8)
BUILD(sha256, 0, COFFER_CKM_SHA256, 0, 0)
BUILD(find_all, 1, 0, 0, 0, 0)
BUILD(no_object, 0x3fffffff)
BUILD(no_object_get, 0x3fffffff, 0)
BUILD(no_key, 0x3fffffff, COFFER_CKM_SHA256_HMAC, 0, 0)
BUILD(no_key_verify, 0x3fffffff, COFFER_CKM_SHA256_HMAC, 0, 0, 0)
BUILD(no_key_crypt, 0x3fffffff, COFFER_CKM_AES_GCM, 0, 0)
BUILD(no_role, 9, 0)
BUILD(no_partition, 999, 0, 0)
BUILD(empty_m1, 0, 0)
BUILD(no_recipient, 0, 0, 1, 0)
BUILD(no_context, 7)
BUILD(no_context_blob, 7, 0)
BUILD(no_context_extract, 7, 1, 1)

#define NO_LABEL	COFFER_ST_DOMAIN_LABEL_INVALID
#define NO_44		COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED
#define UNKNOWN		COFFER_ST_FUNCTION_NOT_SUPPORTED
#define FORBIDDEN	COFFER_ST_OPERATION_NOT_ALLOWED
#define NO_KEY		COFFER_ST_KEY_HANDLE_INVALID
#define NO_OBJECT	COFFER_ST_OBJECT_HANDLE_INVALID
#define NO_CONTEXT	COFFER_ST_SESSION_ID_INVALID

const struct matrix_probe matrix_probes[] = {
	{ "session info", COFFER_CMD_SESSION_INFO, NULL, 0, 0, { { 0 } }, false },
	{ "roles", COFFER_CMD_ROLE_LIST, NULL, 0, 0, { { 0 } }, false },
	{ "policies", COFFER_CMD_POLICY_LIST, NULL, 0, 0, { { 0 } }, false },
	{ "partition info", COFFER_CMD_PARTITION_INFO, NULL, 0, 0, { { 0 } }, false },
	{ "mechanisms", COFFER_CMD_MECHANISM_LIST, NULL, 0, 0, { { 0 } }, false },
	{ "random bytes", COFFER_CMD_RANDOM, eight, 0, 0, { { 0 } }, false },
	{ "a digest", COFFER_CMD_DIGEST, sha256, 0, 0, { { 0 } }, false },
	{ "all objects", COFFER_CMD_OBJECT_FIND, find_all, 0, 0, { { 0 } }, false },
	{ "no object", COFFER_CMD_OBJECT_GET, no_object_get, NO_OBJECT, 0, { { 0 } }, false },
	{ "destroy nothing", COFFER_CMD_OBJECT_DESTROY, no_object, NO_OBJECT, 0, { { 0 } },
	  false },
	{ "sign with no key", COFFER_CMD_SIGN, no_key, NO_KEY, 0, { { 0 } }, false },
	{ "verify with no key", COFFER_CMD_VERIFY, no_key_verify, NO_KEY, 0, { { 0 } }, false },
	{ "encrypt with no key", COFFER_CMD_ENCRYPT, no_key_crypt, NO_KEY, 0, { { 0 } }, false },
	{ "decrypt with no key", COFFER_CMD_DECRYPT, no_key_crypt, NO_KEY, 0, { { 0 } }, false },
	{ "a role that is none", COFFER_CMD_LOGIN, no_role, COFFER_ST_USER_TYPE_INVALID,
	  COFFER_ST_USER_TYPE_INVALID, { { 0 } }, false },
	{ "no such partition", COFFER_CMD_PARTITION_DELETE, no_partition, 0,
	  COFFER_ST_CONTAINER_HANDLE_INVALID, { { 0 } }, false },
	{ "policy 0 on", COFFER_CMD_POLICY_SET, policy_0_on, 0,
	  COFFER_ST_CONFIG_CHANGE_ILLEGAL,
	  { { S_NO_HSM_7, COFFER_ST_CONFIG_FAILS_DEPENDENCIES },
	    { S_NO_0_4, COFFER_ST_CONFIG_ILLEGAL } }, false },
	{ "an unknown policy", COFFER_CMD_POLICY_SET, policy_unknown,
	  COFFER_ST_POLICY_ID_INVALID, COFFER_ST_POLICY_ID_INVALID, { { 0 } }, false },
	{ "domains", COFFER_CMD_DOMAIN_LIST, NULL, 0, 0, { { S_OLD | S_BACKUP, UNKNOWN } },
	  false },
	{ "a domain without label", COFFER_CMD_DOMAIN_ADD, domain_without_label, NO_44, 0,
	  { { S_OLD | S_BACKUP, UNKNOWN }, { S_DOMAINS, NO_LABEL } }, false },
	{ "delete no domain", COFFER_CMD_DOMAIN_DELETE, domain_unknown, NO_44, 0,
	  { { S_OLD | S_BACKUP, UNKNOWN }, { S_DOMAINS, NO_LABEL } }, false },
	{ "rename no domain", COFFER_CMD_DOMAIN_CHANGE, domain_unknown_to, NO_LABEL, 0,
	  { { S_OLD | S_BACKUP, UNKNOWN } }, false },
	{ "suites", COFFER_CMD_CIPHER_LIST, NULL, 0, 0, { { S_OLD | S_BACKUP, UNKNOWN } },
	  false },
	{ "an unknown suite", COFFER_CMD_CIPHER_SET, suite_unknown, COFFER_ST_MECHANISM_INVALID,
	  0, { { S_OLD | S_BACKUP, UNKNOWN } }, false },
	{ "data of the session", COFFER_CMD_OBJECT_CREATE, data_object, 0, 0, { { 0 } }, false },
	{ "a key of the session", COFFER_CMD_KEY_GENERATE, aes_key, 0, 0,
	  { { S_NO_28, FORBIDDEN } }, false },
	{ "a pair that is not approved", COFFER_CMD_KEY_PAIR_GENERATE, edwards_pair, 0, 0,
	  { { S_FIPS | S_NO_PO, COFFER_ST_MECHANISM_INVALID }, { S_NO_28, FORBIDDEN } },
	  false },
	{ "begin a clone", COFFER_CMD_CLONE_START, NULL, 0, 0, { { S_NO_HSM_7, FORBIDDEN } },
	  true },
	{ "invite to a clone", COFFER_CMD_CLONE_INVITE, NULL, 0, 0,
	  { { S_NO_HSM_7, FORBIDDEN }, { S_OLD | S_BACKUP | S_CPV1, COFFER_ST_PROTOCOL_DISABLED } },
	  true },
	{ "answer an empty message", COFFER_CMD_CLONE_ANSWER, empty_m1,
	  COFFER_ST_CPV4_MSG_ERROR, 0, { { S_NO_HSM_7, FORBIDDEN } }, false },
	{ "confirm nothing", COFFER_CMD_CLONE_CONFIRM, no_context_blob, NO_CONTEXT, 0, { { 0 } },
	  false },
	{ "verify nothing", COFFER_CMD_CLONE_VERIFY, no_context_blob, NO_CONTEXT, 0, { { 0 } },
	  false },
	{ "accept nothing", COFFER_CMD_CLONE_ACCEPT, no_context_blob, NO_CONTEXT, 0, { { 0 } },
	  false },
	{ "extract from nothing", COFFER_CMD_CLONE_EXTRACT, no_context_extract, NO_CONTEXT, 0,
	  { { 0 } }, false },
	{ "compare in nothing", COFFER_CMD_CLONE_DIGEST, no_context_extract, NO_CONTEXT, 0,
	  { { S_OLD | S_BACKUP, UNKNOWN } }, false },
	{ "insert into nothing", COFFER_CMD_CLONE_INSERT, no_context_extract, BAD, 0, { { 0 } },
	  false },
	{ "finish nothing", COFFER_CMD_CLONE_FINISH, no_context, NO_CONTEXT, 0, { { 0 } },
	  false },
	{ "an archive for nobody", COFFER_CMD_ARCHIVE_CREATE, no_recipient,
	  COFFER_ST_CERTIFICATE_DATA_MISSING, 0,
	  { { S_NO_HSM_7, FORBIDDEN }, { S_OLD | S_BACKUP | S_CPV1, COFFER_ST_PROTOCOL_DISABLED } },
	  false },
	{ "open an empty archive", COFFER_CMD_ARCHIVE_OPEN, empty_m1, COFFER_ST_CPV4_MSG_ERROR, 0,
	  { { S_NO_HSM_7, FORBIDDEN } }, false },
	{ "read nothing", COFFER_CMD_ARCHIVE_READ, no_context_extract, BAD, 0, { { 0 } }, false },
	{ "check nothing", COFFER_CMD_ARCHIVE_CHECK, no_context_blob, NO_CONTEXT, 0, { { 0 } },
	  false },
	{ "close nothing", COFFER_CMD_CLONE_CLOSE, no_context_blob, NO_CONTEXT, 0, { { 0 } },
	  false },
};

const unsigned int matrix_probe_count = sizeof(matrix_probes) / sizeof(matrix_probes[0]);
