/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * High availability (behaviour.md section 7, rows 49 and 54 to 68): partitions of several cards
 * that hold the same keys serve as one virtual slot. Groups live in this library and in its
 * configuration; the cards know nothing of them.
 *
 * Configuration: /etc/coffer/coffer.conf, /etc/coffer/conf.d/NAME.conf, then the user's
 * $XDG_CONFIG_HOME/coffer/coffer.conf (~/.config); a later setting counts. COFFER_CONFIG names one
 * file that is read and written instead of them all. Changes go to the file that a group is in,
 * new ones to COFFER_CONFIG, the user's file, or for root the first.
 *
 * A session on a group (coffer_session_open_slot) takes the calls of coffer.h that programs use:
 * login and logout, whoami, roles, partition_info, mechanisms, objects, keys, random. All others
 * answer -EOPNOTSUPP. Handles are the same in every process and whatever member is asked.
 *
 * Functions with a last parameter char **text: it may be NULL; gets one line for people when the
 * call failed, to be freed.
 */
#ifndef COFFER_HA_H
#define COFFER_HA_H

#include "coffer/coffer.h"

#ifdef __cplusplus
extern "C" {
#endif

#define COFFER_HA_MEMBERS_MAX	32
#define COFFER_HA_GROUPS_MAX	100
/* Group NN of the configuration is slot 9100 + NN: see "Slots" in coffer.h. */
#define COFFER_HA_FIRST_SLOT	9100

struct coffer_ha_member {
	uint64_t serial;
	unsigned int slot;		/* UINT_MAX: its card is not there */
	bool standby;
	bool alive;
	bool primary;			/* makes keys, is asked for objects */
	unsigned int in_flight;		/* commands of this process */
	uint64_t served;		/* ... so far */
	char label[33];			/* "" when it is not there */
};
struct coffer_ha_group {
	char label[33];
	uint64_t serial;		/* 1 and the creating member's; never changes */
	unsigned int slot;
	bool synchronize;		/* new keys go to all members */
	size_t count;
	struct coffer_ha_member members[COFFER_HA_MEMBERS_MAX];
};
/* free() the list. -EINVAL: the configuration is malformed, see coffer_config_state(). */
coffer_rc coffer_ha_groups(struct coffer *ctx, struct coffer_ha_group **list, size_t *count);
/* By label. -ENOENT. */
coffer_rc coffer_ha_find(struct coffer *ctx, const char *label, struct coffer_ha_group *out);

/*
 * A session by slot number, of a partition or of a group. Of a group it opens members' sessions as
 * they are needed; login logs in everywhere and keeps the PIN (locked in memory, not dumped, wiped
 * at logout, dropped when a member calls it wrong) unless the settings say otherwise.
 */
coffer_rc coffer_session_open_slot(struct coffer *ctx, unsigned int slot, bool rw,
				   struct coffer_session **session);

/* ---- Settings ------------------------------------------------------------------------------- */
enum coffer_ha_mode {
	COFFER_HA_ACTIVE_BASIC,		/* sessions of a returned member are for new ones to use */
	COFFER_HA_ACTIVE_ENHANCED,	/* sessions and logins on it are restored */
};
struct coffer_ha_settings {
	int retry;			/* of recovery: 0 off, -1 without end, 1 .. 500 */
	unsigned int interval_s;	/* 60 .. 1200: between two attempts */
	unsigned int interval_ms;	/* 0, or used instead (own key, for tests) */
	unsigned int call_ms;		/* a member that takes longer counts as down; 0 = never */
	enum coffer_ha_mode mode;
	bool only;			/* slots are groups */
	bool log;
	bool keep_pin;
	bool cloud_standby;		/* lunacm_cv_ha_ui: services are standby members (row 63) */
	bool pe1746;			/* row 94 */
	bool rsa_remap;			/* row 95 */
	uint32_t client_version;	/* 0 = not said */
	char log_file[256];
};
coffer_rc coffer_ha_settings(struct coffer *ctx, struct coffer_ha_settings *out);
/* Stores what differs from those of now. -ERANGE. */
coffer_rc coffer_ha_settings_store(struct coffer *ctx, const struct coffer_ha_settings *set,
				   char **text);

/* ---- The configuration as files ------------------------------------------------------------- */
/* 0, or why it cannot be used; text may be NULL, *text gets "FILE:LINE: why" or NULL: free() it. */
coffer_rc coffer_config_state(struct coffer *ctx, char **text);
/* Paths, one a line, in the order they are read; free() it. */
coffer_rc coffer_config_files(char **text);
/*
 * Take over groups and settings of another client's file, of either form. *ignored (free() it): a
 * line for each setting that means nothing here.
 */
coffer_rc coffer_config_import(struct coffer *ctx, const char *file, char **ignored, char **text);

/* ---- Groups --------------------------------------------------------------------------------- */
/* A member's partition serial and Crypto Officer's password, or challenge on a card with a PED. */
struct coffer_ha_who {
	uint64_t serial;
	const char *pin;
	size_t pin_len;
};
/*
 * -EEXIST, -E2BIG; refusals as COFFER_ST_*. Objects stay as they are; whoever wants them gone
 * destroys them before, and after coffer_ha_create_preflight(), which does all but make the group.
 */
coffer_rc coffer_ha_create(struct coffer *ctx, const char *label, const struct coffer_ha_who *who,
			   char **text);
coffer_rc coffer_ha_create_preflight(struct coffer *ctx, const char *label,
				     const struct coffer_ha_who *who, char **text);
/*
 * *warnings (may be NULL, free() it) gets a line for each difference that is tolerated. Proves the
 * password at the new member and at the primary, and that both share a domain and a protocol.
 */
coffer_rc coffer_ha_add(struct coffer *ctx, const char *label, const struct coffer_ha_who *who,
			char **warnings, char **text);
coffer_rc coffer_ha_remove(struct coffer *ctx, const char *label, uint64_t serial, char **text);
coffer_rc coffer_ha_standby(struct coffer *ctx, const char *label, uint64_t serial, bool standby,
			    char **text);
/* Objects stay on the members. */
coffer_rc coffer_ha_delete(struct coffer *ctx, const char *label, char **text);
coffer_rc coffer_ha_auto_sync(struct coffer *ctx, const char *label, bool on, char **text);

/* ---- Synchronization; s: a group's session with the CO logged in ---------------------------- */
/* One difference between two members, or between a member and the group. */
struct coffer_ha_difference {
	uint64_t serial;		/* of the member */
	bool objects;			/* coffer_ha_sync() would mend it */
	char text[160];
};
/* Objects that are missing or differ. free() the list. */
coffer_rc coffer_ha_compare(struct coffer_session *s, struct coffer_ha_difference **list,
			    size_t *count);
struct coffer_ha_sync_report {
	size_t cloned, changed, refused;
	size_t total;			/* to be cloned at most: known before item is called */
	char why[320];			/* nothing was cloned, because of this; or "" */
};
/*
 * Clone what a member lacks, to the primary first and from there to all, and give objects the
 * primary's attributes; members that are down are left out. Before anything is cloned each pair of
 * members that has to exchange something is asked, as by coffer_clone_preflight(), and its domain
 * is proven: report->why says what is against it, on which side, and what to type.
 * COFFER_ST_USER_NOT_LOGGED_IN; COFFER_ST_FAILED_TO_CLONE_AN_OBJECT: some were refused.
 */
coffer_rc coffer_ha_sync(struct coffer_session *s, struct coffer_ha_sync_report *report,
			 void (*item)(void *opaque, uint64_t serial,
				      const struct coffer_clone_item *item), void *opaque);
/* Every difference of set-up: authentication, firmware, policies, FIPS, roles, domain. */
coffer_rc coffer_ha_check(struct coffer_session *s, struct coffer_ha_difference **list,
			  size_t *count);
/* Try members that are down at once. *alive, *down may be NULL. */
coffer_rc coffer_ha_recover(struct coffer_session *s, size_t *alive, size_t *down);

#ifdef __cplusplus
}
#endif

#endif /* COFFER_HA_H */
