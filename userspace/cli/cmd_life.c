// SPDX-License-Identifier: BSD-3-Clause
/*
 * hsm time, selftest, updatefw, tampershow, tamperclear
 * (behaviour.md sections 1.1 and 3.1, quality.md A5).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "cli.h"
#include "file.h"

/* ---- Clock ------------------------------------------------------------------------- */

const char *cli_time_text(uint64_t ms, char *out, size_t room)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	snprintf(out, room, "not set");
	if (ms && gmtime_r(&seconds, &tm))
		strftime(out, room, "%Y-%m-%dT%H:%M:%SZ", &tm);
	return out;
}

void cli_show_clock(struct cli *cli, uint64_t clock_ms)
{
	char text[40];

	out_text(&cli->out, "clock", "Clock", cli_time_text(clock_ms, text, sizeof(text)));
	out_key_number(&cli->out, "clock_ms", clock_ms);
}

static coffer_rc show_clock_of(struct cli *cli, struct coffer_card *card)
{
	struct coffer_card_details d;
	coffer_rc rc = coffer_card_identify(card, &d);

	if (!rc)
		cli_show_clock(cli, d.clock_ms);
	return rc;
}

coffer_rc cli_hsm_time_show(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_hsm(cli, args, &s);
	return rc ? rc : show_clock_of(cli, s->card);
}

/* Milliseconds since 1970; 0: no time that the card takes. */
static uint64_t time_parse(const char *text)
{
	struct timespec now;
	struct tm tm = { 0 };
	const char *end;
	time_t seconds;

	if (!strcasecmp(text, "now")) {
		clock_gettime(CLOCK_REALTIME, &now);
		return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	}
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!end || *end)
		return 0;
	seconds = timegm(&tm);
	return seconds > 0 && (uint64_t)seconds <= COFFER_CLOCK_MAX_MS / 1000 ?
	       (uint64_t)seconds * 1000 : 0;
}

coffer_rc cli_hsm_time_set(struct cli *cli, const struct cli_args *args)
{
	const char *text = cli_args_text(args, "time", "");
	uint64_t wanted = time_parse(text);
	struct cli_session *s;
	coffer_rc rc;

	if (!wanted)
		return cli_usage(cli, "\"%s\" is no time such as now or 2026-12-31T23:59:59Z",
				 text);
	rc = cli_session_admin(cli, &s);
	if (!rc)
		rc = coffer_clock_set(s->session, wanted);
	return rc ? rc : show_clock_of(cli, s->card);
}

/* ---- Self-tests -------------------------------------------------------------------- */

coffer_rc cli_hsm_selftest(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "test", "Test", 18, OUT_TEXT },
		{ "result", "Result", 0, OUT_TEXT },
	};
	struct coffer_self_test *list = NULL;
	struct cli_session *s;
	size_t count = 0;
	coffer_rc rc;

	rc = cli_session_hsm(cli, args, &s);
	if (!rc)
		rc = coffer_self_tests(s->session, &list, &count);
	if (count) {
		out_table(&cli->out, "tests", columns, 2);
		for (size_t i = 0; i < count; i++)
			out_row(&cli->out, (union out_cell[]){
				OUT_T(list[i].name),
				OUT_T(list[i].passed ? "passed" : "FAILED") });
		out_table_end(&cli->out);
	}
	free(list);
	return rc;
}

/* ---- Firmware ---------------------------------------------------------------------- */

static coffer_rc image_read(struct cli *cli, const char *file, uint8_t *image, size_t *len)
{
	int rc = file_read(file, image, COFFER_CMD_MAX_PAYLOAD, len);

	if (!rc)
		return 0;
	cli_fail(cli, rc, "%s: %s", file, strerror(-rc));
	cli->override = CLI_FAILED;	/* no device is missing */
	return rc;
}

coffer_rc cli_hsm_updatefw(struct cli *cli, const struct cli_args *args)
{
	uint8_t *image = malloc(COFFER_CMD_MAX_PAYLOAD);
	uint32_t old, new;
	unsigned int card = 0;
	struct cli_session *s;
	char text[40];
	size_t len = 0;
	coffer_rc rc = image ? 0 : -ENOMEM;

	if (!rc)
		rc = image_read(cli, cli_args_text(args, "image", ""), image, &len);
	if (!rc)
		rc = cli_session_admin(cli, &s);
	if (!rc)
		card = s->slot.card;
	if (!rc)
		rc = cli_confirm(cli, args,
				 "hsm updatefw restarts card %s, for good with newer firmware",
				 coffer_card_name(s->card));
	if (!rc)
		rc = coffer_firmware_update(s->session, image, len, &old, &new);
	free(image);
	if (rc)
		return rc;
	out_text(&cli->out, "firmware_before", "Firmware before",
		 cli_version_text(old, text, sizeof(text)));
	out_text(&cli->out, "firmware", "Firmware Version",
		 cli_version_text(new, text, sizeof(text)));
	cli_forget_card(cli, card);
	return 0;
}

/* ---- Tamper ------------------------------------------------------------------------ */

coffer_rc cli_hsm_tampershow(struct cli *cli, const struct cli_args *args)
{
	struct coffer_card_details d;
	struct cli_session *s;
	coffer_rc rc;
	bool tampered;

	rc = cli_session_hsm(cli, args, &s);
	if (!rc)
		rc = coffer_card_identify(s->card, &d);
	if (rc)
		return rc;
	tampered = d.flags & COFFER_CARD_TAMPERED;
	out_text(&cli->out, "card", "Card", coffer_card_name(s->card));
	out_text(&cli->out, "tamper", "Tamper state", tampered ? "tampered" : "none");
	if (tampered && d.flags & COFFER_CARD_INITIALIZED)
		out_note(&cli->out, "The card uses no key until its HSM SO says hsm tamperclear.");
	else if (tampered)
		out_note(&cli->out, "The card has no HSM SO: hsm tamperclear takes it back into "
			 "service.");
	return 0;
}

coffer_rc cli_hsm_tamperclear(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_admin(cli, &s);
	if (!rc)
		rc = cli_confirm(cli, args,
				 "hsm tamperclear says that card %s can be trusted again",
				 coffer_card_name(s->card));
	return rc ? rc : coffer_tamper_clear(s->session);
}
