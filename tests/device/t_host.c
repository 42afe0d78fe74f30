/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The emulator's side: cards that cannot be used, several cards, hot-plug, savevm, the end. */
#include "hsm.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *refusal(const char *properties)
{
	char device[700];
	const char *args[] = { "-device", device, NULL };

	snprintf(device, sizeof(device), "coffer,%s", properties);
	return machine_refusal(args);
}

/* The prepared folder NAME.coffer must be refused; behind its name the line must say @why. */
static void refuse_folder(const char *name, const char *why)
{
	char property[400];
	const char *said, *told;

	snprintf(property, sizeof(property), "card=%s/%s.coffer", work_dir, name);
	said = refusal(property);
	tap_note("%s", said);
	/* The line repeats the option that it is about, then it explains. */
	told = strstr(said, ".coffer: ");
	CHECK(told);
	CHECK(strstr(told, name));
	CHECK(strstr(told + 9, why));
}

static void no_card_property(void)
{
	CHECK(strstr(refusal("id=x"), "card=DIR"));
	CHECK(strstr(refusal("card="), "card=DIR"));
}

static void no_folder(void) { refuse_folder("missing", "no card here"); }
static void corrupt_store(void) { refuse_folder("refused-1", "store is damaged"); }
static void corrupt_nv(void) { refuse_folder("refused-2", "nv is damaged"); }
static void newer_card(void) { refuse_folder("refused-3", "newer version"); }
static void no_nv(void) { refuse_folder("refused-4", "no card here"); }
static void empty_folder(void) { refuse_folder("refused-5", "no card here"); }
static void plain_file(void) { refuse_folder("refused-6", "Not a directory"); }

static void in_use(void)
{
	struct card *c = card_live();
	char property[400];
	const char *said;

	snprintf(property, sizeof(property), "card=%s", card_dir[0]);
	said = refusal(property);
	tap_note("%s", said);
	CHECK(strstr(said, "in use"));
	/* The one who has it does not notice. */
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 1, 4);
	card_stop(c);
}

static void twice_in_one_machine(void)
{
	char device[400];
	const char *args[] = { "-device", device, "-device", device, NULL };

	snprintf(device, sizeof(device), "coffer,card=%s", card_dir[0]);
	CHECK(strstr(machine_refusal(args), "in use"));
}

static void free_again_after_quit(void)
{
	int i;

	for (i = 0; i < 5; i++)
		card_stop(card_live());
}

static struct card *two_cards(struct card **other)
{
	char a[400], b[400];
	const char *args[] = { "-device", a, "-device", b, NULL };
	struct machine *m;

	snprintf(a, sizeof(a), "coffer,id=c0,addr=1,card=%s", card_dir[0]);
	snprintf(b, sizeof(b), "coffer,id=c1,addr=2,card=%s", card_dir[1]);
	m = machine_start(args);
	*other = card_at(m, 1);
	return card_at(m, 0);
}

static void several_cards(void)
{
	struct card *b, *a = two_cards(&b);
	uint64_t owner;

	CHECK(rd64(a, COFFER_REG_SERIAL) != rd64(b, COFFER_REG_SERIAL));
	card_enable(a);
	card_enable(b);
	queue_up(a, 0, 8);
	queue_up(b, 0, 8);
	check_echo(a, &a->queue[0], 1, 5000);
	check_echo(b, &b->queue[0], 2, 5000);
	owner = owner_open(b, &b->queue[0]);
	/* What happens to one does not touch the other. */
	wr(a, COFFER_REG_SQ_TAIL(0), 99);
	check_fatal(a, COFFER_FATAL_BAD_DOORBELL);
	check_healthy(b);
	pci_flr(a);
	CHECK_EQ(session_open(b, &b->queue[0], owner), 0);
	check_echo(b, &b->queue[0], 3, 100);
	card_stop(a);
}

static void without_firmware(void)
{
	const char *args[] = { "-device", "coffer,id=c0,addr=1,firmware=off", NULL };
	struct card *c = card_at(machine_start(args), 0);
	struct coffer_sqe sqe;
	struct completion done;
	struct queue *q;

	CHECK_EQ(rd(c, COFFER_REG_STATUS), COFFER_STATUS_FW_DOWN);
	CHECK_EQ(rd(c, COFFER_REG_FW_VERSION), 0);
	wr(c, COFFER_REG_CTRL, 1);
	usleep(20000);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), COFFER_STATUS_FW_DOWN);
	q = queue_up(c, 0, 8);
	sqe = sqe_echo(c, 1, 4);
	done = command(c, q, &sqe);
	CHECK_EQ(done.status, COFFER_TS_FW_DOWN);
	CHECK_EQ(done.verdict, 0);
	wr(c, COFFER_REG_CTRL, 0);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), COFFER_STATUS_FW_DOWN);
	card_stop(c);
}

static void no_savevm(void)
{
	struct card *c = card_live();

	CHECK(strstr(qmp(c->m, "'execute': 'human-monitor-command', 'arguments': "
			 "{'command-line': 'savevm x'}"), "non-migratable"));
	CHECK(strstr(qmp(c->m, "'execute': 'migrate', 'arguments': {'uri': 'exec:cat >/dev/null'}"),
		     "error"));
	check_healthy(c);
	card_stop(c);
}

/* ---- Hot-plug ------------------------------------------------------------------------------- */

static struct machine *machine_with_port(void)
{
	const char *args[] = { "-device", "pcie-root-port,id=rp,addr=1,chassis=1", NULL };

	return machine_start(args);
}

static struct card *plug(struct machine *m)
{
	struct card *c;

	qmp_ok(m, "'execute': 'device_add', 'arguments': {'driver': 'coffer', 'id': 'c0', "
	       "'bus': 'rp', 'card': '%s'}", card_dir[0]);
	c = card_behind_port(m);
	card_enable(c);
	queue_up(c, 0, 16);
	return c;
}

/* No guest would answer the request: a system reset carries it out. */
static void unplug(struct machine *m)
{
	qmp_ok(m, "'execute': 'device_del', 'arguments': {'id': 'c0'}");
	qmp_ok(m, "'execute': 'system_reset'");
	qmp_wait_event(m, "DEVICE_DELETED");
}

static void hotplug(void)
{
	struct machine *m = machine_with_port();
	struct card *c;
	int i;

	for (i = 0; i < 8; i++) {
		c = plug(m);
		check_echo(c, &c->queue[0], i, 1000);
		unplug(m);
		CHECK_EQ(rd(c, COFFER_REG_ID) == COFFER_ID_VALUE, 0);
	}
	machine_stop(m);
}

static void unplug_under_load(void)
{
	struct machine *m = machine_with_port();
	struct coffer_sqe sqe;
	struct card *c;
	int i, k;

	for (i = 0; i < 8; i++) {
		c = plug(m);
		if (i % 2)
			knob(m, "c0", "fault-stall", "true");
		for (k = 0; k < 15; k++) {
			sqe = sqe_echo(c, k, 60000);
			sqe_put(c, &c->queue[0], &sqe);
		}
		ring(c, &c->queue[0]);
		unplug(m);
	}
	c = plug(m);
	check_echo(c, &c->queue[0], 1, 4);
	machine_stop(m);
}

static void plug_refused(void)
{
	struct machine *m = machine_with_port();

	CHECK(strstr(qmp(m, "'execute': 'device_add', 'arguments': {'driver': 'coffer', "
			 "'id': 'c0', 'bus': 'rp', 'card': '%s/missing.coffer'}", work_dir),
		     "missing.coffer"));
	plug(m);
	machine_stop(m);
}

static void end_under_load(void)
{
	struct card *c = card_with_queue(64);
	struct coffer_sqe sqe;
	int k;

	for (k = 0; k < 60; k++) {
		sqe = sqe_echo(c, k, 65536);
		sqe_put(c, &c->queue[0], &sqe);
	}
	ring(c, &c->queue[0]);
	card_stop(c);
	/* It was closed in order: it opens again. */
	card_stop(card_live());
}

static void end_by_signal(void)
{
	struct card *c = card_with_queue(8);
	int status, i;

	check_echo(c, &c->queue[0], 1, 4);
	kill(c->m->pid, SIGTERM);
	for (i = 0; i < 1000 && waitpid(c->m->pid, &status, WNOHANG) != c->m->pid; i++)
		usleep(10000);
	CHECK(i < 1000 && WIFEXITED(status) && !WEXITSTATUS(status));
	card_stop(card_live());
}

/* ---- Counting ------------------------------------------------------------------------------- */

static unsigned int count_lines(const char *file, const char *what)
{
	unsigned int n = 0;
	char line[400];
	FILE *f = fopen(file, "r");

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		n += !!strstr(line, what);
	fclose(f);
	return n;
}

static void counts_agree(void)
{
	char device[400];
	const char *args[] = { "-device", device, "-trace", "coffer_*", NULL };
	struct card *c;
	uint64_t before;
	int i;

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s", card_dir[0]);
	c = card_at(machine_start(args), 0);
	card_enable(c);
	queue_up(c, 0, 8);
	before = firmware_commands(c);
	for (i = 0; i < 25; i++)
		check_echo(c, &c->queue[0], i, 10);
	CHECK_EQ(firmware_commands(c) - before, 25);
	CHECK_EQ(rd(c, COFFER_REG_QUEUE(0) + COFFER_Q_COUNT_CMD), 25);
	/* The trace goes to the emulator's standard error, each line at once. */
	CHECK_EQ(count_lines(c->m->log, "coffer_complete "), 25);
	CHECK_EQ(count_lines(c->m->log, "coffer_fetch "), 25);
	CHECK_EQ(count_lines(c->m->log, "coffer_doorbell "), 50);
	card_stop(c);
}

static void power_cut(void)
{
	char device[400];
	const char *args[] = { "-device", device, NULL };
	struct coffer_sqe sqe;
	struct card *c;
	struct queue *q;
	uint64_t owner;

	/* What a card writes when a program first has it is over; then it dies at a command. */
	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s/cut.coffer", work_dir);
	card_stop(card_at(machine_start(args), 0));
	strncat(device, ",power-cut-at=2", sizeof(device) - strlen(device) - 1);
	c = card_at(machine_start(args), 0);
	card_enable(c);
	q = queue_up(c, 0, 8);
	owner = owner_open(c, q);
	CHECK_EQ(session_open(c, q, owner), 0);
	CHECK(hsm_init_verdict(c, q, owner));
	/* The transport does not care. */
	sqe = sqe_echo(c, 9, 9);
	CHECK_EQ(command(c, q, &sqe).status, COFFER_TS_OK);
	check_healthy(c);
	card_stop(c);
}

const struct test_case host_cases[] = {
	{ "host: no card given", no_card_property },
	{ "host: no such folder", no_folder },
	{ "host: a card with a corrupt store", corrupt_store },
	{ "host: a card with corrupt non-volatile memory", corrupt_nv },
	{ "host: a card of a newer version", newer_card },
	{ "host: a card without its non-volatile memory", no_nv },
	{ "host: an empty folder is no card", empty_folder },
	{ "host: a file is no card", plain_file },
	{ "host: a card that another machine uses", in_use },
	{ "host: the same card twice in one machine", twice_in_one_machine },
	{ "host: a card is free after the machine's end", free_again_after_quit },
	{ "host: two cards in one machine", several_cards },
	{ "host: firmware off on purpose", without_firmware },
	{ "host: savevm and migration are refused", no_savevm },
	{ "host: plug and unplug, eight times the same card", hotplug },
	{ "host: unplug with commands in flight", unplug_under_load },
	{ "host: a plug that fails leaves the slot free", plug_refused },
	{ "host: the machine ends with commands in flight", end_under_load },
	{ "host: the machine ends by a signal", end_by_signal },
	{ "host: registers, trace and firmware count alike", counts_agree },
	{ "host: power cut at a store write", power_cut },
	{ NULL, NULL }
};
