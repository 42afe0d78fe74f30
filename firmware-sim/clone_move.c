// SPDX-License-Identifier: BSD-3-Clause
/*
 * Moving objects in an open session: EXTRACT on the source, INSERT on the target, then FINISH
 * and CLOSE, which tell the target whether anything got lost. Each object stands alone: its
 * verdict changes nothing for the others.
 */
#include "clone.h"

#include <stdlib.h>
#include <string.h>

/* ---- 6: source, objects -> blobs --------------------------------------------------------- */

/* The target would refuse it anyway; then it need not leave this card. */
static uint32_t peer_takes(const struct clone_context *x, const struct object *o, uint32_t class)
{
	uint32_t needs = 0;

	/* Who opens a file looks at itself then. */
	if (x->suite->file)
		return COFFER_ST_OK;
	if (class == COFFER_CKO_PRIVATE_KEY)
		needs = CLONE_POL_PRIVATE;
	else if (class == COFFER_CKO_SECRET_KEY)
		needs = CLONE_POL_SECRET;
	if ((x->peer.policies & needs) != needs)
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	return clone_level_fits(o->level, x->peer.level, x->peer.kind);
}

static uint32_t describe(const struct object *o, struct clone_blob *head)
{
	const struct attr *ouid = attrs_get(&o->attrs, COFFER_CKA_OUID);

	memset(head, 0, sizeof(*head));
	if (!ouid || ouid->len != COFFER_OUID_LEN)
		return COFFER_ST_DEVICE_ERROR;
	memcpy(head->ouid, ouid->value, COFFER_OUID_LEN);
	head->class = (uint32_t)attrs_ulong(&o->attrs, COFFER_CKA_CLASS, UINT32_MAX);
	head->level = o->level;
	return COFFER_ST_OK;
}

/* A cloud service fails in the middle of a big clone (behaviour.md section 9). */
static bool too_big(const struct cmd *c, uint32_t moved)
{
	uint32_t limit = card_profile(c->card)->limits.clone_objects;

	return limit && moved >= limit;
}

/* From a handle to the flattened object that may leave for this peer. */
static uint32_t fetch(struct cmd *c, const struct clone_context *x, uint32_t handle,
		      struct clone_blob *head, uint8_t **flat, size_t *len)
{
	struct object o;
	uint32_t st;

	*flat = NULL;
	*len = 0;
	if (handle >= COFFER_HANDLE_SESSION)
		return COFFER_ST_OBJECT_TYPE_INVALID;
	if (too_big(c, x->moved))
		return COFFER_ST_DEVICE_ERROR;
	st = object_load(c, handle, &o);
	if (st)
		return st;
	st = object_may_leave(c, &o);
	if (!st)
		st = describe(&o, head);
	if (!st)
		st = peer_takes(x, &o, head->class);
	if (!st)
		st = object_flatten(c, &o, flat, len);
	object_free(&o);
	if (!st && *len + CLONE_BLOB_OVERHEAD > CLONE_BLOB_MAX)
		st = COFFER_ST_DATA_LEN_RANGE;
	return st;
}

static void wipe_free(uint8_t *p, size_t len)
{
	if (!p)
		return;
	crypto_wipe(p, len);
	free(p);
}

enum { ROW_DONE, ROW_FULL };

/*
 * One row of the reply. Nothing is sealed, and no sequence number used, before it is certain
 * that the row fits.
 */
static int extract_one(struct cmd *c, struct clone_context *x, uint32_t handle, uint8_t *blob)
{
	size_t room = c->out.room - c->out.len;
	struct clone_blob head;
	uint8_t *flat;
	size_t len;
	uint32_t st = fetch(c, x, handle, &head, &flat, &len);

	if (room < 8 || (!st && room < 8 + CLONE_BLOB_OVERHEAD + len)) {
		wipe_free(flat, len);
		return ROW_FULL;
	}
	if (!st)
		st = clone_blob_seal(c->crypto, x, &head, (struct bytes){ flat, len }, blob);
	wire_put_u32(&c->out, st);
	wire_put_blob(&c->out, blob, st ? 0 : len + CLONE_BLOB_OVERHEAD);
	wipe_free(flat, len);
	return ROW_DONE;
}

static uint32_t extract_all(struct cmd *c, struct clone_context *x, struct wire_in handles,
			    uint32_t count)
{
	uint8_t *blob = malloc(CLONE_BLOB_MAX);
	size_t at = wire_reserve_u32(&c->out);
	uint32_t done = 0;

	if (!blob)
		return COFFER_ST_DEVICE_MEMORY;
	/* CPv1 moves one object in a run; the rest is left for other runs. */
	if (x->suite->one_object)
		count = 1;
	while (done < count && !*c->cancelled &&
	       extract_one(c, x, wire_u32(&handles), blob) == ROW_DONE)
		done++;
	free(blob);
	if (!done)
		return *c->cancelled ? COFFER_ST_CANCEL : COFFER_ST_BUFFER_TOO_SMALL;
	wire_fill_u32(&c->out, at, done);
	return COFFER_ST_OK;
}

static bool has_more(const struct clone_context *x)
{
	return !x->suite->one_object;
}

uint32_t handle_CLONE_EXTRACT(struct cmd *c)
{
	struct clone_context *x;
	uint32_t id = wire_u32(&c->in);
	uint32_t count = wire_u32(&c->in);
	uint32_t st;

	/* A count that is cut off reads as 0. */
	if (!count || c->in.left != (size_t)count * 4)
		return COFFER_ST_ARGUMENTS_BAD;
	st = clone_context_get(c, id, CLONE_SOURCE, CLONE_STEP_OPEN, &x);
	if (st)
		return st;
	st = extract_all(c, x, c->in, count);
	clone_context_put(c, x, st || has_more(x));
	return st;
}

/* ---- 7: target, blobs -> objects --------------------------------------------------------- */

struct insert_row {
	struct bytes blob;
	uint32_t verdict;
	uint32_t handle;
};

/* Lives from the handler to the answer: the writer fills verdicts and handles in. */
struct insert_state {
	uint32_t count;
	struct insert_row rows[];
};

/* What the header said must be what came out: both are authentic, so this is a bug or a lie. */
static uint32_t check_row(const struct cmd *c, const struct clone_blob *head,
			  const struct object_row *row)
{
	if (row->class != head->class || row->level != head->level ||
	    memcmp(row->ouid, head->ouid, COFFER_OUID_LEN))
		return COFFER_ST_UNWRAPPING_ERROR;
	return clone_level_fits(head->level, partition_level(c->part), partition_kind(c->part));
}

static uint32_t arrive(struct cmd *c, const struct clone_blob *head, struct bytes flat,
		       struct insert_row *to)
{
	struct object_row row;
	struct change *ch;
	uint32_t st;

	memset(&row, 0, sizeof(row));
	st = object_arrive(c, flat, &row);
	if (st)
		return st;
	row.handle = 0;
	row.part = partition_id(c->part);
	st = check_row(c, head, &row);
	ch = st ? NULL : change_of(c);
	if (!st)
		st = ch ? change_object_put(ch, &row, &to->handle, &to->verdict) :
			(uint32_t)COFFER_ST_DEVICE_MEMORY;
	if (st)
		object_row_free(&row);
	return st;
}

/* A failed commit must not look like success, so a row says DEVICE_ERROR until it is written. */
static void insert_one(struct cmd *c, struct clone_context *x, struct insert_row *row,
		       uint8_t *flat)
{
	struct clone_blob head;
	uint32_t st;

	row->verdict = COFFER_ST_DEVICE_ERROR;
	st = clone_blob_open(c->crypto, x, row->blob, &head, flat);
	if (!st && too_big(c, x->moved - 1)) {
		crypto_wipe(flat, head.flat_len);
		st = COFFER_ST_DEVICE_ERROR;
	} else if (!st) {
		st = arrive(c, &head, (struct bytes){ flat, head.flat_len }, row);
		crypto_wipe(flat, head.flat_len);
	}
	if (st) {
		row->verdict = st;
		row->handle = 0;
	}
	row->blob = (struct bytes){ NULL, 0 };
}

/* There is room for it: insert_parse saw to that. */
static void insert_reply(struct cmd *c, const struct insert_state *state)
{
	wire_put_u32(&c->out, state->count);
	for (uint32_t i = 0; i < state->count; i++) {
		wire_put_u32(&c->out, state->rows[i].verdict);
		wire_put_u32(&c->out, state->rows[i].verdict ? 0 : state->rows[i].handle);
	}
}

static uint32_t insert_after(struct cmd *c, uint32_t verdict)
{
	struct insert_state *state = c->state;

	c->state = NULL;
	if (!verdict)
		insert_reply(c, state);
	free(state);
	return verdict;
}

static uint32_t insert_parse(struct cmd *c, struct insert_state **out)
{
	uint32_t count = wire_u32(&c->in);
	struct insert_state *state;

	*out = NULL;
	/*
	 * Each row takes four bytes of the request at least: no allocation beyond it. A count that
	 * is cut off reads as 0.
	 */
	if (!count || count > c->in.left / 4)
		return COFFER_ST_ARGUMENTS_BAD;
	if (c->out.room - c->out.len < 4 + 8 * (size_t)count)
		return COFFER_ST_BUFFER_TOO_SMALL;
	state = calloc(1, sizeof(*state) + count * sizeof(state->rows[0]));
	if (!state)
		return COFFER_ST_DEVICE_MEMORY;
	state->count = count;
	for (uint32_t i = 0; i < count; i++)
		state->rows[i].blob = wire_blob(&c->in, COFFER_CMD_MAX_PAYLOAD);
	if (!wire_in_done(&c->in)) {
		free(state);
		return COFFER_ST_ARGUMENTS_BAD;
	}
	*out = state;
	return COFFER_ST_OK;
}

/* Takes the state over. */
static uint32_t insert_all(struct cmd *c, struct clone_context *x, struct insert_state *state)
{
	uint8_t *flat = malloc(COFFER_CMD_MAX_PAYLOAD);

	if (!flat) {
		free(state);
		return COFFER_ST_DEVICE_MEMORY;
	}
	for (uint32_t i = 0; i < state->count; i++)
		insert_one(c, x, &state->rows[i], flat);
	free(flat);
	if (c->change) {
		c->state = state;
		change_after(c->change, insert_after);
		return COFFER_ST_OK;
	}
	/* Nothing got as far as the store. */
	insert_reply(c, state);
	free(state);
	return COFFER_ST_OK;
}

uint32_t handle_CLONE_INSERT(struct cmd *c)
{
	struct insert_state *state;
	struct clone_context *x;
	uint32_t id = wire_u32(&c->in);
	uint32_t st = insert_parse(c, &state);

	if (st)
		return st;
	st = clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_OPEN, &x);
	if (!st && !has_more(x) && state->count > 1) {
		clone_context_put(c, x, true);
		st = COFFER_ST_ARGUMENTS_BAD;
	}
	if (st) {
		free(state);
		return st;
	}
	st = insert_all(c, x, state);
	clone_context_put(c, x, has_more(x));
	return st;
}

/* ---- An archive is read as a whole before anything of it is stored ------------------------ */

uint32_t handle_ARCHIVE_READ(struct cmd *c)
{
	struct insert_state *state;
	struct clone_context *x;
	struct clone_blob head;
	uint32_t id = wire_u32(&c->in);
	uint32_t st = insert_parse(c, &state);
	uint8_t *flat;

	if (st)
		return st;
	flat = malloc(COFFER_CMD_MAX_PAYLOAD);
	st = flat ? clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_READING, &x) :
		    (uint32_t)COFFER_ST_DEVICE_MEMORY;
	for (uint32_t i = 0; !st && i < state->count; i++) {
		struct insert_row *row = &state->rows[i];

		row->verdict = clone_blob_open(c->crypto, x, row->blob, &head, flat);
		if (!row->verdict)
			crypto_wipe(flat, head.flat_len);
	}
	if (!st) {
		insert_reply(c, state);
		clone_context_put(c, x, true);
	}
	free(flat);
	free(state);
	return st;
}

/* ---- 8, 9: the end of the list ----------------------------------------------------------- */

uint32_t handle_CLONE_FINISH(struct cmd *c)
{
	uint8_t buf[CLONE_MSG_HEADER + 4 + CLONE_MHASH + CRYPTO_HASH_MAX + CRYPTO_DEVICE_SIG];
	struct clone_context *x;
	struct wire_out out;
	uint32_t id = wire_u32(&c->in);		/* and no more: the table says so */
	uint32_t st;

	/* m5 is made once. */
	if (c->out.room - c->out.len < 4 + sizeof(buf))
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = clone_context_get(c, id, CLONE_SOURCE, CLONE_STEP_OPEN, &x);
	if (st)
		return st;
	wire_out_init(&out, buf, sizeof(buf));
	st = clone_finish_write(c->crypto, x, &out);
	if (!st && x->suite->file)
		st = clone_msg_sign(c, &out, CLONE_END, &x->t);
	if (!st)
		wire_put_blob(&c->out, out.base, out.len);
	clone_context_put(c, x, false);
	return st;
}

#define CLOSE_REPLY	16

static void close_reply(struct cmd *c, uint32_t sent, uint32_t received, uint32_t missing)
{
	wire_put_u32(&c->out, sent);
	wire_put_u32(&c->out, received);
	wire_put_u32(&c->out, missing);
	wire_put_u32(&c->out, 0);
}

/* m5, or an archive's end: that one is signed by the card that wrote the file. */
static uint32_t check_end(struct cmd *c, struct clone_context *x, struct bytes end,
			  uint32_t *sent)
{
	struct clone_msg m;
	uint32_t st = COFFER_ST_OK;

	*sent = 0;
	if (x->suite->file) {
		st = clone_msg_parse(end, CLONE_END, x->suite->mac_len, &m);
		if (!st)
			st = clone_msg_verify(c, &m, CLONE_END, &x->t,
					      (struct bytes){ x->peer_cert.p, x->peer_cert.len });
	}
	if (st)
		return COFFER_ST_BAD_MAC;
	return clone_finish_check(c->crypto, x, end, sent);
}

/* Without m5 a context of either side is given up at any step; the counts are what we know. */
static uint32_t give_up(struct cmd *c, uint32_t id)
{
	struct clone_context *x;
	uint32_t st = clone_context_get(c, id, 0, 0, &x);

	if (st)
		return st;
	if (x->side == CLONE_SOURCE)
		close_reply(c, x->moved, 0, 0);
	else
		close_reply(c, 0, x->moved, 0);
	clone_context_put(c, x, false);
	return COFFER_ST_OK;
}

uint32_t handle_CLONE_CLOSE(struct cmd *c)
{
	struct clone_context *x;
	uint32_t id = wire_u32(&c->in);
	struct bytes m5 = wire_blob(&c->in, CLONE_MSG_MAX);
	uint32_t sent, st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (c->out.room - c->out.len < CLOSE_REPLY)
		return COFFER_ST_BUFFER_TOO_SMALL;
	if (!m5.len)
		return give_up(c, id);
	st = clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_OPEN, &x);
	if (st)
		return st;
	st = check_end(c, x, m5, &sent);
	if (!st)
		close_reply(c, sent, x->moved, sent - x->moved);
	/* A changed m5 ends nothing: the true one may still come. */
	clone_context_put(c, x, st != COFFER_ST_OK);
	return st;
}

/*
 * All of the file was seen, in order, and nothing else: now its objects may be stored, from the
 * first on. A list with anything wrong is none: its context ends.
 */
uint32_t handle_ARCHIVE_CHECK(struct cmd *c)
{
	struct clone_context *x;
	uint32_t id = wire_u32(&c->in);
	struct bytes end = wire_blob(&c->in, CLONE_MSG_MAX);
	uint32_t sent, st;

	if (!wire_in_done(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (c->out.room - c->out.len < CLOSE_REPLY)
		return COFFER_ST_BUFFER_TOO_SMALL;
	st = clone_context_get(c, id, CLONE_TARGET, CLONE_STEP_READING, &x);
	if (st)
		return st;
	st = check_end(c, x, end, &sent);
	if (!st && sent != x->moved)
		st = COFFER_ST_MAC_MISSING;
	if (!st) {
		close_reply(c, sent, x->moved, 0);
		x->step = CLONE_STEP_OPEN;
		x->sequence = 0;
		x->moved = 0;
		memset(x->chain, 0, sizeof(x->chain));
	}
	clone_context_put(c, x, !st);
	return st;
}
