/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event ring: what happens on the card, told to whoever listens. Events are hints, so a
 * full ring loses them and says how many.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "device.h"
#include "trace.h"

void coffer_event_ring_off(CofferState *s)
{
    s->evq = (CofferEventRing) { .on = false };
}

/* Take the ring over from the registers, from index 0. */
void coffer_event_ring_set(CofferState *s)
{
    uint32_t size = coffer_reg(s, COFFER_REG_EVQ_SIZE);
    uint64_t base = coffer_reg64(s, COFFER_REG_EVQ_BASE);

    coffer_event_ring_off(s);
    coffer_reg_set(s, COFFER_REG_EVQ_HEAD, 0);
    coffer_reg_set(s, COFFER_REG_EVQ_DROPPED, 0);
    if (!size) {
        return;
    }
    if (!is_power_of_2(size) || size < 2 || size > COFFER_EVQ_MAX ||
        !coffer_ring_fits(base, sizeof(struct coffer_evt), size * sizeof(struct coffer_evt))) {
        coffer_set_fatal(s, COFFER_FATAL_BAD_EVQ);
        return;
    }
    s->evq.on = true;
    s->evq.base = base;
    s->evq.size = size;
}

void coffer_event_head(CofferState *s, uint32_t head)
{
    if (!s->evq.on || !coffer_running(s)) {
        return;
    }
    if (head - s->evq.head > s->evq.tail - s->evq.head) {
        coffer_set_fatal(s, COFFER_FATAL_BAD_EVQ);
        return;
    }
    s->evq.head = head;
}

static void coffer_event_dropped(CofferState *s, uint32_t count)
{
    uint32_t dropped = coffer_reg(s, COFFER_REG_EVQ_DROPPED);

    coffer_reg_set(s, COFFER_REG_EVQ_DROPPED, MIN((uint64_t)dropped + count, UINT32_MAX));
}

static bool coffer_event_write(CofferState *s, const struct coffer_evt *evt)
{
    CofferEventRing *ring = &s->evq;
    uint64_t at = ring->base + (ring->tail & (ring->size - 1)) * sizeof(*evt);
    struct coffer_evt raw = {
        .seq = cpu_to_le64(evt->seq),
        .time_ms = cpu_to_le64(evt->time_ms),
        .arg = cpu_to_le64(evt->arg),
    };
    uint64_t last = evt->partition | (uint64_t)evt->type << 32 | (uint64_t)evt->phase << 48;
    bool good = coffer_dma_write(s, at, &raw, 24);

    /* The phase makes the entry whole: the rest must be visible before it. */
    smp_wmb();
    if (!good || !coffer_dma_store64(s, at + 24, last)) {
        coffer_set_fatal(s, COFFER_FATAL_RING_DMA);
        return false;
    }
    ring->tail++;
    return true;
}

static void coffer_event_deliver(CofferState *s, const struct fw_event *event)
{
    CofferEventRing *ring = &s->evq;
    struct coffer_evt evt = {
        .seq = event->seq,
        .time_ms = event->time_ms,
        .arg = event->arg,
        .partition = event->partition,
        .type = event->type,
        .phase = ring->size && (ring->tail & ring->size) ? 0 : 1,
    };

    if (ring->tail - ring->head >= ring->size) {
        trace_coffer_event_lost(s->serial, event->seq);
        coffer_event_dropped(s, 1);
        return;
    }
    if (s->fault.evil_seed) {
        coffer_evil_event(s, &evt);
    }
    if (coffer_event_write(s, &evt)) {
        trace_coffer_event(s->serial, event->seq, event->type, event->partition);
        s->irq_events = true;
    }
}

/* Without a ring nobody asked for events: they are forgotten, not counted. */
void coffer_take_events(CofferState *s)
{
    struct fw_event event;
    uint32_t lost;
    bool more = s->card != NULL;

    while (more) {
        more = coffer_card_event(s->card, &event, &lost);
        if (!s->evq.on || !coffer_running(s)) {
            continue;
        }
        coffer_event_dropped(s, lost);
        if (more) {
            coffer_event_deliver(s, &event);
        }
        if (more && s->fault.evil_seed && coffer_evil_repeats(s)) {
            coffer_event_deliver(s, &event);
        }
    }
}
