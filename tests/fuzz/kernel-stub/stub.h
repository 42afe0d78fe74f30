/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the kernel's API that the driver's inner files use, for one processor. Every header
 * that they include stands for this one; driver/kernel.c does what is declared, and checks what
 * lockdep, the DMA-API debugger and "sleeping in atomic context" would check.
 */
#ifndef KERNEL_STUB_H
#define KERNEL_STUB_H

#include <errno.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"
#include "list.h"

#ifndef ENOTSUPP
#define ENOTSUPP 524
#endif
#define ERESTARTSYS 512

/* ---- Memory ---------------------------------------------- */
enum { GFP_KERNEL = 1, GFP_KERNEL_ACCOUNT = 1, GFP_ATOMIC = 2, __GFP_ZERO = 4, __GFP_NOWARN = 8 };
typedef unsigned int gfp_t;
void *stub_kzalloc(size_t size, gfp_t gfp);
void kfree(const void *memory);
#define kzalloc(size, gfp) stub_kzalloc(size, gfp)
#define kmalloc(size, gfp) stub_kzalloc(size, gfp)
#define kcalloc(n, size, gfp) stub_kzalloc((size_t)(n) * (size), gfp)
#define kvcalloc(n, size, gfp) stub_kzalloc((size_t)(n) * (size), gfp)
#define kvfree kfree
#define memzero_explicit(p, n) explicit_bzero(p, n)

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096ul
struct page {
	struct list_head lru;
	u8 *data;
	int mapped;		/* 0: not; else direction + 1 */
	unsigned int mapped_len;
	dma_addr_t dma;
};
struct page *alloc_page(gfp_t gfp);
void __free_page(struct page *page);
#define page_address(page) ((void *)(page)->data)
unsigned long copy_to_user(void *to, const void *from, unsigned long n);
unsigned long copy_from_user(void *to, const void *from, unsigned long n);
#define u64_to_user_ptr(x) ((void *)(uintptr_t)(x))

/* ---- DMA ---------------------------------------------- */
enum dma_data_direction { DMA_BIDIRECTIONAL, DMA_TO_DEVICE, DMA_FROM_DEVICE };
void *dma_alloc_coherent(struct device *dev, size_t size, dma_addr_t *dma, gfp_t gfp);
void dma_free_coherent(struct device *dev, size_t size, void *memory, dma_addr_t dma);
dma_addr_t dma_map_page(struct device *dev, struct page *page, size_t at, size_t len,
			enum dma_data_direction dir);
void dma_unmap_page(struct device *dev, dma_addr_t dma, size_t len,
		    enum dma_data_direction dir);
int dma_mapping_error(struct device *dev, dma_addr_t dma);
#define dma_rmb() barrier()
#define dma_wmb() barrier()
#define smp_mb() barrier()
#define smp_rmb() barrier()
#define smp_wmb() barrier()
#define mb() barrier()
#define rmb() barrier()
#define wmb() barrier()
#define dma_mb() barrier()

/* ---- Registers ---------------------------------------------- */
u32 readl(const volatile void *addr);
void writel(u32 value, volatile void *addr);
u64 lo_hi_readq(const volatile void *addr);
void lo_hi_writeq(u64 value, volatile void *addr);
#define readl_poll_timeout(addr, value, cond, us, timeout)		\
	({								\
		long stub_left = (timeout);				\
		might_sleep();						\
		while ((value) = readl(addr), !(cond) && stub_left > 0) \
			stub_left -= stub_poll(timeout);		\
		(cond) ? 0 : -ETIMEDOUT;				\
	})
long stub_poll(long timeout);	/* time passes: how much of it */
void pci_set_master(struct pci_dev *pdev);
void pci_clear_master(struct pci_dev *pdev);
int pci_irq_vector(struct pci_dev *pdev, unsigned int n);
void enable_irq(unsigned int irq);
void disable_irq(unsigned int irq);
void irq_wake_thread(unsigned int irq, void *data);

/* ---- Locks ---------------------------------------------- */
void stub_lock(struct stub_lock *lock, bool irqs_off, const char *name);
void stub_unlock(struct stub_lock *lock, bool irqs_on);
#define spin_lock_init(l) (*(l) = (spinlock_t) { { false, false, false } })
#define spin_lock(l) stub_lock(&(l)->lock, false, #l)
#define spin_unlock(l) stub_unlock(&(l)->lock, false)
#define spin_lock_irq(l) stub_lock(&(l)->lock, true, #l)
#define spin_unlock_irq(l) stub_unlock(&(l)->lock, true)
#define spin_lock_irqsave(l, flags) \
	((flags) = stub_irqs_save(), stub_lock(&(l)->lock, false, #l))
#define spin_unlock_irqrestore(l, flags) \
	(stub_unlock(&(l)->lock, false), stub_irqs_restore(flags))
unsigned long stub_irqs_save(void);
void stub_irqs_restore(unsigned long flags);
#define lockdep_assert_held(l) stub_assert_held(&(l)->lock, #l)
void stub_assert_held(const struct stub_lock *lock, const char *name);
void might_sleep(void);
#define mutex_init(m) (*(m) = (struct mutex) { { false, false, false } })
#define mutex_destroy(m) ((void)(m))
#define mutex_lock(m) stub_mutex_lock(m, #m)
#define mutex_lock_killable(m) (stub_mutex_lock(m, #m), 0)
#define mutex_trylock(m) ((m)->lock.held ? 0 : (stub_mutex_lock(m, #m), 1))
#define mutex_unlock(m) ((m)->lock.held = false)
void stub_mutex_lock(struct mutex *m, const char *name);

/* ---- Waiting ---------------------------------------------- */
#define init_waitqueue_head(w) ((w)->woken = 0)
#define wake_up_all(w) ((w)->woken++)
#define wake_up(w) ((w)->woken++)
#define wq_has_sleeper(w) ((w)->woken < ~0u)
/* Nobody else can run while we wait: who would have to is killed. */
#define wait_event_killable(w, cond) ((void)(w), might_sleep(), (cond) ? 0 : -ERESTARTSYS)
#define wait_event_state(w, cond, state) ((void)(state), wait_event_killable(w, cond))
#define TASK_INTERRUPTIBLE 1
#define TASK_KILLABLE 2
#define PF_IO_WORKER 0x10
typedef int pid_t;
static const struct {
	pid_t tgid;
	unsigned int flags;
} stub_task = { 1, 0 };
#define current (&stub_task)
void init_completion(struct completion *x);
void reinit_completion(struct completion *x);
void complete(struct completion *x);
#define complete_all complete

/* ---- References ---------------------------------------------- */
void refcount_set(refcount_t *r, int n);
void refcount_inc(refcount_t *r);
bool refcount_dec_and_test(refcount_t *r);
#define refcount_read(r) ((r)->n)
#define atomic_read(a) ((a)->n)
#define atomic_inc(a) ((void)(a)->n++)
#define atomic_dec(a) ((void)(a)->n--)
#define atomic_dec_and_test(a) (!--(a)->n)
#define module_param(name, type, mode) _Static_assert(1, #name)
#define MODULE_PARM_DESC(name, text) _Static_assert(1, text)
#define kref_init(k) refcount_set(&(k)->refcount, 1)
#define kref_get(k) refcount_inc(&(k)->refcount)
#define kref_put(k, release) (refcount_dec_and_test(&(k)->refcount) ? ((release)(k), 1) : 0)
void get_device(struct device *dev);
void put_device(struct device *dev);

/* ---- Later ---------------------------------------------- */
#define HZ 250
extern unsigned long jiffies;
#define msecs_to_jiffies(ms) ((unsigned long)(((u64)(ms) * HZ + 999) / 1000))
#define usecs_to_jiffies(us) ((unsigned long)(((u64)(us) * HZ + 999999) / 1000000))
#define time_after(a, b) ((long)((b) - (a)) < 0)
#define time_after_eq(a, b) ((long)((a) - (b)) >= 0)
#define time_before(a, b) time_after(b, a)
#define USEC_PER_MSEC 1000L
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
			unsigned long delay);
bool mod_delayed_work(struct workqueue_struct *wq, struct delayed_work *work,
		      unsigned long delay);
bool cancel_work_sync(struct work_struct *work);
bool cancel_delayed_work_sync(struct delayed_work *work);
bool flush_work(struct work_struct *work);
#define to_delayed_work(w) container_of(w, struct delayed_work, work)
static inline s64 ktime_get_boottime_seconds(void)
{
	return 1000;
}

/* ---- Messages ---------------------------------------------- */
static inline void __attribute__((format(printf, 2, 3)))
stub_say(const struct device *dev, const char *format, ...)
{
	(void)dev, (void)format;
}
#define dev_warn_ratelimited stub_say
#define dev_warn stub_say
#define dev_err stub_say
#define dev_info stub_say
#define dev_dbg stub_say
void stub_warn(const char *what);
#define WARN_ON(c) ((c) ? (stub_warn(#c), true) : false)
#define WARN_ON_ONCE(c) WARN_ON(c)
#define BUILD_BUG_ON(c) _Static_assert(!(c), #c)

/* Trace points: only their types are checked. */
#define TP_PROTO(...) __VA_ARGS__
#define TRACE_EVENT(name, proto, ...) \
	static inline __attribute__((unused)) void trace_##name(proto) { }

#endif
