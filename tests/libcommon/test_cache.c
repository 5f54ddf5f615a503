/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept comes back whole and for the same head, or not at all. */
#include "libcommon/cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static int dir;

static bool is_kept(const char *head, const char *text)
{
	OWN_BUF struct buf b = BUF_INIT;

	return cache_get(dir, "name", head, &b) && b.len == strlen(text) &&
	       memcmp(b.data ? b.data : "", text, b.len) == 0;
}

static void test_kept(void)
{
	OWN_BUF struct buf b = BUF_INIT;

	ok(!is_kept("from a", ""), "nothing at first");
	cache_put(dir, "name", "from a", &b);
	ok(is_kept("from a", ""), "no bytes are kept, too");
	buf_str(&b, "some\nbytes");
	cache_put(dir, "name", "from a", &b);
	ok(is_kept("from a", "some\nbytes"), "what was put comes back");
	ok(!is_kept("from b", "some\nbytes") && !is_kept("from", "some\nbytes") &&
		   !is_kept("from a\nsome", "bytes"),
	   "for another head it is not there");
	cache_put(dir, "name", "from\na", &b);
	ok(is_kept("from a", "some\nbytes"), "a head of two lines is not kept");
	cache_put(-1, "name", "from a", &b);
	ok(!cache_get(-1, "name", "from a", &b), "no cache: nothing is kept");
}

static void test_damaged(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	bool all = true;

	read_file_at(dir, "name", &b, CACHE_MAX);
	for (size_t n = 0; n < b.len; n++) {
		write_file_at(dir, "name", b.data, n, 0600, false);
		all &= !is_kept("from a", "some\nbytes");
	}
	ok(all, "a file that is cut off anywhere is not there");
	for (size_t i = 0; i < b.len; i++) {
		b.data[i] ^= 1;
		write_file_at(dir, "name", b.data, b.len, 0600, false);
		all &= !is_kept("from a", "some\nbytes");
		b.data[i] ^= 1;
	}
	ok(all, "nor one with a wrong bit");
	buf_char(&b, 'x');
	write_file_at(dir, "name", b.data, b.len, 0600, false);
	ok(!is_kept("from a", "some\nbytes"), "nor one with more behind it");
}

int main(void)
{
	char top[] = "/tmp/cache.XXXXXX";

	dir = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	test_kept();
	test_damaged();
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
