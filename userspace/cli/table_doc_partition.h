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
		     "    Public key handle        ->  1\n"
		     "    Private key handle       ->  2\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Label                    ->  payments\n"
		     "    Handle      Class         Key type   OUID                              "
		     "                Label\n"
		     "    1           public key    RSA        000000001948cb29c6c555b8b6af2ec399"
		     "bffa00715594b2  signer\n"
		     "    2           private key   RSA        000000001948cb298754a24980b3ee03f1"
		     "fe83bc76824f72  signer\n"
		     "    Number of objects        ->  2\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition showpolicies",
	  "A policy is a number with a value that the Partition SO changes, where the capability "
	  "allows it.\n"
	  "A template is what partition init -applytemplate takes.", NULL,
	  EXAMPLES({ "What cloning hangs on",
		     "coffer --slot 0 partition showpolicies -verbose | grep -E "
		     "'Policy|cloning|Domain|CPv'",
		     "    Policy  Value   Capability  Name                                       "
		     "   Erases\n"
		     "    0       1       1           Allow private key cloning                  "
		     "   when set\n"
		     "    4       1       1           Allow secret key cloning                   "
		     "   when set\n"
		     "    42      0       1           Allow CPv1                                 "
		     "   when set\n"
		     "    44      0       1           Allow Extended Domain Management           "
		     "   no\n" }) },
	{ "partition changepolicy",
	  "All of the policies given are changed, or none.\n"
	  "A change that erases objects asks first.",
	  "CKR_CONFIG_CHANGE_ILLEGAL: the capability does not allow it\n"
	  "CKR_CONFIG_FAILS_DEPENDENCIES: another policy has to be changed with it\n"
	  "CKR_USER_NOT_LOGGED_IN: role login -name po",
	  EXAMPLES({ "Let a partition have several domains",
		     "coffer --slot 0 --login po --pin-file pin-po partition "
		     "changepolicy -policy 44 -value 1",
		     "    Policies changed         ->  1\n"
		     "    Objects erased           ->  no\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition domainadd",
	  "A partition of firmware 7.8.0 or later may have three domains, each with a label; one "
	  "is primary, the only one that older cards see.\n"
	  "Policy 44 has to be on.",
	  "CKR_DOMAIN_LABEL_ALREADY_EXISTS: domainlist shows it\n"
	  "CKR_DOMAIN_MAX_REACHED: three are there; domaindelete one\n"
	  "CKR_USER_NOT_LOGGED_IN: role login -name po",
	  EXAMPLES({ "A second one, for cards of a partner",
		     "echo 'their domain' >domain-2; coffer --slot 0 --login po "
		     "--pin-file pin-po 'partition domainadd -domain-file domain-2 "
		     "-domainlabel partner; partition domainlist'",
		     "    Added domain             ->  partner\n"
		     "    Primary                  ->  no\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Domain Label                      Kind     Primary\n"
		     "    (no label)                        text     yes\n"
		     "    partner                           text     no\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition clone",
	  "Keys go from card to card and never leave one in the clear; their identity, the OUID, "
	  "goes with them, so that a second run clones nothing.\n"
	  "\n"
	  "One line says before anything moves why the run would be refused: policy, domain, "
	  "protocol, role, key type or space, on which side, and what to type.\n"
	  "Each object stands for itself: with some refused the others go, and the exit status is "
	  "6.\n"
	  "Control-C ends between two objects, and the same command goes on.",
	  "CKR_SESSION_NEGOTIATION_NO_PSK: the partitions share no cloning domain; exit status 5\n"
	  "CKR_USER_NOT_LOGGED_IN: role login -name co on this side\n"
	  "CKR_PIN_INCORRECT: the password of the other side; its card counts it\n"
	  "CKR_DATA_LEN_RANGE: one partition is V0, the other V1",
	  EXAMPLES({ "What would be done",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'partition clone -objects all -slot 1 -password-file pin-b --dry-run'",
		     "Verifying that the objects can be cloned ...\n"
		     "Logging in to the target ...\n"
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "    Handle 1 on slot 0 would go to slot 1\n"
		     "    Handle 2 on slot 0 would go to slot 1\n"
		     "    Protocol: CPv4\n"
		     "    Cipher suite: 3\n"
		     "    2 objects would be cloned, 0 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "Clone everything",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'partition clone -objects all -slot 1 -password-file pin-b'",
		     "Verifying that the objects can be cloned ...\n"
		     "Logging in to the target ...\n"
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "Cloning 2 objects ...\n"
		     "    Handle 1 on slot 0 is now handle 1 on slot 1\n"
		     "    Handle 2 on slot 0 is now handle 2 on slot 1\n"
		     "    Protocol: CPv4\n"
		     "    Cipher suite: 3\n"
		     "    2 objects cloned, 0 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "Once more",
		     "coffer --slot 0 --login co --pin-file pin-a "
		     "'partition clone -objects all -slot 1 -password-file pin-b'",
		     "Verifying that the objects can be cloned ...\n"
		     "Logging in to the target ...\n"
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "    Handle 1 on slot 0 is on slot 1 already (handle 1)\n"
		     "    Handle 2 on slot 0 is on slot 1 already (handle 2)\n"
		     "    Protocol: CPv4\n"
		     "    Cipher suite: 3\n"
		     "    0 objects cloned, 2 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive backup",
	  "See coffer-archive(7) for what an archive is.\n"
	  "A run that is refused, fails or is interrupted leaves no archive behind.",
	  "CKR_CERTIFICATE_DATA_INVALID: the domain is not that of the partition; exit status 5\n"
	  "CKR_PIN_INCORRECT: a password of the backup card",
	  EXAMPLES({ "Back a partition up",
		     "coffer --slot 0 --login co --pin-file pin-a 'partition archive backup -slot "
		     "2 -partition nightly -sopassword-file pin-vault -password-file pin-archive "
		     "-domain-file domain'",
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "Cloning 2 objects ...\n"
		     "    Handle 1 on slot 0 is now handle 1 on archive nightly\n"
		     "    Handle 2 on slot 0 is now handle 2 on archive nightly\n"
		     "    Protocol: CPv1\n"
		     "    2 objects backed up, 0 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive list", "Nobody has to log in.", NULL,
	  EXAMPLES({ "What is on the backup card",
		     "coffer partition archive list -slot 2",
		     "    Archive                           Serial number         Objects\n"
		     "    nightly                           424203001             2\n"
		     "    Number of archives       ->  1\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive verify",
	  "The two cards prove to each other that they are genuine and share the domain; then "
	  "objects are compared by identity and by digests that the cards compute inside.\n"
	  "What is missing, extra or different is listed, and the exit status is 6.", NULL,
	  EXAMPLES({ "Is the archive whole?",
		     "coffer --slot 0 --login co --pin-file pin-a 'partition archive verify -slot "
		     "2 -partition nightly -password-file pin-archive'",
		     "    Domain and cards proved by ->  CPv1\n"
		     "    Compared by              ->  fingerprint\n"
		     "    2 objects the same on both sides, 0 different, 0 only on slot 0, 0 only"
		     " on archive nightly\n"
		     "    Values were not compared: that wants the Crypto Officer, and firmware 7"
		     ".7.0 or later on both cards.\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive restore",
	  "What is there already is not restored a second time.", NULL,
	  EXAMPLES({ "Bring it back",
		     "coffer --slot 1 --login co --pin-file pin-b 'object delete all -force; "
		     "partition archive restore -slot 2 -partition nightly "
		     "-password-file pin-archive'",
		     "    Objects deleted          ->  2\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "Cloning 2 objects ...\n"
		     "    Handle 1 on archive nightly is now handle 3 on slot 1\n"
		     "    Handle 2 on archive nightly is now handle 4 on slot 1\n"
		     "    Protocol: CPv1\n"
		     "    2 objects restored, 0 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive export",
	  "A file instead of a backup card, sealed to the cards that are named: only a partition "
	  "on one of them that also has the domain can read it.\n"
	  "A recipient is a slot, or the file of hsm certificate of a card that is elsewhere.\n"
	  "A file that cannot have every object is not written, unless -onerror continue is given; "
	  "a run that fails or is interrupted leaves none.\n"
	  "Firmware 7.7.0 or later; see coffer-archive(7).",
	  "CKR_CERTIFICATE_DATA_INVALID: one is none for wrapping, or of another root\n"
	  "CKR_DOMAIN_LABEL_INVALID: domainlist shows the labels\n"
	  "CKR_USER_NOT_LOGGED_IN: role login -name co",
	  EXAMPLES({ "The recipient gives its certificate away",
		     "coffer hsm certificate b.pem -slot 1",
		     "    Serial number of the card ->  424202\n"
		     "    Certificate              ->  b.pem\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "For that card, and for the own one",
		     "coffer --slot 0 --login co --pin-file pin-a 'partition "
		     "archive export -file keys.car -recipient b.pem,0'",
		     "Cloning 2 objects ...\n"
		     "    Handle 1 on slot 0 is in file keys.car\n"
		     "    Handle 2 on slot 0 is in file keys.car\n"
		     "    Protocol: archive file\n"
		     "    2 objects archived, 0 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive show",
	  "Reads the file alone: no card, no login.\n"
	  "Whoever could write the file could write this, too; check is what proves it.",
	  "CKR_CPV4_MSG_ERROR: it is no archive",
	  EXAMPLES({ "What is it?",
		     "coffer partition archive show keys.car",
		     "    Version of the format    ->  1\n"
		     "    Serial number of the source's card ->  424201\n"
		     "    Serial number of the source ->  424201001\n"
		     "    Profile                  ->  coffer\n"
		     "    Firmware                 ->  7.8.4\n"
		     "    FIPS mode                ->  no\n"
		     "    Date                     ->  2026-11-22T07:45:46Z\n"
		     "    Objects                  ->  2\n"
		     "    Has its end              ->  yes\n"
		     "    Recipient card\n"
		     "    424202\n"
		     "    424201\n"
		     "Nothing of this is authenticated: partition archive check does that.\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive check",
	  "A recipient's card opens the file, verifies every object and the end, and stores "
	  "nothing.",
	  "CKR_SESSION_NEGOTIATION_NO_PSK: the partition has not the domain; exit status 5\n"
	  "CKR_CPV4_MSG_ERROR: changed, cut short, or no archive",
	  EXAMPLES({ "Could it be brought back?",
		     "coffer --slot 1 --login co --pin-file pin-b partition archive "
		     "check keys.car",
		     "    Genuine and whole        ->  yes\n"
		     "    Objects                  ->  2\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "partition archive import",
	  "The whole file is checked first, by the card: of a file that is not genuine nothing is "
	  "stored.\n"
	  "What is there already is not imported a second time.",
	  "CKR_SESSION_NEGOTIATION_NO_PSK: the partition has not the domain; exit status 5\n"
	  "CKR_CPV4_MSG_ERROR: changed, cut short, or no archive",
	  EXAMPLES({ "On the other card",
		     "coffer --slot 1 --login co --pin-file pin-b 'object delete "
		     "all -force; partition archive import keys.car'",
		     "    Objects deleted          ->  2\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "Cloning 2 objects ...\n"
		     "    Object 1 on file keys.car is now handle 5 on slot 1\n"
		     "    Object 2 on file keys.car is now handle 6 on slot 1\n"
		     "    Protocol: archive file\n"
		     "    2 objects imported, 0 existed, 0 refused\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "migrate",
	  "Says what would stand against it, clones everything, compares both sides, and lets "
	  "every key sign or encrypt a challenge on both.\n"
	  "What is missing or wrong is listed, and the exit status is 6.", NULL,
	  EXAMPLES({ "From one card to the other",
		     "coffer migrate -from 0 -to 1 -frompassword-file pin-a -password-file pin-b",
		     "Logging in to the source ...\n"
		     "Verifying that the objects can be cloned ...\n"
		     "Logging in to the target ...\n"
		     "Agreeing on a protocol and proving the domain ...\n"
		     "Checking which objects exist already ...\n"
		     "    Handle 1 on slot 0 is on slot 1 already (handle 5)\n"
		     "    Handle 2 on slot 0 is on slot 1 already (handle 6)\n"
		     "    Protocol: CPv4\n"
		     "    Cipher suite: 3\n"
		     "    0 objects cloned, 2 existed, 0 refused\n"
		     "    2 objects the same on both sides, 0 different, 0 only on slot 0, 0 only"
		     " on slot 1\n"
		     "Letting every key show on both sides that it is the same ...\n"
		     "    1 key did the same on both sides, 0 did not, 0 allow no check\n"
		     "    The migration is complete: the source may be retired\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
