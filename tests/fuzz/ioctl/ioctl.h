/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ioctl fuzzer: short programs of calls to /dev/cofferN, in a guest whose kernel has KCOV.
 *
 * A worker makes a program, or changes one that it kept, carries it out, and keeps it when it
 * reached a place in the driver that this worker had not seen. Beside each worker stands an aide
 * that does what has to come from another thread while a call is under way.
 */
#ifndef FUZZ_IOCTL_H
#define FUZZ_IOCTL_H

#include <semaphore.h>

#include "coffer_test.h"
#include "uring.h"

#undef alarm

/* ---- Programs (program.c) ------------------------------------------------------------- */

#define STEPS	10
#define SLOTS	4	/* descriptors of a program */

enum kind {
	K_OPEN, K_CLOSE, K_DUP, K_NONBLOCK, K_POLL, K_QUERY, K_EXEC, K_EVENTS, K_CANCEL, K_BATCH,
	K_URING, K_RING, K_ASIDE, K_FORK, K_OTHER, K_COUNT
};

enum place {	/* where a pointer points */
	P_GOOD, P_ODD, P_NULL, P_HOLE, P_EDGE, P_CONST, P_KERNEL, P_BENT, P_WRAP, P_OTHER, P_STRUCT,
	P_COUNT
};

enum aside { A_CLOSE, A_SIGNAL, A_RESTART, A_CANCEL, A_EXEC, A_RESET, A_QUERY, A_COUNT };

#define MODE_TAIL	0x80	/* bytes behind the struct that the kernel knows are not zero */
#define FIELD_NONE	0xff

/* One step. All that it does follows from these bytes; whatever they are, it is defined. */
struct step {
	__u8	kind;
	__u8	fd;
	__u8	to;
	__u8	mode;
	__u16	opcode;
	__u16	size;		/* of the struct */
	__u32	len;		/* of the request; or of other things that are counted */
	__u32	room;
	__u8	at;		/* enum place: the struct, request, reply */
	__u8	req;
	__u8	reply;
	__u8	field;		/* this word of the struct gets a boundary value, or FIELD_NONE */
	__u8	value;
	__u8	wide;
	__u16	delay;		/* us, for the aide */
	__u32	seed;		/* bytes of the request, cookie, how long the caller waits */
};

struct program {
	__u32		steps;
	struct step	step[STEPS];
};

#define PROGRAM_TEXT	(2 * sizeof(struct step) * STEPS + 1)

struct row {
	const char	*name;
	__u16		opcode;
	__u32		req_min;
	__u32		req_max;
	__u32		reply_max;
	__u32		timeout_ms;
};

const struct row *row_find(__u16 opcode);
__u64 boundary(unsigned int which);
__u32 dice(__u64 *rng);
void program_make(struct program *p, __u64 *rng);
void program_change(struct program *p, const struct program *other, __u64 *rng);
void program_write(const struct program *p, char *text);	/* PROGRAM_TEXT bytes of room */
int program_read(struct program *p, const char *text);		/* 0, or -1: not a program */

/* ---- Coverage (kcov.c) ---------------------------------------------------------------- */

#define PLACES	16384		/* more than there are in the driver; a power of two */

struct places {
	__u64		pc[PLACES];	/* 0: free */
	unsigned int	count;
};

struct kcov {
	int		fd;
	__u64		*area;
};

int kcov_open(struct kcov *k);		/* in any thread: 0 or -errno */
int kcov_start(struct kcov *k);		/* in the thread that is watched, once */
void kcov_clear(struct kcov *k);
unsigned int kcov_take(struct kcov *k, struct places *seen);	/* how many are new */
unsigned int places_add(struct places *all, const struct places *some);
int places_write(const struct places *all, const char *path, __u64 base);

/* ---- Carrying out (act.c, memory.c) --------------------------------------------------- */

struct memory {
	__u8	*at[P_COUNT];	/* of which P_GOOD is the request's */
	__u8	*reply;
	__u8	*args;		/* two pages, and nothing behind them */
	__u8	*rows;		/* room for a batch, or for rows and events */
};

/* A call under way, for the watchdog. */
struct watch {
	const char	*what;
	double		since;	/* 0: none */
	double		limit;	/* seconds */
};

struct worker {
	unsigned int	number;
	__u64		rng;
	pthread_t	thread;
	pthread_t	aide;
	struct memory	memory;
	struct memory	aide_memory;
	struct memory	ring_memory;
	struct kcov	kcov;
	struct kcov	aide_kcov;
	struct watch	watch;
	struct watch	aide_watch;
	int		slot[SLOTS];
	struct ring	ring;
	unsigned int	waiting;	/* commands in the ring */
	sem_t		go;
	sem_t		done;
	struct step	task;		/* the aide's */
	bool		busy;		/* the aide is */
	bool		ending;

	struct program	now;
	struct program	*kept;
	unsigned int	kept_count;
	struct places	seen;
	unsigned long	programs;
	unsigned long	calls;
	unsigned long	aide_calls;
	unsigned long	good;		/* calls that returned 0 */
};

extern unsigned int cards;		/* /dev/coffer0 ... */

int memory_make(struct memory *m);
__u64 memory_at(const struct memory *m, unsigned int place, __u8 *good, __u8 *other, __u32 len);

int worker_make(struct worker *w);	/* memory, ring, coverage: 0 or -errno */
void *aide_run(void *worker);
void program_run(struct worker *w);	/* w->now; at its end nothing of it is open */
double limit_of(__u16 opcode);		/* seconds that a command may take at most */

/* ---- What was found (main.c) ---------------------------------------------------------- */

void finding(const struct worker *w, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif /* FUZZ_IOCTL_H */
