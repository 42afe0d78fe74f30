/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What policies do (behaviour.md section 3). The files, top to bottom:
 *   policy.c          POLICY_LIST and POLICY_SET
 *   policy_template.c policies that come with an init
 *   policy_depend.c   what one policy needs of others
 *   policy_rules.c    what a policy forbids, as tables
 *   policy_table.c    which policies a partition has, and what holds without a change
 *   profile_policy.c  which policies a generation has
 */
#ifndef FW_POLICY_H
#define FW_POLICY_H

#include <stdbool.h>
#include <stdint.h>

struct fw_partition;

/* Numbers that more than one file names. H: of the card (section 3.1), P: of a partition (3.2). */
enum policy_number {
	POLICY_H_CLONING		= 7,
	POLICY_H_NON_FIPS		= 12,
	POLICY_H_FORCE_CHANGE		= 21,
	POLICY_H_PARTITIONS		= 33,
	POLICY_P_CLOUD_CPV1		= 8,
	POLICY_P_IGNORE_CHALLENGE	= 15,
	POLICY_P_MAX_FAILURES		= 20,
	POLICY_P_MIN_PIN		= 25,	/* 255 - length */
	POLICY_P_MAX_PIN		= 26,
	POLICY_P_FORCE_STC		= 37,
	POLICY_P_VERSION		= 41,
	POLICY_P_FORCE_CPV1		= 42,
	POLICY_P_NON_FIPS		= 43,
	POLICY_P_DOMAINS		= 44,
};

/* ---- policy_rules.c ---------------------------------------------------------------------- */

/* What a policy can forbid. A handler asks; the table knows which policies and which code. */
enum policy_act {
	POLICY_ACT_CLONE_PRIVATE,	/* in or out, of private keys */
	POLICY_ACT_CLONE_SECRET,
	POLICY_ACT_CLONE_ANY,
	POLICY_ACT_READ_PRIVATE,	/* a key whose value could be read */
	POLICY_ACT_READ_SECRET,
	POLICY_ACT_MANY_PURPOSES,	/* one key for signing and encrypting, and so on */
	POLICY_ACT_CHANGE_KEY,		/* attributes of a key, but for its names */
	POLICY_ACT_DATE_KEY,		/* CKA_START_DATE, CKA_END_DATE */
	POLICY_ACT_MANAGE_KEY,		/* create, generate, copy, change, destroy, clone in */
	POLICY_ACT_NEW_KEY,		/* a private or secret key without authorization data */
	POLICY_ACT_SIGN_NON_LOCAL,	/* with a key that was not generated on a card */
	POLICY_ACT_SIGN_UNCONFIRMED,	/* give an RSA signature out unchecked */
	POLICY_ACT_RAW_RSA,
	POLICY_ACT_RSA_PKCS,
	POLICY_ACT_EC,
	POLICY_ACT_MANAGE_DOMAINS,
	POLICY_ACT_USER_LOGIN,		/* of CO, LCO and CU */
	POLICY_ACT_INIT_AGAIN,		/* of an initialised partition, by its SO */
	POLICY_ACT_RESET_OFFICER,	/* the Crypto Officer's password, by the Partition SO */
	POLICY_ACTS,
};

struct policy_rule {
	enum policy_act act;
	bool hsm;			/* policy of the card, not of the partition */
	uint16_t id;
	bool when_on;			/* forbidden while it is on; else while it is off */
	uint32_t verdict;
};
extern const struct policy_rule policy_rules[];		/* ends with verdict 0 */

/* Mechanisms that are an act. */
struct policy_mechanism {
	uint32_t mechanism;
	enum policy_act act;
};
extern const struct policy_mechanism policy_mechanisms[];	/* ends with act POLICY_ACTS */

/*
 * Accepted, nothing to enforce yet. @word: commands whose name has it would have something to
 * enforce, so there must be none while the row is here (a unit test looks); NULL: @why says why
 * no command ever will.
 */
struct policy_idle {
	bool hsm;
	uint16_t id;
	const char *word;
	const char *why;
};
extern const struct policy_idle policy_idle[];		/* ends with why NULL */

/* OK, or what forbids it. A policy that the generation does not know forbids nothing. */
uint32_t policy_forbids(const struct fw_partition *p, enum policy_act act);
uint32_t policy_forbids_mechanism(const struct fw_partition *p, uint32_t mechanism);
/* Those of @protocols (COFFER_CLONE_*) that policies leave: 42 on, or a cloud's 8 off. */
uint32_t policy_protocols(const struct fw_partition *p, uint32_t protocols);

/* ---- policy_table.c ---------------------------------------------------------------------- */

/* A policy of the card that holds this one of @p at 0 while it is 0 itself. */
bool policy_held(const struct fw_partition *p, uint32_t id);

/* ---- policy_depend.c --------------------------------------------------------------------- */

/*
 * May @policy (POLICY_MAX values) be what @p has from now on? @named: bit per id that was asked
 * for. @fresh: it has just been initialised, so nothing is in it. CONFIG_FAILS_DEPENDENCIES, or
 * CONFIG_CHANGE_ILLEGAL for a value that is too small for any card.
 */
uint32_t policy_depends(const struct fw_partition *p, const uint32_t *policy, uint64_t named,
			bool fresh);

#endif /* FW_POLICY_H */
