// SPDX-License-Identifier: BSD-3-Clause
/* The question that every entry asks once, the same way: does this context belong here? */
#include <errno.h>
#include <unistd.h>

#include "lib.h"

coffer_rc context_check(const struct coffer *ctx)
{
	return ctx->pid == getpid() ? 0 : -EOWNERDEAD;
}
