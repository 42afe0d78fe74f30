/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of cli_commands, which table.c includes: words of behaviour.md section 6 that a card in a
 * host has no use for. Their help is what the command answers: what there is instead.
 */
#define ABSENT(noun, verb, brief, why) \
	{ noun, verb, brief, CLI_CMD_NO_CARD | CLI_CMD_ABSENT, NULL, why, cli_absent, NULL }
#define NO_STC "does not apply: the card is in this machine, and between machines ssh protects " \
	       "(--cards ssh:HOST:CARD)"
#define NO_RECOVERY "does not apply: the library keeps the login and restores it itself " \
		    "(hagroup recoverymode -mode activeEnhanced)"
#define NO_REMOTE_PED "does not apply: a PED hangs on the card itself (ped connect)"

	ABSENT("slot", "configset", "cse", "does not apply: a slot has nothing to configure but "
	       "groups (hagroup, clientconfig)"),
	ABSENT("slot", "configshow", "csh", "does not apply: a slot has nothing to configure "
	       "(slot list, clientconfig show)"),
	ABSENT("partition", "recoveryinit", "ri", NO_RECOVERY),
	ABSENT("partition", "recoverylogin", "rl", NO_RECOVERY),
	ABSENT("role", "recoveryinit", "ri", NO_RECOVERY),
	ABSENT("role", "recoverylogin", "rl", NO_RECOVERY),
	ABSENT("role", "setdomain", "sd", "does not apply: the Auditor shares no secret with other "
	       "cards; each card checks its own records (audit verify)"),
	ABSENT("hsm", "restart", "rs", "does not apply: the card restarts with its machine, when "
	       "the driver resets it, and by hsm updatefw"),
	ABSENT("hsm", "rollbackfw", "rb", "does not apply: firmware goes forward only "
	       "(hsm updatefw)"),
	ABSENT("hsm", "updatecap", "uc", "does not apply: capabilities come with the profile "
	       "(card profiles)"),
	ABSENT("hsm", "stcenable", "se", NO_STC),
	ABSENT("hsm", "stcdisable", "sd", NO_STC),
	ABSENT("ped", "vector init", "v i", NO_REMOTE_PED),
	ABSENT("ped", "vector erase", "v e", NO_REMOTE_PED),
	ABSENT("ped", "get", "g", NO_REMOTE_PED ": ped show"),
	ABSENT("ped", "set", "se", NO_REMOTE_PED),
	ABSENT("appid", NULL, NULL, "does not apply: each program that opens a card is known by "
	       "itself, and shares its logins with no other"),
	ABSENT("file", NULL, NULL, "does not apply: object import and object export-public read "
	       "and write files"),
	ABSENT("remotebackup", NULL, NULL, "does not apply: a backup card in another machine is a "
	       "slot here, too (--cards ssh:HOST:CARD, then partition archive backup)"),
	ABSENT("stc", NULL, NULL, NO_STC),
	ABSENT("stcconfig", NULL, NULL, NO_STC),
	ABSENT("srk", NULL, NULL, "does not apply: the card keeps no part of its key outside "
	       "(hsm tampershow, hsm tamperclear)"),
