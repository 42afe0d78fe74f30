// SPDX-License-Identifier: BSD-3-Clause
/*
 * Files of the emulated PED. Everything in them is checked, down to the last byte, although the
 * folder counts as hardware beside the card: a broken key must never be taken for another one.
 * Numbers are little-endian; a file ends with the SHA-256 of what comes before.
 *
 *   key    u64 magic; u32 version; u32 colour; u32 flags; u32 iterations; u8 share[4]; u32 0;
 *          label[32]; salt[16]; secret[32]
 *   typed  u64 magic; u32 version; u32 0; salt[16]; stretched PIN[32]
 *
 * share is {needed, all, number, 0}: 1, 1, 1 until secrets can be split M of N.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "ped_file.h"

#define KEY_MAGIC	0x316b444550666f43ull	/* "CofPEDk1" */
#define TYPED_MAGIC	0x3170444550666f43ull	/* "CofPEDp1" */
#define VERSION		1
#define SUM		32
#define KEY_FILE	(32 + LABEL_MAX + PED_SALT + PED_SECRET + SUM)
#define TYPED_FILE	(16 + PED_SALT + PED_SECRET + SUM)
#define HAS_SECRET	0x01u
#define WHOLE		0x00010101u		/* share: one of one */
#define ITERATIONS_MAX	10000000u

/* A file that was read has its one length: no read from it, and no write of it, runs short. */
_Static_assert(KEY_FILE == 8 + 6 * 4 + LABEL_MAX + PED_SALT + PED_SECRET + SUM, "key file");
_Static_assert(TYPED_FILE == 8 + 2 * 4 + PED_SALT + PED_SECRET + SUM, "file of a PIN");

/* ---- Whole files ----------------------------------------------------------------- */

/* Exactly @len bytes, or -EBADMSG. No FIFO or device can hold the card up. */
static int file_read(const char *path, uint8_t *buf, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int rc = 0;

	if (fd < 0)
		return errno == ENOENT ? -ENOENT : -EBADMSG;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || (size_t)st.st_size != len ||
	    pread(fd, buf, len, 0) != (ssize_t)len)
		rc = -EBADMSG;
	close(fd);
	return rc;
}

/* Beside @path, synced; its name is the caller's to rename, remove and free. */
static int file_beside(const char *path, const uint8_t *buf, size_t len, char **name)
{
	int fd, rc = 0;

	if (asprintf(name, "%s.XXXXXX", path) < 0) {
		*name = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(*name, O_CLOEXEC);
	if (fd < 0)
		rc = -errno;
	else if (write(fd, buf, len) != (ssize_t)len || fsync(fd))
		rc = -EIO;
	if (fd >= 0)
		close(fd);
	if (rc && fd >= 0)
		unlink(*name);
	if (rc) {
		free(*name);
		*name = NULL;
	}
	return rc;
}

static int file_write(const char *path, const uint8_t *buf, size_t len, bool fresh)
{
	char *name;
	int rc = file_beside(path, buf, len, &name);

	if (rc)
		return rc;
	if (renameat2(AT_FDCWD, name, AT_FDCWD, path, fresh ? RENAME_NOREPLACE : 0)) {
		rc = -errno;
		unlink(name);
	}
	free(name);
	return rc;
}

static uint32_t sum_put(struct crypto *c, struct wire_out *out)
{
	struct bytes before = { out->base, out->len };
	uint8_t sum[SUM];
	uint32_t st = crypto_digest(c, CRYPTO_SHA256, before, sum);

	wire_put(out, sum, SUM);
	return st;
}

static bool sum_ok(struct crypto *c, const uint8_t *file, size_t len)
{
	struct bytes before = { file, len - SUM };
	uint8_t sum[SUM];

	return !crypto_digest(c, CRYPTO_SHA256, before, sum) &&
	       !memcmp(sum, file + len - SUM, SUM);
}

/* ---- Keys ------------------------------------------------------------------------ */

static int key_pack(struct crypto *c, const struct ped_key *key, uint8_t file[KEY_FILE])
{
	static const uint8_t none[PED_SECRET];
	struct wire_out out;

	wire_out_init(&out, file, KEY_FILE);
	wire_put_u64(&out, KEY_MAGIC);
	wire_put_u32(&out, VERSION);
	wire_put_u32(&out, key->color);
	wire_put_u32(&out, key->has_secret ? HAS_SECRET : 0);
	wire_put_u32(&out, key->iterations);
	wire_put_u32(&out, WHOLE);
	wire_put_u32(&out, 0);
	wire_put_padded(&out, key->label, LABEL_MAX);
	wire_put(&out, key->salt, PED_SALT);
	wire_put(&out, key->has_secret ? key->secret : none, PED_SECRET);
	return sum_put(c, &out) ? -EIO : 0;
}

static bool label_take(struct wire_in *in, char label[LABEL_MAX + 1])
{
	struct bytes b = wire_bytes(in, LABEL_MAX);
	size_t i, len = strnlen((const char *)b.p, LABEL_MAX);

	for (i = len; i < LABEL_MAX; i++)
		if (b.p[i])
			return false;
	b.len = len;
	label_set(label, b);
	return label_ok(b);
}

static int key_unpack(struct crypto *c, const uint8_t file[KEY_FILE], struct ped_key *key)
{
	struct wire_in in;
	struct bytes salt, secret;
	uint32_t flags;
	bool ok;

	wire_in_init(&in, file, KEY_FILE - SUM);
	ok = wire_u64(&in) == KEY_MAGIC && wire_u32(&in) == VERSION;
	key->color = wire_u32(&in);
	flags = wire_u32(&in);
	key->iterations = wire_u32(&in);
	ok = ok && wire_u32(&in) == WHOLE && !wire_u32(&in);
	ok = ok && label_take(&in, key->label);
	salt = wire_bytes(&in, PED_SALT);
	secret = wire_bytes(&in, PED_SECRET);
	if (!ok || !fw_ped_color_name(key->color) || (flags & ~HAS_SECRET) ||
	    key->iterations > ITERATIONS_MAX || !sum_ok(c, file, KEY_FILE))
		return -EBADMSG;
	key->has_secret = flags & HAS_SECRET;
	memcpy(key->salt, salt.p, PED_SALT);
	memcpy(key->secret, secret.p, PED_SECRET);
	return 0;
}

int ped_key_read(struct crypto *c, const char *path, struct ped_key *key)
{
	uint8_t file[KEY_FILE];
	int rc = file_read(path, file, sizeof(file));

	memset(key, 0, sizeof(*key));
	if (!rc)
		rc = key_unpack(c, file, key);
	crypto_wipe(file, sizeof(file));
	if (rc)
		crypto_wipe(key, sizeof(*key));
	return rc;
}

int ped_key_write(struct crypto *c, const char *path, const struct ped_key *key, bool fresh)
{
	uint8_t file[KEY_FILE];
	int rc = key_pack(c, key, file);

	if (!rc)
		rc = file_write(path, file, sizeof(file), fresh);
	crypto_wipe(file, sizeof(file));
	return rc;
}

/* The link in the PED stays; what it points to is replaced. */
int ped_key_prepare(struct crypto *c, const char *path, const struct ped_key *key, char **file)
{
	uint8_t buf[KEY_FILE];
	char *real = realpath(path, NULL);
	int rc = real ? key_pack(c, key, buf) : -errno;

	*file = NULL;
	if (!rc)
		rc = file_beside(real, buf, sizeof(buf), file);
	crypto_wipe(buf, sizeof(buf));
	free(real);
	return rc;
}

int ped_key_publish(const char *path, const char *file)
{
	char *real = realpath(path, NULL);
	int rc = real ? 0 : -errno;

	if (!rc && rename(file, real))
		rc = -errno;
	free(real);
	return rc;
}

/* ---- What was typed -------------------------------------------------------------- */

uint32_t ped_stretch(struct crypto *c, const struct ped_key *key, struct bytes pin,
		     uint8_t typed[PED_SECRET])
{
	struct bytes salt = { key->salt, PED_SALT };

	return crypto_pbkdf2(c, pin, salt, key->iterations, typed, PED_SECRET);
}

int ped_typed_read(struct crypto *c, const char *path, const struct ped_key *key,
		   uint8_t typed[PED_SECRET])
{
	uint8_t file[TYPED_FILE];
	struct wire_in in;
	struct bytes salt, value;
	bool ok;
	int rc = file_read(path, file, sizeof(file));

	memset(typed, 0, PED_SECRET);
	if (rc)
		return rc;
	wire_in_init(&in, file, TYPED_FILE - SUM);
	ok = wire_u64(&in) == TYPED_MAGIC && wire_u32(&in) == VERSION && !wire_u32(&in);
	salt = wire_bytes(&in, PED_SALT);
	value = wire_bytes(&in, PED_SECRET);
	if (ok && sum_ok(c, file, TYPED_FILE) && !memcmp(salt.p, key->salt, PED_SALT))
		memcpy(typed, value.p, PED_SECRET);
	else
		rc = -EBADMSG;
	crypto_wipe(file, sizeof(file));
	return rc;
}

int ped_typed_write(struct crypto *c, const char *path, const struct ped_key *key,
		    const uint8_t typed[PED_SECRET])
{
	uint8_t file[TYPED_FILE];
	struct wire_out out;
	int rc;

	wire_out_init(&out, file, sizeof(file));
	wire_put_u64(&out, TYPED_MAGIC);
	wire_put_u32(&out, VERSION);
	wire_put_u32(&out, 0);
	wire_put(&out, key->salt, PED_SALT);
	wire_put(&out, typed, PED_SECRET);
	rc = sum_put(c, &out) ? -EIO : file_write(path, file, sizeof(file), false);
	crypto_wipe(file, sizeof(file));
	return rc;
}

/* ---- Names ----------------------------------------------------------------------- */

static const char *const colors[COFFER_PED_COLORS] = {
	[COFFER_PED_BLUE]	= "blue",
	[COFFER_PED_BLACK]	= "black",
	[COFFER_PED_GREY]	= "grey",
	[COFFER_PED_RED]	= "red",
	[COFFER_PED_WHITE]	= "white",
	[COFFER_PED_ORANGE]	= "orange",
};

const char *fw_ped_color_name(uint32_t color)
{
	return color < COFFER_PED_COLORS ? colors[color] : NULL;
}

uint32_t fw_ped_color(const char *name)
{
	uint32_t color;

	for (color = COFFER_PED_BLUE; color < COFFER_PED_COLORS; color++)
		if (!strcmp(name, colors[color]))
			return color;
	return 0;
}

bool ped_path(char path[PED_PATH], const char *folder, uint32_t color, const char *ending)
{
	int n = snprintf(path, PED_PATH, "%s/%s%s", folder, fw_ped_color_name(color), ending);

	return n < PED_PATH;
}
