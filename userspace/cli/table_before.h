/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rows of cli_commands, which table.c includes: verbs of partition that stand in for roles on
 * cards of before firmware 6.22 (behaviour.md 6.1).
 */
#define BEFORE_PASSWORD(text) OPTIONS(PASSWORD(text), FORCE)

	{ "partition", "activate", "act", CLI_CMD_CHANGES, NULL,
	  "log in with the PED key and let it stay (policy 22): cards of before firmware 6.22",
	  cli_partition_activate, OPTIONS(PASSWORD("the challenge secret, if there is one")) },
	{ "partition", "deactivate", "dea", CLI_CMD_CHANGES, "the partition's user",
	  "forget the PED key that activation keeps: cards of before firmware 6.22",
	  cli_role_deactivate, NULL },
	{ "partition", "createuser", "cu", CLI_CMD_CHANGES, "the partition's user",
	  "make the Crypto User: cards of before firmware 6.22", cli_role_init,
	  BEFORE_PASSWORD("its first password; none on a card with a PED") },
	{ "partition", "createchallenge", "cc", CLI_CMD_CHANGES, "HSM SO",
	  "give the partition's user a challenge secret: cards of before firmware 6.22",
	  cli_role_createchallenge,
	  OPTIONS({ "challengesecret", "cs", CLI_SECRET, 0, "the challenge secret", NULL }) },
	{ "partition", "changepw", "cpw", CLI_CMD_CHANGES, "the partition's user",
	  "change the partition's password: cards of before firmware 6.22", cli_role_changepw,
	  OPTIONS(CHANGE_PW) },
	{ "partition", "resetpw", "rpw", CLI_CMD_CHANGES, "HSM SO",
	  "give the partition's user a new password: cards of before firmware 6.22",
	  cli_role_resetpw, BEFORE_PASSWORD("the new password; none on a card with a PED") },
