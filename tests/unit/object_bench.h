/* SPDX-License-Identifier: BSD-3-Clause */
/* For the tests of objects: short commands on top of fw_core.h, one partition for all tests. */
#ifndef OBJECT_BENCH_H
#define OBJECT_BENCH_H

#include "attr.h"
#include "fw_core.h"
#include "hw/coffer_attr.h"

#define A(name)		((uint32_t)COFFER_CKA_##name)
#define ST(name)	((uint32_t)COFFER_ST_##name)
#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

extern struct bench bench;
extern uint32_t session;	/* read/write, on partition 1; who is logged in: be() */

int objects_begin(void **state);	/* group set-up: a card, the CO logged in */
int objects_end(void **state);
/* Log in as this role (NONE: nobody) on the session. */
void be(enum coffer_role role);
void set_policy(uint32_t id, uint32_t value);	/* by the PO; then the CO is logged in again */

/* A template under construction; t_new() empties it. */
struct attrs *t_new(void);
void t_ulong(uint32_t type, uint64_t v);
void t_bool(uint32_t type, bool v);
void t_bytes(uint32_t type, const void *p, size_t len);
void t_text(uint32_t type, const char *text);
void t_drop(uint32_t type);
/* What a minimal object of this kind needs; t_new() is included. */
void t_data(const char *label);
void t_cert(void);
void t_secret(uint32_t key_type, size_t len);	/* value 1 2 3 ... */
void t_rsa_public(void);			/* of a pair that is made once */
void t_rsa_private(void);
void t_ec_public(void);
void t_ec_private(void);

/* Commands with the template; the new handle in *handle. */
uint32_t o_create(uint32_t *handle);
uint32_t o_copy(uint32_t from, uint32_t *handle);
uint32_t o_set(uint32_t handle);
uint32_t o_destroy(uint32_t handle);
uint32_t o_generate(uint32_t mechanism, uint32_t *handle);
uint32_t o_pair(uint32_t mechanism, struct attrs *public, struct attrs *private,
		uint32_t *public_handle, uint32_t *private_handle);
/* One attribute into @a (freed by the caller); its length or COFFER_ATTR_SENSITIVE, ... */
uint32_t o_get(uint32_t handle, uint32_t type, uint8_t *value, size_t room, uint32_t *len);
bool o_bool(uint32_t handle, uint32_t type);
uint64_t o_ulong(uint32_t handle, uint32_t type);
/* Handles that match the template; *cursor as in the command. */
uint32_t o_find(uint32_t max, uint64_t *cursor, uint32_t *handles, uint32_t *count);
uint32_t o_use(uint16_t opcode, uint32_t handle, uint32_t mechanism, const void *params,
	       size_t params_len, const void *data, size_t len, const void *sig, size_t sig_len);

#endif /* OBJECT_BENCH_H */
