/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file of an archive: parts one after the other, each of which says its own length. Between
 * archive_file.c (the file), archive_export.c and archive_import.c (the cards).
 */
#ifndef LIB_ARCHIVE_FILE_H
#define LIB_ARCHIVE_FILE_H

#include "clone.h"
#include "coffer/archive.h"

#define PART_MAX	COFFER_CMD_MAX_PAYLOAD

enum part_kind { PART_NONE, PART_HEAD, PART_BLOB, PART_END };

struct archive_in {
	int fd;
	uint64_t at;			/* of the next part */
	enum part_kind kind;		/* of the one that was read last */
	size_t len;
	uint8_t part[PART_MAX];
};

/* NULL and *rc: -errno. */
struct archive_in *archive_in_open(const char *path, coffer_rc *rc);
void archive_in_close(struct archive_in *in);
/*
 * The next part; PART_NONE at the end of the file. MAC_MISSING: cut off in the middle;
 * CPV4_MSG_ERROR: no part of an archive; ARCHIVE_VERSION.
 */
coffer_rc archive_in_next(struct archive_in *in);
/* Back to the first part. */
coffer_rc archive_in_rewind(struct archive_in *in);
/* Of a blob, in its public header. */
void archive_in_object(const struct archive_in *in, struct clone_object *object);

struct archive_out {
	int fd;
	char *name;			/* for now */
	const char *path;
};

coffer_rc archive_out_open(struct archive_out *out, const char *path);
coffer_rc archive_out_put(struct archive_out *out, const void *bytes, size_t len);
/* On disk and under its name; -EEXIST unless @replace. Closes it, also on failure. */
coffer_rc archive_out_done(struct archive_out *out, bool replace);
void archive_out_drop(struct archive_out *out);

#endif /* LIB_ARCHIVE_FILE_H */
