/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in for driver/coffer.h, so that driver/table.c runs as a program of user space. */
#ifndef TABLE_SHIM_H
#define TABLE_SHIM_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "hw/coffer_cmd.h"
#include "uapi/linux/coffer.h"

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define strscpy(to, from, size) snprintf(to, size, "%s", from)

struct coffer_row {
	u16 opcode;
	u16 flags;
	u32 req_min;
	u32 req_max;
	u32 reply_max;
	u32 timeout_ms;
	char name[24];
};

const struct coffer_row *coffer_table_find(u16 opcode);
const struct coffer_row *coffer_table_row(unsigned int n);
unsigned int coffer_table_size(void);
void coffer_table_export(const struct coffer_row *row, struct coffer_command_row *out);
u32 coffer_table_hash(void);

#endif /* TABLE_SHIM_H */
