// SPDX-License-Identifier: BSD-3-Clause
/* The encodings in which a key could leak, and a search for all of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recorder.h"

/* Below this many bytes a find would be chance. */
#define SECRET_MIN 8

typedef size_t encode_fn(const uint8_t *s, size_t len, uint8_t *to, int how);

static size_t as_it_is(const uint8_t *s, size_t len, uint8_t *to, int how)
{
	(void)how;
	memcpy(to, s, len);
	return len;
}

/* how: bytes in a group; 0 = all of it. */
static size_t swapped(const uint8_t *s, size_t len, uint8_t *to, int how)
{
	size_t group = how ? (size_t)how : len;

	if (len % group)
		return 0;
	for (size_t i = 0; i < len; i++)
		to[i] = s[i - i % group + (group - 1 - i % group)];
	return len;
}

static size_t hex(const uint8_t *s, size_t len, uint8_t *to, int how)
{
	for (size_t i = 0; i < len; i++)
		sprintf((char *)to + 2 * i, how ? "%02X" : "%02x", s[i]);
	return 2 * len;
}

/*
 * how: 0..2 = bytes that came before it, +4 for the alphabet of URLs. Only the characters that
 * do not depend on the neighbours.
 */
static size_t base64(const uint8_t *s, size_t len, uint8_t *to, int how)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char url[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *alphabet = how & 4 ? url : plain;
	size_t bits = 8 * len, at = (6 - (size_t)(how & 3) * 8 % 6) % 6, n = 0;

	for (; at + 6 <= bits; at += 6) {
		unsigned int v = 0;

		for (size_t b = at; b < at + 6; b++)
			v = v << 1 | (s[b / 8] >> (7 - b % 8) & 1);
		to[n++] = (uint8_t)alphabet[v];
	}
	return n;
}

static const struct encoding {
	const char *name;
	encode_fn *encode;
	int how;
} encodings[] = {
	{ "raw", as_it_is, 0 },
	{ "reversed", swapped, 0 },
	{ "swapped by 2", swapped, 2 },
	{ "swapped by 4", swapped, 4 },
	{ "swapped by 8", swapped, 8 },
	{ "hex", hex, 0 },
	{ "HEX", hex, 1 },
	{ "base64, alignment 0", base64, 0 },
	{ "base64, alignment 1", base64, 1 },
	{ "base64, alignment 2", base64, 2 },
	{ "base64url, alignment 0", base64, 4 },
	{ "base64url, alignment 1", base64, 5 },
	{ "base64url, alignment 2", base64, 6 },
};

#define N_ENCODINGS (sizeof(encodings) / sizeof(encodings[0]))

size_t search_encode(unsigned int n, const uint8_t *secret, size_t secret_len, uint8_t *to,
		     size_t room, const char **name)
{
	if (n >= N_ENCODINGS || room < 2 * secret_len + 1)
		return 0;
	*name = encodings[n].name;
	return encodings[n].encode(secret, secret_len, to, encodings[n].how);
}

static const char *search_one(const uint8_t *bytes, size_t len, const uint8_t *secret,
			      size_t secret_len)
{
	uint8_t *needle = malloc(2 * secret_len + 1);
	const char *found = NULL;
	size_t n;

	for (size_t i = 0; needle && !found && i < N_ENCODINGS; i++) {
		n = encodings[i].encode(secret, secret_len, needle, encodings[i].how);
		if (n && memmem(bytes, len, needle, n))
			found = encodings[i].name;
	}
	if (!needle)
		found = "nothing, for want of memory";
	free(needle);
	return found;
}

const char *search_secret(const uint8_t *bytes, size_t len, const uint8_t *secret,
			  size_t secret_len)
{
	size_t half = secret_len / 2;
	const char *found;

	found = search_one(bytes, len, secret, secret_len);
	if (!found && half >= SECRET_MIN)
		found = search_one(bytes, len, secret, half);
	if (!found && half >= SECRET_MIN)
		found = search_one(bytes, len, secret + half, secret_len - half);
	return found;
}
