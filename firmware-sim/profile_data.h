/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables that profiles are made of. */
#ifndef FW_PROFILE_DATA_H
#define FW_PROFILE_DATA_H

#include "fw.h"
#include "profile.h"

extern const struct profile_policy profile_hsm_coffer[];
extern const struct profile_policy profile_hsm_5[];		/* and 6.x before 6.22 */
extern const struct profile_policy profile_hsm_6[];
extern const struct profile_policy profile_hsm_7[];		/* 7.0 .. 7.4 */
extern const struct profile_policy profile_hsm_7_7[];
extern const struct profile_policy profile_hsm_7_8[];
extern const struct profile_policy profile_hsm_backup[];	/* G5 */
extern const struct profile_policy profile_hsm_backup_7[];	/* G7 */
extern const struct profile_policy profile_hsm_cloud[];
extern const struct profile_policy profile_hsm_cloud_fips[];	/* policy 12 is 0 for good */
extern const struct profile_policy profile_partition_coffer[];
extern const struct profile_policy profile_partition_6[];	/* 5.x and 6.x */
extern const struct profile_policy profile_partition_7_4[];	/* 7.0 .. 7.4 */
extern const struct profile_policy profile_partition_7_7_0[];
extern const struct profile_policy profile_partition_7_7_1[];
extern const struct profile_policy profile_partition_7_8[];
extern const struct profile_policy profile_partition_backup[];	/* G5 */
extern const struct profile_policy profile_partition_backup_7[];	/* G7 */
extern const struct profile_policy profile_partition_cloud[];
extern const struct profile_mechanism profile_mechanisms_all[];
extern const struct profile_mechanism profile_mechanisms_5[];
extern const struct profile_mechanism profile_mechanisms_6[];
extern const struct profile_mechanism profile_mechanisms_7[];

extern const struct profile_rate profile_rates_6[];		/* 5.x and 6.x */
extern const struct profile_rate profile_rates_7[];
extern const struct profile_rate profile_rates_usb[];

#endif /* FW_PROFILE_DATA_H */
