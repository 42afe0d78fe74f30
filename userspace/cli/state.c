// SPDX-License-Identifier: BSD-3-Clause
/*
 * The open cards, the current slot, and one session per slot that was used.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "interrupt.h"
#include "coffer/ha.h"

/* ---- Cards ------------------------------------------------------------------------- */

/* "NAME: why", where the library's line does not begin with the name already. */
static const char *card_trouble(const struct coffer_card *card, coffer_rc rc, const char *text)
{
	static char line[512];
	const char *name = coffer_card_name(card), *why = text ? text : coffer_strerror(rc);

	if (!strncmp(why, name, strlen(name)))
		snprintf(line, sizeof(line), "%s", why);
	else
		snprintf(line, sizeof(line), "%s: %s", name, why);
	return line;
}

void cli_complain_cards(struct cli *cli)
{
	const char *text;

	for (unsigned int i = 0; cli->ctx && i < coffer_card_count(cli->ctx); i++) {
		struct coffer_card *card = coffer_card_at(cli->ctx, i);
		coffer_rc rc = coffer_card_state(card, &text);

		if (rc)
			out_note(&cli->out, "card %u: %s", i, card_trouble(card, rc, text));
	}
}

/* The first card's trouble, if no card at all can be used. */
static coffer_rc all_dead(struct cli *cli)
{
	coffer_rc rc, first = 0;
	const char *text, *why = NULL;

	for (unsigned int i = 0; i < coffer_card_count(cli->ctx); i++) {
		rc = coffer_card_state(coffer_card_at(cli->ctx, i), &text);
		if (!rc)
			return 0;
		if (!first) {
			first = rc;
			why = text;
		}
	}
	if (!first)
		return cli_fail(cli, -ENODEV, "there is no card: see doctor");
	cli_fail(cli, first, "%s", card_trouble(coffer_card_at(cli->ctx, 0), first, why));
	if (first != -ETIMEDOUT)
		cli->override = CLI_NO_DEVICE;
	return first;
}

coffer_rc cli_open(struct cli *cli)
{
	struct coffer_options options = {
		.cards = cli->set.cards,
		.timeout_ms = cli->set.timeout_s * 1000,
	};
	coffer_rc rc;

	if (cli->ctx)
		return 0;
	rc = coffer_open(&options, &cli->ctx);
	if (rc == -ENODEV)
		return cli_fail(cli, rc, "there is no card: see doctor");
	if (rc) {
		cli->override = rc == -ETIMEDOUT ? CLI_OK : CLI_NO_DEVICE;
		return rc;
	}
	rc = all_dead(cli);
	if (rc) {
		coffer_close(cli->ctx);
		cli->ctx = NULL;
		return rc;
	}
	cli_complain_cards(cli);
	return 0;
}

void cli_close(struct cli *cli)
{
	struct cli_session *s;

	while ((s = cli->sessions)) {
		interrupt_lock();
		cli->sessions = s->next;
		interrupt_unlock();
		coffer_session_close(s->session);
		free(s);
	}
	if (cli->ctx)
		coffer_close(cli->ctx);
	cli->ctx = NULL;
}

/* ---- Slots ------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const struct coffer_slot *x = a, *y = b;

	return (x->slot > y->slot) - (x->slot < y->slot);
}

coffer_rc cli_slots(struct cli *cli, struct coffer_slot **list, size_t *count)
{
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = cli_open(cli);
	if (!rc)
		rc = coffer_slots(cli->ctx, list, count);
	if (!rc && *count)
		qsort(*list, *count, sizeof(**list), by_number);
	return rc;
}

coffer_rc cli_current(struct cli *cli, unsigned int *slot)
{
	struct coffer_slot *list;
	size_t count;
	coffer_rc rc;

	*slot = cli->slot;
	if (cli->slot_chosen)
		return 0;
	rc = cli_slots(cli, &list, &count);
	if (rc)
		return rc;
	if (count)
		*slot = list[0].slot;
	free(list);
	if (!count)
		return cli_fail(cli, ST(SLOT_ID_INVALID), "there is no slot: see slot list");
	cli->slot = *slot;
	cli->slot_chosen = true;
	return 0;
}

/* ---- Sessions ---------------------------------------------------------------------- */

coffer_rc cli_session_refresh(struct cli_session *session)
{
	session->role = COFFER_ROLE_NONE;
	return coffer_whoami(session->session, &session->role, &session->must_change);
}

static coffer_rc session_new(struct cli *cli, const struct coffer_slot *slot,
			     struct cli_session **session)
{
	struct cli_session *s = calloc(1, sizeof(*s));
	coffer_rc rc;

	if (!s)
		return -ENOMEM;
	s->slot = *slot;
	s->card = coffer_card_at(cli->ctx, slot->card);
	rc = coffer_session_open_slot(cli->ctx, slot->slot, true, &s->session);
	if (!rc)
		rc = cli_session_refresh(s);
	if (rc) {
		if (s->session)
			coffer_session_close(s->session);
		free(s);
		return rc;
	}
	s->next = cli->sessions;
	interrupt_lock();
	cli->sessions = s;
	interrupt_unlock();
	*session = s;
	return 0;
}

static void session_drop(struct cli *cli, struct cli_session *session)
{
	struct cli_session **p = &cli->sessions;

	while (*p && *p != session)
		p = &(*p)->next;
	if (!*p)
		return;
	interrupt_lock();
	*p = session->next;
	interrupt_unlock();
	coffer_session_close(session->session);
	free(session);
}

void cli_forget_card(struct cli *cli, unsigned int card)
{
	struct cli_session *s, *next;

	for (s = cli->sessions; s; s = next) {
		next = s->next;
		if (s->slot.card == card)
			session_drop(cli, s);
	}
}

coffer_rc cli_session_of(struct cli *cli, unsigned int slot, struct cli_session **session)
{
	struct coffer_slot found;
	struct cli_session *s;
	coffer_rc rc;

	*session = NULL;
	rc = cli_open(cli);
	if (!rc)
		rc = coffer_slot_find(cli->ctx, slot, &found);
	if (rc == ST(SLOT_ID_INVALID))
		return cli_fail(cli, rc, "there is no slot %u: see slot list", slot);
	if (rc)
		return rc;
	for (s = cli->sessions; s; s = s->next)
		if (s->slot.slot == slot)
			break;
	if (s && s->slot.serial == found.serial) {
		s->slot = found;
		*session = s;
		return 0;
	}
	if (s)	/* another partition has taken the slot since */
		session_drop(cli, s);
	return session_new(cli, &found, session);
}

coffer_rc cli_session_current(struct cli *cli, struct cli_session **session)
{
	unsigned int slot;
	coffer_rc rc;

	*session = NULL;
	rc = cli_current(cli, &slot);
	return rc ? rc : cli_session_of(cli, slot, session);
}

coffer_rc cli_session_chosen(struct cli *cli, const struct cli_args *args,
			     struct cli_session **session)
{
	if (!cli_args_given(args, "slot"))
		return cli_session_current(cli, session);
	return cli_session_of(cli, (unsigned int)cli_args_number(args, "slot", 0), session);
}

/* The number of the HSM slot of a card: see coffer_slots(). */
static coffer_rc admin_slot_of(struct cli *cli, unsigned int card, unsigned int *slot)
{
	struct coffer_slot *list;
	coffer_rc rc;
	size_t count;

	rc = cli_slots(cli, &list, &count);
	if (rc)
		return rc;
	rc = ST(SLOT_ID_INVALID);
	for (size_t i = 0; i < count; i++)
		if (list[i].card == card && !list[i].partition) {
			*slot = list[i].slot;
			rc = 0;
		}
	free(list);
	return rc;
}

coffer_rc cli_session_admin(struct cli *cli, struct cli_session **session)
{
	unsigned int admin;
	coffer_rc rc;

	rc = cli_session_current(cli, session);
	if (rc || (*session)->slot.partition == 0)
		return rc;
	rc = admin_slot_of(cli, (*session)->slot.card, &admin);
	if (rc)
		return rc;
	return cli_usage(cli, "slot %u is a partition; go to the card's own: slot set -slot %u",
			 (*session)->slot.slot, admin);
}

coffer_rc cli_session_hsm(struct cli *cli, const struct cli_args *args,
			  struct cli_session **session)
{
	unsigned int admin;
	coffer_rc rc;

	rc = cli_session_chosen(cli, args, session);
	if (rc || (*session)->slot.partition == 0)
		return rc;
	rc = admin_slot_of(cli, (*session)->slot.card, &admin);
	return rc ? rc : cli_session_of(cli, admin, session);
}

coffer_rc cli_session_user(struct cli *cli, struct cli_session **session)
{
	coffer_rc rc = cli_session_current(cli, session);

	if (rc)
		return rc;
	if ((*session)->slot.partition == 0)
		return cli_usage(cli, "slot %u is a card's own slot and holds no objects: slot set",
				 (*session)->slot.slot);
	if ((*session)->role == COFFER_ROLE_NONE)
		return cli_fail(cli, ST(USER_NOT_LOGGED_IN),
				"nobody is logged in at slot %u: role login -name co",
				(*session)->slot.slot);
	return 0;
}

/* ---- Names ------------------------------------------------------------------------- */

static const struct {
	const char *brief, *name;
} role_names[COFFER_ROLE_COUNT] = {
	[COFFER_ROLE_NONE] = { "", "nobody" },
	[COFFER_ROLE_SO] = { "SO", "HSM SO" },
	[COFFER_ROLE_PO] = { "PO", "Partition SO" },
	[COFFER_ROLE_CO] = { "CO", "Crypto Officer" },
	[COFFER_ROLE_LCO] = { "LCO", "Limited Crypto Officer" },
	[COFFER_ROLE_CU] = { "CU", "Crypto User" },
	[COFFER_ROLE_AU] = { "AU", "Auditor" },
};

const char *cli_role_short(enum coffer_role role)
{
	return role < COFFER_ROLE_COUNT ? role_names[role].brief : "?";
}

const char *cli_role_name(enum coffer_role role)
{
	return role < COFFER_ROLE_COUNT ? role_names[role].name : "unknown role";
}

const char *cli_version_text(uint32_t v, char *out, size_t room)
{
	snprintf(out, room, "%u.%u.%u", v >> 16 & 0xff, v >> 8 & 0xff, v & 0xff);
	return out;
}

static void append(char *out, size_t room, const char *word)
{
	size_t at = strlen(out);

	snprintf(out + at, room - at, "%s%s", at ? ", " : "", word);
}

const char *cli_protocols(uint32_t bits, char *out, size_t room)
{
	out[0] = '\0';
	if (bits & COFFER_CLONE_CPV1)
		append(out, room, "CPv1");
	if (bits & COFFER_CLONE_CPV3)
		append(out, room, "CPv3");
	if (bits & COFFER_CLONE_CPV4)
		append(out, room, "CPv4");
	if (bits & COFFER_CLONE_ARCHIVE)
		append(out, room, "archive file");
	if (!bits)
		append(out, room, "none");
	return out;
}

const char *cli_authentication(uint32_t flags)
{
	return flags & COFFER_CARD_PED ? "PED (multifactor)" : "password";
}

const char *cli_marks(uint32_t flags, char *out, size_t room)
{
	out[0] = '\0';
	if (flags & COFFER_CARD_BACKUP)
		append(out, room, "backup card");
	if (flags & COFFER_CARD_CLOUD)
		append(out, room, "cloud service");
	if (flags & COFFER_CARD_NO_PPSO)
		append(out, room, "no Partition SO");
	if (flags & COFFER_CARD_PED)
		append(out, room, "multifactor");
	if (flags & COFFER_CARD_TEST_ROOT)
		append(out, room, "TEST ROOT");
	if (flags & COFFER_CARD_TEST_KDF)
		append(out, room, "TEST KDF");
	if (flags & COFFER_CARD_LIMITED)
		append(out, room, "LIMITED");
	if (!out[0])
		append(out, room, "production");
	return out;
}
