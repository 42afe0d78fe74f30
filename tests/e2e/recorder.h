/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A transport around another one that writes down every byte of every command and reply, and
 * a search for keys in what it wrote. Part of a test program only: a product that can record
 * itself has a hole.
 */
#ifndef RECORDER_H
#define RECORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "transport.h"

struct recorder;

/* A file of {u8 direction '>' or '<'; le16 opcode; le32 length; bytes}. NULL when it fails. */
struct recorder *recorder_open(const char *file);
/* 0 or -errno, once all transports around it are closed. */
int recorder_close(struct recorder *recorder);
/* Takes `inner` over. NULL when there is no memory. */
struct transport *recorder_wrap(struct recorder *recorder, struct transport *inner);
/* Commands of this opcode so far. */
unsigned int recorder_count(const struct recorder *recorder, uint16_t opcode);

/* ---- search_keys.c ------------------------------------------------------------------------ */

/*
 * Is the secret, or either half of it, anywhere in the bytes: as it is, reversed, with every
 * 2, 4 or 8 bytes swapped, as hexadecimal of either case, or as base64 of either alphabet at any
 * alignment? NULL = no; else the name of the encoding.
 */
const char *search_secret(const uint8_t *bytes, size_t len, const uint8_t *secret,
			  size_t secret_len);
/* The n-th encoding of a secret, to plant it: bytes written, 0 when there are no more. */
size_t search_encode(unsigned int n, const uint8_t *secret, size_t secret_len, uint8_t *to,
		     size_t room, const char **name);

#endif /* RECORDER_H */
