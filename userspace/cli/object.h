/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the object commands share.
 */
#ifndef CLI_OBJECT_H
#define CLI_OBJECT_H

#include "cli.h"

/* Request overhead of sign and verify stays far below this. */
#define OBJECT_DATA_MAX (COFFER_CMD_MAX_PAYLOAD - 8192)

/*
 * By -handle or -label. A label is looked for in each of @classes in turn (none given: in all);
 * the first class that has it wins.
 */
coffer_rc object_handle(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			const enum coffer_class *classes, size_t n_classes, uint32_t *handle);
/* Exactly one object. */
coffer_rc object_get(struct cli_session *s, uint32_t handle, const uint32_t *types, size_t count,
		     struct coffer_objects *out);

#endif /* CLI_OBJECT_H */
