/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * KUnit's interface, as far as driver/tests needs it, for a program of user space: the same test
 * files compile in a kernel. main.c runs the suites and writes TAP, one line for each parameter.
 */
#ifndef SHIM_KUNIT_TEST_H
#define SHIM_KUNIT_TEST_H

#include "stub.h"

#define KUNIT_PARAM_DESC_SIZE 128

struct kunit {
	void *priv;
	const void *param_value;
	bool failed;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
	const void *(*generate_params)(const void *prev, char *desc);
};

struct kunit_suite {
	const char name[64];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

#define KUNIT_CASE(fn) { fn, #fn, NULL }
#define KUNIT_CASE_PARAM(fn, params) { fn, #fn, params }

/* name_gen_params() walks an array; describe() names an element. */
#define KUNIT_ARRAY_PARAM(name, array, describe)				\
	static const void *name##_gen_params(const void *prev, char *desc)	\
	{									\
		__typeof__(&(array)[0]) next = prev ? (__typeof__(next))prev + 1 : (array); \
										\
		if (next >= (array) + ARRAY_SIZE(array))			\
			return NULL;						\
		describe(next, desc);						\
		return next;							\
	}

void shim_fail(struct kunit *test, const char *file, int line, const char *what, long long a,
	       long long b);
#define SHIM_COMPARE(test, a, op, b)						\
	do {									\
		long long a_ = (long long)(a), b_ = (long long)(b);		\
										\
		if (!(a_ op b_))						\
			shim_fail(test, __FILE__, __LINE__, #a " " #op " " #b, a_, b_); \
	} while (0)
#define KUNIT_EXPECT_EQ(test, a, b) SHIM_COMPARE(test, a, ==, b)
#define KUNIT_EXPECT_NE(test, a, b) SHIM_COMPARE(test, a, !=, b)
#define KUNIT_EXPECT_LE(test, a, b) SHIM_COMPARE(test, a, <=, b)
#define KUNIT_EXPECT_GT(test, a, b) SHIM_COMPARE(test, a, >, b)
#define KUNIT_EXPECT_TRUE(test, c) SHIM_COMPARE(test, !!(c), ==, 1)
#define KUNIT_EXPECT_FALSE(test, c) SHIM_COMPARE(test, !!(c), ==, 0)
#define KUNIT_EXPECT_PTR_EQ(test, a, b) SHIM_COMPARE(test, (uintptr_t)(a), ==, (uintptr_t)(b))
#define KUNIT_EXPECT_STREQ(test, a, b) SHIM_COMPARE(test, strcmp(a, b), ==, 0)
#define KUNIT_ASSERT_EQ(test, a, b)						\
	do {									\
		SHIM_COMPARE(test, a, ==, b);					\
		if ((test)->failed)						\
			return;							\
	} while (0)
#define KUNIT_ASSERT_NOT_NULL(test, p)						\
	do {									\
		SHIM_COMPARE(test, (uintptr_t)(p), !=, 0);			\
		if ((test)->failed)						\
			return;							\
	} while (0)

#define kunit_test_suite(suite) struct kunit_suite *shim_##suite = &(suite)

#endif
