/* SPDX-License-Identifier: BSD-3-Clause */
/* Firmware update: what power-on has to do with it. */
#ifndef FW_UPDATE_H
#define FW_UPDATE_H

#include "card.h"

/*
 * Power went away between the decision and its consequences: do the rest. The card was loaded
 * with the profile of before. Before commands run. A status.
 */
uint32_t update_finish(struct fw_card *card);

#endif /* FW_UPDATE_H */
