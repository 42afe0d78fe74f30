/* SPDX-License-Identifier: BSD-3-Clause */
/* Real cards in folders, each with a partition, and groups of them. */
#ifndef HA_BENCH_H
#define HA_BENCH_H

#include "lib_story.h"
#include "ha_group.h"

#define BENCH_MAX 4

struct ha_bench {
	char root[64];
	struct coffer *ctx;
	unsigned int cards;
	uint64_t serial[BENCH_MAX];	/* of the partitions */
	uint32_t partition[BENCH_MAX];
};

/* Cards of these profiles (NULL = "coffer"), all of the same domain and CO password. */
void bench_begin(struct ha_bench *b, const char *const *profiles, unsigned int count);
void bench_end(struct ha_bench *b);
/* No objects on any card. */
void bench_empty(struct ha_bench *b);
/* Of a clock that only goes on. */
double bench_now_ms(void);
/* The configuration file, replaced; %SN0 .. %SN3 are the partitions' serials. */
void bench_configure(struct ha_bench *b, const char *text);
/* As another process would. */
void bench_reopen(struct ha_bench *b);
/* Group "g" of the first @count cards, synchronized, recovery by @retry every 50 ms. */
void bench_group(struct ha_bench *b, unsigned int count, int retry, const char *more);
#define BENCH_SLOT COFFER_HA_FIRST_SLOT
/* A session on the group with the CO logged in. */
struct coffer_session *bench_login(struct ha_bench *b);
/* The CO's session on one card's partition; logs in unless somebody is. */
struct coffer_session *bench_direct(struct ha_bench *b, unsigned int card);
/* Kill the card's process and take its folder away; bring it back. */
void bench_unplug(struct ha_bench *b, unsigned int card);
void bench_plug(struct ha_bench *b, unsigned int card);
pid_t bench_host(struct ha_bench *b, unsigned int card);
/* Commands that a card answered, of one opcode or so: see coffer_card_stats. */
size_t bench_count(struct ha_bench *b, unsigned int card);
void bench_wait_alive(struct ha_bench *b, unsigned int card, bool alive);
uint32_t bench_pair(struct coffer_session *s, const char *label, uint32_t *public_key);
coffer_rc bench_sign(struct coffer_session *s, uint32_t key);
void bench_members(struct ha_bench *b, struct coffer_ha_group *out);

/* ---- The frame of a program: three cards for all its tests, empty after each --------------- */
extern struct ha_bench b;
int ha_begin_three(void **state);
int ha_end(void **state);
int ha_empty(void **state);
#define HA_TEST(test) cmocka_unit_test_teardown(test, ha_empty)

#endif /* HA_BENCH_H */
