/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of the card's inner life as the device's tests need: events and a slow command. */
#ifndef HSM_H
#define HSM_H

#include "card.h"

struct hsm {
	uint64_t owner;
	uint32_t admin;		/* session of the HSM SO */
	uint32_t user;		/* session of a Crypto Officer, after hsm_officer() */
};

/* Initialise the card, log the HSM SO in. Uses up the card: take card_dir[3]. */
struct hsm hsm_setup(struct card *c, struct queue *q);
uint32_t hsm_init_verdict(struct card *c, struct queue *q, uint64_t owner);
/* Make a partition and delete it again: two events. */
void hsm_two_events(struct card *c, struct queue *q, struct hsm *h);
/* Make a partition with a Crypto Officer and log it in. */
void hsm_officer(struct card *c, struct queue *q, struct hsm *h);
/* An entry that keeps the firmware busy for seconds: an RSA-4096 key pair. */
struct coffer_sqe hsm_slow(struct card *c, struct hsm *h, uint32_t tag);

/* Change a policy of the card, whatever that destroys; the verdict. */
uint32_t hsm_policy(struct card *c, struct queue *q, struct hsm *h, uint32_t id, uint32_t value);

#endif
