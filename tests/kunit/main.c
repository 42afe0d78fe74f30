// SPDX-License-Identifier: BSD-3-Clause
/* Run KUnit suites in user space, on the kernel that the fuzz target of the driver runs on. */
#include <kunit/test.h>

#include "../fuzz/driver/world.h"

extern struct kunit_suite *shim_queue_suite, *shim_state_suite;

static unsigned int planned, ran, failed;

void coffer_netlink_event(struct coffer_dev *cd, const struct coffer_event *ev)
{
	(void)cd, (void)ev;
}

void coffer_owner_close_work(struct work_struct *work)
{
	(void)work;
}

void shim_fail(struct kunit *test, const char *file, int line, const char *what, long long a,
	       long long b)
{
	printf("# %s:%d: expected %s: %lld, %lld\n", file, line, what, a, b);
	test->failed = true;
}

static void run(const struct kunit_suite *suite, const struct kunit_case *c, const void *param,
		const char *desc)
{
	struct kunit test = { .param_value = param };
	int rc = suite->init ? suite->init(&test) : 0;

	if (rc)
		shim_fail(&test, __FILE__, __LINE__, "init of the suite", rc, 0);
	else
		c->run_case(&test);
	if (!rc && suite->exit)
		suite->exit(&test);
	printf("%sok %u - %s.%s%s%s\n", test.failed ? "not " : "", ++ran, suite->name, c->name,
	       param ? ": " : "", desc);
	failed += test.failed;
}

/* Call one thing for each parameter of each case. */
static void each(void (*what)(const struct kunit_suite *suite, const struct kunit_case *c,
			      const void *param, const char *desc))
{
	struct kunit_suite *suites[] = { shim_queue_suite, shim_state_suite, NULL }, **suite;
	struct kunit_case *c;
	const void *param;

	for (suite = suites; *suite; suite++) {
		for (c = (*suite)->test_cases; c->run_case; c++) {
			char desc[KUNIT_PARAM_DESC_SIZE] = "";

			if (!c->generate_params)
				what(*suite, c, NULL, desc);
			for (param = NULL; c->generate_params &&
			     (param = c->generate_params(param, desc));)
				what(*suite, c, param, desc);
		}
	}
}

static void plan(const struct kunit_suite *suite, const struct kunit_case *c, const void *param,
		 const char *desc)
{
	(void)suite, (void)c, (void)param, (void)desc;
	planned++;
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);	/* what was printed survives a crash */
	each(plan);
	printf("1..%u\n", planned);
	each(run);
	return failed != 0;
}
