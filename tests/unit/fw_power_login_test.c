// SPDX-License-Identifier: BSD-3-Clause
/*
 * Power cuts between an attempt to log in and its verdict (quality.md A5): whoever cuts the power
 * gets no more passwords checked than the limit allows. A child process has the card and is killed
 * at a random point: before, within or after each write of the card's permanent memory, with that
 * write lost or kept, before or after the password was looked at, or after any time at all.
 *
 * COFFER_CUTS: how many cuts (200). COFFER_SEED: repeats a run.
 */
#include "fw_core.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"

#define ATTEMPTS_OF_A_ROUND	40

static struct bench bench;
static unsigned int seed;

/* ---- What both processes see ------------------------------------------------------- */

static struct shared {
	uint32_t checked;	/* passwords that were stretched and compared, in this round */
	uint32_t answered;	/* of the last attempt */
	uint32_t verdict;
} *shared;

/* ---- Where the power goes ----------------------------------------------------------- */

enum where {
	BEFORE_WRITE, TORN_WRITE, AFTER_WRITE, WRITE_LOST, AFTER_SYNC,	/* of the n-th write */
	BEFORE_CHECK, AFTER_CHECK,
	AT_ANY_TIME,
	NOWHERE,
	WHERES,
};

/* The child's. */
static struct {
	bool armed;
	bool asked;		/* a password is on its way */
	enum where where;
	unsigned int n;		/* writes of nv until it strikes */
	ino_t nv;
} cut;

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

static bool is_nv(int fd)
{
	struct stat st;

	return cut.armed && !fstat(fd, &st) && st.st_ino == cut.nv;
}

static ssize_t really_write(int fd, const void *p, size_t len, off_t at)
{
	return syscall(SYS_pwrite64, fd, p, len, at);
}

/* In place of libc's. */
ssize_t pwrite(int fd, const void *p, size_t len, off_t at)
{
	static uint8_t before[65536];
	ssize_t old;

	if (!is_nv(fd) || cut.where > AFTER_SYNC || --cut.n)
		return really_write(fd, p, len, at);
	switch (cut.where) {
	case BEFORE_WRITE:
		die();
		break;
	case TORN_WRITE:
		really_write(fd, p, len * (size_t)(rand() % 100) / 100, at);
		die();
		break;
	case AFTER_WRITE:
		really_write(fd, p, len, at);
		die();
		break;
	case WRITE_LOST:
		/* It was in the host's memory only. */
		old = pread(fd, before, len, at);
		really_write(fd, p, len, at);
		if (old > 0)
			really_write(fd, before, (size_t)old, at);
		die();
		break;
	default:
		break;
	}
	return really_write(fd, p, len, at);
}

int fdatasync(int fd)
{
	int rc = (int)syscall(SYS_fdatasync, fd);

	if (is_nv(fd) && cut.where == AFTER_SYNC && !cut.n)
		die();
	return rc;
}

/* The linker puts it in place of the firmware's (--wrap): each run of it looks at a password. */
uint32_t __real_crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
			      uint32_t iterations, uint8_t *out, size_t len);
uint32_t __wrap_crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
			      uint32_t iterations, uint8_t *out, size_t len);
uint32_t __wrap_crypto_pbkdf2(struct crypto *c, struct bytes secret, struct bytes salt,
			      uint32_t iterations, uint8_t *out, size_t len)
{
	uint32_t st;

	if (cut.asked && cut.where == BEFORE_CHECK)
		die();
	st = __real_crypto_pbkdf2(c, secret, salt, iterations, out, len);
	if (cut.asked) {
		shared->checked++;
		if (cut.where == AFTER_CHECK)
			die();
	}
	return st;
}

/* ---- One attempt --------------------------------------------------------------------- */

struct target {
	uint32_t part;
	uint32_t role;
	uint32_t limit;
};

static void child(struct bench *b, const struct target *t)
{
	struct fw_open how = { .workers = 1 };
	struct stat st;
	char path[128];
	uint32_t s;

	snprintf(path, sizeof(path), "%s/nv", b->path);
	if (stat(path, &st))
		_exit(3);
	cut.nv = st.st_ino;
	/* One in eight strikes while the card comes up and finishes what was begun. */
	cut.armed = rand() % 8 == 0;
	if (bench_on(b, &how)) {
		fprintf(stderr, "the card does not open: %s\n", b->err);
		_exit(4);
	}
	s = session_open(b, b->owner, t->part, true, NULL);
	cut.armed = cut.asked = true;
	shared->verdict = login(b, s, t->role, "not the password");
	shared->answered = 1;
	cut.armed = cut.asked = false;
	bench_off(b);
	_exit(0);
}

/* False: the child was not killed. */
static bool attempt(struct bench *b, const struct target *t)
{
	const struct timespec some = { .tv_nsec = rand() % 30000000 };
	int status;
	pid_t pid;

	shared->answered = 0;
	cut.where = (enum where)(rand() % WHERES);
	cut.n = 1 + (unsigned int)rand() % 3;
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		child(b, t);
	if (cut.where == AT_ANY_TIME) {
		nanosleep(&some, NULL);
		kill(pid, SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status))
		fail_msg("seed %u: the child ended with %d", seed, WEXITSTATUS(status));
	return WIFSIGNALED(status);
}

/* ---- Rounds ---------------------------------------------------------------------------- */

static void shell(const char *format, const char *path)
{
	char text[400];

	snprintf(text, sizeof(text), format, path, path, path);
	assert_int_equal(system(text), 0);
}

static unsigned int number_of(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text && *text ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

/* Attempts until the card says that there are no more, or long enough. Cuts in it. */
static unsigned int round_of(struct bench *b, const struct target *t)
{
	unsigned int cuts = 0, i;

	shell("rm -rf %s && cp -a %s.kept %s", b->path);
	shared->checked = 0;
	for (i = 0; i < ATTEMPTS_OF_A_ROUND; i++) {
		cuts += attempt(b, t);
		if (shared->checked > t->limit)
			fail_msg("seed %u: role %u had %u passwords checked, the limit is %u",
				 seed, t->role, shared->checked, t->limit);
		if (shared->answered && shared->verdict != (uint32_t)COFFER_ST_PIN_INCORRECT)
			break;
	}
	return cuts;
}

/* What an erasure left is a card that opens and can be used again. */
static void card_is_sound(struct bench *b, const struct target *t)
{
	uint32_t s;

	if (bench_on(b, NULL))
		fail_msg("seed %u: %s", seed, b->err);
	s = session_open(b, b->owner, 0, true, NULL);
	if (t->role == COFFER_ROLE_SO)
		expect(session_only(b, COFFER_CMD_HSM_ZEROIZE, s), 0);
	bench_off(b);
}

static void no_free_try(void **state)
{
	static const struct target targets[] = {
		{ 1, COFFER_ROLE_CO, 10 }, { 0, COFFER_ROLE_SO, 3 }, { 1, COFFER_ROLE_PO, 10 },
	};
	unsigned int want = number_of("COFFER_CUTS", 200), cuts = 0, rounds = 0, most[3] = { 0 };
	struct bench *b = *state;

	seed = number_of("COFFER_SEED", (unsigned int)time(NULL));
	srand(seed);
	print_message("seed %u, %u cuts wanted\n", seed, want);
	for (; cuts < want; rounds++) {
		const struct target *t = &targets[rounds % 3];

		cuts += round_of(b, t);
		card_is_sound(b, t);
		if (shared->checked > most[rounds % 3])
			most[rounds % 3] = shared->checked;
	}
	print_message("%u cuts in %u rounds; passwords checked in a round, at most: "
		      "CO %u of 10, HSM SO %u of 3, Partition SO %u of 10\n", cuts, rounds,
		      most[0], most[1], most[2]);
	/* The wrapper counts: otherwise nothing was shown. */
	assert_true(most[0] + most[1] + most[2] > 0);
}

static int begin(void **state)
{
	struct bench *b = &bench;
	uint32_t so;

	*state = b;
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	assert_ptr_not_equal(shared, MAP_FAILED);
	bench_open(b, NULL);
	so = hsm_ready(b);
	partition_ready(b);
	expect(session_only(b, COFFER_CMD_LOGOUT, so), 0);
	bench_off(b);
	shell("cp -a %s %s.kept && test -d %s", b->path);
	return 0;
}

static int end(void **state)
{
	struct bench *b = *state;

	if (!b->card && bench_on(b, NULL))
		return -1;
	bench_close(b);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(no_free_try) };

	return cmocka_run_group_tests(tests, begin, end);
}
