// SPDX-License-Identifier: BSD-3-Clause
/*
 * What happens in the middle of a cloning command: sessions that end, time that passes, domains
 * and policies that change, a cancel, an object in the store that no card would have made; and
 * genuine cards that say one thing in m0 and another in m2. The linker calls this file where the
 * firmware goes from one of its files to another (--wrap, see meson.build).
 */
#include "clone_pair.h"

#include "card.h"

static struct test_card *s, *t;
static uint32_t object;

/* Called in the firmware, on a worker; NULL: nothing happens. Each once but on_identity. */
static struct {
	void (*on_find)(void);			/* a context has been found */
	void (*on_attach)(bool context);	/* a context or a quota is to be listed */
	void (*on_open)(void);			/* T makes m1 */
	uint32_t (*on_check)(void);		/* the peer is checked */
	void (*on_load)(struct cmd *c, struct object *o);
	void (*on_get)(struct cmd *c);		/* a command goes on with its context */
	void (*on_offer)(struct clone_offer *o);
	void (*on_identity)(struct identity *id);
	const struct fw_card *identity_of;
	bool random_id_zero;
	bool short_secret;
	bool no_hsm_cloning;
	int more_domains;
	uint64_t uptime;			/* not 0: what the card says */
} hooks;

static struct run *run;

#define HOOK(fn) extern __typeof__(fn) __real_##fn, __wrap_##fn
#define ONCE(hook, ...) do { \
		__typeof__(hooks.hook) call_it = hooks.hook; \
		hooks.hook = NULL; \
		if (call_it) \
			call_it(__VA_ARGS__); \
	} while (0)

HOOK(session_find);
struct session_thing *__wrap_session_find(struct fw_session *session, uint32_t kind, uint32_t id,
					  void (*ref)(struct session_thing *thing))
{
	struct session_thing *thing = __real_session_find(session, kind, id, ref);

	if (kind == SESSION_THING_CLONE && id)
		ONCE(on_find);
	return thing;
}

HOOK(session_attach);
uint32_t __wrap_session_attach(struct fw_session *session, struct session_thing *thing,
			       enum coffer_role role)
{
	if (thing->kind == SESSION_THING_CLONE)
		ONCE(on_attach, thing->id != 0);
	return __real_session_attach(session, thing, role);
}

HOOK(clone_open);
uint32_t __wrap_clone_open(struct crypto *c, struct clone_transcript *transcript,
			   struct bytes m1, bool invited)
{
	ONCE(on_open);
	return __real_clone_open(c, transcript, m1, invited);
}

HOOK(clone_check_peer);
uint32_t __wrap_clone_check_peer(struct cmd *c, const struct clone_context *x,
				 const struct clone_msg *m, bool with_wrap)
{
	uint32_t (*check)(void) = hooks.on_check;

	hooks.on_check = NULL;
	return check ? check() : __real_clone_check_peer(c, x, m, with_wrap);
}

HOOK(object_load);
uint32_t __wrap_object_load(struct cmd *c, uint32_t handle, struct object *o)
{
	uint32_t st = __real_object_load(c, handle, o);

	if (!st)
		ONCE(on_load, c, o);
	return st;
}

HOOK(clone_context_get);
uint32_t __wrap_clone_context_get(struct cmd *c, uint32_t id, enum clone_side side,
				  enum clone_step step, struct clone_context **x)
{
	ONCE(on_get, c);
	return __real_clone_context_get(c, id, side, step, x);
}

HOOK(clone_offer_write);
void __wrap_clone_offer_write(const struct clone_offer *o, struct wire_out *out)
{
	struct clone_offer said = *o;

	ONCE(on_offer, &said);
	__real_clone_offer_write(&said, out);
}

HOOK(card_identity);
const struct identity *__wrap_card_identity(const struct fw_card *card)
{
	static struct identity shown;

	if (!hooks.on_identity || card != hooks.identity_of)
		return __real_card_identity(card);
	shown = *__real_card_identity(card);
	hooks.on_identity(&shown);
	return &shown;
}

HOOK(crypto_random);
uint32_t __wrap_crypto_random(struct crypto *c, void *out, size_t len)
{
	uint32_t st = __real_crypto_random(c, out, len);

	if (hooks.random_id_zero && len == sizeof(uint32_t))
		memset(out, 0, len);
	return st;
}

HOOK(crypto_rsa_seal);
uint32_t __wrap_crypto_rsa_seal(struct crypto *c, struct bytes cert, struct bytes label,
				struct bytes plain, uint8_t *out, size_t *len)
{
	plain.len -= hooks.short_secret;
	return __real_crypto_rsa_seal(c, cert, label, plain, out, len);
}

HOOK(card_policy);
uint32_t __wrap_card_policy(const struct fw_card *card, uint32_t id)
{
	return id == 7 && hooks.no_hsm_cloning ? 0 : __real_card_policy(card, id);
}

HOOK(partition_domains);
unsigned int __wrap_partition_domains(const struct fw_partition *p)
{
	return (unsigned int)((int)__real_partition_domains(p) + hooks.more_domains);
}

HOOK(card_uptime_ms);
uint64_t __wrap_card_uptime_ms(const struct fw_card *card)
{
	return hooks.uptime ? hooks.uptime : __real_card_uptime_ms(card);
}

/* ---- The bench --------------------------------------------------------------------------- */

static int begin(void **state)
{
	(void)state;
	memset(&hooks, 0, sizeof(hooks));
	s = tc_simple(NULL, "red");
	t = tc_simple(NULL, "red");
	object = tc_make_aes(s, "k");
	run = run_new(s, t);
	run->session_s = tc_open_session(s, s->owner, s->part);
	run->session_t = tc_open_session(t, t->owner, t->part);
	tc_forgive();
	return 0;
}

static int end(void **state)
{
	(void)state;
	memset(&hooks, 0, sizeof(hooks));
	run_give_up(run);
	free(run);
	tc_free(s);
	tc_free(t);
	return 0;
}

static void steps(int from, int to)
{
	for (int i = from; i <= to; i++)
		assert_u32(run_step(run, i), COFFER_ST_OK);
}

/* Whatever happened, the partitions clone in other sessions. */
static void all_is_well(void)
{
	uint32_t copy;

	memset(&hooks, 0, sizeof(hooks));
	tc_forgive();
	assert_u32(clone_one(s, t, object, &copy), COFFER_ST_OK);
}

/* ---- Sessions that end ------------------------------------------------------------------- */

static void close_session(struct test_card *card, uint32_t session)
{
	struct call *c = call_new();

	call_begin(c, session);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(card, c, COFFER_CMD_SESSION_CLOSE), COFFER_ST_OK);
	free(c);
}

static void give_up_now(void)
{
	run_give_up(run);
}

/* The command waits for the context that another command ends: it finds nothing of it. */
static void given_up_by_another_command(void **state)
{
	(void)state;
	steps(1, 2);
	hooks.on_find = give_up_now;
	assert_u32(run_confirm(run), COFFER_ST_SESSION_ID_INVALID);
	assert_null(hooks.on_find);
	all_is_well();
}

static void close_for_quota(bool context)
{
	if (!context)
		close_session(t, run->session_t);
}

static void close_for_context(bool context)
{
	if (context)
		close_session(t, run->session_t);
	else
		hooks.on_attach = close_for_context;
}

/* It ended before its first context was listed: there is none. */
static void closed_before_it_is_listed(void **state)
{
	static void (*const when[])(bool) = { close_for_quota, close_for_context };

	(void)state;
	for (int i = 0; i < 2; i++) {
		hooks.on_attach = when[i];
		assert_u32(run_start(run), COFFER_ST_SESSION_HANDLE_INVALID);
		assert_null(hooks.on_attach);
		run->session_t = tc_open_session(t, t->owner, t->part);
	}
	all_is_well();
}

static uint32_t close_and_refuse(void)
{
	close_session(t, run->session_t);
	return COFFER_ST_CERTIFICATE_DATA_INVALID;
}

/* Both the session and the step end the context; it goes once. */
static void closed_under_a_step_that_fails(void **state)
{
	(void)state;
	steps(1, 2);
	hooks.on_check = close_and_refuse;
	assert_u32(run_confirm(run), COFFER_ST_CERTIFICATE_DATA_INVALID);
	assert_u32(run_confirm(run), COFFER_ST_SESSION_HANDLE_INVALID);
	run->context_t = 0;
	all_is_well();
}

/* 0 is nobody's context, not even by chance. */
static void a_random_id_of_zero(void **state)
{
	(void)state;
	hooks.random_id_zero = true;
	steps(1, RUN_STEPS - 1);
	assert_u32(run->context_t, 1);
	assert_u32(run->context_s, 1);
	all_is_well();
}

/* ---- Time, domains, policies ------------------------------------------------------------- */

static void an_hour(void)
{
	tc_jump(3600);
}

/* The hour ends in the command that begins it: no second is left, and none is owed. */
static void an_hour_in_one_command(void **state)
{
	struct call *c = call_new();

	(void)state;
	hooks.on_open = an_hour;
	call_begin(c, run->session_t);
	wire_put_u32(&c->req, 0);
	assert_u32(call_run(t, c, COFFER_CMD_CLONE_START), COFFER_ST_OK);
	run->context_t = wire_u32(&c->rep);
	wire_u64(&c->rep);
	assert_u32(wire_u32(&c->rep), 0);
	free(c);
	run->m2.len = CLONE_MSG_HEADER;
	assert_u32(run_confirm(run), COFFER_ST_SESSION_NEGOTIATION_EXPIRED);
	all_is_well();
}

static uint32_t wait_ms(struct test_card *card)
{
	return partition_clone_wait_ms(partition_find(card->card, card->part));
}

static uint32_t failures(struct test_card *card)
{
	return partition_clone_failures(partition_find(card->card, card->part));
}

/* A clock that reads less than before forgives nothing; one that reads ages forgives all. */
static void forgiving_at_the_ends_of_time(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		run_give_up(run);
		steps(1, 3);
	}
	assert_u32(failures(t), 3);
	hooks.uptime = 1;
	assert_u32(failures(t), 3);
	assert_true(wait_ms(t) > 0);
	assert_u32(run_start(run), COFFER_ST_CLONE_THROTTLED);
	hooks.uptime = UINT64_MAX;
	assert_u32(failures(t), 0);
	assert_u32(wait_ms(t), 0);
	hooks.uptime = 0;
	assert_u32(failures(t), 3);
	all_is_well();
}

static void domains_gone(void **state)
{
	(void)state;
	hooks.more_domains = -1;
	assert_u32(run_start(run), COFFER_ST_CLONING_PARAMETER_MISSING);
	hooks.more_domains = 0;
	/* One went after it was counted. */
	steps(1, 2);
	hooks.more_domains = 1;
	assert_u32(run_confirm(run), COFFER_ST_CLONING_PARAMETER_MISSING);
	hooks.more_domains = 0;
	assert_u32(run_confirm(run), COFFER_ST_SESSION_ID_INVALID);
	all_is_well();
}

/* HSM policy 7 goes off between two steps: what was offered is no longer true. */
static void policy_goes_off(void **state)
{
	(void)state;
	steps(1, 2);
	hooks.no_hsm_cloning = true;
	assert_u32(run_confirm(run), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	assert_u32(run_start(run), COFFER_ST_OPERATION_NOT_ALLOWED);
	all_is_well();
}

/* ---- Extracting -------------------------------------------------------------------------- */

static void cancel(struct cmd *c)
{
	/* As fw_cancel does, whose tag only the caller knows. */
	__atomic_store_n((atomic_int *)c->cancelled, 1, __ATOMIC_RELAXED);
}

static void cancel_now(struct cmd *c, struct object *o)
{
	(void)o;
	cancel(c);
}

/* What was sealed is answered, and the rest can be asked for; with nothing sealed it says so. */
static void extract_is_cancelled(void **state)
{
	uint32_t handles[] = { object, object, object }, got;
	struct test_blob blobs[3];

	(void)state;
	steps(1, RUN_STEPS - 1);
	hooks.on_get = cancel;
	assert_u32(run_extract(run, handles, 3, blobs, &got), COFFER_ST_CANCEL);
	hooks.on_load = cancel_now;
	assert_u32(run_extract(run, handles, 3, blobs, &got), COFFER_ST_OK);
	assert_u32(got, 1);
	assert_u32(run_insert_one(run, blobs[0].p, blobs[0].len, NULL), COFFER_ST_OK);
	blobs_free(blobs, got);
	assert_u32(run_extract(run, handles, 3, blobs, &got), COFFER_ST_OK);
	assert_u32(got, 3);
	blobs_free(blobs, got);
	assert_u32(tc_count(t), 1);
}

static void no_ouid(struct cmd *c, struct object *o)
{
	(void)c;
	attrs_remove(&o->attrs, COFFER_CKA_OUID);
}

static void cut_ouid(struct cmd *c, struct object *o)
{
	static const uint8_t short_one[COFFER_OUID_LEN - 1];

	(void)c;
	assert_u32(attrs_set(&o->attrs, COFFER_CKA_OUID, short_one, sizeof(short_one)),
		   COFFER_ST_OK);
}

static void grow(struct cmd *c, struct object *o)
{
	static const uint8_t large[COFFER_CMD_MAX_PAYLOAD];

	(void)c;
	assert_u32(attrs_set(&o->attrs, COFFER_CKA_LABEL, large, sizeof(large)), COFFER_ST_OK);
}

/* A store that is not what this firmware writes: the row is refused, the others go. */
static void objects_that_nobody_made(void **state)
{
	static const struct {
		void (*spoil)(struct cmd *c, struct object *o);
		uint32_t verdict;
	} rows[] = {
		{ no_ouid, COFFER_ST_DEVICE_ERROR },
		{ cut_ouid, COFFER_ST_DEVICE_ERROR },
		{ grow, COFFER_ST_DATA_LEN_RANGE },
	};
	uint32_t handles[] = { object, object }, got;
	struct test_blob blobs[2];

	(void)state;
	steps(1, RUN_STEPS - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		hooks.on_load = rows[i].spoil;
		assert_u32(run_extract(run, handles, 2, blobs, &got), COFFER_ST_OK);
		assert_u32(got, 2);
		assert_u32(blobs[0].verdict, rows[i].verdict);
		assert_u32(blobs[1].verdict, COFFER_ST_OK);
		blobs_free(blobs, got);
	}
}

/* ---- Genuine cards that lie -------------------------------------------------------------- */

static void other_firmware(struct clone_offer *o)
{
	o->fw_version++;
}

static struct crypto_der shown_device, shown_wrap;

static void show_other(struct identity *id)
{
	id->device_cert = shown_device;
	id->wrap_cert = shown_wrap;
}

/* Another certificate of the factory for the same key and card, so long or not so long. */
static void certify_again(const struct crypto_der *key, const char *use,
			  const struct crypto_der *old, bool same_length, struct crypto_der *cert)
{
	struct bytes root_key = { (const uint8_t *)crypto_test_root_key,
				  strlen(crypto_test_root_key) };
	struct bytes root_cert = { (const uint8_t *)crypto_test_root_cert,
				   strlen(crypto_test_root_cert) };

	for (int i = 0; i < 256; i++) {
		assert_u32(crypto_certify(s->card->crypto, root_key, root_cert, key, use,
					  fw_card_serial(s->card), cert), COFFER_ST_OK);
		if ((cert->len == old->len) == same_length)
			return;
	}
	fail_msg("no certificate of that length in 256");
}

/* m2 has to say, under a signature, what m0 said without one. */
static void m2_says_other_than_m0(void **state)
{
	const struct identity *id = __real_card_identity(s->card);

	(void)state;
	tc_suites_off(t);
	run->invited = true;
	steps(0, 1);
	hooks.on_offer = other_firmware;
	steps(2, 2);
	assert_u32(run_confirm(run), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	/* Two bits: which certificate is another one, and whether it is as long. */
	for (int i = 0; i < 4; i++) {
		run_give_up(run);
		steps(0, 1);
		shown_device = id->device_cert;
		shown_wrap = id->wrap_cert;
		if (i & 1)
			certify_again(&id->device_key, CRYPTO_CERT_DEVICE, &id->device_cert,
				      i & 2, &shown_device);
		else
			certify_again(&id->wrap_key, CRYPTO_CERT_WRAP, &id->wrap_cert, i & 2,
				      &shown_wrap);
		hooks.identity_of = s->card;
		hooks.on_identity = show_other;
		steps(2, 2);
		hooks.on_identity = NULL;
		assert_u32(run_confirm(run), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	}
	/* The whole run under the other certificates is none of these. */
	hooks.on_identity = show_other;
	run_give_up(run);
	steps(0, RUN_STEPS - 1);
	assert_u32(run->protocol, COFFER_CLONE_CPV3);
}

/* Half of the secret, sealed as it should be, but too short: no keys come of it. */
static void a_secret_too_short(void **state)
{
	(void)state;
	tc_policy_set(t, false, 42, 1);
	run->session_t = t->session;
	steps(1, 1);
	hooks.short_secret = true;
	steps(2, 2);
	hooks.short_secret = false;
	assert_u32(run_confirm(run), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	run_give_up(run);
	steps(1, 2);
	hooks.short_secret = true;
	steps(3, 3);
	hooks.short_secret = false;
	assert_u32(run_verify(run), COFFER_ST_SESSION_NEGOTIATION_INVALID);
	all_is_well();
}

/* ---- What no message comes to ------------------------------------------------------------ */

static void guards_behind_guards(void **state)
{
	static uint8_t large[CLONE_MSG_MAX + 1], domain[32];
	const struct clone_suite *suite = clone_suite(COFFER_CLONE_CPV1, 0);
	struct clone_transcript transcript = { 0 };
	struct clone_keys keys;
	struct wire_out out;
	struct clone_msg m;

	(void)state;
	assert_non_null(suite);
	assert_u32(clone_keys_derive(s->card->crypto, suite, &transcript,
				     (struct bytes){ large, CLONE_SHARED_MAX + 1 }, domain,
				     &keys), COFFER_ST_GENERAL_ERROR);
	assert_memory_equal(&keys, large, sizeof(keys));
	/* Longer than any message, and says so. */
	wire_out_init(&out, large, sizeof(large));
	clone_msg_begin(&out, CLONE_M4);
	clone_msg_length(&out, sizeof(large) - CLONE_MSG_HEADER);
	assert_u32(clone_msg_parse((struct bytes){ large, sizeof(large) }, CLONE_M4,
				   sizeof(large) - CLONE_MSG_HEADER, &m), COFFER_ST_CPV4_MSG_ERROR);
	assert_u32(clone_msg_parse((struct bytes){ large, CLONE_MSG_HEADER }, CLONE_M4, 0, &m),
		   COFFER_ST_CPV4_MSG_ERROR);
	/* A message that does not fit is none. */
	wire_out_init(&out, large, CLONE_MSG_HEADER - 1);
	clone_msg_begin(&out, CLONE_M4);
	assert_u32(clone_msg_end(&out), COFFER_ST_CPV4_MSG_ERROR);
	assert_u32(clone_msg_sign(NULL, &out, CLONE_M2, &transcript), COFFER_ST_CPV4_MSG_ERROR);
}

#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(given_up_by_another_command),
		T(closed_before_it_is_listed),
		T(closed_under_a_step_that_fails),
		T(a_random_id_of_zero),
		T(an_hour_in_one_command),
		T(forgiving_at_the_ends_of_time),
		T(domains_gone),
		T(policy_goes_off),
		T(extract_is_cancelled),
		T(objects_that_nobody_made),
		T(m2_says_other_than_m0),
		T(a_secret_too_short),
		T(guards_behind_guards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
