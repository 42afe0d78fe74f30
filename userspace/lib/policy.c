// SPDX-License-Identifier: BSD-3-Clause
/* Policies and mechanisms of a partition, or of the card by its admin partition. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

static void policy_take(void *item, const uint8_t *at)
{
	struct coffer_policy *to = item;
	struct coffer_policy_row row;

	memcpy(&row, at, sizeof(row));
	to->id = le32toh(row.id);
	to->value = le32toh(row.value);
	to->capability = le32toh(row.capability);
	to->flags = le32toh(row.flags);
	msg_copy_text(to->name, row.name, sizeof(row.name));
}

API coffer_rc coffer_policies(struct coffer_session *s, struct coffer_policy **list,
			      size_t *count)
{
	void *items;
	coffer_rc rc = session_list(s, COFFER_CMD_POLICY_LIST,
				    sizeof(struct coffer_policy_row), policy_take,
				    &items, sizeof(**list), count);

	*list = items;
	return rc;
}

API coffer_rc coffer_policy_set(struct coffer_session *s, const uint32_t *ids,
				const uint32_t *values, size_t count, bool destructive_ok)
{
	const struct coffer_req_policy_set head = {
		.session = htole32(s->id),
		.flags = htole32(destructive_ok ? COFFER_POLICY_SET_DESTRUCTIVE : 0),
		.count = htole32((uint32_t)count),
	};
	struct msg_out req;

	if (!count || count > 64)
		return -EINVAL;
	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	for (size_t i = 0; i < count; i++) {
		msg_put_u32(&req, ids[i]);
		msg_put_u32(&req, values[i]);
	}
	return session_exec_fixed(s, COFFER_CMD_POLICY_SET, &req, NULL, 0);
}

static void mechanism_take(void *item, const uint8_t *at)
{
	struct coffer_mechanism_info *to = item;
	struct coffer_mechanism_row row;

	memcpy(&row, at, sizeof(row));
	to->mechanism = le32toh(row.mechanism);
	to->flags = le32toh(row.flags);
	to->min = le32toh(row.min_bits);
	to->max = le32toh(row.max_bits);
}

coffer_rc direct_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
			    size_t *count)
{
	void *items;
	coffer_rc rc = session_list(s, COFFER_CMD_MECHANISM_LIST,
				    sizeof(struct coffer_mechanism_row), mechanism_take,
				    &items, sizeof(**list), count);

	*list = items;
	return rc;
}
