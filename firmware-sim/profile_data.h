/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables that profiles are made of. */
#ifndef FW_PROFILE_DATA_H
#define FW_PROFILE_DATA_H

#include "fw.h"
#include "profile.h"

extern const struct profile_policy profile_hsm_coffer[];
extern const struct profile_policy profile_hsm_6[];
extern const struct profile_policy profile_hsm_7[];
extern const struct profile_policy profile_hsm_7_8[];
extern const struct profile_policy profile_hsm_backup[];
extern const struct profile_policy profile_partition_coffer[];
extern const struct profile_policy profile_partition_6[];
extern const struct profile_policy profile_partition_7_4[];
extern const struct profile_policy profile_partition_7_8[];
extern const struct profile_policy profile_partition_backup[];
extern const struct profile_mechanism profile_mechanisms_all[];
extern const struct profile_mechanism profile_mechanisms_6[];
extern const struct profile_mechanism profile_mechanisms_7[];

#endif /* FW_PROFILE_DATA_H */
