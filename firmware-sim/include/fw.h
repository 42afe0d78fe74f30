/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The firmware of a card as a plain C library: no QEMU, no PCI, no globals, no I/O but the card
 * folder. Callers: the QEMU device, card-host, the inproc transport of libcoffer (tests only).
 */
#ifndef FW_H
#define FW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fw_card;

/* ---- Manufacture ---------------------------------------------------------------------- */

struct fw_create {
	const char *profile;		/* NULL = "coffer" */
	uint64_t serial;		/* 0 = random, 7 digits */
	const char *label;		/* NULL = none; at most 32 bytes */
	bool kdf_test;			/* cheap secret stretching, shown as TEST */
	bool ped;			/* multifactor authentication; -EINVAL: not this profile */
	bool limited;			/* no faster than its model; -EINVAL: not published */
	const char *root_key_file;	/* PEM; NULL = the public test root */
	const char *root_cert_file;	/* PEM; together with root_key_file */
};

/*
 * Make a card folder. Returns 0 or a negative errno, with one line for people in @err:
 * -EEXIST (the folder is there), -EINVAL (unknown profile, bad label), -EIO.
 * A failed call leaves no folder behind.
 */
int fw_card_create(const char *dir, const struct fw_create *how, char *err, size_t err_len);

/* A firmware image that updates cards to a profile (UPDATE.md). */
struct fw_image {
	const char *profile;
	uint32_t oldest;		/* firmware that it may be put on, [23:16].[15:8].[7:0] */
	const char *root_key_file;	/* PEM; NULL = the public test root */
	const char *root_cert_file;
};
/* 0 or a negative errno with one line in @err: -EINVAL, -EEXIST (the file is there), -EIO. */
int fw_image_create(const char *file, const struct fw_image *how, char *err, size_t err_len);

/* One row per profile, in order, until NULL. */
const char *fw_profile_name(unsigned int index);
const char *fw_profile_text(unsigned int index);

/* One-file form of a card that is switched off. The same errors; -EBUSY when it is in use. */
int fw_card_export(const char *dir, const char *file, char *err, size_t err_len);
int fw_card_import(const char *file, const char *dir, char *err, size_t err_len);

/* ---- Power ----------------------------------------------------------------------------- */

/* An event for poll, netlink and monitor. Called from firmware threads; must not block. */
struct fw_event {
	uint64_t seq;			/* from 1, consecutive within a power cycle */
	uint64_t time_ms;
	uint64_t arg;
	uint32_t partition;
	uint16_t type;			/* enum coffer_event_type */
};
typedef void fw_event_fn(void *opaque, const struct fw_event *event);

struct fw_open {
	unsigned int workers;		/* 0 = number of processors, at most 8 */
	unsigned int max_in_flight;	/* 0 = 1024, one owner half; more: fw_submit says -EBUSY */
	fw_event_fn *event;		/* may be NULL */
	void *event_opaque;
	const char *ped;		/* folder of the PED; NULL: DIR/ped where it exists */
	/* Test hooks, 0 in the product. */
	uint64_t power_cut_at_write;	/* die (store refuses everything) at the n-th store write */
	const char *broken_test;	/* SELF_TEST finds this one broken; "use:NAME": a test
					 * breaks where it is used. Read at each run.
					 */
	uint64_t audit_limit;		/* instead of COFFER_AUDIT_LIMIT */
	const uint64_t *uptime_ahead_ms; /* added to the uptime, so that tests need not wait */
	uint64_t off_longer_ms;		/* added to how long the card was without power */
};

/*
 * Power a card on. -EBUSY: another process has it; -EBADMSG: corrupt or not a card;
 * -ENOTSUP: made by a newer version; -ESTALE: the store is older than nv (roll-back);
 * -ENOENT. One line for people in @err. The thread that opens a card closes it too: OpenSSL keeps
 * state of the card's library context in that thread.
 */
int fw_card_open(const char *dir, const struct fw_open *how, struct fw_card **card,
		 char *err, size_t err_len);

/* Power off: waits for running commands, ends the rest with ST_DEVICE_REMOVED, closes cleanly. */
void fw_card_close(struct fw_card *card);

/*
 * The tamper input. Durable when it returns; does not wait for commands: those that run end
 * with HSM_TAMPERED. From then on the card does not use its keys until TAMPER_CLEAR; with HSM
 * policy 40 (decommission on tamper) they are destroyed.
 */
void fw_card_tamper(struct fw_card *card);
bool fw_card_tampered(const struct fw_card *card);
/*
 * The same for a card that is switched off. The errors of fw_card_open. With 0, @err says what else
 * is to be known: that power-on clears the latch, where HSM policy 48 is off or not known.
 */
int fw_card_tamper_off(const char *dir, char *err, size_t err_len);
/*
 * The decommission input: the card key is destroyed, durably when it returns true, and with it
 * everything that it sealed. False: HSM policy 46 disables it, or nv cannot be written. HSM_INIT,
 * HSM_ZEROIZE or power-on removes what is left of the old contents. _off: the card is switched
 * off; -EPERM for the policy.
 */
bool fw_card_decommission(struct fw_card *card);
int fw_card_decommission_off(const char *dir, char *err, size_t err_len);

uint64_t fw_card_serial(const struct fw_card *card);
uint32_t fw_card_fw_version(const struct fw_card *card);

/* ---- Commands -------------------------------------------------------------------------- */

struct fw_request {
	uint64_t owner;			/* 0 only for OWNER_OPEN and commands without a session */
	uint64_t tag;			/* name for fw_cancel, unique among those in flight */
	uint16_t opcode;
	bool from_driver;		/* may be a COFFER_CF_DRIVER opcode */
	uint32_t req_len;
	uint32_t reply_room;
	const void *req;		/* both stay the caller's and must live until done() */
	void *reply;
};

/*
 * done() is called exactly once per accepted request, from a firmware thread, in any order,
 * after the command's changes are durable. reply[0 .. reply_len) is written before.
 */
typedef void fw_done_fn(void *opaque, uint32_t verdict, uint32_t reply_len);

/* 0 or -EBUSY (too many in flight; done() will not be called). Never waits. */
int fw_submit(struct fw_card *card, const struct fw_request *request,
	      fw_done_fn *done, void *opaque);

/* fw_submit and wait. Returns the verdict; *reply_len starts as 0. */
uint32_t fw_exec(struct fw_card *card, const struct fw_request *request, uint32_t *reply_len);

/* Ask the command to end early with ST_CANCEL. It may be too late. */
void fw_cancel(struct fw_card *card, uint64_t tag);

/*
 * Controller enable, FLR, system reset: every owner, session, login and cloning context ends.
 * Returns at once; commands in flight of old owners end as they can. Ids are not reused.
 */
void fw_end_owners(struct fw_card *card);

/* Commands answered since power-on. */
uint64_t fw_command_count(const struct fw_card *card);

#endif /* FW_H */
