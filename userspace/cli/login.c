// SPDX-License-Identifier: BSD-3-Clause
/* Who somebody says he is, and the login of a slot's session. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

/* ---- Names ------------------------------------------------------------------------- */

/*
 * The card's list decides: a role without a short name has to be spelled in full, in its own
 * case (behaviour.md row 80).
 */
static bool names_role(const struct coffer_role_state *r, const char *text)
{
	if (!r->short_name[0])
		return !strcmp(text, r->name);
	return !strcasecmp(text, r->name) || !strcasecmp(text, r->short_name);
}

static coffer_rc unknown_role(struct cli *cli, const char *text,
			      const struct coffer_role_state *list, size_t count)
{
	char names[200] = "";
	size_t at = 0;

	for (size_t i = 0; i < count && at < sizeof(names); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				       list[i].short_name[0] ? list[i].short_name : list[i].name);
	cli_fail(cli, ST(USER_TYPE_INVALID), "this slot has no role \"%s\"; it has: %s",
		 text, names);
	return ST(USER_TYPE_INVALID);
}

coffer_rc cli_role_parse(struct cli *cli, struct cli_session *s, const char *text,
			 struct coffer_role_state *role)
{
	struct coffer_role_state *list;
	size_t count, i;
	coffer_rc rc;

	rc = coffer_roles(s->session, &list, &count);
	if (rc)
		return rc;
	for (i = 0; i < count; i++)
		if (names_role(&list[i], text))
			break;
	if (i < count)
		*role = list[i];
	else
		rc = unknown_role(cli, text, list, count);
	free(list);
	return rc;
}

static void lower(char *out, size_t room, const char *text)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < room; i++)
		out[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32 : text[i]);
	out[i] = '\0';
}

/* ---- Login ------------------------------------------------------------------------- */

coffer_rc cli_wrong_password(struct cli *cli, struct cli_session *s, coffer_rc rc,
			     enum coffer_role role)
{
	struct coffer_role_state *list;
	size_t count;
	const char *what = rc == ST(CHALLENGE_INCORRECT) ? "challenge secret" :
			   cli_ped_card(s) ? "PED key or PIN of it" : "password";

	if (rc != ST(PIN_INCORRECT) && rc != ST(CHALLENGE_INCORRECT))
		return rc;
	if (coffer_roles(s->session, &list, &count))
		return rc;
	for (size_t i = 0; i < count; i++)
		if (list[i].role == role)
			cli_fail(cli, rc, "wrong %s; %u attempts are left", what,
				 list[i].attempts_left);
	free(list);
	return rc;
}

/* With the challenge secret where the role is activated. */
static coffer_rc login_by_secret(struct cli *cli, struct cli_session *s,
				 const struct cli_args *args, const struct coffer_role_state *role)
{
	const char *what = cli_ped_card(s) ? "challenge secret" : "password";
	struct secret pin;
	char name[8];
	coffer_rc rc;

	lower(name, sizeof(name), cli_role_short(role->role));
	rc = cli_pin(cli, args, what, name, &pin);
	if (rc)
		return rc;
	rc = coffer_login(s->session, role->role, pin.text, pin.len, &s->must_change);
	secret_wipe(&pin);
	return rc;
}

/* Where there is a challenge, one that is given is tried together with the key. */
static coffer_rc login_by_key(struct cli *cli, struct cli_session *s, const struct cli_args *args,
			      const struct coffer_role_state *role)
{
	bool given = (args && cli_args_given(args, "password")) || cli->set.pin_given;
	struct secret challenge = { 0 };
	coffer_rc rc = 0;

	if (given && role->state & COFFER_RS_HAS_CHALLENGE)
		rc = cli_pin(cli, args, "challenge secret", "", &challenge);
	else if (given)
		out_note(&cli->out, "The password is not used: the PED asks for the key of the %s.",
			 role->name);
	if (!rc)
		rc = cli_ped_login(cli, s, role->role, &challenge);
	secret_wipe(&challenge);
	return rc;
}

static bool by_challenge(const struct coffer_role_state *role)
{
	return role->state & COFFER_RS_ACTIVATED && role->state & COFFER_RS_HAS_CHALLENGE;
}

coffer_rc cli_login(struct cli *cli, struct cli_session *s, const struct cli_args *args,
		    const char *role_text)
{
	struct coffer_role_state role;
	char name[8];
	coffer_rc rc;

	rc = cli_role_parse(cli, s, role_text, &role);
	if (rc)
		return rc;
	if (cli_ped_card(s) && !by_challenge(&role))
		rc = login_by_key(cli, s, args, &role);
	else
		rc = login_by_secret(cli, s, args, &role);
	if (rc)
		return cli_wrong_password(cli, s, rc, role.role);
	s->role = role.role;
	lower(name, sizeof(name), cli_role_short(role.role));
	if (s->must_change)
		out_note(&cli->out, "This %s is for the first login only: role changepw -name %s",
			 cli_ped_card(s) ? "challenge secret" : "password", name);
	return 0;
}
