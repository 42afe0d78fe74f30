// SPDX-License-Identifier: BSD-3-Clause
/* What keys do: all of it in the card. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "lib.h"

coffer_rc direct_use(struct coffer_session *s, const struct session_use *use, size_t *out_len)
{
	const struct coffer_req_mech head = {
		.session = htole32(s->id),
		.handle = htole32(use->key),
		.mechanism = htole32(use->mechanism),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_blob(&req, use->params, use->params_len);
	msg_put_blob(&req, use->data, use->data_len);
	if (use->opcode != COFFER_CMD_VERIFY)
		return session_exec(s, use->opcode, &req, use->out, out_len);
	msg_put_blob(&req, use->sig, use->sig_len);
	return session_exec_fixed(s, use->opcode, &req, NULL, 0);
}

coffer_rc direct_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
			size_t data_len, void *out, size_t *out_len)
{
	const struct coffer_req_mech head = {
		.session = htole32(s->id),
		.mechanism = htole32(mechanism),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_blob(&req, data, data_len);
	return session_exec(s, COFFER_CMD_DIGEST, &req, out, out_len);
}

coffer_rc direct_random(struct coffer_session *s, void *out, size_t len)
{
	uint8_t *to = out;
	struct msg_out req;
	coffer_rc rc = 0;
	size_t n;

	for (size_t done = 0; !rc && done < len; done += n) {
		n = len - done;
		if (n > COFFER_CMD_MAX_PAYLOAD)
			n = COFFER_CMD_MAX_PAYLOAD;
		/* coffer_req_random: the session, and how much */
		msg_out_init(&req);
		msg_put_u32(&req, s->id);
		msg_put_u32(&req, (uint32_t)n);
		rc = session_exec_fixed(s, COFFER_CMD_RANDOM, &req, to + done, n);
	}
	if (rc && len)
		explicit_bzero(out, len);
	return rc;
}
