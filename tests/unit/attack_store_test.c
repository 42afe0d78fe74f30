// SPDX-License-Identifier: BSD-3-Clause
/*
 * Whoever has the card's folder (quality.md A3.3, A5): old stores put back, sealed values moved,
 * and what a host finds by looking at the store alone. Then what one owner can do to another.
 */
#include "object_bench.h"

#include <errno.h>
#include <stdio.h>

#include "card.h"
#include "nv.h"
#include "object_internal.h"

/* ---- Old stores -------------------------------------------------------------------------- */

/* @fmt may name the card's folder twice. */
static void shell(struct bench *b, const char *fmt)
{
	char line[1024];

	snprintf(line, sizeof(line), fmt, b->path, b->path, b->path, b->path);
	assert_int_equal(system(line), 0);
}

static void make_objects(uint32_t count)
{
	be(COFFER_ROLE_CO);
	for (uint32_t i = 0; i < count; i++) {
		t_data("d");
		expect(o_create(NULL), COFFER_ST_OK);
	}
}

static void on_again(void)
{
	expect(bench_on(&bench, NULL), 0);
	session = session_open(&bench, bench.owner, 1, true, NULL);
	be(COFFER_ROLE_CO);
}

/* Only a few changes since, none of them a login: the mark that is made at power-off counts. */
static void old_store_after_a_clean_close(void **state)
{
	(void)state;
	bench_off(&bench);
	shell(&bench, "rm -rf %s.old && cp -a %s %s.old");
	on_again();
	make_objects(3);
	bench_off(&bench);
	shell(&bench, "cp -a %s %s.new && rm -f %s/store*");
	shell(&bench, "cp -a %s.old/store* %s/");
	expect(bench_on(&bench, NULL), -ESTALE);
	assert_non_null(strstr(bench.err, "rolled back"));
	assert_null(bench.card);
	shell(&bench, "rm -rf %s %s.old && mv %s.new %s");
	on_again();
}

/* Never switched off: the marks that are made while it runs are in nv already. */
static void old_store_after_many_commits(void **state)
{
	struct bench other = bench;

	(void)state;
	bench_off(&bench);
	shell(&bench, "rm -rf %s.old && cp -a %s %s.old");
	on_again();
	make_objects(600);
	shell(&bench, "cp -a %s/nv %s.old/nv");
	snprintf(other.path, sizeof(other.path), "%.70s.old", bench.path);
	expect(bench_on(&other, NULL), -ESTALE);
	assert_null(other.card);
	shell(&bench, "rm -rf %s.old");
}

/* Each partition's key under another's name: bound to whose it is. */
static void sealed_values_are_of_their_partition(void **state)
{
	(void)state;
	hsm_ready(&bench);
	partition_ready(&bench);
	bench_off(&bench);
	shell(&bench, "cp -a %s %s.new");
	shell(&bench, "python3 - %s/store <<'E'\n"
	      "import sqlite3,sys\n"
	      "c=sqlite3.connect(sys.argv[1])\n"
	      "c.execute(\"update vals set value=(select value from vals where name='roles'"
	      " and scope=0) where name='roles' and scope=1\")\n"
	      "c.commit()\nE");
	expect(bench_on(&bench, NULL), -EBADMSG);
	shell(&bench, "rm -rf %s && mv %s.new %s");
	on_again();
}

/* ---- What the store shows ---------------------------------------------------------------- */

static struct cmd inside(void)
{
	return (struct cmd){ .card = bench.card, .crypto = bench.card->crypto,
			     .owner = bench.owner, .part = partition_find(bench.card, 1),
			     .role = COFFER_ROLE_CO, .session_rw = true };
}

/* Two partitions, or cards, with an object of the same label: nobody sees that they are equal. */
static void equal_labels_look_different(void **state)
{
	struct attr a = { A(LABEL), 3, (uint8_t *)"abc" };
	uint8_t here[STORE_TAG_LEN], there[STORE_TAG_LEN];
	struct fw_partition fake = { .id = 2, .initialised = true };
	struct cmd c = inside(), other = c;

	(void)state;
	other.part = &fake;
	expect(object_tag(&c, A(LABEL), &a, here), COFFER_ST_OK);
	expect(object_tag(&other, A(LABEL), &a, there), COFFER_ST_OK);
	assert_memory_not_equal(here, there, STORE_TAG_LEN);
}

static void records_are_chained_by_a_key_of_the_card(void **state)
{
	uint8_t record[AUDIT_BODY] = { 1 }, before[AUDIT_CHAIN] = { 0 };
	uint8_t one[AUDIT_CHAIN], two[AUDIT_CHAIN];
	struct bench other;

	(void)state;
	/* Benches of one serial number are copies of one card. */
	bench_make(&other, NULL, false, 7654321);
	assert_int_equal(bench_on(&other, NULL), 0);
	expect(audit_chain(bench.card, before, record, one), COFFER_ST_OK);
	expect(audit_chain(bench.card, before, record, two), COFFER_ST_OK);
	assert_memory_equal(one, two, AUDIT_CHAIN);
	expect(audit_chain(other.card, before, record, two), COFFER_ST_OK);
	assert_memory_not_equal(one, two, AUDIT_CHAIN);
	before[31] = 1;
	expect(audit_chain(bench.card, before, record, two), COFFER_ST_OK);
	assert_memory_not_equal(one, two, AUDIT_CHAIN);
	before[31] = 0;
	record[AUDIT_BODY - 1] ^= 1;
	expect(audit_chain(bench.card, before, record, two), COFFER_ST_OK);
	assert_memory_not_equal(one, two, AUDIT_CHAIN);
	bench_close(&other);
}

/* ---- Others' objects --------------------------------------------------------------------- */

/* In another partition a handle is no handle, not a damaged object. */
static void a_handle_is_of_its_partition(void **state)
{
	struct fw_partition fake = { .id = 2, .serial = 2, .initialised = true };
	struct cmd other = inside();
	struct object o;
	uint32_t handle;

	(void)state;
	t_secret(COFFER_CKK_AES, 32);
	expect(o_create(&handle), COFFER_ST_OK);
	other.part = &fake;
	expect(object_load(&other, handle, &o), COFFER_ST_OBJECT_HANDLE_INVALID);
	expect(o_destroy(handle), COFFER_ST_OK);
}

static uint32_t sign_as(uint64_t owner, uint32_t s, uint32_t handle)
{
	uint32_t req[] = { s, handle, COFFER_CKM_SHA256_HMAC, 0, 4, 0x61616161 };

	return ask_as(&bench, owner, COFFER_CMD_SIGN, req, sizeof(req));
}

/* Both are the Crypto Officer, and the key is ready in memory: it is still not the other's. */
static void a_session_key_is_of_its_owner(void **state)
{
	uint64_t other = owner_open(&bench);
	uint32_t s = session_open(&bench, other, 1, true, NULL), handle;
	uint64_t mine = bench.owner;

	(void)state;
	t_secret(COFFER_CKK_GENERIC_SECRET, 32);
	t_bool(A(TOKEN), false);
	expect(o_create(&handle), COFFER_ST_OK);
	expect(sign_as(bench.owner, session, handle), COFFER_ST_OK);
	bench.owner = other;
	expect(login(&bench, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_OK);
	bench.owner = mine;
	expect(sign_as(other, s, handle), COFFER_ST_KEY_HANDLE_INVALID);
	/* Nor is the session. */
	expect(sign_as(other, session, handle), COFFER_ST_SESSION_HANDLE_INVALID);
	expect(owner_close(&bench, other), COFFER_ST_OK);
	expect(sign_as(bench.owner, session, handle), COFFER_ST_OK);
	expect(o_destroy(handle), COFFER_ST_OK);
}

/* The last attempt was used up, but power went before what follows: no right password now. */
static void no_password_is_right_beyond_the_limit(void **state)
{
	uint32_t count = 0, s;

	(void)state;
	be(COFFER_ROLE_NONE);
	while (count < 10)
		assert_int_equal(nv_attempt(bench.card->nv, 1, COFFER_ROLE_PO, &count), 0);
	assert_int_not_equal(login(&bench, session, COFFER_ROLE_PO, PO_PIN), 0);
	s = session_open(&bench, bench.owner, 1, true, NULL);
	/* What the tenth wrong one does was done now: the partition is empty. */
	expect(login(&bench, s, COFFER_ROLE_PO, PO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_labels_look_different),
		cmocka_unit_test(records_are_chained_by_a_key_of_the_card),
		cmocka_unit_test(a_handle_is_of_its_partition),
		cmocka_unit_test(a_session_key_is_of_its_owner),
		cmocka_unit_test(old_store_after_a_clean_close),
		cmocka_unit_test(old_store_after_many_commits),
		cmocka_unit_test(sealed_values_are_of_their_partition),
		cmocka_unit_test(no_password_is_right_beyond_the_limit),
	};

	return cmocka_run_group_tests(tests, objects_begin, objects_end);
}
