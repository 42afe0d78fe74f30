/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libcoffer: archive files (firmware-sim/PROTOCOLS.md, "Archive files"; behaviour.md section 8).
 * A file holds objects of one partition, sealed to recipient cards and to a domain. The library
 * carries it between file and cards and can read nothing in it but its public head.
 */
#ifndef COFFER_ARCHIVE_H
#define COFFER_ARCHIVE_H

#include "clone.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Certificates ---------------------------------------------------------------------------- */
enum coffer_certificate_use {
	COFFER_CERTIFICATE_WRAP		= 0,	/* what archives are sealed to */
	COFFER_CERTIFICATE_DEVICE	= 1,
	COFFER_CERTIFICATE_ROOT		= 2,	/* the factory root that the card believes */
};
struct coffer_certificate {
	size_t len;			/* bytes, 1 .. 4096 */
	uint8_t der[4096];		/* X.509 */
};
/* Public, so of any card. COFFER_ST_FUNCTION_NOT_SUPPORTED; COFFER_ST_HSM_TAMPERED. */
coffer_rc coffer_card_certificate(struct coffer_card *card, enum coffer_certificate_use use,
				  struct coffer_certificate *out);

/* ---- Writing one ----------------------------------------------------------------------------- */
struct coffer_archive_target {
	const char *path;
	bool replace;			/* a file that is there; else -EEXIST */
	const char *domain;		/* label; NULL = the primary domain */
	const struct coffer_certificate *recipients;	/* 1 .. 16 wrapping certificates */
	size_t count;
};
/*
 * The session is logged in (CO). The file has a temporary name until it is whole and on disk; a
 * run that failed, was interrupted, or did not get all objects into it leaves none behind, but
 * for the latter with COFFER_ON_ERROR_GO_ON. Results, options and report as coffer_clone(): an
 * object in the file is COFFER_CLONED with target_handle 0, and no object is when there is no
 * file; report->why says in one line why
 * nothing was written. -EINVAL: no or too many recipients; -EEXIST; other errors of the file.
 */
coffer_rc coffer_archive_file_export(struct coffer_session *source,
				     const struct coffer_archive_target *to,
				     const struct coffer_clone_options *options,
				     struct coffer_clone_report *report);

/* ---- Reading one ----------------------------------------------------------------------------- */
/*
 * The whole file is authenticated by the card before anything of it is stored; then each object
 * stands for itself. Of an item source_handle is the object's number in the file, from 1. Those
 * that the partition has are skipped, so a second call goes on where the first one ended.
 * options->handles are not looked at. A dry run stores nothing: what would go is
 * COFFER_CLONE_NOT_TRIED with rc 0. The session is read/write, but for a dry run.
 * COFFER_ST_ARCHIVE_RECIPIENT, COFFER_ST_ARCHIVE_VERSION, COFFER_ST_SESSION_NEGOTIATION_NO_PSK
 * (another domain; counted), COFFER_ST_BAD_MAC and _MAC_MISSING (changed, cut short),
 * COFFER_ST_CPV4_MSG_ERROR (no archive), and the refusals of a clone.
 */
coffer_rc coffer_archive_file_import(struct coffer_session *target, const char *path,
				     const struct coffer_clone_options *options,
				     struct coffer_clone_report *report);

struct coffer_archive_info {
	uint32_t version;		/* of the format */
	uint64_t card, partition;	/* serial numbers of the source */
	char profile[17];		/* of the source's card */
	uint32_t fw_version;
	uint32_t level;			/* 0 before 7.7.0, 1 V0, 2 V1 */
	bool fips;
	uint64_t date_ms;		/* since 1970 by the source's clock; 0 = it was not set */
	size_t recipients;
	uint64_t recipient[COFFER_ARCHIVE_RECIPIENTS];	/* serial numbers of their cards */
	size_t objects;			/* that are there */
	size_t written;			/* that the end says; 0 without an end */
	bool whole;			/* begins, ends, and holds as many as it says */
};
/*
 * What the file shows without any card. Nothing of it is authenticated: anybody can have written
 * it. Errors: of the file; COFFER_ST_CPV4_MSG_ERROR, COFFER_ST_ARCHIVE_VERSION.
 */
coffer_rc coffer_archive_file_info(const char *path, struct coffer_archive_info *out);
/*
 * A recipient card checks all signatures and tags and the list's end, and stores nothing:
 * *objects is how many. Errors as coffer_archive_file_import(); *why (free() it, may be NULL)
 * says in one line what is wrong.
 */
coffer_rc coffer_archive_file_verify(struct coffer_session *session, const char *path,
				     size_t *objects, char **why);

#ifdef __cplusplus
}
#endif

#endif /* COFFER_ARCHIVE_H */
