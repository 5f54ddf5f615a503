/* SPDX-License-Identifier: Apache-2.0 */
/* A hunk as it comes back from an editor: what becomes of the host's text. */
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/hunkedit.h"

static const char old[] = "a\nb\nc\nd\ne\nf\n", new[] = "a\nB\nc\nd\nE\nf\n";

static const struct {
	const char *edited;
	int result; /* -1: refused */
	const char *text;
} rows[] = {
	{"@@ -1,6 +1,6 @@\n a\n-b\n+B\n c\n d\n-e\n+E\n f\n", 1, "a\nB\nc\nd\nE\nf\n"},
	{" a\n b\n c\n d\n-e\n+E\n f\n", 1, "a\nb\nc\nd\nE\nf\n"},
	{" a\n-b\n c\n d\n e\n f\n", 1, "a\nc\nd\ne\nf\n"},
	{" a\n-b\n+mine\n+more\n c\n d\n e\n f\n# remark\n", 1, "a\nmine\nmore\nc\nd\ne\nf\n"},
	{"+top\n a\n b\n c\n d\n e\n f\n+end\n", 1, "top\na\nb\nc\nd\ne\nf\nend\n"},
	{"-a\n b\n c\n d\n e\n f", 1, "b\nc\nd\ne\nf\n"},
	{" a\n b\n c\n d\n e\n-f\n+f\n\\ No newline at end of file\n", 1, "a\nb\nc\nd\ne\nf"},
	{" a\n b\n c\n d\n e\n f\n", 0, "a\nb\nc\nd\ne\nf\n"},
	{"", 0, "a\nb\nc\nd\ne\nf\n"},
	{"# all gone\n", 0, "a\nb\nc\nd\ne\nf\n"},
	{" a\n-b\n+B\n c\n d\n-e\n+E\n", -1, NULL},
	{" A\n-b\n+B\n c\n d\n-e\n+E\n f\n", -1, NULL},
	{" a\n-x\n+B\n c\n d\n-e\n+E\n f\n", -1, NULL},
	{" a\n b\n c\n d\n e\n f\n g\n", -1, NULL},
	{"a\n", -1, NULL},
	{" a\n-b\n+B\n\\ No newline at end of file\n c\n d\n e\n f\n", -1, NULL},
};

static void test_row(size_t i)
{
	const bool none[8] = {0};
	OWN_PATCH struct patch p = {0};
	OWN_BUF struct buf out = BUF_INIT;
	struct hunk_edits edits = {0};
	struct err e = {0};
	int r;

	patch_make(&p, old, strlen(old), new, strlen(new));
	r = hunk_edit_read(&edits, &p, 0, p.n, rows[i].edited, strlen(rows[i].edited), &e);
	is_int(r < 0 ? -1 : r, rows[i].result, "row %zu", i);
	is_int((intmax_t)edits.n > 0, rows[i].result == 1, "row %zu: edits", i);
	ok(r >= 0 || strstr(e.msg, "does not apply"), "row %zu: said", i);
	hunk_edits_compose(&out, &p, none, &edits);
	is_str(out.data, rows[i].text ? rows[i].text : old, "row %zu: text", i);
	hunk_edits_finish(&edits);
}

/* One of two hunks that were one: the other's lines are not its to change. */
static void test_split(void)
{
	const bool take[2] = {false, true};
	OWN_PATCH struct patch p = {0};
	OWN_BUF struct buf out = BUF_INIT;
	struct hunk_edits edits = {0};
	struct err e = {0};
	const char over[] = " a\n b\n c\n d\n-e\n", own[] = " a\n-b\n+mine\n c\n d\n e\n";

	patch_make(&p, old, strlen(old), new, strlen(new));
	is_int((intmax_t)p.n, 2, "two runs");
	ok(hunk_edit_read(&edits, &p, 0, 1, over, strlen(over), &e) < 0, "not into the next one");
	e = (struct err){0};
	is_int(hunk_edit_read(&edits, &p, 0, 1, own, strlen(own), &e), 1, "its own: %s", e.msg);
	hunk_edits_compose(&out, &p, take, &edits);
	is_str(out.data, "a\nmine\nc\nd\nE\nf\n", "an edit, and the run behind it");
	hunk_edits_finish(&edits);
}

int main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		test_row(i);
	test_split();
	return done_testing();
}
