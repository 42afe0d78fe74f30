// SPDX-License-Identifier: BSD-3-Clause
/*
 * Archives: partitions of a backup card, filled and read back by cloning (behaviour.md section
 * 8). A login that these functions make they undo; a role that the caller has logged in is used
 * and stays. An archive that a failed run made is deleted again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

/* A session and what has to be undone with it. */
struct entry {
	struct coffer_session *s;
	bool logged_in;			/* by us */
};

static void entry_leave(struct entry *e)
{
	if (e->s && e->logged_in)
		coffer_logout(e->s);
	coffer_session_close(e->s);
	e->s = NULL;
	e->logged_in = false;
}

/* "Change it first" is answered with the same password, else it has to be done by hand. */
static coffer_rc change_initial(struct coffer_session *s, enum coffer_role role, const char *pin)
{
	coffer_rc rc = coffer_role_change(s, role, pin, strlen(pin), pin, strlen(pin));

	return rc ? ST(PIN_EXPIRED) : 0;
}

static coffer_rc entry_login(struct entry *e, enum coffer_role role, const char *pin)
{
	enum coffer_role who;
	bool must_change;
	coffer_rc rc;

	rc = coffer_whoami(e->s, &who, &must_change);
	if (rc || (who == role && !must_change))
		return rc;
	if (who == role)
		return ST(PIN_EXPIRED);
	if (!pin)
		return ST(USER_NOT_LOGGED_IN);
	rc = coffer_login(e->s, role, pin, strlen(pin), &must_change);
	if (rc)
		return rc;
	e->logged_in = true;
	return must_change ? change_initial(e->s, role, pin) : 0;
}

static coffer_rc enter(struct coffer_card *card, uint32_t partition, enum coffer_role role,
		       const char *pin, struct entry *e)
{
	coffer_rc rc;

	memset(e, 0, sizeof(*e));
	rc = coffer_session_open(card, partition, true, &e->s);
	if (!rc)
		rc = entry_login(e, role, pin);
	if (rc)
		entry_leave(e);
	return rc;
}

/* 0 and *id = 0 when there is none of that name. */
static coffer_rc archive_find(const struct coffer_archive *a, uint32_t *id)
{
	struct coffer_slot *list;
	size_t count;
	coffer_rc rc;

	*id = 0;
	rc = coffer_partitions(a->card, &list, &count);
	for (size_t i = 0; !rc && i < count; i++)
		if (!strcmp(list[i].label, a->partition))
			*id = list[i].partition;
	free(list);
	return rc;
}

static coffer_rc archive_check(const struct coffer_archive *a)
{
	struct coffer_card_details details;
	coffer_rc rc;

	if (!a->partition || !*a->partition || (a->append && a->replace))
		return -EINVAL;
	rc = coffer_card_identify(a->card, &details);
	if (!rc && !(details.flags & COFFER_CARD_BACKUP))
		rc = ST(OPERATION_NOT_ALLOWED);
	return rc;
}

/* ---- A new archive -------------------------------------------------------------------------- */

static coffer_rc archive_furnish(const struct coffer_archive *a, uint32_t id)
{
	const struct coffer_init how = { .label = a->partition, .pin = a->co_pin,
					 .domain = a->domain, .ped_domain = a->ped_domain };
	struct entry po = { 0 };
	coffer_rc rc;

	rc = coffer_session_open(a->card, id, true, &po.s);
	if (rc)
		return rc;
	/* An archive has one operator: its Partition SO has the CO's password. */
	rc = coffer_partition_init_as(po.s, &how);
	if (!rc)
		rc = entry_login(&po, COFFER_ROLE_PO, a->co_pin);
	if (!rc)
		rc = coffer_role_init(po.s, COFFER_ROLE_CO, a->co_pin, strlen(a->co_pin));
	entry_leave(&po);
	return rc;
}

static coffer_rc archive_make(const struct coffer_archive *a, struct coffer_session *so,
			      uint32_t *id)
{
	uint32_t made;
	coffer_rc rc;

	*id = 0;
	if (!a->co_pin)
		return -EINVAL;
	rc = coffer_partition_create(so, a->partition, 0, &made, NULL);
	if (rc)
		return rc;
	rc = archive_furnish(a, made);
	if (rc)
		coffer_partition_delete(so, made);
	else
		*id = made;
	return rc;
}

/* behaviour.md 0.3: it is a property of the generation, of the card that is no backup card. */
static coffer_rc on_error_default(struct coffer_session *s,
				  const struct coffer_clone_options *given,
				  struct coffer_clone_options *options)
{
	struct coffer_card_details details;
	coffer_rc rc = session_direct(s);

	memset(options, 0, sizeof(*options));
	if (given)
		*options = *given;
	if (!rc && options->on_error == COFFER_ON_ERROR_DEFAULT)
		rc = coffer_card_identify(s->card, &details);
	if (!rc && options->on_error == COFFER_ON_ERROR_DEFAULT)
		options->on_error = details.flags & COFFER_CARD_STOPS_ON_ERROR ?
			COFFER_ON_ERROR_STOP : COFFER_ON_ERROR_GO_ON;
	return rc;
}

/* What both partitions show against it goes into the report, in words. */
static coffer_rc archive_clone(struct coffer_session *source, struct coffer_session *target,
			       const struct coffer_clone_options *options,
			       struct coffer_clone_report *report)
{
	coffer_rc rc = 0;
	char *why = NULL;

	memset(report, 0, sizeof(*report));
	if (!options->no_preflight)
		why = coffer_clone_preflight(source, target, &rc);
	if (!rc)
		return coffer_clone(source, target, options, report);
	snprintf(report->why, sizeof(report->why), "%s", why ? why : coffer_strerror(rc));
	free(why);
	return rc;
}

/* ---- Filling one ---------------------------------------------------------------------------- */

static coffer_rc archive_empty(struct coffer_session *co)
{
	struct coffer_objects found;
	coffer_rc rc;

	rc = coffer_find(co, NULL, 0, NULL, 0, &found);
	for (size_t i = 0; !rc && i < found.count; i++)
		rc = coffer_object_destroy(co, found.list[i].handle);
	coffer_objects_free(&found);
	return rc;
}

static coffer_rc archive_fill(const struct coffer_archive *a, uint32_t id, bool empty_first,
			      struct coffer_session *source,
			      const struct coffer_clone_options *options,
			      struct coffer_clone_report *report)
{
	struct entry co;
	coffer_rc rc;

	rc = enter(a->card, id, COFFER_ROLE_CO, a->co_pin, &co);
	if (!rc && empty_first)
		rc = archive_empty(co.s);
	if (!rc)
		rc = archive_clone(source, co.s, options, report);
	entry_leave(&co);
	return rc;
}

/* Nothing, or part of the keys, must not pass for a backup, unless it was asked to go on. */
static bool keeps(const struct coffer_clone_options *given,
		  const struct coffer_clone_report *report, coffer_rc rc)
{
	if (given && given->dry_run)
		return false;
	if (!rc)
		return true;
	return rc == ST(FAILED_TO_CLONE_AN_OBJECT) && given &&
	       given->on_error == COFFER_ON_ERROR_GO_ON && report->cloned && !report->not_tried;
}

static coffer_rc backup_new(const struct coffer_archive *a, struct coffer_session *source,
			    const struct coffer_clone_options *given,
			    const struct coffer_clone_options *options,
			    struct coffer_clone_report *report)
{
	struct entry so;
	uint32_t id;
	coffer_rc rc;

	rc = enter(a->card, 0, COFFER_ROLE_SO, a->so_pin, &so);
	if (rc)
		return rc;
	rc = archive_make(a, so.s, &id);
	if (!rc) {
		rc = archive_fill(a, id, false, source, options, report);
		if (!keeps(given, report, rc))
			coffer_partition_delete(so.s, id);
	}
	entry_leave(&so);
	return rc;
}

/*
 * The old content goes only when the new one is certain to be let in: a dry run negotiates
 * with the archive first.
 */
static coffer_rc replace_check(const struct coffer_archive *a, uint32_t id,
			       struct coffer_session *source,
			       struct coffer_clone_report *report)
{
	const struct coffer_clone_options dry = { .dry_run = true };
	struct coffer_clone_report checked = { 0 };
	coffer_rc rc;

	rc = archive_fill(a, id, false, source, &dry, &checked);
	memcpy(report->why, checked.why, sizeof(report->why));
	/* Objects that would be refused are the real run's to tell. */
	if (rc == ST(FAILED_TO_CLONE_AN_OBJECT))
		rc = 0;
	coffer_clone_report_free(&checked);
	return rc;
}

API coffer_rc coffer_archive_backup(struct coffer_session *source, const struct coffer_archive *a,
				    const struct coffer_clone_options *given,
				    struct coffer_clone_report *report)
{
	struct coffer_clone_options all, *options = &all;
	bool dry = given && given->dry_run;
	uint32_t id;
	coffer_rc rc;

	memset(report, 0, sizeof(*report));
	rc = on_error_default(source, given, options);
	if (!rc)
		rc = archive_check(a);
	if (!rc)
		rc = archive_find(a, &id);
	if (rc)
		return rc;
	if (!id)
		return a->append || a->replace ? ST(CONTAINER_HANDLE_INVALID) :
						 backup_new(a, source, given, options, report);
	if (!a->append && !a->replace)
		return ST(OBJECT_ALREADY_EXISTS);
	if (a->replace && !dry) {
		rc = replace_check(a, id, source, report);
		if (rc)
			return rc;
	}
	return archive_fill(a, id, a->replace && !dry, source, options, report);
}

/* ---- Reading one back ----------------------------------------------------------------------- */

static coffer_rc archive_enter(const struct coffer_archive *a, struct entry *co)
{
	uint32_t id;
	coffer_rc rc;

	memset(co, 0, sizeof(*co));
	rc = archive_check(a);
	if (!rc)
		rc = archive_find(a, &id);
	if (rc)
		return rc;
	if (!id)
		return ST(CONTAINER_HANDLE_INVALID);
	return enter(a->card, id, COFFER_ROLE_CO, a->co_pin, co);
}

API coffer_rc coffer_archive_restore(struct coffer_session *target,
				     const struct coffer_archive *a,
				     const struct coffer_clone_options *given,
				     struct coffer_clone_report *report)
{
	struct coffer_clone_options options;
	struct entry co = { 0 };
	coffer_rc rc;

	memset(report, 0, sizeof(*report));
	rc = on_error_default(target, given, &options);
	if (!rc)
		rc = archive_enter(a, &co);
	if (!rc)
		rc = archive_clone(co.s, target, &options, report);
	entry_leave(&co);
	return rc;
}

/* What both partitions show against it, in words; an older backup card only gives. */
static coffer_rc refused(struct coffer_session *s, struct coffer_session *archive,
			 struct coffer_clone_report *run)
{
	coffer_rc rc = 0;
	char *why = coffer_clone_preflight(s, archive, &rc);

	if (rc == ST(CLONE_DIRECTION)) {
		free(why);
		rc = 0;
		why = coffer_clone_preflight(archive, s, &rc);
	}
	if (rc)
		snprintf(run->why, sizeof(run->why), "%s", why ? why : coffer_strerror(rc));
	free(why);
	return rc;
}

API coffer_rc coffer_archive_verify(struct coffer_session *session,
				    const struct coffer_archive *a,
				    struct coffer_clone_report *run,
				    struct coffer_compare_report *report)
{
	struct entry co = { 0 };
	coffer_rc rc;

	memset(run, 0, sizeof(*run));
	memset(report, 0, sizeof(*report));
	rc = archive_enter(a, &co);
	if (!rc)
		rc = refused(session, co.s, run);
	if (!rc)
		rc = coffer_compare_inside(session, co.s, run, report);
	entry_leave(&co);
	return rc;
}

/* Closing the session logs out: it is the only one of its owner on the archive. */
API coffer_rc coffer_archive_open(const struct coffer_archive *a, struct coffer_session **session)
{
	struct entry co;
	coffer_rc rc;

	rc = archive_enter(a, &co);
	*session = rc ? NULL : co.s;
	return rc;
}

API coffer_rc coffer_archive_delete(const struct coffer_archive *a)
{
	struct entry so;
	uint32_t id;
	coffer_rc rc;

	rc = archive_check(a);
	if (!rc)
		rc = archive_find(a, &id);
	if (!rc && !id)
		rc = ST(CONTAINER_HANDLE_INVALID);
	if (!rc)
		rc = enter(a->card, 0, COFFER_ROLE_SO, a->so_pin, &so);
	if (rc)
		return rc;
	rc = coffer_partition_delete(so.s, id);
	entry_leave(&so);
	return rc;
}
