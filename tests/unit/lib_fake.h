/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cards for tests that have no firmware: a server of frames on two descriptors whose behaviour a
 * test chooses, and a transport whose every reply a test makes up.
 */
#ifndef LIB_FAKE_H
#define LIB_FAKE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib.h"
#include "stream_io.h"

/* ---- A server of frames -------------------------------------------------------------------- */

struct fake;
/* Carries out one command; answers with fake_reply(), later, or not at all. false: hang up. */
typedef bool fake_fn(struct fake *fake, const struct coffer_frame_req *head, const uint8_t *req);

struct fake {
	int in_fd, out_fd;
	fake_fn *handle;
	void *opaque;
	bool rude;			/* the handler gets the hello too */
	bool obeys;			/* answers what is cancelled, with verdict CANCEL */
	unsigned int cancels;		/* CANCEL frames seen */
	pthread_t thread;
};

/* Serve until the end of file; what a program that stands in for ssh or card-host does. */
void fake_serve(struct fake *fake);
/* The same in a thread, on one end of a socket pair; the other end is returned. */
int fake_start(struct fake *fake, fake_fn *handle, void *opaque);
void fake_join(struct fake *fake);
void fake_reply(struct fake *fake, uint32_t tag, uint32_t verdict, int error, const void *data,
		uint32_t len);
void fake_raw(struct fake *fake, const void *data, size_t len);

/* ECHO answers with its payload, everything else with FUNCTION_NOT_SUPPORTED. */
fake_fn fake_echo;

/* ---- A transport ---------------------------------------------------------------------------- */

struct fake_card;
/* 0 or -errno; fills *verdict and as much of reply[0 .. *reply_len) as it says in *reply_len. */
typedef int fake_exec_fn(struct fake_card *card, uint16_t opcode, const uint8_t *req,
			 size_t req_len, uint8_t *reply, size_t *reply_len, uint32_t *verdict);

struct fake_card {
	struct transport base;
	fake_exec_fn *exec;
	void *opaque;
	uint64_t epoch;
	unsigned int execs;
	uint64_t cookie;		/* of the last command */
	uint64_t cancelled;		/* ... and of the last cancel */
	bool closed;
};

/* A context over the cards given; close it with coffer_close(). */
struct coffer *fake_context(struct fake_card *cards[], unsigned int count);

/* Builders for replies. */
size_t fake_rows(uint8_t *reply, const void *rows, size_t row_size, uint32_t count);

/* ---- Conformance ---------------------------------------------------------------------------- */

/* ECHO; 0, -errno, or -EBADMSG when it was answered with something else. */
int fake_ask(struct transport *t, const void *data, size_t len, unsigned int timeout_ms);
/* What every transport has to pass, over a card that knows ECHO. */
void fake_conform(struct transport *t);

#endif /* LIB_FAKE_H */
