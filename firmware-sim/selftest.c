// SPDX-License-Identifier: BSD-3-Clause
/*
 * Self-tests on demand (quality.md A5). A failure puts the card into its error state, which
 * lasts until power-off: the power-on tests decide whether it starts again. The dispatcher
 * refuses in that state what is not marked for it.
 */
#include "integrity.h"

/* A key pair or random numbers that were made did not pass: the same error state. */
void selftest_notice(struct fw_card *card)
{
	uint32_t none = 0, failed = crypto_failed(card->crypto);

	if (failed && atomic_compare_exchange_strong(&card->failed_test, &none, failed))
		card_event(card, COFFER_EV_SELF_TEST_FAILED, 0, failed);
}

/* All of crypto.h's, then the firmware's own. NULL: there is no such test. */
static const char *self_test(struct fw_card *card, uint32_t index, uint32_t *own, bool *passed)
{
	const char *name = NULL;

	if (*own > index)
		name = crypto_self_test(card->crypto, index, card->broken_test, passed);
	if (name)
		return name;
	if (*own > index)
		*own = index;
	if (index > *own)
		return NULL;
	*passed = integrity_self_test(card);
	return INTEGRITY_TEST;
}

uint32_t handle_SELF_TEST(struct cmd *c)
{
	struct fw_card *card = c->card;
	uint32_t none, count = 0, own = UINT32_MAX;
	const char *name;
	bool passed;
	size_t at;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	at = wire_reserve_u32(&c->out);
	while ((name = self_test(card, count, &own, &passed))) {
		count++;
		wire_put_u32(&c->out, passed);
		wire_put_u32(&c->out, 0);
		wire_put_padded(&c->out, name, 40);
		none = 0;
		if (!passed && atomic_compare_exchange_strong(&card->failed_test, &none, count))
			card_event(card, COFFER_EV_SELF_TEST_FAILED, 0, count);
	}
	wire_fill_u32(&c->out, at, count);
	return COFFER_ST_OK;
}
