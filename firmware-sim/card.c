// SPDX-License-Identifier: BSD-3-Clause
/* What everything else asks of a card. It is switched on and off in power.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "nv.h"

/* ---- Small things ---------------------------------------------------------------- */

int say(char *err, size_t err_len, int rc, const char *fmt, ...)
{
	va_list ap;

	if (!err || !err_len)
		return rc;
	va_start(ap, fmt);
	vsnprintf(err, err_len, fmt, ap);
	va_end(ap);
	return rc;
}

static uint64_t clock_ms(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

uint64_t clock_wall_ms(void)
{
	return clock_ms(CLOCK_REALTIME);
}

uint64_t clock_mono_ms(void)
{
	return clock_ms(CLOCK_MONOTONIC);
}

uint64_t clock_mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

uint32_t status_of(int rc)
{
	switch (rc) {
	case 0:
		return COFFER_ST_OK;
	case -ENOMEM:
		return COFFER_ST_DEVICE_MEMORY;
	default:
		return COFFER_ST_DEVICE_ERROR;
	}
}

/* Length of the UTF-8 character at @p, 0 when there is none; controls are none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
	size_t i, len = p[0] < 0x80 ? 1 : p[0] >> 5 == 6 ? 2 : p[0] >> 4 == 14 ? 3 :
			p[0] >> 3 == 30 ? 4 : 0;

	if (!len || len > left || p[0] < 0x20 || p[0] == 0x7f || p[0] == 0xc0 || p[0] == 0xc1)
		return 0;
	for (i = 1; i < len; i++)
		if (p[i] >> 6 != 2)
			return 0;
	return len;
}

bool label_ok(struct bytes label)
{
	size_t len;

	while (label.len) {
		len = utf8_len(label.p, label.len);
		if (!len)
			return false;
		label.p += len;
		label.len -= len;
	}
	return true;
}

void label_set(char to[LABEL_MAX + 1], struct bytes label)
{
	memset(to, 0, LABEL_MAX + 1);
	if (label.len)
		memcpy(to, label.p, label.len < LABEL_MAX ? label.len : LABEL_MAX);
}

/* ---- What handlers ask ----------------------------------------------------------- */

const struct profile *card_profile(const struct fw_card *card)
{
	return card->profile;
}

struct store *card_store(const struct fw_card *card)
{
	return card->store;
}

uint64_t card_uptime_ms(const struct fw_card *card)
{
	uint64_t ahead = card->uptime_ahead_ms ?
			 __atomic_load_n(card->uptime_ahead_ms, __ATOMIC_RELAXED) : 0;

	return clock_mono_ms() - card->power_on_mono + ahead;
}

bool card_ped(const struct fw_card *card)
{
	return nv_factory(card->nv)->ped;
}

bool card_kdf_test(const struct fw_card *card)
{
	return nv_factory(card->nv)->kdf_test;
}

/* From the moment that its key is destroyed, whatever memory and store still hold. */
bool card_emptied(const struct fw_card *card)
{
	return nv_pending(card->nv) != NV_CLEAR_NONE;
}

const struct identity *card_identity(const struct fw_card *card)
{
	return &nv_factory(card->nv)->identity;
}

uint64_t fw_card_serial(const struct fw_card *card)
{
	return nv_factory(card->nv)->serial;
}

uint32_t fw_card_fw_version(const struct fw_card *card)
{
	/* A firmware update may be giving the card another one. */
	return __atomic_load_n(&card->profile, __ATOMIC_ACQUIRE)->fw_version;
}

uint64_t card_new_epoch(struct fw_card *card)
{
	return atomic_fetch_add(&card->epoch, 1) + 1;
}

uint32_t card_stretch(struct fw_card *card, struct bytes secret, struct bytes salt,
		      uint8_t key[KEY_LEN])
{
	return crypto_pbkdf2(card->crypto, secret, salt, card->kdf_iterations, key, KEY_LEN);
}

/* ---- Power on -------------------------------------------------------------------- */

bool fw_card_tampered(const struct fw_card *card)
{
	return atomic_load(&((struct fw_card *)card)->tampered);
}
