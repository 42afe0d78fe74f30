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

static const struct profile profiles[] = {
	{
		.name = "coffer",
		.text = "everything on, no forced password change, PINs from 4 characters",
		.model = "Coffer",
		.fw_version = FW(7, 8, 4),
		.features = PROFILE_PPSO | PROFILE_PARTITION_VERSION | PROFILE_POLICY_42 |
			    PROFILE_DOMAINS | PROFILE_LCO,
		.protocols = COFFER_CLONE_CPV1 | COFFER_CLONE_CPV3 | COFFER_CLONE_CPV4,
		.suites = ALL_SUITES,
		.max_partitions = 100,
		.storage = MIB(16384),
		.pin_min = 4,
		.default_kind = COFFER_PART_KIND_V0,
		.hsm_policies = profile_hsm_coffer,
		.partition_policies = profile_partition_coffer,
		.mechanisms = profile_mechanisms_all,
	}, {
		.name = "pcie-6.24",
		.text = "PCIe card of the 6.24 generation: CPv1, full role names",
		.model = "PCIe 6.24",
		.family = PROFILE_FAMILY_PCIE,
		.fw_version = FW(6, 24, 0),
		.features = PROFILE_PPSO | PROFILE_FULL_ROLE_NAMES,
		.protocols = COFFER_CLONE_CPV1,
		.max_partitions = 5,
		.storage = MIB(32),
		.pin_min = 8,
		.default_kind = COFFER_PART_KIND_LEGACY,
		.hsm_policies = profile_hsm_6,
		.partition_policies = profile_partition_6,
		.mechanisms = profile_mechanisms_6,
	}, {
		.name = "pcie-7.4",
		.text = "PCIe card of the 7.4 generation: CPv1 only",
		.model = "PCIe 7.4",
		.family = PROFILE_FAMILY_PCIE,
		.fw_version = FW(7, 4, 0),
		.features = PROFILE_PPSO,
		.protocols = COFFER_CLONE_CPV1,
		.max_partitions = 5,
		.storage = MIB(64),
		.pin_min = 8,
		.default_kind = COFFER_PART_KIND_LEGACY,
		.hsm_policies = profile_hsm_7,
		.partition_policies = profile_partition_7_4,
		.mechanisms = profile_mechanisms_7,
	}, {
		.name = "pcie-7.8",
		.text = "PCIe card of the 7.8 generation: CPv1, CPv3 and CPv4, V0 partitions",
		.model = "PCIe 7.8",
		.family = PROFILE_FAMILY_PCIE,
		.fw_version = FW(7, 8, 0),
		.features = PROFILE_PPSO | PROFILE_PARTITION_VERSION | PROFILE_POLICY_42 |
			    PROFILE_DOMAINS | PROFILE_LCO | PROFILE_FORCE_PW_CHANGE |
			    PROFILE_STOP_ON_ERROR,
		.protocols = COFFER_CLONE_CPV1 | COFFER_CLONE_CPV3 | COFFER_CLONE_CPV4,
		.suites = ALL_SUITES,
		.max_partitions = 20,
		.storage = MIB(64),
		.pin_min = 8,
		.default_kind = COFFER_PART_KIND_V0,
		.hsm_policies = profile_hsm_7_8,
		.partition_policies = profile_partition_7_8,
		.mechanisms = profile_mechanisms_7,
	}, {
		.name = "backup-g5-6.28",
		.text = "backup card: partitions are archives, CPv1, takes V0 sources",
		.model = "Backup G5 6.28",
		.family = PROFILE_FAMILY_BACKUP,
		.fw_version = FW(6, 28, 0),
		.features = PROFILE_BACKUP | PROFILE_PPSO,
		.protocols = COFFER_CLONE_CPV1,
		.max_partitions = 100,
		.storage = MIB(1024),
		.pin_min = 4,
		.default_kind = COFFER_PART_KIND_BACKUP,
		.hsm_policies = profile_hsm_backup,
		.partition_policies = profile_partition_backup,
		.mechanisms = profile_mechanisms_all,
	},
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
