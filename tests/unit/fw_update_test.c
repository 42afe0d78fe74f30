// SPDX-License-Identifier: BSD-3-Clause
/*
 * Firmware update: what it moves and keeps, every image that is refused, and power cuts in the
 * middle (UPDATE.md, quality.md A1.4, behaviour.md sections 1.1 and 4).
 */
#include "fw_core.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FW(a, b, c)	((a) << 16 | (b) << 8 | (c))
#define IMAGE_ROOM	65536
#define SIG_LEN		64	/* of the test root's key */
#define AU_PIN		"au password"

static struct bench bench;
static uint8_t image[IMAGE_ROOM];
static size_t image_len;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, "pcie-7.4");
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

/* ---- Images ------------------------------------------------------------------------ */

static void image_make(struct bench *b, const struct fw_image *how)
{
	char path[96];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/image", b->dir);
	unlink(path);
	if (fw_image_create(path, how, b->err, sizeof(b->err)))
		fail_msg("image: %s", b->err);
	fd = open(path, O_RDONLY);
	n = read(fd, image, sizeof(image));
	close(fd);
	assert_in_range(n, 200, 61440);
	image_len = (size_t)n;
}

static void image_for(struct bench *b, const char *profile)
{
	image_make(b, &(struct fw_image){ .profile = profile });
}

static uint32_t update_with(struct bench *b, uint32_t session, const void *p, size_t len)
{
	static uint8_t buf[COFFER_CMD_MAX_PAYLOAD + 16];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_blob(&out, p, len);
	assert_true(wire_out_ok(&out));
	return ask(b, COFFER_CMD_FW_UPDATE, buf, out.len);
}

static uint32_t update(struct bench *b, uint32_t session)
{
	return update_with(b, session, image, image_len);
}

static uint32_t version_of(struct bench *b)
{
	expect(ask(b, COFFER_CMD_IDENTIFY, NULL, 0), 0);
	return word(b, offsetof(struct coffer_card_info, fw_version));
}

/* ---- What it moves ----------------------------------------------------------------- */

static uint32_t kind_of(struct bench *b, uint32_t session)
{
	struct coffer_rep_partition_info info;

	expect(session_only(b, COFFER_CMD_PARTITION_INFO, session), 0);
	assert_true(b->len >= sizeof(info));
	memcpy(&info, b->reply, sizeof(info));
	return info.kind;
}

/* Its value, UINT32_MAX: there is no such policy. */
static uint32_t policy_of(struct bench *b, uint32_t session, uint32_t id)
{
	uint32_t i;

	expect(session_only(b, COFFER_CMD_POLICY_LIST, session), 0);
	for (i = 0; i < word(b, 0); i++)
		if (word(b, 4 + i * sizeof(struct coffer_policy_row)) == id)
			return word(b, 8 + i * sizeof(struct coffer_policy_row));
	return UINT32_MAX;
}

static uint32_t key_new(struct bench *b, uint32_t session)
{
	uint8_t buf[256], tmpl[128];
	struct wire_out out, t;

	wire_out_init(&t, tmpl, sizeof(tmpl));
	wire_put_u32(&t, COFFER_CKA_TOKEN);
	wire_put_u32(&t, 1);
	wire_put_u8(&t, 1);
	wire_put_u32(&t, COFFER_CKA_VALUE_LEN);
	wire_put_u32(&t, 8);
	wire_put_u64(&t, 32);
	wire_put_u32(&t, COFFER_CKA_ENCRYPT);
	wire_put_u32(&t, 1);
	wire_put_u8(&t, 1);
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, 0);
	wire_put_u32(&out, COFFER_CKM_AES_KEY_GEN);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, tmpl, t.len);
	expect(ask(b, COFFER_CMD_KEY_GENERATE, buf, out.len), 0);
	return word(b, 0);
}

/* AES-ECB of one block: the same key gives the same bytes. */
static uint64_t key_use(struct bench *b, uint32_t session, uint32_t handle)
{
	uint8_t buf[128];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, session);
	wire_put_u32(&out, handle);
	wire_put_u32(&out, COFFER_CKM_AES_ECB);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, "sixteen byte txt", 16);
	expect(ask(b, COFFER_CMD_ENCRYPT, buf, out.len), 0);
	return dword(b, b->len - 16);
}

struct story {
	uint32_t handle;
	uint64_t answer;
};

static uint32_t co_again(struct bench *b)
{
	uint32_t s = session_open(b, b->owner, 1, true, NULL);

	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	return s;
}

/* A card with a partition, a key in it, and policies that are not the defaults. */
static uint32_t story_begin(struct bench *b, struct story *t)
{
	uint32_t so = hsm_ready(b), s;

	expect(policy_set(b, so, 0, 21, 0), 0);
	s = partition_ready(b);
	expect(login(b, s, COFFER_ROLE_PO, PO_PIN), 0);
	expect(policy_set(b, s, 0, 20, 7), 0);
	expect(policy_set(b, s, 0, 21, 0), 0);
	expect(session_only(b, COFFER_CMD_LOGOUT, s), 0);
	expect(login(b, s, COFFER_ROLE_CO, CO_PIN), 0);
	expect(kind_of(b, s), COFFER_PART_KIND_LEGACY);
	expect(policy_of(b, s, 42), UINT32_MAX);
	t->handle = key_new(b, s);
	t->answer = key_use(b, s, t->handle);
	return so;
}

static void story_holds(struct bench *b, const struct story *t)
{
	uint32_t s = co_again(b), so = session_open(b, b->owner, 0, true, NULL);

	expect(version_of(b), FW(7, 8, 0));
	expect(kind_of(b, s), COFFER_PART_KIND_V0);
	assert_true(key_use(b, s, t->handle) == t->answer);
	expect(policy_of(b, s, 20), 7);
	expect(policy_of(b, s, 21), 0);
	expect(policy_of(b, s, 42), 0);
	expect(policy_of(b, s, 44), 0);
	expect(policy_of(b, so, 21), 0);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, so), 0);
	expect(session_only(b, COFFER_CMD_SESSION_CLOSE, s), 0);
}

/* row 50 */
static void old_partitions_become_v0(void **state)
{
	struct bench *b = *state;
	struct story t;
	uint32_t so = story_begin(b, &t), st;
	uint64_t other = owner_open(b);

	image_for(b, "pcie-7.8");
	expect(update(b, so), 0);
	expect(word(b, 0), FW(7, 4, 0));
	expect(word(b, 4), FW(7, 8, 0));
	expect(b->len, sizeof(struct coffer_rep_update));
	/* As after a reset: every owner has ended. */
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, so), COFFER_ST_OWNER_UNKNOWN);
	assert_int_equal(session_open(b, other, 1, true, &st), 0);
	expect(st, COFFER_ST_OWNER_UNKNOWN);
	b->owner = owner_open(b);
	assert_true(event_seen(b, COFFER_EV_FW_UPDATED, FW(7, 8, 0)));
	story_holds(b, &t);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	story_holds(b, &t);
	/* New things of the new generation work; a factory reset does not lead back. */
	so = session_open(b, b->owner, 0, true, NULL);
	expect(session_only(b, COFFER_CMD_HSM_FACTORY_RESET, so), 0);
	expect(version_of(b), FW(7, 8, 0));
	expect(kind_of(b, session_open(b, b->owner, 1, true, NULL)), COFFER_PART_KIND_V0);
}

/* Of @role on @part, which ended with @owner; all records are read. */
static uint32_t ends_recorded(struct bench *b, uint32_t au, uint64_t owner, uint32_t part,
			      uint32_t role)
{
	struct coffer_req_audit_read req = { au, 64, 0, 0, 0 };
	struct coffer_audit_row row;
	uint32_t i, n = 0;

	expect(ask(b, COFFER_CMD_AUDIT_READ, &req, sizeof(req)), 0);
	for (i = 0; i < word(b, 0); i++) {
		memcpy(&row, b->reply + 4 + i * sizeof(row), sizeof(row));
		n += row.opcode == COFFER_CMD_OWNER_CLOSE && row.owner == owner &&
		     row.partition == part && row.role == role;
	}
	return n;
}

/* coffer_life.h: what ends with an owner is recorded for each role that was logged in. */
static void logins_that_it_ends_are_recorded(void **state)
{
	struct bench *b = *state;
	uint64_t owner = b->owner;
	uint32_t so, au = session_open(b, owner, 0, true, NULL);

	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, au, 0, AU_PIN), 0);
	so = hsm_ready(b);
	expect(policy_set(b, so, 0, 21, 0), 0);
	expect(login(b, partition_ready(b), COFFER_ROLE_CO, CO_PIN), 0);
	image_for(b, "pcie-7.8");
	expect(update(b, so), 0);
	b->owner = owner_open(b);
	au = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, au, COFFER_ROLE_AU, AU_PIN), 0);
	expect(ends_recorded(b, au, owner, 0, COFFER_ROLE_SO), 1);
	expect(ends_recorded(b, au, owner, 1, COFFER_ROLE_CO), 1);
}

static void only_the_so_updates(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), ro = session_open(b, b->owner, 0, false, NULL);

	image_for(b, "pcie-7.8");
	expect(update(b, ro), COFFER_ST_SESSION_READ_ONLY);
	expect(session_only(b, COFFER_CMD_LOGOUT, so), 0);
	expect(update(b, so), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(version_of(b), FW(7, 4, 0));
}

/* ---- What is refused --------------------------------------------------------------- */

/* What decides: the card's permanent memory, as it stands in its folder. */
static uint32_t nv_sum(struct bench *b)
{
	char text[200], line[32] = "";
	FILE *f;

	snprintf(text, sizeof(text), "cksum <%s/nv", b->path);
	f = popen(text, "r");
	assert_non_null(fgets(line, sizeof(line), f));
	pclose(f);
	return (uint32_t)strtoul(line, NULL, 10);
}

static void flip_is_refused(struct bench *b, uint32_t so, size_t at, uint8_t bits)
{
	uint32_t st;

	image[at] ^= bits;
	st = update(b, so);
	if (st != (uint32_t)COFFER_ST_FW_IMAGE_INVALID)
		fail_msg("byte %zu ^ 0x%02x: 0x%08x", at, bits, st);
	image[at] ^= bits;
}

/* COFFER_FLIPS=all: a bit of every byte of what lies between; else of every thirteenth. */
static size_t body_step(void)
{
	const char *text = getenv("COFFER_FLIPS");

	return text && !strcmp(text, "all") ? 1 : 13;
}

/* Every bit of header and signature, and a sample of what lies between. */
static void every_flip_is_refused(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), sum;
	size_t at, step = body_step();
	int bit;

	image_for(b, "pcie-7.8");
	sum = nv_sum(b);
	for (at = 0; at < image_len; at++) {
		if (at >= 128 && at < image_len - SIG_LEN) {
			if (at % step)
				continue;
			flip_is_refused(b, so, at, (uint8_t)(1u << at % 8));
			continue;
		}
		for (bit = 0; bit < 8; bit++)
			flip_is_refused(b, so, at, (uint8_t)(1u << bit));
	}
	assert_true(nv_sum(b) == sum);
	expect(version_of(b), FW(7, 4, 0));
	/* It was the flips. */
	expect(update(b, so), 0);
}

static void every_other_length_is_refused(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b), sum = nv_sum(b);
	size_t len;

	image_for(b, "pcie-7.8");
	for (len = 0; len < image_len; len += len < 256 || image_len - len < 80 ? 1 : 37)
		expect(update_with(b, so, image, len), COFFER_ST_FW_IMAGE_INVALID);
	memset(image + image_len, 0, sizeof(image) - image_len);
	for (len = image_len + 1; len < image_len + 100; len++)
		expect(update_with(b, so, image, len), COFFER_ST_FW_IMAGE_INVALID);
	expect(update_with(b, so, image, 60 * 1024), COFFER_ST_FW_IMAGE_INVALID);
	expect(update_with(b, so, image, 60 * 1024 + 1), COFFER_ST_ARGUMENTS_BAD);
	assert_true(nv_sum(b) == sum);
	expect(update(b, so), 0);
}

static void never_back_and_never_aside(void **state)
{
	struct bench *b = *state;
	uint32_t so = hsm_ready(b);

	image_for(b, "pcie-7.4");
	expect(update(b, so), COFFER_ST_FW_ROLLBACK);
	image_for(b, "pcie-6.24");
	expect(update(b, so), COFFER_ST_FW_ROLLBACK);
	image_for(b, "coffer");
	expect(update(b, so), COFFER_ST_FW_IMAGE_INVALID);
	image_for(b, "backup-g5-6.28");
	expect(update(b, so), COFFER_ST_FW_IMAGE_INVALID);
	image_make(b, &(struct fw_image){ .profile = "pcie-7.8", .oldest = FW(7, 4, 1) });
	expect(update(b, so), COFFER_ST_FW_IMAGE_INVALID);
	expect(version_of(b), FW(7, 4, 0));
	image_make(b, &(struct fw_image){ .profile = "pcie-7.8", .oldest = FW(7, 4, 0) });
	expect(update(b, so), 0);
	b->owner = owner_open(b);
	so = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	expect(update(b, so), COFFER_ST_FW_ROLLBACK);
	image_for(b, "pcie-7.4");
	expect(update(b, so), COFFER_ST_FW_ROLLBACK);
	expect(version_of(b), FW(7, 8, 0));
}

static void root_make(struct bench *b, const char *name, const char *key)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "cd %s && openssl genpkey %s -out %s.key 2>openssl.log && openssl req -x509 -new "
		 "-key %s.key -out %s.pem -days 3650 -subj '/CN=%s' -addext "
		 "basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign "
		 "2>>openssl.log", b->dir, key, name, name, name, name);
	assert_int_equal(system(text), 0);
}

/* A card of one's own root takes what this root signed, whatever kind of key it has. */
static void a_foreign_root_is_refused(struct bench *b, const char *name)
{
	char key[96], cert[96], path[96];
	struct fw_create how = { .profile = "pcie-7.4", .kdf_test = true, .root_key_file = key,
				 .root_cert_file = cert };
	struct bench mine = { 0 };
	uint32_t so;

	snprintf(key, sizeof(key), "%s/%s.key", b->dir, name);
	snprintf(cert, sizeof(cert), "%s/%s.pem", b->dir, name);
	snprintf(path, sizeof(path), "%s/mine", b->dir);
	memcpy(mine.path, path, sizeof(mine.path));
	if (fw_card_create(path, &how, mine.err, sizeof(mine.err)))
		fail_msg("create: %s", mine.err);
	expect(bench_on(&mine, NULL), 0);
	so = hsm_ready(&mine);
	image_for(b, "pcie-7.8");
	expect(update(&mine, so), COFFER_ST_FW_IMAGE_INVALID);
	image_make(b, &(struct fw_image){ .profile = "pcie-7.8", .root_key_file = key,
					  .root_cert_file = cert });
	expect(update(b, session_open(b, b->owner, 0, true, NULL)), COFFER_ST_USER_NOT_LOGGED_IN);
	expect(update(&mine, so), 0);
	mine.owner = owner_open(&mine);
	expect(version_of(&mine), FW(7, 8, 0));
	bench_off(&mine);
}

static void foreign_roots(void **state)
{
	static const char *const keys[] = {
		"-algorithm EC -pkeyopt ec_paramgen_curve:P-384", "-algorithm ED25519",
		"-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
	};
	struct bench *b = *state;
	uint32_t so = hsm_ready(b);
	char name[8], text[96];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(name, sizeof(name), "r%zu", i);
		root_make(b, name, keys[i]);
		expect(session_only(b, COFFER_CMD_LOGOUT, so), 0);
		a_foreign_root_is_refused(b, name);
		expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
		/* The image of that root is still the last that was made. */
		expect(update(b, so), COFFER_ST_FW_IMAGE_INVALID);
		snprintf(text, sizeof(text), "rm -r %s/mine", b->dir);
		assert_int_equal(system(text), 0);
	}
	expect(version_of(b), FW(7, 4, 0));
}

static void images_that_cannot_be_made(void **state)
{
	struct bench *b = *state;
	struct fw_image how = { .profile = "none" };
	char path[96];

	snprintf(path, sizeof(path), "%s/image", b->dir);
	expect(fw_image_create(path, &how, b->err, sizeof(b->err)), -EINVAL);
	assert_non_null(strstr(b->err, "none"));
	how = (struct fw_image){ .profile = "pcie-7.4", .oldest = FW(7, 4, 1) };
	expect(fw_image_create(path, &how, b->err, sizeof(b->err)), -EINVAL);
	how = (struct fw_image){ .profile = "pcie-7.4", .root_key_file = "/dev/null" };
	expect(fw_image_create(path, &how, b->err, sizeof(b->err)), -EINVAL);
	how.root_cert_file = "/dev/null";
	expect(fw_image_create(path, &how, b->err, sizeof(b->err)), -EINVAL);
	expect(access(path, F_OK), -1);
	image_for(b, "pcie-7.8");
	how = (struct fw_image){ .profile = "pcie-7.4" };
	expect(fw_image_create(path, &how, b->err, sizeof(b->err)), -EEXIST);
}

/* ---- Power cuts -------------------------------------------------------------------- */

static int sync_fails_at;	/* the n-th from now; 0: none */

/* In place of libc's: nv's writes are durable by it. */
int fdatasync(int fd)
{
	if (sync_fails_at && --sync_fails_at == 0) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void shell(struct bench *b, const char *format)
{
	char text[400];

	snprintf(text, sizeof(text), format, b->path, b->path, b->path);
	expect(system(text), 0);
}

static uint32_t so_again(struct bench *b)
{
	uint32_t so = session_open(b, b->owner, 0, true, NULL);

	expect(login(b, so, COFFER_ROLE_SO, SO_PIN), 0);
	return so;
}

/* Without its decision nothing has changed, in memory neither. */
static void a_decision_that_cannot_be_written(void **state)
{
	struct bench *b = *state;
	struct story t;
	uint32_t so = story_begin(b, &t);

	image_for(b, "pcie-7.8");
	sync_fails_at = 1;
	expect(update(b, so), COFFER_ST_DEVICE_ERROR);
	expect(sync_fails_at, 0);
	expect(version_of(b), FW(7, 4, 0));
	expect(kind_of(b, session_open(b, b->owner, 1, true, NULL)), COFFER_PART_KIND_LEGACY);
	expect(session_only(b, COFFER_CMD_PARTITION_INFO, so), 0);
	bench_off(b);
	expect(bench_on(b, NULL), 0);
	expect(version_of(b), FW(7, 4, 0));
	expect(kind_of(b, co_again(b)), COFFER_PART_KIND_LEGACY);
	expect(update(b, so_again(b)), 0);
	b->owner = owner_open(b);
	story_holds(b, &t);
}

/* Decided and cut at any write of the store: the card is new, with everything that follows. */
static void cut_at_every_write(void **state)
{
	struct bench *b = *state;
	struct story t;
	uint32_t n, st, whole = 0;

	story_begin(b, &t);
	image_for(b, "pcie-7.8");
	bench_off(b);
	shell(b, "cp -a %s %s.kept");
	for (n = 1; n < 100 && whole < 2; n++) {
		struct fw_open how = { .power_cut_at_write = n };

		shell(b, "rm -rf %s; cp -a %s.kept %s");
		expect(bench_on(b, &how), 0);
		st = update(b, so_again(b));
		bench_off(b);
		whole += !st;
		/* Twice: the second power-on has nothing left to do. */
		expect(bench_on(b, NULL), 0);
		bench_off(b);
		expect(bench_on(b, NULL), 0);
		story_holds(b, &t);
		bench_off(b);
	}
	expect(whole, 2);
	expect(bench_on(b, NULL), 0);
}

static void an_old_store_does_not_lead_back(void **state)
{
	struct bench *b = *state;
	struct story t;

	story_begin(b, &t);
	image_for(b, "pcie-7.8");
	bench_off(b);
	shell(b, "cp -a %s/store %s.store");
	expect(bench_on(b, NULL), 0);
	expect(update(b, so_again(b)), 0);
	bench_off(b);
	shell(b, "cp %s.store %s/store");
	expect(bench_on(b, NULL), -ESTALE);
	assert_non_null(strstr(b->err, "rolled back"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(old_partitions_become_v0),
		T(logins_that_it_ends_are_recorded),
		T(only_the_so_updates),
		T(every_flip_is_refused),
		T(every_other_length_is_refused),
		T(never_back_and_never_aside),
		T(foreign_roots),
		T(images_that_cannot_be_made),
		T(a_decision_that_cannot_be_written),
		T(cut_at_every_write),
		T(an_old_store_does_not_lead_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
