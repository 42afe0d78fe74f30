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
	const char *unit;		/* what source_handle is; NULL: "Handle" */
	char source[48];		/* "slot 0", "archive nightly" */
	char target[48];
	bool kept;			/* after clone_end(): went through, asked to go on */
	bool negotiated, moving;	/* stages said already */
	uint32_t handles[CLONE_HANDLES_MAX];
	struct coffer_clone_options options;
	struct coffer_clone_report report;
};

/*
 * From -objects (of @source's, which may be NULL when they are all handles), -stoponerror and the
 * global options; SIGINT ends the run after its batch.
 */
coffer_rc clone_begin(struct clone_run *run, struct cli *cli, const struct cli_args *args,
		      const char *verb, struct coffer_session *source);
/* The same for a command without -objects. */
coffer_rc clone_begin_all(struct clone_run *run, struct cli *cli, const struct cli_args *args,
			  const char *verb);
/* --dry-run before the command or in it */
bool clone_is_dry(const struct cli *cli, const struct cli_args *args);
/* Words for people where coffer_strerror() leaves out what to do. */
const char *clone_why(coffer_rc rc);
/* Shows a comparison of @a with @b: differences for people, every object for machines. */
void clone_compared(struct cli *cli, const struct coffer_compare_report *r, const char *a,
		    const char *b);
/* Shows the report, frees it. Returns what the command ends with. */
coffer_rc clone_end(struct clone_run *run, coffer_rc rc);

/* ---- cmd_clone.c: the steps of partition clone, for migrate too ------------------------- */
/* The slot of option @option, which has to hold objects. */
coffer_rc clone_session(struct cli *cli, const struct cli_args *args, const char *option,
			struct cli_session **session);
/* The Crypto Officer there, by option @option or a question. *ours: clone_logout() afterwards. */
coffer_rc clone_login(struct cli *cli, const struct cli_args *args, const char *option,
		      struct cli_session *session, bool *ours);
void clone_logout(struct cli_session *session);
/* Pre-flight, and -password at the target. */
coffer_rc clone_enter(struct cli *cli, const struct cli_args *args, struct cli_session *source,
		      struct cli_session *target, bool *ours);
/* Those of -objects, or all; shows the report. */
coffer_rc clone_all(struct cli *cli, const struct cli_args *args, struct cli_session *source,
		    struct cli_session *target);

#endif /* CLI_CLONE_H */
