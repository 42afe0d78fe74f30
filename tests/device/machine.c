/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_ARGS	64
#define PATIENCE_MS	20000
/* Where the child finds its ends of the sockets. */
#define QTEST_FD	60
#define QMP_FD		61

const char *qemu_path;
const char *card_dir[4];
const char *work_dir;

static void exec_qemu(struct machine *m, int qtest, int qmp_end, const char *const devices[])
{
	const char *args[MAX_ARGS] = {
		qemu_path, "-machine", "q35", "-accel", "qtest", "-m", "64", "-display", "none",
		"-nodefaults", "-no-user-config",
		"-chardev", "socket,id=qt,fd=60",
		"-object", "qtest,id=server,chardev=qt,log=/dev/null",
		"-chardev", "socket,id=qm,fd=61", "-mon", "chardev=qm,mode=control",
	};
	int n = 0, err = open(m->log, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	while (args[n])
		n++;
	while (*devices && n < MAX_ARGS - 1)
		args[n++] = *devices++;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (err < 0 || dup2(qtest, QTEST_FD) < 0 || dup2(qmp_end, QMP_FD) < 0 || dup2(err, 2) < 0 ||
	    dup2(err, 1) < 0)
		_exit(126);
	execv(qemu_path, (char *const *)args);
	_exit(127);
}

static struct machine *machine_spawn(const char *const devices[])
{
	struct machine *m = calloc(1, sizeof(*m));
	int qt[2], qm[2];

	CHECK(m);
	snprintf(m->log, sizeof(m->log), "%s/qemu-%d.log", work_dir, (int)getpid());
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qt));
	CHECK(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qm));
	m->pid = fork();
	CHECK(m->pid >= 0);
	if (!m->pid)
		exec_qemu(m, qt[1], qm[1], devices);
	close(qt[1]);
	close(qm[1]);
	m->qtest = qt[0];
	m->qmp = qm[0];
	return m;
}

/* Fail the case with the emulator's last words. */
static void machine_dead(struct machine *m, const char *where)
{
	char words[400] = "";
	FILE *f = fopen(m->log, "r");
	size_t n = 0;

	if (f) {
		fseek(f, -(long)sizeof(words) + 1, SEEK_END);
		n = fread(words, 1, sizeof(words) - 1, f);
		fclose(f);
	}
	words[n] = 0;
	tap_fail(__FILE__, __LINE__, "the emulator is dead or silent (%s): %s", where, words);
}

/* One line without its end, into @buf. Returns its length, or -1. */
static ssize_t read_line(int fd, char *buf, size_t room)
{
	size_t n = 0;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t got;
	char *end;

	for (;;) {
		if (poll(&p, 1, PATIENCE_MS) <= 0)
			return -1;
		/* Look first: what follows the line is the next one's. */
		got = recv(fd, buf + n, room - 1 - n, MSG_PEEK);
		if (got <= 0)
			return -1;
		end = memchr(buf + n, '\n', got);
		got = recv(fd, buf + n, end ? (size_t)(end - buf - n) + 1 : (size_t)got, 0);
		if (got <= 0)
			return -1;
		n += got;
		if (end)
			break;
		if (n >= room - 1)
			return -1;
	}
	while (n && (buf[n - 1] == '\n' || buf[n - 1] == '\r'))
		n--;
	buf[n] = 0;
	return n;
}

static void send_all(struct machine *m, int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = send(fd, text, len, MSG_NOSIGNAL);
		if (n <= 0)
			machine_dead(m, "send");
		text += n;
		len -= n;
	}
}

/* The answer's text behind "OK". Interrupt reports between are skipped. */
static const char *qtest_answer(struct machine *m)
{
	ssize_t n;

	do {
		n = read_line(m->qtest, m->line, sizeof(m->line));
		if (n < 0)
			machine_dead(m, "qtest");
	} while (!strncmp(m->line, "IRQ", 3));
	if (strncmp(m->line, "OK", 2))
		tap_fail(__FILE__, __LINE__, "qtest said: %.200s", m->line);
	return m->line[2] ? m->line + 3 : "";
}

static const char *qtest(struct machine *m, const char *format, ...)
{
	char text[256];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	send_all(m, m->qtest, text, n);
	return qtest_answer(m);
}

static char size_letter(unsigned int size)
{
	return size == 1 ? 'b' : size == 2 ? 'w' : size == 4 ? 'l' : 'q';
}

uint64_t mem_in(struct machine *m, uint64_t addr, unsigned int size)
{
	return strtoull(qtest(m, "read%c 0x%lx\n", size_letter(size), addr), NULL, 16);
}

void mem_out(struct machine *m, uint64_t addr, unsigned int size, uint64_t value)
{
	qtest(m, "write%c 0x%lx 0x%lx\n", size_letter(size), addr, value);
}

void mem_out2(struct machine *m, uint64_t a1, uint32_t v1, uint64_t a2, uint32_t v2)
{
	char text[256];
	int n = snprintf(text, sizeof(text), "writel 0x%lx 0x%x\nwritel 0x%lx 0x%x\n", a1, v1,
			 a2, v2);

	send_all(m, m->qtest, text, n);
	qtest_answer(m);
	qtest_answer(m);
}

#define TOGETHER 256

void mem_many(struct machine *m, struct access *a, size_t n)
{
	char text[TOGETHER * 48];
	size_t i, part, len;

	for (; n; n -= part, a += part) {
		part = n < TOGETHER ? n : TOGETHER;
		for (i = 0, len = 0; i < part; i++) {
			len += sprintf(text + len, a[i].read ? "read%c 0x%lx" : "write%c 0x%lx",
				       size_letter(a[i].size), a[i].addr);
			len += a[i].read ? sprintf(text + len, "\n") :
					   sprintf(text + len, " 0x%lx\n", a[i].value);
		}
		send_all(m, m->qtest, text, len);
		for (i = 0; i < part; i++) {
			const char *answer = qtest_answer(m);

			if (a[i].read)
				a[i].value = strtoull(answer, NULL, 16);
		}
	}
}

void mem_read(struct machine *m, uint64_t addr, void *buf, size_t len)
{
	const char *hex;
	unsigned int byte;
	uint8_t *p = buf;
	size_t i;

	if (!len)
		return;
	hex = qtest(m, "read 0x%lx 0x%zx\n", addr, len);
	CHECK(!strncmp(hex, "0x", 2) && strlen(hex) == 2 + 2 * len);
	for (i = 0; i < len; i++) {
		CHECK(sscanf(hex + 2 + 2 * i, "%2x", &byte) == 1);
		p[i] = byte;
	}
}

void mem_write(struct machine *m, uint64_t addr, const void *buf, size_t len)
{
	const uint8_t *p = buf;
	char *text;
	size_t i;
	int n;

	if (!len)
		return;
	text = malloc(64 + 2 * len);
	CHECK(text);
	n = sprintf(text, "write 0x%lx 0x%zx 0x", addr, len);
	for (i = 0; i < len; i++)
		n += sprintf(text + n, "%02x", p[i]);
	text[n++] = '\n';
	send_all(m, m->qtest, text, n);
	free(text);
	qtest_answer(m);
}

void mem_fill(struct machine *m, uint64_t addr, uint8_t value, size_t len)
{
	qtest(m, "memset 0x%lx 0x%zx 0x%x\n", addr, len, value);
}

void clock_step_us(struct machine *m, uint64_t us)
{
	qtest(m, "clock_step %lu\n", us * 1000);
}

uint32_t port_in(struct machine *m, uint16_t port)
{
	return strtoul(qtest(m, "inl 0x%x\n", port), NULL, 16);
}

void port_out(struct machine *m, uint16_t port, uint32_t value)
{
	qtest(m, "outl 0x%x 0x%x\n", port, value);
}

/* ---- QMP ----------------------------------------------------------------------------------- */

const char *qmp(struct machine *m, const char *format, ...)
{
	char text[1024] = "{";
	va_list ap;
	int n;

	va_start(ap, format);
	n = 1 + vsnprintf(text + 1, sizeof(text) - 3, format, ap);
	va_end(ap);
	text[n++] = '}';
	text[n++] = '\n';
	send_all(m, m->qmp, text, n);
	for (;;) {
		if (read_line(m->qmp, m->said, sizeof(m->said)) < 0)
			machine_dead(m, "QMP");
		if (strncmp(m->said, "{\"timestamp\"", 12))
			return m->said;
		/* An event: keep it for whoever will wait for it. */
		n = strlen(m->events);
		snprintf(m->events + n, sizeof(m->events) - n, "%s\n", m->said);
	}
}

void qmp_ok(struct machine *m, const char *format, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (strncmp(qmp(m, "%s", text), "{\"return\"", 9))
		tap_fail(__FILE__, __LINE__, "QMP said %.200s to %.200s", m->said, text);
}

void qmp_wait_event(struct machine *m, const char *name)
{
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "\"event\": \"%s\"", name);
	if (strstr(m->events, quoted)) {
		m->events[0] = 0;
		return;
	}
	do {
		if (read_line(m->qmp, m->said, sizeof(m->said)) < 0)
			machine_dead(m, name);
	} while (!strstr(m->said, quoted));
}

void knob(struct machine *m, const char *id, const char *name, const char *json)
{
	qmp_ok(m, "'execute': 'qom-set', 'arguments': "
	       "{'path': '%s', 'property': '%s', 'value': %s}", id, name, json);
}

/* ---- Life ---------------------------------------------------------------------------------- */

struct machine *machine_start(const char *const devices[])
{
	struct machine *m = machine_spawn(devices);

	if (read_line(m->qmp, m->said, sizeof(m->said)) < 0 || !strstr(m->said, "QMP"))
		machine_dead(m, "start");
	qmp_ok(m, "'execute': 'qmp_capabilities'");
	return m;
}

static int machine_reap(struct machine *m)
{
	int status = -1, i;

	for (i = 0; i < PATIENCE_MS / 10; i++) {
		if (waitpid(m->pid, &status, WNOHANG) == m->pid)
			return status;
		usleep(10000);
	}
	kill(m->pid, SIGKILL);
	waitpid(m->pid, &status, 0);
	tap_fail(__FILE__, __LINE__, "the emulator does not end");
	return status;
}

void machine_stop(struct machine *m)
{
	int status;

	qmp_ok(m, "'execute': 'quit'");
	status = machine_reap(m);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		machine_dead(m, "end");
	close(m->qtest);
	close(m->qmp);
	unlink(m->log);
	free(m);
}

const char *machine_refusal(const char *const devices[])
{
	static char text[1024];
	struct machine *m = machine_spawn(devices);
	int status = machine_reap(m);
	FILE *f = fopen(m->log, "r");
	char *line, *end;
	size_t n;

	CHECK(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = 0;
	fclose(f);
	unlink(m->log);
	free(m);
	CHECK_EQ(WIFEXITED(status) && WEXITSTATUS(status) == 1, 1);
	/* One line, behind what a sanitizer may have to say about itself. */
	line = strstr(text, "qemu-system");
	CHECK(line && (line == text || text[0] == '='));
	end = strchr(line, '\n');
	CHECK(end && !end[1]);
	*end = 0;
	line = strstr(line, "-device ");
	CHECK(line);
	return line;
}
