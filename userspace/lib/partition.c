// SPDX-License-Identifier: BSD-3-Clause
/* The HSM as a whole and its partitions: make, initialise, look at, delete. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "coffer/manage.h"
#include "lib.h"

static uint32_t init_flags(const struct coffer_init *how)
{
	if (how->ped_domain)
		return COFFER_INIT_PED_DOMAIN;
	return how->domain ? 0 : COFFER_INIT_DEFAULT_DOMAIN;
}

/* HSM_INIT and PARTITION_INIT share their form, but for a label of the domain. */
static coffer_rc init(struct coffer_session *s, uint16_t opcode, const struct coffer_init *how)
{
	const struct coffer_req_init head = {
		.session = htole32(s->id),
		.flags = htole32(init_flags(how)),
	};
	struct msg_out req;

	bool hsm = opcode == COFFER_CMD_HSM_INIT;

	if ((how->ped_domain && how->domain) || (how->policies && how->policies->hsm != hsm))
		return -EINVAL;
	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_text(&req, how->label);
	msg_put_text(&req, how->pin);
	msg_put_text(&req, how->domain);
	/* Firmware of before labels knows no such item. */
	if (how->domain_label || (how->policies && !hsm))
		msg_put_text(&req, how->domain_label);
	if (how->policies)
		template_put(&req, how->policies);
	return session_exec_fixed(s, opcode, &req, NULL, 0);
}

API coffer_rc coffer_hsm_init_as(struct coffer_session *admin, const struct coffer_init *how)
{
	return how->domain_label ? -EINVAL : init(admin, COFFER_CMD_HSM_INIT, how);
}

API coffer_rc coffer_hsm_init(struct coffer_session *admin, const char *label,
			      const char *so_pin, const char *domain)
{
	const struct coffer_init how = { .label = label, .pin = so_pin, .domain = domain };

	return coffer_hsm_init_as(admin, &how);
}

API coffer_rc coffer_hsm_factory_reset(struct coffer_session *admin)
{
	struct msg_out req;

	session_request(admin, &req);
	return session_exec_fixed(admin, COFFER_CMD_HSM_FACTORY_RESET, &req, NULL, 0);
}

API coffer_rc coffer_hsm_zeroize(struct coffer_session *admin)
{
	struct msg_out req;

	session_request(admin, &req);
	return session_exec_fixed(admin, COFFER_CMD_HSM_ZEROIZE, &req, NULL, 0);
}

API coffer_rc coffer_partition_create(struct coffer_session *admin, const char *label,
				      uint64_t size, uint32_t *partition, uint64_t *serial)
{
	const struct coffer_req_partition_create head = {
		.session = htole32(admin->id),
		.size = htole64(size),
	};
	struct coffer_rep_partition_create rep;
	struct msg_out req;
	coffer_rc rc;

	*partition = 0;
	if (serial)
		*serial = 0;
	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_text(&req, label);
	rc = session_exec_fixed(admin, COFFER_CMD_PARTITION_CREATE, &req, &rep, sizeof(rep));
	if (rc)
		return rc;
	*partition = le32toh(rep.partition);
	if (serial)
		*serial = le64toh(rep.serial);
	return 0;
}

API coffer_rc coffer_partition_delete(struct coffer_session *admin, uint32_t partition)
{
	const struct coffer_req_partition_delete head = {
		.session = htole32(admin->id),
		.partition = htole32(partition),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	return session_exec_fixed(admin, COFFER_CMD_PARTITION_DELETE, &req, NULL, 0);
}

API coffer_rc coffer_partition_resize(struct coffer_session *admin, uint32_t partition,
				      uint64_t size)
{
	const struct coffer_req_partition_resize head = {
		.session = htole32(admin->id),
		.partition = htole32(partition),
		.size = htole64(size),
	};
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	return session_exec_fixed(admin, COFFER_CMD_PARTITION_RESIZE, &req, NULL, 0);
}

API coffer_rc coffer_partition_label(struct coffer_session *s, const char *label)
{
	const struct coffer_req_session head = { .session = htole32(s->id) };
	struct msg_out req;

	msg_out_init(&req);
	msg_put(&req, &head, sizeof(head));
	msg_put_text(&req, label);
	return session_exec_fixed(s, COFFER_CMD_PARTITION_LABEL, &req, NULL, 0);
}

API coffer_rc coffer_partition_init(struct coffer_session *s, const char *label,
				    const char *po_pin, const char *domain)
{
	const struct coffer_init how = { .label = label, .pin = po_pin, .domain = domain };

	return coffer_partition_init_as(s, &how);
}

API coffer_rc coffer_partition_init_as(struct coffer_session *s, const struct coffer_init *how)
{
	return init(s, COFFER_CMD_PARTITION_INIT, how);
}

coffer_rc direct_info(struct coffer_session *s, struct coffer_partition_details *out)
{
	struct coffer_rep_partition_info rep;
	struct coffer_card_details details;
	struct msg_out req;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	session_request(s, &req);
	rc = session_exec_fixed(s, COFFER_CMD_PARTITION_INFO, &req, &rep, sizeof(rep));
	if (!rc)
		rc = coffer_card_identify(s->card, &details);
	if (rc)
		return rc;
	slot_from_row(&out->slot, s->card, &rep.row, &details);
	out->slot.fw_version = le32toh(rep.fw_version);
	out->kind = le32toh(rep.kind);
	out->level = le32toh(rep.level);
	out->protocols = le32toh(rep.protocols);
	out->suites = le32toh(rep.suites);
	out->fips = le32toh(rep.fips) != 0;
	out->domains = le32toh(rep.domains);
	out->storage_total = le64toh(rep.storage_total);
	out->storage_used = le64toh(rep.storage_used);
	out->sessions = le32toh(rep.sessions);
	out->public_objects = le32toh(rep.public_objects);
	out->private_objects = le32toh(rep.private_objects);
	out->clone_failures = le32toh(rep.clone_failures);
	out->clone_wait_ms = le32toh(rep.clone_wait_ms);
	return 0;
}
