// SPDX-License-Identifier: BSD-3-Clause
/* What other parts of the kernel hear of a card: here, nobody listens. */
#include "world.h"

void coffer_uevent_event(struct coffer_dev *cd, const struct coffer_event *ev)
{
	(void)cd, (void)ev;
}

void coffer_uevent_state(struct coffer_dev *cd, enum coffer_dev_state from,
			 enum coffer_dev_state to)
{
	(void)cd, (void)from, (void)to;
}

void coffer_stage_settle(struct coffer_dev *cd)
{
	(void)cd;
	might_sleep();
}
