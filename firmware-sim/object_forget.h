/* SPDX-License-Identifier: BSD-3-Clause */
/* For the core: when a partition is erased or its last role logs out. */
#ifndef FW_OBJECT_FORGET_H
#define FW_OBJECT_FORGET_H

#include <stdint.h>

struct crypto;

/* Wipe all ready keys of a partition, 0 = of all. (An older epoch alone only makes them void.) */
void objects_forget(struct crypto *crypto, uint32_t part);

#endif /* FW_OBJECT_FORGET_H */
