// SPDX-License-Identifier: BSD-3-Clause
/* Cards: made, locked, identified, initialised, erased, moved; their partitions. */
#include "fw_core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attr.h"
#include "card.h"

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

static int create(struct bench *b, const char *name, const struct fw_create *how)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", b->dir, name);
	return fw_card_create(path, how, b->err, sizeof(b->err));
}

static uint32_t partition_delete(struct bench *b, uint32_t admin, uint32_t id)
{
	uint32_t req[4] = { admin, id, 0, 0 };

	return ask(b, COFFER_CMD_PARTITION_DELETE, req, sizeof(req));
}

static void refused_makings(void **state)
{
	struct bench *b = *state;
	struct fw_create how = { .profile = "nonsense", .kdf_test = true };
	struct stat st;
	char path[160];

	expect(create(b, "x", &how), -EINVAL);
	assert_non_null(strstr(b->err, "nonsense"));
	how.profile = NULL;
	how.label = "a label that is longer than thirty-two bytes";
	expect(create(b, "x", &how), -EINVAL);
	how.label = "bad\nlabel";
	expect(create(b, "x", &how), -EINVAL);
	how.label = NULL;
	how.root_key_file = "/nonexistent";
	expect(create(b, "x", &how), -EINVAL);
	how.root_cert_file = "/nonexistent";
	expect(create(b, "x", &how), -ENOENT);
	how.root_key_file = how.root_cert_file = "/etc/passwd";
	expect(create(b, "x", &how), -EINVAL);
	how.root_key_file = how.root_cert_file = NULL;
	how.serial = 12345678901ull;
	expect(create(b, "x", &how), -EINVAL);
	how.serial = 0;
	expect(create(b, "no/such/folder", &how), -ENOENT);
	expect(create(b, "card", &how), -EEXIST);
	snprintf(path, sizeof(path), "%s/x", b->dir);
	assert_true(stat(path, &st) && errno == ENOENT);
	/* Nothing else was left either. */
	bench_off(b);
	snprintf(path, sizeof(path), "test $(ls %s | wc -l) = 1", b->dir);
	expect(system(path), 0);
	expect(bench_on(b, NULL), 0);
}

static void identify(void **state)
{
	struct bench *b = *state;
	struct coffer_card_info *info = (void *)b->reply;

	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	expect(b->len, sizeof(*info));
	expect(info->serial, 1234567);
	expect(info->fw_version, 0x070804);
	expect(info->flags, COFFER_CARD_TEST_ROOT | COFFER_CARD_TEST_KDF);
	expect(info->partitions, 1);
	assert_string_equal(info->profile, "coffer");
	assert_true(fw_card_serial(b->card) == 1234567);
	expect(fw_card_fw_version(b->card), 0x070804);
	hsm_ready(b);
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	assert_true(info->flags & COFFER_CARD_INITIALIZED);
	assert_string_equal(info->label, "card");
}

static void every_profile_can_be_made(void **state)
{
	struct bench *b = *state;
	struct coffer_card_info *info = (void *)b->reply;
	struct fw_create how = { .kdf_test = true };
	const char *name;
	unsigned int i;

	for (i = 0; (name = fw_profile_name(i)) != NULL; i++) {
		bench_off(b);
		how.profile = name;
		expect(create(b, name, &how), 0);
		snprintf(b->path, sizeof(b->path), "%s/%s", b->dir, name);
		expect(bench_on(b, NULL), 0);
		expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
		assert_string_equal(info->profile, name);
		assert_true(info->serial >= 1000000 && info->serial <= 9999999);
		expect(info->partitions, strstr(name, "backup") ? 0 : 1);
		hsm_ready(b);
	}
}

static uint32_t partition_resize(struct bench *b, uint32_t admin, uint32_t id, uint64_t size)
{
	uint32_t req[4] = { admin, id, (uint32_t)size, (uint32_t)(size >> 32) };

	return ask(b, COFFER_CMD_PARTITION_RESIZE, req, sizeof(req));
}

static uint32_t partition_label(struct bench *b, uint32_t session, const char *label)
{
	uint8_t buf[100];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_blob(&out, label, strlen(label));
	return ask(b, COFFER_CMD_PARTITION_LABEL, buf, out.len);
}

static uint64_t storage_total(struct bench *b, uint32_t session)
{
	const struct coffer_rep_partition_info *info = (void *)b->reply;

	expect(session_only(b, COFFER_CMD_PARTITION_INFO, session), 0);
	return info->storage_total;
}

/* What the objects take cannot be taken away, nor what other partitions have. */
static void partitions_change_their_size(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s = partition_ready(b);
	uint64_t before = storage_total(b, s), used;
	const struct coffer_rep_partition_info *info = (void *)b->reply;

	expect(partition_create(b, admin, 1000000, "other"), 0);
	expect(partition_resize(b, admin, 1, before + 1000), 0);
	expect(storage_total(b, s), before + 1000);
	expect(partition_resize(b, admin, 1, 1ull << 60), COFFER_ST_HSM_STORAGE_FULL);
	expect(partition_resize(b, admin, 1, 0), COFFER_ST_ARGUMENTS_BAD);
	expect(partition_resize(b, admin, 0, 1000), COFFER_ST_CONTAINER_HANDLE_INVALID);
	expect(partition_resize(b, admin, 77, 1000), COFFER_ST_CONTAINER_HANDLE_INVALID);
	expect(storage_total(b, s), before + 1000);
	used = info->storage_used;
	expect(partition_resize(b, admin, 1, used + 20000), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(storage_total(b, s), used + 20000);
	assert_string_equal(info->row.label, "one");
}

static void a_label_is_the_partition_sos(void **state)
{
	struct bench *b = *state;
	const struct coffer_rep_partition_info *info = (void *)b->reply;
	uint32_t s = partition_ready(b);

	expect(partition_label(b, s, "new"), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(partition_label(b, s, "new"), COFFER_ST_USER_NOT_AUTHORIZED);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(partition_label(b, s, ""), COFFER_ST_ARGUMENTS_BAD);
	expect(partition_label(b, s, "bad\001"), COFFER_ST_ARGUMENTS_BAD);
	expect(partition_label(b, s, "a label that is longer than 32 bytes"),
	       COFFER_ST_ARGUMENTS_BAD);
	expect(partition_label(b, s, "new name"), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	assert_string_equal(info->row.label, "new name");
	assert_true(info->row.flags & COFFER_PART_INITIALIZED);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
}

static void one_process_at_a_time(void **state)
{
	struct bench *b = *state;
	struct fw_card *second;
	char pid[40];

	expect(fw_card_open(b->path, NULL, &second, b->err, sizeof(b->err)), -EBUSY);
	assert_null(second);
	snprintf(pid, sizeof(pid), "in use by another process (pid %d)", getpid());
	assert_non_null(strstr(b->err, pid));
	expect(fw_card_export(b->path, "/tmp/never", b->err, sizeof(b->err)), -EBUSY);
	expect(fw_card_open("/tmp", NULL, &second, b->err, sizeof(b->err)), -ENOENT);
	expect(fw_card_open("/nonexistent", NULL, &second, b->err, sizeof(b->err)), -ENOENT);
}

static void partitions_come_and_go(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s, st;

	expect(partition_create(b, admin, 0, "second"), 0);
	expect(word(b, 0), 2);
	assert_true(dword(b, 8) == 1234567002ull);
	expect(partition_create(b, admin, 1000000, "third"), 0);
	expect(word(b, 0), 3);
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	expect(word(b, 0), 4);
	expect(partition_create(b, admin, 1ull << 60, "big"), COFFER_ST_HSM_STORAGE_FULL);
	expect(partition_create(b, admin, 0, "bad\001"), COFFER_ST_ARGUMENTS_BAD);
	s = session_open(b, b->owner, 2, true, NULL);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "2nd", PO_PIN, "d"), 0);
	expect(partition_delete(b, admin, 2), 0);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), COFFER_ST_SESSION_HANDLE_INVALID);
	expect(session_open(b, b->owner, 2, true, &st), 0);
	expect(st, COFFER_ST_TOKEN_NOT_PRESENT);
	expect(partition_delete(b, admin, 2), COFFER_ST_CONTAINER_HANDLE_INVALID);
	expect(partition_delete(b, admin, 0), COFFER_ST_CONTAINER_HANDLE_INVALID);
	/* Its number does not come back while there are others. */
	expect(partition_create(b, admin, 0, "fourth"), 0);
	expect(word(b, 0), 4);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	admin = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, admin, COFFER_ROLE_SO, SO_PIN), 0);
	expect(partition_create(b, admin, 0, "fifth"), 0);
	expect(word(b, 0), 5);
}

static void partitions_have_a_limit(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), n, st = 0;

	for (n = 1; n < 200 && !st; n++)
		st = partition_create(b, admin, 0, "");
	expect(st, COFFER_ST_LICENSE_CAPACITY_EXCEEDED);
	expect(n, 101);
}

static void initialising_the_card_erases_partitions(void **state)
{
	struct bench *b = *state;
	uint32_t s = partition_ready(b), admin;

	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	admin = hsm_ready(b);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), 0);
	expect(word(b, 8), COFFER_ROLE_NONE);
	partition_ready(b);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, admin, "again", "new so", NULL), 0);
	expect(login(b, admin, COFFER_ROLE_SO, SO_PIN), COFFER_ST_PIN_INCORRECT);
	expect(login(b, admin, COFFER_ROLE_SO, "new so"), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	/* Bad arguments erase nothing. */
	partition_ready(b);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, admin, "again", "so", NULL),
	       COFFER_ST_PIN_LEN_RANGE);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, admin, "", "new so", NULL),
	       COFFER_ST_ARGUMENTS_BAD);
	expect(init_ask(b, COFFER_CMD_HSM_INIT, admin, "again", "new so", ""),
	       COFFER_ST_ARGUMENTS_BAD);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
}

static void factory_reset(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s;

	expect(partition_create(b, admin, 0, "second"), 0);
	s = partition_ready(b);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, admin), 0);
	expect(session_only(b, COFFER_CMD_SESSION_INFO, s), COFFER_ST_SESSION_HANDLE_INVALID);
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	expect(word(b, 0), 2);
	expect(login(b, admin, COFFER_ROLE_SO, SO_PIN), COFFER_ST_USER_PIN_NOT_INITIALIZED);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	expect(ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0), 0);
	expect(word(b, 0), 2);
	partition_ready(b);
	admin = hsm_ready(b);
	expect(partition_create(b, admin, 0, "second"), 0);
	expect(word(b, 0), 2);
}

/* ---- Room ------------------------------------------------------------------------ */

static uint32_t object_create(struct bench *b, uint32_t session, uint32_t n)
{
	uint8_t buf[512];
	struct wire_out out;
	struct attrs set;
	uint32_t st;

	attrs_init(&set);
	attrs_set_ulong(&set, COFFER_CKA_CLASS, COFFER_CKO_DATA);
	attrs_set_bool(&set, COFFER_CKA_TOKEN, true);
	attrs_set_bool(&set, COFFER_CKA_PRIVATE, false);
	attrs_set(&set, COFFER_CKA_VALUE, &n, sizeof(n));
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_u32(&out, (uint32_t)attrs_size(&set));
	attrs_write(&set, &out);
	attrs_free(&set);
	st = ask(b, COFFER_CMD_OBJECT_CREATE, buf, out.len);
	return st;
}

/* The partition's own room, not the card's; what is deleted makes room again. */
static void full_partition(void **state)
{
	struct bench *b = *state;
	uint32_t admin = hsm_ready(b), s, n, st = 0, last = 0;
	uint64_t since[2] = { 0, 256 }, taken;
	bool told = false;
	size_t at;

	expect(partition_create(b, admin, 8192, "small"), 0);
	s = session_open(b, b->owner, 2, true, NULL);
	expect(init_ask(b, COFFER_CMD_PARTITION_INIT, s, "small", PO_PIN, "d"), 0);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(role_ask(b, COFFER_CMD_ROLE_INIT, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	for (n = 0; n < 200 && !st; n++) {
		st = object_create(b, s, n);
		last = st ? last : word(b, 0);
	}
	expect(st, COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL);
	assert_true(n > 5);
	expect(ask(b, COFFER_CMD_EVENTS, since, sizeof(since)), 0);
	for (at = 4; at < b->len; at += sizeof(struct coffer_event_wire))
		told |= word(b, at + 28) == COFFER_EV_STORE_FULL && word(b, at + 24) == 2;
	assert_true(told);
	uint32_t req[2] = { s, last };
	expect(ask(b, COFFER_CMD_OBJECT_DESTROY, req, 8), 0);
	expect(object_create(b, s, 1000), 0);
	expect(object_create(b, s, 1001), COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL);
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	assert_true(dword(b, 56 + 24) == 8192 && dword(b, 56 + 32) <= 8192);
	taken = dword(b, 56 + 32) + 64 * (uint64_t)word(b, 16);
	expect(partition_resize(b, admin, 2, taken - 1), COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL);
	expect(partition_resize(b, admin, 2, taken), 0);
	expect(object_create(b, s, 1001), COFFER_ST_CONTAINER_OBJECT_STORAGE_FULL);
	expect(partition_resize(b, admin, 2, 16384), 0);
	expect(object_create(b, s, 1001), 0);
	/* The other partition has room. */
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(object_create(b, s, 1), 0);
}

/* ---- One file -------------------------------------------------------------------- */

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	uint8_t byte;

	assert_true(fd >= 0);
	expect(pread(fd, &byte, 1, at), 1);
	byte ^= 0x10;
	expect(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

static void moves_as_one_file(void **state)
{
	struct bench *b = *state;
	char file[160], copy[160];
	struct stat st;
	uint32_t s;
	off_t at;

	partition_ready(b);
	bench_off(b);
	snprintf(file, sizeof(file), "%s/exported", b->dir);
	snprintf(copy, sizeof(copy), "%s/copy", b->dir);
	expect(fw_card_export(b->path, file, b->err, sizeof(b->err)), 0);
	expect(fw_card_export(b->path, file, b->err, sizeof(b->err)), -EEXIST);
	expect(fw_card_import(file, b->path, b->err, sizeof(b->err)), -EEXIST);
	expect(stat(file, &st), 0);
	expect(st.st_mode & 0777, 0600);
	/* Damage anywhere is seen, and nothing is left behind. */
	for (at = 0; at < st.st_size; at += 1 + st.st_size / 23) {
		flip(file, at);
		assert_true(fw_card_import(file, copy, b->err, sizeof(b->err)) < 0);
		assert_true(access(copy, F_OK));
		flip(file, at);
	}
	expect(fw_card_import(file, copy, b->err, sizeof(b->err)), 0);
	assert_false(truncate(file, st.st_size - 1));
	expect(fw_card_import(file, file, b->err, sizeof(b->err)), -EEXIST);
	snprintf(b->path, sizeof(b->path), "%s/copy2", b->dir);
	expect(fw_card_import(file, b->path, b->err, sizeof(b->err)), -EBADMSG);
	snprintf(b->path, sizeof(b->path), "%s/copy", b->dir);
	expect(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 1, true, NULL);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
}

/* ---- Things of sessions ---------------------------------------------------------- */

static void wait_grows_and_ends(void **state)
{
	static uint64_t ahead;		/* the card looks at it to the end */
	struct bench *b = *state;
	struct fw_open how = { .workers = 1, .uptime_ahead_ms = &ahead };
	struct clone_attempt a, other;
	struct fw_partition *p;
	uint32_t i, wait = 0, s;

	partition_ready(b);
	s = session_open(b, b->owner, 1, true, NULL);
	p = partition_find(b->card, 1);
	for (i = 1; i <= 3; i++) {
		expect(partition_clone_wait_ms(p), 0);
		expect(card_clone_failed(b->card, p, &a), 0);
		expect(partition_clone_failures(p), i);
	}
	wait = partition_clone_wait_ms(p);
	assert_true(wait > 0 && wait <= 1000);
	for (; i <= 20; i++)
		expect(card_clone_failed(b->card, p, &a), 0);
	wait = partition_clone_wait_ms(p);
	assert_true(wait > 290000 && wait <= 300000);
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, s), 0);
	expect(word(b, 112), 20);
	/* Off and on is no way round. */
	bench_off(b);
	expect(bench_on(b, &how), 0);
	p = partition_find(b->card, 1);
	assert_true(partition_clone_wait_ms(p) > 290000);
	/* A good one takes back itself, and the wait that it began. */
	ahead = 200000;
	expect(card_clone_failed(b->card, p, &a), 0);
	expect(partition_clone_failures(p), 21);
	assert_true(partition_clone_wait_ms(p) > 290000);
	expect(card_clone_good(b->card, p, &a), 0);
	expect(partition_clone_failures(p), 20);
	assert_in_range(partition_clone_wait_ms(p), 90000, 100000);
	/* Unless another one failed meanwhile. */
	expect(card_clone_failed(b->card, p, &a), 0);
	ahead += 1000;
	expect(card_clone_failed(b->card, p, &other), 0);
	expect(card_clone_good(b->card, p, &a), 0);
	expect(partition_clone_failures(p), 21);
	assert_true(partition_clone_wait_ms(p) > 290000);
	/* An hour forgives one, also after power-on; what it was is kept at the next failure. */
	ahead += 5 * 3600000;
	expect(partition_clone_failures(p), 16);
	expect(card_clone_failed(b->card, p, &a), 0);
	expect(partition_clone_failures(p), 17);
	bench_off(b);
	ahead = 0;
	expect(bench_on(b, &how), 0);
	p = partition_find(b->card, 1);
	expect(partition_clone_failures(p), 17);
	ahead = 30 * 3600000ull;
	expect(partition_clone_failures(p), 0);
	expect(card_clone_failed(b->card, p, &a), 0);
	expect(partition_clone_failures(p), 1);
	expect(card_clone_good(b->card, p, &a), 0);
	expect(partition_clone_failures(p), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(refused_makings),
		T(identify),
		T(every_profile_can_be_made),
		T(one_process_at_a_time),
		T(partitions_change_their_size),
		T(a_label_is_the_partition_sos),
		T(partitions_come_and_go),
		T(partitions_have_a_limit),
		T(initialising_the_card_erases_partitions),
		T(factory_reset),
		T(full_partition),
		T(moves_as_one_file),
		T(wait_grows_and_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
