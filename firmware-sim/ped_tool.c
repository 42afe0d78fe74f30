// SPDX-License-Identifier: BSD-3-Clause
/* What an operator does with PED keys, a PED and a card's PED socket (fw_ped.h, PED.md). */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "ped_file.h"

#define PIN_ITERATIONS	600000	/* as of passwords: quality.md A3.2 */

/* A tool has no card: a library context for one call. */
static int tool_open(struct crypto **c, char *err, size_t len)
{
	uint32_t st = crypto_open(c);

	return st ? say(err, len, -EIO, "self-tests failed (0x%08x)", (unsigned int)st) : 0;
}

static int file_error(int rc, const char *file, char *err, size_t len)
{
	if (rc == -EBADMSG)
		return say(err, len, rc, "%s: this is no PED key", file);
	return say(err, len, rc, "%s: %s", file, strerror(-rc));
}

/* ---- Keys ------------------------------------------------------------------------ */

static bool pin_fits(const void *pin, size_t len)
{
	return !pin || (len >= FW_PED_PIN_MIN && len <= FW_PED_PIN_MAX);
}

static int make_check(const struct fw_ped_make *how, struct bytes label, char *err, size_t len)
{
	if (!fw_ped_color_name(how->color))
		return say(err, len, -EINVAL, "there is no such colour of PED key");
	if (label.len > LABEL_MAX || !label_ok(label))
		return say(err, len, -EINVAL, "a label has at most %d bytes of text", LABEL_MAX);
	if (!pin_fits(how->pin, how->pin_len))
		return say(err, len, -EINVAL, "the PIN of a PED key has %d to %d bytes",
			   FW_PED_PIN_MIN, FW_PED_PIN_MAX);
	return 0;
}

int fw_ped_key_create(const char *file, const struct fw_ped_make *how, char *err, size_t err_len)
{
	struct bytes label = { (const uint8_t *)how->label, how->label ? strlen(how->label) : 0 };
	struct ped_key key = { .color = how->color, .has_secret = how->imprint,
			       .iterations = how->pin ? PIN_ITERATIONS : 0 };
	struct crypto *c;
	int rc = make_check(how, label, err, err_len);

	if (!rc)
		rc = tool_open(&c, err, err_len);
	if (rc)
		return rc;
	label_set(key.label, label);
	if (crypto_random(c, key.salt, PED_SALT) ||
	    (how->imprint && crypto_random(c, key.secret, PED_SECRET)))
		rc = say(err, err_len, -EIO, "no random numbers");
	if (!rc) {
		rc = ped_key_write(c, file, &key, true);
		if (rc)
			file_error(rc, file, err, err_len);
	}
	crypto_wipe(&key, sizeof(key));
	crypto_close(c);
	return rc;
}

int fw_ped_key_copy(const char *from, const char *to, char *err, size_t err_len)
{
	struct ped_key key;
	struct crypto *c;
	int rc = tool_open(&c, err, err_len);

	if (rc)
		return rc;
	rc = ped_key_read(c, from, &key);
	if (rc)
		file_error(rc, from, err, err_len);
	else if (!key.has_secret)
		rc = say(err, err_len, -EINVAL, "%s: the key is blank", from);
	if (!rc) {
		rc = ped_key_write(c, to, &key, true);
		if (rc)
			file_error(rc, to, err, err_len);
	}
	crypto_wipe(&key, sizeof(key));
	crypto_close(c);
	return rc;
}

int fw_ped_key_show(const char *file, struct fw_ped_key *shown, char *err, size_t err_len)
{
	struct ped_key key;
	struct crypto *c;
	int rc = tool_open(&c, err, err_len);

	memset(shown, 0, sizeof(*shown));
	if (rc)
		return rc;
	rc = ped_key_read(c, file, &key);
	if (rc) {
		file_error(rc, file, err, err_len);
	} else {
		shown->color = key.color;
		shown->blank = !key.has_secret;
		shown->has_pin = key.iterations != 0;
		memcpy(shown->label, key.label, sizeof(shown->label));
	}
	crypto_wipe(&key, sizeof(key));
	crypto_close(c);
	return rc;
}

/* ---- PED ------------------------------------------------------------------------- */

static int folder_need(const char *folder, char *err, size_t len)
{
	struct stat st;

	if (mkdir(folder, 0700) && errno != EEXIST)
		return say(err, len, -errno, "%s: %s", folder, strerror(errno));
	if (stat(folder, &st) || !S_ISDIR(st.st_mode))
		return say(err, len, -ENOTDIR, "%s: a PED is a folder", folder);
	return 0;
}

/* A link that appears as a whole, in place of an older one. */
static int link_put(const char *to, const char *path, char *err, size_t len)
{
	char name[PED_PATH + 32];
	int rc = 0;

	snprintf(name, sizeof(name), "%s.%ld", path, (long)getpid());
	if (symlink(to, name))
		return say(err, len, -errno, "%s: %s", name, strerror(errno));
	if (rename(name, path)) {
		rc = say(err, len, -errno, "%s: %s", path, strerror(errno));
		unlink(name);
	}
	return rc;
}

static int take_out(const char *folder, uint32_t color, char *err, size_t len)
{
	static const char *const endings[] = { ".key", ".pin" };
	char path[PED_PATH];
	size_t i;

	for (i = 0; i < 2; i++) {
		if (!ped_path(path, folder, color, endings[i]))
			return say(err, len, -ENAMETOOLONG, "%s: the name is too long", folder);
		if (unlink(path) && errno != ENOENT)
			return say(err, len, -errno, "%s: %s", path, strerror(errno));
	}
	return 0;
}

static int typed_put(struct crypto *c, const char *folder, const struct ped_key *key,
		     struct bytes pin, char *err, size_t len)
{
	uint8_t typed[PED_SECRET];
	char path[PED_PATH];
	int rc;

	ped_path(path, folder, key->color, ".pin");
	rc = ped_stretch(c, key, pin, typed) ? -EIO : ped_typed_write(c, path, key, typed);
	crypto_wipe(typed, sizeof(typed));
	return rc ? say(err, len, rc, "%s: %s", path, strerror(-rc)) : 0;
}

/* First the PIN, then the key: whoever finds the key finds what was typed for it. */
static int key_put(struct crypto *c, const char *folder, const char *file,
		   const struct ped_key *key, struct bytes pin, char *err, size_t len)
{
	char path[PED_PATH], *real;
	int rc = take_out(folder, key->color, err, len);

	if (!rc && pin.p)
		rc = typed_put(c, folder, key, pin, err, len);
	if (rc)
		return rc;
	real = realpath(file, NULL);
	if (!real)
		return say(err, len, -errno, "%s: %s", file, strerror(errno));
	ped_path(path, folder, key->color, ".key");
	rc = link_put(real, path, err, len);
	free(real);
	return rc;
}

int fw_ped_insert(const char *folder, const char *key_file, const void *pin, size_t pin_len,
		  char *err, size_t err_len)
{
	struct bytes typed = { pin, pin_len };
	struct ped_key key;
	struct crypto *c;
	int rc = tool_open(&c, err, err_len);

	if (rc)
		return rc;
	rc = ped_key_read(c, key_file, &key);
	if (rc)
		file_error(rc, key_file, err, err_len);
	else if (pin && !key.iterations)
		rc = say(err, err_len, -EINVAL, "%s: this key has no PIN", key_file);
	else if (!pin_fits(pin, pin_len))
		rc = say(err, err_len, -EINVAL, "the PIN of a PED key has %d to %d bytes",
			 FW_PED_PIN_MIN, FW_PED_PIN_MAX);
	if (!rc)
		rc = folder_need(folder, err, err_len);
	if (!rc)
		rc = key_put(c, folder, key_file, &key, typed, err, err_len);
	crypto_wipe(&key, sizeof(key));
	crypto_close(c);
	return rc;
}

int fw_ped_remove(const char *folder, uint32_t color, char *err, size_t err_len)
{
	uint32_t i;
	int rc = 0;

	if (color && !fw_ped_color_name(color))
		return say(err, err_len, -EINVAL, "there is no such colour of PED key");
	if (color)
		return take_out(folder, color, err, err_len);
	for (i = COFFER_PED_BLUE; i < COFFER_PED_COLORS && !rc; i++)
		rc = take_out(folder, i, err, err_len);
	return rc;
}

/* ---- Socket of the card ---------------------------------------------------------- */

static int socket_name(const char *card, char path[PED_PATH], char *err, size_t len)
{
	struct stat st;
	int n = snprintf(path, PED_PATH, "%s/nv", card);

	if (n >= PED_PATH)
		return say(err, len, -ENAMETOOLONG, "%s: the name is too long", card);
	if (stat(path, &st))
		return say(err, len, -ENOENT, "%s: no card here", card);
	snprintf(path, PED_PATH, "%s/ped", card);
	if (!lstat(path, &st) && !S_ISLNK(st.st_mode))
		return say(err, len, -EEXIST, "%s: the PED of this card is a folder of its own",
			   path);
	return 0;
}

int fw_ped_connect(const char *card, const char *folder, char *err, size_t err_len)
{
	char path[PED_PATH], *real;
	int rc = socket_name(card, path, err, err_len);

	if (!rc)
		rc = folder_need(folder, err, err_len);
	if (rc)
		return rc;
	real = realpath(folder, NULL);
	if (!real)
		return say(err, err_len, -errno, "%s: %s", folder, strerror(errno));
	rc = link_put(real, path, err, err_len);
	free(real);
	return rc;
}

int fw_ped_disconnect(const char *card, char *err, size_t err_len)
{
	char path[PED_PATH];
	int rc = socket_name(card, path, err, err_len);

	if (!rc && unlink(path) && errno != ENOENT)
		rc = say(err, err_len, -errno, "%s: %s", path, strerror(errno));
	return rc;
}
