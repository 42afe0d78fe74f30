/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The register file of BAR0: a table of what exists, and one image of 32-bit words behind it.
 * mmio.c does what writing them sets off.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "device.h"
#include "trace.h"

static const CofferRegister coffer_global_regs[] = {
    { COFFER_REG_ID,          4, COFFER_RO },
    { COFFER_REG_VERSION,     4, COFFER_RO },
    { COFFER_REG_CAP0,        4, COFFER_RO },
    { COFFER_REG_CAP1,        4, COFFER_RO },
    { COFFER_REG_CTRL,        4, COFFER_RW, COFFER_CTRL_ENABLE, COFFER_DOES_CTRL },
    { COFFER_REG_STATUS,      4, COFFER_RO },
    { COFFER_REG_GENERATION,  4, COFFER_RO },
    { COFFER_REG_ABORT,       4, COFFER_WO, UINT32_MAX, COFFER_DOES_ABORT },
    { COFFER_REG_SERIAL,      8, COFFER_RO },
    { COFFER_REG_FW_VERSION,  4, COFFER_RO },
    { COFFER_REG_ABORT_GEN,   4, COFFER_RW, 0xffff },
    { COFFER_REG_CAP2,        4, COFFER_RO },
    { COFFER_REG_EVQ_BASE,    8, COFFER_RW, UINT32_MAX },
    { COFFER_REG_EVQ_SIZE,    4, COFFER_RW, UINT32_MAX, COFFER_DOES_EVQ_SIZE },
    { COFFER_REG_EVQ_HEAD,    4, COFFER_RW, UINT32_MAX, COFFER_DOES_EVQ_HEAD },
    { COFFER_REG_EVQ_DROPPED, 4, COFFER_RO },
};

static const CofferRegister coffer_queue_regs[] = {
    { COFFER_Q_SQ_BASE,   8, COFFER_RW, UINT32_MAX },
    { COFFER_Q_CQ_BASE,   8, COFFER_RW, UINT32_MAX },
    { COFFER_Q_SIZE,      4, COFFER_RW, 0xffff },
    { COFFER_Q_VECTOR,    4, COFFER_RW, 0xffff },
    { COFFER_Q_CTRL,      4, COFFER_RW, 1, COFFER_DOES_QUEUE_CTRL },
    { COFFER_Q_COALESCE,  4, COFFER_RW, 0xffff00ff, COFFER_DOES_COALESCE },
    { COFFER_Q_COUNT_CMD, 4, COFFER_RO },
    { COFFER_Q_COUNT_IRQ, 4, COFFER_RO },
    { COFFER_Q_SHADOW,    8, COFFER_RW, UINT32_MAX },
};

static const CofferRegister coffer_doorbell_regs[] = {
    { 0, 4, COFFER_WO, UINT32_MAX, COFFER_DOES_SQ_TAIL },
    { 4, 4, COFFER_WO, UINT32_MAX, COFFER_DOES_CQ_HEAD },
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
const CofferRegister *coffer_reg_find(hwaddr addr, unsigned size, unsigned *unit)
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

static void coffer_regs_firmware(CofferState *s)
{
    coffer_reg_set(s, COFFER_REG_FW_VERSION, s->card ? coffer_card_fw_version(s->card) : 0);
}

/* What the function is and what it can do: written once; FW_VERSION again at resets. */
void coffer_regs_init(CofferState *s)
{
    coffer_reg_set(s, COFFER_REG_ID, COFFER_ID_VALUE);
    coffer_reg_set(s, COFFER_REG_VERSION, COFFER_REGS_VERSION);
    coffer_reg_set(s, COFFER_REG_CAP0,
                   (COFFER_MAX_ENTRIES - 1) | COFFER_MAX_QUEUES << 16 | 4u << 24);
    coffer_reg_set(s, COFFER_REG_CAP1, COFFER_MAX_PAYLOAD / 1024 | COFFER_MAX_SEGMENTS << 16 |
                   COFFER_VECTORS << 24);
    coffer_reg_set(s, COFFER_REG_CAP2, COFFER_CAP2_SHADOW);
    if (s->card) {
        coffer_reg_set(s, COFFER_REG_SERIAL, s->serial);
        coffer_reg_set(s, COFFER_REG_SERIAL + 4, s->serial >> 32);
    }
    coffer_regs_firmware(s);
}

/* Everything that software can write goes back to zero, and new firmware is seen. */
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
    coffer_regs_firmware(s);
    coffer_reg_set(s, COFFER_REG_EVQ_DROPPED, 0);
    coffer_reg_set(s, COFFER_REG_STATUS, s->card ? 0 : COFFER_STATUS_FW_DOWN);
    for (i = 0; i < COFFER_MAX_QUEUES; i++) {
        coffer_queue_reset_counters(&s->queue[i]);
    }
}
