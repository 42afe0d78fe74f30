/* SPDX-License-Identifier: BSD-3-Clause */
/* What the commands of groups share. */
#ifndef CLI_HA_H
#define CLI_HA_H

#include "cli.h"
#include "coffer/ha.h"

/* Cards are open and the configuration can be used. */
coffer_rc ha_begin(struct cli *cli);
/* Says *text and frees it, which a call beside it fills; gives @rc back. */
coffer_rc ha_failed(struct cli *cli, coffer_rc rc, char **text);
/* The lines on recovery, logging and HA-only mode. */
void ha_show_settings(struct cli *cli, const struct coffer_ha_settings *set);

#endif /* CLI_HA_H */
