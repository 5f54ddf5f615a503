/* SPDX-License-Identifier: Apache-2.0 */
/* The automaton beside regexec(3): random patterns over random texts must find the same matches. */
#include <regex.h>
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-screen/dfa.h"

struct best {
	struct dfa *d;
	const char *text;
	size_t start, end;
};

/* The leftmost match, of those the longest. */
static void found(void *arg, uint32_t pattern, size_t end)
{
	struct best *b = arg;
	const size_t start = dfa_start_of(b->d, b->text, strlen(b->text), pattern, end);

	if (start < b->start || (start == b->start && end > b->end)) {
		b->start = start;
		b->end = end;
	}
}

static bool first_match(const char *pattern, const char *text, size_t *start, size_t *end)
{
	struct program p;
	struct err e = {0};
	struct dfa d;
	size_t at;
	struct best b = {&d, text, SIZE_MAX, 0};

	program_init(&p, READ_RAW);
	if (program_add(&p, pattern, false, 0, &at, &e) < 0) {
		diag("%s: %s", pattern, e.msg);
		program_finish(&p);
		return false;
	}
	dfa_init(&d, &p);
	dfa_run(&d, text, strlen(text), found, &b);
	dfa_finish(&d);
	program_finish(&p);
	*start = b.start;
	*end = b.end;
	return b.start != SIZE_MAX;
}

static unsigned seed = 7;

static unsigned roll(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

static void random_pattern(char *out, size_t size, int depth)
{
	static const char *const atoms[] = {"a", "b", "c", "[ab]", "[^a]", ".", "ab", "c"};
	static const char *const times[] = {"", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}"};
	const unsigned parts = 1 + roll(3);
	size_t n = 0;

	out[0] = 0;
	for (unsigned i = 0; i < parts; i++) {
		char inner[200] = "";

		if (depth > 0 && roll(3) == 0) {
			char left[80], right[80];

			random_pattern(left, sizeof(left), depth - 1);
			random_pattern(right, sizeof(right), depth - 1);
			snprintf(inner, sizeof(inner), "(%s|%s)%s", left, right, times[roll(9)]);
		} else {
			const char *atom = atoms[roll(8)];

			snprintf(inner, sizeof(inner), strlen(atom) == 2 ? "(%s)%s" : "%s%s", atom,
				 times[roll(9)]);
		}
		n += (size_t)snprintf(out + n, size > n ? size - n : 0, "%s", inner);
		if (n >= size) {
			snprintf(out, size, "a");
			return;
		}
	}
}

/* 1: the same, 0: another match, -1: regexec() has no say (it may match nothing). */
static int compare(const char *pattern, const char *text)
{
	regmatch_t m;
	regex_t re;
	size_t start, end;
	bool theirs, ours;

	if (regcomp(&re, pattern, REG_EXTENDED) != 0)
		return -1;
	if (regexec(&re, "", 1, &m, 0) == 0) {
		regfree(&re);
		return -1;
	}
	theirs = regexec(&re, text, 1, &m, 0) == 0;
	regfree(&re);
	ours = first_match(pattern, text, &start, &end);
	if (ours == theirs && (!ours || (start == (size_t)m.rm_so && end == (size_t)m.rm_eo)))
		return 1;
	diag("%s in %s: ours %d %zu-%zu, theirs %d %d-%d", pattern, text, ours, start, end, theirs,
	     (int)m.rm_so, (int)m.rm_eo);
	return 0;
}

static void beside_regexec(void)
{
	unsigned same = 0, other = 0;

	for (int i = 0; i < 3000; i++) {
		char pattern[400], text[24];
		size_t n = roll(sizeof(text) - 1);
		int r;

		random_pattern(pattern, sizeof(pattern), 2);
		for (size_t k = 0; k < n; k++)
			text[k] = "abcd"[roll(4)];
		text[n] = 0;
		r = compare(pattern, text);
		same += r == 1;
		other += r == 0;
	}
	ok(other == 0 && same > 1500, "%u random patterns match what regexec() matches", same);
}

static void is_match(const char *pattern, const char *text, size_t from, size_t to)
{
	size_t start = 0, end = 0;
	const bool got = first_match(pattern, text, &start, &end);

	ok(got && start == from && end == to, "%s in %s", pattern, text);
}

static void no_match(const char *pattern, const char *text)
{
	size_t start, end;

	ok(!first_match(pattern, text, &start, &end), "no %s in %s", pattern, text);
}

int main(void)
{
	is_match("\\bcat\\b", "a cat!", 2, 5);
	no_match("\\bcat\\b", "concat");
	no_match("\\bcat\\b", "cats");
	is_match("\\Bcat", "concat", 3, 6);
	is_match("cat$", "a cat", 2, 5);
	is_match("^cat", "a\ncat", 2, 5);
	no_match("^cat", "a cat");
	is_match("^a$", "b\na\nb", 2, 3);
	is_match("\\d{3}-\\d{2}", "x 12-34 123-45", 8, 14);
	is_match("[\\w.]+@x", "me.you@x", 0, 8);
	is_match("\\x41\\.", "A.", 0, 2);
	is_match("[]a]+", "x]a]", 1, 4);
	is_match("(?:ab|a)(bc)?", "abc", 0, 3);
	is_match("b\\b.*\\bc", "ab c", 1, 4);
	beside_regexec();
	return done_testing();
}
