/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel's types and small macros, as far as the driver's inner files need them. */
#ifndef KERNEL_STUB_TYPES_H
#define KERNEL_STUB_TYPES_H

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef u64 dma_addr_t;
typedef unsigned int fmode_t;

#define __iomem
#define __user
#define __force
#define __init
#define __exit
#define __must_check
#define U32_MAX UINT32_MAX
#define U16_MAX UINT16_MAX
#define BIT(n) (1ul << (n))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define min(a, b) ({ __auto_type a_ = (a); __auto_type b_ = (b); a_ < b_ ? a_ : b_; })
#define max(a, b) ({ __auto_type a_ = (a); __auto_type b_ = (b); a_ > b_ ? a_ : b_; })
#define min3(a, b, c) min(min(a, b), c)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(v, lo, hi) min(max(v, lo), hi)
#define container_of(p, type, member) ((type *)((char *)(p) - offsetof(type, member)))
#define likely(x) (x)
#define unlikely(x) (x)
#define fallthrough __attribute__((fallthrough))
#define lower_32_bits(v) ((u32)(v))
#define upper_32_bits(v) ((u32)((u64)(v) >> 32))
#define cpu_to_le16(v) ((__le16)(v))
#define cpu_to_le32(v) ((__le32)(v))
#define cpu_to_le64(v) ((__le64)(v))
#define le16_to_cpu(v) ((u16)(v))
#define le32_to_cpu(v) ((u32)(v))
#define le64_to_cpu(v) ((u64)(v))
#define barrier() __asm__ __volatile__("" ::: "memory")

/* A word that a card may change at any time is read once: the target counts (driver/kernel.c). */
#define READ_ONCE(x)						\
	({							\
		__auto_type stub_value = *(volatile __typeof__(x) *)&(x); \
		stub_read_once(&(x), sizeof(x));		\
		stub_value;					\
	})
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))
void stub_read_once(const volatile void *at, size_t size);

static inline long strscpy(char *to, const char *from, size_t size)
{
	size_t len = strnlen(from, size - 1);

	memcpy(to, from, len);
	to[len] = 0;
	return len;
}

struct list_head {
	struct list_head *next, *prev;
};
struct llist_node {
	struct llist_node *next;
};
struct llist_head {
	struct llist_node *first;
};
typedef struct {
	int n;
} refcount_t;
typedef struct {
	int n;
} atomic_t;
#define IS_ENABLED(option) 0
struct kref {
	refcount_t refcount;
};
struct stub_lock {
	bool held, in_irq, irqs_were_on;
};
typedef struct spinlock {
	struct stub_lock lock;
} spinlock_t;
struct mutex {
	struct stub_lock lock;
};
struct completion {
	unsigned int done, ended;
};
typedef struct wait_queue_head {
	unsigned int woken;
} wait_queue_head_t;
struct work_struct {
	void (*fn)(struct work_struct *work);
	bool pending;
};
struct delayed_work {
	struct work_struct work;
	unsigned long when;
};
struct workqueue_struct {
	int unused;
};
#define INIT_WORK(w, f) (*(w) = (struct work_struct) { (f), false })
#define INIT_DELAYED_WORK(w, f) INIT_WORK(&(w)->work, f)
struct device {
	int refs;
};
struct cdev {
	int unused;
};
struct pci_dev {
	struct device dev;
	bool master;
};
struct attribute_group;
struct file;
struct seq_file;
typedef enum { IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD } irqreturn_t;
unsigned int raw_smp_processor_id(void);

#endif
