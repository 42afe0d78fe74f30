/* SPDX-License-Identifier: BSD-3-Clause */
/* The factory root on the maker's side: certifies cards, signs firmware images. */
#ifndef FW_ROOT_H
#define FW_ROOT_H

#include <stdbool.h>
#include <stddef.h>

/* As PEM text. */
struct root {
	char *key;
	char *cert;
	bool own;		/* read from files: wiped and freed; else the public test root */
};

/* Both names NULL: the test root. 0, -EINVAL (one without the other), -EFBIG, or what the files
 * say. root_free in any case.
 */
int root_read(struct root *root, const char *key_file, const char *cert_file, char *err,
	      size_t err_len);
void root_free(struct root *root);

#endif /* FW_ROOT_H */
