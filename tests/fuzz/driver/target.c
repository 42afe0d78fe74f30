// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fuzz target `driver`: the driver's inner files against a card that does what an input says. It
 * writes what it likes into rings, events and registers, while commands are submitted, killed,
 * cancelled and late, and the card is reset, parked and removed. What must be true throughout:
 * no slot lost or given twice, each command ended exactly once, no page used or freed while the
 * card may write to it, no register touched after remove; and in the end nothing is left.
 */
#include "world.h"

enum step {
	STEP_SUBMIT, STEP_ANSWER, STEP_ENTRY, STEP_STORE, STEP_IRQ, STEP_EVENT_IRQ, STEP_TIME,
	STEP_WORK, STEP_KILL, STEP_CANCEL, STEP_MOOD, STEP_FLIPS, STEP_FAIL, STEP_RESET,
	STEP_PARK, STEP_UNPARK, STEP_EVENT, STEP_EVENTS, STEP_REPLY, STEP_REAP, STEP_COUNT,
};

#define STEPS_MAX 400
#define FILES 3
#define CALLS 48

static struct coffer_file *files[FILES];
static struct waiter {
	struct coffer_call *call;	/* NULL: free */
} waiters[CALLS];
static struct {
	unsigned int cq_tail;
	u16 phase;
	u64 epoch;
} card[COFFER_QPAIRS];
static u64 card_epoch;
static u32 card_evq_tail;

void coffer_netlink_event(struct coffer_dev *cd, const struct coffer_event *ev)
{
	(void)cd, (void)ev;
	might_sleep();
}

void coffer_owner_close_work(struct work_struct *work)
{
	(void)work;
}

/* ---- What must always be true ---------------------------------------------- */

static bool mapped(const struct coffer_buf *buf)
{
	unsigned int i;

	for (i = 0; i < buf->pages; i++)
		if (buf->page[i]->mapped)
			return true;
	return false;
}

static void queue_is_whole(struct coffer_queue *q, unsigned int held[FILES])
{
	unsigned int i, f, busy = 0;

	for (i = 0; i < q->entries - 1; i++) {
		struct coffer_call *call = q->slots[i].call;

		if (!call)
			continue;
		busy++;
		fuzz_check(call->slot == (int)i && call->queue == q, "slot %u is somebody's", i);
		fuzz_check(refcount_read(&call->refs) > 0, "slot %u has a dead command", i);
		for (f = 0; f < FILES; f++)
			held[f] += call->file == files[f];
	}
	fuzz_check(busy == q->busy, "%u slots are taken, %u are counted", busy, q->busy);
}

static void all_is_whole(void)
{
	struct coffer_dev *cd = world.cd;
	unsigned int i, f;

	fuzz_check(!world.locks && !world.irqs_off, "a lock is left");
	for (i = 0; i < cd->queues; i++) {
		unsigned int held[FILES] = { 0 }, most = max(1u, (cd->queue[i].entries - 2) / 2);

		queue_is_whole(&cd->queue[i], held);
		for (f = 0; f < FILES; f++) {
			fuzz_check(held[f] == files[f]->held[i], "file %u: slots held", f);
			fuzz_check(held[f] <= most, "file %u has %u slots", f, held[f]);
		}
	}
}

/* ---- Commands ---------------------------------------------- */

/* Pages that come from the pool carry nothing of their last use. */
static void is_wiped(const struct coffer_buf *buf)
{
	static const u8 zero[PAGE_SIZE];
	unsigned int i;

	for (i = 0; i < buf->pages; i++)
		fuzz_check(!memcmp(buf->page[i]->data, zero, PAGE_SIZE), "a page is not wiped");
}

static u32 any_length(struct fuzz_input *in, u32 most)
{
	u8 kind = fuzz_u8(in);

	return min(kind < 0xf0 ? kind : (kind - 0xefu) * 4096u, most);
}

static void step_submit(struct fuzz_input *in)
{
	const struct coffer_row *row = coffer_table_row(fuzz_u8(in) % coffer_table_size());
	struct coffer_dev *cd = world.cd;
	u8 kind = fuzz_u8(in);
	struct coffer_file *file = kind % 4 == FILES ? NULL : files[kind % 4];
	struct coffer_call *call;
	unsigned int n = 0;

	while (n < CALLS && waiters[n].call)
		n++;
	if (n == CALLS)
		return;
	call = coffer_call_alloc(cd, file, row, any_length(in, COFFER_MAX_PAYLOAD),
				 any_length(in, COFFER_MAX_PAYLOAD));
	if (!call)
		return;
	is_wiped(&call->req);
	is_wiped(&call->reply);
	call->epoch = kind & 4 ? cd->epoch - 1 : cd->epoch;
	call->timeout_ms = kind & 8 ? fuzz_u16(in) : 0;
	call->reserved = !file && kind & 16;
	if (coffer_queue_submit(call->queue, call)) {
		fuzz_check(call->slot < 0 && refcount_read(&call->refs) == 1, "refused, and taken");
		fuzz_check(!mapped(&call->req) && !mapped(&call->reply), "refused, and mapped");
		coffer_call_put(call);
		return;
	}
	waiters[n].call = call;
}

/* Waiters whose command has ended look at it and let go. */
static void reap(void)
{
	struct coffer_call *call;
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		call = waiters[i].call;
		if (!call || !call->done.done)
			continue;
		fuzz_check(call->slot < 0 || call->released, "ended, and with the card");
		fuzz_check(call->released || (!mapped(&call->req) && !mapped(&call->reply)),
			   "ended, and mapped");
		fuzz_check(call->error <= 0 && call->reply_len <= call->reply.len,
			   "a reply of %u bytes in %u", call->reply_len, call->reply.len);
		waiters[i].call = NULL;
		coffer_call_put(call);
	}
}

static struct waiter *nth_waiter(unsigned int n)
{
	unsigned int i;

	for (i = 0; i < CALLS; i++)
		if (waiters[(n + i) % CALLS].call)
			return &waiters[(n + i) % CALLS];
	return NULL;
}

static void step_kill(struct fuzz_input *in, bool leave)
{
	struct waiter *w = nth_waiter(fuzz_u8(in));

	if (!w)
		return;
	WRITE_ONCE(w->call->cancelled, true);
	coffer_queue_abort(w->call->queue, w->call);
	if (leave) {
		coffer_call_put(w->call);
		w->call = NULL;
	}
}

/* ---- The card ---------------------------------------------- */

static void card_follow(void)
{
	unsigned int i;

	if (card_epoch == world.cd->epoch)
		return;
	card_epoch = world.cd->epoch;
	card_evq_tail = 0;
	for (i = 0; i < COFFER_QPAIRS; i++) {
		card[i].cq_tail = 0;
		card[i].phase = 1;
	}
}

static void card_complete(unsigned int n, struct coffer_cqe cqe)
{
	struct coffer_queue *q = &world.cd->queue[n];

	card_follow();
	cqe.phase ^= card[n].phase;
	q->cq[card[n].cq_tail] = cqe;
	card[n].cq_tail = (card[n].cq_tail + 1) & (q->entries - 1);
	if (!card[n].cq_tail)
		card[n].phase ^= 1;
}

/* A good completion of one of the commands that are out, but for its status and length. */
static void step_answer(struct fuzz_input *in)
{
	unsigned int n = fuzz_u8(in) % world.cd->queues, i, slot, start = fuzz_u8(in);
	struct coffer_queue *q = &world.cd->queue[n];
	u8 status = fuzz_u8(in);

	for (i = 0; i < q->entries - 1; i++) {
		slot = (start + i) % (q->entries - 1);
		if (!q->slots[slot].call)
			continue;
		card_complete(n, (struct coffer_cqe) {
			.tag = COFFER_TAG(slot, q->slots[slot].gen),
			.status = status < 0x80 ? 0 : status & 15,
			.reply_len = fuzz_u8(in), .verdict = fuzz_u8(in),
		});
		return;
	}
}

/* Anything at all, where the driver looks next. */
static void step_entry(struct fuzz_input *in)
{
	unsigned int n = fuzz_u8(in) % world.cd->queues;
	u8 kind = fuzz_u8(in);

	card_complete(n, (struct coffer_cqe) {
		.tag = kind & 1 ? fuzz_u32(in) : COFFER_TAG(fuzz_u8(in), fuzz_u8(in)),
		.status = kind & 2 ? fuzz_u16(in) : 0,
		.reply_len = kind & 4 ? fuzz_u32(in) : 0,
		.verdict = kind & 8 ? (u32)COFFER_ST_CANCEL : 0,
		.phase = kind & 16 ? fuzz_u16(in) : 0,
	});
}

static void step_store(struct fuzz_input *in)
{
	u8 area = fuzz_u8(in), bytes[16];
	u32 at = fuzz_u16(in);
	unsigned int i, len = fuzz_u8(in) % sizeof(bytes) + 1;

	for (i = 0; i < len; i++)
		bytes[i] = fuzz_u8(in);
	world_coherent_write(area, at, bytes, len);
}

static void step_event(struct fuzz_input *in)
{
	struct coffer_evt *evt;
	static u64 seq;
	u8 kind = fuzz_u8(in);

	card_follow();
	evt = &world.cd->evq[card_evq_tail % COFFER_RING_EVENTS];
	evt->seq = kind & 1 ? fuzz_bytes(in, 8) : ++seq;
	evt->type = fuzz_u8(in);
	evt->phase = !(card_evq_tail / COFFER_RING_EVENTS & 1) ^ (kind & 2);
	card_evq_tail++;
}

/* The card writes the reply of a command that it has. */
static void step_reply(struct fuzz_input *in)
{
	struct waiter *w = nth_waiter(fuzz_u8(in));
	struct page *page;

	if (!w || !w->call->reply.pages)
		return;
	page = w->call->reply.page[fuzz_u8(in) % w->call->reply.pages];
	if (page->mapped == DMA_FROM_DEVICE + 1)
		memset(page->data, 0xa5, page->mapped_len);
}

/* ---- Interrupts, events, life ---------------------------------------------- */

/* What the ring says and which slots are taken, before the driver looks. */
struct before {
	u32 tag[64];
	unsigned int tags;
	u32 out[64];			/* tags of the commands that are out */
	struct coffer_call *call[64];
};

static void look_before(const struct coffer_queue *q, struct before *b)
{
	unsigned int i, at = q->cq_head;
	u16 phase = q->phase;

	for (b->tags = 0; b->tags < q->entries && (q->cq[at].phase & 1) == phase; b->tags++) {
		b->tag[b->tags] = q->cq[at].tag;
		at = (at + 1) & (q->entries - 1);
		phase ^= !at;
	}
	for (i = 0; i < q->entries - 1; i++) {
		b->call[i] = q->slots[i].call;
		b->out[i] = COFFER_TAG(i, q->slots[i].gen);
	}
}

/* Only a completion with all of its tag ends a command. */
static void look_after(const struct coffer_queue *q, const struct before *b)
{
	unsigned int i, n;

	for (i = 0; i < q->entries - 1; i++) {
		if (!b->call[i] || q->slots[i].call)
			continue;
		for (n = 0; n < b->tags && b->tag[n] != b->out[i]; n++)
			;
		fuzz_check(n < b->tags, "tag %08x is ended by another's completion", b->out[i]);
	}
}

static void interrupt(unsigned int vector)
{
	static struct before before[COFFER_QPAIRS];
	unsigned int i;
	struct coffer_dev *cd = world.cd;
	irqreturn_t said;

	vector %= cd->vectors;
	if (world.irq_depth[vector])
		return;
	for (i = 0; i < cd->queues; i++)
		look_before(&cd->queue[i], &before[i]);
	world.in_irq = world.irqs_off = true;
	if (vector)
		said = coffer_queue_irq(vector, &cd->queue[vector - 1]);
	else if (cd->vectors == 1)
		said = coffer_event_shared_irq(0, cd);
	else
		said = coffer_event_irq(0, cd);
	world.in_irq = world.irqs_off = false;
	for (i = 0; i < cd->queues && !world.flips; i++)
		look_after(&cd->queue[i], &before[i]);
	if (said == IRQ_WAKE_THREAD)
		world.event_thread = true;
}

static void step_events(struct fuzz_input *in)
{
	struct coffer_file *file = files[fuzz_u8(in) % FILES];
	u8 kind = fuzz_u8(in);
	struct coffer_event room[16];
	struct coffer_events arg = {
		.size = sizeof(arg), .flags = kind & 1 ? fuzz_u8(in) : 0,
		.since = kind & 2 ? fuzz_u16(in) : 0, .events = (uintptr_t)room,
		.count = fuzz_u8(in) % (ARRAY_SIZE(room) + 1),
	};
	u32 most = arg.count;

	coffer_event_pending(file);
	if (!coffer_ioctl_events(file, &arg))
		fuzz_check(arg.count <= most, "%u events in room for %u", arg.count, most);
}

static void step(struct fuzz_input *in)
{
	struct coffer_dev *cd = world.cd;

	switch ((enum step)(fuzz_u8(in) % STEP_COUNT)) {
	case STEP_SUBMIT:
		step_submit(in);
		break;
	case STEP_ANSWER:
		step_answer(in);
		break;
	case STEP_ENTRY:
		step_entry(in);
		break;
	case STEP_STORE:
		step_store(in);
		break;
	case STEP_IRQ:
		interrupt(fuzz_u8(in));
		break;
	case STEP_EVENT_IRQ:
		interrupt(0);
		break;
	case STEP_TIME:
		jiffies += fuzz_u16(in);
		break;
	case STEP_WORK:
		world_works();
		break;
	case STEP_KILL:
		step_kill(in, true);
		break;
	case STEP_CANCEL:
		step_kill(in, false);
		break;
	case STEP_MOOD:
		world.mood = fuzz_u8(in) % MOOD_COUNT;
		break;
	case STEP_FLIPS:
		world.flips = fuzz_u8(in) & 1;
		break;
	case STEP_FAIL:
		world.fail = fuzz_u8(in);
		break;
	case STEP_RESET:
		coffer_ctrl_reset(cd, COFFER_WHY_USER);
		break;
	case STEP_PARK:
		coffer_ctrl_park(cd, COFFER_WHY_POWER);
		break;
	case STEP_UNPARK:
		coffer_ctrl_unpark(cd);
		break;
	case STEP_EVENT:
		step_event(in);
		break;
	case STEP_EVENTS:
		step_events(in);
		break;
	case STEP_REPLY:
		step_reply(in);
		break;
	case STEP_REAP:
		reap();
		break;
	default:
		break;
	}
}

/* ---- Beginning and end ---------------------------------------------- */

/* What probe does, as far as these files need it. */
static bool set_up(struct coffer_dev *cd, unsigned int queues, unsigned int vectors,
		   unsigned int entries)
{
	static struct workqueue_struct wq;
	static struct pci_dev pdev;
	static u8 bar[COFFER_BAR_REGS_SIZE];
	unsigned int i;
	int rc = 0;

	pdev = (struct pci_dev) { .master = false };
	cd->pdev = &pdev;
	cd->regs = bar;
	cd->wq = &wq;
	cd->vectors = vectors;
	cd->max_payload = COFFER_MAX_PAYLOAD;
	cd->ready_ms = 1000;
	spin_lock_init(&cd->state_lock);
	spin_lock_init(&cd->abort_lock);
	spin_lock_init(&cd->close_lock);
	mutex_init(&cd->ctrl_mutex);
	init_waitqueue_head(&cd->state_wait);
	init_llist_head(&cd->dead_calls);
	INIT_WORK(&cd->reset_work, coffer_reset_work);
	INIT_WORK(&cd->dead_work, coffer_dead_work);
	INIT_DELAYED_WORK(&cd->watch_work, coffer_watch_work);
	coffer_pool_init(&cd->pool);
	coffer_event_init(cd);
	for (i = 0; i < VECTORS; i++)
		world.irq_depth[i] = 1;
	cd->queues = queues;
	for (i = 0; i < queues && !rc; i++)
		rc = coffer_queue_init(&cd->queue[i], cd, i, entries, vectors > 1 ? i + 1 : 0);
	cd->evq = dma_alloc_coherent(&pdev.dev, COFFER_RING_EVENTS * sizeof(*cd->evq),
				     &cd->evq_dma, GFP_KERNEL);
	for (i = 0; i < FILES; i++)
		files[i] = coffer_file_alloc(cd);
	return !rc && cd->evq && files[0] && files[1] && files[2];
}

/* Time passes, and everything that is due happens: every command has to end. */
static void settle(void)
{
	struct coffer_dev *cd = world.cd;
	unsigned int i, round;

	world.fail = 0;
	world.flips = false;
	coffer_ctrl_unpark(cd);
	for (round = 0; round < 64; round++) {
		jiffies += 60 * HZ;
		world_works();
		all_is_whole();
	}
	fuzz_check(cd->state == COFFER_DEV_LIVE || cd->state == COFFER_DEV_FAILED ||
		   cd->state == COFFER_DEV_DEAD, "the card ends as %u", cd->state);
	for (i = 0; i < CALLS; i++)
		fuzz_check(!waiters[i].call || waiters[i].call->done.done, "a waiter is forgotten");
	for (i = 0; i < cd->queues; i++)
		fuzz_check(!cd->queue[i].busy, "a slot is lost");
}

static void take_down(struct coffer_dev *cd)
{
	unsigned int i;

	mutex_lock(&cd->ctrl_mutex);
	coffer_set_state(cd, COFFER_DEV_REMOVING);
	coffer_ctrl_disable(cd, -ENODEV);
	coffer_set_state(cd, COFFER_DEV_DEAD);
	mutex_unlock(&cd->ctrl_mutex);
	fuzz_check(!world.maps, "%ld pages are mapped after remove", world.maps);
	for (i = 0; i < VECTORS; i++)
		fuzz_check(world.irq_depth[i] == 1, "an interrupt is on after remove");
	cancel_work_sync(&cd->reset_work);
	cancel_delayed_work_sync(&cd->watch_work);
	flush_work(&cd->dead_work);
	world.removed = true;
	reap();
	for (i = 0; i < CALLS; i++)
		fuzz_check(!waiters[i].call, "a waiter waits for a card that is gone");
	for (i = 0; i < cd->queues; i++)
		coffer_queue_destroy(&cd->queue[i]);
	dma_free_coherent(&cd->pdev->dev, COFFER_RING_EVENTS * sizeof(*cd->evq), cd->evq,
			  cd->evq_dma);
	for (i = 0; i < FILES; i++)
		coffer_file_put(files[i]);
	coffer_pool_drain(&cd->pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, data + size };
	u8 shape = fuzz_u8(&in);
	unsigned int queues = 1 + (shape & 1), steps;

	world = (struct world) { .in = &in, .cd = calloc(1, sizeof(struct coffer_dev)) };
	jiffies = shape & 2 ? -(unsigned long)HZ : 1000;	/* soon to wrap */
	card_epoch = 0;
	if (!set_up(world.cd, queues, shape & 4 ? 1 : queues + 1, 4u << (shape >> 3) % 5))
		fuzz_fail("set-up");
	coffer_ctrl_boot(world.cd);
	for (steps = 0; steps < STEPS_MAX && fuzz_more(&in); steps++) {
		step(&in);
		all_is_whole();
	}
	settle();
	take_down(world.cd);
	fuzz_check(!world.blocks && !world.pages && !world.coherents, "left: %ld %ld %ld",
		   world.blocks, world.pages, world.coherents);
	fuzz_check(!world.cd->dev.refs, "references to the device are left");
	free(world.cd);
	return 0;
}

/* ---- Seeds ---------------------------------------------- */

static void seed_rounds(struct fuzz_seed *s, unsigned int rounds)
{
	while (rounds--) {
		seed_put(s, STEP_SUBMIT | 1 << 8, 3), seed_put(s, 5 | 8 << 8, 3);
		seed_put(s, STEP_SUBMIT | 2 << 8, 3), seed_put(s, 0xf2 | 0xf3 << 8, 3);
		seed_put(s, STEP_ANSWER, 3), seed_put(s, 0, 1), seed_put(s, 4, 2);
		seed_put(s, STEP_IRQ, 1), seed_put(s, 1, 1), seed_put(s, STEP_REAP, 1);
		seed_put(s, STEP_ANSWER, 3), seed_put(s, 0, 1), seed_put(s, 0, 2);
		seed_put(s, STEP_IRQ, 1), seed_put(s, 1, 1), seed_put(s, STEP_REAP, 1);
	}
}

void fuzz_seeds(struct fuzz_seed *s)
{
	static const u8 odd[] = { STEP_KILL, STEP_CANCEL, STEP_RESET, STEP_PARK, STEP_MOOD,
				  STEP_FLIPS, STEP_FAIL, STEP_TIME, STEP_ENTRY, STEP_EVENT };
	unsigned int i, shape;
	char name[32];

	for (shape = 0; shape < 40; shape += 7) {
		seed_put(s, shape, 1);
		seed_rounds(s, 4);
		snprintf(name, sizeof(name), "rounds-%u", shape);
		fuzz_seed_save(s, name);
	}
	for (i = 0; i < sizeof(odd); i++) {
		seed_put(s, 16, 1);
		seed_rounds(s, 1);
		seed_put(s, STEP_SUBMIT | 1 << 8, 3), seed_put(s, 5 | 8 << 8, 3);
		seed_put(s, odd[i], 1), seed_put(s, 0x0101, 2);
		seed_put(s, STEP_EVENT_IRQ, 1), seed_put(s, STEP_WORK, 1);
		seed_put(s, STEP_TIME, 1), seed_put(s, 60000, 2), seed_put(s, STEP_WORK, 1);
		seed_put(s, STEP_UNPARK, 1);
		seed_rounds(s, 1);
		seed_put(s, STEP_EVENTS, 1), seed_put(s, 8 << 16, 3);
		snprintf(name, sizeof(name), "odd-%u", i);
		fuzz_seed_save(s, name);
	}
}
