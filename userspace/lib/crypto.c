// SPDX-License-Identifier: BSD-3-Clause
/* What keys do: all of it in the card. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "lib.h"

/* Mechanism, parameters and data: the form that these commands share. */
struct operation {
	uint32_t key, mechanism;
	const void *params, *data;
	size_t params_len, data_len;
};

static void operation_request(const struct coffer_session *s, const struct operation *op,
			      struct msg_out *req)
{
	const struct coffer_req_mech head = {
		.session = htole32(s->id),
		.handle = htole32(op->key),
		.mechanism = htole32(op->mechanism),
	};

	msg_out_init(req);
	msg_put(req, &head, sizeof(head));
	msg_put_blob(req, op->params, op->params_len);
	msg_put_blob(req, op->data, op->data_len);
}

static coffer_rc operation_run(struct coffer_session *s, uint16_t opcode,
			       const struct operation *op, void *out, size_t *out_len)
{
	struct msg_out req;

	operation_request(s, op, &req);
	return session_exec(s, opcode, &req, out, out_len);
}

API coffer_rc coffer_sign(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			  const void *params, size_t params_len, const void *data,
			  size_t data_len, void *sig, size_t *sig_len)
{
	const struct operation op = { key, mechanism, params, data, params_len, data_len };

	return operation_run(s, COFFER_CMD_SIGN, &op, sig, sig_len);
}

API coffer_rc coffer_verify(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			    const void *params, size_t params_len, const void *data,
			    size_t data_len, const void *sig, size_t sig_len)
{
	const struct operation op = { key, mechanism, params, data, params_len, data_len };
	struct msg_out req;

	operation_request(s, &op, &req);
	msg_put_blob(&req, sig, sig_len);
	return session_exec_fixed(s, COFFER_CMD_VERIFY, &req, NULL, 0);
}

API coffer_rc coffer_encrypt(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			     const void *params, size_t params_len, const void *data,
			     size_t data_len, void *out, size_t *out_len)
{
	const struct operation op = { key, mechanism, params, data, params_len, data_len };

	return operation_run(s, COFFER_CMD_ENCRYPT, &op, out, out_len);
}

API coffer_rc coffer_decrypt(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			     const void *params, size_t params_len, const void *data,
			     size_t data_len, void *out, size_t *out_len)
{
	const struct operation op = { key, mechanism, params, data, params_len, data_len };

	return operation_run(s, COFFER_CMD_DECRYPT, &op, out, out_len);
}

API coffer_rc coffer_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
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

API coffer_rc coffer_random(struct coffer_session *s, void *out, size_t len)
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
