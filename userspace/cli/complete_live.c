// SPDX-License-Identifier: BSD-3-Clause
/*
 * What only cards know, for completion: asked in a thread, since a card may be busy for long and
 * the user's cursor must not wait for it. Nobody is logged in for it, nothing is asked, and no
 * other machine is called.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "choose.h"
#include "cli.h"
#include "coffer/ha.h"
#include "complete.h"
#include "names.h"
#include "selector.h"

struct cli_lookup {
	struct cli *cli;
	unsigned int wait_ms;
	pthread_t thread;
	bool running;		/* the thread is there: not joined yet */
	pthread_mutex_t lock;	/* guards what follows */
	pthread_cond_t ended;
	bool finished;
	struct coffer_session *session;		/* what the thread asks now */

	/* The thread's own while it runs. */
	struct cli_want want;
	struct coffer *ctx;
	bool own_ctx;
	char place[SELECTOR_MAX];	/* the slot as text, "" = that of number slot */
	bool slot_known;
	unsigned int slot;
	char *cards;
	struct cli_candidates found;
};

/* ---- Which slot ---------------------------------------------------------------------- */

/* By number; by what was typed of it; or the first, which is current when none was chosen. */
static bool is_place(const struct cli_lookup *l, const struct selector *place,
		     const struct coffer_slot *slot)
{
	if (l->slot_known)
		return slot->slot == l->slot;
	if (!place)
		return true;
	return choose_slot_is(place, slot) ||
	       (place->kind == SELECTOR_NUMBER && place->number == slot->slot);
}

static bool find_slot(struct cli_lookup *l, struct coffer_slot *slot)
{
	struct selector place;
	struct coffer_slot *list;
	bool found = false;
	size_t count;

	if (*l->place && selector_slot(l->place, &place))
		return false;
	if (!coffer_slots(l->ctx, &list, &count)) {
		for (size_t i = 0; i < count; i++) {
			if (!is_place(l, *l->place ? &place : NULL, &list[i]) ||
			    (found && slot->slot < list[i].slot))
				continue;
			*slot = list[i];
			found = true;
		}
		free(list);
	}
	if (*l->place)
		selector_free(&place);
	return found;
}

/* ---- One question each --------------------------------------------------------------- */

static void add_number(struct cli_lookup *l, unsigned long long number, const char *help)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", number);
	cli_candidates_add(&l->found, text, help);
}

/* Is @label taken for a label where it stands? Another may be a number, or select what it says. */
static bool is_label(const char *(*parse)(const char *text, struct selector *out),
		     const char *label)
{
	struct selector s;
	bool good = !parse(label, &s) && s.kind == SELECTOR_LABEL && !strcmp(s.label, label);

	selector_free(&s);
	return good;
}

static void ask_slots(struct cli_lookup *l)
{
	struct coffer_slot *list;
	size_t count;

	if (coffer_slots(l->ctx, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (l->want.kind == CLI_SLOT) {
			add_number(l, list[i].slot, list[i].label);
			if (is_label(selector_slot, list[i].label))
				cli_candidates_add(&l->found, list[i].label, "");
		} else if (list[i].partition && !list[i].members) {
			if (l->want.kind == CLI_SERIAL)
				add_number(l, list[i].serial, list[i].label);
			else if (list[i].label[0])
				cli_candidates_add(&l->found, list[i].label, "");
		}
	}
	free(list);
}

static void ask_groups(struct cli_lookup *l)
{
	struct coffer_ha_group *list;
	size_t count;
	char help[32];

	if (coffer_ha_groups(l->ctx, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(help, sizeof(help), "%zu members", list[i].count);
		cli_candidates_add(&l->found, list[i].label, help);
	}
	free(list);
}

static void ask_archives(struct cli_lookup *l)
{
	struct coffer_slot slot, *list;
	char help[32];
	size_t count;

	if (!find_slot(l, &slot) || slot.members ||
	    coffer_partitions(coffer_card_at(l->ctx, slot.card), &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(help, sizeof(help), "%u objects", list[i].objects);
		cli_candidates_add(&l->found, list[i].label, help);
	}
	free(list);
}

static void ask_profiles(struct cli_lookup *l)
{
	char *text, *line, *rest, *tab;

	if (coffer_card_profiles(&text))
		return;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		tab = strchr(line, '\t');
		if (tab)
			*tab++ = '\0';
		if (*line)
			cli_candidates_add(&l->found, line, tab);
	}
	free(text);
}

static void ask_roles(struct cli_lookup *l)
{
	struct coffer_role_state *list;
	size_t count;

	if (coffer_roles(l->session, &list, &count))
		return;
	for (size_t i = 0; i < count; i++)
		cli_candidates_add(&l->found, list[i].short_name[0] ? list[i].short_name
								     : list[i].name,
				   list[i].name);
	free(list);
}

static void ask_policies(struct cli_lookup *l)
{
	struct coffer_policy *list;
	size_t count;
	char help[80];

	if (coffer_policies(l->session, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(help, sizeof(help), "%s (%u)", list[i].name, list[i].value);
		add_number(l, list[i].id, help);
	}
	free(list);
}

static void ask_domains(struct cli_lookup *l)
{
	struct coffer_domain *list;
	size_t count;

	if (coffer_domains(l->session, &list, &count))
		return;
	for (size_t i = 0; i < count; i++)
		if (list[i].label[0])
			cli_candidates_add(&l->found, list[i].label,
					   list[i].primary ? "primary" : "");
	free(list);
}

static void ask_ciphers(struct cli_lookup *l)
{
	struct coffer_cipher *list;
	size_t count;

	if (coffer_ciphers(l->session, &list, &count))
		return;
	for (size_t i = 0; i < count; i++)
		add_number(l, list[i].id, list[i].name);
	free(list);
}

static void ask_mechanisms(struct cli_lookup *l)
{
	struct coffer_mechanism_info *list;
	const char *name;
	size_t count;

	if (coffer_mechanisms(l->session, &list, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		name = names_mechanism(list[i].mechanism);
		if (*name)
			cli_candidates_add(&l->found, name, "");
	}
	free(list);
}

/* A label as it is; one that a line cannot hold is no use. */
static bool label_of(const struct coffer_object *o, char *text, size_t room)
{
	const struct coffer_attr *a = coffer_object_attr(o, COFFER_CKA_LABEL);

	text[0] = '\0';
	if (!a || !names_has_value(a) || !a->len || a->len >= room)
		return false;
	for (uint32_t i = 0; i < a->len; i++)
		if (((const unsigned char *)a->value)[i] < ' ')
			return false;
	memcpy(text, a->value, a->len);
	text[a->len] = '\0';
	return true;
}

static void ask_objects(struct cli_lookup *l)
{
	static const uint32_t wanted[] = { COFFER_CKA_LABEL, COFFER_CKA_CLASS };
	struct coffer_objects objects = { 0 };
	char label[128], help[192];

	if (coffer_find(l->session, NULL, 0, wanted, 2, &objects))
		return;
	for (size_t i = 0; i < objects.count; i++) {
		const struct coffer_object *o = &objects.list[i];
		const char *class =
			names_class(coffer_attr_ulong(coffer_object_attr(o, COFFER_CKA_CLASS),
						      UINT64_MAX));
		bool labelled = label_of(o, label, sizeof(label));

		if (l->want.kind == CLI_OBJECT) {
			snprintf(help, sizeof(help), "%s %s", class, label);
			add_number(l, o->handle, help);
		}
		if (labelled && (l->want.kind == CLI_LABEL || is_label(selector_object, label)))
			cli_candidates_add(&l->found, label, class);
	}
	coffer_objects_free(&objects);
}

static const struct {
	enum cli_kind kind;
	bool session;
	void (*ask)(struct cli_lookup *l);
} questions[] = {
	{ CLI_SLOT, false, ask_slots },
	{ CLI_SERIAL, false, ask_slots },
	{ CLI_PARTITION, false, ask_slots },
	{ CLI_GROUP, false, ask_groups },
	{ CLI_ARCHIVE, false, ask_archives },
	{ CLI_PROFILE, false, ask_profiles },
	{ CLI_ROLE, true, ask_roles },
	{ CLI_POLICIES, true, ask_policies },
	{ CLI_DOMAIN, true, ask_domains },
	{ CLI_CIPHER, true, ask_ciphers },
	{ CLI_MECHANISM, true, ask_mechanisms },
	{ CLI_OBJECT, true, ask_objects },
	{ CLI_LABEL, true, ask_objects },
};

/* ---- The thread ---------------------------------------------------------------------- */

/* A card behind ssh keeps its place in the list, but is not called: ssh may ask for a password. */
static char *local_cards(const char *list)
{
	static const char nowhere[] = "/dev/null/elsewhere";
	char *copy = list ? malloc(strlen(list) * 4 + sizeof(nowhere)) : NULL, *p = copy;
	size_t len;

	while (p && *list) {
		list += strspn(list, " \t");
		len = strcspn(list, ",");
		if (len && !strncmp(list, "ssh:", 4))
			p = stpcpy(p, nowhere);
		else
			p = mempcpy(p, list, len);
		list += len;
		if (*list == ',')
			*p++ = *list++;
	}
	if (p)
		*p = '\0';
	return copy;
}

static void set_session(struct cli_lookup *l, struct coffer_session *session)
{
	pthread_mutex_lock(&l->lock);
	l->session = session;
	pthread_mutex_unlock(&l->lock);
}

static void ask_with_session(struct cli_lookup *l, void (*ask)(struct cli_lookup *l))
{
	struct coffer_session *session = NULL;
	const struct cli_session *s;
	struct coffer_slot slot;
	bool own;

	if (!find_slot(l, &slot))
		return;
	/* With its login, if there is one. Nobody opens or closes any while this thread runs. */
	for (s = l->own_ctx ? NULL : l->cli->sessions; s; s = s->next)
		if (s->slot.slot == slot.slot)
			session = s->session;
	own = !session;
	if (own && coffer_session_open_slot(l->ctx, slot.slot, false, &session))
		return;
	set_session(l, session);
	ask(l);
	set_session(l, NULL);
	if (own)
		coffer_session_close(session);
}

static void ask(struct cli_lookup *l)
{
	struct coffer_options options = { .cards = l->cards };
	size_t i;

	for (i = 0; questions[i].kind != l->want.kind; i++)
		if (i + 1 == sizeof(questions) / sizeof(*questions))
			return;
	if (l->own_ctx && l->want.kind != CLI_PROFILE && coffer_open(&options, &l->ctx))
		return;
	if (questions[i].session)
		ask_with_session(l, questions[i].ask);
	else
		questions[i].ask(l);
	if (l->own_ctx && l->ctx)
		coffer_close(l->ctx);
}

static void *run(void *arg)
{
	struct cli_lookup *l = arg;

	ask(l);
	pthread_mutex_lock(&l->lock);
	l->finished = true;
	pthread_cond_signal(&l->ended);
	pthread_mutex_unlock(&l->lock);
	return NULL;
}

/* ---- The side that waits ------------------------------------------------------------- */

static bool wait_for(struct cli_lookup *l, unsigned int ms)
{
	struct timespec end;
	bool finished;

	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / 1000;
	end.tv_nsec += (long)(ms % 1000) * 1000000;
	if (end.tv_nsec >= 1000000000) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&l->lock);
	while (!l->finished &&
	       pthread_cond_timedwait(&l->ended, &l->lock, &end) != ETIMEDOUT)
		;
	finished = l->finished;
	pthread_mutex_unlock(&l->lock);
	return finished;
}

static void join(struct cli_lookup *l)
{
	pthread_join(l->thread, NULL);
	l->running = false;
	free(l->cards);
	l->cards = NULL;
}

/* Who the thread may ask: what is open already, with its logins, or else cards of its own. */
static void prepare(struct cli_lookup *l, const struct cli_want *want)
{
	const char *cards = l->cli->set.cards ? l->cli->set.cards : getenv("COFFER_CARDS");
	const char *place = want->slot;

	l->want = *want;
	l->finished = false;
	l->session = NULL;
	l->slot_known = !place && l->cli->slot_chosen;
	l->slot = l->cli->slot;
	if (!place && !l->slot_known)
		place = l->cli->set.slot;
	snprintf(l->place, sizeof(l->place), "%s", place ? place : "");
	l->ctx = l->cli->ctx;
	l->own_ctx = !l->ctx;
	l->cards = l->own_ctx ? local_cards(cards) : NULL;
}

void cli_lookup_values(void *arg, const struct cli_want *want, struct cli_candidates *found)
{
	struct cli_lookup *l = arg;

	if (!l || (l->running && !wait_for(l, 0)))
		return;		/* the card that did not answer before is at it still */
	cli_lookup_settle(l);
	prepare(l, want);
	if (pthread_create(&l->thread, NULL, run, l)) {
		free(l->cards);
		l->cards = NULL;
		return;
	}
	l->running = true;
	if (!wait_for(l, l->wait_ms))
		return;
	join(l);
	*found = l->found;
	l->found = (struct cli_candidates){ 0 };
}

void cli_lookup_settle(struct cli_lookup *l)
{
	if (!l->running)
		return;
	while (!wait_for(l, 50)) {
		pthread_mutex_lock(&l->lock);
		if (l->session)
			coffer_session_cancel(l->session);
		pthread_mutex_unlock(&l->lock);
	}
	join(l);
	cli_candidates_free(&l->found);
}

struct cli_lookup *cli_lookup_new(struct cli *cli, unsigned int wait_ms)
{
	struct cli_lookup *l = calloc(1, sizeof(*l));
	pthread_condattr_t attr;

	if (!l)
		return NULL;
	l->cli = cli;
	l->wait_ms = wait_ms;
	pthread_mutex_init(&l->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&l->ended, &attr);
	pthread_condattr_destroy(&attr);
	return l;
}

void cli_lookup_free(struct cli_lookup *l)
{
	if (!l)
		return;
	cli_lookup_settle(l);
	pthread_cond_destroy(&l->ended);
	pthread_mutex_destroy(&l->lock);
	free(l);
}
