/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * As much of DER and PEM as files of public keys, certificates and signatures need.
 */
#ifndef CLI_DER_H
#define CLI_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DER_INTEGER	0x02
#define DER_BIT_STRING	0x03
#define DER_OCTETS	0x04
#define DER_NULL	0x05
#define DER_OID		0x06
#define DER_SEQUENCE	0x30
#define DER_CONTEXT0	0xa0

struct der {			/* a stretch of bytes that is read from the front */
	const uint8_t *p;
	size_t len;
};

/* One element. @tag -1: any. @whole, if not NULL, gets it with its header. */
bool der_take(struct der *in, int tag, struct der *body, struct der *whole);
/* A non-negative INTEGER without its leading zeros. */
bool der_take_integer(struct der *in, struct der *value);

/* Writes backwards, so that lengths are known: begin at the end of a buffer. */
struct der_writer {
	uint8_t *begin, *at, *end;
	bool full;
};

void der_writer_init(struct der_writer *w, uint8_t *buffer, size_t room);
void der_put(struct der_writer *w, const void *bytes, size_t len);
/* Header of @tag for everything written since there were @before bytes. */
void der_wrap(struct der_writer *w, int tag, size_t before);
void der_put_integer(struct der_writer *w, const uint8_t *value, size_t len);
size_t der_length(const struct der_writer *w);

/* SubjectPublicKeyInfo. Returns its length in @out (written from @out[0]), 0 = no room. */
size_t der_rsa_public(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len,
		      uint8_t *out, size_t room);
/* @params: DER of CKA_EC_PARAMS; @point: CKA_EC_POINT, with or without OCTET STRING header. */
size_t der_ec_public(bool edwards, const uint8_t *params, size_t params_len,
		     const uint8_t *point, size_t point_len, uint8_t *out, size_t room);

/* ECDSA signatures: r || s of equal length <-> SEQUENCE of two INTEGERs. 0: malformed. */
size_t der_from_raw(const uint8_t *raw, size_t len, uint8_t *out, size_t room);
size_t der_to_raw(const uint8_t *der, size_t len, size_t half, uint8_t *out, size_t room);

/* The first block of @label in PEM text, decoded in place. False: there is none. */
bool der_from_pem(uint8_t *text, size_t *len, const char *label);
/* PEM of @der into @out, with NUL. Returns its length, 0 = no room. */
size_t der_to_pem(const char *label, const uint8_t *der, size_t len, char *out, size_t room);

#endif /* CLI_DER_H */
