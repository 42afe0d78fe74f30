/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of the emulated PED: keys, and the PIN typed for a key that is in the PED (PED.md). */
#ifndef FW_PED_FILE_H
#define FW_PED_FILE_H

#include "crypto.h"
#include "fw_ped.h"

#define PED_SECRET	32
#define PED_SALT	16

struct ped_key {
	uint32_t color;			/* enum coffer_ped_color */
	bool has_secret;		/* else blank */
	uint32_t iterations;		/* of the PIN's stretching; 0: no PIN */
	char label[FW_PED_LABEL_MAX + 1];
	uint8_t salt[PED_SALT];
	uint8_t secret[PED_SECRET];
};

/*
 * 0 or -errno. Reading: -ENOENT; -EBADMSG: whatever is wrong with the file. It follows links: a key
 * in the PED is a link to its file. Writing replaces the file itself, atomically; @fresh: -EEXIST.
 */
int ped_key_read(struct crypto *c, const char *path, struct ped_key *key);
int ped_key_write(struct crypto *c, const char *path, const struct ped_key *key, bool fresh);
/* The two halves of a replacement: *path is named @file then; the other end is free(file). */
int ped_key_prepare(struct crypto *c, const char *path, const struct ped_key *key, char **file);
int ped_key_publish(const char *path, const char *file);

/* What was typed for @key, stretched. ped_typed_read: -ENOENT, -EBADMSG (for another key, too). */
uint32_t ped_stretch(struct crypto *c, const struct ped_key *key, struct bytes pin,
		     uint8_t typed[PED_SECRET]);
int ped_typed_read(struct crypto *c, const char *path, const struct ped_key *key,
		   uint8_t typed[PED_SECRET]);
int ped_typed_write(struct crypto *c, const char *path, const struct ped_key *key,
		    const uint8_t typed[PED_SECRET]);

/* "FOLDER/COLOR.key" or ".pin": false when that is too long. */
#define PED_PATH	4096
bool ped_path(char path[PED_PATH], const char *folder, uint32_t color, const char *ending);

#endif /* FW_PED_FILE_H */
