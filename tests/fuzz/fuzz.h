/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What every fuzz target shares: an input that is read piece by piece, a way to report a finding,
 * and a way to write the seeds of its corpus.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An input that has ended reads as zeros. */
struct fuzz_input {
	const uint8_t *at, *end;
};

static inline bool fuzz_more(const struct fuzz_input *in)
{
	return in->at < in->end;
}

static inline uint8_t fuzz_u8(struct fuzz_input *in)
{
	return fuzz_more(in) ? *in->at++ : 0;
}

static inline uint64_t fuzz_bytes(struct fuzz_input *in, unsigned int bytes)
{
	uint64_t value = 0;
	unsigned int i;

	for (i = 0; i < bytes; i++)
		value |= (uint64_t)fuzz_u8(in) << (8 * i);
	return value;
}

static inline uint16_t fuzz_u16(struct fuzz_input *in)
{
	return fuzz_bytes(in, 2);
}

static inline uint32_t fuzz_u32(struct fuzz_input *in)
{
	return fuzz_bytes(in, 4);
}

/* A finding: the oracle saw what must not be. */
#define fuzz_fail(...)						\
	do {							\
		fprintf(stderr, "FINDING %s:%d: ", __FILE__, __LINE__);	\
		fprintf(stderr, __VA_ARGS__);			\
		fputc('\n', stderr);				\
		abort();					\
	} while (0)

#define fuzz_check(true_thing, ...)				\
	do {							\
		if (!(true_thing))				\
			fuzz_fail(__VA_ARGS__);			\
	} while (0)

/* Seeds: with COFFER_SEEDS=DIR a target writes them there and ends (see main.c). */
struct fuzz_seed {
	uint8_t bytes[65536];
	size_t len;
};

static inline void seed_put(struct fuzz_seed *s, uint64_t value, unsigned int bytes)
{
	while (bytes-- && s->len < sizeof(s->bytes)) {
		s->bytes[s->len++] = value;
		value >>= 8;
	}
}

static inline void seed_write(struct fuzz_seed *s, const void *from, size_t len)
{
	const uint8_t *byte = from;

	while (len--)
		seed_put(s, *byte++, 1);
}

/* Save a seed under a name and begin the next. */
static inline void fuzz_seed_save(struct fuzz_seed *s, const char *name)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("COFFER_SEEDS"), name);
	f = fopen(path, "wb");
	if (!f || fwrite(s->bytes, 1, s->len, f) != s->len || fclose(f)) {
		perror(path);
		exit(1);
	}
	s->len = 0;
}

/* Each target has these two. */
void fuzz_seeds(struct fuzz_seed *s);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
