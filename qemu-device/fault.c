/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the fault knobs strike. knobs.c sets them. */
#include "qemu/osdep.h"
#include "device.h"

/* One strike of a counter, if there is one left. */
bool coffer_fault_take(uint32_t *count)
{
    if (!*count) {
        return false;
    }
    --*count;
    return true;
}

void coffer_fault_cqe(CofferState *s, struct coffer_cqe *cqe)
{
    bool odd = s->fault.wrong_tag & 1;

    if (coffer_fault_take(&s->fault.wrong_tag)) {
        cqe->tag ^= odd ? 0x00010000 : 0x0000ffff;
    }
    if (coffer_fault_take(&s->fault.wrong_phase)) {
        cqe->phase ^= COFFER_CQE_PHASE;
    }
    if (s->fault.evil_seed) {
        coffer_evil_cqe(s, cqe);
    }
}
