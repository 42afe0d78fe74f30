/* SPDX-License-Identifier: BSD-3-Clause */
/* The firmware's own integrity (integrity.c). */
#ifndef FW_INTEGRITY_H
#define FW_INTEGRITY_H

#include "card.h"

#define INTEGRITY_TEST	"firmware-integrity"	/* its name among the self-tests */

/* This program and its digest. SELF_TEST_FAILED: it has no build id. */
uint32_t integrity_now(struct crypto *c, struct build *b);
/* Manufacture: the card knows this build. */
uint32_t integrity_first(struct fw_card *card, struct change *ch);
/* 0; -EACCES: the program is not as it was built; -EIO, -EBADMSG of what the card knows. */
int integrity_power_on(struct fw_card *card);
bool integrity_self_test(struct fw_card *card);	/* is it still as at power-on? */

#endif /* FW_INTEGRITY_H */
