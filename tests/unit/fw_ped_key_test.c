// SPDX-License-Identifier: BSD-3-Clause
/*
 * PED keys: colours, blank and imprinted ones, duplicates, PINs, what counts as a failed login
 * and what does not (behaviour.md 5.2, 5.4; rows 3, 45, 46).
 */
#include "fw_ped_bench.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static struct ped_bench bench;

static int open_it(void **state)
{
	*state = &bench;
	ped_open(&bench, NULL, true);
	return 0;
}

static int close_it(void **state)
{
	ped_close(*state);
	return 0;
}

static void logout(struct ped_bench *p, uint32_t s)
{
	expect(session_only(&p->b, COFFER_CMD_LOGOUT, s), 0);
}

static size_t file_read(const char *path, void *buf, size_t room)
{
	FILE *f = fopen(path, "r");
	size_t len;

	assert_non_null(f);
	len = fread(buf, 1, room, f);
	fclose(f);
	return len;
}

static void blank_keys_get_their_secret_when_roles_are_made(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s;

	ring_in(p);
	assert_true(key_blank(p, "blue") && key_blank(p, "red") && key_blank(p, "black"));
	s = ped_ready(p);
	assert_false(key_blank(p, "blue") || key_blank(p, "red") || key_blank(p, "black"));
	/* Nobody asked for it. */
	assert_true(key_blank(p, "white"));
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
}

/* row 45 */
static void wrong_key_of_the_right_color_counts_wrong_color_does_not(void **state)
{
	struct ped_bench *p = *state;
	static struct waiting w;
	struct coffer_rep_ped status;
	uint32_t s;

	ring_in(p);
	s = ped_ready(p);
	key_out(p, 0);
	key_in(p, "blue", NULL);
	wait_login(p, &w, s, COFFER_ROLE_CO);
	wait_started(p, s);
	status = ped_status(p, s);
	assert_int_equal(status.color, COFFER_PED_BLACK);
	assert_non_null(strstr(status.prompt, "This is a blue key"));
	assert_true(status.connected && status.remaining_ms > 150000 &&
		    status.remaining_ms <= 200000);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	/* A blank one is no key at all. */
	key_new(p, "blank", COFFER_PED_BLACK, NULL);
	key_in(p, "blank", NULL);
	while (!strstr(ped_status(p, s).prompt, "is blank"))
		;
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	assert_true(key_blank(p, "blank"));
	key_filled(p, "wrong", COFFER_PED_BLACK);
	key_in(p, "wrong", NULL);
	expect(wait_end(&w), COFFER_ST_PIN_INCORRECT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 9);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PIN_INCORRECT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 8);
	key_in(p, "black", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
}

static void ten_wrong_keys_lock_the_crypto_officer(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s, i;

	ring_in(p);
	s = ped_ready(p);
	key_filled(p, "wrong", COFFER_PED_BLACK);
	key_in(p, "wrong", NULL);
	for (i = 0; i < 9; i++)
		expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PIN_INCORRECT);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_USER_LOCKED_OUT);
	/* The right one comes too late, and is not asked for. */
	key_out(p, 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_USER_LOCKED_OUT);
	key_in(p, "black", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_USER_LOCKED_OUT);
}

static void three_wrong_blue_keys_zeroize_the_card(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s = session_open(&p->b, p->b.owner, 0, true, NULL);

	ring_in(p);
	expect(ped_init(p, COFFER_CMD_HSM_INIT, s, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_login(p, s, COFFER_ROLE_SO), 0);
	logout(p, s);
	key_filled(p, "wrong", COFFER_PED_BLUE);
	key_in(p, "wrong", NULL);
	expect(ped_login(p, s, COFFER_ROLE_SO), COFFER_ST_PIN_INCORRECT);
	expect(ped_login(p, s, COFFER_ROLE_SO), COFFER_ST_PIN_INCORRECT);
	expect(ped_login(p, s, COFFER_ROLE_SO), COFFER_ST_SO_LOGIN_FAILURE_THRESHOLD);
	expect(ped_login(p, s, COFFER_ROLE_SO), COFFER_ST_USER_PIN_NOT_INITIALIZED);
}

static void the_pin_of_a_key_is_part_of_its_secret(void **state)
{
	struct ped_bench *p = *state;
	static struct waiting w;
	uint32_t s;

	ring_in(p);
	key_new(p, "guarded", COFFER_PED_BLACK, "4711");
	key_in(p, "guarded", "4711");
	s = ped_ready(p);
	assert_false(key_blank(p, "guarded"));
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	key_in(p, "guarded", "4712");
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PIN_INCORRECT);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 9);
	/* Nothing typed is no attempt. */
	key_in(p, "guarded", NULL);
	wait_login(p, &w, s, COFFER_ROLE_CO);
	wait_started(p, s);
	assert_non_null(strstr(ped_status(p, s).prompt, "Type the PIN of the black key"));
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 9);
	key_in(p, "guarded", "4711");
	expect(wait_end(&w), 0);
	logout(p, s);
	/* What was typed cannot be read: nobody knows what it was, and nothing counts. */
	assert_int_equal(truncate(key_path(p, "pedkeys/black.pin"), 10), 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PED_ERROR);
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	assert_int_not_equal(fw_ped_insert(p->ped, key_path(p, "blue"), "4711", 4, NULL, 0), 0);
}

/* The file is what somebody finds: neither PIN nor its stretched form is in it. */
static void the_key_file_does_not_hold_the_pin(void **state)
{
	struct ped_bench *p = *state;
	uint8_t file[512];
	size_t len;

	key_new(p, "guarded", COFFER_PED_BLACK, "a PIN to be found");
	key_in(p, "guarded", "a PIN to be found");
	len = file_read(key_path(p, "guarded"), file, sizeof(file));
	assert_null(memmem(file, len, "a PIN", 5));
	len = file_read(key_path(p, "pedkeys/black.pin"), file, sizeof(file));
	assert_true(len > 32);
	assert_null(memmem(file, len, "a PIN", 5));
}

static void a_duplicate_is_as_good_as_the_key(void **state)
{
	struct ped_bench *p = *state;
	struct fw_ped_key key;
	uint32_t s;

	ring_in(p);
	assert_int_not_equal(fw_ped_key_copy(key_path(p, "black"), key_path(p, "spare"), NULL, 0),
			     0);
	s = ped_ready(p);
	assert_int_equal(fw_ped_key_copy(key_path(p, "black"), key_path(p, "spare"), NULL, 0), 0);
	assert_int_equal(fw_ped_key_show(key_path(p, "spare"), &key, NULL, 0), 0);
	assert_int_equal(key.color, COFFER_PED_BLACK);
	assert_string_equal(key.label, "black");
	key_in(p, "spare", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	/* A key made anew leaves its duplicates behind. */
	expect(role_change(&p->b, s, COFFER_ROLE_CO, "", ""), 0);
	logout(p, s);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	logout(p, s);
	key_in(p, "black", NULL);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PIN_INCORRECT);
}

/* A key that has a secret keeps it: one blue key for the card's SO and the partition's. */
static void a_group_key_serves_several_roles(void **state)
{
	struct ped_bench *p = *state;
	uint8_t before[512], after[512];
	uint32_t admin = session_open(&p->b, p->b.owner, 0, true, NULL), s;
	size_t len;

	ring_in(p);
	expect(ped_init(p, COFFER_CMD_HSM_INIT, admin, COFFER_INIT_PED_DOMAIN), 0);
	len = file_read(key_path(p, "blue"), before, sizeof(before));
	s = ped_ready(p);
	assert_int_equal(file_read(key_path(p, "blue"), after, sizeof(after)), len);
	assert_memory_equal(before, after, len);
	expect(ped_login(p, admin, COFFER_ROLE_SO), 0);
	expect(ped_login(p, s, COFFER_ROLE_PO), 0);
}

static void crypto_user_shows_grey_or_black_and_auditor_white(void **state)
{
	struct ped_bench *p = *state;
	uint32_t admin = session_open(&p->b, p->b.owner, 0, true, NULL), s;

	ring_in(p);
	s = ped_ready(p);
	assert_false(key_blank(p, "grey"));
	expect(ped_login(p, s, COFFER_ROLE_CU), 0);
	logout(p, s);
	/* The black key is another one: the CO's. */
	key_out(p, COFFER_PED_GREY);
	expect(ped_login(p, s, COFFER_ROLE_CU), COFFER_ST_PIN_INCORRECT);
	expect(role_ask(&p->b, COFFER_CMD_AUDIT_INIT, admin, 0, ""), 0);
	assert_false(key_blank(p, "white"));
	expect(ped_login(p, admin, COFFER_ROLE_AU), 0);
}

static void passwords_are_not_taken(void **state)
{
	struct ped_bench *p = *state;
	struct bench *b = &p->b;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	ring_in(p);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "domain"),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", "", "domain"),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	s = ped_ready(p);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(attempts_left(b, s, COFFER_ROLE_CO), 10);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_LCO, "lco password"),
	       COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(role_change(b, s, COFFER_ROLE_CO, "", "new"), COFFER_ST_ARGUMENTS_BAD);
}

static void damage(struct ped_bench *p, const char *name, long at)
{
	FILE *f = fopen(key_path(p, name), "r+");
	int c;

	assert_non_null(f);
	fseek(f, at, SEEK_SET);
	c = getc(f);
	fseek(f, at, SEEK_SET);
	putc(c ^ 1, f);
	fclose(f);
}

/* Each byte in turn: nothing in the file goes unnoticed, and none of it costs an attempt. */
static void a_damaged_key_is_an_error(void **state)
{
	struct ped_bench *p = *state;
	uint8_t file[512];
	uint32_t s;
	size_t len, i;

	ring_in(p);
	s = ped_ready(p);
	len = file_read(key_path(p, "black"), file, sizeof(file));
	for (i = 0; i < len; i++) {
		damage(p, "black", (long)i);
		expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PED_ERROR);
		damage(p, "black", (long)i);
	}
	expect(attempts_left(&p->b, s, COFFER_ROLE_CO), 10);
	expect(ped_login(p, s, COFFER_ROLE_CO), 0);
	assert_int_equal(truncate(key_path(p, "black"), (off_t)len - 1), 0);
	logout(p, s);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PED_ERROR);
}

/* A blue key under the name of a black one. */
static void a_key_in_a_wrong_place_is_an_error(void **state)
{
	struct ped_bench *p = *state;
	uint32_t s;

	ring_in(p);
	s = ped_ready(p);
	key_out(p, COFFER_PED_BLACK);
	assert_int_equal(symlink(key_path(p, "blue"), key_path(p, "pedkeys/black.key")), 0);
	expect(ped_login(p, s, COFFER_ROLE_CO), COFFER_ST_PED_ERROR);
}

static void tools_refuse_what_is_no_key(void **state)
{
	struct ped_bench *p = *state;
	struct fw_ped_make how = { .color = COFFER_PED_RED };
	struct fw_ped_key key;

	assert_int_equal(fw_ped_key_show(key_path(p, "none"), &key, NULL, 0), -ENOENT);
	assert_int_equal(fw_ped_insert(p->ped, key_path(p, "card/nv"), NULL, 0, NULL, 0),
			 -EBADMSG);
	assert_int_equal(fw_ped_key_create(key_path(p, "red"), &how, NULL, 0), 0);
	assert_int_equal(fw_ped_key_create(key_path(p, "red"), &how, NULL, 0), -EEXIST);
	how.pin = "123";
	how.pin_len = 3;
	assert_int_equal(fw_ped_key_create(key_path(p, "x"), &how, NULL, 0), -EINVAL);
	how = (struct fw_ped_make){ .color = COFFER_PED_COLORS };
	assert_int_equal(fw_ped_key_create(key_path(p, "x"), &how, NULL, 0), -EINVAL);
	assert_int_equal(fw_ped_connect(p->b.dir, p->ped, NULL, 0), -ENOENT);
}

static void only_some_profiles_have_a_ped(void **state)
{
	struct fw_create how = { .profile = "cloud-2.0", .ped = true };
	struct ped_bench *p = *state;

	assert_int_equal(fw_card_create(key_path(p, "cloud"), &how, NULL, 0), -EINVAL);
	expect(ask(&p->b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	assert_true(word(&p->b, 12) & COFFER_CARD_PED);
	expect(ped_status(p, session_open(&p->b, p->b.owner, 0, false, NULL)).connected, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)
		T(blank_keys_get_their_secret_when_roles_are_made),
		T(wrong_key_of_the_right_color_counts_wrong_color_does_not),
		T(ten_wrong_keys_lock_the_crypto_officer),
		T(three_wrong_blue_keys_zeroize_the_card),
		T(the_pin_of_a_key_is_part_of_its_secret),
		T(the_key_file_does_not_hold_the_pin),
		T(a_duplicate_is_as_good_as_the_key),
		T(a_group_key_serves_several_roles),
		T(crypto_user_shows_grey_or_black_and_auditor_white),
		T(passwords_are_not_taken),
		T(a_damaged_key_is_an_error),
		T(a_key_in_a_wrong_place_is_an_error),
		T(tools_refuse_what_is_no_key),
		T(only_some_profiles_have_a_ped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
