// SPDX-License-Identifier: BSD-3-Clause
/*
 * The firmware's own integrity (quality.md A5: pre-operational integrity test).
 *
 * What is tested is what runs: every byte of the program that the loader mapped and that nobody may
 * write (code, constants, the tables of relocations), wherever the firmware is linked into, and the
 * tables that decide how a card behaves (the body of every profile's image, UPDATE.md, and the rows
 * of the commands), whose pointers are different in each process. Of that a digest is made at
 * power-on and by SELF_TEST.
 *
 * What it has to be was fixed when the program was built: the linker gave the build a name that
 * depends on all that is in it (the GNU build id). A card keeps the digest of each build that it
 * ran under, from its manufacture on, sealed under its life key, which no erasure destroys. A build
 * whose name it knows has to have the same digest as ever: a program that was changed after it was
 * built, on the disk or in memory, is refused at power-on and puts a running card out of service.
 * Another build is a new firmware: the host's administrator may install one, the card remembers it,
 * and the Auditor's log tells (COFFER_AUDIT_OP_FIRMWARE). A program without a build id is refused.
 *
 * The head of the file is left out: stripping a program changes it, and nothing else of this.
 */
#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "image.h"
#include "integrity.h"
#include "writer.h"

#define BUILDS_KEPT	8		/* the oldest is forgotten */
#define BUILD_LEN	(BUILD_ID_MAX + KEY_LEN)
#define PIECES_MAX	16
#define TABLE_ROOM	(60 * 1024)
#define VALUE		"firmware"

/* ---- The program ------------------------------------------------------------------ */

struct program {
	uint8_t id[BUILD_ID_MAX];	/* zero padded */
	bool has_id;
	struct bytes pieces[PIECES_MAX + 1];	/* one more for the tables */
	size_t count;
};

static bool is_inside(const struct dl_phdr_info *info, const ElfW(Phdr) *p, const void *at)
{
	uintptr_t from = (uintptr_t)info->dlpi_addr + p->p_vaddr;

	return p->p_type == PT_LOAD && (uintptr_t)at - from < p->p_memsz;
}

static void note_look(struct program *prog, const uint8_t *at, size_t len)
{
	while (len >= sizeof(ElfW(Nhdr))) {
		const ElfW(Nhdr) *n = (const ElfW(Nhdr) *)at;
		size_t name = (n->n_namesz + 3u) & ~3u, desc = (n->n_descsz + 3u) & ~3u;
		size_t all = sizeof(*n) + name + desc;

		if (all > len)
			return;
		if (n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 &&
		    !memcmp(at + sizeof(*n), "GNU", 4) && n->n_descsz <= BUILD_ID_MAX) {
			memcpy(prog->id, at + sizeof(*n) + name, n->n_descsz);
			prog->has_id = true;
		}
		at += all;
		len -= all;
	}
}

static void piece_add(struct program *prog, const uint8_t *at, const ElfW(Phdr) *p)
{
	size_t skip = p->p_offset ? 0 : sizeof(ElfW(Ehdr));

	if (prog->count < PIECES_MAX && p->p_filesz > skip)
		prog->pieces[prog->count++] = (struct bytes){ at + skip, p->p_filesz - skip };
}

/* Of all that is loaded, the object that this function is in. */
static int object_look(struct dl_phdr_info *info, size_t size, void *opaque)
{
	struct program *prog = opaque;
	bool ours = false;
	ElfW(Half) i;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++)
		ours = ours || is_inside(info, &info->dlpi_phdr[i], (const void *)object_look);
	for (i = 0; ours && i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		const uint8_t *at = (const uint8_t *)info->dlpi_addr + p->p_vaddr;

		if (p->p_type == PT_LOAD && (p->p_flags & PF_R) && !(p->p_flags & PF_W))
			piece_add(prog, at, p);
		else if (p->p_type == PT_NOTE)
			note_look(prog, at, p->p_memsz);
	}
	return ours;
}

/* ---- Tables ----------------------------------------------------------------------- */

static void rows_write(struct wire_out *out)
{
	const struct row *row;

	for (row = row_next(NULL); row; row = row_next(row)) {
		wire_put_u32(out, row->opcode);
		wire_put_u32(out, row->flags);
		wire_put_u32(out, row->req_min);
		wire_put_u32(out, row->req_max);
		wire_put_u32(out, row->reply_max);
		wire_put_u32(out, row->roles);
		wire_put_u32(out, row->timeout_ms);
	}
}

/* A chain over the profiles' bodies, begun with the rows of the commands. */
static uint32_t tables_digest(struct crypto *c, uint8_t digest[KEY_LEN])
{
	char *text = malloc(TABLE_ROOM);
	struct bytes in[2] = { { digest, KEY_LEN }, { (uint8_t *)text, 0 } };
	uint32_t st = text ? COFFER_ST_OK : COFFER_ST_DEVICE_MEMORY;
	const struct profile *p;
	struct wire_out out;
	unsigned int i;

	memset(digest, 0, KEY_LEN);
	if (!st) {
		wire_out_init(&out, (uint8_t *)text, TABLE_ROOM);
		rows_write(&out);
		in[1].len = out.len;
		st = crypto_digest_v(c, CRYPTO_SHA256, in, 2, digest);
	}
	for (i = 0; !st && (p = profile_at(i)) != NULL; i++) {
		in[1].len = image_body(p, text, TABLE_ROOM);
		st = in[1].len ? crypto_digest_v(c, CRYPTO_SHA256, in, 2, digest) :
				 (uint32_t)COFFER_ST_DEVICE_ERROR;
	}
	free(text);
	return st;
}

uint32_t integrity_now(struct crypto *c, struct build *b)
{
	struct program prog = { .count = 0 };
	uint8_t tables[KEY_LEN];
	uint32_t st;

	memset(b, 0, sizeof(*b));
	dl_iterate_phdr(object_look, &prog);
	if (!prog.count || prog.count == PIECES_MAX || !prog.has_id)
		return COFFER_ST_SELF_TEST_FAILED;
	st = tables_digest(c, tables);
	prog.pieces[prog.count++] = (struct bytes){ tables, sizeof(tables) };
	if (!st)
		st = crypto_digest_v(c, CRYPTO_SHA256, prog.pieces, prog.count, b->digest);
	memcpy(b->id, prog.id, sizeof(b->id));
	return st;
}

/* ---- What the card knows ---------------------------------------------------------- */

/* The newest first. */
struct builds {
	struct build list[BUILDS_KEPT];
	size_t count;
};

static int builds_load(struct fw_card *card, struct builds *all)
{
	uint8_t *plain;
	size_t len;
	int rc = card_life_get(card, VALUE, &plain, &len);

	all->count = 0;
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	if (len % BUILD_LEN || len > sizeof(all->list)) {
		rc = -EBADMSG;
	} else {
		memcpy(all->list, plain, len);
		all->count = len / BUILD_LEN;
	}
	free(plain);
	return rc;
}

static uint32_t builds_save(struct fw_card *card, struct change *ch, struct builds *all,
			    const struct build *b)
{
	if (all->count == BUILDS_KEPT)
		all->count--;
	memmove(all->list + 1, all->list, all->count * sizeof(all->list[0]));
	all->list[0] = *b;
	all->count++;
	return card_life_seal(card, ch, VALUE,
			      (struct bytes){ (const uint8_t *)all->list,
					      all->count * BUILD_LEN });
}

uint32_t integrity_first(struct fw_card *card, struct change *ch)
{
	struct builds none = { .count = 0 };
	struct build b;
	uint32_t st = integrity_now(card->crypto, &b);

	return st ? st : builds_save(card, ch, &none, &b);
}

static uint32_t build_learn(struct fw_card *card, struct builds *all)
{
	struct change *ch = change_new(NULL);
	struct cmd told = { .card = card, .change = ch };
	uint32_t st = COFFER_ST_DEVICE_MEMORY;

	told.note.opcode = COFFER_AUDIT_OP_FIRMWARE;
	told.note.due = card->audit.s.mask & COFFER_AUDIT_MANAGE;
	if (ch)
		st = builds_save(card, ch, all, &card->build);
	if (!st)
		st = writer_commit_alone(card, ch, &told);
	if (ch)
		change_drop(ch);
	return st;
}

/* Test hook, as SELF_TEST's: one bit of what it has to be is another. */
static void hook(const struct fw_card *card, const char *name, uint8_t digest[KEY_LEN])
{
	digest[0] ^= card->broken_test && !strcmp(card->broken_test, name);
}

int integrity_power_on(struct fw_card *card)
{
	uint32_t st = integrity_now(card->crypto, &card->build);
	struct builds all;
	size_t i;
	int rc;

	if (st)
		return st == (uint32_t)COFFER_ST_SELF_TEST_FAILED ? -EACCES : -EIO;
	rc = builds_load(card, &all);
	for (i = 0; !rc && i < all.count; i++) {
		if (memcmp(all.list[i].id, card->build.id, BUILD_ID_MAX))
			continue;
		hook(card, "power-on:" INTEGRITY_TEST, all.list[i].digest);
		return crypto_equal(all.list[i].digest, card->build.digest, KEY_LEN) ? 0 : -EACCES;
	}
	if (!rc && build_learn(card, &all))
		rc = -EIO;
	return rc;
}

bool integrity_self_test(struct fw_card *card)
{
	struct build want = card->build, now;

	hook(card, INTEGRITY_TEST, want.digest);
	return !integrity_now(card->crypto, &now) && crypto_equal(&now, &want, sizeof(now));
}
