// SPDX-License-Identifier: BSD-3-Clause
/* The PIN that brings members back: locked in memory, in no dump and in no forked child. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ha_group.h"

#define PAGE 4096

struct ha_pin *ha_pin_new(const char *pin, size_t len)
{
	struct ha_pin *p;

	if (len > PAGE - sizeof(*p))
		return NULL;
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	/* What cannot be locked is not kept: it might be written to the disk. */
	if (mlock(p, PAGE) || madvise(p, PAGE, MADV_DONTDUMP) ||
	    madvise(p, PAGE, MADV_WIPEONFORK)) {
		munmap(p, PAGE);
		return NULL;
	}
	p->none = !pin;
	p->len = len;
	if (len)
		memcpy(p->text, pin, len);
	return p;
}

void ha_pin_free(struct ha_pin *pin)
{
	if (!pin)
		return;
	explicit_bzero(pin, PAGE);
	munmap(pin, PAGE);
}

struct ha_pin *ha_pin_of(struct ha_group *g)
{
	struct ha_pin *copy = NULL;

	pthread_mutex_lock(&g->lock);
	if (g->pin)
		copy = ha_pin_new(g->pin->none ? NULL : g->pin->text, g->pin->len);
	pthread_mutex_unlock(&g->lock);
	return copy;
}

void ha_pin_drop(struct ha_group *g)
{
	struct ha_pin *pin;

	pthread_mutex_lock(&g->lock);
	pin = g->pin;
	g->pin = NULL;
	pthread_mutex_unlock(&g->lock);
	ha_pin_free(pin);
}
