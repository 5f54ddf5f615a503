/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/glob.h"
#include "tests/lib/tap.h"
#include "tools/pod-mount/marks.h"

static const struct {
	const char *pattern, *text;
	bool want;
} globs[] = {
	{"*.c", "a.c", true},
	{"*.c", "x/a.c", false},
	{"**/a", "a", true},
	{"**/a", "x/y/a", true},
	{"**/a", "x/ya", false},
	{"/a/**", "/a/b/c", true},
	{"/a/**", "/a", false},
	{"a*b*c", "axxbyyc", true},
	{"a*b*c", "axx/byyc", false},
	{"**/a*b/c", "x/axb/axxb/c", true},
	{"[a-c]x", "bx", true},
	{"[!a-c]x", "bx", false},
	{"[x", "[x", true},
	{"a?c", "a/c", false},
	{"\\*", "*", true},
	{"**/x/**/y", "a/x/b/c/y", true},
	{"**/.git/hooks/**", "/h/.git/hooksx/p", false},
};

static const struct {
	const char *dir, *name;
	bool want;
} sensitive[] = {
	{"/home/u", ".bashrc", true},
	{"/root", ".profile", true},
	{"/data/me", ".bashrc", true},
	{"/data/other", ".bashrc", false},
	{"/srv/p/.git/hooks", "pre-push", true},
	{"/srv/p", "package.json", true},
	{"/srv/p/node_modules/x", "package.json", false},
	{"/srv/p", "a.pth", true},
	{"/srv/p", "a.path", false},
};

int main(void)
{
	static const char table[] = "# comment\n~/.bash*\n~/.profile\n.git/hooks/**\npackage.json\n"
				    "!**/node_modules/**/package.json\n*.pth\n";
	struct marks *m = marks_parse(table, sizeof(table) - 1, "/data/me");

	for (size_t i = 0; i < sizeof(globs) / sizeof(globs[0]); i++)
		ok(glob_match(globs[i].pattern, globs[i].text) == globs[i].want, "%s on %s",
		   globs[i].pattern, globs[i].text);
	for (size_t i = 0; i < sizeof(sensitive) / sizeof(sensitive[0]); i++)
		ok(marks_sensitive(m, sensitive[i].dir, sensitive[i].name) == sensitive[i].want,
		   "%s/%s", sensitive[i].dir, sensitive[i].name);
	marks_free(m);
	return done_testing();
}
