/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/lib/tap.h"
#include "tools/pod-supervise/clean.h"

static void is_clean(enum clean_mode mode, const char *in, const char *want, const char *name)
{
	OWN_BUF struct buf whole = BUF_INIT, split = BUF_INIT;
	struct clean a = {.mode = mode}, b = {.mode = mode};

	buf_str(&whole, "");
	buf_str(&split, "");
	clean_text(&a, in, strlen(in), &whole);
	for (const char *p = in; *p; p++)
		clean_text(&b, p, 1, &split);
	is_str(whole.data, want, "%s", name);
	is_str(split.data, want, "%s, byte by byte", name);
}

int main(void)
{
	static const struct {
		const char *in, *want, *name;
	} terminal[] = {
		{"plain \t text\n", "plain \t text\n", "text"},
		{"a\r\nb\rc\r\n", "a\nb\nc\n", "line ends"},
		{"\x1b[31mred\x1b[0m", "\x1b[31mred\x1b[0m", "colours"},
		{"\x1b[38;2;1;2;3mx\x1b[38:5:1my", "\x1b[38;2;1;2;3mx\x1b[38:5:1my",
		 "more colours"},
		{"\x1b[2Jx\x1b[5;5Hy\x1b[?1049hz", "xyz", "moving and clearing"},
		{"\x1b[>4;2mx\x1b[?25mx", "xx", "what only looks like a colour"},
		{"\x1b]0;title\x07x\x1b]52;c;aGk=\x1b\\y", "xy", "titles and clipboards"},
		{"\x1bP$q\"p\x1b\\x\x1b_app\x1b\\y\x1b^pm\x1b\\z", "xyz", "other strings"},
		{"\x1b]0;a\x1b[31mx", "\x1b[31mx", "a string that is left by a sequence"},
		{"\x1b(0x\x1b#8y\x1b"
		 "cz\x1b=w",
		 "xyzw", "short escapes"},
		{"\xc2\x9b"
		 "2Jx\xc2\x9d"
		 "0;t\x07y\xc2\x85z",
		 "xyz", "eight-bit controls"},
		{"\xc3\xa9\xc2\xa9\xe2\x82\xac", "\xc3\xa9\xc2\xa9\xe2\x82\xac", "UTF-8"},
		{"\xc2\xc2\x9b"
		 "2Jx",
		 "x", "a lead that is none, before one that is"},
		{"\x07\x08\x7f\x01x", "x", "other control bytes"},
		{"\x1b[1111111111111111111111111111111111mx", "x", "a colour without end"},
		{"x\x1b", "x", "an escape at the end"},
	};

	for (size_t i = 0; i < sizeof(terminal) / sizeof(terminal[0]); i++)
		is_clean(CLEAN_TERMINAL, terminal[i].in, terminal[i].want, terminal[i].name);
	is_clean(CLEAN_LINES, "a\r\nb\rc\x1b[2J\r\r\n", "a\nb\rc\x1b[2J\n", "for pipes");
	is_clean(CLEAN_NONE, "a\r\nb\x1b[2J", "a\r\nb\x1b[2J", "raw");
	return done_testing();
}
