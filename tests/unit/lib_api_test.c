// SPDX-License-Identifier: BSD-3-Clause
/*
 * The public calls over cards that the test plays: how slots are numbered, what a session does
 * after a reset, and that no reply, however malformed, is more than an -EIO.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib_fake.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* ---- A card with partitions ----------------------------------------------------------------- */

struct model {
	uint32_t flags;			/* COFFER_CARD_* */
	uint32_t ids[8];
	uint32_t count;
	uint32_t next_session;
};

static int identify(const struct model *m, uint8_t *reply, size_t *len)
{
	struct coffer_card_info info = {
		.serial = htole64(1234567),
		.fw_version = htole32(0x070800),
		.flags = htole32(m->flags),
		.label = "a label of thirty-two characters",
		.model = "PCIe 7.8",
		.profile = "coffer",
	};

	memcpy(reply, &info, sizeof(info));
	*len = sizeof(info);
	return 0;
}

static int partition_list(const struct model *m, uint8_t *reply, size_t *len)
{
	struct coffer_partition_row rows[9];

	memset(rows, 0, sizeof(rows));
	rows[0].flags = htole32(COFFER_PART_ADMIN);
	for (uint32_t i = 0; i < m->count; i++) {
		rows[i + 1].id = htole32(m->ids[i]);
		rows[i + 1].serial = htole64(100 + m->ids[i]);
		rows[i + 1].label[0] = (char)('a' + i);
	}
	*len = fake_rows(reply, rows, sizeof(rows[0]), m->count + 1);
	return 0;
}

static int model_exec(struct fake_card *card, uint16_t opcode, const uint8_t *req,
		      size_t req_len, uint8_t *reply, size_t *len, uint32_t *verdict)
{
	struct model *m = card->opaque;
	uint32_t pair[2] = { 0 };

	(void)req;
	(void)req_len;
	*verdict = COFFER_ST_OK;
	switch (opcode) {
	case COFFER_CMD_IDENTIFY:
		return identify(m, reply, len);
	case COFFER_CMD_PARTITION_LIST:
		return partition_list(m, reply, len);
	case COFFER_CMD_SESSION_OPEN:
		pair[0] = htole32(++m->next_session);
		memcpy(reply, pair, sizeof(pair));
		*len = sizeof(pair);
		return 0;
	default:
		*len = 0;
		return 0;
	}
}

static void slots_do_not_move(void **state)
{
	struct model pcie = { .ids = { 1, 3 }, .count = 2 };
	struct model backup = { .flags = COFFER_CARD_BACKUP, .ids = { 1, 2 }, .count = 2 };
	struct fake_card one = { .exec = model_exec, .opaque = &pcie };
	struct fake_card two = { .exec = model_exec, .opaque = &backup };
	struct fake_card *cards[] = { &one, &two };
	struct coffer *ctx = fake_context(cards, 2);
	struct coffer_slot *list, found;
	size_t n;

	(void)state;
	assert_int_equal(coffer_slots(ctx, &list, &n), 0);
	assert_int_equal(n, 4);
	assert_int_equal(list[0].slot, 0);
	assert_int_equal(list[0].partition, 1);
	assert_int_equal(list[1].slot, 1);		/* the backup card */
	assert_int_equal(list[1].card, 1);
	assert_int_equal(list[1].partition, 0);
	assert_int_equal(list[2].slot, 64);		/* partition 3 of card 0 */
	assert_int_equal(list[3].slot, 9000);		/* admin partition of card 0 */
	assert_string_equal(list[2].label, "b");
	free(list);

	/* Partition 2 appears, 1 goes: the others keep their numbers. */
	pcie.ids[0] = 2;
	assert_int_equal(coffer_slot_find(ctx, 64, &found), 0);
	assert_int_equal(found.partition, 3);
	assert_int_equal(coffer_slot_find(ctx, 32, &found), 0);
	assert_int_equal(found.partition, 2);
	assert_int_equal(coffer_slot_find(ctx, 0, &found), ST(SLOT_ID_INVALID));
	assert_int_equal(coffer_slot_find(ctx, 9001, &found), ST(SLOT_ID_INVALID));
	assert_int_equal(coffer_slot_find(ctx, 33, &found), ST(SLOT_ID_INVALID));
	assert_int_equal(coffer_slot_find(ctx, 7, &found), ST(SLOT_ID_INVALID));

	assert_int_equal(coffer_partitions(coffer_card_at(ctx, 1), &list, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].partition, 1);
	free(list);
	assert_null(coffer_card_at(ctx, 2));
	coffer_close(ctx);
	assert_true(one.closed && two.closed);
}

static void slot_numbers_are_unique(void **state)
{
	static unsigned char seen[32 * 2000];

	(void)state;
	memset(seen, 0, sizeof(seen));
	for (uint32_t p = 0; p < 1000; p++) {
		for (unsigned int c = 0; c < LIB_MAX_CARDS; c++) {
			unsigned int slot = slot_number(c, 0, p);

			assert_true(slot < sizeof(seen));
			assert_int_equal(seen[slot]++, 0);
		}
	}
}

static void labels_end(void **state)
{
	struct model m = { .count = 0 };
	struct fake_card card = { .exec = model_exec, .opaque = &m };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_card_details details;

	(void)state;
	assert_int_equal(coffer_card_identify(coffer_card_at(ctx, 0), &details), 0);
	assert_string_equal(details.label, "a label of thirty-two characters");
	assert_int_equal(details.fw_version, 0x070800);
	coffer_close(ctx);
}

/* ---- Sessions ------------------------------------------------------------------------------- */

static void a_reset_ends_sessions(void **state)
{
	struct model m = { .ids = { 1 }, .count = 1 };
	struct fake_card card = { .exec = model_exec, .opaque = &m };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_session *old, *young;
	unsigned int execs;

	(void)state;
	assert_int_equal(coffer_session_open(coffer_card_at(ctx, 0), 1, true, &old), 0);
	assert_int_equal(coffer_logout(old), 0);
	card.epoch++;
	m.next_session = 0;
	assert_int_equal(coffer_session_open(coffer_card_at(ctx, 0), 1, true, &young), 0);
	/* The card gave the same number out again: the old session must not become the new. */
	assert_int_equal(old->id, young->id);
	execs = card.execs;
	assert_int_equal(coffer_logout(old), ST(SESSION_HANDLE_INVALID));
	assert_int_equal(coffer_login(old, COFFER_ROLE_CO, "pin", 3, NULL),
			 ST(SESSION_HANDLE_INVALID));
	assert_int_equal(card.execs, execs);
	assert_int_equal(coffer_logout(young), 0);
	coffer_session_close(old);
	coffer_session_close(young);
	coffer_close(ctx);
}

static int owner_unknown(struct fake_card *card, uint16_t opcode, const uint8_t *req,
			 size_t req_len, uint8_t *reply, size_t *len, uint32_t *verdict)
{
	int rc = model_exec(card, opcode, req, req_len, reply, len, verdict);

	if (opcode == COFFER_CMD_LOGOUT)
		*verdict = (uint32_t)COFFER_ST_OWNER_UNKNOWN;
	return rc;
}

static void an_unknown_owner_is_a_session_that_is_gone(void **state)
{
	struct model m = { .ids = { 1 }, .count = 1 };
	struct fake_card card = { .exec = owner_unknown, .opaque = &m };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_session *s;

	(void)state;
	assert_int_equal(coffer_session_open(coffer_card_at(ctx, 0), 1, true, &s), 0);
	assert_int_equal(coffer_logout(s), ST(SESSION_HANDLE_INVALID));
	coffer_session_close(s);
	coffer_close(ctx);
}

static void a_child_has_to_open_its_own(void **state)
{
	struct model m = { .ids = { 1 }, .count = 1 };
	struct fake_card card = { .exec = model_exec, .opaque = &m };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_card_details details;
	struct coffer_session *s, *fresh;
	struct coffer_slot *list;
	size_t n = 0;
	int status;
	pid_t child;

	(void)state;
	assert_int_equal(coffer_session_open(coffer_card_at(ctx, 0), 1, true, &s), 0);
	child = fork();
	if (!child) {
		struct coffer_card *c = coffer_card_at(ctx, 0);
		bool good = coffer_logout(s) == -EOWNERDEAD &&
			    coffer_slots(ctx, &list, &n) == -EOWNERDEAD &&
			    coffer_card_identify(c, &details) == -EOWNERDEAD &&
			    coffer_session_open(c, 1, true, &fresh) == -EOWNERDEAD &&
			    coffer_exec(c, COFFER_CMD_ECHO, "", 0, NULL, &n) == -EOWNERDEAD;

		coffer_session_close(s);
		coffer_close(ctx);
		_exit(!good);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(coffer_logout(s), 0);
	coffer_session_close(s);
	coffer_close(ctx);
}

static void driver_commands_are_refused(void **state)
{
	struct model m = { .count = 0 };
	struct fake_card card = { .exec = model_exec, .opaque = &m };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	uint8_t owner[8] = { 0 };
	size_t len = sizeof(owner);

	(void)state;
	assert_int_equal(coffer_exec(coffer_card_at(ctx, 0), COFFER_CMD_OWNER_CLOSE, owner, 8,
				     owner, &len), -EPERM);
	assert_int_equal(len, 0);
	assert_int_equal(card.execs, 0);
	coffer_close(ctx);
}

/* ---- Malformed replies ---------------------------------------------------------------------- */

struct noise {
	unsigned int seed;
	int shape;
};

/* Random bytes, counts that are too large, replies that end too early, and plausible ones. */
static int noise_exec(struct fake_card *card, uint16_t opcode, const uint8_t *req,
		      size_t req_len, uint8_t *reply, size_t *len, uint32_t *verdict)
{
	struct noise *n = card->opaque;
	size_t room = *len, size;

	(void)req;
	(void)req_len;
	*verdict = rand_r(&n->seed) % 16 ? 0 : (uint32_t)rand_r(&n->seed);
	size = (size_t)rand_r(&n->seed) % (n->shape % 3 ? 200 : room + 1);
	if (size > room)
		size = room;
	for (size_t i = 0; i < size; i++)
		reply[i] = (uint8_t)(n->shape & 1 ? rand_r(&n->seed) % 3 : rand_r(&n->seed));
	if (opcode == COFFER_CMD_SESSION_OPEN && rand_r(&n->seed) % 4) {
		size = 8;
		memset(reply, 1, size);
		*verdict = 0;
	}
	*len = size;
	return 0;
}

/* Everything that reads a reply; results are thrown away, sanitizers watch. */
static void call_everything(struct coffer *ctx, struct coffer_session *s,
			    struct coffer_session *other)
{
	static const uint32_t wanted[] = { CKA(CLASS), CKA(LABEL) };
	struct coffer_card *card = coffer_card_at(ctx, 0);
	struct coffer_partition_details part;
	struct coffer_mechanism_info *mechanisms;
	struct coffer_card_event events[4];
	struct coffer_card_details details;
	struct coffer_clone_report report;
	struct coffer_role_state *roles;
	struct coffer_card_stats stats;
	struct coffer_policy *policies;
	struct coffer_objects objects;
	struct coffer_slot *slots;
	enum coffer_role role;
	uint8_t out[300];
	uint32_t handle;
	bool change;
	size_t n;

	coffer_card_identify(card, &details);
	coffer_card_statistics(card, &stats);
	coffer_slots(ctx, &slots, &n);
	free(slots);
	coffer_partitions(card, &slots, &n);
	free(slots);
	coffer_login(s, COFFER_ROLE_CO, "pin", 3, &change);
	coffer_whoami(s, &role, &change);
	coffer_roles(s, &roles, &n);
	free(roles);
	coffer_partition_info(s, &part);
	coffer_policies(s, &policies, &n);
	free(policies);
	coffer_mechanisms(s, &mechanisms, &n);
	free(mechanisms);
	coffer_find(s, NULL, 0, wanted, 2, &objects);
	coffer_objects_free(&objects);
	coffer_object_get(s, 5, wanted, 2, &objects);
	coffer_objects_free(&objects);
	coffer_key_generate(s, COFFER_CKM_AES_KEY_GEN, NULL, 0, &handle);
	n = sizeof(out);
	coffer_sign(s, 1, COFFER_CKM_ECDSA, NULL, 0, "x", 1, out, &n);
	assert_true(n <= sizeof(out));
	coffer_random(s, out, sizeof(out));
	coffer_events(ctx, events, COUNT(events), 0, &n);
	assert_true(n <= COUNT(events));
	coffer_clone(s, other, NULL, &report);
	coffer_clone_report_free(&report);
	free(coffer_clone_preflight(s, other, NULL));
}

static void noise_is_never_more_than_an_error(void **state)
{
	struct noise noise = { .seed = 1 };
	struct fake_card card = { .exec = noise_exec, .opaque = &noise };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_session s = {
		.card = coffer_card_at(ctx, 0), .id = 1, .rw = true, .partition = 1,
	};
	struct coffer_session other = s;

	(void)state;
	s.epoch = card_epoch(s.card);
	other.epoch = s.epoch;
	other.partition = 2;
	for (noise.shape = 0; noise.shape < 300; noise.shape++)
		call_everything(ctx, &s, &other);
	coffer_close(ctx);
}

static int cut_short(struct fake_card *card, uint16_t opcode, const uint8_t *req,
		     size_t req_len, uint8_t *reply, size_t *len, uint32_t *verdict)
{
	const size_t *keep = card->opaque;
	struct model m = { .ids = { 1, 2 }, .count = 2 };
	struct fake_card whole = { .opaque = &m };
	int rc = model_exec(&whole, opcode, req, req_len, reply, len, verdict);

	if (opcode == COFFER_CMD_PARTITION_LIST && *len > *keep)
		*len = *keep;
	return rc;
}

static void lists_cut_short_are_eio(void **state)
{
	size_t keep;
	struct fake_card card = { .exec = cut_short, .opaque = &keep };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	const size_t whole = 4 + 3 * sizeof(struct coffer_partition_row);
	struct coffer_slot *list;
	size_t n;

	(void)state;
	for (keep = 0; keep <= whole; keep++) {
		coffer_rc rc = coffer_partitions(coffer_card_at(ctx, 0), &list, &n);

		assert_int_equal(rc, keep == whole ? 0 : -EIO);
		assert_int_equal(n, keep == whole ? 2 : 0);
		free(list);
	}
	coffer_close(ctx);
}

/* A page that promises more, for ever. */
static int endless(struct fake_card *card, uint16_t opcode, const uint8_t *req, size_t req_len,
		   uint8_t *reply, size_t *len, uint32_t *verdict)
{
	const struct coffer_rep_find rep = { .cursor = htole64(1), .count = htole32(1) };
	const uint32_t object[2] = { htole32(7), 0 };

	(void)card;
	(void)opcode;
	(void)req;
	(void)req_len;
	*verdict = 0;
	memcpy(reply, &rep, sizeof(rep));
	memcpy(reply + sizeof(rep), object, sizeof(object));
	*len = card->opaque ? sizeof(rep) : sizeof(rep) + sizeof(object);
	return 0;
}

static void empty_pages_end_a_search(void **state)
{
	struct fake_card card = { .exec = endless, .opaque = &card };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_session s = { .card = coffer_card_at(ctx, 0), .id = 1 };
	struct coffer_objects objects;

	(void)state;
	s.epoch = card_epoch(s.card);
	assert_int_equal(coffer_find(&s, NULL, 0, NULL, 0, &objects), -EIO);
	assert_int_equal(card.execs, 1);
	coffer_close(ctx);
}

/* ---- Names ---------------------------------------------------------------------------------- */

static void every_code_has_name_and_advice(void **state)
{
	(void)state;
#define ROW(name, value, advice) \
	assert_string_equal(coffer_errname(ST(name)), "CKR_" #name); \
	assert_string_equal(coffer_strerror(ST(name)), advice);
	COFFER_STATUS_CODES(ROW)
#undef ROW
	assert_string_equal(coffer_errname(-ENODEV), "ENODEV");
	assert_string_equal(coffer_errname(-EOWNERDEAD), "EOWNERDEAD");
	assert_non_null(coffer_strerror(-100000));
	assert_non_null(coffer_errname(-100000));
	assert_non_null(coffer_strerror(0x7ffffffff));
	assert_non_null(strstr(coffer_strerror(-ETIMEDOUT), "time"));
	assert_string_equal(coffer_event_name(COFFER_EV_LOCKED_OUT), "LOCKED_OUT");
	assert_string_equal(coffer_event_name(999), "UNKNOWN");
}

static void lists_of_cards(void **state)
{
	struct coffer_options options = { .cards = " /nonexistent/a.coffer ,,ssh:x , /dev/null" };
	struct coffer *ctx;
	const char *text;
	char many[40 * 3 + 1] = "";

	(void)state;
	assert_int_equal(coffer_open(&options, &ctx), 0);
	assert_int_equal(coffer_card_count(ctx), 3);
	assert_string_equal(coffer_card_name(coffer_card_at(ctx, 0)), "/nonexistent/a.coffer");
	assert_int_equal(coffer_card_state(coffer_card_at(ctx, 0), &text), -ENOENT);
	assert_non_null(strstr(text, "a.coffer"));
	assert_int_equal(coffer_card_state(coffer_card_at(ctx, 1), NULL), -EINVAL);
	assert_int_equal(coffer_card_state(coffer_card_at(ctx, 2), NULL), -EPROTO);
	assert_string_equal(coffer_card_transport(coffer_card_at(ctx, 2)), "none");
	coffer_close(ctx);
	options.cards = " , ";
	assert_int_equal(coffer_open(&options, &ctx), -ENODEV);
	assert_null(ctx);
	for (int i = 0; i < 40; i++)
		strcat(many, "/a,");
	options.cards = many;
	assert_int_equal(coffer_open(&options, &ctx), -E2BIG);
}

static void without_a_driver(void **state)
{
	struct model m = { .count = 0 };
	struct fake_card card = { .exec = model_exec, .opaque = &m };
	struct fake_card *cards[] = { &card };
	struct coffer *ctx = fake_context(cards, 1);
	struct coffer_card_event event;
	struct coffer_pci *list;
	size_t n = 1;

	(void)state;
	/* No family, no netlink: said at once, however long one would wait. */
	if (access("/sys/class/coffer", F_OK))
		assert_true(coffer_netlink_events(ctx, &event, 1, -1, &n) < 0);
	else
		assert_int_equal(coffer_netlink_events(ctx, &event, 1, 0, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(coffer_pci_scan(&list, &n), 0);
	assert_non_null(list);
	free(list);
	coffer_close(ctx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_do_not_move),
		cmocka_unit_test(slot_numbers_are_unique),
		cmocka_unit_test(labels_end),
		cmocka_unit_test(a_reset_ends_sessions),
		cmocka_unit_test(an_unknown_owner_is_a_session_that_is_gone),
		cmocka_unit_test(a_child_has_to_open_its_own),
		cmocka_unit_test(driver_commands_are_refused),
		cmocka_unit_test(noise_is_never_more_than_an_error),
		cmocka_unit_test(lists_cut_short_are_eio),
		cmocka_unit_test(empty_pages_end_a_search),
		cmocka_unit_test(every_code_has_name_and_advice),
		cmocka_unit_test(lists_of_cards),
		cmocka_unit_test(without_a_driver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
