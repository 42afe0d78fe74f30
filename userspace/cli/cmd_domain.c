// SPDX-License-Identifier: BSD-3-Clause
/*
 * partition domainlist, domainadd, domaindelete, domainchangelabel; ciphershow, cipherenable,
 * cipherdisable (behaviour.md sections 1.3 and 2).
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* The current slot, if it is a partition. */
static coffer_rc partition(struct cli *cli, struct cli_session **s)
{
	coffer_rc rc = cli_session_current(cli, s);

	if (!rc && !(*s)->slot.partition)
		rc = cli_usage(cli, "slot %u is a card's own slot: slot set first",
			       (*s)->slot.slot);
	return rc;
}

/* ---- Domains ----------------------------------------------------------------------- */

/* What is wrong with a label that the card did not take: it says only that it is. */
static coffer_rc label_fault(struct cli *cli, struct cli_session *s, const char *existing)
{
	struct coffer_domain *list;
	size_t count, i = 0;
	bool there;

	if (existing && !coffer_domains(s->session, &list, &count)) {
		while (i < count && strcmp(list[i].label, existing))
			i++;
		there = i < count;
		free(list);
		if (!there)
			return cli_fail(cli, ST(DOMAIN_LABEL_INVALID),
					"no domain is labelled \"%s\": see partition domainlist",
					existing);
	}
	return cli_fail(cli, ST(DOMAIN_LABEL_INVALID),
			"a label has 1 to 32 characters, and neither it nor a domain's text may be "
			"the same as the other");
}

static bool has_policy_44(const struct cli_session *s)
{
	struct coffer_policy *list;
	bool has = false;
	size_t count;

	if (coffer_policies(s->session, &list, &count))
		return true;
	for (size_t i = 0; i < count; i++)
		has |= list[i].id == 44;
	free(list);
	return has;
}

/* The mend, where the card's word does not name it. @existing: label that has to exist, or NULL. */
static coffer_rc explain(struct cli *cli, struct cli_session *s, coffer_rc rc,
			 const char *existing)
{
	switch (rc) {
	case ST(FUNCTION_NOT_SUPPORTED):
		return cli_fail(cli, rc, "this card has one domain, fixed until partition init: "
				"several came with firmware 7.8.0");
	case ST(DOMAIN_MANAGEMENT_NOT_ALLOWED):
		if (!has_policy_44(s))
			return cli_fail(cli, rc, "this partition has one domain, fixed until "
					"partition init");
		return cli_fail(cli, rc, "policy 44 (Allow Extended Domain Management) is off: as "
				"po, partition changepolicy -policy 44 -value 1");
	case ST(DOMAIN_LABEL_INVALID):
		return label_fault(cli, s, existing);
	case ST(DOMAIN_MAX_REACHED):
		return cli_fail(cli, rc, "the partition has three domains already: partition "
				"domaindelete one first");
	case ST(DOMAIN_NO_PRIMARY):
		return cli_fail(cli, rc, "\"%s\" is the primary domain: make another one primary "
				"first, partition domainchangelabel -domainlabel L -primary",
				existing);
	case ST(DOMAIN_EXTRA_PRIMARY):
		return cli_fail(cli, rc, "\"%s\" is the primary domain already", existing);
	default:
		return rc;
	}
}

coffer_rc cli_partition_domainlist(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "label", "Domain Label", 32, OUT_TEXT },
		{ "kind", "Kind", 7, OUT_TEXT },
		{ "primary", "Primary", 0, OUT_YES },
	};
	struct coffer_domain *list;
	struct cli_session *s;
	size_t count;
	coffer_rc rc;

	(void)args;
	rc = partition(cli, &s);
	if (!rc)
		rc = explain(cli, s, coffer_domains(s->session, &list, &count), NULL);
	if (rc)
		return rc;
	out_table(&cli->out, "domains", columns, 3);
	for (size_t i = 0; i < count; i++)
		out_row(&cli->out, (union out_cell[]){
			OUT_T(*list[i].label || cli->out.json ? list[i].label : "(no label)"),
			OUT_T(list[i].ped ? "red key" : "text"),
			OUT_N(list[i].primary) });
	out_table_end(&cli->out);
	free(list);
	return 0;
}

struct red_key {
	const char *label;
	bool primary;
};

static coffer_rc red_key_step(struct coffer_session *session, void *arg)
{
	const struct red_key *r = arg;

	return coffer_domain_add_ped(session, r->label, r->primary);
}

static coffer_rc add_text(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			  const struct red_key *r)
{
	struct secret domain = { 0 };
	coffer_rc rc;

	rc = cli_secret(cli, args, "domain", "Enter the cloning domain", true, &domain);
	if (!rc)
		rc = coffer_domain_add(s->session, r->label, domain.text, r->primary);
	secret_wipe(&domain);
	return rc;
}

coffer_rc cli_partition_domainadd(struct cli *cli, const struct cli_args *args)
{
	const char *label = cli_args_text(args, "domainlabel", "");
	bool ped = cli_args_given(args, "domainped"), primary = cli_args_given(args, "primary");
	struct red_key red = { label, primary };
	struct cli_session *s;
	coffer_rc rc;

	if (ped && cli_args_given(args, "domain"))
		return cli_usage(cli, "-domain and -domainped exclude each other");
	rc = partition(cli, &s);
	if (!rc)
		rc = ped ? cli_ped_wait(cli, s, red_key_step, &red) : add_text(cli, args, s, &red);
	if (rc == ST(OPERATION_NOT_ALLOWED) && ped)
		return cli_red_key_refused(cli, rc);
	if (rc)
		return explain(cli, s, rc, NULL);
	out_text(&cli->out, "label", "Added domain", label);
	out_key_text(&cli->out, "kind", ped ? "red key" : "text");
	out_bool(&cli->out, "primary", "Primary", primary);
	return 0;
}

coffer_rc cli_partition_domaindelete(struct cli *cli, const struct cli_args *args)
{
	const char *label = cli_args_text(args, "domainlabel", "");
	struct cli_session *s;
	coffer_rc rc;

	rc = partition(cli, &s);
	if (!rc)
		rc = cli_confirm(cli, args, "partition domaindelete ends cloning by domain \"%s\"; "
				 "objects stay", label);
	if (!rc)
		rc = explain(cli, s, coffer_domain_delete(s->session, label), label);
	if (!rc)
		out_text(&cli->out, "label", "Deleted domain", label);
	return rc;
}

coffer_rc cli_partition_domainchangelabel(struct cli *cli, const struct cli_args *args)
{
	const char *label = cli_args_text(args, "domainlabel", "");
	const char *to = cli_args_text(args, "newlabel", label);
	bool primary = cli_args_given(args, "primary");
	struct cli_session *s;
	coffer_rc rc;

	if (!primary && !cli_args_given(args, "newlabel"))
		return cli_usage(cli, "give -newlabel, -primary or both");
	rc = partition(cli, &s);
	if (!rc)
		rc = explain(cli, s, coffer_domain_change(s->session, label, to, primary), label);
	if (rc)
		return rc;
	out_text(&cli->out, "label", "Domain", to);
	if (primary)
		out_bool(&cli->out, "primary", "Primary", true);
	return 0;
}

/* ---- Cipher suites ----------------------------------------------------------------- */

static coffer_rc explain_cipher(struct cli *cli, coffer_rc rc, unsigned int id)
{
	switch (rc) {
	case ST(FUNCTION_NOT_SUPPORTED):
		return cli_fail(cli, rc, "this card has no CPv4 and so no cipher suites");
	case ST(MECHANISM_INVALID):
		return cli_fail(cli, rc, "there is no cipher suite %u: see partition ciphershow",
				id);
	default:
		return rc;
	}
}

coffer_rc cli_partition_ciphershow(struct cli *cli, const struct cli_args *args)
{
	static const struct out_column columns[] = {
		{ "id", "Id", 4, OUT_NUMBER },
		{ "name", "Cipher Suite", 32, OUT_TEXT },
		{ "enabled", "Enabled", 0, OUT_YES },
	};
	struct coffer_cipher *list;
	struct cli_session *s;
	size_t count;
	coffer_rc rc;

	(void)args;
	rc = partition(cli, &s);
	if (!rc)
		rc = explain_cipher(cli, coffer_ciphers(s->session, &list, &count), 0);
	if (rc)
		return rc;
	out_table(&cli->out, "ciphers", columns, 3);
	for (size_t i = 0; i < count; i++)
		out_row(&cli->out, (union out_cell[]){
			OUT_N(list[i].id), OUT_T(list[i].name),
			OUT_N(list[i].enabled) });
	out_table_end(&cli->out);
	free(list);
	return 0;
}

/* A partition without suites cannot clone by CPv4: said when the last one goes. */
static void warn_if_none(struct cli *cli, struct cli_session *s)
{
	struct coffer_partition_details d;

	if (!coffer_partition_info(s->session, &d) && !d.suites)
		out_note(&cli->out, "warning: no cipher suite is left: CPv4 is off, and CPv3, "
			 "where the other side has it, is used instead");
}

static coffer_rc cipher_set(struct cli *cli, const struct cli_args *args, bool enabled)
{
	unsigned int id = (unsigned int)cli_args_number(args, "id", 0);
	struct cli_session *s;
	coffer_rc rc;

	rc = partition(cli, &s);
	if (!rc)
		rc = explain_cipher(cli, coffer_cipher_set(s->session, id, enabled), id);
	if (rc)
		return rc;
	out_number(&cli->out, "id", "Cipher suite", id);
	out_bool(&cli->out, "enabled", "Enabled", enabled);
	if (!enabled)
		warn_if_none(cli, s);
	return 0;
}

coffer_rc cli_partition_cipherenable(struct cli *cli, const struct cli_args *args)
{
	return cipher_set(cli, args, true);
}

coffer_rc cli_partition_cipherdisable(struct cli *cli, const struct cli_args *args)
{
	return cipher_set(cli, args, false);
}
