// SPDX-License-Identifier: BSD-3-Clause
/*
 * Power cuts at every write of the store, at every moment of a card's life, and what was put
 * back, damaged or torn meanwhile. After each: the state before or the state after, never
 * something between, and no free try for a password.
 */
#include "fw_core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "card.h"
#include "nv.h"

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

static void shell(struct bench *b, const char *format)
{
	char text[400];

	snprintf(text, sizeof(text), format, b->path, b->path, b->path);
	expect(system(text), 0);
}

/* The card as it was when it was kept: folder to DIR.kept and back. */
static void keep(struct bench *b)
{
	bench_off(b);
	shell(b, "rm -rf %s.kept; cp -a %s %s.kept");
}

static void put_back(struct bench *b)
{
	if (b->card)
		bench_off(b);
	shell(b, "rm -rf %s; cp -a %s.kept %s");
}

/* What can be told of a card from outside. */
struct facts {
	bool card_init, part_init, co_init;
	bool so, po, co, new_co;
};

static bool can(struct bench *b, uint32_t part, uint32_t role, const char *pin)
{
	uint32_t s = session_open(b, b->owner, part, true, NULL), st;

	st = login(b, s, role, pin);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, s), 0);
	return st == COFFER_ST_OK;
}

static void facts_of(struct bench *b, struct facts *f)
{
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	f->card_init = word(b, 8) & COFFER_PART_INITIALIZED;
	f->part_init = word(b, 64) & COFFER_PART_INITIALIZED;
	f->co_init = word(b, 64) & COFFER_PART_CO_INITIALIZED;
	f->so = can(b, 0, COFFER_ROLE_SO, SO_PIN);
	f->po = can(b, 1, COFFER_ROLE_PO, PO_PIN);
	f->co = can(b, 1, COFFER_ROLE_CO, CO_PIN);
	f->new_co = can(b, 1, COFFER_ROLE_CO, "new password");
}

/* A command, given after the power-on that will be cut. */
typedef uint32_t deed_fn(struct bench *b);

/*
 * Cut at the n-th write for n = 1, 2, ...: what the card is afterwards must be what @before or
 * @after says; and @after when it was acknowledged.
 */
static void cut_everywhere(struct bench *b, deed_fn *deed, const struct facts *before,
			   const struct facts *after)
{
	struct facts now;
	uint32_t st, n, whole = 0;

	keep(b);
	for (n = 1; n < 200; n++) {
		struct fw_open how = { .power_cut_at_write = n };

		put_back(b);
		expect(bench_on(b, &how), 0);
		st = deed(b);
		bench_off(b);
		expect(bench_on(b, NULL), 0);
		facts_of(b, &now);
		/* What is told follows the key; the rows behind it are gone, too. */
		assert_int_equal(nv_pending(b->card->nv), NV_CLEAR_NONE);
		if (memcmp(&now, after, sizeof(now)) &&
		    (!st || memcmp(&now, before, sizeof(now))))
			fail_msg("cut at write %u: verdict 0x%08x, card between two states", n,
				 st);
		/* Twice whole: the cut came after the deed. */
		if (!st && ++whole == 2)
			return;
	}
	fail_msg("the deed never ended");
}

static uint32_t deed_init(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	return init_ask(b, COFFER_CMD_PARTITION_INIT, s, "one", PO_PIN, "d");
}

static void cut_partition_init(void **state)
{
	static const struct facts before, after = { .part_init = true, .po = true };

	cut_everywhere(*state, deed_init, &before, &after);
}

static uint32_t deed_change(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	return role_change(b, s, COFFER_ROLE_CO, CO_PIN, "new password");
}

static void cut_change_of_password(void **state)
{
	static const struct facts before = { .part_init = true, .co_init = true, .po = true,
					     .co = true };
	static const struct facts after = { .part_init = true, .co_init = true, .po = true,
					    .new_co = true };

	partition_ready(*state);
	cut_everywhere(*state, deed_change, &before, &after);
}

static uint32_t deed_zeroize(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 0, true, NULL);

	return session_only(b, COFFER_CMD_HSM_ZEROIZE, s);
}

/* The key goes first: whether or not the rows followed, the card is empty after power-on. */
static void cut_zeroize(void **state)
{
	static const struct facts after;

	hsm_ready(*state);
	partition_ready(*state);
	cut_everywhere(*state, deed_zeroize, &after, &after);
}

static uint32_t deed_reset(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 0, true, NULL);

	return session_only(b, COFFER_CMD_HSM_FACTORY_RESET, s);
}

static void cut_factory_reset(void **state)
{
	static const struct facts after;

	hsm_ready(*state);
	partition_ready(*state);
	cut_everywhere(*state, deed_reset, &after, &after);
}

/* HSM_INIT may end in three states: as before (never: the key goes first), empty, initialised. */
static uint32_t deed_hsm_init(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 0, true, NULL);

	return init_ask(b, COFFER_CMD_HSM_INIT, s, "card", SO_PIN, NULL);
}

static void cut_hsm_init(void **state)
{
	static const struct facts before, after = { .card_init = true, .so = true };

	partition_ready(*state);
	cut_everywhere(*state, deed_hsm_init, &before, &after);
}

/* ---- Login ----------------------------------------------------------------------- */

static uint32_t left_of(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	return attempts_left(b, s, COFFER_ROLE_CO);
}

/* Killed by the cut of everything at any store write: the attempt was counted before. */
static void no_free_try(void **state)
{
	struct bench *b = *state;
	uint32_t n, s;

	partition_ready(b);
	for (n = 1; n <= 9; n++) {
		struct fw_open how = { .power_cut_at_write = n };

		bench_off(b);
		expect(bench_on(b, &how), 0);
		s = session_open(b, b->owner, 1, true, NULL);
		expect(login(b, s, COFFER_ROLE_CO, "wrong"), COFFER_ST_PIN_INCORRECT);
		bench_off(b);
		expect(bench_on(b, NULL), 0);
		expect(left_of(b), 10 - n);
	}
}

static int nv_open_fd(const struct bench *b)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/nv", b->path);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	return fd;
}

/* Slots are at 32 and 48 KiB. A torn write hits the one that was being written. */
static void torn_nv_slot(void **state)
{
	struct bench *b = *state;
	uint8_t old[16384], new[16384];
	uint32_t s, cut;
	int fd, newer;

	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_CO, "wrong"), COFFER_ST_PIN_INCORRECT);
	bench_off(b);
	fd = nv_open_fd(b);
	expect(pread(fd, old, sizeof(old), 32768), sizeof(old));
	expect(pread(fd, new, sizeof(new), 49152), sizeof(new));
	/* Sequence numbers are at 8. */
	newer = memcmp(old + 8, new + 8, 1) > 0 ? 0 : 1;
	for (cut = 1; cut < 100; cut += 7) {
		expect(pwrite(fd, (newer ? old : new), cut, newer ? 49152 : 32768), cut);
		expect(bench_on(b, NULL), 0);
		/* The slot before: the same count, which was written twice. */
		expect(left_of(b), 9);
		bench_off(b);
		expect(pwrite(fd, old, sizeof(old), 32768), sizeof(old));
		expect(pwrite(fd, new, sizeof(new), 49152), sizeof(new));
	}
	/* Both gone, or the factory block: no card. */
	expect(pwrite(fd, "x", 1, 32768 + 30), 1);
	expect(pwrite(fd, "x", 1, 49152 + 30), 1);
	expect(bench_on(b, NULL), -EBADMSG);
	expect(pwrite(fd, old, sizeof(old), 32768), sizeof(old));
	expect(pwrite(fd, "x", 1, 100), 1);
	expect(bench_on(b, NULL), -EBADMSG);
	assert_false(ftruncate(fd, 40000));
	expect(bench_on(b, NULL), -EBADMSG);
	close(fd);
	shell(b, "rm -rf %s && mkdir %s && touch %s/lock");
	expect(bench_on(b, NULL), -ENOENT);
	expect(fw_card_create(b->path, NULL, b->err, sizeof(b->err)), -EEXIST);
	shell(b, "rm -rf %s");
	expect(fw_card_create(b->path, &(struct fw_create){ .kdf_test = true }, b->err,
			      sizeof(b->err)), 0);
	expect(bench_on(b, NULL), 0);
}

/* ---- Roll-back ------------------------------------------------------------------- */

static void old_store_is_refused(void **state)
{
	struct bench *b = *state;

	partition_ready(b);
	keep(b);
	expect(bench_on(b, NULL), 0);
	hsm_ready(b);
	bench_off(b);
	/* The old store under the newer nv. */
	shell(b, "cp -a %s.kept/store %s/store && true %s");
	expect(bench_on(b, NULL), -ESTALE);
	assert_non_null(strstr(b->err, "rolled back"));
	/* The whole folder of before is accepted: README says what this cannot see. */
	put_back(b);
	expect(bench_on(b, NULL), 0);
	assert_true(can(b, 1, COFFER_ROLE_CO, CO_PIN));
}

/* Switched off without a word: the attempt to log in had taken the mark along. */
static void old_store_after_a_crash(void **state)
{
	struct bench *b = *state;
	uint32_t admin;

	partition_ready(b);
	keep(b);
	expect(bench_on(b, NULL), 0);
	admin = hsm_ready(b);
	expect(session_only(b, COFFER_CMD_LOGOUT, admin), 0);
	expect(login(b, admin, COFFER_ROLE_SO, "wrong"), COFFER_ST_PIN_INCORRECT);
	/* What a crash leaves of nv. */
	shell(b, "cp %s/nv %s.nv && true %s");
	bench_off(b);
	shell(b, "cp %s.kept/store %s/store && cp %s.nv /dev/null");
	shell(b, "cp %s.nv %s/nv && true %s");
	expect(bench_on(b, NULL), -ESTALE);
	put_back(b);
	expect(bench_on(b, NULL), 0);
}

/* A store that is newer than nv (nv put back) has lost its key or counters: those of nv count. */
static void newer_and_foreign_store(void **state)
{
	struct bench *b = *state;
	char path[128];
	int fd;

	partition_ready(b);
	bench_off(b);
	snprintf(path, sizeof(path), "%s/store", b->path);
	fd = open(path, O_RDWR);
	expect(pwrite(fd, "\0\0\0\7", 4, 60), 4);
	expect(bench_on(b, NULL), -ENOTSUP);
	assert_non_null(strstr(b->err, "newer version"));
	expect(pwrite(fd, "\0\0\0\1", 4, 60), 4);
	expect(pwrite(fd, "abcd", 4, 68), 4);
	expect(bench_on(b, NULL), -EBADMSG);
	expect(pwrite(fd, "COFR", 4, 68), 4);
	expect(bench_on(b, NULL), 0);
	close(fd);
}

/* A sealed value that was moved or changed does not open: the card says so at power-on. */
static void sealed_values_are_bound(void **state)
{
	struct bench *b = *state;

	partition_ready(b);
	bench_off(b);
	shell(b, "cp -a %s %s.copy; "
	      "python3 - %s/store <<'E'\n"
	      "import sqlite3,sys\n"
	      "c=sqlite3.connect(sys.argv[1])\n"
	      "c.execute(\"update vals set value=(select value from vals where name='key'"
	      " and scope=1) where name='domain' and scope=1\")\n"
	      "c.commit()\nE");
	expect(bench_on(b, NULL), -EBADMSG);
	shell(b, "rm -rf %s && mv %s.copy %s");
	expect(bench_on(b, NULL), 0);
}

/* ---- Time of day ----------------------------------------------------------------- */

static time_t clock_shift;	/* seconds that the time of day is wrong by */

/* In place of libc's. */
int clock_gettime(clockid_t id, struct timespec *t)
{
	int rc = (int)syscall(SYS_clock_gettime, id, t);

	if (!rc && id == CLOCK_REALTIME)
		t->tv_sec += clock_shift;
	return rc;
}

/* Failed proofs of cloning: the wait cannot be moved by whoever sets the clock, nor by power. */
static void clone_wait_ignores_the_date(void **state)
{
	static uint64_t ahead;		/* the card looks at it to the end */
	const time_t year = 365 * 86400;
	struct bench *b = *state;
	struct fw_partition *p = partition_find(b->card, 1);
	uint64_t now = clock_wall_ms();
	struct fw_open how = { .uptime_ahead_ms = &ahead };
	struct clone_attempt a;
	int i;

	for (i = 0; i < 12; i++)
		expect(card_clone_failed(b->card, p, &a), 0);
	clock_shift = year;
	assert_true(clock_wall_ms() > now + 1000);
	assert_in_range(partition_clone_wait_ms(p), 290000, 300000);
	clock_shift = -year;
	assert_in_range(partition_clone_wait_ms(p), 290000, 300000);
	/* As if it had failed at power-on, whatever the date was. */
	bench_off(b);
	clock_shift = year;
	expect(bench_on(b, &how), 0);
	clock_shift = 0;
	p = partition_find(b->card, 1);
	expect(partition_clone_failures(p), 12);
	assert_in_range(partition_clone_wait_ms(p), 290000, 300000);
	/* It ends by itself. */
	ahead = 300000;
	expect(partition_clone_wait_ms(p), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(cut_partition_init),
		T(cut_change_of_password),
		T(cut_zeroize),
		T(cut_factory_reset),
		T(cut_hsm_init),
		T(no_free_try),
		T(torn_nv_slot),
		T(old_store_is_refused),
		T(old_store_after_a_crash),
		T(newer_and_foreign_store),
		T(sealed_values_are_bound),
		T(clone_wait_ignores_the_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
