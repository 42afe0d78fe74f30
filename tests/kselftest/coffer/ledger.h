/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A load whose every acknowledged effect can be checked afterwards: threads create and destroy
 * objects of a partition of their own, whatever happens to the card, and write down what the
 * card said.
 */
#ifndef COFFER_LEDGER_H
#define COFFER_LEDGER_H

#include "coffer_test.h"

#define LEDGER_THREADS	4
#define LEDGER_ENTRIES	8192	/* of each thread; it rests when they are used up */

enum ledger_state {
	LEDGER_NEVER,		/* not sent */
	LEDGER_MAYBE,		/* sent, and no answer came back */
	LEDGER_MADE,		/* acknowledged: there, once */
	LEDGER_MAYBE_GONE,	/* its end was sent, and no answer came back */
	LEDGER_GONE,		/* its end was acknowledged: not there */
	LEDGER_STATES,
};

struct ledger_thread {
	struct ledger *ledger;
	pthread_t thread;
	unsigned int number;
	unsigned char state[LEDGER_ENTRIES];
	unsigned char found[LEDGER_ENTRIES];
};

struct ledger {
	struct ledger_thread thread[LEDGER_THREADS];
	__u32 partition;
	bool stop;
	unsigned int acked;		/* creations and destructions that were acknowledged */
	unsigned int cut;		/* commands that a reset or the end of the card ended */
	unsigned int wrong;		/* answers that fit neither */
	long long first_wrong;		/* ... and what the first of them was */
};

int ledger_begin(struct ledger *ledger);	/* a partition, and the threads: 0 or -1 */
void ledger_stop(struct ledger *ledger);
/* Wait until `more` effects have been acknowledged from now on: 0, or -1 after ten seconds. */
int ledger_progress(struct ledger *ledger, unsigned int more);
/* Compare with what the card has: number of contradictions, or -1. Deletes the partition. */
int ledger_check(struct ledger *ledger);

#endif /* COFFER_LEDGER_H */
