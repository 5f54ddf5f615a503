/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An allow-list out of what was asked: run the pod once in mode Monitor, read what it proposes,
 * take what is right.  Names that do not exist or were remapped are left out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/buf.h"
#include "libcommon/jsonw.h"
#include "libcommon/opt.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "libcommon/say.h"
#include "tools/pod-dns/cmds.h"
#include "tools/pod-dns/guard.h"
#include "tools/pod-dns/history.h"
#include "tools/pod-dns/policy.h"

struct learned {
	char *name;
	const char *domain; /* points into name: the part somebody registered */
	unsigned asked, refused;
};

struct lesson {
	struct learned *v;
	size_t n, cap;
};

static void lesson_finish(struct lesson *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

static void take(void *arg, const struct history_event *ev)
{
	struct lesson *l = arg;
	bool refused = strcmp(ev->event, "dns_denied") == 0;

	if ((!refused && strcmp(ev->event, "dns_query") != 0) || !ev->name[0] ||
	    (!refused && (strcmp(ev->rcode, "NOERROR") != 0 || strcmp(ev->decision, "allow") != 0)))
		return;
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->v = xrealloc(l->v, l->cap * sizeof(*l->v));
	}
	l->v[l->n++] = (struct learned){xstrdup(ev->name), NULL, 1, refused};
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct learned *)a)->name, ((const struct learned *)b)->name);
}

/* One row a name, with its domain. */
static void merge(struct lesson *l)
{
	size_t kept = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	for (size_t i = 0; i < l->n; i++) {
		struct learned *last = kept ? &l->v[kept - 1] : NULL;

		if (last && strcmp(last->name, l->v[i].name) == 0) {
			last->asked += l->v[i].asked;
			last->refused += l->v[i].refused;
			free(l->v[i].name);
			continue;
		}
		l->v[kept++] = l->v[i];
	}
	l->n = kept;
	for (size_t i = 0; i < l->n; i++) {
		struct name n, domain;
		char text[NAME_TEXT_MAX];

		l->v[i].domain = l->v[i].name;
		if (name_from_text(&n, l->v[i].name, strlen(l->v[i].name)) < 0)
			continue;
		guard_domain(&n, &domain);
		name_text(&domain, text);
		if (strlen(text) <= strlen(l->v[i].name))
			l->v[i].domain += strlen(l->v[i].name) - strlen(text);
	}
}

static int by_domain(const void *a, const void *b)
{
	const struct learned *x = a, *y = b;
	int r = strcmp(x->domain, y->domain);

	return r ? r : strcmp(x->name, y->name);
}

/* With wide: domains of which several names were asked become one entry for all of it. */
static void widen(struct lesson *l, unsigned least)
{
	size_t kept = 0, end;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_domain);
	for (size_t i = 0; i < l->n; i = end) {
		char *name;

		for (end = i + 1; end < l->n && strcmp(l->v[i].domain, l->v[end].domain) == 0;)
			end++;
		if (end - i < least) {
			for (size_t k = i; k < end; k++)
				l->v[kept++] = l->v[k];
			continue;
		}
		for (size_t k = i + 1; k < end; k++) {
			l->v[i].asked += l->v[k].asked;
			l->v[i].refused += l->v[k].refused;
			free(l->v[k].name);
		}
		name = l->v[i].name;
		l->v[kept] = l->v[i];
		l->v[kept++].name = xfmt("**.%s", l->v[i].domain);
		free(name);
	}
	l->n = kept;
}

static void print_json(const struct lesson *l)
{
	for (size_t i = 0; i < l->n; i++) {
		OWN_BUF struct buf b = BUF_INIT;

		jw_open(&b, '{');
		jw_kstr(&b, "allow", l->v[i].name);
		jw_knum(&b, "asked", l->v[i].asked);
		jw_knum(&b, "refused", l->v[i].refused);
		jw_close(&b, '}');
		puts(b.data);
	}
}

/* As it goes into a pod file.  Names are of our own resolver's writing: no quote stands in them. */
static void print_yaml(const struct lesson *l)
{
	printf("network:\n  dns:\n    mode: Allowlist\n    allow:%s\n", l->n ? "" : " []");
	for (size_t i = 0; i < l->n; i++)
		printf("      - \"%s\" # asked %u time%s%s\n", esc(l->v[i].name), l->v[i].asked,
		       l->v[i].asked == 1 ? "" : "s", l->v[i].refused ? ", refused so far" : "");
}

static int learn(const char *name, struct lesson *l, struct err *e)
{
	OWN(pod_finish) struct pod pod = POD_INIT;

	if (pod_check_caller(e) < 0 || pod_open(&pod, name, e) < 0)
		return -EINVAL;
	if (history_each(&pod, "\"src\":\"dns\"", take, l, e) < 0)
		return -EINVAL;
	merge(l);
	return 0;
}

int cmd_learn(int argc, char **argv)
{
	OWN(lesson_finish) struct lesson l = {0};
	bool json = false;
	uint64_t wide = 0;
	struct err e = {0};
	const struct opt opts[] = {
		{OPT_FLAG, 'j', "json", &json, NULL, "one JSON object an entry"},
		{OPT_U64, 'w', "wide", &wide, "N",
		 "make **.DOMAIN of N names or more below one domain"},
		{0},
	};
	const struct opt_usage usage = {"pod-dns learn [OPTION]... POD",
					"Propose an allow-list from what the pod asked for.", 1, 1,
					0};

	opt_parse(opts, &usage, argc, argv);
	if (learn(argv[0], &l, &e) < 0)
		return say_err(&e);
	if (wide)
		widen(&l, wide > UINT32_MAX ? UINT32_MAX : (unsigned)wide);
	if (json)
		print_json(&l);
	else
		print_yaml(&l);
	return say_end(POD_EXIT_OK);
}
