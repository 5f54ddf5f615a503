/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "libcommon/words.h"
#include "tests/lib/tap.h"

static void refused(const char *value, const char *what)
{
	OWN_STRV struct strv s = {0};

	is_int(words_split(&s, value), -EINVAL, "%s", what);
}

int main(void)
{
	OWN_STRV struct strv s = {0};
	OWN_BUF struct buf b = BUF_INIT;

	words_add(&b, "header");
	words_add(&b, "Bearer {value}");
	words_add(&b, "a\\b\n\x7f\xc3\xa4");
	is_str(b.data, "header Bearer\\040{value} a\\134b\\012\\177\xc3\xa4", "written");
	is_int(words_split(&s, b.data), 0, "read");
	ok(s.n == 3 && strcmp(s.v[1], "Bearer {value}") == 0 &&
		   strcmp(s.v[2], "a\\b\n\x7f\xc3\xa4") == 0,
	   "the same");
	refused("", "nothing");
	refused("a  b", "two blanks");
	refused("a ", "a blank at the end");
	refused("a\tb", "a tab");
	refused("a\\04", "half an escape");
	refused("a\\000", "a NUL");
	refused("a\\101", "what needs no escape");
	refused("a\\777", "no byte");
	refused("a\\n", "another kind of escape");
	return done_testing();
}
