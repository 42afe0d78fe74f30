/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files about roles share: role.c, login.c, role_change.c, role_list.c, challenge.c. */
#ifndef FW_ROLE_INTERNAL_H
#define FW_ROLE_INTERNAL_H

#include "card.h"

/* What is shown to log in: at least one of them. */
struct proof {
	bool by_secret;
	bool by_challenge;
	struct bytes secret;		/* password, or what the PED gave */
	struct bytes challenge;
};

/* One counted attempt. With c->change after it the threshold was reached: the verdict is done. */
uint32_t role_check(struct cmd *c, enum coffer_role role, const struct proof *proof);
/* PIN_LOCKED when somebody can reset the password, USER_LOCKED_OUT when nobody can. */
uint32_t role_locked_status(const struct fw_partition *p, enum coffer_role role);
/* Who is somebody already cannot log in. */
uint32_t role_presence_free(enum coffer_role now, enum coffer_role wanted);

/* As many failures as there may be, or more. */
bool role_over_limit(const struct fw_partition *p, enum coffer_role role);
/* Does its lock end by itself? And when: uptime. */
bool role_lock_is_timed(const struct fw_partition *p, enum coffer_role role);
_Atomic uint64_t *role_lock_end(const struct fw_partition *p, enum coffer_role role);

#endif /* FW_ROLE_INTERNAL_H */
