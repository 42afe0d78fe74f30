// SPDX-License-Identifier: BSD-3-Clause
/*
 * Forms that leave or enter the program: DER and PEM, names, exit statuses, clean text, secrets
 * from files and descriptors.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli.h"
#include "der.h"
#include "file.h"
#include "names.h"
#include "template.h"

/* ---- DER --------------------------------------------------------------------------- */

static void ecdsa_signatures_round_trip(void **state)
{
	uint8_t raw[132], der[160], back[132];
	size_t len;

	(void)state;
	for (unsigned int seed = 0; seed < 300; seed++) {
		size_t half = seed % 3 == 0 ? 32 : seed % 3 == 1 ? 48 : 66;

		for (size_t i = 0; i < 2 * half; i++)
			raw[i] = (uint8_t)(seed * 37 + i * 101 + (seed & 0x80));
		if (seed % 5 == 0)
			memset(raw, 0, seed % half);	/* short r */
		if (seed % 7 == 0)
			memset(raw + half, 0, half - 1);	/* one byte of s */
		len = der_from_raw(raw, 2 * half, der, sizeof(der));
		assert_true(len > 0);
		assert_int_equal(der_to_raw(der, len, half, back, sizeof(back)), 2 * half);
		assert_memory_equal(raw, back, 2 * half);
		/* Cut or grown, it is no signature. */
		assert_int_equal(der_to_raw(der, len - 1, half, back, sizeof(back)), 0);
		assert_int_equal(der_to_raw(der, len + 1, half, back, sizeof(back)), 0);
	}
	assert_int_equal(der_from_raw(raw, 3, der, sizeof(der)), 0);
	assert_int_equal(der_from_raw(raw, 64, der, 10), 0);
}

static void ecdsa_known_bytes(void **state)
{
	static const uint8_t raw[4] = { 0x00, 0x7f, 0x80, 0x01 };
	static const uint8_t der[10] = { 0x30, 0x08, 0x02, 0x01, 0x7f, 0x02, 0x03, 0x00, 0x80,
					 0x01 };
	uint8_t out[32];

	(void)state;
	assert_int_equal(der_from_raw(raw, 4, out, sizeof(out)), sizeof(der));
	assert_memory_equal(out, der, sizeof(der));
	/* A negative INTEGER, and a length that lies. */
	assert_int_equal(der_to_raw((uint8_t[]){ 0x30, 0x06, 2, 1, 0x80, 2, 1, 1 }, 8, 2, out, 32),
			 0);
	assert_int_equal(der_to_raw((uint8_t[]){ 0x30, 0x06, 2, 9, 1, 2, 1, 1 }, 8, 2, out, 32), 0);
}

static void lengths_that_lie(void **state)
{
	static const uint8_t cases[][8] = {
		{ 0x30, 0x80 }, { 0x30, 0x84, 1, 1, 1, 1 }, { 0x30, 0x81, 0x7f }, { 0x30, 0x7f },
		{ 0x30, 0x82, 0xff, 0xff }, { 0x30, 0x81 },
	};
	struct der in, body;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		in = (struct der){ cases[i], sizeof(cases[i]) };
		assert_false(der_take(&in, DER_SEQUENCE, &body, NULL));
	}
	in = (struct der){ cases[0], 0 };
	assert_false(der_take(&in, -1, &body, NULL));
}

static void pem_round_trip(void **state)
{
	uint8_t der[100], text[400];
	size_t len, pem_len;

	(void)state;
	for (size_t n = 1; n < sizeof(der); n++) {
		for (size_t i = 0; i < n; i++)
			der[i] = (uint8_t)(i * 7 + n);
		pem_len = der_to_pem("PUBLIC KEY", der, n, (char *)text, sizeof(text));
		assert_int_equal(pem_len, strlen((char *)text));
		len = pem_len;
		assert_true(der_from_pem(text, &len, "PUBLIC KEY"));
		assert_int_equal(len, n);
		assert_memory_equal(text, der, n);
	}
	assert_int_equal(der_to_pem("X", der, 99, (char *)text, 40), 0);
	strcpy((char *)text, "-----BEGIN X-----\nAA!A\n-----END X-----\n");
	len = strlen((char *)text);
	assert_false(der_from_pem(text, &len, "X"));
	strcpy((char *)text, "-----BEGIN X-----\nAAAA\n");
	len = strlen((char *)text);
	assert_false(der_from_pem(text, &len, "X"));
}

/* ---- Names ------------------------------------------------------------------------- */

static void mechanisms_by_any_spelling(void **state)
{
	static const char *const names[] = {
		"sha256-rsa-pkcs", "SHA256_RSA_PKCS", "CKM_SHA256_RSA_PKCS", "ckm_sha256-rsa_pkcs",
		"64", "0x40",
	};
	uint32_t m;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		m = 0;
		assert_true(names_mechanism_parse(names[i], &m));
		assert_int_equal(m, COFFER_CKM_SHA256_RSA_PKCS);
	}
	assert_false(names_mechanism_parse("sha256-rsa-pkc", &m));
	assert_false(names_mechanism_parse("sha256-rsa-pkcss", &m));
	assert_false(names_mechanism_parse("", &m));
	assert_string_equal(names_mechanism(0xffffffff), "");
}

static void hexadecimal(void **state)
{
	uint8_t out[4];
	size_t len;

	(void)state;
	assert_true(names_unhex("0a0B", out, sizeof(out), &len));
	assert_int_equal(len, 2);
	assert_int_equal(out[1], 0x0b);
	assert_true(names_unhex("", out, sizeof(out), &len));
	assert_int_equal(len, 0);
	assert_true(names_unhex("0x01", out, sizeof(out), &len));
	assert_false(names_unhex("1", out, sizeof(out), &len));
	assert_false(names_unhex("0g", out, sizeof(out), &len));
	assert_false(names_unhex("0102030405", out, sizeof(out), &len));
}

static void templates(void **state)
{
	struct template t = { .count = 0 };

	(void)state;
	template_ulong(&t, COFFER_CKA_MODULUS_BITS, 0x0102);
	template_bool(&t, COFFER_CKA_TOKEN, true);
	template_text(&t, COFFER_CKA_LABEL, "abc");
	assert_int_equal(t.count, 3);
	assert_int_equal(t.attrs[0].len, 8);
	assert_memory_equal(t.attrs[0].value, "\x02\x01\0\0\0\0\0\0", 8);
	assert_int_equal(t.attrs[1].len, 1);
	assert_int_equal(*(const uint8_t *)t.attrs[1].value, 1);
	assert_int_equal(t.attrs[2].len, 3);
}

/* ---- Statuses ---------------------------------------------------------------------- */

static void exit_statuses(void **state)
{
	static const struct {
		coffer_rc rc;
		enum cli_status status;
	} rows[] = {
		{ 0, CLI_OK },
		{ -EINVAL, CLI_FAILED },
		{ -ENODEV, CLI_NO_DEVICE },
		{ -EBUSY, CLI_NO_DEVICE },
		{ -EACCES, CLI_NO_DEVICE },
		{ -ETIMEDOUT, CLI_TIMEOUT },
		{ ST(PIN_INCORRECT), CLI_LOGIN },
		{ ST(USER_NOT_LOGGED_IN), CLI_LOGIN },
		{ ST(USER_LOCKED_OUT), CLI_LOGIN },
		{ ST(USER_NOT_AUTHORIZED), CLI_LOGIN },
		{ ST(CERTIFICATE_DATA_INVALID), CLI_REFUSED },
		{ ST(SESSION_NEGOTIATION_NO_PSK), CLI_REFUSED },
		{ ST(CLONE_DIRECTION), CLI_REFUSED },
		{ ST(OPERATION_NOT_ALLOWED), CLI_REFUSED },
		{ ST(FAILED_TO_CLONE_AN_OBJECT), CLI_PARTIAL },
		{ ST(DEVICE_TIMEOUT), CLI_TIMEOUT },
		{ ST(SLOT_ID_INVALID), CLI_NO_DEVICE },
		{ ST(OBJECT_HANDLE_INVALID), CLI_FAILED },
		{ ST(SIGNATURE_INVALID), CLI_FAILED },
		{ INT64_MIN, CLI_FAILED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_int_equal(cli_status_of(rows[i].rc), rows[i].status);
}

/* ---- Text that comes from cards ---------------------------------------------------- */

static void check_clean(const char *text, size_t len, const char *expected)
{
	char out[32];

	assert_string_equal(out_clean(text, len, out, sizeof(out)), expected);
}

static void labels_cannot_drive_the_terminal(void **state)
{
	(void)state;
	check_clean("plain", 5, "plain");
	check_clean("\x1b[2J", 4, "?[2J");
	check_clean("a\nb\x7f", 4, "a?b?");
	check_clean("\xc3\xa4", 2, "\xc3\xa4");
	check_clean("\xc3", 1, "?");
	check_clean("\xc2\x9b", 2, "??");	/* CSI as a C1 control */
	check_clean("\xc0\xaf", 2, "??");	/* overlong */
	check_clean("\xed\xa0\x80", 3, "???");	/* surrogate */
	check_clean("\xf4\x90\x80\x80", 4, "????");
	check_clean("\xe2\x82\xac", 3, "\xe2\x82\xac");
	check_clean("abc\0def", 7, "abc");
	/* A character that does not fit is left out whole. */
	check_clean("0123456789012345678901234567890\xc3\xa4", 33,
		    "0123456789012345678901234567890");
}

/* ---- Secrets ----------------------------------------------------------------------- */

static void check_fd(const char *text, size_t len, int ret, const char *expected)
{
	struct secret s;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, len), (ssize_t)len);
	close(fds[1]);
	assert_int_equal(secret_from_fd(fds[0], &s), ret);
	assert_string_equal(s.text, expected);
	close(fds[0]);
}

static void secrets_from_descriptors(void **state)
{
	char big[SECRET_MAX + 2];

	(void)state;
	check_fd("pin\n", 4, 0, "pin");
	check_fd("pin\r\nmore", 9, 0, "pin");
	check_fd("pin", 3, 0, "pin");
	check_fd("\n", 1, 0, "");
	check_fd("", 0, -ENODATA, "");
	memset(big, 'a', sizeof(big));
	check_fd(big, sizeof(big), -EMSGSIZE, "");
}

static void secrets_from_elsewhere(void **state)
{
	char dir[] = "/tmp/coffer-credXXXXXX", path[64];
	struct secret s;

	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(secret_from_credential("co", &s), -ENOENT);
	assert_non_null(mkdtemp(dir));
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	assert_int_equal(secret_from_credential("co", &s), -ENOENT);
	snprintf(path, sizeof(path), "%s/coffer.co", dir);
	assert_int_equal(file_write(path, "12345\n", 6), 0);
	assert_int_equal(secret_from_credential("co", &s), 0);
	assert_string_equal(s.text, "12345");
	secret_wipe(&s);
	assert_int_equal(s.len, 0);
	assert_int_equal(s.text[0], 0);
	assert_int_equal(secret_from_file("/nonexistent", &s), -ENOENT);
	unlink(path);
	rmdir(dir);
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* ---- Files ------------------------------------------------------------------------- */

static void files(void **state)
{
	char path[] = "/tmp/coffer-fileXXXXXX";
	uint8_t buffer[8];
	size_t len;

	(void)state;
	close(mkstemp(path));
	assert_int_equal(file_write(path, "12345678", 8), 0);
	assert_int_equal(file_read(path, buffer, 8, &len), 0);
	assert_int_equal(len, 8);
	assert_int_equal(file_read(path, buffer, 7, &len), -EFBIG);
	assert_int_equal(file_write(path, "", 0), 0);
	assert_int_equal(file_read(path, buffer, 8, &len), 0);
	assert_int_equal(len, 0);
	unlink(path);
	assert_int_equal(file_read(path, buffer, 8, &len), -ENOENT);
	assert_int_equal(file_read("/tmp", buffer, 8, &len), -EISDIR);
	assert_true(file_write("/nonexistent/x", "a", 1) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ecdsa_signatures_round_trip),
		cmocka_unit_test(ecdsa_known_bytes),
		cmocka_unit_test(lengths_that_lie),
		cmocka_unit_test(pem_round_trip),
		cmocka_unit_test(mechanisms_by_any_spelling),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(templates),
		cmocka_unit_test(exit_statuses),
		cmocka_unit_test(labels_cannot_drive_the_terminal),
		cmocka_unit_test(secrets_from_descriptors),
		cmocka_unit_test(secrets_from_elsewhere),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("cli_form", tests, NULL, NULL);
}
