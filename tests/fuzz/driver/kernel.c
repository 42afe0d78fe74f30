// SPDX-License-Identifier: BSD-3-Clause
/* The kernel that the driver sees, and what a debug kernel would complain about. */
#include "world.h"

struct world world;
unsigned long jiffies;

/* ---- Locks and context ----------------------------------------------------------------------- */

void might_sleep(void)
{
	fuzz_check(!world.in_irq && !world.locks && !world.irqs_off, "sleeping in atomic context");
}

void stub_lock(struct stub_lock *lock, bool irqs_off, const char *name)
{
	fuzz_check(!lock->held, "%s: taken twice", name);
	fuzz_check(!irqs_off || !world.irqs_off, "%s: _irq with interrupts off", name);
	if (irqs_off)
		world.irqs_off = true;
	lock->in_irq |= world.in_irq;
	lock->irqs_were_on |= !world.irqs_off;
	fuzz_check(!lock->in_irq || !lock->irqs_were_on,
		   "%s: interrupts take it, and it is taken with interrupts on", name);
	lock->held = true;
	world.locks++;
}

void stub_unlock(struct stub_lock *lock, bool irqs_on)
{
	fuzz_check(lock->held, "a lock that is not held is given back");
	lock->held = false;
	world.locks--;
	if (irqs_on)
		world.irqs_off = false;
}

unsigned long stub_irqs_save(void)
{
	bool were = world.irqs_off;

	world.irqs_off = true;
	return were;
}

void stub_irqs_restore(unsigned long flags)
{
	world.irqs_off = flags;
}

void stub_assert_held(const struct stub_lock *lock, const char *name)
{
	fuzz_check(lock->held, "%s is not held", name);
}

void stub_mutex_lock(struct mutex *m, const char *name)
{
	might_sleep();
	fuzz_check(!m->lock.held, "%s: taken twice", name);
	m->lock.held = true;
}

void stub_warn(const char *what)
{
	fuzz_fail("WARN_ON(%s)", what);
}

/* ---- Memory ---------------------------------------------------------------------------------- */

bool world_fails(void)
{
	return world.fail && !--world.fail;
}

void *stub_kzalloc(size_t size, gfp_t gfp)
{
	if (gfp & GFP_KERNEL)
		might_sleep();
	if (world_fails())
		return NULL;
	world.blocks++;
	return calloc(1, size);
}

void kfree(const void *memory)
{
	world.blocks -= memory != NULL;
	free((void *)memory);
}

struct page *alloc_page(gfp_t gfp)
{
	struct page *page;

	if (gfp & GFP_KERNEL)
		might_sleep();
	if (world_fails())
		return NULL;
	page = calloc(1, sizeof(*page));
	page->data = calloc(1, PAGE_SIZE);
	world.pages++;
	return page;
}

void __free_page(struct page *page)
{
	fuzz_check(!page->mapped, "a page is freed that the card may use");
	world.pages--;
	free(page->data);
	free(page);
}

unsigned long copy_to_user(void *to, const void *from, unsigned long n)
{
	might_sleep();
	if (world_fails())
		return n;
	memcpy(to, from, n);
	return 0;
}

unsigned long copy_from_user(void *to, const void *from, unsigned long n)
{
	return copy_to_user(to, from, n);
}

/* ---- DMA ------------------------------------------------------------------------------------- */

void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp)
{
	struct coherent *c = world.area;

	(void)dev;
	if (gfp & GFP_KERNEL)
		might_sleep();
	if (world_fails())
		return NULL;
	while (c->at)
		c++;
	*c = (struct coherent) { calloc(1, size), size };
	world.coherents++;
	*dma = (uintptr_t)c->at;
	return c->at;
}

void dma_free_coherent(struct device *dev, size_t size, void *memory, dma_addr_t dma)
{
	struct coherent *c = world.area;

	(void)dev;
	fuzz_check(!world.enabled || world.mood != MOOD_HONEST,
		   "rings are freed while the card runs");
	while (c->at != memory)
		c++;
	fuzz_check(c->size == size && dma == (uintptr_t)memory, "dma_free_coherent");
	c->at = NULL;
	world.coherents--;
	free(memory);
}

/* The card stores to memory that it was given for good. */
void world_coherent_write(unsigned int area, u32 at, const void *from, size_t len)
{
	struct coherent *c = &world.area[area % ARRAY_SIZE(world.area)];

	if (!c->at)
		return;
	at %= c->size;
	memcpy(c->at + at, from, min(len, c->size - at));
}

void stub_read_once(const volatile void *at, size_t size)
{
	const u8 *byte = (const u8 *)at;
	struct coherent *c;

	if (!world.flips)
		return;
	for (c = world.area; c < world.area + ARRAY_SIZE(world.area); c++)
		if (c->at && byte >= c->at && byte < c->at + c->size)
			c->at[byte - c->at + fuzz_u8(world.in) % size] ^= 0xff;
}

dma_addr_t dma_map_page(struct device *dev, struct page *page, size_t at, size_t len,
			enum dma_data_direction dir)
{
	(void)dev;
	fuzz_check(!page->mapped && !at && len && len <= PAGE_SIZE, "a page is mapped twice");
	if (world_fails())
		return 0;
	page->mapped = dir + 1;
	page->mapped_len = len;
	page->dma = (uintptr_t)page;
	world.maps++;
	return page->dma;
}

int dma_mapping_error(struct device *dev, dma_addr_t dma)
{
	(void)dev;
	return dma ? 0 : -ENOMEM;
}

void dma_unmap_page(struct device *dev, dma_addr_t dma, size_t len, enum dma_data_direction dir)
{
	struct page *page = (struct page *)(uintptr_t)dma;

	(void)dev;
	fuzz_check(page->mapped == (int)dir + 1, "unmapped, and not mapped or another way");
	fuzz_check(page->mapped_len == len, "unmapped %zu bytes of %u", len, page->mapped_len);
	page->mapped = 0;
	world.maps--;
}

/* ---- Registers ------------------------------------------------------------------------------- */

static u32 reg_at(const volatile void *addr)
{
	fuzz_check(!world.removed, "a register access after remove");
	return (uintptr_t)addr - (uintptr_t)world.cd->regs;
}

static u32 honest(u32 at)
{
	switch (at) {
	case COFFER_REG_ID:
		return COFFER_ID_VALUE;
	case COFFER_REG_CTRL:
		return world.enabled;
	case COFFER_REG_STATUS:
		return world.enabled ? COFFER_STATUS_READY : 0;
	default:
		return 0;
	}
}

u32 readl(const volatile void *addr)
{
	u32 at = reg_at(addr);

	switch (world.mood) {
	case MOOD_GONE:
		return U32_MAX;
	case MOOD_RANDOM:
		return fuzz_u8(world.in) & 1 ? fuzz_u32(world.in) : honest(at);
	case MOOD_ZERO:
		return 0;
	case MOOD_FATAL:
		return at == COFFER_REG_STATUS ? COFFER_STATUS_FATAL | 3 << 16 : honest(at);
	default:
		return honest(at);
	}
}

u64 lo_hi_readq(const volatile void *addr)
{
	u64 low = readl(addr);

	return low | (u64)readl((const volatile u8 *)addr + 4) << 32;
}

static void doorbell(u32 at, u32 value)
{
	struct coffer_queue *q = &world.cd->queue[(at - COFFER_REG_SQ_TAIL(0)) / 8];

	fuzz_check(q < world.cd->queue + world.cd->queues && value < q->entries, "a bad doorbell");
	fuzz_check(q->live && q->lock.lock.held, "a doorbell of a queue that is down");
}

static void aborted(u32 value)
{
	struct coffer_queue *q = &world.cd->queue[value >> 16];
	u32 slot = value & 0xffff;

	fuzz_check(q < world.cd->queue + world.cd->queues && slot < q->entries - 1 &&
		   q->slots[slot].call && q->slots[slot].gen == world.abort_gen,
		   "ABORT %08x of nothing", value);
}

void writel(u32 value, volatile void *addr)
{
	u32 at = reg_at(addr);

	if (at == COFFER_REG_CTRL)
		world.enabled = value & 1;
	else if (at == COFFER_REG_ABORT_GEN)
		world.abort_gen = value;
	else if (at == COFFER_REG_ABORT)
		aborted(value);
	else if (at >= COFFER_REG_SQ_TAIL(0))
		doorbell(at, value);
}

void lo_hi_writeq(u64 value, volatile void *addr)
{
	writel(value, addr);
	writel(value >> 32, (volatile u8 *)addr + 4);
}

/* A card that keeps us waiting is polled a few times only, however long the time-out is. */
long stub_poll(long timeout)
{
	jiffies += HZ / 10;
	return timeout / 3 + 1;
}

void pci_set_master(struct pci_dev *pdev)
{
	pdev->master = true;
}

void pci_clear_master(struct pci_dev *pdev)
{
	pdev->master = false;
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

int pci_irq_vector(struct pci_dev *pdev, unsigned int n)
{
	(void)pdev;
	fuzz_check(n < world.cd->vectors, "vector %u of %u", n, world.cd->vectors);
	return n;
}

void enable_irq(unsigned int irq)
{
	fuzz_check(world.irq_depth[irq]-- == 1, "enable_irq() without disable_irq()");
}

void disable_irq(unsigned int irq)
{
	might_sleep();
	fuzz_check(world.irq_depth[irq]++ == 0, "disable_irq() twice");
	if (!irq && world.event_thread) {
		world.event_thread = false;	/* waits for it: it runs to its end */
		world.irq_depth[0]--;
		coffer_event_thread(0, world.cd);
		world.irq_depth[0]++;
	}
}

void irq_wake_thread(unsigned int irq, void *data)
{
	(void)irq, (void)data;
	world.event_thread = true;
}

unsigned int raw_smp_processor_id(void)
{
	return fuzz_u8(world.in);
}

/* ---- Waiting, references --------------------------------------------------------------------- */

void init_completion(struct completion *x)
{
	x->done = x->ended = 0;
}

void reinit_completion(struct completion *x)
{
	x->done = x->ended = 0;
}

void complete(struct completion *x)
{
	fuzz_check(!x->ended, "a command ends twice");
	x->done++;
	x->ended++;
}

void refcount_set(refcount_t *r, int n)
{
	r->n = n;
}

void refcount_inc(refcount_t *r)
{
	fuzz_check(r->n > 0, "a reference to what is gone");
	r->n++;
}

bool refcount_dec_and_test(refcount_t *r)
{
	fuzz_check(r->n > 0, "one reference too many is dropped");
	return !--r->n;
}

void get_device(struct device *dev)
{
	dev->refs++;
}

void put_device(struct device *dev)
{
	fuzz_check(dev->refs-- > 0, "one reference to the device too many is dropped");
}

/* ---- Work ------------------------------------------------------------------------------------ */

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	bool was = work->pending;

	fuzz_check(wq && !world.removed, "work for a queue that is gone");
	work->pending = true;
	return !was;
}

bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
			unsigned long delay)
{
	if (work->work.pending)
		return false;
	work->when = jiffies + delay;
	return queue_work(wq, &work->work);
}

bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long delay)
{
	work->when = jiffies + delay;
	return !queue_work(wq, &work->work);
}

bool cancel_work_sync(struct work_struct *work)
{
	bool was = work->pending;

	work->pending = false;
	return was;
}

bool cancel_delayed_work_sync(struct delayed_work *work)
{
	return cancel_work_sync(&work->work);
}

bool flush_work(struct work_struct *work)
{
	bool was = work->pending;

	if (was) {
		work->pending = false;
		work->fn(work);
	}
	return was;
}

static void run_delayed(struct delayed_work *work)
{
	if (work->work.pending && time_after_eq(jiffies, work->when))
		flush_work(&work->work);
}

void world_works(void)
{
	struct coffer_dev *cd = world.cd;

	run_delayed(&cd->watch_work);
	flush_work(&cd->reset_work);
	flush_work(&cd->dead_work);
	if (world.event_thread && !world.irq_depth[0]) {
		world.event_thread = false;
		coffer_event_thread(0, cd);
	}
	fuzz_check(!world.locks && !world.irqs_off, "a lock is left");
}

bool world_idle(void)
{
	return !world.cd->reset_work.pending && !world.cd->dead_work.pending;
}
