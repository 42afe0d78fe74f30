/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Coffer, a hardware security module as a PCI function. What the files of the device share.
 * SPEC.md is the programming manual; what the firmware does is none of this code's business.
 *
 * Locks: everything in CofferState belongs to QEMU's big lock. CofferCard is where firmware
 * threads hand things over: its own lock guards it, and they touch nothing else.
 *
 * DMA and interrupts happen in one guarded bottom half (coffer_work), nowhere else.
 */
#ifndef COFFER_DEVICE_H
#define COFFER_DEVICE_H

#include "qemu/main-loop.h"
#include "qemu/queue.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "compat.h"
#include "fw/include/fw.h"
#include "include/hw/coffer_regs.h"

#define TYPE_COFFER "coffer"
OBJECT_DECLARE_SIMPLE_TYPE(CofferState, COFFER)

#define COFFER_VECTORS          (COFFER_MAX_QUEUES + 1)
#define COFFER_EVQ_MAX          4096
#define COFFER_REG_IMAGE        0x500   /* registers with storage end below */
#define COFFER_MAX_ABORTS       32      /* remembered per queue, of entries not fetched */
#define COFFER_FETCH_BUDGET     256     /* entries per run of the bottom half */
#define COFFER_EVIL_MEMORY      8       /* completions that a hostile card may say again */
#define COFFER_EVIL_LATE_MS     100

typedef struct CofferCard CofferCard;

/* One piece of a payload, as checked. */
typedef struct CofferSegment {
    uint64_t addr;
    uint32_t len;
} CofferSegment;

typedef enum CofferRequestState {
    COFFER_HELD,        /* fetched; the firmware has no room yet */
    COFFER_SUBMITTED,   /* with the firmware, or in the card's list of answers */
    COFFER_READY,       /* answered; in CofferState.ready */
} CofferRequestState;

/*
 * A command from fetch to completion. It lives as long as the firmware may touch it: when a
 * reset takes it away, it is off its queue's list and freed when the firmware lets go.
 */
typedef struct CofferRequest {
    CofferCard *card;
    unsigned queue;
    uint64_t epoch;                     /* of the queue at fetch; another one now: stale */
    CofferRequestState state;
    struct coffer_sqe sqe;              /* the only copy that anybody looks at, CPU order */
    struct fw_request fw;
    uint8_t *req;
    uint8_t *reply;
    unsigned reply_segs;
    CofferSegment reply_seg[COFFER_MAX_SEGMENTS];
    uint16_t status;                    /* enum coffer_tstatus */
    uint32_t verdict;
    uint32_t reply_len;
    int64_t due;                        /* not to be completed before, virtual ns */
    QTAILQ_ENTRY(CofferRequest) next;   /* in CofferQueue.inflight */
    QTAILQ_ENTRY(CofferRequest) ready;  /* in CofferState.ready */
    QSIMPLEQ_ENTRY(CofferRequest) done; /* in the card's list of answers */
} CofferRequest;

typedef QSIMPLEQ_HEAD(CofferRequestList, CofferRequest) CofferRequestList;

typedef struct CofferQueue {
    CofferState *s;
    unsigned index;
    bool enabled;
    /* Latched when the queue is enabled. */
    uint64_t sq_base, cq_base;
    uint64_t shadow;                    /* 0: none, doorbells carry the indices */
    uint32_t size, vector;
    /* Indices into the rings. The device owns sq_head and cq_tail. */
    uint32_t sq_head, sq_tail;
    uint32_t cq_head, cq_tail;
    uint16_t phase;
    uint64_t epoch;
    unsigned outstanding;               /* fetched and not yet completed */
    QTAILQ_HEAD(, CofferRequest) inflight;
    CofferRequest *held;                /* at most one, the last that was fetched */
    uint32_t aborts[COFFER_MAX_ABORTS]; /* tags */
    unsigned n_aborts;
    /* Interrupts. */
    unsigned unsignalled;
    bool irq_due;                       /* whatever COALESCE says */
    int64_t oldest, newest;             /* of what is not signalled; virtual ns */
    QEMUTimer irq_timer;
    /* Shadow only. */
    uint32_t cq_event;                  /* as last read */
    bool armed;                         /* sq_event says sq_event, else none */
    uint32_t sq_event;
    bool progress;                      /* entries or completions since it last had a rest */
    unsigned polls;                     /* looks in a row that found nothing */
} CofferQueue;

typedef struct CofferEventRing {
    bool on;
    uint64_t base;
    uint32_t size;
    uint32_t head, tail;                /* free running */
} CofferEventRing;

/* Knobs of the tests, see SPEC.md 11. */
typedef struct CofferFaults {
    uint32_t drop_irq;
    uint32_t wrong_phase;
    uint32_t wrong_tag;
    uint32_t short_dma;
    uint32_t slow_ms;
    uint32_t evil_seed;
    uint64_t evil_state;
    uint64_t evil_completions;          /* written while hostile */
    struct coffer_cqe evil_said[COFFER_EVIL_MEMORY];    /* as they are true */
    unsigned evil_at;
    bool stall;
    bool all_ones;
    bool link_loss;
    bool fw_panic;
} CofferFaults;

struct CofferState {
    PCIDevice parent_obj;

    char *card_dir;
    char *ped_dir;
    bool has_firmware;
    uint64_t power_cut_at;

    MemoryRegion mmio;
    CofferCard *card;                   /* NULL without firmware */
    uint64_t serial;
    QEMUBH *work;
    QEMUTimer slow_timer;
    QEMUTimer poll_timer;               /* one for the shadows of all queues */

    uint32_t regs[COFFER_REG_IMAGE / 4];
    CofferQueue queue[COFFER_MAX_QUEUES];
    unsigned next_queue;                /* which queue is served first */
    uint64_t epoch;
    uint64_t next_request;              /* name of the next one for the firmware */
    QTAILQ_HEAD(, CofferRequest) ready; /* in the order of their answers */
    CofferEventRing evq;
    bool irq_events;                    /* vector 0 is to be sent */
    CofferFaults fault;
};

/* state.c: does it run? it has work, it is broken */
void coffer_set_fatal(CofferState *s, enum coffer_fatal reason);
bool coffer_running(CofferState *s);    /* enabled, not fatal, on the bus */
void coffer_schedule(CofferState *s);

/* control.c: the controller as a whole */
void coffer_controller_reset(CofferState *s, const char *why);
void coffer_controller_enable(CofferState *s);

/* regs.c: the register file */
typedef enum CofferRegMode { COFFER_RO, COFFER_RW, COFFER_WO } CofferRegMode;

/* What a write sets off, in mmio.c. */
typedef enum CofferRegEffect {
    COFFER_DOES_NOTHING,
    COFFER_DOES_CTRL,
    COFFER_DOES_ABORT,
    COFFER_DOES_EVQ_SIZE,
    COFFER_DOES_EVQ_HEAD,
    COFFER_DOES_QUEUE_CTRL,
    COFFER_DOES_COALESCE,
    COFFER_DOES_SQ_TAIL,
    COFFER_DOES_CQ_HEAD,
} CofferRegEffect;

typedef struct CofferRegister {
    uint16_t offset;        /* in its block */
    uint8_t size;           /* 4 or 8 */
    CofferRegMode mode;
    uint32_t mask;          /* bits that can be written; 64-bit registers: all */
    CofferRegEffect does;
} CofferRegister;

static inline uint32_t coffer_reg(CofferState *s, unsigned offset)
{
    return s->regs[offset / 4];
}

static inline uint64_t coffer_reg64(CofferState *s, unsigned offset)
{
    return s->regs[offset / 4] | (uint64_t)s->regs[offset / 4 + 1] << 32;
}

static inline void coffer_reg_set(CofferState *s, unsigned offset, uint32_t value)
{
    s->regs[offset / 4] = value;
}

void coffer_regs_init(CofferState *s);  /* read-only registers, at realize */
void coffer_regs_reset(CofferState *s);
/* NULL: there is none. @unit: which of several equal blocks. */
const CofferRegister *coffer_reg_find(hwaddr addr, unsigned size, unsigned *unit);

/* mmio.c: accesses to them */
extern const MemoryRegionOps coffer_mmio_ops;

/* request.c */
void coffer_request_free_buffers(CofferRequest *r);
void coffer_request_free(CofferRequest *r);
void coffer_make_ready(CofferState *s, CofferRequest *r);

/* queue.c: rings, from doorbell to firmware */
void coffer_queues_init(CofferState *s);
void coffer_queue_ctrl(CofferQueue *q, bool enable);
void coffer_queue_sq_doorbell(CofferQueue *q, uint32_t tail);
void coffer_queue_cq_doorbell(CofferQueue *q, uint32_t head);
void coffer_queue_move_tail(CofferQueue *q, uint32_t tail); /* may be fatal */
void coffer_queue_move_head(CofferQueue *q, uint32_t head); /* may be fatal */
void coffer_abort_command(CofferState *s, unsigned queue, uint32_t tag);
void coffer_queue_drop(CofferQueue *q); /* forget all that is in flight, wait for nothing */
bool coffer_queues_fetch(CofferState *s);   /* true: there is more to do at once */
uint32_t coffer_queue_cq_room(CofferQueue *q);
void coffer_queue_reset_counters(CofferQueue *q);

/* shadow.c: indices in memory */
void coffer_shadows_look(CofferState *s);
bool coffer_shadows_rest(CofferState *s);   /* true: there is more to do at once */
bool coffer_shadow_passed(CofferQueue *q);
int64_t coffer_shadow_deadline(const CofferQueue *q, uint32_t us);
void coffer_shadows_init(CofferState *s);

/* complete.c: rings, from firmware to interrupt */
void coffer_take_answers(CofferState *s);
void coffer_complete_ready(CofferState *s);
void coffer_queues_signal(CofferState *s);
bool coffer_send_irq(CofferState *s, unsigned vector);  /* false: a knob ate it */

/* dma.c: memory, and nothing but memory */
bool coffer_dma_read(CofferState *s, uint64_t addr, void *buf, uint32_t len);
bool coffer_dma_write(CofferState *s, uint64_t addr, const void *buf, uint32_t len);
bool coffer_dma_store64(CofferState *s, uint64_t addr, uint64_t value);
bool coffer_dma_store32(CofferState *s, uint64_t addr, uint32_t value);
bool coffer_dma_load32(CofferState *s, uint64_t addr, uint32_t *value);
bool coffer_ring_fits(uint64_t base, uint64_t align, uint64_t bytes);
enum coffer_tstatus coffer_request_load(CofferState *s, CofferRequest *r);
bool coffer_reply_store(CofferState *s, CofferRequest *r, uint32_t len);

/* event.c: the event ring */
void coffer_event_ring_set(CofferState *s);
void coffer_event_ring_off(CofferState *s);
void coffer_event_head(CofferState *s, uint32_t head);
void coffer_take_events(CofferState *s);

/* card.c: the firmware behind the function */
CofferCard *coffer_card_open(const char *dir, const char *ped, uint64_t power_cut_at, QEMUBH *bh,
                             Error **errp);
void coffer_card_close(CofferCard *card);   /* at once; the firmware goes down in its own time */
int coffer_card_submit(CofferCard *card, CofferRequest *r);
void coffer_card_cancel(CofferCard *card, CofferRequest *r);
void coffer_card_end_owners(CofferCard *card);
CofferRequest *coffer_card_answer(CofferCard *card);    /* the oldest, or NULL */
bool coffer_card_event(CofferCard *card, struct fw_event *event, uint32_t *lost);
void coffer_card_tamper(CofferCard *card);
bool coffer_card_decommission(CofferCard *card);
bool coffer_card_tampered(CofferCard *card);
uint64_t coffer_card_serial(CofferCard *card);
uint32_t coffer_card_fw_version(CofferCard *card);
uint64_t coffer_card_commands(CofferCard *card);

/* knobs.c: properties that set faults */
void coffer_knobs_init(Object *obj);

/* fault.c: where they strike */
void coffer_fault_cqe(CofferState *s, struct coffer_cqe *cqe);
bool coffer_fault_take(uint32_t *count);

/* evil.c: a hostile card */
void coffer_evil_seed(CofferState *s, uint32_t seed);
uint64_t coffer_evil_register(CofferState *s, uint64_t value, unsigned size);
uint32_t coffer_evil_delay(CofferState *s);
bool coffer_evil_repeats(CofferState *s);
void coffer_evil_cqe(CofferState *s, struct coffer_cqe *cqe);
void coffer_evil_event(CofferState *s, struct coffer_evt *evt);
uint32_t coffer_evil_crowd(CofferState *s);
void coffer_evil_invent(CofferState *s, uint32_t ring_size, struct coffer_cqe *cqe);
uint32_t coffer_evil_index(CofferState *s, uint32_t index);

#endif
