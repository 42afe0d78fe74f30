// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cloning, backup and restore through the library over real firmware: what an operator sees.
 * The protocols themselves are attacked in clone_*_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib_story.h"

#define BACKUP "backup-g5-6.28"

static const uint8_t key[32] = "thirty-two bytes of an AES key..";
/* Cards take a second to make: most tests share these, and find them empty. */
static struct story s;

static int begin(void **state)
{
	(void)state;
	story_begin(&s, NULL, BACKUP, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	story_end(&s);
	return 0;
}

static int empty(void **state)
{
	(void)state;
	story_wipe(s.co[0]);
	story_wipe(s.co[1]);
	return 0;
}

static struct coffer_archive archive_of(void)
{
	return (struct coffer_archive){
		.card = coffer_card_at(s.ctx, STORY_BACKUP),
		.partition = "vault",
		.so_pin = STORY_SO,
		.co_pin = "archive-password-1",
		.domain = STORY_DOMAIN,
	};
}

static size_t archives(void)
{
	struct coffer_slot *list;
	size_t n;

	GOOD(coffer_partitions(coffer_card_at(s.ctx, STORY_BACKUP), &list, &n));
	free(list);
	return n;
}

static void clone_and_use(void **state)
{
	const uint8_t plain[16] = "sixteen bytes...";
	struct coffer_clone_report report;
	uint8_t one[16], two[16];
	size_t n1 = sizeof(one), n2 = sizeof(two);
	uint32_t handle;
	char *why;

	(void)state;
	handle = story_aes(s.co[0], "data key", key);
	story_aes(s.co[0], "another", key);
	why = coffer_clone_preflight(s.co[0], s.co[1], NULL);
	if (why)
		fail_msg("%s", why);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	assert_int_equal(report.cloned, 2);
	assert_int_equal(report.negotiations, 1);
	assert_int_equal(report.protocol, COFFER_CLONE_CPV4);
	assert_int_equal(report.items[0].source_handle, handle);
	GOOD(coffer_encrypt(s.co[0], handle, COFFER_CKM_AES_ECB, NULL, 0, plain, 16, one, &n1));
	GOOD(coffer_encrypt(s.co[1], report.items[0].target_handle, COFFER_CKM_AES_ECB, NULL, 0,
			    plain, 16, two, &n2));
	assert_int_equal(n1, 16);
	assert_int_equal(n2, 16);
	assert_memory_equal(one, two, 16);
	coffer_clone_report_free(&report);

	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	assert_int_equal(report.cloned, 0);
	assert_int_equal(report.existing, 2);
	coffer_clone_report_free(&report);
	assert_int_equal(story_count(s.co[1]), 2);
}

/* row 74 */
static void a_comparison_tells_every_difference(void **state)
{
	const struct coffer_attr label = { CKA(LABEL), 5, "other" };
	struct coffer_compare_report compared;
	struct coffer_clone_report report;

	(void)state;
	for (int i = 0; i < 3; i++)
		story_aes(s.co[0], "k", key);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	GOOD(coffer_compare(s.co[0], s.co[1], &compared));
	assert_int_equal(compared.count, 3);
	assert_int_equal(compared.same, 3);
	coffer_compare_report_free(&compared);

	GOOD(coffer_object_set(s.co[1], report.items[0].target_handle, &label, 1));
	GOOD(coffer_object_destroy(s.co[1], report.items[1].target_handle));
	story_aes(s.co[1], "new", key);
	GOOD(coffer_compare(s.co[0], s.co[1], &compared));
	assert_int_equal(compared.count, 4);
	assert_int_equal(compared.same, 1);
	assert_int_equal(compared.differ, 1);
	assert_int_equal(compared.only_a, 1);
	assert_int_equal(compared.only_b, 1);
	for (size_t i = 0; i < compared.count; i++)
		if (compared.items[i].result == COFFER_ONLY_A)
			assert_int_equal(compared.items[i].handle_a, report.items[1].source_handle);
	coffer_compare_report_free(&compared);
	coffer_clone_report_free(&report);
}

/* row 74 */
static void a_comparison_inside_the_cards_is_as_exact(void **state)
{
	const struct coffer_attr label = { CKA(LABEL), 5, "other" };
	struct coffer_compare_report compared;
	struct coffer_clone_report report, run;

	(void)state;
	for (int i = 0; i < 3; i++)
		story_aes(s.co[0], "k", key);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	GOOD(coffer_object_set(s.co[1], report.items[0].target_handle, &label, 1));
	GOOD(coffer_object_destroy(s.co[1], report.items[1].target_handle));
	story_aes(s.co[1], "new", key);
	for (int back = 0; back < 2; back++) {
		GOOD(coffer_compare_inside(s.co[back], s.co[!back], &run, &compared));
		assert_int_equal(run.protocol, COFFER_CLONE_CPV4);
		assert_int_equal(compared.how, COFFER_BY_DIGEST);
		assert_int_equal(compared.count, 4);
		assert_int_equal(compared.same, 1);
		assert_int_equal(compared.differ, 1);
		assert_int_equal(compared.only_a, 1);
		assert_int_equal(compared.only_b, 1);
		for (size_t i = 0; i < compared.count; i++)
			if (compared.items[i].result == COFFER_DIFFERS)
				assert_int_equal(back ? compared.items[i].handle_b :
						 compared.items[i].handle_a,
						 report.items[0].source_handle);
		coffer_compare_report_free(&compared);
	}
	coffer_clone_report_free(&report);
}

/* More than one request's worth. */
static void many_objects_are_compared_in_turns(void **state)
{
	struct coffer_compare_report compared;
	struct coffer_clone_report run;

	(void)state;
	for (int i = 0; i < 130; i++)
		story_aes(s.co[0], "k", key);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &run));
	coffer_clone_report_free(&run);
	GOOD(coffer_compare_inside(s.co[0], s.co[1], &run, &compared));
	assert_int_equal(compared.how, COFFER_BY_DIGEST);
	assert_int_equal(compared.same, 130);
	coffer_compare_report_free(&compared);
}

static void old_cards_are_compared_by_fingerprints(void **state)
{
	struct coffer_compare_report compared;
	struct coffer_clone_report run;
	struct story old;

	(void)state;
	story_begin(&old, "pcie-7.4", NULL, NULL);
	story_aes(old.co[0], "old", key);
	GOOD(coffer_clone(old.co[0], old.co[1], NULL, &run));
	coffer_clone_report_free(&run);
	GOOD(coffer_compare_inside(old.co[0], old.co[1], &run, &compared));
	assert_int_equal(compared.how, COFFER_BY_FINGERPRINT);
	assert_int_equal(run.protocol, COFFER_CLONE_CPV1);
	assert_int_equal(compared.same, 1);
	assert_int_equal(compared.differ, 0);
	coffer_compare_report_free(&compared);
	story_end(&old);
}

static void cpv1_between_old_cards(void **state)
{
	struct coffer_clone_report report;
	struct story old;

	(void)state;
	story_begin(&old, "pcie-7.4", NULL, NULL);
	for (int i = 0; i < 4; i++)
		story_aes(old.co[0], "old", key);
	GOOD(coffer_clone(old.co[0], old.co[1], NULL, &report));
	assert_int_equal(report.cloned, 4);
	assert_int_equal(report.negotiations, 4);
	assert_int_equal(report.protocol, COFFER_CLONE_CPV1);
	coffer_clone_report_free(&report);
	GOOD(coffer_clone(old.co[0], old.co[1], NULL, &report));
	assert_int_equal(report.existing, 4);
	coffer_clone_report_free(&report);
	story_end(&old);
}

static void another_domain(void **state)
{
	struct coffer_clone_report report;
	struct coffer_session *other;
	uint32_t id;
	coffer_rc rc;

	(void)state;
	other = story_partition(&s, STORY_B, "another domain", &id);
	story_aes(s.co[0], "k", key);
	rc = coffer_clone(s.co[0], other, NULL, &report);
	if (rc != ST(CERTIFICATE_DATA_INVALID) && rc != ST(SESSION_NEGOTIATION_NO_PSK))
		fail_msg("%s", coffer_errname(rc));
	assert_int_equal(report.not_tried, 1);
	assert_int_equal(report.cloned, 0);
	assert_int_equal(story_count(other), 0);
	coffer_clone_report_free(&report);
	coffer_session_close(other);
}

static void preflight_says(struct coffer_session *from, struct coffer_session *to, coffer_rc want,
			   const char *words)
{
	coffer_rc rc = 0;
	char *why = coffer_clone_preflight(from, to, &rc);

	assert_non_null(why);
	if (rc != want || !strstr(why, words))
		fail_msg("%s: %s", coffer_errname(rc), why);
	free(why);
}

static void policy(unsigned int card, uint32_t partition, enum coffer_role role,
		   const char *pin, uint32_t id, uint32_t value)
{
	struct coffer_session *session;

	GOOD(coffer_session_open(coffer_card_at(s.ctx, card), partition, true, &session));
	GOOD(coffer_login(session, role, pin, strlen(pin), NULL));
	GOOD(coffer_policy_set(session, &id, &value, 1, true));
	GOOD(coffer_logout(session));
	coffer_session_close(session);
}

static void preflight_texts(void **state)
{
	struct coffer_session *reader;

	(void)state;
	preflight_says(s.co[0], s.co[0], ST(CLONE_SAME_PARTITION), "same partition");
	GOOD(coffer_session_open(coffer_card_at(s.ctx, STORY_B), s.partition[1], false, &reader));
	preflight_says(s.co[0], reader, ST(SESSION_READ_ONLY), "read-only");
	coffer_session_close(reader);
	GOOD(coffer_logout(s.co[1]));
	preflight_says(s.co[0], s.co[1], ST(USER_NOT_LOGGED_IN), "target partition");
	GOOD(coffer_login(s.co[1], COFFER_ROLE_PO, STORY_PO, strlen(STORY_PO), NULL));
	preflight_says(s.co[0], s.co[1], ST(USER_NOT_AUTHORIZED),
		       "role logout; role login -name co");
	GOOD(coffer_logout(s.co[1]));
	GOOD(coffer_login(s.co[1], COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	policy(STORY_B, 0, COFFER_ROLE_SO, STORY_SO, 7, 0);
	/* The policy is destructive or not; either way the words come first. */
	preflight_says(s.co[0], s.co[1], ST(OPERATION_NOT_ALLOWED), "HSM policy 7");
	policy(STORY_B, 0, COFFER_ROLE_SO, STORY_SO, 7, 1);
}

static void backup_wipe_restore(void **state)
{
	struct coffer_clone_report report;
	struct coffer_archive a;
	struct coffer_session *contents;
	enum coffer_role role;

	(void)state;
	a = archive_of();
	for (int i = 0; i < 3; i++)
		story_aes(s.co[0], "kept", key);
	GOOD(coffer_archive_backup(s.co[0], &a, NULL, &report));
	assert_int_equal(report.cloned, 3);
	coffer_clone_report_free(&report);
	assert_int_equal(archives(), 1);
	/* The source's login is the caller's, and stays. */
	GOOD(coffer_whoami(s.co[0], &role, NULL));
	assert_int_equal(role, COFFER_ROLE_CO);

	/* There is one of that name: it must be said what to do with it. */
	assert_int_equal(coffer_archive_backup(s.co[0], &a, NULL, &report),
			 ST(OBJECT_ALREADY_EXISTS));
	story_aes(s.co[0], "new", key);
	a.append = true;
	GOOD(coffer_archive_backup(s.co[0], &a, NULL, &report));
	assert_int_equal(report.cloned, 1);
	assert_int_equal(report.existing, 3);
	coffer_clone_report_free(&report);
	a.append = false;
	a.replace = true;
	GOOD(coffer_archive_backup(s.co[0], &a, NULL, &report));
	assert_int_equal(report.cloned, 4);
	coffer_clone_report_free(&report);
	a.replace = false;

	GOOD(coffer_archive_open(&a, &contents));
	assert_int_equal(story_count(contents), 4);
	coffer_session_close(contents);

	story_wipe(s.co[0]);
	assert_int_equal(story_count(s.co[0]), 0);
	GOOD(coffer_archive_restore(s.co[0], &a, NULL, &report));
	assert_int_equal(report.cloned, 4);
	coffer_clone_report_free(&report);
	assert_int_equal(story_count(s.co[0]), 4);

	GOOD(coffer_archive_delete(&a));
	assert_int_equal(archives(), 0);
	assert_int_equal(coffer_archive_delete(&a), ST(CONTAINER_HANDLE_INVALID));
	assert_int_equal(coffer_archive_restore(s.co[0], &a, NULL, &report),
			 ST(CONTAINER_HANDLE_INVALID));
}

static void a_failed_backup_leaves_nothing(void **state)
{
	struct coffer_clone_options dry = { .dry_run = true };
	struct coffer_clone_report report;
	struct coffer_archive a;

	(void)state;
	a = archive_of();
	story_aes(s.co[0], "k", key);
	a.domain = "a domain that differs";
	assert_true(coffer_archive_backup(s.co[0], &a, NULL, &report) != 0);
	assert_int_equal(report.cloned, 0);
	coffer_clone_report_free(&report);
	assert_int_equal(archives(), 0);
	a.domain = STORY_DOMAIN;
	a.so_pin = "not the password";
	assert_int_equal(coffer_archive_backup(s.co[0], &a, NULL, &report), ST(PIN_INCORRECT));
	assert_int_equal(archives(), 0);
	a.so_pin = STORY_SO;
	GOOD(coffer_archive_backup(s.co[0], &a, &dry, &report));
	coffer_clone_report_free(&report);
	assert_int_equal(archives(), 0);
	/* A card that is no backup card has no archives. */
	a.card = coffer_card_at(s.ctx, STORY_B);
	assert_int_equal(coffer_archive_backup(s.co[0], &a, NULL, &report),
			 ST(OPERATION_NOT_ALLOWED));
}

static void events_tell_what_happened(void **state)
{
	struct coffer_card_event events[64];
	bool created = false, initialized = false;
	uint32_t id;
	size_t n;

	(void)state;
	do {
		GOOD(coffer_events(s.ctx, events, 64, 0, &n));
		for (size_t i = 0; i < n; i++) {
			created |= events[i].type == COFFER_EV_PARTITION_CREATED;
			initialized |= events[i].type == COFFER_EV_HSM_INITIALIZED;
			assert_true(events[i].card < STORY_CARDS);
			assert_int_equal(events[i].missed, 0);
		}
	} while (n);
	assert_true(created && initialized);
	GOOD(coffer_events(s.ctx, events, 64, 250, &n));
	assert_int_equal(n, 0);
	coffer_session_close(story_partition(&s, STORY_A, NULL, &id));
	GOOD(coffer_events(s.ctx, events, 1, 2000, &n));
	assert_int_equal(n, 1);
	assert_int_equal(events[0].type, COFFER_EV_PARTITION_CREATED);
	assert_int_equal(events[0].card, STORY_A);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(clone_and_use, empty),
		cmocka_unit_test_setup(a_comparison_tells_every_difference, empty),
		cmocka_unit_test_setup(a_comparison_inside_the_cards_is_as_exact, empty),
		cmocka_unit_test_setup(many_objects_are_compared_in_turns, empty),
		cmocka_unit_test_setup(old_cards_are_compared_by_fingerprints, empty),
		cmocka_unit_test_setup(cpv1_between_old_cards, empty),
		cmocka_unit_test_setup(another_domain, empty),
		cmocka_unit_test_setup(preflight_texts, empty),
		cmocka_unit_test_setup(backup_wipe_restore, empty),
		cmocka_unit_test_setup(a_failed_backup_leaves_nothing, empty),
		cmocka_unit_test_setup(events_tell_what_happened, empty),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
