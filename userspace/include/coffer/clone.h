/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcoffer: cloning between partitions, archives on backup cards, comparing. Included by
 * coffer.h.
 */
#ifndef COFFER_CLONE_H
#define COFFER_CLONE_H

#include "coffer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Cloning (behaviour.md rows 8-16) ------------------------------------------------------- */
enum coffer_clone_result {
	COFFER_CLONED		= 0,
	COFFER_CLONE_EXISTS	= 1,	/* was on the target already */
	COFFER_CLONE_REFUSED	= 2,	/* source or target said no: see rc */
	COFFER_CLONE_NOT_TRIED	= 3,	/* an earlier failure, or an interrupt, stopped the run */
};
struct coffer_clone_item {
	uint32_t source_handle;
	uint32_t target_handle;		/* 0 unless cloned or existing */
	uint32_t object_class;
	enum coffer_clone_result result;
	coffer_rc rc;
	char label[65];
};
enum coffer_clone_stage {
	COFFER_STAGE_VERIFY,		/* can the objects be cloned at all? */
	COFFER_STAGE_NEGOTIATE,
	COFFER_STAGE_EXISTS,		/* which of them are there already? */
	COFFER_STAGE_MOVE,
	COFFER_STAGE_DONE,
};
enum coffer_on_error {
	COFFER_ON_ERROR_DEFAULT	= 0,	/* coffer_clone: go on; archives: as the card is used to */
	COFFER_ON_ERROR_GO_ON	= 1,	/* each object stands for itself */
	COFFER_ON_ERROR_STOP	= 2,	/* the first that is refused ends the run */
};
struct coffer_clone_options {
	const uint32_t *handles;	/* NULL = all that the session can see */
	size_t count;
	enum coffer_on_error on_error;	/* the rest after a stop: CLONE_NOT_ATTEMPTED */
	/*
	 * Everything but CLONE_EXTRACT and on. What would go is COFFER_CLONE_NOT_TRIED with rc 0;
	 * what both sides show to be refused by policy, key type or size is COFFER_CLONE_REFUSED.
	 */
	bool dry_run;
	/*
	 * A negotiation that fails under CPv1, which has one per object, is that object's error
	 * alone (row 14). Without it the first ends the call before anything has moved.
	 */
	bool no_preflight;
	const volatile int *interrupted;	/* may be NULL; nonzero ends after the batch */
	void (*stage)(void *opaque, enum coffer_clone_stage stage, size_t done, size_t total);
	void (*item)(void *opaque, const struct coffer_clone_item *item);
	void *opaque;
};
struct coffer_clone_report {		/* free with coffer_clone_report_free */
	uint32_t protocol;		/* one COFFER_CLONE_* */
	uint32_t suite;
	size_t negotiations;		/* runs of the protocol */
	size_t cloned, existing, refused, not_tried;
	bool interrupted;		/* before the end */
	char why[256];			/* archives: what pre-flight says; "" = see the result */
	size_t count;
	struct coffer_clone_item *items;
};
/*
 * Both sessions are logged in (CO, or CU for public objects), the target's is read/write. The
 * call is 0 when every object was cloned or existed; COFFER_ST_FAILED_TO_CLONE_AN_OBJECT when
 * some were not (see items); any other code: nothing was moved at all.
 */
coffer_rc coffer_clone(struct coffer_session *source, struct coffer_session *target,
		       const struct coffer_clone_options *options,
		       struct coffer_clone_report *report);
void coffer_clone_report_free(struct coffer_clone_report *report);
/* Why a clone would be refused, in one line for people with the mend; NULL = nothing known against
 * it. free() it. Looks only at what both partitions show; the cards decide for themselves.
 */
char *coffer_clone_preflight(struct coffer_session *source, struct coffer_session *target,
			     coffer_rc *rc);

/* ---- Comparing two partitions --------------------------------------------------------------- */
enum coffer_compare_result {
	COFFER_SAME		= 0,
	COFFER_DIFFERS		= 1,	/* the same object (CKA_OUID), something else in it */
	COFFER_ONLY_A		= 2,
	COFFER_ONLY_B		= 3,
};
struct coffer_compare_item {
	uint32_t handle_a, handle_b;	/* 0: not there */
	uint32_t object_class;
	enum coffer_compare_result result;
	char label[65];
};
enum coffer_compare_how {
	COFFER_BY_FINGERPRINT	= 0,	/* CKA_FINGERPRINT: all of an object but its secrets */
	COFFER_BY_DIGEST	= 1,	/* made inside the cards: values too */
};
struct coffer_compare_report {		/* free with coffer_compare_report_free */
	enum coffer_compare_how how;
	size_t same, differ, only_a, only_b;
	size_t count;
	struct coffer_compare_item *items;	/* by CKA_OUID */
};
/*
 * Token objects that the two sessions see, by CKA_OUID and by CKA_FINGERPRINT, which each card
 * computes over all of an object that is no secret. Row 74.
 */
coffer_rc coffer_compare(struct coffer_session *a, struct coffer_session *b,
			 struct coffer_compare_report *report);
/*
 * The same by digests that both cards make in a clone session, of values and attributes, but for
 * CKA_TRUSTED and CKA_SENSITIVE, which a clone need not keep. The session is told in *run (errors:
 * those of a negotiation); one of @a and @b is read/write. Cards without digests (before 7.7.0,
 * the older backup card) and roles but the Crypto Officer leave it at fingerprints: report->how.
 */
coffer_rc coffer_compare_inside(struct coffer_session *a, struct coffer_session *b,
				struct coffer_clone_report *run,
				struct coffer_compare_report *report);
void coffer_compare_report_free(struct coffer_compare_report *report);

/* ---- Archives on backup cards (behaviour.md section 8) -------------------------------------- */
struct coffer_archive {
	struct coffer_card *card;	/* the backup card */
	const char *partition;		/* label of the archive */
	const char *so_pin;		/* of the backup card; only for a new archive and delete */
	const char *co_pin;		/* of the archive */
	const char *domain;		/* for a new archive; NULL = default domain */
	bool append;			/* into an existing archive */
	bool replace;			/* empty an existing archive first */
	bool ped_domain;		/* of a new one: a red key in the backup card's PED */
};
/*
 * A backup card with a PED has the secrets on keys: its pins are "", and the calls wait for the
 * keys as coffer_login() does.
 * A failed run leaves no new archive behind; one with COFFER_ON_ERROR_GO_ON keeps what got there
 * when all objects were tried.
 */
coffer_rc coffer_archive_backup(struct coffer_session *source, const struct coffer_archive *a,
				const struct coffer_clone_options *options,
				struct coffer_clone_report *report);
coffer_rc coffer_archive_restore(struct coffer_session *target, const struct coffer_archive *a,
				 const struct coffer_clone_options *options,
				 struct coffer_clone_report *report);
/*
 * Does the archive hold what the partition (a) holds? By coffer_compare_inside(): first both
 * cards show that they are genuine and share the domain. 0 also when they differ: see *report.
 */
coffer_rc coffer_archive_verify(struct coffer_session *session, const struct coffer_archive *a,
				struct coffer_clone_report *run,
				struct coffer_compare_report *report);
/* A logged-in session on an archive, for contents. */
coffer_rc coffer_archive_open(const struct coffer_archive *a, struct coffer_session **session);
coffer_rc coffer_archive_delete(const struct coffer_archive *a);

#ifdef __cplusplus
}
#endif

#endif /* COFFER_CLONE_H */
