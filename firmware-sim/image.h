/* SPDX-License-Identifier: BSD-3-Clause */
/* Firmware images (UPDATE.md): what is in one, made by fw_image_create, checked by a card. */
#ifndef FW_IMAGE_H
#define FW_IMAGE_H

#include "card.h"

#define IMAGE_MAX	COFFER_IMAGE_MAX
#define IMAGE_HEAD	sizeof(struct coffer_image_head)

struct image {
	const struct profile *profile;		/* that a card has afterwards */
	uint32_t oldest;			/* firmware that may be updated by it */
};

/* Everything that does not depend on the card's firmware: FW_IMAGE_INVALID. */
uint32_t image_read(struct crypto *c, struct bytes root, struct bytes file, struct image *image);
/*
 * The tables of a profile, one line each: what the image's signature vouches for. Bytes written,
 * 0 when there is no room.
 */
size_t image_body(const struct profile *p, char *to, size_t room);

#endif /* FW_IMAGE_H */
