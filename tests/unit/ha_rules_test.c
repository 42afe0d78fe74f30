// SPDX-License-Identifier: BSD-3-Clause
/* Who may be in a group with whom, as a table: no card is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ha_rules.h"

#define V(a, b, c) ((a) << 16 | (b) << 8 | (c))
#define NEWEST { V(10, 5, 0), false }

#define OLD { .serial = 5, .fw_version = V(6, 24, 0), .kind = COFFER_PART_KIND_LEGACY }
#define NEW { .serial = 7, .fw_version = V(7, 8, 0), .kind = COFFER_PART_KIND_V0 }
#define NEW_V1 { .serial = 8, .fw_version = V(7, 8, 0), .kind = COFFER_PART_KIND_V1 }
#define NEW_FIPS { .serial = 9, .fw_version = V(7, 8, 0), .kind = COFFER_PART_KIND_V0, \
		   .fips = true }
#define NEW_PED { .serial = 10, .fw_version = V(7, 8, 0), .kind = COFFER_PART_KIND_V0, \
		  .card_flags = COFFER_CARD_PED }
#define SERVICE { .serial = 11, .fw_version = V(2, 0, 0), .kind = COFFER_PART_KIND_CLOUD, \
		  .card_flags = COFFER_CARD_CLOUD }

static void pair(const struct ha_client *client, const struct ha_facts *p,
		 const struct ha_facts *j, coffer_rc want, const char *words)
{
	char *text = NULL;
	coffer_rc rc = ha_rule_pair(client, p, j, &text);

	if (rc != want)
		fail_msg("%s instead of %s: %s", coffer_errname(rc), coffer_errname(want), text);
	if (words && !strstr(text, words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
	assert_int_equal(rc == 0, text == NULL);
	free(text);
}

/* row 54 */
static void a_new_primary_cannot_serve_an_old_member(void **state)
{
	const struct ha_client c = NEWEST;
	const struct ha_facts old = OLD, new = NEW;

	(void)state;
	/* Secondaries are updated first: the primary is the older one until the end. */
	pair(&c, &old, &new, 0, NULL);
	pair(&c, &new, &new, 0, NULL);
	pair(&c, &new, &old, ST(CLONE_DIRECTION), "update the primary last");
}

/* row 64 */
static void keys_and_a_service_need_client_10_5(void **state)
{
	const struct ha_facts ped = NEW_PED, service = SERVICE, password = NEW;
	const struct ha_client before = { V(10, 4, 1), false }, now = NEWEST;

	(void)state;
	pair(&now, &ped, &service, 0, NULL);
	pair(&before, &ped, &service, ST(OPERATION_NOT_ALLOWED), "10.5.0");
	pair(&before, &password, &service, 0, NULL);
	/* On premises no client helps. */
	pair(&now, &ped, &password, ST(OPERATION_NOT_ALLOWED), "same");
}

/* row 65 */
static void mixed_fips_needs_client_10_4(void **state)
{
	const struct ha_facts fips = NEW_FIPS, plain = NEW;
	const struct ha_client before = { V(10, 3, 0), false }, from = { V(10, 4, 0), false };
	size_t at = 0;
	char *line;

	(void)state;
	pair(&before, &plain, &fips, ST(FIPS_MISMATCH), "10.4.0");
	pair(&before, &plain, &plain, 0, NULL);
	pair(&from, &plain, &fips, 0, NULL);
	line = ha_rule_warning(&plain, &fips, &at);
	assert_non_null(strstr(line, "does without keys that it cannot take"));
	free(line);
}

/* row 94 */
static void the_old_processor_keeps_generations_apart(void **state)
{
	const struct ha_client on = { V(10, 5, 0), true }, off = NEWEST;
	const struct ha_facts old = OLD, new = NEW;

	(void)state;
	pair(&on, &old, &new, ST(OPERATION_NOT_ALLOWED), "PE1746Enabled");
	pair(&on, &old, &old, 0, NULL);
	pair(&off, &old, &new, 0, NULL);
}

static void v0_and_v1_do_not_mix(void **state)
{
	const struct ha_client c = NEWEST;
	const struct ha_facts v0 = NEW, v1 = NEW_V1;

	(void)state;
	pair(&c, &v0, &v1, ST(DATA_LEN_RANGE), "policy 41");
	pair(&c, &v1, &v1, 0, NULL);
}

/* ---- One member ---------------------------------------------------------------------- */

static void member(const struct ha_facts *f, coffer_rc want, const char *words)
{
	char *text = NULL;

	assert_int_equal(ha_rule_member(f, &text), want);
	if (words && !strstr(text, words))
		fail_msg("\"%s\" does not say \"%s\"", text, words);
	free(text);
}

static void cloning_has_to_be_on(void **state)
{
	struct coffer_policy p[] = { { .id = 0, .value = 1 }, { .id = 4, .value = 1 } };
	struct coffer_policy h[] = { { .id = 7, .value = 1 }, { .id = 16, .value = 1 } };
	struct ha_facts f = NEW;

	(void)state;
	f.co_state = COFFER_RS_INITIALIZED;
	f.partition = p;
	f.hsm = h;
	f.n_partition = 2;
	f.n_hsm = 2;
	member(&f, 0, NULL);
	for (size_t i = 0; i < 2; i++) {
		h[i].value = 0;
		member(&f, ST(OPERATION_NOT_ALLOWED), i ? "HSM policy 16" : "HSM policy 7");
		h[i].value = 1;
		p[i].value = 0;
		member(&f, ST(OPERATION_NOT_ALLOWED),
		       i ? "partition policy 4" : "partition policy 0");
		p[i].value = 1;
	}
	f.co_state = 0;
	member(&f, ST(USER_PIN_NOT_INITIALIZED), "role init");
	f.co_state = COFFER_RS_INITIALIZED | COFFER_RS_LOCKED;
	member(&f, ST(PIN_LOCKED), "locked");
}

/* row 49 */
static void keys_have_to_be_activated(void **state)
{
	struct coffer_policy p[] = { { .id = 22, .value = 0 } };
	struct ha_facts f = NEW_PED;

	(void)state;
	f.partition = p;
	f.n_partition = 1;
	f.co_state = COFFER_RS_INITIALIZED;
	member(&f, ST(OPERATION_NOT_ALLOWED), "-policy 22 -value 1");
	p[0].value = 1;
	member(&f, ST(OPERATION_NOT_ALLOWED), "createchallenge");
	f.co_state |= COFFER_RS_HAS_CHALLENGE;
	member(&f, ST(OPERATION_NOT_ALLOWED), "not activated");
	f.co_state |= COFFER_RS_ACTIVATED;
	member(&f, 0, NULL);
}

/* row 67 */
static void other_policies_are_warned_about(void **state)
{
	struct coffer_policy a[] = { { .id = 20, .value = 10, .name = "attempts" },
				     { .id = 29, .value = 1, .name = "sign" } };
	struct coffer_policy b[] = { { .id = 20, .value = 5 }, { .id = 29, .value = 1 } };
	struct ha_facts p = NEW, j = NEW;
	size_t at = 0;
	char *line;

	(void)state;
	p.partition = a;
	j.partition = b;
	p.n_partition = 2;
	j.n_partition = 2;
	line = ha_rule_warning(&p, &j, &at);
	assert_non_null(line);
	assert_non_null(strstr(line, "policy 20 (attempts) is 5, on the primary 10"));
	free(line);
	assert_null(ha_rule_warning(&p, &j, &at));
	pair(&(struct ha_client)NEWEST, &p, &j, 0, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_primary_cannot_serve_an_old_member),
		cmocka_unit_test(keys_and_a_service_need_client_10_5),
		cmocka_unit_test(mixed_fips_needs_client_10_4),
		cmocka_unit_test(the_old_processor_keeps_generations_apart),
		cmocka_unit_test(v0_and_v1_do_not_mix),
		cmocka_unit_test(cloning_has_to_be_on),
		cmocka_unit_test(keys_have_to_be_activated),
		cmocka_unit_test(other_policies_are_warned_about),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
