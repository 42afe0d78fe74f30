// SPDX-License-Identifier: BSD-3-Clause
/*
 * File layout, little-endian: the factory block at 0, slot 0 at 32 KiB, slot 1 at 48 KiB. Each
 * is {u32 magic; u32 version; u64 sequence; u32 length; u32 crc} and a body; the CRC covers
 * version, sequence, length and body. The valid slot with the higher sequence counts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nv_internal.h"

#define NV_MAGIC	0x564e4643	/* "CFNV" */
#define NV_VERSION	3	/* 1 ends before the flags, 2 before the update and factory flags */
#define NV_HEAD		24
#define FACTORY_ROOM	(32 * 1024)
#define SLOT_ROOM	NV_SLOT_ROOM
#define NV_SIZE		(FACTORY_ROOM + 2 * SLOT_ROOM)

#define HAS_LIFE_KEY	0x01u	/* flags of a state */
#define TAMPERED	0x02u
#define CLOCK_WANTED	0x04u
#define FLAGS_ALL	(HAS_LIFE_KEY | TAMPERED | CLOCK_WANTED)
#define FACTORY_PED	0x01u	/* flags of the factory block */
#define FACTORY_LIMITED	0x02u

static uint32_t crc32_of(uint32_t crc, const uint8_t *p, size_t len)
{
	int bit;

	crc = ~crc;
	while (len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

/* ---- Blocks ---------------------------------------------------------------------- */

static uint32_t block_crc(const uint8_t *block, uint32_t len)
{
	uint32_t crc = crc32_of(0, block + 4, 16);	/* version, sequence, length */

	return crc32_of(crc, block + NV_HEAD, len);
}

/* Fills in the head of a block whose body of @len bytes is there already. */
static void block_head(uint8_t *block, uint64_t sequence, uint32_t len)
{
	struct wire_out out;

	wire_out_init(&out, block, NV_HEAD);
	wire_put_u32(&out, NV_MAGIC);
	wire_put_u32(&out, NV_VERSION);
	wire_put_u64(&out, sequence);
	wire_put_u32(&out, len);
	wire_put_u32(&out, 0);
	wire_fill_u32(&out, 20, block_crc(block, len));
}

/* -EBADMSG: not a block, or torn. -ENOTSUP: a newer one. */
static int block_check(const uint8_t *block, size_t room, uint64_t *sequence, uint32_t *len)
{
	struct wire_in in;
	uint32_t version, crc;

	wire_in_init(&in, block, NV_HEAD);
	if (wire_u32(&in) != NV_MAGIC)
		return -EBADMSG;
	version = wire_u32(&in);
	*sequence = wire_u64(&in);
	*len = wire_u32(&in);
	crc = wire_u32(&in);
	if (*len > room - NV_HEAD || crc != block_crc(block, *len))
		return -EBADMSG;
	return version > NV_VERSION ? -ENOTSUP : 0;
}

static int write_all(int fd, const uint8_t *p, size_t len, off_t at)
{
	ssize_t n;

	while (len) {
		n = pwrite(fd, p, len, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -EIO;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* ---- State to bytes and back ----------------------------------------------------- */

static size_t state_write(const struct nv_state *s, uint8_t *body, size_t room)
{
	struct wire_out out;
	uint32_t i;

	wire_out_init(&out, body, room);
	wire_put_u64(&out, s->commit_mark);
	wire_put_u32(&out, s->pending);
	wire_put(&out, s->key, sizeof(s->key));
	wire_put_u32(&out, s->attempts);
	for (i = 0; i < s->attempts; i++) {
		wire_put_u32(&out, s->attempt[i].part);
		wire_put_u16(&out, s->attempt[i].role);
		wire_put_u16(&out, s->attempt[i].count);
	}
	wire_put_u32(&out, s->clones);
	for (i = 0; i < s->clones; i++) {
		wire_put_u32(&out, s->clone[i].part);
		wire_put_u32(&out, s->clone[i].count);
		wire_put_u64(&out, 0);	/* was a time of day */
	}
	wire_put_u32(&out, (s->has_life_key ? HAS_LIFE_KEY : 0) | (s->tampered ? TAMPERED : 0) |
		     (s->clock_wanted ? CLOCK_WANTED : 0));
	wire_put(&out, s->life_key, sizeof(s->life_key));
	wire_put_u64(&out, s->audit_mark);
	wire_put_u32(&out, s->fw_version);
	wire_put_padded(&out, s->profile, sizeof(s->profile));
	wire_put_padded(&out, s->update_from, sizeof(s->update_from));
	return wire_out_ok(&out) ? out.len : 0;
}

static void text_read(struct wire_in *in, char *to, size_t room)
{
	struct bytes b = wire_bytes(in, room);

	if (b.len == room)
		memcpy(to, b.p, room);
	to[room - 1] = '\0';
}

/* What version 3 added; the profile is that of manufacture before. */
static int state_read_update(struct nv_state *s, struct wire_in *in)
{
	s->fw_version = 0;
	memset(s->profile, 0, sizeof(s->profile));
	memset(s->update_from, 0, sizeof(s->update_from));
	if (!in->left)
		return in->bad ? -EBADMSG : 0;
	s->fw_version = wire_u32(in);
	text_read(in, s->profile, sizeof(s->profile));
	text_read(in, s->update_from, sizeof(s->update_from));
	return wire_in_done(in) ? 0 : -EBADMSG;
}

/* What version 2 added; a card of version 1 has none of it. */
static int state_read_more(struct nv_state *s, struct wire_in *in)
{
	struct bytes key;
	uint32_t flags;

	s->has_life_key = false;
	s->tampered = false;
	s->clock_wanted = false;
	s->audit_mark = 0;
	if (!in->left)
		return state_read_update(s, in);
	flags = wire_u32(in);
	key = wire_bytes(in, KEY_LEN);
	s->audit_mark = wire_u64(in);
	if (in->bad || (flags & ~FLAGS_ALL))
		return -EBADMSG;
	memcpy(s->life_key, key.p, KEY_LEN);
	s->has_life_key = flags & HAS_LIFE_KEY;
	s->tampered = flags & TAMPERED;
	s->clock_wanted = flags & CLOCK_WANTED;
	return state_read_update(s, in);
}

static int state_read(struct nv_state *s, const uint8_t *body, size_t len)
{
	struct wire_in in;
	struct bytes key;
	uint32_t i;

	wire_in_init(&in, body, len);
	s->commit_mark = wire_u64(&in);
	s->pending = (enum nv_clear)wire_u32(&in);
	key = wire_bytes(&in, KEY_LEN);
	if (key.len == KEY_LEN)
		memcpy(s->key, key.p, KEY_LEN);
	s->attempts = wire_u32(&in);
	if (s->attempts > COUNTERS_MAX)
		return -EBADMSG;
	for (i = 0; i < s->attempts; i++) {
		s->attempt[i].part = wire_u32(&in);
		s->attempt[i].role = wire_u16(&in);
		s->attempt[i].count = wire_u16(&in);
	}
	s->clones = wire_u32(&in);
	if (s->clones > CLONE_COUNTERS_MAX)
		return -EBADMSG;
	for (i = 0; i < s->clones; i++) {
		s->clone[i].part = wire_u32(&in);
		s->clone[i].count = wire_u32(&in);
		wire_u64(&in);
	}
	if (in.bad || s->pending > NV_CLEAR_FACTORY)
		return -EBADMSG;
	return state_read_more(s, &in);
}

static void der_write(struct wire_out *out, const struct crypto_der *der)
{
	wire_put_blob(out, der->p, der->len);
}

static void der_read(struct wire_in *in, struct crypto_der *der)
{
	struct bytes b = wire_blob(in, CRYPTO_DER_MAX);

	der->len = b.len;
	if (b.len)
		memcpy(der->p, b.p, b.len);
}

static size_t factory_write(const struct nv_factory *f, uint8_t *body, size_t room)
{
	struct wire_out out;

	wire_out_init(&out, body, room);
	wire_put_u64(&out, f->serial);
	wire_put_u64(&out, f->made_ms);
	wire_put_padded(&out, f->profile, sizeof(f->profile));
	wire_put_padded(&out, f->label, sizeof(f->label));
	wire_put_u32(&out, f->kdf_test);
	wire_put_u32(&out, f->test_root);
	der_write(&out, &f->identity.root);
	der_write(&out, &f->identity.device_cert);
	der_write(&out, &f->identity.device_key);
	der_write(&out, &f->identity.wrap_cert);
	der_write(&out, &f->identity.wrap_key);
	wire_put_u32(&out, (f->ped ? FACTORY_PED : 0) | (f->limited ? FACTORY_LIMITED : 0));
	return wire_out_ok(&out) ? out.len : 0;
}

/* What version 3 added; an older card has none of it. */
static int factory_read_more(struct nv_factory *f, struct wire_in *in)
{
	uint32_t flags = in->left ? wire_u32(in) : 0;

	if (!wire_in_done(in) || (flags & ~(FACTORY_PED | FACTORY_LIMITED)))
		return -EBADMSG;
	f->ped = flags & FACTORY_PED;
	f->limited = flags & FACTORY_LIMITED;
	return 0;
}

static int factory_read(struct nv_factory *f, const uint8_t *body, size_t len)
{
	struct wire_in in;

	wire_in_init(&in, body, len);
	f->serial = wire_u64(&in);
	f->made_ms = wire_u64(&in);
	text_read(&in, f->profile, sizeof(f->profile));
	text_read(&in, f->label, sizeof(f->label));
	f->kdf_test = wire_u32(&in);
	f->test_root = wire_u32(&in);
	der_read(&in, &f->identity.root);
	der_read(&in, &f->identity.device_cert);
	der_read(&in, &f->identity.device_key);
	der_read(&in, &f->identity.wrap_cert);
	der_read(&in, &f->identity.wrap_key);
	return factory_read_more(f, &in);
}

int nv_save(struct nv *nv)
{
	uint64_t sequence = nv->s.sequence + 1;
	size_t len = state_write(&nv->s, nv->buffer + NV_HEAD, SLOT_ROOM - NV_HEAD);
	off_t at = FACTORY_ROOM + (off_t)(sequence % 2) * SLOT_ROOM;
	int rc = -EOVERFLOW;

	if (len) {
		block_head(nv->buffer, sequence, (uint32_t)len);
		rc = write_all(nv->fd, nv->buffer, NV_HEAD + len, at);
	}
	if (!rc && fdatasync(nv->fd))
		rc = -EIO;
	if (!rc)
		nv->s.sequence = sequence;
	crypto_wipe(nv->buffer, SLOT_ROOM);
	return rc;
}

/* ---- Create, open, close --------------------------------------------------------- */

static int nv_fd(const char *dir, int flags)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/nv", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : fd;
}

static int factory_save(int fd, const struct nv_factory *factory)
{
	uint8_t *block = calloc(1, FACTORY_ROOM);
	size_t len;
	int rc = -EOVERFLOW;

	if (!block)
		return -ENOMEM;
	len = factory_write(factory, block + NV_HEAD, FACTORY_ROOM - NV_HEAD);
	if (len) {
		block_head(block, 0, (uint32_t)len);
		rc = write_all(fd, block, FACTORY_ROOM, 0);
	}
	crypto_wipe(block, FACTORY_ROOM);
	free(block);
	return rc;
}

int nv_create(const char *dir, const struct nv_factory *factory, const uint8_t key[KEY_LEN])
{
	struct nv *nv = calloc(1, sizeof(*nv));
	int rc;

	if (!nv)
		return -ENOMEM;
	nv->fd = nv_fd(dir, O_RDWR | O_CREAT | O_EXCL);
	if (nv->fd < 0) {
		rc = nv->fd;
		free(nv);
		return rc;
	}
	pthread_mutex_init(&nv->lock, NULL);
	memcpy(nv->s.key, key, KEY_LEN);
	rc = ftruncate(nv->fd, NV_SIZE) ? -EIO : factory_save(nv->fd, factory);
	if (!rc)
		rc = nv_save(nv);
	nv_close(nv);
	return rc;
}

static int nv_load(struct nv *nv, const uint8_t *file)
{
	uint64_t sequence;
	uint32_t len;
	int i, rc, found = -EBADMSG;

	rc = block_check(file, FACTORY_ROOM, &sequence, &len);
	if (!rc)
		rc = factory_read(&nv->factory, file + NV_HEAD, len);
	if (rc)
		return rc;
	for (i = 0; i < 2; i++) {
		const uint8_t *slot = file + FACTORY_ROOM + i * SLOT_ROOM;

		rc = block_check(slot, SLOT_ROOM, &sequence, &len);
		if (rc == -ENOTSUP)
			return rc;
		if (rc || (!found && sequence < nv->s.sequence))
			continue;
		rc = state_read(&nv->s, slot + NV_HEAD, len);
		if (rc)
			return rc;
		nv->s.sequence = sequence;
		found = 0;
	}
	return found;
}

static int nv_read_file(struct nv *nv)
{
	uint8_t *file = malloc(NV_SIZE);
	ssize_t n;
	int rc = -EBADMSG;

	if (!file)
		return -ENOMEM;
	n = pread(nv->fd, file, NV_SIZE, 0);
	if (n < 0)
		rc = -EIO;
	else if (n == NV_SIZE)
		rc = nv_load(nv, file);
	crypto_wipe(file, NV_SIZE);
	free(file);
	return rc;
}

int nv_open(const char *dir, struct nv **out)
{
	struct nv *nv = calloc(1, sizeof(*nv));
	int rc;

	*out = NULL;
	if (!nv)
		return -ENOMEM;
	nv->fd = nv_fd(dir, O_RDWR);
	if (nv->fd < 0) {
		rc = nv->fd;
		free(nv);
		return rc;
	}
	pthread_mutex_init(&nv->lock, NULL);
	rc = nv_read_file(nv);
	if (rc)
		nv_close(nv);
	else
		*out = nv;
	return rc;
}

void nv_close(struct nv *nv)
{
	if (!nv)
		return;
	close(nv->fd);
	pthread_mutex_destroy(&nv->lock);
	crypto_wipe(nv, sizeof(*nv));
	free(nv);
}
