/* SPDX-License-Identifier: BSD-3-Clause */
/* What the rules of groups want to know of a partition, asked of its card. */
#ifndef LIB_HA_FACTS_H
#define LIB_HA_FACTS_H

#include "ha_group.h"
#include "ha_rules.h"

/* By serial, over all cards. -ENODEV. */
coffer_rc ha_facts_find(struct coffer *ctx, uint64_t serial, struct coffer_slot *slot);
coffer_rc ha_facts_look(struct coffer *ctx, const struct coffer_slot *slot, struct ha_facts *f);

#endif /* LIB_HA_FACTS_H */
