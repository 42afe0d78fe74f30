// SPDX-License-Identifier: GPL-2.0-only
/*
 * Very many completions of a card that lies in everything. COFFER_EVIL says how many; an operator
 * resets the card whenever it has failed, and plugs it in anew when it seems gone, so that it
 * goes on. What the kernel thinks of it is in its log: tests/vm/run looks there.
 */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define EVIL_THREADS	32
#define EVIL_PER_SEED	20000
#define EVIL_IDLE	20	/* completions between two looks: fewer are too few */
#define PCI_DRIVER	"/sys/bus/pci/drivers/coffer/"

struct worker {
	pthread_t thread;
	bool *stop;
	unsigned int seed;
	unsigned long calls;
};

static const char *card_node;

/* A command of some size, to its end whatever that is; some with little time. */
static void worker_round(struct worker *w, int fd)
{
	static unsigned char to[COFFER_CMD_MAX_PAYLOAD + 1];
	struct coffer_exec exec = {
		.size = sizeof(exec),
		.opcode = COFFER_CMD_ECHO,
		.cookie = w->seed % 5,
		.timeout_ms = w->seed % 3 ? 300 : 0,
		.req = (uintptr_t)to,
		.reply = (uintptr_t)to,
	};
	struct coffer_event events[8];
	struct coffer_events past = {
		.size = sizeof(past),
		.events = (uintptr_t)events,
		.count = COUNT(events),
	};
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 1 + w->seed % 4 };

	exec.req_len = w->seed % 7 ? w->seed % 600 : w->seed % COFFER_CMD_MAX_PAYLOAD;
	exec.reply_len = exec.req_len;
	if (card_ioctl(fd, COFFER_IOC_EXEC, &exec))
		usleep(500);	/* leave the processor to the operator */
	if (w->seed % 13 == 0)
		card_ioctl(fd, COFFER_IOC_EVENTS, &past);
	if (w->seed % 17 == 0)
		card_ioctl(fd, COFFER_IOC_CANCEL, &cancel);
	w->seed = w->seed * 1103515245 + 12345;
	w->calls++;
}

static void *worker_run(void *arg)
{
	struct worker *w = arg;
	int fd, i;

	while (!__atomic_load_n(w->stop, __ATOMIC_RELAXED)) {
		fd = node_open(card_node, O_RDWR | (w->seed & 64 ? O_NONBLOCK : 0));
		if (fd < 0) {
			usleep(2000);
			continue;
		}
		for (i = 0; i < 200 && !__atomic_load_n(w->stop, __ATOMIC_RELAXED); i++)
			worker_round(w, fd);
		close(fd);
	}
	return NULL;
}

/* What an operator does who wants it to go on: reset it; when it seems gone, plug it in anew. */
static void operate(const char *pci)
{
	int rc = attr_write("reset", "1");

	if (rc != -ENODEV && rc != -ENOENT)
		return;
	file_write(PCI_DRIVER "unbind", pci);
	file_write(PCI_DRIVER "bind", pci);
}

static uint64_t wanted(void)
{
	const char *text = getenv("COFFER_EVIL");

	return text ? strtoull(text, NULL, 0) : 3000;
}

TEST(evil_completions_harm_nobody)
{
	uint64_t first = knob_get(0, "evil-completions"), done = 0, before = 0, turn = 0;
	uint64_t resets = 0;
	struct worker worker[EVIL_THREADS] = { 0 };
	double begun = seconds(), told = begun, moved = begun;
	unsigned int i, seed = 0;
	bool stop = false;
	char pci[64], text[16];
	int fd;

	ASSERT_NE(UINT64_MAX, first);
	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	card_node = CARD;
	for (i = 0; i < EVIL_THREADS; i++) {
		worker[i].stop = &stop;
		worker[i].seed = i + 1;
		ASSERT_EQ(0, pthread_create(&worker[i].thread, NULL, worker_run, &worker[i]));
	}
	while (done < wanted()) {
		uint64_t now = knob_get(0, "evil-completions") - first;

		if (now != done)
			moved = seconds();
		done = now;
		ASSERT_GT(120 * slowness(), seconds() - moved)
			TH_LOG("nothing moves any more after %llu", (unsigned long long)done);
		if (!seed || done >= turn) {
			turn = done + EVIL_PER_SEED;
			snprintf(text, sizeof(text), "%u", ++seed);
			ASSERT_EQ(0, fault_set("fault-evil", text));
		}
		/* Commands whose tags were lies wait for their time; a reset ends them, too. */
		if (!attr_is("state", "live") || done < before + EVIL_IDLE) {
			operate(pci);
			resets++;
		}
		before = done;
		if (seconds() > told + 60) {
			told = seconds();
			TH_LOG("%llu after %.0f s", (unsigned long long)done, told - begun);
		}
		usleep(3000);
	}
	TH_LOG("%llu evil completions, %u seeds, %llu operations, %.0f s", (unsigned long long)done,
	       seed, (unsigned long long)resets, seconds() - begun);

	/* It ends in a state that is one, never in between; and an honest card works again. */
	for (i = 0; i < 1000 * slowness(); i++) {
		if (attr_is("state", "live") || attr_is("state", "failed") ||
		    attr_is("state", "dead") || access(CARD_SYSFS, F_OK))
			break;
		usleep(10000);
	}
	EXPECT_GT(1000 * slowness(), i);
	ASSERT_EQ(0, fault_set("fault-evil", "0"));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	file_write(PCI_DRIVER "unbind", pci);	/* ends all that waits */
	for (i = 0; i < EVIL_THREADS; i++) {
		ASSERT_EQ(0, pthread_join(worker[i].thread, NULL));
		EXPECT_LT(0, worker[i].calls);
	}
	ASSERT_EQ(0, file_write(PCI_DRIVER "bind", pci));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_TRUE(attr_is("state", "live"));
	EXPECT_EQ(0, card_echo(fd, 60000, 0));
	close(fd);
}

TEST_HARNESS_MAIN
