// SPDX-License-Identifier: BSD-3-Clause
/*
 * Secrets are gone when they are not needed any more (quality.md A5): the test looks for them in
 * all of its own writable memory, stacks and heap of the firmware's threads included, and in the
 * card's folder. It keeps what it looks for disguised, or it would find itself.
 */
#include "clone_pair.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "card.h"
#include "nv.h"

#define SECRET	32
#define CHUNK	65536
#define TOO_BIG	(1ull << 32)	/* what a sanitizer only reserves */

/* Volatile, or the compiler unmasks a whole secret at once, keeps it, and it is found. */
static volatile uint8_t mask = 0x5a;

struct secret {
	uint8_t masked[SECRET];
};

/*
 * Byte by byte, here and in put_secret(): whole secrets in vector registers get onto the stack when
 * the dynamic linker saves those for the first call of a function.
 */
static void hide(struct secret *s, uint8_t plain[SECRET])
{
	for (int i = 0; i < SECRET; i++)
		s->masked[i] = plain[i] ^ mask;
	crypto_wipe(plain, SECRET);
}

/* Good for a password, too. */
static void make(struct secret *s)
{
	volatile uint8_t c;

	assert_int_equal(getentropy(s->masked, SECRET), 0);
	for (int i = 0; i < SECRET; i++) {
		c = s->masked[i];
		c = (uint8_t)('A' + c % 26);
		s->masked[i] = c ^ mask;
	}
}

/* ---- Search ------------------------------------------------------------------------------ */

#define HALF	(SECRET / 2)

/*
 * The second half is enough: what is freed without being wiped loses only its beginning. One byte
 * of it is looked for by memchr(), which costs a sanitizer nothing for all that is something else.
 */
static unsigned int count_in(const struct secret *s, const uint8_t *p, size_t len)
{
	const uint8_t *end = p + len, *at = p;
	unsigned int n = 0;
	size_t k;

	while (end - at >= HALF &&
	       (at = memchr(at, s->masked[HALF] ^ mask, (size_t)(end - at) - HALF + 1))) {
		for (k = 1; k < HALF && at[k] == (s->masked[HALF + k] ^ mask); k++)
			;
		n += k == HALF;
		at++;
	}
	return n;
}

static unsigned int count_fd(const struct secret *s, int fd, uint64_t from, uint64_t to)
{
	static uint8_t chunk[CHUNK + HALF];
	unsigned int n = 0;
	ssize_t got;

	for (; from < to; from += CHUNK) {
		size_t want = to - from < sizeof(chunk) ? (size_t)(to - from) : sizeof(chunk);

		got = pread(fd, chunk, want, (off_t)from);
		/* The overlap finds what lies across the border, once. */
		if (got > 0)
			n += count_in(s, chunk, (size_t)got < CHUNK + HALF - 1 ? (size_t)got :
				      CHUNK + HALF - 1);
		memset(chunk, 0, sizeof(chunk));
	}
	return n;
}

static __attribute__((noinline)) unsigned int in_maps(const struct secret *s)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	int fd = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	unsigned long long from, to;
	char line[512], mode[8];
	unsigned int n = 0;

	assert_non_null(maps);
	assert_true(fd >= 0);
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx %7s", &from, &to, mode) == 3 && mode[0] == 'r' &&
		    mode[1] == 'w' && to - from < TOO_BIG) {
			unsigned int m = count_fd(s, fd, from, to);

			n += m;
			/* Where, for whoever has to find out why. */
			if (m)
				print_message("%u times in %s", m, line);
		}
	fclose(maps);
	close(fd);
	return n;
}

/* The test's own calls leave something, too: wiped before anything lies on top of it. */
static unsigned int in_memory(const struct secret *s)
{
	crypto_wipe_stack();
	return in_maps(s);
}

static unsigned int in_folder(const struct secret *s, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned int n = 0;

	assert_non_null(d);
	while ((e = readdir(d))) {
		int fd = e->d_name[0] == '.' ? -1 : openat(dirfd(d), e->d_name, O_RDONLY);

		if (fd < 0)
			continue;
		n += count_fd(s, fd, 0, (uint64_t)lseek(fd, 0, SEEK_END));
		close(fd);
	}
	closedir(d);
	return n;
}

/* ---- Commands that leave nothing behind in the test itself -------------------------------- */

static uint8_t request[1024], reply[1024];
static struct wire_out out;

static void begin(uint32_t session)
{
	wire_out_init(&out, request, sizeof(request));
	wire_put_u32(&out, session);
}

static uint32_t send(struct test_card *card, uint16_t opcode, uint32_t *first)
{
	struct fw_request rq = { .owner = card->owner, .opcode = opcode, .req = request,
				 .req_len = (uint32_t)out.len, .reply = reply,
				 .reply_room = sizeof(reply) };
	uint32_t len, st;

	assert_true(wire_out_ok(&out));
	st = fw_exec(card->card, &rq, &len);
	if (first)
		memcpy(first, reply, sizeof(*first));
	crypto_wipe(request, sizeof(request));
	crypto_wipe(reply, sizeof(reply));
	return st;
}

static void put_secret(const struct secret *s)
{
	wire_put_u32(&out, SECRET);
	for (int i = 0; i < SECRET; i++)
		wire_put_u8(&out, s->masked[i] ^ mask);
}

static void put_attr(uint32_t type, const void *value, uint32_t len)
{
	wire_put_u32(&out, type);
	wire_put_blob(&out, value, len);
}

static void put_bool(uint32_t type, uint8_t v)
{
	put_attr(type, &v, 1);
}

static void put_ulong(uint32_t type, uint64_t v)
{
	put_attr(type, &v, 8);
}

static uint32_t make_key(struct test_card *card, const struct secret *s)
{
	uint32_t handle;
	size_t at;

	begin(card->session);
	wire_put_u32(&out, 0);
	at = wire_reserve_u32(&out);
	put_ulong(COFFER_CKA_CLASS, COFFER_CKO_SECRET_KEY);
	put_ulong(COFFER_CKA_KEY_TYPE, COFFER_CKK_GENERIC_SECRET);
	put_bool(COFFER_CKA_TOKEN, 1);
	put_bool(COFFER_CKA_SIGN, 1);
	wire_put_u32(&out, COFFER_CKA_VALUE);
	put_secret(s);
	wire_fill_u32(&out, at, (uint32_t)(out.len - at - 4));
	assert_u32(send(card, COFFER_CMD_OBJECT_CREATE, &handle), COFFER_ST_OK);
	return handle;
}

static void sign(struct test_card *card, uint32_t handle)
{
	begin(card->session);
	wire_put_u32(&out, handle);
	wire_put_u32(&out, COFFER_CKM_SHA256_HMAC);
	wire_put_blob(&out, NULL, 0);
	wire_put_blob(&out, "text", 4);
	assert_u32(send(card, COFFER_CMD_SIGN, NULL), COFFER_ST_OK);
}

static void logout(struct test_card *card)
{
	begin(card->session);
	wire_put_u32(&out, 0);
	assert_u32(send(card, COFFER_CMD_LOGOUT, NULL), COFFER_ST_OK);
}

/* ---- Tests ------------------------------------------------------------------------------- */

/* A key that was used is ready in memory; without a login it is in no memory at all. */
static void logout_leaves_no_key(void **state)
{
	struct test_card *card = tc_simple(NULL, "red");
	struct secret s;
	uint32_t handle;

	(void)state;
	make(&s);
	assert_int_equal(in_memory(&s), 0);
	handle = make_key(card, &s);
	sign(card, handle);
	assert_int_not_equal(in_memory(&s), 0);		/* the search is no blind one */
	logout(card);
	assert_int_equal(in_memory(&s), 0);
	assert_int_equal(in_folder(&s, card->dir), 0);
	tc_free(card);
}

static void destroyed_key_is_gone(void **state)
{
	struct test_card *card = tc_simple(NULL, "red");
	struct secret s;
	uint32_t handle;

	(void)state;
	make(&s);
	handle = make_key(card, &s);
	sign(card, handle);
	begin(card->session);
	wire_put_u32(&out, handle);
	assert_u32(send(card, COFFER_CMD_OBJECT_DESTROY, NULL), COFFER_ST_OK);
	assert_int_equal(in_memory(&s), 0);
	tc_free(card);
}

/* Old and new password, right or wrong. */
static void a_request_leaves_no_password(void **state)
{
	struct test_card *card = tc_simple(NULL, "red");
	struct secret right, wrong;

	(void)state;
	make(&right);
	make(&wrong);
	begin(card->session);
	wire_put_u32(&out, COFFER_ROLE_CO);
	wire_put_blob(&out, PIN_CO, strlen(PIN_CO));
	put_secret(&right);
	assert_u32(send(card, COFFER_CMD_ROLE_CHANGE_PW, NULL), COFFER_ST_OK);
	logout(card);
	begin(card->session);
	wire_put_u32(&out, COFFER_ROLE_CO);
	put_secret(&wrong);
	assert_u32(send(card, COFFER_CMD_LOGIN, NULL), COFFER_ST_PIN_INCORRECT);
	begin(card->session);
	wire_put_u32(&out, COFFER_ROLE_CO);
	put_secret(&right);
	assert_u32(send(card, COFFER_CMD_LOGIN, NULL), COFFER_ST_OK);
	assert_int_equal(in_memory(&wrong), 0);
	assert_int_equal(in_memory(&right), 0);
	assert_int_equal(in_folder(&right, card->dir), 0);
	tc_free(card);
}

/* Plain text and session keys of a clone, on both sides, while both are still logged in. */
static void a_clone_leaves_no_key(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct secret secret;
	uint32_t handle, there;

	(void)state;
	make(&secret);
	handle = make_key(s, &secret);
	assert_int_equal(in_memory(&secret), 0);
	assert_u32(clone_one(s, t, handle, &there), COFFER_ST_OK);
	assert_int_equal(in_memory(&secret), 0);
	sign(t, there);
	assert_int_not_equal(in_memory(&secret), 0);
	logout(t);
	assert_int_equal(in_memory(&secret), 0);
	tc_free(s);
	tc_free(t);
}

enum { CARD_KEY, SEAL_KEY, INDEX_KEY, PART_KEY, DOMAIN_KEY, KEYS };

static void keys_of(struct test_card *card, struct secret keys[KEYS])
{
	struct fw_partition *p = partition_find(card->card, card->part);
	uint8_t plain[SECRET];

	nv_card_key(card->card->nv, plain);
	hide(&keys[CARD_KEY], plain);
	memcpy(plain, p->seal_key, SECRET);
	hide(&keys[SEAL_KEY], plain);
	memcpy(plain, p->index_key, SECRET);
	hide(&keys[INDEX_KEY], plain);
	memcpy(plain, p->key, SECRET);
	hide(&keys[PART_KEY], plain);
	memcpy(plain, p->domains.list[0].key, SECRET);
	hide(&keys[DOMAIN_KEY], plain);
}

/* No key of before, in memory or on disk: neither what it sealed nor the key of that. */
static void zeroize_leaves_no_key(void **state)
{
	static const char *const names[KEYS] = { "card", "seal", "index", "partition", "domain" };
	struct test_how how = { .profile = "coffer", .domain = "only here" };
	struct test_card *card = tc_make(&how);
	struct secret keys[KEYS], s;

	(void)state;
	make(&s);
	sign(card, make_key(card, &s));
	keys_of(card, keys);
	for (int i = 0; i < KEYS; i++)
		assert_int_not_equal(in_memory(&keys[i]), 0);
	assert_int_not_equal(in_folder(&keys[CARD_KEY], card->dir), 0);
	begin(card->admin);
	wire_put_u32(&out, 0);
	assert_u32(send(card, COFFER_CMD_HSM_ZEROIZE, NULL), COFFER_ST_OK);
	assert_int_equal(in_memory(&s), 0);
	for (int i = 0; i < KEYS; i++)
		if (in_memory(&keys[i]) || in_folder(&keys[i], card->dir))
			fail_msg("the %s key is still there", names[i]);
	card->plain = false;		/* no other test can use it now */
	tc_free(card);
}

/* The latch takes the keys out of memory; the store still has them, sealed. */
static void a_tampered_card_has_no_keys(void **state)
{
	struct test_card *card = tc_simple(NULL, "not red");
	struct secret keys[KEYS], s;

	(void)state;
	make(&s);
	sign(card, make_key(card, &s));
	keys_of(card, keys);
	fw_card_tamper(card->card);
	tamper_finish(card->card);
	assert_int_equal(in_memory(&s), 0);
	for (int i = SEAL_KEY; i < KEYS; i++)
		assert_int_equal(in_memory(&keys[i]), 0);
	card->plain = false;
	tc_free(card);
}

/* Switched off, a process that had the card knows nothing of it. */
static void power_off_leaves_no_key(void **state)
{
	struct test_card *card = tc_simple(NULL, "power off");
	struct secret keys[KEYS], s;

	(void)state;
	make(&s);
	sign(card, make_key(card, &s));
	keys_of(card, keys);
	tc_off(card);
	assert_int_equal(in_memory(&s), 0);
	for (int i = 0; i < KEYS; i++)
		assert_int_equal(in_memory(&keys[i]), 0);
	tc_on(card);
	tc_free(card);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(logout_leaves_no_key),
		cmocka_unit_test(destroyed_key_is_gone),
		cmocka_unit_test(a_request_leaves_no_password),
		cmocka_unit_test(a_clone_leaves_no_key),
		cmocka_unit_test(zeroize_leaves_no_key),
		cmocka_unit_test(a_tampered_card_has_no_keys),
		cmocka_unit_test(power_off_leaves_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
