/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-proxy/canary.h"

#include <stdint.h>
#include <string.h>

#include "tools/pod-proxy/exchange.h"
#include "tools/pod-proxy/report.h"

struct look {
	struct exchange *x;
	const char *place;
	uint64_t told; /* in this one, of the first 64 keys */
};

struct patterns *canary_patterns(const struct sites *s)
{
	struct patterns *all = s->n_dummies ? patterns_new() : NULL;

	for (size_t i = 0; all && i < s->n_dummies; i++) {
		const char *value = s->dummies[i].value;

		if (patterns_add(all, (int)i, value, strlen(value)) == 0)
			continue;
		patterns_free(all);
		all = NULL;
	}
	if (all)
		patterns_compile(all);
	return all;
}

static bool is_at_home(const struct exchange *x, const char *key)
{
	for (size_t i = 0; x->site && i < x->site->n_binds; i++)
		if (strcmp(x->site->binds[i].key, key) == 0)
			return true;
	return false;
}

static void on_hit(void *arg, int id)
{
	struct look *l = arg;
	const char *key = l->x->policy->sites.dummies[id].key;
	uint64_t bit = id < 64 ? UINT64_C(1) << id : 0;

	if ((l->told & bit) || is_at_home(l->x, key))
		return;
	l->told |= bit;
	report_canary(l->x, key, l->place);
}

static void look_at(struct look *l, const char *text)
{
	/* Nothing is changed: "keep". */
	scrub_run(l->x->policy->dummies, (char *)(uintptr_t)text, strlen(text), true, true, on_hit,
		  l);
}

void canary_head(struct exchange *x)
{
	struct look url = {x, "url", 0};

	if (!x->policy->dummies)
		return;
	look_at(&url, message_text(&x->request, x->request.target));
	canary_fields(x, &x->request);
}

void canary_fields(struct exchange *x, const struct message *m)
{
	struct look header = {x, "header", 0};

	for (size_t i = 0; x->policy->dummies && i < m->n; i++) {
		look_at(&header, message_text(m, m->fields[i].name));
		look_at(&header, message_text(m, m->fields[i].value));
	}
}

/* What may be the beginning of one has gone on already: a copy waits for what comes behind it. */
void canary_body(struct exchange *x, const char *data, size_t len)
{
	struct look body = {x, "body", x->canaries};
	const struct patterns *p = x->policy->dummies;
	size_t n;

	if (!p)
		return;
	if (x->tail.len) {
		buf_add(&x->tail, data, len);
		n = scrub_run(p, x->tail.data, x->tail.len, false, true, on_hit, &body);
		memmove(x->tail.data, x->tail.data + n, x->tail.len - n);
		x->tail.len -= n;
	} else {
		n = scrub_run(p, (char *)(uintptr_t)data, len, false, true, on_hit, &body);
		buf_add(&x->tail, data + n, len - n);
	}
	x->canaries = body.told;
}
