/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run of coffer_clone(): clone.c plans and reports, clone_negotiate.c and clone_move.c talk
 * to the cards.
 */
#ifndef LIB_CLONE_H
#define LIB_CLONE_H

#include "lib.h"

struct clone_object {
	struct coffer_clone_item *item;
	uint8_t ouid[COFFER_OUID_LEN];
	bool has_ouid;
	bool settled;			/* the item has its result */
};

struct clone_run {
	struct coffer_session *source, *target;
	const struct coffer_clone_options *options;
	struct coffer_clone_report *report;
	struct clone_object *objects;	/* report->count of them, in the items' order */
	uint32_t source_context, target_context;
	bool source_open, target_open;	/* the cards hold a context */
	bool looked;			/* invite is known */
	bool invite;			/* the source begins (CPv3) */
	bool alone;			/* CPv1 is all that they share: a negotiation per object */
	coffer_rc refusal;		/* of the first negotiation, kept for the first object */
	bool moved_in_context;		/* something was extracted in it */
	coffer_rc fatal;		/* ends the run: nothing more is tried */
};

/* What the host can see at once; the cards would say the same after a negotiation. */
coffer_rc clone_sessions_check(struct coffer_session *source, struct coffer_session *target);
/* The messages up to an open session. On failure no context is left open. */
coffer_rc clone_negotiate(struct clone_run *run);
/* Is this failed negotiation the matter of one object, and no reason to end the run? */
bool clone_is_of_one(const struct clone_run *run, coffer_rc rc);
/* PARTITION_INFO as the card sends it */
coffer_rc clone_look(struct coffer_session *s, struct coffer_rep_partition_info *rep);
void clone_context_request(const struct coffer_session *s, uint32_t context,
			   struct msg_out *req);
/* Everything that is not settled, until the end, an interrupt, or run->fatal. */
void clone_move(struct clone_run *run);
/* End the contexts; tells the target whether the list was complete: else sets run->fatal. */
void clone_finish(struct clone_run *run);
coffer_rc clone_context_close(struct coffer_session *s, uint32_t context, const void *m5,
			       size_t len, struct coffer_rep_clone_close *rep);
void clone_abandon(struct clone_run *run);

/* CONTAINER_OBJECT_STORAGE_FULL when it is certain that the objects do not fit. */
coffer_rc clone_space(const struct clone_run *run);
/* A dry run: refuse now, in the report, what the cards would refuse by what they show. */
coffer_rc clone_forecast(struct clone_run *run);

/* ---- clone.c: the steps around a run, for archive files too -------------------------------- */
/* As many objects and items, of which none is counted in the report yet. */
coffer_rc clone_allocate(struct clone_run *run, size_t count);
/* The source's objects that are asked for. */
coffer_rc clone_plan(struct clone_run *run);
/* Settles what the target has already, by CKA_OUID. */
coffer_rc clone_exists(struct clone_run *run);
size_t clone_unsettled(const struct clone_run *run);
void clone_settle_rest(struct clone_run *run);
coffer_rc clone_outcome(const struct clone_run *run);
/* What INSERT said of an object. */
void clone_verdict(struct clone_run *run, struct clone_object *object, uint32_t verdict,
		   uint32_t handle);
/*
 * clone_plan.c: what one side shows that no clone would get past, in words; NULL: nothing.
 * @name: "source", "target".
 */
char *clone_side_preflight(struct coffer_session *s, const char *name, coffer_rc *rc);

/*
 * clone_refusal.c: why nothing would get from one to the other, in words with the mend; NULL and
 * *rc 0: it would. The cards negotiate, so a failed proof of the domain is counted.
 */
char *clone_refusal(struct coffer_session *source, struct coffer_session *target, coffer_rc *rc);

void clone_settle(struct clone_run *run, struct clone_object *object,
		  enum coffer_clone_result result, coffer_rc rc, uint32_t target_handle);
void clone_stage(const struct clone_run *run, enum coffer_clone_stage stage, size_t done);
bool clone_interrupted(const struct clone_run *run);

#endif /* LIB_CLONE_H */
