// SPDX-License-Identifier: BSD-3-Clause
/*
 * coffer_clone() over two cards that the test plays: which objects go, in which batches, how
 * often the cards negotiate, and what a refusal, an expiry, an interrupt or a broken connection
 * leaves behind. What the cards check is firmware-sim's business, and tested there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib_clone_card.h"

/* ---- A pair of them ------------------------------------------------------------------------- */

struct pair {
	struct card source, target;
	struct coffer *ctx;
	struct coffer_session from, to;
	struct coffer_clone_options options;
	struct coffer_clone_report report;
	unsigned int items, stages;
	int interrupted;
};

static void on_item(void *opaque, const struct coffer_clone_item *item)
{
	struct pair *p = opaque;

	p->items++;
	/* Nothing that a terminal would act on. */
	assert_null(strchr(item->label, '\x1b'));
}

static void on_stage(void *opaque, enum coffer_clone_stage stage, size_t done, size_t total)
{
	struct pair *p = opaque;

	assert_true(done <= total);
	p->stages |= 1u << stage;
}

static struct pair *pair_new(uint32_t objects, uint32_t protocol)
{
	struct pair *p = calloc(1, sizeof(*p));
	struct fake_card *cards[] = { &p->source.fake, &p->target.fake };

	clone_card_init(&p->source, 100, protocol);
	clone_card_init(&p->target, 5000, protocol);
	p->source.count = objects;
	for (uint32_t i = 0; i < objects; i++)
		clone_card_ouid(p->source.ouids[i], i);
	p->ctx = fake_context(cards, 2);
	p->from = (struct coffer_session){ .card = coffer_card_at(p->ctx, 0), .id = 1,
					   .partition = 1 };
	p->to = (struct coffer_session){ .card = coffer_card_at(p->ctx, 1), .id = 1,
					 .partition = 1, .rw = true };
	p->from.epoch = card_epoch(p->from.card);
	p->to.epoch = card_epoch(p->to.card);
	p->options = (struct coffer_clone_options){
		.stage = on_stage, .item = on_item, .opaque = p,
		.interrupted = &p->interrupted,
	};
	return p;
}

static coffer_rc pair_clone(struct pair *p)
{
	coffer_clone_report_free(&p->report);
	p->items = 0;
	return coffer_clone(&p->from, &p->to, &p->options, &p->report);
}

/* Every object has one result, was told once, and no context is left open. */
static void pair_free(struct pair *p)
{
	const struct coffer_clone_report *r = &p->report;

	assert_int_equal(r->cloned + r->existing + r->refused + r->not_tried, r->count);
	assert_int_equal(p->items, r->count);
	assert_int_equal(p->source.context, 0);
	assert_int_equal(p->target.context, 0);
	coffer_clone_report_free(&p->report);
	coffer_close(p->ctx);
	free(p);
}

/* ---- Good runs ------------------------------------------------------------------------------ */

static void all_in_one_session(void **state)
{
	struct pair *p = pair_new(600, COFFER_CLONE_CPV4);

	(void)state;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 600);
	assert_int_equal(p->report.negotiations, 1);
	assert_int_equal(p->report.protocol, COFFER_CLONE_CPV4);
	assert_int_equal(p->report.suite, 3);
	assert_int_equal(p->target.count, 600);
	assert_int_equal(p->report.items[7].source_handle, 108);
	assert_int_equal(p->report.items[7].target_handle, 5008);
	assert_string_equal(p->report.items[7].label, "key?7");
	assert_int_equal(p->report.items[7].object_class, COFFER_CKO_SECRET_KEY);
	assert_int_equal(p->source.extracts, 2);
	assert_int_equal(p->source.finishes, 1);
	assert_int_equal(p->stages, 0x1f);

	/* Again: they are all there. */
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 0);
	assert_int_equal(p->report.existing, 600);
	assert_int_equal(p->report.items[7].target_handle, 5008);
	assert_int_equal(p->source.extracts, 2);
	pair_free(p);
}

/* row 15 */
static void cpv1_runs_once_per_object(void **state)
{
	struct pair *p = pair_new(5, COFFER_CLONE_CPV1);

	(void)state;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 5);
	assert_int_equal(p->report.negotiations, 5);
	assert_int_equal(p->source.extracts, 5);
	assert_int_equal(p->source.finishes, 0);
	assert_int_equal(p->report.protocol, COFFER_CLONE_CPV1);
	assert_int_equal(p->report.suite, 0);
	pair_free(p);
}

/* CPv3: the source begins, and one session holds for all. */
static void the_source_begins_under_cpv3(void **state)
{
	struct pair *p = pair_new(40, COFFER_CLONE_CPV3);

	(void)state;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 40);
	assert_int_equal(p->report.negotiations, 1);
	assert_int_equal(p->report.protocol, COFFER_CLONE_CPV3);
	assert_int_equal(p->source.invites, 1);
	assert_int_equal(p->target.invites, 0);
	assert_int_equal(p->source.finishes, 1);
	pair_free(p);
	p = pair_new(4, COFFER_CLONE_CPV4);
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->source.invites + p->target.invites, 0);
	pair_free(p);
}

static void listed_handles_only(void **state)
{
	static const uint32_t few[] = { 103, 101, 103, 9999, 0 };
	struct pair *p = pair_new(40, COFFER_CLONE_CPV4);
	uint32_t many[30];

	(void)state;
	p->options.handles = few;
	p->options.count = 5;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.count, 4);
	assert_int_equal(p->report.cloned, 2);
	assert_int_equal(p->report.refused, 2);
	assert_int_equal(p->report.items[2].rc, ST(OBJECT_HANDLE_INVALID));
	assert_int_equal(p->report.items[0].source_handle, 103);

	for (uint32_t i = 0; i < 30; i++)
		many[i] = 110 + i % 29;		/* one twice */
	p->options.handles = many;
	p->options.count = 30;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 29);
	assert_int_equal(p->target.count, 31);
	pair_free(p);
}

static void replies_that_hold_less(void **state)
{
	struct pair *p = pair_new(100, COFFER_CLONE_CPV4);

	(void)state;
	p->source.per_extract = 7;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 100);
	assert_int_equal(p->source.largest, 7);
	assert_int_equal(p->report.negotiations, 1);
	pair_free(p);
}

static void nothing_to_clone(void **state)
{
	struct pair *p = pair_new(0, COFFER_CLONE_CPV4);

	(void)state;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.count, 0);
	assert_int_equal(p->source.extracts, 0);
	pair_free(p);
}

static void a_dry_run_moves_nothing(void **state)
{
	struct pair *p = pair_new(9, COFFER_CLONE_CPV4);

	(void)state;
	clone_card_ouid(p->target.ouids[p->target.count++], 4);
	p->options.dry_run = true;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.existing, 1);
	assert_int_equal(p->report.not_tried, 8);
	assert_int_equal(p->report.protocol, COFFER_CLONE_CPV4);
	assert_int_equal(p->source.extracts, 0);
	assert_int_equal(p->target.count, 1);
	pair_free(p);
}

static void expiry_is_quiet(void **state)
{
	struct pair *p = pair_new(50, COFFER_CLONE_CPV4);

	(void)state;
	p->source.per_extract = 10;
	p->source.expire_at = 3;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 50);
	assert_int_equal(p->report.negotiations, 2);
	pair_free(p);
}

/* ---- Bad ones ------------------------------------------------------------------------------- */

static void one_refusal_harms_nobody_else(void **state)
{
	static const uint32_t protocols[] = { COFFER_CLONE_CPV1, COFFER_CLONE_CPV4 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct pair *p = pair_new(10, protocols[i]);

		p->source.refuse_handle = 103;
		p->target.refuse_ouid = 6;
		assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
		assert_int_equal(p->report.cloned, 8);
		assert_int_equal(p->report.refused, 2);
		assert_int_equal(p->report.items[2].rc, ST(KEY_UNEXTRACTABLE));
		assert_int_equal(p->report.items[6].rc, ST(BAD_MAC));
		assert_int_equal(p->report.items[6].result, COFFER_CLONE_REFUSED);
		assert_int_equal(p->report.items[9].result, COFFER_CLONED);
		pair_free(p);
	}
}

static void stop_on_error_stops(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV4);

	(void)state;
	p->source.refuse_handle = 104;
	p->options.on_error = COFFER_ON_ERROR_STOP;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.cloned, 3);
	assert_int_equal(p->report.refused, 1);
	assert_int_equal(p->report.not_tried, 6);
	assert_int_equal(p->report.items[9].rc, ST(CLONE_NOT_ATTEMPTED));
	assert_int_equal(p->target.count, 3);
	pair_free(p);
}

/* In the order that was asked for: what comes before the failure is there, the rest is told. */
static void a_bad_handle_stops_in_its_place(void **state)
{
	static const uint32_t handles[] = { 101, 102, 9999, 103 };
	struct pair *p = pair_new(10, COFFER_CLONE_CPV4);

	(void)state;
	p->options.handles = handles;
	p->options.count = 4;
	p->options.on_error = COFFER_ON_ERROR_STOP;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.cloned, 2);
	assert_int_equal(p->report.items[2].rc, ST(OBJECT_HANDLE_INVALID));
	assert_int_equal(p->report.items[3].rc, ST(CLONE_NOT_ATTEMPTED));
	p->options.on_error = COFFER_ON_ERROR_GO_ON;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.cloned, 1);
	assert_int_equal(p->report.existing, 2);
	assert_int_equal(p->report.refused, 1);
	assert_int_equal(p->report.not_tried, 0);
	pair_free(p);
}

static void a_wrong_domain_moves_nothing(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV4);

	(void)state;
	p->source.negotiation = (uint32_t)COFFER_ST_SESSION_NEGOTIATION_NO_PSK;
	assert_int_equal(pair_clone(p), ST(SESSION_NEGOTIATION_NO_PSK));
	assert_int_equal(p->report.not_tried, 10);
	assert_int_equal(p->source.extracts, 0);
	/* One try: no other protocol, no second one. */
	assert_int_equal(p->source.starts, 1);
	pair_free(p);
	p = pair_new(10, COFFER_CLONE_CPV1);
	p->target.negotiation = (uint32_t)COFFER_ST_CERTIFICATE_DATA_INVALID;
	assert_int_equal(pair_clone(p), ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(p->target.starts, 1);
	pair_free(p);
}

/* row 14 */
/* Old cards, nothing looked at before: each object is tried, and each has its error. */
static void each_its_own_error(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV1);

	(void)state;
	clone_card_ouid(p->target.ouids[p->target.count++], 4);
	p->options.no_preflight = true;
	p->target.negotiation = (uint32_t)COFFER_ST_CERTIFICATE_DATA_INVALID;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->target.starts, 9);
	assert_int_equal(p->report.refused, 9);
	assert_int_equal(p->report.existing, 1);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(p->report.items[i].rc,
				 i == 4 ? 0 : ST(CERTIFICATE_DATA_INVALID));
	assert_int_equal(p->source.extracts, 0);
	/* Told to stop it stops; a dry run tries nothing. */
	p->options.on_error = COFFER_ON_ERROR_STOP;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.refused, 1);
	assert_int_equal(p->report.items[1].rc, ST(CLONE_NOT_ATTEMPTED));
	p->options.dry_run = true;
	assert_int_equal(pair_clone(p), ST(CERTIFICATE_DATA_INVALID));
	/* When the cards agree again it is as ever. */
	p->options.dry_run = false;
	p->target.negotiation = 0;
	assert_int_equal(pair_clone(p), 0);
	assert_int_equal(p->report.cloned, 9);
	pair_free(p);
	/* One session for all fails for all. */
	p = pair_new(10, COFFER_CLONE_CPV4);
	p->options.no_preflight = true;
	p->source.negotiation = (uint32_t)COFFER_ST_SESSION_NEGOTIATION_NO_PSK;
	assert_int_equal(pair_clone(p), ST(SESSION_NEGOTIATION_NO_PSK));
	assert_int_equal(p->source.starts, 1);
	pair_free(p);
}

/* A card that makes its callers wait is left alone: the rest was not tried. */
static void a_throttled_card_is_left_alone(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV1);

	(void)state;
	p->options.no_preflight = true;
	p->target.negotiation = (uint32_t)COFFER_ST_CERTIFICATE_DATA_INVALID;
	p->target.throttled = 3;
	assert_int_equal(pair_clone(p), ST(CLONE_THROTTLED));
	assert_int_equal(p->target.starts, 4);
	assert_int_equal(p->report.refused, 3);
	assert_int_equal(p->report.not_tried, 7);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(p->report.items[i].rc, i < 3 ? ST(CERTIFICATE_DATA_INVALID) :
							ST(CLONE_NOT_ATTEMPTED));
	pair_free(p);
	/* Throttled from the first: nothing is tried. */
	p = pair_new(10, COFFER_CLONE_CPV1);
	p->options.no_preflight = true;
	p->target.negotiation = (uint32_t)COFFER_ST_CLONE_THROTTLED;
	assert_int_equal(pair_clone(p), ST(CLONE_THROTTLED));
	assert_int_equal(p->target.starts, 1);
	assert_int_equal(p->report.not_tried, 10);
	pair_free(p);
}

static void cards_that_disagree(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV4);

	(void)state;
	p->target.protocol = COFFER_CLONE_CPV1;
	assert_int_equal(pair_clone(p), -EIO);
	assert_int_equal(p->source.extracts, 0);
	pair_free(p);
}

static void a_list_cut_short_is_an_error(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV4);

	(void)state;
	p->target.lose = 1;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	pair_free(p);
}

static void an_interrupt_ends_after_the_batch(void **state)
{
	struct pair *p = pair_new(10, COFFER_CLONE_CPV4);

	(void)state;
	p->interrupted = 1;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.not_tried, 10);
	assert_int_equal(p->target.count, 0);
	pair_free(p);
}

static void a_connection_that_breaks(void **state)
{
	struct pair *p = pair_new(30, COFFER_CLONE_CPV4);

	(void)state;
	p->source.per_extract = 10;
	p->source.break_at = 2;
	assert_int_equal(pair_clone(p), ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(p->report.cloned, 10);
	assert_int_equal(p->report.refused, 1);
	assert_int_equal(p->report.items[10].rc, -EPIPE);
	assert_int_equal(p->report.not_tried, 19);
	p->source.context = 0;		/* it went with the connection */
	pair_free(p);
}

static void expiry_that_never_ends(void **state)
{
	struct pair *p = pair_new(3, COFFER_CLONE_CPV4);
	coffer_rc rc = 0;

	(void)state;
	for (int i = 0; i < 8 && !rc; i++) {
		p->source.expire_at = p->source.extracts + 1;
		p->target.count = 0;
		/* expires at the first EXTRACT, good at the second */
		rc = pair_clone(p);
		assert_int_equal(p->report.negotiations, 2);
	}
	assert_int_equal(rc, 0);
	pair_free(p);
}

static void the_same_partition(void **state)
{
	struct pair *p = pair_new(3, COFFER_CLONE_CPV4);

	(void)state;
	assert_int_equal(coffer_clone(&p->to, &p->to, NULL, &p->report),
			 ST(CLONE_SAME_PARTITION));
	p->to.rw = false;
	assert_int_equal(pair_clone(p), ST(SESSION_READ_ONLY));
	assert_int_equal(p->source.fake.execs, 0);
	pair_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_in_one_session),
		cmocka_unit_test(cpv1_runs_once_per_object),
		cmocka_unit_test(the_source_begins_under_cpv3),
		cmocka_unit_test(listed_handles_only),
		cmocka_unit_test(replies_that_hold_less),
		cmocka_unit_test(nothing_to_clone),
		cmocka_unit_test(a_dry_run_moves_nothing),
		cmocka_unit_test(expiry_is_quiet),
		cmocka_unit_test(one_refusal_harms_nobody_else),
		cmocka_unit_test(stop_on_error_stops),
		cmocka_unit_test(a_bad_handle_stops_in_its_place),
		cmocka_unit_test(a_wrong_domain_moves_nothing),
		cmocka_unit_test(each_its_own_error),
		cmocka_unit_test(a_throttled_card_is_left_alone),
		cmocka_unit_test(cards_that_disagree),
		cmocka_unit_test(a_list_cut_short_is_an_error),
		cmocka_unit_test(an_interrupt_ends_after_the_batch),
		cmocka_unit_test(a_connection_that_breaks),
		cmocka_unit_test(expiry_that_never_ends),
		cmocka_unit_test(the_same_partition),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
