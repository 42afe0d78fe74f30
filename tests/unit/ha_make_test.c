// SPDX-License-Identifier: BSD-3-Clause
/* New keys while members go: who makes them, and from whom the others get them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha_bench.h"

static const uint8_t key[32] = "thirty-two bytes of an AES key..";

/* row 60 */
static void another_member_makes_keys_when_the_primary_fails(void **state)
{
	struct coffer_session *s;
	struct coffer_ha_group g;
	uint8_t random[16];
	uint32_t pair;

	(void)state;
	bench_group(&b, 3, -1, NULL);
	s = bench_login(&b);
	bench_members(&b, &g);
	assert_true(g.members[0].primary);
	bench_unplug(&b, 0);
	pair = bench_pair(s, "pair", NULL);
	GOOD(coffer_random(s, random, sizeof(random)));
	assert_int_equal(bench_count(&b, 1), 2);
	assert_int_equal(bench_count(&b, 2), 2);
	bench_members(&b, &g);
	assert_false(g.members[0].alive);
	assert_true(g.members[1].primary);
	bench_plug(&b, 0);
	bench_wait_alive(&b, 0, true);
	assert_int_equal(bench_count(&b, 0), 2);
	bench_members(&b, &g);
	assert_true(g.members[0].primary);
	GOOD(bench_sign(s, pair));
	coffer_session_close(s);
}

/* ---- Between the copies of a new key ----------------------------------------------------- */

static struct {
	bool breaks;			/* card 0, as soon as one copy is made */
	int late;			/* copies that do not come to an end in time */
	unsigned int patience[2];	/* of the first copies */
	unsigned int copies;
} copying;

coffer_rc __real_coffer_clone(struct coffer_session *source, struct coffer_session *target,
			      const struct coffer_clone_options *options,
			      struct coffer_clone_report *report);
coffer_rc __wrap_coffer_clone(struct coffer_session *source, struct coffer_session *target,
			      const struct coffer_clone_options *options,
			      struct coffer_clone_report *report);

coffer_rc __wrap_coffer_clone(struct coffer_session *source, struct coffer_session *target,
			      const struct coffer_clone_options *options,
			      struct coffer_clone_report *report)
{
	coffer_rc rc = -ETIMEDOUT;

	if (copying.copies < 2)
		copying.patience[copying.copies] = target->timeout_ms;
	copying.copies++;
	memset(report, 0, sizeof(*report));
	if (copying.late)
		copying.late--;
	else
		rc = __real_coffer_clone(source, target, options, report);
	if (!rc && copying.breaks)
		bench_unplug(&b, 0);
	copying.breaks = false;
	return rc;
}

static void the_others_get_a_key_from_the_first_copy(void **state)
{
	struct coffer_session *s;
	uint32_t public;

	(void)state;
	bench_group(&b, 3, -1, NULL);
	s = bench_login(&b);
	copying.breaks = true;
	bench_pair(s, "pair", &public);
	assert_false(ha_alive(((struct ha_session *)s)->group) & 1);
	assert_int_equal(bench_count(&b, 1), 2);
	assert_int_equal(bench_count(&b, 2), 2);
	bench_plug(&b, 0);
	bench_wait_alive(&b, 0, true);
	assert_int_equal(bench_count(&b, 0), 2);
	assert_int_equal(story_count(s), 2);
	coffer_session_close(s);
}

/* ... longer, but not for ever. */
static void a_slow_copy_gets_more_time(void **state)
{
	struct coffer_session *s;

	(void)state;
	bench_group(&b, 2, -1, "Coffer = {\n   HACallTimeoutMs = 700;\n}\n");
	s = bench_login(&b);
	memset(&copying, 0, sizeof(copying));
	copying.late = 1;
	story_aes(s, "slow", key);
	assert_int_equal(copying.copies, 2);
	assert_int_equal(copying.patience[0], 700);
	assert_int_equal(copying.patience[1], 5700);
	assert_int_equal(bench_count(&b, 1), 1);
	coffer_session_close(s);
}

static void *make_one(void *arg)
{
	story_aes(arg, "made twice", key);
	return NULL;
}

/* The maker breaks before anybody has a copy: what it made goes when it is back. */
static void a_key_that_was_made_anew_is_there_once(void **state)
{
	struct coffer_session *s, *one;
	struct ha_group *g;
	pthread_t thread;
	size_t made = 0;

	(void)state;
	bench_group(&b, 3, -1, NULL);
	s = bench_login(&b);
	g = ((struct ha_session *)s)->group;
	one = bench_direct(&b, 0);
	pthread_mutex_lock(&g->change_lock);
	assert_int_equal(pthread_create(&thread, NULL, make_one, s), 0);
	for (int i = 0; !made && i < 1000; i++) {
		usleep(10000);
		made = story_count(one);
	}
	usleep(100000);
	coffer_session_close(one);
	bench_unplug(&b, 0);
	pthread_mutex_unlock(&g->change_lock);
	pthread_join(thread, NULL);
	assert_int_equal(made, 1);
	assert_int_equal(bench_count(&b, 1), 1);
	bench_plug(&b, 0);
	bench_wait_alive(&b, 0, true);
	assert_int_equal(bench_count(&b, 0), 1);
	assert_int_equal(story_count(s), 1);
	coffer_session_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HA_TEST(another_member_makes_keys_when_the_primary_fails),
		HA_TEST(the_others_get_a_key_from_the_first_copy),
		HA_TEST(a_slow_copy_gets_more_time),
		HA_TEST(a_key_that_was_made_anew_is_there_once),
	};

	return cmocka_run_group_tests(tests, ha_begin_three, ha_end);
}
