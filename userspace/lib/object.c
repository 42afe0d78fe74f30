// SPDX-License-Identifier: BSD-3-Clause
/* Objects: find, read, change, make, destroy. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

/* Entries per command; the card sends fewer when its reply is full. */
#define FIND_MAX 4096
/* More objects than any card has room for: an answer without end is not one. */
#define OBJECTS_MAX (16u * 1024 * 1024)

/* What coffer_objects.memory points to: the replies, which attributes point into. */
struct pages {
	size_t count, room;
	struct page {
		uint8_t *data;
		size_t len;
	} *page;
	struct coffer_attr *attrs;
};

static void pages_free(struct pages *pages)
{
	if (!pages)
		return;
	for (size_t i = 0; i < pages->count; i++) {
		explicit_bzero(pages->page[i].data, pages->page[i].len);
		free(pages->page[i].data);
	}
	free(pages->page);
	free(pages->attrs);
	free(pages);
}

static coffer_rc pages_add(struct pages *pages, const void *data, size_t len)
{
	struct page *grown;

	if (pages->count == pages->room) {
		pages->room = pages->room ? 2 * pages->room : 4;
		grown = realloc(pages->page, pages->room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		pages->page = grown;
	}
	grown = &pages->page[pages->count];
	grown->data = malloc(len ? len : 1);
	if (!grown->data)
		return -ENOMEM;
	memcpy(grown->data, data, len);
	grown->len = len;
	pages->count++;
	return 0;
}

/* ---- Reading pages: once to count, once to fill --------------------------------------------- */

struct cursor {
	struct coffer_objects *out;	/* list NULL: only count */
	struct coffer_attr *attrs;
	size_t objects, attributes;
	uint32_t last;			/* handle */
};

static bool attrs_read(struct cursor *c, const void *blob, size_t len, struct coffer_object *o)
{
	struct coffer_attr attr;
	struct msg_in in;
	size_t n = 0;

	msg_in_init(&in, blob, len);
	while (in.left && msg_take_attr(&in, &attr)) {
		if (c->attrs)
			c->attrs[c->attributes + n] = attr;
		n++;
	}
	if (o) {
		o->count = n;
		o->attrs = c->attrs + c->attributes;
	}
	c->attributes += n;
	return msg_in_done(&in);
}

/* {handle; attrs} until the page ends, ascending handles over all pages. */
static bool page_read(struct cursor *c, const struct page *page)
{
	struct coffer_object *o;
	struct msg_in in;
	const void *blob;
	uint32_t handle;
	size_t len;

	msg_in_init(&in, page->data, page->len);
	while (in.left) {
		handle = msg_take_u32(&in);
		blob = msg_take_blob(&in, &len);
		if (in.bad || handle <= c->last)
			return false;
		c->last = handle;
		o = c->out ? &c->out->list[c->objects] : NULL;
		if (o)
			o->handle = handle;
		if (!attrs_read(c, blob, len, o))
			return false;
		c->objects++;
	}
	return true;
}

static bool pages_read(struct cursor *c, const struct pages *pages)
{
	for (size_t i = 0; i < pages->count; i++)
		if (!page_read(c, &pages->page[i]))
			return false;
	return true;
}

/* Takes over the pages. */
static coffer_rc objects_build(struct pages *pages, struct coffer_objects *out)
{
	struct cursor c = { .last = 0 };
	coffer_rc rc = -ENOMEM;

	if (!pages_read(&c, pages)) {
		pages_free(pages);
		return -EIO;
	}
	pages->attrs = calloc(c.attributes + 1, sizeof(*pages->attrs));
	out->list = calloc(c.objects + 1, sizeof(*out->list));
	if (!pages->attrs || !out->list) {
		free(out->list);
		out->list = NULL;
		pages_free(pages);
		return rc;
	}
	out->count = c.objects;
	out->memory = pages;
	c = (struct cursor){ .out = out, .attrs = pages->attrs };
	pages_read(&c, pages);
	return 0;
}

API void coffer_objects_free(struct coffer_objects *objects)
{
	if (!objects)
		return;
	pages_free(objects->memory);
	free(objects->list);
	memset(objects, 0, sizeof(*objects));
}

/* ---- Finding -------------------------------------------------------------------------------- */

/* One page; *at is the cursor. */
static coffer_rc find_page(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
			   const uint32_t *wanted, size_t n_wanted, uint64_t *at,
			   struct pages *pages, uint32_t *found)
{
	const struct coffer_req_find head = {
		.session = htole32(s->id),
		.max = htole32(FIND_MAX),
		.cursor = htole64(*at),
	};
	struct coffer_rep_find rep;
	struct msg_out req;
	struct reply reply;
	coffer_rc rc;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_attrs(&req, tmpl, n);
	msg_put_u32s(&req, wanted, n_wanted);
	rc = session_exec_reply(s, COFFER_CMD_OBJECT_FIND, &req, &reply);
	if (!rc && reply.len < sizeof(rep))
		rc = -EIO;
	if (rc)
		goto out;
	memcpy(&rep, reply.data, sizeof(rep));
	*at = le64toh(rep.cursor);
	*found = le32toh(rep.count);
	/* Each entry is a handle and a length at least; an empty page ends the list. */
	if (*found > FIND_MAX || *found > (reply.len - sizeof(rep)) / 8 || (!*found && *at)) {
		rc = -EIO;
		goto out;
	}
	rc = pages_add(pages, reply.data + sizeof(rep), reply.len - sizeof(rep));
out:
	reply_free(&reply);
	return rc;
}

coffer_rc direct_find(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
		      const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out)
{
	struct pages *pages = calloc(1, sizeof(*pages));
	size_t announced = 0;
	uint64_t at = 0;
	uint32_t found;
	coffer_rc rc = 0;

	memset(out, 0, sizeof(*out));
	if (!pages)
		return -ENOMEM;
	do {
		found = 0;
		rc = find_page(s, tmpl, n, wanted, n_wanted, &at, pages, &found);
		announced += found;
		if (!rc && announced > OBJECTS_MAX)
			rc = -E2BIG;
	} while (!rc && at);
	if (rc) {
		pages_free(pages);
		return rc;
	}
	rc = objects_build(pages, out);
	if (!rc && out->count != announced) {
		coffer_objects_free(out);
		rc = -EIO;
	}
	return rc;
}

API const struct coffer_attr *coffer_object_attr(const struct coffer_object *o, uint32_t type)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->attrs[i].type == type)
			return &o->attrs[i];
	return NULL;
}

void label_clean(char *to, size_t room, const struct coffer_object *from)
{
	const struct coffer_attr *label = coffer_object_attr(from, CKA(LABEL));
	const uint8_t *text = label ? label->value : NULL;
	size_t len = text ? label->len : 0;

	if (len >= room)
		len = room - 1;
	for (size_t i = 0; i < len; i++)
		to[i] = text[i] < 0x20 || text[i] == 0x7f ? '?' : (char)text[i];
	to[len] = '\0';
}

API uint64_t coffer_attr_ulong(const struct coffer_attr *a, uint64_t absent)
{
	uint64_t value;

	if (!a || a->len != sizeof(value) || !a->value)
		return absent;
	memcpy(&value, a->value, sizeof(value));
	return le64toh(value);
}

API bool coffer_attr_bool(const struct coffer_attr *a, bool absent)
{
	if (!a || a->len != 1 || !a->value)
		return absent;
	return *(const uint8_t *)a->value != 0;
}

/* ---- Single objects ------------------------------------------------------------------------- */

static void object_request(const struct coffer_session *s, uint32_t handle, struct msg_out *req)
{
	const struct coffer_req_object head = {
		.session = htole32(s->id),
		.handle = htole32(handle),
	};

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
}

/* The reply of OBJECT_GET is a blob; a page is {handle; blob}: put the handle before it. */
static coffer_rc object_page(struct pages *pages, uint32_t handle, const struct reply *reply)
{
	uint32_t wire_handle = htole32(handle);
	struct msg_in in;
	uint8_t *page;
	size_t len;
	coffer_rc rc;

	msg_in_init(&in, reply->data, reply->len);
	msg_take_blob(&in, &len);
	if (!msg_in_done(&in) || !handle)
		return -EIO;
	page = malloc(sizeof(wire_handle) + reply->len);
	if (!page)
		return -ENOMEM;
	memcpy(page, &wire_handle, sizeof(wire_handle));
	memcpy(page + sizeof(wire_handle), reply->data, reply->len);
	rc = pages_add(pages, page, sizeof(wire_handle) + reply->len);
	explicit_bzero(page, sizeof(wire_handle) + reply->len);
	free(page);
	return rc;
}

coffer_rc direct_get(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
		     size_t n_wanted, struct coffer_objects *out)
{
	struct pages *pages;
	struct msg_out req;
	struct reply reply;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	pages = calloc(1, sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	object_request(s, handle, &req);
	msg_put_u32s(&req, wanted, n_wanted);
	rc = session_exec_reply(s, COFFER_CMD_OBJECT_GET, &req, &reply);
	if (!rc)
		rc = object_page(pages, handle, &reply);
	reply_free(&reply);
	if (rc) {
		pages_free(pages);
		return rc;
	}
	return objects_build(pages, out);
}

coffer_rc direct_set(struct coffer_session *s, uint32_t handle, const struct coffer_attr *tmpl,
		     size_t n)
{
	struct msg_out req;

	object_request(s, handle, &req);
	msg_put_attrs(&req, tmpl, n);
	return session_exec_fixed(s, COFFER_CMD_OBJECT_SET, &req, NULL, 0);
}

coffer_rc direct_create(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
			uint32_t *handle)
{
	struct coffer_rep_object rep;
	struct msg_out req;
	coffer_rc rc;

	*handle = 0;
	session_request(s, &req);
	msg_put_attrs(&req, tmpl, n);
	rc = session_exec_fixed(s, COFFER_CMD_OBJECT_CREATE, &req, &rep, sizeof(rep));
	if (!rc)
		*handle = le32toh(rep.handle);
	return rc;
}

coffer_rc direct_destroy(struct coffer_session *s, uint32_t handle)
{
	struct msg_out req;

	object_request(s, handle, &req);
	return session_exec_fixed(s, COFFER_CMD_OBJECT_DESTROY, &req, NULL, 0);
}

static void mechanism_request(const struct coffer_session *s, uint32_t mechanism,
			      struct msg_out *req)
{
	const struct coffer_req_mech head = {
		.session = htole32(s->id),
		.mechanism = htole32(mechanism),
	};

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
	msg_put_blob(req, NULL, 0);	/* no mechanism of generation has parameters */
}

coffer_rc direct_generate(struct coffer_session *s, uint32_t mechanism,
			  const struct coffer_attr *tmpl, size_t n, uint32_t *handle)
{
	struct coffer_rep_object rep;
	struct msg_out req;
	coffer_rc rc;

	*handle = 0;
	mechanism_request(s, mechanism, &req);
	msg_put_attrs(&req, tmpl, n);
	rc = session_exec_fixed(s, COFFER_CMD_KEY_GENERATE, &req, &rep, sizeof(rep));
	if (!rc)
		*handle = le32toh(rep.handle);
	return rc;
}

static coffer_rc pair_generate(struct coffer_session *s, uint32_t mechanism,
			       const struct pair_template *t, struct coffer_rep_object *rep)
{
	struct msg_out req;

	mechanism_request(s, mechanism, &req);
	msg_put_attrs(&req, t->public, t->n_public);
	msg_put_attrs(&req, t->private, t->n_private);
	return session_exec_fixed(s, COFFER_CMD_KEY_PAIR_GENERATE, &req, rep, sizeof(*rep));
}

/* FIPS mode of firmware 7 knows the old way of making RSA keys no more (row 95). */
coffer_rc direct_generate_pair(struct coffer_session *s, uint32_t mechanism,
			       const struct pair_template *t, uint32_t handles[2])
{
	struct coffer_rep_object rep;
	coffer_rc rc;

	rc = pair_generate(s, mechanism, t, &rep);
	if (rc == ST(MECHANISM_INVALID) && mechanism == COFFER_CKM_RSA_PKCS_KEY_PAIR_GEN &&
	    s->card->ctx->rsa_remap)
		rc = pair_generate(s, (uint32_t)COFFER_CKM_RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN, t,
				   &rep);
	handles[0] = rc ? 0 : le32toh(rep.handle);
	handles[1] = rc ? 0 : le32toh(rep.private_handle);
	return rc;
}
