// SPDX-License-Identifier: BSD-3-Clause
/* The rows of the command table (coffer_cmd.h), by opcode. */
#include <stddef.h>

#include "card.h"

static const struct row rows[OPCODE_MAX] = {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) \
	[op] = { #name, op, fl, rqmin, rqmax, rpmax, ro, ms },
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
};

const struct row *row_of(uint16_t opcode)
{
	if (opcode >= OPCODE_MAX || !rows[opcode].name)
		return NULL;
	return &rows[opcode];
}

const struct row *row_next(const struct row *row)
{
	unsigned int op = row ? row->opcode + 1u : 0;

	for (; op < OPCODE_MAX; op++)
		if (rows[op].name)
			return &rows[op];
	return NULL;
}
