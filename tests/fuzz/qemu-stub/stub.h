/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The part of the emulator's API that the device uses, for one function on one bus and one
 * thread. Every header that the device includes stands for this one; bus.c does what is declared.
 */
#ifndef QEMU_STUB_H
#define QEMU_STUB_H

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qom.h"
#include "list.h"

#define QEMU_VERSION_MAJOR 7
#define QEMU_VERSION_MINOR 2

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define MAKE_64BIT_MASK(shift, length) ((~0ull >> (64 - (length))) << (shift))
#define SCALE_US 1000
#define SCALE_MS 1000000

static inline bool is_power_of_2(uint64_t value)
{
	return value && !(value & (value - 1));
}

/* ---- Memory of the host: counted, and it can run out ------------------------------------ */
void *stub_alloc(size_t size, bool may_fail);
void stub_free(void *memory);
char *stub_strdup(const char *text);

#define g_new0(type, n) ((type *)stub_alloc(sizeof(type) * (n), false))
#define g_malloc0(n) stub_alloc(n, false)
#define g_malloc(n) stub_alloc(n, false)
#define g_try_malloc(n) stub_alloc(n, true)
#define g_try_malloc0(n) stub_alloc(n, true)
#define g_free stub_free
#define g_strdup stub_strdup

/* ---- Byte order, barriers, atomics: one thread on a little-endian machine ---------------- */
#define cpu_to_le16(v) ((uint16_t)(v))
#define cpu_to_le32(v) ((uint32_t)(v))
#define cpu_to_le64(v) ((uint64_t)(v))
#define le16_to_cpu(v) ((uint16_t)(v))
#define le32_to_cpu(v) ((uint32_t)(v))
#define le64_to_cpu(v) ((uint64_t)(v))
#define smp_wmb() ((void)0)
#define smp_rmb() ((void)0)
#define smp_mb() ((void)0)
#define qatomic_set(p, v) (*(p) = (v))
#define qatomic_read(p) (*(p))
#define rcu_read_lock() ((void)0)
#define rcu_read_unlock() ((void)0)

/* ---- Log -------------------------------------------------------------------------------- */
#define LOG_GUEST_ERROR 1
#define qemu_log_mask(mask, ...) ((void)(mask), stub_log(__VA_ARGS__))
static inline void __attribute__((format(printf, 1, 2))) stub_log(const char *format, ...)
{
	(void)format;
}

/* ---- Bottom halves, clock, timers ------------------------------------------------------- */
typedef struct QEMUBH QEMUBH;
QEMUBH *qemu_bh_new_guarded(void (*fn)(void *), void *opaque, MemReentrancyGuard *guard);
void qemu_bh_schedule(QEMUBH *bh);
void qemu_bh_delete(QEMUBH *bh);

typedef enum { QEMU_CLOCK_REALTIME, QEMU_CLOCK_VIRTUAL } QEMUClockType;
typedef struct QEMUTimer {
	void (*fn)(void *opaque);
	void *opaque;
	int64_t when;		/* -1: not pending */
} QEMUTimer;
int64_t qemu_clock_get_ns(QEMUClockType type);
void timer_init_ns(QEMUTimer *timer, QEMUClockType type, void (*fn)(void *), void *opaque);
void timer_mod(QEMUTimer *timer, int64_t when);
void timer_mod_anticipate_ns(QEMUTimer *timer, int64_t when);
void timer_del(QEMUTimer *timer);
bool timer_pending(QEMUTimer *timer);

/* ---- Threads: fibers that run when somebody waits for them -------------------------------- */
typedef struct QemuThread {
	int fiber;
} QemuThread;
typedef struct QemuSemaphore {
	int count;
} QemuSemaphore;
typedef struct QemuMutex {
	bool held;
} QemuMutex;
enum { QEMU_THREAD_JOINABLE, QEMU_THREAD_DETACHED };
void qemu_thread_create(QemuThread *thread, const char *name, void *(*fn)(void *), void *arg,
			int mode);
void *qemu_thread_join(QemuThread *thread);
void qemu_sem_init(QemuSemaphore *sem, int count);
void qemu_sem_destroy(QemuSemaphore *sem);
void qemu_sem_post(QemuSemaphore *sem);
void qemu_sem_wait(QemuSemaphore *sem);
void qemu_mutex_init(QemuMutex *mutex);
void qemu_mutex_destroy(QemuMutex *mutex);
void qemu_mutex_lock(QemuMutex *mutex);
void qemu_mutex_unlock(QemuMutex *mutex);
static inline void stub_unlock(QemuMutex **mutex)
{
	qemu_mutex_unlock(*mutex);
}
static inline QemuMutex *stub_lock(QemuMutex *mutex)
{
	qemu_mutex_lock(mutex);
	return mutex;
}
#define QEMU_LOCK_GUARD(m) \
	QemuMutex *stub_guard __attribute__((cleanup(stub_unlock), unused)) = stub_lock(m)
#define atexit stub_atexit
int stub_atexit(void (*fn)(void));

/* ---- Memory of the guest ------------------------------------------------------------------ */
typedef uint64_t hwaddr;
typedef uint64_t dma_addr_t;
#define HWADDR_PRIx PRIx64
typedef struct MemTxAttrs {
	unsigned int unspecified : 1, secure : 1, user : 1, memory : 1;
	unsigned int requester_id : 16;
} MemTxAttrs;
typedef uint32_t MemTxResult;
#define MEMTX_OK 0u
#define MEMTX_ERROR 1u
#define MEMTX_DECODE_ERROR 2u
#define MEMTX_ACCESS_ERROR 4u
typedef enum { DMA_DIRECTION_TO_DEVICE, DMA_DIRECTION_FROM_DEVICE } DMADirection;
typedef struct AddressSpace {
	int unused;
} AddressSpace;
typedef struct MemoryRegion {
	bool ram;
} MemoryRegion;

enum { DEVICE_LITTLE_ENDIAN = 2 };
typedef struct MemoryRegionOps {
	uint64_t (*read)(void *opaque, hwaddr addr, unsigned size);
	void (*write)(void *opaque, hwaddr addr, uint64_t value, unsigned size);
	int endianness;
	struct {
		unsigned min_access_size, max_access_size;
		bool unaligned;
	} valid, impl;
} MemoryRegionOps;
void memory_region_init_io(MemoryRegion *mr, Object *owner, const MemoryRegionOps *ops,
			   void *opaque, const char *name, uint64_t size);
bool memory_region_is_ram(MemoryRegion *mr);
bool memory_region_is_rom(MemoryRegion *mr);
MemoryRegion *address_space_translate(AddressSpace *as, hwaddr addr, hwaddr *offset,
				      hwaddr *len, bool is_write, MemTxAttrs attrs);
MemTxResult stq_le_dma(AddressSpace *as, dma_addr_t addr, uint64_t value, MemTxAttrs attrs);
MemTxResult stl_le_dma(AddressSpace *as, dma_addr_t addr, uint32_t value, MemTxAttrs attrs);
MemTxResult ldl_le_dma(AddressSpace *as, dma_addr_t addr, uint32_t *value, MemTxAttrs attrs);

/* ---- The function on its bus ------------------------------------------------------------ */
#include "pci.h"

#endif
