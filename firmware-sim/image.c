// SPDX-License-Identifier: BSD-3-Clause
/* Firmware images: the layout of UPDATE.md, written and read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw.h"
#include "image.h"
#include "nv.h"
#include "root.h"

#define IMAGE_NAME	sizeof(((struct coffer_image_head *)0)->profile)

static const char magic[8] = COFFER_IMAGE_MAGIC;

/* ---- Read ------------------------------------------------------------------------ */

struct head {
	uint32_t body_len;
	uint32_t sig_len;
	uint32_t family;
	uint32_t fw_version;
	uint32_t oldest;
	struct bytes profile;
	struct bytes root;
	struct bytes hash;
};

static bool all_zero(struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i])
			return false;
	return true;
}

static bool head_read(struct bytes file, struct head *h)
{
	struct wire_in in;
	struct bytes name;

	wire_in_init(&in, file.p, file.len);
	name = wire_bytes(&in, sizeof(magic));
	if (in.bad || memcmp(name.p, magic, sizeof(magic)) || wire_u32(&in) != COFFER_IMAGE_FORMAT)
		return false;
	h->body_len = wire_u32(&in);
	h->sig_len = wire_u32(&in);
	h->family = wire_u32(&in);
	h->fw_version = wire_u32(&in);
	h->oldest = wire_u32(&in);
	h->profile = wire_bytes(&in, IMAGE_NAME);
	h->root = wire_bytes(&in, 32);
	h->hash = wire_bytes(&in, 32);
	return all_zero(wire_bytes(&in, 16)) && !in.bad;
}

static bool hash_is(struct crypto *c, struct bytes of, struct bytes hash)
{
	uint8_t now[CRYPTO_HASH_MAX];

	return !crypto_digest(c, CRYPTO_SHA256, of, now) && hash.len == 32 &&
	       !memcmp(now, hash.p, 32);
}

/* Head, body, signature: nothing between, nothing behind. */
static bool lengths_fit(struct crypto *c, struct bytes root, struct bytes file,
			const struct head *h)
{
	size_t sig_len;

	return h->body_len && h->body_len <= IMAGE_MAX &&
	       !crypto_root_sig_len(c, root, &sig_len) && h->sig_len == sig_len &&
	       file.len == IMAGE_HEAD + (size_t)h->body_len + sig_len;
}

/* The profile that the head names, with NULs behind its name. */
static const struct profile *profile_of(const struct head *h)
{
	char name[IMAGE_NAME + 1] = "", again[IMAGE_NAME] = "";
	const struct profile *p;

	memcpy(name, h->profile.p, IMAGE_NAME);
	p = profile_by_name(name);
	if (!p)
		return NULL;
	memcpy(again, p->name, strnlen(p->name, IMAGE_NAME));
	if (memcmp(again, h->profile.p, IMAGE_NAME) || p->family != h->family ||
	    p->fw_version != h->fw_version)
		return NULL;
	return p;
}

static bool body_is(const struct profile *p, struct bytes body)
{
	char *text = malloc(IMAGE_MAX);
	size_t len = text ? image_body(p, text, IMAGE_MAX) : 0;
	bool same = len && len == body.len && !memcmp(text, body.p, len);

	free(text);
	return same;
}

/* The signature comes first: nothing of an image is believed before. */
uint32_t image_read(struct crypto *c, struct bytes root, struct bytes file, struct image *image)
{
	struct bytes body, sig, covered;
	struct head h;

	image->profile = NULL;
	if (file.len > IMAGE_MAX || !head_read(file, &h) || !lengths_fit(c, root, file, &h))
		return COFFER_ST_FW_IMAGE_INVALID;
	covered = (struct bytes){ file.p, file.len - h.sig_len };
	sig = (struct bytes){ file.p + covered.len, h.sig_len };
	body = (struct bytes){ file.p + IMAGE_HEAD, h.body_len };
	if (crypto_root_verify(c, root, covered, sig) || !hash_is(c, root, h.root) ||
	    !hash_is(c, body, h.hash))
		return COFFER_ST_FW_IMAGE_INVALID;
	image->oldest = h.oldest;
	image->profile = profile_of(&h);
	if (!image->profile || !body_is(image->profile, body))
		return COFFER_ST_FW_IMAGE_INVALID;
	return COFFER_ST_OK;
}

/* ---- Make ------------------------------------------------------------------------ */

struct making {
	struct crypto *crypto;
	const struct profile *profile;
	uint32_t oldest;
	struct root root;
	struct crypto_der der;		/* of the root's certificate */
	struct wire_out out;
	uint8_t file[IMAGE_MAX];
};

static uint32_t head_write(struct making *m, struct bytes body, size_t sig_len)
{
	uint8_t root[CRYPTO_HASH_MAX], hash[CRYPTO_HASH_MAX];
	static const uint8_t zeros[16];
	uint32_t st = crypto_digest(m->crypto, CRYPTO_SHA256,
				    (struct bytes){ m->der.p, m->der.len }, root);

	if (!st)
		st = crypto_digest(m->crypto, CRYPTO_SHA256, body, hash);
	wire_put(&m->out, magic, sizeof(magic));
	wire_put_u32(&m->out, COFFER_IMAGE_FORMAT);
	wire_put_u32(&m->out, (uint32_t)body.len);
	wire_put_u32(&m->out, (uint32_t)sig_len);
	wire_put_u32(&m->out, m->profile->family);
	wire_put_u32(&m->out, m->profile->fw_version);
	wire_put_u32(&m->out, m->oldest);
	wire_put_padded(&m->out, m->profile->name, IMAGE_NAME);
	wire_put(&m->out, root, 32);
	wire_put(&m->out, hash, 32);
	wire_put(&m->out, zeros, sizeof(zeros));
	return st;
}

static uint32_t image_write(struct making *m)
{
	struct bytes key = { (const uint8_t *)m->root.key, strlen(m->root.key) };
	struct bytes cert = { (const uint8_t *)m->root.cert, strlen(m->root.cert) };
	uint8_t sig[CRYPTO_ROOT_SIG_MAX];
	size_t sig_len, made = sizeof(sig);
	struct bytes body;
	char *text = malloc(IMAGE_MAX);
	uint32_t st = crypto_root_der(m->crypto, cert, &m->der);

	body.p = (uint8_t *)text;
	body.len = text ? image_body(m->profile, text, IMAGE_MAX) : 0;
	if (!st)
		st = crypto_root_sig_len(m->crypto, (struct bytes){ m->der.p, m->der.len },
					 &sig_len);
	wire_out_init(&m->out, m->file, sizeof(m->file));
	if (!st)
		st = head_write(m, body, sig_len);
	wire_put(&m->out, body.p, body.len);
	free(text);
	if (!st)
		st = crypto_root_sign(m->crypto, key, cert,
				      (struct bytes){ m->file, m->out.len }, sig, &made);
	wire_put(&m->out, sig, made);
	if (!st && (!body.len || made != sig_len || !wire_out_ok(&m->out)))
		st = COFFER_ST_DEVICE_ERROR;
	return st;
}

/* A file that is there stays as it is. */
static int file_write(const char *path, const uint8_t *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int rc = fd < 0 ? -errno : 0;

	if (rc)
		return rc;
	if (write(fd, p, len) != (ssize_t)len || fsync(fd))
		rc = -EIO;
	if (close(fd) && !rc)
		rc = -EIO;
	if (rc)
		unlink(path);
	return rc;
}

static int image_make(struct making *m, const char *file, const struct fw_image *how, char *err,
		      size_t len)
{
	uint32_t st;
	int rc;

	m->profile = how->profile ? profile_by_name(how->profile) : NULL;
	if (!m->profile)
		return say(err, len, -EINVAL, "there is no profile \"%s\"",
			   how->profile ? how->profile : "");
	m->oldest = how->oldest;
	if (m->oldest > m->profile->fw_version)
		return say(err, len, -EINVAL, "%s is no newer than the oldest firmware for it",
			   m->profile->name);
	rc = root_read(&m->root, how->root_key_file, how->root_cert_file, err, len);
	if (rc)
		return rc;
	st = crypto_open(&m->crypto);
	if (st)
		return say(err, len, -EIO, "self-tests failed (0x%08x)", (unsigned int)st);
	st = image_write(m);
	if (st)
		return say(err, len, -EINVAL, "the root cannot sign an image (0x%08x)",
			   (unsigned int)st);
	rc = file_write(file, m->file, m->out.len);
	return rc ? say(err, len, rc, "%s: %s", file, strerror(-rc)) : 0;
}

int fw_image_create(const char *file, const struct fw_image *how, char *err, size_t err_len)
{
	struct making *m = calloc(1, sizeof(*m));
	int rc;

	if (!m)
		return say(err, err_len, -ENOMEM, "no memory");
	rc = image_make(m, file, how, err, err_len);
	root_free(&m->root);
	if (m->crypto)
		crypto_close(m->crypto);
	free(m);
	return rc;
}
