/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names of classes, key types, attributes and mechanisms; numbers as they are typed.
 */
#ifndef CLI_NAMES_H
#define CLI_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coffer/coffer.h"

/* Decimal or 0x number up to @max that fills @text. */
bool names_number(const char *text, uint64_t max, uint64_t *value);
const char *names_class(uint64_t class);
const char *names_key_type(uint64_t type);
/* "CKA_LABEL"; NULL if unknown. *kind: 'U'LONG, 'B'OOL or bytes ('Y'). */
const char *names_attribute(uint32_t type, char *kind);
size_t names_attribute_list(uint32_t *list, size_t room);
/* "sha256-rsa-pkcs"; "" if unknown */
const char *names_mechanism(uint32_t mechanism);
/* Name, with or without "CKM_", dashes or underlines; or a number. */
bool names_mechanism_parse(const char *text, uint32_t *mechanism);

bool names_has_value(const struct coffer_attr *a);
const char *names_hex(const struct coffer_attr *a, char *out, size_t room);
/* Hexadecimal digits to bytes. False: no hexadecimal, or no room. */
bool names_unhex(const char *text, uint8_t *out, size_t room, size_t *len);

#endif /* CLI_NAMES_H */
