// SPDX-License-Identifier: BSD-3-Clause
/*
 * The one-file form of a card that is switched off: a header and the folder's files.
 *   u64 magic; u32 version; u32 count
 *   count times {name[16], NUL padded; u64 length; bytes[length]}
 *   sha256 of everything before
 * It holds what the folder holds, its keys too: guard it like the folder.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "card_file.h"
#include "nv.h"

#define FILE_MAGIC	0x3164726143464f43ull	/* "COFCard1" */
#define FILE_VERSION	1
#define FILE_SUM	32
#define NAME_FIELD	16

/* In this order; the log of the store is there only after a power cut. */
static const char *const file_names[] = { "nv", "store", "store-wal" };
#define FILE_NAMES	(sizeof(file_names) / sizeof(file_names[0]))

/* A whole file, in memory. */
struct blob {
	uint8_t *p;
	size_t len;
};

static void blob_free(struct blob *b)
{
	if (b->p)
		crypto_wipe(b->p, b->len);
	free(b->p);
	b->p = NULL;
	b->len = 0;
}

static int fd_read(int fd, struct blob *b)
{
	struct stat st;
	size_t at = 0;
	ssize_t n;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	b->len = (size_t)st.st_size;
	b->p = malloc(b->len ? b->len : 1);
	if (!b->p)
		return -ENOMEM;
	while (at < b->len) {
		n = read(fd, b->p + at, b->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += (size_t)n;
	}
	return 0;
}

static int path_read(int dir, const char *path, struct blob *b)
{
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int rc;

	memset(b, 0, sizeof(*b));
	if (fd < 0)
		return -errno;
	rc = fd_read(fd, b);
	close(fd);
	if (rc)
		blob_free(b);
	return rc;
}

/* A new file, durable. An incomplete one is removed. */
static int path_write(int dir, const char *path, const uint8_t *p, size_t len)
{
	int fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (len && !rc) {
		n = write(fd, p, len);
		if (n < 0 && errno != EINTR)
			rc = -errno;
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	if (!rc && fsync(fd))
		rc = -errno;
	close(fd);
	if (rc)
		unlinkat(dir, path, 0);
	return rc;
}

static int sum(const uint8_t *p, size_t len, uint8_t out[FILE_SUM])
{
	struct crypto *crypto;
	uint32_t st = crypto_open(&crypto);

	if (st)
		return -EIO;
	st = crypto_digest(crypto, CRYPTO_SHA256, (struct bytes){ p, len }, out);
	crypto_close(crypto);
	return st ? -EIO : 0;
}

/* ---- Export ---------------------------------------------------------------------- */

static int folder_read(int dir, struct blob files[FILE_NAMES], uint32_t *count)
{
	size_t i;
	int rc;

	*count = 0;
	for (i = 0; i < FILE_NAMES; i++) {
		rc = path_read(dir, file_names[i], &files[i]);
		if (rc == -ENOENT && i == FILE_NAMES - 1)
			return 0;
		if (rc)
			return rc;
		(*count)++;
	}
	return 0;
}

static int pack(const struct blob files[FILE_NAMES], uint32_t count, struct blob *out)
{
	struct wire_out w;
	uint32_t i;

	out->len = 16 + FILE_SUM;
	for (i = 0; i < count; i++)
		out->len += NAME_FIELD + 8 + files[i].len;
	out->p = malloc(out->len);
	if (!out->p)
		return -ENOMEM;
	wire_out_init(&w, out->p, out->len);
	wire_put_u64(&w, FILE_MAGIC);
	wire_put_u32(&w, FILE_VERSION);
	wire_put_u32(&w, count);
	for (i = 0; i < count; i++) {
		wire_put_padded(&w, file_names[i], NAME_FIELD);
		wire_put_u64(&w, files[i].len);
		wire_put(&w, files[i].p, files[i].len);
	}
	return wire_out_ok(&w) ? sum(out->p, w.len, out->p + w.len) : -EIO;
}

static int export_locked(const char *dir, const char *file)
{
	struct blob files[FILE_NAMES] = { { NULL, 0 } }, out = { NULL, 0 };
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;
	uint32_t count;
	size_t i;

	if (!rc)
		rc = folder_read(fd, files, &count);
	if (!rc)
		rc = pack(files, count, &out);
	if (!rc)
		rc = path_write(AT_FDCWD, file, out.p, out.len);
	for (i = 0; i < FILE_NAMES; i++)
		blob_free(&files[i]);
	blob_free(&out);
	if (fd >= 0)
		close(fd);
	return rc;
}

int fw_card_export(const char *dir, const char *file, char *err, size_t err_len)
{
	int lock, rc = card_lock(dir, &lock, err, err_len);

	if (rc)
		return rc;
	rc = export_locked(dir, file);
	card_unlock(lock);
	if (rc == -EEXIST)
		return say(err, err_len, rc, "%s: there is something already", file);
	if (rc)
		return say(err, err_len, rc, "%s: cannot export: %s", dir, strerror(-rc));
	return 0;
}

/* ---- Import ---------------------------------------------------------------------- */

/* Nothing is written before the whole file was found good. */
static int unpack_check(const struct blob *in, struct wire_in *w, uint32_t *count)
{
	uint8_t good[FILE_SUM];
	uint32_t version;
	int rc;

	if (in->len < 16 + FILE_SUM)
		return -EBADMSG;
	wire_in_init(w, in->p, in->len - FILE_SUM);
	if (wire_u64(w) != FILE_MAGIC)
		return -EBADMSG;
	version = wire_u32(w);
	*count = wire_u32(w);
	rc = sum(in->p, in->len - FILE_SUM, good);
	if (rc)
		return rc;
	if (memcmp(good, in->p + in->len - FILE_SUM, FILE_SUM))
		return -EBADMSG;
	if (version > FILE_VERSION)
		return -ENOTSUP;
	return *count < 2 || *count > FILE_NAMES ? -EBADMSG : 0;
}

static int unpack_one(struct wire_in *w, int dir, const char *name)
{
	struct bytes field = wire_bytes(w, NAME_FIELD), body;
	uint64_t len = wire_u64(w);

	if (w->bad || len > w->left || strncmp((const char *)field.p, name, NAME_FIELD))
		return -EBADMSG;
	body = wire_bytes(w, (size_t)len);
	return path_write(dir, name, body.p, body.len);
}

static int unpack(const struct blob *in, const char *work)
{
	struct wire_in w;
	uint32_t count, i;
	int fd = -1, rc = unpack_check(in, &w, &count);

	if (!rc) {
		fd = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd < 0 ? -errno : 0;
	}
	for (i = 0; !rc && i < count; i++)
		rc = unpack_one(&w, fd, file_names[i]);
	if (!rc && !wire_in_done(&w))
		rc = -EBADMSG;
	if (fd >= 0)
		close(fd);
	return rc;
}

static int import_folder(const struct blob *in, const char *file, const char *dir, char *err,
			 size_t err_len)
{
	char *work;
	int rc = folder_begin(dir, &work, err, err_len);

	if (rc)
		return rc;
	rc = unpack(in, work);
	if (rc == -EBADMSG)
		say(err, err_len, rc, "%s: damaged, or not an exported card", file);
	else if (rc == -ENOTSUP)
		say(err, err_len, rc, "%s: made by a newer version of coffer", file);
	else if (rc)
		say(err, err_len, rc, "%s: cannot import: %s", dir, strerror(-rc));
	else
		rc = folder_publish(work, dir, err, err_len);
	if (rc)
		folder_remove(work);
	free(work);
	return rc;
}

int fw_card_import(const char *file, const char *dir, char *err, size_t err_len)
{
	struct blob in;
	int rc = path_read(AT_FDCWD, file, &in);

	if (rc)
		return say(err, err_len, rc, "%s: %s", file, strerror(-rc));
	rc = import_folder(&in, file, dir, err, err_len);
	blob_free(&in);
	return rc;
}
