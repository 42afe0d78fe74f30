/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Accesses to BAR0: which register they mean, and what writing it sets off. An access that the
 * table of regs.c does not know reads as zero and changes nothing.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "device.h"
#include "trace.h"

static void coffer_ctrl_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    if (!(value & COFFER_CTRL_ENABLE)) {
        coffer_controller_reset(s, "controller disabled");
    } else if (!(old & COFFER_CTRL_ENABLE)) {
        coffer_controller_enable(s);
    }
}

static void coffer_abort_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    coffer_abort_command(s, value >> 16, COFFER_TAG(value, coffer_reg(s, COFFER_REG_ABORT_GEN)));
}

static void coffer_evq_size_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    if (coffer_running(s)) {
        coffer_event_ring_set(s);
    }
}

static void coffer_evq_head_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    coffer_event_head(s, value);
}

static void coffer_queue_ctrl_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    if (old != value) {
        coffer_queue_ctrl(&s->queue[unit], value);
    }
}

static void coffer_coalesce_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    if (s->queue[unit].unsignalled) {
        s->queue[unit].irq_due = true;
        coffer_schedule(s);
    }
}

static void coffer_sq_tail_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    coffer_queue_sq_doorbell(&s->queue[unit], value);
}

static void coffer_cq_head_written(CofferState *s, unsigned unit, uint32_t old, uint32_t value)
{
    coffer_queue_cq_doorbell(&s->queue[unit], value);
}

/* What a write sets off. @unit: the queue, in blocks of queues and doorbells. */
typedef void CofferRegHook(CofferState *s, unsigned unit, uint32_t old, uint32_t value);

static CofferRegHook *const coffer_effects[] = {
    [COFFER_DOES_CTRL] = coffer_ctrl_written,
    [COFFER_DOES_ABORT] = coffer_abort_written,
    [COFFER_DOES_EVQ_SIZE] = coffer_evq_size_written,
    [COFFER_DOES_EVQ_HEAD] = coffer_evq_head_written,
    [COFFER_DOES_QUEUE_CTRL] = coffer_queue_ctrl_written,
    [COFFER_DOES_COALESCE] = coffer_coalesce_written,
    [COFFER_DOES_SQ_TAIL] = coffer_sq_tail_written,
    [COFFER_DOES_CQ_HEAD] = coffer_cq_head_written,
};

static uint64_t coffer_image_read(CofferState *s, hwaddr addr, unsigned size)
{
    unsigned unit;
    const CofferRegister *reg = coffer_reg_find(addr, size, &unit);

    if (!reg) {
        qemu_log_mask(LOG_GUEST_ERROR, "coffer: bad read of %u bytes at 0x%" HWADDR_PRIx "\n",
                      size, addr);
        return 0;
    }
    if (reg->mode == COFFER_WO) {
        return 0;
    }
    return size == 8 ? coffer_reg64(s, addr) : coffer_reg(s, addr);
}

static uint64_t coffer_mmio_read(void *opaque, hwaddr addr, unsigned size)
{
    CofferState *s = opaque;
    uint64_t value = coffer_image_read(s, addr, size);

    if (s->fault.all_ones || s->fault.link_loss) {
        value = MAKE_64BIT_MASK(0, size * 8);
    } else if (s->fault.evil_seed) {
        value = coffer_evil_register(s, value, size);
    }
    trace_coffer_mmio_read(s->serial, addr, size, value);
    return value;
}

/* One word of a register. Registers without storage have an image offset out of range. */
static void coffer_word_write(CofferState *s, const CofferRegister *reg, unsigned unit,
                              hwaddr addr, uint32_t value)
{
    uint32_t old = 0;

    value &= reg->mask;
    if (reg->mode == COFFER_RW) {
        old = coffer_reg(s, addr);
        coffer_reg_set(s, addr, value);
    }
    if (reg->does) {
        coffer_effects[reg->does](s, unit, old, value);
    }
}

static void coffer_mmio_write(void *opaque, hwaddr addr, uint64_t value, unsigned size)
{
    CofferState *s = opaque;
    unsigned unit;
    const CofferRegister *reg = coffer_reg_find(addr, size, &unit);

    trace_coffer_mmio_write(s->serial, addr, size, value);
    /* Without a bottom half the function is unplugged, and this vCPU was on its way in. */
    if (s->fault.link_loss || !s->work) {
        return;
    }
    if (!reg || reg->mode == COFFER_RO) {
        qemu_log_mask(LOG_GUEST_ERROR, "coffer: bad write of %u bytes at 0x%" HWADDR_PRIx "\n",
                      size, addr);
        return;
    }
    coffer_word_write(s, reg, unit, addr, value);
    if (size == 8) {
        coffer_word_write(s, reg, unit, addr + 4, value >> 32);
    }
}

/* Every access arrives as it was made: the table decides, not the bus. */
const MemoryRegionOps coffer_mmio_ops = {
    .read = coffer_mmio_read,
    .write = coffer_mmio_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
    .impl = { .min_access_size = 1, .max_access_size = 8, .unaligned = true },
};
