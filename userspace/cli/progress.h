/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One line on standard error that shows how far a long run is. It is drawn again a few times a
 * second, as wide as the terminal is then, and is gone afterwards: at the end, before a message, at
 * control-C.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The line itself, at most @width columns wide: bar, per cent, numbers, rate, time that is left.
 * What there is no room for is left out. @total 0: nobody knows. Returns @out.
 */
const char *progress_text(const char *verb, size_t done, size_t total, int64_t elapsed_ms,
			  int width, char *out, size_t room);

/* Does nothing unless standard error is a terminal that can do it. @verb lives on: "Cloning". */
void progress_begin(const char *verb, size_t total, bool json);
void progress_set(size_t done);
/* Once it is known. */
void progress_total(size_t total);
void progress_end(void);

/* Around a message to standard error. */
void progress_hide(void);
void progress_unhide(void);

#endif /* CLI_PROGRESS_H */
