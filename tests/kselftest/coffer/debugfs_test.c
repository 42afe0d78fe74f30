// SPDX-License-Identifier: GPL-2.0-only
/* /sys/kernel/debug/coffer: what root can look at, and that it is safe whatever the card does. */
#include <sys/stat.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

#define FOLDER "/sys/kernel/debug/coffer/coffer0/"

static const char * const files[] = { "registers", "queues", "counters", "table" };

static char text[65536];

static int look(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), FOLDER "%s", name);
	return text_read(path, text, sizeof(text));
}

/* The number behind a word at the start of a line. */
static uint64_t number_of(const char *word, int base)
{
	char *line = strtok(text, "\n");
	size_t len = strlen(word);

	for (; line; line = strtok(NULL, "\n"))
		if (!strncmp(line, word, len) && line[len] == ' ')
			return strtoull(line + len, NULL, base);
	return UINT64_MAX;
}

FIXTURE(debugfs)
{
	int fd;
};

FIXTURE_SETUP(debugfs)
{
	self->fd = card_open(O_RDWR);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, card_echo(self->fd, 10, 1));
}

FIXTURE_TEARDOWN(debugfs)
{
	faults_clear();
	close(self->fd);
}

TEST_F_TIMEOUT(debugfs, is_for_root_alone, 120)
{
	struct stat st;
	char path[128];
	unsigned int i;

	for (i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), FOLDER "%s", files[i]);
		ASSERT_EQ(0, stat(path, &st));
		EXPECT_EQ(0400, st.st_mode & 07777);
		EXPECT_EQ(0, st.st_uid);
		EXPECT_LT(0, look(files[i]));
	}
}

TEST_F_TIMEOUT(debugfs, registers_are_those_of_the_card, 120)
{
	ASSERT_LT(0, look("registers"));
	EXPECT_EQ(0x52464f43, number_of("id", 16));
	ASSERT_LT(0, look("registers"));
	EXPECT_EQ(attr_u64("serial"), number_of("serial", 16));
	ASSERT_LT(0, look("registers"));
	EXPECT_EQ(1, number_of("queue0.ctrl", 16));
}

TEST_F_TIMEOUT(debugfs, counters_are_those_of_the_attributes, 120)
{
	ASSERT_LT(0, look("counters"));
	EXPECT_EQ(attr_u64("commands"), number_of("commands", 10));
	ASSERT_LT(0, look("counters"));
	EXPECT_EQ(attr_u64("reset_count"), number_of("resets", 10));
}

TEST_F_TIMEOUT(debugfs, the_table_has_every_row, 120)
{
	struct coffer_query query = { .size = sizeof(query) };
	unsigned int lines = 0;
	char *at;

	ASSERT_EQ(0, card_ioctl(self->fd, COFFER_IOC_QUERY, &query));
	ASSERT_LT(0, look("table"));
	for (at = text; *at; at++)
		lines += *at == '\n';
	EXPECT_EQ(query.command_count, lines);
}

static void *echo_secret(void *arg)
{
	char request[64] = "a secret that nobody may see", reply[64];
	__u32 got = sizeof(reply), verdict;

	card_exec(*(int *)arg, COFFER_CMD_ECHO, request, sizeof(request), reply, &got, &verdict);
	return NULL;
}

TEST_F_TIMEOUT(debugfs, shows_commands_that_are_out_but_no_payload, 120)
{
	pthread_t thread;

	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	ASSERT_EQ(0, pthread_create(&thread, NULL, echo_secret, &self->fd));
	usleep(500000);
	ASSERT_LT(0, look("queues"));
	EXPECT_NE(NULL, strstr(text, " ECHO req 64 room 64 "));
	EXPECT_EQ(NULL, strstr(text, "secret"));
	EXPECT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	ASSERT_LT(0, look("queues"));
	EXPECT_EQ(NULL, strstr(text, " ECHO "));
}

/* Link loss: all-ones from every register. */
TEST_F_TIMEOUT(debugfs, says_that_the_card_is_gone, 120)
{
	ASSERT_EQ(0, fault_set("fault-all-ones", "true"));
	EXPECT_EQ(-ENODEV, look("registers"));
	EXPECT_LT(0, look("queues"));
	EXPECT_EQ(0, fault_set("fault-all-ones", "false"));
	EXPECT_LT(0, look("registers"));
}

static void *look_on(void *arg)
{
	unsigned int i;

	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED)) {
		for (i = 0; i < COUNT(files); i++) {
			char path[128], own[4096];

			snprintf(path, sizeof(path), FOLDER "%s", files[i]);
			text_read(path, own, sizeof(own));
		}
	}
	return NULL;
}

TEST_F_TIMEOUT(debugfs, may_be_read_during_resets_and_removal, 240)
{
	unsigned int i, rounds = loops() / 10 + 1;
	bool stop = false;
	pthread_t thread;
	char pci[64];
	int back;

	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, look_on, &stop));
	for (i = 0; i < rounds; i++)
		EXPECT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, file_write(PCI_DRIVER "unbind", pci));
	EXPECT_EQ(-1, access(FOLDER, F_OK));
	EXPECT_EQ(0, file_write(PCI_DRIVER "bind", pci));
	back = card_open_wait();
	EXPECT_LE(0, back);
	close(back);
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_LT(0, look("registers"));
}

TEST_HARNESS_MAIN
