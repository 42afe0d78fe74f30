// SPDX-License-Identifier: BSD-3-Clause
/* Commands of issue 3 whose firmware is still being written: each leaves here for its noun. */
#include "core.h"

uint32_t handle_ROLE_CHALLENGE(struct cmd *c)
{
	(void)c;
	return COFFER_ST_PED_UNSUPPORTED;
}

uint32_t handle_ROLE_DEACTIVATE(struct cmd *c)
{
	(void)c;
	return COFFER_ST_PED_UNSUPPORTED;
}

/* No PED yet. */
uint32_t handle_PED_STATUS(struct cmd *c)
{
	static const struct coffer_rep_ped none;

	if (wire_u32(&c->in) || !wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	wire_put(&c->out, &none, sizeof(none));
	return COFFER_ST_OK;
}
