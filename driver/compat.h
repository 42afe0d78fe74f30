/* SPDX-License-Identifier: GPL-2.0-only */
/* What differs between the kernels that the driver is built for. */
#ifndef _COFFER_COMPAT_H
#define _COFFER_COMPAT_H

#include <linux/pci.h>
#include <linux/version.h>

/* 6.2 made the device of a class's devnode callback const. */
#if KERNEL_VERSION(6, 2, 0) > LINUX_VERSION_CODE
#define COFFER_DEVNODE_CONST
#else
#define COFFER_DEVNODE_CONST const
#endif

/* Early releases of the 6.1 series have one flag for every kind of generic netlink permission. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

/* Until 6.5 a driver had to ask for the reports of bus errors; from then on the core does. */
#if KERNEL_VERSION(6, 5, 0) > LINUX_VERSION_CODE
#include <linux/aer.h>
#else
static inline void pci_enable_pcie_error_reporting(struct pci_dev *pdev)
{
}
#endif

#endif /* _COFFER_COMPAT_H */
