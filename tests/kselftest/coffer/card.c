// SPDX-License-Identifier: GPL-2.0-only
/* A card and its attributes, for tests. */
#include <sys/syscall.h>

#include "coffer_test.h"

#undef alarm

#define SO_PIN "so-password-1"

static void __attribute__((constructor)) card_must_be_there(void)
{
	if (access(CARD, F_OK) == 0)
		return;
	printf("Bail out! no %s: %s\n", CARD, strerror(errno));
	fflush(stdout);
	_exit(1);
}

double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Rounds of each loop; the environment can ask for more or less. */
unsigned int loops(void)
{
	const char *text = getenv("COFFER_LOOPS");

	return text ? strtoul(text, NULL, 0) : 100;
}

unsigned int slowness(void)
{
	const char *text = getenv("COFFER_SLOWNESS");
	unsigned int times = text ? strtoul(text, NULL, 0) : 1;

	return times ?: 1;
}

unsigned int alarm_slowly(unsigned int time)
{
	return alarm(time * slowness());
}

unsigned int rounds_of(const char *what, unsigned int few)
{
	char name[64];
	const char *text;

	snprintf(name, sizeof(name), "COFFER_LOOPS_%s", what);
	text = getenv(name);
	return text ? strtoul(text, NULL, 0) : few;
}

/* ---- Commands ---- */

int node_open(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int card_open(int flags)
{
	return node_open(CARD, flags);
}

int card_open_wait(void)
{
	double end = seconds() + 10 * slowness();
	int fd;

	do {
		fd = card_open(O_RDWR);
		if (fd >= 0)
			return fd;
		usleep(10000);
	} while (seconds() < end);
	return fd;
}

int card_ioctl(int fd, unsigned long nr, void *arg)
{
	return ioctl(fd, nr, arg) < 0 ? -errno : 0;
}

int card_exec(int fd, __u16 opcode, const void *req, __u32 req_len, void *reply, __u32 *reply_len,
	      __u32 *verdict)
{
	struct coffer_exec exec = {
		.size = sizeof(exec),
		.opcode = opcode,
		.req = (uintptr_t)req,
		.req_len = req_len,
		.reply = (uintptr_t)reply,
		.reply_len = reply_len ? *reply_len : 0,
		.verdict = 0xdeadbeef,
	};
	int rc = card_ioctl(fd, COFFER_IOC_EXEC, &exec);

	if (verdict)
		*verdict = exec.verdict;
	if (reply_len)
		*reply_len = exec.reply_len;
	return rc;
}

void card_fill(void *to, size_t len, unsigned int seed)
{
	unsigned char *bytes = to;
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		bytes[i] = seed >> 16;
	}
}

static int echo(int fd, size_t len, unsigned int seed, __u32 timeout_ms)
{
	unsigned char *sent = malloc(len + 1), *got = malloc(len + 1);
	struct coffer_exec exec = {
		.size = sizeof(exec),
		.opcode = COFFER_CMD_ECHO,
		.req = (uintptr_t)sent,
		.req_len = len,
		.reply = (uintptr_t)got,
		.reply_len = len,
		.timeout_ms = timeout_ms,
	};
	int rc = -ENOMEM;

	if (!sent || !got)
		goto out;
	card_fill(sent, len, seed);
	memset(got, 0x5a, len + 1);
	rc = card_ioctl(fd, COFFER_IOC_EXEC, &exec);
	if (rc)
		goto out;
	if (exec.verdict || exec.reply_len != len || memcmp(sent, got, len) || got[len] != 0x5a)
		rc = -EBADMSG;
out:
	free(sent);
	free(got);
	return rc;
}

int card_echo(int fd, size_t len, unsigned int seed)
{
	return echo(fd, len, seed, 0);
}

int card_echo_ms(int fd, size_t len, __u32 timeout_ms)
{
	return echo(fd, len, 1, timeout_ms);
}

/* ---- Sessions ---- */

long long card_ask(int fd, __u16 opcode, const void *req, __u32 req_len, void *reply,
		   __u32 room)
{
	__u32 verdict, got = room;
	int rc = card_exec(fd, opcode, req, req_len, reply, &got, &verdict);

	if (rc)
		return rc;
	if (verdict)
		return verdict;
	return got == room ? 0 : -EBADMSG;
}

long long session_open(int fd, __u32 partition, __u32 flags, __u32 *session)
{
	struct coffer_req_session_open req = { htole32(partition), htole32(flags) };
	struct coffer_rep_session_open rep = { 0 };
	long long rc = card_ask(fd, COFFER_CMD_SESSION_OPEN, &req, sizeof(req), &rep, sizeof(rep));

	*session = le32toh(rep.session);
	return rc;
}

long long session_info(int fd, __u32 session, struct coffer_rep_session_info *info)
{
	struct coffer_req_session req = { .session = htole32(session) };

	return card_ask(fd, COFFER_CMD_SESSION_INFO, &req, sizeof(req), info, sizeof(*info));
}

long long session_close(int fd, __u32 session)
{
	struct coffer_req_session req = { .session = htole32(session) };

	return card_ask(fd, COFFER_CMD_SESSION_CLOSE, &req, sizeof(req), NULL, 0);
}

static size_t put_blob(unsigned char *to, const char *text)
{
	__le32 len = htole32(strlen(text));

	memcpy(to, &len, sizeof(len));
	memcpy(to + sizeof(len), text, strlen(text));
	return sizeof(len) + strlen(text);
}

static long long so_create(int fd, __u32 session)
{
	struct coffer_req_init init = {
		.session = htole32(session),
		.flags = htole32(COFFER_INIT_DEFAULT_DOMAIN),
	};
	unsigned char req[256];
	size_t at = sizeof(init);

	memcpy(req, &init, sizeof(init));
	at += put_blob(req + at, "selftest");
	at += put_blob(req + at, SO_PIN);
	at += put_blob(req + at, "");
	return card_ask(fd, COFFER_CMD_HSM_INIT, req, at, NULL, 0);
}

long long so_login_only(int fd, __u32 session)
{
	struct coffer_req_role role = {
		.session = htole32(session),
		.role = htole32(COFFER_ROLE_SO),
	};
	struct coffer_rep_login rep;
	unsigned char req[256];
	size_t at = sizeof(role);

	memcpy(req, &role, sizeof(role));
	at += put_blob(req + at, SO_PIN);
	return card_ask(fd, COFFER_CMD_LOGIN, req, at, &rep, sizeof(rep));
}

long long so_login(int fd, __u32 session)
{
	struct coffer_card_info card;
	__u32 got = sizeof(card), verdict;
	long long rc;

	rc = card_exec(fd, COFFER_CMD_IDENTIFY, NULL, 0, &card, &got, &verdict);
	if (rc || verdict)
		return rc ?: verdict;
	if (!(le32toh(card.flags) & COFFER_CARD_INITIALIZED)) {
		rc = so_create(fd, session);
		if (rc)
			return rc;
	}
	rc = so_login_only(fd, session);
	return rc == COFFER_ST_USER_ALREADY_LOGGED_IN ? 0 : rc;
}

long long tamper_clear(const char *node)
{
	struct coffer_req_session req = { 0 };
	int fd = node_open(node, O_RDWR);
	long long rc;
	__u32 session;

	if (fd < 0)
		return fd;
	rc = session_open(fd, 0, COFFER_SESSION_RW, &session);
	if (!rc)
		rc = so_login(fd, session);
	req.session = htole32(session);
	if (!rc)
		rc = card_ask(fd, COFFER_CMD_TAMPER_CLEAR, &req, sizeof(req), NULL, 0);
	close(fd);
	return rc == (__u32)COFFER_ST_MTK_STATE_INVALID ? 0 : rc;
}

/* ---- Attributes and module ---- */

int file_read(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, to, size - 1);
	close(fd);
	if (got < 0)
		return -errno;
	to[got] = 0;
	to[strcspn(to, "\n")] = 0;
	return 0;
}

int text_read(const char *path, char *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t have = 0;
	ssize_t got = 1;

	if (fd < 0)
		return -errno;
	while (got > 0 && have < size - 1) {
		got = read(fd, to + have, size - 1 - have);
		have += got > 0 ? got : 0;
	}
	if (got < 0)
		have = -errno;
	close(fd);
	to[(ssize_t)have < 0 ? 0 : have] = 0;
	return have;
}

int file_write(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int rc = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		rc = -errno;
	close(fd);
	return rc;
}

uint64_t attr_u64(const char *name)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), CARD_SYSFS "%s", name);
	return file_read(path, text, sizeof(text)) ? UINT64_MAX : strtoull(text, NULL, 10);
}

int attr_is(const char *name, const char *value)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), CARD_SYSFS "%s", name);
	return !file_read(path, text, sizeof(text)) && !strcmp(text, value);
}

int attr_write(const char *name, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), CARD_SYSFS "%s", name);
	return file_write(path, value);
}

uint64_t queue_sum(const char *counter)
{
	uint64_t sum = 0, value;
	char name[64];
	int i;

	for (i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "queue%d/%s", i, counter);
		value = attr_u64(name);
		sum += value == UINT64_MAX ? 0 : value;
	}
	return sum;
}

int slots_free(void)
{
	double end = seconds() + 5;

	do {
		if (attr_u64("queue0/busy") != UINT64_MAX && !queue_sum("busy"))
			return 0;
		usleep(10000);
	} while (seconds() < end);
	return -1;
}

bool state_comes(const char *state, unsigned int ms)
{
	double end = seconds() + ms / 1e3;

	while (!attr_is("state", state)) {
		if (seconds() > end)
			return false;
		usleep(5000);
	}
	return true;
}

int driver_detach(const char *pci)
{
	return file_write("/sys/bus/pci/drivers/coffer/unbind", pci);
}

int driver_attach(const char *pci)
{
	return file_write("/sys/bus/pci/drivers/coffer/bind", pci);
}

int pci_name(char *to, size_t size)
{
	char link[512];
	ssize_t got = readlink(CARD_SYSFS "device", link, sizeof(link) - 1);

	if (got < 0)
		return -errno;
	link[got] = 0;
	snprintf(to, size, "%s", strrchr(link, '/') + 1);
	return 0;
}

int module_unload(void)
{
	return syscall(SYS_delete_module, "coffer", O_NONBLOCK) ? -errno : 0;
}

int module_load(const char *parameters)
{
	const char *top = getenv("COFFER_TOP"), *ko = getenv("COFFER_KO");
	char path[512];
	int fd, rc;

	snprintf(path, sizeof(path), "%s/driver/coffer.ko", top ? top : ".");
	fd = open(ko ? ko : path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	rc = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	close(fd);
	return rc;
}

/* ---- Load ---- */

static void *load_thread(void *arg)
{
	struct load *load = arg;
	unsigned int seed = (uintptr_t)pthread_self() >> 12;
	int rc;

	while (!__atomic_load_n(&load->stop, __ATOMIC_RELAXED)) {
		rc = card_echo(load->fd, seed * 37 % 9000, seed);
		seed++;
		if (!rc)
			__atomic_fetch_add(&load->done, 1, __ATOMIC_RELAXED);
		else if (rc == -ECANCELED || rc == -ENODEV)
			__atomic_fetch_add(&load->ended, 1, __ATOMIC_RELAXED);
		else
			__atomic_fetch_add(&load->wrong, 1, __ATOMIC_RELAXED);
		if (rc == -ENODEV)
			break;
	}
	return NULL;
}

int load_start(struct load *load, unsigned int threads, int fd)
{
	memset(load, 0, sizeof(*load));
	load->fd = fd;
	for (load->threads = 0; load->threads < threads; load->threads++)
		if (pthread_create(&load->thread[load->threads], NULL, load_thread, load))
			return -1;
	return 0;
}

void load_stop(struct load *load)
{
	unsigned int i;

	__atomic_store_n(&load->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < load->threads; i++)
		pthread_join(load->thread[i], NULL);
}
