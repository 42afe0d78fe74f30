// SPDX-License-Identifier: BSD-3-Clause
/*
 * Policies by profile: behaviour.md sections 3.1 (card) and 3.2 (partition). Only those whose
 * meaning and default a public source gives; unused ones (PED, FM, STC) are left to the
 * profiles that will have them.
 */
#include <stddef.h>

#include "profile_data.h"

#define ON	COFFER_POLICY_DESTRUCTIVE_ON
#define OFF	COFFER_POLICY_DESTRUCTIVE_OFF
#define BOTH	(ON | OFF)
#define FIXED	COFFER_POLICY_READ_ONLY
#define END	{ 0, NULL, 0, 0, 0 }

/* ---- Card ------------------------------------------------------------------------ */

/* @force: default of 21, an initial password is for the first login only. */
#define HSM_COMMON(partitions, reset, force) \
	{ 0, "Password authentication", 1, 1, FIXED }, \
	{ 4, "Domestic mechanisms and key sizes", 1, 1, FIXED }, \
	{ 6, "Allow masking", 1, 1, BOTH }, \
	{ 7, "Allow cloning", 1, 1, BOTH }, \
	{ 11, "ECC mechanisms", 1, 1, FIXED }, \
	{ 12, "Allow non-FIPS algorithms", 1, 1, BOTH }, \
	{ 15, "SO can reset partition PIN", reset, 1, BOTH }, \
	{ 16, "Allow network replication", 1, 1, 0 }, \
	{ 21, "Force user PIN change after set/reset", force, 1, 0 }, \
	{ 22, "Allow off-board storage", 1, 1, 0 }, \
	{ 33, "Maximum number of partitions", partitions, partitions, FIXED }, \
	{ 40, "Decommission on tamper", 0, 1, BOTH }, \
	{ 41, "Per-partition SO", 1, 1, FIXED }, \
	{ 42, "Partition re-initialise", 1, 1, FIXED }

const struct profile_policy profile_hsm_coffer[] = {
	HSM_COMMON(100, 0, 0),
	END
};

const struct profile_policy profile_hsm_6[] = {
	HSM_COMMON(5, 0, 0),
	END
};

const struct profile_policy profile_hsm_7[] = {
	HSM_COMMON(5, 0, 0),
	{ 43, "Low-level math acceleration", 1, 1, 0 },
	{ 46, "Disable decommission", 0, 1, BOTH },
	END
};

const struct profile_policy profile_hsm_7_8[] = {
	HSM_COMMON(20, 0, 1),
	{ 43, "Low-level math acceleration", 1, 1, 0 },
	{ 46, "Disable decommission", 0, 1, BOTH },
	{ 57, "Sync with host time", 0, 1, 0 },
	END
};

const struct profile_policy profile_hsm_backup[] = {
	HSM_COMMON(100, 0, 0),
	END
};

/* ---- Partition ------------------------------------------------------------------- */

/* @shortest: default of 25, @least: the shortest that it may be set to. */
#define PARTITION_COMMON(shortest, least) \
	{ 0, "Allow private key cloning", 1, 1, ON }, \
	{ 1, "Allow private key wrapping", 0, 1, ON }, \
	{ 2, "Allow private key unwrapping", 1, 1, 0 }, \
	{ 4, "Allow secret key cloning", 1, 1, ON }, \
	{ 5, "Allow secret key wrapping", 1, 1, ON }, \
	{ 6, "Allow secret key unwrapping", 1, 1, 0 }, \
	{ 10, "Allow multipurpose keys", 1, 1, ON }, \
	{ 11, "Allow changing key attributes", 1, 1, ON }, \
	{ 15, "Ignore failed challenge responses", 1, 1, ON }, \
	{ 16, "Operate without RSA blinding", 1, 1, ON }, \
	{ 17, "Allow signing with non-local keys", 1, 1, 0 }, \
	{ 18, "Allow raw RSA operations", 1, 1, ON }, \
	{ 20, "Max failed user logins allowed", 10, 10, 0 }, \
	{ 21, "Allow high availability recovery", 1, 1, 0 }, \
	{ 22, "Allow activation", 0, 1, 0 }, \
	{ 23, "Allow auto-activation", 0, 1, 0 }, \
	{ 25, "Minimum PIN length (inverted: 255 - min)", 255 - (shortest), 255 - (least), 0 }, \
	{ 26, "Maximum PIN length", 255, 255, 0 }, \
	{ 28, "Allow key management functions", 1, 1, ON }, \
	{ 29, "Perform RSA signing without confirmation", 1, 1, ON }, \
	{ 33, "Allow RSA PKCS mechanism", 1, 1, ON }, \
	{ 34, "Allow CBC-PAD (un)wrap keys of any size", 1, 1, ON }

#define PARTITION_7 \
	{ 37, "Force Secure Trusted Channel", 0, 0, OFF | FIXED }, \
	{ 39, "Allow start/end date attributes", 0, 1, OFF }

/* V1 comes with scalable key storage: until then every partition is V0. */
#define PARTITION_7_8 \
	{ 41, "Partition version", 0, 1, OFF | FIXED }, \
	{ 42, "Allow CPv1", 0, 1, ON }, \
	{ 43, "Allow non-FIPS algorithms", 1, 1, ON }, \
	{ 44, "Allow Extended Domain Management", 0, 1, 0 }

const struct profile_policy profile_partition_coffer[] = {
	PARTITION_COMMON(4, 4),
	PARTITION_7,
	PARTITION_7_8,
	END
};

const struct profile_policy profile_partition_6[] = {
	PARTITION_COMMON(8, 7),
	END
};

const struct profile_policy profile_partition_7_4[] = {
	PARTITION_COMMON(8, 7),
	PARTITION_7,
	END
};

const struct profile_policy profile_partition_7_8[] = {
	PARTITION_COMMON(8, 8),
	PARTITION_7,
	PARTITION_7_8,
	END
};

/* An archive only keeps: its passwords are those of the cards that it serves. */
const struct profile_policy profile_partition_backup[] = {
	PARTITION_COMMON(4, 4),
	END
};
