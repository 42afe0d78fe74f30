// SPDX-License-Identifier: BSD-3-Clause
/*
 * ioctl-fuzz [-t SECONDS] [-s SEED] [-j WORKERS] [-i PLACES] [-o FILE] [--again PROGRAM]
 *
 * Fuzz all cards of this guest, then look at what is left of them; TAP on standard output. Each
 * program is in the kernel's log before it is carried out, so that the last ones stand in it
 * when the kernel stops. -i: how many places there are in the driver; -o: those that were
 * reached, as offsets. --again carries out one program, as text, until the time is up.
 */
#include <getopt.h>
#include <stdarg.h>

#include "ioctl.h"

#define WORKERS_MAX	16
#define KEPT_MAX	4096
#define SETTLE		60.0	/* s, for a card to come to rest */

unsigned int cards;

static struct worker *workers;
static unsigned int worker_count = 3;
static struct program again;
static bool stop, found;
static int kmsg = -1;

/* ---- Findings ------------------------------------------------------------------------- */

static void program_print(const struct worker *w)
{
	char text[PROGRAM_TEXT];

	program_write(&w->now, text);
	printf("# worker %u: %s\n", w->number, text);
}

void finding(const struct worker *w, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	flockfile(stdout);
	printf("# FINDING: ");
	vprintf(format, arguments);
	printf("\n");
	program_print(w);
	fflush(stdout);
	funlockfile(stdout);
	va_end(arguments);
	__atomic_store_n(&found, true, __ATOMIC_RELAXED);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
}

static void stacks_print(void)
{
	char line[256];
	FILE *in = popen("cat /proc/[0-9]*/task/*/stack 2>/dev/null | grep '[[]coffer'", "r");

	while (in && fgets(line, sizeof(line), in))
		printf("# %s", line);
	if (in)
		pclose(in);
}

static bool watch_late(const struct watch *watch)
{
	double since;

	__atomic_load(&watch->since, &since, __ATOMIC_ACQUIRE);
	return since > 0 && seconds() > since + watch->limit;
}

/* A call that does not return cannot be waited for: this is the end. */
static void watch_all(void)
{
	unsigned int i;

	for (i = 0; i < worker_count; i++) {
		struct worker *w = &workers[i];
		bool aide = watch_late(&w->aide_watch);

		if (!aide && !watch_late(&w->watch))
			continue;
		finding(w, "%s did not return in %.0f s",
			aide ? w->aide_watch.what : w->watch.what,
			aide ? w->aide_watch.limit : w->watch.limit);
		stacks_print();
		printf("not ok 1 - every call returns in time\n");
		fflush(stdout);
		_exit(1);
	}
}

/* ---- Workers -------------------------------------------------------------------------- */

static void program_tell(const struct worker *w)
{
	char text[PROGRAM_TEXT], line[PROGRAM_TEXT + 32];
	int len;

	program_write(&w->now, text);
	len = snprintf(line, sizeof(line), "<7>fuzz %u: %s\n", w->number, text);
	(void)!write(kmsg, line, len);
}

static void program_choose(struct worker *w)
{
	if (again.steps) {
		w->now = again;
	} else if (!w->kept_count || dice(&w->rng) % 8 == 0) {
		program_make(&w->now, &w->rng);
	} else {
		w->now = w->kept[dice(&w->rng) % w->kept_count];
		program_change(&w->now, &w->kept[dice(&w->rng) % w->kept_count], &w->rng);
	}
}

static void *worker_run(void *worker)
{
	struct worker *w = worker;
	unsigned int fresh;

	if (kcov_start(&w->kcov))
		finding(w, "KCOV does not start");
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		program_choose(w);
		program_tell(w);
		program_run(w);
		fresh = kcov_take(&w->kcov, &w->seen) + kcov_take(&w->aide_kcov, &w->seen);
		if (fresh && w->kept_count < KEPT_MAX)
			w->kept[w->kept_count++] = w->now;
	}
	w->ending = true;
	sem_post(&w->go);
	pthread_join(w->aide, NULL);
	return NULL;
}

static void nothing(int number)
{
	(void)number;
}

static int workers_start(__u64 seed)
{
	struct sigaction action = { .sa_handler = nothing };
	unsigned int i;
	int rc;

	sigaction(SIGUSR1, &action, NULL);
	action.sa_flags = SA_RESTART;
	sigaction(SIGUSR2, &action, NULL);
	for (i = 0; i < worker_count; i++) {
		struct worker *w = &workers[i];

		w->number = i;
		w->rng = seed * 1000003 + i;
		w->kept = calloc(KEPT_MAX, sizeof(*w->kept));
		rc = w->kept ? worker_make(w) : -ENOMEM;
		if (rc)
			return rc;
	}
	for (i = 0; i < worker_count; i++)
		if (pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]) ||
		    pthread_create(&workers[i].aide, NULL, aide_run, &workers[i]))
			return -EAGAIN;
	return 0;
}

static void workers_join(void)
{
	unsigned int i;

	for (i = 0; i < worker_count; i++)
		while (pthread_tryjoin_np(workers[i].thread, NULL) == EBUSY) {
			watch_all();
			usleep(100000);
		}
}

/* ---- What is left of the cards -------------------------------------------------------- */

/* Its first line; nothing, if it cannot be read. */
static void line_read(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = 0;

	if (fd >= 0) {
		len = read(fd, to, size - 1);
		close(fd);
	}
	to[len > 0 ? len : 0] = 0;
	to[strcspn(to, "\n")] = 0;
}

static void card_attr(unsigned int card, const char *name, char *to, size_t size)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/coffer/coffer%u/%s", card, name);
	line_read(path, to, size);
}

static bool card_is_live(unsigned int card)
{
	char state[32];

	card_attr(card, "state", state, sizeof(state));
	return strcasecmp(state, "live") == 0;
}

static bool card_revive(unsigned int card)
{
	double until = seconds() + SETTLE;
	char path[96];
	int fd;

	while (!card_is_live(card) && seconds() < until)
		usleep(200000);
	if (card_is_live(card))
		return true;
	printf("# card %u is not LIVE; it is reset\n", card);
	snprintf(path, sizeof(path), "/sys/class/coffer/coffer%u/reset", card);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	(void)!write(fd, "1", 1);
	close(fd);
	return card_is_live(card);
}

/* -1: there is no such number to read. */
static long slots_taken(unsigned int card)
{
	char name[32], text[32];
	long sum = -1;
	unsigned int i;

	for (i = 0;; i++) {
		snprintf(name, sizeof(name), "queue%u/busy", i);
		card_attr(card, name, text, sizeof(text));
		if (!*text)
			return sum;
		sum = (sum < 0 ? 0 : sum) + strtol(text, NULL, 10);
	}
}

static bool card_rests(unsigned int card)
{
	double until = seconds() + SETTLE;

	while (slots_taken(card) && seconds() < until)
		usleep(200000);
	if (slots_taken(card))
		printf("# card %u: %ld slots are taken\n", card, slots_taken(card));
	return slots_taken(card) == 0;
}

static bool card_echoes(unsigned int card)
{
	char path[32], request[100] = "is anybody there", reply[100] = "";
	struct coffer_exec e = {
		.size = sizeof(e), .opcode = COFFER_CMD_ECHO, .req = (uintptr_t)request,
		.reply = (uintptr_t)reply, .req_len = sizeof(request), .reply_len = sizeof(reply),
	};
	int fd, rc;

	snprintf(path, sizeof(path), "/dev/coffer%u", card);
	fd = open(path, O_RDWR | O_CLOEXEC);
	rc = ioctl(fd, COFFER_IOC_EXEC, &e);
	close(fd);
	return rc == 0 && e.verdict == 0 && e.reply_len == sizeof(reply) &&
	       memcmp(request, reply, sizeof(reply)) == 0;
}

static bool for_all_cards(bool (*is)(unsigned int card))
{
	bool all = true;
	unsigned int i;

	for (i = 0; i < cards; i++)
		all &= is(i);
	return all;
}

/* ---- The report ----------------------------------------------------------------------- */

static unsigned int cases, bad;

static void case_end(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++cases, what);
	bad += !good;
}

static unsigned long report(double took, unsigned long all, const char *path)
{
	unsigned long programs = 0, calls = 0, good = 0, kept = 0;
	struct places *places = calloc(1, sizeof(*places));
	char base[32];
	unsigned int i;

	for (i = 0; places && i < worker_count; i++) {
		programs += workers[i].programs;
		calls += workers[i].calls + workers[i].aide_calls;
		good += workers[i].good;
		kept += workers[i].kept_count;
		places_add(places, &workers[i].seen);
	}
	if (!places)
		return 0;
	printf("# %lu programs in %.0f s, %.1f per second; %lu calls, %.1f per second, %lu of "
	       "them returned 0; %u of %lu places reached (%.1f %%); %lu programs kept\n",
	       programs, took, programs / took, calls, calls / took, good, places->count, all,
	       all ? 100.0 * places->count / all : 0, kept);
	line_read("/sys/module/coffer/sections/.text", base, sizeof(base));
	if (path && places_write(places, path, strtoull(base, NULL, 16)))
		printf("# %s cannot be written\n", path);
	return places->count ? programs : 0;
}

static int fuzz(double time, __u64 seed, unsigned long all, const char *path)
{
	double start = seconds();
	unsigned long programs;
	int rc = workers_start(seed);

	if (rc) {
		printf("Bail out! the workers do not start: %s\n", strerror(-rc));
		return 1;
	}
	while (seconds() < start + time && !__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
		watch_all();
		usleep(200000);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	workers_join();
	programs = report(seconds() - start, all, path);
	case_end(true, "every call returned in time");
	case_end(programs && !found, "programs were carried out, without a finding");
	case_end(for_all_cards(card_revive), "all cards are LIVE, or a reset makes them so");
	case_end(for_all_cards(card_rests), "no card has a slot taken");
	case_end(for_all_cards(card_echoes), "all cards echo");
	printf("1..%u\n", cases);
	return bad != 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "again", 1, NULL, 'a' }, { } };
	__u64 seed = time(NULL);
	unsigned long all = 0;
	double seconds = 60;
	const char *path = NULL;
	char node[32];
	int c;

	while ((c = getopt_long(argc, argv, "t:s:j:i:o:", options, NULL)) != -1) {
		switch (c) {
		case 't': seconds = atof(optarg); break;
		case 's': seed = strtoull(optarg, NULL, 0); break;
		case 'j': worker_count = atoi(optarg); break;
		case 'i': all = strtoul(optarg, NULL, 0); break;
		case 'o': path = optarg; break;
		case 'a':
			if (program_read(&again, optarg) == 0)
				break;
			/* fall through */
		default: return 2;
		}
	}
	if (!worker_count || worker_count > WORKERS_MAX)
		return 2;
	do {
		snprintf(node, sizeof(node), "/dev/coffer%u", cards);
	} while (access(node, F_OK) == 0 && ++cards);
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	workers = calloc(worker_count, sizeof(*workers));
	if (!cards || kmsg < 0 || !workers) {
		printf("Bail out! no card, no /dev/kmsg or no memory\n");
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n# seed %llu, %u workers, %u cards\n", seed, worker_count, cards);
	return fuzz(seconds, seed, all, path);
}
