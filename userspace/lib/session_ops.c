// SPDX-License-Identifier: BSD-3-Clause
/* What programs do with a session goes from here to the card, or to the group, that it is of. */
#include "lib.h"

static const struct session_ops direct = {
	.close = direct_close,
	.cancel = direct_cancel,
	.login = direct_login,
	.logout = direct_logout,
	.whoami = direct_whoami,
	.roles = direct_roles,
	.info = direct_info,
	.mechanisms = direct_mechanisms,
	.find = direct_find,
	.get = direct_get,
	.set = direct_set,
	.create = direct_create,
	.destroy = direct_destroy,
	.generate = direct_generate,
	.generate_pair = direct_generate_pair,
	.use = direct_use,
	.digest = direct_digest,
	.random = direct_random,
};

static const struct session_ops *ops_of(const struct coffer_session *s)
{
	return s->ops ? s->ops : &direct;
}

API void coffer_session_close(struct coffer_session *session)
{
	if (session)
		ops_of(session)->close(session);
}

API coffer_rc coffer_session_cancel(struct coffer_session *s)
{
	return ops_of(s)->cancel(s);
}

/* ---- Roles ---------------------------------------------------------------------------------- */

API coffer_rc coffer_login(struct coffer_session *s, enum coffer_role role, const char *pin,
			   size_t pin_len, bool *must_change)
{
	return ops_of(s)->login(s, role, pin, pin_len, must_change);
}

API coffer_rc coffer_logout(struct coffer_session *s)
{
	return ops_of(s)->logout(s);
}

API coffer_rc coffer_whoami(struct coffer_session *s, enum coffer_role *role, bool *must_change)
{
	return ops_of(s)->whoami(s, role, must_change);
}

API coffer_rc coffer_roles(struct coffer_session *s, struct coffer_role_state **list,
			   size_t *count)
{
	return ops_of(s)->roles(s, list, count);
}

API coffer_rc coffer_partition_info(struct coffer_session *s,
				    struct coffer_partition_details *out)
{
	return ops_of(s)->info(s, out);
}

API coffer_rc coffer_mechanisms(struct coffer_session *s, struct coffer_mechanism_info **list,
				size_t *count)
{
	return ops_of(s)->mechanisms(s, list, count);
}

/* ---- Objects -------------------------------------------------------------------------------- */

API coffer_rc coffer_find(struct coffer_session *s, const struct coffer_attr *tmpl, size_t n,
			  const uint32_t *wanted, size_t n_wanted, struct coffer_objects *out)
{
	return ops_of(s)->find(s, tmpl, n, wanted, n_wanted, out);
}

API coffer_rc coffer_object_get(struct coffer_session *s, uint32_t handle, const uint32_t *wanted,
				size_t n_wanted, struct coffer_objects *out)
{
	return ops_of(s)->get(s, handle, wanted, n_wanted, out);
}

API coffer_rc coffer_object_set(struct coffer_session *s, uint32_t handle,
				const struct coffer_attr *tmpl, size_t n)
{
	return ops_of(s)->set(s, handle, tmpl, n);
}

API coffer_rc coffer_object_create(struct coffer_session *s, const struct coffer_attr *tmpl,
				   size_t n, uint32_t *handle)
{
	return ops_of(s)->create(s, tmpl, n, handle);
}

API coffer_rc coffer_object_destroy(struct coffer_session *s, uint32_t handle)
{
	return ops_of(s)->destroy(s, handle);
}

API coffer_rc coffer_key_generate(struct coffer_session *s, uint32_t mechanism,
				  const struct coffer_attr *tmpl, size_t n, uint32_t *handle)
{
	return ops_of(s)->generate(s, mechanism, tmpl, n, handle);
}

API coffer_rc coffer_key_pair_generate(struct coffer_session *s, uint32_t mechanism,
				       const struct coffer_attr *public_template, size_t n_public,
				       const struct coffer_attr *private_template,
				       size_t n_private, uint32_t *public_handle,
				       uint32_t *private_handle)
{
	const struct pair_template t = { public_template, private_template, n_public, n_private };
	uint32_t handles[2];
	coffer_rc rc = ops_of(s)->generate_pair(s, mechanism, &t, handles);

	*public_handle = handles[0];
	*private_handle = handles[1];
	return rc;
}

/* ---- Use ------------------------------------------------------------------------------------ */

/* What all four take. */
static struct session_use use_of(uint16_t opcode, uint32_t key, uint32_t mechanism,
				 const void *params, size_t params_len, const void *data,
				 size_t data_len)
{
	return (struct session_use){
		.opcode = opcode, .key = key, .mechanism = mechanism,
		.params = params, .params_len = params_len, .data = data, .data_len = data_len,
	};
}

API coffer_rc coffer_sign(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			  const void *params, size_t params_len, const void *data,
			  size_t data_len, void *sig, size_t *sig_len)
{
	struct session_use u = use_of(COFFER_CMD_SIGN, key, mechanism, params, params_len, data,
				      data_len);

	u.out = sig;
	return ops_of(s)->use(s, &u, sig_len);
}

API coffer_rc coffer_verify(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			    const void *params, size_t params_len, const void *data,
			    size_t data_len, const void *sig, size_t sig_len)
{
	struct session_use u = use_of(COFFER_CMD_VERIFY, key, mechanism, params, params_len, data,
				      data_len);
	size_t none = 0;

	u.sig = sig;
	u.sig_len = sig_len;
	return ops_of(s)->use(s, &u, &none);
}

API coffer_rc coffer_encrypt(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			     const void *params, size_t params_len, const void *data,
			     size_t data_len, void *out, size_t *out_len)
{
	struct session_use u = use_of(COFFER_CMD_ENCRYPT, key, mechanism, params, params_len, data,
				      data_len);

	u.out = out;
	return ops_of(s)->use(s, &u, out_len);
}

API coffer_rc coffer_decrypt(struct coffer_session *s, uint32_t key, uint32_t mechanism,
			     const void *params, size_t params_len, const void *data,
			     size_t data_len, void *out, size_t *out_len)
{
	struct session_use u = use_of(COFFER_CMD_DECRYPT, key, mechanism, params, params_len, data,
				      data_len);

	u.out = out;
	return ops_of(s)->use(s, &u, out_len);
}

API coffer_rc coffer_digest(struct coffer_session *s, uint32_t mechanism, const void *data,
			    size_t data_len, void *out, size_t *out_len)
{
	return ops_of(s)->digest(s, mechanism, data, data_len, out, out_len);
}

API coffer_rc coffer_random(struct coffer_session *s, void *out, size_t len)
{
	return ops_of(s)->random(s, out, len);
}
