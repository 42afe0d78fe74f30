// SPDX-License-Identifier: BSD-3-Clause
/*
 * slot list, slot set (behaviour.md row 18), slot partitionlist.
 */
#include <stdio.h>
#include <stdlib.h>

#include "cli.h"

static const char *description(const struct coffer_slot *s)
{
	if (s->members)
		return "HA group";
	if (s->card_flags & COFFER_CARD_BACKUP)
		return "backup card";
	return s->partition ? "application partition" : "the card itself (HSM slot)";
}

static const char *slot_status(const struct coffer_slot *s)
{
	if (s->members)
		return s->flags & COFFER_PART_INITIALIZED ? "ready" : "no member can be reached";
	if (s->card_flags & COFFER_CARD_TAMPERED)
		return "tampered";
	if (s->card_flags & COFFER_CARD_SO_LOCKED)
		return "HSM SO locked";
	if (!s->partition)
		return s->card_flags & COFFER_CARD_INITIALIZED ? "initialised"
							       : "not initialised: hsm init";
	if (!(s->flags & COFFER_PART_INITIALIZED))
		return "not initialised: partition init";
	if (s->flags & COFFER_PART_CO_LOCKED)
		return "Crypto Officer locked";
	return s->flags & COFFER_PART_CO_INITIALIZED ? "ready"
						     : "no Crypto Officer yet: role init";
}

static void show_slot(struct cli *cli, const struct coffer_slot *s)
{
	struct coffer_card *card = coffer_card_at(cli->ctx, s->card);
	struct out *o = &cli->out;
	char text[80];

	out_item(o);
	out_number(o, "slot", "Slot Id", s->slot);
	out_text(o, "label", "Label", s->label);
	out_serial(o, "serial", "Serial Number", s->serial);
	out_text(o, "model", "Model", s->model);
	out_text(o, "firmware", "Firmware Version",
		 cli_version_text(s->fw_version, text, sizeof(text)));
	out_text(o, "configuration", "Configuration",
		 cli_marks(s->card_flags, text, sizeof(text)));
	out_text(o, "authentication", "Authentication", cli_authentication(s->card_flags));
	if (s->members)
		snprintf(text, sizeof(text), "%s of %u members", description(s), s->members);
	else
		snprintf(text, sizeof(text), "%s, card %u", description(s), s->card);
	out_text(o, "description", "Slot Description", text);
	out_text(o, "status", "Status", slot_status(s));
	if (s->members) {
		out_key_number(o, "members", s->members);
	} else {
		out_key_number(o, "card", s->card);
		out_key_text(o, "card_name", coffer_card_name(card));
		out_key_text(o, "transport", coffer_card_transport(card));
	}
	out_key_number(o, "partition", s->partition);
	out_key_number(o, "objects", s->objects);
	out_item_end(o);
}

coffer_rc cli_slot_list(struct cli *cli, const struct cli_args *args)
{
	struct coffer_slot *list;
	unsigned int current;
	size_t count;
	coffer_rc rc;

	(void)args;
	rc = cli_slots(cli, &list, &count);
	if (rc)
		return rc;
	out_list(&cli->out, "slots");
	for (size_t i = 0; i < count; i++)
		show_slot(cli, &list[i]);
	out_list_end(&cli->out);
	free(list);
	if (!count || cli_current(cli, &current))
		return 0;
	out_number(&cli->out, "current", "Current Slot Id", current);
	return 0;
}

coffer_rc cli_slot_set(struct cli *cli, const struct cli_args *args)
{
	unsigned int slot = (unsigned int)cli_args_number(args, "slot", 0);
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_of(cli, slot, &s);
	if (rc)
		return rc;
	cli->slot = slot;
	cli->slot_chosen = true;
	out_number(&cli->out, "slot", "Current Slot Id", slot);
	out_text(&cli->out, "label", "Label", s->slot.label);
	out_text(&cli->out, "role", "Logged in", cli_role_name(s->role));
	return 0;
}

coffer_rc cli_slot_partitionlist(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "partition", "Partition", 9, OUT_NUMBER },
		{ "slot", "Slot", 6, OUT_NUMBER },	{ "objects", "Objects", 8, OUT_NUMBER },
		{ "label", "Label", 32, OUT_TEXT },	{ "status", "Status", 0, OUT_TEXT },
	};
	struct coffer_slot *list;
	struct cli_session *s;
	size_t count;
	coffer_rc rc;

	rc = cli_session_chosen(cli, args, &s);
	if (!rc && !s->card)
		return cli_usage(cli, "slot %u is a group: hagroup listgroups", s->slot.slot);
	if (!rc)
		rc = cli_slots(cli, &list, &count);
	if (rc)
		return rc;
	out_table(&cli->out, "partitions", columns, 5);
	for (size_t i = 0; i < count; i++)
		if (list[i].card == s->slot.card && list[i].partition && !list[i].members)
			out_row(&cli->out, (union out_cell[]){
				OUT_N(list[i].partition), OUT_N(list[i].slot),
				OUT_N(list[i].objects), OUT_T(list[i].label),
				OUT_T(slot_status(&list[i])) });
	out_table_end(&cli->out);
	free(list);
	return 0;
}
