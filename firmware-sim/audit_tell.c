// SPDX-License-Identifier: BSD-3-Clause
/*
 * Records of what happens to a card besides its commands: logins that end because their owner or
 * its last session goes away, and the inputs of the card. Each has a record if the Auditor's mask
 * wants it, also in a full log, as none of it can be refused. Without memory for the record it is
 * lost: what happened does not wait for it.
 */
#include <stdlib.h>

#include "card.h"
#include "pool.h"
#include "writer.h"

void audit_line_add(struct audit_note *note, const struct presence *p)
{
	struct audit_line *lines;

	if (p->role == COFFER_ROLE_NONE)
		return;
	lines = realloc(note->lines, (note->count + 1) * sizeof(*lines));
	if (!lines)
		return;
	lines[note->count] = (struct audit_line){ p->owner->id, p->part->id, p->role };
	note->lines = lines;
	note->count++;
}

/* It has ended, whatever became of the record. */
static uint32_t ended_anyway(struct cmd *c, uint32_t verdict)
{
	(void)c;
	(void)verdict;
	return COFFER_ST_OK;
}

void audit_logouts(struct cmd *c)
{
	if (!c->note.count || !audit_wants(c->card, COFFER_AUDIT_LOGIN) || !change_of(c))
		return;
	c->note.due = true;
	change_after(c->change, ended_anyway);
}

void audit_tell(struct fw_card *card, uint32_t class, uint16_t opcode, struct audit_note *note)
{
	struct job *job = audit_wants(card, class) ? calloc(1, sizeof(*job)) : NULL;

	if (job) {
		job->c.card = card;
		job->c.crypto = card->crypto;
		job->c.opcode = opcode;
		job->c.note = *note;
		job->audited = true;
	}
	if (job && change_of(&job->c)) {
		writer_submit(card->writer, job);
		return;
	}
	free(job);
	free(note->lines);
}

void audit_input(struct fw_card *card, uint32_t input, uint32_t verdict)
{
	struct audit_note note = { .opcode = input, .answer = verdict };

	audit_tell(card, COFFER_AUDIT_MANAGE, 0, &note);
}
