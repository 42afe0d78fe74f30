// SPDX-License-Identifier: BSD-3-Clause
/*
 * A firmware that does what the input wants, behind the real interface of fw.h: it answers in
 * any order, late, at once, or too much, and it keeps the promises that fw.h makes.
 */
#include "bus.h"

#define MAX_SENT 64

struct fw_card {
	fw_event_fn *event;
	void *event_opaque;
	bool tampered;
	uint64_t answered;
	struct fw_sent sent[MAX_SENT];
};

static struct fw_card *card;		/* the one that is not closing */
unsigned fw_room;
bool fw_at_once;

int fw_card_open(const char *dir, const struct fw_open *how, struct fw_card **out,
		 char *err, size_t err_len)
{
	(void)dir, (void)err, (void)err_len;
	card = stub_alloc(sizeof(*card), false);
	card->event = how->event;
	card->event_opaque = how->event_opaque;
	*out = card;
	return 0;
}

static void fw_end(struct fw_card *c, struct fw_sent *sent, uint32_t verdict, uint32_t len)
{
	struct fw_sent copy = *sent;

	sent->used = false;
	c->answered++;
	copy.done(copy.opaque, verdict, len);
}

void fw_card_close(struct fw_card *c)
{
	unsigned i;

	for (i = 0; i < MAX_SENT; i++)
		if (c->sent[i].used)
			fw_end(c, &c->sent[i], 0x32, 0);
	if (card == c)
		card = NULL;
	stub_free(c);
}

unsigned fw_waiting(void)
{
	unsigned i, n = 0;

	for (i = 0; card && i < MAX_SENT; i++)
		n += card->sent[i].used;
	return n;
}

static struct fw_sent *fw_nth(unsigned n)
{
	unsigned i;

	for (i = 0; i < MAX_SENT; i++)
		if (card->sent[i].used && !n--)
			return &card->sent[i];
	return NULL;
}

void fw_answer(unsigned n, uint32_t verdict, uint32_t len, uint8_t fill)
{
	unsigned waiting = fw_waiting();
	struct fw_sent *sent = waiting ? fw_nth(n % waiting) : NULL;
	uint32_t room;

	if (!sent)
		return;
	room = sent->request.reply_room;
	memset(sent->request.reply, fill, MIN(len, room));
	oracle_answered(sent->request.tag, verdict, MIN(len, room), sent->request.reply);
	fw_end(card, sent, verdict, len);
}

int fw_submit(struct fw_card *c, const struct fw_request *request, fw_done_fn *done, void *opaque)
{
	struct fw_sent *sent = NULL;
	unsigned i;

	for (i = 0; i < MAX_SENT; i++) {
		fuzz_check(!c->sent[i].used || c->sent[i].request.tag != request->tag,
			   "two requests of one name are in flight");
		if (!c->sent[i].used && !sent)
			sent = &c->sent[i];
	}
	if (!sent || fw_waiting() >= fw_room)
		return -EBUSY;
	oracle_submitted(request, opaque);
	*sent = (struct fw_sent) {
		.used = true, .request = *request, .done = done, .opaque = opaque,
	};
	if (fw_at_once) {
		for (i = 0; fw_nth(i) != sent; i++)
			;
		fw_answer(i, request->opcode, request->req_len, 0x5a);
	}
	return 0;
}

void fw_cancel(struct fw_card *c, uint64_t tag)
{
	unsigned i;

	for (i = 0; i < MAX_SENT; i++)
		if (c->sent[i].used && c->sent[i].request.tag == tag)
			c->sent[i].cancelled = true;
}

void fw_happen(const struct fw_event *event)
{
	if (card)
		card->event(card->event_opaque, event);
}

void fw_end_owners(struct fw_card *c)
{
	(void)c;
}

void fw_card_tamper(struct fw_card *c)
{
	c->tampered = true;
}

bool fw_card_tampered(const struct fw_card *c)
{
	return c->tampered;
}

bool fw_card_decommission(struct fw_card *c)
{
	return !c->tampered;
}

uint64_t fw_card_serial(const struct fw_card *c)
{
	(void)c;
	return 4711;
}

uint32_t fw_card_fw_version(const struct fw_card *c)
{
	(void)c;
	return 0x070801;
}

uint64_t fw_command_count(const struct fw_card *c)
{
	return c->answered;
}
