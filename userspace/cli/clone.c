// SPDX-License-Identifier: BSD-3-Clause
/*
 * Progress and report of clone, backup and restore (behaviour.md rows 9 to 14).
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "choose.h"
#include "clone.h"
#include "names.h"
#include "progress.h"

static volatile int interrupted;
static struct sigaction before, before_term;

static void on_interrupt(int signal_number)
{
	(void)signal_number;
	interrupted = 1;
}

static void show_stage(void *opaque, enum coffer_clone_stage stage, size_t done, size_t total)
{
	struct clone_run *run = opaque;
	struct out *o = &run->cli->out;

	switch (stage) {
	case COFFER_STAGE_NEGOTIATE:
		/* CPv1 negotiates for each object: say it once. */
		if (!run->negotiated)
			out_note(o, "Agreeing on a protocol and proving the domain ...");
		run->negotiated = true;
		break;
	case COFFER_STAGE_EXISTS:
		out_note(o, "Checking which objects exist already ...");
		break;
	case COFFER_STAGE_MOVE:
		if (!run->moving)
			out_note(o, "Cloning %zu object%s ...", total, total == 1 ? "" : "s");
		if (!run->moving)
			progress_begin("Cloning", total, o->json);
		run->moving = true;
		progress_set(done);
		break;
	default:
		break;
	}
}

bool clone_is_dry(const struct cli *cli, const struct cli_args *args)
{
	return cli->set.dry_run || cli_args_given(args, "dryrun");
}

/* -onerror, or one of the older two. */
static coffer_rc choose_on_error(struct cli *cli, const struct cli_args *args,
				 enum coffer_on_error *out)
{
	bool stop = cli_args_given(args, "stoponerror");
	bool go_on = cli_args_given(args, "continueonerror");
	const char *word = cli_args_text(args, "onerror", NULL);

	if (word && !strcasecmp(word, "stop"))
		stop = true;
	else if (word)
		go_on = true;
	if (stop && go_on)
		return cli_usage(cli, "stop and continue exclude each other");
	*out = stop ? COFFER_ON_ERROR_STOP : go_on ? COFFER_ON_ERROR_GO_ON :
						     COFFER_ON_ERROR_DEFAULT;
	return 0;
}

static void listen_to(struct clone_run *run, const struct cli_args *args)
{
	struct sigaction action = { .sa_handler = on_interrupt };

	run->options.no_preflight = cli_args_given(args, "nopreflight");
	run->options.dry_run = clone_is_dry(run->cli, args);
	run->options.interrupted = &interrupted;
	run->options.stage = show_stage;
	run->options.opaque = run;
	interrupted = 0;
	sigaction(SIGINT, &action, &before);
	sigaction(SIGTERM, &action, &before_term);
}

static coffer_rc clear(struct clone_run *run, struct cli *cli, const struct cli_args *args,
		       const char *verb)
{
	memset(run, 0, sizeof(*run));
	run->cli = cli;
	run->verb = verb;
	return choose_on_error(cli, args, &run->options.on_error);
}

coffer_rc clone_begin_all(struct clone_run *run, struct cli *cli, const struct cli_args *args,
			  const char *verb)
{
	coffer_rc rc = clear(run, cli, args, verb);

	if (!rc)
		listen_to(run, args);
	return rc;
}

coffer_rc clone_begin(struct clone_run *run, struct cli *cli, const struct cli_args *args,
		      const char *verb, struct coffer_session *source)
{
	coffer_rc rc = clear(run, cli, args, verb);

	if (!rc && cli_args_given(args, "objects") && !cli_args_all(args, "objects")) {
		rc = choose_objects(cli, source, cli_args_text(args, "objects", ""), run->handles,
				    CLONE_HANDLES_MAX, &run->options.count);
		run->options.handles = run->handles;
	}
	if (!rc)
		listen_to(run, args);
	return rc;
}

/* ---- Report ------------------------------------------------------------------------ */

static const char *result_name(const struct clone_run *run, enum coffer_clone_result result)
{
	switch (result) {
	case COFFER_CLONED:
		return "cloned";
	case COFFER_CLONE_EXISTS:
		return "existed";
	case COFFER_CLONE_REFUSED:
		return "refused";
	default:
		return run->options.dry_run ? "would go" : "not tried";
	}
}

static void say_item(struct clone_run *run, const struct coffer_clone_item *i)
{
	struct out *o = &run->cli->out;
	uint32_t from = i->source_handle, to = i->target_handle;
	const char *unit = run->unit ? run->unit : "Handle";

	switch (i->result) {
	case COFFER_CLONED:
		if (to)
			out_say(o, "    %s %u on %s is now handle %u on %s", unit, from,
				run->source, to, run->target);
		else
			out_say(o, "    %s %u on %s is in %s", unit, from, run->source,
				run->target);
		break;
	case COFFER_CLONE_EXISTS:
		out_say(o, "    %s %u on %s is on %s already (handle %u)", unit, from,
			run->source, run->target, to);
		break;
	case COFFER_CLONE_REFUSED:
		out_say(o, "    %s %u on %s %s refused: 0x%" PRIx64 " (%s): %s", unit, from,
			run->source, run->options.dry_run ? "would be" : "was", (uint64_t)i->rc,
			coffer_errname(i->rc), coffer_strerror(i->rc));
		break;
	default:
		out_say(o, run->options.dry_run ? "    %s %u on %s would go to %s" :
			"    %s %u on %s was not tried for %s", unit, from, run->source,
			run->target);
	}
}

static void show_item(struct clone_run *run, const struct coffer_clone_item *i)
{
	struct out *o = &run->cli->out;

	if (!o->json) {
		say_item(run, i);
		return;
	}
	out_item(o);
	out_key_number(o, "source_handle", i->source_handle);
	out_key_number(o, "target_handle", i->target_handle);
	out_key_text(o, "class", names_class(i->object_class));
	out_key_text(o, "label", i->label);
	out_key_text(o, "result", result_name(run, i->result));
	out_key_rc(o, "rc", i->rc);
	out_key_text(o, "name", coffer_errname(i->rc));
	out_key_text(o, "reason", i->rc ? coffer_strerror(i->rc) : "");
	out_item_end(o);
}

static void show_report(struct clone_run *run)
{
	const struct coffer_clone_report *r = &run->report;
	struct out *o = &run->cli->out;
	char text[40];
	size_t moved;

	out_key_bool(o, "dry_run", run->options.dry_run);
	out_list(o, "objects");
	for (size_t i = 0; i < r->count; i++)
		show_item(run, &r->items[i]);
	out_list_end(o);
	out_key_text(o, "protocol", cli_protocols(r->protocol, text, sizeof(text)));
	out_key_number(o, "suite", r->suite);
	out_key_number(o, "negotiations", r->negotiations);
	out_key_number(o, "cloned", r->cloned);
	out_key_number(o, "existed", r->existing);
	out_key_number(o, "refused", r->refused);
	out_key_number(o, "not_tried", r->not_tried);
	out_key_bool(o, "interrupted", r->interrupted);
	if (r->protocol)
		out_say(o, "    Protocol: %s", text);
	if (r->suite)
		out_say(o, "    Cipher suite: %u", r->suite);
	moved = run->options.dry_run ? r->not_tried : r->cloned;
	out_say(o, "    %zu object%s %s%s, %zu existed, %zu refused", moved, moved == 1 ? "" : "s",
		run->options.dry_run ? "would be " : "", run->verb, r->existing, r->refused);
	if (r->not_tried && !run->options.dry_run)
		out_say(o, "    %zu not tried", r->not_tried);
}

/* Refused altogether is refused; a part of the objects is partial. */
static coffer_rc verdict(struct clone_run *run, coffer_rc rc)
{
	const struct coffer_clone_report *r = &run->report;

	if (rc != ST(FAILED_TO_CLONE_AN_OBJECT))
		return rc;
	if (r->interrupted)
		cli_fail(run->cli, rc, "interrupted: %zu %s, %zu refused, %zu left, none of them "
			 "half; the same command goes on", r->cloned, run->verb, r->refused,
			 r->not_tried);
	if (r->interrupted)
		return rc;
	if (r->cloned || r->existing || (run->options.dry_run && r->not_tried))
		return rc;
	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].result == COFFER_CLONE_REFUSED) {
			run->cli->override = cli_status_of(r->items[i].rc);
			break;
		}
	return rc;
}

/* What the cards' words leave out. */
const char *clone_why(coffer_rc rc)
{
	switch (rc) {
	case ST(SESSION_NEGOTIATION_NO_PSK):
		return "the partitions share no domain: see partition domainlist on both, and "
		       "partition domainadd (policy 44)";
	case ST(CERTIFICATE_DATA_INVALID):
		return "domains differ (under CPv1 the primary one counts), or a peer is not "
		       "genuine";
	case ST(CONTAINER_OBJECT_STORAGE_FULL):
		return "the target has not enough space for all objects: delete some there, or "
		       "choose with -objects";
	default:
		return coffer_strerror(rc);
	}
}

/* ---- Comparing ------------------------------------------------------------------------- */

static const char *compared_name(enum coffer_compare_result result)
{
	switch (result) {
	case COFFER_SAME:
		return "same";
	case COFFER_DIFFERS:
		return "differs";
	case COFFER_ONLY_A:
		return "missing";
	default:
		return "extra";
	}
}

static void show_compared(struct out *o, const struct coffer_compare_item *i, const char *a,
			  const char *b)
{
	if (o->json) {
		out_item(o);
		out_key_number(o, "source_handle", i->handle_a);
		out_key_number(o, "target_handle", i->handle_b);
		out_key_text(o, "class", names_class(i->object_class));
		out_key_text(o, "label", i->label);
		out_key_text(o, "result", compared_name(i->result));
		out_item_end(o);
	} else if (i->result == COFFER_DIFFERS) {
		out_say(o, "    Handle %u on %s differs from handle %u on %s (%s)", i->handle_a, a,
			i->handle_b, b, i->label);
	} else if (i->result == COFFER_ONLY_A) {
		out_say(o, "    Handle %u on %s is not on %s (%s)", i->handle_a, a, b, i->label);
	} else if (i->result == COFFER_ONLY_B) {
		out_say(o, "    Handle %u on %s is not on %s (%s)", i->handle_b, b, a, i->label);
	}
}

void clone_compared(struct cli *cli, const struct coffer_compare_report *r, const char *a,
		    const char *b)
{
	struct out *o = &cli->out;

	out_list(o, "compared");
	for (size_t i = 0; i < r->count; i++)
		show_compared(o, &r->items[i], a, b);
	out_list_end(o);
	out_key_number(o, "same", r->same);
	out_key_number(o, "differ", r->differ);
	out_key_number(o, "missing", r->only_a);
	out_key_number(o, "extra", r->only_b);
	out_say(o, "    %zu object%s the same on both sides, %zu different, %zu only on %s, "
		"%zu only on %s", r->same, r->same == 1 ? "" : "s", r->differ, r->only_a, a,
		r->only_b, b);
}

/* ---- The end ----------------------------------------------------------------------------- */

coffer_rc clone_end(struct clone_run *run, coffer_rc rc)
{
	bool moved = !rc || rc == ST(FAILED_TO_CLONE_AN_OBJECT);

	progress_end();
	sigaction(SIGINT, &before, NULL);
	sigaction(SIGTERM, &before_term, NULL);
	/* When nothing moved there is one line for people; machines get the objects (row 14). */
	if (moved || run->cli->out.json)
		show_report(run);
	if (!moved && !run->cli->message[0])
		cli_fail(run->cli, rc, "nothing was %s: %s", run->verb,
			 run->report.why[0] ? run->report.why : clone_why(rc));
	rc = verdict(run, rc);
	run->kept = run->options.on_error == COFFER_ON_ERROR_GO_ON && run->report.cloned &&
		    !run->report.not_tried;
	coffer_clone_report_free(&run->report);
	return rc;
}
