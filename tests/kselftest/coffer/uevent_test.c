// SPDX-License-Identifier: GPL-2.0-only
/* Uevents: what udevd hears of a card. The third card is tampered with and erased. */
#include <linux/netlink.h>
#include <sys/socket.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

#define LIFE_CARD	2
#define LIFE_NODE	"/dev/coffer2"
#define LIFE_SYSFS	"/sys/class/coffer/coffer2/"

FIXTURE(uevent)
{
	int sock;
};

struct uevent {
	char text[4096];
	ssize_t len;
};

/* The value of a variable, or "". */
static const char *value_of(const struct uevent *ue, const char *name)
{
	const char *at = ue->text, *end = ue->text + ue->len;
	size_t len = strlen(name);

	for (; at < end; at += strlen(at) + 1)
		if (!strncmp(at, name, len) && at[len] == '=')
			return at + len + 1;
	return "";
}

/* The next one of that card with that COFFER_EVENT (NULL: any) within so many ms: 0 or -ETIME. */
static int uevent_comes(int sock, const char *name, const char *event, int ms, struct uevent *ue)
{
	double end = seconds() + ms / 1000.0;
	struct pollfd p = { .fd = sock, .events = POLLIN };
	int left;

	while ((left = (end - seconds()) * 1000) > 0 && poll(&p, 1, left) > 0) {
		ue->len = recv(sock, ue->text, sizeof(ue->text) - 1, 0);
		if (ue->len <= 0)
			continue;
		ue->text[ue->len] = 0;
		if (strcmp(value_of(ue, "SUBSYSTEM"), "coffer") ||
		    strcmp(value_of(ue, "DEVNAME"), name))
			continue;
		if (*value_of(ue, "COFFER_EVENT") &&
		    (!event || !strcmp(value_of(ue, "COFFER_EVENT"), event)))
			return 0;
	}
	return -ETIME;
}

static void drain(int sock)
{
	struct uevent ue;

	while (recv(sock, ue.text, sizeof(ue.text), MSG_DONTWAIT) > 0)
		;
}

FIXTURE_SETUP(uevent)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	ASSERT_EQ(0, tamper_clear(LIFE_NODE));
	usleep(700000);		/* for what an earlier test did to be told */
	self->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
	ASSERT_LE(0, self->sock);
	ASSERT_EQ(0, bind(self->sock, (struct sockaddr *)&address, sizeof(address)));
	drain(self->sock);
}

FIXTURE_TEARDOWN(uevent)
{
	faults_clear();
	tamper_clear(LIFE_NODE);
	close(self->sock);
}

TEST_F_TIMEOUT(uevent, tells_of_a_tamper_with_the_serial_number, 120)
{
	struct uevent ue;
	char serial[64];

	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "true"));
	ASSERT_EQ(0, uevent_comes(self->sock, "coffer2", "tamper", 20000, &ue));
	EXPECT_STREQ("change", value_of(&ue, "ACTION"));
	EXPECT_STREQ("1", value_of(&ue, "COFFER_COUNT"));
	ASSERT_EQ(0, file_read(LIFE_SYSFS "serial", serial, sizeof(serial)));
	EXPECT_STREQ(serial, value_of(&ue, "COFFER_SERIAL"));
}

TEST_F_TIMEOUT(uevent, tells_that_a_card_was_zeroized, 120)
{
	struct uevent ue;
	__u32 session;
	int fd = node_open(LIFE_NODE, O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, knob_set(LIFE_CARD, "decommission", "true"));
	EXPECT_EQ(0, uevent_comes(self->sock, "coffer2", "zeroized", 20000, &ue));
	/* Made anew for others. */
	ASSERT_EQ(0, session_open(fd, 0, COFFER_SESSION_RW, &session));
	EXPECT_EQ(0, so_login(fd, session));
	close(fd);
}

TEST_F_TIMEOUT(uevent, tells_of_failure_and_of_recovery, 120)
{
	struct uevent ue;

	ASSERT_EQ(0, fault_set("fault-fw-panic", "true"));
	EXPECT_EQ(0, uevent_comes(self->sock, "coffer0", "failed", 30000, &ue));
	ASSERT_EQ(0, fault_set("fault-fw-panic", "false"));
	ASSERT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, uevent_comes(self->sock, "coffer0", "reset", 20000, &ue));
}

TEST_F_TIMEOUT(uevent, tells_that_a_card_is_gone, 120)
{
	struct uevent ue;
	char pci[64];
	int fd;

	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	ASSERT_EQ(0, fault_set("fault-all-ones", "true"));
	EXPECT_EQ(-ENODEV, attr_write("reset", "1"));
	EXPECT_EQ(0, uevent_comes(self->sock, "coffer0", "gone", 20000, &ue));
	ASSERT_EQ(0, fault_set("fault-all-ones", "false"));
	ASSERT_EQ(0, file_write(PCI_DRIVER "unbind", pci));
	/* From here on it is the core that tells. */
	EXPECT_EQ(-ETIME, uevent_comes(self->sock, "coffer0", NULL, 1000, &ue));
	ASSERT_EQ(0, file_write(PCI_DRIVER "bind", pci));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	close(fd);
}

/* Two in a second at most of each kind, and none is forgotten. */
TEST_F_TIMEOUT(uevent, a_flood_is_counted_and_not_sent, 240)
{
	unsigned int i, told = 0, messages = 0, rounds = 20;
	double start = seconds();
	struct uevent ue;

	for (i = 0; i < rounds; i++)
		ASSERT_EQ(0, attr_write("reset", "1"));
	while (told < rounds && !uevent_comes(self->sock, "coffer0", "reset", 5000, &ue)) {
		told += atoi(value_of(&ue, "COFFER_COUNT"));
		messages++;
	}
	EXPECT_EQ(rounds, told);
	EXPECT_LE(messages, (seconds() - start) * 2 + 2);
	EXPECT_GT(rounds, messages);
}

/* A hostile card: whatever it says, udevd is left alone, and the card ends live or failed. */
TEST_F_TIMEOUT(uevent, a_hostile_card_cannot_flood, 240)
{
	double start = seconds();
	unsigned int messages = 0;
	struct load load;
	struct uevent ue;
	int fd = card_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, fault_set("fault-evil", "7"));
	ASSERT_EQ(0, load_start(&load, 4, fd));
	while (seconds() < start + 5)
		messages += !uevent_comes(self->sock, "coffer0", NULL, 500, &ue);
	EXPECT_LE(messages, (seconds() - start) * 2 * 6 + 6);
	ASSERT_EQ(0, fault_set("fault-evil", "0"));
	load_stop(&load);
	close(fd);
	EXPECT_EQ(0, attr_write("reset", "1"));
}

TEST_HARNESS_MAIN
