// SPDX-License-Identifier: BSD-3-Clause
/*
 * An application that uses a group from eight threads, and is told on standard input what to do
 * beside: ha-load SLOT PIN. Each command gets one line that begins with "ok" or "failed".
 *
 *   work N               until N more operations have come to an end
 *   member SERIAL up     until the group uses that member; "down": until it does not
 *   serves SERIAL N      until that member has carried out N more of them
 *   node SERIAL          the name of the card that it is on
 *   make LABEL           make a key pair in the group
 *   differences          what the group says differs between its members
 *   end                  stop; how many operations there were, and how long they took
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "coffer/ha.h"
#include "hw/coffer_cmd.h"

#define THREADS 8
#define SAMPLES 200000
#define PATIENCE_MS 120000.0

static struct {
	struct coffer *ctx;
	struct coffer_session *s;
	unsigned int slot;
	uint32_t key;
	pthread_t threads[THREADS];
	atomic_bool stop;
	atomic_size_t done, failed;
	_Atomic coffer_rc first;	/* that failed */
	double took_ms[SAMPLES];
} load;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- The work ------------------------------------------------------------------------------ */

static coffer_rc make_pair(const char *label, uint32_t *private_key)
{
	static const uint8_t p256[] = { 6, 8, 42, 134, 72, 206, 61, 3, 1, 7 }, yes = 1;
	const struct coffer_attr public[] = {
		{ COFFER_CKA_TOKEN, 1, &yes }, { COFFER_CKA_VERIFY, 1, &yes },
		{ COFFER_CKA_LABEL, (uint32_t)strlen(label), label },
		{ COFFER_CKA_EC_PARAMS, sizeof(p256), p256 },
	};
	const struct coffer_attr private[] = {
		{ COFFER_CKA_TOKEN, 1, &yes }, { COFFER_CKA_PRIVATE, 1, &yes },
		{ COFFER_CKA_SIGN, 1, &yes },
		{ COFFER_CKA_LABEL, (uint32_t)strlen(label), label },
	};
	uint32_t public_key;

	return coffer_key_pair_generate(load.s, COFFER_CKM_EC_KEY_PAIR_GEN, public, 4, private, 4,
					&public_key, private_key);
}

static coffer_rc sign(void)
{
	uint8_t sig[200];
	size_t len = sizeof(sig);

	return coffer_sign(load.s, load.key, COFFER_CKM_ECDSA_SHA256, NULL, 0, "words", 5, sig,
			   &len);
}

static void *work(void *unused)
{
	coffer_rc rc, none;
	double from;
	size_t n;

	while (!load.stop) {
		from = now_ms();
		rc = sign();
		none = 0;
		if (rc) {
			load.failed++;
			atomic_compare_exchange_strong(&load.first, &none, rc);
		}
		n = load.done++;
		if (n < SAMPLES)
			load.took_ms[n] = now_ms() - from;
	}
	return unused;
}

static int by_time(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void end(void)
{
	size_t n;

	load.stop = true;
	for (int i = 0; i < THREADS; i++)
		pthread_join(load.threads[i], NULL);
	n = load.done < SAMPLES ? load.done : SAMPLES;
	qsort(load.took_ms, n, sizeof(load.took_ms[0]), by_time);
	printf("ok %zu operations, %zu failed%s%s; p99 %.0f ms, maximum %.0f ms\n",
	       (size_t)load.done, (size_t)load.failed, load.failed ? ", first: " : "",
	       load.failed ? coffer_errname(load.first) : "", n ? load.took_ms[n * 99 / 100] : 0,
	       n ? load.took_ms[n - 1] : 0);
}

/* ---- Members ------------------------------------------------------------------------------- */

static bool member_of(unsigned long long serial, struct coffer_ha_member *out)
{
	struct coffer_ha_group *list;
	bool found = false;
	size_t count;

	if (coffer_ha_groups(load.ctx, &list, &count))
		return false;
	for (size_t g = 0; g < count; g++)
		for (size_t i = 0; list[g].slot == load.slot && i < list[g].count; i++)
			if (list[g].members[i].serial == serial) {
				*out = list[g].members[i];
				found = true;
			}
	free(list);
	return found;
}

/* Ask it again and again; false: the time is up. */
static bool comes(bool (*question)(const char *words, unsigned long long before), const char *words,
		  unsigned long long before)
{
	double until = now_ms() + PATIENCE_MS;

	while (now_ms() < until) {
		if (question(words, before))
			return true;
		usleep(20000);
	}
	return false;
}

static bool is_done(const char *words, unsigned long long before)
{
	return load.done >= before + strtoull(words, NULL, 10);
}

static bool is_member(const char *words, unsigned long long before)
{
	struct coffer_ha_member m;
	unsigned long long serial;
	char state[5];

	(void)before;
	return sscanf(words, "%llu %4s", &serial, state) == 2 && member_of(serial, &m) &&
	       m.alive == !strcmp(state, "up");
}

static bool has_served(const char *words, unsigned long long before)
{
	struct coffer_ha_member m;
	unsigned long long serial, more;

	return sscanf(words, "%llu %llu", &serial, &more) == 2 && member_of(serial, &m) &&
	       m.served >= before + more;
}

static bool serves(const char *words)
{
	struct coffer_ha_member m;

	return member_of(strtoull(words, NULL, 10), &m) && comes(has_served, words, m.served);
}

static bool node(const char *words)
{
	struct coffer_ha_member m;
	struct coffer_slot slot;

	if (!member_of(strtoull(words, NULL, 10), &m) ||
	    coffer_slot_find(load.ctx, m.slot, &slot))
		return false;
	printf("ok %s\n", coffer_card_name(coffer_card_at(load.ctx, slot.card)));
	return true;
}

static bool differences(void)
{
	struct coffer_ha_difference *list;
	size_t count;

	if (coffer_ha_compare(load.s, &list, &count))
		return false;
	printf("ok %zu differences", count);
	for (size_t i = 0; i < count; i++)
		printf("; %llu: %s", (unsigned long long)list[i].serial, list[i].text);
	printf("\n");
	free(list);
	return true;
}

/* ---- What it is told ----------------------------------------------------------------------- */

static bool make(const char *label)
{
	uint32_t unused;
	double from = now_ms();
	coffer_rc rc = make_pair(label, &unused);

	if (rc)
		printf("failed: %s\n", coffer_errname(rc));
	else
		printf("ok made in %.0f ms\n", now_ms() - from);
	return true;
}

static bool said(bool good)
{
	if (good)
		printf("ok\n");
	return good;
}

/* False: nothing was answered. */
static bool carry_out(const char *verb, const char *words)
{
	if (!strcmp(verb, "work"))
		return said(comes(is_done, words, load.done));
	if (!strcmp(verb, "member"))
		return said(comes(is_member, words, 0));
	if (!strcmp(verb, "serves"))
		return said(serves(words));
	if (!strcmp(verb, "node"))
		return node(words);
	if (!strcmp(verb, "make"))
		return make(words);
	return !strcmp(verb, "differences") && differences();
}

static void obey(void)
{
	char line[200], verb[20];
	int at;

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		at = 0;
		if (sscanf(line, "%19s %n", verb, &at) == 1 && !strcmp(verb, "end"))
			break;
		if (!at || !carry_out(verb, line + at))
			printf("failed: %s\n", line);
		fflush(stdout);
	}
}

static coffer_rc begin(const char *slot, const char *pin)
{
	coffer_rc rc = coffer_open(NULL, &load.ctx);

	load.slot = (unsigned int)strtoul(slot, NULL, 10);
	if (!rc)
		rc = coffer_session_open_slot(load.ctx, load.slot, true, &load.s);
	if (!rc)
		rc = coffer_login(load.s, COFFER_ROLE_CO, pin, strlen(pin), NULL);
	return rc ? rc : make_pair("load", &load.key);
}

int main(int argc, char **argv)
{
	coffer_rc rc = argc == 3 ? begin(argv[1], argv[2]) : -1;

	if (rc) {
		fprintf(stderr, "ha-load SLOT PIN: %s\n", coffer_errname(rc));
		return 1;
	}
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&load.threads[i], NULL, work, NULL))
			return 1;
	obey();
	end();
	coffer_session_close(load.s);
	coffer_close(load.ctx);
	return load.failed != 0;
}
