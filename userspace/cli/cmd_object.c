// SPDX-License-Identifier: BSD-3-Clause
/*
 * object show, delete, export-public; finding the object that a command means.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "choose.h"
#include "der.h"
#include "file.h"
#include "names.h"
#include "object.h"
#include "selector.h"
#include "template.h"

/* ---- Which object ------------------------------------------------------------------ */

coffer_rc object_handle(struct cli *cli, const struct cli_args *args, struct cli_session *s,
			const enum coffer_class *classes, size_t n_classes, uint32_t *handle)
{
	const char *text = cli_args_text(args, "handle", NULL);
	const char *label = cli_args_text(args, "label", NULL);
	char named[SELECTOR_MAX + 8];

	*handle = 0;
	if (!text == !label)
		return cli_usage(cli, "give either -handle or -label");
	if (label && (size_t)snprintf(named, sizeof(named), "label:%s", label) >= sizeof(named))
		return cli_usage(cli, "the label is too long");
	return choose_object(cli, s->session, text ? text : named, classes, n_classes, handle);
}

coffer_rc object_get(struct cli_session *s, uint32_t handle, const uint32_t *types, size_t count,
		     struct coffer_objects *out)
{
	coffer_rc rc = coffer_object_get(s->session, handle, types, count, out);

	if (!rc && !out->count) {
		coffer_objects_free(out);
		return ST(OBJECT_HANDLE_INVALID);
	}
	return rc;
}

/* ---- Show -------------------------------------------------------------------------- */

static bool is_text(uint32_t type)
{
	return type == COFFER_CKA_LABEL || type == COFFER_CKA_APPLICATION;
}

static void show_value(struct out *o, const struct coffer_attr *a, const char *name, char kind)
{
	char text[512];

	if (kind == 'U' && a->len == 8) {
		out_number(o, name, name, coffer_attr_ulong(a, 0));
	} else if (kind == 'B' && a->len == 1) {
		out_bool(o, name, name, coffer_attr_bool(a, false));
	} else if (is_text(a->type)) {
		out_clean(a->value, a->len, text, sizeof(text));
		out_text(o, name, name, text);
	} else {
		out_hex(o, name, name, a->value, a->len);
	}
}

coffer_rc cli_object_show(struct cli *cli, const struct cli_args *args)
{
	struct coffer_objects object = { 0 };
	uint32_t types[128], handle;
	struct cli_session *s;
	const char *name;
	coffer_rc rc;
	size_t count;
	char kind;

	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = object_handle(cli, args, s, NULL, 0, &handle);
	if (rc)
		return rc;
	count = names_attribute_list(types, 128);
	rc = object_get(s, handle, types, count, &object);
	if (rc)
		return rc;
	out_number(&cli->out, "handle", "Handle", handle);
	for (size_t i = 0; i < object.list[0].count; i++) {
		const struct coffer_attr *a = &object.list[0].attrs[i];

		name = names_attribute(a->type, &kind);
		if (!name || a->len == COFFER_ATTR_UNAVAILABLE)
			continue;
		if (a->len == COFFER_ATTR_SENSITIVE)
			out_text(&cli->out, name, name, "(never leaves the card)");
		else
			show_value(&cli->out, a, name, kind);
	}
	coffer_objects_free(&object);
	return 0;
}

/* ---- Delete ------------------------------------------------------------------------ */

#define DELETE_MAX 4096

static coffer_rc delete_list(struct cli *cli, struct cli_session *s, const uint32_t *handles,
			     size_t count)
{
	size_t done = 0;
	coffer_rc rc = 0;

	for (; done < count; done++) {
		rc = coffer_object_destroy(s->session, handles[done]);
		if (rc)
			break;
	}
	out_number(&cli->out, "deleted", "Objects deleted", done);
	if (rc)
		cli_fail(cli, rc, "handle %u: %s", handles[done], coffer_strerror(rc));
	if (rc && done)
		cli->override = CLI_PARTIAL;
	return rc;
}

static coffer_rc list_all(struct cli_session *s, uint32_t **handles, size_t *count)
{
	struct coffer_objects all = { 0 };
	coffer_rc rc = coffer_find(s->session, NULL, 0, NULL, 0, &all);

	*handles = NULL;
	*count = 0;
	if (rc)
		return rc;
	*handles = calloc(all.count + 1, sizeof(**handles));
	if (!*handles)
		rc = -ENOMEM;
	for (size_t i = 0; !rc && i < all.count; i++)
		(*handles)[(*count)++] = all.list[i].handle;
	coffer_objects_free(&all);
	return rc;
}

coffer_rc cli_object_delete(struct cli *cli, const struct cli_args *args)
{
	uint32_t *handles = NULL;
	struct cli_session *s;
	size_t count = 0;
	coffer_rc rc;

	rc = cli_session_user(cli, &s);
	if (rc)
		return rc;
	if (cli_args_all(args, "objects")) {
		rc = list_all(s, &handles, &count);
	} else {
		handles = calloc(DELETE_MAX, sizeof(*handles));
		if (!handles)
			return -ENOMEM;
		rc = choose_objects(cli, s->session, cli_args_text(args, "objects", ""), handles,
				    DELETE_MAX, &count);
	}
	if (!rc)
		rc = cli_confirm(cli, args, "object delete erases %zu object%s of slot %u", count,
				 count == 1 ? "" : "s", s->slot.slot);
	if (!rc)
		rc = delete_list(cli, s, handles, count);
	free(handles);
	return rc;
}

coffer_rc cli_partition_clear(struct cli *cli, const struct cli_args *args)
{
	uint32_t *handles = NULL;
	struct cli_session *s;
	size_t count = 0;
	coffer_rc rc;

	rc = cli_session_user(cli, &s);
	if (!rc)
		rc = list_all(s, &handles, &count);
	if (!rc)
		rc = cli_confirm(cli, args, "partition clear erases all %zu objects of slot %u",
				 count, s->slot.slot);
	if (!rc)
		rc = delete_list(cli, s, handles, count);
	free(handles);
	return rc;
}

/* ---- Public keys ------------------------------------------------------------------- */

static size_t build_public(const struct coffer_object *o, uint8_t *out, size_t room)
{
	const struct coffer_attr *info = coffer_object_attr(o, COFFER_CKA_PUBLIC_KEY_INFO);
	const struct coffer_attr *n = coffer_object_attr(o, COFFER_CKA_MODULUS);
	const struct coffer_attr *e = coffer_object_attr(o, COFFER_CKA_PUBLIC_EXPONENT);
	const struct coffer_attr *params = coffer_object_attr(o, COFFER_CKA_EC_PARAMS);
	const struct coffer_attr *point = coffer_object_attr(o, COFFER_CKA_EC_POINT);
	uint64_t type = coffer_attr_ulong(coffer_object_attr(o, COFFER_CKA_KEY_TYPE), ~0ull);

	if (names_has_value(info) && info->len && info->len <= room) {
		memcpy(out, info->value, info->len);
		return info->len;
	}
	if (names_has_value(n) && names_has_value(e))
		return der_rsa_public(n->value, n->len, e->value, e->len, out, room);
	if (names_has_value(params) && names_has_value(point))
		return der_ec_public(type == COFFER_CKK_EC_EDWARDS, params->value, params->len,
				     point->value, point->len, out, room);
	return 0;
}

static coffer_rc export_pem(struct cli *cli, const struct cli_args *args, const uint8_t *der,
			    size_t len)
{
	const char *file = cli_args_text(args, "file", NULL);
	char pem[4096];
	size_t pem_len = der_to_pem("PUBLIC KEY", der, len, pem, sizeof(pem));
	int ret;

	if (!pem_len)
		return -EMSGSIZE;
	out_key_text(&cli->out, "file", file);
	if (file) {
		ret = file_write(file, pem, pem_len);
		if (ret)
			return cli_usage(cli, "cannot write %s: %s", file, strerror(-ret));
		out_say(&cli->out, "    Public key written to %s", file);
		return 0;
	}
	if (cli->out.json) {
		out_hex(&cli->out, "public_key_info", "", der, len);
		return 0;
	}
	fwrite(pem, 1, pem_len, stdout);
	return 0;
}

coffer_rc cli_object_export_public(struct cli *cli, const struct cli_args *args)
{
	static const enum coffer_class classes[] = { COFFER_CKO_PUBLIC_KEY,
						     COFFER_CKO_PRIVATE_KEY };
	static const uint32_t types[] = {
		COFFER_CKA_PUBLIC_KEY_INFO, COFFER_CKA_MODULUS, COFFER_CKA_PUBLIC_EXPONENT,
		COFFER_CKA_EC_PARAMS, COFFER_CKA_EC_POINT, COFFER_CKA_KEY_TYPE,
	};
	struct coffer_objects object = { 0 };
	uint8_t der[2048];
	struct cli_session *s;
	uint32_t handle;
	coffer_rc rc;
	size_t len;

	rc = cli_session_current(cli, &s);
	if (!rc)
		rc = object_handle(cli, args, s, classes, 2, &handle);
	if (!rc)
		rc = object_get(s, handle, types, sizeof(types) / sizeof(*types), &object);
	if (rc)
		return rc;
	len = build_public(&object.list[0], der, sizeof(der));
	coffer_objects_free(&object);
	out_key_number(&cli->out, "handle", handle);
	if (!len)
		return cli_fail(cli, ST(KEY_TYPE_INCONSISTENT),
				"handle %u has no public key", handle);
	return export_pem(cli, args, der, len);
}
