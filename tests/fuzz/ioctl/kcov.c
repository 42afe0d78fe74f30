// SPDX-License-Identifier: BSD-3-Clause
/* KCOV: which places of the driver a thread's calls reached. */
#include <linux/kcov.h>

#include "ioctl.h"

#define WORDS	(1 << 16)

int kcov_open(struct kcov *k)
{
	k->fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (k->fd < 0 || ioctl(k->fd, KCOV_INIT_TRACE, WORDS))
		return -errno;
	k->area = mmap(NULL, WORDS * sizeof(__u64), PROT_READ | PROT_WRITE, MAP_SHARED, k->fd, 0);
	return k->area == MAP_FAILED ? -errno : 0;
}

int kcov_start(struct kcov *k)
{
	return ioctl(k->fd, KCOV_ENABLE, KCOV_TRACE_PC) ? -errno : 0;
}

void kcov_clear(struct kcov *k)
{
	__atomic_store_n(&k->area[0], 0, __ATOMIC_RELAXED);
}

static unsigned int place_add(struct places *all, __u64 pc)
{
	unsigned int at = pc * 0x9e3779b97f4a7c15u >> 40;

	for (;; at++) {
		__u64 *p = &all->pc[at % PLACES];

		if (*p == pc)
			return 0;
		if (*p)
			continue;
		if (all->count >= PLACES / 2)
			return 0;
		all->count++;
		*p = pc;
		return 1;
	}
}

unsigned int kcov_take(struct kcov *k, struct places *seen)
{
	__u64 i, count = __atomic_load_n(&k->area[0], __ATOMIC_RELAXED);
	unsigned int fresh = 0;

	for (i = 1; i <= count && i < WORDS; i++)
		fresh += place_add(seen, k->area[i]);
	return fresh;
}

unsigned int places_add(struct places *all, const struct places *some)
{
	unsigned int i, fresh = 0;

	for (i = 0; i < PLACES; i++)
		if (some->pc[i])
			fresh += place_add(all, some->pc[i]);
	return fresh;
}

int places_write(const struct places *all, const char *path, __u64 base)
{
	FILE *out = fopen(path, "w");
	unsigned int i;

	if (!out)
		return -errno;
	for (i = 0; i < PLACES; i++)
		if (all->pc[i])
			fprintf(out, "%llx\n", all->pc[i] - base);
	return fclose(out) ? -errno : 0;
}
