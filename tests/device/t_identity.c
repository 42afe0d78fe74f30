/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the function says that it is, before anybody has written to it. */
#include "card.h"

#include <stdio.h>

#define CAP_PM		0x01
#define CAP_EXPRESS	0x10
#define CAP_MSIX	0x11
#define EXT_AER		0x0001
#define EXT_SERIAL	0x0003

static void pci_ids(void)
{
	struct card *c = card_start();

	CHECK_EQ(cfg_in(c, 0), (uint32_t)COFFER_PCI_DEVICE_ID << 16 | COFFER_PCI_VENDOR_ID);
	CHECK_EQ(cfg_in(c, 8), COFFER_PCI_CLASS << 16 | COFFER_PCI_REVISION);
	card_stop(c);
}

static void bars(void)
{
	struct card *c = card_start();

	cfg_out(c, 0x04, 0);
	cfg_out(c, 0x10, 0xffffffff);
	cfg_out(c, 0x14, 0xffffffff);
	/* 64 bit, not prefetchable, 32 KiB. */
	CHECK_EQ(cfg_in(c, 0x10), 0xffff8004);
	CHECK_EQ(cfg_in(c, 0x14), 0xffffffff);
	CHECK_EQ(cfg_in(c, 0x18), 0);
	CHECK_EQ(cfg_in(c, 0x1c), 0);
	cfg_out(c, 0x20, 0xffffffff);
	CHECK_EQ(cfg_in(c, 0x20) & 0xf, 0);
	CHECK_EQ(cfg_in(c, 0x24), 0);
	/* No interrupt pin. */
	CHECK_EQ(cfg_in(c, 0x3c) >> 8 & 0xff, 0);
	card_stop(c);
}

static void capabilities(void)
{
	struct card *c = card_start();
	unsigned int msix = pci_cap(c, CAP_MSIX);

	CHECK(pci_cap(c, CAP_PM));
	CHECK(pci_cap(c, CAP_EXPRESS));
	CHECK(msix);
	/* 17 vectors; table and pending bits in BAR 4. */
	CHECK_EQ(cfg_in(c, msix) >> 16 & 0x7ff, COFFER_MAX_QUEUES);
	CHECK_EQ(cfg_in(c, msix + 4) & 7, COFFER_BAR_MSIX);
	CHECK_EQ(cfg_in(c, msix + 8) & 7, COFFER_BAR_MSIX);
	card_stop(c);
}

static void extended_capabilities(void)
{
	struct card *c = card_start();
	unsigned int serial = pci_ext_cap(c, EXT_SERIAL);

	CHECK(pci_ext_cap(c, EXT_AER));
	CHECK(serial);
	CHECK_EQ(ext_in(c, serial + 4), (uint32_t)rd64(c, COFFER_REG_SERIAL));
	CHECK_EQ(ext_in(c, serial + 8), rd64(c, COFFER_REG_SERIAL) >> 32);
	card_stop(c);
}

/* Behind a port the function is an endpoint, on the root bus an integrated one. */
static void endpoint_types(void)
{
	char device[300];
	const char *args[] = { "-device", device, NULL };
	struct card *c = card_start();
	struct machine *m;

	CHECK_EQ(cfg_in(c, pci_cap(c, CAP_EXPRESS)) >> 20 & 0xf, 9);
	card_stop(c);

	snprintf(device, sizeof(device), "pcie-root-port,id=rp,addr=1,chassis=1");
	m = machine_start(args);
	qmp_ok(m, "'execute': 'device_add', 'arguments': {'driver': 'coffer', 'id': 'c0', "
	       "'bus': 'rp', 'card': '%s'}", card_dir[0]);
	/* Bus 1 behind the port. */
	port_out(m, 0xcf8, 0x80000818u);
	port_out(m, 0xcfc, 0x00010100);
	port_out(m, 0xcf8, 0x80010000u);
	CHECK_EQ(port_in(m, 0xcfc), (uint32_t)COFFER_PCI_DEVICE_ID << 16 | COFFER_PCI_VENDOR_ID);
	port_out(m, 0xcf8, 0x80010060u);
	CHECK_EQ(port_in(m, 0xcfc) & 0xff, CAP_EXPRESS);
	CHECK_EQ(port_in(m, 0xcfc) >> 20 & 0xf, 0);
	machine_stop(m);
}

static void power_states(void)
{
	struct card *c = card_live();
	unsigned int pm = pci_cap(c, CAP_PM);

	cfg_out(c, pm + 4, 3);
	CHECK_EQ(cfg_in(c, pm + 4) & 3, 3);
	cfg_out(c, pm + 4, 0);
	CHECK_EQ(cfg_in(c, pm + 4) & 3, 0);
	check_healthy(c);
	card_stop(c);
}

static void id_and_version(void)
{
	struct card *c = card_start();

	CHECK_EQ(rd(c, COFFER_REG_ID), COFFER_ID_VALUE);
	CHECK_EQ(rd(c, COFFER_REG_VERSION), COFFER_REGS_VERSION);
	card_stop(c);
}

static void what_it_can(void)
{
	struct card *c = card_start();
	uint32_t cap0 = rd(c, COFFER_REG_CAP0), cap1 = rd(c, COFFER_REG_CAP1);

	CHECK_EQ(cap0, 0x041003ff);
	CHECK_EQ(COFFER_CAP0_ENTRIES(cap0), 1024);
	CHECK_EQ(COFFER_CAP0_QUEUES(cap0), 16);
	CHECK_EQ(COFFER_CAP0_READY_MS(cap0), 2000);
	CHECK_EQ(cap1, 0x11200040);
	CHECK_EQ(COFFER_CAP1_PAYLOAD(cap1), 65536);
	CHECK_EQ(COFFER_CAP1_SEGMENTS(cap1), 32);
	CHECK_EQ(COFFER_CAP1_VECTORS(cap1), 17);
	card_stop(c);
}

static void serial_and_firmware(void)
{
	struct card *c = card_start();
	uint64_t serial = rd64(c, COFFER_REG_SERIAL);

	CHECK(serial);
	CHECK_EQ(rd(c, COFFER_REG_SERIAL), (uint32_t)serial);
	CHECK_EQ(rd(c, COFFER_REG_SERIAL + 4), serial >> 32);
	CHECK(rd(c, COFFER_REG_FW_VERSION));
	CHECK_EQ(rd(c, COFFER_REG_FW_VERSION) >> 24, 0);
	card_stop(c);
}

static void reset_values(void)
{
	static const unsigned int zero[] = {
		COFFER_REG_CTRL, COFFER_REG_STATUS, COFFER_REG_ABORT, COFFER_REG_ABORT_GEN,
		COFFER_REG_EVQ_BASE, COFFER_REG_EVQ_BASE + 4, COFFER_REG_EVQ_SIZE,
		COFFER_REG_EVQ_HEAD, COFFER_REG_EVQ_DROPPED,
	};
	struct card *c = card_start();
	unsigned int i, at;

	for (i = 0; i < sizeof(zero) / sizeof(zero[0]); i++)
		CHECK_EQ(rd(c, zero[i]), 0);
	for (i = 0; i < COFFER_MAX_QUEUES; i++)
		for (at = 0; at < 0x40; at += 4)
			CHECK_EQ(rd(c, COFFER_REG_QUEUE(i) + at), 0);
	card_stop(c);
}

const struct test_case identity_cases[] = {
	{ "pci: vendor, device, class, revision", pci_ids },
	{ "pci: BAR sizes and kinds, no INTx", bars },
	{ "pci: PM, Express and MSI-X capabilities", capabilities },
	{ "pci: error reporting and device serial number", extended_capabilities },
	{ "pci: endpoint behind a port, integrated on the root bus", endpoint_types },
	{ "pci: D3hot and back keeps the state", power_states },
	{ "identity: ID and VERSION", id_and_version },
	{ "identity: CAP0 and CAP1", what_it_can },
	{ "identity: SERIAL in halves, FW_VERSION", serial_and_firmware },
	{ "identity: reset values of all other registers", reset_values },
	{ NULL, NULL }
};
