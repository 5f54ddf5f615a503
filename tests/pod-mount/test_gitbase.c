/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/gitbase.h"

#include "tests/lib/tap.h"

#define BLOB "fa2da6e55caa540725b55c04d13f1e42b4c725ce"
#define STAT                                                             \
	"  ctime: 1795346444:976066742\n  mtime: 1795346443:968066742\n" \
	"  dev: 65024\tino: 10981921\n  uid: 1000\tgid: 1000\n  size: 71\tflags: 0\n"

#define SAYS(text) git_entry_parse(&g, text, sizeof(text) - 1)

int main(void)
{
	struct git_entry g;

	ok(SAYS("100644 " BLOB " 0\ta\tb\0" STAT), "an entry");
	is_str(g.blob, BLOB, "its blob");
	ok(g.ctime_ns == 1795346444976066742u && g.mtime_ns == 1795346443968066742u, "its times");
	ok(g.ino == 10981921 && g.size == 71, "inode and size");
	ok(!SAYS("120000 " BLOB " 0\ta\0" STAT), "a link is none");
	ok(!SAYS("100644 " BLOB " 2\ta\0" STAT), "nor a side of a merge");
	ok(!SAYS("100644 " BLOB " 0\ta\0" STAT "100644 " BLOB " 0\tb\0" STAT), "nor two");
	ok(!SAYS("100644 fa2da6 0\ta\0" STAT), "nor a short blob");
	ok(!SAYS("100644 " BLOB " 0\ta\0  ctime: 1:1\n"), "nor half of the stat data");
	ok(!SAYS("100644 " BLOB " 0\ta"), "nor none");
	ok(!SAYS("") && !SAYS("\0") && !SAYS("100") && !SAYS("100\0\0"), "nor nothing");
	return done_testing();
}
