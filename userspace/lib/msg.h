/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests are built and replies are read with sticky failure: a step after a failed one does
 * nothing, and the result is asked for once, at the end.
 */
#ifndef LIB_MSG_H
#define LIB_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct coffer_attr;

/* A request. It may hold a PIN: msg_out_free() wipes every byte that it ever held. */
struct msg_out {
	uint8_t *data;
	size_t len;
	size_t room;
	int error;			/* 0, -ENOMEM, -EMSGSIZE (too long), -EINVAL */
	uint8_t space[256];
};

void msg_out_init(struct msg_out *w);
void msg_out_free(struct msg_out *w);
void msg_put(struct msg_out *w, const void *bytes, size_t len);
void msg_put_u32(struct msg_out *w, uint32_t value);
void msg_put_blob(struct msg_out *w, const void *bytes, size_t len);
void msg_put_text(struct msg_out *w, const char *text);	/* a blob; NULL = empty */
void msg_put_u32s(struct msg_out *w, const uint32_t *values, size_t count);
void msg_put_attrs(struct msg_out *w, const struct coffer_attr *tmpl, size_t count);

/* A reply. Nothing is copied: results point into it. */
struct msg_in {
	const uint8_t *data;
	size_t left;
	bool bad;
};

void msg_in_init(struct msg_in *w, const void *bytes, size_t len);
const void *msg_take(struct msg_in *w, size_t len);		/* NULL when bad */
uint32_t msg_take_u32(struct msg_in *w);			/* 0 when bad */
const void *msg_take_blob(struct msg_in *w, size_t *len);	/* NULL, 0 when bad */
/* One attribute of a template; len may be COFFER_ATTR_UNAVAILABLE or _SENSITIVE. */
bool msg_take_attr(struct msg_in *w, struct coffer_attr *attr);
/* {__le32 count; row[count]} and nothing behind it. NULL when bad. */
const void *msg_take_rows(struct msg_in *w, size_t row_size, uint32_t *count);
/* Everything was well-formed and nothing is left. */
bool msg_in_done(const struct msg_in *w);

/* A text field of the wire, NUL padded to `size`, into size + 1 bytes. */
void msg_copy_text(char *to, const char *from, size_t size);

#endif /* LIB_MSG_H */
