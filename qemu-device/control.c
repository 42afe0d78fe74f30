/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The controller as a whole: reset and enable, whoever asks for them (a register, the bus, a
 * knob, unplug).
 */
#include "qemu/osdep.h"
#include "device.h"
#include "trace.h"

/* Never waits: what the firmware still has is forgotten here and freed when it comes back. */
void coffer_controller_reset(CofferState *s, const char *why)
{
    unsigned i;

    for (i = 0; i < COFFER_MAX_QUEUES; i++) {
        coffer_queue_drop(&s->queue[i]);
    }
    coffer_event_ring_off(s);
    s->irq_events = false;
    timer_del(&s->slow_timer);
    timer_del(&s->poll_timer);
    coffer_reg_set(s, COFFER_REG_GENERATION, coffer_reg(s, COFFER_REG_GENERATION) + 1);
    coffer_regs_reset(s);
    if (s->card) {
        coffer_card_end_owners(s->card);
    }
    trace_coffer_reset(s->serial, why, coffer_reg(s, COFFER_REG_GENERATION));
}

/* CTRL.ENABLE is set already. */
void coffer_controller_enable(CofferState *s)
{
    uint32_t status = coffer_reg(s, COFFER_REG_STATUS);

    if (status & COFFER_STATUS_FATAL) {
        return;
    }
    if (s->card) {
        coffer_card_end_owners(s->card);
    }
    coffer_event_ring_set(s);
    if (s->fault.fw_panic) {
        coffer_set_fatal(s, COFFER_FATAL_FIRMWARE);
    }
    if (s->card && coffer_running(s)) {
        coffer_reg_set(s, COFFER_REG_STATUS, status | COFFER_STATUS_READY);
    }
    coffer_schedule(s);
}
