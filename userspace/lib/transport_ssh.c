// SPDX-License-Identifier: BSD-3-Clause
/* A card of another machine: `ssh HOST coffer relay CARD`, its frames on one socket. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib.h"
#include "stream_io.h"

/* Somebody may have to type a passphrase. */
#define HELLO_MS 120000

/* CARD goes through the remote shell: quote it, '\'' for a quote. */
static char *shell_quote(const char *word)
{
	char *quoted = malloc(4 * strlen(word) + 3), *to = quoted;

	if (!quoted)
		return NULL;
	*to++ = '\'';
	for (; *word; word++) {
		if (*word == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *word;
	}
	strcpy(to, "'");
	return quoted;
}

static int ssh_spawn(const char *host, const char *card, int fd, pid_t *pid)
{
	const struct spawn_fds fds = { .in = fd, .out = fd, .err = -1, .keep = -1 };
	const char *program = secure_getenv("COFFER_SSH");
	char *quoted = shell_quote(card);
	/* "--" ends options: a host cannot be one. */
	char *argv[] = { "ssh", "-T", "--", (char *)host, "coffer", "relay", quoted, NULL };
	int rc;

	if (!quoted)
		return -ENOMEM;
	rc = spawn(program && *program ? program : "ssh", argv, &fds, pid);
	free(quoted);
	return rc;
}

int transport_ssh_open(const char *host, const char *card, struct transport **t, char **text)
{
	struct stream_end end = { .hello_ms = HELLO_MS };
	int pair[2], rc;

	*t = NULL;
	if (host[0] == '-') {
		text_set(text, text_of("ssh:%s: not a name of a host", host));
		return -EINVAL;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	rc = ssh_spawn(host, card, pair[1], &end.child);
	close(pair[1]);
	if (rc) {
		close(pair[0]);
		text_set(text, text_of("ssh:%s:%s: ssh cannot be run: %s", host, card,
				       strerror(-rc)));
		return rc;
	}
	end.in_fd = pair[0];
	end.out_fd = pair[0];
	rc = stream_open(&end, t);
	if (rc) {
		spawn_end(end.child);
		text_set(text, text_of("ssh:%s:%s: no card answers there: %s", host, card,
				       coffer_strerror(rc)));
	}
	return rc;
}
