/* SPDX-License-Identifier: BSD-3-Clause */
/* The state that nv.c keeps and nv_file.c writes. */
#ifndef FW_NV_INTERNAL_H
#define FW_NV_INTERNAL_H

#include "nv.h"

#define NV_SLOT_ROOM	(16 * 1024)
#define COUNTERS_MAX	1024		/* 16 bytes each at most */
#define CLONE_COUNTERS_MAX 128

struct attempt {
	uint32_t part;
	uint16_t role;
	uint16_t count;
};

struct clone_count {
	uint32_t part;
	uint32_t count;
};

struct nv_state {
	uint64_t sequence;
	uint64_t commit_mark;
	enum nv_clear pending;
	uint8_t key[KEY_LEN];
	bool has_life_key;
	bool tampered;
	bool clock_wanted;		/* updated from firmware without CPv4 */
	uint8_t life_key[KEY_LEN];
	uint64_t audit_mark;
	uint32_t fw_version;		/* highest that it was updated to; 0: never */
	char profile[PROFILE_NAME_MAX + 1];	/* in force; empty: that of manufacture */
	char update_from[PROFILE_NAME_MAX + 1];	/* not empty: an update is to be finished */
	uint32_t attempts;
	uint32_t clones;
	struct attempt attempt[COUNTERS_MAX];
	struct clone_count clone[CLONE_COUNTERS_MAX];
};

struct nv {
	int fd;
	pthread_mutex_t lock;
	struct nv_factory factory;	/* constant */
	struct nv_state s;		/* under lock */
	uint32_t erasures;		/* since power-on; under lock */
	uint8_t buffer[NV_SLOT_ROOM];
};

/* Write the next state into the slot that is not in force: durable at 0. Under lock. */
int nv_save(struct nv *nv);

#endif /* FW_NV_INTERNAL_H */
