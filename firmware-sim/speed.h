/* SPDX-License-Identifier: BSD-3-Clause */
/* speed.c: a card that is made with its model's speed. */
#ifndef FW_SPEED_H
#define FW_SPEED_H

#include "card.h"

struct job;

/* The figure that limits operations with such a private key; NULL: none does. */
const struct profile_rate *speed_of(const struct fw_card *card, uint32_t key_type, uint32_t bits);
/*
 * A command that is done, out of the gates, and has job->c.rate: true when its answer waits. Then
 * it is no longer the caller's, and comes back by the release function with its verdict.
 */
bool speed_hold(struct job *job);

/* Before the first command; 0 or -errno. @limited: the card was made so. */
int speed_start(struct fw_card *card, bool limited, job_answer_fn *release);
/* Everything that waits ends as removed, and nothing waits any more. Before the pool stops. */
void speed_stop(struct fw_card *card);
void speed_free(struct fw_card *card);

#endif /* FW_SPEED_H */
