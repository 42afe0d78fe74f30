/* SPDX-License-Identifier: (GPL-2.0-only WITH Linux-syscall-note) OR BSD-3-Clause */
/*
 * Contract 2: the firmware's commands, their payloads, status codes and events.
 *
 * The command table below is the only list of commands. Enum, names, the driver's admission
 * table, the firmware's dispatch table, the fuzz dictionary and the check that every row has a
 * handler and a test are expanded from it.
 *
 * A request is the fixed struct named in the row's comment followed by a tail; a reply likewise.
 * Tail items are, in the order given in the comment:
 *   blob NAME      {__le32 len; bytes[len]}
 *   attrs NAME     a blob that holds a template (coffer_attr.h)
 *   u32[] NAME     {__le32 count; __le32 value[count]}
 * Nothing may follow the last item. Reserved fields and unknown flag bits must be zero
 * (ARGUMENTS_BAD). Strings are UTF-8 without a NUL. A reply whose verdict is not OK is empty
 * unless the row says otherwise.
 */
#ifndef _COFFER_CMD_H
#define _COFFER_CMD_H

#include <linux/types.h>
#include "coffer_attr.h"
#include "coffer_payload.h"
#include "coffer_status.h"

#define COFFER_CMD_MAX_PAYLOAD		(64 * 1024)

/* ---- Flags of a row ------------------------------------------------------------------- */
#define COFFER_CF_SESSION	0x0001	/* request begins with __le32 session */
#define COFFER_CF_ADMIN		0x0002	/* ... which must be on the admin partition (id 0) */
#define COFFER_CF_APP		0x0004	/* ... which must be on an application partition */
#define COFFER_CF_RW		0x0008	/* ... which must be read/write */
#define COFFER_CF_CHANGES	0x0010	/* may change the store; durable before it is answered */
#define COFFER_CF_DRIVER	0x0020	/* sent by driver or card-host only; EXEC refuses it */
#define COFFER_CF_WRITE		0x0040	/* the descriptor must be open for writing */
#define COFFER_CF_LONG		0x0080	/* may take seconds; cancel ends it */
#define COFFER_CF_SECRET	0x0100	/* payload holds a secret: wiped on every hop */
#define COFFER_CF_UNINIT	0x0200	/* allowed on a partition that is not initialised */

/* ---- Roles (behaviour.md 5.1); a row's mask says who may call it ----------------------- */
enum coffer_role {
	COFFER_ROLE_NONE	= 0,	/* nobody is logged in */
	COFFER_ROLE_SO		= 1,	/* HSM Security Officer */
	COFFER_ROLE_PO		= 2,	/* Partition SO */
	COFFER_ROLE_CO		= 3,	/* Crypto Officer */
	COFFER_ROLE_LCO		= 4,	/* Limited Crypto Officer */
	COFFER_ROLE_CU		= 5,	/* Crypto User */
	COFFER_ROLE_AU		= 6,	/* Auditor */
	COFFER_ROLE_COUNT	= 7,
};

#define COFFER_RM(role)		(1u << COFFER_ROLE_##role)
#define COFFER_RM_ALL		0x7fu
#define COFFER_RM_USER		(COFFER_RM(CO) | COFFER_RM(LCO) | COFFER_RM(CU))
#define COFFER_RM_KEYS		(COFFER_RM(CO) | COFFER_RM(LCO))

/* ---- The table --------------------------------------------------------------------------
 * X(NAME, opcode, request min, request max, reply max, flags, roles, time-out in ms)
 */
#define COFFER_Z COFFER_CMD_MAX_PAYLOAD
#define COFFER_COMMANDS(X) \
	X(ECHO,			0x0001,  0, COFFER_Z, COFFER_Z, 0, COFFER_RM_ALL, 5000) \
	X(IDENTIFY,		0x0002,  0, 0, 256, 0, COFFER_RM_ALL, 5000) \
	X(PARTITION_LIST,	0x0003,  0, 0, COFFER_Z, 0, COFFER_RM_ALL, 5000) \
	X(COMMANDS,		0x0004,  0, 0, COFFER_Z, 0, COFFER_RM_ALL, 5000) \
	X(STATS,		0x0005,  0, 0, COFFER_Z, 0, COFFER_RM_ALL, 5000) \
	X(EVENTS,		0x0006, 16, 16, COFFER_Z, 0, COFFER_RM_ALL, 5000) \
	X(OWNER_OPEN,		0x0010,  8, 8, 8, COFFER_CF_DRIVER, COFFER_RM_ALL, 5000) \
	X(OWNER_CLOSE,		0x0011,  8, 8, 0, COFFER_CF_DRIVER, COFFER_RM_ALL, 30000) \
	X(SESSION_OPEN,		0x0020,  8, 8, 8, COFFER_CF_UNINIT, COFFER_RM_ALL, 5000) \
	X(SESSION_CLOSE,	0x0021,  8, 8, 0, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 30000) \
	X(SESSION_INFO,		0x0022,  8, 8, 32, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 5000) \
	X(LOGIN,		0x0030, 12, 1024, 8, COFFER_CF_SESSION | COFFER_CF_CHANGES | \
	  COFFER_CF_SECRET | COFFER_CF_WRITE | COFFER_CF_UNINIT, COFFER_RM_ALL, 60000) \
	X(LOGOUT,		0x0031,  8, 8, 0, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 30000) \
	X(ROLE_INIT,		0x0032, 12, 1024, 0, COFFER_CF_SESSION | COFFER_CF_RW | \
	  COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE, \
	  COFFER_RM(PO) | COFFER_RM(CO) | COFFER_RM(SO), 60000) \
	X(ROLE_CHANGE_PW,	0x0033, 16, 2048, 0, COFFER_CF_SESSION | COFFER_CF_RW | \
	  COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 60000) \
	X(ROLE_RESET_PW,	0x0034, 12, 1024, 0, COFFER_CF_SESSION | COFFER_CF_RW | \
	  COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE, \
	  COFFER_RM(SO) | COFFER_RM(PO) | COFFER_RM(CO), 60000) \
	X(ROLE_LIST,		0x0035,  8, 8, 512, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 5000) \
	X(HSM_INIT,		0x0040, 20, 2048, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE | \
	  COFFER_CF_UNINIT, COFFER_RM(NONE) | COFFER_RM(SO), 60000) \
	X(HSM_FACTORY_RESET,	0x0041,  8, 8, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE | COFFER_CF_UNINIT, \
	  COFFER_RM(NONE) | COFFER_RM(SO), 60000) \
	X(HSM_ZEROIZE,		0x0042,  8, 8, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE | COFFER_CF_UNINIT, \
	  COFFER_RM(NONE) | COFFER_RM(SO), 60000) \
	X(POLICY_LIST,		0x0043,  8, 8, COFFER_Z, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 5000) \
	X(POLICY_SET,		0x0044, 12, 2048, 0, COFFER_CF_SESSION | COFFER_CF_RW | \
	  COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM(SO) | COFFER_RM(PO), 60000) \
	X(CLOCK_SET,		0x0045, 16, 16, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM(SO), 30000) \
	X(SELF_TEST,		0x0047,  8, 8, 4096, COFFER_CF_SESSION | COFFER_CF_UNINIT | \
	  COFFER_CF_LONG, COFFER_RM_ALL, 60000) \
	X(TAMPER_CLEAR,		0x0048,  8, 8, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE | COFFER_CF_UNINIT, \
	  COFFER_RM(NONE) | COFFER_RM(SO), 60000) \
	X(AUDIT_INIT,		0x0049, 12, 1024, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE | \
	  COFFER_CF_UNINIT, COFFER_RM(NONE), 60000) \
	X(AUDIT_CONFIG,		0x004a, 32, 32, 64, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_CHANGES | COFFER_CF_UNINIT, COFFER_RM(AU) | COFFER_RM(SO), 30000) \
	X(AUDIT_READ,		0x004b, 24, 24, COFFER_Z, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_CHANGES | COFFER_CF_UNINIT, COFFER_RM(AU) | COFFER_RM(SO), 30000) \
	X(PARTITION_CREATE,	0x0050, 20, 256, 16, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM(SO), 30000) \
	X(PARTITION_DELETE,	0x0051, 16, 16, 0, COFFER_CF_SESSION | COFFER_CF_ADMIN | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM(SO), 60000) \
	X(PARTITION_INIT,	0x0052, 20, 2048, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE | \
	  COFFER_CF_UNINIT, COFFER_RM(NONE) | COFFER_RM(PO), 60000) \
	X(PARTITION_INFO,	0x0053,  8, 8, 512, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 5000) \
	X(MECHANISM_LIST,	0x0054,  8, 8, COFFER_Z, COFFER_CF_SESSION | COFFER_CF_UNINIT, \
	  COFFER_RM_ALL, 5000) \
	X(DOMAIN_LIST,		0x0055,  8, 8, 512, COFFER_CF_SESSION | COFFER_CF_APP, \
	  COFFER_RM(PO) | COFFER_RM_USER, 5000) \
	X(DOMAIN_ADD,		0x0056, 16, 1024, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE, \
	  COFFER_RM(PO), 60000) \
	X(DOMAIN_DELETE,	0x0057, 12, 256, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM(PO), 30000) \
	X(DOMAIN_CHANGE,	0x0058, 16, 256, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_SECRET | COFFER_CF_WRITE, \
	  COFFER_RM(PO), 60000) \
	X(CIPHER_LIST,		0x0059,  8, 8, 1024, COFFER_CF_SESSION | COFFER_CF_APP, \
	  COFFER_RM_ALL, 5000) \
	X(CIPHER_SET,		0x005a, 16, 16, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM(PO), 30000) \
	X(OBJECT_CREATE,	0x0060, 12, COFFER_Z, 8, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES | COFFER_CF_SECRET, COFFER_RM(NONE) | COFFER_RM_USER, 10000) \
	X(KEY_GENERATE,		0x0061, 20, COFFER_Z, 8, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES | COFFER_CF_LONG, COFFER_RM_KEYS, 60000) \
	X(KEY_PAIR_GENERATE,	0x0062, 24, COFFER_Z, 8, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES | COFFER_CF_LONG, COFFER_RM_KEYS, 300000) \
	X(OBJECT_DESTROY,	0x0063,  8, 8, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES, COFFER_RM(NONE) | COFFER_RM_USER, 10000) \
	X(OBJECT_FIND,		0x0064, 24, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_SECRET, \
	  COFFER_RM(NONE) | COFFER_RM(PO) | COFFER_RM_USER, 30000) \
	X(OBJECT_GET,		0x0065, 12, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_SECRET, \
	  COFFER_RM(NONE) | COFFER_RM(PO) | COFFER_RM_USER, 10000) \
	X(OBJECT_SET,		0x0066, 12, COFFER_Z, 0, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES, COFFER_RM(NONE) | COFFER_RM_USER, 10000) \
	X(OBJECT_COPY,		0x0067, 12, COFFER_Z, 8, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES, COFFER_RM(NONE) | COFFER_RM_USER, 10000) \
	X(RANDOM,		0x0068,  8, 8, COFFER_Z, COFFER_CF_SESSION | COFFER_CF_UNINIT | \
	  COFFER_CF_SECRET, COFFER_RM_ALL, 5000) \
	X(SIGN,			0x0070, 20, COFFER_Z, 4096, COFFER_CF_SESSION | COFFER_CF_APP, \
	  COFFER_RM_USER, 30000) \
	X(VERIFY,		0x0071, 24, COFFER_Z, 0, COFFER_CF_SESSION | COFFER_CF_APP, \
	  COFFER_RM(NONE) | COFFER_RM_USER, 30000) \
	X(ENCRYPT,		0x0072, 20, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_SECRET, COFFER_RM(NONE) | COFFER_RM_USER, 30000) \
	X(DECRYPT,		0x0073, 20, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_SECRET, COFFER_RM_USER, 30000) \
	X(DIGEST,		0x0074, 16, COFFER_Z, 64, COFFER_CF_SESSION | COFFER_CF_APP, \
	  COFFER_RM_ALL, 30000) \
	X(CLONE_START,		0x0080,  8, 8, COFFER_Z, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_RW | COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 30000) \
	X(CLONE_ANSWER,		0x0081, 12, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 30000) \
	X(CLONE_CONFIRM,	0x0082, 12, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 30000) \
	X(CLONE_VERIFY,		0x0083, 12, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_CHANGES | COFFER_CF_WRITE, \
	  COFFER_RM_KEYS | COFFER_RM(CU), 30000) \
	X(CLONE_ACCEPT,		0x0084, 12, COFFER_Z, 8, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_CHANGES | COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 30000) \
	X(CLONE_EXTRACT,	0x0085, 12, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 60000) \
	X(CLONE_INSERT,		0x0086, 12, COFFER_Z, COFFER_Z, COFFER_CF_SESSION | \
	  COFFER_CF_APP | COFFER_CF_RW | COFFER_CF_CHANGES | COFFER_CF_WRITE, \
	  COFFER_RM_KEYS | COFFER_RM(CU), 60000) \
	X(CLONE_FINISH,		0x0087,  8, 8, COFFER_Z, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 30000) \
	X(CLONE_CLOSE,		0x0088, 12, COFFER_Z, 16, COFFER_CF_SESSION | COFFER_CF_APP | \
	  COFFER_CF_WRITE, COFFER_RM_KEYS | COFFER_RM(CU), 30000)

enum coffer_cmd {
#define COFFER_X(name, op, rqmin, rqmax, rpmax, fl, ro, ms) COFFER_CMD_##name = op,
	COFFER_COMMANDS(COFFER_X)
#undef COFFER_X
};

/* ---- Stream frames: the same commands over a pipe or socket (card-host, ssh relay) ---------
 * Client to card: struct coffer_frame_req, then req_len bytes. Card to client, in any order:
 * struct coffer_frame_rep, then reply_len bytes. The first frame each way is a hello:
 * coffer_frame_req{magic, COFFER_FRAME_HELLO, version in tag}, answered likewise.
 */
#define COFFER_FRAME_MAGIC		0x31464643	/* "CFF1" */
#define COFFER_FRAME_VERSION		1
#define COFFER_FRAME_HELLO		0xffff		/* opcode */
#define COFFER_FRAME_CANCEL		0xfffe		/* opcode; tag names the command to end */

struct coffer_frame_req {
	__le32	magic;
	__le16	opcode;
	__le16	flags;			/* 0 */
	__le32	tag;			/* the client's, unique among those waiting */
	__le32	req_len;
	__le32	reply_len;		/* room */
	__le32	reserved;		/* 0 */
};

struct coffer_frame_rep {
	__le32	magic;
	__le32	tag;
	__le32	verdict;
	__le32	error;			/* 0, or a transport error as a positive Linux errno */
	__le32	reply_len;
	__le32	reserved;		/* 0 */
};

#ifndef __cplusplus
_Static_assert(sizeof(struct coffer_frame_req) == 24, "coffer_frame_req");
_Static_assert(sizeof(struct coffer_frame_rep) == 24, "coffer_frame_rep");
#endif

#endif /* _COFFER_CMD_H */
