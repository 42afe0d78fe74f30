// SPDX-License-Identifier: GPL-2.0-only
/*
 * The same again and again, under a load whose acknowledged effects are counted afterwards
 * (ledger.h): COFFER_LOOPS_REMOVE, _LINK and _RESET say how often.
 */
#include "ledger.h"
#include "kselftest_harness.h"

static struct ledger ledger;

FIXTURE(loop)
{
	char pci[64];
	double begin;
};

FIXTURE_SETUP(loop)
{
	int fd = card_open_wait();

	ASSERT_LE(0, fd);
	faults_clear();
	ASSERT_EQ(0, pci_name(self->pci, sizeof(self->pci)));
	ASSERT_EQ(0, attr_write("reset", "1"));	/* forgets earlier resets, too */
	ASSERT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
	ASSERT_EQ(0, ledger_begin(&ledger));
	self->begin = seconds();
}

/* Every loop ends like this: nothing lost, nothing left behind. */
FIXTURE_TEARDOWN(loop)
{
	double took = seconds() - self->begin;
	int fd;

	ledger_stop(&ledger);
	fd = card_open_wait();
	EXPECT_LE(0, fd);
	EXPECT_EQ(0, card_echo(fd, 5000, 1));
	EXPECT_TRUE(attr_is("state", "live"));
	close(fd);
	EXPECT_EQ(0, ledger_check(&ledger));
	TH_LOG("%.0f s; %u effects acknowledged, %u commands cut off", took, ledger.acked,
	       ledger.cut);
	EXPECT_LT(0, ledger.acked);
	EXPECT_EQ(0, ledger.wrong)
		TH_LOG("the first wrong answer: %lld", ledger.first_wrong);
	EXPECT_EQ(0, slots_free());
}

TEST_F_TIMEOUT(loop, removes_and_rescans, 3600)
{
	unsigned int i, rounds = rounds_of("REMOVE", 5);
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/remove", self->pci);
	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ledger_progress(&ledger, 4))
			TH_LOG("round %u", i);
		usleep(rand() % 5000);
		ASSERT_EQ(0, file_write(path, "1"));
		ASSERT_EQ(0, file_write("/sys/bus/pci/rescan", "1"));
	}
	TH_LOG("%u times removed and found again", rounds);
}

/* A descriptor of its own that is polled and used when the link goes. */
static int lose_link(const char *pci)
{
	struct pollfd p = { .fd = card_open_wait() };
	int rc = -1;

	if (p.fd < 0)
		return -1;
	if (fault_set("fault-link-loss", "true"))
		goto out;
	/* Commands are out: the driver looks after them, and finds that there is no card. */
	if (poll(&p, 1, 20000) != 1 || p.revents != (POLLHUP | POLLERR))
		goto out;
	if (card_echo(p.fd, 10, 0) != -ENODEV || !attr_is("state", "dead"))
		goto out;
	rc = driver_detach(pci);
	if (fault_set("fault-link-loss", "false"))
		rc = -1;
	rc = rc ?: driver_attach(pci);
out:
	close(p.fd);
	return rc;
}

TEST_F_TIMEOUT(loop, loses_the_link, 3600)
{
	unsigned int i, rounds = rounds_of("LINK", 3);

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ledger_progress(&ledger, 4))
			TH_LOG("round %u", i);
		usleep(rand() % 5000);
		ASSERT_EQ(0, lose_link(self->pci))
			TH_LOG("round %u", i);
	}
	TH_LOG("%u surprises", rounds);
}

/* By turns the driver's own reset, a function level reset, and seldom the bus. */
static int reset_once(unsigned int round)
{
	if (round % 50 == 49)
		return bus_reset();
	return attr_write(round % 2 ? "device/reset" : "reset", "1");
}

TEST_F_TIMEOUT(loop, resets, 3600)
{
	unsigned int i, rounds = rounds_of("RESET", 20);
	uint64_t resets = attr_u64("reset_count");

	for (i = 0; i < rounds; i++) {
		ASSERT_EQ(0, ledger_progress(&ledger, 4))
			TH_LOG("round %u", i);
		usleep(rand() % 5000);
		ASSERT_EQ(0, reset_once(i))
			TH_LOG("round %u", i);
	}
	EXPECT_EQ(resets + rounds, attr_u64("reset_count"));
	TH_LOG("%u resets", rounds);
}

TEST_HARNESS_MAIN
