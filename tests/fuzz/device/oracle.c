// SPDX-License-Identifier: BSD-3-Clause
/*
 * What must be true of the device, whatever software and firmware do (SPEC.md): DMA only where
 * and when the rings say so; each entry read once; each command that was read completed once,
 * with the status that is due, or dropped by a reset; counters and interrupts that agree.
 *
 * The device's trace points tell which command an access was for. They are not believed: each
 * has to agree with what was seen on the bus.
 */
#include "oracle.h"
#include "trace.h"

struct oracle oracle;

/* ---- Commands ------------------------------------------------------------------------------ */

static void cmd_free(struct cmd **at)
{
	struct cmd *c = *at;

	*at = c->next;
	if (oracle.loading == c)
		oracle.loading = NULL;
	if (oracle.newest == c)
		oracle.newest = NULL;
	if (!c->ghost)
		oracle.ring[c->queue].in_flight--;
	free(c->req);
	free(c->reply);
	free(c);
}

/* One of several with the same tag has ended. Which one, its late writes will show. */
static void cmd_end(struct cmd **at)
{
	if (!(*at)->vague) {
		cmd_free(at);
		return;
	}
	(*at)->ghost = true;
	oracle.ring[(*at)->queue].in_flight--;
}

void oracle_begin(void)
{
	while (oracle.cmds)
		cmd_free(&oracle.cmds);
	memset(&oracle, 0, sizeof(oracle));
}

static struct cmd **cmd_find(unsigned queue, uint32_t tag, int status)
{
	struct cmd **at, **found = NULL;

	for (at = &oracle.cmds; *at; at = &(*at)->next) {
		if ((*at)->queue != queue || (*at)->sqe.tag != tag || (*at)->ghost)
			continue;
		if (!found)
			found = at;
		if ((*at)->expect == status || (status == COFFER_TS_OK && (*at)->answered))
			return at;
	}
	return found;
}

static void cmd_new(unsigned queue, const struct coffer_sqe *entry)
{
	struct cmd *c = calloc(1, sizeof(*c)), *other;

	c->queue = queue;
	c->sqe = *entry;
	for (other = oracle.cmds; other; other = other->next)
		if (other->queue == queue && other->sqe.tag == entry->tag)
			c->vague = other->vague = true;
	c->next = oracle.cmds;
	oracle.cmds = oracle.newest = c;
	oracle.ring[queue].in_flight++;
	oracle_load(c);
}

unsigned oracle_outstanding(unsigned queue)
{
	return oracle.ring[queue].in_flight;
}

/* ---- What software does -------------------------------------------------------------------- */

static bool fits(uint64_t base, uint64_t bytes, uint64_t align)
{
	return !(base % align) && base + bytes - 1 >= base;
}

/* After a write of a queue's CTRL that changed it. */
void oracle_queue_written(unsigned queue)
{
	struct ring *r = &oracle.ring[queue];
	unsigned at = COFFER_REG_QUEUE(queue);
	uint32_t size = coffer_reg(bus.s, at + COFFER_Q_SIZE);
	uint32_t vector = coffer_reg(bus.s, at + COFFER_Q_VECTOR);
	bool good = is_power_of_2(size) && size >= 2 && size <= COFFER_MAX_ENTRIES &&
		    vector < COFFER_VECTORS;
	unsigned in_flight = r->in_flight;

	fuzz_check(in_flight <= oracle.lost, "commands in flight after the queue was switched");
	*r = (struct ring) { .in_flight = in_flight };
	if (!(coffer_reg(bus.s, at + COFFER_Q_CTRL) & 1))
		return;
	r->sq = coffer_reg64(bus.s, at + COFFER_Q_SQ_BASE);
	r->cq = coffer_reg64(bus.s, at + COFFER_Q_CQ_BASE);
	good = good && fits(r->sq, size * 64ull, 64) && fits(r->cq, size * 16ull, 16);
	fuzz_check(good == bus.s->queue[queue].enabled, "queue %u: enabled %d", queue, !good);
	fuzz_check(good || coffer_reg(bus.s, COFFER_REG_STATUS) & COFFER_STATUS_FATAL,
		   "a bad queue and no FATAL");
	r->on = good;
	r->size = size;
	r->vector = vector;
	r->phase = 1;
}

void oracle_aborted(unsigned queue, uint32_t tag)
{
	struct ring *r = &oracle.ring[queue % COFFER_MAX_QUEUES];

	if (r->n_aborted < COFFER_MAX_ABORTS)
		r->aborted[r->n_aborted] = tag;
	r->n_aborted++;
}

static bool was_aborted(const struct ring *r, uint32_t tag)
{
	unsigned i;

	for (i = 0; i < MIN(r->n_aborted, COFFER_MAX_ABORTS); i++)
		if (r->aborted[i] == tag)
			return true;
	return r->n_aborted > COFFER_MAX_ABORTS;
}

/* ---- What the firmware does ---------------------------------------------------------------- */

void oracle_submitted(const struct fw_request *request, const CofferRequest *r)
{
	struct cmd *c;

	for (c = oracle.cmds; c; c = c->next)
		if (!c->submitted && c->expect == EXPECT_NOTHING && c != oracle.loading &&
		    c->queue == r->queue && !memcmp(&c->sqe, &r->sqe, sizeof(c->sqe)) &&
		    c->sqe.opcode == request->opcode && c->sqe.owner == request->owner &&
		    c->sqe.req_len == request->req_len &&
		    c->sqe.reply_len == request->reply_room && request->from_driver &&
		    c->loaded == c->sqe.req_len &&
		    (!c->loaded || !memcmp(c->req, request->req, c->loaded)))
			break;
	fuzz_check(c, "the firmware got a request that nobody made");
	c->submitted = true;
	c->fw_tag = request->tag;
}

void oracle_answered(uint64_t fw_tag, uint32_t verdict, uint32_t len, const uint8_t *reply)
{
	struct cmd *c;

	for (c = oracle.cmds; c; c = c->next) {
		if (!c->submitted || c->fw_tag != fw_tag)
			continue;
		c->answered = true;
		c->verdict = verdict;
		c->reply_len = len;
		c->reply = malloc(len + 1);
		memcpy(c->reply, reply, len);
	}
}

void oracle_no_memory(void)
{
	fuzz_check(oracle.newest && !oracle.newest->submitted,
		   "memory is asked for outside of a fetch");
	oracle.newest->expect = COFFER_TS_BUSY;
	oracle.loading = NULL;
}

/* ---- What the device reads ----------------------------------------------------------------- */

static bool is_entry(uint64_t addr, uint32_t len)
{
	const struct ring *r;
	unsigned i;

	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		r = &oracle.ring[i];
		if (r->on && len == 64 && addr == r->sq + 64ull * r->sq_head &&
		    r->sq_head != r->sq_tail)
			return true;
	}
	return false;
}

static void read_seen(uint64_t addr, const void *data, uint32_t len, bool good)
{
	if (oracle_loads(addr, data, len, good))
		return;
	fuzz_check(!oracle.loading, "the next entry comes before all of this command");
	fuzz_check(is_entry(addr, len), "a read of %u bytes at 0x%" PRIx64, len, addr);
	if (!good) {
		oracle.stalled = true;
		return;
	}
	oracle.entry_addr = addr;
	memcpy(&oracle.entry, data, sizeof(oracle.entry));
	oracle.entry_new = true;
}

/* ---- What the device writes ---------------------------------------------------------------- */

static bool is_slot(uint64_t addr)
{
	const struct ring *r;
	unsigned i;

	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		r = &oracle.ring[i];
		if (r->on && addr == r->cq + 16ull * r->cq_tail)
			return true;
	}
	return false;
}

static bool is_event(uint64_t addr)
{
	return oracle.evq_on &&
	       addr == oracle.evq_base + 32ull * (oracle.evq_tail & (oracle.evq_size - 1));
}

static bool is_part(const struct cmd *c, uint64_t addr, const void *data, uint32_t len)
{
	uint32_t at = 0;
	unsigned i;

	for (i = 0; c->answered && i < c->sqe.reply_segs; i++) {
		if (addr == c->seg[1][i].addr && len <= c->seg[1][i].len &&
		    at + len <= c->reply_len && !memcmp(data, c->reply + at, len))
			return true;
		at += c->seg[1][i].len;
	}
	return false;
}

/*
 * Part of the reply of a command that was answered and is in flight? Two may look the same: what
 * fails may have failed for either.
 */
static bool is_reply(uint64_t addr, const void *data, uint32_t len, bool good)
{
	bool found = false;
	struct cmd *c;

	for (c = oracle.cmds; c; c = c->next) {
		if (!is_part(c, addr, data, len))
			continue;
		c->reply_failed |= !good;
		found = true;
	}
	return found;
}

static void write_seen(uint64_t addr, const void *data, uint32_t len, bool good)
{
	bool reply = is_reply(addr, data, len, good);
	bool half = (len == 8 && is_slot(addr)) || (len == 24 && is_event(addr));

	fuzz_check(reply || half, "a write of %u bytes at 0x%" PRIx64, len, addr);
	if (half) {
		oracle.half_addr = addr;
		oracle.half_len = len;
		memcpy(&oracle.half_data, data, 8);
		oracle.stalled = !good && !reply;
	}
	if (!reply && !good)
		oracle.lost += len == 8;
}

void oracle_dma(uint64_t addr, const void *data, uint32_t len, bool to_ram, bool good)
{
	uint32_t status = coffer_reg(bus.s, COFFER_REG_STATUS);

	fuzz_check(!(status & COFFER_STATUS_FATAL), "DMA after FATAL");
	fuzz_check(coffer_reg(bus.s, COFFER_REG_CTRL) & COFFER_CTRL_ENABLE, "DMA while disabled");
	if (to_ram)
		write_seen(addr, data, len, good);
	else
		read_seen(addr, data, len, good);
}

void oracle_store64(uint64_t addr, uint64_t value, bool good)
{
	uint64_t half = oracle.half_addr;
	bool event = oracle.half_len == 24 && addr == half + 24 && is_event(half);
	bool slot = oracle.half_len == 8 && addr == half + 8 && is_slot(half);

	fuzz_check(event || slot, "a store at 0x%" PRIx64, addr);
	oracle.half_len = 0;
	if (!good) {
		oracle.lost += slot;
		return;
	}
	if (event) {
		fuzz_check(oracle.evq_tail - oracle.evq_head < oracle.evq_size,
			   "an event over one that was not taken");
		fuzz_check((value >> 48 & 1) == !(oracle.evq_tail & oracle.evq_size),
			   "phase of event %u", oracle.evq_tail);
		oracle.evq_tail++;
	} else {
		fuzz_check(!oracle.cqe_new, "a completion of no command");
		oracle.cqe_addr = half;
		oracle.cqe_last = value;
		oracle.cqe_new = true;
	}
}

/* ---- What the device says ------------------------------------------------------------------ */

void trace_coffer_fetch(uint64_t serial, unsigned queue, uint32_t tag, uint16_t opcode,
			uint64_t owner, uint32_t req_len, uint32_t reply_len)
{
	struct ring *r = &oracle.ring[queue];

	(void)serial, (void)opcode, (void)owner, (void)req_len, (void)reply_len;
	fuzz_check(oracle.entry_new, "an entry that was not read");
	fuzz_check(r->on && r->sq_head != r->sq_tail &&
		   oracle.entry_addr == r->sq + 64ull * r->sq_head, "an entry out of order");
	fuzz_check(tag == oracle.entry.tag, "an entry that was read twice");
	fuzz_check(r->in_flight + ((r->cq_tail - r->cq_head) & (r->size - 1)) < r->size - 1,
		   "an entry without room for its completion");
	oracle.entry_new = false;
	r->sq_head = (r->sq_head + 1) & (r->size - 1);
	r->fetched++;
	cmd_new(queue, &oracle.entry);
}

/* The slot that a completion was written to, whoever it is for. */
static void slot_used(struct ring *r)
{
	fuzz_check(oracle.cqe_new && r->on && oracle.cqe_addr == r->cq + 16ull * r->cq_tail,
		   "a completion that is not in its ring");
	fuzz_check(((r->cq_tail + 1) & (r->size - 1)) != r->cq_head, "a completion over another");
	oracle.cqe_new = false;
	r->cq_tail = (r->cq_tail + 1) & (r->size - 1);
	if (!r->cq_tail)
		r->phase ^= 1;
}

static void status_due(const struct cmd *c, unsigned status, uint32_t reply_len)
{
	switch (status) {
	case COFFER_TS_OK:
		fuzz_check(c->answered, "OK without an answer");
		fuzz_check(reply_len == c->reply_len, "reply_len %u", reply_len);
		break;
	case COFFER_TS_DMA_REPLY:
		fuzz_check(c->answered && (c->reply_failed || oracle.halves), "DMA_REPLY");
		break;
	case COFFER_TS_ABORTED:
		fuzz_check(!c->submitted, "ABORTED, but the firmware had it");
		fuzz_check(was_aborted(&oracle.ring[c->queue], c->sqe.tag), "ABORTED by nobody");
		break;
	case COFFER_TS_FW_DOWN:
		fuzz_check(!bus.s->card && c->expect == EXPECT_NOTHING, "FW_DOWN");
		break;
	default:
		fuzz_check(c->expect == status, "status %u, due is %u", status, c->expect);
	}
}

void trace_coffer_complete(uint64_t serial, unsigned queue, uint32_t tag, uint16_t opcode,
			   unsigned status, uint32_t verdict, uint32_t reply_len)
{
	struct cmd **at = cmd_find(queue, tag, status);
	struct ring *r = &oracle.ring[queue];
	uint16_t phase = r->phase;
	uint64_t first;

	(void)serial;
	slot_used(r);
	fuzz_check(at, "a completion of tag %08x, which is not in flight", tag);
	fuzz_check((*at)->vague || (*at)->sqe.opcode == opcode, "opcode %04x", opcode);
	first = verdict | (uint64_t)reply_len << 32;
	if (!oracle.lies) {
		fuzz_check(oracle.cqe_last == (tag | (uint64_t)status << 32 |
					       (uint64_t)phase << 48), "the completion lies");
		fuzz_check(oracle.half_data == first, "the completion's first half lies");
	}
	fuzz_check(reply_len <= (*at)->sqe.reply_len || (*at)->vague, "reply_len %u", reply_len);
	if (!(*at)->vague) {
		status_due(*at, status, reply_len);
		fuzz_check(verdict == (status == COFFER_TS_OK ? (*at)->verdict : 0), "verdict");
	}
	cmd_end(at);
}

void trace_coffer_invent(uint64_t serial, unsigned queue, uint32_t tag, uint32_t verdict,
			 uint32_t reply_len)
{
	(void)serial, (void)tag, (void)verdict, (void)reply_len;
	fuzz_check(oracle.lies, "an invented completion");
	slot_used(&oracle.ring[queue]);
}

void trace_coffer_drop(uint64_t serial, unsigned queue, uint32_t tag)
{
	struct cmd **at = cmd_find(queue, tag, -1);

	(void)serial;
	fuzz_check(at, "tag %08x is dropped and was not in flight", tag);
	cmd_end(at);
}

/* Everything that software can write is back to zero, and nothing is in flight. */
void oracle_reset(void)
{
	unsigned i, at;

	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		fuzz_check(oracle.ring[i].in_flight <= oracle.lost, "a reset leaves commands");
		oracle.ring[i] = (struct ring) { .in_flight = oracle.ring[i].in_flight };
		for (at = COFFER_REG_QUEUE(i); at < COFFER_REG_QUEUE(i + 1); at += 4)
			fuzz_check(!coffer_reg(bus.s, at), "register 0x%x after reset", at);
		fuzz_check(!bus.s->queue[i].enabled, "queue %u is on after a reset", i);
	}
	for (at = COFFER_REG_EVQ_BASE; at <= COFFER_REG_EVQ_DROPPED; at += 4)
		fuzz_check(!coffer_reg(bus.s, at), "register 0x%x after reset", at);
	fuzz_check(!(coffer_reg(bus.s, COFFER_REG_STATUS) & ~COFFER_STATUS_FW_DOWN) &&
		   !coffer_reg(bus.s, COFFER_REG_CTRL), "STATUS or CTRL after reset");
	while (oracle.cmds)
		cmd_free(&oracle.cmds);
	oracle.evq_on = false;
	oracle.lost = 0;
}

void trace_coffer_reset(uint64_t serial, const char *why, uint32_t generation)
{
	static uint32_t last;

	(void)serial, (void)why;
	fuzz_check(generation == last + 1 || generation == 1, "GENERATION %u", generation);
	last = generation;
	oracle_reset();
}

void oracle_lies(void)
{
	const CofferFaults *f = &bus.s->fault;

	oracle.lies |= f->evil_seed || f->wrong_phase || f->wrong_tag;
	oracle.halves |= f->short_dma;
}

/* ---- Interrupts and counters --------------------------------------------------------------- */

static uint32_t counter(unsigned queue, unsigned which)
{
	return coffer_reg(bus.s, COFFER_REG_QUEUE(queue) + which);
}

void oracle_irq(unsigned vector)
{
	oracle.sent[vector]++;
}

void oracle_work_begins(void)
{
	unsigned i;

	memset(oracle.sent, 0, sizeof(oracle.sent));
	for (i = 0; i < COFFER_MAX_QUEUES; i++)
		oracle.ring[i].irqs = counter(i, COFFER_Q_COUNT_IRQ);
}

static void ring_agrees(unsigned i)
{
	const struct ring *r = &oracle.ring[i];
	const CofferQueue *q = &bus.s->queue[i];

	fuzz_check(q->enabled == r->on, "queue %u: on or off", i);
	fuzz_check(q->outstanding == r->in_flight, "queue %u: %u commands are out, not %u", i,
		   r->in_flight, q->outstanding);
	fuzz_check(q->sq_head == r->sq_head && q->sq_tail == r->sq_tail &&
		   q->cq_head == r->cq_head && q->cq_tail == r->cq_tail, "queue %u: indices", i);
	fuzz_check(counter(i, COFFER_Q_COUNT_CMD) == r->fetched, "queue %u: COUNT_CMD", i);
}

void oracle_work_ends(void)
{
	unsigned i, sent[COFFER_VECTORS] = { 0 };
	uint32_t more;

	fuzz_check(!oracle.cqe_new, "a completion of no command");
	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		more = counter(i, COFFER_Q_COUNT_IRQ) - oracle.ring[i].irqs;
		fuzz_check(more <= 1, "more than one interrupt for a batch");
		if (more)
			sent[oracle.ring[i].vector]++;
		if (oracle.ring[i].on && coffer_running(bus.s))
			ring_agrees(i);
	}
	for (i = 0; i < COFFER_VECTORS; i++)
		fuzz_check(oracle.sent[i] - sent[i] <= (i == COFFER_VECTOR_EVENTS),
			   "vector %u: sent %u times, counted %u", i, oracle.sent[i], sent[i]);
	if (oracle.stalled)
		fuzz_check(coffer_reg(bus.s, COFFER_REG_STATUS) & COFFER_STATUS_FATAL,
			   "the bus refused a ring, and there is no FATAL");
	oracle.stalled = false;
}

/* Everything was answered and taken, and time has passed: nothing may be left. */
void oracle_settled(void)
{
	unsigned i;

	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		const CofferQueue *q = &bus.s->queue[i];

		if (!q->enabled || !coffer_running(bus.s))
			continue;
		fuzz_check(!q->outstanding && !oracle.ring[i].in_flight, "a command is lost");
		fuzz_check(q->sq_head == q->sq_tail, "an entry is forgotten");
		fuzz_check(!q->unsignalled, "a completion without an interrupt");
	}
}
