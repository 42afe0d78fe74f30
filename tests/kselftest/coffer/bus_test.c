// SPDX-License-Identifier: GPL-2.0-only
/* The bus below the card: its resets, its errors, its interrupts. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define PCI_CAPS_REG	0x34
#define PCI_BRIDGE	0x3e	/* bridge control; bit 6 resets the bus below */
#define CAP_MSIX	0x11
#define MSIX_MASKALL	0x4000

FIXTURE(bus)
{
	char pci[64];
	uint64_t resets;
	int fd;
};

FIXTURE_SETUP(bus)
{
	faults_clear();
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pci_name(self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, attr_write("reset", "1"));
	ASSERT_EQ(0, card_echo(self->fd, 10, 0));
	self->resets = attr_u64("reset_count");
}

FIXTURE_TEARDOWN(bus)
{
	close(self->fd);
	EXPECT_EQ(0, slots_free());
}

/* ---- Configuration space, behind the driver's back --------------------------------------- */

static int config_open(const char *pci, const char *above)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s%s/config", pci, above);
	return open(path, O_RDWR | O_CLOEXEC);
}

static unsigned int config_get(int config, int at, int size)
{
	__le32 value = 0;

	return pread(config, &value, size, at) == size ? le32toh(value) : ~0u;
}

static int config_put16(int config, int at, unsigned int value)
{
	__le16 le = htole16(value);

	return pwrite(config, &le, sizeof(le), at) == sizeof(le) ? 0 : -1;
}

static int config_cap(int config, unsigned int id)
{
	unsigned int at = config_get(config, PCI_CAPS_REG, 1), left = 48;

	while (at && at < 256 && left--) {
		if (config_get(config, at, 1) == id)
			return at;
		at = config_get(config, at + 1, 1);
	}
	return -1;
}

/* ---- Resets ------------------------------------------------------------------------------ */

TEST_F(bus, an_idle_card_is_reset_by_its_function)
{
	EXPECT_EQ(0, attr_write("device/reset", "1"));
	EXPECT_EQ(self->resets + 1, attr_u64("reset_count"));
	EXPECT_TRUE(attr_is("state", "live"));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

TEST_F_TIMEOUT(bus, an_idle_card_is_reset_by_its_bus, 60)
{
	EXPECT_EQ(0, bus_reset());
	EXPECT_EQ(self->resets + 1, attr_u64("reset_count"));
	EXPECT_TRUE(attr_is("state", "live"));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

TEST_F_TIMEOUT(bus, a_busy_card_is_reset_by_its_bus, 60)
{
	struct load load;

	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	usleep(100000);
	EXPECT_EQ(0, bus_reset());
	usleep(100000);
	load_stop(&load);
	EXPECT_EQ(self->resets + 1, attr_u64("reset_count"));
	EXPECT_EQ(0, load.wrong);
	EXPECT_LT(0, load.done);
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

/* Without a word to anybody: the card has forgotten where it is, and is noticed as gone. */
TEST_F_TIMEOUT(bus, a_reset_behind_the_drivers_back_is_noticed, 60)
{
	int bridge = config_open(self->pci, "/..");
	unsigned int control;
	struct load load;
	double begin;
	char path[128];
	int fd;

	ASSERT_LE(0, bridge);
	control = config_get(bridge, PCI_BRIDGE, 2);
	ASSERT_EQ(0, load_start(&load, 8, self->fd));
	usleep(100000);
	begin = seconds();
	ASSERT_EQ(0, config_put16(bridge, PCI_BRIDGE, control | 0x40));
	usleep(10000);
	ASSERT_EQ(0, config_put16(bridge, PCI_BRIDGE, control));
	close(bridge);
	EXPECT_TRUE(state_comes("dead", 10000));
	EXPECT_GT(5, seconds() - begin);
	load_stop(&load);
	EXPECT_EQ(0, load.wrong);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", self->pci);
	ASSERT_EQ(0, file_write(path, "1"));
	ASSERT_EQ(0, file_write("/sys/bus/pci/rescan", "1"));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 5000, 1));
	close(fd);
}

/* ---- Errors ------------------------------------------------------------------------------ */

static int error_under_load(int fd, const char *name)
{
	struct load load;
	int rc;

	if (load_start(&load, 4, fd))
		return -1;
	usleep(50000);
	rc = bus_error(name);
	usleep(150000);
	load_stop(&load);
	if (rc || load.wrong || !load.done)
		fprintf(stderr, "# %s: %d, %u done, %u wrong\n", name, rc, load.done, load.wrong);
	return rc || load.wrong || !load.done ? -1 : 0;
}

TEST_F_TIMEOUT(bus, correctable_errors_change_nothing, 60)
{
	static const char * const names[] = {
		"RX_ERR", "BAD_TLP", "BAD_DLLP", "REP_ROLL", "REP_TIMER",
	};
	unsigned int i;

	for (i = 0; i < COUNT(names); i++)
		EXPECT_EQ(0, error_under_load(self->fd, names[i]));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

TEST_F_TIMEOUT(bus, errors_that_are_not_fatal_change_nothing, 60)
{
	static const char * const names[] = { "POISON_TLP", "UNSUP", "CABORT", "UNX_COMP" };
	unsigned int i;

	for (i = 0; i < COUNT(names); i++)
		EXPECT_EQ(0, error_under_load(self->fd, names[i]));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	EXPECT_EQ(0, card_echo(self->fd, 5000, 1));
}

/* ---- Interrupts -------------------------------------------------------------------------- */

TEST_F_TIMEOUT(bus, masked_interrupts_are_missed_and_no_more, 60)
{
	int config = config_open(self->pci, ""), at;
	uint64_t lost = queue_sum("lost_interrupts");
	unsigned int control;

	ASSERT_LE(0, config);
	at = config_cap(config, CAP_MSIX);
	ASSERT_LT(0, at);
	control = config_get(config, at + 2, 2);
	ASSERT_EQ(0, config_put16(config, at + 2, control | MSIX_MASKALL));
	/* The completion is there, and is found when the command's time is up. */
	EXPECT_EQ(0, card_echo_ms(self->fd, 500, 300));
	EXPECT_EQ(lost + 1, queue_sum("lost_interrupts"));
	ASSERT_EQ(0, config_put16(config, at + 2, control));
	EXPECT_EQ(0, card_echo(self->fd, 500, 1));
	EXPECT_EQ(lost + 1, queue_sum("lost_interrupts"));
	EXPECT_EQ(self->resets, attr_u64("reset_count"));
	close(config);
}

TEST_HARNESS_MAIN
