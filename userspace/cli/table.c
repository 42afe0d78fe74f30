// SPDX-License-Identifier: BSD-3-Clause
/*
 * Every noun, verb and option of the program. Names and short forms follow behaviour.md
 * section 6 where that has them.
 */
#include <string.h>
#include <strings.h>

#include "table.h"

#define OPTIONS(...) ((const struct cli_option[]){ __VA_ARGS__, { 0 } })
#define REQ CLI_OPT_REQUIRED
#define BARE CLI_OPT_BARE

#define FORCE { "force", "f", CLI_FLAG, 0, "do not ask for proceed or quit", NULL }
#define ON_SLOT \
	{ "slot", "s", CLI_SLOT, CLI_OPT_LOOKS, "look at this slot instead of the current one", \
	  NULL }
#define INIT_DOMAIN \
	DOMAIN, \
	{ "importpeddomain", "ipd", CLI_FLAG, 0, \
	  "take the domain from a red key in the card's own PED", NULL }
#define APPLY { "applytemplate", "at", CLI_FILE, 0, "policies for it, from a template", NULL }
#define SHOW_POLICIES \
	ON_SLOT, { "verbose", "v", CLI_FLAG, 0, "show which changes erase", NULL }, \
	{ "exporttemplate", "et", CLI_FILE, 0, "write them to a template for init", NULL }
#define DOMAIN \
	{ "domain", "d", CLI_SECRET, 0, "text of the cloning domain", NULL }, \
	{ "defaultdomain", "def", CLI_FLAG, 0, "use the well-known default domain (for tests)", \
	  NULL }
#define PRIMARY \
	{ "primary", "p", CLI_FLAG, 0, "make it the one that cards of before 7.8.0 see", NULL }
#define CIPHER { "id", "i", CLI_CIPHER, REQ | BARE, "number of the suite", NULL }
#define PASSWORD(text) { "password", "p", CLI_SECRET, 0, text, NULL }
#define ROLE_NAME { "name", "n", CLI_ROLE, REQ, "role, such as co or \"Crypto Officer\"", NULL }
#define KEY \
	{ "handle", "ha", CLI_OBJECT, 0, "handle, OUID or PKCS#11 URI of the object", NULL }, \
	{ "label", "l", CLI_LABEL, 0, "or its label, if only one object has it", NULL }
#define BACKUP_SLOT { "slot", "s", CLI_SLOT, REQ, "slot of the backup card", NULL }
#define ARCHIVE { "partition", "pa", CLI_ARCHIVE, REQ, "name of the archive", NULL }
#define ARCHIVE_PASSWORD PASSWORD("Crypto Officer's password of the archive")
#define ARCHIVE_FILE(text) { "file", "fi", CLI_FILE, REQ | BARE, text, NULL }
#define SO_PASSWORD \
	{ "sopassword", "so", CLI_SECRET, 0, "HSM SO's password of the backup card", NULL }
#define OBJECTS(flags, text) { "objects", "o", CLI_OBJECTS, flags, text, NULL }
#define RUN \
	{ "onerror", "oe", CLI_CHOICE, 0, "at an object that is refused; default: continue, but " \
	  "for archives of cards that stop (7.7.0 and later)", "stop|continue" }, \
	{ "nopreflight", "np", CLI_FLAG, 0, "look at nothing before: the cards refuse, under " \
	  "CPv1 each object by itself", NULL }, \
	{ "dryrun", "dr", CLI_FLAG, 0, "show the plan, change nothing", NULL }, \
	{ "stoponerror", "soe", CLI_FLAG, 0, "the same as -onerror stop", NULL }, \
	{ "continueonerror", "coe", CLI_FLAG, 0, "the same as -onerror continue", NULL }
#define PED_KEY { "key", "k", CLI_FILE, REQ | BARE, "file of the PED key", NULL }
#define PED_COLOR(flags) \
	{ "color", "c", CLI_CHOICE, flags, "its colour: blue HSM SO and Partition SO, black " \
	  "Crypto Officer, grey Crypto User, red domain, white Auditor", \
	  "blue|black|grey|red|white|orange" }
#define THIS_PED \
	{ "ped", "p", CLI_FILE, 0, "folder of the PED; default: that of the slot's card", NULL }
#define MECHANISM \
	{ "mechanism", "m", CLI_MECHANISM, 0, "such as sha256-rsa-pkcs; default: by key", NULL }
#define CHANGE_PW \
	{ "oldpw", "old", CLI_SECRET, 0, "password of now", NULL }, \
	{ "newpw", "new", CLI_SECRET, 0, "password from now on", NULL }, \
	{ "prompt", "p", CLI_FLAG, 0, "ask for both, whatever credentials there are", NULL }, \
	{ "logoutother", "lo", CLI_FLAG, 0, "7.8.1: end other programs' logins of the role", \
	  NULL }, FORCE
#define AUTH { "auth", "au", CLI_FLAG, 0, "log in when it is done", NULL }
#define FORMAT \
	{ "format", "fo", CLI_CHOICE, 0, \
	  "ECDSA signatures: der (as openssl has them) or raw (r and s)", "der|raw" }

const struct cli_noun cli_nouns[] = {
	{ "slot", "s", "partitions of all cards, by number" },
	{ "partition", "par", "the current slot's partition: set-up, policies, cloning, archives" },
	{ "role", "ro", "log in and out, set up roles, change passwords" },
	{ "ped", "p", "the card's PED and its keys" },
	{ "hsm", "h", "the card as a whole: initialise, policies, erase" },
	{ "audit", "au", "the audit log and its Auditor" },
	{ "card", "ca", "emulated cards: create, list, pack, unpack" },
	{ "object", "o", "keys, certificates and data" },
	{ "migrate", "mi", "clone a partition's objects and see that the clones are good" },
	{ "hagroup", "ha", "groups of partitions that serve as one slot" },
	{ "clientconfig", "cc", "the configuration's files" },
	{ "status", "stat", "cards, partitions, groups and their health on one screen" },
	{ "monitor", "mo", "show the cards' events as they happen" },
	{ "relay", "re", "serve a card on standard input and output (for ssh)" },
	{ "doctor", "doc", "find out why there is no card" },
	{ "appid", "ap", "application ids: do not apply" },
	{ "file", "fi", "files: does not apply" },
	{ "remotebackup", "rb", "remote backup: does not apply" },
	{ "stc", "st", "secure trusted channel: does not apply" },
	{ "stcconfig", "stcc", "its configuration: does not apply" },
	{ "srk", "sr", "secure recovery key: does not apply" },
	{ "help", "?", "explain the commands" },
	{ "exit", "e", "end the program" },
	{ "quit", "q", "end the program" },
	{ NULL, NULL, NULL },
};

const struct cli_command cli_commands[] = {
	{ "slot", "list", "l", 0, NULL, "show every slot of every card", cli_slot_list, NULL },
	{ "slot", "partitionlist", "pl", 0, NULL, "list the partitions of a slot's card",
	  cli_slot_partitionlist, OPTIONS(ON_SLOT) },
	{ "slot", "set", "s", 0, NULL, "make a slot the current one", cli_slot_set,
	  OPTIONS({ "slot", "sl", CLI_SLOT, REQ | BARE,
		    "the slot's number, label, serial:N or PKCS#11 URI", NULL }) },

	{ "partition", "create", "cr", CLI_CMD_CHANGES, "HSM SO",
	  "create a partition on the current HSM slot's card", cli_partition_create,
	  OPTIONS({ "label", "l", CLI_TEXT, REQ, "its label until it is initialised", NULL },
		  { "size", "si", CLI_NUMBER, 0, "bytes for objects; default: by profile", NULL },
		  { "slot", "s", CLI_SLOT, 0, "a slot of the card, instead of the current one",
		    NULL },
		  PASSWORD("before 6.22: initialise it, too, with its user's password"),
		  INIT_DOMAIN, FORCE) },
	{ "partition", "delete", "del", CLI_CMD_CHANGES | CLI_CMD_ERASES, "HSM SO",
	  "delete a partition with all its objects", cli_partition_delete,
	  OPTIONS({ "slot", "s", CLI_SLOT, 0, "slot of the partition", NULL },
		  { "label", "l", CLI_PARTITION, 0, "or its label on the current card", NULL },
		  FORCE) },
	{ "partition", "init", "in", CLI_CMD_CHANGES | CLI_CMD_ERASES, NULL,
	  "initialise the partition: label, Partition SO (HSM SO before 6.22), domain",
	  cli_partition_init,
	  OPTIONS({ "label", "l", CLI_TEXT, REQ, "label of the partition", NULL },
		  PASSWORD("Partition SO's password; none on a card with a PED"), INIT_DOMAIN,
		  { "domainlabel", "dl", CLI_TEXT, 0, "label of the domain", NULL }, APPLY,
		  AUTH, FORCE) },
	{ "partition", "login", "lo", 0, NULL,
	  "log in at the current slot: cards of before firmware 6.22", cli_partition_login,
	  OPTIONS(PASSWORD("password of the partition, its Crypto Officer's")) },
	{ "partition", "logout", "lout", 0, NULL,
	  "log out at the current slot: cards of before firmware 6.22", cli_partition_logout,
	  NULL },
#include "table_before.h"
	{ "partition", "changelabel", "chl", CLI_CMD_CHANGES, "Partition SO (HSM SO before 6.22)",
	  "label the partition anew; its objects stay", cli_partition_changelabel,
	  OPTIONS({ "label", "l", CLI_TEXT, REQ | BARE, "label from now on", NULL }) },
	{ "partition", "resize", "rs", CLI_CMD_CHANGES, "HSM SO",
	  "give a partition more or less space; its objects stay", cli_partition_resize,
	  OPTIONS({ "slot", "s", CLI_SLOT, REQ, "slot of the partition", NULL },
		  { "size", "si", CLI_NUMBER, REQ, "bytes for objects", NULL }, FORCE) },
	{ "partition", "clear", "clr", CLI_CMD_CHANGES | CLI_CMD_ERASES, "Crypto Officer",
	  "delete all objects of the partition", cli_partition_clear, OPTIONS(FORCE) },
	{ "partition", "contents", "con", 0, NULL, "list the objects with their handles",
	  cli_partition_contents, OPTIONS(ON_SLOT) },
	{ "partition", "showinfo", "si", 0, NULL, "show storage, protocols and roles",
	  cli_partition_showinfo, OPTIONS(ON_SLOT) },
	{ "partition", "showpolicies", "sp", 0, NULL, "show capabilities and policies",
	  cli_partition_showpolicies,
	  OPTIONS(SHOW_POLICIES) },
	{ "partition", "changepolicy", "cp", CLI_CMD_CHANGES, "Partition SO",
	  "change policies, all of those given or none", cli_partition_changepolicy,
	  OPTIONS({ "policy", "p", CLI_POLICIES, REQ, "numbers of the policies", NULL },
		  { "value", "v", CLI_NUMBERS, REQ, "as many values", NULL },
		  { "partition", "pa", CLI_PARTITION, 0, "label, instead of the current slot",
		    NULL },
		  FORCE) },
	{ "partition", "showmechanism", "sm", 0, NULL, "list mechanisms and their key sizes",
	  cli_partition_showmechanism,
	  OPTIONS({ "mechanism", "m", CLI_MECHANISM, 0, "only this one: name or number", NULL },
		  ON_SLOT) },
	{ "partition", "domainlist", "dl", 0, "Partition SO, Crypto Officer or User",
	  "list the cloning domains by their labels", cli_partition_domainlist, NULL },
	{ "partition", "domainadd", "da", CLI_CMD_CHANGES, "Partition SO",
	  "add a cloning domain (policy 44; three at most)", cli_partition_domainadd,
	  OPTIONS({ "domain", "d", CLI_SECRET, 0, "text of the domain", NULL },
		  { "domainped", "dp", CLI_FLAG, 0, "or a red key in the card's own PED", NULL },
		  { "domainlabel", "dl", CLI_TEXT, REQ, "label of the domain", NULL }, PRIMARY) },
	{ "partition", "domaindelete", "dd", CLI_CMD_CHANGES, "Partition SO",
	  "delete a cloning domain; objects stay", cli_partition_domaindelete,
	  OPTIONS({ "domainlabel", "dl", CLI_DOMAIN, REQ, "label of the domain", NULL },
		  FORCE) },
	{ "partition", "domainchangelabel", "dcl", CLI_CMD_CHANGES, "Partition SO",
	  "label a cloning domain anew, make it the primary one", cli_partition_domainchangelabel,
	  OPTIONS({ "domainlabel", "dl", CLI_DOMAIN, 0, "label of now; default: has none",
		    NULL },
		  { "newlabel", "nl", CLI_TEXT, 0, "label from now on", NULL }, PRIMARY) },
	{ "partition", "ciphershow", "cis", 0, NULL, "list the cipher suites of CPv4",
	  cli_partition_ciphershow, NULL },
	{ "partition", "cipherenable", "cie", CLI_CMD_CHANGES, "Partition SO",
	  "let CPv4 use a cipher suite", cli_partition_cipherenable, OPTIONS(CIPHER) },
	{ "partition", "cipherdisable", "cid", CLI_CMD_CHANGES, "Partition SO",
	  "do not let CPv4 use a cipher suite", cli_partition_cipherdisable, OPTIONS(CIPHER) },
	{ "partition", "clone", "cl", CLI_CMD_CHANGES | CLI_CMD_DRY_RUN, "Crypto Officer on both",
	  "clone objects of the current slot to another slot", cli_partition_clone,
	  OPTIONS(OBJECTS(REQ, "handles, label:TEXT, OUIDs, PKCS#11 URIs with commas "
			       "between; or all, or 0 for all"),
		  { "slot", "s", CLI_SLOT, REQ, "slot that gets the clones", NULL },
		  PASSWORD("Crypto Officer's password of that slot; with a PED: if activated, "
			   "the challenge"), RUN, FORCE) },
	{ "partition", "archive backup", "ar b", CLI_CMD_CHANGES | CLI_CMD_DRY_RUN,
	  "Crypto Officer", "back the partition up to a backup card", cli_archive_backup,
	  OPTIONS(BACKUP_SLOT, ARCHIVE, SO_PASSWORD, ARCHIVE_PASSWORD, DOMAIN,
		  { "append", "a", CLI_FLAG, 0, "add to an archive that exists", NULL },
		  { "replace", "r", CLI_FLAG, 0, "empty an archive that exists first", NULL },
		  { "smkonly", "smk", CLI_FLAG, 0, "V1: only the SKS master key", NULL },
		  OBJECTS(0, "only these; default: all"), RUN, FORCE) },
	{ "partition", "archive restore", "ar r", CLI_CMD_CHANGES | CLI_CMD_DRY_RUN,
	  "Crypto Officer", "bring an archive's objects back into the partition",
	  cli_archive_restore,
	  OPTIONS(BACKUP_SLOT, ARCHIVE, ARCHIVE_PASSWORD,
		  OBJECTS(CLI_OPT_ELSEWHERE, "only these of the archive; default: all"),
		  RUN, FORCE) },
	{ "partition", "archive list", "ar l", 0, NULL, "list the archives of a backup card",
	  cli_archive_list, OPTIONS(BACKUP_SLOT) },
	{ "partition", "archive contents", "ar c", 0, "Crypto Officer of the archive",
	  "list the objects of an archive", cli_archive_contents,
	  OPTIONS(BACKUP_SLOT, ARCHIVE, ARCHIVE_PASSWORD) },
	{ "partition", "archive verify", "ar v", 0, "Crypto Officer",
	  "compare the partition with an archive, object by object", cli_archive_verify,
	  OPTIONS(BACKUP_SLOT, ARCHIVE, ARCHIVE_PASSWORD) },
	{ "partition", "archive delete", "ar d", CLI_CMD_CHANGES | CLI_CMD_ERASES,
	  "HSM SO of the backup card", "delete an archive", cli_archive_delete,
	  OPTIONS(BACKUP_SLOT, ARCHIVE, SO_PASSWORD, FORCE) },

	{ "partition", "archive export", "ar e", CLI_CMD_CHANGES | CLI_CMD_DRY_RUN,
	  "Crypto Officer", "write the partition to a file, sealed to cards and to its domain",
	  cli_archive_export,
	  OPTIONS(ARCHIVE_FILE("file to write"),
		  { "recipient", "r", CLI_TEXT, REQ, "slots, or files of hsm certificate, of the "
		    "cards that may open it, with commas between (16 at most)", NULL },
		  { "domainlabel", "dl", CLI_TEXT, 0, "label of the domain that they need, too; "
		    "default: the primary one", NULL },
		  OBJECTS(0, "only these; default: all"), RUN, FORCE) },
	{ "partition", "archive import", "ar i", CLI_CMD_CHANGES | CLI_CMD_DRY_RUN,
	  "Crypto Officer", "bring the objects of an archive file into the partition",
	  cli_archive_import, OPTIONS(ARCHIVE_FILE("file to read"), RUN) },
	{ "partition", "archive check", "ar ch", 0, "Crypto Officer",
	  "let the card check an archive file, and store nothing", cli_archive_check,
	  OPTIONS(ARCHIVE_FILE("file to read")) },
	{ "partition", "archive show", "ar s", CLI_CMD_NO_CARD, NULL,
	  "show what an archive file shows without any card", cli_archive_show,
	  OPTIONS(ARCHIVE_FILE("file to read")) },
	{ "role", "list", "l", 0, NULL, "list the slot's roles and their state", cli_role_list,
	  NULL },
	{ "role", "show", "s", 0, NULL, "show one role's state", cli_role_show,
	  OPTIONS(ROLE_NAME) },
	{ "role", "login", "in", 0, NULL, "log in at the current slot, by password or PED",
	  cli_role_login,
	  OPTIONS(ROLE_NAME, PASSWORD("the role's password; with a PED: if activated, the "
				      "challenge")) },
	{ "role", "logout", "out", 0, NULL, "log out at the current slot", cli_role_logout, NULL },
	{ "role", "init", "i", CLI_CMD_CHANGES, "Partition SO; Crypto Officer for cu and lco",
	  "give a role its first password, or its PED key", cli_role_init,
	  OPTIONS(ROLE_NAME, PASSWORD("its first password; none on a card with a PED"), FORCE) },
	{ "role", "changepw", "cpw", CLI_CMD_CHANGES, "the role itself",
	  "change a role's password, or make its PED key anew", cli_role_changepw,
	  OPTIONS(ROLE_NAME, CHANGE_PW) },
	{ "role", "resetpw", "rpw", CLI_CMD_CHANGES, "Partition SO; Crypto Officer for cu and lco",
	  "give a role a new password or PED key and unlock it", cli_role_resetpw,
	  OPTIONS(ROLE_NAME, PASSWORD("its new password; none on a card with a PED"), FORCE) },
	{ "role", "createchallenge", "cc", CLI_CMD_CHANGES,
	  "Partition SO; Crypto Officer for cu and lco",
	  "give a role of a PED partition the secret for logins when activated",
	  cli_role_createchallenge,
	  OPTIONS(ROLE_NAME, { "challengesecret", "cs", CLI_SECRET, 0, "the challenge secret",
			       NULL }) },
	{ "role", "deactivate", "de", CLI_CMD_CHANGES, "Partition SO, or the role itself",
	  "let a role log in with its PED key only, until it is activated again",
	  cli_role_deactivate, OPTIONS(ROLE_NAME) },

	{ "ped", "show", "s", 0, NULL,
	  "show the PED of the slot's card: what is in it, what it asks", cli_ped_show,
	  OPTIONS(ON_SLOT) },
	{ "ped", "connect", "c", CLI_CMD_CHANGES, NULL, "hang a PED on the slot's card",
	  cli_ped_connect,
	  OPTIONS({ "ped", "p", CLI_FILE, BARE, "folder of the PED; made if it is not there",
		    NULL }, ON_SLOT,
		  { "ip", "i", CLI_TEXT, 0, "of a remote PED: not there yet", NULL },
		  { "port", "po", CLI_NUMBER, 0, "of a remote PED: not there yet", NULL }) },
	{ "ped", "disconnect", "d", CLI_CMD_CHANGES, NULL, "take the PED off the slot's card",
	  cli_ped_disconnect, OPTIONS(ON_SLOT) },
	{ "ped", "insert", "i", CLI_CMD_CHANGES, NULL, "put a key into the PED, in place of one of "
	  "its colour", cli_ped_insert,
	  OPTIONS(PED_KEY, { "pin", "pi", CLI_SECRET, 0, "type the key's PIN, too", NULL },
		  THIS_PED, ON_SLOT) },
	{ "ped", "remove", "r", CLI_CMD_CHANGES, NULL, "take a key, or all, out of the PED",
	  cli_ped_remove, OPTIONS(PED_COLOR(BARE), THIS_PED, ON_SLOT) },
	{ "ped", "key create", "k cr", CLI_CMD_CHANGES | CLI_CMD_NO_CARD, NULL,
	  "make a blank PED key: a file", cli_ped_key_create,
	  OPTIONS(PED_KEY, PED_COLOR(REQ),
		  { "label", "l", CLI_TEXT, 0, "what is written on it", NULL },
		  { "pin", "pi", CLI_SECRET, 0, "PIN to type after it", NULL },
		  { "imprint", "im", CLI_FLAG, 0,
		    "give it a secret now; else the first card that uses it does", NULL }) },
	{ "ped", "key copy", "k co", CLI_CMD_CHANGES | CLI_CMD_NO_CARD, NULL,
	  "make a duplicate of a PED key", cli_ped_key_copy,
	  OPTIONS(PED_KEY, { "to", "t", CLI_FILE, REQ | BARE, "file of the duplicate", NULL }) },
	{ "ped", "key show", "k s", CLI_CMD_NO_CARD, NULL, "show what a PED key is",
	  cli_ped_key_show, OPTIONS(PED_KEY) },

	{ "hsm", "init", "in", CLI_CMD_CHANGES | CLI_CMD_ERASES, NULL,
	  "initialise the card: everything on it is erased", cli_hsm_init,
	  OPTIONS({ "label", "l", CLI_TEXT, REQ, "label of the card", NULL },
		  PASSWORD("HSM SO's password; none on a card with a PED"), INIT_DOMAIN, APPLY,
		  AUTH, FORCE) },
	{ "hsm", "showinfo", "si", 0, NULL, "show the card behind the current slot",
	  cli_hsm_showinfo, OPTIONS(ON_SLOT) },
	{ "hsm", "certificate", "cert", 0, NULL,
	  "write a certificate of the card to a file (PEM)", cli_hsm_certificate,
	  OPTIONS(ARCHIVE_FILE("file to write"),
		  { "use", "u", CLI_CHOICE, 0, "wrap (default): archives are sealed to it; "
		    "device: the card signs with it; root: the card believes it",
		    "wrap|device|root" }, ON_SLOT, FORCE) },
	{ "hsm", "showpolicies", "sp", 0, NULL, "show the card's capabilities and policies",
	  cli_hsm_showpolicies,
	  OPTIONS(SHOW_POLICIES) },
	{ "hsm", "changehsmpolicy", "chp", CLI_CMD_CHANGES, "HSM SO",
	  "change the card's policies, all of those given or none", cli_hsm_changepolicy,
	  OPTIONS({ "policy", "p", CLI_POLICIES, REQ, "numbers of the policies", NULL },
		  { "value", "v", CLI_NUMBERS, REQ, "as many values", NULL }, FORCE) },
	{ "hsm", "time show", "t sh", 0, NULL, "show the card's clock", cli_hsm_time_show,
	  OPTIONS(ON_SLOT) },
	{ "hsm", "time set", "t se", CLI_CMD_CHANGES, "HSM SO", "set the card's clock",
	  cli_hsm_time_set,
	  OPTIONS({ "time", "t", CLI_TEXT, REQ | BARE,
		    "now, or UTC as in 2026-12-31T23:59:59Z", NULL }) },
	{ "hsm", "selftest", "st", 0, NULL, "run the card's self-tests again", cli_hsm_selftest,
	  OPTIONS(ON_SLOT) },
	{ "hsm", "monitor", "mon", 0, NULL, "count what the slot's card has done since power-on",
	  cli_hsm_monitor, OPTIONS(ON_SLOT) },
	{ "hsm", "updatefw", "uf", CLI_CMD_CHANGES, "HSM SO",
	  "update the card's firmware: it restarts, and there is no way back", cli_hsm_updatefw,
	  OPTIONS({ "image", "i", CLI_FILE, REQ | BARE, "image that card image create made",
		    NULL }, FORCE) },
	{ "hsm", "tampershow", "ts", 0, NULL, "show whether the card was tampered with",
	  cli_hsm_tampershow, OPTIONS(ON_SLOT) },
	{ "hsm", "tamperclear", "tc", CLI_CMD_CHANGES, "HSM SO",
	  "take a tampered card back into service", cli_hsm_tamperclear, OPTIONS(FORCE) },
	{ "hsm", "factoryreset", "fr", CLI_CMD_CHANGES | CLI_CMD_ERASES, NULL,
	  "erase the card and set its policies back", cli_hsm_factoryreset, OPTIONS(FORCE) },
	{ "hsm", "zeroize", "z", CLI_CMD_CHANGES | CLI_CMD_ERASES, NULL,
	  "erase the card, keep its policies", cli_hsm_zeroize, OPTIONS(FORCE) },

	{ "audit", "init", "in", CLI_CMD_CHANGES, NULL,
	  "make the Auditor of the current HSM slot's card; no SO is logged in", cli_audit_init,
	  OPTIONS(PASSWORD("the Auditor's password; none on a card with a PED")) },
	{ "audit", "config", "co", CLI_CMD_CHANGES, "Auditor; to look: HSM SO",
	  "show or choose what is recorded", cli_audit_config,
	  OPTIONS({ "events", "e", CLI_WORDS, 0,
		    "login, manage, keys, use with commas between; or all, none",
		    "login|manage|keys|use|all|none" }) },
	{ "audit", "show", "s", 0, "Auditor, HSM SO",
	  "show the records; for the Auditor they count as seen then", cli_audit_show,
	  OPTIONS({ "since", "si", CLI_NUMBER, 0, "only records above this number", NULL },
		  { "unseen", "u", CLI_FLAG, 0, "only records that the Auditor has not seen",
		    NULL },
		  { "keep", "k", CLI_FLAG, 0, "do not count them as seen", NULL }) },
	{ "audit", "verify", "v", 0, "Auditor, HSM SO",
	  "have the card check every record that it has", cli_audit_verify,
	  OPTIONS({ "number", "n", CLI_NUMBER, 0, "a record that was noted earlier", NULL },
		  { "chain", "c", CLI_TEXT, 0, "and its chain, in hexadecimal", NULL }) },

	{ "card", "list", "l", 0, NULL, "list the cards, and why one cannot be opened",
	  cli_card_list, NULL },
	{ "card", "profiles", "p", CLI_CMD_NO_CARD, NULL, "list what card create can make",
	  cli_card_profiles, NULL },
	{ "card", "create", "cr", CLI_CMD_CHANGES | CLI_CMD_NO_CARD, NULL,
	  "manufacture a card: makes a card folder", cli_card_create,
	  OPTIONS({ "card", "dir", CLI_FILE, REQ | BARE, "folder to make, such as a.coffer", NULL },
		  { "profile", "p", CLI_PROFILE, 0, "one of card profiles; default: coffer", NULL },
		  { "label", "l", CLI_TEXT, 0, "label of the new card", NULL },
		  { "serial", "se", CLI_NUMBER, 0, "serial number; default: random", NULL },
		  { "auth", "a", CLI_CHOICE, 0, "what roles log in with; default: password",
		    "password|ped" },
		  { "kdf-cost", "k", CLI_CHOICE, 0, "cost of secret stretching", "test|full" },
		  { "speed", "sp", CLI_CHOICE, 0, "profile: no faster than the model",
		    "full|profile" },
		  { "root-key", "rk", CLI_FILE, 0, "key of your factory root (PEM)", NULL },
		  { "root-cert", "rc", CLI_FILE, 0, "certificate of your factory root (PEM)",
		    NULL }) },
	{ "card", "image create", "im cr", CLI_CMD_CHANGES | CLI_CMD_NO_CARD, NULL,
	  "make a firmware image for hsm updatefw", cli_card_image_create,
	  OPTIONS({ "file", "f", CLI_FILE, REQ | BARE, "image file to make", NULL },
		  { "profile", "p", CLI_PROFILE, REQ, "one of card profiles", NULL },
		  { "oldest", "o", CLI_TEXT, 0, "oldest firmware that may take it, as 7.4.0",
		    NULL },
		  { "root-key", "rk", CLI_FILE, 0, "key of your factory root (PEM)", NULL },
		  { "root-cert", "rc", CLI_FILE, 0, "certificate of your factory root (PEM)",
		    NULL }) },
	{ "card", "export", "e", CLI_CMD_CHANGES | CLI_CMD_NO_CARD, NULL,
	  "pack a card folder that is not in use into one file", cli_card_export,
	  OPTIONS({ "card", "dir", CLI_CARD, REQ | BARE, "the card folder", NULL },
		  { "file", "f", CLI_FILE, REQ | BARE, "file to write", NULL }) },
	{ "card", "import", "i", CLI_CMD_CHANGES | CLI_CMD_NO_CARD, NULL,
	  "unpack a file that card export wrote", cli_card_import,
	  OPTIONS({ "file", "f", CLI_FILE, REQ | BARE, "file to read", NULL },
		  { "card", "dir", CLI_FILE, REQ | BARE, "card folder to make", NULL }) },
	{ "card", "tamper", "t", CLI_CMD_CHANGES | CLI_CMD_ERASES | CLI_CMD_NO_CARD, NULL,
	  "pull the tamper input of a card folder that is not in use", cli_card_tamper,
	  OPTIONS({ "card", "dir", CLI_CARD, REQ | BARE, "the card folder", NULL }, FORCE) },
	{ "card", "decommission", "d", CLI_CMD_CHANGES | CLI_CMD_ERASES | CLI_CMD_NO_CARD, NULL,
	  "pull the decommission input of a card folder that is not in use: its keys are gone",
	  cli_card_decommission,
	  OPTIONS({ "card", "dir", CLI_CARD, REQ | BARE, "the card folder", NULL }, FORCE) },
	{ "card", "stats", "st", 0, NULL, "count what each card has done since power-on",
	  cli_card_stats, NULL },

	{ "object", "generate", "g", CLI_CMD_CHANGES, "Crypto Officer",
	  "generate a key or key pair", cli_object_generate,
	  OPTIONS({ "keytype", "kt", CLI_CHOICE, REQ | BARE, "kind of key",
		    "rsa|ec|ed25519|aes|generic" },
		  { "size", "s", CLI_NUMBER, 0, "bits; default: rsa 2048, aes and generic 256",
		    NULL },
		  { "curve", "c", CLI_CHOICE, 0, "ec: curve; default p256", "p256|p384|p521" },
		  { "label", "l", CLI_TEXT, 0, "label of the key or of both keys", NULL },
		  { "id", "i", CLI_TEXT, 0, "CKA_ID in hexadecimal", NULL },
		  { "extractable", "ex", CLI_FLAG, 0, "may leave wrapped", NULL },
		  { "session", "se", CLI_FLAG, 0, "session object, not kept", NULL }) },
	{ "object", "import", "i", CLI_CMD_CHANGES, "Crypto Officer",
	  "create an object from a file", cli_object_import,
	  OPTIONS({ "type", "t", CLI_CHOICE, REQ | BARE, "kind of object",
		    "data|certificate|public|aes|generic" },
		  { "file", "f", CLI_FILE, REQ | BARE, "DER, PEM or bare bytes", NULL },
		  { "label", "l", CLI_TEXT, 0, "its label", NULL },
		  { "id", "i", CLI_TEXT, 0, "CKA_ID in hexadecimal", NULL },
		  { "private", "p", CLI_FLAG, 0, "data: visible after login only", NULL }) },
	{ "object", "show", "s", 0, NULL, "show the attributes of an object", cli_object_show,
	  OPTIONS(KEY) },
	{ "object", "delete", "del", CLI_CMD_CHANGES | CLI_CMD_ERASES, "Crypto Officer",
	  "delete objects", cli_object_delete,
	  OPTIONS(OBJECTS(REQ | BARE, "handles, label:TEXT, OUIDs, PKCS#11 URIs with commas "
		  "between; or all"), FORCE) },
	{ "object", "export-public", "ep", 0, NULL, "write a public key as PEM",
	  cli_object_export_public,
	  OPTIONS(KEY, { "file", "f", CLI_FILE, 0, "file to write; default: standard output",
			 NULL }) },
	{ "object", "sign", "si", 0, "Crypto Officer or Crypto User", "sign a file",
	  cli_object_sign,
	  OPTIONS(KEY, MECHANISM, { "in", "i", CLI_FILE, REQ, "file to sign", NULL },
		  { "out", "o", CLI_FILE, 0, "file for the signature; default: shown", NULL },
		  FORMAT) },
	{ "object", "verify", "v", 0, NULL, "verify a file's signature", cli_object_verify,
	  OPTIONS(KEY, MECHANISM, { "in", "i", CLI_FILE, REQ, "file that was signed", NULL },
		  { "signature", "s", CLI_FILE, REQ, "file with the signature", NULL }, FORMAT) },

	{ "migrate", NULL, NULL, CLI_CMD_CHANGES | CLI_CMD_DRY_RUN, "Crypto Officer on both",
	  "clone everything, compare both sides, let every key sign or encrypt on both",
	  cli_migrate,
	  OPTIONS({ "from", "fr", CLI_SLOT, REQ | CLI_OPT_LOOKS, "slot of the source", NULL },
		  { "to", "to", CLI_SLOT, REQ, "slot of the target", NULL },
		  { "frompassword", "fp", CLI_SECRET, 0, "Crypto Officer's password of the "
		    "source, unless logged in", NULL },
		  PASSWORD("Crypto Officer's password of the target"),
		  OBJECTS(0, "only these; default: all"), RUN, FORCE) },

#include "table_ha.h"
#include "table_absent.h"

	{ "status", NULL, NULL, 0, NULL, "show cards, partitions, groups and what is wrong with "
	  "them; exit status 6 if anything is", cli_status_view, NULL },
	{ "monitor", NULL, NULL, 0, NULL, "show events until interrupted; with "
	  "-interval a live view of rates per card and queue", cli_monitor,
	  OPTIONS({ "count", "c", CLI_NUMBER, 0, "end after this many events, or views", NULL },
		  { "interval", "i", CLI_NUMBER, 0, "rates, anew after so many seconds", NULL },
		  { "timeout", "t", CLI_NUMBER, 0, "end after this many seconds", NULL },
		  { "stream", "s", CLI_FLAG, 0, "JSON: one document per event or view", NULL }) },
	{ "relay", NULL, NULL, CLI_CMD_NO_CARD | CLI_CMD_SILENT, NULL,
	  "serve a card on standard input and output until its end", cli_relay,
	  OPTIONS({ "card", "c", CLI_FILE, REQ | BARE, "card folder or device node", NULL }) },
	{ "doctor", NULL, NULL, CLI_CMD_NO_CARD, NULL, "find out why there is no card", cli_doctor,
	  NULL },
	{ "help", NULL, NULL, CLI_CMD_NO_CARD, NULL, "explain the commands", cli_help,
	  OPTIONS({ "noun", "n", CLI_COMMAND, BARE, "only this noun", NULL },
		  { "verb", "v", CLI_COMMAND, BARE, "only this verb of it", NULL },
		  { "second", "s", CLI_COMMAND, BARE, "second word of the verb", NULL }) },
	{ "exit", NULL, NULL, CLI_CMD_NO_CARD, NULL, "end the program", cli_exit, NULL },
	{ "quit", NULL, NULL, CLI_CMD_NO_CARD, NULL, "end the program", cli_exit, NULL },
	{ 0 },
};

static bool same(const char *word, const char *name, const char *brief)
{
	return !strcasecmp(word, name) || (brief && !strcasecmp(word, brief));
}

const struct cli_noun *cli_noun_find(const char *word)
{
	const struct cli_noun *n;

	for (n = cli_nouns; n->name; n++)
		if (same(word, n->name, n->brief))
			return n;
	return NULL;
}

/* Does @word equal the first word of @list? Moves *list behind it. */
static bool first_word_is(const char **list, const char *word)
{
	size_t len = strcspn(*list, " ");
	bool is = strlen(word) == len && !strncasecmp(word, *list, len);

	*list += len + ((*list)[len] == ' ');
	return is;
}

/* How many of @words the command takes; 0 = it is another command. */
static size_t match(const struct cli_command *c, const struct cli_noun *noun,
		    const char *const *words, size_t count)
{
	const char *verb = c->verb, *brief = c->brief;
	size_t used = 1;

	if (strcmp(c->noun, noun->name))
		return 0;
	while (verb && *verb) {
		bool full, brief_too;

		if (used == count)
			return 0;
		full = first_word_is(&verb, words[used]);
		brief_too = first_word_is(&brief, words[used]);
		if (!full && !brief_too)
			return 0;
		used++;
	}
	return used;
}

const struct cli_command *cli_command_find(const char *const *words, size_t count, size_t *used)
{
	const struct cli_noun *noun = count ? cli_noun_find(words[0]) : NULL;
	const struct cli_command *c;

	*used = 0;
	if (!noun)
		return NULL;
	for (c = cli_commands; c->noun; c++) {
		*used = match(c, noun, words, count);
		if (*used)
			return c;
	}
	*used = 1;
	return NULL;
}
