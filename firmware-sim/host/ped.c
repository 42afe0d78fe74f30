// SPDX-License-Identifier: BSD-3-Clause
/* coffer-card-host ped: PED keys, what is in a PED, and on which card it hangs. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fw_ped.h"
#include "stream.h"

struct ped_options {
	uint32_t color;
	bool imprint;
	const char *label;
	const char *pin_file;
	char pin[FW_PED_PIN_MAX + 1];
	size_t pin_len;
	char **names;			/* what is no option */
	int count;
};

/* The first line, without its end. One byte more than fits shows that it is too long. */
static bool pin_read(struct ped_options *o)
{
	int fd;
	ssize_t n;
	char *end;

	if (!o->pin_file)
		return true;
	fd = open(o->pin_file, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, o->pin, sizeof(o->pin));
	if (fd >= 0)
		close(fd);
	if (n < 0)
		return false;
	end = memchr(o->pin, '\n', (size_t)n);
	o->pin_len = end ? (size_t)(end - o->pin) : (size_t)n;
	return true;
}

static bool options_read(int argc, char **argv, struct ped_options *o)
{
	static const struct option options[] = {
		{ "color", required_argument, NULL, 'c' },
		{ "label", required_argument, NULL, 'l' },
		{ "pin-file", required_argument, NULL, 'p' },
		{ "imprint", no_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	int opt;

	while ((opt = getopt_long_only(argc, argv, "", options, NULL)) != -1) {
		switch (opt) {
		case 'c':
			o->color = fw_ped_color(optarg);
			if (!o->color)
				return false;
			break;
		case 'l':
			o->label = optarg;
			break;
		case 'p':
			o->pin_file = optarg;
			break;
		case 'i':
			o->imprint = true;
			break;
		default:
			return false;
		}
	}
	o->names = argv + optind;
	o->count = argc - optind;
	return true;
}

/* ---- Verbs ------------------------------------------------------------------------ */

static int ped_create_key(const struct ped_options *o, char *err, size_t len)
{
	const struct fw_ped_make how = { .color = o->color, .imprint = o->imprint,
					 .label = o->label, .pin = o->pin_file ? o->pin : NULL,
					 .pin_len = o->pin_len };

	return fw_ped_key_create(o->names[0], &how, err, len);
}

static int ped_copy_key(const struct ped_options *o, char *err, size_t len)
{
	return fw_ped_key_copy(o->names[0], o->names[1], err, len);
}

static int ped_show_key(const struct ped_options *o, char *err, size_t len)
{
	struct fw_ped_key key;
	int rc = fw_ped_key_show(o->names[0], &key, err, len);

	if (rc)
		return rc;
	printf("color %s\nsecret %s\npin %s\nlabel %s\n", fw_ped_color_name(key.color),
	       key.blank ? "blank" : "imprinted", key.has_pin ? "yes" : "no", key.label);
	return 0;
}

static int ped_insert(const struct ped_options *o, char *err, size_t len)
{
	return fw_ped_insert(o->names[0], o->names[1], o->pin_file ? o->pin : NULL, o->pin_len,
			     err, len);
}

static int ped_remove(const struct ped_options *o, char *err, size_t len)
{
	return fw_ped_remove(o->names[0], o->color, err, len);
}

static int ped_connect(const struct ped_options *o, char *err, size_t len)
{
	return fw_ped_connect(o->names[0], o->names[1], err, len);
}

static int ped_disconnect(const struct ped_options *o, char *err, size_t len)
{
	return fw_ped_disconnect(o->names[0], err, len);
}

#define TAKES_COLOR	1
#define TAKES_PIN	2
#define TAKES_MAKE	4

static const struct {
	const char *name;
	int names;
	int takes;
	int (*run)(const struct ped_options *o, char *err, size_t len);
} verbs[] = {
	{ "create-key", 1, TAKES_COLOR | TAKES_PIN | TAKES_MAKE, ped_create_key },
	{ "copy-key", 2, 0, ped_copy_key },
	{ "show-key", 1, 0, ped_show_key },
	{ "insert", 2, TAKES_PIN, ped_insert },
	{ "remove", 1, TAKES_COLOR, ped_remove },
	{ "connect", 2, 0, ped_connect },
	{ "disconnect", 1, 0, ped_disconnect },
};

static bool fits(const struct ped_options *o, int names, int takes)
{
	if (o->count != names)
		return false;
	if ((o->color && !(takes & TAKES_COLOR)) || (o->pin_file && !(takes & TAKES_PIN)))
		return false;
	return !(o->label || o->imprint) || (takes & TAKES_MAKE);
}

int verb_ped(int argc, char **argv)
{
	struct ped_options o = { 0 };
	char err[512] = "";
	size_t i = 0;
	int rc;

	if (argc < 2)
		return bad_use("what is to be done with the PED?");
	while (i < sizeof(verbs) / sizeof(verbs[0]) && strcmp(argv[1], verbs[i].name))
		i++;
	if (i == sizeof(verbs) / sizeof(verbs[0]))
		return bad_use("a PED has no such verb");
	if (!options_read(argc - 1, argv + 1, &o) || !fits(&o, verbs[i].names, verbs[i].takes))
		return bad_use("that verb of the PED has other names and options");
	if (!pin_read(&o))
		return complain(strerror(errno));
	rc = verbs[i].run(&o, err, sizeof(err));
	explicit_bzero(o.pin, sizeof(o.pin));
	return rc ? complain(err) : EXIT_SUCCESS;
}
