/* SPDX-License-Identifier: BSD-3-Clause */
/* For the tests of the firmware's core: a card in a temporary folder and short commands. */
#ifndef FW_CORE_TEST_H
#define FW_CORE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fw.h"
#include "hw/coffer_cmd.h"
#include "wire.h"

#define SO_PIN	"so password"
#define PO_PIN	"po password"
#define CO_PIN	"co password"
#define CU_PIN	"cu password"

/* Verdicts are unsigned, their names are not. */
#define expect(value, want)	assert_int_equal((uint32_t)(value), (uint32_t)(want))

struct bench {
	char dir[64];		/* temporary folder */
	char path[80];		/* of the card in it */
	struct fw_card *card;
	uint64_t owner;
	uint8_t reply[COFFER_CMD_MAX_PAYLOAD];
	uint32_t len;		/* of the last reply */
	char err[256];
};

/* A new card of @profile (NULL: coffer) with the test KDF, powered on, with one owner. */
void bench_open(struct bench *b, const char *profile);
/* The same, but not powered on; @ped: multifactor authentication. */
void bench_make(struct bench *b, const char *profile, bool ped, uint64_t serial);
/* Switches off and removes everything. */
void bench_close(struct bench *b);
void bench_off(struct bench *b);
int bench_on(struct bench *b, const struct fw_open *how);	/* and a new owner */

/* One command for b->owner; the reply is in b->reply. */
uint32_t ask(struct bench *b, uint16_t opcode, const void *req, size_t len);
uint32_t ask_as(struct bench *b, uint64_t owner, uint16_t opcode, const void *req, size_t len);
uint64_t owner_open(struct bench *b);
uint32_t owner_close(struct bench *b, uint64_t owner);
/* 0: refused; the verdict is in *st when it is not NULL. */
uint32_t session_open(struct bench *b, uint64_t owner, uint32_t part, bool rw, uint32_t *st);
uint32_t session_only(struct bench *b, uint16_t opcode, uint32_t session);
/* {session; role; blob pin}: LOGIN, ROLE_INIT, ROLE_RESET_PW */
uint32_t role_ask(struct bench *b, uint16_t opcode, uint32_t session, uint32_t role,
		  const char *pin);
uint32_t login(struct bench *b, uint32_t session, uint32_t role, const char *pin);
/* The same by another owner than the bench's. */
uint32_t login_as(struct bench *b, uint64_t owner, uint32_t session, uint32_t role,
		  const char *pin);
uint32_t role_change(struct bench *b, uint32_t session, uint32_t role, const char *old,
		     const char *new);
/* {session; flags; label; pin; domain}: HSM_INIT, PARTITION_INIT. domain NULL: the default. */
/* Every opcode of EXEC, with zeros: those that are not @allowed, and no others, get @refusal. */
void refuses_all_but(struct bench *b, bool (*allowed)(uint16_t opcode), uint32_t refusal);
bool event_seen(struct bench *b, uint32_t type, uint64_t arg);
uint32_t partition_create(struct bench *b, uint32_t admin, uint64_t size, const char *label);
uint32_t init_ask(struct bench *b, uint16_t opcode, uint32_t session, const char *label,
		  const char *pin, const char *domain);
uint32_t policy_set(struct bench *b, uint32_t session, uint32_t flags, uint32_t id,
		    uint32_t value);
/* Partition 1 initialised, with CO and CU; nobody is logged in. Its session (read/write). */
uint32_t partition_ready(struct bench *b);
/* The card initialised; the session of the SO, logged in. */
uint32_t hsm_ready(struct bench *b);
uint32_t word(const struct bench *b, size_t at);	/* u32 of the reply */
uint64_t dword(const struct bench *b, size_t at);
uint32_t attempts_left(struct bench *b, uint32_t session, uint32_t role);

#endif /* FW_CORE_TEST_H */
