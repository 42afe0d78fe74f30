/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOON_MS		5000		/* what has to happen happens within */
#define QUIET_US	30000		/* what must not happen has not happened after */
#define PCI_COMMAND	0x04
#define PCI_BAR0	0x10
#define PCI_BAR4	0x20
#define MSIX_ENABLE	0x80000000u	/* in the capability's first word */

void pattern(uint8_t *buf, size_t len, uint32_t seed)
{
	uint32_t x = seed * 2654435761u + 1;

	while (len--) {
		x = x * 1664525u + 1013904223u;
		*buf++ = x >> 24;
	}
}

/* ---- Registers ----------------------------------------------------------------------------- */

uint32_t rd(struct card *c, unsigned int reg)
{
	return mem_in(c->m, c->bar + reg, 4);
}

void wr(struct card *c, unsigned int reg, uint32_t value)
{
	mem_out(c->m, c->bar + reg, 4, value);
}

uint64_t rd64(struct card *c, unsigned int reg)
{
	return mem_in(c->m, c->bar + reg, 8);
}

void wr64(struct card *c, unsigned int reg, uint64_t value)
{
	mem_out(c->m, c->bar + reg, 8, value);
}

void check_fatal(struct card *c, enum coffer_fatal reason)
{
	uint32_t status = 0;
	int i;

	for (i = 0; i < SOON_MS && !(status & COFFER_STATUS_FATAL); i++) {
		if (i)
			usleep(1000);
		status = rd(c, COFFER_REG_STATUS);
	}
	CHECK_EQ(status, COFFER_STATUS_FATAL | reason << 16);
}

void check_healthy(struct card *c)
{
	CHECK_EQ(rd(c, COFFER_REG_STATUS), COFFER_STATUS_READY);
}

/* ---- PCI ----------------------------------------------------------------------------------- */

static void cfg_select(struct card *c, unsigned int at)
{
	port_out(c->m, 0xcf8, 0x80000000u | c->bus << 16 | c->slot << 11 | at);
}

uint32_t cfg_in(struct card *c, unsigned int at)
{
	cfg_select(c, at);
	return port_in(c->m, 0xcfc);
}

void cfg_out(struct card *c, unsigned int at, uint32_t value)
{
	cfg_select(c, at);
	port_out(c->m, 0xcfc, value);
}

static uint64_t ext_at(struct card *c, unsigned int at)
{
	/* Base of the configuration window, in the host bridge. */
	port_out(c->m, 0xcf8, 0x80000060u);
	port_out(c->m, 0xcfc, MMCONFIG | 1);
	return MMCONFIG + (c->bus << 20) + (c->slot << 15) + at;
}

uint32_t ext_in(struct card *c, unsigned int at)
{
	return mem_in(c->m, ext_at(c, at), 4);
}

void ext_out(struct card *c, unsigned int at, uint32_t value)
{
	mem_out(c->m, ext_at(c, at), 4, value);
}

unsigned int pci_cap(struct card *c, uint8_t id)
{
	unsigned int at = cfg_in(c, 0x34) & 0xfc, left = 48;

	while (at && left--) {
		if ((cfg_in(c, at) & 0xff) == id)
			return at;
		at = cfg_in(c, at) >> 8 & 0xfc;
	}
	return 0;
}

unsigned int pci_ext_cap(struct card *c, uint16_t id)
{
	unsigned int at = 0x100, left = 48;

	while (at && left--) {
		if ((ext_in(c, at) & 0xffff) == id)
			return at;
		at = ext_in(c, at) >> 20 & 0xffc;
	}
	return 0;
}

void pci_setup(struct card *c)
{
	cfg_out(c, PCI_BAR0, c->bar);
	cfg_out(c, PCI_BAR0 + 4, c->bar >> 32);
	cfg_out(c, PCI_BAR4, c->msix);
	cfg_out(c, PCI_COMMAND, 6);
}

void pci_flr(struct card *c)
{
	unsigned int cap = pci_cap(c, 0x10);

	CHECK(cap);
	CHECK(cfg_in(c, cap + 4) & 1u << 28);
	cfg_out(c, cap + 8, (cfg_in(c, cap + 8) & 0xffff) | 1u << 15);
}

void msix_setup(struct card *c)
{
	unsigned int cap = pci_cap(c, 0x11), v;

	CHECK(cap);
	for (v = 0; v <= COFFER_MAX_QUEUES; v++) {
		mem_out(c->m, c->msix + v * 16, 4, c->window + MSI_AREA + v * 4);
		mem_out(c->m, c->msix + v * 16 + 4, 4, 0);
		mem_out(c->m, c->msix + v * 16 + 8, 4, 0x51000000 + v);
		mem_out(c->m, c->msix + v * 16 + 12, 4, 0);
	}
	mem_fill(c->m, c->window + MSI_AREA, 0, 4 * (COFFER_MAX_QUEUES + 1));
	cfg_out(c, cap, cfg_in(c, cap) | MSIX_ENABLE);
}

void msix_mask(struct card *c, unsigned int vector, bool masked)
{
	mem_out(c->m, c->msix + vector * 16 + 12, 4, masked);
}

bool msix_pending(struct card *c, unsigned int vector)
{
	unsigned int cap = pci_cap(c, 0x11);
	uint64_t pba = c->msix + (cfg_in(c, cap + 8) & ~7u);

	return mem_in(c->m, pba + vector / 32 * 4, 4) >> vector % 32 & 1;
}

bool msix_seen(struct card *c, unsigned int vector)
{
	uint64_t at = c->window + MSI_AREA + vector * 4;
	uint32_t data = mem_in(c->m, at, 4);

	if (!data)
		return false;
	CHECK_EQ(data, 0x51000000 + vector);
	mem_out(c->m, at, 4, 0);
	return true;
}

bool msix_wait(struct card *c, unsigned int vector)
{
	int i;

	for (i = 0; i < SOON_MS; i++) {
		if (msix_seen(c, vector))
			return true;
		usleep(1000);
	}
	return false;
}

/* ---- Bring-up ------------------------------------------------------------------------------ */

struct card *card_at(struct machine *m, unsigned int n)
{
	struct card *c = calloc(1, sizeof(*c));

	CHECK(c);
	c->m = m;
	c->slot = n + 1;
	c->bar = 0xe0000000u + n * 0x100000;
	c->msix = c->bar + 0x10000;
	c->window = CARD_WINDOW(n);
	pci_setup(c);
	msix_setup(c);
	return c;
}

struct card *card_behind_port(struct machine *m)
{
	static const uint32_t port[][2] = {
		{ 0x18, 0x00010100 },		/* bus 1 behind it */
		{ 0x20, 0xe000e000 },		/* memory window 0xe0000000 .. 0xe00fffff */
		{ 0x04, 0x00000006 },
	};
	struct card *c = calloc(1, sizeof(*c));
	unsigned int i;

	CHECK(c);
	for (i = 0; i < 3; i++) {
		port_out(m, 0xcf8, 0x80000800u | port[i][0]);
		port_out(m, 0xcfc, port[i][1]);
	}
	c->m = m;
	c->bus = 1;
	c->bar = 0xe0000000u;
	c->msix = c->bar + 0x10000;
	c->window = CARD_WINDOW(0);
	pci_setup(c);
	msix_setup(c);
	return c;
}

struct card *card_start_with(const char *extra)
{
	char device[512];
	const char *args[] = { "-device", device, NULL };

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s%s", card_dir[0], extra);
	return card_at(machine_start(args), 0);
}

struct card *card_start(void)
{
	return card_start_with("");
}

void card_enable(struct card *c)
{
	int i;

	wr(c, COFFER_REG_CTRL, COFFER_CTRL_ENABLE);
	for (i = 0; i < SOON_MS; i++) {
		if (rd(c, COFFER_REG_STATUS) & (COFFER_STATUS_READY | COFFER_STATUS_FATAL))
			break;
		usleep(1000);
	}
	check_healthy(c);
}

struct card *card_live(void)
{
	struct card *c = card_start();

	card_enable(c);
	return c;
}

void card_stop(struct card *c)
{
	machine_stop(c->m);
	free(c);
}

static unsigned int qreg(struct queue *q, unsigned int reg)
{
	return COFFER_REG_QUEUE(q->index) + reg;
}

static uint64_t sq_base(struct card *c, struct queue *q)
{
	return c->window + SQ_AREA + q->index * 0x10000;
}

static uint64_t cq_base(struct card *c, struct queue *q)
{
	return c->window + CQ_AREA + q->index * 0x4000;
}

struct queue *queue_up(struct card *c, unsigned int index, uint32_t size)
{
	struct queue *q = &c->queue[index];

	*q = (struct queue) { .index = index, .size = size, .phase = 1 };
	wr(c, qreg(q, COFFER_Q_CTRL), 0);
	mem_fill(c->m, cq_base(c, q), 0, size * sizeof(struct coffer_cqe));
	wr64(c, qreg(q, COFFER_Q_SQ_BASE), sq_base(c, q));
	wr64(c, qreg(q, COFFER_Q_CQ_BASE), cq_base(c, q));
	wr(c, qreg(q, COFFER_Q_SIZE), size);
	wr(c, qreg(q, COFFER_Q_VECTOR), index + 1);
	wr(c, qreg(q, COFFER_Q_CTRL), 1);
	return q;
}

struct card *card_with_queue(uint32_t size)
{
	struct card *c = card_live();

	queue_up(c, 0, size);
	check_healthy(c);
	return c;
}

void events_up(struct card *c, uint32_t size)
{
	mem_fill(c->m, c->window + EVQ_AREA, 0, size * sizeof(struct coffer_evt));
	wr64(c, COFFER_REG_EVQ_BASE, c->window + EVQ_AREA);
	wr(c, COFFER_REG_EVQ_SIZE, size);
}

/* ---- Commands ------------------------------------------------------------------------------ */

struct coffer_sqe sqe_echo(struct card *c, uint32_t tag, uint32_t len)
{
	return (struct coffer_sqe) {
		.opcode = OP_ECHO,
		.tag = tag,
		.req_len = len,
		.reply_len = len,
		.req_addr = c->window + REQ_AREA,
		.reply_addr = c->window + REPLY_AREA,
		.req_segs = len ? 1 : 0,
		.reply_segs = len ? 1 : 0,
	};
}

void sqe_put_at(struct card *c, struct queue *q, uint32_t at, const struct coffer_sqe *sqe)
{
	mem_write(c->m, sq_base(c, q) + at * sizeof(*sqe), sqe, sizeof(*sqe));
}

void sqe_put(struct card *c, struct queue *q, const struct coffer_sqe *sqe)
{
	sqe_put_at(c, q, q->tail, sqe);
	q->tail = (q->tail + 1) % q->size;
}

void ring(struct card *c, struct queue *q)
{
	wr(c, COFFER_REG_SQ_TAIL(q->index), q->tail);
}

void submit(struct card *c, struct queue *q, const struct coffer_sqe *sqe)
{
	sqe_put(c, q, sqe);
	ring(c, q);
}

bool cqe_there(struct card *c, struct queue *q, struct completion *out)
{
	uint64_t at = cq_base(c, q) + q->head * sizeof(struct coffer_cqe);
	struct coffer_cqe cqe;

	if ((mem_in(c->m, at + 14, 2) & COFFER_CQE_PHASE) != q->phase)
		return false;
	mem_read(c->m, at, &cqe, sizeof(cqe));
	*out = (struct completion) { cqe.verdict, cqe.reply_len, cqe.tag, cqe.status, cqe.phase };
	q->head = (q->head + 1) % q->size;
	if (!q->head)
		q->phase ^= COFFER_CQE_PHASE;
	return true;
}

struct completion cqe_wait_quiet(struct card *c, struct queue *q)
{
	struct completion done;
	int i;

	for (i = 0; i < SOON_MS * 5; i++) {
		if (cqe_there(c, q, &done))
			return done;
		usleep(i < 50 ? 100 : 1000);
	}
	tap_fail(__FILE__, __LINE__, "no completion in queue %u (status 0x%x)", q->index,
		 rd(c, COFFER_REG_STATUS));
}

void head(struct card *c, struct queue *q)
{
	wr(c, COFFER_REG_CQ_HEAD(q->index), q->head);
}

struct completion cqe_wait(struct card *c, struct queue *q)
{
	struct completion done = cqe_wait_quiet(c, q);

	head(c, q);
	return done;
}

void no_cqe(struct card *c, struct queue *q)
{
	struct completion done;

	usleep(QUIET_US);
	if (cqe_there(c, q, &done))
		tap_fail(__FILE__, __LINE__, "unexpected completion: tag 0x%x, status %u", done.tag,
			 done.status);
}

struct completion command(struct card *c, struct queue *q, const struct coffer_sqe *sqe)
{
	submit(c, q, sqe);
	return cqe_wait(c, q);
}

void check_refused(struct card *c, const struct coffer_sqe *sqe, enum coffer_tstatus status)
{
	struct completion done = command(c, &c->queue[0], sqe);

	CHECK_EQ(done.status, status);
	CHECK_EQ(done.tag, sqe->tag);
	CHECK_EQ(done.verdict, 0);
	CHECK_EQ(done.reply_len, 0);
	check_healthy(c);
}

void check_echo(struct card *c, struct queue *q, uint32_t tag, uint32_t len)
{
	uint8_t *sent = malloc(len + 1), *got = malloc(len + 1);
	struct coffer_sqe sqe = sqe_echo(c, tag, len);
	struct completion done;

	CHECK(sent && got);
	pattern(sent, len, tag);
	mem_write(c->m, sqe.req_addr, sent, len);
	if (len)
		mem_fill(c->m, sqe.reply_addr, 0xee, len);
	done = command(c, q, &sqe);
	CHECK_EQ(done.tag, tag);
	CHECK_EQ(done.status, COFFER_TS_OK);
	CHECK_EQ(done.verdict, 0);
	CHECK_EQ(done.reply_len, len);
	mem_read(c->m, sqe.reply_addr, got, len);
	CHECK(!memcmp(sent, got, len));
	free(sent);
	free(got);
}

uint32_t simple(struct card *c, struct queue *q, uint16_t opcode, uint64_t owner,
		const void *req, uint32_t len, uint32_t room)
{
	struct coffer_sqe sqe = sqe_echo(c, COFFER_TAG(opcode, 7), len);
	struct completion done;

	sqe.opcode = opcode;
	sqe.owner = owner;
	sqe.reply_len = room;
	sqe.reply_segs = room ? 1 : 0;
	mem_write(c->m, sqe.req_addr, req, len);
	done = command(c, q, &sqe);
	CHECK_EQ(done.status, COFFER_TS_OK);
	return done.verdict;
}

uint64_t owner_open(struct card *c, struct queue *q)
{
	uint64_t owner = 0;

	CHECK_EQ(simple(c, q, OP_OWNER_OPEN, 0, &owner, sizeof(owner), sizeof(owner)), 0);
	mem_read(c->m, c->window + REPLY_AREA, &owner, sizeof(owner));
	CHECK(owner);
	return owner;
}

uint32_t session_open(struct card *c, struct queue *q, uint64_t owner)
{
	static const uint32_t admin_read_only[2];

	return simple(c, q, OP_SESSION_OPEN, owner, admin_read_only, sizeof(admin_read_only), 8);
}

uint64_t firmware_commands(struct card *c)
{
	const char *at = qmp(c->m, "'execute': 'qom-get', 'arguments': "
			     "{'path': 'c0', 'property': 'firmware-commands'}");

	at = strstr(at, "\"return\": ");
	CHECK(at);
	return strtoull(at + 10, NULL, 10);
}
