// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller: one ladder up, one down, used by probe, remove, reset, FLR, AER, suspend and
 * shutdown alike.
 */
#include <linux/interrupt.h>
#include <linux/iopoll.h>

#include "coffer.h"
#include "trace.h"

#define COFFER_POLL_US		1000
#define COFFER_STOP_MS		1000	/* for READY to go away */
#define COFFER_TRIES		2	/* to bring a card up */

/* ---- Interrupts ----------------------------------------------------------------------- */

/* Vector 0 is always there; with one vector only it serves the queue too. */
static void coffer_irqs_on(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 0; i < cd->vectors; i++)
		enable_irq(pci_irq_vector(cd->pdev, i));
}

/* Waits for handlers and for the event thread. */
static void coffer_irqs_off(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 0; i < cd->vectors; i++)
		disable_irq(pci_irq_vector(cd->pdev, i));
}

/* ---- Up ------------------------------------------------------------------------------- */

static bool coffer_ctrl_settled(u32 status, bool ready)
{
	if (status == U32_MAX || !!(status & COFFER_STATUS_READY) == ready)
		return true;
	return ready && status & (COFFER_STATUS_FATAL | COFFER_STATUS_FW_DOWN);
}

/* Who removes the card waits for ctrl_mutex: no sense in a start that may take minutes. */
static bool coffer_ctrl_unwanted(struct coffer_dev *cd, bool ready)
{
	return ready && READ_ONCE(cd->state) == COFFER_DEV_REMOVING;
}

/* Wait for STATUS to be `ready`: 0, -ENODEV when gone or removed, -EIO when fatal, -ETIMEDOUT. */
static int coffer_ctrl_wait(struct coffer_dev *cd, bool ready, u32 ms)
{
	u32 status;
	int rc;

	rc = readl_poll_timeout(cd->regs + COFFER_REG_STATUS, status,
				coffer_ctrl_settled(status, ready) ||
				coffer_ctrl_unwanted(cd, ready),
				COFFER_POLL_US, ms * USEC_PER_MSEC);
	if (rc)
		return -ETIMEDOUT;
	if (status == U32_MAX || coffer_ctrl_unwanted(cd, ready))
		return -ENODEV;
	if (ready && !(status & COFFER_STATUS_READY)) {
		dev_err(&cd->dev, "%s (reason %u)\n",
			status & COFFER_STATUS_FW_DOWN ? "no firmware" : "fatal error at start",
			COFFER_STATUS_REASON(status));
		return -EIO;
	}
	return 0;
}

static void coffer_ctrl_rings(struct coffer_dev *cd)
{
	unsigned int i;

	coffer_event_start(cd);
	coffer_write64(cd, COFFER_REG_EVQ_BASE, cd->evq_dma);
	coffer_write(cd, COFFER_REG_EVQ_SIZE, COFFER_RING_EVENTS);
	coffer_write(cd, COFFER_REG_EVQ_HEAD, 0);
	for (i = 0; i < cd->queues; i++) {
		coffer_queue_rewind(&cd->queue[i]);
		coffer_ring_program(&cd->queue[i]);
	}
}

/**
 * coffer_ctrl_enable - bring the card up
 * @cd: the card; disabled, or fresh from reset; rings are empty
 *
 * Begins a new epoch: all owners of earlier ones are gone.
 * Return: 0, -ENODEV when the card is gone, -EIO when it reports an error, -ETIMEDOUT.
 */
int coffer_ctrl_enable(struct coffer_dev *cd)
{
	unsigned int i;
	int rc;

	lockdep_assert_held(&cd->ctrl_mutex);
	/* 1. Is it there, and still the card that we know? */
	if (coffer_read(cd, COFFER_REG_ID) != COFFER_ID_VALUE)
		return -ENODEV;
	/* 2. Whatever ran before us (a kernel that kexec'd us) ends here; usually nothing does. */
	if (coffer_read(cd, COFFER_REG_CTRL) || coffer_read(cd, COFFER_REG_STATUS))
		coffer_write(cd, COFFER_REG_CTRL, 0);
	rc = coffer_ctrl_wait(cd, false, COFFER_STOP_MS);
	if (rc)
		return rc;
	/* 3. Rings, then start. */
	pci_set_master(cd->pdev);
	coffer_ctrl_rings(cd);
	coffer_write(cd, COFFER_REG_CTRL, COFFER_CTRL_ENABLE);
	rc = coffer_ctrl_wait(cd, true, cd->ready_ms);
	if (rc)
		goto err_stop;
	/* 4. Let interrupts and commands in. */
	cd->fw_version = coffer_read(cd, COFFER_REG_FW_VERSION);
	WRITE_ONCE(cd->epoch, cd->epoch + 1);
	for (i = 0; i < cd->queues; i++)
		coffer_queue_start(&cd->queue[i], cd->epoch);
	coffer_irqs_on(cd);
	cd->irqs_on = true;
	/* 5. The interrupt of an event before step 4 may be lost: look once. */
	irq_wake_thread(pci_irq_vector(cd->pdev, COFFER_VECTOR_EVENTS), cd);
	return 0;

err_stop:
	coffer_write(cd, COFFER_REG_CTRL, 0);
	pci_clear_master(cd->pdev);
	return rc;
}

/* ---- Down ----------------------------------------------------------------------------- */

/**
 * coffer_ctrl_disable - bring the card down and end all that is out
 * @cd: the card, in any condition; its state has left LIVE
 * @error: what waiters of commands get
 *
 * Afterwards the card reaches no memory, no handler runs, no slot is taken, and the events that
 * the card had stored are kept.
 */
void coffer_ctrl_disable(struct coffer_dev *cd, int error)
{
	unsigned int i;

	lockdep_assert_held(&cd->ctrl_mutex);
	/* 1. No new commands and no register accesses by them. */
	for (i = 0; i < cd->queues; i++)
		coffer_queue_stop(&cd->queue[i]);
	/* 2. Stop the card; the bus keeps it from memory even if it does not obey. */
	coffer_write(cd, COFFER_REG_CTRL, 0);
	if (coffer_ctrl_wait(cd, false, COFFER_STOP_MS) == -ETIMEDOUT)
		dev_warn(&cd->dev, "the card does not stop: cutting it off from memory\n");
	pci_clear_master(cd->pdev);
	/* 3. No handler runs from here on. */
	if (cd->irqs_on) {
		coffer_irqs_off(cd);
		coffer_event_rescue(cd);
	}
	cd->irqs_on = false;
	/* 4. Nobody else can end the commands any more. */
	for (i = 0; i < cd->queues; i++)
		coffer_queue_cancel(&cd->queue[i], error);
}

/* ---- Users of the ladders ------------------------------------------------------------- */

/* From BOOTING or RESETTING: up, or FAILED, or DEAD when the card is gone. */
static int coffer_ctrl_bring_up(struct coffer_dev *cd)
{
	int try, rc = -EIO;

	for (try = 0; try < COFFER_TRIES; try++) {
		rc = coffer_ctrl_enable(cd);
		trace_coffer_up(cd->id, rc, cd->epoch, cd->fw_version);
		if (!rc || rc == -ENODEV)
			break;
	}
	if (!rc) {
		coffer_stage_settle(cd);
		if (coffer_set_state(cd, COFFER_DEV_LIVE)) {
			coffer_health_good(cd);
			return 0;
		}
		coffer_ctrl_disable(cd, -ENODEV);	/* it is being removed */
		return -ENODEV;
	}
	if (coffer_ctrl_unwanted(cd, true))
		return -ENODEV;
	dev_err(&cd->dev, "%s: %d\n",
		rc == -ENODEV ? "the card is gone" : "the card does not start", rc);
	coffer_set_state(cd, rc == -ENODEV ? COFFER_DEV_DEAD : COFFER_DEV_FAILED);
	return rc;
}

/* The first start. A card that does not start stays visible as FAILED. */
int coffer_ctrl_boot(struct coffer_dev *cd)
{
	int rc;

	mutex_lock(&cd->ctrl_mutex);
	coffer_set_state(cd, COFFER_DEV_BOOTING);
	rc = coffer_ctrl_bring_up(cd);
	mutex_unlock(&cd->ctrl_mutex);
	return rc;
}

/* Down, with the state RESETTING. False: not now (parked, going away). */
static bool coffer_ctrl_bring_down(struct coffer_dev *cd, enum coffer_why why)
{
	bool gone;

	if (cd->parked || !coffer_set_state(cd, COFFER_DEV_RESETTING))
		return false;
	trace_coffer_reset(cd->id, why, cd->reset_count + 1);
	dev_info(&cd->dev, "reset: %s\n", coffer_why_names[why]);
	/* A bus that is frozen or resets reads as all-ones too, and comes back. */
	gone = why != COFFER_WHY_PCI && coffer_read(cd, COFFER_REG_ID) == U32_MAX;
	coffer_ctrl_disable(cd, gone ? -ENODEV : -ECANCELED);
	cd->reset_count++;
	return true;
}

/**
 * coffer_ctrl_reset - reset the card and wait for the end of it
 * @cd: the card
 * @why: for the log
 *
 * A reset that ends well while this one waits for its turn serves both: nothing of before the
 * call is left.
 * Return: 0, -EINTR when killed while waiting, -EBUSY when a bus reset or suspend has the card,
 * -ENODEV when it is gone, or why it did not come up.
 */
int coffer_ctrl_reset(struct coffer_dev *cd, enum coffer_why why)
{
	u64 epoch = READ_ONCE(cd->epoch);
	int rc = 0;

	if (mutex_lock_killable(&cd->ctrl_mutex))
		return -EINTR;
	cd->reset_next = 0;	/* somebody looks after it: count automatic resets anew */
	if (cd->state == COFFER_DEV_LIVE && cd->epoch != epoch)
		goto out;
	if (coffer_ctrl_bring_down(cd, why))
		rc = coffer_ctrl_bring_up(cd);
	else
		rc = coffer_is_gone(cd) ? -ENODEV : -EBUSY;
out:
	mutex_unlock(&cd->ctrl_mutex);
	return rc;
}

/* Before FLR, a bus reset, suspend or reload: down until coffer_ctrl_unpark(), if it was up. */
int coffer_ctrl_park(struct coffer_dev *cd, enum coffer_why why)
{
	int rc = 0;

	mutex_lock(&cd->ctrl_mutex);
	if (coffer_ctrl_bring_down(cd, why))
		cd->parked = true;
	else
		rc = coffer_is_gone(cd) ? -ENODEV : -EBUSY;
	mutex_unlock(&cd->ctrl_mutex);
	return rc;
}

int coffer_ctrl_unpark(struct coffer_dev *cd)
{
	int rc = 0;

	mutex_lock(&cd->ctrl_mutex);
	if (cd->parked) {
		cd->parked = false;
		rc = coffer_ctrl_bring_up(cd);
	}
	mutex_unlock(&cd->ctrl_mutex);
	return rc;
}

/* Has nothing mended this fault yet? A card that has FAILED stays so. */
static bool coffer_fault_stands(struct coffer_dev *cd, u64 epoch)
{
	lockdep_assert_held(&cd->ctrl_mutex);
	return cd->state == COFFER_DEV_LIVE && cd->epoch == epoch;
}

/* The last rung: a card that needs reset after reset has failed. */
static bool coffer_reset_too_often(struct coffer_dev *cd)
{
	unsigned long *oldest = &cd->reset_times[cd->reset_next % COFFER_RESETS_MAX];
	bool often = cd->reset_next >= COFFER_RESETS_MAX &&
		     time_before(jiffies, *oldest + COFFER_RESETS_WINDOW);

	*oldest = jiffies;
	cd->reset_next++;
	return often;
}

/**
 * coffer_ctrl_recover - reset the card because of a fault, unless that was done already
 * @cd: the card
 * @fault: what was seen, and when
 *
 * Return: 0 when the card is live, or why it is not.
 */
int coffer_ctrl_recover(struct coffer_dev *cd, const struct coffer_fault *fault)
{
	int rc = 0;

	mutex_lock(&cd->ctrl_mutex);
	if (!coffer_fault_stands(cd, fault->epoch) ||
	    !coffer_ctrl_bring_down(cd, fault->why)) {
		rc = coffer_state_errno(cd);
	} else if (coffer_reset_too_often(cd)) {
		dev_err(&cd->dev, "%u resets in %u s: giving up until somebody asks for one\n",
			COFFER_RESETS_MAX, COFFER_RESETS_WINDOW / HZ);
		cd->reset_next = 0;
		coffer_set_state(cd, COFFER_DEV_FAILED);
		rc = -EIO;
	} else {
		rc = coffer_ctrl_bring_up(cd);
	}
	mutex_unlock(&cd->ctrl_mutex);
	return rc;
}

/* A fault that is not to be mended without somebody's word: the card has failed until then. */
void coffer_ctrl_give_up(struct coffer_dev *cd, const struct coffer_fault *fault)
{
	mutex_lock(&cd->ctrl_mutex);
	if (coffer_fault_stands(cd, fault->epoch) && coffer_ctrl_bring_down(cd, fault->why)) {
		dev_err(&cd->dev, "not reset: automatic recovery is off or has its grace period\n");
		coffer_set_state(cd, COFFER_DEV_FAILED);
	}
	mutex_unlock(&cd->ctrl_mutex);
}

/* The newest fault, if it still stands. */
static bool coffer_fault_get(struct coffer_dev *cd, struct coffer_fault *fault)
{
	bool stands;

	mutex_lock(&cd->ctrl_mutex);
	spin_lock_irq(&cd->state_lock);
	fault->why = cd->reset_why;
	fault->epoch = cd->reset_epoch;
	spin_unlock_irq(&cd->state_lock);
	stands = coffer_fault_stands(cd, fault->epoch);
	mutex_unlock(&cd->ctrl_mutex);
	return stands;
}

/* Faults first, and without the mutex: whoever mends one asks devlink, whose lock is outside. */
void coffer_reset_work(struct work_struct *work)
{
	struct coffer_dev *cd = container_of(work, struct coffer_dev, reset_work);
	struct coffer_fault fault;

	if (coffer_fault_get(cd, &fault))
		coffer_health_report(cd, &fault);
	coffer_health_tests(cd);
}
