// SPDX-License-Identifier: BSD-3-Clause
/* The audit log, for its Auditor and for the HSM SO. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

API coffer_rc coffer_audit_init(struct coffer_session *admin, const char *pin, size_t pin_len)
{
	struct msg_out req;

	session_request(admin, &req);
	msg_put_blob(&req, pin, pin_len);
	return session_exec_fixed(admin, COFFER_CMD_AUDIT_INIT, &req, NULL, 0);
}

static coffer_rc config(struct coffer_session *admin, uint32_t flags, uint32_t events,
			struct coffer_audit_info *out)
{
	const struct coffer_req_audit_config head = {
		.session = htole32(admin->id),
		.flags = htole32(flags),
		.events = htole32(events),
	};
	struct coffer_rep_audit_config rep;
	struct msg_out req;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	rc = session_exec_fixed(admin, COFFER_CMD_AUDIT_CONFIG, &req, &rep, sizeof(rep));
	if (rc)
		return rc;
	out->events = le32toh(rep.events);
	out->records = le64toh(rep.records);
	out->seen = le64toh(rep.seen);
	out->oldest = le64toh(rep.oldest);
	memcpy(out->chain, rep.chain, sizeof(out->chain));
	return 0;
}

API coffer_rc coffer_audit_info(struct coffer_session *admin, struct coffer_audit_info *out)
{
	return config(admin, 0, 0, out);
}

API coffer_rc coffer_audit_config(struct coffer_session *admin, uint32_t events,
				  struct coffer_audit_info *out)
{
	return config(admin, COFFER_AUDIT_SET, events, out);
}

static void read_request(const struct coffer_session *admin, uint64_t since, uint32_t max,
			 uint32_t flags, struct msg_out *req)
{
	const struct coffer_req_audit_read head = {
		.session = htole32(admin->id),
		.max = htole32(max),
		.since = htole64(since),
		.flags = htole32(flags),
	};

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
}

static void record_from(struct coffer_audit_record *to, const uint8_t *from)
{
	struct coffer_audit_row row;

	memcpy(&row, from, sizeof(row));
	to->number = le64toh(row.number);
	to->time_ms = le64toh(row.time_ms);
	to->owner = le64toh(row.owner);
	to->partition = le32toh(row.partition);
	to->role = le32toh(row.role);
	to->opcode = le32toh(row.opcode);
	to->verdict = le32toh(row.verdict);
	to->handle = le32toh(row.handle);
	memcpy(to->chain, row.chain, sizeof(to->chain));
}

/* Numbers without a gap, the first one above @since: only the oldest may be gone. */
static bool consecutive(const struct coffer_audit_record *list, size_t count, uint64_t since)
{
	if (count && list[0].number <= since)
		return false;
	for (size_t i = 1; i < count; i++)
		if (list[i].number != list[i - 1].number + 1)
			return false;
	return true;
}

API coffer_rc coffer_audit_read(struct coffer_session *admin, uint64_t since,
				struct coffer_audit_record *list, size_t room, size_t *count)
{
	const size_t size = sizeof(struct coffer_audit_row);
	const uint8_t *rows = NULL;
	struct reply reply;
	struct msg_out req;
	struct msg_in in;
	uint32_t n = 0;
	coffer_rc rc;

	*count = 0;
	if (!room)
		return -EINVAL;
	read_request(admin, since, room < UINT32_MAX ? (uint32_t)room : UINT32_MAX, 0, &req);
	rc = session_exec_reply(admin, COFFER_CMD_AUDIT_READ, &req, &reply);
	if (!rc) {
		msg_in_init(&in, reply.data, reply.len);
		rows = msg_take_rows(&in, size, &n);
		rc = rows && n <= room ? 0 : -EIO;
	}
	for (uint32_t i = 0; !rc && i < n; i++)
		record_from(&list[i], rows + i * size);
	if (!rc && !consecutive(list, n, since))
		rc = ST(LOG_CORRUPT);
	*count = rc ? 0 : n;
	reply_free(&reply);
	return rc;
}

API coffer_rc coffer_audit_seen(struct coffer_session *admin, uint64_t number)
{
	struct msg_out req;
	uint32_t none;

	read_request(admin, number, 0, COFFER_AUDIT_SEEN, &req);
	return session_exec_fixed(admin, COFFER_CMD_AUDIT_READ, &req, &none, sizeof(none));
}

API const char *coffer_command_name(uint32_t opcode)
{
	const struct command_row *row = opcode <= UINT16_MAX ? command_find((uint16_t)opcode) :
							       NULL;

	switch (opcode) {
	case COFFER_AUDIT_OP_TAMPER:
		return "tamper input";
	case COFFER_AUDIT_OP_DECOMMISSION:
		return "decommission input";
	case COFFER_AUDIT_OP_FIRMWARE:
		return "other firmware";
	default:
		return row ? row->name : "?";
	}
}
