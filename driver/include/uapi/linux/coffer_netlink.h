/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Generic netlink family of the Coffer driver (driver/Documentation/netlink/coffer.yaml).
 *
 * One notification per card event, to the group "events" (join needs CAP_NET_ADMIN: it names
 * partitions) and, without partition and argument, to the group "public".
 */
#ifndef _UAPI_LINUX_COFFER_NETLINK_H
#define _UAPI_LINUX_COFFER_NETLINK_H

#define COFFER_GENL_NAME		"coffer"
#define COFFER_GENL_VERSION		1
#define COFFER_GENL_GROUP_EVENTS	"events"
#define COFFER_GENL_GROUP_PUBLIC	"public"

enum {
	COFFER_GENL_CMD_UNSPEC,
	COFFER_GENL_CMD_DEV_GET,	/* do/dump: cards of this machine */
	COFFER_GENL_CMD_EVENT,		/* notification */

	__COFFER_GENL_CMD_MAX,
};

#define COFFER_GENL_CMD_MAX (__COFFER_GENL_CMD_MAX - 1)

enum {
	COFFER_GENL_A_UNSPEC,
	COFFER_GENL_A_PAD,
	COFFER_GENL_A_DEV,		/* u32, N of /dev/cofferN */
	COFFER_GENL_A_SERIAL,		/* u64 */
	COFFER_GENL_A_STATE,		/* u32, enum coffer_dev_state */
	COFFER_GENL_A_FW_VERSION,	/* u32 */
	COFFER_GENL_A_PCI,		/* string, domain:bus:dev.fn */
	COFFER_GENL_A_SEQ,		/* u64, event number */
	COFFER_GENL_A_TIME_MS,		/* u64 */
	COFFER_GENL_A_TYPE,		/* u32, enum coffer_event_type */
	COFFER_GENL_A_PARTITION,	/* u32 */
	COFFER_GENL_A_ARG,		/* u64 */
	COFFER_GENL_A_EPOCH,		/* u32 */

	__COFFER_GENL_A_MAX,
};

#define COFFER_GENL_A_MAX (__COFFER_GENL_A_MAX - 1)

#endif /* _UAPI_LINUX_COFFER_NETLINK_H */
