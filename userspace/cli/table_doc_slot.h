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
	  EXAMPLES({ "Which slots there are",
		     "coffer slot list | grep -E 'Slot Id|Label'",
		     "    Slot Id                  ->  0\n"
		     "    Label                    ->  payments\n"
		     "    Slot Id                  ->  1\n"
		     "    Label                    ->  standby\n"
		     "    Slot Id                  ->  2\n"
		     "    Label                    ->  vault\n"
		     "    Slot Id                  ->  9000\n"
		     "    Label                    ->  \n"
		     "    Slot Id                  ->  9001\n"
		     "    Label                    ->  \n"
		     "    Current Slot Id          ->  0\n" }) },
	{ "slot set", "The rest of the run, or of the shell, works there.",
	  "CKR_SLOT_ID_INVALID: there is no such slot; slot list shows them",
	  EXAMPLES({ "By its label",
		     "coffer slot set -slot standby",
		     "    Current Slot Id          ->  1\n"
		     "    Label                    ->  standby\n"
		     "    Logged in                ->  nobody\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "What is not there",
		     "coffer slot set -slot 7",
		     "\n"
		     "Command Result : 0x3 (CKR_SLOT_ID_INVALID)\n"
		     "\n"
		     "there is no slot 7: see slot list\n" }) },

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
		     "    Current Slot Id          ->  0\n"
		     "    Label                    ->  payments\n"
		     "    Logged in                ->  nobody\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Slot Id                  ->  0\n"
		     "    Logged in                ->  Crypto Officer\n"
		     "    Password must change     ->  no\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "The same before a command",
		     "coffer --slot 0 --login co --pin-file pin-a partition contents",
		     "    Label                    ->  payments\n"
		     "    Number of objects        ->  0\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "role init",
	  "The Partition SO makes the Crypto Officer, who makes the Crypto User and the Limited "
	  "Crypto Officer.",
	  "CKR_OPERATION_NOT_ALLOWED: the role has a password already; role resetpw\n"
	  "CKR_PIN_LEN_RANGE: too short or too long", NULL },
	{ "role changepw", "The old password is proved once more.",
	  "CKR_PIN_INCORRECT: the old one is wrong; it counts", NULL },
	{ "role resetpw", "Also ends a lock.", NULL, NULL },

	{ "monitor",
	  "Logins that lock a role, tampering, changes of partitions, restarts: what the cards "
	  "tell, with the time.\n"
	  "Events are hints; a gap in their numbers says that some were lost.\n"
	  "\n"
	  "With -interval it shows rates instead: what each card has answered a second since the "
	  "last look, and what it has open.\n"
	  "Without -count or -timeout only Control-C ends it.",
	  "ENOENT: no such card; doctor says why",
	  EXAMPLES({ "Rates, one look, a second long",
		     "coffer monitor -interval 1 -count 1",
		     "    Card              Queue  Commands/s  Errors/s  Syncs/s  Sessions  Login"
		     "s\n"
		     "    a.coffer          -      1.0         0         0        0         0\n"
		     "    b.coffer          -      1.0         0         0        0         0\n"
		     "    vault.coffer      -      1.0         0         0        0         0\n"
		     "\n"
		     "    Samples                  ->  1\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "Is anything happening?",
		     "coffer monitor -timeout 1",
		     "    Events                   ->  0\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "status",
	  "Everything that somebody on call wants to see: cards and whether they answer, "
	  "partitions and how full they are, groups and their members, and a line for each thing "
	  "that is wrong, with what to do about it.\n"
	  "The exit status is 6 if there is such a line.",
	  "ENOENT: no such card; doctor says why",
	  EXAMPLES({ "Two of the cards have no HSM SO",
		     "coffer status",
		     "    Card  Name          Model           Firmware  Serial  Configuration    "
		     "                 State\n"
		     "    0     a.coffer      Coffer          7.8.4     424201  TEST ROOT, TEST K"
		     "DF               not initialised\n"
		     "    1     b.coffer      Coffer          7.8.4     424202  TEST ROOT, TEST K"
		     "DF               not initialised\n"
		     "    2     vault.coffer  Backup G5 6.28  6.28.0    424203  backup card, TEST"
		     " ROOT, TEST KDF  good\n"
		     "\n"
		     "    Slot  Label         Objects  Used %  Sessions  Login  Cloning          "
		     " State\n"
		     "    0     payments      0        0       0                CPv1, CPv3, CPv4 "
		     " ready\n"
		     "    1     standby       0        0       0                CPv1, CPv3, CPv4 "
		     " ready\n"
		     "\n"
		     "    warning: card 0: not initialised: hsm init\n"
		     "    warning: card 1: not initialised: hsm init\n"
		     "    Health                   ->  warning\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "relay",
	  "What ssh runs on the machine that has the card: programs elsewhere name it "
	  "ssh:HOST:CARD.\n"
	  "Logins and cloning are safe from who sees or changes the bytes only as far as the "
	  "cards' protocols make them so; ssh keeps passwords from being seen.", NULL, NULL },
	{ "doctor",
	  "Looks at the PCI bus, the driver, device nodes and permissions, COFFER_CARDS, the "
	  "configuration, and each card, and says what is missing and how to mend it.", NULL,
	  EXAMPLES({ "Nothing is missing",
		     "coffer doctor",
		     "    ok   list         a.coffer,b.coffer,vault.coffer\n"
		     "    ok   card         a.coffer: Coffer, serial 424201, TEST ROOT, TEST KDF"
		     "\n"
		     "    ok   card         b.coffer: Coffer, serial 424202, TEST ROOT, TEST KDF"
		     "\n"
		     "    ok   card         vault.coffer: Backup G5 6.28, serial 424203, backup c"
		     "ard, TEST ROOT, TEST KDF\n"
		     "    Cards that answer        ->  3\n"
		     "    Troubles                 ->  0\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "clientconfig", "What the files hold is in coffer.conf(5).", NULL, NULL },
	{ "clientconfig show", "No card is needed.",
	  "EINVAL: a file is malformed; its line is told",
	  EXAMPLES({ "Which file it is, and what it says",
		     "coffer clientconfig show",
		     "    File (a later one counts, if it is there)\n"
		     "    coffer.conf\n"
		     "    HA auto recovery         ->  disabled\n"
		     "    HA recovery mode         ->  activeEnhanced\n"
		     "    Maximum auto recovery retry ->  0\n"
		     "    Auto recovery poll interval (seconds) ->  60\n"
		     "    HA logging               ->  disabled\n"
		     "    HA log file              ->  \n"
		     "    Only Show HA Slots       ->  no\n"
		     "    Cloud members stand by (lunacm_cv_ha_ui) ->  yes\n"
		     "    PIN kept for recovery    ->  yes\n"
		     "    PE1746Enabled            ->  no\n"
		     "    RSAKeyGenMechRemap       ->  yes\n"
		     "    Client version           ->  as built\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "clientconfig import",
	  "Groups and settings are added to the file of this client; sections that do not apply "
	  "are left out, and named.",
	  "ENOENT: there is no such file\n"
	  "EINVAL: it is malformed; its line is told",
	  EXAMPLES({ "A file of another client",
		     "printf 'HAConfiguration = {\\n   reconnAtt = 20;\\n}\\n' "
		     ">other.conf; coffer clientconfig import other.conf",
		     "    Groups now               ->  0\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "audit",
	  "Once a card has an Auditor, what audit config names is recorded in a log in which each "
	  "record holds a digest of all before it.\n"
	  "The Auditor logs in at the card's own slot.", NULL, NULL },
	{ "audit init", "Once for a card, by whoever is to be its Auditor.",
	  "CKR_OPERATION_NOT_ALLOWED: there is one; role changepw -name au",
	  EXAMPLES({ "The Auditor of card 0",
		     "coffer --slot 9000 audit init -password-file pin-auditor",
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "audit config", "What is recorded from now on; without -events it is shown.",
	  "CKR_USER_NOT_LOGGED_IN: role login -name au",
	  EXAMPLES({ "Logins and the management of partitions",
		     "coffer --slot 9000 --login au --pin-file pin-auditor audit "
		     "config -events login,manage",
		     "    Recorded                 ->  login,manage\n"
		     "    Newest Record            ->  3\n"
		     "    Oldest Record            ->  1\n"
		     "    Seen up to               ->  0\n"
		     "    Chain                    ->  2036334205f1688361f1d93101ee60a92cf37da7a6"
		     "6cfa83099c13ca78706986\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "audit show",
	  "A record has a number, a time, who did what to what, and how it ended.",
	  "CKR_USER_NOT_LOGGED_IN: role login -name au, or so",
	  EXAMPLES({ "What is new",
		     "coffer --slot 9000 --login au --pin-file pin-auditor audit "
		     "show -unseen",
		     "    Number    Time                    Part.    Role    Command             "
		     "  Handle    Result\n"
		     "    1         2026-11-22T07:45:45Z    0        AU      AUDIT_INIT          "
		     "  0         OK\n"
		     "    2         2026-11-22T07:45:45Z    0        AU      LOGIN               "
		     "  0         OK\n"
		     "    3         2026-11-22T07:45:45Z    0        AU      AUDIT_CONFIG        "
		     "  0         OK\n"
		     "    4         2026-11-22T07:45:45Z    0        AU      SESSION_CLOSE       "
		     "  0         OK\n"
		     "    5         2026-11-22T07:45:45Z    0        AU      LOGIN               "
		     "  0         OK\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "audit verify",
	  "The card computes the digests of all its records anew.\n"
	  "With -number and -chain of a record that was noted earlier it also shows that none "
	  "before it was exchanged since.",
	  "CKR_DATA_INVALID: a record was changed, and which",
	  EXAMPLES({ "Is the log as it was written?",
		     "coffer --slot 9000 --login au --pin-file pin-auditor audit "
		     "verify",
		     "    Recorded                 ->  login,manage\n"
		     "    Newest Record            ->  7\n"
		     "    Oldest Record            ->  1\n"
		     "    Seen up to               ->  5\n"
		     "    Chain                    ->  23aff12df5b61d8445343cd5bd85e29e592bb4898c"
		     "8d5d9b3d3337e6290aeaa8\n"
		     "    Records verified         ->  7\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
