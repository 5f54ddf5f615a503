/* SPDX-License-Identifier: Apache-2.0 */
/* What belongs to a package: kept once the lists are at rest, forgotten when they move. */
#include "tools/pod-mount/packaged.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libcommon/cache.h"
#include "libcommon/io.h"
#include "libcommon/own.h"
#include "libcommon/path.h"
#include "tests/lib/tap.h"

static int base;

static bool in_etc(const char *path)
{
	return path_below(path, "/etc");
}

static int dir(const char *name)
{
	mkdirat(base, name, 0700);
	return openat(base, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* As dpkg does it: a new list is renamed over the old one. */
static void put_list(int lists, const char *name, const char *text)
{
	write_file_at(lists, name, text, strlen(text), 0600, false);
}

static bool has(const struct packaged *k, const char *path)
{
	OWN_STRV struct strv paths = {0};
	bool yes[3] = {false};

	strv_add(&paths, "/etc/a");
	strv_add(&paths, path);
	strv_add(&paths, "/etc/z");
	packaged_ask(k, &paths, yes);
	return yes[1];
}

static bool is_kept(const struct packaged *k)
{
	return faccessat(k->cache, "packaged", F_OK, 0) == 0;
}

static void test_lists(const struct packaged *k)
{
	put_list(k->lists, "one.list", "/.\n/etc\n/etc/one\n/usr/bin/one\n/srv/other\n");
	put_list(k->lists, "two.list", "/etc/two"); /* no newline at its end */
	put_list(k->lists, "two.md5sums", "/etc/sum\n");
	ok(has(k, "/etc/one") && has(k, "/etc/two"), "what a list names");
	ok(!has(k, "/etc/on") && !has(k, "/etc/sum"), "and nothing else");
	ok(!has(k, "/srv/other"), "nor what is not wanted");
}

static void test_kept(const struct packaged *k)
{
	OWN_BUF struct buf b = BUF_INIT;

	ok(is_kept(k), "lists at rest: the answer is kept");
	read_file_at(k->cache, "packaged", &b, CACHE_MAX);
	ok(strstr(b.data, "/etc/one\n") && !strstr(b.data, "/usr"), "of it what is wanted");
	/* Within a list, which dpkg does not do: only what is kept can answer as before. */
	close(openat(k->lists, "one.list", O_WRONLY | O_TRUNC));
	ok(has(k, "/etc/one"), "and asked instead of the lists");
}

/* The directory's time, once it is another than before: clocks tick slower than tests run. */
static uint64_t tick(int fd, uint64_t before)
{
	struct stat st;
	uint64_t now;

	do {
		close(openat(fd, "tick", O_WRONLY | O_CREAT, 0600));
		unlinkat(fd, "tick", 0);
		fstat(fd, &st);
		now = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
	} while (now == before);
	return now;
}

static void test_moved(const struct packaged *k)
{
	uint64_t now = tick(k->lists, 0);

	put_list(k->lists, "two.list", "/etc/two2\n");
	now = tick(k->lists, now);
	ok(has(k, "/etc/two2") && !has(k, "/etc/two"), "a list that is replaced is noticed");
	put_list(k->lists, "three.list", "/etc/three\n");
	now = tick(k->lists, now);
	ok(has(k, "/etc/three"), "one that comes");
	unlinkat(k->lists, "three.list", 0);
	tick(k->lists, now);
	ok(!has(k, "/etc/three"), "one that goes");
}

static void test_restless(struct packaged k)
{
	put_list(k.lists, "four.list", "/etc/four\n");
	unlinkat(k.cache, "packaged", 0);
	k.settle_ns = UINT64_MAX / 4;
	ok(has(&k, "/etc/four") && !is_kept(&k), "lists that changed a moment ago are not kept");
	k.cache = -1;
	ok(has(&k, "/etc/four"), "without a cache the lists are read");
	k.lists = -1;
	ok(!has(&k, "/etc/four"), "without dpkg nothing is packaged");
}

static int ask(const struct packaged *k)
{
	OWN_STRV struct strv paths = {0};
	bool yes[1] = {false};

	strv_add(&paths, "/etc/four");
	return packaged_ask(k, &paths, yes);
}

/* With descriptors for the directory and no more: the lists in it cannot be opened. */
static int ask_starved(const struct packaged *k)
{
	struct rlimit before, few;
	int next = dup(k->lists), r;

	close(next);
	getrlimit(RLIMIT_NOFILE, &before);
	few = (struct rlimit){(rlim_t)next + 1, before.rlim_max};
	setrlimit(RLIMIT_NOFILE, &few);
	r = ask(k);
	setrlimit(RLIMIT_NOFILE, &before);
	return r;
}

static void test_unreadable(struct packaged k)
{
	const int lists = k.lists;
	OWN_FD int file = openat(lists, "one.list", O_RDONLY | O_CLOEXEC);

	unlinkat(k.cache, "packaged", 0);
	is_int(ask_starved(&k), -EMFILE, "a list that cannot be opened: nothing is known");
	ok(!is_kept(&k), "and nothing kept");
	k.lists = file;
	is_int(ask(&k), -ENOTDIR, "what is no directory of lists");
	ok(!is_kept(&k), "is not kept either");
	k.lists = lists;
	mkdirat(lists, "odd.list", 0700);
	ok(symlinkat("nowhere", lists, "link.list") == 0, "a list that is a link");
	is_int(ask(&k), 0, "what is no list says nothing");
	ok(is_kept(&k), "and the others are kept");
}

int main(void)
{
	char top[] = "/tmp/packaged.XXXXXX";
	struct packaged k = {.wanted = in_etc};

	base = mkdtemp(top) ? open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	k.lists = dir("lists");
	k.cache = dir("cache");
	test_lists(&k);
	test_kept(&k);
	test_moved(&k);
	test_restless(k);
	test_unreadable(k);
	remove_tree_at(AT_FDCWD, top);
	return done_testing();
}
