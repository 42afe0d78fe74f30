// SPDX-License-Identifier: BSD-3-Clause
/* What the PED of a card asks for. */
#include <endian.h>
#include <errno.h>
#include <string.h>

#include "lib.h"

API coffer_rc coffer_ped_status(struct coffer_session *s, struct coffer_ped *out)
{
	struct coffer_rep_ped rep;
	struct msg_out req;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	session_request(s, &req);
	rc = session_exec_fixed(s, COFFER_CMD_PED_STATUS, &req, &rep, sizeof(rep));
	if (rc)
		return rc;
	if (le32toh(rep.color) >= COFFER_PED_COLORS)
		return -EIO;
	out->connected = le32toh(rep.connected) != 0;
	out->waiting = le32toh(rep.waiting) != 0;
	out->color = (enum coffer_ped_color)le32toh(rep.color);
	out->activated = le32toh(rep.activated);
	out->remaining_ms = le32toh(rep.remaining_ms);
	msg_copy_text(out->prompt, rep.prompt, sizeof(rep.prompt));
	return 0;
}
