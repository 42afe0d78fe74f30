// SPDX-License-Identifier: BSD-3-Clause
/* The one source of card events: numbered from 1 in each power cycle, the last 256 kept. */
#include <string.h>

#include "card.h"

void events_init(struct events *e, fw_event_fn *fn, void *opaque)
{
	pthread_mutex_init(&e->lock, NULL);
	e->next = 1;
	e->fn = fn;
	e->opaque = opaque;
	memset(e->kept, 0, sizeof(e->kept));
}

void events_destroy(struct events *e)
{
	pthread_mutex_destroy(&e->lock);
}

/* The lock is held over the callback, so that events are told in the order of their numbers. */
void card_event(struct fw_card *card, enum coffer_event_type type, uint32_t partition,
		uint64_t arg)
{
	struct events *e = &card->events;
	struct fw_event *event;

	pthread_mutex_lock(&e->lock);
	event = &e->kept[e->next % EVENTS_KEPT];
	event->seq = e->next++;
	event->time_ms = clock_wall_ms();
	event->arg = arg;
	event->partition = partition;
	event->type = type;
	if (e->fn)
		e->fn(e->opaque, event);
	pthread_mutex_unlock(&e->lock);
}

static void event_write(struct wire_out *out, const struct fw_event *event)
{
	wire_put_u64(out, event->seq);
	wire_put_u64(out, event->time_ms);
	wire_put_u64(out, event->arg);
	wire_put_u32(out, event->partition);
	wire_put_u32(out, event->type);
}

/* Oldest first, above `since`; a gap to the first number shows what was lost. */
uint32_t handle_EVENTS(struct cmd *c)
{
	struct events *e = &c->card->events;
	uint64_t since = wire_u64(&c->in), seq;
	uint32_t max = wire_u32(&c->in), count = 0;
	size_t at;

	if (wire_u32(&c->in) || !wire_in_done(&c->in) || !max)
		return COFFER_ST_ARGUMENTS_BAD;
	at = wire_reserve_u32(&c->out);
	pthread_mutex_lock(&e->lock);
	seq = e->next > EVENTS_KEPT ? e->next - EVENTS_KEPT : 1;
	if (since >= seq)
		seq = since == UINT64_MAX ? since : since + 1;
	for (; seq < e->next && count < max; seq++, count++) {
		if (c->out.room - c->out.len < sizeof(struct coffer_event_wire))
			break;
		event_write(&c->out, &e->kept[seq % EVENTS_KEPT]);
	}
	pthread_mutex_unlock(&e->lock);
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}
