// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fuzz target `firmware`: the real firmware behind fw_exec(), before anybody has logged in. An
 * input is a sequence of commands of the table, mostly of a length that the row allows, whose
 * payloads are the input's; owners and sessions of earlier answers are filled in. The card is one
 * for all inputs; owners end with each.
 */
#include <errno.h>
#include <unistd.h>

#include "fw.h"
#include "hw/coffer_cmd.h"
#include "../fuzz.h"

#define STEPS_MAX 24

struct row {
	uint16_t opcode, flags;
	uint32_t req_min, req_max, reply_max;
};

static const struct row rows[] = {
#define ROW(name, op, rqmin, rqmax, rpmax, fl, roles, ms) { (op), (fl), (rqmin), (rqmax), (rpmax) },
	COFFER_COMMANDS(ROW)
#undef ROW
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static struct fw_card *card;
static char dir[64];

static void power_off(void)
{
	char command[128];

	fw_card_close(card);
	snprintf(command, sizeof(command), "rm -rf %.60s", dir);
	if (system(command))
		fprintf(stderr, "cannot remove %s\n", dir);
}

/* In memory, so that syncs cost nothing. */
static void power_on(void)
{
	struct fw_create how = { .serial = 1000001, .kdf_test = true };
	struct fw_open open = { .workers = 1 };
	char text[256] = "";

	snprintf(dir, sizeof(dir), "/dev/shm/coffer-fuzz-%d", getpid());
	if (fw_card_create(dir, &how, text, sizeof(text)) ||
	    fw_card_open(dir, &open, &card, text, sizeof(text)))
		fuzz_fail("no card: %s", text);
	atexit(power_off);
}

static const struct row *row_of(uint16_t opcode)
{
	unsigned int i;

	for (i = 0; i < ROWS && rows[i].opcode != opcode; i++)
		;
	return &rows[i];
}

/* One command: its request and reply in blocks of exactly their size, so that ASan sees a byte. */
static uint32_t run(struct fw_request *request, const struct row *row, uint8_t *first)
{
	const uint8_t *payload = request->req;
	uint8_t *in = malloc(request->req_len + !request->req_len);
	uint8_t *out = malloc(request->reply_room + !request->reply_room);
	uint32_t verdict, got = 0;

	memcpy(in, payload, request->req_len);
	request->opcode = row->opcode;
	request->tag = 1;
	request->req = in;
	request->reply = out;
	verdict = fw_exec(card, request, &got);
	fuzz_check(got <= request->reply_room, "%u bytes of reply in %u", got, request->reply_room);
	fuzz_check(request->from_driver || !(row->flags & COFFER_CF_DRIVER) || verdict,
		   "a user sent opcode %04x of the driver", row->opcode);
	memcpy(first, out, got < 8 ? got : 8);
	free(in);
	free(out);
	return verdict;
}

static uint64_t owner_open(void)
{
	struct fw_request request = { .from_driver = true, .req_len = 8, .reply_room = 8 };
	uint8_t zero[8] = { 0 };
	uint64_t owner = 0;

	request.req = zero;
	fuzz_check(!run(&request, row_of(COFFER_CMD_OWNER_OPEN), (uint8_t *)&owner), "no owner");
	return owner;
}

static uint32_t any_length(struct fuzz_input *in, const struct row *row, uint8_t kind)
{
	uint32_t range = row->req_max - row->req_min;

	if (kind & 1)
		return fuzz_u16(in);
	return row->req_min + (range ? fuzz_u8(in) % (range > 200 ? 200 : range + 1) : 0);
}

static void step(struct fuzz_input *in, uint64_t owner, uint8_t session[4])
{
	static uint8_t payload[COFFER_CMD_MAX_PAYLOAD];
	const struct row *row = &rows[fuzz_u8(in) % ROWS];
	uint8_t kind = fuzz_u8(in), first[8] = { 0 };
	struct fw_request request = {
		.owner = kind & 4 ? owner + 1 : owner, .from_driver = !(kind & 0x80),
		.req = payload, .req_len = any_length(in, row, kind),
	};
	uint32_t i;

	for (i = 0; i < request.req_len; i++)
		payload[i] = i < 96 ? fuzz_u8(in) : 0;
	if (row->flags & COFFER_CF_SESSION && !(kind & 2) && request.req_len >= 4)
		memcpy(payload, session, 4);
	if (row->flags & COFFER_CF_LONG && kind & 0x60)
		return;		/* the slow ones less often */
	request.reply_room = kind & 8 ? fuzz_u16(in) : row->reply_max;
	if (!run(&request, row, first) && row->opcode == COFFER_CMD_SESSION_OPEN)
		memcpy(session, first, 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input in = { data, data + size };
	uint8_t session[4] = { 0 };
	unsigned int steps;
	uint64_t owner;

	if (!card)
		power_on();
	owner = owner_open();
	for (steps = 0; steps < STEPS_MAX && fuzz_more(&in); steps++)
		step(&in, owner, session);
	fw_end_owners(card);
	return 0;
}

/* Each command once, in a read/write session on the card itself. */
void fuzz_seeds(struct fuzz_seed *s)
{
	unsigned int i, n, open = row_of(COFFER_CMD_SESSION_OPEN) - rows;
	char name[32];

	for (i = 0; i < ROWS; i++) {
		seed_put(s, open, 2);
		seed_put(s, 0, 4), seed_put(s, COFFER_SESSION_RW, 4);
		seed_put(s, i, 2);
		for (n = 0; n < 24; n++)
			seed_put(s, n & 3 ? 0 : n, 1);
		snprintf(name, sizeof(name), "row-%u", i);
		fuzz_seed_save(s, name);
	}
}
