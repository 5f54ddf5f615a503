/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/merge3.h"

#include <stdio.h>
#include <unistd.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"

static void merges(const char *base, const char *ours, const char *theirs, const char *want,
		   size_t conflicts, const char *what)
{
	OWN_BUF struct buf out = BUF_INIT;
	const struct merge3 m = {base,         ours,           theirs, strlen(base),
				 strlen(ours), strlen(theirs), "host", "pod"};

	is_int((int)merge3(&out, &m), (int)conflicts, "%s: conflicts", what);
	is_str(out.data, want, "%s", what);
}

static unsigned seed = 1;

static unsigned roll(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 16) % n;
}

/* The base with some lines changed, taken out or put in. */
static void edit(struct buf *out, const char *base)
{
	for (; *base; base += 2) {
		if (roll(6) == 0)
			buf_fmt(out, "%c\n", 'A' + (int)roll(5));
		if (roll(6) != 0)
			buf_fmt(out, "%c\n", *base);
	}
}

static void write_to(const char *name, const char *text)
{
	OWN_FILE FILE *f = fopen(name, "w");

	fputs(text, f);
}

/* git has the same mind wherever we see no conflict. */
static void test_oracle(void)
{
	char dir[] = "/tmp/test_merge3.XXXXXX";
	unsigned same = 0, clean = 0;

	if (!mkdtemp(dir) || chdir(dir) < 0)
		return;
	for (unsigned i = 0; i < 150; i++) {
		OWN_BUF struct buf base = BUF_INIT, a = BUF_INIT, b = BUF_INIT, out = BUF_INIT;
		OWN_BUF struct buf theirs = BUF_INIT;
		struct merge3 m = {.ours_name = "a", .theirs_name = "b"};
		char line[64];
		FILE *p;

		buf_add(&base, "", 0);
		buf_add(&a, "", 0);
		buf_add(&b, "", 0);
		for (unsigned k = 0; k < 20; k++)
			buf_fmt(&base, "%c\n", 'a' + (int)k); /* all different: one way to align */
		edit(&a, base.data);
		edit(&b, base.data);
		m.base = base.data, m.base_len = base.len;
		m.ours = a.data, m.ours_len = a.len;
		m.theirs = b.data, m.theirs_len = b.len;
		if (merge3(&out, &m) > 0)
			continue;
		clean++;
		write_to("o", base.data);
		write_to("a", a.data);
		write_to("b", b.data);
		buf_add(&theirs, "", 0);
		p = popen("git merge-file -p a o b", "r");
		while (p && fgets(line, sizeof(line), p))
			buf_str(&theirs, line);
		same += p && pclose(p) == 0 && strcmp(theirs.data, out.data) == 0;
	}
	unlink("o"), unlink("a"), unlink("b");
	if (chdir("/") == 0)
		rmdir(dir);
	ok(clean > 3, "%u random merges without conflict", clean);
	is_int((int)same, (int)clean, "are as git has them");
}

int main(void)
{
	merges("a\nb\nc\nd\ne\n", "A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n", 0,
	       "far apart");
	merges("a\nb\nc\n", "a\nX\nc\n", "a\nX\nc\n", "a\nX\nc\n", 0, "the same on both sides");
	merges("a\nb\nc\n", "a\nX\nc\n", "a\nY\nc\n",
	       "a\n<<<<<<< host\nX\n=======\nY\n>>>>>>> pod\nc\n", 1, "the same line");
	merges("a\nb\nc\n", "a\nc\n", "a\nY\nc\n", "a\n<<<<<<< host\n=======\nY\n>>>>>>> pod\nc\n",
	       1, "taken out and changed");
	merges("a\nb\n", "a\nX\n", "Y\nb\n", "<<<<<<< host\na\nX\n=======\nY\nb\n>>>>>>> pod\n", 1,
	       "neighbours");
	merges("a\nb\nc", "a\nb\nX", "a\nb\nY", "a\nb\n<<<<<<< host\nX\n=======\nY\n>>>>>>> pod\n",
	       1, "without a last newline");
	merges("", "a\n", "", "a\n", 0, "from nothing, one side");
	merges("", "a\n", "b\n", "<<<<<<< host\na\n=======\nb\n>>>>>>> pod\n", 1,
	       "from nothing, both sides");
	merges("a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\ne\nf\ng\n", "b\nc\nd\ne\nf\n",
	       "b\nc\nd\ne\nf\ng\n", 0, "shifted");
	test_oracle();
	return done_testing();
}
