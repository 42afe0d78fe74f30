// SPDX-License-Identifier: BSD-3-Clause
/*
 * Activation (behaviour.md 5.3): with partition policy 22 the card keeps what the PED gave for CO,
 * LCO and CU, and from then on the challenge secret alone logs in. The cache is in memory only;
 * with policy 23 it is sealed in the store, too, and good for two hours without power. It holds
 * for the very credential that it was made with: a role that gets another one is not activated.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "writer.h"

#define ACTIVATION	22		/* partition policies */
#define AUTO_ACTIVATION	23
#define SURVIVES_MS	7200000ull	/* two hours */
#define REFRESH_MS	600000ull	/* how old the time in the store may become */

bool role_has_challenge(const struct fw_partition *p, uint32_t role)
{
	return p->id && (role == COFFER_ROLE_CO || role == COFFER_ROLE_LCO ||
			 role == COFFER_ROLE_CU);
}

bool role_activated(const struct fw_partition *p, uint32_t role)
{
	const struct activation *a = &p->active[role];

	return a->on && p->policy[ACTIVATION] && p->roles[role].initialised &&
	       crypto_equal(a->salt, p->roles[role].salt, ROLE_SALT);
}

uint32_t roles_activated(struct fw_partition *p)
{
	uint32_t role, bits = 0;

	pthread_mutex_lock(&p->lock);
	for (role = 0; role < COFFER_ROLE_COUNT; role++)
		if (role_activated(p, role))
			bits |= 1u << role;
	pthread_mutex_unlock(&p->lock);
	return bits;
}

/* ---- In the store: sealed {u64 wall clock; count times {u32 role; salt; secret}} ------ */

#define ENTRY_LEN	(4 + ROLE_SALT + KEY_LEN)
#define STORED_MAX	(8 + COFFER_ROLE_COUNT * ENTRY_LEN)

static size_t stored_write(struct fw_partition *p, uint8_t buf[STORED_MAX], uint64_t now)
{
	struct wire_out out;
	uint32_t role;

	wire_out_init(&out, buf, STORED_MAX);
	wire_put_u64(&out, now);
	pthread_mutex_lock(&p->lock);
	for (role = 0; role < COFFER_ROLE_COUNT; role++)
		if (role_activated(p, role)) {
			wire_put_u32(&out, role);
			wire_put(&out, p->active[role].salt, ROLE_SALT);
			wire_put(&out, p->active[role].secret, KEY_LEN);
		}
	pthread_mutex_unlock(&p->lock);
	return out.len;
}

/* As it is in memory now; removed when nothing is activated, or @keep says no. */
static uint32_t store_it(struct fw_partition *p, struct change *ch, bool keep)
{
	uint64_t now = clock_wall_ms();
	uint8_t buf[STORED_MAX];
	size_t len = keep ? stored_write(p, buf, now) : 8;
	uint32_t st;

	if (len > 8)
		st = card_value_seal(p->card, ch, p->id, "activation",
				     (struct bytes){ buf, len });
	else
		st = change_value_delete(ch, p->id, "activation");
	if (keep)
		crypto_wipe(buf, sizeof(buf));
	pthread_mutex_lock(&p->lock);
	p->active_saved_ms = len > 8 ? now : 0;
	pthread_mutex_unlock(&p->lock);
	return st;
}

uint32_t activation_save(struct fw_partition *p, struct change *ch)
{
	return store_it(p, ch, p->policy[AUTO_ACTIVATION]);
}

uint32_t activation_policies(struct fw_partition *p, struct change *ch,
			     const uint32_t policy[POLICY_MAX])
{
	bool keep = policy[ACTIVATION] && policy[AUTO_ACTIVATION];

	if (!p->id || keep == (p->policy[ACTIVATION] && p->policy[AUTO_ACTIVATION]))
		return COFFER_ST_OK;
	return store_it(p, ch, keep);
}

bool activation_old(struct fw_partition *p)
{
	bool old;

	if (!p->policy[AUTO_ACTIVATION])
		return false;
	pthread_mutex_lock(&p->lock);
	old = clock_wall_ms() - p->active_saved_ms > REFRESH_MS;
	pthread_mutex_unlock(&p->lock);
	return old;
}

/* Times that no clock can have shown do not count: the cache is lost rather than kept. */
static bool still_good(const struct fw_card *card, uint64_t saved)
{
	uint64_t now = clock_wall_ms() + card->off_longer_ms;

	return saved <= now && now - saved <= SURVIVES_MS;
}

static void stored_read(struct fw_partition *p, struct wire_in *in)
{
	struct bytes salt, secret;
	uint32_t role;

	while (in->left && !in->bad) {
		role = wire_u32(in);
		salt = wire_bytes(in, ROLE_SALT);
		secret = wire_bytes(in, KEY_LEN);
		if (in->bad || !role_has_challenge(p, role))
			return;
		p->active[role].on = true;
		memcpy(p->active[role].salt, salt.p, ROLE_SALT);
		memcpy(p->active[role].secret, secret.p, KEY_LEN);
	}
}

/* Power-on. What is too old stays where it is until the card writes there again. */
int activation_load(struct fw_partition *p)
{
	struct wire_in in;
	uint8_t *plain;
	uint64_t saved;
	size_t len;
	int rc = card_value_get(p->card, p->id, "activation", &plain, &len);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	wire_in_init(&in, plain, len);
	saved = wire_u64(&in);
	p->active_saved_ms = saved ? saved : 1;
	if (p->policy[ACTIVATION] && p->policy[AUTO_ACTIVATION] && !p->card->recovered &&
	    still_good(p->card, saved))
		stored_read(p, &in);
	crypto_wipe(plain, len);
	free(plain);
	return in.bad ? -EBADMSG : 0;
}

/* Power-off, without commands: the two hours begin now. */
void activation_park(struct fw_card *card)
{
	struct change *ch = change_new(NULL);
	struct fw_partition *p;
	bool due = false;
	uint32_t st = COFFER_ST_OK;

	for (p = card->admin; p && ch && !st; p = p->next)
		if (p->active_saved_ms || (p->policy[AUTO_ACTIVATION] && roles_activated(p))) {
			due = true;
			st = activation_save(p, ch);
		}
	/* A failure costs a login with the PED. */
	if (due && !st)
		writer_commit_alone(card, ch, NULL);
	if (ch)
		change_drop(ch);
}

/* ---- In memory --------------------------------------------------------------------- */

void activation_forget(struct fw_partition *p)
{
	crypto_wipe(p->active, sizeof(p->active));
}

/* After a good login with the key. true: the store has to be told. */
bool activation_begin(struct fw_partition *p, uint32_t role, struct bytes secret)
{
	struct activation *a = &p->active[role];
	bool new;

	if (!role_has_challenge(p, role) || !p->policy[ACTIVATION])
		return false;
	pthread_mutex_lock(&p->lock);
	new = !role_activated(p, role);
	a->on = true;
	memcpy(a->salt, p->roles[role].salt, ROLE_SALT);
	memcpy(a->secret, secret.p, KEY_LEN);
	pthread_mutex_unlock(&p->lock);
	return new && p->policy[AUTO_ACTIVATION];
}

/* ---- Commands ---------------------------------------------------------------------- */

uint32_t challenge_fits(const struct fw_partition *p, struct bytes challenge)
{
	const struct profile *profile = p->card->profile;

	if (challenge.len < profile->challenge_min || challenge.len > profile->challenge_max)
		return COFFER_ST_PIN_LEN_RANGE;
	return memchr(challenge.p, 0, challenge.len) ? COFFER_ST_PIN_INVALID : COFFER_ST_OK;
}
