/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries and payloads: sizes, segments, and everything that can be wrong with them. */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_BAR(c) ((c)->bar + COFFER_REG_SQ_TAIL(0))

static void sizes(void)
{
	static const uint32_t len[] = {
		0, 1, 2, 3, 7, 8, 63, 64, 255, 4095, 4096, 4097, 8192, 32768, 65535, 65536,
	};
	struct card *c = card_with_queue(8);
	unsigned int i;

	for (i = 0; i < sizeof(len) / sizeof(len[0]); i++)
		check_echo(c, &c->queue[0], i, len[i]);
	card_stop(c);
}

/* Cut @len bytes at @base into @n segments with gaps between; write the list at @list. */
static void cut(struct card *c, uint64_t list, uint64_t base, uint32_t len, unsigned int n)
{
	struct coffer_seg seg[COFFER_MAX_SEGMENTS];
	uint32_t part = len / n, i;

	for (i = 0; i < n; i++)
		seg[i] = (struct coffer_seg) {
			.addr = base + i * (part + 37),
			.len = i == n - 1 ? len - part * i : part,
		};
	mem_write(c->m, list, seg, n * sizeof(seg[0]));
}

static struct coffer_sqe sqe_cut(struct card *c, uint32_t len, unsigned int in, unsigned int out)
{
	struct coffer_sqe sqe = sqe_echo(c, 0x42, len);

	cut(c, c->window + LIST_AREA, c->window + REQ_AREA, len, in);
	cut(c, c->window + LIST_AREA + 0x1000, c->window + REPLY_AREA, len, out);
	sqe.req_segs = in;
	sqe.reply_segs = out;
	/* One segment needs no list. */
	if (in > 1)
		sqe.req_addr = c->window + LIST_AREA;
	if (out > 1)
		sqe.reply_addr = c->window + LIST_AREA + 0x1000;
	return sqe;
}

static void gather(struct card *c, uint64_t base, uint8_t *buf, uint32_t len, unsigned int n)
{
	uint32_t part = len / n, i;

	for (i = 0; i < n; i++)
		mem_read(c->m, base + i * (part + 37), buf + i * part,
			 i == n - 1 ? len - part * i : part);
}

static void check_cut(struct card *c, uint32_t len, unsigned int in, unsigned int out)
{
	struct coffer_sqe sqe = sqe_cut(c, len, in, out);
	uint8_t *sent = malloc(len), *got = malloc(len), *raw = malloc(len + 37 * 32);
	struct completion done;

	CHECK(sent && got && raw);
	pattern(raw, len + 37 * in, len);
	mem_write(c->m, c->window + REQ_AREA, raw, len + 37 * in);
	gather(c, c->window + REQ_AREA, sent, len, in);
	mem_fill(c->m, c->window + REPLY_AREA, 0, len + 37 * out);
	done = command(c, &c->queue[0], &sqe);
	CHECK_EQ(done.status, COFFER_TS_OK);
	CHECK_EQ(done.reply_len, len);
	gather(c, c->window + REPLY_AREA, got, len, out);
	CHECK(!memcmp(sent, got, len));
	/* The gaps between the reply's segments stay as they were. */
	if (out > 1)
		CHECK_EQ(mem_in(c->m, c->window + REPLY_AREA + len / out, 8), 0);
	free(sent);
	free(got);
	free(raw);
}

static void segments(void)
{
	struct card *c = card_with_queue(8);

	check_cut(c, 1000, 2, 1);
	check_cut(c, 1000, 1, 2);
	check_cut(c, 4097, 3, 5);
	check_cut(c, 65536, 32, 32);
	check_cut(c, 32, 32, 32);
	card_stop(c);
}

static void reply_shorter_than_room(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe = sqe_echo(c, 1, 100);
	struct completion done;

	sqe.reply_len = 300;
	mem_fill(c->m, sqe.reply_addr, 0xab, 300);
	done = command(c, &c->queue[0], &sqe);
	CHECK_EQ(done.status, COFFER_TS_OK);
	CHECK_EQ(done.reply_len, 100);
	CHECK_EQ(mem_in(c->m, sqe.reply_addr + 100, 8), 0xababababababababull);
	card_stop(c);
}

static void room_too_small(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe = sqe_echo(c, 1, 100);
	struct completion done;

	sqe.reply_len = 99;
	mem_fill(c->m, sqe.reply_addr, 0xab, 200);
	done = command(c, &c->queue[0], &sqe);
	CHECK_EQ(done.status, COFFER_TS_OK);
	CHECK(done.verdict);
	CHECK(done.reply_len <= 99);
	CHECK_EQ(mem_in(c->m, sqe.reply_addr + 99, 1), 0xab);
	card_stop(c);
}

/* The entry must end with @status, have no effect, and leave the queue alive. */
static void refuse(struct card *c, const struct coffer_sqe *sqe, enum coffer_tstatus status)
{
	check_refused(c, sqe, status);
	check_echo(c, &c->queue[0], 0x77, 33);
}

static void reserved_bits(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_sqe good = sqe_echo(c, 5, 8), sqe;
	unsigned int bit;

	for (bit = 0; bit < 16; bit++) {
		sqe = good;
		sqe.flags = 1u << bit;
		refuse(c, &sqe, COFFER_TS_BAD_FIELD);
	}
	for (bit = 0; bit < 32; bit += 5) {
		sqe = good;
		sqe.reserved0 = 1u << bit;
		refuse(c, &sqe, COFFER_TS_BAD_FIELD);
	}
	for (bit = 0; bit < 128; bit += 9) {
		sqe = good;
		sqe.reserved1[bit / 64] = 1ull << bit % 64;
		refuse(c, &sqe, COFFER_TS_BAD_FIELD);
	}
	card_stop(c);
}

static void lengths_out_of_range(void)
{
	static const uint32_t bad[] = { 65537, 0x80000000, 0xffffffff };
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		sqe = sqe_echo(c, 6, 8);
		sqe.req_len = bad[i];
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
		sqe = sqe_echo(c, 6, 8);
		sqe.reply_len = bad[i];
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
	}
	card_stop(c);
}

static void segment_counts(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe;
	uint32_t i;

	for (i = 0; i < 8; i++) {
		sqe = sqe_echo(c, 6, i & 1 ? 8 : 0);
		sqe.req_segs = i & 1 ? 0 : 1;
		if (i & 2) {
			sqe.reply_segs = sqe.req_segs;
			sqe.req_segs = i & 1 ? 1 : 0;
		}
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
	}
	sqe = sqe_echo(c, 6, 64);
	sqe.req_segs = 33;
	refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
	sqe = sqe_echo(c, 6, 64);
	sqe.reply_segs = 0xffff;
	refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
	card_stop(c);
}

static void spoil(struct card *c, bool reply, unsigned int i, struct coffer_seg seg)
{
	mem_write(c->m, c->window + LIST_AREA + reply * 0x1000 + i * sizeof(seg), &seg,
		  sizeof(seg));
}

static void bad_lists(void)
{
	struct card *c = card_with_queue(8);
	struct coffer_seg seg = { .addr = c->window + REQ_AREA, .len = 10 };
	struct coffer_sqe sqe;
	int reply;

	for (reply = 0; reply < 2; reply++) {
		sqe = sqe_cut(c, 40, 4, 4);
		seg.reserved = 1;
		spoil(c, reply, 3, seg);
		refuse(c, &sqe, COFFER_TS_BAD_FIELD);
		seg.reserved = 0;
		/* Sum too small, too large, wrapping; an empty piece; a piece too long. */
		seg.len = 9;
		sqe = sqe_cut(c, 40, 4, 4);
		spoil(c, reply, 0, seg);
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
		seg.len = 11;
		spoil(c, reply, 0, seg);
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
		seg.len = 0;
		spoil(c, reply, 0, seg);
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
		seg.len = 0xfffffff6;
		spoil(c, reply, 0, seg);
		refuse(c, &sqe, COFFER_TS_BAD_LENGTH);
		seg.len = 10;
	}
	card_stop(c);
}

static void request_out_of_reach(void)
{
	struct card *c = card_with_queue(8);
	uint64_t bad[] = { NO_MEMORY, OWN_BAR(c), c->msix, MMCONFIG, 0xfee00000, ~0ull - 3 };
	struct coffer_sqe sqe;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sqe = sqe_echo(c, 7, 64);
		sqe.req_addr = bad[i];
		refuse(c, &sqe, COFFER_TS_DMA_REQ);
		/* As a piece, and as the place of the list. */
		sqe = sqe_cut(c, 64, 4, 1);
		spoil(c, 0, 2, (struct coffer_seg) { .addr = bad[i], .len = 16 });
		refuse(c, &sqe, COFFER_TS_DMA_REQ);
		sqe.req_addr = bad[i];
		refuse(c, &sqe, COFFER_TS_DMA_REQ);
	}
	card_stop(c);
}

static void reply_out_of_reach(void)
{
	struct card *c = card_with_queue(8);
	uint64_t bad[] = { NO_MEMORY, OWN_BAR(c), c->msix, MMCONFIG, 0xfee00000, ~0ull - 3 };
	struct coffer_sqe sqe;
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sqe = sqe_echo(c, 7, 64);
		sqe.reply_addr = bad[i];
		refuse(c, &sqe, COFFER_TS_DMA_REPLY);
		sqe = sqe_cut(c, 64, 1, 4);
		spoil(c, 1, 3, (struct coffer_seg) { .addr = bad[i], .len = 16 });
		refuse(c, &sqe, COFFER_TS_DMA_REPLY);
		/* Without the list there is no place for a reply: nothing is carried out. */
		sqe.reply_addr = bad[i];
		refuse(c, &sqe, COFFER_TS_DMA_REQ);
	}
	card_stop(c);
}

static void other_bar(void)
{
	char a[300], b[300];
	const char *args[] = { "-device", a, "-device", b, NULL };
	struct card *c, *other;
	struct coffer_sqe sqe;

	snprintf(a, sizeof(a), "coffer,id=c0,addr=1,card=%s", card_dir[0]);
	snprintf(b, sizeof(b), "coffer,id=c1,addr=2,card=%s", card_dir[1]);
	c = card_at(machine_start(args), 0);
	other = card_at(c->m, 1);
	card_enable(c);
	card_enable(other);
	queue_up(c, 0, 8);
	sqe = sqe_echo(c, 1, 4);
	mem_fill(c->m, sqe.req_addr, 0, 4);
	sqe.reply_addr = other->bar + COFFER_REG_CTRL;
	refuse(c, &sqe, COFFER_TS_DMA_REPLY);
	check_healthy(other);
	CHECK_EQ(rd(other, COFFER_REG_GENERATION), 1);
	card_stop(c);
}

static void unknown_opcodes(void)
{
	static const uint16_t opcodes[] = { 0, 0x000f, 0x7fff, 0xfffe, 0xffff };
	struct card *c = card_with_queue(8);
	struct coffer_sqe sqe;
	struct completion done;
	unsigned int i;

	for (i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
		sqe = sqe_echo(c, i, 16);
		sqe.opcode = opcodes[i];
		done = command(c, &c->queue[0], &sqe);
		CHECK_EQ(done.status, COFFER_TS_OK);
		CHECK(done.verdict);
		CHECK_EQ(done.reply_len, 0);
	}
	check_healthy(c);
	card_stop(c);
}

/* Rings in places that are no memory. */
static void ring_nowhere(bool completion)
{
	struct card *c = card_live();
	uint64_t bad[] = { NO_MEMORY, c->bar, c->msix, MMCONFIG };
	struct coffer_sqe sqe = sqe_echo(c, 1, 0);
	struct queue *q = &c->queue[0];
	unsigned int i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		queue_up(c, 0, 8);
		sqe_put(c, q, &sqe);
		wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 0);
		wr64(c, COFFER_REG_QUEUE(0) + (completion ? COFFER_Q_CQ_BASE : COFFER_Q_SQ_BASE),
		     bad[i]);
		wr(c, COFFER_REG_QUEUE(0) + COFFER_Q_CTRL, 1);
		check_healthy(c);
		ring(c, q);
		check_fatal(c, COFFER_FATAL_RING_DMA);
		wr(c, COFFER_REG_CTRL, 0);
		card_enable(c);
	}
	queue_up(c, 0, 8);
	check_echo(c, q, 3, 3);
	card_stop(c);
}

static void submission_nowhere(void) { ring_nowhere(false); }
static void completion_nowhere(void) { ring_nowhere(true); }

const struct test_case payload_cases[] = {
	{ "payload: ECHO of 0 to 65536 bytes", sizes },
	{ "payload: 1 to 32 segments, in and out", segments },
	{ "payload: a reply shorter than its room", reply_shorter_than_room },
	{ "payload: a room too small for the reply", room_too_small },
	{ "payload: reserved bits in the entry", reserved_bits },
	{ "payload: lengths out of range", lengths_out_of_range },
	{ "payload: segment counts that do not fit", segment_counts },
	{ "payload: segment lists that do not add up", bad_lists },
	{ "payload: request in BARs, in nothing, over the end", request_out_of_reach },
	{ "payload: reply in BARs, in nothing, over the end", reply_out_of_reach },
	{ "payload: reply into another card's BAR", other_bar },
	{ "payload: opcodes that nobody knows", unknown_opcodes },
	{ "fatal: submission ring in BARs or in nothing", submission_nowhere },
	{ "fatal: completion ring in BARs or in nothing", completion_nowhere },
	{ NULL, NULL }
};
