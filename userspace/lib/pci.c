// SPDX-License-Identifier: BSD-3-Clause
/* Cards on the PCI bus, with or without a driver; the one file that knows libpci. */
#include <errno.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pci/pci.h>

#include "hw/coffer_pci.h"
#include "lib.h"

/* libpci ends the program when it cannot reach the bus: a library may not. */
static _Thread_local jmp_buf failed;

static __attribute__((noreturn, format(printf, 1, 2))) void on_error(char *format, ...)
{
	(void)format;
	longjmp(failed, 1);
}

static __attribute__((format(printf, 1, 2))) void on_message(char *format, ...)
{
	(void)format;
}

/* "2.5GT/s x1" from the PCI Express capability's link status, or "". */
static void link_read(struct pci_dev *dev, char *to, size_t room)
{
	static const char *const speeds[] = {
		"?", "2.5GT/s", "5GT/s", "8GT/s", "16GT/s", "32GT/s", "64GT/s",
	};
	struct pci_cap *cap = pci_find_cap(dev, PCI_CAP_ID_EXP, PCI_CAP_NORMAL);
	unsigned int status, speed;

	to[0] = '\0';
	if (!cap)
		return;
	status = pci_read_word(dev, (int)(cap->addr + PCI_EXP_LNKSTA));
	speed = status & PCI_EXP_LNKSTA_SPEED;
	if (status == 0xffff || !speed)
		return;
	snprintf(to, room, "%s x%u", speed < sizeof(speeds) / sizeof(speeds[0]) ?
		 speeds[speed] : "?", (status & PCI_EXP_LNKSTA_WIDTH) >> 4);
}

static void device_read(struct pci_dev *dev, struct coffer_pci *to)
{
	const char *driver;

	*to = (struct coffer_pci){
		.domain = (uint32_t)dev->domain,
		.bus = dev->bus,
		.dev = dev->dev,
		.fn = dev->func,
		.vendor = dev->vendor_id,
		.device = dev->device_id,
	};
	driver = pci_get_string_property(dev, PCI_FILL_DRIVER);
	if (driver)
		snprintf(to->driver, sizeof(to->driver), "%s", driver);
	link_read(dev, to->link, sizeof(to->link));
}

static int by_address(const void *a, const void *b)
{
	const struct coffer_pci *x = a, *y = b;

	if (x->domain != y->domain)
		return x->domain < y->domain ? -1 : 1;
	if (x->bus != y->bus)
		return x->bus - y->bus;
	return x->dev != y->dev ? x->dev - y->dev : x->fn - y->fn;
}

static coffer_rc scan(struct pci_access *access, struct coffer_pci **list, size_t *count)
{
	struct coffer_pci *grown;
	struct pci_dev *dev;

	pci_init(access);
	pci_scan_bus(access);
	for (dev = access->devices; dev; dev = dev->next) {
		pci_fill_info(dev, PCI_FILL_IDENT | PCI_FILL_CAPS | PCI_FILL_DRIVER);
		if (dev->vendor_id != COFFER_PCI_VENDOR_ID ||
		    dev->device_id != COFFER_PCI_DEVICE_ID)
			continue;
		grown = realloc(*list, (*count + 1) * sizeof(**list));
		if (!grown)
			return -ENOMEM;
		*list = grown;
		device_read(dev, &grown[(*count)++]);
	}
	return 0;
}

/* A machine without PCI has none: no failure of libpci's to be tried. */
static bool bus_is_there(void)
{
	return !access("/sys/bus/pci/devices", R_OK);
}

API coffer_rc coffer_pci_scan(struct coffer_pci **list, size_t *count)
{
	struct pci_access *volatile access;
	coffer_rc rc;

	*count = 0;
	*list = calloc(1, sizeof(**list));
	if (!*list)
		return -ENOMEM;
	if (!bus_is_there())
		return 0;
	access = pci_alloc();
	access->method = PCI_ACCESS_SYS_BUS_PCI;
	access->error = on_error;
	access->warning = on_message;
	access->debug = on_message;
	if (setjmp(failed))
		rc = -EIO;
	else
		rc = scan(access, list, count);
	pci_cleanup(access);
	if (rc) {
		free(*list);
		*list = NULL;
		*count = 0;
		return rc;
	}
	qsort(*list, *count, sizeof(**list), by_address);
	return 0;
}
