/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-screen/answer.h"

#include <stdio.h>
#include <string.h>

#include "libcommon/own.h"

/* Bits of enum category; 0: one of them nobody knows. */
static unsigned categories_of(const char *list)
{
	OWN_FREE char *copy = xstrdup(list);
	unsigned all = 0;

	if (strcmp(list, "*") == 0)
		return (1u << CATEGORIES) - 1;
	for (char *word, *rest = copy; (word = strsep(&rest, ","));) {
		const int i = word_index(category_names, CATEGORIES, word);

		if (i < 0)
			return 0;
		all |= 1u << i;
	}
	return all;
}

bool answer_knows(const struct screen_question *q)
{
	return categories_of(q->categories) != 0;
}

static bool has_rule(const struct screen_answer *a, const char *rule)
{
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->hits[i].rule, rule) == 0)
			return true;
	return false;
}

static void add_hit(struct screen_answer *a, const struct rule *rule)
{
	struct screen_hit *h = &a->hits[a->n];

	if (has_rule(a, rule->name))
		return;
	if (a->n == SCREEN_HITS) {
		a->more++;
		return;
	}
	snprintf(h->category, sizeof(h->category), "%s", category_names[rule->category]);
	snprintf(h->severity, sizeof(h->severity), "%s", severity_names[rule->severity]);
	snprintf(h->rule, sizeof(h->rule), "%s", rule->name);
	a->n++;
}

void answer_of(struct screen *s, const struct screen_question *q, const char *body,
	       struct screen_answer *a)
{
	struct verdict v = {.input = "-"};

	s->without = ~categories_of(q->categories);
	verdict_body(&v, s, body, q->length);
	*a = (struct screen_answer){.understood = v.understood, .more = v.hits.more};
	snprintf(a->api, sizeof(a->api), "%s", api_names[v.api]);
	for (size_t i = 0; i < v.hits.n; i++)
		add_hit(a, v.hits.v[i].rule);
	verdict_finish(&v);
}
