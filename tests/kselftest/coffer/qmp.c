// SPDX-License-Identifier: GPL-2.0-only
/* The machine's monitor, as a port of the guest: it turns the card's fault knobs. */
#include "coffer_test.h"

static int port = -1;
static char text[8192];	/* of the latest answer */

/* Read until there is an answer: 0 for a return, -1 for an error or silence. */
static int qmp_answer(bool tell)
{
	size_t have = 0;
	ssize_t got;

	for (;;) {
		struct pollfd p = { .fd = port, .events = POLLIN };

		if (have == sizeof(text) - 1 || poll(&p, 1, 10000) <= 0)
			return -1;
		got = read(port, text + have, sizeof(text) - 1 - have);
		if (got <= 0)
			return -1;
		have += got;
		text[have] = 0;
		if (!strchr(text, '\n'))
			continue;
		if (strstr(text, "\"error\"")) {
			if (tell)
				fprintf(stderr, "# monitor: %s", text);
			return -1;
		}
		if (strstr(text, "\"return\""))
			return 0;
	}
}

static int qmp_send(const char *json, bool tell)
{
	if (write(port, json, strlen(json)) != (ssize_t)strlen(json))
		return -1;
	return qmp_answer(tell);
}

static int qmp_command(const char *json)
{
	return qmp_send(json, true);
}

static int qmp_open(void)
{
	const char *path = getenv("COFFER_QMP");

	if (port >= 0)
		return 0;
	port = open(path ? path : "/dev/virtio-ports/qmp", O_RDWR | O_CLOEXEC);
	if (port < 0) {
		fprintf(stderr, "# no monitor: %s\n", strerror(errno));
		return -1;
	}
	/* Whoever comes first negotiates; doing it again is an error that does no harm. */
	if (write(port, "{\"execute\":\"qmp_capabilities\"}\n", 31) != 31)
		return -1;
	qmp_answer(false);
	return 0;
}

int knob_set(unsigned int card, const char *knob, const char *json)
{
	char command[256];

	if (qmp_open())
		return -1;
	snprintf(command, sizeof(command),
		 "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"/machine/peripheral/card%u\","
		 "\"property\":\"%s\",\"value\":%s}}\n", card, knob, json);
	return qmp_command(command);
}

uint64_t knob_get(unsigned int card, const char *knob)
{
	char command[256], *value;

	if (qmp_open())
		return UINT64_MAX;
	snprintf(command, sizeof(command),
		 "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/card%u\","
		 "\"property\":\"%s\"}}\n", card, knob);
	if (qmp_command(command))
		return UINT64_MAX;
	value = strstr(text, "\"return\": ");
	return value ? strtoull(value + strlen("\"return\": "), NULL, 10) : UINT64_MAX;
}

int fault_set(const char *knob, const char *json)
{
	return knob_set(0, knob, json);
}

int bus_error(const char *name)
{
	char command[256];

	if (qmp_open())
		return -1;
	snprintf(command, sizeof(command),
		 "{\"execute\":\"human-monitor-command\",\"arguments\":{\"command-line\":"
		 "\"pcie_aer_inject_error card0 %s\"}}\n", name);
	return qmp_command(command);
}

/*
 * Where ACPI plugs cards, QEMU's ports never report an active link: the core resets the bus, waits
 * for the link in vain, and says ENOTTY.
 */
int bus_reset(void)
{
	int back, rc = attr_write("device/reset_method", "bus");

	if (rc)
		return rc;
	rc = attr_write("device/reset", "1");
	back = attr_write("device/reset_method", "flr bus");
	return rc == -ENOTTY ? back : rc ?: back;
}

void faults_clear(void)
{
	fault_set("fault-stall", "false");
	fault_set("fault-all-ones", "false");
	fault_set("fault-link-loss", "false");
	fault_set("fault-fw-panic", "false");
	fault_set("fault-drop-irq", "0");
	fault_set("fault-wrong-phase", "0");
	fault_set("fault-wrong-tag", "0");
	fault_set("fault-short-dma", "0");
	fault_set("fault-slow-ms", "0");
	fault_set("fault-evil", "0");
}

/* ---- Plugging --------------------------------------------------------------------------- */

static int peripheral_get(unsigned int card, const char *property, bool tell)
{
	char json[256];

	if (qmp_open())
		return -1;
	snprintf(json, sizeof(json),
		 "{\"execute\":\"qom-get\",\"arguments\":{\"path\":\"/machine/peripheral/card%u\","
		 "\"property\":\"%s\"}}\n", card, property);
	return qmp_send(json, tell);
}

int card_folder(unsigned int card, char *to, size_t size)
{
	const char *from;

	if (peripheral_get(card, "card", true))
		return -1;
	from = strstr(text, "\"return\": \"");
	if (!from)
		return -1;
	from += strlen("\"return\": \"");
	snprintf(to, size, "%.*s", (int)strcspn(from, "\""), from);
	return 0;
}

int card_unplug(unsigned int card)
{
	double end = seconds() + 30;
	char json[128];

	if (qmp_open())
		return -1;
	snprintf(json, sizeof(json),
		 "{\"execute\":\"device_del\",\"arguments\":{\"id\":\"card%u\"}}\n", card);
	if (qmp_command(json))
		return -1;
	while (!peripheral_get(card, "card", false)) {
		if (seconds() > end)
			return -1;
		usleep(20000);
	}
	return 0;
}

/* The card's folder may still be held by what was unplugged: try for a while. */
int card_plug(unsigned int card, const char *properties)
{
	double end = seconds() + 10;
	char json[1024];

	if (qmp_open())
		return -1;
	snprintf(json, sizeof(json),
		 "{\"execute\":\"device_add\",\"arguments\":{\"driver\":\"coffer\","
		 "\"id\":\"card%u\",\"bus\":\"rp%u\",%s}}\n", card, card, properties);
	while (qmp_send(json, false)) {
		if (seconds() > end) {
			fprintf(stderr, "# monitor: %s", text);
			return -1;
		}
		usleep(20000);
	}
	return 0;
}
