/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Contract 1: what the silicon of a Coffer card looks like from the PCIe bus.
 *
 * BAR0 registers, queue entries, transport status. Included by the driver and by the
 * QEMU device; prose, reset values and a worked example are in qemu-device/SPEC.md.
 *
 * All registers are little-endian. 32-bit registers take aligned 4-byte accesses; a 64-bit
 * register may be accessed as one aligned 8-byte access or as two 4-byte halves.
 * Anything else reads as zero and is ignored on write.
 */
#ifndef _COFFER_REGS_H
#define _COFFER_REGS_H

#include <linux/types.h>

#include "coffer_pci.h"

/* ---- BARs --------------------------------------------------------------------------- */
#define COFFER_BAR_REGS			0	/* 32 KiB, 64-bit, non-prefetchable */
#define COFFER_BAR_REGS_SIZE		0x8000
#define COFFER_BAR_MSIX			4	/* MSI-X table and PBA */

/* ---- Register map of BAR0 ------------------------------------------------------------ */
#define COFFER_REG_ID			0x000	/* RO  COFFER_ID_VALUE; all-ones: card is gone */
#define COFFER_REG_VERSION		0x004	/* RO  [31:16] major, [15:0] minor of this map */
#define COFFER_REG_CAP0			0x008	/* RO  queues */
#define COFFER_REG_CAP1			0x00c	/* RO  payload */
#define COFFER_REG_CTRL			0x010	/* RW  */
#define COFFER_REG_STATUS		0x014	/* RO  */
#define COFFER_REG_GENERATION		0x018	/* RO  counts resets of this function */
#define COFFER_REG_ABORT		0x01c	/* WO  [31:16] queue, [15:0] tag index */
#define COFFER_REG_SERIAL		0x020	/* RO  64 bit, the card's serial number */
#define COFFER_REG_FW_VERSION		0x028	/* RO  [23:16] major [15:8] minor [7:0] patch */
#define COFFER_REG_ABORT_GEN		0x02c	/* RW  [15:0] tag generation for the next ABORT */
#define COFFER_REG_CAP2			0x030	/* RO  extensions; 0 before version 1.1 */
#define COFFER_REG_EVQ_BASE		0x040	/* RW  64 bit, event ring; 32-byte aligned */
#define COFFER_REG_EVQ_SIZE		0x048	/* RW  entries, power of two, 2 .. 4096 */
#define COFFER_REG_EVQ_HEAD		0x04c	/* RW  consumer index, free running */
#define COFFER_REG_EVQ_DROPPED		0x050	/* RO  events lost since enable, saturating */

/* One block of registers per queue pair, n = 0 .. CAP0.QUEUES - 1. */
#define COFFER_REG_QUEUE(n)		(0x100 + (n) * 0x40)
#define COFFER_Q_SQ_BASE		0x00	/* RW  64 bit, 64-byte aligned */
#define COFFER_Q_CQ_BASE		0x08	/* RW  64 bit, 16-byte aligned */
#define COFFER_Q_SIZE			0x10	/* RW  entries of both rings, 2^n */
#define COFFER_Q_VECTOR			0x14	/* RW  MSI-X vector of the completion queue */
#define COFFER_Q_CTRL			0x18	/* RW  bit 0: enable, latches the rest */
#define COFFER_Q_COALESCE		0x1c	/* RW  [7:0] completions, [31:16] us */
#define COFFER_Q_COUNT_CMD		0x20	/* RO  entries fetched since enable (wraps) */
#define COFFER_Q_COUNT_IRQ		0x24	/* RO  interrupts sent since enable (wraps) */
#define COFFER_Q_SHADOW			0x28	/* RW  64 bit, struct coffer_shadow; 0: none */

/* Doorbells. A tail or head is an index into the ring, not free running. */
#define COFFER_REG_SQ_TAIL(n)		(0x1000 + (n) * 8)	/* WO */
#define COFFER_REG_CQ_HEAD(n)		(0x1004 + (n) * 8)	/* WO */

#define COFFER_ID_VALUE			0x52464f43	/* "COFR" */
#define COFFER_REGS_VERSION		0x00010001	/* 1.1 */

/* CAP0 */
#define COFFER_CAP0_ENTRIES(v)		((((v) >> 0) & 0xffff) + 1)	/* largest ring */
#define COFFER_CAP0_QUEUES(v)		(((v) >> 16) & 0xff)		/* queue pairs */
#define COFFER_CAP0_READY_MS(v)		((((v) >> 24) & 0xff) * 500)	/* worst time to READY */
#define COFFER_MAX_QUEUES		16
#define COFFER_MAX_ENTRIES		1024
/* CAP1 */
#define COFFER_CAP1_PAYLOAD(v)		(((v) & 0xffff) * 1024)	/* bytes, each direction */
#define COFFER_CAP1_SEGMENTS(v)		(((v) >> 16) & 0xff)	/* list entries, each direction */
#define COFFER_CAP1_VECTORS(v)		(((v) >> 24) & 0xff)	/* MSI-X vectors */
#define COFFER_MAX_PAYLOAD		(64 * 1024)
#define COFFER_MAX_SEGMENTS		32
/* CAP2 */
#define COFFER_CAP2_SHADOW		(1u << 0)	/* queues can have a shadow */

/* CTRL. ENABLE 0 -> 1 starts the controller; 1 -> 0 resets it. READY follows ENABLE. */
#define COFFER_CTRL_ENABLE		(1u << 0)

/* STATUS */
#define COFFER_STATUS_READY		(1u << 0)	/* commands are taken */
#define COFFER_STATUS_FATAL		(1u << 1)	/* see reason; only a reset helps */
#define COFFER_STATUS_FW_DOWN		(1u << 2)	/* no firmware behind the device */
#define COFFER_STATUS_REASON(v)		(((v) >> 16) & 0xff)

/* Why FATAL is set: what the host did wrong, or what broke on the card. */
enum coffer_fatal {
	COFFER_FATAL_NONE		= 0,
	COFFER_FATAL_BAD_DOORBELL	= 1,	/* index outside the ring, or more than it holds */
	COFFER_FATAL_BAD_QUEUE		= 2,	/* enabled with a bad base, size or vector */
	COFFER_FATAL_RING_DMA		= 3,	/* the bus refused a ring access */
	COFFER_FATAL_BAD_EVQ		= 4,	/* event ring base, size or head out of range */
	COFFER_FATAL_FIRMWARE		= 5,	/* the firmware stopped */
	COFFER_FATAL_INJECTED		= 6,	/* a fault knob asked for it */
};

/* MSI-X: vector 0 carries events and FATAL; queues choose theirs. */
#define COFFER_VECTOR_EVENTS		0

/* ---- Submission entry ----------------------------------------------------------------- */

/* One piece of a payload. A list of them is read once, before its data. */
struct coffer_seg {
	__le64	addr;
	__le32	len;		/* bytes, 1 .. CAP1.PAYLOAD */
	__le32	reserved;	/* 0 */
};

/*
 * A payload of `len` bytes: with `segs` == 0 there is none (len 0), with 1 `addr` is the
 * address of the data, with more `addr` is the address of an array of struct coffer_seg
 * whose lengths add up to exactly `len`.
 */
struct coffer_sqe {
	__le16	opcode;		/* contract 2; opaque to the device */
	__le16	flags;		/* 0 */
	__le32	tag;		/* [15:0] index, [31:16] generation; returned as it is */
	__le64	owner;		/* on whose behalf; set by the driver only */
	__le32	req_len;	/* bytes of request, 0 .. CAP1.PAYLOAD */
	__le32	reply_len;	/* bytes of room for the reply, 0 .. CAP1.PAYLOAD */
	__le64	req_addr;
	__le64	reply_addr;
	__le16	req_segs;
	__le16	reply_segs;
	__le32	reserved0;	/* 0 */
	__le64	reserved1[2];	/* 0 */
};

#define COFFER_TAG(index, gen)		((((__u32)(gen) & 0xffff) << 16) | ((index) & 0xffff))
#define COFFER_TAG_INDEX(tag)		((tag) & 0xffff)
#define COFFER_TAG_GEN(tag)		(((tag) >> 16) & 0xffff)

/* ---- Completion entry ----------------------------------------------------------------- */

/*
 * The device writes bytes 0..7 first, then bytes 8..15 in one aligned 8-byte store: an entry
 * whose phase is new is whole. `verdict` is the firmware's status (contract 2) and means
 * something only when `status` is COFFER_TS_OK.
 */
struct coffer_cqe {
	__le32	verdict;
	__le32	reply_len;	/* bytes written, at most the room given */
	__le32	tag;
	__le16	status;		/* enum coffer_tstatus */
	__le16	phase;		/* bit 0; 1 in the first pass over the ring, then alternating */
};

#define COFFER_CQE_PHASE		0x0001

/* Transport status: what happened to the command on its way, never what the card thinks of it. */
enum coffer_tstatus {
	COFFER_TS_OK			= 0,	/* the firmware answered: see verdict */
	COFFER_TS_BAD_FIELD		= 1,	/* a reserved field or flag is not zero */
	COFFER_TS_BAD_LENGTH		= 2,	/* a length or segment count is out of range */
	COFFER_TS_DMA_REQ		= 3,	/* request or its list could not be read */
	COFFER_TS_DMA_REPLY		= 4,	/* reply not written; it took effect */
	COFFER_TS_ABORTED		= 5,	/* ABORT came before the firmware began */
	COFFER_TS_FW_DOWN		= 6,	/* no firmware */
	COFFER_TS_BUSY			= 7,	/* the firmware's queue is full: try again */
};

/* ---- Shadow of a queue pair ------------------------------------------------------------ */

/*
 * Indices of both rings in memory, so that neither side has to ring for each entry. Software
 * writes the first half only, the device the second half only. Zeroed before the queue is
 * enabled. An event is the index of an entry; the other side tells when it has written that
 * one. An index that is not in the ring stands for none.
 */
struct coffer_shadow {
	__le32	sq_tail;	/* behind the last entry that software has written */
	__le32	cq_head;	/* first completion that software has not taken */
	__le32	cq_event;	/* interrupt when this completion has been written; none: soon */
	__le32	reserved0[13];	/* 0 */
	__le32	sq_event;	/* write SQ_TAIL when this entry has been written */
	__le32	reserved1[15];
};

#define COFFER_NO_EVENT			0xffffffffu
#define COFFER_SHADOW_ALIGN		128
#define COFFER_SHADOW_POLL_US		50	/* from one look of a busy device to the next */
#define COFFER_SHADOW_POLLS		16	/* looks that find nothing; then it wants a bell */
#define COFFER_SHADOW_POLLS_SOON	64	/* ... when cq_event is COFFER_NO_EVENT */
#define COFFER_COALESCE_STRETCH		16	/* times COALESCE.us, while completions go on */

/* ---- Event ring entry ------------------------------------------------------------------ */

/*
 * Written like a completion: bytes 0..23 first, then the last 8 in one store. The phase is 1
 * in the first pass. Numbers are consecutive; a gap shows that events were lost.
 */
struct coffer_evt {
	__le64	seq;		/* number of the event, from 1 in each power cycle */
	__le64	time_ms;	/* card clock, milliseconds since 1970 */
	__le64	arg;		/* contract 2, by type */
	__le32	partition;	/* partition id, 0 = the card */
	__le16	type;		/* enum coffer_event_type, contract 2 */
	__le16	phase;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct coffer_seg) == 16, "coffer_seg");
_Static_assert(sizeof(struct coffer_sqe) == 64, "coffer_sqe");
_Static_assert(sizeof(struct coffer_cqe) == 16, "coffer_cqe");
_Static_assert(sizeof(struct coffer_evt) == 32, "coffer_evt");
_Static_assert(sizeof(struct coffer_shadow) == 128, "coffer_shadow");
_Static_assert(__builtin_offsetof(struct coffer_shadow, sq_event) == 64, "coffer_shadow.sq_event");
_Static_assert(__builtin_offsetof(struct coffer_sqe, req_addr) == 24, "coffer_sqe.req_addr");
_Static_assert(__builtin_offsetof(struct coffer_sqe, reserved1) == 48, "coffer_sqe.reserved1");
_Static_assert(__builtin_offsetof(struct coffer_cqe, tag) == 8, "coffer_cqe.tag");
_Static_assert(__builtin_offsetof(struct coffer_evt, partition) == 24, "coffer_evt.partition");
#endif

#endif /* _COFFER_REGS_H */
