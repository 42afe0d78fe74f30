// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sessions of the cloning protocols as the library uses them, over real firmware: how many there
 * are, what an expired one does, and where a run stops (behaviour.md rows 15 and 26, 0.3).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib_story.h"

static _Atomic time_t ahead_s;

/* In place of libc's: the cards' uptime. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (id == CLOCK_MONOTONIC)
		t->tv_sec += ahead_s;
	return rc;
}

static const uint8_t key[32] = "thirty-two bytes of an AES key..";
static struct story s;

/* The firmware in this process, so that its clock is ours. */
static void card_here(struct coffer_card *card, const char *name, uint64_t serial)
{
	const struct coffer_make how = { .kdf_test = true, .serial = serial };
	char dir[128], *text = NULL;

	snprintf(dir, sizeof(dir), "%s/%s.coffer", s.root, name);
	if (coffer_card_make(dir, &how, &text))
		fail_msg("card create: %s", text);
	card->t->ops->close(card->t);
	card->t = NULL;
	if (transport_inproc_open(dir, &card->t, &text))
		fail_msg("%s", text);
}

static int begin(void **state)
{
	static struct fake_card none[2];
	struct fake_card *fakes[] = { &none[0], &none[1] };

	(void)state;
	strcpy(s.root, "/tmp/coffer-test-XXXXXX");
	assert_non_null(mkdtemp(s.root));
	s.ctx = fake_context(fakes, 2);
	card_here(&s.ctx->cards[0], "a", 1000001);
	card_here(&s.ctx->cards[1], "b", 1000002);
	story_furnish(&s, NULL);
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

static void fill(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		story_aes(s.co[0], "one of many", key);
}

/* An hour passes when so many are there. */
struct expiry {
	size_t at;
	size_t seen;
};

static void on_item(void *opaque, const struct coffer_clone_item *item)
{
	struct expiry *e = opaque;

	assert_int_equal(item->result, COFFER_CLONED);
	if (++e->seen == e->at)
		ahead_s += 3600;
}

static void renewed(uint32_t protocol)
{
	struct expiry e = { .at = 10 };
	const struct coffer_clone_options options = { .item = on_item, .opaque = &e };
	struct coffer_clone_report report;

	fill(200);
	GOOD(coffer_clone(s.co[0], s.co[1], &options, &report));
	assert_int_equal(report.protocol, protocol);
	assert_int_equal(report.cloned, 200);
	assert_int_equal(report.refused + report.not_tried + report.existing, 0);
	/* The batch after the hour found its session expired; another one brought the rest. */
	assert_int_equal(report.negotiations, 2);
	assert_int_equal(story_count(s.co[1]), 200);
	coffer_clone_report_free(&report);
}

/* row 26 */
static void one_session_for_many(void **state)
{
	struct coffer_clone_report report;

	(void)state;
	fill(100);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	assert_int_equal(report.protocol, COFFER_CLONE_CPV4);
	assert_int_equal(report.cloned, 100);
	assert_int_equal(report.negotiations, 1);
	coffer_clone_report_free(&report);
}

/* row 26 */
static void an_expired_session_is_renewed(void **state)
{
	(void)state;
	renewed(COFFER_CLONE_CPV4);
}

static struct coffer_session *role(enum coffer_role who, const char *pin)
{
	GOOD(coffer_logout(s.co[1]));
	GOOD(coffer_login(s.co[1], who, pin, strlen(pin), NULL));
	return s.co[1];
}

static void suites(bool on)
{
	struct coffer_session *po = role(COFFER_ROLE_PO, STORY_PO);

	for (uint32_t id = 1; id <= 3; id++)
		GOOD(coffer_cipher_set(po, id, on));
	role(COFFER_ROLE_CO, STORY_CO);
}

/* Under CPv3 the same. */
static void cpv3_is_renewed_too(void **state)
{
	(void)state;
	suites(false);
	renewed(COFFER_CLONE_CPV3);
	suites(true);
}

/* rows 15, 22 */
static void a_session_for_each_under_cpv1(void **state)
{
	static const uint32_t force_cpv1 = 42, on = 1, off = 0;
	struct coffer_clone_report report;

	(void)state;
	GOOD(coffer_policy_set(role(COFFER_ROLE_PO, STORY_PO), &force_cpv1, &on, 1, true));
	role(COFFER_ROLE_CO, STORY_CO);
	fill(7);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	assert_int_equal(report.protocol, COFFER_CLONE_CPV1);
	assert_int_equal(report.cloned, 7);
	assert_int_equal(report.negotiations, 7);
	coffer_clone_report_free(&report);
	GOOD(coffer_policy_set(role(COFFER_ROLE_PO, STORY_PO), &force_cpv1, &off, 1, true));
	role(COFFER_ROLE_CO, STORY_CO);
}

/* ---- Where a run stops ---------------------------------------------------------------------- */

static void archive_stops(const char *profile, bool stops)
{
	struct coffer_clone_options options = { .count = 3 };
	struct coffer_clone_report report;
	struct coffer_archive a = {
		.partition = "vault", .so_pin = STORY_SO, .co_pin = "archive-password-1",
		.domain = STORY_DOMAIN, .append = true,
	};
	uint32_t handles[3] = { 0, 0x7fffff, 0 };
	struct story old;

	story_begin(&old, profile, "backup-g5-6.28", NULL);
	a.card = coffer_card_at(old.ctx, STORY_BACKUP);
	handles[0] = story_aes(old.co[0], "first", key);
	handles[2] = story_aes(old.co[0], "third", key);
	options.handles = handles;
	/* An archive with one object, so that a failed run does not take it away. */
	a.append = false;
	options.count = 1;
	GOOD(coffer_archive_backup(old.co[0], &a, &options, &report));
	coffer_clone_report_free(&report);
	a.append = true;
	options.count = 3;
	assert_int_equal(coffer_archive_backup(old.co[0], &a, &options, &report),
			 ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(report.items[1].rc, ST(OBJECT_HANDLE_INVALID));
	assert_int_equal(report.cloned, !stops);
	assert_int_equal(report.items[2].rc, stops ? ST(CLONE_NOT_ATTEMPTED) : 0);
	coffer_clone_report_free(&report);
	/* Told to go on it does. */
	options.on_error = COFFER_ON_ERROR_GO_ON;
	assert_int_equal(coffer_archive_backup(old.co[0], &a, &options, &report),
			 ST(FAILED_TO_CLONE_AN_OBJECT));
	assert_int_equal(report.cloned, stops);
	assert_int_equal(report.existing, stops ? 1 : 2);
	coffer_clone_report_free(&report);
	story_end(&old);
}

static void archives_of_v0_stop(void **state)
{
	(void)state;
	archive_stops("pcie-7.8", true);
}

static void older_archives_go_on(void **state)
{
	(void)state;
	archive_stops("pcie-7.4", false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_session_for_many, empty),
		cmocka_unit_test_setup(an_expired_session_is_renewed, empty),
		cmocka_unit_test_setup(cpv3_is_renewed_too, empty),
		cmocka_unit_test_setup(a_session_for_each_under_cpv1, empty),
		cmocka_unit_test(archives_of_v0_stop),
		cmocka_unit_test(older_archives_go_on),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
