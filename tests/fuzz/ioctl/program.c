// SPDX-License-Identifier: BSD-3-Clause
/* Programs: made from the contract's own table, changed, written as text. */
#include "ioctl.h"

#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) \
	{ #name, op, rqmin, rqmax, rpmax, ms },
static const struct row rows[] = { COFFER_COMMANDS(COFFER_X) };
#undef COFFER_X

static const __u64 boundaries[] = {
	0, 1, 2, 3, 7, 8, 15, 16, 47, 48, 49, 63, 64, 255, 256, 257, 4095, 4096, 4097, 0x7fff,
	0xffff, 0x10000, 0x10001, 0x20000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffff00,
	0xffffffffffffffff,
};

const struct row *row_find(__u16 opcode)
{
	unsigned int i;

	for (i = 0; i < COUNT(rows); i++)
		if (rows[i].opcode == opcode)
			return &rows[i];
	return NULL;
}

__u64 boundary(unsigned int which)
{
	return boundaries[which % COUNT(boundaries)];
}

/* The upper half of a linear congruential generator: the same on every machine. */
__u32 dice(__u64 *rng)
{
	*rng = *rng * 6364136223846793005u + 1442695040888963407u;
	return *rng >> 32;
}

static bool one_in(__u64 *rng, unsigned int n)
{
	return dice(rng) % n == 0;
}

/* ---- Steps ---------------------------------------------------------------------------- */

static __u32 length_for(__u64 *rng, __u32 min, __u32 max)
{
	switch (dice(rng) % 8) {
	case 0: return max;
	case 1: return max + 1;
	case 2: return min ? min - 1 : 0;
	case 3: return boundary(dice(rng));
	case 4: return dice(rng) % (max + 1);
	case 5: return min;
	default: return min + dice(rng) % (max - min > 600 ? 600 : max - min + 1);
	}
}

static __u16 size_for(__u64 *rng, unsigned int kind)
{
	static const __u16 sizes[K_COUNT] = {
		[K_QUERY] = sizeof(struct coffer_query), [K_EXEC] = sizeof(struct coffer_exec),
		[K_EVENTS] = sizeof(struct coffer_events),
		[K_CANCEL] = sizeof(struct coffer_cancel),
		[K_BATCH] = sizeof(struct coffer_batch), [K_URING] = sizeof(struct coffer_exec),
		[K_ASIDE] = sizeof(struct coffer_exec), [K_FORK] = sizeof(struct coffer_exec),
	};
	__u16 size = sizes[kind];

	if (!one_in(rng, 5))
		return size;
	return one_in(rng, 3) ? boundary(dice(rng)) : dice(rng) % (2 * size + 1);
}

static __u8 place_for(__u64 *rng, unsigned int rarity)
{
	return one_in(rng, rarity) ? dice(rng) % P_COUNT : P_GOOD;
}

static void step_make(struct step *s, unsigned int kind, __u64 *rng)
{
	const struct row *row = &rows[one_in(rng, 2) ? 0 : dice(rng) % COUNT(rows)];

	memset(s, 0, sizeof(*s));
	s->kind = kind;
	s->fd = one_in(rng, 3) ? dice(rng) % SLOTS : 0;
	s->to = dice(rng) % SLOTS;
	s->mode = dice(rng) & (one_in(rng, 4) ? 0xff : 0x7f);
	s->opcode = one_in(rng, 16) ? boundary(dice(rng)) : row->opcode;
	s->size = size_for(rng, kind);
	s->len = length_for(rng, row->req_min, row->req_max);
	s->room = length_for(rng, 0, row->reply_max);
	s->at = place_for(rng, 24);
	s->req = place_for(rng, 10);
	s->reply = place_for(rng, 10);
	s->field = one_in(rng, 8) ? dice(rng) % 24 : FIELD_NONE;
	s->value = dice(rng);
	s->wide = dice(rng) % 2;
	s->delay = one_in(rng, 2) ? dice(rng) % 200 : dice(rng) % 5000;
	s->seed = dice(rng);
}

/* What is worth most is done most. */
static unsigned int kind_for(__u64 *rng)
{
	static const struct {
		unsigned int kind;
		unsigned int weight;
	} weights[] = {
		{ K_OPEN, 8 }, { K_CLOSE, 4 }, { K_DUP, 3 }, { K_NONBLOCK, 3 }, { K_POLL, 2 },
		{ K_QUERY, 6 }, { K_EXEC, 30 }, { K_EVENTS, 6 }, { K_CANCEL, 5 }, { K_BATCH, 10 },
		{ K_URING, 10 }, { K_RING, 1 }, { K_ASIDE, 10 }, { K_FORK, 1 }, { K_OTHER, 3 },
	};
	unsigned int i, sum = 0, at;

	for (i = 0; i < COUNT(weights); i++)
		sum += weights[i].weight;
	at = dice(rng) % sum;
	for (i = 0; at >= weights[i].weight; i++)
		at -= weights[i].weight;
	return weights[i].kind;
}

void program_make(struct program *p, __u64 *rng)
{
	unsigned int i;

	p->steps = 2 + dice(rng) % (STEPS - 1);
	step_make(&p->step[0], K_OPEN, rng);
	p->step[0].to = 0;
	for (i = 1; i < p->steps; i++)
		step_make(&p->step[i], kind_for(rng), rng);
}

/* ---- Changes -------------------------------------------------------------------------- */

static void step_change(struct step *s, __u64 *rng)
{
	struct step fresh;

	step_make(&fresh, s->kind, rng);
	switch (dice(rng) % 10) {
	case 0: s->size = fresh.size; break;
	case 1: s->len = fresh.len; break;
	case 2: s->room = fresh.room; break;
	case 3: s->req = dice(rng) % P_COUNT; break;
	case 4: s->reply = dice(rng) % P_COUNT; break;
	case 5: s->at = dice(rng) % P_COUNT; break;
	case 6:
		s->field = dice(rng) % 24;
		s->value = fresh.value;
		s->wide = fresh.wide;
		break;
	case 7: s->mode = fresh.mode; break;
	case 8: s->opcode = fresh.opcode; break;
	default: ((__u8 *)s)[dice(rng) % sizeof(*s)] ^= 1 << dice(rng) % 8; break;
	}
}

static void step_insert(struct program *p, unsigned int at, const struct step *s)
{
	if (p->steps == STEPS)
		p->steps--;
	memmove(&p->step[at + 1], &p->step[at], (p->steps - at) * sizeof(*s));
	p->step[at] = *s;
	p->steps++;
}

static void change_once(struct program *p, const struct program *other, __u64 *rng)
{
	unsigned int at = dice(rng) % p->steps;
	struct step fresh;

	switch (dice(rng) % 8) {
	case 0:
		step_make(&fresh, kind_for(rng), rng);
		step_insert(p, at < STEPS - 1 ? at : 0, &fresh);
		break;
	case 1:
		step_insert(p, at < STEPS - 1 ? at : 0, &other->step[dice(rng) % other->steps]);
		break;
	case 2:
		if (p->steps < 2)
			break;
		p->steps--;
		memmove(&p->step[at], &p->step[at + 1], (p->steps - at) * sizeof(fresh));
		break;
	case 3:
		fresh = p->step[at];
		step_insert(p, at < STEPS - 1 ? at : 0, &fresh);
		break;
	default:
		step_change(&p->step[at], rng);
	}
}

/* Change it here and there; what it takes over comes from the other one. */
void program_change(struct program *p, const struct program *other, __u64 *rng)
{
	unsigned int times = 1 + dice(rng) % 4;

	while (times--)
		change_once(p, other, rng);
}

/* ---- Text ----------------------------------------------------------------------------- */

void program_write(const struct program *p, char *text)
{
	const __u8 *bytes = (const __u8 *)p->step;
	size_t i, size = p->steps * sizeof(struct step);

	for (i = 0; i < size; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * size] = 0;
}

int program_read(struct program *p, const char *text)
{
	__u8 *bytes = (__u8 *)p->step;
	size_t i, size = strlen(text) / 2;
	unsigned int byte;

	memset(p, 0, sizeof(*p));
	if (!size || size % sizeof(struct step) || size > sizeof(p->step))
		return -1;
	for (i = 0; i < size; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return -1;
		bytes[i] = byte;
	}
	p->steps = size / sizeof(struct step);
	return 0;
}

_Static_assert(sizeof(struct step) == 28, "the text of a program");
