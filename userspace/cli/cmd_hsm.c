// SPDX-License-Identifier: BSD-3-Clause
/*
 * hsm init, showinfo, monitor, factoryreset, zeroize (behaviour.md sections 5.2 and 6.4).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void show_details(struct cli *cli, const struct coffer_card_details *d)
{
	struct out *o = &cli->out;
	char text[80];

	out_text(o, "label", "HSM Label", d->label);
	out_serial(o, "serial", "HSM Serial Number", d->serial);
	out_text(o, "model", "HSM Model", d->model);
	out_text(o, "profile", "Profile", d->profile);
	out_text(o, "firmware", "Firmware Version",
		 cli_version_text(d->fw_version, text, sizeof(text)));
	out_text(o, "configuration", "Configuration", cli_marks(d->flags, text, sizeof(text)));
	out_text(o, "authentication", "Authentication", cli_authentication(d->flags));
	out_text(o, "status", "Status", d->flags & COFFER_CARD_TAMPERED ? "tampered" :
		 d->flags & COFFER_CARD_INITIALIZED ? "initialised" : "not initialised");
	out_text(o, "protocols", "Cloning Protocols",
		 cli_protocols(d->protocols, text, sizeof(text)));
	out_number(o, "partitions", "Partitions", d->partitions);
	out_number(o, "max_partitions", "Partitions at most", d->max_partitions);
	out_number(o, "storage_total", "Storage, bytes", d->storage_total);
	out_number(o, "storage_free", "Storage free, bytes", d->storage_free);
	cli_show_clock(cli, d->clock_ms);
}

static void show_stats(struct cli *cli, const struct coffer_card_stats *s)
{
	struct out *o = &cli->out;

	out_number(o, "commands", "Commands answered", s->commands);
	out_number(o, "errors", "Of these refused", s->errors);
	out_number(o, "syncs", "Store syncs", s->syncs);
	out_number(o, "changes", "Store changes", s->changes);
	out_number(o, "owners", "Open owners", s->owners);
	out_number(o, "sessions", "Open sessions", s->sessions);
	out_number(o, "logins", "Logins in force", s->logins);
	out_number(o, "power_on_ms", "Power-on time, ms", s->power_on_ms);
}

coffer_rc cli_hsm_showinfo(struct cli *cli, const struct cli_args *args)
{
	struct coffer_card_details details;
	struct coffer_card_stats stats;
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_hsm(cli, args, &s);
	if (!rc)
		rc = coffer_card_identify(s->card, &details);
	if (!rc)
		rc = coffer_card_statistics(s->card, &stats);
	if (rc)
		return rc;
	out_text(&cli->out, "card", "Card", coffer_card_name(s->card));
	out_text(&cli->out, "transport", "Transport", coffer_card_transport(s->card));
	show_details(cli, &details);
	show_stats(cli, &stats);
	return 0;
}

coffer_rc cli_hsm_monitor(struct cli *cli, const struct cli_args *args)
{
	struct coffer_card_stats stats;
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_hsm(cli, args, &s);
	if (!rc)
		rc = coffer_card_statistics(s->card, &stats);
	if (rc)
		return rc;
	out_text(&cli->out, "card", "Card", coffer_card_name(s->card));
	show_stats(cli, &stats);
	return 0;
}

coffer_rc cli_card_stats(struct cli *cli, const struct cli_args *args)
{
	struct coffer_card_stats stats;
	struct coffer_card *card;
	coffer_rc rc;

	(void)args;
	rc = cli_open(cli);
	if (rc)
		return rc;
	out_list(&cli->out, "cards");
	for (unsigned int i = 0; i < coffer_card_count(cli->ctx) && !rc; i++) {
		card = coffer_card_at(cli->ctx, i);
		if (coffer_card_state(card, NULL))
			continue;
		rc = coffer_card_statistics(card, &stats);
		if (rc)
			break;
		out_item(&cli->out);
		out_text(&cli->out, "card", "Card", coffer_card_name(card));
		show_stats(cli, &stats);
		out_item_end(&cli->out);
	}
	out_list_end(&cli->out);
	return rc;
}

/* ---- Erasing ----------------------------------------------------------------------- */

static coffer_rc init_step(struct coffer_session *session, void *how)
{
	return coffer_hsm_init_as(session, how);
}

coffer_rc cli_hsm_init(struct cli *cli, const struct cli_args *args)
{
	struct coffer_template policies;
	struct cli_init init = { 0 };
	unsigned int card = 0;
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_admin(cli, &s);
	if (!rc)
		card = s->slot.card;
	if (!rc)
		rc = cli_template_read(cli, args, true, &policies, &init.how);
	if (!rc)
		rc = cli_confirm(cli, args, "hsm init erases every partition and object of card %s",
				 coffer_card_name(s->card));
	if (!rc)
		rc = cli_init_ask(cli, args, s, "HSM SO", &init);
	if (!rc)
		rc = cli_init_run(cli, s, init_step, &init);
	rc = cli_template_refused(cli, s, rc, &init.how);
	if (!rc) {
		out_text(&cli->out, "label", "HSM Label", init.how.label);
		cli_forget_card(cli, card);
		rc = cli_session_current(cli, &s);
	}
	if (!rc)
		rc = cli_init_login(cli, args, s, COFFER_ROLE_SO, &init);
	cli_init_wipe(&init);
	return rc;
}

typedef coffer_rc erase_card(struct coffer_session *admin);

static coffer_rc erase(struct cli *cli, const struct cli_args *args, const char *what,
		       erase_card *run)
{
	unsigned int card = 0;
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_admin(cli, &s);
	if (!rc)
		card = s->slot.card;
	if (!rc)
		rc = cli_confirm(cli, args, "hsm %s destroys all keys of card %s for ever", what,
				 coffer_card_name(s->card));
	if (!rc)
		rc = run(s->session);
	if (!rc)
		cli_forget_card(cli, card);
	return rc;
}

coffer_rc cli_hsm_factoryreset(struct cli *cli, const struct cli_args *args)
{
	return erase(cli, args, "factoryreset", coffer_hsm_factory_reset);
}

coffer_rc cli_hsm_zeroize(struct cli *cli, const struct cli_args *args)
{
	return erase(cli, args, "zeroize", coffer_hsm_zeroize);
}
