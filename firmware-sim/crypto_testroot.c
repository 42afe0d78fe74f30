// SPDX-License-Identifier: BSD-3-Clause
/*
 * The public test root. Everybody has its private key, so a card certified under it proves
 * nothing about who made it: slot list, hsm showinfo and doctor say TEST ROOT.
 */
#include "crypto.h"

const char crypto_test_root_key[] =
	"-----BEGIN PRIVATE KEY-----\n"
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgcP8s3stV+evYUtsi\n"
	"AtJ8FY7u9zLufmkfVtTNGNXAKQ6hRANCAAQeZBd9ZTD6dqMB0QdfJkD/WErOUa4X\n"
	"Lf+laEPqX4i/qYMt4kNtZZjoPYV4a9hotDUznTVc6doXckeEk/TxWCyF\n"
	"-----END PRIVATE KEY-----\n";

const char crypto_test_root_cert[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBnTCCAUKgAwIBAgIBATAKBggqhkjOPQQDAjAzMTEwLwYDVQQDDChDb2ZmZXIg\n"
	"VEVTVCByb290IChwcml2YXRlIGtleSBpcyBwdWJsaWMpMCAXDTIwMDEwMTAwMDAw\n"
	"MFoYDzIxMTkxMjMxMDAwMDAwWjAzMTEwLwYDVQQDDChDb2ZmZXIgVEVTVCByb290\n"
	"IChwcml2YXRlIGtleSBpcyBwdWJsaWMpMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcD\n"
	"QgAEHmQXfWUw+najAdEHXyZA/1hKzlGuFy3/pWhD6l+Iv6mDLeJDbWWY6D2FeGvY\n"
	"aLQ1M501XOnaF3JHhJP08VgshaNFMEMwEgYDVR0TAQH/BAgwBgEB/wIBADAOBgNV\n"
	"HQ8BAf8EBAMCAgQwHQYDVR0OBBYEFEDurP04v/u8QZ/zkbRzSn+1XB67MAoGCCqG\n"
	"SM49BAMCA0kAMEYCIQCyudsxs6QcK7GMptFkKPbRLL7EjSr4piMXUMYgEArbKQIh\n"
	"AMJifTyofAQAzJf5ipAvK69KiFq2cN0cgSC6B9Ndb3Qb\n"
	"-----END CERTIFICATE-----\n";
