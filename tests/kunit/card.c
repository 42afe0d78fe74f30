// SPDX-License-Identifier: BSD-3-Clause
/* The tests' card on the kernel of the fuzz targets: what probe would have set up. */
#include "../../driver/tests/card.h"
#include "../fuzz/driver/world.h"

struct coffer_dev *coffer_test_card(unsigned int entries)
{
	static struct workqueue_struct wq;
	static struct pci_dev pdev;
	static u8 bar[COFFER_BAR_REGS_SIZE];
	static struct fuzz_input nothing;
	struct coffer_dev *cd = calloc(1, sizeof(*cd));

	world = (struct world) { .in = &nothing, .cd = cd, .irq_depth = { 1, 1 } };
	jiffies = 1000;
	cd->pdev = &pdev;
	cd->regs = bar;
	cd->wq = &wq;
	cd->vectors = 2;
	cd->max_payload = COFFER_MAX_PAYLOAD;
	cd->ready_ms = 1000;
	spin_lock_init(&cd->state_lock);
	spin_lock_init(&cd->abort_lock);
	mutex_init(&cd->ctrl_mutex);
	init_waitqueue_head(&cd->state_wait);
	init_llist_head(&cd->dead_calls);
	INIT_WORK(&cd->reset_work, coffer_reset_work);
	INIT_WORK(&cd->dead_work, coffer_dead_work);
	INIT_DELAYED_WORK(&cd->watch_work, coffer_watch_work);
	coffer_pool_init(&cd->pool);
	coffer_event_init(cd);
	cd->queues = 1;
	cd->evq = dma_alloc_coherent(&pdev.dev, COFFER_RING_EVENTS * sizeof(*cd->evq),
				     &cd->evq_dma, GFP_KERNEL);
	fuzz_check(!coffer_queue_init(&cd->queue[0], cd, 0, entries, 1), "no queue");
	coffer_ctrl_boot(cd);
	return cd;
}

void coffer_test_card_free(struct coffer_dev *cd)
{
	mutex_lock(&cd->ctrl_mutex);
	coffer_set_state(cd, COFFER_DEV_REMOVING);
	coffer_ctrl_disable(cd, -ENODEV);
	mutex_unlock(&cd->ctrl_mutex);
	flush_work(&cd->dead_work);
	coffer_queue_destroy(&cd->queue[0]);
	dma_free_coherent(&cd->pdev->dev, COFFER_RING_EVENTS * sizeof(*cd->evq), cd->evq,
			  cd->evq_dma);
	coffer_pool_drain(&cd->pool);
	fuzz_check(!world.blocks && !world.pages && !world.maps && !world.coherents,
		   "left: %ld blocks, %ld pages, %ld mappings, %ld rings", world.blocks,
		   world.pages, world.maps, world.coherents);
	free(cd);
}
