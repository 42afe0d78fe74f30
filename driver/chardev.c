// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/cofferN.
 *
 * An open file holds a reference to its card's struct, which outlives the card: after remove
 * every entry point says -ENODEV, and the last close frees it.
 */
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "coffer.h"
#include "compat.h"

#define COFFER_MINORS	64

static dev_t coffer_devt;
static DEFINE_IDA(coffer_ida);

/* ---- Files ---------------------------------------------------------------------------- */

static int coffer_open(struct inode *inode, struct file *filp)
{
	struct coffer_dev *cd = container_of(inode->i_cdev, struct coffer_dev, cdev);
	struct coffer_file *file;

	if (coffer_is_gone(cd))
		return -ENODEV;
	file = coffer_file_alloc(cd);
	if (!file)
		return -ENOMEM;
	coffer_event_open(file);
	filp->private_data = file;
	return nonseekable_open(inode, filp);
}

/* What a process that dies has left with the card is ended early: nobody waits for it. */
static int coffer_flush(struct file *filp, fl_owner_t id)
{
	if (current->flags & PF_EXITING)
		coffer_exec_cancel_all(filp->private_data, current->tgid);
	return 0;
}

static int coffer_release(struct inode *inode, struct file *filp)
{
	struct coffer_file *file = filp->private_data;

	coffer_owner_release(file);
	coffer_file_put(file);
	return 0;
}

static __poll_t coffer_poll(struct file *filp, poll_table *table)
{
	struct coffer_file *file = filp->private_data;
	struct coffer_dev *cd = file->cd;

	poll_wait(filp, &cd->event_wait, table);
	switch (coffer_state_errno(cd)) {
	case -ENODEV:
		return EPOLLHUP | EPOLLERR;
	case -EIO:
		return EPOLLERR;
	default:
		return coffer_event_pending(file) ? EPOLLIN | EPOLLRDNORM : 0;
	}
}

/* ---- ioctl ---------------------------------------------------------------------------- */

static int coffer_query_rows(struct coffer_query *query)
{
	struct coffer_command_row __user *to = u64_to_user_ptr(query->commands);
	struct coffer_command_row row;
	u32 i, room = to ? query->command_count : 0;

	query->command_count = coffer_table_size();
	for (i = 0; i < min(room, coffer_table_size()); i++) {
		coffer_table_export(coffer_table_row(i), &row);
		if (copy_to_user(&to[i], &row, sizeof(row)))
			return -EFAULT;
	}
	return 0;
}

static int coffer_ioctl_query(struct coffer_file *file, struct coffer_query *query)
{
	struct coffer_dev *cd = file->cd;

	if (query->flags || query->reserved)
		return -EINVAL;
	query->state = READ_ONCE(cd->state);
	query->regs_version = cd->regs_version;
	query->serial = cd->serial;
	query->fw_version = READ_ONCE(cd->fw_version);
	query->max_payload = cd->max_payload;
	query->queues = cd->queues;
	query->queue_entries = cd->queue[0].entries;
	query->table_hash = coffer_table_hash();
	query->reset_count = READ_ONCE(cd->reset_count);
	query->pci_domain = pci_domain_nr(cd->pdev->bus);
	query->pci_bus = cd->pdev->bus->number;
	query->pci_devfn = cd->pdev->devfn;
	return coffer_query_rows(query);
}

union coffer_arg {
	u32			size;
	struct coffer_query	query;
	struct coffer_exec	exec;
	struct coffer_events	events;
	struct coffer_cancel	cancel;
	struct coffer_batch	batch;
};

static int coffer_do_query(struct file *filp, union coffer_arg *arg)
{
	return coffer_ioctl_query(filp->private_data, &arg->query);
}

static int coffer_do_exec(struct file *filp, union coffer_arg *arg)
{
	return coffer_ioctl_exec(filp->private_data, filp->f_mode, filp->f_flags,
				 &arg->exec);
}

static int coffer_do_events(struct file *filp, union coffer_arg *arg)
{
	return coffer_ioctl_events(filp->private_data, &arg->events);
}

static int coffer_do_cancel(struct file *filp, union coffer_arg *arg)
{
	return coffer_ioctl_cancel(filp->private_data, &arg->cancel);
}

static int coffer_do_batch(struct file *filp, union coffer_arg *arg)
{
	return coffer_ioctl_batch(filp->private_data, filp->f_mode, filp->f_flags, &arg->batch);
}

/* The struct of the first release is the smallest that is taken, but for QUERY. */
static const struct coffer_ioctl {
	u32	min;
	u32	size;
	bool	out;
	int	(*fn)(struct file *filp, union coffer_arg *arg);
} coffer_ioctls[] = {
	[_IOC_NR(COFFER_IOC_QUERY)] = {
		.min = offsetofend(struct coffer_query, flags),
		.size = sizeof(struct coffer_query),
		.out = true,
		.fn = coffer_do_query,
	},
	[_IOC_NR(COFFER_IOC_EXEC)] = {
		.min = COFFER_EXEC_MIN,
		.size = sizeof(struct coffer_exec),
		.out = true,
		.fn = coffer_do_exec,
	},
	[_IOC_NR(COFFER_IOC_EVENTS)] = {
		.min = sizeof(struct coffer_events),
		.size = sizeof(struct coffer_events),
		.out = true,
		.fn = coffer_do_events,
	},
	[_IOC_NR(COFFER_IOC_CANCEL)] = {
		.min = sizeof(struct coffer_cancel),
		.size = sizeof(struct coffer_cancel),
		.fn = coffer_do_cancel,
	},
	[_IOC_NR(COFFER_IOC_BATCH)] = {
		.min = sizeof(struct coffer_batch),
		.size = sizeof(struct coffer_batch),
		.out = true,
		.fn = coffer_do_batch,
	},
};

static const struct coffer_ioctl *coffer_ioctl_find(unsigned int cmd)
{
	unsigned int nr = _IOC_NR(cmd);

	if (nr >= ARRAY_SIZE(coffer_ioctls) || cmd != _IO(COFFER_IOC_MAGIC, nr))
		return NULL;
	return &coffer_ioctls[nr];
}

/* The one way in: alive, known, size, tail; then the command; then the one way out. */
static long coffer_unlocked_ioctl(struct file *filp, unsigned int cmd, unsigned long uarg)
{
	struct coffer_file *file = filp->private_data;
	void __user *user = (void __user *)uarg;
	const struct coffer_ioctl *io;
	union coffer_arg arg = { 0 };
	u32 size;
	int rc;

	if (coffer_is_gone(file->cd))
		return -ENODEV;
	io = coffer_ioctl_find(cmd);
	if (!io)
		return -ENOTTY;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < io->min)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	rc = copy_struct_from_user(&arg, io->size, user, size);
	if (rc)
		return rc;
	arg.size = min(size, io->size);	/* not what a second read of it may have found */
	rc = io->fn(filp, &arg);
	if (rc || !io->out)
		return rc;
	return copy_to_user(user, &arg, arg.size) ? -EFAULT : 0;
}

static const struct file_operations coffer_fops = {
	.owner		= THIS_MODULE,
	.open		= coffer_open,
	.flush		= coffer_flush,
	.release	= coffer_release,
	.poll		= coffer_poll,
	.unlocked_ioctl	= coffer_unlocked_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
	.uring_cmd	= coffer_uring_cmd,
	.llseek		= noop_llseek,
};

/* ---- The class and its devices -------------------------------------------------------- */

static char *coffer_devnode(COFFER_DEVNODE_CONST struct device *dev, umode_t *mode)
{
	if (mode)
		*mode = 0660;
	return NULL;
}

static struct class coffer_class = {
	.name		= "coffer",
	.dev_groups	= coffer_dev_groups,
	.devnode	= coffer_devnode,
};

/* With the names gone, the next card may have the number, whoever still has us open. */
static void coffer_id_free(struct coffer_dev *cd)
{
	if (cd->has_id)
		ida_free(&coffer_ida, cd->id);
	cd->has_id = false;
}

static void coffer_dev_release(struct device *dev)
{
	struct coffer_dev *cd = container_of(dev, struct coffer_dev, dev);

	coffer_sysfs_free(cd);
	coffer_stage_drop(cd);
	coffer_pool_drain(&cd->pool);
	coffer_id_free(cd);
	pci_dev_put(cd->pdev);
	kfree(cd);
}

/* Make the struct of a card, with one reference; put_device() frees it. */
struct coffer_dev *coffer_chardev_alloc(struct pci_dev *pdev)
{
	struct coffer_dev *cd = kzalloc(sizeof(*cd), GFP_KERNEL);
	int id;

	if (!cd)
		return NULL;
	id = ida_alloc_max(&coffer_ida, COFFER_MINORS - 1, GFP_KERNEL);
	if (id < 0) {
		kfree(cd);
		return NULL;
	}
	cd->id = id;
	cd->has_id = true;
	cd->pdev = pci_dev_get(pdev);
	coffer_pool_init(&cd->pool);
	mutex_init(&cd->stage.lock);
	device_initialize(&cd->dev);
	cd->dev.class = &coffer_class;
	cd->dev.parent = &pdev->dev;
	cd->dev.devt = MKDEV(MAJOR(coffer_devt), MINOR(coffer_devt) + id);
	cd->dev.release = coffer_dev_release;
	if (dev_set_name(&cd->dev, "coffer%d", id)) {
		put_device(&cd->dev);
		return NULL;
	}
	cdev_init(&cd->cdev, &coffer_fops);
	cd->cdev.owner = THIS_MODULE;
	return cd;
}

/* The way back from coffer_chardev_alloc(): the number is free at once, whoever has the struct. */
void coffer_chardev_put(struct coffer_dev *cd)
{
	coffer_id_free(cd);
	put_device(&cd->dev);
}

int coffer_chardev_add(struct coffer_dev *cd)
{
	return cdev_device_add(&cd->cdev, &cd->dev);
}

/* No new opens, no attributes; waits for those that are being read. */
void coffer_chardev_del(struct coffer_dev *cd)
{
	cdev_device_del(&cd->cdev, &cd->dev);
	coffer_id_free(cd);
}

int coffer_chardev_init(void)
{
	int rc;

	rc = class_register(&coffer_class);
	if (rc)
		return rc;
	rc = alloc_chrdev_region(&coffer_devt, 0, COFFER_MINORS, "coffer");
	if (rc)
		class_unregister(&coffer_class);
	return rc;
}

void coffer_chardev_exit(void)
{
	unregister_chrdev_region(coffer_devt, COFFER_MINORS);
	class_unregister(&coffer_class);
	ida_destroy(&coffer_ida);
}
