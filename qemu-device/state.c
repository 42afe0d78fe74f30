/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every file of the device asks and says: does the function run, it has work to do, it
 * is broken.
 */
#include "qemu/osdep.h"
#include "qemu/log.h"
#include "device.h"
#include "trace.h"

bool coffer_running(CofferState *s)
{
    return (coffer_reg(s, COFFER_REG_CTRL) & COFFER_CTRL_ENABLE) && !s->fault.link_loss &&
           !(coffer_reg(s, COFFER_REG_STATUS) & COFFER_STATUS_FATAL);
}

/* A vCPU that was on its way in when the function was unplugged finds no bottom half. */
void coffer_schedule(CofferState *s)
{
    if (s->work) {
        qemu_bh_schedule(s->work);
    }
}

/* Any context: the interrupt goes out from the bottom half. */
void coffer_set_fatal(CofferState *s, enum coffer_fatal reason)
{
    uint32_t status = coffer_reg(s, COFFER_REG_STATUS);

    if (status & COFFER_STATUS_FATAL) {
        return;
    }
    status &= ~COFFER_STATUS_READY;
    coffer_reg_set(s, COFFER_REG_STATUS, status | COFFER_STATUS_FATAL | reason << 16);
    trace_coffer_fatal(s->serial, reason);
    qemu_log_mask(LOG_GUEST_ERROR, "coffer: fatal, reason %d\n", reason);
    s->irq_events = true;
    coffer_schedule(s);
}
