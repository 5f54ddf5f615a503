/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/envpod/score.h"

#include <stdio.h>
#include <string.h>

#include "libcommon/jsonw.h"
#include "libcommon/path.h"

static const unsigned weights[SEVERITIES] = {1, 2, 4, 8};

struct score score_of(const struct checks *c, const char *category)
{
	struct score s = {0};

	for (size_t i = 0; i < c->n; i++) {
		enum verdict v = check_verdict(&c->v[i]);
		unsigned weight = v == CANNOT_TRY ? 0 : weights[c->v[i].severity];

		if (category && strcmp(c->v[i].category, category) != 0)
			continue;
		s.held += v == HELD;
		s.open += v == OPEN;
		s.untried += v == CANNOT_TRY;
		s.weight += weight;
		s.held_weight += v == HELD ? weight : 0;
	}
	return s;
}

unsigned score_percent(const struct score *s)
{
	return s->weight ? s->held_weight * 100 / s->weight : 0;
}

/* Each category where it comes first. */
static bool is_first(const struct checks *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(c->v[k].category, c->v[i].category) == 0)
			return false;
	return true;
}

/* --- text --- */

static const char *who(const struct check *c, enum verdict v)
{
	if (c->verdict[AS_USER] == v)
		return c->verdict[AS_ROOT] == v ? "as user and as root" : "as user";
	return "as root";
}

static const char *detail_of(const struct check *c, enum verdict v)
{
	return esc(c->detail[c->verdict[AS_USER] == v ? AS_USER : AS_ROOT]);
}

static void print_hole(const struct check *c)
{
	printf("OPEN      %-8s  %s, not true: %s\n", severity_names[c->severity], c->id, c->text);
	printf("          seen     %s (%s)%s\n", detail_of(c, OPEN), who(c, OPEN),
	       c->view ? "; the pod's own files may have had a part in it" : "");
	if (*c->finding)
		printf("          finding  %s\n          fix      %s\n", c->finding, c->fix);
	else
		printf("          fix      no key of a pod file opens this: look at the host "
		       "(envpod doctor), or report it\n");
}

static void print_others(const struct checks *c, enum verdict v)
{
	for (size_t i = 0; i < c->n; i++)
		if (check_verdict(&c->v[i]) == v)
			printf("%-10s  %-24s  %s: %s\n", verdict_names[v], c->v[i].id, c->v[i].text,
			       detail_of(&c->v[i], v));
}

static void print_line(const char *name, const struct score *s)
{
	printf("%-12s %3u%%  %3u held", name, score_percent(s), s->held);
	if (s->open)
		printf(", %u open", s->open);
	if (s->untried)
		printf(", %u could not be tried", s->untried);
	putchar('\n');
}

void score_print(const struct checks *c, const char *pod, bool verbose)
{
	struct score all = score_of(c, NULL);

	for (int severity = CRITICAL; severity >= LOW; severity--)
		for (size_t i = 0; i < c->n; i++)
			if ((int)c->v[i].severity == severity && check_verdict(&c->v[i]) == OPEN)
				print_hole(&c->v[i]);
	if (verbose) {
		print_others(c, CANNOT_TRY);
		print_others(c, HELD);
	}
	for (size_t i = 0; i < c->n; i++)
		if (is_first(c, i)) {
			struct score s = score_of(c, c->v[i].category);

			print_line(c->v[i].category, &s);
		}
	print_line(pod, &all);
}

/* --- JSON --- */

static void add_pass(struct buf *b, const struct check *c, enum pass pass, const char *name)
{
	if (c->verdict[pass] == UNANSWERED)
		return;
	jw_key(b, name);
	jw_open(b, '{');
	jw_kstr(b, "verdict", verdict_names[c->verdict[pass]]);
	jw_kstr(b, "detail", c->detail[pass]);
	jw_close(b, '}');
}

static void print_object(struct buf *b)
{
	jw_close(b, '}');
	puts(b->data);
}

static void print_check(const struct check *c)
{
	OWN_BUF struct buf b = BUF_INIT;

	jw_open(&b, '{');
	jw_kstr(&b, "id", c->id);
	jw_kstr(&b, "category", c->category);
	jw_kstr(&b, "severity", severity_names[c->severity]);
	jw_kstr(&b, "verdict", verdict_names[check_verdict(c)]);
	jw_kstr(&b, "text", c->text);
	add_pass(&b, c, AS_USER, "as_user");
	add_pass(&b, c, AS_ROOT, "as_root");
	if (*c->finding)
		jw_kstr(&b, "finding", c->finding), jw_kstr(&b, "fix", c->fix);
	jw_kbool(&b, "view", c->view);
	print_object(&b);
}

static void add_score(struct buf *b, const struct score *s)
{
	jw_knum(b, "score", score_percent(s));
	jw_knum(b, "held", s->held);
	jw_knum(b, "open", s->open);
	jw_knum(b, "cannot_try", s->untried);
}

void score_print_json(const struct checks *c, const char *pod)
{
	struct score all = score_of(c, NULL);
	OWN_BUF struct buf b = BUF_INIT;

	for (size_t i = 0; i < c->n; i++)
		print_check(&c->v[i]);
	jw_open(&b, '{');
	jw_kstr(&b, "pod", pod);
	add_score(&b, &all);
	jw_key(&b, "categories");
	jw_open(&b, '{');
	for (size_t i = 0; i < c->n; i++)
		if (is_first(c, i)) {
			struct score s = score_of(c, c->v[i].category);

			jw_key(&b, c->v[i].category);
			jw_open(&b, '{');
			add_score(&b, &s);
			jw_close(&b, '}');
		}
	jw_close(&b, '}');
	print_object(&b);
}
