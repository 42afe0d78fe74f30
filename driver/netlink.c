// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "coffer": the cards of this machine, and their events.
 * Described in Documentation/netlink/coffer.yaml.
 */
#include <net/genetlink.h>

#include "coffer.h"
#include "compat.h"
#include "uapi/linux/coffer_netlink.h"

static DEFINE_MUTEX(coffer_list_mutex);	/* guards coffer_list */
static LIST_HEAD(coffer_list);

static struct genl_family coffer_family;

enum {
	COFFER_GROUP_EVENTS,
	COFFER_GROUP_PUBLIC,
};

static const struct genl_multicast_group coffer_groups[] = {
	[COFFER_GROUP_EVENTS] = {
		.name = COFFER_GENL_GROUP_EVENTS,
		.flags = GENL_MCAST_CAP_NET_ADMIN,
	},
	[COFFER_GROUP_PUBLIC] = { .name = COFFER_GENL_GROUP_PUBLIC },
};

static const struct nla_policy coffer_policy[COFFER_GENL_A_MAX + 1] = {
	[COFFER_GENL_A_DEV] = { .type = NLA_U32 },
};

/* Sorted by id, as dumps need it: an id may be free again below those in use. */
void coffer_list_add(struct coffer_dev *cd)
{
	struct list_head *at;

	mutex_lock(&coffer_list_mutex);
	list_for_each(at, &coffer_list)
		if (list_entry(at, struct coffer_dev, node)->id > cd->id)
			break;
	list_add_tail(&cd->node, at);
	mutex_unlock(&coffer_list_mutex);
}

void coffer_list_del(struct coffer_dev *cd)
{
	mutex_lock(&coffer_list_mutex);
	list_del_init(&cd->node);
	mutex_unlock(&coffer_list_mutex);
}

/* ---- DEV_GET -------------------------------------------------------------------------- */

static int coffer_put_dev(struct sk_buff *skb, struct coffer_dev *cd)
{
	if (nla_put_u32(skb, COFFER_GENL_A_DEV, cd->id) ||
	    nla_put_u64_64bit(skb, COFFER_GENL_A_SERIAL, cd->serial, COFFER_GENL_A_PAD) ||
	    nla_put_u32(skb, COFFER_GENL_A_STATE, READ_ONCE(cd->state)) ||
	    nla_put_u32(skb, COFFER_GENL_A_FW_VERSION, READ_ONCE(cd->fw_version)) ||
	    nla_put_string(skb, COFFER_GENL_A_PCI, pci_name(cd->pdev)))
		return -EMSGSIZE;
	return 0;
}

static int coffer_fill_dev(struct sk_buff *skb, struct coffer_dev *cd, u32 portid, u32 seq,
			   int flags)
{
	void *head = genlmsg_put(skb, portid, seq, &coffer_family, flags, COFFER_GENL_CMD_DEV_GET);

	if (!head)
		return -EMSGSIZE;
	if (coffer_put_dev(skb, cd)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

static int coffer_find_and_fill(struct sk_buff *skb, u32 id, struct genl_info *info)
{
	struct coffer_dev *cd;
	int rc = -ENODEV;

	mutex_lock(&coffer_list_mutex);
	list_for_each_entry(cd, &coffer_list, node) {
		if (cd->id == id) {
			rc = coffer_fill_dev(skb, cd, info->snd_portid, info->snd_seq, 0);
			break;
		}
	}
	mutex_unlock(&coffer_list_mutex);
	return rc;
}

static int coffer_dev_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	int rc;

	if (GENL_REQ_ATTR_CHECK(info, COFFER_GENL_A_DEV))
		return -EINVAL;
	reply = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	rc = coffer_find_and_fill(reply, nla_get_u32(info->attrs[COFFER_GENL_A_DEV]), info);
	if (rc) {
		nlmsg_free(reply);
		return rc;
	}
	return genlmsg_reply(reply, info);
}

/* args[0]: the lowest id not yet dumped. Cards may come and go between the parts of a dump. */
static int coffer_dev_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct coffer_dev *cd;

	mutex_lock(&coffer_list_mutex);
	list_for_each_entry(cd, &coffer_list, node) {
		if (cd->id < cb->args[0])
			continue;
		if (coffer_fill_dev(skb, cd, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				    NLM_F_MULTI))
			break;
		cb->args[0] = cd->id + 1;
	}
	mutex_unlock(&coffer_list_mutex);
	return skb->len;
}

/* ---- Events --------------------------------------------------------------------------- */

static int coffer_put_event(struct sk_buff *skb, struct coffer_dev *cd,
			    const struct coffer_event *ev)
{
	if (nla_put_u32(skb, COFFER_GENL_A_DEV, cd->id) ||
	    nla_put_u64_64bit(skb, COFFER_GENL_A_SEQ, ev->seq, COFFER_GENL_A_PAD) ||
	    nla_put_u64_64bit(skb, COFFER_GENL_A_TIME_MS, ev->time_ms, COFFER_GENL_A_PAD) ||
	    nla_put_u32(skb, COFFER_GENL_A_TYPE, ev->type) ||
	    nla_put_u32(skb, COFFER_GENL_A_EPOCH, ev->epoch))
		return -EMSGSIZE;
	return 0;
}

/* What only the privileged group may know. */
static int coffer_put_event_details(struct sk_buff *skb, struct coffer_dev *cd,
				    const struct coffer_event *ev)
{
	if (nla_put_u64_64bit(skb, COFFER_GENL_A_SERIAL, cd->serial, COFFER_GENL_A_PAD) ||
	    nla_put_u32(skb, COFFER_GENL_A_PARTITION, ev->partition) ||
	    nla_put_u64_64bit(skb, COFFER_GENL_A_ARG, ev->arg, COFFER_GENL_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static void coffer_notify(struct coffer_dev *cd, const struct coffer_event *ev,
			  unsigned int group)
{
	struct sk_buff *skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *head;

	if (!skb)
		return;	/* the number of the next event shows the gap */
	head = genlmsg_put(skb, 0, 0, &coffer_family, 0, COFFER_GENL_CMD_EVENT);
	if (!head || coffer_put_event(skb, cd, ev) ||
	    (group == COFFER_GROUP_EVENTS && coffer_put_event_details(skb, cd, ev))) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(&coffer_family, skb, 0, group, GFP_KERNEL);
}

/* Tell both groups. Process context. */
void coffer_netlink_event(struct coffer_dev *cd, const struct coffer_event *ev)
{
	coffer_notify(cd, ev, COFFER_GROUP_EVENTS);
	coffer_notify(cd, ev, COFFER_GROUP_PUBLIC);
}

/* ---- The family ----------------------------------------------------------------------- */

static const struct genl_small_ops coffer_ops[] = {
	{
		.cmd	= COFFER_GENL_CMD_DEV_GET,
		.doit	= coffer_dev_get_doit,
		.dumpit	= coffer_dev_get_dumpit,
	},
};

static struct genl_family coffer_family __ro_after_init = {
	.name		= COFFER_GENL_NAME,
	.version	= COFFER_GENL_VERSION,
	.maxattr	= COFFER_GENL_A_MAX,
	.policy		= coffer_policy,
	.module		= THIS_MODULE,
	.small_ops	= coffer_ops,
	.n_small_ops	= ARRAY_SIZE(coffer_ops),
	.mcgrps		= coffer_groups,
	.n_mcgrps	= ARRAY_SIZE(coffer_groups),
};

int __init coffer_netlink_init(void)
{
	return genl_register_family(&coffer_family);
}

void coffer_netlink_exit(void)
{
	genl_unregister_family(&coffer_family);
}
