// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every command x role x state of the session x state of the partition gives the code of the
 * table in fw_matrix_table.c (quality.md A1.1, A1.2). The number of cells is printed.
 */
#include "fw_core.h"
#include "fw_matrix.h"

#include <stdio.h>

#include <pthread.h>

#define MATRIX_ROWS_MAX	128

static struct bench bench;
static unsigned long cells;

/* ---- What the table says ------------------------------------------------------------------ */

static uint32_t wanted(const struct scene *s, const struct matrix_row *row,
		       const struct asker *a, uint32_t handler)
{
	bool first = (row->marks & FIRST) && a->role == 'n';

	if (row->marks & DRIVER)
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if ((s->kind & S_FAILED) && !(row->marks & FAILED))
		return COFFER_ST_SELF_TEST_FAILED;
	if ((s->kind & S_TAMPERED) && !(row->marks & TAMPER))
		return COFFER_ST_HSM_TAMPERED;
	/* Owner 0 may look around, one that is not there may nothing. */
	if (a->no_owner && (a->owner || row->place != NO_SESSION ||
			    row->opcode == COFFER_CMD_SESSION_OPEN))
		return COFFER_ST_OWNER_UNKNOWN;
	if (row->place == NO_SESSION)
		return handler;
	if (a->no_session)
		return COFFER_ST_SESSION_HANDLE_INVALID;
	if (row->place == (a->on_card ? ON_PART : ON_CARD))
		return COFFER_ST_CONTAINER_HANDLE_INVALID;
	if ((row->marks & INIT) && !a->initialised)
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if ((row->marks & RW) && !a->rw)
		return COFFER_ST_SESSION_READ_ONLY;
	if (a->old_pin && !(row->marks & OLD_PIN))
		return COFFER_ST_PIN_EXPIRED;
	if (!strchr(row->who, a->role))
		return a->role == 'n' ? COFFER_ST_USER_NOT_LOGGED_IN :
					COFFER_ST_USER_NOT_AUTHORIZED;
	if (first && a->initialised)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	/* There it is the HSM SO who makes a partition. */
	if (first && (s->kind & S_NO_PO) && row->opcode == COFFER_CMD_PARTITION_INIT)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	if ((s->kind & S_ERASING) && (row->marks & STORES) &&
	    !((row->marks & FINISH) && a->on_card))
		return COFFER_ST_DEVICE_ERROR;
	return handler;
}

static uint32_t code_of(const struct matrix_probe *p, const struct scene *s, bool on_card)
{
	size_t i;

	if (on_card)
		return p->on_card;
	for (i = 0; i < 3; i++)
		if (p->but[i].scenes & s->kind)
			return p->but[i].code;
	return p->code;
}

/* ---- Cells -------------------------------------------------------------------------------- */

static void compare(const struct scene *s, const struct asker *a, const char *what, uint32_t got,
		    uint32_t want, uint32_t len)
{
	cells++;
	if (got != want)
		fail_msg("%s, %s, %s: 0x%08x instead of 0x%08x", s->name, a->text, what, got,
			 want);
	if (got && len)
		fail_msg("%s, %s, %s: a refusal has %u bytes", s->name, a->text, what, len);
}

/*
 * Requests that are refused, or that only look, all at once: a hand-over to the firmware's threads
 * and back for each would take most of the time.
 */
static struct batch {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned int left;
	struct one {
		struct batch *all;
		uint8_t req[64];
		uint8_t reply[8192];
		uint32_t got, len;
	} one[MATRIX_ROWS_MAX];
} batch = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

static void one_done(void *opaque, uint32_t verdict, uint32_t len)
{
	struct one *one = opaque;

	pthread_mutex_lock(&one->all->lock);
	one->got = verdict;
	one->len = len;
	if (!--one->all->left)
		pthread_cond_signal(&one->all->cond);
	pthread_mutex_unlock(&one->all->lock);
}

static void one_submit(struct bench *b, uint64_t owner, uint32_t session, uint16_t opcode,
		       uint32_t len, struct one *one)
{
	struct fw_request rq = { .owner = owner, .opcode = opcode, .req = one->req,
				 .req_len = len, .reply = one->reply,
				 .reply_room = sizeof(one->reply) };

	/* The session, then ones: no handler may accept it. */
	memset(one->req, 0xff, sizeof(one->req));
	memcpy(one->req, &session, sizeof(session));
	one->all = &batch;
	assert_int_equal(fw_submit(b->card, &rq, one_done, one), 0);
}

static void batch_wait(void)
{
	pthread_mutex_lock(&batch.lock);
	while (batch.left)
		pthread_cond_wait(&batch.cond, &batch.lock);
	pthread_mutex_unlock(&batch.lock);
}

static void ask_badly(struct bench *b, struct scene *s, const struct asker *a)
{
	const struct matrix_row *row = matrix_rows;
	unsigned int i;

	assert_true(matrix_row_count <= MATRIX_ROWS_MAX);
	batch.left = matrix_row_count;
	for (i = 0; i < matrix_row_count; i++)
		one_submit(b, a->owner, a->session, row[i].opcode, row[i].size, &batch.one[i]);
	batch_wait();
	for (i = 0; i < matrix_row_count; i++)
		compare(s, a, row[i].name, batch.one[i].got, wanted(s, &row[i], a, row[i].bad),
			batch.one[i].len);
}

static void close_context(struct bench *b, const struct asker *a, uint32_t context)
{
	uint32_t req[3] = { a->session, context, 0 };

	ask_as(b, a->owner, COFFER_CMD_CLONE_CLOSE, req, sizeof(req));
}

static void ask_well(struct bench *b, struct scene *s, const struct asker *a,
		     const struct matrix_probe *p)
{
	uint8_t req[256];
	struct wire_out out;
	uint32_t got;

	wire_out_init(&out, req, sizeof(req));
	wire_put_u32(&out, a->session);
	if (p->build)
		p->build(&out);
	else
		wire_put_u32(&out, 0);
	assert_true(wire_out_ok(&out));
	got = ask_as(b, a->owner, p->opcode, req, out.len);
	compare(s, a, p->name, got,
		wanted(s, matrix_row(p->opcode), a, code_of(p, s, a->on_card)), b->len);
	if (!got && p->opens)
		close_context(b, a, word(b, 0));
}

static void all_cells(struct bench *b, struct scene *s)
{
	const struct asker *a;
	unsigned int i;

	for (a = s->askers; a < s->askers + s->count; a++) {
		ask_badly(b, s, a);
		for (i = 0; i < matrix_probe_count; i++)
			ask_well(b, s, a, &matrix_probes[i]);
	}
}

/* ---- The matrix --------------------------------------------------------------------------- */

static void every_cell(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < scene_count; i++) {
		unsigned long before = cells;

		scene_begin(&bench, &scenes[i]);
		all_cells(&bench, &scenes[i]);
		print_message("# %s: %lu cells\n", scenes[i].name, cells - before);
		bench_close(&bench);
	}
	print_message("# %lu cells\n", cells);
	assert_true(cells > 90000);
}

/* All 65,536 opcodes: those that are none are told so in one way, whoever asks with whatever. */
static void unknown_batch(struct bench *b, const uint16_t *opcodes, unsigned int count,
			  uint64_t owner, uint32_t session, uint32_t len)
{
	unsigned int i;

	batch.left = count;
	for (i = 0; i < count; i++)
		one_submit(b, owner, session, opcodes[i], len, &batch.one[i]);
	batch_wait();
	for (i = 0; i < count; i++) {
		expect(batch.one[i].got, COFFER_ST_FUNCTION_NOT_SUPPORTED);
		expect(batch.one[i].len, 0);
	}
}

static void unknown_asked(struct bench *b, const uint16_t *opcodes, unsigned int count,
			  uint32_t session)
{
	unknown_batch(b, opcodes, count, b->owner, 0, 0);
	unknown_batch(b, opcodes, count, b->owner, session, 64);
	unknown_batch(b, opcodes, count, 0, session, 8);
	unknown_batch(b, opcodes, count, b->owner + 1000, session, 20);
}

static void every_unknown_opcode(void **state)
{
	uint16_t opcodes[MATRIX_ROWS_MAX];
	uint32_t opcode, session, unknown = 0;
	unsigned int n = 0;

	(void)state;
	bench_open(&bench, "pcie-7.8");
	session = hsm_ready(&bench);
	for (opcode = 0; opcode <= 0xffff; opcode++) {
		if (!matrix_row((uint16_t)opcode))
			opcodes[n++] = (uint16_t)opcode;
		if (n == MATRIX_ROWS_MAX || opcode == 0xffff) {
			unknown_asked(&bench, opcodes, n, session);
			unknown += n;
			n = 0;
		}
	}
	expect(unknown, 0x10000 - matrix_row_count);
	/* The counters of commands are not confused by them. */
	expect(session_only(&bench, COFFER_CMD_SESSION_INFO, session), 0);
	bench_close(&bench);
}

/* The table here and the product's have the same commands, and no probe is for none. */
static void every_command_is_here(void **state)
{
	static const struct {
		const char *name;
		uint16_t opcode;
	} product[] = {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) { #name, op },
		COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(product) / sizeof(product[0]); i++) {
		const struct matrix_row *row = matrix_row(product[i].opcode);

		if (!row)
			fail_msg("fw_matrix_table.c does not have %s", product[i].name);
		assert_string_equal(row->name, product[i].name);
	}
	expect(matrix_row_count, i);
	for (i = 0; i < matrix_probe_count; i++)
		assert_non_null(matrix_row(matrix_probes[i].opcode));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_here),
		cmocka_unit_test(every_cell),
		cmocka_unit_test(every_unknown_opcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
