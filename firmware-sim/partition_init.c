// SPDX-License-Identifier: BSD-3-Clause
/* PARTITION_INIT (alone in the partition) and HSM_INIT (alone on the card). */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"
#include "policy.h"

/* Of PARTITION_INIT with COFFER_INIT_DEFAULT_DOMAIN; no secret. */
static const char default_domain[] = "coffer default domain";

#define INIT_FLAGS	(COFFER_INIT_DEFAULT_DOMAIN | COFFER_INIT_PED_DOMAIN)

/* What a partition becomes, between the handler and the commit. */
struct init {
	char label[LABEL_MAX + 1];
	uint8_t key[KEY_LEN];
	struct domains domains;
	struct role roles[COFFER_ROLE_COUNT];
	struct policies policies;
};

static uint32_t red_domain(struct cmd *c, struct bytes text, struct bytes label, struct init *n)
{
	struct bytes key;
	uint32_t st;

	if (text.len)
		return COFFER_ST_ARGUMENTS_BAD;
	st = domain_red_fits(c);
	if (!st)
		st = domain_first_label(c->card, label, text);
	if (!st)
		st = ped_value(c, true, &key);
	if (st)
		return st;
	domain_set(c->card, &n->domains.list[0], label, key.p);
	n->domains.list[0].ped = true;
	n->domains.count = 1;
	return COFFER_ST_OK;
}

static uint32_t init_domain(struct cmd *c, uint32_t flags, struct bytes text,
			    struct bytes label, struct init *n)
{
	struct fw_card *card = c->card;
	uint8_t key[KEY_LEN];
	uint32_t st;

	if (flags == COFFER_INIT_PED_DOMAIN)
		return red_domain(c, text, label, n);
	/* Where roles have PED keys the first domain has, too; the default one is no secret. */
	if (card_ped(card) && !(flags & COFFER_INIT_DEFAULT_DOMAIN))
		return COFFER_ST_OPERATION_NOT_ALLOWED;
	if (flags & COFFER_INIT_DEFAULT_DOMAIN) {
		if (text.len)
			return COFFER_ST_ARGUMENTS_BAD;
		text.p = (const uint8_t *)default_domain;
		text.len = sizeof(default_domain) - 1;
	}
	st = domain_first_label(card, label, text);
	if (!st)
		st = domain_stretch(card, text, key);
	if (!st) {
		domain_set(card, &n->domains.list[0], label, key);
		n->domains.count = 1;
	}
	crypto_wipe(key, sizeof(key));
	return st;
}

/* Parse and compute what both kinds of init need; @role gets the password. */
static uint32_t init_prepare(struct cmd *c, enum coffer_role role, struct init *n)
{
	uint32_t flags = wire_u32(&c->in), st;
	struct bytes label = wire_blob(&c->in, LABEL_MAX);
	struct bytes pin = wire_blob(&c->in, PIN_MAX);
	struct bytes domain = wire_blob(&c->in, DOMAIN_MAX), domain_label = { NULL, 0 };
	struct bytes template = { NULL, 0 };

	/* Requests of before domains had labels end here. */
	if (role != COFFER_ROLE_SO && c->in.left)
		domain_label = wire_blob(&c->in, DOMAIN_MAX);
	if (c->in.left)
		template = wire_blob(&c->in, POLICY_MAX * sizeof(struct coffer_policy_setting));
	if (!wire_in_done(&c->in) || (flags & ~INIT_FLAGS) || flags == INIT_FLAGS || !label.len ||
	    !label_ok(label))
		return COFFER_ST_ARGUMENTS_BAD;
	label_set(n->label, label);
	st = policy_init(c->part, template, &n->policies);
	if (!st)
		st = role_secret(c, n->policies.value, pin, &pin);
	if (!st)
		st = init_domain(c, flags, domain, domain_label, n);
	if (!st)
		st = role_make(c->card, pin, false, &n->roles[role]);
	if (!st)
		st = crypto_random(c->crypto, n->key, sizeof(n->key));
	return st;
}

static void init_free(struct init *n)
{
	crypto_wipe(n, sizeof(*n));
	free(n);
}

/* Memory follows the store. Objects, roles and domain of before are gone. */
static uint32_t init_use(struct fw_partition *p, const struct init *n)
{
	uint32_t st;

	partition_forget(p, false);
	pthread_mutex_lock(&p->lock);
	memcpy(p->label, n->label, sizeof(p->label));
	memcpy(p->roles, n->roles, sizeof(p->roles));
	p->domains = n->domains;
	policy_use(p, &n->policies);
	p->initialised = true;
	st = partition_use_key(p, n->key);
	pthread_mutex_unlock(&p->lock);
	return st;
}

/* Everything of the partition but its cipher suites is written anew. */
static uint32_t init_write(struct fw_partition *p, struct change *ch, const struct init *n)
{
	struct fw_partition image = { .card = p->card, .id = p->id, .serial = p->serial,
				      .size = p->size, .kind = p->kind, .initialised = true };
	uint32_t st = change_partition_clear(ch, p->id, p->id != 0);

	memcpy(image.label, n->label, sizeof(image.label));
	if (!st)
		st = partition_save(&image, ch);
	if (!st)
		st = partition_save_roles(p, ch, n->roles);
	if (!st)
		st = partition_save_key(p, ch, n->key);
	if (!st)
		st = partition_save_domains(p, ch, &n->domains);
	if (!st)
		st = partition_save_policies(p, ch, n->policies.value);
	if (!st)
		st = partition_save_erases(p, ch, n->policies.erases);
	if (!st && p->suites_off)
		st = partition_save_suites(p, ch, p->suites_off);
	return st;
}

static uint32_t partition_initialised(struct cmd *c, uint32_t verdict)
{
	struct init *n = c->state;

	if (!verdict) {
		verdict = init_use(c->part, n);
		/* Not before the commit: one that failed must give no fresh attempts. */
		if (!verdict)
			verdict = status_of(nv_part_reset(c->card->nv, c->part->id));
		logins_end(c->card, c->part);
		card_event(c->card, COFFER_EV_PARTITION_INITIALIZED, c->part->id,
			   c->part->serial);
	}
	init_free(n);
	return verdict;
}

static uint32_t hsm_initialised(struct cmd *c, uint32_t verdict)
{
	struct init *n = c->state;

	if (!verdict) {
		verdict = init_use(c->part, n);
		if (!verdict)
			verdict = status_of(nv_clear_done(c->card->nv, c->card->erasure));
		card_event(c->card, COFFER_EV_HSM_INITIALIZED, 0, 0);
	}
	init_free(n);
	return verdict;
}

/* Before 6.22 the HSM SO makes a partition, and the password is its Crypto Officer's. */
uint32_t handle_PARTITION_INIT(struct cmd *c)
{
	bool ppso = c->card->profile->features & PROFILE_PPSO;
	struct init *n;
	struct change *ch;
	uint32_t st;

	/* Who has no role may only fill an empty partition; its own SO starts it again. */
	if ((c->part->initialised || !ppso) && c->role != COFFER_ROLE_PO)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	st = c->part->initialised ? policy_forbids(c->part, POLICY_ACT_INIT_AGAIN) :
				    (uint32_t)COFFER_ST_OK;
	if (st)
		return st;
	n = calloc(1, sizeof(*n));
	if (!n)
		return COFFER_ST_DEVICE_MEMORY;
	c->state = n;
	st = init_prepare(c, ppso ? COFFER_ROLE_PO : COFFER_ROLE_CO, n);
	ch = st ? NULL : change_of(c);
	if (!st && !ch)
		st = COFFER_ST_DEVICE_MEMORY;
	if (!st)
		st = init_write(c->part, ch, n);
	if (st)
		init_free(n);
	else
		change_after(ch, partition_initialised);
	return st;
}

/* Erases every partition's contents, whoever they belong to, and destroys the card key. */
uint32_t handle_HSM_INIT(struct cmd *c)
{
	struct init *n;
	struct change *ch;
	uint32_t st;

	if (c->part->initialised && c->role != COFFER_ROLE_SO)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	n = calloc(1, sizeof(*n));
	if (!n)
		return COFFER_ST_DEVICE_MEMORY;
	c->state = n;
	st = init_prepare(c, COFFER_ROLE_SO, n);
	ch = st ? NULL : change_of(c);
	if (!st && !ch)
		st = COFFER_ST_DEVICE_MEMORY;
	if (!st)
		st = hsm_destroy_key(c->card, NV_CLEAR_ZEROIZE);
	if (!st)
		st = hsm_erase_rows(c->card, ch, NV_CLEAR_ZEROIZE);
	if (!st)
		st = init_write(c->part, ch, n);
	if (st)
		init_free(n);
	else
		change_after(ch, hsm_initialised);
	return st;
}
