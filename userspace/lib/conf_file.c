// SPDX-License-Identifier: BSD-3-Clause
/* Which files configure this user's library, and how one is read and replaced. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf.h"

#define SYSTEM_FILE	"/etc/coffer/coffer.conf"
#define SYSTEM_FOLDER	"/etc/coffer/conf.d"
#define FILE_MAX	(2u << 20)

/* ---- Which ---------------------------------------------------------------------------------- */

static coffer_rc path_add(char ***list, size_t *count, char *path)
{
	char **grown = path ? realloc(*list, (*count + 1) * sizeof(*grown)) : NULL;

	if (!grown) {
		free(path);
		return -ENOMEM;
	}
	*list = grown;
	grown[(*count)++] = path;
	return 0;
}

static int is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && !strcmp(entry->d_name + len - 5, ".conf");
}

static coffer_rc drop_ins(char ***list, size_t *count)
{
	struct dirent **names;
	coffer_rc rc = 0;
	int n = scandir(SYSTEM_FOLDER, &names, is_drop_in, alphasort);

	for (int i = 0; i < n; i++) {
		if (!rc)
			rc = path_add(list, count,
				      text_of("%s/%s", SYSTEM_FOLDER, names[i]->d_name));
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return rc;
}

static char *user_path(void)
{
	const char *config = secure_getenv("XDG_CONFIG_HOME"), *home = secure_getenv("HOME");

	if (config && *config == '/')
		return text_of("%s/coffer/coffer.conf", config);
	return home && *home == '/' ? text_of("%s/.config/coffer/coffer.conf", home) : NULL;
}

coffer_rc conf_paths(char ***list, size_t *count)
{
	const char *one = secure_getenv("COFFER_CONFIG");
	char *user = NULL;
	coffer_rc rc;

	*list = NULL;
	*count = 0;
	if (one && *one)
		return path_add(list, count, strdup(one));
	if (geteuid())
		user = user_path();
	/* The system's file is the last where it is the one to write: root, or nobody at home. */
	rc = user ? path_add(list, count, strdup(SYSTEM_FILE)) : 0;
	if (!rc)
		rc = drop_ins(list, count);
	if (!rc)
		rc = path_add(list, count, user ? user : strdup(SYSTEM_FILE));
	else
		free(user);
	if (rc) {
		conf_paths_free(*list, *count);
		*list = NULL;
		*count = 0;
	}
	return rc;
}

void conf_paths_free(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

/* ---- Reading -------------------------------------------------------------------------------- */

static coffer_rc read_all(int fd, char **text, size_t *len)
{
	struct stat st;
	ssize_t n;

	*len = 0;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > (off_t)FILE_MAX)
		return -EFBIG;
	*text = malloc((size_t)st.st_size + 1);
	if (!*text)
		return -ENOMEM;
	while (*len < (size_t)st.st_size) {
		n = read(fd, *text + *len, (size_t)st.st_size - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		*len += (size_t)n;
	}
	return 0;
}

coffer_rc conf_read(struct conf *c, const char *path, bool has_to_be, char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char *text = NULL;
	size_t len = 0;
	coffer_rc rc;

	memset(c, 0, sizeof(*c));
	rc = fd < 0 ? -errno : read_all(fd, &text, &len);
	if (fd >= 0)
		close(fd);
	if (rc == -ENOENT && !has_to_be)
		rc = 0;
	if (rc)
		text_set(why, text_of("%s: %s", path, strerror((int)-rc)));
	else
		rc = conf_parse(c, path, text ? text : "", len, why);
	free(text);
	return rc;
}

/* ---- Writing -------------------------------------------------------------------------------- */

/* The folders above the file; what stays away shows when the file is made. */
static void make_folders(const char *path)
{
	char *copy = strdup(path);

	for (char *slash = copy ? strchr(copy + 1, '/') : NULL; slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(copy, geteuid() ? 0700 : 0755);
		*slash = '/';
	}
	free(copy);
}

static coffer_rc write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	for (size_t done = 0; done < len; done += (size_t)n) {
		n = write(fd, text + done, len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0)
			return -errno;
	}
	return fsync(fd) ? -errno : 0;
}

static int folder_open(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	free(folder);
	return fd;
}

static void sync_folder(const char *path)
{
	int fd = folder_open(path);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

int conf_lock(const char *path)
{
	int fd;

	make_folders(path);
	fd = folder_open(path);
	while (fd >= 0 && flock(fd, LOCK_EX) && errno == EINTR)
		;
	return fd;
}

/* As it was; a new one is for everybody to read if the system's, else for its user alone. */
static mode_t mode_of(const char *path)
{
	struct stat st;

	if (!stat(path, &st))
		return st.st_mode & 0777;
	return geteuid() ? 0600 : 0644;
}

coffer_rc conf_write(const struct conf *c, char **why)
{
	char *path = realpath(c->name, NULL), *beside;
	coffer_rc rc = -ENOMEM;
	int fd = -1;

	if (!path) {
		make_folders(c->name);
		path = strdup(c->name);
	}
	beside = path ? text_of("%s.XXXXXX", path) : NULL;
	if (beside) {
		fd = mkostemp(beside, O_CLOEXEC);
		rc = fd < 0 ? -errno : 0;
	}
	if (!rc)
		rc = fchmod(fd, mode_of(path)) ? -errno : write_all(fd, c->text, c->len);
	if (fd >= 0 && close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(beside, path))
		rc = -errno;
	if (rc && fd >= 0)
		unlink(beside);
	if (!rc)
		sync_folder(path);
	if (rc)
		text_set(why, text_of("%s: cannot be written: %s", c->name, strerror((int)-rc)));
	free(beside);
	free(path);
	return rc;
}
