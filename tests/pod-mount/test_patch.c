/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/hunkedit.h"
#include "tools/pod-mount/patch.h"

#include <stdlib.h>
#include <time.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/gitpatch.h"
#include "tools/pod-mount/sha1.h"

static unsigned seed;

static unsigned roll(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* Lines of few kinds, so that there is much to choose between; sometimes without the last newline.
 */
static void random_text(struct buf *b, unsigned lines, unsigned kinds)
{
	buf_clear(b);
	buf_add(b, "", 0);
	for (unsigned i = 0; i < lines; i++)
		buf_fmt(b, "%*s%u\n", (int)roll(4), "", roll(kinds));
	if (b->len && roll(4) == 0)
		b->data[--b->len] = '\0';
}

/* The least number of lines that go and come, by the table everybody knows. */
static size_t least(const struct patch *p)
{
	size_t n = p->a.n, m = p->b.n, *t = xcalloc((n + 1) * (m + 1), sizeof(*t)), answer;

	for (size_t i = 0; i <= n; i++)
		for (size_t k = 0; k <= m; k++) {
			size_t *at = &t[i * (m + 1) + k];

			if (i == 0 || k == 0)
				*at = i + k;
			else if (p->a.v[i - 1].number == p->b.v[k - 1].number)
				*at = at[-(ptrdiff_t)m - 2];
			else
				*at = 1 + (at[-1] < at[-(ptrdiff_t)m - 1] ? at[-1]
									  : at[-(ptrdiff_t)m - 1]);
		}
	answer = t[n * (m + 1) + m];
	free(t);
	return answer;
}

static const struct hunk_edits none;

static bool composes(const struct patch *p, bool take, const struct buf *want)
{
	OWN_FREE bool *all = xcalloc(p->n + 1, 1);
	OWN_BUF struct buf out = BUF_INIT;

	memset(all, take, p->n);
	hunk_edits_compose(&out, p, all, &none);
	return out.len == want->len && (out.len == 0 || memcmp(out.data, want->data, out.len) == 0);
}

static void random_pairs(void)
{
	OWN_BUF struct buf a = BUF_INIT, b = BUF_INIT;
	unsigned wrong = 0, longer = 0;

	for (unsigned round = 0; round < 3000; round++) {
		OWN_PATCH struct patch p;

		random_text(&a, roll(40), 1 + roll(12));
		random_text(&b, roll(40), 1 + roll(12));
		patch_make(&p, a.data, a.len, b.data, b.len);
		wrong += !composes(&p, true, &b) || !composes(&p, false, &a);
		longer += p.added + p.removed != least(&p);
	}
	is_int(wrong, 0, "3000 pairs: all runs make the new text, none the old one");
	is_int(longer, 0, "and no script is longer than need be");
}

/* What an agent could write to keep its reader waiting. */
static void bounded(void)
{
	OWN_BUF struct buf a = BUF_INIT, b = BUF_INIT;
	OWN_PATCH struct patch p;
	clock_t start = clock();

	for (unsigned i = 0; i < 200000; i++) {
		buf_fmt(&a, "%u\n", roll(300));
		buf_fmt(&b, "%u\n", roll(300));
	}
	patch_make(&p, a.data, a.len, b.data, b.len);
	ok(composes(&p, true, &b), "two long texts with little in common");
	diag("%.2f s", (double)(clock() - start) / CLOCKS_PER_SEC);
}

static const char *hunks(const char *old, const char *new)
{
	static char out[4096];
	OWN_BUF struct buf b = BUF_INIT;
	OWN_PATCH struct patch p;

	patch_make(&p, old, strlen(old), new, strlen(new));
	buf_add(&b, "", 0);
	patch_put(&b, &p);
	snprintf(out, sizeof(out), "%s", b.data);
	return out;
}

static void forms(void)
{
	is_str(hunks("a\n", "a\n"), "", "equal texts");
	is_str(hunks("", "a"), "@@ -0,0 +1 @@\n+a\n\\ No newline at end of file\n", "a new text");
	is_str(hunks("a\n", ""), "@@ -1 +0,0 @@\n-a\n", "a text that goes");
	is_str(hunks("a\nb", "a\nb\n"),
	       "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n",
	       "only the last newline");
	is_str(hunks("void f(void)\n{\n1\n2\n3\n4\n", "void f(void)\n{\n1\n2\n3\n5\n"),
	       "@@ -3,4 +3,4 @@ void f(void)\n 1\n 2\n 3\n-4\n+5\n", "the heading");
	is_str(hunks("int f()\n{\n\tx;\n}\n\nint h()\n{\n\tx;\n}\n",
		     "int f()\n{\n\tx;\n}\n\nint g()\n{\n\tx;\n}\n\nint h()\n{\n\tx;\n}\n"),
	       "@@ -3,6 +3,11 @@ int f()\n \tx;\n }\n \n+int g()\n+{\n+\tx;\n+}\n+\n int h()\n {\n \tx;\n",
	       "a new function is shown whole");
}

static const char *name(const char *s)
{
	static char out[256];
	OWN_BUF struct buf b = BUF_INIT;

	git_name(&b, "a/", s);
	snprintf(out, sizeof(out), "%s", b.data);
	return out;
}

static void git(void)
{
	char hex[SHA1_HEX];
	OWN_BUF struct buf long_text = BUF_INIT;

	git_blob_name(hex, "", 0);
	is_str(hex, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391", "git's name of nothing");
	git_blob_name(hex, "hello\n", 6);
	is_str(hex, "ce013625030ba8dba906f756967f9e9ca394464a", "and of a greeting");
	for (int i = 0; i < 1000; i++)
		buf_str(&long_text, "0123456789");
	git_blob_name(hex, long_text.data, long_text.len);
	is_str(hex, "ee7d9682800b0ffb1b201c6f8fa5630472cc7d63", "many blocks");
	is_str(name("x y"), "a/x y", "a blank needs no quotes");
	is_str(name("\xc3\xa9"), "a/\xc3\xa9", "nor does UTF-8");
	is_str(name("a\tb\"\\\n\xff"), "\"a/a\\tb\\\"\\\\\\n\\377\"", "what would mislead does");
}

int main(void)
{
	const char *given = getenv("SEED");

	seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
	diag("SEED=%u", seed);
	random_pairs();
	bounded();
	forms();
	git();
	return done_testing();
}
