/* SPDX-License-Identifier: Apache-2.0 */
#include "libcommon/writers.h"

#include "libcommon/own.h"
#include "tests/lib/tap.h"

#define SECOND 1000000000ull

static void add(struct buf *b, bool closed, uint64_t time, uint64_t ino, const char *command,
		const char *path)
{
	writers_line(b, &(struct written){.closed = closed,
					  .time_ns = time * SECOND,
					  .file = {path, time * SECOND, 100 + ino, ino},
					  .pid = 7,
					  .run = "sh -c x",
					  .command = command});
}

static void finds(const struct writers *all, const char *path, uint64_t ino, uint64_t mtime,
		  const char *want)
{
	const struct written_file now = {path, mtime * SECOND, 100, ino};
	const struct written *w = writers_find(all, &now);

	is_str(w ? w->command : "nobody", want, "inode %d, of %d", (int)ino, (int)mtime);
}

/* In another layer by now, and somewhere else. */
static void finds_moved(const struct writers *all, uint64_t mtime, uint64_t size, const char *want)
{
	const struct written_file now = {"/moved", mtime * SECOND, size, 999};
	const struct written *w = writers_find(all, &now);

	is_str(w ? w->command : "nobody", want, "of %d bytes", (int)size);
}

static void test_find(const struct writers *all)
{
	finds(all, "/src/a b\n", 1, 20, "ld");
	finds(all, "/src/renamed", 1, 20, "ld");
	finds(all, "/src/renamed", 1, 3, "ld");    /* its time was set back */
	finds(all, "/src/a b\n", 1, 25, "nobody"); /* changed since */
	finds(all, "/src/a b\n", 5, 25, "nobody"); /* another file */
	finds(all, "/src/a b\n", 5, 10, "cc -c a b");
	finds(all, "/etc/of the host", 77, 40, "sed");
	finds(all, "/etc/of the host", 77, 41, "nobody");
	finds(all, "/etc/other", 77, 40, "nobody");
	finds(all, "/tmp/x", 2, 31, "gen");
	finds(all, "/tmp/y", 3, 50, "cat"); /* the shell only closed it */
	finds(all, "/tmp/z", 4, 61, "map"); /* it was changed in between */
	finds_moved(all, 30, 102, "gen");
	finds_moved(all, 30, 103, "nobody");
	finds_moved(all, 70, 200, "nobody"); /* two of that time and size */
}

int main(void)
{
	OWN_BUF struct buf b = BUF_INIT;
	struct writers all = {0};

	add(&b, false, 10, 1, "cc -c a b", "/src/a b\n");
	add(&b, false, 20, 1, "ld", "/src/a b\n");
	add(&b, true, 30, 2, "gen", "/tmp/x");
	add(&b, false, 40, 9, "sed", "/etc/of the host");
	add(&b, false, 50, 3, "cat", "/tmp/y");
	add(&b, true, 50, 3, "sh", "/tmp/y");
	add(&b, false, 60, 4, "cat", "/tmp/z");
	add(&b, true, 61, 4, "map", "/tmp/z");
	buf_str(&b,
		"w 70000000000 70000000000 200 20 7 r one /1\nw 70000000000 70000000000 200 21 7 r two /2\n");
	buf_str(&b,
		"1 2 3\nw 1 2 3 4 5 a b \\777\n\n x\nw 18446744073709551616 1 1 1 1 a b c\nno end");
	writers_parse(&all, b.data, b.len);
	ok(all.n == 10, "what is no line is left out");
	test_find(&all);
	is_str(all.v[0].file.path, "/src/a b\n", "names as they are");
	writers_finish(&all);
	return done_testing();
}
