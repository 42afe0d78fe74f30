// SPDX-License-Identifier: BSD-3-Clause
/*
 * A live view of rates: on a terminal one screen that is drawn again, elsewhere a table or a JSON
 * object per sample.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "rates.h"

#define LOOK_EVERY_MS	200
#define QUEUES	8	/* of a card, at most */

struct counts {
	bool there;
	struct coffer_card_stats card;
	size_t n_queues;
	uint64_t queue[QUEUES];
};

struct sample {
	int64_t when_ms;
	unsigned int count;
	struct counts *cards;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- Counting ---------------------------------------------------------------------- */

/* The driver's count of commands in a queue. False: there is no such queue. */
static bool read_queue(const char *name, size_t queue, uint64_t *commands)
{
	char path[96];
	bool good;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/class/coffer/%.16s/queue%zu/commands", name, queue);
	f = fopen(path, "re");
	if (!f)
		return false;
	good = fscanf(f, "%" SCNu64, commands) == 1;
	fclose(f);
	return good;
}

static void count_card(struct coffer_card *card, struct counts *c)
{
	const char *name = coffer_card_name(card), *node = strrchr(name, '/');

	memset(c, 0, sizeof(*c));
	c->there = !coffer_card_state(card, NULL) && !coffer_card_statistics(card, &c->card);
	if (strcmp(coffer_card_transport(card), "ioctl") || !node)
		return;
	while (c->n_queues < QUEUES && read_queue(node + 1, c->n_queues, &c->queue[c->n_queues]))
		c->n_queues++;
}

static void take(struct cli *cli, struct sample *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		count_card(coffer_card_at(cli->ctx, i), &s->cards[i]);
	s->when_ms = now_ms();
}

/* ---- Showing ----------------------------------------------------------------------- */

/* A count that went back is one of a card that was switched off in between. */
static double rate(uint64_t before, uint64_t after, int64_t ms)
{
	return after > before && ms > 0 ? (double)(after - before) * 1000 / (double)ms : 0;
}

static const char *rate_text(double rate, bool known, char *out, size_t room)
{
	snprintf(out, room, rate && rate < 10 ? "%.1f" : "%.0f", rate);
	return known ? out : "-";
}

static void show_text(struct cli *cli, const struct sample *a, const struct sample *b)
{
	static const struct out_column columns[] = {
		{ "", "Card", 16, OUT_TEXT }, { "", "Queue", 5, OUT_MAYBE },
		{ "", "Commands/s", 10, OUT_TEXT }, { "", "Errors/s", 8, OUT_TEXT },
		{ "", "Syncs/s", 7, OUT_TEXT }, { "", "Sessions", 8, OUT_MAYBE },
		{ "", "Logins", 0, OUT_MAYBE },
	};
	int64_t ms = b->when_ms - a->when_ms;
	char text[3][24];

	out_table(&cli->out, "cards", columns, 7);
	for (unsigned int i = 0; i < b->count; i++) {
		const struct counts *x = &a->cards[i], *y = &b->cards[i];
		const char *name = coffer_card_name(coffer_card_at(cli->ctx, i));
		bool known = x->there && y->there;

		out_row(&cli->out, (union out_cell[]){
			OUT_T(name), OUT_N(OUT_NONE),
			OUT_T(rate_text(rate(x->card.commands, y->card.commands, ms), known,
					text[0], sizeof(text[0]))),
			OUT_T(rate_text(rate(x->card.errors, y->card.errors, ms), known, text[1],
					sizeof(text[1]))),
			OUT_T(rate_text(rate(x->card.syncs, y->card.syncs, ms), known, text[2],
					sizeof(text[2]))),
			OUT_N(known ? y->card.sessions : OUT_NONE),
			OUT_N(known ? y->card.logins : OUT_NONE) });
		for (size_t q = 0; q < y->n_queues && q < x->n_queues; q++)
			out_row(&cli->out, (union out_cell[]){
				OUT_T(""), OUT_N(q),
				OUT_T(rate_text(rate(x->queue[q], y->queue[q], ms), true, text[0],
						sizeof(text[0]))),
				OUT_T(""), OUT_T(""), OUT_N(OUT_NONE), OUT_N(OUT_NONE) });
	}
	out_table_end(&cli->out);
}

static void show_json(struct cli *cli, const struct sample *a, const struct sample *b)
{
	int64_t ms = b->when_ms - a->when_ms;
	struct out *o = &cli->out;

	out_key_number(o, "elapsed_ms", (uint64_t)ms);
	out_list(o, "cards");
	for (unsigned int i = 0; i < b->count; i++) {
		const struct counts *x = &a->cards[i], *y = &b->cards[i];

		out_item(o);
		out_key_number(o, "card", i);
		out_key_text(o, "name", coffer_card_name(coffer_card_at(cli->ctx, i)));
		out_key_bool(o, "there", y->there);
		out_key_real(o, "commands_per_s", rate(x->card.commands, y->card.commands, ms));
		out_key_real(o, "errors_per_s", rate(x->card.errors, y->card.errors, ms));
		out_key_real(o, "syncs_per_s", rate(x->card.syncs, y->card.syncs, ms));
		out_key_number(o, "sessions", y->card.sessions);
		out_key_number(o, "logins", y->card.logins);
		out_list(o, "queues");
		for (size_t q = 0; q < y->n_queues && q < x->n_queues; q++) {
			out_item(o);
			out_key_number(o, "queue", q);
			out_key_real(o, "commands_per_s", rate(x->queue[q], y->queue[q], ms));
			out_item_end(o);
		}
		out_list_end(o);
		out_item_end(o);
	}
	out_list_end(o);
}

static void show(struct cli *cli, const struct rates_how *how, const struct sample *a,
		 const struct sample *b)
{
	struct out *o = &cli->out;

	if (!o->json) {
		/* Home, and what was there before is gone. */
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout);
		show_text(cli, a, b);
		out_say(o, "%s", "");
		fflush(stdout);
	} else if (how->stream) {
		out_stream_begin(o, "monitor");
		show_json(cli, a, b);
		out_stream_end(o);
	} else {
		out_item(o);
		show_json(cli, a, b);
		out_item_end(o);
	}
}

/* ---- Sampling ---------------------------------------------------------------------- */

/* A signal that comes between the look and the sleep is not waited on for long. */
static void pause_for(int64_t until_ms, const volatile sig_atomic_t *stopped)
{
	int64_t left;

	while (!*stopped && (left = until_ms - now_ms()) > 0) {
		left = left < LOOK_EVERY_MS ? left : LOOK_EVERY_MS;
		nanosleep(&(struct timespec){ 0, left * 1000000 }, NULL);
	}
}

static uint64_t run(struct cli *cli, const struct rates_how *how, struct sample *a,
		    struct sample *b)
{
	int64_t begun, next, step = (int64_t)how->interval_s * 1000;
	uint64_t samples = 0;
	struct sample swap;

	take(cli, a);
	begun = a->when_ms;
	for (next = begun + step; !*how->stopped; next += step) {
		if (how->timeout_s && next - begun > (int64_t)how->timeout_s * 1000)
			break;
		pause_for(next, how->stopped);
		if (*how->stopped)
			break;
		take(cli, b);
		show(cli, how, a, b);
		if (++samples == how->count)
			break;
		swap = *a;
		*a = *b;
		*b = swap;
	}
	return samples;
}

coffer_rc rates_show(struct cli *cli, const struct rates_how *how)
{
	unsigned int count = coffer_card_count(cli->ctx);
	struct sample a = { .count = count }, b = { .count = count };
	uint64_t samples = 0;
	coffer_rc rc = 0;

	a.cards = calloc(count, sizeof(*a.cards));
	b.cards = calloc(count, sizeof(*b.cards));
	if (!a.cards || !b.cards)
		rc = -ENOMEM;
	out_list(&cli->out, "samples");
	if (!rc)
		samples = run(cli, how, &a, &b);
	out_list_end(&cli->out);
	free(a.cards);
	free(b.cards);
	out_number(&cli->out, "count", "Samples", samples);
	return rc;
}
