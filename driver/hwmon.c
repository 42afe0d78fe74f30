// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card as a hardware monitor. It measures nothing; it has a tamper input, which is a chassis
 * intrusion alarm. Only the card's HSM SO clears it, so it is read-only here.
 */
#include <linux/hwmon.h>
#include <linux/slab.h>

#include "coffer.h"

#define COFFER_HWMON_KEEP	HZ	/* everybody may read: ask the card once in a while */

struct coffer_hwmon {
	struct coffer_dev	*cd;
	struct device		*dev;
	struct mutex		lock;		/* guards those below */
	unsigned long		when;		/* jiffies of the answer */
	u64			epoch;
	bool			tampered;
	bool			fresh;		/* cleared without the lock when the card shouts */
};

static umode_t coffer_hwmon_visible(const void *data, enum hwmon_sensor_types type, u32 attr,
				    int channel)
{
	return 0444;
}

static bool coffer_hwmon_kept(struct coffer_hwmon *h)
{
	return READ_ONCE(h->fresh) && h->epoch == READ_ONCE(h->cd->epoch) &&
	       time_before(jiffies, h->when + COFFER_HWMON_KEEP) &&
	       !coffer_state_errno(h->cd);
}

static int coffer_hwmon_ask(struct coffer_hwmon *h)
{
	struct coffer_card_info info;
	u64 epoch = READ_ONCE(h->cd->epoch);
	int rc;

	/* Before the question: an alarm that comes after the answer was made must not get lost. */
	xchg(&h->fresh, true);
	rc = coffer_own_identify(h->cd, &info);
	if (rc) {
		WRITE_ONCE(h->fresh, false);
		return rc;
	}
	h->tampered = le32_to_cpu(info.flags) & COFFER_CARD_TAMPERED;
	h->epoch = epoch;
	h->when = jiffies;
	return 0;
}

static int coffer_hwmon_read(struct device *dev, enum hwmon_sensor_types type, u32 attr,
			     int channel, long *value)
{
	struct coffer_hwmon *h = dev_get_drvdata(dev);
	int rc = 0;

	if (mutex_lock_killable(&h->lock))
		return -EINTR;
	if (!coffer_hwmon_kept(h))
		rc = coffer_hwmon_ask(h);
	*value = h->tampered;
	mutex_unlock(&h->lock);
	return rc;
}

static const struct hwmon_ops coffer_hwmon_ops = {
	.is_visible	= coffer_hwmon_visible,
	.read		= coffer_hwmon_read,
};

static const u32 coffer_hwmon_intrusion[] = { HWMON_INTRUSION_ALARM, 0 };

static const struct hwmon_channel_info coffer_hwmon_channel = {
	.type	= hwmon_intrusion,
	.config	= coffer_hwmon_intrusion,
};

static const struct hwmon_channel_info *coffer_hwmon_channels[] = { &coffer_hwmon_channel, NULL };

static const struct hwmon_chip_info coffer_hwmon_chip = {
	.ops	= &coffer_hwmon_ops,
	.info	= coffer_hwmon_channels,
};

/* The card may have been tampered with since it was asked. In any context. */
void coffer_hwmon_stale(struct coffer_dev *cd)
{
	struct coffer_hwmon *h = smp_load_acquire(&cd->hwmon);	/* made whole before */

	if (h)
		xchg(&h->fresh, false);
}

/* Wake who polls the alarm. */
void coffer_hwmon_tell(struct coffer_dev *cd)
{
	struct coffer_hwmon *h = smp_load_acquire(&cd->hwmon);	/* made whole before */

	if (h)
		hwmon_notify_event(h->dev, hwmon_intrusion, hwmon_intrusion_alarm, 0);
}

/* A card without it is as good: what goes wrong is told in the log. */
void coffer_hwmon_add(struct coffer_dev *cd)
{
	struct coffer_hwmon *h = kzalloc(sizeof(*h), GFP_KERNEL);

	if (!h)
		return;
	h->cd = cd;
	mutex_init(&h->lock);
	h->dev = hwmon_device_register_with_info(&cd->pdev->dev, "coffer", h, &coffer_hwmon_chip,
						 NULL);
	if (IS_ERR(h->dev)) {
		dev_warn(&cd->dev, "no hwmon: %pe\n", h->dev);
		kfree(h);
		return;
	}
	smp_store_release(&cd->hwmon, h);	/* events may come already */
}

/* The card is down, events come no more, and uevents are off. */
void coffer_hwmon_del(struct coffer_dev *cd)
{
	if (!cd->hwmon)
		return;
	hwmon_device_unregister(cd->hwmon->dev);
	kfree(cd->hwmon);
	cd->hwmon = NULL;
}
