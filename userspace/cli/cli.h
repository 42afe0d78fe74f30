/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the program's files share: settings, the open cards, the slots' sessions, the result of
 * the running command.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coffer/coffer.h"
#include "out.h"
#include "parse.h"
#include "secret.h"
#include "table.h"

#define CLI_LABEL_MAX		32
#define CLI_NAME_MAX		64

/* A verdict as a result: the enum's constants are negative above 0x7fffffff, results never. */
#define ST(name)		((coffer_rc)(uint32_t)COFFER_ST_##name)

/* Exit statuses (design.md section 6). */
enum cli_status {
	CLI_OK			= 0,
	CLI_FAILED		= 1,
	CLI_USAGE		= 2,
	CLI_NO_DEVICE		= 3,
	CLI_LOGIN		= 4,
	CLI_REFUSED		= 5,	/* by a policy or because of the domain */
	CLI_PARTIAL		= 6,
	CLI_TIMEOUT		= 124,
};

enum cli_status cli_status_of(coffer_rc rc);

struct cli_settings {
	const char *cards;
	unsigned int timeout_s;
	bool json;
	enum term_color color;
	bool dry_run;
	bool yes;
	bool non_interactive;
	bool keep_going;
	bool echo;
	const char *slot;		/* as it was written; NULL = none */
	const char *login;		/* role */
	struct secret pin;		/* --pin-file, --pin-fd */
	bool pin_given;
};

/* A slot that this process has a session on. The login, if any, lasts while others are current. */
struct cli_session {
	struct cli_session *next;
	struct coffer_slot slot;
	struct coffer_card *card;	/* NULL: the slot is a group */
	struct coffer_session *session;
	enum coffer_role role;
	bool must_change;
};

struct cli {
	struct cli_settings set;
	struct out out;
	struct coffer *ctx;		/* NULL until a command needs cards */
	struct cli_session *sessions;
	bool slot_chosen;
	unsigned int slot;		/* current, valid if slot_chosen */
	bool quit;
	enum cli_status override;	/* of the running command, CLI_OK = by its rc */
	char message[512];		/* of the running command, "" = coffer_strerror() */
	const struct cli_args *args;	/* of the running command */
	const char *script;		/* file that the commands come from, or NULL */
	unsigned long line;		/* of it, from 1 */
};

/* ---- Running (run.c) --------------------------------------------------------------- */
/* Run the commands in @text. Returns the worst exit status: 3 before 124, 2, 1, 4, 5, 6, 0. */
enum cli_status cli_run_text(struct cli *cli, const char *text);
/* A document that says @message, of no command: exit status 2. */
enum cli_status cli_run_refused(struct cli *cli, const char *message);
/* A file of commands, "-" = standard input. */
enum cli_status cli_run_script(struct cli *cli, const char *path);
/* --slot and --login. */
enum cli_status cli_run_preamble(struct cli *cli);
void cli_finish(struct cli *cli);

/* ---- The interactive shell (shell.c) ----------------------------------------------- */
enum cli_status cli_shell(struct cli *cli);
/* Can a question be asked? */
bool cli_interactive(const struct cli *cli);

/* ---- Failing (status.c) --------------------------------------------------------------- */
/* Remember one line for people and give @rc back. */
coffer_rc cli_fail(struct cli *cli, coffer_rc rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a wrong command: exit status 2. */
coffer_rc cli_usage(struct cli *cli, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What to do about @rc, into @hint of CLI_HINT_MAX; gives it back. */
#define CLI_HINT_MAX		320
const char *cli_hint(const struct cli *cli, coffer_rc rc, enum cli_status status, char *hint);

/* ---- Cards and slots (state.c) ----------------------------------------------------- */
coffer_rc cli_open(struct cli *cli);
/* Forget sessions and cards: the next command opens them again. */
void cli_close(struct cli *cli);
/* The card was erased: its sessions and logins are of no more use. */
void cli_forget_card(struct cli *cli, unsigned int card);
/* Sorted by number; free() the list. */
coffer_rc cli_slots(struct cli *cli, struct coffer_slot **list, size_t *count);
/* The current slot, or the first one there is. */
coffer_rc cli_current(struct cli *cli, unsigned int *slot);
coffer_rc cli_session_of(struct cli *cli, unsigned int slot, struct cli_session **session);
coffer_rc cli_session_current(struct cli *cli, struct cli_session **session);
/* By option -slot, else the current one. */
coffer_rc cli_session_chosen(struct cli *cli, const struct cli_args *args,
			     struct cli_session **session);
/* The current slot, which has to be an HSM slot. */
coffer_rc cli_session_admin(struct cli *cli, struct cli_session **session);
/* The HSM slot of the chosen slot's card. */
coffer_rc cli_session_hsm(struct cli *cli, const struct cli_args *args,
			  struct cli_session **session);
/* An open session with somebody logged in on an application partition. */
coffer_rc cli_session_user(struct cli *cli, struct cli_session **session);
/* Ask the card who is logged in. */
coffer_rc cli_session_refresh(struct cli_session *session);
/* "CO", or "" when nobody is logged in. */
const char *cli_role_short(enum coffer_role role);
const char *cli_role_name(enum coffer_role role);

/* ---- Questions (secret.c, confirm.c) ----------------------------------------------- */
/*
 * The secret of option @name: as given, from its file, from the systemd credential
 * coffer.NAME, or asked for with @prompt (@twice: a new one). Wipe it with secret_wipe().
 */
coffer_rc cli_secret(struct cli *cli, const struct cli_args *args, const char *name,
		     const char *prompt, bool twice, struct secret *out);
/* The question alone. */
coffer_rc cli_secret_ask(struct cli *cli, const char *name, const char *prompt, bool twice,
			 struct secret *out);
/* Say so if everybody can read the file of a secret: it is used all the same. */
void cli_warn_open(struct cli *cli, const char *path);
/* Same for -password, but the global PIN and the credential coffer.ROLE come before the question
 * for @what ("password").
 */
coffer_rc cli_pin(struct cli *cli, const struct cli_args *args, const char *what,
		  const char *role, struct secret *out);
/* One line from the terminal. False: nobody answers. */
bool cli_ask(const struct cli *cli, const char *prompt, char *line, size_t room);
/* proceed or quit. 0: go on. */
coffer_rc cli_confirm(struct cli *cli, const struct cli_args *args, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* -domain, -defaultdomain (then *out is NULL), or a question. */
coffer_rc cli_domain(struct cli *cli, const struct cli_args *args, struct secret *memory,
		     const char **out);

/* ---- PED (ped.c) --------------------------------------------------------------------- */
/* Is the slot's card one with multifactor authentication? */
bool cli_ped_card(const struct cli_session *s);
/*
 * Carry out @step, which may wait for keys: shows what the PED asks for; control-C cancels. Runs
 * in another thread, so it only calls the library.
 */
typedef coffer_rc cli_ped_step(struct coffer_session *session, void *arg);
coffer_rc cli_ped_wait(struct cli *cli, struct cli_session *s, cli_ped_step *step, void *arg);
/* A login by a PED key and, unless it is empty or NULL, the challenge secret; s->must_change is
 * set, s->role is the caller's to set.
 */
coffer_rc cli_ped_login(struct cli *cli, struct cli_session *s, enum coffer_role role,
			const struct secret *challenge);
/* Refuses option @name where secrets are on keys. */
coffer_rc cli_no_password(struct cli *cli, const struct cli_args *args, const char *name);

/* OPERATION_NOT_ALLOWED where a red key was wanted (row 38); gives @rc back. */
coffer_rc cli_red_key_refused(struct cli *cli, coffer_rc rc);

/* hsm init and partition init: wipe it with cli_init_wipe(). */
struct cli_init {
	struct coffer_init how;		/* points to the two */
	struct secret pin, domain;
};
/* From -label, -password, -domain, -defaultdomain and -importpeddomain, or questions. @init is zero
 * but for what else the caller put into how.
 */
coffer_rc cli_init_ask(struct cli *cli, const struct cli_args *args,
		       const struct cli_session *s, const char *whose, struct cli_init *init);
void cli_init_wipe(struct cli_init *init);
/* Option -auth: the one whom the init made logs in. */
coffer_rc cli_init_login(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			 enum coffer_role role, const struct cli_init *init);
/* @step gets &init->how. */
coffer_rc cli_init_run(struct cli *cli, struct cli_session *s, cli_ped_step *step,
		       struct cli_init *init);

/* ---- Policy templates (policy_file.c) -------------------------------------------------- */
/* Option -exporttemplate, if it was given. */
coffer_rc cli_template_export(struct cli *cli, const struct cli_args *args,
			      struct cli_session *s);
/* Option -applytemplate into @out and how->policies, if it was given. @hsm: for a card. */
coffer_rc cli_template_read(struct cli *cli, const struct cli_args *args, bool hsm,
			    struct coffer_template *out, struct coffer_init *how);
/* Say why the card refused it, if it was that; gives @rc back. */
coffer_rc cli_template_refused(struct cli *cli, struct cli_session *s, coffer_rc rc,
			       const struct coffer_init *how);

/* ---- Help (help.c) ----------------------------------------------------------------- */
/* Of the command; or of the noun's verbs, those that begin with @word where some do; or all. */
void cli_help_show(struct cli *cli, const char *noun, const char *word,
		   const struct cli_command *command);
/* The same for machines, with every option (help_json.c). */
void cli_help_json(struct cli *cli, const char *noun, const struct cli_command *command);

/* ---- Login (login.c) ----------------------------------------------------------------- */
coffer_rc cli_role_parse(struct cli *cli, struct cli_session *s, const char *text,
			 struct coffer_role_state *role);
coffer_rc cli_login(struct cli *cli, struct cli_session *s, const struct cli_args *args,
		    const char *role);
/* Add the attempts that are left to a refused password, key or challenge; gives @rc back. */
coffer_rc cli_wrong_password(struct cli *cli, struct cli_session *s, coffer_rc rc,
			     enum coffer_role role);

/* ---- Shared by commands ------------------------------------------------------------ */
/* Lists objects as a table; used for partitions and archives. */
coffer_rc cli_contents(struct cli *cli, struct coffer_session *session);
/* "2026-12-31T23:59:59Z", or "not set" for 0 (cmd_life.c). */
const char *cli_time_text(uint64_t ms, char *out, size_t room);
/* The card's clock, for people and as a number (cmd_life.c). */
void cli_show_clock(struct cli *cli, uint64_t clock_ms);
/* "HSM, TEST ROOT, TEST KDF" */
/* "PED (multifactor)" or "password". */
const char *cli_authentication(uint32_t card_flags);
const char *cli_marks(uint32_t card_flags, char *out, size_t room);
const char *cli_protocols(uint32_t bits, char *out, size_t room);
const char *cli_version_text(uint32_t fw_version, char *out, size_t room);
/* A line about each card that cannot be opened, on standard error. */
void cli_complain_cards(struct cli *cli);

#endif /* CLI_CLI_H */
