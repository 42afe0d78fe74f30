/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between crypto_cert.c (certificates), crypto_device.c (use of the certified keys) and
 * crypto_root.c (the factory root).
 */
#ifndef FW_CRYPTO_CERT_H
#define FW_CRYPTO_CERT_H

#include <openssl/x509.h>

#include "crypto_internal.h"

/* NULL: not exactly one PKCS#8 key, not exactly one certificate in its canonical encoding. */
EVP_PKEY *crypto_pkey_of_der(struct crypto *c, const struct crypto_der *der);
X509 *crypto_cert_of_der(struct crypto *c, struct bytes der);
/* NULL: not the PEM text of one; a key behind a pass phrase is none. */
EVP_PKEY *crypto_key_of_pem(struct crypto *c, struct bytes pem);
X509 *crypto_cert_of_pem(struct crypto *c, struct bytes pem);
bool crypto_is_root(X509 *root);		/* a self-signed CA certificate */

#endif /* FW_CRYPTO_CERT_H */
