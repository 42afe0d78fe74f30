/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Contract 3: the character device /dev/cofferN.
 *
 * Every ioctl takes a pointer to a struct whose first field is its size in bytes. A caller may
 * pass a shorter or longer struct than the kernel knows: missing bytes are zero, extra bytes
 * must be zero (else -E2BIG). The number encodes no size.
 *
 * errno tells the story of the transport; the card's verdict is a field of its own and says
 * something only when the ioctl returned 0:
 *   EFAULT     a pointer is bad
 *   E2BIG      the struct is larger than this kernel knows and its tail is not zero
 *   EINVAL     size too small, unknown flag, reserved field not zero, length out of range
 *   EOPNOTSUPP no such opcode in this driver's command table
 *   EPERM      the opcode is for the driver alone, or the descriptor is not open for writing
 *   EBUSY      the card's queue is full, or this open file holds its share of it (O_NONBLOCK).
 *              The share is half of a queue, of EXEC, BATCH and io_uring together
 *   ENOMEM     no memory for the command, or the bus could not map it
 *   ENOENT     CANCEL: no command of this descriptor with that cookie is waiting
 *   EINTR      a signal came before the card had the command: nothing was carried out; or the
 *              caller was killed while the card had it
 *   ETIMEDOUT  the card did not answer in time: the command was aborted, or the card reset; or
 *              its firmware had no room for the command all that time
 *   EIO        the card broke the protocol, could not reach memory, or has FAILED for good
 *   ECANCELED  a reset took the command away; whether it was carried out is not known
 *   EAGAIN     the card is being reset (O_NONBLOCK); else the call waits for the reset's end
 *   ENODEV     the card is gone; this descriptor is of no more use
 *   ENOTTY     unknown ioctl
 *
 * io_uring: IORING_OP_URING_CMD with cmd_op COFFER_IOC_EXEC and a struct coffer_exec in the
 * command area of an entry of 128 bytes. Request and reply are read and written in the memory
 * of the task that submits, and both have to stay until the completion: what would have to wait
 * is carried out by a worker, later. The completion, of 32 bytes, has 0 or a negative errno in
 * res; after 0, big_cqe[0] is COFFER_URING_RESULT, else 0, as big_cqe[1] always is. Errors beyond
 * those of EXEC:
 *   EOPNOTSUPP the ring was not made with IORING_SETUP_SQE128 and IORING_SETUP_CQE32, or was
 *              made with IORING_SETUP_IOPOLL
 *   EINVAL     an IORING_URING_CMD_ flag is set: there are no fixed buffers
 *   ENOTTY     cmd_op is not COFFER_IOC_EXEC
 *   ECANCELED  also: the task ended before its reply could be copied out
 * CANCEL ends such commands as it ends those of EXEC; one that io_uring itself keeps in a queue,
 * because many wait for a slot, is io_uring's to cancel (IORING_OP_ASYNC_CANCEL). Commands are
 * cancelled when the process that submitted them dies, and with Linux 6.7 and newer when its
 * ring is closed.
 */
#ifndef _UAPI_LINUX_COFFER_H
#define _UAPI_LINUX_COFFER_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define COFFER_IOC_MAGIC		0xC5

#define COFFER_IOC_QUERY		_IO(COFFER_IOC_MAGIC, 0x00)
#define COFFER_IOC_EXEC			_IO(COFFER_IOC_MAGIC, 0x01)
#define COFFER_IOC_EVENTS		_IO(COFFER_IOC_MAGIC, 0x02)
#define COFFER_IOC_CANCEL		_IO(COFFER_IOC_MAGIC, 0x03)
#define COFFER_IOC_BATCH		_IO(COFFER_IOC_MAGIC, 0x04)

/* What driver and card are. */
struct coffer_query {
	__u32	size;			/* in: sizeof; out: bytes the kernel filled */
	__u32	flags;			/* in: 0 */
	__u32	state;			/* out: enum coffer_dev_state */
	__u32	regs_version;		/* out: COFFER_REG_VERSION */
	__u64	serial;			/* out: the card's serial number */
	__u32	fw_version;		/* out: COFFER_REG_FW_VERSION */
	__u32	max_payload;		/* out: bytes, each direction */
	__u32	queues;			/* out: queue pairs in use */
	__u32	queue_entries;		/* out: entries of each */
	__u32	table_hash;		/* out: FNV-1a, driver/Documentation/design.md */
	__u32	command_count;		/* in: rows of room at commands; out: rows in the table */
	__u64	commands;		/* in: user pointer to struct coffer_command_row[], or 0 */
	__u64	reset_count;		/* out: resets since probe; a change means "logged out" */
	__u32	pci_domain;		/* out */
	__u8	pci_bus;		/* out */
	__u8	pci_devfn;		/* out */
	__u16	reserved;		/* 0 */
};

/* One row of the command table, as QUERY and the firmware's COMMANDS report it. */
struct coffer_command_row {
	__u16	opcode;
	__u16	flags;			/* COFFER_CF_* of coffer_cmd.h */
	__u32	req_min;
	__u32	req_max;
	__u32	reply_max;
	__u32	timeout_ms;
	__u32	reserved;		/* 0 */
	char	name[24];		/* NUL terminated */
};

enum coffer_dev_state {
	COFFER_DEV_NEW			= 0,
	COFFER_DEV_BOOTING		= 1,
	COFFER_DEV_LIVE			= 2,
	COFFER_DEV_RESETTING		= 3,
	COFFER_DEV_FAILED		= 4,
	COFFER_DEV_REMOVING		= 5,
	COFFER_DEV_DEAD			= 6,
};

/* Carry out one command of contract 2. The descriptor is its owner. */
struct coffer_exec {
	__u32	size;			/* in: sizeof */
	__u16	opcode;			/* in: COFFER_CMD_* */
	__u16	flags;			/* in: 0 */
	__u64	req;			/* in: user pointer to the request */
	__u64	reply;			/* in: user pointer to room for the reply */
	__u32	req_len;		/* in: bytes */
	__u32	reply_len;		/* in: bytes of room; out: bytes written */
	__u32	timeout_ms;		/* in: 0 or more than the table's: the table's */
	__u32	verdict;		/* out: the card's status, contract 2 */
	__u64	cookie;			/* in: name for CANCEL, 0 = none */
};

/* big_cqe[0] of an io_uring completion whose res is 0. */
#define COFFER_URING_RESULT(verdict, reply_len)	((__u64)(reply_len) << 32 | (verdict))
#define COFFER_URING_VERDICT(result)		((__u32)(result))
#define COFFER_URING_REPLY_LEN(result)		((__u32)((result) >> 32))

/* One command of a batch. */
struct coffer_batch_entry {
	__s32	error;			/* out: 0 or a negative errno; verdict only after 0 */
	__u32	reserved;		/* 0 */
	struct coffer_exec exec;	/* in and out, as for EXEC */
};

#define COFFER_BATCH_MAX	256	/* entries of one call */

/*
 * Carry out many commands in one call, as many at a time as the share of the descriptor allows.
 * They run at the same time, in no order that can be relied on, and each has its own errno and
 * verdict. Returns 0 when at least one entry was dealt with: entries before `done` hold their
 * results, those from it on were not attempted. The call stops early when a signal comes (between
 * waves; what the card has is waited for), and deals with nothing at all when an entry's memory
 * cannot be read and written (EFAULT), or with O_NONBLOCK when the card is being reset (EAGAIN)
 * or has no slot (EBUSY). An entry inside of `done` with EINTR, EAGAIN or EBUSY was not carried
 * out. When the caller is killed, the card is asked to end what it has.
 */
struct coffer_batch {
	__u32	size;			/* in: sizeof */
	__u32	flags;			/* in: 0 */
	__u64	entries;		/* in: user pointer to struct coffer_batch_entry[] */
	__u32	entry_size;		/* in: bytes from one entry to the next: sizeof */
	__u32	count;			/* in: entries, 0 .. COFFER_BATCH_MAX */
	__u32	done;			/* out: entries that hold results, from the first */
	__u32	reserved;		/* 0 */
};

/* Read numbered events. Does not wait: poll() does. */
struct coffer_events {
	__u32	size;			/* in: sizeof */
	__u32	flags;			/* in: 0 */
	__u64	since;			/* in: highest number already seen; out: highest returned */
	__u64	events;			/* in: user pointer to struct coffer_event[] */
	__u32	count;			/* in: room; out: events written */
	__u32	missed;			/* out: events after `since` that are lost */
};

struct coffer_event {
	__u64	seq;			/* consecutive; restarts at 1 when epoch changes */
	__u64	time_ms;		/* milliseconds since 1970 by the card's clock */
	__u64	arg;
	__u32	partition;
	__u16	type;			/* enum coffer_event_type */
	__u16	epoch;			/* counts power cycles and driver loads, modulo 2^16 */
};

/* End a command of this descriptor early. It still completes, with the card's CANCEL verdict. */
struct coffer_cancel {
	__u32	size;			/* in: sizeof */
	__u32	flags;			/* in: 0 */
	__u64	cookie;			/* in: as given to EXEC, not 0; ENOENT if none is waiting */
};

#endif /* _UAPI_LINUX_COFFER_H */
