/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A command between fetch and completion: answered, and freed. */
#include "qemu/osdep.h"
#include "device.h"

/* Wipes what it frees: payloads carry secrets. */
void coffer_request_free_buffers(CofferRequest *r)
{
    if (r->req) {
        explicit_bzero(r->req, r->sqe.req_len);
    }
    if (r->reply) {
        explicit_bzero(r->reply, r->reply_len);
    }
    g_free(r->req);
    g_free(r->reply);
    r->req = r->reply = NULL;
}

void coffer_request_free(CofferRequest *r)
{
    coffer_request_free_buffers(r);
    g_free(r);
}

/* Any context. The request has its status and waits for its completion to be written. */
void coffer_make_ready(CofferState *s, CofferRequest *r)
{
    int64_t late = s->fault.slow_ms;

    if (s->fault.evil_seed) {
        late += coffer_evil_delay(s);
    }
    r->state = COFFER_READY;
    r->due = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + late * SCALE_MS;
    QTAILQ_INSERT_TAIL(&s->ready, r, ready);
}
