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

/* io_uring commands: before 6.7 no header of their own, no cancelling, another place of the SQE. */
#if KERNEL_VERSION(6, 7, 0) <= LINUX_VERSION_CODE
#include <linux/io_uring/cmd.h>
#define coffer_uring_area(cmd) ((cmd)->sqe->cmd)
#else
#include <linux/io_uring.h>
#define coffer_uring_area(cmd) ((cmd)->cmd)
#define IO_URING_F_CANCEL 0
#define io_uring_cmd_mark_cancelable(cmd, flags) do { } while (0)
#endif

/* 6.18 gave large completions a function of their own. */
#if KERNEL_VERSION(6, 18, 0) > LINUX_VERSION_CODE
#define io_uring_cmd_done32 io_uring_cmd_done
#endif

/* 6.19 changed what a task work function is given. Here: (command, issue flags), by any name. */
#if KERNEL_VERSION(6, 19, 0) > LINUX_VERSION_CODE
#define COFFER_URING_WORK(name, fn) \
	static void name(struct io_uring_cmd *cmd, unsigned int flags) { fn(cmd, flags); }
#else
#define COFFER_URING_WORK(name, fn) \
	static void name(struct io_tw_req req, io_tw_token_t tw) \
	{ fn(io_uring_cmd_from_tw(req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS); }
#endif

/*
 * The rest is asked of the kernel's headers by Kbuild (COFFER_HAS_*), or of the compiler.
 *
 * Parts of devlink's messages: they used to say whether they had worked, now the message does.
 */
#define COFFER_RESULT(call)							\
	__builtin_choose_expr(__builtin_types_compatible_p(typeof(call), void),	\
			      ((void)(call), 0), (call))
#ifndef COFFER_HAS_devlink_info_driver_name_put
#define devlink_info_driver_name_put(req, name) 0
#endif
#ifndef COFFER_HAS_devlink_set_features
#define devlink_set_features(devlink, features) do { } while (0)
#endif
#ifdef COFFER_HAS_default_graceful_period
#define coffer_reporter_create devlink_health_reporter_create
#else
#define coffer_reporter_create(devlink, ops, priv) \
	devlink_health_reporter_create(devlink, ops, 0, priv)
#endif

/* Binary attributes became constant. */
#ifdef COFFER_HAS_const_bin_attribute
#define COFFER_BIN_CONST const
#else
#define COFFER_BIN_CONST
#endif

#endif /* _COFFER_COMPAT_H */
