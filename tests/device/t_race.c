/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that changes while the device looks at it. The machine's memory is a file that this
 * process has mapped, too; a second thread flips words of an entry, or of a list, as fast as it
 * can. What the device has judged has to be what it then uses.
 */
#include "card.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY		(64u << 20)
#define ROUNDS		500
#define GUARD		0x6a

struct flip {
	_Atomic uint32_t *word;
	uint32_t a, b;
};

static struct flip flips[8];
static unsigned int n_flips;
static atomic_bool stop;
static atomic_ulong flipped;
static uint8_t *memory;
static char memory_file[300];

static void *flipper(void *opaque)
{
	unsigned int i;

	while (!atomic_load(&stop)) {
		for (i = 0; i < n_flips; i++)
			atomic_store_explicit(flips[i].word, flips[i].b, memory_order_relaxed);
		for (i = 0; i < n_flips; i++)
			atomic_store_explicit(flips[i].word, flips[i].a, memory_order_relaxed);
		atomic_fetch_add(&flipped, 1);
	}
	return opaque;
}

static struct card *start(void)
{
	char device[400], backend[400];
	const char *args[] = {
		"-object", backend, "-machine", "memory-backend=ram", "-device", device, NULL,
	};
	struct card *c;
	int fd;

	snprintf(memory_file, sizeof(memory_file), "%s/ram", work_dir);
	snprintf(backend, sizeof(backend),
		 "memory-backend-file,id=ram,size=64M,share=on,mem-path=%s", memory_file);
	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s", card_dir[0]);
	c = card_at(machine_start(args), 0);
	fd = open(memory_file, O_RDWR);
	CHECK(fd >= 0);
	memory = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(memory != MAP_FAILED);
	close(fd);
	unlink(memory_file);
	card_enable(c);
	queue_up(c, 0, 4);
	return c;
}

static void flip(uint64_t at, uint32_t a, uint32_t b)
{
	flips[n_flips++] = (struct flip) { (_Atomic uint32_t *)(void *)(memory + at), a, b };
}

/* Ring after ring of the same entry, while it changes. Each gets one completion. */
static void race(struct card *c, const struct coffer_sqe *sqe, uint32_t most)
{
	uint32_t i, status[COFFER_TS_BUSY + 1] = { 0 }, k;
	struct queue *q = &c->queue[0];
	struct completion done;
	pthread_t thread;

	for (i = 0; i < q->size; i++)
		sqe_put_at(c, q, i, sqe);
	memset(memory + c->window + REPLY_AREA, GUARD, most + 4096);
	CHECK(!pthread_create(&thread, NULL, flipper, NULL));
	for (i = 0; i < ROUNDS; i++) {
		q->tail = (q->tail + 1) % q->size;
		ring(c, q);
		done = cqe_wait(c, q);
		CHECK(done.status <= COFFER_TS_BUSY);
		status[done.status]++;
		CHECK(done.reply_len <= most);
		if (done.status != COFFER_TS_OK)
			CHECK_EQ(done.reply_len, 0);
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	for (k = 0; k < 4096; k++)
		CHECK_EQ(memory[c->window + REPLY_AREA + most + k], GUARD);
	tap_note("%lu flips; OK %u, BAD_FIELD %u, BAD_LENGTH %u, DMA_REQ %u, DMA_REPLY %u", flipped,
		 status[COFFER_TS_OK], status[COFFER_TS_BAD_FIELD], status[COFFER_TS_BAD_LENGTH],
		 status[COFFER_TS_DMA_REQ], status[COFFER_TS_DMA_REPLY]);
	/* The race was one: more than one outcome was seen. */
	CHECK(status[COFFER_TS_OK] && status[COFFER_TS_OK] < ROUNDS);
	check_healthy(c);
	queue_up(c, 0, 8);
	check_echo(c, q, 7, 5000);
	card_stop(c);
}

/* Lengths of the entry: short and good, or too long. */
static void entries(void)
{
	struct card *c = start();
	struct coffer_sqe sqe = sqe_echo(c, 5, 16);
	unsigned int i;
	uint64_t at;

	for (i = 0; i < 4; i++) {
		at = c->window + SQ_AREA + i * sizeof(sqe);
		flip(at + offsetof(struct coffer_sqe, req_len), 16, 0xfffffff0);
		flip(at + offsetof(struct coffer_sqe, reply_len), 16, 0x7fffffff);
	}
	race(c, &sqe, 16);
}

/* Pieces of a list whose sum is right or far too large, and whose flag bits come and go. */
static void lists(void)
{
	struct card *c = start();
	struct coffer_sqe sqe = sqe_echo(c, 6, 16);
	struct coffer_seg seg[2] = {
		{ .addr = c->window + REQ_AREA, .len = 8 },
		{ .addr = c->window + REQ_AREA + 8, .len = 8 },
	};

	mem_write(c->m, c->window + LIST_AREA, seg, sizeof(seg));
	sqe.req_segs = 2;
	sqe.req_addr = c->window + LIST_AREA;
	flip(c->window + LIST_AREA + 8, 8, 60000);
	flip(c->window + LIST_AREA + 16 + 8, 8, 65000);
	flip(c->window + LIST_AREA + 16 + 12, 0, 1);
	race(c, &sqe, 16);
}

/* The same for the reply: what is written has to be within what was judged. */
static void reply_lists(void)
{
	struct card *c = start();
	struct coffer_sqe sqe = sqe_echo(c, 6, 16);
	struct coffer_seg seg[2] = {
		{ .addr = c->window + REPLY_AREA, .len = 8 },
		{ .addr = c->window + REPLY_AREA + 8, .len = 8 },
	};

	mem_write(c->m, c->window + LIST_AREA, seg, sizeof(seg));
	sqe.reply_segs = 2;
	sqe.reply_addr = c->window + LIST_AREA;
	/* The right sum in both states, elsewhere: a mixture is refused, or it is one of them. */
	flip(c->window + LIST_AREA + 8, 8, 4096);
	flip(c->window + LIST_AREA + 16 + 8, 8, 4096);
	race(c, &sqe, 16);
}

const struct test_case race_cases[] = {
	{ "race: lengths of an entry that change under the device", entries },
	{ "race: a request's list that changes under the device", lists },
	{ "race: a reply's list that changes under the device", reply_lists },
	{ NULL, NULL }
};
