// SPDX-License-Identifier: BSD-3-Clause
/* Roles: log in and out, passwords. Requests that hold one are wiped by session_exec(). */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coffer/manage.h"
#include "lib.h"

static void role_request(const struct coffer_session *s, enum coffer_role role,
			 struct msg_out *req)
{
	const struct coffer_req_role head = {
		.session = htole32(s->id),
		.role = htole32((uint32_t)role),
	};

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
}

coffer_rc direct_login(struct coffer_session *s, enum coffer_role role, const char *pin,
		       size_t pin_len, bool *must_change)
{
	struct coffer_rep_login rep = { 0 };
	struct msg_out req;
	coffer_rc rc;

	if (must_change)
		*must_change = false;
	role_request(s, role, &req);
	msg_put_blob(&req, pin, pin_len);
	rc = session_exec_fixed(s, COFFER_CMD_LOGIN, &req, &rep, sizeof(rep));
	if (!rc && must_change)
		*must_change = le32toh(rep.must_change_pw) != 0;
	return rc;
}

coffer_rc direct_logout(struct coffer_session *s)
{
	struct msg_out req;

	session_request(s, &req);
	return session_exec_fixed(s, COFFER_CMD_LOGOUT, &req, NULL, 0);
}

coffer_rc direct_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change)
{
	struct coffer_rep_session_info rep;
	struct msg_out req;
	coffer_rc rc;

	*role = COFFER_ROLE_NONE;
	if (must_change)
		*must_change = false;
	session_request(s, &req);
	rc = session_exec_fixed(s, COFFER_CMD_SESSION_INFO, &req, &rep, sizeof(rep));
	if (rc)
		return rc;
	if (le32toh(rep.role) >= COFFER_ROLE_COUNT)
		return -EIO;
	*role = (enum coffer_role)le32toh(rep.role);
	if (must_change)
		*must_change = le32toh(rep.must_change_pw) != 0;
	return 0;
}

API coffer_rc coffer_role_init(struct coffer_session *s, enum coffer_role role, const char *pin,
			       size_t pin_len)
{
	struct msg_out req;

	role_request(s, role, &req);
	msg_put_blob(&req, pin, pin_len);
	return session_exec_fixed(s, COFFER_CMD_ROLE_INIT, &req, NULL, 0);
}

API coffer_rc coffer_role_reset(struct coffer_session *s, enum coffer_role role, const char *pin,
				size_t pin_len)
{
	struct msg_out req;

	role_request(s, role, &req);
	msg_put_blob(&req, pin, pin_len);
	return session_exec_fixed(s, COFFER_CMD_ROLE_RESET_PW, &req, NULL, 0);
}

API coffer_rc coffer_role_change(struct coffer_session *s, enum coffer_role role,
				 const char *old_pin, size_t old_len, const char *new_pin,
				 size_t new_len)
{
	struct msg_out req;

	role_request(s, role, &req);
	msg_put_blob(&req, old_pin, old_len);
	msg_put_blob(&req, new_pin, new_len);
	return session_exec_fixed(s, COFFER_CMD_ROLE_CHANGE_PW, &req, NULL, 0);
}

API coffer_rc coffer_role_change_alone(struct coffer_session *s, enum coffer_role role,
				       const char *old_pin, size_t old_len, const char *new_pin,
				       size_t new_len)
{
	const uint32_t flags = htole32(COFFER_CHANGE_LOGOUT_OTHERS);
	struct msg_out req;

	role_request(s, role, &req);
	msg_put_blob(&req, old_pin, old_len);
	msg_put_blob(&req, new_pin, new_len);
	msg_put(&req, &flags, sizeof(flags));
	return session_exec_fixed(s, COFFER_CMD_ROLE_CHANGE_PW, &req, NULL, 0);
}

API coffer_rc coffer_role_challenge(struct coffer_session *s, enum coffer_role role,
				    const char *challenge, size_t len)
{
	struct msg_out req;

	role_request(s, role, &req);
	msg_put_blob(&req, challenge, len);
	return session_exec_fixed(s, COFFER_CMD_ROLE_CHALLENGE, &req, NULL, 0);
}

API coffer_rc coffer_role_deactivate(struct coffer_session *s, enum coffer_role role)
{
	struct msg_out req;

	role_request(s, role, &req);
	return session_exec_fixed(s, COFFER_CMD_ROLE_DEACTIVATE, &req, NULL, 0);
}

coffer_rc direct_roles(struct coffer_session *s, struct coffer_role_state **list, size_t *count)
{
	struct coffer_role_row row;
	struct msg_out req;
	struct msg_in in;
	struct reply reply;
	const uint8_t *rows;
	uint32_t n = 0;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	session_request(s, &req);
	rc = session_exec_reply(s, COFFER_CMD_ROLE_LIST, &req, &reply);
	if (rc)
		goto out;
	msg_in_init(&in, reply.data, reply.len);
	rows = msg_take_rows(&in, sizeof(row), &n);
	rc = rows ? 0 : -EIO;
	if (rc)
		goto out;
	*list = calloc(n + 1, sizeof(**list));
	rc = *list ? 0 : -ENOMEM;
	for (uint32_t i = 0; !rc && i < n; i++) {
		struct coffer_role_state *to = &(*list)[i];

		memcpy(&row, rows + i * sizeof(row), sizeof(row));
		to->role = (enum coffer_role)le32toh(row.role);
		to->state = le32toh(row.state);
		to->attempts_left = le32toh(row.attempts_left);
		msg_copy_text(to->name, row.name, sizeof(row.name));
		msg_copy_text(to->short_name, row.short_name, sizeof(row.short_name));
	}
	*count = rc ? 0 : n;
out:
	reply_free(&reply);
	return rc;
}
