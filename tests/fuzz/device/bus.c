// SPDX-License-Identifier: BSD-3-Clause
/* The bus, its memory, time and the object model, as much of them as one device sees. */
#include <stdarg.h>

#include "bus.h"

struct bus bus;
uint8_t bus_ram[BUS_RAM_SIZE];

/* ---- Objects ------------------------------------------------------------------------------ */

#define MAX_PROPERTIES 32

static struct property {
	const char *name;
	StubAccessor *set;
	void (*set_bool)(Object *obj, bool value, Error **errp);
	uint32_t *value;
} properties[MAX_PROPERTIES];
static unsigned n_properties;

static struct property *property_new(const char *name)
{
	fuzz_check(n_properties < MAX_PROPERTIES, "raise MAX_PROPERTIES");
	properties[n_properties] = (struct property) { .name = name };
	return &properties[n_properties++];
}

void type_register_static(const TypeInfo *info)
{
	bus.type = info;
	info->class_init((ObjectClass *)&bus.class, NULL);
}

void object_property_add(Object *obj, const char *name, const char *type, StubAccessor *get,
			 StubAccessor *set, void *release, void *opaque)
{
	(void)obj, (void)type, (void)get, (void)release, (void)opaque;
	if (set)
		property_new(name)->set = set;
}

void object_property_add_bool(Object *obj, const char *name, bool (*get)(Object *, Error **),
			      void (*set)(Object *, bool, Error **))
{
	(void)obj, (void)get;
	if (set)
		property_new(name)->set_bool = set;
}

void object_property_add_uint32_ptr(Object *obj, const char *name, uint32_t *value,
				    ObjectPropertyFlags flags)
{
	(void)obj, (void)flags;
	property_new(name)->value = value;
}

/* A count that is only read. */
void object_property_add_uint64_ptr(Object *obj, const char *name, uint64_t *value,
				    ObjectPropertyFlags flags)
{
	(void)obj, (void)name, (void)value, (void)flags;
}

void object_property_add_alias(Object *obj, const char *name, Object *target,
			       const char *target_name)
{
	(void)obj, (void)name, (void)target, (void)target_name;
}

bool visit_type_uint32(Visitor *v, const char *name, uint32_t *value, Error **errp)
{
	(void)name, (void)errp;
	*value = v->value;
	return true;
}

bool visit_type_uint64(Visitor *v, const char *name, uint64_t *value, Error **errp)
{
	(void)v, (void)name, (void)value, (void)errp;
	return true;
}

void error_setg(Error **errp, const char *format, ...)
{
	(void)format;
	*errp = (Error *)"an error";
}

/* Set one of the properties, all of which are faults or inputs of the card. */
void bus_knob(unsigned n, uint32_t value)
{
	struct property *p = &properties[n % n_properties];
	Visitor v = { .value = value };
	Error *error = NULL;

	if (p->set)
		p->set(OBJECT(bus.s), &v, p->name, NULL, &error);
	else if (p->set_bool)
		p->set_bool(OBJECT(bus.s), value & 1, &error);
	else
		*p->value = value;
}

/* ---- Bottom halves and time ---------------------------------------------------------------- */

struct QEMUBH {
	void (*fn)(void *opaque);
	void *opaque;
	bool scheduled;
};

#define MAX_TIMERS 32

static QEMUTimer *timers[MAX_TIMERS];
static unsigned n_timers;

QEMUBH *qemu_bh_new_guarded(void (*fn)(void *), void *opaque, MemReentrancyGuard *guard)
{
	QEMUBH *bh = g_new0(QEMUBH, 1);

	fuzz_check(guard == &DEVICE(opaque)->mem_reentrancy_guard, "another device's guard");
	bh->fn = fn;
	bh->opaque = opaque;
	return bh;
}

void qemu_bh_schedule(QEMUBH *bh)
{
	bh->scheduled = true;
}

void qemu_bh_delete(QEMUBH *bh)
{
	g_free(bh);
}

bool bus_work(void)
{
	QEMUBH *bh = bus.s ? bus.s->work : NULL;

	if (!bh || !bh->scheduled)
		return false;
	bh->scheduled = false;
	bus.in_work = true;
	oracle_work_begins();
	bh->fn(bh->opaque);
	oracle_work_ends();
	bus.in_work = false;
	return true;
}

int64_t qemu_clock_get_ns(QEMUClockType type)
{
	(void)type;
	return bus.now;
}

void timer_init_ns(QEMUTimer *timer, QEMUClockType type, void (*fn)(void *), void *opaque)
{
	(void)type;
	fuzz_check(n_timers < MAX_TIMERS, "raise MAX_TIMERS");
	*timer = (QEMUTimer) { fn, opaque, -1 };
	timers[n_timers++] = timer;
}

void timer_mod(QEMUTimer *timer, int64_t when)
{
	timer->when = MAX(when, 0);
}

void timer_mod_anticipate_ns(QEMUTimer *timer, int64_t when)
{
	if (!timer_pending(timer) || when < timer->when)
		timer_mod(timer, when);
}

void timer_del(QEMUTimer *timer)
{
	timer->when = -1;
}

bool timer_pending(QEMUTimer *timer)
{
	return timer->when >= 0;
}

void bus_pass(int64_t ns)
{
	unsigned i;

	bus.now += ns;
	for (i = 0; i < n_timers; i++) {
		if (timers[i]->when >= 0 && timers[i]->when <= bus.now) {
			timers[i]->when = -1;
			timers[i]->fn(timers[i]->opaque);
		}
	}
}

/* ---- Memory of the guest ------------------------------------------------------------------- */

#define PAGE 4096

static bool dirty[BUS_RAM_SIZE / PAGE];

uint8_t *bus_ram_at(uint64_t addr, uint64_t len)
{
	if (addr < BUS_RAM || addr - BUS_RAM > BUS_RAM_SIZE ||
	    len > BUS_RAM_SIZE - (addr - BUS_RAM))
		return NULL;
	return &bus_ram[addr - BUS_RAM];
}

void bus_ram_touch(uint64_t addr, uint64_t len)
{
	uint64_t i;

	for (i = (addr - BUS_RAM) / PAGE; len && i <= (addr - BUS_RAM + len - 1) / PAGE; i++)
		dirty[i] = true;
}

void bus_ram_clear(void)
{
	unsigned i;

	for (i = 0; i < ARRAY_SIZE(dirty); i++)
		if (dirty[i])
			memset(&bus_ram[i * PAGE], 0, PAGE);
	memset(dirty, 0, sizeof(dirty));
}

static bool bus_master(void)
{
	return pci_get_word(PCI_DEVICE(bus.s)->config + PCI_COMMAND) & PCI_COMMAND_MASTER;
}

/* Somebody else writes to what the device has just read. */
static void bus_flip(uint8_t *ram, uint64_t addr, uint64_t len)
{
	if (bus.flips && len) {
		ram[fuzz_u8(bus.in) % len] ^= 0xff;
		bus_ram_touch(addr, len);
	}
}

static void bus_rules(MemTxAttrs attrs)
{
	fuzz_check(bus.in_work, "DMA outside of the bottom half");
	fuzz_check(attrs.memory, "DMA that may reach a device");
}

MemTxResult pci_dma_rw(PCIDevice *pci, dma_addr_t addr, void *buf, dma_addr_t len,
		       DMADirection dir, MemTxAttrs attrs)
{
	uint8_t *ram = bus_ram_at(addr, len);
	bool to_ram = dir == DMA_DIRECTION_FROM_DEVICE;

	(void)pci;
	bus_rules(attrs);
	if (!ram || !bus_master()) {
		if (!to_ram)
			memset(buf, 0xee, len);
		oracle_dma(addr, buf, len, to_ram, false);
		return MEMTX_DECODE_ERROR;
	}
	if (to_ram) {
		memcpy(ram, buf, len);
		bus_ram_touch(addr, len);
	} else {
		memcpy(buf, ram, len);
		bus_flip(ram, addr, len);
	}
	oracle_dma(addr, buf, len, to_ram, true);
	return MEMTX_OK;
}

uint16_t pci_requester_id(PCIDevice *pci)
{
	(void)pci;
	return 0x18;
}

AddressSpace *pci_get_address_space(PCIDevice *pci)
{
	static AddressSpace as;

	(void)pci;
	return &as;
}

MemoryRegion *address_space_translate(AddressSpace *as, hwaddr addr, hwaddr *offset,
				      hwaddr *len, bool is_write, MemTxAttrs attrs)
{
	static MemoryRegion ram = { .ram = true }, nothing;

	(void)as, (void)is_write;
	bus_rules(attrs);
	*offset = addr - BUS_RAM;
	if (!bus_master() || !bus_ram_at(addr, 1))
		return &nothing;
	*len = MIN(*len, BUS_RAM_SIZE - (addr - BUS_RAM));
	return &ram;
}

bool memory_region_is_ram(MemoryRegion *mr)
{
	return mr->ram;
}

/* There is none on this bus. */
bool memory_region_is_rom(MemoryRegion *mr)
{
	(void)mr;
	return false;
}

MemTxResult stl_le_dma(AddressSpace *as, dma_addr_t addr, uint32_t value, MemTxAttrs attrs)
{
	uint8_t *ram = bus_ram_at(addr, 4);

	(void)as;
	bus_rules(attrs);
	fuzz_check(!(addr & 3), "a store that is not aligned");
	if (!ram || !bus_master())
		return MEMTX_DECODE_ERROR;
	memcpy(ram, &value, 4);
	bus_ram_touch(addr, 4);
	return MEMTX_OK;
}

MemTxResult ldl_le_dma(AddressSpace *as, dma_addr_t addr, uint32_t *value, MemTxAttrs attrs)
{
	uint8_t *ram = bus_ram_at(addr, 4);

	(void)as;
	bus_rules(attrs);
	fuzz_check(!(addr & 3), "a load that is not aligned");
	if (!ram || !bus_master())
		return MEMTX_DECODE_ERROR;
	memcpy(value, ram, 4);
	return MEMTX_OK;
}

MemTxResult stq_le_dma(AddressSpace *as, dma_addr_t addr, uint64_t value, MemTxAttrs attrs)
{
	uint8_t *ram = bus_ram_at(addr, 8);

	(void)as;
	bus_rules(attrs);
	fuzz_check(!(addr & 7), "a store that is not aligned");
	if (ram && bus_master()) {
		memcpy(ram, &value, 8);
		bus_ram_touch(addr, 8);
	}
	oracle_store64(addr, value, ram && bus_master());
	return ram && bus_master() ? MEMTX_OK : MEMTX_DECODE_ERROR;
}

/* ---- The function -------------------------------------------------------------------------- */

void memory_region_init_io(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops,
			   void *opaque, const char *name, uint64_t size)
{
	(void)mr, (void)owner, (void)opaque, (void)name, (void)size;
	bus.mmio = ops;
}

void bus_write(uint64_t addr, uint64_t value, unsigned size)
{
	bus.mmio->write(bus.s, addr, value, size);
}

uint64_t bus_read(uint64_t addr, unsigned size)
{
	return bus.mmio->read(bus.s, addr, size);
}

uint32_t pci_default_read_config(PCIDevice *pci, uint32_t addr, int len)
{
	uint32_t value = 0;

	memcpy(&value, pci->config + addr, len);
	return value;
}

void pci_default_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
	int i;

	for (i = 0; i < len; i++, val >>= 8)
		pci->config[addr + i] = (pci->config[addr + i] & ~pci->wmask[addr + i]) |
					(val & pci->wmask[addr + i]);
}

/* Through the device's own hooks, as a guest does it. */
void bus_config(uint32_t addr, uint32_t value, int len)
{
	bus.class.pci.config_write(PCI_DEVICE(bus.s), addr, value, len);
	bus.class.pci.config_read(PCI_DEVICE(bus.s), addr, len);
}

void pcie_cap_flr_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
	uint32_t at = pci->exp.exp_cap + STUB_DEVCTL;

	if (addr == at && len >= 2 && val & STUB_DEVCTL_FLR)
		bus.class.device.reset(DEVICE(pci));
}

void pcie_aer_write_config(PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
	(void)pci, (void)addr, (void)val, (void)len;
}

int pci_add_capability(PCIDevice *pci, uint8_t id, uint8_t at, uint8_t size, Error **errp)
{
	(void)pci, (void)id, (void)size, (void)errp;
	return at;
}

PCIBus *pci_get_bus(PCIDevice *pci)
{
	(void)pci;
	return NULL;
}

bool pci_bus_is_express(PCIBus *bus)
{
	return !bus;
}

void pci_register_bar(PCIDevice *pci, int number, uint8_t type, MemoryRegion *mr)
{
	(void)pci, (void)type, (void)mr;
	fuzz_check(number == COFFER_BAR_REGS, "BAR %d", number);
}

int pcie_endpoint_cap_init(PCIDevice *pci, uint8_t at)
{
	pci->exp.exp_cap = at;
	return at;
}

void pcie_cap_deverr_init(PCIDevice *pci)
{
	(void)pci;
}

void pcie_cap_flr_init(PCIDevice *pci)
{
	(void)pci;
}

void pcie_cap_exit(PCIDevice *pci)
{
	pci->exp.exp_cap = 0;
}

int pcie_aer_init(PCIDevice *pci, uint8_t version, uint16_t at, uint16_t size, Error **errp)
{
	(void)version, (void)size, (void)errp;
	pci->exp.aer_cap = at;
	return 0;
}

void pcie_aer_exit(PCIDevice *pci)
{
	pci->exp.aer_cap = 0;
}

void pcie_dev_ser_num_init(PCIDevice *pci, uint16_t at, uint64_t serial)
{
	(void)pci, (void)at, (void)serial;
}

int msix_init_exclusive_bar(PCIDevice *pci, unsigned short vectors, uint8_t bar, Error **errp)
{
	(void)errp;
	fuzz_check(vectors == COFFER_VECTORS && bar == COFFER_BAR_MSIX, "MSI-X table");
	pci->msix = true;
	return 0;
}

void msix_uninit_exclusive_bar(PCIDevice *pci)
{
	pci->msix = false;
}

void msix_vector_use(PCIDevice *pci, unsigned vector)
{
	(void)pci, (void)vector;
}

void msix_unuse_all_vectors(PCIDevice *pci)
{
	(void)pci;
}

int msix_present(PCIDevice *pci)
{
	return pci->msix;
}

void msix_notify(PCIDevice *pci, unsigned vector)
{
	fuzz_check(bus.in_work, "an interrupt outside of the bottom half");
	fuzz_check(pci->msix && vector < COFFER_VECTORS, "vector %u", vector);
	oracle_irq(vector);
}

void bus_plug(void)
{
	Error *error = NULL;

	n_properties = 0;
	n_timers = 0;
	bus.s = stub_alloc(bus.type->instance_size, false);
	bus.type->instance_init(OBJECT(bus.s));
	bus.s->card_dir = (char *)"/";	/* fw.c opens any folder */
	bus.s->has_firmware = true;
	bus.class.pci.realize(PCI_DEVICE(bus.s), &error);
	fuzz_check(!error, "the device is not realized");
	memset(PCI_DEVICE(bus.s)->wmask, 0xff, STUB_CONFIG_SIZE);
	bus_config(PCI_COMMAND, PCI_COMMAND_MASTER, 2);
}

/* Accesses of a vCPU that was on its way in when the function was unplugged must do no harm. */
void bus_unplug(void)
{
	bus.class.pci.exit(PCI_DEVICE(bus.s));
	oracle_reset();
	bus_write(COFFER_REG_SQ_TAIL(0), 1, 4);
	bus_write(COFFER_REG_CTRL, 1, 4);
	bus_read(COFFER_REG_STATUS, 4);
	stub_free(bus.s);
	bus.s = NULL;
}
