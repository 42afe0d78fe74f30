// SPDX-License-Identifier: BSD-3-Clause
/*
 * Attribute templates.
 */
#include <assert.h>
#include <string.h>

#include "template.h"

void template_bytes(struct template *t, uint32_t type, const void *value, size_t len)
{
	assert(t->count < TEMPLATE_MAX);
	t->attrs[t->count++] = (struct coffer_attr){ type, (uint32_t)len, value };
}

void template_text(struct template *t, uint32_t type, const char *text)
{
	template_bytes(t, type, text, strlen(text));
}

void template_ulong(struct template *t, uint32_t type, uint64_t value)
{
	uint8_t *out = t->numbers[t->count];

	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> 8 * i);
	template_bytes(t, type, out, 8);
}

void template_bool(struct template *t, uint32_t type, bool value)
{
	uint8_t *out = t->numbers[t->count];

	*out = value;
	template_bytes(t, type, out, 1);
}
