/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine around the device: what bus.c, host.c, fw.c, oracle.c and target.c tell each other.
 *
 *   0x000000          nothing
 *   BUS_RAM           RAM, BUS_RAM_SIZE bytes
 *   BUS_REGS          the device's own registers
 *   everything else   nothing
 */
#ifndef BUS_H
#define BUS_H

#include "device.h"
#include "../fuzz.h"

#define BUS_RAM 0x10000ull
#define BUS_RAM_SIZE 0x40000ull
#define BUS_REGS 0x100000ull

struct bus {
	struct fuzz_input *in;
	CofferState *s;			/* NULL: unplugged */
	struct StubClass class;
	const TypeInfo *type;
	const MemoryRegionOps *mmio;
	bool in_work;			/* a bottom half runs: DMA and interrupts may happen */
	uint8_t fail_alloc;		/* the n-th allocation that may fail does; 0: none */
	bool flips;			/* memory changes as soon as it has been read */
	int64_t now;
	long blocks;			/* of host memory that are not freed */
};

extern struct bus bus;
extern uint8_t bus_ram[BUS_RAM_SIZE];

/* bus.c */
void bus_plug(void);
void bus_unplug(void);
bool bus_work(void);			/* false: there was none */
void bus_pass(int64_t ns);
void bus_write(uint64_t addr, uint64_t value, unsigned size);
uint64_t bus_read(uint64_t addr, unsigned size);
void bus_config(uint32_t addr, uint32_t value, int len);
void bus_knob(unsigned n, uint32_t value);
void bus_ram_clear(void);
void bus_ram_touch(uint64_t addr, uint64_t len);
uint8_t *bus_ram_at(uint64_t addr, uint64_t len);	/* NULL: not all of it is RAM */

/* host.c: threads and memory of the host */
void host_finish(void);			/* run what the device left for the end of the process */

/* fw.c: the firmware behind fw.h, as the input wants it */
struct fw_sent {
	bool used, cancelled;
	struct fw_request request;
	fw_done_fn *done;
	void *opaque;
};

extern unsigned fw_room;		/* requests that it takes at a time */
extern bool fw_at_once;			/* answers before fw_submit() returns */
unsigned fw_waiting(void);
void fw_answer(unsigned n, uint32_t verdict, uint32_t len, uint8_t fill);
void fw_happen(const struct fw_event *event);

/* oracle.c: what must be true */
void oracle_begin(void);
void oracle_dma(uint64_t addr, const void *data, uint32_t len, bool to_ram, bool good);
void oracle_store64(uint64_t addr, uint64_t value, bool good);
void oracle_irq(unsigned vector);
void oracle_no_memory(void);
void oracle_queue_written(unsigned queue);
void oracle_aborted(unsigned queue, uint32_t tag);
void oracle_reset(void);
void oracle_work_begins(void);
void oracle_work_ends(void);
void oracle_lies(void);
void oracle_submitted(const struct fw_request *request, const CofferRequest *r);
void oracle_answered(uint64_t fw_tag, uint32_t verdict, uint32_t len, const uint8_t *reply);
void oracle_settled(void);
unsigned oracle_outstanding(unsigned queue);

#endif
