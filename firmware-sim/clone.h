/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Cloning: moving objects between two partitions whose relay is hostile. Every byte that leaves
 * a card here is described in PROTOCOLS.md; the numbers in comments (m1, m2 ...) are its.
 *
 * S is the source, T the target. The files, top to bottom:
 *   clone.c          handlers of the negotiation (m0 .. m4)
 *   clone_check.c    what both sides check of each other and of themselves
 *   clone_proof.c    who proves which domain
 *   clone_move.c     handlers that move objects and close (blobs, m5)
 *   clone_digest.c   handler that compares objects: a digest for both cards
 *   clone_context.c  life of a context: owner, lifetime, what makes it void
 *   clone_offer.c    what a card says of itself; clone_decide.c the decision table
 *   clone_msg.c      byte layouts, hashes and signatures of messages
 *   clone_keys.c     key schedule and domain proofs
 *   clone_rsa.c, clone_v4.c   how the two sides get a common secret (the seam struct clone_ops)
 *   clone_blob.c     sealing and opening of one object, the list's end
 *   archive.c, archive_seal.c   the same into a file, sealed to cards named beforehand
 */
#ifndef FW_CLONE_H
#define FW_CLONE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core.h"
#include "object.h"

#define CLONE_VERSION		1
#define CLONE_NONCE		32
#define CLONE_MHASH		48		/* SHA-384, of messages and certificates */
#define CLONE_MAC_MAX		48
#define CLONE_DOMAINS		3		/* proofs in m3, real or random */
#define CLONE_SHARE_MAX		512		/* RSA-3072 ciphertext or a point */
#define CLONE_SHARED_MAX	96		/* r_S || r_T, or an x coordinate */
#define CLONE_RSA_SECRET	48		/* r_S, r_T */
#define CLONE_SESSION_ID	16
#define CLONE_CONTEXTS		16		/* of one session at a time */
#define CLONE_CONTEXTS_OWNER	64		/* of all sessions of an owner */
#define CLONE_LIFETIME_MS	(60u * 60u * 1000u)
#define CLONE_MSG_MAX		16384

/* Protocols that this source code has. */
#define CLONE_BUILT		(COFFER_CLONE_CPV1 | COFFER_CLONE_CPV3 | COFFER_CLONE_CPV4)
#define CLONE_BUILT_SUITES	((1u << COFFER_SUITE_P256_SHA256_AES128GCM) | \
				 (1u << COFFER_SUITE_P256_SHA256_AES256GCM) | \
				 (1u << COFFER_SUITE_P384_SHA384_AES256GCM))

enum clone_side { CLONE_SOURCE = 1, CLONE_TARGET = 2 };

/* ---- Offers (clone_offer.c) -------------------------------------------------------------- */

#define CLONE_OF_BACKUP		0x0001		/* backup card: objects carry their own level */
#define CLONE_OF_FIPS		0x0002		/* approved algorithms only */
#define CLONE_OF_PED		0x0004		/* multifactor authentication */
#define CLONE_OF_TEST_KDF	0x0008		/* cheap secret stretching */
#define CLONE_OF_DOMAINS	0x0010		/* extended domain management (7.8.0) */
#define CLONE_OF_NO_CLOUD	0x0020		/* nothing to and from a cloud service */
#define CLONE_OF_ALL		0x003f

#define CLONE_POL_HSM7		0x0001		/* HSM policy 7, cloning */
#define CLONE_POL_PRIVATE	0x0002		/* partition policy 0 */
#define CLONE_POL_SECRET	0x0004		/* partition policy 4 */
#define CLONE_POL_FORCE_V1	0x0008		/* partition policy 42 */
#define CLONE_POL_DOMAINS	0x0010		/* partition policy 44 */
#define CLONE_POL_ALL		0x001f

#define CLONE_PROFILE_NAME	16
#define CLONE_OFFER_LEN		160

struct clone_offer {
	uint8_t side;				/* enum clone_side */
	uint8_t kind;				/* enum coffer_partition_kind */
	uint32_t flags;				/* CLONE_OF_* */
	uint64_t card;				/* serial numbers */
	uint64_t partition;
	char profile[CLONE_PROFILE_NAME];	/* NUL padded */
	uint32_t fw_version;
	uint32_t level;				/* 0 before 7.7.0, 1 V0, 2 V1 */
	uint32_t fw_protocols;			/* what the generation has */
	uint32_t protocols;			/* what may be used now */
	uint32_t suites;			/* of CPv4, bit = id */
	uint32_t policies;			/* CLONE_POL_* */
	uint8_t root[32];			/* SHA-256 of the factory root's certificate */
	uint8_t nonce[CLONE_NONCE];
	uint8_t peer_nonce[CLONE_NONCE];	/* zero in m0, and in m1 without an m0 */
};

/* The partition as it is now; nonces are zero. */
uint32_t clone_offer_build(struct cmd *c, enum clone_side side, struct clone_offer *o);
void clone_offer_write(const struct clone_offer *o, struct wire_out *out);
void clone_offer_read(struct wire_in *in, struct clone_offer *o);	/* sets in->bad */
/* All but the peer's nonce, which m1 cannot have. */
bool clone_offer_same(const struct clone_offer *a, const struct clone_offer *b);
/* COFFER_CLONE_* that this partition may use now; for PARTITION_INFO too. */
uint32_t clone_protocols(const struct fw_card *card, const struct fw_partition *p);

/* ---- The decision table (clone_decide.c) ------------------------------------------------- */
/*
 * Pure. Both cards call it with both offers and act on nothing else (behaviour.md 1.4, 1.5,
 * 1.6). On success *protocol is one COFFER_CLONE_* bit and *suite a CPv4 suite or 0.
 * Errors: CLONE_SAME_PARTITION, SESSION_NEGOTIATION_NO_ROOTS, OPERATION_NOT_ALLOWED,
 * DATA_LEN_RANGE (V0 and V1), CLONE_DIRECTION, CLONE_KDF_MISMATCH, PROTOCOL_DISABLED,
 * SESSION_NEGOTIATION_NO_ALGS, SESSION_NEGOTIATION_INVALID (roles are not S and T).
 */
uint32_t clone_decide(const struct clone_offer *source, const struct clone_offer *target,
		      uint32_t *protocol, uint32_t *suite);
/* May an object made at @level go to that target? ST_OK or CLONE_DIRECTION. */
uint32_t clone_level_fits(uint32_t level, uint32_t target_level, uint32_t target_kind);
/*
 * The same refusals for a file, but that it may come back to where it is from; then
 * PROTOCOL_DISABLED where CPv3's generation or policy 42 leaves no archive files.
 */
uint32_t clone_decide_archive(const struct clone_offer *source,
			      const struct clone_offer *target);

/* ---- Suites and keys (clone_keys.c) ------------------------------------------------------ */

struct clone_ops;

/* What a protocol is made of, for CPv4 suite by suite. */
struct clone_suite {
	uint32_t protocol;
	uint32_t id;			/* of CPv4, else 0 */
	const char *name;			/* for people, up to 39 characters */
	enum crypto_hash hash;
	size_t mac_len;				/* of that hash */
	size_t key_len;				/* of AES-GCM */
	enum crypto_curve curve;		/* CPv4 only */
	const char *share_label[2];		/* CPv1, CPv3: of r_S, r_T; archive: of each r */
	bool primary_only;			/* other domains than the primary are not tried */
	bool one_object;			/* moves one, then the context is over */
	bool file;				/* an archive: no peer yet, the end is signed */
	uint32_t no_domain;			/* the verdict without a domain in common */
	const struct clone_ops *ops;
};

const struct clone_suite *clone_suite(uint32_t protocol, uint32_t id);	/* NULL: unknown */

struct clone_keys {
	uint8_t confirm_target[CLONE_MAC_MAX];
	uint8_t confirm_source[CLONE_MAC_MAX];
	uint8_t finish[CLONE_MAC_MAX];
	uint8_t digest[CLONE_MAC_MAX];		/* of objects, the same in both directions */
	uint8_t blob[32];
};

/* What both sides know, in the source-target order, when they derive. */
struct clone_transcript {
	uint64_t card[2];			/* source, target */
	uint64_t partition[2];
	uint8_t cert[2][CLONE_MHASH];		/* hashes of the device certificates */
	uint8_t m0[CLONE_MHASH];		/* CPv3 */
	uint8_t opening[CLONE_MHASH];		/* of m1, and under CPv3 of m0 before it */
	uint8_t m2[CLONE_MHASH];
	uint8_t m3_core[CLONE_MHASH];		/* m3 up to its proofs */
	uint8_t m3[CLONE_MHASH];		/* all of m3 */
};

/* Keys from one domain key (32 bytes); shared is the seam's secret. */
uint32_t clone_keys_derive(struct crypto *c, const struct clone_suite *suite,
			   const struct clone_transcript *t, struct bytes shared,
			   const uint8_t domain[32], struct clone_keys *keys);
/* mac has room for CLONE_MAC_MAX; suite->mac_len bytes are written. */
uint32_t clone_prove_target(struct crypto *c, const struct clone_suite *suite,
			    const struct clone_transcript *t, const struct clone_keys *keys,
			    uint8_t *mac);
uint32_t clone_prove_source(struct crypto *c, const struct clone_suite *suite,
			    const struct clone_transcript *t, const struct clone_keys *keys,
			    uint8_t *mac);
/* All that comes before m2: sets t->opening. @invited: t->m0 is part of it. */
uint32_t clone_open(struct crypto *c, struct clone_transcript *t, struct bytes m1, bool invited);
/* Public name of a session: no secret is in it. */
uint32_t clone_session_id(struct crypto *c, const struct clone_transcript *t,
			  uint8_t id[CLONE_SESSION_ID]);

/* ---- Contexts (clone_context.c) ---------------------------------------------------------- */

enum clone_step {
	CLONE_STEP_INVITED,		/* S: m0 sent (CPv3) */
	CLONE_STEP_STARTED,		/* T: m1 sent */
	CLONE_STEP_ANSWERED,		/* S: m2 sent */
	CLONE_STEP_CONFIRMED,		/* T: m3 sent, an attempt is counted */
	CLONE_STEP_READING,		/* T of an archive: the domain fits, the list is unproven */
	CLONE_STEP_OPEN,		/* both: the peer proved the domain */
};

struct clone_quota;
struct clone_share;

/* Shared between a session's list and running commands; freed with its last user. */
struct clone_context {
	struct session_thing thing;
	struct clone_quota *quota;
	struct clone_share *share;
	atomic_uint users;
	atomic_bool dead;			/* the session let go of it */
	pthread_mutex_t lock;			/* guards all below; held for one command */

	enum clone_side side;
	enum clone_step step;
	bool invited;				/* begun by S with m0: CPv3 and nothing else */
	enum coffer_role role;			/* who began it, and alone may go on */
	uint64_t born_ms;			/* card_uptime_ms */
	uint64_t epoch;				/* partition_epoch */
	struct clone_offer own;
	struct clone_offer peer;
	struct crypto_der peer_cert;		/* S keeps T's for m3, T keeps S's of m0 */
	struct crypto_der peer_wrap;		/* T keeps S's of m0 */
	struct clone_transcript t;
	const struct clone_suite *suite;

	struct crypto_ecdh *ephemeral;		/* CPv4, until the keys are derived */
	uint8_t secret[CLONE_RSA_SECRET];	/* CPv1, CPv3: own half, likewise */

	struct clone_keys keys[CLONE_DOMAINS];	/* T: one per own domain until m4, then [0] */
	uint64_t domain[CLONE_DOMAINS];		/* partition_domain_id of each key */
	unsigned int key_count;
	struct clone_attempt attempt;		/* counted as failed until the proof is good */
	uint8_t session[CLONE_SESSION_ID];
	uint64_t sequence;			/* S: last sent; T: last authentic one seen */
	uint32_t moved;				/* S: sent; T: authentic blobs seen */
	uint8_t chain[CLONE_MHASH];		/* running hash of the moved blobs */
};

/*
 * A new context, in the session's list, locked and referenced; the caller sets its step.
 * DEVICE_MEMORY: too many.
 */
uint32_t clone_context_new(struct cmd *c, enum clone_side side, struct clone_context **x);
/*
 * Find, lock, and check that it is still good and in @step on @side (side 0: either, any step).
 * SESSION_ID_INVALID: no such context. A context that exists but may not go on is voided:
 * SESSION_NEGOTIATION_EXPIRED or SESSION_EXPIRED (an hour), SESSION_NEGOTIATION_INVALID (out of
 * order, other role, partition changed, its domain deleted or its suite switched off).
 */
uint32_t clone_context_get(struct cmd *c, uint32_t id, enum clone_side side,
			   enum clone_step step, struct clone_context **x);
/* Unlock and let go. @keep false ends the context for everybody and wipes it. */
void clone_context_put(struct cmd *c, struct clone_context *x, bool keep);
uint32_t clone_context_left_s(struct cmd *c, const struct clone_context *x);

/* ---- Checks and proofs (clone_check.c, clone_proof.c) -------------------------------------- */

struct clone_msg;

/* Before anything else: CLONE_THROTTLED, OPERATION_NOT_ALLOWED, CLONING_PARAMETER_MISSING. */
uint32_t clone_may_negotiate(struct cmd *c);
/*
 * Genuine, and of the card that the offer names. SESSION_NEGOTIATION_NO_ROOTS,
 * CERTIFICATE_DATA_MISSING, CERTIFICATE_DATA_INVALID; CPV4_MSG_ERROR: a wrapping certificate
 * where there is to be none (@with_wrap false).
 */
uint32_t clone_check_peer(struct cmd *c, const struct clone_context *x,
			  const struct clone_msg *m, bool with_wrap);
/* What was offered is bound into the keys: is it still true? SESSION_NEGOTIATION_INVALID. */
uint32_t clone_check_own(struct cmd *c, const struct clone_context *x);
/* The table, on both offers: sets x->suite. PROTOCOL_DISABLED also: CPv3 without m0, or m0 else. */
uint32_t clone_choose(struct cmd *c, struct clone_context *x);
/* Both sides' names and certificates, for the keys. */
uint32_t clone_set_parties(struct cmd *c, struct clone_context *x, struct bytes peer_cert);

/* T: one proof for each domain of its own, random bytes in the other places; keeps their keys. */
uint32_t clone_proofs_write(struct cmd *c, struct clone_context *x, struct bytes shared,
			    struct wire_out *out);
/* S: keeps the keys of the domain that a proof of m3 fits, else suite->no_domain. */
uint32_t clone_proofs_check(struct cmd *c, struct clone_context *x, struct bytes shared,
			    struct bytes proofs);
/* T: keeps the keys of the domain that m4 proves, else SESSION_NEGOTIATION_INVALID. */
uint32_t clone_proof_accept(struct cmd *c, struct clone_context *x, struct bytes proof);

/* ---- Messages (clone_msg.c) -------------------------------------------------------------- */

#define CLONE_MAGIC		0x314e4c43u	/* "CLN1" */
enum clone_kind {
	CLONE_M0, CLONE_M1, CLONE_M2, CLONE_M3, CLONE_M4, CLONE_M5,
	CLONE_HEAD, CLONE_END,			/* of an archive */
};
#define CLONE_MSG_HEADER	12

/* Parsed views into a message; what a kind does not have is empty. */
struct clone_msg {
	struct bytes whole;
	struct clone_offer offer;		/* m0 m1 m2 m3 head */
	struct bytes device_cert;		/* m0 m1 m2 head */
	struct bytes wrap_cert;			/* m0 m1 m2; empty when RSA is out of question */
	uint64_t date;				/* head: ms since 1970, 0 unknown */
	uint32_t protocol;			/* m2 head */
	uint32_t suite;				/* m2 head */
	struct bytes recipients;		/* head: ARCHIVE_RECIPIENT bytes each */
	struct bytes share;			/* m2 m3 */
	struct bytes core;			/* m3: up to the proofs; head: to the recipients */
	struct bytes proofs;			/* m3: CLONE_DOMAINS times mac_len; m4: one */
	struct bytes body;			/* m2 m3 head end: what the signature covers */
	struct bytes sig;			/* m2 m3 head end */
	uint32_t sent;				/* m5 end */
	struct bytes chain;			/* m5 end */
};

/* Of one recipient in a head: serial number, hash of its certificate, its share, the file key. */
#define ARCHIVE_SHARE		384		/* RSA-3072 */
#define ARCHIVE_NAMED		(8 + CLONE_MHASH + ARCHIVE_SHARE)
#define ARCHIVE_KEY		32
#define ARCHIVE_RECIPIENT	(ARCHIVE_NAMED + ARCHIVE_KEY + CRYPTO_TAG)

/*
 * CPV4_MSG_ERROR: not exactly a message of that kind. mac_len: of the suite (m3, m4, m5, end).
 * ARCHIVE_VERSION: a head whose layout only newer firmware knows.
 */
uint32_t clone_msg_parse(struct bytes in, enum clone_kind kind, size_t mac_len,
			 struct clone_msg *m);
void clone_msg_begin(struct wire_out *out, enum clone_kind kind);
/* Say how long it will be when @more bytes are added: before anything is hashed or signed. */
void clone_msg_length(struct wire_out *out, size_t more);
/* Fill the length in; CPV4_MSG_ERROR when it did not fit. */
uint32_t clone_msg_end(struct wire_out *out);
uint32_t clone_hash(struct crypto *c, struct bytes in, uint8_t hash[CLONE_MHASH]);
/* Append the device's signature over what is written so far, with the hashes before it. */
uint32_t clone_msg_sign(struct cmd *c, struct wire_out *out, enum clone_kind kind,
			const struct clone_transcript *t);
uint32_t clone_msg_verify(struct cmd *c, const struct clone_msg *m, enum clone_kind kind,
			  const struct clone_transcript *t, struct bytes cert);

/* ---- The seam: how both sides get a common secret ---------------------------------------- */
/*
 * share: make own secret, keep it in the context, write the share for the peer. @peer_wrap is
 *   checked already (CPv1, CPv3; else empty).
 * agree: from own secret and the peer's share to the common one, the same on both sides. Own
 *   secret is wiped, also on failure. Errors: SESSION_NEGOTIATION_INVALID (share not genuine).
 */
struct clone_ops {
	uint32_t (*share)(struct cmd *c, struct clone_context *x, struct bytes peer_wrap,
			  uint8_t out[CLONE_SHARE_MAX], size_t *len);
	uint32_t (*agree)(struct cmd *c, struct clone_context *x, struct bytes peer_share,
			  uint8_t shared[CLONE_SHARED_MAX], size_t *len);
};

extern const struct clone_ops clone_rsa_ops;	/* CPv1 and CPv3 */
extern const struct clone_ops clone_v4_ops;

/* ---- Blobs (clone_blob.c) ---------------------------------------------------------------- */

#define CLONE_BLOB_MAGIC	0x31424c43u	/* "CLB1" */
#define CLONE_BLOB_HEADER	76
#define CLONE_BLOB_OVERHEAD	(CLONE_BLOB_HEADER + CRYPTO_TAG)
/* The largest blob that fits one EXTRACT reply and one INSERT request. */
#define CLONE_BLOB_MAX		(COFFER_CMD_MAX_PAYLOAD - 16)

struct clone_blob {
	uint64_t sequence;
	uint8_t ouid[COFFER_OUID_LEN];
	uint32_t class;
	uint32_t level;
	uint32_t flat_len;
};

/* Write the sealed object to @out (flat.len + OVERHEAD bytes); takes the next sequence. */
uint32_t clone_blob_seal(struct crypto *c, struct clone_context *x, struct clone_blob *head,
			 struct bytes flat, uint8_t *out);
/*
 * Open: flat has room for blob.len. MAC_MISSING (cut short), BAD_MAC (changed, or of another
 * session), SESSION_NEGOTIATION_INVALID (authentic, but replayed or out of order).
 */
uint32_t clone_blob_open(struct crypto *c, struct clone_context *x, struct bytes blob,
			 struct clone_blob *head, uint8_t *flat);
/* m5, or an archive's end without its signature. */
uint32_t clone_finish_write(struct crypto *c, struct clone_context *x, struct wire_out *out);
/* BAD_MAC; else *sent is what the source says it sent. */
uint32_t clone_finish_check(struct crypto *c, struct clone_context *x, struct bytes m5,
			    uint32_t *sent);

/* ---- Archives (archive_seal.c) ----------------------------------------------------------- */

/*
 * S: the recipients' part of a head whose core is in @out, each of @certs checked against the own
 * root; draws the file key. CERTIFICATE_DATA_INVALID, ARGUMENTS_BAD (one card named twice).
 */
uint32_t archive_seal(struct cmd *c, struct clone_context *x, const struct bytes *certs,
		      uint32_t count, const uint8_t domain[32], struct wire_out *out,
		      uint8_t key[ARCHIVE_KEY]);
/* T: what is sealed to this card. ARCHIVE_RECIPIENT: nothing is. */
uint32_t archive_own(struct cmd *c, const struct clone_msg *head, struct bytes *own);
/*
 * T: the file key, by the domain of its own that fits; tries all of them. Sets x->domain[0] and
 * x->key_count. The suite's no_domain when none does.
 */
uint32_t archive_unseal(struct cmd *c, struct clone_context *x, const struct clone_msg *head,
			struct bytes own, uint8_t key[ARCHIVE_KEY], uint8_t domain[32]);
/* Both: session id, blob and finish key from the file key, the domain and the whole @head. */
uint32_t archive_keys(struct cmd *c, struct clone_context *x, struct bytes head,
		      const uint8_t key[ARCHIVE_KEY], const uint8_t domain[32]);

#endif /* FW_CLONE_H */
