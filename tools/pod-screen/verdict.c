/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "libcommon/jsonw.h"
#include "libcommon/path.h"
#include "tools/pod-screen/verdict.h"
#include "tools/pod-screen/wide.h"

struct taker {
	struct verdict *v;
	struct screen *s;
};

static void take(void *arg, const char *where, const char *text, size_t len)
{
	struct taker *t = arg;
	struct hits *h = &t->v->hits;
	const size_t n = h->n;
	const uint64_t more = h->more;
	unsigned char sum[SEEN_SUM];
	const bool counts = seen_sum(&t->s->seen, t->s->without, text, len, sum);

	if (counts && seen_has(&t->s->seen, sum))
		return;
	screen_text(t->s, text, len, 0, where, h);
	if (counts && h->n == n && h->more == more)
		seen_put(&t->s->seen, sum);
}

void verdict_body(struct verdict *v, struct screen *s, const char *body, size_t len)
{
	OWN_BUF struct buf wide = BUF_INIT;
	struct taker t = {v, s};

	v->is_api = true;
	v->bytes = len;
	if (wide_read(body, len, &wide)) {
		body = wide.data;
		len = wide.len;
	}
	v->api = api_read(body, len, take, &t, &v->understood);
	if (!v->understood)
		screen_text(s, body, len, 0, NULL, &v->hits);
}

static void hit_json(struct buf *b, const struct hit *h, bool with_fragments)
{
	jw_open(b, '{');
	jw_kstr(b, "rule", h->rule->name);
	jw_kstr(b, "category", category_names[h->rule->category]);
	jw_kstr(b, "severity", severity_names[h->rule->severity]);
	jw_kstr(b, "view", view_names[h->view]);
	if (h->where)
		jw_kstr(b, "where", h->where);
	jw_knum(b, "offset", (int64_t)h->at);
	jw_knum(b, "length", (int64_t)(h->end - h->at));
	if (with_fragments)
		jw_kstr(b, "fragment", h->fragment);
	jw_close(b, '}');
}

void verdict_json(struct buf *b, const struct verdict *v, bool with_fragments)
{
	jw_open(b, '{');
	jw_kstr(b, "input", v->input);
	jw_kstr(b, "verdict", v->hits.n || v->hits.more ? "hit" : "clean");
	jw_knum(b, "bytes", (int64_t)v->bytes);
	if (v->is_api) {
		jw_kstr(b, "api", api_names[v->api]);
		jw_kbool(b, "understood", v->understood);
	}
	jw_key(b, "hits");
	jw_open(b, '[');
	for (size_t i = 0; i < v->hits.n; i++)
		hit_json(b, &v->hits.v[i], with_fragments);
	jw_close(b, ']');
	if (v->hits.more)
		jw_knum(b, "more", (int64_t)v->hits.more);
	jw_close(b, '}');
}

void verdict_print(const struct verdict *v)
{
	if (v->is_api && !v->understood)
		printf("%s: no body of an API that is known: its bytes were screened\n",
		       esc(v->input));
	for (size_t i = 0; i < v->hits.n; i++) {
		const struct hit *h = &v->hits.v[i];

		printf("%s:%s%s%llu: %s %s %s: %s\n", esc(v->input), h->where ? esc(h->where) : "",
		       h->where ? ":" : "", (unsigned long long)h->at,
		       severity_names[h->rule->severity], category_names[h->rule->category],
		       h->rule->name, h->fragment);
	}
	if (v->hits.more)
		printf("%s: and %llu more\n", esc(v->input), (unsigned long long)v->hits.more);
}

void verdict_finish(struct verdict *v)
{
	hits_finish(&v->hits);
}
