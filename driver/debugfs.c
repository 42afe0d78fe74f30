// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/debug/coffer/cofferN: for root, to look at. No payload, no owner's number. */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "coffer.h"

static struct dentry *coffer_debugfs_top;

static int coffer_show_reg(void *to, const char *name, u64 value)
{
	seq_printf(to, "%-20s %llx\n", name, value);
	return 0;
}

static int registers_show(struct seq_file *s, void *unused)
{
	return coffer_snap_regs(s->private, coffer_show_reg, s);
}
DEFINE_SHOW_ATTRIBUTE(registers);

static void coffer_show_slots(struct seq_file *s, struct coffer_queue *q)
{
	struct coffer_slot_snap slot;
	unsigned int i;

	for (i = 0; i < q->entries - 1; i++)
		if (coffer_snap_slot(q, i, &slot))
			seq_printf(s, "  slot %u gen %u %s req %u room %u left %u%s%s%s\n", i,
				   slot.gen, slot.row->name, slot.req_len, slot.room,
				   slot.left_ms, slot.cancelled ? " cancelled" : "",
				   slot.timed_out ? " late" : "",
				   slot.released ? " quarantined" : "");
}

static int queues_show(struct seq_file *s, void *unused)
{
	struct coffer_dev *cd = s->private;
	struct coffer_queue_snap snap;
	unsigned int i;

	for (i = 0; i < cd->queues; i++) {
		coffer_snap_queue(&cd->queue[i], &snap);
		seq_printf(s, "queue %u %s entries %u vector %u tail %u head %u phase %u "
			   "busy %u nonsense %u\n", i, snap.live ? "live" : "stopped",
			   cd->queue[i].entries, cd->queue[i].vector, snap.sq_tail, snap.cq_head,
			   snap.phase, snap.busy, snap.bad);
		coffer_show_slots(s, &cd->queue[i]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(queues);

static int counters_show(struct seq_file *s, void *unused)
{
	struct coffer_dev *cd = s->private;
	struct coffer_queue_snap snap;
	struct coffer_qstats sum = { 0 };
	unsigned int i;

	for (i = 0; i < cd->queues; i++) {
		coffer_snap_queue(&cd->queue[i], &snap);
		sum.commands += snap.stats.commands;
		sum.doorbells += snap.stats.doorbells;
		sum.interrupts += snap.stats.interrupts;
		sum.errors += snap.stats.errors;
		sum.lost += snap.stats.lost;
	}
	seq_printf(s, "state %s\n", coffer_state_name(READ_ONCE(cd->state)));
	seq_printf(s, "epoch %llu\nresets %llu\n", READ_ONCE(cd->epoch),
		   READ_ONCE(cd->reset_count));
	seq_printf(s, "commands %llu\ndoorbells %llu\ninterrupts %llu\nerrors %llu\nlost %llu\n",
		   sum.commands, sum.doorbells, sum.interrupts, sum.errors, sum.lost);
	seq_printf(s, "events %llu\npages %u\n", READ_ONCE(cd->events.head),
		   READ_ONCE(cd->pool.count));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(counters);

static int table_show(struct seq_file *s, void *unused)
{
	const struct coffer_row *row;
	unsigned int i;

	for (i = 0; i < coffer_table_size(); i++) {
		row = coffer_table_row(i);
		seq_printf(s, "%04x %-24s req %u..%u reply %u flags %04x ms %u\n", row->opcode,
			   row->name, row->req_min, row->req_max, row->reply_max, row->flags,
			   row->timeout_ms);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(table);

/* Nothing depends on it: errors are the folder's own affair. */
void coffer_debugfs_add(struct coffer_dev *cd)
{
	cd->debugfs = debugfs_create_dir(dev_name(&cd->dev), coffer_debugfs_top);
	debugfs_create_file("registers", 0400, cd->debugfs, cd, &registers_fops);
	debugfs_create_file("queues", 0400, cd->debugfs, cd, &queues_fops);
	debugfs_create_file("counters", 0400, cd->debugfs, cd, &counters_fops);
	debugfs_create_file("table", 0400, cd->debugfs, cd, &table_fops);
}

/* Waits for those who read. */
void coffer_debugfs_del(struct coffer_dev *cd)
{
	debugfs_remove(cd->debugfs);
	cd->debugfs = NULL;
}

void coffer_debugfs_init(void)
{
	coffer_debugfs_top = debugfs_create_dir("coffer", NULL);
}

void coffer_debugfs_exit(void)
{
	debugfs_remove(coffer_debugfs_top);
}
