// SPDX-License-Identifier: BSD-3-Clause
/*
 * Do two partitions hold the same objects? By identity and by the fingerprint that each card
 * computes over all of an object that is no secret; secrets never change after they were made.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

#define PRINT_LEN 32

static const uint32_t wanted[] = { CKA(OUID), CKA(CLASS), CKA(LABEL), CKA(FINGERPRINT) };

static const uint8_t *bytes_of(const struct coffer_object *o, uint32_t type, uint32_t len)
{
	const struct coffer_attr *a = coffer_object_attr(o, type);

	return a && a->value && a->len == len ? a->value : NULL;
}

static int by_ouid(const void *a, const void *b)
{
	const uint8_t *x = bytes_of(a, CKA(OUID), COFFER_OUID_LEN);
	const uint8_t *y = bytes_of(b, CKA(OUID), COFFER_OUID_LEN);

	if (!x || !y)
		return (x != NULL) - (y != NULL);
	return memcmp(x, y, COFFER_OUID_LEN);
}

static coffer_rc list_sorted(struct coffer_session *s, struct coffer_objects *out)
{
	const uint8_t yes = 1;
	const struct coffer_attr token = { CKA(TOKEN), 1, &yes };
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	rc = coffer_find(s, &token, 1, wanted, sizeof(wanted) / sizeof(wanted[0]), out);
	if (!rc && out->count)
		qsort(out->list, out->count, sizeof(*out->list), by_ouid);
	return rc;
}

static bool same(const struct coffer_object *a, const struct coffer_object *b)
{
	const uint8_t *x = bytes_of(a, CKA(FINGERPRINT), PRINT_LEN);
	const uint8_t *y = bytes_of(b, CKA(FINGERPRINT), PRINT_LEN);

	return x && y && !memcmp(x, y, PRINT_LEN);
}

/* One of the two may be missing. */
static void add(struct coffer_compare_report *r, const struct coffer_object *a,
		const struct coffer_object *b)
{
	struct coffer_compare_item *i = &r->items[r->count++];
	const struct coffer_object *o = a ? a : b;

	i->handle_a = a ? a->handle : 0;
	i->handle_b = b ? b->handle : 0;
	i->object_class = (uint32_t)coffer_attr_ulong(coffer_object_attr(o, CKA(CLASS)),
						      UINT32_MAX);
	label_clean(i->label, sizeof(i->label), o);
	if (!b) {
		i->result = COFFER_ONLY_A;
		r->only_a++;
	} else if (!a) {
		i->result = COFFER_ONLY_B;
		r->only_b++;
	} else if (same(a, b)) {
		i->result = COFFER_SAME;
		r->same++;
	} else {
		i->result = COFFER_DIFFERS;
		r->differ++;
	}
}

static void merge(struct coffer_compare_report *r, const struct coffer_objects *a,
		  const struct coffer_objects *b)
{
	size_t i = 0, j = 0;
	int order;

	while (i < a->count || j < b->count) {
		order = i == a->count ? 1 : j == b->count ? -1 :
			by_ouid(&a->list[i], &b->list[j]);
		add(r, order <= 0 ? &a->list[i] : NULL, order >= 0 ? &b->list[j] : NULL);
		i += order <= 0;
		j += order >= 0;
	}
}

API coffer_rc coffer_compare(struct coffer_session *a, struct coffer_session *b,
			     struct coffer_compare_report *report)
{
	struct coffer_objects of_a = { 0 }, of_b = { 0 };
	coffer_rc rc;

	memset(report, 0, sizeof(*report));
	rc = list_sorted(a, &of_a);
	if (!rc)
		rc = list_sorted(b, &of_b);
	if (!rc) {
		report->items = calloc(of_a.count + of_b.count + 1, sizeof(*report->items));
		rc = report->items ? 0 : -ENOMEM;
	}
	if (!rc)
		merge(report, &of_a, &of_b);
	coffer_objects_free(&of_a);
	coffer_objects_free(&of_b);
	return rc;
}

API void coffer_compare_report_free(struct coffer_compare_report *report)
{
	if (!report)
		return;
	free(report->items);
	memset(report, 0, sizeof(*report));
}
