// SPDX-License-Identifier: BSD-3-Clause
/*
 * migrate: the whole of a migration by cloning in one command, with a report: pre-flight, clone,
 * comparison of both object lists, and a challenge for each key on both sides (rows 75, 83).
 */
#include <stdio.h>
#include <stdlib.h>

#include "clone.h"
#include "key_check.h"
#include "names.h"

struct keys {
	size_t good, wrong, unchecked;
};

static const char *verdict_name(enum key_verdict verdict)
{
	switch (verdict) {
	case KEY_GOOD:
		return "good";
	case KEY_WRONG:
		return "wrong";
	default:
		return "unchecked";
	}
}

static void show_key(struct out *o, const struct coffer_compare_item *i, enum key_verdict verdict,
		     coffer_rc rc)
{
	if (o->json) {
		out_item(o);
		out_key_number(o, "source_handle", i->handle_a);
		out_key_number(o, "target_handle", i->handle_b);
		out_key_text(o, "class", names_class(i->object_class));
		out_key_text(o, "label", i->label);
		out_key_text(o, "result", verdict_name(verdict));
		out_key_text(o, "name", coffer_errname(rc));
		out_item_end(o);
	} else if (verdict == KEY_WRONG) {
		out_say(o, "    Handle %u does not do what handle %u does (%s): %s", i->handle_b,
			i->handle_a, i->label, rc ? coffer_strerror(rc) : "another result");
	}
}

static void check_one(struct cli *cli, struct cli_session *source, struct cli_session *target,
		      const struct coffer_compare_item *i, struct keys *keys)
{
	enum key_verdict verdict;
	coffer_rc rc;

	if (i->object_class != COFFER_CKO_PRIVATE_KEY && i->object_class != COFFER_CKO_SECRET_KEY)
		return;
	if (!i->handle_a || !i->handle_b)
		return;
	verdict = key_check(source->session, i->handle_a, target->session, i->handle_b, &rc);
	keys->good += verdict == KEY_GOOD;
	keys->wrong += verdict == KEY_WRONG;
	keys->unchecked += verdict == KEY_UNCHECKED;
	show_key(&cli->out, i, verdict, rc);
}

static struct keys check_keys(struct cli *cli, struct cli_session *source,
			      struct cli_session *target,
			      const struct coffer_compare_report *report)
{
	struct keys keys = { 0 };
	struct out *o = &cli->out;

	out_note(o, "Letting every key show on both sides that it is the same ...");
	out_list(o, "keys");
	for (size_t i = 0; i < report->count; i++)
		check_one(cli, source, target, &report->items[i], &keys);
	out_list_end(o);
	out_key_number(o, "keys_good", keys.good);
	out_key_number(o, "keys_wrong", keys.wrong);
	out_key_number(o, "keys_unchecked", keys.unchecked);
	out_say(o, "    %zu key%s did the same on both sides, %zu did not, %zu allow no check",
		keys.good, keys.good == 1 ? "" : "s", keys.wrong, keys.unchecked);
	return keys;
}

/*
 * The source may go when every object is there and every key has shown that it is the same: not
 * when only some were to be moved, and not before somebody has tried the keys that allow no check.
 */
static void conclude(struct cli *cli, const struct coffer_compare_report *report,
		     const struct keys *keys, bool chosen, const char *a, const char *b)
{
	struct out *o = &cli->out;

	out_key_bool(o, "complete", !chosen && !keys->unchecked);
	if (chosen)
		out_say(o, "    The chosen objects are on %s. Keep the source: %zu of %s are not "
			   "there, %zu differ", b, report->only_a, a, report->differ);
	else if (keys->unchecked)
		out_say(o, "    All objects are on %s, but %zu key%s no check: keep the source "
			   "until you have tried %s there", b, keys->unchecked,
			keys->unchecked == 1 ? " allows" : "s allow",
			keys->unchecked == 1 ? "it" : "them");
	else
		out_say(o, "    The migration is complete: the source may be retired");
}

/* After the clone, whatever became of it. */
static coffer_rc inspect(struct cli *cli, const struct cli_args *args, struct cli_session *source,
			 struct cli_session *target, coffer_rc cloned)
{
	bool chosen = cli_args_given(args, "objects") && !cli_args_all(args, "objects");
	struct coffer_compare_report report;
	char a[24], b[24];
	struct keys keys;
	coffer_rc rc;

	snprintf(a, sizeof(a), "slot %u", source->slot.slot);
	snprintf(b, sizeof(b), "slot %u", target->slot.slot);
	rc = coffer_compare(source->session, target->session, &report);
	if (rc)
		return rc;
	clone_compared(cli, &report, a, b);
	keys = check_keys(cli, source, target, &report);
	rc = cloned;
	if (keys.wrong)
		rc = cli_fail(cli, ST(FUNCTION_FAILED),
			      "%zu of the keys at %s do not do what they do at %s: keep the source",
			      keys.wrong, b, a);
	else if (!rc && !chosen && (report.differ || report.only_a))
		rc = cli_fail(cli, ST(FAILED_TO_CLONE_AN_OBJECT),
			      "%s is no full copy: %zu missing, %zu different", b, report.only_a,
			      report.differ);
	if (rc)
		out_key_bool(&cli->out, "complete", false);
	else
		conclude(cli, &report, &keys, chosen, a, b);
	coffer_compare_report_free(&report);
	return rc;
}

static coffer_rc migrate(struct cli *cli, const struct cli_args *args, struct cli_session *source,
			 struct cli_session *target)
{
	coffer_rc rc = clone_all(cli, args, source, target);

	if (clone_is_dry(cli, args) || (rc && rc != ST(FAILED_TO_CLONE_AN_OBJECT)))
		return rc;
	return inspect(cli, args, source, target, rc);
}

coffer_rc cli_migrate(struct cli *cli, const struct cli_args *args)
{
	struct cli_session *source, *target;
	bool source_ours = false, target_ours = false;
	coffer_rc rc;

	rc = clone_session(cli, args, "from", &source);
	if (!rc)
		rc = clone_session(cli, args, "to", &target);
	if (!rc)
		rc = clone_login(cli, args, "frompassword", source, &source_ours);
	if (!rc)
		rc = clone_enter(cli, args, source, target, &target_ours);
	if (!rc)
		rc = migrate(cli, args, source, target);
	if (target_ours)
		clone_logout(target);
	if (source_ours)
		clone_logout(source);
	return rc;
}
