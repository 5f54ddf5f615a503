/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-trace/mask.h"

#include <stdlib.h>
#include <string.h>

#include "libcommon/own.h"
#include "tests/lib/tap.h"
#include "tools/pod-trace/names.h"

static char secrets[] = "KEY=sesame\0LONG=sesame-open\0SHORT=abc\0";

static void becomes(const char *text, bool cut, const char *want)
{
	struct mask m = {.data = secrets, .len = sizeof(secrets)};
	OWN_FREE char *got = mask_text(&m, text, cut);

	is_str(got, want, "%s", text);
}

static void test_values(void)
{
	becomes("plain", false, "plain");
	becomes("sesame", false, "[KEY]");
	becomes("xsesamexsesame", false, "x[KEY]x[KEY]");
	becomes("sesame-open", false, "[LONG]");
	becomes("sesame-oper", false, "[KEY]-oper");
	becomes("abc", false, "abc");
	becomes("", false, "");
}

static void test_cut(void)
{
	becomes("x sesam", false, "x sesam");
	becomes("x sesam", true, "x [KEY]");
	becomes("x sesame-op", true, "x [LONG]");
	becomes("x ses", true, "x ses");
}

static void test_argv(void)
{
	OWN_STRV struct strv argv = {0};

	names_argv(&argv, "a\0\0b c\0cut", 10, 8);
	ok(argv.n == 4, "four words");
	is_str(argv.v[1], "", "an empty one");
	is_str(argv.v[3], "cut", "one that was cut off");
}

static void test_path(void)
{
	struct trace_names n = {.bytes = 8, .count = 2};
	OWN_BUF struct buf path = BUF_INIT, bad = BUF_INIT;

	memcpy(n.data, "\3cat\3bin", 8);
	names_path(&path, &n);
	is_str(path.data, "/bin/cat", "from the root");
	n.count = 60; /* more than there are: whatever lies there, nothing beyond it is read */
	memset(n.data + 8, 0xff, sizeof(n.data) - 8);
	names_path(&bad, &n);
	ok(bad.len < sizeof(n.data) + TRACE_DEPTH + 8, "a count that is wrong");
}

int main(void)
{
	test_values();
	test_cut();
	test_argv();
	test_path();
	return done_testing();
}
