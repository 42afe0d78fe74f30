/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of cli_docs, which table_doc.c includes: groups. */
	{ "hagroup",
	  "Partitions that have the same domain and the same Crypto Officer's password serve as "
	  "one slot.\n"
	  "A new key is made by the first member and cloned to all others; each operation goes to "
	  "the member with the fewest in flight; a card that goes away costs no operation.\n"
	  "\n"
	  "Groups are in coffer.conf(5); group 00 is slot 9100.", NULL, NULL },
	{ "hagroup creategroup",
	  "A group's number is 1 and the serial number of its first member, and never changes.",
	  "EEXIST: a group has this label", NULL },
	{ "hagroup addmember",
	  "All that could stand against it is looked at before: domain, policies, firmware, "
	  "password.", "EEXIST: it is a member of a group\n"
	  "CKR_DOMAIN_MISMATCH: members have one domain", NULL },
	{ "hagroup synchronize",
	  "Members that have all objects of the others are left alone.", NULL, NULL },
	{ "hagroup check", "Nothing is changed; with differences the exit status is 6.", NULL,
	  NULL },
