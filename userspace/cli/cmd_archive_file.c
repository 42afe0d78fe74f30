// SPDX-License-Identifier: BSD-3-Clause
/*
 * partition archive export, import, check, show: archives as files, sealed to recipient cards;
 * hsm certificate, which a recipient gives away for it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "choose.h"
#include "clone.h"
#include "coffer/archive.h"
#include "der.h"
#include "file.h"
#include "selector.h"

#define PEM_LABEL	"CERTIFICATE"
#define PEM_MAX		8192

/* "file nightly.car": as much of the end of a path as there is room for. */
static void file_name(const char *path, char *out, size_t room)
{
	const char *name = strrchr(path, '/');

	snprintf(out, room, "file %.40s", name ? name + 1 : path);
}

/* The library speaks of cards where a file is not there. */
static const char *file_why(coffer_rc rc)
{
	return rc == -ENOENT ? strerror(ENOENT) : coffer_strerror(rc);
}

static coffer_rc may_write(struct cli *cli, const struct cli_args *args, const char *path)
{
	if (access(path, F_OK))
		return 0;
	return cli_confirm(cli, args, "%s exists and is replaced", path);
}

/* ---- Recipients -------------------------------------------------------------------- */

static coffer_rc certificate_of_slot(struct cli *cli, const char *text,
				     struct coffer_certificate *out)
{
	struct coffer_slot slot;
	unsigned int number;
	coffer_rc rc = choose_slot(cli, text, &number);

	if (!rc)
		rc = coffer_slot_find(cli->ctx, number, &slot);
	if (!rc)
		rc = coffer_card_certificate(coffer_card_at(cli->ctx, slot.card),
					     COFFER_CERTIFICATE_WRAP, out);
	if (rc && !cli->message[0])
		cli_fail(cli, rc, "slot %s gives no certificate: %s", text, coffer_strerror(rc));
	return rc;
}

static coffer_rc certificate_of_file(struct cli *cli, const char *path,
				     struct coffer_certificate *out)
{
	uint8_t text[PEM_MAX];
	int error;

	error = file_read(path, text, sizeof(text) - 1, &out->len);
	if (error)
		return cli_fail(cli, error, "%s: %s", path, strerror(-error));
	text[out->len] = '\0';
	if (out->len && text[0] != DER_SEQUENCE &&
	    !der_from_pem(text, &out->len, PEM_LABEL))
		return cli_usage(cli, "%s is no certificate", path);
	if (!out->len || out->len > sizeof(out->der))
		return cli_usage(cli, "%s is no certificate", path);
	memcpy(out->der, text, out->len);
	return 0;
}

static bool is_slot(const char *text)
{
	if (!strncasecmp(text, "serial:", 7) || !strncasecmp(text, "label:", 6) ||
	    !strncasecmp(text, "pkcs11:", 7))
		return true;
	return text[strspn(text, "0123456789")] == '\0';
}

/* @list: room for COFFER_ARCHIVE_RECIPIENTS. */
static coffer_rc recipients(struct cli *cli, const struct cli_args *args,
			    struct coffer_certificate *list, size_t *count)
{
	const char *rest = cli_args_text(args, "recipient", "");
	char one[SELECTOR_MAX];
	coffer_rc rc = 0;

	*count = 0;
	while (!rc && rest) {
		if (*count == COFFER_ARCHIVE_RECIPIENTS)
			return cli_usage(cli, "at most %d recipients", COFFER_ARCHIVE_RECIPIENTS);
		if (!selector_next(&rest, one, sizeof(one)))
			return cli_usage(cli, "-recipient wants slots or files, with commas "
					 "between");
		rc = is_slot(one) ? certificate_of_slot(cli, one, &list[*count]) :
				    certificate_of_file(cli, one, &list[*count]);
		++*count;
	}
	return rc;
}

/* ---- Export ------------------------------------------------------------------------ */

/* The library has left no file: part of the keys must not pass for all. */
static coffer_rc not_kept(struct cli *cli, const char *path)
{
	if (cli->override == CLI_OK)
		cli->override = CLI_FAILED;
	return cli_fail(cli, ST(FAILED_TO_CLONE_AN_OBJECT),
			"%s was not written, for not every object may go: -objects chooses, "
			"-onerror continue writes the others", path);
}

static coffer_rc export_to(struct cli *cli, const struct cli_args *args,
			   struct cli_session *source, struct coffer_archive_target *to)
{
	static struct clone_run run;
	coffer_rc rc = clone_begin(&run, cli, args, "archived", source->session);

	if (rc)
		return rc;
	snprintf(run.source, sizeof(run.source), "slot %u", source->slot.slot);
	file_name(to->path, run.target, sizeof(run.target));
	rc = coffer_archive_file_export(source->session, to, &run.options, &run.report);
	if (rc < 0 && !run.report.why[0])
		cli_fail(cli, rc, "%s was not written: %s", to->path, file_why(rc));
	rc = clone_end(&run, rc);
	if (rc == ST(FAILED_TO_CLONE_AN_OBJECT) && !run.options.dry_run && !run.kept &&
	    !cli->message[0])
		rc = not_kept(cli, to->path);
	return rc;
}

coffer_rc cli_archive_export(struct cli *cli, const struct cli_args *args)
{
	struct coffer_archive_target to = {
		.path = cli_args_text(args, "file", ""),
		.domain = cli_args_text(args, "domainlabel", NULL),
	};
	struct coffer_certificate *list;
	struct cli_session *source;
	coffer_rc rc;

	rc = cli_session_user(cli, &source);
	if (rc)
		return rc;
	list = calloc(COFFER_ARCHIVE_RECIPIENTS, sizeof(*list));
	if (!list)
		return -ENOMEM;
	rc = recipients(cli, args, list, &to.count);
	to.recipients = list;
	if (!rc && !clone_is_dry(cli, args)) {
		to.replace = !access(to.path, F_OK);
		rc = may_write(cli, args, to.path);
	}
	if (!rc)
		rc = export_to(cli, args, source, &to);
	free(list);
	return rc;
}

/* ---- Import and check -------------------------------------------------------------- */

coffer_rc cli_archive_import(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_args_text(args, "file", "");
	static struct clone_run run;
	struct cli_session *target;
	coffer_rc rc;

	rc = cli_session_user(cli, &target);
	if (!rc)
		rc = clone_begin_all(&run, cli, args, "imported");
	if (rc)
		return rc;
	run.unit = "Object";
	file_name(path, run.source, sizeof(run.source));
	snprintf(run.target, sizeof(run.target), "slot %u", target->slot.slot);
	rc = coffer_archive_file_import(target->session, path, &run.options, &run.report);
	if (rc < 0 && !run.report.why[0])
		cli_fail(cli, rc, "%s: %s", path, file_why(rc));
	return clone_end(&run, rc);
}

coffer_rc cli_archive_check(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_args_text(args, "file", "");
	struct cli_session *s;
	char *why = NULL;
	size_t objects;
	coffer_rc rc;

	rc = cli_session_user(cli, &s);
	if (rc)
		return rc;
	rc = coffer_archive_file_verify(s->session, path, &objects, &why);
	if (rc)
		cli_fail(cli, rc, "%s: %s", path,
			 why ? why : rc == -ENOENT ? file_why(rc) : clone_why(rc));
	free(why);
	if (rc)
		return rc;
	out_bool(&cli->out, "genuine", "Genuine and whole", true);
	out_number(&cli->out, "objects", "Objects", objects);
	return 0;
}

/* ---- Show -------------------------------------------------------------------------- */

static void show_date(struct out *o, uint64_t date_ms)
{
	time_t when = (time_t)(date_ms / 1000);
	char text[32] = "not known";
	struct tm tm;

	if (date_ms && gmtime_r(&when, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	out_text(o, "date", "Date", text);
}

static void show_recipients(struct out *o, const struct coffer_archive_info *info)
{
	static const struct out_column columns[] = {
		{ "card", "Recipient card", 0, OUT_TEXT },
	};
	char serial[24];

	out_table(o, "recipients", columns, 1);
	for (size_t i = 0; i < info->recipients; i++) {
		snprintf(serial, sizeof(serial), "%llu",
			 (unsigned long long)info->recipient[i]);
		out_row(o, (union out_cell[]){ OUT_T(serial) });
	}
	out_table_end(o);
}

coffer_rc cli_archive_show(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_args_text(args, "file", "");
	struct coffer_archive_info info;
	struct out *o = &cli->out;
	char version[24];
	coffer_rc rc;

	rc = coffer_archive_file_info(path, &info);
	if (rc == ST(CPV4_MSG_ERROR))
		return cli_fail(cli, rc, "%s is no archive", path);
	if (rc)
		return cli_fail(cli, rc, "%s: %s", path, file_why(rc));
	out_number(o, "version", "Version of the format", info.version);
	out_serial(o, "card", "Serial number of the source's card", info.card);
	out_serial(o, "partition", "Serial number of the source", info.partition);
	out_text(o, "profile", "Profile", info.profile);
	snprintf(version, sizeof(version), "%u.%u.%u", info.fw_version >> 16,
		 info.fw_version >> 8 & 0xff, info.fw_version & 0xff);
	out_text(o, "firmware", "Firmware", version);
	out_bool(o, "fips", "FIPS mode", info.fips);
	show_date(o, info.date_ms);
	out_number(o, "objects", "Objects", info.objects);
	out_bool(o, "whole", "Has its end", info.whole);
	show_recipients(o, &info);
	out_note(o, "Nothing of this is authenticated: partition archive check does that.");
	return 0;
}

/* ---- hsm certificate --------------------------------------------------------------- */

static enum coffer_certificate_use use_of(const char *word)
{
	switch (tolower((unsigned char)word[0])) {
	case 'd':
		return COFFER_CERTIFICATE_DEVICE;
	case 'r':
		return COFFER_CERTIFICATE_ROOT;
	default:
		return COFFER_CERTIFICATE_WRAP;
	}
}

coffer_rc cli_hsm_certificate(struct cli *cli, const struct cli_args *args)
{
	const char *path = cli_args_text(args, "file", "");
	struct coffer_certificate cert;
	struct coffer_card_details d;
	struct cli_session *s;
	char text[PEM_MAX];
	size_t len;
	coffer_rc rc;
	int error;

	rc = cli_session_chosen(cli, args, &s);
	if (!rc)
		rc = coffer_card_identify(s->card, &d);
	if (!rc)
		rc = coffer_card_certificate(s->card, use_of(cli_args_text(args, "use", "wrap")),
					     &cert);
	if (!rc)
		rc = may_write(cli, args, path);
	if (rc)
		return rc;
	len = der_to_pem(PEM_LABEL, cert.der, cert.len, text, sizeof(text));
	error = len ? file_write(path, text, len) : -EFBIG;
	if (error)
		return cli_fail(cli, error, "%s: %s", path, strerror(-error));
	out_serial(&cli->out, "card", "Serial number of the card", d.serial);
	out_text(&cli->out, "file", "Certificate", path);
	return 0;
}
