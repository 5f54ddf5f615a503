/* SPDX-License-Identifier: Apache-2.0 */
/* What a tunnel does is ended; what browsers do is not. */
#include "tests/lib/tap.h"
#include "tools/pod-dns/guard.h"
#include "tools/pod-dns/message.h"

static struct name name_of(const char *text)
{
	struct name n;

	name_from_text(&n, text, strlen(text));
	return n;
}

static void domains(void)
{
	static const char *const pairs[][2] = {
		{"a.b.example.com", "example.com"},
		{"example.com", "example.com"},
		{"x.y.example.co.uk", "example.co.uk"},
		{"a.me.github.io", "me.github.io"},
		{"co.uk", "co.uk"},
		{"com", "com"},
		{"host", "host"},
		{".", "."},
	};
	char text[NAME_TEXT_MAX];

	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct name n = name_of(pairs[i][0]), domain;

		guard_domain(&n, &domain);
		is_str(name_text(&domain, text), pairs[i][1], "%s belongs to %s", pairs[i][0],
		       pairs[i][1]);
	}
}

/* How many of these questions pass within a minute: FRONT, a number, BACK. */
static int pass(const char *front, const char *back, int n, uint16_t type)
{
	struct guard *g = guard_new(&guard_usual);
	int passed = 0;

	for (int i = 0; i < n; i++) {
		char text[256];
		struct name name;

		snprintf(text, sizeof(text), "%s%04d%s", front, i, back);
		name = name_of(text);
		passed += guard_ask(g, &name, type, 1000) == NULL;
	}
	guard_free(g);
	return passed;
}

static int again(void)
{
	struct guard *g = guard_new(&guard_usual);
	const struct name n = name_of("q.t.example.com");
	int passed = 0;

	for (int i = 0; i < 5000; i++)
		passed += guard_ask(g, &n, TYPE_A, 1000) == NULL;
	guard_free(g);
	return passed;
}

static void tunnels(void)
{
	int n;

	is_int(pass("0ebbb82abcd", "edfghijklmnopqrstuvwxyz0123456789zq.t.example.com", 500,
		    TYPE_A),
	       20, "names that are coded data");
	is_int(pass("q", ".t.example.com", 500, TYPE_NULL), 120, "types that carry data");
	n = pass("q", ".t.example.com", 2000, TYPE_A);
	ok(n > 250 && n < 350, "different names: %d of 2000", n);
	is_int(again(), 1200, "the same, without end");
	is_int(pass("3f1a9c07b2d84e6f5a10c9d8e7b6a5", ".t.example.com", 100, TYPE_A), 100,
	       "34 hexadecimal digits, as hosts of clouds have, are below the length");
	is_int(pass("3f1a9c07b2d84e6f5a10c9d8e7b6a5f43f1a9c07b2d84e6f", ".t.example.com", 500,
		    TYPE_A),
	       20, "52 are not");
	is_int(pass("q.d", ".test", 2000, TYPE_A), 2000, "domains of their own are counted apart");
	is_int(pass("this-is-a-long-but-quite-readable-label-of-a-content-network", ".cdn.test",
		    200, TYPE_A),
	       200, "a long label of words is no tunnel");
}

static void minutes(void)
{
	struct guard *g = guard_new(&guard_usual);
	struct name n = name_of("a.example.com"), other = name_of("b.example.org");

	for (int i = 0; i < 151; i++)
		guard_missed(g, &n, 5000);
	ok(guard_ask(g, &n, TYPE_A, 5000) != NULL, "too many that do not exist");
	ok(guard_ask(g, &other, TYPE_A, 5000) == NULL, "concerns no other domain");
	ok(guard_ask(g, &n, TYPE_A, 64999) != NULL, "within the minute");
	ok(guard_ask(g, &n, TYPE_A, 65000) == NULL, "and is over after it");
	guard_free(g);
}

/* More domains than there are places: budgets are forgotten, nothing else happens. */
static void crowd(void)
{
	struct guard *g = guard_new(&guard_usual);
	bool good = true;

	for (int i = 0; i < 100000; i++) {
		char text[64];
		struct name n;

		snprintf(text, sizeof(text), "x.d%d.test", i);
		n = name_of(text);
		good &= guard_ask(g, &n, TYPE_A, 1000 + (uint64_t)i) == NULL;
	}
	ok(good, "100000 domains in a row");
	guard_free(g);
}

int main(void)
{
	domains();
	tunnels();
	minutes();
	crowd();
	return done_testing();
}
