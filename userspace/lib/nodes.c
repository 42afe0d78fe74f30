// SPDX-License-Identifier: BSD-3-Clause
/*
 * /dev/cofferN: which there are, and those that come while a context is open. A card that was
 * unplugged may come back under another number, and a new one may have the old number.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"

/* N of "cofferN", or -1. */
static int node_number(const char *name)
{
	char *end;
	long n;

	if (strncmp(name, "coffer", 6) || name[6] < '0' || name[6] > '9')
		return -1;
	n = strtol(name + 6, &end, 10);
	return *end || n >= LIB_MAX_CARDS ? -1 : (int)n;
}

coffer_rc nodes_last(int *last)
{
	struct dirent *entry;
	DIR *dir = opendir("/dev");
	int n;

	*last = -1;
	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		n = node_number(entry->d_name);
		if (n > *last)
			*last = n;
	}
	closedir(dir);
	return 0;
}

char *node_name(int n)
{
	return text_of("/dev/coffer%d", n);
}

/* With the lock that guards adding held. */
static bool add(struct coffer *ctx, unsigned int n)
{
	struct coffer_card *card = &ctx->cards[n];
	char *name = node_name((int)n);
	bool good = name && !card_init(card, ctx, n, name);

	free(name);
	if (!good)
		return false;
	card_open(card);
	/* Whoever sees the count sees the card. */
	__atomic_store_n(&ctx->count, n + 1, __ATOMIC_RELEASE);
	return true;
}

void nodes_look(struct coffer *ctx)
{
	int last;

	if (!ctx->scanned || nodes_last(&last) || last < (int)context_count(ctx))
		return;
	pthread_mutex_lock(&ctx->adding);
	while (ctx->count <= (unsigned int)last && add(ctx, ctx->count))
		;
	pthread_mutex_unlock(&ctx->adding);
}
