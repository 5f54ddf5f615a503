/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/lib/tap.h"
#include "tools/pod-upload/name.h"

static const struct {
	const char *given, *want; /* NULL: refused */
} names[] = {
	{"a", "a"},
	{"a b.txt", "a b.txt"},
	{"../../etc/passwd", "passwd"},
	{"C:\\x\\y.doc", "y.doc"},
	{"..a", "a"},
	{"--help", "help"},
	{"日本語.txt", "日本語.txt"},
	{"🙂", "🙂"},
	{"a.", "a."},
	{".", NULL},
	{"..", NULL},
	{"-", NULL},
	{"a/", NULL},
	{"a\tb", NULL},
	{"a\x7f", NULL},
	{"a\xc2\x85", NULL},
	{"a\xe2\x80\xae"
	 "b",
	 NULL},
	{"a\xef\xbb\xbf", NULL},
	{"a\xff", NULL},
	{"\xc0\xaf", NULL},
};

static const struct {
	const char *name;
	unsigned n;
	const char *want;
} numbered[] = {
	{"a.txt", 0, "a.txt"},
	{"a.txt", 1, "a-1.txt"},
	{"a", 12, "a-12"},
	{"a.tar.gz", 2, "a.tar-2.gz"},
	{"a.thisisnoextension", 1, "a.thisisnoextension-1"},
};

int main(void)
{
	OWN_BUF struct buf out = BUF_INIT;
	const char *why;
	char longest[1000];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *given = names[i].given, *want = names[i].want;
		int r = name_clean(given, strlen(given), &out, &why);

		ok(want ? r == 0 && strcmp(out.data, want) == 0 : r < 0, "name %s",
		   want ? want : "refused");
	}
	ok(name_clean("a\0b", 3, &out, &why) < 0, "a name with a NUL byte is refused");
	for (size_t i = 0; i < sizeof(numbered) / sizeof(numbered[0]); i++) {
		name_numbered(numbered[i].name, numbered[i].n, &out);
		ok(strcmp(out.data, numbered[i].want) == 0, "%s", numbered[i].want);
	}
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 900, ".tar.gz", 8);
	ok(name_clean(longest, strlen(longest), &out, &why) == 0 && out.len == NAME_BYTES &&
		   strcmp(out.data + out.len - 3, ".gz") == 0,
	   "a long name keeps its extension");
	return done_testing();
}
