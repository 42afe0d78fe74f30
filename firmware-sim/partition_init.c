// SPDX-License-Identifier: BSD-3-Clause
/* PARTITION_INIT (alone in the partition) and HSM_INIT (alone on the card). */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "nv.h"

/* Of PARTITION_INIT with COFFER_INIT_DEFAULT_DOMAIN; no secret. */
static const char default_domain[] = "coffer default domain";

/* What a partition becomes, between the handler and the commit. */
struct init {
	char label[LABEL_MAX + 1];
	uint8_t key[KEY_LEN];
	uint8_t domain[KEY_LEN];
	struct role roles[COFFER_ROLE_COUNT];
};

/* Salt of all domains: equal texts must give equal keys on all cards. */
static const char domain_salt[] = "coffer cloning domain 1";

static uint32_t init_domain(struct fw_card *card, uint32_t flags, struct bytes text,
			    uint8_t key[KEY_LEN])
{
	struct bytes salt = { (const uint8_t *)domain_salt, sizeof(domain_salt) - 1 };

	if (flags & COFFER_INIT_DEFAULT_DOMAIN) {
		if (text.len)
			return COFFER_ST_ARGUMENTS_BAD;
		text.p = (const uint8_t *)default_domain;
		text.len = sizeof(default_domain) - 1;
	}
	if (!text.len || memchr(text.p, 0, text.len))
		return COFFER_ST_ARGUMENTS_BAD;
	return card_stretch(card, text, salt, key);
}

/* Parse and compute what both kinds of init need; @role gets the password. */
static uint32_t init_prepare(struct cmd *c, enum coffer_role role, struct init *n)
{
	uint32_t flags = wire_u32(&c->in), st;
	struct bytes label = wire_blob(&c->in, LABEL_MAX);
	struct bytes pin = wire_blob(&c->in, PIN_MAX);
	struct bytes domain = wire_blob(&c->in, DOMAIN_MAX);

	if (!wire_in_done(&c->in) || (flags & ~COFFER_INIT_DEFAULT_DOMAIN) || !label.len ||
	    !label_ok(label))
		return COFFER_ST_ARGUMENTS_BAD;
	label_set(n->label, label);
	st = role_pin_fits(c->part, pin);
	if (!st)
		st = init_domain(c->card, flags, domain, n->domain);
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
	memcpy(p->domain.key, n->domain, KEY_LEN);
	p->domain.there = true;
	p->initialised = true;
	st = partition_use_key(p, n->key);
	pthread_mutex_unlock(&p->lock);
	return st;
}

/* Everything of the partition but its policies is written anew. */
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
		st = partition_save_domain(p, ch, n->domain);
	if (!st)
		st = partition_save_policies(p, ch, p->policy);
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
			verdict = status_of(nv_clear_done(c->card->nv));
		card_event(c->card, COFFER_EV_HSM_INITIALIZED, 0, 0);
	}
	init_free(n);
	return verdict;
}

uint32_t handle_PARTITION_INIT(struct cmd *c)
{
	struct init *n;
	struct change *ch;
	uint32_t st;

	/* Who has no role may only fill an empty partition; its own SO starts it again. */
	if (c->part->initialised && c->role != COFFER_ROLE_PO)
		return COFFER_ST_USER_NOT_LOGGED_IN;
	n = calloc(1, sizeof(*n));
	if (!n)
		return COFFER_ST_DEVICE_MEMORY;
	c->state = n;
	st = init_prepare(c, COFFER_ROLE_PO, n);
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
