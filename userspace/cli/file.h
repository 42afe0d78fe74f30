/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small files, whole.
 */
#ifndef CLI_FILE_H
#define CLI_FILE_H

#include <stddef.h>
#include <stdint.h>

/* 0 or -errno; -EFBIG: more than @room. */
int file_read(const char *path, uint8_t *buffer, size_t room, size_t *len);
/* Replaces the file in one step: a failure leaves the old one. */
int file_write(const char *path, const void *bytes, size_t len);

#endif /* CLI_FILE_H */
