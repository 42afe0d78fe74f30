// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reading a command, as SPEC.md 5 has it: from the entry follows each read that comes next, and
 * from what was read the status that is due.
 */
#include "oracle.h"

static bool lengths_good(const struct coffer_sqe *e)
{
	return e->req_len <= COFFER_MAX_PAYLOAD && e->reply_len <= COFFER_MAX_PAYLOAD &&
	       e->req_segs <= COFFER_MAX_SEGMENTS && e->reply_segs <= COFFER_MAX_SEGMENTS &&
	       !e->req_segs == !e->req_len && !e->reply_segs == !e->reply_len;
}

static unsigned segs(const struct cmd *c, unsigned dir)
{
	return dir ? c->sqe.reply_segs : c->sqe.req_segs;
}

static uint32_t length(const struct cmd *c, unsigned dir)
{
	return dir ? c->sqe.reply_len : c->sqe.req_len;
}

static uint64_t address(const struct cmd *c, unsigned dir)
{
	return dir ? c->sqe.reply_addr : c->sqe.req_addr;
}

static void load_ends(uint8_t status)
{
	oracle.loading->expect = status;
	oracle.loading = NULL;
}

/* Past the end of the address space: refused before the bus sees it. */
static bool wraps(uint64_t addr, uint32_t len)
{
	return addr + len < addr;
}

/* This is to be read next. */
static void load_wants(uint64_t addr, uint32_t len)
{
	oracle.want_addr = addr;
	oracle.want_len = len;
	if (wraps(addr, len))
		load_ends(COFFER_TS_DMA_REQ);
}

static bool reply_wraps(const struct cmd *c)
{
	unsigned i;

	for (i = 0; i < c->sqe.reply_segs; i++)
		if (wraps(c->seg[1][i].addr, c->seg[1][i].len))
			return true;
	return false;
}

static void load_next(void)
{
	struct cmd *c = oracle.loading;
	unsigned dir;

	for (; oracle.step < 2; oracle.step++) {
		dir = oracle.step;
		if (segs(c, dir) > 1) {
			load_wants(address(c, dir), segs(c, dir) * sizeof(struct coffer_seg));
			return;
		}
		c->seg[dir][0].addr = address(c, dir);
		c->seg[dir][0].len = length(c, dir);
	}
	c->reply_failed = reply_wraps(c);
	if (oracle.segment < c->sqe.req_segs)
		load_wants(c->seg[0][oracle.segment].addr, c->seg[0][oracle.segment].len);
	else
		load_ends(EXPECT_NOTHING);
}

/* The list that was read decides: 0 or the status that is due. */
static uint8_t load_list(struct cmd *c, unsigned dir, const void *data, uint32_t len)
{
	struct coffer_seg *seg = c->seg[dir];
	uint64_t sum = 0;
	bool lengths = true;
	unsigned i;

	memcpy(seg, data, len);
	for (i = 0; i < segs(c, dir); i++) {
		if (seg[i].reserved)
			return COFFER_TS_BAD_FIELD;
		lengths &= seg[i].len && seg[i].len <= COFFER_MAX_PAYLOAD;
		sum += seg[i].len;
	}
	return lengths && sum == length(c, dir) ? 0 : COFFER_TS_BAD_LENGTH;
}

void oracle_load(struct cmd *c)
{
	const struct coffer_sqe *e = &c->sqe;

	oracle.loading = c;
	oracle.step = 0;
	oracle.segment = 0;
	if (e->flags || e->reserved0 || e->reserved1[0] || e->reserved1[1])
		load_ends(COFFER_TS_BAD_FIELD);
	else if (!lengths_good(e))
		load_ends(COFFER_TS_BAD_LENGTH);
	else
		load_next();
}

/* Is this read the one that is due? */
bool oracle_loads(uint64_t addr, const void *data, uint32_t len, bool good)
{
	struct cmd *c = oracle.loading;
	uint8_t bad;

	if (!c || addr != oracle.want_addr || len != oracle.want_len)
		return false;
	if (!good) {
		load_ends(COFFER_TS_DMA_REQ);
	} else if (oracle.step < 2) {
		bad = load_list(c, oracle.step++, data, len);
		if (bad)
			load_ends(bad);
		else
			load_next();
	} else {
		if (!c->req)
			c->req = malloc(c->sqe.req_len);
		fuzz_check(c->loaded + len <= c->sqe.req_len, "a request longer than its length");
		memcpy(c->req + c->loaded, data, len);
		c->loaded += len;
		oracle.segment++;
		load_next();
	}
	return true;
}
