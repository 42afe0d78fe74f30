/* SPDX-License-Identifier: GPL-2.0-only */
/* A card for the tests: its rings are there, and nobody reads them but the test. */
#ifndef _COFFER_TEST_CARD_H
#define _COFFER_TEST_CARD_H

#include <kunit/test.h>

#include "../coffer.h"

struct coffer_dev *coffer_test_card(unsigned int entries);
void coffer_test_card_free(struct coffer_dev *cd);

#endif
