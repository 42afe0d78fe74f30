// SPDX-License-Identifier: BSD-3-Clause
/*
 * Control-C in the shell: a thread tells the card to give up what a session of ours waits for, so
 * that the command returns by itself and nothing is left half done.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli.h"
#include "interrupt.h"

/* A cancellation may come too early: it is repeated until the command is over. */
#define AGAIN_US	50000

static pthread_mutex_t sessions_lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool running, seen, ending;
static struct cli *shell;
static pthread_t watcher;
static struct sigaction before;
static int bell = -1;

void interrupt_lock(void)
{
	pthread_mutex_lock(&sessions_lock);
}

void interrupt_unlock(void)
{
	pthread_mutex_unlock(&sessions_lock);
}

static void ring(void)
{
	const uint64_t one = 1;
	ssize_t n = write(bell, &one, sizeof(one));

	(void)n;	/* it rings already */
}

static void on_interrupt(int number)
{
	int saved = errno;

	/* The second one ends the program, as always. */
	if (atomic_exchange(&seen, true) && atomic_load(&running)) {
		signal(number, SIG_DFL);
		raise(number);
	}
	ring();
	errno = saved;
}

/* Who waits for nothing answers -ENOENT. */
static void cancel_all(void)
{
	struct cli_session *s;

	interrupt_lock();
	for (s = shell->sessions; s; s = s->next)
		coffer_session_cancel(s->session);
	interrupt_unlock();
}

static void *watch(void *arg)
{
	uint64_t count;

	(void)arg;
	while (read(bell, &count, sizeof(count)) == sizeof(count) && !atomic_load(&ending))
		while (atomic_load(&running) && atomic_load(&seen)) {
			cancel_all();
			usleep(AGAIN_US);
		}
	return NULL;
}

int interrupt_begin(struct cli *cli)
{
	struct sigaction action = { .sa_handler = on_interrupt };	/* no SA_RESTART */
	sigset_t all, mask;
	int error;

	shell = cli;
	atomic_store(&ending, false);
	bell = eventfd(0, EFD_CLOEXEC);
	if (bell < 0)
		return -errno;
	/* Signals are the other threads': a question has to see them. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &mask);
	error = pthread_create(&watcher, NULL, watch, NULL);
	pthread_sigmask(SIG_SETMASK, &mask, NULL);
	if (error) {
		close(bell);
		return -error;
	}
	sigaction(SIGINT, &action, &before);
	return 0;
}

void interrupt_end(void)
{
	sigaction(SIGINT, &before, NULL);
	atomic_store(&ending, true);
	atomic_store(&running, false);
	ring();
	pthread_join(watcher, NULL);
	close(bell);
	bell = -1;
}

void interrupt_command(bool begins)
{
	if (begins)
		atomic_store(&seen, false);
	atomic_store(&running, begins);
}

bool interrupt_seen(void)
{
	return atomic_load(&seen);
}
