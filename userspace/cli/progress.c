// SPDX-License-Identifier: BSD-3-Clause
/*
 * The progress line and the thread that draws it.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "progress.h"
#include "term.h"

#define TICK_MS		250
#define BAR_MOST	40
#define BAR_LEAST	8

/* ---- The text ---------------------------------------------------------------------- */

static void time_left(int64_t seconds, char *out, size_t room)
{
	if (seconds < 3600)
		snprintf(out, room, "%d:%02d left", (int)(seconds / 60), (int)(seconds % 60));
	else
		snprintf(out, room, "%" PRId64 ":%02d:%02d left", seconds / 3600,
			 (int)(seconds / 60 % 60), (int)(seconds % 60));
}

/* "12/s", below ten with a place behind the point; "" as long as there is nothing to tell. */
static void rate_text(size_t done, int64_t elapsed_ms, char *out, size_t room)
{
	double rate = elapsed_ms > 0 ? (double)done * 1000 / (double)elapsed_ms : 0;

	out[0] = '\0';
	if (rate > 0)
		snprintf(out, room, rate < 10 ? "  %.1f/s" : "  %.0f/s", rate);
}

static void bar_text(size_t done, size_t total, int cells, char *out)
{
	int full = (int)((double)done / (double)total * cells);

	*out++ = '[';
	for (int i = 0; i < cells; i++)
		*out++ = i < full ? '#' : '.';
	strcpy(out, "]  ");
}

const char *progress_text(const char *verb, size_t done, size_t total, int64_t elapsed_ms,
			  int width, char *out, size_t room)
{
	char numbers[80], rate[24], left[40] = "", bar[BAR_MOST + 8] = "";
	int taken, cells;

	rate_text(done, elapsed_ms, rate, sizeof(rate));
	if (done > total && total)
		done = total;
	if (total)
		snprintf(numbers, sizeof(numbers), "%3u%%  %zu/%zu",
			 (unsigned int)((double)done * 100 / (double)total), done, total);
	else
		snprintf(numbers, sizeof(numbers), "%zu", done);
	if (total && done && elapsed_ms >= 1000) {
		strcpy(left, "  ");
		time_left((int64_t)((double)(total - done) * (double)elapsed_ms / 1000 /
				    (double)done + 0.5), left + 2, sizeof(left) - 2);
	}
	taken = (int)(strlen(verb) + 2 + strlen(numbers) + strlen(rate) + strlen(left));
	cells = width - taken - 4;
	if (total && cells >= BAR_LEAST)
		bar_text(done, total, cells < BAR_MOST ? cells : BAR_MOST, bar);
	if (taken > width)
		rate[0] = '\0';
	snprintf(out, room, "%s  %s%s%s%s", verb, bar, numbers, rate, left);
	if (width >= 0 && strlen(out) > (size_t)width && (size_t)width < room)
		out[width] = '\0';
	return out;
}

/* ---- The line ---------------------------------------------------------------------- */

static struct {
	pthread_mutex_t lock;		/* guards all of it, and the terminal's line */
	pthread_cond_t stop;
	pthread_t thread;
	bool active, stopping;
	const char *verb;
	size_t done, total;
	int64_t begun_ms;
	struct sigaction before;
} line = { .lock = PTHREAD_MUTEX_INITIALIZER, .stop = PTHREAD_COND_INITIALIZER };

static const char wipe[] = "\r\033[K";

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The width is asked for each time, so that a change of it needs no signal. */
static void draw(void)
{
	int width = term_columns(STDERR_FILENO);
	char text[256];

	progress_text(line.verb, line.done, line.total, now_ms() - line.begun_ms,
		      (width ? width : 80) - 1, text, sizeof(text));
	fprintf(stderr, "%s%s", wipe, text);
	fflush(stderr);
}

static void clear(void)
{
	fputs(wipe, stderr);
	fflush(stderr);
}

static void *tick(void *unused)
{
	struct timespec until;

	(void)unused;
	pthread_mutex_lock(&line.lock);
	while (!line.stopping) {
		draw();
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += TICK_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		while (!line.stopping &&
		       pthread_cond_timedwait(&line.stop, &line.lock, &until) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&line.lock);
	return NULL;
}

/* Where control-C ends the program it leaves no half line. */
static void on_interrupt(int number)
{
	ssize_t ignored = write(STDERR_FILENO, wipe, sizeof(wipe) - 1);

	(void)ignored;
	signal(number, SIG_DFL);
	raise(number);
}

static bool start_thread(void)
{
	sigset_t all, before;
	int ret;

	sigfillset(&all);	/* signals are for the thread that does the work */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ret = pthread_create(&line.thread, NULL, tick, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !ret;
}

void progress_begin(const char *verb, size_t total, bool json)
{
	struct sigaction action = { .sa_handler = on_interrupt };
	const char *term = getenv("TERM");

	if (line.active || json || !isatty(STDERR_FILENO) || !term || !strcmp(term, "dumb"))
		return;
	line.verb = verb;
	line.done = 0;
	line.total = total;
	line.begun_ms = now_ms();
	line.stopping = false;
	line.active = start_thread();
	if (!line.active)
		return;
	sigaction(SIGINT, NULL, &line.before);
	if (line.before.sa_handler == SIG_DFL)
		sigaction(SIGINT, &action, NULL);
}

void progress_set(size_t done)
{
	pthread_mutex_lock(&line.lock);
	line.done = done;
	pthread_mutex_unlock(&line.lock);
}

void progress_total(size_t total)
{
	pthread_mutex_lock(&line.lock);
	line.total = total;
	pthread_mutex_unlock(&line.lock);
}

void progress_end(void)
{
	if (!line.active)
		return;
	pthread_mutex_lock(&line.lock);
	line.stopping = true;
	pthread_cond_signal(&line.stop);
	pthread_mutex_unlock(&line.lock);
	pthread_join(line.thread, NULL);
	line.active = false;
	clear();
	if (line.before.sa_handler == SIG_DFL)
		sigaction(SIGINT, &line.before, NULL);
}

void progress_hide(void)
{
	pthread_mutex_lock(&line.lock);
	if (line.active)
		clear();
}

void progress_unhide(void)
{
	if (line.active)
		draw();
	pthread_mutex_unlock(&line.lock);
}
