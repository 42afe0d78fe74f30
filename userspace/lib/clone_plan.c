// SPDX-License-Identifier: BSD-3-Clause
/*
 * Why a clone would be refused, told before anything is tried, in words and with the mend. It
 * sees only what both partitions show; the cards decide for themselves. Domains are not among
 * that: whether two partitions share one is learned from a finished handshake only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib.h"
#include "supported.h"

#define POLICY_HSM_CLONING	7	/* behaviour.md 3.1 */
#define POLICY_CLONE_PRIVATE	0	/* 3.2 */
#define POLICY_CLONE_SECRET	4
#define POLICY_DOMAINS		44
#define LEVEL_V0		1

struct side {
	const char *name;		/* "source", "target" */
	struct coffer_session *s;
	struct coffer_partition_details part;
	enum coffer_role role;
	bool must_change;
	bool hsm_cloning, private_keys, secret_keys;
	bool may_mix;			/* firmware of 7.8.0 or later: knows policy 44 */
	bool mixes;			/* ... which is on */
};

struct finding {
	coffer_rc rc;
	char *text;
};

static bool hsm_cloning(struct coffer_session *admin, coffer_rc *rc)
{
	struct coffer_policy *list = NULL;
	size_t count = 0;
	bool on = true;

	*rc = coffer_policies(admin, &list, &count);
	for (size_t i = 0; i < count; i++)
		if (list[i].id == POLICY_HSM_CLONING)
			on = list[i].value != 0;
	free(list);
	return on;
}

/* Policies of the partition that are not there mean what firmware without them does. */
static void look_at_policy(struct side *side, const struct coffer_policy *p)
{
	switch (p->id) {
	case POLICY_CLONE_PRIVATE:
		side->private_keys = p->value != 0;
		break;
	case POLICY_CLONE_SECRET:
		side->secret_keys = p->value != 0;
		break;
	case POLICY_DOMAINS:
		side->may_mix = true;
		side->mixes = p->value != 0;
		break;
	}
}

static coffer_rc look_at_policies(struct side *side)
{
	struct coffer_policy *list;
	size_t count;
	coffer_rc rc = coffer_policies(side->s, &list, &count);

	side->private_keys = true;
	side->secret_keys = true;
	if (rc)
		return rc;
	for (size_t i = 0; i < count; i++)
		look_at_policy(side, &list[i]);
	free(list);
	return 0;
}

static coffer_rc side_look(struct side *side)
{
	struct coffer_session *admin;
	coffer_rc rc = session_direct(side->s);

	if (!rc)
		rc = coffer_partition_info(side->s, &side->part);
	if (!rc)
		rc = coffer_whoami(side->s, &side->role, &side->must_change);
	if (!rc)
		rc = look_at_policies(side);
	if (!rc)
		rc = coffer_session_open(side->s->card, 0, false, &admin);
	if (rc)
		return rc;
	side->hsm_cloning = hsm_cloning(admin, &rc);
	coffer_session_close(admin);
	return rc;
}

static void found(struct finding *f, coffer_rc rc, char *text)
{
	f->rc = rc;
	f->text = text;
}

/* ---- What one side shows -------------------------------------------------------------------- */

#define FIRST_ROLES	(6u << 16 | 22u << 8)	/* behaviour.md 1.6: role login from 6.22 on */
#define FIRST_SHORT	(7u << 16)

/* What to type at a side to be its Crypto Officer. */
static const char *login_words(const struct side *side)
{
	uint32_t version = side->part.slot.fw_version;

	if (version && version < FIRST_ROLES)
		return "partition login";
	return version && version < FIRST_SHORT ? "role login -name \"Crypto Officer\"" :
						  "role login -name co";
}

static void check_login(const struct side *side, struct finding *f)
{
	if (side->role == COFFER_ROLE_NONE)
		found(f, ST(USER_NOT_LOGGED_IN),
		      text_of("nobody is logged in to the %s partition: slot set -slot %u; %s",
			      side->name, side->part.slot.slot, login_words(side)));
	else if (side->role == COFFER_ROLE_PO || side->role == COFFER_ROLE_SO ||
		 side->role == COFFER_ROLE_AU)
		found(f, ST(USER_NOT_AUTHORIZED),
		      text_of("the role that is logged in to the %s partition moves no keys: "
			      "role logout; %s", side->name, login_words(side)));
	else if (side->must_change)
		found(f, ST(PIN_EXPIRED),
		      text_of("the %s partition's password is still the initial one: change it "
			      "with role changepw first", side->name));
}

static void check_partition(const struct side *side, struct finding *f)
{
	const struct coffer_partition_details *p = &side->part;

	if (!p->slot.partition)
		found(f, ST(OPERATION_NOT_ALLOWED),
		      text_of("the %s is an admin partition, which holds no keys", side->name));
	else if (!p->domains)
		found(f, ST(CLONING_PARAMETER_MISSING),
		      text_of("the %s partition has no cloning domain: initialise it with one "
			      "(partition init -domain)", side->name));
	else if (p->clone_wait_ms)
		found(f, ST(CLONE_THROTTLED),
		      text_of("the %s partition refuses cloning for %u more seconds after %u "
			      "failed domain proofs: wait", side->name,
			      (p->clone_wait_ms + 999) / 1000, p->clone_failures));
}

static void check_policies(const struct side *side, struct finding *f)
{
	if (!side->hsm_cloning)
		found(f, ST(OPERATION_NOT_ALLOWED),
		      text_of("HSM policy 7 (cloning) is off on the %s card: its HSM SO has to "
			      "type hsm changehsmpolicy -policy 7 -value 1 (which erases)",
			      side->name));
	else if (!side->private_keys && !side->secret_keys)
		found(f, ST(OPERATION_NOT_ALLOWED),
		      text_of("partition policies 0 and 4 (private and secret key cloning) are "
			      "off on the %s: its Partition SO has to type partition changepolicy "
			      "-policy 0,4 -value 1,1 (which erases)", side->name));
}

/* ---- What both sides show ------------------------------------------------------------------- */

static void check_same(const struct side *s, const struct side *t, struct finding *f)
{
	if (s->part.slot.serial == t->part.slot.serial)
		found(f, ST(CLONE_SAME_PARTITION),
		      text_of("source and target are the same partition: choose another target"));
}

static void check_writable(const struct side *s, const struct side *t, struct finding *f)
{
	(void)s;
	if (!t->s->rw)
		found(f, ST(SESSION_READ_ONLY),
		      text_of("the session on the target is read-only: open a read/write one"));
}

/* Rows 88 and 89: what the published tables leave out. */
static void check_supported(const struct side *s, const struct side *t, struct finding *f)
{
	const struct coffer_slot *a = &s->part.slot, *b = &t->part.slot;
	const char *why = supported_refusal(s->s->card->ctx->client_version,
		&(struct supported_side){ a->fw_version, a->card_flags },
		&(struct supported_side){ b->fw_version, b->card_flags }, false);

	if (why)
		found(f, ST(PROTOCOL_DISABLED), text_of("%s", why));
}

static bool is_cloud(const struct side *side)
{
	return side->part.kind == COFFER_PART_KIND_CLOUD;
}

/* Row 3: where one has a PED and the other passwords, one side has to manage its domains. */
static void check_methods(const struct side *s, const struct side *t, struct finding *f)
{
	const struct side *able = t->may_mix ? t : s;

	if (!((s->part.slot.card_flags ^ t->part.slot.card_flags) & COFFER_CARD_PED) ||
	    s->mixes || t->mixes || is_cloud(s) || is_cloud(t))
		return;
	found(f, ST(OPERATION_NOT_ALLOWED), able->may_mix ?
	      text_of("one side has passwords, the other a PED: give the %s policy 44 "
		      "(partition changepolicy -policy 44 -value 1) and a domain of the other's "
		      "(partition domainadd)", able->name) :
	      text_of("one side has passwords, the other a PED: that takes firmware 7.8.0 or "
		      "later on one of them"));
}

/* Of an archive or a cloud service the own level says nothing of the objects that it holds. */
static bool keeps_levels(const struct side *side)
{
	return side->part.kind == COFFER_PART_KIND_BACKUP || is_cloud(side);
}

static void check_direction(const struct side *s, const struct side *t, struct finding *f)
{
	bool takes_v0 = keeps_levels(t) && s->part.level <= LEVEL_V0;

	if (s->part.level && t->part.level && s->part.level != t->part.level) {
		found(f, ST(DATA_LEN_RANGE),
		      text_of("the %s is a V0 partition and the %s a V1 one, whose objects have "
			      "another size: give both the same version (partition changepolicy "
			      "-policy 41)",
			      s->part.level < t->part.level ? s->name : t->name,
			      s->part.level < t->part.level ? t->name : s->name));
		return;
	}
	if (keeps_levels(s) || s->part.level <= t->part.level || takes_v0)
		return;
	found(f, ST(CLONE_DIRECTION),
	      text_of("the target counts as less secure (level %u) than the source (level %u): "
		      "keys go to the same or a higher level only", t->part.level,
		      s->part.level));
}

static void check_kdf(const struct side *s, const struct side *t, struct finding *f)
{
	if ((s->part.slot.card_flags ^ t->part.slot.card_flags) & COFFER_CARD_TEST_KDF)
		found(f, ST(CLONE_KDF_MISMATCH),
		      text_of("only one of the cards was made with -kdf-cost test: a card for "
			      "tests exchanges keys with its like only"));
}

static void check_protocol(const struct side *s, const struct side *t, struct finding *f)
{
	uint32_t common = s->part.protocols & t->part.protocols;

	if (!common)
		found(f, ST(PROTOCOL_DISABLED),
		      text_of("the partitions share no cloning protocol: look at policy 42 of "
			      "both (partition showpolicies; partition changepolicy -policy 42)"));
	else if ((common & COFFER_CLONE_CPV4) && !(common & COFFER_CLONE_CPV3) &&
		 !(s->part.suites & t->part.suites))
		found(f, ST(SESSION_NEGOTIATION_NO_ALGS),
		      text_of("the partitions share no cipher suite of CPv4: see partition "
			      "ciphershow on both and enable one with partition cipherenable"));
}

typedef void side_check(const struct side *side, struct finding *f);
typedef void pair_check(const struct side *s, const struct side *t, struct finding *f);

static side_check *const side_checks[] = { check_partition, check_login, check_policies };
static pair_check *const pair_checks[] = {
	check_same, check_writable, check_supported, check_methods, check_direction, check_kdf,
	check_protocol,
};

static void check_all(const struct side *s, const struct side *t, struct finding *f)
{
	check_same(s, t, f);
	for (size_t i = 0; !f->rc && i < sizeof(side_checks) / sizeof(side_checks[0]); i++) {
		side_checks[i](s, f);
		if (!f->rc)
			side_checks[i](t, f);
	}
	for (size_t i = 0; !f->rc && i < sizeof(pair_checks) / sizeof(pair_checks[0]); i++)
		pair_checks[i](s, t, f);
}

char *clone_side_preflight(struct coffer_session *s, const char *name, coffer_rc *rc)
{
	struct side side = { .name = name, .s = s };
	struct finding f = { 0 };

	*rc = side_look(&side);
	if (*rc)
		return text_of("the partition cannot be looked at: %s", coffer_strerror(*rc));
	for (size_t i = 0; !f.rc && i < sizeof(side_checks) / sizeof(side_checks[0]); i++)
		side_checks[i](&side, &f);
	*rc = f.rc;
	return f.text;
}

API char *coffer_clone_preflight(struct coffer_session *source, struct coffer_session *target,
				 coffer_rc *rc)
{
	struct side s = { .name = "source", .s = source };
	struct side t = { .name = "target", .s = target };
	struct finding f = { 0 };
	coffer_rc looked;

	looked = side_look(&s);
	if (!looked)
		looked = side_look(&t);
	if (looked)
		found(&f, looked, text_of("the partitions cannot be looked at: %s",
					  coffer_strerror(looked)));
	else
		check_all(&s, &t, &f);
	if (rc)
		*rc = f.rc;
	return f.text;
}
