// SPDX-License-Identifier: BSD-3-Clause
/* Names and advice for both kinds of failure: errno and verdict. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

static const struct verdict_row {
	uint32_t value;
	const char *name;
	const char *line;
} verdicts[] = {
#define ROW(name, value, advice) { value, "CKR_" #name, advice },
	COFFER_STATUS_CODES(ROW)
#undef ROW
};

static const struct verdict_row *verdict_find(coffer_rc rc)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		if (verdicts[i].value == rc)
			return &verdicts[i];
	return NULL;
}

/* What errno means here, and what to do. The uapi header says it for programmers. */
static const struct errno_row {
	int error;
	const char *line;
} errnos[] = {
	{ ENODEV, "no such card, or it is gone: look at slot list and the cabling" },
	{ ENOENT, "no such card folder or device node" },
	{ ETIMEDOUT, "the card did not answer in time" },
	{ ECANCELED, "the card was reset while the command ran: look whether it was carried out" },
	{ EPIPE, "the connection to the card broke: its process ended or the link was lost" },
	{ EIO, "the card's answer is malformed, or it could not reach memory" },
	{ EPROTO, "what answers there does not speak the cards' protocol" },
	{ EBUSY, "the card or its queue is in use: try again" },
	{ EAGAIN, "the card is being reset: try again" },
	{ EPERM, "not allowed: the card was not opened for writing, or only the driver may" },
	{ EACCES, "no permission to open the card: look at its owner and mode" },
	{ EOPNOTSUPP, "this driver or card knows no such command" },
	{ EOWNERDEAD, "opened by the parent process: a child has to open its own" },
	{ EMSGSIZE, "longer than a command can be (64 KiB)" },
	{ ENOSPC, "not enough room for the answer" },
	{ EINVAL, "an argument is not valid" },
	{ ENOMEM, "no memory on the host" },
	{ EINTR, "interrupted by a signal" },
	{ EEXIST, "there is something of that name already" },
	{ E2BIG, "too many" },
};

API const char *coffer_version(void)
{
	return COFFER_VERSION;
}

API const char *coffer_errname(coffer_rc rc)
{
	const struct verdict_row *row;
	const char *name;

	if (rc < 0) {
		name = rc < -4095 ? NULL : strerrorname_np((int)-rc);
		return name ? name : "EUNKNOWN";
	}
	row = verdict_find(rc);
	return row ? row->name : "CKR_UNKNOWN";
}

API const char *coffer_strerror(coffer_rc rc)
{
	const struct verdict_row *row;
	const char *line;

	if (rc < 0) {
		for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
			if (errnos[i].error == -rc)
				return errnos[i].line;
		line = rc < -4095 ? NULL : strerrordesc_np((int)-rc);
		return line ? line : "unknown failure of the host";
	}
	row = verdict_find(rc);
	if (!row)
		return "a verdict that this library does not know: update it";
	return row->line;
}

static const struct command_row commands[] = {
#define ROW(name, op, rqmin, rqmax, rpmax, fl, ro, ms) { op, fl, ms, #name },
	COFFER_COMMANDS(ROW)
#undef ROW
};

const struct command_row *command_find(uint16_t opcode)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (commands[i].opcode == opcode)
			return &commands[i];
	return NULL;
}

char *text_of(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return text;
}

void text_set(char **text, char *line)
{
	if (!text) {
		free(line);
		return;
	}
	free(*text);
	*text = line;
}
