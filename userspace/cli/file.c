// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reads and replaces small files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

int file_read(const char *path, uint8_t *buffer, size_t room, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	uint8_t more;
	int ret = 0;
	ssize_t n;

	*len = 0;
	if (fd < 0)
		return -errno;
	for (;;) {
		n = *len < room ? read(fd, buffer + *len, room - *len) : read(fd, &more, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		if (*len == room) {
			ret = -EFBIG;
			break;
		}
		*len += (size_t)n;
	}
	if (n < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A pipe or a device cannot be replaced: it is written to. */
static int write_in_place(const char *path, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write_all(fd, bytes, len);
	return close(fd) && !ret ? -errno : ret;
}

int file_write(const char *path, const void *bytes, size_t len)
{
	char name[4096];
	struct stat st;
	mode_t mask;
	int fd, ret;

	if (!stat(path, &st) && !S_ISREG(st.st_mode))
		return write_in_place(path, bytes, len);
	if ((size_t)snprintf(name, sizeof(name), "%s.XXXXXX", path) >= sizeof(name))
		return -ENAMETOOLONG;
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	mask = umask(0);
	umask(mask);
	fchmod(fd, 0666 & ~mask);
	ret = write_all(fd, bytes, len);
	if (close(fd) && !ret)
		ret = -errno;
	if (!ret && rename(name, path))
		ret = -errno;
	if (ret)
		unlink(name);
	return ret;
}
