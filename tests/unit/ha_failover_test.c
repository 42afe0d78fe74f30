// SPDX-License-Identifier: BSD-3-Clause
/* Members go and come back: what becomes of keys, sessions and logins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha_bench.h"

static const uint8_t key[32] = "thirty-two bytes of an AES key..";

/* row 62 */
static void the_standby_serves_while_all_others_are_down(void **state)
{
	struct coffer_session *s;
	struct coffer_ha_group g;
	uint32_t pair;

	(void)state;
	bench_group(&b, 3, -1, "VirtualToken = {\n   VirtualToken00Standby = %SN2;\n}\n");
	s = bench_login(&b);
	pair = bench_pair(s, "pair", NULL);
	assert_int_equal(bench_count(&b, 2), 2);
	for (int i = 0; i < 10; i++)
		GOOD(bench_sign(s, pair));
	bench_members(&b, &g);
	assert_true(g.members[2].standby);
	assert_int_equal(g.members[2].served, 0);
	bench_unplug(&b, 0);
	bench_unplug(&b, 1);
	for (int i = 0; i < 10; i++)
		GOOD(bench_sign(s, pair));
	bench_members(&b, &g);
	assert_int_equal(g.members[2].served, 10);
	assert_true(g.members[2].primary);
	story_aes(s, "made by the standby", key);
	bench_plug(&b, 0);
	bench_wait_alive(&b, 0, true);
	/* It has caught up, and the standby stands by. */
	assert_int_equal(bench_count(&b, 0), 3);
	for (int i = 0; i < 10; i++)
		GOOD(bench_sign(s, pair));
	bench_members(&b, &g);
	assert_int_equal(g.members[2].served, 10);
	assert_true(g.members[0].primary);
	bench_plug(&b, 1);
	bench_wait_alive(&b, 1, true);
	coffer_session_close(s);
}

static void what_was_destroyed_does_not_come_back(void **state)
{
	struct coffer_session *s;
	uint32_t doomed, kept;

	(void)state;
	bench_group(&b, 3, -1, NULL);
	s = bench_login(&b);
	doomed = story_aes(s, "doomed", key);
	kept = story_aes(s, "kept", key);
	bench_unplug(&b, 1);
	GOOD(coffer_object_destroy(s, doomed));
	GOOD(coffer_object_set(s, kept, &(struct coffer_attr){ CKA(LABEL), 5, "other" }, 1));
	bench_plug(&b, 1);
	bench_wait_alive(&b, 1, true);
	assert_int_equal(bench_count(&b, 1), 1);
	assert_int_equal(story_count(s), 1);
	coffer_session_close(s);
}

/* The primary breaks in the call itself: nobody knew before that it was away. */
static void what_was_destroyed_does_not_come_back_with_the_primary(void **state)
{
	struct coffer_session *s;
	uint32_t doomed;

	(void)state;
	bench_group(&b, 3, -1, NULL);
	s = bench_login(&b);
	doomed = story_aes(s, "doomed", key);
	bench_unplug(&b, 0);
	GOOD(coffer_object_destroy(s, doomed));
	bench_plug(&b, 0);
	bench_wait_alive(&b, 0, true);
	assert_int_equal(bench_count(&b, 0), 0);
	assert_int_equal(story_count(s), 0);
	coffer_session_close(s);
}

/* It broke again before it had destroyed what it missed: that is not forgotten. */
static void what_is_doomed_waits_until_it_is_destroyed(void **state)
{
	struct ha_group *g;
	struct coffer_session *s;
	uint32_t doomed;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	s = bench_login(&b);
	g = ((struct ha_session *)s)->group;
	doomed = story_aes(s, "doomed", key);
	bench_unplug(&b, 1);
	GOOD(coffer_object_destroy(s, doomed));
	assert_int_equal(g->members[1].n_doomed, 1);
	assert_true(ha_is_break(ha_catch_up(g, 0, 1)));
	assert_int_equal(g->members[1].n_doomed, 1);
	bench_plug(&b, 1);
	GOOD(coffer_ha_recover(s, NULL, NULL));
	assert_int_equal(g->members[1].n_doomed, 0);
	assert_int_equal(bench_count(&b, 1), 0);
	coffer_session_close(s);
}

/* Nobody was logged in when the member came back: the next login brings it up. */
static void what_was_missed_comes_with_the_next_login(void **state)
{
	struct coffer_session *s;
	struct coffer_ha_group g;
	uint32_t doomed;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	s = bench_login(&b);
	doomed = story_aes(s, "doomed", key);
	bench_unplug(&b, 0);
	GOOD(coffer_object_destroy(s, doomed));
	story_aes(s, "missed", key);
	GOOD(coffer_logout(s));
	bench_plug(&b, 0);
	GOOD(coffer_ha_recover(s, NULL, NULL));
	bench_members(&b, &g);
	assert_true(g.members[0].alive && g.members[0].primary);
	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	assert_int_equal(((struct ha_session *)s)->group->members[0].n_doomed, 0);
	assert_int_equal(story_count(s), 1);
	assert_int_equal(bench_count(&b, 0), 1);
	coffer_session_close(s);
}

static void without_recovery_a_member_stays_down_until_asked(void **state)
{
	struct coffer_session *s;
	size_t alive, down;
	uint32_t pair;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	s = bench_login(&b);
	pair = bench_pair(s, "pair", NULL);
	bench_unplug(&b, 1);
	for (int i = 0; i < 4; i++)
		GOOD(bench_sign(s, pair));
	bench_plug(&b, 1);
	usleep(200000);
	for (int i = 0; i < 4; i++)
		GOOD(bench_sign(s, pair));
	bench_wait_alive(&b, 0, true);
	GOOD(coffer_ha_recover(s, &alive, &down));
	assert_int_equal(alive, 2);
	assert_int_equal(down, 0);
	coffer_session_close(s);
}

/* After activeBasic what was open before the return does not use the member, new sessions do. */
static void active_basic_is_for_new_sessions(void **state)
{
	struct coffer_session *old, *new;
	size_t alive;
	uint32_t pair;

	(void)state;
	bench_group(&b, 2, -1, "HAConfiguration = {\n   RecoveryMode = activeBasic;\n}\n");
	old = bench_login(&b);
	pair = bench_pair(old, "pair", NULL);
	bench_unplug(&b, 1);
	for (int i = 0; i < 4; i++)
		GOOD(bench_sign(old, pair));
	bench_plug(&b, 1);
	bench_wait_alive(&b, 1, true);
	bench_unplug(&b, 0);
	assert_int_equal(bench_sign(old, pair), ST(SESSION_HANDLE_INVALID));
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &new));
	GOOD(bench_sign(new, pair));
	bench_plug(&b, 0);
	GOOD(coffer_ha_recover(new, &alive, NULL));
	assert_int_equal(alive, 2);
	coffer_session_close(new);
	coffer_session_close(old);
}

/* One wrong PIN is the last that is tried by itself. */
/* What it changes, it changes there as well. */
static void active_basic_changes_objects_everywhere(void **state)
{
	struct coffer_ha_difference *list;
	struct coffer_session *s;
	uint32_t doomed, kept;
	size_t count;

	(void)state;
	bench_group(&b, 2, 0, "HAConfiguration = {\n   RecoveryMode = activeBasic;\n}\n");
	s = bench_login(&b);
	doomed = story_aes(s, "doomed", key);
	kept = story_aes(s, "kept", key);
	bench_unplug(&b, 1);
	GOOD(coffer_object_set(s, kept, &(struct coffer_attr){ CKA(LABEL), 4, "away" }, 1));
	bench_plug(&b, 1);
	GOOD(coffer_ha_recover(s, NULL, NULL));
	GOOD(coffer_object_destroy(s, doomed));
	GOOD(coffer_object_set(s, kept, &(struct coffer_attr){ CKA(LABEL), 5, "other" }, 1));
	assert_int_equal(bench_count(&b, 1), 1);
	GOOD(coffer_ha_compare(s, &list, &count));
	assert_int_equal(count, 0);
	free(list);
	coffer_session_close(s);
}

static void a_changed_password_costs_one_attempt(void **state)
{
	struct coffer_role_state *roles;
	struct coffer_session *s, *one;
	size_t count, alive;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	s = bench_login(&b);
	one = bench_direct(&b, 1);
	GOOD(coffer_role_change(one, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), "another-1", 9));
	coffer_session_close(one);
	ha_mark_down(((struct ha_session *)s)->group, 1, -EPIPE);
	GOOD(coffer_session_open(coffer_card_at(b.ctx, 1), b.partition[1], true, &one));
	GOOD(coffer_logout(one));
	for (int i = 0; i < 3; i++) {
		GOOD(coffer_ha_recover(s, &alive, NULL));
		assert_int_equal(alive, 1);
	}
	GOOD(coffer_roles(one, &roles, &count));
	for (size_t i = 0; i < count; i++)
		if (roles[i].role == COFFER_ROLE_CO)
			assert_int_equal(roles[i].attempts_left, 9);
	free(roles);
	GOOD(coffer_login(one, COFFER_ROLE_CO, "another-1", 9, NULL));
	GOOD(coffer_role_change(one, COFFER_ROLE_CO, "another-1", 9, STORY_CO, strlen(STORY_CO)));
	GOOD(coffer_logout(one));
	coffer_session_close(one);
	coffer_session_close(s);
}

static void *recover(void *arg)
{
	coffer_ha_recover(arg, NULL, NULL);
	return NULL;
}

static void *log_out(void *arg)
{
	GOOD(coffer_logout(arg));
	return NULL;
}

static enum coffer_role role_at(unsigned int card)
{
	struct coffer_session *one;
	enum coffer_role role;

	GOOD(coffer_session_open(coffer_card_at(b.ctx, card), b.partition[card], true, &one));
	GOOD(coffer_whoami(one, &role, NULL));
	coffer_session_close(one);
	return role;
}

/* The logout comes while the member catches up, for which it is let in. */
static void who_returns_during_a_logout_is_logged_out(void **state)
{
	struct coffer_session *s;
	pthread_t threads[2];
	struct ha_group *g;
	bool there = false;
	pid_t host;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	bench_unplug(&b, 1);
	s = bench_login(&b);
	g = ((struct ha_session *)s)->group;
	bench_plug(&b, 1);
	host = bench_host(&b, 0);
	kill(host, SIGSTOP);
	assert_int_equal(pthread_create(&threads[0], NULL, recover, s), 0);
	for (int i = 0; !there && i < 1000; i++) {
		usleep(10000);
		pthread_mutex_lock(&g->lock);
		there = g->members[1].entered;
		pthread_mutex_unlock(&g->lock);
	}
	assert_int_equal(pthread_create(&threads[1], NULL, log_out, s), 0);
	usleep(200000);
	kill(host, SIGCONT);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	assert_true(there);
	assert_int_equal(role_at(1), COFFER_ROLE_NONE);
	GOOD(coffer_ha_recover(s, NULL, NULL));
	assert_int_equal(role_at(1), COFFER_ROLE_NONE);
	coffer_session_close(s);
}

/* Nor does a login, though it may take longer than other calls. */
static void a_login_does_not_wait_for_a_card_that_hangs(void **state)
{
	struct coffer_session *s;
	struct coffer_ha_group g;
	double from;
	pid_t host;

	(void)state;
	bench_group(&b, 2, 0, "Coffer = {\n   HACallTimeoutMs = 500;\n}\n");
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	host = bench_host(&b, 1);
	kill(host, SIGSTOP);
	from = bench_now_ms();
	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	assert_true(bench_now_ms() - from < 15000);
	assert_int_equal(ha_alive(((struct ha_session *)s)->group), 1);
	kill(host, SIGCONT);
	GOOD(coffer_logout(s));
	/* If the card let us in after all, recovery lets us out. */
	GOOD(coffer_ha_recover(s, NULL, NULL));
	assert_int_equal(role_at(1), COFFER_ROLE_NONE);
	bench_members(&b, &g);
	assert_true(g.members[1].alive);
	coffer_session_close(s);
}

/* Nor does opening, which looks for the member first. */
static void opening_does_not_wait_for_a_card_that_hangs(void **state)
{
	struct coffer_session *s;
	double from;
	pid_t host;

	(void)state;
	bench_group(&b, 2, 0, "Coffer = {\n   HACallTimeoutMs = 500;\n}\n");
	host = bench_host(&b, 1);
	kill(host, SIGSTOP);
	from = bench_now_ms();
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	from = bench_now_ms() - from;
	kill(host, SIGCONT);
	coffer_session_close(s);
	assert_true(from < 4000);
}

/* That the member has let somebody in says nothing of this PIN. */
static void a_wrong_pin_is_refused_where_somebody_is_logged_in(void **state)
{
	struct coffer_session *s, *one;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	one = bench_direct(&b, 0);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	assert_int_equal(coffer_login(s, COFFER_ROLE_CO, "wrong", 5, NULL), ST(PIN_INCORRECT));
	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	coffer_session_close(s);
	coffer_session_close(one);
	one = bench_direct(&b, 0);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &s));
	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	GOOD(coffer_logout(s));
	/* The login was there before the group's. */
	assert_int_equal(role_at(0), COFFER_ROLE_CO);
	assert_int_equal(role_at(1), COFFER_ROLE_NONE);
	coffer_session_close(s);
	coffer_session_close(one);
}

/* A member that was away when the first session was opened has to log in before it works. */
static void who_comes_late_is_let_in_by_recovery(void **state)
{
	struct coffer_session *s, *t;
	size_t alive;
	uint32_t pair;

	(void)state;
	bench_group(&b, 2, 0, NULL);
	bench_unplug(&b, 1);
	s = bench_login(&b);
	pair = bench_pair(s, "pair", NULL);
	bench_plug(&b, 1);
	GOOD(coffer_session_open_slot(b.ctx, BENCH_SLOT, true, &t));
	for (int i = 0; i < 4; i++)
		GOOD(bench_sign(t, pair));
	GOOD(coffer_ha_recover(t, &alive, NULL));
	assert_int_equal(alive, 2);
	for (int i = 0; i < 4; i++)
		GOOD(bench_sign(t, pair));
	assert_int_equal(bench_count(&b, 1), 2);
	coffer_session_close(t);
	coffer_session_close(s);
}

static void when_all_are_down_the_call_says_so_at_once(void **state)
{
	struct coffer_session *s;
	double from;
	uint32_t pair;

	(void)state;
	bench_group(&b, 2, -1, NULL);
	s = bench_login(&b);
	pair = bench_pair(s, "pair", NULL);
	bench_unplug(&b, 0);
	bench_unplug(&b, 1);
	from = bench_now_ms();
	assert_true(bench_sign(s, pair) < 0);
	assert_int_equal(bench_sign(s, pair), -ENODEV);
	assert_true(bench_now_ms() - from < 2000);
	bench_plug(&b, 0);
	bench_plug(&b, 1);
	bench_wait_alive(&b, 0, true);
	bench_wait_alive(&b, 1, true);
	GOOD(bench_sign(s, pair));
	coffer_session_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HA_TEST(the_standby_serves_while_all_others_are_down),
		HA_TEST(what_was_destroyed_does_not_come_back),
		HA_TEST(what_was_destroyed_does_not_come_back_with_the_primary),
		HA_TEST(what_is_doomed_waits_until_it_is_destroyed),
		HA_TEST(what_was_missed_comes_with_the_next_login),
		HA_TEST(without_recovery_a_member_stays_down_until_asked),
		HA_TEST(active_basic_is_for_new_sessions),
		HA_TEST(active_basic_changes_objects_everywhere),
		HA_TEST(a_changed_password_costs_one_attempt),
		HA_TEST(who_returns_during_a_logout_is_logged_out),
		HA_TEST(a_login_does_not_wait_for_a_card_that_hangs),
		HA_TEST(opening_does_not_wait_for_a_card_that_hangs),
		HA_TEST(a_wrong_pin_is_refused_where_somebody_is_logged_in),
		HA_TEST(who_comes_late_is_let_in_by_recovery),
		HA_TEST(when_all_are_down_the_call_says_so_at_once),
	};

	return cmocka_run_group_tests(tests, ha_begin_three, ha_end);
}
