// SPDX-License-Identifier: GPL-2.0-only
/* The card's random generator in the kernel: off unless asked for, and never in the way. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define MISC "/sys/class/misc/hw_random/"
#define LIFE_CARD 2
#define LIFE_NODE "/dev/coffer2"

FIXTURE(hwrng)
{
	char before[64];	/* which one was in use */
};

static int available(const char *name)
{
	char text[1024], *word;

	if (file_read(MISC "rng_available", text, sizeof(text)))
		return 0;
	for (word = strtok(text, " "); word; word = strtok(NULL, " "))
		if (!strcmp(word, name))
			return 1;
	return 0;
}

static int use(const char *name)
{
	return file_write(MISC "rng_current", name);
}

/* 0 or -errno; how long it took, in seconds. */
static int take(void *to, size_t len, double *took)
{
	int fd = open("/dev/hwrng", O_RDONLY | O_CLOEXEC), rc = 0;
	double start = seconds();
	ssize_t got;

	if (fd < 0)
		return -errno;
	while (len && !rc) {
		got = read(fd, to, len);
		if (got <= 0)
			rc = got ? -errno : -EIO;
		else
			len -= got, to = (char *)to + got;
	}
	if (took)
		*took = seconds() - start;
	close(fd);
	return rc;
}

static int reload(const char *parameters)
{
	int fd, rc = module_unload() ?: module_load(parameters);

	if (rc)
		return rc;
	fd = card_open_wait();
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

FIXTURE_SETUP(hwrng)
{
	ASSERT_EQ(0, file_read(MISC "rng_current", self->before, sizeof(self->before)));
	ASSERT_EQ(0, reload("hwrng=1"));
	ASSERT_TRUE(available("coffer0"));
	ASSERT_EQ(0, use("coffer0"));
}

FIXTURE_TEARDOWN(hwrng)
{
	faults_clear();
	use(self->before);
	reload("");
}

TEST(hwrng_is_off_by_default)
{
	EXPECT_FALSE(available("coffer0"));
}

TEST_F_TIMEOUT(hwrng, gives_random_bytes_of_the_least_quality, 240)
{
	unsigned char first[2048] = { 0 }, second[2048] = { 0 };
	uint64_t before = attr_u64("commands");
	unsigned int i, ones = 0;
	char text[32];

	ASSERT_EQ(0, take(first, sizeof(first), NULL));
	ASSERT_EQ(0, take(second, sizeof(second), NULL));
	EXPECT_NE(0, memcmp(first, second, sizeof(first)));
	for (i = 0; i < sizeof(first); i++)
		ones += __builtin_popcount(first[i]);
	EXPECT_LT(7700, ones);	/* of 16384: ten standard deviations would be 640 */
	EXPECT_GT(8700, ones);
	EXPECT_LT(before, attr_u64("commands"));
	ASSERT_EQ(0, file_read(MISC "rng_quality", text, sizeof(text)));
	EXPECT_STREQ("1", text);
}

TEST_F_TIMEOUT(hwrng, comes_back_after_a_reset, 240)
{
	unsigned char bytes[64];

	ASSERT_EQ(0, take(bytes, sizeof(bytes), NULL));
	ASSERT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, take(bytes, sizeof(bytes), NULL));
}

TEST_F_TIMEOUT(hwrng, gives_up_at_once_on_a_failed_card, 240)
{
	unsigned char bytes[64];
	double took, end;

	ASSERT_EQ(0, fault_set("fault-fw-panic", "true"));
	end = seconds() + 30;
	while (!attr_is("state", "failed") && seconds() < end)
		usleep(50000);
	ASSERT_TRUE(attr_is("state", "failed"));
	EXPECT_EQ(-EIO, take(bytes, sizeof(bytes), &took));
	EXPECT_GT(1.0, took);
	ASSERT_EQ(0, fault_set("fault-fw-panic", "false"));
	ASSERT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, take(bytes, sizeof(bytes), NULL));
}

/* The core's lock is free again soon: another generator can be chosen. */
TEST_F_TIMEOUT(hwrng, does_not_wait_for_a_card_that_hangs, 240)
{
	unsigned char bytes[64];
	double took;

	ASSERT_EQ(0, take(bytes, sizeof(bytes), NULL));
	ASSERT_EQ(0, fault_set("fault-stall", "true"));
	EXPECT_GT(0, take(bytes, sizeof(bytes), &took));
	EXPECT_GT(10.0, took);
	took = seconds();
	EXPECT_EQ(0, use(self->before));
	EXPECT_GT(10.0, seconds() - took);
	ASSERT_EQ(0, fault_set("fault-stall", "false"));
	ASSERT_EQ(0, use("coffer0"));
}

TEST_F_TIMEOUT(hwrng, a_tampered_card_gives_none, 240)
{
	unsigned char bytes[64];

	ASSERT_EQ(0, tamper_clear(LIFE_NODE));
	ASSERT_EQ(0, use("coffer2"));
	ASSERT_EQ(0, take(bytes, sizeof(bytes), NULL));
	ASSERT_EQ(0, knob_set(LIFE_CARD, "tamper", "true"));
	EXPECT_EQ(-EIO, take(bytes, sizeof(bytes), NULL));
	ASSERT_EQ(0, tamper_clear(LIFE_NODE));
	EXPECT_EQ(0, take(bytes, sizeof(bytes), NULL));
}

static void *take_on(void *arg)
{
	unsigned char bytes[256];

	while (!__atomic_load_n((bool *)arg, __ATOMIC_RELAXED))
		take(bytes, sizeof(bytes), NULL);
	return NULL;
}

TEST_F_TIMEOUT(hwrng, goes_with_the_card_while_being_read, 240)
{
	bool stop = false;
	pthread_t thread;
	char pci[64];
	double start;
	int i, fd;

	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	ASSERT_EQ(0, pthread_create(&thread, NULL, take_on, &stop));
	for (i = 0; i < 3; i++) {
		usleep(100000);
		start = seconds();
		EXPECT_EQ(0, file_write(PCI_DRIVER "unbind", pci));
		EXPECT_GT(15.0, seconds() - start);
		EXPECT_FALSE(available("coffer0"));
		EXPECT_EQ(0, file_write(PCI_DRIVER "bind", pci));
		fd = card_open_wait();
		ASSERT_LE(0, fd);
		close(fd);
		EXPECT_EQ(0, use("coffer0"));
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
}

TEST_HARNESS_MAIN
