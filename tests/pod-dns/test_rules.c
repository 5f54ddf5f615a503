/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>

#include "tests/lib/tap.h"
#include "tools/pod-dns/rules.h"

static enum decision judge(const struct rules *r, const char *text, struct verdict *v)
{
	struct name n;

	name_from_text(&n, text, strlen(text));
	rules_judge(r, &n, v);
	return v->decision;
}

static void verdict(const struct rules *r, const char *name, enum decision want, const char *rule)
{
	struct verdict v;
	char out[RULES_TEXT_MAX];

	is_int(judge(r, name, &v), want, "%s", name);
	is_str(verdict_text(r, &v, out), rule, "%s: by %s", name, rule);
}

static void patterns(void)
{
	struct err e = {0};
	struct rules *r = rules_new(MODE_ALLOWLIST, false);

	rules_add(r, RULE_ALLOW, "one.test", &e);
	rules_add(r, RULE_ALLOW, "*.below.test", &e);
	rules_add(r, RULE_ALLOW, "**.Both.test", &e);
	rules_add(r, RULE_DENY, "no.both.test", &e);
	rules_add(r, RULE_DENY, "**.never.both.test", &e);
	rules_add(r, RULE_ALLOW, "but.never.both.test", &e);
	verdict(r, "one.test", DECISION_ALLOW, "allow one.test");
	verdict(r, "ONE.test.", DECISION_ALLOW, "allow one.test");
	verdict(r, "a.one.test", DECISION_DENY, "mode allowlist");
	verdict(r, "xone.test", DECISION_DENY, "mode allowlist");
	verdict(r, "below.test", DECISION_DENY, "mode allowlist");
	verdict(r, "a.b.below.test", DECISION_ALLOW, "allow *.below.test");
	verdict(r, "both.test", DECISION_ALLOW, "allow **.both.test");
	verdict(r, "a.both.test", DECISION_ALLOW, "allow **.both.test");
	verdict(r, "no.both.test", DECISION_DENY, "deny no.both.test");
	verdict(r, "a.no.both.test", DECISION_ALLOW, "allow **.both.test");
	verdict(r, "but.never.both.test", DECISION_DENY, "deny **.never.both.test");
	verdict(r, ".", DECISION_DENY, "mode allowlist");
	rules_drop(r, RULE_ALLOW, "**.both.test", &e);
	verdict(r, "a.both.test", DECISION_DENY, "mode allowlist");
	rules_free(r);
}

static void ports(void)
{
	struct err e = {0};
	struct verdict v;
	struct rules *r = rules_new(MODE_ALLOWLIST, false);

	rules_add(r, RULE_ALLOW, "git.test:22,443", &e);
	rules_add(r, RULE_ALLOW, "**.git.test", &e);
	rules_add(r, RULE_ALLOW, "git.test:22,443", &e);
	judge(r, "git.test", &v);
	ok(v.ports.port[0] == 22 && v.ports.port[1] == 443 && v.ports.port[2] == 0,
	   "its own ports");
	judge(r, "a.git.test", &v);
	is_int(v.ports.port[0], 0, "the usual ones below it");
	is_int(rules_add(r, RULE_ALLOW, "x.test:0", &e), -EINVAL, "port 0");
	is_int(rules_add(r, RULE_ALLOW, "x.test:70000", &e), -EINVAL, "port 70000");
	is_int(rules_add(r, RULE_ALLOW, "x.test:1,,2", &e), -EINVAL, "no port between commas");
	is_int(rules_add(r, RULE_ALLOW, "x.test:1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", &e),
	       -EINVAL, "too many ports");
	is_int(rules_add(r, RULE_ALLOW, "*", &e), -EINVAL, "a star alone");
	is_int(rules_add(r, RULE_ALLOW, "a.*.test", &e), -EINVAL, "a star inside");
	is_int(rules_add(r, RULE_ALLOW, "", &e), -EINVAL, "nothing");
	rules_free(r);
}

static void modes(void)
{
	struct err e = {0};
	struct verdict v;
	struct rules *r = rules_new(MODE_DENYLIST, true);

	rules_add(r, RULE_DENY, "bad.test", &e);
	rules_remap(r, "here.test", "192.0.2.7", &e);
	rules_remap(r, "there.test", "www.else.test", &e);
	verdict(r, "any.test", DECISION_ALLOW, "mode denylist");
	verdict(r, "a.bad.test", DECISION_DENY, "deny **.bad.test");
	is_int(judge(r, "here.test", &v), DECISION_REMAP, "a remap");
	ok(!v.target->is_name && v.target->address.s6_addr[15] == 7, "to an address");
	is_int(judge(r, "a.there.test", &v), DECISION_REMAP, "suffix mode reaches remaps");
	ok(v.target->is_name, "to a name");
	is_int(rules_remap(r, "x.test", "1.2.3.4.5..", &e), -EINVAL, "a target that is nothing");
	rules_free(r);
}

/* 100000 names: all found, none that is not among them, in little memory. */
static void many(void)
{
	enum { N = 100000 };
	struct err e = {0};
	struct rules *r = rules_new(MODE_ALLOWLIST, false);
	struct mallinfo2 before = mallinfo2(), after;
	struct verdict v;
	size_t used;
	char text[64];
	int found = 0, wrong = 0;

	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "%shost%d.some-domain.example", i % 3 ? "" : "**.", i);
		rules_add(r, RULE_ALLOW, text, &e);
	}
	after = mallinfo2();
	used = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "host%d.some-domain.example", i);
		found += judge(r, text, &v) == DECISION_ALLOW;
		snprintf(text, sizeof(text), "a.host%d.some-domain.example", i);
		wrong += (judge(r, text, &v) == DECISION_ALLOW) != (i % 3 == 0);
	}
	is_int(found, N, "all are found");
	is_int(wrong, 0, "and nothing else is");
	is_int((int)rules_count(r), N, "counted");
	ok(used < (size_t)N * 96, "%zu bytes for each", used / N);
	rules_free(r);
}

int main(void)
{
	patterns();
	ports();
	modes();
	many();
	return done_testing();
}
