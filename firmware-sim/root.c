// SPDX-License-Identifier: BSD-3-Clause
/* Reading a factory root from its files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "root.h"

#define PEM_MAX		(64 * 1024)

static char *text_read(const char *path, int *rc)
{
	char *text = calloc(1, PEM_MAX + 1);
	FILE *f = fopen(path, "re");
	size_t n;

	*rc = f && text ? 0 : !text ? -ENOMEM : -errno;
	if (!*rc) {
		n = fread(text, 1, PEM_MAX + 1, f);
		if (ferror(f))
			*rc = -EIO;
		else if (n > PEM_MAX)
			*rc = -EFBIG;
	}
	if (f)
		fclose(f);
	if (*rc && text) {
		crypto_wipe(text, PEM_MAX);
		free(text);
		text = NULL;
	}
	return text;
}

int root_read(struct root *root, const char *key_file, const char *cert_file, char *err,
	      size_t err_len)
{
	int rc;

	if (!key_file != !cert_file)
		return say(err, err_len, -EINVAL, "a root needs both its key and its certificate");
	if (!key_file) {
		root->key = (char *)crypto_test_root_key;
		root->cert = (char *)crypto_test_root_cert;
		return 0;
	}
	root->own = true;
	root->key = text_read(key_file, &rc);
	if (rc)
		return say(err, err_len, rc, "%s: %s", key_file, strerror(-rc));
	root->cert = text_read(cert_file, &rc);
	return rc ? say(err, err_len, rc, "%s: %s", cert_file, strerror(-rc)) : 0;
}

void root_free(struct root *root)
{
	if (!root->own)
		return;
	if (root->key)
		crypto_wipe(root->key, strlen(root->key));
	free(root->key);
	free(root->cert);
}
