/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The card behind a root port: unplugged by ACPI's ejection and by the port's own slot control
 * with commands in flight, reset over the secondary bus, error reporting, power states.
 */
#include "card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXT_AER		0x0001
#define AER_UNCOR	0x04
#define AER_COR		0x10
#define AER_HEADER	0x1c
#define POISONED	0x1000u
#define BAD_TLP		0x40u
#define COMPLETER_ABORT	0x8000u

#define ACPI_HP		0x0cc0		/* up, down, eject, removable, select */
#define SLOT_CTL	0x18		/* in the port's Express capability */
#define POWER_ON	0x01c0u		/* power indicator on, attention off */
#define POWER_OFF	0x07c0u		/* both off, controller off */

static struct machine *machine_with_port(const char *pciehp)
{
	const char *args[] = {
		"-global", pciehp, "-device", "pcie-root-port,id=rp,addr=1,chassis=1", NULL,
	};

	return machine_start(args);
}

static struct machine *machine_acpi(void)
{
	return machine_with_port("ICH9-LPC.acpi-pci-hotplug-with-bridge-support=on");
}

static struct machine *machine_pciehp(void)
{
	return machine_with_port("ICH9-LPC.acpi-pci-hotplug-with-bridge-support=off");
}

static struct card port_of(struct machine *m)
{
	return (struct card) { .m = m, .slot = 1 };
}

static void add(struct machine *m)
{
	qmp_ok(m, "'execute': 'device_add', 'arguments': {'driver': 'coffer', 'id': 'c0', "
	       "'bus': 'rp', 'card': '%s'}", card_dir[0]);
}

static struct card *up(struct machine *m)
{
	struct card *c = card_behind_port(m);

	card_enable(c);
	queue_up(c, 0, 16);
	return c;
}

/* Nine commands that do not complete before what comes next. */
static void load(struct card *c)
{
	struct coffer_sqe sqe;
	uint32_t i;

	knob(c->m, "c0", "fault-stall", "true");
	queue_up(c, 0, 16);
	for (i = 0; i < 9; i++) {
		sqe = sqe_echo(c, i, 60000);
		sqe_put(c, &c->queue[0], &sqe);
	}
	ring(c, &c->queue[0]);
	while (rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD) != 9)
		;
	mem_fill(c->m, c->window + REPLY_AREA, 0xcc, 1000);
}

static void check_gone(struct card *c)
{
	no_cqe(c, &c->queue[0]);
	CHECK_EQ(mem_in(c->m, c->window + REPLY_AREA, 8), 0xccccccccccccccccull);
	CHECK(rd(c, COFFER_REG_ID) != COFFER_ID_VALUE);
	CHECK_EQ(cfg_in(c, 0), ~0u);
}

static uint32_t down_slots(struct machine *m, unsigned int bus)
{
	port_out(m, ACPI_HP + 0x10, bus);
	return port_in(m, ACPI_HP + 4);
}

/* What a guest's ACPI does when it is told that a slot is to go. */
static void eject(struct machine *m)
{
	unsigned int bus;
	uint32_t slots = 0;

	qmp_ok(m, "'execute': 'device_del', 'arguments': {'id': 'c0'}");
	for (bus = 0; bus < 8 && !slots; bus++)
		slots = down_slots(m, bus);
	CHECK_EQ(slots, 1);
	port_out(m, ACPI_HP + 8, slots);
	qmp_wait_event(m, "DEVICE_DELETED");
}

static void acpi_cycles(void)
{
	struct machine *m = machine_acpi();
	struct card *c;
	int i;

	for (i = 0; i < 6; i++) {
		add(m);
		c = up(m);
		check_echo(c, &c->queue[0], i, 1000);
		load(c);
		eject(m);
		check_gone(c);
	}
	machine_stop(m);
}

static void slot_control(struct machine *m, uint16_t value)
{
	struct card port = port_of(m);
	unsigned int at = pci_cap(&port, 0x10) + SLOT_CTL;

	CHECK(at > SLOT_CTL);
	cfg_out(&port, at, value);
}

static void pciehp_cycles(void)
{
	struct machine *m = machine_pciehp();
	struct card *c;
	int i;

	for (i = 0; i < 3; i++) {
		add(m);
		slot_control(m, POWER_ON);
		c = up(m);
		check_echo(c, &c->queue[0], i, 1000);
		load(c);
		/* The button is pressed; the guest answers by taking the power away. */
		qmp_ok(m, "'execute': 'device_del', 'arguments': {'id': 'c0'}");
		slot_control(m, POWER_OFF);
		qmp_wait_event(m, "DEVICE_DELETED");
		check_gone(c);
	}
	machine_stop(m);
}

static void set_up_again(struct card *c)
{
	pci_setup(c);
	msix_setup(c);
	knob(c->m, "c0", "fault-stall", "false");
	no_cqe(c, &c->queue[0]);
	CHECK_EQ(mem_in(c->m, c->window + REPLY_AREA, 8), 0xccccccccccccccccull);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 0x1234, 5000);
	check_healthy(c);
}

static void secondary_bus_reset(void)
{
	struct machine *m = machine_acpi();
	struct card port = port_of(m), *c;
	uint32_t generation, bridge;
	int i;

	add(m);
	c = up(m);
	for (i = 0; i < 3; i++) {
		load(c);
		generation = rd(c, COFFER_REG_GENERATION);
		bridge = cfg_in(&port, 0x3c);
		cfg_out(&port, 0x3c, bridge | 0x400000);
		cfg_out(&port, 0x3c, bridge);
		/* The function has forgotten its addresses, the port has not. */
		CHECK_EQ(cfg_in(c, 4) & 6, 0);
		set_up_again(c);
		CHECK(rd(c, COFFER_REG_GENERATION) > generation);
	}
	machine_stop(m);
}

/* Secondary bus reset of a card whose link is lost: it does not come back by that. */
static void lost_link(void)
{
	struct machine *m = machine_acpi();
	struct card port = port_of(m), *c;
	uint32_t bridge;

	add(m);
	c = up(m);
	load(c);
	knob(m, "c0", "fault-link-loss", "true");
	bridge = cfg_in(&port, 0x3c);
	cfg_out(&port, 0x3c, bridge | 0x400000);
	cfg_out(&port, 0x3c, bridge);
	CHECK_EQ(cfg_in(c, 0), ~0u);
	CHECK(rd(c, COFFER_REG_ID) != COFFER_ID_VALUE);
	knob(m, "c0", "fault-link-loss", "false");
	set_up_again(c);
	machine_stop(m);
}

static void inject(struct machine *m, const char *what)
{
	const char *said = qmp(m, "'execute': 'human-monitor-command', 'arguments': "
			       "{'command-line': 'pcie_aer_inject_error %s'}", what);

	if (!strstr(said, "OK id: c0"))
		tap_fail(__FILE__, __LINE__, "%s: %.200s", what, said);
}

static void aer(void)
{
	struct machine *m = machine_acpi();
	struct card *c;
	unsigned int at, express;

	add(m);
	c = up(m);
	at = pci_ext_cap(c, EXT_AER);
	CHECK(at);
	/* Reporting on, every severity; nothing masked. */
	express = pci_cap(c, 0x10);
	cfg_out(c, express + 8, (cfg_in(c, express + 8) & 0xffff) | 0xf);
	ext_out(c, at + 0x08, 0);
	ext_out(c, at + 0x14, 0);
	CHECK_EQ(ext_in(c, at + AER_UNCOR), 0);
	CHECK_EQ(ext_in(c, at + AER_COR), 0);
	load(c);
	inject(m, "c0 BAD_TLP");
	CHECK_EQ(ext_in(c, at + AER_COR), BAD_TLP);
	inject(m, "c0 POISON_TLP 0x11111111 0x22222222 0x33333333 0x44444444");
	CHECK_EQ(ext_in(c, at + AER_UNCOR), POISONED);
	CHECK(ext_in(c, at + AER_HEADER));
	inject(m, "c0 COMP_ABORT");
	CHECK_EQ(ext_in(c, at + AER_UNCOR), POISONED | COMPLETER_ABORT);
	/* Device status tells, too; all of it is cleared by writing ones. */
	CHECK(cfg_in(c, express + 8) >> 16 & 0x7);
	ext_out(c, at + AER_UNCOR, POISONED);
	CHECK_EQ(ext_in(c, at + AER_UNCOR), COMPLETER_ABORT);
	ext_out(c, at + AER_UNCOR, ~0u);
	ext_out(c, at + AER_COR, ~0u);
	CHECK_EQ(ext_in(c, at + AER_UNCOR), 0);
	CHECK_EQ(ext_in(c, at + AER_COR), 0);
	/* The commands do not mind: what to do about it is the driver's decision. */
	check_healthy(c);
	knob(m, "c0", "fault-stall", "false");
	for (int i = 0; i < 9; i++)
		CHECK_EQ(cqe_wait(c, &c->queue[0]).status, COFFER_TS_OK);
	machine_stop(m);
}

/* D3hot with commands in flight: they stay, and so does the state. */
static void asleep(void)
{
	struct machine *m = machine_acpi();
	struct card *c;
	unsigned int pm;
	uint32_t generation;
	int i;

	add(m);
	c = up(m);
	pm = pci_cap(c, 0x01);
	CHECK(pm);
	generation = rd(c, COFFER_REG_GENERATION);
	load(c);
	cfg_out(c, pm + 4, 3);
	usleep(20000);
	cfg_out(c, pm + 4, 0);
	/* Newer machines take addresses away from a function that sleeps. */
	pci_setup(c);
	CHECK_EQ(rd(c, COFFER_REG_GENERATION), generation);
	knob(m, "c0", "fault-stall", "false");
	for (i = 0; i < 9; i++)
		CHECK_EQ(cqe_wait(c, &c->queue[0]).status, COFFER_TS_OK);
	check_healthy(c);
	machine_stop(m);
}

const struct test_case port_cases[] = {
	{ "port: six ACPI ejections with commands in flight", acpi_cycles },
	{ "port: three unplugs by slot control with commands in flight", pciehp_cycles },
	{ "port: secondary bus resets with commands in flight", secondary_bus_reset },
	{ "port: secondary bus reset of a card whose link is lost", lost_link },
	{ "port: injected errors are reported, and cleared by ones", aer },
	{ "port: D3hot with commands in flight", asleep },
	{ NULL, NULL }
};
