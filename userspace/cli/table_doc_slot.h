/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of cli_docs, which table_doc.c includes: slots, roles, what is no card's. */
	{ "slot",
	  "A slot is where commands work: a partition, a card itself, a backup card, or a group.\n"
	  "Its number does not move when other cards or partitions appear.\n"
	  "\n"
	  "Without a choice the slot of the lowest number is the current one.\n"
	  "A login stays at its slot while others are current.", NULL, NULL },
	{ "slot list",
	  "Cards that cannot be opened are told on standard error with the reason; they keep their "
	  "place in the numbers.", NULL,
	  EXAMPLES({ "Which slots there are", "coffer slot list | grep -E 'Slot Id|Label'",
		     "    Slot Id                  ->  0\n"
		     "    Label                    ->  payments\n"
		     "    Slot Id                  ->  1\n"
		     "    Label                    ->  standby\n"
		     "...\n" }) },
	{ "slot set", "The rest of the run, or of the shell, works there.",
	  "CKR_SLOT_ID_INVALID: there is no such slot; slot list shows them",
	  EXAMPLES({ "By its label", "coffer slot set -slot standby",
		     "    Current Slot Id          ->  1\n"
		     "    Label                    ->  standby\n"
		     "    Logged in                ->  nobody\n"
		     "\n"
		     "Command Result : No Error\n"
		     "...\n" },
		   { "What is not there", "coffer slot set -slot 7",
		     "...\nCommand Result : 0x3 (CKR_SLOT_ID_INVALID)\n...\n" }) },

	{ "role",
	  "Roles are those of the current slot: HSM SO (so) and Auditor (au) of a card, Partition "
	  "SO (po), Crypto Officer (co), Limited Crypto Officer (lco) and Crypto User (cu) of a "
	  "partition.\n"
	  "Cards of firmware 6.22 to 6.x want the names in full; those before have partition "
	  "login.\n"
	  "\n"
	  "A login belongs to this run of the program: it ends with it, and no other program sees "
	  "it.\n"
	  "On a card with a PED a key in the PED stands for the password.", NULL, NULL },
	{ "role list", "Attempts that are left, locks, and whether a password has to be changed.",
	  NULL, NULL },
	{ "role login",
	  "Every attempt is counted by the card before the password is looked at; after ten wrong "
	  "ones the Crypto Officer is locked until the Partition SO resets the password, and the "
	  "HSM SO's tenth erases the card.\n"
	  "A first password that somebody else gave has to be changed first, unless the profile is "
	  "coffer.",
	  "CKR_PIN_INCORRECT: wrong; the message has the attempts that are left\n"
	  "CKR_PIN_LOCKED: too many wrong ones; role resetpw by who may\n"
	  "CKR_USER_PIN_NOT_INITIALIZED: the role has no password yet; role init\n"
	  "CKR_USER_ANOTHER_ALREADY_LOGGED_IN: role logout first",
	  EXAMPLES({ "With the password from a file",
		     "coffer 'slot set -slot 0; role login -name co -password-file pin-a'",
		     "...\n    Logged in                ->  Crypto Officer\n...\n" },
		   { "The same before a command",
		     "coffer --slot 0 --login co --pin-file pin-a partition contents",
		     "...\n    Number of objects        ->  0\n...\n" }) },
	{ "role init",
	  "The Partition SO makes the Crypto Officer, who makes the Crypto User and the Limited "
	  "Crypto Officer.",
	  "CKR_USER_TOO_MANY_TYPES: the role has a password already; role resetpw\n"
	  "CKR_PIN_LEN_RANGE: too short or too long", NULL },
	{ "role changepw", "The old password is proved once more.",
	  "CKR_PIN_INCORRECT: the old one is wrong; it counts", NULL },
	{ "role resetpw", "Also ends a lock.", NULL, NULL },

	{ "monitor",
	  "Logins that lock a role, tampering, changes of partitions, restarts: what the cards "
	  "tell, with the time.\n"
	  "Events are hints; a gap in their numbers says that some were lost.", NULL, NULL },
	{ "relay",
	  "What ssh runs on the machine that has the card: programs elsewhere name it "
	  "ssh:HOST:CARD.\n"
	  "Logins and cloning are safe from who sees or changes the bytes only as far as the "
	  "cards' protocols make them so; ssh keeps passwords from being seen.", NULL, NULL },
	{ "doctor",
	  "Looks at the PCI bus, the driver, device nodes and permissions, COFFER_CARDS, the "
	  "configuration, and each card, and says what is missing and how to mend it.", NULL,
	  NULL },
	{ "clientconfig", "What the files hold is in coffer.conf(5).", NULL, NULL },
	{ "audit",
	  "Once a card has an Auditor, what audit config names is recorded in a log in which each "
	  "record holds a digest of all before it.\n"
	  "The Auditor logs in at the card's own slot.", NULL, NULL },
