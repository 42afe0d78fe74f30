// SPDX-License-Identifier: BSD-3-Clause
/* What became of a run so far, told to the caller as it happens. */
#include "clone.h"

void clone_settle(struct clone_run *run, struct clone_object *object,
		  enum coffer_clone_result result, coffer_rc rc, uint32_t target_handle)
{
	size_t *const counters[] = {
		[COFFER_CLONED] = &run->report->cloned,
		[COFFER_CLONE_EXISTS] = &run->report->existing,
		[COFFER_CLONE_REFUSED] = &run->report->refused,
		[COFFER_CLONE_NOT_TRIED] = &run->report->not_tried,
	};

	object->settled = true;
	object->item->result = result;
	object->item->rc = rc;
	object->item->target_handle = target_handle;
	++*counters[result];
	if (run->options->item)
		run->options->item(run->options->opaque, object->item);
}

void clone_stage(const struct clone_run *run, enum coffer_clone_stage stage, size_t done)
{
	if (run->options->stage)
		run->options->stage(run->options->opaque, stage, done, run->report->count);
}

bool clone_interrupted(const struct clone_run *run)
{
	return run->options->interrupted && *run->options->interrupted;
}
