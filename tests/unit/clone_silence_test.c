// SPDX-License-Identifier: BSD-3-Clause
/*
 * Two cards with equal domains, and all that leaves them before a handshake is finished: what a
 * host may ask, and the messages m0 to m3 of each protocol as source and as target. The control
 * is the same two cards with different domains: what was to be seen then does not come from the
 * domain. Nothing else may be in common: it would tell everybody that the domains are equal.
 */
#include "clone_pair.h"

enum { PILE = 1 << 18, WINDOW = 8 };

struct pile {
	uint8_t *p;
	size_t len;
	uint64_t *windows;		/* sorted */
	size_t count;
};

enum { A, B, CARDS };
enum { DIFFERENT, EQUAL, PHASES };
static const char *const domains[PHASES][CARDS] = { { "blue", "green" }, { "red", "red" } };
static struct test_card *cards[CARDS], *partner;
static struct pile piles[PHASES][CARDS];
static struct pile *now;		/* of this phase, by card */

static void heap(struct pile *to, const void *p, size_t len)
{
	assert_true(to->len + len <= PILE);
	memcpy(to->p + to->len, p, len);
	to->len += len;
}

static int begin(void **state)
{
	(void)state;
	for (int i = 0; i < CARDS; i++)
		cards[i] = tc_simple(NULL, domains[DIFFERENT][i]);
	for (int i = 0; i < CARDS * PHASES; i++) {
		struct pile *p = &piles[i / CARDS][i % CARDS];

		p->p = malloc(PILE);
		p->windows = malloc(PILE * sizeof(uint64_t));
		assert_true(p->p && p->windows);
	}
	partner = tc_simple(NULL, "red");
	return 0;
}

static int end(void **state)
{
	(void)state;
	for (int i = 0; i < CARDS; i++)
		tc_free(cards[i]);
	for (int i = 0; i < CARDS * PHASES; i++) {
		free(piles[i / CARDS][i % CARDS].p);
		free(piles[i / CARDS][i % CARDS].windows);
	}
	tc_free(partner);
	return 0;
}

/* ---- What is recorded -------------------------------------------------------------------- */

static void strip_events(struct call *c)
{
	struct coffer_event_wire e;

	memset(c->rep_buf, 0, 4);
	for (size_t at = 4; at + sizeof(e) <= c->rep_len; at += sizeof(e)) {
		memcpy(&e, c->rep_buf + at, sizeof(e));
		e.seq = 0;
		e.time_ms = 0;
		e.partition = 0;
		memcpy(c->rep_buf + at, &e, sizeof(e));
	}
}

static void ask(int i, uint16_t opcode, bool session)
{
	struct call *c = call_new();

	if (session) {
		call_begin(c, cards[i]->session);
		wire_put_u32(&c->req, 0);
	} else {
		wire_out_init(&c->req, c->req_buf, sizeof(c->req_buf));
	}
	if (opcode == COFFER_CMD_EVENTS) {
		wire_put_u64(&c->req, 0);
		wire_put_u64(&c->req, 100);
	}
	if (opcode == COFFER_CMD_OBJECT_FIND) {
		call_begin(c, cards[i]->session);
		wire_put_u32(&c->req, 100);
		wire_put_u64(&c->req, 0);
		wire_put_blob(&c->req, NULL, 0);
		wire_put_u32(&c->req, 0);
	}
	assert_u32(call_run(cards[i], c, opcode), COFFER_ST_OK);
	/* Two cards count, number their partitions and tell the time alike. */
	if (opcode == COFFER_CMD_EVENTS)
		strip_events(c);
	heap(&now[i], c->rep_buf, c->rep_len);
	free(c);
}

static void ask_all(uint16_t opcode, bool session)
{
	for (int i = 0; i < CARDS; i++)
		ask(i, opcode, session);
}

/* m0 to m3, those that the card itself makes; nothing is finished. */
static void talk(int i, bool source, bool invited, uint32_t protocol)
{
	struct run *r = source ? run_new(cards[i], partner) : run_new(partner, cards[i]);

	r->invited = invited;
	for (int m = invited ? 0 : 1; m <= (source ? 2 : 3); m++) {
		bool its_own = source == (m % 2 == 0);
		const struct msg *said = run_message(r, m);

		assert_u32(run_step(r, m), COFFER_ST_OK);
		if (its_own)
			heap(&now[i], said->p, said->len);
	}
	assert_u32(r->protocol, protocol);
	run_give_up(r);
	free(r);
	/* As a target it has counted what nobody answered. */
	tc_forgive();
}

static void talk_all(bool invited, uint32_t protocol)
{
	for (int i = 0; i < CARDS; i++) {
		talk(i, true, invited, protocol);
		talk(i, false, invited, protocol);
	}
}

static void record(void)
{
	static const uint16_t of_card[] = {
		COFFER_CMD_IDENTIFY, COFFER_CMD_PARTITION_LIST, COFFER_CMD_COMMANDS,
		COFFER_CMD_STATS, COFFER_CMD_EVENTS,
	};
	static const uint16_t of_session[] = {
		COFFER_CMD_SESSION_INFO, COFFER_CMD_ROLE_LIST, COFFER_CMD_PARTITION_INFO,
		COFFER_CMD_POLICY_LIST, COFFER_CMD_MECHANISM_LIST, COFFER_CMD_DOMAIN_LIST,
		COFFER_CMD_CIPHER_LIST, COFFER_CMD_OBJECT_FIND,
	};

	for (size_t k = 0; k < sizeof(of_session) / sizeof(of_session[0]); k++)
		ask_all(of_session[k], true);
	talk_all(false, COFFER_CLONE_CPV4);
	for (int i = 0; i < CARDS; i++)
		tc_suites_off(cards[i]);
	talk_all(true, COFFER_CLONE_CPV3);
	for (int i = 0; i < CARDS; i++)
		tc_policy_set(cards[i], false, 42, 1);
	talk_all(false, COFFER_CLONE_CPV1);
	for (size_t k = 0; k < sizeof(of_card) / sizeof(of_card[0]); k++)
		ask_all(of_card[k], false);
}

/* ---- What is in common ------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static uint64_t window_at(const struct pile *p, size_t at)
{
	uint64_t window;

	memcpy(&window, p->p + at, WINDOW);
	return window;
}

static void index_pile(struct pile *p)
{
	p->count = p->len - WINDOW + 1;
	for (size_t at = 0; at < p->count; at++)
		p->windows[at] = window_at(p, at);
	qsort(p->windows, p->count, sizeof(uint64_t), by_value);
}

static bool holds(const struct pile *p, uint64_t window)
{
	return bsearch(&window, p->windows, p->count, sizeof(window), by_value) != NULL;
}

/* The bytes of @p that belong to something that was there with other domains, too. */
static uint8_t *explain(const struct pile *p)
{
	uint8_t *explained = calloc(1, p->len);

	assert_non_null(explained);
	for (size_t at = 0; at < p->count; at++) {
		uint64_t window = window_at(p, at);

		if (holds(&piles[DIFFERENT][A], window) || holds(&piles[DIFFERENT][B], window))
			memset(explained + at, 1, WINDOW);
	}
	return explained;
}

/* For whoever has to find out what it is. */
static void tell(const struct pile *p, size_t at)
{
	print_message("at %zu:", at);
	for (size_t i = at; i < at + WINDOW; i++)
		print_message(" %02x", p->p[i]);
	print_message("\n");
}

/*
 * Strings of which no byte is explained. (With some bytes of a constant in front, one random
 * byte would do to make two cards look alike now and then.)
 */
static unsigned int unexplained(const struct pile *a, const struct pile *b,
				unsigned int *shared, bool aloud)
{
	uint8_t *explained = explain(a);
	unsigned int n = 0;

	*shared = 0;
	for (size_t at = 0; at < a->count; at++) {
		if (!holds(b, window_at(a, at)))
			continue;
		++*shared;
		if (memchr(explained + at, 1, WINDOW))
			continue;
		if (aloud)
			tell(a, at);
		n++;
	}
	free(explained);
	return n;
}

static void equal_domains_show_nothing(void **state)
{
	static const uint8_t leak[] = "a check value of the domain";
	struct pile *a = &piles[EQUAL][A], *b = &piles[EQUAL][B];
	unsigned int shared, n;

	(void)state;
	for (int phase = 0; phase < PHASES; phase++) {
		now = piles[phase];
		for (int i = 0; i < CARDS && phase; i++)
			tc_add_partition(cards[i], domains[phase][i]);
		record();
		index_pile(&now[A]);
		index_pile(&now[B]);
	}
	n = unexplained(a, b, &shared, true);
	print_message("%zu and %zu bytes: %u strings of %d bytes in both, %u of them not with "
		      "other domains\n", a->len, b->len, shared, WINDOW, n);
	assert_true(a->len > 15000);
	assert_true(shared > 1000);
	assert_u32(n, 0);
	/* The search has teeth: what only the two have is found, at any place. */
	heap(a, leak, sizeof(leak));
	heap(b, leak + 3, sizeof(leak) - 3);
	index_pile(a);
	index_pile(b);
	n = unexplained(a, b, &shared, false);
	assert_u32(n, sizeof(leak) - 3 - WINDOW + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_domains_show_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
