// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who may clone to whom: generations, backup cards, direction, FIPS, KDF cost, HSM policy 7,
 * other roots. Every pair of profiles either clones by the protocol of the decision table or
 * is refused by the code that it names.
 */
#include "clone_pair.h"

#include <stdio.h>
#include <unistd.h>

static uint32_t negotiate(struct test_card *s, struct test_card *t, uint32_t *protocol)
{
	struct run *r = run_new(s, t);
	uint32_t st = run_negotiate(r);

	*protocol = r->protocol;
	run_give_up(r);
	free(r);
	return st;
}

enum { COFFER, P624, P74, P78, BACKUP, PROFILES };
static const char *const names[PROFILES] = {
	"coffer", "pcie-6.24", "pcie-7.4", "pcie-7.8", "backup-g5-6.28",
};

/* What each source (row) may do with each target (column): protocol, or 0 = CLONE_DIRECTION. */
static const uint8_t expected[PROFILES][PROFILES] = {
	[COFFER] = { 4, 0, 0, 4, 1 },
	[P624] = { 1, 1, 1, 1, 1 },
	[P74] = { 1, 1, 1, 1, 1 },
	[P78] = { 4, 0, 0, 4, 1 },
	[BACKUP] = { 1, 1, 1, 1, 1 },
};

static void every_pair(void **state)
{
	struct test_card *s[PROFILES], *t[PROFILES];

	(void)state;
	for (int i = 0; i < PROFILES; i++) {
		s[i] = tc_simple(names[i], "red");
		t[i] = tc_simple(names[i], "red");
	}
	for (int i = 0; i < PROFILES; i++) {
		for (int k = 0; k < PROFILES; k++) {
			uint32_t protocol, st = negotiate(s[i], t[k], &protocol);
			uint32_t want = expected[i][k] == 4 ? COFFER_CLONE_CPV4 :
					COFFER_CLONE_CPV1;

			if (!expected[i][k]) {
				assert_u32(st, COFFER_ST_CLONE_DIRECTION);
				continue;
			}
			if (st)
				fail_msg("%s to %s: %#x", names[i], names[k], st);
			assert_u32(protocol, want);
		}
	}
	for (int i = 0; i < PROFILES; i++) {
		tc_free(s[i]);
		tc_free(t[i]);
	}
}

/* A V0 object goes to a backup card and back to V0, and nowhere lower (1.6, section 8). */
static void backup_and_restore(void **state)
{
	struct test_card *v0 = tc_simple("pcie-7.8", "red"), *other = tc_simple("pcie-7.8", "red");
	struct test_card *old = tc_simple("pcie-7.4", "red");
	struct test_card *backup = tc_simple("backup-g5-6.28", "red");
	uint32_t h = tc_make_value(v0, "v0", true, "x", 1);
	uint32_t h_old = tc_make_value(old, "old", true, "y", 1);
	uint32_t copy, copy_old, handle, got;
	struct test_blob blob;
	struct attrs a, b;
	struct run *r;

	(void)state;
	assert_u32(clone_one(v0, backup, h, &copy), COFFER_ST_OK);
	assert_u32(clone_one(old, backup, h_old, &copy_old), COFFER_ST_OK);
	/* Not even sealed for a card that may not have it. */
	r = run_new(backup, old);
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, &copy, 1, &blob, &got), COFFER_ST_OK);
	assert_u32(blob.verdict, COFFER_ST_CLONE_DIRECTION);
	blobs_free(&blob, 1);
	run_give_up(r);
	free(r);
	assert_u32(clone_one(backup, old, copy, &handle), COFFER_ST_CLONE_DIRECTION);
	assert_u32(tc_count(old), 1);
	assert_u32(clone_one(backup, other, copy, &handle), COFFER_ST_OK);
	tc_read(v0, h, &a);
	tc_read(other, handle, &b);
	assert_non_null(attrs_get(&a, COFFER_CKA_OUID));
	assert_memory_equal(attrs_get(&a, COFFER_CKA_OUID)->value,
			    attrs_get(&b, COFFER_CKA_OUID)->value, COFFER_OUID_LEN);
	attrs_free(&a);
	attrs_free(&b);
	assert_u32(clone_one(backup, other, copy_old, &handle), COFFER_ST_OK);
	assert_u32(clone_one(backup, old, copy_old, &handle),
		   COFFER_ST_OBJECT_ALREADY_EXISTS);
	/* Home again: it is there already. */
	assert_u32(clone_one(backup, v0, copy, &handle), COFFER_ST_OBJECT_ALREADY_EXISTS);
	tc_free(v0);
	tc_free(other);
	tc_free(old);
	tc_free(backup);
}

/* A copy of an object, with these attributes changed: as any CO may ask for. */
static uint32_t copy_of(struct test_card *card, uint32_t handle, bool token, uint32_t *copy)
{
	struct call *c = call_new();
	struct attrs template;
	uint8_t flat[64];
	struct wire_out w;
	uint32_t st;

	attrs_init(&template);
	assert_u32(attrs_set_bool(&template, COFFER_CKA_TOKEN, token), COFFER_ST_OK);
	wire_out_init(&w, flat, sizeof(flat));
	attrs_write(&template, &w);
	call_begin(c, card->session);
	wire_put_u32(&c->req, handle);
	wire_put_blob(&c->req, w.base, w.len);
	st = call_run(card, c, COFFER_CMD_OBJECT_COPY);
	*copy = wire_u32(&c->rep);
	attrs_free(&template);
	free(c);
	return st;
}

static uint64_t level_of(struct test_card *card, uint32_t handle)
{
	struct attrs a;
	uint64_t level;

	tc_read(card, handle, &a);
	level = attrs_ulong(&a, COFFER_CKA_SECURITY_LEVEL, UINT64_MAX);
	attrs_free(&a);
	return level;
}

/* A copy made on the backup card, directly or through the session, goes no lower either. */
static void copy_on_backup(void **state)
{
	struct test_card *v0 = tc_simple("pcie-7.8", "red"), *old = tc_simple("pcie-7.4", "red");
	struct test_card *older = tc_simple("pcie-6.24", "red");
	struct test_card *backup = tc_simple("backup-g5-6.28", "red");
	uint32_t h = tc_make_value(v0, "v0", true, "x", 1), kept, copy[2], passing, handle;

	(void)state;
	assert_u32(clone_one(v0, backup, h, &kept), COFFER_ST_OK);
	assert_int_equal(level_of(backup, kept), 1);
	assert_u32(copy_of(backup, kept, true, &copy[0]), COFFER_ST_OK);
	assert_u32(copy_of(backup, kept, false, &passing), COFFER_ST_OK);
	assert_u32(copy_of(backup, passing, true, &copy[1]), COFFER_ST_OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(level_of(backup, copy[i]), 1);
		assert_u32(clone_one(backup, old, copy[i], &handle), COFFER_ST_CLONE_DIRECTION);
		assert_u32(clone_one(backup, older, copy[i], &handle), COFFER_ST_CLONE_DIRECTION);
		assert_u32(clone_one(backup, v0, copy[i], &handle), COFFER_ST_OK);
	}
	assert_u32(tc_count(old), 0);
	assert_u32(tc_count(older), 0);
	tc_free(v0);
	tc_free(old);
	tc_free(older);
	tc_free(backup);
}

/* row 93 */
static void too_small_for_the_target(void **state)
{
	struct test_card *s = tc_simple("pcie-6.24", "red"), *t = tc_simple("pcie-7.4", "red");
	struct test_card *s4 = tc_simple(NULL, "red"), *t4 = tc_simple("pcie-7.8", "red");
	uint32_t pub, priv, aes = tc_make_aes(s, "k"), handle, got;
	uint32_t handles[4], verdicts[4], copies[4];
	struct test_blob blobs[4];
	struct run *r = run_new(s4, t4);

	(void)state;
	/* One by one under CPv1 ... */
	tc_make_rsa(s, 1024, "small", &pub, &priv);
	assert_u32(clone_one(s, t, priv, &handle), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(clone_one(s, t, pub, &handle), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(clone_one(s, t, aes, &handle), COFFER_ST_OK);
	assert_u32(tc_count(t), 1);
	/* ... and among others under CPv4: it stands in nobody's way. */
	handles[0] = tc_make_aes(s4, "before");
	tc_make_rsa(s4, 1024, "small", &handles[1], &handles[2]);
	handles[3] = tc_make_aes(s4, "behind");
	assert_u32(run_negotiate(r), COFFER_ST_OK);
	assert_u32(run_extract(r, handles, 4, blobs, &got), COFFER_ST_OK);
	assert_u32(run_insert(r, blobs, 4, verdicts, copies), COFFER_ST_OK);
	assert_u32(verdicts[0], COFFER_ST_OK);
	assert_u32(verdicts[1], COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(verdicts[2], COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(verdicts[3], COFFER_ST_OK);
	assert_u32(tc_count(t4), 2);
	blobs_free(blobs, 4);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
	tc_free(s4);
	tc_free(t4);
}

/* row 90 */
static void unknown_to_the_target(void **state)
{
	struct test_card *s = tc_simple("pcie-7.4", "red"), *t = tc_simple("pcie-6.24", "red");
	uint32_t pub, priv, aes = tc_make_aes(s, "k"), handle;

	(void)state;
	tc_make_pair(s, COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, "ed", &pub, &priv);
	assert_u32(clone_one(s, t, priv, &handle), COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(clone_one(s, t, pub, &handle), COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(tc_count(t), 0);
	assert_u32(clone_one(s, t, aes, &handle), COFFER_ST_OK);
	tc_free(s);
	tc_free(t);
}

/* row 91 */
static void fips_mode_takes_what_it_could_have_made(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	uint32_t pub, priv, aes = tc_make_aes(s, "aes"), handle;

	(void)state;
	tc_policy_set(t, false, 43, 0);
	tc_make_pair(s, COFFER_CKM_EC_EDWARDS_KEY_PAIR_GEN, "ed", &pub, &priv);
	assert_u32(clone_one(s, t, priv, &handle), COFFER_ST_OBJECT_TYPE_INVALID);
	assert_u32(clone_one(s, t, pub, &handle), COFFER_ST_OBJECT_TYPE_INVALID);
	tc_make_rsa(s, 1024, "small", &pub, &priv);
	assert_u32(clone_one(s, t, priv, &handle), COFFER_ST_KEY_SIZE_RANGE);
	assert_u32(tc_count(t), 0);
	assert_u32(clone_one(s, t, aes, &handle), COFFER_ST_OK);
	/* The other way all goes that may leave at all. */
	aes = tc_make_aes(t, "strict");
	assert_u32(clone_one(t, s, aes, &handle), COFFER_ST_OK);
	tc_free(s);
	tc_free(t);
}

/* row 5 */
static void hsm_policy(void **state)
{
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_simple(NULL, "red");
	struct run *r;
	uint32_t protocol;

	(void)state;
	tc_policy_set(t, true, 7, 0);
	tc_add_partition(t, "red");
	/* The card itself does not even begin. */
	r = run_new(s, t);
	assert_u32(run_start(r), COFFER_ST_OPERATION_NOT_ALLOWED);
	free(r);
	assert_u32(negotiate(s, t, &protocol), COFFER_ST_OPERATION_NOT_ALLOWED);
	assert_u32(negotiate(t, s, &protocol), COFFER_ST_OPERATION_NOT_ALLOWED);
	tc_free(s);
	tc_free(t);
}

static void kdf_cost(void **state)
{
	struct test_how how = { .slow_kdf = true };
	struct test_card *s = tc_simple(NULL, "red"), *t = tc_make(&how);
	uint32_t protocol;

	(void)state;
	assert_u32(negotiate(s, t, &protocol), COFFER_ST_CLONE_KDF_MISMATCH);
	assert_u32(negotiate(t, s, &protocol), COFFER_ST_CLONE_KDF_MISMATCH);
	tc_free(s);
	tc_free(t);
}

/* A card of another maker, with the right domain: no clone, and a clear word why. */
static void foreign_root(void **state)
{
	char dir[] = "/tmp/clone-root-XXXXXX", key[64], cert[64], line[512];
	struct test_how how = { .root_key_file = key, .root_cert_file = cert };
	struct test_card *s = tc_simple(NULL, "red"), *t;
	struct run *r;
	uint32_t protocol;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof(key), "%s/key.pem", dir);
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(line, sizeof(line),
		 "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
		 "-days 30 -subj '/CN=another root' -keyout %s -out %s 2>/dev/null", key, cert);
	assert_u32(system(line), 0);
	t = tc_make(&how);
	assert_u32(negotiate(s, t, &protocol), COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS);
	assert_u32(negotiate(t, s, &protocol), COFFER_ST_SESSION_NEGOTIATION_NO_ROOTS);
	/* Lying about the root does not make a certificate genuine. */
	r = run_new(s, t);
	assert_u32(run_start(r), COFFER_ST_OK);
	{
		struct run *own = run_new(s, s);

		assert_u32(run_start(own), COFFER_ST_OK);
		memcpy(r->m1.p + CLONE_MSG_HEADER + 64, own->m1.p + CLONE_MSG_HEADER + 64, 32);
		run_give_up(own);
		free(own);
	}
	assert_u32(run_answer(r), COFFER_ST_CERTIFICATE_DATA_INVALID);
	run_give_up(r);
	free(r);
	tc_free(s);
	tc_free(t);
	unlink(key);
	unlink(cert);
	rmdir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair),
		cmocka_unit_test(backup_and_restore),
		cmocka_unit_test(copy_on_backup),
		cmocka_unit_test(too_small_for_the_target),
		cmocka_unit_test(unknown_to_the_target),
		cmocka_unit_test(fips_mode_takes_what_it_could_have_made),
		cmocka_unit_test(hsm_policy),
		cmocka_unit_test(kdf_cost),
		cmocka_unit_test(foreign_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
