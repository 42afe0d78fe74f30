// SPDX-License-Identifier: BSD-3-Clause
/*
 * showpolicies, changepolicy: of a partition and of the card (behaviour.md section 3).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define POLICIES_MAX 64

static const char *erases(uint32_t flags)
{
	switch (flags & (COFFER_POLICY_DESTRUCTIVE_ON | COFFER_POLICY_DESTRUCTIVE_OFF)) {
	case 0:
		return "no";
	case COFFER_POLICY_DESTRUCTIVE_ON:
		return "when set";
	case COFFER_POLICY_DESTRUCTIVE_OFF:
		return "when cleared";
	default:
		return "both ways";
	}
}

static coffer_rc show(struct cli *cli, const struct cli_args *args, struct cli_session *s)
{
	bool verbose = cli_args_given(args, "verbose");
	static const struct out_column columns[] = {
		{ "id", "Policy", 6, OUT_NUMBER },
		{ "value", "Value", 6, OUT_NUMBER },
		{ "capability", "Capability", 10, OUT_NUMBER },
		{ "name", "Name", 44, OUT_TEXT },
		{ "erases", "Erases", 0, OUT_TEXT },
	};
	struct coffer_policy *list;
	size_t count;
	coffer_rc rc;

	rc = coffer_policies(s->session, &list, &count);
	if (rc)
		return rc;
	out_table(&cli->out, "policies", columns, verbose || cli->out.json ? 5 : 4);
	for (size_t i = 0; i < count; i++)
		/* A policy without capability cannot be had: not listed (section 3). */
		if (list[i].capability || list[i].value)
			out_row(&cli->out, (union out_cell[]){
				OUT_N(list[i].id), OUT_N(list[i].value), OUT_N(list[i].capability),
				OUT_T(list[i].name), OUT_T(erases(list[i].flags)) });
	out_table_end(&cli->out);
	free(list);
	return cli_template_export(cli, args, s);
}

coffer_rc cli_partition_showpolicies(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc = cli_session_chosen(cli, args, &s);

	return rc ? rc : show(cli, args, s);
}

coffer_rc cli_hsm_showpolicies(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc = cli_session_hsm(cli, args, &s);

	return rc ? rc : show(cli, args, s);
}

/* ---- Change ------------------------------------------------------------------------ */

struct change {
	uint32_t ids[POLICIES_MAX], values[POLICIES_MAX];
	size_t count;
	bool erases;
	char why[64];
};

static bool change_erases(const struct coffer_policy *p, uint32_t value)
{
	if (!p->value && value)
		return p->flags & COFFER_POLICY_DESTRUCTIVE_ON;
	return p->value && !value && p->flags & COFFER_POLICY_DESTRUCTIVE_OFF;
}

static coffer_rc read_change(struct cli *cli, const struct cli_args *args, struct change *c)
{
	size_t values = cli_args_numbers(args, "value", c->values, POLICIES_MAX);

	c->count = cli_args_numbers(args, "policy", c->ids, POLICIES_MAX);
	if (c->count > POLICIES_MAX || values > POLICIES_MAX)
		return cli_usage(cli, "at most %d policies at once", POLICIES_MAX);
	if (c->count != values)
		return cli_usage(cli, "%zu policies, but %zu values", c->count, values);
	return 0;
}

static coffer_rc look_at_effects(struct cli_session *s, struct change *c)
{
	struct coffer_policy *list;
	size_t count;
	coffer_rc rc;

	rc = coffer_policies(s->session, &list, &count);
	if (rc)
		return rc;
	for (size_t i = 0; i < c->count; i++)
		for (size_t j = 0; j < count; j++)
			if (list[j].id == c->ids[i] && change_erases(&list[j], c->values[i])) {
				c->erases = true;
				snprintf(c->why, sizeof(c->why), "%u (%.48s)", list[j].id,
					 list[j].name);
			}
	free(list);
	return 0;
}

static bool drops_domains(const struct change *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->ids[i] == 44 && !c->values[i])
			return true;
	return false;
}

static coffer_rc change(struct cli *cli, const struct cli_args *args, struct cli_session *s)
{
	struct change c = { .count = 0 };
	coffer_rc rc;

	rc = read_change(cli, args, &c);
	if (!rc)
		rc = look_at_effects(s, &c);
	if (!rc && c.erases)
		rc = cli_confirm(cli, args, "changing policy %s erases the objects of %s", c.why,
				 s->slot.partition ? "the partition" : "the whole card");
	if (!rc)
		rc = coffer_policy_set(s->session, c.ids, c.values, c.count, c.erases);
	if (rc == ST(CONFIG_FAILS_DEPENDENCIES) && s->slot.partition && drops_domains(&c))
		return cli_fail(cli, rc, "policy 44 stays on while the partition has more than one "
				"domain: partition domaindelete the others first");
	if (rc)
		return rc;
	out_number(&cli->out, "changed", "Policies changed", c.count);
	out_bool(&cli->out, "erased", "Objects erased", c.erases);
	return 0;
}

/* The only partition of that label, on whichever card (the form of the appliance's shell). */
static coffer_rc session_labelled(struct cli *cli, const char *label, struct cli_session **s)
{
	struct coffer_slot *list;
	size_t count, found = 0;
	unsigned int slot = 0;
	coffer_rc rc = cli_slots(cli, &list, &count);

	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		if (list[i].partition && !strcmp(list[i].label, label)) {
			slot = list[i].slot;
			found++;
		}
	free(list);
	if (!found)
		return cli_fail(cli, ST(TOKEN_NOT_PRESENT), "no partition is labelled %s", label);
	if (found > 1)
		return cli_usage(cli, "several partitions are labelled %s: slot set to one",
				 label);
	return cli_session_of(cli, slot, s);
}

coffer_rc cli_partition_changepolicy(struct cli *cli, const struct cli_args *args)
{
	const char *label = cli_args_text(args, "partition", NULL);
	struct cli_session *s;
	coffer_rc rc = label ? session_labelled(cli, label, &s) : cli_session_current(cli, &s);

	return rc ? rc : change(cli, args, s);
}

coffer_rc cli_hsm_changepolicy(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *s;
	coffer_rc rc = cli_session_admin(cli, &s);

	return rc ? rc : change(cli, args, s);
}
