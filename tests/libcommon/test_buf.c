/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "tests/lib/tap.h"

static void bytes(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	OWN_FREE char *empty = NULL, *taken = NULL;

	empty = buf_take(&b);
	is_str(empty, "", "an empty buffer gives an empty string");
	buf_add(&b, "a\0b", 3);
	ok(b.len == 3 && memcmp(b.data, "a\0b", 4) == 0, "NUL bytes are kept, one stands behind");
	buf_clear(&b);
	ok(b.len == 0 && b.data[0] == '\0', "clear empties it");
	for (int i = 0; i < 100000; i++)
		buf_char(&b, 'x');
	ok(b.len == 100000 && strlen(b.data) == 100000, "it grows");
	buf_clear(&b);
	buf_fmt(&b, "%s-%d", "n", 7);
	buf_str(&b, "!");
	taken = buf_take(&b);
	is_str(taken, "n-7!", "formatted and plain text follow each other");
	ok(!b.data && b.len == 0, "take leaves nothing behind");
}

static void strings(void)
{
	OWN_STRV struct strv s = {0};

	ok(!strv_has(&s, "a"), "an empty list has nothing");
	for (int i = 0; i < 1000; i++)
		strv_fmt(&s, "item %d", i);
	is_int((int)s.n, 1000, "a thousand items");
	ok(s.v[1000] == NULL, "the list ends with NULL");
	ok(strv_has(&s, "item 999") && !strv_has(&s, "item 1000"), "has() finds whole items only");
	strv_finish(&s);
	ok(!s.v && s.n == 0, "finish leaves a list that can be used again");
	strv_add(&s, "again");
	is_str(s.v[0], "again", "and it can");
}

static void ownership(void)
{
	int fd = 5;
	char *p = (char *)"text", *moved;

	is_int(take_fd(&fd), 5, "take_fd moves the descriptor");
	is_int(fd, -1, "and leaves none");
	moved = take_ptr(p);
	ok(moved && !p, "take_ptr moves the pointer");
}

int main(void)
{
	bytes();
	strings();
	ownership();
	return done_testing();
}
