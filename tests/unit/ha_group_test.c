// SPDX-License-Identifier: BSD-3-Clause
/* A group at work: one slot, whose keys are on all members and whose work is shared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha_bench.h"

static const uint8_t key[32] = "thirty-two bytes of an AES key..";

/* row 55 */
static void a_group_is_a_slot(void **state)
{
	struct coffer_slot slot, *list;
	size_t count;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	GOOD(coffer_slot_find(b.ctx, BENCH_SLOT, &slot));
	assert_string_equal(slot.label, "g");
	assert_int_equal(slot.members, 3);
	assert_int_equal(slot.card, UINT_MAX);
	assert_int_equal(coffer_slot_find(b.ctx, BENCH_SLOT + 1, &slot), ST(SLOT_ID_INVALID));
	GOOD(coffer_slots(b.ctx, &list, &count));
	/* The card's own, that which it came with, ours; and the group. */
	assert_int_equal(count, 10);
	for (size_t i = 1; i < count; i++)
		assert_true(list[i - 1].slot < list[i].slot);
	free(list);
}

/* Every object was made by the first member: its partition's serial begins all OUIDs. */
static void made_by_the_primary(unsigned int card)
{
	const uint32_t wanted[] = { CKA(OUID) };
	const uint64_t serial = htobe64(b.serial[0]);
	struct coffer_session *s = bench_direct(&b, card);
	struct coffer_objects found;

	GOOD(coffer_find(s, NULL, 0, wanted, 1, &found));
	for (size_t i = 0; i < found.count; i++)
		assert_memory_equal(found.list[i].attrs[0].value, &serial, sizeof(serial));
	coffer_objects_free(&found);
	coffer_session_close(s);
}

/* rows 55, 60 */
static void new_keys_are_on_all_members(void **state)
{
	struct coffer_session *s;
	uint32_t private_key, public_key;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	s = bench_login(&b);
	private_key = bench_pair(s, "pair", &public_key);
	story_aes(s, "secret", key);
	assert_int_equal(story_count(s), 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(bench_count(&b, i), 3);
	for (unsigned int i = 0; i < 3; i++)
		made_by_the_primary(i);
	for (int i = 0; i < 12; i++)
		GOOD(bench_sign(s, private_key));
	GOOD(coffer_object_destroy(s, public_key));
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(bench_count(&b, i), 2);
	assert_int_equal(bench_sign(s, public_key), ST(KEY_HANDLE_INVALID));
	coffer_session_close(s);
}

/* Handles mean the same to another process, which a second context stands for. */
static void handles_are_the_same_everywhere(void **state)
{
	struct coffer_session *s;
	uint32_t private_key;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	s = bench_login(&b);
	private_key = bench_pair(s, "pair", NULL);
	coffer_session_close(s);
	bench_reopen(&b);
	s = bench_login(&b);
	GOOD(bench_sign(s, private_key));
	assert_int_equal(bench_sign(s, private_key ^ 1), ST(KEY_HANDLE_INVALID));
	coffer_session_close(s);
}

/* row 61 */
static void equals_take_turns(void **state)
{
	struct coffer_ha_group g;
	struct coffer_session *s;
	uint32_t private_key;

	(void)state;
	bench_group(&b, 3, 1, NULL);
	s = bench_login(&b);
	private_key = bench_pair(s, "pair", NULL);
	for (int i = 0; i < 30; i++)
		GOOD(bench_sign(s, private_key));
	bench_members(&b, &g);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(g.members[i].served, 10);
	coffer_session_close(s);
}

/* row 61 */
static void the_shortest_queue_gets_the_work(void **state)
{
	struct ha_group *g;
	int pick;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	coffer_session_close(bench_login(&b));
	g = ha_get(b.ctx, BENCH_SLOT);
	for (unsigned int i = 0; i < 3; i++)
		g->members[i].alive = true;
	g->members[0].in_flight = 2;
	g->members[1].in_flight = 1;
	g->members[2].in_flight = 2;
	assert_int_equal(ha_least_busy(g, 0), 1);
	pick = ha_least_busy(g, 0);
	assert_int_equal(pick, 2);
	assert_int_equal(g->members[2].in_flight, 3);
	assert_int_equal(ha_least_busy(g, 1u << 0), 1);
	assert_int_equal(ha_least_busy(g, 7), -1);
	for (unsigned int i = 0; i < 3; i++) {
		g->members[i].alive = false;
		g->members[i].in_flight = 0;
	}
	ha_put(g);
}

static void what_is_a_partitions_own_is_refused(void **state)
{
	struct coffer_clone_report report;
	struct coffer_policy *policies;
	struct coffer_domain *domains;
	struct coffer_session *s;
	size_t count;
	coffer_rc rc;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	s = bench_login(&b);
	assert_int_equal(coffer_policies(s, &policies, &count), -EOPNOTSUPP);
	assert_int_equal(coffer_domains(s, &domains, &count), -EOPNOTSUPP);
	assert_int_equal(coffer_partition_init(s, "x", "y", "z"), -EOPNOTSUPP);
	assert_int_equal(coffer_clone(s, s, NULL, &report), -EOPNOTSUPP);
	coffer_clone_report_free(&report);
	free(coffer_clone_preflight(s, s, &rc));
	assert_int_equal(rc, -EOPNOTSUPP);
	assert_null(coffer_session_card(s));
	coffer_session_close(s);
}

static void attributes_change_on_all(void **state)
{
	const uint32_t wanted[] = { CKA(LABEL) };
	struct coffer_ha_difference *list;
	struct coffer_objects o;
	struct coffer_session *s;
	uint32_t handle;
	size_t count;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	s = bench_login(&b);
	handle = story_aes(s, "before", key);
	GOOD(coffer_object_set(s, handle, &(struct coffer_attr){ CKA(LABEL), 5, "after" }, 1));
	GOOD(coffer_ha_compare(s, &list, &count));
	assert_int_equal(count, 0);
	free(list);
	GOOD(coffer_object_get(s, handle, wanted, 1, &o));
	assert_int_equal(o.list[0].handle, handle);
	assert_memory_equal(o.list[0].attrs[0].value, "after", 5);
	coffer_objects_free(&o);
	coffer_session_close(s);
}

static void logins_are_the_groups(void **state)
{
	struct coffer_session *s, *t;
	enum coffer_role role;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	assert_int_equal(coffer_login(s, COFFER_ROLE_CO, "wrong", 5, NULL), ST(PIN_INCORRECT));
	GOOD(coffer_whoami(s, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_NONE);
	assert_int_equal(coffer_logout(s), ST(USER_NOT_LOGGED_IN));
	coffer_session_close(s);
	s = bench_login(&b);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, false, &t));
	GOOD(coffer_whoami(t, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_CO);
	assert_int_equal(coffer_login(t, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL),
			 ST(USER_ALREADY_LOGGED_IN));
	coffer_session_close(s);
	GOOD(coffer_whoami(t, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_CO);
	GOOD(coffer_logout(t));
	GOOD(coffer_whoami(t, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_NONE);
	coffer_session_close(t);
	/* The last session took the login with it. */
	s = bench_login(&b);
	coffer_session_close(s);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	GOOD(coffer_whoami(s, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_NONE);
	coffer_session_close(s);
}

/* Members whose cards say that they have an object of the primary otherwise. */
static size_t inside_differences(struct coffer_session *s)
{
	struct coffer_ha_difference *list;
	size_t count, n = 0;

	GOOD(coffer_ha_check(s, &list, &count));
	for (size_t i = 0; i < count; i++)
		n += strstr(list[i].text, "1 object is not the same inside the cards") != NULL;
	free(list);
	return n;
}

/* The total is there with the first item, and is reached with the last. */
static void count_item(void *opaque, uint64_t serial, const struct coffer_clone_item *item)
{
	const struct coffer_ha_sync_report *r = opaque;

	(void)serial;
	assert_int_equal(r->total, 4);
	assert_int_equal(item->result, COFFER_CLONED);
	assert_true(r->cloned <= r->total);
}

/* rows 58, 59 */
static void what_is_missing_comes_by_synchronizing(void **state)
{
	struct coffer_ha_sync_report report;
	struct coffer_ha_difference *list;
	struct coffer_session *s, *one;
	uint32_t handle;
	size_t count;

	(void)state;
	bench_group(&b, 3, 0, NULL);
	s = bench_login(&b);
	one = bench_direct(&b, 2);
	story_aes(one, "on c only", key);
	coffer_session_close(one);
	one = bench_direct(&b, 0);
	handle = story_aes(one, "on a only", key);
	GOOD(coffer_ha_compare(s, &list, &count));
	/* a's is missing at b and c, c's at a. */
	assert_int_equal(count, 3);
	assert_true(list[0].objects);
	free(list);
	GOOD(coffer_ha_sync(s, &report, count_item, &report));
	assert_int_equal(report.cloned, 4);
	assert_int_equal(report.total, 4);
	GOOD(coffer_ha_compare(s, &list, &count));
	assert_int_equal(count, 0);
	free(list);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(bench_count(&b, i), 2);
	GOOD(coffer_object_set(one, handle, &(struct coffer_attr){ CKA(LABEL), 3, "new" }, 1));
	coffer_session_close(one);
	GOOD(coffer_ha_compare(s, &list, &count));
	assert_int_equal(count, 2);
	free(list);
	assert_int_equal(inside_differences(s), 2);
	GOOD(coffer_ha_sync(s, &report, NULL, NULL));
	assert_int_equal(report.cloned, 0);
	assert_int_equal(report.total, 0);
	assert_int_equal(report.changed, 2);
	GOOD(coffer_ha_compare(s, &list, &count));
	assert_int_equal(count, 0);
	free(list);
	assert_int_equal(inside_differences(s), 0);
	coffer_session_close(s);
}

/* A group "g" of a's partition and another one on b, of that serial. */
static void group_with(uint64_t serial)
{
	char text[300];

	snprintf(text, sizeof(text),
		 "VirtualToken = {\n   VirtualToken00Label = g;\n   VirtualToken00SN = 1%%SN0;\n"
		 "   VirtualToken00Members = %%SN0,%llu;\n}\n", (unsigned long long)serial);
	bench_configure(&b, text);
}

static void sync_refused(struct coffer_session *s, coffer_rc want, const char *words)
{
	struct coffer_ha_sync_report report;
	coffer_rc rc = coffer_ha_sync(s, &report, NULL, NULL);

	if (rc != want || !strstr(report.why, words))
		fail_msg("%s: %s", coffer_errname(rc), report.why);
	assert_null(strchr(report.why, '\n'));
	assert_int_equal(report.cloned, 0);
}

static uint64_t serial_of(struct coffer_session *s)
{
	struct coffer_partition_details d;

	GOOD(coffer_partition_info(s, &d));
	return d.slot.serial;
}

static void another_domain_is_told_before_anything_moves(void **state)
{
	struct coffer_ha_who who = { .pin = STORY_CO, .pin_len = strlen(STORY_CO) };
	struct story story = { .ctx = b.ctx };
	struct coffer_session *s, *one, *other;
	char *text = NULL;
	uint32_t id;

	(void)state;
	other = story_partition(&story, 1, "another domain", &id);
	who.serial = serial_of(other);
	bench_group(&b, 1, 0, NULL);
	/* It cannot become a member ... */
	assert_int_equal(coffer_ha_add(b.ctx, "g", &who, NULL, &text),
			 ST(SESSION_NEGOTIATION_NO_PSK));
	assert_non_null(strstr(text, "share no domain"));
	assert_non_null(strstr(text, "partition domainadd"));
	free(text);
	/* ... and if somebody wrote it into the file: */
	group_with(who.serial);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	sync_refused(s, ST(USER_NOT_LOGGED_IN), "role login -name co");
	coffer_session_close(s);
	s = bench_login(&b);
	one = bench_direct(&b, 0);
	story_aes(one, "k", key);
	coffer_session_close(one);
	sync_refused(s, ST(SESSION_NEGOTIATION_NO_PSK), "(target): source and target share no");
	coffer_session_close(s);
	coffer_session_close(other);
}

static void a_policy_that_is_off_is_told_with_its_side(void **state)
{
	static const uint32_t ids[] = { 0, 4 }, off[] = { 0, 0 };
	struct story story = { .ctx = b.ctx };
	struct coffer_session *s, *one, *other;
	uint32_t id;

	(void)state;
	other = story_partition(&story, 1, STORY_DOMAIN, &id);
	GOOD(coffer_logout(other));
	GOOD(coffer_login(other, COFFER_ROLE_PO, STORY_PO, strlen(STORY_PO), NULL));
	GOOD(coffer_policy_set(other, ids, off, 2, true));
	GOOD(coffer_logout(other));
	group_with(serial_of(other));
	s = bench_login(&b);
	one = bench_direct(&b, 0);
	story_aes(one, "k", key);
	coffer_session_close(one);
	sync_refused(s, ST(OPERATION_NOT_ALLOWED),
		     "off on the target: its Partition SO has to type partition changepolicy");
	coffer_session_close(s);
	coffer_session_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HA_TEST(a_group_is_a_slot),
		HA_TEST(new_keys_are_on_all_members),
		HA_TEST(handles_are_the_same_everywhere),
		HA_TEST(equals_take_turns),
		HA_TEST(the_shortest_queue_gets_the_work),
		HA_TEST(what_is_a_partitions_own_is_refused),
		HA_TEST(attributes_change_on_all),
		HA_TEST(logins_are_the_groups),
		HA_TEST(what_is_missing_comes_by_synchronizing),
		HA_TEST(another_domain_is_told_before_anything_moves),
		HA_TEST(a_policy_that_is_off_is_told_with_its_side),
	};

	return cmocka_run_group_tests(tests, ha_begin_three, ha_end);
}
