// SPDX-License-Identifier: BSD-3-Clause
/*
 * ped show, connect, disconnect, insert, remove, key create, key copy, key show (behaviour.md
 * sections 5.4 and 6.4; firmware-sim/PED.md). A PED is a folder, and its keys are files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"

/* Takes @text over. No device is missing when a file cannot be read or made. */
static coffer_rc ped_answer(struct cli *cli, coffer_rc rc, char *text)
{
	if (rc && text && *text)
		cli_fail(cli, rc, "%s", text);
	if (rc)
		cli->override = CLI_FAILED;
	free(text);
	return rc;
}

/* The table has made sure that it is a colour; 0 without the option. */
static enum coffer_ped_color color_of(const struct cli_args *args)
{
	const char *name = cli_args_text(args, "color", "");

	for (int i = 1; i < COFFER_PED_COLORS; i++)
		if (!strcasecmp(name, coffer_ped_color_name((enum coffer_ped_color)i)))
			return (enum coffer_ped_color)i;
	return (enum coffer_ped_color)0;
}

/* ---- Which card, which PED --------------------------------------------------------- */

/* The folder of the chosen slot's card, whose PED hangs on the folder. */
static coffer_rc card_folder(struct cli *cli, const struct cli_args *args, const char **dir)
{
	struct cli_session *s;
	struct stat st;
	coffer_rc rc;

	rc = cli_session_chosen(cli, args, &s);
	if (rc)
		return rc;
	*dir = coffer_card_name(s->card);
	if (!stat(*dir, &st) && S_ISDIR(st.st_mode))
		return 0;
	return cli_usage(cli, "card %s is no folder here: its PED is connected where its firmware "
			 "runs (device option ped=FOLDER), keys are moved with -ped FOLDER", *dir);
}

/* -ped, else what hangs on the chosen slot's card. */
static coffer_rc ped_folder(struct cli *cli, const struct cli_args *args, char *folder,
			    size_t room)
{
	const char *named = cli_args_text(args, "ped", NULL), *dir;
	coffer_rc rc;

	if (named) {
		if (strlen(named) >= room)
			return cli_usage(cli, "the name of the PED is too long");
		strcpy(folder, named);
		return 0;
	}
	rc = card_folder(cli, args, &dir);
	if (rc)
		return rc;
	if ((size_t)snprintf(folder, room, "%s/ped", dir) >= room)
		return cli_usage(cli, "the name of the card is too long");
	if (access(folder, F_OK))
		return cli_fail(cli, ST(PED_UNPLUGGED),
				"no PED hangs on card %s: ped connect -ped FOLDER", dir);
	return 0;
}

/* ---- The card's side --------------------------------------------------------------- */

static void show_activated(struct cli *cli, uint32_t bits)
{
	char text[40] = "";

	for (int r = COFFER_ROLE_NONE + 1; r < COFFER_ROLE_COUNT; r++)
		if (bits & 1u << r)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 *text ? ", " : "", cli_role_short((enum coffer_role)r));
	out_text(&cli->out, "activated", "Activated roles", *text ? text : "none");
}

/* What is in a PED that can be seen from here. */
static void show_keys(struct cli *cli, const char *card)
{
	char path[4200], text[80] = "";

	for (int i = 1; i < COFFER_PED_COLORS; i++) {
		const char *color = coffer_ped_color_name((enum coffer_ped_color)i);

		snprintf(path, sizeof(path), "%.4000s/ped/%s.key", card, color);
		if (!access(path, F_OK))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
				 *text ? ", " : "", color);
	}
	out_text(&cli->out, "keys", "Keys in the PED", *text ? text : "none");
}

coffer_rc cli_ped_show(struct cli *cli, const struct cli_args *args)
{
	char prompt[sizeof(((struct coffer_ped *)0)->prompt)];
	struct out *o = &cli->out;
	struct cli_session *s;
	struct coffer_ped ped;
	coffer_rc rc;

	rc = cli_session_chosen(cli, args, &s);
	if (!rc)
		rc = coffer_ped_status(s->session, &ped);
	if (rc)
		return rc;
	out_number(o, "slot", "Slot Id", s->slot.slot);
	out_text(o, "card", "Card", coffer_card_name(s->card));
	out_text(o, "authentication", "Authentication", cli_ped_card(s) ? "PED" : "password");
	out_bool(o, "connected", "PED connected", ped.connected);
	if (ped.connected)
		show_keys(cli, coffer_card_name(s->card));
	show_activated(cli, ped.activated);
	out_bool(o, "waiting", "Waits for a key", ped.waiting);
	if (!ped.waiting)
		return 0;
	out_text(o, "color", "Key wanted", coffer_ped_color_name(ped.color));
	out_text(o, "prompt", "Screen", out_clean(ped.prompt, strlen(ped.prompt), prompt,
						  sizeof(prompt)));
	out_number(o, "remaining_ms", "Time left, ms", ped.remaining_ms);
	return 0;
}

coffer_rc cli_ped_connect(struct cli *cli, const struct cli_args *args)
{
	const char *folder = cli_args_text(args, "ped", NULL), *dir;
	char *text = NULL;
	coffer_rc rc;

	if (cli_args_given(args, "ip") || cli_args_given(args, "port"))
		return cli_usage(cli, "a remote PED is not there yet: -ped FOLDER connects a local "
				 "one");
	if (!folder)
		return cli_usage(cli, "option -ped is missing (folder of the PED)");
	rc = card_folder(cli, args, &dir);
	if (rc)
		return rc;
	rc = coffer_ped_connect(dir, folder, &text);
	if (rc)
		return ped_answer(cli, rc, text);
	free(text);
	out_text(&cli->out, "card", "Card", dir);
	out_text(&cli->out, "ped", "PED", folder);
	return 0;
}

coffer_rc cli_ped_disconnect(struct cli *cli, const struct cli_args *args)
{
	const char *dir;
	char *text = NULL;
	coffer_rc rc;

	rc = card_folder(cli, args, &dir);
	if (rc)
		return rc;
	rc = coffer_ped_disconnect(dir, &text);
	if (!rc)
		out_text(&cli->out, "card", "Card without PED", dir);
	return ped_answer(cli, rc, text);
}

/* ---- Keys in and out --------------------------------------------------------------- */

/* A PIN is typed only where it is given; *pin NULL: none. */
static coffer_rc pin_given(struct cli *cli, const struct cli_args *args, struct secret *memory,
			   bool twice, const char **pin)
{
	coffer_rc rc;

	*pin = NULL;
	if (!cli_args_given(args, "pin"))
		return 0;
	rc = cli_secret(cli, args, "pin", "Enter the PIN of the PED key", twice, memory);
	if (!rc)
		*pin = memory->text;
	return rc;
}

coffer_rc cli_ped_insert(struct cli *cli, const struct cli_args *args)
{
	const char *key = cli_args_text(args, "key", ""), *pin;
	struct secret memory = { 0 };
	char folder[4096], *text = NULL;
	coffer_rc rc;

	rc = ped_folder(cli, args, folder, sizeof(folder));
	if (!rc)
		rc = pin_given(cli, args, &memory, false, &pin);
	if (rc)
		return rc;
	rc = coffer_ped_insert(folder, key, pin, &text);
	secret_wipe(&memory);
	if (!rc)
		out_text(&cli->out, "key", "Key inserted", key);
	return ped_answer(cli, rc, text);
}

coffer_rc cli_ped_remove(struct cli *cli, const struct cli_args *args)
{
	enum coffer_ped_color color = color_of(args);
	char folder[4096], *text = NULL;
	coffer_rc rc;

	rc = ped_folder(cli, args, folder, sizeof(folder));
	if (rc)
		return rc;
	rc = coffer_ped_remove(folder, color, &text);
	if (!rc)
		out_text(&cli->out, "color", "Key removed",
			 color ? coffer_ped_color_name(color) : "all");
	return ped_answer(cli, rc, text);
}

/* ---- Key files --------------------------------------------------------------------- */

coffer_rc cli_ped_key_create(struct cli *cli, const struct cli_args *args)
{
	const char *file = cli_args_text(args, "key", "");
	struct coffer_ped_make how = {
		.color = color_of(args),
		.imprint = cli_args_given(args, "imprint"),
		.label = cli_args_text(args, "label", NULL),
	};
	struct secret memory = { 0 };
	char *text = NULL;
	coffer_rc rc;

	rc = pin_given(cli, args, &memory, true, &how.pin);
	if (rc)
		return rc;
	rc = coffer_ped_key_create(file, &how, &text);
	secret_wipe(&memory);
	if (!rc)
		out_text(&cli->out, "key", "PED key", file);
	return ped_answer(cli, rc, text);
}

coffer_rc cli_ped_key_copy(struct cli *cli, const struct cli_args *args)
{
	const char *to = cli_args_text(args, "to", "");
	char *text = NULL;
	coffer_rc rc;

	rc = coffer_ped_key_copy(cli_args_text(args, "key", ""), to, &text);
	if (!rc)
		out_text(&cli->out, "key", "Duplicate", to);
	return ped_answer(cli, rc, text);
}

coffer_rc cli_ped_key_show(struct cli *cli, const struct cli_args *args)
{
	const char *file = cli_args_text(args, "key", "");
	struct coffer_ped_key key;
	char *text = NULL;
	coffer_rc rc;

	rc = coffer_ped_key_look(file, &key, &text);
	if (rc)
		return ped_answer(cli, rc, text);
	free(text);
	out_text(&cli->out, "key", "PED key", file);
	out_text(&cli->out, "color", "Colour", coffer_ped_color_name(key.color));
	out_bool(&cli->out, "blank", "Blank", key.blank);
	out_bool(&cli->out, "pin", "Asks for a PIN", key.has_pin);
	out_text(&cli->out, "label", "Label", key.label);
	return 0;
}
