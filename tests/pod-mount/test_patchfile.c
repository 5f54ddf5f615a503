/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/patchfile.h"

#include "tests/lib/tap.h"

static struct patch_files parsed;
static struct err why;

static bool parse(const char *text)
{
	patch_files_finish(&parsed);
	why = (struct err){0};
	return patch_files_parse(&parsed, text, strlen(text), &why) == 0;
}

static void names(void)
{
	ok(parse("diff --git a/x y b/x y\nnew file mode 100644\nindex 0000000..e69de29\n"),
	   "an empty new file");
	is_str(parsed.v[0].to, "x y", "whose name has a blank");
	ok(parsed.v[0].created && parsed.v[0].new_mode == 0100644, "created, with its mode");
	is_str(parsed.v[0].new_name, "e69de29", "and the name of its content");
	ok(parse("diff --git \"a/t\\tq\\\"\\377\" \"b/t\\tq\\\"\\377\"\ndeleted file mode 120000\n"),
	   "a quoted name");
	is_str(parsed.v[0].from, "t\tq\"\xff", "is what it stands for");
	ok(parse("--- x\t2026-01-01\n+++ y\t2026-01-02\n@@ -1 +1 @@\n-a\n+b\n"), "diff -u alone");
	is_str(parsed.v[0].to, "y", "names end at the tab");
	ok(parse("--- /dev/null\n+++ b/n\n@@ -0,0 +1 @@\n+b\n") && parsed.v[0].created &&
		   !parsed.v[0].from,
	   "/dev/null is no name");
	ok(!parse("--- \"a\\000b\"\n+++ \"a\\000b\"\n@@ -1 +1 @@\n-a\n+b\n"), "no NUL in a name");
	ok(parse("# paths are seen from /\n") && parsed.from_root && parsed.n == 0, "the comment");
	ok(parse("diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n") ==
			   false ||
		   parsed.v[0].renamed,
	   "a rename is seen to be one");
}

static void hunks(void)
{
	struct hunk_line l;
	size_t at = 0;

	ok(parse("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ head\n a\n-b\n+c\n\\ No newline at end of file\n\n"),
	   "a hunk");
	ok(hunk_next(&parsed.v[0].hunks[0], &at, &l) && l.sign == ' ' && l.len == 2, "common");
	ok(hunk_next(&parsed.v[0].hunks[0], &at, &l) && l.sign == '-' && l.len == 2, "goes");
	ok(hunk_next(&parsed.v[0].hunks[0], &at, &l) && l.sign == '+' && l.len == 1,
	   "comes, without a newline");
	ok(hunk_next(&parsed.v[0].hunks[0], &at, &l) && l.sign == ' ' && l.len == 1,
	   "an empty line that lost its blank");
	ok(!hunk_next(&parsed.v[0].hunks[0], &at, &l), "and that was it");
	ok(parse("--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n--- y\n--- a/z\n+++ b/z\n@@ -0,0 +1 @@\n+++ w\n") &&
		   parsed.n == 2 && parsed.v[1].n == 1,
	   "lines that look like heads are lines where the hunk says so");
}

static void refused(void)
{
	const char *const bad[] = {
		"@@ -1 +1 @@\n-a\n+b\n",
		"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n",
		"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n",
		"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n c\n",
		"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n--- c\n",
		"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\nx\n",
		"--- a/x\n+++ b/x\n@@ -1 @@\n-a\n",
		"--- a/x\n+++ b/x\n@@ -99999999999999999999 +1 @@\n-a\n+b\n",
		"diff --git nonsense\nindex 1..2\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!parse(bad[i]) && strstr(why.msg, "line"), "refused %zu: %s", i, why.msg);
	ok(parse("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n-- \n2.39\n"), "mail ends so");
}

int main(void)
{
	names();
	hunks();
	refused();
	patch_files_finish(&parsed);
	return done_testing();
}
