/* SPDX-License-Identifier: BSD-3-Clause */
/* Who may be in a group with whom (behaviour.md 7.1; rows 49, 54, 64 to 67, 94). Knows no card. */
#ifndef LIB_HA_RULES_H
#define LIB_HA_RULES_H

#include "lib.h"

struct ha_facts {
	uint64_t serial;
	uint32_t fw_version;
	uint32_t card_flags;		/* COFFER_CARD_* */
	uint32_t kind;			/* enum coffer_partition_kind */
	bool fips;
	uint32_t co_state;		/* COFFER_RS_* of the Crypto Officer */
	struct coffer_policy *partition, *hsm;
	size_t n_partition, n_hsm;
};

struct ha_client {
	uint32_t version;		/* [23:16] [15:8] [7:0] */
	bool pe1746;
};

/* 0, or why that partition can be in no group; *text as in ha.h. */
coffer_rc ha_rule_member(const struct ha_facts *f, char **text);
/* 0, or why it cannot join that primary. */
coffer_rc ha_rule_pair(const struct ha_client *client, const struct ha_facts *primary,
		       const struct ha_facts *joins, char **text);
/* What is different and tolerated, in turn from *at = 0 on; NULL: no more. free() each. */
char *ha_rule_warning(const struct ha_facts *primary, const struct ha_facts *joins, size_t *at);
void ha_facts_free(struct ha_facts *f);

#endif /* LIB_HA_RULES_H */
