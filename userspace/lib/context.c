// SPDX-License-Identifier: BSD-3-Clause
/* A context: the list of cards that one process has opened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ha_group.h"
#include "supported.h"
#include "netlink.h"

struct names {
	char *name[LIB_MAX_CARDS];
	unsigned int count;
};

static void names_free(struct names *names)
{
	for (unsigned int i = 0; i < names->count; i++)
		free(names->name[i]);
}

/* Blanks around a name are none of it. Empty names are left out. */
static coffer_rc names_add(struct names *names, const char *from, size_t len)
{
	while (len && (*from == ' ' || *from == '\t')) {
		from++;
		len--;
	}
	while (len && (from[len - 1] == ' ' || from[len - 1] == '\t'))
		len--;
	if (!len)
		return 0;
	if (names->count == LIB_MAX_CARDS)
		return -E2BIG;
	names->name[names->count] = strndup(from, len);
	if (!names->name[names->count])
		return -ENOMEM;
	names->count++;
	return 0;
}

static coffer_rc names_parse(struct names *names, const char *list)
{
	coffer_rc rc = 0;
	size_t len;

	while (!rc && *list) {
		len = strcspn(list, ",");
		rc = names_add(names, list, len);
		list += len;
		list += *list == ',';
	}
	return rc;
}

/* A gap keeps its place, so that slots do not move when its card comes back. */
static coffer_rc names_scan(struct names *names)
{
	int last;
	coffer_rc rc = nodes_last(&last);

	for (int n = 0; !rc && n <= last; n++) {
		names->name[n] = node_name(n);
		rc = names->name[n] ? 0 : -ENOMEM;
		names->count += !rc;
	}
	return rc;
}

static coffer_rc names_find(struct names *names, const struct coffer_options *options,
			    bool *scanned)
{
	const char *list = options ? options->cards : NULL;

	if (!list)
		list = secure_getenv("COFFER_CARDS");
	/* A variable that is set to nothing is as good as none. */
	*scanned = !list || !*list;
	return *scanned ? names_scan(names) : names_parse(names, list);
}

static coffer_rc context_fill(struct coffer *ctx, const struct names *names)
{
	coffer_rc rc;

	/* With room for those that come later. */
	ctx->cards = calloc(ctx->scanned ? LIB_MAX_CARDS : names->count, sizeof(*ctx->cards));
	if (!ctx->cards)
		return -ENOMEM;
	for (unsigned int i = 0; i < names->count; i++) {
		ctx->count++;
		rc = card_init(&ctx->cards[i], ctx, i, names->name[i]);
		if (rc)
			return rc;
		card_open(&ctx->cards[i]);
	}
	return 0;
}

/* On unless somebody says otherwise. */
static bool remap_wanted(const struct coffer_options *options)
{
	const char *remap = secure_getenv("COFFER_RSA_REMAP");

	return !(options && options->no_rsa_remap) && !(remap && !strcmp(remap, "0"));
}

/* What the configuration says where the caller did not. */
static void configure(struct coffer *c, const struct coffer_options *options)
{
	const struct coffer_ha_settings *set = &c->ha->conf.set;

	if (c->ha->conf.rc)
		return;
	c->rsa_remap &= set->rsa_remap;
	if (set->client_version && !(options && options->client_version))
		c->client_version = set->client_version;
}

API coffer_rc coffer_open(const struct coffer_options *options, struct coffer **ctx)
{
	struct names names = { .count = 0 };
	struct coffer *c;
	coffer_rc rc;

	*ctx = NULL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->pid = getpid();
	c->timeout_ms = options ? options->timeout_ms : 0;
	c->rsa_remap = remap_wanted(options);
	c->client_version = options && options->client_version ? options->client_version :
								 SUPPORTED_CLIENT;
	pthread_mutex_init(&c->netlink_lock, NULL);
	pthread_mutex_init(&c->adding, NULL);
	rc = names_find(&names, options, &c->scanned);
	if (!rc && !names.count)
		rc = -ENODEV;
	if (!rc)
		rc = context_fill(c, &names);
	names_free(&names);
	if (!rc) {
		c->ha = ha_new(c);
		rc = c->ha ? 0 : -ENOMEM;
	}
	if (!rc)
		configure(c, options);
	if (rc) {
		coffer_close(c);
		return rc;
	}
	*ctx = c;
	return 0;
}

API void coffer_close(struct coffer *ctx)
{
	if (!ctx)
		return;
	for (unsigned int i = 0; i < ctx->count; i++)
		card_exit(&ctx->cards[i]);
	ha_free(ctx->ha);
	netlink_free(ctx->netlink);
	free(ctx->cards);
	free(ctx);
}

API unsigned int coffer_card_count(const struct coffer *ctx)
{
	return context_count(ctx);
}

API struct coffer_card *coffer_card_at(const struct coffer *ctx, unsigned int index)
{
	return index < context_count(ctx) ? &ctx->cards[index] : NULL;
}
