// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which pairs of firmware, and which client, the published tables name as working together
 * (behaviour.md 1.6 and 9, rows 88 and 89). The cards enforce what is a matter of security; this
 * is what the library says before it lets a pair begin.
 */
#include <stddef.h>

#include "supported.h"

#define V(major, minor, patch)	((major) << 16 | (minor) << 8 | (patch))
#define NEVER			UINT32_MAX
#define NEWEST			(UINT32_MAX - 1)

/* Which kind of side a row speaks of. */
#define ON_PREMISES		0x1
#define SERVICE			0x2

/*
 * Firmware from .. to (both ends count) of one side with any of the other: the least client for
 * passwords on the side of the range, and for a PED there. NEVER: no client helps.
 */
static const struct {
	uint32_t from, to;
	unsigned int kind, peer;
	uint32_t peer_from;
	bool ha_only;
	uint32_t client, client_ped;
	const char *why;
} rows[] = {
	/* A service with cards: firmware 6 from 6.10.9, 7 from 7.2, never 7.7.0. */
	{ 0, V(6, 10, 8), ON_PREMISES, SERVICE, 0, false, NEVER, NEVER,
	  "a cloud service works with firmware 6 from 6.10.9 on" },
	{ V(7, 0, 0), V(7, 1, 255), ON_PREMISES, SERVICE, 0, false, NEVER, NEVER,
	  "a cloud service works with firmware 7 from 7.2 on" },
	{ V(7, 7, 0), V(7, 7, 0), ON_PREMISES, SERVICE, 0, false, NEVER, NEVER,
	  "firmware 7.7.0 does not work with a cloud service: update it" },
	{ V(6, 10, 9), NEWEST, ON_PREMISES, SERVICE, 0, false, V(10, 2, 0), V(10, 4, 1),
	  "a cloud service with this card needs a newer client (10.2; 10.4.1 for a PED)" },
	/* 7.7.0 with older generations in a group; cloning into it, to migrate, is allowed. */
	{ V(7, 7, 0), V(7, 7, 0), ON_PREMISES, ON_PREMISES, 0, true, NEVER, NEVER,
	  "firmware 7.7.0 does not work with older generations in a group: update it" },
	/* Both from 7.7.0 on. */
	{ V(7, 7, 0), NEWEST, ON_PREMISES, ON_PREMISES, V(7, 7, 0), false, V(10, 3, 0),
	  V(10, 3, 0), "firmware 7.7.0 and later needs client 10.3 or later" },
};

static unsigned int kind_of(const struct supported_side *side)
{
	return side->card_flags & COFFER_CARD_CLOUD ? SERVICE : ON_PREMISES;
}

static bool applies(size_t row, const struct supported_side *side,
		    const struct supported_side *peer, bool group)
{
	if (kind_of(side) != rows[row].kind || kind_of(peer) != rows[row].peer)
		return false;
	if (side->fw_version < rows[row].from || side->fw_version > rows[row].to)
		return false;
	if (rows[row].ha_only)
		return group && peer->fw_version < rows[row].from;
	return peer->fw_version >= rows[row].peer_from;
}

static const char *side_refused(uint32_t client, const struct supported_side *side,
				const struct supported_side *peer, bool group)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ped = side->card_flags & COFFER_CARD_PED;

		if (!applies(i, side, peer, group))
			continue;
		if (client < (ped ? rows[i].client_ped : rows[i].client))
			return rows[i].why;
	}
	return NULL;
}

const char *supported_refusal(uint32_t client, const struct supported_side *a,
			      const struct supported_side *b, bool group)
{
	bool service = (a->card_flags | b->card_flags) & COFFER_CARD_CLOUD;
	const char *why;

	/* Firmware that is not told counts for nothing. */
	if (!a->fw_version || !b->fw_version)
		return NULL;
	why = side_refused(client, a, b, group);
	if (!why)
		why = side_refused(client, b, a, group);
	if (!why && !service && ((a->card_flags ^ b->card_flags) & COFFER_CARD_PED) &&
	    client < V(10, 5, 0))
		why = "passwords with a PED need client 10.5 or later";
	return why;
}
