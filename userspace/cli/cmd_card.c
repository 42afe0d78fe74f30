// SPDX-License-Identifier: BSD-3-Clause
/*
 * card list, profiles, create, image create, export, import, tamper,
 * decommission; relay.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"

static void show_card(struct cli *cli, unsigned int index)
{
	struct coffer_card *card = coffer_card_at(cli->ctx, index);
	struct coffer_card_details d;
	struct out *o = &cli->out;
	const char *why = NULL;
	char text[80];
	coffer_rc rc;

	rc = coffer_card_state(card, &why);
	if (!rc) {
		rc = coffer_card_identify(card, &d);
		why = NULL;
	}
	out_item(o);
	out_number(o, "card", "Card", index);
	out_text(o, "name", "Name", coffer_card_name(card));
	out_text(o, "transport", "Transport", coffer_card_transport(card));
	out_text(o, "state", "State", rc ? why ? why : coffer_strerror(rc) : "good");
	if (!rc) {
		out_text(o, "label", "Label", d.label);
		out_serial(o, "serial", "Serial Number", d.serial);
		out_text(o, "model", "Model", d.model);
		out_text(o, "profile", "Profile", d.profile);
		out_text(o, "firmware", "Firmware Version",
			 cli_version_text(d.fw_version, text, sizeof(text)));
		out_text(o, "configuration", "Configuration",
			 cli_marks(d.flags, text, sizeof(text)));
	}
	out_item_end(o);
}

coffer_rc cli_card_list(struct cli *cli, const struct cli_args *args)
{
	coffer_rc rc;

	(void)args;
	rc = cli_open(cli);
	if (rc)
		return rc;
	out_list(&cli->out, "cards");
	for (unsigned int i = 0; i < coffer_card_count(cli->ctx); i++)
		show_card(cli, i);
	out_list_end(&cli->out);
	return 0;
}

/* ---- Manufacture ------------------------------------------------------------------- */

/* Takes @text over. */
static coffer_rc made(struct cli *cli, coffer_rc rc, char *text)
{
	if (rc && text && *text)
		cli_fail(cli, rc, "%s", text);
	if (rc)	/* no device is missing: a file could not be made */
		cli->override = rc == -EBUSY ? CLI_NO_DEVICE : CLI_FAILED;
	free(text);
	return rc;
}

static const char *take(char **rest, const char *ends)
{
	char *begin = *rest;
	size_t len;

	if (!begin || !*begin)
		return NULL;
	len = strcspn(begin, ends);
	*rest = begin + len + (begin[len] != '\0');
	begin[len] = '\0';
	return begin;
}

coffer_rc cli_card_profiles(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "profile", "Profile", 18, OUT_TEXT },
		{ "text", "What it is", 0, OUT_PROSE },
	};
	char *text = NULL, *rest, *line;
	const char *name;
	coffer_rc rc;

	(void)args;
	rc = coffer_card_profiles(&text);
	if (rc)
		return made(cli, rc, text);
	out_table(&cli->out, "profiles", columns, 2);
	rest = text;
	while ((line = (char *)take(&rest, "\n"))) {
		name = take(&line, "\t ");
		line += line ? strspn(line, "\t ") : 0;
		if (name)
			out_row(&cli->out, (union out_cell[]){ OUT_T(name), OUT_T(line) });
	}
	out_table_end(&cli->out);
	free(text);
	return 0;
}

/* The user's own root, with key and certificate; NULL for both: the test root. */
static coffer_rc root_of(struct cli *cli, const struct cli_args *args, const char **key,
			 const char **cert)
{
	*key = cli_args_text(args, "root-key", NULL);
	*cert = cli_args_text(args, "root-cert", NULL);
	if (!*key != !*cert)
		return cli_usage(cli, "-root-key and -root-cert belong together");
	return 0;
}

coffer_rc cli_card_create(struct cli *cli, const struct cli_args *args)
{
	const char *dir = cli_args_text(args, "card", "");
	struct coffer_make how = {
		.profile = cli_args_text(args, "profile", NULL),
		.label = cli_args_text(args, "label", NULL),
		.serial = cli_args_number(args, "serial", 0),
		.kdf_test = !strcasecmp(cli_args_text(args, "kdf-cost", "full"), "test"),
		.ped = !strcasecmp(cli_args_text(args, "auth", "password"), "ped"),
		.limited = !strcasecmp(cli_args_text(args, "speed", "full"), "profile"),
	};
	char *text = NULL;
	coffer_rc rc;

	rc = root_of(cli, args, &how.root_key_file, &how.root_cert_file);
	if (rc)
		return rc;
	rc = coffer_card_make(dir, &how, &text);
	if (rc)
		return made(cli, rc, text);
	free(text);
	out_text(&cli->out, "dir", "Card folder", dir);
	out_text(&cli->out, "profile", "Profile", how.profile ? how.profile : "coffer");
	if (how.ped)
		out_text(&cli->out, "authentication", "Authentication", "PED");
	if (!how.root_key_file)
		out_note(&cli->out, "This card's identity is signed by the TEST ROOT, whose key is "
			 "public: do not trust it with real keys.");
	return 0;
}

coffer_rc cli_card_image_create(struct cli *cli, const struct cli_args *args)
{
	const char *file = cli_args_text(args, "file", "");
	struct coffer_image how = {
		.profile = cli_args_text(args, "profile", NULL),
		.oldest = cli_args_text(args, "oldest", NULL),
	};
	char *text = NULL;
	coffer_rc rc;

	rc = root_of(cli, args, &how.root_key_file, &how.root_cert_file);
	if (rc)
		return rc;
	rc = coffer_image_make(file, &how, &text);
	if (rc)
		return made(cli, rc, text);
	free(text);
	out_text(&cli->out, "file", "Firmware image", file);
	out_text(&cli->out, "profile", "Profile", how.profile);
	if (!how.root_key_file)
		out_note(&cli->out, "This image is signed by the TEST ROOT, whose key is public: "
			 "only cards of the test root take it.");
	return 0;
}

coffer_rc cli_card_export(struct cli *cli, const struct cli_args *args)
{
	const char *dir = cli_args_text(args, "card", ""), *file = cli_args_text(args, "file", "");
	char *text = NULL;
	coffer_rc rc;

	rc = coffer_card_export(dir, file, &text);
	if (!rc)
		out_text(&cli->out, "file", "Card packed into", file);
	return made(cli, rc, text);
}

coffer_rc cli_card_import(struct cli *cli, const struct cli_args *args)
{
	const char *dir = cli_args_text(args, "card", ""), *file = cli_args_text(args, "file", "");
	char *text = NULL;
	coffer_rc rc;

	rc = coffer_card_import(file, dir, &text);
	if (!rc)
		out_text(&cli->out, "dir", "Card folder", dir);
	return made(cli, rc, text);
}

coffer_rc cli_card_tamper(struct cli *cli, const struct cli_args *args)
{
	const char *dir = cli_args_text(args, "card", "");
	char *text = NULL;
	coffer_rc rc;

	rc = cli_confirm(cli, args,
			 "card tamper takes card %s out of service, perhaps its keys, too", dir);
	if (rc)
		return rc;
	rc = coffer_card_tamper(dir, &text);
	if (!rc)
		out_text(&cli->out, "dir", "Tampered card", dir);
	if (!rc && text)
		out_note(&cli->out, "%s", text);
	return made(cli, rc, text);
}

coffer_rc cli_card_decommission(struct cli *cli, const struct cli_args *args)
{
	const char *dir = cli_args_text(args, "card", "");
	char *text = NULL;
	coffer_rc rc;

	rc = cli_confirm(cli, args, "card decommission destroys all keys of card %s for ever", dir);
	if (rc)
		return rc;
	rc = coffer_card_decommission(dir, &text);
	if (!rc)
		out_text(&cli->out, "dir", "Decommissioned card", dir);
	return made(cli, rc, text);
}

coffer_rc cli_relay(struct cli *cli, const struct cli_args *args)
{
	coffer_rc rc;

	if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO))
		return cli_usage(cli, "relay speaks a binary protocol: use ssh or a pipe");
	rc = coffer_relay(cli_args_text(args, "card", ""), STDIN_FILENO, STDOUT_FILENO);
	if (rc < 0 && cli_status_of(rc) == CLI_FAILED)
		cli->override = CLI_NO_DEVICE;
	return rc;
}
