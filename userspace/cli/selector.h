/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What people write for an object or a slot: a number, a label, an OUID, a serial number, or a
 * PKCS#11 URI (RFC 7512). Knows texts only; choose.c finds what they mean.
 */
#ifndef CLI_SELECTOR_H
#define CLI_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coffer/coffer.h"
#include "template.h"

/* The longest text of one; an element of a list may be as long as the line. */
#define SELECTOR_MAX	512

enum selector_kind {
	SELECTOR_NUMBER,	/* a handle, or a slot's number or serial number */
	SELECTOR_LABEL,		/* label:TEXT, or TEXT that does not begin with a digit */
	SELECTOR_OUID,		/* objects: ouid:HEX, or 48 hexadecimal digits */
	SELECTOR_SERIAL,	/* slots: serial:N */
	SELECTOR_URI,		/* pkcs11:... */
};

struct selector {
	enum selector_kind kind;
	uint64_t number;
	char label[SELECTOR_MAX];
	uint8_t ouid[COFFER_OUID_LEN];
	struct p11_kit_uri *uri;
};

/* NULL, or what @text should have been (a fixed string). selector_free() when it was good. */
const char *selector_object(const char *text, struct selector *out);
const char *selector_slot(const char *text, struct selector *out);
void selector_free(struct selector *s);

/*
 * The next element of a list with commas between into @out; "\," and "\\" stand for a comma and a
 * backslash. *list is moved behind it and its comma, and becomes NULL behind the last. False: it
 * is empty or too long.
 */
bool selector_next(const char **list, char *out, size_t room);

/* Does the URI name a token, or a part of it? */
bool selector_has_token(const struct selector *s);
/* Does all that the URI says of the token hold for the slot? */
bool selector_is_token(const struct selector *s, const struct coffer_slot *slot);
/* The object's attributes as a template, which points into the selector. */
void selector_template(const struct selector *s, struct template *t);

#endif /* CLI_SELECTOR_H */
