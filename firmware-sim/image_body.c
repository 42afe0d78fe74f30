// SPDX-License-Identifier: BSD-3-Clause
/*
 * The body of a firmware image: everything that makes a profile behave as it does, as text. A
 * card compares it with its own tables, so that nothing runs but what was signed.
 */
#include <stdarg.h>
#include <stdio.h>

#include "image.h"

struct text {
	char *to;
	size_t len;
	size_t room;
};

static void put(struct text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	size_t left = t->room - t->len;
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->to + t->len, left, format, ap);
	va_end(ap);
	/* Once full it stays full: nothing else fits behind what was cut. */
	t->len = n < 0 || (size_t)n >= left ? t->room : t->len + (size_t)n;
}

static void put_policies(struct text *t, const char *level, const struct profile_policy *row)
{
	for (; row->name; row++)
		put(t, "policy %s %u %u %u %u %s\n", level, row->id, row->value, row->capability,
		    row->flags, row->name);
}

static void put_limits(struct text *t, const struct profile_limits *l)
{
	put(t, "limits %u %u %u %u %u %u\n", l->objects, l->rsa_pairs, l->session_objects,
	    l->session_rsa_pairs, l->sessions, l->clone_objects);
}

size_t image_body(const struct profile *p, char *to, size_t room)
{
	struct text t = { .to = to, .room = room };
	const struct profile_mechanism *m;

	put(&t, "profile %s\nmodel %s\nfamily %u\nfirmware %u\nfeatures %u\n", p->name, p->model,
	    (unsigned int)p->family, p->fw_version, p->features);
	put(&t, "protocols %u\nsuites %u\npartitions %u\nstorage %llu\npin %u\nkind %u\n",
	    p->protocols, p->suites, p->max_partitions, (unsigned long long)p->storage,
	    p->pin_min, p->default_kind);
	put_limits(&t, &p->limits);
	put_policies(&t, "hsm", p->hsm_policies);
	put_policies(&t, "partition", p->partition_policies);
	for (m = p->mechanisms; m->flags; m++)
		put(&t, "mechanism %u %u %u %u %u\n", m->mechanism, m->flags, m->min, m->max,
		    m->fips_min);
	return t.len < t.room ? t.len : 0;
}
