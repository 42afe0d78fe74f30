// SPDX-License-Identifier: BSD-3-Clause
/* Card life: clock, firmware update, self-tests, tamper latch. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

API coffer_rc coffer_clock_set(struct coffer_session *admin, uint64_t clock_ms)
{
	const struct coffer_req_clock head = {
		.session = htole32(admin->id),
		.clock_ms = htole64(clock_ms),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	return session_exec_fixed(admin, COFFER_CMD_CLOCK_SET, &req, NULL, 0);
}

/* @rc starts as 0. The rows that the reply holds. */
static const uint8_t *rows_of(const struct reply *reply, size_t size, uint32_t *count,
			      coffer_rc *rc)
{
	const uint8_t *rows;
	struct msg_in in;

	*count = 0;
	if (*rc)
		return NULL;
	msg_in_init(&in, reply->data, reply->len);
	rows = msg_take_rows(&in, size, count);
	if (!rows)
		*rc = -EIO;
	return rows;
}

API coffer_rc coffer_self_tests(struct coffer_session *s, struct coffer_self_test **list,
				size_t *count)
{
	struct coffer_self_test_row row;
	struct reply reply;
	struct msg_out req;
	const uint8_t *rows;
	bool good = true;
	coffer_rc rc;
	uint32_t n;

	*list = NULL;
	*count = 0;
	session_request(s, &req);
	rc = session_exec_reply(s, COFFER_CMD_SELF_TEST, &req, &reply);
	rows = rows_of(&reply, sizeof(row), &n, &rc);
	if (!rc) {
		*list = calloc(n + 1, sizeof(**list));
		rc = *list ? 0 : -ENOMEM;
	}
	for (uint32_t i = 0; !rc && i < n; i++) {
		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		(*list)[i].passed = le32toh(row.passed) == 1;
		msg_copy_text((*list)[i].name, row.name, sizeof(row.name));
		good = good && (*list)[i].passed;
		*count = i + 1;
	}
	reply_free(&reply);
	return rc || good ? rc : ST(SELF_TEST_FAILED);
}

API coffer_rc coffer_firmware_update(struct coffer_session *admin, const void *image, size_t len,
				     uint32_t *old_version, uint32_t *new_version)
{
	struct coffer_card_details unused;
	struct coffer_rep_update rep = { 0 };
	struct msg_out req;
	coffer_rc rc;

	session_request(admin, &req);
	msg_put_blob(&req, image, len);
	rc = session_exec_fixed(admin, COFFER_CMD_FW_UPDATE, &req, &rep, sizeof(rep));
	/* The transport learns by it that its owner has ended, and takes a new one. */
	if (!rc)
		coffer_card_identify(admin->card, &unused);
	if (old_version)
		*old_version = rc ? 0 : le32toh(rep.old_version);
	if (new_version)
		*new_version = rc ? 0 : le32toh(rep.new_version);
	return rc;
}

API coffer_rc coffer_tamper_clear(struct coffer_session *admin)
{
	struct msg_out req;

	session_request(admin, &req);
	return session_exec_fixed(admin, COFFER_CMD_TAMPER_CLEAR, &req, NULL, 0);
}
