/* SPDX-License-Identifier: BSD-3-Clause */
/* Between crypto_cert.c (certificates) and crypto_device.c (use of the certified keys). */
#ifndef FW_CRYPTO_CERT_H
#define FW_CRYPTO_CERT_H

#include <openssl/x509.h>

#include "crypto_internal.h"

/* NULL: not exactly one PKCS#8 key, not exactly one certificate in its canonical encoding. */
EVP_PKEY *crypto_pkey_of_der(struct crypto *c, const struct crypto_der *der);
X509 *crypto_cert_of_der(struct crypto *c, struct bytes der);

#endif /* FW_CRYPTO_CERT_H */
