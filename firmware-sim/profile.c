// SPDX-License-Identifier: BSD-3-Clause
/*
 * The profiles. Their policies are in profile_policy.c, mechanisms in profile_mechanism.c.
 * Numbers of partitions and storage are ours where no public source has them.
 */
#include <stddef.h>
#include <string.h>

#include "profile_data.h"

#define FW(major, minor, patch)	((major) << 16 | (minor) << 8 | (patch))
#define MIB(n)			((uint64_t)(n) << 20)
#define SUITE(name)		(1u << COFFER_SUITE_##name)
#define ALL_SUITES		(SUITE(P256_SHA256_AES128GCM) | SUITE(P256_SHA256_AES256GCM) | \
				 SUITE(P384_SHA384_AES256GCM))
#define V1_ONLY			COFFER_CLONE_CPV1
#define V1_V3			(COFFER_CLONE_CPV1 | COFFER_CLONE_CPV3)
#define V1_V4			(COFFER_CLONE_CPV1 | COFFER_CLONE_CPV4)
#define V1_V3_V4		(V1_V3 | COFFER_CLONE_CPV4)

/* ---- Generations of firmware: what all models of one have in common ------------------- */

/* Before 6.22 there was no Partition SO (behaviour.md 1.6); a lock ends by itself (5.2). */
#define OLD_FEATURES	(PROFILE_PED | PROFILE_TIMED_LOCK)
#define OLD(feature_bits, hsm_table, mechanism_table) \
	.features = (feature_bits), .protocols = V1_ONLY, .pin_min = 8, \
	.challenge_min = 7, .challenge_max = 16, .default_kind = COFFER_PART_KIND_LEGACY, \
	.hsm_policies = (hsm_table), .partition_policies = profile_partition_6, \
	.mechanisms = (mechanism_table)
#define GEN_5		OLD(OLD_FEATURES, profile_hsm_5, profile_mechanisms_5)
#define GEN_6		OLD(OLD_FEATURES, profile_hsm_5, profile_mechanisms_6)
#define GEN_6_PPSO	OLD(OLD_FEATURES | PROFILE_PPSO | PROFILE_FULL_ROLE_NAMES, \
			    profile_hsm_6, profile_mechanisms_6)

#define NEW_FEATURES	(PROFILE_PED | PROFILE_PPSO | PROFILE_RSA_186_3 | \
			 PROFILE_FORCE_PW_CHANGE)
#define GEN_7 \
	.features = NEW_FEATURES, .protocols = V1_ONLY, .pin_min = 8, \
	.challenge_min = 7, .challenge_max = 16, .default_kind = COFFER_PART_KIND_LEGACY, \
	.hsm_policies = profile_hsm_7, .partition_policies = profile_partition_7_4, \
	.mechanisms = profile_mechanisms_7

/* V0 and V1 partitions, Limited Crypto Officer, stop at the first failed object (0.3). */
#define V0_FEATURES	(NEW_FEATURES | PROFILE_PARTITION_VERSION | PROFILE_LCO | \
			 PROFILE_STOP_ON_ERROR | PROFILE_DIGEST)
#define V0(feature_bits, protocol_bits, suite_bits, hsm_table, policy_table) \
	.features = (feature_bits), .protocols = (protocol_bits), .suites = (suite_bits), \
	.pin_min = 8, .challenge_min = 8, .challenge_max = 255, \
	.default_kind = COFFER_PART_KIND_V0, .hsm_policies = (hsm_table), \
	.partition_policies = (policy_table), .mechanisms = profile_mechanisms_7
#define GEN_7_7_0	V0(V0_FEATURES | PROFILE_NO_CLOUD_PEER, V1_V3, 0, \
			   profile_hsm_7_7, profile_partition_7_7_0)
#define GEN_7_7_1	V0(V0_FEATURES | PROFILE_POLICY_42, V1_V3, 0, \
			   profile_hsm_7_7, profile_partition_7_7_1)
#define GEN_7_8_WITH(bits) \
	V0(V0_FEATURES | PROFILE_POLICY_42 | PROFILE_DOMAINS | (bits), V1_V3_V4, ALL_SUITES, \
	   profile_hsm_7_8, profile_partition_7_8)
#define GEN_7_8		GEN_7_8_WITH(0)
#define GEN_7_8_1	GEN_7_8_WITH(PROFILE_LOGOUT_OTHERS)

#define GEN_COFFER \
	.features = PROFILE_PPSO | PROFILE_PARTITION_VERSION | PROFILE_POLICY_42 | \
		    PROFILE_DOMAINS | PROFILE_LCO | PROFILE_PED | PROFILE_DIGEST | \
		    PROFILE_LOGOUT_OTHERS, \
	.protocols = V1_V3_V4, .suites = ALL_SUITES, .pin_min = 4, \
	.challenge_min = 4, .challenge_max = 255, .default_kind = COFFER_PART_KIND_V0, \
	.hsm_policies = profile_hsm_coffer, .partition_policies = profile_partition_coffer, \
	.mechanisms = profile_mechanisms_all

#define GEN_BACKUP(feature_bits, protocol_bits, hsm_table, policy_table) \
	.features = PROFILE_BACKUP | PROFILE_PPSO | PROFILE_PED | (feature_bits), \
	.protocols = (protocol_bits), \
	.pin_min = 4, .challenge_min = 4, .challenge_max = 255, \
	.default_kind = COFFER_PART_KIND_BACKUP, .hsm_policies = (hsm_table), \
	.partition_policies = (policy_table), .mechanisms = profile_mechanisms_all

/*
 * A cloud service (behaviour.md section 9): passwords only, one partition, and the limits that
 * are published for a service and for an application; how many objects one clone may move before
 * it fails is not, so that number is ours.
 */
#define CLOUD_LIMITS { .objects = 100, .rsa_pairs = 50, .session_objects = 100, \
		       .session_rsa_pairs = 50, .sessions = 100, .clone_objects = 64 }
#define GEN_CLOUD(feature_bits, hsm_table) \
	.features = PROFILE_CLOUD | PROFILE_PPSO | PROFILE_DOMAINS | PROFILE_RSA_186_3 | \
		    PROFILE_DIGEST | (feature_bits), \
	.protocols = V1_V4, .suites = ALL_SUITES, .pin_min = 8, \
	.default_kind = COFFER_PART_KIND_CLOUD, .limits = CLOUD_LIMITS, \
	.hsm_policies = (hsm_table), .partition_policies = profile_partition_cloud, \
	.mechanisms = profile_mechanisms_7

/* ---- Models -------------------------------------------------------------------------- */

#define MODEL(FAMILY, id, words, title, version, fw, parts, mib, summary, ...) \
	{ .name = id "-" version, .text = words " of the " version " generation: " summary, \
	  .model = title " " version, .family = PROFILE_FAMILY_##FAMILY, .fw_version = fw, \
	  .max_partitions = (parts), .storage = MIB(mib), __VA_ARGS__ }
#define PCIE(...)	MODEL(PCIE, "pcie", "PCIe card", "PCIe", __VA_ARGS__)
#define USB(...)	MODEL(USB, "usb", "USB device", "USB", __VA_ARGS__)
#define NETWORK(...)	MODEL(NETWORK, "network", "network appliance", "Network", __VA_ARGS__)
#define CLOUD(...)	MODEL(CLOUD, "cloud", "cloud service", "Cloud", __VA_ARGS__)

#define SPEED_6		.rates = profile_rates_6
#define SPEED_7		.rates = profile_rates_7
#define USB_SPEED	.rates = profile_rates_usb

#define T_OLD		"CPv1, no Partition SO, partition login"
#define T_PPSO		"CPv1, full role names"
#define T_7		"CPv1 only"
#define T_7_7		"CPv1 and CPv3, V0 partitions"
#define T_7_8		"CPv1, CPv3 and CPv4, V0 partitions"

static const struct profile profiles[] = {
	{ .name = "coffer",
	  .text = "everything on, no forced password change, PINs from 4 characters",
	  .model = "Coffer", .family = PROFILE_FAMILY_COFFER, .fw_version = FW(7, 8, 4),
	  .max_partitions = 100, .storage = MIB(16384), GEN_COFFER },
	PCIE("5.22", FW(5, 22, 0), 5, 32, T_OLD, GEN_5, SPEED_6),
	PCIE("6.10.9", FW(6, 10, 9), 5, 32, T_OLD, GEN_6, SPEED_6),
	PCIE("6.21.2", FW(6, 21, 2), 5, 32, T_OLD, GEN_6, SPEED_6),
	PCIE("6.24", FW(6, 24, 0), 5, 32, T_PPSO, GEN_6_PPSO, SPEED_6),
	PCIE("7.0", FW(7, 0, 0), 5, 64, T_7, GEN_7, SPEED_7),
	PCIE("7.1", FW(7, 1, 0), 5, 64, T_7, GEN_7, SPEED_7),
	PCIE("7.2", FW(7, 2, 0), 5, 64, T_7, GEN_7, SPEED_7),
	PCIE("7.3", FW(7, 3, 0), 5, 64, T_7, GEN_7, SPEED_7),
	PCIE("7.4", FW(7, 4, 0), 5, 64, T_7, GEN_7, SPEED_7),
	PCIE("7.7.0", FW(7, 7, 0), 20, 64, T_7_7 "; alone among generations", GEN_7_7_0, SPEED_7),
	PCIE("7.7.1", FW(7, 7, 1), 20, 64, T_7_7, GEN_7_7_1, SPEED_7),
	PCIE("7.8", FW(7, 8, 0), 20, 64, T_7_8, GEN_7_8, SPEED_7),
	PCIE("7.8.1", FW(7, 8, 1), 20, 64, T_7_8, GEN_7_8_1, SPEED_7),
	USB("5", FW(5, 22, 0), 5, 32, T_OLD, GEN_5, USB_SPEED),
	USB("6", FW(6, 24, 0), 5, 32, T_PPSO, GEN_6_PPSO, USB_SPEED),
	NETWORK("5", FW(5, 22, 0), 20, 64, T_OLD, GEN_5, SPEED_6),
	NETWORK("6", FW(6, 24, 0), 20, 64, T_PPSO, GEN_6_PPSO, SPEED_6),
	NETWORK("7.4", FW(7, 4, 0), 100, 256, T_7, GEN_7, SPEED_7),
	NETWORK("7.7.1", FW(7, 7, 1), 100, 256, T_7_7, GEN_7_7_1, SPEED_7),
	NETWORK("7.8", FW(7, 8, 0), 100, 256, T_7_8, GEN_7_8, SPEED_7),
	{ .name = "backup-g5-6.28",
	  .text = "backup card: partitions are archives, CPv1, takes V0 sources",
	  .model = "Backup G5 6.28", .family = PROFILE_FAMILY_BACKUP_G5,
	  .fw_version = FW(6, 28, 0), .max_partitions = 100, .storage = MIB(1024),
	  GEN_BACKUP(0, V1_ONLY, profile_hsm_backup, profile_partition_backup) },
	{ .name = "backup-g7-7.7.1",
	  .text = "backup card: partitions are archives, CPv1 and CPv3, takes V0 sources",
	  .model = "Backup G7 7.7.1", .family = PROFILE_FAMILY_BACKUP_G7,
	  .fw_version = FW(7, 7, 1), .max_partitions = 100, .storage = MIB(1024),
	  GEN_BACKUP(PROFILE_DIGEST, V1_V3, profile_hsm_backup_7,
		     profile_partition_backup_7) },
	CLOUD("2.0", FW(2, 0, 0), 1, 16, "CPv1 and CPv4, passwords only, small limits",
	      GEN_CLOUD(0, profile_hsm_cloud)),
	CLOUD("3.0", FW(3, 0, 0), 1, 16, "CPv1 and CPv4, not in FIPS mode, small limits",
	      GEN_CLOUD(PROFILE_NO_V1_IN_FIPS, profile_hsm_cloud)),
	CLOUD("3.0-fips", FW(3, 0, 0), 1, 16, "CPv4, FIPS mode, small limits",
	      GEN_CLOUD(PROFILE_NO_V1_IN_FIPS, profile_hsm_cloud_fips)),
};

#define PROFILES	(sizeof(profiles) / sizeof(profiles[0]))

const struct profile *profile_at(unsigned int index)
{
	return index < PROFILES ? &profiles[index] : NULL;
}

const struct profile *profile_by_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < PROFILES; i++)
		if (!strcmp(profiles[i].name, name))
			return &profiles[i];
	return NULL;
}

const struct profile_mechanism *profile_mechanism(const struct profile *p, uint32_t mechanism)
{
	const struct profile_mechanism *m;

	for (m = p->mechanisms; m->flags; m++)
		if (m->mechanism == mechanism)
			return m;
	return NULL;
}

const char *fw_profile_name(unsigned int index)
{
	const struct profile *p = profile_at(index);

	return p ? p->name : NULL;
}

const char *fw_profile_text(unsigned int index)
{
	const struct profile *p = profile_at(index);

	return p ? p->text : NULL;
}
