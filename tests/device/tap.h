/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cases and their results. A case runs in a process of its own and ends at its first failure. */
#ifndef TAP_H
#define TAP_H

#include <stdint.h>

struct test_case {
	const char *name;
	void (*run)(void);
};

/* One list per file, each ends with a NULL name. */
extern const struct test_case identity_cases[], register_cases[], ring_cases[], payload_cases[],
	irq_cases[], event_cases[], reset_cases[], fault_cases[], host_cases[], abuse_cases[],
	reach_cases[], sweep_cases[], port_cases[], knob_cases[], evil_cases[], race_cases[],
	shadow_cases[], signal_cases[];

void tap_fail(const char *file, int line, const char *format, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define CHECK(cond) \
	do { \
		if (!(cond)) \
			tap_fail(__FILE__, __LINE__, "%s", #cond); \
	} while (0)

#define CHECK_EQ(got, want) \
	do { \
		uint64_t got_ = (uint64_t)(got), want_ = (uint64_t)(want); \
		if (got_ != want_) \
			tap_fail(__FILE__, __LINE__, "%s is 0x%lx, not 0x%lx", #got, got_, want_); \
	} while (0)

#endif
