// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI function: probe ladder, remove, reset by the bus, power; the module.
 */
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/pci.h>

#include "coffer.h"
#include "compat.h"

#define COFFER_RECOVER_WAIT	(20 * HZ) /* for the PCI core to recover from a bus error */

static unsigned int queues;
module_param(queues, uint, 0444);
MODULE_PARM_DESC(queues, "queue pairs per card, 1 to 8; 0: one for each CPU (default)");

static unsigned int entries = 128;
module_param(entries, uint, 0444);
MODULE_PARM_DESC(entries, "entries of each ring, 4 to 1024 (default 128)");

static unsigned int vectors;
module_param(vectors, uint, 0444);
MODULE_PARM_DESC(vectors, "interrupts per card; 1: one for all; 0: one for each queue (default)");

/* ---- What the card offers ------------------------------------------------------------- */

static int coffer_identify(struct coffer_dev *cd)
{
	struct device *dev = &cd->pdev->dev;
	u32 id = coffer_read(cd, COFFER_REG_ID);

	if (id != COFFER_ID_VALUE) {
		dev_err(dev, "not a Coffer card, or gone: id %08x\n", id);
		return -ENODEV;
	}
	cd->regs_version = coffer_read(cd, COFFER_REG_VERSION);
	if (cd->regs_version >> 16 != COFFER_REGS_VERSION >> 16) {
		dev_err(dev, "register map %u.%u: this driver knows %u.x\n",
			cd->regs_version >> 16, cd->regs_version & 0xffff,
			COFFER_REGS_VERSION >> 16);
		return -EPROTO;
	}
	cd->serial = coffer_read64(cd, COFFER_REG_SERIAL);
	cd->fw_version = coffer_read(cd, COFFER_REG_FW_VERSION);
	return 0;
}

/* Payload: what fits into the card's limits with one segment for each page. */
static int coffer_size_payload(struct coffer_dev *cd, u32 cap1)
{
	u32 max = COFFER_CAP1_SEGMENTS(cap1) * PAGE_SIZE;

	cd->max_payload = min3(COFFER_CAP1_PAYLOAD(cap1), max, (u32)COFFER_MAX_PAYLOAD);
	return cd->max_payload < 1024 ? -EPROTO : 0;
}

/* How many queues and vectors: as the card, the machine and the user allow. */
static int coffer_size_queues(struct coffer_dev *cd, u32 cap0, u32 cap1)
{
	unsigned int want = min_t(unsigned int, num_online_cpus(), COFFER_QPAIRS);
	unsigned int most = COFFER_CAP1_VECTORS(cap1);
	int got;

	if (queues)
		want = min_t(unsigned int, queues, COFFER_QPAIRS);
	want = min(want, COFFER_CAP0_QUEUES(cap0));
	if (!want)
		return -EPROTO;
	if (vectors)
		most = min(most, vectors);
	got = pci_alloc_irq_vectors(cd->pdev, 1, clamp(most, 1u, want + 1), PCI_IRQ_MSIX);
	if (got < 0)
		return got;
	cd->vectors = got;
	cd->queues = got > 1 ? min_t(unsigned int, want, got - 1) : 1;
	cd->vectors = got > 1 ? cd->queues + 1 : 1;
	return 0;
}

static int coffer_alloc_queues(struct coffer_dev *cd, u32 cap0)
{
	unsigned int i, size = clamp(entries, 4u, (unsigned int)COFFER_MAX_ENTRIES);
	int rc;

	size = rounddown_pow_of_two(min(size, COFFER_CAP0_ENTRIES(cap0)));
	if (size < 4)
		return -EPROTO;
	for (i = 0; i < cd->queues; i++) {
		rc = coffer_queue_init(&cd->queue[i], cd, i, size, cd->vectors > 1 ? i + 1 : 0);
		if (rc)
			return rc;
	}
	cd->evq = dma_alloc_coherent(&cd->pdev->dev, COFFER_RING_EVENTS * sizeof(*cd->evq),
				     &cd->evq_dma, GFP_KERNEL);
	return cd->evq ? 0 : -ENOMEM;
}

static void coffer_free_queues(struct coffer_dev *cd)
{
	unsigned int i;

	if (cd->evq)
		dma_free_coherent(&cd->pdev->dev, COFFER_RING_EVENTS * sizeof(*cd->evq),
				  cd->evq, cd->evq_dma);
	cd->evq = NULL;
	for (i = 0; i < cd->queues; i++)
		if (cd->queue[i].cd)
			coffer_queue_destroy(&cd->queue[i]);
}

/* ---- Interrupts ----------------------------------------------------------------------- */

/* They are requested switched off: the controller's ladders switch them. */
static int coffer_request_irqs(struct coffer_dev *cd)
{
	struct pci_dev *pdev = cd->pdev;
	irq_handler_t first = cd->vectors > 1 ? coffer_event_irq : coffer_event_shared_irq;
	int node = dev_to_node(&pdev->dev);
	unsigned int i;
	int rc;

	rc = request_threaded_irq(pci_irq_vector(pdev, 0), first, coffer_event_thread,
				  IRQF_NO_AUTOEN, dev_name(&cd->dev), cd);
	if (rc)
		return rc;
	for (i = 1; i < cd->vectors; i++) {
		rc = request_irq(pci_irq_vector(pdev, i), coffer_queue_irq, IRQF_NO_AUTOEN,
				 dev_name(&cd->dev), &cd->queue[i - 1]);
		if (rc)
			goto err_free;
		irq_set_affinity_and_hint(pci_irq_vector(pdev, i),
					  cpumask_of(cpumask_local_spread(i - 1, node)));
	}
	return 0;

err_free:
	while (--i) {
		irq_update_affinity_hint(pci_irq_vector(pdev, i), NULL);
		free_irq(pci_irq_vector(pdev, i), &cd->queue[i - 1]);
	}
	free_irq(pci_irq_vector(pdev, 0), cd);
	return rc;
}

static void coffer_free_irqs(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 1; i < cd->vectors; i++) {
		irq_update_affinity_hint(pci_irq_vector(cd->pdev, i), NULL);
		free_irq(pci_irq_vector(cd->pdev, i), &cd->queue[i - 1]);
	}
	free_irq(pci_irq_vector(cd->pdev, 0), cd);
}

/* ---- Probe and remove ----------------------------------------------------------------- */

static void coffer_recover_work(struct work_struct *work);

static void coffer_init_fields(struct coffer_dev *cd)
{
	spin_lock_init(&cd->state_lock);
	spin_lock_init(&cd->abort_lock);
	spin_lock_init(&cd->close_lock);
	mutex_init(&cd->ctrl_mutex);
	init_waitqueue_head(&cd->state_wait);
	init_llist_head(&cd->dead_calls);
	INIT_LIST_HEAD(&cd->closing);
	INIT_LIST_HEAD(&cd->node);
	INIT_WORK(&cd->reset_work, coffer_reset_work);
	INIT_WORK(&cd->dead_work, coffer_dead_work);
	INIT_WORK(&cd->close_work, coffer_owner_close_work);
	INIT_DELAYED_WORK(&cd->watch_work, coffer_watch_work);
	INIT_DELAYED_WORK(&cd->recover_work, coffer_recover_work);
	coffer_event_init(cd);
	coffer_uevent_init(cd);
}

/* Registers, mapped; released by the core after remove. */
static int coffer_map(struct coffer_dev *cd)
{
	struct pci_dev *pdev = cd->pdev;
	int rc;

	rc = pcim_enable_device(pdev);
	if (rc)
		return rc;
	if (pci_resource_len(pdev, COFFER_BAR_REGS) < COFFER_BAR_REGS_SIZE)
		return -ENODEV;
	rc = pcim_iomap_regions(pdev, BIT(COFFER_BAR_REGS), "coffer");
	if (rc)
		return rc;
	cd->regs = pcim_iomap_table(pdev)[COFFER_BAR_REGS];
	return dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
}

/* Everything that a card needs to be started. */
static int coffer_prepare(struct coffer_dev *cd)
{
	u32 cap0, cap1;
	int rc;

	cap0 = coffer_read(cd, COFFER_REG_CAP0);
	cap1 = coffer_read(cd, COFFER_REG_CAP1);
	cd->cap2 = coffer_read(cd, COFFER_REG_CAP2);
	cd->ready_ms = max(COFFER_CAP0_READY_MS(cap0), 1000u);
	rc = coffer_size_payload(cd, cap1);
	if (rc)
		return rc;
	rc = coffer_size_queues(cd, cap0, cap1);
	if (rc)
		return rc;
	rc = coffer_alloc_queues(cd, cap0);
	if (rc)
		goto err_queues;
	rc = coffer_sysfs_init(cd);
	if (rc)
		goto err_queues;
	cd->wq = alloc_workqueue("%s", WQ_UNBOUND, 0, dev_name(&cd->dev));
	if (!cd->wq) {
		rc = -ENOMEM;
		goto err_queues;
	}
	rc = coffer_request_irqs(cd);
	if (rc)
		goto err_wq;
	return 0;

err_wq:
	destroy_workqueue(cd->wq);
err_queues:
	coffer_free_queues(cd);
	pci_free_irq_vectors(cd->pdev);
	return rc;
}

/* The way back from coffer_prepare() and whatever came after it. The card is disabled. */
static void coffer_unprepare(struct coffer_dev *cd)
{
	cancel_delayed_work_sync(&cd->watch_work);
	cancel_delayed_work_sync(&cd->recover_work);
	cancel_work_sync(&cd->reset_work);
	coffer_uevent_off(cd);
	coffer_owner_flush(cd);
	destroy_workqueue(cd->wq);
	coffer_free_irqs(cd);
	coffer_free_queues(cd);
	pci_free_irq_vectors(cd->pdev);
}

/* For good: nobody who waits for the mutex, or comes later, switches the card on again. */
static void coffer_shut_down(struct coffer_dev *cd, int error)
{
	coffer_set_state(cd, COFFER_DEV_REMOVING);
	mutex_lock(&cd->ctrl_mutex);
	cd->parked = false;
	coffer_ctrl_disable(cd, error);
	mutex_unlock(&cd->ctrl_mutex);
}

/* To the parts of the kernel that may know of a card, none of which it needs. */
static void coffer_introduce(struct coffer_dev *cd)
{
	coffer_debugfs_add(cd);
	coffer_hwmon_add(cd);
	coffer_hwrng_add(cd);
}

/* The card is down, so none of them is kept waiting by it; its name is still its own. */
static void coffer_withdraw(struct coffer_dev *cd)
{
	coffer_uevent_off(cd);
	coffer_hwrng_del(cd);
	coffer_hwmon_del(cd);
	coffer_debugfs_del(cd);
	cancel_work_sync(&cd->reset_work);	/* no report is made from here on */
	coffer_devlink_del(cd);
}

static int coffer_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct coffer_dev *cd = coffer_chardev_alloc(pdev);
	int rc;

	if (!cd)
		return -ENOMEM;
	coffer_init_fields(cd);
	rc = coffer_map(cd);
	if (rc)
		goto err_put;
	rc = coffer_identify(cd);
	if (rc)
		goto err_put;
	rc = coffer_prepare(cd);
	if (rc)
		goto err_put;
	pci_set_drvdata(pdev, cd);
	rc = coffer_devlink_add(cd);
	if (rc)
		goto err_unprepare;
	rc = coffer_ctrl_boot(cd);
	if (rc == -ENODEV)
		goto err_unprepare;
	rc = coffer_chardev_add(cd);
	if (rc)
		goto err_unprepare;
	coffer_list_add(cd);
	coffer_introduce(cd);
	pci_enable_pcie_error_reporting(pdev);	/* where there is AER; else nothing happens */
	pci_save_state(pdev);	/* for coffer_slot_reset() */
	dev_info(&cd->dev, "serial %llu, firmware %u.%u.%u, %u queues of %u, %s\n", cd->serial,
		 cd->fw_version >> 16 & 0xff, cd->fw_version >> 8 & 0xff, cd->fw_version & 0xff,
		 cd->queues, cd->queue[0].entries, coffer_state_name(cd->state));
	return 0;

err_unprepare:
	coffer_shut_down(cd, -ENODEV);
	coffer_withdraw(cd);
	coffer_unprepare(cd);
err_put:
	dev_err(&pdev->dev, "probe failed: %d\n", rc);
	coffer_chardev_put(cd);
	return rc;
}

/* Open files stay; all they get from here on is -ENODEV. */
static void coffer_remove(struct pci_dev *pdev)
{
	struct coffer_dev *cd = pci_get_drvdata(pdev);

	coffer_list_del(cd);
	coffer_shut_down(cd, -ENODEV);
	coffer_withdraw(cd);
	coffer_chardev_del(cd);
	coffer_unprepare(cd);
	coffer_set_state(cd, COFFER_DEV_DEAD);
	put_device(&cd->dev);
}

static void coffer_shutdown(struct pci_dev *pdev)
{
	struct coffer_dev *cd = pci_get_drvdata(pdev);

	coffer_shut_down(cd, -ENODEV);
	cancel_delayed_work_sync(&cd->recover_work);
}

/* ---- Reset by the bus, errors of the bus, power --------------------------------------- */

static void coffer_reset_prepare(struct pci_dev *pdev)
{
	coffer_ctrl_park(pci_get_drvdata(pdev), COFFER_WHY_PCI);
}

/* The core has used up what probe saved: without a new copy, slot_reset would restore nothing. */
static void coffer_reset_done(struct pci_dev *pdev)
{
	if (coffer_ctrl_unpark(pci_get_drvdata(pdev)) != -ENODEV)
		pci_save_state(pdev);
}

static pci_ers_result_t coffer_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct coffer_dev *cd = pci_get_drvdata(pdev);

	if (state == pci_channel_io_normal)
		return PCI_ERS_RESULT_CAN_RECOVER;
	coffer_ctrl_park(cd, COFFER_WHY_PCI);
	queue_delayed_work(cd->wq, &cd->recover_work, COFFER_RECOVER_WAIT);
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t coffer_mmio_enabled(struct pci_dev *pdev)
{
	return PCI_ERS_RESULT_RECOVERED;
}

static pci_ers_result_t coffer_slot_reset(struct pci_dev *pdev)
{
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static void coffer_resume_io(struct pci_dev *pdev)
{
	struct coffer_dev *cd = pci_get_drvdata(pdev);

	cancel_delayed_work(&cd->recover_work);
	coffer_ctrl_unpark(cd);
}

/*
 * Recovery by the PCI core may fail half way, and then tells nobody: without this, a parked card
 * would stay so for ever, and commands would wait for it.
 */
static void coffer_recover_work(struct work_struct *work)
{
	struct coffer_dev *cd = container_of(to_delayed_work(work), struct coffer_dev,
					     recover_work);

	mutex_lock(&cd->ctrl_mutex);	/* what is restored lets the card reach memory */
	if (cd->parked) {
		dev_warn(&cd->dev, "the bus did not recover in %u s: trying without it\n",
			 COFFER_RECOVER_WAIT / HZ);
		pci_restore_state(cd->pdev);
		pci_save_state(cd->pdev);
	}
	mutex_unlock(&cd->ctrl_mutex);
	coffer_ctrl_unpark(cd);
}

static const struct pci_error_handlers coffer_err_handlers = {
	.error_detected	= coffer_error_detected,
	.mmio_enabled	= coffer_mmio_enabled,
	.slot_reset	= coffer_slot_reset,
	.resume		= coffer_resume_io,
	.reset_prepare	= coffer_reset_prepare,
	.reset_done	= coffer_reset_done,
};

static int coffer_suspend(struct device *dev)
{
	struct coffer_dev *cd = dev_get_drvdata(dev);

	cancel_delayed_work_sync(&cd->recover_work);	/* from here on, resume unparks */
	coffer_ctrl_park(cd, COFFER_WHY_POWER);
	return 0;
}

/* A card that does not come back is FAILED; the machine's resume goes on. */
static int coffer_resume(struct device *dev)
{
	if (coffer_ctrl_unpark(dev_get_drvdata(dev)) != -ENODEV)
		pci_save_state(to_pci_dev(dev));	/* as in coffer_reset_done() */
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(coffer_pm_ops, coffer_suspend, coffer_resume);

static const struct pci_device_id coffer_ids[] = {
	{ PCI_DEVICE(COFFER_PCI_VENDOR_ID, COFFER_PCI_DEVICE_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, coffer_ids);

static struct pci_driver coffer_driver = {
	.name		= "coffer",
	.id_table	= coffer_ids,
	.probe		= coffer_probe,
	.remove		= coffer_remove,
	.shutdown	= coffer_shutdown,
	.err_handler	= &coffer_err_handlers,
	.driver.pm	= pm_sleep_ptr(&coffer_pm_ops),
};

static int __init coffer_init(void)
{
	int rc;

	BUILD_BUG_ON(COFFER_PAGES > COFFER_MAX_SEGMENTS);
	rc = coffer_uring_init();
	if (rc)
		return rc;
	rc = coffer_chardev_init();
	if (rc)
		goto err_uring;
	rc = coffer_netlink_init();
	if (rc)
		goto err_chardev;
	coffer_debugfs_init();
	rc = pci_register_driver(&coffer_driver);
	if (rc)
		goto err_debugfs;
	return 0;

err_debugfs:
	coffer_debugfs_exit();
	coffer_netlink_exit();
err_chardev:
	coffer_chardev_exit();
err_uring:
	coffer_uring_exit();
	return rc;
}

static void __exit coffer_exit(void)
{
	pci_unregister_driver(&coffer_driver);
	coffer_debugfs_exit();
	coffer_netlink_exit();
	coffer_chardev_exit();
	coffer_uring_exit();
}

module_init(coffer_init);
module_exit(coffer_exit);

MODULE_DESCRIPTION("Coffer hardware security module");
MODULE_AUTHOR("The Coffer authors");
MODULE_LICENSE("GPL");
