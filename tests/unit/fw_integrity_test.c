// SPDX-License-Identifier: BSD-3-Clause
/*
 * The firmware's own integrity (quality.md A5): a program that was changed after it was built, in
 * memory or on the disk, has no card; one that was built anew has, and the log tells.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fw_core.h"
#include "integrity.h"

#define AU_PIN	"au password"

static struct bench bench;

static int open_it(void **state)
{
	*state = &bench;
	bench_open(&bench, NULL);
	return 0;
}

static int close_it(void **state)
{
	bench_close(*state);
	return 0;
}

/* Code of this program that nobody runs; exported, so that it is there. */
int victim(int n);
int victim(int n)
{
	return n * 3 + 1;
}

/* One bit of it is another, and back again. */
static void code_flip(void)
{
	long page = sysconf(_SC_PAGESIZE);
	uint8_t *at = (uint8_t *)(uintptr_t)victim;
	void *begin = (void *)((uintptr_t)at & ~(uintptr_t)(page - 1));

	assert_int_equal(mprotect(begin, (size_t)page, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
	at[0] ^= 0x10;
	assert_int_equal(mprotect(begin, (size_t)page, PROT_READ | PROT_EXEC), 0);
}

static uint32_t own_test(struct bench *b, uint32_t session)
{
	const struct coffer_self_test_row *row;
	uint32_t i, n;

	expect(session_only(b, COFFER_CMD_SELF_TEST, session), 0);
	n = word(b, 0);
	for (i = 0; i < n; i++) {
		row = (const struct coffer_self_test_row *)(b->reply + 4) + i;
		if (!strcmp(row->name, INTEGRITY_TEST))
			return row->passed;
	}
	fail_msg("SELF_TEST does not list %s", INTEGRITY_TEST);
	return 0;
}

static void changed_in_memory(void **state)
{
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 0, true, NULL);

	expect(own_test(b, s), 1);
	code_flip();
	expect(own_test(b, s), 0);
	expect(session_only(b, COFFER_CMD_POLICY_LIST, s), COFFER_ST_SELF_TEST_FAILED);
	bench_off(b);
	assert_int_equal(bench_on(b, NULL), -EACCES);
	assert_non_null(strstr(b->err, "not as it was built"));
	code_flip();
	assert_int_equal(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 0, true, NULL);
	expect(own_test(b, s), 1);
}

static void hook_at_power_on(void **state)
{
	struct fw_open how = { .broken_test = "power-on:" INTEGRITY_TEST };
	struct bench *b = *state;

	bench_off(b);
	assert_int_equal(bench_on(b, &how), -EACCES);
	assert_int_equal(bench_on(b, NULL), 0);
}

/* Card-host is a program of its own: another build, until a byte of it is another. */
static int host_run(const char *host, const char *verb, const struct bench *b)
{
	char text[400];

	snprintf(text, sizeof(text), "'%s' %s '%s' 2>'%s.err'", host, verb, b->path, b->path);
	return system(text);
}

static void host_patch(const char *host, const char *copy)
{
	char text[600];

	snprintf(text, sizeof(text), "python3 -c \"import sys; d = open('%s', 'rb').read(); "
		 "w = b'usage: coffer-card-host'; assert d.count(w) == 1; "
		 "open('%s', 'wb').write(d.replace(w, b'Usage: coffer-card-host'))\" && "
		 "chmod +x '%s'", host, copy, copy);
	assert_int_equal(system(text), 0);
}

static void changed_on_the_disk(void **state)
{
	const char *host = getenv("COFFER_CARD_HOST");
	struct bench *b = *state;
	uint32_t s = session_open(b, b->owner, 0, true, NULL);
	struct coffer_req_audit_read req = { 0, 64, 0, 0, 0 };
	struct coffer_audit_row row;
	char copy[100], text[300];

	assert_non_null(host);
	expect(role_ask(b, COFFER_CMD_AUDIT_INIT, s, 0, AU_PIN), 0);
	bench_off(b);
	snprintf(copy, sizeof(copy), "%s/patched-host", b->dir);
	host_patch(host, copy);
	assert_int_equal(host_run(host, "tamper", b), 0);
	assert_int_not_equal(host_run(copy, "tamper", b), 0);
	snprintf(text, sizeof(text), "grep -q 'not as it was built' '%s.err'", b->path);
	assert_int_equal(system(text), 0);
	/* Neither build has forgotten the other one. */
	assert_int_equal(host_run(host, "tamper", b), 0);
	assert_int_equal(bench_on(b, NULL), 0);
	s = session_open(b, b->owner, 0, true, NULL);
	expect(login(b, s, COFFER_ROLE_AU, AU_PIN), 0);
	req.session = s;
	expect(ask(b, COFFER_CMD_AUDIT_READ, &req, sizeof(req)), 0);
	/* AUDIT_INIT, the other build once, its tamper input, this login. */
	expect(word(b, 0), 4);
	memcpy(&row, b->reply + 4 + sizeof(row), sizeof(row));
	assert_int_equal(row.opcode, COFFER_AUDIT_OP_FIRMWARE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_it, close_it)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(changed_in_memory),
		T(hook_at_power_on),
		T(changed_on_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
