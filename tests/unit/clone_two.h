/* SPDX-License-Identifier: BSD-3-Clause */
/* Two fresh cards that share a domain, for each test: source and target. */
#ifndef CLONE_TWO_H
#define CLONE_TWO_H

#include "clone_pair.h"

static struct test_card *s, *t;

static int make_pair(void **state)
{
	(void)state;
	s = tc_simple(NULL, "red");
	t = tc_simple(NULL, "red");
	return 0;
}

static int free_pair(void **state)
{
	(void)state;
	tc_free(s);
	tc_free(t);
	return 0;
}

#endif /* CLONE_TWO_H */
