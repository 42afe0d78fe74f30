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
		     "...\nCommand Result : No Error\n...\n" }) },
	{ "card profiles", "No card is needed.", NULL,
	  EXAMPLES({ "Backup cards", "coffer card profiles | grep -c backup", "...\n" }) },
	{ "card export", "Passwords are not needed, and the file is as secret as the folder.",
	  "EBUSY: a program has it open",
	  EXAMPLES({ "As one file", "coffer card export old.coffer old.card",
		     "...\nCommand Result : No Error\n...\n" }) },
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
	  EXAMPLES({ "The card behind a slot", "coffer hsm showinfo -slot 0",
		     "...\nCommand Result : No Error\n...\n" }) },
	{ "hsm updatefw",
	  "The image has to be signed by the card's factory root, and be of a later profile of its "
	  "family.", "CKR_FW_IMAGE_INVALID: signature, family or content\n"
	  "CKR_FW_ROLLBACK: older than what runs", NULL },
	{ "ped",
	  "An emulated PED is a folder and its keys are files: blue for HSM SO and Partition SO, "
	  "black for the Crypto Officer, grey for the Crypto User, red for the cloning domain, "
	  "white for the Auditor.\n"
	  "A key that is not there is waited for, up to 200 seconds; Control-C gives up.", NULL,
	  NULL },
	{ "ped key create", "A blank key gets its secret when a card first uses it.", NULL,
	  EXAMPLES({ "A black key", "coffer ped key create black.key -color black",
		     "...\nCommand Result : No Error\n...\n" }) },
