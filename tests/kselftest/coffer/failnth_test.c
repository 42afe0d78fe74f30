// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every entry point with the n-th of its allocations and copies failing, for n = 1, 2, ... until
 * it works: an error is one of those that may be, nothing has changed by it, and all goes on.
 * Needs a kernel that can inject faults (config says which); where there is none this fails.
 */
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "coffer_test.h"
#include "kselftest_harness.h"
#include "uapi/linux/coffer_netlink.h"

/* The operations and checks of all sweeps have one form. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

#define POINTS_MAX	5000
#define PCI_DRIVER	"/sys/bus/pci/drivers/coffer/"

/* One operation that is swept: 0 or -errno; what it needs is in the struct. */
struct sweep {
	int (*run)(struct sweep *sweep);
	int (*check)(struct sweep *sweep, int rc);	/* after each run; 0: all is well */
	int fd;
	__u32 len;
	uint64_t commands;
	char pci[64];
	const char *ok;			/* more errnos than the usual ones that are right */
	unsigned int from;		/* the first n; 0: 1 */

	/* What came of it. */
	unsigned int points;		/* faults that struck */
	unsigned int refused;		/* runs that they ended */
};

/* ---- The knobs ------------------------------------------------------------------------ */

static int knobs_set(void)
{
	/* Allocations that may wait fail too, of any size; each fault without a trace of calls. */
	static const struct {
		const char *path;
		const char *value;
	} knobs[] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char path[128];
	unsigned int i;
	int rc;

	for (i = 0; i < COUNT(knobs); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s", knobs[i].path);
		rc = file_write(path, knobs[i].value);
		if (rc)
			return rc;
	}
	return 0;
}

static int nth_open(void)
{
	int fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int nth_arm(int nth, unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	return pwrite(nth, text, len, 0) == len ? 0 : -errno;
}

/* Whether the fault has struck. The calls that ask may be what it strikes: then it had not. */
static bool nth_disarm(int nth)
{
	char text[16] = "";
	bool struck = pread(nth, text, sizeof(text) - 1, 0) > 0 && strtoul(text, NULL, 10) == 0;

	while (pwrite(nth, "0", 1, 0) != 1)
		struck = false;
	return struck;
}

static bool errno_is_right(const struct sweep *sweep, int rc)
{
	char name[16];

	if (rc == 0 || rc == -ENOMEM || rc == -EFAULT)
		return true;
	snprintf(name, sizeof(name), " %d ", -rc);
	return sweep->ok && strstr(sweep->ok, name);
}

/* 0 when it went through all; else what was wrong, and it says where. */
static int sweep_all(struct sweep *sweep)
{
	int nth = nth_open(), rc = 0, wrong = 0;
	bool struck = true;
	unsigned int n;

	if (nth < 0)
		return nth;
	for (n = sweep->from ?: 1; struck && n < POINTS_MAX; n++) {
		sweep->commands = attr_u64("commands");
		wrong = nth_arm(nth, n);
		if (wrong)
			break;
		rc = sweep->run(sweep);
		struck = nth_disarm(nth);
		sweep->points += struck;
		sweep->refused += struck && rc;
		if (!errno_is_right(sweep, rc) || (!struck && rc)) {
			wrong = rc;
			break;
		}
		wrong = sweep->check ? sweep->check(sweep, rc) : 0;
		if (wrong)
			break;
	}
	close(nth);
	if (wrong || struck)
		fprintf(stderr, "# at fault %u: it said %d, and that is %d\n", n, rc, wrong);
	return wrong ?: struck ? -E2BIG : 0;
}

/* ---- The card afterwards ---------------------------------------------------------------- */

static int card_is_well(int fd)
{
	if (!attr_is("state", "live"))
		return -EHOSTDOWN;
	return card_echo(fd, 100, 1);
}

static int check_card(struct sweep *sweep, int rc)
{
	return card_is_well(sweep->fd);
}

/* No memory: then the card has not seen it. */
static int check_exec(struct sweep *sweep, int rc)
{
	if (rc == -ENOMEM && attr_u64("commands") != sweep->commands)
		return -EALREADY;
	return card_is_well(sweep->fd);
}

FIXTURE(failnth)
{
	struct sweep sweep;
};

FIXTURE_SETUP(failnth)
{
	memset(&self->sweep, 0, sizeof(self->sweep));
	ASSERT_EQ(0, knobs_set());
	ASSERT_EQ(0, pci_name(self->sweep.pci, sizeof(self->sweep.pci)));
	self->sweep.fd = card_open_wait();
	ASSERT_LE(0, self->sweep.fd);
	ASSERT_EQ(0, card_is_well(self->sweep.fd));
	self->sweep.check = check_card;
}

FIXTURE_TEARDOWN(failnth)
{
	TH_LOG("%u faults, of which %u ended it", self->sweep.points, self->sweep.refused);
	close(self->sweep.fd);
}

/* ---- Descriptors and ioctls ------------------------------------------------------------- */

static int run_open(struct sweep *sweep)
{
	int fd = card_open(O_RDWR);

	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : 0;
}

TEST_F_TIMEOUT(failnth, open_and_close, 120)
{
	self->sweep.run = run_open;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(0, self->sweep.refused);
}

static int run_query(struct sweep *sweep)
{
	static struct coffer_command_row rows[256];
	struct coffer_query query = {
		.size = sizeof(query),
		.commands = (uintptr_t)rows,
		.command_count = COUNT(rows),
	};

	return card_ioctl(sweep->fd, COFFER_IOC_QUERY, &query);
}

TEST_F_TIMEOUT(failnth, query, 300)
{
	self->sweep.run = run_query;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(10, self->sweep.refused);	/* each row is a copy */
}

static int exec_echo(int fd, __u32 len)
{
	static unsigned char sent[COFFER_CMD_MAX_PAYLOAD];
	static unsigned char got[COFFER_CMD_MAX_PAYLOAD];
	__u32 room = len, verdict;
	int rc;

	memset(sent, 0x6b, sizeof(sent));	/* there before the fault, too */
	memset(got, 0, sizeof(got));
	rc = card_exec(fd, COFFER_CMD_ECHO, sent, len, got, &room, &verdict);
	if (rc)
		return rc;
	return verdict || room != len || memcmp(sent, got, len) ? -EBADMSG : 0;
}

static int run_exec(struct sweep *sweep)
{
	return exec_echo(sweep->fd, sweep->len);
}

/* The smallest rings: a slot that leaked would be missed at once. */
static int few_slots(struct sweep *sweep)
{
	close(sweep->fd);
	if (module_unload() || module_load("entries=4 queues=1"))
		return -EHOSTDOWN;
	sweep->fd = card_open_wait();
	return sweep->fd < 0 ? sweep->fd : card_is_well(sweep->fd);
}

TEST_F_TIMEOUT(failnth, exec_of_every_size, 600)
{
	static const __u32 sizes[] = { 0, 1, 4096, 4097, 20000, COFFER_CMD_MAX_PAYLOAD };
	unsigned int i;

	ASSERT_EQ(0, few_slots(&self->sweep));
	self->sweep.run = run_exec;
	self->sweep.check = check_exec;
	for (i = 0; i < COUNT(sizes); i++) {
		self->sweep.len = sizes[i];
		EXPECT_EQ(0, sweep_all(&self->sweep))
			TH_LOG("of %u bytes", sizes[i]);
	}
	EXPECT_LT(COUNT(sizes), self->sweep.refused);
}

/* With the opening of an owner in it. */
static int run_first_exec(struct sweep *sweep)
{
	int fd = card_open(O_RDWR), rc;

	if (fd < 0)
		return fd;
	rc = exec_echo(fd, 5000);
	close(fd);
	return rc;
}

TEST_F_TIMEOUT(failnth, first_exec_of_a_descriptor, 600)
{
	ASSERT_EQ(0, few_slots(&self->sweep));
	self->sweep.run = run_first_exec;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(3, self->sweep.refused);
}

static int run_events(struct sweep *sweep)
{
	static struct coffer_event events[256];
	struct coffer_events past = {
		.size = sizeof(past),
		.events = (uintptr_t)events,
		.count = COUNT(events),
	};

	return card_ioctl(sweep->fd, COFFER_IOC_EVENTS, &past);
}

TEST_F_TIMEOUT(failnth, events, 300)
{
	ASSERT_EQ(0, attr_write("reset", "1"));	/* is one */
	self->sweep.run = run_events;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(1, self->sweep.refused);
}

static int run_cancel(struct sweep *sweep)
{
	struct coffer_cancel cancel = { .size = sizeof(cancel), .cookie = 42 };
	int rc = card_ioctl(sweep->fd, COFFER_IOC_CANCEL, &cancel);

	return rc == -ENOENT ? 0 : rc;	/* there is none */
}

static int run_poll(struct sweep *sweep)
{
	struct pollfd p = { .fd = sweep->fd, .events = POLLIN };

	return poll(&p, 1, 0) < 0 ? -errno : 0;
}

TEST_F_TIMEOUT(failnth, cancel_and_poll, 120)
{
	self->sweep.run = run_cancel;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	self->sweep.run = run_poll;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(0, self->sweep.refused);
}

/* ---- Attributes and netlink ------------------------------------------------------------- */

static int run_reset(struct sweep *sweep)
{
	return attr_write("reset", "1");
}

TEST_F_TIMEOUT(failnth, reset, 600)
{
	self->sweep.run = run_reset;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(0, self->sweep.refused);
}

static int run_attributes(struct sweep *sweep)
{
	static const char *const names[] = { "serial", "state", "queue0/commands" };
	unsigned int i;

	errno = 0;
	for (i = 0; i < COUNT(names); i++)
		if (attr_u64(names[i]) == UINT64_MAX)
			return errno ? -errno : -EFAULT;
	return 0;
}

TEST_F_TIMEOUT(failnth, attributes, 300)
{
	self->sweep.run = run_attributes;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(0, self->sweep.refused);
}

struct request {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	struct nlattr attr;
	char value[16];
};

/* Send and receive to the end. An error message is an error; so is silence. */
static int talk(int sock, struct request *request, char *answer, size_t size)
{
	struct nlmsghdr *nl = (struct nlmsghdr *)answer;
	ssize_t got;

	if (send(sock, request, request->nl.nlmsg_len, 0) < 0)
		return -errno;
	do {
		got = recv(sock, answer, size, 0);
		if (got < 0)
			return -errno;
		if (nl->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(nl))->error;
	} while (request->nl.nlmsg_flags & NLM_F_DUMP && nl->nlmsg_type != NLMSG_DONE);
	return 0;
}

/* The number of the driver's family: the first attribute but one of the answer, or a later one. */
static int family_find(void)
{
	static char answer[8192];
	struct request request = {
		.nl = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = GENL_ID_CTRL,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { NLA_HDRLEN + sizeof(COFFER_GENL_NAME), CTRL_ATTR_FAMILY_NAME },
		.value = COFFER_GENL_NAME,
	};
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct nlattr *attr = (void *)(answer + NLMSG_LENGTH(GENL_HDRLEN));
	int rc = talk(sock, &request, answer, sizeof(answer));

	close(sock);
	while (!rc && attr->nla_len >= NLA_HDRLEN && (char *)attr < answer + 200) {
		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(__u16 *)((char *)attr + NLA_HDRLEN);
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	}
	return rc ?: -ENOENT;
}

static int run_netlink(struct sweep *sweep)
{
	static char answer[32768];
	struct timeval patience = { .tv_sec = 20 };
	struct request one = {
		.nl = {
			.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN) + NLA_HDRLEN + sizeof(__u32),
			.nlmsg_type = sweep->len,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.genl = { .cmd = COFFER_GENL_CMD_DEV_GET, .version = COFFER_GENL_VERSION },
		.attr = { NLA_HDRLEN + sizeof(__u32), COFFER_GENL_A_DEV },
	};
	struct request all = one;
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	int rc;

	if (sock < 0)
		return -errno;
	all.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	all.nl.nlmsg_flags |= NLM_F_DUMP;
	rc = setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ? -errno : 0;
	rc = rc ?: talk(sock, &one, answer, sizeof(answer));
	rc = rc ?: talk(sock, &all, answer, sizeof(answer));
	close(sock);
	return rc;
}

TEST_F_TIMEOUT(failnth, netlink, 300)
{
	int family = family_find();

	ASSERT_LT(0, family);
	self->sweep.len = family;
	self->sweep.run = run_netlink;
	self->sweep.ok = " 23 105 ";	/* ENFILE of socket(), ENOBUFS */
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(3, self->sweep.refused);
}

/* ---- Cards that come and go ------------------------------------------------------------- */

static int attach(struct sweep *sweep)
{
	return file_write(PCI_DRIVER "bind", sweep->pci);
}

static int detach(struct sweep *sweep)
{
	return file_write(PCI_DRIVER "unbind", sweep->pci);
}

/* It works, whatever it takes without faults. */
static int check_attached(struct sweep *sweep)
{
	int fd, rc;

	if (!attr_is("state", "live") || access(CARD, F_OK)) {
		detach(sweep);	/* it lives, but its name was not made */
		rc = attach(sweep);
		if (rc)
			return rc;
	}
	fd = card_open_wait();
	if (fd < 0)
		return fd;
	rc = card_is_well(fd);
	close(fd);
	return rc;
}

static int check_probe(struct sweep *sweep, int rc)
{
	rc = rc ? attach(sweep) : 0;
	return rc ?: check_attached(sweep) ?: detach(sweep);
}

TEST_F_TIMEOUT(failnth, probe, 1200)
{
	ASSERT_EQ(0, detach(&self->sweep));
	self->sweep.run = attach;
	self->sweep.check = check_probe;
	self->sweep.ok = " 16 28 ";	/* EBUSY, ENOSPC: the core's, for regions and vectors */
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(20, self->sweep.refused);
	attach(&self->sweep);
	EXPECT_EQ(0, check_attached(&self->sweep));
}

static int check_removed(struct sweep *sweep, int rc)
{
	rc = rc ? 0 : attach(sweep);
	return rc ?: check_attached(sweep);
}

TEST_F_TIMEOUT(failnth, unbind, 600)
{
	self->sweep.run = detach;
	self->sweep.check = check_removed;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(0, self->sweep.refused);
}

static int run_remove(struct sweep *sweep)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", sweep->pci);
	return file_write(path, "1");
}

static int check_rescan(struct sweep *sweep, int rc)
{
	return file_write("/sys/bus/pci/rescan", "1") ?: check_attached(sweep);
}

TEST_F_TIMEOUT(failnth, remove, 600)
{
	self->sweep.run = run_remove;
	self->sweep.check = check_rescan;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(0, self->sweep.refused);
}

/* ---- The module ------------------------------------------------------------------------- */

static int run_load(struct sweep *sweep)
{
	return module_load("");
}

static int check_unload(struct sweep *sweep, int rc)
{
	int i;

	if (rc)
		return module_unload() == -ENOENT ? 0 : -EEXIST;
	for (i = 0; i < 100 && (rc = module_unload()) == -EWOULDBLOCK; i++)
		usleep(20000);
	return rc;
}

/* Where the loader's own faults end: a parameter that is wrong stops it just before our code. */
static unsigned int loader_points(void)
{
	const unsigned int far = 1000000;
	int nth = nth_open();
	char text[16] = "";
	ssize_t got;

	if (nth < 0 || nth_arm(nth, far))
		return 0;
	module_load("queues=none");
	got = pread(nth, text, sizeof(text) - 1, 0);
	nth_disarm(nth);
	close(nth);
	return got > 0 ? far - strtoul(text, NULL, 10) : 0;
}

TEST_F_TIMEOUT(failnth, module_load, 1800)
{
	close(self->sweep.fd);
	ASSERT_EQ(0, check_unload(&self->sweep, 0));
	self->sweep.from = loader_points();
	ASSERT_LT(10, self->sweep.from);
	self->sweep.run = run_load;
	self->sweep.check = check_unload;
	EXPECT_EQ(0, sweep_all(&self->sweep));
	EXPECT_LT(3, self->sweep.refused);
	ASSERT_EQ(0, module_load(""));
	self->sweep.fd = card_open_wait();
	ASSERT_LE(0, self->sweep.fd);
	EXPECT_EQ(0, card_is_well(self->sweep.fd));
}

TEST_HARNESS_MAIN
