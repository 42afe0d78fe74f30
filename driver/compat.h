/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that the driver is built for. COFFER_HAS_* and COFFER_*_CONST
 * are Kbuild's, which has asked the kernel's headers.
 */
#ifndef _COFFER_COMPAT_H
#define _COFFER_COMPAT_H

#include <linux/aer.h>
#include <linux/pci.h>

/* Early releases of the 6.1 series have one flag for every kind of generic netlink permission. */
#ifndef GENL_MCAST_CAP_NET_ADMIN
#define GENL_MCAST_CAP_NET_ADMIN GENL_UNS_ADMIN_PERM
#endif

/* A driver used to ask for the reports of bus errors; then the core did. */
#ifndef COFFER_HAS_pci_enable_pcie_error_reporting
#define pci_enable_pcie_error_reporting(pdev) do { } while (0)
#endif

/* io_uring commands: at first no header of their own, no cancelling, another place of the SQE. */
#ifdef COFFER_HAS_io_uring_cmd_mark_cancelable
#include <linux/io_uring/cmd.h>
#define coffer_uring_area(cmd) ((cmd)->sqe->cmd)
#else
#include <linux/io_uring.h>
#define coffer_uring_area(cmd) ((cmd)->cmd)
#define IO_URING_F_CANCEL 0
#define io_uring_cmd_mark_cancelable(cmd, flags) do { } while (0)
#endif
#ifndef COFFER_HAS_io_uring_cmd_done32
#define io_uring_cmd_done32 io_uring_cmd_done
#endif

/* A task work function used to be given something else. Here: (command, issue flags). */
#ifndef COFFER_HAS_io_tw_req
#define COFFER_URING_WORK(name, fn) \
	static void name(struct io_uring_cmd *cmd, unsigned int flags) { fn(cmd, flags); }
#else
#define COFFER_URING_WORK(name, fn) static void name(struct io_tw_req req, io_tw_token_t tw) \
	{ fn(io_uring_cmd_from_tw(req), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS); }
#endif

/* devlink: what there was for a while, and a time that every reporter had to name. */
#ifndef COFFER_HAS_devlink_info_driver_name_put
#define devlink_info_driver_name_put(req, name) 0
#endif
#ifndef COFFER_HAS_devlink_set_features
#define devlink_set_features(devlink, features) do { } while (0)
#endif
#ifndef COFFER_HAS_default_graceful_period
#define devlink_health_reporter_create(link, ops, priv) \
	devlink_health_reporter_create(link, ops, 0, priv)
#endif

#endif /* _COFFER_COMPAT_H */
