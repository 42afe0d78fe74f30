// SPDX-License-Identifier: BSD-3-Clause
/*
 * Archive files as files: reading them part by part, writing them under a temporary name, and
 * what their public head shows (firmware-sim/PROTOCOLS.md, "Archive files").
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_file.h"

#define MESSAGE_MAGIC	0x314e4c43u	/* "CLN1" */
#define BLOB_MAGIC	0x31424c43u	/* "CLB1" */
#define VERSION		1
#define KIND_HEAD	6
#define KIND_END	7
#define MESSAGE_HEADER	12
#define MESSAGE_MAX	16384
#define BLOB_HEADER	76
#define BLOB_TAG	16
#define RECIPIENT	488

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint64_t u64_at(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

/* ---- Reading ------------------------------------------------------------------------------ */

struct archive_in *archive_in_open(const char *path, coffer_rc *rc)
{
	struct archive_in *in = calloc(1, sizeof(*in));
	struct stat st;

	*rc = in ? 0 : -ENOMEM;
	if (!in)
		return NULL;
	/* Nobody is waited for at the other end of a pipe. */
	in->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (in->fd < 0)
		*rc = -errno;
	else if (fstat(in->fd, &st))
		*rc = -errno;
	else if (!S_ISREG(st.st_mode))
		*rc = -EINVAL;		/* it is read twice */
	if (!*rc)
		return in;
	archive_in_close(in);
	return NULL;
}

void archive_in_close(struct archive_in *in)
{
	if (!in)
		return;
	if (in->fd >= 0)
		close(in->fd);
	free(in);
}

/* *got: fewer than @len only at the end of the file. */
static coffer_rc read_some(int fd, uint8_t *to, size_t len, size_t *got)
{
	ssize_t n;

	*got = 0;
	while (*got < len) {
		n = read(fd, to + *got, len - *got);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*got += (size_t)n;
	}
	return 0;
}

/* From the first twelve bytes to the kind; for a message its length, too. */
static coffer_rc part_begins(struct archive_in *in)
{
	const uint8_t *p = in->part;
	uint32_t magic = u32_at(p);

	if (magic == BLOB_MAGIC && p[4] == VERSION && !p[5]) {
		in->kind = PART_BLOB;
		in->len = BLOB_HEADER;
		return 0;
	}
	if (magic != MESSAGE_MAGIC && magic != BLOB_MAGIC)
		return ST(CPV4_MSG_ERROR);
	if (p[4] > VERSION)
		return ST(ARCHIVE_VERSION);
	if (magic != MESSAGE_MAGIC || p[4] != VERSION || (p[5] != KIND_HEAD && p[5] != KIND_END))
		return ST(CPV4_MSG_ERROR);
	in->kind = p[5] == KIND_HEAD ? PART_HEAD : PART_END;
	in->len = u32_at(p + 8);
	return in->len < MESSAGE_HEADER || in->len > MESSAGE_MAX ? ST(CPV4_MSG_ERROR) : 0;
}

static coffer_rc read_rest(struct archive_in *in, size_t have)
{
	size_t got;
	coffer_rc rc = read_some(in->fd, in->part + have, in->len - have, &got);

	return !rc && got < in->len - have ? ST(MAC_MISSING) : rc;
}

static coffer_rc read_part(struct archive_in *in)
{
	size_t got;
	uint32_t flat;
	coffer_rc rc = read_some(in->fd, in->part, MESSAGE_HEADER, &got);

	if (rc || !got)
		return rc;
	if (got < MESSAGE_HEADER)
		return ST(MAC_MISSING);
	rc = part_begins(in);
	if (!rc)
		rc = read_rest(in, MESSAGE_HEADER);
	if (rc || in->kind != PART_BLOB)
		return rc;
	flat = u32_at(in->part + BLOB_HEADER - 4);
	if (flat > PART_MAX - BLOB_HEADER - BLOB_TAG)
		return ST(CPV4_MSG_ERROR);
	in->len = BLOB_HEADER + flat + BLOB_TAG;
	return read_rest(in, BLOB_HEADER);
}

coffer_rc archive_in_next(struct archive_in *in)
{
	coffer_rc rc;

	in->kind = PART_NONE;
	in->len = 0;
	rc = read_part(in);
	if (!rc)
		in->at += in->len;
	return rc;
}

coffer_rc archive_in_rewind(struct archive_in *in)
{
	in->at = 0;
	return lseek(in->fd, 0, SEEK_SET) < 0 ? -errno : 0;
}

void archive_in_object(const struct archive_in *in, struct clone_object *object)
{
	memcpy(object->ouid, in->part + 40, COFFER_OUID_LEN);
	object->has_ouid = true;
	object->item->object_class = u32_at(in->part + 64);
}

/* ---- Writing ------------------------------------------------------------------------------ */

coffer_rc archive_out_open(struct archive_out *out, const char *path)
{
	out->path = path;
	out->fd = -1;
	out->name = text_of("%s.XXXXXX", path);
	if (!out->name)
		return -ENOMEM;
	out->fd = mkostemp(out->name, O_CLOEXEC);
	if (out->fd >= 0)
		return 0;
	free(out->name);
	out->name = NULL;
	return -errno;
}

coffer_rc archive_out_put(struct archive_out *out, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	ssize_t n;

	while (len) {
		n = write(out->fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* In one step, and never over another file unless that is wanted. */
static coffer_rc name_it(const struct archive_out *out, bool replace)
{
	if (replace)
		return rename(out->name, out->path) ? -errno : 0;
	if (!renameat2(AT_FDCWD, out->name, AT_FDCWD, out->path, RENAME_NOREPLACE))
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* A file system that cannot do it: a link never replaces anything either. */
	if (link(out->name, out->path))
		return -errno;
	unlink(out->name);
	return 0;
}

/* The name itself has to be on disk, too. */
static coffer_rc sync_folder(const char *path)
{
	char *copy = strdup(path);
	coffer_rc rc = 0;
	int fd;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* One that may be written to but not be read cannot be asked for it. */
	if (fd < 0 ? errno != EACCES : fsync(fd) && errno != EINVAL)
		rc = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

void archive_out_drop(struct archive_out *out)
{
	if (out->fd >= 0)
		close(out->fd);
	if (out->name)
		unlink(out->name);
	free(out->name);
	out->name = NULL;
	out->fd = -1;
}

coffer_rc archive_out_done(struct archive_out *out, bool replace)
{
	coffer_rc rc = fsync(out->fd) ? -errno : 0;

	if (!rc)
		rc = name_it(out, replace);
	if (rc) {
		archive_out_drop(out);
		return rc;
	}
	free(out->name);
	out->name = NULL;
	archive_out_drop(out);
	return sync_folder(out->path);
}

/* ---- What it shows ------------------------------------------------------------------------ */

#define HEAD_OFFER	MESSAGE_HEADER
#define HEAD_DATE	(HEAD_OFFER + 160)
#define HEAD_CERT	(HEAD_DATE + 16)
#define OFFER_FIPS	2

static coffer_rc head_show(const struct archive_in *in, struct coffer_archive_info *out)
{
	const uint8_t *offer = in->part + HEAD_OFFER;
	size_t at = HEAD_CERT + 4;

	if (in->len < at)
		return ST(CPV4_MSG_ERROR);
	out->version = in->part[4];
	out->fips = u32_at(offer + 4) & OFFER_FIPS;
	out->card = u64_at(offer + 8);
	out->partition = u64_at(offer + 16);
	msg_copy_text(out->profile, (const char *)offer + 24, 16);
	out->fw_version = u32_at(offer + 40);
	out->level = u32_at(offer + 44);
	out->date_ms = u64_at(in->part + HEAD_DATE);
	at += u32_at(in->part + HEAD_CERT);
	if (at > in->len - 4 || in->len - 4 > MESSAGE_MAX)
		return ST(CPV4_MSG_ERROR);
	out->recipients = u32_at(in->part + at);
	at += 4;
	if (!out->recipients || out->recipients > COFFER_ARCHIVE_RECIPIENTS ||
	    in->len < at + out->recipients * RECIPIENT)
		return ST(CPV4_MSG_ERROR);
	for (size_t i = 0; i < out->recipients; i++)
		out->recipient[i] = u64_at(in->part + at + i * RECIPIENT);
	return 0;
}

/* A cut file is shown as far as it goes; what is none is an error. */
static coffer_rc parts_show(struct archive_in *in, struct coffer_archive_info *out)
{
	coffer_rc rc;

	for (;;) {
		rc = archive_in_next(in);
		if (rc || in->kind != PART_BLOB)
			break;
		out->objects++;
	}
	if (!rc && in->kind == PART_END && in->len >= MESSAGE_HEADER + 4) {
		out->written = u32_at(in->part + MESSAGE_HEADER);
		rc = archive_in_next(in);
		out->whole = !rc && in->kind == PART_NONE && out->written == out->objects;
	}
	return rc < 0 ? rc : 0;
}

API coffer_rc coffer_archive_file_info(const char *path, struct coffer_archive_info *out)
{
	struct archive_in *in;
	coffer_rc rc;

	memset(out, 0, sizeof(*out));
	in = archive_in_open(path, &rc);
	if (!in)
		return rc;
	rc = archive_in_next(in);
	if (!rc)
		rc = in->kind == PART_HEAD ? head_show(in, out) : ST(CPV4_MSG_ERROR);
	if (!rc)
		rc = parts_show(in, out);
	archive_in_close(in);
	if (rc)
		memset(out, 0, sizeof(*out));
	return rc;
}
