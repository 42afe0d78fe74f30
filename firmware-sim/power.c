// SPDX-License-Identifier: BSD-3-Clause
/*
 * Power: on by a ladder of steps, which ends what was cut off before; and off. The inputs of a
 * card that is off.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card_file.h"
#include "integrity.h"
#include "nv.h"
#include "object.h"
#include "pool.h"
#include "speed.h"
#include "update.h"
#include "writer.h"

#define KDF_STANDARD	600000	/* PBKDF2-HMAC-SHA-256; quality.md A3.2 */
#define KDF_TEST	1000
#define NO_DECOMMISSION	46	/* HSM policy */
#define CONTROLLED_RECOVERY	48

static struct fw_card *card_alloc(const char *dir, const struct fw_open *how)
{
	struct fw_card *card = calloc(1, sizeof(*card));

	if (!card)
		return NULL;
	card->lock_fd = -1;
	gate_init(&card->gate);
	pthread_mutex_init(&card->lock, NULL);
	pthread_mutex_init(&card->audit.lock, NULL);
	card->audit.limit = how->audit_limit ? how->audit_limit : COFFER_AUDIT_LIMIT;
	events_init(&card->events, how->event, how->event_opaque);
	card->broken_test = how->broken_test;
	card->uptime_ahead_ms = how->uptime_ahead_ms;
	card->off_longer_ms = how->off_longer_ms;
	pthread_mutex_init(&card->ped.lock, NULL);
	pthread_mutex_init(&card->ped.thread_lock, NULL);
	card->power_on_ms = clock_wall_ms();
	card->power_on_mono = clock_mono_ms();
	card->dir = strdup(dir);
	card->forget_keys = objects_forget;
	card->ped.folder = how->ped ? strdup(how->ped) : NULL;
	if (how->ped && !card->ped.folder) {
		free(card->dir);
		card->dir = NULL;
	}
	return card;
}

/* What is open is closed, in reverse order; used by close and by an open that failed. */
static void card_free(struct fw_card *card)
{
	while (card->admin)
		partition_remove(card, card->admin);
	speed_free(card);
	store_close(card->store);
	nv_close(card->nv);
	if (card->crypto)
		crypto_close(card->crypto);
	card_unlock(card->lock_fd);
	events_destroy(&card->events);
	crypto_wipe(&card->audit.role, sizeof(card->audit.role));
	pthread_mutex_destroy(&card->audit.lock);
	pthread_mutex_destroy(&card->lock);
	gate_destroy(&card->gate);
	pthread_mutex_destroy(&card->ped.lock);
	pthread_mutex_destroy(&card->ped.thread_lock);
	free(card->ped.folder);
	free(card->dir);
	free(card);
}

static int open_error(const struct fw_card *card, int rc, const char *what, char *err,
		      size_t len)
{
	switch (rc) {
	case -ENOENT:
		return say(err, len, rc, "%s: no card here (no %s)", card->dir, what);
	case -EBADMSG:
		return say(err, len, rc, "%s: the %s is damaged or not a card's", card->dir, what);
	case -ENOTSUP:
		return say(err, len, rc, "%s: made by a newer version of coffer (%s)", card->dir,
			   what);
	default:
		return say(err, len, rc, "%s: %s: %s", card->dir, what, strerror(-rc));
	}
}

/* A card of an older version gets its life key now. */
static int open_life_key(struct fw_card *card)
{
	uint8_t key[KEY_LEN];
	int rc = 0;

	if (!nv_life_key(card->nv, key)) {
		rc = crypto_random(card->crypto, key, sizeof(key)) ? -EIO : 0;
		if (!rc)
			rc = nv_life_key_set(card->nv, key);
	}
	crypto_wipe(key, sizeof(key));
	return rc;
}

/* Where an update is to be finished, the profile of before: its records are in the store. */
static int open_profile(struct fw_card *card, char *err, size_t len)
{
	const char *from = nv_update_from(card->nv), *name = nv_profile(card->nv);

	card->profile = profile_by_name(from ? from : name);
	if (card->profile && profile_by_name(name))
		return 0;
	return say(err, len, -ENOTSUP, "%s: this version has no profile \"%s\"", card->dir,
		   card->profile ? name : from ? from : name);
}

static int open_nv(struct fw_card *card, char *err, size_t len)
{
	int rc = nv_open(card->dir, &card->nv);

	if (rc)
		return open_error(card, rc, "nv", err, len);
	rc = open_profile(card, err, len);
	if (rc)
		return rc;
	card->kdf_iterations = card_kdf_test(card) ? KDF_TEST : KDF_STANDARD;
	card->erasing = nv_pending(card->nv) != NV_CLEAR_NONE;
	atomic_store(&card->tampered, nv_tampered(card->nv));
	rc = open_life_key(card);
	return rc ? open_error(card, rc, "nv", err, len) : 0;
}

static int open_store(struct fw_card *card, const struct fw_open *how, char *err, size_t len)
{
	uint64_t mark = nv_commit_mark(card->nv);
	int rc = store_open(card->dir, how->power_cut_at_write, &card->store);

	if (rc)
		return open_error(card, rc, "store", err, len);
	if (store_commit_number(card->store) < mark)
		return say(err, len, -ESTALE,
			   "%s: the store is older than the card's memory: it was rolled back",
			   card->dir);
	rc = audit_load(card);
	if (rc == -ESTALE)
		return say(err, len, rc, "%s: the store lacks records of the audit log", card->dir);
	if (!rc)
		rc = integrity_power_on(card);
	if (rc == -EACCES)
		return say(err, len, rc, "%s: the firmware is not as it was built: this program "
			   "was changed", card->dir);
	if (!rc)
		rc = partition_load_all(card);
	if (!rc)
		rc = clock_load(card);
	return rc ? open_error(card, rc, "store", err, len) : 0;
}

static int open_update(struct fw_card *card, char *err, size_t len)
{
	if (nv_update_from(card->nv) && update_finish(card))
		return say(err, len, -EIO, "%s: a firmware update could not be finished",
			   card->dir);
	return 0;
}

static int open_erase(struct fw_card *card, char *err, size_t len)
{
	if (!card->erasing)
		return 0;
	card->erasing = false;
	if (hsm_finish_erasing(card))
		return say(err, len, -EIO, "%s: an erasure could not be finished", card->dir);
	return 0;
}

static int open_recover(struct fw_card *card, char *err, size_t len)
{
	if (card->recovered && tamper_recover(card))
		return say(err, len, -EIO, "%s: a tamper could not be recovered from", card->dir);
	return 0;
}

/* Numbers nobody can guess, that only go up. */
static int open_owners(struct fw_card *card)
{
	if (crypto_random(card->crypto, &card->next_owner, sizeof(card->next_owner)))
		return -EIO;
	card->next_owner = (card->next_owner >> 2) + 1;
	return 0;
}

static int open_threads(struct fw_card *card, const struct fw_open *how)
{
	int rc = open_owners(card);

	if (!rc)
		rc = nv_mark(card->nv, store_commit_number(card->store));
	if (!rc)
		rc = writer_start(card, job_end, &card->writer);
	if (rc)
		return rc;
	/* Before the first command can be answered. */
	card_event(card, COFFER_EV_POWER_ON, 0, 0);
	rc = speed_start(card, nv_factory(card->nv)->limited, job_released);
	if (!rc)
		rc = pool_start(how->workers, how->max_in_flight, job_run, &card->pool);
	if (rc) {
		speed_stop(card);
		writer_stop(card->writer);
	}
	return rc;
}

static int card_power_on(struct fw_card *card, const struct fw_open *how, char *err, size_t len)
{
	uint32_t st;
	int rc = card_lock(card->dir, &card->lock_fd, err, len);

	if (rc)
		return rc;
	st = crypto_open(&card->crypto);
	if (st)
		return say(err, len, -EIO, "%s: the card's self-tests failed (0x%08x)", card->dir,
			   (unsigned int)st);
	crypto_hook_set(card->crypto, how->broken_test);
	rc = open_nv(card, err, len);
	if (!rc)
		rc = open_store(card, how, err, len);
	if (!rc)
		rc = open_update(card, err, len);
	if (!rc)
		rc = open_erase(card, err, len);
	if (!rc)
		rc = open_recover(card, err, len);
	if (rc)
		return rc;
	rc = open_threads(card, how);
	return rc ? open_error(card, rc, "start", err, len) : 0;
}

int fw_card_open(const char *dir, const struct fw_open *how, struct fw_card **out, char *err,
		 size_t err_len)
{
	static const struct fw_open plain;
	struct fw_card *card;
	int rc;

	*out = NULL;
	if (!how)
		how = &plain;
	card = card_alloc(dir, how);
	if (!card || !card->dir) {
		if (card)
			card_free(card);
		return say(err, err_len, -ENOMEM, "%s: no memory", dir);
	}
	rc = card_power_on(card, how, err, err_len);
	if (rc)
		card_free(card);
	else
		*out = card;
	return rc;
}

void fw_card_close(struct fw_card *card)
{
	if (!card)
		return;
	speed_stop(card);
	pool_stop(card->pool);
	ped_finish(card);
	tamper_finish(card);
	owners_end(card, NULL);
	writer_stop(card->writer);
	activation_park(card);
	nv_mark(card->nv, store_commit_number(card->store));
	card_free(card);
}

int fw_card_decommission_off(const char *dir, char *err, size_t err_len)
{
	struct fw_card *card;
	int rc = fw_card_open(dir, NULL, &card, err, err_len);

	if (rc)
		return rc;
	if (card_policy_on(card, NO_DECOMMISSION))
		rc = say(err, err_len, -EPERM, "%s: HSM policy 46 disables decommissioning", dir);
	else if (!fw_card_decommission(card))
		rc = say(err, err_len, -EIO, "%s: the card key could not be destroyed", dir);
	fw_card_close(card);
	return rc;
}

int fw_card_tamper_off(const char *dir, char *err, size_t err_len)
{
	struct fw_card *card;
	int rc = fw_card_open(dir, NULL, &card, err, err_len);

	if (rc)
		return rc;
	fw_card_tamper(card);
	if (!nv_tampered(card->nv))
		rc = say(err, err_len, -EIO, "%s: the tamper latch could not be written", dir);
	else if (!card_policy_on(card, CONTROLLED_RECOVERY))
		say(err, err_len, 0, "%s: without HSM policy 48 it is back in service when it is "
		    "switched on", dir);
	fw_card_close(card);
	return rc;
}
