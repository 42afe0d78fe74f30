// SPDX-License-Identifier: BSD-3-Clause
/* Print what the driver's admission table says: its hash, then each row as QUERY reports it. */
#include "coffer.h"

int main(void)
{
	struct coffer_command_row row;
	unsigned int i, j;

	printf("hash %u\n", coffer_table_hash());
	for (i = 0; i < coffer_table_size(); i++) {
		coffer_table_export(coffer_table_row(i), &row);
		if (coffer_table_find(row.opcode) != coffer_table_row(i))
			return 1;
		for (j = 0; j < sizeof(row); j++)
			printf("%02x", ((unsigned char *)&row)[j]);
		printf("\n");
	}
	return coffer_table_find(0) || coffer_table_find(0xffff);
}
