// SPDX-License-Identifier: BSD-3-Clause
/*
 * The offline program against an archive file: it holds the whole file, the domain's text and the
 * source code, and no recipient card. It derives every key that the protocol knows from all that
 * the file shows, and must open nothing. Teeth: with the recipient card's private key, taken out
 * of the card by this file, the same program opens all; without the domain it opens nothing then.
 */
#include "archive_bench.h"

#include "core.h"

static const char known[] = "this key must never be seen 0123";
static const char recipient_label[CLONE_MHASH] = "coffer archive recipient";
static const char content_label[CLONE_MHASH] = "coffer archive content";
static const uint8_t nonce[CRYPTO_NONCE];

struct program {
	struct crypto *c;
	struct archive *a;
	struct clone_msg head;
	const struct clone_suite *suite;
	struct clone_transcript base;		/* what both derivations share */
	uint8_t core[CLONE_MHASH], whole[CLONE_MHASH];
};

static void program_read(struct program *p, struct archive *a)
{
	struct bytes head = { a->r->m1.p, a->r->m1.len };

	memset(p, 0, sizeof(*p));
	p->a = a;
	p->suite = clone_suite(COFFER_CLONE_ARCHIVE, 0);
	assert_u32(crypto_open(&p->c), 0);
	assert_u32(clone_msg_parse(head, CLONE_HEAD, 0, &p->head), 0);
	p->base.card[0] = p->head.offer.card;
	p->base.partition[0] = p->head.offer.partition;
	clone_hash(p->c, p->head.device_cert, p->base.cert[0]);
	clone_hash(p->c, p->head.core, p->core);
	clone_hash(p->c, head, p->whole);
}

/* Public constants: how a domain text becomes a key on cards with the test cost. */
static void domain_key(struct crypto *c, const char *text, uint8_t key[32])
{
	static const char salt[] = "coffer cloning domain 1";

	assert_u32(crypto_pbkdf2(c, (struct bytes){ (const uint8_t *)text, strlen(text) },
				 (struct bytes){ (const uint8_t *)salt, strlen(salt) },
				 1000, key, 32), 0);
}

static bool contains(struct bytes in, const void *what, size_t len)
{
	return memmem(in.p, in.len, what, len) != NULL;
}

/* Does that key open the first blob? */
static bool opens_blob(const struct program *p, const uint8_t *key)
{
	uint8_t first[CRYPTO_NONCE] = { CLONE_SOURCE, 0, 0, 0, 1 };
	const struct test_blob *b = &p->a->blobs[0];
	uint8_t *flat = malloc(b->len);
	bool yes;

	assert_non_null(flat);
	yes = !crypto_open_sealed(p->c, (struct bytes){ key, 32 }, first,
				  (struct bytes){ b->p, CLONE_BLOB_HEADER },
				  (struct bytes){ b->p + CLONE_BLOB_HEADER,
						  b->len - CLONE_BLOB_HEADER }, flat);
	if (yes)
		assert_true(contains((struct bytes){ flat, b->len - CLONE_BLOB_OVERHEAD }, known,
				     strlen(known)));
	free(flat);
	return yes;
}

/* From a file key, as the card goes on. */
static bool file_key_opens(const struct program *p, const uint8_t *file_key,
			   const uint8_t domain[32])
{
	struct clone_transcript t = p->base;
	struct clone_keys keys;

	memcpy(t.opening, p->whole, CLONE_MHASH);
	memcpy(t.m3_core, content_label, CLONE_MHASH);
	assert_u32(clone_keys_derive(p->c, p->suite, &t,
				     (struct bytes){ file_key, ARCHIVE_KEY }, domain, &keys), 0);
	return opens_blob(p, keys.blob);
}

/* From what might be the recipient's secret. */
static bool secret_opens(const struct program *p, struct bytes secret, const uint8_t domain[32])
{
	struct bytes named = { p->head.recipients.p, ARCHIVE_NAMED };
	struct bytes sealed = { named.p + ARCHIVE_NAMED, ARCHIVE_KEY + CRYPTO_TAG };
	struct clone_transcript t = p->base;
	struct clone_keys keys;
	uint8_t file_key[ARCHIVE_KEY];
	struct wire_in in;

	wire_in_init(&in, named.p, 8);
	t.card[1] = wire_u64(&in);
	memcpy(t.cert[1], named.p + 8, CLONE_MHASH);
	memcpy(t.opening, p->core, CLONE_MHASH);
	memcpy(t.m3_core, recipient_label, CLONE_MHASH);
	clone_hash(p->c, named, t.m2);
	assert_u32(clone_keys_derive(p->c, p->suite, &t, secret, domain, &keys), 0);
	if (crypto_open_sealed(p->c, (struct bytes){ keys.blob, ARCHIVE_KEY }, nonce, named,
			       sealed, file_key))
		return false;
	return file_key_opens(p, file_key, domain);
}

/* Everything in the file at every offset, as secret, as file key, as blob key; and nothing. */
static unsigned int attack(const struct program *p, const uint8_t domain[32])
{
	static const uint8_t zero[CLONE_SHARED_MAX];
	const struct msg *m = &p->a->r->m1;
	unsigned int hits = 0;

	for (size_t at = 0; at + CLONE_RSA_SECRET <= m->len; at++) {
		hits += secret_opens(p, (struct bytes){ m->p + at, CLONE_RSA_SECRET }, domain);
		hits += file_key_opens(p, m->p + at, domain);
		hits += opens_blob(p, m->p + at);
	}
	hits += secret_opens(p, (struct bytes){ zero, 0 }, domain);
	hits += secret_opens(p, (struct bytes){ zero, CLONE_RSA_SECRET }, domain);
	hits += secret_opens(p, (struct bytes){ domain, 32 }, domain);
	hits += file_key_opens(p, zero, domain);
	hits += file_key_opens(p, domain, domain);
	hits += opens_blob(p, domain);
	return hits;
}

/* As the card itself does, with its key. */
static void take_secret(const struct program *p, struct test_card *t,
			uint8_t secret[CLONE_RSA_SECRET])
{
	uint8_t label[16 + 2 * CLONE_MHASH], plain[CLONE_SHARE_MAX];
	size_t len = sizeof(plain);

	memcpy(label, "coffer archive r", 16);
	memcpy(label + 16, p->core, CLONE_MHASH);
	memcpy(label + 16 + CLONE_MHASH, p->head.recipients.p + 8, CLONE_MHASH);
	assert_u32(crypto_rsa_open(p->c, &card_identity(t->card)->wrap_key,
				   (struct bytes){ label, sizeof(label) },
				   (struct bytes){ p->head.recipients.p + 8 + CLONE_MHASH,
						   ARCHIVE_SHARE }, plain, &len), 0);
	assert_u32(len, CLONE_RSA_SECRET);
	memcpy(secret, plain, CLONE_RSA_SECRET);
}

static void file_and_domain_open_nothing(void **state)
{
	struct test_card *s = tc_simple(NULL, "r"), *t = tc_simple(NULL, "r");
	uint8_t domain[32], secret[CLONE_RSA_SECRET];
	char guess[2] = "";
	struct program p;

	(void)state;
	tc_make_secret(s, "k", known, strlen(known));
	program_read(&p, ar_write(s, t, NULL));
	domain_key(p.c, "r", domain);
	assert_u32(attack(&p, domain), 0);
	/* Teeth: the recipient's key and the right letter open it; each alone does not. */
	take_secret(&p, t, secret);
	for (char letter = 'a'; letter <= 'z'; letter++) {
		guess[0] = letter;
		domain_key(p.c, guess, domain);
		assert_u32(secret_opens(&p, (struct bytes){ secret, sizeof(secret) }, domain),
			   letter == 'r');
	}
	crypto_close(p.c);
	ar_free(p.a);
	tc_free(s);
	tc_free(t);
}

/* ---- Equal domains show nothing in common ------------------------------------------------ */

struct pile {
	uint8_t p[16384];
	size_t len;
};

static void heap(struct pile *to, const void *p, size_t len)
{
	assert_true(to->len + len <= sizeof(to->p));
	memcpy(to->p + to->len, p, len);
	to->len += len;
}

/* All that is not a constant, a name, or a certificate. */
static void fresh_parts(struct archive *a, struct pile *to)
{
	struct clone_msg head;
	const struct msg *end = &a->r->m5;

	to->len = 0;
	assert_u32(clone_msg_parse((struct bytes){ a->r->m1.p, a->r->m1.len }, CLONE_HEAD, 0,
				   &head), 0);
	heap(to, head.offer.nonce, CLONE_NONCE);
	heap(to, head.recipients.p + 8 + CLONE_MHASH,
	     ARCHIVE_RECIPIENT - 8 - CLONE_MHASH);
	heap(to, head.sig.p, head.sig.len);
	heap(to, a->blobs[0].p + 16, CLONE_SESSION_ID);
	heap(to, a->blobs[0].p + CLONE_BLOB_HEADER, a->blobs[0].len - CLONE_BLOB_HEADER);
	heap(to, end->p + CLONE_MSG_HEADER + 4, end->len - CLONE_MSG_HEADER - 4);
}

static unsigned int common(const struct pile *a, const struct pile *b)
{
	unsigned int n = 0;

	for (size_t i = 0; i + 8 <= a->len; i++)
		n += contains((struct bytes){ b->p, b->len }, a->p + i, 8);
	return n;
}

/* Two cards, and one card twice: the same object, the same domain, the same recipient. */
static void no_common_bytes(void **state)
{
	struct test_card *s[2] = { tc_simple(NULL, "red"), tc_simple(NULL, "red") };
	struct test_card *t = tc_simple(NULL, "red");
	struct archive *files[3];
	struct pile piles[3];

	(void)state;
	for (int i = 0; i < 2; i++)
		tc_make_secret(s[i], "k", known, strlen(known));
	for (int i = 0; i < 3; i++) {
		files[i] = ar_write(s[i % 2], t, NULL);
		fresh_parts(files[i], &piles[i]);
	}
	assert_true(piles[0].len > 900);
	assert_u32(common(&piles[0], &piles[1]), 0);
	assert_u32(common(&piles[0], &piles[2]), 0);
	assert_false(contains((struct bytes){ piles[0].p, piles[0].len }, known, 8));
	/* The search finds what is there; the bytes before it differ for certain. */
	heap(&piles[0], "a12345678", 9);
	heap(&piles[1], "b12345678", 9);
	assert_u32(common(&piles[0], &piles[1]), 1);
	for (int i = 0; i < 3; i++)
		ar_free(files[i]);
	tc_free(s[0]);
	tc_free(s[1]);
	tc_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_and_domain_open_nothing),
		cmocka_unit_test(no_common_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
