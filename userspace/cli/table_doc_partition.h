/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of cli_docs, which table_doc.c includes: partitions and cloning. */
	{ "partition",
	  "All but create and delete work on the partition of the current slot.", NULL, NULL },
	{ "partition init",
	  "Everything in the partition is erased: objects, roles, domains.\n"
	  "The cloning domain decides to which partitions objects can be cloned; it cannot be "
	  "read back.",
	  "CKR_DOMAIN_LABEL_INVALID: the label is empty, too long, or the domain's text\n"
	  "CKR_CONFIG_FAILS_DEPENDENCIES: a policy of the template needs another, or is unknown to "
	  "the card's firmware", NULL },
	{ "partition contents",
	  "Without a login only public objects are there.", NULL,
	  EXAMPLES({ "A key pair, and where it is",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'object generate rsa -label signer; partition contents'",
		     "...\n    Public key handle        ->  1\n    Private key handle       ->  2\n"
		     "...\n    Number of objects        ->  2\n...\n" }) },
	{ "partition showpolicies",
	  "A policy is a number with a value that the Partition SO changes, where the capability "
	  "allows it.\n"
	  "A template is what partition init -applytemplate takes.", NULL, NULL },
	{ "partition changepolicy",
	  "All of the policies given are changed, or none.\n"
	  "A change that erases objects asks first.",
	  "CKR_CONFIG_CHANGE_ILLEGAL: the capability does not allow it\n"
	  "CKR_CONFIG_FAILS_DEPENDENCIES: another policy has to be changed with it", NULL },
	{ "partition domainadd",
	  "A partition of firmware 7.8.0 or later may have three domains, each with a label; one "
	  "is primary, the only one that older cards see.\n"
	  "Policy 44 has to be on.",
	  "CKR_DOMAIN_LABEL_ALREADY_EXISTS: domainlist shows it\n"
	  "CKR_DOMAIN_MAX_REACHED: three are there; domaindelete one", NULL },
	{ "partition clone",
	  "Keys go from card to card and never leave one in the clear; their identity, the OUID, "
	  "goes with them, so that a second run clones nothing.\n"
	  "\n"
	  "One line says before anything moves why the run would be refused: policy, domain, "
	  "protocol, role, key type or space, on which side, and what to type.\n"
	  "Each object stands for itself: with some refused the others go, and the exit status is "
	  "6.\n"
	  "Control-C ends between two objects, and the same command goes on.",
	  "CKR_DOMAIN_MISMATCH: the partitions share no cloning domain; exit status 5\n"
	  "CKR_USER_NOT_LOGGED_IN: role login -name co on this side\n"
	  "CKR_PIN_INCORRECT: the password of the other side; its card counts it\n"
	  "CKR_DATA_LEN_RANGE: one partition is V0, the other V1",
	  EXAMPLES({ "What would be done",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'partition clone -objects all -slot 1 -password-file pin-b -dryrun'",
		     "...\n    2 objects would be cloned, 0 existed, 0 refused\n...\n" },
		   { "Clone everything",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'partition clone -objects all -slot 1 -password-file pin-b'",
		     "...\n    2 objects cloned, 0 existed, 0 refused\n...\n" },
		   { "Once more",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'partition clone -objects all -slot 1 -password-file pin-b'",
		     "...\n    0 objects cloned, 2 existed, 0 refused\n...\n" }) },
	{ "partition archive backup",
	  "See coffer-archive(7) for what an archive is.\n"
	  "A run that is refused, fails or is interrupted leaves no archive behind.",
	  "CKR_DOMAIN_MISMATCH: the archive would be of another domain; exit status 5\n"
	  "CKR_PIN_INCORRECT: a password of the backup card",
	  EXAMPLES({ "Back a partition up",
		     "coffer --slot 0 --login co --pin-file pin-a 'partition archive backup -slot "
		     "2 -partition nightly -sopassword vault-secret -password archive-secret "
		     "-domain \"our domain\"'",
		     "...\n    2 objects backed up, 0 existed, 0 refused\n...\n" }) },
	{ "partition archive list", "Nobody has to log in.", NULL,
	  EXAMPLES({ "What is on the backup card", "coffer partition archive list -slot 2",
		     "...\n    nightly...\n...\n" }) },
	{ "partition archive verify",
	  "The two cards prove to each other that they are genuine and share the domain; then "
	  "objects are compared by identity and by digests that the cards compute inside.\n"
	  "What is missing, extra or different is listed, and the exit status is 6.", NULL,
	  EXAMPLES({ "Is the archive whole?",
		     "coffer --slot 0 --login co --pin-file pin-a 'partition archive verify -slot "
		     "2 -partition nightly -password archive-secret'",
		     "...\nCommand Result : No Error\n...\n" }) },
	{ "partition archive restore",
	  "What is there already is not restored a second time.", NULL,
	  EXAMPLES({ "Bring it back",
		     "coffer --slot 1 --login co --pin-file pin-b 'object delete all -force; "
		     "partition archive restore -slot 2 -partition nightly -password "
		     "archive-secret'",
		     "...\n    2 objects restored, 0 existed, 0 refused\n...\n" }) },
	{ "migrate",
	  "Says what would stand against it, clones everything, compares both sides, and lets "
	  "every key sign or encrypt a challenge on both.\n"
	  "What is missing or wrong is listed, and the exit status is 6.", NULL,
	  EXAMPLES({ "From one card to the other",
		     "coffer migrate -from 0 -to 1 -frompassword-file pin-a -password-file pin-b",
		     "...\nCommand Result : No Error\n...\n" }) },
