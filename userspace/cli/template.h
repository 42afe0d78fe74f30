/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Builds attribute templates in wire form (coffer_attr.h).
 */
#ifndef CLI_TEMPLATE_H
#define CLI_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coffer/coffer.h"

#define TEMPLATE_MAX 24

struct template {
	struct coffer_attr attrs[TEMPLATE_MAX];
	uint8_t numbers[TEMPLATE_MAX][8];
	size_t count;
};

void template_ulong(struct template *t, uint32_t type, uint64_t value);
void template_bool(struct template *t, uint32_t type, bool value);
/* @value must outlive the template. */
void template_bytes(struct template *t, uint32_t type, const void *value, size_t len);
void template_text(struct template *t, uint32_t type, const char *text);

#endif /* CLI_TEMPLATE_H */
