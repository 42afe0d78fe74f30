/* SPDX-License-Identifier: BSD-3-Clause */
/* Which cards and services may work together, by the published tables. Nothing is exported. */
#ifndef LIB_SUPPORTED_H
#define LIB_SUPPORTED_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/coffer_cmd.h"

/* The client that this library is, in versions of behaviour.md; see coffer_options. */
#define SUPPORTED_CLIENT	(10 << 16 | 5 << 8)

struct supported_side {
	uint32_t fw_version;		/* [23:16] [15:8] [7:0]; 0: not known */
	uint32_t card_flags;		/* COFFER_CARD_* */
};

/*
 * NULL, or why a client of that version must not let the two exchange keys (@group: as members of
 * one HA group), in words. Symmetric: which of them is the source is for the cards to judge.
 */
const char *supported_refusal(uint32_t client, const struct supported_side *a,
			      const struct supported_side *b, bool group);

#endif /* LIB_SUPPORTED_H */
