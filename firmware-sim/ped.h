/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The PED as the card sees it. ped.c reads and writes its keys, ped_wait.c knows which keys a
 * command needs and waits for them, before the command enters any gate. See PED.md.
 */
#ifndef FW_PED_H_INSIDE
#define FW_PED_H_INSIDE

#include "card.h"
#include "ped_file.h"
#include "pool.h"

/* What a key is for: this decides what is made of its secret. */
enum ped_use { PED_USE_ROLE, PED_USE_DOMAIN, PED_USES };

struct ped_want {
	bool wanted;
	bool imprint;			/* a blank key gets a secret; else it does not count */
	bool renew;			/* its secret is replaced when the command succeeds */
	bool import;			/* into a card without a PED of its own: only locally */
	uint32_t color;			/* enum coffer_ped_color that is asked for */
	uint32_t also;			/* taken first where it is there; 0: no other */
	const char *whose;		/* for the prompt */
};

/* What a command gets from the PED; wiped with it. */
struct ped_keys {
	struct ped_want want[PED_USES];
	bool there[PED_USES];
	uint8_t value[PED_USES][KEY_LEN];
	/* renew: the value to come, and the file that will hold its key. */
	uint8_t next[KEY_LEN];
	char *path;
	char *prepared;
};

/* ped.c */
bool ped_folder(const struct fw_card *card, char folder[PED_PATH]);	/* false: unplugged */
bool ped_remote(const char *folder);		/* a remote PED daemon has it */
/* OK; PED_NOT_YET with what the PED shows in @prompt; PED_ERROR, DEVICE_ERROR. */
uint32_t ped_take(struct fw_card *card, const char *folder, struct ped_keys *k,
		  enum ped_use use, char prompt[PED_PROMPT]);

#endif /* FW_PED_H_INSIDE */
