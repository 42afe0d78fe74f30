// SPDX-License-Identifier: BSD-3-Clause
/*
 * monitor: the cards' events as they happen, or, with -interval, what they do in a second.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "rates.h"

#define ROOM		32

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

struct watch {
	struct cli *cli;
	bool netlink;
	bool stream;
	bool forever;			/* no -timeout */
	uint64_t wanted;		/* 0 = no end */
	uint64_t seen;
	int64_t deadline_ms;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void when_text(uint64_t ms, char *out, size_t room)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	size_t len;

	if (!gmtime_r(&seconds, &tm)) {
		snprintf(out, room, "%" PRIu64, ms);
		return;
	}
	len = strftime(out, room, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + len, room - len, ".%03uZ", (unsigned int)(ms % 1000));
}

static void put_event(struct cli *cli, const struct coffer_card_event *e, const char *when)
{
	struct out *o = &cli->out;

	out_key_text(o, "time", when);
	out_key_number(o, "card", e->card);
	out_key_number(o, "seq", e->seq);
	out_key_text(o, "event", coffer_event_name(e->type));
	out_key_number(o, "partition", e->partition);
	out_key_number(o, "arg", e->arg);
	out_key_number(o, "missed", e->missed);
}

static void show_event(struct watch *w, const struct coffer_card_event *e)
{
	struct out *o = &w->cli->out;
	char when[40];

	when_text(e->time_ms, when, sizeof(when));
	if (!o->json) {
		if (e->missed)
			out_say(o, "    %u events were lost", e->missed);
		out_say(o, "    %s  card %u  #%" PRIu64 "  %-22s partition %u  arg %" PRIu64, when,
			e->card, e->seq, coffer_event_name(e->type), e->partition, e->arg);
		fflush(stdout);
		return;
	}
	if (w->stream) {
		out_stream_begin(o, "monitor");
		put_event(w->cli, e, when);
		out_stream_end(o);
		return;
	}
	out_item(o);
	put_event(w->cli, e, when);
	out_item_end(o);
}

static int left_ms(const struct watch *w)
{
	int64_t left = w->deadline_ms - now_ms();

	if (w->forever)
		return -1;
	return left > 0 ? (int)left : 0;
}

static coffer_rc wait_once(struct watch *w, size_t *count)
{
	struct coffer_card_event list[ROOM];
	size_t room = ROOM;
	coffer_rc rc;

	if (w->wanted && w->wanted - w->seen < room)
		room = (size_t)(w->wanted - w->seen);
	*count = 0;
	if (w->netlink)
		rc = coffer_netlink_events(w->cli->ctx, list, room, left_ms(w), count);
	else
		rc = coffer_events(w->cli->ctx, list, room, left_ms(w), count);
	for (size_t i = 0; !rc && i < *count; i++)
		show_event(w, &list[i]);
	w->seen += *count;
	return rc;
}

static bool all_in_kernel(const struct cli *cli)
{
	for (unsigned int i = 0; i < coffer_card_count(cli->ctx); i++) {
		struct coffer_card *card = coffer_card_at(cli->ctx, i);

		if (strcmp(coffer_card_transport(card), "ioctl"))
			return false;
	}
	return true;
}

/*
 * Where to listen: netlink, or, without the right to it or when some cards have no driver, the
 * cards themselves. Only what happens from now on counts: these keep what was before.
 */
static coffer_rc choose_source(struct watch *w)
{
	struct coffer_card_event list[ROOM];
	size_t count = 0;
	coffer_rc rc;

	w->netlink = all_in_kernel(w->cli) &&
		     !coffer_netlink_events(w->cli->ctx, list, ROOM, 0, &count);
	if (w->netlink)
		return 0;
	do {
		rc = coffer_events(w->cli->ctx, list, ROOM, 0, &count);
	} while (!rc && count && !stopped);
	return rc;
}

static coffer_rc watch(struct watch *w)
{
	coffer_rc rc = 0;
	size_t count;

	while (!stopped && !rc) {
		rc = wait_once(w, &count);
		if (rc == -EINTR) {
			rc = 0;
			continue;
		}
		if ((w->wanted && w->seen >= w->wanted) || (!count && !left_ms(w)))
			break;
	}
	return rc;
}

static coffer_rc show_events(struct watch *w)
{
	coffer_rc rc;

	out_list(&w->cli->out, "events");
	rc = choose_source(w);
	if (!rc)
		rc = watch(w);
	out_list_end(&w->cli->out);
	out_number(&w->cli->out, "count", "Events", w->seen);
	return rc;
}

coffer_rc cli_monitor(struct cli *cli, const struct cli_args *args)
{
	struct sigaction action = { .sa_handler = on_signal }, before_int, before_term;
	struct watch w = {
		.cli = cli,
		.stream = cli_args_given(args, "stream"),
		.forever = !cli_args_given(args, "timeout"),
		.wanted = cli_args_number(args, "count", 0),
	};
	uint64_t interval = cli_args_number(args, "interval", 0);
	uint64_t seconds = cli_args_number(args, "timeout", 0);
	coffer_rc rc;

	if (seconds > 1000000)
		return cli_usage(cli, "-timeout wants up to 1000000 seconds");
	if (cli_args_given(args, "interval") && (!interval || interval > 3600))
		return cli_usage(cli, "-interval wants 1 to 3600 seconds");
	rc = cli_open(cli);
	if (rc)
		return rc;
	w.deadline_ms = now_ms() + (int64_t)seconds * 1000;
	stopped = 0;
	sigaction(SIGINT, &action, &before_int);
	sigaction(SIGTERM, &action, &before_term);
	if (interval)
		rc = rates_show(cli, &(struct rates_how){
			.interval_s = (unsigned int)interval, .count = w.wanted,
			.timeout_s = seconds, .stream = w.stream, .stopped = &stopped });
	else
		rc = show_events(&w);
	sigaction(SIGINT, &before_int, NULL);
	sigaction(SIGTERM, &before_term, NULL);
	return rc;
}
