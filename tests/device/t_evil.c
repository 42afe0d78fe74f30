/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The hostile card: the same seed tells the same lies, and every kind of lie is told. */
#include "hsm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RING		64
#define BIG_RING	1024
#define COMMANDS	150
#define MOST		16384
#define FILL		0x5e5e5e5e5e5e5e5eull

/* What the card has said, in order. */
struct story {
	uint32_t reg[300];
	struct coffer_cqe cqe[MOST];
	uint32_t n;
};

static uint64_t cqe_at(struct card *c, uint32_t at)
{
	return c->window + CQ_AREA + at * sizeof(struct coffer_cqe);
}

static bool written(struct card *c, uint32_t at)
{
	return mem_in(c->m, cqe_at(c, at), 8) != FILL || mem_in(c->m, cqe_at(c, at) + 8, 8) != FILL;
}

/* Late ones wait for the machine's clock, which stands still unless it is told. */
static void until_written(struct card *c, uint32_t at)
{
	int i;

	for (i = 0; i < 20000 && !written(c, at); i++) {
		if (i > 40)
			clock_step_us(c->m, 10000);
		usleep(i < 20 ? 100 : 1000);
	}
	CHECK(i < 20000);
}

/* Take what is there, whatever its phase says. */
static void take(struct card *c, struct story *s)
{
	struct queue *q = &c->queue[0];

	until_written(c, q->head);
	while (written(c, q->head) && s->n < MOST) {
		mem_read(c->m, cqe_at(c, q->head), &s->cqe[s->n++], sizeof(s->cqe[0]));
		mem_fill(c->m, cqe_at(c, q->head), 0x5e, sizeof(s->cqe[0]));
		q->head = (q->head + 1) % RING;
	}
	head(c, q);
}

/* One command after the other; registers are left alone, they have lies of their own. */
static void tell(struct card *c, struct story *s)
{
	struct coffer_sqe sqe;
	uint32_t i;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < sizeof(s->reg) / sizeof(s->reg[0]); i++)
		s->reg[i] = rd(c, i % 3 ? COFFER_REG_STATUS : COFFER_REG_ID);
	mem_fill(c->m, cqe_at(c, 0), 0x5e, RING * sizeof(struct coffer_cqe));
	for (i = 0; i < COMMANDS; i++) {
		sqe = sqe_echo(c, COFFER_TAG(i, 1), 8);
		submit(c, &c->queue[0], &sqe);
		take(c, s);
	}
}

static struct story *story(const char *seed, const char *how)
{
	struct story *s = malloc(sizeof(*s));
	char extra[64] = "";
	struct card *c;

	CHECK(s);
	if (how)
		snprintf(extra, sizeof(extra), ",%s=%s", how, seed);
	c = card_start_with(extra);
	if (how) {
		/* Bring-up has used up some lies: begin anew. */
		knob(c->m, "c0", "fault-evil", "0");
	}
	card_enable(c);
	queue_up(c, 0, RING);
	knob(c->m, "c0", "evil", seed);
	tell(c, s);
	card_stop(c);
	return s;
}

static void reproducible(void)
{
	struct story *a = story("4711", NULL), *b = story("4711", "evil");
	struct story *other = story("4712", NULL);

	CHECK(a->n > COMMANDS);
	CHECK_EQ(a->n, b->n);
	CHECK(!memcmp(a, b, sizeof(*a)));
	CHECK(memcmp(a->reg, other->reg, sizeof(a->reg)));
	CHECK(memcmp(a->cqe, other->cqe, sizeof(a->cqe)));
}

/* Set again at run time: the lies begin from the start. */
static void again(void)
{
	struct card *c = card_start();
	uint32_t first[200], i;

	knob(c->m, "c0", "fault-evil", "9");
	for (i = 0; i < 200; i++)
		first[i] = rd(c, COFFER_REG_SERIAL);
	knob(c->m, "c0", "fault-evil", "9");
	for (i = 0; i < 200; i++)
		CHECK_EQ(rd(c, COFFER_REG_SERIAL), first[i]);
	knob(c->m, "c0", "fault-evil", "0");
	for (i = 0; i < 200; i++)
		CHECK_EQ(rd(c, COFFER_REG_ID), COFFER_ID_VALUE);
	card_stop(c);
}

/* Over some seeds every lie of the manual is told: none is a promise only. */
static void every_kind(void)
{
	static const char *const seeds[] = { "1", "2" };
	uint32_t tag = 0, status = 0, len = 0, phase = 0, verdict = 0, twice = 0, i, k, honest;
	bool seen[COMMANDS];
	struct coffer_cqe e;
	struct story *s;

	for (k = 0; k < 2; k++) {
		s = story(seeds[k], NULL);
		memset(seen, 0, sizeof(seen));
		for (i = 0, honest = 0; i < s->n; i++) {
			e = s->cqe[i];
			phase += e.phase > COFFER_CQE_PHASE;
			status += e.status > COFFER_TS_BUSY;
			len += e.reply_len > 8;
			verdict += e.verdict != 0;
			if (COFFER_TAG_GEN(e.tag) != 1 || COFFER_TAG_INDEX(e.tag) >= COMMANDS) {
				tag++;
				continue;
			}
			twice += seen[COFFER_TAG_INDEX(e.tag)];
			seen[COFFER_TAG_INDEX(e.tag)] = true;
			honest += !e.status && e.reply_len == 8;
		}
		/* A driver still gets work done. */
		CHECK(honest > COMMANDS / 5);
		free(s);
	}
	tap_note("tag %u, status %u, length %u, phase %u, verdict %u, said twice %u", tag, status,
		 len, phase, verdict, twice);
	CHECK(tag && status && len && phase && verdict && twice);
}

/* Late ones are overtaken by what was sent after them. */
static void overtaken(void)
{
	struct card *c = card_with_queue(BIG_RING);
	struct queue *q = &c->queue[0];
	struct coffer_sqe sqe;
	uint32_t i, before;

	knob(c->m, "c0", "evil", "6");
	mem_fill(c->m, cqe_at(c, 0), 0x5e, BIG_RING * sizeof(struct coffer_cqe));
	for (i = 0; i < 1000; i++) {
		sqe = sqe_echo(c, i, 8);
		sqe_put(c, q, &sqe);
	}
	ring(c, q);
	/* All that is not late, and what was invented beside it, then the rest. */
	for (i = 0; i < 300 && !written(c, 900); i++)
		usleep(10000);
	usleep(200000);
	for (before = 0; written(c, before); before++)
		;
	clock_step_us(c->m, 200000);
	usleep(200000);
	CHECK(before >= 900 && before < 1023);
	CHECK(written(c, before));
	card_stop(c);
}

/* Events lie, too: numbers that jump, types that nobody knows, some told twice. */
static void events(void)
{
	char device[512];
	const char *args[] = { "-device", device, NULL };
	uint32_t wrong = 0, i, told, twice = 0;
	struct coffer_evt evt[64];
	struct queue *q;
	struct card *c;
	struct hsm h;

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s", card_dir[3]);
	c = card_at(machine_start(args), 0);
	events_up(c, 64);
	card_enable(c);
	q = queue_up(c, 0, 8);
	h = hsm_setup(c, q);
	/* Honest ones first: numbers without a gap. */
	for (i = 0; i < 12; i++)
		hsm_two_events(c, q, &h);
	mem_read(c->m, c->window + EVQ_AREA, evt, sizeof(evt));
	for (told = 0; told < 64 && evt[told].phase == 1; told++)
		CHECK(!told || evt[told].seq == evt[told - 1].seq + 1);
	/* ENABLE tells one without a command. */
	knob(c->m, "c0", "evil", "3");
	for (i = 0; i < 20; i++) {
		wr(c, COFFER_REG_CTRL, 0);
		mem_fill(c->m, c->window + EVQ_AREA, 0, sizeof(evt));
		events_up(c, 64);
		wr(c, COFFER_REG_CTRL, 1);
		usleep(20000);
		mem_read(c->m, c->window + EVQ_AREA, evt, sizeof(evt));
		wrong += evt[0].phase == 1 &&
			 (evt[0].type != 2 || evt[0].partition || evt[0].seq > 5000);
		twice += evt[1].phase == 1;
	}
	tap_note("%u of 20 events wrong, %u told twice", wrong, twice);
	CHECK(wrong > 5 && wrong < 21 && twice);
	card_stop(c);
}

const struct test_case evil_cases[] = {
	{ "evil: the same seed, the same lies", reproducible },
	{ "evil: set again, the lies begin from the start", again },
	{ "evil: every kind of lie is told", every_kind },
	{ "evil: late completions are overtaken", overtaken },
	{ "evil: events", events },
	{ NULL, NULL }
};
