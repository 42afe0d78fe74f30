// SPDX-License-Identifier: BSD-3-Clause
#include "archive_bench.h"

void ar_certificate(struct test_card *card, int use, struct msg *cert)
{
	struct call *c = call_new();
	struct bytes b = { NULL, 0 };

	wire_out_init(&c->req, c->req_buf, sizeof(c->req_buf));
	assert_u32(call_run(card, c, COFFER_CMD_CERTIFICATES), COFFER_ST_OK);
	for (int i = 0; i <= use; i++)
		b = wire_blob(&c->rep, CRYPTO_DER_MAX);
	assert_false(c->rep.bad);
	memcpy(cert->p, b.p, b.len);
	cert->len = b.len;
	free(c);
}

static void take_context(struct call *c, struct run *r, uint32_t *context)
{
	*context = wire_u32(&c->rep);
	r->protocol = wire_u32(&c->rep);
	r->suite = wire_u32(&c->rep);
	assert_u32(r->protocol, COFFER_CLONE_ARCHIVE);
	assert_in_range(wire_u32(&c->rep), 1, 3600);
}

uint32_t ar_create_for(struct run *r, const char *label, const struct msg *certs,
		       uint32_t count)
{
	struct call *c = call_new();
	struct bytes head;
	uint32_t st;

	call_begin(c, r->session_s);
	wire_put_u32(&c->req, 0);
	wire_put_blob(&c->req, label, strlen(label));
	wire_put_u32(&c->req, count);
	for (uint32_t i = 0; i < count; i++)
		wire_put_blob(&c->req, certs[i].p, certs[i].len);
	st = call_run(r->s, c, COFFER_CMD_ARCHIVE_CREATE);
	if (!st) {
		take_context(c, r, &r->context_s);
		head = wire_blob(&c->rep, sizeof(r->m1.p));
		assert_true(wire_in_done(&c->rep));
		memcpy(r->m1.p, head.p, head.len);
		r->m1.len = head.len;
	}
	free(c);
	return st;
}

uint32_t ar_create(struct run *r, const char *label, struct test_card *const *to)
{
	struct msg *certs = calloc(COFFER_ARCHIVE_RECIPIENTS, sizeof(*certs));
	uint32_t n = 0, st;

	assert_non_null(certs);
	for (; to[n]; n++)
		ar_certificate(to[n], 0, &certs[n]);
	st = ar_create_for(r, label, certs, n);
	free(certs);
	return st;
}

struct archive *ar_write(struct test_card *s, struct test_card *to, struct test_card *and_to)
{
	struct test_card *const cards[] = { to, and_to, NULL };
	struct archive *a = calloc(1, sizeof(*a));
	uint32_t handles[ARCHIVE_OBJECTS], got;

	assert_non_null(a);
	a->r = run_new(s, to);
	assert_u32(ar_create(a->r, "", cards), COFFER_ST_OK);
	a->count = tc_list(s, handles, ARCHIVE_OBJECTS);
	if (a->count)
		assert_u32(run_extract(a->r, handles, a->count, a->blobs, &got), COFFER_ST_OK);
	if (a->count)
		assert_u32(got, a->count);
	for (uint32_t i = 0; i < a->count; i++)
		assert_u32(a->blobs[i].verdict, COFFER_ST_OK);
	assert_u32(run_finish(a->r), COFFER_ST_OK);
	a->r->context_s = 0;
	return a;
}

void ar_free(struct archive *a)
{
	run_give_up(a->r);
	blobs_free(a->blobs, a->count);
	free(a->r);
	free(a);
}

uint32_t ar_open(struct archive *a, struct test_card *t)
{
	struct call *c = call_new();
	uint32_t st;

	a->r->t = t;
	a->r->session_t = t->session;
	a->r->context_t = 0;
	call_begin(c, t->session);
	wire_put_u32(&c->req, 0);
	wire_put_blob(&c->req, a->r->m1.p, a->r->m1.len);
	st = call_run(t, c, COFFER_CMD_ARCHIVE_OPEN);
	if (!st) {
		take_context(c, a->r, &a->r->context_t);
		assert_true(wire_in_done(&c->rep));
	}
	free(c);
	return st;
}

uint32_t ar_read(struct archive *a, const struct test_blob *blobs, uint32_t count,
		 uint32_t *verdicts)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, a->r->session_t);
	wire_put_u32(&c->req, a->r->context_t);
	wire_put_u32(&c->req, count);
	for (uint32_t i = 0; i < count; i++)
		wire_put_blob(&c->req, blobs[i].p, blobs[i].len);
	st = call_run(a->r->t, c, COFFER_CMD_ARCHIVE_READ);
	if (!st)
		assert_u32(wire_u32(&c->rep), count);
	for (uint32_t i = 0; !st && i < count; i++) {
		verdicts[i] = wire_u32(&c->rep);
		assert_u32(wire_u32(&c->rep), 0);
	}
	free(c);
	return st;
}

uint32_t ar_check(struct archive *a)
{
	struct call *c = call_new();
	uint32_t st;

	call_begin(c, a->r->session_t);
	wire_put_u32(&c->req, a->r->context_t);
	wire_put_blob(&c->req, a->r->m5.p, a->r->m5.len);
	st = call_run(a->r->t, c, COFFER_CMD_ARCHIVE_CHECK);
	if (!st) {
		assert_u32(wire_u32(&c->rep), a->count);
		assert_u32(wire_u32(&c->rep), a->count);
		assert_u32(wire_u32(&c->rep), 0);
	}
	free(c);
	return st;
}

uint32_t ar_verify(struct archive *a, struct test_card *t)
{
	uint32_t verdicts[ARCHIVE_OBJECTS];
	uint32_t st = ar_open(a, t);

	if (!st && a->count)
		st = ar_read(a, a->blobs, a->count, verdicts);
	for (uint32_t i = 0; !st && i < a->count; i++)
		st = verdicts[i];
	return st ? st : ar_check(a);
}

uint32_t ar_import(struct archive *a, struct test_card *t, uint32_t *stored)
{
	uint32_t verdicts[ARCHIVE_OBJECTS], handles[ARCHIVE_OBJECTS], sent, received, missing;
	uint32_t st = ar_verify(a, t);

	*stored = 0;
	if (!st && a->count)
		st = run_insert(a->r, a->blobs, a->count, verdicts, handles);
	for (uint32_t i = 0; !st && i < a->count; i++)
		*stored += !verdicts[i];
	if (!st)
		st = run_close(a->r, true, &sent, &received, &missing);
	if (!st) {
		assert_u32(sent, a->count);
		assert_u32(received, a->count);
		assert_u32(missing, 0);
	}
	return st;
}

void ar_state(struct test_card *card, uint32_t *failures, uint32_t *wait_ms)
{
	struct coffer_rep_partition_info info;
	struct call *c = call_new();

	call_begin(c, card->session);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_PARTITION_INFO), COFFER_ST_OK);
	memcpy(&info, c->rep_buf, sizeof(info));
	*failures = info.clone_failures;
	*wait_ms = info.clone_wait_ms;
	free(c);
}
