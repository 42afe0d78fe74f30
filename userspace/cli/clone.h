/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What partition clone and the archives share: progress and the report.
 */
#ifndef CLI_CLONE_H
#define CLI_CLONE_H

#include "cli.h"

#define CLONE_HANDLES_MAX 4096

struct clone_run {
	struct cli *cli;
	const char *verb;		/* "cloned" */
	char source[48];		/* "slot 0", "archive nightly" */
	char target[48];
	bool kept;			/* after clone_end(): went through, asked to go on */
	bool negotiated, moving;	/* stages said already */
	uint32_t handles[CLONE_HANDLES_MAX];
	struct coffer_clone_options options;
	struct coffer_clone_report report;
};

/* From -objects, -stoponerror and the global options; SIGINT ends the run after its batch. */
coffer_rc clone_begin(struct clone_run *run, struct cli *cli, const struct cli_args *args,
		      const char *verb);
/* --dry-run before the command or in it */
bool clone_is_dry(const struct cli *cli, const struct cli_args *args);
/* Shows the report, frees it. Returns what the command ends with. */
coffer_rc clone_end(struct clone_run *run, coffer_rc rc);

#endif /* CLI_CLONE_H */
