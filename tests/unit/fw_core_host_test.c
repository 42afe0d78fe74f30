// SPDX-License-Identifier: BSD-3-Clause
/*
 * coffer-card-host as a program: frames good and bad, many in flight, its start and its end
 * (firmware-sim/host/stream.h). COFFER_CARD_HOST names it.
 */
#include "fw_core.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bench bench;
static const char *program;

struct frame {
	struct coffer_frame_rep rep;
	uint8_t bytes[COFFER_CMD_MAX_PAYLOAD];
};

/* A card that is off. */
static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	bench_off(&bench);
	return 0;
}

static int close_it(void **state)
{
	struct bench *b = *state;
	struct stat st;
	char path[128];

	/* The host has gone when the card can be opened. */
	for (int i = 0; i < 200 && bench_on(b, NULL); i++)
		usleep(50000);
	assert_non_null(b->card);
	/* A host that was detached has nothing to complain of; sanitizers would. */
	snprintf(path, sizeof(path), "%s/host.log", b->path);
	if (!stat(path, &st))
		expect(st.st_size, 0);
	bench_close(b);
	return 0;
}

/* ---- Processes ------------------------------------------------------------------- */

static size_t take(int fd, void *to, size_t len);

/* Runs the program and gives what it said on standard error in b->err. */
static int host_run(struct bench *b, char *const argv[])
{
	int err[2], status;
	size_t n;
	pid_t pid;

	assert_false(pipe(err));
	pid = fork();
	if (!pid) {
		dup2(err[1], 2);
		close(err[0]);
		execv(program, argv);
		_exit(127);
	}
	close(err[1]);
	n = take(err[0], b->err, sizeof(b->err) - 1);
	b->err[n] = '\0';
	while (n && take(err[0], &status, 1))
		;
	close(err[0]);
	assert_true(waitpid(pid, &status, 0) == pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* As a client starts it: the line that it says. */
static void host_start(const char *dir, char line[256])
{
	int ready[2], status;
	char number[12];
	ssize_t n;
	pid_t pid;

	assert_false(pipe(ready));
	snprintf(number, sizeof(number), "%d", ready[1]);
	pid = fork();
	if (!pid) {
		close(ready[0]);
		execl(program, program, "serve", dir, "--ready-fd", number, NULL);
		_exit(127);
	}
	close(ready[1]);
	n = read(ready[0], line, 255);
	line[n > 0 ? n : 0] = '\0';
	close(ready[0]);
	assert_true(waitpid(pid, &status, 0) == pid);
	expect(status, 0);
}

static int host_connect(const struct bench *b)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/host.sock", b->path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a))) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* ---- Frames ---------------------------------------------------------------------- */

static void send_raw(int fd, const void *p, size_t len)
{
	assert_true(send(fd, p, len, MSG_NOSIGNAL) == (ssize_t)len);
}

static void send_frame(int fd, uint16_t opcode, uint32_t tag, const void *req, uint32_t len,
		       uint32_t room)
{
	struct coffer_frame_req f = {
		.magic = htole32(COFFER_FRAME_MAGIC), .opcode = htole16(opcode),
		.tag = htole32(tag), .req_len = htole32(len), .reply_len = htole32(room),
	};

	send_raw(fd, &f, sizeof(f));
	if (len)
		send_raw(fd, req, len);
}

/* Bytes read until @len or the end. */
static size_t take(int fd, void *to, size_t len)
{
	size_t at = 0;
	ssize_t n;

	while (at < len) {
		n = read(fd, (uint8_t *)to + at, len - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	return at;
}

static bool take_frame(int fd, struct frame *f)
{
	if (take(fd, &f->rep, sizeof(f->rep)) != sizeof(f->rep))
		return false;
	expect(f->rep.magic, COFFER_FRAME_MAGIC);
	expect(f->rep.reserved, 0);
	assert_true(f->rep.reply_len <= sizeof(f->bytes));
	return take(fd, f->bytes, f->rep.reply_len) == f->rep.reply_len;
}

static void hello(int fd)
{
	struct coffer_frame_req f;

	send_frame(fd, COFFER_FRAME_HELLO, COFFER_FRAME_VERSION, NULL, 0, 0);
	expect(take(fd, &f, sizeof(f)), sizeof(f));
	expect(f.magic, COFFER_FRAME_MAGIC);
	expect(f.opcode, COFFER_FRAME_HELLO);
	expect(f.tag, COFFER_FRAME_VERSION);
	expect(f.req_len | f.reply_len | f.reserved | f.flags, 0);
}

static int connected(struct bench *b)
{
	char line[256];
	int fd = host_connect(b);

	if (fd < 0) {
		host_start(b->path, line);
		assert_string_equal(line, "ok\n");
		fd = host_connect(b);
	}
	assert_true(fd >= 0);
	hello(fd);
	return fd;
}

static uint32_t command(int fd, uint16_t opcode, const void *req, uint32_t len, struct frame *f)
{
	send_frame(fd, opcode, 1, req, len, 65536);
	assert_true(take_frame(fd, f));
	expect(f->rep.tag, 1);
	expect(f->rep.error, 0);
	return f->rep.verdict;
}

/* ---- Tests ----------------------------------------------------------------------- */

static struct frame frame;

static void frames_and_sessions(void **state)
{
	struct bench *b = *state;
	uint32_t open[2] = { 1, 1 }, info[2];
	int one = connected(b), two = connected(b);

	expect(command(one, COFFER_CMD_ECHO, "abc", 3, &frame), 0);
	expect(frame.rep.reply_len, 3);
	assert_memory_equal(frame.bytes, "abc", 3);
	expect(command(one, COFFER_CMD_SESSION_OPEN, open, 8, &frame), 0);
	memcpy(info, frame.bytes, 8);
	expect(command(one, COFFER_CMD_SESSION_INFO, info, 8, &frame), 0);
	/* Connections are owners. */
	expect(command(two, COFFER_CMD_SESSION_INFO, info, 8, &frame),
	       COFFER_ST_SESSION_HANDLE_INVALID);
	close(one);
	one = connected(b);
	expect(command(one, COFFER_CMD_SESSION_INFO, info, 8, &frame),
	       COFFER_ST_SESSION_HANDLE_INVALID);
	close(one);
	close(two);
}

static void refused_opcodes(void **state)
{
	struct bench *b = *state;
	int fd = connected(b);
	uint64_t id = 0;

	send_frame(fd, COFFER_CMD_OWNER_OPEN, 5, &id, 8, 8);
	assert_true(take_frame(fd, &frame));
	expect(frame.rep.error, EPERM);
	send_frame(fd, 0x1234, 6, NULL, 0, 8);
	assert_true(take_frame(fd, &frame));
	expect(frame.rep.error, EOPNOTSUPP);
	expect(frame.rep.tag, 6);
	/* To cancel what is not there is nothing. */
	send_frame(fd, COFFER_FRAME_CANCEL, 77, NULL, 0, 0);
	expect(command(fd, COFFER_CMD_ECHO, "still here", 10, &frame), 0);
	close(fd);
}

static void many_in_flight(void **state)
{
	struct bench *b = *state;
	bool seen[400] = { false };
	uint8_t payload[2000];
	int fd = connected(b);
	uint32_t i;

	for (i = 0; i < 400; i++) {
		memset(payload, (int)i, sizeof(payload));
		send_frame(fd, COFFER_CMD_ECHO, i + 1, payload, i * 5, sizeof(payload));
		/* The sockets' buffers are not endless: read now and then. */
		if (i % 40 != 39)
			continue;
		for (int k = 0; k < 40; k++) {
			uint32_t tag;

			assert_true(take_frame(fd, &frame));
			tag = frame.rep.tag;
			assert_true(tag >= 1 && tag <= 400 && !seen[tag - 1]);
			seen[tag - 1] = true;
			expect(frame.rep.reply_len, (tag - 1) * 5);
			assert_true(tag == 1 || frame.bytes[0] == (uint8_t)(tag - 1));
		}
	}
	for (i = 0; i < 400; i++)
		assert_true(seen[i]);
	close(fd);
}

/* A connection whose replies nobody reads keeps nobody else waiting. */
static void deaf_client(void **state)
{
	static uint8_t payload[COFFER_CMD_MAX_PAYLOAD];
	struct bench *b = *state;
	int deaf = connected(b), fd = connected(b);
	struct pollfd p = { .fd = deaf, .events = POLLOUT };
	struct coffer_frame_req f = {
		.magic = COFFER_FRAME_MAGIC, .opcode = COFFER_CMD_ECHO,
		.req_len = sizeof(payload), .reply_len = sizeof(payload),
	};
	int i;

	for (i = 0; i < 100 && poll(&p, 1, 200) > 0; i++) {
		f.tag = (uint32_t)i;
		if (send(deaf, &f, sizeof(f), MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof(f) ||
		    send(deaf, payload, sizeof(payload), MSG_DONTWAIT | MSG_NOSIGNAL) !=
		    sizeof(payload))
			break;
	}
	for (i = 0; i < 50; i++)
		expect(command(fd, COFFER_CMD_ECHO, "x", 1, &frame), 0);
	close(deaf);
	expect(command(fd, COFFER_CMD_ECHO, "x", 1, &frame), 0);
	close(fd);
}

/* The connection ends after an answer with EPROTO; the host and the others go on. */
static void expect_protocol_error(struct bench *b, const struct coffer_frame_req *f,
				  bool first)
{
	int fd = host_connect(b);

	assert_true(fd >= 0);
	if (!first)
		hello(fd);
	send_raw(fd, f, sizeof(*f));
	assert_true(take_frame(fd, &frame));
	expect(frame.rep.error, EPROTO);
	expect(frame.rep.reply_len, 0);
	expect(take(fd, &frame, 1), 0);
	close(fd);
}

static void malformed_frames(void **state)
{
	struct bench *b = *state;
	int other = connected(b);
	const struct coffer_frame_req good = { .magic = COFFER_FRAME_MAGIC,
					       .opcode = COFFER_CMD_ECHO, .tag = 9 };
	struct coffer_frame_req f = good;

	f.magic ^= 1;
	expect_protocol_error(b, &f, false);
	expect_protocol_error(b, &f, true);
	expect_protocol_error(b, &good, true);
	f = good;
	f.flags = 1;
	expect_protocol_error(b, &f, false);
	f = good;
	f.reserved = 1;
	expect_protocol_error(b, &f, false);
	f = good;
	f.req_len = COFFER_CMD_MAX_PAYLOAD + 1;
	expect_protocol_error(b, &f, false);
	f.req_len = 0xffffffff;
	expect_protocol_error(b, &f, false);
	f = good;
	f.reply_len = COFFER_CMD_MAX_PAYLOAD + 1;
	expect_protocol_error(b, &f, false);
	f = good;
	f.opcode = COFFER_FRAME_HELLO;
	expect_protocol_error(b, &f, false);
	f.opcode = COFFER_FRAME_CANCEL;
	f.req_len = 4;
	expect_protocol_error(b, &f, false);
	expect(command(other, COFFER_CMD_ECHO, "x", 1, &frame), 0);
	close(other);
}

/* Cut off anywhere: nothing is answered, nothing breaks. */
static void truncated_frames(void **state)
{
	struct bench *b = *state;
	int other = connected(b), fd;
	struct coffer_frame_req f = { .magic = COFFER_FRAME_MAGIC, .opcode = COFFER_CMD_ECHO,
				      .req_len = 100, .reply_len = 100 };
	uint8_t bytes[sizeof(f) + 50] = { 0 };
	size_t cut;

	memcpy(bytes, &f, sizeof(f));
	for (cut = 1; cut <= sizeof(bytes); cut += 5) {
		fd = host_connect(b);
		assert_true(fd >= 0);
		hello(fd);
		send_raw(fd, bytes, cut);
		close(fd);
	}
	expect(command(other, COFFER_CMD_ECHO, "x", 1, &frame), 0);
	close(other);
}

/* Who ends only its sending side still gets the answers. */
static void half_closed(void **state)
{
	struct bench *b = *state;
	int fd = connected(b), i;

	for (i = 0; i < 20; i++)
		send_frame(fd, COFFER_CMD_ECHO, (uint32_t)i, "hello", 5, 5);
	shutdown(fd, SHUT_WR);
	for (i = 0; i < 20; i++)
		assert_true(take_frame(fd, &frame) && frame.rep.reply_len == 5);
	expect(take(fd, &frame, 1), 0);
	close(fd);
}

static void start_and_end(void **state)
{
	struct bench *b = *state;
	char line[256], path[128];
	struct stat st;
	int fd = connected(b), lock, i;

	snprintf(path, sizeof(path), "%s/host.sock", b->path);
	expect(stat(path, &st), 0);
	expect(st.st_mode & 0777, 0600);
	/* Only one. */
	host_start(b->path, line);
	expect(strncmp(line, "errno 16: card ", 15), 0);
	assert_non_null(strstr(line, "in use by another process"));
	/* It stays while somebody holds start.lock, though nobody is connected. */
	snprintf(path, sizeof(path), "%s/start.lock", b->path);
	lock = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(lock >= 0 && !flock(lock, LOCK_EX));
	close(fd);
	usleep(1000000);
	fd = host_connect(b);
	assert_true(fd >= 0);
	hello(fd);
	close(fd);
	close(lock);
	/* Then it goes, and leaves no socket. */
	for (i = 0; i < 100 && bench_on(b, NULL); i++)
		usleep(50000);
	assert_true(i < 100);
	bench_off(b);
	snprintf(path, sizeof(path), "%s/host.sock", b->path);
	assert_true(access(path, F_OK) && errno == ENOENT);
	host_start("/nonexistent", line);
	expect(strncmp(line, "errno 2: ", 9), 0);
}

/* Clients that come and go all the time find a host always. */
static void *comer(void *arg)
{
	struct bench *b = arg;
	char path[128], line[256];
	int i, lock, fd;

	snprintf(path, sizeof(path), "%s/start.lock", b->path);
	for (i = 0; i < 6; i++) {
		lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (lock < 0 || flock(lock, LOCK_EX))
			return "start.lock";
		fd = host_connect(b);
		if (fd < 0) {
			host_start(b->path, line);
			if (strcmp(line, "ok\n"))
				return strdup(line);
			fd = host_connect(b);
		}
		if (fd < 0)
			return "no host";
		hello(fd);
		close(lock);
		close(fd);
		/* About as long as a host waits before it ends. */
		usleep(280000 + 10000 * (useconds_t)i);
	}
	return NULL;
}

static void comers_and_goers(void **state)
{
	struct bench *b = *state;
	pthread_t threads[3];
	void *complaint;
	int i;

	for (i = 0; i < 3; i++) {
		assert_false(pthread_create(&threads[i], NULL, comer, b));
		usleep(100000);
	}
	for (i = 0; i < 3; i++) {
		pthread_join(threads[i], &complaint);
		if (complaint)
			fail_msg("%s", (char *)complaint);
	}
}

static long holder(const struct bench *b)
{
	char path[128], text[32] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/lock", b->path);
	fd = open(path, O_RDONLY);
	expect(read(fd, text, sizeof(text) - 1) > 0, 1);
	close(fd);
	return strtol(text, NULL, 10);
}

static void signal_ends_it_cleanly(void **state)
{
	struct bench *b = *state;
	int fd = connected(b);

	expect(kill((pid_t)holder(b), SIGTERM), 0);
	expect(take(fd, &frame, 1), 0);
	close(fd);
	/* Killed without a chance: the next one takes over. */
	for (int i = 0; i < 100 && bench_on(b, NULL); i++)
		usleep(50000);
	assert_non_null(b->card);
	bench_off(b);
	fd = connected(b);
	expect(kill((pid_t)holder(b), SIGKILL), 0);
	expect(take(fd, &frame, 1), 0);
	close(fd);
	for (int i = 0; i < 100 && bench_on(b, NULL); i++)
		usleep(50000);
	assert_non_null(b->card);
	bench_off(b);
	fd = connected(b);
	expect(command(fd, COFFER_CMD_ECHO, "x", 1, &frame), 0);
	close(fd);
}

static void standard_input_and_output(void **state)
{
	struct bench *b = *state;
	int ends[2], status, i;
	pid_t pid;

	assert_false(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	pid = fork();
	if (!pid) {
		dup2(ends[1], 0);
		dup2(ends[1], 1);
		execl(program, program, "serve", "--stdio", b->path, NULL);
		_exit(127);
	}
	close(ends[1]);
	hello(ends[0]);
	for (i = 0; i < 50; i++)
		expect(command(ends[0], COFFER_CMD_ECHO, "pipe", 4, &frame), 0);
	close(ends[0]);
	assert_true(waitpid(pid, &status, 0) == pid);
	expect(status, 0);
}

static void command_line(void **state)
{
	struct bench *b = *state;
	char made[128], file[128];
	char *const nothing[] = { "coffer-card-host", NULL };
	char *const nonsense[] = { "coffer-card-host", "nonsense", NULL };
	char *const create[] = { "coffer-card-host", "create", "-profile", "pcie-7.4",
				 "-kdf-cost", "test", "-serial", "77", made, NULL };
	char *const serial[] = { "coffer-card-host", "create", "-serial", "x1", made, NULL };
	char *const profile[] = { "coffer-card-host", "create", "-profile", "x", made, NULL };
	char *const export[] = { "coffer-card-host", "export", made, file, NULL };
	char *const import[] = { "coffer-card-host", "import", file, made, NULL };
	char *const serve[] = { "coffer-card-host", "serve", "/nonexistent", NULL };

	snprintf(made, sizeof(made), "%s/made", b->dir);
	snprintf(file, sizeof(file), "%s/file", b->dir);
	expect(host_run(b, nothing), 2);
	expect(host_run(b, nonsense), 2);
	expect(host_run(b, serial), 2);
	expect(host_run(b, profile), 1);
	assert_string_equal(b->err, "coffer-card-host: there is no profile \"x\"\n");
	expect(host_run(b, create), 0);
	expect(host_run(b, create), 1);
	expect(host_run(b, export), 0);
	expect(host_run(b, import), 1);
	expect(host_run(b, serve), 1);
	expect(strncmp(b->err, "coffer-card-host: /nonexistent", 30), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(frames_and_sessions),
		T(refused_opcodes),
		T(many_in_flight),
		T(deaf_client),
		T(malformed_frames),
		T(truncated_frames),
		T(half_closed),
		T(start_and_end),
		T(comers_and_goers),
		T(signal_ends_it_cleanly),
		T(standard_input_and_output),
		T(command_line),
	};

	program = getenv("COFFER_CARD_HOST");
	if (!program) {
		fprintf(stderr, "COFFER_CARD_HOST is not set\n");
		return 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
