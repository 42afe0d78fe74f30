// SPDX-License-Identifier: BSD-3-Clause
/* Making, locking and removing a card's folder. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "card.h"
#include "card_file.h"

static long lock_holder(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	return n > 0 ? strtol(text, NULL, 10) : 0;
}

static void lock_sign(int fd)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	/* Only a hint for people: nothing depends on it. */
	if (ftruncate(fd, 0) || pwrite(fd, text, (size_t)n, 0) != n)
		return;
}

int card_lock(const char *dir, int *fd, char *err, size_t err_len)
{
	char path[4096];
	int lock;

	*fd = -1;
	if (snprintf(path, sizeof(path), "%s/lock", dir) >= (int)sizeof(path))
		return say(err, err_len, -ENAMETOOLONG, "%s: the name is too long", dir);
	lock = open(path, O_RDWR | O_CLOEXEC);
	if (lock < 0 && errno == ENOENT)
		return say(err, err_len, -ENOENT, "%s: no card here", dir);
	if (lock < 0)
		return say(err, err_len, -errno, "%s: %s", dir, strerror(errno));
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		say(err, err_len, 0, "card %s is in use by another process (pid %ld)", dir,
		    lock_holder(lock));
		close(lock);
		return -EBUSY;
	}
	lock_sign(lock);
	*fd = lock;
	return 0;
}

void card_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* ---- A new folder: complete under another name, then renamed --------------------- */

static int lock_create(const char *work)
{
	char path[4096];
	int fd;

	if (snprintf(path, sizeof(path), "%s/lock", work) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

int folder_begin(const char *dir, char **work, char *err, size_t err_len)
{
	struct stat st;
	size_t len = strlen(dir);
	int rc;

	*work = NULL;
	while (len > 1 && dir[len - 1] == '/')
		len--;
	if (!lstat(dir, &st))
		return say(err, err_len, -EEXIST, "%s: there is something already", dir);
	if (asprintf(work, "%.*s.new-XXXXXX", (int)len, dir) < 0)
		return say(err, err_len, -ENOMEM, "%s: no memory", dir);
	if (!mkdtemp(*work)) {
		rc = -errno;
		free(*work);
		*work = NULL;
		return say(err, err_len, rc, "%s: cannot make the folder: %s", dir,
			   strerror(-rc));
	}
	rc = lock_create(*work);
	if (!rc)
		return 0;
	folder_remove(*work);
	free(*work);
	*work = NULL;
	return say(err, err_len, rc, "%s: %s", dir, strerror(-rc));
}

static int folder_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 || fsync(fd) ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return rc;
}

static int parent_sync(const char *dir)
{
	char *copy = strdup(dir), *slash;
	int rc;

	if (!copy)
		return -ENOMEM;
	slash = strrchr(copy, '/');
	if (slash && slash != copy)
		*slash = '\0';
	rc = folder_sync(!slash ? "." : slash == copy ? "/" : copy);
	free(copy);
	return rc;
}

int folder_publish(const char *work, const char *dir, char *err, size_t err_len)
{
	char *plain = strdup(dir);
	size_t len = strlen(dir);
	int rc = plain ? folder_sync(work) : -ENOMEM;

	while (plain && len > 1 && plain[len - 1] == '/')
		plain[--len] = '\0';
	if (!rc && renameat2(AT_FDCWD, work, AT_FDCWD, plain, RENAME_NOREPLACE))
		rc = -errno;
	if (!rc)
		rc = parent_sync(plain);
	free(plain);
	if (rc)
		return say(err, err_len, rc, "%s: %s", dir, strerror(-rc));
	return 0;
}

void folder_remove(const char *work)
{
	DIR *d = opendir(work);
	struct dirent *e;

	while (d && (e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
	rmdir(work);
}
