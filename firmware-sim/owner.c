// SPDX-License-Identifier: BSD-3-Clause
/*
 * Owners: one per open file or connection of a host. Their sessions and logins are theirs
 * alone. Ids start at a random number and only go up: none comes back in a power cycle.
 */
#include <stdlib.h>

#include "card.h"

uint32_t handle_OWNER_OPEN(struct cmd *c)
{
	struct fw_card *card = c->card;
	struct owner *o;
	uint32_t st = COFFER_ST_OK;

	if (wire_u64(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	o = calloc(1, sizeof(*o));
	if (!o)
		return COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_lock(&card->lock);
	if (card->owner_count == OWNERS_MAX) {
		st = COFFER_ST_DEVICE_MEMORY;
	} else {
		o->id = card->next_owner++;
		*owner_slot(card, o->id) = o;
		card->owner_count++;
		wire_put_u64(&c->out, o->id);
	}
	pthread_mutex_unlock(&card->lock);
	if (st)
		free(o);
	return st;
}

/* Close all sessions of presence after presence; the last session frees its presence. */
static void owner_end_locked(struct fw_card *card, struct owner **slot, struct audit_note *note,
			     struct session_thing **doomed)
{
	struct owner *o = *slot;
	struct fw_session *s, *next;
	struct presence *p;
	unsigned int i;

	for (p = note ? o->presences : NULL; p; p = p->next)
		audit_line_add(note, p);
	for (i = 0; o->sessions && i < SESSION_BUCKETS; i++)
		for (s = card->table[i]; s; s = next) {
			next = s->next;
			if (s->presence->owner == o)
				session_close_locked(s, doomed);
		}
	*slot = o->next;
	card->owner_count--;
	free(o);
}

uint32_t handle_OWNER_CLOSE(struct cmd *c)
{
	struct fw_card *card = c->card;
	struct session_thing *doomed = NULL;
	uint64_t id = wire_u64(&c->in);
	uint32_t st = COFFER_ST_OWNER_UNKNOWN;
	struct owner **slot;

	pthread_mutex_lock(&card->lock);
	slot = owner_slot(card, id);
	if (*slot) {
		owner_end_locked(card, slot, &c->note, &doomed);
		st = COFFER_ST_OK;
	}
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
	audit_logouts(c);
	return st;
}

unsigned int owners_end(struct fw_card *card, struct audit_note *note)
{
	struct session_thing *doomed = NULL;
	unsigned int i, count;

	pthread_mutex_lock(&card->lock);
	count = card->owner_count;
	for (i = 0; i < OWNER_BUCKETS; i++)
		while (card->owners[i])
			owner_end_locked(card, &card->owners[i], note, &doomed);
	pthread_mutex_unlock(&card->lock);
	things_free(doomed);
	return count;
}

unsigned int owners_end_told(struct fw_card *card)
{
	struct audit_note note = { 0 };
	unsigned int count = owners_end(card, &note);

	if (note.count)
		audit_tell(card, COFFER_AUDIT_LOGIN, COFFER_CMD_OWNER_CLOSE, &note);
	return count;
}

void fw_end_owners(struct fw_card *card)
{
	card_event(card, COFFER_EV_RESET, 0, owners_end_told(card));
}
