/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shadows: indices of a queue in memory, so that neither side has to ring for each entry. All
 * in the bottom half.
 *
 * No entry is ever lost: whenever this side stops looking, either it has stored an event and
 * seen afterwards that there is no new tail (software, which stores its tail before it reads the
 * event, will then see the event), or a timer is running, or an answer of the firmware is due.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "device.h"
#include "trace.h"

#define COFFER_ROOM_POLL_US (COFFER_SHADOW_POLL_US * COFFER_SHADOW_POLLS)

static int64_t coffer_shadow_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static bool coffer_shadow_used(const CofferQueue *q)
{
    return q->enabled && q->shadow;
}

/* Read one word of software's half, once. False: fatal. */
static bool coffer_shadow_load(CofferQueue *q, unsigned at, uint32_t *value)
{
    if (!coffer_dma_load32(q->s, q->shadow + at, value)) {
        coffer_set_fatal(q->s, COFFER_FATAL_RING_DMA);
        return false;
    }
    return true;
}

static void coffer_shadow_load_tail(CofferQueue *q)
{
    uint32_t tail;

    if (coffer_shadow_load(q, offsetof(struct coffer_shadow, sq_tail), &tail)) {
        coffer_queue_move_tail(q, tail);
    }
}

static void coffer_shadow_load_head(CofferQueue *q)
{
    uint32_t head, old = q->cq_head;

    if (coffer_shadow_load(q, offsetof(struct coffer_shadow, cq_head), &head)) {
        coffer_queue_move_head(q, head);
    }
    if (q->cq_head != old) {
        q->oldest = coffer_shadow_now();    /* software is at it: the wait begins anew */
    }
}

/* Take software's indices over, as if it had rung both doorbells. */
void coffer_shadows_look(CofferState *s)
{
    CofferQueue *q;
    unsigned i;

    for (i = 0; i < COFFER_MAX_QUEUES && coffer_running(s); i++) {
        q = &s->queue[i];
        if (!coffer_shadow_used(q)) {
            continue;
        }
        coffer_shadow_load_tail(q);
        /* The entries up to the tail are in memory, and so is the head that made room for them. */
        smp_rmb();
        coffer_shadow_load_head(q);
        coffer_shadow_load(q, offsetof(struct coffer_shadow, cq_event), &q->cq_event);
    }
}

/*
 * Looks that may find nothing before a queue arms. One completion alone is waited for: none, who
 * is in a hurry rings. More than one: more commands are to be expected. No event: very soon.
 */
static unsigned coffer_shadow_polls(const CofferQueue *q)
{
    if (q->cq_event == q->cq_head) {
        return 0;
    }
    return q->cq_event < q->size ? COFFER_SHADOW_POLLS : COFFER_SHADOW_POLLS_SOON;
}

static bool coffer_shadow_store_event(CofferQueue *q, uint32_t index)
{
    CofferState *s = q->s;

    if (s->fault.evil_seed) {
        index = coffer_evil_index(s, index);
    }
    if (!coffer_dma_store32(s, q->shadow + offsetof(struct coffer_shadow, sq_event), index)) {
        coffer_set_fatal(s, COFFER_FATAL_RING_DMA);
        return false;
    }
    return true;
}

/* Look again after so many microseconds, or sooner if somebody else asked for that. */
static void coffer_shadow_poll(CofferQueue *q, unsigned us)
{
    timer_mod_anticipate_ns(&q->s->poll_timer, coffer_shadow_now() + us * SCALE_US);
}

static void coffer_shadow_disarm(CofferQueue *q)
{
    if (q->armed && coffer_shadow_store_event(q, COFFER_NO_EVENT)) {
        q->armed = false;
        trace_coffer_disarm(q->s->serial, q->index);
    }
}

/* Ask for a bell at the next entry. True: it is there already. */
static bool coffer_shadow_arm(CofferQueue *q)
{
    if (q->armed && q->sq_event == q->sq_head) {
        return false;
    }
    if (!coffer_shadow_store_event(q, q->sq_head)) {
        return false;
    }
    q->armed = true;
    q->sq_event = q->sq_head;
    trace_coffer_arm(q->s->serial, q->index, q->sq_head);
    /*
     * Software stores its tail, then reads the event; we have stored the event, now we read the
     * tail. With a full barrier on both sides at least one sees what the other has stored.
     */
    smp_mb();
    coffer_shadow_load_tail(q);
    return q->sq_head != q->sq_tail;
}

static bool coffer_shadow_rest(CofferQueue *q)
{
    bool progress = q->progress;

    q->progress = false;
    if (progress) {
        q->polls = 0;
    }
    if (q->sq_head != q->sq_tail) {
        /* Stopped. An answer brings us back if it is for the firmware's room, ... */
        if (!q->held) {
            coffer_shadow_poll(q, COFFER_ROOM_POLL_US); /* nobody rings when it is the ring's */
        }
        return false;
    }
    if (q->polls < coffer_shadow_polls(q)) {
        coffer_shadow_disarm(q);
        coffer_shadow_poll(q, COFFER_SHADOW_POLL_US);
        return false;
    }
    return coffer_shadow_arm(q);
}

/* All is fetched that can be: how does each queue learn of the next entry? */
bool coffer_shadows_rest(CofferState *s)
{
    bool more = false;
    unsigned i;

    for (i = 0; i < COFFER_MAX_QUEUES && coffer_running(s); i++) {
        if (coffer_shadow_used(&s->queue[i])) {
            more |= coffer_shadow_rest(&s->queue[i]);
        }
    }
    return more;
}

/* Is the completion that software waits for among those that it does not know of? */
bool coffer_shadow_passed(CofferQueue *q)
{
    uint32_t untaken, first;

    /*
     * Software stores cq_event, then looks at the ring once more; the completions are stored,
     * now we read cq_event. Either it sees them, or we see what it waits for.
     */
    smp_mb();
    coffer_shadow_load_head(q);
    if (!coffer_running(q->s) ||
        !coffer_shadow_load(q, offsetof(struct coffer_shadow, cq_event), &q->cq_event)) {
        return false;
    }
    untaken = (q->cq_tail - q->cq_head) & (q->size - 1);
    q->unsignalled = MIN(q->unsignalled, untaken);
    first = q->cq_tail - q->unsignalled;
    return q->cq_event < q->size && ((q->cq_event - first) & (q->size - 1)) < q->unsignalled;
}

/* When software is told in any case, virtual ns. */
int64_t coffer_shadow_deadline(const CofferQueue *q, uint32_t us)
{
    int64_t wait = us * (int64_t)SCALE_US;
    int64_t latest = q->oldest + COFFER_COALESCE_STRETCH * wait;

    return q->cq_event < q->size ? MIN(q->newest + wait, latest) : latest;
}

static void coffer_shadow_poll_timer(void *opaque)
{
    CofferState *s = opaque;
    unsigned i;

    for (i = 0; i < COFFER_MAX_QUEUES; i++) {
        s->queue[i].polls += s->queue[i].polls < COFFER_SHADOW_POLLS_SOON;
    }
    coffer_schedule(s);
}

void coffer_shadows_init(CofferState *s)
{
    timer_init_ns(&s->poll_timer, QEMU_CLOCK_VIRTUAL, coffer_shadow_poll_timer, s);
}
