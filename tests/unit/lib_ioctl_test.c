// SPDX-License-Identifier: BSD-3-Clause
/*
 * The library over the real driver. Runs in a guest with at least two fresh cards; without one
 * it fails, because a missing card is never a pass.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib_story.h"

static struct story s;

static int open_cards(void **state)
{
	(void)state;
	unsetenv("COFFER_CARDS");
	if (coffer_open(NULL, &s.ctx))
		return -1;
	return coffer_card_count(s.ctx) < 2;
}

static int close_cards(void **state)
{
	(void)state;
	coffer_session_close(s.co[0]);
	coffer_session_close(s.co[1]);
	coffer_close(s.ctx);
	return 0;
}

static void nodes_in_order(void **state)
{
	struct coffer_slot *slots;
	size_t n;

	(void)state;
	assert_string_equal(coffer_card_name(coffer_card_at(s.ctx, 0)), "/dev/coffer0");
	assert_string_equal(coffer_card_name(coffer_card_at(s.ctx, 1)), "/dev/coffer1");
	assert_string_equal(coffer_card_transport(coffer_card_at(s.ctx, 1)), "ioctl");
	for (unsigned int i = 0; i < 2; i++) {
		struct coffer_card_details details;

		GOOD(coffer_card_identify(coffer_card_at(s.ctx, i), &details));
	}
	GOOD(coffer_slots(s.ctx, &slots, &n));
	assert_true(n >= 2);
	free(slots);
}

static void ioctl_conforms(void **state)
{
	struct transport *t;

	(void)state;
	assert_int_equal(transport_open("/dev/coffer0", &t, NULL), 0);
	fake_conform(t);
	t->ops->close(t);
}

static void clone_through_the_driver(void **state)
{
	static const uint8_t key[32] = "thirty-two bytes of an AES key..";
	const uint8_t plain[16] = "sixteen bytes...";
	struct coffer_clone_report report;
	uint8_t one[16], two[16];
	size_t n1 = sizeof(one), n2 = sizeof(two);
	uint32_t handle;

	(void)state;
	story_furnish(&s, NULL);
	for (int i = 0; i < 200; i++)
		handle = story_aes(s.co[0], "through the rings", key);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	assert_int_equal(report.cloned, 200);
	assert_int_equal(report.negotiations, 1);
	GOOD(coffer_encrypt(s.co[0], handle, COFFER_CKM_AES_ECB, NULL, 0, plain, 16, one, &n1));
	GOOD(coffer_encrypt(s.co[1], report.items[199].target_handle, COFFER_CKM_AES_ECB, NULL, 0,
			    plain, 16, two, &n2));
	assert_memory_equal(one, two, 16);
	coffer_clone_report_free(&report);
	GOOD(coffer_clone(s.co[0], s.co[1], NULL, &report));
	assert_int_equal(report.existing, 200);
	coffer_clone_report_free(&report);
}

static void another_open_file_is_another_owner(void **state)
{
	struct coffer_session *other;
	struct coffer *second;
	enum coffer_role role;

	(void)state;
	GOOD(coffer_open(NULL, &second));
	GOOD(coffer_session_open(coffer_card_at(second, 0), s.partition[0], false, &other));
	GOOD(coffer_whoami(s.co[0], &role, NULL));
	assert_int_equal(role, COFFER_ROLE_CO);
	GOOD(coffer_whoami(other, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_NONE);
	coffer_session_close(other);
	coffer_close(second);
}

/* All that have come so far. */
static size_t events_drain(uint16_t type)
{
	struct coffer_card_event events[32];
	size_t n, seen = 0;

	do {
		GOOD(coffer_events(s.ctx, events, 32, 0, &n));
		for (size_t i = 0; i < n; i++)
			seen += events[i].type == type;
	} while (n);
	return seen;
}

static void events_wake_without_asking(void **state)
{
	struct coffer_card_event events[8];
	uint32_t id;
	size_t n;

	(void)state;
	assert_true(events_drain(COFFER_EV_PARTITION_CREATED) >= 2);
	/* Joins the group; nothing is there yet. */
	GOOD(coffer_netlink_events(s.ctx, events, 8, 0, &n));
	coffer_session_close(story_partition(&s, STORY_B, NULL, &id));
	GOOD(coffer_events(s.ctx, events, 1, 5000, &n));
	assert_int_equal(n, 1);
	assert_int_equal(events[0].type, COFFER_EV_PARTITION_CREATED);
	assert_int_equal(events[0].card, STORY_B);
	GOOD(coffer_netlink_events(s.ctx, events, 8, 5000, &n));
	assert_true(n >= 1);
	assert_int_equal(events[0].type, COFFER_EV_PARTITION_CREATED);
	assert_int_equal(events[0].card, STORY_B);
	assert_int_equal(events[0].partition, id);
}

static void the_bus_shows_them(void **state)
{
	struct coffer_pci *list;
	size_t n;

	(void)state;
	GOOD(coffer_pci_scan(&list, &n));
	assert_true(n >= coffer_card_count(s.ctx));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(list[i].driver, "coffer");
		assert_non_null(strstr(list[i].link, "GT/s x"));
	}
	free(list);
}

static void a_reset_logs_out(void **state)
{
	static const char node[] = "/sys/class/coffer/coffer0/device/reset";
	struct coffer_session *fresh;
	enum coffer_role role;
	int fd = open(node, O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	GOOD(coffer_whoami(s.co[0], &role, NULL));
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
	/* First a session of the new epoch: its number may be an old one's. */
	GOOD(coffer_session_open(coffer_card_at(s.ctx, 0), s.partition[0], true, &fresh));
	GOOD(coffer_whoami(fresh, &role, NULL));
	assert_int_equal(role, COFFER_ROLE_NONE);
	assert_int_equal(coffer_whoami(s.co[0], &role, NULL), ST(SESSION_HANDLE_INVALID));
	coffer_session_close(fresh);
	/* The other card was not touched. */
	GOOD(coffer_whoami(s.co[1], &role, NULL));
	assert_int_equal(role, COFFER_ROLE_CO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_in_order),
		cmocka_unit_test(ioctl_conforms),
		cmocka_unit_test(clone_through_the_driver),
		cmocka_unit_test(another_open_file_is_another_owner),
		cmocka_unit_test(events_wake_without_asking),
		cmocka_unit_test(the_bus_shows_them),
		cmocka_unit_test(a_reset_logs_out),
	};

	return cmocka_run_group_tests(tests, open_cards, close_cards);
}
