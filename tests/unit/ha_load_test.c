// SPDX-License-Identifier: BSD-3-Clause
/* Members go and come back under load: the application sees nothing of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha_bench.h"

#define THREADS 8
#define SAMPLES 200000

static const uint8_t key[32] = "thirty-two bytes of an AES key..";

static struct load {
	struct coffer_session *s;
	uint32_t key;
	atomic_bool stop;
	atomic_size_t done, failed;
	double took_ms[SAMPLES];
} load;

static void *work(void *arg)
{
	double from;
	size_t n;

	(void)arg;
	while (!load.stop) {
		from = bench_now_ms();
		if (bench_sign(load.s, load.key))
			load.failed++;
		n = load.done++;
		if (n < SAMPLES)
			load.took_ms[n] = bench_now_ms() - from;
	}
	return NULL;
}

static int by_time(const void *a, const void *b_)
{
	const double *x = a, *y = b_;

	return (*x > *y) - (*x < *y);
}

/* So many more operations came to an end. */
static void let_work(size_t operations)
{
	size_t until = load.done + operations;

	for (int i = 0; load.done < until && i < 3000; i++)
		usleep(10000);
	assert_true(load.done >= until);
}

static void under_load(void (*what)(void))
{
	pthread_t threads[THREADS];
	size_t n;

	load.stop = false;
	load.done = 0;
	load.failed = 0;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, work, NULL), 0);
	what();
	load.stop = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	n = load.done < SAMPLES ? load.done : SAMPLES;
	qsort(load.took_ms, n, sizeof(load.took_ms[0]), by_time);
	print_message("%zu operations, %zu failed; p99 %.1f ms, maximum %.1f ms\n",
		      (size_t)load.done, (size_t)load.failed, load.took_ms[n * 99 / 100],
		      load.took_ms[n - 1]);
	assert_int_equal(load.failed, 0);
	assert_true(load.took_ms[n - 1] < 2000);
}

static void unplug_and_plug(void)
{
	let_work(50);
	bench_unplug(&b, 1);
	let_work(50);
	bench_wait_alive(&b, 1, false);
	/* What is made meanwhile has to be there when the member serves again. */
	story_aes(load.s, "made meanwhile", key);
	bench_plug(&b, 1);
	bench_wait_alive(&b, 1, true);
	let_work(50);
}

static void no_operation_fails_when_a_card_goes_and_comes(void **state)
{
	struct coffer_ha_difference *list;
	struct coffer_ha_group g;
	uint64_t served;
	size_t count;

	(void)state;
	bench_group(&b, 3, -1, NULL);
	load.s = bench_login(&b);
	load.key = bench_pair(load.s, "pair", NULL);
	under_load(unplug_and_plug);
	assert_int_equal(bench_count(&b, 1), 3);
	GOOD(coffer_ha_compare(load.s, &list, &count));
	assert_int_equal(count, 0);
	free(list);
	/* It works again. */
	bench_members(&b, &g);
	served = g.members[1].served;
	for (int i = 0; i < 6; i++)
		GOOD(bench_sign(load.s, load.key));
	bench_members(&b, &g);
	assert_int_equal(g.members[1].served, served + 2);
	coffer_session_close(load.s);
}

static pid_t stopped;

static void stop_a_card(void)
{
	let_work(50);
	kill(stopped, SIGSTOP);
	let_work(50);
	bench_wait_alive(&b, 2, false);
	kill(stopped, SIGCONT);
	bench_wait_alive(&b, 2, true);
}

static void nobody_waits_for_a_card_that_hangs(void **state)
{
	(void)state;
	bench_group(&b, 3, -1, NULL);
	load.s = bench_login(&b);
	load.key = bench_pair(load.s, "pair", NULL);
	stopped = bench_host(&b, 2);
	under_load(stop_a_card);
	coffer_session_close(load.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HA_TEST(no_operation_fails_when_a_card_goes_and_comes),
		HA_TEST(nobody_waits_for_a_card_that_hangs),
	};

	return cmocka_run_group_tests(tests, ha_begin_three, ha_end);
}
