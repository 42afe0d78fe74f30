// SPDX-License-Identifier: BSD-3-Clause
/*
 * doctor: looks at every step between a card and this program and says which one is missing.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

struct doctor {
	struct cli *cli;
	unsigned int troubles;
	unsigned int cards;		/* that answer */
};

/* @mend NULL: it is as it should be. */
static void finding(struct doctor *d, const char *check, const char *what, const char *mend)
{
	struct out *o = &d->cli->out;

	d->troubles += mend != NULL;
	out_item(o);
	out_key_text(o, "check", check);
	out_key_text(o, "result", what);
	out_key_text(o, "mend", mend);
	out_say(o, "    %-4s %-12s %s%s%s", mend ? "!!" : "ok", check, what, mend ? "; " : "",
		mend ? mend : "");
	if (o->json)
		out_item_end(o);
}

static void check_bus(struct doctor *d, bool *unbound)
{
	struct coffer_pci *list = NULL;
	char text[120];
	size_t count = 0;
	coffer_rc rc = coffer_pci_scan(&list, &count);

	if (rc) {
		snprintf(text, sizeof(text), "the bus cannot be read: %s", coffer_errname(rc));
		finding(d, "pci", text, NULL);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%04x:%02x:%02x.%x %04x:%04x %s%s%s", list[i].domain,
			 list[i].bus, list[i].dev, list[i].fn, list[i].vendor, list[i].device,
			 list[i].link, *list[i].link ? ", driver " : "driver ",
			 *list[i].driver ? list[i].driver : "none");
		*unbound |= strcmp(list[i].driver, "coffer") != 0;
		finding(d, "pci", text, strcmp(list[i].driver, "coffer") ?
			"load or bind the driver: modprobe coffer" : NULL);
	}
	if (!count)
		finding(d, "pci", "no card is on the bus", "plug one in, or use a card folder: "
			"coffer card create NAME.coffer; COFFER_CARDS=NAME.coffer");
	free(list);
}

static bool contains(const char *path, const char *word)
{
	char text[256] = "";
	FILE *f = fopen(path, "re");
	bool found = false;

	if (!f)
		return false;
	if (fgets(text, sizeof(text), f))
		found = strstr(text, word) != NULL;
	fclose(f);
	return found;
}

static void check_driver(struct doctor *d, bool unbound)
{
	if (!access("/sys/module/coffer", F_OK)) {
		finding(d, "driver", "the module coffer is loaded", NULL);
		return;
	}
	if (unbound && (contains("/sys/kernel/security/lockdown", "[integrity]") ||
			contains("/sys/kernel/security/lockdown", "[confidentiality]")))
		finding(d, "driver", "the kernel is locked down and takes signed modules only",
			"sign coffer.ko with a key that mokutil has enrolled");
	finding(d, "driver", "the module coffer is not loaded",
		unbound ? "modprobe coffer, or insmod driver/coffer.ko" : NULL);
}

static void check_node(struct doctor *d, const char *path)
{
	char text[160];

	if (!access(path, R_OK | W_OK)) {
		snprintf(text, sizeof(text), "%s may be opened", path);
		finding(d, "node", text, NULL);
		return;
	}
	snprintf(text, sizeof(text), "%s: %s", path, strerror(errno));
	finding(d, "node", text, errno == EACCES ?
		"join the group coffer (usermod -aG coffer NAME) and log in again" :
		"see the kernel's log");
}

static void check_nodes(struct doctor *d)
{
	glob_t found;

	if (glob("/dev/coffer[0-9]*", 0, NULL, &found)) {
		finding(d, "node", "there is no /dev/cofferN", NULL);
		return;
	}
	for (size_t i = 0; i < found.gl_pathc; i++)
		check_node(d, found.gl_pathv[i]);
	globfree(&found);
}

static void check_card(struct doctor *d, struct coffer_card *card)
{
	struct coffer_card_details details;
	char text[400], marks[80];
	const char *why = NULL;
	coffer_rc rc = coffer_card_state(card, &why);

	if (!rc) {
		why = NULL;
		rc = coffer_card_identify(card, &details);
	}
	if (rc) {
		snprintf(text, sizeof(text), "%s: %s", coffer_card_name(card),
			 why ? why : coffer_errname(rc));
		finding(d, "card", text, coffer_strerror(rc));
		return;
	}
	d->cards++;
	snprintf(text, sizeof(text), "%s: %s, serial %llu, %s", coffer_card_name(card),
		 details.model, (unsigned long long)details.serial,
		 cli_marks(details.flags, marks, sizeof(marks)));
	finding(d, "card", text, NULL);
	if (details.flags & COFFER_CARD_TAMPERED)
		finding(d, "card", "it was tampered with", "the HSM SO has to clear that");
}

static void check_cards(struct doctor *d)
{
	struct coffer_options options = { .cards = d->cli->set.cards };
	struct coffer *ctx = NULL;
	char text[400];
	coffer_rc rc = coffer_open(&options, &ctx);

	if (rc) {
		snprintf(text, sizeof(text), "no card can be opened: %s", coffer_errname(rc));
		finding(d, "cards", text, coffer_strerror(rc));
		return;
	}
	for (unsigned int i = 0; i < coffer_card_count(ctx); i++)
		check_card(d, coffer_card_at(ctx, i));
	coffer_close(ctx);
}

coffer_rc cli_doctor(struct cli *cli, const struct cli_args *args)
{
	const char *cards = cli->set.cards ? cli->set.cards : getenv("COFFER_CARDS");
	struct doctor d = { .cli = cli };
	bool unbound = false;

	(void)args;
	out_list(&cli->out, "findings");
	if (cards && *cards) {
		finding(&d, "list", cards, NULL);
	} else {
		finding(&d, "list", "COFFER_CARDS is not set: every /dev/cofferN counts", NULL);
		check_bus(&d, &unbound);
		check_driver(&d, unbound);
		check_nodes(&d);
	}
	check_cards(&d);
	out_list_end(&cli->out);
	out_number(&cli->out, "cards", "Cards that answer", d.cards);
	out_number(&cli->out, "troubles", "Troubles", d.troubles);
	if (d.cards)
		return 0;
	return cli_fail(cli, -ENODEV, "no card answers: the lines marked !! say what to mend");
}
