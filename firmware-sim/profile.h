/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Profiles: what a generation or model of card has, as data. No handler compares version
 * numbers; it asks for a feature. Sources: behaviour.md sections 0.3, 1.1, 1.4, 1.6, 3, 5, 9.
 */
#ifndef FW_PROFILE_H
#define FW_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include "hw/coffer_cmd.h"

/* Features */
#define PROFILE_BACKUP		0x0001	/* partitions are archives; takes V0 sources */
#define PROFILE_PPSO		0x0002	/* per-partition SO, role login */
#define PROFILE_PARTITION_VERSION 0x0004 /* V0 and V1 exist (7.7.0) */
#define PROFILE_POLICY_42	0x0008	/* Allow CPv1 exists (7.7.1) */
#define PROFILE_DOMAINS		0x0010	/* extended domain management (7.8.0) */
#define PROFILE_FULL_ROLE_NAMES	0x0020	/* "Crypto Officer" spelled in full */
#define PROFILE_FORCE_PW_CHANGE	0x0040	/* initial password is for the first login only */
#define PROFILE_STOP_ON_ERROR	0x0080	/* a failed object ends a run */
#define PROFILE_LCO		0x0100
#define PROFILE_PED		0x0200	/* may be made with multifactor authentication */
#define PROFILE_CLOUD		0x0400	/* a cloud service: password only, limits, policy 8 */
#define PROFILE_TIMED_LOCK	0x0800	/* a locked role comes back after ten minutes (6.x) */
#define PROFILE_NO_V1_IN_FIPS	0x1000	/* no CPv1 in FIPS mode (cloud 3.0) */
#define PROFILE_RSA_186_3	0x2000	/* FIPS mode makes RSA keys by FIPS 186-3 only */
#define PROFILE_NO_CLOUD_PEER	0x4000	/* exchanges nothing with a cloud service (7.7.0) */
#define PROFILE_DIGEST		0x8000	/* compares objects by digests of a clone session (ours) */
#define PROFILE_LOGOUT_OTHERS	0x10000	/* a new password can end other logins (7.8.1) */

/* A card is updated within its family, to a higher fw_version. */
enum profile_family {
	PROFILE_FAMILY_COFFER,
	PROFILE_FAMILY_PCIE,
	PROFILE_FAMILY_USB,
	PROFILE_FAMILY_NETWORK,
	PROFILE_FAMILY_BACKUP_G5,
	PROFILE_FAMILY_BACKUP_G7,
	PROFILE_FAMILY_CLOUD,
};

/* 0: no limit of this kind. behaviour.md sections 9 and 10b. */
struct profile_limits {
	uint32_t objects;		/* token objects of a partition */
	uint32_t rsa_pairs;		/* token RSA private keys of a partition */
	uint32_t session_objects;	/* of an owner */
	uint32_t session_rsa_pairs;
	uint32_t sessions;		/* of an owner: SESSION_COUNT */
	uint32_t clone_objects;		/* moved by one clone context: then DEVICE_ERROR */
};

struct profile_policy {
	uint16_t id;
	const char *name;
	uint32_t value;			/* default */
	uint32_t capability;		/* largest value */
	uint32_t flags;			/* COFFER_POLICY_*, PROFILE_POLICY_OF_CARD */
};

/* Value and capability are not the table's but the card's or partition's: policy_fill(). */
#define PROFILE_POLICY_OF_CARD	0x80000000u

struct profile_mechanism {
	uint32_t mechanism;
	uint32_t flags;			/* CKF_* of CK_MECHANISM_INFO */
	uint32_t min;			/* bits (asymmetric) or bytes (symmetric) */
	uint32_t max;
	uint32_t fips_min;		/* in FIPS mode; 0 = not approved */
};

/* Private key operations in a second, of keys of up to so many bits; ends with per_second 0. */
struct profile_rate {
	uint32_t key_type;		/* COFFER_CKK_* */
	uint32_t bits;			/* ascending within a type */
	uint32_t per_second;
};

struct profile {
	const char *name;		/* for card create */
	const char *text;		/* one line for people */
	const char *model;
	enum profile_family family;
	uint32_t fw_version;		/* [23:16] [15:8] [7:0] */
	uint32_t features;		/* PROFILE_* */
	uint32_t protocols;		/* COFFER_CLONE_* */
	uint32_t suites;		/* CPv4 suites, bit = id */
	uint32_t max_partitions;
	uint64_t storage;		/* bytes for objects */
	uint32_t pin_min;		/* default shortest password */
	uint32_t challenge_min;		/* lengths of a challenge secret; 0: no PED */
	uint32_t challenge_max;
	uint32_t default_kind;		/* enum coffer_partition_kind of a new partition */
	struct profile_limits limits;
	const struct profile_policy *hsm_policies;	/* ends with name NULL */
	const struct profile_policy *partition_policies;
	const struct profile_mechanism *mechanisms;	/* ends with flags 0 */
	const struct profile_rate *rates;	/* NULL: none are published */
};

const struct profile *profile_by_name(const char *name);	/* NULL: unknown */
const struct profile *profile_at(unsigned int index);		/* NULL: no more */
const struct profile_mechanism *profile_mechanism(const struct profile *p, uint32_t mechanism);

/* The figure for such a key; NULL: there is none. */
const struct profile_rate *profile_rate(const struct profile *p, uint32_t key_type, uint32_t bits);

#endif /* FW_PROFILE_H */
