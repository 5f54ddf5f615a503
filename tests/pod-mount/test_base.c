/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/base.h"

#include <inttypes.h>

#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

#define SECOND UINT64_C(1000000000)

static void load(struct bases *b, uint32_t layer, const char *lines, uint64_t start_s)
{
	OWN_FREE char *text = xfmt("envpod-base 1 %" PRIu64 "\n%send\n", start_s * SECOND, lines);
	struct err e = {0};

	is_int(base_parse(b, layer, text, strlen(text), &e), 0, "layer %u parses", layer);
}

static struct stat host(ino_t ino, off_t size, time_t mtime, time_t ctime_s)
{
	return (struct stat){.st_ino = ino,
			     .st_size = size,
			     .st_mode = S_IFREG | 0644,
			     .st_mtim.tv_sec = mtime,
			     .st_ctim.tv_sec = ctime_s,
			     .st_ctim.tv_nsec = 1};
}

#define H "h 5 10 100000000000 100000000001 33188 "

static void test_exact(void)
{
	OWN_BASES struct bases b = {0};
	struct stat same = host(5, 10, 100, 100), other = host(6, 10, 100, 100);
	struct stat grown = host(5, 11, 100, 100), touched = host(5, 10, 101, 200);

	load(&b, 0, H "/f\nn 0 0 0 0 0 /new\n? 1 2 3 4 33188 /odd\n", 150);
	is_int(base_check(&b, "/f", &same, false), BASE_SAME, "the very entry");
	is_int(base_check(&b, "/f", &other, false), BASE_CHANGED, "another inode");
	is_int(base_check(&b, "/f", &grown, false), BASE_CHANGED, "another size");
	is_int(base_check(&b, "/f", &touched, false), BASE_CHANGED, "other times");
	is_int(base_check(&b, "/f", NULL, false), BASE_VANISHED, "gone");
	is_int(base_check(&b, "/new", NULL, false), BASE_SAME, "still nothing");
	is_int(base_check(&b, "/new", &same, false), BASE_APPEARED, "now something");
	is_int(base_check(&b, "/new/below", &same, false), BASE_APPEARED,
	       "below nothing, something");
	is_int(base_check(&b, "/odd", &same, false), BASE_UNSURE, "unknown stays in doubt");
}

static void test_ancestor(void)
{
	OWN_BASES struct bases b = {0};
	struct stat old = host(9, 1, 10, 100), late = host(9, 1, 10, 160);

	load(&b, 0, "h 7 0 0 0 16877 /dir\n", 150);
	is_int(base_check(&b, "/dir/f", &old, false), BASE_SAME, "older than the view");
	is_int(base_check(&b, "/dir/f", &late, false), BASE_CHANGED, "younger than the view");
	is_int(base_check(&b, "/dir/f", NULL, false), BASE_SAME, "gone on both sides");
	is_int(base_check(&b, "/directory", &late, false), BASE_UNSURE, "names are not prefixes");
}

/* KERNEL-NOTES C3: run 1 edits, the human edits, run 2 saves anew. */
static void test_oldest_wins(void)
{
	OWN_BASES struct bases b = {0};
	struct stat human = host(5, 20, 160, 160), first = host(5, 10, 100, 100);
	bool exact;
	uint64_t start;

	load(&b, 0, H "/f\nh 7 0 0 0 16877 /d\n", 150);
	load(&b, 1, "h 5 20 160000000000 160000000001 33188 /f\nh 8 1 1 1 33188 /d/x\n", 200);
	is_int(base_check(&b, "/f", &human, false), BASE_CHANGED, "the human's edit is seen");
	is_int(base_check(&b, "/f", &first, false), BASE_SAME, "what run 1 saw is the base");
	ok(base_lookup(&b, "/d/x", &exact, &start)->layer == 0 && !exact && start == 150 * SECOND,
	   "also when the older layer names an ancestor only");
}

static void test_forgotten(void)
{
	OWN_BASES struct bases b = {0};
	bool exact;
	uint64_t start;

	load(&b, 0, "n 0 0 0 0 0 /d\n- 0 0 0 0 0 /d/done\n", 150);
	load(&b, 1, H "/d/done\n", 200);
	ok(base_lookup(&b, "/d/done", &exact, &start)->layer == 1 && exact,
	   "the next layer speaks");
	ok(base_lookup(&b, "/d/done/x", &exact, &start)->layer == 1 && !exact, "also below it");
	ok(base_lookup(&b, "/d/other", &exact, &start)->layer == 0, "others are not forgotten");
	load(&b, 2, "- 0 0 0 0 0 /lone\n", 300);
	ok(!base_lookup(&b, "/lone", &exact, &start), "nobody is left to speak");
}

static void test_upper(void)
{
	OWN_BASES struct bases b = {.upper_start = 150 * SECOND};
	struct stat old = host(5, 1, 1, 100), late = host(5, 1, 1, 150);

	late.st_ctim.tv_nsec = 0;
	is_int(base_check(&b, "/f", &old, true), BASE_SAME, "the host's is older than the view");
	is_int(base_check(&b, "/f", &late, true), BASE_UNSURE,
	       "the same second, whole-second times");
	is_int(base_check(&b, "/f", NULL, true), BASE_VANISHED,
	       "copied up from something that is gone");
	is_int(base_check(&b, "/f", NULL, false), BASE_SAME, "new on both sides");
	b.upper_unsure = true;
	is_int(base_check(&b, "/f", &old, true), BASE_UNSURE, "a stepped clock: doubt");
}

static void test_many(void)
{
	OWN_BASES struct bases b = {0};
	OWN_BUF struct buf lines = BUF_INIT;
	bool exact, all = true;
	uint64_t start;

	for (int i = 0; i < 20000; i++)
		buf_fmt(&lines, "h %d 0 0 0 33188 /many/%d/f\n", i + 1, i);
	load(&b, 0, lines.data, 1);
	for (int i = 0; i < 20000; i++) {
		OWN_FREE char *path = xfmt("/many/%d/f", i);
		const struct base_entry *en = base_lookup(&b, path, &exact, &start);

		all &= en && exact && en->ino == (uint64_t)i + 1;
	}
	ok(all && b.n == 20000, "20 000 paths are found again");
}

static void test_merge(void)
{
	static const char older[] =
		"envpod-base 1 100\n" H "/f\nh 7 0 0 0 16877 /d\n- 0 0 0 0 0 /d/x\nend\n";
	static const char newer[] = "envpod-base 1 200\nn 0 0 0 0 0 /f\nn 0 0 0 0 0 /d/y\n"
				    "n 0 0 0 0 0 /d/x\nn 0 0 0 0 0 /z\nend\n";
	OWN_BUF struct buf out = BUF_INIT, again = BUF_INIT;
	struct err e = {0};

	is_int(base_merge(&out, older, sizeof(older) - 1, newer, sizeof(newer) - 1, &e), 0,
	       "merged");
	is_str(out.data,
	       "envpod-base 1 100\nh 7 0 0 0 16877 /d\n" H "/f\n"
	       "n 0 0 0 0 0 /d/x\nn 0 0 0 0 0 /z\nend\n",
	       "the oldest word on each path, also an ancestor's");
	base_merge(&again, out.data, out.len, newer, sizeof(newer) - 1, &e);
	ok(strlen(again.data) == strlen(out.data), "merging again changes nothing");
}

static void refused(const char *text)
{
	OWN_BASES struct bases b = {0};
	struct err e = {0};

	ok(base_parse(&b, 0, text, strlen(text), &e) < 0 && e.msg[0], "refused: %s", esc(text));
}

static void test_bad(void)
{
#define HEAD "envpod-base 1 5\n"
	refused("");
	refused("envpod-base 2 5\nend\n");
	refused(HEAD);
	refused(HEAD "end");
	refused(HEAD "end\nmore\n");
	refused(HEAD "h 1 2 3 4 /x\nend\n");
	refused(HEAD "h 1 2 3 4 5 x\nend\n");
	refused(HEAD "x 1 2 3 4 5 /x\nend\n");
	refused(HEAD "h 1 2 3 4 5 /x\\q\nend\n");
	refused(HEAD "h -1 2 3 4 5 /x\nend\n");
}

int main(void)
{
	test_exact();
	test_ancestor();
	test_oldest_wins();
	test_forgotten();
	test_upper();
	test_many();
	test_merge();
	test_bad();
	return done_testing();
}
