/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command table: the one description of every noun, verb and option. Parser, help, shell
 * completion, completion scripts and manual pages are made from it.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coffer/coffer.h"

struct cli;
struct cli_args;

enum cli_kind {
	CLI_FLAG,		/* no value */
	CLI_TEXT,
	CLI_NUMBER,		/* decimal or 0x... */
	CLI_SLOT,		/* a slot's number, label, serial number or PKCS#11 URI */
	CLI_NUMBERS,		/* numbers with commas between */
	CLI_OBJECTS,		/* as CLI_OBJECT, with commas between, "all", or 0 for all */
	CLI_ROLE,
	CLI_CHOICE,		/* one of help's choices */
	CLI_FILE,
	CLI_SECRET,		/* never shown, asked for without echo; NAME-file F reads a file */
	/* Numbers and texts like the others, but completion knows where they come from. */
	CLI_OBJECT,		/* a handle, label, OUID or PKCS#11 URI */
	CLI_POLICIES,		/* numbers with commas between, of policies */
	CLI_CIPHER,		/* number of a cipher suite */
	CLI_SERIAL,		/* of a partition */
	CLI_LABEL,		/* of an object */
	CLI_PARTITION,		/* label of a partition */
	CLI_ARCHIVE,		/* name of an archive at option -slot */
	CLI_GROUP,		/* label of a group */
	CLI_DOMAIN,		/* label of a cloning domain */
	CLI_PROFILE,
	CLI_MECHANISM,		/* name or number */
	CLI_WORDS,		/* words of choices with commas between */
	CLI_CARD,		/* a card folder that is there */
	CLI_COMMAND,		/* word of a command */
};

#define CLI_OPT_REQUIRED	0x1
#define CLI_OPT_BARE		0x2	/* may stand without its name */
#define CLI_OPT_LOOKS		0x4	/* slot whose objects, policies and such are meant */
#define CLI_OPT_ELSEWHERE	0x8	/* objects of no slot: not completed to handles */

struct cli_option {
	const char *name;
	const char *brief;	/* short form, may be NULL */
	enum cli_kind kind;
	unsigned int flags;
	const char *help;
	const char *choices;	/* CLI_CHOICE, CLI_WORDS: words with '|' between */
};

#define CLI_CMD_CHANGES		0x1	/* --dry-run stops before it */
#define CLI_CMD_DRY_RUN		0x2	/* ... or it handles --dry-run itself */
#define CLI_CMD_ERASES		0x4	/* asks for proceed/quit unless -force */
#define CLI_CMD_NO_CARD		0x8	/* works without any card */
#define CLI_CMD_ABSENT		0x20	/* a known word without use here; its help says why */
#define CLI_CMD_SILENT		0x10	/* standard output belongs to the command alone */

/* The most options that one command has; the table's unit test checks it. */
#define CLI_MAX_OPTIONS		16
#define CLI_MAX_VERB_WORDS	2

struct cli_command {
	const char *noun;
	const char *verb;	/* one or two words; NULL: the noun is all */
	const char *brief;	/* short form of the verb, as many words */
	unsigned int flags;
	const char *roles;	/* who may do it, for help; NULL = anybody */
	const char *help;
	coffer_rc (*run)(struct cli *cli, const struct cli_args *args);
	const struct cli_option *options;	/* ends with name NULL; may be NULL */
};

struct cli_noun {
	const char *name;
	const char *brief;
	const char *help;
};

extern const struct cli_noun cli_nouns[];		/* ends with name NULL */
extern const struct cli_command cli_commands[];		/* ends with noun NULL */

/* Options that stand before a command; rows by number, then one with name NULL. */
enum cli_global {
	CLI_GLOBAL_CARDS, CLI_GLOBAL_SLOT, CLI_GLOBAL_LOGIN, CLI_GLOBAL_PIN_FILE,
	CLI_GLOBAL_PIN_FD, CLI_GLOBAL_FILE, CLI_GLOBAL_KEEP_GOING, CLI_GLOBAL_ECHO,
	CLI_GLOBAL_OUTPUT, CLI_GLOBAL_COLOR, CLI_GLOBAL_DRY_RUN, CLI_GLOBAL_YES,
	CLI_GLOBAL_NON_INTERACTIVE,
	CLI_GLOBAL_TIMEOUT, CLI_GLOBAL_VERSION, CLI_GLOBAL_HELP,
	CLI_GLOBAL_COUNT,
};
extern const struct cli_option cli_globals[];
/* Without the dashes. */
const struct cli_option *cli_global_find(const char *name);

/* NULL: there is none. Case does not matter; short forms count. */
const struct cli_noun *cli_noun_find(const char *word);
const struct cli_option *cli_option_find(const struct cli_command *command, const char *name,
					 bool *from_file);
/*
 * The command whose words the first of @words are; *used gets their number. NULL when there is
 * none: then *used is 1 if the noun was known, else 0.
 */
const struct cli_command *cli_command_find(const char *const *words, size_t count, size_t *used);
/* "SLOT", "FILE"; "" for a flag. */
const char *cli_value_name(const struct cli_option *option);
/* "partition archive backup" into @out. */
const char *cli_command_name(const struct cli_command *command, char *out, size_t room);

/* Handlers, by file. */
coffer_rc cli_slot_list(struct cli *cli, const struct cli_args *args);
coffer_rc cli_slot_partitionlist(struct cli *cli, const struct cli_args *args);
coffer_rc cli_slot_set(struct cli *cli, const struct cli_args *args);

coffer_rc cli_partition_create(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_delete(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_init(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_login(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_logout(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_activate(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_changelabel(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_resize(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_clear(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_contents(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_showinfo(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_showmechanism(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_showpolicies(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_changepolicy(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_domainlist(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_domainadd(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_domaindelete(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_domainchangelabel(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_ciphershow(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_cipherenable(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_cipherdisable(struct cli *cli, const struct cli_args *args);
coffer_rc cli_partition_clone(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_backup(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_restore(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_list(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_contents(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_verify(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_delete(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_export(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_import(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_check(struct cli *cli, const struct cli_args *args);
coffer_rc cli_archive_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_certificate(struct cli *cli, const struct cli_args *args);

coffer_rc cli_role_createchallenge(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_deactivate(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_list(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_login(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_logout(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_init(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_changepw(struct cli *cli, const struct cli_args *args);
coffer_rc cli_role_resetpw(struct cli *cli, const struct cli_args *args);

coffer_rc cli_ped_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_connect(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_disconnect(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_insert(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_remove(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_key_create(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_key_copy(struct cli *cli, const struct cli_args *args);
coffer_rc cli_ped_key_show(struct cli *cli, const struct cli_args *args);

coffer_rc cli_hsm_init(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_showinfo(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_monitor(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_showpolicies(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_changepolicy(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_time_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_time_set(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_selftest(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_tampershow(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_updatefw(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_tamperclear(struct cli *cli, const struct cli_args *args);
coffer_rc cli_audit_init(struct cli *cli, const struct cli_args *args);
coffer_rc cli_audit_config(struct cli *cli, const struct cli_args *args);
coffer_rc cli_audit_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_audit_verify(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_image_create(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_decommission(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_tamper(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_factoryreset(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hsm_zeroize(struct cli *cli, const struct cli_args *args);

coffer_rc cli_card_list(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_create(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_profiles(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_export(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_import(struct cli *cli, const struct cli_args *args);
coffer_rc cli_card_stats(struct cli *cli, const struct cli_args *args);

coffer_rc cli_object_generate(struct cli *cli, const struct cli_args *args);
coffer_rc cli_object_import(struct cli *cli, const struct cli_args *args);
coffer_rc cli_object_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_object_delete(struct cli *cli, const struct cli_args *args);
coffer_rc cli_object_export_public(struct cli *cli, const struct cli_args *args);
coffer_rc cli_object_sign(struct cli *cli, const struct cli_args *args);
coffer_rc cli_object_verify(struct cli *cli, const struct cli_args *args);

coffer_rc cli_migrate(struct cli *cli, const struct cli_args *args);

coffer_rc cli_hagroup_creategroup(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_addmember(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_removemember(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_addstandby(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_removestandby(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_deletegroup(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_synchronize(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_listgroups(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_check(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_recover(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_retry(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_interval(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_recoverymode(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_haonly(struct cli *cli, const struct cli_args *args);
coffer_rc cli_hagroup_halog(struct cli *cli, const struct cli_args *args);
coffer_rc cli_clientconfig_show(struct cli *cli, const struct cli_args *args);
coffer_rc cli_clientconfig_import(struct cli *cli, const struct cli_args *args);

coffer_rc cli_status_view(struct cli *cli, const struct cli_args *args);
coffer_rc cli_monitor(struct cli *cli, const struct cli_args *args);
coffer_rc cli_relay(struct cli *cli, const struct cli_args *args);
coffer_rc cli_doctor(struct cli *cli, const struct cli_args *args);
coffer_rc cli_absent(struct cli *cli, const struct cli_args *args);
coffer_rc cli_help(struct cli *cli, const struct cli_args *args);
coffer_rc cli_exit(struct cli *cli, const struct cli_args *args);

#endif /* CLI_TABLE_H */
