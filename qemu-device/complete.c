/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Completion rings: from the firmware's answer to the interrupt. All in the bottom half.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "hw/pci/msix.h"
#include "device.h"
#include "trace.h"

static int64_t coffer_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* Collect what the firmware has answered. What belongs to an older epoch ends here. */
void coffer_take_answers(CofferState *s)
{
    CofferRequest *r;

    while (s->card && (r = coffer_card_answer(s->card))) {
        if (r->epoch != s->queue[r->queue].epoch) {
            coffer_request_free(r);
        } else {
            r->status = COFFER_TS_OK;
            coffer_make_ready(s, r);
        }
    }
}

/* Write one entry at the ring's tail, whatever it says. Needs room. False: fatal. */
static bool coffer_write_cqe(CofferQueue *q, const struct coffer_cqe *cqe)
{
    uint64_t at = q->cq_base + q->cq_tail * sizeof(*cqe);
    struct coffer_cqe raw = {
        .verdict = cpu_to_le32(cqe->verdict),
        .reply_len = cpu_to_le32(cqe->reply_len),
    };
    uint64_t last = cqe->tag | (uint64_t)cqe->status << 32 | (uint64_t)cqe->phase << 48;
    bool good;

    good = coffer_dma_write(q->s, at, &raw, 8);
    /* The phase makes the entry whole: reply and first half must be visible before it. */
    smp_wmb();
    if (!good || !coffer_dma_store64(q->s, at + 8, last)) {
        coffer_set_fatal(q->s, COFFER_FATAL_RING_DMA);
        return false;
    }
    q->cq_tail = (q->cq_tail + 1) & (q->size - 1);
    if (!q->cq_tail) {
        q->phase ^= COFFER_CQE_PHASE;
    }
    q->newest = coffer_now();
    if (!q->unsignalled++) {
        q->oldest = q->newest;
    }
    q->progress = true;
    q->s->fault.evil_completions += q->s->fault.evil_seed != 0;
    return true;
}

/* Bring the reply home. What arrived is in r->reply_len, what went wrong in r->status. */
static void coffer_write_reply(CofferState *s, CofferRequest *r)
{
    uint32_t part = r->reply_len / 2;

    if (r->status != COFFER_TS_OK || !r->reply_len) {
        return;
    }
    if (coffer_fault_take(&s->fault.short_dma)) {
        r->status = COFFER_TS_DMA_REPLY;
        r->reply_len = coffer_reply_store(s, r, part) ? part : 0;
    } else if (!coffer_reply_store(s, r, r->reply_len)) {
        r->status = COFFER_TS_DMA_REPLY;
        r->reply_len = 0;
    }
}

/* What a hostile card adds, where its ring has room that no command will need. */
static void coffer_complete_invented(CofferState *s, CofferQueue *q)
{
    uint32_t crowd = coffer_evil_crowd(s);

    while (crowd-- && coffer_running(s) && coffer_queue_cq_room(q) > q->outstanding) {
        struct coffer_cqe cqe = { .phase = q->phase };

        coffer_evil_invent(s, q->size, &cqe);
        if (coffer_write_cqe(q, &cqe)) {
            trace_coffer_invent(s->serial, q->index, cqe.tag, cqe.verdict, cqe.reply_len);
        }
    }
}

static void coffer_complete(CofferState *s, CofferRequest *r)
{
    CofferQueue *q = &s->queue[r->queue];
    uint32_t held = r->reply_len;       /* to be wiped, whatever is told */
    struct coffer_cqe truth, cqe;

    coffer_write_reply(s, r);
    truth = (struct coffer_cqe) {
        .verdict = r->status == COFFER_TS_OK ? r->verdict : 0,
        .reply_len = r->reply_len,
        .tag = r->sqe.tag,
        .status = r->status,
        .phase = q->phase,
    };
    cqe = truth;
    coffer_fault_cqe(s, &cqe);
    if (coffer_write_cqe(q, &cqe)) {
        trace_coffer_complete(s->serial, q->index, truth.tag, r->sqe.opcode, truth.status,
                              truth.verdict, truth.reply_len);
    }
    QTAILQ_REMOVE(&q->inflight, r, next);
    q->outstanding--;
    r->reply_len = held;
    coffer_request_free(r);
    if (s->fault.evil_seed) {
        coffer_complete_invented(s, q);
    }
}

/* All that is due. What comes late is overtaken. */
void coffer_complete_ready(CofferState *s)
{
    int64_t now = coffer_now(), wake = INT64_MAX;
    CofferRequest *r, *next;

    QTAILQ_FOREACH_SAFE(r, &s->ready, ready, next) {
        if (s->fault.stall || !coffer_running(s)) {
            return;
        }
        if (r->due > now) {
            wake = MIN(wake, r->due);
            continue;
        }
        QTAILQ_REMOVE(&s->ready, r, ready);
        coffer_complete(s, r);
    }
    if (wake < INT64_MAX) {
        timer_mod(&s->slow_timer, wake);
    }
}

bool coffer_send_irq(CofferState *s, unsigned vector)
{
    bool lost = coffer_fault_take(&s->fault.drop_irq);

    trace_coffer_irq(s->serial, vector, lost);
    if (!lost) {
        msix_notify(PCI_DEVICE(s), vector);
    }
    return !lost;
}

static void coffer_queue_interrupt(CofferQueue *q)
{
    unsigned counter = COFFER_REG_QUEUE(q->index) + COFFER_Q_COUNT_IRQ;

    q->unsignalled = 0;
    q->irq_due = false;
    timer_del(&q->irq_timer);
    if (coffer_send_irq(q->s, q->vector)) {
        coffer_reg_set(q->s, counter, coffer_reg(q->s, counter) + 1);
    }
}

/* With a shadow software says for how many it waits; time is what bounds it. */
static void coffer_queue_signal_shadow(CofferQueue *q, uint32_t count, uint32_t us)
{
    bool passed = coffer_shadow_passed(q);
    int64_t deadline = coffer_shadow_deadline(q, us);

    if (!coffer_running(q->s)) {
        return;
    }
    if (!q->unsignalled) {              /* all taken */
        q->irq_due = false;
        timer_del(&q->irq_timer);
    } else if (passed || q->irq_due || (count && q->unsignalled >= count) ||
               coffer_now() >= deadline) {
        coffer_queue_interrupt(q);
    } else {
        timer_mod(&q->irq_timer, deadline);
    }
}

static void coffer_queue_signal(CofferQueue *q)
{
    uint32_t coalesce = coffer_reg(q->s, COFFER_REG_QUEUE(q->index) + COFFER_Q_COALESCE);
    uint32_t count = coalesce & 0xff, us = coalesce >> 16;

    if (!q->enabled || !q->unsignalled) {
        return;
    }
    if (us && q->shadow) {
        coffer_queue_signal_shadow(q, count, us);
        return;
    }
    if (!us || q->irq_due || (count && q->unsignalled >= count)) {
        coffer_queue_interrupt(q);
    } else if (!timer_pending(&q->irq_timer)) {
        timer_mod(&q->irq_timer, coffer_now() + us * SCALE_US);
    }
}

/* One interrupt for all that was completed in this run, if coalescing lets it. */
void coffer_queues_signal(CofferState *s)
{
    unsigned i;

    for (i = 0; i < COFFER_MAX_QUEUES && coffer_running(s); i++) {
        coffer_queue_signal(&s->queue[i]);
    }
}
