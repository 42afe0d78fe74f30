// SPDX-License-Identifier: BSD-3-Clause
/*
 * From results to exit statuses, in one place.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

static enum cli_status status_of_errno(int error)
{
	switch (error) {
	case ETIMEDOUT:
		return CLI_TIMEOUT;
	case ENODEV:
	case ENXIO:
	case ENOENT:
	case EACCES:
	case EPIPE:
	case EBUSY:
	case EIO:
	case EUCLEAN:
	case ECONNREFUSED:
	case ECONNRESET:
	case EOWNERDEAD:
	case ESHUTDOWN:
		return CLI_NO_DEVICE;
	default:
		return CLI_FAILED;
	}
}

static bool is_login(coffer_rc verdict)
{
	switch (verdict) {
	case ST(PIN_INCORRECT):
	case ST(CHALLENGE_INCORRECT):
	case ST(PIN_INVALID):
	case ST(PIN_LEN_RANGE):
	case ST(PIN_EXPIRED):
	case ST(PIN_LOCKED):
	case ST(USER_ALREADY_LOGGED_IN):
	case ST(USER_NOT_LOGGED_IN):
	case ST(USER_PIN_NOT_INITIALIZED):
	case ST(USER_TYPE_INVALID):
	case ST(USER_ANOTHER_ALREADY_LOGGED_IN):
	case ST(USER_ALREADY_ACTIVATED):
	case ST(USER_LOCKED_OUT):
	case ST(USER_NOT_AUTHORIZED):
	case ST(SO_LOGIN_FAILURE_THRESHOLD):
	case ST(AUDIT_LOGIN_TIMEOUT_IN_PROGRESS):
	case ST(AUDIT_LOGIN_FAILURE_THRESHOLD):
		return true;
	default:
		return false;
	}
}

static bool is_refusal(coffer_rc verdict)
{
	switch (verdict) {
	case ST(CLONING_PARAMETER_ALREADY_EXISTS):
	case ST(CLONING_PARAMETER_MISSING):
	case ST(CERTIFICATE_DATA_MISSING):
	case ST(CERTIFICATE_DATA_INVALID):
	case ST(CERTIFICATE_EXPIRED):
	case ST(KEY_UNEXTRACTABLE):
	case ST(OPERATION_NOT_ALLOWED):
	case ST(LOG_FULL):
	case ST(HSM_TAMPERED):
	case ST(LICENSE_CAPACITY_EXCEEDED):
	case ST(CONFIG_CHANGE_ILLEGAL):
	case ST(CONFIG_ILLEGAL):
	case ST(CONFIG_FAILS_DEPENDENCIES):
	case ST(DOMAIN_MANAGEMENT_NOT_ALLOWED):
	case ST(DOMAIN_LABEL_INVALID):
	case ST(DOMAIN_LABEL_ALREADY_EXISTS):
	case ST(DOMAIN_MAX_REACHED):
	case ST(DOMAIN_NO_PRIMARY):
	case ST(DOMAIN_EXTRA_PRIMARY):
	case ST(SESSION_NEGOTIATION_NO_PSK):
	case ST(SESSION_NEGOTIATION_NO_ROOTS):
	case ST(SESSION_NEGOTIATION_NO_ALGS):
	case ST(PROTOCOL_DISABLED):
	case ST(CLONE_THROTTLED):
	case ST(CLONE_DIRECTION):
	case ST(CLONE_KDF_MISMATCH):
	case ST(CLONE_SAME_PARTITION):
	case ST(FIPS_MISMATCH):
	case ST(ARCHIVE_RECIPIENT):
		return true;
	default:
		return false;
	}
}

enum cli_status cli_status_of(coffer_rc rc)
{
	coffer_rc verdict = rc;

	if (!rc)
		return CLI_OK;
	if (rc < 0)
		return status_of_errno(rc > -4096 ? (int)-rc : 0);
	if (is_login(verdict))
		return CLI_LOGIN;
	if (is_refusal(verdict))
		return CLI_REFUSED;
	switch (verdict) {
	case ST(FAILED_TO_CLONE_AN_OBJECT):
		return CLI_PARTIAL;
	case ST(TIMEOUT):
	case ST(SP_TIMEOUT):
	case ST(DEVICE_TIMEOUT):
		return CLI_TIMEOUT;
	case ST(SLOT_ID_INVALID):
	case ST(TOKEN_NOT_PRESENT):
	case ST(DEVICE_REMOVED):
	case ST(OWNER_UNKNOWN):
	case ST(PED_UNPLUGGED):
	case ST(PED_CLIENT_NOT_RUNNING):
		return CLI_NO_DEVICE;
	default:
		return CLI_FAILED;
	}
}

/* ---- Failing ----------------------------------------------------------------------- */

coffer_rc cli_fail(struct cli *cli, coffer_rc rc, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(cli->message, sizeof(cli->message), format, ap);
	va_end(ap);
	return rc;
}

coffer_rc cli_usage(struct cli *cli, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(cli->message, sizeof(cli->message), format, ap);
	va_end(ap);
	cli->override = CLI_USAGE;
	return ST(ARGUMENTS_BAD);
}

/* ---- What to do next --------------------------------------------------------------------- */

static const char *general_hint(enum cli_status status)
{
	switch (status) {
	case CLI_NO_DEVICE:
		return "doctor finds out why a card is not there, slot list shows what is";
	case CLI_LOGIN:
		return "role list shows the slot's roles and what is left of their attempts";
	case CLI_REFUSED:
		return "partition showpolicies, partition domainlist and --dry-run show what is "
		       "in the way";
	case CLI_PARTIAL:
		return "the objects in data have a reason each; the same command goes on";
	case CLI_TIMEOUT:
		return "look whether it was carried out; --timeout gives the card longer";
	default:
		return "doctor looks at the cards, help explains the commands";
	}
}

/* A message of our own says what is wrong here; the code's own line says what helps in general. */
const char *cli_hint(const struct cli *cli, coffer_rc rc, enum cli_status status, char *hint)
{
	const struct cli_command *c = cli->args ? cli->args->command : NULL;
	char name[CLI_NAME_MAX];

	if (status == CLI_USAGE && c)
		snprintf(hint, CLI_HINT_MAX, "help %s explains the command",
			 cli_command_name(c, name, sizeof(name)));
	else if (status == CLI_USAGE)
		snprintf(hint, CLI_HINT_MAX, "help lists the commands");
	else if (cli->message[0] && strcmp(cli->message, coffer_strerror(rc)))
		snprintf(hint, CLI_HINT_MAX, "%s", coffer_strerror(rc));
	else
		snprintf(hint, CLI_HINT_MAX, "%s", general_hint(status));
	return hint;
}

/* The row's help says what there is instead. */
coffer_rc cli_absent(struct cli *cli, const struct cli_args *args)
{
	char name[CLI_NAME_MAX];

	return cli_fail(cli, ST(FUNCTION_NOT_SUPPORTED), "%s %s",
			cli_command_name(args->command, name, sizeof(name)), args->command->help);
}
