// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cloning, behaviour.md rows 8 to 16: which objects, which of them are there already, and what
 * became of each. The cards decide whether they may move; this file never chooses a protocol.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"

/* Above these the whole partition is listed once instead. */
#define FEW_HANDLES 16
#define FEW_OUIDS 4

/* ---- Which objects -------------------------------------------------------------------------- */

static const uint32_t wanted[] = { CKA(CLASS), CKA(LABEL), CKA(OUID) };
#define N_WANTED (sizeof(wanted) / sizeof(wanted[0]))

static void object_describe(struct clone_object *object, const struct coffer_object *from)
{
	const struct coffer_attr *ouid = coffer_object_attr(from, CKA(OUID));

	object->item->object_class = (uint32_t)
		coffer_attr_ulong(coffer_object_attr(from, CKA(CLASS)), UINT32_MAX);
	label_clean(object->item->label, sizeof(object->item->label), from);
	object->has_ouid = ouid && ouid->value && ouid->len == COFFER_OUID_LEN;
	if (object->has_ouid)
		memcpy(object->ouid, ouid->value, COFFER_OUID_LEN);
}

coffer_rc clone_allocate(struct clone_run *run, size_t count)
{
	struct coffer_clone_report *report = run->report;

	run->objects = calloc(count + 1, sizeof(*run->objects));
	report->items = calloc(count + 1, sizeof(*report->items));
	if (!run->objects || !report->items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		run->objects[i].item = &report->items[i];
	return 0;
}

static void run_add(struct clone_run *run, uint32_t handle, const struct coffer_object *from)
{
	struct clone_object *object = &run->objects[run->report->count++];

	object->item->source_handle = handle;
	if (from)
		object_describe(object, from);
	else
		clone_settle(run, object, COFFER_CLONE_REFUSED, ST(OBJECT_HANDLE_INVALID), 0);
}

/* Session objects live with their session: they are nothing to clone. */
static coffer_rc plan_all(struct clone_run *run)
{
	const uint8_t yes = 1;
	const struct coffer_attr token = { CKA(TOKEN), 1, &yes };
	struct coffer_objects found;
	coffer_rc rc;

	rc = coffer_find(run->source, &token, 1, wanted, N_WANTED, &found);
	if (rc)
		return rc;
	rc = clone_allocate(run, found.count);
	for (size_t i = 0; !rc && i < found.count; i++)
		run_add(run, found.list[i].handle, &found.list[i]);
	coffer_objects_free(&found);
	return rc;
}

static bool seen_before(const uint32_t *handles, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (handles[i] == handles[at])
			return true;
	return false;
}

static coffer_rc plan_few(struct clone_run *run, const uint32_t *handles, size_t count)
{
	struct coffer_objects found;
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < count; i++) {
		if (seen_before(handles, i))
			continue;
		rc = coffer_object_get(run->source, handles[i], wanted, N_WANTED, &found);
		if (!rc)
			run_add(run, handles[i], &found.list[0]);
		else if (rc == ST(OBJECT_HANDLE_INVALID) || (rc == -EIO && !handles[i]))
			run_add(run, handles[i], NULL);
		coffer_objects_free(&found);
		if (rc == ST(OBJECT_HANDLE_INVALID))
			rc = 0;
	}
	return rc;
}

static int by_handle(const void *a, const void *b)
{
	const struct coffer_object *x = a, *y = b;

	return (x->handle > y->handle) - (x->handle < y->handle);
}

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* A long list: one listing of the partition; each handle is looked up in it, ascending. */
static coffer_rc plan_many(struct clone_run *run, const uint32_t *handles, size_t count)
{
	struct coffer_objects found;
	struct coffer_object key = { 0 };
	uint32_t *sorted;
	coffer_rc rc;

	sorted = malloc(count * sizeof(*sorted));
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, handles, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_number);
	rc = coffer_find(run->source, NULL, 0, wanted, N_WANTED, &found);
	for (size_t i = 0; !rc && i < count; i++) {
		if (i && sorted[i] == sorted[i - 1])
			continue;
		key.handle = sorted[i];
		run_add(run, sorted[i], bsearch(&key, found.list, found.count,
						sizeof(*found.list), by_handle));
	}
	coffer_objects_free(&found);
	free(sorted);
	return rc;
}

coffer_rc clone_plan(struct clone_run *run)
{
	const struct coffer_clone_options *o = run->options;
	coffer_rc rc;

	if (!o->handles)
		return plan_all(run);
	rc = clone_allocate(run, o->count);
	if (rc)
		return rc;
	if (o->count <= FEW_HANDLES)
		return plan_few(run, o->handles, o->count);
	return plan_many(run, o->handles, o->count);
}

/* ---- Which are there already ---------------------------------------------------------------- */

static void settle_existing(struct clone_run *run, struct clone_object *object,
			    const struct coffer_object *there)
{
	clone_settle(run, object, COFFER_CLONE_EXISTS, 0, there->handle);
}

static coffer_rc exists_few(struct clone_run *run)
{
	struct coffer_objects found;
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < run->report->count; i++) {
		struct clone_object *object = &run->objects[i];
		const struct coffer_attr ouid = { CKA(OUID), COFFER_OUID_LEN, object->ouid };

		if (object->settled || !object->has_ouid)
			continue;
		rc = coffer_find(run->target, &ouid, 1, NULL, 0, &found);
		if (!rc && found.count)
			settle_existing(run, object, &found.list[0]);
		coffer_objects_free(&found);
	}
	return rc;
}

static const void *ouid_of(const struct coffer_object *o)
{
	static const uint8_t none[COFFER_OUID_LEN];
	const struct coffer_attr *ouid = coffer_object_attr(o, CKA(OUID));

	return ouid && ouid->value && ouid->len == COFFER_OUID_LEN ? ouid->value : none;
}

static int by_ouid(const void *a, const void *b)
{
	return memcmp(ouid_of(a), ouid_of(b), COFFER_OUID_LEN);
}

static coffer_rc exists_many(struct clone_run *run)
{
	struct coffer_objects found;
	struct coffer_object *there;
	coffer_rc rc;

	rc = coffer_find(run->target, NULL, 0, &wanted[2], 1, &found);
	if (rc)
		return rc;
	qsort(found.list, found.count, sizeof(*found.list), by_ouid);
	for (size_t i = 0; i < run->report->count; i++) {
		struct clone_object *object = &run->objects[i];
		struct coffer_attr ouid = { CKA(OUID), COFFER_OUID_LEN, object->ouid };
		const struct coffer_object key = { .count = 1, .attrs = &ouid };

		if (object->settled || !object->has_ouid)
			continue;
		there = bsearch(&key, found.list, found.count, sizeof(key), by_ouid);
		if (there)
			settle_existing(run, object, there);
	}
	coffer_objects_free(&found);
	return 0;
}

size_t clone_unsettled(const struct clone_run *run)
{
	size_t n = 0;

	for (size_t i = 0; i < run->report->count; i++)
		n += !run->objects[i].settled;
	return n;
}

coffer_rc clone_exists(struct clone_run *run)
{
	clone_stage(run, COFFER_STAGE_EXISTS, 0);
	return clone_unsettled(run) <= FEW_OUIDS ? exists_few(run) : exists_many(run);
}

/* ---- The run -------------------------------------------------------------------------------- */

void clone_settle_rest(struct clone_run *run)
{
	coffer_rc rc = run->options->dry_run ? 0 : ST(CLONE_NOT_ATTEMPTED);

	for (size_t i = 0; i < run->report->count; i++)
		if (!run->objects[i].settled)
			clone_settle(run, &run->objects[i], COFFER_CLONE_NOT_TRIED, rc, 0);
}

coffer_rc clone_outcome(const struct clone_run *run)
{
	const struct coffer_clone_report *r = run->report;

	if (run->fatal && !r->cloned)
		return run->fatal;
	if (run->fatal || r->refused || (r->not_tried && !run->options->dry_run))
		return ST(FAILED_TO_CLONE_AN_OBJECT);
	return 0;
}

coffer_rc clone_sessions_check(struct coffer_session *source, struct coffer_session *target)
{
	coffer_rc rc = session_direct(source);

	if (!rc)
		rc = session_direct(target);
	if (!rc)
		rc = context_check(source->card->ctx);
	if (!rc)
		rc = context_check(target->card->ctx);
	if (!rc && source->card == target->card && source->partition == target->partition)
		rc = ST(CLONE_SAME_PARTITION);
	if (!rc && !target->rw)
		rc = ST(SESSION_READ_ONLY);
	return rc;
}

static coffer_rc run_all(struct clone_run *run)
{
	coffer_rc rc;

	clone_stage(run, COFFER_STAGE_VERIFY, 0);
	rc = clone_plan(run);
	if (rc)
		return rc;
	/* Handles that are none: nothing is left to ask the cards. */
	if (run->report->count && !clone_unsettled(run))
		return clone_outcome(run);
	if (!clone_interrupted(run)) {
		clone_stage(run, COFFER_STAGE_NEGOTIATE, 0);
		rc = clone_negotiate(run);
		if (clone_is_of_one(run, rc))
			run->refusal = rc;
		else if (rc)
			return rc;
		rc = clone_exists(run);
		if (!rc)
			rc = clone_space(run);
		if (!rc && run->options->dry_run)
			rc = clone_forecast(run);
	}
	if (rc) {
		clone_abandon(run);
		return rc;
	}
	if (!run->options->dry_run)
		clone_move(run);
	clone_finish(run);
	run->report->interrupted = clone_interrupted(run) && clone_unsettled(run);
	clone_settle_rest(run);
	clone_stage(run, COFFER_STAGE_DONE, run->report->count);
	return clone_outcome(run);
}

API coffer_rc coffer_clone(struct coffer_session *source, struct coffer_session *target,
			   const struct coffer_clone_options *options,
			   struct coffer_clone_report *report)
{
	static const struct coffer_clone_options none;
	struct clone_run run = {
		.source = source,
		.target = target,
		.options = options ? options : &none,
		.report = report,
	};
	coffer_rc rc;

	memset(report, 0, sizeof(*report));
	rc = clone_sessions_check(source, target);
	if (!rc)
		rc = run_all(&run);
	/* A refusal before anything moved: the items say so too. */
	if (rc && run.objects)
		clone_settle_rest(&run);
	free(run.objects);
	return rc;
}

API void coffer_clone_report_free(struct coffer_clone_report *report)
{
	if (!report)
		return;
	free(report->items);
	memset(report, 0, sizeof(*report));
}
