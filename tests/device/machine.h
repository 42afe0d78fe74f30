/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A machine without a guest: an emulator that this process starts and drives, access by access,
 * over the qtest protocol, and manages over QMP. A machine that dies or is silent fails the case.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct machine {
	pid_t pid;
	int qtest;			/* sockets */
	int qmp;
	char line[300 * 1024];		/* the last answer of qtest */
	size_t line_len;
	char said[64 * 1024];		/* the last answer of QMP */
	char events[64 * 1024];		/* of QMP, that came before somebody waited for them */
	char log[256];			/* file with the emulator's standard error */
};

/* Cards and folders that the runner has prepared; see tests/device/run. */
extern const char *qemu_path;
extern const char *card_dir[4];		/* good cards, each of its own */
extern const char *work_dir;		/* for what a case makes itself */

/* @devices: NULL-terminated list of further arguments. */
struct machine *machine_start(const char *const devices[]);
void machine_stop(struct machine *m);	/* asks it to quit; fails when it does not end well */
/* Start an emulator that must refuse; returns what it said, one line, or fails. */
const char *machine_refusal(const char *const devices[]);

uint64_t mem_in(struct machine *m, uint64_t addr, unsigned int size);
void mem_out(struct machine *m, uint64_t addr, unsigned int size, uint64_t value);
void mem_read(struct machine *m, uint64_t addr, void *buf, size_t len);
void mem_write(struct machine *m, uint64_t addr, const void *buf, size_t len);
void mem_fill(struct machine *m, uint64_t addr, uint8_t value, size_t len);
/* Several register writes in one packet: the emulator does nothing else between them. */
void mem_out2(struct machine *m, uint64_t a1, uint32_t v1, uint64_t a2, uint32_t v2);
/*
 * Many accesses of 1, 2, 4 or 8 bytes in one go; what reads return is put into @value. Far
 * quicker than one by one: nobody waits for each answer.
 */
struct access {
	uint64_t addr, value;
	uint8_t size;
	bool read;
};

void mem_many(struct machine *m, struct access *a, size_t n);
void clock_step_us(struct machine *m, uint64_t us);

uint32_t port_in(struct machine *m, uint16_t port);
void port_out(struct machine *m, uint16_t port, uint32_t value);

/* One QMP command, as JSON without the outer braces; returns the answer. */
const char *qmp(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void qmp_ok(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void qmp_wait_event(struct machine *m, const char *name);
/* qom-set of a property of device @id. */
void knob(struct machine *m, const char *id, const char *name, const char *json);

#endif
