/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Properties as such: they read back, refuse nonsense, and disturb nothing that is off. */
#include "hsm.h"

#include "hw/coffer_cmd.h"

#include <stdio.h>
#include <string.h>

#define NO_DECOMMISSION	46

static const char *get(struct card *c, const char *name)
{
	const char *said = qmp(c->m, "'execute': 'qom-get', 'arguments': "
			       "{'path': 'c0', 'property': '%s'}", name);

	return strstr(said, "\"return\": ") ? strstr(said, "\"return\": ") + 10 : said;
}

static bool reads(struct card *c, const char *name, const char *want)
{
	const char *got = get(c, name);

	if (!strncmp(got, want, strlen(want)) && got[strlen(want)] == '}')
		return true;
	tap_note("%s: %.60s, not %s", name, got, want);
	return false;
}

/* What a knob refuses to be set to. */
static const char *refusal(struct card *c, const char *name, const char *json)
{
	const char *said = qmp(c->m, "'execute': 'qom-set', 'arguments': "
			       "{'path': 'c0', 'property': '%s', 'value': %s}", name, json);

	CHECK(strstr(said, "\"error\""));
	return strstr(said, "\"desc\"");
}

static void read_back(void)
{
	static const char *const numbers[] = {
		"fault-drop-irq", "fault-wrong-phase", "fault-wrong-tag", "fault-short-dma",
		"fault-slow-ms", "fault-evil",
	};
	static const char *const switches[] = {
		"fault-stall", "fault-all-ones", "fault-link-loss", "fault-fw-panic",
	};
	struct card *c = card_start();
	unsigned int i;

	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		CHECK(reads(c, numbers[i], "0"));
		knob(c->m, "c0", numbers[i], "4294967295");
		CHECK(reads(c, numbers[i], "4294967295"));
		CHECK(refusal(c, numbers[i], "4294967296"));
		CHECK(refusal(c, numbers[i], "'many'"));
		CHECK(reads(c, numbers[i], "4294967295"));
		knob(c->m, "c0", numbers[i], "0");
	}
	for (i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
		CHECK(reads(c, switches[i], "false"));
		knob(c->m, "c0", switches[i], "true");
		CHECK(reads(c, switches[i], "true"));
		CHECK(refusal(c, switches[i], "7"));
		knob(c->m, "c0", switches[i], "false");
		CHECK(reads(c, switches[i], "false"));
	}
	/* The short name of the same knob. */
	knob(c->m, "c0", "evil", "5");
	CHECK(reads(c, "fault-evil", "5"));
	knob(c->m, "c0", "evil", "0");
	card_enable(c);
	queue_up(c, 0, 8);
	check_echo(c, &c->queue[0], 1, 4);
	card_stop(c);
}

/* Knobs that strike a controller that runs leave one alone that is off, or dead already. */
static void nothing_to_strike(void)
{
	struct card *c = card_start();
	uint32_t generation = rd(c, COFFER_REG_GENERATION);

	knob(c->m, "c0", "fault-fatal", "true");
	knob(c->m, "c0", "fault-fatal", "false");
	CHECK(reads(c, "fault-fatal", "false"));
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	knob(c->m, "c0", "fault-fw-panic", "true");
	CHECK_EQ(rd(c, COFFER_REG_STATUS), 0);
	knob(c->m, "c0", "fault-fw-panic", "false");
	knob(c->m, "c0", "fault-link-loss", "false");
	CHECK_EQ(rd(c, COFFER_REG_GENERATION), generation);
	card_enable(c);
	wr(c, COFFER_REG_SQ_TAIL(0), 1);
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	knob(c->m, "c0", "fault-fatal", "true");
	knob(c->m, "c0", "fault-fw-panic", "true");
	check_fatal(c, COFFER_FATAL_BAD_DOORBELL);
	card_stop(c);
}

/* Each switch from the start: with -device, before there is anything to disturb. */
static void from_the_start(void)
{
	char device[400];
	const char *args[] = { "-device", device, NULL };
	struct card lost = { .slot = 1 }, *c;

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s,fault-link-loss=on",
		 card_dir[0]);
	lost.m = machine_start(args);
	CHECK_EQ(cfg_in(&lost, 0), ~0u);
	knob(lost.m, "c0", "fault-link-loss", "false");
	c = card_at(lost.m, 0);
	card_enable(c);
	card_stop(c);

	c = card_start_with(",fault-fw-panic=on,fault-fatal=on,fault-all-ones=off");
	wr(c, COFFER_REG_CTRL, 1);
	check_fatal(c, COFFER_FATAL_FIRMWARE);
	card_stop(c);

	c = card_start_with(",evil=77");
	CHECK(reads(c, "fault-evil", "77"));
	card_stop(c);
}

static void without_a_card(void)
{
	const char *args[] = {
		"-d", "guest_errors", "-trace", "coffer_*",
		"-device", "coffer,id=c0,addr=1,firmware=off,ped=", NULL,
	};
	struct card *c = card_at(machine_start(args), 0);

	CHECK(strstr(refusal(c, "tamper", "true"), "no card to tamper with"));
	CHECK(strstr(refusal(c, "decommission", "true"), "no card to decommission"));
	knob(c->m, "c0", "tamper", "false");
	knob(c->m, "c0", "decommission", "false");
	CHECK(reads(c, "tamper", "false"));
	CHECK(reads(c, "firmware-commands", "0"));
	CHECK(refusal(c, "firmware-commands", "1"));
	/* Its properties are there to be seen, and its mistakes in the log. */
	CHECK(reads(c, "firmware", "false"));
	mem_out(c->m, c->bar + 1, 1, 1);
	CHECK_EQ(mem_in(c->m, c->bar + 1, 1), 0);
	wr(c, COFFER_REG_CTRL, 1);
	wr(c, COFFER_REG_ABORT, 0);
	wr(c, COFFER_REG_SQ_TAIL(0), 1);
	CHECK_EQ(rd(c, COFFER_REG_STATUS), COFFER_STATUS_FATAL | COFFER_STATUS_FW_DOWN |
		 COFFER_FATAL_BAD_DOORBELL << 16);
	card_stop(c);
}

static struct card *prepared_card(const char *name, const char *extra)
{
	char device[600];
	const char *args[] = { "-device", device, NULL };
	struct card *c;

	snprintf(device, sizeof(device), "coffer,id=c0,addr=1,card=%s/%s.coffer%s", work_dir, name,
		 extra);
	c = card_at(machine_start(args), 0);
	card_enable(c);
	queue_up(c, 0, 8);
	return c;
}

static void tamper(void)
{
	struct card *c = prepared_card("tampered", "");

	CHECK(reads(c, "tamper", "false"));
	knob(c->m, "c0", "tamper", "true");
	CHECK(reads(c, "tamper", "true"));
	/* Only the card's officer takes it back, not the knob; it outlives the power. */
	knob(c->m, "c0", "tamper", "false");
	CHECK(reads(c, "tamper", "true"));
	card_stop(c);
	c = prepared_card("tampered", "");
	CHECK(reads(c, "tamper", "true"));
	card_stop(c);
}

static void decommission(void)
{
	struct card *c = prepared_card("decommissioned", ",ped=/nonexistent/ped");
	struct hsm h = hsm_setup(c, &c->queue[0]);
	const char *said;

	said = get(c, "decommission");
	CHECK(strstr(said, "error"));
	CHECK_EQ(hsm_policy(c, &c->queue[0], &h, NO_DECOMMISSION, 1), 0);
	CHECK(strstr(refusal(c, "decommission", "true"), "HSM policy 46"));
	card_stop(c);
	/* Another card, whose policy is as it was made: its keys are gone, and so is who had it. */
	c = prepared_card("tampered", "");
	knob(c->m, "c0", "decommission", "true");
	check_echo(c, &c->queue[0], 1, 4);
	card_stop(c);
}

const struct test_case knob_cases[] = {
	{ "knobs: they read back, and refuse what does not fit", read_back },
	{ "knobs: there is nothing to strike while the card is off or dead", nothing_to_strike },
	{ "knobs: set with -device", from_the_start },
	{ "knobs: without firmware; mistakes are logged", without_a_card },
	{ "knobs: tamper is latched", tamper },
	{ "knobs: decommission, and the policy against it", decommission },
	{ NULL, NULL }
};
