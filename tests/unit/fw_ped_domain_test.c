// SPDX-License-Identifier: BSD-3-Clause
/*
 * Red keys: the domain that they are, mixed with texts, imported where roles have passwords, and
 * clones between all of these (behaviour.md section 2; rows 3, 30, 36, 37, 38, 41, 46).
 */
#include "clone_pair.h"
#include "fw_ped_bench.h"

#include <stdio.h>
#include <unistd.h>

static struct ped_bench one, two;

static int close_all(void **state)
{
	(void)state;
	if (one.b.card)
		ped_close(&one);
	if (two.b.card)
		ped_close(&two);
	one.b.card = two.b.card = NULL;
	return 0;
}

static void open_pair(const char *profile, bool auth_one, bool auth_two)
{
	ped_open(&one, profile, auth_one);
	ped_open_as(&two, profile, auth_two, 7654321);
}

static uint32_t domain_add(struct ped_bench *p, uint32_t s, uint32_t flags, const char *label,
			   const char *text)
{
	uint8_t buf[512];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, flags);
	wire_put_blob(&out, label, strlen(label));
	wire_put_blob(&out, text, strlen(text));
	return ask(&p->b, COFFER_CMD_DOMAIN_ADD, buf, out.len);
}

/* The keys of @from into the PED of @p. */
static void red_of(struct ped_bench *from, struct ped_bench *p)
{
	assert_int_equal(fw_ped_insert(p->ped, key_path(from, "red"), NULL, 0, NULL, 0), 0);
}

/* Partition 1 with passwords, in text domain "blue"; its SO logged in, policy 44 on. */
static uint32_t password_ready(struct ped_bench *p)
{
	uint32_t s = session_open(&p->b, p->b.owner, 1, true, NULL);

	expect(init_ask(&p->b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "blue"), 0);
	expect(login(&p->b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(role_ask(&p->b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(policy_set(&p->b, s, 0, 44, 1), 0);
	return s;
}

/* The CO in; what the relay of clone_pair.c works with. */
static struct test_card as_card(struct ped_bench *p, uint32_t s, const char *pin)
{
	struct test_card card = { .profile = "coffer", .card = p->b.card, .owner = p->b.owner,
				  .part = 1, .session = s };

	session_only(&p->b, COFFER_CMD_LOGOUT, s);
	expect(login(&p->b, s, COFFER_ROLE_CO, pin), 0);
	return card;
}

static uint32_t clone_key(struct test_card *from, struct test_card *to)
{
	uint32_t handle = tc_make_aes(from, "key");
	uint32_t copy = 0;
	struct run *r = run_new(from, to);
	uint32_t st = run_clever(r);

	if (!st) {
		struct test_blob blob;
		uint32_t got;

		st = run_extract(r, &handle, 1, &blob, &got);
		if (!st && got)
			st = blob.verdict ? blob.verdict :
					    run_insert_one(r, blob.p, blob.len, &copy);
		if (!st)
			blobs_free(&blob, 1);
	}
	run_give_up(r);
	free(r);
	return st;
}

/* row 46 */
static void the_red_key_is_the_domain(void **state)
{
	struct test_card a, b;
	uint32_t s, t;

	(void)state;
	open_pair(NULL, true, true);
	ring_in(&one);
	ring_in(&two);
	s = ped_ready(&one);
	/* A key of its own: another domain. */
	t = ped_ready(&two);
	a = as_card(&one, s, "");
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
	/* The same red key: the same domain. */
	session_only(&two.b, COFFER_CMD_LOGOUT, t);
	expect(ped_login(&two, t, COFFER_ROLE_PO), 0);
	red_of(&one, &two);
	expect(ped_init(&two, COFFER_CMD_PARTITION_INIT, t, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_login(&two, t, COFFER_ROLE_PO), 0);
	expect(role_ask(&two.b, COFFER_CMD_ROLE_INIT, t, COFFER_ROLE_CO, ""), 0);
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), 0);
}

/* row 36 */
static void red_and_text_domains_mix_in_one_partition(void **state)
{
	const struct coffer_domain_row *rows;
	struct test_card a, b;
	uint32_t s, t;

	(void)state;
	open_pair(NULL, true, false);
	ring_in(&one);
	s = ped_ready(&one);
	expect(ped_login(&one, s, COFFER_ROLE_PO), 0);
	expect(domain_add(&one, s, 0, "text", "blue"), COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED);
	expect(policy_set(&one.b, s, 0, 44, 1), 0);
	expect(domain_add(&one, s, 0, "text", "blue"), 0);
	key_new(&one, "red2", COFFER_PED_RED, NULL);
	key_in(&one, "red2", NULL);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "text", ""),
	       COFFER_ST_DOMAIN_LABEL_ALREADY_EXISTS);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "third", "x"), COFFER_ST_ARGUMENTS_BAD);
	assert_true(key_blank(&one, "red2"));
	expect(domain_add(&one, s, COFFER_DOMAIN_PED | COFFER_DOMAIN_PRIMARY, "third", ""), 0);
	assert_false(key_blank(&one, "red2"));
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "fourth", ""), COFFER_ST_DOMAIN_MAX_REACHED);
	/* The list, before and after a power cycle. */
	for (int i = 0; i < 2; i++) {
		expect(session_only(&one.b, COFFER_CMD_DOMAIN_LIST, s), 0);
		rows = (const void *)(one.b.reply + 4);
		assert_int_equal(word(&one.b, 0), 3);
		assert_int_equal(rows[0].flags, COFFER_DOMAIN_PRIMARY | COFFER_DOMAIN_PED);
		assert_int_equal(rows[1].flags, COFFER_DOMAIN_PED);
		assert_int_equal(rows[2].flags, 0);
		assert_string_equal(rows[2].label, "text");
		ped_power(&one);
		s = session_open(&one.b, one.b.owner, 1, true, NULL);
		expect(ped_login(&one, s, COFFER_ROLE_PO), 0);
	}
	/* Both clone paths, to a password partition that has the text, and then the red key. */
	t = password_ready(&two);
	a = as_card(&one, s, "");
	b = as_card(&two, t, CO_PIN);
	expect(clone_key(&a, &b), 0);
	session_only(&two.b, COFFER_CMD_LOGOUT, t);
	expect(login(&two.b, t, COFFER_ROLE_PO, PO_PIN), 0);
	expect(init_ask(&two.b, COFFER_CMD_PARTITION_INIT, t, "one", PO_PIN, "green"), 0);
	expect(login(&two.b, t, COFFER_ROLE_PO, PO_PIN), 0);
	expect(role_ask(&two.b, COFFER_CMD_ROLE_INIT, t, COFFER_ROLE_CO, CO_PIN), 0);
	red_of(&one, &two);
	expect(domain_add(&two, t, COFFER_DOMAIN_PED, "red", ""), 0);
	b = as_card(&two, t, CO_PIN);
	expect(clone_key(&a, &b), 0);
}

/* The same on card one, of a generation whose first password must be changed; policy 44 off. */
static uint32_t password_changed(void)
{
	uint32_t s = session_open(&one.b, one.b.owner, 1, true, NULL);

	expect(init_ask(&one.b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "blue"), 0);
	expect(login(&one.b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(role_ask(&one.b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, "first password"), 0);
	session_only(&one.b, COFFER_CMD_LOGOUT, s);
	expect(role_change(&one.b, s, COFFER_ROLE_CO, "first password", CO_PIN), 0);
	return s;
}

/* row 30 */
static void password_and_ped_partitions_clone_both_ways(void **state)
{
	struct test_card a, b;
	uint32_t s, t;

	(void)state;
	open_pair("pcie-7.8", false, true);
	ring_in(&two);
	t = ped_ready(&two);
	s = password_changed();
	a = as_card(&one, s, CO_PIN);
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), COFFER_ST_OPERATION_NOT_ALLOWED);
	session_only(&two.b, COFFER_CMD_LOGOUT, t);
	expect(ped_login(&two, t, COFFER_ROLE_PO), 0);
	expect(policy_set(&two.b, t, 0, 44, 1), 0);
	expect(domain_add(&two, t, 0, "theirs", "blue"), 0);
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), 0);
	expect(clone_key(&b, &a), 0);
}

/* row 3 */
static void before_domains_password_and_ped_do_not_mix(void **state)
{
	struct test_card a, b;
	uint32_t s, t;

	(void)state;
	open_pair("pcie-7.7.1", false, true);
	ring_in(&two);
	t = ped_ready(&two);
	s = password_changed();
	a = as_card(&one, s, CO_PIN);
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), COFFER_ST_OPERATION_NOT_ALLOWED);
	expect(clone_key(&b, &a), COFFER_ST_OPERATION_NOT_ALLOWED);
	/* Nor can its red key be brought over. */
	session_only(&one.b, COFFER_CMD_LOGOUT, s);
	expect(login(&one.b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "red", ""),
	       COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(ped_init(&one, COFFER_CMD_PARTITION_INIT, s, COFFER_INIT_PED_DOMAIN),
	       COFFER_ST_PED_UNSUPPORTED);
}

/* rows 37, 38 */
static void a_red_key_is_imported_from_a_local_ped_only(void **state)
{
	struct coffer_rep_ped status;
	uint32_t s;
	FILE *f;

	(void)state;
	ped_open(&one, NULL, false);
	s = password_ready(&one);
	key_filled(&one, "red", COFFER_PED_RED);
	key_in(&one, "red", NULL);
	f = fopen(key_path(&one, "pedkeys/remote"), "w");
	assert_non_null(f);
	fclose(f);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "red", ""), COFFER_ST_OPERATION_NOT_ALLOWED);
	status = ped_status(&one, s);
	assert_non_null(strstr(status.prompt, "remote PED is running"));
	assert_int_equal(unlink(key_path(&one, "pedkeys/remote")), 0);
	assert_int_equal(fw_ped_disconnect(one.b.path, NULL, 0), 0);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "red", ""), COFFER_ST_PED_UNPLUGGED);
	assert_int_equal(fw_ped_connect(one.b.path, one.ped, NULL, 0), 0);
	expect(policy_set(&one.b, s, 0, 44, 0), 0);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "red", ""),
	       COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED);
	expect(policy_set(&one.b, s, 0, 44, 1), 0);
	expect(domain_add(&one, s, COFFER_DOMAIN_PED, "red", ""), 0);
}

/* row 41 */
static void a_cloud_service_takes_a_text_or_a_red_key_at_init(void **state)
{
	uint8_t buf[256];
	struct wire_out out;
	uint32_t s;

	(void)state;
	ped_open(&one, "cloud-2.0", false);
	s = session_open(&one.b, one.b.owner, 1, true, NULL);
	key_filled(&one, "red", COFFER_PED_RED);
	key_in(&one, "red", NULL);
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, COFFER_INIT_PED_DOMAIN);
	wire_put_blob(&out, "one", 3);
	wire_put_blob(&out, PO_PIN, strlen(PO_PIN));
	wire_put_blob(&out, NULL, 0);
	expect(ask(&one.b, COFFER_CMD_PARTITION_INIT, buf, out.len), 0);
	expect(login(&one.b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(session_only(&one.b, COFFER_CMD_DOMAIN_LIST, s), 0);
	assert_int_equal(word(&one.b, 4), COFFER_DOMAIN_PRIMARY | COFFER_DOMAIN_PED);
	expect(init_ask(&one.b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "text"), 0);
	expect(login(&one.b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(session_only(&one.b, COFFER_CMD_DOMAIN_LIST, s), 0);
	assert_int_equal(word(&one.b, 4), COFFER_DOMAIN_PRIMARY);
}

/* An archive has its own blue and black keys; the red one is that of the cards it serves. */
static void a_backup_card_with_a_ped_keeps_and_gives_back(void **state)
{
	struct test_card a, b;
	uint32_t s, t, handle, gone[2];

	(void)state;
	ped_open(&one, "pcie-7.4", true);
	ped_open_as(&two, "backup-g5-6.28", true, 7654321);
	ring_in(&one);
	ring_in(&two);
	s = ped_ready(&one);
	red_of(&one, &two);
	t = session_open(&two.b, two.b.owner, 0, true, NULL);
	expect(ped_init(&two, COFFER_CMD_HSM_INIT, t, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_login(&two, t, COFFER_ROLE_SO), 0);
	expect(partition_create(&two.b, t, 0, "archive"), 0);
	t = ped_ready(&two);
	a = as_card(&one, s, "");
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), 0);
	assert_int_equal(tc_count(&b), 1);
	expect(tc_list(&b, &handle, 1), 1);
	expect(clone_one(&b, &a, handle, &gone[1]), COFFER_ST_OBJECT_ALREADY_EXISTS);
	assert_int_equal(tc_list(&a, &gone[1], 1), 1);
	gone[0] = a.session;
	expect(ask(&one.b, COFFER_CMD_OBJECT_DESTROY, gone, sizeof(gone)), 0);
	expect(clone_one(&b, &a, handle, &gone[1]), 0);
	/* Of another card with another red key it takes nothing. */
	session_only(&two.b, COFFER_CMD_LOGOUT, t);
	key_new(&two, "red2", COFFER_PED_RED, NULL);
	key_in(&two, "red2", NULL);
	expect(ped_login(&two, t, COFFER_ROLE_PO), 0);
	expect(ped_init(&two, COFFER_CMD_PARTITION_INIT, t, COFFER_INIT_PED_DOMAIN), 0);
	expect(ped_login(&two, t, COFFER_ROLE_PO), 0);
	expect(role_ask(&two.b, COFFER_CMD_ROLE_INIT, t, COFFER_ROLE_CO, ""), 0);
	b = as_card(&two, t, "");
	assert_int_not_equal(clone_key(&a, &b), 0);
	assert_int_equal(tc_count(&b), 0);
	/* Passwords do not reach it. */
	session_only(&two.b, COFFER_CMD_LOGOUT, t);
	expect(login(&two.b, t, COFFER_ROLE_PO, PO_PIN), COFFER_ST_OPERATION_NOT_ALLOWED);
}

/* The PIN of a red key is part of the domain. */
static void another_pin_is_another_domain(void **state)
{
	struct test_card a, b;
	uint32_t s, t;

	(void)state;
	open_pair(NULL, true, true);
	ring_in(&one);
	ring_in(&two);
	key_new(&one, "secure", COFFER_PED_RED, "1234");
	key_in(&one, "secure", "1234");
	s = ped_ready(&one);
	assert_int_equal(fw_ped_insert(two.ped, key_path(&one, "secure"), "4321", 4, NULL, 0), 0);
	t = ped_ready(&two);
	a = as_card(&one, s, "");
	b = as_card(&two, t, "");
	expect(clone_key(&a, &b), COFFER_ST_SESSION_NEGOTIATION_NO_PSK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_teardown(f, close_all)
		T(the_red_key_is_the_domain),
		T(red_and_text_domains_mix_in_one_partition),
		T(password_and_ped_partitions_clone_both_ways),
		T(before_domains_password_and_ped_do_not_mix),
		T(a_red_key_is_imported_from_a_local_ped_only),
		T(a_cloud_service_takes_a_text_or_a_red_key_at_init),
		T(a_backup_card_with_a_ped_keeps_and_gives_back),
		T(another_pin_is_another_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
