/* SPDX-License-Identifier: BSD-3-Clause */
/* monitor -interval: what each card and each queue of a driver's card does in a second. */
#ifndef CLI_RATES_H
#define CLI_RATES_H

#include <signal.h>

#include "cli.h"

struct rates_how {
	unsigned int interval_s;	/* 1 or more */
	uint64_t count;			/* samples; 0 = no end */
	uint64_t timeout_s;		/* 0 = no end */
	bool stream;			/* JSON: a document per sample */
	const volatile sig_atomic_t *stopped;
};

/* Cards are open. 0 when it was stopped, too. */
coffer_rc rates_show(struct cli *cli, const struct rates_how *how);

#endif /* CLI_RATES_H */
