// SPDX-License-Identifier: BSD-3-Clause
/*
 * From a request to its answer. Every check that does not depend on a command's meaning is
 * made here, by the table of coffer_cmd.h, in this order; the first that fails is the verdict:
 *
 *  1. the opcode has a row, and a driver-only row comes from the driver  FUNCTION_NOT_SUPPORTED
 *  2. the request's length is in the row's range                         ARGUMENTS_BAD
 *  3. there is room for the reply of a command with an effect            BUFFER_TOO_SMALL
 *  4. it was not cancelled before it began                               CANCEL
 *     the card is in order, unless the row is for a card that is not     SELF_TEST_FAILED
 *                                                                       HSM_TAMPERED
 *  5. the owner is known                                                 OWNER_UNKNOWN
 *  6. the session is known, and this owner's                             SESSION_HANDLE_INVALID
 *  7. it is on the admin or an application partition, as the row says    CONTAINER_HANDLE_INVALID
 *  8. the partition is initialised, unless the row does not care         USER_PIN_NOT_INITIALIZED
 *  9. the session is read/write if the row wants it                      SESSION_READ_ONLY
 * 10. an initial password was changed, unless the row only informs       PIN_EXPIRED
 *     the audit log has room for what has to be recorded                LOG_FULL
 * 11. the role is in the row's mask: nobody logged in                    USER_NOT_LOGGED_IN
 *                                    somebody else                       USER_NOT_AUTHORIZED
 * 12. no erasure waits to be finished, for a command with changes        DEVICE_ERROR
 *
 * A refusal is recorded, wherever it comes from, if the command is (audit.c): what cannot be
 * recorded answers LOG_FULL.
 *
 * Keys that the command needs from the PED are collected between 11 and the gates (ped_wait.c).
 *
 * What wants to be alone or needs the PED is checked once before it waits for that, so that
 * nobody is kept waiting
 * by commands that are refused, and again when it is alone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "nv.h"
#include "pool.h"
#include "writer.h"

static handler_fn *const handlers[OPCODE_MAX] = {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) \
	[op] = handle_##name,
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
};

/* A request with a secret is copied: there has to be one. */
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) \
	_Static_assert(!((fl) & COFFER_CF_SECRET) || (rqmin) > 0, #name);
COFFER_COMMANDS(COFFER_X)
#undef COFFER_X

/* Commands with an effect whose reply must not get lost: the least room. */
static const uint8_t reply_min[OPCODE_MAX] = {
	[COFFER_CMD_OWNER_OPEN]		= sizeof(struct coffer_req_owner),
	[COFFER_CMD_SESSION_OPEN]	= sizeof(struct coffer_rep_session_open),
	[COFFER_CMD_LOGIN]		= sizeof(struct coffer_rep_login),
	[COFFER_CMD_FW_UPDATE]		= sizeof(struct coffer_rep_update),
	[COFFER_CMD_AUDIT_CONFIG]	= sizeof(struct coffer_rep_audit_config),
	[COFFER_CMD_AUDIT_READ]		= sizeof(uint32_t),
	[COFFER_CMD_PARTITION_CREATE]	= sizeof(struct coffer_rep_partition_create),
	[COFFER_CMD_OBJECT_CREATE]	= sizeof(struct coffer_rep_object),
	[COFFER_CMD_OBJECT_COPY]	= sizeof(struct coffer_rep_object),
	[COFFER_CMD_KEY_GENERATE]	= sizeof(struct coffer_rep_object),
	[COFFER_CMD_KEY_PAIR_GENERATE]	= sizeof(struct coffer_rep_object),
};

/* How a command goes through the gates, and what it may do besides the table. */
#define HOW_NO_GATE	0x01	/* touches neither partitions nor their list */
#define HOW_CARD_ALONE	0x02	/* changes the list of partitions, or all of them */
#define HOW_PART_ALONE	0x04	/* changes its partition; on the admin partition: the card */
#define HOW_INITIAL_PW	0x08	/* allowed while an initial password has to be changed */
#define HOW_SLOW	0x10	/* stretches secrets: a tenth of a second and more */
#define HOW_OWN_GATE	0x020	/* PART_ALONE, on the admin partition without the card */
#define HOW_FIRST	0x040	/* without a login only while the partition is empty */
#define HOW_FINISH	0x080	/* does an unfinished zeroize again, or stores what outlives it */
#define HOW_FAILED	0x100	/* allowed after a failed self-test: state, end, erase */
#define HOW_TAMPERED	0x200	/* allowed while the tamper latch is set */
#define HOW_SICK	(HOW_FAILED | HOW_TAMPERED)
static const uint16_t how[OPCODE_MAX] = {
	[COFFER_CMD_ECHO]		= HOW_NO_GATE | HOW_SICK,
	[COFFER_CMD_IDENTIFY]		= HOW_SICK,
	[COFFER_CMD_PARTITION_LIST]	= HOW_SICK,
	[COFFER_CMD_COMMANDS]		= HOW_NO_GATE | HOW_SICK,
	[COFFER_CMD_STATS]		= HOW_NO_GATE | HOW_SICK,
	[COFFER_CMD_EVENTS]		= HOW_NO_GATE | HOW_SICK,
	[COFFER_CMD_OWNER_OPEN]		= HOW_NO_GATE | HOW_SICK,
	[COFFER_CMD_OWNER_CLOSE]	= HOW_NO_GATE | HOW_SICK,
	[COFFER_CMD_SESSION_OPEN]	= HOW_SICK,
	[COFFER_CMD_SESSION_CLOSE]	= HOW_INITIAL_PW | HOW_SICK,
	[COFFER_CMD_SESSION_INFO]	= HOW_INITIAL_PW | HOW_SICK,
	[COFFER_CMD_LOGIN]		= HOW_SLOW | HOW_FINISH | HOW_TAMPERED,
	[COFFER_CMD_LOGOUT]		= HOW_INITIAL_PW | HOW_SICK,
	[COFFER_CMD_SELF_TEST]		= HOW_INITIAL_PW | HOW_SICK,
	[COFFER_CMD_ROLE_INIT]		= HOW_PART_ALONE | HOW_OWN_GATE | HOW_SLOW,
	[COFFER_CMD_ROLE_CHANGE_PW]	= HOW_PART_ALONE | HOW_OWN_GATE | HOW_SLOW |
					  HOW_INITIAL_PW,
	[COFFER_CMD_ROLE_RESET_PW]	= HOW_PART_ALONE | HOW_OWN_GATE | HOW_SLOW,
	[COFFER_CMD_ROLE_LIST]		= HOW_INITIAL_PW | HOW_TAMPERED,
	[COFFER_CMD_ROLE_CHALLENGE]	= HOW_PART_ALONE | HOW_SLOW,
	[COFFER_CMD_ROLE_DEACTIVATE]	= HOW_PART_ALONE,
	[COFFER_CMD_PED_STATUS]		= HOW_INITIAL_PW | HOW_TAMPERED,
	[COFFER_CMD_TAMPER_CLEAR]	= HOW_CARD_ALONE | HOW_FINISH | HOW_TAMPERED,
	[COFFER_CMD_AUDIT_INIT]		= HOW_CARD_ALONE | HOW_SLOW,
	[COFFER_CMD_AUDIT_CONFIG]	= HOW_INITIAL_PW | HOW_FINISH | HOW_TAMPERED,
	[COFFER_CMD_AUDIT_READ]		= HOW_INITIAL_PW | HOW_FINISH | HOW_TAMPERED,
	[COFFER_CMD_HSM_INIT]		= HOW_CARD_ALONE | HOW_SLOW | HOW_FIRST | HOW_FINISH,
	[COFFER_CMD_HSM_FACTORY_RESET]	= HOW_CARD_ALONE | HOW_FINISH | HOW_SICK,
	[COFFER_CMD_HSM_ZEROIZE]	= HOW_CARD_ALONE | HOW_FINISH | HOW_SICK,
	[COFFER_CMD_POLICY_LIST]	= HOW_INITIAL_PW | HOW_TAMPERED,
	[COFFER_CMD_POLICY_SET]		= HOW_PART_ALONE,
	[COFFER_CMD_FW_UPDATE]		= HOW_CARD_ALONE,
	[COFFER_CMD_PARTITION_CREATE]	= HOW_CARD_ALONE,
	[COFFER_CMD_PARTITION_DELETE]	= HOW_CARD_ALONE,
	[COFFER_CMD_PARTITION_INIT]	= HOW_PART_ALONE | HOW_SLOW | HOW_FIRST,
	[COFFER_CMD_PARTITION_INFO]	= HOW_INITIAL_PW | HOW_TAMPERED,
	[COFFER_CMD_MECHANISM_LIST]	= HOW_INITIAL_PW | HOW_TAMPERED,
	[COFFER_CMD_DOMAIN_ADD]		= HOW_PART_ALONE | HOW_SLOW,
	[COFFER_CMD_DOMAIN_DELETE]	= HOW_PART_ALONE,
	[COFFER_CMD_DOMAIN_CHANGE]	= HOW_PART_ALONE | HOW_SLOW,
	[COFFER_CMD_CIPHER_SET]		= HOW_PART_ALONE,
	[COFFER_CMD_PARTITION_RESIZE]	= HOW_CARD_ALONE,
	[COFFER_CMD_PARTITION_LABEL]	= HOW_PART_ALONE,
};

/* ---- Gates ----------------------------------------------------------------------- */

static void job_enter(struct job *job)
{
	unsigned int flags = how[job->row->opcode];
	bool app = job->c.part && job->c.part->id != 0;
	enum gate_mode card = GATE_SHARED, part = GATE_SHARED;

	if (flags & HOW_NO_GATE)
		return;
	if (flags & HOW_PART_ALONE)
		part = GATE_ALONE;
	if ((flags & HOW_CARD_ALONE) ||
	    (part == GATE_ALONE && !app && !(flags & HOW_OWN_GATE)))
		card = GATE_ALONE;
	gate_enter(&job->c.card->gate, card);
	job->card_gate = card;
	if (card == GATE_ALONE)
		card_settle(job->c.card);
	/* Alone on the card is alone in every partition. */
	if (!job->c.part || card == GATE_ALONE)
		return;
	gate_enter(&job->c.part->gate, part);
	job->part_gate = part;
}

/* ---- Checks ---------------------------------------------------------------------- */

static uint32_t check_form(struct job *job)
{
	const struct fw_request *rq = &job->rq;

	job->row = row_of(rq->opcode);
	if (!job->row || ((job->row->flags & COFFER_CF_DRIVER) && !rq->from_driver))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if (rq->req_len < job->row->req_min || rq->req_len > job->row->req_max)
		return COFFER_ST_ARGUMENTS_BAD;
	if (rq->reply_room < reply_min[rq->opcode])
		return COFFER_ST_BUFFER_TOO_SMALL;
	if (atomic_load_explicit(&job->cancelled, memory_order_relaxed))
		return COFFER_ST_CANCEL;
	return COFFER_ST_OK;
}

static uint32_t check_state(const struct job *job)
{
	unsigned int flags = how[job->row->opcode];

	if (atomic_load(&job->c.card->failed_test) && !(flags & HOW_FAILED))
		return COFFER_ST_SELF_TEST_FAILED;
	if (atomic_load(&job->c.card->tampered) && !(flags & HOW_TAMPERED))
		return COFFER_ST_HSM_TAMPERED;
	return COFFER_ST_OK;
}

/* Owner 0 stands for nobody: enough for commands that need no session. */
static uint32_t check_owner(struct job *job)
{
	struct fw_card *card = job->c.card;
	bool needed = (job->row->flags & COFFER_CF_SESSION) ||
		      job->rq.opcode == COFFER_CMD_SESSION_OPEN;
	bool known;

	if (!job->rq.owner)
		return needed ? COFFER_ST_OWNER_UNKNOWN : COFFER_ST_OK;
	pthread_mutex_lock(&card->lock);
	known = owner_find(card, job->rq.owner) != NULL;
	pthread_mutex_unlock(&card->lock);
	return known ? COFFER_ST_OK : COFFER_ST_OWNER_UNKNOWN;
}

/* Who is asking. Of use only behind the gates: before, the session may end at any time. */
static uint32_t check_session(struct job *job)
{
	struct fw_card *card = job->c.card;
	struct fw_session *s = job->c.session;
	bool closed;

	pthread_mutex_lock(&card->lock);
	closed = s->closed;
	if (!closed) {
		job->c.role = session_role(s, &job->c.stands_in);
		job->c.by_challenge = s->presence->by_challenge;
	}
	pthread_mutex_unlock(&card->lock);
	job->c.session_rw = s->rw;
	return closed ? COFFER_ST_SESSION_HANDLE_INVALID : COFFER_ST_OK;
}

static uint32_t check_role(const struct job *job)
{
	enum coffer_role role = job->c.role;

	if (role_must_change(&job->c) && !(how[job->row->opcode] & HOW_INITIAL_PW))
		return COFFER_ST_PIN_EXPIRED;
	if (job->row->roles & (1u << role))
		return COFFER_ST_OK;
	return role == COFFER_ROLE_NONE ? COFFER_ST_USER_NOT_LOGGED_IN :
					  COFFER_ST_USER_NOT_AUTHORIZED;
}

static uint32_t check_partition(const struct job *job)
{
	const struct fw_partition *p = job->c.part;
	unsigned int flags = job->row->flags;

	if (((flags & COFFER_CF_ADMIN) && p->id != 0) || ((flags & COFFER_CF_APP) && p->id == 0))
		return COFFER_ST_CONTAINER_HANDLE_INVALID;
	if (!(flags & COFFER_CF_UNINIT) &&
	    (!p->initialised || atomic_load(&p->card->key_gone)))
		return COFFER_ST_USER_PIN_NOT_INITIALIZED;
	if ((flags & COFFER_CF_RW) && !job->c.session_rw)
		return COFFER_ST_SESSION_READ_ONLY;
	return check_role(job);
}

/*
 * What is stored while an erasure is unfinished would be erased at the next power-on. A zeroize
 * can be done again; of a factory reset memory and store differ, so power-on has to finish it.
 * The Auditor and the log outlive both: on the card itself LOGIN goes on (tamper, policy 40).
 */
static uint32_t check_pending(const struct job *job)
{
	enum nv_clear what;

	if (!(job->row->flags & COFFER_CF_CHANGES))
		return COFFER_ST_OK;
	what = nv_pending(job->c.card->nv);
	if (what == NV_CLEAR_NONE ||
	    (what == NV_CLEAR_ZEROIZE && (how[job->row->opcode] & HOW_FINISH) && !job->c.part->id))
		return COFFER_ST_OK;
	return COFFER_ST_DEVICE_ERROR;
}

/* Before it waits to be alone: would it be refused? Nobody else waits for such a command. */
static uint32_t check_early(struct job *job)
{
	unsigned int flags = how[job->row->opcode];
	struct fw_partition *p = job->c.part;
	uint32_t st;

	if (!p || !((flags & (HOW_CARD_ALONE | HOW_PART_ALONE)) || ped_may_need(job->row->opcode)))
		return COFFER_ST_OK;
	st = check_session(job);
	if (st)
		return st;
	pthread_mutex_lock(&p->lock);
	st = check_partition(job);
	if (!st && (flags & HOW_FIRST) && p->initialised && !atomic_load(&p->card->key_gone) &&
	    job->c.role == COFFER_ROLE_NONE)
		st = COFFER_ST_USER_NOT_LOGGED_IN;
	pthread_mutex_unlock(&p->lock);
	return st;
}

static uint32_t check_late(struct job *job)
{
	uint32_t st = check_session(job), full = audit_admit(&job->c);

	if (full)
		return full;
	if (!st)
		st = check_partition(job);
	return st ? st : check_pending(job);
}

/* ---- From request to handler ----------------------------------------------------- */

/* A secret is read from a copy of our own, which is wiped. */
static uint32_t job_buffers(struct job *job)
{
	const struct fw_request *rq = &job->rq;
	const void *req = rq->req;

	if (job->row->flags & COFFER_CF_SECRET) {
		job->secret = malloc(rq->req_len);
		if (!job->secret)
			return COFFER_ST_DEVICE_MEMORY;
		memcpy(job->secret, rq->req, rq->req_len);
		req = job->secret;
	}
	job->reply_size = rq->reply_room < job->row->reply_max ? rq->reply_room :
								 job->row->reply_max;
	if (job->reply_size) {
		job->reply = malloc(job->reply_size);
		if (!job->reply)
			return COFFER_ST_DEVICE_MEMORY;
	}
	wire_in_init(&job->c.in, req, rq->req_len);
	wire_out_init(&job->c.out, job->reply, job->reply_size);
	return COFFER_ST_OK;
}

static uint32_t job_session(struct job *job)
{
	uint32_t id;

	if (!(job->row->flags & COFFER_CF_SESSION))
		return COFFER_ST_OK;
	id = wire_u32(&job->c.in);
	job->c.session = session_get(job->c.card, job->rq.owner, id);
	if (!job->c.session)
		return COFFER_ST_SESSION_HANDLE_INVALID;
	job->c.part = job->c.session->part;
	return COFFER_ST_OK;
}

static uint32_t job_admit(struct job *job)
{
	uint32_t st = check_form(job);

	if (!st)
		st = check_state(job);
	if (!st)
		st = check_owner(job);
	if (!st)
		st = job_buffers(job);
	if (!st)
		st = job_session(job);
	return st ? st : check_early(job);
}

/* Refused before the gates: what is no command at all has no record. */
static uint32_t job_refused(struct job *job, uint32_t st)
{
	uint32_t full = job->row ? audit_admit(&job->c) : (uint32_t)COFFER_ST_OK;

	return full ? full : st;
}

/* PED_NOT_YET: the job is no longer ours. */
static uint32_t job_handle(struct job *job)
{
	uint32_t st = job->resumed ? (uint32_t)COFFER_ST_OK : job_admit(job);

	if (!st)
		st = job->resumed ? job->ped_verdict : ped_collect(job);
	if (st)
		return st == PED_NOT_YET ? st : job_refused(job, st);
	job_enter(job);
	if (job->c.session)
		st = check_late(job);
	return st ? st : handlers[job->row->opcode](&job->c);
}

/* A record needs the writer, even of a command that was refused or that changes nothing. */
static uint32_t job_audit(struct job *job, uint32_t verdict)
{
	if (!job->c.note.due || job->c.note.quiet)
		return verdict;
	if (!change_of(&job->c))
		return COFFER_ST_DEVICE_MEMORY;
	job->audited = true;
	if (verdict)
		job->refused = verdict;
	return verdict;
}

void job_run(struct job *job, bool removed)
{
	uint32_t verdict = removed ? (uint32_t)COFFER_ST_DEVICE_REMOVED : job_handle(job);

	/* The worker may sleep for long now. */
	crypto_wipe_stack();
	if (verdict == PED_NOT_YET)
		return;
	selftest_notice(job->c.card);
	if (verdict == (uint32_t)COFFER_ST_RANDOM_NO_RNG && check_state(job))
		verdict = check_state(job);
	/* An effect whose answer would get lost does not happen. */
	if (!verdict && !wire_out_ok(&job->c.out))
		verdict = COFFER_ST_BUFFER_TOO_SMALL;
	if (verdict && job->c.change) {
		change_drop(job->c.change);
		job->c.change = NULL;
	}
	/* What ran into a tamper or a failed self-test gives nothing out and changes nothing. */
	if (!verdict && job->c.change)
		job->refused = check_state(job);
	else if (!verdict)
		verdict = check_state(job);
	verdict = job_audit(job, verdict);
	if (job->c.change)
		writer_submit(job->c.card->writer, job);
	else
		job_end(job, verdict);
}

/* ---- Entry ----------------------------------------------------------------------- */

int fw_submit(struct fw_card *card, const struct fw_request *request, fw_done_fn *done,
	      void *opaque)
{
	struct job *job = calloc(1, sizeof(*job));
	const struct row *row = row_of(request->opcode);
	bool reserved = request->from_driver && row && (row->flags & COFFER_CF_DRIVER);
	int rc;

	if (!job)
		return -EBUSY;
	job->c.card = card;
	job->c.crypto = card->crypto;
	job->c.owner = request->owner;
	job->c.opcode = request->opcode;
	job->c.cancelled = &job->cancelled;
	job->rq = *request;
	job->done = done;
	job->opaque = opaque;
	job->slow = row && ((row->flags & COFFER_CF_LONG) || (how[row->opcode] & HOW_SLOW));
	rc = pool_submit(card->pool, job, reserved);
	if (rc)
		free(job);
	return rc;
}

struct waiter {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	uint32_t verdict;
	uint32_t reply_len;
};

static void waiter_done(void *opaque, uint32_t verdict, uint32_t reply_len)
{
	struct waiter *w = opaque;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->verdict = verdict;
	w->reply_len = reply_len;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
}

uint32_t fw_exec(struct fw_card *card, const struct fw_request *request, uint32_t *reply_len)
{
	struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER };

	*reply_len = 0;
	if (fw_submit(card, request, waiter_done, &w))
		return COFFER_ST_DEVICE_MEMORY;
	pthread_mutex_lock(&w.lock);
	while (!w.done)
		pthread_cond_wait(&w.cond, &w.lock);
	pthread_mutex_unlock(&w.lock);
	pthread_cond_destroy(&w.cond);
	pthread_mutex_destroy(&w.lock);
	*reply_len = w.reply_len;
	return w.verdict;
}

void fw_cancel(struct fw_card *card, uint64_t tag)
{
	pool_cancel(card->pool, tag);
}

uint64_t fw_command_count(const struct fw_card *card)
{
	return atomic_load(&((struct fw_card *)card)->counters.commands);
}
