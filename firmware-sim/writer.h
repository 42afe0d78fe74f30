/* SPDX-License-Identifier: BSD-3-Clause */
/* The one thread that writes the store. */
#ifndef FW_WRITER_H
#define FW_WRITER_H

#include "card.h"

/* @answer: called by the writer, for each command that was handed over. */
int writer_start(struct fw_card *card, job_answer_fn *answer, struct writer **writer);
/* Applies and answers everything handed over, then ends. */
void writer_stop(struct writer *writer);
/* Takes the command over: its change is committed, after() called, the answer sent. */
void writer_submit(struct writer *writer, struct job *job);
/* Commit a change without a command (power-on). 0 or a status. Before commands run. */
/* @told: what the audit log is to say about it; NULL at manufacture. */
uint32_t writer_commit_alone(struct fw_card *card, struct change *ch, struct cmd *told);
uint64_t writer_syncs(const struct writer *writer);
uint64_t writer_changes(const struct writer *writer);

/* change.c */
struct change *change_new(struct cmd *c);	/* c NULL: without a command */
void change_drop(struct change *ch);
/* All units, inside a savepoint each or as a whole. 0, or the status of the set. */
uint32_t change_apply(struct store *store, struct change *ch);
uint32_t change_handle(const struct change *ch);	/* of its first object, or 0 */
bool change_clears(const struct change *ch);	/* it erases a partition's objects */
/* The commit failed after change_apply: no unit happened. */
void change_failed(struct change *ch);
uint32_t change_finish(struct change *ch, uint32_t verdict);	/* calls after() */

#endif /* FW_WRITER_H */
