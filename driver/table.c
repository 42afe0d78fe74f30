// SPDX-License-Identifier: GPL-2.0-only
/* The admission table: contract 2's command table, as the driver needs it. */
#include "coffer.h"

static const struct coffer_row coffer_table[] = {
#define COFFER_X(row_name, op, rqmin, rqmax, rpmax, fl, roles, ms)	\
	{								\
		.opcode = (op), .flags = (fl), .req_min = (rqmin),	\
		.req_max = (rqmax), .reply_max = (rpmax),		\
		.timeout_ms = (ms), .name = #row_name,			\
	},
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
};

unsigned int coffer_table_size(void)
{
	return ARRAY_SIZE(coffer_table);
}

const struct coffer_row *coffer_table_row(unsigned int n)
{
	return &coffer_table[n];
}

/* NULL if there is no such opcode. */
const struct coffer_row *coffer_table_find(u16 opcode)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(coffer_table); i++)
		if (coffer_table[i].opcode == opcode)
			return &coffer_table[i];
	return NULL;
}

/* A row in the form of contract 3. */
void coffer_table_export(const struct coffer_row *row, struct coffer_command_row *out)
{
	memset(out, 0, sizeof(*out));
	out->opcode = row->opcode;
	out->flags = row->flags;
	out->req_min = row->req_min;
	out->req_max = row->req_max;
	out->reply_max = row->reply_max;
	out->timeout_ms = row->timeout_ms;
	strscpy(out->name, row->name, sizeof(out->name));
}

static u32 coffer_fnv1a(u32 hash, u32 value, unsigned int bytes)
{
	while (bytes--) {
		hash = (hash ^ (value & 0xff)) * 0x01000193;
		value >>= 8;
	}
	return hash;
}

/**
 * coffer_table_hash - a fingerprint of the command table
 *
 * Return: 32-bit FNV-1a over the rows as QUERY reports them (struct coffer_command_row, all of
 * its 48 bytes, numbers little-endian), in the order of the table.
 */
u32 coffer_table_hash(void)
{
	struct coffer_command_row row;
	u32 hash = 0x811c9dc5;
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(coffer_table); i++) {
		coffer_table_export(&coffer_table[i], &row);
		hash = coffer_fnv1a(hash, row.opcode, 2);
		hash = coffer_fnv1a(hash, row.flags, 2);
		hash = coffer_fnv1a(hash, row.req_min, 4);
		hash = coffer_fnv1a(hash, row.req_max, 4);
		hash = coffer_fnv1a(hash, row.reply_max, 4);
		hash = coffer_fnv1a(hash, row.timeout_ms, 4);
		hash = coffer_fnv1a(hash, row.reserved, 4);
		for (j = 0; j < sizeof(row.name); j++)
			hash = coffer_fnv1a(hash, row.name[j], 1);
	}
	return hash;
}
