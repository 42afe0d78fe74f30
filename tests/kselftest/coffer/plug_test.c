// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cards that are plugged in and pulled while the machine runs, as QEMU's monitor does it: by ACPI
 * or, in a machine without ACPI hot-plug, by the root port (an attention button: 5 s each).
 * COFFER_LOOPS_PLUG says how often.
 */
#include "ledger.h"
#include "kselftest_harness.h"

static struct ledger ledger;

FIXTURE(plug)
{
	char properties[512];
};

FIXTURE_SETUP(plug)
{
	char folder[400];
	int fd = card_open_wait();

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, attr_write("reset", "1"));
	ASSERT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
	ASSERT_EQ(0, card_folder(0, folder, sizeof(folder)));
	snprintf(self->properties, sizeof(self->properties), "\"card\":\"%s\"", folder);
}

FIXTURE_TEARDOWN(plug)
{
	int fd = card_open_wait();

	EXPECT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 5000, 1));
	close(fd);
	EXPECT_EQ(0, slots_free());
}

TEST_F_TIMEOUT(plug, comes_and_goes_under_load, 3600)
{
	unsigned int i, rounds = rounds_of("PLUG", 2);
	double begin = seconds();

	ASSERT_EQ(0, ledger_begin(&ledger));
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ledger_progress(&ledger, 4))
			TH_LOG("round %u", i);
		ASSERT_EQ(0, card_unplug(0))
			TH_LOG("round %u", i);
		ASSERT_EQ(0, card_plug(0, self->properties))
			TH_LOG("round %u", i);
	}
	ASSERT_EQ(0, ledger_progress(&ledger, 4));
	ledger_stop(&ledger);
	EXPECT_EQ(0, ledger_check(&ledger));
	TH_LOG("%u times in %.0f s; %u effects acknowledged, %u commands cut off", rounds,
	       seconds() - begin, ledger.acked, ledger.cut);
	EXPECT_EQ(0, ledger.wrong)
		TH_LOG("the first wrong answer: %lld", ledger.first_wrong);
}

/* Its descriptor wakes, stays dead, and is no hindrance for the card that comes next. */
TEST_F_TIMEOUT(plug, leaves_a_poller_and_a_descriptor, 120)
{
	struct pollfd p = { .fd = card_open(O_RDWR) };
	int status, fd;
	pid_t child;

	ASSERT_LE(0, p.fd);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(poll(&p, 1, 60000) == 1 && p.revents == (POLLHUP | POLLERR) ? 0 : 1);
	usleep(100000);
	ASSERT_EQ(0, card_unplug(0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(-ENODEV, card_echo(p.fd, 10, 0));
	EXPECT_EQ(-ENOENT, card_open(O_RDWR));
	ASSERT_EQ(0, card_plug(0, self->properties));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 10, 0));
	EXPECT_EQ(-ENODEV, card_echo(p.fd, 10, 0));
	close(fd);
	close(p.fd);
}

TEST_HARNESS_MAIN
