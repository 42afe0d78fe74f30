// SPDX-License-Identifier: BSD-3-Clause
/*
 * Row 1 of behaviour.md: in clone, backup and restore no key crosses the host in the clear.
 * Every byte of every command and reply is recorded; ten known keys, put on the source before,
 * are searched for in it, in every encoding; and the search has to find one that is planted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "e2e/recorder.h"
#include "lib_story.h"

#define KEYS 10
#define KEY_LEN 32
#define BACKUP "backup-g5-6.28"

static struct story story;
static uint8_t keys[KEYS][KEY_LEN];
static uint8_t *recording;
static size_t recording_len;
static unsigned int extracts, inserts, logins;

/* ---- Ten known keys, not recorded ----------------------------------------------------------- */

static void key_put(struct coffer_session *s, const uint8_t *value, uint64_t class, uint64_t type)
{
	static const uint8_t p256[] = {
		0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
	};
	static const uint8_t yes = 1;
	const struct coffer_attr tmpl[] = {
		{ CKA(CLASS), 8, &class },
		{ CKA(KEY_TYPE), 8, &type },
		{ CKA(TOKEN), 1, &yes },
		{ CKA(PRIVATE), 1, &yes },
		{ CKA(SENSITIVE), 1, &yes },
		{ CKA(VALUE), KEY_LEN, value },
		{ CKA(EC_PARAMS), sizeof(p256), p256 },
	};
	uint32_t handle;

	GOOD(coffer_object_create(s, tmpl, type == COFFER_CKK_EC ? 7 : 6, &handle));
}

static void keys_put(struct coffer_session *s)
{
	static const uint64_t types[] = {
		COFFER_CKK_AES, COFFER_CKK_GENERIC_SECRET, COFFER_CKK_EC,
	};

	for (int i = 0; i < KEYS; i++) {
		uint64_t type = types[i % 3];

		assert_int_equal(getrandom(keys[i], KEY_LEN, 0), KEY_LEN);
		keys[i][0] &= 0x7f;	/* below the order of P-256 */
		key_put(s, keys[i], type == COFFER_CKK_EC ? COFFER_CKO_PRIVATE_KEY :
			COFFER_CKO_SECRET_KEY, type);
	}
}

/* ---- The recorded part ---------------------------------------------------------------------- */

static void wrap_all(struct recorder *r)
{
	for (unsigned int i = 0; i < STORY_CARDS; i++) {
		struct coffer_card *card = &story.ctx->cards[i];

		card->t = recorder_wrap(r, card->t);
		assert_non_null(card->t);
	}
}

static void expect_cloned(struct coffer_clone_report *report, uint32_t protocol)
{
	assert_int_equal(report->cloned, KEYS);
	assert_int_equal(report->protocol, protocol);
	coffer_clone_report_free(report);
}

static void clone_backup_restore(void)
{
	const struct coffer_archive a = {
		.card = coffer_card_at(story.ctx, STORY_BACKUP), .partition = "vault",
		.so_pin = STORY_SO, .co_pin = "archive-password-1", .domain = STORY_DOMAIN,
	};
	struct coffer_clone_report report;

	GOOD(coffer_clone(story.co[0], story.co[1], NULL, &report));
	expect_cloned(&report, COFFER_CLONE_CPV4);
	GOOD(coffer_archive_backup(story.co[0], &a, NULL, &report));
	expect_cloned(&report, COFFER_CLONE_CPV1);
	story_wipe(story.co[0]);
	GOOD(coffer_archive_restore(story.co[0], &a, NULL, &report));
	expect_cloned(&report, COFFER_CLONE_CPV1);
}

static void load(const char *file)
{
	struct stat st;
	FILE *f = fopen(file, "re");

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	recording_len = (size_t)st.st_size;
	recording = malloc(recording_len + 1);
	assert_int_equal(fread(recording, 1, recording_len, f), recording_len);
	fclose(f);
}

static int run_story(void **state)
{
	struct recorder *r;
	char file[128];

	(void)state;
	story_begin(&story, NULL, BACKUP, NULL);
	keys_put(story.co[0]);
	snprintf(file, sizeof(file), "%s/recording", story.root);
	r = recorder_open(file);
	assert_non_null(r);
	wrap_all(r);
	clone_backup_restore();
	extracts = recorder_count(r, COFFER_CMD_CLONE_EXTRACT);
	inserts = recorder_count(r, COFFER_CMD_CLONE_INSERT);
	logins = recorder_count(r, COFFER_CMD_LOGIN);
	coffer_session_close(story.co[0]);
	coffer_session_close(story.co[1]);
	coffer_close(story.ctx);
	story.ctx = NULL;
	assert_int_equal(recorder_close(r), 0);
	load(file);
	return 0;
}

static int end_story(void **state)
{
	char command[100];

	(void)state;
	free(recording);
	snprintf(command, sizeof(command), "rm -rf '%s'", story.root);
	return system(command);
}

/* ---- What it shows -------------------------------------------------------------------------- */

static void everything_was_recorded(void **state)
{
	(void)state;
	/* CPv4 moves all in one or more batches, CPv1 each alone, there and back. */
	assert_true(extracts >= 1 + 2 * KEYS);
	assert_int_equal(inserts, extracts);
	assert_true(recording_len > 3 * KEYS * KEY_LEN);
	/* What does cross in the clear is in it. */
	assert_true(logins > 0);
	assert_non_null(memmem(recording, recording_len, STORY_SO, strlen(STORY_SO)));
	assert_non_null(memmem(recording, recording_len, "vault", 5));
}

/* row 1 */
static void no_key_is_in_it(void **state)
{
	(void)state;
	for (int i = 0; i < KEYS; i++) {
		const char *how = search_secret(recording, recording_len, keys[i], KEY_LEN);

		if (how)
			fail_msg("key %d crossed the host: %s", i, how);
	}
}

static void a_planted_key_is_found(void **state)
{
	uint8_t encoded[2 * KEY_LEN + 1];
	const char *name = NULL, *found;
	unsigned int n;
	size_t len, at;

	(void)state;
	for (n = 0; (len = search_encode(n, keys[3], KEY_LEN, encoded, sizeof(encoded), &name));
	     n++) {
		uint8_t *copy = malloc(recording_len);

		memcpy(copy, recording, recording_len);
		at = recording_len / 3 + n;
		memcpy(copy + at, encoded, len);
		found = search_secret(copy, recording_len, keys[3], KEY_LEN);
		/* Both alphabets of base64 may spell it alike. */
		if (!found || strncmp(found, name, 6))
			fail_msg("%s: %s", name, found ? found : "not found");
		free(copy);
	}
	assert_int_equal(n, 13);
}

static void half_a_key_is_found(void **state)
{
	uint8_t *copy = malloc(recording_len);

	(void)state;
	memcpy(copy, recording, recording_len);
	memcpy(copy + 1000, keys[5] + KEY_LEN / 2, KEY_LEN / 2);
	assert_non_null(search_secret(copy, recording_len, keys[5], KEY_LEN));
	free(copy);
}

/* The encoders against texts that others encoded. */
static void encodings_are_what_they_say(void **state)
{
	const uint8_t *secret = (const uint8_t *)"a secret text>?~";

	(void)state;
	assert_string_equal(search_secret((const uint8_t *)"..YSBzZWNyZXQgdGV4dD4/fg==", 26,
					  secret, 16), "base64, alignment 0");
	assert_string_equal(search_secret((const uint8_t *)"LmEgc2VjcmV0IHRleHQ-P34=", 24,
					  secret, 16), "base64url, alignment 1");
	assert_string_equal(search_secret((const uint8_t *)"Li5hIHNlY3JldCB0ZXh0Pj9+", 24,
					  secret, 16), "base64, alignment 2");
	assert_string_equal(search_secret((const uint8_t *)"612073656372657420746578743e3f7e",
					  32, secret, 16), "hex");
	assert_null(search_secret((const uint8_t *)"nothing at all of it in here....", 32,
				  secret, 16));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_was_recorded),
		cmocka_unit_test(no_key_is_in_it),
		cmocka_unit_test(a_planted_key_is_found),
		cmocka_unit_test(half_a_key_is_found),
		cmocka_unit_test(encodings_are_what_they_say),
	};

	return cmocka_run_group_tests(tests, run_story, end_story);
}
