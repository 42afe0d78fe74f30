/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The firmware behind a function. Firmware threads come in here with answers and events, put
 * them into lists under the card's lock and schedule the function's bottom half; they call
 * nothing else of QEMU's. Unplug does not wait: the firmware of a function that is gone
 * is powered off by the card's own thread, and its late answers are freed here.
 */
#include "qemu/osdep.h"
#include "qemu/atomic.h"
#include "qemu/lockable.h"
#include "qapi/error.h"
#include "device.h"

#define COFFER_EVENT_BACKLOG 1024

struct CofferCard {
    QTAILQ_ENTRY(CofferCard) next;      /* in coffer_cards; big lock */
    bool closing;                       /* big lock */
    bool off;                           /* atomic: the keeper has nothing left to do */
    bool has_place;                     /* the folder, by whatever path it is named */
    dev_t place_dev;
    ino_t place_ino;
    char *dir;
    char *ped;                          /* NULL: the folder's own, if it has one */
    uint64_t power_cut_at;

    QemuThread keeper;
    QemuSemaphore opened, close;
    struct fw_card *fw;                 /* these three: the keeper's until it posts opened */
    int error;
    char text[256];

    QemuMutex lock;                     /* guards everything below */
    QEMUBH *bh;                         /* NULL: the function is gone */
    CofferRequestList answers;
    struct fw_event event[COFFER_EVENT_BACKLOG];
    unsigned event_first, event_count;
    uint32_t events_lost;
};

static QTAILQ_HEAD(, CofferCard) coffer_cards = QTAILQ_HEAD_INITIALIZER(coffer_cards);

/* Called by a firmware thread, once for each request that was accepted. */
static void coffer_card_done(void *opaque, uint32_t verdict, uint32_t reply_len)
{
    CofferRequest *r = opaque;
    CofferCard *card = r->card;
    bool gone;

    r->verdict = verdict;
    r->reply_len = MIN(reply_len, r->sqe.reply_len);
    qemu_mutex_lock(&card->lock);
    gone = !card->bh;
    if (!gone) {
        QSIMPLEQ_INSERT_TAIL(&card->answers, r, done);
        qemu_bh_schedule(card->bh);
    }
    qemu_mutex_unlock(&card->lock);
    if (gone) {
        coffer_request_free(r);
    }
}

/* Called by a firmware thread. */
static void coffer_card_happened(void *opaque, const struct fw_event *event)
{
    CofferCard *card = opaque;

    QEMU_LOCK_GUARD(&card->lock);
    if (!card->bh) {
        return;
    }
    if (card->event_count == COFFER_EVENT_BACKLOG) {
        card->events_lost++;
    } else {
        card->event[(card->event_first + card->event_count) % COFFER_EVENT_BACKLOG] = *event;
        card->event_count++;
    }
    qemu_bh_schedule(card->bh);
}

/* From now on nothing reaches the function. */
static void coffer_card_detach(CofferCard *card)
{
    CofferRequest *r;

    qemu_mutex_lock(&card->lock);
    card->bh = NULL;
    qemu_mutex_unlock(&card->lock);
    while ((r = coffer_card_answer(card))) {
        coffer_request_free(r);
    }
}

/*
 * The keeper switches the card on and off. One thread does both, and nothing else, because the
 * firmware's crypto library keeps state per thread that must not outlive the card.
 */
static void *coffer_card_keeper(void *opaque)
{
    CofferCard *card = opaque;
    struct fw_open how = {
        .event = coffer_card_happened,
        .event_opaque = card,
        .ped = card->ped,
        .power_cut_at_write = card->power_cut_at,
    };

    card->error = fw_card_open(card->dir, &how, &card->fw, card->text, sizeof(card->text));
    qemu_sem_post(&card->opened);
    if (card->error >= 0) {
        qemu_sem_wait(&card->close);
        fw_card_close(card->fw);
    }
    qatomic_set(&card->off, true);
    return NULL;
}

static void coffer_card_free(CofferCard *card)
{
    qemu_thread_join(&card->keeper);
    qemu_sem_destroy(&card->opened);
    qemu_sem_destroy(&card->close);
    qemu_mutex_destroy(&card->lock);
    g_free(card->dir);
    g_free(card->ped);
    g_free(card);
}

static void coffer_card_find_place(CofferCard *card)
{
    struct stat st;

    card->has_place = !stat(card->dir, &st);
    if (card->has_place) {
        card->place_dev = st.st_dev;
        card->place_ino = st.st_ino;
    }
}

static bool coffer_card_same_place(const CofferCard *a, const CofferCard *b)
{
    return a->has_place && b->has_place && a->place_dev == b->place_dev &&
           a->place_ino == b->place_ino;
}

/*
 * Free the cards of functions that are gone. @wanted: wait for its folder's until it is off, and
 * for no other; NULL: wait for all.
 */
static void coffer_cards_reap(const CofferCard *wanted)
{
    CofferCard *card, *tmp;

    QTAILQ_FOREACH_SAFE(card, &coffer_cards, next, tmp) {
        if (card->closing &&
            (!wanted || coffer_card_same_place(card, wanted) || qatomic_read(&card->off))) {
            QTAILQ_REMOVE(&coffer_cards, card, next);
            coffer_card_free(card);
        }
    }
}

/*
 * The emulator ends: power every card off in order. Registered after the firmware has started
 * its crypto library, so that it runs before that library's own clean-up.
 */
static void coffer_cards_exit(void)
{
    CofferCard *card;

    QTAILQ_FOREACH(card, &coffer_cards, next) {
        if (!card->closing) {
            coffer_card_close(card);
        }
    }
    coffer_cards_reap(NULL);
}

static void coffer_card_explain(CofferCard *card, Error **errp)
{
    if (card->text[0]) {
        error_setg(errp, "%s", card->text);
    } else {
        error_setg(errp, "%s: %s", card->dir, strerror(-card->error));
    }
}

CofferCard *coffer_card_open(const char *dir, const char *ped, uint64_t power_cut_at, QEMUBH *bh,
                             Error **errp)
{
    static bool registered;
    CofferCard *card = g_new0(CofferCard, 1);

    card->dir = g_strdup(dir);
    card->ped = ped && ped[0] ? g_strdup(ped) : NULL;
    coffer_card_find_place(card);
    /* The card of a function that was just unplugged may be this one. */
    coffer_cards_reap(card);
    qemu_mutex_init(&card->lock);
    qemu_sem_init(&card->opened, 0);
    qemu_sem_init(&card->close, 0);
    QSIMPLEQ_INIT(&card->answers);
    card->bh = bh;
    card->power_cut_at = power_cut_at;
    qemu_thread_create(&card->keeper, "coffer-card", coffer_card_keeper, card,
                       QEMU_THREAD_JOINABLE);
    qemu_sem_wait(&card->opened);
    if (card->error < 0) {
        coffer_card_explain(card, errp);
        coffer_card_free(card);
        return NULL;
    }
    QTAILQ_INSERT_TAIL(&coffer_cards, card, next);
    if (!registered) {
        registered = true;
        atexit(coffer_cards_exit);
    }
    return card;
}

void coffer_card_close(CofferCard *card)
{
    coffer_card_detach(card);
    card->closing = true;
    qemu_sem_post(&card->close);
}

/* 0, or -EBUSY: the firmware has no room, the request is still the caller's. */
int coffer_card_submit(CofferCard *card, CofferRequest *r)
{
    r->fw = (struct fw_request) {
        .owner = r->sqe.owner,
        .tag = r->fw.tag,
        .opcode = r->sqe.opcode,
        .from_driver = true,            /* nobody else can write entries */
        .req_len = r->sqe.req_len,
        .reply_room = r->sqe.reply_len,
        .req = r->req,
        .reply = r->reply,
    };
    return fw_submit(card->fw, &r->fw, coffer_card_done, r);
}

void coffer_card_cancel(CofferCard *card, CofferRequest *r)
{
    fw_cancel(card->fw, r->fw.tag);
}

void coffer_card_end_owners(CofferCard *card)
{
    fw_end_owners(card->fw);
}

CofferRequest *coffer_card_answer(CofferCard *card)
{
    CofferRequest *r;

    QEMU_LOCK_GUARD(&card->lock);
    r = QSIMPLEQ_FIRST(&card->answers);
    if (r) {
        QSIMPLEQ_REMOVE_HEAD(&card->answers, done);
    }
    return r;
}

/* The oldest event, and how many were lost since the last call. False: there is none. */
bool coffer_card_event(CofferCard *card, struct fw_event *event, uint32_t *lost)
{
    QEMU_LOCK_GUARD(&card->lock);
    *lost = card->events_lost;
    card->events_lost = 0;
    if (!card->event_count) {
        return false;
    }
    *event = card->event[card->event_first];
    card->event_first = (card->event_first + 1) % COFFER_EVENT_BACKLOG;
    card->event_count--;
    return true;
}

uint64_t coffer_card_serial(CofferCard *card)
{
    return fw_card_serial(card->fw);
}

uint32_t coffer_card_fw_version(CofferCard *card)
{
    return fw_card_fw_version(card->fw);
}

/* Does not wait for commands. */
void coffer_card_tamper(CofferCard *card)
{
    fw_card_tamper(card->fw);
}

/* Neither does this. False: HSM policy 46 disables it. */
bool coffer_card_decommission(CofferCard *card)
{
    return fw_card_decommission(card->fw);
}

bool coffer_card_tampered(CofferCard *card)
{
    return fw_card_tampered(card->fw);
}

uint64_t coffer_card_commands(CofferCard *card)
{
    return fw_command_count(card->fw);
}
