// SPDX-License-Identifier: BSD-3-Clause
/*
 * Domains and cipher suites of a partition: every code of behaviour.md section 2, who may do it,
 * what a power cycle and an initialisation leave (rows 20, 31 to 35, 39, 40).
 */
#include "fw_core.h"

#include <stdio.h>

#include "card.h"

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static uint32_t two_texts(struct bench *b, uint16_t opcode, uint32_t session, uint32_t flags,
			  const char *one, const char *two)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, flags);
	wire_put_blob(&out, one, strlen(one));
	if (two)
		wire_put_blob(&out, two, strlen(two));
	return ask(b, opcode, buf, out.len);
}

static uint32_t add(struct bench *b, uint32_t s, const char *label, const char *text)
{
	return two_texts(b, COFFER_CMD_DOMAIN_ADD, s, 0, label, text);
}

static uint32_t drop(struct bench *b, uint32_t s, const char *label)
{
	return two_texts(b, COFFER_CMD_DOMAIN_DELETE, s, 0, label, NULL);
}

static uint32_t change(struct bench *b, uint32_t s, uint32_t flags, const char *label,
		       const char *to)
{
	return two_texts(b, COFFER_CMD_DOMAIN_CHANGE, s, flags, label, to);
}

/* "first*,second,third": the labels in order, a star behind the primary one. */
static const char *listed(struct bench *b, uint32_t s)
{
	static char text[200];
	const struct coffer_domain_row *rows = (const void *)(b->reply + 4);
	uint32_t i, n;

	expect(session_only(b, COFFER_CMD_DOMAIN_LIST, s), 0);
	n = word(b, 0);
	expect(b->len, 4 + n * sizeof(*rows));
	text[0] = '\0';
	for (i = 0; i < n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.32s%s",
			 i ? "," : "", rows[i].label,
			 rows[i].flags == COFFER_DOMAIN_PRIMARY ? "*" : "");
	return text;
}

static uint32_t domains_shown(struct bench *b, uint32_t s)
{
	const struct coffer_rep_partition_info *info = (const void *)b->reply;

	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	return info->domains;
}

static uint32_t init_labelled(struct bench *b, uint32_t s, const char *domain, const char *label)
{
	uint8_t buf[1024];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, s);
	wire_put_u32(&out, 0);
	wire_put_blob(&out, "one", 3);
	wire_put_blob(&out, PO_PIN, strlen(PO_PIN));
	wire_put_blob(&out, domain, strlen(domain));
	wire_put_blob(&out, label, strlen(label));
	return ask(b, COFFER_CMD_PARTITION_INIT, buf, out.len);
}

/* Partition 1 with domain "red" labelled "first", policy 44 on, its SO logged in. */
static uint32_t ready(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(init_labelled(b, s, "red", "first"), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 44, 1), 0);
	return s;
}

static uint32_t again(struct bench *b)
{
	uint32_t s;

	bench_off(b);
	assert_int_equal(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	return s;
}

/* rows 31, 32 */
/* Three at most, and only with policy 44. */
static void three_at_most(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(init_labelled(b, s, "red", "first"), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	assert_string_equal(listed(b, s), "first*");
	expect(add(b, s, "second", "blue"), COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED);
	expect(drop(b, s, "first"), COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED);
	assert_string_equal(listed(b, s), "first*");
	expect(policy_set(b, s, 0, 44, 1), 0);
	expect(add(b, s, "second", "blue"), 0);
	expect(add(b, s, "third", "green"), 0);
	expect(add(b, s, "fourth", "white"), COFFER_ST_DOMAIN_MAX_REACHED);
	assert_string_equal(listed(b, s), "first*,second,third");
	expect(domains_shown(b, s), 3);
	/* With more than one the policy stays on. */
	expect(policy_set(b, s, 0, 44, 0), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(drop(b, s, "second"), 0);
	expect(policy_set(b, s, 0, 44, 0), COFFER_ST_CONFIG_FAILS_DEPENDENCIES);
	expect(drop(b, s, "third"), 0);
	expect(policy_set(b, s, 0, 44, 0), 0);
	assert_string_equal(listed(b, s), "first*");
}

static void labels(void **state)
{
	static const char wide[] = "123456789012345678901234567890123";
	struct bench *b = *state;
	uint32_t s = ready(b);

	expect(add(b, s, "", "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(add(b, s, wide, "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(add(b, s, "a\nb", "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(add(b, s, "blue", "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(add(b, s, "first", "blue"), COFFER_ST_DOMAIN_LABEL_ALREADY_EXISTS);
	/* No label may tell another domain's secret, and no secret become one that is shown. */
	expect(add(b, s, "red", "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(add(b, s, "second", "first"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(add(b, s, "second", ""), COFFER_ST_ARGUMENTS_BAD);
	assert_string_equal(listed(b, s), "first*");
	expect(add(b, s, wide + 1, "blue"), 0);
	assert_string_equal(listed(b, s), "first*,23456789012345678901234567890123");
	expect(change(b, s, 0, wide + 1, "first"), COFFER_ST_DOMAIN_LABEL_ALREADY_EXISTS);
	expect(change(b, s, 0, wide + 1, "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(change(b, s, 0, wide + 1, "red"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(change(b, s, 0, wide + 1, ""), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(change(b, s, 0, "nosuch", "x"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(change(b, s, 0, wide + 1, "second"), 0);
	expect(change(b, s, 0, "first", "FIRST"), 0);
	assert_string_equal(listed(b, s), "FIRST*,second");
	expect(drop(b, s, "first"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(two_texts(b, COFFER_CMD_DOMAIN_ADD, s, 2, "x", "y"), COFFER_ST_ARGUMENTS_BAD);
	expect(two_texts(b, COFFER_CMD_DOMAIN_ADD, s, 4, "x", "y"), COFFER_ST_ARGUMENTS_BAD);
	expect(two_texts(b, COFFER_CMD_DOMAIN_DELETE, s, 1, "second", NULL),
	       COFFER_ST_ARGUMENTS_BAD);
	expect(change(b, s, 2, "second", "x"), COFFER_ST_ARGUMENTS_BAD);
}

static void one_primary(void **state)
{
	struct bench *b = *state;
	uint32_t s = ready(b);

	expect(drop(b, s, "first"), COFFER_ST_DOMAIN_NO_PRIMARY);
	expect(two_texts(b, COFFER_CMD_DOMAIN_ADD, s, COFFER_DOMAIN_PRIMARY, "second", "blue"), 0);
	assert_string_equal(listed(b, s), "second*,first");
	expect(add(b, s, "third", "green"), 0);
	assert_string_equal(listed(b, s), "second*,first,third");
	expect(drop(b, s, "second"), COFFER_ST_DOMAIN_NO_PRIMARY);
	expect(change(b, s, COFFER_DOMAIN_PRIMARY, "second", "second"),
	       COFFER_ST_DOMAIN_EXTRA_PRIMARY);
	expect(change(b, s, COFFER_DOMAIN_PRIMARY, "third", "last"), 0);
	assert_string_equal(listed(b, s), "last*,second,first");
	expect(drop(b, s, "second"), 0);
	assert_string_equal(listed(b, s), "last*,first");
	expect(drop(b, s, "first"), 0);
	expect(drop(b, s, "last"), COFFER_ST_DOMAIN_NO_PRIMARY);
	expect(domains_shown(b, s), 1);
}

/* A text has 1 to 128 characters and no NUL; a label as long as it is not it. */
static void first_domain(void **state)
{
	static const uint8_t raw[DOMAIN_MAX + 1] = { 'r', 0, 'd' };
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);
	uint8_t key[KEY_LEN], long_one[DOMAIN_MAX + 1];

	memset(long_one, 'x', sizeof(long_one));
	expect(domain_stretch(b->card, (struct bytes){ raw, 0 }, key), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_stretch(b->card, (struct bytes){ raw, 2 }, key), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_stretch(b->card, (struct bytes){ raw, 3 }, key), COFFER_ST_ARGUMENTS_BAD);
	expect(domain_stretch(b->card, (struct bytes){ raw, 1 }, key), 0);
	expect(domain_stretch(b->card, (struct bytes){ long_one, DOMAIN_MAX }, key), 0);
	expect(domain_stretch(b->card, (struct bytes){ long_one, DOMAIN_MAX + 1 }, key),
	       COFFER_ST_ARGUMENTS_BAD);
	expect(init_labelled(b, s, "", "label"), COFFER_ST_ARGUMENTS_BAD);
	expect(init_labelled(b, s, "red", "der"), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	assert_string_equal(listed(b, s), "der*");
}

/* Clone contexts outlive domains: they ask by id and index, and hear of none that is gone. */
static void by_id_and_index(void **state)
{
	static const uint8_t zeros[KEY_LEN];
	struct bench *b = *state;
	uint32_t s = ready(b);
	const struct fw_partition *p = partition_find(b->card, 1);
	uint64_t first = partition_domain_id(p, 0), second;
	uint8_t key[KEY_LEN];

	expect(add(b, s, "second", "blue"), 0);
	second = partition_domain_id(p, 1);
	assert_true(first && second && first != second);
	assert_true(partition_has_domain(p, first) && partition_has_domain(p, second));
	expect(partition_domain_key(p, 1, key), 0);
	assert_memory_not_equal(key, zeros, KEY_LEN);
	expect(drop(b, s, "second"), 0);
	assert_int_equal(partition_domains(p), 1);
	assert_false(partition_has_domain(p, second));
	assert_true(partition_has_domain(p, first));
	assert_true(partition_domain_id(p, 1) == 0);
	expect(partition_domain_key(p, 1, key), COFFER_ST_CLONING_PARAMETER_MISSING);
	assert_memory_equal(key, zeros, KEY_LEN);
	/* The same text and label again are another domain to a context. */
	expect(add(b, s, "second", "blue"), 0);
	assert_false(partition_has_domain(p, second));
}

/* The domain of a partition that was made without a label is named by the empty one. */
static void without_label(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(init_labelled(b, s, "red", "red"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(init_labelled(b, s, "red", "a\tb"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "red"), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 44, 1), 0);
	assert_string_equal(listed(b, s), "*");
	expect(add(b, s, "second", "blue"), 0);
	expect(change(b, s, COFFER_DOMAIN_PRIMARY, "second", "second"), 0);
	assert_string_equal(listed(b, s), "second*,");
	expect(change(b, s, 0, "", "first"), 0);
	assert_string_equal(listed(b, s), "second*,first");
	expect(change(b, s, 0, "", "x"), COFFER_ST_DOMAIN_LABEL_INVALID);
}

/* row 39 */
/* A power cycle keeps them, an initialisation does not. */
static void power_cycle(void **state)
{
	struct bench *b = *state;
	uint32_t s = ready(b);

	expect(add(b, s, "second", "blue"), 0);
	expect(two_texts(b, COFFER_CMD_DOMAIN_ADD, s, COFFER_DOMAIN_PRIMARY, "third", "green"), 0);
	s = again(b);
	assert_string_equal(listed(b, s), "third*,first,second");
	expect(drop(b, s, "first"), 0);
	s = again(b);
	assert_string_equal(listed(b, s), "third*,second");
	/* The secrets are still those: a label that equals one is refused. */
	expect(change(b, s, 0, "second", "blue"), COFFER_ST_DOMAIN_LABEL_INVALID);
	expect(change(b, s, 0, "second", "red"), 0);
	expect(init_labelled(b, s, "white", "new"), 0);
	s = again(b);
	assert_string_equal(listed(b, s), "new*");
	expect(policy_set(b, s, 0, 44, 0), 0);
}

/* Row 20: domains are the Partition SO's; keys' owners may look. */
static void only_the_so(void **state)
{
	struct bench *b = *state;
	uint32_t s = ready(b);
	static const struct {
		uint32_t role;
		const char *pin;
	} others[] = { { COFFER_ROLE_CO, CO_PIN }, { COFFER_ROLE_CU, CU_PIN } };
	size_t i;

	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CU, CU_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(session_only(b, COFFER_CMD_DOMAIN_LIST, s), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(add(b, s, "second", "blue"), COFFER_ST_USER_NOT_LOGGED_IN);
	for (i = 0; i < 2; i++) {
		uint32_t off[4] = { s, 1, 0, 0 };

		expect(login(b, s, others[i].role, others[i].pin), 0);
		assert_string_equal(listed(b, s), "first*");
		expect(add(b, s, "second", "blue"), COFFER_ST_USER_NOT_AUTHORIZED);
		expect(drop(b, s, "first"), COFFER_ST_USER_NOT_AUTHORIZED);
		expect(change(b, s, 0, "first", "x"), COFFER_ST_USER_NOT_AUTHORIZED);
		expect(ask(b, COFFER_CMD_CIPHER_SET, off, sizeof(off)),
		       COFFER_ST_USER_NOT_AUTHORIZED);
		expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	}
}

/* ---- Cipher suites ------------------------------------------------------------------------ */

static uint32_t cipher_set(struct bench *b, uint32_t s, uint32_t id, uint32_t on)
{
	uint32_t req[4] = { s, id, on, 0 };

	return ask(b, COFFER_CMD_CIPHER_SET, req, sizeof(req));
}

/* Bits of the enabled ones; the list and PARTITION_INFO must agree. */
static uint32_t enabled(struct bench *b, uint32_t s)
{
	const struct coffer_cipher_row *rows = (const void *)(b->reply + 4);
	const struct coffer_rep_partition_info *info = (const void *)b->reply;
	uint32_t bits = 0, i, n;

	expect(session_only(b, COFFER_CMD_CIPHER_LIST, s), 0);
	n = word(b, 0);
	expect(n, 3);
	expect(b->len, 4 + n * sizeof(*rows));
	for (i = 0; i < n; i++) {
		expect(rows[i].id, i + 1);
		assert_in_range(strnlen(rows[i].name, 40), 10, 39);
		assert_in_range(rows[i].enabled, 0, 1);
		bits |= rows[i].enabled << rows[i].id;
	}
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	expect(info->suites, bits);
	return bits;
}

static void ciphers(void **state)
{
	struct bench *b = *state;
	uint32_t s = ready(b);
	uint32_t bad[4] = { s, 1, 0, 1 };

	expect(enabled(b, s), 0xe);
	expect(cipher_set(b, s, 0, 0), COFFER_ST_MECHANISM_INVALID);
	expect(cipher_set(b, s, 4, 0), COFFER_ST_MECHANISM_INVALID);
	expect(cipher_set(b, s, 33, 0), COFFER_ST_MECHANISM_INVALID);
	expect(cipher_set(b, s, 1, 2), COFFER_ST_ARGUMENTS_BAD);
	expect(ask(b, COFFER_CMD_CIPHER_SET, bad, sizeof(bad)), COFFER_ST_ARGUMENTS_BAD);
	expect(enabled(b, s), 0xe);
	expect(cipher_set(b, s, 3, 0), 0);
	expect(cipher_set(b, s, 3, 0), 0);
	expect(enabled(b, s), 0x6);
	expect(cipher_set(b, s, 1, 0), 0);
	s = again(b);
	expect(enabled(b, s), 0x4);
	expect(cipher_set(b, s, 2, 0), 0);
	expect(enabled(b, s), 0);
	/* As with policies, an initialisation does not change it. */
	expect(init_labelled(b, s, "white", "new"), 0);
	s = again(b);
	expect(enabled(b, s), 0);
	expect(cipher_set(b, s, 2, 1), 0);
	s = again(b);
	expect(enabled(b, s), 0x4);
}

/* Row 40: before 7.8.0 there is one domain, fixed until the partition is initialised again. */
static int open_old(void **state)
{
	*state = &bench;
	bench_open(&bench, "pcie-7.4");
	return 0;
}

static void before_7_8(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(init_labelled(b, s, "red", "first"), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(init_labelled(b, s, "red", ""), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(session_only(b, COFFER_CMD_DOMAIN_LIST, s), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(add(b, s, "second", "blue"), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(drop(b, s, "second"), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(change(b, s, 0, "", "second"), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(session_only(b, COFFER_CMD_CIPHER_LIST, s), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(cipher_set(b, s, 1, 0), COFFER_ST_FUNCTION_NOT_SUPPORTED);
	expect(domains_shown(b, s), 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(three_at_most),
		T(labels),
		T(one_primary),
		T(without_label),
		T(first_domain),
		T(by_id_and_index),
		T(power_cycle),
		T(only_the_so),
		T(ciphers),
		cmocka_unit_test_setup_teardown(before_7_8, open_old, close_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
