/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Passwords and domains: where they come from, and that they are gone afterwards.
 */
#ifndef CLI_SECRET_H
#define CLI_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#define SECRET_MAX	512

struct secret {
	char text[SECRET_MAX + 1];	/* ends with NUL */
	size_t len;
};

void secret_wipe(struct secret *s);
/* Can everybody read the file? Pipes, sockets and what is not there cannot be told. */
bool secret_is_open(const char *path);
/* The first line. 0 or -errno; -EMSGSIZE: too long, -ENODATA: empty file. */
int secret_from_file(const char *path, struct secret *s);
int secret_from_fd(int fd, struct secret *s);
/* -E2BIG: too long */
int secret_from_text(const char *text, struct secret *s);
/* $CREDENTIALS_DIRECTORY/coffer.NAME. -ENOENT: there is none. */
int secret_from_credential(const char *name, struct secret *s);
/* From the terminal on standard input, stars for characters. -EINTR: interrupted. */
int secret_ask(const char *prompt, struct secret *s);

#endif /* CLI_SECRET_H */
