// SPDX-License-Identifier: GPL-2.0-only
/* Attributes of /sys/class/coffer/cofferN: Documentation/ABI/testing/sysfs-class-coffer. */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "coffer.h"

static struct coffer_dev *to_coffer(struct device *dev)
{
	return container_of(dev, struct coffer_dev, dev);
}

static ssize_t serial_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", to_coffer(dev)->serial);
}
static DEVICE_ATTR_RO(serial);

static ssize_t fw_version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	u32 version = READ_ONCE(to_coffer(dev)->fw_version);

	return sysfs_emit(buf, "%u.%u.%u\n", version >> 16 & 0xff, version >> 8 & 0xff,
			  version & 0xff);
}
static DEVICE_ATTR_RO(fw_version);

static ssize_t state_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%s\n", coffer_state_name(READ_ONCE(to_coffer(dev)->state)));
}
static DEVICE_ATTR_RO(state);

static ssize_t abi_version_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", COFFER_ABI_VERSION);
}
static DEVICE_ATTR_RO(abi_version);

static ssize_t reset_count_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(to_coffer(dev)->reset_count));
}
static DEVICE_ATTR_RO(reset_count);

static ssize_t commands_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct coffer_dev *cd = to_coffer(dev);
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < cd->queues; i++) {
		spin_lock_irq(&cd->queue[i].lock);
		sum += cd->queue[i].stats.commands;
		spin_unlock_irq(&cd->queue[i].lock);
	}
	return sysfs_emit(buf, "%llu\n", sum);
}
static DEVICE_ATTR_RO(commands);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	bool yes;
	int rc;

	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	rc = coffer_ctrl_reset(to_coffer(dev), COFFER_WHY_USER);
	return rc ?: count;
}
static DEVICE_ATTR_WO(reset);

static struct attribute *coffer_dev_attrs[] = {
	&dev_attr_serial.attr,
	&dev_attr_fw_version.attr,
	&dev_attr_state.attr,
	&dev_attr_abi_version.attr,
	&dev_attr_reset_count.attr,
	&dev_attr_commands.attr,
	&dev_attr_reset.attr,
	NULL,
};

static const struct attribute_group coffer_dev_group = {
	.attrs = coffer_dev_attrs,
};

const struct attribute_group *coffer_dev_groups[] = {
	&coffer_dev_group,
	&coffer_stage_group,
	NULL,
};

/* ---- One folder of counters for each queue -------------------------------------------- */

#define COFFER_AT_BUSY	SIZE_MAX	/* not a counter: slots taken now */

static const struct coffer_counter {
	const char	*name;
	size_t		at;	/* in struct coffer_qstats, or COFFER_AT_BUSY */
} coffer_counters[] = {
	{ "commands",	offsetof(struct coffer_qstats, commands) },
	{ "doorbells",	offsetof(struct coffer_qstats, doorbells) },
	{ "interrupts",	offsetof(struct coffer_qstats, interrupts) },
	{ "empty_interrupts", offsetof(struct coffer_qstats, empty) },
	{ "nudges",	offsetof(struct coffer_qstats, nudges) },
	{ "errors",	offsetof(struct coffer_qstats, errors) },
	{ "lost_interrupts", offsetof(struct coffer_qstats, lost) },
	{ "busy",	COFFER_AT_BUSY },
};

#define COFFER_COUNTERS	ARRAY_SIZE(coffer_counters)

struct coffer_queue_group {
	struct attribute_group	group;
	char			name[12];
	struct coffer_counter_attr {
		struct device_attribute	attr;
		struct coffer_queue	*queue;
		size_t			at;
	} counter[COFFER_COUNTERS];
	struct attribute	*attrs[COFFER_COUNTERS + 1];
};

static ssize_t coffer_counter_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct coffer_counter_attr *c = container_of(attr, struct coffer_counter_attr, attr);
	u64 value;

	spin_lock_irq(&c->queue->lock);
	if (c->at == COFFER_AT_BUSY)
		value = c->queue->busy;
	else
		value = *(u64 *)((char *)&c->queue->stats + c->at);
	spin_unlock_irq(&c->queue->lock);
	return sysfs_emit(buf, "%llu\n", value);
}

static struct coffer_queue_group *coffer_queue_group_alloc(struct coffer_queue *q)
{
	struct coffer_queue_group *g = kzalloc(sizeof(*g), GFP_KERNEL);
	unsigned int i;

	if (!g)
		return NULL;
	for (i = 0; i < COFFER_COUNTERS; i++) {
		struct coffer_counter_attr *c = &g->counter[i];

		sysfs_attr_init(&c->attr.attr);
		c->attr.attr.name = coffer_counters[i].name;
		c->attr.attr.mode = 0444;
		c->attr.show = coffer_counter_show;
		c->queue = q;
		c->at = coffer_counters[i].at;
		g->attrs[i] = &c->attr.attr;
	}
	snprintf(g->name, sizeof(g->name), "queue%u", q->id);
	g->group.name = g->name;
	g->group.attrs = g->attrs;
	return g;
}

/* Describe the queues' folders; cdev_device_add() makes them. 0 or -ENOMEM. */
int coffer_sysfs_init(struct coffer_dev *cd)
{
	struct coffer_queue_group *g;
	unsigned int i;

	cd->groups = kcalloc(cd->queues + 1, sizeof(*cd->groups), GFP_KERNEL);
	if (!cd->groups)
		return -ENOMEM;
	for (i = 0; i < cd->queues; i++) {
		g = coffer_queue_group_alloc(&cd->queue[i]);
		if (!g)
			return -ENOMEM;
		cd->groups[i] = &g->group;
	}
	cd->dev.groups = cd->groups;
	return 0;
}

void coffer_sysfs_free(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 0; cd->groups && cd->groups[i]; i++)
		kfree(container_of(cd->groups[i], struct coffer_queue_group, group));
	kfree(cd->groups);
}
