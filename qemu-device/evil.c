/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hostile card, for tests of drivers: what it says in registers, completions and events is
 * often random or just beyond what is allowed, said twice, or said late. It is the same for the
 * same seed and the same accesses. It lies, but it keeps to its rings: memory that nobody gave
 * it stays untouched.
 */
#include "qemu/osdep.h"
#include "device.h"
#include "trace.h"

void coffer_evil_seed(CofferState *s, uint32_t seed)
{
    s->fault.evil_seed = seed;
    s->fault.evil_state = seed * 0x9e3779b97f4a7c15ull + 1;
    s->fault.evil_at = 0;
    memset(s->fault.evil_said, 0, sizeof(s->fault.evil_said));
}

/* xorshift64: the state is never zero. */
static uint64_t coffer_evil_random(CofferState *s)
{
    uint64_t x = s->fault.evil_state;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    s->fault.evil_state = x ? x : 1;
    return x;
}

static bool coffer_evil_one_in(CofferState *s, unsigned n)
{
    return (coffer_evil_random(s) >> 20) % n == 0;
}

/* A value that drivers are known to trip over. */
static uint64_t coffer_evil_value(CofferState *s, uint64_t truth)
{
    switch ((coffer_evil_random(s) >> 24) % 8) {
    case 0:
        return 0;
    case 1:
        return UINT64_MAX;
    case 2:
        return truth + 1;
    case 3:
        return truth - 1;
    case 4:
        return 0x8000000080008000ull;
    case 5:
        return truth ^ (1ull << (coffer_evil_random(s) >> 30) % 64);
    case 6:
        return (coffer_evil_random(s) >> 16) % (2 * COFFER_MAX_PAYLOAD);
    default:
        return coffer_evil_random(s);
    }
}

/* Most reads are honest, else no driver would come far enough to be tested. */
uint64_t coffer_evil_register(CofferState *s, uint64_t value, unsigned size)
{
    if (coffer_evil_one_in(s, 16)) {
        value = coffer_evil_value(s, value);
    }
    return value & MAKE_64BIT_MASK(0, size * 8);
}

/* How much later a completion comes, in ms: those behind it overtake it. */
uint32_t coffer_evil_delay(CofferState *s)
{
    return coffer_evil_one_in(s, 64) ? 1 + (coffer_evil_random(s) >> 16) % COFFER_EVIL_LATE_MS : 0;
}

void coffer_evil_cqe(CofferState *s, struct coffer_cqe *cqe)
{
    s->fault.evil_said[s->fault.evil_at++ % COFFER_EVIL_MEMORY] = *cqe;
    if (coffer_evil_one_in(s, 8)) {
        cqe->verdict = coffer_evil_value(s, cqe->verdict);
    }
    if (coffer_evil_one_in(s, 4)) {
        cqe->reply_len = coffer_evil_value(s, cqe->reply_len);
    }
    if (coffer_evil_one_in(s, 4)) {
        cqe->tag = coffer_evil_value(s, cqe->tag);
    }
    if (coffer_evil_one_in(s, 4)) {
        cqe->status = coffer_evil_value(s, cqe->status);
    }
    if (coffer_evil_one_in(s, 16)) {
        cqe->phase = coffer_evil_value(s, cqe->phase);
    }
}

/* Is the event told a second time? */
bool coffer_evil_repeats(CofferState *s)
{
    return coffer_evil_one_in(s, 8);
}

void coffer_evil_event(CofferState *s, struct coffer_evt *evt)
{
    if (coffer_evil_one_in(s, 2)) {
        evt->seq = coffer_evil_value(s, evt->seq);
    }
    if (coffer_evil_one_in(s, 4)) {
        evt->partition = coffer_evil_value(s, evt->partition);
    }
    if (coffer_evil_one_in(s, 4)) {
        evt->type = coffer_evil_value(s, evt->type);
    }
    evt->arg = coffer_evil_value(s, evt->arg);
}

/* An index that is told to software. */
uint32_t coffer_evil_index(CofferState *s, uint32_t index)
{
    return coffer_evil_one_in(s, 8) ? coffer_evil_value(s, index) : index;
}

/* How many to add: mostly none, sometimes one, now and then as many as there is room for. */
uint32_t coffer_evil_crowd(CofferState *s)
{
    if (!coffer_evil_one_in(s, 4)) {
        return 0;
    }
    return coffer_evil_one_in(s, 16) ? UINT32_MAX : 1;
}

/* One of the latest completions, of whatever queue, again; or one of no command. */
void coffer_evil_invent(CofferState *s, uint32_t ring_size, struct coffer_cqe *cqe)
{
    uint16_t phase = cqe->phase;

    if (coffer_evil_one_in(s, 2)) {
        *cqe = s->fault.evil_said[(coffer_evil_random(s) >> 16) % COFFER_EVIL_MEMORY];
        cqe->phase = phase;
        return;
    }
    cqe->tag = COFFER_TAG((coffer_evil_random(s) >> 16) % ring_size,
                          (coffer_evil_random(s) >> 16) % 4);
    cqe->reply_len = coffer_evil_value(s, 0);
    cqe->verdict = coffer_evil_value(s, 0);
}
