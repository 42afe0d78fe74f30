// SPDX-License-Identifier: BSD-3-Clause
/* Cloning domains and CPv4 cipher suites of a partition (behaviour.md sections 1.3 and 2). */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

/* ---- Domains ------------------------------------------------------------------------------- */

static void domain_take(void *item, const uint8_t *at)
{
	struct coffer_domain *to = item;
	struct coffer_domain_row row;

	memcpy(&row, at, sizeof(row));
	to->primary = le32toh(row.flags) & COFFER_DOMAIN_PRIMARY;
	to->ped = le32toh(row.flags) & COFFER_DOMAIN_PED;
	msg_copy_text(to->label, row.label, sizeof(row.label));
}

API coffer_rc coffer_domains(struct coffer_session *s, struct coffer_domain **list, size_t *count)
{
	void *items;
	coffer_rc rc = session_list(s, COFFER_CMD_DOMAIN_LIST,
				    sizeof(struct coffer_domain_row), domain_take,
				    &items, sizeof(**list), count);

	*list = items;
	return rc;
}

/* second NULL: the command has one text only. */
static coffer_rc domain_ask(struct coffer_session *s, uint16_t opcode, uint32_t flags,
			    const char *first, const char *second)
{
	const struct coffer_req_domain head = {
		.session = htole32(s->id),
		.flags = htole32(flags),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_text(&req, first);
	if (second)
		msg_put_text(&req, second);
	return session_exec_fixed(s, opcode, &req, NULL, 0);
}

API coffer_rc coffer_domain_add(struct coffer_session *s, const char *label, const char *domain,
				bool primary)
{
	uint32_t flags = primary ? COFFER_DOMAIN_PRIMARY : 0;

	return domain ? domain_ask(s, COFFER_CMD_DOMAIN_ADD, flags, label, domain) : -EINVAL;
}

API coffer_rc coffer_domain_add_ped(struct coffer_session *s, const char *label, bool primary)
{
	uint32_t flags = COFFER_DOMAIN_PED | (primary ? COFFER_DOMAIN_PRIMARY : 0);

	return domain_ask(s, COFFER_CMD_DOMAIN_ADD, flags, label, "");
}

API coffer_rc coffer_domain_delete(struct coffer_session *s, const char *label)
{
	return domain_ask(s, COFFER_CMD_DOMAIN_DELETE, 0, label, NULL);
}

API coffer_rc coffer_domain_change(struct coffer_session *s, const char *label,
				   const char *new_label, bool primary)
{
	uint32_t flags = primary ? COFFER_DOMAIN_PRIMARY : 0;

	if (!new_label)
		new_label = label ? label : "";
	return domain_ask(s, COFFER_CMD_DOMAIN_CHANGE, flags, label, new_label);
}

/* ---- Cipher suites ------------------------------------------------------------------------- */

static void cipher_take(void *item, const uint8_t *at)
{
	struct coffer_cipher *to = item;
	struct coffer_cipher_row row;

	memcpy(&row, at, sizeof(row));
	to->id = le32toh(row.id);
	to->enabled = le32toh(row.enabled) != 0;
	msg_copy_text(to->name, row.name, sizeof(row.name));
}

API coffer_rc coffer_ciphers(struct coffer_session *s, struct coffer_cipher **list, size_t *count)
{
	void *items;
	coffer_rc rc = session_list(s, COFFER_CMD_CIPHER_LIST,
				    sizeof(struct coffer_cipher_row), cipher_take,
				    &items, sizeof(**list), count);

	*list = items;
	return rc;
}

API coffer_rc coffer_cipher_set(struct coffer_session *s, uint32_t id, bool enabled)
{
	const struct coffer_req_cipher_set head = {
		.session = htole32(s->id),
		.id = htole32(id),
		.enabled = htole32(enabled),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	return session_exec_fixed(s, COFFER_CMD_CIPHER_SET, &req, NULL, 0);
}
