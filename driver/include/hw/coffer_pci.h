/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * How a Coffer card is found on the PCI bus: the one place that names its identity, for the
 * driver, the device, and a library that looks for cards without a driver.
 */
#ifndef _COFFER_PCI_H
#define _COFFER_PCI_H

#define COFFER_PCI_VENDOR_ID		0x1234
#define COFFER_PCI_DEVICE_ID		0xc0fe
#define COFFER_PCI_CLASS		0x1080	/* encryption controller, other */
#define COFFER_PCI_REVISION		1

#endif /* _COFFER_PCI_H */
