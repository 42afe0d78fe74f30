// SPDX-License-Identifier: BSD-3-Clause
/* A lock for commands: shared by those that use, alone for those that change. */
#include "card.h"

void gate_init(struct gate *g)
{
	pthread_mutex_init(&g->lock, NULL);
	pthread_cond_init(&g->change, NULL);
	g->shared = 0;
	g->waiting = 0;
	g->alone = false;
}

void gate_destroy(struct gate *g)
{
	pthread_cond_destroy(&g->change);
	pthread_mutex_destroy(&g->lock);
}

void gate_enter(struct gate *g, enum gate_mode mode)
{
	if (mode == GATE_OUT)
		return;
	pthread_mutex_lock(&g->lock);
	if (mode == GATE_SHARED) {
		/* Who waits to be alone must not starve. */
		while (g->alone || g->waiting)
			pthread_cond_wait(&g->change, &g->lock);
		g->shared++;
	} else {
		g->waiting++;
		while (g->alone || g->shared)
			pthread_cond_wait(&g->change, &g->lock);
		g->waiting--;
		g->alone = true;
	}
	pthread_mutex_unlock(&g->lock);
}

void gate_leave(struct gate *g, enum gate_mode mode)
{
	if (mode == GATE_OUT)
		return;
	pthread_mutex_lock(&g->lock);
	if (mode == GATE_SHARED)
		g->shared--;
	else
		g->alone = false;
	if (!g->shared)
		pthread_cond_broadcast(&g->change);
	pthread_mutex_unlock(&g->lock);
}
