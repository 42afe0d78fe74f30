// SPDX-License-Identifier: BSD-3-Clause
/* Building requests and reading replies, with sticky failure. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coffer/coffer.h"
#include "msg.h"

void msg_out_init(struct msg_out *w)
{
	w->data = w->space;
	w->len = 0;
	w->room = sizeof(w->space);
	w->error = 0;
}

void msg_out_free(struct msg_out *w)
{
	if (w->len)
		explicit_bzero(w->data, w->len);
	if (w->data != w->space)
		free(w->data);
	msg_out_init(w);
}

/* Not realloc(): it would leave an unwiped copy behind. */
static bool msg_grow(struct msg_out *w, size_t len)
{
	size_t room = w->room;
	uint8_t *data;

	if (len > COFFER_CMD_MAX_PAYLOAD - w->len) {
		w->error = -EMSGSIZE;
		return false;
	}
	while (room < w->len + len)
		room *= 2;
	data = malloc(room);
	if (!data) {
		w->error = -ENOMEM;
		return false;
	}
	memcpy(data, w->data, w->len);
	explicit_bzero(w->data, w->len);
	if (w->data != w->space)
		free(w->data);
	w->data = data;
	w->room = room;
	return true;
}

void msg_put(struct msg_out *w, const void *bytes, size_t len)
{
	if (w->error || !len)
		return;
	if (!bytes) {
		w->error = -EINVAL;
		return;
	}
	if (len > w->room - w->len && !msg_grow(w, len))
		return;
	memcpy(w->data + w->len, bytes, len);
	w->len += len;
}

void msg_put_u32(struct msg_out *w, uint32_t value)
{
	value = htole32(value);
	msg_put(w, &value, sizeof(value));
}

void msg_put_blob(struct msg_out *w, const void *bytes, size_t len)
{
	if (len > COFFER_CMD_MAX_PAYLOAD) {
		w->error = w->error ? w->error : -EMSGSIZE;
		return;
	}
	msg_put_u32(w, (uint32_t)len);
	msg_put(w, bytes, len);
}

void msg_put_text(struct msg_out *w, const char *text)
{
	msg_put_blob(w, text, text ? strlen(text) : 0);
}

void msg_put_u32s(struct msg_out *w, const uint32_t *values, size_t count)
{
	if (count > COFFER_CMD_MAX_PAYLOAD / 4) {
		w->error = w->error ? w->error : -EMSGSIZE;
		return;
	}
	msg_put_u32(w, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		msg_put_u32(w, values[i]);
}

static bool has_value(uint32_t len)
{
	return len != COFFER_ATTR_UNAVAILABLE && len != COFFER_ATTR_SENSITIVE;
}

void msg_put_attrs(struct msg_out *w, const struct coffer_attr *tmpl, size_t count)
{
	size_t at = w->len;
	uint32_t len;

	msg_put_u32(w, 0);
	for (size_t i = 0; i < count; i++) {
		msg_put_u32(w, tmpl[i].type);
		msg_put_u32(w, tmpl[i].len);
		if (has_value(tmpl[i].len))
			msg_put(w, tmpl[i].value, tmpl[i].len);
	}
	if (w->error)
		return;
	len = htole32((uint32_t)(w->len - at - sizeof(len)));
	memcpy(w->data + at, &len, sizeof(len));
}

void msg_in_init(struct msg_in *w, const void *bytes, size_t len)
{
	w->data = bytes;
	w->left = len;
	w->bad = false;
}

const void *msg_take(struct msg_in *w, size_t len)
{
	const void *at = w->data;

	if (w->bad || len > w->left) {
		w->bad = true;
		return NULL;
	}
	w->data += len;
	w->left -= len;
	return at;
}

uint32_t msg_take_u32(struct msg_in *w)
{
	const void *at = msg_take(w, sizeof(uint32_t));
	uint32_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

const void *msg_take_blob(struct msg_in *w, size_t *len)
{
	uint32_t n = msg_take_u32(w);
	const void *at = msg_take(w, n);

	*len = at ? n : 0;
	return at;
}

bool msg_take_attr(struct msg_in *w, struct coffer_attr *attr)
{
	attr->type = msg_take_u32(w);
	attr->len = msg_take_u32(w);
	attr->value = NULL;
	if (!w->bad && has_value(attr->len))
		attr->value = msg_take(w, attr->len);
	return !w->bad;
}

const void *msg_take_rows(struct msg_in *w, size_t row_size, uint32_t *count)
{
	*count = msg_take_u32(w);
	if (w->bad || *count > w->left / row_size || *count * row_size != w->left) {
		w->bad = true;
		*count = 0;
		return NULL;
	}
	return msg_take(w, *count * row_size);
}

bool msg_in_done(const struct msg_in *w)
{
	return !w->bad && !w->left;
}

void msg_copy_text(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size);

	memcpy(to, from, len);
	memset(to + len, 0, size + 1 - len);
}
