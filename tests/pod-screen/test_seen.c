/* SPDX-License-Identifier: Apache-2.0 */
/* A text of a body in which nothing was found is not screened again: rules that would find
 * something by now do not; other texts are, and so is it where other categories count. */
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-screen/verdict.h"

#define LONG                                                                                     \
	"This is the first of many texts in a conversation, as long as texts are that somebody " \
	"writes who wants something of a model, and says so in more words than it takes."

static const char rules[] =
	"version: 1\n"
	"rules:\n"
	"  - {name: never, category: injection, pattern: zzzz, tests: {hit: zzzz}}\n";
static const char others[] =
	"version: 1\n"
	"rules:\n"
	"  - {name: always, category: injection, pattern: 'first of many', tests: {hit: first of many}}\n";

static void load(struct screen *s, struct ruleset *set, const char *text)
{
	struct err e = {0};

	ok(rules_parse(set, "r.yaml", text, strlen(text), &e) == 0 && screen_init(s, set, &e) == 0,
	   "rules: %s", e.msg);
}

static size_t found(struct screen *s, const char *text)
{
	OWN_FREE char *body = xfmt("{\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}", text);
	struct verdict v = {.input = "-"};
	size_t n;

	verdict_body(&v, s, body, strlen(body));
	n = v.hits.n;
	verdict_finish(&v);
	return n;
}

int main(void)
{
	struct ruleset set = {0}, other_set = {0};
	struct screen s = {0}, other = {0};

	load(&s, &set, rules);
	load(&other, &other_set, others);
	is_int((int)found(&other, LONG), 1, "the control: the other rules find it");
	seen_init(&s.seen);
	is_int((int)found(&s, LONG), 0, "nothing is found");
	other.seen = s.seen;
	s.seen = (struct seen){0};
	is_int((int)found(&other, LONG), 0, "it is not looked at again");
	is_int((int)found(&other, LONG " And more."), 1, "a text that goes on is another");
	is_int((int)found(&other, LONG " And more."), 1,
	       "what something was found in is looked at again");
	other.without = 1u << CATEGORY_PII;
	is_int((int)found(&other, LONG), 1, "and so is it where other categories count");
	screen_finish(&s);
	screen_finish(&other);
	rules_finish(&set);
	rules_finish(&other_set);
	return done_testing();
}
