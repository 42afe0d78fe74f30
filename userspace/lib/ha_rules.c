// SPDX-License-Identifier: BSD-3-Clause
/* The rules of groups as tables of questions, each with its answer and the mend. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ha_rules.h"
#include "supported.h"

#define V(major, minor, patch) ((major) << 16 | (minor) << 8 | (patch))

enum {
	P_PRIVATE_CLONING = 0, P_SECRET_CLONING = 4, P_ACTIVATION = 22, P_AUTO_ACTIVATION = 23,
	H_CLONING = 7, H_NETWORK_REPLICATION = 16,
};

/* A policy that firmware does not have is as good as on. */
static uint32_t value_of(const struct coffer_policy *list, size_t n, uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return list[i].value;
	return 1;
}

static coffer_rc refuse(char **text, coffer_rc rc, char *line)
{
	text_set(text, line);
	return rc;
}

static unsigned long long serial(const struct ha_facts *f)
{
	return (unsigned long long)f->serial;
}

/* ---- One member -------------------------------------------------------------- */

static bool is_ped(const struct ha_facts *f)
{
	return f->card_flags & COFFER_CARD_PED;
}

static bool is_cloud(const struct ha_facts *f)
{
	return f->card_flags & COFFER_CARD_CLOUD;
}

static coffer_rc rule_policies(const struct ha_facts *f, char **text)
{
	static const uint32_t hsm[] = { H_CLONING, H_NETWORK_REPLICATION };
	static const uint32_t partition[] = { P_PRIVATE_CLONING, P_SECRET_CLONING };

	for (size_t i = 0; i < 2; i++)
		if (!value_of(f->hsm, f->n_hsm, hsm[i]))
			return refuse(text, ST(OPERATION_NOT_ALLOWED),
				      text_of("HSM policy %u is off on the card of partition "
					      "%llu: its so has to turn it on, hsm changepolicy "
					      "-policy %u -value 1", hsm[i], serial(f), hsm[i]));
	for (size_t i = 0; i < 2; i++)
		if (!value_of(f->partition, f->n_partition, partition[i]))
			return refuse(text, ST(OPERATION_NOT_ALLOWED),
				      text_of("partition policy %u is off on %llu: its po has to "
					      "turn it on, partition changepolicy -policy %u "
					      "-value 1", partition[i], serial(f),
					      partition[i]));
	return 0;
}

/* Row 49: nobody stands by with a key when the library logs in. */
static coffer_rc rule_activation(const struct ha_facts *f, char **text)
{
	if (!is_ped(f))
		return 0;
	if (!value_of(f->partition, f->n_partition, P_ACTIVATION))
		return refuse(text, ST(OPERATION_NOT_ALLOWED),
			      text_of("partition %llu is not activated: as po, partition "
				      "changepolicy -policy 22 -value 1", serial(f)));
	if (!(f->co_state & COFFER_RS_HAS_CHALLENGE))
		return refuse(text, ST(OPERATION_NOT_ALLOWED),
			      text_of("partition %llu has no challenge secret: as po, role "
				      "createchallenge -name co", serial(f)));
	if (!(f->co_state & COFFER_RS_ACTIVATED))
		return refuse(text, ST(OPERATION_NOT_ALLOWED),
			      text_of("the Crypto Officer of partition %llu is not activated: "
				      "role login -name co there once, with the key",
				      serial(f)));
	return 0;
}

static coffer_rc rule_officer(const struct ha_facts *f, char **text)
{
	if (f->kind == COFFER_PART_KIND_ADMIN || f->kind == COFFER_PART_KIND_BACKUP)
		return refuse(text, ST(OPERATION_NOT_ALLOWED),
			      text_of("%llu is no application partition", serial(f)));
	if (!(f->co_state & COFFER_RS_INITIALIZED))
		return refuse(text, ST(USER_PIN_NOT_INITIALIZED),
			      text_of("partition %llu has no Crypto Officer yet: role init "
				      "-name co", serial(f)));
	if (f->co_state & COFFER_RS_LOCKED)
		return refuse(text, ST(PIN_LOCKED),
			      text_of("the Crypto Officer of partition %llu is locked: role "
				      "resetpw -name co", serial(f)));
	return 0;
}

typedef coffer_rc member_rule(const struct ha_facts *f, char **text);

coffer_rc ha_rule_member(const struct ha_facts *f, char **text)
{
	static member_rule *const rules[] = { rule_officer, rule_policies, rule_activation };
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < sizeof(rules) / sizeof(rules[0]); i++)
		rc = rules[i](f, text);
	return rc;
}

/* ---- Two members ------------------------------------------------------------- */

static coffer_rc pair_methods(const struct ha_client *client, const struct ha_facts *p,
			      const struct ha_facts *j, char **text)
{
	bool cloud = is_cloud(p) || is_cloud(j);

	if (!(is_ped(p) ^ is_ped(j)))
		return 0;
	if (!cloud)
		return refuse(text, ST(OPERATION_NOT_ALLOWED),
			      text_of("one of %llu and %llu has passwords, the other a PED: all "
				      "members have the same", serial(p), serial(j)));
	/* Row 64: to fail over from keys to a service. */
	if (client->version < V(10, 5, 0))
		return refuse(text, ST(OPERATION_NOT_ALLOWED),
			      text_of("members with a PED and a cloud service in one group need "
				      "client 10.5.0 or later: set ClientVersion"));
	return 0;
}

/* Row 65. */
static coffer_rc pair_fips(const struct ha_client *client, const struct ha_facts *p,
			   const struct ha_facts *j, char **text)
{
	if (p->fips == j->fips || client->version >= V(10, 4, 0))
		return 0;
	return refuse(text, ST(FIPS_MISMATCH),
		      text_of("only %llu allows nothing but approved algorithms: such groups need "
			      "client 10.4.0 or later, or give both the same policy 43 (HSM "
			      "policy 12)", serial(p->fips ? p : j)));
}

/* Row 54: whoever is updated first must not be the one that serves the others. */
static coffer_rc pair_order(const struct ha_client *client, const struct ha_facts *p,
			    const struct ha_facts *j, char **text)
{
	(void)client;
	if (is_cloud(p) || is_cloud(j) || p->fw_version < V(7, 7, 0) ||
	    j->fw_version >= V(7, 7, 0))
		return 0;
	return refuse(text, ST(CLONE_DIRECTION),
		      text_of("a primary of firmware 7.7.0 or later cannot serve an older member: "
			      "make the group with %llu first, and update the primary last",
			      serial(j)));
}

static coffer_rc pair_supported(const struct ha_client *client, const struct ha_facts *p,
				const struct ha_facts *j, char **text)
{
	const struct supported_side a = { p->fw_version, p->card_flags };
	const struct supported_side b = { j->fw_version, j->card_flags };
	const char *why = supported_refusal(client->version, &a, &b, true);

	return why ? refuse(text, ST(PROTOCOL_DISABLED), text_of("%s", why)) : 0;
}

/* Row 94: the co-processor of old cards makes what newer ones cannot take. */
static coffer_rc pair_processor(const struct ha_client *client, const struct ha_facts *p,
				const struct ha_facts *j, char **text)
{
	if (!client->pe1746 || p->fw_version >> 16 == j->fw_version >> 16)
		return 0;
	return refuse(text, ST(OPERATION_NOT_ALLOWED),
		      text_of("PE1746Enabled = 1 keeps firmware %u and %u apart: set it to 0 in "
			      "section Misc of the configuration", p->fw_version >> 16,
			      j->fw_version >> 16));
}

/* V0 and V1 move different things; what is older than both counts as neither. */
static coffer_rc pair_version(const struct ha_client *client, const struct ha_facts *p,
			      const struct ha_facts *j, char **text)
{
	bool v1 = p->kind == COFFER_PART_KIND_V1 || j->kind == COFFER_PART_KIND_V1;

	(void)client;
	if (p->kind == j->kind || !v1 || is_cloud(p) || is_cloud(j))
		return 0;
	return refuse(text, ST(DATA_LEN_RANGE),
		      text_of("only one of %llu and %llu is a V1 partition: give both the same "
			      "version by policy 41", serial(p), serial(j)));
}

typedef coffer_rc pair_rule(const struct ha_client *client, const struct ha_facts *p,
			    const struct ha_facts *j, char **text);

coffer_rc ha_rule_pair(const struct ha_client *client, const struct ha_facts *primary,
		       const struct ha_facts *joins, char **text)
{
	static pair_rule *const rules[] = {
		pair_methods, pair_order, pair_supported, pair_processor, pair_fips,
		pair_version,
	};
	coffer_rc rc = 0;

	for (size_t i = 0; !rc && i < sizeof(rules) / sizeof(rules[0]); i++)
		rc = rules[i](client, primary, joins, text);
	return rc;
}

/* ---- Warnings (row 67) ------------------------------------------------------- */

static const struct coffer_policy *policy_in(const struct coffer_policy *list, size_t n,
					     uint32_t id)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].id == id)
			return &list[i];
	return NULL;
}

/* Sizes and numbers of a model, which say nothing of what a key may do. */
static bool is_capacity(uint32_t id, bool hsm)
{
	return hsm ? id == 27 || id == 33 || id == 41 : id == 19;
}

static char *policy_warning(const struct ha_facts *j, const struct coffer_policy *ours,
			    const struct coffer_policy *theirs, size_t n, const char *what)
{
	const struct coffer_policy *other = policy_in(theirs, n, ours->id);

	if (!other || other->value == ours->value || is_capacity(ours->id, *what == 'H'))
		return NULL;
	return text_of("%llu: %s policy %u (%s) is %u, on the primary %u", serial(j), what,
		       ours->id, ours->name, other->value, ours->value);
}

static char *general_warning(const struct ha_facts *p, const struct ha_facts *j, size_t which)
{
	uint32_t a = p->fw_version, b = j->fw_version;

	switch (which) {
	case 0:
		if (a == b)
			return NULL;
		return text_of("%llu: firmware %u.%u.%u, on the primary %u.%u.%u: do not keep "
			       "mixed groups for long", serial(j), b >> 16 & 255, b >> 8 & 255,
			       b & 255, a >> 16 & 255, a >> 8 & 255, a & 255);
	case 1:
		if (p->fips == j->fips)
			return NULL;
		return text_of("%llu: %s approved algorithms only, other than the primary: it does "
			       "without keys that %s cannot take", serial(j),
			       j->fips ? "has" : "has not", j->fips ? "it" : "the primary");
	case 2:
		if (p->kind == j->kind)
			return NULL;
		return text_of("%llu: is another version of partition than the primary",
			       serial(j));
	default:
		if (!is_ped(j) || value_of(j->partition, j->n_partition, P_AUTO_ACTIVATION))
			return NULL;
		return text_of("%llu: partition policy 23 is off: after a loss of power its key "
			       "is wanted", serial(j));
	}
}

#define GENERAL 4

char *ha_rule_warning(const struct ha_facts *p, const struct ha_facts *j, size_t *at)
{
	char *line = NULL;

	while (!line && *at < GENERAL + p->n_partition + p->n_hsm) {
		size_t i = (*at)++;

		if (i < GENERAL)
			line = general_warning(p, j, i);
		else if (i - GENERAL < p->n_partition)
			line = policy_warning(j, &p->partition[i - GENERAL], j->partition,
					      j->n_partition, "partition");
		else
			line = policy_warning(j, &p->hsm[i - GENERAL - p->n_partition], j->hsm,
					      j->n_hsm, "HSM");
	}
	return line;
}

void ha_facts_free(struct ha_facts *f)
{
	free(f->partition);
	free(f->hsm);
	memset(f, 0, sizeof(*f));
}
