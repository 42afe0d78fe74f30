/* SPDX-License-Identifier: BSD-3-Clause */
/* The folder of a card, and its one-file form. */
#ifndef FW_CARD_FILE_H
#define FW_CARD_FILE_H

#include <stddef.h>

/*
 * One process has a card: DIR/lock is held with flock and names the process. -ENOENT: no card,
 * -EBUSY: "card DIR is in use by another process (pid N)".
 */
int card_lock(const char *dir, int *fd, char *err, size_t err_len);
void card_unlock(int fd);
/* Make the folder of a new card under a name of its own, to be published or removed. */
int folder_begin(const char *dir, char **work, char *err, size_t err_len);
int folder_publish(const char *work, const char *dir, char *err, size_t err_len);
void folder_remove(const char *work);

#endif /* FW_CARD_FILE_H */
