// SPDX-License-Identifier: BSD-3-Clause
/*
 * Policies by profile: behaviour.md sections 3.1 (card) and 3.2 (partition), complete but for the
 * obsolete numbers (HSM 10, 14, 28; partition 8, 12, 13, 27), which no card has, and for those
 * that no public source names (HSM 53 to 56, partition 14).
 *
 * A capability of 0 means that the hardware does not have it: such a policy is not shown, and
 * setting it is CONFIG_CHANGE_ILLEGAL. A policy that a generation does not know is not in its
 * table: POLICY_ID_INVALID. What enforces each of them: policy_rules.c.
 *
 * Ours where the sources leave it open:
 *  - HSM 15, 39, 40, 46, 48 and the like that no program may need have the tabulated defaults;
 *    48 is the exception: the sources contradict each other, and we take 1, the safer one, a
 *    tampered card waits for its SO.
 *  - HSM 18 is 0: no laboratory has evaluated this product.
 *  - Partition 16 is accepted and changes nothing: RSA blinding is never switched off here.
 *  - The coffer profile has 39 on, so that ordinary PKCS#11 programs may date their keys.
 */
#include <stddef.h>

#include "profile_data.h"

#define ON	COFFER_POLICY_DESTRUCTIVE_ON
#define OFF	COFFER_POLICY_DESTRUCTIVE_OFF
#define BOTH	(ON | OFF)
#define FIXED	COFFER_POLICY_READ_ONLY
#define CARD	PROFILE_POLICY_OF_CARD
#define END	{ 0, NULL, 0, 0, 0 }
#define ABSENT(id, name) { id, name, 0, 0, FIXED }

/* ---- Card ------------------------------------------------------------------------ */

/*
 * 0 .. 42. @full: 9, not a backup card. @stc: capability of 39. @ppso: 41, partitions have an SO
 * of their own (6.22). @force: default of 21, an initial password is for the first login only.
 * @fips: 12 is off and stays so (a service that was made for FIPS).
 */
#define HSM_BASE(full, stc, ppso, force, fips) \
	{ 0, "Password authentication", 1, 1, FIXED | CARD }, \
	{ 1, "PED authentication", 0, 1, FIXED | CARD }, \
	{ 2, "Performance level", 15, 15, FIXED }, \
	ABSENT(3, "M of N (old)"), \
	{ 4, "Domestic mechanisms and key sizes", 1, 1, FIXED }, \
	ABSENT(5, "CAV used"), \
	{ 6, "Allow masking", 1, 1, BOTH }, \
	{ 7, "Allow cloning", 1, 1, BOTH }, \
	ABSENT(8, "Special cloning certificate"), \
	{ 9, "Full (non-backup) token", full, full, FIXED }, \
	{ 11, "ECC mechanisms", 1, 1, FIXED }, \
	{ 12, "Allow non-FIPS algorithms", !(fips), 1, (fips) ? FIXED : BOTH }, \
	ABSENT(13, "M of N auto-activation"), \
	{ 15, "SO can reset partition PIN", 0, 1, BOTH }, \
	{ 16, "Allow network replication", 1, 1, 0 }, \
	ABSENT(17, "Korean algorithms"), \
	ABSENT(18, "FIPS evaluated"), \
	ABSENT(19, "Manufacturing token"), \
	{ 20, "Allow remote authentication", 1, 1, 0 }, \
	{ 21, "Force user PIN change after set/reset", force, 1, 0 }, \
	{ 22, "Allow off-board storage", 1, 1, 0 }, \
	ABSENT(23, "Partition groups"), \
	ABSENT(24, "Non-FIPS accelerator"), \
	{ 25, "Allow Remote PED usage", 1, 1, 0 }, \
	ABSENT(26, "Store MTK split externally"), \
	{ 27, "HSM storage size, KiB", 0, 0, FIXED | CARD }, \
	{ 29, "Allow acceleration", 1, 1, 0 }, \
	{ 30, "Allow unmasking", 1, 1, 0 }, \
	ABSENT(31, "Firmware 5 compatibility"), \
	ABSENT(32, "Public crypto"), \
	{ 33, "Maximum number of partitions", 0, 0, CARD }, \
	{ 34, "Allow ECIES", 1, 1, 0 }, \
	ABSENT(35, "Single domain"), \
	ABSENT(36, "Unified PED key"), \
	{ 37, "Allow M of N", 1, 1, 0 }, \
	ABSENT(38, "Small form factor backup"), \
	{ 39, "Allow Secure Trusted Channel", 0, stc, (stc) ? BOTH : FIXED }, \
	{ 40, "Decommission on tamper", 0, 1, BOTH }, \
	{ 41, "Per-partition SO", ppso, ppso, FIXED }, \
	{ 42, "Partition re-initialise", 1, 1, 0 }

/* From firmware 7 on. */
#define HSM_7 \
	{ 43, "Low-level math acceleration", 1, 1, 0 }, \
	ABSENT(44, "FIPS level 4 support"), \
	ABSENT(45, "Fast path"), \
	{ 46, "Disable decommission", 0, 1, BOTH }, \
	ABSENT(47, "G5 tunnel slot"), \
	{ 48, "Controlled tamper recovery", 1, 1, BOTH }, \
	ABSENT(49, "Partition utilization metrics"), \
	{ 50, "Functionality modules", 0, 1, BOTH }, \
	{ 51, "SMFS auto activation", 0, 1, BOTH }, \
	ABSENT(52, "Restrict FM privilege")

#define HSM_7_8 \
	{ 57, "Sync with host time", 0, 1, 0 }

const struct profile_policy profile_hsm_coffer[] = {
	HSM_BASE(1, 1, 1, 0, 0), HSM_7, HSM_7_8, END
};

/* 5.x, and 6.x before 6.22. */
const struct profile_policy profile_hsm_5[] = {
	HSM_BASE(1, 0, 0, 0, 0), END
};

const struct profile_policy profile_hsm_6[] = {
	HSM_BASE(1, 0, 1, 0, 0), END
};

const struct profile_policy profile_hsm_7[] = {
	HSM_BASE(1, 1, 1, 1, 0), HSM_7, END
};

const struct profile_policy profile_hsm_7_7[] = {
	HSM_BASE(1, 1, 1, 1, 0), HSM_7, END
};

const struct profile_policy profile_hsm_7_8[] = {
	HSM_BASE(1, 1, 1, 1, 0), HSM_7, HSM_7_8, END
};

/* G5, firmware 6.28. */
const struct profile_policy profile_hsm_backup[] = {
	HSM_BASE(0, 0, 1, 0, 0), END
};

/* G7, firmware 7.7.1. */
const struct profile_policy profile_hsm_backup_7[] = {
	HSM_BASE(0, 0, 1, 0, 0), HSM_7, END
};

const struct profile_policy profile_hsm_cloud[] = {
	HSM_BASE(1, 0, 1, 0, 0), HSM_7, END
};

const struct profile_policy profile_hsm_cloud_fips[] = {
	HSM_BASE(1, 0, 1, 0, 1), HSM_7, END
};

/* ---- Partition ------------------------------------------------------------------- */

#define PARTITION_0 \
	{ 0, "Allow private key cloning", 1, 1, ON }, \
	{ 1, "Allow private key wrapping", 0, 1, ON }, \
	{ 2, "Allow private key unwrapping", 1, 1, 0 }

#define PARTITION_4 \
	{ 4, "Allow secret key cloning", 1, 1, ON }, \
	{ 5, "Allow secret key wrapping", 1, 1, ON }, \
	{ 6, "Allow secret key unwrapping", 1, 1, 0 }

/* From 7.7.0 on: keys that leave masked (SKS). */
#define MASKING_PRIVATE		{ 3, "Allow private key masking", 0, 1, ON }
#define MASKING_SECRET		{ 7, "Allow secret key masking", 0, 1, ON }
#define UNMASKING \
	{ 31, "Allow private key unmasking", 0, 1, 0 }, \
	{ 32, "Allow secret key unmasking", 0, 1, 0 }

#define CLOUD_CPV1		{ 8, "Allow CPv1 (Cryptovisor Only)", 1, 1, 0 }
#define DIGEST_KEY		{ 9, "Allow DigestKey", 0, 1, ON }	/* 7.8 */

/* @shortest: default of 25, @least: the shortest that it may be set to. */
#define PARTITION_10(shortest, least) \
	{ 10, "Allow multipurpose keys", 1, 1, ON }, \
	{ 11, "Allow changing key attributes", 1, 1, ON }, \
	{ 15, "Ignore failed challenge responses", 1, 1, ON }, \
	{ 16, "Operate without RSA blinding", 1, 1, ON }, \
	{ 17, "Allow signing with non-local keys", 1, 1, 0 }, \
	{ 18, "Allow raw RSA operations", 1, 1, ON }, \
	{ 19, "Key storage space, KiB", 0, 0, FIXED | CARD }, \
	{ 20, "Max failed user logins allowed", 10, 10, 0 }, \
	{ 21, "Allow high availability recovery", 1, 1, 0 }, \
	{ 22, "Allow activation", 0, 1, 0 }, \
	{ 23, "Allow auto-activation", 0, 1, 0 }, \
	ABSENT(24, "Indirect login"), \
	{ 25, "Minimum PIN length (inverted: 255 - min)", 255 - (shortest), 255 - (least), 0 }, \
	{ 26, "Maximum PIN length", 255, 255, 0 }, \
	{ 28, "Allow key management functions", 1, 1, ON }, \
	{ 29, "Perform RSA signing without confirmation", 1, 1, ON }, \
	{ 30, "Allow remote authentication", 1, 1, 0 }

#define PARTITION_33 \
	{ 33, "Allow RSA PKCS mechanism", 1, 1, ON }, \
	{ 34, "Allow CBC-PAD (un)wrap keys of any size", 1, 1, ON }, \
	ABSENT(35, "Private key small form factor backup"), \
	ABSENT(36, "Secret key small form factor backup")

/* From 7.0 on. @dates: default of 39. */
#define PARTITION_7(dates) \
	{ 37, "Force Secure Trusted Channel", 0, 1, OFF }, \
	ABSENT(38, "Fast path"), \
	{ 39, "Allow start/end date attributes", dates, 1, OFF }

/* From 7.7.0, 7.7.1, 7.8.0 and 7.9 on. */
#define PARTITION_7_7_0 \
	{ 40, "Require per-key authorization data", 0, 1, BOTH }, \
	{ 41, "Partition version", 0, 1, OFF }

#define FORCE_CPV1		{ 42, "Allow CPv1", 0, 1, ON }
#define NON_FIPS		{ 43, "Allow non-FIPS algorithms", 1, 1, ON }
#define DOMAINS			{ 44, "Allow Extended Domain Management", 0, 1, 0 }
#define PREHASH			{ 45, "Allow prehash signature verify", 0, 1, 0 }

const struct profile_policy profile_partition_coffer[] = {
	PARTITION_0, MASKING_PRIVATE, PARTITION_4, MASKING_SECRET, DIGEST_KEY,
	PARTITION_10(4, 4), UNMASKING, PARTITION_33, PARTITION_7(1), PARTITION_7_7_0,
	FORCE_CPV1, NON_FIPS, DOMAINS, PREHASH, END
};

/* 5.x and 6.x. */
const struct profile_policy profile_partition_6[] = {
	PARTITION_0, PARTITION_4, PARTITION_10(8, 7), PARTITION_33, END
};

/* 7.0 to 7.4. */
const struct profile_policy profile_partition_7_4[] = {
	PARTITION_0, PARTITION_4, PARTITION_10(8, 7), PARTITION_33, PARTITION_7(0), END
};

const struct profile_policy profile_partition_7_7_0[] = {
	PARTITION_0, MASKING_PRIVATE, PARTITION_4, MASKING_SECRET, PARTITION_10(8, 8),
	UNMASKING, PARTITION_33, PARTITION_7(0), PARTITION_7_7_0, END
};

const struct profile_policy profile_partition_7_7_1[] = {
	PARTITION_0, MASKING_PRIVATE, PARTITION_4, MASKING_SECRET, PARTITION_10(8, 8),
	UNMASKING, PARTITION_33, PARTITION_7(0), PARTITION_7_7_0, FORCE_CPV1, NON_FIPS, END
};

const struct profile_policy profile_partition_7_8[] = {
	PARTITION_0, MASKING_PRIVATE, PARTITION_4, MASKING_SECRET, DIGEST_KEY,
	PARTITION_10(8, 8), UNMASKING, PARTITION_33, PARTITION_7(0), PARTITION_7_7_0,
	FORCE_CPV1, NON_FIPS, DOMAINS, END
};

/* A cloud service numbers CPv1 in its own way, and its one domain comes with its init. */
const struct profile_policy profile_partition_cloud[] = {
	PARTITION_0, PARTITION_4, CLOUD_CPV1, PARTITION_10(8, 8), PARTITION_33, PARTITION_7(0),
	END
};

/* An archive only keeps: its passwords are those of the cards that it serves. */
const struct profile_policy profile_partition_backup[] = {
	PARTITION_0, PARTITION_4, PARTITION_10(4, 4), PARTITION_33, END
};

const struct profile_policy profile_partition_backup_7[] = {
	PARTITION_0, PARTITION_4, PARTITION_10(4, 4), PARTITION_33, PARTITION_7(0), FORCE_CPV1,
	NON_FIPS, END
};
