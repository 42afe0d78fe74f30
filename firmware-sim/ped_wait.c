// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which PED keys a command needs, and the wait for them. It comes after the checks that could
 * refuse the command and before the gates, so that nobody else is kept waiting while an operator
 * looks for a key. There is one PED and one wait at a time: OPERATION_ACTIVE. A command that has
 * to wait leaves its worker; a thread, which lives only as long, looks at the PED every 50 ms and
 * hands the command back to the pool: with its keys, or with a verdict:
 *
 *   nobody gave the key in 200 s          SP_TIMEOUT    (never later than the row's time-out)
 *   fw_cancel                             CANCEL
 *   session or owner ended, reset         SESSION_HANDLE_INVALID
 *   tamper                                HSM_TAMPERED
 *   the PED was unplugged                 PED_UNPLUGGED
 *   a key or what is on it is malformed   PED_ERROR
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ped.h"

#define WAIT_MS		200000u		/* behaviour.md 5.4 */
#define MARGIN_MS	10000u		/* between the wait's end and the row's time-out */
#define LOOK_MS		50

/* ---- What a role's key looks like (behaviour.md 5.1) ------------------------------ */

static const struct {
	uint32_t color;
	uint32_t also;
	const char *whose;
} role_keys[COFFER_ROLE_COUNT] = {
	[COFFER_ROLE_SO]	= { COFFER_PED_BLUE, 0, "HSM SO" },
	[COFFER_ROLE_PO]	= { COFFER_PED_BLUE, 0, "Partition SO" },
	[COFFER_ROLE_CO]	= { COFFER_PED_BLACK, 0, "Crypto Officer" },
	[COFFER_ROLE_LCO]	= { COFFER_PED_BLACK, 0, "Limited Crypto Officer" },
	[COFFER_ROLE_CU]	= { COFFER_PED_BLACK, COFFER_PED_GREY, "Crypto User" },
	[COFFER_ROLE_AU]	= { COFFER_PED_WHITE, 0, "Auditor" },
};

static void want_role(struct ped_keys *k, uint32_t role)
{
	k->want[PED_USE_ROLE] = (struct ped_want){ .wanted = true, .color = role_keys[role].color,
						   .also = role_keys[role].also,
						   .whose = role_keys[role].whose };
}

static void want_domain(const struct cmd *c, struct ped_keys *k)
{
	k->want[PED_USE_DOMAIN] = (struct ped_want){ .wanted = true, .color = COFFER_PED_RED,
						     .imprint = true, .whose = "domain",
						     .import = !card_ped(c->card) };
}

/* ---- What a command needs: reads a copy of the request; malformed ones need nothing ---- */

static uint32_t needs_login(struct cmd *c, struct wire_in in, struct ped_keys *k)
{
	uint32_t role = wire_u32(&in);
	struct bytes pin = wire_blob(&in, PIN_MAX);

	if (!wire_in_done(&in) || !card_ped(c->card) || !role_exists(c->part, role))
		return COFFER_ST_OK;
	if (pin.len && (!role_has_challenge(c->part, role) || role_activated(c->part, role)))
		return COFFER_ST_OK;
	want_role(k, role);
	return role_admits(c, role);
}

static uint32_t needs_new_role(struct cmd *c, struct wire_in in, struct ped_keys *k)
{
	uint32_t role = wire_u32(&in);
	struct bytes pin = wire_blob(&in, PIN_MAX);

	if (!wire_in_done(&in) || !card_ped(c->card) || pin.len || !role_exists(c->part, role))
		return COFFER_ST_OK;
	want_role(k, role);
	k->want[PED_USE_ROLE].imprint = true;
	return role_admits(c, role);
}

static uint32_t needs_change(struct cmd *c, struct wire_in in, struct ped_keys *k)
{
	uint32_t role = wire_u32(&in);
	struct bytes old = wire_blob(&in, PIN_MAX), new = wire_blob(&in, PIN_MAX);

	if (!wire_in_done(&in) || !card_ped(c->card) || old.len || new.len ||
	    !role_exists(c->part, role))
		return COFFER_ST_OK;
	want_role(k, role);
	k->want[PED_USE_ROLE].renew = true;
	return role_admits(c, role);
}

/* Whose key an init wants; before 6.22 partitions have no SO (behaviour.md 1.6). */
static uint32_t init_role(const struct cmd *c)
{
	if (!c->part->id)
		return COFFER_ROLE_SO;
	return c->card->profile->features & PROFILE_PPSO ? COFFER_ROLE_PO : COFFER_ROLE_CO;
}

static uint32_t needs_init(struct cmd *c, struct wire_in in, struct ped_keys *k)
{
	uint32_t flags = wire_u32(&in);
	struct bytes label = wire_blob(&in, LABEL_MAX);
	struct bytes pin = wire_blob(&in, PIN_MAX), domain = wire_blob(&in, DOMAIN_MAX);

	if (in.bad || !label.len)
		return COFFER_ST_OK;
	/* Not even an empty one is filled by nobody: no key is given a secret for that. */
	if (init_role(c) == COFFER_ROLE_CO && c->role != COFFER_ROLE_PO)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	if (card_ped(c->card) && !pin.len) {
		want_role(k, init_role(c));
		k->want[PED_USE_ROLE].imprint = true;
	}
	if (!(flags & COFFER_INIT_PED_DOMAIN))
		return COFFER_ST_OK;
	if (domain.len || (flags & COFFER_INIT_DEFAULT_DOMAIN))
		return COFFER_ST_ARGUMENTS_BAD;
	want_domain(c, k);
	return domain_red_fits(c);
}

static uint32_t needs_domain(struct cmd *c, struct wire_in in, struct ped_keys *k)
{
	uint32_t flags = wire_u32(&in);
	struct wire_in behind = in;
	struct bytes text;

	wire_blob(&in, DOMAIN_MAX);
	text = wire_blob(&in, DOMAIN_MAX);
	if (text.len || (flags & ~(COFFER_DOMAIN_PED | COFFER_DOMAIN_PRIMARY)) ||
	    !(flags & COFFER_DOMAIN_PED))
		return COFFER_ST_OK;
	want_domain(c, k);
	return domain_add_admits(c, behind);
}

static uint32_t needs_auditor(struct cmd *c, struct wire_in in, struct ped_keys *k)
{
	uint32_t reserved = wire_u32(&in);
	struct bytes pin = wire_blob(&in, PIN_MAX);

	if (!wire_in_done(&in) || reserved || !card_ped(c->card) || pin.len)
		return COFFER_ST_OK;
	want_role(k, COFFER_ROLE_AU);
	k->want[PED_USE_ROLE].imprint = true;
	return c->card->audit.role.initialised ? COFFER_ST_OPERATION_NOT_ALLOWED : COFFER_ST_OK;
}

typedef uint32_t needs_fn(struct cmd *c, struct wire_in in, struct ped_keys *k);

static needs_fn *const needs_of[OPCODE_MAX] = {
	[COFFER_CMD_LOGIN]		= needs_login,
	[COFFER_CMD_ROLE_INIT]		= needs_new_role,
	[COFFER_CMD_ROLE_RESET_PW]	= needs_new_role,
	[COFFER_CMD_ROLE_CHANGE_PW]	= needs_change,
	[COFFER_CMD_HSM_INIT]		= needs_init,
	[COFFER_CMD_PARTITION_INIT]	= needs_init,
	[COFFER_CMD_DOMAIN_ADD]		= needs_domain,
	[COFFER_CMD_AUDIT_INIT]		= needs_auditor,
};

bool ped_may_need(uint16_t opcode)
{
	return needs_of[opcode] != NULL;
}

/* Not in a gate: under the locks of what it looks at. */
static uint32_t needs(struct cmd *c, struct ped_keys *k)
{
	struct fw_partition *admin = c->card->admin, *p = c->part;
	uint32_t st;

	pthread_mutex_lock(&admin->lock);
	if (p != admin)
		pthread_mutex_lock(&p->lock);
	st = needs_of[c->opcode](c, c->in, k);
	if (p != admin)
		pthread_mutex_unlock(&p->lock);
	pthread_mutex_unlock(&admin->lock);
	return st;
}

/* ---- What handlers get ------------------------------------------------------------ */

/* ---- The wait --------------------------------------------------------------------- */

static struct ped_want *outstanding(struct ped_keys *k, enum ped_use *use)
{
	unsigned int i;

	for (i = 0; i < PED_USES; i++)
		if (k->want[i].wanted && !k->there[i]) {
			*use = (enum ped_use)i;
			return &k->want[i];
		}
	return NULL;
}

/* Import must not pass through another machine: behaviour.md section 2, row 38. */
static uint32_t look(struct fw_card *card, struct ped_keys *k, enum ped_use use,
		     char prompt[PED_PROMPT])
{
	char folder[PED_PATH];

	if (!ped_folder(card, folder)) {
		snprintf(prompt, PED_PROMPT, "No PED is connected.");
		return COFFER_ST_PED_UNPLUGGED;
	}
	if (k->want[use].import && ped_remote(folder)) {
		snprintf(prompt, PED_PROMPT, "A remote PED is running: stop it, a domain is "
			 "imported from a local PED only.");
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	}
	return ped_take(card, folder, k, use, prompt);
}

static void show(struct ped *ped, const char *prompt, uint32_t color)
{
	pthread_mutex_lock(&ped->lock);
	snprintf(ped->prompt, sizeof(ped->prompt), "%s", prompt);
	ped->color = color;
	pthread_mutex_unlock(&ped->lock);
}

/* A key that is asked for anew has its own time. */
static void wants_now(struct job *job, const struct ped_want *want)
{
	struct ped *ped = &job->c.card->ped;
	uint64_t now = card_uptime_ms(job->c.card);
	uint32_t ms = job->row->timeout_ms > WAIT_MS + MARGIN_MS ? WAIT_MS :
		      job->row->timeout_ms - MARGIN_MS;
	bool new;

	pthread_mutex_lock(&ped->lock);
	new = ped->color != want->color;
	if (new)
		ped->deadline = now + ms;
	ped->color = want->color;
	pthread_mutex_unlock(&ped->lock);
	if (new)
		card_event(job->c.card, COFFER_EV_PED_WANTED, job->c.part->id, want->color);
}

/* As far as the keys that are there go. */
static uint32_t step(struct job *job)
{
	struct fw_card *card = job->c.card;
	char prompt[PED_PROMPT] = "";
	struct ped_want *want;
	enum ped_use use;
	uint32_t st;

	while ((want = outstanding(job->c.ped, &use)) != NULL) {
		st = look(card, job->c.ped, use, prompt);
		if (st == PED_NOT_YET)
			wants_now(job, want);
		if (st) {
			show(&card->ped, prompt, st == PED_NOT_YET ? want->color : 0);
			return st;
		}
	}
	show(&card->ped, "", 0);
	return COFFER_ST_OK;
}

/* What ended the wait from outside, or OK. */
static uint32_t given_up(struct job *job)
{
	struct fw_card *card = job->c.card;
	bool closed, late;

	if (atomic_load_explicit(&job->cancelled, memory_order_relaxed))
		return COFFER_ST_CANCEL;
	if (atomic_load(&card->tampered) && !job->tampered_before)
		return COFFER_ST_HSM_TAMPERED;
	pthread_mutex_lock(&card->lock);
	closed = job->c.session->closed;
	pthread_mutex_unlock(&card->lock);
	if (closed)
		return COFFER_ST_SESSION_HANDLE_INVALID;
	pthread_mutex_lock(&card->ped.lock);
	late = card_uptime_ms(card) >= card->ped.deadline;
	pthread_mutex_unlock(&card->ped.lock);
	return late ? COFFER_ST_SP_TIMEOUT : COFFER_ST_OK;
}

static void wait_over(struct fw_card *card)
{
	pthread_mutex_lock(&card->ped.lock);
	card->ped.busy = false;
	card->ped.waiting = false;
	card->ped.color = 0;
	pthread_mutex_unlock(&card->ped.lock);
}

static void *ped_main(void *arg)
{
	static const struct timespec pause = { 0, LOOK_MS * 1000000L };
	struct job *job = arg;
	struct fw_card *card = job->c.card;
	uint32_t st;

	do {
		nanosleep(&pause, NULL);
		st = given_up(job);
		if (st)
			show(&card->ped, "", 0);
		else
			st = step(job);
	} while (st == PED_NOT_YET);
	job->resumed = true;
	job->ped_verdict = st;
	wait_over(card);
	pool_resume(card->pool, job);
	return NULL;
}

/* The thread before this one has handed its command back: joining it takes no time. */
static uint32_t park(struct job *job)
{
	struct fw_card *card = job->c.card;
	struct ped *ped = &card->ped;
	bool on;

	ped_finish(card);
	job->tampered_before = atomic_load(&card->tampered);
	pthread_mutex_lock(&ped->lock);
	ped->waiting = true;
	pthread_mutex_unlock(&ped->lock);
	/* The lock of ped_finish: whoever joins next finds the thread's name written. */
	pthread_mutex_lock(&ped->thread_lock);
	on = ped->thread_on = !pthread_create(&ped->thread, NULL, ped_main, job);
	pthread_mutex_unlock(&ped->thread_lock);
	if (on)
		return PED_NOT_YET;
	wait_over(card);
	return COFFER_ST_DEVICE_MEMORY;
}

void ped_finish(struct fw_card *card)
{
	pthread_mutex_lock(&card->ped.thread_lock);
	if (card->ped.thread_on)
		pthread_join(card->ped.thread, NULL);
	card->ped.thread_on = false;
	pthread_mutex_unlock(&card->ped.thread_lock);
}

static bool ped_occupy(struct ped *ped)
{
	bool mine;

	pthread_mutex_lock(&ped->lock);
	mine = !ped->busy;
	ped->busy = true;
	pthread_mutex_unlock(&ped->lock);
	return mine;
}

uint32_t ped_collect(struct job *job)
{
	struct fw_card *card = job->c.card;
	enum ped_use use;
	uint32_t st;

	if (!needs_of[job->c.opcode])
		return COFFER_ST_OK;
	job->c.ped = calloc(1, sizeof(*job->c.ped));
	if (!job->c.ped)
		return COFFER_ST_DEVICE_MEMORY;
	st = needs(&job->c, job->c.ped);
	if (st || !outstanding(job->c.ped, &use))
		return st;
	if (!ped_occupy(&card->ped))
		return COFFER_ST_OPERATION_ACTIVE;
	st = step(job);
	if (st == PED_NOT_YET)
		return park(job);
	wait_over(card);
	return st;
}

/* ---- Status ------------------------------------------------------------------------ */

uint32_t handle_PED_STATUS(struct cmd *c)
{
	struct ped *ped = &c->card->ped;
	char folder[PED_PATH];
	uint64_t now = card_uptime_ms(c->card), left;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	wire_put_u32(&c->out, ped_folder(c->card, folder));
	pthread_mutex_lock(&ped->lock);
	left = ped->waiting && ped->deadline > now ? ped->deadline - now : 0;
	wire_put_u32(&c->out, ped->waiting);
	wire_put_u32(&c->out, ped->waiting ? ped->color : 0);
	wire_put_u32(&c->out, roles_activated(c->part));
	wire_put_u32(&c->out, (uint32_t)left);
	wire_put_u32(&c->out, 0);
	wire_put_u64(&c->out, 0);
	wire_put_padded(&c->out, ped->prompt, PED_PROMPT);
	pthread_mutex_unlock(&ped->lock);
	return COFFER_ST_OK;
}
