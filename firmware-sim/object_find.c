// SPDX-License-Identifier: BSD-3-Clause
/*
 * Finding objects. Class, key type, label, id and identity are looked up in the store's indexes;
 * what is left of the template is compared after a row has been opened. Secrets that are hidden
 * match nothing, or a search would be a way to guess them.
 */
#include <string.h>

#include "object_internal.h"

#define MOST		4096		/* entries of one reply */
#define ROWS_AT_ONCE	16384		/* rows looked at before the caller has to ask again */

struct find {
	struct cmd *c;
	struct attrs template;
	struct wanted wanted;
	struct store_filter filter;
	bool impossible;		/* the template matches nothing that can exist */
	bool token, session;		/* where to look */
	bool by_index;			/* the filter says it all: rows need not be opened */
	uint32_t max;
	uint32_t count;
	uint32_t looked;
	uint32_t last;			/* handle */
	bool more;
	uint32_t st;
};

/* ---- The template as a filter ---------------------------------------------------------- */

static int hex(uint8_t ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static void filter_ouid(struct find *f, const uint8_t ouid[COFFER_OUID_LEN])
{
	if ((f->filter.use & STORE_BY_OUID) && memcmp(f->filter.ouid, ouid, COFFER_OUID_LEN))
		f->impossible = true;
	memcpy(f->filter.ouid, ouid, COFFER_OUID_LEN);
	f->filter.use |= STORE_BY_OUID;
}

static void filter_unique_id(struct find *f, const struct attr *a)
{
	uint8_t ouid[COFFER_OUID_LEN];

	if (a->len != 2 * COFFER_OUID_LEN) {
		f->impossible = true;
		return;
	}
	for (size_t i = 0; i < COFFER_OUID_LEN; i++) {
		int high = hex(a->value[2 * i]), low = hex(a->value[2 * i + 1]);

		if (high < 0 || low < 0) {
			f->impossible = true;
			return;
		}
		ouid[i] = (uint8_t)(high << 4 | low);
	}
	filter_ouid(f, ouid);
}

static uint32_t filter_one(struct find *f, const struct attr *a)
{
	struct store_filter *to = &f->filter;
	bool set = a->len == 1 && a->value[0];

	switch (a->type) {
	case COFFER_CKA_CLASS:
		to->class = attrs_class(&f->template);
		to->use |= STORE_BY_CLASS;
		return COFFER_ST_OK;
	case COFFER_CKA_KEY_TYPE:
		to->key_type = attrs_key_type(&f->template);
		to->use |= STORE_BY_KEY_TYPE;
		f->impossible |= to->key_type == COFFER_CKK_NONE;
		return COFFER_ST_OK;
	case COFFER_CKA_LABEL:
		to->use |= STORE_BY_LABEL;
		return object_tag(f->c, a->type, a, to->label_tag);
	case COFFER_CKA_ID:
		/* An empty id is also said of objects that cannot have one. */
		f->by_index &= a->len != 0;
		to->use |= STORE_BY_ID;
		return object_tag(f->c, a->type, a, to->id_tag);
	case (uint32_t)COFFER_CKA_OUID:
		f->impossible |= a->len != COFFER_OUID_LEN;
		if (!f->impossible)
			filter_ouid(f, a->value);
		return COFFER_ST_OK;
	case COFFER_CKA_UNIQUE_ID:
		filter_unique_id(f, a);
		return COFFER_ST_OK;
	case COFFER_CKA_TOKEN:
		f->token &= set;
		f->session &= !set;
		return COFFER_ST_OK;
	case COFFER_CKA_PRIVATE:
		if (!set)
			to->use |= STORE_BY_PUBLIC;
		else
			f->by_index = false;
		return COFFER_ST_OK;
	default:
		f->by_index = false;
		return COFFER_ST_OK;
	}
}

static uint32_t filter_make(struct find *f)
{
	uint32_t st = COFFER_ST_OK;

	f->token = true;
	f->session = true;
	f->by_index = f->wanted.count == 0;
	if (!role_sees_private(f->c))
		f->filter.use |= STORE_BY_PUBLIC;
	for (size_t i = 0; !st && i < f->template.count; i++)
		st = filter_one(f, &f->template.list[i]);
	return st;
}

/* ---- Matching and writing -------------------------------------------------------------- */

static bool matches(const struct find *f, const struct object *o)
{
	for (size_t i = 0; i < f->template.count; i++)
		if (object_hides(o, f->template.list[i].type))
			return false;
	return attrs_match(&o->attrs, &f->template);
}

static bool stop(struct find *f, uint32_t st)
{
	f->st = st;
	f->more = !st;
	return false;
}

/* One entry, or none at all when it does not fit any more. */
static bool emit(struct find *f, const struct object *o)
{
	struct wire_out *out = &f->c->out;
	size_t before = out->len;
	uint32_t st;

	if (f->count == f->max)
		return stop(f, COFFER_ST_OK);
	wire_put_u32(out, o->handle);
	st = object_show(f->c, o, &f->wanted);
	if (st)
		return stop(f, st);
	if (!wire_out_ok(out)) {
		out->bad = false;
		out->len = before;
		return stop(f, f->count ? COFFER_ST_OK : COFFER_ST_BUFFER_TOO_SMALL);
	}
	f->count++;
	f->last = o->handle;
	return true;
}

static bool cancelled(const struct find *f)
{
	return f->c->cancelled && *f->c->cancelled;
}

static bool each_row(void *opaque, const struct object_row *row)
{
	struct find *f = opaque;
	struct object o = { .handle = row->handle };
	bool go_on = true;

	if (cancelled(f))
		return stop(f, COFFER_ST_CANCEL);
	if (f->looked++ == ROWS_AT_ONCE)
		return stop(f, COFFER_ST_OK);
	if (f->by_index) {
		go_on = emit(f, &o);
	} else {
		f->st = object_open(f->c, row, &o);
		if (f->st)
			return stop(f, f->st);
		if (matches(f, &o))
			go_on = emit(f, &o);
		object_free(&o);
	}
	if (go_on)
		f->last = row->handle;
	return go_on;
}

static bool each_session(void *opaque, const struct object *o)
{
	struct find *f = opaque;

	return !matches(f, o) || emit(f, o);
}

static uint32_t find_all(struct find *f, uint64_t cursor)
{
	uint32_t after = (uint32_t)cursor;
	uint32_t st;
	int rc;

	f->last = after;
	if (f->impossible)
		return COFFER_ST_OK;
	if (f->token && cursor < COFFER_HANDLE_SESSION) {
		rc = store_object_find(card_store(f->c->card), partition_id(f->c->part),
				       &f->filter, after, each_row, f);
		if (rc && !f->st)
			return COFFER_ST_DEVICE_ERROR;
	}
	if (after < COFFER_HANDLE_SESSION)
		after = COFFER_HANDLE_SESSION - 1;
	if (!f->session || f->st || f->more)
		return f->st;
	st = session_object_each(f->c, after, each_session, f);
	return f->st ? f->st : st;
}

static uint32_t find_parse(struct find *f, uint64_t *cursor)
{
	struct wire_in *in = &f->c->in;
	struct bytes template;

	f->max = wire_u32(in);
	*cursor = wire_u64(in);
	template = wire_blob(in, COFFER_CMD_MAX_PAYLOAD);
	if (!wanted_parse(in, &f->wanted) || !f->max || f->max > MOST || *cursor > UINT32_MAX)
		return COFFER_ST_ARGUMENTS_BAD;
	return attrs_parse(&f->template, template);
}

uint32_t handle_OBJECT_FIND(struct cmd *c)
{
	struct find f = { .c = c };
	uint64_t cursor;
	size_t at = c->out.len;
	uint32_t st = find_parse(&f, &cursor);

	if (!st)
		st = filter_make(&f);
	if (!st) {
		wire_put_u64(&c->out, 0);
		wire_put_u64(&c->out, 0);
		st = wire_out_ok(&c->out) ? find_all(&f, cursor) : COFFER_ST_BUFFER_TOO_SMALL;
	}
	if (!st) {
		wire_fill_u32(&c->out, at, f.more ? f.last : 0);
		wire_fill_u32(&c->out, at + 8, f.count);
	}
	attrs_free(&f.template);
	return st;
}
