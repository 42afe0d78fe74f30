// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the library makes of calls for cards with a PED: the request on the wire, byte by byte,
 * and the reply. The card is made up; the real one is in t_ped.sh.
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

#define SESSION 0x51

struct ped_card {
	struct fake_card fake;
	uint16_t opcode;
	uint8_t req[512];		/* of the last command */
	size_t req_len;
	uint8_t reply[256];		/* to all but SESSION_OPEN */
	size_t reply_len;
};

static int ped_exec(struct fake_card *fake, uint16_t opcode, const uint8_t *req, size_t req_len,
		    uint8_t *reply, size_t *reply_len, uint32_t *verdict)
{
	const struct coffer_rep_session_open open = { .session = htole32(SESSION) };
	struct ped_card *card = (struct ped_card *)fake;

	*verdict = 0;
	if (opcode == COFFER_CMD_SESSION_OPEN) {
		memcpy(reply, &open, sizeof(open));
		*reply_len = sizeof(open);
		return 0;
	}
	card->opcode = opcode;
	card->req_len = req_len;
	memcpy(card->req, req, req_len < sizeof(card->req) ? req_len : sizeof(card->req));
	if (card->reply_len)
		memcpy(reply, card->reply, card->reply_len);
	*reply_len = card->reply_len;
	return 0;
}

struct bench {
	struct ped_card card;
	struct coffer *ctx;
	struct coffer_session *s;
};

static int begin(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct fake_card *cards[] = { &b->card.fake };

	b->card.fake.exec = ped_exec;
	b->ctx = fake_context(cards, 1);
	*state = b;
	return coffer_session_open(coffer_card_at(b->ctx, 0), 1, true, &b->s) != 0;
}

static int end(void **state)
{
	struct bench *b = *state;

	b->card.reply_len = 0;
	coffer_session_close(b->s);
	coffer_close(b->ctx);
	free(b);
	return 0;
}

/* The last request is {session, second} and these texts as blobs. */
static void check_request(const struct bench *b, uint16_t opcode, uint32_t second,
			  const char *const *texts, size_t count)
{
	uint32_t words[2] = { htole32(SESSION), htole32(second) };
	size_t at = sizeof(words);

	assert_int_equal(b->card.opcode, opcode);
	assert_memory_equal(b->card.req, words, sizeof(words));
	for (size_t i = 0; i < count; i++) {
		uint32_t len = htole32((uint32_t)strlen(texts[i]));

		assert_true(b->card.req_len >= at + 4 + strlen(texts[i]));
		assert_memory_equal(b->card.req + at, &len, 4);
		assert_memory_equal(b->card.req + at + 4, texts[i], strlen(texts[i]));
		at += 4 + strlen(texts[i]);
	}
	assert_int_equal(b->card.req_len, at);
}

#define CHECK(b, opcode, second, ...) \
	check_request(b, COFFER_CMD_##opcode, second, (const char *const[]){ __VA_ARGS__ }, \
		      sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void no_pin_is_an_empty_one(void **state)
{
	struct bench *b = *state;

	b->card.reply_len = sizeof(struct coffer_rep_login);
	assert_int_equal(coffer_login(b->s, COFFER_ROLE_CO, NULL, 0, NULL), 0);
	CHECK(b, LOGIN, COFFER_ROLE_CO, "");
	b->card.reply_len = 0;
	assert_int_equal(coffer_role_init(b->s, COFFER_ROLE_CU, NULL, 0), 0);
	CHECK(b, ROLE_INIT, COFFER_ROLE_CU, "");
	assert_int_equal(coffer_role_change(b->s, COFFER_ROLE_PO, NULL, 0, NULL, 0), 0);
	CHECK(b, ROLE_CHANGE_PW, COFFER_ROLE_PO, "", "");
}

static void challenge_and_deactivation(void **state)
{
	struct bench *b = *state;

	assert_int_equal(coffer_role_challenge(b->s, COFFER_ROLE_CO, "challenge", 9), 0);
	CHECK(b, ROLE_CHALLENGE, COFFER_ROLE_CO, "challenge");
	assert_int_equal(coffer_role_deactivate(b->s, COFFER_ROLE_LCO), 0);
	assert_int_equal(b->card.opcode, COFFER_CMD_ROLE_DEACTIVATE);
	assert_int_equal(b->card.req_len, sizeof(struct coffer_req_role));
}

static void initialising_by_ped(void **state)
{
	const struct coffer_init red = { .label = "L", .ped_domain = true };
	const struct coffer_init text = { .label = "L", .domain = "D", .domain_label = "dl" };
	const struct coffer_init none = { .label = "L", .pin = "P" };
	const struct coffer_init both = { .label = "L", .domain = "D", .ped_domain = true };
	struct bench *b = *state;

	assert_int_equal(coffer_hsm_init_as(b->s, &red), 0);
	CHECK(b, HSM_INIT, COFFER_INIT_PED_DOMAIN, "L", "", "");
	assert_int_equal(coffer_partition_init_as(b->s, &text), 0);
	CHECK(b, PARTITION_INIT, 0, "L", "", "D", "dl");
	assert_int_equal(coffer_partition_init_as(b->s, &none), 0);
	CHECK(b, PARTITION_INIT, COFFER_INIT_DEFAULT_DOMAIN, "L", "P", "");
	assert_int_equal(coffer_partition_init_as(b->s, &both), -EINVAL);
	/* A card's own domain has no label. */
	assert_int_equal(coffer_hsm_init_as(b->s, &text), -EINVAL);
}

static void a_red_key_as_domain(void **state)
{
	struct bench *b = *state;

	assert_int_equal(coffer_domain_add_ped(b->s, "red", false), 0);
	CHECK(b, DOMAIN_ADD, COFFER_DOMAIN_PED, "red", "");
	assert_int_equal(coffer_domain_add_ped(b->s, "red", true), 0);
	CHECK(b, DOMAIN_ADD, COFFER_DOMAIN_PED | COFFER_DOMAIN_PRIMARY, "red", "");
	assert_int_equal(coffer_domain_add(b->s, "text", "D", true), 0);
	CHECK(b, DOMAIN_ADD, COFFER_DOMAIN_PRIMARY, "text", "D");
}

static void the_domain_list_tells_red_keys(void **state)
{
	const struct coffer_domain_row rows[] = {
		{ .flags = htole32(COFFER_DOMAIN_PRIMARY), .label = "text" },
		{ .flags = htole32(COFFER_DOMAIN_PED), .label = "red" },
	};
	struct coffer_domain *list;
	struct bench *b = *state;
	size_t count;

	b->card.reply_len = fake_rows(b->card.reply, rows, sizeof(rows[0]), 2);
	assert_int_equal(coffer_domains(b->s, &list, &count), 0);
	assert_int_equal(count, 2);
	assert_true(list[0].primary && !list[0].ped);
	assert_true(!list[1].primary && list[1].ped);
	free(list);
}

static void status(void **state)
{
	struct coffer_rep_ped rep = {
		.connected = htole32(1),
		.waiting = htole32(1),
		.color = htole32(COFFER_PED_BLACK),
		.activated = htole32(COFFER_RM(CO)),
		.remaining_ms = htole32(199000),
	};
	struct bench *b = *state;
	struct coffer_ped ped;

	memset(rep.prompt, 'x', sizeof(rep.prompt));
	memcpy(b->card.reply, &rep, sizeof(rep));
	b->card.reply_len = sizeof(rep);
	assert_int_equal(coffer_ped_status(b->s, &ped), 0);
	assert_true(ped.connected && ped.waiting);
	assert_int_equal(ped.color, COFFER_PED_BLACK);
	assert_int_equal(ped.activated, COFFER_RM(CO));
	assert_int_equal(ped.remaining_ms, 199000);
	assert_int_equal(strlen(ped.prompt), sizeof(rep.prompt));
	rep.color = htole32(COFFER_PED_COLORS);
	memcpy(b->card.reply, &rep, sizeof(rep));
	assert_int_equal(coffer_ped_status(b->s, &ped), -EIO);
	assert_false(ped.connected);
	b->card.reply_len--;
	assert_int_equal(coffer_ped_status(b->s, &ped), -EIO);
}

static void cancel_names_the_session(void **state)
{
	struct bench *b = *state;

	assert_int_equal(coffer_role_deactivate(b->s, COFFER_ROLE_CO), 0);
	assert_int_equal(coffer_session_cancel(b->s), 0);
	assert_true(b->card.fake.cancelled != 0);
	assert_int_equal(b->card.fake.cancelled, b->card.fake.cookie);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_pin_is_an_empty_one),
		TEST(challenge_and_deactivation),
		TEST(initialising_by_ped),
		TEST(a_red_key_as_domain),
		TEST(the_domain_list_tells_red_keys),
		TEST(status),
		TEST(cancel_names_the_session),
	};

	return cmocka_run_group_tests_name("lib_ped", tests, NULL, NULL);
}
