// SPDX-License-Identifier: BSD-3-Clause
/*
 * What coffer_clone_preflight() says about pairs of partitions that the test makes up: a code, a
 * line that names the side at fault, and the mend. And how requests are built.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib_fake.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One side, in the order of the host. */
struct side {
	uint32_t partition, serial, card_flags, role, must_change;
	uint32_t kind, level, protocols, suites, fips, domains, wait_ms;
	uint32_t hsm7, policy0, policy4;
	uint32_t policy44;		/* 2 = the firmware has none */
	bool read_only, mute;
};

static const struct side good = {
	.partition = 1, .role = COFFER_ROLE_CO, .kind = COFFER_PART_KIND_V0, .level = 1,
	.protocols = COFFER_CLONE_CPV1 | COFFER_CLONE_CPV4, .suites = 0xe, .domains = 1,
	.hsm7 = 1, .policy0 = 1, .policy4 = 1,
};

static size_t info(const struct side *s, uint8_t *reply)
{
	const struct coffer_rep_partition_info rep = {
		.row = { .id = htole32(s->partition), .serial = htole64(s->serial) },
		.kind = htole32(s->kind),
		.level = htole32(s->level),
		.protocols = htole32(s->protocols),
		.suites = htole32(s->suites),
		.fips = htole32(s->fips),
		.domains = htole32(s->domains),
		.clone_failures = htole32(3),
		.clone_wait_ms = htole32(s->wait_ms),
	};

	memcpy(reply, &rep, sizeof(rep));
	return sizeof(rep);
}

static size_t policies(const struct side *s, bool admin, uint8_t *reply)
{
	const struct coffer_policy_row hsm[] = {
		{ .id = htole32(7), .value = htole32(s->hsm7) },
	};
	const struct coffer_policy_row part[] = {
		{ .id = htole32(0), .value = htole32(s->policy0) },
		{ .id = htole32(4), .value = htole32(s->policy4) },
		{ .id = htole32(44), .value = htole32(s->policy44) },
	};

	return admin ? fake_rows(reply, hsm, sizeof(hsm[0]), 1) :
		       fake_rows(reply, part, sizeof(part[0]), s->policy44 == 2 ? 2 : 3);
}

/* Session 1 is the partition's, session 2 the admin partition's. */
static int side_exec(struct fake_card *card, uint16_t opcode, const uint8_t *req, size_t req_len,
		     uint8_t *reply, size_t *len, uint32_t *verdict)
{
	const struct side *s = card->opaque;
	struct coffer_rep_session_info who = {
		.role = htole32(s->role), .must_change_pw = htole32(s->must_change),
	};
	struct coffer_card_info identity = { .flags = htole32(s->card_flags) };
	const struct coffer_rep_session_open opened = { .session = htole32(2) };
	uint32_t session = 0;

	if (req_len >= sizeof(session))
		memcpy(&session, req, sizeof(session));
	*verdict = s->mute ? COFFER_ST_DEVICE_ERROR : COFFER_ST_OK;
	*len = 0;
	if (s->mute)
		return 0;
	switch (opcode) {
	case COFFER_CMD_PARTITION_INFO:
		*len = info(s, reply);
		break;
	case COFFER_CMD_IDENTIFY:
		memcpy(reply, &identity, *len = sizeof(identity));
		break;
	case COFFER_CMD_SESSION_INFO:
		memcpy(reply, &who, *len = sizeof(who));
		break;
	case COFFER_CMD_SESSION_OPEN:
		memcpy(reply, &opened, *len = sizeof(opened));
		break;
	case COFFER_CMD_POLICY_LIST:
		*len = policies(s, le32toh(session) == 2, reply);
		break;
	}
	return 0;
}

static char *preflight(const struct side *source, const struct side *target, coffer_rc *rc)
{
	const struct side *sides[] = { source, target };
	struct fake_card cards[2] = {
		{ .exec = side_exec, .opaque = (void *)source },
		{ .exec = side_exec, .opaque = (void *)target },
	};
	struct fake_card *list[] = { &cards[0], &cards[1] };
	struct coffer *ctx = fake_context(list, 2);
	struct coffer_session s[2];
	char *text;

	for (unsigned int i = 0; i < 2; i++) {
		s[i] = (struct coffer_session){
			.card = coffer_card_at(ctx, i), .id = htole32(1),
			.partition = sides[i]->partition, .rw = !sides[i]->read_only,
		};
		s[i].epoch = card_epoch(s[i].card);
	}
	text = coffer_clone_preflight(&s[0], &s[1], rc);
	coffer_close(ctx);
	return text;
}

static void assert_finding(const struct side *s, const struct side *t, coffer_rc wanted,
			   const char *words)
{
	coffer_rc rc = 0;
	char *text = preflight(s, t, &rc);

	assert_int_equal(rc, wanted);
	assert_non_null(text);
	assert_non_null(strstr(text, words));
	free(text);
}

static void nothing_against_it(void **state)
{
	struct side s = good, t = good;
	coffer_rc rc = 1;

	(void)state;
	s.serial = 1;
	t.serial = 2;
	assert_null(preflight(&s, &t, &rc));
	assert_int_equal(rc, 0);
	/* One class of keys may go: that is no refusal of the whole. */
	t.policy0 = 0;
	s.policy4 = 1;
	assert_null(preflight(&s, &t, &rc));
	/* Up in level; a backup card takes V0, whatever its own level. */
	t = good;
	t.serial = 2;
	t.level = 2;
	s.level = 0;
	assert_null(preflight(&s, &t, &rc));
	s.level = good.level;
	t.level = 0;
	t.kind = COFFER_PART_KIND_BACKUP;
	assert_null(preflight(&s, &t, &rc));
	assert_null(preflight(&t, &s, &rc));
}

/* row 3 */
static void passwords_and_ped_mix_where_policy_44_is_on(void **state)
{
	struct side s = good, t = good;

	(void)state;
	s.serial = 1;
	t.serial = 2;
	t.card_flags = COFFER_CARD_PED;
	s.policy44 = t.policy44 = 2;
	assert_finding(&s, &t, ST(OPERATION_NOT_ALLOWED), "7.8.0");
	t.policy44 = 0;
	assert_finding(&s, &t, ST(OPERATION_NOT_ALLOWED), "give the target policy 44");
	assert_finding(&t, &s, ST(OPERATION_NOT_ALLOWED), "give the source policy 44");
	t.policy44 = 1;
	assert_null(preflight(&s, &t, NULL));
	assert_null(preflight(&t, &s, NULL));
	t.policy44 = 2;
	s.kind = COFFER_PART_KIND_CLOUD;
	assert_null(preflight(&s, &t, NULL));
	assert_null(preflight(&t, &s, NULL));
	s.kind = good.kind;
	s.card_flags = COFFER_CARD_PED;
	assert_null(preflight(&s, &t, NULL));
}

/* Faults of one side: told of the source and of the target alike. */
static void set_logged_out(struct side *s) { s->role = COFFER_ROLE_NONE; }
static void set_po(struct side *s) { s->role = COFFER_ROLE_PO; }
static void set_initial(struct side *s) { s->must_change = 1; }
static void set_admin(struct side *s) { s->partition = 0; }
static void set_no_domain(struct side *s) { s->domains = 0; }
static void set_throttled(struct side *s) { s->wait_ms = 4200; }
static void set_hsm7(struct side *s) { s->hsm7 = 0; }
static void set_no_keys(struct side *s) { s->policy0 = s->policy4 = 0; }

static const struct fault {
	void (*set)(struct side *s);
	coffer_rc rc;
	const char *mend;
} faults[] = {
	{ set_logged_out, ST(USER_NOT_LOGGED_IN), "role login -name" },
	{ set_po, ST(USER_NOT_AUTHORIZED), "role logout; role login" },
	{ set_initial, ST(PIN_EXPIRED), "role changepw" },
	{ set_admin, ST(OPERATION_NOT_ALLOWED), "admin partition" },
	{ set_no_domain, ST(CLONING_PARAMETER_MISSING), "initialise" },
	{ set_throttled, ST(CLONE_THROTTLED), "5 more seconds" },
	{ set_hsm7, ST(OPERATION_NOT_ALLOWED), "HSM policy 7" },
	{ set_no_keys, ST(OPERATION_NOT_ALLOWED), "policies 0 and 4" },
};

static void faults_name_their_side(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(faults); i++) {
		const struct fault *f = &faults[i / 2];
		struct side sides[2] = { good, good };
		coffer_rc rc = 1;
		char *text;

		sides[0].serial = 1;
		sides[1].serial = 2;
		f->set(&sides[i % 2]);
		text = preflight(&sides[0], &sides[1], &rc);
		assert_non_null(text);
		if (rc != f->rc || !strstr(text, i % 2 ? "target" : "source") ||
		    !strstr(text, f->mend))
			fail_msg("%s: %s", coffer_errname(rc), text);
		/* One line for people. */
		assert_null(strchr(text, '\n'));
		free(text);
	}
}

/* Faults of the pair. */
static void set_level(struct side *s, struct side *t)
{
	s->level = 1;
	t->level = 0;
}

static void set_version(struct side *s, struct side *t)
{
	s->level = 2;
	t->level = 1;
}

static void set_same(struct side *s, struct side *t)
{
	s->serial = t->serial;
}

static void set_read_only(struct side *s, struct side *t)
{
	(void)s;
	t->read_only = true;
}

static void set_mute(struct side *s, struct side *t)
{
	(void)s;
	t->mute = true;
}

static void set_kdf(struct side *s, struct side *t)
{
	(void)t;
	s->card_flags = COFFER_CARD_TEST_KDF;
}

static void set_protocols(struct side *s, struct side *t)
{
	s->protocols = COFFER_CLONE_CPV1;
	t->protocols = COFFER_CLONE_CPV4;
}

static void set_suites(struct side *s, struct side *t)
{
	s->suites = 0x2;
	t->suites = 0x4;
}

static const struct {
	void (*set)(struct side *s, struct side *t);
	coffer_rc rc;
	const char *words;
} pair_faults[] = {
	{ set_same, ST(CLONE_SAME_PARTITION), "same partition" },
	{ set_read_only, ST(SESSION_READ_ONLY), "read-only" },
	{ set_mute, ST(DEVICE_ERROR), "cannot be looked at" },
	{ set_level, ST(CLONE_DIRECTION), "less secure" },
	{ set_version, ST(DATA_LEN_RANGE), "the target is a V0 partition" },
	{ set_kdf, ST(CLONE_KDF_MISMATCH), "-kdf-cost test" },
	{ set_protocols, ST(PROTOCOL_DISABLED), "policy 42" },
	{ set_suites, ST(SESSION_NEGOTIATION_NO_ALGS), "cipher suite" },
};

static void faults_of_the_pair(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pair_faults); i++) {
		struct side s = good, t = good;
		coffer_rc rc = 1;
		char *text;

		s.serial = 1;
		t.serial = 2;
		pair_faults[i].set(&s, &t);
		text = preflight(&s, &t, &rc);
		assert_non_null(text);
		if (rc != pair_faults[i].rc || !strstr(text, pair_faults[i].words))
			fail_msg("%s: %s", coffer_errname(rc), text);
		free(text);
	}
}

/* ---- Requests ------------------------------------------------------------------------------- */

static void requests_leave_no_secret(void **state)
{
	static const uint8_t filler[200];
	struct msg_out w;

	(void)state;
	msg_out_init(&w);
	msg_put_blob(&w, "a secret PIN", 12);
	assert_ptr_equal(w.data, w.space);
	assert_non_null(memmem(w.space, sizeof(w.space), "secret", 6));
	/* Longer than its own space: what was there is wiped when it moves. */
	msg_put(&w, filler, sizeof(filler));
	msg_put(&w, filler, sizeof(filler));
	assert_ptr_not_equal(w.data, w.space);
	assert_null(memmem(w.space, sizeof(w.space), "secret", 6));
	assert_int_equal(w.error, 0);
	msg_out_free(&w);
	msg_put_blob(&w, "another secret", 14);
	msg_out_free(&w);
	assert_null(memmem(w.space, sizeof(w.space), "secret", 6));
}

static void failure_sticks(void **state)
{
	static const uint8_t big[COFFER_CMD_MAX_PAYLOAD];
	struct msg_out w;
	struct msg_in in;
	size_t len;

	(void)state;
	msg_out_init(&w);
	msg_put(&w, big, sizeof(big));
	assert_int_equal(w.error, 0);
	assert_int_equal(w.len, sizeof(big));
	msg_put(&w, big, 1);
	assert_int_equal(w.error, -EMSGSIZE);
	msg_put_u32(&w, 1);
	assert_int_equal(w.len, sizeof(big));
	msg_out_free(&w);
	msg_put(&w, NULL, 1);
	assert_int_equal(w.error, -EINVAL);
	msg_out_free(&w);
	msg_put_blob(&w, big, SIZE_MAX);
	assert_int_equal(w.error, -EMSGSIZE);
	msg_out_free(&w);

	msg_in_init(&in, "\5\0\0\0abcd", 8);
	assert_null(msg_take_blob(&in, &len));
	assert_int_equal(len, 0);
	assert_int_equal(msg_take_u32(&in), 0);
	assert_false(msg_in_done(&in));
	msg_in_init(&in, "\4\0\0\0abcd", 8);
	assert_memory_equal(msg_take_blob(&in, &len), "abcd", 4);
	assert_true(msg_in_done(&in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_and_ped_mix_where_policy_44_is_on),
		cmocka_unit_test(nothing_against_it),
		cmocka_unit_test(faults_name_their_side),
		cmocka_unit_test(faults_of_the_pair),
		cmocka_unit_test(requests_leave_no_secret),
		cmocka_unit_test(failure_sticks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
