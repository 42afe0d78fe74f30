// SPDX-License-Identifier: BSD-3-Clause
/* Making, exporting and importing cards: coffer-card-host does it, which has the firmware. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "lib.h"

#define OUTPUT_MAX (64 * 1024)

/* Everything until the end of file, as a string. */
static coffer_rc output_read(int fd, char **out)
{
	char *text = malloc(OUTPUT_MAX + 1);
	size_t len = 0;
	ssize_t n;

	*out = NULL;
	if (!text)
		return -ENOMEM;
	while (len < OUTPUT_MAX) {
		n = read(fd, text + len, OUTPUT_MAX - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	text[len] = '\0';
	*out = text;
	return 0;
}

struct outcome {
	char *out;			/* what it said on either output */
	int status;
};

static coffer_rc host_run(char *const argv[], int in_fd, struct outcome *o)
{
	char *program = spawn_card_host();
	struct spawn_fds fds = { .in = in_fd, .keep = -1 };
	int ends[2];
	pid_t pid;
	coffer_rc rc;

	memset(o, 0, sizeof(*o));
	if (pipe2(ends, O_CLOEXEC)) {
		free(program);
		return -errno;
	}
	fds.out = ends[1];
	fds.err = ends[1];
	rc = spawn(program ? program : argv[0], argv, &fds, &pid);
	close(ends[1]);
	if (!rc) {
		rc = output_read(ends[0], &o->out);
		o->status = spawn_wait(pid);
	}
	close(ends[0]);
	free(program);
	return rc;
}

/* Exit statuses of coffer-card-host: 2 is bad use, an errno where it tells more. */
static coffer_rc errno_of(int status)
{
	static const int told[] = { EBUSY, EEXIST, ENOSPC, ENOTSUP, EBADMSG, ESTALE };

	if (!status)
		return 0;
	if (status == 2)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++)
		if (told[i] == status)
			return -told[i];
	return -EIO;
}

/* What can be seen from here: from is to be there, and to is not. */
coffer_rc host_errno_seen(coffer_rc rc, const char *from, bool to_was_there)
{
	if (rc == -EIO && to_was_there)
		return -EEXIST;
	if (rc == -EIO && from && access(from, F_OK))
		return -ENOENT;
	return rc;
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* The first line of what it said, without the program's name. */
static char *line_of(char *output)
{
	static const char *const names[] = { "coffer-card-host: ", "card-host: " };

	output[strcspn(output, "\n")] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(output, names[i], strlen(names[i])))
			output += strlen(names[i]);
	return text_of("%s", output);
}

coffer_rc host_do(char *const argv[], int in_fd, char **out, char **text)
{
	struct outcome o;
	coffer_rc rc;

	if (text)
		*text = NULL;
	rc = host_run(argv, in_fd, &o);
	if (rc) {
		text_set(text, text_of("coffer-card-host cannot be run: %s",
				       strerror((int)-rc)));
		return rc;
	}
	rc = errno_of(o.status);
	if (rc)
		text_set(text, o.out[0] ? line_of(o.out) :
			 text_of("coffer-card-host ended with status %d", o.status));
	if (!rc && out)
		*out = o.out;
	else
		free(o.out);
	return rc;
}

/* Name and value behind @n arguments, unless there is no value. Returns how many there are. */
static int put_option(char *argv[], int n, const char *name, const char *value)
{
	if (value) {
		argv[n++] = (char *)name;
		argv[n++] = (char *)value;
	}
	return n;
}

API coffer_rc coffer_card_make(const char *dir, const struct coffer_make *how, char **text)
{
	static const struct coffer_make plain;
	char serial[24];
	char *argv[26] = { "coffer-card-host", "create" };
	bool was_there;
	int n = 2;

	how = how ? how : &plain;
	n = put_option(argv, n, "--profile", how->profile);
	n = put_option(argv, n, "--label", how->label);
	snprintf(serial, sizeof(serial), "%" PRIu64, how->serial);
	n = put_option(argv, n, "--serial", how->serial ? serial : NULL);
	if (how->kdf_test)
		argv[n++] = "--kdf-test";
	n = put_option(argv, n, "--auth", how->ped ? "ped" : NULL);
	n = put_option(argv, n, "--speed", how->limited ? "profile" : NULL);
	n = put_option(argv, n, "--root-key", how->root_key_file);
	n = put_option(argv, n, "--root-cert", how->root_cert_file);
	argv[n++] = "--";
	argv[n++] = (char *)dir;
	was_there = is_there(dir);
	return host_errno_seen(host_do(argv, -1, NULL, text), NULL, was_there);
}

API coffer_rc coffer_image_make(const char *file, const struct coffer_image *how, char **text)
{
	char *argv[14] = { "coffer-card-host", "image", "create" };
	bool was_there = is_there(file);
	int n = 3;

	n = put_option(argv, n, "--profile", how->profile);
	n = put_option(argv, n, "--oldest", how->oldest);
	n = put_option(argv, n, "--root-key", how->root_key_file);
	n = put_option(argv, n, "--root-cert", how->root_cert_file);
	argv[n++] = "--";
	argv[n++] = (char *)file;
	return host_errno_seen(host_do(argv, -1, NULL, text), NULL, was_there);
}

/* A host ends a moment after its last connection (firmware-sim/host/stream.h). */
#define HOST_ENDS_MS	2000
#define LOOK_EVERY_MS	20

/*
 * Wait for a host that is about to end, and keep others from starting one: start.lock is the
 * last thing that it lets go. Returns start.lock's descriptor, or -1 when there is nothing to
 * wait for or the card is really in use: then the export says so itself.
 */
static int host_end_wait(const char *dir)
{
	const struct timespec pause = { .tv_nsec = LOOK_EVERY_MS * 1000000 };
	int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), lock = -1;

	if (folder < 0)
		return -1;
	for (int ms = 0; ms < HOST_ENDS_MS; ms += LOOK_EVERY_MS) {
		if (faccessat(folder, "host.sock", F_OK, 0)) {
			lock = openat(folder, "start.lock", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
			break;
		}
		nanosleep(&pause, NULL);
	}
	close(folder);
	if (lock >= 0)
		flock(lock, LOCK_EX);
	return lock;
}

API coffer_rc coffer_card_export(const char *dir, const char *file, char **text)
{
	char *argv[] = { "coffer-card-host", "export", "--", (char *)dir, (char *)file, NULL };
	bool was_there = is_there(file);
	int lock = host_end_wait(dir);
	coffer_rc rc = host_do(argv, -1, NULL, text);

	if (lock >= 0)
		close(lock);
	return host_errno_seen(rc, dir, was_there);
}

/* Pulls an input of a card that is not in use. What it has to say to that is a text, too. */
static coffer_rc input_pull(char *input, const char *dir, char **text)
{
	char *argv[] = { "coffer-card-host", input, "--", (char *)dir, NULL };
	int lock = host_end_wait(dir);
	char *out = NULL;
	coffer_rc rc;

	if (lock >= 0)
		close(lock);
	rc = host_do(argv, -1, &out, text);
	if (!rc && text && out[0])
		*text = line_of(out);
	free(out);
	return host_errno_seen(rc, dir, false);
}

API coffer_rc coffer_card_tamper(const char *dir, char **text)
{
	return input_pull("tamper", dir, text);
}

API coffer_rc coffer_card_decommission(const char *dir, char **text)
{
	return input_pull("decommission", dir, text);
}

API coffer_rc coffer_card_import(const char *file, const char *dir, char **text)
{
	char *argv[] = { "coffer-card-host", "import", "--", (char *)file, (char *)dir, NULL };
	bool was_there = is_there(dir);

	return host_errno_seen(host_do(argv, -1, NULL, text), file, was_there);
}

/* Columns for people become one TAB. */
static void columns_tab(char *text)
{
	char *from = text, *to = text;

	while (*from) {
		while (*from && *from != '\n' && *from != ' ' && *from != '\t')
			*to++ = *from++;
		if (*from == ' ' || *from == '\t')
			*to++ = '\t';
		from += strspn(from, " \t");
		while (*from && *from != '\n')
			*to++ = *from++;
		if (*from)
			*to++ = *from++;
	}
	*to = '\0';
}

API coffer_rc coffer_card_profiles(char **text)
{
	char *argv[] = { "coffer-card-host", "profiles", NULL };
	coffer_rc rc;

	*text = NULL;
	rc = host_do(argv, -1, text, NULL);
	if (!rc)
		columns_tab(*text);
	return rc;
}
