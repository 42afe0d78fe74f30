// SPDX-License-Identifier: BSD-3-Clause
/*
 * Domains as the Partition SO lists, adds, deletes and names them (behaviour.md section 2).
 *
 * A label is public, so it must be no secret of the partition. That check tells the Partition SO
 * whether a text is one of the domains; he sets them, and each question costs a stretching.
 */
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "policy.h"

/* Room to read a label that is too long and say so, rather than that the request is malformed. */
#define LABEL_READ	220

static bool label_is(const struct domain *d, struct bytes label)
{
	return strlen(d->label) == label.len && !memcmp(d->label, label.p, label.len);
}

/* The index of the domain with that label (empty: the one without); -1: there is none. */
static int find(const struct domains *all, struct bytes label)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (label_is(&all->list[i], label))
			return (int)i;
	return -1;
}

/* DOMAIN_LABEL_INVALID when @label, as a text, is one of the secrets. */
static uint32_t no_secret(struct fw_card *card, const struct domains *all, struct bytes label)
{
	uint8_t key[KEY_LEN];
	bool equal = false;
	uint32_t st = domain_stretch(card, label, key);

	for (uint32_t i = 0; !st && i < all->count; i++)
		equal |= crypto_equal(key, all->list[i].key, KEY_LEN);
	crypto_wipe(key, sizeof(key));
	if (st)
		return st;
	return equal ? COFFER_ST_DOMAIN_LABEL_INVALID : COFFER_ST_OK;
}

static bool text_ok(struct bytes label)
{
	return label.len <= LABEL_MAX && label_ok(label);
}

static uint32_t new_label_fits(const struct domains *all, struct bytes label, int own)
{
	int other;

	if (!label.len || !text_ok(label))
		return COFFER_ST_DOMAIN_LABEL_INVALID;
	other = find(all, label);
	return other < 0 || other == own ? COFFER_ST_OK : COFFER_ST_DOMAIN_LABEL_ALREADY_EXISTS;
}

uint32_t domain_first_label(const struct fw_card *card, struct bytes label, struct bytes text)
{
	if (!label.len)
		return COFFER_ST_OK;
	if (!(card->profile->features & PROFILE_DOMAINS))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if (!text_ok(label) ||
	    (label.len == text.len && crypto_equal(label.p, text.p, text.len)))
		return COFFER_ST_DOMAIN_LABEL_INVALID;
	return COFFER_ST_OK;
}

static void domains_free(struct domains *d)
{
	crypto_wipe(d, sizeof(*d));
	free(d);
}

/* Memory follows the store. Clone contexts look their domain up by its id. */
static uint32_t domains_saved(struct cmd *c, uint32_t verdict)
{
	struct domains *d = c->state;

	if (!verdict) {
		pthread_mutex_lock(&c->part->lock);
		c->part->domains = *d;
		pthread_mutex_unlock(&c->part->lock);
		card_event(c->card, COFFER_EV_DOMAIN_CHANGED, c->part->id, d->count);
	}
	domains_free(d);
	return verdict;
}

/* Takes @d over, whatever @st says of how it was made. */
static uint32_t domains_save(struct cmd *c, struct domains *d, uint32_t st)
{
	struct change *ch = st ? NULL : change_of(c);

	if (!st && !ch)
		st = COFFER_ST_DEVICE_MEMORY;
	if (!st)
		st = partition_save_domains(c->part, ch, d);
	if (st) {
		domains_free(d);
		return st;
	}
	c->state = d;
	change_after(ch, domains_saved);
	return COFFER_ST_OK;
}

static struct domains *domains_copy(const struct fw_partition *p)
{
	struct domains *d = malloc(sizeof(*d));

	if (d)
		*d = p->domains;
	return d;
}

static void make_primary(struct domains *d, uint32_t index)
{
	struct domain first = d->list[index];

	memmove(&d->list[1], &d->list[0], index * sizeof(d->list[0]));
	d->list[0] = first;
	crypto_wipe(&first, sizeof(first));
}

static bool has_domains(const struct cmd *c)
{
	return c->card->profile->features & PROFILE_DOMAINS;
}

uint32_t handle_DOMAIN_LIST(struct cmd *c)
{
	const struct domains *d = &c->part->domains;

	if (!wire_in_reserved(&c->in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_domains(c))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	wire_put_u32(&c->out, d->count);
	for (uint32_t i = 0; i < d->count; i++) {
		wire_put_u32(&c->out, (i ? 0 : COFFER_DOMAIN_PRIMARY) |
				      (d->list[i].ped ? COFFER_DOMAIN_PED : 0));
		wire_put_u32(&c->out, 0);
		wire_put_padded(&c->out, d->list[i].label, LABEL_MAX);
	}
	return COFFER_ST_OK;
}

/* The key of a new domain: from its text, or from the red key that the PED gave. */
static uint32_t new_key(struct cmd *c, const struct domains *d, struct bytes text, bool red,
			uint8_t key[KEY_LEN])
{
	struct bytes value;
	uint32_t st;

	if (red) {
		st = ped_value(c, true, &value);
		if (!st)
			memcpy(key, value.p, KEY_LEN);
		return st;
	}
	/* A label that became a secret would tell it. */
	if (find(d, text) >= 0)
		return COFFER_ST_DOMAIN_LABEL_INVALID;
	return domain_stretch(c->card, text, key);
}

static uint32_t add(struct cmd *c, struct domains *d, struct bytes label, struct bytes text,
		    uint32_t flags)
{
	struct domain *new = &d->list[d->count];
	bool red = flags & COFFER_DOMAIN_PED;
	uint8_t key[KEY_LEN];
	uint32_t st = new_key(c, d, text, red, key);

	if (!st) {
		domain_set(c->card, new, label, key);
		new->ped = red;
		d->count++;
		st = no_secret(c->card, d, label);
	}
	crypto_wipe(key, sizeof(key));
	if (!st && (flags & COFFER_DOMAIN_PRIMARY))
		make_primary(d, d->count - 1);
	return st;
}

/*
 * Firmware 7.8.0 and cloud services take red keys whatever their roles log in with; older firmware
 * where they do so with a PED (behaviour.md section 2, rows 37, 41).
 */
uint32_t domain_red_fits(const struct cmd *c)
{
	return card_ped(c->card) || has_domains(c) ? COFFER_ST_OK : COFFER_ST_PED_UNSUPPORTED;
}

uint32_t domain_add_admits(const struct cmd *c, struct wire_in in)
{
	struct bytes label = wire_blob(&in, LABEL_READ);
	uint32_t st;

	wire_blob(&in, DOMAIN_MAX);
	if (!wire_in_done(&in))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_domains(c))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if (policy_forbids(c->part, POLICY_ACT_MANAGE_DOMAINS))
		return COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED;
	st = new_label_fits(&c->part->domains, label, -1);
	if (st)
		return st;
	return c->part->domains.count < COFFER_DOMAINS_MAX ? COFFER_ST_OK :
							     COFFER_ST_DOMAIN_MAX_REACHED;
}

uint32_t handle_DOMAIN_ADD(struct cmd *c)
{
	uint32_t flags = wire_u32(&c->in), st;
	struct wire_in behind = c->in;
	struct bytes label = wire_blob(&c->in, LABEL_READ);
	struct bytes text = wire_blob(&c->in, DOMAIN_MAX);
	struct domains *d;

	/* Either a text or a red key. */
	if (!wire_in_done(&c->in) || (flags & ~(COFFER_DOMAIN_PRIMARY | COFFER_DOMAIN_PED)) ||
	    !text.len != !!(flags & COFFER_DOMAIN_PED))
		return COFFER_ST_ARGUMENTS_BAD;
	st = domain_add_admits(c, behind);
	if (st)
		return st;
	d = domains_copy(c->part);
	if (!d)
		return COFFER_ST_DEVICE_MEMORY;
	st = add(c, d, label, text, flags);
	return domains_save(c, d, st);
}

uint32_t handle_DOMAIN_DELETE(struct cmd *c)
{
	uint32_t flags = wire_u32(&c->in), last = c->part->domains.count - 1;
	struct bytes label = wire_blob(&c->in, LABEL_READ);
	struct domains *d;
	int at;

	if (!wire_in_done(&c->in) || flags)
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_domains(c))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	if (policy_forbids(c->part, POLICY_ACT_MANAGE_DOMAINS))
		return COFFER_ST_DOMAIN_MANAGEMENT_NOT_ALLOWED;
	at = find(&c->part->domains, label);
	if (at < 0)
		return COFFER_ST_DOMAIN_LABEL_INVALID;
	if (!at)
		return COFFER_ST_DOMAIN_NO_PRIMARY;
	d = domains_copy(c->part);
	if (!d)
		return COFFER_ST_DEVICE_MEMORY;
	memmove(&d->list[at], &d->list[at + 1], (last - (uint32_t)at) * sizeof(d->list[0]));
	crypto_wipe(&d->list[last], sizeof(d->list[0]));
	d->count = last;
	return domains_save(c, d, COFFER_ST_OK);
}

uint32_t handle_DOMAIN_CHANGE(struct cmd *c)
{
	uint32_t flags = wire_u32(&c->in), st;
	struct bytes label = wire_blob(&c->in, LABEL_READ);
	struct bytes to = wire_blob(&c->in, LABEL_READ);
	struct domains *d;
	int at;

	if (!wire_in_done(&c->in) || (flags & ~COFFER_DOMAIN_PRIMARY))
		return COFFER_ST_ARGUMENTS_BAD;
	if (!has_domains(c))
		return COFFER_ST_FUNCTION_NOT_SUPPORTED;
	at = find(&c->part->domains, label);
	if (at < 0)
		return COFFER_ST_DOMAIN_LABEL_INVALID;
	if (!at && (flags & COFFER_DOMAIN_PRIMARY))
		return COFFER_ST_DOMAIN_EXTRA_PRIMARY;
	st = new_label_fits(&c->part->domains, to, at);
	if (!st)
		st = no_secret(c->card, &c->part->domains, to);
	if (st)
		return st;
	d = domains_copy(c->part);
	if (!d)
		return COFFER_ST_DEVICE_MEMORY;
	label_set(d->list[at].label, to);
	if (flags & COFFER_DOMAIN_PRIMARY)
		make_primary(d, (uint32_t)at);
	return domains_save(c, d, COFFER_ST_OK);
}
