// SPDX-License-Identifier: BSD-3-Clause
/* Real cards in folders and groups of them, for the tests of high availability. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ha_bench.h"

static void open_cards(struct ha_bench *b)
{
	struct coffer_options options = { 0 };
	char cards[400] = "";

	for (unsigned int i = 0; i < b->cards; i++)
		snprintf(cards + strlen(cards), sizeof(cards) - strlen(cards), "%s%s/%c.coffer",
			 i ? "," : "", b->root, 'a' + i);
	options.cards = cards;
	GOOD(coffer_open(&options, &b->ctx));
}

static void make_card(const struct ha_bench *b, unsigned int i, const char *profile)
{
	const struct coffer_make how = {
		.profile = profile, .kdf_test = true, .serial = 2000001 + i,
	};
	char dir[128], *text = NULL;

	snprintf(dir, sizeof(dir), "%s/%c.coffer", b->root, 'a' + i);
	if (coffer_card_make(dir, &how, &text))
		fail_msg("card create: %s", text);
}

static void furnish(struct ha_bench *b, unsigned int i)
{
	struct coffer_partition_details details;
	struct coffer_session *s;

	GOOD(coffer_session_open(coffer_card_at(b->ctx, i), 0, true, &s));
	GOOD(coffer_hsm_init(s, "story", STORY_SO, STORY_DOMAIN));
	coffer_session_close(s);
	s = story_partition(&(struct story){ .ctx = b->ctx }, i, STORY_DOMAIN, &b->partition[i]);
	GOOD(coffer_partition_info(s, &details));
	b->serial[i] = details.slot.serial;
	coffer_session_close(s);
}

void bench_begin(struct ha_bench *b, const char *const *profiles, unsigned int count)
{
	char file[100];

	memset(b, 0, sizeof(*b));
	b->cards = count;
	strcpy(b->root, "/tmp/coffer-ha-XXXXXX");
	assert_non_null(mkdtemp(b->root));
	snprintf(file, sizeof(file), "%s/coffer.conf", b->root);
	setenv("COFFER_CONFIG", file, 1);
	for (unsigned int i = 0; i < count; i++)
		make_card(b, i, profiles ? profiles[i] : NULL);
	open_cards(b);
	for (unsigned int i = 0; i < count; i++)
		furnish(b, i);
}

void bench_end(struct ha_bench *b)
{
	char command[100];

	coffer_close(b->ctx);
	snprintf(command, sizeof(command), "rm -rf '%s'", b->root);
	assert_int_equal(system(command), 0);
}

void bench_configure(struct ha_bench *b, const char *text)
{
	char file[100];
	const char *at;
	FILE *f;

	snprintf(file, sizeof(file), "%s/coffer.conf", b->root);
	f = fopen(file, "w");
	assert_non_null(f);
	for (at = text; *at; at++) {
		if (!strncmp(at, "%SN", 3)) {
			fprintf(f, "%llu", (unsigned long long)b->serial[at[3] - '0']);
			at += 3;
		} else {
			fputc(*at, f);
		}
	}
	fclose(f);
	GOOD(ha_reload(b->ctx));
	GOOD(coffer_config_state(b->ctx, NULL));
}

void bench_reopen(struct ha_bench *b)
{
	coffer_close(b->ctx);
	open_cards(b);
}

void bench_group(struct ha_bench *b, unsigned int count, int retry, const char *more)
{
	char text[1000], members[100] = "";

	for (unsigned int i = 0; i < count; i++)
		sprintf(members + strlen(members), "%s%%SN%u", i ? "," : "", i);
	snprintf(text, sizeof(text),
		 "VirtualToken = {\n   VirtualToken00Label = g;\n   VirtualToken00SN = 1%%SN0;\n"
		 "   VirtualToken00Members = %s;\n}\nHAConfiguration = {\n   reconnAtt = %d;\n}\n"
		 "Coffer = {\n   HARecoveryIntervalMs = 50;\n}\n%s", members, retry,
		 more ? more : "");
	bench_configure(b, text);
}

struct coffer_session *bench_login(struct ha_bench *b)
{
	struct coffer_session *s;

	GOOD(coffer_session_open_slot(b->ctx, BENCH_SLOT, true, &s));
	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL));
	return s;
}

struct coffer_session *bench_direct(struct ha_bench *b, unsigned int card)
{
	struct coffer_session *s;
	coffer_rc rc;

	GOOD(coffer_session_open(coffer_card_at(b->ctx, card), b->partition[card], true, &s));
	rc = coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), NULL);
	if (rc != ST(USER_ALREADY_LOGGED_IN))
		GOOD(rc);
	return s;
}

pid_t bench_host(struct ha_bench *b, unsigned int card)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer = { .pid = 0 };
	socklen_t len = sizeof(peer);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%c.coffer/host.sock", b->root,
		 'a' + card);
	assert_return_code(connect(fd, (struct sockaddr *)&address, sizeof(address)), errno);
	assert_return_code(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len), errno);
	close(fd);
	assert_true(peer.pid > 1);
	return peer.pid;
}

static void move(struct ha_bench *b, unsigned int card, bool away)
{
	char here[100], there[100];

	snprintf(here, sizeof(here), "%s/%c.coffer", b->root, 'a' + card);
	snprintf(there, sizeof(there), "%s/%c.away", b->root, 'a' + card);
	assert_return_code(rename(away ? here : there, away ? there : here), errno);
}

void bench_unplug(struct ha_bench *b, unsigned int card)
{
	pid_t host = bench_host(b, card);

	move(b, card, true);
	kill(host, SIGKILL);
}

void bench_plug(struct ha_bench *b, unsigned int card)
{
	move(b, card, false);
}

size_t bench_count(struct ha_bench *b, unsigned int card)
{
	struct coffer_session *s = bench_direct(b, card);
	size_t n = story_count(s);

	coffer_session_close(s);
	return n;
}

void bench_members(struct ha_bench *b, struct coffer_ha_group *out)
{
	GOOD(coffer_ha_find(b->ctx, "g", out));
}

void bench_wait_alive(struct ha_bench *b, unsigned int card, bool alive)
{
	struct ha_group *g = ha_get(b->ctx, BENCH_SLOT);

	for (int i = 0; i < 1000; i++) {
		ha_poke(g);
		if ((ha_alive(g) >> card & 1) == alive)
			break;
		usleep(10000);
	}
	assert_int_equal(ha_alive(g) >> card & 1, alive);
	ha_put(g);
}

uint32_t bench_pair(struct coffer_session *s, const char *label, uint32_t *public_key)
{
	static const uint8_t p256[] = { 6, 8, 42, 134, 72, 206, 61, 3, 1, 7 }, yes = 1;
	const struct coffer_attr public[] = {
		{ CKA(TOKEN), 1, &yes }, { CKA(VERIFY), 1, &yes },
		{ CKA(LABEL), (uint32_t)strlen(label), label },
		{ CKA(EC_PARAMS), sizeof(p256), p256 },
	};
	const struct coffer_attr private[] = {
		{ CKA(TOKEN), 1, &yes }, { CKA(PRIVATE), 1, &yes }, { CKA(SIGN), 1, &yes },
		{ CKA(LABEL), (uint32_t)strlen(label), label },
	};
	uint32_t private_key, unused;

	GOOD(coffer_key_pair_generate(s, COFFER_CKM_EC_KEY_PAIR_GEN, public, 4, private, 4,
				      public_key ? public_key : &unused, &private_key));
	return private_key;
}

coffer_rc bench_sign(struct coffer_session *s, uint32_t key)
{
	uint8_t sig[200];
	size_t len = sizeof(sig);

	return coffer_sign(s, key, COFFER_CKM_ECDSA_SHA256, NULL, 0, "words", 5, sig, &len);
}

void bench_empty(struct ha_bench *b)
{
	for (unsigned int i = 0; i < b->cards; i++) {
		struct coffer_session *s = bench_direct(b, i);

		story_wipe(s);
		coffer_session_close(s);
	}
}

double bench_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- The frame ----------------------------------------------------------------------------- */

struct ha_bench b;

int ha_begin_three(void **state)
{
	(void)state;
	bench_begin(&b, NULL, 3);
	return 0;
}

int ha_end(void **state)
{
	(void)state;
	bench_end(&b);
	return 0;
}

int ha_empty(void **state)
{
	(void)state;
	bench_empty(&b);
	return 0;
}
