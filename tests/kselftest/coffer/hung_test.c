// SPDX-License-Identifier: GPL-2.0-only
/* A card that hangs in one way or another is let go of in bounded time. */
#include "coffer_test.h"
#include "kselftest_harness.h"

#define BOUND	5.0	/* seconds: a stop takes at most one, on a busy machine */

FIXTURE(hung)
{
	char pci[64];
	struct load load;
	int fd;
};

FIXTURE_VARIANT(hung)
{
	const char *knob;
	bool runs;	/* a reset helps */
	bool mute;	/* its configuration space does not answer either */
};

FIXTURE_VARIANT_ADD(hung, stalled) { .knob = "fault-stall", .runs = true };
FIXTURE_VARIANT_ADD(hung, without_firmware) { .knob = "fault-fw-panic" };
FIXTURE_VARIANT_ADD(hung, all_ones) { .knob = "fault-all-ones" };
FIXTURE_VARIANT_ADD(hung, without_link) { .knob = "fault-link-loss", .mute = true };

FIXTURE_SETUP(hung)
{
	faults_clear();
	self->fd = card_open_wait();
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, pci_name(self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, attr_write("reset", "1"));
	ASSERT_EQ(0, load_start(&self->load, 8, self->fd));
	usleep(50000);
	ASSERT_EQ(0, fault_set(variant->knob, "true"));
	usleep(50000);
}

/* Whatever became of it: the card in this place works again. */
FIXTURE_TEARDOWN(hung)
{
	int fd;

	faults_clear();
	driver_detach(self->pci);
	load_stop(&self->load);
	close(self->fd);
	EXPECT_EQ(0, driver_attach(self->pci));
	fd = card_open_wait();
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 5000, 1));
	close(fd);
	EXPECT_EQ(0, slots_free());
}

TEST_F(hung, is_removed_in_bounded_time)
{
	double begin = seconds();

	EXPECT_EQ(0, driver_detach(self->pci));
	load_stop(&self->load);		/* all waiters have their answer */
	EXPECT_GT(BOUND, seconds() - begin);
	EXPECT_EQ(-ENODEV, card_echo(self->fd, 10, 0));
	/* load_stop() once is enough. */
	self->load.threads = 0;
}

TEST_F(hung, is_reset_in_bounded_time)
{
	double begin = seconds();
	int rc = attr_write("reset", "1");

	EXPECT_GT(BOUND + 4, seconds() - begin);	/* two attempts to start it */
	EXPECT_EQ(variant->runs, !rc);
}

TEST_F(hung, is_reset_by_the_bus_in_bounded_time)
{
	double begin = seconds();

	/* For a mute function the PCI core would wait a minute, whatever its driver does. */
	attr_write(variant->mute ? "reset" : "device/reset", "1");
	EXPECT_GT(BOUND + 4, seconds() - begin);
	begin = seconds();
	EXPECT_EQ(0, driver_detach(self->pci));
	EXPECT_GT(BOUND, seconds() - begin);
}

TEST_HARNESS_MAIN
