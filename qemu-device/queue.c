/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Submission rings: set-up, indices, fetch, hand-over to the firmware, abort. Register accesses
 * only check and schedule; fetching happens in the bottom half.
 */
#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/log.h"
#include "qemu/host-utils.h"
#include "device.h"
#include "trace.h"

static uint32_t coffer_queue_reg(CofferQueue *q, unsigned offset)
{
    return coffer_reg(q->s, COFFER_REG_QUEUE(q->index) + offset);
}

/* Entries from @from to @to, going forward. */
static uint32_t coffer_ring_distance(const CofferQueue *q, uint32_t from, uint32_t to)
{
    return (to - from) & (q->size - 1);
}

static void coffer_irq_timer(void *opaque)
{
    CofferQueue *q = opaque;

    /* With a shadow the clock decides: software may have taken what was waiting. */
    q->irq_due |= !q->shadow;
    coffer_schedule(q->s);
}

void coffer_queues_init(CofferState *s)
{
    CofferQueue *q;
    unsigned i;

    for (i = 0; i < COFFER_MAX_QUEUES; i++) {
        q = &s->queue[i];
        q->s = s;
        q->index = i;
        QTAILQ_INIT(&q->inflight);
        timer_init_ns(&q->irq_timer, QEMU_CLOCK_VIRTUAL, coffer_irq_timer, q);
    }
}

/* Take a request out of all lists of the function. */
static void coffer_request_unlink(CofferQueue *q, CofferRequest *r)
{
    QTAILQ_REMOVE(&q->inflight, r, next);
    if (r->state == COFFER_READY) {
        QTAILQ_REMOVE(&q->s->ready, r, ready);
    }
}

void coffer_queue_drop(CofferQueue *q)
{
    CofferState *s = q->s;
    CofferRequest *r;

    q->epoch = ++s->epoch;
    while ((r = QTAILQ_FIRST(&q->inflight))) {
        trace_coffer_drop(s->serial, q->index, r->sqe.tag);
        coffer_request_unlink(q, r);
        if (r->state == COFFER_SUBMITTED) {
            /* Its answer is stale by its epoch and will be freed. */
            coffer_card_cancel(s->card, r);
        } else {
            coffer_request_free(r);
        }
    }
    timer_del(&q->irq_timer);
    q->enabled = false;
    q->held = NULL;
    q->outstanding = 0;
    q->n_aborts = 0;
    q->unsignalled = 0;
    q->irq_due = false;
}

static bool coffer_queue_acceptable(CofferQueue *q)
{
    uint64_t size = q->size;

    return is_power_of_2(size) && size >= 2 && size <= COFFER_MAX_ENTRIES &&
           q->vector < COFFER_VECTORS &&
           coffer_ring_fits(q->sq_base, sizeof(struct coffer_sqe),
                            size * sizeof(struct coffer_sqe)) &&
           coffer_ring_fits(q->cq_base, sizeof(struct coffer_cqe),
                            size * sizeof(struct coffer_cqe)) &&
           (!q->shadow || coffer_ring_fits(q->shadow, COFFER_SHADOW_ALIGN,
                                           sizeof(struct coffer_shadow)));
}

void coffer_queue_reset_counters(CofferQueue *q)
{
    coffer_reg_set(q->s, COFFER_REG_QUEUE(q->index) + COFFER_Q_COUNT_CMD, 0);
    coffer_reg_set(q->s, COFFER_REG_QUEUE(q->index) + COFFER_Q_COUNT_IRQ, 0);
}

void coffer_queue_ctrl(CofferQueue *q, bool enable)
{
    CofferState *s = q->s;

    coffer_queue_drop(q);
    if (!enable) {
        return;
    }
    q->sq_base = coffer_reg64(s, COFFER_REG_QUEUE(q->index) + COFFER_Q_SQ_BASE);
    q->cq_base = coffer_reg64(s, COFFER_REG_QUEUE(q->index) + COFFER_Q_CQ_BASE);
    q->shadow = coffer_reg64(s, COFFER_REG_QUEUE(q->index) + COFFER_Q_SHADOW);
    q->size = coffer_queue_reg(q, COFFER_Q_SIZE);
    q->vector = coffer_queue_reg(q, COFFER_Q_VECTOR);
    if (!coffer_queue_acceptable(q)) {
        coffer_set_fatal(s, COFFER_FATAL_BAD_QUEUE);
        return;
    }
    q->sq_head = q->sq_tail = q->cq_head = q->cq_tail = 0;
    q->phase = COFFER_CQE_PHASE;
    /* A shadow full of zeros: tell me about the first entry, and of the first completion. */
    q->cq_event = q->sq_event = 0;
    q->armed = true;
    q->progress = false;
    q->polls = 0;
    q->enabled = true;
    coffer_queue_reset_counters(q);
    if (q->shadow) {
        coffer_schedule(s);
    }
}

/* Does a doorbell count? Queues with a shadow have their indices in memory. */
static bool coffer_doorbell_rung(CofferQueue *q, const char *which, uint32_t index)
{
    trace_coffer_doorbell(q->s->serial, q->index, which, index);
    if (!coffer_running(q->s)) {
        return false;
    }
    if (!q->enabled) {
        coffer_set_fatal(q->s, COFFER_FATAL_BAD_DOORBELL);
        return false;
    }
    coffer_schedule(q->s);
    return !q->shadow;
}

void coffer_queue_sq_doorbell(CofferQueue *q, uint32_t tail)
{
    if (coffer_doorbell_rung(q, "tail", tail)) {
        coffer_queue_move_tail(q, tail);
    }
}

void coffer_queue_cq_doorbell(CofferQueue *q, uint32_t head)
{
    if (coffer_doorbell_rung(q, "head", head)) {
        coffer_queue_move_head(q, head);
    }
}

/* Software says how far it has written, by doorbell or in the shadow. */
void coffer_queue_move_tail(CofferQueue *q, uint32_t tail)
{
    uint32_t waiting = coffer_ring_distance(q, q->sq_head, q->sq_tail);
    uint32_t added = coffer_ring_distance(q, q->sq_tail, tail);

    if (tail >= q->size || waiting + added > q->size - 1) {
        coffer_set_fatal(q->s, COFFER_FATAL_BAD_DOORBELL);
        return;
    }
    q->sq_tail = tail;
}

/* ... and how many completions it has taken. */
void coffer_queue_move_head(CofferQueue *q, uint32_t head)
{
    if (head >= q->size || coffer_ring_distance(q, q->cq_head, head) >
                           coffer_ring_distance(q, q->cq_head, q->cq_tail)) {
        coffer_set_fatal(q->s, COFFER_FATAL_BAD_DOORBELL);
        return;
    }
    q->cq_head = head;
}

/* Completions that can be written before the ring is full. */
uint32_t coffer_queue_cq_room(CofferQueue *q)
{
    return q->size - 1 - coffer_ring_distance(q, q->cq_head, q->cq_tail);
}

static CofferRequest *coffer_queue_lookup(CofferQueue *q, uint32_t tag)
{
    CofferRequest *r;

    QTAILQ_FOREACH(r, &q->inflight, next) {
        if (r->sqe.tag == tag) {
            return r;
        }
    }
    return NULL;
}

static void coffer_queue_abort_later(CofferQueue *q, uint32_t tag)
{
    if (q->n_aborts == COFFER_MAX_ABORTS) {
        memmove(&q->aborts[0], &q->aborts[1], sizeof(q->aborts) - sizeof(q->aborts[0]));
        q->n_aborts--;
    }
    q->aborts[q->n_aborts++] = tag;
}

/* Was an abort waiting for this tag? It counts once. */
static bool coffer_queue_aborted(CofferQueue *q, uint32_t tag)
{
    unsigned i;

    for (i = 0; i < q->n_aborts; i++) {
        if (q->aborts[i] == tag) {
            q->aborts[i] = q->aborts[--q->n_aborts];
            return true;
        }
    }
    return false;
}

void coffer_abort_command(CofferState *s, unsigned queue, uint32_t tag)
{
    const char *outcome = "unknown";
    CofferRequest *r;
    CofferQueue *q;

    if (queue >= COFFER_MAX_QUEUES || !s->queue[queue].enabled || !coffer_running(s)) {
        qemu_log_mask(LOG_GUEST_ERROR, "coffer: abort on queue %u, which is off\n", queue);
        return;
    }
    q = &s->queue[queue];
    r = coffer_queue_lookup(q, tag);
    if (!r && q->sq_head != q->sq_tail) {
        outcome = "not fetched";
        coffer_queue_abort_later(q, tag);
    } else if (r && r->state == COFFER_HELD) {
        outcome = "not begun";
        r->status = COFFER_TS_ABORTED;
        q->held = NULL;
        coffer_make_ready(s, r);
        coffer_schedule(s);
    } else if (r && r->state == COFFER_SUBMITTED) {
        outcome = "cancelled";
        coffer_card_cancel(s->card, r);
    }
    trace_coffer_abort(s->serial, queue, tag, outcome);
}

/* The only look at the entry: what is decided later is decided on this copy. */
static bool coffer_queue_read_entry(CofferQueue *q, struct coffer_sqe *sqe)
{
    struct coffer_sqe raw;

    if (!coffer_dma_read(q->s, q->sq_base + q->sq_head * sizeof(raw), &raw, sizeof(raw))) {
        coffer_set_fatal(q->s, COFFER_FATAL_RING_DMA);
        return false;
    }
    *sqe = (struct coffer_sqe) {
        .opcode = le16_to_cpu(raw.opcode),
        .flags = le16_to_cpu(raw.flags),
        .tag = le32_to_cpu(raw.tag),
        .owner = le64_to_cpu(raw.owner),
        .req_len = le32_to_cpu(raw.req_len),
        .reply_len = le32_to_cpu(raw.reply_len),
        .req_addr = le64_to_cpu(raw.req_addr),
        .reply_addr = le64_to_cpu(raw.reply_addr),
        .req_segs = le16_to_cpu(raw.req_segs),
        .reply_segs = le16_to_cpu(raw.reply_segs),
        .reserved0 = raw.reserved0,
        .reserved1 = { raw.reserved1[0], raw.reserved1[1] },
    };
    return true;
}

/* False: the firmware has no room, the request is held and tried again after an answer. */
static bool coffer_queue_submit(CofferQueue *q, CofferRequest *r)
{
    r->state = COFFER_SUBMITTED;
    if (coffer_card_submit(q->s->card, r) < 0) {
        r->state = COFFER_HELD;
        q->held = r;
        return false;
    }
    q->held = NULL;
    return true;
}

/* Lengths that were refused must not be believed by anything that comes later. */
static void coffer_request_refuse(CofferState *s, CofferRequest *r, enum coffer_tstatus status)
{
    coffer_request_free_buffers(r);
    r->sqe.req_len = r->sqe.reply_len = 0;
    r->status = status;
    coffer_make_ready(s, r);
}

/* Fetch one entry. False: the queue cannot go on now. */
static bool coffer_queue_fetch_one(CofferQueue *q)
{
    CofferState *s = q->s;
    enum coffer_tstatus status;
    CofferRequest *r;

    if (q->held) {
        return coffer_queue_submit(q, q->held);
    }
    if (q->sq_head == q->sq_tail || q->outstanding >= coffer_queue_cq_room(q)) {
        return false;
    }
    r = g_new0(CofferRequest, 1);
    if (!coffer_queue_read_entry(q, &r->sqe)) {
        g_free(r);
        return false;
    }
    q->sq_head = (q->sq_head + 1) & (q->size - 1);
    q->progress = true;
    coffer_reg_set(s, COFFER_REG_QUEUE(q->index) + COFFER_Q_COUNT_CMD,
                   coffer_queue_reg(q, COFFER_Q_COUNT_CMD) + 1);
    r->card = s->card;
    r->queue = q->index;
    r->epoch = q->epoch;
    r->state = COFFER_HELD;
    r->fw.tag = ++s->next_request;
    QTAILQ_INSERT_TAIL(&q->inflight, r, next);
    q->outstanding++;
    trace_coffer_fetch(s->serial, q->index, r->sqe.tag, r->sqe.opcode, r->sqe.owner,
                       r->sqe.req_len, r->sqe.reply_len);

    status = coffer_request_load(s, r);
    if (status == COFFER_TS_OK && coffer_queue_aborted(q, r->sqe.tag)) {
        status = COFFER_TS_ABORTED;
    }
    if (status == COFFER_TS_OK && !s->card) {
        status = COFFER_TS_FW_DOWN;
    }
    if (q->sq_head == q->sq_tail) {
        q->n_aborts = 0;
    }
    if (status != COFFER_TS_OK) {
        coffer_request_refuse(s, r, status);
        return true;
    }
    return coffer_queue_submit(q, r);
}

/* Queues take turns, entry by entry, so that none starves. */
bool coffer_queues_fetch(CofferState *s)
{
    unsigned budget = COFFER_FETCH_BUDGET, idle = 0;
    CofferQueue *q;

    while (idle < COFFER_MAX_QUEUES && budget && coffer_running(s)) {
        q = &s->queue[s->next_queue];
        s->next_queue = (s->next_queue + 1) % COFFER_MAX_QUEUES;
        if (q->enabled && coffer_queue_fetch_one(q)) {
            idle = 0;
            budget--;
        } else {
            idle++;
        }
    }
    return !budget;
}
