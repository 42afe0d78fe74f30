/* SPDX-License-Identifier: BSD-3-Clause */
/* Real cards for the library's tests: made, initialised, with a partition and its officer. */
#ifndef LIB_STORY_H
#define LIB_STORY_H

#include "lib_fake.h"

#define STORY_SO	"so-password-1"
#define STORY_PO	"po-password-1"
#define STORY_CO	"co-password-1"
#define STORY_DOMAIN	"the domain of the story"

enum { STORY_A, STORY_B, STORY_BACKUP, STORY_CARDS };

struct story {
	char root[64];
	struct coffer *ctx;
	struct coffer_session *co[2];	/* of the partitions on A and B, logged in, read/write */
	uint32_t partition[2];
};

/* profile: of A and B; NULL = "coffer". backup_profile NULL: no such card. domain_b NULL: the
 * same as A's.
 */
void story_begin(struct story *s, const char *profile, const char *backup_profile,
		 const char *domain_b);
/* The same on the fresh cards of s->ctx, which are there already. */
void story_furnish(struct story *s, const char *domain_b);
void story_end(struct story *s);
/* The CO's session on a partition that is made now. */
struct coffer_session *story_partition(struct story *s, unsigned int card, const char *domain,
				       uint32_t *partition);
uint32_t story_aes(struct coffer_session *s, const char *label, const uint8_t key[32]);
size_t story_count(struct coffer_session *s);
void story_wipe(struct coffer_session *s);	/* destroys all objects */
/* Fails the test with the name of the code. */
void story_good(coffer_rc rc, const char *what);

#define GOOD(call) story_good(call, #call)

#endif /* LIB_STORY_H */
