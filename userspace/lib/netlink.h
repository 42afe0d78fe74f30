/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIB_NETLINK_H
#define LIB_NETLINK_H

struct netlink;
void netlink_free(struct netlink *netlink);	/* NULL is fine */

#endif /* LIB_NETLINK_H */
