// SPDX-License-Identifier: BSD-3-Clause
/*
 * Partitions in the store. Values of a scope (0 = the card, else the partition):
 *   partition  plain: {u64 serial; u32 kind; u64 size; u32 initialised; label[32]}
 *   policies   plain: {u32 id; u32 value} for every policy of the profile
 *   erases     plain: {u32 id; u32 directions} of policies that erase otherwise than the profile
 *              says; absent: none
 *   roles      sealed: 7 times {u8 flags; u32 iterations; salt[16]; check[32]}
 *   challenges sealed: likewise, of challenge secrets; absent: none
 *   activation sealed: see activation.c; absent: none
 *   key        sealed: the partition key
 *   domain     sealed: {u8 count; u8 bit per domain that is from a red key; u16 0; count times
 *              {label[32]; domain key}}, the primary one first; cards of before labels: the domain
 *              key alone
 *   ciphers    plain: {u32 CPv4 suites that are off, bit = id}; absent: none
 *   next_id    plain, of the card: number of the next partition
 * Sealed values are bound to the card key, so they end with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"
#include "object.h"

#define CONTROLLED_RECOVERY	48	/* HSM policy */
#define ROLE_WIRE	(1 + 4 + ROLE_SALT + KEY_LEN)
#define ROLE_IS_INIT	0x01
#define ROLE_MUST	0x02

uint32_t partition_save(struct fw_partition *p, struct change *ch)
{
	uint8_t buf[8 + 4 + 8 + 4 + LABEL_MAX];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u64(&out, p->serial);
	wire_put_u32(&out, p->kind);
	wire_put_u64(&out, p->size);
	wire_put_u32(&out, p->initialised);
	wire_put_padded(&out, p->label, LABEL_MAX);
	return change_value_put(ch, p->id, "partition", buf, out.len);
}

static uint32_t save_roles(struct fw_partition *p, struct change *ch, const char *name,
			   const struct role roles[COFFER_ROLE_COUNT])
{
	uint8_t buf[COFFER_ROLE_COUNT * ROLE_WIRE];
	struct wire_out out;
	uint32_t st;
	int i;

	wire_out_init(&out, buf, sizeof(buf));
	for (i = 0; i < COFFER_ROLE_COUNT; i++) {
		wire_put_u8(&out, (uint8_t)((roles[i].initialised ? ROLE_IS_INIT : 0) |
					    (roles[i].must_change ? ROLE_MUST : 0)));
		wire_put_u32(&out, roles[i].iterations);
		wire_put(&out, roles[i].salt, ROLE_SALT);
		wire_put(&out, roles[i].check, KEY_LEN);
	}
	st = card_value_seal(p->card, ch, p->id, name, (struct bytes){ buf, out.len });
	crypto_wipe(buf, sizeof(buf));
	return st;
}

uint32_t partition_save_roles(struct fw_partition *p, struct change *ch,
			      const struct role roles[COFFER_ROLE_COUNT])
{
	return save_roles(p, ch, "roles", roles);
}

uint32_t partition_save_challenges(struct fw_partition *p, struct change *ch,
				   const struct role challenges[COFFER_ROLE_COUNT])
{
	return save_roles(p, ch, "challenges", challenges);
}

uint32_t partition_save_key(struct fw_partition *p, struct change *ch,
			    const uint8_t key[KEY_LEN])
{
	return card_value_seal(p->card, ch, p->id, "key", (struct bytes){ key, KEY_LEN });
}

uint32_t partition_save_domains(struct fw_partition *p, struct change *ch,
				const struct domains *d)
{
	uint8_t buf[4 + COFFER_DOMAINS_MAX * (LABEL_MAX + KEY_LEN)];
	struct wire_out out;
	uint32_t st, red = 0;

	for (uint32_t i = 0; i < d->count; i++)
		red |= d->list[i].ped ? 1u << i : 0;
	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, d->count | red << 8);
	for (uint32_t i = 0; i < d->count; i++) {
		wire_put_padded(&out, d->list[i].label, LABEL_MAX);
		wire_put(&out, d->list[i].key, KEY_LEN);
	}
	st = card_value_seal(p->card, ch, p->id, "domain", (struct bytes){ buf, out.len });
	crypto_wipe(buf, sizeof(buf));
	return st;
}

uint32_t partition_save_suites(struct fw_partition *p, struct change *ch, uint32_t off)
{
	uint8_t buf[4];
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	wire_put_u32(&out, off);
	return change_value_put(ch, p->id, "ciphers", buf, out.len);
}

uint32_t partition_save_policies(struct fw_partition *p, struct change *ch,
				 const uint32_t policy[POLICY_MAX])
{
	uint8_t buf[POLICY_MAX * 8];
	const struct profile_policy *row;
	struct wire_out out;

	wire_out_init(&out, buf, sizeof(buf));
	for (row = policy_table(p); row->name; row++) {
		wire_put_u32(&out, row->id);
		wire_put_u32(&out, policy[row->id]);
	}
	return change_value_put(ch, p->id, "policies", buf, out.len);
}

uint32_t partition_save_erases(struct fw_partition *p, struct change *ch,
			       const uint8_t erases[POLICY_MAX])
{
	uint8_t buf[POLICY_MAX * 8];
	struct wire_out out;
	uint32_t id;

	wire_out_init(&out, buf, sizeof(buf));
	for (id = 0; id < POLICY_MAX; id++)
		if (erases[id] != POLICY_ERASES_AS_PROFILE) {
			wire_put_u32(&out, id);
			wire_put_u32(&out, erases[id]);
		}
	if (!out.len)
		return change_value_delete(ch, p->id, "erases");
	return change_value_put(ch, p->id, "erases", buf, out.len);
}

/* ---- Keys derived from the partition key ----------------------------------------- */

static uint32_t derive(struct fw_partition *p, const uint8_t key[KEY_LEN], const char *use,
		       uint8_t out[KEY_LEN])
{
	struct bytes ikm = { key, KEY_LEN }, none = { NULL, 0 };
	struct bytes info = { (const uint8_t *)use, strlen(use) };

	return crypto_hkdf(p->card->crypto, CRYPTO_SHA256, none, ikm, info, out, KEY_LEN);
}

uint32_t partition_use_key(struct fw_partition *p, const uint8_t key[KEY_LEN])
{
	uint32_t st = derive(p, key, "coffer partition seal", p->seal_key);

	if (!st)
		st = derive(p, key, "coffer partition index", p->index_key);
	memcpy(p->key, key, KEY_LEN);
	return st;
}

void partition_lock_keys(struct fw_partition *p)
{
	pthread_mutex_lock(&p->lock);
	crypto_wipe(&p->domains, sizeof(p->domains));
	crypto_wipe(p->key, sizeof(p->key));
	crypto_wipe(p->seal_key, sizeof(p->seal_key));
	crypto_wipe(p->index_key, sizeof(p->index_key));
	activation_forget(p);
	atomic_store(&p->epoch, card_new_epoch(p->card));
	pthread_mutex_unlock(&p->lock);
	if (p->id)
		p->card->forget_keys(p->card->crypto, p->id);
}

/* To the state before initialisation. Caches and clone contexts of the old epoch are void. */
void partition_forget(struct fw_partition *p, bool policies_too)
{
	struct policies policies;

	pthread_mutex_lock(&p->lock);
	p->initialised = false;
	crypto_wipe(p->roles, sizeof(p->roles));
	crypto_wipe(p->challenges, sizeof(p->challenges));
	activation_forget(p);
	p->active_saved_ms = 0;
	crypto_wipe(&p->domains, sizeof(p->domains));
	crypto_wipe(p->key, sizeof(p->key));
	crypto_wipe(p->seal_key, sizeof(p->seal_key));
	crypto_wipe(p->index_key, sizeof(p->index_key));
	memset(p->label, 0, sizeof(p->label));
	if (policies_too) {
		policy_defaults(p, &policies);
		policy_use(p, &policies);
		p->suites_off = 0;
	}
	atomic_store(&p->epoch, card_new_epoch(p->card));
	pthread_mutex_unlock(&p->lock);
	if (p->id)
		p->card->forget_keys(p->card->crypto, p->id);
}

/* ---- Power-on -------------------------------------------------------------------- */

static int load_roles(struct fw_partition *p, const char *name, struct role *roles)
{
	struct wire_in in;
	struct bytes b;
	uint8_t *plain, flags;
	size_t len;
	int i, rc = card_value_get(p->card, p->id, name, &plain, &len);

	if (rc)
		return rc;
	wire_in_init(&in, plain, len);
	for (i = 0; i < COFFER_ROLE_COUNT; i++) {
		flags = wire_u8(&in);
		roles[i].initialised = flags & ROLE_IS_INIT;
		roles[i].must_change = flags & ROLE_MUST;
		roles[i].iterations = wire_u32(&in);
		b = wire_bytes(&in, ROLE_SALT);
		if (b.len == ROLE_SALT)
			memcpy(roles[i].salt, b.p, ROLE_SALT);
		b = wire_bytes(&in, KEY_LEN);
		if (b.len == KEY_LEN)
			memcpy(roles[i].check, b.p, KEY_LEN);
	}
	rc = wire_in_done(&in) ? 0 : -EBADMSG;
	crypto_wipe(plain, len);
	free(plain);
	return rc;
}

static int load_key(struct fw_partition *p, const char *name, uint8_t key[KEY_LEN])
{
	uint8_t *plain;
	size_t len;
	int rc = card_value_get(p->card, p->id, name, &plain, &len);

	if (rc)
		return rc;
	if (len == KEY_LEN)
		memcpy(key, plain, KEY_LEN);
	else
		rc = -EBADMSG;
	crypto_wipe(plain, len);
	free(plain);
	return rc;
}

static void read_domains(struct fw_partition *p, struct wire_in *in)
{
	uint32_t word = wire_u32(in), count = word & 0xff, red = word >> 8;
	struct bytes label, key;

	if (!count || count > COFFER_DOMAINS_MAX || red >> count)
		in->bad = true;
	for (uint32_t i = 0; !in->bad && i < count; i++) {
		label = wire_bytes(in, LABEL_MAX);
		key = wire_bytes(in, KEY_LEN);
		if (in->bad)
			break;
		label.len = strnlen((const char *)label.p, LABEL_MAX);
		domain_set(p->card, &p->domains.list[i], label, key.p);
		p->domains.list[i].ped = red & 1u << i;
		p->domains.count = i + 1;
	}
}

static int load_domains(struct fw_partition *p)
{
	struct bytes none = { NULL, 0 };
	struct wire_in in;
	uint8_t *plain;
	size_t len;
	int rc = card_value_get(p->card, p->id, "domain", &plain, &len);

	if (rc)
		return rc;
	if (len == KEY_LEN) {
		domain_set(p->card, &p->domains.list[0], none, plain);
		p->domains.count = 1;
	} else {
		wire_in_init(&in, plain, len);
		read_domains(p, &in);
		rc = wire_in_done(&in) ? 0 : -EBADMSG;
	}
	crypto_wipe(plain, len);
	free(plain);
	return rc;
}

static int load_suites(struct fw_partition *p)
{
	struct wire_in in;
	uint8_t *value;
	size_t len;
	int rc = store_value_get(p->card->store, p->id, "ciphers", &value, &len);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	wire_in_init(&in, value, len);
	p->suites_off = wire_u32(&in);
	rc = wire_in_done(&in) ? 0 : -EBADMSG;
	free(value);
	return rc;
}

struct policy_pair {
	uint32_t id;
	uint32_t value;
};

/* {u32 id; u32 value}[] of a value that may be absent; *count 0 then. */
static int load_pairs(struct fw_partition *p, const char *name,
		      struct policy_pair list[POLICY_MAX], uint32_t *count)
{
	struct wire_in in;
	uint8_t *value;
	size_t len;
	int rc = store_value_get(p->card->store, p->id, name, &value, &len);

	*count = 0;
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	wire_in_init(&in, value, len);
	while (in.left && !in.bad && *count < POLICY_MAX) {
		list[*count].id = wire_u32(&in);
		list[*count].value = wire_u32(&in);
		*count += !in.bad;
	}
	rc = wire_in_done(&in) ? 0 : -EBADMSG;
	free(value);
	return rc;
}

/* Those that the profile has and somebody can set; others keep their defaults. */
static bool is_kept(const struct fw_partition *p, uint32_t id)
{
	const struct profile_policy *row = policy_row(p, id);

	return row && !(row->flags & COFFER_POLICY_READ_ONLY);
}

static int load_policies(struct fw_partition *p)
{
	struct policy_pair list[POLICY_MAX];
	uint32_t count;
	int rc = load_pairs(p, "policies", list, &count);

	for (uint32_t i = 0; !rc && i < count; i++)
		if (is_kept(p, list[i].id))
			p->policy[list[i].id] = list[i].value;
	if (!rc)
		rc = load_pairs(p, "erases", list, &count);
	for (uint32_t i = 0; !rc && i < count; i++)
		if (is_kept(p, list[i].id))
			p->erases[list[i].id] = list[i].value & POLICY_ERASES_BITS;
	return rc;
}

int partition_load_keys(struct fw_partition *p)
{
	uint8_t key[KEY_LEN];
	int rc = load_key(p, "key", key);

	if (!rc && partition_use_key(p, key))
		rc = -EIO;
	if (!rc)
		rc = load_domains(p);
	crypto_wipe(key, sizeof(key));
	return rc == -ENOENT ? -EBADMSG : rc;
}

/* Partitions of before challenges have none. */
static int load_challenges(struct fw_partition *p)
{
	int rc = load_roles(p, "challenges", p->challenges);

	return rc == -ENOENT ? 0 : rc;
}

static int load_secrets(struct fw_partition *p)
{
	int rc = load_roles(p, "roles", p->roles);

	if (!rc)
		rc = load_challenges(p);
	/* A tampered card does not use its keys, but its SO can log in. */
	if (rc || atomic_load(&p->card->tampered))
		return rc == -ENOENT ? -EBADMSG : rc;
	rc = activation_load(p);
	return rc ? rc : partition_load_keys(p);
}

struct loading {
	struct fw_card *card;
	int rc;
};

static struct fw_partition *load_record(struct fw_card *card, uint32_t id, const uint8_t *value,
					size_t len)
{
	struct fw_partition *p;
	struct wire_in in;
	struct bytes label;
	uint64_t serial, size;
	uint32_t kind, initialised;

	wire_in_init(&in, value, len);
	serial = wire_u64(&in);
	kind = wire_u32(&in);
	size = wire_u64(&in);
	initialised = wire_u32(&in);
	label = wire_bytes(&in, LABEL_MAX);
	if (!wire_in_done(&in) || id > PARTITION_ID_MAX || kind > COFFER_PART_KIND_CLOUD)
		return NULL;
	p = partition_new(card, id, serial, (enum coffer_partition_kind)kind, size);
	if (p) {
		p->initialised = initialised;
		label.len = strnlen((const char *)label.p, LABEL_MAX);
		label_set(p->label, label);
	}
	return p;
}

static bool load_one(void *opaque, uint32_t scope, const uint8_t *value, size_t len)
{
	struct loading *l = opaque;
	struct fw_partition *p = load_record(l->card, scope, value, len);

	if (!p) {
		l->rc = -EBADMSG;
		return false;
	}
	partition_insert(l->card, p);
	return true;
}

/* In memory; nv follows when the store is rid of what the tamper wiped: tamper_recover(). */
static void latch_power_on(struct fw_card *card)
{
	if (!atomic_load(&card->tampered) || card_policy(card, CONTROLLED_RECOVERY))
		return;
	card->recovered = true;
	atomic_store(&card->tampered, false);
}

/* @card->next_id and all partitions; secrets only when no erasure is pending. */
int partition_load_all(struct fw_card *card)
{
	struct loading l = { .card = card };
	struct fw_partition *p;
	uint8_t *value;
	size_t len;
	int rc = store_value_each(card->store, "partition", load_one, &l);

	if (!rc)
		rc = l.rc;
	if (!rc && (!card->admin || card->admin->id))
		rc = -EBADMSG;
	if (!rc)
		rc = load_policies(card->admin);
	if (!rc)
		latch_power_on(card);
	for (p = card->admin; p && !rc; p = p->next) {
		rc = load_policies(p);
		if (!rc)
			rc = load_suites(p);
		if (!rc && p->initialised && !card->erasing)
			rc = load_secrets(p);
	}
	if (rc)
		return rc;
	rc = store_value_get(card->store, 0, "next_id", &value, &len);
	if (rc)
		return rc == -ENOENT ? -EBADMSG : rc;
	if (len == sizeof(card->next_id))
		memcpy(&card->next_id, value, len);
	else
		rc = -EBADMSG;
	free(value);
	return rc;
}
