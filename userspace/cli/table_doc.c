// SPDX-License-Identifier: BSD-3-Clause
/*
 * Texts, errors and examples of the manual pages, by noun and command.
 */
#include <stddef.h>

#include "table_doc.h"

#define EXAMPLES(...) ((const struct cli_example[]){ __VA_ARGS__, { NULL, NULL, NULL } })

const struct cli_doc cli_docs[] = {
#include "table_doc_slot.h"
#include "table_doc_partition.h"
#include "table_doc_object.h"
#include "table_doc_card.h"
#include "table_doc_ha.h"
	{ NULL, NULL, NULL, NULL },
};
