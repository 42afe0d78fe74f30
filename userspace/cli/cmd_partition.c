// SPDX-License-Identifier: BSD-3-Clause
/*
 * partition create, delete, resize, changelabel, init, contents, showinfo, showmechanism.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "coffer/manage.h"
#include "names.h"

/* ---- Create, delete, init ---------------------------------------------------------- */

static coffer_rc init_step(struct coffer_session *session, void *how)
{
	return coffer_partition_init_as(session, how);
}

static coffer_rc slot_of(struct cli *cli, const struct cli_session *admin, uint32_t partition,
			 unsigned int *slot)
{
	struct coffer_slot *list;
	size_t count, i;
	coffer_rc rc = cli_slots(cli, &list, &count);

	if (rc)
		return rc;
	for (i = 0; i < count; i++)
		if (list[i].card == admin->slot.card && list[i].partition == partition)
			break;
	if (i < count)
		*slot = list[i].slot;
	free(list);
	return i < count ? 0 : ST(SLOT_ID_INVALID);
}

/* Before 6.22 create does what partition init does, too, if it gets what that needs. */
static coffer_rc create_ask(struct cli *cli, const struct cli_args *args,
			    const struct cli_session *s, struct cli_init *init, bool *wanted)
{
	*wanted = cli_args_given(args, "password") || cli_args_given(args, "domain") ||
		  cli_args_given(args, "defaultdomain") || cli_args_given(args, "importpeddomain");
	if (!*wanted)
		return 0;
	if (!(s->slot.card_flags & COFFER_CARD_NO_PPSO))
		return cli_usage(cli, "a partition of this card has an SO of its own: create it, "
				 "then slot set and partition init with password and domain");
	return cli_init_ask(cli, args, s, "Crypto Officer", init);
}

/* A partition that cannot be initialised is not left behind. */
static coffer_rc create_init(struct cli *cli, struct cli_session *admin, uint32_t partition,
			     unsigned int slot, struct cli_init *init)
{
	struct cli_session *s;
	coffer_rc rc = cli_session_of(cli, slot, &s);

	if (!rc)
		rc = cli_init_run(cli, s, init_step, init);
	if (rc)
		coffer_partition_delete(admin->session, partition);
	return rc;
}

coffer_rc cli_partition_create(struct cli *cli, const struct cli_args *args)
{
	struct cli_init init = { 0 };
	bool by_slot = cli_args_given(args, "slot"), with_init = false;
	unsigned int slot = 0;
	uint32_t partition = 0;
	struct cli_session *s;
	uint64_t serial = 0;
	coffer_rc rc;

	rc = by_slot ? cli_session_hsm(cli, args, &s) : cli_session_admin(cli, &s);
	if (!rc)
		rc = create_ask(cli, args, s, &init, &with_init);
	if (!rc)
		rc = coffer_partition_create(s->session, cli_args_text(args, "label", ""),
					     cli_args_number(args, "size", 0), &partition, &serial);
	if (!rc)
		rc = slot_of(cli, s, partition, &slot);
	if (!rc && with_init)
		rc = create_init(cli, s, partition, slot, &init);
	cli_init_wipe(&init);
	if (rc)
		return rc;
	out_number(&cli->out, "partition", "Partition", partition);
	out_serial(&cli->out, "serial", "Serial Number", serial);
	out_number(&cli->out, "slot", "Slot Id", slot);
	return 0;
}

coffer_rc cli_partition_changelabel(struct cli *cli, const struct cli_args *args)
{
	const char *label = cli_args_text(args, "label", "");
	struct cli_session *s;
	coffer_rc rc;

	if (!*label || strlen(label) > CLI_LABEL_MAX)
		return cli_usage(cli, "a label has 1 to %d characters", CLI_LABEL_MAX);
	rc = cli_session_current(cli, &s);
	if (!rc && !s->slot.partition)
		rc = cli_usage(cli, "slot %u is a card's own slot: slot set first", s->slot.slot);
	if (!rc)
		rc = coffer_partition_label(s->session, label);
	if (!rc)
		out_text(&cli->out, "label", "Label", label);
	return rc;
}

static coffer_rc find_by_label(struct cli *cli, struct cli_session *admin, const char *label,
			       uint32_t *partition)
{
	struct coffer_slot *list;
	size_t count, found = 0;
	coffer_rc rc;

	rc = coffer_partitions(admin->card, &list, &count);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list[i].label, label)) {
			*partition = list[i].partition;
			found++;
		}
	free(list);
	if (!found)
		return cli_fail(cli, ST(TOKEN_NOT_PRESENT),
				"this card has no partition labelled %s", label);
	return found == 1 ? 0 : cli_usage(cli, "several partitions are labelled %s: give -slot",
					  label);
}

static coffer_rc find_by_slot(struct cli *cli, struct cli_session *admin, unsigned int slot,
			      uint32_t *partition)
{
	struct coffer_slot found;
	coffer_rc rc = coffer_slot_find(cli->ctx, slot, &found);

	if (rc)
		return rc;
	if (found.card != admin->slot.card || !found.partition)
		return cli_usage(cli, "slot %u is no partition of card %s", slot,
				 coffer_card_name(admin->card));
	*partition = found.partition;
	return 0;
}

/* From the card's own slot. */
coffer_rc cli_partition_resize(struct cli *cli, const struct cli_args *args)
{
	unsigned int slot = (unsigned int)cli_args_number(args, "slot", 0);
	uint64_t size = cli_args_number(args, "size", 0);
	uint32_t partition = 0;
	struct cli_session *s;
	coffer_rc rc;

	if (!size)
		return cli_usage(cli, "a partition has 1 byte or more");
	rc = cli_session_admin(cli, &s);
	if (!rc)
		rc = find_by_slot(cli, s, slot, &partition);
	if (!rc)
		rc = coffer_partition_resize(s->session, partition, size);
	if (rc == ST(CONTAINER_OBJECT_STORAGE_FULL))
		return cli_fail(cli, rc, "the objects of slot %u take more than that: partition "
				"showinfo -slot %u", slot, slot);
	if (!rc)
		out_number(&cli->out, "size", "Storage, bytes", size);
	return rc;
}

coffer_rc cli_partition_delete(struct cli *cli, const struct cli_args *args)
{
	bool by_slot = cli_args_given(args, "slot"), by_label = cli_args_given(args, "label");
	uint32_t partition = 0;
	struct cli_session *s;
	coffer_rc rc;

	if (by_slot == by_label)
		return cli_usage(cli, "give either -slot or -label");
	rc = cli_session_admin(cli, &s);
	if (!rc && by_slot)
		rc = find_by_slot(cli, s, (unsigned int)cli_args_number(args, "slot", 0),
				  &partition);
	else if (!rc)
		rc = find_by_label(cli, s, cli_args_text(args, "label", ""), &partition);
	if (!rc)
		rc = cli_confirm(cli, args, "partition delete erases partition %u of card %s",
				 partition, coffer_card_name(s->card));
	if (!rc)
		rc = coffer_partition_delete(s->session, partition);
	if (!rc)
		out_number(&cli->out, "partition", "Deleted partition", partition);
	return rc;
}

/* Whose password the init takes: before 6.22 the HSM SO makes the partition for its user. */
static const char *init_role(const struct cli_session *s)
{
	return s->slot.card_flags & COFFER_CARD_NO_PPSO ? "Crypto Officer" : "Partition SO";
}

coffer_rc cli_partition_init(struct cli *cli, const struct cli_args *args)
{
	struct coffer_template policies;
	struct cli_init init = { 0 };
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_current(cli, &s);
	if (!rc && !s->slot.partition)
		rc = cli_usage(cli, "slot %u is a card's own slot: hsm init, or slot set first",
			       s->slot.slot);
	if (!rc)
		rc = cli_template_read(cli, args, false, &policies, &init.how);
	if (!rc)
		rc = cli_confirm(cli, args, "partition init erases all objects of slot %u",
				 s->slot.slot);
	if (!rc)
		rc = cli_init_ask(cli, args, s, init_role(s), &init);
	init.how.domain_label = cli_args_text(args, "domainlabel", NULL);
	if (!rc)
		rc = cli_init_run(cli, s, init_step, &init);
	rc = cli_template_refused(cli, s, rc, &init.how);
	if (rc == ST(FUNCTION_NOT_SUPPORTED) && init.how.domain_label)
		rc = cli_fail(cli, rc, "domains of this card have no labels: leave "
			      "-domainlabel out");
	if (!rc)
		out_text(&cli->out, "label", "Label", init.how.label);
	if (!rc)
		rc = cli_session_refresh(s);
	if (!rc)
		rc = cli_init_login(cli, args, s, s->slot.card_flags & COFFER_CARD_NO_PPSO ?
				    COFFER_ROLE_CO : COFFER_ROLE_PO, &init);
	cli_init_wipe(&init);
	return rc;
}

/* ---- Contents ---------------------------------------------------------------------- */

static const uint32_t shown_attributes[] = {
	COFFER_CKA_CLASS, COFFER_CKA_KEY_TYPE, COFFER_CKA_LABEL, COFFER_CKA_OUID,
};

static void show_object(struct cli *cli, const struct coffer_object *o)
{
	const struct coffer_attr *label = coffer_object_attr(o, COFFER_CKA_LABEL);
	const struct coffer_attr *ouid = coffer_object_attr(o, COFFER_CKA_OUID);
	uint64_t class = coffer_attr_ulong(coffer_object_attr(o, COFFER_CKA_CLASS), ~0ull);
	uint64_t type = coffer_attr_ulong(coffer_object_attr(o, COFFER_CKA_KEY_TYPE),
					  COFFER_CKK_NONE);
	char text[128] = "", id[2 * COFFER_OUID_LEN + 1];

	if (names_has_value(label))
		out_clean(label->value, label->len, text, sizeof(text));
	out_row(&cli->out, (union out_cell[]){
		OUT_N(o->handle), OUT_T(names_class(class)),
		OUT_T(type == COFFER_CKK_NONE ? "-" : names_key_type(type)),
		OUT_T(names_hex(ouid, id, sizeof(id))), OUT_T(text) });
}

coffer_rc cli_contents(struct cli *cli, struct coffer_session *session)
{
	static const struct out_column columns[] = {
		{ "handle", "Handle", 10, OUT_NUMBER }, { "class", "Class", 12, OUT_TEXT },
		{ "key_type", "Key type", 9, OUT_TEXT },
		{ "ouid", "OUID", 2 * COFFER_OUID_LEN, OUT_TEXT },
		{ "label", "Label", 0, OUT_TEXT },
	};
	struct coffer_objects objects = { 0 };
	coffer_rc rc;

	rc = coffer_find(session, NULL, 0, shown_attributes, 4, &objects);
	if (rc)
		return rc;
	out_table(&cli->out, "objects", columns, 5);
	for (size_t i = 0; i < objects.count; i++)
		show_object(cli, &objects.list[i]);
	out_table_end(&cli->out);
	out_number(&cli->out, "count", "Number of objects", objects.count);
	coffer_objects_free(&objects);
	return 0;
}

coffer_rc cli_partition_contents(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_chosen(cli, args, &s);
	if (rc)
		return rc;
	if (!s->slot.partition && !(s->slot.card_flags & COFFER_CARD_BACKUP))
		return cli_usage(cli, "slot %u is a card's own slot and holds no objects",
				 s->slot.slot);
	if (s->slot.card_flags & COFFER_CARD_BACKUP)
		return cli_usage(cli, "slot %u is a backup card: partition archive list -slot %u",
				 s->slot.slot, s->slot.slot);
	out_text(&cli->out, "label", "Label", s->slot.label);
	if (s->role == COFFER_ROLE_NONE)
		out_note(&cli->out, "Nobody is logged in: only public objects are shown.");
	return cli_contents(cli, s->session);
}

/* ---- Info -------------------------------------------------------------------------- */

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = { "HSM", "before 7.7.0", "V0", "V1", "backup",
					     "cloud" };

	return kind < sizeof(names) / sizeof(*names) ? names[kind] : "unknown";
}

coffer_rc cli_partition_showinfo(struct cli *cli, const struct cli_args *args)
{
	struct coffer_partition_details d;
	struct out *o = &cli->out;
	struct cli_session *s;
	char text[80];
	coffer_rc rc;

	rc = cli_session_chosen(cli, args, &s);
	if (!rc)
		rc = coffer_partition_info(s->session, &d);
	if (rc)
		return rc;
	out_number(o, "slot", "Slot Id", s->slot.slot);
	out_text(o, "label", "Label", s->slot.label);
	out_serial(o, "serial", "Serial Number", s->slot.serial);
	out_text(o, "kind", "Kind", kind_name(d.kind));
	out_bool(o, "initialised", "Initialised", d.slot.flags & COFFER_PART_INITIALIZED);
	out_text(o, "protocols", "Cloning Protocols",
		 cli_protocols(d.protocols, text, sizeof(text)));
	snprintf(text, sizeof(text), "0x%x", d.suites);
	out_text(o, "suites", "CPv4 Suites (bits)", text);
	out_bool(o, "fips", "Approved only (FIPS)", d.fips);
	out_number(o, "domains", "Domains", d.domains);
	out_number(o, "level", "Security level", d.level);
	out_number(o, "storage_total", "Storage, bytes", d.storage_total);
	out_number(o, "storage_used", "Storage used, bytes", d.storage_used);
	out_number(o, "public_objects", "Public objects", d.public_objects);
	out_number(o, "private_objects", "Private objects", d.private_objects);
	out_number(o, "sessions", "Open sessions", d.sessions);
	out_number(o, "clone_failures", "Failed domain proofs", d.clone_failures);
	out_number(o, "clone_wait_ms", "Cloning waits, ms", d.clone_wait_ms);
	out_text(o, "role", "Logged in", cli_role_name(s->role));
	return 0;
}

coffer_rc cli_partition_showmechanism(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "mechanism", "Number", 10, OUT_HEX },	{ "name", "Name", 24, OUT_TEXT },
		{ "min", "Min", 6, OUT_NUMBER },	{ "max", "Max", 6, OUT_NUMBER },
		{ "flags", "Flags", 0, OUT_HEX },
	};
	const char *wanted = cli_args_text(args, "mechanism", NULL);
	struct coffer_mechanism_info *list;
	struct cli_session *s;
	uint32_t only = 0;
	size_t count;
	coffer_rc rc;

	if (wanted && !names_mechanism_parse(wanted, &only))
		return cli_usage(cli, "there is no mechanism %s", wanted);
	rc = cli_session_chosen(cli, args, &s);
	if (!rc)
		rc = coffer_mechanisms(s->session, &list, &count);
	if (rc)
		return rc;
	out_table(&cli->out, "mechanisms", columns, 5);
	for (size_t i = 0; i < count; i++)
		if (!wanted || list[i].mechanism == only)
			out_row(&cli->out, (union out_cell[]){
				OUT_N(list[i].mechanism), OUT_T(names_mechanism(list[i].mechanism)),
				OUT_N(list[i].min), OUT_N(list[i].max), OUT_N(list[i].flags) });
	out_table_end(&cli->out);
	free(list);
	return 0;
}
