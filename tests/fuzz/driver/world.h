/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel and the card around the driver: what kernel.c and target.c tell each other. */
#ifndef WORLD_H
#define WORLD_H

#include "coffer.h"
#include "../fuzz.h"

#define VECTORS (COFFER_QPAIRS + 1)

/* How the card answers reads of its registers. */
enum mood { MOOD_HONEST, MOOD_GONE, MOOD_RANDOM, MOOD_ZERO, MOOD_FATAL, MOOD_COUNT };

struct world {
	struct fuzz_input *in;
	struct coffer_dev *cd;
	enum mood mood;
	bool flips;			/* the card writes what the driver has just read */
	uint8_t fail;			/* the n-th request for memory or a mapping fails */
	/* The card, as the driver has set it up. */
	bool enabled, removed;
	u32 abort_gen;
	/* The processor. */
	bool in_irq, irqs_off;
	int locks;
	int irq_depth[VECTORS];		/* 0: on */
	bool event_thread;
	long blocks, pages, maps, coherents;
	struct coherent {
		u8 *at;
		size_t size;
	} area[4 * COFFER_QPAIRS + 4];
};

extern struct world world;

bool world_fails(void);
void world_works(void);		/* run what is due */
bool world_idle(void);
void world_coherent_write(unsigned int area, u32 at, const void *from, size_t len);

#endif
