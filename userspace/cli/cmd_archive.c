// SPDX-License-Identifier: BSD-3-Clause
/*
 * partition archive backup, restore, list, contents, verify, delete (behaviour.md section 8).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "clone.h"

/* The secrets that a struct coffer_archive points to. */
struct archive {
	struct coffer_archive a;
	struct secret so, co, domain;
	bool ped;			/* the backup card has its secrets on keys */
};

static void archive_wipe(struct archive *a)
{
	secret_wipe(&a->so);
	secret_wipe(&a->co);
	secret_wipe(&a->domain);
}

static coffer_rc backup_card(struct cli *cli, const struct cli_args *args,
			     struct coffer_card **card, bool *ped)
{
	unsigned int number = (unsigned int)cli_args_number(args, "slot", 0);
	struct coffer_slot slot;
	coffer_rc rc;

	rc = cli_open(cli);
	if (!rc)
		rc = coffer_slot_find(cli->ctx, number, &slot);
	if (rc == ST(SLOT_ID_INVALID))
		return cli_fail(cli, rc, "there is no slot %u: see slot list", number);
	if (rc)
		return rc;
	if (!(slot.card_flags & COFFER_CARD_BACKUP))
		return cli_usage(cli, "slot %u is no backup card", number);
	*ped = slot.card_flags & COFFER_CARD_PED;
	*card = coffer_card_at(cli->ctx, slot.card);
	return 0;
}

static coffer_rc begin(struct cli *cli, const struct cli_args *args, struct archive *a)
{
	memset(a, 0, sizeof(*a));
	a->a.partition = cli_args_text(args, "partition", "");
	if (!*a->a.partition || strlen(a->a.partition) > CLI_LABEL_MAX)
		return cli_usage(cli, "the name of an archive has 1 to %d characters",
				 CLI_LABEL_MAX);
	return backup_card(cli, args, &a->a.card, &a->ped);
}

/* *found: the card has an archive of this name. */
static coffer_rc look_up(struct archive *a, bool *found)
{
	struct coffer_slot *list;
	size_t count;
	coffer_rc rc;

	*found = false;
	rc = coffer_partitions(a->a.card, &list, &count);
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		*found |= !strcmp(list[i].label, a->a.partition);
	free(list);
	return 0;
}

/* The keys take the passwords' place: the cards' calls wait for them. */
static coffer_rc by_key(struct cli *cli, const struct cli_args *args, const char *option,
			const char *key)
{
	if (cli_args_given(args, option))
		out_note(&cli->out, "-%s is not used: the backup card's PED asks for the %s key.",
			 option, key);
	else
		out_note(&cli->out, "The backup card's PED asks for the %s key.", key);
	return 0;
}

static coffer_rc ask_so(struct cli *cli, const struct cli_args *args, struct archive *a)
{
	a->a.so_pin = a->so.text;
	if (a->ped)
		return by_key(cli, args, "sopassword", "blue");
	return cli_secret(cli, args, "sopassword",
			  "Enter the HSM SO's password of the backup card", false, &a->so);
}

/* On a card with a PED the first domain is a red key; the default one is no secret. */
static coffer_rc ask_domain(struct cli *cli, const struct cli_args *args, struct archive *a)
{
	if (!a->ped || cli_args_given(args, "defaultdomain"))
		return cli_domain(cli, args, &a->domain, &a->a.domain);
	if (cli_args_given(args, "domain"))
		return cli_usage(cli, "the backup card has a PED: the domain is a red key, so "
				 "leave -domain out");
	a->a.ped_domain = true;
	return 0;
}

static coffer_rc ask_co(struct cli *cli, const struct cli_args *args, struct archive *a, bool new)
{
	a->a.co_pin = a->co.text;
	if (a->ped)
		return by_key(cli, args, "password", "black");
	return cli_secret(cli, args, "password", new ?
			  "Enter a password for the archive's Crypto Officer" :
			  "Enter the archive's Crypto Officer's password", new, &a->co);
}

/* ---- Backup and restore ------------------------------------------------------------ */

static coffer_rc backup_questions(struct cli *cli, const struct cli_args *args,
				  struct archive *a)
{
	bool exists;
	coffer_rc rc;

	a->a.append = cli_args_given(args, "append");
	a->a.replace = cli_args_given(args, "replace");
	if (a->a.append && a->a.replace)
		return cli_usage(cli, "-append and -replace exclude each other");
	if (cli_args_given(args, "smkonly"))
		return cli_fail(cli, ST(FUNCTION_NOT_SUPPORTED), "the current slot has no SKS "
				"master key, which only a V1 partition gets: leave -smkonly out");
	rc = look_up(a, &exists);
	if (rc)
		return rc;
	if (exists && !a->a.append && !a->a.replace)
		return cli_fail(cli, ST(OBJECT_ALREADY_EXISTS),
				"the archive %s exists, only part of it if its backup was killed: "
				"-append adds what is missing, -replace begins anew",
				a->a.partition);
	if (exists && a->a.replace)
		rc = cli_confirm(cli, args, "-replace erases what archive %s holds now",
				 a->a.partition);
	if (!rc && !exists)
		rc = ask_so(cli, args, a);
	if (!rc)
		rc = ask_co(cli, args, a, !exists);
	if (!rc && !exists)
		rc = ask_domain(cli, args, a);
	return rc;
}

static bool was_dropped(const struct clone_run *run, const struct archive *a, coffer_rc rc)
{
	return rc == ST(FAILED_TO_CLONE_AN_OBJECT) && !run->options.dry_run && !a->a.append &&
	       !a->a.replace && !run->kept;
}

/* Part of the keys must not pass for a backup: the library has deleted the new archive again. */
static coffer_rc not_kept(struct cli *cli, const struct archive *a)
{
	if (cli->override == CLI_OK)
		cli->override = CLI_FAILED;
	return cli_fail(cli, ST(FAILED_TO_CLONE_AN_OBJECT),
			"archive %s was not kept, for not every object got there: -objects "
			"chooses, -onerror continue keeps part",
			a->a.partition);
}

coffer_rc cli_archive_backup(struct cli *cli, const struct cli_args *args)
{
	static struct clone_run run;
	struct cli_session *source;
	struct archive a;
	coffer_rc rc;

	rc = cli_session_user(cli, &source);
	if (rc)
		return rc;
	rc = begin(cli, args, &a);
	if (!rc)
		rc = backup_questions(cli, args, &a);
	if (!rc)
		rc = clone_begin(&run, cli, args, "backed up", source->session);
	if (!rc) {
		snprintf(run.source, sizeof(run.source), "slot %u", source->slot.slot);
		snprintf(run.target, sizeof(run.target), "archive %.32s", a.a.partition);
		rc = coffer_archive_backup(source->session, &a.a, &run.options, &run.report);
		rc = clone_end(&run, rc);
		if (was_dropped(&run, &a, rc))
			rc = not_kept(cli, &a);
	}
	archive_wipe(&a);
	return rc;
}

/* A login at the slot whose keys meet those of the archive, and the archive's password. */
static coffer_rc begin_logged_in(struct cli *cli, const struct cli_args *args,
				 struct cli_session **user, struct archive *a)
{
	coffer_rc rc;

	memset(a, 0, sizeof(*a));
	rc = cli_session_user(cli, user);
	if (!rc)
		rc = begin(cli, args, a);
	if (!rc)
		rc = ask_co(cli, args, a, false);
	return rc;
}

/* Labels and the like are looked up in the archive, which takes a login of its own. */
static coffer_rc restore_begin(struct clone_run *run, struct cli *cli,
			       const struct cli_args *args, const struct archive *a)
{
	struct coffer_session *archive = NULL;
	coffer_rc rc = 0;

	if (cli_args_given(args, "objects") && !cli_args_all(args, "objects") &&
	    !choose_all_handles(cli_args_text(args, "objects", "")))
		rc = coffer_archive_open(&a->a, &archive);
	if (!rc)
		rc = clone_begin(run, cli, args, "restored", archive);
	if (archive)
		coffer_session_close(archive);
	return rc;
}

coffer_rc cli_archive_restore(struct cli *cli, const struct cli_args *args)
{
	static struct clone_run run;
	struct cli_session *target;
	struct archive a;
	coffer_rc rc;

	rc = begin_logged_in(cli, args, &target, &a);
	if (!rc)
		rc = restore_begin(&run, cli, args, &a);
	if (!rc) {
		snprintf(run.source, sizeof(run.source), "archive %.32s", a.a.partition);
		snprintf(run.target, sizeof(run.target), "slot %u", target->slot.slot);
		rc = coffer_archive_restore(target->session, &a.a, &run.options, &run.report);
		rc = clone_end(&run, rc);
	}
	archive_wipe(&a);
	return rc;
}

/* ---- The archives themselves ------------------------------------------------------- */

coffer_rc cli_archive_list(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "partition", "Archive", 32, OUT_TEXT },
		{ "serial", "Serial number", 20, OUT_TEXT },
		{ "objects", "Objects", 0, OUT_NUMBER },
	};
	struct coffer_slot *list;
	struct coffer_card *card;
	bool ped;
	char serial[24];
	size_t count;
	coffer_rc rc;

	rc = backup_card(cli, args, &card, &ped);
	if (!rc)
		rc = coffer_partitions(card, &list, &count);
	if (rc)
		return rc;
	out_table(&cli->out, "archives", columns, 3);
	for (size_t i = 0; i < count; i++) {
		snprintf(serial, sizeof(serial), "%llu", (unsigned long long)list[i].serial);
		out_row(&cli->out, (union out_cell[]){ OUT_T(list[i].label), OUT_T(serial),
						       OUT_N(list[i].objects) });
	}
	out_table_end(&cli->out);
	out_number(&cli->out, "count", "Number of archives", count);
	free(list);
	return 0;
}

coffer_rc cli_archive_contents(struct cli *cli, const struct cli_args *args)
{
	struct coffer_session *session;
	struct archive a;
	coffer_rc rc;

	rc = begin(cli, args, &a);
	if (!rc)
		rc = ask_co(cli, args, &a, false);
	if (!rc)
		rc = coffer_archive_open(&a.a, &session);
	archive_wipe(&a);
	if (rc)
		return rc;
	rc = cli_contents(cli, session);
	coffer_session_close(session);
	return rc;
}

static void show_verified(struct cli *cli, const struct cli_session *s, const struct archive *a,
			  const struct coffer_clone_report *run,
			  const struct coffer_compare_report *report)
{
	char archive[48], slot[24], text[40];

	snprintf(archive, sizeof(archive), "archive %.32s", a->a.partition);
	snprintf(slot, sizeof(slot), "slot %u", s->slot.slot);
	out_text(&cli->out, "protocol", "Domain and cards proved by",
		 cli_protocols(run->protocol, text, sizeof(text)));
	out_text(&cli->out, "compared_by", "Compared by",
		 report->how == COFFER_BY_DIGEST ? "digest" : "fingerprint");
	clone_compared(cli, report, slot, archive);
	if (report->how == COFFER_BY_DIGEST)
		out_say(&cli->out, "    The cards compared values and attributes.");
	else
		out_say(&cli->out, "    Values were not compared: that wants the Crypto Officer, "
			"and firmware 7.7.0 or later on both cards.");
}

/* Row 74. What is only in the archive was deleted since: no fault of the archive's. */
coffer_rc cli_archive_verify(struct cli *cli, const struct cli_args *args)
{
	struct coffer_compare_report report = { 0 };
	struct coffer_clone_report run = { 0 };
	struct cli_session *s;
	struct archive a;
	coffer_rc rc;

	rc = begin_logged_in(cli, args, &s, &a);
	if (!rc) {
		rc = coffer_archive_verify(s->session, &a.a, &run, &report);
		if (rc && !cli->message[0])
			cli_fail(cli, rc, "nothing was compared: %s",
				 run.why[0] ? run.why : clone_why(rc));
	}
	if (!rc)
		show_verified(cli, s, &a, &run, &report);
	if (!rc && (report.differ || report.only_a))
		rc = cli_fail(cli, ST(FAILED_TO_CLONE_AN_OBJECT),
			      "archive %s is no full copy: %zu missing, %zu different; backup "
			      "-append adds what is missing", a.a.partition, report.only_a,
			      report.differ);
	coffer_clone_report_free(&run);
	coffer_compare_report_free(&report);
	archive_wipe(&a);
	return rc;
}

coffer_rc cli_archive_delete(struct cli *cli, const struct cli_args *args)
{
	struct archive a;
	coffer_rc rc;
	bool exists;

	rc = begin(cli, args, &a);
	if (!rc)
		rc = look_up(&a, &exists);
	if (!rc && !exists)
		rc = cli_fail(cli, ST(TOKEN_NOT_PRESENT), "there is no archive %s",
			      a.a.partition);
	if (!rc)
		rc = cli_confirm(cli, args, "archive delete erases the archive %s", a.a.partition);
	if (!rc)
		rc = ask_so(cli, args, &a);
	if (!rc)
		rc = coffer_archive_delete(&a.a);
	archive_wipe(&a);
	return rc;
}
