// SPDX-License-Identifier: BSD-3-Clause
/* PED keys and PEDs, as the operator's hands move them: coffer-card-host does it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib.h"

static const char *const colors[COFFER_PED_COLORS] = {
	[COFFER_PED_BLUE] = "blue",   [COFFER_PED_BLACK] = "black", [COFFER_PED_GREY] = "grey",
	[COFFER_PED_RED] = "red",     [COFFER_PED_WHITE] = "white",
	[COFFER_PED_ORANGE] = "orange",
};

API const char *coffer_ped_color_name(enum coffer_ped_color color)
{
	return color > 0 && color < COFFER_PED_COLORS ? colors[color] : "";
}

/* Arguments of other processes can be read by everybody: a PIN goes in by standard input. */
static int pin_open(const char *pin)
{
	int fd = memfd_create("pin", MFD_CLOEXEC);
	size_t len = strlen(pin);
	int rc;

	if (fd < 0)
		return -errno;
	if (write(fd, pin, len) == (ssize_t)len && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	rc = errno ? -errno : -EIO;
	close(fd);
	return rc;
}

#define ARGS_MAX 12

struct request {
	char *argv[ARGS_MAX + 1];
	int argc;
	const char *pin;
};

static void request_begin(struct request *r, const char *verb, const char *pin)
{
	*r = (struct request){ { "coffer-card-host", "ped", (char *)verb }, 3, pin };
	if (pin) {
		r->argv[r->argc++] = "--pin-file";
		r->argv[r->argc++] = "/proc/self/fd/0";
	}
}

static void request_option(struct request *r, const char *name, const char *value)
{
	r->argv[r->argc++] = (char *)name;
	if (value)
		r->argv[r->argc++] = (char *)value;
}

/* @second may be NULL. */
static coffer_rc request_run(struct request *r, const char *first, const char *second, char **out,
			     char **text)
{
	int fd = r->pin ? pin_open(r->pin) : -1;
	coffer_rc rc;

	if (r->pin && fd < 0)
		return fd;
	r->argv[r->argc++] = "--";
	r->argv[r->argc++] = (char *)first;
	if (second)
		r->argv[r->argc++] = (char *)second;
	rc = host_do(r->argv, fd, out, text);
	if (fd >= 0)
		close(fd);
	return rc;
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* ---- Keys ---------------------------------------------------------------------------------- */

API coffer_rc coffer_ped_key_create(const char *file, const struct coffer_ped_make *how,
				    char **text)
{
	const char *color = coffer_ped_color_name(how->color);
	bool was_there = is_there(file);
	struct request r;

	if (text)
		*text = NULL;
	if (!*color)
		return -EINVAL;
	request_begin(&r, "create-key", how->pin);
	request_option(&r, "--color", color);
	if (how->label)
		request_option(&r, "--label", how->label);
	if (how->imprint)
		request_option(&r, "--imprint", NULL);
	return host_errno_seen(request_run(&r, file, NULL, NULL, text), NULL, was_there);
}

API coffer_rc coffer_ped_key_copy(const char *from, const char *to, char **text)
{
	bool was_there = is_there(to);
	struct request r;

	request_begin(&r, "copy-key", NULL);
	return host_errno_seen(request_run(&r, from, to, NULL, text), from, was_there);
}

/* The value of "NAME VALUE", or NULL when @line is of another name. */
static const char *value_of(const char *line, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(line, name, len) && line[len] == ' ' ? line + len + 1 : NULL;
}

static void take_line(struct coffer_ped_key *key, const char *line)
{
	const char *value;

	if ((value = value_of(line, "color"))) {
		for (int i = 1; i < COFFER_PED_COLORS; i++)
			if (!strcmp(value, colors[i]))
				key->color = (enum coffer_ped_color)i;
	} else if ((value = value_of(line, "secret"))) {
		key->blank = !strcmp(value, "blank");
	} else if ((value = value_of(line, "pin"))) {
		key->has_pin = !strcmp(value, "yes");
	} else if ((value = value_of(line, "label"))) {
		strncpy(key->label, value, sizeof(key->label) - 1);
	}
}

API coffer_rc coffer_ped_key_look(const char *file, struct coffer_ped_key *key, char **text)
{
	char *out = NULL, *line, *rest = NULL;
	struct request r;
	coffer_rc rc;

	memset(key, 0, sizeof(*key));
	request_begin(&r, "show-key", NULL);
	rc = host_errno_seen(request_run(&r, file, NULL, &out, text), file, false);
	for (line = rc ? NULL : strtok_r(out, "\n", &rest); line;
	     line = strtok_r(NULL, "\n", &rest))
		take_line(key, line);
	free(out);
	return !rc && !key->color ? -EIO : rc;
}

/* ---- PED ----------------------------------------------------------------------------------- */

API coffer_rc coffer_ped_insert(const char *folder, const char *key_file, const char *pin,
				char **text)
{
	struct request r;

	request_begin(&r, "insert", pin);
	return host_errno_seen(request_run(&r, folder, key_file, NULL, text), key_file, false);
}

API coffer_rc coffer_ped_remove(const char *folder, enum coffer_ped_color color, char **text)
{
	struct request r;

	request_begin(&r, "remove", NULL);
	if (color)
		request_option(&r, "--color", coffer_ped_color_name(color));
	return host_errno_seen(request_run(&r, folder, NULL, NULL, text), folder, false);
}

API coffer_rc coffer_ped_connect(const char *card_dir, const char *folder, char **text)
{
	struct request r;

	request_begin(&r, "connect", NULL);
	return host_errno_seen(request_run(&r, card_dir, folder, NULL, text), card_dir, false);
}

API coffer_rc coffer_ped_disconnect(const char *card_dir, char **text)
{
	struct request r;

	request_begin(&r, "disconnect", NULL);
	return host_errno_seen(request_run(&r, card_dir, NULL, NULL, text), card_dir, false);
}
