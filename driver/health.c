// SPDX-License-Identifier: GPL-2.0-only
/*
 * Health reporters: "fw" for what the firmware does wrong or not at all, "ring" for what is wrong
 * between card and driver.
 *
 * Each fault goes through its reporter, which decides whether the card is reset: who switches
 * auto_recover off, or sets a grace period, wants to look first, and gets a card that has FAILED
 * and waits for `devlink health recover`. Without devlink, or for what is no fault, it is reset
 * as ever.
 */
#include <net/devlink.h>

#include "coffer.h"
#include "compat.h"

enum {
	COFFER_REPORTER_FW,
	COFFER_REPORTER_RING,
};

/* What goes with a report through devlink. Recovery that a user asks for has none. */
struct coffer_report {
	const struct coffer_fault *fault;	/* NULL: a test */
	bool			tried;		/* devlink let the driver recover */
};

/* Parts of devlink's messages: they used to say whether they had worked, now the message does. */
#define COFFER_RESULT(call)							\
	__builtin_choose_expr(__builtin_types_compatible_p(typeof(call), void),	\
			      ((void)(call), 0), (call))
#define COFFER_PUT(rc, put)	((rc) = (rc) ?: COFFER_RESULT(put))

/* ---- What is there to see ------------------------------------------------------------- */

static int coffer_put_reg(void *fmsg, const char *name, u64 value)
{
	return COFFER_RESULT(devlink_fmsg_u64_pair_put(fmsg, name, value));
}

static int coffer_fw_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			  void *context, struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = devlink_health_reporter_priv(reporter);
	const struct coffer_report *report = context;
	const char *why = "asked for";
	int rc = 0, regs;

	if (report)
		why = report->fault ? coffer_why_names[report->fault->why] : "test";
	COFFER_PUT(rc, devlink_fmsg_string_pair_put(fmsg, "why", why));
	COFFER_PUT(rc, devlink_fmsg_string_pair_put(fmsg, "state",
						    coffer_state_name(READ_ONCE(cd->state))));
	if (rc)
		return rc;
	regs = coffer_snap_regs(cd, coffer_put_reg, fmsg);
	if (regs != -ENODEV && regs != -EBUSY)
		return regs;
	return COFFER_RESULT(devlink_fmsg_string_pair_put(fmsg, "registers", regs == -EBUSY ?
							  "not accessible" : "gone"));
}

static int coffer_fw_diagnose(struct devlink_health_reporter *reporter,
			      struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = devlink_health_reporter_priv(reporter);
	struct coffer_card_info info;
	int rc = 0, asked;
	bool tampered;

	COFFER_PUT(rc, devlink_fmsg_string_pair_put(fmsg, "state",
						    coffer_state_name(READ_ONCE(cd->state))));
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "fw_version", READ_ONCE(cd->fw_version)));
	COFFER_PUT(rc, devlink_fmsg_u64_pair_put(fmsg, "resets", READ_ONCE(cd->reset_count)));
	COFFER_PUT(rc, devlink_fmsg_u64_pair_put(fmsg, "events", READ_ONCE(cd->events.head)));
	asked = coffer_own_identify(cd, &info);
	COFFER_PUT(rc, devlink_fmsg_bool_pair_put(fmsg, "answers", !asked));
	if (asked)
		return rc;
	tampered = le32_to_cpu(info.flags) & COFFER_CARD_TAMPERED;
	COFFER_PUT(rc, devlink_fmsg_bool_pair_put(fmsg, "tampered", tampered));
	return rc;
}

static int coffer_ring_put(struct devlink_fmsg *fmsg, struct coffer_queue *q)
{
	struct coffer_queue_snap snap;
	int rc = 0;

	coffer_snap_queue(q, &snap);
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "queue", q->id));
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "entries", q->entries));
	COFFER_PUT(rc, devlink_fmsg_bool_pair_put(fmsg, "live", snap.live));
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "tail", snap.sq_tail));
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "head", snap.cq_head));
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "busy", snap.busy));
	COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "nonsense", snap.bad));
	COFFER_PUT(rc, devlink_fmsg_u64_pair_put(fmsg, "commands", snap.stats.commands));
	COFFER_PUT(rc, devlink_fmsg_u64_pair_put(fmsg, "interrupts", snap.stats.interrupts));
	COFFER_PUT(rc, devlink_fmsg_u64_pair_put(fmsg, "lost", snap.stats.lost));
	COFFER_PUT(rc, devlink_fmsg_u64_pair_put(fmsg, "errors", snap.stats.errors));
	return rc;
}

/* The commands that are out; neither payloads nor whose they are. */
static int coffer_ring_put_slots(struct devlink_fmsg *fmsg, struct coffer_queue *q)
{
	struct coffer_slot_snap slot;
	unsigned int i;
	int rc = 0;

	COFFER_PUT(rc, devlink_fmsg_arr_pair_nest_start(fmsg, "slots"));
	for (i = 0; i < q->entries - 1 && !rc; i++) {
		if (!coffer_snap_slot(q, i, &slot))
			continue;
		COFFER_PUT(rc, devlink_fmsg_obj_nest_start(fmsg));
		COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "slot", i));
		COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "generation", slot.gen));
		COFFER_PUT(rc, devlink_fmsg_string_pair_put(fmsg, "command", slot.row->name));
		COFFER_PUT(rc, devlink_fmsg_u32_pair_put(fmsg, "left_ms", slot.left_ms));
		COFFER_PUT(rc, devlink_fmsg_bool_pair_put(fmsg, "late", slot.timed_out));
		COFFER_PUT(rc, devlink_fmsg_obj_nest_end(fmsg));
	}
	COFFER_PUT(rc, devlink_fmsg_arr_pair_nest_end(fmsg));
	return rc;
}

static int coffer_ring_put_all(struct coffer_dev *cd, struct devlink_fmsg *fmsg, bool slots)
{
	unsigned int i;
	int rc = 0;

	COFFER_PUT(rc, devlink_fmsg_arr_pair_nest_start(fmsg, "queues"));
	for (i = 0; i < cd->queues && !rc; i++) {
		COFFER_PUT(rc, devlink_fmsg_obj_nest_start(fmsg));
		rc = rc ?: coffer_ring_put(fmsg, &cd->queue[i]);
		if (slots)
			rc = rc ?: coffer_ring_put_slots(fmsg, &cd->queue[i]);
		COFFER_PUT(rc, devlink_fmsg_obj_nest_end(fmsg));
	}
	COFFER_PUT(rc, devlink_fmsg_arr_pair_nest_end(fmsg));
	return rc;
}

static int coffer_ring_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			    void *context, struct netlink_ext_ack *extack)
{
	return coffer_ring_put_all(devlink_health_reporter_priv(reporter), fmsg, true);
}

static int coffer_ring_diagnose(struct devlink_health_reporter *reporter,
				struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	return coffer_ring_put_all(devlink_health_reporter_priv(reporter), fmsg, false);
}

/* ---- Recovery ------------------------------------------------------------------------- */

/* A user's wish; those who wait for the same reset get what comes of it. */
static int coffer_recover_user(struct coffer_dev *cd, struct netlink_ext_ack *extack)
{
	int rc = coffer_ctrl_reset(cd, COFFER_WHY_USER);

	if (rc == -EBUSY)
		NL_SET_ERR_MSG_MOD(extack, "a reset of the bus or a suspend has the card");
	else if (rc == -ENODEV)
		NL_SET_ERR_MSG_MOD(extack, "the card is gone");
	else if (rc)
		NL_SET_ERR_MSG_MOD(extack, "the card did not come up");
	return rc;
}

static int coffer_fw_recover(struct devlink_health_reporter *reporter, void *context,
			     struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = devlink_health_reporter_priv(reporter);
	struct coffer_report *report = context;
	struct coffer_card_info info;

	if (!report)
		return coffer_recover_user(cd, extack);
	report->tried = true;
	if (report->fault)
		return coffer_ctrl_recover(cd, report->fault);
	return coffer_own_identify(cd, &info);
}

/* A queue whose slots are all taken is at work: its own time-outs watch over it. */
static int coffer_ring_check(struct coffer_dev *cd)
{
	unsigned int i;
	int rc = 0;

	for (i = 0; i < cd->queues && !rc; i++) {
		rc = coffer_own_echo(cd, &cd->queue[i]);
		if (rc == -EBUSY)
			rc = 0;
	}
	return rc;
}

static int coffer_ring_recover(struct devlink_health_reporter *reporter, void *context,
			       struct netlink_ext_ack *extack)
{
	struct coffer_dev *cd = devlink_health_reporter_priv(reporter);
	struct coffer_report *report = context;

	if (!report)
		return coffer_recover_user(cd, extack);
	report->tried = true;
	if (report->fault)
		return coffer_ctrl_recover(cd, report->fault);
	return coffer_ring_check(cd);
}

/* ---- Tests ---------------------------------------------------------------------------- */

/*
 * A test goes the way of a fault (error count, dump, recovery) with nothing broken: recovery is
 * then a question that the card has to answer, and no user's command suffers. It runs later:
 * here devlink holds the lock that a report takes.
 */
static int coffer_health_ask(struct coffer_dev *cd, unsigned int reporter,
			     struct netlink_ext_ack *extack)
{
	if (READ_ONCE(cd->state) != COFFER_DEV_LIVE) {
		NL_SET_ERR_MSG_MOD(extack, "the card is not live");
		return -EBUSY;
	}
	set_bit(reporter, &cd->health_tests);
	queue_work(cd->wq, &cd->reset_work);
	return 0;
}

static int coffer_fw_test(struct devlink_health_reporter *reporter,
			  struct netlink_ext_ack *extack)
{
	return coffer_health_ask(devlink_health_reporter_priv(reporter), COFFER_REPORTER_FW,
				 extack);
}

static int coffer_ring_test(struct devlink_health_reporter *reporter,
			    struct netlink_ext_ack *extack)
{
	return coffer_health_ask(devlink_health_reporter_priv(reporter), COFFER_REPORTER_RING,
				 extack);
}

/* ---- Reports; from the card's work item only ------------------------------------------ */

static unsigned int coffer_reporter_of(enum coffer_why why)
{
	return why == COFFER_WHY_PROTOCOL ? COFFER_REPORTER_RING : COFFER_REPORTER_FW;
}

/**
 * coffer_health_report - mend a fault, as the reporter it belongs to allows
 * @cd: the card; no lock is held
 * @fault: seen in the epoch that is still the card's
 */
void coffer_health_report(struct coffer_dev *cd, const struct coffer_fault *fault)
{
	struct coffer_report report = { .fault = fault };

	if (fault->why == COFFER_WHY_RESTART) {	/* no fault of anybody's */
		coffer_ctrl_recover(cd, fault);
		return;
	}
	devlink_health_report(cd->reporter[coffer_reporter_of(fault->why)],
			      coffer_why_names[fault->why], &report);
	if (!report.tried)
		coffer_ctrl_give_up(cd, fault);
}

/* Tests that were asked for; of a card that goes away, none. */
void coffer_health_tests(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 0; i < COFFER_REPORTERS; i++) {
		struct coffer_report report = { .fault = NULL };

		if (test_and_clear_bit(i, &cd->health_tests) && !coffer_is_gone(cd))
			devlink_health_report(cd->reporter[i], "test", &report);
	}
}

/* The card is live: what ailed it is over, whoever mended it. In ctrl_mutex. */
void coffer_health_good(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 0; i < COFFER_REPORTERS; i++)
		devlink_health_reporter_state_update(cd->reporter[i],
						     DEVLINK_HEALTH_REPORTER_STATE_HEALTHY);
}

/* ---- The reporters -------------------------------------------------------------------- */

static const struct devlink_health_reporter_ops coffer_reporter_ops[COFFER_REPORTERS] = {
	[COFFER_REPORTER_FW] = {
		.name		= "fw",
		.recover	= coffer_fw_recover,
		.dump		= coffer_fw_dump,
		.diagnose	= coffer_fw_diagnose,
		.test		= coffer_fw_test,
	},
	[COFFER_REPORTER_RING] = {
		.name		= "ring",
		.recover	= coffer_ring_recover,
		.dump		= coffer_ring_dump,
		.diagnose	= coffer_ring_diagnose,
		.test		= coffer_ring_test,
	},
};

/* Without a grace period: the driver itself counts automatic resets. */
int coffer_health_add(struct coffer_dev *cd, struct devlink *devlink)
{
	unsigned int i;

	for (i = 0; i < COFFER_REPORTERS; i++) {
		struct devlink_health_reporter *r;

		r = devlink_health_reporter_create(devlink, &coffer_reporter_ops[i], cd);
		if (IS_ERR(r)) {
			coffer_health_del(cd);
			return PTR_ERR(r);
		}
		cd->reporter[i] = r;
	}
	return 0;
}

void coffer_health_del(struct coffer_dev *cd)
{
	unsigned int i;

	for (i = 0; i < COFFER_REPORTERS; i++) {
		if (cd->reporter[i])
			devlink_health_reporter_destroy(cd->reporter[i]);
		cd->reporter[i] = NULL;
	}
}
