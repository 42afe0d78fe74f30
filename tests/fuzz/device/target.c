// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fuzz target `device`: the real device on a bus of our own. An input is a sequence of steps:
 * register accesses, writes to memory, whole commands, answers of the firmware, events, time,
 * faults, resets, unplug. After the last step everything is answered and taken, and the oracle
 * wants nothing to be left.
 */
#include "oracle.h"

enum step {
	STEP_WRITE, STEP_READ, STEP_MEMORY, STEP_QUEUE, STEP_COMMAND, STEP_DOORBELL, STEP_TAKE,
	STEP_WORK, STEP_ANSWER, STEP_EVENT, STEP_EVQ, STEP_EVQ_HEAD, STEP_ENABLE, STEP_ABORT,
	STEP_TIME, STEP_KNOB, STEP_CONFIG, STEP_FLR, STEP_REPLUG, STEP_MOOD, STEP_LIST,
	STEP_COALESCE, STEP_COUNT,
};

#define STEPS_MAX 512

/* Where software keeps things; inputs may put them anywhere. */
#define SQ_AT(queue) (BUS_RAM + (queue) * 0x1000ull)
#define CQ_AT(queue) (BUS_RAM + 0x10000 + (queue) * 0x400ull)
#define EVQ_AT (BUS_RAM + 0x18000)
#define DATA_AT (BUS_RAM + 0x20000)

static uint32_t ctrl[COFFER_MAX_QUEUES];	/* of queues, as last seen */

/* ---- Register accesses, and what the oracle learns from them -------------------------------- */

static void evq_latched(void)
{
	oracle.evq_on = bus.s->evq.on;
	oracle.evq_base = coffer_reg64(bus.s, COFFER_REG_EVQ_BASE);
	oracle.evq_size = coffer_reg(bus.s, COFFER_REG_EVQ_SIZE);
	oracle.evq_head = oracle.evq_tail = 0;
}

static void doorbell_seen(unsigned queue, bool head, uint32_t value)
{
	struct ring *r = &oracle.ring[queue];
	uint32_t mask = r->size - 1, waiting, added;

	if (!coffer_running(bus.s))
		return;
	if (head) {
		if (r->on && value < r->size)
			r->cq_head = value;
		return;
	}
	waiting = (r->sq_tail - r->sq_head) & mask;
	added = (value - r->sq_tail) & mask;
	fuzz_check(r->on && value < r->size && waiting + added < r->size,
		   "a bad doorbell without FATAL");
	r->sq_tail = value;
}

static void queues_seen(void)
{
	uint32_t now;
	unsigned i;

	for (i = 0; i < COFFER_MAX_QUEUES; i++) {
		now = coffer_reg(bus.s, COFFER_REG_QUEUE(i) + COFFER_Q_CTRL);
		if (now != ctrl[i] && bus.s->work)
			oracle_queue_written(i);
		ctrl[i] = now;
	}
}

static void reg_write(uint64_t addr, uint64_t value, unsigned size)
{
	bool was_on = coffer_reg(bus.s, COFFER_REG_CTRL) & COFFER_CTRL_ENABLE;
	bool ran = coffer_running(bus.s), is_on, lost = bus.s->fault.link_loss;

	if (addr == COFFER_REG_ABORT && size == 4 && !lost)
		oracle_aborted(value >> 16, COFFER_TAG(value, coffer_reg(bus.s,
									 COFFER_REG_ABORT_GEN)));
	bus_write(addr, value, size);
	is_on = coffer_reg(bus.s, COFFER_REG_CTRL) & COFFER_CTRL_ENABLE;
	if (lost)
		return;
	if ((is_on && !was_on) || (ran && addr == COFFER_REG_EVQ_SIZE && size == 4))
		evq_latched();
	if (addr == COFFER_REG_EVQ_HEAD && size == 4 && coffer_running(bus.s))
		oracle.evq_head = value;
	if (size == 4 && addr >= COFFER_REG_SQ_TAIL(0) && !(addr & 3) &&
	    addr < COFFER_REG_SQ_TAIL(COFFER_MAX_QUEUES))
		doorbell_seen((addr - COFFER_REG_SQ_TAIL(0)) / 8, addr & 4, value);
	queues_seen();
}

/* ---- Steps ---------------------------------------------------------------------------------- */

/* Mostly memory; sometimes our own registers, the edge of memory, or anything. */
static uint64_t any_address(struct fuzz_input *in)
{
	uint8_t kind = fuzz_u8(in);

	switch (kind & 15) {
	case 0:
		return BUS_REGS + (fuzz_u16(in) & 0x7fff);
	case 1:
		return BUS_RAM + BUS_RAM_SIZE - fuzz_u8(in);
	case 2:
		return fuzz_bytes(in, 8);
	case 3:
		return UINT64_MAX - fuzz_u8(in);
	case 4:
		return BUS_RAM + (fuzz_u16(in) << 2);	/* into the rings */
	default:
		return DATA_AT + (fuzz_u16(in) & 0x3fff) * 8;
	}
}

static uint32_t any_length(struct fuzz_input *in)
{
	uint8_t kind = fuzz_u8(in);

	return kind == 0xff ? fuzz_u32(in) : kind == 0xfe ? COFFER_MAX_PAYLOAD : kind;
}

static void memory_write(uint64_t addr, const void *from, uint64_t len)
{
	uint8_t *ram = bus_ram_at(addr, len);

	if (ram) {
		memcpy(ram, from, len);
		bus_ram_touch(addr, len);
	}
}

static void step_memory(struct fuzz_input *in)
{
	uint64_t addr = any_address(in);
	uint8_t bytes[64];
	unsigned i, len = fuzz_u8(in) % sizeof(bytes);

	for (i = 0; i < len; i++)
		bytes[i] = fuzz_u8(in);
	memory_write(addr, bytes, len);
}

/* A list of segments at the start of a 1 KiB piece of the data. */
static void step_list(struct fuzz_input *in)
{
	struct coffer_seg seg[COFFER_MAX_SEGMENTS] = { 0 };
	unsigned i, n = fuzz_u8(in) % (COFFER_MAX_SEGMENTS + 1);
	uint64_t addr = DATA_AT + (fuzz_u8(in) & 0x7f) * 1024;

	for (i = 0; i < n; i++) {
		seg[i].addr = any_address(in);
		seg[i].len = any_length(in);
	}
	memory_write(addr, seg, sizeof(seg));
}

static void step_queue(struct fuzz_input *in)
{
	unsigned queue = fuzz_u8(in) % COFFER_MAX_QUEUES, at = COFFER_REG_QUEUE(queue);
	uint8_t kind = fuzz_u8(in);

	reg_write(at + COFFER_Q_CTRL, 0, 4);
	reg_write(at + COFFER_Q_SQ_BASE, kind & 0x80 ? any_address(in) & ~63ull : SQ_AT(queue), 8);
	reg_write(at + COFFER_Q_CQ_BASE, kind & 0x40 ? any_address(in) & ~15ull : CQ_AT(queue), 8);
	reg_write(at + COFFER_Q_SIZE, 2u << (kind & 7), 4);
	reg_write(at + COFFER_Q_VECTOR, kind & 8 ? 0 : queue + 1, 4);
	reg_write(at + COFFER_Q_CTRL, 1, 4);
}

/* One entry at the tail, with a doorbell or without. */
static void step_command(struct fuzz_input *in)
{
	unsigned queue = fuzz_u8(in) % COFFER_MAX_QUEUES;
	struct ring *r = &oracle.ring[queue];
	uint8_t kind = fuzz_u8(in);
	struct coffer_sqe e = { .opcode = fuzz_u8(in), .owner = kind & 3 };

	e.tag = kind & 4 ? fuzz_u32(in) : COFFER_TAG(r->sq_tail, r->fetched);
	if (kind & 8) {
		e.req_len = any_length(in);
		e.req_addr = any_address(in);
		e.req_segs = kind & 0x20 ? fuzz_u8(in) % 40 : !!e.req_len;
	}
	if (kind & 16) {
		e.reply_len = any_length(in);
		e.reply_addr = any_address(in);
		e.reply_segs = kind & 0x40 ? fuzz_u8(in) % 40 : !!e.reply_len;
	}
	if (kind & 0x80)
		((uint8_t *)&e)[fuzz_u8(in) % sizeof(e)] ^= fuzz_u8(in);
	if (!r->on)
		return;
	memory_write(r->sq + 64ull * r->sq_tail, &e, sizeof(e));
	reg_write(COFFER_REG_SQ_TAIL(queue), (r->sq_tail + 1) & (r->size - 1), 4);
}

static void step_event(struct fuzz_input *in)
{
	struct fw_event event = { .type = fuzz_u8(in), .arg = fuzz_u8(in) };
	unsigned n = fuzz_u8(in);
	static uint64_t seq;

	for (n = n > 250 ? 1500 : n % 8 + 1; n; n--) {
		event.seq = ++seq;
		fw_happen(&event);
	}
}

static void step_evq(struct fuzz_input *in)
{
	uint8_t kind = fuzz_u8(in);

	reg_write(COFFER_REG_EVQ_BASE, kind & 0x80 ? any_address(in) & ~31ull : EVQ_AT, 8);
	reg_write(COFFER_REG_EVQ_SIZE, kind & 0x40 ? fuzz_u16(in) : 2u << (kind & 7), 4);
}

static void step_config(struct fuzz_input *in)
{
	uint8_t kind = fuzz_u8(in);

	if (kind & 1)
		bus_config(PCI_COMMAND, kind & 2 ? PCI_COMMAND_MASTER : 0, 2);
	else
		bus_config(fuzz_u16(in) % (STUB_CONFIG_SIZE - 4), fuzz_u32(in), 1 << kind % 3);
	queues_seen();
}

static void step_knob(struct fuzz_input *in)
{
	uint8_t n = fuzz_u8(in);

	bus_knob(n, fuzz_u8(in));
	oracle_lies();
	queues_seen();
}

static void step_replug(void)
{
	bus_unplug();
	bus_plug();
	queues_seen();
}

static void step_mood(struct fuzz_input *in)
{
	uint8_t mood = fuzz_u8(in);

	bus.flips = mood & 1;
	fw_at_once = mood & 2;
	fw_room = mood & 4 ? mood >> 3 : 64;
	bus.fail_alloc = mood & 128 ? fuzz_u8(in) : 0;
}

static uint64_t any_register(struct fuzz_input *in)
{
	uint8_t at = fuzz_u8(in);

	if (at < 0x60)
		return at;
	if (at < 0xa0)
		return COFFER_REG_QUEUE(fuzz_u8(in) % COFFER_MAX_QUEUES) + at - 0x60;
	return at < 0xb0 ? COFFER_REG_SQ_TAIL(0) + 4 * (at & 7) : fuzz_u16(in) & 0x7fff;
}

static void step(struct fuzz_input *in)
{
	static const unsigned sizes[] = { 4, 8, 4, 1, 2, 4, 8, 4 };
	enum step what = fuzz_u8(in) % STEP_COUNT;
	unsigned n, size;
	uint64_t addr;

	switch (what) {
	case STEP_WRITE:
		size = sizes[fuzz_u8(in) & 7];
		addr = any_register(in);
		reg_write(addr, fuzz_bytes(in, size), size);
		break;
	case STEP_READ:
		size = sizes[fuzz_u8(in) & 7];
		bus_read(any_register(in), size);
		break;
	case STEP_MEMORY:
		step_memory(in);
		break;
	case STEP_LIST:
		step_list(in);
		break;
	case STEP_QUEUE:
		step_queue(in);
		break;
	case STEP_COMMAND:
		step_command(in);
		break;
	case STEP_DOORBELL:
		n = fuzz_u8(in) % COFFER_MAX_QUEUES;
		reg_write(COFFER_REG_SQ_TAIL(n), fuzz_u16(in), 4);
		break;
	case STEP_TAKE:
		n = fuzz_u8(in) % COFFER_MAX_QUEUES;
		reg_write(COFFER_REG_CQ_HEAD(n), oracle.ring[n].cq_tail, 4);
		break;
	case STEP_WORK:
		bus_work();
		break;
	case STEP_ANSWER:
		n = fuzz_u8(in);
		fw_answer(n, fuzz_u8(in), any_length(in), n);
		break;
	case STEP_EVENT:
		step_event(in);
		break;
	case STEP_EVQ:
		step_evq(in);
		break;
	case STEP_EVQ_HEAD:
		reg_write(COFFER_REG_EVQ_HEAD, oracle.evq_tail - fuzz_u8(in) % 4, 4);
		break;
	case STEP_ENABLE:
		reg_write(COFFER_REG_CTRL, fuzz_u8(in) & 3 ? 1 : 0, 4);
		break;
	case STEP_ABORT:
		n = fuzz_u8(in);
		reg_write(COFFER_REG_ABORT_GEN, fuzz_u8(in), 4);
		reg_write(COFFER_REG_ABORT, (n & 15) << 16 | fuzz_u8(in), 4);
		break;
	case STEP_TIME:
		bus_pass((int64_t)fuzz_u16(in) * SCALE_US);
		break;
	case STEP_KNOB:
		step_knob(in);
		break;
	case STEP_CONFIG:
		step_config(in);
		break;
	case STEP_FLR:
		bus.class.device.reset(DEVICE(bus.s));
		queues_seen();
		break;
	case STEP_REPLUG:
		step_replug();
		break;
	case STEP_MOOD:
		step_mood(in);
		break;
	case STEP_COALESCE:
		n = fuzz_u8(in) % COFFER_MAX_QUEUES;
		reg_write(COFFER_REG_QUEUE(n) + COFFER_Q_COALESCE, fuzz_u32(in), 4);
		break;
	default:
		break;
	}
}

/* ---- The end --------------------------------------------------------------------------------- */

/* Answer, work, wait and take until nothing moves any more. */
static void settle(void)
{
	bool moved = true;
	unsigned i, round;

	for (round = 0; moved && round < 4096; round++) {
		moved = false;
		while (fw_waiting()) {
			fw_answer(0, 0, 4, 1);
			moved = true;
		}
		while (bus_work())
			moved = true;
		for (i = 0; i < COFFER_MAX_QUEUES; i++) {
			struct ring *r = &oracle.ring[i];

			if (r->on && r->cq_head != r->cq_tail && coffer_running(bus.s)) {
				reg_write(COFFER_REG_CQ_HEAD(i), r->cq_tail, 4);
				moved = true;
			}
		}
		if (!moved) {
			bus_pass(INT64_C(400) * 1000 * SCALE_MS);
			moved = bus_work();
		}
	}
	fuzz_check(!moved, "it never comes to rest");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, data + size };
	unsigned steps;

	oracle_begin();
	memset(ctrl, 0, sizeof(ctrl));
	bus.in = &in;
	bus.flips = false;
	bus.fail_alloc = 0;
	bus.now = 0;
	fw_room = 64;
	fw_at_once = false;
	bus_plug();
	for (steps = 0; steps < STEPS_MAX && fuzz_more(&in); steps++)
		step(&in);
	bus.fail_alloc = 0;
	fw_room = 64;
	bus_config(PCI_COMMAND, PCI_COMMAND_MASTER, 2);
	bus.s->fault.stall = false;
	coffer_schedule(bus.s);
	settle();
	oracle_settled();
	bus_unplug();
	oracle_begin();
	host_finish();
	bus_ram_clear();
	return 0;
}

/* ---- Seeds ----------------------------------------------------------------------------------- */

static void seed_start(struct fuzz_seed *s, unsigned size_log2)
{
	seed_put(s, STEP_EVQ, 1), seed_put(s, 2, 1);
	seed_put(s, STEP_ENABLE, 1), seed_put(s, 1, 1);
	seed_put(s, STEP_QUEUE, 1), seed_put(s, 0, 1), seed_put(s, size_log2, 1);
}

/* A command of 5 bytes there and 8 bytes back. */
static void seed_command(struct fuzz_seed *s, unsigned queue)
{
	seed_put(s, STEP_COMMAND, 1), seed_put(s, queue, 1), seed_put(s, 8 | 16, 1);
	seed_put(s, 1, 1);
	seed_put(s, 5, 1), seed_put(s, 5, 1), seed_put(s, 0, 2);
	seed_put(s, 8, 1), seed_put(s, 5, 1), seed_put(s, 0x40, 2);
}

static void seed_round(struct fuzz_seed *s, unsigned commands)
{
	unsigned i;

	for (i = 0; i < commands; i++)
		seed_command(s, 0);
	seed_put(s, STEP_WORK, 1);
	for (i = 0; i < commands; i++)
		seed_put(s, STEP_ANSWER, 1), seed_put(s, i | 8 << 16, 3);
	seed_put(s, STEP_WORK, 1);
	seed_put(s, STEP_TAKE, 1), seed_put(s, 0, 1);
}

void fuzz_seeds(struct fuzz_seed *s)
{
	char name[32];
	unsigned i;

	seed_start(s, 2);
	for (i = 0; i < 6; i++)
		seed_round(s, 3);
	fuzz_seed_save(s, "rounds");
	/* Lists of three segments in both directions. */
	seed_start(s, 3);
	seed_put(s, STEP_LIST, 1), seed_put(s, 3, 1), seed_put(s, 0, 1);
	for (i = 0; i < 3; i++)
		seed_put(s, 5, 1), seed_put(s, 64 + i, 2), seed_put(s, 7, 1);
	seed_put(s, STEP_COMMAND, 1), seed_put(s, 0, 1), seed_put(s, 8 | 16 | 0x60, 1);
	seed_put(s, 1, 1);
	for (i = 0; i < 2; i++)
		seed_put(s, 21 | 5 << 8, 4), seed_put(s, 3, 1);
	seed_put(s, STEP_WORK, 1);
	seed_put(s, STEP_ANSWER, 1), seed_put(s, 21 << 16, 3);
	seed_put(s, STEP_WORK, 1);
	fuzz_seed_save(s, "lists");
	/* Events, an abort before the fetch and one after it, coalescing. */
	seed_start(s, 2);
	seed_put(s, STEP_COALESCE, 1), seed_put(s, 0, 1), seed_put(s, 0x00100004, 4);
	seed_put(s, STEP_EVENT, 1), seed_put(s, 0x010203, 3);
	seed_command(s, 0);
	seed_put(s, STEP_ABORT, 1), seed_put(s, 0, 3);
	seed_round(s, 2);
	seed_put(s, STEP_EVQ_HEAD, 1), seed_put(s, 0, 1);
	seed_put(s, STEP_TIME, 1), seed_put(s, 50, 2), seed_put(s, STEP_WORK, 1);
	fuzz_seed_save(s, "events");
	/* A firmware that takes one command: aborts of one that is held, and of one not read. */
	seed_start(s, 3);
	seed_put(s, STEP_MOOD, 1), seed_put(s, 4 | 1 << 3, 1);
	for (i = 0; i < 4; i++)
		seed_command(s, 0);
	seed_put(s, STEP_WORK, 1);
	for (i = 1; i < 4; i++)
		seed_put(s, STEP_ABORT, 1), seed_put(s, 0, 2), seed_put(s, i, 1);
	seed_put(s, STEP_WORK, 1);
	seed_round(s, 2);
	fuzz_seed_save(s, "held");
	for (i = 0; i < 14; i++) {	/* each knob, with commands around it */
		seed_start(s, 2);
		seed_round(s, 1);
		seed_put(s, STEP_KNOB, 1), seed_put(s, i, 1), seed_put(s, 1, 1);
		seed_round(s, 3);
		seed_put(s, i & 1 ? STEP_FLR : STEP_REPLUG, 1);
		seed_start(s, 2);
		seed_round(s, 2);
		snprintf(name, sizeof(name), "knob-%u", i);
		fuzz_seed_save(s, name);
	}
}
