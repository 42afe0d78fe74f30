// SPDX-License-Identifier: BSD-3-Clause
/* Print the X-macro tables of contract 2, one line per row, for check.py. */
#include <stdio.h>

#include "hw/coffer_cmd.h"

int main(void)
{
#define COFFER_X(name, op, rqmin, rqmax, rpmax, flags, roles, ms)				\
	printf("command %s %u %u %u %u %u %u %u\n", #name, (unsigned int)(op),			\
	       (unsigned int)(rqmin), (unsigned int)(rqmax), (unsigned int)(rpmax),		\
	       (unsigned int)(flags), (unsigned int)(roles), (unsigned int)(ms));
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
#define COFFER_X(name, value, advice) printf("status %s %u\n", #name, (unsigned int)(value));
	COFFER_STATUS_CODES(COFFER_X)
#undef COFFER_X
#define COFFER_X(name, value, arg) printf("event %s %u\n", #name, (unsigned int)(value));
	COFFER_EVENT_TYPES(COFFER_X)
#undef COFFER_X
#define COFFER_X(name, value, kind) printf("attribute %s %u\n", #name, (unsigned int)(value));
	COFFER_ATTRIBUTES(COFFER_X)
#undef COFFER_X
	return 0;
}
