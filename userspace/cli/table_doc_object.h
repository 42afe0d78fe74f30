/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of cli_docs, which table_doc.c includes: objects. */
	{ "object",
	  "Objects of the current slot's partition.\n"
	  "One is named by its handle, its OUID (48 hexadecimal digits), a PKCS#11 URI, or with "
	  "-label by a label that only one has.", NULL, NULL },
	{ "object generate",
	  "Keys are made sensitive and do not leave the card but by cloning.",
	  "CKR_KEY_SIZE_RANGE: partition showmechanism has the sizes\n"
	  "CKR_MECHANISM_INVALID: the profile has no such keys, or FIPS mode forbids them\n"
	  "CKR_DEVICE_MEMORY: the partition is full", NULL },
	{ "object sign", "The card hashes and signs; a large file is hashed here.", NULL,
	  EXAMPLES({ "Sign a file, and let openssl judge it",
		     "echo 'pay 100' >document; coffer --slot 0 --login co --pin-file pin-a "
		     "'object export-public -label signer -file signer.pem; object sign -label "
		     "signer -in document -out document.sig' >/dev/null 2>&1; openssl dgst -sha256 "
		     "-verify signer.pem -signature document.sig document",
		     "Verified OK\n" }) },
	{ "object verify", "Public keys need no login.",
	  "CKR_SIGNATURE_INVALID: another key, file or mechanism",
	  EXAMPLES({ "By the card",
		     "coffer --slot 0 object verify -label signer -in document -signature "
		     "document.sig",
		     "    Key handle               ->  1\n"
		     "    Mechanism                ->  SHA256_RSA_PKCS\n"
		     "    Signature                ->  genuine\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "object delete", "Groups of the partition's delete it on all members.", NULL, NULL },
