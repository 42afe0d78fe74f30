// SPDX-License-Identifier: BSD-3-Clause
/* Which transport reaches a card, by the form of its name. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib.h"

static int ssh_open(const char *name, struct transport **t, char **text)
{
	const char *host = name + strlen("ssh:");
	const char *colon = strchr(host, ':');
	char *copy;
	int rc;

	*t = NULL;
	if (!colon || colon == host || !colon[1]) {
		text_set(text, text_of("%s: a card on another machine is ssh:HOST:CARD", name));
		return -EINVAL;
	}
	copy = strndup(host, (size_t)(colon - host));
	if (!copy)
		return -ENOMEM;
	rc = transport_ssh_open(copy, colon + 1, t, text);
	free(copy);
	return rc;
}

int transport_open(const char *name, struct transport **t, char **text)
{
	struct stat st;
	int rc;

	*t = NULL;
	if (!strncmp(name, "ssh:", 4))
		return ssh_open(name, t, text);
	if (stat(name, &st)) {
		rc = -errno;
		text_set(text, text_of("%s: %s", name, coffer_strerror(rc)));
		return rc;
	}
	if (S_ISCHR(st.st_mode))
		return transport_ioctl_open(name, t, text);
	if (S_ISDIR(st.st_mode))
		return transport_folder_open(name, t, text);
	text_set(text, text_of("%s: neither a card folder nor a device node", name));
	return -ENOTDIR;
}
