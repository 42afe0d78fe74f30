// SPDX-License-Identifier: BSD-3-Clause
/*
 * What people write for objects and slots: numbers, labels, OUIDs, serial numbers, PKCS#11 URIs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "selector.h"

#define OUID "000102030405060708090a0b0c0d0e0f1011121314151617"

static const struct coffer_slot token = {
	.slot = 33, .serial = 1234567890123ull, .label = "My Keys", .model = "Coffer card",
};

static void object_forms(void **state)
{
	static const struct {
		const char *text;
		enum selector_kind kind;
		uint64_t number;
		const char *label;
	} forms[] = {
		{ "124", SELECTOR_NUMBER, 124, "" }, { "0x7c", SELECTOR_NUMBER, 124, "" },
		{ "signing key", SELECTOR_LABEL, 0, "signing key" },
		{ "label:124", SELECTOR_LABEL, 0, "124" },
		{ "LABEL:label:x", SELECTOR_LABEL, 0, "label:x" },
		{ "label:" OUID, SELECTOR_LABEL, 0, OUID },
		{ "label:pkcs11:x", SELECTOR_LABEL, 0, "pkcs11:x" },
		{ OUID, SELECTOR_OUID, 0, "" }, { "ouid:" OUID, SELECTOR_OUID, 0, "" },
		{ "pkcs11:object=x", SELECTOR_URI, 0, "" }, { "PKCS11:", SELECTOR_URI, 0, "" },
	};
	struct selector s;

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		assert_null(selector_object(forms[i].text, &s));
		assert_int_equal(s.kind, forms[i].kind);
		assert_int_equal(s.number, forms[i].number);
		assert_string_equal(s.label, forms[i].label);
		if (s.kind == SELECTOR_OUID)
			assert_int_equal(s.ouid[23], 0x17);
		selector_free(&s);
	}
}

static void what_is_no_object(void **state)
{
	static const char *const wrong[] = {
		"", "12x", "-1", "4294967296", "label:", "ouid:01", "ouid:", OUID "00",
		"pkcs11:object=%4", "pkcs11:object=%zz", "pkcs11:type=car", "pkcs11:nonsense=1",
		"pkcs11:object", "pkcs11:slot-id=x", "pkcs11:object=a?pin-value=1234",
		"pkcs11:object=a?pin-source=file:/pin",
	};
	struct selector s;
	char *big = malloc(SELECTOR_MAX + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		if (!selector_object(wrong[i], &s))
			fail_msg("%s was taken", wrong[i]);
		selector_free(&s);
	}
	memset(big, 'a', SELECTOR_MAX);
	big[SELECTOR_MAX] = '\0';
	assert_non_null(selector_object(big, &s));
	big[SELECTOR_MAX - 1] = '\0';
	assert_null(selector_object(big, &s));
	free(big);
}

static void uris_become_templates(void **state)
{
	const struct coffer_attr *id, *class, *label;
	struct coffer_object o;
	struct selector s;
	struct template t;

	(void)state;
	assert_null(selector_object("pkcs11:token=T;object=a%20b%2Cc;id=%01%00%ff;type=private",
				    &s));
	selector_template(&s, &t);
	assert_int_equal(t.count, 3);
	o = (struct coffer_object){ .count = t.count, .attrs = t.attrs };
	label = coffer_object_attr(&o, COFFER_CKA_LABEL);
	id = coffer_object_attr(&o, COFFER_CKA_ID);
	class = coffer_object_attr(&o, COFFER_CKA_CLASS);
	assert_int_equal(label->len, 5);
	assert_memory_equal(label->value, "a b,c", 5);
	assert_int_equal(id->len, 3);
	assert_memory_equal(id->value, "\x01\x00\xff", 3);
	assert_int_equal(coffer_attr_ulong(class, 99), COFFER_CKO_PRIVATE_KEY);
	selector_free(&s);
	assert_null(selector_object("pkcs11:type=cert", &s));
	selector_template(&s, &t);
	assert_int_equal(t.count, 1);
	assert_int_equal(coffer_attr_ulong(&t.attrs[0], 99), COFFER_CKO_CERTIFICATE);
	selector_free(&s);
	assert_null(selector_object("ouid:" OUID, &s));
	selector_template(&s, &t);
	assert_int_equal((int)t.attrs[0].type, (int)COFFER_CKA_OUID);
	assert_int_equal(t.attrs[0].len, COFFER_OUID_LEN);
}

static void uris_and_tokens(void **state)
{
	static const struct {
		const char *uri;
		bool names, matches;
	} cases[] = {
		{ "pkcs11:object=x", false, true }, { "pkcs11:", false, true },
		{ "pkcs11:token=My%20Keys", true, true }, { "pkcs11:token=My%20Key", true, false },
		{ "pkcs11:serial=1234567890123", true, true },
		{ "pkcs11:serial=123456789012", true, false },
		{ "pkcs11:manufacturer=Coffer;model=Coffer%20card", true, true },
		{ "pkcs11:manufacturer=Somebody", true, false },
		{ "pkcs11:slot-id=33", true, true }, { "pkcs11:slot-id=0", true, false },
		{ "pkcs11:token=My%20Keys;slot-id=34", true, false },
		{ "pkcs11:token=;object=x", true, false },
	};
	struct selector s;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_null(selector_slot(cases[i].uri, &s));
		if (selector_has_token(&s) != cases[i].names ||
		    selector_is_token(&s, &token) != cases[i].matches)
			fail_msg("%s", cases[i].uri);
		selector_free(&s);
	}
	assert_null(selector_object("12", &s));
	assert_false(selector_has_token(&s));
}

static void slot_forms(void **state)
{
	struct selector s;

	(void)state;
	assert_null(selector_slot("7", &s));
	assert_int_equal(s.kind, SELECTOR_NUMBER);
	assert_null(selector_slot("serial:7", &s));
	assert_int_equal(s.kind, SELECTOR_SERIAL);
	assert_int_equal(s.number, 7);
	assert_null(selector_slot("My Keys", &s));
	assert_int_equal(s.kind, SELECTOR_LABEL);
	assert_null(selector_slot("label:7", &s));
	assert_string_equal(s.label, "7");
	assert_non_null(selector_slot("serial:x", &s));
	assert_non_null(selector_slot("7a", &s));
	assert_non_null(selector_slot("-7", &s));
	assert_non_null(selector_slot("", &s));
}

static void lists_mix_forms(void **state)
{
	const char *list = "12,a\\,b,pkcs11:id=%2C,c\\\\d\\e";
	static const char *const broken[] = { "", "1,", ",1", "1,,2" };
	char element[32];

	(void)state;
	assert_true(selector_next(&list, element, sizeof(element)));
	assert_string_equal(element, "12");
	assert_true(selector_next(&list, element, sizeof(element)));
	assert_string_equal(element, "a,b");
	assert_true(selector_next(&list, element, sizeof(element)));
	assert_string_equal(element, "pkcs11:id=%2C");
	assert_true(selector_next(&list, element, sizeof(element)));
	assert_string_equal(element, "c\\d\\e");
	assert_null(list);
	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		bool good = true;

		for (list = broken[i]; list && good;)
			good = selector_next(&list, element, sizeof(element));
		assert_false(good);
	}
	list = "0123456789";
	assert_false(selector_next(&list, element, 10));
	list = "012345678";
	assert_true(selector_next(&list, element, 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(object_forms),
		cmocka_unit_test(what_is_no_object),
		cmocka_unit_test(uris_become_templates),
		cmocka_unit_test(uris_and_tokens),
		cmocka_unit_test(slot_forms),
		cmocka_unit_test(lists_mix_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
