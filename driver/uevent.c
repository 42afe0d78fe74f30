// SPDX-License-Identifier: GPL-2.0-only
/*
 * Uevents of the card: KOBJ_CHANGE with COFFER_EVENT, COFFER_SERIAL and COFFER_COUNT.
 *
 * A card may be hostile and shout: what happens is counted, and a work item tells of each kind
 * once in COFFER_UEVENT_PERIOD at most, with the number of times. So udevd is not flooded, and
 * the one event that matters is not the one that a rate limit drops.
 */
#include <linux/kobject.h>

#include "coffer.h"

#define COFFER_UEVENT_PERIOD	(HZ / 2)

static const char * const coffer_uevent_names[COFFER_UEVENTS] = {
	[COFFER_UEVENT_TAMPER]		= "tamper",
	[COFFER_UEVENT_ZEROIZED]	= "zeroized",
	[COFFER_UEVENT_SELF_TEST]	= "self-test-failed",
	[COFFER_UEVENT_RESET]		= "reset",
	[COFFER_UEVENT_FAILED]		= "failed",
	[COFFER_UEVENT_GONE]		= "gone",
};

static void coffer_uevent_send(struct coffer_dev *cd, enum coffer_uevent kind,
			       unsigned int count)
{
	char event[40], serial[40], times[32];
	char *env[4] = { event, serial, times };

	snprintf(event, sizeof(event), "COFFER_EVENT=%s", coffer_uevent_names[kind]);
	snprintf(serial, sizeof(serial), "COFFER_SERIAL=%llu", cd->serial);
	snprintf(times, sizeof(times), "COFFER_COUNT=%u", count);
	kobject_uevent_env(&cd->dev.kobj, KOBJ_CHANGE, env);
}

static void coffer_uevent_work(struct work_struct *work)
{
	struct coffer_uevents *ue = container_of(to_delayed_work(work), struct coffer_uevents,
						 work);
	struct coffer_dev *cd = container_of(ue, struct coffer_dev, uevents);
	unsigned int kind;
	unsigned int count;

	if (READ_ONCE(ue->off))
		return;
	if (!device_is_registered(&cd->dev)) {	/* probe is not done: nobody could hear it */
		queue_delayed_work(cd->wq, &ue->work, COFFER_UEVENT_PERIOD);
		return;
	}
	/* Before the counts are taken: who counts after that waits for the next turn. */
	WRITE_ONCE(ue->next, jiffies + COFFER_UEVENT_PERIOD);
	for (kind = 0; kind < COFFER_UEVENTS; kind++) {
		count = atomic_xchg(&ue->count[kind], 0);
		if (!count)
			continue;
		coffer_uevent_send(cd, kind, count);
		if (kind == COFFER_UEVENT_TAMPER)
			coffer_hwmon_tell(cd);
	}
}

void coffer_uevent_init(struct coffer_dev *cd)
{
	INIT_DELAYED_WORK(&cd->uevents.work, coffer_uevent_work);
	cd->uevents.next = jiffies;
}

/* Nobody hears of the card any more: its name goes away. */
void coffer_uevent_off(struct coffer_dev *cd)
{
	WRITE_ONCE(cd->uevents.off, true);
	cancel_delayed_work_sync(&cd->uevents.work);
}

/**
 * coffer_uevent - have user space told, soon
 * @cd: the card; its work queue is there
 * @kind: what happened
 *
 * In any context.
 */
void coffer_uevent(struct coffer_dev *cd, enum coffer_uevent kind)
{
	unsigned long now = jiffies, next = READ_ONCE(cd->uevents.next);

	if (READ_ONCE(cd->uevents.off))
		return;
	if (atomic_inc_return(&cd->uevents.count[kind]) < 0)
		atomic_set(&cd->uevents.count[kind], INT_MAX);
	queue_delayed_work(cd->wq, &cd->uevents.work, time_before(now, next) ? next - now : 0);
}

/* An event of the card's: those that an administrator has to know of without having asked. */
void coffer_uevent_event(struct coffer_dev *cd, const struct coffer_event *ev)
{
	switch (ev->type) {
	case COFFER_EV_TAMPER:
		coffer_hwmon_stale(cd);
		coffer_uevent(cd, COFFER_UEVENT_TAMPER);
		break;
	case COFFER_EV_ZEROIZED:
		coffer_uevent(cd, COFFER_UEVENT_ZEROIZED);
		break;
	case COFFER_EV_SELF_TEST_FAILED:
		coffer_uevent(cd, COFFER_UEVENT_SELF_TEST);
		break;
	}
}

/* A change of state. A card that is removed has a uevent of the core's. */
void coffer_uevent_state(struct coffer_dev *cd, enum coffer_dev_state from,
			 enum coffer_dev_state to)
{
	if (from == COFFER_DEV_RESETTING && to == COFFER_DEV_LIVE)
		coffer_uevent(cd, COFFER_UEVENT_RESET);
	else if (to == COFFER_DEV_FAILED)
		coffer_uevent(cd, COFFER_UEVENT_FAILED);
	else if (from != COFFER_DEV_REMOVING && to == COFFER_DEV_DEAD)
		coffer_uevent(cd, COFFER_UEVENT_GONE);
}
