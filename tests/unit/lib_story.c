// SPDX-License-Identifier: BSD-3-Clause
/* Real cards for the library's tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib_story.h"

void story_good(coffer_rc rc, const char *what)
{
	if (rc)
		fail_msg("%s: %s (%s)", what, coffer_errname(rc), coffer_strerror(rc));
}

static void card_make(const struct story *s, const char *name, const char *profile,
		      uint64_t serial)
{
	const struct coffer_make how = {
		.profile = profile, .kdf_test = true, .serial = serial,
	};
	char dir[128], *text = NULL;

	snprintf(dir, sizeof(dir), "%s/%s.coffer", s->root, name);
	if (coffer_card_make(dir, &how, &text))
		fail_msg("card create: %s", text);
}

static void card_init_hsm(struct story *s, unsigned int index)
{
	struct coffer_session *admin;

	GOOD(coffer_session_open(coffer_card_at(s->ctx, index), 0, true, &admin));
	GOOD(coffer_hsm_init(admin, "story", STORY_SO, STORY_DOMAIN));
	coffer_session_close(admin);
}

/* Profiles as in life want the first password changed. */
static void co_login(struct coffer_session *s)
{
	bool must_change;

	GOOD(coffer_login(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), &must_change));
	if (!must_change)
		return;
	GOOD(coffer_role_change(s, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO), "Changed-pw-1",
				12));
}

struct coffer_session *story_partition(struct story *s, unsigned int card, const char *domain,
				       uint32_t *partition)
{
	struct coffer_card *c = coffer_card_at(s->ctx, card);
	struct coffer_session *session;

	GOOD(coffer_session_open(c, 0, true, &session));
	GOOD(coffer_login(session, COFFER_ROLE_SO, STORY_SO, strlen(STORY_SO), NULL));
	GOOD(coffer_partition_create(session, "keys", 0, partition, NULL));
	GOOD(coffer_logout(session));
	coffer_session_close(session);
	GOOD(coffer_session_open(c, *partition, true, &session));
	GOOD(coffer_partition_init(session, "keys", STORY_PO, domain));
	GOOD(coffer_login(session, COFFER_ROLE_PO, STORY_PO, strlen(STORY_PO), NULL));
	GOOD(coffer_role_init(session, COFFER_ROLE_CO, STORY_CO, strlen(STORY_CO)));
	GOOD(coffer_logout(session));
	co_login(session);
	return session;
}

void story_begin(struct story *s, const char *profile, const char *backup_profile,
		 const char *domain_b)
{
	struct coffer_options options = { 0 };
	char cards[400];

	memset(s, 0, sizeof(*s));
	strcpy(s->root, "/tmp/coffer-test-XXXXXX");
	assert_non_null(mkdtemp(s->root));
	card_make(s, "a", profile, 1000001);
	card_make(s, "b", profile, 1000002);
	if (backup_profile)
		card_make(s, "k", backup_profile, 1000003);
	snprintf(cards, sizeof(cards), "%s/a.coffer,%s/b.coffer%s%s%s", s->root, s->root,
		 backup_profile ? "," : "", backup_profile ? s->root : "",
		 backup_profile ? "/k.coffer" : "");
	options.cards = cards;
	GOOD(coffer_open(&options, &s->ctx));
	story_furnish(s, domain_b);
}

void story_furnish(struct story *s, const char *domain_b)
{
	for (unsigned int i = 0; i < coffer_card_count(s->ctx); i++)
		card_init_hsm(s, i);
	s->co[0] = story_partition(s, STORY_A, STORY_DOMAIN, &s->partition[0]);
	s->co[1] = story_partition(s, STORY_B, domain_b ? domain_b : STORY_DOMAIN,
				   &s->partition[1]);
}

void story_end(struct story *s)
{
	char command[100];

	coffer_session_close(s->co[0]);
	coffer_session_close(s->co[1]);
	coffer_close(s->ctx);
	snprintf(command, sizeof(command), "rm -rf '%s'", s->root);
	assert_int_equal(system(command), 0);
}

uint32_t story_aes(struct coffer_session *s, const char *label, const uint8_t key[32])
{
	static const uint64_t class = COFFER_CKO_SECRET_KEY, type = COFFER_CKK_AES;
	static const uint8_t yes = 1;
	const struct coffer_attr tmpl[] = {
		{ CKA(CLASS), 8, &class },
		{ CKA(KEY_TYPE), 8, &type },
		{ CKA(TOKEN), 1, &yes },
		{ CKA(PRIVATE), 1, &yes },
		{ CKA(ENCRYPT), 1, &yes },
		{ CKA(DECRYPT), 1, &yes },
		{ CKA(LABEL), (uint32_t)strlen(label), label },
		{ CKA(VALUE), 32, key },
	};
	uint32_t handle;

	GOOD(coffer_object_create(s, tmpl, sizeof(tmpl) / sizeof(tmpl[0]), &handle));
	assert_int_not_equal(handle, 0);
	return handle;
}

size_t story_count(struct coffer_session *s)
{
	struct coffer_objects found;
	size_t n;

	GOOD(coffer_find(s, NULL, 0, NULL, 0, &found));
	n = found.count;
	coffer_objects_free(&found);
	return n;
}

void story_wipe(struct coffer_session *s)
{
	struct coffer_objects found;

	GOOD(coffer_find(s, NULL, 0, NULL, 0, &found));
	for (size_t i = 0; i < found.count; i++)
		GOOD(coffer_object_destroy(s, found.list[i].handle));
	coffer_objects_free(&found);
}
