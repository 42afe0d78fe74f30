/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside of the Coffer driver: one card, its queues, its commands, its open files.
 *
 * Lock order, outermost first; locks of different lines that do not share one are never nested:
 *
 *   devlink's own lock -> ctrl_mutex -> queue->lock | state_lock | events.lock
 *   devlink's own lock | hwmon->lock | hwrng->lock -> file->owner_mutex
 *   file->owner_mutex -> queue->lock | pool.lock
 *   file->calls_lock -> queue->lock -> abort_lock | state_lock
 *   file->event_mutex -> events.lock
 *   close_lock, coffer_list_mutex (netlink.c), stage.lock: innermost
 *
 * Interrupts take queue->lock and state_lock; abort_lock and pool.lock are only ever held with
 * interrupts off. All others are taken in process context alone.
 */
#ifndef _COFFER_H
#define _COFFER_H

#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/kref.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "hw/coffer_regs.h"
#include "hw/coffer_cmd.h"
#include "uapi/linux/coffer.h"

#define COFFER_QPAIRS		8	/* queue pairs that the driver uses at most */
#define COFFER_PAGES		(COFFER_MAX_PAYLOAD / PAGE_SIZE ?: 1)
#define COFFER_RING_EVENTS	64	/* entries of the card's event ring */
#define COFFER_KEPT_EVENTS	256	/* events that EVENTS can still return */
#define COFFER_RESETS_MAX	5	/* automatic resets in a window, then FAILED */
#define COFFER_RESETS_WINDOW	(60 * HZ)
#define COFFER_GRACE		(2 * HZ) /* for an aborted command to come back */
#define COFFER_BAD_MAX		8	/* nonsense completions, then a reset */
#define COFFER_ABI_VERSION	1

/* Why a reset was asked for; shown in the log and in the trace point. */
enum coffer_why {
	COFFER_WHY_TIMEOUT,
	COFFER_WHY_FATAL,
	COFFER_WHY_PROTOCOL,
	COFFER_WHY_USER,
	COFFER_WHY_PCI,
	COFFER_WHY_POWER,
	COFFER_WHY_RESTART,
};

/* What is done about a command that is late; shown in the trace point. */
enum coffer_late {
	COFFER_LATE_ABORT,
	COFFER_LATE_GIVE_UP,
	COFFER_LATE_RESET,
};

/* What user space hears of by uevent; names in uevent.c. */
enum coffer_uevent {
	COFFER_UEVENT_TAMPER,
	COFFER_UEVENT_ZEROIZED,
	COFFER_UEVENT_SELF_TEST,
	COFFER_UEVENT_RESET,
	COFFER_UEVENT_FAILED,
	COFFER_UEVENT_GONE,
	COFFER_UEVENTS,
};

/* A fault that was seen, for those who mend it. */
struct coffer_fault {
	enum coffer_why	why;
	u64		epoch;		/* in which it was seen */
};

/* A row of the admission table, expanded from contract 2. */
struct coffer_row {
	u16	opcode;
	u16	flags;
	u32	req_min;
	u32	req_max;
	u32	reply_max;
	u32	timeout_ms;
	char	name[24];
};

/* One direction of a payload: pages that outlive the card, mapped while the card may use them. */
struct coffer_buf {
	unsigned int	len;			/* bytes mapped for the card */
	unsigned int	pages;
	struct page	*page[COFFER_PAGES];
	dma_addr_t	dma[COFFER_PAGES];	/* valid while the command is with the card */
};

struct coffer_dev;
struct coffer_file;
struct io_uring_cmd;
struct coffer_queue;

/*
 * One command. It holds two references while the card has it: its waiter's and its slot's.
 * A killed waiter drops its own; the slot keeps the buffers until the card lets go of them.
 * The waiter of a command that nobody waits for (uring.c) is the one whom end() tells.
 */
struct coffer_call {
	refcount_t		refs;
	struct coffer_queue	*queue;
	struct coffer_file	*file;		/* NULL: a command of the driver's own */
	const struct coffer_row	*row;
	u64			owner;
	u64			epoch;		/* in which owner is valid */
	u64			cookie;
	u32			timeout_ms;	/* the caller's, at most the row's */

	/* queue->lock guards these. */
	int			slot;		/* -1: not with the card */
	unsigned long		soft;		/* jiffies: abort it */
	unsigned long		hard;		/* jiffies: reset the card */
	bool			timed_out;	/* aborted because soft has passed */
	bool			released;	/* quarantined: the waiter was told ETIMEDOUT */
	bool			leaving;	/* in queue->leaving */

	bool			cancelled;	/* set before queue->lock is taken, read under it */
	bool			reserved;	/* takes the slot that users cannot have */
	bool			joined;		/* its waiter waits for others, too */

	/* Written before end() is called, read after it. */
	int			error;
	u32			verdict;
	u32			reply_len;

	/*
	 * Once for each submission that worked, under queue->lock. From then on the call is the
	 * waiter's: it may be gone when end() returns.
	 */
	void			(*end)(struct coffer_call *call);
	void			*waiter;	/* for end(), if it is not coffer_call_wake() */
	struct completion	done;		/* for coffer_call_wake() */
	pid_t			tgid;		/* of the caller */

	struct coffer_buf	req;
	struct coffer_buf	reply;
	struct list_head	node;		/* in file->calls; file->calls_lock */
	struct llist_node	dead;		/* in cd->dead_calls */
};

struct coffer_slot {
	struct coffer_call	*call;		/* NULL: free */
	u16			gen;
};

struct coffer_qstats {
	u64	commands;	/* entries written to the ring */
	u64	doorbells;
	u64	interrupts;	/* that found a completion */
	u64	empty;		/* interrupts that found none */
	u64	nudges;		/* doorbells of the watch, because nothing came back */
	u64	errors;		/* transport errors and nonsense completions */
	u64	lost;		/* completions found by the time-out's poll */
};

/* A completion, copied out of its ring. */
struct coffer_done {
	u32	verdict;
	u32	reply_len;
	u32	tag;
	u16	status;
};

/* How many completions an interrupt is worth; ring.c. */
struct coffer_pace {
	unsigned int	limit;		/* at most so many */
	unsigned int	good;		/* interrupts in a row that brought what was asked for */
	unsigned int	patience;	/* of them before the limit is doubled */
	unsigned int	asked;		/* least that was asked for since the last reap, or NONE */
};

struct coffer_queue {
	struct coffer_dev	*cd;
	unsigned int		id;
	unsigned int		entries;	/* of both rings, power of two */
	unsigned int		vector;
	struct coffer_sqe	*sq;
	struct coffer_cqe	*cq;
	struct coffer_shadow	*shadow;	/* NULL: indices go through doorbells */
	struct coffer_seg	*lists;		/* 2 * COFFER_PAGES per slot */
	dma_addr_t		sq_dma;
	dma_addr_t		cq_dma;
	dma_addr_t		shadow_dma;
	dma_addr_t		lists_dma;

	spinlock_t		lock;		/* guards all below, and file->held[id] */
	bool			live;		/* registers may be touched, entries submitted */
	u64			epoch;
	unsigned int		sq_tail;
	unsigned int		sq_told;	/* the tail that the card was last told of */
	unsigned int		cq_head;
	u16			phase;
	struct coffer_pace	pace;
	unsigned int		busy;		/* slots taken */
	unsigned int		next;		/* where the search for a free slot begins */
	unsigned int		bad;		/* nonsense completions since enable */
	struct coffer_slot	*slots;		/* entries - 1; number 0 is reserved */
	struct coffer_qstats	stats;
	u64			taken;		/* completions */
	u64			watched;		/* `taken` when the watch last looked */
	bool			nudged;		/* the watch has rung since `taken` changed */

	atomic_t		leaving;	/* commands that are answered, not yet let go of */
	wait_queue_head_t	slot_wait;	/* for a free slot, or for the end of the card */
};

/* Pages for payloads, wiped before they come back. */
struct coffer_pool {
	spinlock_t		lock;		/* guards the list and its length */
	struct list_head	pages;
	unsigned int		count;
};

struct coffer_events_kept {
	spinlock_t		lock;		/* guards all below */
	u64			head;		/* events recorded since probe */
	u64			last_seq;
	u16			epoch;
	struct coffer_event	kept[COFFER_KEPT_EVENTS];
};

/* Counted, and told a few times a second at most; no kind of event is ever lost. */
struct coffer_uevents {
	struct delayed_work	work;
	atomic_t		count[COFFER_UEVENTS];	/* since the last one of that kind */
	unsigned long		next;	/* jiffies: not before; the work's own */
	bool			off;	/* the device's name is going away */
};

/* Firmware that the HSM SO may install; stage.c. */
struct coffer_stage {
	struct mutex		lock;		/* guards all below */
	void			*image;		/* NULL: none */
	size_t			size;
};

#define COFFER_REPORTERS	2	/* health.c */

struct coffer_hwmon;
struct coffer_hwrng;
struct devlink;
struct devlink_health_reporter;
struct netlink_ext_ack;

struct coffer_dev {
	struct device		dev;		/* its release frees this struct */
	struct cdev		cdev;
	struct pci_dev		*pdev;		/* a reference; no DMA or MMIO after remove */
	void __iomem		*regs;		/* while probing, live, or in ctrl_mutex */
	int			id;		/* N of cofferN; another's after remove */
	bool			has_id;
	struct list_head	node;		/* in the list of cards; coffer_list_mutex */

	/* Read once at probe, fixed from then on. */
	u64			serial;
	u32			regs_version;
	u32			cap2;
	u32			max_payload;
	u32			ready_ms;
	unsigned int		vectors;
	unsigned int		queues;
	struct coffer_queue	queue[COFFER_QPAIRS];

	spinlock_t		state_lock;	/* guards state for writers, and reset_* below */
	enum coffer_dev_state	state;		/* by coffer_set_state() only */
	wait_queue_head_t	state_wait;

	struct mutex		ctrl_mutex;	/* one enable or disable at a time; guards: */
	u32			fw_version;
	u64			epoch;		/* counts enables: owners of older ones are gone */
	u64			reset_count;
	bool			parked;		/* by FLR, AER, suspend: they will unpark */
	bool			irqs_on;	/* enable_irq() and disable_irq() stay paired */
	unsigned long		reset_times[COFFER_RESETS_MAX];
	unsigned int		reset_next;
	spinlock_t		abort_lock;	/* ABORT_GEN and ABORT are written as a pair */

	struct workqueue_struct	*wq;
	struct work_struct	reset_work;
	u64			reset_epoch;	/* of the work: newest in which a fault was seen */
	enum coffer_why		reset_why;	/* of the work; last one of that epoch wins */
	struct delayed_work	watch_work;	/* time-outs, while commands are out */
	struct delayed_work	recover_work;	/* ends a wait for the PCI core */
	struct work_struct	dead_work;	/* frees what interrupts let go of */
	struct llist_head	dead_calls;

	struct work_struct	close_work;	/* sends OWNER_CLOSE */
	spinlock_t		close_lock;	/* guards the two below */
	struct list_head	closing;	/* files */
	bool			no_close;	/* the work's queue is going away */

	struct coffer_pool	pool;
	struct coffer_evt	*evq;
	dma_addr_t		evq_dma;
	u32			evq_head;	/* event thread only */
	struct coffer_events_kept events;
	wait_queue_head_t	event_wait;

	const struct attribute_group **groups;	/* one per queue; sysfs.c */

	/* How other parts of the kernel see the card; NULL: they do not. */
	struct coffer_uevents	uevents;
	struct coffer_stage	stage;
	struct devlink		*devlink;
	struct devlink_health_reporter *reporter[COFFER_REPORTERS];
	unsigned long		health_tests;	/* a bit for each reporter; for reset_work */
	struct coffer_hwmon	*hwmon;
	struct coffer_hwrng	*hwrng;
	struct dentry		*debugfs;
};

struct coffer_file {
	struct kref		ref;		/* the descriptor's and each of its commands' */
	struct coffer_dev	*cd;		/* holds a reference to cd->dev */

	struct mutex		owner_mutex;	/* guards the two below */
	u64			owner;
	u64			owner_epoch;	/* 0: none */
	struct list_head	closing;	/* in cd->closing */

	spinlock_t		calls_lock;	/* guards calls */
	struct list_head	calls;		/* with a waiter, for CANCEL */

	struct mutex		event_mutex;	/* guards event_epoch */
	u16			event_epoch;	/* which `since` of EVENTS means */
	u64			event_seen;	/* events recorded when last read; poll compares */

	u16			held[COFFER_QPAIRS];	/* slots; queue->lock */
};

/* state.c */
bool coffer_set_state(struct coffer_dev *cd, enum coffer_dev_state to);
const char *coffer_state_name(enum coffer_dev_state state);
int coffer_state_errno(struct coffer_dev *cd);
int coffer_wait_live(struct coffer_dev *cd, bool nonblock);
unsigned int coffer_wait_mode(void);
bool coffer_is_gone(struct coffer_dev *cd);

/* Registers; the caller knows that the card is mapped. */
static inline u32 coffer_read(struct coffer_dev *cd, u32 reg)
{
	return readl(cd->regs + reg);
}

static inline u64 coffer_read64(struct coffer_dev *cd, u32 reg)
{
	return lo_hi_readq(cd->regs + reg);
}

static inline void coffer_write(struct coffer_dev *cd, u32 reg, u32 value)
{
	writel(value, cd->regs + reg);
}

static inline void coffer_write64(struct coffer_dev *cd, u32 reg, u64 value)
{
	lo_hi_writeq(value, cd->regs + reg);
}

/* fault.c */
extern const char * const coffer_why_names[];
void coffer_reset_request(struct coffer_dev *cd, u64 epoch, enum coffer_why why);

/* ctrl.c */
int coffer_ctrl_enable(struct coffer_dev *cd);
void coffer_ctrl_disable(struct coffer_dev *cd, int error);
int coffer_ctrl_boot(struct coffer_dev *cd);
int coffer_ctrl_reset(struct coffer_dev *cd, enum coffer_why why);
int coffer_ctrl_park(struct coffer_dev *cd, enum coffer_why why);
int coffer_ctrl_unpark(struct coffer_dev *cd);
int coffer_ctrl_recover(struct coffer_dev *cd, const struct coffer_fault *fault);
void coffer_ctrl_give_up(struct coffer_dev *cd, const struct coffer_fault *fault);
void coffer_reset_work(struct work_struct *work);

#include "queue.h"

/* run.c */
#define COFFER_BUSY_WAIT	max(1, HZ / 100)	/* between two attempts */

int coffer_call_submit(struct coffer_call *call, bool nonblock);
void coffer_call_cancel(struct coffer_call *call);
int coffer_call_wait(struct coffer_call *call);
int coffer_call_run(struct coffer_call *call, bool nonblock);
void coffer_call_refuse(struct coffer_call *call, u32 verdict);
void coffer_call_breathe(unsigned long ticks);
bool coffer_call_late(const struct coffer_call *call, unsigned long *until);
bool coffer_call_pause(const struct coffer_call *call, unsigned long *until);

/* table.c */
const struct coffer_row *coffer_table_find(u16 opcode);
const struct coffer_row *coffer_table_row(unsigned int n);
unsigned int coffer_table_size(void);
void coffer_table_export(const struct coffer_row *row, struct coffer_command_row *out);
u32 coffer_table_hash(void);

/* timeout.c */
void coffer_watch_work(struct work_struct *work);

/* file.c */
struct coffer_file *coffer_file_alloc(struct coffer_dev *cd);
void coffer_file_get(struct coffer_file *file);
void coffer_file_put(struct coffer_file *file);

/* chardev.c */
int coffer_chardev_init(void);
void coffer_chardev_exit(void);
struct coffer_dev *coffer_chardev_alloc(struct pci_dev *pdev);
void coffer_chardev_put(struct coffer_dev *cd);
int coffer_chardev_add(struct coffer_dev *cd);
void coffer_chardev_del(struct coffer_dev *cd);

/* exec.c */
#define COFFER_EXEC_MIN	offsetofend(struct coffer_exec, verdict)	/* the first release's */

int coffer_exec_read(struct coffer_exec *exec, const void *area, size_t room);
int coffer_exec_prepare(struct coffer_file *file, fmode_t f_mode, const struct coffer_exec *exec,
			struct coffer_call **made);
void coffer_exec_list(struct coffer_call *call);
int coffer_exec_run(struct coffer_call *call, bool nonblock);
bool coffer_exec_restarts(const struct coffer_call *call);
int coffer_exec_answer(struct coffer_call *call, struct coffer_exec *exec);
void coffer_exec_forget(struct coffer_call *call);
int coffer_ioctl_exec(struct coffer_file *file, fmode_t f_mode, unsigned int f_flags,
		      struct coffer_exec *exec);
int coffer_ioctl_cancel(struct coffer_file *file, struct coffer_cancel *cancel);
void coffer_exec_cancel_all(struct coffer_file *file, pid_t tgid);

/* batch.c */
int coffer_ioctl_batch(struct coffer_file *file, fmode_t f_mode, unsigned int f_flags,
		       struct coffer_batch *batch);

/* uring.c */
int coffer_uring_cmd(struct io_uring_cmd *cmd, unsigned int flags);
int coffer_uring_init(void);
void coffer_uring_exit(void);

/* owner.c */
int coffer_owner_get(struct coffer_file *file, struct coffer_call *call, bool nonblock,
		     u32 *verdict);
bool coffer_owner_try(struct coffer_file *file, struct coffer_call *call);
void coffer_owner_release(struct coffer_file *file);
void coffer_owner_close_work(struct work_struct *work);
void coffer_owner_flush(struct coffer_dev *cd);

/* event.c */
void coffer_event_init(struct coffer_dev *cd);
void coffer_event_start(struct coffer_dev *cd);
void coffer_event_rescue(struct coffer_dev *cd);
irqreturn_t coffer_event_irq(int irq, void *data);
irqreturn_t coffer_event_shared_irq(int irq, void *data);
irqreturn_t coffer_event_thread(int irq, void *data);
int coffer_ioctl_events(struct coffer_file *file, struct coffer_events *arg);
void coffer_event_open(struct coffer_file *file);
bool coffer_event_pending(struct coffer_file *file);

/* netlink.c */
int coffer_netlink_init(void);
void coffer_netlink_exit(void);
void coffer_netlink_event(struct coffer_dev *cd, const struct coffer_event *ev);
void coffer_list_add(struct coffer_dev *cd);
void coffer_list_del(struct coffer_dev *cd);

/* sysfs.c */
extern const struct attribute_group *coffer_dev_groups[];
int coffer_sysfs_init(struct coffer_dev *cd);
void coffer_sysfs_free(struct coffer_dev *cd);

/* own.c */
#define COFFER_OWN_MS	2000	/* for what any card answers at once */

/* A command of the driver's own: nobody's, or that of a file without a descriptor. */
struct coffer_own {
	u16			opcode;
	struct coffer_queue	*queue;		/* NULL: any */
	struct coffer_file	*file;		/* NULL: nobody's */
	u32			timeout_ms;
	const void		*req;
	u32			req_len;	/* bytes, a page at most; so is room */
	void			*reply;
	u32			room;
	u32			reply_len;	/* out */
	u32			verdict;	/* out */
	u64			epoch;		/* out: in which the card carried it out */
};

int coffer_own_run(struct coffer_dev *cd, struct coffer_own *own);
int coffer_own_identify(struct coffer_dev *cd, struct coffer_card_info *info);
int coffer_own_echo(struct coffer_dev *cd, struct coffer_queue *q);

/* snapshot.c */
struct coffer_queue_snap {
	bool			live;
	unsigned int		sq_tail;
	unsigned int		cq_head;
	u16			phase;
	unsigned int		busy;
	unsigned int		bad;
	struct coffer_qstats	stats;
};

struct coffer_slot_snap {
	const struct coffer_row	*row;
	u16			gen;
	u32			req_len;
	u32			room;
	unsigned int		left_ms;	/* until it is aborted */
	bool			cancelled;
	bool			timed_out;
	bool			released;
};

typedef int (*coffer_snap_fn)(void *to, const char *name, u64 value);

int coffer_snap_regs(struct coffer_dev *cd, coffer_snap_fn put, void *to);
void coffer_snap_queue(struct coffer_queue *q, struct coffer_queue_snap *snap);
bool coffer_snap_slot(struct coffer_queue *q, unsigned int n, struct coffer_slot_snap *snap);

/* uevent.c */
void coffer_uevent_init(struct coffer_dev *cd);
void coffer_uevent_off(struct coffer_dev *cd);
void coffer_uevent(struct coffer_dev *cd, enum coffer_uevent kind);
void coffer_uevent_event(struct coffer_dev *cd, const struct coffer_event *ev);
void coffer_uevent_state(struct coffer_dev *cd, enum coffer_dev_state from,
			 enum coffer_dev_state to);

/* stage.c */
extern const struct attribute_group coffer_stage_group;
int coffer_stage_put(struct coffer_dev *cd, const void *data, size_t size, const char **fault);
u32 coffer_stage_version(struct coffer_dev *cd);
void coffer_stage_drop(struct coffer_dev *cd);
void coffer_stage_settle(struct coffer_dev *cd);

/* devlink.c, health.c */
#if IS_ENABLED(CONFIG_NET_DEVLINK)
int coffer_devlink_add(struct coffer_dev *cd);
void coffer_devlink_del(struct coffer_dev *cd);
int coffer_health_add(struct coffer_dev *cd, struct devlink *devlink);
void coffer_health_del(struct coffer_dev *cd);
void coffer_health_report(struct coffer_dev *cd, const struct coffer_fault *fault);
void coffer_health_tests(struct coffer_dev *cd);
void coffer_health_good(struct coffer_dev *cd);
#else
static inline int coffer_devlink_add(struct coffer_dev *cd) { return 0; }
static inline void coffer_devlink_del(struct coffer_dev *cd) { }
static inline void coffer_health_tests(struct coffer_dev *cd) { }
static inline void coffer_health_good(struct coffer_dev *cd) { }
static inline void coffer_health_report(struct coffer_dev *cd, const struct coffer_fault *fault)
{
	coffer_ctrl_recover(cd, fault);
}
#endif

/* debugfs.c; empty functions in the kernel's headers where there is none */
void coffer_debugfs_init(void);
void coffer_debugfs_exit(void);
void coffer_debugfs_add(struct coffer_dev *cd);
void coffer_debugfs_del(struct coffer_dev *cd);

/* hwmon.c */
#if IS_ENABLED(CONFIG_HWMON)
void coffer_hwmon_add(struct coffer_dev *cd);
void coffer_hwmon_del(struct coffer_dev *cd);
void coffer_hwmon_stale(struct coffer_dev *cd);
void coffer_hwmon_tell(struct coffer_dev *cd);
#else
static inline void coffer_hwmon_add(struct coffer_dev *cd) { }
static inline void coffer_hwmon_del(struct coffer_dev *cd) { }
static inline void coffer_hwmon_stale(struct coffer_dev *cd) { }
static inline void coffer_hwmon_tell(struct coffer_dev *cd) { }
#endif

/* hwrng.c */
#if IS_ENABLED(CONFIG_HW_RANDOM)
void coffer_hwrng_add(struct coffer_dev *cd);
void coffer_hwrng_del(struct coffer_dev *cd);
#else
static inline void coffer_hwrng_add(struct coffer_dev *cd) { }
static inline void coffer_hwrng_del(struct coffer_dev *cd) { }
#endif

#endif /* _COFFER_H */
