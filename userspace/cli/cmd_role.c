// SPDX-License-Identifier: BSD-3-Clause
/*
 * role list, login, logout, init, changepw, resetpw (behaviour.md sections 5.1 and 6.3).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"

coffer_rc cli_role_login(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = cli_login(cli, s, args, cli_args_text(args, "name", ""));
	if (rc)
		return rc;
	out_number(&cli->out, "slot", "Slot Id", s->slot.slot);
	out_text(&cli->out, "role", "Logged in", cli_role_name(s->role));
	out_bool(&cli->out, "must_change_password", "Password must change", s->must_change);
	return 0;
}

coffer_rc cli_role_logout(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	(void)args;
	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = coffer_logout(s->session);
	if (rc)
		return rc;
	s->role = COFFER_ROLE_NONE;
	s->must_change = false;
	return 0;
}

/* ---- State ------------------------------------------------------------------------- */

static const char *state_text(const struct coffer_role_state *r, char *out, size_t room)
{
	snprintf(out, room, "%s%s%s%s",
		 r->state & COFFER_RS_INITIALIZED ? "initialised" : "not initialised",
		 r->state & COFFER_RS_LOCKED ? ", locked" : "",
		 r->state & COFFER_RS_ACTIVATED ? ", activated" : "",
		 r->state & COFFER_RS_PIN_MUST_CHANGE ? ", password must change" : "");
	return out;
}

coffer_rc cli_role_list(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "name", "Role", 24, OUT_TEXT },	{ "short_name", "Short", 6, OUT_TEXT },
		{ "attempts_left", "Attempts", 8, OUT_NUMBER },
		{ "state_bits", "Bits", 5, OUT_HEX },	{ "state", "State", 0, OUT_TEXT },
	};
	struct coffer_role_state *list;
	struct cli_session *s;
	char text[80];
	size_t count;
	coffer_rc rc;

	(void)args;
	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = coffer_roles(s->session, &list, &count);
	if (rc)
		return rc;
	out_table(&cli->out, "roles", columns, 5);
	for (size_t i = 0; i < count; i++)
		out_row(&cli->out, (union out_cell[]){
			OUT_T(list[i].name), OUT_T(list[i].short_name),
			OUT_N(list[i].attempts_left), OUT_N(list[i].state),
			OUT_T(state_text(&list[i], text, sizeof(text))) });
	out_table_end(&cli->out);
	free(list);
	rc = cli_session_refresh(s);
	if (!rc)
		out_text(&cli->out, "logged_in", "Logged in", cli_role_name(s->role));
	return rc;
}

/* ---- Passwords --------------------------------------------------------------------- */

typedef coffer_rc set_password(struct coffer_session *, enum coffer_role, const char *, size_t);

static coffer_rc first_or_new(struct cli *cli, const struct cli_args *args, set_password *set)
{
	struct coffer_role_state role;
	struct cli_session *s;
	struct secret pin;
	coffer_rc rc;

	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = cli_role_parse(cli, s, cli_args_text(args, "name", ""), &role);
	if (!rc)
		rc = cli_secret(cli, args, "password", "Enter the role's new password", true, &pin);
	if (rc)
		return rc;
	rc = set(s->session, role.role, pin.text, pin.len);
	secret_wipe(&pin);
	if (!rc)
		out_text(&cli->out, "role", "Role", role.name);
	return rc;
}

coffer_rc cli_role_init(struct cli *cli, const struct cli_args *args)
{
	return first_or_new(cli, args, coffer_role_init);
}

coffer_rc cli_role_resetpw(struct cli *cli, const struct cli_args *args)
{
	return first_or_new(cli, args, coffer_role_reset);
}

coffer_rc cli_role_changepw(struct cli *cli, const struct cli_args *args)
{
	struct coffer_role_state role;
	struct secret old, new = { 0 };
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = cli_role_parse(cli, s, cli_args_text(args, "name", ""), &role);
	if (!rc)
		rc = cli_secret(cli, args, "oldpw", "Enter the password of now", false, &old);
	if (rc)
		return rc;
	rc = cli_secret(cli, args, "newpw", "Enter the new password", true, &new);
	if (!rc)
		rc = coffer_role_change(s->session, role.role, old.text, old.len, new.text,
					new.len);
	secret_wipe(&old);
	secret_wipe(&new);
	if (rc)
		return cli_wrong_password(cli, s, rc, role.role);
	out_text(&cli->out, "role", "Role", role.name);
	return cli_session_refresh(s);
}
