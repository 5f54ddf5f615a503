/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/pod-mount/mask.h"

#include "libcommon/own.h"
#include "tests/lib/tap.h"

static const char text[] = "envpod-mask 1 00000000000000ff 0000000000000001\n"
			   "mask h - /home/u/.ssh\n"
			   "mask h s /home/bob\n"
			   "mask p - /home/bob/proj\n"
			   "mask e s /root\n"
			   "mask g f /etc/hosts\n"
			   "mask h sg /etc/a\\040b\n"
			   "watch g 12 34 16877 0 0 /etc\n"
			   "known /etc/ssl/private\n"
			   "end\n";

static void test_find(const struct mask *m)
{
	is_int(m->n, 6, "all entries");
	ok(mask_covers(m, "/home/u/.ssh") && mask_covers(m, "/home/u/.ssh/id"), "it and below");
	ok(!mask_covers(m, "/home/u") && !mask_covers(m, "/home/u/.sshx"), "not beside or above");
	ok(mask_covers(m, "/home/bob/x"), "somebody else's home");
	ok(!mask_covers(m, "/home/bob/proj") && !mask_covers(m, "/home/bob/proj/f"),
	   "what is mounted in it is not masked");
	ok(mask_covers(m, "/root/x") && mask_covers(m, "/root"), "an emptied directory");
	ok(mask_covers(m, "/etc/hosts"), "a file of ours");
	ok(mask_covers(m, "/etc/a b"), "a name with a blank");
	ok(mask_find(m, "/home/bob/x")->soft && !mask_find(m, "/home/u/.ssh")->soft,
	   "soft and hard");
	ok(mask_find(m, "/") == NULL && mask_find(m, "/usr/bin") == NULL, "and nothing else");
}

static void test_below(const struct mask *m)
{
	ok(mask_below(m, "/home/u"), "a directory with a hidden name in it");
	ok(mask_below(m, "/"), "the root");
	ok(mask_below(m, "/home/u/.ssh"), "itself counts");
	ok(!mask_below(m, "/home/bob/proj"), "a place to mount on does not");
	ok(!mask_below(m, "/home/uu") && !mask_below(m, "/usr"), "names are not prefixes");
}

static void test_sort(void)
{
	OWN_MASK struct mask m = {0};

	mask_add(&m, "/a/b/c", MASK_HIDDEN);
	mask_add(&m, "/a-b", MASK_HIDDEN);
	mask_add(&m, "/a/b", MASK_HIDDEN);
	mask_add(&m, "/a/b", MASK_MADE);
	mask_add(&m, "/s", MASK_HIDDEN)->soft = true;
	mask_add(&m, "/s", MASK_HIDDEN);
	mask_add(&m, "/t", MASK_EMPTIED)->soft = true;
	mask_add(&m, "/t/soft", MASK_HIDDEN)->soft = true;
	mask_add(&m, "/t/hard", MASK_HIDDEN);
	mask_add(&m, "/a/b/made", MASK_MADE);
	mask_sort(&m);
	is_int(m.n, 7, "said twice, or within: once");
	ok(mask_find(&m, "/a/b")->kind == MASK_MADE, "ours beats hidden");
	ok(!mask_find(&m, "/s")->soft, "hard beats soft");
	ok(!mask_find(&m, "/t/hard")->soft, "hard within soft is kept");
	is_str(mask_find(&m, "/a/b/c")->path, "/a/b/c", "hidden within made is kept");
}

static void refused(const char *bytes, size_t len, const char *why)
{
	OWN_MASK struct mask m = {0};
	struct err e = {0};

	ok(mask_parse(&m, bytes, len, &e) < 0, "refused: %s (%zu bytes)", why, len);
}

static void test_bad(void)
{
	for (size_t n = 0; n < sizeof(text) - 1; n += 7)
		refused(text, n, "cut off");
	refused("mask h - /x\nend\n", 16, "no head");
#define REFUSE(line)                                  \
	refused("envpod-mask 1 0 0\n" line "\nend\n", \
		sizeof("envpod-mask 1 0 0\n" line "\nend\n") - 1, line)
	REFUSE("mask x - /a");
	REFUSE("mask h - a");
	REFUSE("mask h -");
	REFUSE("mask h - /a b");
	REFUSE("watch - 1 2 3 /a");
	REFUSE("known");
	REFUSE("what");
}

int main(void)
{
	OWN_MASK struct mask m = {0};
	struct err e = {0};

	is_int(mask_parse(&m, text, sizeof(text) - 1, &e), 0, "a list parses");
	ok(m.input == 0xff && m.covers == 1, "what it was made from");
	ok(m.nwatches == 1 && m.watches[0].scanned && m.watches[0].ctime_ns == 34, "a watch");
	ok(m.known.n == 1, "a known file");
	test_find(&m);
	test_below(&m);
	test_sort();
	test_bad();
	return done_testing();
}
