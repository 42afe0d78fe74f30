/* SPDX-License-Identifier: BSD-3-Clause */
/* A card with a PED: keys as files, commands that wait for them. */
#ifndef FW_PED_TEST_H
#define FW_PED_TEST_H

#include <pthread.h>

#include "fw_core.h"
#include "fw_ped.h"

struct ped_bench {
	struct bench b;
	char ped[96];			/* the PED's folder */
	uint64_t ahead;			/* of the uptime: a wait that ends now */
	struct fw_open how;		/* for bench_on */
};

/* A card of @profile that hangs on a PED without keys; @auth: its roles use the PED. */
void ped_open(struct ped_bench *p, const char *profile, bool auth);
void ped_open_as(struct ped_bench *p, const char *profile, bool auth, uint64_t serial);
void ped_close(struct ped_bench *p);
void ped_power(struct ped_bench *p);	/* off and on */

/* Key files have short names and lie beside the card. */
void key_new(struct ped_bench *p, const char *name, uint32_t color, const char *pin);
void key_filled(struct ped_bench *p, const char *name, uint32_t color);	/* not blank */
/* With a PIN whose stretching costs nothing. Written over an older file of this name. */
void key_cheap(struct ped_bench *p, const char *name, uint32_t color, bool filled);
void key_in(struct ped_bench *p, const char *name, const char *pin);
void key_out(struct ped_bench *p, uint32_t color);	/* 0: all */
const char *key_path(struct ped_bench *p, const char *name);
bool key_blank(struct ped_bench *p, const char *name);
/* blue, red, black, grey, white: blank keys of these names, all in the PED. */
void ring_in(struct ped_bench *p);

/* Card and partition 1 made with the ring: SO, PO, CO, CU. Its session; nobody is logged in. */
uint32_t ped_ready(struct ped_bench *p);
uint32_t ped_login(struct ped_bench *p, uint32_t session, uint32_t role);
uint32_t ped_init(struct ped_bench *p, uint16_t opcode, uint32_t session, uint32_t flags);
uint32_t role_state(struct ped_bench *p, uint32_t session, uint32_t role);
/* Partition policy, by its SO, with the ring. */
void ped_policy(struct ped_bench *p, uint32_t session, uint32_t id, uint32_t value);

/* A command that waits in a thread of its own. */
struct waiting {
	struct ped_bench *p;
	pthread_t thread;
	struct fw_request rq;
	uint8_t req[1024];
	uint8_t reply[COFFER_CMD_MAX_PAYLOAD];
	uint32_t len;
	uint32_t verdict;
};

void wait_login(struct ped_bench *p, struct waiting *w, uint32_t session, uint32_t role);
/* {session; role; no PIN} */
void wait_role(struct ped_bench *p, struct waiting *w, uint16_t opcode, uint32_t session,
	       uint32_t role);
void wait_started(struct ped_bench *p, uint32_t session);	/* until the PED asks */
uint32_t wait_end(struct waiting *w);
struct coffer_rep_ped ped_status(struct ped_bench *p, uint32_t session);
/* In between an operator's 200 seconds are over in a moment. */
void hurry_begin(struct ped_bench *p);
void hurry_end(void);

#endif /* FW_PED_TEST_H */
