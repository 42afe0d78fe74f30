// SPDX-License-Identifier: BSD-3-Clause
/* More calls that fail: files, names and threads, for the sweeps of what a PED needs. */
#include "fault_wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define FILES(type, fn, params, args)	WRAP(type, fn, (errno = EIO, -1), params, args)

FILES(ssize_t, pread64, (int fd, void *buf, size_t len, off_t at), (fd, buf, len, at))
FILES(ssize_t, write, (int fd, const void *buf, size_t len), (fd, buf, len))
FILES(int, fsync, (int fd), (fd))
FILES(int, mkostemp64, (char *path, int flags), (path, flags))
FILES(int, stat64, (const char *path, struct stat64 *st), (path, st))
FILES(int, fstat64, (int fd, struct stat64 *st), (fd, st))
FILES(int, mkdir, (const char *path, mode_t mode), (path, mode))
FILES(int, unlink, (const char *path), (path))
FILES(int, symlink, (const char *to, const char *path), (to, path))
FILES(int, rename, (const char *from, const char *to), (from, to))
FILES(int, renameat2, (int d, const char *from, int e, const char *to, unsigned int flags),
      (d, from, e, to, flags))
WRAP(char *, realpath, (errno = EIO, NULL), (const char *path, char *real), (path, real))
WRAP(int, pthread_create, EAGAIN, (pthread_t *thread, const pthread_attr_t *how,
				   void *(*fn)(void *), void *arg), (thread, how, fn, arg))

/* Those with as many arguments as they like; meson.build names them. */
int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	if (fault_due("open64")) {
		errno = EIO;
		return -1;
	}
	return __real_open64(path, flags, mode);
}

int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list ap;
	int n;

	if (fault_due("asprintf"))
		return -1;
	va_start(ap, format);
	n = vasprintf(text, format, ap);
	va_end(ap);
	return n;
}
