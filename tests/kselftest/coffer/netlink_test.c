// SPDX-License-Identifier: GPL-2.0-only
/* The generic netlink family: cards, events, and who may hear them. Raw sockets, no library. */
#include <grp.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include "coffer_test.h"
#include "kselftest_harness.h"
#include "uapi/linux/coffer_netlink.h"

#define ATTRS_MAX 32

struct message {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	unsigned char attrs[8192];
};

/* What an answer holds: attributes by number, NULL where there is none. */
struct answer {
	struct message message;
	struct nlattr *attr[ATTRS_MAX];
};

FIXTURE(netlink)
{
	int sock;
	__u16 family;
	__u32 events;
	__u32 public;
};

static void *data_of(struct nlattr *attr)
{
	return (char *)attr + NLA_HDRLEN;
}

static __u32 u32_of(struct answer *answer, int number)
{
	return answer->attr[number] ? *(__u32 *)data_of(answer->attr[number]) : 0xdeadbeef;
}

static __u64 u64_of(struct answer *answer, int number)
{
	__u64 value = 0xdeadbeefdeadbeefull;

	if (answer->attr[number])
		memcpy(&value, data_of(answer->attr[number]), sizeof(value));
	return value;
}

static void put_attr(struct message *message, int type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)((char *)message + NLMSG_ALIGN(message->nl.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(data_of(attr), data, len);
	message->nl.nlmsg_len = NLMSG_ALIGN(message->nl.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

static void message_begin(struct message *message, __u16 family, __u8 command, __u16 flags)
{
	memset(message, 0, sizeof(*message));
	message->nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	message->nl.nlmsg_type = family;
	message->nl.nlmsg_flags = NLM_F_REQUEST | flags;
	message->genl.cmd = command;
	message->genl.version = COFFER_GENL_VERSION;
}

static void walk(void *from, int len, struct nlattr **to, int count)
{
	struct nlattr *attr = from;

	memset(to, 0, count * sizeof(*to));
	while (len >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN && attr->nla_len <= len) {
		int type = attr->nla_type & NLA_TYPE_MASK;

		if (type < count)
			to[type] = attr;
		len -= NLA_ALIGN(attr->nla_len);
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	}
}

/* Receive one message: 0, -errno of an error message, or 1 at the end of a dump. */
static int receive(int sock, struct answer *answer, int ms)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct message *m = &answer->message;
	ssize_t got;

	if (poll(&p, 1, ms) <= 0)
		return -ETIME;
	got = recv(sock, m, sizeof(*m), 0);
	if (got < (ssize_t)NLMSG_HDRLEN)
		return -EBADMSG;
	if (m->nl.nlmsg_type == NLMSG_ERROR)
		return ((struct nlmsgerr *)NLMSG_DATA(&m->nl))->error ?: -EALREADY;
	if (m->nl.nlmsg_type == NLMSG_DONE)
		return 1;
	walk(m->attrs, m->nl.nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), answer->attr, ATTRS_MAX);
	return 0;
}

static int ask(int sock, struct message *message, struct answer *answer)
{
	if (send(sock, message, message->nl.nlmsg_len, 0) < 0)
		return -errno;
	return receive(sock, answer, 2000);
}

static __u32 find_group(struct answer *answer, const char *name)
{
	struct nlattr *groups[8], *fields[8];
	int i;

	if (!answer->attr[CTRL_ATTR_MCAST_GROUPS])
		return 0;
	walk(data_of(answer->attr[CTRL_ATTR_MCAST_GROUPS]),
	     answer->attr[CTRL_ATTR_MCAST_GROUPS]->nla_len - NLA_HDRLEN, groups, 8);
	for (i = 0; i < 8; i++) {
		if (!groups[i])
			continue;
		walk(data_of(groups[i]), groups[i]->nla_len - NLA_HDRLEN, fields, 8);
		if (fields[CTRL_ATTR_MCAST_GRP_NAME] && fields[CTRL_ATTR_MCAST_GRP_ID] &&
		    !strcmp(data_of(fields[CTRL_ATTR_MCAST_GRP_NAME]), name))
			return *(__u32 *)data_of(fields[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

static int join(int sock, __u32 group)
{
	return setsockopt(sock, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) ?
		-errno : 0;
}

FIXTURE_SETUP(netlink)
{
	struct message message;
	struct answer answer;
	int fd = card_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, card_echo(fd, 10, 0));
	close(fd);
	self->sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ASSERT_LE(0, self->sock);
	message_begin(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put_attr(&message, CTRL_ATTR_FAMILY_NAME, COFFER_GENL_NAME, sizeof(COFFER_GENL_NAME));
	ASSERT_EQ(0, ask(self->sock, &message, &answer));
	ASSERT_NE(NULL, answer.attr[CTRL_ATTR_FAMILY_ID]);
	self->family = *(__u16 *)data_of(answer.attr[CTRL_ATTR_FAMILY_ID]);
	EXPECT_EQ(COFFER_GENL_VERSION, u32_of(&answer, CTRL_ATTR_VERSION));
	self->events = find_group(&answer, COFFER_GENL_GROUP_EVENTS);
	self->public = find_group(&answer, COFFER_GENL_GROUP_PUBLIC);
	ASSERT_NE(0, self->events);
	ASSERT_NE(0, self->public);
}

FIXTURE_TEARDOWN(netlink)
{
	close(self->sock);
}

TEST_F(netlink, tells_about_a_card)
{
	struct message message;
	struct answer answer;
	__u32 dev = 0;
	char pci[64];

	message_begin(&message, self->family, COFFER_GENL_CMD_DEV_GET, 0);
	put_attr(&message, COFFER_GENL_A_DEV, &dev, sizeof(dev));
	ASSERT_EQ(0, ask(self->sock, &message, &answer));
	EXPECT_EQ(0, u32_of(&answer, COFFER_GENL_A_DEV));
	EXPECT_EQ(attr_u64("serial"), u64_of(&answer, COFFER_GENL_A_SERIAL));
	EXPECT_EQ(COFFER_DEV_LIVE, u32_of(&answer, COFFER_GENL_A_STATE));
	ASSERT_NE(NULL, answer.attr[COFFER_GENL_A_PCI]);
	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	EXPECT_STREQ(pci, (char *)data_of(answer.attr[COFFER_GENL_A_PCI]));
}

TEST_F(netlink, refuses_unknown_cards_and_requests)
{
	struct message message;
	struct answer answer;
	__u32 dev = 63;

	message_begin(&message, self->family, COFFER_GENL_CMD_DEV_GET, 0);
	put_attr(&message, COFFER_GENL_A_DEV, &dev, sizeof(dev));
	EXPECT_EQ(-ENODEV, ask(self->sock, &message, &answer));
	message_begin(&message, self->family, COFFER_GENL_CMD_DEV_GET, 0);
	EXPECT_EQ(-EINVAL, ask(self->sock, &message, &answer));
	message_begin(&message, self->family, COFFER_GENL_CMD_DEV_GET, 0);
	put_attr(&message, COFFER_GENL_A_DEV, &dev, 1);
	EXPECT_GT(0, ask(self->sock, &message, &answer));
	message_begin(&message, self->family, 99, 0);
	EXPECT_EQ(-EOPNOTSUPP, ask(self->sock, &message, &answer));
}

/* Number of cards in this part of a dump, whose ids grow from *next on; else -1. */
static int count_cards(struct answer *answer, __u16 family, __u32 *next)
{
	struct nlmsghdr *nl = &answer->message.nl;
	int len = sizeof(answer->message), cards = 0;

	for (; NLMSG_OK(nl, len) && nl->nlmsg_type == family; nl = NLMSG_NEXT(nl, len)) {
		struct message *part = (void *)nl;

		walk(part->attrs, nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), answer->attr,
		     ATTRS_MAX);
		if (u32_of(answer, COFFER_GENL_A_DEV) < *next)
			return -1;
		*next = u32_of(answer, COFFER_GENL_A_DEV) + 1;
		cards++;
	}
	return cards;
}

/* Also those that came back under a low number after others were there. */
TEST_F(netlink, lists_all_cards_sorted)
{
	struct message message;
	struct answer answer;
	unsigned int cards = 0, nodes = 0;
	char path[32], pci[64];
	__u32 next = 0;
	int rc;

	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/coffer/unbind", pci));
	ASSERT_EQ(0, file_write("/sys/bus/pci/drivers/coffer/bind", pci));
	rc = card_open_wait();
	ASSERT_LE(0, rc);
	close(rc);
	while (snprintf(path, sizeof(path), "/dev/coffer%u", nodes), !access(path, F_OK))
		nodes++;
	message_begin(&message, self->family, COFFER_GENL_CMD_DEV_GET, NLM_F_DUMP);
	rc = ask(self->sock, &message, &answer);
	/* Small answers come several to a message: count their heads. */
	while (!rc) {
		rc = count_cards(&answer, self->family, &next);
		ASSERT_LE(0, rc);
		cards += rc;
		memset(&answer, 0, sizeof(answer));
		rc = receive(self->sock, &answer, 2000);
	}
	EXPECT_EQ(1, rc);
	EXPECT_EQ(nodes, cards);
}

static int make_event(void)
{
	int fd = card_open(O_RDWR), rc;

	if (fd < 0)
		return fd;
	rc = attr_write("reset", "1") ?: card_echo(fd, 1, 1);
	close(fd);
	return rc;
}

TEST_F(netlink, tells_privileged_listeners_everything)
{
	struct answer answer;

	ASSERT_EQ(0, join(self->sock, self->events));
	ASSERT_EQ(0, make_event());
	ASSERT_EQ(0, receive(self->sock, &answer, 5000));
	EXPECT_EQ(COFFER_GENL_CMD_EVENT, answer.message.genl.cmd);
	EXPECT_EQ(0, u32_of(&answer, COFFER_GENL_A_DEV));
	EXPECT_EQ(attr_u64("serial"), u64_of(&answer, COFFER_GENL_A_SERIAL));
	EXPECT_EQ(COFFER_EV_RESET, u32_of(&answer, COFFER_GENL_A_TYPE));
	EXPECT_NE(NULL, answer.attr[COFFER_GENL_A_SEQ]);
	EXPECT_NE(NULL, answer.attr[COFFER_GENL_A_TIME_MS]);
	EXPECT_NE(NULL, answer.attr[COFFER_GENL_A_PARTITION]);
	EXPECT_NE(NULL, answer.attr[COFFER_GENL_A_ARG]);
	EXPECT_NE(NULL, answer.attr[COFFER_GENL_A_EPOCH]);
}

TEST_F(netlink, tells_the_public_nothing_that_identifies)
{
	struct answer answer;

	ASSERT_EQ(0, join(self->sock, self->public));
	ASSERT_EQ(0, make_event());
	ASSERT_EQ(0, receive(self->sock, &answer, 5000));
	EXPECT_EQ(COFFER_EV_RESET, u32_of(&answer, COFFER_GENL_A_TYPE));
	EXPECT_NE(NULL, answer.attr[COFFER_GENL_A_SEQ]);
	EXPECT_EQ(NULL, answer.attr[COFFER_GENL_A_PARTITION]);
	EXPECT_EQ(NULL, answer.attr[COFFER_GENL_A_ARG]);
	EXPECT_EQ(NULL, answer.attr[COFFER_GENL_A_SERIAL]);
}

TEST_F(netlink, lets_only_the_privileged_join_the_events)
{
	pid_t child = fork();
	int status, sock;

	ASSERT_LE(0, child);
	if (!child) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(2);
		sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
		_exit(join(sock, self->public) ? 3 : join(sock, self->events) == -EPERM ? 0 : 4);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(netlink, numbers_are_those_of_the_ioctl)
{
	struct coffer_event event = { 0 };
	struct coffer_events arg = {
		.size = sizeof(arg),
		.events = (uintptr_t)&event,
		.count = 1,
	};
	struct coffer_events seen = { .size = sizeof(seen) };
	struct coffer_event all[256];
	struct answer answer;
	int fd = card_open(O_RDWR);

	ASSERT_LE(0, fd);
	seen.events = (uintptr_t)all;
	seen.count = 256;
	ASSERT_EQ(0, card_ioctl(fd, COFFER_IOC_EVENTS, &seen));
	arg.since = seen.since;
	ASSERT_EQ(0, join(self->sock, self->events));
	ASSERT_EQ(0, make_event());
	ASSERT_EQ(0, receive(self->sock, &answer, 5000));
	ASSERT_EQ(0, card_ioctl(fd, COFFER_IOC_EVENTS, &arg));
	ASSERT_EQ(1, arg.count);
	EXPECT_EQ(event.seq, u64_of(&answer, COFFER_GENL_A_SEQ));
	EXPECT_EQ(event.type, u32_of(&answer, COFFER_GENL_A_TYPE));
	EXPECT_EQ(event.epoch, u32_of(&answer, COFFER_GENL_A_EPOCH));
	close(fd);
}

static int family_of(int sock, struct answer *answer)
{
	struct message message;

	message_begin(&message, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 0);
	put_attr(&message, CTRL_ATTR_FAMILY_NAME, COFFER_GENL_NAME, sizeof(COFFER_GENL_NAME));
	return ask(sock, &message, answer);
}

TEST_F(netlink, is_there_in_the_first_network_namespace_only)
{
	struct answer answer;
	pid_t child = fork();
	int status, sock;

	ASSERT_LE(0, child);
	if (!child) {
		if (unshare(CLONE_NEWNET))
			_exit(2);
		sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
		_exit(family_of(sock, &answer) == -ENOENT ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* Events by the dozen: each round of logging in and out tells something. */
static int make_events(unsigned int rounds)
{
	int fd = card_open(O_RDWR);
	long long rc = fd < 0 ? fd : 0;
	__u32 session;

	while (!rc && rounds--) {
		rc = file_write(CARD_SYSFS "reset", "1");
		rc = rc ?: session_open(fd, 0, COFFER_SESSION_RW, &session);
		rc = rc ?: so_login(fd, session);
	}
	close(fd);
	return rc ? -1 : 0;
}

/* A listener that does not listen loses messages, is told so, and then goes on. */
TEST_F_TIMEOUT(netlink, a_slow_listener_is_told_that_it_lost_some, 120)
{
	int size = 1, sock = self->sock, got = 0;
	bool lost = false;
	unsigned int round;
	struct answer answer;

	ASSERT_EQ(0, setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	ASSERT_EQ(0, join(sock, self->events));
	for (round = 0; round < 20 && !lost; round++) {
		ASSERT_EQ(0, make_events(4));
		while (recv(sock, &answer.message, sizeof(answer.message), MSG_DONTWAIT) > 0)
			got++;
		lost = errno == ENOBUFS;
	}
	EXPECT_TRUE(lost);
	TH_LOG("%u rounds, %d messages", round, got);
	while (recv(sock, &answer.message, sizeof(answer.message), MSG_DONTWAIT) > 0)
		;
	ASSERT_EQ(0, make_events(1));
	EXPECT_EQ(0, receive(sock, &answer, 5000));
}

struct joiners {
	__u32 group;
	bool stop;
	int wrong;
};

static void *join_and_leave(void *arg)
{
	struct joiners *j = arg;

	while (!__atomic_load_n(&j->stop, __ATOMIC_RELAXED)) {
		int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
		struct answer answer;

		if (sock < 0 || join(sock, j->group))
			__atomic_fetch_add(&j->wrong, 1, __ATOMIC_RELAXED);
		else
			recv(sock, &answer.message, sizeof(answer.message), MSG_DONTWAIT);
		if (sock >= 0)
			close(sock);
	}
	return NULL;
}

/* Listeners that come and go while there is something to hear disturb nobody who stays. */
TEST_F_TIMEOUT(netlink, listeners_come_and_go_while_events_are_told, 120)
{
	struct joiners j = { .group = self->events };
	unsigned int i, heard = 0;
	struct answer answer;
	pthread_t thread[4];

	ASSERT_EQ(0, join(self->sock, self->events));
	for (i = 0; i < COUNT(thread); i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, join_and_leave, &j));
	EXPECT_EQ(0, make_events(10));
	__atomic_store_n(&j.stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < COUNT(thread); i++)
		pthread_join(thread[i], NULL);
	EXPECT_EQ(0, j.wrong);
	while (!receive(self->sock, &answer, 500))
		heard++;
	EXPECT_LE(10, heard);
}

TEST_HARNESS_MAIN
