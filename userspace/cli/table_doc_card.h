/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of cli_docs, which table_doc.c includes: cards, their own slot, the PED. */
	{ "card",
	  "An emulated card is a folder: its database, its tamper-protected memory, a lock.\n"
	  "One process has it at a time; it moves whole while nobody has it.", NULL, NULL },
	{ "card create",
	  "The profile says which model and firmware the card is: card profiles lists them.\n"
	  "Without -root-key it is signed by the TEST ROOT, whose key everybody has.",
	  "EEXIST: the folder is there",
	  EXAMPLES({ "An older card",
		     "coffer card create old.coffer -profile pcie-6.24 -kdf-cost test "
		     "-serial 424242",
		     "    Card folder              ->  old.coffer\n"
		     "    Profile                  ->  pcie-6.24\n"
		     "This card's identity is signed by the TEST ROOT, whose key is public: do no"
		     "t trust it with real keys.\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "card profiles", "No card is needed.", NULL,
	  EXAMPLES({ "Backup cards",
		     "coffer card profiles | grep -c backup",
		     "2\n" }) },
	{ "card export", "Passwords are not needed, and the file is as secret as the folder.",
	  "EBUSY: a program has it open",
	  EXAMPLES({ "As one file",
		     "coffer card export old.coffer old.card",
		     "    Card packed into         ->  old.card\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "card tamper",
	  "The card serves nobody until its HSM SO says hsm tamperclear; without HSM policy 48, so "
	  "on older models, until it is switched on. With HSM policy 40 its keys are gone.",
	  NULL, NULL },
	{ "card decommission", "Refused by HSM policy 46.", NULL, NULL },
	{ "hsm",
	  "Commands of the card behind the current slot; what changes it wants the card's own "
	  "slot, 9000 and up, to be the current one.", NULL, NULL },
	{ "hsm init", "Every partition of the card is erased with it.", NULL, NULL },
	{ "hsm showinfo", "Model, firmware, marks such as TEST ROOT, storage, counters.", NULL,
	  EXAMPLES({ "The card behind a slot",
		     "coffer hsm showinfo -slot 0 | head -n 11",
		     "    Card                     ->  a.coffer\n"
		     "    Transport                ->  stream\n"
		     "    HSM Label                ->  \n"
		     "    HSM Serial Number        ->  424201\n"
		     "    HSM Model                ->  Coffer\n"
		     "    Profile                  ->  coffer\n"
		     "    Firmware Version         ->  7.8.4\n"
		     "    Configuration            ->  TEST ROOT, TEST KDF\n"
		     "    Authentication           ->  password\n"
		     "    Status                   ->  not initialised\n"
		     "    Cloning Protocols        ->  CPv1, CPv3, CPv4\n" }) },
	{ "hsm certificate",
	  "Not secret, and genuine by the root's signature: it goes to whoever writes archive "
	  "files for this card.\n"
	  "openssl verify checks it against the certificate that -use root gives.",
	  "CKR_SLOT_ID_INVALID: there is no such slot; slot list shows them",
	  EXAMPLES({ "Is it one of the factory root?",
		     "coffer hsm certificate wrap.pem -slot 1; coffer hsm "
		     "certificate root.pem -use root; openssl verify -CAfile "
		     "root.pem wrap.pem",
		     "    Serial number of the card ->  424202\n"
		     "    Certificate              ->  wrap.pem\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Serial number of the card ->  424201\n"
		     "    Certificate              ->  root.pem\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "wrap.pem: OK\n" }) },
	{ "hsm updatefw",
	  "The image has to be signed by the card's factory root, and be of a later profile of its "
	  "family.", "CKR_FW_IMAGE_INVALID: signature, family or content\n"
	  "CKR_FW_ROLLBACK: older than what runs", NULL },
	{ "ped",
	  "An emulated PED is a folder and its keys are files: blue for HSM SO and Partition SO, "
	  "black for the Crypto Officer, grey for the Crypto User, red for the cloning domain, "
	  "white for the Auditor.\n"
	  "A key that is not there is waited for, up to 200 seconds; Control-C gives up.",
	  "CKR_SP_TIMEOUT: nobody inserted the key in time\n"
	  "CKR_PED_UNPLUGGED: ped connect first", NULL },
	{ "ped show", "What is in the PED, and what it asks for at the moment.", NULL, NULL },
	{ "ped connect", "A folder that is not there is made; the card keeps its PED until "
	  "ped disconnect.", "EBUSY: another card has this PED", NULL },
	{ "ped insert", "The key of the same colour that is there comes out.",
	  "ENOENT: there is no such key; ped key create", NULL },
	{ "ped key create", "A blank key gets its secret when a card first uses it.",
	  "EEXIST: the file is there; a key is never overwritten",
	  EXAMPLES({ "A card with a PED, and its keys",
		     "coffer card create p.coffer -auth ped -kdf-cost test -serial "
		     "424204; for color in blue black red; do coffer ped key create "
		     "$color.key -color $color; done",
		     "    Card folder              ->  p.coffer\n"
		     "    Profile                  ->  coffer\n"
		     "    Authentication           ->  PED\n"
		     "This card's identity is signed by the TEST ROOT, whose key is public: do no"
		     "t trust it with real keys.\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    PED key                  ->  blue.key\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    PED key                  ->  black.key\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    PED key                  ->  red.key\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "Into the PED with them",
		     "COFFER_CARDS=p.coffer coffer 'ped connect desk.ped; ped "
		     "insert blue.key; ped insert black.key; ped insert red.key; "
		     "ped show'",
		     "    Card                     ->  p.coffer\n"
		     "    PED                      ->  desk.ped\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Key inserted             ->  blue.key\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Key inserted             ->  black.key\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Key inserted             ->  red.key\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Slot Id                  ->  0\n"
		     "    Card                     ->  p.coffer\n"
		     "    Authentication           ->  PED\n"
		     "    PED connected            ->  yes\n"
		     "    Keys in the PED          ->  blue, black, red\n"
		     "    Activated roles          ->  none\n"
		     "    Waits for a key          ->  no\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "A partition without a password",
		     "COFFER_CARDS=p.coffer coffer 'slot set 0; partition init "
		     "-label counter -force; role login -name po; role init -name "
		     "co'",
		     "    Current Slot Id          ->  0\n"
		     "    Label                    ->  \n"
		     "    Logged in                ->  nobody\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Label                    ->  counter\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Slot Id                  ->  0\n"
		     "    Logged in                ->  Partition SO\n"
		     "    Password must change     ->  no\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Role                     ->  Crypto Officer\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
