// SPDX-License-Identifier: BSD-3-Clause
/*
 * partition clone (behaviour.md rows 8 to 13).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clone.h"

/* Everything that the two partitions show against it. */
static coffer_rc preflight(struct cli *cli, const struct cli_args *args,
			   struct cli_session *source, struct cli_session *target)
{
	coffer_rc rc = 0;
	char *why;

	if (cli_args_given(args, "nopreflight"))
		return 0;
	why = coffer_clone_preflight(source->session, target->session, &rc);
	if (!why)
		return 0;
	cli_fail(cli, rc, "%s", why);
	free(why);
	return rc ? rc : ST(OPERATION_NOT_ALLOWED);
}

/* Before anybody is asked for a password: a missing login at the target comes later. */
static coffer_rc verify(struct cli *cli, const struct cli_args *args,
			struct cli_session *source, struct cli_session *target)
{
	coffer_rc rc;

	if (source == target)
		return cli_fail(cli, ST(CLONE_SAME_PARTITION),
				"source and target are both slot %u", source->slot.slot);
	out_note(&cli->out, "Verifying that the objects can be cloned ...");
	rc = preflight(cli, args, source, target);
	if (rc != ST(USER_NOT_LOGGED_IN) || target->role != COFFER_ROLE_NONE)
		return rc;
	cli->message[0] = '\0';
	return 0;
}

/* Does the challenge secret alone log in there? */
static bool activated(struct cli_session *s, enum coffer_role role)
{
	struct coffer_role_state *list;
	bool is = false;
	size_t count;

	if (coffer_roles(s->session, &list, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		is |= list[i].role == role && list[i].state & COFFER_RS_ACTIVATED &&
		      list[i].state & COFFER_RS_HAS_CHALLENGE;
	free(list);
	return is;
}

/* A password at a target without activation is left aside: its key counts (row 10). */
static coffer_rc login_by_key(struct cli *cli, const struct cli_args *args, const char *option,
			      struct cli_session *target)
{
	if (cli_args_given(args, option))
		out_note(&cli->out, "-%s is not used: slot %u wants the Crypto Officer's black "
			 "key at its PED.", option, target->slot.slot);
	return cli_ped_login(cli, target, COFFER_ROLE_CO, NULL);
}

static coffer_rc login_by_secret(struct cli *cli, const struct cli_args *args,
				 const char *option, struct cli_session *target)
{
	struct secret pin;
	char prompt[80];
	coffer_rc rc;

	snprintf(prompt, sizeof(prompt), "Enter the Crypto Officer's %s of slot %u",
		 cli_ped_card(target) ? "challenge secret" : "password", target->slot.slot);
	rc = cli_secret(cli, args, option, prompt, false, &pin);
	if (rc)
		return rc;
	rc = coffer_login(target->session, COFFER_ROLE_CO, pin.text, pin.len,
			  &target->must_change);
	secret_wipe(&pin);
	return rc;
}

/* A login that this process has already is used; *ours: it is new and ends with the command. */
coffer_rc clone_login(struct cli *cli, const struct cli_args *args, const char *option,
		      struct cli_session *target, bool *ours)
{
	coffer_rc rc;

	if (target->role == COFFER_ROLE_CO || target->role == COFFER_ROLE_LCO ||
	    target->role == COFFER_ROLE_CU)
		return 0;
	if (target->role != COFFER_ROLE_NONE)
		return cli_fail(cli, ST(USER_ANOTHER_ALREADY_LOGGED_IN),
				"at slot %u the %s is logged in: role logout there first",
				target->slot.slot, cli_role_name(target->role));
	out_note(&cli->out, "Logging in to the %s ...",
		 strcmp(option, "password") ? "source" : "target");
	if (cli_ped_card(target) && !activated(target, COFFER_ROLE_CO))
		rc = login_by_key(cli, args, option, target);
	else
		rc = login_by_secret(cli, args, option, target);
	if (rc && cli->message[0])
		return rc;
	if (rc)
		return cli_fail(cli, rc, "login at slot %u failed: %s", target->slot.slot,
				coffer_strerror(rc));
	target->role = COFFER_ROLE_CO;
	*ours = true;
	return 0;
}

coffer_rc clone_session(struct cli *cli, const struct cli_args *args, const char *option,
			struct cli_session **target)
{
	unsigned int slot = (unsigned int)cli_args_number(args, option, 0);
	coffer_rc rc = cli_session_of(cli, slot, target);

	if (rc || (*target)->slot.partition)
		return rc;
	if ((*target)->slot.card_flags & COFFER_CARD_BACKUP)
		return cli_usage(cli, "slot %u is a backup card: partition archive backup -slot %u",
				 slot, slot);
	return cli_usage(cli, "slot %u is a card's own slot and takes no objects", slot);
}

void clone_logout(struct cli_session *target)
{
	coffer_logout(target->session);
	target->role = COFFER_ROLE_NONE;
}

coffer_rc clone_enter(struct cli *cli, const struct cli_args *args, struct cli_session *source,
		      struct cli_session *target, bool *ours)
{
	coffer_rc rc = verify(cli, args, source, target);

	*ours = false;
	if (!rc)
		rc = clone_login(cli, args, "password", target, ours);
	return !rc && *ours ? preflight(cli, args, source, target) : rc;
}

coffer_rc clone_all(struct cli *cli, const struct cli_args *args, struct cli_session *source,
		    struct cli_session *target)
{
	static struct clone_run run;
	coffer_rc rc;

	rc = clone_begin(&run, cli, args, "cloned", source->session);
	if (rc)
		return rc;
	snprintf(run.source, sizeof(run.source), "slot %u", source->slot.slot);
	snprintf(run.target, sizeof(run.target), "slot %u", target->slot.slot);
	rc = coffer_clone(source->session, target->session, &run.options, &run.report);
	return clone_end(&run, rc);
}

coffer_rc cli_partition_clone(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *source, *target;
	bool ours = false;
	coffer_rc rc;

	rc = cli_session_user(cli, &source);
	if (!rc)
		rc = clone_session(cli, args, "slot", &target);
	if (!rc)
		rc = clone_enter(cli, args, source, target, &ours);
	if (!rc)
		rc = clone_all(cli, args, source, target);
	if (ours)
		clone_logout(target);
	return rc;
}
