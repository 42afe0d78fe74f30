// SPDX-License-Identifier: BSD-3-Clause
/* Events from the driver's generic netlink family; the one file that knows libnl. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "lib.h"
#include "netlink.h"
#include "uapi/linux/coffer_netlink.h"

struct netlink {
	struct nl_sock *socket;
	int family;
	uint64_t seen[LIB_MAX_CARDS];	/* highest number, for the gaps */
};

/* Where the callback of one receive puts what it gets. */
struct sink {
	struct netlink *netlink;
	struct coffer *ctx;
	struct coffer_card_event *list;
	size_t room, count;
};

void netlink_free(struct netlink *netlink)
{
	if (!netlink)
		return;
	nl_socket_free(netlink->socket);
	free(netlink);
}

/* The place in the list of /dev/cofferN; -1 when it is none of this context's. */
static int card_of(const struct coffer *ctx, uint32_t n)
{
	char *node = text_of("/dev/coffer%u", n);
	int index = -1;

	for (unsigned int i = 0; node && i < context_count(ctx); i++)
		if (!strcmp(ctx->cards[i].name, node))
			index = (int)i;
	free(node);
	return index;
}

static uint64_t attr_u64(struct nlattr *a)
{
	return a ? nla_get_u64(a) : 0;
}

static uint32_t attr_u32(struct nlattr *a)
{
	return a ? nla_get_u32(a) : 0;
}

static uint32_t gap(uint64_t *seen, uint64_t seq)
{
	uint64_t lost = *seen && seq > *seen ? seq - *seen - 1 : 0;

	*seen = seq;
	return lost > UINT32_MAX ? UINT32_MAX : (uint32_t)lost;
}

static void event_take(struct sink *sink, struct nlattr **a)
{
	struct coffer_card_event *to;
	int card;

	if (!a[COFFER_GENL_A_DEV] || !a[COFFER_GENL_A_SEQ] || !a[COFFER_GENL_A_TYPE])
		return;
	card = card_of(sink->ctx, nla_get_u32(a[COFFER_GENL_A_DEV]));
	if (card < 0 || sink->count == sink->room)
		return;
	to = &sink->list[sink->count++];
	*to = (struct coffer_card_event){
		.card = (unsigned int)card,
		.seq = nla_get_u64(a[COFFER_GENL_A_SEQ]),
		.time_ms = attr_u64(a[COFFER_GENL_A_TIME_MS]),
		.arg = attr_u64(a[COFFER_GENL_A_ARG]),
		.partition = attr_u32(a[COFFER_GENL_A_PARTITION]),
		.type = (uint16_t)nla_get_u32(a[COFFER_GENL_A_TYPE]),
	};
	to->missed = gap(&sink->netlink->seen[card], to->seq);
}

static int message_take(struct nl_msg *msg, void *opaque)
{
	static struct nla_policy policy[COFFER_GENL_A_MAX + 1] = {
		[COFFER_GENL_A_DEV] = { .type = NLA_U32 },
		[COFFER_GENL_A_SEQ] = { .type = NLA_U64 },
		[COFFER_GENL_A_TIME_MS] = { .type = NLA_U64 },
		[COFFER_GENL_A_TYPE] = { .type = NLA_U32 },
		[COFFER_GENL_A_PARTITION] = { .type = NLA_U32 },
		[COFFER_GENL_A_ARG] = { .type = NLA_U64 },
	};
	struct nlattr *attrs[COFFER_GENL_A_MAX + 1];
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct sink *sink = opaque;
	struct genlmsghdr *genl = genlmsg_hdr(head);

	if (head->nlmsg_type != sink->netlink->family || genl->cmd != COFFER_GENL_CMD_EVENT)
		return NL_SKIP;
	if (!genlmsg_parse(head, 0, attrs, COFFER_GENL_A_MAX, policy))
		event_take(sink, attrs);
	return NL_OK;
}

/* Who may not join the group that names partitions gets the one that does not. */
static int join(struct nl_sock *socket)
{
	static const char *const groups[] = {
		COFFER_GENL_GROUP_EVENTS, COFFER_GENL_GROUP_PUBLIC,
	};
	int group, rc = -NLE_OBJ_NOTFOUND;

	for (int i = 0; i < 2; i++) {
		group = genl_ctrl_resolve_grp(socket, COFFER_GENL_NAME, groups[i]);
		rc = group < 0 ? group : nl_socket_add_membership(socket, group);
		if (!rc)
			return 0;
	}
	return rc;
}

/* errno of a libnl failure that a caller can do something about. */
static int errno_of(int nle)
{
	switch (-nle) {
	case NLE_OBJ_NOTFOUND:
		return -ENODEV;		/* no such family: the driver is not loaded */
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EACCES;
	default:
		return -EIO;
	}
}

static coffer_rc netlink_new(struct netlink **out)
{
	struct netlink *n = calloc(1, sizeof(*n));
	int rc;

	*out = NULL;
	if (!n)
		return -ENOMEM;
	n->socket = nl_socket_alloc();
	if (!n->socket) {
		free(n);
		return -ENOMEM;
	}
	nl_socket_disable_seq_check(n->socket);
	rc = genl_connect(n->socket);	/* opens with SOCK_CLOEXEC */
	if (!rc) {
		n->family = genl_ctrl_resolve(n->socket, COFFER_GENL_NAME);
		rc = n->family < 0 ? n->family : join(n->socket);
	}
	if (!rc)
		rc = nl_socket_set_nonblocking(n->socket);
	if (rc) {
		netlink_free(n);
		return errno_of(rc);
	}
	*out = n;
	return 0;
}

static coffer_rc receive(struct sink *sink)
{
	struct nl_sock *socket = sink->netlink->socket;
	int rc;

	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, message_take, sink);
	rc = nl_recvmsgs_default(socket);
	nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_DEFAULT, NULL, NULL);
	/* Overrun: the gap in the numbers will show it. */
	if (rc >= 0 || rc == -NLE_AGAIN || rc == -NLE_NOMEM)
		return 0;
	return errno_of(rc);
}

API coffer_rc coffer_netlink_events(struct coffer *ctx, struct coffer_card_event *list,
				    size_t room, int timeout_ms, size_t *count)
{
	struct sink sink = { .ctx = ctx, .list = list, .room = room };
	struct pollfd waiting = { .events = POLLIN };
	coffer_rc rc;

	*count = 0;
	rc = context_check(ctx);
	if (rc)
		return rc;
	if (!room)
		return -EINVAL;
	pthread_mutex_lock(&ctx->netlink_lock);
	if (!ctx->netlink)
		rc = netlink_new(&ctx->netlink);
	sink.netlink = ctx->netlink;
	pthread_mutex_unlock(&ctx->netlink_lock);
	if (rc)
		return rc;
	waiting.fd = nl_socket_get_fd(sink.netlink->socket);
	if (poll(&waiting, 1, timeout_ms) < 0)
		return -errno;
	pthread_mutex_lock(&ctx->netlink_lock);
	rc = waiting.revents ? receive(&sink) : 0;
	pthread_mutex_unlock(&ctx->netlink_lock);
	*count = sink.count;
	return rc;
}
