// SPDX-License-Identifier: BSD-3-Clause
/*
 * Finds the one slot or object that a text means.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "names.h"
#include "selector.h"

#define CANDIDATES	6	/* that are named; the rest are "..." */

/* One line that grows; what does not fit is cut. */
struct line {
	char text[400];
	size_t at;
	unsigned int count;
};

__attribute__((format(printf, 2, 3)))
static void candidate(struct line *l, const char *format, ...)
{
	va_list ap;

	if (l->count++ >= CANDIDATES || l->at >= sizeof(l->text)) {
		if (l->count == CANDIDATES + 1)
			snprintf(l->text + l->at, sizeof(l->text) - l->at, ", ...");
		return;
	}
	if (l->at)
		l->at += (size_t)snprintf(l->text + l->at, sizeof(l->text) - l->at, ", ");
	va_start(ap, format);
	l->at += (size_t)vsnprintf(l->text + l->at, sizeof(l->text) - l->at, format, ap);
	va_end(ap);
	if (l->at > sizeof(l->text) - 1)
		l->at = sizeof(l->text) - 1;
}

/* ---- Slots ------------------------------------------------------------------------- */

bool choose_slot_is(const struct selector *s, const struct coffer_slot *slot)
{
	switch (s->kind) {
	case SELECTOR_LABEL:
		return !strcmp(slot->label, s->label);
	case SELECTOR_URI:
		return selector_is_token(s, slot);
	default:
		return slot->serial == s->number;
	}
}

static void name_slot(struct line *l, const struct coffer_slot *s)
{
	candidate(l, "%u (%s, %s)", s->slot, s->label,
		  s->members ? "HA group" : s->partition ? "partition" : "card");
}

static coffer_rc no_slot(struct cli *cli, const char *text, const struct coffer_slot *list,
			 size_t count)
{
	struct line l = { .text = "" };

	for (size_t i = 0; i < count; i++)
		name_slot(&l, &list[i]);
	return cli_fail(cli, ST(SLOT_ID_INVALID), "no slot is %s; there are: %s", text,
			count ? l.text : "none");
}

static coffer_rc one_slot(struct cli *cli, const struct selector *s, const char *text,
			  unsigned int *slot)
{
	struct line l = { .text = "" };
	struct coffer_slot *list;
	size_t count;
	coffer_rc rc = cli_slots(cli, &list, &count);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (choose_slot_is(s, &list[i])) {
			name_slot(&l, &list[i]);
			*slot = list[i].slot;
		}
	if (!l.count)
		rc = no_slot(cli, text, list, count);
	else if (l.count > 1)
		rc = cli_usage(cli, "%s is %u slots: %s; give the number", text, l.count, l.text);
	free(list);
	return rc;
}

/* Serial numbers are long; what is short enough is a slot's number, there or not. */
static bool is_slot_number(struct cli *cli, uint64_t number)
{
	struct coffer_slot found;

	if (number < 100000)
		return true;
	return number <= UINT32_MAX && !cli_open(cli) &&
	       !coffer_slot_find(cli->ctx, (unsigned int)number, &found);
}

coffer_rc choose_slot(struct cli *cli, const char *text, unsigned int *slot)
{
	struct selector s;
	const char *wants = selector_slot(text, &s);
	coffer_rc rc = 0;

	if (wants)
		return cli_usage(cli, "%s is not %s", text, wants);
	if (s.kind == SELECTOR_NUMBER && is_slot_number(cli, s.number))
		*slot = (unsigned int)s.number;
	else
		rc = one_slot(cli, &s, text, slot);
	selector_free(&s);
	return rc;
}

coffer_rc choose_slot_options(struct cli *cli, struct cli_args *args, struct choose_slots *memory)
{
	const struct cli_option *options = args->command->options;
	unsigned int slot;
	coffer_rc rc;

	for (const struct cli_option *o = options; o && o->name; o++) {
		struct cli_value *v = &args->value[o - options];

		if (o->kind != CLI_SLOT || !v->given || memory->used == CHOOSE_SLOTS)
			continue;
		rc = choose_slot(cli, v->text, &slot);
		if (rc)
			return rc;
		snprintf(memory->text[memory->used], sizeof(memory->text[0]), "%u", slot);
		v->text = memory->text[memory->used++];
	}
	return 0;
}

/* ---- Objects ----------------------------------------------------------------------- */

static const uint32_t named_by[] = { COFFER_CKA_CLASS, COFFER_CKA_LABEL };

static const char *label_of(const struct coffer_object *o, char *out, size_t room)
{
	const struct coffer_attr *a = coffer_object_attr(o, COFFER_CKA_LABEL);

	out[0] = '\0';
	return names_has_value(a) ? out_clean(a->value, a->len, out, room) : out;
}

static void name_object(struct line *l, const struct coffer_object *o)
{
	char label[40];

	candidate(l, "%u (%s %s)", o->handle,
		  names_class(coffer_attr_ulong(coffer_object_attr(o, COFFER_CKA_CLASS), ~0ull)),
		  label_of(o, label, sizeof(label)));
}

/* What somebody may have meant: labels that have the text in them, or begin alike. */
static coffer_rc no_object(struct cli *cli, struct coffer_session *session, const char *text,
			   const struct selector *s)
{
	struct coffer_objects all = { 0 };
	struct line l = { .text = "" };
	char label[80];

	if (!coffer_find(session, NULL, 0, named_by, 2, &all))
		for (size_t i = 0; i < all.count; i++) {
			label_of(&all.list[i], label, sizeof(label));
			if (s->kind == SELECTOR_LABEL && *label &&
			    (strcasestr(label, s->label) || strcasestr(s->label, label) ||
			     !strncasecmp(label, s->label, 3)))
				name_object(&l, &all.list[i]);
		}
	cli_fail(cli, ST(OBJECT_HANDLE_INVALID), "no object is %s%s%s%s", text,
		 l.count ? "; similar: " : ": see partition contents", l.text,
		 all.count ? "" : " (nothing can be seen there; is somebody logged in?)");
	coffer_objects_free(&all);
	return ST(OBJECT_HANDLE_INVALID);
}

/* A handle, 0 when there is none, or a wrong use. */
static coffer_rc find_one(struct cli *cli, struct coffer_session *session, const char *text,
			  const struct template *t, uint32_t *handle)
{
	struct coffer_objects found = { 0 };
	struct line l = { .text = "" };
	coffer_rc rc;

	*handle = 0;
	rc = coffer_find(session, t->attrs, t->count, named_by, 2, &found);
	if (rc)
		return rc;
	for (size_t i = 0; i < found.count; i++)
		name_object(&l, &found.list[i]);
	if (found.count == 1)
		*handle = found.list[0].handle;
	else if (found.count)
		rc = cli_usage(cli, "%s is %zu objects: %s; give the handle, or type= in a URI",
			       text, found.count, l.text);
	coffer_objects_free(&found);
	return rc;
}

static coffer_rc right_token(struct cli *cli, struct coffer_session *session, const char *text,
			     const struct selector *s)
{
	struct coffer_partition_details d;
	coffer_rc rc;

	if (!selector_has_token(s))
		return 0;
	rc = coffer_partition_info(session, &d);
	if (rc || selector_is_token(s, &d.slot))
		return rc;
	return cli_fail(cli, ST(OBJECT_HANDLE_INVALID),
			"%s is of another token than %s (%" PRIu64 "), which is the slot's", text,
			d.slot.label, d.slot.serial);
}

static coffer_rc by_attributes(struct cli *cli, struct coffer_session *session, const char *text,
			       const struct selector *s, const enum coffer_class *classes,
			       size_t n_classes, uint32_t *handle)
{
	struct template t;
	coffer_rc rc = right_token(cli, session, text, s);

	selector_template(s, &t);
	for (size_t i = 0; i < t.count; i++)
		if (t.attrs[i].type == COFFER_CKA_CLASS)
			n_classes = 0;
	for (size_t i = 0; !rc && i < (n_classes ? n_classes : 1); i++) {
		selector_template(s, &t);
		if (n_classes)
			template_ulong(&t, COFFER_CKA_CLASS, classes[i]);
		rc = find_one(cli, session, text, &t, handle);
		if (rc || *handle)
			return rc;
	}
	return rc ? rc : no_object(cli, session, text, s);
}

coffer_rc choose_object(struct cli *cli, struct coffer_session *session, const char *text,
			const enum coffer_class *classes, size_t n_classes, uint32_t *handle)
{
	struct selector s;
	const char *wants = selector_object(text, &s);
	coffer_rc rc = 0;

	*handle = 0;
	if (wants)
		return cli_usage(cli, "%s is not %s", text, wants);
	if (s.kind != SELECTOR_NUMBER)
		rc = by_attributes(cli, session, text, &s, classes, n_classes, handle);
	else if (s.number)
		*handle = (uint32_t)s.number;
	else
		rc = cli_fail(cli, ST(OBJECT_HANDLE_INVALID), "there is no handle 0");
	selector_free(&s);
	return rc;
}

bool choose_all_handles(const char *list)
{
	char element[SELECTOR_MAX];
	struct selector s = { .uri = NULL };
	bool all = true;

	while (list && all) {
		all = selector_next(&list, element, sizeof(element)) &&
		      !selector_object(element, &s) && s.kind == SELECTOR_NUMBER;
		selector_free(&s);
	}
	return all;
}

static bool has(const uint32_t *list, size_t count, uint32_t handle)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == handle)
			return true;
	return false;
}

coffer_rc choose_objects(struct cli *cli, struct coffer_session *session, const char *list,
			 uint32_t *handles, size_t room, size_t *count)
{
	char element[SELECTOR_MAX];
	uint32_t handle;
	coffer_rc rc;

	for (*count = 0; list;) {
		if (!selector_next(&list, element, sizeof(element)))
			return cli_usage(cli, "a list of objects has no empty element");
		rc = choose_object(cli, session, element, NULL, 0, &handle);
		if (rc)
			return rc;
		if (has(handles, *count, handle))
			continue;
		if (*count == room)
			return cli_usage(cli, "at most %zu objects at once", room);
		handles[(*count)++] = handle;
	}
	return 0;
}
