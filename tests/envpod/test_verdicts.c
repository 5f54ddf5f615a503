/* SPDX-License-Identifier: Apache-2.0 */
/* Answers out of a pod: each probe once, nothing else, and what they come to. */
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/envpod/score.h"

static const char list[] =
	"{\"id\":\"a\",\"category\":\"one\",\"severity\":\"CRITICAL\",\"text\":\"t\",\"finding\":\"\","
	"\"fix\":\"\",\"view\":false}\n"
	"{\"id\":\"b\",\"category\":\"two\",\"severity\":\"LOW\",\"text\":\"t\",\"finding\":\"F-1\","
	"\"fix\":\"key\",\"view\":true,\"way\":\"tcp x 1\",\"more\":[1,{\"x\":null}]}\n";

static int answer(struct checks *c, enum pass pass, const char *text)
{
	struct err e = {0};

	return checks_answer(c, pass, text, strlen(text), &e);
}

static bool refused(const char *text)
{
	struct checks c = {0};
	struct err e = {0};
	bool r = checks_read(&c, list, strlen(list), &e) == 0 && answer(&c, AS_USER, text) < 0;

	checks_finish(&c);
	return r;
}

#define A(v) "{\"id\":\"a\",\"verdict\":\"" v "\",\"detail\":\"d\"}\n"
#define B(v) "{\"id\":\"b\",\"verdict\":\"" v "\",\"detail\":\"d\"}\n"

static unsigned percent(const char *user, const char *root)
{
	struct checks c = {0};
	struct err e = {0};
	struct score s;
	unsigned p = 999;

	if (checks_read(&c, list, strlen(list), &e) == 0 && answer(&c, AS_USER, user) == 0 &&
	    answer(&c, AS_ROOT, root) == 0) {
		s = score_of(&c, NULL);
		p = score_percent(&s);
	}
	checks_finish(&c);
	return p;
}

static void test_refused(void)
{
	char big[5000];

	ok(refused(""), "no answers");
	ok(refused(A("held")), "an answer is missing");
	ok(refused(A("held") B("held") A("held")), "one comes twice");
	ok(refused(A("open") B("held") "{\"id\":\"c\",\"verdict\":\"held\",\"detail\":\"\"}\n"),
	   "one was not asked for");
	ok(refused(A("fine") B("held")), "a verdict that is none");
	ok(refused(A("unanswered") B("held")), "nor is this one for a pod to say");
	ok(refused(A("held") "{\"id\":\"b\",\"verdict\":\"held\",\"detail\":\"d\"}"),
	   "the last line has no end");
	ok(refused(A("held") B("held") "x\n"), "a line that is no object");
	ok(refused("\n" A("held") B("held")), "an empty line");
	memset(big, 'x', sizeof(big));
	memcpy(big, "{\"id\":\"a\",\"detail\":\"", 20);
	memcpy(big + sizeof(big) - 4, "\"}\n", 4);
	ok(refused(big), "a line longer than lines are");
}

static void test_scores(void)
{
	ok(percent(A("held") B("held"), B("held") A("held")) == 100, "all held");
	ok(percent(A("held") B("open"), A("held") B("held")) == 88,
	   "open in one pass is open: 8/9");
	ok(percent(A("open") B("held"), A("held") B("held")) == 11, "weight counts: 1/9");
	ok(percent(A("cannot-try") B("held"), A("absent") B("held")) == 100,
	   "what cannot be tried does not count");
	ok(percent(A("cannot-try") B("held"), A("held") B("open")) == 88,
	   "what held in one pass and could not be tried in the other held");
	ok(percent(A("absent") B("absent"), A("absent") B("absent")) == 0,
	   "nothing tried is no full score");
}

static void test_list(void)
{
	struct checks c = {0};
	struct err e = {0};

	ok(checks_read(&c, list, strlen(list), &e) == 0 && c.n == 2, "a list is read");
	ok(checks_find(&c, "b") && checks_find(&c, "b")->view && !checks_find(&c, "a")->view,
	   "with what belongs to each");
	ok(strcmp(checks_find(&c, "b")->way, "tcp x 1") == 0, "and its way out");
	ok(checks_read(&c, list, strlen(list), &e) < 0, "not twice");
	checks_finish(&c);
}

int main(void)
{
	test_list();
	test_refused();
	test_scores();
	return done_testing();
}
