// SPDX-License-Identifier: BSD-3-Clause
/*
 * Proofs that both partitions hold one domain: the target gives one for each of its own, the
 * source looks for the one that it can make too and answers with it (PROTOCOLS.md, m3 and m4).
 */
#include "clone.h"

#include <string.h>

/* The primary domain is the first one. */
static unsigned int usable_domains(const struct cmd *c, const struct clone_context *x)
{
	unsigned int n = partition_domains(c->part);

	if (x->suite->primary_only && n > 1)
		n = 1;
	return n < CLONE_DOMAINS ? n : CLONE_DOMAINS;
}

static uint32_t derive_for(struct cmd *c, const struct clone_context *x, unsigned int index,
			   struct bytes shared, struct clone_keys *keys)
{
	uint8_t domain[32];
	uint32_t st = partition_domain_key(c->part, index, domain);

	if (!st)
		st = clone_keys_derive(c->crypto, x->suite, &x->t, shared, domain, keys);
	crypto_wipe(domain, sizeof(domain));
	return st;
}

/* Random proofs hide how many domains there are. */
uint32_t clone_proofs_write(struct cmd *c, struct clone_context *x, struct bytes shared,
			    struct wire_out *out)
{
	unsigned int domains = usable_domains(c, x);
	uint8_t mac[CRYPTO_HASH_MAX];
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < CLONE_DOMAINS; i++) {
		if (i < domains) {
			st = derive_for(c, x, i, shared, &x->keys[i]);
			x->domain[i] = partition_domain_id(c->part, i);
			x->key_count = i + 1;
			if (!st)
				st = clone_prove_target(c->crypto, x->suite, &x->t, &x->keys[i],
							mac);
		} else {
			st = crypto_random(c->crypto, mac, x->suite->mac_len);
		}
		wire_put(out, mac, x->suite->mac_len);
	}
	return st;
}

/* Every domain against every proof, always all of them: time tells nothing. */
uint32_t clone_proofs_check(struct cmd *c, struct clone_context *x, struct bytes shared,
			    struct bytes proofs)
{
	unsigned int domains = usable_domains(c, x);
	uint8_t mac[CRYPTO_HASH_MAX];
	struct clone_keys keys;
	bool found = false;
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < domains; i++) {
		bool fits = false;

		st = derive_for(c, x, i, shared, &keys);
		if (!st)
			st = clone_prove_target(c->crypto, x->suite, &x->t, &keys, mac);
		for (unsigned int j = 0; !st && j < CLONE_DOMAINS; j++)
			fits |= crypto_equal(mac, proofs.p + j * x->suite->mac_len,
					     x->suite->mac_len);
		if (fits && !found) {
			x->keys[0] = keys;
			x->domain[0] = partition_domain_id(c->part, i);
		}
		found |= fits;
	}
	crypto_wipe(&keys, sizeof(keys));
	crypto_wipe(mac, sizeof(mac));
	if (st)
		return st;
	x->key_count = found;
	return found ? COFFER_ST_OK : x->suite->no_domain;
}

/* m4 does not name the domain. One that was deleted since m3 is none. */
uint32_t clone_proof_accept(struct cmd *c, struct clone_context *x, struct bytes proof)
{
	struct clone_keys keys = { 0 };
	uint8_t mac[CRYPTO_HASH_MAX];
	uint64_t domain = 0;
	bool found = false;
	uint32_t st = COFFER_ST_OK;

	for (unsigned int i = 0; !st && i < x->key_count; i++) {
		st = clone_prove_source(c->crypto, x->suite, &x->t, &x->keys[i], mac);
		if (!st && crypto_equal(mac, proof.p, x->suite->mac_len) &&
		    partition_has_domain(c->part, x->domain[i])) {
			keys = x->keys[i];
			domain = x->domain[i];
			found = true;
		}
	}
	crypto_wipe(mac, sizeof(mac));
	crypto_wipe(x->keys, sizeof(x->keys));
	x->keys[0] = keys;
	x->domain[0] = domain;
	x->key_count = found;
	crypto_wipe(&keys, sizeof(keys));
	if (st)
		return st;
	return found ? COFFER_ST_OK : COFFER_ST_SESSION_NEGOTIATION_INVALID;
}
