// SPDX-License-Identifier: GPL-2.0-only
/* The tamper input as a chassis intrusion alarm. The third card is tampered with. */
#include <dirent.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

#define LIFE_CARD	2
#define LIFE_NODE	"/dev/coffer2"

FIXTURE(hwmon)
{
	char alarm[512];
};

/* The path of a card's attribute; empty when there is none. */
static void find_attr(int card, const char *attr, char *to, size_t size)
{
	char path[128];
	struct dirent *entry;
	DIR *dir;

	to[0] = 0;
	snprintf(path, sizeof(path), "/sys/class/coffer/coffer%d/device/hwmon", card);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (!strncmp(entry->d_name, "hwmon", 5))
			snprintf(to, size, "%s/%s/%s", path, entry->d_name, attr);
	if (dir)
		closedir(dir);
}

static int alarm_is(const char *path)
{
	char text[32];
	int rc = file_read(path, text, sizeof(text));

	return rc ? rc : atoi(text);
}

/* Wait for a value, or for an error: answers are kept for a second. */
static int alarm_becomes(const char *path, int value)
{
	double end = seconds() + 10;

	while (alarm_is(path) != value && seconds() < end)
		usleep(50000);
	return alarm_is(path);
}

FIXTURE_SETUP(hwmon)
{
	ASSERT_EQ(0, tamper_clear(LIFE_NODE));
	find_attr(LIFE_CARD, "intrusion0_alarm", self->alarm, sizeof(self->alarm));
	ASSERT_NE(0, self->alarm[0]);
	ASSERT_EQ(0, alarm_becomes(self->alarm, 0));
}

FIXTURE_TEARDOWN(hwmon)
{
	tamper_clear(LIFE_NODE);
}

TEST_F_TIMEOUT(hwmon, has_a_name_and_nothing_that_is_not_there, 120)
{
	char path[512], text[64];
	struct dirent *entry;
	unsigned int others = 0;
	DIR *dir;

	find_attr(LIFE_CARD, "name", path, sizeof(path));
	ASSERT_EQ(0, file_read(path, text, sizeof(text)));
	EXPECT_STREQ("coffer", text);
	find_attr(LIFE_CARD, "", path, sizeof(path));
	dir = opendir(path);
	ASSERT_NE(NULL, dir);
	while ((entry = readdir(dir)))
		others += strspn(entry->d_name, "abcdefghijklmnopqrstuvwxyz") <
			  strcspn(entry->d_name, "_") &&
			  strncmp(entry->d_name, "intrusion0_", 11) && entry->d_name[0] != '.';
	closedir(dir);
	EXPECT_EQ(0, others);
}

TEST_F_TIMEOUT(hwmon, alarms_until_the_so_clears_it, 120)
{
	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "true"));
	EXPECT_EQ(1, alarm_becomes(self->alarm, 1));
	/* Who may clear it is a matter of the card's roles: not even root, here. */
	EXPECT_EQ(-EACCES, file_write(self->alarm, "0"));
	EXPECT_EQ(1, alarm_is(self->alarm));
	ASSERT_EQ(0, tamper_clear(LIFE_NODE));
	EXPECT_EQ(0, alarm_becomes(self->alarm, 0));
}

TEST_F_TIMEOUT(hwmon, wakes_who_polls, 120)
{
	struct pollfd p = { .fd = open(self->alarm, O_RDONLY), .events = POLLPRI };
	char text[8];

	ASSERT_LE(0, p.fd);
	ASSERT_LT(0, read(p.fd, text, sizeof(text)));
	EXPECT_EQ(0, poll(&p, 1, 100));
	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "true"));
	EXPECT_EQ(1, poll(&p, 1, 20000));
	ASSERT_EQ(0, lseek(p.fd, 0, SEEK_SET));
	ASSERT_LT(0, read(p.fd, text, sizeof(text)));
	EXPECT_EQ('1', text[0]);
	close(p.fd);
}

TEST_F_TIMEOUT(hwmon, asks_the_card_rarely, 120)
{
	char count[64];
	uint64_t before, asked, rounds;
	double start = seconds();

	ASSERT_EQ(0, file_read("/sys/class/coffer/coffer2/commands", count, sizeof(count)));
	before = strtoull(count, NULL, 10);
	for (rounds = 0; rounds < 200; rounds++)
		ASSERT_EQ(0, alarm_is(self->alarm));
	ASSERT_EQ(0, file_read("/sys/class/coffer/coffer2/commands", count, sizeof(count)));
	asked = strtoull(count, NULL, 10) - before;
	EXPECT_LE(asked, seconds() - start + 2);
}

TEST_F_TIMEOUT(hwmon, says_that_a_failed_card_cannot_be_asked, 120)
{
	ASSERT_EQ(0, knob_set(LIFE_CARD, "fault-fw-panic", "true"));
	EXPECT_EQ(-EIO, alarm_becomes(self->alarm, -EIO));
	ASSERT_EQ(0, knob_set(LIFE_CARD, "fault-fw-panic", "false"));
	ASSERT_EQ(0, file_write("/sys/class/coffer/coffer2/reset", "1"));
	EXPECT_EQ(0, alarm_becomes(self->alarm, 0));
}

TEST_F_TIMEOUT(hwmon, goes_with_the_card_while_being_read, 120)
{
	char pci[64], alarm[512];
	int status, back;
	pid_t child;

	find_attr(0, "intrusion0_alarm", alarm, sizeof(alarm));
	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		while (alarm_is(alarm) >= 0)
			;
		_exit(alarm_is(alarm) == -ENOENT ? 0 : 1);
	}
	usleep(200000);
	EXPECT_EQ(0, file_write(PCI_DRIVER "unbind", pci));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, file_write(PCI_DRIVER "bind", pci));
	back = card_open_wait();
	ASSERT_LE(0, back);
	close(back);
}

TEST_HARNESS_MAIN
