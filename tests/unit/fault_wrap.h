/* SPDX-License-Identifier: BSD-3-Clause */
/* How a call is made to fail: for the files that have the calls (fault.c, fault_file.c). */
#ifndef FAULT_WRAP_H
#define FAULT_WRAP_H

#include <stdbool.h>

/* Is it this call's turn? */
bool fault_due(const char *what);

/*
 * WRAP(type, name, what it says when it fails, (parameters), (arguments))
 * With the type that the function has in its header, so that a parameter of its that is missing
 * here does not build.
 */
#define WRAP(type, fn, failed, params, args) \
	extern __typeof__(fn) __real_##fn, __wrap_##fn; \
	type __real_##fn params; \
	type __wrap_##fn params; \
	type __wrap_##fn params \
	{ \
		return fault_due(#fn) ? (failed) : __real_##fn args; \
	}

#endif /* FAULT_WRAP_H */
