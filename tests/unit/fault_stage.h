/* SPDX-License-Identifier: BSD-3-Clause */
/* For the sweeps of faults: a card in order, and everybody there with a session of their own. */
#ifndef FAULT_STAGE_H
#define FAULT_STAGE_H

#include "fault.h"
#include "fw_core.h"

#define LCO_PIN		"lco password"
#define AU_PIN		"au password"

extern struct stage {
	uint64_t owner[COFFER_ROLE_COUNT];
	uint32_t session[COFFER_ROLE_COUNT];
	uint32_t key;			/* an AES key, private, of the token */
	uint32_t pub, priv;		/* an EC pair */
} stage;

/* Initialises card and partition, with two domains and the keys above; then logs in. */
void stage_set(struct bench *b);
/* Owners, sessions and logins of all roles, after power-on. */
void everybody_logs_in(struct bench *b);

struct wire {
	uint8_t buf[1024];
	struct wire_out out;
};

struct wire *wire_new(struct wire *w, uint32_t session);
size_t blob_begin(struct wire_out *out);
void blob_end(struct wire_out *out, size_t at);
uint32_t send_as(struct bench *b, enum coffer_role role, uint16_t opcode, struct wire *w);
/* The role's session, then these. */
uint32_t words(struct bench *b, enum coffer_role role, uint16_t opcode, size_t n,
	       const uint32_t *w);
#define WORDS(b, role, opcode, ...) \
	words(b, COFFER_ROLE_##role, COFFER_CMD_##opcode, \
	      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t), \
	      (const uint32_t[]){ __VA_ARGS__ })
/* {role; blob pin} */
uint32_t pin_as(struct bench *b, enum coffer_role who, uint16_t opcode, uint32_t role,
		const char *pin);
uint32_t aes_make(struct bench *b, bool token);
uint32_t pair_make(struct bench *b, bool token);
/* {flags; blob label; blob more, unless NULL} by the Partition SO */
uint32_t domain_ask(struct bench *b, uint16_t opcode, uint32_t flags, const char *label,
		    const char *more);

#endif /* FAULT_STAGE_H */
