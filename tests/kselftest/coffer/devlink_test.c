// SPDX-License-Identifier: GPL-2.0-only
/*
 * The card as a devlink instance: what it tells, its health reporters, flash and reload. Raw
 * generic netlink. The third card is given firmware images.
 */
#include <grp.h>
#include <linux/devlink.h>
#include <linux/genetlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "coffer_test.h"
#include "kselftest_harness.h"

#define BUS "pci"
#define IMAGE "coffer-selftest.bin"
#define ATTRS 256

struct message {
	struct nlmsghdr nl;
	struct genlmsghdr genl;
	unsigned char attrs[32768];
};

/* Each case runs in a process of its own. */
static struct {
	int sock;
	__u16 family;
	char pci[64];
} dl;

FIXTURE(devlink)
{
	int unused;
};

/* What came: the text of all strings, and of the error. */
struct answer {
	struct nlattr *attr[ATTRS];
	char why[256];
	char strings[16384];
	struct message message;
};

static struct answer answer;

static void *data_of(struct nlattr *attr)
{
	return (char *)attr + NLA_HDRLEN;
}

static void put_attr(struct message *m, int type, const void *data, size_t len)
{
	struct nlattr *attr = (void *)((char *)m + NLMSG_ALIGN(m->nl.nlmsg_len));

	attr->nla_type = type;
	attr->nla_len = NLA_HDRLEN + len;
	memcpy(data_of(attr), data, len);
	m->nl.nlmsg_len = NLMSG_ALIGN(m->nl.nlmsg_len) + NLA_ALIGN(attr->nla_len);
}

static void put_text(struct message *m, int type, const char *text)
{
	put_attr(m, type, text, strlen(text) + 1);
}

/* Attributes by number, those of a nested one too: numbers are the same on each level. */
static void walk(void *from, int len)
{
	struct nlattr *attr = from;
	int type;

	while (len >= NLA_HDRLEN && attr->nla_len >= NLA_HDRLEN && attr->nla_len <= len) {
		type = attr->nla_type & NLA_TYPE_MASK;
		if (type < ATTRS && !answer.attr[type])
			answer.attr[type] = attr;
		if (type == DEVLINK_ATTR_HEALTH_REPORTER || type == DEVLINK_ATTR_FMSG ||
		    type == DEVLINK_ATTR_INFO_VERSION_RUNNING ||
		    type == DEVLINK_ATTR_INFO_VERSION_STORED ||
		    type == DEVLINK_ATTR_INFO_VERSION_FIXED) {
			walk(data_of(attr), attr->nla_len - NLA_HDRLEN);
		} else if (attr->nla_len > NLA_HDRLEN + 1 &&
			   ((char *)attr)[attr->nla_len - 1] == 0 &&
			   strlen(answer.strings) + attr->nla_len < sizeof(answer.strings) - 2) {
			strcat(strcat(answer.strings, data_of(attr)), " ");
		}
		len -= NLA_ALIGN(attr->nla_len);
		attr = (void *)((char *)attr + NLA_ALIGN(attr->nla_len));
	}
}

/* The words behind an error. */
static void explain(struct nlmsghdr *nl)
{
	struct nlmsgerr *error = NLMSG_DATA(nl);
	int len = sizeof(*error), type;
	struct nlattr *attr;

	if (!(nl->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nl->nlmsg_flags & NLM_F_CAPPED))
		len += error->msg.nlmsg_len - NLMSG_HDRLEN;
	attr = (void *)((char *)error + NLMSG_ALIGN(len));
	type = attr->nla_type & NLA_TYPE_MASK;
	if (type == NLMSGERR_ATTR_MSG)
		snprintf(answer.why, sizeof(answer.why), "%s", (char *)data_of(attr));
}

/* All parts of the answer, to the acknowledgment or the end of a dump: 0 or -errno. */
static int receive(int sock)
{
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct nlmsghdr *nl;
	ssize_t got;

	for (;;) {
		if (poll(&p, 1, 30000) <= 0)
			return -ETIME;
		got = recv(sock, &answer.message, sizeof(answer.message), 0);
		if (got < 0)
			return -errno;
		for (nl = &answer.message.nl; NLMSG_OK(nl, got); nl = NLMSG_NEXT(nl, got)) {
			if (nl->nlmsg_type == NLMSG_ERROR) {
				explain(nl);
				return ((struct nlmsgerr *)NLMSG_DATA(nl))->error;
			}
			if (nl->nlmsg_type == NLMSG_DONE)
				return 0;
			walk(((struct message *)nl)->attrs,
			     nl->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN));
		}
	}
}

static int ask(int sock, struct message *m)
{
	/* An acknowledgment may be left that came after the end. */
	while (recv(sock, &answer.message, sizeof(answer.message), MSG_DONTWAIT) > 0)
		;
	memset(&answer, 0, offsetof(struct answer, message));
	if (send(sock, m, m->nl.nlmsg_len, 0) < 0)
		return -errno;
	return receive(sock);
}

static struct message *begin(__u8 command, __u16 flags)
{
	static struct message m;

	memset(&m, 0, sizeof(m));
	m.nl.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	m.nl.nlmsg_type = dl.family;
	m.nl.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags;
	m.genl.cmd = command;
	m.genl.version = 1;
	if (dl.family != GENL_ID_CTRL) {
		put_text(&m, DEVLINK_ATTR_BUS_NAME, BUS);
		put_text(&m, DEVLINK_ATTR_DEV_NAME, dl.pci);
	}
	return &m;
}

/* A command about one reporter: 0 or -errno, with words in answer.why. */
static int health(__u8 command, const char *reporter)
{
	bool dump = command == DEVLINK_CMD_HEALTH_REPORTER_DUMP_GET;
	struct message *m = begin(command, dump ? NLM_F_DUMP : 0);

	put_text(m, DEVLINK_ATTR_HEALTH_REPORTER_NAME, reporter);
	return ask(dl.sock, m);
}

static int auto_recover(const char *reporter, __u8 on)
{
	struct message *m = begin(DEVLINK_CMD_HEALTH_REPORTER_SET, 0);

	put_text(m, DEVLINK_ATTR_HEALTH_REPORTER_NAME, reporter);
	put_attr(m, DEVLINK_ATTR_HEALTH_REPORTER_AUTO_RECOVER, &on, sizeof(on));
	return ask(dl.sock, m);
}

static uint64_t number(int type)
{
	uint64_t value = 0;

	if (!answer.attr[type])
		return UINT64_MAX;
	memcpy(&value, data_of(answer.attr[type]), answer.attr[type]->nla_len - NLA_HDRLEN);
	return value;
}

/* A field of a reporter's: state, errors, recoveries. */
static uint64_t reporter_is(const char *reporter, int type)
{
	return health(DEVLINK_CMD_HEALTH_REPORTER_GET, reporter) ? UINT64_MAX : number(type);
}

static uint64_t reporter_becomes(const char *reporter, int type, uint64_t value)
{
	double end = seconds() + 30;

	while (reporter_is(reporter, type) != value && seconds() < end)
		usleep(50000);
	return reporter_is(reporter, type);
}

static int state_becomes(const char *state)
{
	double end = seconds() + 30;

	while (!attr_is("state", state) && seconds() < end)
		usleep(20000);
	return attr_is("state", state);
}

FIXTURE_SETUP(devlink)
{
	struct message *m;
	int one = 1;

	ASSERT_EQ(0, pci_name(dl.pci, sizeof(dl.pci)));
	dl.sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	ASSERT_LE(0, dl.sock);
	setsockopt(dl.sock, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(dl.sock, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	dl.family = GENL_ID_CTRL;
	m = begin(CTRL_CMD_GETFAMILY, 0);
	put_text(m, CTRL_ATTR_FAMILY_NAME, DEVLINK_GENL_NAME);
	ASSERT_EQ(0, ask(dl.sock, m));
	ASSERT_NE(NULL, answer.attr[CTRL_ATTR_FAMILY_ID]);
	dl.family = *(__u16 *)data_of(answer.attr[CTRL_ATTR_FAMILY_ID]);
}

FIXTURE_TEARDOWN(devlink)
{
	faults_clear();
	auto_recover("fw", 1);
	auto_recover("ring", 1);
	if (!attr_is("state", "live"))
		attr_write("reset", "1");
	close(dl.sock);
}

TEST_F_TIMEOUT(devlink, tells_what_the_card_is, 120)
{
	char serial[64], version[64];

	ASSERT_EQ(0, file_read(CARD_SYSFS "serial", serial, sizeof(serial)));
	ASSERT_EQ(0, file_read(CARD_SYSFS "fw_version", version, sizeof(version)));
	ASSERT_EQ(0, ask(dl.sock, begin(DEVLINK_CMD_INFO_GET, 0)));
	ASSERT_NE(NULL, answer.attr[DEVLINK_ATTR_INFO_DRIVER_NAME]);
	EXPECT_STREQ("coffer", (char *)data_of(answer.attr[DEVLINK_ATTR_INFO_DRIVER_NAME]));
	EXPECT_STREQ(serial, (char *)data_of(answer.attr[DEVLINK_ATTR_INFO_SERIAL_NUMBER]));
	EXPECT_NE(NULL, strstr(answer.strings, version));
	EXPECT_NE(NULL, strstr(answer.strings, "board.id"));
	EXPECT_NE(NULL, strstr(answer.strings, "asic.rev"));
}

TEST_F_TIMEOUT(devlink, diagnoses, 120)
{
	ASSERT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_DIAGNOSE, "fw"));
	EXPECT_NE(NULL, strstr(answer.strings, "state live "));
	EXPECT_NE(NULL, strstr(answer.strings, "tampered"));
	ASSERT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_DIAGNOSE, "ring"));
	EXPECT_NE(NULL, strstr(answer.strings, "entries"));
	EXPECT_NE(0, health(DEVLINK_CMD_HEALTH_REPORTER_DIAGNOSE, "heart"));
}

/* A test leaves no trace but in its reporter: no command suffers, nothing is reset. */
TEST_F_TIMEOUT(devlink, tests_harm_no_command, 240)
{
	const int type = DEVLINK_ATTR_HEALTH_REPORTER_ERR_COUNT;
	const char *const reporters[] = { "fw", "ring" };
	uint64_t resets = attr_u64("reset_count"), errors;
	int fd = card_open(O_RDWR);
	struct load load;
	unsigned int i;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, load_start(&load, 4, fd));
	for (i = 0; i < COUNT(reporters); i++) {
		errors = reporter_is(reporters[i], type);
		EXPECT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_TEST, reporters[i]));
		EXPECT_EQ(errors + 1, reporter_becomes(reporters[i], type, errors + 1));
		EXPECT_EQ(0, reporter_becomes(reporters[i],
					      DEVLINK_ATTR_HEALTH_REPORTER_STATE, 0));
	}
	load_stop(&load);
	EXPECT_LT(0, load.done);
	EXPECT_EQ(0, load.ended);
	EXPECT_EQ(0, load.wrong);
	EXPECT_EQ(resets, attr_u64("reset_count"));
	close(fd);
}

TEST_F_TIMEOUT(devlink, a_fault_is_recovered_from_and_leaves_a_dump, 120)
{
	const int type = DEVLINK_ATTR_HEALTH_REPORTER_RECOVER_COUNT;
	uint64_t resets = attr_u64("reset_count"), recovered = reporter_is("fw", type);

	health(DEVLINK_CMD_HEALTH_REPORTER_DUMP_CLEAR, "fw");
	ASSERT_EQ(0, fault_set("fault-fatal", "true"));
	EXPECT_EQ(recovered + 1, reporter_becomes("fw", type, recovered + 1));
	EXPECT_EQ(resets + 1, attr_u64("reset_count"));
	EXPECT_TRUE(state_becomes("live"));
	ASSERT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_DUMP_GET, "fw"));
	EXPECT_NE(NULL, strstr(answer.strings, "fatal error"));
	EXPECT_NE(NULL, strstr(answer.strings, "evq_dropped"));
}

TEST_F_TIMEOUT(devlink, without_auto_recover_a_fault_waits_for_somebody, 120)
{
	uint64_t resets = attr_u64("reset_count");
	int fd = card_open(O_RDWR);

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, auto_recover("fw", 0));
	ASSERT_EQ(0, fault_set("fault-fatal", "true"));
	EXPECT_TRUE(state_becomes("failed"));
	EXPECT_EQ(-EIO, card_echo(fd, 10, 1));
	EXPECT_EQ(1, reporter_is("fw", DEVLINK_ATTR_HEALTH_REPORTER_STATE));
	EXPECT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_RECOVER, "fw"));
	EXPECT_TRUE(attr_is("state", "live"));
	EXPECT_EQ(0, reporter_is("fw", DEVLINK_ATTR_HEALTH_REPORTER_STATE));
	EXPECT_EQ(0, card_echo(fd, 10, 1));
	EXPECT_LT(resets, attr_u64("reset_count"));
	close(fd);
}

TEST_F_TIMEOUT(devlink, recovery_that_fails_says_so, 120)
{
	ASSERT_EQ(0, fault_set("fault-fw-panic", "true"));
	EXPECT_TRUE(state_becomes("failed"));
	EXPECT_EQ(1, reporter_is("fw", DEVLINK_ATTR_HEALTH_REPORTER_STATE));
	EXPECT_GT(0, health(DEVLINK_CMD_HEALTH_REPORTER_RECOVER, "fw"));
	EXPECT_NE(NULL, strstr(answer.why, "did not come up"));
	EXPECT_EQ(-EBUSY, health(DEVLINK_CMD_HEALTH_REPORTER_TEST, "fw"));
	EXPECT_NE(NULL, strstr(answer.why, "not live"));
	ASSERT_EQ(0, fault_set("fault-fw-panic", "false"));
	EXPECT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_RECOVER, "fw"));
	EXPECT_TRUE(attr_is("state", "live"));
}

TEST_F_TIMEOUT(devlink, reloads, 120)
{
	uint64_t resets = attr_u64("reset_count");
	int fd = card_open(O_RDWR);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, ask(dl.sock, begin(DEVLINK_CMD_RELOAD, 0)));
	EXPECT_EQ(resets + 1, attr_u64("reset_count"));
	EXPECT_EQ(0, card_echo(fd, 100, 2));
	close(fd);
}

static int flash(const char *component)
{
	struct message *m = begin(DEVLINK_CMD_FLASH_UPDATE, 0);

	put_text(m, DEVLINK_ATTR_FLASH_UPDATE_FILE_NAME, IMAGE);
	if (component)
		put_text(m, DEVLINK_ATTR_FLASH_UPDATE_COMPONENT, component);
	return ask(dl.sock, m);
}

static int image_write(const void *data, size_t size)
{
	int fd, rc;

	mkdir("/lib/firmware", 0755);
	fd = open("/lib/firmware/" IMAGE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	rc = write(fd, data, size) == (ssize_t)size ? 0 : -EIO;
	close(fd);
	return rc;
}

/* A well-formed head; what follows is nothing that a card would take. */
static struct image {
	struct coffer_image_head head;
	char body[5000];
	char signature[64];
} image;

static void image_make(__u32 version)
{
	memset(&image, 0x5a, sizeof(image));
	memset(&image.head, 0, sizeof(image.head));
	memcpy(image.head.magic, COFFER_IMAGE_MAGIC, sizeof(image.head.magic));
	image.head.format = htole32(COFFER_IMAGE_FORMAT);
	image.head.body_len = htole32(sizeof(image.body));
	image.head.sig_len = htole32(sizeof(image.signature));
	image.head.fw_version = htole32(version);
}

TEST_F_TIMEOUT(devlink, flash_refuses_what_is_no_image_in_words, 120)
{
	image_make(0x090909);
	ASSERT_EQ(0, image_write("no image", 8));
	EXPECT_EQ(-EINVAL, flash(NULL));
	EXPECT_NE(NULL, strstr(answer.why, "no firmware image"));
	ASSERT_EQ(0, image_write(&image, sizeof(image) - 1));
	EXPECT_EQ(-EINVAL, flash(NULL));
	EXPECT_NE(NULL, strstr(answer.why, "damaged or cut"));
	image_make(0x000001);
	ASSERT_EQ(0, image_write(&image, sizeof(image)));
	EXPECT_EQ(-EINVAL, flash(NULL));
	EXPECT_NE(NULL, strstr(answer.why, "not newer"));
	image_make(0x090909);
	image.head.oldest = htole32(0x090908);
	ASSERT_EQ(0, image_write(&image, sizeof(image)));
	EXPECT_EQ(-EINVAL, flash(NULL));
	EXPECT_NE(NULL, strstr(answer.why, "wants newer"));
	unlink("/lib/firmware/" IMAGE);
	EXPECT_EQ(-ENOENT, flash(NULL));
	/* None of it was kept. */
	EXPECT_EQ(-ENODATA, text_read(CARD_SYSFS "firmware", answer.strings, 100));
}

TEST_F_TIMEOUT(devlink, flash_stages_for_the_so, 240)
{
	uint64_t resets = attr_u64("reset_count");
	struct image got;
	char pci[64];
	int fd;

	image_make(0x090807);
	ASSERT_EQ(0, image_write(&image, sizeof(image)));
	EXPECT_NE(0, flash("heart"));
	EXPECT_EQ(0, flash("fw"));
	EXPECT_EQ(0, flash(NULL));
	ASSERT_EQ(0, ask(dl.sock, begin(DEVLINK_CMD_INFO_GET, 0)));
	EXPECT_NE(NULL, strstr(answer.strings, "9.8.7"));
	fd = open(CARD_SYSFS "firmware", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(4096, read(fd, &got, 4096));
	EXPECT_EQ(sizeof(got) - 4096,
		  read(fd, (char *)&got + 4096, sizeof(got) - 4096));
	EXPECT_EQ(0, memcmp(&got, &image, sizeof(got)));
	close(fd);
	/* It waits, whatever happens to the card; it goes with the driver. */
	EXPECT_EQ(resets, attr_u64("reset_count"));
	EXPECT_EQ(0, attr_write("reset", "1"));
	EXPECT_LT(0, text_read(CARD_SYSFS "firmware", answer.strings, 100));
	ASSERT_EQ(0, pci_name(pci, sizeof(pci)));
	EXPECT_EQ(0, file_write(PCI_DRIVER "unbind", pci));
	EXPECT_NE(0, ask(dl.sock, begin(DEVLINK_CMD_INFO_GET, 0)));
	EXPECT_EQ(0, file_write(PCI_DRIVER "bind", pci));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	close(fd);
	EXPECT_EQ(-ENODATA, text_read(CARD_SYSFS "firmware", answer.strings, 100));
	unlink("/lib/firmware/" IMAGE);
}

/* The way that UPDATE.md describes, with the card's word at its end. */
TEST_F_TIMEOUT(devlink, the_card_judges_what_the_so_takes_from_the_stage, 240)
{
	struct {
		__le32 session;
		__le32 reserved;
		__le32 len;
		char image[sizeof(image) + 1];
	} req = { .len = htole32(sizeof(image)) };
	const size_t len = offsetof(typeof(req), image) + sizeof(image);
	struct coffer_rep_update rep;
	__u32 session;
	int fd = node_open("/dev/coffer2", O_RDWR);

	ASSERT_LE(0, fd);
	image_make(0x090807);
	ASSERT_EQ(0, image_write(&image, sizeof(image)));
	ASSERT_EQ(0, flash(NULL));
	ASSERT_EQ(sizeof(image), text_read(CARD_SYSFS "firmware", req.image, sizeof(req.image)));
	ASSERT_EQ(0, tamper_clear("/dev/coffer2"));	/* it has an SO after that */
	ASSERT_EQ(0, session_open(fd, 0, COFFER_SESSION_RW, &session));
	req.session = htole32(session);
	EXPECT_EQ(COFFER_ST_USER_NOT_LOGGED_IN,
		  card_ask(fd, COFFER_CMD_FW_UPDATE, &req, len, &rep, sizeof(rep)));
	ASSERT_EQ(0, so_login(fd, session));
	EXPECT_EQ((__u32)COFFER_ST_FW_IMAGE_INVALID,
		  card_ask(fd, COFFER_CMD_FW_UPDATE, &req, len, &rep, sizeof(rep)));
	EXPECT_LT(0, text_read(CARD_SYSFS "firmware", answer.strings, 100));
	close(fd);
	unlink("/lib/firmware/" IMAGE);
}

TEST_F_TIMEOUT(devlink, only_the_privileged_may_change_anything, 120)
{
	pid_t child = fork();
	int status;

	ASSERT_LE(0, child);
	if (!child) {
		if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
			_exit(2);
		if (ask(dl.sock, begin(DEVLINK_CMD_INFO_GET, 0)))
			_exit(3);
		close(dl.sock);
		dl.sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
		if (health(DEVLINK_CMD_HEALTH_REPORTER_RECOVER, "fw") != -EPERM ||
		    health(DEVLINK_CMD_HEALTH_REPORTER_TEST, "fw") != -EPERM ||
		    auto_recover("fw", 0) != -EPERM || flash(NULL) != -EPERM ||
		    ask(dl.sock, begin(DEVLINK_CMD_RELOAD, 0)) != -EPERM)
			_exit(4);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* Another namespace does not see the card, and it cannot be moved there. */
TEST_F_TIMEOUT(devlink, stays_in_its_network_namespace, 120)
{
	struct message *m = begin(DEVLINK_CMD_RELOAD, 0);
	pid_t child;
	__u32 pid;
	int status, pipes[2];
	char go;

	ASSERT_EQ(0, pipe(pipes));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (unshare(CLONE_NEWNET))
			_exit(2);
		dl.sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
		status = ask(dl.sock, begin(DEVLINK_CMD_INFO_GET, 0));
		go = status == -ENODEV;
		status = write(pipes[1], &go, 1);
		pause();
	}
	ASSERT_EQ(1, read(pipes[0], &go, 1));
	EXPECT_EQ(1, go);
	pid = child;
	put_attr(m, DEVLINK_ATTR_NETNS_PID, &pid, sizeof(pid));
	EXPECT_EQ(-EOPNOTSUPP, ask(dl.sock, m));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	EXPECT_EQ(0, ask(dl.sock, begin(DEVLINK_CMD_INFO_GET, 0)));
	EXPECT_TRUE(attr_is("state", "live"));
}

struct looker {
	struct message message;
	bool stop;
};

static void *look_on(void *arg)
{
	int sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct looker *looker = arg;
	static char trash[65536];

	while (send(sock, &looker->message, looker->message.nl.nlmsg_len, 0) > 0 &&
	       !__atomic_load_n(&looker->stop, __ATOMIC_RELAXED))
		recv(sock, trash, sizeof(trash), 0);
	close(sock);
	return NULL;
}

TEST_F_TIMEOUT(devlink, may_be_asked_during_resets_and_removal, 240)
{
	static struct looker shared;
	pthread_t thread;
	int i, fd;

	shared.message = *begin(DEVLINK_CMD_HEALTH_REPORTER_DIAGNOSE, 0);
	put_text(&shared.message, DEVLINK_ATTR_HEALTH_REPORTER_NAME, "fw");
	ASSERT_EQ(0, pthread_create(&thread, NULL, look_on, &shared));
	for (i = 0; i < 5; i++)
		EXPECT_EQ(0, attr_write("reset", "1"));
	EXPECT_EQ(0, file_write(PCI_DRIVER "unbind", dl.pci));
	EXPECT_EQ(0, file_write(PCI_DRIVER "bind", dl.pci));
	fd = card_open_wait();
	ASSERT_LE(0, fd);
	close(fd);
	__atomic_store_n(&shared.stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, health(DEVLINK_CMD_HEALTH_REPORTER_DIAGNOSE, "fw"));
}

TEST_HARNESS_MAIN
