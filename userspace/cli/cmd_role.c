// SPDX-License-Identifier: BSD-3-Clause
/*
 * role list, show, login, logout, init, changepw, resetpw, createchallenge, deactivate
 * (behaviour.md sections 5.1, 5.3 and 6.3), and the verbs of partition that were before roles.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli.h"
#include "coffer/manage.h"

/* A partition of a card of before 6.22, where there are no roles to choose from (row 79). */
static bool without_roles(const struct cli_session *s)
{
	return s->slot.partition && (s->slot.card_flags & COFFER_CARD_NO_PPSO);
}

static coffer_rc login_as(struct cli *cli, struct cli_session *s, const struct cli_args *args,
			  const char *role)
{
	coffer_rc rc = cli_login(cli, s, args, role);

	if (rc)
		return rc;
	out_number(&cli->out, "slot", "Slot Id", s->slot.slot);
	out_text(&cli->out, "role", "Logged in", cli_role_name(s->role));
	out_bool(&cli->out, "must_change_password", "Password must change", s->must_change);
	return 0;
}

coffer_rc cli_role_login(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc;

	rc = cli_session_current(cli, &s);
	if (!rc && without_roles(s))
		rc = cli_fail(cli, ST(FUNCTION_NOT_SUPPORTED),
			      "slot %u is of before 6.22, where roles do not log in: partition "
			      "login", s->slot.slot);
	return rc ? rc : login_as(cli, s, args, cli_args_text(args, "name", ""));
}

static coffer_rc session_without_roles(struct cli *cli, const char *instead,
				       struct cli_session **s)
{
	coffer_rc rc = cli_session_current(cli, s);

	if (!rc && !without_roles(*s))
		rc = cli_fail(cli, ST(FUNCTION_NOT_SUPPORTED),
			      "slot %u is no partition of a card of before 6.22: %s",
			      (*s)->slot.slot, instead);
	return rc;
}

/* The partition's user is its Crypto Officer. */
coffer_rc cli_partition_login(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc = session_without_roles(cli, "role login -name co", &s);

	return rc ? rc : login_as(cli, s, args, "co");
}

coffer_rc cli_partition_logout(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc = session_without_roles(cli, "role logout", &s);

	return rc ? rc : cli_role_logout(cli, args);
}

/* What a verb of partition does for a role: "partition changepw" the Crypto Officer's. */
static const char *partition_role(const struct cli_args *args)
{
	return strcmp(args->command->verb, "createuser") ? "co" : "cu";
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

#define STATE_ROOM 120

static const char *state_text(const struct coffer_role_state *r, char *out, size_t room)
{
	snprintf(out, room, "%s%s%s%s%s%s",
		 r->state & COFFER_RS_INITIALIZED ? "initialised" : "not initialised",
		 r->state & COFFER_RS_LOCKED ? ", locked" : "",
		 r->state & COFFER_RS_HAS_CHALLENGE ? ", has challenge" : "",
		 r->state & COFFER_RS_ACTIVATED ? ", activated" : "",
		 r->state & COFFER_RS_PIN_MUST_CHANGE ? ", password must change" : "",
		 r->state & COFFER_RS_CHALLENGE_MUST_CHANGE ? ", challenge must change" : "");
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
	char text[STATE_ROOM];
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

/* The current slot and the role of option -name, or of a verb of partition. */
static coffer_rc role_named(struct cli *cli, const struct cli_args *args, struct cli_session **s,
			    struct coffer_role_state *role)
{
	bool by_verb = !strcmp(args->command->noun, "partition");
	coffer_rc rc = by_verb ? session_without_roles(cli, "roles have these commands there "
						       "(help role)", s) :
				 cli_session_current(cli, s);

	return rc ? rc : cli_role_parse(cli, *s, by_verb ? partition_role(args) :
					cli_args_text(args, "name", ""), role);
}

coffer_rc cli_role_show(struct cli *cli, const struct cli_args *args)
{
	struct coffer_role_state role;
	struct out *o = &cli->out;
	struct cli_session *s;
	coffer_rc rc;

	rc = role_named(cli, args, &s, &role);
	if (rc)
		return rc;
	out_text(o, "name", "Role", role.name);
	out_bool(o, "initialised", "Initialised", role.state & COFFER_RS_INITIALIZED);
	out_bool(o, "locked", "Locked", role.state & COFFER_RS_LOCKED);
	out_bool(o, "challenge", "Has a challenge secret", role.state & COFFER_RS_HAS_CHALLENGE);
	out_bool(o, "activated", "Activated", role.state & COFFER_RS_ACTIVATED);
	out_bool(o, "password_must_change", "Password must change",
		 role.state & COFFER_RS_PIN_MUST_CHANGE);
	out_bool(o, "challenge_must_change", "Challenge must change",
		 role.state & COFFER_RS_CHALLENGE_MUST_CHANGE);
	out_number(o, "attempts_left", "Attempts left", role.attempts_left);
	return 0;
}

/* ---- Passwords and keys ------------------------------------------------------------ */

typedef coffer_rc set_password(struct coffer_session *, enum coffer_role, const char *, size_t);

struct key_step {
	enum coffer_role role;
	bool alone;			/* of a change: other programs are logged out */
	set_password *set;		/* NULL: change */
};

static coffer_rc key_step(struct coffer_session *session, void *arg)
{
	const struct key_step *k = arg;

	if (k->set)
		return k->set(session, k->role, NULL, 0);
	return (k->alone ? coffer_role_change_alone : coffer_role_change)(session, k->role, NULL,
									   0, NULL, 0);
}

static coffer_rc first_or_new_password(struct cli *cli, const struct cli_args *args,
				       struct cli_session *s, enum coffer_role role,
				       set_password *set)
{
	struct secret pin;
	coffer_rc rc;

	rc = cli_secret(cli, args, "password", "Enter the role's new password", true, &pin);
	if (rc)
		return rc;
	rc = set(s->session, role, pin.text, pin.len);
	secret_wipe(&pin);
	return rc;
}

static coffer_rc first_or_new_key(struct cli *cli, const struct cli_args *args,
				  struct cli_session *s, enum coffer_role role, set_password *set)
{
	struct key_step step = { .role = role, .set = set };
	coffer_rc rc = cli_no_password(cli, args, "password");

	return rc ? rc : cli_ped_wait(cli, s, key_step, &step);
}

static coffer_rc first_or_new(struct cli *cli, const struct cli_args *args, set_password *set)
{
	struct coffer_role_state role;
	struct cli_session *s;
	coffer_rc rc;

	rc = role_named(cli, args, &s, &role);
	if (!rc && cli_ped_card(s))
		rc = first_or_new_key(cli, args, s, role.role, set);
	else if (!rc)
		rc = first_or_new_password(cli, args, s, role.role, set);
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

/* -prompt asks, whatever credential systemd has. */
static coffer_rc asked_or_given(struct cli *cli, const struct cli_args *args, const char *name,
				const char *prompt, bool twice, struct secret *out)
{
	if (!cli_args_given(args, "prompt"))
		return cli_secret(cli, args, name, prompt, twice, out);
	secret_wipe(out);
	if (cli_args_given(args, name))
		return cli_usage(cli, "-prompt and -%s exclude each other", name);
	return cli_secret_ask(cli, name, prompt, twice, out);
}

static coffer_rc change_secret(struct cli *cli, const struct cli_args *args,
			       struct cli_session *s, enum coffer_role role, const char *what)
{
	bool alone = cli_args_given(args, "logoutother");
	struct secret old, new = { 0 };
	char prompt[64];
	coffer_rc rc;

	snprintf(prompt, sizeof(prompt), "Enter the %s of now", what);
	rc = asked_or_given(cli, args, "oldpw", prompt, false, &old);
	if (rc)
		return rc;
	snprintf(prompt, sizeof(prompt), "Enter the new %s", what);
	rc = asked_or_given(cli, args, "newpw", prompt, true, &new);
	if (!rc)
		rc = (alone ? coffer_role_change_alone : coffer_role_change)(
			s->session, role, old.text, old.len, new.text, new.len);
	secret_wipe(&old);
	secret_wipe(&new);
	return rc;
}

/* On a card with a PED the key is made anew, unless it is the challenge that is to change. */
static bool changes_key(const struct cli_args *args, const struct cli_session *s,
			const struct coffer_role_state *role)
{
	bool given = cli_args_given(args, "oldpw") || cli_args_given(args, "newpw");

	return cli_ped_card(s) && !given && !(role->state & COFFER_RS_CHALLENGE_MUST_CHANGE);
}

coffer_rc cli_role_changepw(struct cli *cli, const struct cli_args *args)
{
	struct coffer_role_state role;
	struct key_step step = { 0 };
	struct cli_session *s;
	coffer_rc rc;

	rc = role_named(cli, args, &s, &role);
	if (rc)
		return rc;
	step.role = role.role;
	step.alone = cli_args_given(args, "logoutother");
	if (changes_key(args, s, &role))
		rc = cli_ped_wait(cli, s, key_step, &step);
	else
		rc = change_secret(cli, args, s, role.role,
				   cli_ped_card(s) ? "challenge secret" : "password");
	if (rc == ST(FUNCTION_NOT_SUPPORTED) && step.alone)
		return cli_fail(cli, rc, "-logoutother needs firmware 7.8.1: leave it out");
	if (rc)
		return cli_wrong_password(cli, s, rc, role.role);
	out_text(&cli->out, "role", "Role", role.name);
	return cli_session_refresh(s);
}

/* ---- Activation (behaviour.md 5.3) ------------------------------------------------- */

static coffer_rc explain_activation(struct cli *cli, const struct cli_session *s, coffer_rc rc)
{
	if (rc == ST(PED_UNSUPPORTED) && !cli_ped_card(s))
		return cli_fail(cli, rc, "this card has passwords: challenge secrets and "
				"activation belong to cards with a PED");
	if (rc == ST(USER_ALREADY_ACTIVATED))
		return cli_fail(cli, rc, "the role is activated: role deactivate comes first, or "
				"who sets the secret could go in without the key");
	return rc;
}

coffer_rc cli_role_createchallenge(struct cli *cli, const struct cli_args *args)
{
	struct coffer_role_state role;
	struct secret challenge = { 0 };
	struct cli_session *s;
	coffer_rc rc;

	rc = role_named(cli, args, &s, &role);
	if (!rc)
		rc = cli_secret(cli, args, "challengesecret", "Enter a challenge secret", true,
				&challenge);
	if (!rc)
		rc = coffer_role_challenge(s->session, role.role, challenge.text, challenge.len);
	secret_wipe(&challenge);
	if (rc)
		return explain_activation(cli, s, rc);
	out_text(&cli->out, "role", "Role", role.name);
	return 0;
}

coffer_rc cli_role_deactivate(struct cli *cli, const struct cli_args *args)
{
	struct coffer_role_state role;
	struct cli_session *s;
	coffer_rc rc;

	rc = role_named(cli, args, &s, &role);
	if (!rc)
		rc = coffer_role_deactivate(s->session, role.role);
	if (rc)
		return explain_activation(cli, s, rc);
	out_text(&cli->out, "role", "Deactivated role", role.name);
	return 0;
}

/* Policy 22, behaviour.md 5.3. */
static bool keeps_keys(struct cli_session *s)
{
	struct coffer_policy *list;
	bool on = false;
	size_t count;

	if (coffer_policies(s->session, &list, &count))
		return true;	/* the card decides */
	for (size_t i = 0; i < count; i++)
		on |= list[i].id == 22 && list[i].value;
	free(list);
	return on;
}

/* A login whose key stays: only where policy 22 lets it. */
coffer_rc cli_partition_activate(struct cli *cli, const struct cli_args *args)
{
	struct coffer_role_state role;
	struct cli_session *s;
	coffer_rc rc = role_named(cli, args, &s, &role);

	if (!rc && !cli_ped_card(s))
		return explain_activation(cli, s, ST(PED_UNSUPPORTED));
	if (!rc && !keeps_keys(s))
		rc = cli_fail(cli, ST(OPERATION_NOT_ALLOWED), "policy 22 is off: partition "
			      "changepolicy -policy 22 -value 1 comes first");
	return rc ? rc : login_as(cli, s, args, "co");
}
