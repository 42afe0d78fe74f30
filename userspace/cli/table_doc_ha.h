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
	  "EEXIST: a group has this label\n"
	  "CKR_PIN_INCORRECT: the Crypto Officer's password of the first member",
	  EXAMPLES({ "First, one password for all members",
		     "coffer --slot 1 --login co --pin-file pin-b role changepw "
		     "-name co -oldpw-file pin-b -newpw-file pin-a",
		     "    Role                     ->  Crypto Officer\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" },
		   { "A group of one",
		     "coffer hagroup creategroup -label signing -slot 0 "
		     "-password-file pin-a -existing copy",
		     "    HA Group Label           ->  signing\n"
		     "    HA Group Number          ->  1424201001\n"
		     "    HA Group Slot ID         ->  9100\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "hagroup addmember",
	  "What could stand against it is looked at before: policies, firmware, password.\n"
	  "Whether it has the domain of the others hagroup check tells, and synchronize.",
	  "EEXIST: it is a member of a group\n"
	  "CKR_PIN_INCORRECT: members have one password; role changepw",
	  EXAMPLES({ "And of two",
		     "coffer hagroup addmember -group signing -slot 1 "
		     "-password-file pin-a",
		     "warning: 424202001: partition policy 44 (Allow Extended Domain Management) "
		     "is 0, on the primary 1\n"
		     "    HA Group Label           ->  signing\n"
		     "    Added member             ->  424202001\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "hagroup synchronize",
	  "Members that have all objects of the others are left alone.\n"
	  "With -enable or -disable it says whether new objects go to all members or to the first "
	  "one only.",
	  "CKR_SESSION_NEGOTIATION_NO_PSK: a member has another domain now\n"
	  "CKR_DEVICE_REMOVED: a member is not there; the others are in sync",
	  EXAMPLES({ "A key got lost on one member",
		     "coffer --slot 1 --login co --pin-file pin-a 'object delete 6 "
		     "-force'; coffer hagroup synchronize -group signing "
		     "-password-file pin-a",
		     "    Objects deleted          ->  1\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n"
		     "    Member S/N      Handle       Result      Label\n"
		     "    424202001       2            cloned      signer\n"
		     "    Cloned                   ->  1\n"
		     "    Attributes changed       ->  0\n"
		     "    Refused                  ->  0\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "hagroup listgroups",
	  "Without a password everything but whether members need sync.", NULL,
	  EXAMPLES({ "The group and its members",
		     "coffer hagroup listgroups -password-file pin-a",
		     "    HA auto recovery         ->  enabled\n"
		     "    HA recovery mode         ->  activeEnhanced\n"
		     "    Maximum auto recovery retry ->  20\n"
		     "    Auto recovery poll interval (seconds) ->  60\n"
		     "    HA logging               ->  disabled\n"
		     "    HA log file              ->  \n"
		     "    Only Show HA Slots       ->  no\n"
		     "    HA Group Label           ->  signing\n"
		     "    HA Group Number          ->  1424201001\n"
		     "    HA Group Slot ID         ->  9100\n"
		     "    Synchronization          ->  enabled\n"
		     "    Group Members            ->  424201001, 424202001\n"
		     "    Needs sync               ->  no\n"
		     "    Standby Members          ->  <none>\n"
		     "    Slot #   Member S/N            Member Label                      Status"
		     "   Role\n"
		     "    0        424201001             payments                          alive "
		     "   primary\n"
		     "    1        424202001             standby                           alive "
		     "   member\n"
		     "\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "hagroup check", "Nothing is changed; with differences the exit status is 6.",
	  "CKR_PIN_INCORRECT: the members' password; each card counts it",
	  EXAMPLES({ "Where do members differ?",
		     "coffer hagroup check -group signing -password-file pin-a",
		     "    Member S/N      Difference\n"
		     "    424202001       partition policy 44 (Allow Extended Domain Management) "
		     "is 0, on the primary 1\n"
		     "    Differences              ->  1\n"
		     "\n"
		     "Command Result : No Error\n"
		     "\n" }) },
	{ "hagroup deletegroup", "Its slot is gone; each member is a slot as before.",
	  "ENOENT: there is no such group; listgroups shows them", NULL },
