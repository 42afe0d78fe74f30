// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every command with its first, second, ... allocation, crypto operation or disk access failing,
 * until it needs no more of them (quality.md A1.5 and B, "OOM loop"): it says so with a code that
 * means that, changes nothing, leaks nothing (the unit lane runs this under ASan), and works when
 * it is asked again.
 */
#include "fault_stage.h"

#include "card.h"
#include "object.h"

#define OTHER_PIN	"other password"
#define STATE_MAX	(256 * 1024)

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, "coffer");
	stage_set(&bench);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

/* ---- What a command may not change when it fails ------------------------------------------ */

static uint8_t *state_add(struct bench *b, uint8_t *to, uint32_t st)
{
	memcpy(to, &st, sizeof(st));
	memcpy(to + 4, b->reply, b->len);
	return to + 4 + b->len;
}

static size_t state_take(struct bench *b, uint8_t *to)
{
	static const uint16_t lists[] = {
		COFFER_CMD_POLICY_LIST, COFFER_CMD_ROLE_LIST, COFFER_CMD_SESSION_INFO,
		COFFER_CMD_DOMAIN_LIST, COFFER_CMD_CIPHER_LIST,
	};
	uint8_t *at = to;
	size_t i;

	at = state_add(b, at, ask(b, COFFER_CMD_PARTITION_LIST, NULL, 0));
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		at = state_add(b, at, words(b, COFFER_ROLE_CO, lists[i], 1, &(uint32_t){ 0 }));
		if (i < 3)
			at = state_add(b, at, words(b, COFFER_ROLE_SO, lists[i], 1,
						    &(uint32_t){ 0 }));
	}
	at = state_add(b, at, WORDS(b, CO, OBJECT_FIND, 100, 0, 0, 0, 4, COFFER_CKA_LABEL,
				    COFFER_CKA_CLASS, COFFER_CKA_OUID, COFFER_CKA_TOKEN));
	assert_true(at - to < STATE_MAX);
	return (size_t)(at - to);
}

/* What says that memory, crypto or disk failed, and nothing about the request. */
static bool is_fault(uint32_t st)
{
	return st == COFFER_ST_DEVICE_MEMORY || st == COFFER_ST_DEVICE_ERROR;
}

struct command {
	const char *name;
	uint32_t (*run)(struct bench *b);
	uint32_t (*undo)(struct bench *b);	/* after a success; NULL: nothing to undo */
	void (*mend)(struct bench *b);		/* after a failure; NULL: nothing to mend */
	uint32_t verdict;			/* when nothing fails */
};

static void compare_state(struct bench *b, const struct command *c, unsigned int n,
			  const uint8_t *before, size_t len)
{
	static uint8_t now[STATE_MAX];

	if (state_take(b, now) != len || memcmp(now, before, len))
		fail_msg("%s: %u: %s failed, and something changed", c->name, n, fault_name());
}

static void sweep(struct bench *b, const struct command *c)
{
	static uint8_t before[STATE_MAX];
	size_t len = state_take(b, before);
	unsigned int n = 0;
	bool failed;
	uint32_t st;

	do {
		fault_arm(++n);
		st = c->run(b);
		failed = fault_disarm();
		/* Some can do without, a cache for instance. */
		if (st != c->verdict && (!failed || !is_fault(st)))
			fail_msg("%s: %u: %s failed: 0x%08x", c->name, n,
				 failed ? fault_name() : "nothing", st);
		if (st == c->verdict && c->undo)
			expect(c->undo(b), 0);
		if (st != c->verdict && c->mend)
			c->mend(b);
		compare_state(b, c, n, before, len);
	} while (failed);
	print_message("# %s: %u faults\n", c->name, n - 1);
}

/* ---- Commands that only look -------------------------------------------------------------- */

#define LOOK(name, role, opcode, ...) \
	static uint32_t name(struct bench *b) \
	{ \
		return WORDS(b, role, opcode, __VA_ARGS__); \
	}

static uint32_t echo(struct bench *b)
{
	return ask_as(b, stage.owner[COFFER_ROLE_CO], COFFER_CMD_ECHO, "x", 1);
}

static uint32_t identify(struct bench *b)
{
	return ask_as(b, stage.owner[COFFER_ROLE_CO], COFFER_CMD_IDENTIFY, NULL, 0);
}

static uint32_t partition_list(struct bench *b)
{
	return ask_as(b, 0, COFFER_CMD_PARTITION_LIST, NULL, 0);
}

static uint32_t stats(struct bench *b)
{
	return ask_as(b, 0, COFFER_CMD_STATS, NULL, 0);
}

LOOK(session_info, CO, SESSION_INFO, 0)
LOOK(role_list, CO, ROLE_LIST, 0)
LOOK(policy_list, CO, POLICY_LIST, 0)
LOOK(partition_info, CO, PARTITION_INFO, 0)
LOOK(mechanism_list, CO, MECHANISM_LIST, 0)
LOOK(domain_list, PO, DOMAIN_LIST, 0)
LOOK(cipher_list, CO, CIPHER_LIST, 0)
LOOK(random_bytes, CO, RANDOM, 32)
LOOK(digest, CO, DIGEST, 0, COFFER_CKM_SHA256, 0, 0)
LOOK(object_find, CO, OBJECT_FIND, 10, 0, 0, 0, 1, COFFER_CKA_LABEL)
LOOK(object_get, CO, OBJECT_GET, stage.key, 2, COFFER_CKA_LABEL, COFFER_CKA_TOKEN)
LOOK(sign, CO, SIGN, stage.priv, COFFER_CKM_ECDSA_SHA256, 0, 0)
LOOK(refused, CU, KEY_GENERATE, 0, COFFER_CKM_AES_KEY_GEN, 0, 0)
LOOK(audit_config, AU, AUDIT_CONFIG, 0, 0, 0, 0, 0, 0, 0)
LOOK(audit_read, AU, AUDIT_READ, 10, 0, 0, 0, 0)

/* A key that is not ready yet: the partition's last login has ended in between. */
static uint32_t encrypt_cold(struct bench *b)
{
	struct wire w;

	wire_new(&w, stage.session[COFFER_ROLE_CO]);
	wire_put_u32(&w.out, stage.key);
	wire_put_u32(&w.out, COFFER_CKM_AES_CBC);
	wire_put_blob(&w.out, (const uint8_t[16]){ 0 }, 16);
	wire_put_blob(&w.out, "sixteen bytes, !", 16);
	objects_forget(b->card->crypto, 1);
	return send_as(b, COFFER_ROLE_CO, COFFER_CMD_ENCRYPT, &w);
}

/* ---- Commands that change something ------------------------------------------------------- */

static uint32_t session_new(struct bench *b)
{
	uint32_t req[2] = { 1, 0 };

	return ask_as(b, stage.owner[COFFER_ROLE_NONE], COFFER_CMD_SESSION_OPEN, req, 8);
}

static uint32_t session_gone(struct bench *b)
{
	uint32_t req[2] = { word(b, 0), 0 };

	return ask_as(b, stage.owner[COFFER_ROLE_NONE], COFFER_CMD_SESSION_CLOSE, req, 8);
}

/* The first session of an owner on a partition: it needs a presence, too. */
static uint32_t session_first(struct bench *b)
{
	uint32_t req[2] = { 0, 0 };

	return ask_as(b, stage.owner[COFFER_ROLE_NONE], COFFER_CMD_SESSION_OPEN, req, 8);
}

static uint32_t owner_new(struct bench *b)
{
	struct fw_request rq = { .tag = UINT64_MAX, .opcode = COFFER_CMD_OWNER_OPEN,
				 .from_driver = true, .req = &(uint64_t){ 0 }, .req_len = 8,
				 .reply = b->reply, .reply_room = sizeof(b->reply) };

	return fw_exec(b->card, &rq, &b->len);
}

static uint32_t owner_gone(struct bench *b)
{
	return owner_close(b, dword(b, 0));
}

static uint32_t co_in(struct bench *b)
{
	return pin_as(b, COFFER_ROLE_NONE, COFFER_CMD_LOGIN, COFFER_ROLE_CO, CO_PIN);
}

static uint32_t nobody_out(struct bench *b)
{
	return WORDS(b, NONE, LOGOUT, 0);
}

/* An attempt is counted before anything can fail; the right password takes it back. */
static void co_counts(struct bench *b)
{
	expect(co_in(b), 0);
	expect(nobody_out(b), 0);
}

static uint32_t co_wrong(struct bench *b)
{
	return pin_as(b, COFFER_ROLE_NONE, COFFER_CMD_LOGIN, COFFER_ROLE_CO, "wrong password");
}

static uint32_t co_right(struct bench *b)
{
	co_counts(b);
	return 0;
}

static uint32_t change_pw(struct bench *b, const char *old, const char *new)
{
	struct wire w;

	wire_new(&w, stage.session[COFFER_ROLE_CU]);
	wire_put_u32(&w.out, COFFER_ROLE_CU);
	wire_put_blob(&w.out, old, strlen(old));
	wire_put_blob(&w.out, new, strlen(new));
	return send_as(b, COFFER_ROLE_CU, COFFER_CMD_ROLE_CHANGE_PW, &w);
}

static uint32_t cu_changes(struct bench *b)
{
	return change_pw(b, CU_PIN, OTHER_PIN);
}

static uint32_t cu_changes_back(struct bench *b)
{
	return change_pw(b, OTHER_PIN, CU_PIN);
}

static void cu_counts(struct bench *b)
{
	expect(pin_as(b, COFFER_ROLE_NONE, COFFER_CMD_LOGIN, COFFER_ROLE_CU, CU_PIN), 0);
	expect(nobody_out(b), 0);
}

static uint32_t cu_reset(struct bench *b)
{
	return pin_as(b, COFFER_ROLE_CO, COFFER_CMD_ROLE_RESET_PW, COFFER_ROLE_CU, CU_PIN);
}

static uint32_t policy(struct bench *b, enum coffer_role role, uint32_t id, uint32_t value)
{
	uint32_t req[] = { COFFER_POLICY_SET_DESTRUCTIVE, 1, id, value };

	return words(b, role, COFFER_CMD_POLICY_SET, 4, req);
}

static uint32_t policy_off(struct bench *b)
{
	return policy(b, COFFER_ROLE_PO, 22, 1);
}

static uint32_t policy_back(struct bench *b)
{
	return policy(b, COFFER_ROLE_PO, 22, 0);
}

static uint32_t hsm_policy_off(struct bench *b)
{
	return policy(b, COFFER_ROLE_SO, 16, 0);
}

static uint32_t hsm_policy_back(struct bench *b)
{
	return policy(b, COFFER_ROLE_SO, 16, 1);
}

static uint32_t domain_add(struct bench *b)
{
	return domain_ask(b, COFFER_CMD_DOMAIN_ADD, 0, "third", "a third domain");
}

static uint32_t domain_delete(struct bench *b)
{
	return domain_ask(b, COFFER_CMD_DOMAIN_DELETE, 0, "third", NULL);
}

static uint32_t second_delete(struct bench *b)
{
	return domain_ask(b, COFFER_CMD_DOMAIN_DELETE, 0, "second", NULL);
}

static uint32_t second_back(struct bench *b)
{
	return domain_ask(b, COFFER_CMD_DOMAIN_ADD, 0, "second", "a second domain");
}

static uint32_t domain_primary(struct bench *b)
{
	return domain_ask(b, COFFER_CMD_DOMAIN_CHANGE, COFFER_DOMAIN_PRIMARY, "second", "erste");
}

static uint32_t domain_primary_back(struct bench *b)
{
	uint32_t st = domain_ask(b, COFFER_CMD_DOMAIN_CHANGE, COFFER_DOMAIN_PRIMARY, "first",
				 "first");

	return st ? st : domain_ask(b, COFFER_CMD_DOMAIN_CHANGE, 0, "erste", "second");
}

LOOK(suite_off, PO, CIPHER_SET, 2, 0, 0)
LOOK(suite_on, PO, CIPHER_SET, 2, 1, 0)

static uint32_t key_new(struct bench *b)
{
	return aes_make(b, true);
}

static uint32_t session_key_new(struct bench *b)
{
	return aes_make(b, false);
}

static uint32_t pair_new(struct bench *b)
{
	return pair_make(b, true);
}

static uint32_t object_gone(struct bench *b)
{
	return WORDS(b, CO, OBJECT_DESTROY, word(b, 0));
}

static uint32_t pair_gone(struct bench *b)
{
	uint32_t other = word(b, 4), st = object_gone(b);

	return st ? st : WORDS(b, CO, OBJECT_DESTROY, other);
}

static uint32_t object_write(struct bench *b, uint16_t opcode, uint32_t handle,
			     const char *label)
{
	struct wire w;
	size_t at;

	wire_new(&w, stage.session[COFFER_ROLE_CO]);
	wire_put_u32(&w.out, handle);
	at = blob_begin(&w.out);
	wire_put_u32(&w.out, COFFER_CKA_LABEL);
	wire_put_blob(&w.out, label, strlen(label));
	blob_end(&w.out, at);
	return send_as(b, COFFER_ROLE_CO, opcode, &w);
}

static uint32_t object_renamed(struct bench *b)
{
	return object_write(b, COFFER_CMD_OBJECT_SET, stage.key, "another");
}

static uint32_t object_back(struct bench *b)
{
	return object_write(b, COFFER_CMD_OBJECT_SET, stage.key, "");
}

static uint32_t object_copied(struct bench *b)
{
	return object_write(b, COFFER_CMD_OBJECT_COPY, stage.key, "a copy");
}

static uint32_t partition_new_one(struct bench *b)
{
	struct wire w;

	wire_new(&w, stage.session[COFFER_ROLE_SO]);
	wire_put_u32(&w.out, 0);
	wire_put_u64(&w.out, 1 << 20);
	wire_put_blob(&w.out, "new", 3);
	return send_as(b, COFFER_ROLE_SO, COFFER_CMD_PARTITION_CREATE, &w);
}

static uint32_t partition_gone(struct bench *b)
{
	return WORDS(b, SO, PARTITION_DELETE, word(b, 0), 0, 0);
}

static uint32_t clock_set(struct bench *b)
{
	return WORDS(b, SO, CLOCK_SET, 0, 0x80000000u, 0x1a0);
}

static const struct command commands[] = {
	{ "ECHO", echo, NULL, NULL, 0 },
	{ "IDENTIFY", identify, NULL, NULL, 0 },
	{ "PARTITION_LIST", partition_list, NULL, NULL, 0 },
	{ "STATS", stats, NULL, NULL, 0 },
	{ "SESSION_INFO", session_info, NULL, NULL, 0 },
	{ "ROLE_LIST", role_list, NULL, NULL, 0 },
	{ "POLICY_LIST", policy_list, NULL, NULL, 0 },
	{ "PARTITION_INFO", partition_info, NULL, NULL, 0 },
	{ "MECHANISM_LIST", mechanism_list, NULL, NULL, 0 },
	{ "DOMAIN_LIST", domain_list, NULL, NULL, 0 },
	{ "CIPHER_LIST", cipher_list, NULL, NULL, 0 },
	{ "RANDOM", random_bytes, NULL, NULL, 0 },
	{ "DIGEST", digest, NULL, NULL, 0 },
	{ "OBJECT_FIND", object_find, NULL, NULL, 0 },
	{ "OBJECT_GET", object_get, NULL, NULL, 0 },
	{ "SIGN", sign, NULL, NULL, 0 },
	{ "ENCRYPT with a key to be fetched", encrypt_cold, NULL, NULL, 0 },
	{ "a refusal that is recorded", refused, NULL, NULL, COFFER_ST_USER_NOT_AUTHORIZED },
	{ "AUDIT_CONFIG", audit_config, NULL, NULL, 0 },
	{ "AUDIT_READ", audit_read, NULL, NULL, 0 },
	{ "OWNER_OPEN", owner_new, owner_gone, NULL, 0 },
	{ "SESSION_OPEN", session_new, session_gone, NULL, 0 },
	{ "SESSION_OPEN, the first", session_first, session_gone, NULL, 0 },
	{ "LOGIN", co_in, nobody_out, co_counts, 0 },
	{ "LOGIN, wrong", co_wrong, co_right, co_counts, COFFER_ST_PIN_INCORRECT },
	{ "ROLE_CHANGE_PW", cu_changes, cu_changes_back, cu_counts, 0 },
	{ "ROLE_RESET_PW", cu_reset, NULL, NULL, 0 },
	{ "POLICY_SET", policy_off, policy_back, NULL, 0 },
	{ "POLICY_SET of the card", hsm_policy_off, hsm_policy_back, NULL, 0 },
	{ "DOMAIN_ADD", domain_add, domain_delete, NULL, 0 },
	{ "DOMAIN_DELETE", second_delete, second_back, NULL, 0 },
	{ "DOMAIN_CHANGE", domain_primary, domain_primary_back, NULL, 0 },
	{ "CIPHER_SET", suite_off, suite_on, NULL, 0 },
	{ "KEY_GENERATE", key_new, object_gone, NULL, 0 },
	{ "KEY_GENERATE for the session", session_key_new, object_gone, NULL, 0 },
	{ "KEY_PAIR_GENERATE", pair_new, pair_gone, NULL, 0 },
	{ "OBJECT_SET", object_renamed, object_back, NULL, 0 },
	{ "OBJECT_COPY", object_copied, object_gone, NULL, 0 },
	{ "PARTITION_CREATE", partition_new_one, partition_gone, NULL, 0 },
	{ "CLOCK_SET", clock_set, NULL, NULL, 0 },
};

static void nothing_changes(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		sweep(*state, &commands[i]);
	assert_true(fault_total() > 300);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
