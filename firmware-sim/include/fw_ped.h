/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The emulated PED (PED.md): a folder that hangs on a card, and key files that are put into it.
 * These are the hands of the operator; what the card itself does with a PED is in ped.c.
 *
 * All return 0 or a negative errno with one line for people in @err. Key files are replaced as a
 * whole, never changed in place.
 */
#ifndef FW_PED_H
#define FW_PED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FW_PED_LABEL_MAX	32
#define FW_PED_PIN_MIN		4
#define FW_PED_PIN_MAX		48

/* "blue", ... for enum coffer_ped_color; NULL: no such colour. fw_ped_color: 0 = unknown. */
const char *fw_ped_color_name(uint32_t color);
uint32_t fw_ped_color(const char *name);

struct fw_ped_make {
	uint32_t color;			/* enum coffer_ped_color */
	bool imprint;			/* a random secret at once; else blank until first used */
	const char *label;		/* NULL: none; at most 32 bytes */
	const void *pin;		/* FW_PED_PIN_MIN to _MAX bytes; NULL: none is asked for */
	size_t pin_len;
};

/* -EEXIST, -EINVAL (colour, label, length of the PIN), -EIO. */
int fw_ped_key_create(const char *file, const struct fw_ped_make *how, char *err, size_t err_len);
/* A duplicate: the same secret, PIN and label. -EEXIST, -EBADMSG (no key file), -EINVAL (blank). */
int fw_ped_key_copy(const char *from, const char *to, char *err, size_t err_len);

struct fw_ped_key {
	uint32_t color;
	bool blank;
	bool has_pin;
	char label[FW_PED_LABEL_MAX + 1];
};

/* -ENOENT, -EBADMSG. The secret is never shown. */
int fw_ped_key_show(const char *file, struct fw_ped_key *key, char *err, size_t err_len);

/*
 * Put a key into the PED in @folder, which is made when it is not there; a key of the same colour
 * comes out. @pin is what the operator types. Where the key has a PIN and @pin is NULL the card
 * goes on waiting for it. -EINVAL: a PIN for a key that has none. A wrong PIN is not noticed here.
 */
int fw_ped_insert(const char *folder, const char *key_file, const void *pin, size_t pin_len,
		  char *err, size_t err_len);
/* Take the key of @color out, all with 0. Nothing there is no error. -EINVAL: no such colour. */
int fw_ped_remove(const char *folder, uint32_t color, char *err, size_t err_len);

/* Hang a PED on a card, which may be on: DIR/ped becomes a link. -EEXIST: it is a folder. */
int fw_ped_connect(const char *card, const char *folder, char *err, size_t err_len);
int fw_ped_disconnect(const char *card, char *err, size_t err_len);

#endif /* FW_PED_H */
