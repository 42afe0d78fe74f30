// SPDX-License-Identifier: GPL-2.0-only
/* What lies behind an open descriptor: it lives as long as the descriptor and its commands. */
#include <linux/slab.h>

#include "coffer.h"

/* With one reference, and one to the card's struct; NULL without memory. */
struct coffer_file *coffer_file_alloc(struct coffer_dev *cd)
{
	struct coffer_file *file = kzalloc(sizeof(*file), GFP_KERNEL_ACCOUNT);

	if (!file)
		return NULL;
	kref_init(&file->ref);
	file->cd = cd;
	get_device(&cd->dev);
	mutex_init(&file->owner_mutex);
	mutex_init(&file->event_mutex);
	spin_lock_init(&file->calls_lock);
	INIT_LIST_HEAD(&file->calls);
	INIT_LIST_HEAD(&file->closing);
	return file;
}

void coffer_file_get(struct coffer_file *file)
{
	kref_get(&file->ref);
}

static void coffer_file_free(struct kref *ref)
{
	struct coffer_file *file = container_of(ref, struct coffer_file, ref);
	struct coffer_dev *cd = file->cd;

	kfree(file);
	put_device(&cd->dev);
}

void coffer_file_put(struct coffer_file *file)
{
	kref_put(&file->ref, coffer_file_free);
}
