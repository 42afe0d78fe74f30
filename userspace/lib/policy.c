// SPDX-License-Identifier: BSD-3-Clause
/* Policies and mechanisms of a partition, or of the card by its admin partition. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

API coffer_rc coffer_policies(struct coffer_session *s, struct coffer_policy **list,
			      size_t *count)
{
	struct coffer_policy_row row;
	const uint8_t *rows;
	struct reply reply;
	uint32_t n;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = session_rows(s, COFFER_CMD_POLICY_LIST, sizeof(row), &reply, &rows, &n);
	if (!rc) {
		*list = calloc(n + 1, sizeof(**list));
		rc = *list ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; !rc && i < n; i++) {
		struct coffer_policy *to = &(*list)[i];

		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		to->id = le32toh(row.id);
		to->value = le32toh(row.value);
		to->capability = le32toh(row.capability);
		to->flags = le32toh(row.flags);
		msg_copy_text(to->name, row.name, sizeof(row.name));
	}
	*count = rc ? 0 : n;
	reply_free(&reply);
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

API coffer_rc coffer_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
				size_t *count)
{
	struct coffer_mechanism_row row;
	const uint8_t *rows;
	struct reply reply;
	uint32_t n;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	rc = session_rows(s, COFFER_CMD_MECHANISM_LIST, sizeof(row), &reply, &rows, &n);
	if (!rc) {
		*list = calloc(n + 1, sizeof(**list));
		rc = *list ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; !rc && i < n; i++) {
		struct coffer_mechanism_info *to = &(*list)[i];

		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		to->mechanism = le32toh(row.mechanism);
		to->flags = le32toh(row.flags);
		to->min = le32toh(row.min_bits);
		to->max = le32toh(row.max_bits);
	}
	*count = rc ? 0 : n;
	reply_free(&reply);
	return rc;
}
