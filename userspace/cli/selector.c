// SPDX-License-Identifier: BSD-3-Clause
/*
 * Texts that name an object or a slot. URIs are p11-kit's to parse and to match.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <p11-kit/uri.h>

#include "names.h"
#include "parse.h"
#include "selector.h"

/* manufacturer= of every token, cut and padded as PKCS#11 has it. */
#define MANUFACTURER	"Coffer"

#define OBJECT_WANTS	"a handle, label:TEXT, an OUID, or a pkcs11: URI in quotes"
#define SLOT_WANTS	"a slot's number, label:TEXT, serial:N, or a pkcs11: URI in quotes"

/* What stands behind "NAME:", or NULL. */
static const char *behind(const char *text, const char *name)
{
	size_t len = strlen(name);

	return strncasecmp(text, name, len) || text[len] != ':' ? NULL : text + len + 1;
}

static const char *take_label(const char *text, const char *wants, struct selector *out)
{
	size_t len = strlen(text);

	if (!len || len >= sizeof(out->label))
		return wants;
	out->kind = SELECTOR_LABEL;
	memcpy(out->label, text, len + 1);
	return NULL;
}

static const char *why_not(int result)
{
	switch (result) {
	case P11_KIT_URI_BAD_ENCODING:
		return "a pkcs11: URI whose %XX and values are right";
	case P11_KIT_URI_BAD_VERSION:
		return "a pkcs11: URI whose values are not too long";
	default:
		return "a pkcs11: URI as RFC 7512 has it, in quotes";
	}
}

static const char *take_uri(const char *text, struct selector *out)
{
	P11KitUri *uri = p11_kit_uri_new();
	int result;

	if (!uri)
		return "more memory";
	result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
	if (result || p11_kit_uri_any_unrecognized(uri) || p11_kit_uri_get_pin_value(uri) ||
	    p11_kit_uri_get_pin_source(uri)) {
		const char *why = result ? why_not(result) :
				  p11_kit_uri_any_unrecognized(uri) ?
				  "a pkcs11: URI of which every attribute is known" :
				  "a pkcs11: URI without a PIN (see --pin-file)";

		p11_kit_uri_free(uri);
		return why;
	}
	out->kind = SELECTOR_URI;
	out->uri = uri;
	return NULL;
}

static bool take_ouid(const char *text, struct selector *out)
{
	size_t len;

	out->kind = SELECTOR_OUID;
	return names_unhex(text, out->ouid, sizeof(out->ouid), &len) && len == sizeof(out->ouid);
}

static bool is_ouid(const char *text)
{
	return strlen(text) == 2 * COFFER_OUID_LEN &&
	       strspn(text, "0123456789abcdefABCDEF") == 2 * COFFER_OUID_LEN;
}

/* What names an object as well as a slot. Return: whether it did; *wants as the callers'. */
static bool takes_common(const char *text, const char *what, struct selector *out,
			 const char **wants)
{
	const char *rest = behind(text, "label");

	memset(out, 0, sizeof(*out));
	if (behind(text, "pkcs11"))
		*wants = take_uri(text, out);
	else if (rest)
		*wants = take_label(rest, what, out);
	else
		return false;
	return true;
}

const char *selector_object(const char *text, struct selector *out)
{
	const char *rest, *wants;

	if (takes_common(text, OBJECT_WANTS, out, &wants))
		return wants;
	rest = behind(text, "ouid");
	if (rest || is_ouid(text))
		return take_ouid(rest ? rest : text, out) ? NULL : "an OUID of 48 digits";
	if (isdigit((unsigned char)*text))
		return names_number(text, UINT32_MAX, &out->number) ? NULL : OBJECT_WANTS;
	return *text == '-' ? OBJECT_WANTS : take_label(text, OBJECT_WANTS, out);
}

const char *selector_slot(const char *text, struct selector *out)
{
	const char *rest, *wants;

	if (takes_common(text, SLOT_WANTS, out, &wants))
		return wants;
	rest = behind(text, "serial");
	out->kind = rest ? SELECTOR_SERIAL : SELECTOR_NUMBER;
	if (rest || isdigit((unsigned char)*text))
		return names_number(rest ? rest : text, UINT64_MAX, &out->number) ? NULL :
										   SLOT_WANTS;
	return *text == '-' ? SLOT_WANTS : take_label(text, SLOT_WANTS, out);
}

void selector_free(struct selector *s)
{
	if (s->uri)
		p11_kit_uri_free(s->uri);
	s->uri = NULL;
}

bool selector_next(const char **list, char *out, size_t room)
{
	const char *p = *list;
	size_t len = 0;

	for (; *p && *p != ','; p++) {
		if (*p == '\\' && (p[1] == ',' || p[1] == '\\'))
			p++;
		if (len + 1 >= room)
			return false;
		out[len++] = *p;
	}
	out[len] = '\0';
	*list = *p ? p + 1 : NULL;
	return len;
}

/* ---- Tokens ------------------------------------------------------------------------ */

/* Cut, or filled with blanks: PKCS#11's strings end with no NUL. */
static void pad(unsigned char *field, size_t room, const char *text)
{
	size_t len = strnlen(text, room);

	memset(field, ' ', room);
	memcpy(field, text, len);
}

static void token_of(const struct coffer_slot *slot, CK_TOKEN_INFO *info)
{
	char serial[24];

	memset(info, 0, sizeof(*info));
	snprintf(serial, sizeof(serial), "%" PRIu64, slot->serial);
	pad(info->label, sizeof(info->label), slot->label);
	pad(info->manufacturerID, sizeof(info->manufacturerID), MANUFACTURER);
	pad(info->model, sizeof(info->model), slot->model);
	pad(info->serialNumber, sizeof(info->serialNumber), serial);
}

bool selector_has_token(const struct selector *s)
{
	/* An empty string in a URI's token is a field that it does not have. */
	CK_TOKEN_INFO none;

	if (s->kind != SELECTOR_URI)
		return false;
	memset(&none, 0xff, sizeof(none));
	return p11_kit_uri_get_slot_id(s->uri) != (CK_SLOT_ID)-1 ||
	       !p11_kit_uri_match_token_info(s->uri, &none);
}

bool selector_is_token(const struct selector *s, const struct coffer_slot *slot)
{
	CK_SLOT_ID id = p11_kit_uri_get_slot_id(s->uri);
	CK_TOKEN_INFO info;

	token_of(slot, &info);
	return (id == (CK_SLOT_ID)-1 || id == slot->slot) &&
	       p11_kit_uri_match_token_info(s->uri, &info);
}

/* ---- Objects ----------------------------------------------------------------------- */

static void add_from_uri(const struct selector *s, struct template *t)
{
	static const struct {
		CK_ATTRIBUTE_TYPE from;
		uint32_t to;
	} kinds[] = {
		{ CKA_LABEL, COFFER_CKA_LABEL }, { CKA_ID, COFFER_CKA_ID },
		{ CKA_CLASS, COFFER_CKA_CLASS },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(s->uri, kinds[i].from);
		CK_OBJECT_CLASS class;

		if (a && kinds[i].from == CKA_CLASS && a->ulValueLen == sizeof(class)) {
			memcpy(&class, a->pValue, sizeof(class));
			template_ulong(t, kinds[i].to, class);
		} else if (a) {
			template_bytes(t, kinds[i].to, a->pValue, a->ulValueLen);
		}
	}
}

void selector_template(const struct selector *s, struct template *t)
{
	t->count = 0;
	if (s->kind == SELECTOR_LABEL)
		template_text(t, COFFER_CKA_LABEL, s->label);
	else if (s->kind == SELECTOR_OUID)
		template_bytes(t, COFFER_CKA_OUID, s->ouid, sizeof(s->ouid));
	else if (s->kind == SELECTOR_URI)
		add_from_uri(s, t);
}
