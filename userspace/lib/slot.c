// SPDX-License-Identifier: BSD-3-Clause
/* Slots: small numbers for the partitions of all cards (coffer.h says which). Groups have
 * theirs too, but that is slot_list.c's.
 */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

#define ADMIN_BASE 9000

unsigned int slot_number(unsigned int card, uint32_t card_flags, uint32_t partition)
{
	unsigned int slot;

	if (card_flags & COFFER_CARD_BACKUP)
		return card;
	if (!partition)
		return ADMIN_BASE + card;
	slot = card + LIB_MAX_CARDS * (partition - 1);
	/* Past partition 281 they go on behind the admin partitions. */
	return slot < ADMIN_BASE ? slot : slot + 1000;
}

void slot_from_row(struct coffer_slot *slot, const struct coffer_card *card,
		   const struct coffer_partition_row *row,
		   const struct coffer_card_details *details)
{
	memset(slot, 0, sizeof(*slot));
	slot->card = card->index;
	slot->partition = le32toh(row->id);
	slot->flags = le32toh(row->flags);
	slot->card_flags = details->flags;
	slot->serial = le64toh(row->serial);
	slot->objects = le32toh(row->objects);
	slot->fw_version = details->fw_version;
	slot->slot = slot_number(card->index, details->flags, slot->partition);
	msg_copy_text(slot->label, row->label, sizeof(row->label));
	memcpy(slot->model, details->model, sizeof(slot->model));
}

/* Everything that the card lists, admin partition too. */
static coffer_rc card_list(struct coffer_card *card, unsigned int ms, struct coffer_slot **list,
			   size_t *count)
{
	struct coffer_card_details details;
	struct coffer_partition_row row;
	struct msg_out req;
	struct msg_in in;
	struct reply reply;
	const uint8_t *rows;
	uint32_t n = 0;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = card_identify(card, ms, &details);
	if (rc)
		return rc;
	msg_out_init(&req);
	rc = card_exec_reply(card, COFFER_CMD_PARTITION_LIST, ms, &req, &reply);
	if (rc)
		goto out;
	msg_in_init(&in, reply.data, reply.len);
	rows = msg_take_rows(&in, sizeof(row), &n);
	rc = rows ? 0 : -EIO;
	if (rc)
		goto out;
	*list = calloc(n + 1, sizeof(**list));
	rc = *list ? 0 : -ENOMEM;
	for (uint32_t i = 0; !rc && i < n; i++) {
		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		slot_from_row(&(*list)[i], card, &row, &details);
	}
	*count = rc ? 0 : n;
out:
	reply_free(&reply);
	return rc;
}

/* A backup card's archives are no slots: nobody logs in to them by slot. */
static bool is_slot(const struct coffer_slot *s)
{
	return !(s->card_flags & COFFER_CARD_BACKUP) || !s->partition;
}

static int by_number(const void *a, const void *b)
{
	const struct coffer_slot *x = a, *y = b;

	return (x->slot > y->slot) - (x->slot < y->slot);
}

coffer_rc slots_append(struct coffer_slot **list, size_t *count, const struct coffer_slot *more,
		       size_t n)
{
	struct coffer_slot *grown = realloc(*list, (*count + n + 1) * sizeof(**list));

	if (!grown)
		return -ENOMEM;
	*list = grown;
	for (size_t i = 0; i < n; i++)
		if (is_slot(&more[i]))
			grown[(*count)++] = more[i];
	return 0;
}

void slots_sort(struct coffer_slot *list, size_t count)
{
	qsort(list, count, sizeof(*list), by_number);
}

coffer_rc slots_physical(struct coffer *ctx, struct coffer_slot **list, size_t *count)
{
	struct coffer_slot *of_card;
	size_t n;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = context_check(ctx);
	if (!rc)
		nodes_look(ctx);
	for (unsigned int i = 0; !rc && i < context_count(ctx); i++) {
		if (card_list(&ctx->cards[i], 0, &of_card, &n))
			continue;
		rc = slots_append(list, count, of_card, n);
		free(of_card);
	}
	if (!rc && !*list)
		rc = slots_append(list, count, NULL, 0);
	if (rc) {
		free(*list);
		*list = NULL;
		*count = 0;
		return rc;
	}
	slots_sort(*list, *count);
	return 0;
}

/* Card of a slot number; the numbers of an admin partition and of the others do not meet. */
static unsigned int card_of(unsigned int slot)
{
	if (slot >= ADMIN_BASE + 1000)
		slot -= 1000;
	else if (slot >= ADMIN_BASE)
		return slot - ADMIN_BASE;
	return slot % LIB_MAX_CARDS;
}

coffer_rc slot_physical(struct coffer *ctx, unsigned int slot, struct coffer_slot *out)
{
	struct coffer_slot *list;
	size_t n;
	coffer_rc rc;

	if (card_of(slot) >= context_count(ctx))
		nodes_look(ctx);
	if (card_of(slot) >= context_count(ctx))
		return ST(SLOT_ID_INVALID);
	rc = card_list(&ctx->cards[card_of(slot)], 0, &list, &n);
	if (rc)
		return rc;
	rc = ST(SLOT_ID_INVALID);
	for (size_t i = 0; i < n; i++)
		if (list[i].slot == slot && is_slot(&list[i])) {
			*out = list[i];
			rc = 0;
		}
	free(list);
	return rc;
}

coffer_rc card_partitions(struct coffer_card *card, unsigned int ms, struct coffer_slot **list,
			  size_t *count)
{
	size_t kept = 0;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = context_check(card->ctx);
	if (!rc)
		rc = card_list(card, ms, list, count);
	for (size_t i = 0; !rc && i < *count; i++)
		if ((*list)[i].partition)
			(*list)[kept++] = (*list)[i];
	*count = kept;
	return rc;
}

API coffer_rc coffer_partitions(struct coffer_card *card, struct coffer_slot **list,
				size_t *count)
{
	return card_partitions(card, 0, list, count);
}
