// SPDX-License-Identifier: BSD-3-Clause
/* Little-endian payload reader and writer with sticky failure. See wire.h. */
#include <string.h>

#include "wire.h"

void wire_in_init(struct wire_in *in, const void *p, size_t len)
{
	in->at = p;
	in->left = p ? len : 0;
	in->bad = !p && len;
}

/* Step over @len bytes; NULL and sticky failure when they are not there. */
static const uint8_t *take(struct wire_in *in, size_t len)
{
	const uint8_t *p = in->at;

	if (in->bad || len > in->left) {
		in->bad = true;
		return NULL;
	}
	in->left -= len;
	if (len)
		in->at += len;
	return p;
}

static uint64_t take_le(struct wire_in *in, size_t len)
{
	const uint8_t *p = take(in, len);
	uint64_t v = 0;

	for (size_t i = 0; p && i < len; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

uint8_t wire_u8(struct wire_in *in)
{
	return (uint8_t)take_le(in, 1);
}

uint16_t wire_u16(struct wire_in *in)
{
	return (uint16_t)take_le(in, 2);
}

uint32_t wire_u32(struct wire_in *in)
{
	return (uint32_t)take_le(in, 4);
}

uint64_t wire_u64(struct wire_in *in)
{
	return take_le(in, 8);
}

struct bytes wire_bytes(struct wire_in *in, size_t len)
{
	struct bytes b = { take(in, len), len };

	if (in->bad)
		b = (struct bytes){ NULL, 0 };
	return b;
}

struct bytes wire_blob(struct wire_in *in, size_t max)
{
	uint32_t len = wire_u32(in);

	if (len > max)
		in->bad = true;
	return wire_bytes(in, len);
}

bool wire_in_done(const struct wire_in *in)
{
	return !in->bad && !in->left;
}

bool wire_in_reserved(struct wire_in *in)
{
	return !wire_u32(in) && wire_in_done(in);
}

void wire_out_init(struct wire_out *out, void *p, size_t room)
{
	out->base = p;
	out->len = 0;
	out->room = p ? room : 0;
	out->bad = false;
}

/* Room for @len more bytes; NULL and sticky failure when there is none. */
static uint8_t *grow(struct wire_out *out, size_t len)
{
	uint8_t *p;

	if (out->bad || len > out->room - out->len) {
		out->bad = true;
		return NULL;
	}
	p = out->base + out->len;
	out->len += len;
	return p;
}

static void store_le(uint8_t *p, size_t len, uint64_t v)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static void put_le(struct wire_out *out, size_t len, uint64_t v)
{
	uint8_t *p = grow(out, len);

	if (p)
		store_le(p, len, v);
}

void wire_put_u8(struct wire_out *out, uint8_t v)
{
	put_le(out, 1, v);
}

void wire_put_u16(struct wire_out *out, uint16_t v)
{
	put_le(out, 2, v);
}

void wire_put_u32(struct wire_out *out, uint32_t v)
{
	put_le(out, 4, v);
}

void wire_put_u64(struct wire_out *out, uint64_t v)
{
	put_le(out, 8, v);
}

void wire_put(struct wire_out *out, const void *p, size_t len)
{
	uint8_t *to;

	if (!len)
		return;
	to = grow(out, len);
	if (to)
		memcpy(to, p, len);
}

void wire_put_blob(struct wire_out *out, const void *p, size_t len)
{
	if (len > UINT32_MAX)
		out->bad = true;
	wire_put_u32(out, (uint32_t)len);
	wire_put(out, p, len);
}

void wire_put_padded(struct wire_out *out, const char *s, size_t field)
{
	uint8_t *to = grow(out, field);

	if (!to)
		return;
	memset(to, 0, field);
	if (s)
		memcpy(to, s, strnlen(s, field));
}

size_t wire_reserve_u32(struct wire_out *out)
{
	size_t at = out->len;

	wire_put_u32(out, 0);
	return at;
}

void wire_fill_u32(struct wire_out *out, size_t at, uint32_t v)
{
	if (out->bad || at > out->len || out->len - at < 4) {
		out->bad = true;
		return;
	}
	store_le(out->base + at, 4, v);
}

bool wire_out_ok(const struct wire_out *out)
{
	return !out->bad;
}
