/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/buf.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static void text(void)
{
	static const struct {
		const char *base, *path, *want;
	} cleaned[] = {
		{"/a/b", "c", "/a/b/c"},         {"/a/b", "../c", "/a/c"}, {"/a", "../../..", "/"},
		{"/a", "/x//y/./z/", "/x/y/z"},  {"/", "", "/"},           {"/a/b", ".", "/a/b"},
		{"/a", "..x/...", "/a/..x/..."}, {"/a/b/", "..", "/a"},
	};
	static const struct {
		const char *path, *dir, *from;
		bool below;
	} below[] = {
		{"/a/b", "/a", "b", true},  {"/a", "/a", ".", true}, {"/ab", "/a", "/ab", false},
		{"/a/b", "/", "a/b", true}, {"/", "/", ".", true},   {"/a", "/a/b", "/a", false},
	};

	for (size_t i = 0; i < sizeof(cleaned) / sizeof(cleaned[0]); i++) {
		OWN_FREE char *got = path_clean(cleaned[i].base, cleaned[i].path);

		is_str(got, cleaned[i].want, "clean '%s' from %s", cleaned[i].path,
		       cleaned[i].base);
	}
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++) {
		is_int(path_below(below[i].path, below[i].dir), below[i].below, "is %s below %s",
		       below[i].path, below[i].dir);
		is_str(path_from(below[i].path, below[i].dir), below[i].from, "%s seen from %s",
		       below[i].path, below[i].dir);
	}
}

static void beneath(int dir)
{
	const char *leaf;
	int fd;

	is_int(mkdir_p_at(dir, "t/in/deep", 0755), 0, "make a tree");
	is_int(mkdir_p_at(dir, "t/in/deep", 0755), 0, "again: it is there already");
	ok(symlinkat("/etc", dir, "t/abs") == 0 && symlinkat("..", dir, "t/in/up") == 0 &&
		   symlinkat("deep", dir, "t/in/side") == 0 &&
		   symlinkat("/proc/self/root", dir, "t/magic") == 0,
	   "plant symlinks");
	is_int(open_beneath(dir, "t/abs", O_RDONLY, 0), -ELOOP, "no symlink at the end");
	is_int(open_beneath(dir, "t/abs/passwd", O_RDONLY, 0), -ELOOP, "nor on the way");
	is_int(open_beneath(dir, "t/in/side/x", O_WRONLY | O_CREAT, 0600), -ELOOP,
	       "not even one that stays inside");
	is_int(open_beneath(dir, "t/magic/etc", O_RDONLY, 0), -ELOOP, "no magic link");
	is_int(open_beneath(dir, "../x", O_RDONLY, 0), -EXDEV, "no way out by ..");
	fd = open_beneath(dir, "/t/in/../in/deep", O_RDONLY | O_DIRECTORY, 0);
	ok(fd >= 0, "a leading slash means the top, .. inside is fine");
	ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "closed on exec");
	close(fd);
	fd = open_beneath(dir, "/", O_PATH, 0);
	ok(fd >= 0, "/ is the top itself");
	close(fd);
	fd = open_parent_beneath(dir, "/t/in/deep/file", &leaf);
	ok(fd >= 0, "the parent of a path");
	is_str(leaf, "file", "and its last component");
	close(fd);
	is_int(open_parent_beneath(dir, "t/in/side/file", &leaf), -ELOOP, "a parent behind a link");
	fd = open_parent_beneath(dir, "top", &leaf);
	ok(fd >= 0, "the parent of a name alone");
	is_str(leaf, "top", "is the top");
	close(fd);
}

static void removal(int dir)
{
	struct stat st;

	is_int(remove_tree_at(dir, "none"), 0, "nothing to remove");
	mkdir_p_at(dir, "keep", 0755);
	mkdir_p_at(dir, "r/a/b", 0755);
	mkdir_p_at(dir, "r/locked", 0);
	close(openat(dir, "r/a/b/f\n\x1b[31m", O_CREAT | O_WRONLY | O_CLOEXEC, 0));
	close(openat(dir, "keep/f", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ok(symlinkat("../keep", dir, "r/link") == 0, "a tree with a link out of it");
	is_int(remove_tree_at(dir, "r"), 0, "is removed");
	ok(fstatat(dir, "r", &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT, "and is gone");
	ok(fstatat(dir, "keep/f", &st, 0) == 0, "what the link pointed to stays");
	ok(symlinkat("keep", dir, "l") == 0, "a link itself");
	is_int(remove_tree_at(dir, "l"), 0, "is removed");
	ok(fstatat(dir, "keep/f", &st, 0) == 0, "not what it points to");
}

/* Deeper than descriptors last, and than any path can name. */
static void depth(int dir)
{
	enum { LEVELS = 3000 };
	struct stat st;
	int at = dup(dir), i;

	for (i = 0; i < LEVELS && at >= 0; i++) {
		int next;

		if (mkdirat(at, "d", 0700) < 0 ||
		    (i % 500 == 0 && mkdirat(at, ".deep-0", 0700) < 0))
			break;
		next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(at);
		at = next;
	}
	close(at);
	is_int(i, LEVELS, "make %d levels", LEVELS);
	is_int(remove_tree_at(dir, "d"), 0, "remove them");
	ok(fstatat(dir, "d", &st, 0) < 0 && errno == ENOENT, "all of them");
	remove_tree_at(dir, ".deep-0");
}

static void other_filesystem(int dir, const char *top)
{
	OWN_FREE char *at = xfmt("%s/m/mnt", top);
	OWN_FREE char *file = xfmt("%s/m/mnt/file", top);
	struct stat st;

	mkdir_p_at(dir, "m/mnt", 0755);
	if (mount("none", at, "tmpfs", 0, NULL) < 0) {
		skip_rest("cannot mount");
		return;
	}
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	is_int(remove_tree_at(dir, "m"), -EXDEV, "a mount below stops the removal");
	ok(stat(file, &st) == 0, "and what lies there stays");
	umount2(at, MNT_DETACH);
	is_int(remove_tree_at(dir, "m"), 0, "without it the rest goes");
}

static void escapes(void)
{
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"plain name", "plain name"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"a\nb", "a\\x0ab"},
		{"\x1b[2J", "\\x1b[2J"},
		{"back\\slash", "back\\x5cslash"},
		{"\x7f", "\\x7f"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong '/' */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* a surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* beyond Unicode */
		{"\xe2\x82", "\\xe2\\x82"},                   /* cut off */
		{"\xc2\x9b"
		 "31m",
		 "\\xc2\\x9b"
		 "31m"}, /* CSI as one character */
		{"\xe2\x80\xae"
		 "gpj",
		 "\\xe2\\x80\\xae"
		 "gpj"}, /* right-to-left override */
		{"", ""},
	};
	char big[9000];
	OWN_BUF struct buf json = BUF_INIT;

	buf_esc_json(&json, "{\"a\\n\":\"\xc3\xa4\xe2\x80\xae\xc2\x9b\x7f\xff\"}\n");
	is_str(json.data, "{\"a\\n\":\"\xc3\xa4\\u202e\\u009b\\u007f\\ufffd\"}\n",
	       "JSON for a terminal is the same JSON");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is_str(esc(cases[i].name), cases[i].want, "escape '%s'", cases[i].want);
	memset(big, 1, sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	ok(strlen(esc(big)) <= 4096, "an endless name is shortened");
	is_str(esc(esc("a\\b")), "a\\x5cx5cb", "escaping is not undone by escaping again");
	ok(utf8_ok("\xc3\xa4") && !utf8_ok("\xc3") && utf8_ok(""), "UTF-8 is known from the rest");
}

int main(void)
{
	OWN_FREE char *top = xfmt("%s/path.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	OWN_FD int dir = -1;

	if (!mkdtemp(top))
		return 2;
	dir = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	text();
	beneath(dir);
	removal(dir);
	depth(dir);
	other_filesystem(dir, top);
	escapes();
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
