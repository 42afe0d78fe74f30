// SPDX-License-Identifier: BSD-3-Clause
/*
 * DER (ITU-T X.690) and PEM (RFC 7468), only what keys, certificates and signatures need.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "der.h"

/* ---- Reading ----------------------------------------------------------------------- */

static bool take_length(struct der *in, size_t *len)
{
	size_t bytes;

	if (!in->len)
		return false;
	*len = *in->p++;
	in->len--;
	if (*len < 0x80)
		return true;
	bytes = *len & 0x7f;
	if (!bytes || bytes > 3 || bytes > in->len)
		return false;
	for (*len = 0; bytes; bytes--, in->len--)
		*len = *len << 8 | *in->p++;
	return *len >= 0x80;
}

bool der_take(struct der *in, int tag, struct der *body, struct der *whole)
{
	struct der rest = *in;
	size_t len;

	if (!rest.len || (tag >= 0 && *rest.p != tag))
		return false;
	rest.p++;
	rest.len--;
	if (!take_length(&rest, &len) || len > rest.len)
		return false;
	*body = (struct der){ rest.p, len };
	if (whole)
		*whole = (struct der){ in->p, (size_t)(rest.p + len - in->p) };
	in->len = rest.len - len;
	in->p = rest.p + len;
	return true;
}

bool der_take_integer(struct der *in, struct der *value)
{
	if (!der_take(in, DER_INTEGER, value, NULL) || !value->len || *value->p & 0x80)
		return false;
	while (value->len > 1 && !*value->p) {
		value->p++;
		value->len--;
	}
	return true;
}

/* ---- Writing ----------------------------------------------------------------------- */

void der_writer_init(struct der_writer *w, uint8_t *buffer, size_t room)
{
	w->begin = buffer;
	w->at = w->end = buffer + room;
	w->full = false;
}

size_t der_length(const struct der_writer *w)
{
	return w->full ? 0 : (size_t)(w->end - w->at);
}

void der_put(struct der_writer *w, const void *bytes, size_t len)
{
	if (w->full || (size_t)(w->at - w->begin) < len) {
		w->full = true;
		return;
	}
	w->at -= len;
	memcpy(w->at, bytes, len);
}

static void put_byte(struct der_writer *w, int byte)
{
	der_put(w, &(uint8_t){ (uint8_t)byte }, 1);
}

void der_wrap(struct der_writer *w, int tag, size_t before)
{
	size_t len = (size_t)(w->end - w->at) - before;
	int bytes = 0;

	if (len < 0x80) {
		put_byte(w, (int)len);
	} else {
		for (; len; len >>= 8, bytes++)
			put_byte(w, (int)(len & 0xff));
		put_byte(w, 0x80 | bytes);
	}
	put_byte(w, tag);
}

void der_put_integer(struct der_writer *w, const uint8_t *value, size_t len)
{
	size_t before = (size_t)(w->end - w->at);

	while (len > 1 && !*value) {
		value++;
		len--;
	}
	der_put(w, value, len);
	if (!len || *value & 0x80)
		put_byte(w, 0);
	der_wrap(w, DER_INTEGER, before);
}

static size_t finish(struct der_writer *w, uint8_t *out)
{
	size_t len = der_length(w);

	if (len)
		memmove(out, w->at, len);
	return len;
}

/* ---- Public keys ------------------------------------------------------------------- */

static const uint8_t oid_rsa[] = { 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
				   0x05, 0x00 };
static const uint8_t oid_ec[] = { 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const uint8_t oid_ed25519[] = { 0x06, 0x03, 0x2b, 0x65, 0x70 };

/* The BIT STRING is written: put the algorithm before it and wrap the whole. */
static void put_algorithm(struct der_writer *w, const void *oid, size_t oid_len,
			  const void *params, size_t params_len)
{
	size_t before = (size_t)(w->end - w->at);

	if (params_len)
		der_put(w, params, params_len);
	der_put(w, oid, oid_len);
	der_wrap(w, DER_SEQUENCE, before);
	der_wrap(w, DER_SEQUENCE, 0);
}

size_t der_rsa_public(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
		      uint8_t *out, size_t room)
{
	struct der_writer w;

	der_writer_init(&w, out, room);
	der_put_integer(&w, e, e_len);
	der_put_integer(&w, n, n_len);
	der_wrap(&w, DER_SEQUENCE, 0);
	put_byte(&w, 0);
	der_wrap(&w, DER_BIT_STRING, 0);
	put_algorithm(&w, oid_rsa, sizeof(oid_rsa), NULL, 0);
	return finish(&w, out);
}

size_t der_ec_public(bool edwards, const uint8_t *params, size_t params_len,
		     const uint8_t *point, size_t point_len, uint8_t *out, size_t room)
{
	struct der in = { point, point_len }, body = in;
	struct der_writer w;

	/* PKCS#11 wraps the point; a bare uncompressed one begins with 4 too, but not so long. */
	if (!der_take(&in, DER_OCTETS, &body, NULL) || in.len)
		body = (struct der){ point, point_len };
	der_writer_init(&w, out, room);
	der_put(&w, body.p, body.len);
	put_byte(&w, 0);
	der_wrap(&w, DER_BIT_STRING, 0);
	if (edwards)
		put_algorithm(&w, oid_ed25519, sizeof(oid_ed25519), NULL, 0);
	else
		put_algorithm(&w, oid_ec, sizeof(oid_ec), params, params_len);
	return finish(&w, out);
}

/* ---- ECDSA signatures -------------------------------------------------------------- */

size_t der_from_raw(const uint8_t *raw, size_t len, uint8_t *out, size_t room)
{
	struct der_writer w;

	if (!len || len % 2)
		return 0;
	der_writer_init(&w, out, room);
	der_put_integer(&w, raw + len / 2, len / 2);
	der_put_integer(&w, raw, len / 2);
	der_wrap(&w, DER_SEQUENCE, 0);
	return finish(&w, out);
}

size_t der_to_raw(const uint8_t *der, size_t len, size_t half, uint8_t *out, size_t room)
{
	struct der in = { der, len }, sequence, r, s;

	if (!der_take(&in, DER_SEQUENCE, &sequence, NULL) || in.len ||
	    !der_take_integer(&sequence, &r) || !der_take_integer(&sequence, &s) ||
	    sequence.len || r.len > half || s.len > half || 2 * half > room)
		return 0;
	memset(out, 0, 2 * half);
	memcpy(out + half - r.len, r.p, r.len);
	memcpy(out + 2 * half - s.len, s.p, s.len);
	return 2 * half;
}

/* ---- PEM --------------------------------------------------------------------------- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static bool decode(const char *text, const char *end, uint8_t *out, size_t *len)
{
	uint32_t bits = 0;
	int have = 0;

	*len = 0;
	for (; text < end && *text != '='; text++) {
		const char *digit = *text ? strchr(digits, *text) : NULL;

		if (isspace((unsigned char)*text))
			continue;
		if (!digit)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[(*len)++] = (uint8_t)(bits >> have);
		}
	}
	return *len > 0;
}

bool der_from_pem(uint8_t *text, size_t *len, const char *label)
{
	char line[80];
	const char *begin, *end;

	snprintf(line, sizeof(line), "-----BEGIN %s-----", label);
	begin = memmem(text, *len, line, strlen(line));
	if (!begin)
		return false;
	begin += strlen(line);
	snprintf(line, sizeof(line), "-----END %s-----", label);
	end = memmem(begin, *len - (size_t)(begin - (char *)text), line, strlen(line));
	/* Decoding is shorter than the text and runs behind it. */
	return end && decode(begin, end, text, len);
}

static void encode(const uint8_t *in, size_t n, char *out)
{
	uint32_t bits = (uint32_t)in[0] << 16 | (n > 1 ? in[1] << 8 : 0) | (n > 2 ? in[2] : 0);

	for (int i = 0; i < 4; i++)
		out[i] = (size_t)i <= n ? digits[bits >> (18 - 6 * i) & 63] : '=';
}

size_t der_to_pem(const char *label, const uint8_t *der, size_t len, char *out, size_t room)
{
	size_t at;

	if (room < (len + 2) / 3 * 4 + len / 48 + 2 * strlen(label) + 64)
		return 0;
	at = (size_t)sprintf(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < len; i += 3, at += 4) {
		if (i && i % 48 == 0)
			out[at++] = '\n';
		encode(der + i, len - i < 3 ? len - i : 3, out + at);
	}
	return at + (size_t)sprintf(out + at, "\n-----END %s-----\n", label);
}
