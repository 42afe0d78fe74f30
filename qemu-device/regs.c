/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register file of BAR0: a table of what exists, one image of 32-bit words behind it, and
 * hooks for the registers whose writing does something. An access that the table does not
 * know reads as zero and changes nothing.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "coffer.h"
#include "trace.h"

typedef enum CofferRegMode { COFFER_RO, COFFER_RW, COFFER_WO } CofferRegMode;

/* What a write sets off. @unit: the queue, in blocks of queues and doorbells. */
typedef void CofferRegHook(CofferState *s, unsigned unit, uint32_t old, uint32_t value);

typedef struct CofferRegister {
    uint16_t offset;        /* in its block */
    uint8_t size;           /* 4 or 8 */
    CofferRegMode mode;
    uint32_t mask;          /* bits that can be written; 64-bit registers: all */
    CofferRegHook *written;
} CofferRegister;

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

static const CofferRegister coffer_global_regs[] = {
    { COFFER_REG_ID,          4, COFFER_RO },
    { COFFER_REG_VERSION,     4, COFFER_RO },
    { COFFER_REG_CAP0,        4, COFFER_RO },
    { COFFER_REG_CAP1,        4, COFFER_RO },
    { COFFER_REG_CTRL,        4, COFFER_RW, COFFER_CTRL_ENABLE, coffer_ctrl_written },
    { COFFER_REG_STATUS,      4, COFFER_RO },
    { COFFER_REG_GENERATION,  4, COFFER_RO },
    { COFFER_REG_ABORT,       4, COFFER_WO, UINT32_MAX, coffer_abort_written },
    { COFFER_REG_SERIAL,      8, COFFER_RO },
    { COFFER_REG_FW_VERSION,  4, COFFER_RO },
    { COFFER_REG_ABORT_GEN,   4, COFFER_RW, 0xffff },
    { COFFER_REG_EVQ_BASE,    8, COFFER_RW, UINT32_MAX },
    { COFFER_REG_EVQ_SIZE,    4, COFFER_RW, UINT32_MAX, coffer_evq_size_written },
    { COFFER_REG_EVQ_HEAD,    4, COFFER_RW, UINT32_MAX, coffer_evq_head_written },
    { COFFER_REG_EVQ_DROPPED, 4, COFFER_RO },
};

static const CofferRegister coffer_queue_regs[] = {
    { COFFER_Q_SQ_BASE,   8, COFFER_RW, UINT32_MAX },
    { COFFER_Q_CQ_BASE,   8, COFFER_RW, UINT32_MAX },
    { COFFER_Q_SIZE,      4, COFFER_RW, 0xffff },
    { COFFER_Q_VECTOR,    4, COFFER_RW, 0xffff },
    { COFFER_Q_CTRL,      4, COFFER_RW, 1, coffer_queue_ctrl_written },
    { COFFER_Q_COALESCE,  4, COFFER_RW, 0xffff00ff, coffer_coalesce_written },
    { COFFER_Q_COUNT_CMD, 4, COFFER_RO },
    { COFFER_Q_COUNT_IRQ, 4, COFFER_RO },
};

static const CofferRegister coffer_doorbell_regs[] = {
    { 0, 4, COFFER_WO, UINT32_MAX, coffer_sq_tail_written },
    { 4, 4, COFFER_WO, UINT32_MAX, coffer_cq_head_written },
};

/* Equal blocks of registers, one after the other. */
typedef struct CofferRegBlock {
    uint16_t base, stride, units;
    const CofferRegister *reg;
    unsigned count;
} CofferRegBlock;

static const CofferRegBlock coffer_blocks[] = {
    { 0, COFFER_REG_QUEUE(0), 1, coffer_global_regs, ARRAY_SIZE(coffer_global_regs) },
    { COFFER_REG_QUEUE(0), COFFER_REG_QUEUE(1) - COFFER_REG_QUEUE(0), COFFER_MAX_QUEUES,
      coffer_queue_regs, ARRAY_SIZE(coffer_queue_regs) },
    { COFFER_REG_SQ_TAIL(0), COFFER_REG_SQ_TAIL(1) - COFFER_REG_SQ_TAIL(0), COFFER_MAX_QUEUES,
      coffer_doorbell_regs, ARRAY_SIZE(coffer_doorbell_regs) },
};

/* Does an access of @size bytes at @at hit this register in one of the ways it allows? */
static bool coffer_reg_takes(const CofferRegister *reg, unsigned at, unsigned size)
{
    if (size == reg->size) {
        return at == reg->offset;
    }
    return size == 4 && reg->size == 8 && (at == reg->offset || at == reg->offset + 4);
}

/* The register that an access means, or NULL. */
static const CofferRegister *coffer_reg_find(hwaddr addr, unsigned size, unsigned *unit)
{
    const CofferRegBlock *b;
    unsigned i;

    for (b = coffer_blocks; b < coffer_blocks + ARRAY_SIZE(coffer_blocks); b++) {
        if (addr < b->base || addr - b->base >= b->stride * b->units) {
            continue;
        }
        *unit = (addr - b->base) / b->stride;
        for (i = 0; i < b->count; i++) {
            if (coffer_reg_takes(&b->reg[i], (addr - b->base) % b->stride, size)) {
                return &b->reg[i];
            }
        }
    }
    return NULL;
}

uint32_t coffer_reg(CofferState *s, unsigned offset)
{
    return s->regs[offset / 4];
}

uint64_t coffer_reg64(CofferState *s, unsigned offset)
{
    return s->regs[offset / 4] | (uint64_t)s->regs[offset / 4 + 1] << 32;
}

void coffer_reg_set(CofferState *s, unsigned offset, uint32_t value)
{
    s->regs[offset / 4] = value;
}

/* What the function is and what it can do: written once. */
void coffer_regs_init(CofferState *s)
{
    coffer_reg_set(s, COFFER_REG_ID, COFFER_ID_VALUE);
    coffer_reg_set(s, COFFER_REG_VERSION, COFFER_REGS_VERSION);
    coffer_reg_set(s, COFFER_REG_CAP0,
                   (COFFER_MAX_ENTRIES - 1) | COFFER_MAX_QUEUES << 16 | 4u << 24);
    coffer_reg_set(s, COFFER_REG_CAP1, COFFER_MAX_PAYLOAD / 1024 | COFFER_MAX_SEGMENTS << 16 |
                   COFFER_VECTORS << 24);
    if (s->card) {
        coffer_reg_set(s, COFFER_REG_SERIAL, s->serial);
        coffer_reg_set(s, COFFER_REG_SERIAL + 4, s->serial >> 32);
        coffer_reg_set(s, COFFER_REG_FW_VERSION, coffer_card_fw_version(s->card));
    }
}

/* Everything that software can write goes back to zero. */
void coffer_regs_reset(CofferState *s)
{
    const CofferRegBlock *b;
    unsigned i, unit, at;

    for (b = coffer_blocks; b < coffer_blocks + 2; b++) {
        for (i = 0; i < b->count * b->units; i++) {
            unit = i / b->count;
            if (b->reg[i % b->count].mode == COFFER_RW) {
                at = b->base + unit * b->stride + b->reg[i % b->count].offset;
                memset(&s->regs[at / 4], 0, b->reg[i % b->count].size);
            }
        }
    }
    coffer_reg_set(s, COFFER_REG_EVQ_DROPPED, 0);
    coffer_reg_set(s, COFFER_REG_STATUS, s->card ? 0 : COFFER_STATUS_FW_DOWN);
    for (i = 0; i < COFFER_MAX_QUEUES; i++) {
        coffer_queue_regs_reset_counters(&s->queue[i]);
    }
}

void coffer_queue_regs_reset_counters(CofferQueue *q)
{
    coffer_reg_set(q->s, COFFER_REG_QUEUE(q->index) + COFFER_Q_COUNT_CMD, 0);
    coffer_reg_set(q->s, COFFER_REG_QUEUE(q->index) + COFFER_Q_COUNT_IRQ, 0);
}

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
    if (reg->written) {
        reg->written(s, unit, old, value);
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
