// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module that is wrong on purpose, once per load and in the way that it is asked for: it shows
 * that a kernel has each of its checkers, and that tests/vm/run hears them. It never stays loaded.
 */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static char *kind = "";
module_param(kind, charp, 0);
MODULE_PARM_DESC(kind, "what to do wrong");

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);

static void splat_warn(void)
{
	WARN_ON(1);
}

static void splat_beyond(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	if (!p)
		return;
	OPTIMIZER_HIDE_VAR(p);
	WRITE_ONCE(p[40], 1);
	kfree(p);
}

static void splat_freed(void)
{
	char *p = kmalloc(40, GFP_KERNEL);

	kfree(p);
	OPTIMIZER_HIDE_VAR(p);
	pr_info("splat: %d\n", READ_ONCE(*p));
}

static void splat_shift(void)
{
	int by = 40;

	OPTIMIZER_HIDE_VAR(by);
	pr_info("splat: %d\n", 1 << by);
}

static void splat_sleep(void)
{
	spin_lock(&first);
	msleep(20);
	spin_unlock(&first);
}

static void splat_rcu(void)
{
	static int __rcu *pointer;

	pr_info("splat: %d\n", !!rcu_dereference(pointer));
}

/* The timer's object is freed while it runs; the checker stops it. */
static void splat_object(void)
{
	struct timer_list *timer = kzalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return;
	timer_setup(timer, NULL, 0);
	mod_timer(timer, jiffies + 60 * HZ);
	kfree(timer);
}

/* What was never mapped is unmapped. */
static void splat_dma(void)
{
	struct pci_dev *pdev = pci_get_device(0x1234, 0xc0fe, NULL);

	if (!pdev)
		return;
	dma_unmap_single(&pdev->dev, 0x1000, 64, DMA_TO_DEVICE);
	pci_dev_put(pdev);
}

static void splat_leak(void)
{
	void *lost = kmalloc(5000, GFP_KERNEL);

	pr_info("splat: lost one of %zu bytes\n", ksize(lost));
}

static int splat_count;

static int splat_racer(void *unused)
{
	while (!kthread_should_stop()) {
		splat_count++;
		cond_resched();
	}
	return 0;
}

static void splat_race(void)
{
	struct task_struct *task[2];
	int i;

	for (i = 0; i < 2; i++)
		task[i] = kthread_run(splat_racer, NULL, "splat%d", i);
	msleep(5000);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
}

static void splat_locks(void)
{
	spin_lock(&first);
	spin_lock(&second);
	spin_unlock(&second);
	spin_unlock(&first);
	spin_lock(&second);
	spin_lock(&first);
	spin_unlock(&first);
	spin_unlock(&second);
}

/* Ends the machine. */
static void splat_list(void)
{
	static LIST_HEAD(list);
	static struct list_head item;

	list_add(&item, &list);
	list_del(&item);
	list_del(&item);
}

static const struct {
	const char *name;
	void (*fn)(void);
} splats[] = {
	{ "warn", splat_warn },		{ "beyond", splat_beyond },
	{ "freed", splat_freed },	{ "shift", splat_shift },
	{ "sleep", splat_sleep },	{ "rcu", splat_rcu },
	{ "object", splat_object },	{ "dma", splat_dma },
	{ "leak", splat_leak },		{ "race", splat_race },
	{ "locks", splat_locks },	{ "list", splat_list },
};

static int __init splat_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(splats); i++) {
		if (strcmp(kind, splats[i].name))
			continue;
		splats[i].fn();
		return -ECANCELED;
	}
	return -EINVAL;
}
module_init(splat_init);

MODULE_DESCRIPTION("Mistakes on purpose, for tests of the tests");
MODULE_LICENSE("GPL");
