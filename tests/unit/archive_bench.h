/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For the tests of archive files: a file of few objects in memory, on cards of clone_pair.h. Of a
 * struct run m1 is the head here and m5 the end.
 */
#ifndef ARCHIVE_BENCH_H
#define ARCHIVE_BENCH_H

#include "clone_pair.h"

#define ARCHIVE_OBJECTS	8

struct archive {
	struct run *r;			/* r->t is who opens it next */
	struct test_blob blobs[ARCHIVE_OBJECTS];
	uint32_t count;
};

/* What a recipient shows; use 0 wrapping, 1 device, 2 root. */
void ar_certificate(struct test_card *card, int use, struct msg *cert);
uint32_t ar_create_for(struct run *r, const char *label, const struct msg *certs,
		       uint32_t count);
/* For these cards, NULL ends the list. */
uint32_t ar_create(struct run *r, const char *label, struct test_card *const *to);
/* A whole file of all objects of @s, by the primary domain, for one card or two. */
struct archive *ar_write(struct test_card *s, struct test_card *to, struct test_card *and_to);
void ar_free(struct archive *a);
uint32_t ar_open(struct archive *a, struct test_card *t);
uint32_t ar_read(struct archive *a, const struct test_blob *blobs, uint32_t count,
		 uint32_t *verdicts);
uint32_t ar_check(struct archive *a);
/* Open, read all, check: the first that is not OK, of the blobs too. */
uint32_t ar_verify(struct archive *a, struct test_card *t);
/* And insert all; the context is closed. *stored: how many. */
uint32_t ar_import(struct archive *a, struct test_card *t, uint32_t *stored);
void ar_state(struct test_card *card, uint32_t *failures, uint32_t *wait_ms);

#endif /* ARCHIVE_BENCH_H */
