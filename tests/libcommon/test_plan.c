/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "envpod/exit.h"
#include "libcommon/plan.h"
#include "tests/lib/tap.h"

#define HEAD "envpod-plan 1 12 34 56\n"

static void good(void)
{
	static const char text[] = HEAD "name web\nmask a b\nempty \nmask one\\ntwo\\\\three\n"
					"n 42\nbig 18446744073709551616\nend\n";
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};
	size_t i = 0;

	is_int(plan_parse(&pl, text, sizeof(text) - 1, &e), 0, "a plan is read: %s", e.msg);
	ok(pl.ino == 12 && pl.mtime_ns == 34 && pl.size == 56, "with what it was made from");
	is_str(plan_str(&pl, "name", "-"), "web", "a value");
	is_str(plan_str(&pl, "nam", "-"), "-", "a key is a whole word");
	is_str(plan_str(&pl, "empty", "-"), "", "an empty value is a value");
	is_str(plan_next(&pl, "mask", &i), "a b", "the first of a list");
	is_str(plan_next(&pl, "mask", &i), "one\ntwo\\three", "the second, unescaped");
	ok(!plan_next(&pl, "mask", &i), "no third");
	ok(plan_u64(&pl, "n", 7) == 42, "a number");
	ok(plan_u64(&pl, "name", 7) == 7 && plan_u64(&pl, "big", 7) == 7,
	   "what is none, or too big, gives the fallback");
	ok(plan_is(&pl, "name", "web") && !plan_is(&pl, "none", "web"), "is");
	ok(plan_has(&pl, "mask", "a b") && !plan_has(&pl, "mask", "a"), "has");
}

static void bad(void)
{
	static const struct {
		const char *text, *line, *why;
	} cases[] = {
		{"", "line 0", "nothing at all"},
		{HEAD, "line 1", "no end"},
		{HEAD "name web\n", "line 2", "no end behind a line"},
		{HEAD "name web\nend", "line 3", "no newline behind the end"},
		{HEAD "end\nname web\n", "line 3", "text behind the end"},
		{HEAD "name\nend\n", "line 2", "a key without a value"},
		{HEAD " value\nend\n", "line 2", "a value without a key"},
		{HEAD "\nend\n", "line 2", "an empty line"},
		{HEAD "a b\\c\nend\n", "line 2", "an unknown escape"},
		{HEAD "a b\\\nend\n", "line 2", "an escape cut off"},
		{"envpod-plan 2 1 1 1\nend\n", "line 1", "a newer version"},
		{"envpod-plan 1 1 1\nend\n", "line 1", "a number missing in the head"},
		{"envpod-plan 1 1 1 1 1\nend\n", "line 1", "one too many"},
		{"end\n", "line 1", "no head"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		OWN_PLAN struct plan pl = {0};
		struct err e = {0};
		int r = plan_parse(&pl, cases[i].text, strlen(cases[i].text), &e);

		ok(r < 0 && err_exit(&e) == POD_EXIT_CONFIG, "refused: %s", cases[i].why);
		ok(strstr(e.msg, cases[i].line), "naming %s: %s", cases[i].line, e.msg);
	}
}

static void bounds(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_PLAN struct plan pl = {0}, other = {0};
	struct err e = {0};

	ok(plan_parse(&pl, HEAD "a b\0c\nend\n", sizeof(HEAD "a b\0c\nend\n") - 1, &e) < 0,
	   "a NUL byte is refused");
	buf_str(&b, HEAD);
	while (b.len < PLAN_MAX)
		buf_str(&b, "key value\n");
	buf_str(&b, "end\n");
	ok(plan_parse(&other, b.data, b.len, &e) < 0 && other.keys.n == 0,
	   "a plan beyond the bound is refused unread");
}

static void round_trip(void)
{
	static const char *const values[] = {"",   "a",        "\\",      "\\n",
					     "\n", "a\n\\\nb", " blank ", "\x1b\xff"};
	OWN_BUF struct buf b = BUF_INIT;
	OWN_PLAN struct plan pl = {0};
	struct err e = {0};

	buf_str(&b, HEAD);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		plan_line(&b, "v", values[i]);
	buf_str(&b, "end\n");
	is_int(plan_parse(&pl, b.data, b.len, &e), 0, "what plan_line writes is read");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		is_str(pl.values.v[i], values[i], "value %zu comes back", i);
}

int main(void)
{
	good();
	bad();
	bounds();
	round_trip();
	return done_testing();
}
