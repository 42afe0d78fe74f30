// SPDX-License-Identifier: BSD-3-Clause
/*
 * Domains and cipher suites by the library over real firmware: what it lists, what it passes
 * on, and that clones follow (behaviour.md sections 1.3 and 2).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib_story.h"

static struct story story;

static int begin(void **state)
{
	(void)state;
	story_begin(&story, "coffer", NULL, "another domain");
	return 0;
}

static int end(void **state)
{
	(void)state;
	story_end(&story);
	return 0;
}

/* The Partition SO of a side, with policy 44 as wanted; an owner has one role at a time. */
static struct coffer_session *po(unsigned int side, unsigned int policy_44)
{
	static const uint32_t id = 44;
	const uint32_t value = policy_44;
	struct coffer_session *s = story.co[side];

	GOOD(coffer_logout(s));
	GOOD(coffer_login(s, COFFER_ROLE_PO, STORY_PO, strlen(STORY_PO), NULL));
	GOOD(coffer_policy_set(s, &id, &value, 1, false));
	return s;
}

static struct coffer_session *co(unsigned int side)
{
	struct coffer_session *s = story.co[side];

	GOOD(coffer_logout(s));
	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	return s;
}

static void assert_domains(struct coffer_session *s, const char *first, const char *second)
{
	struct coffer_domain *list;
	size_t count;

	GOOD(coffer_domains(s, &list, &count));
	assert_int_equal(count, second ? 2 : 1);
	assert_true(list[0].primary);
	assert_string_equal(list[0].label, first);
	if (second) {
		assert_false(list[1].primary);
		assert_string_equal(list[1].label, second);
	}
	free(list);
}

static void domains(void **state)
{
	struct coffer_session *s = po(STORY_A, 0);

	(void)state;
	assert_domains(s, "", NULL);
	assert_int_equal(coffer_domain_add(s, "second", "blue", false),
			 ST(DOMAIN_MANAGEMENT_NOT_ALLOWED));
	s = po(STORY_A, 1);
	assert_int_equal(coffer_domain_add(s, "second", NULL, false), -EINVAL);
	assert_int_equal(coffer_domain_add(s, NULL, "blue", false), ST(DOMAIN_LABEL_INVALID));
	GOOD(coffer_domain_add(s, "second", "blue", true));
	assert_domains(s, "second", "");
	GOOD(coffer_domain_change(s, NULL, "first", false));
	assert_domains(s, "second", "first");
	GOOD(coffer_domain_change(s, "first", NULL, true));
	assert_domains(s, "first", "second");
	assert_int_equal(coffer_domain_change(s, "first", NULL, true), ST(DOMAIN_EXTRA_PRIMARY));
	assert_int_equal(coffer_domain_delete(s, "first"), ST(DOMAIN_NO_PRIMARY));
	GOOD(coffer_domain_delete(s, "second"));
	assert_domains(s, "first", NULL);
	assert_domains(co(STORY_A), "first", NULL);
	assert_int_equal(coffer_domain_add(story.co[STORY_A], "x", "y", false),
			 ST(USER_NOT_AUTHORIZED));
}

static void clone_by_an_added_domain(void **state)
{
	struct coffer_clone_report report;
	uint8_t key[32] = { 1 };

	(void)state;
	co(STORY_A);
	co(STORY_B);
	story_aes(story.co[STORY_A], "k", key);
	assert_int_equal(coffer_clone(story.co[STORY_A], story.co[STORY_B], NULL, &report),
			 ST(SESSION_NEGOTIATION_NO_PSK));
	coffer_clone_report_free(&report);
	GOOD(coffer_domain_add(po(STORY_B, 1), "story", STORY_DOMAIN, false));
	co(STORY_B);
	GOOD(coffer_clone(story.co[STORY_A], story.co[STORY_B], NULL, &report));
	assert_int_equal(report.cloned, 1);
	assert_int_equal(report.suite, 3);
	coffer_clone_report_free(&report);
}

/* row 24 */
static void ciphers(void **state)
{
	struct coffer_clone_report report;
	struct coffer_cipher *list;
	struct coffer_session *s = po(STORY_B, 1);
	size_t count;
	coffer_rc rc;
	char *why;

	(void)state;
	GOOD(coffer_cipher_set(s, 3, false));
	assert_int_equal(coffer_cipher_set(s, 4, false), ST(MECHANISM_INVALID));
	GOOD(coffer_ciphers(s, &list, &count));
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].id, i + 1);
		assert_int_equal(list[i].enabled, i != 2);
		assert_int_not_equal(strlen(list[i].name), 0);
	}
	free(list);
	co(STORY_B);
	GOOD(coffer_clone(story.co[STORY_A], story.co[STORY_B], NULL, &report));
	assert_int_equal(report.suite, 2);
	coffer_clone_report_free(&report);
	s = po(STORY_B, 1);
	GOOD(coffer_cipher_set(s, 1, false));
	GOOD(coffer_cipher_set(s, 2, false));
	co(STORY_B);
	why = coffer_clone_preflight(story.co[STORY_A], story.co[STORY_B], &rc);
	assert_int_equal(rc, 0);
	assert_null(why);
	/* CPv3 is left, and knows the primary domain only. */
	assert_int_equal(coffer_clone(story.co[STORY_A], story.co[STORY_B], NULL, &report),
			 ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(report.protocol, COFFER_CLONE_CPV3);
	coffer_clone_report_free(&report);
	GOOD(coffer_domain_change(po(STORY_B, 1), "story", NULL, true));
	co(STORY_B);
	for (int i = 0; i < 2; i++) {
		GOOD(coffer_clone(story.co[i], story.co[!i], NULL, &report));
		assert_int_equal(report.protocol, COFFER_CLONE_CPV3);
		assert_int_equal(report.suite, 0);
		assert_int_equal(report.negotiations, 1);
		coffer_clone_report_free(&report);
	}
}

/* Last: it takes the partition's objects and roles. */
static void first_label(void **state)
{
	struct coffer_init how = {
		.label = "keys", .pin = STORY_PO, .domain = "red", .domain_label = "red",
	};
	struct coffer_session *s = po(STORY_A, 1);

	(void)state;
	assert_int_equal(coffer_partition_init_as(s, &how), ST(DOMAIN_LABEL_INVALID));
	how.domain_label = "mine";
	GOOD(coffer_partition_init_as(s, &how));
	GOOD(coffer_login(s, COFFER_ROLE_PO, STORY_PO, strlen(STORY_PO), NULL));
	assert_domains(s, "mine", NULL);
	GOOD(coffer_partition_init(s, "keys", STORY_PO, NULL));
	GOOD(coffer_login(s, COFFER_ROLE_PO, STORY_PO, strlen(STORY_PO), NULL));
	assert_domains(s, "", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domains),
		cmocka_unit_test(clone_by_an_added_domain),
		cmocka_unit_test(ciphers),
		cmocka_unit_test(first_label),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
