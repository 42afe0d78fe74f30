// SPDX-License-Identifier: BSD-3-Clause
/* Making a card: identity under a factory root, empty store, first partition. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card_file.h"
#include "integrity.h"
#include "nv.h"
#include "root.h"
#include "writer.h"

#define SERIAL_MAX	9999999999ull	/* ten digits: a partition's serial is 1000 times it */

/* What is on the bench while a card is made; freed in one place. */
struct bench {
	const struct fw_create *how;
	const struct profile *profile;
	struct crypto *crypto;
	struct nv_factory *factory;
	struct root root;
	char *work;		/* folder in the making */
	uint8_t card_key[KEY_LEN];
};

/* ---- Identity -------------------------------------------------------------------- */

static uint32_t identity_key(struct bench *b, enum crypto_device_key kind, const char *use,
			     struct crypto_der *key, struct crypto_der *cert)
{
	struct bytes root_key = { (const uint8_t *)b->root.key, strlen(b->root.key) };
	struct bytes root_cert = { (const uint8_t *)b->root.cert, strlen(b->root.cert) };
	uint32_t st = crypto_device_key(b->crypto, kind, key);

	return st ? st : crypto_certify(b->crypto, root_key, root_cert, key, use,
					b->factory->serial, cert);
}

/* A card that its own root does not vouch for would be useless: checked before it is sold. */
static uint32_t identity_check(struct bench *b, const char *use, const struct crypto_der *cert)
{
	struct identity *id = &b->factory->identity;
	uint64_t serial = 0;
	uint32_t st = crypto_cert_check(b->crypto, (struct bytes){ id->root.p, id->root.len },
					(struct bytes){ cert->p, cert->len }, use, 0, &serial);

	return !st && serial != b->factory->serial ? (uint32_t)COFFER_ST_CERTIFICATE_DATA_INVALID
						   : st;
}

static int identity_make(struct bench *b, char *err, size_t len)
{
	struct identity *id = &b->factory->identity;
	struct bytes cert = { (const uint8_t *)b->root.cert, strlen(b->root.cert) };
	uint32_t st = crypto_root_der(b->crypto, cert, &id->root);

	if (!st)
		st = identity_key(b, CRYPTO_DEVICE_P256, CRYPTO_CERT_DEVICE, &id->device_key,
				  &id->device_cert);
	if (!st)
		st = identity_key(b, CRYPTO_DEVICE_RSA3072, CRYPTO_CERT_WRAP, &id->wrap_key,
				  &id->wrap_cert);
	if (!st)
		st = identity_check(b, CRYPTO_CERT_DEVICE, &id->device_cert);
	if (!st)
		st = identity_check(b, CRYPTO_CERT_WRAP, &id->wrap_cert);
	if (st)
		return say(err, len, -EINVAL, "the root cannot certify a card (0x%08x)",
			   (unsigned int)st);
	return 0;
}

static int factory_fill(struct bench *b, char *err, size_t len)
{
	struct nv_factory *f = b->factory;
	struct bytes label = { (const uint8_t *)b->how->label,
			       b->how->label ? strlen(b->how->label) : 0 };
	uint32_t random;

	if (label.len > LABEL_MAX || !label_ok(label))
		return say(err, len, -EINVAL, "a label has at most %d bytes of text", LABEL_MAX);
	if (b->how->serial > SERIAL_MAX)
		return say(err, len, -EINVAL, "a serial number has at most 10 digits");
	if (b->how->limited && !b->profile->rates)
		return say(err, len, -EINVAL, "no speed is published of profile \"%s\"",
			   b->profile->name);
	if (crypto_random(b->crypto, &random, sizeof(random)) ||
	    crypto_random(b->crypto, b->card_key, KEY_LEN))
		return say(err, len, -EIO, "no random numbers");
	f->serial = b->how->serial ? b->how->serial : 1000000 + random % 9000000;
	f->made_ms = clock_wall_ms();
	snprintf(f->profile, sizeof(f->profile), "%s", b->profile->name);
	label_set(f->label, label);
	f->kdf_test = b->how->kdf_test;
	f->test_root = !b->root.own;
	f->ped = b->how->ped;
	f->limited = b->how->limited;
	return identity_make(b, err, len);
}

/* ---- Store ----------------------------------------------------------------------- */

struct fw_partition *partition_first(struct fw_card *card)
{
	const struct profile *p = card->profile;

	return partition_new(card, 1, nv_factory(card->nv)->serial * 1000 + 1,
			     (enum coffer_partition_kind)p->default_kind,
			     p->storage / p->max_partitions);
}

/* The records of the admin partition and, but for a backup card, the first of the others. */
static uint32_t first_records(struct fw_card *card, struct change *ch)
{
	bool backup = card->profile->features & PROFILE_BACKUP;
	struct fw_partition *admin, *first;
	uint32_t next = backup ? 1 : 2, st = COFFER_ST_DEVICE_MEMORY;

	admin = partition_new(card, 0, nv_factory(card->nv)->serial, COFFER_PART_KIND_ADMIN, 0);
	first = partition_first(card);
	if (admin && first) {
		st = partition_save(admin, ch);
		if (!st && !backup)
			st = partition_save(first, ch);
		if (!st)
			st = change_value_put(ch, 0, "next_id", &next, sizeof(next));
	}
	if (admin)
		partition_put(admin);
	if (first)
		partition_put(first);
	return st;
}

static int life_key_make(struct bench *b, struct nv *nv)
{
	uint8_t key[KEY_LEN];
	int rc = crypto_random(b->crypto, key, sizeof(key)) ? -EIO : nv_life_key_set(nv, key);

	crypto_wipe(key, sizeof(key));
	return rc;
}

static int store_fill(struct bench *b)
{
	struct fw_card card = { .crypto = b->crypto, .profile = b->profile };
	struct change *ch = change_new(NULL);
	int rc = ch ? nv_open(b->work, &card.nv) : -ENOMEM;

	if (!rc)
		rc = life_key_make(b, card.nv);
	if (!rc)
		rc = store_open(b->work, 0, &card.store);
	if (!rc && (first_records(&card, ch) || integrity_first(&card, ch) ||
		    writer_commit_alone(&card, ch, NULL)))
		rc = -EIO;
	store_close(card.store);
	nv_close(card.nv);
	if (ch)
		change_drop(ch);
	return rc;
}

static int folder_fill(struct bench *b, const char *dir, char *err, size_t len)
{
	int rc = folder_begin(dir, &b->work, err, len);

	if (rc)
		return rc;
	rc = nv_create(b->work, b->factory, b->card_key);
	if (!rc)
		rc = store_create(b->work);
	if (!rc)
		rc = store_fill(b);
	if (rc)
		return say(err, len, rc, "%s: cannot write the card: %s", dir, strerror(-rc));
	return folder_publish(b->work, dir, err, len);
}

/* ---- Create ---------------------------------------------------------------------- */

static int bench_run(struct bench *b, const char *dir, char *err, size_t len)
{
	uint32_t st;
	int rc = root_read(&b->root, b->how->root_key_file, b->how->root_cert_file, err, len);

	if (rc)
		return rc;
	st = crypto_open(&b->crypto);
	if (st)
		return say(err, len, -EIO, "self-tests failed (0x%08x)", (unsigned int)st);
	rc = factory_fill(b, err, len);
	return rc ? rc : folder_fill(b, dir, err, len);
}

static void bench_clear(struct bench *b, int rc)
{
	if (b->work && rc)
		folder_remove(b->work);
	free(b->work);
	root_free(&b->root);
	if (b->factory) {
		crypto_wipe(b->factory, sizeof(*b->factory));
		free(b->factory);
	}
	crypto_wipe(b->card_key, sizeof(b->card_key));
	if (b->crypto)
		crypto_close(b->crypto);
}

int fw_card_create(const char *dir, const struct fw_create *how, char *err, size_t err_len)
{
	static const struct fw_create plain;
	struct bench b = { .how = how ? how : &plain };
	const char *name = b.how->profile ? b.how->profile : "coffer";
	int rc;

	b.profile = profile_by_name(name);
	if (!b.profile)
		return say(err, err_len, -EINVAL, "there is no profile \"%s\"", name);
	if (b.how->ped && !(b.profile->features & PROFILE_PED))
		return say(err, err_len, -EINVAL, "cards of profile \"%s\" have no PED", name);
	b.factory = calloc(1, sizeof(*b.factory));
	if (!b.factory)
		return say(err, err_len, -ENOMEM, "no memory");
	rc = bench_run(&b, dir, err, err_len);
	bench_clear(&b, rc);
	return rc;
}
