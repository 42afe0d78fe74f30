/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who may ask what of the card, and when, as the documentation says it (behaviour.md sections 1
 * to 5 and 10, the contract's comments). Written by hand, apart from the product: nothing here
 * is expanded from the command table, so that a wrong row there is found.
 */
#ifndef FW_MATRIX_H
#define FW_MATRIX_H

#include "fw_core.h"
#include "wire.h"

/* Where a command's session has to be. */
enum matrix_place { NO_SESSION, ON_CARD, ON_PART, ON_BOTH };

/* Marks of a row. */
#define INIT	0x001	/* the partition has to be initialised */
#define RW	0x002	/* wants a read/write session */
#define OLD_PIN	0x004	/* goes with an initial password that has to be changed */
#define FAILED	0x008	/* goes after a failed self-test */
#define TAMPER	0x010	/* goes on a tampered card */
#define STORES	0x020	/* is refused while an erasure waits to be finished ... */
#define FINISH	0x040	/* ... but for this one, on the card itself */
#define FIRST	0x080	/* nobody may do it, but only what is not initialised */
#define DRIVER	0x100	/* not for users */
#define SICK	(FAILED | TAMPER)

struct matrix_row {
	const char *name;
	uint16_t opcode;
	uint16_t size;		/* of the shortest request */
	enum matrix_place place;
	const char *who;	/* n nobody, S HSM SO, P partition SO, O CO, L LCO, U CU, A */
	unsigned int marks;
	uint32_t bad;		/* what its handler says to a request of ones */
};

extern const struct matrix_row matrix_rows[];
extern const unsigned int matrix_row_count;
const struct matrix_row *matrix_row(uint16_t opcode);

/* ---- What a partition, or its card, may be like ------------------------------------------- */
#define S_NEW		0x0001	/* nothing is initialised */
#define S_PLAIN		0x0002
#define S_BACKUP	0x0004	/* a backup card's partition */
#define S_OLD		0x0008	/* firmware without domains and suites */
#define S_NO_HSM_7	0x0010	/* HSM policy 7, cloning, is off */
#define S_NO_0_4	0x0020	/* partition policies 0 and 4, cloning of keys, are off */
#define S_NO_28		0x0040	/* policy 28, key management, is off */
#define S_DOMAINS	0x0080	/* policy 44, extended domains, is on */
#define S_CPV1		0x0100	/* policy 42, CPv1 only, is on */
#define S_FIPS		0x0200	/* HSM policy 12, or policy 43 of the partition, is off */
#define S_TAMPERED	0x0400
#define S_FAILED	0x0800	/* a self-test */
#define S_ERASING	0x1000	/* an erasure waits to be finished */
#define S_NO_PO		0x2000	/* before 6.22: the HSM SO stands in for a Partition SO */

/* ---- Requests that are in order --------------------------------------------------------------
 * What comes of them depends on policies and kind of the partition. They leave nothing behind.
 */
struct matrix_probe {
	const char *name;
	uint16_t opcode;
	void (*build)(struct wire_out *out);	/* behind the session; NULL: a zero */
	uint32_t code;
	uint32_t on_card;			/* on the admin partition, where it differs */
	struct {
		unsigned int scenes;
		uint32_t code;
	} but[3];				/* the first that fits counts */
	bool opens;				/* a clone context, to be closed again */
};

extern const struct matrix_probe matrix_probes[];
extern const unsigned int matrix_probe_count;

/* ---- Scenes (fw_matrix_cast.c) ------------------------------------------------------------ */

#define ASKERS		128

/* Who asks, and from where. */
struct asker {
	char text[64];
	uint64_t owner;
	uint32_t session;
	bool no_owner;		/* 0, or one that is not there */
	bool no_session;	/* closed, another owner's, or none */
	bool on_card, rw, initialised, old_pin;
	char role;		/* letter of fw_matrix.h */
};

struct scene {
	const char *name;
	const char *profile;
	unsigned int kind;		/* S_* */
	void (*change)(struct bench *b, struct scene *s);	/* before anybody logs in */
	void (*befall)(struct bench *b, struct scene *s);	/* when everybody is there */
	uint32_t admin, app;		/* sessions of the one who sets up */
	struct asker askers[ASKERS];
	unsigned int count;
};

extern struct scene scenes[];
extern const unsigned int scene_count;
/* A card like that, with everybody logged in; ends with bench_close. */
void scene_begin(struct bench *b, struct scene *s);

#endif /* FW_MATRIX_H */
