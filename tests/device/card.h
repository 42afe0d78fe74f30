/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card from the host's side, as thin as it can be: enough to bring it up, to put entries
 * into rings and to look at what comes back. Nothing here retries or repairs.
 */
#ifndef CARD_H
#define CARD_H

#include "hw/coffer_regs.h"
#include "machine.h"
#include "tap.h"

/* Where things are in the machine's 64 MiB. Each card has a window of 16 MiB. */
#define CARD_WINDOW(n)	(0x1000000ull * ((n) + 1))
#define MSI_AREA	0x000000	/* in the window: one word per vector */
#define EVQ_AREA	0x010000
#define SQ_AREA		0x100000	/* 64 KiB per queue */
#define CQ_AREA		0x200000	/* 16 KiB per queue */
#define LIST_AREA	0x300000	/* segment lists */
#define REQ_AREA	0x400000	/* 4 MiB */
#define REPLY_AREA	0x800000	/* 4 MiB */
#define NO_MEMORY	0x700000000ull	/* nothing answers here */
#define MMCONFIG	0xb0000000ull

struct queue {
	unsigned int index;
	uint32_t size;
	uint32_t tail, head;
	uint16_t phase;
};

struct card {
	struct machine *m;
	unsigned int bus, slot;
	uint64_t bar, msix;
	uint64_t window;
	struct queue queue[COFFER_MAX_QUEUES];
};

struct completion {
	uint32_t verdict, reply_len, tag;
	uint16_t status, phase;
};

/* Registers */
uint32_t rd(struct card *c, unsigned int reg);
void wr(struct card *c, unsigned int reg, uint32_t value);
uint64_t rd64(struct card *c, unsigned int reg);
void wr64(struct card *c, unsigned int reg, uint64_t value);
void check_fatal(struct card *c, enum coffer_fatal reason);
void check_healthy(struct card *c);

/* PCI */
uint32_t cfg_in(struct card *c, unsigned int at);		/* a 32-bit word below 256 */
void cfg_out(struct card *c, unsigned int at, uint32_t value);
uint32_t ext_in(struct card *c, unsigned int at);		/* a 32-bit word below 4096 */
void ext_out(struct card *c, unsigned int at, uint32_t value);
unsigned int pci_cap(struct card *c, uint8_t id);		/* 0: there is none */
unsigned int pci_ext_cap(struct card *c, uint16_t id);
void pci_setup(struct card *c);					/* BARs, memory, bus master */
void pci_flr(struct card *c);
void msix_setup(struct card *c);				/* all vectors, into MSI_AREA */
void msix_mask(struct card *c, unsigned int vector, bool masked);
bool msix_pending(struct card *c, unsigned int vector);
/* Wait until the vector has been sent; false: it was not, for a while. Clears the word. */
bool msix_wait(struct card *c, unsigned int vector);
bool msix_seen(struct card *c, unsigned int vector);		/* without waiting */

/* Bring-up */
struct card *card_start(void);			/* one card in one machine, set up, not enabled */
struct card *card_start_with(const char *extra);	/* more properties, as ",name=value" */
struct card *card_at(struct machine *m, unsigned int n);	/* n-th coffer, slot n + 1 */
/* The card behind the root port in slot 1; sets the port up, too. */
struct card *card_behind_port(struct machine *m);
struct card *card_live(void);			/* ... enabled, READY */
void card_enable(struct card *c);
void card_stop(struct card *c);			/* end the machine */
struct queue *queue_up(struct card *c, unsigned int index, uint32_t size);
struct card *card_with_queue(uint32_t size);	/* live, with queue 0 */
void events_up(struct card *c, uint32_t size);	/* ring in EVQ_AREA, before ENABLE */

/* Commands */
#define OP_ECHO		0x0001
#define OP_IDENTIFY	0x0002
#define OP_OWNER_OPEN	0x0010
#define OP_OWNER_CLOSE	0x0011
#define OP_SESSION_OPEN	0x0020
#define ST_OWNER_UNKNOWN 0x80000f01u

struct coffer_sqe sqe_echo(struct card *c, uint32_t tag, uint32_t len);
void sqe_put(struct card *c, struct queue *q, const struct coffer_sqe *sqe);	/* no doorbell */
void sqe_put_at(struct card *c, struct queue *q, uint32_t at, const struct coffer_sqe *sqe);
void ring(struct card *c, struct queue *q);			/* doorbell */
void submit(struct card *c, struct queue *q, const struct coffer_sqe *sqe);
bool cqe_there(struct card *c, struct queue *q, struct completion *out); /* without waiting */
struct completion cqe_wait(struct card *c, struct queue *q);	/* takes it, moves the head */
struct completion cqe_wait_quiet(struct card *c, struct queue *q); /* without doorbell */
void head(struct card *c, struct queue *q);			/* doorbell */
void no_cqe(struct card *c, struct queue *q);			/* fails when one comes soon */
struct completion command(struct card *c, struct queue *q, const struct coffer_sqe *sqe);
/* An entry that ends with @status on queue 0, and has no effect. */
void check_refused(struct card *c, const struct coffer_sqe *sqe, enum coffer_tstatus status);
void check_echo(struct card *c, struct queue *q, uint32_t tag, uint32_t len);
/* A command with a small request; returns the verdict, the reply is at REPLY_AREA. */
uint32_t simple(struct card *c, struct queue *q, uint16_t opcode, uint64_t owner,
		const void *req, uint32_t len, uint32_t room);
uint64_t owner_open(struct card *c, struct queue *q);
uint32_t session_open(struct card *c, struct queue *q, uint64_t owner);	/* verdict */

/* Commands that the firmware of c0 has answered since power-on, by its own count. */
uint64_t firmware_commands(struct card *c);

/* Some bytes that are never alike. */
void pattern(uint8_t *buf, size_t len, uint32_t seed);

#endif
