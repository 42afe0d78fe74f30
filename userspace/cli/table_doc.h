/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the manual pages say beyond the rows of the command table: texts, errors, examples, by the
 * name of a noun or of a command. Only the generator of the pages is linked with it.
 */
#ifndef CLI_TABLE_DOC_H
#define CLI_TABLE_DOC_H

/*
 * A command line of sh as a user types it, and what it prints (both streams). Examples run in the
 * order of the table, in one folder with the cards, files and variables of examples.setup (see
 * CONTRIBUTING.md). The output is what one run printed, whole; what differs in the next, such as
 * OUIDs and times, tests/e2e/masks.py knows.
 */
struct cli_example {
	const char *what;	/* one sentence */
	const char *run;
	const char *output;	/* lines end with \n; "" = prints nothing */
};

struct cli_doc {
	const char *name;	/* "partition", "partition clone" */
	const char *text;	/* paragraphs, with an empty line between */
	const char *errors;	/* lines of "CKR_NAME or errno: when, what to do"; may be NULL */
	const struct cli_example *examples;	/* ends with run NULL; may be NULL */
};

extern const struct cli_doc cli_docs[];		/* ends with name NULL */

#endif /* CLI_TABLE_DOC_H */
