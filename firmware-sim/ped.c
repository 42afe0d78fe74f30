// SPDX-License-Identifier: BSD-3-Clause
/*
 * The card's side of the PED: takes a key of the wanted colour out of the folder, gives a blank one
 * its secret, and makes of secret and PIN what the card uses. A value of a role is compared with
 * the role's verifier; that of a domain is the domain key, the same on every card.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ped.h"

static const char *const use_info[PED_USES] = {
	[PED_USE_ROLE]		= "coffer PED role 1",
	[PED_USE_DOMAIN]	= "coffer PED domain 1",
};

bool ped_folder(const struct fw_card *card, char folder[PED_PATH])
{
	struct stat st;
	int n = card->ped.folder ? snprintf(folder, PED_PATH, "%s", card->ped.folder) :
				   snprintf(folder, PED_PATH, "%s/ped", card->dir);

	return n < PED_PATH && !stat(folder, &st) && S_ISDIR(st.st_mode);
}

bool ped_remote(const char *folder)
{
	char path[PED_PATH];
	struct stat st;
	int n = snprintf(path, sizeof(path), "%s/remote", folder);

	return n < PED_PATH && !lstat(path, &st);
}

/* ---- Values ---------------------------------------------------------------------- */

/* @typed: the stretched PIN, or NULL. Without the PIN the secret alone is worth nothing. */
static uint32_t value_make(struct crypto *c, const struct ped_key *key, const uint8_t *typed,
			   enum ped_use use, uint8_t value[KEY_LEN])
{
	struct bytes salt = { typed, typed ? PED_SECRET : 0 };
	struct bytes ikm = { key->secret, PED_SECRET };
	struct bytes info = { (const uint8_t *)use_info[use], strlen(use_info[use]) };

	return crypto_hkdf(c, CRYPTO_SHA256, salt, ikm, info, value, KEY_LEN);
}

/* ---- Screen ---------------------------------------------------------------------- */

static bool key_there(const char *folder, uint32_t color)
{
	char path[PED_PATH];
	struct stat st;

	return ped_path(path, folder, color, ".key") && !stat(path, &st);
}

/* The colour of a key that nobody asked for; 0: there is none. */
static uint32_t other_key(const char *folder, const struct ped_want *want)
{
	uint32_t color;

	for (color = COFFER_PED_BLUE; color < COFFER_PED_COLORS; color++)
		if (color != want->color && color != want->also && key_there(folder, color))
			return color;
	return 0;
}

static uint32_t ask(const char *folder, const struct ped_want *want, char prompt[PED_PROMPT])
{
	uint32_t other = other_key(folder, want);

	if (other)
		snprintf(prompt, PED_PROMPT, "This is a %s key. Insert the %s key of the %s.",
			 fw_ped_color_name(other), fw_ped_color_name(want->color), want->whose);
	else
		snprintf(prompt, PED_PROMPT, "Insert the %s key of the %s.",
			 fw_ped_color_name(want->color), want->whose);
	return PED_NOT_YET;
}

/* ---- Taking a key ---------------------------------------------------------------- */

static uint32_t renew(struct crypto *c, const char *path, struct ped_key *key,
		      const uint8_t *typed, struct ped_keys *k)
{
	uint32_t st = crypto_random(c, key->secret, PED_SECRET);

	if (!st)
		st = value_make(c, key, typed, PED_USE_ROLE, k->next);
	if (!st && ped_key_prepare(c, path, key, &k->prepared))
		st = COFFER_ST_PED_ERROR;
	if (st)
		return st;
	k->path = strdup(path);
	return k->path ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
}

static uint32_t imprint(struct crypto *c, const char *path, struct ped_key *key)
{
	char *file;
	uint32_t st = crypto_random(c, key->secret, PED_SECRET);

	if (st)
		return st;
	key->has_secret = true;
	if (ped_key_prepare(c, path, key, &file))
		return COFFER_ST_PED_ERROR;
	if (ped_key_publish(path, file)) {
		unlink(file);
		st = COFFER_ST_PED_ERROR;
	}
	free(file);
	return st;
}

/* The PIN that was typed, when the key wants one. */
static uint32_t typed_take(struct crypto *c, const char *folder, const struct ped_key *key,
			   uint8_t typed[PED_SECRET], char prompt[PED_PROMPT])
{
	char path[PED_PATH];
	int rc;

	if (!key->iterations)
		return COFFER_ST_OK;
	if (!ped_path(path, folder, key->color, ".pin"))
		return COFFER_ST_PED_ERROR;
	rc = ped_typed_read(c, path, key, typed);
	if (rc == -ENOENT) {
		snprintf(prompt, PED_PROMPT, "Type the PIN of the %s key.",
			 fw_ped_color_name(key->color));
		return PED_NOT_YET;
	}
	return rc ? COFFER_ST_PED_ERROR : COFFER_ST_OK;
}

static uint32_t use_key(struct crypto *c, const char *folder, const char *path,
			struct ped_key *key, struct ped_keys *k, enum ped_use use,
			char prompt[PED_PROMPT])
{
	const struct ped_want *want = &k->want[use];
	uint8_t typed[PED_SECRET], *pin = key->iterations ? typed : NULL;
	uint32_t st;

	if (!key->has_secret && !want->imprint) {
		snprintf(prompt, PED_PROMPT, "This %s key is blank. Insert the one of the %s.",
			 fw_ped_color_name(key->color), want->whose);
		return PED_NOT_YET;
	}
	st = typed_take(c, folder, key, typed, prompt);
	if (!st && !key->has_secret)
		st = imprint(c, path, key);
	if (!st)
		st = value_make(c, key, pin, use, k->value[use]);
	if (!st && want->renew)
		st = renew(c, path, key, pin, k);
	k->there[use] = !st;
	crypto_wipe(typed, sizeof(typed));
	return st;
}

static uint32_t take_color(struct crypto *c, const char *folder, uint32_t color,
			   struct ped_keys *k, enum ped_use use, char prompt[PED_PROMPT])
{
	struct ped_key key;
	char path[PED_PATH];
	uint32_t st = COFFER_ST_PED_ERROR;
	int rc = ped_path(path, folder, color, ".key") ? ped_key_read(c, path, &key) : -EBADMSG;

	if (rc == -ENOENT)
		return ask(folder, &k->want[use], prompt);
	if (!rc && key.color == color)
		st = use_key(c, folder, path, &key, k, use, prompt);
	if (!rc)
		crypto_wipe(&key, sizeof(key));
	return st;
}

/* One PED may hang on several cards: only one of them uses it at a time. */
uint32_t ped_take(struct fw_card *card, const char *folder, struct ped_keys *k,
		  enum ped_use use, char prompt[PED_PROMPT])
{
	const struct ped_want *want = &k->want[use];
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint32_t color = want->color, st = PED_NOT_YET;

	if (fd < 0)
		return COFFER_ST_PED_UNPLUGGED;
	if (want->also && key_there(folder, want->also))
		color = want->also;
	if (flock(fd, LOCK_EX | LOCK_NB))
		snprintf(prompt, PED_PROMPT, "Another card uses this PED.");
	else
		st = take_color(card->crypto, folder, color, k, use, prompt);
	close(fd);
	return st;
}
