/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reader and writer of little-endian payloads with sticky failure: after the first bad access
 * every read gives zero, every write is dropped, and wire_in_done()/wire_out_ok() say so once.
 */
#ifndef FW_WIRE_H
#define FW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_in {
	const uint8_t *at;
	size_t left;
	bool bad;
};

struct wire_out {
	uint8_t *base;
	size_t len;
	size_t room;
	bool bad;
};

/* A view into the buffer that is read; never owns memory. */
struct bytes {
	const uint8_t *p;
	size_t len;
};

void wire_in_init(struct wire_in *in, const void *p, size_t len);
uint8_t wire_u8(struct wire_in *in);
uint16_t wire_u16(struct wire_in *in);
uint32_t wire_u32(struct wire_in *in);
uint64_t wire_u64(struct wire_in *in);
struct bytes wire_bytes(struct wire_in *in, size_t len);	/* exactly len */
struct bytes wire_blob(struct wire_in *in, size_t max);		/* u32 length, at most max */
/* True when nothing failed and nothing is left. */
bool wire_in_done(const struct wire_in *in);
/* A reserved u32, which has to be 0, is all that is left. */
bool wire_in_reserved(struct wire_in *in);

void wire_out_init(struct wire_out *out, void *p, size_t room);
void wire_put_u8(struct wire_out *out, uint8_t v);
void wire_put_u16(struct wire_out *out, uint16_t v);
void wire_put_u32(struct wire_out *out, uint32_t v);
void wire_put_u64(struct wire_out *out, uint64_t v);
void wire_put(struct wire_out *out, const void *p, size_t len);
void wire_put_blob(struct wire_out *out, const void *p, size_t len);
void wire_put_padded(struct wire_out *out, const char *s, size_t field);	/* NUL padded */
/* Reserve a u32 to be filled in later; returns its offset. */
size_t wire_reserve_u32(struct wire_out *out);
void wire_fill_u32(struct wire_out *out, size_t at, uint32_t v);
bool wire_out_ok(const struct wire_out *out);

#endif /* FW_WIRE_H */
